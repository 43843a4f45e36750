"""Metrics of a binary classifier from its predictions, with undefined ones left undefined.

NumPy alone, because the rule that calls this must start in well under a second.
"""

import numpy as np
from numpy.typing import ArrayLike

METRICS = (
    "tn",
    "fp",
    "fn",
    "tp",
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "balanced_accuracy",
    "mcc",
    "roc_auc",
    "average_precision",
    "brier",
    "macro_precision",
    "macro_recall",
)
LOWER_IS_BETTER = frozenset({"fp", "fn", "brier", "expected_calibration_error"})


def higher_is_better(metric: str) -> bool:
    """Tell whether a model with more of `metric` is the better one."""
    return metric not in LOWER_IS_BETTER


def classification_metrics(
    truth: ArrayLike, probability: ArrayLike, predicted: ArrayLike
) -> dict[str, float]:
    """Measure one set of predictions.

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
        Every name in `METRICS`. A ratio of 0 to 0 is undefined and NaN: precision where nothing
        is called positive, recall without positives, areas with one class only, the Matthews
        coefficient where a margin is empty, an average over classes where one of them is
        undefined.

    Raises
    ------
    ValueError
        If shapes differ, there are no predictions, or a value is out of range.

    Notes
    -----
    `f1` is 2 tp / (2 tp + fp + fn), so it is 0 and not undefined where positives exist and none
    is found. `macro_precision` and `macro_recall` are unweighted means over the two classes;
    `macro_recall` is another name of `balanced_accuracy`. `average_precision` is the sum of
    precision times step of recall, without interpolation, and ties in probability make one step.
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
    counts = np.bincount(2 * truth + predicted, minlength=4)
    roc_auc, average_precision = _areas(truth, probability)
    measured = {
        **counted_metrics(*(float(count) for count in counts)),
        "roc_auc": roc_auc,
        "average_precision": average_precision,
        "brier": float(np.mean((probability - truth) ** 2)),
    }
    return {name: measured[name] for name in METRICS}


def counted_metrics(tn: float, fp: float, fn: float, tp: float) -> dict[str, float]:
    """Measure a confusion matrix: those of `METRICS` that need no probabilities."""
    recall, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    balanced_accuracy = (recall + specificity) / 2
    margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return {
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tp": tp,
        "accuracy": ratio(tp + tn, tn + fp + fn + tp),
        "precision": ratio(tp, tp + fp),
        "recall": recall,
        "specificity": specificity,
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "balanced_accuracy": balanced_accuracy,
        "mcc": ratio(tp * tn - fp * fn, margins**0.5),
        "macro_precision": (ratio(tp, tp + fp) + ratio(tn, tn + fn)) / 2,
        "macro_recall": balanced_accuracy,
    }


def ratio(part: float, whole: float) -> float:
    """Divide, with 0/0 undefined (NaN)."""
    return part / whole if whole else float("nan")


def _areas(truth: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Give the area under the ROC curve and the average precision, one step per distinct value."""
    n_positive = int(truth.sum())
    n_negative = truth.size - n_positive
    if not n_positive or not n_negative:
        return float("nan"), float("nan")
    _, step = np.unique(-probability, return_inverse=True)
    positives = np.bincount(step, weights=truth)
    negatives = np.bincount(step, weights=1 - truth)
    found, false = np.cumsum(positives), np.cumsum(negatives)
    # A positive beats the negatives of later steps and draws with those of its own.
    wins = positives @ (n_negative - false + negatives / 2)
    average_precision = positives @ (found / (found + false)) / n_positive
    return float(wins / (n_positive * n_negative)), float(average_precision)


def _flags(values: ArrayLike, name: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"{name} must hold one value a prediction; its shape is {values.shape}")
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"{name} must hold 0 and 1 only")
    return values.astype(int)
