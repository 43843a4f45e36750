"""Labels checked against slices: slices without a row, rows without a slice, contradictions."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.readers.names import ROUNDED
from ctseq.readers.problems import PATIENT, ROW, SCAN, SLICE, problem
from ctseq.readers.subtypes import SUBTYPES

# In all tables here, `key` is the canonical key of a patient (`names.patient_key`), and `unit` that
# of the patient or scan by which label rows find their slices.


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
    slices: pd.DataFrame, rows: pd.DataFrame, *, labels_of: str
) -> Iterator[dict[str, Any]]:
    """Find slices, scans and patients without a label row."""
    known = slices["unit"].isin(rows["unit"])
    unlabelled = known & ~_among(slices, rows) & (labels_of == "slice")
    for file in slices[unlabelled].itertuples():
        found = (SLICE, file.path, file.patient_id, file.slice_number)
        yield problem("no-label", *found, scan_id=file.scan_id)
    # A scan or patient without any row is one problem, and not one for each slice.
    name = "patient_id" if labels_of == "patient" else "scan_id"
    for file in slices[~known].drop_duplicates(name).itertuples():
        found = (_whole(labels_of), file.path, file.patient_id)
        yield problem("no-label", *found, scan_id=getattr(file, name))
    if labels_of == "slice":
        yield from _shifted(slices, rows)


def _shifted(slices: pd.DataFrame, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find scans whose rows count their slices from another number than the slices' names do.

    Of these, the slices that have a row have another one's.
    """
    rows = rows[rows["slice_number"].notna()]
    doubtful = set(slices["unit"][~_among(slices, rows)]) & set(rows["unit"][~_among(rows, slices)])
    told = rows[rows["unit"].isin(doubtful)].groupby("unit")
    held = slices[slices["unit"].isin(doubtful)].groupby("unit")
    for unit, own in told:
        numbers, files = set(own["slice_number"]), held.get_group(unit)
        names, row, file = set(files["slice_number"]), own.iloc[0], files.iloc[0]
        shift = min(names) - min(numbers)
        if shift and {number + shift for number in numbers} == names:
            yield problem(
                "shifted",
                *(SCAN, row["path"], file["patient_id"]),
                scan_id=file["scan_id"],
                row=row["row"],
                detail=f"rows {min(numbers)} to {max(numbers)}, slices {min(names)} to "
                f"{max(names)}",
            )


def miscounted_rows(
    rows: pd.DataFrame, slices: pd.DataFrame, files: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Find scans whose label rows count other slices than there are, so that labels are shifted.

    For slices that are numbered by their order. Rows that name images are right in any case.
    """
    numbered = rows[(rows["image"] == "") & rows["slice_number"].notna()]
    lost = files[files["reason"] == "odd-slice"].groupby("scan_id").size()
    first = slices.drop_duplicates("unit").set_index("unit")
    n_slices = slices.groupby("unit")["slice_number"].max()
    for unit, own in numbered[numbered["unit"].isin(n_slices.index)].groupby("unit", sort=False):
        scan, row, last = first.loc[unit], own.iloc[0], own["slice_number"].max()
        n_lost = lost.get(scan["scan_id"], 0)
        if n_lost or last != n_slices[unit]:
            left = f", and {n_lost} left out of the series" * bool(n_lost)
            yield problem(
                "miscounted",
                *(SCAN, row["path"], scan["patient_id"]),
                scan_id=scan["scan_id"],
                row=row["row"],
                detail=f"rows up to {last}, slices up to {n_slices[unit]}{left}",
            )


def rows_without_image(rows: pd.DataFrame, *, state: str = "") -> Iterator[dict[str, Any]]:
    """Yield one problem for all rows, if there are any, whose image is missing or in a state."""
    if len(rows):
        first, more = rows.iloc[0], len(rows) - 1
        detail = first["image"] + (f" and {more} more row" + "s" * (more > 1) if more else "")
        detail += f", {state}" * bool(state)
        yield problem("no-slice", ROW, first["path"], row=first["row"], detail=detail)


def check_claims(rows: pd.DataFrame) -> None:
    """Raise `InputError` if a row of an image of no known scan says that it is positive.

    Its scan might count as negative otherwise, and nobody knows which it is.
    """
    positive = rows[rows[["target", *SUBTYPES]].eq(1).fillna(False).any(axis=1)]
    for row in positive.head(1).itertuples():
        raise InputError(
            f"{row.path}, row {row.row}, says that {row.image} is positive, but that file is "
            "damaged or never opened, so nobody knows which scan it makes positive "
            f"({len(positive)} such rows). Put the file itself there, or take it and its row out "
            "of the dataset."
        )


def doubtful_rows(
    rows: pd.DataFrame, slices: pd.DataFrame, *, labels_of: str, explained: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Find label rows without a slice, and rows that contradict themselves or each other.

    `explained` holds the units of which another problem says why they have no slices.
    """
    of_slices = labels_of == "slice"
    names = ["unit", "slice_number"] if of_slices else ["unit"]
    here = _among(rows, slices) if of_slices else rows["unit"].isin(slices["unit"])
    sound = here & ~rows.duplicated(names, keep=False) & (rows["invalid"] == "")
    sound &= ~rows["contradiction"]
    first: dict[Any, int] = {}
    for row in rows.assign(here=here)[~sound].itertuples():
        found = (row.path, row.patient_id, row.slice_number)
        which = {"scan_id": row.scan_id, "row": row.row}
        if not row.unit or (row.slice_number is pd.NA and of_slices):
            yield problem("row", ROW, *found, **which)
            continue
        name = (row.unit, row.slice_number) if of_slices else row.unit
        action = SLICE if of_slices else _whole(labels_of)
        if not row.here:
            action = ROW
            code = "rounded" if ROUNDED.fullmatch(row.scan_id or row.patient_id) else "no-slice"
            if row.unit not in explained:
                yield problem(code, action, *found, **which)
        if name in first:
            yield problem("two-labels", action, *found, **which, detail=f"also row {first[name]}")
        first.setdefault(name, row.row)
        if row.invalid:
            yield problem("cell", action, *found, **which, detail=row.invalid)
        if row.contradiction:
            detail = "without a subtype" if row.hemorrhage else "a subtype without it"
            yield problem("contradiction", action, *found, **which, detail=detail)


def hidden_targets(
    slices: pd.DataFrame, rows: pd.DataFrame, kept: pd.Series, *, target: str
) -> Iterator[dict[str, Any]]:
    """Find scans of which only excluded slices or rows have the target.

    With their other slices alone, they would count as negative.
    """
    # A row that contradicts itself may say by its subtypes alone that there is a hemorrhage.
    flags = ["target", *SUBTYPES] if target == "hemorrhage" else ["target"]
    claims = rows[rows[flags].eq(1).fillna(False).any(axis=1)]
    shown = claims["unit"][_among(claims, slices[kept])]
    first = claims[~claims["unit"].isin(shown)].drop_duplicates("unit").set_index("unit")
    for scan in slices[kept].drop_duplicates("scan_id").itertuples():
        if scan.unit in first.index:
            claim = first.loc[scan.unit]
            found = (SCAN, claim["path"], scan.patient_id, claim["slice_number"])
            yield problem("hidden", *found, scan_id=scan.scan_id, row=claim["row"])


def of_subtypes(rows: pd.DataFrame) -> pd.Series:
    """Return whether each row's subtypes make a hemorrhage; NA where they do not tell.

    Some of them alone never say that there is none.
    """
    subtypes = rows[list(SUBTYPES)]
    largest = subtypes.max(axis=1)
    return largest.where(subtypes.notna().all(axis=1) | largest.eq(1).fillna(False))


def _whole(labels_of: str) -> str:
    return PATIENT if labels_of == "patient" else SCAN


def _among(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Tell for each row whether its slice is among the others'; a row without number has none."""

    def names(table: pd.DataFrame) -> pd.MultiIndex:
        return pd.MultiIndex.from_arrays([table["unit"], table["slice_number"].astype("Int64")])

    return rows["slice_number"].notna().to_numpy() & names(rows).isin(names(others))
