"""Frame sampling and sequence rules."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.encoders.sequences import first_slices, model_rows, sample_frames
from ctseq.replicates.aggregation import SEQUENCE_RULES
from encoders import settings_of


@pytest.mark.parametrize(
    ("n_slices", "frames", "sampling", "expected"),
    [
        (4, 4, "uniform", [0, 1, 2, 3]),
        (8, 4, "uniform", [1, 3, 5, 7]),
        (2, 4, "uniform", [0, 0, 1, 1]),
        (3, 4, "uniform", [0, 1, 1, 2]),
        (1, 3, "uniform", [0, 0, 0]),
        (8, 4, "first", [0, 1, 2, 3]),
        (2, 4, "first", [0, 0, 1, 1]),
    ],
)
def test_frames_by_hand(n_slices, frames, sampling, expected):
    assert sample_frames(n_slices, frames, sampling=sampling).tolist() == expected


@given(n=st.integers(1, 500), frames=st.integers(1, 128), sampling=st.sampled_from(["uniform", "first"]))  # fmt: skip  # noqa: E501
def test_frames_stay_in_the_sequence_and_in_order(n, frames, sampling):
    chosen = sample_frames(n, frames, sampling=sampling)
    assert len(chosen) == frames
    assert (np.diff(chosen) >= 0).all()
    assert 0 <= chosen[0] <= chosen[-1] < n
    counts = np.bincount(chosen)[chosen]
    if sampling == "uniform" or n <= frames:  # evenly: no slice more than once oftener
        assert counts.max() - counts.min() <= 1
    if n >= frames:
        assert counts.max() == 1


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="sampling"):
        sample_frames(3, 3, sampling="last")
    with pytest.raises(ValueError, match="at least one"):
        sample_frames(0, 3, sampling="first")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.99))
def test_any_is_positive_exactly_if_a_slice_is(values, threshold):
    values = np.array(values)
    assert (SEQUENCE_RULES["any"](values) >= threshold) == (values >= threshold).any()


@given(st.sampled_from(sorted(SEQUENCE_RULES)), st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_rules_result_is_a_probability_whatever_the_order(rule, values):
    combine = SEQUENCE_RULES[rule]
    assert 0 <= combine(np.array(values)) <= 1
    assert combine(np.array(values)) == pytest.approx(combine(np.array(sorted(values))))


ROWS = pd.DataFrame(
    {
        "scan_id": ["p-2", "p-1", "p-1", "p-1"],
        "patient_id": ["p"] * 4,
        "slice_number": [3, 10, 9, 1],
    }
)


def test_first_slices_are_the_lowest_in_the_body_whatever_their_numbers():
    assert first_slices(ROWS, 2).tolist() == [0, 1, 2]
    assert first_slices(ROWS, None).tolist() == [0, 1, 2, 3]


def test_a_patients_scans_are_sequences_of_their_own():
    members, ids = model_rows(ROWS, settings_of("sequence"), frames=3, shuffle_seed=None)
    assert members.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert ids["scan_id"].tolist() == ["p-2", "p-1"]
    assert ids["patient_id"].tolist() == ["p", "p"]
    assert ids["slice_number"].isna().all()
    shuffled, _ = model_rows(ROWS, settings_of("sequence"), frames=3, shuffle_seed=[0, 1])
    assert sorted(shuffled[1]) == [1, 2, 3]


def test_slices_are_inputs_of_their_own():
    members, ids = model_rows(ROWS, settings_of(first_slices=1), frames=None, shuffle_seed=None)
    assert members.tolist() == [0, 1]
    assert ids["slice_number"].tolist() == [3, 10]
