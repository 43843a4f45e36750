"""Scans that lose slices at an end, where no gap shows it, and files with ids of their own."""

import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.dicom.headers import read_header
from ctseq.readers.dicom.series import choose_series, studies_of


def headers_of(images, folder):
    names = [f"{number}.dcm" for number in range(len(images))]
    return [
        read_header(save(image, folder / name), name)
        for name, image in zip(names, images, strict=True)
    ]


def head(change, folder, n_slices=20):
    """Return the choice among 20 slices, 5 mm apart, of which `change` changes the uppermost 4."""
    images = [ct(z=5.0 * k, **(change if k >= n_slices - 4 else {})) for k in range(n_slices)]
    return choose_series(headers_of(images, folder), str)[0]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"BurnedInAnnotation": "YES"}, "4 files of its series left out"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "4 files of its series left out"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "4 files of its series left out"),
        ({"Modality": "OT", "SOPClassUID": "1.2"}, "4 files of its series left out"),
        # Other series reach 100 mm up, the chosen one ends at 75 mm.
        ({"series": "2", "ConvolutionKernel": "H60s"}, "series that were not chosen show 20 mm "
                                                       "more above it"),
    ],
)  # fmt: skip
def test_a_scan_that_loses_its_uppermost_slices_says_so(change, note, tmp_path):
    choice = head(change, tmp_path)
    assert len(choice.series) == 16
    assert choice.note == note


def test_a_slice_without_position_in_a_series_of_its_own_is_told(tmp_path):
    images = [ct(z=5.0 * k, **({"series": "2"} if k == 19 else {})) for k in range(20)]
    images[19].ImagePositionPatient = None
    [choice] = choose_series(headers_of(images, tmp_path), str)
    assert len(choice.series) == 19
    assert choice.note == "1 file of its kind without a position left out"


@pytest.mark.parametrize("lost", [3, 4])
def test_a_slice_without_position_takes_no_other_one_with_it(lost, tmp_path):
    """Whichever of a series of two it is, the other one has a place in the head."""
    images = [ct(z=5.0 * k, **({"series": "2"} if k >= 3 else {})) for k in range(5)]
    images[lost].ImagePositionPatient = None
    [choice] = choose_series(headers_of(images, tmp_path), str)
    assert [one.path for one in choice.series] == ["0.dcm", "1.dcm", "2.dcm", f"{7 - lost}.dcm"]
    assert choice.note.endswith("joined of 2 series; 1 file of its series left out")


def test_a_scan_that_another_acquisition_would_make_longer_says_so(tmp_path):
    # The first acquisition was stopped at 60 mm, the second began at 50 mm: neither is whole.
    first = [ct(z=5.0 * k, AcquisitionNumber=1) for k in range(12)]
    second = [ct(z=5.0 * k, AcquisitionNumber=2) for k in range(10, 30)]
    [choice] = choose_series(headers_of([*first, *second], tmp_path), str)
    assert len(choice.series) == 20
    assert choice.note == "series that were not chosen show 50 mm more below it"


@pytest.mark.parametrize(
    "other",
    [
        {"SeriesDescription": "CTA head and neck"},
        {"SeriesDescription": "C-spine"},
        {"FrameOfReferenceUID": "1.2.3"},
    ],
)
def test_another_examination_may_reach_further(other, tmp_path):
    own = [ct(z=5.0 * k) for k in range(20)]
    further = [ct(z=2.0 * k - 100, series="2", **other) for k in range(60)]
    [choice] = choose_series(headers_of([*own, *further], tmp_path), str)
    assert (len(choice.series), choice.note) == (20, "")


def test_a_thin_series_may_reach_a_little_further(tmp_path):
    own = [ct(z=5.0 * k) for k in range(20)]
    thin = [ct(z=0.625 * k - 10, series="2", ConvolutionKernel="H60s") for k in range(180)]
    assert choose_series(headers_of([*own, *thin], tmp_path), str)[0].note == ""


@pytest.mark.parametrize("names", [("StudyInstanceUID",), ("SeriesInstanceUID",),
                                   ("FrameOfReferenceUID", "SeriesInstanceUID"),
                                   ("StudyInstanceUID", "SeriesInstanceUID",
                                    "FrameOfReferenceUID")])  # fmt: skip
def test_files_with_identifiers_of_their_own_are_one_scan(names, tmp_path):
    images = [ct(z=5.0 * k, **dict.fromkeys(names, f"1.2.{k}")) for k in range(20)]
    images.append(images[3])  # a copy shares them
    (study,) = studies_of("a", headers_of(images, tmp_path), lambda path: "the same pixels")
    assert study.scan_id == "a"
    assert len(study.choice.series) == 20


def test_series_stay_two_where_each_file_has_identifiers_of_its_own(tmp_path):
    own = [
        ct(z=5.0 * k, SeriesNumber=number, ConvolutionKernel=kernel,
           SeriesInstanceUID=f"1.{number}.{k}", FrameOfReferenceUID=f"2.{number}.{k}")
        for number, kernel in ((2, "H60s"), (3, "H31s"))
        for k in range(20)
    ]  # fmt: skip
    [choice] = choose_series(headers_of(own, tmp_path), str)
    assert {header.facts.kernel for header in choice.series} == {"H31s"}
    assert (len(choice.series), choice.note) == (20, "")


def test_two_studies_stay_two_scans(tmp_path):
    images = [ct(z=5.0 * k, StudyInstanceUID=f"1.{n}") for n in (1, 2) for k in range(20)]
    names = [study.scan_id for study in studies_of("a", headers_of(images, tmp_path), str)]
    assert names == ["a-1", "a-2"]


def test_a_slice_that_does_not_say_its_samples_is_damaged_and_no_screenshot(tmp_path):
    for patient in "ab":
        for k in range(4):
            image = ct(
                HU + ord(patient) + k, z=5.0 * k, series=str(ord(patient)), PatientID=patient
            )
            if patient + str(k) == "a3":
                image.SamplesPerPixel = None
            save(image, tmp_path / f"{patient}/{k}.dcm")
    (tmp_path / "labels.csv").write_text("patient_id,label\na,1\nb,0\n")
    words = "a/3.dcm: patient a slice 4: unreadable image .*does not say its SamplesPerPixel"
    with pytest.raises(InputError, match=words):
        index_dataset(tmp_path, "dicom", on_problem="error")
