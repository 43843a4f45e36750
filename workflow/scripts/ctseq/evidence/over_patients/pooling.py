"""Test predictions of all replicates, pooled so that a patient counts once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_patients.bootstrap import resample_counts
from ctseq.evidence.rows import check_level


@dataclass(frozen=True)
class Pooled:
    """Predictions of every model for the patients that every model has tested on.

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
    def notes(self) -> tuple[Note, ...]:
        """A note on how many patients are left out; none if none is."""
        if not self.n_never_tested:
            return ()
        of = self.n_never_tested + len(self.truth)
        return (note(Code.NEVER_TESTED, n=self.n_never_tested, of=of),)


@dataclass(frozen=True)
class PooledStudy:
    """A study's pooled predictions, and what its patients' intervals are computed from.

    Attributes
    ----------
    counts
        How often each patient occurs in each bootstrap resample.
    alpha
        Intervals have level 1 - `alpha`.
    """

    pooled: Pooled
    counts: np.ndarray
    alpha: float


def pooled_study(
    predictions: pd.DataFrame, patients: pd.DataFrame, settings: Mapping[str, Any]
) -> PooledStudy:
    """Return a study's pooled predictions and the resamples of its patients.

    Parameters
    ----------
    predictions, patients
        ``predictions.csv``, and the list of all patients.
    settings
        Keys models (in order), alpha, bootstrap_resamples, seed.
    """
    check_level(settings["alpha"], "comparison.alpha")
    pooled = pool_predictions(predictions, patients["patient_id"], models=settings["models"])
    counts = resample_counts(
        pooled.truth, resamples=settings["bootstrap_resamples"], seed=settings["seed"]
    )
    return PooledStudy(pooled, counts, settings["alpha"])


def pool_predictions(
    predictions: pd.DataFrame, patient_ids: Sequence[str], *, models: Sequence[str]
) -> Pooled:
    """Average a patient's predictions over the replicates in which it was in the test subset.

    A patient's decision is that of most of its replicates. If they are split evenly it is
    positive: to miss a hemorrhage costs more than to look twice.

    Parameters
    ----------
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
    means = means.unstack("patient_id").loc[list(models)]
    tested = means["probability"].notna().all()
    everywhere = tested.index[tested]
    if not len(everywhere):
        raise InputError("No patient was tested on by every model, so models cannot be compared.")
    return Pooled(
        tuple(models),
        everywhere.to_numpy(dtype=object),
        by_patient.first()[everywhere].to_numpy(),
        means["probability"][everywhere].to_numpy(),
        (means["predicted"][everywhere].to_numpy() >= 0.5).astype(int),
        len(set(patient_ids)) - len(everywhere),
    )
