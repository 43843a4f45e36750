"""Counts of the files, slices and scans that studies use, and of those that are left out."""

from collections import Counter
from typing import Any

import pandas as pd

from ctseq.readers.problems import PROBLEMS, REASONS
from ctseq.readers.subtypes import SUBTYPES


def count_used(
    slices: pd.DataFrame, scans: pd.DataFrame, inventory: pd.DataFrame
) -> dict[str, Any]:
    """Return what describes the data: counts of patients, scans, slices, subtypes and masks.

    ``notes`` says of scans of which something is odd what it is.
    """
    labelled = slices["target"].notna().all()
    with_subtypes = slices[list(SUBTYPES)].notna().all(axis=None)
    bleeding = {name: slices[slices[name] == 1] for name in SUBTYPES if with_subtypes}
    lengths = scans["n_slices"]
    masks = inventory.loc[inventory["kind"] == "mask", "scan_id"]
    return {
        "patients": scans["patient_id"].nunique(),
        "scans": len(scans),
        "positive_scans": int(scans["target"].sum()),
        "positive_patients": scans.loc[scans["target"] == 1, "patient_id"].nunique(),
        "brain_slices": len(slices),
        # None where only scans or patients have labels.
        "positive_slices": int(slices["target"].sum()) if labelled else None,
        "slices_per_scan": {
            "min": int(lengths.min()),
            "median": float(lengths.median()),
            "max": int(lengths.max()),
        },
        "subtypes": {
            name: {"scans": own["scan_id"].nunique(), "slices": len(own)}
            for name, own in bleeding.items()
        },
        "masks": int(masks.isin(scans["scan_id"]).sum()),
        # Of the scans of which something is odd, such as a gap, what it is.
        "notes": {
            scan_id: note
            for scan_id, note in zip(scans["scan_id"], scans["note"].fillna(""), strict=True)
            if note
        },
    }


def count_flow(
    inventory: pd.DataFrame, listing: pd.DataFrame, scans: pd.DataFrame
) -> dict[str, Any]:
    """Return how many files, slices and scans were found, used and left out for which reason.

    Each of the three has `seen`, `used` and `excluded_by_reason`. The inventory needs scan_id,
    kept and reason only.
    """
    own = inventory[inventory["scan_id"] != ""]
    seen = own["scan_id"].drop_duplicates()
    excluded = seen[~seen.isin(scans["scan_id"])]
    # An excluded scan takes its first slice's reason, or its file's if it has no slice.
    of_slice = listing.drop_duplicates("scan_id").set_index("scan_id")["reason"]
    doubtful = own[own["reason"].isin(PROBLEMS)].drop_duplicates("scan_id")
    of_file = doubtful.set_index("scan_id")["reason"]
    # Where nothing is found, pandas takes the column for numbers, which no text may fill.
    told = excluded.map(of_slice).astype("object")
    reasons = told.fillna(excluded.map(of_file)).fillna("no-slices")
    return {
        "files": _flow(len(inventory), inventory.loc[inventory["kept"] == 0, "reason"]),
        "slices": _flow(len(listing), listing.loc[listing["kept"] == 0, "reason"]),
        "scans": _flow(len(seen), reasons),
    }


def _flow(seen: int, reasons: pd.Series) -> dict[str, Any]:
    counts = Counter(reasons)
    if not counts.keys() <= REASONS.keys():
        raise RuntimeError("something is left out without a reason")
    return {
        "seen": seen,
        "used": seen - len(reasons),
        "excluded_by_reason": dict(sorted(counts.items())),
    }
