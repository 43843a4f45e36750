# From the published replicates to the tables, the figures and a page in results/published/, by the
# rules and the code of any study. No dataset is needed.


rule collect_published:
    """Measure the published confusion matrices, as if their runs had been made here."""
    input:
        runs="resources/published/replicates.csv",
    output:
        metrics="results/published/metrics.csv",
    log:
        "results/published/logs/collect_published.log",
    benchmark:
        "results/published/benchmarks/collect_published.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with pandas and SciPy
    params:
        code_of("collect_published.py"),
        n_test=PUBLISHED["splits"]["sizes"]["n_test"],
    script:
        "../scripts/collect_published.py"


use rule compare_models as compare_published with:
    input:
        metrics="<results>/metrics.csv",
    pathvars:
        results="results/published",
    params:
        code_of("compare_models.py"),
        **comparison_of(PUBLISHED),
        # Its models drew a split each: no pairing, and the sizes stand in for the splits.
        sizes=PUBLISHED["splits"]["sizes"],


use rule plot_metrics as plot_published_metrics with:
    output:
        **metric_figures(PUBLISHED),
    pathvars:
        results="results/published",
    params:
        code_of("plot_metrics.py"),
        metrics=PUBLISHED["comparison"]["metrics"],
        labels=model_labels(PUBLISHED),
        shared_splits=False,


use rule plot_differences as plot_published_differences with:
    pathvars:
        results="results/published",
    params:
        code_of("plot_differences.py"),
        labels=model_labels(PUBLISHED),
        shared_splits=False,
        rope=PUBLISHED["comparison"]["rope"],
        alpha=PUBLISHED["comparison"]["alpha"],


rule write_published:
    """Write the page of the published study, and what its figures do not support."""
    input:
        metrics="results/published/metrics.csv",
        comparison=rules.compare_published.output,
        printed="resources/published/tables.csv",
        figures=published_figures(),
        captions=captions_of(published_figures),
        templates=page_templates(),
    output:
        report=report(
            "results/published/report.html",
            caption="../report/published.rst",
            category="Published",
        ),
    log:
        "results/published/logs/write_published.log",
    benchmark:
        "results/published/benchmarks/write_published.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with pandas and SciPy
    params:
        code_of("write_published.py"),
        study=PUBLISHED,
    script:
        "../scripts/write_published.py"
