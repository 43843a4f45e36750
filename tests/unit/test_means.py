"""Each model's mean with its corrected interval."""

import numpy as np
import pytest

from ctseq.evidence.notes import read_notes
from ctseq.evidence.over_replicates.means import model_means_table
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
