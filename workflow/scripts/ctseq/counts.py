"""The counts of a study: what it uses, and what became of all that was seen."""

from typing import Any

import pandas as pd

from ctseq.reasons import PROBLEMS, REASONS
from ctseq.tables import SUBTYPES


def count_study(slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    """Count what a study uses, as a reader compares it with the paper's.

    Parameters
    ----------
    slices, patients
        As `tables.SLICES` and `tables.PATIENTS`.
    """
    lengths, labelled = patients["n_slices"], slices["hemorrhage"].notna().all()
    subtyped = slices[list(SUBTYPES)].notna().all(axis=None)
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
            name: {
                "patients": int(slices.loc[slices[name] == 1, "patient_id"].nunique()),
                "slices": int(slices[name].sum()),
            }
            for name in (SUBTYPES if subtyped else ())
        },
    }


def count_flow(
    inventory: pd.DataFrame, listing: pd.DataFrame, patients: pd.DataFrame
) -> dict[str, Any]:
    """Count files, slices and patients: seen, left out by reason, used.

    Parameters
    ----------
    inventory, listing, patients
        As the contracts of their names in `tables`; of the inventory, patient_id, kept and reason.

    Returns
    -------
    dict
        ``files``, ``slices`` and ``patients`` to `seen`, `used` and `excluded_by_reason`.
    """
    seen = inventory.loc[inventory["patient_id"] != "", "patient_id"].drop_duplicates()
    lost = seen[~seen.isin(patients["patient_id"])]
    # A patient is lost for what its first slice is; without slices, for what its file is.
    why = pd.concat([listing, inventory[inventory["reason"].isin(PROBLEMS)]])
    why = why.drop_duplicates("patient_id").set_index("patient_id")["reason"]
    reasons = {
        "files": inventory.loc[inventory["kept"] == 0, "reason"],
        "slices": listing.loc[listing["kept"] == 0, "reason"],
        "patients": lost.map(lambda patient: why.get(patient, "no-slices")),
    }
    totals = {"files": len(inventory), "slices": len(listing), "patients": len(seen)}
    if not all(left.isin(REASONS).all() for left in reasons.values()):
        raise RuntimeError("something is left out without a reason")
    return {
        part: {
            "seen": totals[part],
            "used": totals[part] - len(left),
            "excluded_by_reason": {
                str(reason): int(n) for reason, n in sorted(left.value_counts().items())
            },
        }
        for part, left in reasons.items()
    }
