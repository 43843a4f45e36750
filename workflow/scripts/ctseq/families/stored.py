"""Fitted models on disk: JSON, safetensors and skops, none of which runs code when it is loaded.

A folder holds ``fitted.json`` and, as far as the family has any, ``arrays.safetensors`` and
``estimators.skops``. What was learned from the same is written as the same bytes.
"""

import io
import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write, read_json, write_json
from ctseq.families.contract import Fitted, module_of
from ctseq.families.fusion import Scale
from ctseq.families.inputs import Reading
from ctseq.families.registry import FAMILIES

# Of the layout of the folder; another one is not read.
VERSION = 2

FACTS, _ARRAYS, _ESTIMATORS = "fitted.json", "arrays.safetensors", "estimators.skops"
_SCALE = ("encoders.mean", "encoders.deviation")
_CURE = "Delete the folder and fit the model again."


def write_fitted(fitted: Fitted, folder: str | Path) -> None:
    """Write a fitted model to a folder, completely or not at all."""
    reading = fitted.reading
    scale = reading.scale and dict(
        zip(_SCALE, (reading.scale.mean, reading.scale.deviation), strict=True)
    )
    arrays = {**fitted.arrays, **(scale or {})}
    facts = {
        "version": VERSION,
        "settings": fitted.settings,
        "facts": fitted.facts,
        "reading": {
            "sequences": reading.sequences,
            "pool": reading.pool,
            "order": reading.order,
            **({"in_context": True} if reading.in_context else {}),
        },
        "encoders": fitted.encoders,
    }
    with atomic_write(folder) as unfinished:
        unfinished.mkdir()
        write_json(facts, unfinished / FACTS)
        if arrays:
            whole = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
            save_file(whole, unfinished / _ARRAYS)
        if fitted.estimators:
            (unfinished / _ESTIMATORS).write_bytes(_dumped(dict(fitted.estimators)))


def read_fitted(folder: str | Path) -> Fitted:
    """Read a fitted model.

    Raises
    ------
    InputError
        If the folder holds none, one of another version of ctseq or of scikit-learn or of an
        unknown family, or anything that its family does not have.
    """
    folder = Path(folder)
    found = read_facts(folder)
    family = found["settings"]["family"]
    if family not in FAMILIES:
        raise InputError(
            f"{folder / FACTS} is of the family {family!r}, which is not among "
            f"{', '.join(FAMILIES)}. Use the version of ctseq that fitted it, or another family."
        )
    arrays = _read_arrays(folder / _ARRAYS)
    scale = [arrays.pop(name) for name in _SCALE if name in arrays]
    reading = Reading(**found["reading"], scale=Scale(*scale) if scale else None)
    estimators = _read_estimators(folder / _ESTIMATORS, family)
    return Fitted(found["settings"], found["facts"], arrays, estimators, reading, found["encoders"])


def read_facts(folder: Path) -> dict[str, Any]:
    """Read what the folder of a fitted model says of it.

    Raises
    ------
    InputError
        If the folder holds none, or one of another version of ctseq.
    """
    if not (folder / FACTS).exists():
        raise InputError(f"{folder} holds no fitted model: it has no {FACTS}. {_CURE}")
    found = read_json(folder / FACTS)
    if found.get("version") != VERSION:
        raise InputError(
            f"{folder / FACTS} is of version {found.get('version')}, and this is version "
            f"{VERSION}. {_CURE}"
        )
    return found


def check_settings(fitted: Fitted, settings: Mapping[str, Any], folder: str | Path) -> None:
    """Check that a model, read from a folder, was fitted with settings.

    Raises
    ------
    InputError
        If it was fitted with others.
    """
    if fitted.settings != settings:
        names = fitted.settings.keys() | settings.keys()
        other = [n for n in sorted(names) if fitted.settings.get(n) != settings.get(n)]
        raise InputError(
            f"{folder} was fitted with other settings of the model than it has now: "
            f"{', '.join(other)} differ. {_CURE}"
        )


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(path) if path.exists() else {}
    except SafetensorError as error:
        raise InputError(f"{path} cannot be read: {error}. {_CURE}") from None


def _read_estimators(path: Path, family: str) -> dict[str, Any]:
    """Read estimators of none but the types that a family has."""
    if not path.exists():
        return {}
    # They take half a second, and only classifiers of scikit-learn need them.
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io import load
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            return load(path, trusted=getattr(module_of(family), "TRUSTED", {}).get(family, ()))
    except InconsistentVersionWarning as warning:
        raise InputError(
            f"{path} was written by scikit-learn {warning.original_sklearn_version}, and this is "
            f"{warning.current_sklearn_version}, which may predict otherwise. {_CURE}"
        ) from None
    except UntrustedTypesFoundException as error:
        raise InputError(
            f"{path} holds types that no {family} has, and was not loaded: {error} It may do harm. "
            f"{_CURE}"
        ) from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}. {_CURE}") from None


def _dumped(estimators: Mapping[str, Any]) -> bytes:
    """Return what skops writes, without the time and the addresses in memory that it writes, too.

    Objects are numbered in the order of the schema, and files are named by their numbers.
    """
    from skops.io import dumps

    source = zipfile.ZipFile(io.BytesIO(dumps(estimators)))
    schema = json.loads(source.read("schema.json"))
    numbers: dict[int, int] = {}
    names: dict[str, str] = {}
    for node in _nodes(schema):
        if "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers))
        if "file" in node:
            suffix = Path(node["file"]).suffix
            node["file"] = names.setdefault(node["file"], f"{len(names)}{suffix}")
    contents = {name: source.read(old) for old, name in names.items()}
    contents["schema.json"] = json.dumps(schema, separators=(",", ":")).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        for name, content in contents.items():
            # Without a time, which then is the first that the format knows.
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Return all mappings of a JSON value, outer ones first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from _nodes(part)
