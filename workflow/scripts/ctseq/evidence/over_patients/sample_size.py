"""How precisely a number of patients measures a model, and how many a wanted precision needs.

Riley et al. 2024 (BMJ 384:e074821) and 2021 (Statistics in Medicine 40:4230-4251), for a binary
outcome: one finished model, tested on n patients it has not seen.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from scipy import special, stats

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.rows import table_with_notes

# The widths of intervals that pmvalsampsize, the authors' program, asks for where none is given.
WANTED = {"roc_auc": 0.1, "observed_expected": 0.2, "slope": 0.2}
_MOST = 10**6  # patients beyond which a number is no plan
# Standard deviations of a normal distribution beyond which less than 1e-16 lies, and points within
# them: sums over evenly spaced points of an integrand this smooth are exact to rounding.
_END, _POINTS = 8.3, 2001


def auc_error(auc: float, prevalence: float, n: int) -> float:
    """Return the standard error of an AUC from `n` patients.

    Newcombe 2006 (Statistics in Medicine 25:559-573, method 4), after Hanley and McNeil 1982,
    with the numbers of positive and negative patients replaced by their mean in the small terms.
    """
    part = n / 2 - 1
    variance = auc * (1 - auc) * (1 + part * (1 - auc) / (2 - auc) + part * auc / (1 + auc))
    return float(np.sqrt(variance / (n**2 * prevalence * (1 - prevalence))))


def observed_expected_error(prevalence: float, n: int) -> float:
    """Return the standard error of ln(O/E) from `n` patients of a model whose true O/E is 1."""
    return float(np.sqrt((1 - prevalence) / (n * prevalence)))


def slope_error(logits: np.ndarray, weights: np.ndarray, n: int) -> float:
    """Return the standard error of the calibration slope from `n` patients; NaN if none can be.

    From Fisher's information of the logistic regression of truth on the model's logit, at
    intercept 0 and slope 1.

    Parameters
    ----------
    logits, weights
        Distribution of the model's logit: points, and their probabilities.
    """
    p = special.expit(logits)
    moments = [float(weights @ (logits**power * p * (1 - p))) for power in (0, 1, 2)]
    determinant = moments[0] * moments[2] - moments[1] ** 2
    return float(np.sqrt(moments[0] / (n * determinant))) if determinant > 0 else np.nan


def normal_logits(mean: float, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points of a normal distribution and their probabilities, for `slope_error`."""
    z = np.linspace(-_END, _END, _POINTS)
    density = stats.norm.pdf(z)
    return mean + sd * z, density / density.sum()


def calibrated_logits(auc: float, prevalence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits of a calibrated model with this AUC, as points and their probabilities.

    Normal in either class with one variance, 2 z^2 where z is the normal quantile of the AUC. The
    model is calibrated if the classes' means are as far apart as the variance (Riley et al. 2021;
    `lpcstat` of pmvalsampsize finds the mean by trial, here it follows).
    """
    variance = 2 * stats.norm.ppf(auc) ** 2
    without = special.logit(prevalence) - variance / 2
    classes = (1 - prevalence, without), (prevalence, without + variance)
    parts = [(share, *normal_logits(mean, np.sqrt(variance))) for share, mean in classes]
    logits = np.concatenate([points for _, points, _ in parts])
    return logits, np.concatenate([share * weights for share, _, weights in parts])


def interval_width(measure: str, n: int, *, auc: float, prevalence: float, alpha: float) -> float:
    """Return how wide the interval of a measure, a key of `WANTED`, is with `n` patients."""
    z = float(stats.norm.isf(alpha / 2))
    if measure == "roc_auc":
        return 2 * z * auc_error(auc, prevalence, n)
    if measure == "observed_expected":  # symmetric around 0 on the log scale
        return 2 * float(np.sinh(z * observed_expected_error(prevalence, n)))
    return 2 * z * slope_error(*calibrated_logits(auc, prevalence), n)


def patients_for(width: Callable[[int], float], wanted: float) -> float:
    """Return the smallest number of patients, from 2, with an interval of at most this width.

    `width` takes the number and falls with it. NaN if a million are too few.
    """
    numbers = range(2, _MOST + 1)
    if not width(_MOST) <= wanted:
        return np.nan
    return float(numbers[bisect_left(numbers, True, key=lambda n: width(n) <= wanted)])


def sample_size_table(tested: Tested) -> pd.DataFrame:
    """Return the precision that a test on as many patients as the study's gives each model.

    The formulas are of independent scans: one a patient, positive as often as the study's are.
    `expected` is the value assumed: the model's mean AUC, and 1 for O/E and the slope.
    """
    prevalence = float(tested.scans["target"].mean())
    n = tested.scans["patient_id"].nunique()
    rows = []
    for model in tested.models:
        given = {"auc": _mean_auc(tested, model), "prevalence": prevalence}
        given |= {"alpha": tested.settings["alpha"]}
        for measure, wanted in WANTED.items():
            expected = given["auc"] if measure == "roc_auc" else 1.0
            names = {"model": model, "measure": measure, "expected": expected}
            names |= {"prevalence": prevalence, "n_patients": n, "wanted_width": wanted}
            rows.append(names | _precision(measure, n, wanted, given))
    return table_with_notes(rows)


def _precision(
    measure: str, n: int, wanted: float, given: Mapping[str, float]
) -> dict[str, object]:
    """Return the cells of a row: the width that `n` patients give, and the number for a wanted."""
    # Logits of a model that tells nothing apart do not vary; those of a perfect one have no end.
    if not 0 < given["prevalence"] < 1:
        why = note(Code.NEEDS_BOTH_CLASSES)
    elif measure != "observed_expected" and not 0.5 < given["auc"] < 1:
        why = note(Code.NEEDS_AUC_ABOVE_CHANCE)
    else:
        width = partial(interval_width, measure, **given)
        needed = patients_for(width, wanted)
        notes = (note(Code.TOO_MANY_PATIENTS, most=_MOST),) if np.isnan(needed) else ()
        return {"width": width(n), "patients_needed": needed, "notes": notes}
    return {"width": np.nan, "patients_needed": np.nan, "notes": (why,)}


def _mean_auc(tested: Tested, model: str) -> float:
    """Return a model's AUC, the mean over the replicates in which it is defined."""
    sets = zip(*tested.predictions_of(model), strict=True)
    values = np.array([METRICS["roc_auc"].compute(truth, p, truth) for p, truth in sets])
    return float(values[~np.isnan(values)].mean()) if not np.isnan(values).all() else np.nan
