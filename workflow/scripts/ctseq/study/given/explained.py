"""Messages on a configuration that does not fit its schema, and on keys that went elsewhere."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema

from ctseq.core.words import not_among

# Keys of other versions, by pattern, and where they went.
_MOVED = {
    r"selection": "it is now tuning, with patients: train (was inner) or test (was validation)",
    r"splits\.validation_proportion": "it is now splits.test_proportion",
    r"comparison\.rope": "it is now comparison.margins, one a metric",
    r"comparison\.bootstrap_resamples": "nothing is resampled any more: remove it",
    r"models\.[^.]+\.kind": "it is now `sees` of its encoder in `encoders`: slice (was image) or "
    "sequence (was video)",
    r"models\.[^.]+\.head": "its type is now the model's `family`",
    r"models\.[^.]+\.(checkpoint|revision|frames|frame_sampling|position_embeddings|first_slices|"
    r"extraction)": "it moved to the model's encoder in `encoders`",
}
_DATASET_MOVED = (
    "dataset is now the name of one of `datasets`, where its keys went: "
    "datasets: {{NAME: {{{keys}}}}} and dataset: NAME"
)
_PATIENT_LABELS = "; patient is now called scan"


def schema_problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Say of each key with which a configuration does not fit its schema what is wrong.

    An unknown key is named with where it went, or with the nearest known one.
    """
    if isinstance(config.get("dataset"), Mapping):
        keys = ", ".join(f"{key}: {value}" for key, value in config["dataset"].items())
        return [_DATASET_MOVED.format(keys=keys)]
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    found = [line for error in errors for line in _explain(error)]
    # What has moved leaves other keys missing, which the first message explains.
    moved = [line for line in found if " is not a key; it " in line]
    return [line for line in found if not (moved and line.endswith(" is missing"))]


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    """Yield a line for each key with which a configuration does not fit its schema."""
    path = [str(part) for part in error.absolute_path]
    key = ".".join(path) or "the configuration"
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        for name in sorted(set(map(str, error.instance)) - set(known)):
            dotted = ".".join([*path, name])
            where = _moved(dotted) or _nested(name, known) or _nearest(name, known)
            yield f"{dotted} is not a key; {where}"
    elif error.validator == "required":
        # Each missing key is an error by itself, whose message names it first, in quotes.
        missing = error.message.split("'")[1]
        yield f"{'.'.join([*path, missing])} is missing"
    elif error.validator == "type":
        yield f"{key} is {error.instance!r} but must be of type {_types(error)}{_of_type(error)}"
    elif "propertyNames" in error.absolute_schema_path and error.validator == "pattern":
        yield f"{key}: the name {error.instance!r} may have a-z, 0-9, _ and - only"
    elif error.validator == "enum":
        renamed = _PATIENT_LABELS if path[-1:] == ["labels"] and error.instance == "patient" else ""
        yield not_among(key, error.instance, error.validator_value) + renamed
    elif path[:2] == ["comparison", "contrasts"] and len(path) == 3:
        yield f"{key} is {error.instance!r}, but a contrast has two different models"
    elif path == ["compare"] and error.validator == "minItems":
        yield f"compare names {len(error.instance)} model, but a comparison needs two or more"
    elif error.validator == "uniqueItems":
        twice = sorted({f"{one}" for one in error.instance if error.instance.count(one) > 1})
        yield f"{key} names {', '.join(twice)} twice"
    elif error.validator == "pattern" and path == ["study"]:
        yield f"study is {error.instance!r}; a name has letters, digits, _, . and - without blanks"
    elif error.validator == "anyOf":
        yield f"{key} is {error.instance!r}, which it cannot be: {error.schema['description']}"
    else:
        yield f"{key}: {error.message}"


def _moved(dotted: str) -> str:
    return next((where for key, where in _MOVED.items() if re.fullmatch(key, dotted)), "")


def _nested(name: str, known: Sequence[str]) -> str:
    """Return how a dotted key is written, if it begins with a known one."""
    first, *inner = name.split(".")
    if not inner or first not in known:
        return ""
    opened = "".join(f"{{{key}: " for key in inner)
    return f"write it nested: {first}: {opened}...{'}' * len(inner)}"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"


def _types(error: jsonschema.ValidationError) -> str:
    value = error.validator_value
    return value if isinstance(value, str) else " or ".join(value)


def _of_type(error: jsonschema.ValidationError) -> str:
    """Return a hint on a value of another type."""
    if error.validator_value == "string":
        return "; write it in quotes"
    if isinstance(error.instance, str) and _is_number(error.instance):
        return (
            "; it was read as text: write it without quotes, with a dot and a sign in an exponent "
            "(5.0e-6), and in a file (--configfile) where --config nests keys"
        )
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
