"""What each model is and how it learns, in words made from its own settings."""

from collections.abc import Mapping
from typing import Any

from ctseq.core.words import listed
from ctseq.report.tables import Table
from ctseq.study.models import head_family, training_settings, way_of_training

_KINDS = {"video": "video (sees a sequence)", "image": "image (sees a slice)"}
_RESAMPLING = {0: "nearest", 1: "Lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "Hamming"}
_SEQUENCE_RULES = {
    "any": "any (positive if a slice is)",
    "max": "max (positive if a slice is)",
    "mean": "mean (of the slices' probabilities)",
    "noisy_or": "noisy or (of independent slices)",
    "majority": "majority (share of positive slices)",
    "top_mean": "top mean (of the three highest probabilities)",
}
_LOSSES = {
    "cross_entropy": "cross-entropy",
    "weighted": "cross-entropy, its classes weighed inversely to their frequency",
    "focal": "the focal loss",
}
# Classifiers of scikit-learn that can weigh classes.
WEIGHING = frozenset({"logistic", "svm", "forest"})
_FITTED = {
    "linear": "the backbone is frozen and turns each slice or sequence into features once, to "
    "which a final linear layer is fitted.",
    "sequence": "a head that sees all slices of a patient together is fitted to the features of a "
    "frozen backbone.",
}


def ways_of(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the labels of the models that are trained in each way."""
    ways: dict[str, list[str]] = {}
    for model in config["models"].values():
        ways.setdefault(way_of_training(config, model), []).append(model["label"])
    return ways


def choices(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return whose numbers are flattered by choosing, and what is chosen where it flatters none.

    Returns
    -------
    dict
        ``flattered``: labels of models whose epoch the test patients choose. ``chosen_inside``:
        what the training patients choose, in words.
    """
    inside = config["tuning"]["patients"] == "train"
    ways = ways_of(config)
    epochs = [label for way, own in ways.items() if way != "classical" for label in own]
    several = any(
        isinstance(training_settings(config, model)["learning_rate"], list)
        for model in config["models"].values()
        if model["label"] in epochs
    )
    chosen = {
        "the epoch": inside and epochs,
        "the learning rate": inside and several,
        "the regularisation": "classical" in ways,
        "the threshold": config["evaluation"]["threshold"] == "chosen",
    }
    return {
        "flattered": [] if inside else epochs,
        "chosen_inside": [what for what, is_so in chosen.items() if is_so],
    }


def learning(config: Mapping[str, Any]) -> list[str]:
    """Say how the models learn, in a paragraph for all models of which the same holds."""
    said: dict[str, list[str]] = {}
    for model in config["models"].values():
        classical = way_of_training(config, model) == "classical"
        text = _classical(config, model) if classical else _by_gradients(config, model)
        if classical or config["tuning"]["patients"] == "train":
            text += " Test patients are looked at once."
        said.setdefault(text, []).append(model["label"])
    return [f"{listed(labels)}: {text}" for text, labels in said.items()]


def _classical(config: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    weighted = training_settings(config, model)["loss"] == "weighted"
    weighs = weighted and model["head"]["type"] in WEIGHING
    return (
        "a classifier of scikit-learn is fitted to the features of a frozen backbone"
        + (", its classes weighed inversely to their frequency" if weighs else "")
        + f". The training patients are dealt over {config['tuning']['folds']} folds, and each is "
        "held out once: the Brier score of those held out says which regularisation to take."
    )


def _by_gradients(config: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    way, settings = way_of_training(config, model), training_settings(config, model)
    folds, patience = config["tuning"]["folds"], settings["patience"]
    warmup = settings["warmup_steps"]
    fitted = _FITTED.get(way) or _finetuned(settings["trainable"])
    text = (
        f"{fitted} Training is by AdamW, on {_LOSSES[settings['loss']]}. The learning rate "
        + (f"rises over {warmup} steps and then falls" if warmup else "falls")
        + " linearly to zero. "
    )
    if config["tuning"]["patients"] == "test":
        return text + (
            f"Training stops after {patience} epochs without a better accuracy on the test "
            "patients, and the best epoch is kept."
        )
    if way == "finetune":
        return text + (
            f"One of {folds} folds of the training patients is held out: training stops after "
            f"{patience} epochs without a better accuracy on it, and the best epoch is kept. It is "
            "not repeated on all training patients."
        )
    rate = " and learning rate" if isinstance(settings["learning_rate"], list) else ""
    return text + (
        f"The training patients are dealt over {folds} folds, and each is held out once: the loss "
        f"on those held out says when to stop, after {patience} epochs without a lower one, and "
        f"which epoch{rate} to take, with which the head is trained anew on all training patients."
    )


def _finetuned(trainable: str | Mapping[str, int]) -> str:
    if trainable == "all":
        return "the model is trained from pixels, in all its weights."
    number = trainable["last_blocks"]
    blocks = "last block" if number == 1 else f"last {number} blocks"
    return f"the model's {blocks} and what follows are trained from pixels."


def training_table(config: Mapping[str, Any]) -> Table:
    """Tabulate the settings that take part in training, a column for models that share them."""
    columns: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for model in config["models"].values():
        column = tuple(_settings_of(config, model).items())
        columns.setdefault(column, []).append(model["label"])
    cells = [dict(column) for column in columns]
    keys = [*config["training"], "choices_are_made_on", "decision_threshold"]
    rows = [
        [_spaced(key).capitalize(), *(column.get(key, "\N{EN DASH}") for column in cells)]
        for key in keys
        if any(key in column for column in cells)
    ]
    single = len(columns) == 1
    header = ["", ""] if single else ["", *map(listed, columns.values())]
    return Table("Training", header, rows, words=frozenset(range(1, len(header))))


def _settings_of(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, str]:
    way, settings = way_of_training(config, model), training_settings(config, model)
    if way == "classical":
        settings = {key: settings[key] for key in ("trainable", "augmentation")}
    elif settings["loss"] != "focal":
        settings = {key: value for key, value in settings.items() if key != "focal_gamma"}
    inner = config["tuning"]["patients"] == "train" or way == "classical"
    folds = f"{config['tuning']['folds']} inner folds of the training patients"
    where = ("one of " if way == "finetune" else "") + folds if inner else "the test patients"
    return {key: _plain(value) for key, value in settings.items()} | {
        "choices_are_made_on": where,
        "decision_threshold": str(config["evaluation"]["threshold"]),
    }


def model_table(
    config: Mapping[str, Any], settings: Mapping[str, Any], description: Mapping[str, Any]
) -> Table:
    """Tabulate what a model is.

    Parameters
    ----------
    config
        The study's configuration.
    settings
        The model's own part of it.
    description
        ``models/<model>.json`` of its backbone.
    """
    rows = {"Kind": _KINDS[settings["kind"]], "Architecture": description["architecture"]}
    rows["Checkpoint"] = settings["checkpoint"]
    if settings["checkpoint"] == "tiny":
        rows["Checkpoint"] += " (small, pretrained on other synthetic patients)"
    else:
        rows["Revision"] = settings["revision"]
        rows["Commit"] = description["commit"] or "a local folder, no commit"
    rows["SHA-256 of the weights"] = description["weights_sha256"]
    if settings["kind"] == "video":
        rows["Slices seen"] = f"{settings['frames']} ({settings['frame_sampling']})"
    elif head_family(settings) == "sequence":
        rows["Trained on the label of"] = "the patient, whose slices it sees together"
    else:
        rows["Trained on the label of"] = f"the {settings['labels']}"
        rows["Slices are combined by"] = _SEQUENCE_RULES[settings["sequence_rule"]]
    rows["Head"] = settings.get("head", {"type": "linear"})["type"]
    if settings.get("shuffle_slices"):
        rows["Order of slices"] = "shuffled, as a control"
    steps = dict(description["preprocessing"])
    steps["resample"] = _RESAMPLING.get(steps.get("resample"), "unknown")
    rows["Preprocessing"] = "; ".join(f"{_spaced(key)} {_plain(v)}" for key, v in steps.items())
    if way_of_training(config, settings) != "finetune":
        extraction = config["extraction"] | settings.get("extraction", {})
        rows["Features are computed in"] = extraction["precision"]
    return Table(settings["label"], ["", ""], [list(row) for row in rows.items()])


def share_a_backbone(config: Mapping[str, Any]) -> bool:
    """Tell whether all models have the same checkpoint, so that only what they see differs."""
    keys = ("kind", "checkpoint", "revision")
    return len({tuple(model[key] for key in keys) for model in config["models"].values()}) == 1


def _spaced(key: str) -> str:
    return key.replace("_", " ")


def _plain(value: Any) -> str:
    if isinstance(value, float):
        # A learning rate reads better with its zeros; 12 decimals are more than any has.
        return f"{value:.12f}".rstrip("0").rstrip(".") if 1e-9 < value < 1e-3 else f"{value:g}"
    if isinstance(value, (list, tuple)):
        sizes = all(isinstance(part, int) for part in value)  # not means or deviations
        return (" × " if sizes else ", ").join(map(_plain, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{_spaced(key)} {_plain(part)}" for key, part in value.items())
    if value is None or isinstance(value, bool):  # and not 0 or 1, which equal them
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value).replace("_", " ")
