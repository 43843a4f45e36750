"""Label tables of formats that have none of their own: found by header, read into one form.

RSNA 2019's ``stage_2_train.csv`` (a row for each image and subtype), CQ500's ``reads.csv`` (a row
for each patient, with three readers), and plain tables with a row for each patient, slice or image.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.cells import Row, flag, open_cells, patient_text, whole_number
from ctseq.readers.contents import LABELS
from ctseq.readers.subtypes import SUBTYPES

# Titles, as `bare_title` returns them, by what the column holds.
_PATIENT = ("patientid", "patient", "patientnumber", "subjectid", "subject", "id", "name")
_SLICE = ("slicenumber", "slice")
_IMAGE = ("image", "imageid", "file", "filename", "path")
_LABEL = ("label", "hemorrhage", "haemorrhage", "ich", "any")
_RSNA = re.compile(rf"(?P<image>.+)_(?P<name>any|{'|'.join(SUBTYPES)})")
_READERS = ("r1ich", "r2ich", "r3ich")
_EXPECTED = (
    "RSNA 2019's stage_2_train.csv (ID,Label), CQ500's reads.csv (name, R1:ICH to R3:ICH), "
    "patient_id,label for patients, patient_id,slice_number,label for slices, or image,label"
)
# Text columns that a kind of table does not fill.
_EMPTY = {"patient_id": "", "image": "", "invalid": ""}


@dataclass(frozen=True)
class LabelTable:
    """A label table of a known kind: ``rsna``, ``cq500``, ``patient``, ``slice`` or ``image``."""

    path: Path
    kind: str

    @property
    def per_patient(self) -> bool:
        """Whether each row is about a patient."""
        return self.kind in ("cq500", "patient")

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, with the columns of `contents.LABELS`."""
        read = {"rsna": _read_rsna, "cq500": _read_cq500}.get(self.kind, _read_plain)
        with open_cells(self.path) as (header, rows):
            for record in read(header, rows):
                record["path"] = self.path.name
                yield tuple(record.get(name, _EMPTY.get(name, pd.NA)) for name in LABELS)


def find_table(folder: str | Path, chosen: Path | None = None) -> LabelTable:
    """Return the label table of a dataset's root folder: the chosen one, or the only one there.

    Raises
    ------
    InputError
        If there is none, or more than one, or the chosen one's header is of no known kind.
    """
    if chosen is not None:
        path = Path(folder, chosen)  # an absolute path stays what it is
        with open_cells(path) as (header, rows):
            if kind := _kind(header, next(rows, None)):
                return LabelTable(path, kind)
        raise InputError(
            f"{path} is no label table that is known; its columns are {', '.join(header)}. "
            f"Known are {_EXPECTED}."
        )
    names = sorted(path for path in Path(folder).iterdir() if path.suffix.casefold() == ".csv")
    fitting, damaged = [], []
    for path in names:
        try:
            with open_cells(path) as (header, rows):
                if kind := _kind(header, next(rows, None)):
                    fitting.append(LabelTable(path, kind))
        except InputError as error:
            damaged.append(f" {error}")
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"{folder} has {len(fitting)} tables that could be the labels: "
            f"{', '.join(table.path.name for table in fitting)}. Name one as dataset.labels."
        )
    found = ", ".join(path.name for path in names) or "none"
    raise InputError(
        f"{folder} has no label table. Looked for {_EXPECTED}; CSV files there: {found}. Put one "
        f"there, or name it as dataset.labels.{''.join(damaged)}"
    )


def _kind(header: list[str], first: Row | None) -> str:
    if {"name", *_READERS} <= set(header):
        return "cq500"
    if header == ["id", "label"] and first and _RSNA.fullmatch(first[1][0]):
        # A sample submission looks the same, with probabilities.
        return "rsna" if flag(first[1][1]) is not pd.NA else ""
    labelled = _column(header, _LABEL) is not None or set(SUBTYPES) <= set(header)
    patient, image = _column(header, _PATIENT), _column(header, _IMAGE)
    if labelled and patient is not None and _column(header, _SLICE) is not None:
        return "slice"
    if labelled and image is not None:
        return "image"
    return "patient" if labelled and patient is not None else ""


def _column(header: list[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _read_rsna(header: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Read one row for each image and subtype; the file repeats some, without contradiction."""
    # Image to its row, what is wrong with it, and its flags, in a list: there are a million.
    images: dict[str, list[Any]] = {}
    names = ("hemorrhage", *SUBTYPES)
    for number, cells in rows:
        match = _RSNA.fullmatch(cells[0])
        if match is None:  # no image has that name: the row is one without an image
            yield {"row": number, "image": cells[0] or "a row without ID"}
            continue
        found = images.setdefault(match["image"], [number, "", *[None] * len(names)])
        index = 2 + names.index(match["name"].replace("any", "hemorrhage"))
        value = flag(cells[1])
        if value is pd.NA:
            found[1] = found[1] or f"{match['name']} is {cells[1]!r}"
        elif found[index] is None:
            found[index] = value
        elif found[index] != value:
            found[1] = found[1] or f"{match['name']} is 0 and 1"
    for image, (row, invalid, *flags) in images.items():
        known = {name: value for name, value in zip(names, flags, strict=True) if value is not None}
        missing = [name.replace("hemorrhage", "any") for name in names if name not in known]
        invalid = invalid or (f"lacks {', '.join(missing)}" if missing else "")
        yield {"image": image, "row": row, "invalid": invalid} | known


def _read_cq500(header: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Read one row for each patient, positive if two of the three readers say so."""
    for number, cells in rows:
        votes = [cells[header.index(reader)] for reader in _READERS]
        flags = [flag(vote) for vote in votes]
        wrong = any(vote is pd.NA for vote in flags)
        yield {
            "row": number,
            # The dataset's folders are named without the hyphens.
            "patient_id": cells[header.index("name")].replace("-", ""),
            "hemorrhage": pd.NA if wrong else int(sum(flags) >= 2),
            "invalid": f"R1 to R3:ICH are {', '.join(map(repr, votes))}" if wrong else "",
        }


def _read_plain(header: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Read one row for each patient, slice or image."""
    patient, slice_, image = (_column(header, names) for names in (_PATIENT, _SLICE, _IMAGE))
    label = _column(header, _LABEL)
    columns = {"hemorrhage": label} if label is not None else {}
    columns |= {name: header.index(name) for name in SUBTYPES if name in header}
    by_image = slice_ is None and image is not None
    for number, cells in rows:
        flags = {name: flag(cells[at]) for name, at in columns.items()}
        invalid = [
            f"{header[columns[name]]} is {cells[columns[name]]!r}"
            for name, value in flags.items()
            if value is pd.NA
        ]
        yield {
            "row": number,
            "patient_id": "" if by_image else patient_text(cells[patient]),
            "slice_number": pd.NA if slice_ is None else whole_number(cells[slice_]),
            **flags,
            "invalid": ", ".join(invalid),
            "image": cells[image] if by_image else "",
        }
