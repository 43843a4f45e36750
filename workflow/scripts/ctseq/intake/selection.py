"""Which slices a study uses, which patients they make, and what became of all others."""

from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.tables import typed
from ctseq.intake.counts import Flow, StudyCounts
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.readers.ids import patient_keys


class Selection:
    """The slices of a study, taken a few patients at a time.

    Parameters
    ----------
    demographics
        patient_id, age_years and sex, from the reader.

    """

    def __init__(self, demographics: pd.DataFrame) -> None:
        self._people = _people(demographics)
        self._patients: list[pd.DataFrame] = []
        self._counts, self._flow = StudyCounts(), Flow()

    @property
    def patients(self) -> pd.DataFrame:
        """The patients so far, as `tables.PATIENTS`."""
        return pd.concat([typed([], PATIENTS), *self._patients], ignore_index=True)

    def take(self, listing: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Keep slices and derive their patients.

        Parameters
        ----------
        listing
            All slices of some patients, as `tables.LISTING`.

        Returns
        -------
        slices : DataFrame
            As `tables.SLICES`, in the listing's order; hemorrhage and subtypes are NA where
            only patients have labels.
        patients : DataFrame
            Theirs, as `tables.PATIENTS`; one has a hemorrhage if any slice has, or if the
            table of patients says so.
        """
        kept = listing[listing["kept"] == 1]
        slices, patients = typed(kept, SLICES), _patients(kept, self._people)
        self._flow.add_slices(listing)
        self._counts.add(slices)
        self._patients.append(patients)
        return slices, patients

    def account(self, inventory: pd.DataFrame) -> None:
        """Count files: patient_id, kept and reason of `tables.INVENTORY`."""
        self._flow.add_files(inventory)

    def summary(self) -> dict[str, Any]:
        """Give the counts that a reader compares with the paper's, when all have been taken.

        Raises
        ------
        InputError
            If no slice is left or all patients are of one class.
        """
        patients = self.patients
        if patients.empty:
            raise InputError(
                "No brain slice is left: problems.csv says why each was excluded. "
                "Mend the dataset and run again."
            )
        classes = patients["hemorrhage"].unique()
        if len(classes) == 1:
            state = "have a hemorrhage" if classes[0] else "are without hemorrhage"
            raise InputError(
                f"All {len(patients)} patients {state}, so there is nothing to tell apart. "
                "Check the diagnosis table, and problems.csv for patients that were excluded."
            )
        return self._counts.of(patients) | {"flow": self._flow.of(patients)}


def _people(demographics: pd.DataFrame) -> pd.DataFrame:
    """Give age and sex by patient key; two rows that disagree tell nothing."""

    def agreed(values: pd.Series) -> Any:
        told = values.dropna().unique()
        return told[0] if len(told) == 1 else None

    keys = patient_keys(demographics["patient_id"])
    return demographics.groupby(keys)[["age_years", "sex"]].agg(agreed)


def _patients(slices: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Derive the patients of kept slices, with their age and sex."""
    patients = (
        slices.groupby("patient_id", sort=False)
        .agg(
            hemorrhage=("hemorrhage", "max"),
            told=("patient_hemorrhage", "max"),
            n_slices=("path", "size"),
            n_positive_slices=("hemorrhage", lambda flags: flags.sum(min_count=1)),
        )
        .reset_index()
    )
    patients["hemorrhage"] = patients["hemorrhage"].fillna(patients.pop("told"))
    own = people.reindex(patient_keys(patients["patient_id"]))
    patients["age_years"] = own["age_years"].astype("float64").to_numpy()
    patients["sex"] = own["sex"].astype("object").fillna("").to_numpy()
    return typed(patients, PATIENTS)
