"""Precision by number of patients, against the published program's answers."""

from dataclasses import replace

import numpy as np
import pytest

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import read_notes
from ctseq.evidence.over_patients import sample_size as size
from patients import small_study

pytestmark = pytest.mark.filterwarnings("error")

# pmvalsampsize 0.2.1 for an AUC of .85 and a prevalence of .44, its widths left as they are.
GIVEN = {"auc": 0.85, "prevalence": 0.44, "alpha": 0.05}


def needed(measure, wanted):
    return size.patients_for(lambda n: size.interval_width(measure, n, **GIVEN), wanted)


def test_patients_for_an_auc():
    assert needed("roc_auc", 0.1) == 236
    assert size.auc_error(0.85, 0.44, 236) == pytest.approx(0.0255050646942022, rel=1e-12)


def test_patients_for_observed_over_expected():
    """pmvalsampsize takes a standard error in steps of .0001, .0510, which needs 490 patients."""
    error = 0.0510
    assert size.patients_for(lambda n: size.observed_expected_error(0.44, n), error) == 490
    assert 2 * np.sinh(1.96 * error) == pytest.approx(0.20025309986649076, rel=1e-9)
    # Without steps, an interval .2 wide needs one patient more.
    assert needed("observed_expected", 0.2) == 491


def test_patients_for_a_calibration_slope():
    """pmvalsampsize draws a million logits from N(-.4, 1.6); here there is no chance."""
    logits, weights = size.normal_logits(-0.4, 1.6)
    width = size.stats.norm.isf(0.025) * 2
    made = size.patients_for(lambda n: width * size.slope_error(logits, weights, n), 0.2)
    assert made == pytest.approx(1781, abs=1)


def test_a_calibrated_model_has_its_auc_and_prevalence():
    logits, weights = size.calibrated_logits(0.85, 0.44)
    p = 1 / (1 + np.exp(-logits))
    assert weights.sum() == pytest.approx(1)
    assert weights @ p == pytest.approx(0.44, abs=1e-9)
    order = np.argsort(logits)
    positive, negative = ((weights * own)[order] for own in (p / 0.44, (1 - p) / 0.56))
    auc = positive @ (np.cumsum(negative) - negative / 2)
    assert auc == pytest.approx(0.85, abs=1e-4)


def test_slope_error_of_two_points_by_hand():
    """Logits 0 and 2, as probable: information is the mean of p(1 - p) times 1, x and x²."""
    v = 0.25, np.exp(2) / (1 + np.exp(2)) ** 2
    a, b, c = (v[0] + v[1]) / 2, v[1], 2 * v[1]
    made = size.slope_error(np.array([0.0, 2.0]), np.array([0.5, 0.5]), 100)
    assert made == pytest.approx(np.sqrt(a / (100 * (a * c - b * b))))
    assert np.isnan(size.slope_error(np.array([1.0]), np.array([1.0]), 100))


@pytest.mark.parametrize("measure", size.WANTED)
def test_more_patients_are_more_precise(measure):
    widths = [size.interval_width(measure, n, **GIVEN) for n in (50, 82, 500)]
    assert widths[0] > widths[1] > widths[2]
    n = needed(measure, 0.3)
    assert size.interval_width(measure, int(n), **GIVEN) <= 0.3
    assert size.interval_width(measure, int(n) - 1, **GIVEN) > 0.3
    assert np.isnan(needed(measure, 1e-9))


def test_the_table_says_what_82_patients_give():
    study = small_study(replicates=6)
    made = size.sample_size_table(study).set_index(["model", "measure"])
    first = made.loc[("a", "roc_auc")]
    areas = [METRICS["roc_auc"].compute(s.truth, s.probability[0], s.truth) for s in study.sets]
    assert first["expected"] == pytest.approx(np.mean(areas))
    assert first["n_patients"] == 82
    assert first["prevalence"] == pytest.approx(36 / 82)
    given = {"auc": first["expected"], "prevalence": 36 / 82, "alpha": 0.05}
    assert first["width"] == pytest.approx(size.interval_width("roc_auc", 82, **given))
    ratio = made.loc[("b", "observed_expected")]
    assert ratio["width"] == pytest.approx(2 * np.sinh(1.959964 * np.sqrt(46 / 36 / 82)))
    assert (made["patients_needed"] > 82).all()


def test_a_model_by_chance_has_no_slope_to_plan_for():
    study = small_study(("a",), replicates=2)
    sets = [replace(own, probability=np.full_like(own.probability, 0.5)) for own in study.sets]
    study = replace(study, sets=tuple(sets))
    made = size.sample_size_table(study).set_index("measure")
    assert np.isnan(made.loc["slope", "patients_needed"])
    assert [note["code"] for note in read_notes(made.loc["slope", "notes"])] == [
        "needs_auc_above_chance"
    ]
    assert made.loc["observed_expected", "patients_needed"] == 1 + int(46 / 36 / 0.0509366**2)
