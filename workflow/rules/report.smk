# From tables to figures and to the one page that reports the study.


localrules:
    write_registration,


rule plot_examples:
    """Show a slice with and one without the target; left out by `report.example_slices: false`."""
    input:
        dataset=raw_dataset,
        recognised="<data>/format.json",
        slices="<data>/slices.csv",
        scans="<data>/scans.csv",
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
        code_for_dataset("plot_examples.py"),
        window=STUDY.dataset.window,
        target=STUDY.dataset.target_words,
        synthetic=STUDY.dataset.synthetic,
    script:
        "../scripts/plot_examples.py"


rule plot_figures:
    """Draw all figures of the study's tables in one job; `figures/registry.py` lists them."""
    input:
        **figure_tables(config, DRAWABLE),
    output:
        **figures_of(config, DRAWABLE),
    log:
        "<results>/logs/plot_figures.log",
    benchmark:
        "<results>/benchmarks/plot_figures.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with Matplotlib and pandas
    params:
        code_of("plot_figures.py"),
        **figure_settings(config),
    script:
        "../scripts/plot_figures.py"


# What a study found, as its page and its checklists tell it.
FOUND = {
    "summary": "<data>/summary.json",
    "encoders": [*map(STUDY.dataset.description, STUDY.encoders)],
    "indexed": [one.record for one in STUDY.datasets.values()],
    "metrics": "<results>/metrics.csv",
    "summaries": every_run("training.json"),
    "fitted": [
        f"{RESULTS}/runs/{model}/replicate-{REPLICATES[0]}/fitted" for model in STUDY.trained
    ],
    "splits": expand("<results>/splits/replicate-{replicate}.csv", replicate=REPLICATES),
    # As text: for files of a rule, Snakemake compares all inputs with each of them.
    "comparison": [
        *map(str, rules.compare_models.output),
        *map(str, rules.compare_patients.output),
        *map(str, rules.compare_slices.output),
        *(path for tables in FURTHER.values() for path in tables.values()),
    ],
    "levels": shipped("resources/levels.csv"),
    "environments": [shipped(f"envs/{name}.yaml") for name in ("imaging", "stats", "torch")],
}


rule write_report:
    """Write the page that reports the study; it needs no other file to be read."""
    input:
        **FOUND,
        figures=[
            # A picture of pixels gains nothing from being vectors.
            *[str(rules.plot_examples.output.png)] * config["report"]["example_slices"],
            *map(str, rules.plot_figures.output.svg),
        ],
        shared=shared_files(),
        printed=shipped("resources/published/tables.csv"),
        runs=shipped("resources/published/replicates.csv"),
        captions=CAPTIONS,
        templates=TEMPLATES,
    output:
        report=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
        config="<results>/config.yaml",
        standing="<results>/standing.json",
    log:
        "<results>/logs/write_report.log",
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with pandas; the page itself is a few MB
    params:
        code_of("write_report.py"),
        *as_lines(
            config=study_config(),
            registered=config["registered"],
            published=PUBLISHED,
            # What is measured when the report is written; as an input, each measurement would
            # remake it.
            benchmarks=[f"{folder}/benchmarks" for folder in (DATA, RESULTS)],
        ),
    script:
        "../scripts/write_report.py"


rule write_reporting:
    """Fill in reporting checklists and a card of each model with what the study knows of itself."""
    input:
        **FOUND,
    output:
        claim="<results>/reporting/claim.md",
        tripod_ai="<results>/reporting/tripod-ai.md",
        cards=[f"{RESULTS}/reporting/model-card-{model}.md" for model in MODELS],
    log:
        "<results>/logs/write_reporting.log",
    benchmark:
        "<results>/benchmarks/write_reporting.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        mem_mb=500,  # Python with pandas and SciPy
    params:
        code_of("write_reporting.py"),
        *as_lines(config=study_config(), registered=config["registered"]),
    script:
        "../scripts/write_reporting.py"


rule write_registration:
    """Write the configuration that `registered.sha256` is the digest of, before any result."""
    output:
        "<results>/registration.yaml",
    log:
        "<results>/logs/write_registration.log",
    conda:
        "../../envs/stats.yaml"
    params:
        code_of("write_registration.py"),
        *as_lines(config=study_config()),
    script:
        "../scripts/write_registration.py"


# A module's prefixes would rename files that others name.
if rules.write_report.output.config != f"{RESULTS}/config.yaml":
    raise WorkflowError(
        f"A module of ctseq writes to {RESULTS}/ and {DATA}/ as they are: take `prefix`, "
        "`replace_prefix` and `pathvars` out of its `module` statement, and name the study by `study` "
        "in its `config`."
    )
