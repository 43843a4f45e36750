"""Label rows that name images: each meets the picture that it means, or none."""

import unicodedata

import pandas as pd
import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.intake.labels.images import resolve_images
from ctseq.readers.contents import FILES, LABELS, SLICES, frame
from ctseq.readers.names import image_path

FOLDERS = ["p1/s1.png", "p1/s2.png", "p2/s3.png", "p3/s4.png"]


def met(images, paths, *, patients=()):
    """Return for each image the path of the file that it meets; None if there is none."""
    owners = [path.split("/")[-2] if "/" in path else path for path in paths]
    held = list(zip(owners, paths, strict=True))
    files = frame([(path, "image", own, own, 1, "") for own, path in held], FILES)
    slices = frame([(own, own, n, n, 0.0, path) for n, (own, path) in enumerate(held)], SLICES)
    patients = patients or [""] * len(images)
    rows = frame(
        [("t.csv", n, "", own, pd.NA, *[pd.NA] * 8, "", image)
         for n, (image, own) in enumerate(zip(images, patients, strict=True), start=2)], LABELS
    )  # fmt: skip
    found, without, _ = resolve_images(rows, files, slices)
    path_of = dict(zip(slices["slice_number"], slices["path"], strict=True))
    known = {row.row: path_of[row.slice_number] for row in found.itertuples()}
    assert len(found) + len(without) == len(rows)
    return [known.get(number) for number in rows["row"]]


def test_a_name_counts_only_with_the_folder_that_the_row_gives():
    images = ["p9/s1.png", "p9/s2.png", "p2/s3.png", "p3/s4.png"]
    assert met(images, FOLDERS) == [None, None, "p2/s3.png", "p3/s4.png"]
    # One patient's table: that all rows share the folder does not make it one of no meaning.
    assert met(["p9/s1.png", "p9/s2.png"], FOLDERS) == [None, None]
    assert met(["s1.png", "s3"], FOLDERS) == ["p1/s1.png", "p2/s3.png"]


@pytest.mark.parametrize(
    "spelled",
    [
        lambda path: path.replace("/", "\\"),
        lambda path: f"./{path}",
        lambda path: f".\\{path}".replace("/", "\\"),
        lambda path: f"/data/ct/{path}",
        lambda path: f"C:\\ct\\{path}".replace("/", "\\"),
        lambda path: f"images/{path}",
        lambda path: f"../images/{path}",
        lambda path: path.replace(".png", ".PNG"),
        lambda path: path.replace(".png", ""),
        lambda path: path.replace(".png", ".dcm"),
        lambda path: f" {path} ",
        str.upper,
        lambda path: path.replace("p1/s", "P1/S"),
        lambda path: f"/{'Data' if 's1' in path else 'data'}/{path}",
    ],
)
def test_spellings_of_a_path(spelled):
    assert met([spelled(path) for path in FOLDERS], FOLDERS) == FOLDERS
    assert met([spelled(path) for path in FOLDERS[:2]], FOLDERS) == FOLDERS[:2]


def test_letter_case_tells_files_apart_that_differ_by_it_alone():
    paths = ["p1/A.png", "p1/a.png"]
    assert met(["p1/a.png", "p1/A.png"], paths) == [paths[1], paths[0]]
    assert met(["P1/a.png"], paths) == [None]


def test_accents_meet_however_they_are_stored():
    path = "Jösé/ä1.png"
    assert met([unicodedata.normalize("NFC", path)], [unicodedata.normalize("NFD", path)]) != [None]
    assert image_path(unicodedata.normalize("NFD", path)) == "Jösé/ä1"


def test_a_folder_that_all_rows_share_and_that_is_no_patients_does_not_count():
    assert met([f"train/s{n}" for n in (1, 2, 3, 4)], FOLDERS) == FOLDERS
    # Where rows or images are left over, it may well be another patient's.
    assert met(["train/s1", "train/s2", "train/s3"], FOLDERS) == [None] * 3
    assert met([f"train/s{n}" for n in (1, 2, 3, 4, 9)], FOLDERS) == [None] * 5


def test_the_end_of_a_path_is_enough():
    paths = ["all/p1/brain/1.png", "all/p1/bone/1.png", "all/p2/brain/1.png"]
    assert met(["p1/brain/1.png", "p2/brain/1"], paths) == [paths[0], paths[2]]
    assert met(["p1/1.png"], paths) == [None]
    with pytest.raises(InputError, match="row 2, names 'brain/1', but 2 files are called so"):
        met(["brain/1"], paths)


def test_a_path_that_is_a_files_whole_one_is_that_file():
    assert met(["a/1.png"], ["a/1.png", "b/a/1.png"]) == ["a/1.png"]
    assert met(["a/1.PNG"], ["a/1.png", "a/1.jpg"]) == ["a/1.png"]
    with pytest.raises(InputError, match="2 files are called so"):
        met(["a/1"], ["a/1.png", "a/1.jpg"])


def test_a_patient_beside_the_image_must_be_the_files():
    paths = ["p1/1.png", "p2/1.png", "p3/2.png"]
    assert met(["1.png", "1.png", "2.png"], paths, patients=["p1", "P2", "p9"]) == [
        *paths[:2],
        None,
    ]
    assert met(["p1/1.png"], paths, patients=["p2"]) == [None]
    # Names of patients that are nobody's here say nothing.
    assert met(["p1/1.png", "2.png"], paths, patients=["x", "y"]) == [paths[0], paths[2]]


def test_images_of_dicom_are_named_by_their_identifier(tmp_path):
    rows = ["image,label"]
    for index, patient in enumerate("abcd"):
        for number in range(2):
            image = ct(HU + 2 * index + number, z=5.0 * number, series=f"{index}",
                       PatientID=patient, StudyInstanceUID=f"1.2.{index}")  # fmt: skip
            save(image, tmp_path / f"{patient}/IM{number}.dcm")
            rows.append(f"{image.SOPInstanceUID},{int(patient == 'b' and number == 1)}")
    (tmp_path / "labels.csv").write_text("\n".join([*rows, "1.2.3.4.5,0"]))
    index = index_dataset(tmp_path, "dicom", on_problem="exclude")
    positive = index.listing.loc[index.listing["target"] == 1, "path"].tolist()
    assert positive == ["b/IM1.dcm"]
    assert index.problems["detail"].tolist() == ["1.2.3.4.5"]
    uid = rows[1].split(",")[0]
    assert not any(uid in table.to_csv() for table in index[:5])
    (tmp_path / "labels.csv").write_text("patient_id,instance_number,label\na,1,0\n")
    words = "labels.csv names slices by InstanceNumber, which scanners count from the head or"
    with pytest.raises(InputError, match=words):
        index_dataset(tmp_path, "dicom", on_problem="exclude")


def test_a_folder_that_holds_several_patients_tells_none_of_them(tmp_path):
    for patient in range(2):
        for number in range(2):
            image = ct(HU + 5 * patient + number, z=5.0 * number, PatientID=f"{patient}",
                       StudyInstanceUID=f"1.2.{patient}")  # fmt: skip
            save(image, tmp_path / f"flat/{patient}-{number}.dcm")
    rows = [f"images/{patient}-{number}.png,{patient}" for patient in range(2) for number in (0, 1)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label", *rows[1:]]))
    found = index_dataset(tmp_path, "dicom", on_problem="exclude")
    assert found.problems["problem"].tolist() == ["no-label"]
    kept = found.listing[found.listing["kept"] == 1]
    assert kept.set_index("path")["target"].to_dict() == {
        "flat/0-1.dcm": 0, "flat/1-0.dcm": 1, "flat/1-1.dcm": 1,
    }  # fmt: skip


def test_a_patient_of_whom_nothing_can_be_used_shares_the_folder_too(tmp_path):
    for patient in range(2):
        for number in range(2):
            image = ct(HU + 5 * patient + number, z=5.0 * number, PatientID=f"{patient}",
                       StudyInstanceUID=f"1.2.{patient}")  # fmt: skip
            if patient:  # without an order
                del image.ImagePositionPatient
            save(image, tmp_path / f"{patient}-{number}.dcm")
    rows = ["/data/0-0.dcm,0", "/data/0-1.dcm,1", "/data/1-0.dcm,1", "/data/1-0.dcm,0"]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label", *rows]))
    found = index_dataset(tmp_path, "dicom", on_problem="exclude")
    kept = found.listing[found.listing["kept"] == 1]
    assert kept.set_index("path")["target"].to_dict() == {"0-0.dcm": 0, "0-1.dcm": 1}


@pytest.mark.parametrize("positive", [True, False])
def test_rows_of_a_file_whose_scan_is_unknown_are_not_dropped_in_silence(tmp_path, positive):
    for patient in range(3):
        image = ct(HU + 5 * patient, PatientID=f"{patient}", StudyInstanceUID=f"1.2.{patient}")
        save(image, tmp_path / f"flat/{patient}.dcm")
    (tmp_path / "flat/2.dcm").write_bytes(b"")
    rows = ["0,0", "1,1", f"2,{int(positive)}"]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label", *rows]))
    if positive:
        with pytest.raises(InputError, match="row 4, says that 2 is positive, but that file is"):
            index_dataset(tmp_path, "dicom", on_problem="exclude")
        return
    problems = index_dataset(tmp_path, "dicom", on_problem="exclude").problems
    assert problems["problem"].tolist() == ["unreadable", "no-slice"]
    assert problems["detail"].tolist()[1] == "2, of no known scan"


def test_a_damaged_file_is_of_the_scan_whose_folder_it_lies_in(tmp_path):
    for patient in "ab":
        for number in range(2):
            hu = HU + 5 * (patient == "b") + number
            image = ct(hu, z=5.0 * number, PatientID=patient, StudyInstanceUID=f"1.{ord(patient)}")
            save(image, tmp_path / f"{patient}/{number}.dcm")
    (tmp_path / "a/9.dcm").write_bytes(b"")
    rows = ["a/0,0", "a/1,0", "a/9,1", "b/0,0", "b/1,1"]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label", *rows]))
    found = index_dataset(tmp_path, "dicom", on_problem="exclude")
    assert found.problems["problem"].tolist() == ["unreadable", "hidden"]
    assert set(found.listing.loc[found.listing["kept"] == 1, "scan_id"]) == {"b"}
