"""Bootstrap over patients, paired over models, all resamples of a model at once."""

from dataclasses import dataclass

import numpy as np

N_BINS = 10  # of calibration: the customary number (Guo et al. 2017)
PATIENT_METRICS = (
    "roc_auc",
    "average_precision",
    "accuracy",
    "recall",
    "specificity",
    "brier",
    "expected_calibration_error",
)


def resample_counts(truth: np.ndarray, *, resamples: int, seed: int) -> np.ndarray:
    """Draw how often each patient occurs in each resample.

    Positive and negative patients are drawn separately, so that every resample has as many of
    either as the study, and no area is undefined. The intervals then hold for a population with the
    study's share of positives.

    Parameters
    ----------
    truth
        0 or 1, shape (patients,).

    Returns
    -------
    ndarray
        Shape (resamples, patients); rows sum to the number of patients. The same rows serve every
        model, which pairs them.
    """
    if resamples < 1:
        raise ValueError("resamples must be 1 or more")
    rng = np.random.default_rng(seed)
    counts = np.zeros((resamples, len(truth)))
    for label in (0, 1):
        stratum = np.flatnonzero(truth == label)
        if n := len(stratum):
            counts[:, stratum] = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
    return counts


@dataclass(frozen=True)
class Steps:
    """Patients at or above each distinct probability of a model, in every resample.

    Attributes
    ----------
    thresholds
        Distinct probabilities, falling, shape (steps,).
    found, false
        Positive and negative patients at or above each, shape (resamples, steps).
    n_positive, n_negative
        Of each resample, shape (resamples,).
    """

    thresholds: np.ndarray
    found: np.ndarray
    false: np.ndarray
    n_positive: np.ndarray
    n_negative: np.ndarray


def steps_of(truth: np.ndarray, probability: np.ndarray, counts: np.ndarray) -> Steps:
    """Count resampled patients at or above each probability; equal ones make one step.

    A single row of ones as `counts` is the study itself.
    """
    order = np.argsort(-probability, kind="stable")
    ordered = probability[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    positive = truth[order] == 1
    drawn = counts[:, order]
    found = np.cumsum(drawn * positive, axis=1)[:, ends]
    false = np.cumsum(drawn * ~positive, axis=1)[:, ends]
    return Steps(ordered[ends], found, false, found[:, -1], false[:, -1])


def resampled_metrics(
    truth: np.ndarray, probability: np.ndarray, predicted: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Return `PATIENT_METRICS` of one model in every resample; NaN where undefined.

    Parameters
    ----------
    truth, probability, predicted
        Shape (patients,).
    counts
        Shape (resamples, patients). Each metric has the shape (resamples,).
    """
    steps = steps_of(truth, probability, counts)
    n = counts.sum(axis=1)
    positive = truth == 1
    right = predicted == truth
    with np.errstate(invalid="ignore", divide="ignore"):  # one class only: 0/0 is NaN, as meant
        return {
            "roc_auc": _roc_auc(steps),
            "average_precision": _average_precision(steps),
            "accuracy": counts @ right / n,
            "recall": counts @ (right & positive) / steps.n_positive,
            "specificity": counts @ (right & ~positive) / steps.n_negative,
            "brier": counts @ (probability - truth) ** 2 / n,
            "expected_calibration_error": _calibration_error(truth, probability, counts) / n,
        }


def percentile_interval(values: np.ndarray, *, alpha: float) -> np.ndarray:
    """Return the percentile interval of level 1 - alpha (Efron 1981) along the first axis.

    Undefined resamples are left out; the interval is NaN if none is defined.
    """
    defined = ~np.isnan(values)
    if not defined.any():
        return np.full(2, np.nan)
    quantile = np.quantile if defined.all() else np.nanquantile
    return quantile(values, [alpha / 2, 1 - alpha / 2], axis=0)


def bin_of(probability: np.ndarray) -> np.ndarray:
    """Return the calibration bin of each probability: `N_BINS` of equal width, the last closed."""
    return np.minimum((probability * N_BINS).astype(int), N_BINS - 1)


def sensitivity_at(steps: Steps, false_positive_rates: np.ndarray) -> np.ndarray:
    """Return the highest sensitivity with at most these false positive rates.

    Its shape is (resamples, rates); it is NaN where a class is missing.
    """
    # Counts are integers, so comparing them avoids the rounding of rates: 0.2 of 46 is 9 patients.
    allowed = np.floor(false_positive_rates * steps.n_negative[:, None] + 1e-9)
    index = _rowwise_searchsorted(steps.false, allowed, side="right")
    padded = np.concatenate([np.zeros((len(steps.found), 1)), steps.found], axis=1)
    with np.errstate(invalid="ignore"):
        found = np.take_along_axis(padded, index, axis=1)
        sensitivity = found / steps.n_positive[:, None]
    sensitivity[steps.n_negative == 0] = np.nan
    return sensitivity


def precision_at(steps: Steps, recalls: np.ndarray) -> np.ndarray:
    """Return the precision at the highest threshold with at least these recalls.

    A recall of 0 has the precision of the first step that finds a patient. The shape is (resamples,
    recalls); the precision is NaN where there is no positive patient.
    """
    needed = np.maximum(np.ceil(recalls * steps.n_positive[:, None] - 1e-9), 1)
    index = _rowwise_searchsorted(steps.found, needed, side="left")
    index = np.minimum(index, steps.found.shape[1] - 1)
    found = np.take_along_axis(steps.found, index, axis=1)
    false = np.take_along_axis(steps.false, index, axis=1)
    with np.errstate(invalid="ignore"):
        precision = found / (found + false)
    precision[steps.n_positive == 0] = np.nan
    return precision


def _roc_auc(steps: Steps) -> np.ndarray:
    """Sum trapezoids: each step's negatives times the mean of the positives before and after."""
    before = np.diff(steps.found, prepend=0, axis=1)
    negatives = np.diff(steps.false, prepend=0, axis=1)
    wins = (negatives * (steps.found - before / 2)).sum(axis=1)
    return wins / (steps.n_positive * steps.n_negative)


def _average_precision(steps: Steps) -> np.ndarray:
    called = steps.found + steps.false
    precision = np.divide(steps.found, called, out=np.zeros_like(called), where=called > 0)
    average = (np.diff(steps.found, prepend=0, axis=1) * precision).sum(axis=1) / steps.n_positive
    return np.where(steps.n_negative > 0, average, np.nan)


def _calibration_error(
    truth: np.ndarray, probability: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Sum |predicted - observed| positives over bins (Naeini et al. 2015, before division by n)."""
    member = np.eye(N_BINS)[bin_of(probability)]
    return np.abs(counts @ (member * (probability - truth)[:, None])).sum(axis=1)


def _rowwise_searchsorted(rows: np.ndarray, values: np.ndarray, *, side: str) -> np.ndarray:
    """Search each row's own values; rows rise and both hold counts of patients."""
    # Shifting each row above the last makes one long rising array, which is searched once.
    shift = np.arange(len(rows))[:, None] * (rows.shape[1] + rows.max() + values.max() + 2)
    index = np.searchsorted((rows + shift).ravel(), (values + shift).ravel(), side=side)
    return index.reshape(values.shape) - np.arange(len(rows))[:, None] * rows.shape[1]
