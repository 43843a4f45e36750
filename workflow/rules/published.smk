# From the published replicates to the tables, the figures and a page in results/published/, by the
# rules and the code of any study. No dataset is needed.


rule collect_published:
    """Measure the published confusion matrices, as if their runs had been made here."""
    input:
        runs=shipped("resources/published/replicates.csv"),
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
        **comparison_settings(PUBLISHED),
        # Its models drew a split each: no pairing, and the sizes stand in for the splits.
        sizes=PUBLISHED["splits"]["sizes"],


use rule plot_figures as plot_published_figures with:
    input:
        **figure_tables(PUBLISHED, DRAWABLE_PUBLISHED),
    output:
        **figures_of(PUBLISHED, DRAWABLE_PUBLISHED),
    pathvars:
        results="results/published",
    params:
        code_of("plot_figures.py"),
        **figure_settings(PUBLISHED),


rule write_published:
    """Write the page of the published study, and what its figures do not support."""
    input:
        metrics="results/published/metrics.csv",
        comparison=rules.compare_published.output,
        printed=shipped("resources/published/tables.csv"),
        levels=shipped("resources/levels.csv"),
        figures=rules.plot_published_figures.output.svg,
        captions=CAPTIONS,
        templates=TEMPLATES,
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
        *as_lines(study=PUBLISHED),
    script:
        "../scripts/write_published.py"
