"""What a replicate's model has to learn: rows, their labels, and which rows train and test it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.core.seeds import INNER
from ctseq.core.tables import read_table
from ctseq.intake.tables import SCANS, SLICES
from ctseq.replicates.aggregation import Scans
from ctseq.replicates.splits import SUBSETS, inner_folds, read_split, rows_of


@dataclass(frozen=True)
class Fit:
    """One training: indices of the rows that are learned from, and of those that are held out.

    The trained model is applied to the latter; none of them is of a patient that was learned from.
    """

    train: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class Task:
    """What a replicate's model has to learn.

    Attributes
    ----------
    rows
        `cache.tables.ROWS` of the features, without their mirrored copies.
    labels
        0 or 1, shape (views * rows,), in the order of the features.
    scans
        The scan of each of `rows`.
    outer
        The replicate's own training: on all training rows, with the test rows held out.
    inner
        The trainings that tune it: one a fold of the training patients, which is held out, for each
        time that folds were drawn. Empty where nothing is tuned inside the training patients.
    """

    rows: pd.DataFrame
    labels: np.ndarray
    scans: Scans
    outer: Fit
    inner: list[Fit]


def read_task(inputs: Any, rows: pd.DataFrame, **settings: Any) -> Task:
    """Read the task of a replicate from the paths ``scans``, ``slices`` and ``split``.

    `rows` and `settings` are those of `draw_task`.
    """
    scans, slices = read_table(inputs.scans, SCANS), read_table(inputs.slices, SLICES)
    return draw_task(rows, scans, slices, read_split(inputs.split), **settings)


def draw_task(
    rows: pd.DataFrame,
    scans: pd.DataFrame,
    slices: pd.DataFrame | None,
    split: pd.DataFrame,
    *,
    labels: str,
    sequence_rule: str | None,
    views: int,
    folds: int | None,
    repeats: int = 1,
    seed: int,
    replicate: int,
) -> Task:
    """Return the task of a replicate.

    Parameters
    ----------
    rows
        `cache.tables.ROWS` of the features.
    scans, slices
        The dataset's tables; `slices` is read for labels of slices only.
    split
        `tables.SPLIT`: the training and the test patients.
    labels
        ``slice`` or ``scan``: whose label a row has.
    sequence_rule
        How rows make a scan's result, a key of `aggregation.SEQUENCE_RULES`; None if every row is
        a scan.
    views
        Copies of the rows in the features: 2 where mirrored ones follow the originals.
    folds
        Number of inner folds, or None.
    repeats
        How often they are drawn.
    seed, replicate
        The study's seed and the number of the replicate: together they seed the inner folds.
    """
    outer, inner = draw_fits(
        *(rows, scans, split),
        **{"folds": folds, "repeats": repeats, "seed": [seed, replicate, INNER], "views": views},
    )
    truth = row_labels(rows, slices, scans, of=labels)
    numbers, _ = pd.factorize(rows["scan_id"])
    of_rows = Scans(numbers, row_labels(rows, None, scans, of="scan"), sequence_rule)
    return Task(rows, np.tile(truth, views), of_rows, outer, inner)


def draw_fits(
    rows: pd.DataFrame,
    scans: pd.DataFrame,
    split: pd.DataFrame,
    *,
    folds: int | None,
    repeats: int = 1,
    seed: Sequence[int],
    views: int = 1,
) -> tuple[Fit, list[Fit]]:
    """Return the outer fit of a split, and inner fits of folds drawn from its training patients.

    Parameters are as for `draw_task`; `seed` is that of the first draw, and with the number of a
    repeat, from 1, that of another. Of several views of a row, all are learned from, but only the
    first is held out. Rows of patients in neither subset have no part.
    """
    training, test = (rows_of(split, subset, rows["patient_id"]) for subset in SUBSETS)
    outer = _fit(training, test, views)
    if folds is None:
        return outer, []
    known = scans[rows_of(split, "train", scans["patient_id"])]
    inner = []
    for own in [seed, *([*seed, repeat] for repeat in range(1, repeats))]:
        fold = rows["patient_id"].map(inner_folds(known, folds=folds, seed=own)).to_numpy()
        inner += [_fit(training & (fold != n), fold == n, views) for n in range(folds)]
    return outer, inner


def row_labels(
    rows: pd.DataFrame, slices: pd.DataFrame | None, scans: pd.DataFrame, *, of: str
) -> np.ndarray:
    """Return the label of each row, 0 or 1, shape (rows,).

    Parameters
    ----------
    rows
        `cache.tables.ROWS`.
    slices, scans
        The dataset's tables; `slices` is read for labels of slices only.
    of
        ``slice`` for the slice's own label, ``scan`` for its scan's.

    Raises
    ------
    InputError
        If a row is not in the dataset's tables, or slices have no labels of their own.
    """
    key = ["scan_id", "slice_number"] if of == "slice" else ["scan_id"]
    source = slices if of == "slice" else scans
    if source["target"].isna().any():
        raise InputError(
            "The dataset has labels of scans and none of slices, so a model cannot learn from its "
            "slices' own: set `labels: scan` for it, which teaches it the labels of scans."
        )
    labels = source.set_index(key)["target"]
    found = labels.reindex(pd.MultiIndex.from_frame(rows[key]) if len(key) > 1 else rows[key[0]])
    if found.isna().any():
        unknown = rows[key][found.isna().to_numpy()].iloc[0].to_dict()
        raise InputError(f"The dataset has no label for {unknown}; its tables were remade since.")
    return found.to_numpy().astype(int)


def held_out_means(
    fits: Sequence[Fit], probabilities: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that fits held out, each once and rising, and their mean probabilities.

    `probabilities` are those of the rows that each fit held out.
    """
    rows = np.concatenate([np.empty(0, int), *(fit.held_out for fit in fits)])
    sums = np.bincount(rows, np.concatenate([np.empty(0), *probabilities]))
    times = np.bincount(rows)
    own = np.flatnonzero(times)
    # As precise as they were, so that one probability is its own mean to the last digit.
    return own, (sums[own] / times[own]).astype(np.result_type(*probabilities))


def tabulate_scores(
    task: Task, test: pd.DataFrame | np.ndarray, inner: Sequence[np.ndarray]
) -> pd.DataFrame:
    """Return the probabilities of a task's held-out rows as a table, `tables.SCORES`.

    `test` are those of the test rows, or a table of these rows with them; `inner` those of the rows
    that each inner fit held out. Of a row that was held out several times, it has the mean.
    """
    if not isinstance(test, pd.DataFrame):
        test = task.rows.iloc[task.outer.held_out].assign(probability=test)
    parts = [test.assign(subset="test")]
    if task.inner:
        rows, means = held_out_means(task.inner, inner)
        parts.append(task.rows.iloc[rows].assign(subset="held_out", probability=means))
    order = ["subset", "patient_id", "scan_id", "slice_number"]
    return pd.concat(parts).sort_values(order, ignore_index=True, kind="stable")


def _fit(train: np.ndarray, held_out: np.ndarray, views: int) -> Fit:
    indices = np.flatnonzero(train)
    copies = [indices + len(train) * view for view in range(views)]
    return Fit(np.concatenate(copies), np.flatnonzero(held_out))
