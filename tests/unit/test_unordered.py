"""Slices without an order, and labels that count other slices, are problems and never replaced."""

import pydicom
import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset

SHARP = {"series": "2", "ConvolutionKernel": "H60s"}


def write(folder, patient, heights, *, more="", brighter=0, **changes):
    """Write a slice at each height; no two slices of patients show the same."""
    for z in heights:
        hu = HU + round(z) + 20 * (patient == "b") + brighter
        save(ct(hu, z=z, PatientID=patient, **changes), folder / f"{patient}/{more}{z:g}.dcm")


@pytest.fixture
def folder(tmp_path):
    """Two patients of four slices."""
    for patient in "ab":
        write(tmp_path, patient, (0, 5, 10, 15))
    (tmp_path / "labels.csv").write_text("patient_id,label\na,1\nb,0\n")
    return tmp_path


def index(folder):
    """Return the problems of patient a, and the slices that are kept."""
    found = index_dataset(folder, "dicom", on_problem="exclude")
    own = found.listing[(found.listing["patient_id"] == "a") & (found.listing["kept"] == 1)]
    problems = found.problems[found.problems["patient_id"] == "a"]
    return problems["problem"].tolist(), own["path"].tolist()


def test_two_slices_at_one_place_are_not_replaced_by_a_sharp_series(folder):
    write(folder, "a", (0, 5, 10, 15), more="sharp ", brighter=40, **SHARP)
    assert index(folder) == ([], ["a/0.dcm", "a/5.dcm", "a/10.dcm", "a/15.dcm"])
    write(folder, "a", (5,), more="twin ", brighter=9)
    assert index(folder) == (["unordered"], [])


@pytest.mark.parametrize("tilt", [0.0, -0.05])
def test_two_slices_at_one_place_are_not_replaced_by_a_thin_part(folder, tilt):
    lies = {"ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, (1 - tilt**2) ** 0.5, tilt]}
    for path in (folder / "a").iterdir():
        path.unlink()
    write(folder, "a", (0, 5, 10, 15), **lies)
    write(folder, "a", (5, 5.6, 6.2), more="thin ", brighter=40, series="2")
    assert index(folder) == ([], ["a/0.dcm", "a/5.dcm", "a/10.dcm", "a/15.dcm"])
    write(folder, "a", (0,), more="twin ", brighter=9, **lies)
    assert index(folder) == (["unordered"], [])


def test_places_that_are_seen_again_and_again_are_no_heads_slices(folder):
    for path in (folder / "a").iterdir():
        path.unlink()
    write(folder, "a", (0, 5, 10, 15), more="sharp ", brighter=40, **SHARP)
    for time in range(3):
        write(folder, "a", (0, 5, 10), more=f"perfusion {time} ", brighter=3 * time, series="9")
    problems, kept = index(folder)
    assert problems == []
    assert kept == [f"a/sharp {z}.dcm" for z in (0, 5, 10, 15)]


def test_two_slices_at_one_place_of_a_sharp_series_do_no_harm(folder):
    write(folder, "a", (0, 5, 10, 15), more="sharp ", brighter=40, **SHARP)
    write(folder, "a", (5,), more="twin ", brighter=49, **SHARP)
    assert index(folder) == ([], ["a/0.dcm", "a/5.dcm", "a/10.dcm", "a/15.dcm"])


def test_a_part_of_the_head_without_an_order_is_not_left_out_in_silence(folder):
    for n, z in enumerate((20, 25), start=3):
        write(folder, "a", (z,), brighter=60, series=str(n))
    write(folder, "a", (20,), more="twin ", brighter=69, series="3")
    assert index(folder) == (["unordered"], [])


def test_slices_of_no_order_in_a_gap_between_others_are_not_left_out_in_silence(folder):
    (folder / "a/10.dcm").unlink()
    for more, brighter in (("", 60), ("twin ", 69)):
        write(folder, "a", (10,), more=more, brighter=brighter, series="3")
    assert index(folder) == (["unordered"], [])


def test_a_study_without_an_order_beside_another_one_is_told(folder):
    for path in (folder / "a").iterdir():
        image = pydicom.dcmread(path)
        del image.ImagePositionPatient
        image.save_as(path)
    write(folder, "a", (0, 5, 10), more="later ", brighter=40, StudyInstanceUID="1.2.4")
    assert index(folder) == (["unordered"], ["a/later 0.dcm", "a/later 5.dcm", "a/later 10.dcm"])


def test_a_study_with_burnt_in_text_beside_another_one_is_told(folder):
    """The patient's label may be of that study alone."""
    write(folder, "a", (0, 5, 10), more="later ", brighter=40, StudyInstanceUID="1.2.4")
    for path in (folder / "a").glob("later *"):
        image = pydicom.dcmread(path)
        image.BurnedInAnnotation = "YES"
        image.save_as(path)
    assert index(folder) == (["no-slices"], ["a/0.dcm", "a/5.dcm", "a/10.dcm", "a/15.dcm"])
    with pytest.raises(InputError, match=r"no slice can be used \(in one of the studies: burnt-in"):
        index_dataset(folder, "dicom", on_problem="error")


@pytest.mark.parametrize("told", [
    {"BurnedInAnnotation": "YES", "ImageType": ["DERIVED", "SECONDARY", "MIP"]},
    {"BurnedInAnnotation": "YES", "ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},
])  # fmt: skip
def test_a_study_that_was_no_scan_in_any_case_is_not_missed(folder, told):
    for y in (0, 5, 10):
        image = ct(HU + 50 + y, PatientID="a", StudyInstanceUID="1.2.4")
        image.ImagePositionPatient = [0, y, 0]
        for name, value in told.items():
            setattr(image, name, value)
        save(image, folder / f"a/later {y}.dcm")
    assert index(folder) == ([], ["a/0.dcm", "a/5.dcm", "a/10.dcm", "a/15.dcm"])


@pytest.mark.parametrize("lost", [True, False])
def test_numbers_of_a_table_that_counts_other_slices_are_not_trusted(folder, lost):
    numbers = range(1, 5 if lost else 4)
    rows = [f"{patient},{n},{int(n == 3)}" for patient in "ab" for n in numbers]
    rows += [] if lost else ["b,4,0"]
    (folder / "labels.csv").write_text("\n".join(["patient_id,slice_number,label", *rows]))
    if lost:  # without its place, the slice is left out, and those above it move down
        image = pydicom.dcmread(folder / "a/5.dcm")
        del image.ImagePositionPatient
        image.save_as(folder / "a/5.dcm")
    problems, kept = index(folder)
    assert "miscounted" in problems
    assert kept == []


def test_slices_of_no_order_at_the_place_of_a_single_one_do_no_harm(folder):
    for z in (0, 5, 10):
        (folder / f"a/{z}.dcm").unlink()
    for more, brighter in (("again ", 60), ("twin ", 69)):
        write(folder, "a", (15,), more=more, brighter=brighter, series="3")
    assert index(folder) == ([], ["a/15.dcm"])
