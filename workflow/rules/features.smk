# From a checkpoint and the slices to features: each frozen encoder sees each image once.


# Fetching needs the network; describing takes seconds, and all shards of a model wait for it.
localrules:
    fetch_checkpoint,
    describe_checkpoint,


rule fetch_checkpoint:
    """Bring a checkpoint's revision from the Hugging Face hub; the only rule that needs network."""
    output:
        folder=directory("resources/checkpoints/{checkpoint}"),
        # Kept from run to run, so that a branch that has moved on is noticed.
        record=update("resources/checkpoints/{checkpoint}.json"),
    log:
        "<results>/logs/fetch_checkpoint/{checkpoint}.log",
    benchmark:
        "<results>/benchmarks/fetch_checkpoint/{checkpoint}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=2000,  # converting a checkpoint holds its weights twice
    params:
        checkpoint=lambda wildcards: hub_model(wildcards).encoder["checkpoint"],
        revision=lambda wildcards: hub_model(wildcards).encoder["revision"],
    script:
        "../scripts/fetch_checkpoint.py"


rule pretrain_tiny:
    """Pretrain a tiny checkpoint on synthetic patients, for `checkpoint: tiny`."""
    output:
        folder=directory("resources/checkpoints/tiny-{tiny}"),
    log:
        "<results>/logs/pretrain_tiny/{tiny}.log",
    benchmark:
        "<results>/benchmarks/pretrain_tiny/{tiny}.tsv"
    priority: 1  # the longest job of the demo
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=1500,  # torch and transformers; pixels and masks take some 20 MB
    params:
        code_of("pretrain_tiny.py"),
        kind=lambda wildcards: wildcards.tiny.partition("-")[0],
        frames=lambda wildcards: int(wildcards.tiny.partition("-")[2] or 0) or None,
        seed=2024,  # the same for all studies, which share the checkpoint
    script:
        "../scripts/pretrain_tiny.py"


rule describe_checkpoint:
    """Check a checkpoint against its model's settings and write down how it takes images."""
    input:
        folder=of_model("checkpoint_folder"),
    output:
        description="<results>/models/{model}.json",
    log:
        "<results>/logs/describe_checkpoint/{model}.log",
    benchmark:
        "<results>/benchmarks/describe_checkpoint/{model}.tsv"
    conda:
        "../../envs/torch.yaml"  # for transformers' image processors
    resources:
        mem_mb=1000,  # torch and transformers; the weights are hashed, not loaded
    params:
        code_of("describe_checkpoint.py"),
        model=lambda wildcards: wildcards.model,
        settings=of_model("encoder"),
    script:
        "../scripts/describe_checkpoint.py"


rule pack_pixels:
    """Decode, resize and crop a shard's slices once, as a model's checkpoint takes them."""
    input:
        dataset=dataset_folder,
        recognised="<results>/dataset/format.json",
        slices="<results>/dataset/slices.csv",
        description="<results>/models/{model}.json",
    output:
        pixels="<results>/pixels/{model}{shard}.npy",
        rows="<results>/pixels/{model}{shard}.csv",
    log:
        "<results>/logs/pack_pixels/{model}{shard}.log",
    benchmark:
        "<results>/benchmarks/pack_pixels/{model}{shard}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 4
    resources:
        # A patient at a time: a volume of 512 x 512 x 300 voxels is 315 MB in float32.
        mem_mb=1000,
    params:
        code_of("pack_pixels.py"),
        window=STUDY.dataset_window,
        shard=shard_of,
    script:
        "../scripts/pack_pixels.py"


rule extract_features:
    """Run a frozen encoder once over a shard's slices or sequences, up to its final layer's input."""
    input:
        folder=of_model("checkpoint_folder"),
        description="<results>/models/{model}.json",
        pixels="<results>/pixels/{model}{shard}.npy",
        rows="<results>/pixels/{model}{shard}.csv",
    output:
        features="<results>/features/{model}{order}{shard}.safetensors",
        rows="<results>/features/{model}{order}{shard}.csv",
    log:
        "<results>/logs/extract_features/{model}{order}{shard}.log",
    benchmark:
        "<results>/benchmarks/extract_features/{model}{order}{shard}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        # ViViT-B with 32 frames peaks at 2 GiB; the rest is PyTorch and its GPU libraries.
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
    params:
        code_of("extract_features.py"),
        settings=of_model("encoder"),
        extraction=of_model("extraction"),
        mirror=False,
        shuffle_seed=shuffle_seed_of,
    script:
        "../scripts/extract_features.py"


use rule extract_features as extract_mirrored_features with:
    output:
        features="<results>/features/{model}{order}-mirrored{shard}.safetensors",
        rows="<results>/features/{model}{order}-mirrored{shard}.csv",
    log:
        "<results>/logs/extract_mirrored_features/{model}{order}{shard}.log",
    benchmark:
        "<results>/benchmarks/extract_mirrored_features/{model}{order}{shard}.tsv"
    params:
        mirror=True,
