"""Logistic regression on the test predictions of all replicates, one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

# Newton's method takes fewer than ten steps where there is a maximum. Where classes are separated
# there is none: every step moves the linear predictor by about 1, without end.
_STEPS = 50
_HALVINGS = 40
_TOLERANCE = 1e-9  # of a step, in units of the coefficients
# Share of a log-likelihood by which its sum may err. Near the maximum a step gains less than that:
# a fall within it is none, or the step would be halved to nothing before it is small enough.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class StackedFit:
    """Coefficients, shape (p,), and each replicate's influence on them, shape (J, p)."""

    coefficients: np.ndarray
    influence: np.ndarray


def fit_stacked(
    truth: Sequence[np.ndarray],
    columns: Sequence[np.ndarray],
    offset: Sequence[np.ndarray] | None = None,
) -> StackedFit | None:
    """Fit a logistic regression by maximum likelihood; None if there is no one maximum.

    Replicates test on some patients again, so rows are not independent. Their variance follows
    from the score function summed by replicate (Huber 1967; Liang and Zeger 1986): a replicate's
    influence is its part of the score, times the inverse of the mean information of a replicate.

    Parameters
    ----------
    truth
        0 or 1, an array of shape (n_j,) for each of J replicates.
    columns
        The predictors, shape (n_j, p), with a column of ones where there is an intercept.
    offset
        What is added to the linear predictor, shape (n_j,).
    """
    y, x = np.concatenate([*truth]), np.concatenate([*columns])
    shift = np.zeros(len(y)) if offset is None else np.concatenate([*offset])
    collinear = np.linalg.matrix_rank(x) < x.shape[1]
    coefficients = None if collinear else _maximum(y, x, shift)
    if coefficients is None:
        return None
    fitted = expit(shift + x @ coefficients)
    information = (x.T * (fitted * (1 - fitted))) @ x / len(truth)
    score = x * (y - fitted)[:, None]
    ends = np.cumsum([len(own) for own in truth])[:-1]
    by_replicate = np.array([part.sum(axis=0) for part in np.split(score, ends)])
    return StackedFit(coefficients, np.linalg.solve(information, by_replicate.T).T)


def _maximum(y: np.ndarray, x: np.ndarray, shift: np.ndarray) -> np.ndarray | None:
    """Return the coefficients of greatest likelihood by Newton's method with halved steps."""
    coefficients = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        fitted = expit(shift + x @ coefficients)
        information = (x.T * (fitted * (1 - fitted))) @ x
        try:
            step = np.linalg.solve(information, x.T @ (y - fitted))
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all():
            return None
        if np.abs(step).max() <= _TOLERANCE * max(1, np.abs(coefficients).max()):
            return coefficients
        # Far from the maximum, where the likelihood is no parabola, a whole step can overshoot.
        reached = _log_likelihood(y, shift + x @ coefficients) * (1 + _ROUNDING)  # it is below 0
        for _ in range(_HALVINGS):
            if _log_likelihood(y, shift + x @ (coefficients + step)) >= reached:
                break
            step = step / 2
        coefficients = coefficients + step
    return None


def _log_likelihood(y: np.ndarray, linear: np.ndarray) -> float:
    return float(np.sum(y * linear - np.logaddexp(0, linear)))
