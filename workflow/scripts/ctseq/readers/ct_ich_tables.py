"""What CT-ICH's releases have in common: how they are recognised, and their diagnosis table."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.cells import Row, flag, open_cells, patient_text, whole_number
from ctseq.readers.contents import SUBTYPES
from ctseq.readers.walk import file_called


def named_folder(folder: str | Path, name: str) -> str:
    """Return how a release is recognised, in words: by a folder of that name, in any letter case.

    Parameters
    ----------
    folder
        The dataset's root.
    name
        In lower case.

    Returns
    -------
    str
        Empty if there is no such folder.
    """
    for path in sorted(Path(folder).iterdir()):
        if path.name.casefold() == name and path.is_dir():
            return f"its folder {path.name}"
    return ""


def read_diagnosis(
    folder: str | Path, name: str, chosen: Path | None = None
) -> Iterator[tuple[Any, ...]]:
    """Read the labels of a release's slices, unjudged.

    Parameters
    ----------
    folder
        The dataset's root.
    name
        The table's file name in lower case.
    chosen
        What `dataset.labels` names: nothing, since the releases have their own table.

    Returns
    -------
    iterator of tuple
        A row each, as `contents.LABELS`: a blank subtype is 0, a blank No_Hemorrhage unknown (NA).

    Raises
    ------
    InputError
        If a table is chosen; and, when the first row is asked for, if the release's is missing or
        lacks a column.
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
        columns = {title: header.index(title) for title in wanted}
        yield from _labels(rows, columns, path.name)


def _labels(
    rows: Iterable[Row], columns: Mapping[str, int], table: str
) -> Iterator[tuple[Any, ...]]:
    for number, cells in rows:
        flags = {name: flag(cells[columns[name]], blank=0) for name in SUBTYPES}
        none = flag(cells[columns["nohemorrhage"]])
        invalid = [
            f"{name} is {cells[columns[name]]!r}"
            for name, value in {**flags, "nohemorrhage": none}.items()
            if value is pd.NA and cells[columns[name]]
        ]
        yield (
            table,
            number,
            patient_text(cells[columns["patientnumber"]]),
            whole_number(cells[columns["slicenumber"]]),
            *flags.values(),
            none if none is pd.NA else 1 - none,
            ", ".join(invalid),
            "",
        )
