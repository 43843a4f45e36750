"""Fitting a model to features and predicting from it, whatever its family, in memory.

Rules fit a model once and store it. What trains many times, such as a learning curve, reads the
features once and calls `learn`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.encoders.sequences import ordered_slices
from ctseq.families.contract import Fitted, Learned, module_of
from ctseq.families.features import Features, Labelled, check_encoders
from ctseq.families.fusion import Scale, scale_of
from ctseq.families.inputs import Inputs, Reading
from ctseq.families.pooling import POOLS
from ctseq.families.registry import FAMILIES, OF_SLICES
from ctseq.replicates.splits import rows_of
from ctseq.replicates.tasks import Task, draw_task, tabulate_scores


def learn(
    data: Labelled,
    split: pd.DataFrame,
    model: Mapping[str, Any],
    *,
    folds: int | None,
    repeats: int = 1,
    seed: int,
    replicate: int,
) -> pd.DataFrame:
    """Fit a model, predict the test patients, and return `replicates.tables.SCORES`.

    Parameters are those of `fit`.
    """
    inner = {"folds": folds, "repeats": repeats}
    task, learned = fit(data, split, model, **inner, seed=seed, replicate=replicate)
    tested, _ = predict(learned.fitted, data.features, patients=patients_of(split, "test"))
    return tabulate_scores(task, tested, learned.held_out)


def fit(
    data: Labelled,
    split: pd.DataFrame,
    model: Mapping[str, Any],
    *,
    folds: int | None,
    repeats: int = 1,
    seed: int,
    replicate: int,
) -> tuple[Task, Learned]:
    """Learn from the training patients of a split; return what was to be learned, and what was.

    Parameters
    ----------
    data
        Features and labels, read once for all trainings.
    split
        `replicates.tables.SPLIT`. Every patient with features is in it, in one subset.
    model
        Its settings, as `study.models.Model.settings` returns them.
    folds
        Number of inner folds of the training patients that choose; None if the test patients
        choose the epoch, which what is solved and families that always tune do not allow.
    repeats
        How often inner folds are drawn.
    seed, replicate
        The study's seed and the number of the replicate. Together they seed all that is random in
        a training: a new head, the order of rows, inner folds, shuffled slices. The split has been
        drawn: another number trains anew on the same patients.

    Raises
    ------
    InputError
        If the family cannot read what the encoders see.
    """
    about, features = FAMILIES[model["family"]], data.features
    solved = model.get("training", {}).get("solver") == "exact"
    if (about.always_tunes or solved) and folds is None:
        raise ValueError(f"{model['family']} chooses on inner folds, and there are none")
    reading = Reading(
        sequences=about.together,
        pool=model.get("pool", model["family"] if model["family"] in POOLS else None),
        order=[seed, replicate] if model.get("shuffled") else None,
        scale=_scale(features, split),
        in_context=about.together and model.get("labels") == "slice",
    )
    _check_sight(model, reading, features)
    scans = ordered_slices(features.rows, shuffle_seed=reading.order).values()
    # Mirrored copies of the slices come behind the slices.
    views = [view * len(features.rows) for view in range(features.views)]
    inputs = reading.inputs_of(
        features.vectors,
        [slices + start for start in views for slices in scans],
        initializer_range=features.encoders[0]["initializer_range"],
    )
    task = draw_task(
        _rows(features, [own[:1] for own in scans], whole=True) if reading.whole else features.rows,
        data.scans,
        data.slices,
        split,
        labels=model.get("labels", "scan"),
        sequence_rule=model.get("sequence_rule"),
        views=features.views,
        folds=folds,
        repeats=repeats,
        seed=seed,
        replicate=replicate,
    )
    module = module_of(model["family"])
    learned = module.fit(inputs, task, model, seed=seed, replicate=replicate)
    fitted = replace(learned.fitted, reading=reading, encoders=features.encoders)
    return task, replace(learned, fitted=fitted)


def predict(
    fitted: Fitted, features: Features, *, patients: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict a dataset's scans from a fitted model.

    Each scan is predicted alone, so that no other matters, not even to the last digit.

    Parameters
    ----------
    fitted
        As `fit` or `stored.read_fitted` returns it.
    features
        By the encoders that it was fitted with, of any dataset.
    patients
        Ids of those whose scans are predicted; None for all.

    Returns
    -------
    scores
        `replicates.tables.SCORES` but for the subset.
    attention
        `tables.ATTENTION`; without rows if the family has none.

    Raises
    ------
    InputError
        If the features are of other encoders.
    """
    check_encoders(fitted.encoders, features.encoders)
    module, reading = module_of(fitted.family), fitted.reading
    patient = features.rows["patient_id"].to_numpy()
    rows, probability, attended, weights = [], [], [], []
    for slices in ordered_slices(features.rows, shuffle_seed=reading.order).values():
        if patients is None or patient[slices[0]] in patients:
            found = module.predict(fitted, _scan_alone(reading, features, slices))
            rows.append(slices[:1] if reading.whole else slices)
            probability.append(found.probability)
            attended += [slices for _ in found.attention]
            weights += found.attention
    scores = _rows(features, rows, whole=reading.whole)
    scores["probability"] = np.concatenate(probability)
    attention = _rows(features, attended)
    attention["weight"] = np.concatenate(weights) if weights else 0.0
    order = ["patient_id", "scan_id", "slice_number"]
    return tuple(
        table.sort_values(order, ignore_index=True, kind="stable") for table in (scores, attention)
    )


def patients_of(split: pd.DataFrame, subset: str) -> set[str]:
    """Return the ids of the patients of a subset."""
    return set(split.loc[split["subset"] == subset, "patient_id"])


def _scan_alone(reading: Reading, features: Features, slices: np.ndarray) -> Inputs:
    """Return the inputs of one scan, whose rows stand in the order of the reading."""
    return reading.inputs_of(
        [own[slices] for own in features.vectors],
        [np.arange(len(slices))],
        initializer_range=features.encoders[0]["initializer_range"],
    )


def _rows(features: Features, parts: list[np.ndarray], *, whole: bool = False) -> pd.DataFrame:
    """Return some rows of features; of whole scans, without numbers of slices."""
    rows = features.rows.iloc[np.concatenate([np.empty(0, int), *parts])].reset_index(drop=True)
    if whole:
        rows["slice_number"] = pd.array([pd.NA] * len(rows), "Int64")
    return rows


def _scale(features: Features, split: pd.DataFrame) -> Scale | None:
    """Return what several encoders' features are standardised by, from the training patients."""
    if len(features.vectors) == 1:
        return None
    train = np.flatnonzero(rows_of(split, "train", features.rows["patient_id"]))
    views = [train + view * len(features.rows) for view in range(features.views)]
    return scale_of(features.vectors, np.concatenate(views))


def _check_sight(model: Mapping[str, Any], reading: Reading, features: Features) -> None:
    family = model["family"]
    seen = {encoder["settings"]["sees"] for encoder in features.encoders}
    takes = FAMILIES[family].takes
    if reading.pool:
        takes = OF_SLICES
    if not seen <= {*takes}:
        pool = f" with pool {reading.pool}" if reading.pool else ""
        raise InputError(
            f"The family {family}{pool} reads features of a {' or '.join(takes)}, and its encoder "
            f"sees a {' or '.join(sorted(seen - {*takes}))}. Choose another encoder or family for "
            "the model (models.<name>)."
        )
