"""The predictions of every model for the scans of its test patients, replicate by replicate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.rows import check_level


@dataclass(frozen=True)
class TestSet:
    """The scans of one replicate's test patients and what each model predicts for them.

    Attributes
    ----------
    replicate
        Its number.
    scan_ids, truth
        Sorted ids and labels, 0 or 1, shape (scans,).
    probability, predicted
        Probability of the target and decision, 0 or 1, shape (models, scans).
    """

    __test__ = False  # no test, whatever its name begins with

    replicate: int
    scan_ids: np.ndarray
    truth: np.ndarray
    probability: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True)
class Tested:
    """The test sets of a study's replicates, and how its models are compared.

    A replicate is a draw of patients, each with all of their scans: what varies over replicates
    does so by patient.

    Attributes
    ----------
    models
        Names, in config's order.
    sets
        One a replicate.
    scans
        `intake.tables.SCANS` and their subtypes (`participants.with_subtypes`), of all scans of the
        study.
    design
        How the replicates were drawn.
    settings
        Keys alpha, contrasts, thresholds, prevalence.
    """

    models: tuple[str, ...]
    sets: tuple[TestSet, ...]
    scans: pd.DataFrame
    design: Design
    settings: Mapping[str, Any]

    @property
    def corrected(self) -> dict[str, float]:
        """Options of an interval or test that allows for overlapping training sets."""
        return {"overlap": self.design.overlap, "alpha": self.settings["alpha"]}

    @property
    def prevalence(self) -> float:
        """Share of positive test scans, the mean over replicates."""
        return float(np.mean([own.truth.mean() for own in self.sets]))

    def predictions_of(self, model: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return a model's probabilities and the truth in each replicate's test subset."""
        index = self.models.index(model)
        return [own.probability[index] for own in self.sets], [own.truth for own in self.sets]


def tested_of(
    predictions: pd.DataFrame,
    scans: pd.DataFrame,
    design: Design,
    settings: Mapping[str, Any],
) -> Tested:
    """Return a study's test sets.

    Parameters
    ----------
    predictions
        ``predictions.csv``, of models that share their splits.
    scans
        The dataset's ``scans.csv``, with subtypes.
    design
        How the replicates were drawn.
    settings
        Keys models (in order), alpha, contrasts, thresholds, prevalence.

    Raises
    ------
    InputError
        If a model lacks predictions that another one has, or a scan is unknown or has another
        truth than in the list.
    """
    check_level(settings["alpha"], "comparison.alpha")
    models = list(settings["models"])
    _check(predictions, scans, models)
    labels = scans.set_index("scan_id")["target"]
    sets = []
    for replicate, rows in predictions.groupby("replicate"):
        wide = rows.pivot(index="scan_id", columns="model", values=["probability", "predicted"])
        if wide.isna().any(axis=None) or set(wide["probability"]) != set(models):
            raise InputError(
                f"predictions.csv lacks predictions of replicate {replicate} that another model "
                "has. Models are compared on the same scans; remake it."
            )
        probability, predicted = (
            wide[name][models].to_numpy().T for name in ("probability", "predicted")
        )
        ids, truth = wide.index.to_numpy(dtype=object), labels.loc[wide.index].to_numpy()
        sets.append(TestSet(int(replicate), ids, truth, probability, predicted.astype(int)))
    return Tested(tuple(models), tuple(sets), scans, design, settings)


def _check(predictions: pd.DataFrame, scans: pd.DataFrame, models: Sequence[str]) -> None:
    absent = [model for model in models if model not in set(predictions["model"])]
    if absent or not models:
        raise InputError(f"predictions.csv holds no prediction of model {', '.join(absent)}.")
    truth = predictions["scan_id"].map(scans.set_index("scan_id")["target"])
    wrong = predictions[truth.isna() | (truth != predictions["target"])]
    if len(wrong):
        raise InputError(
            f"predictions.csv names scan {wrong['scan_id'].iloc[0]}, which is not in scans.csv or "
            "has another label there. Remake both."
        )
