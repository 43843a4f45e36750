"""Which series of a study is used: by contrast agent, kernel, part of the body and ImageType."""

import numpy as np
import pytest

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.dicom.headers import read_header
from ctseq.readers.dicom.series import choose_series
from index_dataset import main as index_script

ORIGINAL, DERIVED = ["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "SECONDARY", "AXIAL"]


def choice_of(series, folder):
    """Return the choice among series, each given by its changes; they are numbered from 1."""
    headers = []
    for number, changes in enumerate(series, start=1):
        changes = dict(changes)
        step, length = changes.pop("step", 5.0), changes.pop("length", 3)
        for k in range(length):
            path = f"{number}-{k}.dcm"
            image = ct(z=step * k, series=str(number), **changes)
            headers.append(read_header(save(image, folder / path), path))
    return choose_series(headers, str)[0]


def taken(choice):
    return {int(header.path.split("-")[0]) for header in choice.series}


def described(text, **changes):
    return {"SeriesDescription": text, **changes}


# Two series, of which the second one is right.
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (described("CT POST CONTRAST"), described("CT PRE CONTRAST 5MM STD")),
        (described("CT 5mm POST CONTRAST"), described("CT PRE CONTRAST THIN", step=0.625)),
        (described("CT C+"), described("CT NON")),
        ({"ContrastBolusVolume": "80"}, {"ContrastBolusAgent": "NONE"}),
        ({"ContrastBolusAgent": "Omnipaque"}, {"ContrastBolusAgent": "NONE"}),
        # What is said of the series counts more than an agent that the study's protocol planned.
        (described("POST", ContrastBolusAgent="I"), described("PRE", ContrastBolusAgent="I")),
        # Beside a series with contrast agent, one that is said to be plain is surer.
        # Without contrast agent counts more than what names the head.
        (described("Head post contrast"), described("5mm")),
        (described("5mm"), described("plain", length=2, BodyPartExamined="HEAD")),
        ({"ConvolutionKernel": "H60s"}, {"ConvolutionKernel": "H31s"}),
        ({"ConvolutionKernel": ["Hr60", "3"]}, {"ConvolutionKernel": ["Hr40", "3"]}),
        ({"ConvolutionKernel": "H60s"}, {"ConvolutionKernel": "unheard"}),
        ({"ConvolutionKernel": "unheard"}, {"ConvolutionKernel": "H31s"}),
        (described("Head 5.0 H60s"), described("Head 5.0 H31s")),
        (described("CHEST"), described("HEAD")),
        (described("NECK 5mm"), described("5mm")),
        (described("5mm"), described("HEAD 5mm")),
        ({"BodyPartExamined": "CHEST"}, {"BodyPartExamined": "HEAD"}),
        ({"ProtocolName": "Thorax"}, {"ProtocolName": "HeadRoutine"}),
        (described("HEAD NECK"), described("HEAD")),
        ({"ImageType": DERIVED}, {"ImageType": ORIGINAL}),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "MIP"]}, {"ImageType": DERIVED}),
        ({"ImageType": ["DERIVED", "SECONDARY", "REFORMATTED"]}, {"ImageType": DERIVED}),
        (described("MPR 5mm"), described("thin", step=0.5)),
        # A few slices, such as those that watch a bolus, are no head.
        ({"step": 5.0, "length": 3}, {"step": 1.25, "length": 100}),
    ],
)
def test_of_two_series_the_second_is_right(first, second, tmp_path):
    assert taken(choice_of([first, second], tmp_path)) == {2}


def test_a_plain_series_beside_one_with_agent_and_one_that_does_not_tell(tmp_path):
    series = [described("POST"), described("5mm"), described("PLAIN", step=1.0)]
    assert taken(choice_of(series, tmp_path)) == {3}
    # Without any contrast agent in the study, all are plain, and the distance decides.
    assert taken(choice_of(series[1:], tmp_path)) == {1}


def test_computed_series_alone_are_none(tmp_path):
    choice = choice_of([{"ImageType": ["DERIVED", "SECONDARY", "MPR"]}], tmp_path)
    assert choice.series == []
    assert set(choice.reasons.values()) == {"derived"}


@pytest.mark.parametrize(
    ("series", "words", "note"),
    [
        ([described("PLAIN HEAD", ConvolutionKernel="H31s"), {}],
         "1 of 2 series: head, plain, kernel H31s, 5 mm", ""),
        ([{"ConvolutionKernel": "Q7"}],
         "the only series: contrast agent not told, kernel Q7 (not known), 5 mm", ""),
        ([{"ConvolutionKernel": "H60s", "ContrastBolusVolume": "80", "step": 2.5}],
         "the only series: with contrast agent, kernel H60s (sharp), 2.5 mm",
         "with contrast agent; of a sharp kernel"),
        ([described("Bone", length=1)],
         "the only series: contrast agent not told, kernel not named (sharp), a single slice",
         "of a sharp kernel"),
    ],
)  # fmt: skip
def test_the_choice_is_said_in_words(series, words, note, tmp_path):
    choice = choice_of(series, tmp_path)
    assert (choice.words, choice.note) == (words, note)


def test_a_kernel_that_may_name_a_person_is_not_written(tmp_path):
    choice = choice_of([{"ConvolutionKernel": "MILLER^JO", "PatientName": "Miller^Jo"}], tmp_path)
    assert "kernel not named" in choice.words


def dataset(folder, **changes):
    """Write two heads, of which the first one's headers say more."""
    for shift, patient in enumerate("ab"):
        for k in range(3):
            image = ct(HU + 10 * shift + k, z=5.0 * k, PatientID=patient,
                       **(changes if patient == "a" else {}))  # fmt: skip
            save(image, folder / f"{patient}/{k}.dcm")
    (folder / "labels.csv").write_text("patient_id,label\na,1\nb,0\n")


def test_a_study_of_another_part_is_a_problem(tmp_path):
    dataset(tmp_path, SeriesDescription="CHEST 5mm")
    with pytest.raises(InputError, match=r"a/0.dcm: patient a: not of the head \(chest\)"):
        index_dataset(tmp_path, "dicom", on_problem="error")
    listing = index_dataset(tmp_path, "dicom", on_problem="exclude").listing
    assert listing.set_index("scan_id")["reason"].to_dict() == {"a": "body-part", "b": ""}


def test_computed_slices_alone_are_a_problem_that_says_why(tmp_path):
    dataset(tmp_path, SeriesDescription="MIP 10mm")
    with pytest.raises(InputError, match=r"patient a: no slice can be used \(derived\)"):
        index_dataset(tmp_path, "dicom", on_problem="error")


def test_every_scans_choice_is_logged_and_kept(tmp_path, caplog):
    dataset(tmp_path / "data", SeriesDescription="Head 5.0 H31s", ConvolutionKernel="H31s")
    names = ("inventory", "listing", "problems", "series", "masks", "demographics")
    tables = {name: str(tmp_path / f"{name}.csv") for name in names}
    settings = {"format": "dicom", "labels": None, "target": "hemorrhage", "links_into": []}
    settings |= {"on_problem": "error"}
    caplog.set_level("INFO")
    index_script(dataset=str(tmp_path / "data"), name="data", settings=settings,
                 recognised=str(tmp_path / "format.json"), **tables)  # fmt: skip
    choice = "the only series: head, contrast agent not told, kernel H31s, 5 mm"
    assert f"a: Head 5.0 H31s; {choice}." in caplog.text
    assert choice in (tmp_path / "series.csv").read_text()


def test_noise_in_cosines_does_not_move_slices(tmp_path):
    headers = []
    for k in range(5):
        noise = 0.02 * (-1) ** k
        image = ct(z=5.0 * k, ImagePositionPatient=[-120 + noise, -120 - noise, 5.0 * k + noise],
                   ImageOrientationPatient=[1, 0, noise, 0, 1, -noise])  # fmt: skip
        headers.append(read_header(save(image, tmp_path / f"{k}.dcm"), f"{k}.dcm"))
    [choice] = choose_series(headers, str)
    assert [header.path for header in choice.series] == [f"{k}.dcm" for k in range(5)]
    assert choice.reasons == {}
    assert np.isclose(headers[0].positions[0][2], 0.02)
