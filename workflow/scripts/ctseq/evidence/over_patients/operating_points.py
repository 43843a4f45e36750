"""Sensitivity and specificity of decisions and at fixed specificities, and predictive values.

Every number is the mean of the replicates' own; no decision is a vote of several models.
"""

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_patients.curves import roc_points
from ctseq.evidence.over_patients.estimates import Estimate, estimate_of, mean_estimate
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.rows import table_with_notes

FIXED_SPECIFICITIES = (0.8, 0.9, 0.95)


def sensitivity_at(
    probability: np.ndarray, truth: np.ndarray, specificity: float
) -> tuple[float, float]:
    """Return the highest sensitivity with at least this specificity, and the specificity it has.

    The threshold is chosen on the patients themselves, which flatters it. Both are NaN without
    patients of both classes.
    """
    false, true = roc_points(probability, truth)
    if np.isnan(false).any():
        return np.nan, np.nan
    # Rates that are equal on paper may not be in binary. The first point calls nobody positive.
    allowed = false <= 1 - specificity + 1e-12
    best = int(np.argmax(true[allowed]))
    return float(true[best]), float(1 - false[best])


def predictive_values(
    sensitivity: np.ndarray,
    specificity: np.ndarray,
    prevalence: float,
    *,
    overlap: float,
    alpha: float,
) -> tuple[Estimate, Estimate]:
    """Return the positive and the negative predictive value at a prevalence.

    Bayes' theorem with the mean sensitivity and specificity over replicates: by it, the odds of
    a positive predictive value are those of the prevalence times the likelihood ratio. Intervals
    are symmetric on the logit scale, by the delta method, and keep the two rates' covariance. There
    is none where most replicates call no patient so, or all patients of the other class.

    Parameters
    ----------
    sensitivity, specificity
        Of each replicate, shape (J,); those that lack either are left out.
    prevalence
        Share of positive patients where the model would be used, between 0 and 1.
    """
    if not 0 <= prevalence <= 1:
        raise ValueError(f"prevalence is {prevalence} but must lie between 0 and 1")
    defined = ~(np.isnan(sensitivity) | np.isnan(specificity))
    sensitivity, specificity = sensitivity[defined], specificity[defined]
    options = {"overlap": overlap, "alpha": alpha}
    return (
        _predictive_value(sensitivity, 1 - specificity, prevalence, **options),
        _predictive_value(specificity, 1 - sensitivity, 1 - prevalence, **options),
    )


def operating_points_table(tested: Tested) -> pd.DataFrame:
    """Return mean sensitivity and specificity, of the decisions and at fixed specificities.

    Specificities that are held at a value have no interval.
    """
    rows = []
    for model in tested.models:
        sensitivity, specificity = (
            mean_estimate(values, **tested.corrected) for values in _decided(tested, model)
        )
        row = {"model": model, "operating_point": "decisions"}
        rows.append(row | _both(sensitivity=sensitivity, specificity=specificity))
        sets = [*zip(*tested.predictions_of(model), strict=True)]
        for fixed in FIXED_SPECIFICITIES:
            reached, held = np.array([sensitivity_at(*own, fixed) for own in sets]).T
            sensitivity = mean_estimate(reached, **tested.corrected)
            # One that is held near a value says nothing about other patients: no interval.
            specificity = Estimate(mean_estimate(held, **tested.corrected).estimate)
            row = {"model": model, "operating_point": f"specificity at least {fixed:.2f}"}
            row |= _both(sensitivity=sensitivity, specificity=specificity)
            rows.append(row | {"notes": (*row["notes"], note(Code.THRESHOLD_CHOSEN_HERE))})
    return table_with_notes(rows, n=len(tested.sets))


def predictive_values_table(tested: Tested) -> pd.DataFrame:
    """Return predictive values at the test patients' prevalence, then at those stated."""
    rows = []
    for model in tested.models:
        rates = _decided(tested, model)
        places = [("test subset", tested.prevalence)]
        places += [("stated", prevalence) for prevalence in tested.settings["prevalence"]]
        for place, prevalence in places:
            ppv, npv = predictive_values(*rates, prevalence, **tested.corrected)
            row = {"model": model, "prevalence": prevalence, "prevalence_of": place}
            rows.append(row | _both(ppv=ppv, npv=npv))
    return table_with_notes(rows, n=len(tested.sets))


def _decided(tested: Tested, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return sensitivity and specificity of a model's decisions in each replicate."""
    index = tested.models.index(model)
    sensitivity, specificity = (
        np.array(
            [METRICS[name].compute(own.truth, None, own.predicted[index]) for own in tested.sets]
        )
        for name in ("recall", "specificity")
    )
    return sensitivity, specificity


def _predictive_value(
    rate: np.ndarray, false_rate: np.ndarray, share: float, *, overlap: float, alpha: float
) -> Estimate:
    """Return P(class | called so) from P(called so | class), P(called so | other class), P(class).

    Influences are those on the logarithm of the likelihood ratio.
    """
    if not len(rate):
        return Estimate(notes=(note(Code.NEEDS_BOTH_CLASSES),))
    mean, false_mean = rate.mean(), false_rate.mean()
    right, wrong = share * mean, (1 - share) * false_mean
    if not right and not wrong:
        return Estimate(notes=(note(Code.NEVER_CALLED),))
    if not right or not wrong:
        return Estimate(float(right > 0), notes=(note(Code.NO_INTERVAL_AT_THE_END),))
    if why := _why_unsure(rate, false_rate):
        return Estimate(right / (right + wrong), notes=(note(why),))
    influence = rate / mean - false_rate / false_mean
    odds = logit(share) + np.log(mean / false_mean)
    return estimate_of(odds, influence, overlap=overlap, alpha=alpha).on_scale(expit)


def _why_unsure(rate: np.ndarray, false_rate: np.ndarray) -> Code | None:
    """Return why the spread over replicates does not tell how sure a predictive value is.

    A replicate that calls no patient so has no part in the ratio of the rates: if one alone calls
    any, its parts of both cancel. A false rate of 1 in most replicates hardly varies, however few
    the patients of the other class are.
    """
    if ((rate == 0) & (false_rate == 0)).mean() > 0.5:
        return Code.SELDOM_CALLED
    return Code.SELDOM_FOUND if (false_rate == 1).mean() > 0.5 else None


def _both(**estimates: Estimate) -> dict[str, object]:
    """Return the cells of two estimates, each under its name, and their notes together."""
    cells: dict[str, object] = {}
    notes: list[Note] = []
    for name, own in estimates.items():
        cells |= {name: own.estimate, f"{name}_low": own.low, f"{name}_high": own.high}
        # Each interval is cut by itself; why there is none is said once.
        named = [
            one | {"of": name} if one["code"] == Code.CUT_AT_RANGE else one for one in own.notes
        ]
        notes += [one for one in named if one not in notes]
    return cells | {"notes": tuple(notes)}
