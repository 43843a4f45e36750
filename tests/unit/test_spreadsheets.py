"""Label tables as .xlsx files: which sheet, which cells, and what cannot be read."""

import sys
import zipfile
from datetime import datetime

import openpyxl
import pytest

from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.contents import LABELS, frame
from ctseq.readers.labels import sheets
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.tables import find_table
from ctseq.readers.registry import recognise
from picture_folders import save_picture


@pytest.fixture(autouse=True)
def _nothing_read_before():
    sheets._first_sheet.cache_clear()


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


def test_numbers_are_read_as_a_person_sees_them(tmp_path):
    path = save(
        tmp_path,
        ["Patient ID", "Label"],
        [49.0, 1.0],
        ["049", True],
        [1_000_000, False],
        [],
        [" p 1 ", "0"],
        [48.99999999999999, "yes"],
        [datetime(2024, 3, 4), 1],
        [4.5, "=" + "#N/A"],
        [1234567890123456789, 0],
    )
    book = openpyxl.load_workbook(path)
    book.active["A2"].number_format = "000000"  # shown as 000049
    book.active["B9"] = "#N/A"
    book.save(path)
    found = rows(path)
    ids = ["49", "049", "1000000", "p 1", "49", "2024-03-04", "4.5", "1.23E+18"]
    assert found["patient_id"].tolist() == ids
    assert found["hemorrhage"].fillna(-1).tolist() == [1, 1, 0, 0, 1, 1, -1, 0]
    assert found["row"].tolist() == [2, 3, 4, 6, 7, 8, 9, 10]  # as the spreadsheet counts
    assert set(found["path"]) == {"labels.xlsx, sheet 'Tabelle1'"}


@pytest.fixture
def pictures(tmp_path):
    for number, patient in enumerate(("001", "002", "003")):
        save_picture(tmp_path / "scans" / patient / "1.png", 50 * number + 9)
    return tmp_path


def index(folder, on_problem="error", **columns):
    return index_dataset(
        folder, "folder", on_problem=on_problem, columns=columns, key="datasets.ours"
    )


def test_a_folder_with_a_spreadsheet_is_a_dataset(pictures):
    save(pictures, ["Patient", "Blutung"], [1, "ja"], [2, "nein"], [3, "nein"])
    assert recognise(pictures)[0] == "folder"
    named = {"patient": "Patient", "label": "Blutung", "positive": ["ja"]}
    found = index(pictures, **named)
    assert found.listing["scan_target"].tolist() == [1, 0, 0]
    table = found.inventory.set_index("path").loc["labels.xlsx"]
    assert (table["kind"], table["reason"]) == ("table", "table")
    assert found.label_tables == ["labels.xlsx"]  # by whose bytes the index says what it is of


def test_a_problem_names_sheet_and_row(pictures):
    save(pictures, ["patient", "label"], [], [1, "?"], [2, 0], [3, 0])
    with pytest.raises(InputError, match="labels.xlsx, sheet 'Tabelle1', row 3: patient 1: .*'?'"):
        index(pictures)
    problems = index(pictures, on_problem="exclude").problems
    assert problems[["path", "row"]].values.tolist() == [["labels.xlsx, sheet 'Tabelle1'", 3]]


def test_a_text_file_comes_before_the_spreadsheet_that_it_was_saved_from(tmp_path):
    save(tmp_path, ["patient", "label"], ["a", 1])
    (tmp_path / "~$labels.xlsx").write_bytes(b"open")
    assert find_table(tmp_path).path.name == "labels.xlsx"
    (tmp_path / "labels.csv").write_text("patient,label\na,0\n")
    assert find_table(tmp_path).path.name == "labels.csv"
    (tmp_path / "labels.csv").write_text("some,thing\na,0\n")
    assert find_table(tmp_path).path.name == "labels.xlsx"
    save(tmp_path, ["patient", "label"], ["a", 1], name="Old.XLSX")
    with pytest.raises(
        InputError, match="2 tables that could be the labels: Old.XLSX, labels.xlsx"
    ):
        find_table(tmp_path)


def test_the_first_sheet_with_cells_is_read_and_the_others_are_named(tmp_path):
    path = save(tmp_path, title="leer", Labels=[["patient", "label"], ["a", 1]], alt=[["x"]])
    book = openpyxl.load_workbook(path)
    book.create_sheet("secret", 0)["A1"] = "patient"
    book["secret"].sheet_state = "hidden"
    book.save(path)
    table = find_table(tmp_path)
    words = "labels.xlsx: Of its sheets only the first, 'Labels', is read, and not 'alt'."
    assert table.notes == [words]
    assert [row[:2] for row in table.rows()] == [("labels.xlsx, sheet 'Labels'", 2)]
    save(tmp_path, ["Stand: heute"], Labels=[["patient", "label"], ["a", 1]])
    message = refused(path)
    assert message.startswith(" is no label table that is known; its columns are Stand: heute.")
    assert "only the first, 'Tabelle1', is read, and not 'Labels'" in message


def test_cells_beyond_a_wrong_dimension_are_not_lost(tmp_path):
    path = save(tmp_path, ["patient", "label"], ["a", 1], ["b", 0])
    wrong = (b'<dimension ref="A1:B3"', b'<dimension ref="A1:A2"')
    repacked(path, lambda name, content: content.replace(*wrong))
    assert rows(path)["hemorrhage"].tolist() == [1, 0]


def with_formula(path, cell):
    """Put a formula into B2, as a spreadsheet program writes it: `cell` is its XML."""
    repacked(
        path, lambda name, content: content.replace(b'<c r="B2" t="n"><v>7</v></c>', cell.encode())
    )
    return path


def test_formulas_are_read_by_their_saved_results(tmp_path):
    path = save(tmp_path, ["patient", "label"], ["a", 7], ["b", 0])
    found = rows(with_formula(path, '<c r="B2"><f>2-1</f><v>1</v></c>'))
    assert found["hemorrhage"].tolist() == [1, 0]
    save(tmp_path, ["patient", "label"], ["a", 7], ["b", 0])
    found = rows(with_formula(path, '<c r="B2" t="str"><f>""</f><v></v></c>'))
    assert found["invalid"].tolist() == ["label is ''", ""]
    save(tmp_path, ["patient", "label"], ["a", 7], ["b", 0])
    words = ", sheet 'Tabelle1', row 2: B2 is a formula without a saved result. Open the file in"
    assert refused(with_formula(path, '<c r="B2"><f>2-1</f></c>')).startswith(words)


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
