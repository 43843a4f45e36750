"""What makes a dataset's labels doubtful: found here, judged in `selection`."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq.readers.problems import PATIENT, ROW, SLICE, problem
from ctseq.readers.scan import SUBTYPES


def in_patients(folders: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find patients that have two folders, such as ``49`` beside ``049``, and unsafe ids.

    Parameters
    ----------
    folders
        key, patient_id and a path, a row a spelling of a patient.
    """
    for _, group in folders.groupby("key", sort=False):
        spellings = " and ".join(group["patient_id"])
        for path, patient_id in zip(group["path"], group["patient_id"], strict=True):
            unsafe = not patient_id.isprintable() or set(patient_id) & {"/", "\\"}
            if unsafe or not patient_id[0].isalnum():
                yield problem("patient-id", PATIENT, path, patient_id)
            if len(group) > 1:
                yield problem("two-folders", PATIENT, path, patient_id, detail=spellings)


def in_slices(
    slices: pd.DataFrame, rows: pd.DataFrame, *, per_patient: bool
) -> Iterator[dict[str, Any]]:
    """Find slices and patients without a label, and two files that claim to be one slice."""
    known = slices["key"].isin(rows["key"])
    twice = slices.duplicated(["patient_id", "slice_number"], keep=False)
    unlabelled = known & ~_among(slices, rows) & (not per_patient)
    doubtful = slices.assign(twice=twice, unlabelled=unlabelled)[twice | unlabelled]
    for file in doubtful.itertuples():
        place = (SLICE, file.path, file.patient_id, file.slice_number)
        if file.twice:
            yield problem("two-files", *place)
        if file.unlabelled:
            yield problem("no-label", *place)
    strangers = slices[~known].drop_duplicates("patient_id")
    for file in strangers.itertuples():  # one line, not one a slice
        yield problem("no-label", PATIENT, file.path, file.patient_id)


def in_images(slices: pd.DataFrame, folder: str | Path) -> Iterator[dict[str, Any]]:
    """Find unreadable slices, and ones of a size of their own.

    Parameters
    ----------
    slices
        With `shape`, (H, W) or the error's text.
    folder
        The dataset's root, which messages leave out.
    """
    readable = np.array([isinstance(shape, tuple) for shape in slices["shape"]], dtype=bool)
    for file in slices[~readable].itertuples():
        yield problem(
            "unreadable",
            *(SLICE, file.path, file.patient_id, file.slice_number),
            detail=file.shape.removeprefix(f"{Path(folder) / file.path} ").rstrip("."),
        )
    for _, group in slices[readable].groupby("patient_id", sort=False):
        usual = Counter(group["shape"]).most_common(1)[0][0]  # of two as common, the first's
        for file in group[[shape != usual for shape in group["shape"]]].itertuples():
            yield problem(
                "size",
                *(SLICE, file.path, file.patient_id, file.slice_number),
                detail=f"{_size(file.shape)}, the others {_size(usual)}",
            )


def in_pixels(shared: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Name the slices that are other patients' pictures as well.

    Parameters
    ----------
    shared
        The slices of several patients that have a `digest` in common.
    """
    for _, group in shared.groupby("digest", sort=False):
        owners = group.drop_duplicates("key")
        for file in group.itertuples():
            other = owners[owners["key"] != file.key].iloc[0]
            yield problem(
                "duplicate",
                *(SLICE, file.path, file.patient_id, file.slice_number),
                detail=f"patient {other['patient_id']} slice {other['slice_number']}",
            )


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]} x {shape[0]}"


def in_rows(
    rows: pd.DataFrame, slices: pd.DataFrame, *, per_patient: bool, told: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Find label rows that contradict themselves, each other or the files.

    Parameters
    ----------
    rows, slices
        With `key`, which makes spellings of a patient the same.
    per_patient
        Whether labels are patients'.
    told
        Keys of patients that a problem leaves without slices already.
    """
    names = ["key"] if per_patient else ["key", "slice_number"]
    here = rows["key"].isin(slices["key"]) if per_patient else _among(rows, slices)
    flags = rows[[*SUBTYPES, "hemorrhage"]]
    differing = flags[list(SUBTYPES)].max(axis=1) != flags["hemorrhage"]
    contradiction = differing.fillna(False) & flags.notna().all(axis=1)
    sound = here & ~contradiction & ~rows.duplicated(names, keep=False) & (rows["invalid"] == "")
    first: dict[Any, int] = {}
    # Most rows are sound: looking at the others alone takes no memory for each.
    for row in rows.assign(here=here, contradiction=contradiction)[~sound].itertuples():
        place = (row.path, row.patient_id, row.slice_number)
        if not row.patient_id or (row.slice_number is pd.NA and not per_patient):
            yield problem("row", ROW, *place, row=row.row)
            continue
        name = row.key if per_patient else (row.key, row.slice_number)
        action = PATIENT if per_patient else SLICE
        if not row.here:
            action = ROW
            if row.key not in told:
                yield problem("no-slice", action, *place, row=row.row)
        if name in first:
            detail = f"also row {first[name]}"
            yield problem("two-labels", action, *place, row=row.row, detail=detail)
        first.setdefault(name, row.row)
        if row.invalid:
            yield problem("cell", action, *place, row=row.row, detail=row.invalid)
        if row.contradiction:
            detail = "without a subtype" if row.hemorrhage else "a subtype without it"
            yield problem("contradiction", action, *place, row=row.row, detail=detail)


def hidden_hemorrhages(
    slices: pd.DataFrame, rows: pd.DataFrame, kept: pd.Series
) -> Iterator[dict[str, Any]]:
    """Find patients whose kept slices show no hemorrhage though an excluded row claims one.

    Left in, such a patient would count as a negative one.
    """
    claims = rows[rows[[*SUBTYPES, "hemorrhage"]].eq(1).fillna(False).any(axis=1)]
    shown = claims["key"][_among(claims, slices[kept])]
    first = claims[~claims["key"].isin(shown)].drop_duplicates("key").set_index("key")
    for patient in slices[kept].drop_duplicates("patient_id").itertuples():
        if patient.key in first.index:
            claim = first.loc[patient.key]
            place = (PATIENT, claim["path"], patient.patient_id, claim["slice_number"])
            yield problem("hidden", *place, row=claim["row"])


def _among(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Whether each row's patient and slice are among those of others; one without number is not."""

    def names(table: pd.DataFrame) -> pd.MultiIndex:
        return pd.MultiIndex.from_arrays([table["key"], table["slice_number"].astype("Int64")])

    return rows["slice_number"].notna().to_numpy() & names(rows).isin(names(others))
