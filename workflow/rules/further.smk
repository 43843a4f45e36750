# Trainings beyond the study's own, on its features: a job a model, which reads them once. What comes
# of them is part of the report where the configuration asks for it.


rule train_seeds:
    """Train one model on every split with every seed, for the parts of the variance."""
    input:
        unpack(lambda wildcards: learned_from(STUDY.models[wildcards.model])),
    output:
        runs="<results>/further/variance/{model}.csv",
    log:
        "<results>/logs/train_seeds/{model}.log",
    benchmark:
        "<results>/benchmarks/train_seeds/{model}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=training_memory,
    params:
        code_for_model("train_seeds.py"),
        name=lambda wildcards: wildcards.model,
        seeds=config["further"]["variance_seeds"],
        metrics=[*dict.fromkeys([config["comparison"]["primary"], "roc_auc"])],
        learning=learning_of,
        evaluation=evaluation_of,
    script:
        "../scripts/train_seeds.py"


rule train_fewer:
    """Train one model on shares of every split's training patients, for the learning curve."""
    input:
        unpack(lambda wildcards: learned_from(STUDY.models[wildcards.model])),
    output:
        runs="<results>/further/learning_curve/{model}.csv",
    log:
        "<results>/logs/train_fewer/{model}.log",
    benchmark:
        "<results>/benchmarks/train_fewer/{model}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=training_memory,
    params:
        code_for_model("train_fewer.py"),
        name=lambda wildcards: wildcards.model,
        shares=config["further"]["learning_curve"],
        metrics=config["comparison"]["metrics"],
        learning=learning_of,
        evaluation=evaluation_of,
    script:
        "../scripts/train_fewer.py"


rule compare_seeds:
    """Split the variance of models and differences into luck of the split and of the training."""
    input:
        expand("<results>/further/variance/{model}.csv", model=MODELS),
    output:
        **tables_from("variance"),
    log:
        "<results>/logs/compare_seeds.log",
    benchmark:
        "<results>/benchmarks/compare_seeds.tsv"
    conda:
        "../../envs/stats.yaml"
    params:
        code_of("compare_seeds.py"),
        *as_lines(
            models=MODELS,
            contrasts=contrasts_of(config),
            undefined=config["comparison"]["undefined"],
        ),
    script:
        "../scripts/compare_seeds.py"


rule compare_fewer:
    """Set the metrics against the number of training patients."""
    input:
        runs=expand("<results>/further/learning_curve/{model}.csv", model=MODELS),
        metrics="<results>/metrics.csv",
        splits=expand("<results>/splits/replicate-{replicate}.csv", replicate=REPLICATES),
    output:
        **tables_from("learning_curve"),
    log:
        "<results>/logs/compare_fewer.log",
    benchmark:
        "<results>/benchmarks/compare_fewer.tsv"
    conda:
        "../../envs/stats.yaml"
    params:
        code_of("compare_fewer.py"),
        *as_lines(**comparison_settings(config), shares=config["further"]["learning_curve"]),
    script:
        "../scripts/compare_fewer.py"
