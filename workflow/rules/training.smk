# From cached features to a trained head, or from pixels to a trained model, a replicate at a time.
# A model's `trainable` and `head` decide which rule trains it. Each writes the scores of the test
# rows, which is all that evaluation reads.


rule train_head:
    """Train one replicate's final layer and keep its best epoch."""
    input:
        unpack(features_of),
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
        split="<results>/splits/replicate-{replicate}.csv",
    output:
        head="<results>/runs/{model}/replicate-{replicate}/head.safetensors",
        history="<results>/runs/{model}/replicate-{replicate}/history.csv",
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
    log:
        "<results>/logs/train_head/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/train_head/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_trained_by("train_head"),
    conda:
        "../../envs/torch.yaml"
    resources:
        # PyTorch, 300 MB. Features are mapped, but tables take 0.6 KB a row: 450 MB of 25,000 patients.
        mem_mb=lambda wildcards, attempt: 1200 * attempt,
    params:
        code_of("train_head.py"),
        model=of_model("head_settings"),
        folds=STUDY.inner_folds,
        seed=config["seed"],
        replicate=replicate_of,
    script:
        "../scripts/train_head.py"


rule train_sequence_head:
    """Train one replicate's head that sees all slices of a patient together."""
    input:
        unpack(features_of),
        patients="<results>/dataset/patients.csv",
        split="<results>/splits/replicate-{replicate}.csv",
    output:
        head="<results>/runs/{model}/replicate-{replicate}/head.safetensors",
        history="<results>/runs/{model}/replicate-{replicate}/history.csv",
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
        attention="<results>/runs/{model}/replicate-{replicate}/attention.csv",
    log:
        "<results>/logs/train_sequence_head/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/train_sequence_head/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_trained_by("train_sequence_head"),
    conda:
        "../../envs/torch.yaml"
    resources:
        # As train_head, and batches of whole sequences.
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        code_of("train_sequence_head.py"),
        model=of_model("head_settings"),
        folds=STUDY.inner_folds,
        seed=config["seed"],
        replicate=replicate_of,
    script:
        "../scripts/train_sequence_head.py"


rule fit_classical:
    """Fit one replicate's classical classifier, tuned inside its training patients."""
    input:
        unpack(features_of),
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
        split="<results>/splits/replicate-{replicate}.csv",
    output:
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
    log:
        "<results>/logs/fit_classical/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/fit_classical/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_trained_by("fit_classical"),
    conda:
        "../../envs/stats.yaml"
    resources:
        # Python with scikit-learn, and four copies of the features.
        mem_mb=lambda wildcards, input, attempt: (600 + 4 * input.size_mb) * attempt,
    params:
        code_of("fit_classical.py"),
        model=of_model("head_settings"),
        # Regularisation is always chosen inside the training patients.
        folds=config["tuning"]["folds"],
        seed=config["seed"],
        replicate=replicate_of,
    script:
        "../scripts/fit_classical.py"


rule finetune:
    """Train one replicate's encoder and head from pixels and keep the best epoch."""
    input:
        unpack(pixels_of),
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
        split="<results>/splits/replicate-{replicate}.csv",
    output:
        # While it trains, its state stands beside them in `unfinished`. That is no output, because
        # Snakemake removes outputs before it restarts a job that was cut short.
        model=directory("<results>/runs/{model}/replicate-{replicate}/model"),
        history="<results>/runs/{model}/replicate-{replicate}/history.csv",
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
    log:
        "<results>/logs/finetune/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/finetune/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_trained_by("finetune"),
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        # ViViT-B with 2 x 32 frames in float32 peaks at 10.8 GiB on a CPU
        # (benchmarks/finetune_memory.py); on a GPU, that is mostly the GPU's memory.
        mem_mb=lambda wildcards, attempt: 14000 * attempt,
    params:
        code_of("finetune.py"),
        model=of_model("encoder"),
        labels=of_model("labels"),
        sequence_rule=of_model("sequence_rule"),
        shuffled=of_model("encoder_shuffled"),
        training=of_model("training"),
        folds=STUDY.inner_folds,
        seed=config["seed"],
        replicate=replicate_of,
    script:
        "../scripts/finetune.py"
