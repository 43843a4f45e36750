"""Packed pixels, by hand."""

import numpy as np

from ctseq.cache.pixels import open_pixels, pack_pixels
from ctseq.imaging.preprocessing import Preprocessing


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
