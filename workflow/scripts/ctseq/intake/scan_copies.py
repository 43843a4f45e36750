"""Scans that are copies of another one of their patient, and what their labels say."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ctseq.readers.problems import SCAN, problem


def contradicted_copies(
    slices: pd.DataFrame, rows: pd.DataFrame, copies: Mapping[str, str], *, labels_of: str
) -> Iterator[dict[str, Any]]:
    """Find copied scans whose labels differ from those of the first copy: both are doubtful.

    Parameters
    ----------
    slices, rows
        With the `unit` by which they find each other.
    copies
        Scan to the one that it is a copy of.
    """
    if labels_of == "patient" or not copies:
        return
    names = ["unit", "slice_number"] if labels_of == "slice" else ["unit"]
    own = slices[slices["scan_id"].isin({*copies, *copies.values()})]
    labels = rows.drop_duplicates(names)[[*names, "target"]]
    told = own.merge(labels, "left", names).groupby("scan_id", sort=False)["target"]
    of_scan = {scan_id: targets.astype("object").fillna("").tolist() for scan_id, targets in told}
    first = own.drop_duplicates("scan_id").set_index("scan_id")
    for copy, original in copies.items():
        if of_scan[copy] != of_scan[original]:
            for scan_id, other in ((copy, original), (original, copy)):
                found = (SCAN, first.loc[scan_id, "path"], first.loc[scan_id, "patient_id"])
                yield problem("copied-label", *found, scan_id=scan_id, detail=f"scan {other}")
