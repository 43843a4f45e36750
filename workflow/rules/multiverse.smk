# From features to the answer under every protocol of a grid, and to a page of its own.


rule train_protocols:
    """Train one model under every protocol of the grid, each in all replicates."""
    input:
        unpack(lambda wildcards: features_from(STUDY.dataset, learner(wildcards))),
        **labels_of(STUDY.dataset),
    output:
        runs="<results>/multiverse/runs/{learner}.csv",
    log:
        "<results>/logs/train_protocols/{learner}.log",
    benchmark:
        "<results>/benchmarks/train_protocols/{learner}.tsv"
    wildcard_constraints:
        learner="[a-z0-9_-]+",
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=training_memory,
    params:
        lambda wildcards: code_of("train_protocols.py", learner(wildcards).about.module),
        name=lambda wildcards: learner(wildcards).name,
        trainings=lambda wildcards: protocols_of(wildcards.learner),
        replicates=[*map(int, REPLICATES)],
        metric=config["comparison"]["primary"],
        seed=STUDY.seed,
    script:
        "../scripts/train_protocols.py"


rule compare_protocols:
    """Compare the models under every protocol of the grid."""
    input:
        runs=protocol_runs,
        scans="<data>/scans.csv",
    output:
        table="<results>/multiverse/specification.csv",
    log:
        "<results>/logs/compare_protocols.log",
    benchmark:
        "<results>/benchmarks/compare_protocols.tsv"
    conda:
        "../../envs/stats.yaml"
    params:
        code_of("compare_protocols.py"),
        **comparison_settings(config),
        cells=lambda wildcards: grid().described(),
        schemes=lambda wildcards: grid().schemes,
        axes=lambda wildcards: [*grid().axes],
        replicates=[*map(int, REPLICATES)],
        seed=STUDY.seed,
    script:
        "../scripts/compare_protocols.py"


rule write_multiverse:
    """Draw the difference under every protocol, sorted, and write the page about it."""
    input:
        table="<results>/multiverse/specification.csv",
        caption=shipped("workflow/report/specification.rst"),
        templates=TEMPLATES,
    output:
        page=report(
            "<results>/multiverse.html",
            caption="../report/multiverse.rst",
            category="Report",
        ),
        svg=[f"{path}.svg" for path in specification_curves()],
        png=[f"{path}.png" for path in specification_curves()],
    log:
        "<results>/logs/write_multiverse.log",
    benchmark:
        "<results>/benchmarks/write_multiverse.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("write_multiverse.py"),
        *as_lines(config=study_config()),
        axes=lambda wildcards: grid().words,
        n_refused=lambda wildcards: grid().n_refused,
    script:
        "../scripts/write_multiverse.py"
