"""The files, slices and label rows of a dataset, in one form for all formats."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ctseq.readers.subtypes import SUBTYPES
from ctseq.readers.walk import Found

# A function from the index of one of a scan's slices to its pixels.
Pixels = Callable[[int], np.ndarray]
# What a label row may say; `target` is a column that only the configuration names.
FLAGS = (*SUBTYPES, "hemorrhage", "fracture", "target")
# Tables beside any dataset, in lower case: the patients' ages and sexes, and PhysioNet's checksums.
DEMOGRAPHICS, CHECKSUMS = "patient_demographics.csv", "sha256sums.txt"
FILES = {"path": "str", "kind": "str", "scan_id": "str", "patient_id": "str"}
FILES |= {"slice_number": "Int64", "reason": "str"}
SLICES = {"scan_id": "str", "patient_id": "str", "slice_number": "int64", "rank": "int64"}
SLICES |= {"position_mm": "float64", "path": "str"}
LABELS = {"path": "str", "row": "int64", "scan_id": "str", "patient_id": "str"}
LABELS |= {"slice_number": "Int64"} | dict.fromkeys(FLAGS, "Int8")
LABELS |= {"invalid": "str", "image": "str"}


class File(NamedTuple):
    """A file and the slices that it holds.

    Attributes
    ----------
    path
        Relative to the dataset's root, with ``/``.
    kind
        Such as ``brain``, ``mask`` or ``table``: what the format uses it for.
    scan_id, patient_id, slice_number
        The scan, patient and slice that it shows; empty if there is none, None unless it shows
        exactly one slice. A scan that is its patient's only one has the patient's id.
    reason
        A code of `problems.UNUSED_FILES` if it holds no slice of the study.
    slices
        Number, rank and position of each of its slices: ranks rise from the feet to the head, as
        do positions along the slices' normal, in mm; NaN if unknown.
    """

    path: str
    kind: str
    scan_id: str = ""
    patient_id: str = ""
    slice_number: int | None = None
    reason: str = ""
    slices: Sequence[tuple[int, int, float]] = ()


class Series(NamedTuple):
    """What the files say of a scan; NaN and empty where they do not tell.

    Attributes
    ----------
    spacing_mm
        Distance between neighbouring slices along their normal, the median.
    row_mm, column_mm
        Distance between neighbouring rows and columns of pixels.
    orientation
        As `geometry.orientation_words` puts it.
    description
        What the scanner's protocol calls the series; never anything that names a person.
    choice
        Of how many series this one was chosen, and what it is, in words; empty if the format has
        no series.
    note
        What is odd about the scan's files, in words, such as how they had to be put in order.
    """

    scan_id: str
    patient_id: str
    spacing_mm: float = nan
    row_mm: float = nan
    column_mm: float = nan
    orientation: str = ""
    description: str = ""
    choice: str = ""
    note: str = ""


@dataclass(frozen=True)
class Contents:
    """What a reader finds in a dataset, not yet checked.

    Files and labels may be iterators: take the files first, then the labels. Only after that are
    the lists of problems and series complete.

    Attributes
    ----------
    files
        Every file once, in any order.
    labels
        A row for each labelled slice, scan or patient, with the columns of `LABELS`: the table's
        name and row, ids as the table writes them, the flags (NA where the table has none), what is
        wrong with the cells, and the image's name where the row names an image alone.
    labels_of
        What each row is about: a ``slice``, or a ``scan`` or ``patient``, which has no
        slice_number. Rows without scan_id are about the only scan of their patient, and those of
        patients about all of their scans.
    problems
        What the reader itself finds wrong, made by `problems.problem`.
    series
        Of scans of which the files tell something.
    notes
        What is to be said of how the dataset was read, a sentence each.
    counted
        Whether slices are numbered by their order, so that one that is lost shifts all above it.
    """

    files: Iterable[File]
    labels: Iterable[Sequence[Any]]
    labels_of: str = "slice"
    problems: Sequence[dict[str, Any]] = field(default_factory=list)
    series: Sequence[Series] = field(default_factory=list)
    notes: Sequence[str] = ()
    counted: bool = False


def frame(rows: Iterable[Any], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table whose columns and types are those of `kinds`."""
    return pd.DataFrame(rows, columns=list(kinds)).astype(dict(kinds))


def file_without_slices(found: Found, *tables: str) -> File:
    """Describe a file without an image: a table of the root folder, of these names, or another."""
    names = {name.casefold() for name in (*tables, DEMOGRAPHICS, CHECKSUMS)}
    is_table = found.path.casefold() in names and not found.reason
    kind = "table" if is_table else "other"
    return File(found.path, kind, reason=found.reason or kind)
