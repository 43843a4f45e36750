"""The patients' ages and sexes: `patient_demographics.csv`, optional in every format."""

import re
from pathlib import Path

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.contents import DEMOGRAPHICS, frame
from ctseq.readers.labels.cells import open_cells, whole_number
from ctseq.readers.labels.spelling import bare_title
from ctseq.readers.names import patient_text
from ctseq.readers.walk import file_called

# Years in a unit, of 365.25 days each; ages of small children may be in days, weeks or months.
_YEARS = {"d": 1 / 365.25, "w": 7 / 365.25, "m": 1 / 12, "y": 1.0, "": 1.0}
_AGE = re.compile(r"([0-9]{1,6}(?:[.,][0-9]*)?|[.,][0-9]+)\s*(?:([dwmy])[a-z]*\.?)?", re.IGNORECASE)
# How the columns' titles start.
_TITLES = {"patient": ("patient",), "age": ("age",), "sex": ("gender", "sex")}


def read_demographics(folder: str | Path) -> pd.DataFrame:
    """Return the patients' ages and sexes; no rows if the dataset has no such table.

    Returns
    -------
    DataFrame
        patient_id (as the table writes it), age_years (NaN if unknown) and sex (``M``, ``F`` or
        empty). Rows without a patient number, such as titles above the header and notes below
        the table, are left out.

    Raises
    ------
    InputError
        If the table lacks the patient, age or sex column.
    """
    kinds = {"patient_id": "str", "age_years": "float64", "sex": "str"}
    path = file_called(folder, DEMOGRAPHICS)
    if path is None:
        return frame([], kinds)
    with open_cells(path) as (header, lines):
        rows = list(lines)
    columns = _columns(header)
    # CT-ICH's release 1.3.1 has a title above the header.
    for _, cells in rows:
        if len(columns) == len(_TITLES):
            break
        columns = _columns([bare_title(cell) for cell in cells]) or columns
    missing = [name for name in _TITLES if name not in columns]
    if missing:
        starts = " or ".join(_TITLES[missing[0]])
        raise InputError(
            f"{path} has no {missing[0]} column (one that starts with {starts}); it has "
            f"{', '.join(header)}. Mend or remove the file; it is optional."
        )
    people = []
    for _, cells in rows:
        if len(cells) > max(columns.values()):
            patient, age, sex = (cells[columns[name]] for name in _TITLES)
            if whole_number(patient) is not pd.NA:
                people.append((patient_text(patient), _age(age), _sex(sex)))
    return frame(people, kinds)


def _columns(titles: list[str]) -> dict[str, int]:
    """Return the indices of the wanted columns that are there, each the first of its kind."""
    found: dict[str, int] = {}
    for index, title in enumerate(titles):
        for name in (name for name, starts in _TITLES.items() if title.startswith(starts)):
            found.setdefault(name, index)
    return found


def _age(cell: str) -> float:
    match = _AGE.fullmatch(cell)
    if not match:
        return float("nan")
    return float(match[1].replace(",", ".")) * _YEARS[(match[2] or "").lower()]


def _sex(cell: str) -> str:
    letter = cell[:1].upper()
    return letter if letter in ("M", "F") else ""
