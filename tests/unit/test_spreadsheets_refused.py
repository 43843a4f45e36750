"""Spreadsheets that cannot be read, or are no spreadsheets: an error of ours, without a cell."""

import sys
import zipfile

import openpyxl
import pytest

from ctseq.core.errors import InputError
from ctseq.readers.labels import sheets
from ctseq.readers.labels.tables import find_table
from workbooks import refused, repacked, rows, save


@pytest.fixture(autouse=True)
def _nothing_read_before():
    sheets._first_sheet.cache_clear()


def cut(path):
    path.write_bytes(path.read_bytes()[:-700])


def without_workbook(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")


def spoiled_cell(path):
    repacked(path, lambda name, content: content.replace(b"<v>7</v>", b"<v>Muster, Anna</v>"))


def no_xml(path):
    repacked(path, lambda name, content: content[: len(content) // 2])


@pytest.mark.parametrize("spoil", [cut, without_workbook, spoiled_cell, no_xml])
def test_a_damaged_file_is_named_and_none_of_its_cells(tmp_path, spoil):
    path = save(tmp_path, ["patient", "label"], ["a", 7])
    spoil(path)
    words = " is damaged, or no .xlsx file as Excel and LibreOffice write them: save it again there"
    message = refused(path)
    assert message.startswith(words)
    assert "Muster" not in message
    with pytest.raises(InputError, match="Tables there.*labels.xlsx .not read: .* is damaged"):
        find_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            sheets.PACKED[1] + bytes(600),
            " has a password, or is an old .xls file: save it as .xlsx",
        ),
        (b"patient,label\na,1\n", " is no .xlsx file, whatever its name"),
        (b"", " is no .xlsx file, whatever its name"),
    ],
)
def test_what_is_no_workbook(tmp_path, content, words):
    path = tmp_path / "labels.xlsx"
    path.write_bytes(content)
    assert refused(path).startswith(words)


def test_a_workbook_called_csv(tmp_path):
    path = save(tmp_path, ["patient", "label"], ["a", 1])
    path = path.rename(tmp_path / "labels.csv")
    words = " is a spreadsheet by its content: call it .xlsx, or save the table as CSV."
    assert refused(path) == words


def test_kinds_that_are_not_read(tmp_path):
    for name in ("labels.xls", "labels.ods", "labels.xlsm"):
        (tmp_path / name).write_bytes(b"x")
    assert refused(tmp_path / "labels.xls").endswith("not read: save it as .xlsx or CSV.")
    with pytest.raises(
        InputError, match="labels.ods, labels.xls and labels.xlsm is not read: save"
    ):
        find_table(tmp_path)


def test_a_file_that_unpacks_to_an_absurd_size(tmp_path):
    path = tmp_path / "labels.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(101 * 10**6))
    assert path.stat().st_size < 10**6
    assert refused(path).startswith(" unpacks to more than 100 MB, which no label table does")


def test_rows_and_columns_of_absurd_number(tmp_path, monkeypatch):
    path = save(tmp_path, ["patient", "label"], ["a", 1, *[0] * 1000])
    assert refused(path).startswith(", sheet 'Tabelle1', row 2 has 1002 columns; a label table has")
    save(tmp_path, ["patient", "label"], ["a", 1])
    repacked(path, lambda name, content: content.replace(b'<row r="2"', b'<row r="2000000000"'))
    monkeypatch.setattr(sheets, "_MOST_ROWS", 1000)
    assert ": a sheet has 1000 rows" in refused(path)


def test_entities_do_not_multiply(tmp_path):
    path = save(tmp_path, ["patient", "label"], ["a", 7])
    bomb = '<!DOCTYPE z [<!ENTITY a0 "aaaaaaaaaa">'
    for n in range(1, 12):
        bomb += f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'
    start = (bomb + "]><worksheet").encode()
    repacked(
        path,
        lambda name, content: (
            content.replace(b"<worksheet", start, 1).replace(b"<v>7</v>", b"<v>&a11;</v>")
            if "sheet1" in name
            else content
        ),
    )
    assert refused(path).startswith(" is damaged")


def test_without_openpyxl_it_is_named_and_so_is_the_way_out(tmp_path, monkeypatch):
    path = save(tmp_path, ["patient", "label"], ["a", 1])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    words = (
        " is a spreadsheet, which takes openpyxl to read: pip install openpyxl, or save the table"
    )
    assert refused(path).startswith(words)
    with pytest.raises(
        InputError, match="labels.xlsx is a spreadsheet, .* pip install openpyxl, or"
    ):
        find_table(tmp_path)
    (tmp_path / "labels.csv").write_text("patient,label\na,1\n")
    assert find_table(tmp_path).path.name == "labels.csv"


def test_any_bytes_of_a_workbook_are_a_table_or_an_error_of_ours(tmp_path):
    """Each byte of the packed file changed in turn, by steps."""
    path = save(tmp_path, ["patient", "label"], ["a", 1], ["b", 0])
    content = bytearray(path.read_bytes())
    for at in range(0, len(content), 97):
        spoiled = bytearray(content)
        spoiled[at] ^= 0x55
        path.write_bytes(spoiled)
        try:
            found = rows(path)
        except InputError:
            continue
        assert set(found["hemorrhage"].dropna()) <= {0, 1}


def test_links_to_other_files_are_not_followed(tmp_path, monkeypatch):
    path = save(tmp_path, ["patient", "label"], ["a", 1])
    asked = []
    load = openpyxl.load_workbook
    monkeypatch.setattr(
        openpyxl, "load_workbook", lambda file, **its: asked.append(its) or load(file, **its)
    )
    rows(path)
    assert all(its["read_only"] and not its["keep_links"] for its in asked)
    assert [its["data_only"] for its in asked] == [True, False]
    assert not any(its.get("keep_vba") for its in asked)
