"""Whether probabilities mean what they say: slope, intercept, observed over expected."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_patients.estimates import Estimate, estimate_of
from ctseq.evidence.over_patients.stacked import StackedFit, fit_stacked
from ctseq.evidence.over_patients.tested import Tested
from ctseq.evidence.over_replicates.samples import is_constant
from ctseq.evidence.rows import table_with_notes

# Probabilities of 0 and 1 have no logit: they are taken for this far from certain.
LEAST = 1e-6
# What the distribution of probabilities is counted in; 1 is in the last.
BINS = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class Calibration:
    """How well probabilities agree with what was found.

    Attributes
    ----------
    slope
        1 if probabilities are as far apart as they should be, less if they are too extreme.
    intercept
        0 if they are right on average, on the logit scale; above 0 if they are too low.
    observed_expected
        Number of positive scans over the sum of probabilities; 1 if they agree.
    """

    slope: Estimate
    intercept: Estimate
    observed_expected: Estimate


def calibration_of(
    probability: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    *,
    overlap: float,
    alpha: float,
) -> Calibration:
    """Return calibration slope, intercept and observed over expected of all test predictions.

    Cox 1958 (Biometrika 45:562-565): logit P(y) = a + b logit p, of which b is the slope; the
    intercept, or calibration in the large, is a where b = 1 (Steyerberg and Vergouwe 2014). The
    interval of observed over expected is symmetric on the log scale.

    Parameters
    ----------
    probability, truth
        Predictions and labels, 0 or 1, an array of shape (n_j,) for each of J replicates.
    overlap
        What the correlation between replicates adds to 1/J (`Design.overlap`).
    alpha
        Intervals have level 1 - `alpha`.
    """
    options = {"overlap": overlap, "alpha": alpha}
    clipped = [np.clip(own, LEAST, 1 - LEAST) for own in probability]
    logits = [logit(own) for own in clipped]
    labels = np.concatenate([*truth])
    if labels.min() == labels.max():
        none = Estimate(notes=(note(Code.NEEDS_BOTH_CLASSES),))
        return Calibration(none, none, none)
    ones = [np.ones((len(own), 1)) for own in logits]
    if is_constant(np.concatenate(logits)):
        slope = Estimate(notes=(note(Code.PROBABILITIES_EQUAL),))
    else:
        columns = [np.column_stack([*both]) for both in zip(ones, logits, strict=True)]
        slope = _coefficient(fit_stacked(truth, columns), -1, **options)
    intercept = _coefficient(fit_stacked(truth, ones, logits), 0, **options)
    return Calibration(slope, intercept, _observed_expected(clipped, truth, **options))


def calibration_table(tested: Tested) -> pd.DataFrame:
    """Return each model's slope, intercept and observed over expected.

    Observed over expected stands beside the lowest and the highest of a single replicate: together,
    models that say too much and too little look better than each.
    """
    rows = []
    for model in tested.models:
        predictions = tested.predictions_of(model)
        found = calibration_of(*predictions, **tested.corrected)
        for measure in ("slope", "intercept", "observed_expected"):
            row = {"model": model, "measure": measure, **vars(getattr(found, measure))}
            ends = np.nan, np.nan
            if measure == "observed_expected":
                each = observed_expected_of_each(*predictions)
                ends = float(each.min()), float(each.max())
            rows.append(row | {"replicate_low": ends[0], "replicate_high": ends[1]})
    return table_with_notes(rows, n=len(tested.sets))


def observed_expected_of_each(
    probability: Sequence[np.ndarray], truth: Sequence[np.ndarray]
) -> np.ndarray:
    """Return observed over expected of each replicate's own predictions, shape (J,)."""
    sets = zip(probability, truth, strict=True)
    return np.array([y.sum() / np.clip(p, LEAST, 1 - LEAST).sum() for p, y in sets])


def predicted_table(tested: Tested) -> pd.DataFrame:
    """Return the distribution of each model's probabilities by outcome.

    `n` counts predictions of all replicates. `share` is that of a replicate's predictions, the mean
    over replicates, so that each weighs the same; a model's shares add up to 1.
    """
    rows = []
    for model in tested.models:
        sets = [*zip(*tested.predictions_of(model), strict=True)]
        for outcome in (0, 1):
            counts = np.array(
                [np.histogram(own[labels == outcome], BINS)[0] for own, labels in sets]
            )
            shares = counts / np.array([[len(labels)] for _, labels in sets])
            rows.append(
                pd.DataFrame(
                    {
                        "model": model,
                        "target": outcome,
                        "bin_low": BINS[:-1],
                        "bin_high": BINS[1:],
                        "n": counts.sum(axis=0),
                        "share": shares.mean(axis=0),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def _coefficient(fit: StackedFit | None, index: int, *, overlap: float, alpha: float) -> Estimate:
    if fit is None:
        return Estimate(notes=(note(Code.CLASSES_SEPARATED),))
    influence = fit.influence[:, index]
    return estimate_of(fit.coefficients[index], influence, overlap=overlap, alpha=alpha)


def _observed_expected(
    probability: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    *,
    overlap: float,
    alpha: float,
) -> Estimate:
    observed = np.array([own.sum() for own in truth], dtype=float)
    expected = np.array([own.sum() for own in probability])
    # A replicate's influence on the logarithm of a ratio of means.
    influence = observed / observed.mean() - expected / expected.mean()
    ratio = np.log(observed.sum() / expected.sum())
    return estimate_of(ratio, influence, overlap=overlap, alpha=alpha).on_scale(np.exp)
