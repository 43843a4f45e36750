"""The net benefit of acting on a model's probabilities, beside acting on all patients or none."""

from dataclasses import asdict
from itertools import product

import numpy as np
import pandas as pd

from ctseq.evidence.over_patients.estimates import UNBOUNDED, mean_band, mean_estimate
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.over_replicates.resampled import corrected_t, cut_at
from ctseq.evidence.rows import table_with_notes

GRID = np.arange(1, 100) / 100


def net_benefit(probability: np.ndarray, truth: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the net benefit at each threshold: TP/n - FP/n t/(1 - t).

    Vickers and Elkin 2006 (Medical Decision Making 26:565-574). Patients with a probability of t
    or more are acted on; t says how many needless actions one found patient is worth. It is in
    units of found patients a patient, and that of acting on nobody is 0.

    Parameters
    ----------
    probability, truth
        Predictions and labels, 0 or 1, shape (n,).
    thresholds
        Probabilities from which one would act, between 0 and 1, shape (k,).
    """
    thresholds = np.asarray(thresholds, dtype=float)
    if not ((thresholds > 0) & (thresholds < 1)).all():
        raise ValueError("thresholds must lie between 0 and 1")
    acted = np.asarray(probability) >= thresholds[:, None]
    found, needless = ((acted & (truth == label)).mean(axis=1) for label in (1, 0))
    return found - needless * thresholds / (1 - thresholds)


def treat_all(truth: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the net benefit of acting on every patient at each threshold."""
    return net_benefit(np.ones(len(truth)), truth, thresholds)


def attainable(
    prevalence: float, thresholds: np.ndarray | float
) -> tuple[np.ndarray | float, float]:
    """Return the smallest and the largest net benefit that there can be at each threshold.

    The smallest is that of acting on all negative patients and no others, the largest that of
    acting on all positive ones and no others.

    Parameters
    ----------
    prevalence
        Share of positive patients.
    thresholds
        Between 0 and 1.
    """
    return -(1 - prevalence) * thresholds / (1 - thresholds), prevalence


def decision_curve_table(tested: Tested) -> pd.DataFrame:
    """Return each model's mean net benefit on a grid of thresholds, and that of treating all."""
    all_treated = _treat_all(tested, GRID).mean(axis=0)
    limits = attainable(tested.prevalence, GRID)
    tables = []
    for model in tested.models:
        band = mean_band(GRID, _of_model(tested, model, GRID), limits=UNBOUNDED, **tested.corrected)
        columns = {
            "threshold": band.x,
            "estimate": band.estimate,
            "low": np.clip(band.low, *limits),
            "high": np.clip(band.high, *limits),
        }
        tables.append(pd.DataFrame({"model": model, **columns, "treat_all": all_treated}))
    return pd.concat(tables, ignore_index=True)


def net_benefit_table(tested: Tested) -> pd.DataFrame:
    """Return each model's mean net benefit at the study's thresholds, beside treating all.

    Intervals are cut at the net benefit that is attainable at the test patients' prevalence.
    """
    thresholds = np.array(tested.settings["thresholds"])
    all_treated = _treat_all(tested, thresholds).mean(axis=0)
    values = {model: _of_model(tested, model, thresholds) for model in tested.models}
    rows = []
    for (index, threshold), model in product(enumerate(thresholds), tested.models):
        found = mean_estimate(values[model][:, index], limits=UNBOUNDED, **tested.corrected)
        own = cut_at(vars(found), attainable(tested.prevalence, threshold))
        rows.append(
            {"threshold": threshold, "model": model, **own, "treat_all": all_treated[index]}
        )
    return table_with_notes(rows, n=len(tested.sets))


def net_benefit_differences_table(tested: Tested) -> pd.DataFrame:
    """Return the corrected test of the contrasts' net benefit at the study's thresholds.

    Intervals are cut at the largest difference of two attainable net benefits.
    """
    thresholds = np.array(tested.settings["thresholds"])
    values = {model: _of_model(tested, model, thresholds) for model in tested.models}
    rows = []
    for (index, threshold), (a, b) in product(enumerate(thresholds), tested.settings["contrasts"]):
        found = corrected_t(values[a][:, index], values[b][:, index], **tested.corrected)
        smallest, largest = attainable(tested.prevalence, threshold)
        own = cut_at(asdict(found), (smallest - largest, largest - smallest))
        rows.append({"threshold": threshold, "model_a": a, "model_b": b, **own})
    return table_with_notes(rows, n=len(tested.sets))


def _of_model(tested: Tested, model: str, thresholds: np.ndarray) -> np.ndarray:
    """Return a model's net benefit in each replicate, shape (J, thresholds)."""
    sets = zip(*tested.predictions_of(model), strict=True)
    return np.array([net_benefit(*own, thresholds) for own in sets])


def _treat_all(tested: Tested, thresholds: np.ndarray) -> np.ndarray:
    return np.array([treat_all(own.truth, thresholds) for own in tested.sets])
