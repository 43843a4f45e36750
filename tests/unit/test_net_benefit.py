"""Net benefit and decision curves."""

import numpy as np
import pytest

from ctseq.evidence.notes import Code, read_notes
from ctseq.evidence.over_patients.net_benefit import (
    GRID,
    attainable,
    decision_curve_table,
    net_benefit,
    net_benefit_differences_table,
    net_benefit_table,
    treat_all,
)
from ctseq.evidence.over_replicates.resampled import corrected_mean, corrected_t
from patients import small_study

pytestmark = pytest.mark.filterwarnings("error")

TRUTH = np.array([1, 0, 1, 0, 0, 1, 0, 1, 0, 0])
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.35, 0.3, 0.2, 0.15, 0.05])
THRESHOLDS = np.array([0.1, 0.25, 0.5, 0.65])


def test_dcurves_known_answer():
    """What `dcurves.dca` 1.1.7 prints for these predictions."""
    found = net_benefit(PROBABILITY, TRUTH, THRESHOLDS)
    assert found == pytest.approx([0.3444444, 0.1666667, 0, 0.1428571 / 10], abs=5e-8)
    everybody = treat_all(TRUTH, THRESHOLDS)
    assert everybody == pytest.approx([0.3333333, 0.2, -0.2, -0.7142857], abs=5e-8)


def test_net_benefit_by_hand():
    # From .3 on: 3 of 4 found, and 4 needless actions at 3/7 each; .3 itself is acted on.
    assert net_benefit(PROBABILITY, TRUTH, [0.3]) == pytest.approx([0.3 - 0.4 * 3 / 7])


@pytest.mark.parametrize("threshold", [0, 1, -0.2, np.nan])
def test_a_threshold_lies_between_0_and_1(threshold):
    with pytest.raises(ValueError, match="thresholds"):
        net_benefit(PROBABILITY, TRUTH, [threshold])


def own_values(study, model, threshold):
    sets = zip(*study.predictions_of(model), strict=True)
    return np.array([net_benefit(*own, [threshold])[0] for own in sets])


def test_means_stand_beside_treating_all():
    study = small_study()
    table = net_benefit_table(study)
    assert table[["threshold", "model"]].to_numpy().tolist() == [
        [0.2, "a"], [0.2, "b"], [0.5, "a"], [0.5, "b"]
    ]  # fmt: skip
    found = table.loc[3, ["estimate", "low", "high"]].tolist()
    prevalence = study.prevalence
    mean, low, high = corrected_mean(own_values(study, "b", 0.5), **study.corrected)
    assert found == pytest.approx([mean, max(low, prevalence - 1), min(high, prevalence)])
    assert table["treat_all"].tolist()[2:] == pytest.approx([2 * prevalence - 1] * 2)


def test_differences_are_tested_as_any_metric_and_follow_the_contrasts():
    study = small_study(("a", "b", "c"), contrasts=[["c", "a"]])
    table = net_benefit_differences_table(study)
    assert table[["threshold", "model_a", "model_b"]].to_numpy().tolist() == [
        [0.2, "c", "a"], [0.5, "c", "a"]
    ]  # fmt: skip
    values = (own_values(study, model, 0.2) for model in "ca")
    expected = corrected_t(*values, **study.corrected)
    assert table.loc[0, ["estimate", "low", "high", "p"]].tolist() == pytest.approx(
        [expected.estimate, expected.low, expected.high, expected.p]
    )


def test_the_curve_passes_through_the_table():
    study = small_study()
    curve, table = decision_curve_table(study), net_benefit_table(study)
    assert len(curve) == 2 * len(GRID)
    at = curve[curve["threshold"] == 0.2].reset_index(drop=True)
    columns = ["estimate", "low", "high", "treat_all"]
    assert at[columns].to_numpy() == pytest.approx(table.loc[:1, columns].to_numpy())
    # From a low enough threshold on, a model treats all.
    first = curve.iloc[0]
    assert first["estimate"] == pytest.approx(first["treat_all"])


def test_attainable_net_benefit_by_hand():
    """Acting on the 4 of 10 patients who bleed, or on the 6 others, at a threshold of 1/4."""
    low, high = attainable(0.4, np.array([0.25]))
    assert high == 0.4
    assert low == pytest.approx([-0.6 / 3])
    perfect, opposite = TRUTH.astype(float), 1.0 - TRUTH
    assert net_benefit(perfect, TRUTH, [0.25]) == pytest.approx([high])
    assert net_benefit(opposite, TRUTH, [0.25]) == pytest.approx(low)


def test_no_interval_passes_what_is_attainable():
    """Two replicates have intervals of t that reach far beyond."""
    study = small_study(replicates=2)
    prevalence = study.prevalence
    curve = decision_curve_table(study)
    low, high = attainable(prevalence, curve["threshold"].to_numpy())
    drawn = curve.dropna(subset="low")
    assert (drawn["high"] <= high).all()
    assert (drawn["high"] == high).any()
    assert (drawn["low"] >= low[drawn.index]).all()
    assert (drawn["low"] == low[drawn.index]).any()
    cut = net_benefit_table(study).set_index(["model", "threshold"]).loc[("a", 0.5)]
    assert [cut["low"], cut["high"]] == pytest.approx([prevalence - 1, prevalence])
    assert [one["code"] for one in read_notes(cut["notes"])] == [Code.CUT_AT_RANGE]
    # At even odds net benefits lie between prevalence - 1 and prevalence, 1 apart.
    difference = net_benefit_differences_table(study).iloc[1]
    assert [difference["low"], difference["high"]] == pytest.approx([-1, 1])
    assert [one["code"] for one in read_notes(difference["notes"])] == [Code.CUT_AT_RANGE]
