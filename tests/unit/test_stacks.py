"""Which files of a series are used: copies, odd files, acquisitions, parts of one head."""

import shutil

import numpy as np
import pydicom
import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset


def written(folder, *names, patient="a", first=0, **changes):
    """Write slices 5 mm apart from height `first` on."""
    for k, name in enumerate(names):
        z = first + 5.0 * k
        told = {"z": z, "PatientID": patient, "InstanceNumber": k + 1} | changes
        save(ct(HU + round(z) + 3 * (ord(patient) - 97), **told), folder / f"{patient}/{name}.dcm")


@pytest.fixture
def folder(tmp_path):
    """Two patients, of whom a is to be spoilt."""
    written(tmp_path, *"012345")
    written(tmp_path, *"012345", patient="b")
    (tmp_path / "labels.csv").write_text("patient_id,label\na,1\nb,0\n")
    return tmp_path


def changed(folder, *names, **changes):
    for name in names:
        path = folder / f"a/{name}.dcm"
        image = pydicom.dcmread(path)
        for key, value in changes.items():
            if value is None:
                delattr(image, key)
            else:
                setattr(image, key, value)
        image.save_as(path)


def index(folder):
    """Return the names of a's slices, the reasons of its other files, and its row of the series."""
    found = index_dataset(folder, "dicom", on_problem="error")
    assert found.problems.empty
    own = found.inventory[found.inventory["patient_id"] == "a"].set_index("path")
    reasons = {path[2:-4]: reason for path, reason in own["reason"].items() if reason}
    slices = found.listing[found.listing["patient_id"] == "a"]
    return (
        [path[2:-4] for path in slices["path"]],
        reasons,
        found.series.set_index("scan_id").loc["a"],
    )


def test_a_file_that_is_there_twice_is_left_out(folder):
    shutil.copy(folder / "a/2.dcm", folder / "a/2 copy.dcm")
    names, reasons, told = index(folder)
    # The first of equal files by path stays.
    assert names == ["0", "1", "2 copy", "3", "4", "5"]
    assert reasons == {"2": "copy"}
    assert told["note"] == ""


def test_a_series_that_is_there_twice_is_used_once(folder):
    shutil.copytree(folder / "a", folder / "a/again", ignore=shutil.ignore_patterns("again"))
    names, reasons, _ = index(folder)
    assert names == list("012345")
    assert reasons == {f"again/{k}": "copy" for k in range(6)}


def test_a_damaged_copy_of_an_image_is_left_out_and_the_whole_one_stays(folder):
    shutil.copy(folder / "a/2.dcm", folder / "a/z.dcm")
    (folder / "a/2.dcm").write_bytes((folder / "a/2.dcm").read_bytes()[:-9])
    names, reasons, _ = index(folder)
    assert names == ["0", "1", "z", "3", "4", "5"]
    assert reasons == {"2": "copy"}


def test_other_pixels_at_the_same_place_are_no_copy(folder):
    save(ct(HU + 99, z=10.0, PatientID="a"), folder / "a/other.dcm")
    with pytest.raises(InputError, match=r"patient a: no slice can be used \(position\)"):
        index(folder)


def test_two_acquisitions_at_one_place_are_told_apart(folder):
    changed(folder, *"012345", AcquisitionNumber=2)
    written(folder, *"uvwxyz", AcquisitionNumber=1)
    for name in "uvwxyz":
        path = folder / f"a/{name}.dcm"
        image = pydicom.dcmread(path)
        image.PixelData = (image.pixel_array + 7).astype("<i2").tobytes()
        image.save_as(path)
    names, reasons, told = index(folder)
    assert names == list("uvwxyz")
    assert reasons == dict.fromkeys("012345", "other-series")
    assert told["choice"].startswith("1 of 2 series: ")


def test_two_acquisitions_between_each_others_slices_are_told_apart(folder):
    changed(folder, *"012345", AcquisitionNumber=1)
    written(folder, *"uvwxyz", first=2.5, AcquisitionNumber=2)
    names, _, told = index(folder)
    assert names == list("012345")
    assert told["spacing_mm"] == 5


def test_step_and_shoot_is_one_scan_in_two_passes(folder):
    """An acquisition a slice: numbers 1 to 6 without, and 11 to 16 with other pixels."""
    for k in range(6):
        changed(folder, str(k), AcquisitionNumber=k + 1)
        written(folder, "uvwxyz"[k], first=5.0 * k, AcquisitionNumber=11 + k)
        image = pydicom.dcmread(folder / f"a/{'uvwxyz'[k]}.dcm")
        image.PixelData = (image.pixel_array + 7).astype("<i2").tobytes()
        image.save_as(folder / f"a/{'uvwxyz'[k]}.dcm")
    names, reasons, told = index(folder)
    assert names == list("012345")
    assert reasons == dict.fromkeys("uvwxyz", "other-series")
    assert told["choice"].startswith("1 of 2 series: ")


def test_series_without_identifier_are_told_apart_by_number_and_kernel(folder):
    changed(folder, *"012345", SeriesInstanceUID=None, SeriesNumber=3, ConvolutionKernel="H60s")
    written(folder, *"uvwxyz", SeriesInstanceUID=None, SeriesNumber=2, ConvolutionKernel="H31s")
    assert index(folder)[0] == list("uvwxyz")
    changed(folder, *"012345uvwxyz", SeriesNumber=None)
    assert index(folder)[0] == list("uvwxyz")


def test_a_head_in_two_series_is_joined(folder):
    for number, names in ((7, "345"), (8, "012")):
        changed(folder, *names, SeriesInstanceUID=f"1.2.{number}", SeriesNumber=number)
    names, reasons, told = index(folder)
    assert (names, reasons) == (list("012345"), {})
    assert told["choice"].startswith("the only series: ")
    assert told["note"] == "joined of 2 series"


@pytest.mark.parametrize("first", ["0", "01", "012", "0123", "01234"])
def test_a_slice_lost_between_two_series_costs_no_other(folder, first):
    changed(folder, *first, SeriesInstanceUID="1.2.7", SeriesNumber=7)
    lost = first[-1] if len(first) > 1 else "1"
    (folder / f"a/{lost}.dcm").unlink()
    names, reasons, told = index(folder)
    assert (names, reasons) == ([name for name in "012345" if name != lost], {})
    assert "gap of 10 mm" in told["note"]


def test_a_series_for_each_slice_is_joined(folder):
    for k in range(6):
        changed(folder, str(k), SeriesInstanceUID=f"1.2.{k}", SeriesNumber=k)
    names, reasons, told = index(folder)
    assert (names, reasons) == (list("012345"), {})
    assert told["note"] == "joined of 6 series"


@pytest.mark.parametrize(
    "changes",
    [
        {"ConvolutionKernel": "H60s"},
        {"FrameOfReferenceUID": "1.2.9"},
        {"PixelSpacing": [0.3, 0.3]},
        {"SeriesDescription": "POST CONTRAST"},
        {"SeriesDescription": "NECK"},
        {"ImageOrientationPatient": [1, 0, 0, 0, 0.94, -0.34]},
    ],
)
def test_series_of_other_kinds_are_not_joined(folder, changes):
    changed(folder, "4", "5", SeriesInstanceUID="1.2.9", SeriesNumber=9, **changes)
    names, reasons, _ = index(folder)
    assert names == list("0123")
    assert reasons == {"4": "other-series", "5": "other-series"}


def test_series_far_from_each_other_are_not_joined(folder):
    changed(folder, "5", SeriesInstanceUID="1.2.9", ImagePositionPatient=[0, 0, 40])
    assert index(folder)[0] == list("01234")


ODD = [
    {"ImagePositionPatient": None},
    {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},
    {"ImageOrientationPatient": [1, 0, 0, 0, 0.94, -0.34]},
    {"Rows": 2, "Columns": 3, "PixelData": HU[:2, :3].tobytes()},
]


@pytest.mark.parametrize("changes", ODD)
def test_a_file_that_does_not_fit_is_left_out_and_the_scan_stays(folder, changes):
    changed(folder, "2", **changes)
    names, reasons, told = index(folder)
    assert (names, reasons) == (list("01345"), {"2": "odd-slice"})
    assert told["note"].startswith("1 file of its series left out; gap of 10 mm above slice 2")


def test_screenshots_and_overviews_leave_the_scan_without_a_word(folder):
    save(ct(z=0, PatientID="a", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
            ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), folder / "a/scout.dcm")  # fmt: skip
    save(ct(PatientID="a", ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"], RescaleSlope=None,
            ImageOrientationPatient=None, ImagePositionPatient=None),
         folder / "a/dose.dcm")  # fmt: skip
    names, reasons, told = index(folder)
    assert names == list("012345")
    assert reasons == {"scout": "localizer", "dose": "not-ct"}
    assert told["note"] == ""


def test_a_series_most_of_which_has_no_place_is_refused(folder):
    changed(folder, *"2345", ImagePositionPatient=None)
    with pytest.raises(InputError, match=r"patient a: no slice can be used \(position\)"):
        index(folder)


def without_positions(folder, locations, numbers=None):
    changed(folder, *"012345", ImagePositionPatient=None, ImageOrientationPatient=None,
            ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])  # fmt: skip
    for k, (location, number) in enumerate(zip(locations, numbers or range(6), strict=True)):
        changed(folder, str(k), SliceLocation=location, InstanceNumber=number)


@pytest.mark.parametrize("numbers", [[5, 4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 5]])
def test_numbers_and_locations_order_slices_without_positions(folder, numbers):
    without_positions(folder, [25, 20, 15, 10, 5, 0], numbers)
    names, reasons, told = index(folder)
    assert (names, reasons) == (list("543210"), {})
    assert (
        told["note"] == "ordered by InstanceNumber and SliceLocation, since there are no positions"
    )
    assert told["orientation"] == ""
    assert told["spacing_mm"] == 5


@pytest.mark.parametrize(
    ("locations", "changes"),
    [
        ([0, 5, 10, 20, 15, 25], {}),  # numbers and locations disagree
        ([0, 5, 10, 10, 15, 20], {}),  # two at one place
        ([0, 5, 10, 15, 20, 25], {"SliceLocation": None}),
        ([0, 5, 10, 15, 20, 25], {"InstanceNumber": None}),
        ([0, 5, 10, 15, 20, 25], {"ImageType": ["ORIGINAL", "PRIMARY"]}),  # coronal, perhaps
    ],
)
def test_without_either_the_order_is_not_known(folder, locations, changes):
    without_positions(folder, locations)
    changed(folder, *"012345", **changes)
    with pytest.raises(InputError, match=r"patient a: no slice can be used \(position\)"):
        index(folder)


def test_the_rest_of_a_series_that_lies_apart_is_told(folder):
    names = [str(k) for k in range(6, 10)]
    written(folder, *names, first=60.0)
    changed(folder, *names, ImageOrientationPatient=[1, 0, 0, 0, 0.94, -0.34])
    slices, reasons, told = index(folder)
    assert slices == list("012345")
    assert reasons == dict.fromkeys(names, "other-series")
    assert "4 slices of its series lie apart or otherwise, and are left out" in told["note"]
    np.testing.assert_equal(told["spacing_mm"], 5)


def test_a_series_for_each_slice_is_joined_over_mixed_distances(tmp_path):
    for n, z in enumerate((0, 2.5, 5, 10, 15), start=1):
        save(ct(HU + 40 + n, z=z, series=str(n), PatientID="a"), tmp_path / f"a/{n}.dcm")
    written(tmp_path, "0", patient="b")
    (tmp_path / "labels.csv").write_text("patient_id,label\na,1\nb,0\n")
    names, reasons, told = index(tmp_path)
    assert names == list("12345")
    assert reasons == {}
    assert "5 mm" in told["note"]


def test_copies_do_not_hide_the_order_that_slice_locations_tell(folder):
    for k, name in enumerate("012345"):
        changed(folder, name, ImagePositionPatient=None, SliceLocation=5.0 * k,
                ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])  # fmt: skip
    shutil.copy(folder / "a/2.dcm", folder / "a/2 copy.dcm")
    shutil.copy(folder / "a/3.dcm", folder / "a/renumbered.dcm")
    changed(folder, "renumbered", InstanceNumber=99)
    names, reasons, _ = index(folder)
    assert names == ["0", "1", "2 copy", "3", "4", "5"]  # the first by path stays
    assert reasons == {"2": "copy", "renumbered": "copy"}


def test_a_slice_far_from_others_in_series_of_one_slice_each_is_a_gap_and_not_left_out(folder):
    shutil.rmtree(folder / "a")
    for n, z in enumerate((0, 5, 10, 50), start=1):
        save(ct(HU + 40 + n, z=z, series=str(n), PatientID="a"), folder / f"a/{n}.dcm")
    problems = index_dataset(folder, "dicom", on_problem="exclude").problems
    assert problems["problem"].tolist() == ["gap"]
