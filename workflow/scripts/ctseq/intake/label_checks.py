"""Labels checked against slices: slices without a row, rows without a slice, contradictions."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.words import listed
from ctseq.readers.problems import PATIENT, ROW, SLICE, problem
from ctseq.readers.subtypes import SUBTYPES

# In all tables here, `key` is the canonical key of a patient (`cells.patient_key`).


def doubtful_patients(files: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find patients that have two folders, such as ``49`` beside ``049``, and unsafe ids."""
    named = files[files["patient_id"] != ""].sort_values(["key", "patient_id", "path"])
    folders = named.drop_duplicates(["key", "patient_id"])
    spellings = folders.groupby("key")["patient_id"].agg(listed).to_dict()
    for folder in folders.itertuples():
        patient = folder.patient_id
        unsafe = not patient.isprintable() or set(patient) & {"/", "\\"}
        if unsafe or not patient[0].isalnum():
            yield problem("patient-id", PATIENT, folder.path, patient)
        if spellings[folder.key] != patient:
            detail = spellings[folder.key]
            yield problem("two-folders", PATIENT, folder.path, patient, detail=detail)


def doubtful_slices(
    slices: pd.DataFrame, rows: pd.DataFrame, *, per_patient: bool
) -> Iterator[dict[str, Any]]:
    """Find slices and patients without a label row, and files that claim to be the same slice."""
    known = slices["key"].isin(rows["key"])
    twice = slices.duplicated(["patient_id", "slice_number"], keep=False)
    unlabelled = known & ~_among(slices, rows) & (not per_patient)
    doubtful = slices.assign(twice=twice, unlabelled=unlabelled)[twice | unlabelled]
    for file in doubtful.itertuples():
        found = (SLICE, file.path, file.patient_id, file.slice_number)
        if file.twice:
            yield problem("two-files", *found)
        if file.unlabelled:
            yield problem("no-label", *found)
    # A patient without any row is one problem, and not one for each slice.
    for file in slices[~known].drop_duplicates("patient_id").itertuples():
        yield problem("no-label", PATIENT, file.path, file.patient_id)


def rows_without_image(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield one problem for all rows, if there are any, that name a missing image."""
    if len(rows):
        first, more = rows.iloc[0], len(rows) - 1
        detail = first["image"] + (f" and {more} rows more" if more else "")
        yield problem("no-slice", ROW, first["path"], row=first["row"], detail=detail)


def doubtful_rows(
    rows: pd.DataFrame, slices: pd.DataFrame, *, per_patient: bool, explained: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Find label rows without a slice, and rows that contradict themselves or each other.

    `explained` holds the keys of patients of whom another problem says why they have no slices.
    """
    names = ["key"] if per_patient else ["key", "slice_number"]
    here = rows["key"].isin(slices["key"]) if per_patient else _among(rows, slices)
    flags = rows[[*SUBTYPES, "hemorrhage"]]
    differing = flags[list(SUBTYPES)].max(axis=1) != flags["hemorrhage"]
    contradiction = differing.fillna(False) & flags.notna().all(axis=1)
    sound = here & ~contradiction & ~rows.duplicated(names, keep=False) & (rows["invalid"] == "")
    first: dict[Any, int] = {}
    for row in rows.assign(here=here, contradiction=contradiction)[~sound].itertuples():
        found = (row.path, row.patient_id, row.slice_number)
        if not row.patient_id or (row.slice_number is pd.NA and not per_patient):
            yield problem("row", ROW, *found, row=row.row)
            continue
        name = row.key if per_patient else (row.key, row.slice_number)
        action = PATIENT if per_patient else SLICE
        if not row.here:
            action = ROW
            if row.key not in explained:
                yield problem("no-slice", action, *found, row=row.row)
        if name in first:
            detail = f"also row {first[name]}"
            yield problem("two-labels", action, *found, row=row.row, detail=detail)
        first.setdefault(name, row.row)
        if row.invalid:
            yield problem("cell", action, *found, row=row.row, detail=row.invalid)
        if row.contradiction:
            detail = "without a subtype" if row.hemorrhage else "a subtype without it"
            yield problem("contradiction", action, *found, row=row.row, detail=detail)


def hidden_hemorrhages(
    slices: pd.DataFrame, rows: pd.DataFrame, kept: pd.Series
) -> Iterator[dict[str, Any]]:
    """Find patients whose only hemorrhage is in excluded slices or rows.

    With their other slices alone, they would count as negative.
    """
    claims = rows[rows[[*SUBTYPES, "hemorrhage"]].eq(1).fillna(False).any(axis=1)]
    shown = claims["key"][_among(claims, slices[kept])]
    first = claims[~claims["key"].isin(shown)].drop_duplicates("key").set_index("key")
    for patient in slices[kept].drop_duplicates("patient_id").itertuples():
        if patient.key in first.index:
            claim = first.loc[patient.key]
            found = (PATIENT, claim["path"], patient.patient_id, claim["slice_number"])
            yield problem("hidden", *found, row=claim["row"])


def _among(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Tell for each row whether its slice is among the others'; a row without number has none."""

    def names(table: pd.DataFrame) -> pd.MultiIndex:
        return pd.MultiIndex.from_arrays([table["key"], table["slice_number"].astype("Int64")])

    return rows["slice_number"].notna().to_numpy() & names(rows).isin(names(others))
