"""Checks of a study's configuration; each message names the key and what to do about it."""

import datetime
import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema

from ctseq.core.errors import InputError, fail_on
from ctseq.imaging.windows import PRESETS, parse_windows
from ctseq.study.comparison import comparison_problems, not_among
from ctseq.study.further import further_problems
from ctseq.study.models import head_family, training_settings

# Keys of unreleased versions, and what to write in their place.
_RENAMED = {
    "selection": "it is now tuning, with patients: train (was inner) or test (was validation)",
    "splits.validation_proportion": "it is now splits.test_proportion",
    "comparison.rope": "it is now comparison.margins, one a metric",
    "comparison.bootstrap_resamples": "nothing is resampled any more: remove it",
}


def check_config(
    config: Mapping[str, Any], schema: Mapping[str, Any], *, metrics: Sequence[str]
) -> None:
    """Check a merged configuration: its keys and values, and whether they fit each other.

    The schema is a JSON schema, draft 2020-12; `metrics` are the names that `comparison.metrics`
    may list.

    Raises
    ------
    InputError
        Listing every problem with its key and, for an unknown key, the nearest known one.
    """
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    problems = [line for error in errors for line in _explain(error)]
    if not problems:
        problems += [*comparison_problems(config, metrics), *combination_problems(config)]
        problems += [*further_problems(config), *_registered(config["registered"])]
    fail_on(
        sorted(problems),
        title="The configuration cannot be used",
        cure="config.yaml explains every key; overlays and --config change single ones.",
    )


def in_order_of(config: Any, defaults: Any) -> Any:
    """Return a merged configuration with its keys in the order of its defaults, others last.

    Snakemake puts the keys of overlays first, which would change the order of models in tables and
    figures.
    """
    if not isinstance(config, Mapping) or not isinstance(defaults, Mapping):
        return config
    names = [name for name in defaults if name in config]
    names += [name for name in config if name not in defaults]
    return {name: in_order_of(config[name], defaults.get(name)) for name in names}


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    """Yield a line for each key with which a configuration does not fit its schema."""
    path = [str(part) for part in error.absolute_path]
    key = ".".join(path) or "the configuration"
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        for name in sorted(set(map(str, error.instance)) - set(known)):
            dotted, near = ".".join([*path, name]), difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            yield f"{dotted} is not a key; {_RENAMED.get(dotted, hint)}"
    elif error.validator == "required":
        # Each missing key is an error by itself, whose message names it first, in quotes.
        missing = error.message.split("'")[1]
        yield f"{'.'.join([*path, missing])} is missing"
    elif error.validator == "type":
        hint = ""
        if error.validator_value == "string":
            hint = "; write it in quotes"
        elif isinstance(error.instance, str) and _is_number(error.instance):
            hint = (
                "; it was read as text: write it without quotes, with a dot and a sign in an "
                "exponent (5.0e-6), and in a file (--configfile) where --config nests keys"
            )
        yield f"{key} is {error.instance!r} but must be of type {error.validator_value}{hint}"
    elif error.validator == "enum":
        yield not_among(key, error.instance, error.validator_value)
    elif path[:2] == ["comparison", "contrasts"] and len(path) == 3 and error.validator != "type":
        yield f"{key} is {error.instance!r}, but a contrast has two different models"
    elif error.validator == "anyOf":
        yield f"{key} is {error.instance!r}, which it cannot be: {error.schema['description']}"
    else:
        yield f"{key}: {error.message}"


def combination_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with combinations of keys, for a configuration that fits its schema."""
    if config["study"] == "published":
        yield "study is 'published', which names the published study's folder; choose another name"
    yield from _reading(config["dataset"])
    phantom = config["dataset"]["phantom"]
    if phantom["positive"] > phantom["patients"] - 2:
        yield (
            f"dataset.phantom.positive is {phantom['positive']} but at most patients - 2 "
            f"({phantom['patients'] - 2}) can bleed: both classes need two patients"
        )
    for name, model in config["models"].items():
        yield from _of_a_model(f"models.{name}", model, config)
    if config["evaluation"]["threshold"] == "chosen" and config["tuning"]["patients"] != "train":
        yield (
            "evaluation.threshold is 'chosen', for which tuning.patients must be train: "
            "choosing it on the patients that are reported would flatter the model"
        )
    labels = [model["label"] for model in config["models"].values()]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        yield f"models: the label {label!r} is used twice; tables could not tell them apart"


def _of_a_model(key: str, model: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a model's combination of keys."""
    training = training_settings(config, model)
    family = head_family(model)
    if family != "sequence" and model["kind"] == "image":
        needed = ("labels", "sequence_rule")
        yield from (f"{key}.{name} is missing" for name in needed if name not in model)
    if family == "sequence" and model["kind"] == "video":
        yield (
            f"{key}.head.type is {model['head']['type']!r}, which combines slices, but {key} is a "
            "video model, which sees them together already: choose a linear or classical head"
        )
    if model.get("shuffle_slices") and model["kind"] == "image" and family != "sequence":
        yield (
            f"{key}.shuffle_slices is true, but the model sees one slice at a time and no order: "
            "remove the key, or give the model a head that sees sequences"
        )
    if family == "classical" and training["loss"] == "focal":
        yield (
            f"{key}.head.type is {model['head']['type']!r}, which cannot learn a focal loss: set "
            f"{key}.training.loss to cross_entropy"
        )
    if training["trainable"] != "head" and family != "linear":
        yield (
            f"{key}.head.type is {model['head']['type']!r}, which takes a frozen encoder's "
            f"features, but training.trainable is {training['trainable']!r}: set "
            f"{key}.training.trainable to head, or remove the head"
        )
    several = isinstance(training["learning_rate"], list)
    if several and config["tuning"]["patients"] != "train":
        yield (
            f"{key}: training.learning_rate lists several, among which only inner folds may "
            "choose: set tuning.patients to train, or name one"
        )
    if several and training["trainable"] != "head":
        yield (
            f"{key}: training.learning_rate lists several, which is for cached features: a model "
            f"that is trained throughout takes one, as {key}.training.learning_rate"
        )


def _registered(registered: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the date of a registration."""
    date = registered.get("date")
    if date is not None and not _is_date(date):
        yield (
            f"registered.date is {date!r}, which is no date of the calendar: write it as "
            "year-month-day, such as 2026-02-28"
        )


def _reading(dataset: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a dataset's window and label table, given its format."""
    try:
        windows = parse_windows(dataset["window"])
    except InputError as error:
        yield str(error).rstrip(".")
        return
    if dataset["labels"] != "auto" and dataset["format"].startswith("ct-ich"):
        yield (
            f"dataset.labels is {dataset['labels']!r}, but {dataset['format']} has tables of its "
            "own: set it to auto"
        )
    layout = dataset["format"]
    layout = dataset["phantom"]["layout"] if layout == "phantom" else layout
    if layout in ("ct-ich-jpg", "folder") and windows != (PRESETS["brain"],):
        yield (
            f"dataset.window is {dataset['window']!r}, but the pictures of {layout} have their "
            "window already and no other can be made of them: set it to brain, or use scans in "
            "Hounsfield units (ct-ich-nifti, dicom)"
        )


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
