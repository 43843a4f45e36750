"""Label tables of formats that have none of their own: found by header, read into one form.

RSNA 2019's ``stage_2_train.csv`` (a row for each image and subtype), CQ500's ``reads.csv`` (a row
for each patient, with three readers), and plain tables with a row for each patient, scan, slice or
image.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.contents import DEMOGRAPHICS, LABELS
from ctseq.readers.junk import is_junk
from ctseq.readers.labels.cells import Row, bare_title, encoding_words, open_cells
from ctseq.readers.labels.cq500 import is_cq500, knows, read_cq500
from ctseq.readers.labels.plain import check_plain, holds_probability, kind_of, read_plain
from ctseq.readers.labels.rsna import is_rsna, read_rsna
from ctseq.readers.labels.titles import INSTANCE, SLICE, column_of
from ctseq.readers.subtypes import TARGETS

_EXPECTED = (
    "RSNA 2019's stage_2_train.csv (ID,Label), CQ500's reads.csv (name, R1:ICH to R3:ICH), "
    "patient_id,label for patients, scan_id,label for scans, patient_id,slice_number,label for "
    "slices, or image,label; in place of label may stand a subtype, fracture or the target's column"
)
_COLUMNS_SHOWN = 12
_TEXT, _SHEETS = (".csv", ".tsv"), (".xlsx", ".xls", ".ods", ".numbers")
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

    @property
    def names_images(self) -> bool:
        """Whether rows name images."""
        return self.kind in ("rsna", "image")

    @property
    def notes(self) -> list[str]:
        """What is to be said of how the table was read."""
        return [words] if (words := encoding_words(self.path)) else []

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, with the columns of `contents.LABELS`."""
        read = {"rsna": read_rsna, "cq500": read_cq500}.get(self.kind, read_plain)
        with open_cells(self.path) as (header, rows):
            for record in read(header, rows, self.target):
                record["path"] = self.path.name
                yield tuple(record.get(name, _EMPTY.get(name, pd.NA)) for name in LABELS)

    def names(self) -> set[tuple[str, str]]:
        """Return the pairs of scan and patient that the rows name; one of a pair may be empty."""
        if self.kind == "rsna":  # a million rows, which name images alone
            return set()
        scan, patient = (list(LABELS).index(name) for name in ("scan_id", "patient_id"))
        return {(row[scan], row[patient]) for row in self.rows()}

    def counts_instances(self) -> bool:
        """Tell whether rows name slices by the InstanceNumber of a DICOM header."""
        if self.kind != "slice":
            return False
        with open_cells(self.path) as (header, _):
            return header[column_of(header, SLICE)] in INSTANCE


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
                return _checked(LabelTable(path, kind, target))
        raise InputError(
            f"{path} is no label table that is known; its columns are {', '.join(header)}. "
            f"Known are {_EXPECTED}."
        )
    names = sorted(
        path
        for path in Path(folder).iterdir()
        if path.suffix.casefold() in _TEXT
        and path.name.casefold() != DEMOGRAPHICS
        and not is_junk(path.name)
    )
    fitting, others, damaged = [], [], []
    for path in names:
        try:
            with open_cells(path) as (header, rows):
                others.append(f"{path.name} ({', '.join(header[:_COLUMNS_SHOWN])})")
                first = next(rows, None)
                kind = _kind(header, first, target)
                if kind and not holds_probability(header, first, target):
                    fitting.append(LabelTable(path, kind, target))
        except InputError as error:
            damaged.append(f" {error}")
    if len(fitting) == 1:
        return _checked(fitting[0])
    if fitting:
        raise InputError(
            f"{folder} has {len(fitting)} tables that could be the labels: "
            f"{', '.join(table.path.name for table in fitting)}. Name one as its `labels`."
        )
    raise InputError(
        f"{folder} has no label table that knows the target, {target!r}. Looked for {_EXPECTED}; "
        f"CSV files there, with their columns: {', '.join(others) or 'none'}. Put one there, or "
        f"name it as its `labels`.{_sheets(Path(folder))}{''.join(damaged)}"
    )


def _sheets(folder: Path) -> str:
    """Return a sentence on spreadsheets that may be the labels; mostly empty."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix.casefold() in _SHEETS)
    return f" Spreadsheets are not read: save {', '.join(names)} as CSV." if names else ""


def _kind(header: list[str], first: Row | None, target: str) -> str:
    if is_cq500(header):
        return "cq500"
    rsna = is_rsna(header, first)
    return "rsna" if rsna else "" if rsna is None else kind_of(header, target)


def _checked(table: LabelTable) -> LabelTable:
    """Return a table that has the target's column, if the target is the title of one.

    Its rows are what its titles say, too.
    """
    if table.target not in TARGETS:
        _check_target(table)
    if table.kind not in ("rsna", "cq500"):
        check_plain(table.path, table.target)
    return table


def _check_target(table: LabelTable) -> None:
    with open_cells(table.path) as (header, _):
        of_plain = bare_title(table.target) in header
        known = {"cq500": knows(header, table.target), "rsna": False}.get(table.kind, of_plain)
        if not known:
            raise InputError(
                f"{table.path} has no column for the dataset's `target`, {table.target!r}; its "
                f"columns are {', '.join(header)}. Set `target` to one of these, or to one of "
                f"{', '.join(TARGETS)}."
            )
