"""Sensitivity and specificity of decisions and at fixed specificities, and predictive values."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t as student

from ctseq.evidence.notes import cut_ends
from ctseq.evidence.over_patients.operating_points import (
    operating_points_table,
    predictive_values,
    predictive_values_table,
    sensitivity_at,
)
from ctseq.evidence.over_replicates.resampled import corrected_mean
from patients import CORRECTED, codes, small_study

pytestmark = pytest.mark.filterwarnings("error")

NEGATIVE, POSITIVE = [0.1, 0.2, 0.3, 0.4, 0.6], [0.35, 0.5, 0.7, 0.9]
PROBABILITY = np.array([*NEGATIVE, *POSITIVE])
TRUTH = np.repeat([0, 1], [5, 4])


@pytest.mark.parametrize(
    ("specificity", "expected"),
    [(0.95, (0.5, 1)), (0.8, (0.75, 0.8)), (0.7, (0.75, 0.8)), (0.6, (1, 0.6))],
)
def test_sensitivity_at_a_specificity_by_hand(specificity, expected):
    assert sensitivity_at(PROBABILITY, TRUTH, specificity) == pytest.approx(expected)


def test_where_no_threshold_reaches_a_specificity_nobody_is_called():
    assert sensitivity_at(np.full(9, 0.5), TRUTH, 0.9) == (0, 1)


def test_sensitivity_needs_both_classes():
    assert np.isnan(sensitivity_at(np.array([0.1, 0.2]), np.array([0, 0]), 0.9)).all()


def test_decisions_are_the_replicates_own():
    study = small_study()
    table = operating_points_table(study)
    assert table["operating_point"].tolist() == 2 * [
        "decisions", *(f"specificity at least {value}" for value in ("0.80", "0.90", "0.95"))
    ]  # fmt: skip
    rates = {1: [], 0: []}
    for own in study.sets:
        for label, values in rates.items():
            called = own.predicted[0][own.truth == label]
            values.append((called == label).mean())
    row = table.iloc[0]
    for name, label in (("sensitivity", 1), ("specificity", 0)):
        mean, low, high = corrected_mean(np.array(rates[label]), **study.corrected)
        found = row[[name, f"{name}_low", f"{name}_high"]]
        assert found.tolist() == pytest.approx([mean, max(low, 0), min(high, 1)])
    fixed = table[table["operating_point"] != "decisions"]
    assert fixed["notes"].str.contains("threshold_chosen_here").all()
    assert (fixed["specificity"] >= fixed["operating_point"].str[-4:].astype(float)).all()
    assert fixed[["specificity_low", "specificity_high"]].isna().all(axis=None)
    assert cut_ends(row["notes"], "sensitivity") == {"high"}  # specificity's keeps within 0 and 1
    assert cut_ends(row["notes"], "specificity") == cut_ends(row["notes"]) == set()


def test_predictive_values_by_hand():
    sensitivity, specificity = np.array([0.85, 0.95]), np.array([0.7, 0.9])
    ppv, npv = predictive_values(sensitivity, specificity, 0.1, **CORRECTED)
    assert ppv.estimate == pytest.approx(0.09 / (0.09 + 0.18))
    assert npv.estimate == pytest.approx(0.72 / (0.72 + 0.01))
    # Likelihood ratio: .9/.2; both rates of the first replicate are off by -.05 and .1.
    influence = np.array([-0.05 / 0.9 - 0.1 / 0.2, 0.05 / 0.9 + 0.1 / 0.2])
    half = student.isf(0.025, 1) * ((0.5 + 0.5) * influence.var(ddof=1)) ** 0.5
    assert (ppv.low, ppv.high) == pytest.approx(expit([logit(1 / 3) - half, logit(1 / 3) + half]))


def test_influences_on_predictive_values_are_derivatives():
    sensitivity, specificity = np.array([0.6, 0.7, 0.8, 0.7]), np.array([0.9, 0.8, 0.9, 0.8])
    step = 1e-6
    for index in (0, 1):
        found = predictive_values(sensitivity, specificity, 0.2, **CORRECTED)[index]
        derivatives = []
        for own in zip(sensitivity, specificity, strict=True):
            moved = [
                mean + step * (value - mean)
                for value, mean in zip(own, (sensitivity.mean(), specificity.mean()), strict=True)
            ]
            value = predictive_values(*np.array([moved]).T, 0.2, **CORRECTED)[index].estimate
            derivatives.append((logit(value) - logit(found.estimate)) / step)
        variance = (1 / 4 + 0.5) * np.var(derivatives, ddof=1)
        half = student.isf(0.025, 3) * variance**0.5
        assert logit(found.high) - logit(found.estimate) == pytest.approx(half, rel=1e-4)


def test_predictive_values_without_a_positive_decision():
    ppv, npv = predictive_values(np.zeros(3), np.ones(3), 0.3, **CORRECTED)
    assert np.isnan(ppv.estimate)
    assert npv.estimate == pytest.approx(0.7)
    assert codes(ppv, npv) == ["never_called", "seldom_found"]


def test_one_replicate_that_calls_anybody_does_not_tell_how_sure_a_value_is():
    """Its parts of both rates cancel, which once read as if all values were equal."""
    sensitivity, specificity = np.array([0, 0, 0.5, 0, 0]), np.array([1, 1, 0.8, 1, 1])
    ppv, npv = predictive_values(sensitivity, specificity, 0.375, **CORRECTED)
    assert ppv.estimate == pytest.approx(0.375 * 0.1 / (0.375 * 0.1 + 0.625 * 0.04))
    assert npv.estimate == pytest.approx(0.625 * 0.96 / (0.625 * 0.96 + 0.375 * 0.9))
    assert np.isnan([ppv.low, ppv.high, npv.low, npv.high]).all()
    assert codes(ppv, npv) == ["seldom_called", "seldom_found"]


def test_a_sensitivity_of_0_in_most_replicates_leaves_no_interval_of_the_npv():
    rates = np.array([0, 0, 0.2, 0.3, 0]), np.array([0.9, 0.8, 0.9, 0.8, 0.9])
    ppv, npv = predictive_values(*rates, 0.375, **CORRECTED)
    assert ppv.low < ppv.estimate < ppv.high
    assert codes(ppv, npv) == ["seldom_found"]
    half = predictive_values(np.array([0, 0, 0.2, 0.3]), rates[1][:4], 0.375, **CORRECTED)
    assert not codes(*half)
    every = predictive_values(*rates[::-1], 0.375, **CORRECTED)
    assert codes(*every) == ["seldom_found"]


def test_predictive_values_of_a_rate_at_its_end():
    ppv, _ = predictive_values(np.array([0.5, 0.7]), np.ones(2), 0.3, **CORRECTED)
    none, _ = predictive_values(np.zeros(2), np.array([0.5, 0.7]), 0.3, **CORRECTED)
    assert (ppv.estimate, none.estimate) == (1, 0)
    assert np.isnan([ppv.low, none.high]).all()
    assert codes(ppv, none) == ["no_interval_at_the_end"] * 2


def test_replicates_that_lack_a_rate_are_left_out():
    whole = predictive_values(np.array([0.5, 0.7]), np.array([0.8, 0.9]), 0.3, **CORRECTED)
    rates = np.array([0.5, 0.7, np.nan]), np.array([0.8, 0.9, 0.1])
    assert predictive_values(*rates, 0.3, **CORRECTED) == whole
    nothing = predictive_values(np.full(2, np.nan), np.full(2, 0.5), 0.3, **CORRECTED)
    assert codes(*nothing) == ["needs_both_classes"] * 2


@pytest.mark.parametrize("prevalence", [-0.1, 1.1, np.nan])
def test_a_prevalence_is_a_proportion(prevalence):
    with pytest.raises(ValueError, match="prevalence"):
        predictive_values(np.array([0.5, 0.6]), np.array([0.5, 0.6]), prevalence, **CORRECTED)


def test_every_predictive_value_stands_beside_its_prevalence():
    study = small_study()
    table = predictive_values_table(study)
    assert table["prevalence_of"].tolist() == 2 * ["test subset", "stated"]
    assert table["prevalence"].tolist() == 2 * [study.prevalence, 0.05]
    assert (table["ppv"].iloc[0] > table["ppv"].iloc[1]).all()
    assert (table["npv"].iloc[0] < table["npv"].iloc[1]).all()
