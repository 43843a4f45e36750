"""Label tables as people write them: titles, words for yes and no, classes, encodings."""

import pandas as pd
import pytest

from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.labels.cells import flag
from ctseq.readers.labels.tables import find_table
from picture_folders import PATIENTS, write_unlabelled


@pytest.fixture
def pictures(tmp_path):
    """Four patients of three pictures each, no two alike."""
    return write_unlabelled(tmp_path)


def labels(folder, *rows, name="labels.csv", encoding="utf-8"):
    (folder / name).write_bytes("\n".join(rows).encode(encoding))


def told(folder, format="folder", **options):
    """Return each scan's label, or those of its slices in order as one text."""
    listing = index_dataset(folder, format, on_problem="error", **options).listing
    flags = listing["target"].fillna(listing["scan_target"]).astype(str)
    return flags.groupby(listing["scan_id"]).agg(lambda own: "".join(dict.fromkeys(own)) if
                                                 listing["target"].isna().all() else "".join(own)
                                                 ).to_dict()  # fmt: skip


BY_SLICE = {"p1": "000", "p2": "111", "p3": "000", "p4": "111"}


@pytest.mark.parametrize(
    ("yes", "no"),
    [("yes", "no"), ("TRUE", "FALSE"), ("positive", "Negative"), ("pos", "neg"), ("1.0", "0.0")]
    + [("Y", "n"), ("t", "F"), ("1,0", "0,0")],
)
def test_words_for_yes_and_no(yes, no, pictures):
    labels(
        pictures, "patient_id;label", *[f"{p};{(no, yes)[i % 2]}" for i, p in enumerate(PATIENTS)]
    )
    assert told(pictures) == {"p1": "0", "p2": "1", "p3": "0", "p4": "1"}
    assert [flag(cell) for cell in (yes, no)] == [1, 0]


@pytest.mark.parametrize("cell", ["2", "maybe", "0.5", "-1", "?", "yes!", "10"])
def test_what_is_neither_yes_nor_no(cell):
    assert flag(cell) is pd.NA


@pytest.mark.parametrize(
    "title",
    ["slice_no", "Slice Index", "slice_id", "SliceNo", "instance_number", "z", "image_number"],
)
def test_titles_of_slices(title, pictures):
    rows = [f"{p},{n},{i % 2}" for i, p in enumerate(PATIENTS) for n in (1, 2, 3)]
    labels(pictures, f"case,{title},diagnosis", *rows)
    assert told(pictures) == BY_SLICE


@pytest.mark.parametrize(
    "title",
    ["image_path", "filepath", "img", "Image Name", "file_name", "SOPInstanceUID", "dicom_path"],
)
def test_titles_of_images(title, pictures):
    rows = [f"{p},slice_{n}.png,{i % 2}" for i, p in enumerate(PATIENTS) for n in (1, 2, 3)]
    labels(
        pictures, f"patient_id,{title},class", *rows
    )  # names that only their patient tells apart
    assert told(pictures) == BY_SLICE


@pytest.mark.parametrize(
    "header",
    ["case,label", "Study ID,diagnosis", "StudyInstanceUID,target", "Subject;ICH", "exam,y"],
)
def test_titles_of_patients_scans_and_labels(header, pictures):
    mark = ";" if ";" in header else ","
    labels(pictures, header, *[f"{p}{mark}{i % 2}" for i, p in enumerate(PATIENTS)])
    assert told(pictures) == {"p1": "0", "p2": "1", "p3": "0", "p4": "1"}


def test_short_titles_of_subtypes(pictures):
    rows = [f"{p},{int(p == 'p1')},0,0,0,{int(p == 'p4')}" for p in PATIENTS]
    labels(pictures, "patient,EDH,SAH,IVH,IPH,Subdural Hemorrhage", *rows)
    assert told(pictures) == {"p1": "1", "p2": "0", "p3": "0", "p4": "1"}
    assert told(pictures, target="subdural") == {"p1": "0", "p2": "0", "p3": "0", "p4": "1"}


def test_a_title_that_is_not_understood_makes_no_table_of_patients(pictures):
    rows = [f"{p},{n},{i % 2}" for i, p in enumerate(PATIENTS) for n in (1, 2, 3)]
    labels(pictures, "patient_id,coupe,label", *rows)
    words = (
        "names most patients in several rows .p1 in rows 2, 3, 4., so a row is not about a "
        "patient, and the columns coupe were not understood. Titles that are known are, of "
        "slices: slicenumber, slice, .*; of images: image, .*; of scans: scanid,"
    )
    with pytest.raises(InputError, match=words):
        find_table(pictures)
    labels(pictures, "patient_id,coupe,label", *[f"{p},1,{i % 2}" for i, p in enumerate(PATIENTS)])
    assert told(pictures)["p2"] == "1"  # one row a patient is a table of patients


def spaced(cell):
    return cell.replace("_", " ")


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("0 3 1 0", "'0' .2., '3' .1., '1' .1."),
        ("Bleed Normal Bleed Normal", "'Bleed' .2."),
        ("hemorrhage no_hemorrhage no_hemorrhage hemorrhage", "'hemorrhage' .2."),
        ("present absent absent not_seen", "'absent' .2."),
    ],
)
def test_several_classes_are_refused_with_the_cure(cells, found, pictures):
    rows = [f"{p},{cell}" for p, cell in zip(PATIENTS, map(spaced, cells.split()), strict=True)]
    labels(pictures, "patient_id,grade", *rows)
    words = (
        f"(?s)labels.csv: the column grade holds {found}.* which is not yes or no alone: .*Or add "
        "a column that is 1 where the class is what you look for and 0 elsewhere, and set the "
        "dataset's `target` to its title .now 'grade'."
    )
    with pytest.raises(InputError, match=words):
        find_table(pictures, target="grade")


def test_one_odd_cell_of_many_is_a_slip(tmp_path):
    labels(tmp_path, "patient_id,label", *[f"{n},{n % 2}" for n in range(19)], "19,2")
    assert find_table(tmp_path).kind == "patient"
    labels(tmp_path, "patient_id,label", *[f"{n},{n % 2}" for n in range(17)], "17,2", "18,2")
    with pytest.raises(InputError, match="'2' .2."):
        find_table(tmp_path)


def test_two_columns_that_could_be_the_label(pictures):
    labels(pictures, "patient_id,label,ich", *[f"{p},0,1" for p in PATIENTS])
    words = "several columns that could be the label: label, ich. Keep one of them, or name it as "
    words += "datasets.<name>.columns.label, or set"
    with pytest.raises(InputError, match=words):
        find_table(pictures)
    # What is called as labels are comes before what only may be one.
    labels(pictures, "patient_id,diagnosis,label", *[f"{p},9,{i % 2}" for i, p in
                                                     enumerate(PATIENTS)])  # fmt: skip
    assert told(pictures)["p2"] == "1"


def test_predictions_and_spreadsheets_are_no_labels(pictures):
    labels(pictures, "name,ICH", "p1,0.53", "p2,0.1", name="prediction_probabilities.csv")
    (pictures / "Labels.ods").write_bytes(b"PK")
    (pictures / "~$Labels.ods").write_bytes(b"")  # it is open
    with pytest.raises(InputError, match="Labels.ods is not read: save it as .xlsx or CSV"):
        find_table(pictures)
    labels(pictures, "patient_id\tlabel", *[f"{p}\t{i % 2}" for i, p in enumerate(PATIENTS)],
           name="labels.tsv")  # fmt: skip
    assert find_table(pictures).path.name == "labels.tsv"


def test_a_table_in_the_letters_of_windows_is_read_and_that_is_said(pictures):
    (pictures / "p1").rename(pictures / "Zoë–1")
    rows = [f"{name},{i % 2}" for i, name in enumerate(("Zoë–1", *PATIENTS[1:]))]
    labels(pictures, "patient_id,label", *rows, encoding="cp1252")
    assert told(pictures)["Zoë–1"] == "0"
    (note,) = index_dataset(pictures, "folder", on_problem="exclude").notes
    assert note.startswith("labels.csv is no UTF-8: its letters are read as those of Windows")
    labels(pictures, "patient_id,label", *rows[1:], "Zo\xe9,1", encoding="cp1252")
    with pytest.raises(InputError, match="no diagnosis row[^§]*labels.csv is no UTF-8"):
        told(pictures)  # the letters may be why
    labels(pictures, "patient_id,label", *rows)
    assert index_dataset(pictures, "folder", on_problem="exclude").notes == []


def test_an_id_that_a_spreadsheet_rounded_is_named_so(pictures):
    (pictures / "p1").rename(pictures / "100001")
    labels(pictures, "patient_id,label", "1.00E+05,1", *[f"{p},{i % 2}" for i, p in
                                                         enumerate(PATIENTS[1:])])  # fmt: skip
    words = "row 2: patient 1.00E.05: id that a spreadsheet rounded"
    with pytest.raises(InputError, match=words) as error:
        told(pictures)
    assert "100001/slice_1.png: patient 100001: no diagnosis row" in str(error.value)


def test_ids_that_a_spreadsheet_rounded_to_one_are_named_so(pictures):
    for number, patient in enumerate(PATIENTS):
        (pictures / patient).rename(pictures / f"10000{number}")
    labels(pictures, "patient_id,label", *[f"1.00E+05,{n % 2}" for n in range(len(PATIENTS))])
    with pytest.raises(InputError, match="id that a spreadsheet rounded"):
        told(pictures)


def test_rows_that_count_from_another_number_label_no_neighbour(pictures):
    rows = [f"{p},{n},{int(n == 1)}" for p in PATIENTS[1:] for n in (1, 2, 3)]
    labels(pictures, "patient_id,slice,label", "p1,0,0", "p1,1,1", "p1,2,0", *rows)
    words = "patient p1: label rows count slices from another number .rows 0 to 2, slices 1 to 3."
    with pytest.raises(InputError, match=words):
        told(pictures)
    index = index_dataset(pictures, "folder", on_problem="exclude")
    kept = index.listing[index.listing["kept"] == 1]
    assert kept["scan_id"].unique().tolist() == ["p2", "p3", "p4"]


def test_subtypes_that_contradict_decide_nothing_for_a_fracture(pictures):
    rows = [f"{p},0,1,{i % 2}" for i, p in enumerate(PATIENTS)]
    labels(pictures, "patient_id,label,epidural,fracture", *rows)
    assert told(pictures, target="fracture") == {"p1": "0", "p2": "1", "p3": "0", "p4": "1"}
    with pytest.raises(InputError, match="hemorrhage contradicts the subtypes"):
        told(pictures)
