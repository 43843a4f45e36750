"""Each model's mean with its corrected interval."""

import numpy as np
import pytest

from ctseq.evidence.notes import read_notes
from ctseq.evidence.over_replicates.bayesian import bayesian_t_table
from ctseq.evidence.over_replicates.effects import effects_table
from ctseq.evidence.over_replicates.means import model_means_table
from ctseq.evidence.over_replicates.resampled import resampled_t_table
from replicates import replicates

# Mean .7, s = .1; t(.975, 2) = 4.30265; overlap 2 / 2 = 1: half width 4.30265 * sqrt(4/3) * .1.
VALUES, HALF = [0.6, 0.7, 0.8], 0.4968275


def table(values, metric="recall"):
    samples = {(model, metric): values for model in "ab"}
    return model_means_table(replicates(samples, ratio=0.5)).iloc[0]


def test_mean_and_interval_by_hand():
    row = table([2 * value - 1 for value in VALUES], "mcc")
    assert row["estimate"] == pytest.approx(0.4)
    assert (row["low"], row["high"]) == pytest.approx((0.4 - 2 * HALF, 1))  # cut to the range


def test_the_interval_is_cut_to_the_metrics_range():
    row = table(VALUES)
    assert row["low"] == pytest.approx(0.7 - HALF, abs=1e-6)
    assert row["high"] == 1


@pytest.mark.parametrize(("values", "code"), [
    ([0.5, 0.5, 0.5], "values_equal"),
    ([0.5, np.nan, np.nan], "one_value"),
    ([np.nan] * 3, "no_value"),
])  # fmt: skip
def test_a_mean_without_an_interval_says_why(values, code):
    row = table(values)
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
    assert [one["code"] for one in read_notes(row["notes"])] == [code]


@pytest.mark.parametrize(("metric", "widest"), [("recall", 1), ("mcc", 2)])
def test_the_interval_of_a_difference_is_cut_at_the_largest_that_there_can_be(metric, widest):
    samples = {("a", metric): [0.9, 0.1], ("b", metric): [0.1, 0.8]}
    compared = replicates(samples)
    tables = resampled_t_table(compared), bayesian_t_table(compared), effects_table(compared)
    for table in tables:
        row = table.iloc[0]
        assert (row["low"], row["high"]) == (-widest, widest)
        assert read_notes(row["notes"]) == [{"code": "cut_at_range", "low": 1, "high": 1}]
    assert tables[0]["estimate"][0] == pytest.approx(0.05)


def test_an_interval_within_the_range_is_left_as_it_is():
    [row] = resampled_t_table(replicates({"a": [0.5, 0.6, 0.7], "b": [0.5, 0.5, 0.7]})).itertuples()
    assert row.low + row.high == pytest.approx(2 * row.estimate)
    assert row.notes == ""
