"""Tables as people save them: odd encodings and separators, spreadsheets and their numbers."""

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.readers.labels.sheets import PACKED, Row, is_workbook, read_sheet
from ctseq.readers.labels.spelling import bare_title
from ctseq.readers.names import WHOLE
from ctseq.readers.walk import is_regular

# CQ500's table, the widest known, has 46 columns.
_MOST_COLUMNS = 1000
# Bytes of the longest first line that is taken for a header.
_MOST_HEADER = 1_000_000
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# What Windows calls ANSI: Latin-1, and some letters and signs more.
_WESTERN = "cp1252"
_PART = 1 << 20
# How people write yes and no, in any letter case; numbers are read as numbers.
YES, NO = ("yes", "y", "true", "t", "positive", "pos"), ("no", "n", "false", "f", "negative", "neg")
_WORDS = dict.fromkeys(YES, 1) | dict.fromkeys(NO, 0)


@contextmanager
def open_cells(path: str | Path) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """Open a table to read it row by row, as `open_table` does, with bare titles.

    Yields
    ------
    header : list of str
        The columns' titles, each by `bare_title`.
    rows : iterator of (int, list of str)
        The rows that are not blank.
    """
    with open_table(path) as (titles, rows):
        yield [bare_title(title) for title in titles], rows


@contextmanager
def open_table(path: str | Path) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """Open a CSV file, or the first sheet of an .xlsx file, to read it row by row.

    The separator is the one of comma, semicolon and tab that is most frequent in the header, and of
    several that are, in the lines below.
    A file that is no UTF-8 and has no mark of UTF-16 is read as `encoding_of` says.

    Yields
    ------
    titles : list of str
        The columns' titles as they are written.
    rows : iterator of (int, list of str)
        The rows that are not blank: their numbers as a spreadsheet counts, and their stripped
        cells, no fewer than there are titles.

    Raises
    ------
    InputError
        If the file is empty, holds NUL bytes, has a field or header of absurd size, or cannot be
        read.
    """
    path = Path(path)
    if not is_regular(path):
        raise InputError(f"{path} is no plain file; put the table itself there.")
    if is_workbook(path):
        yield _titles_and_rows(path, iter(read_sheet(path).rows))
        return
    try:
        with path.open("rb") as raw:
            start = raw.read(_MOST_HEADER)
        encoding = encoding_of(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if start.startswith(PACKED):
        raise InputError(
            f"{path} is a spreadsheet by its content: call it .xlsx, or save the table as CSV."
        )
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        rows = _filled(path, text, _separator(start.decode(encoding, "replace")))
        yield _titles_and_rows(path, rows)


def _titles_and_rows(path: Path, rows: Iterator[Row]) -> tuple[list[str], Iterator[Row]]:
    _, titles = next(rows, (0, []))
    if re.fullmatch(r"sep=.?", "".join(titles)):  # Excel's own first line
        _, titles = next(rows, (0, []))
    if not titles:
        raise InputError(f"{path} is empty. Copy it again from the dataset's release.")
    return titles, _of_one_length(rows, len(titles))


def encoding_of(path: str | Path) -> str:
    """Return a text file's encoding: by its mark, else UTF-8, or cp1252 if it is not that."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with Path(path).open("rb") as raw:
        part = raw.read(_PART)
        for mark, code in _MARKS.items():
            if part.startswith(mark):
                return code
        try:
            while part:
                decoder.decode(part)
                part = raw.read(_PART)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _WESTERN
    return "utf-8"


def encoding_words(path: Path) -> str:
    """Return a sentence on a table whose encoding had to be guessed; mostly empty."""
    if is_workbook(path) or encoding_of(path) != _WESTERN:
        return ""
    return (
        f"{path.name} is no UTF-8: its letters are read as those of Windows in Western Europe "
        "(cp1252, Latin-1). If names look wrong, save it as CSV in UTF-8."
    )


def whole_number(cell: str) -> int | pd.api.typing.NAType:
    """Return a cell's whole number; NA if it is none, is negative or has more than 9 digits."""
    match = WHOLE.fullmatch(cell.strip())
    return int(match[1]) if match and len(match[1]) <= 9 and match[1].isascii() else pd.NA


def flag(cell: str, blank: int | pd.api.typing.NAType = pd.NA) -> int | pd.api.typing.NAType:
    """Return a cell's 0 or 1, or that of its `YES` or `NO`; NA if it is none of these.

    An empty one is `blank`.
    """
    if not cell:
        return blank
    number = whole_number(cell)
    if number is not pd.NA:
        return number if number in (0, 1) else pd.NA
    return _WORDS.get(cell.casefold(), pd.NA)


def _separator(text: str) -> str:
    # A quoted title may hold a line break, so quoted titles are removed before lines are split.
    # Tabs before what is left are the separators between them.
    start = re.sub(r'"[^"]*"', "", text[:5000]).lstrip(" \r\n").splitlines() or [""]
    lines = start[1:] if start[0].startswith("sep=") and len(start) > 1 else start
    # A heading above the titles may have none.
    below = "\n".join(lines[1:])
    return max(",;\t", key=lambda separator: (lines[0].count(separator), below.count(separator)))


def _filled(path: Path, text: Iterator[str], separator: str) -> Iterator[Row]:
    try:
        for number, cells in enumerate(csv.reader(text, delimiter=separator), start=1):
            if any("\0" in cell for cell in cells):
                raise InputError(
                    f"{path}, row {number}, holds NUL bytes: it is no text, or UTF-16 without a "
                    "mark. Save it as CSV in UTF-8."
                )
            if len(cells) > _MOST_COLUMNS:
                raise InputError(
                    f"{path}, row {number}, has {len(cells)} columns; a label table has a few. "
                    "Save the table with the columns that it needs."
                )
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield number, stripped
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as a table: {error}. Save it as CSV.") from None


def _of_one_length(rows: Iterator[Row], length: int) -> Iterator[Row]:
    for number, cells in rows:
        yield number, cells + [""] * (length - len(cells))
