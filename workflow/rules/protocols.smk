# Input functions of the rules of the multiverse, and what it will take. No rules.

import csv
from functools import cache
from statistics import mean


@cache
def grid():
    """Return the grid of protocols; stop if a model cannot be trained many times."""
    try:
        return grid_of(config)
    except InputError as error:
        stop(str(error))


def multiverse_page(wildcards):
    """Return the page of the multiverse; stop if there can be none.

    Snakemake would keep a page of another configuration whose own inputs cannot be told.
    """
    grid()
    check_named_paths()
    return f"{RESULTS}/multiverse.html"


def learner(wildcards):
    """Return the model, with the encoders of some protocols, that a job trains."""
    return feature_names(grid())[wildcards.learner]


def protocols_of(name):
    """Return the different trainings of a learner, by its name."""
    return trainings_of(grid(), name)


def protocol_runs(wildcards):
    """Return the runs of all learners, and say what those that lack will take."""
    runs = {name: f"{RESULTS}/multiverse/runs/{name}.csv" for name in feature_names(grid())}
    announce(tuple(name for name, path in runs.items() if not Path(path).exists()))
    return [*runs.values()]


@cache  # Snakemake may ask for a rule's inputs more than once
def announce(names):
    """Say how many trainings some learners need, and how long these will take."""
    if not names:
        return
    counts = {name: len(protocols_of(name)) * len(REPLICATES) for name in names}
    seconds = {name: measured_seconds(feature_names(grid())[name]) for name in names}
    time = "no training of this study was measured yet, so how long is not known"
    if all(seconds.values()):
        # A job starts Python once, and then trains all. What a start takes is not measured; it is
        # less than the shortest of the study's trainings took.
        start = min(own for measured in seconds.values() for own in measured)
        most, least = (
            sum(number * (mean(seconds[name]) - less) for name, number in counts.items())
            for less in (0, start)
        )
        time = (
            f"at most {duration(most)} of one core, by the study's own trainings, and "
            f"{duration(least)} if starting Python was all that the shortest of them did"
        )
        if any(t["folds"] for name in names for t in protocols_of(name)) and not STUDY.inner_folds:
            time += "; longer only where inner folds choose among learning rates"
    logger.info(
        f"multiverse: {len(grid().cells)} protocols ({grid().n_refused} combinations that no study "
        f"may have are left out), {sum(counts.values())} trainings: {time}."
    )


def measured_seconds(model):
    """Return the seconds of the study's own trainings of a model."""
    files = Path(RESULTS, "benchmarks", rule_of(model), model.name).glob("replicate-*.tsv")
    rows = [row for file in files for row in csv.DictReader(file.open(), delimiter="\t")]
    return [float(row["s"]) for row in rows]


def specification_curves():
    """Return the paths, without suffixes, of the figures: one a contrast."""
    pairs = ["-".join(pair) for pair in contrasts_of(config)]
    return [f"<results>/multiverse/specification-{pair}" for pair in pairs]
