"""Calibration: slope, intercept, observed over expected, the smooth curve and distributions."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit

from ctseq.evidence.over_patients.calibration import (
    LEAST,
    calibration_of,
    calibration_table,
    observed_expected_of_each,
    predicted_table,
)
from ctseq.evidence.over_patients.calibration_curve import (
    POINTS,
    calibration_curve_table,
    restricted_cubic,
    smooth_calibration,
)
from ctseq.evidence.over_patients.stacked import fit_stacked
from patients import CORRECTED, codes, small_study

pytestmark = pytest.mark.filterwarnings("error")

# One of four bleeds where .25 is said, three of four where .75 is.
CALIBRATED = np.repeat([0.25, 0.75], 4)
TRUTH = np.array([1, 0, 0, 0, 1, 1, 1, 0])
# Another order within the groups, so that replicates differ.
SETS = [CALIBRATED[:5], CALIBRATED[5:], CALIBRATED], [TRUTH[:5], TRUTH[5:], TRUTH]


def random_sets(replicates=6):
    rng = np.random.default_rng(3)
    linear = [rng.standard_normal(20) for _ in range(replicates)]
    truth = [(rng.random(20) < expit(0.3 + 0.8 * own)).astype(int) for own in linear]
    return [expit(own) for own in linear], truth


def test_the_stacked_fit_is_that_of_statsmodels_with_clusters():
    probability, truth = random_sets()
    columns = [sm.add_constant(logit(own)) for own in probability]
    offset = [own / 5 for own in probability]
    fit = fit_stacked(truth, columns, offset)
    groups = np.repeat(np.arange(6), 20)
    expected = sm.GLM(
        np.concatenate(truth), np.concatenate(columns), sm.families.Binomial(),
        offset=np.concatenate(offset),
    ).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})  # fmt: skip
    assert fit.coefficients == pytest.approx(expected.params, abs=1e-7)
    assert fit.influence.sum(axis=0) == pytest.approx([0, 0], abs=1e-8)
    covariance = fit.influence.T @ fit.influence / 6**2
    assert covariance == pytest.approx(expected.cov_params(), rel=1e-6)


def test_the_stacked_fit_finds_a_far_maximum():
    """The first step from probabilities near 0 overshoots without being halved."""
    offset = [np.full(4, logit(LEAST))]
    fit = fit_stacked([np.array([1, 1, 1, 0])], [np.ones((4, 1))], offset)
    assert fit.coefficients == pytest.approx([logit(0.75) - logit(LEAST)])


@pytest.mark.parametrize(
    "x", [[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0, 3.0], [5.0, 5.0, 5.0, 5.0]],
    ids=["separated", "touching", "collinear"],
)  # fmt: skip
def test_without_a_maximum_there_is_no_fit(x):
    columns = [sm.add_constant(np.array(x), has_constant="add")]
    assert fit_stacked([np.array([0, 0, 1, 1])], columns) is None


@pytest.mark.parametrize("seed", [35, 89, 199, 309, 363])
def test_a_step_that_gains_less_than_rounding_is_taken(seed):
    """Of 400 sets of overlapping classes these stalled when a step had to gain something."""
    rng = np.random.default_rng(seed)
    n = rng.integers(20, 400)
    x = rng.normal(size=n) * rng.uniform(0.1, 6) + 3 * rng.normal()
    truth = (rng.uniform(size=n) < expit(rng.normal() + rng.normal() * x)).astype(int)
    columns = sm.add_constant(x)
    found = fit_stacked([truth], [columns])
    expected = sm.Logit(truth, columns).fit(disp=0, maxiter=100).params
    assert found.coefficients == pytest.approx(expected, rel=1e-6)


def test_calibrated_probabilities():
    found = calibration_of(*SETS, **CORRECTED)
    assert found.slope.estimate == pytest.approx(1)
    assert found.intercept.estimate == pytest.approx(0, abs=1e-9)
    assert found.observed_expected.estimate == pytest.approx(1)
    for own, ideal in ((found.slope, 1), (found.intercept, 0), (found.observed_expected, 1)):
        assert own.low < ideal < own.high
        assert own.notes == ()


def test_extreme_and_low_probabilities():
    extreme = [expit(2 * logit(own)) for own in SETS[0]]
    assert calibration_of(extreme, SETS[1], **CORRECTED).slope.estimate == pytest.approx(0.5)
    lower = [expit(logit(own) - 1) for own in SETS[0]]
    found = calibration_of(lower, SETS[1], **CORRECTED)
    assert found.slope.estimate == pytest.approx(1)
    assert found.intercept.estimate == pytest.approx(1)
    assert found.observed_expected.estimate > 1


def test_observed_over_expected_by_hand():
    probability = [np.array([0.9, 0.6]), np.array([0.7, 0.3])]
    truth = [np.array([1, 1]), np.array([1, 0])]
    found = calibration_of(probability, truth, **CORRECTED).observed_expected
    # Influences 2/1.5 - 1.5/1.25 and 1/1.5 - 1/1.25; t of 1 degree of freedom is 12.7062.
    assert found.estimate == pytest.approx(3 / 2.5)
    half = 12.7062047 * (2 * (2 / 15) ** 2) ** 0.5
    assert (found.low, found.high) == pytest.approx((1.2 * np.exp(-half), 1.2 * np.exp(half)))


def test_intervals_of_the_slope_come_from_influences_by_replicate():
    probability, truth = random_sets()
    found = calibration_of(probability, truth, **CORRECTED).slope
    fit = fit_stacked(truth, [sm.add_constant(logit(own)) for own in probability])
    error = ((1 / 6 + 0.5) * fit.influence[:, 1].var(ddof=1)) ** 0.5
    assert found.high - found.estimate == pytest.approx(2.5705818 * error)  # t, 5 df


def test_separated_classes_have_no_slope():
    found = calibration_of([np.array([0.2, 0.7]), np.array([0.3, 0.8])], [np.array([0, 1])] * 2,
                           **CORRECTED)  # fmt: skip
    assert np.isnan([found.slope.estimate, found.slope.low]).all()
    assert codes(found.slope) == ["classes_separated"]
    assert found.observed_expected.estimate == pytest.approx(1)


def test_equal_probabilities_have_no_slope():
    truth = [np.array([1, 0, 0, 0]), np.array([1, 1, 0, 0])]
    found = calibration_of([np.full(4, 0.5)] * 2, truth, **CORRECTED)
    assert codes(found.slope) == ["probabilities_equal"]
    assert found.intercept.estimate == pytest.approx(logit(3 / 8))


def test_one_class_has_no_calibration():
    found = calibration_of([np.array([0.2, 0.7])], [np.array([1, 1])], **CORRECTED)
    assert codes(found.slope, found.intercept, found.observed_expected) == (
        ["needs_both_classes"] * 3
    )


def test_certain_probabilities_are_taken_for_almost_certain():
    truth = [np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])]
    sets = [np.array([0, 0, 1, 1]), np.array([0, 0.5, 0.3, 1])], truth
    nearly = [np.clip(own, LEAST, 1 - LEAST) for own in sets[0]]
    found = calibration_of(*sets, **CORRECTED)
    assert found == calibration_of(nearly, sets[1], **CORRECTED)
    assert np.isfinite([found.slope.low, found.intercept.low, found.observed_expected.low]).all()


def test_restricted_cubic_by_hand():
    knots = np.array([0.0, 1.0, 2.0])
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    assert restricted_cubic(x, knots) == pytest.approx([0, 0, 0.25, 1.5, 3, 4.5])


def test_the_curve_meets_what_was_observed():
    """Three probabilities with three coefficients: the fit is the observed share of each."""
    said = np.repeat([0.2, 0.5, 0.8], 4)
    truth = [np.array([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0]),
             np.array([1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0])]  # fmt: skip
    band = smooth_calibration([said, said], truth, **CORRECTED)
    assert band.x[[0, 25, -1]] == pytest.approx([0.2, 0.5, 0.8])
    assert band.estimate[[0, 25, -1]] == pytest.approx([2 / 8, 4 / 8, 5 / 8])
    assert ((band.low < band.estimate) & (band.estimate < band.high))[1:].all()


def test_two_probabilities_make_a_straight_line():
    band = smooth_calibration(*SETS, **CORRECTED)
    assert len(band.x) == POINTS
    assert band.estimate == pytest.approx(band.x)
    at = smooth_calibration(*SETS, **CORRECTED, at=band.x[[10, 25]])
    assert at.low.tolist() == band.low[[10, 25]].tolist()


@pytest.mark.parametrize(
    ("probability", "truth", "points"),
    [([0.4, 0.4, 0.4], [0, 1, 1], 1), ([0.2, 0.6, 0.8], [0, 1, 1], POINTS)],
    ids=["equal", "separated"],
)
def test_no_fit_no_curve(probability, truth, points):
    band = smooth_calibration([np.array(probability)] * 2, [np.array(truth)] * 2, **CORRECTED)
    assert len(band.x) == points
    assert np.isnan([band.estimate, band.low, band.high]).all()


def test_tables():
    study = small_study()
    table = calibration_table(study)
    assert table["measure"].tolist() == 2 * ["slope", "intercept", "observed_expected"]
    curve = calibration_curve_table(study)
    assert curve.groupby("model")["x"].count().tolist() == [POINTS] * 2
    predicted = predicted_table(study)
    assert predicted.groupby("model")["share"].sum().to_numpy() == pytest.approx([1, 1])
    assert predicted.groupby("model")["n"].sum().tolist() == [5 * 25] * 2


def test_a_mixture_does_not_look_better_than_its_parts_unseen():
    """One replicate expects half of what is observed, the other twice: together they fit."""
    truth = [np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])]
    probability = [np.array([0.25] * 4), np.array([0.5] * 4)]
    assert observed_expected_of_each(probability, truth) == pytest.approx([2, 0.5])
    found = calibration_of(probability, truth, **CORRECTED).observed_expected
    assert found.estimate == pytest.approx(1)
    study = small_study()
    table = calibration_table(study)
    ends = table[table["measure"] == "observed_expected"]
    sets = [zip(*study.predictions_of(model), strict=True) for model in "ab"]
    each = [[y.sum() / p.sum() for p, y in own] for own in sets]
    assert ends["replicate_low"].tolist() == pytest.approx([min(own) for own in each])
    assert ends["replicate_high"].tolist() == pytest.approx([max(own) for own in each])
    others = table[table["measure"] != "observed_expected"]
    assert others[["replicate_low", "replicate_high"]].isna().all(axis=None)


def test_each_replicate_weighs_the_same_in_the_distribution():
    study = small_study(replicates=2)
    first, second = study.sets
    counted = predicted_table(study).query("model == 'a' and target == 1")
    expected = [
        np.mean(
            [
                ((own.probability[0] // 0.05 == k) & (own.truth == 1)).mean()
                for own in (first, second)
            ]
        )
        for k in range(20)
    ]
    assert counted["share"].tolist() == pytest.approx(expected)
