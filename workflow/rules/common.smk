# Shared by all files of rules: the checked configuration, its study, wildcard constraints and input
# functions. No rules.

import gc
import sys
import tempfile
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

# Looking for garbage, of which a plan has none, takes a tenth of the time of planning 4,000 runs.
gc.set_threshold(100_000, 50, 100)

SCRIPTS = Path(workflow.basedir) / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS))

from ctseq.core.errors import InputError
from ctseq.core.words import duration
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import comparable_metrics
from ctseq.figures.registry import figure_files
from ctseq.study.comparison import comparison_settings, contrasts_of
from ctseq.study.config import check_config, in_order_of
from ctseq.study.digests import code_digest
from ctseq.study.finished import finished_files
from ctseq.study.multiverse import feature_names, grid_of, trainings_of
from ctseq.study.study import Study

with open(workflow.source_path("../../config.yaml"), encoding="utf-8") as defaults:
    ordered = in_order_of(config, yaml.safe_load(defaults))
config.clear()
config.update(ordered)

try:
    with open(workflow.source_path("../schemas/config.schema.yaml"), encoding="utf-8") as schema:
        check_config(config, yaml.safe_load(schema), metrics=comparable_metrics())
except InputError as error:
    raise WorkflowError(str(error))

# The published study, described by some of the keys of a configuration.
with open(workflow.source_path("../../resources/published/study.yaml"), encoding="utf-8") as study:
    PUBLISHED = yaml.safe_load(study)

STUDY = Study.of(config)
RESULTS = STUDY.results
MODELS = list(STUDY.models)
REPLICATES = STUDY.replicates


# Rules write their paths as <results>/..., which stands for the study's folder.
pathvars:
    results=RESULTS,


wildcard_constraints:
    model="|".join(STUDY.encoded),
    replicate=r"\d\d+",
    shard=f"({'|'.join(STUDY.shards)})",
    # Of features of shuffled slices, the replicate that has this order; else empty.
    order=r"(-replicate-\d\d+)?",
    # Owner, name and revision of a checkpoint on the hub.
    checkpoint=r".+--.+",
    tiny=r"image|video-\d+",


onstart:
    check_writable(RESULTS)


def check_writable(folder):
    """Stop before any job runs if results cannot be written, instead of in each of them."""
    existing = next(path for path in [Path(folder), *Path(folder).parents] if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise WorkflowError(
            f"{existing} cannot be written to: {error.strerror}. Make it writable, then give the same "
            "command again."
        )


def study_config():
    """Return the configuration without what is said about the study from outside."""
    return {k: value for k, value in config.items() if k not in ("compare_studies", "registered")}


def finished_studies(wildcards):
    """Return the files of the studies to compare; stop if one of them is not finished.

    Paths are absolute, so that they match no rule's output: finished studies are read, and never
    remade with another configuration than their own.
    """
    try:
        found = finished_files(config["compare_studies"], Path("results"))
    except InputError as error:
        raise WorkflowError(str(error))
    return {kind: [str(path.absolute()) for path in paths] for kind, paths in found.items()}


def code_of(script):
    """Return a digest of the code that decides a script's results, in the library too.

    It is the first parameter of a rule, so that changed code re-runs the rule; without a name, as
    scripts take parameters by name and only finetune.py needs it. Snakemake's own `code` trigger, which
    profiles/default leaves out, looks at the time of change of the script alone.
    """
    return code_digest(SCRIPTS / script)


def label_file(wildcards=None):
    """Return the chosen label table as an input, so that an edited one is read again."""
    if STUDY.label_table is None:
        return []
    table = Path(config["dataset"]["path"], STUDY.label_table)
    return [str(table)] if table.exists() else []


def dataset_folder(wildcards=None):
    """Return the folder of the raw dataset; stop if it is missing and not indexed yet."""
    if config["dataset"]["format"] == "phantom":
        return f"{RESULTS}/phantom"
    folder = Path(config["dataset"]["path"])
    if not folder.exists() and not Path(RESULTS, "dataset/inventory.csv").exists():
        raise WorkflowError(
            f"dataset.path is {folder}, which does not exist.\n"
            "  - The study's data, CT-ICH, is handed out by PhysioNet after registration: "
            "https://physionet.org/content/ct-ich (the JPG release, 1.2.0 or older).\n"
            "  - Unpack it and set the key in config.yaml, or on the command line:\n"
            "      snakemake --config 'dataset={path: /where/it/is}'\n"
            "  - To see the workflow without any data: make demo"
        )
    return str(folder)


def every_run(file, models=MODELS):
    """List the paths of a file in the runs of all replicates, model by model."""
    runs = [f"{RESULTS}/runs/{model}/replicate-" for model in models]
    return [f"{run}{replicate}/{file}" for run in runs for replicate in REPLICATES]


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
DRAWABLE |= {"summary": "<results>/dataset/summary.json"}
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
if trained := STUDY.models_trained_by("linear", "sequence", "finetune"):  # in epochs
    DRAWABLE |= {"histories": every_run("history.csv", models=trained)}


def figure_settings(study):
    """Return the settings that decide the figures of a study."""
    return comparison_settings(study) | {
        "labels": {name: model["label"] for name, model in study["models"].items()},
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


def files_in(folder, pattern):
    """List files of the workflow."""
    root = Path(workflow.basedir)
    return sorted(str(path.relative_to(root)) for path in (root / folder).rglob(pattern))


# What all pages are made with.
TEMPLATES = files_in("workflow/scripts/ctseq/report/templates", "*.j2")
CAPTIONS = files_in("workflow/report", "*.rst")
