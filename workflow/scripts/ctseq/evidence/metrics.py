"""The metrics of a binary classifier's predictions; what is 0/0 stays undefined.

To add a metric, write its function and add it to `METRICS`: it is then measured in every run and
known to the configuration, the comparisons, the figures and the report. NumPy alone, because the
rules that use this must start in well under a second.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike

NAN = float("nan")
Compute = Callable[[np.ndarray, np.ndarray | None, np.ndarray], float]


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
        Takes truth, probability and decision, each of shape (n,), and returns the value; NaN is
        undefined.
    higher_is_better
        Whether the better of two models has the higher value.
    range
        Smallest and largest value. Counts have no largest, and are not compared.
    needs_probability
        Whether decisions alone are not enough.
    """

    name: str
    title: str
    words: str
    compute: Compute
    higher_is_better: bool = True
    range: tuple[float, float] = (0, 1)
    needs_probability: bool = False


def classification_metrics(
    truth: ArrayLike, probability: ArrayLike, predicted: ArrayLike
) -> dict[str, float]:
    """Return every metric of one set of predictions.

    Parameters
    ----------
    truth
        0 or 1, shape (n,); 1 is hemorrhage.
    probability
        Probability of hemorrhage in [0, 1], shape (n,).
    predicted
        The decision, 0 or 1, shape (n,).

    Returns
    -------
    dict
        Every name in `METRICS`; NaN where a metric is undefined.

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
    return numerator / denominator if denominator else NAN


def from_counts(function: Callable[[float, float, float, float], float]) -> Compute:
    """Turn a function of the confusion matrix tn, fp, fn, tp into a metric's `compute`."""

    def compute(truth: np.ndarray, _: np.ndarray | None, predicted: np.ndarray) -> float:
        counts = np.bincount(2 * truth + predicted, minlength=4)
        return function(*(float(count) for count in counts))

    return compute


def precision(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return tp / (tp + fp); undefined where nothing is called positive."""
    return ratio(tp, tp + fp)


def recall(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return tp / (tp + fn); undefined without positives."""
    return ratio(tp, tp + fn)


def specificity(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return tn / (tn + fp); undefined without negatives."""
    return ratio(tn, tn + fp)


def accuracy(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return the share of right decisions."""
    return ratio(tp + tn, tn + fp + fn + tp)


def f1(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return 2 tp / (2 tp + fp + fn): 0, not undefined, where positives exist and none is found."""
    return ratio(2 * tp, 2 * tp + fp + fn)


def balanced_accuracy(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return the mean of recall and specificity; undefined without either class."""
    return (recall(tn, fp, fn, tp) + specificity(tn, fp, fn, tp)) / 2


def macro_precision(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return the mean of both classes' precisions; undefined where one class is never called."""
    return (precision(tn, fp, fn, tp) + ratio(tn, tn + fn)) / 2


def matthews_correlation(tn: float, fp: float, fn: float, tp: float) -> float:
    """Return the correlation of truth and decision; undefined where either never varies."""
    margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return ratio(tp * tn - fp * fn, margins**0.5)


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
        return NAN
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


def _count(name: str, title: str, index: int, *, higher_is_better: bool) -> Metric:
    compute = from_counts(lambda *counts: counts[index])
    return Metric(name, title, f"number of {title.lower()}", compute, higher_is_better, (0, inf))


# In the order of every table. `macro_recall` is another name of `balanced_accuracy`.
METRICS = {
    metric.name: metric
    for metric in (
        _count("tn", "True negatives", 0, higher_is_better=True),
        _count("fp", "False positives", 1, higher_is_better=False),
        _count("fn", "False negatives", 2, higher_is_better=False),
        _count("tp", "True positives", 3, higher_is_better=True),
        Metric("accuracy", "Accuracy", "accuracy", from_counts(accuracy)),
        Metric("precision", "Precision (PPV)", "positive predictive value", from_counts(precision)),
        Metric("recall", "Recall (sensitivity)", "sensitivity", from_counts(recall)),
        Metric("specificity", "Specificity", "specificity", from_counts(specificity)),
        Metric("f1", "F1", "F1 score", from_counts(f1)),
        Metric(
            "balanced_accuracy",
            "Balanced accuracy",
            "balanced accuracy",
            from_counts(balanced_accuracy),
        ),
        Metric(
            "mcc",
            "Matthews correlation",
            "Matthews correlation",
            from_counts(matthews_correlation),
            range=(-1, 1),
        ),
        Metric("roc_auc", "ROC AUC", "area under the ROC curve", roc_auc, needs_probability=True),
        Metric(
            "average_precision",
            "Average precision",
            "average precision",
            average_precision,
            needs_probability=True,
        ),
        Metric(
            "brier",
            "Brier score",
            "Brier score",
            brier,
            higher_is_better=False,
            needs_probability=True,
        ),
        Metric(
            "macro_precision", "Macro precision", "macro precision", from_counts(macro_precision)
        ),
        Metric("macro_recall", "Macro recall", "macro recall", from_counts(balanced_accuracy)),
    )
}
