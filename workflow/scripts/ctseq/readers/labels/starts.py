"""The start of a label table: its titles, which may stand below other rows, and its first rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ctseq.readers.labels.cells import Row, open_table
from ctseq.readers.labels.columns import NO_COLUMNS, Columns
from ctseq.readers.labels.cq500 import is_cq500
from ctseq.readers.labels.layout import layout_of
from ctseq.readers.labels.spelling import bare_title

_ROWS_TRIED = 200
# Rows in which titles are looked for: above them stand a name, a clinic, a day, and blank rows.
_HEADINGS_TRIED = 20
# Parts of bare titles in some languages; more often than not they mean this.
HINTS = {
    "image": re.compile("image|bild|datei|file|imagen|fichier"),
    "slice": re.compile("slice|schicht|schnitt|coupe|corte"),
    "scan": re.compile("scan|studyuid|accession|untersuchung"),
    "patient": re.compile("pat|subj|proband|case|fall|record|mrn|nummer$|id$|^nr|^id|^code|^no$"),
    "label": re.compile(
        "bl(ut|eed)|h[aä]?e?mor|sangr|saign|^ich|icb$|label|diagn|befund|result|ergebnis"
    ),
}
_OWNERS = ("scan", "patient", "image")


@dataclass(frozen=True)
class Start:
    """The titles and first rows of a table.

    Attributes
    ----------
    path
        The table.
    titles
        Its titles as they are written.
    rows
        The first rows below them, which are not blank.
    below
        The number of the titles' row if others stand above it, for which a table is not read;
        else None.
    known
        Whether the titles are those of a label table that is read without a further word.
    """

    path: Path
    titles: Sequence[str]
    rows: Sequence[Row]
    below: int | None = None
    known: bool = False

    def cells(self, at: int) -> list[str]:
        """Return the cells of a column that are not blank."""
        return [cells[at] for _, cells in self.rows if cells[at]]

    @property
    def heading(self) -> str:
        """A sentence on rows above the titles; mostly empty.

        It shows no cell: the row may be one of a patient after all.
        """
        if self.below is None:
            return ""
        return (
            f"The titles of a label table stand in its first row, and in {self.path.name} row "
            f"{self.below} looks like them: delete the rows above it. "
        )


def start_of(path: Path, target: str = "hemorrhage", columns: Columns = NO_COLUMNS) -> Start:
    """Return the start of a table; an `InputError` of a damaged one is raised.

    Where the first row looks like a heading, the titles are those of the first row below that does
    not. `target` and `columns` are what the table is asked for.
    """
    with open_table(path) as (titles, rows):
        first = list(islice(rows, _ROWS_TRIED))
    if _is_known(titles, target, columns):
        return Start(path, titles, first, known=True)
    tried = first[:_HEADINGS_TRIED]
    for at, (number, cells) in enumerate(tried):
        known = _is_known(cells, target, columns)
        if known or _is_title_row(cells, titles, tried):
            width = max(len(cells), *(len(own) for _, own in first))
            filled = [(n, own + [""] * (width - len(own))) for n, own in first[at + 1 :]]
            return Start(path, cells, filled, number, known)
    return Start(path, titles, first)


def _is_known(titles: Sequence[str], target: str, columns: Columns) -> bool:
    """Tell whether a label table of such titles is read."""
    header = [bare_title(title) for title in titles]
    if columns.missing(header):
        return False
    return bool(layout_of(header, target, columns).kind) or (not columns and is_cq500(header))


def _is_title_row(cells: Sequence[str], first: Sequence[str], rows: Sequence[Row]) -> bool:
    """Tell whether a row looks more like the titles than the first one, by its cells alone.

    No row of those that are tried has more cells than the titles; a heading has fewer, of which one
    says little, and several must not say what a row is about.
    """
    if _filled(cells) < max(_filled(own) for _, own in rows) or _filled(cells) <= _filled(first):
        return False
    return _filled(first) == 1 or (_hints(cells) and not _hints(first))


def _filled(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _hints(cells: Sequence[str]) -> bool:
    """Tell whether cells may be titles of a label and of what it is about."""
    said = {name for cell in cells for name, hint in HINTS.items() if hint.search(bare_title(cell))}
    return "label" in said and not said.isdisjoint(_OWNERS)
