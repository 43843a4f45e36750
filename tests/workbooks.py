"""Spreadsheets as tests save, damage and read them."""

import zipfile

import openpyxl
import pytest

from ctseq.core.errors import InputError
from ctseq.readers.contents import LABELS, frame
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.tables import find_table


def save(folder, *rows, name="labels.xlsx", title="Tabelle1", **more):
    """Save a workbook with a sheet of rows, and more sheets by their names."""
    book = openpyxl.Workbook()
    book.active.title = title
    for sheet, its in {title: rows, **more}.items():
        page = book[sheet] if sheet in book.sheetnames else book.create_sheet(sheet)
        for row in its:
            page.append(row)
    book.save(folder / name)
    return folder / name


def rows(path, **columns):
    table = find_table(path.parent, path, "hemorrhage", Columns.of(columns))
    return frame(table.rows(), LABELS)


def refused(path):
    with pytest.raises(InputError) as error:
        rows(path)
    message = str(error.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def repacked(path, change):
    """Write a workbook again with parts changed: a function of name and content."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))
