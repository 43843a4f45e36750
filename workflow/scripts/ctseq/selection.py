"""Which slices a study uses: every file accounted for, every label checked against its image."""

from pathlib import Path
from typing import Any

import pandas as pd

from ctseq import contradictions
from ctseq.contradictions import patient_key
from ctseq.datasets import Reader
from ctseq.errors import InputError, fail_on
from ctseq.tables import PROBLEMS, SUBTYPES

_REASONS = {
    "bone": "bone window",
    "mask": "mask",
    "table": "table",
    "other": "not part of the layout",
}
_CURE = (
    "Mend the dataset (a copy of it), or set dataset.on_problem: exclude to leave these "
    "slices, rows and patients out, each with its reason in inventory.csv and problems.csv."
)


def index_dataset(
    folder: str | Path, reader: Reader, *, on_problem: str, threads: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Account for every file of a dataset and find what would make a label wrong.

    Parameters
    ----------
    folder
        The dataset's root.
    reader
        Its format, from `ctseq.datasets.reader_for`.
    on_problem
        ``error`` raises with all problems at once; ``exclude`` leaves out what is affected: the
        slice, the row, or the patient where the problem is the patient's.
    threads
        How many slices are decoded at a time.

    Returns
    -------
    inventory : DataFrame
        A row a file, as `ctseq.tables.INVENTORY`; kept are the brain slices of the study.
    problems : DataFrame
        A row a problem: problem, path, row (of the table), patient_id, slice_number, detail,
        action. Empty unless `on_problem` is ``exclude``.

    Raises
    ------
    InputError
        If there are no brain slices, or on problems as told above.
    """
    if on_problem not in ("error", "exclude"):
        raise InputError(f"dataset.on_problem is {on_problem!r}; choose error or exclude.")
    files = reader.list_files(folder)
    brain = files[files["kind"] == "brain"].assign(key=lambda f: f["patient_id"].map(patient_key))
    if brain.empty:
        kinds = ", ".join(f"{n} {kind}" for kind, n in files["kind"].value_counts().items())
        raise InputError(
            f"{folder} holds no brain slices among its {len(files)} files ({kinds or 'none'}). "
            f"Looked for {reader.LOOKED_FOR}."
        )
    rows = reader.read_diagnosis(folder)
    rows["key"] = rows["patient_id"].map(patient_key)
    problems = [
        *contradictions.in_patients(files),
        *contradictions.in_slices(brain, rows),
        *contradictions.in_images(folder, brain, reader, threads),
        *contradictions.in_rows(rows, brain),
    ]
    if on_problem == "error":
        lines = [contradictions.in_words(problem) for problem in problems]
        fail_on(lines, title=f"The dataset {folder} contradicts itself", cure=_CURE)
    problems += contradictions.hidden_hemorrhages(brain, rows, _excluded(brain, problems) == "")
    return _inventory(files, _excluded(brain, problems)), _frame(problems)


def select_slices(
    inventory: pd.DataFrame, diagnosis: pd.DataFrame, demographics: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Join the kept slices with their labels, and count.

    Parameters
    ----------
    inventory
        From `index_dataset`.
    diagnosis, demographics
        From the reader.

    Returns
    -------
    slices : DataFrame
        As `ctseq.tables.SLICES`, in the inventory's order: patients, then slices, as numbers.
    patients : DataFrame
        As `ctseq.tables.PATIENTS`; a patient has a hemorrhage if any slice has.
    summary : dict
        The counts that a reader compares with the paper's.

    Raises
    ------
    InputError
        If no slice is left, all patients are of one class, or the diagnosis no longer fits the
        inventory.
    """
    kept = inventory[(inventory["kind"] == "brain") & (inventory["kept"] == 1)]
    if kept.empty:
        raise InputError(
            "No brain slice is left: problems.csv says why each was excluded. "
            "Mend the dataset and run again."
        )
    labels = diagnosis.assign(key=diagnosis["patient_id"].map(patient_key))
    labels = labels[["key", "slice_number", *SUBTYPES]]
    slices = kept.assign(key=kept["patient_id"].map(patient_key)).merge(
        labels, on=["key", "slice_number"], how="left"
    )
    stale = slices[
        slices[list(SUBTYPES)].isna().any(axis=1) | slices.duplicated("path", keep=False)
    ]
    fail_on(
        [f"{path} has no single valid diagnosis row" for path in stale["path"].unique()],
        title="The diagnosis table no longer fits the inventory",
        cure="The dataset has changed: remake inventory.csv.",
    )
    slices = slices.astype({"slice_number": "int64", **dict.fromkeys(SUBTYPES, "int64")})
    slices["hemorrhage"] = slices[list(SUBTYPES)].max(axis=1)
    slices = slices[["patient_id", "slice_number", "path", "hemorrhage", *SUBTYPES]]
    patients = _patients(slices, demographics)
    classes = patients["hemorrhage"].unique()
    if len(classes) == 1:
        state = "have a hemorrhage" if classes[0] else "are without hemorrhage"
        raise InputError(
            f"All {len(patients)} patients {state}, so there is nothing to tell apart. "
            "Check the diagnosis table, and problems.csv for patients that were excluded."
        )
    return slices, patients, _summary(inventory, slices, patients)


def _patients(slices: pd.DataFrame, demographics: pd.DataFrame) -> pd.DataFrame:
    groups = slices.groupby("patient_id", sort=False)
    patients = groups.agg(
        hemorrhage=("hemorrhage", "max"),
        n_slices=("hemorrhage", "size"),
        n_positive_slices=("hemorrhage", "sum"),
    ).reset_index()
    people = demographics.groupby(demographics["patient_id"].map(patient_key))
    keys = patients["patient_id"].map(patient_key)
    for column, undefined in {"age_years": float("nan"), "sex": ""}.items():
        # Two rows that disagree tell nothing.
        told = {
            key: values.iloc[0] if len(set(values.dropna())) == 1 else undefined
            for key, values in people[column]
        }
        patients[column] = [told.get(key, undefined) for key in keys]
    return patients.astype({"age_years": "float64", "sex": "str"})


def _summary(
    inventory: pd.DataFrame, slices: pd.DataFrame, patients: pd.DataFrame
) -> dict[str, Any]:
    excluded = inventory[inventory["kept"] == 0]
    if len(inventory) != len(slices) + len(excluded) or (excluded["reason"] == "").any():
        raise RuntimeError("files seen are not files kept and files excluded with a reason")
    lengths = patients["n_slices"]
    return {
        "patients": len(patients),
        "positive_patients": int(patients["hemorrhage"].sum()),
        "brain_slices": len(slices),
        "positive_slices": int(slices["hemorrhage"].sum()),
        "files_seen": len(inventory),
        "files_kept": len(slices),
        "files_excluded": len(excluded),
        "excluded_by_reason": {
            str(reason): int(n) for reason, n in sorted(excluded["reason"].value_counts().items())
        },
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
            for name in SUBTYPES
        },
    }


def _excluded(brain: pd.DataFrame, problems: list[dict[str, Any]]) -> pd.Series:
    """Give each brain slice the problem that excludes it, its own first, or an empty text."""
    patients, slices = {}, {}
    for problem in problems:
        if problem["action"] == contradictions.PATIENT:
            patients.setdefault(problem["patient_id"], problem["problem"])
        elif problem["action"] == contradictions.SLICE:
            name = (patient_key(problem["patient_id"]), problem["slice_number"])
            slices.setdefault(name, problem["problem"])
    reasons = [
        slices.get((file.key, file.slice_number)) or patients.get(file.patient_id, "")
        for file in brain.itertuples()
    ]
    return pd.Series(reasons, brain.index, dtype="str")


def _inventory(files: pd.DataFrame, excluded: pd.Series) -> pd.DataFrame:
    reason = files["kind"].map(_REASONS)
    reason[excluded.index] = ("excluded: " + excluded).where(excluded != "", "")
    return files.assign(kept=(reason == "").astype("int64"), reason=reason.astype("str"))


def _frame(problems: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(problems, columns=list(PROBLEMS.columns)).astype(
        {name: "Int64" if kind == "int?" else "str" for name, kind in PROBLEMS.columns.items()}
    )
