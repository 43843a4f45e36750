"""Areas under correlated ROC curves, compared as DeLong et al. do."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ctseq.evidence.notes import Code, Note, note


@dataclass(frozen=True)
class Areas:
    """Areas under the ROC curves of several models on the same patients, and their covariance.

    `auc` has shape (models,) and is NaN if a class is missing; `covariance` has shape (models,
    models) and is NaN with fewer than two patients of a class.
    """

    auc: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class AreaDifference:
    """Two areas compared: difference a minus b, its interval, z and two-sided p."""

    estimate: float
    low: float = np.nan
    high: float = np.nan
    statistic: float = np.nan
    p: float = np.nan
    notes: tuple[Note, ...] = ()


def delong(truth: np.ndarray, probability: np.ndarray) -> Areas:
    """Return areas under ROC curves and their covariance, from placement values.

    DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44:837-845), by the midranks of Sun and Xu
    2014 (IEEE Signal Processing Letters 21:1389-1393). Ties count half.

    Parameters
    ----------
    truth
        0 or 1, shape (patients,).
    probability
        Shape (models, patients); only its order matters.
    """
    truth, probability = np.asarray(truth), np.atleast_2d(np.asarray(probability, dtype=float))
    if probability.shape[1:] != truth.shape or not np.isin(truth, (0, 1)).all():
        raise ValueError("truth must be 0 or 1, with one probability a model and patient")
    positive = truth == 1
    n_pos, n_neg, n_models = int(positive.sum()), int((~positive).sum()), len(probability)
    covariance = np.full((n_models, n_models), np.nan)
    if not n_pos or not n_neg:
        return Areas(np.full(n_models, np.nan), covariance)
    ranks = stats.rankdata(probability, axis=1)
    # Placement: the share of the other class that a patient is ranked rightly against.
    among_pos = stats.rankdata(probability[:, positive], axis=1)
    among_neg = stats.rankdata(probability[:, ~positive], axis=1)
    of_positive = (ranks[:, positive] - among_pos) / n_neg
    of_negative = 1 - (ranks[:, ~positive] - among_neg) / n_pos
    if min(n_pos, n_neg) > 1:
        covariance = np.atleast_2d(np.cov(of_positive)) / n_pos
        covariance = covariance + np.atleast_2d(np.cov(of_negative)) / n_neg
    return Areas(of_positive.mean(axis=1), covariance)


def area_interval(
    areas: Areas, model: int, *, alpha: float
) -> tuple[float, float, tuple[Note, ...]]:
    """Return one area's normal interval, cut at 0 and 1, and notes on why there is none."""
    variance = float(areas.covariance[model, model])
    if not variance > 0:
        return np.nan, np.nan, (_why_no_variance(variance),)
    margin = float(stats.norm.isf(alpha / 2)) * np.sqrt(variance)
    auc = areas.auc[model]
    return float(max(0.0, auc - margin)), float(min(1.0, auc + margin)), ()


def compare_areas(areas: Areas, a: int, b: int, *, alpha: float) -> AreaDifference:
    """Test whether two models' areas differ; `a` and `b` are the models' indices.

    Models that rank all patients alike have p = 1 and no z.
    """
    estimate = float(areas.auc[a] - areas.auc[b])
    contrast = np.zeros(len(areas.auc))
    contrast[a], contrast[b] = 1, -1
    variance = float(contrast @ areas.covariance @ contrast)
    # A variance of 0 comes out as rounding error; no real one is that small.
    if not variance > 1e-15:
        equal = abs(estimate) < 1e-12
        why = note(Code.SAME_RANKING) if equal else _why_no_variance(variance)
        return AreaDifference(estimate, p=1.0 if equal else np.nan, notes=(why,))
    error = np.sqrt(variance)
    z, margin = estimate / error, float(stats.norm.isf(alpha / 2)) * error
    p = 2 * float(stats.norm.sf(abs(z)))
    return AreaDifference(estimate, float(estimate - margin), float(estimate + margin), float(z), p)


def _why_no_variance(variance: float) -> Note:
    """Return the reason: too few patients of a class, or all of them ranked alike."""
    return note(Code.NEEDS_TWO_OF_EACH_CLASS if np.isnan(variance) else Code.CLASS_RANKED_ALIKE)
