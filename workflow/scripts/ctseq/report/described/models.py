"""What each model is and how it learns, from its own settings."""

from collections.abc import Callable, Sequence
from typing import Any

from ctseq.core.words import listed
from ctseq.encoders.registry import SIGHTS
from ctseq.families.registry import LISTED
from ctseq.report.described.encoders import encoder_rows, plain, spaced
from ctseq.report.study import Conducted, Study
from ctseq.report.tables import Table
from ctseq.study.models import SOLVED, Model

SEQUENCE_RULES = {
    "any": "any (positive if a slice is)",
    "max": "max (positive if a slice is)",
    "mean": "mean (of the slices' probabilities)",
    "noisy_or": "noisy or (of independent slices)",
    "majority": "majority (share of positive slices)",
    "top_mean": "top mean (of the three highest probabilities)",
}


def models(study: Study) -> dict[str, Any]:
    """Return what models see, how they learn, and the table of their training."""
    return {
        "views": _shared(study, _view),
        "recipes": _shared(study, _recipe),
        "training": training_table(study),
    }


def sights(model: Model) -> str:
    """Return what the encoders of a model see, in words."""
    return listed(dict.fromkeys(SIGHTS[one.sees].words for one in model.encoders))


def members_words(model: Model) -> str:
    """Return the labels of the models that an ensemble combines; empty of others."""
    return listed(one.label for one in model.members)


def flattered(study: Conducted) -> list[str]:
    """Return labels of the models whose epoch is chosen on the patients that are reported."""
    if study.config["tuning"]["patients"] == "train":
        return []
    return [model.label for model in study.resolved.models.values() if model.in_epochs]


def limits(study: Conducted) -> dict[str, Any]:
    """Return what limits the conclusion.

    Returns
    -------
    dict
        ``flattered``: labels of models whose epoch the test patients choose. ``chosen_inside``:
        what the training patients choose, in words. ``n_finetuned``: number of models.
        ``n_test``: mean number of test scans of a replicate. ``one_encoder``: whether the models
        have the same checkpoints, so that only what they see differs. ``n_never_tested``: number
        of patients that no replicate tests. ``external``: names of the datasets that are scored.
    """
    resolved = study.resolved
    own = resolved.models.values()
    inside = resolved.inner_folds is not None
    in_epochs = [model for model in own if model.in_epochs]
    listed_keys = {key for model in in_epochs for key in _listed_keys(model)}
    chosen = {
        "the epoch": inside and in_epochs,
        **{f"the {spaced(key)}": inside and key in listed_keys for key in LISTED},
        "every hyperparameter": any(model.about.always_tunes or model.solved for model in own),
        "the threshold": resolved.threshold == "chosen",
    }
    counts = study.metrics[study.metrics["metric"].isin(["tn", "fp", "fn", "tp"])]
    keys = ("type", "sees", "checkpoint", "revision", "subfolder")
    weights = [[[getattr(one, key) for key in keys] for one in m.encoders] for m in own]
    return {
        "flattered": flattered(study),
        "chosen_inside": [what for what, is_chosen in chosen.items() if is_chosen],
        "n_finetuned": sum(model.finetuned for model in own),
        "n_test": counts.groupby(["model", "replicate"])["value"].sum().mean(),
        "one_encoder": all(one == weights[0] for one in weights),
        "n_never_tested": study.n_never_tested,
        "external": [dataset.name for dataset in resolved.external],
    }


def training_table(study: Conducted) -> Table:
    """Tabulate the settings that take part in training, a column for models that share them."""
    columns = _shared(study, _settings)
    keys = [*study.config["training"], "choices_are_made_on", "decision_threshold"]
    rows = [
        [spaced(key).capitalize(), *(column.get(key, "\N{EN DASH}") for column, _ in columns)]
        for key in keys
        if any(key in column for column, _ in columns)
    ]
    header = ["", *(listed(labels) if len(columns) > 1 else "" for _, labels in columns)]
    return Table("Training", header, rows, words=frozenset(range(1, len(header))))


def model_table(study: Conducted, name: str) -> Table:
    """Tabulate what a model is, with no folder of the machine it was run on.

    Its encoders stand side by side, if there are several, and in the first column what is of all.
    """
    model = study.resolved.models[name]
    encoders = [encoder_rows(study, encoder) for encoder in model.encoders]
    titles = dict.fromkeys(title for own in encoders for title in own)
    cells = [[title, *(own.get(title, "\N{EN DASH}") for own in encoders)] for title in titles]
    blank = [""] * (len(encoders) - 1)
    cells += [[title, cell, *blank] for title, cell in _own(study, model).items()]
    return Table(model.label, ["", "", *blank], cells)


def taught(study: Conducted, model: Model) -> str:
    """Return whose label a model is taught: of a slice, or of what is counted."""
    return "slice" if model.slicewise and model.labels == "slice" else study.unit


def _own(study: Conducted, model: Model) -> dict[str, str]:
    """Return what a model is beside its encoders, title to cell."""
    rows = {"Learned by": model.about.words}
    if model.members:
        rows["Members"] = members_words(model)
    if model.pool:
        rows["Slices are pooled by"] = model.pool
    rows["Trained on the label of"] = f"the {taught(study, model)}"
    if model.slicewise:
        rows["Slices are combined by"] = SEQUENCE_RULES[model.sequence_rule]
    if model.shuffled:
        rows["Order of slices"] = "shuffled, as a control"
    found = [study.precisions.get(one.name) for one in model.encoders if not model.finetuned]
    if precisions := [*filter(None, dict.fromkeys(found))]:  # a member may be trained from pixels
        rows["Features are computed in"] = listed(precisions)
    return rows


def _shared(
    study: Conducted, facts: Callable[[Conducted, Model], dict[str, Any]]
) -> list[tuple[dict[str, Any], list[str]]]:
    """Return facts about models, each time with the labels of the models that share them."""
    labels: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for model in study.resolved.models.values():
        labels.setdefault(tuple(facts(study, model).items()), []).append(model.label)
    return [(dict(key), own) for key, own in labels.items()]


def _view(study: Conducted, model: Model) -> dict[str, Any]:
    """Return what a model's encoders see, and by what a scan's slices are combined."""
    by = "head" if model.about.together else "encoder"
    if model.slicewise:
        by = "both" if model.about.together else "rule"
    return {"sees": sights(model), "by": by, "pool": model.pool, "members": members_words(model)}


def _recipe(study: Conducted, model: Model) -> dict[str, Any]:
    """Return how a model learns, as far as the report's sentences go."""
    about, training = model.about, model.training
    recipe = {
        "members": members_words(model),
        "combined": about.words * bool(model.members),
        "finetuned": model.finetuned,
        "joined": len(model.encoders) > 1,
        "epochs": model.in_epochs,
        "tunes": about.always_tunes or model.solved,
        "solved": model.solved,
        "loss": training["loss"],
        "prepared": _prepared(model),
    }
    if not model.in_epochs:
        return recipe
    chooses = study.resolved.inner_folds is not None and not model.finetuned
    keys = _listed_keys(model) if chooses else []
    return recipe | {
        "last_blocks": model.parts.get("last_blocks"),
        "adapters": _adapters(**model.parts) if "lora" in model.parts else None,
        "warmup": training["warmup_steps"],
        "patience": training["patience"],
        "chosen": ("epoch", *map(spaced, keys)),
        "halving": chooses and model.settings["halving"],
        "seeds": training.get("seeds", 1),
    }


def _adapters(lora: int, alpha: float | None = None, layers: Sequence[str] = ()) -> str:
    """Return in words what a model's low-rank adapters are; arguments are keys of `trainable`."""
    where = listed(layers) or "of attention's queries and values or, if it has none, pointwise ones"
    return f"of rank {lora}, scaled by {(alpha or 2 * lora) / lora:g}, beside its layers {where}"


def _prepared(model: Model) -> str:
    """Return in words what a linear head, or one in epochs, makes of features before it learns."""
    if model.solved:
        return "standardised"
    steps = ["standardised"] * model.training.get("standardise", False)
    if components := model.training.get("components"):
        steps.append(f"reduced to {components} principal components")
    return listed(steps)


def _listed_keys(model: Model) -> list[str]:
    """Return the keys of a model's training that list several values, which are chosen from."""
    values = {key: model.training.get(key) for key in LISTED}
    return [key for key, own in values.items() if isinstance(own, list) and len(own) > 1]


def _settings(study: Conducted, model: Model) -> dict[str, str]:
    """Return the settings that take part in a model's training, in words."""
    settings, tuning = dict(model.training), study.config["tuning"]
    if not model.in_epochs:
        keys = ["trainable", *(SOLVED if model.solved else ()), "augmentation"]
        settings = {key: settings[key] for key in keys if not model.members}
    where = "one of " * model.finetuned + f"{tuning['folds']} inner folds of the training patients"
    if tuning["repeats"] > 1 and not model.finetuned:
        where += f", drawn {tuning['repeats']} times"
    if tuning["patients"] == "test" and not model.about.always_tunes:
        where = "the test patients" if model.in_epochs else "nothing"
    for key in LISTED:
        if isinstance(settings.get(key), list):  # several numbers, and not the sides of something
            settings[key] = ", ".join(map(plain, settings[key]))
    return {key: plain(value) for key, value in settings.items()} | {
        "choices_are_made_on": where,
        "decision_threshold": str(study.resolved.threshold),
    }
