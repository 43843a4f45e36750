# From features to the answer under every protocol of a grid, and to a page of its own.

import csv
from functools import cache
from statistics import mean

from snakemake.logging import logger


@cache
def grid():
    """Return the grid of protocols; stop if a model cannot be trained many times."""
    try:
        return grid_of(config)
    except InputError as error:
        raise WorkflowError(str(error))


def protocols_of(name):
    """Return the different trainings on the features of a model or variant."""
    return trainings_of(grid(), name, folds=config["tuning"]["folds"])


def protocol_runs(wildcards):
    """Return the runs of all models and variants, and say what those that lack will take."""
    runs = {name: f"{RESULTS}/multiverse/runs/{name}.csv" for name in feature_names(grid())}
    announce(tuple(name for name, path in runs.items() if not Path(path).exists()))
    return [*runs.values()]


@cache  # Snakemake may ask for a rule's inputs more than once
def announce(names):
    """Say how many trainings some models and variants need, and how long these will take."""
    if not names:
        return
    counts = {name: len(protocols_of(name)) * len(REPLICATES) for name in names}
    seconds = {name: measured_seconds(feature_names(grid())[name]) for name in names}
    time = (
        "no training of this study was measured yet, so how long is not known"
        if None in seconds.values()
        else "about "
        + duration(sum(number * seconds[name] for name, number in counts.items()))
        + " of one core, by the study's own trainings"
    )
    logger.info(
        f"multiverse: {len(grid().cells)} protocols ({grid().n_refused} combinations that no study "
        f"may have are left out), {sum(counts.values())} trainings: {time}."
    )


def measured_seconds(model):
    """Return the mean seconds of the study's own trainings of a model; None without any."""
    trained_by = TRAINING_RULES[STUDY.models[model].way_of_training]
    files = Path(RESULTS, "benchmarks", trained_by, model).glob("replicate-*.tsv")
    rows = [row for file in files for row in csv.DictReader(file.open(), delimiter="\t")]
    return mean(float(row["s"]) for row in rows) if rows else None


def specification_curves():
    """Return the paths, without suffixes, of the figures: one a contrast."""
    pairs = ["-".join(pair) for pair in contrasts_of(config)]
    return [f"<results>/multiverse/specification-{pair}" for pair in pairs]


rule train_protocols:
    """Train one model under every protocol of the grid, each in all replicates."""
    input:
        unpack(features_of),
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
    output:
        runs="<results>/multiverse/runs/{model}.csv",
    log:
        "<results>/logs/train_protocols/{model}.log",
    benchmark:
        "<results>/benchmarks/train_protocols/{model}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=training_memory,
    params:
        code_of("train_protocols.py"),
        name=lambda wildcards: feature_names(grid())[wildcards.model],
        trainings=lambda wildcards: protocols_of(wildcards.model),
        replicates=[*map(int, REPLICATES)],
        metric=config["comparison"]["primary"],
        seed=config["seed"],
    script:
        "../scripts/train_protocols.py"


rule compare_protocols:
    """Compare the models under every protocol of the grid."""
    input:
        runs=protocol_runs,
        patients="<results>/dataset/patients.csv",
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
        seed=config["seed"],
    script:
        "../scripts/compare_protocols.py"


rule write_multiverse:
    """Draw the difference under every protocol, sorted, and write the page about it."""
    input:
        table="<results>/multiverse/specification.csv",
        caption="workflow/report/specification.rst",
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
        axes=lambda wildcards: grid().words,
        n_refused=lambda wildcards: grid().n_refused,
        config=study_config(),
    script:
        "../scripts/write_multiverse.py"
