"""What a replicate's head has to learn: rows with their labels, and who learns and judges them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.seeds import INNER
from ctseq.core.tables import read_table
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.replicates.fits import Fit, replicate_fits
from ctseq.replicates.labels import labels_of
from ctseq.replicates.splits import read_split


@dataclass(frozen=True)
class Task:
    """What is to be learned from features that hold the rows once or, with mirrored views, twice.

    Attributes
    ----------
    rows
        `tables.ROWS`, of one view.
    labels
        0 or 1, of all views, shape (views * rows,).
    outer, inner
        As `fits.replicate_fits` gives them.
    """

    rows: pd.DataFrame
    labels: np.ndarray
    outer: Fit
    inner: list[Fit]


def read_task(
    inputs: Any,
    rows: pd.DataFrame,
    *,
    labels: str,
    views: int,
    folds: int | None,
    seed: int,
    replicate: int,
) -> Task:
    """Read what a replicate has to learn.

    Parameters
    ----------
    inputs
        Paths by name: ``patients``, ``split`` and, for labels of slices, ``slices``.
    rows
        `tables.ROWS` of the features.
    labels
        ``slice`` or ``patient``.
    views
        How often the features hold the rows.
    folds
        Inner folds of the training patients, or None.
    seed
        The study's.
    replicate
        From 1.
    """
    patients = read_table(inputs.patients, PATIENTS)
    slices = read_table(inputs.slices, SLICES) if labels == "slice" else None
    truth = labels_of(rows, slices, patients, labels=labels)
    outer, inner = replicate_fits(
        rows,
        patients,
        read_split(inputs.split),
        folds=folds,
        seed=[seed, replicate, INNER],
        views=views,
    )
    return Task(rows, np.tile(truth, views), outer, inner)


def tabulate_scores(task: Task, test: np.ndarray, inner: Iterable[np.ndarray]) -> pd.DataFrame:
    """Make `tables.SCORES` of probabilities.

    Parameters
    ----------
    task
        What was learned.
    test
        Of the test rows.
    inner
        Of each inner fit's rows, as they were held out; none where no folds chose.
    """
    parts = [("test", task.outer.held_out, test)]
    parts += [
        ("held_out", fit.held_out, probability)
        for fit, probability in zip(task.inner, inner, strict=True)
    ]
    scores = pd.concat(
        [
            task.rows.iloc[positions].assign(subset=subset, probability=probability)
            for subset, positions, probability in parts
        ]
    )
    order = ["subset", "patient_id", "slice_number"]
    return scores.sort_values(order, ignore_index=True, kind="stable")
