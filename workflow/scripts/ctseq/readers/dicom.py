"""Reader of DICOM: a tree of CT series, and a label table.

One series a patient is used, chosen by `dicom_series.choose`; its slices are numbered from 1 by
their place along the normal, from the feet up, whatever their files are called. Of the header only
what it takes to order and decode is ever read, and nothing that names a patient leaves this module:
a patient's id is the folder's name, or the label table's, or a number.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.windows import Window, apply_windows
from ctseq.readers import dicom_patients
from ctseq.readers.ct_ich_tables import DEMOGRAPHICS, read_demographics
from ctseq.readers.dicom_files import Header, is_dicom, read_header, read_hu
from ctseq.readers.dicom_series import choose
from ctseq.readers.label_tables import find_table, open_table
from ctseq.readers.problems import NOTHING, PATIENT, problem
from ctseq.readers.scan import LABELS, File, Pixels, Scan, checksum_file
from ctseq.readers.walk import first_files, walk

__all__ = ["GREY", "LOOKED_FOR", "open_sequence", "read_demographics", "recognises", "scan"]

LOOKED_FOR = "CT series in DICOM files"
GREY = None

_PATIENT = list(LABELS).index("patient_id")
# Files that are opened to see whether a folder holds DICOM at all.
_FILES_TRIED = 300


def recognises(folder: str | Path) -> str:
    """Say how a folder is known to hold DICOM: by the first file that is."""
    for path in first_files(folder, _FILES_TRIED):
        if is_dicom(path):
            return f"the DICOM file {path.relative_to(folder).as_posix()}"
    return ""


def scan(folder: str | Path, table: Path | None = None) -> Scan:
    """List files, slices and labels; `table` names the labels' where it is not found by header."""
    labels = open_table(find_table(folder, table))
    headers, others, problems = _read_headers(Path(folder), labels.path.name)
    labelled = (row[_PATIENT] for row in labels.rows())
    patients, found = dicom_patients.patients_of(headers, labelled)
    problems += found
    files = chain(others, _slices(patients, problems))
    return Scan(files, labels.rows(), labels.per_patient, problems)


def open_sequence(
    folder: str | Path, slices: pd.DataFrame, windows: Sequence[Window] | None = None
) -> Pixels:
    """Give the function from a place in a patient's slices to its pixels.

    As `readers.Reader.open_sequence`; without windows, Hounsfield units, float32.
    """
    places = list(zip(slices["path"], slices["slice_number"], strict=True))

    def pixels(place: int) -> np.ndarray:
        path, number = places[place]
        hu = read_hu(Path(folder) / path, number)
        return apply_windows(hu, windows) if windows else hu

    return pixels


def _slices(patients: dict[str, list[Header]], problems: list[dict[str, Any]]) -> Iterator[File]:
    """Describe the patients' files; for a patient without a series, add a problem."""
    for patient_id, own in patients.items():
        series, reasons = choose(own)
        numbers: dict[str, list[int]] = {}
        for number, header in enumerate(series, start=1):
            numbers.setdefault(header.path, []).append(number)
        for header in own:
            held = numbers.get(header.path, [])
            yield File(
                *(header.path, "slice", patient_id, held[0] if len(held) == 1 else None),
                reason=reasons.get(header.path, ""),
                slices=[(number, number) for number in held],
            )
        if not series:
            why = ", ".join(sorted(set(reasons.values())))
            problems.append(problem("no-slices", PATIENT, own[0].path, patient_id, detail=why))


def _read_headers(
    folder: Path, table: str
) -> tuple[list[Header], list[File], list[dict[str, Any]]]:
    """Read the headers of all DICOM files; give the other files, and what is damaged."""
    headers, others, problems = [], [], []
    for found in walk(folder):
        whole = folder / found.path
        if not found.reason and is_dicom(whole):
            try:
                header = read_header(whole, found.path)
                if header.problem == "no-pixels":
                    others.append(File(found.path, "other", reason=header.problem))
                else:
                    headers.append(header)
                continue
            except InputError as error:
                detail = str(error).removeprefix(f"{whole} ").rstrip(".")
        elif not found.reason and found.path.casefold().endswith(".dcm"):
            detail = "it is no DICOM file" if whole.exists() else "it does not exist"
        else:
            tables = (table, DEMOGRAPHICS)
            is_table = found.path in tables or checksum_file(found)
            kind = "table" if is_table and not found.reason else "other"
            others.append(File(found.path, kind, reason=found.reason or kind))
            continue
        others.append(File(found.path, "slice"))
        problems.append(problem("unreadable", NOTHING, found.path, detail=detail))
    return headers, others, problems
