"""The slices that studies use, and their scans."""

from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.tables import typed
from ctseq.intake.tables import SCANS, SLICES
from ctseq.readers.names import patient_keys
from ctseq.readers.subtypes import target_words


def select_slices(
    listing: pd.DataFrame,
    demographics: pd.DataFrame,
    series: pd.DataFrame,
    *,
    target: str = "hemorrhage",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the kept slices of a listing, and their scans.

    `target` is what the listing's labels were asked for.

    Returns
    -------
    slices : DataFrame
        As `tables.SLICES`, in the listing's order; labels are NA where only scans or patients have
        any.
    scans : DataFrame
        As `tables.SCANS`; one has the target if any slice has, or if the label table says so.

    Raises
    ------
    InputError
        If no slice is left or all scans are of one class.
    """
    kept = listing[listing["kept"] == 1]
    if kept.empty:
        raise InputError(
            "No brain slice is left: problems.csv says why each was excluded. "
            "Mend the dataset and run again."
        )
    scans = _scans(kept, demographics, series)
    classes = scans["target"].unique()
    if len(classes) == 1:
        state = "have" if classes[0] else "are without"
        raise InputError(
            f"All {len(scans)} scans {state} {target_words(target)}, the target, so there is "
            "nothing to tell apart. Check the dataset's label table and its `target`, and "
            "problems.csv for scans that were excluded."
        )
    return typed(kept, SLICES).reset_index(drop=True), scans


def _scans(slices: pd.DataFrame, demographics: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Derive the scans of kept slices, with their patient's age and sex and what files say."""
    own = slices.groupby("scan_id", sort=False)
    scans = pd.DataFrame(
        {
            "patient_id": own["patient_id"].first(),
            "target": own["target"].max().fillna(own["scan_target"].max()),
            "n_slices": own.size(),
            "n_positive_slices": own["target"].sum(min_count=1),
        }
    ).reset_index()
    people = _agreed(demographics).reindex(patient_keys(scans["patient_id"]))
    scans["age_years"] = people["age_years"].astype("float64").to_numpy()
    scans["sex"] = people["sex"].astype("object").fillna("").to_numpy()
    return typed(scans.merge(series.drop(columns="patient_id"), "left", "scan_id"), SCANS)


def _agreed(demographics: pd.DataFrame) -> pd.DataFrame:
    """Return age and sex by patient key, unknown where two rows disagree."""

    def only(values: pd.Series) -> Any:
        known = values.dropna().unique()
        return known[0] if len(known) == 1 else None

    keys = patient_keys(demographics["patient_id"])
    return demographics.groupby(keys)[["age_years", "sex"]].agg(only)
