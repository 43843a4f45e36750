"""Shared parts of CT-ICH's readers: recognition by a folder's name, and the diagnosis table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.labels.cells import flag, open_cells, whole_number
from ctseq.readers.names import patient_text
from ctseq.readers.subtypes import SUBTYPES, TARGETS, deciding_flags
from ctseq.readers.walk import file_called

_FRACTURE = "fractureyesno"
# Titles of columns that are not called as their flags.
_TITLES = {"hemorrhage": "nohemorrhage", "fracture": _FRACTURE}


def named_folder(folder: str | Path, links_into: Sequence[str] = (), *, name: str) -> str:
    """Return in words how a release is recognised: by a folder whose name in lower case is `name`.

    The text is empty if there is no such folder. It may be a link, wherever that leads.
    """
    for path in sorted(Path(folder).iterdir()):
        if path.name.casefold() == name and path.is_dir():
            return f"its folder {path.name}"
    return ""


def read_diagnosis(
    folder: str | Path, name: str, chosen: Path | None = None, target: str = "hemorrhage"
) -> Iterator[tuple[Any, ...]]:
    """Return an iterator over the labels of a release's slices, with the columns of `LABELS`.

    A blank subtype or fracture is 0, a blank No_Hemorrhage unknown (NA).

    Parameters
    ----------
    folder, name
        The dataset's root, and the table's file name in lower case.
    chosen
        The table that the dataset's `labels` names, which must be none.
    target
        What the labels are asked for.

    Raises
    ------
    InputError
        If a table is chosen, or a target that CT-ICH does not know; at the first row, if the
        release's table is missing or lacks a column.
    """
    if chosen is not None:
        raise InputError(
            f"{folder}: its `labels` are {chosen}, but CT-ICH has its own table: set them to auto."
        )
    if target not in TARGETS:
        raise InputError(
            f"{folder}: its `target` is {target!r}, which CT-ICH's labels do not know; choose one "
            f"of {', '.join(TARGETS)}."
        )
    return _rows(Path(folder), name, deciding_flags(target))


def _rows(folder: Path, name: str, deciding: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    path = file_called(folder, name)
    if path is None:
        raise InputError(
            f"{folder} has no {name}, so its slices have no labels. "
            "Copy the table of the dataset's release there."
        )
    with open_cells(path) as (header, rows):
        wanted = ("patientnumber", "slicenumber", *SUBTYPES, "nohemorrhage")
        missing = [title for title in wanted if title not in header]
        if missing:
            raise InputError(
                f"{path} lacks the column {', '.join(missing)}; it has {', '.join(header)}."
            )
        columns = {title: header.index(title) for title in (*wanted, _FRACTURE) if title in header}
        for number, cells in rows:
            row = {title: cells[index] for title, index in columns.items()}
            patient, slice_ = patient_text(row["patientnumber"]), whole_number(row["slicenumber"])
            none = flag(row["nohemorrhage"])
            flags = {name: flag(row[name], blank=0) for name in SUBTYPES}
            flags |= {"hemorrhage": none if none is pd.NA else 1 - none}
            # Some copies of the table lack the column.
            flags |= {"fracture": flag(row[_FRACTURE], blank=0) if _FRACTURE in row else pd.NA}
            cells_of = {name: _TITLES.get(name, name) for name in deciding}
            invalid = [
                f"{title} is {row[title]!r}"
                for name, title in cells_of.items()
                if flags[name] is pd.NA and row.get(title)
            ]
            told = (*flags.values(), pd.NA, ", ".join(invalid), "")
            yield (path.name, number, "", patient, slice_, *told)
