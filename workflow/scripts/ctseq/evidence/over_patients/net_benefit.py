"""The net benefit of acting on a model's probabilities, beside acting on all patients or none."""

from dataclasses import asdict
from itertools import product

import numpy as np
import pandas as pd

from ctseq.evidence.over_patients.estimates import UNBOUNDED, mean_band, mean_estimate
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.over_replicates.resampled import corrected_t
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


def decision_curve_table(tested: Tested) -> pd.DataFrame:
    """Return each model's mean net benefit on a grid of thresholds, and that of treating all."""
    all_treated = _treat_all(tested, GRID).mean(axis=0)
    tables = []
    for model in tested.models:
        band = mean_band(GRID, _of_model(tested, model, GRID), limits=UNBOUNDED, **tested.corrected)
        columns = {"threshold": band.x, **{name: vars(band)[name] for name in _INTERVAL}}
        tables.append(pd.DataFrame({"model": model, **columns, "treat_all": all_treated}))
    return pd.concat(tables, ignore_index=True)


def net_benefit_table(tested: Tested) -> pd.DataFrame:
    """Return each model's mean net benefit at the study's thresholds, beside treating all."""
    thresholds = np.array(tested.settings["thresholds"])
    all_treated = _treat_all(tested, thresholds).mean(axis=0)
    values = {model: _of_model(tested, model, thresholds) for model in tested.models}
    rows = []
    for (index, threshold), model in product(enumerate(thresholds), tested.models):
        found = mean_estimate(values[model][:, index], limits=UNBOUNDED, **tested.corrected)
        rows.append(
            {"threshold": threshold, "model": model, **vars(found), "treat_all": all_treated[index]}
        )
    return table_with_notes(rows, n=len(tested.sets))


def net_benefit_differences_table(tested: Tested) -> pd.DataFrame:
    """Return the corrected test of the contrasts' net benefit at the study's thresholds."""
    thresholds = np.array(tested.settings["thresholds"])
    values = {model: _of_model(tested, model, thresholds) for model in tested.models}
    rows = []
    for (index, threshold), (a, b) in product(enumerate(thresholds), tested.settings["contrasts"]):
        found = corrected_t(values[a][:, index], values[b][:, index], **tested.corrected)
        rows.append({"threshold": threshold, "model_a": a, "model_b": b, **asdict(found)})
    return table_with_notes(rows, n=len(tested.sets))


_INTERVAL = ("estimate", "low", "high")


def _of_model(tested: Tested, model: str, thresholds: np.ndarray) -> np.ndarray:
    """Return a model's net benefit in each replicate, shape (J, thresholds)."""
    sets = zip(*tested.predictions_of(model), strict=True)
    return np.array([net_benefit(*own, thresholds) for own in sets])


def _treat_all(tested: Tested, thresholds: np.ndarray) -> np.ndarray:
    return np.array([treat_all(own.truth, thresholds) for own in tested.sets])
