# From the runs' metrics and predictions to the tables that compare the models.


rule collect_metrics:
    """Gather every run's metrics and predictions into one table each."""
    input:
        metrics=every_run("metrics.json"),
        predictions=every_run("predictions.csv"),
    output:
        metrics="<results>/metrics.csv",
        predictions="<results>/predictions.csv",
    log:
        "<results>/logs/collect_metrics.log",
    benchmark:
        "<results>/benchmarks/collect_metrics.tsv"
    conda:
        "../../envs/stats.yaml"
    params:
        code_of("collect_metrics.py"),
        models=MODELS,
        replicates=REPLICATES,
    script:
        "../scripts/collect_metrics.py"


rule compare_models:
    """Compare the models over replicates, as the paper does and with tests that hold up."""
    input:
        metrics="<results>/metrics.csv",
        splits=expand("<results>/splits/replicate-{replicate}.csv", replicate=REPLICATES),
    output:
        **tables_from("replicates"),
    log:
        "<results>/logs/compare_models.log",
    benchmark:
        "<results>/benchmarks/compare_models.tsv"
    conda:
        "../../envs/stats.yaml"
    params:
        code_of("compare_models.py"),
        **comparison_of(config),
    script:
        "../scripts/compare_models.py"


rule compare_patients:
    """Compare the models over patients, each with its pooled test predictions."""
    input:
        predictions="<results>/predictions.csv",
        patients="<results>/dataset/patients.csv",
    output:
        **tables_from("predictions"),
    log:
        "<results>/logs/compare_patients.log",
    benchmark:
        "<results>/benchmarks/compare_patients.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        # 230 MB measured with 82 patients and 10,000 resamples, of which 110 MB is Python; the rest
        # grows with both numbers, so this serves 1000 patients.
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        code_of("compare_patients.py"),
        models=MODELS,
        alpha=config["comparison"]["alpha"],
        bootstrap_resamples=config["comparison"]["bootstrap_resamples"],
        seed=config["seed"],
    script:
        "../scripts/compare_patients.py"
