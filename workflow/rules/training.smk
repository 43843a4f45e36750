# From cached features to one trained head a model and replicate.


rule train_head:
    """Train one replicate's final layer and keep its best epoch."""
    input:
        features=RESULTS + "/features/{model}.safetensors",
        rows=RESULTS + "/features/{model}.csv",
        description=RESULTS + "/models/{model}.json",
        slices=RESULTS + "/dataset/slices.csv",
        patients=RESULTS + "/dataset/patients.csv",
        split=RESULTS + "/splits/replicate-{replicate}.csv",
        code=code_of("train_head.py"),
    output:
        head=RESULTS + "/runs/{model}/replicate-{replicate}/head.safetensors",
        history=RESULTS + "/runs/{model}/replicate-{replicate}/history.csv",
    log:
        RESULTS + "/logs/train_head/{model}/replicate-{replicate}.log",
    benchmark:
        RESULTS + "/benchmarks/train_head/{model}/replicate-{replicate}.tsv"
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
