"""ROC and precision-recall curves: the mean of the replicates' own.

A replicate's model has a scale of its own, so that probabilities of several replicates do not rank
together: a curve of pooled predictions is none that any of the models has (Forman and Scholz 2010,
SIGKDD Explorations 12:49-57; Airola et al. 2011, Computational Statistics and Data Analysis
55:1828-1844). As in LeDell, Petersen and van der Laan 2015 (Electronic Journal of Statistics
9:1583-1607), each replicate has its area, and the mean of these is what is reported.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_patients.estimates import Band, mean_band, mean_estimate
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.rows import table_with_notes

GRID = np.arange(101) / 100


def roc_points(probability: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the false and true positive rates of all thresholds, falling from above the highest.

    Both begin with 0, end with 1, and are NaN without patients of both classes.
    """
    negatives, positives = counts_above(probability, truth)
    n_negative, n_positive = negatives[-1], positives[-1]
    if not n_negative or not n_positive:
        return np.full(len(negatives), np.nan), np.full(len(positives), np.nan)
    return negatives / n_negative, positives / n_positive


def counts_above(probability: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of either class have each distinct probability or more, falling.

    Negatives first, then positives; both begin with the 0 of a threshold above all.
    """
    _, step = np.unique(-probability, return_inverse=True)
    negatives, positives = (np.bincount(step, weights=truth == label) for label in (0, 1))
    return np.append(0, np.cumsum(negatives)), np.append(0, np.cumsum(positives))


def mean_roc(
    probability: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    *,
    overlap: float,
    alpha: float,
    grid: np.ndarray = GRID,
) -> Band:
    """Return the mean sensitivity at each false positive rate, with pointwise intervals.

    Vertical averaging (Fawcett 2006, Pattern Recognition Letters 27:861-874, section 9): of each
    replicate's own curve, joined by straight lines, the highest sensitivity at a rate. Replicates
    that lack a class are left out.

    Parameters
    ----------
    probability, truth
        Predictions and labels, 0 or 1, an array of shape (n_j,) for each of J replicates.
    overlap
        What the correlation between replicates adds to 1/J (`Design.overlap`).
    alpha
        Intervals have level 1 - `alpha` and are cut at 0 and 1.
    grid
        False positive rates, rising.
    """
    own = _by_replicate(probability, truth, grid, roc_at)
    return mean_band(grid, own, overlap=overlap, alpha=alpha)


def mean_precision_recall(
    probability: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    *,
    overlap: float,
    alpha: float,
    grid: np.ndarray = GRID[1:],
) -> Band:
    """Return the mean precision at each recall above 0; otherwise as `mean_roc`.

    A replicate's curve is a step, the precision of the highest threshold that reaches a recall:
    straight lines between its points would flatter it (Davis and Goadrich 2006), and the area
    under the step is the average precision.
    """
    own = _by_replicate(probability, truth, grid, precision_at)
    return mean_band(grid, own, overlap=overlap, alpha=alpha)


def roc_at(probability: np.ndarray, truth: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the highest sensitivity at each false positive rate of one replicate's curve."""
    false, true = roc_points(probability, truth)
    if np.isnan(false).any():
        return np.full(len(grid), np.nan)
    # Where several points have a rate, `interp` takes the last of them, which is the highest.
    return np.interp(grid, false, true)


def precision_at(probability: np.ndarray, truth: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the precision of the highest threshold that reaches each recall of `grid`."""
    negatives, positives = counts_above(probability, truth)
    if not negatives[-1] or not positives[-1]:
        return np.full(len(grid), np.nan)
    recall = positives / positives[-1]
    # Rounding must not ask for one more patient than a recall of the grid does.
    first = np.searchsorted(recall, grid - 1e-12)
    return positives[first] / (positives[first] + negatives[first])


def curves_table(tested: Tested) -> pd.DataFrame:
    """Return both curves of each model."""
    tables = []
    for model in tested.models:
        sets = tested.predictions_of(model)
        for name, measure in (("roc", mean_roc), ("precision_recall", mean_precision_recall)):
            band = measure(*sets, **tested.corrected)
            tables.append(pd.DataFrame({"model": model, "curve": name, **vars(band)}))
    return pd.concat(tables, ignore_index=True)


def discrimination_table(tested: Tested) -> pd.DataFrame:
    """Return the mean area under the ROC curve and average precision of each model.

    `prevalence`, the mean share of positive test patients, is the average precision of chance.
    """
    rows = []
    for metric in ("roc_auc", "average_precision"):
        for model in tested.models:
            values = np.array(
                [
                    METRICS[metric].compute(labels, probability, None)
                    for probability, labels in zip(*tested.predictions_of(model), strict=True)
                ]
            )
            found = mean_estimate(values, **tested.corrected)
            n_undefined = int(np.isnan(values).sum())
            n = {"n": len(values) - n_undefined, "n_undefined": n_undefined}
            rows.append({"metric": metric, "model": model, **vars(found), **n})
    return table_with_notes(rows, prevalence=tested.prevalence)


def _by_replicate(
    probability: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    grid: np.ndarray,
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return each replicate's curve at the points of the grid, shape (J, points)."""
    sets = zip(probability, truth, strict=True)
    return np.array([measure(own, labels, grid) for own, labels in sets])
