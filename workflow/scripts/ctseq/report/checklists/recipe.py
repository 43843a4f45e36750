"""What a study knows of its models: what they are, how they learn, what they are run with."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from ctseq.core.words import listed
from ctseq.report.checklists.items import Answer
from ctseq.report.models import limits, model_table, training_table
from ctseq.report.study import Conducted
from ctseq.report.tables import Table
from ctseq.study.models import head_family, head_type, training_settings, way_of_training
from ctseq.study.study import Study

PAGE = "report.html#models"


def category(study: Conducted) -> Answer:
    """Return the kind of technology that is studied."""
    kinds = [
        f"{model['label']}, {described(study.config, model)}"
        for model in study.config["models"].values()
    ]
    return Answer(f"Machine learning on images: {'; '.join(kinds)}.", (PAGE,))


def described(config: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """Return what a model is in a few words."""
    seen = "the whole sequence" if model["kind"] == "video" else "single slices"
    way = way_of_training(config, model)
    if way == "finetune":
        return f"a deep network of the {model['kind']} kind that sees {seen}, trained from pixels"
    head = {"linear": "a linear layer", "classical": f"a classifier ({head_type(model)})"}
    head["sequence"] = f"a head ({head_type(model)}) over all slices of a patient"
    return f"{head[way]} on the features of a frozen deep network that sees {seen}"


def models(study: Conducted) -> Answer:
    """Return what every model is."""
    tables = tuple(model_facts(study, name) for name in study.config["models"])
    places = tuple(f"models/{_file(study, name)}" for name in study.config["models"])
    return Answer(
        "Each model turns slices into a probability of hemorrhage a patient.",
        (PAGE, *dict.fromkeys(places)),
        tables,
    )


def model_facts(study: Conducted, name: str) -> Table:
    """Tabulate what a model is, with no folder of the machine it was run on."""
    model = study.config["models"][name]
    public = {**model, "checkpoint": public_checkpoint(study, name)}
    return model_table(study.config, public, study.models[name])


def public_checkpoint(study: Conducted, name: str) -> str:
    """Return the name of a model's checkpoint; of a local folder its last part alone."""
    checkpoint = study.config["models"][name]["checkpoint"]
    if checkpoint == "tiny" or study.models[name]["commit"] is not None:
        return checkpoint
    return f"a local folder, {PurePath(checkpoint).name}"


def preprocessing(study: Conducted) -> Answer:
    """Return what is done to the images before a model sees them."""
    window = study.config["dataset"]["window"]
    named = window if isinstance(window, str) else ", ".join(map(str, window))
    tables = [model_facts(study, name) for name in study.config["models"]]
    steps = [f"{table.title}: {dict(table.rows)['Preprocessing']}." for table in tables]
    return Answer(
        f"Slices are shown in the window {named} as 8-bit grey values; pictures keep the window "
        f"that they were saved in. {' '.join(steps)} It is the same for all patients.",
        (PAGE, "config.yaml"),
    )


def slices_seen(study: Conducted) -> Answer:
    """Return which slices of a patient each model uses."""
    uses = []
    for model in study.config["models"].values():
        if model["kind"] == "video":
            seen = f"{model['frames']} slices of each patient ({model['frame_sampling']})"
        elif "first_slices" in model:
            seen = f"the first {model['first_slices']} slices of each patient"
        else:
            seen = "all slices of each patient"
        uses.append(f"{model['label']} uses {seen}")
    return Answer(
        "Nothing but the pixels of slices is used, and no patient is left out by choice. "
        f"{listed(uses)}.",
        (PAGE, "config.yaml"),
    )


def software(study: Conducted) -> Answer:
    """Return the versions of all programs that decide a result."""
    versions = ", ".join(f"{name} {version}" for name, version in study.versions.items())
    return Answer(
        f"The workflow ctseq ({study.revision}), run by Snakemake: {versions}.",
        ("report.html#run",),
    )


def initialisation(study: Conducted) -> Answer:
    """Return what the parameters start from."""
    starts = []
    for name, model in study.config["models"].items():
        encoder = study.models[name]
        commit = f", commit {encoder['commit']}" if encoder["commit"] else ""
        starts.append(
            f"{model['label']}: {public_checkpoint(study, name)}{commit}, SHA-256 of the weights "
            f"{encoder['weights_sha256']}"
        )
    return Answer(
        f"Encoders start from checkpoints. {'; '.join(starts)}. New layers start from random "
        f"weights, seeded by {study.config['seed']} and the replicate's number; those of a linear "
        "layer are normal with the standard deviation that the checkpoint states, its bias 0.",
        (PAGE, "config.yaml"),
    )


def training(study: Conducted) -> Answer:
    """Return how the models are trained."""
    return Answer(
        " ".join(_learns(study.config, model) for model in study.config["models"].values()),
        (PAGE, "report.html#replicates", "config.yaml", "runs/"),
        (training_table(study.config),),
    )


def selection(study: Conducted) -> Answer:
    """Return how the trained model that is tested was chosen."""
    own = limits(study)
    sentences = []
    if own["flattered"]:
        sentences.append(
            f"Of {listed(own['flattered'])} the epoch with the best accuracy on the test patients "
            "is kept, and these patients give the results, which flatters them."
        )
    if own["chosen_inside"]:
        sentences.append(
            f"Inside each replicate's training patients, {study.config['tuning']['folds']} inner "
            f"folds choose {listed(own['chosen_inside'])}."
        )
    sentences.append("Nothing is chosen between replicates: all of them are reported.")
    return Answer(" ".join(sentences), (PAGE, "report.html#limits", "report.html#replicates"))


def chosen(study: Conducted, name: str) -> str:
    """Return the smallest and largest value that a model's replicates chose, in words."""
    summaries = study.summaries.get(name, ())
    values: dict[str, list[float]] = {}
    for summary in summaries:
        for key, value in summary.items():
            if key != "relative_weight_change" and isinstance(value, int | float):
                values.setdefault(key.replace("_", " "), []).append(value)
    spans = [
        f"{key} {min(own):g}" + f" to {max(own):g}" * (min(own) < max(own))
        for key, own in values.items()
    ]
    return f"Chosen by the replicates: {', '.join(spans)}." if spans else ""


def ensembling(study: Conducted) -> Answer:
    """Return whether models are combined."""
    return Answer(
        "None: no model is combined with another, and no replicates are averaged.", (PAGE,)
    )


def building(study: Conducted) -> Answer:
    """Return how the models are built, tuned and tested inside the dataset."""
    parts = [training(study), selection(study)]
    places = dict.fromkeys(place for part in parts for place in part.places)
    return Answer(" ".join(part.text for part in parts), tuple(places), parts[0].tables)


def judged(study: Conducted) -> Answer:
    """Return who judges the predictors."""
    return Answer("Nobody: the predictors are the pixels of the slices.", (PAGE,))


def updating(study: Conducted) -> Answer:
    """Return whether a model was changed after its test."""
    return Answer("None: no model is changed or recalibrated after its test.", (PAGE,))


def predictions(study: Conducted) -> Answer:
    """Return by what the predictions were computed."""
    return Answer(
        "By the trained models themselves, in the program that trained them: scores of test rows, "
        "then one probability a patient.",
        ("runs/", "predictions.csv", PAGE),
    )


def specification(study: Conducted) -> Answer:
    """Return in which files the whole models stand."""
    places = [place for name in study.config["models"] for place in files_of(study, name)]
    return Answer(
        "Each replicate's trained weights are kept beside its settings; encoders are named by "
        "checkpoint, commit and SHA-256. A classical head is not kept: it is fitted again from "
        "its settings and seed.",
        tuple(dict.fromkeys(places)),
    )


def imbalance(study: Conducted) -> Answer:
    """Return what is done about one class having more patients."""
    config, uses = study.config, []
    for model in config["models"].values():
        settings = training_settings(config, model)
        means = [f"{settings['loss']} loss"] * (settings["loss"] in ("weighted", "focal"))
        means += ["balanced sampling of training rows"] * (settings["sampling"] == "balanced")
        uses.append(f"{model['label']}: {listed(means) or 'nothing'}")
    return Answer(
        f"Done about unequal classes in training: {'; '.join(uses)}. Test patients are never "
        "resampled, and probabilities are not recalibrated.",
        (PAGE, "config.yaml"),
    )


def output(study: Conducted) -> Answer:
    """Return what the models give out and from where on a patient is called positive."""
    threshold = study.config["evaluation"]["threshold"]
    how = f"{threshold} of every model, stated in the configuration"
    if threshold == "chosen":
        how = (
            "the one with the highest balanced accuracy over the training patients as inner folds "
            "held them out, chosen anew in each replicate"
        )
    return Answer(
        "A probability of hemorrhage a patient, and the decision that follows from a threshold: "
        f"{how}.",
        (PAGE, "predictions.csv", "config.yaml"),
    )


def files_of(study: Conducted, name: str) -> tuple[str, ...]:
    """Return the files in which a model's trained weights stand, and what goes with them."""
    model = study.config["models"][name]
    weights = {
        "finetune": "model/",
        "linear": "head.safetensors",
        "sequence": "head.safetensors",
        "classical": "training.json",
    }[way_of_training(study.config, model)]
    first = f"runs/{name}/replicate-01"
    return (f"runs/{name}/", f"{first}/{weights}", f"models/{_file(study, name)}")


def _learns(config: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    way = way_of_training(config, model)
    by = "AdamW" if way != "classical" else "scikit-learn"
    labels = "patient" if head_family(model) == "sequence" else model.get("labels", "patient")
    return (
        f"{model['label']} is {described(config, model)}; {by} fits it to the label of the "
        f"{labels}."
    )


def _file(study: Conducted, name: str) -> str:
    """Return the name of the file that describes a model's encoder, which models may share."""
    return f"{Study.of(study.config).encoder_of(name)}.json"
