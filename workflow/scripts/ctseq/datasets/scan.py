"""What a reader finds in a dataset, in one form for all formats."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from ctseq.datasets.walk import Found
from ctseq.tables import SUBTYPES

# From a slice's position in a patient's sequence to its pixels.
Pixels = Callable[[int], np.ndarray]
CHECKSUMS = "sha256sums.txt"  # in lower case
FILES = {"path": "str", "kind": "str", "patient_id": "str", "slice_number": "Int64"}
FILES |= {"reason": "str"}
SLICES = {"patient_id": "str", "slice_number": "int64", "path": "str"}
LABELS = {"path": "str", "row": "int64", "patient_id": "str", "slice_number": "Int64"}
LABELS |= dict.fromkeys((*SUBTYPES, "hemorrhage"), "Int8") | {"invalid": "str"}
# A megabyte as Python's objects.
_ROWS_AT_A_TIME = 2_000


@dataclass(frozen=True)
class Scan:
    """A dataset's files, slices and labels, as they stand; `selection` judges them.

    Attributes
    ----------
    files
        A row a file, as `FILES`: patient_id and slice_number where the file has one, and a code
        of `reasons.FILES` where it holds no slice of the study.
    slices
        The slices of the other files, as `SLICES`: each patient's in the order of the body.
    labels
        A row a labelled slice, or patient, as `LABELS`: the table's name and row, patient_id as
        the table writes it, flags that are NA where they are not told, and the wrong cells in
        words.
    per_patient
        Whether labels are patients': their slice_number is NA, and so are the slices' labels.
    problems
        What already the reader finds wrong, as `contradictions.problem` gives it.
    """

    files: pd.DataFrame
    slices: pd.DataFrame
    labels: pd.DataFrame
    per_patient: bool = False
    problems: Sequence[dict[str, Any]] = field(default_factory=list)


def frame(rows: Iterable[Any], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Make a table of rows with these columns and types.

    Rows are taken some at a time: as Python's tuples they are several times as large as in a table.
    """

    def part(rows: Sequence[Any]) -> pd.DataFrame:
        return pd.DataFrame(rows, columns=list(kinds)).astype(dict(kinds))

    rows = iter(rows)
    parts = map(part, iter(lambda: list(islice(rows, _ROWS_AT_A_TIME)), []))
    return pd.concat([part([]), *parts], ignore_index=True)


def checksum_file(found: Found) -> bool:
    """Whether a file is the list of checksums that PhysioNet's releases bring along."""
    return found.path.casefold() == CHECKSUMS
