"""Packed pixels and the labels of feature rows, by hand."""

import numpy as np
import pandas as pd
import pytest

from ctseq.cache.pixels import open_pixels, pack_pixels
from ctseq.core.errors import InputError
from ctseq.imaging.preprocessing import Preprocessing
from ctseq.replicates.tasks import row_labels

SLICES = pd.DataFrame(
    {
        "patient_id": ["049", "049", "050", "050"],
        "slice_number": [1, 2, 1, 2],
        "hemorrhage": [0, 1, 0, 0],
    }
)
PATIENTS = pd.DataFrame({"patient_id": ["049", "050"], "hemorrhage": [1, 0]})


def steps(resize=None, crop=None):
    return Preprocessing(
        resize=resize, resample=2, crop=crop, scale=None, offset=0.0, mean=None, std=None
    )


def flat(grey):
    """Return a picture of 6 x 4 pixels, all of this grey value."""
    return np.full((4, 6), grey, np.uint8)


def pack(patients, tmp_path, threads=1, preprocessing=None, picture=flat):
    """Pack patients, each a list of grey values."""
    output = tmp_path / f"packed-{threads}.npy"
    shape = pack_pixels(
        ((len(own), lambda index, own=own: picture(own[index])) for own in patients),
        total=sum(map(len, patients)),
        steps=preprocessing or steps(),
        output=output,
        threads=threads,
    )
    return shape, output


def opened_pixels(*paths):
    """Return all of the packed pixels of some shards."""
    pixels = open_pixels(paths)
    return pixels[np.arange(len(pixels))]


def test_slices_are_packed_in_the_order_given(tmp_path):
    shape, output = pack([[30, 4], [200]], tmp_path)
    packed = opened_pixels(output)
    assert (np.load(output) == packed).all()
    assert shape == packed.shape == (3, 4, 6)
    assert packed.dtype == np.uint8
    assert packed[:, 0, 0].tolist() == [30, 4, 200]
    assert (packed == packed[:, :1, :1]).all()


def test_the_shape_is_that_after_resize_and_crop(tmp_path):
    shape, output = pack([[9]], tmp_path, preprocessing=steps(8, (8, 10)))
    assert shape == opened_pixels(output).shape == (1, 8, 10)
    assert (opened_pixels(output) == 9).all()


def test_three_windows_are_a_channel_axis(tmp_path):
    def picture(_):
        return np.stack([flat(grey) for grey in (1, 2, 3)])

    shape, output = pack([[9], [9]], tmp_path, preprocessing=steps(8, (8, 10)), picture=picture)
    assert shape == opened_pixels(output).shape == (2, 3, 8, 10)
    assert (opened_pixels(output) == np.array([1, 2, 3])[:, None, None]).all()


def test_threads_change_no_byte(tmp_path):
    patients = np.split(np.arange(150) % 251, [50, 60])
    (_, one), (_, four) = (pack(patients, tmp_path, threads=threads) for threads in (1, 4))
    assert one.read_bytes() == four.read_bytes()
    assert opened_pixels(one)[:, 0, 0].tolist() == [number % 251 for number in range(150)]


@pytest.mark.parametrize(
    ("labels", "expected"), [("slice", [0, 0, 1, 0]), ("patient", [0, 1, 1, 0])]
)
def test_rows_get_their_slices_or_their_patients_label(labels, expected):
    rows = pd.DataFrame({"patient_id": ["050", "049", "049", "050"], "slice_number": [2, 1, 2, 1]})
    found = row_labels(rows, SLICES, PATIENTS, of=labels)
    assert found.tolist() == expected
    assert found.dtype.kind == "i"


def test_sequences_have_no_slice_number(tmp_path):
    rows = pd.DataFrame({"patient_id": ["049", "050"], "slice_number": [pd.NA, pd.NA]})
    assert row_labels(rows, SLICES, PATIENTS, of="patient").tolist() == [1, 0]


@pytest.mark.parametrize("labels", ["slice", "patient"])
def test_a_row_that_the_tables_do_not_know_is_named(labels):
    rows = pd.DataFrame({"patient_id": ["049", "051"], "slice_number": [1, 7]})
    with pytest.raises(InputError, match="no label for .*'patient_id': '051'"):
        row_labels(rows, SLICES, PATIENTS, of=labels)


def test_slices_without_labels_of_their_own_refuse_to_teach():
    rows = pd.DataFrame({"patient_id": ["049", "050"], "slice_number": [1, 1]})
    unknown = SLICES.assign(hemorrhage=pd.array([pd.NA] * 4, dtype="Int64"))
    with pytest.raises(InputError, match="labels of patients and none of slices.*labels: patient"):
        row_labels(rows, unknown, PATIENTS, of="slice")
    assert row_labels(rows, unknown, PATIENTS, of="patient").tolist() == [1, 0]
