"""Which slices a study uses: every file accounted for, every label checked against its image."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq import contradictions
from ctseq.checksums import in_checksums
from ctseq.counts import count_flow, count_study
from ctseq.datasets.ids import patient_key, patient_keys
from ctseq.datasets.readers import Reader
from ctseq.datasets.scan import Scan
from ctseq.errors import InputError, fail_on
from ctseq.problems import PATIENT, SLICE, in_words
from ctseq.progress import progress
from ctseq.tables import LISTING, PROBLEMS, SUBTYPES, typed

_CURE = (
    "Mend the dataset (a copy of it), or set dataset.on_problem: exclude to leave these "
    "slices, rows and patients out, each with its reason in inventory.csv and problems.csv."
)


def index_dataset(
    folder: str | Path,
    reader: Reader,
    *,
    on_problem: str,
    labels: Path | None = None,
    threads: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Account for every file and slice of a dataset and find what would make a label wrong.

    Parameters
    ----------
    folder
        The dataset's root.
    reader
        Its format, from `readers.reader_for`.
    on_problem
        ``error`` raises with all problems at once; ``exclude`` leaves out what is affected: the
        slice, the row, or the patient where the problem is the patient's.
    labels
        The label table, where one is chosen.
    threads
        How many slices are decoded at a time.

    Returns
    -------
    inventory : DataFrame
        A row a file, as `ctseq.tables.INVENTORY`; kept are those with slices of the study.
    listing : DataFrame
        A row a slice with its labels, as `ctseq.tables.LISTING`, kept or why not.
    problems : DataFrame
        A row a problem, as `ctseq.tables.PROBLEMS`. Empty unless `on_problem` is ``exclude``.

    Raises
    ------
    InputError
        If there are no slices, or on problems as told above.
    """
    if on_problem not in ("error", "exclude"):
        raise InputError(f"dataset.on_problem is {on_problem!r}; choose error or exclude.")
    scan = reader.scan(folder, labels)
    if scan.slices.empty and not scan.problems:
        kinds = ", ".join(f"{n} {kind}" for kind, n in scan.files["kind"].value_counts().items())
        raise InputError(
            f"{folder} holds no brain slices among its {len(scan.files)} files "
            f"({kinds or 'none'}). Looked for {reader.LOOKED_FOR}."
        )
    slices = scan.slices.assign(key=patient_keys(scan.slices["patient_id"]))
    rows = scan.labels.assign(key=patient_keys(scan.labels["patient_id"]))
    told = {patient_key(found["patient_id"]) for found in scan.problems}
    problems = [
        *scan.problems,
        *contradictions.in_patients(scan.files),
        *contradictions.in_slices(slices, rows, per_patient=scan.per_patient),
        *contradictions.in_images(slices.join(_looked_at(folder, slices, reader, threads)), folder),
        *contradictions.in_rows(rows, slices, per_patient=scan.per_patient, told=told),
        *in_checksums(folder, scan.files, threads=threads),
    ]
    if on_problem == "error":
        lines = [in_words(found) for found in problems]
        fail_on(lines, title=f"The dataset {folder} contradicts itself", cure=_CURE)
    reasons = _reasons(slices, problems)
    if not scan.per_patient:
        problems += contradictions.hidden_hemorrhages(slices, rows, reasons == "")
        reasons = _reasons(slices, problems)
    listing = _listing(slices.assign(reason=reasons), rows, per_patient=scan.per_patient)
    inventory = _inventory(scan, listing, problems)
    return inventory, listing, typed(problems, PROBLEMS)


def select_slices(
    inventory: pd.DataFrame, listing: pd.DataFrame, demographics: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Keep the slices of the study, derive the patients, and count.

    Parameters
    ----------
    inventory, listing
        From `index_dataset`; of the inventory, patient_id, kept and reason.
    demographics
        From the reader.

    Returns
    -------
    slices : DataFrame
        As `ctseq.tables.SLICES`, in the listing's order; hemorrhage and subtypes are NA where
        only patients have labels.
    patients : DataFrame
        As `ctseq.tables.PATIENTS`; a patient has a hemorrhage if any slice has, or if the table
        of patients says so.
    summary : dict
        The counts that a reader compares with the paper's.

    Raises
    ------
    InputError
        If no slice is left or all patients are of one class.
    """
    kept = listing[listing["kept"] == 1].reset_index(drop=True)
    if kept.empty:
        raise InputError(
            "No brain slice is left: problems.csv says why each was excluded. "
            "Mend the dataset and run again."
        )
    patients = _patients(kept, demographics)
    slices = kept[["patient_id", "slice_number", "path", "hemorrhage", *SUBTYPES]]
    classes = patients["hemorrhage"].unique()
    if len(classes) == 1:
        state = "have a hemorrhage" if classes[0] else "are without hemorrhage"
        raise InputError(
            f"All {len(patients)} patients {state}, so there is nothing to tell apart. "
            "Check the diagnosis table, and problems.csv for patients that were excluded."
        )
    return (
        slices,
        patients,
        count_study(slices, patients) | {"flow": count_flow(inventory, listing, patients)},
    )


def _looked_at(
    folder: str | Path, slices: pd.DataFrame, reader: Reader, threads: int
) -> pd.DataFrame:
    """Decode every slice, a patient at a time; give shape (or what is wrong) and digest."""
    shapes: dict[tuple[int, ...], tuple[int, ...]] = {}  # few, and each held once

    def look(sequence: Any, place: int) -> tuple[tuple[int, ...] | str, bytes]:
        try:
            pixels = sequence(place)
        except InputError as error:
            return str(error), b""
        flat = np.ascontiguousarray(pixels)
        # 128 bits: no two different slices ever share them.
        digest = blake2b(flat.tobytes() + str(flat.shape).encode(), digest_size=16).digest()
        shape = shapes.setdefault(pixels.shape, pixels.shape)
        return shape, b"" if (flat == flat.flat[0]).all() else digest

    found = pd.DataFrame(index=slices.index, columns=["shape", "digest"], dtype=object)
    with ThreadPoolExecutor(threads) as pool:
        patients = slices.groupby("patient_id", sort=False)
        for _, own in progress(
            patients, total=len(slices), unit="slices", weigh=lambda patient: len(patient[1])
        ):
            try:
                sequence = reader.open_sequence(folder, own)
            except InputError as error:
                seen = [(str(error), b"")] * len(own)
            else:
                seen = list(pool.map(lambda place, of=sequence: look(of, place), range(len(own))))
            found.loc[own.index, "shape"] = pd.Series([shape for shape, _ in seen], own.index)
            found.loc[own.index, "digest"] = [digest for _, digest in seen]
    return found


def _reasons(slices: pd.DataFrame, problems: Sequence[dict[str, Any]]) -> pd.Series:
    """Give each slice the code that excludes it, its own first, or an empty text."""
    patients, own = {}, {}
    for found in problems:
        key = patient_key(found["patient_id"])
        if found["action"] == PATIENT:
            patients.setdefault(key, found["problem"])
        elif found["action"] == SLICE:
            own.setdefault((key, found["slice_number"]), found["problem"])
    reasons = [
        own.get(slice_) or patients.get(slice_[0], "")
        for slice_ in zip(slices["key"], slices["slice_number"], strict=True)
    ]
    return pd.Series(reasons, slices.index, dtype="str")


def _listing(slices: pd.DataFrame, rows: pd.DataFrame, *, per_patient: bool) -> pd.DataFrame:
    """Join the slices with their labels; a slice without a single valid row is not kept."""
    own = rows.drop_duplicates("key" if per_patient else ["key", "slice_number"])
    flags = [*SUBTYPES, "hemorrhage"]
    # Subtypes that are told decide; a table without them says it in one column.
    known = own[list(SUBTYPES)].max(axis=1)
    own = own.assign(hemorrhage=known.fillna(own["hemorrhage"]))
    if per_patient:
        of_patient = own.set_index("key")["hemorrhage"].reindex(slices["key"]).to_numpy()
        empty = pd.array([pd.NA] * len(slices), dtype="Int64")
        slices = slices.assign(**dict.fromkeys(flags, empty), patient_hemorrhage=of_patient)
    else:
        slices = slices.merge(own[["key", "slice_number", *flags]], "left", ["key", "slice_number"])
        slices["patient_hemorrhage"] = pd.NA
    told = slices["patient_hemorrhage" if per_patient else "hemorrhage"].notna()
    if not (told | (slices["reason"] != "")).all():
        raise RuntimeError("a slice is kept without a label")
    slices["kept"] = (slices["reason"] == "").astype("int64")
    return typed(slices, LISTING)


def _patients(slices: pd.DataFrame, demographics: pd.DataFrame) -> pd.DataFrame:
    groups = slices.groupby("patient_id", sort=False)
    patients = groups.agg(
        hemorrhage=("hemorrhage", "max"),
        told=("patient_hemorrhage", "max"),
        n_slices=("path", "size"),
        n_positive_slices=("hemorrhage", lambda flags: flags.sum(min_count=1)),
    ).reset_index()
    patients["hemorrhage"] = patients["hemorrhage"].fillna(patients.pop("told"))
    people = demographics.groupby(patient_keys(demographics["patient_id"]))
    keys = patient_keys(patients["patient_id"])
    for column, undefined in {"age_years": float("nan"), "sex": ""}.items():
        # Two rows that disagree tell nothing.
        told = {
            key: values.iloc[0] if len(set(values.dropna())) == 1 else undefined
            for key, values in people[column]
        }
        patients[column] = [told.get(key, undefined) for key in keys]
    kinds = {"hemorrhage": "int64", "n_positive_slices": "Int64"}
    return patients.astype(kinds | {"age_years": "float64", "sex": "str"})


def _inventory(
    scan: Scan, listing: pd.DataFrame, problems: Sequence[dict[str, Any]]
) -> pd.DataFrame:
    """Give each file its reason: its own, or that of its slices if none is kept."""
    kept = listing.groupby("path")["kept"].max()
    first = listing.drop_duplicates("path").set_index("path")["reason"]
    of_file = {found["path"]: found["problem"] for found in reversed(problems)}
    reasons = [
        reason or ("" if kept.get(path) else first.get(path) or of_file.get(path, "no-slices"))
        for path, reason in zip(scan.files["path"], scan.files["reason"], strict=True)
    ]
    files = scan.files.assign(reason=pd.Series(reasons, scan.files.index, dtype="str"))
    return files.assign(kept=(files["reason"] == "").astype("int64"))
