"""Mean ROC and precision-recall curves, and the areas under them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from ctseq.evidence.over_patients.curves import (
    GRID,
    curves_table,
    discrimination_table,
    mean_precision_recall,
    mean_roc,
    precision_at,
    roc_at,
    roc_points,
)
from ctseq.evidence.over_replicates.resampled import corrected_mean
from patients import CORRECTED, small_study

pytestmark = pytest.mark.filterwarnings("error")

# One pair of four is ranked wrongly.
PROBABILITY, TRUTH = np.array([0.9, 0.8, 0.7, 0.1]), np.array([1, 0, 1, 0])
PERFECT = np.array([0.9, 0.2, 0.8, 0.1])
BOTH_CLASSES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=30
).filter(lambda rows: 0 < sum(row[0] for row in rows) < len(rows))


def test_points_of_a_curve_by_hand():
    false, true = roc_points(PROBABILITY, TRUTH)
    assert false.tolist() == [0, 0, 0.5, 0.5, 1]
    assert true.tolist() == [0, 0.5, 0.5, 1, 1]


def test_a_curve_at_rates_by_hand():
    grid = np.array([0, 0.25, 0.5, 0.75, 1])
    assert roc_at(PROBABILITY, TRUTH, grid).tolist() == [0.5, 0.5, 1, 1, 1]
    # Equal probabilities of both classes are joined by a straight line.
    assert roc_at(np.full(4, 0.3), TRUTH, grid).tolist() == grid.tolist()


def test_precision_at_a_recall_by_hand():
    grid = np.array([0.01, 0.5, 0.51, 1])
    assert precision_at(PROBABILITY, TRUTH, grid) == pytest.approx([1, 1, 2 / 3, 2 / 3])


@given(BOTH_CLASSES)
def test_areas_under_the_curves_are_those_of_scikit_learn(rows):
    truth, probability = np.array(rows).T
    probability = probability / 8
    false, true, _ = roc_curve(truth, probability, drop_intermediate=False)
    for mine, theirs in zip(roc_points(probability, truth), (false, true), strict=True):
        assert mine == pytest.approx(theirs)
    # Both curves bend only at whole numbers of patients, so that middles between them are exact.
    n_positive = truth.sum()
    n_negative = len(truth) - n_positive
    rates = (np.arange(n_negative) + 0.5) / n_negative
    area = roc_at(probability, truth, rates).mean()
    assert area == pytest.approx(roc_auc_score(truth, probability))
    recalls = (np.arange(n_positive) + 0.5) / n_positive
    area = precision_at(probability, truth, recalls).mean()
    assert area == pytest.approx(average_precision_score(truth, probability))


def test_the_mean_of_curves_has_pointwise_corrected_intervals():
    third = np.array([0.1, 0.9, 0.8, 0.7])
    sets = [PROBABILITY, PERFECT, third], [TRUTH] * 3
    band = mean_roc(*sets, **CORRECTED, grid=np.array([0, 0.25, 0.5, 1]))
    assert band.estimate == pytest.approx([0.5, 0.5, 2.5 / 3, 1])
    mean, low, high = corrected_mean(np.array([1, 1, 0.5]), **CORRECTED)
    # By hand: t is 4.30265 and the variance (1/3 + 1/2)(1/12).
    assert high - mean == pytest.approx(4.30265 * (5 / 72) ** 0.5, abs=1e-5)
    assert high > 1
    assert (band.estimate[2], band.low[2], band.high[2]) == pytest.approx((mean, max(low, 0), 1))
    assert np.isnan([band.low[3], band.high[3]]).all()  # all curves end in one point


def test_models_on_different_scales_keep_their_curves():
    """Pooled, the perfect replicates would rank a negative of one above a positive of the other."""
    sets = [PERFECT / 10, 0.9 + PERFECT / 10], [TRUTH] * 2
    assert (mean_roc(*sets, **CORRECTED).estimate == 1).all()
    assert (mean_precision_recall(*sets, **CORRECTED).estimate == 1).all()
    assert roc_auc_score(np.tile(TRUTH, 2), np.concatenate(sets[0])) == 0.75


def test_replicates_that_lack_a_class_are_left_out():
    sets = [PROBABILITY, PERFECT, np.array([0.5, 0.6])], [TRUTH, TRUTH, np.array([0, 0])]
    for measure in (mean_roc, mean_precision_recall):
        band = measure(*sets, **CORRECTED)
        alone = measure(sets[0][:2], sets[1][:2], **CORRECTED)
        assert band.estimate == pytest.approx(alone.estimate)
        nothing = measure(sets[0][2:], sets[1][2:], **CORRECTED)
        assert np.isnan([nothing.estimate, nothing.low, nothing.high]).all()


def test_tables():
    study = small_study()
    curves = curves_table(study)
    assert len(curves) == 2 * (len(GRID) + len(GRID) - 1)
    assert ((curves["low"] >= 0) | curves["low"].isna()).all()
    roc = curves[(curves["model"] == "a") & (curves["curve"] == "roc")]
    assert roc["estimate"].is_monotonic_increasing
    areas = discrimination_table(study).set_index(["metric", "model"])
    own = [roc_auc_score(labels, p) for p, labels in zip(*study.predictions_of("b"), strict=True)]
    expected = corrected_mean(np.array(own), **study.corrected)
    found = areas.loc[("roc_auc", "b"), ["estimate", "low", "high"]]
    assert found.tolist() == pytest.approx([*expected[:2], min(expected[2], 1)])
    assert (areas["prevalence"] == study.prevalence).all()
    assert (areas["n_undefined"] == 0).all()
