"""What makes a dataset's labels doubtful: found here, judged in `selection`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.datasets import Reader
from ctseq.errors import InputError
from ctseq.tables import SUBTYPES

# What leaving a problem out means.
SLICE, ROW, PATIENT = "slice excluded", "row ignored", "patient excluded"


def patient_key(patient_id: str) -> str:
    """Give what makes two spellings of a patient the same: ``049`` and ``49`` are one."""
    return patient_id.strip().lstrip("0").casefold() or patient_id.strip()


def problem(
    kind: str,
    action: str,
    path: str,
    patient_id: str,
    slice_number: Any = pd.NA,
    *,
    row: Any = pd.NA,
    detail: str = "",
) -> dict[str, Any]:
    """Describe one problem: a row of the problems table."""
    return {
        "problem": kind,
        "path": path,
        "row": row,
        "patient_id": patient_id,
        "slice_number": slice_number,
        "detail": detail,
        "action": action,
    }


def in_words(found: dict[str, Any]) -> str:
    """Write a problem as a line: where, whose, what."""
    row = "" if found["row"] is pd.NA else f", row {found['row']}"
    detail = f" ({found['detail']})" if found["detail"] else ""
    named = {"patient": found["patient_id"] or pd.NA, "slice": found["slice_number"]}
    whose = " ".join(f"{name} {value}" for name, value in named.items() if value is not pd.NA)
    return f"{found['path']}{row}: {whose}{': ' * bool(whose)}{found['problem']}{detail}"


def in_patients(files: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find patients that have two folders, such as ``49`` beside ``049``."""
    own = files[files["patient_id"] != ""].drop_duplicates("patient_id")
    for _, group in own.groupby(own["patient_id"].map(patient_key), sort=False):
        spellings = " and ".join(group["patient_id"])
        for path, patient_id in zip(group["path"], group["patient_id"], strict=True):
            if len(group) > 1:
                yield problem(
                    "two folders for one patient", PATIENT, path, patient_id, detail=spellings
                )


def in_slices(brain: pd.DataFrame, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find brain slices without a label, and two files that claim to be one slice."""
    numbered = rows.dropna(subset="slice_number")
    labelled = set(zip(numbered["key"], numbered["slice_number"], strict=True))
    twice = brain.duplicated(["patient_id", "slice_number"], keep=False)
    for file, is_twice in zip(brain.itertuples(), twice, strict=True):
        place = (SLICE, file.path, file.patient_id, file.slice_number)
        if is_twice:
            yield problem("two files for one slice", *place)
        if (file.key, file.slice_number) not in labelled:
            yield problem("no diagnosis row", *place)


def in_images(
    folder: str | Path, brain: pd.DataFrame, reader: Reader, threads: int
) -> Iterator[dict[str, Any]]:
    """Decode every brain slice; find unreadable ones and ones of a size of their own."""

    def size_of(path: str) -> tuple[int, ...] | str:
        try:
            return reader.read_slice(Path(folder) / path).shape
        except InputError as error:
            return str(error)

    with ThreadPoolExecutor(threads) as pool:
        sizes = pd.Series(list(pool.map(size_of, brain["path"])), brain.index, dtype=object)
    readable = sizes.map(lambda size: isinstance(size, tuple))
    for file in brain[~readable].itertuples():
        yield problem(
            "unreadable image",
            *(SLICE, file.path, file.patient_id, file.slice_number),
            detail=sizes[file.Index].removeprefix(f"{Path(folder) / file.path} ").rstrip("."),
        )
    for _, group in brain[readable].groupby("patient_id", sort=False):
        own = sizes[group.index]
        usual = Counter(own).most_common(1)[0][0]  # of two as common, the first slice's
        for file in group[[size != usual for size in own]].itertuples():
            yield problem(
                "another image size than the patient's other slices",
                *(SLICE, file.path, file.patient_id, file.slice_number),
                detail=f"{_pixels(sizes[file.Index])}, the others {_pixels(usual)}",
            )


def _pixels(shape: Sequence[int]) -> str:
    return f"{shape[1]} x {shape[0]}"


def in_rows(rows: pd.DataFrame, brain: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find diagnosis rows that contradict themselves, each other or the files."""
    files = set(zip(brain["key"], brain["slice_number"], strict=True))
    first: dict[tuple[str, int], int] = {}
    for row in rows.itertuples():
        place = (row.path, row.patient_id, row.slice_number)
        if row.slice_number is pd.NA or not row.patient_id:
            yield problem("row without patient or slice number", ROW, *place, row=row.row)
            continue
        name = (row.key, row.slice_number)
        action = SLICE if name in files else ROW
        if name not in files:
            yield problem("no slice file", action, *place, row=row.row)
        if name in first:
            detail = f"also row {first[name]}"
            yield problem("two diagnosis rows", action, *place, row=row.row, detail=detail)
        first.setdefault(name, row.row)
        if row.invalid:
            yield problem(
                "cell is not 0, 1 or blank", action, *place, row=row.row, detail=row.invalid
            )
        flags = [getattr(row, name) for name in SUBTYPES]
        if any(flag is pd.NA for flag in (row.no_hemorrhage, *flags)):
            continue
        if row.no_hemorrhage == any(flags):
            detail = "1 beside a subtype" if row.no_hemorrhage else "0 without a subtype"
            yield problem(
                "No_Hemorrhage contradicts the subtypes", action, *place, row=row.row, detail=detail
            )


def hidden_hemorrhages(
    brain: pd.DataFrame, rows: pd.DataFrame, kept: pd.Series
) -> Iterator[dict[str, Any]]:
    """Find patients whose kept slices show no hemorrhage though an excluded row claims one.

    Left in, such a patient would count as a negative one.
    """
    said = rows[[*SUBTYPES, "no_hemorrhage"]]
    yes = pd.Series({**dict.fromkeys(SUBTYPES, 1), "no_hemorrhage": 0})
    claims = rows[said.eq(yes).fillna(False).any(axis=1)]
    shown = set(zip(brain["key"][kept], brain["slice_number"][kept], strict=True))
    for patient_id, group in brain[kept].groupby("patient_id", sort=False):
        own = claims[claims["key"] == group["key"].iloc[0]]
        if len(own) and not any((row.key, row.slice_number) in shown for row in own.itertuples()):
            yield problem(
                "its hemorrhage is only in what is excluded",
                *(PATIENT, own["path"].iloc[0], patient_id, own["slice_number"].iloc[0]),
                row=own["row"].iloc[0],
            )
