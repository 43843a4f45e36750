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
        **comparison_settings(config),
    script:
        "../scripts/compare_models.py"


rule compare_patients:
    """Describe what the models predict for their test scans, replicate by replicate."""
    input:
        predictions="<results>/predictions.csv",
        scans="<data>/scans.csv",
        slices="<data>/slices.csv",
        splits=expand("<results>/splits/replicate-{replicate}.csv", replicate=REPLICATES),
    output:
        **tables_from("predictions"),
    log:
        "<results>/logs/compare_patients.log",
    benchmark:
        "<results>/benchmarks/compare_patients.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        # Python with pandas and SciPy, and some copies of the predictions and slices.
        mem_mb=lambda wildcards, input, attempt: (600 + 10 * input.size_mb) * attempt,
    params:
        code_of("compare_patients.py"),
        *as_lines(
            **comparison_settings(config),
            **{key: config["comparison"][key] for key in ("thresholds", "prevalence")},
        ),
    script:
        "../scripts/compare_patients.py"


rule compare_slices:
    """Measure how well slice scores and attention point to the positive slices."""
    input:
        slices="<data>/slices.csv",
        splits=expand("<results>/splits/replicate-{replicate}.csv", replicate=REPLICATES),
        scores=every_run("slice_predictions.csv"),
        attention=every_run(
            "attention.csv", models=[name for name in MODELS if STUDY.models[name].about.together]
        ),
    output:
        **tables_from("slices"),
    log:
        "<results>/logs/compare_slices.log",
    benchmark:
        "<results>/benchmarks/compare_slices.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        # Python with pandas and SciPy, the labels, and the slices of one run at a time.
        mem_mb=lambda wildcards, input, attempt: (600 + 10 * input.size_mb) * attempt,
    params:
        code_of("compare_slices.py"),
        *as_lines(models=MODELS, alpha=config["comparison"]["alpha"]),
    script:
        "../scripts/compare_slices.py"
