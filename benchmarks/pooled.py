"""Tests on predictions that are pooled over replicates; their levels say why no page prints them.

A patient's probabilities are averaged over the replicates that test on it, and its decision is that
of most of them. The tests then take patients for independent and the models for given, though each
patient's prediction comes from models of other training patients.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Areas:
    """Areas under the ROC curves of several models on the same patients, and their covariance.

    `auc` has shape (models,), `covariance` (models, models).
    """

    auc: np.ndarray
    covariance: np.ndarray


def pool(
    tested: np.ndarray, probability: np.ndarray, predicted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean probability and the majority's decision of patients that were tested on.

    All have the shape (models, replicates, patients). Results have the shape (models, patients);
    ties are positive. Patients that are in no test subset of some model are left out.
    """
    counts = tested.sum(axis=1)
    seen = (counts > 0).all(axis=0)
    mean, votes = (
        (values * tested).sum(axis=1)[:, seen] / counts[:, seen]
        for values in (probability, predicted)
    )
    return mean, votes >= 0.5


def delong(truth: np.ndarray, probability: np.ndarray) -> Areas:
    """Return areas under ROC curves and their covariance, from placement values.

    DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44:837-845), by the midranks of Sun and Xu
    2014 (IEEE Signal Processing Letters 21:1389-1393). Ties count half.

    Parameters
    ----------
    truth
        Labels of at least two patients of either class, shape (patients,).
    probability
        Shape (models, patients); only its order matters.
    """
    positive = np.asarray(truth, bool)
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if min(n_positive, n_negative) < 2 or probability.shape[1:] != positive.shape:
        raise ValueError("two patients of either class, with one probability a model and patient")
    ranks = stats.rankdata(probability, axis=1)
    # Placement: the share of the other class that a patient is ranked rightly against.
    among_positive = stats.rankdata(probability[:, positive], axis=1)
    among_negative = stats.rankdata(probability[:, ~positive], axis=1)
    of_positive = (ranks[:, positive] - among_positive) / n_negative
    of_negative = 1 - (ranks[:, ~positive] - among_negative) / n_positive
    covariance = np.cov(of_positive) / n_positive + np.cov(of_negative) / n_negative
    return Areas(of_positive.mean(axis=1), covariance)


def delong_test(areas: Areas) -> tuple[float, float]:
    """Return z and the two-sided p of the difference between two models' areas."""
    contrast = np.array([1, -1])
    error = np.sqrt(contrast @ areas.covariance @ contrast)
    z = float((areas.auc[0] - areas.auc[1]) / error)
    return z, 2 * float(stats.norm.sf(abs(z)))


def delong_interval(areas: Areas, model: int, *, alpha: float) -> tuple[float, float]:
    """Return one area's normal interval of level 1 - `alpha`, cut at 0 and 1."""
    half = stats.norm.isf(alpha / 2) * np.sqrt(areas.covariance[model, model])
    return max(0.0, areas.auc[model] - half), min(1.0, areas.auc[model] + half)


def mcnemar_exact(only_a: np.ndarray, only_b: np.ndarray) -> np.ndarray:
    """Test whether two models err on equally many patients (McNemar 1947), by the binomial.

    `only_a` and `only_b` are the numbers of patients that one of the two gets right.
    """
    only_a, only_b = np.asarray(only_a), np.asarray(only_b)
    return np.minimum(1, 2 * stats.binom.cdf(np.minimum(only_a, only_b), only_a + only_b, 0.5))


def mcnemar_corrected(only_a: int, only_b: int) -> tuple[float, float]:
    """Return the same test's chi-squared statistic with continuity correction, and its p."""
    statistic = (abs(only_a - only_b) - 1) ** 2 / (only_a + only_b)
    return statistic, float(stats.chi2.sf(statistic, 1))
