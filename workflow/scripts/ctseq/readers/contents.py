"""What a dataset holds, in one form for all formats: files, slices and label rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ctseq.readers.walk import Found

# From an index among a patient's slices to the slice's pixels.
Pixels = Callable[[int], np.ndarray]
SUBTYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")
FLAGS = (*SUBTYPES, "hemorrhage")
# The list of checksums that PhysioNet puts beside its releases, in lower case.
CHECKSUMS = "sha256sums.txt"
FILES = {"path": "str", "kind": "str", "patient_id": "str", "slice_number": "Int64"}
FILES |= {"reason": "str"}
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
        What the format takes it for.
    patient_id, slice_number
        Whose it is: empty if it is nobody's, None if it is not of one single slice.
    reason
        A code of `problems.FILES` if it holds no slice of the study.
    slices
        Number and rank of each of its slices: a patient's slices run from the feet up in the
        order of their ranks.
    """

    path: str
    kind: str
    patient_id: str = ""
    slice_number: int | None = None
    reason: str = ""
    slices: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Contents:
    """What a reader finds in a dataset, unjudged.

    Files and labels may be iterators: take the files first, then the labels. The problems are
    complete only then.

    Attributes
    ----------
    files
        Every file once, in any order.
    labels
        A row a labelled slice or patient, with the columns of `LABELS`: the table's name and row,
        patient_id as the table writes it, the flags (NA if the table does not have them), what
        is wrong with its cells, and the image's name where the row names an image and no patient.
    per_patient
        Whether labels are patients'. Then no row has a slice_number, and no slice a label.
    problems
        What already the reader finds wrong, made by `problems.problem`.
    """

    files: Iterable[File]
    labels: Iterable[Sequence[Any]]
    per_patient: bool = False
    problems: Sequence[dict[str, Any]] = field(default_factory=list)


def frame(rows: Iterable[Any], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table with these columns and types."""
    return pd.DataFrame(rows, columns=list(kinds)).astype(dict(kinds))


def file_without_slices(found: Found, tables: Sequence[str]) -> File:
    """Describe a file that is no image: a table of the dataset, or not part of its layout.

    Parameters
    ----------
    found
        The file.
    tables
        The names of the dataset's tables in its root folder, in any letter case.
    """
    names = {name.casefold() for name in (*tables, CHECKSUMS)}
    is_table = found.path.casefold() in names and not found.reason
    kind = "table" if is_table else "other"
    return File(found.path, kind, reason=found.reason or kind)
