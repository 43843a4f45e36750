"""Bootstrap over patients: every resample as scikit-learn would measure it, and fast."""

import time

import numpy as np
import pytest
from sklearn import metrics as sk

from ctseq.evidence.over_patients.bootstrap import (
    PATIENT_METRICS,
    percentile_interval,
    precision_at,
    resample_counts,
    resampled_metrics,
    sensitivity_at,
    steps_of,
)

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(11)
TRUTH = (np.arange(82) < 36).astype(int)
# Two decimals, so that some patients are tied.
PROBABILITY = np.clip(0.5 + 0.15 * (2 * TRUTH - 1) + 0.25 * RNG.standard_normal(82), 0, 1).round(2)
PREDICTED = (PROBABILITY >= 0.5).astype(int)


def any_patients(*, resamples, seed):
    """Draw patients whatever their class, so that resamples differ in the number of positives."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(82, np.full(82, 1 / 82), size=resamples).astype(float)


def test_stratified_resamples_keep_the_classes():
    counts = resample_counts(TRUTH, resamples=500, seed=1)
    assert counts.shape == (500, 82)
    assert (counts[:, TRUTH == 1].sum(axis=1) == 36).all()
    assert (counts.sum(axis=1) == 82).all()
    # Every patient is as likely as another.
    assert counts.mean(axis=0) == pytest.approx(np.ones(82), abs=0.2)


def test_seed_decides():
    one, again, other = (resample_counts(TRUTH, resamples=5, seed=seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_every_resample_is_measured_as_by_scikit_learn():
    counts = any_patients(resamples=40, seed=3)
    measured = resampled_metrics(TRUTH, PROBABILITY, PREDICTED, counts)
    assert tuple(measured) == PATIENT_METRICS
    for number, drawn in enumerate(counts.astype(int)):
        truth, probability, predicted = (
            np.repeat(values, drawn) for values in (TRUTH, PROBABILITY, PREDICTED)
        )
        expected = {
            "roc_auc": sk.roc_auc_score(truth, probability),
            "average_precision": sk.average_precision_score(truth, probability),
            "accuracy": sk.accuracy_score(truth, predicted),
            "recall": sk.recall_score(truth, predicted),
            "specificity": sk.recall_score(truth, predicted, pos_label=0),
            "brier": sk.brier_score_loss(truth, probability),
        }
        for metric, value in expected.items():
            assert measured[metric][number] == pytest.approx(value), metric


def test_calibration_error_by_hand():
    truth, probability = np.array([0, 1, 1, 0]), np.array([0.12, 0.18, 0.9, 1.0])
    error = resampled_metrics(truth, probability, truth, np.ones((1, 4)))
    # Second bin: mean 0.15 against 1/2; last bin: 0.95 against 1/2.
    assert error["expected_calibration_error"][0] == pytest.approx((2 * 0.35 + 2 * 0.45) / 4)


def test_one_class_is_undefined_without_a_warning():
    truth = np.zeros(5, dtype=int)
    counts = resample_counts(truth, resamples=10, seed=1)
    measured = resampled_metrics(truth, PROBABILITY[:5], PREDICTED[:5], counts)
    for metric in ("roc_auc", "average_precision", "recall"):
        assert np.isnan(measured[metric]).all()
        assert np.isnan(percentile_interval(measured[metric], alpha=0.05)).all()
    steps = steps_of(truth, PROBABILITY[:5], counts)
    assert np.isnan(sensitivity_at(steps, np.array([0.0, 0.5]))).all()
    assert np.isnan(precision_at(steps, np.array([0.0, 0.5]))).all()


def test_curves_of_every_resample_are_scikit_learns():
    counts = resample_counts(TRUTH, resamples=20, seed=5)
    grid = np.linspace(0, 1, 24)  # no multiple of 1/46 or 1/36 but the ends and the middle
    steps = steps_of(TRUTH, PROBABILITY, counts)
    sensitivity, precision = sensitivity_at(steps, grid), precision_at(steps, grid)
    for number, drawn in enumerate(counts.astype(int)):
        truth, probability = np.repeat(TRUTH, drawn), np.repeat(PROBABILITY, drawn)
        fpr, tpr, _ = sk.roc_curve(truth, probability, drop_intermediate=False)
        expected = [tpr[fpr <= x + 1e-9].max() for x in grid]
        assert sensitivity[number] == pytest.approx(expected)
        values, recall, _ = sk.precision_recall_curve(truth, probability)
        values, recall = values[-2::-1], recall[-2::-1]  # thresholds falling, without the end
        places = [np.argmax((recall >= x - 1e-9) & (recall > 0)) for x in grid]
        assert precision[number] == pytest.approx([values[place] for place in places])


def test_intervals_leave_undefined_resamples_out():
    values = np.append(np.arange(101.0), np.nan)
    assert percentile_interval(values, alpha=0.1) == pytest.approx((5, 95))


def test_interval_covers_as_it_says():
    # Share of studies whose 90 % interval of the accuracy holds the true 0.7.
    rng = np.random.default_rng(4)
    held = 0
    for seed in range(200):
        right = (rng.random(82) < 0.7).astype(int)
        counts = any_patients(resamples=300, seed=seed)
        low, high = percentile_interval(counts @ right / 82, alpha=0.1)
        held += low <= 0.7 <= high
    assert 0.83 < held / 200 < 0.96


def test_a_resample_costs_a_fraction_of_measuring_it_alone():
    """In time of the processor, both on this machine, however fast and busy it is."""

    def seconds(work):
        start = time.process_time()
        work()
        return time.process_time() - start

    counts = resample_counts(TRUTH, resamples=10_000, seed=1)
    together = seconds(lambda: resampled_metrics(TRUTH, PROBABILITY, PREDICTED, counts)) / 10_000
    alone = seconds(lambda: [sk.roc_auc_score(TRUTH, PROBABILITY) for _ in range(100)]) / 100
    assert together < alone / 20


def test_resamples_are_counted():
    with pytest.raises(ValueError, match="1 or more"):
        resample_counts(TRUTH, resamples=0, seed=1)
