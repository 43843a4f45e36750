"""Shared parts of CT-ICH's readers: recognition by a folder's name, and the diagnosis table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.cells import flag, open_cells, patient_text, whole_number
from ctseq.readers.subtypes import SUBTYPES
from ctseq.readers.walk import file_called


def named_folder(folder: str | Path, name: str) -> str:
    """Return in words how a release is recognised: by a folder whose name in lower case is `name`.

    The text is empty if there is no such folder.
    """
    for path in sorted(Path(folder).iterdir()):
        if path.name.casefold() == name and path.is_dir():
            return f"its folder {path.name}"
    return ""


def read_diagnosis(
    folder: str | Path, name: str, chosen: Path | None = None
) -> Iterator[tuple[Any, ...]]:
    """Return an iterator over the labels of a release's slices, with the columns of `LABELS`.

    A blank subtype is 0, a blank No_Hemorrhage unknown (NA).

    Parameters
    ----------
    folder, name
        The dataset's root, and the table's file name in lower case.
    chosen
        The table that `dataset.labels` names, which must be none.

    Raises
    ------
    InputError
        If a table is chosen; at the first row, if the release's table is missing or lacks a column.
    """
    if chosen is not None:
        raise InputError(
            f"dataset.labels is {chosen}, but CT-ICH has its own table: set it to auto."
        )
    return _rows(Path(folder), name)


def _rows(folder: Path, name: str) -> Iterator[tuple[Any, ...]]:
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
        columns = [(title, header.index(title)) for title in wanted]
        for number, cells in rows:
            row = {title: cells[index] for title, index in columns}
            flags = {name: flag(row[name], blank=0) for name in SUBTYPES}
            none = flag(row["nohemorrhage"])
            invalid = [
                f"{name} is {row[name]!r}"
                for name, value in {**flags, "nohemorrhage": none}.items()
                if value is pd.NA and row[name]
            ]
            slice_ = (patient_text(row["patientnumber"]), whole_number(row["slicenumber"]))
            positive = none if none is pd.NA else 1 - none
            yield (path.name, number, *slice_, *flags.values(), positive, ", ".join(invalid), "")
