"""What a dataset is asked for: hemorrhage, a subtype, fracture, or a column of a label table."""

import numpy as np
import pytest
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.phantom.layouts import write_phantom
from ctseq.readers.contents import LABELS, frame
from ctseq.readers.labels.tables import find_table
from ctseq.readers.subtypes import SUBTYPES, TARGETS, target_words
from indexed import selected

HEADER = (
    "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,"
    "No_Hemorrhage,Fracture_Yes_No"
)
# Slices of three patients: nothing; an epidural bleed with a fracture; a subdural bleed.
ROWS = [
    "49,1,0,0,0,0,0,1,",
    "49,2,0,0,0,0,0,1,0",
    "50,1,0,0,0,1,0,0,1",
    "50,2,0,0,0,0,0,1,1",
    "51,1,0,0,0,0,1,0,0",
    "51,2,0,0,0,0,1,0,0",
]


@pytest.fixture
def release(tmp_path):
    """A release of CT-ICH in small."""
    for row in ROWS:
        patient, number = row.split(",")[:2]
        save(tmp_path / f"Patients_CT/0{patient}/brain/{number}.jpg")
    diagnosis(tmp_path, *ROWS)
    return tmp_path


def diagnosis(folder, *rows, header=HEADER):
    (folder / "hemorrhage_diagnosis.csv").write_text("\n".join([header, *rows]))


@pytest.fixture
def pictures(tmp_path):
    """Three patients of a picture each, without labels yet."""
    for patient in ("p0", "p1", "p2"):
        picture = np.full((4, 4), 10 * int(patient[1]) + 1, np.uint8)
        picture[0, 0] = 200
        save(tmp_path / f"{patient}/1.png", picture)
    return tmp_path


def save(path, pixels=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 4), 90, np.uint8) if pixels is None else pixels).save(path)


def labels(folder, text):
    (folder / "labels.csv").write_text(text)


def positive(folder, format, target):
    """Return the positive scans, and how many slices each one has, where they are labelled."""
    _, scans, _ = selected(folder, format, target=target)
    found = scans[scans["target"] == 1]
    return dict(zip(found["scan_id"], found["n_positive_slices"].fillna(-1), strict=True))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("hemorrhage", {"050": 1, "051": 2}),
        ("epidural", {"050": 1}),
        ("subdural", {"051": 2}),
        ("fracture", {"050": 2}),
    ],
)
def test_ct_ich_knows_hemorrhage_subtypes_and_fracture(release, target, expected):
    assert positive(release, "ct-ich-jpg", target) == expected


def test_facts_of_slices_stay_whatever_the_target(release):
    slices, _, summary = selected(release, "ct-ich-jpg", target="fracture")
    assert slices["target"].tolist() == slices["fracture"].tolist() == [0, 0, 1, 1, 0, 0]
    assert slices["hemorrhage"].tolist() == [0, 0, 1, 0, 1, 1]
    assert summary["subtypes"]["subdural"] == {"scans": 1, "slices": 2}
    assert (summary["positive_scans"], summary["positive_slices"]) == (1, 2)


def test_a_target_without_positives_or_negatives_names_itself(release):
    words = "All 3 scans are without subarachnoid hemorrhage, the target, .* its `target`"
    with pytest.raises(InputError, match=words):
        selected(release, "ct-ich-jpg", target="subarachnoid")
    diagnosis(release, *[row.rstrip("01") + "1" for row in ROWS])
    with pytest.raises(InputError, match="All 3 scans have fracture, the target"):
        selected(release, "ct-ich-jpg", target="fracture")


def test_what_ct_ich_does_not_know_is_refused(release):
    with pytest.raises(InputError, match="its `target` is 'midline', which CT-ICH's labels do not"):
        selected(release, "ct-ich-jpg", target="midline")
    diagnosis(release, *[row.rpartition(",")[0] for row in ROWS], header=HEADER.rpartition(",")[0])
    words = (
        "datasets.<name>.target is 'fracture', but hemorrhage_diagnosis.csv says nothing of "
        "fracture; it knows hemorrhage, intraventricular, .*, subdural. Set the target"
    )
    with pytest.raises(InputError, match=words):
        selected(release, "ct-ich-jpg", target="fracture")
    assert positive(release, "ct-ich-jpg", "subdural") == {"051": 2}


def test_a_cell_is_wrong_only_where_it_decides_the_target(release):
    diagnosis(release, *ROWS[:-1], "51,2,0,0,0,0,1,0,x")
    assert positive(release, "ct-ich-jpg", "hemorrhage") == {"050": 1, "051": 2}
    with pytest.raises(InputError, match="row 7: patient 51 slice 2: cell is not .*no is 'x'"):
        selected(release, "ct-ich-jpg", target="fracture")


def test_a_scan_whose_target_is_in_what_is_left_out_goes(release):
    (release / "Patients_CT/051/brain/1.jpg").unlink()
    (release / "Patients_CT/051/brain/2.jpg").write_bytes(b"")
    (release / "Patients_CT/050/brain/1.jpg").write_bytes(b"")
    save(release / "Patients_CT/051/brain/3.jpg")
    diagnosis(release, *ROWS, "51,3,0,0,0,0,0,1,0")
    index = index_dataset(release, "ct-ich-jpg", on_problem="exclude", target="subdural")
    hidden = index.problems[index.problems["problem"] == "hidden"]
    assert hidden["scan_id"].tolist() == ["051"]  # 050 has lost its epidural bleed only
    kept = index.listing[index.listing["kept"] == 1]
    assert kept["scan_id"].unique().tolist() == ["049", "050"]


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("patient_id,Midline_Shift,label\np0,1,0\np1,0,1\np2,0,?\n", "midline shift", {"p0": -1}),
        ("patient_id,subdural\np0,0\np1,0\np2,1\n", "subdural", {"p2": -1}),
        ("patient_id,fracture\np0,0\np1,1\np2,0\n", "fracture", {"p1": -1}),
        ("image,edema,note\np0/1.png,0,a\n1.png,1,\n", "edema", None),
        ("patient_id,slice,edema\np0,1,0\np1,1,1\np2,1,0\n", "Edema", {"p1": 1}),
        ("patient_id,label,subdural\np0,0,0\np1,1,0\np2,1,1\n", "hemorrhage", {"p1": -1, "p2": -1}),
        ("patient_id,label\np0,0\np1,1\np2,0\n", "label", {"p1": -1}),
    ],
)
def test_a_label_table_may_have_the_target_as_a_column(pictures, text, target, expected):
    labels(pictures, text)
    if expected is None:  # three files are called 1.png
        with pytest.raises(InputError, match="3 files are called so"):
            positive(pictures, "folder", target)
        return
    assert positive(pictures, "folder", target) == expected


def test_some_subtypes_alone_never_say_that_there_is_no_hemorrhage(pictures):
    labels(pictures, "patient_id,slice,subdural,epidural\np0,1,0,0\np1,1,0,1\np2,1,1,0\n")
    slices, _, _ = selected(pictures, "folder", target="subdural")
    assert slices["hemorrhage"].fillna(-1).tolist() == [-1, 1, 1]
    labels(pictures, "patient_id,slice,label,subdural\np0,1,0,0\np1,1,1,0\np2,1,0,1\n")
    with pytest.raises(InputError, match=r"\(a subtype without it\)") as error:
        selected(pictures, "folder")
    assert "(1 problem)" in str(error.value)


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        (
            "patient_id,label,edema\np0,0,1\n",
            "tumor",
            "has no column for the dataset's `target`, 'tumor'; its columns are patientid, label, "
            "edema. Set `target` to one of these, or to one of hemorrhage, intraventricular",
        ),
        (
            "patient_id,label\np0,0\np1,1\np2,0\n",
            "subdural",
            "target is 'subdural', but labels.csv says nothing of subdural hemorrhage; it knows "
            "hemorrhage",
        ),
        ("ID,Label\nID_a_any,1\n", "Label", "has no column for the dataset's `target`, 'Label'"),
        ("patient_id,edema\np0,0\np1,?\np2,0\n", "edema", "row 3: .*edema is '?'"),
        (
            "patient_id,subdural\np0,0\np1,1\np2,0\n",
            "hemorrhage",
            "no label table that knows the target, 'hemorrhage'.* labels.csv .patient_id, subdur",
        ),
        (
            "patient_id,tumor\np0,0\np1,1\np2,0\n",
            "tumour",
            "no label table that knows the target, 'tumour'.*: labels.csv .patient_id, tumor",
        ),
    ],
)
def test_what_a_label_table_does_not_know_is_told(pictures, text, target, words):
    labels(pictures, text)
    with pytest.raises(InputError, match=words.replace("?", r"\?")):
        selected(pictures, "folder", target=target)


CQ500 = [f"R{reader}:{name}" for reader in (1, 2, 3) for name in ("ICH", "SDH", "MidlineShift")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [("hemorrhage", [1, 1]), ("subdural", [1, 0]), ("MidlineShift", [0, 1])],
)
def test_cq500_takes_two_readers_of_three_for_any_target(tmp_path, target, expected):
    table = tmp_path / "reads.csv"
    rows = ["CQ500-CT-0,1,1,0,1,1,0,0,0,1", "CQ500-CT-1,1,0,1,1,1,1,1,0,0"]
    table.write_text("\n".join([",".join(["name", *CQ500]), *rows]))
    found = frame(find_table(tmp_path, table, target).rows(), LABELS)
    assert found[target if target in TARGETS else "target"].tolist() == expected
    assert found["hemorrhage"].tolist() == [1, 1]
    assert found["invalid"].tolist() == ["", ""]
    table.write_text("\n".join([",".join(["name", *CQ500]), "CQ500-CT-0,1,,,1,1,1,0,0,1"]))
    found = frame(find_table(tmp_path, table, "MidlineShift").rows(), LABELS)
    assert found["invalid"].tolist() == ["R1 to R3:MIDLINESHIFT are '', '1', '1'"]
    with pytest.raises(InputError, match="no column for the dataset's `target`, 'fractures'"):
        find_table(tmp_path, table, "fractures")


def test_a_table_of_demographics_is_none_of_labels(pictures):
    labels(pictures, "patient_id,fracture\np0,0\np1,1\np2,0\n")
    (pictures / "patient_demographics.csv").write_text("Patient,Age,Sex,Fracture\n1,2,F,1\n")
    assert positive(pictures, "folder", "fracture") == {"p1": -1}


@pytest.mark.parametrize("layout", ["ct-ich-jpg", "folder"])
def test_a_phantom_has_every_subtype_as_target(tmp_path, layout):
    write_phantom(tmp_path, patients=8, positive=6, image_size=32, layout=layout, slices=(6, 6),
                  seed=1)  # fmt: skip
    slices, _, summary = selected(tmp_path, layout)
    for name in SUBTYPES:
        if summary["subtypes"][name]["scans"] > 0:
            own, scans, _ = selected(tmp_path, layout, target=name)
            assert own["target"].tolist() == slices[name].tolist()
            assert scans["target"].sum() == summary["subtypes"][name]["scans"]


def test_words():
    assert target_words("hemorrhage") == "hemorrhage"
    assert target_words("subdural") == "subdural hemorrhage"
    assert target_words("fracture") == "fracture"
    assert target_words("Midline shift") == "Midline shift"
