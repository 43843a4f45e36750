"""Scans that are copies of another one of their patient: used once, if their labels agree."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ctseq.readers.problems import SCAN, problem


def copied_scans(slices: pd.DataFrame) -> dict[str, str]:
    """Return the scans whose slices all have the pixels of an earlier scan of the same patient.

    Each is given with that earlier one. They stay in one subset with it, so nothing leaks, but they
    would count twice. `slices` are those that nothing else leaves out.
    """
    scans = slices.drop_duplicates("scan_id")
    several = scans.loc[scans.duplicated("patient_id", keep=False), "scan_id"]
    seen: dict[tuple[str, ...], str] = {}
    copies = {}
    of_scan = slices[slices["scan_id"].isin(several)].groupby("scan_id", sort=False)
    for scan_id, own in of_scan:
        pixels = (own["patient_id"].iloc[0], *own["digest"])
        if pixels in seen:
            copies[scan_id] = seen[pixels]
        elif own["digest"].ne("").any():
            seen[pixels] = scan_id
    return copies


def without_copies(slices: pd.DataFrame, reasons: pd.Series) -> pd.Series:
    """Return the reasons with that of scans that are copies of others, which are used once."""
    copies = copied_scans(slices[reasons == ""])
    return reasons.mask((reasons == "") & slices["scan_id"].isin(copies), "same-scan")


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
