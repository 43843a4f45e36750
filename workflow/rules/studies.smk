# From finished studies to the one page that sets them side by side. They are read and never made:
# each is run with its own configuration before.


rule compare_studies:
    """Set finished studies side by side: what differs, what each finds, whether they agree."""
    input:
        unpack(finished_studies),
        templates=TEMPLATES,
    output:
        # Of no study, so it has one name whichever are compared.
        page="results/studies.html",
    log:
        "results/logs/compare_studies.log",
    benchmark:
        "results/benchmarks/compare_studies.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with pandas and SciPy
    params:
        code_of("compare_studies.py"),
    script:
        "../scripts/compare_studies.py"
