"""Cells of CSV files as people save them: byte order marks, semicolons, odd encodings."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctseq.core.errors import InputError
from ctseq.readers.walk import is_regular

# CQ500's table, the widest known, has 46 columns.
_MOST_COLUMNS = 1000
# Bytes of a first line that is still taken for a header.
_MOST_HEADER = 1_000_000
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Row = tuple[int, list[str]]


@contextmanager
def open_cells(path: str | Path) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """Read a CSV file row by row, so that its length costs no memory.

    The separator is the one of comma, semicolon and tab that is most frequent in the header.
    Text outside of ASCII may come out wrong in files that are not UTF-8: only notes hold any.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    header : list of str
        Folded to bare lower-case letters and digits.
    rows : iterator of (int, list of str)
        The filled rows: their numbers as a spreadsheet counts, and their stripped cells, as many
        as the header has.

    Raises
    ------
    InputError
        If the file is empty, holds NUL bytes, has a field or header of absurd size, or cannot be
        read.
    """
    path = Path(path)
    if not is_regular(path):
        raise InputError(f"{path} is no plain file; put the table itself there.")
    try:
        with path.open("rb") as raw:
            start = raw.read(_MOST_HEADER)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    encoding = next((code for mark, code in _MARKS.items() if start.startswith(mark)), "utf-8")
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        rows = _filled(path, text, _separator(start.decode(encoding, "replace")))
        number, header = next(rows, (0, []))
        if re.fullmatch(r"sep=.?", "".join(header)):  # Excel's own first line
            number, header = next(rows, (0, []))
        if not header:
            raise InputError(f"{path} is empty. Copy it again from the dataset's release.")
        names = [re.sub(r"[\W_]+", "", title.casefold()) for title in header]
        yield names, _of_one_length(rows, len(names))


def read_cells(path: str | Path) -> tuple[list[str], list[Row]]:
    """Read a small CSV file whole: its header and its rows, as `open_cells` gives them."""
    with open_cells(path) as (header, rows):
        return header, list(rows)


def _separator(text: str) -> str:
    # A quoted title may hold a line break, so the line is not looked for.
    start = re.sub(r'"[^"]*"', "", text[:5000]).lstrip().splitlines() or [""]
    line = start[1] if start[0].startswith("sep=") and len(start) > 1 else start[0]
    return max(",;\t", key=line.count)


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
