"""Curves, operating points and calibration of pooled predictions, as data for figures."""

import numpy as np
import pandas as pd

from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_patients.bootstrap import (
    N_BINS,
    bin_of,
    percentile_interval,
    precision_at,
    sensitivity_at,
    steps_of,
)
from ctseq.evidence.over_patients.pooling import PooledStudy
from ctseq.evidence.rows import table_with_notes

SPECIFICITIES = (0.80, 0.90, 0.95)
# Finer than one patient in a hundred of a class, which is all that studies of this size resolve.
GRID = np.linspace(0, 1, 101)


def wilson(successes: int, trials: int, *, alpha: float) -> tuple[float, float, float]:
    """Return a proportion with Wilson's interval (1927); NaN without trials."""
    from statsmodels.stats.proportion import proportion_confint

    if not trials:
        return np.nan, np.nan, np.nan
    low, high = proportion_confint(successes, trials, alpha=alpha, method="wilson")
    return successes / trials, float(low), float(high)


def curves_table(study: PooledStudy) -> pd.DataFrame:
    """Return ROC and precision-recall curves with pointwise bootstrap bands over patients.

    x is the false positive rate, y the highest sensitivity with at most that; or x is the recall, y
    the precision at the highest threshold with at least that. Without a class, y is NaN.
    """
    pooled, counts, alpha = study.pooled, study.counts, study.alpha
    parts = []
    once = np.ones((1, len(pooled.truth)))
    for model, probability in zip(pooled.models, pooled.probability, strict=True):
        steps = [steps_of(pooled.truth, probability, drawn) for drawn in (once, counts)]
        for curve, height in (("roc", sensitivity_at), ("precision_recall", precision_at)):
            y, resampled = (height(of, GRID) for of in steps)
            low, high = percentile_interval(resampled, alpha=alpha)
            names = {"model": model, "curve": curve}
            parts.append(pd.DataFrame({**names, "x": GRID, "y": y[0], "low": low, "high": high}))
    return pd.concat(parts, ignore_index=True)


def operating_points_table(study: PooledStudy) -> pd.DataFrame:
    """Return sensitivity and specificity of the pooled decisions and at fixed specificities.

    The decisions have Wilson's intervals. At a fixed specificity the threshold is chosen on these
    very patients; the sensitivity's interval is a bootstrap that chooses it anew in each resample.
    """
    pooled, alpha = study.pooled, study.alpha
    positive = pooled.truth == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    rows = []
    for index, model in enumerate(pooled.models):
        called = pooled.predicted[index] == 1
        sensitivity = wilson(int((called & positive).sum()), n_positive, alpha=alpha)
        specificity = wilson(int((~called & ~positive).sum()), n_negative, alpha=alpha)
        notes = () if n_positive and n_negative else (note(Code.NEEDS_BOTH_CLASSES),)
        rows.append([model, "decisions", "Wilson", np.nan, *sensitivity, *specificity, notes])
        for fixed in SPECIFICITIES:
            row = _at_specificity(study, index, fixed)
            rows.append([model, f"specificity {fixed:.2f}", "percentile bootstrap", *row])
    columns = ["model", "operating_point", "method", "threshold"]
    for name in ("sensitivity", "specificity"):
        columns += [name, f"{name}_low", f"{name}_high"]
    return table_with_notes(
        [dict(zip([*columns, "notes"], row, strict=True)) for row in rows],
        shared=pooled.notes,
        n_positive=n_positive,
        n_negative=n_negative,
    )


def calibration_table(study: PooledStudy) -> pd.DataFrame:
    """Return mean probability and observed share of hemorrhage, in bins of equal width.

    The observed share has Wilson's interval; an empty bin keeps its row with n = 0.
    """
    pooled, alpha = study.pooled, study.alpha
    rows = []
    for model, probability in zip(pooled.models, pooled.probability, strict=True):
        bins = bin_of(probability)
        for number in range(N_BINS):
            inside = bins == number
            n = int(inside.sum())
            mean = float(probability[inside].mean()) if n else np.nan
            observed = wilson(int(pooled.truth[inside].sum()), n, alpha=alpha)
            edges = number / N_BINS, (number + 1) / N_BINS
            rows.append([model, number + 1, *edges, n, mean, *observed])
    columns = ["model", "bin", "bin_low", "bin_high", "n", "mean_probability"]
    return pd.DataFrame(rows, columns=[*columns, "observed", "observed_low", "observed_high"])


def _at_specificity(study: PooledStudy, model: int, fixed: float) -> list:
    """Return the threshold, sensitivity and specificity with their intervals, and notes."""
    truth, probability = study.pooled.truth, study.pooled.probability[model]
    rates = np.array([1 - fixed])
    steps = steps_of(truth, probability, np.ones((1, len(truth))))
    sensitivity = float(sensitivity_at(steps, rates)[0, 0])
    if np.isnan(sensitivity):
        return [*[np.nan] * 7, (note(Code.NEEDS_BOTH_CLASSES),)]
    n_negative = steps.n_negative[0]
    allowed = np.flatnonzero(steps.false[0] <= np.floor(rates[0] * n_negative + 1e-9))
    threshold, false, code = np.nan, 0.0, Code.NO_THRESHOLD
    if len(allowed):
        threshold, false = float(steps.thresholds[allowed[-1]]), steps.false[0, allowed[-1]]
        code = Code.THRESHOLD_CHOSEN_HERE
    resampled = sensitivity_at(steps_of(truth, probability, study.counts), rates)[:, 0]
    low, high = map(float, percentile_interval(resampled, alpha=study.alpha))
    specificity = float(1 - false / n_negative)
    return [threshold, sensitivity, low, high, specificity, np.nan, np.nan, (note(code),)]
