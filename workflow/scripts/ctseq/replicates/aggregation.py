"""From scores to decisions about patients."""

import numpy as np
import pandas as pd

from ctseq.encoders.sequences import SEQUENCE_RULES


def combine_slices(slices: pd.DataFrame, *, rule: str) -> pd.DataFrame:
    """Combine the slices of each patient.

    Parameters
    ----------
    slices
        Columns ``patient_id`` and ``probability``.
    rule
        A key of `sequences.SEQUENCE_RULES`.

    Returns
    -------
    DataFrame
        Columns ``patient_id`` and ``probability``, a row a patient, by patient id.
    """
    combine = SEQUENCE_RULES[rule]
    grouped = slices.groupby("patient_id", sort=True)["probability"]
    return grouped.agg(lambda values: combine(values.to_numpy())).reset_index()


def choose_threshold(truth: np.ndarray, probability: np.ndarray) -> float:
    """Choose the threshold with the highest balanced accuracy (Youden's J).

    Parameters
    ----------
    truth
        0 or 1, shape (patients,), of both classes.
    probability
        Of hemorrhage, shape (patients,).

    Returns
    -------
    float
        Halfway between two patients' probabilities, so that none lies on it; of equally good ones
        the nearest to 0.5, the lower of two.

    Raises
    ------
    ValueError
        If the patients are of one class.
    """
    positive, negative = probability[truth == 1], probability[truth == 0]
    if not len(positive) or not len(negative):
        raise ValueError("a threshold is chosen between two classes")
    values = np.unique(np.concatenate([[0.0], probability, [1.0]]))
    thresholds = (values[1:] + values[:-1]) / 2
    called = [(group >= thresholds[:, None]).mean(axis=1) for group in (positive, negative)]
    # Rounded, so that equal shares of other denominators are equal.
    gain = np.round(called[0] - called[1], 12)
    best = thresholds[gain == gain.max()]
    return float(best[np.argmin(np.round(np.abs(best - 0.5), 12))])
