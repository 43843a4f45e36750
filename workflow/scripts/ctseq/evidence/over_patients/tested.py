"""The predictions of every model for its test patients, replicate by replicate."""

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
    """One replicate's test patients and what each model predicts for them.

    Attributes
    ----------
    replicate
        Its number.
    patient_ids, truth
        Sorted ids and labels, 0 or 1, shape (patients,).
    probability, predicted
        Probability of the target and decision, 0 or 1, shape (models, patients).
    """

    __test__ = False  # no test, whatever its name begins with

    replicate: int
    patient_ids: np.ndarray
    truth: np.ndarray
    probability: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True)
class Tested:
    """The test sets of a study's replicates, and how its models are compared.

    Attributes
    ----------
    models
        Names, in config's order.
    sets
        One a replicate.
    patients
        `intake.tables.PATIENTS` and their subtypes (`participants.with_subtypes`), of all patients
        of the study.
    design
        How the replicates were drawn.
    settings
        Keys alpha, contrasts, thresholds, prevalence.
    """

    models: tuple[str, ...]
    sets: tuple[TestSet, ...]
    patients: pd.DataFrame
    design: Design
    settings: Mapping[str, Any]

    @property
    def corrected(self) -> dict[str, float]:
        """Options of an interval or test that allows for overlapping training sets."""
        return {"overlap": self.design.overlap, "alpha": self.settings["alpha"]}

    @property
    def prevalence(self) -> float:
        """Share of positive test patients, the mean over replicates."""
        return float(np.mean([own.truth.mean() for own in self.sets]))

    def predictions_of(self, model: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return a model's probabilities and the truth in each replicate's test subset."""
        index = self.models.index(model)
        return [own.probability[index] for own in self.sets], [own.truth for own in self.sets]


def tested_of(
    predictions: pd.DataFrame,
    patients: pd.DataFrame,
    design: Design,
    settings: Mapping[str, Any],
) -> Tested:
    """Return a study's test sets.

    Parameters
    ----------
    predictions
        ``predictions.csv``, of models that share their splits.
    patients
        The dataset's ``patients.csv``.
    design
        How the replicates were drawn.
    settings
        Keys models (in order), alpha, contrasts, thresholds, prevalence.

    Raises
    ------
    InputError
        If a model lacks predictions that another one has, or a patient is unknown or has another
        truth than in the list.
    """
    check_level(settings["alpha"], "comparison.alpha")
    models = list(settings["models"])
    _check(predictions, patients, models)
    sets = []
    for replicate, rows in predictions.groupby("replicate"):
        wide = rows.pivot(index="patient_id", columns="model", values=["probability", "predicted"])
        truth = patients.set_index("patient_id")["hemorrhage"].loc[wide.index]
        if wide.isna().any(axis=None) or set(wide["probability"]) != set(models):
            raise InputError(
                f"predictions.csv lacks predictions of replicate {replicate} that another model "
                "has. Models are compared on the same patients; remake it."
            )
        probability, predicted = (
            wide[name][models].to_numpy().T for name in ("probability", "predicted")
        )
        ids = wide.index.to_numpy(dtype=object)
        sets.append(
            TestSet(int(replicate), ids, truth.to_numpy(), probability, predicted.astype(int))
        )
    return Tested(tuple(models), tuple(sets), patients, design, settings)


def _check(predictions: pd.DataFrame, patients: pd.DataFrame, models: Sequence[str]) -> None:
    absent = [model for model in models if model not in set(predictions["model"])]
    if absent or not models:
        raise InputError(f"predictions.csv holds no prediction of model {', '.join(absent)}.")
    truth = predictions["patient_id"].map(patients.set_index("patient_id")["hemorrhage"])
    wrong = predictions[truth.isna() | (truth != predictions["hemorrhage"])]
    if len(wrong):
        raise InputError(
            f"predictions.csv names patient {wrong['patient_id'].iloc[0]}, who is not in "
            "patients.csv or has another label there. Remake both."
        )
