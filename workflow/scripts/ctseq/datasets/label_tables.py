"""Label tables of the formats that bring none of their own: found by header, read into one form.

RSNA 2019's ``stage_2_train.csv`` (a row an image and subtype), CQ500's ``reads.csv`` (a row a
patient, three readers), and plain tables: a row a patient, a slice or an image.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from ctseq.datasets.cells import Row, open_cells
from ctseq.datasets.ct_ich_tables import flag
from ctseq.datasets.ids import patient_text, whole_number
from ctseq.datasets.scan import LABELS, frame
from ctseq.errors import InputError
from ctseq.problems import ROW, problem
from ctseq.tables import SUBTYPES

# Titles, folded to bare letters, by what the column holds.
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


@dataclass(frozen=True)
class LabelTable:
    """Labels as a table tells them.

    Attributes
    ----------
    rows
        As `scan.LABELS`, and `image`: what the row names the image, empty where patient and slice
        are named.
    per_patient
        Whether a row is a patient.
    """

    path: Path
    rows: pd.DataFrame
    per_patient: bool


def find_table(folder: str | Path, chosen: Path | None) -> Path:
    """Find the label table: the chosen one, or the one in the folder whose header says it.

    Raises
    ------
    InputError
        If there is none, or more than one.
    """
    if chosen is not None:
        # Relative to the dataset, as it is shipped with it; an absolute path stays what it is.
        return Path(folder) / chosen
    names = sorted(path for path in Path(folder).iterdir() if path.suffix.casefold() == ".csv")
    fitting, damaged = [], []
    for path in names:
        try:
            with open_cells(path) as (header, rows):
                fitting += [path] * bool(_kind(header, next(rows, None)))
        except InputError as error:
            damaged.append(f" {error}")
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"{folder} has {len(fitting)} tables that could be the labels: "
            f"{', '.join(path.name for path in fitting)}. Name one as dataset.labels."
        )
    found = ", ".join(path.name for path in names) or "none"
    raise InputError(
        f"{folder} has no label table. Looked for {_EXPECTED}; CSV files there: {found}. Put one "
        f"there, or name it as dataset.labels.{''.join(damaged)}"
    )


def read_table(path: Path) -> LabelTable:
    """Read a label table of any known kind.

    Raises
    ------
    InputError
        If the header is none that is known.
    """
    with open_cells(path) as (header, rows):
        first = next(rows, None)
        kind = _kind(header, first)
        if not kind:
            raise InputError(
                f"{path} is no label table that is known; its columns are {', '.join(header)}. "
                f"Known are {_EXPECTED}."
            )
        read = {"rsna": _read_rsna, "cq500": _read_cq500}.get(kind, _read_plain)
        records = read(header, chain([first] if first else [], rows))
        named = frame(records, LABELS | {"image": "str"}).assign(path=path.name)
    return LabelTable(path, named, kind in ("cq500", "patient"))


def resolve(
    table: LabelTable, files: pd.DataFrame, slices: pd.DataFrame
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Give the labels by patient and slice, where the table names images.

    Parameters
    ----------
    table
        From `read_table`.
    files, slices
        As `scan.Scan` has them. Rows of images that are there but left out are dropped.

    Returns
    -------
    labels : DataFrame
        As `scan.LABELS`.
    problems : list of dict
        One for all rows whose image is not there.

    Raises
    ------
    InputError
        If a row names an image by a name that several files have.
    """
    rows = table.rows
    if table.per_patient or not (rows["image"] != "").any():
        return rows[list(LABELS)], []
    places: dict[str, set[str]] = {}
    for path in files["path"]:
        for name in (path, _stem(path)):
            places.setdefault(name, set()).add(path)
    of_path = slices.set_index("path")[["patient_id", "slice_number"]]
    known = {path: tuple(row) for path, row in zip(of_path.index, of_path.to_numpy(), strict=True)}
    found, strangers = [], []
    for row, name in zip(rows["row"], rows["image"], strict=True):
        paths = places.get(name) or places.get(_stem(name), set())
        if len(paths) > 1:
            raise InputError(
                f"{table.path}, row {row}, names {name!r}, but {len(paths)} files are called so: "
                "write their paths, or label by patient and slice."
            )
        strangers += [] if paths else [(row, name)]
        found.append(known.get(next(iter(paths), ""), ("", pd.NA)))
    rows = rows.assign(
        patient_id=[patient for patient, _ in found],
        slice_number=pd.array([number for _, number in found], dtype="Int64"),
    )
    problems = []
    if strangers:
        more = f" and {len(strangers) - 1} rows more" if len(strangers) > 1 else ""
        row, name = strangers[0]
        detail = f"{name}{more}"
        problems = [problem("no-slice", ROW, table.path.name, row=row, detail=detail)]
    return rows.loc[rows["patient_id"] != "", list(LABELS)].reset_index(drop=True), problems


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
    """Read a row an image and subtype; the file repeats some rows, which is no contradiction."""
    images: dict[str, dict[str, Any]] = {}
    for number, cells in rows:
        match = _RSNA.fullmatch(cells[0])
        if match is None:  # no image has that name, which is how it will be told
            image = cells[0] or "a row without ID"
            yield {"row": number, "image": image, "patient_id": "", "invalid": ""}
            continue
        record = images.setdefault(match["image"], {"row": number, "invalid": ""})
        name = "hemorrhage" if match["name"] == "any" else match["name"]
        value = flag(cells[1])
        if value is pd.NA:
            record["invalid"] = record["invalid"] or f"{match['name']} is {cells[1]!r}"
        elif record.setdefault(name, value) != value:
            record["invalid"] = record["invalid"] or f"{match['name']} is 0 and 1"
    for image, record in images.items():
        missing = [name for name in ("hemorrhage", *SUBTYPES) if name not in record]
        told = [name.replace("hemorrhage", "any") for name in missing]
        record["invalid"] = record["invalid"] or (f"lacks {', '.join(told)}" if told else "")
        yield {"image": image, "patient_id": ""} | record


def _read_cq500(header: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Read a row a patient: positive where two of the three readers say so."""
    for number, cells in rows:
        votes = [cells[header.index(reader)] for reader in _READERS]
        flags = [flag(vote) for vote in votes]
        wrong = any(vote is pd.NA for vote in flags)
        yield {
            "row": number,
            # The folders leave the hyphens out.
            "patient_id": cells[header.index("name")].replace("-", ""),
            "hemorrhage": pd.NA if wrong else int(sum(flags) >= 2),
            "invalid": f"R1 to R3:ICH are {', '.join(map(repr, votes))}" if wrong else "",
            "image": "",
        }


def _read_plain(header: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
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


def _stem(path: str) -> str:
    name = PurePosixPath(path).name
    return re.sub(r"\.(dcm|png|jpe?g|tiff?)$", "", name, flags=re.IGNORECASE)
