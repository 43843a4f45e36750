# Shared by all files of rules. The checked configuration, names, pathvars, wildcard constraints
# and input functions. No rules.

import sys
import tempfile
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir) / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS))

from ctseq.study.config import check_config, in_order_of
from ctseq.core.errors import InputError
from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import comparable_metrics
from ctseq.study.finished import finished_files
from ctseq.study.digests import code_digest
from ctseq.imaging.windows import parse_windows

with open(workflow.source_path("../../config.yaml"), encoding="utf-8") as defaults:
    ordered = in_order_of(config, yaml.safe_load(defaults))
config.clear()
config.update(ordered)

try:
    with open(workflow.source_path("../schemas/config.schema.yaml"), encoding="utf-8") as schema:
        check_config(config, yaml.safe_load(schema), metrics=comparable_metrics())
except InputError as error:
    raise WorkflowError(str(error))

# The published study, in the words of the configuration.
with open(workflow.source_path("../../resources/published/study.yaml"), encoding="utf-8") as study:
    PUBLISHED = yaml.safe_load(study)

RESULTS = f"results/{config['study']}"
MODELS = list(config["models"])
# What the names of files of shards end in: nothing where there is one, `-2-of-4` where there are four.
SHARDS = [f"-{number}-of-{config['shards']}" for number in range(1, config["shards"] + 1)]
SHARDS = SHARDS if len(SHARDS) > 1 else [""]
REPLICATES = [f"{number:02d}" for number in range(1, config["replicates"] + 1)]


# Rules write their paths as <results>/..., which stands for the study's folder.
pathvars:
    results=RESULTS,


wildcard_constraints:
    model="|".join(MODELS),
    replicate=r"\d\d+",
    shard=f"({'|'.join(SHARDS)})",
    # Owner, name and revision of a checkpoint on the hub.
    checkpoint=r".+--.+",
    tiny=r"image|video-\d+",


onstart:
    check_writable(RESULTS)


def check_writable(folder):
    """Say before any job runs that results cannot be written, and not in the words of each job."""
    there = next(path for path in [Path(folder), *Path(folder).parents] if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise WorkflowError(
            f"{there} cannot be written to: {error.strerror}. Make it writable, then give the same "
            "command again."
        )


def study_config():
    """Give the study's own configuration: what it is set beside is none of its results."""
    return {key: value for key, value in config.items() if key != "compare_studies"}


def finished_studies(wildcards):
    """List the files of the studies to compare, or say which of them is not finished.

    Their paths are absolute, so that no output has their names: finished studies are read, and
    never remade by a configuration that they were not run with.
    """
    try:
        found = finished_files(config["compare_studies"], Path("results"))
    except InputError as error:
        raise WorkflowError(str(error))
    return {kind: [str(path.absolute()) for path in paths] for kind, paths in found.items()}


def code_of(script):
    """Return a digest of what decides a script's results: its own code and the library's behind it.

    A rule has it as its first parameter, so that a changed program re-runs the rule. It has no name,
    because scripts take parameters by name and have no use for it; profiles/default leaves
    Snakemake's own `code` trigger out, which looks at the script's time of change alone.
    """
    return code_digest(SCRIPTS / script)


def dataset_format():
    """Name the format to read: phantoms are written in any of them."""
    dataset = config["dataset"]
    return dataset["phantom"]["layout"] if dataset["format"] == "phantom" else dataset["format"]


def dataset_window():
    """Give the window in numbers, so that another spelling of the same one re-runs nothing."""
    windows = [f"{one.level:g}/{one.width:g}" for one in parse_windows(config["dataset"]["window"])]
    return windows if len(windows) > 1 else windows[0]


def label_table():
    """Give the chosen label table's path in the dataset; phantoms bring theirs."""
    dataset = config["dataset"]
    return (
        None if dataset["format"] == "phantom" or dataset["labels"] == "auto" else dataset["labels"]
    )


def label_file(wildcards=None):
    """Give the chosen label table as a file, so that an edited one is read again."""
    if label_table() is None:
        return []
    table = Path(config["dataset"]["path"], label_table())
    return [str(table)] if table.exists() else []


def dataset_folder(wildcards=None):
    """Give the raw dataset's folder, or say where one comes from.

    With a finished index, a dataset that has been moved away holds nothing up.
    """
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


def scheme_settings():
    """Give the scheme of the splits and its own keys; those of other schemes re-run nothing."""
    scheme = config["splits"]["scheme"]
    own = {"random": ["test_proportion", "stratify"], "repeated_kfold": ["folds"]}[scheme]
    return {"scheme": scheme} | {key: config["splits"][key] for key in own}


def every_run(file, models=MODELS):
    """List one file of models' every replicate, models in config's order."""
    run = f"{RESULTS}/runs/{{model}}/replicate-{{replicate}}/{file}"
    return expand(run, model=models, replicate=REPLICATES)


def trained_models():
    """List the models that are trained in epochs, of which there is a history."""
    return [
        name for name in MODELS if way_of_training(config, config["models"][name]) != "classical"
    ]


def labels_of(study):
    """Give the names of a study's models in figures and tables, in its configuration's order."""
    return {name: model["label"] for name, model in study["models"].items()}


def comparison_of(study):
    """Return the settings that decide the comparison of a study's replicates."""
    keys = ("metrics", "alpha", "undefined", "rope")
    return {"models": list(study["models"])} | {key: study["comparison"][key] for key in keys}


def tables_from(inputs):
    """Return the tables of the analyses of ``replicates`` or of ``predictions``, by their names."""
    return {
        name: f"<results>/comparison/{name}.csv"
        for name, analysis in ANALYSES.items()
        if analysis.inputs == inputs
    }


def gpu_rules(wildcards):
    """List the rules that use a GPU."""
    return sorted(rule.name for rule in workflow.rules if "gpu" in rule.resources)


def workflow_files():
    """List the Snakefile and the rule files, which decide what the rule graph looks like."""
    rules = Path(workflow.basedir, "workflow/rules").glob("*.smk")
    return ["Snakefile", *sorted(f"workflow/rules/{path.name}" for path in rules)]


def graph_config():
    """Give the part of the configuration that shapes the rule graph; two replicates show it."""
    models = {
        name: {key: value for key, value in model.items() if key != "training"}
        | {"training": {"trainable": training_settings(config, model)["trainable"]}}
        for name, model in config["models"].items()
    }
    shaping = {key: config[key] for key in ("study", "dataset", "report")}
    return shaping | {"models": models, "replicates": 2}


def published_figures(wildcards=None):
    """List the figures of the published study: the corrected analysis, and the paper's 4 to 8."""
    names = ["differences"]
    names += [f"metric-{metric}" for metric in PUBLISHED["comparison"]["metrics"]]
    names += [f"confusion-{model}" for model in PUBLISHED["models"]]
    return [f"results/published/figures/{name}.svg" for name in names]


def metric_figures(study):
    """Name what is drawn of a study's metrics: a figure a metric, and one a model."""
    drawn = {"metric": study["comparison"]["metrics"], "confusion": study["models"]}
    paths = {
        kind: [f"<results>/figures/{kind}-{name}" for name in names]
        for kind, names in drawn.items()
    }
    svg = {
        f"{kind}_svg": report(
            [f"{path}.svg" for path in own], caption=f"../report/{kind}.rst", category="Metrics"
        )
        for kind, own in paths.items()
    }
    return svg | {f"{kind}_png": [f"{path}.png" for path in own] for kind, own in paths.items()}


def captions_of(figures):
    """List the captions of figures, one a kind: `metric-recall` has that of `metric`."""
    kinds = dict.fromkeys(Path(figure).stem.partition("-")[0] for figure in figures())
    return [f"workflow/report/{kind}.rst" for kind in kinds]


def page_templates():
    """List the templates of all pages."""
    folder = SCRIPTS / "ctseq/report/templates"
    return sorted(str(path.relative_to(workflow.basedir)) for path in folder.rglob("*.j2"))


def report_figures(wildcards=None):
    """List the figures of the report, in its order; pictures of patients only where allowed."""
    names = ["flow", "differences", "curves", "calibration", "rules-runs", "rules-analysis"]
    names += ["training"] * bool(trained_models())
    names += [f"metric-{metric}" for metric in config["comparison"]["metrics"]]
    names += [f"confusion-{model}" for model in MODELS]
    names += ["ranking"] * (len(MODELS) > 2)
    figures = [f"{RESULTS}/figures/{name}.svg" for name in names]
    # A picture of pixels gains nothing from being vectors.
    return [f"{RESULTS}/figures/examples.png"] * config["report"]["example_slices"] + figures
