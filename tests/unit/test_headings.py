"""Rows above the titles of a label table: a message says which row the titles seem to be."""

import pytest

from ctseq.core.errors import InputError
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.starts import start_of
from ctseq.readers.labels.tables import find_table
from workbooks import save

KEY = "datasets.ours.columns"
OWN = {"patient": "Patient", "label": "Blutung", "positive": ["ja"]}
TABLE = [["Patient", "Blutung"], ["P1", "ja"], ["P2", "nein"]]
FOUND = (
    "The titles of a label table stand in its first row, and in {name} row {row} looks like them: "
    "delete the rows above it."
)
LINE = "  columns: {patient: Patient, label: Blutung, positive: [ja]}\n"


def message(path, chosen=None, **columns):
    with pytest.raises(InputError) as error:
        find_table(path.parent, chosen, "hemorrhage", Columns.of(columns, KEY))
    return str(error.value)


def written(folder, text):
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder / "labels.csv"


@pytest.mark.parametrize("heading", [
    [["Patientenliste 2024"]],
    [["Patientenliste 2024"], []],
    [["Patientenliste 2024", "Stand 1.3."], ["Klinik", "für Radiologie"]],
])  # fmt: skip
def test_a_spreadsheet_with_a_heading_says_which_row_its_titles_are(tmp_path, heading):
    wide = [[*row, note] for row, note in zip(TABLE, ("Notiz", "", "ruft an"), strict=True)]
    path = save(tmp_path, *heading, *wide)
    found = FOUND.format(name="labels.xlsx", row=len(heading) + 1)
    for chosen in (None, path):
        told = message(path, chosen)
        assert told.count(found) == 1
        assert f"Its first row, {len(heading) + 2}, has Patient 'P1', Blutung 'ja'" in told
        assert LINE in told
        assert "ruft an" not in told
        told = message(path, chosen, **OWN)
        assert told.startswith(f"{path} has no column 'Patient', which {KEY}.patient names")
        assert told.endswith(found)
    save(tmp_path, *wide)  # the cure
    assert len(list(find_table(tmp_path, None, "hemorrhage", Columns.of(OWN, KEY)).rows())) == 2


@pytest.mark.parametrize(("heading", "row"), [
    ("Patientenliste 2024\n", 2),
    ("Patientenliste 2024\n\n", 3),
    ("Patientenliste, Stand 1.3.2024;\n;\n", 3),  # as Excel writes a sheet of two columns
    ("sep=;\nPatientenliste 2024;\n", 3),
])  # fmt: skip
def test_a_heading_of_a_csv_may_have_no_separator_or_another(tmp_path, heading, row):
    path = written(tmp_path, heading + "".join(";".join(row) + "\n" for row in TABLE))
    told = message(path)
    assert FOUND.format(name="labels.csv", row=row) in told
    assert LINE in told


def test_titles_that_are_read_without_a_line_need_none(tmp_path):
    path = written(tmp_path, "Patients 2024\npatient_id,label\n1,0\n2,1\n")
    assert message(path).endswith(FOUND.format(name="labels.csv", row=2))
    assert message(path, path).endswith(FOUND.format(name="labels.csv", row=2))
    assert "Did you mean" not in message(path, **OWN)


def test_a_row_of_a_patient_is_neither_taken_for_titles_nor_shown(tmp_path):
    for text in (
        "Nachname;Code\nPatricia Muster;no hemorrhage\n",  # words that titles have, too
        "x;y\nMuster;ja;ruft an\n",  # more cells than titles, which say nothing
        "site\nMuster\n",
    ):
        path = written(tmp_path, text)
        assert start_of(path).below is None
        told = message(path)
        assert "looks like" not in told
        assert "Muster" not in told
    # Without any titles, the row of most cells is guessed at, and yet not shown.
    told = message(written(tmp_path, "Patientenliste\nMuster;Anna;ja\nTest;Otto;nein\n"))
    assert FOUND.format(name="labels.csv", row=2) in told
    assert "Muster" not in told
    assert "Anna" not in told


def test_a_table_that_is_read_is_looked_at_no_further(tmp_path):
    path = written(tmp_path, "patient,label\npatient_id,label\n1,1\n")
    assert start_of(path).titles == ["patient", "label"]
    assert start_of(path).known
