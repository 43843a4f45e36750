"""The primary analysis: differences between models over replicates that share patients.

The training sets of a study's replicates overlap, so their metrics are correlated, and the
variance over replicates understates that of their mean, however many there are. The tests here
add what is missing.
"""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

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
from ctseq.evidence.rows import adjusted, check_level
from ctseq.evidence.tables import VERDICT


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


def corrected_t(
    a: np.ndarray, b: np.ndarray, *, test_train_ratio: float, alpha: float
) -> Difference:
    """Compare two models over replicates that share their splits.

    Corrected resampled t test (Nadeau and Bengio 2003, Machine Learning 52:239-281, section 4):
    t = mean(d) / sqrt((1/J + n_test/n_train) s^2) with J - 1 degrees of freedom, where d are the
    J differences and s^2 is their sample variance. Two-sided.

    Parameters
    ----------
    a, b
        Values of both models in the same replicates, shape (J,).
    test_train_ratio
        n_test / n_train, which allows for the correlation between replicates.
    alpha
        The interval has level 1 - `alpha`.

    Returns
    -------
    Difference
        If no difference varies: p = 1 if all are 0; otherwise p and interval are left out, for
        a deviation of 0 would make any difference certain.
    """
    _check(test_train_ratio, alpha)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"paired samples of shapes {a.shape} and {b.shape}")
    method, n = "corrected resampled t, paired", len(a)
    if n < 2:
        return Difference(method, notes=(note(Code.NEEDS_SHARED_REPLICATES, needed=2, n=n),))
    differences = a - b
    if is_constant(differences):
        return _constant(method, float(differences.mean()))
    variance = (1 / n + test_train_ratio) * differences.var(ddof=1)
    return _t_test(method, differences.mean(), variance, n - 1, alpha)


def corrected_t_unpaired(
    a: np.ndarray, b: np.ndarray, *, test_train_ratio: float, alpha: float
) -> Difference:
    """Compare two models whose replicates have splits of their own, as the published ones.

    Nadeau and Bengio's correction is applied to either mean: its variance is (1/J + n_test/n_train)
    s^2, and the variance of the difference is the sum. s^2 is pooled, as in Student's t, with
    J_a + J_b - 2 degrees of freedom; for equal J the variance is
    (1/J + n_test/n_train)(s_a^2 + s_b^2) whether pooled or not. Pooling is preferred to Welch's
    degrees of freedom because only the correction then separates this test from the paper's
    Student's t, and because the simulated rate of false alarms, 3.9 % with 10 replicates and 3.3 %
    with 30 at nominal 5 % (``benchmarks/false_alarms.py --own-splits``), needs no stricter one. The
    covariance of two means over the same patients is left out; as it is usually positive, the test
    is conservative. Shapes are (J_a,) and (J_b,).
    """
    _check(test_train_ratio, alpha)
    method, df = "corrected resampled t, unpaired", len(a) + len(b) - 2
    if min(len(a), len(b)) < 2:
        few = note(Code.NEEDS_VALUES_OF_EACH, needed=2, n_a=len(a), n_b=len(b))
        return Difference(method, notes=(few,))
    estimate = float(a.mean() - b.mean())
    if is_constant(a) and is_constant(b):
        return _constant(method, estimate)
    variance = pooled_variance(a, b) * (1 / len(a) + 1 / len(b) + 2 * test_train_ratio)
    return _t_test(method, estimate, variance, df, alpha)


def corrected_difference(pair: Pair, *, test_train_ratio: float, alpha: float) -> Difference:
    """Return the corrected test of two models, paired where they share their splits."""
    test = corrected_t if pair.paired else corrected_t_unpaired
    return test(pair.a, pair.b, test_train_ratio=test_train_ratio, alpha=alpha)


def corrected_mean(
    values: np.ndarray, *, test_train_ratio: float, alpha: float
) -> tuple[float, float, float]:
    """Return one model's mean over replicates, with an interval that allows for their overlap.

    mean +- t sqrt((1/J + n_test/n_train) s^2), with t's quantile of J - 1 degrees of freedom, where
    J is the number of values. Both ends of the interval are NaN where values do not vary or are
    fewer than two; the mean is NaN without values.
    """
    _check(test_train_ratio, alpha)
    n = len(values)
    mean = float(values.mean()) if n else np.nan
    if n < 2 or is_constant(values):
        return mean, np.nan, np.nan
    variance = (1 / n + test_train_ratio) * values.var(ddof=1)
    interval = _t_test("", mean, variance, n - 1, alpha)
    return mean, interval.low, interval.high


def resampled_t_table(replicates: Replicates) -> pd.DataFrame:
    """Return the corrected test of every metric and pair, adjusted by Holm over all of them.

    Paired where the models share their splits, unpaired where they do not.
    """
    ratio = {"test_train_ratio": replicates.design.test_train_ratio}

    def rows(pair: Pair, _: str) -> list[dict]:
        row = asdict(corrected_difference(pair, **replicates.corrected)) | ratio
        unpaired = () if pair.paired else (note(Code.UNPAIRED),)
        return [row | {"notes": (*row["notes"], *unpaired)}]

    return adjusted(pairs_table(replicates, rows))


def verdict_table(replicates: Replicates) -> pd.DataFrame:
    """Return which differences the primary analysis supports, and which model is better there.

    A difference is supported if its Holm-adjusted p is below `alpha`, and not otherwise.
    """
    frame = resampled_t_table(replicates)
    supported = frame["p_adjusted"] < replicates.alpha
    higher = frame["metric"].map(lambda metric: METRICS[metric].higher_is_better)
    better = frame["model_a"].where((frame["estimate"] > 0) == higher, frame["model_b"])
    frame = frame.assign(supported=supported.astype(int), better=better.where(supported, ""))
    return frame[[*VERDICT.columns]]


def _t_test(method: str, estimate: float, variance: float, df: int, alpha: float) -> Difference:
    error = np.sqrt(variance)
    statistic, margin = estimate / error, stats.t.isf(alpha / 2, df) * error
    p = min(1.0, 2 * float(stats.t.sf(abs(statistic), df)))
    interval = float(estimate - margin), float(estimate + margin)
    return Difference(method, float(estimate), *interval, float(statistic), df, p)


def _constant(method: str, estimate: float) -> Difference:
    if abs(estimate) <= 1e-12:
        return Difference(method, 0.0, p=1.0, notes=(note(Code.MODELS_EQUAL),))
    return Difference(method, estimate, notes=(note(Code.DIFFERENCE_CONSTANT),))


def _check(ratio: float, alpha: float) -> None:
    check_level(alpha, "alpha")
    if not 0 < ratio < np.inf:
        raise InputError(f"n_test / n_train is {ratio!r} but must be above 0.")
