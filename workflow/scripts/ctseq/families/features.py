"""The features of a dataset, by one encoder or several, and what is known of its scans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.cache.features import map_features, precision_of
from ctseq.cache.row_arrays import RowArrays, Rows
from ctseq.cache.tables import ROWS
from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.core.tables import read_table, read_tables
from ctseq.core.words import listed
from ctseq.encoders.registry import SIGHTS
from ctseq.intake.tables import SCANS, SLICES

# What an encoder's description says that decides its features.
_DECIDES = ("weights_sha256", "settings", "architecture", "pooling", "frames", "preprocessing")
_DECIDES += ("width", "precision")


@dataclass(frozen=True)
class Features:
    """What encoders made of a dataset.

    Attributes
    ----------
    vectors
        Of each encoder, float32, shape (views * rows, width).
    views
        Copies of the rows in `vectors`: 2 where mirrored ones follow the originals.
    rows
        `cache.tables.ROWS`: the slice or scan of each row, the same of every encoder.
    encoders
        The description of each encoder, as the script `describe_encoder` writes it, with the
        ``precision`` in which its features were computed.
    """

    vectors: Sequence[Rows]
    views: int
    rows: pd.DataFrame
    encoders: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Labelled:
    """Features of a dataset with its tables: `intake.tables.SCANS` and `SLICES`."""

    features: Features
    scans: pd.DataFrame
    slices: pd.DataFrame


def read_features(inputs: Any) -> Features:
    """Read the features that a model takes, once for any number of trainings and predictions.

    `inputs` has paths by name: ``descriptions``, one an encoder; ``features``, ``rows`` and, if the
    model learns from mirrored images too, ``mirrored``: encoder by encoder, of each a file a shard.
    The features are mapped: memory holds those that are asked for.

    Raises
    ------
    InputError
        If files do not belong together or were computed in several precisions, or if encoders have
        not the same rows.
    """
    encoders = {Path(path).stem: read_json(path) for path in inputs.descriptions}
    views = [name for name in ("features", "mirrored") if hasattr(inputs, name)]
    of_views = [_by_encoder(getattr(inputs, view), len(encoders)) for view in views]
    encoders = {
        name: encoder | {"precision": _precision(name, [path for paths in own for path in paths])}
        for (name, encoder), *own in zip(encoders.items(), *of_views, strict=True)
    }
    vectors = [
        RowArrays([map_features(path) for paths in own for path in paths])
        for own in zip(*of_views, strict=True)
    ]
    tables = [read_tables(paths, ROWS) for paths in _by_encoder(inputs.rows, len(encoders))]
    for (name, encoder), own, rows in zip(encoders.items(), vectors, tables, strict=True):
        _check(name, encoder, own.shape, rows, len(views))
        if not rows.equals(tables[0]):
            raise InputError(
                f"The encoders {next(iter(encoders))} and {name} have not the same rows, so their "
                f"features cannot be joined. Both have to see slices, with the same `first_slices` "
                f"(encoders.{name}.first_slices), or both sequences."
            )
    return Features(vectors, len(views), tables[0], list(encoders.values()))


def read_labelled(inputs: Any) -> Labelled:
    """Read a model's features, as `read_features` does, and the tables ``scans`` and ``slices``."""
    tables = read_table(inputs.scans, SCANS), read_table(inputs.slices, SLICES)
    return Labelled(read_features(inputs), *tables)


def _by_encoder(paths: Sequence[Any], encoders: int) -> list[Sequence[Any]]:
    shards = len(paths) // encoders
    return [paths[start : start + shards] for start in range(0, encoders * shards, shards)]


def _precision(name: str, paths: Sequence[Any]) -> str:
    """Return the precision in which all files of an encoder's features were computed."""
    found = sorted({precision_of(path) for path in paths})
    if len(found) > 1:
        raise InputError(
            f"The features of the encoder {name} were computed in {listed(found)}, as "
            "`extraction.precision: auto` does on machines of several kinds, and differ by more "
            f"than rounding. Set encoders.{name}.extraction.precision to {' or '.join(found)}."
        )
    return found[0]


def _check(
    name: str, encoder: Mapping[str, Any], shape: tuple[int, ...], rows: pd.DataFrame, views: int
) -> None:
    """Check that features and rows are what an encoder, as it is described, would make."""
    found = f"{shape[0]} rows of {shape[1]} numbers"
    if shape != (views * len(rows), encoder["width"]):
        problem = f"{found}, where {views} x {len(rows)} of {encoder['width']} are expected"
    elif rows["slice_number"].isna().any() == (_row_of(encoder) == "slice"):
        problem = f"{found} that are not each a {_row_of(encoder)}"
    else:
        return
    raise InputError(
        f"The features of the encoder {name} are {problem}: its files are of different settings. "
        f"Delete features/{name}* of the dataset and make them again."
    )


def _row_of(encoder: Mapping[str, Any]) -> str:
    return SIGHTS[encoder["settings"]["sees"]].row


def check_encoders(own: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> None:
    """Check that a dataset was prepared by the encoders that a model was fitted with.

    `own` are the descriptions of the model's encoders, `found` those of the dataset's.

    Raises
    ------
    InputError
        If they differ in anything that decides features.
    """
    pairs: list[tuple[Any, Any]] = [(len(own), len(found))]
    names = ["number of encoders"]
    for mine, other in zip(own, found, strict=False):
        names += _DECIDES
        pairs += [(mine.get(name), other.get(name)) for name in _DECIDES]
    for name, (mine, other) in zip(names, pairs, strict=True):
        if mine != other:
            raise InputError(
                "The model was fitted with another encoder than the dataset was prepared by: its "
                f"{name} is {_shown(mine, other)}, and theirs {_shown(other, mine)}. Prepare the "
                "dataset by the model's own, or delete its folder `fitted` and fit it again."
            )


def _shown(one: Any, other: Any) -> Any:
    """Return a value, of two mappings only what differs."""
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        return one
    return {name: value for name, value in one.items() if value != other.get(name)}
