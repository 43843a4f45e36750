"""Label tables of formats that have none of their own: found by header, read into one form.

RSNA 2019's ``stage_2_train.csv`` (a row for each image and subtype), CQ500's ``reads.csv`` (a row
for each patient, with three readers), and plain tables with a row for each patient, scan, slice or
image.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.contents import DEMOGRAPHICS, LABELS
from ctseq.readers.junk import is_junk
from ctseq.readers.labels.cells import Row, bare_title, flag, open_cells, whole_number
from ctseq.readers.names import patient_text
from ctseq.readers.subtypes import SUBTYPES, TARGETS, deciding_flags

# Titles, as `bare_title` returns them, by what the column holds.
_SCAN = ("scanid", "scan", "studyinstanceuid", "studyuid", "study")
_PATIENT = ("patientid", "patient", "patientnumber", "subjectid", "subject", "id", "name")
_SLICE = ("slicenumber", "slice")
_IMAGE = ("image", "imageid", "file", "filename", "path")
_FLAGS = {"hemorrhage": ("label", "hemorrhage", "haemorrhage", "ich", "any")}
_FLAGS |= {name: (name,) for name in SUBTYPES} | {"fracture": ("fracture", "fractureyesno")}
_RSNA = re.compile(rf"(?P<image>.+)_(?P<name>any|{'|'.join(SUBTYPES)})")
_READERS = ("r1", "r2", "r3")
# What CQ500's readers call a target.
_CQ500 = {"hemorrhage": "ich", "intraventricular": "ivh", "intraparenchymal": "iph"}
_CQ500 |= {"subarachnoid": "sah", "epidural": "edh", "subdural": "sdh"}
_EXPECTED = (
    "RSNA 2019's stage_2_train.csv (ID,Label), CQ500's reads.csv (name, R1:ICH to R3:ICH), "
    "patient_id,label for patients, scan_id,label for scans, patient_id,slice_number,label for "
    "slices, or image,label; in place of label may stand a subtype, fracture or the target's column"
)
_COLUMNS_SHOWN = 12
# Text columns that a kind of table does not fill.
_EMPTY = {"scan_id": "", "patient_id": "", "image": "", "invalid": ""}


@dataclass(frozen=True)
class LabelTable:
    """A label table, and the `target` that its labels are asked for.

    Its kind is ``rsna`` or ``cq500``, or what a row of a plain table is about: ``patient``,
    ``scan``, ``slice`` or ``image``.
    """

    path: Path
    kind: str
    target: str

    @property
    def of(self) -> str:
        """What each row is about: a ``slice``, ``scan`` or ``patient``."""
        return {"cq500": "patient", "patient": "patient", "scan": "scan"}.get(self.kind, "slice")

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, with the columns of `contents.LABELS`."""
        read = {"rsna": _read_rsna, "cq500": _read_cq500}.get(self.kind, _read_plain)
        with open_cells(self.path) as (header, rows):
            for record in read(header, rows, self.target):
                record["path"] = self.path.name
                yield tuple(record.get(name, _EMPTY.get(name, pd.NA)) for name in LABELS)


def find_table(
    folder: str | Path, chosen: Path | None = None, target: str = "hemorrhage"
) -> LabelTable:
    """Return the label table of a dataset's root folder: the chosen one, or the only one there.

    `target` is what it is asked for: one of `TARGETS`, or the title of a column.

    Raises
    ------
    InputError
        If there is none, or more than one, or the chosen one's header is of no known kind, or it
        has no column of the target's title.
    """
    if chosen is not None:
        path = Path(folder, chosen)  # an absolute path stays what it is
        with open_cells(path) as (header, rows):
            if kind := _kind(header, next(rows, None), target):
                return _with_target(LabelTable(path, kind, target))
        raise InputError(
            f"{path} is no label table that is known; its columns are {', '.join(header)}. "
            f"Known are {_EXPECTED}."
        )
    names = sorted(
        path
        for path in Path(folder).iterdir()
        if path.suffix.casefold() == ".csv"
        and path.name.casefold() != DEMOGRAPHICS
        and not is_junk(path.name)
    )
    fitting, others, damaged = [], [], []
    for path in names:
        try:
            with open_cells(path) as (header, rows):
                others.append(f"{path.name} ({', '.join(header[:_COLUMNS_SHOWN])})")
                if kind := _kind(header, next(rows, None), target):
                    fitting.append(LabelTable(path, kind, target))
        except InputError as error:
            damaged.append(f" {error}")
    if len(fitting) == 1:
        return _with_target(fitting[0])
    if fitting:
        raise InputError(
            f"{folder} has {len(fitting)} tables that could be the labels: "
            f"{', '.join(table.path.name for table in fitting)}. Name one as its `labels`."
        )
    raise InputError(
        f"{folder} has no label table that knows the target, {target!r}. Looked for {_EXPECTED}; "
        f"CSV files there, with their columns: {', '.join(others) or 'none'}. Put one there, or "
        f"name it as its `labels`.{''.join(damaged)}"
    )


def _kind(header: list[str], first: Row | None, target: str) -> str:
    if {"name", *(f"{reader}ich" for reader in _READERS)} <= set(header):
        return "cq500"
    if header == ["id", "label"] and first and _RSNA.fullmatch(first[1][0]):
        # A sample submission looks the same, with probabilities.
        return "rsna" if flag(first[1][1]) is not pd.NA else ""
    flags = _flag_columns(header, target)
    if not ({"hemorrhage", "target"} & {*flags} or target in flags or {*SUBTYPES} <= {*flags}):
        return ""
    whose = [kind for kind, names in (("scan", _SCAN), ("patient", _PATIENT))
             if _column(header, names) is not None]  # fmt: skip
    if whose and _column(header, _SLICE) is not None:
        return "slice"
    if _column(header, _IMAGE) is not None:
        return "image"
    return whose[0] if whose else ""


def _with_target(table: LabelTable) -> LabelTable:
    """Return a table that has the target's column, if the target is the title of one."""
    if table.target in TARGETS:
        return table
    with open_cells(table.path) as (header, _):
        title = bare_title(table.target)
        known = {"cq500": f"r1{title}" in header, "rsna": False}.get(table.kind, title in header)
        if not known:
            raise InputError(
                f"{table.path} has no column for the dataset's `target`, {table.target!r}; its "
                f"columns are {', '.join(header)}. Set `target` to one of these, or to one of "
                f"{', '.join(TARGETS)}."
            )
    return table


def _flag_columns(header: list[str], target: str) -> dict[str, int]:
    """Return the columns of a plain table's flags, the target's own among them if it has one."""
    found = {name: _column(header, titles) for name, titles in _FLAGS.items()}
    if target not in TARGETS and (own := _column(header, [bare_title(target)])) is not None:
        found = {name: at for name, at in found.items() if at != own} | {"target": own}
    return {name: at for name, at in found.items() if at is not None}


def _column(header: list[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _read_rsna(header: list[str], rows: Iterable[Row], target: str) -> Iterator[dict[str, Any]]:
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


def _read_cq500(header: list[str], rows: Iterable[Row], target: str) -> Iterator[dict[str, Any]]:
    """Read one row for each patient, positive if two of the three readers say so."""
    asked = dict.fromkeys(["hemorrhage", target if target in TARGETS else "target"])
    titles = {name: _CQ500.get(name, bare_title(target)) for name in asked}
    columns = {
        name: [header.index(reader + title) for reader in _READERS]
        for name, title in titles.items()
        if {reader + title for reader in _READERS} <= {*header}
    }
    for number, cells in rows:
        votes = {name: [cells[at] for at in own] for name, own in columns.items()}
        flags = {name: [flag(vote) for vote in own] for name, own in votes.items()}
        wrong = [name for name, own in flags.items() if any(vote is pd.NA for vote in own)]
        yield {
            "row": number,
            # The dataset's folders are named without the hyphens.
            "patient_id": cells[header.index("name")].replace("-", ""),
            **{name: int(sum(own) >= 2) for name, own in flags.items() if name not in wrong},
            "invalid": "; ".join(
                f"R1 to R3:{titles[name].upper()} are {', '.join(map(repr, votes[name]))}"
                for name in wrong
                if name in deciding_flags(target)
            ),
        }


def _read_plain(header: list[str], rows: Iterable[Row], target: str) -> Iterator[dict[str, Any]]:
    """Read one row for each patient, scan, slice or image."""
    scan, patient, slice_, image = (
        _column(header, names) for names in (_SCAN, _PATIENT, _SLICE, _IMAGE)
    )
    columns = _flag_columns(header, target)
    by_image = slice_ is None and image is not None
    for number, cells in rows:
        flags = {name: flag(cells[at]) for name, at in columns.items()}
        invalid = [
            f"{header[columns[name]]} is {cells[columns[name]]!r}"
            for name, value in flags.items()
            if value is pd.NA and name in deciding_flags(target)
        ]
        whose = (
            {"image": cells[image]}
            if by_image
            else {
                "scan_id": "" if scan is None else patient_text(cells[scan]),
                "patient_id": "" if patient is None else patient_text(cells[patient]),
                "slice_number": pd.NA if slice_ is None else whole_number(cells[slice_]),
            }
        )
        yield {"row": number, **whose, **flags, "invalid": ", ".join(invalid)}
