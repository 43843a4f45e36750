# From tables to figures and to the one page that reports the study.


rule plot_examples:
    """Show a slice with and one without hemorrhage; left out by `report.example_slices: false`."""
    input:
        dataset=dataset_folder,
        slices=RESULTS + "/dataset/slices.csv",
        patients=RESULTS + "/dataset/patients.csv",
        code=code_of("plot_examples.py"),
    output:
        svg=RESULTS + "/figures/examples.svg",
        png=report(
            RESULTS + "/figures/examples.png",
            caption="../report/examples.rst",
            category="Data",
        ),
    log:
        RESULTS + "/logs/plot_examples.log",
    benchmark:
        RESULTS + "/benchmarks/plot_examples.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        layout=dataset_layout(),
        synthetic=config["dataset"]["format"] == "phantom",
    script:
        "../scripts/plot_examples.py"


rule plot_rulegraph:
    """Draw this workflow's own rules, before and after the predictions."""
    input:
        workflow=workflow_files(),
        code=code_of("plot_rulegraph.py"),
    output:
        runs_svg=RESULTS + "/figures/rules-runs.svg",
        runs_png=RESULTS + "/figures/rules-runs.png",
        analysis_svg=RESULTS + "/figures/rules-analysis.svg",
        analysis_png=RESULTS + "/figures/rules-analysis.png",
    log:
        RESULTS + "/logs/plot_rulegraph.log",
    benchmark:
        RESULTS + "/benchmarks/plot_rulegraph.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        config=graph_config(),
        gpu_rules=gpu_rules,
    script:
        "../scripts/plot_rulegraph.py"


rule plot_metric:
    """Draw one metric of every model and replicate."""
    input:
        metrics=RESULTS + "/metrics.csv",
        code=code_of("plot_metric.py"),
    output:
        svg=report(
            RESULTS + "/figures/metric-{metric}.svg",
            caption="../report/metric.rst",
            category="Metrics",
        ),
        png=RESULTS + "/figures/metric-{metric}.png",
    log:
        RESULTS + "/logs/plot_metric/{metric}.log",
    benchmark:
        RESULTS + "/benchmarks/plot_metric/{metric}.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        labels=labels_of_models(),
    script:
        "../scripts/plot_metric.py"


rule plot_confusion:
    """Draw a model's mean confusion matrix."""
    input:
        metrics=RESULTS + "/metrics.csv",
        code=code_of("plot_confusion.py"),
    output:
        svg=report(
            RESULTS + "/figures/confusion-{model}.svg",
            caption="../report/confusion.rst",
            category="Metrics",
        ),
        png=RESULTS + "/figures/confusion-{model}.png",
    log:
        RESULTS + "/logs/plot_confusion/{model}.log",
    benchmark:
        RESULTS + "/benchmarks/plot_confusion/{model}.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        label=lambda wildcards: model_of(wildcards)["label"],
    script:
        "../scripts/plot_confusion.py"


rule plot_training:
    """Draw loss and accuracy of every replicate, epoch by epoch."""
    input:
        histories=every_run("history.csv"),
        code=code_of("plot_training.py"),
    output:
        svg=report(
            RESULTS + "/figures/training.svg",
            caption="../report/training.rst",
            category="Training",
        ),
        png=RESULTS + "/figures/training.png",
    log:
        RESULTS + "/logs/plot_training.log",
    benchmark:
        RESULTS + "/benchmarks/plot_training.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        labels=labels_of_models(),
    script:
        "../scripts/plot_training.py"


rule plot_differences:
    """Draw the primary analysis: differences between models with their intervals."""
    input:
        tests=RESULTS + "/comparison/resampled_t.csv",
        metrics=RESULTS + "/metrics.csv",
        code=code_of("plot_differences.py"),
    output:
        svg=report(
            RESULTS + "/figures/differences.svg",
            caption="../report/differences.rst",
            category="Comparison",
        ),
        png=RESULTS + "/figures/differences.png",
    log:
        RESULTS + "/logs/plot_differences.log",
    benchmark:
        RESULTS + "/benchmarks/plot_differences.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        labels=labels_of_models(),
        rope=config["comparison"]["rope"],
        alpha=config["comparison"]["alpha"],
    script:
        "../scripts/plot_differences.py"


rule plot_patients:
    """Draw the evidence over patients: ROC, precision-recall and calibration."""
    input:
        curves=RESULTS + "/comparison/patients/curves.csv",
        calibration=RESULTS + "/comparison/patients/calibration.csv",
        operating_points=RESULTS + "/comparison/patients/operating_points.csv",
        code=code_of("plot_patients.py"),
    output:
        curves_svg=report(
            RESULTS + "/figures/curves.svg",
            caption="../report/curves.rst",
            category="Patients",
        ),
        curves_png=RESULTS + "/figures/curves.png",
        calibration_svg=report(
            RESULTS + "/figures/calibration.svg",
            caption="../report/calibration.rst",
            category="Patients",
        ),
        calibration_png=RESULTS + "/figures/calibration.png",
    log:
        RESULTS + "/logs/plot_patients.log",
    benchmark:
        RESULTS + "/benchmarks/plot_patients.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        labels=labels_of_models(),
    script:
        "../scripts/plot_patients.py"


rule plot_ranking:
    """Draw the models' ranks, for three models or more."""
    input:
        ranks=RESULTS + "/comparison/ranking.csv",
        tests=RESULTS + "/comparison/resampled_t.csv",
        code=code_of("plot_ranking.py"),
    output:
        svg=report(
            RESULTS + "/figures/ranking.svg",
            caption="../report/ranking.rst",
            category="Comparison",
        ),
        png=RESULTS + "/figures/ranking.png",
    log:
        RESULTS + "/logs/plot_ranking.log",
    benchmark:
        RESULTS + "/benchmarks/plot_ranking.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        labels=labels_of_models(),
        alpha=config["comparison"]["alpha"],
    script:
        "../scripts/plot_ranking.py"


rule write_report:
    """Write the page that reports the study; it needs no other file to be read."""
    input:
        summary=RESULTS + "/dataset/summary.json",
        models=expand(RESULTS + "/models/{model}.json", model=MODELS),
        metrics=RESULTS + "/metrics.csv",
        histories=every_run("history.csv"),
        comparison=rules.compare_models.output[:] + rules.compare_patients.output[:],
        published="resources/published/tables.csv",
        figures=report_figures,
        captions=expand(
            "workflow/report/{kind}.rst",
            kind=[
                "examples",
                "rules",
                "metric",
                "confusion",
                "training",
                "differences",
                "curves",
                "calibration",
                "ranking",
            ],
        ),
        template="workflow/scripts/ctseq/templates/report.html.j2",
        environments=["envs/imaging.yaml", "envs/stats.yaml", "envs/torch.yaml"],
        code=code_of("write_report.py"),
    output:
        report=report(
            RESULTS + "/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
    log:
        RESULTS + "/logs/write_report.log",
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with pandas; the page itself is a few MB
    params:
        config=dict(config),
        # What is measured when the report is written; as an input, each measurement would remake it.
        benchmarks=RESULTS + "/benchmarks",
    script:
        "../scripts/write_report.py"
