# From cached features to a trained head, or from pixels to a trained model, a replicate at a time.


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
    wildcard_constraints:
        model=models_where(lambda model: not is_fine_tuned(model)),
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


rule finetune:
    """Train one replicate's backbone and head from pixels and keep the best epoch."""
    input:
        folder=checkpoint_folder,
        description="<results>/models/{model}.json",
        pixels="<results>/pixels/{model}.npy",
        rows="<results>/pixels/{model}.csv",
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
        split="<results>/splits/replicate-{replicate}.csv",
        code=code_of("finetune.py"),
    output:
        # Beside them, until the end, stands `unfinished`: it is no output, because outputs are
        # removed before a job that was cut short is started again.
        model=directory("<results>/runs/{model}/replicate-{replicate}/model"),
        history="<results>/runs/{model}/replicate-{replicate}/history.csv",
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
    log:
        "<results>/logs/finetune/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/finetune/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_where(is_fine_tuned),
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        # ViViT-B with 2 x 32 frames in float32 peaks at 10.8 GiB on a CPU
        # (benchmarks/finetune_memory.py); on a GPU, that is mostly the GPU's memory.
        mem_mb=lambda wildcards, attempt: 14000 * attempt,
    params:
        model=backbone_settings,
        labels=lambda wildcards: model_of(wildcards).get("labels", "patient"),
        training=training_of,
        folds=inner_folds,
        seed=config["seed"],
    script:
        "../scripts/finetune.py"
