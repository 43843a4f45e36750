"""A dataset's index: every file listed, and every label checked against its image."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.core.tables import typed
from ctseq.intake import image_checks, label_checks
from ctseq.intake.checksums import checksum_problems
from ctseq.intake.image_labels import resolve_images
from ctseq.intake.tables import INVENTORY, LISTING, PROBLEMS
from ctseq.readers.cells import patient_key, patient_keys
from ctseq.readers.contents import FILES, FLAGS, LABELS, SLICES, File, frame
from ctseq.readers.problems import PATIENT, SLICE, in_words
from ctseq.readers.registry import Reader
from ctseq.readers.subtypes import SUBTYPES

_CURE = (
    "Mend the dataset (a copy of it), or set dataset.on_problem: exclude to leave these "
    "slices, rows and patients out, each with its reason in inventory.csv and problems.csv."
)


class Index(NamedTuple):
    """Tables of a dataset's files, slices and problems, as `tables` describes them.

    The listing has patients in the order of their numbers, each patient's slices from the feet up.
    """

    inventory: pd.DataFrame
    listing: pd.DataFrame
    problems: pd.DataFrame


def index_dataset(
    folder: str | Path,
    reader: Reader,
    *,
    on_problem: str,
    labels: Path | None = None,
    threads: int = 1,
) -> Index:
    """List every file and slice of a dataset and find whatever would make a label wrong.

    Memory holds the tables, and the pixels of one patient.

    Parameters
    ----------
    folder, reader
        The dataset's root, and its format, one of `registry.READERS`.
    on_problem
        ``error`` raises one error with all problems; ``exclude`` leaves out the slice, label row or
        patient that each one affects.
    labels
        The label table, if one is chosen.
    threads
        How many slices are decoded at a time.

    Raises
    ------
    InputError
        If there are no slices, or on problems with ``error``.
    """
    if on_problem not in ("error", "exclude"):
        raise InputError(f"dataset.on_problem is {on_problem!r}; choose error or exclude.")
    contents = reader.list_contents(folder, labels)
    files, slices = _files_and_slices(contents.files)
    if slices.empty and not contents.problems:
        counts = files.groupby("kind").size().sort_values(ascending=False, kind="stable")
        kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items())
        raise InputError(
            f"{folder} holds no brain slices among its {len(files)} files ({kinds or 'none'}). "
            f"Looked for {reader.LOOKED_FOR}."
        )
    rows, without_image = resolve_images(frame(contents.labels, LABELS), files, slices)
    rows = _by_patient(rows, [])
    slices = image_checks.decode_slices(folder, slices, reader, threads=threads)
    per_patient = contents.per_patient
    explained = {patient_key(found["patient_id"]) for found in contents.problems}
    problems = [
        *contents.problems,
        *label_checks.rows_without_image(without_image),
        *label_checks.doubtful_patients(files),
        *label_checks.doubtful_slices(slices, rows, per_patient=per_patient),
        *image_checks.unusable_images(slices, folder),
        *image_checks.shared_images(slices),
        *label_checks.doubtful_rows(rows, slices, per_patient=per_patient, explained=explained),
        *checksum_problems(folder, files, threads=threads),
    ]
    if on_problem == "error":
        title = f"The dataset {folder} cannot be used as it is"
        fail_on([in_words(found) for found in problems], title=title, cure=_CURE)
    if not per_patient:
        kept = _reasons(slices, problems) == ""
        problems += label_checks.hidden_hemorrhages(slices, rows, kept)
    spacing_mm = slices["path"].map(files.set_index("path")["spacing_mm"])
    slices = slices.assign(reason=_reasons(slices, problems), spacing_mm=spacing_mm)
    listing = _listing(slices, rows, per_patient=per_patient)
    return Index(_inventory(files, listing, problems), listing, typed(problems, PROBLEMS))


def _files_and_slices(found: Iterable[File]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables of the files and of the slices, sorted by the patient's canonical `key`."""
    found = list(found)
    files = frame([file[:-1] for file in found], FILES)
    held = (
        (file.patient_id, number, rank, file.path) for file in found for number, rank in file.slices
    )
    slices = frame(held, SLICES)
    order = ["patient_id", "slice_number", "kind", "path"]
    return _by_patient(files, order), _by_patient(slices, ["patient_id", "rank", "path"])


def _by_patient(rows: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Add the canonical key of each row's patient, and sort by it and then by `order`."""
    rows = rows.assign(key=patient_keys(rows["patient_id"]))
    return rows.sort_values(["key", *order], kind="stable", na_position="first", ignore_index=True)


def _reasons(slices: pd.DataFrame, problems: Iterable[dict[str, Any]]) -> pd.Series:
    """Return the code of the first problem that excludes each slice, its own or its patient's."""
    of_patient: dict[str, str] = {}
    of_slice: dict[tuple[str, int], str] = {}
    for found in problems:
        key, code = patient_key(found["patient_id"]), found["problem"]
        if found["action"] == PATIENT:
            of_patient.setdefault(key, code)
        elif found["action"] == SLICE:
            of_slice.setdefault((key, found["slice_number"]), code)
    names = zip(slices["key"], slices["slice_number"], strict=True)
    reasons = [of_slice.get(name) or of_patient.get(name[0], "") for name in names]
    return pd.Series(reasons, slices.index, dtype="str")


def _listing(slices: pd.DataFrame, rows: pd.DataFrame, *, per_patient: bool) -> pd.DataFrame:
    """Join the slices with their labels; a slice without a label is never kept."""
    own = rows.drop_duplicates("key" if per_patient else ["key", "slice_number"])
    # Subtypes decide; a table without them has the label in a column of its own.
    known = own[list(SUBTYPES)].max(axis=1)
    own = own.assign(hemorrhage=known.fillna(own["hemorrhage"]))
    if per_patient:
        of_patient = own.set_index("key")["hemorrhage"].reindex(slices["key"]).to_numpy()
        slices = slices.assign(**dict.fromkeys(FLAGS, pd.NA), patient_hemorrhage=of_patient)
    else:
        slices = slices.merge(own[["key", "slice_number", *FLAGS]], "left", ["key", "slice_number"])
        slices["patient_hemorrhage"] = pd.NA
    labelled = slices["patient_hemorrhage" if per_patient else "hemorrhage"].notna()
    if not (labelled | (slices["reason"] != "")).all():
        raise RuntimeError("a slice is kept without a label")
    slices["kept"] = (slices["reason"] == "").astype("int64")
    return typed(slices, LISTING)


def _inventory(
    files: pd.DataFrame, listing: pd.DataFrame, problems: Iterable[dict[str, Any]]
) -> pd.DataFrame:
    """Return the files with the reason why each is not kept: its own, or that of its slices."""
    of_file: dict[str, str] = {}
    for found in problems:
        of_file.setdefault(found["path"], found["problem"])
    of_slices = listing.drop_duplicates("path").set_index("path")["reason"]
    unused = ~files["path"].isin(listing.loc[listing["kept"] == 1, "path"])
    excluded = files.loc[unused & (files["reason"] == ""), "path"]
    reasons = excluded.map(of_slices).fillna(excluded.map(of_file)).fillna("no-slices")
    files = files.assign(reason=reasons.reindex(files.index).fillna(files["reason"]))
    return typed(files.assign(kept=(files["reason"] == "").astype("int64")), INVENTORY)
