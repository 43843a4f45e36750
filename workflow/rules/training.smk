# From cached features to a fitted model, or from pixels to a trained one, a replicate at a time. A
# model's `trainable` decides which rule trains it; an ensemble combines the scores of others. All store
# what they fitted and score the test scans by what they stored, which is all that evaluation reads;
# `predict` scores other datasets.


rule fit:
    """Fit one replicate's model to its encoders' features, and score the test scans."""
    input:
        unpack(features_of),
        **labels_of(STUDY.dataset),
        split="<results>/splits/replicate-{replicate}.csv",
    output:
        fitted=directory("<results>/runs/{model}/replicate-{replicate}/fitted"),
        history="<results>/runs/{model}/replicate-{replicate}/history.csv",
        attention="<results>/runs/{model}/replicate-{replicate}/attention.csv",
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
    log:
        "<results>/logs/fit/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/fit/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_of("fit"),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=training_memory,
    params:
        code_for_model("fit.py"),
        model=of_model("settings"),
        folds=inner_of("folds"),
        repeats=inner_of("repeats"),
        seed=STUDY.seed,
        replicate=replicate_of,
    script:
        "../scripts/fit.py"


rule finetune:
    """Train one replicate's encoder and head from pixels and keep the best epoch."""
    input:
        unpack(pixels_of),
        **labels_of(STUDY.dataset),
        split="<results>/splits/replicate-{replicate}.csv",
    output:
        # While it trains, its state stands beside them in `unfinished`. That is no output, because
        # Snakemake removes outputs before it restarts a job that was cut short.
        fitted=directory("<results>/runs/{model}/replicate-{replicate}/fitted"),
        history="<results>/runs/{model}/replicate-{replicate}/history.csv",
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
    log:
        "<results>/logs/finetune/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/finetune/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_of("finetune"),
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        # ViViT-B with 2 x 32 frames in float32 peaks at 10.8 GiB on a CPU
        # (benchmarks/finetune_memory.py); on a GPU, that is mostly the GPU's memory.
        mem_mb=lambda wildcards, attempt: 14000 * attempt,
    params:
        code_for_model("finetune.py"),
        encoder=lambda wildcards: STUDY.runs[wildcards.model].encoders[0].settings,
        labels=of_model("labels"),
        sequence_rule=of_model("sequence_rule"),
        shuffled=of_model("encoder_shuffled"),
        training=of_model("training"),
        folds=STUDY.inner_folds,
        seed=STUDY.seed,
        replicate=replicate_of,
    script:
        "../scripts/finetune.py"


rule combine:
    """Combine one replicate's members by their scores, without training them again."""
    input:
        unpack(member_results),
        scans="<data>/scans.csv",
    output:
        fitted=directory("<results>/runs/{model}/replicate-{replicate}/fitted"),
        scores="<results>/runs/{model}/replicate-{replicate}/scores.csv",
        summary="<results>/runs/{model}/replicate-{replicate}/training.json",
    log:
        "<results>/logs/combine/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/combine/{model}/replicate-{replicate}.tsv"
    wildcard_constraints:
        model=models_of("combine"),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=1000,  # Python with PyTorch and pandas, and the tables of a replicate
    params:
        code_for_model("combine.py"),
        model=of_model("settings"),
        folds=inner_of("folds"),
        repeats=inner_of("repeats"),
        seed=STUDY.seed,
        replicate=replicate_of,
    script:
        "../scripts/combine.py"


rule predict:
    """Score all scans of another dataset by what one replicate fitted."""
    input:
        unpack(external_inputs),
        fitted="<results>/runs/{model}/replicate-{replicate}/fitted",
    output:
        scores="<results>/runs/{model}/replicate-{replicate}/external/{dataset}.csv",
    log:
        "<results>/logs/predict/{model}/replicate-{replicate}-{dataset}.log",
    benchmark:
        "<results>/benchmarks/predict/{model}/replicate-{replicate}-{dataset}.tsv"
    wildcard_constraints:
        model=models_of("fit"),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=training_memory,
    params:
        code_for_model("predict.py"),
        model=of_model("settings"),
    script:
        "../scripts/predict.py"


rule predict_finetuned:
    """Score all scans of another dataset by what one replicate fine-tuned."""
    input:
        unpack(external_inputs),
        fitted="<results>/runs/{model}/replicate-{replicate}/fitted",
    output:
        scores="<results>/runs/{model}/replicate-{replicate}/external/{dataset}.csv",
    log:
        "<results>/logs/predict_finetuned/{model}/replicate-{replicate}-{dataset}.log",
    benchmark:
        "<results>/benchmarks/predict_finetuned/{model}/replicate-{replicate}-{dataset}.tsv"
    wildcard_constraints:
        model=models_of("finetune"),
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        # Of finetune's memory without gradients and AdamW's state, a third is left.
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
    params:
        code_for_model("predict_finetuned.py"),
        shuffled=of_model("encoder_shuffled"),
        seed=STUDY.seed,
        replicate=replicate_of,
    script:
        "../scripts/predict_finetuned.py"


rule predict_combined:
    """Score all scans of another dataset by the scores that an ensemble's members give them."""
    input:
        scores=member_scores,
        fitted="<results>/runs/{model}/replicate-{replicate}/fitted",
    output:
        scores="<results>/runs/{model}/replicate-{replicate}/external/{dataset}.csv",
    log:
        "<results>/logs/predict_combined/{model}/replicate-{replicate}-{dataset}.log",
    benchmark:
        "<results>/benchmarks/predict_combined/{model}/replicate-{replicate}-{dataset}.tsv"
    wildcard_constraints:
        model=models_of("combine"),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=1000,  # as combine
    params:
        code_for_model("predict_combined.py"),
        model=of_model("settings"),
    script:
        "../scripts/predict_combined.py"
