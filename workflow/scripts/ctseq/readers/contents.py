"""The files, slices and label rows of a dataset, in one form for all formats."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ctseq.readers.subtypes import SUBTYPES
from ctseq.readers.walk import Found

# A function from the index of one of a patient's slices to its pixels.
Pixels = Callable[[int], np.ndarray]
FLAGS = (*SUBTYPES, "hemorrhage")
# The list of checksums that PhysioNet puts beside its releases, in lower case.
CHECKSUMS = "sha256sums.txt"
FILES = {"path": "str", "kind": "str", "patient_id": "str", "slice_number": "Int64"}
FILES |= {"reason": "str", "spacing_mm": "float64"}
SLICES = {"patient_id": "str", "slice_number": "int64", "rank": "int64", "path": "str"}
LABELS = {"path": "str", "row": "int64", "patient_id": "str", "slice_number": "Int64"}
LABELS |= dict.fromkeys(FLAGS, "Int8") | {"invalid": "str", "image": "str"}


class File(NamedTuple):
    """A file and the slices that it holds.

    Attributes
    ----------
    path
        Relative to the dataset's root, with ``/``.
    kind
        Such as ``brain``, ``mask`` or ``table``: what the format uses it for.
    patient_id, slice_number
        The patient and slice that it shows; empty if there is no patient, None unless it shows
        exactly one slice.
    reason
        A code of `problems.UNUSED_FILES` if it holds no slice of the study.
    spacing_mm
        Distance between neighbouring slices of its scan along the body, the median; NaN if unknown.
    slices
        Number and rank of each of its slices; ranks rise from the feet to the head.
    """

    path: str
    kind: str
    patient_id: str = ""
    slice_number: int | None = None
    reason: str = ""
    spacing_mm: float = nan
    slices: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Contents:
    """What a reader finds in a dataset, not yet checked.

    Files and labels may be iterators: take the files first, then the labels. Only after that is
    the list of problems complete.

    Attributes
    ----------
    files
        Every file once, in any order.
    labels
        A row for each labelled slice or patient, with the columns of `LABELS`: the table's name and
        row, patient_id as the table writes it, the flags (NA where the table has none), what is
        wrong with the cells, and the image's name where the row names an image and no patient.
    per_patient
        Whether the labels are of patients; no row then has a slice_number.
    problems
        What the reader itself finds wrong, made by `problems.problem`.
    """

    files: Iterable[File]
    labels: Iterable[Sequence[Any]]
    per_patient: bool = False
    problems: Sequence[dict[str, Any]] = field(default_factory=list)


def frame(rows: Iterable[Any], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table whose columns and types are those of `kinds`."""
    return pd.DataFrame(rows, columns=list(kinds)).astype(dict(kinds))


def file_without_slices(found: Found, tables: Sequence[str]) -> File:
    """Describe a file without an image: one of the root folder's `tables`, or any other file."""
    names = {name.casefold() for name in (*tables, CHECKSUMS)}
    is_table = found.path.casefold() in names and not found.reason
    kind = "table" if is_table else "other"
    return File(found.path, kind, reason=found.reason or kind)
