"""Random changes of training slices: by hand, and alike over a sequence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.imaging.augmentation import _moved, augment

pytestmark = pytest.mark.numerical

NONE = {"mirror": False, "rotate_degrees": 0, "scale": 0, "shift": 0, "intensity": 0}
ALL = {"mirror": True, "rotate_degrees": 20, "scale": 0.2, "shift": 0.1, "intensity": 0.2}


def grey(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def changed(images, seed=0, **settings):
    return augment(images, settings=NONE | settings, rng=np.random.default_rng(seed))


def moved(images, *, radians=0.0, factor=1.0, shift=(0.0, 0.0)):
    one = np.ones(len(images), np.float32)
    return _moved(images, radians=radians * one, factor=factor * one, shift=np.outer(one, shift))


def test_nothing_asked_is_nothing_changed():
    images = grey(3, 4, 8, 8)
    np.testing.assert_array_equal(changed(images), images)
    np.testing.assert_array_equal(moved(images), images)


def test_half_of_the_rows_are_mirrored_and_the_others_not_touched():
    images = grey(200, 2, 4, 6)
    result = changed(images, mirror=True)
    same = (result == images).all((1, 2, 3))
    mirrored = (result == images[..., ::-1]).all((1, 2, 3))
    assert (same ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_movements_by_hand():
    images = grey(1, 8, 8)
    # A quarter turn, with the clock; two pixels of eight to the right; one of eight down.
    np.testing.assert_array_equal(moved(images, radians=np.pi / 2)[0], np.rot90(images[0], -1))
    right = moved(images, shift=(0.25, 0.0))[0]
    np.testing.assert_array_equal(right[:, 2:], images[0, :, :-2])
    assert not right[:, :2].any()
    np.testing.assert_array_equal(moved(images, shift=(0.0, 0.125))[0, 1:], images[0, :-1])


def test_turning_keeps_shapes_where_a_slice_is_no_square():
    images = np.zeros((1, 20, 40), np.uint8)
    images[0, 8:12, 12:28] = 200  # 16 wide, 4 high
    turned = moved(images, radians=np.pi / 2)[0]
    assert (turned[2:18, 18:22] == 200).all()
    assert turned.sum() == images.sum()


def test_growing_makes_a_bright_square_larger():
    images = np.zeros((1, 16, 16), np.uint8)
    images[0, 6:10, 6:10] = 100
    assert moved(images, factor=2.0)[0, 5:11, 5:11].min() == 100
    assert moved(images, factor=0.5).sum() < images.sum()


def test_intensity_stays_in_range_and_within_its_share():
    images = np.full((500, 2, 2), 100, np.uint8)
    result = changed(images, intensity=0.1)
    assert (result == result[:, :1, :1]).all()
    # 100 x 0.9 - 25.5 and 100 x 1.1 + 25.5, reached nearly by some of 500.
    assert 64 <= result.min() < 72
    assert 128 < result.max() <= 136
    assert set(np.unique(changed(grey(50, 4, 4), intensity=0.9))) <= set(range(256))


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 50))
def test_pieces_are_changed_as_the_whole_is(rows, size, seed):
    images = grey(rows, 2, 8, 8, seed=seed)
    whole = augment(images, settings=ALL, rng=np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    pieces = [augment(images[at : at + size], settings=ALL, rng=rng) for at in range(0, rows, size)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("key", ALL)
def test_all_slices_of_a_row_change_alike(key):
    images = np.repeat(grey(6, 1, 8, 8), 3, axis=1)
    result = changed(images, **{key: ALL[key]})
    assert (result != images).any()
    assert result.dtype == np.uint8
    assert (result == result[:, :1]).all()
