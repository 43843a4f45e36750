# From cached features to one trained head a model and replicate.


rule train_head:
    """Train one replicate's final layer and keep its best epoch."""
    input:
        features="<results>/features/{model}.safetensors",
        rows="<results>/features/{model}.csv",
        description="<results>/models/{model}.json",
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
        split="<results>/splits/replicate-{replicate}.csv",
        code=code_of("train_head.py"),
    output:
        head="<results>/runs/{model}/replicate-{replicate}/head.safetensors",
        history="<results>/runs/{model}/replicate-{replicate}/history.csv",
    log:
        "<results>/logs/train_head/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/train_head/{model}/replicate-{replicate}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        # PyTorch itself, and the features three times: read, chosen by subset, as tensors.
        mem_mb=lambda wildcards, input, attempt: (700 + 3 * input.size_mb) * attempt,
    params:
        labels=lambda wildcards: model_of(wildcards).get("labels", "patient"),
        training=training_of,
        seed=config["seed"],
    script:
        "../scripts/train_head.py"
