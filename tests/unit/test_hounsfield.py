"""Hounsfield units: wrapped values are put right, and other units are problems of their scans."""

import numpy as np
import pytest

from ct_files import ct, save
from ctseq.core.errors import InputError
from ctseq.imaging.hounsfield import (
    measured,
    not_hounsfield,
    odd_slices,
    padding_of,
    rim_of,
    unwrapped,
)
from ctseq.intake.index import index_dataset
from ctseq.phantom.patients import draw_patients

AIR, SKULL, BRAIN = -1000, 900, 35


def head(side=16):
    """Return air, a skull of one pixel and brain within: a quarter of the slice is brain."""
    hu = np.full((side, side), AIR, np.float32)
    inner = side // 4
    hu[inner - 1 : 1 - inner, inner - 1 : 1 - inner] = SKULL
    hu[inner:-inner, inner:-inner] = BRAIN
    return hu


def circle(hu, value):
    """Return a slice with padding in place of what is outside of the inscribed circle."""
    y, x = np.indices(hu.shape) - (len(hu) - 1) / 2
    return np.where(np.hypot(x, y) > len(hu) / 2, value, hu).astype(np.float32)


@pytest.mark.parametrize(
    ("bits", "intercept", "stored", "expected"),
    [
        # RSNA 2019: -1000 modulo 4096 is 3096; 3071 is where the scale of 12 bits ends.
        (12, 0, [3096, 3071, 3072, 40], [-1000, 3071, -1024, 40]),
        (12, -1, [4095], [-1]),
        (12, -1024, [3096, 4095], [3096, 4095]),
        (16, 0, [64536, 32768, 32767], [-1000, -32768, 32767]),
        (13, 0, [8191, 4095], [-1, 4095]),
        # Padding of -2000 beside an offset: no scale reaches 62512 HU, but some reach 31743.
        (16, -1024, [63536, 32767], [-2000, 32767]),
        (14, -1024, [16383], [16383]),
        (8, 0, [255], [255]),
    ],
)
def test_negative_values_that_were_stored_as_large_ones(bits, intercept, stored, expected):
    stored = np.array(stored, np.uint16)
    assert unwrapped(stored, bits, intercept).tolist() == expected


def test_the_rim_of_what_is_seen():
    seen = np.ones((5, 5), bool)
    seen[0] = False  # padding
    expected = [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]]
    np.testing.assert_array_equal(rim_of(seen), np.array(expected, bool))


def test_padding_is_far_below_all_matter():
    hu = circle(head(), -2000)
    np.testing.assert_array_equal(padding_of(hu), hu == -2000)
    assert not padding_of(circle(head(), -1024)).any()  # as dark as air: nothing to tell apart
    assert not padding_of(np.full((4, 4), -3024)).any()  # nothing else is there


def test_what_a_slice_tells():
    told = measured(head())
    assert (told.padding, told.rim, told.outside) == (0, AIR, 0)
    assert (told.lowest, told.highest) == (AIR, SKULL)
    # 10 x 10 pixels of head, of which 8 x 8 are brain.
    assert (told.solid, told.soft) == (100, 64)
    assert measured(np.full((4, 4), 7.0)) is None


def metal(hu):
    hu[8, 8] = 20000
    return hu


@pytest.mark.parametrize(
    "hu",
    [
        pytest.param(head(), id="a head"),
        pytest.param(np.maximum(head() - 25, -1024), id="cut off at -1024"),
        pytest.param(circle(head(), -2000), id="circular field of view"),
        pytest.param(circle(head(), -32768), id="padding of 16 bits"),
        pytest.param(
            circle(head(), np.random.default_rng(0).normal(-3024, 200, (16, 16))),
            id="padding that lossy compression has changed",
        ),
        pytest.param(head()[:, 4:], id="cropped so that one side is tissue"),
        pytest.param(metal(head()), id="metal"),
        pytest.param(head(512) + np.random.default_rng(0).normal(0, 90, (512, 512)), id="noise"),
        pytest.param(np.where(head() == AIR, -1024, head()), id="head cut out"),
        pytest.param(np.zeros((8, 8)), id="a single value"),
    ],
)
def test_hounsfield_units_are_known_as_such(hu):
    told = [measured(hu.astype(np.float32))]
    assert not_hounsfield(told) == ""
    assert odd_slices(told) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda hu: hu + 1024, "the air at the rim reads 24 HU, not -1000"),
        (lambda hu: hu / 2, "the air at the rim reads -500 HU, not -1000"),
        (lambda hu: 2047 - hu, "the air at the rim reads 3047 HU, not -1000"),
        (lambda hu: hu % 4096, "the air at the rim reads 3096 HU, not -1000"),
        (lambda hu: np.clip((hu + 20) * 255 / 120, 0, 255), "values run from 0 to 255"),
        (lambda hu: (hu + 1000) / 2000, "values run from 0 to 0.95"),
        # Intercept twice: air looks like padding, so what is next to it is the rim.
        (lambda hu: hu - 1024, "the air at the rim reads -124 HU, not -1000"),
        (lambda hu: (hu + 1024) * 2 - 1024, "0 % of what is denser than air is soft tissue"),
        # The head's rows of 10 pixels in every other of 16: 5 / 16 of 10 / 16.
        (lambda hu: np.where((np.arange(16)[:, None] % 2 == 0) & (hu > AIR), 9000, hu),
         "20 % of it lies outside -1100 to 4000 HU"),
    ],
)  # fmt: skip
def test_other_units_are_told_in_words(change, words):
    assert words in not_hounsfield([measured(change(head()).astype(np.float32))])


def test_one_slice_among_others_that_lacks_the_offset():
    told = [measured(head()), measured(head() + 1024), None, measured(head())]
    assert not_hounsfield(told) == ""
    assert odd_slices(told) == {1: "the air at the rim reads 24 HU, not -1000"}


def test_one_slice_among_others_that_has_the_offset_twice():
    """What borders on its air may be as dark as air ought to be."""
    twice = np.where(head() == SKULL, 0, head()) - 1024
    told = [measured(head()), measured(twice), measured(head())]
    # 156 of 256 pixels are air.
    assert odd_slices(told) == {
        1: "61 % of it lies below -1500 HU, of the scan's other slices 0 %",
    }


@pytest.mark.parametrize("size", [32, 256])
def test_phantoms_are_in_hounsfield_units_until_they_are_changed(size):
    """Their heads have skull bases, sinuses and vertices, which few shapes have."""
    (patient,) = draw_patients(patients=1, positive=0, image_size=size, slices=(20, 20), seed=2)
    slices = [np.clip(hu, -1024, 3071).astype(np.float32) for hu, _ in patient.draw()]
    assert not_hounsfield(map(measured, slices)) == ""
    for change in (lambda hu: np.maximum(hu, -900) - 1024, lambda hu: (hu + 1024) / 2 - 1024):
        assert not_hounsfield([measured(change(hu)) for hu in slices])


@pytest.fixture
def data(tmp_path):
    """Three patients of three slices each."""
    for patient in "abc":
        for number in range(3):
            write(tmp_path, patient, number)
    (tmp_path / "labels.csv").write_text("patient_id,label\na,1\nb,0\nc,0\n")
    return tmp_path


def write(folder, patient, number, shift=0, **changes):
    own = 5 * "abc".index(patient) + number  # no two slices are the same
    image = ct(
        (head() + own + shift).astype(np.int16), z=5.0 * number, PatientID=patient, **changes
    )
    return save(image, folder / f"{patient}/{number}.dcm")


def test_a_scan_of_other_units_stops_the_run_or_is_left_out(data):
    for number in range(3):
        write(data, "b", number, shift=1024)
    words = (
        r"b/0.dcm: patient b: values are no Hounsfield units "
        r"\(the air at the rim reads 30 HU, not -1000\)"
    )
    with pytest.raises(InputError, match=words):
        index_dataset(data, "dicom", on_problem="error")
    index = index_dataset(data, "dicom", on_problem="exclude")
    left_out = index.listing.loc[index.listing["kept"] == 0, ["patient_id", "reason"]]
    assert left_out.to_numpy().tolist() == [["b", "not-hounsfield"]] * 3
    assert index.problems["problem"].tolist() == ["not-hounsfield"]


def test_a_slice_of_other_units_is_left_out_alone(data):
    write(data, "b", 1, RescaleIntercept=1024)
    with pytest.raises(InputError, match="b/1.dcm: patient b slice 2: values are no Hounsfield"):
        index_dataset(data, "dicom", on_problem="error")
    listing = index_dataset(data, "dicom", on_problem="exclude").listing
    assert listing.loc[listing["kept"] == 0, "path"].tolist() == ["b/1.dcm"]
