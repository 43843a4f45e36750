"""Reader of DICOM: a tree of CT series, and a label table.

One series a patient is used, chosen by `dicom_scans.choose_series`; its slices are numbered from 1
by their position along the normal, from the feet up, whatever their files are called. Only those
parts of a header are read that order and decode slices, and nothing that names a patient is
written: a patient's id is the folder's name, or the label table's, or a number.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.windows import Window, apply_windows
from ctseq.readers.contents import LABELS, Contents, File, Pixels, file_without_slices
from ctseq.readers.demographics import DEMOGRAPHICS
from ctseq.readers.dicom_files import Header, is_dicom, read_header, read_hu
from ctseq.readers.dicom_scans import choose_series, group_by_patient, spacing_of
from ctseq.readers.label_tables import find_table
from ctseq.readers.problems import NOTHING, PATIENT, problem
from ctseq.readers.walk import first_files, walk

__all__ = ["LOOKED_FOR", "OWN_WINDOW", "list_contents", "open_sequence", "recognises"]

LOOKED_FOR = "CT series in DICOM files"
OWN_WINDOW = None

_PATIENT = list(LABELS).index("patient_id")
# Files that are opened to see whether a folder holds DICOM at all.
_FILES_TRIED = 300


def recognises(folder: str | Path) -> str:
    """Return in words how a folder of DICOM is recognised: by the first DICOM file."""
    for path in first_files(folder, _FILES_TRIED):
        if is_dicom(path):
            return f"the DICOM file {path.relative_to(folder).as_posix()}"
    return ""


def list_contents(folder: str | Path, table: Path | None = None) -> Contents:
    """List files, slices and labels; `table` names the label table if its header does not."""
    labels = find_table(folder, table)
    headers, others, problems = _read_headers(Path(folder), labels.path.name)
    labelled = (row[_PATIENT] for row in labels.rows())
    patients, found = group_by_patient(headers, labelled)
    problems += found
    files = chain(others, _slices(patients, problems))
    return Contents(files, labels.rows(), labels.per_patient, problems)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Return a function from the index of one of a patient's slices to its pixels.

    Without windows they are Hounsfield units, float32.
    """
    names = list(zip(slices["path"], slices["slice_number"], strict=True))

    def pixels(index: int) -> np.ndarray:
        path, number = names[index]
        hu = read_hu(Path(folder) / path, number)
        return apply_windows(hu, windows) if windows else hu

    return pixels


def _slices(patients: dict[str, list[Header]], problems: list[dict[str, Any]]) -> Iterator[File]:
    """Describe the patients' files; add a problem for each patient without a usable series."""
    for patient_id, own in patients.items():
        series, reasons = choose_series(own)
        spacing_mm = spacing_of(series)
        numbers: dict[str, list[int]] = {}
        for number, header in enumerate(series, start=1):
            numbers.setdefault(header.path, []).append(number)
        for header in own:
            held = numbers.get(header.path, [])
            yield File(
                *(header.path, "slice", patient_id, held[0] if len(held) == 1 else None),
                reason=reasons.get(header.path, ""),
                spacing_mm=spacing_mm,
                slices=[(number, number) for number in held],
            )
        if not series:
            why = ", ".join(sorted(set(reasons.values())))
            problems.append(problem("no-slices", PATIENT, own[0].path, patient_id, detail=why))


def _read_headers(
    folder: Path, table: str
) -> tuple[list[Header], list[File], list[dict[str, Any]]]:
    """Return the headers of all DICOM images, the other files, and problems of damaged ones."""
    headers, others, problems = [], [], []
    for found in walk(folder):
        path = folder / found.path
        if not found.reason and is_dicom(path):
            try:
                header = read_header(path, found.path)
                if header.reason == "no-pixels":
                    others.append(File(found.path, "other", reason=header.reason))
                else:
                    headers.append(header)
                continue
            except InputError as error:
                detail = str(error).removeprefix(f"{path} ").rstrip(".")
        elif not found.reason and found.path.casefold().endswith(".dcm"):
            detail = "it is no DICOM file" if path.exists() else "it does not exist"
        else:
            others.append(file_without_slices(found, (table, DEMOGRAPHICS)))
            continue
        others.append(File(found.path, "slice"))
        problems.append(problem("unreadable", NOTHING, found.path, detail=detail))
    return headers, others, problems
