"""Applying a trained head: probabilities of slices and patients, without PyTorch."""

import numpy as np
import pandas as pd

from ctseq.sequences import SEQUENCE_RULES


def probabilities(features: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Give the probability of hemorrhage from a linear head.

    Parameters
    ----------
    features
        float32, shape (rows, features).
    weight, bias
        Of the head; shapes (2, features) and (2,).

    Returns
    -------
    ndarray
        Softmax probability of class 1, float64, shape (rows,).
    """
    # Two classes need one difference of logits. Summed by numpy in double, row by row, and not
    # by a threaded matrix product, the bits do not depend on cores or on the other rows.
    contrast = (weight[1].astype(np.float64) - weight[0]) * features
    logit = contrast.sum(axis=1) + (float(bias[1]) - float(bias[0]))
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -700, 700)))  # exp overflows beyond 709


def combine_slices(slices: pd.DataFrame, *, rule: str, threshold: float) -> pd.DataFrame:
    """Combine the slices of each patient.

    Parameters
    ----------
    slices
        Columns ``patient_id`` and ``probability``.
    rule
        A key of `sequences.SEQUENCE_RULES`.
    threshold
        Probability from which a slice is positive.

    Returns
    -------
    DataFrame
        Columns ``patient_id`` and ``probability``, a row a patient, by patient id.
    """
    combine = SEQUENCE_RULES[rule]
    grouped = slices.groupby("patient_id", sort=True)["probability"]
    return grouped.agg(lambda values: combine(values.to_numpy(), threshold)).reset_index()
