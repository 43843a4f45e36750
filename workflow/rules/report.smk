# From tables to figures and to the one page that reports the study.


rule plot_examples:
    """Show a slice with and one without hemorrhage; left out by `report.example_slices: false`."""
    input:
        dataset=dataset_folder,
        recognised="<results>/dataset/format.json",
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
    output:
        svg="<results>/figures/examples.svg",
        png=report(
            "<results>/figures/examples.png",
            caption="../report/examples.rst",
            category="Data",
        ),
    log:
        "<results>/logs/plot_examples.log",
    benchmark:
        "<results>/benchmarks/plot_examples.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("plot_examples.py"),
        window=STUDY.dataset_window,
        synthetic=config["dataset"]["format"] == "phantom",
    script:
        "../scripts/plot_examples.py"


rule plot_flow:
    """Draw how many files, slices and patients were seen, left out and used."""
    input:
        summary="<results>/dataset/summary.json",
    output:
        svg=report(
            "<results>/figures/flow.svg",
            caption="../report/flow.rst",
            category="Data",
        ),
        png="<results>/figures/flow.png",
    log:
        "<results>/logs/plot_flow.log",
    benchmark:
        "<results>/benchmarks/plot_flow.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib
    params:
        code_of("plot_flow.py"),
    script:
        "../scripts/plot_flow.py"


rule plot_metrics:
    """Draw each metric of all models and replicates, and each model's mean confusion matrix."""
    input:
        metrics="<results>/metrics.csv",
    output:
        **metric_figures(config),
    log:
        "<results>/logs/plot_metrics.log",
    benchmark:
        "<results>/benchmarks/plot_metrics.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("plot_metrics.py"),
        metrics=config["comparison"]["metrics"],
        labels=model_labels(config),
        shared_splits=True,
    script:
        "../scripts/plot_metrics.py"


rule plot_training:
    """Draw loss and accuracy of every replicate, epoch by epoch."""
    input:
        histories=every_run("history.csv", models=trained_models()),
    output:
        svg=report(
            "<results>/figures/training.svg",
            caption="../report/training.rst",
            category="Training",
        ),
        png="<results>/figures/training.png",
    log:
        "<results>/logs/plot_training.log",
    benchmark:
        "<results>/benchmarks/plot_training.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("plot_training.py"),
        labels={name: model_labels(config)[name] for name in trained_models()},
    script:
        "../scripts/plot_training.py"


rule plot_differences:
    """Draw the primary analysis: differences between models with their intervals."""
    input:
        tests="<results>/comparison/resampled_t.csv",
        metrics="<results>/metrics.csv",
    output:
        svg=report(
            "<results>/figures/differences.svg",
            caption="../report/differences.rst",
            category="Comparison",
        ),
        png="<results>/figures/differences.png",
    log:
        "<results>/logs/plot_differences.log",
    benchmark:
        "<results>/benchmarks/plot_differences.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("plot_differences.py"),
        labels=model_labels(config),
        shared_splits=True,
        rope=config["comparison"]["rope"],
        alpha=config["comparison"]["alpha"],
    script:
        "../scripts/plot_differences.py"


rule plot_patients:
    """Draw the evidence over patients: ROC, precision-recall and calibration."""
    input:
        curves="<results>/comparison/patients/curves.csv",
        calibration="<results>/comparison/patients/calibration.csv",
        operating_points="<results>/comparison/patients/operating_points.csv",
    output:
        curves_svg=report(
            "<results>/figures/curves.svg",
            caption="../report/curves.rst",
            category="Patients",
        ),
        curves_png="<results>/figures/curves.png",
        calibration_svg=report(
            "<results>/figures/calibration.svg",
            caption="../report/calibration.rst",
            category="Patients",
        ),
        calibration_png="<results>/figures/calibration.png",
    log:
        "<results>/logs/plot_patients.log",
    benchmark:
        "<results>/benchmarks/plot_patients.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("plot_patients.py"),
        labels=model_labels(config),
    script:
        "../scripts/plot_patients.py"


rule plot_ranking:
    """Draw the models' ranks, for three models or more."""
    input:
        ranks="<results>/comparison/ranking.csv",
        tests="<results>/comparison/resampled_t.csv",
    output:
        svg=report(
            "<results>/figures/ranking.svg",
            caption="../report/ranking.rst",
            category="Comparison",
        ),
        png="<results>/figures/ranking.png",
    log:
        "<results>/logs/plot_ranking.log",
    benchmark:
        "<results>/benchmarks/plot_ranking.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("plot_ranking.py"),
        labels=model_labels(config),
        alpha=config["comparison"]["alpha"],
    script:
        "../scripts/plot_ranking.py"


rule write_report:
    """Write the page that reports the study; it needs no other file to be read."""
    input:
        summary="<results>/dataset/summary.json",
        models=[f"{RESULTS}/models/{STUDY.encoder_of(model)}.json" for model in MODELS],
        metrics="<results>/metrics.csv",
        summaries=every_run("training.json"),
        # As text: for files of a rule, Snakemake compares all inputs with each of them.
        comparison=[*map(str, [*rules.compare_models.output, *rules.compare_patients.output])],
        printed="resources/published/tables.csv",
        runs="resources/published/replicates.csv",
        figures=report_figures,
        captions=captions_of(report_figures),
        templates=page_templates(),
        environments=["envs/imaging.yaml", "envs/stats.yaml", "envs/torch.yaml"],
    output:
        report=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
        config="<results>/config.yaml",
    log:
        "<results>/logs/write_report.log",
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with pandas; the page itself is a few MB
    params:
        code_of("write_report.py"),
        config=study_config(),
        published=PUBLISHED,
        # What is measured when the report is written; as an input, each measurement would remake it.
        benchmarks=f"{RESULTS}/benchmarks",
    script:
        "../scripts/write_report.py"
