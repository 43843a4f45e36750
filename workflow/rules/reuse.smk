# What Snakemake would take as finished although it was made with other settings. It compares settings
# with its own record, .snakemake/, which results that were copied without it do not have; files of
# theirs that say how they were made are compared here. No rules.

from functools import cache

from snakemake.io import IOFile
from snakemake.settings.enums import RerunTrigger


@cache
def problem_of_paths(encoder=None):
    """Return which paths of the configuration are not there, and no result was made from.

    An `encoder` is looked at beside the study's own.
    """
    used = STUDY.encoders | ({encoder: ENCODERS[encoder]} if encoder else {})
    try:
        check_paths(config, STUDY.datasets.values(), used.values(), origins=ORIGINS)
    except InputError as error:
        return str(error)
    return ""


def check_named_paths(encoder=None):
    """Stop if the configuration names a path that is not there, and that no result was made from.

    All such paths are listed. Without it, results would be taken as they are, and the page would name
    what they were not made from.
    """
    if workflow.is_main_process and (problem := problem_of_paths(encoder)):
        stop(problem)


# What changes under a name that finished studies stand on is said before anything is made again. A
# path that is not there is an error, and nothing is made again.
if workflow.is_main_process and not problem_of_paths():
    for line in changes(STUDY, ENCODERS, Path("results")):
        logger.info(line)


def is_noticed(rule, settings, wildcards):
    """Tell whether Snakemake itself makes a rule's outputs again, which other settings made.

    `settings` are those that the rule has now, a parameter of it.
    """
    files = [IOFile(path, rule=None) for path in expand(rule.output, **wildcards)]
    if workflow.dag_settings.forceall or not workflow.dag_settings.forcerun.isdisjoint(files):
        return True
    # Where one output has no record, Snakemake compares none of them.
    records = [workflow.persistence.params(file) for file in files]
    compared = RerunTrigger.PARAMS in workflow.rerun_triggers and all(records)
    # `--touch` records settings without making anything by them.
    return compared and not any(repr(settings) in record for record in records)


def stop_unless_noticed(rule, settings, *, made, cure, **wildcards):
    """Stop if files would be used that were made with other settings, and say which those are.

    `made` says which settings differ.
    """
    if made and workflow.is_main_process and not is_noticed(rule, settings, wildcards):
        where = expand(rule.output, **wildcards)[0]
        stop(
            f"{where} was made with other settings: {listed(made)}. Snakemake has no record of that "
            f"here (.snakemake/), and would use it as it is. {cure}"
        )


def has_record(path):
    """Tell whether Snakemake compares a file's settings with those that it was made with."""
    file = IOFile(path, rule=None)
    return RerunTrigger.PARAMS in workflow.rerun_triggers and bool(
        workflow.persistence.params(file)
    )


def made_otherwise():
    """List which settings of its runs, and of its page, a finished study was made with otherwise."""
    made = finished_config(RESULTS, SCHEMA, metrics=comparable_metrics())
    if made is None:
        return [OTHER_VERSION], [OTHER_VERSION]
    of_page = page_differences(used_config(made), used_config(config))
    return run_differences(Study.of(made), STUDY), of_page


@cache
def check_runs():
    """Stop if what stands of a finished study would be used that was made with other settings."""
    page, table = f"{RESULTS}/report.html", f"{RESULTS}/metrics.csv"
    if not workflow.is_main_process or not os.path.exists(f"{RESULTS}/config.yaml"):
        return
    of_runs, of_page = made_otherwise()
    if workflow.dag_settings.forceall or not (of_runs or of_page):
        return
    runs = [f"{RESULTS}/splits/replicate-{replicate}.csv" for replicate in REPLICATES]
    runs += every_run("scores.csv") + every_run("metrics.json")
    unknown = [file for file in runs if os.path.exists(file) and not has_record(file)]
    if of_runs and unknown:
        stop(
            f"{unknown[0]} was made with other settings: {listed(of_runs)}. Snakemake has no record "
            "of that here (.snakemake/), and would mix it with new ones. Set them as they were, give "
            f"the study another name (`study`), or have it made again: rm -r {RESULTS}"
        )
    # What is forced here brings all tables and pages after it.
    renewed = table in workflow.dag_settings.forcerun
    if of_page and os.path.exists(page) and not has_record(page) and not renewed:
        stop(
            f"{page} was made with other settings: {listed(of_page)}. Snakemake has no record of that "
            "here (.snakemake/), and would leave the page as it is. Renew it: "
            f"snakemake --forcerun {table}"
        )


def split_scans(wildcards):
    """Return the table of scans to split, unless there are splits or runs with other settings."""
    check_runs()
    return f"{DATA}/scans.csv"


@cache
def check_reuse(name):
    """Stop if a dataset's index, or what was drawn for it, would be used under other settings.

    Where Snakemake has no record of them, say by what it goes.
    """
    dataset = STUDY.datasets[name]
    recorded = dataset.record
    cure = (
        f"Set `datasets.{name}` as it was, give the dataset another name, or have all of it made "
        f"again: rm -r {dataset.folder}"
    )
    made = differences(recorded, dataset.settings)
    stop_unless_noticed(rules.index_dataset, dataset.settings, made=made, cure=cure, dataset=name)
    if dataset.synthetic:
        drawn = differences(recorded, {"phantom": dataset.phantom})
        stop_unless_noticed(
            rules.draw_phantom, dataset.phantom, made=drawn, cure=cure, dataset=name
        )
    known = workflow.persistence.metadata(IOFile(recorded, rule=None))
    if os.path.exists(recorded) and not known and workflow.is_main_process:
        logger.info(
            f"{dataset.folder} is here without Snakemake's record of how it was made (.snakemake/): "
            "what is older than its inputs will be made again. If copying has changed the times "
            "only, `snakemake --touch` keeps what is there."
        )


def dataset_to_index(wildcards):
    """Return the folder of a raw dataset, unless there is an index with other settings."""
    check_reuse(wildcards.dataset)
    return raw_dataset(wildcards)


def encoder_to_describe(wildcards):
    """Return an encoder's checkpoint, unless there are features with other settings."""
    settings = settings_of(wildcards)
    path = STUDY.datasets[wildcards.dataset].description(wildcards.encoder)
    stop_unless_noticed(
        rules.describe_encoder,
        settings,
        made=differences(path, settings),
        cure=f"Set `encoders.{wildcards.encoder}` as it was, or: snakemake --forcerun {path}",
        **wildcards,
    )
    return checkpoint_of(wildcards)
