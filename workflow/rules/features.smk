# From a checkpoint and the slices to features: each frozen encoder sees each image once, for all
# studies.


# Fetching needs the network; the others take seconds, and all shards wait for them.
localrules:
    fetch_checkpoint,
    convert_checkpoint,
    describe_encoder,


rule fetch_checkpoint:
    """Bring a checkpoint from the Hugging Face cache or hub; the only rule that needs network."""
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
        checkpoint=of_hub("checkpoint"),
        revision=of_hub("revision"),
        subfolder=of_hub("subfolder"),
    script:
        "../scripts/fetch_checkpoint.py"


rule convert_checkpoint:
    """Rewrite a local checkpoint's pickled weights as safetensors, beside what is fetched."""
    input:
        lambda wildcards: converted(wildcards).local_files,
    output:
        folder=directory("resources/checkpoints/{local}"),
        record="resources/checkpoints/{local}.json",
    log:
        "<results>/logs/convert_checkpoint/{local}.log",
    benchmark:
        "<results>/benchmarks/convert_checkpoint/{local}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        # PyTorch, and the weights of a part twice.
        mem_mb=lambda wildcards, input: int(1500 + 2 * input.size_mb),
    params:
        code_of("convert_checkpoint.py"),
        checkpoint=lambda wildcards: converted(wildcards).local_folder,
        subfolder=lambda wildcards: converted(wildcards).subfolder,
        bare=lambda wildcards: ENCODER_TYPES[converted(wildcards).type].bare,
    script:
        "../scripts/convert_checkpoint.py"


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
        type=of_tiny("type"),
        sees=of_tiny("sees"),
        frames=of_tiny("frames"),
        seed=2024,  # the same for all studies, which share the checkpoint
    script:
        "../scripts/pretrain_tiny.py"


rule describe_encoder:
    """Check an encoder against its settings and write down how it takes images."""
    input:
        unpack(encoder_to_describe),
        checked=before_describing,
    output:
        description="results/data/{dataset}/encoders/{encoder}.json",
    log:
        "results/data/{dataset}/logs/describe_encoder/{encoder}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/describe_encoder/{encoder}.tsv"
    conda:
        "../../envs/torch.yaml"  # for transformers' image processors
    resources:
        # torch and transformers, and the weights, which are held twice while they are read.
        mem_mb=lambda wildcards, input: int(1500 + 2 * input.size_mb),
    params:
        code_for_encoder("describe_encoder.py"),
        encoder=lambda wildcards: wildcards.encoder,
        settings=settings_of,
    script:
        "../scripts/describe_encoder.py"


rule pack_pixels:
    """Decode, resize and crop a shard's slices once, as an encoder takes them."""
    input:
        dataset=raw_dataset,
        recognised="results/data/{dataset}/format.json",
        slices="results/data/{dataset}/slices.csv",
        description="results/data/{dataset}/encoders/{encoder}.json",
        checked=before_packing,
    output:
        pixels="results/data/{dataset}/pixels/{encoder}{shard}.npy",
        rows="results/data/{dataset}/pixels/{encoder}{shard}.csv",
    log:
        "results/data/{dataset}/logs/pack_pixels/{encoder}{shard}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/pack_pixels/{encoder}{shard}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 4
    resources:
        # A patient at a time: a volume of 512 x 512 x 300 voxels is 315 MB in float32.
        mem_mb=1000,
    params:
        code_for_dataset("pack_pixels.py"),
        window=window_of,
        shard=shard_of,
    script:
        "../scripts/pack_pixels.py"


rule extract_features:
    """Run a frozen encoder once over a shard's slices or sequences."""
    input:
        unpack(checkpoint_of),
        description="results/data/{dataset}/encoders/{encoder}.json",
        pixels="results/data/{dataset}/pixels/{encoder}{shard}.npy",
        rows="results/data/{dataset}/pixels/{encoder}{shard}.csv",
        checked=before_extracting,
    output:
        features="results/data/{dataset}/features/{encoder}{order}{shard}.safetensors",
        rows="results/data/{dataset}/features/{encoder}{order}{shard}.csv",
    log:
        "results/data/{dataset}/logs/extract_features/{encoder}{order}{shard}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/extract_features/{encoder}{order}{shard}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        # ViViT-B with 32 frames peaks at 2 GiB; the rest is PyTorch and its GPU libraries.
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
    params:
        code_for_encoder("extract_features.py"),
        settings=settings_of,
        mirror=False,
        shuffle_seed=shuffle_seed_of,
    script:
        "../scripts/extract_features.py"


use rule extract_features as extract_mirrored_features with:
    output:
        features="results/data/{dataset}/features/{encoder}{order}-mirrored{shard}.safetensors",
        rows="results/data/{dataset}/features/{encoder}{order}-mirrored{shard}.csv",
    log:
        "results/data/{dataset}/logs/extract_mirrored_features/{encoder}{order}{shard}.log",
    benchmark:
        "results/data/{dataset}/benchmarks/extract_mirrored_features/{encoder}{order}{shard}.tsv"
    params:
        mirror=True,
