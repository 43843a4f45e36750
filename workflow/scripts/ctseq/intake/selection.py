"""The slices that a study uses, and their patients."""

from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.tables import typed
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.readers.cells import patient_keys


def select_slices(
    listing: pd.DataFrame, demographics: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the kept slices of a listing, and their patients.

    Returns
    -------
    slices : DataFrame
        As `tables.SLICES`, in the listing's order; hemorrhage and subtypes are NA where only
        patients have labels.
    patients : DataFrame
        As `tables.PATIENTS`; one has a hemorrhage if any slice has, or if the label table says so.

    Raises
    ------
    InputError
        If no slice is left or all patients are of one class.
    """
    kept = listing[listing["kept"] == 1]
    if kept.empty:
        raise InputError(
            "No brain slice is left: problems.csv says why each was excluded. "
            "Mend the dataset and run again."
        )
    patients = _patients(kept, demographics)
    classes = patients["hemorrhage"].unique()
    if len(classes) == 1:
        state = "have a hemorrhage" if classes[0] else "are without hemorrhage"
        raise InputError(
            f"All {len(patients)} patients {state}, so there is nothing to tell apart. "
            "Check the diagnosis table, and problems.csv for patients that were excluded."
        )
    return typed(kept, SLICES).reset_index(drop=True), patients


def _patients(slices: pd.DataFrame, demographics: pd.DataFrame) -> pd.DataFrame:
    """Derive the patients of kept slices, with their age, sex and distance between slices."""
    own = slices.groupby("patient_id", sort=False)
    patients = pd.DataFrame(
        {
            "hemorrhage": own["hemorrhage"].max().fillna(own["patient_hemorrhage"].max()),
            "n_slices": own.size(),
            "n_positive_slices": own["hemorrhage"].sum(min_count=1),
            "spacing_mm": own["spacing_mm"].median(),
        }
    ).reset_index()
    people = _agreed(demographics).reindex(patient_keys(patients["patient_id"]))
    patients["age_years"] = people["age_years"].astype("float64").to_numpy()
    patients["sex"] = people["sex"].astype("object").fillna("").to_numpy()
    return typed(patients, PATIENTS)


def _agreed(demographics: pd.DataFrame) -> pd.DataFrame:
    """Return age and sex by patient key, unknown where two rows disagree."""

    def only(values: pd.Series) -> Any:
        known = values.dropna().unique()
        return known[0] if len(known) == 1 else None

    keys = patient_keys(demographics["patient_id"])
    return demographics.groupby(keys)[["age_years", "sex"]].agg(only)
