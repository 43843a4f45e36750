"""The JPG release's reader, on folders built by hand with the release's quirks."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.intake.demographics import read_demographics
from ctseq.readers import ct_ich_jpg as reader
from ctseq.readers import ct_ich_tables
from ctseq.readers.contents import LABELS, frame
from ctseq.readers.images import read_image
from ctseq.readers.registry import recognise
from ctseq.readers.subtypes import SUBTYPES
from indexed import list_files


def read_diagnosis(folder):
    """Return the label rows of a folder that has slices or not."""
    return frame(ct_ich_tables.read_diagnosis(folder, "hemorrhage_diagnosis.csv"), LABELS)


HEADER = (
    "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,"
    "No_Hemorrhage,Fracture_Yes_No"
)


def image(path, grey=100, size=(4, 3), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, grey).save(path, format="JPEG")


def diagnosis(folder, *rows, header=HEADER):
    text = "\r\n".join([header, *rows]) + "\r\n"
    (folder / "hemorrhage_diagnosis.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())


@pytest.fixture
def folder(tmp_path):
    for name in ("brain/1.jpg", "brain/2.JPG", "brain/10.jpeg", "bone/1.jpg", "bone/2.jpg"):
        image(tmp_path / "Patients_CT/049" / name)
    for name in ("2_HGE_Seg.jpg", "10_hse_seg.JPG"):
        image(tmp_path / "Patients_CT/049/brain" / name)
    image(tmp_path / "Patients_CT/100/brain/1.jpg")
    image(tmp_path / "Patients_CT/049/bone/2_HGE_Seg.jpg")
    (tmp_path / "Patients_CT/049/brain/notes.txt").write_text("?")
    (tmp_path / "ReadMe.txt").write_text("?")
    diagnosis(tmp_path, "49,1,0,0,0,0,0,1,0")
    return tmp_path


def test_every_file_once_with_patient_and_slice(folder):
    files = list_files(reader, folder)
    brain = files[files["kind"] == "brain"].set_index("path")
    assert brain["slice_number"].to_dict() == {
        "Patients_CT/049/brain/1.jpg": 1,
        "Patients_CT/049/brain/2.JPG": 2,
        "Patients_CT/049/brain/10.jpeg": 10,
        "Patients_CT/100/brain/1.jpg": 1,
    }
    assert brain["patient_id"].str[-3:].tolist() == ["049"] * 3 + ["100"]
    assert files["kind"].value_counts().to_dict() == {
        "brain": 4,
        "bone": 2,
        "mask": 2,
        "other": 3,
        "table": 1,
    }
    assert files["path"].is_unique


def test_order_does_not_depend_on_the_file_system(folder, monkeypatch):
    expected = list_files(reader, folder)
    walk = os.walk

    def backwards(*args, **kwargs):
        for parent, folders, names in walk(*args, **kwargs):
            folders.sort(reverse=True)
            yield parent, folders, sorted(names, reverse=True)

    monkeypatch.setattr(os, "walk", backwards)
    assert list_files(reader, folder).equals(expected)


def test_links_inside_are_entered_once_and_links_outside_never(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    image(elsewhere / "brain/1.jpg")
    (folder / "Patients_CT/101").symlink_to(elsewhere)
    (folder / "kept").mkdir()
    image(folder / "kept/brain/1.jpg")
    (folder / "Patients_CT/103").symlink_to(folder / "kept")
    (folder / "Patients_CT/049/loop").symlink_to(folder / "Patients_CT")
    (folder / "Patients_CT/102").symlink_to(folder / "Patients_CT/049")
    (folder / "above").symlink_to(folder.parent)
    files = list_files(reader, folder)
    assert set(files.loc[files["kind"] == "brain", "patient_id"]) == {"049", "100"}
    assert set(files.loc[files["reason"] == "outside", "path"]) == {"Patients_CT/101", "above"}
    assert "kept/brain/1.jpg" in set(files["path"])
    assert len(files) == 15


def test_a_folder_that_cannot_be_listed_is_an_error(folder, monkeypatch):
    """Root may list any folder, so that it is closed is pretended here."""
    closed, scandir = folder / "Patients_CT/100/brain", os.scandir

    def refusing(path):
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(InputError, match="100/brain cannot be listed: Permission denied"):
        list_files(reader, folder)


def test_a_link_without_a_target_is_a_file(folder):
    (folder / "Patients_CT/100/brain/2.jpg").symlink_to(folder / "nowhere.jpg")
    files = list_files(reader, folder)
    assert "Patients_CT/100/brain/2.jpg" in set(files["path"])
    with pytest.raises(InputError, match="does not exist"):
        read_image(folder / "Patients_CT/100/brain/2.jpg")


def test_diagnosis_with_byte_order_mark_blanks_and_blank_lines(folder):
    diagnosis(
        folder, "49,1,0,,1,0,,0,0", "", "49.0,2,0,0,0,0,0,,", ",,,,,,,,", "x,?,2,0,0,0,-1,1,0"
    )
    rows = read_diagnosis(folder)
    assert rows["row"].tolist() == [2, 4, 6]
    assert rows["patient_id"].tolist() == ["49", "49", "x"]
    assert rows["slice_number"].isna().tolist() == [False, False, True]
    assert rows.loc[0, list(SUBTYPES)].tolist() == [0, 0, 1, 0, 0]
    assert rows["hemorrhage"].isna().tolist() == [False, True, False]
    assert rows["hemorrhage"].dropna().tolist() == [1, 0]
    assert rows["invalid"].tolist() == ["", "", "intraventricular is '2', subdural is '-1'"]


def test_diagnosis_header_may_be_spelled_otherwise(folder):
    header = "patient number,SLICE_NUMBER,intraventricular,Intraparenchymal,Subarachnoid,Epidural,"
    diagnosis(folder, "49,1,0,0,0,0,1,0", header=header + " Subdural ,No Hemorrhage")
    assert read_diagnosis(folder)["subdural"].tolist() == [1]


def test_diagnosis_that_lacks_a_column_or_is_absent(folder):
    diagnosis(folder, "49,1", header="PatientNumber,SliceNumber")
    with pytest.raises(InputError, match="lacks the column intraventricular, .*it has"):
        read_diagnosis(folder)
    (folder / "hemorrhage_diagnosis.csv").write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        read_diagnosis(folder)
    (folder / "hemorrhage_diagnosis.csv").unlink()
    with pytest.raises(InputError, match="no hemorrhage_diagnosis.csv"):
        read_diagnosis(folder)


def test_two_diagnosis_tables_are_ambiguous(folder):
    (folder / "Hemorrhage_Diagnosis.CSV").write_text(HEADER)
    with pytest.raises(InputError, match="keep only the right one"):
        read_diagnosis(folder)


def test_demographics_with_line_break_in_the_header(folder):
    text = (
        'Patient Number,"Age\n(years)",Gender,Fracture,Note\r\n'
        '49,34,Male,,"a note\nof two lines"\r\n100,,female,1,caf\xe9\r\n7,5 months,,,\r\n'
        "8,unknown,?,,\r\nTotal,,,,\r\n"
    )
    (folder / "Patient_Demographics.csv").write_bytes(b"\xef\xbb\xbf" + text.encode("latin-1"))
    people = read_demographics(folder)
    assert people["patient_id"].tolist() == ["49", "100", "7", "8"]
    assert people["sex"].tolist() == ["M", "F", "", ""]
    assert people["age_years"].isna().tolist() == [False, True, False, True]
    assert people["age_years"][2] == pytest.approx(5 / 12)


def test_demographics_are_optional_but_not_half(folder):
    assert read_demographics(folder).empty
    (folder / "patient_demographics.csv").write_text("Patient Number,Gender\n49,M\n")
    with pytest.raises(InputError, match="no age column"):
        read_demographics(folder)


def test_slices_are_read_as_grey(tmp_path):
    image(tmp_path / "grey.jpg", 77, (5, 3))
    assert read_image(tmp_path / "grey.jpg").shape == (3, 5)
    image(tmp_path / "rgb.jpg", (77, 77, 77), mode="RGB")
    pixels = read_image(tmp_path / "rgb.jpg")
    assert pixels.dtype == np.uint8
    assert np.unique(pixels).tolist() == [77]
    image(tmp_path / "tinted.jpg", (70, 70, 110), mode="RGB")
    assert read_image(tmp_path / "tinted.jpg").mean() == pytest.approx(75, abs=2)


def test_damaged_slices_are_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    for name, broken, words in (
        ("cut.jpg", content[: len(content) // 2], "truncated"),
        ("empty.jpg", b"", "it is empty"),
        ("text.jpg", b"no image", "cannot identify"),
    ):
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(InputError, match=f"{name} cannot be read as an image: .*{words}"):
            read_image(tmp_path / name)


def test_the_format_is_recognised_or_named(folder):
    assert recognise(folder) == ("ct-ich-jpg", "its folder Patients_CT")
    assert recognise(folder, "ct-ich-jpg") == recognise(folder)
    with pytest.raises(InputError, match="choose auto or one of ct-ich-jpg"):
        recognise(folder, "minc")
    with pytest.raises(InputError, match="It looks like ct-ich-jpg, by its folder Patients_CT"):
        recognise(folder, "ct-ich-nifti")
    with pytest.raises(InputError, match="does not exist"):
        recognise(folder / "nowhere")
    with pytest.raises(InputError, match="is not a folder"):
        recognise(folder / "ReadMe.txt")


def test_an_unknown_folder_names_what_was_found_and_the_better_one(folder, tmp_path_factory):
    with pytest.raises(InputError, match="Found 049/, 100/.*looks right"):
        recognise(folder / "Patients_CT")
    outer = tmp_path_factory.mktemp("outer")
    with pytest.raises(InputError, match=r"Looked for a folder Patients_CT.*Found nothing\."):
        recognise(outer)
    folder.rename(outer / "ct-ich-1.2.0")
    with pytest.raises(
        InputError, match=r"ct-ich-1\.2\.0 looks right: set datasets\.<name>\.path to it"
    ):
        recognise(outer)
