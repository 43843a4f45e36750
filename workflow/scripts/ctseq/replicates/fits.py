"""Which rows a replicate's trainings learn from, and which judge them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.replicates.splits import inner_folds, rows_of


@dataclass(frozen=True)
class Fit:
    """One training: positions of the rows that are learned, and of those that judge it."""

    train: np.ndarray
    held_out: np.ndarray


def replicate_fits(
    rows: pd.DataFrame,
    patients: pd.DataFrame,
    split: pd.DataFrame,
    *,
    folds: int | None,
    seed: Sequence[int],
    views: int = 1,
) -> tuple[Fit, list[Fit]]:
    """Say which rows a replicate learns from and which judge it.

    Parameters
    ----------
    rows
        `tables.ROWS`.
    patients
        `tables.PATIENTS`.
    split
        The replicate's, as `splits.read_split` gives it.
    folds
        Inner folds of the training patients, or None.
    seed
        Of the draw of the inner folds.
    views
        How often the features hold the rows: 2 with mirrored ones behind the original. All views
        are learned from; only the first judges.

    Returns
    -------
    outer
        All training rows; the test rows are held out.
    inner
        For each inner fold, the training rows of the others; its own are held out.
    """
    learned = rows_of(split, "train", rows["patient_id"])
    outer = _fit(learned, ~learned, views)
    if folds is None:
        return outer, []
    training = patients[rows_of(split, "train", patients["patient_id"])]
    fold = rows["patient_id"].map(inner_folds(training, folds=folds, seed=seed)).to_numpy()
    return outer, [
        _fit(learned & (fold != number), fold == number, views) for number in range(folds)
    ]


def _fit(train: np.ndarray, held_out: np.ndarray, views: int) -> Fit:
    positions = np.flatnonzero(train)
    copies = [positions + len(train) * view for view in range(views)]
    return Fit(np.concatenate(copies), np.flatnonzero(held_out))
