"""CT-ICH's two tables, diagnosis and demographics, as its JPG and NIfTI releases write them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.cells import Row, open_cells, read_cells
from ctseq.readers.ids import patient_text, whole_number
from ctseq.readers.scan import SUBTYPES, frame

DEMOGRAPHICS = "patient_demographics.csv"

# One year is 365.25 days; the youngest patients' ages may carry a unit.
_YEARS = {"d": 1 / 365.25, "w": 7 / 365.25, "m": 1 / 12, "y": 1.0, "": 1.0}
_AGE = re.compile(r"([0-9]{1,6}(?:[.,][0-9]*)?|[.,][0-9]+)\s*(?:([dwmy])[a-z]*\.?)?", re.IGNORECASE)
# How the titles of the demographics' columns start.
_TITLES = {"patient": ("patient",), "age": ("age",), "sex": ("gender", "sex")}


def refuse_table(table: Path | None) -> None:
    """Refuse a chosen label table: the releases have theirs, by name."""
    if table is not None:
        raise InputError(
            f"dataset.labels is {table}, but CT-ICH has its own table: set it to auto."
        )


def read_diagnosis(folder: str | Path, name: str) -> Iterator[tuple[Any, ...]]:
    """Read the slice labels as they stand; what contradicts itself is for the caller to judge.

    Parameters
    ----------
    folder
        The dataset's root.
    name
        The table's file name in lower case.

    Yields
    ------
    tuple
        A row, as `scan.LABELS`: a blank subtype is 0, a blank No_Hemorrhage claims nothing (NA).

    Raises
    ------
    InputError
        If the table is missing or lacks a column: when the first row is asked for.
    """
    path = _table(Path(folder), name)
    if path is None:
        raise InputError(
            f"{folder} has no {name}, so its slices have no labels. "
            "Copy the table of the dataset's release there."
        )
    with open_cells(path) as (header, rows):
        wanted = ("patientnumber", "slicenumber", *SUBTYPES, "nohemorrhage")
        missing = [name for name in wanted if name not in header]
        if missing:
            raise InputError(
                f"{path} lacks the column {', '.join(missing)}; it has {', '.join(header)}."
            )
        at = {name: header.index(name) for name in wanted}
        yield from _labelled(rows, at, path.name)


def read_demographics(folder: str | Path) -> pd.DataFrame:
    """Read the patients' ages and sexes; the table may be absent.

    Parameters
    ----------
    folder
        The dataset's root.

    Returns
    -------
    DataFrame
        patient_id (as the table writes it), age_years (NaN if it is not told) and sex (``M``,
        ``F`` or empty). Rows without a patient number, such as titles above the header and notes
        below the table, are left out.

    Raises
    ------
    InputError
        If the table is there but lacks the patient, age or sex column.
    """
    kinds = {"patient_id": "str", "age_years": "float64", "sex": "str"}
    path = _table(Path(folder), DEMOGRAPHICS)
    if path is None:
        return frame([], kinds)
    header, rows = read_cells(path)
    at = _columns(header)
    # Release 1.3.1 has a title above the header.
    for _, cells in rows:
        if len(at) == len(_TITLES):
            break
        at = _columns([re.sub(r"[\W_]+", "", cell.casefold()) for cell in cells]) or at
    missing = [name for name in _TITLES if name not in at]
    if missing:
        starts = " or ".join(_TITLES[missing[0]])
        raise InputError(
            f"{path} has no {missing[0]} column (one that starts with {starts}); it has "
            f"{', '.join(header)}. Mend or remove the file; it is optional."
        )
    widest = max(at.values()) + 1
    people = [
        (patient_text(cells[at["patient"]]), _age(cells[at["age"]]), _sex(cells[at["sex"]]))
        for _, cells in rows
        if len(cells) >= widest and whole_number(cells[at["patient"]]) is not pd.NA
    ]
    return frame(people, kinds)


def flag(cell: str, blank: int | pd.api.typing.NAType = pd.NA) -> int | pd.api.typing.NAType:
    """Read a cell that is 0 or 1; NA if it is neither."""
    if not cell:
        return blank
    number = whole_number(cell)
    return number if number is not pd.NA and number in (0, 1) else pd.NA


def _labelled(rows: Iterable[Row], at: Mapping[str, int], table: str) -> Iterator[tuple[Any, ...]]:
    """Read rows of the diagnosis table."""
    for number, cells in rows:
        flags = {name: flag(cells[at[name]], blank=0) for name in SUBTYPES}
        none = flag(cells[at["nohemorrhage"]])
        invalid = [
            f"{name} is {cells[at[name]]!r}"
            for name, value in {**flags, "nohemorrhage": none}.items()
            if value is pd.NA and cells[at[name]]
        ]
        yield (
            table,
            number,
            patient_text(cells[at["patientnumber"]]),
            whole_number(cells[at["slicenumber"]]),
            *flags.values(),
            none if none is pd.NA else 1 - none,
            ", ".join(invalid),
            "",
        )


def _columns(titles: list[str]) -> dict[str, int]:
    found = {
        name: [place for place, title in enumerate(titles) if title.startswith(starts)]
        for name, starts in _TITLES.items()
    }
    return {name: places[0] for name, places in found.items() if places}


def _table(folder: Path, name: str) -> Path | None:
    found = sorted(path for path in folder.iterdir() if path.name.casefold() == name)
    if len(found) > 1:
        raise InputError(
            f"{folder} has {' and '.join(path.name for path in found)}: keep only the right one."
        )
    return found[0] if found else None


def _age(cell: str) -> float:
    match = _AGE.fullmatch(cell)
    if not match:
        return float("nan")
    return float(match[1].replace(",", ".")) * _YEARS[(match[2] or "").lower()]


def _sex(cell: str) -> str:
    letter = cell[:1].upper()
    return letter if letter in ("M", "F") else ""
