"""What each model is and how it learns, from its own settings."""

from collections.abc import Callable, Mapping
from typing import Any

from ctseq.core.words import listed
from ctseq.report.study import Conducted, Study
from ctseq.report.tables import Table
from ctseq.study.models import (
    extraction_settings,
    head_family,
    head_type,
    training_settings,
    way_of_training,
)

_RESAMPLING = {0: "nearest", 1: "Lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "Hamming"}
_SEQUENCE_RULES = {
    "any": "any (positive if a slice is)",
    "max": "max (positive if a slice is)",
    "mean": "mean (of the slices' probabilities)",
    "noisy_or": "noisy or (of independent slices)",
    "majority": "majority (share of positive slices)",
    "top_mean": "top mean (of the three highest probabilities)",
}
# Classifiers of scikit-learn that can weigh classes.
WEIGHING = frozenset({"logistic", "svm", "forest"})


def models(study: Study) -> dict[str, Any]:
    """Return what models see, how they learn, and tables of the models and of their training."""
    config = study.config
    return {
        "views": views(study),
        "recipes": _shared(config, _recipe),
        "models": [
            model_table(config, model, study.models[name])
            for name, model in config["models"].items()
        ],
        "training": training_table(config),
    }


def views(study: Study) -> dict[str, list[str]]:
    """Return labels of the models by who combines a patient's slices: model, head or rule."""
    labels: dict[str, list[str]] = {}
    for model in study.config["models"].values():
        family = "head" if head_family(model) == "sequence" else "rule"
        view = "model" if model["kind"] == "video" else family
        labels.setdefault(view, []).append(model["label"])
    return labels


def flattered(study: Conducted) -> list[str]:
    """Return labels of the models whose epoch is chosen on the patients that are reported."""
    if study.config["tuning"]["patients"] == "train":
        return []
    models = study.config["models"].values()
    in_epochs = (model for model in models if way_of_training(study.config, model) != "classical")
    return [model["label"] for model in in_epochs]


def limits(study: Conducted) -> dict[str, Any]:
    """Return what limits the conclusion.

    Returns
    -------
    dict
        ``flattered``: labels of models whose epoch the test patients choose. ``chosen_inside``:
        what the training patients choose, in words. ``n_finetuned``: number of models.
        ``n_test``: mean number of test patients of a replicate. ``one_encoder``: whether the
        models have the same checkpoint, so that only what they see differs. ``n_never_tested``:
        number of patients that no replicate tests.
    """
    config, own = study.config, study.config["models"].values()
    inside = config["tuning"]["patients"] == "train"
    ways = [way_of_training(config, model) for model in own]
    in_epochs = [model for model, way in zip(own, ways, strict=True) if way != "classical"]
    rates = [training_settings(config, model)["learning_rate"] for model in in_epochs]
    chosen = {
        "the epoch": inside and in_epochs,
        "the learning rate": inside and any(isinstance(rate, list) for rate in rates),
        "the regularisation": "classical" in ways,
        "the threshold": config["evaluation"]["threshold"] == "chosen",
    }
    counts = study.metrics[study.metrics["metric"].isin(["tn", "fp", "fn", "tp"])]
    checkpoints = {(model["kind"], model["checkpoint"], model["revision"]) for model in own}
    return {
        "flattered": flattered(study),
        "chosen_inside": [what for what, is_chosen in chosen.items() if is_chosen],
        "n_finetuned": ways.count("finetune"),
        "n_test": counts.groupby(["model", "replicate"])["value"].sum().mean(),
        "one_encoder": len(checkpoints) == 1,
        "n_never_tested": study.n_never_tested,
    }


def training_table(config: Mapping[str, Any]) -> Table:
    """Tabulate the settings that take part in training, a column for models that share them."""
    columns = _shared(config, _settings)
    keys = [*config["training"], "choices_are_made_on", "decision_threshold"]
    rows = [
        [_spaced(key).capitalize(), *(column.get(key, "\N{EN DASH}") for column, _ in columns)]
        for key in keys
        if any(key in column for column, _ in columns)
    ]
    header = ["", *(listed(labels) if len(columns) > 1 else "" for _, labels in columns)]
    return Table("Training", header, rows, words=frozenset(range(1, len(header))))


def model_table(
    config: Mapping[str, Any], model: Mapping[str, Any], encoder: Mapping[str, Any]
) -> Table:
    """Tabulate what a model is; `encoder` is its ``models/<model>.json``."""
    sees = {"video": "video (sees a sequence)", "image": "image (sees a slice)"}
    rows = {"Kind": sees[model["kind"]], "Architecture": encoder["architecture"]}
    rows["Checkpoint"] = model["checkpoint"]
    if model["checkpoint"] == "tiny":
        rows["Checkpoint"] += " (small, pretrained on other synthetic patients)"
    else:
        rows["Revision"] = model["revision"]
        rows["Commit"] = encoder["commit"] or "a local folder, no commit"
    rows["SHA-256 of the weights"] = encoder["weights_sha256"]
    if model["kind"] == "video":
        rows["Slices seen"] = f"{model['frames']} ({model['frame_sampling']})"
    elif head_family(model) == "sequence":
        rows["Trained on the label of"] = "the patient, whose slices it sees together"
    else:
        rows["Trained on the label of"] = f"the {model['labels']}"
        rows["Slices are combined by"] = _SEQUENCE_RULES[model["sequence_rule"]]
    rows["Head"] = head_type(model)
    if model.get("shuffle_slices"):
        rows["Order of slices"] = "shuffled, as a control"
    steps = dict(encoder["preprocessing"])
    steps["resample"] = _RESAMPLING.get(steps.get("resample"), "unknown")
    rows["Preprocessing"] = "; ".join(f"{_spaced(key)} {_plain(v)}" for key, v in steps.items())
    if way_of_training(config, model) != "finetune":
        rows["Features are computed in"] = extraction_settings(config, model)["precision"]
    return Table(model["label"], ["", ""], [list(row) for row in rows.items()])


def _shared(
    config: Mapping[str, Any], facts: Callable[..., dict[str, Any]]
) -> list[tuple[dict[str, Any], list[str]]]:
    """Return facts about models, each time with the labels of the models that share them."""
    labels: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for model in config["models"].values():
        labels.setdefault(tuple(facts(config, model).items()), []).append(model["label"])
    return [(dict(key), own) for key, own in labels.items()]


def _recipe(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a model learns, as far as the report's sentences go."""
    way, settings = way_of_training(config, model), training_settings(config, model)
    if way == "classical":
        weighted = settings["loss"] == "weighted" and model["head"]["type"] in WEIGHING
        return {"way": way, "weighted": weighted}
    trainable = settings["trainable"]
    chooses_rate = way != "finetune" and config["tuning"]["patients"] == "train"
    return {
        "way": way,
        "last_blocks": trainable["last_blocks"] if isinstance(trainable, Mapping) else None,
        "loss": settings["loss"],
        "warmup": settings["warmup_steps"],
        "patience": settings["patience"],
        "chooses_rate": chooses_rate and isinstance(settings["learning_rate"], list),
    }


def _settings(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that take part in a model's training, in words."""
    way, settings = way_of_training(config, model), training_settings(config, model)
    if way == "classical":
        settings = {key: settings[key] for key in ("trainable", "augmentation")}
    elif settings["loss"] != "focal":
        settings.pop("focal_gamma", None)
    inner = config["tuning"]["patients"] == "train" or way == "classical"
    folds = f"{config['tuning']['folds']} inner folds of the training patients"
    where = ("one of " if way == "finetune" else "") + folds if inner else "the test patients"
    return {key: _plain(value) for key, value in settings.items()} | {
        "choices_are_made_on": where,
        "decision_threshold": str(config["evaluation"]["threshold"]),
    }


def _spaced(key: str) -> str:
    return key.replace("_", " ")


def _plain(value: Any) -> str:
    if isinstance(value, float):
        # A learning rate reads better with its zeros; 12 decimals are more than any has.
        return f"{value:.12f}".rstrip("0").rstrip(".") if 1e-9 < value < 1e-3 else f"{value:g}"
    if isinstance(value, list | tuple):
        sizes = all(isinstance(part, int) for part in value)  # not means or deviations
        return (" × " if sizes else ", ").join(map(_plain, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{_spaced(key)} {_plain(part)}" for key, part in value.items())
    if value is None or isinstance(value, bool):  # and not 0 or 1, which equal them
        return {None: "none", True: "yes", False: "no"}[value]
    return _spaced(str(value))
