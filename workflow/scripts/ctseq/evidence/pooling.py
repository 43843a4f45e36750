"""Test predictions of all replicates, pooled so that a patient counts once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError


@dataclass(frozen=True)
class Pooled:
    """What every model says of the patients that every model has tested on.

    Attributes
    ----------
    models
        Names, in config's order.
    patient_ids
        Shape (patients,), sorted.
    truth
        0 or 1, shape (patients,).
    probability
        Mean over the replicates that test on the patient, shape (models, patients).
    predicted
        The decision of most of these replicates, shape (models, patients).
    n_never_tested
        Patients of the study that are left out, because some model never tested them.
    """

    models: tuple[str, ...]
    patient_ids: np.ndarray
    truth: np.ndarray
    probability: np.ndarray
    predicted: np.ndarray
    n_never_tested: int

    @property
    def note(self) -> str:
        """Say how many patients are left out; empty if none is."""
        if not self.n_never_tested:
            return ""
        left = self.n_never_tested
        verbs = ("was", "is") if left == 1 else ("were", "are")
        return (
            f"{left} of {left + len(self.truth)} patients {verbs[0]} never tested and "
            f"{verbs[1]} left out"
        )


def pool_predictions(
    predictions: pd.DataFrame, patient_ids: Sequence[str], *, models: Sequence[str]
) -> Pooled:
    """Average a patient's predictions over the replicates in which it was in the test subset.

    A patient's decision is that of most of its replicates. If they are split evenly it is
    positive: to miss a hemorrhage costs more than to look twice.

    Parameters
    ----------
    predictions
        Columns model, replicate, patient_id, hemorrhage, probability and predicted.
    patient_ids
        All patients of the study.
    models
        Which models, in this order; other rows are left out.

    Raises
    ------
    InputError
        If a model has no predictions, a patient is unknown or has two truths, or no patient was
        in every model's test subsets.
    """
    absent = [model for model in models if model not in set(predictions["model"])]
    if absent or not models:
        raise InputError(f"predictions.csv holds no prediction of model {', '.join(absent)}.")
    rows = predictions[predictions["model"].isin(models)]
    strangers = sorted(set(rows["patient_id"]) - set(patient_ids))
    if strangers:
        raise InputError(
            f"predictions.csv names patient {strangers[0]}, who is not in patients.csv. "
            "Remake both."
        )
    by_patient = rows.groupby("patient_id")["hemorrhage"]
    torn = by_patient.min() != by_patient.max()
    if torn.any():
        raise InputError(
            f"predictions.csv gives patient {torn.index[torn][0]} two different truths. Remake it."
        )
    means = rows.groupby(["model", "patient_id"])[["probability", "predicted"]].mean()
    probability = means["probability"].unstack("patient_id").loc[list(models)]
    votes = means["predicted"].unstack("patient_id").loc[list(models)]
    everywhere = probability.columns[probability.notna().all()]
    if not len(everywhere):
        raise InputError("No patient was tested on by every model, so models cannot be compared.")
    probability = probability[everywhere].to_numpy()
    votes = votes[everywhere].to_numpy()
    return Pooled(
        tuple(models),
        everywhere.to_numpy(dtype=object),
        by_patient.first()[everywhere].to_numpy(),
        probability,
        (votes >= 0.5).astype(int),
        len(set(patient_ids)) - len(everywhere),
    )
