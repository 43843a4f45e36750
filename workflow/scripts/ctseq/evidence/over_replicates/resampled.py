"""Means over replicates that share patients, their differences, intervals and tests.

The training sets of a study's replicates overlap, so their metrics are correlated, and the
variance over replicates understates that of their mean, however many there are. Everything here
has the variance (1/J + overlap) s^2, of which `Design.overlap` says where it comes from.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.samples import (
    Pair,
    Replicates,
    is_constant,
    pairs_table,
    pooled_variance,
)
from ctseq.evidence.rows import check_level, holm


@dataclass(frozen=True)
class Difference:
    """A tested difference of means, a minus b; parts that cannot be computed are NaN.

    Attributes
    ----------
    estimate, low, high
        The difference and its interval of level 1 - alpha, in the metric's units.
    statistic, df, p
        Of the two-sided t test.
    """

    method: str
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    statistic: float = np.nan
    df: float = np.nan
    p: float = np.nan
    notes: tuple[Note, ...] = ()


def corrected_t(a: np.ndarray, b: np.ndarray, *, overlap: float, alpha: float) -> Difference:
    """Compare two models over replicates that share their splits.

    Corrected resampled t test (Nadeau and Bengio 2003, Machine Learning 52:239-281, section 4):
    t = mean(d) / sqrt((1/J + overlap) s^2) with J - 1 degrees of freedom, where d are the J
    differences and s^2 is their sample variance. Two-sided.

    Parameters
    ----------
    a, b
        Values of both models in the same replicates, shape (J,).
    overlap
        What the correlation between replicates adds to 1/J (`Design.overlap`).
    alpha
        The interval has level 1 - `alpha`.

    Returns
    -------
    Difference
        If no difference varies: p = 1 if all are 0; otherwise p and interval are left out, for
        a deviation of 0 would make any difference certain.
    """
    _check(overlap, alpha)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"paired samples of shapes {a.shape} and {b.shape}")
    method, n = "corrected resampled t, paired", len(a)
    if n < 2:
        return Difference(method, notes=(note(Code.NEEDS_SHARED_REPLICATES, needed=2, n=n),))
    differences = a - b
    if is_constant(differences):
        return _constant(method, float(differences.mean()))
    variance = (1 / n + overlap) * differences.var(ddof=1)
    return _t_test(method, differences.mean(), variance, n - 1, alpha)


def corrected_t_unpaired(
    a: np.ndarray, b: np.ndarray, *, overlap: float, alpha: float
) -> Difference:
    """Compare two models whose replicates have splits of their own, as the published ones.

    The correction is applied to either mean: its variance is (1/J + overlap) s^2, and the variance
    of the difference is the sum. s^2 is pooled, as in Student's t, with J_a + J_b - 2 degrees of
    freedom; for equal J the variance is (1/J + overlap)(s_a^2 + s_b^2) whether pooled or not.
    Pooling is preferred to Welch's degrees of freedom because only the correction then separates
    this test from the paper's Student's t. The covariance of two means over the same patients is
    left out; it is usually positive, so that the test is careful. Shapes are (J_a,) and (J_b,).
    """
    _check(overlap, alpha)
    method, df = "corrected resampled t, unpaired", len(a) + len(b) - 2
    if min(len(a), len(b)) < 2:
        few = note(Code.NEEDS_VALUES_OF_EACH, needed=2, n_a=len(a), n_b=len(b))
        return Difference(method, notes=(few,))
    estimate = float(a.mean() - b.mean())
    if is_constant(a) and is_constant(b):
        return _constant(method, estimate)
    variance = pooled_variance(a, b) * (1 / len(a) + 1 / len(b) + 2 * overlap)
    return _t_test(method, estimate, variance, df, alpha)


def corrected_difference(pair: Pair, *, overlap: float, alpha: float) -> Difference:
    """Return the corrected test of two models, paired where they share their splits."""
    test = corrected_t if pair.paired else corrected_t_unpaired
    return test(pair.a, pair.b, overlap=overlap, alpha=alpha)


def corrected_mean(
    values: np.ndarray, *, overlap: float, alpha: float
) -> tuple[float, float, float]:
    """Return one model's mean over replicates, with its corrected interval.

    Both ends are NaN where values do not vary or are fewer than two, the mean without values.
    """
    mean = float(values.mean()) if len(values) else np.nan
    return mean, *corrected_interval(mean, values, overlap=overlap, alpha=alpha)


def mean_within(
    values: np.ndarray, limits: tuple[float, float], *, overlap: float, alpha: float
) -> dict[str, Any]:
    """Return a mean as `corrected_mean` does, with its interval cut at `limits`.

    Returns
    -------
    dict
        ``estimate``, ``low``, ``high``, and ``notes``: why there is no interval, or that it is cut.
    """
    mean, low, high = corrected_mean(values, overlap=overlap, alpha=alpha)
    row = {"estimate": mean, "low": low, "high": high, "notes": why_no_interval(values)}
    return cut_at(row, limits)


def corrected_interval(
    estimate: float, influence: np.ndarray, *, overlap: float, alpha: float
) -> tuple[float, float]:
    """Return the interval of an estimate from each replicate's influence on it.

    estimate +- t sqrt((1/J + overlap) s^2), with t's quantile of J - 1 degrees of freedom and s^2
    the sample variance of the influences. The values themselves are those of a mean. An estimate
    that solves an equation summed over all replicates has those of Huber (1967): the equation's
    part of a replicate, times minus the inverse of the equation's mean slope.

    Parameters
    ----------
    influence
        Shape (J,), in the estimate's units; a constant added to all of them changes nothing.

    Returns
    -------
    tuple
        Both NaN where influences do not vary or are fewer than two.
    """
    _check(overlap, alpha)
    n = len(influence)
    if n < 2 or is_constant(influence) or np.isnan(estimate):
        return np.nan, np.nan
    variance = (1 / n + overlap) * influence.var(ddof=1)
    interval = _t_test("", estimate, variance, n - 1, alpha)
    return interval.low, interval.high


def why_no_interval(influence: np.ndarray) -> tuple[Note, ...]:
    """Return the note on why `corrected_interval` finds none; empty where it finds one."""
    if len(influence) < 2:
        return (note(Code.ONE_VALUE if len(influence) else Code.NO_VALUE),)
    return (note(Code.VALUES_EQUAL),) if is_constant(influence) else ()


def resampled_t_table(replicates: Replicates) -> pd.DataFrame:
    """Return the corrected test of every metric and pair.

    Paired where the models share their splits, unpaired where they do not. The p values of the
    contrasts on the primary metric are adjusted for their number (Holm 1979); others are not.
    """

    def rows(pair: Pair, metric: str) -> list[dict]:
        row = within_range(asdict(corrected_difference(pair, **replicates.corrected)), metric)
        unpaired = () if pair.paired else (note(Code.UNPAIRED),)
        notes = (*row.pop("notes"), *unpaired)
        return [row | {"overlap": replicates.design.overlap, "notes": notes}]

    frame = pairs_table(replicates, rows)
    family = is_contrast(frame, replicates) & (frame["metric"] == replicates.primary)
    position = frame.columns.get_loc("p") + 1
    frame.insert(position, "p_adjusted", holm(frame["p"].where(family).to_numpy()))
    return frame


def within_range(row: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """Return the cells of a difference, with its interval cut at the largest that there can be.

    An interval of t knows no bounds; cut at them, it holds the difference as often as before.

    Parameters
    ----------
    row
        With `low`, `high` and `notes`, of which there is one more where an end is cut.
    """
    smallest, largest = METRICS[metric].range
    widest = largest - smallest
    return cut_at(row, (-widest, widest))


def cut_at(row: Mapping[str, Any], limits: tuple[float, float]) -> dict[str, Any]:
    """Return a row with its interval cut at the smallest and largest value that there can be.

    `row` has `low`, `high` and `notes`, of which there is one more where an end is cut.
    """
    low, high = np.clip([row["low"], row["high"]], *limits).tolist()
    ends = {"low": int(low > row["low"]), "high": int(high < row["high"])}
    cut = (note(Code.CUT_AT_RANGE, **ends),) if any(ends.values()) else ()
    return {**row, "low": low, "high": high, "notes": (*row["notes"], *cut)}


def is_contrast(frame: pd.DataFrame, replicates: Replicates) -> pd.Series:
    """Return which rows of a table of pairs are about a contrast of the study."""
    pairs = pd.Series([*zip(frame["model_a"], frame["model_b"], strict=True)], index=frame.index)
    return pairs.isin(replicates.contrasts)


def _t_test(method: str, estimate: float, variance: float, df: int, alpha: float) -> Difference:
    error = np.sqrt(variance)
    statistic, margin = estimate / error, special.stdtrit(df, 1 - alpha / 2) * error
    p = min(1.0, 2 * float(special.stdtr(df, -abs(statistic))))
    interval = float(estimate - margin), float(estimate + margin)
    return Difference(method, float(estimate), *interval, float(statistic), df, p)


def _constant(method: str, estimate: float) -> Difference:
    if abs(estimate) <= 1e-12:
        return Difference(method, 0.0, p=1.0, notes=(note(Code.MODELS_EQUAL),))
    return Difference(method, estimate, notes=(note(Code.DIFFERENCE_CONSTANT),))


def _check(overlap: float, alpha: float) -> None:
    check_level(alpha, "alpha")
    if not 0 < overlap < np.inf:
        raise InputError(f"The overlap is {overlap!r} but must be above 0.")
