"""Counts of the files, slices and patients that a study uses, and of those it leaves out."""

from collections import Counter
from typing import Any

import pandas as pd

from ctseq.readers.problems import PROBLEMS, REASONS
from ctseq.readers.subtypes import SUBTYPES


def count_used(slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    """Return the counts of patients, slices and subtypes that describe a study's data."""
    labelled = slices["hemorrhage"].notna().all()
    with_subtypes = slices[list(SUBTYPES)].notna().all(axis=None)
    bleeding = {name: slices[slices[name] == 1] for name in SUBTYPES if with_subtypes}
    lengths = patients["n_slices"]
    return {
        "patients": len(patients),
        "positive_patients": int(patients["hemorrhage"].sum()),
        "brain_slices": len(slices),
        # None where only patients have labels.
        "positive_slices": int(slices["hemorrhage"].sum()) if labelled else None,
        "slices_per_patient": {
            "min": int(lengths.min()),
            "median": float(lengths.median()),
            "max": int(lengths.max()),
        },
        "subtypes": {
            name: {"patients": own["patient_id"].nunique(), "slices": len(own)}
            for name, own in bleeding.items()
        },
    }


def count_flow(
    inventory: pd.DataFrame, listing: pd.DataFrame, patients: pd.DataFrame
) -> dict[str, Any]:
    """Return how many files, slices and patients were found, used and left out for which reason.

    Each of the three has `seen`, `used` and `excluded_by_reason`. The inventory needs patient_id,
    kept and reason only.
    """
    own = inventory[inventory["patient_id"] != ""]
    seen = own["patient_id"].drop_duplicates()
    excluded = seen[~seen.isin(patients["patient_id"])]
    # An excluded patient takes its first slice's reason, or its file's if it has no slice.
    of_slice = listing.drop_duplicates("patient_id").set_index("patient_id")["reason"]
    doubtful = own[own["reason"].isin(PROBLEMS)].drop_duplicates("patient_id")
    of_file = doubtful.set_index("patient_id")["reason"]
    reasons = excluded.map(of_slice).fillna(excluded.map(of_file)).fillna("no-slices")
    return {
        "files": _flow(len(inventory), inventory.loc[inventory["kept"] == 0, "reason"]),
        "slices": _flow(len(listing), listing.loc[listing["kept"] == 0, "reason"]),
        "patients": _flow(len(seen), reasons),
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
