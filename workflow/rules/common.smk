# Shared by all files of rules: the checked configuration, its study, wildcard constraints and input
# functions. No rules.

import copy
import gc

import yaml
from snakemake.utils import update_config

# Looking for garbage, of which a plan has none, takes a tenth of the time of planning 4,000 runs.
gc.set_threshold(100_000, 50, 100)

from ctseq.checks.asked import Asked
from ctseq.checks.current import files_to_check, is_encoded, is_indexed
from ctseq.core.lines import flattened
from ctseq.core.words import duration, listed
from ctseq.encoders.registry import ENCODER_TYPES, SIGHTS
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import comparable_metrics
from ctseq.figures.registry import figure_files
from ctseq.readers.formats import FORMATS
from ctseq.study.comparison import comparison_settings, contrasts_of, model_labels
from ctseq.study.config import in_order_of, resolved_config, used_config
from ctseq.study.digests import KnownDigests
from ctseq.study.encoders import catalogue_name, settings_in
from ctseq.study.made.finished import OTHER_VERSION, finished_config, finished_files
from ctseq.study.given.origins import COMMAND_LINE, Origins
from ctseq.study.multiverse import feature_names, grid_of, trainings_of, variants
from ctseq.study.made.paths import check_paths, missing_of_dataset, missing_of_encoder
from ctseq.study.preflight import (
    check_configuration,
    check_interpreter,
    check_record,
    check_results,
    check_temporary,
    put_first,
)
from ctseq.study.made.standing import (
    changes,
    check_layout,
    differences,
    mark_outdated,
    page_differences,
    run_differences,
)
from ctseq.study.study import Study
from ctseq.study.made.targets import check_targets

put_first(SCRIPTS)


def shipped_yaml(path):
    """Return the content of a YAML file of the workflow."""
    # libyaml's parser, where PyYAML has it, takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((ROOT / path).read_text(encoding="utf-8"), loader)


SCHEMA = shipped_yaml("workflow/schemas/config.schema.yaml")
try:
    if workflow.is_main_process:
        check_interpreter(sys.executable)
        check_record(ROOT / "Snakefile")
        check_temporary()
        check_configuration(workflow.configfiles, root=ROOT, keys=SCHEMA["properties"])
    defaults = shipped_yaml("config.yaml")
    if IS_MODULE:  # what a module is given changes the shipped file, too
        given = copy.deepcopy(defaults)
        update_config(given, config)
        values = ("`config` of the module", config)
    else:
        given, values = config, (COMMAND_LINE, workflow.config_settings.config)
    # Which file brought a key.
    ORIGINS = Origins(files=CONFIG_FILES, given=(values,))
    # A name of its own: the importing workflow's configuration stays as it is.
    config = resolved_config(
        in_order_of(given, defaults), SCHEMA, metrics=comparable_metrics(), origins=ORIGINS
    )
    check_layout(Study.of(config))
except InputError as error:
    stop(str(error))

# The published study, described by some of the keys of a configuration.
PUBLISHED = shipped_yaml("resources/published/study.yaml")

STUDY = Study.of(config)
RESULTS = STUDY.results
DATA = STUDY.dataset.folder
MODELS = list(STUDY.models)
ENCODERS = STUDY.encoders | variants(config)
REPLICATES = STUDY.replicates


# Rules write their paths as <results>/..., which stands for the study's folder, and <data>/..., which
# stands for that of its dataset: what is there serves all studies.
pathvars:
    results=RESULTS,
    data=DATA,


containerized: config["container"]


wildcard_constraints:
    dataset="|".join(STUDY.datasets),
    encoder="|".join(ENCODERS),
    model="|".join(STUDY.runs),
    replicate=r"\d\d+",
    shard=f"({'|'.join(STUDY.shards)})",
    # Of features of shuffled slices, the study's seed and the replicate that have this order; else
    # empty.
    order=r"(-shuffled-\d+-replicate-\d\d+)?",
    # Owner, name and revision of a checkpoint on the hub.
    checkpoint=r".+--.+",
    # Name and digest of the path of a local checkpoint that is converted.
    local=r"local-([\w.]+-)+[0-9a-f]{8}",
    # What a tiny checkpoint is made for, or its type, and how many frames.
    tiny=rf"({'|'.join(sorted({*ENCODER_TYPES, *(one.form for one in SIGHTS.values())}))})(-\d+)?",


onstart:
    try:
        check_results(RESULTS)  # instead of in each job
    except InputError as error:
        raise WorkflowError(str(error))
    say_plan()


onsuccess:
    FOLLOWER.failed = False  # what failed was tried again
    say_outdated()


onerror:
    say_outdated()


def say_outdated():
    """Mark the pages of finished studies that no longer match the shared data."""
    for page in mark_outdated(Path("results")):
        logger.warning(f"{page} no longer matches the shared data, and cannot be written to.")


def study_config():
    """Return the configuration that the study uses, without what is said about it from outside."""
    outside = ("compare_studies", "registered")
    return {key: value for key, value in used_config(config).items() if key not in outside}


def finished_studies(wildcards):
    """Return the files of the studies to compare; stop if one of them is not finished.

    Paths are absolute, so that they match no rule's output: finished studies are read, and never
    remade with another configuration than their own.
    """
    try:
        found = finished_files(config["compare_studies"], Path("results"))
    except InputError as error:
        stop(str(error))
    return {kind: [str(path.absolute()) for path in paths] for kind, paths in found.items()}


# Beside Snakemake's own record of parameters.
DIGESTS = KnownDigests(SCRIPTS, Path(".snakemake/digests.json"))


def code_of(script, *modules):
    """Return a digest of the code that decides a script's results, in the library too.

    `modules` are those that it takes from a table: of formats, encoders or families.

    It is the first parameter of a rule, so that changed code re-runs the rule; without a name, as
    scripts take parameters by name and only finetune.py needs it. Snakemake's own `code` trigger, which
    profiles/default leaves out, looks at the time of change of the script alone.
    """
    return DIGESTS.digest(script, *modules)


def as_lines(**settings):
    """Return parameters of a rule, a line each, that `ctseq.core.lines.restored` reads.

    Of parameters that differ, Snakemake shows the whole value as it was and as it is; and it compares
    values without their names, which lines have in them.
    """
    # From functions, since Snakemake looks for wildcards in braces in other text.
    return [lambda wildcards, line=line: line for line in flattened(settings)]


def every_run(file, models=MODELS):
    """List the paths of a file in the runs of all replicates, model by model."""
    runs = [f"{RESULTS}/runs/{model}/replicate-" for model in models]
    return [f"{run}{replicate}/{file}" for run in runs for replicate in REPLICATES]


def external_scores(wildcards):
    """List the scores of every run's model on the datasets that no choice has seen.

    As an input of the whole study, it stops first if a path that the study names is not there.
    """
    check_named_paths()
    return [file for one in STUDY.external for file in every_run(f"external/{one.name}.csv")]


def tables_from(inputs):
    """Return the tables of the analyses that are made from these inputs, by their names."""
    return {
        name: f"<results>/comparison/{name}.csv"
        for name, analysis in ANALYSES.items()
        if analysis.inputs == inputs
    }


# What figures are drawn from, by the names that `ctseq.figures.registry` has for it.
DRAWABLE_PUBLISHED = {"metrics": "<results>/metrics.csv"} | tables_from("replicates")
DRAWABLE = DRAWABLE_PUBLISHED | tables_from("predictions") | tables_from("slices")
DRAWABLE |= {"summary": "<data>/summary.json"}
# What trains more is part of the report where it is asked for.
FURTHER = {
    kind: tables_from(kind)
    for kind, asked in (
        ("variance", config["further"]["variance_seeds"]),
        ("learning_curve", config["further"]["learning_curve"]),
    )
    if asked
}
for tables in FURTHER.values():
    DRAWABLE |= tables
if trained := [name for name, model in STUDY.models.items() if model.in_epochs]:
    DRAWABLE |= {"histories": every_run("history.csv", models=trained)}


def figure_settings(study):
    """Return the settings that decide the figures of a study."""
    target = STUDY.dataset.target_words if study is config else study["dataset"]["target"]
    return comparison_settings(study) | {
        "labels": model_labels(study),
        "target": target,
        "shared_splits": "sizes" not in study["splits"],
    }


def figure_tables(study, drawable):
    """Return those tables that the figures of a study are drawn from."""
    drawn = figure_files(figure_settings(study), drawable).values()
    return {name: drawable[name] for figure in drawn for name in figure.tables}


def figures_of(study, drawable):
    """Return the files of a study's figures, in the order of its page."""
    drawn = figure_files(figure_settings(study), drawable)
    shown = {
        f"<results>/figures/{file}": {
            "caption": f"../report/{figure.name}.rst",
            "category": figure.category,
        }
        for file, figure in drawn.items()
    }
    return {
        "svg": [report(f"{path}.svg", **about) for path, about in shown.items()],
        "png": [f"{path}.png" for path in shown],
    }


def shipped(path):
    """Return the path of a file of the workflow.

    It is relative where the workflow runs in its own folder, so that one that was moved makes nothing
    again.
    """
    return path if AT_HOME else str(ROOT / path)


def files_in(folder, pattern):
    """List files of the workflow."""
    found = (ROOT / folder).rglob(pattern)
    return sorted(shipped(str(path.relative_to(ROOT))) for path in found)


# What all pages are made with.
TEMPLATES = files_in("workflow/scripts/ctseq/report/templates", "*.j2")
CAPTIONS = files_in("workflow/report", "*.rst")
