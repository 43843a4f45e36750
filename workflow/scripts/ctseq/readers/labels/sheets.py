"""The first sheet of an .xlsx file, as a person sees its cells; read through openpyxl."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from ctseq.core.errors import InputError

WORKBOOK = ".xlsx"
# The first bytes of an .xlsx file, which is a zip archive, and of what Excel wrote before 2007 and
# writes where there is a password.
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PACKED = (_ZIP, _OLE)
# A million rows of three cells, the most that a sheet has, take about 100 MB of XML.
_MOST_BYTES = 100_000_000
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 1000
# Excel keeps 15 digits of a number: those of a longer one are lost.
_MOST_DIGITS = 15
_SHEET = ", sheet "
# Rows in which another sheet's first cell is looked for.
_ROWS_TRIED = 100

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its rows that are not blank, and the names of others with content.

    Rows have their numbers as the spreadsheet shows them, and stripped cells.
    """

    name: str
    rows: tuple[Row, ...]
    others: tuple[str, ...]


def is_workbook(path: Path) -> bool:
    """Tell by its name whether a file is a spreadsheet that is read."""
    return path.suffix.casefold() == WORKBOOK


def called(path: Path) -> str:
    """Return how messages call a spreadsheet: by its file and the sheet that is read."""
    return f"{path.name}{_SHEET}{read_sheet(path).name!r}"


def file_called(name: str) -> str:
    """Return the file's name of what messages call a table, a spreadsheet or not."""
    return name.partition(_SHEET)[0]


def read_sheet(path: Path) -> Sheet:
    """Return the first sheet of an .xlsx file that is not hidden and holds something.

    Macros, and links to other files, are never read.

    Raises
    ------
    InputError
        If the file cannot be read or is of absurd size, if a formula has no saved result, or if
        openpyxl is not installed.
    """
    try:
        with path.open("rb") as raw:
            content = raw.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return _first_sheet(content)
    except InputError as error:
        raise InputError(f"{path}{error}") from None


@lru_cache(maxsize=1)  # a table is opened several times
def _first_sheet(content: bytes) -> Sheet:
    _check_content(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of colours and rules that no label is told by
        # Of a damaged file openpyxl raises whatever it comes to, in words that may quote a cell.
        try:
            return _read(content)
        except InputError:
            raise
        except ImportError:
            raise InputError(
                " is a spreadsheet, which takes openpyxl to read: pip install openpyxl, or save "
                "the table as CSV."
            ) from None
        except Exception:
            raise InputError(
                " is damaged, or no .xlsx file as Excel and LibreOffice write them: save it again "
                "there, or save the table as CSV."
            ) from None


def _check_content(content: bytes) -> None:
    """Raise `InputError` if a file is no .xlsx file or would unpack to an absurd size."""
    if content.startswith(_OLE):
        raise InputError(
            " has a password, or is an old .xls file: save it as .xlsx without a password, or "
            "save the table as CSV."
        )
    if not content.startswith(_ZIP):
        raise InputError(" is no .xlsx file, whatever its name: save the table as .xlsx or as CSV.")
    try:
        with ZipFile(BytesIO(content)) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (BadZipFile, ValueError, NotImplementedError):
        size = 0  # openpyxl will stop at it
    if max(size, len(content)) > _MOST_BYTES:
        raise InputError(
            f" unpacks to more than {_MOST_BYTES // 10**6} MB, which no label table does: save the "
            "sheet with the labels as CSV."
        )


def _read(content: bytes) -> Sheet:
    from openpyxl import load_workbook  # it is not needed for CSV

    def opened(*, data_only: bool) -> Any:
        return load_workbook(
            BytesIO(content), read_only=True, data_only=data_only, keep_links=False
        )

    results, formulas = opened(data_only=True), opened(data_only=False)
    shown = [sheet.title for sheet in results.worksheets if sheet.sheet_state == "visible"]
    for book in (results, formulas):
        for name in shown:
            book[name].reset_dimensions()  # some programs write wrong ones, and cells would be lost
    filled = [name for name in shown if _holds_something(results[name])]
    if not filled:
        raise InputError(" holds no sheet with cells.")
    first, *others = filled
    rows = tuple(_rows(first, results[first], formulas[first]))
    return Sheet(first, rows, tuple(others))


def _holds_something(sheet: Any) -> bool:
    rows = islice(sheet.iter_rows(values_only=True), _ROWS_TRIED)
    return any(value is not None for row in rows for value in row)


def _rows(name: str, results: Any, formulas: Any) -> Iterator[Row]:
    """Yield the rows of a sheet that are not blank, of its results and of its formulas."""
    both = zip(results.iter_rows(), formulas.iter_rows(), strict=True)
    for number, (row, written) in enumerate(both, start=1):
        where = f", sheet {name!r}, row {number}"
        if number > _MOST_ROWS:
            raise InputError(f"{where}: a sheet has {_MOST_ROWS} rows. Save the table as CSV.")
        for cell, formula in zip(row, written, strict=True):
            # A result that is an empty text has the type of a text.
            if formula.data_type == "f" and cell.value is None and cell.data_type != "str":
                raise InputError(
                    f"{where}: {formula.coordinate} is a formula without a saved result. Open the "
                    "file in Excel or LibreOffice and save it, or save the table as CSV."
                )
        cells = [_text(cell.value) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > _MOST_COLUMNS:
            raise InputError(
                f"{where} has {len(cells)} columns; a label table has a few. Save the table with "
                "the columns that it needs."
            )
        if cells:
            yield number, cells


def _text(value: Any) -> str:
    """Return a cell's value as a person reads it: `49.0` is 49, and a day has no time."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if not isinstance(value, int | float) or not isfinite(value):
        return str(value).strip()
    if abs(value) >= 10**_MOST_DIGITS:
        return f"{value:.2E}"  # as a rounded id, which it is
    return str(int(value)) if value == int(value) else f"{value:.{_MOST_DIGITS}g}"
