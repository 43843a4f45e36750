"""`columns` of a dataset: which column is what, and which cells mean yes and no."""

import json
from pathlib import Path

import pytest

from configs import changed, resolved
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.contents import LABELS, frame
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.spelling import bare_title, cell_key
from ctseq.readers.labels.tables import find_table
from ctseq.study.datasets import Dataset
from picture_folders import PATIENTS, write_unlabelled

KEY = "datasets.ours.columns"
GERMAN = {"patient": "Patient", "label": "Blutung", "positive": [1, "ja"]}


def write(folder, *lines, name="labels.csv"):
    (folder / name).write_text("\n".join(lines), encoding="utf-8")


def found(folder, columns, target="hemorrhage", chosen=None):
    return find_table(folder, chosen, target, Columns.of(columns, KEY))


def told(folder, columns, target="hemorrhage"):
    """Return each row's flag that the target asks for; -1 where it says nothing."""
    rows = frame(found(folder, columns, target).rows(), LABELS)
    flag = target if target in rows else "target"
    return rows[flag].fillna(-1).tolist(), rows["invalid"].tolist()


@pytest.fixture
def pictures(tmp_path):
    """Four patients of three pictures each, no two alike."""
    return write_unlabelled(tmp_path)


def scans(folder, columns, **options):
    index = index_dataset(
        folder, "folder", on_problem="error", columns=columns, key="datasets.ours", **options
    )
    listing = index.listing
    flags = listing["target"].fillna(listing["scan_target"])
    return flags.groupby(listing["scan_id"]).max().to_dict(), index.notes


@pytest.mark.parametrize(
    ("yes", "no"), [("ja", "nein"), ("JA", "Nein"), ("1", "0"), ("1,0", "0,0")]
)
def test_a_hospitals_table_is_read_by_its_own_words(pictures, yes, no):
    write(pictures, "Patient;Blutung", *[f"{p};{(no, yes)[i % 2]}" for i, p in enumerate(PATIENTS)])
    labels, notes = scans(pictures, GERMAN)
    assert labels == {"p1": 0, "p2": 1, "p3": 0, "p4": 1}
    words = (
        f"labels.csv: the column Blutung is positive at {yes!r} (2), and negative at {no!r} (2)."
    )
    assert notes == [words]


@pytest.mark.parametrize("title", ["Pat.-Nr", "pat_nr", "PAT NR"])
def test_titles_are_compared_in_letters_and_digits(tmp_path, title):
    write(tmp_path, "Pat-Nr,Blutung", "a,1", "b,0")
    assert told(tmp_path, {"patient": title, "label": "BLUTUNG"})[0] == [1, 0]


def test_an_accent_that_macos_writes_apart_is_the_same_title():
    assert bare_title("Ha\u0308morrhagie?") == bare_title("H\xe4morrhagie")


def test_slices_and_images_are_named_by_columns_of_their_own(pictures):
    rows = [f"{p},{n},{int(p == 'p2' and n == 2)}" for p in PATIENTS for n in (1, 2, 3)]
    write(pictures, "Fallnummer,Schicht,Befund", *rows)
    named = {"patient": "Fallnummer", "slice": "Schicht", "label": "Befund"}
    assert found(pictures, named).kind == "slice"
    assert scans(pictures, named)[0] == {"p1": 0, "p2": 1, "p3": 0, "p4": 0}
    rows = [f"{p}/slice_{n}.png,{int(p == 'p3')}" for p in PATIENTS for n in (1, 2, 3)]
    write(pictures, "Bild,Befund", *rows)
    assert scans(pictures, {"image": "Bild", "label": "Befund"})[0]["p3"] == 1


def test_what_is_named_comes_before_what_titles_say(tmp_path):
    write(tmp_path, "id,patient_id,label,ich,slice", "1,a,0,1,7", "2,b,1,0,9")
    # Neither `label` nor `slice` counts: a row is about what is named, and so is its label.
    assert told(tmp_path, {"patient": "patient_id", "label": "ich"}) == ([1, 0], ["", ""])
    assert found(tmp_path, {"patient": "patient_id", "label": "ich"}).kind == "patient"
    # What a row is about is found by its title where only the label is named.
    assert found(tmp_path, {"label": "ich"}).kind == "slice"


def test_the_label_is_that_of_the_target(tmp_path):
    write(tmp_path, "patient,MLS,subdural,SDH links", "a,x,0,1", "b,-,0,0")
    named = {"label": "MLS", "positive": ["x"], "negative": ["-"]}
    assert told(tmp_path, named, "midline shift")[0] == [1, 0]
    assert told(tmp_path, {"label": "SDH links"}, "subdural")[0] == [1, 0]


def test_cq500s_table_may_be_read_by_one_reader(tmp_path):
    write(tmp_path, "name,R1:ICH,R2:ICH,R3:ICH", "CQ500CT0,1,0,0", "CQ500CT1,0,1,1")
    assert told(tmp_path, {"patient": "name", "label": "R1:ICH"})[0] == [1, 0]
    assert told(tmp_path, {})[0] == [0, 1]


@pytest.mark.parametrize(
    ("cells", "named", "flags"),
    [
        ("ja nein ja", {"positive": ["ja"]}, [1, 0, 1]),  # the one other value
        ("ja no 0", {"positive": ["ja"]}, [1, 0, 0]),  # the known words for no
        ("ja _ nein", {"positive": ["ja"]}, [1, -1, 0]),  # a blank cell is never negative
        ("3 4 0", {"positive": [3, 4]}, [1, 1, 0]),
        ("3 1 0", {"positive": [3], "negative": [0]}, [1, -1, 0]),
        ("ja nein jein", {"positive": ["ja"], "negative": ["nein"]}, [1, 0, -1]),
        ("0 1 1", {"positive": [0], "negative": [1]}, [1, 0, 0]),  # 1 is normal there
        ("yes no TRUE", {"positive": [True], "negative": [False]}, [1, 0, 1]),  # as YAML reads yes
        ("2.5 1,5 2,50", {"positive": [2.5], "negative": [1.5]}, [1, 0, 1]),
        ("ja ja", {"positive": ["ja"]}, [1, 1]),
        ("nein ?", {"positive": ["ja"], "negative": ["nein"]}, [0, -1]),
    ],
)
def test_which_cells_mean_yes_and_no(tmp_path, cells, named, flags):
    rows = [f'p{n},"{cell.replace("_", "")}"' for n, cell in enumerate(cells.split())]
    write(tmp_path, "patient,label", *rows)
    labels, invalid = told(tmp_path, named)
    assert labels == flags
    assert [bool(words) for words in invalid] == [flag == -1 for flag in flags]


@pytest.mark.parametrize(
    ("cells", "positive", "words"),
    [
        ("ja nein unklar", "ja", "'unklar' (1): which of them mean no? List these as " + KEY),
        ("ja unklar", "ja", "'unklar' (1): which of them mean no?"),
        ("ja ?", "ja", "'?' (1): which of them mean no?"),
        ("ja #N/A", "ja", "which of them mean no?"),
        ("ja 0 nein", "ja", "which of them mean no?"),
        ("1 TRUE", 1, "which of them mean no?"),
        ("j n", "ja", f"holds 'j' (1), 'n' (1), of which {KEY}.positive names none"),
    ],
)
def test_no_cell_is_negative_by_guess(tmp_path, cells, positive, words):
    write(tmp_path, "patient,label", *[f"p{n},{cell}" for n, cell in enumerate(cells.split())])
    with pytest.raises(InputError) as error:
        found(tmp_path, {"positive": [positive]})
    assert f"{tmp_path}/labels.csv: the column label holds " in str(error.value)
    assert words in str(error.value)


def test_a_word_that_is_in_neither_list_is_a_problem_of_its_row(pictures):
    cells = ("ja", "nein", "jein", "nein")
    write(pictures, "Patient,Blutung", *[f"{p},{c}" for p, c in zip(PATIENTS, cells, strict=True)])
    with pytest.raises(InputError, match=r"labels.csv, row 4: patient p3: .*blutung is 'jein'"):
        scans(pictures, GERMAN | {"negative": ["nein"]})


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (
            {"patient": "Patient", "label": "Blutungg"},
            f"labels.csv has no column 'Blutungg', which {KEY}.label names; its columns are "
            "Patient, Blutung, Blutung?, note. Did you mean Blutung?",
        ),
        ({"label": "Blutung"}, f"has several columns 'Blutung', which {KEY}.label names: call all"),
    ],
)
def test_a_column_that_the_table_lacks(tmp_path, named, words):
    write(tmp_path, "Patient,Blutung,Blutung?,note", "a,1,0,x")
    for chosen in (None, "labels.csv"):
        with pytest.raises(InputError) as error:
            found(tmp_path, named, chosen=chosen)
        assert words in str(error.value)


def test_the_table_is_the_one_with_all_columns_that_are_named(tmp_path):
    write(tmp_path, "patient,label", "a,1", name="other.csv")
    write(tmp_path, "Patient,Blutung", "a,1", name="ours.csv")
    assert found(tmp_path, GERMAN).path.name == "ours.csv"
    words = f"with the columns of {KEY} (label 'Riss'). Tables there, with their columns: other.csv"
    with pytest.raises(InputError) as error:
        found(tmp_path, {"label": "Riss"})
    assert words in str(error.value)


def test_positive_cells_without_a_label(tmp_path):
    write(tmp_path, "patient,epidural,subdural,ivh,iph,sah", "a,1,0,0,0,0")
    with pytest.raises(
        InputError, match="no column for the cells of .*positive: name it as .*label"
    ):
        found(tmp_path, {"positive": [1]})


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"labell": "x"}, "datasets.x.columns.labell is not a key; did you mean label?"),
        ({"label": ""}, "datasets.x.columns.label"),
        ({"label": "?"}, "columns.label is '?', but titles are told by letters and digits"),
        (
            {"label": "A B", "patient": "a_b"},
            "columns.label and datasets.x.columns.patient name one column, 'A B'",
        ),
        (
            {"slice": "z"},
            "columns.slice needs datasets.x.columns.patient or datasets.x.columns.scan",
        ),
        ({"patient": "p", "slice": "z", "image": "i"}, "names slice and image, but a row is about"),
        ({"negative": [0]}, "columns.negative needs datasets.x.columns.positive"),
        ({"positive": ["Ja", 1], "negative": ["1.0"]}, "columns: 1 is both positive and negative"),
        ({"positive": []}, "datasets.x.columns.positive"),
        ({"positive": "ja"}, "datasets.x.columns.positive"),
    ],
)
def test_mistakes_in_the_configuration(columns, words):
    its = {"path": "x", "format": "folder", "target": "hemorrhage", "columns": columns}
    with pytest.raises(InputError) as error:
        resolved(changed({"datasets.x": its}))
    assert words in str(error.value)


def test_formats_with_tables_of_their_own_have_no_columns(tmp_path):
    own = {"datasets.ct-ich.columns": {"label": "x"}}
    with pytest.raises(InputError, match="columns has no effect, since ct-ich-jpg has tables of"):
        resolved(changed(own))
    drawn = {"format": "phantom", "columns": {"label": "x"}}
    with pytest.raises(InputError, match="columns has no effect, since the label table of a phan"):
        resolved(changed({"datasets.x": drawn}))
    with pytest.raises(
        InputError, match=f"{KEY} says how a label table is read, but ct-ich-jpg has"
    ):
        index_dataset(
            *(tmp_path, "ct-ich-jpg"),
            on_problem="error",
            columns={"label": "x"},
            key="datasets.ours",
        )
    named = {"labels": Path("x.csv"), "key": "datasets.ours"}
    with pytest.raises(InputError, match=r"datasets\.ours\.labels says how a label table is read"):
        index_dataset(tmp_path, "ct-ich-jpg", on_problem="error", **named)


def test_they_are_settings_of_the_index():
    its = {"path": "x", "format": "folder", "labels": "auto", "target": "hemorrhage"}
    its |= {"links_into": [], "on_problem": "error", "window": "brain"}
    with_them = Dataset.of("x", {"datasets": {"x": its | {"columns": GERMAN}}}).settings
    assert json.loads(json.dumps(with_them))["columns"] == GERMAN
    without = Dataset.of("x", {"datasets": {"x": its | {"columns": {}}}}).settings
    assert without["columns"] == {}  # so that columns which are no longer named are noticed


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        (" JA ", "ja"),
        ("01", "1"),
        ("1.", "1"),
        ("1,0", "1"),
        ("0,50", "0.5"),
        ("no  bleed", "no bleed"),
    ]
    + [("-1", "-1"), ("0", "0"), ("000", "0"), ("1.0.0", "1.0.0")],
)
def test_spellings_of_a_cell(cell, key):
    assert cell_key(cell) == key
