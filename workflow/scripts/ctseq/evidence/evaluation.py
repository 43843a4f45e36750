"""From a run's scores to predictions of scans and slices, and metrics.

Scores are read once; another rule or threshold for the same scores takes milliseconds.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import classification_metrics
from ctseq.replicates.aggregation import choose_threshold, combine_slices


@dataclass(frozen=True)
class Evaluation:
    """What a run's scores say of the scans of its test patients.

    Attributes
    ----------
    predictions
        `replicates.tables.PREDICTIONS` of the test scans.
    threshold
        The probability from which on a scan or slice is positive.
    metrics
        Every metric of `metrics.METRICS`; NaN is undefined.
    """

    predictions: pd.DataFrame
    threshold: float
    metrics: dict[str, float]


def evaluate(
    scores: pd.DataFrame,
    scans: pd.DataFrame,
    *,
    sequence_rule: str | None,
    threshold: float | str,
) -> Evaluation:
    """Return the predictions of a run's test scans and their metrics.

    Parameters
    ----------
    scores
        `replicates.tables.SCORES`.
    scans
        The dataset's table of scans, which has their labels.
    sequence_rule
        How slices make a scan's result, a key of `aggregation.SEQUENCE_RULES`; None if scores are
        those of scans.
    threshold
        The probability from which on a scan is positive, or ``chosen``: the one with the highest
        balanced accuracy over the training patients' scans that inner folds held out.

    Raises
    ------
    InputError
        If a scan with a score has no label.
    """
    if threshold == "chosen":
        held_out = _by_scan(scores, "held_out", scans, sequence_rule)
        threshold = choose_threshold(*_arrays(held_out, "target", "probability"))
    test = _predicted(_by_scan(scores, "test", scans, sequence_rule), threshold)
    columns = _arrays(test, "target", "probability", "predicted")
    return Evaluation(test, threshold, classification_metrics(*columns))


def predict_slices(scores: pd.DataFrame, slices: pd.DataFrame, *, threshold: float) -> pd.DataFrame:
    """Return `replicates.tables.SLICE_PREDICTIONS` of test scans, without rows for sequences.

    `scores` are those of `evaluate`; `slices` is the dataset's table of slices, which has their
    labels. What `threshold` decides of a slice makes no scan's result.

    Raises
    ------
    InputError
        If a slice with a score is not in the table.
    """
    test = scores[scores["subset"] == "test"].dropna(subset="slice_number")
    return _predicted(_labelled(test, slices, "slices", "scan_id", "slice_number"), threshold)


def _by_scan(
    scores: pd.DataFrame, subset: str, scans: pd.DataFrame, sequence_rule: str | None
) -> pd.DataFrame:
    """Return one probability a scan of a subset, beside its label."""
    scores = scores[scores["subset"] == subset]
    if sequence_rule is not None:
        scores = combine_slices(scores, rule=sequence_rule)
    return _labelled(scores, scans, "scans", "scan_id")


def _labelled(scores: pd.DataFrame, table: pd.DataFrame, name: str, *key: str) -> pd.DataFrame:
    """Join scores with one of the dataset's tables, which must have all of their rows."""
    names = list(key)
    joined = scores[[*names, "probability"]].merge(table, "left", names, indicator="found")
    missing = joined.loc[joined["found"] == "left_only", names]
    if len(missing):
        first = ", ".join(f"{column} {value}" for column, value in missing.iloc[0].items())
        raise InputError(
            f"The dataset's {name}.csv has no row of {first}, which has a score: make both again."
        )
    return joined


def _predicted(scores: pd.DataFrame, threshold: float) -> pd.DataFrame:
    return scores.assign(predicted=(scores["probability"] >= threshold).astype(int))


def _arrays(table: pd.DataFrame, *columns: str) -> list[np.ndarray]:
    return [table[column].to_numpy() for column in columns]
