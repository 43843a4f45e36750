"""Why slices are left out: the problem of the slice, of its file, scan or patient."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ctseq.readers.names import patient_key
from ctseq.readers.problems import FILE, PATIENT, SCAN, SLICE


def reasons_of(slices: pd.DataFrame, problems: Iterable[dict[str, Any]]) -> pd.Series:
    """Return why each slice is left out: the code of the first problem that does so, or nothing.

    A problem is the slice's own, its file's, its scan's or its patient's. That of a file is no
    problem of another one that holds the same slice.
    """
    paths = set(slices["path"])
    codes: dict[tuple[Any, ...], tuple[int, str]] = {}
    for order, found in enumerate(problems):
        scan, code, action = patient_key(found["scan_id"]), found["problem"], found["action"]
        path = found["path"] if found["path"] in paths else ""
        of = {
            PATIENT: (patient_key(found["patient_id"]),),
            SCAN: (SCAN, scan),
            FILE: (FILE, path),
            SLICE: (scan, found["slice_number"], path),
        }
        if action in of:
            codes.setdefault(of[action], (order, code))
    columns = (slices[name] for name in ("key", "scan_key", "slice_number", "path"))
    reasons = []
    for key, scan, number, path in zip(*columns, strict=True):
        names = [(scan, number, path), (scan, number, ""), (FILE, path)]
        own = [codes[name] for name in names if name in codes]
        first = min(own, default=None) or codes.get((SCAN, scan)) or codes.get((key,), (0, ""))
        reasons.append(first[1])
    return pd.Series(reasons, slices.index, dtype="str")
