"""Differences of neighbouring slices: by hand, which slices are neighbours, and who sees them."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

import extract_features
from ctseq.cache.tables import ROWS
from ctseq.checks.encoders import time_row
from ctseq.core.tables import read_table, write_table
from ctseq.encoders.contract import extract
from ctseq.encoders.sequences import model_rows, ordered_slices
from ctseq.encoders.tiny import write_tiny
from ctseq.families.pixels.trainable import with_new_layer
from ctseq.imaging.augmentation import augment
from ctseq.imaging.differences import differences
from encoders import described, loaded, settings_of

pytestmark = pytest.mark.numerical

# Grey of the one below, grey of the slice, and what is seen.
BY_HAND = [
    (7, 7, 128),
    (7, 8, 128),
    (8, 7, 128),
    (10, 13, 129),
    (13, 10, 127),
    (0, 255, 255),
    (255, 0, 1),
    (100, 50, 103),
]
# The numbers run against the order of the body, and a patient has two scans.
TABLE = pd.DataFrame(
    {
        "scan_id": ["p-2", "p-1", "p-1", "p-1"],
        "patient_id": ["p"] * 4,
        "slice_number": [3, 10, 9, 1],
    }
)


def pairs_of(rows, *, shuffle_seed=None, **settings):
    settings = settings_of("difference", **settings)
    return model_rows(rows, settings, frames=None, shuffle_seed=shuffle_seed)


@pytest.mark.parametrize(("below", "own", "seen"), BY_HAND)
def test_a_difference_by_hand(below, own, seen):
    pair = np.array([[[[below]], [[own]]]], np.uint8)
    found = differences(pair)
    assert (found.tolist(), found.dtype) == ([[[seen]]], np.uint8)


@given(st.integers(0, 255), st.integers(0, 255))
def test_a_difference_is_half_the_change_and_turns_round_with_it(below, own):
    pairs = np.array([[below, own], [own, below]], np.uint8)
    up, down = differences(pairs).astype(int)
    assert up == 128 + int((own - below) / 2)
    assert up + down == 256


def test_each_window_has_its_own_difference():
    pairs = np.random.default_rng(0).integers(0, 256, (4, 2, 3, 5, 6), np.uint8)
    found = differences(pairs)
    assert found.shape == (4, 3, 5, 6)
    for window in range(3):
        np.testing.assert_array_equal(found[:, window], differences(pairs[:, :, window]))


def test_the_neighbour_is_below_in_the_body_whatever_the_numbers():
    members, ids = pairs_of(TABLE)
    assert members.tolist() == [[0, 0], [1, 1], [1, 2], [2, 3]]
    pd.testing.assert_frame_equal(ids, TABLE)


def test_nothing_beyond_the_first_slices_is_looked_at():
    members, ids = pairs_of(TABLE, first_slices=2)
    assert members.tolist() == [[0, 0], [1, 1], [1, 2]]
    assert ids["slice_number"].tolist() == [3, 10, 9]


def test_shuffled_slices_follow_one_another_as_a_head_reads_them():
    rows = pd.DataFrame({"scan_id": ["a"] * 9, "patient_id": "a", "slice_number": range(9)})
    members, ids = pairs_of(rows, first_slices=6, shuffle_seed=[0, 1])
    order = ordered_slices(ids, shuffle_seed=[0, 1])["a"]
    assert order.tolist() != sorted(order)
    assert members[order, 1].tolist() == order.tolist()
    assert members[order, 0].tolist() == [order[0], *order[:-1]]
    other, _ = pairs_of(rows, first_slices=6, shuffle_seed=[0, 2])
    assert other.tolist() != members.tolist()


def test_the_lowest_slice_and_one_without_others_differ_by_nothing():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 5), np.uint8)
    members, _ = pairs_of(TABLE)
    found = differences(pixels[members])
    assert (found[:2] == 128).all()
    assert (found[2:] != 128).any(axis=(1, 2)).all()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folder of a tiny checkpoint of slices, with random weights."""
    folder = tmp_path_factory.mktemp("tiny") / "slice"
    write_tiny(folder, sees="slice", frames=None, seed=7, steps=0)
    return folder


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).integers(0, 256, (4, 64, 64), np.uint8)


def stock(tiny, seen):
    """Return the features by which an encoder of slices sees some images."""
    (found,) = extract(loaded(tiny), [seen])
    return found


def test_it_sees_differences_as_one_of_slices_sees_images(tiny, pixels):
    members, _ = pairs_of(TABLE)
    seen, encoder = differences(pixels[members]), loaded(tiny, "difference")
    (found,) = extract(encoder, [pixels[members]])
    np.testing.assert_array_equal(found, stock(tiny, seen))
    np.testing.assert_array_equal(found[0], found[1])
    windows = np.stack([pixels[members]] * 3, axis=2)
    (found,) = extract(encoder, [windows])
    np.testing.assert_array_equal(found, stock(tiny, np.stack([seen] * 3, axis=1)))


@pytest.mark.parametrize("mirror", [False, True])
def test_its_features_are_extracted_from_packed_slices(tiny, pixels, mirror, tmp_path):
    write_table(TABLE, tmp_path / "rows.csv", ROWS)
    np.save(tmp_path / "pixels.npy", pixels)
    facts = described(tiny, "difference")
    (tmp_path / "flow.json").write_text(json.dumps(facts))
    extract_features.main(
        tiny,
        tmp_path / "flow.json",
        tmp_path / "pixels.npy",
        tmp_path / "rows.csv",
        tmp_path / "features.safetensors",
        tmp_path / "features.csv",
        settings=facts["settings"],
        mirror=mirror,
        shuffle_seed=None,
        threads=1,
    )
    found = load_file(tmp_path / "features.safetensors")["features"]
    seen = differences(pixels[pairs_of(TABLE)[0]])
    expected = stock(tiny, seen[..., ::-1] if mirror else seen)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * abs(expected).max())
    assert read_table(tmp_path / "features.csv", ROWS)["slice_number"].tolist() == [3, 10, 9, 1]


def test_a_layer_on_it_learns_through_it(tiny, pixels):
    pairs = pixels[pairs_of(TABLE)[0]]
    fitted = with_new_layer(loaded(tiny, "difference"), width=128, std=0.02, seed=[0])
    expected = fitted.layer(torch.from_numpy(stock(tiny, differences(pairs))))
    torch.testing.assert_close(fitted(pairs), expected, rtol=1e-5, atol=1e-6)
    fitted(pairs).sum().backward()
    assert all(weight.grad is not None for weight in fitted.model.parameters())


def test_what_augmentation_changes_in_both_slices_is_no_difference():
    pairs = np.repeat(np.random.default_rng(0).integers(60, 200, (3, 1, 8, 8), np.uint8), 2, axis=1)
    none = {"mirror": True, "rotate_degrees": 20, "scale": 0.2, "shift": 0.2, "intensity": 0.1}
    moved = augment(pairs, settings=none, rng=np.random.default_rng(0))
    assert (moved != pairs).any()
    assert (differences(moved) == 128).all()


@pytest.mark.parametrize("window", ["brain", ["brain", "bone", "subdural"]])
def test_the_check_times_a_row_of_it(tiny, window):
    seconds, device = time_row(described(tiny, "difference", window=window), tiny, threads=1)
    assert 0 < seconds < 60
    assert device in ("cpu", "cuda", "mps")
