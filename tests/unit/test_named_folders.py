"""Which folders or ids are patients and scans: the label table decides."""

import unicodedata

import pydicom
import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.names import folder_text, patient_key
from ctseq.readers.patient_folders import naming_level, shared_patients
from dicom_folders import write_series
from picture_folders import save_picture


def study(folder, where, number, *, patient="P", slices=2, uid=None, **changes):
    """Write a study whose slices show no other's pixels."""
    ids = {"series": str(number), "PatientID": patient, "StudyInstanceUID": uid or f"1.2.{number}"}
    write_series(folder, f"{where}/IM{number}-", number, slices=slices, **ids, **changes)


def labels(folder, *rows):
    (folder / "labels.csv").write_text("\n".join(rows))


def index(folder, format="dicom", on_problem="error"):
    return index_dataset(folder, format, on_problem=on_problem)


def owners(found):
    """Return scans to patients."""
    return dict(found.listing[["scan_id", "patient_id"]].drop_duplicates().values.tolist())


def told(found):
    """Return scans to their labels."""
    listing = found.listing
    return dict(
        zip(listing["scan_id"], listing["target"].fillna(listing["scan_target"]), strict=True)
    )


@pytest.mark.parametrize(
    "spelled",
    [
        lambda n: f"CQ500CT{n} CQ500CT{n}",
        lambda n: f"qct0{n // 2 + 1}/CQ500CT{n} CQ500CT{n}",
        lambda n: f"CQ500CT{n}_CQ500CT{n}",
        lambda n: f"CQ500-CT-{n}/CQ500CT{n} CQ500CT{n}",
        lambda n: f"cq500-ct-{n}",
        lambda n: f"data/CQ500_CT_{n:03d}/Unknown Study",
    ],
)
def test_cq500_in_every_spelling_of_its_copies(spelled, tmp_path):
    for number in range(4):
        study(tmp_path, f"{spelled(number)}/CT Plain", number, patient=f"CQ500-CT-{number}")
    rows = [f"CQ500-CT-{n},{n % 2},{n % 2},0" for n in range(4)]
    (tmp_path / "reads.csv").write_text("\n".join(["name,R1:ICH,R2:ICH,R3:ICH", *rows]))
    assert told(index(tmp_path)) == {f"CQ500CT{n}": n % 2 for n in range(4)}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CQ500-CT-0", "CQ500CT0", True),
        ("CQ500CT1", "CQ500CT10", False),
        ("CQ500CT1 CQ500CT2", "CQ500CT1", False),
        ("0ab", "ab", False),
        ("007", "7.0", True),
        ("049-1", "49-1", True),
        ("049-1", "49-2", False),
        (unicodedata.normalize("NFD", "Åse"), "åse", True),
        ("STRASSE", "straße", True),
    ],
)
def test_when_two_names_are_one(one, other, same):
    assert (patient_key(one) == patient_key(other)) == same
    assert patient_key(patient_key(one)) == patient_key(one)


def test_a_folders_name_is_the_patients_as_it_is_written():
    assert folder_text("cq500_ct_012") == "CQ500CT12"
    assert folder_text("a a") == "a a"


def test_the_depth_at_which_most_are_named():
    paths = ["x/p1/1/a.dcm", "x/p2/1/a.dcm", "y/p3/2/a.dcm"]
    assert naming_level(paths, {"p1", "p2", "p3"}) == (1, {"p1", "p2", "p3"})
    assert naming_level(paths, {patient_key("1")}) == (2, {patient_key("1")})
    assert naming_level(paths, {"q"}) == (0, frozenset())
    assert naming_level([], {"q"}) == (0, frozenset())


def test_folders_count_where_the_table_names_them_whatever_the_header_says(tmp_path):
    """An anonymiser gave each file its own ids."""
    for number in range(4):
        for k in range(3):
            ids = {"PatientID": f"anon{number}{k}", "StudyInstanceUID": f"1.{number}.{k}"}
            image = ct(HU + 10 * number + k, z=5.0 * k, series=f"{number}{k}", **ids)
            image.SeriesNumber = number
            save(image, tmp_path / f"s{number}/IM{k}.dcm")
    labels(tmp_path, "patient_id,label", *[f"s{n},{n % 2}" for n in range(4)])
    found = index(tmp_path)
    assert told(found) == {"s0": 0, "s1": 1, "s2": 0, "s3": 1}
    assert found.notes == ["Each file has its own PatientID: folders alone tell patients apart."]


def test_ids_of_the_header_count_where_the_table_names_them(tmp_path):
    for number, patient in enumerate(("X1", "X2", "X1", "HIDDEN")):
        study(tmp_path, f"exam{number}", number, patient=patient)
    labels(tmp_path, "patient_id,label", "X1,0", "X2,1")
    found = index(tmp_path, on_problem="exclude")
    assert owners(found) == {"X1-1": "X1", "X1-2": "X1", "X2": "X2", "unlabelled-1": "unlabelled-1"}
    assert found.problems["problem"].tolist() == ["no-label"]
    assert not any("HIDDEN" in table.to_csv() for table in found[:5])  # the table does not name it


def test_names_of_folders_and_of_ids_that_disagree_are_refused(tmp_path):
    for number in range(4):
        study(tmp_path, f"{number}", number, patient=f"{(number + 1) % 4}")
    labels(tmp_path, "patient_id,label", *[f"{n},{n % 2}" for n in range(4)])
    words = "are those of folders and those of PatientIDs, which disagree: the folder 0 .0/IM0-0"
    with pytest.raises(InputError, match=words):
        index(tmp_path)


def test_an_id_that_was_written_over_all_others_disagrees_with_none(tmp_path):
    for number in range(4):
        study(tmp_path, f"{number}", number, patient="1")
    labels(tmp_path, "patient_id,label", *[f"{n},{n % 2}" for n in range(4)])
    assert told(index(tmp_path)) == {"0": 0, "1": 1, "2": 0, "3": 1}


@pytest.fixture
def visits(tmp_path):
    """Five folders, of which two have one PatientID."""
    for number, where in enumerate(("p1_visit1", "p1_visit2", "p2", "p3", "p4")):
        study(tmp_path, where, number, patient=f"MRN{max(number, 1)}")
    study(tmp_path, "p2", 9, patient="MRN2")
    return tmp_path


ROWS = ["p1_visit1,1", "p1_visit2,0", "p2,0", "p3,1", "p4,0"]


def test_two_visits_are_scans_of_one_patient(visits):
    labels(visits, "patient_id,label", *ROWS)
    found = index(visits)
    assert owners(found) == {"p1_visit1": "p1_visit1", "p1_visit2": "p1_visit1", "p2-1": "p2",
                             "p2-2": "p2", "p3": "p3", "p4": "p4"}  # fmt: skip
    assert told(found) == {"p1_visit1": 1, "p1_visit2": 0, "p2-1": 0, "p2-2": 0, "p3": 1, "p4": 0}
    assert found.labels_of == "scan"
    assert found.notes == [
        "The folders p1_visit1 and p1_visit2 have one PatientID: they are scans of one patient, "
        "p1_visit1, and stay in one subset."
    ]
    assert not any("MRN" in table.to_csv() for table in found[:5])


@pytest.mark.parametrize(("n_same", "n_patients"), [(1, 3), (2, 2), (3, 3)])
def test_an_id_of_two_folders_in_three_is_one_patients_and_of_all_is_nobodys(
    tmp_path, n_same, n_patients
):
    for number in range(3):
        study(tmp_path, f"v{number}", number, patient="MRN7" if number < n_same else f"MRN{number}")
    labels(tmp_path, "patient_id,label", "v0,1", "v1,0", "v2,0")
    found = owners(index(tmp_path))
    assert len(found) == 3
    assert len(set(found.values())) == n_patients


def test_two_visits_have_slices_of_their_own(visits):
    (visits / "p2/IM9-0.dcm").unlink()
    (visits / "p2/IM9-1.dcm").unlink()
    rows = [f"{row.split(',')[0]},{n},{int(row.endswith('1') and n == 2)}"
            for row in ROWS for n in (1, 2)]  # fmt: skip
    labels(visits, "patient,slice,label", *rows)
    found = index(visits).listing
    assert found.loc[found["target"] == 1, "scan_id"].tolist() == ["p1_visit1", "p3"]
    rows = [f"{row.split(',')[0]},IM{at}-{n}.dcm,{int(row.endswith('1') and n == 1)}"
            for at, row in enumerate(ROWS) for n in (0, 1)]  # fmt: skip
    labels(visits, "patient,file,label", *rows)
    found = index(visits).listing
    assert found.loc[found["target"] == 1, "path"].tolist() == [
        "p1_visit1/IM0-1.dcm",
        "p3/IM3-1.dcm",
    ]


@pytest.mark.parametrize("where", ["p1_visit1", "p1_visit2"])
def test_another_patient_in_a_visit_excludes_all_visits(visits, where):
    study(visits, where, 8, patient="MRN8", uid="1.2.8")
    labels(visits, "patient_id,label", *ROWS)
    with pytest.raises(InputError, match=f"{where}: one folder holds several DICOM patients"):
        index(visits)
    found = index(visits, on_problem="exclude")
    kept = found.listing[found.listing["kept"] == 1]
    assert {*kept["patient_id"]} == {"p2", "p3", "p4"}
    assert found.problems["problem"].tolist() == ["mixed-patients"]


@pytest.mark.parametrize(("where", "other"), [(1, 2), (2, 1)])
def test_a_visit_without_slices_leaves_the_other(visits, where, other):
    for path in (visits / f"p1_visit{where}").iterdir():
        image = pydicom.dcmread(path)
        image.SeriesDescription = "MIP"
        image.save_as(path)
    labels(visits, "patient_id,label", *ROWS)
    found = index(visits, on_problem="exclude")
    assert owners(found)[f"p1_visit{other}"] == "p1_visit1"
    assert found.listing.loc[found.listing["scan_id"] == f"p1_visit{other}", "kept"].all()
    assert found.problems["problem"].tolist() == ["no-slices"]


def test_two_folders_of_one_patient_of_whom_the_table_names_one(visits):
    labels(visits, "patient_id,label", *ROWS[1:])
    with pytest.raises(InputError, match="two folders for one patient .p1_visit1 and p1_visit2"):
        index(visits)


def test_one_name_in_two_places_is_one_patient_only_by_the_header(tmp_path):
    for number, where in enumerate(("north/001", "south/001", "north/002", "south/003")):
        study(tmp_path, where, number, patient=("A", "A", "B", "C")[number])
    labels(tmp_path, "patient_id,label", "1,1", "2,0", "3,0")
    assert owners(index(tmp_path))["001-2"] == "001"
    for number, where in enumerate(("north/001", "south/001", "north/002", "south/003")):
        study(tmp_path, where, number, patient="ANON")
    with pytest.raises(InputError, match="two folders for one patient .north/001 and south/001"):
        index(tmp_path)


@pytest.mark.parametrize("path", ["p{}/brain/{}.png", "train/p{}/{}.png", "p{}/{}.png"])
def test_pictures_in_folders_that_the_table_names(path, tmp_path):
    for patient in range(3):
        for number in (1, 2):
            save_picture(tmp_path / path.format(patient, number), 50 * patient + number)
    labels(tmp_path, "patient_id,label", *[f"p{n},{n % 2}" for n in range(3)])
    assert told(index(tmp_path, "folder")) == {"p0": 0, "p1": 1, "p2": 0}


def test_pictures_of_a_patient_in_two_places_are_doubtful(tmp_path):
    for patient in range(3):
        save_picture(tmp_path / f"p{patient}/brain/1.png", 50 * patient + 1)
    save_picture(tmp_path / "p1/bone/1.png", 9)
    labels(tmp_path, "patient_id,label", *[f"p{n},{n % 2}" for n in range(3)])
    with pytest.raises(InputError, match="two folders for one patient .p1/b.* and p1/b") as error:
        index(tmp_path, "folder")
    assert "(1 problem)" in str(error.value)
    save_picture(tmp_path / "p1/1.png", 70)  # the patient's own folder has some: others are no part
    inventory = index(tmp_path, "folder").inventory.set_index("path")
    assert inventory.loc["p1/bone/1.png", "reason"] == "other"


def test_a_table_that_names_pictures_for_patients_is_told_so(tmp_path):
    for number in range(4):
        save_picture(tmp_path / f"head_ct/{number:03d}.png", 50 * number + 1)
    labels(tmp_path, "id,hemorrhage", *[f"{n},{n % 2}" for n in range(4)])
    with pytest.raises(
        InputError, match="names pictures, such as head_ct/000.png, where it should"
    ):
        index(tmp_path, "folder")


def test_slices_that_are_called_as_the_tables_patients_are_no_patients(tmp_path):
    for number in range(6):
        save_picture(tmp_path / f"{'ab'[number % 2]}/{number // 2}.png", 40 * number + 1)
    labels(tmp_path, "patient_id,label", "0,1", "1,0")
    with pytest.raises(InputError, match="a/0.png: patient a: no diagnosis row"):
        index(tmp_path, "folder")


def test_folders_of_classes_are_told_so(tmp_path):
    for number in range(4):
        save_picture(
            tmp_path / f"{('negative', 'Positive')[number % 2]}/p_{number}.png", 50 * number + 1
        )
    with pytest.raises(InputError, match="The folders Positive and negative seem to sort pictures"):
        index(tmp_path, "folder")


def test_scans_that_the_table_gives_to_one_patient_are_one_patients(tmp_path):
    for number in range(4):
        save_picture(tmp_path / f"s{number}/1.png", 50 * number + 1)
    labels(tmp_path, "scan_id,patient_id,label", "s0,A,0", "s1,B,1", "s2,A,1", "s3,C,0")
    found = index(tmp_path, "folder")
    assert owners(found) == {"s0": "s0", "s1": "s1", "s2": "s0", "s3": "s3"}
    assert told(found) == {"s0": 0, "s1": 1, "s2": 1, "s3": 0}
    assert shared_patients({("s0", "A"), ("s1", ""), ("", "A")}, ["s0", "s1"]) == {}
    labels(tmp_path, "scan_id,patient_id,label", "s0,A,0", "s0,B,1", "s1,C,0", "s2,D,0")
    with pytest.raises(InputError, match="scan s0 is of patient B, and of another one"):
        index(tmp_path, "folder", "exclude")
