# Shared by all files of rules. The checked configuration, names, pathvars, wildcard constraints
# and input functions. No rules.

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir) / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS))

from ctseq.config import check_config
from ctseq.errors import InputError
from ctseq.imports import imported_files

try:
    with open(workflow.source_path("../schemas/config.schema.yaml"), encoding="utf-8") as schema:
        check_config(config, yaml.safe_load(schema))
except InputError as error:
    raise WorkflowError(str(error))

# The published study, in the words of the configuration.
with open(workflow.source_path("../../resources/published/study.yaml"), encoding="utf-8") as study:
    PUBLISHED = yaml.safe_load(study)

RESULTS = f"results/{config['study']}"
MODELS = list(config["models"])
REPLICATES = [f"{number:02d}" for number in range(1, config["replicates"] + 1)]


# Rules write their paths as <results>/..., which stands for the study's folder.
pathvars:
    results=RESULTS,


wildcard_constraints:
    model="|".join(MODELS),
    replicate=r"\d\d+",
    # Owner, name and revision of a checkpoint on the hub.
    checkpoint=r".+--.+",
    tiny=r"image|video-\d+",


def code_of(script):
    """List a rule's script and the library modules that it imports, to be declared as input.

    Their checksums decide whether a changed program re-runs a rule; profiles/default leaves
    Snakemake's own `code` trigger out, which looks at the script's time of change alone.
    """
    return [str(path.relative_to(workflow.basedir)) for path in imported_files(SCRIPTS / script)]


def dataset_layout():
    """Name the layout to read: phantoms are written in that of the JPG release."""
    layout = config["dataset"]["format"]
    return "ct-ich-jpg" if layout == "phantom" else layout


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
    own = {"random": ["validation_proportion", "stratify"], "repeated_kfold": ["folds"]}[scheme]
    return {"scheme": scheme} | {key: config["splits"][key] for key in own}


def model_of(wildcards):
    """Give the configuration of the model that a job is about."""
    return config["models"][wildcards.model]


def backbone_settings(wildcards):
    """Give the settings that decide a model's features; its others re-run no backbone."""
    deciding = ("kind", "checkpoint", "frames", "frame_sampling", "position_embeddings")
    model = model_of(wildcards)
    return {key: model[key] for key in deciding if key in model}


def hub_folder(model):
    """Name a hub checkpoint's folder after it, not after the model: studies share downloads."""
    name = "--".join(Path(model["checkpoint"], model["revision"]).parts)
    return f"resources/checkpoints/{name}"


def hub_model(wildcards):
    """Give the configuration of a model whose checkpoint stands in the folder to be made."""
    folder = f"resources/checkpoints/{wildcards.checkpoint}"
    return next(model for model in config["models"].values() if hub_folder(model) == folder)


def checkpoint_folder(wildcards):
    """Give the folder of a model's checkpoint: tiny, local, or fetched."""
    model = model_of(wildcards)
    name = model["checkpoint"]
    if name == "tiny":
        frames = f"-{model['frames']}" if model["kind"] == "video" else ""
        return f"resources/checkpoints/tiny-{model['kind']}{frames}"
    # An id on the hub is `owner/name`; whatever stands here as a folder, or looks like one, is.
    if name.startswith((".", "/")) or Path(name).is_dir():
        return name
    return hub_folder(model)


# Keys of training that a frozen backbone has no use for: a change of them re-runs no head.
FINE_TUNING = ("precision", "micro_batch", "gradient_checkpointing", "compile")


def training_settings(model):
    """Give a model's training settings: the study's, but for what the model overrides.

    They are sorted, as the order in which overlays name keys decides nothing.
    """
    own = model.get("training", {})
    settings = config["training"] | own
    augmentation = config["training"]["augmentation"] | own.get("augmentation", {})
    if settings["trainable"] == "head":
        settings = {key: value for key, value in settings.items() if key not in FINE_TUNING}
        augmentation = {"mirror": augmentation["mirror"]}
    return dict(sorted(settings.items())) | {"augmentation": dict(sorted(augmentation.items()))}


def training_of(wildcards):
    """Give the training settings of the model that a job is about."""
    return training_settings(model_of(wildcards))


def is_fine_tuned(model):
    """Tell whether more of a model is trained than its head."""
    return training_settings(model)["trainable"] != "head"


def models_where(holds):
    """Give a pattern of the models whose configuration satisfies `holds`.

    By it, rules are told apart that make the same files in different ways.
    """
    names = [name for name, model in config["models"].items() if holds(model)]
    return "|".join(names) or "(?!)"  # which matches nothing


def inner_folds(wildcards=None):
    """Give the number of inner folds, or None where the validation patients choose."""
    return config["selection"]["folds"] if config["selection"]["patients"] == "inner" else None


def every_run(file):
    """List one file of every model's every replicate, models in config's order."""
    run = f"{RESULTS}/runs/{{model}}/replicate-{{replicate}}/{file}"
    return expand(run, model=MODELS, replicate=REPLICATES)


def labels_of(study):
    """Give the names of a study's models in figures and tables, in its configuration's order."""
    return {name: model["label"] for name, model in study["models"].items()}


def comparison_of(study):
    """Give what the comparison of a study's replicates goes by."""
    keys = ("metrics", "alpha", "undefined", "rope")
    settings = {key: study["comparison"][key] for key in keys}
    return {"models": list(study["models"]), "labels": labels_of(study)} | settings


def gpu_rules(wildcards):
    """List the rules that use a GPU."""
    return sorted(rule.name for rule in workflow.rules if "gpu" in rule.resources)


def workflow_files():
    """List the Snakefile and the rule files, which decide what the rule graph looks like."""
    folder = Path(workflow.basedir)
    return ["Snakefile", *(str(p.relative_to(folder)) for p in sorted(folder.rglob("rules/*.smk")))]


def graph_config():
    """Give the part of the configuration that shapes the rule graph; two replicates show it."""
    models = {
        name: {key: value for key, value in model.items() if key != "training"}
        | {"training": {"trainable": training_settings(model)["trainable"]}}
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


def captions_of(figures):
    """List the captions of figures, one a kind: `metric-recall` has that of `metric`."""
    kinds = dict.fromkeys(Path(figure).stem.partition("-")[0] for figure in figures())
    return [f"workflow/report/{kind}.rst" for kind in kinds]


def templates_of(page):
    """List the templates that make a page: its own, and the parts that pages share."""
    names = ["base", "macros", "paper", "claims", page]
    return [f"workflow/scripts/ctseq/templates/{name}.html.j2" for name in names]


def report_figures(wildcards=None):
    """List the figures of the report, in its order; pictures of patients only where allowed."""
    names = ["differences", "curves", "calibration", "training", "rules-runs", "rules-analysis"]
    names += [f"metric-{metric}" for metric in config["comparison"]["metrics"]]
    names += [f"confusion-{model}" for model in MODELS]
    names += ["ranking"] * (len(MODELS) > 2)
    figures = [f"{RESULTS}/figures/{name}.svg" for name in names]
    # A picture of pixels gains nothing from being vectors.
    return [f"{RESULTS}/figures/examples.png"] * config["report"]["example_slices"] + figures
