"""Frame sampling and sequence rules."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctseq.inference import combine_slices, probabilities
from ctseq.sequences import SEQUENCE_RULES, sample_frames


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


@pytest.mark.parametrize(("rule", "expected"), [("any", 0.9), ("mean", 0.5), ("majority", 1 / 3)])
def test_rules_by_hand(rule, expected):
    assert SEQUENCE_RULES[rule](np.array([0.9, 0.4, 0.2]), 0.5) == pytest.approx(expected)


def test_patients_are_combined_one_by_one():
    slices = pd.DataFrame({"patient_id": ["050", "049", "049"], "probability": [0.2, 0.6, 0.3]})
    patients = combine_slices(slices, rule="any", threshold=0.5)
    assert patients.to_dict("list") == {"patient_id": ["049", "050"], "probability": [0.6, 0.2]}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.99))
def test_any_is_positive_exactly_if_a_slice_is(values, threshold):
    values = np.array(values)
    assert (SEQUENCE_RULES["any"](values, threshold) >= threshold) == (values >= threshold).any()


def test_probabilities_by_hand():
    # Logits (0, ln 3): odds of 3 give 0.75.
    weight = np.array([[0.0, 0.0], [1.0, 0.0]], np.float32)
    bias = np.array([0.0, 0.0], np.float32)
    features = np.array([[np.log(3), 5.0], [0.0, 5.0], [1e6, 0.0], [-1e6, 0.0]], np.float32)
    np.testing.assert_allclose(
        probabilities(features, weight, bias), [0.75, 0.5, 1.0, 0.0], atol=1e-7
    )
