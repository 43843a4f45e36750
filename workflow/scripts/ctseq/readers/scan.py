"""What a reader finds in a dataset, in one form for all formats."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ctseq.readers.walk import Found

# From a slice's position in a patient's sequence to its pixels.
Pixels = Callable[[int], np.ndarray]
SUBTYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")
CHECKSUMS = "sha256sums.txt"  # in lower case
FLAGS = (*SUBTYPES, "hemorrhage")
FILES = {"path": "str", "kind": "str", "patient_id": "str", "slice_number": "Int64"}
FILES |= {"reason": "str"}
SLICES = {"patient_id": "str", "slice_number": "int64", "path": "str"}
LABELS = {"path": "str", "row": "int64", "patient_id": "str", "slice_number": "Int64"}
LABELS |= dict.fromkeys(FLAGS, "Int8") | {"invalid": "str", "image": "str"}
# A megabyte as Python's objects.
_ROWS_AT_A_TIME = 2_000


class File(NamedTuple):
    """A file and the slices that it holds.

    Attributes
    ----------
    path
        Relative to the dataset's root, with ``/``.
    kind
        What the format takes it for.
    patient_id, slice_number
        Whose it is, empty or None where it is nobody's or of no single slice.
    reason
        A code of `reasons.FILES` where it holds no slice of the study.
    slices
        The numbers of its slices, and for each its place in the patient's sequence, in the order
        of the body.
    """

    path: str
    kind: str
    patient_id: str = ""
    slice_number: int | None = None
    reason: str = ""
    slices: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Scan:
    """A dataset's files, slices and labels, as they stand; `indexing` judges them.

    Files and labels are handed on as they are found, and may be taken once: first the files, then
    the labels, then the problems, which are known only then.

    Attributes
    ----------
    files
        Every file once, in any order.
    labels
        A row a labelled slice, or patient, as `LABELS`: the table's name and row, patient_id as
        the table writes it, flags that are NA where they are not told, the wrong cells in words,
        and what the row names the image, where it names that and no patient.
    per_patient
        Whether labels are patients': their slice_number is NA, and so are the slices' labels.
    problems
        What already the reader finds wrong, as `problems.problem` gives it.
    """

    files: Iterable[File]
    labels: Iterable[Sequence[Any]]
    per_patient: bool = False
    problems: Iterable[dict[str, Any]] = field(default_factory=list)


def frame(rows: Iterable[Any], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Make a table of rows with these columns and types.

    Rows are taken some at a time: as Python's objects they are several times as large.
    """

    def part(rows: Sequence[Any]) -> pd.DataFrame:
        return pd.DataFrame(rows, columns=list(kinds)).astype(dict(kinds))

    rows = iter(rows)
    parts = map(part, iter(lambda: list(islice(rows, _ROWS_AT_A_TIME)), []))
    return pd.concat([part([]), *parts], ignore_index=True)


def checksum_file(found: Found) -> bool:
    """Whether a file is the list of checksums that PhysioNet's releases bring along."""
    return found.path.casefold() == CHECKSUMS
