"""The line of configuration that a message offers for a table, and what it shows of its cells."""

import re

import pytest
import yaml

from ctseq.core.errors import InputError
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.tables import find_table

KEY = "datasets.ours.columns"


def message(folder, text, target="hemorrhage", name="labels.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        find_table(folder, None, target, Columns(KEY))
    return str(error.value)


def offered(text):
    """Return the columns of the line that a message offers, as YAML reads it."""
    (line,) = re.findall(r"^  (columns: .*)$", text, re.MULTILINE)
    return yaml.safe_load(line)["columns"]


def test_the_message_as_a_hospital_meets_it(tmp_path):
    shown = message(tmp_path, "Patient;Blutung\nP001;ja\nP002;nein\n")
    expected = (
        f"{tmp_path} has no label table that knows the target, 'hemorrhage'. Tables there, with "
        "their columns: labels.csv (Patient, Blutung). Its first row, 2, has Patient 'P001', "
        "Blutung 'ja'. If this is the label table, write in the configuration, below "
        "datasets.ours:\n"
        "  columns: {patient: Patient, label: Blutung, positive: [ja]}\n"
    )
    assert shown.startswith(expected)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Patient;Blutung\n1;1\n2;0\n", {"patient": "Patient", "label": "Blutung"}),
        (
            "Fallnummer;Schicht;ICB\n1;1;j\n1;2;nein\n",
            {"patient": "Fallnummer", "slice": "Schicht", "label": "ICB", "positive": ["j"]},
        ),
        (
            "Bilddatei,Befund\np1/1.png,positiv\np1/2.png,negativ\n",
            {"image": "Bilddatei", "label": "Befund", "positive": ["positiv"]},
        ),
        (
            "Pat: Nr.,R\xe9sultat,saignement?\n7,b,oui\n8,c,non\n",
            {"patient": "Pat: Nr.", "label": "saignement?", "positive": ["oui"]},
        ),
        (
            "Pat,Blutung\n1,ja\n2,nein\n3,unklar\n",
            {"patient": "Pat", "label": "Blutung", "positive": ["ja"], "negative": ["nein"]},
        ),
        ("Code,Blutung\nA1,yes\nA2,oui\nA3,no\n", {"patient": "Code", "label": "Blutung"}
         | {"positive": ["yes", "oui"]}),
        ("Patient,Ergebnis\nA1,pos\nA2,neg\n", {"patient": "Patient", "label": "Ergebnis"}),
        ("x,y z\nfoo,bar\n", {"patient": "...", "label": "..."}),
        ("Patient,subdural\np1,1\np2,0\n", {"patient": "Patient", "label": "..."}),
    ],
)  # fmt: skip
def test_the_line_is_guessed_by_titles_and_cells(tmp_path, text, line):
    shown = message(tmp_path, text)
    assert offered(shown) == line
    assert ("with what belongs in place of the dots" in shown) == ("..." in line.values())
    if "..." not in line.values() and "unklar" not in text:
        table = find_table(tmp_path, None, "hemorrhage", Columns.of(line, KEY))
        assert len(list(table.rows())) == len(text.splitlines()) - 1


def test_of_several_tables_the_likeliest_is_offered(tmp_path):
    (tmp_path / "a.csv").write_text("site,scanner\nx,y\n")
    assert "labels.csv" in message(tmp_path, "Patient,Blutung\nP1,ja\nP2,nein\n").split("Its")[0]
    assert offered(message(tmp_path, "Patient,Blutung\nP1,ja\n"))["label"] == "Blutung"


def test_cells_that_may_name_a_person_are_not_shown(tmp_path):
    text = (
        "Name;Vorname;Geburtsdatum;Geschlecht;Pat-ID;Blutung;Kommentar\n"
        "Muster;Anna;1.2.1950;w;19500201;ja;ruft an\nTest;Otto;3.4.1960;m;19600403;nein;\n"
    )
    shown = message(tmp_path, text)
    assert "has Blutung 'ja' (other cells are not shown: they may name a person)" in shown
    for word in ("Muster", "Anna", "1950", "'w'", "ruft"):
        assert word not in shown
    assert offered(shown)["patient"] == "Pat-ID"
    # A title may be all that says whose a row is, and its cells are names.
    shown = message(tmp_path, "Name;Blutung\nMuster;ja\nTest;nein\n")
    assert offered(shown)["patient"] == "Name"
    assert "Muster" not in shown
    assert "Test" not in shown
    shown = message(tmp_path, "Patient;Blutung\nMuster, Anna;ja\nTest, O;nein\n")
    assert "Anna" not in shown


def test_a_label_that_is_named_by_mistake_shows_no_names(tmp_path):
    named = {"patient": "ID", "positive": ["ja"]}
    rows = [f"{n},Muster {n},note {n},ward {n % 2}" for n in range(20)]
    for title, held in (
        ("Name", "holds 20 different cells, of which"),
        ("Note", "holds 20 different cells, of which"),
        ("Ward", "holds 'ward 0' (10), 'ward 1' (10), of which"),
    ):
        table = "\n".join(["ID,Name,Note,Ward", *rows])
        (tmp_path / "labels.csv").write_text(table)
        columns = Columns.of(named | {"label": title}, KEY)
        with pytest.raises(InputError, match=re.escape(held)):
            find_table(tmp_path, columns=columns)


def test_classes_may_be_named(tmp_path):
    shown = message(tmp_path, "patient,label\na,Bleed\nb,Normal\nc,Bleed\nd,Normal\n")
    assert "the column label holds 'Bleed' (2), 'Normal' (2), which is not yes or no" in shown
    assert offered(shown) == {"patient": "patient", "label": "label", "positive": ["Bleed"]}
    shown = message(tmp_path, "patient,grade\na,0\nb,3\nc,1\n", target="grade")
    line = {"patient": "patient", "label": "grade", "positive": [1], "negative": [0]}
    assert offered(shown) == line


def test_a_row_that_is_about_a_slice_may_be_named(tmp_path):
    rows = "".join(f"p{n},{k},{n % 2}\n" for n in range(3) for k in range(2))
    shown = message(tmp_path, f"patient,coupe,label\n{rows}")
    assert f"is about as {KEY}.slice, .image or .scan, or leave one row a patient" in shown
