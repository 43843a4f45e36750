"""Label tables as .xlsx files: which sheet is read, and which of its cells."""

from datetime import datetime

import openpyxl
import pytest

from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.labels import sheets
from ctseq.readers.labels.tables import find_table
from ctseq.readers.registry import recognise
from picture_folders import save_picture
from workbooks import refused, repacked, rows, save


@pytest.fixture(autouse=True)
def _nothing_read_before():
    sheets._first_sheet.cache_clear()


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
