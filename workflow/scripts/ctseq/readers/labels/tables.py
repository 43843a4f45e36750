"""Label tables of formats that have none of their own: found by header, read into one form.

RSNA 2019's ``stage_2_train.csv`` (a row for each image and subtype), CQ500's ``reads.csv`` (a row
for each patient, with three readers), and plain tables with a row for each patient, scan, slice or
image.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.readers.contents import DEMOGRAPHICS, LABELS
from ctseq.readers.junk import is_junk
from ctseq.readers.labels.cells import Row, encoding_words, open_cells, open_table
from ctseq.readers.labels.columns import NO_COLUMNS, Columns
from ctseq.readers.labels.cq500 import is_cq500, knows, read_cq500
from ctseq.readers.labels.layout import Layout, layout_of
from ctseq.readers.labels.offer import titles_words
from ctseq.readers.labels.plain import check_plain, holds_probability, read_plain
from ctseq.readers.labels.refused import NOT_READ, none_fits, not_known, not_there
from ctseq.readers.labels.rsna import is_rsna, read_rsna
from ctseq.readers.labels.sheets import WORKBOOK, called, is_workbook, read_sheet
from ctseq.readers.labels.spelling import bare_title
from ctseq.readers.labels.starts import start_of
from ctseq.readers.labels.titles import INSTANCE
from ctseq.readers.subtypes import TARGETS

_TEXT = (".csv", ".tsv")
# Text columns that a kind of table does not fill.
_EMPTY = {"scan_id": "", "patient_id": "", "image": "", "invalid": ""}


@dataclass(frozen=True)
class LabelTable:
    """A label table, and the `target` that its labels are asked for.

    Its kind is ``rsna`` or ``cq500``, or what a row of a plain table is about: ``patient``,
    ``scan``, ``slice`` or ``image``. `known` is what cells of the label mean, if `columns` says it,
    and `told` says that in words.
    """

    path: Path
    kind: str
    target: str
    columns: Columns = NO_COLUMNS
    known: Mapping[str, int] | None = None
    told: str = ""

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
        return [words for words in (encoding_words(self.path), self.told) if words]

    @property
    def name(self) -> str:
        """How messages call it: by its file, and the sheet of a spreadsheet."""
        if is_workbook(self.path):
            return called(self.path)
        return self.path.name

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, with the columns of `contents.LABELS`."""
        name = self.name
        with open_cells(self.path) as (header, rows):
            for record in self._records(header, rows):
                record["path"] = name
                yield tuple(record.get(name, _EMPTY.get(name, pd.NA)) for name in LABELS)

    def _records(self, header: list[str], rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
        if self.kind == "rsna":
            return read_rsna(header, rows, self.target)
        if self.kind == "cq500":
            return read_cq500(header, rows, self.target)
        return read_plain(self._layout(header), rows, self.target, self.known)

    def _layout(self, header: list[str]) -> Layout:
        return layout_of(header, self.target, self.columns)

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
            return header[self._layout(header).whose["slice"]] in INSTANCE


def find_table(
    folder: str | Path,
    chosen: Path | None = None,
    target: str = "hemorrhage",
    columns: Columns = NO_COLUMNS,
) -> LabelTable:
    """Return the label table of a dataset's root folder: the chosen one, or the only one there.

    Spreadsheets are looked at where no text file fits. `target` is what the table is asked for: one
    of `TARGETS`, or the title of a column; `columns` says which columns it is read by.

    Raises
    ------
    InputError
        If there is none, or more than one, or the chosen one's header is of no known kind, or it
        has no column that `columns` or the target names.
    """
    if chosen is not None:
        table = LabelTable(Path(folder, chosen), "", target, columns)  # an absolute path stays
        return _checked(_chosen(table))
    paths = sorted(path for path in Path(folder).iterdir() if _may_be_labels(path))
    seen: list[str] = []
    read: list[Path] = []
    for suffixes in (_TEXT, (WORKBOOK,)):
        fitting = []
        for path in (path for path in paths if path.suffix.casefold() in suffixes):
            table = LabelTable(path, "", target, columns)
            try:
                with open_table(path) as (titles, _):
                    seen.append(f"{path.name} ({titles_words(titles)})")
                read.append(path)
                fitting += [fit for fit in [_known(table)] if fit]
            except InputError as error:
                seen.append(f"{path.name} (not read: {error})")
        if len(fitting) == 1:
            return _checked(fitting[0])
        if fitting:
            raise InputError(
                f"{folder} has {len(fitting)} tables that could be the labels: "
                f"{', '.join(table.path.name for table in fitting)}. Name one as its `labels`."
            )
    starts = [start_of(path, target, columns) for path in read]
    raise InputError(none_fits(Path(folder), target, columns, starts, seen))


def _may_be_labels(path: Path) -> bool:
    of_text = path.suffix.casefold() in (*_TEXT, WORKBOOK)
    return of_text and path.name.casefold() != DEMOGRAPHICS and not is_junk(path.name)


def _chosen(table: LabelTable) -> LabelTable:
    """Return the table that a dataset's `labels` names, with its kind."""
    path, columns = table.path, table.columns
    if path.suffix.casefold() in NOT_READ:
        raise InputError(f"{path} is a spreadsheet that is not read: save it as .xlsx or CSV.")
    if not path.exists():
        raise InputError(not_there(path, filter(_may_be_labels, path.parent.glob("*"))))
    if known := _known(table, predicted=True):
        return known
    others = f" {words}" if (words := _others_words(path)) else ""
    told = not_known(path, columns, start_of(path, table.target, columns))
    raise InputError(f"{told}{others}")


def _others_words(path: Path) -> str:
    """Return a sentence on sheets that are not read; mostly empty."""
    if not is_workbook(path):
        return ""
    sheet = read_sheet(path)
    if not sheet.others:
        return ""
    others = listed(repr(name) for name in sheet.others)
    return f"Of its sheets only the first, {sheet.name!r}, is read, and not {others}."


def _known(table: LabelTable, *, predicted: bool = False) -> LabelTable | None:
    """Return a table with its kind; None if it has none, or its `columns` are not all there.

    A model's predictions are no labels, unless `predicted`.
    """
    target, columns = table.target, table.columns
    with open_cells(table.path) as (header, rows):
        first = next(rows, None)
        if columns.missing(header):
            return None
        if not columns and is_cq500(header):
            return replace(table, kind="cq500")
        rsna = False if columns else is_rsna(header, first)
        if rsna or rsna is None:
            return replace(table, kind="rsna") if rsna else None
        layout = layout_of(header, target, columns)
        if not layout.kind or (not predicted and holds_probability(layout, first)):
            return None
        return replace(table, kind=layout.kind)


def _checked(table: LabelTable) -> LabelTable:
    """Return a table that has the target's column, if the target is the title of one.

    Its rows are what its titles say, too.
    """
    if table.target not in TARGETS and "label" not in table.columns.titles:
        _check_target(table)
    if others := _others_words(table.path):
        table = replace(table, told=f"{table.path.name}: {others}")
    if table.kind in ("rsna", "cq500"):
        return table
    known, words = check_plain(table.path, table.target, table.columns)
    return replace(table, known=known, told=" ".join(filter(None, [table.told, words])))


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
