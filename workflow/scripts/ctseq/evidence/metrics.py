"""The metrics of a binary classifier's predictions; what is 0/0 stays undefined (NaN).

To add a metric, add it to `METRICS`: it is then measured in every run and known to the
configuration, to all comparisons over replicates, and to their figures and tables. NumPy alone,
because the rules that use this must start in well under a second.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes
    ----------
    name
        In tables and in the configuration.
    title
        At axes and in the report's tables.
    words
        Inside a sentence.
    compute
        Returns the value from truth, probability and decision, each of shape (n,).
    higher_is_better
        Whether the better of two models has the higher value.
    range
        Smallest and largest value. Counts have no largest, and are not compared.
    needs_probability
        Whether decisions alone are not enough.
    margin
        The smallest difference that matters, unless the configuration names another. .05 of
        accuracy is one patient in twenty, and .05 of AUC what studies of readers call no worse. A
        subset has few patients of a class, so that one of them moves recall by .1: shares of a
        class have .1, as a smaller difference could not be seen. .02 of a Brier score is a tenth
        of what a coin earns (.25).
    """

    name: str
    title: str
    words: str
    compute: Callable[[np.ndarray, np.ndarray | None, np.ndarray], float]
    higher_is_better: bool = True
    range: tuple[float, float] = (0, 1)
    needs_probability: bool = False
    margin: float = 0.05


def classification_metrics(
    truth: ArrayLike, probability: ArrayLike, predicted: ArrayLike
) -> dict[str, float]:
    """Return every metric of `METRICS` for one set of predictions; NaN is undefined.

    Parameters
    ----------
    truth, predicted
        The label and the decision, 0 or 1, shape (n,); 1 is the target.
    probability
        Probability of the target, shape (n,).

    Raises
    ------
    ValueError
        If shapes differ, there are no predictions, or a value is out of range.
    """
    truth, predicted = _flags(truth, "truth"), _flags(predicted, "predicted")
    probability = np.asarray(probability, dtype=float)
    if not truth.shape == predicted.shape == probability.shape:
        raise ValueError(
            f"truth, probability and predicted have shapes {truth.shape}, {probability.shape} "
            f"and {predicted.shape}; they must be the same"
        )
    if not ((probability >= 0) & (probability <= 1)).all():  # NaN fails both
        raise ValueError("probability must lie in [0, 1]")
    return {name: metric.compute(truth, probability, predicted) for name, metric in METRICS.items()}


def counted_metrics(tn: int, fp: int, fn: int, tp: int) -> dict[str, float]:
    """Return every metric that follows from a confusion matrix alone."""
    truth = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp])
    predicted = np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    return {
        name: metric.compute(truth, None, predicted)
        for name, metric in METRICS.items()
        if not metric.needs_probability
    }


def comparable_metrics() -> list[str]:
    """Return the names of the metrics that a study may compare: all but counts."""
    return [name for name, metric in METRICS.items() if metric.range[1] < inf]


def ratio(numerator: float, denominator: float) -> float:
    """Divide; 0/0 is undefined (NaN)."""
    return numerator / denominator if denominator else np.nan


def balanced_accuracy(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return the mean of recall and specificity; undefined without either class."""
    return (ratio(tp, tp + fn) + ratio(tn, tn + fp)) / 2


def macro_precision(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return the mean of both classes' precisions; undefined where one class is never called."""
    return (ratio(tp, tp + fp) + ratio(tn, tn + fn)) / 2


def matthews_correlation(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return the correlation of truth and decision; undefined where either never varies."""
    return ratio(tp * tn - fp * fn, ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5)


def roc_auc(truth: np.ndarray, probability: np.ndarray, _: np.ndarray) -> float:
    """Return the area under the ROC curve, ties counting half; undefined without either class."""
    positives, negatives = _by_step(truth, probability)
    n_positive, n_negative = positives.sum(), negatives.sum()
    # A positive beats the negatives of later steps and draws with those of its own.
    wins = positives @ (n_negative - np.cumsum(negatives) + negatives / 2)
    return float(ratio(wins, n_positive * n_negative))


def average_precision(truth: np.ndarray, probability: np.ndarray, _: np.ndarray) -> float:
    """Return the sum of precision times step of recall; undefined without either class.

    There is no interpolation, and equal probabilities make one step.
    """
    positives, negatives = _by_step(truth, probability)
    if not positives.any() or not negatives.any():
        return np.nan
    found, false = np.cumsum(positives), np.cumsum(negatives)
    return float(positives @ (found / (found + false)) / positives.sum())


def brier(truth: np.ndarray, probability: np.ndarray, _: np.ndarray) -> float:
    """Return the mean squared distance of the probability from the truth."""
    return float(np.mean((probability - truth) ** 2))


def _by_step(truth: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of positives and negatives at each distinct probability, falling."""
    _, step = np.unique(-probability, return_inverse=True)
    return np.bincount(step, weights=truth), np.bincount(step, weights=1 - truth)


def _flags(values: ArrayLike, name: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"{name} must hold one value a prediction; its shape is {values.shape}")
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"{name} must hold 0 and 1 only")
    return values.astype(int)


def _counted(
    name: str, title: str, formula: Callable[..., float], words: str = "", **options: Any
) -> Metric:
    """Return the metric that has a formula of the numbers tn, fp, fn and tp."""

    def compute(truth: np.ndarray, _: np.ndarray | None, predicted: np.ndarray) -> float:
        return formula(*np.bincount(2 * truth + predicted, minlength=4).astype(float).tolist())

    return Metric(name, title, words or title.lower(), compute, **options)


_COUNT = {"range": (0, inf)}
_LOWER = {"higher_is_better": False}
_ERRORS = {**_COUNT, **_LOWER}
_SCORE = {"needs_probability": True}
_OF_A_CLASS = {"margin": 0.1}
# In the order of every table.
_METRICS = [
    _counted("tn", "True negatives", lambda *n: n[0], "number of true negatives", **_COUNT),
    _counted("fp", "False positives", lambda *n: n[1], "number of false positives", **_ERRORS),
    _counted("fn", "False negatives", lambda *n: n[2], "number of false negatives", **_ERRORS),
    _counted("tp", "True positives", lambda *n: n[3], "number of true positives", **_COUNT),
    _counted("accuracy", "Accuracy", lambda tn, fp, fn, tp: ratio(tp + tn, tn + fp + fn + tp)),
    _counted(
        "precision",
        "Precision (PPV)",
        lambda tn, fp, fn, tp: ratio(tp, tp + fp),
        "positive predictive value",
        **_OF_A_CLASS,
    ),
    _counted(
        "recall",
        "Recall (sensitivity)",
        lambda tn, fp, fn, tp: ratio(tp, tp + fn),
        "sensitivity",
        **_OF_A_CLASS,
    ),
    _counted(
        "specificity", "Specificity", lambda tn, fp, fn, tp: ratio(tn, tn + fp), **_OF_A_CLASS
    ),
    # 0, not undefined, where positives exist and none is found.
    _counted(
        "f1",
        "F1",
        lambda tn, fp, fn, tp: ratio(2 * tp, 2 * tp + fp + fn),
        "F1 score",
        **_OF_A_CLASS,
    ),
    _counted("balanced_accuracy", "Balanced accuracy", balanced_accuracy),
    _counted(
        "mcc",
        "Matthews correlation",
        matthews_correlation,
        "Matthews correlation",
        range=(-1, 1),
        **_OF_A_CLASS,
    ),
    Metric("roc_auc", "ROC AUC", "area under the ROC curve", roc_auc, **_SCORE),
    Metric(
        "average_precision",
        "Average precision",
        "average precision",
        average_precision,
        **_OF_A_CLASS,
        **_SCORE,
    ),
    Metric("brier", "Brier score", "Brier score", brier, margin=0.02, **_LOWER, **_SCORE),
    _counted("macro_precision", "Macro precision", macro_precision),
    _counted("macro_recall", "Macro recall", balanced_accuracy),  # another name of it
]
METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
