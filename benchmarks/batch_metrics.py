"""The metrics of `ctseq.evidence.metrics`, of many replicates of many studies at once.

Arrays have the shape (..., patients), and results the shape (...). Undefined values are NaN.
"""

import numpy as np

THRESHOLDS = (0.1, 0.2, 0.3, 0.5)


def batch_metrics(
    truth: np.ndarray, tested: np.ndarray, probability: np.ndarray, predicted: np.ndarray
) -> dict[str, np.ndarray]:
    """Return every metric that can be compared, and net benefit at `THRESHOLDS`.

    Parameters
    ----------
    truth, predicted
        Labels and decisions, bool; `truth` is broadcast.
    tested
        Which patients are in the test subset: only these count.
    probability
        Of the target.
    """
    positive, negative = tested & truth, tested & ~truth
    n_positive, n_negative = positive.sum(axis=-1), negative.sum(axis=-1)
    tp, fp = (positive & predicted).sum(axis=-1), (negative & predicted).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        metrics = _counted(n_negative - fp, fp, n_positive - tp, tp)
        metrics |= _ranked(positive, negative, probability)
        n = n_positive + n_negative
        metrics["brier"] = ((probability - truth) ** 2 * tested).sum(axis=-1) / n
        for threshold in THRESHOLDS:
            called = probability >= threshold
            hits, alarms = ((x & called).sum(axis=-1) / n for x in (positive, negative))
            odds = threshold / (1 - threshold)
            metrics[f"net_benefit_{threshold:g}"] = hits - odds * alarms
    return metrics


def _counted(
    tn: np.ndarray, fp: np.ndarray, fn: np.ndarray, tp: np.ndarray
) -> dict[str, np.ndarray]:
    recall, specificity = tp / (tp + fn), tn / (tn + fp)
    precision, balanced = tp / (tp + fp), (recall + specificity) / 2
    return {
        "accuracy": (tp + tn) / (tn + fp + fn + tp),
        "precision": precision,
        "recall": recall,
        "specificity": specificity,
        "f1": 2 * tp / (2 * tp + fp + fn),
        "balanced_accuracy": balanced,
        "mcc": (tp * tn - fp * fn)
        / np.sqrt(((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)).astype(float)),
        "macro_precision": (precision + tn / (tn + fn)) / 2,
        "macro_recall": balanced,
    }


def _ranked(
    positive: np.ndarray, negative: np.ndarray, probability: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the area under the ROC curve, ties counting half, and the average precision."""
    falling = np.where(positive | negative, -probability, np.inf)  # others come last
    order = falling.argsort(axis=-1)
    falling, positive, negative = (
        np.take_along_axis(x, order, axis=-1) for x in (falling, positive, negative)
    )
    found, false = np.cumsum(positive, axis=-1), np.cumsum(negative, axis=-1)
    # Equal probabilities make one step: each patient counts what is found at the end of its own.
    position = np.arange(falling.shape[-1])
    differs = falling[..., 1:] != falling[..., :-1]
    edge = np.ones((*falling.shape[:-1], 1), bool)
    last = np.where(np.concatenate([differs, edge], axis=-1), position, position[-1])
    first = np.where(np.concatenate([edge, differs], axis=-1), position, 0)
    end = np.minimum.accumulate(last[..., ::-1], axis=-1)[..., ::-1]
    start = np.maximum.accumulate(first, axis=-1)
    found_end, false_end = (np.take_along_axis(x, end, axis=-1) for x in (found, false))
    false_before = np.take_along_axis(false - negative, start, axis=-1)
    n_positive, n_negative = found[..., -1], false[..., -1]
    wins = (positive * (n_negative[..., None] - (false_end + false_before) / 2)).sum(axis=-1)
    precision = (positive * found_end / (found_end + false_end)).sum(axis=-1)
    area, average = wins / (n_positive * n_negative), precision / n_positive
    return {"roc_auc": area, "average_precision": np.where(n_negative > 0, average, np.nan)}
