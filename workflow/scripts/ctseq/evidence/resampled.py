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
from ctseq.evidence.samples import Replicates, check_level, is_constant, joined, pair_of

NAN = float("nan")
UNPAIRED = (
    "models did not share their splits, so replicates cannot be paired: each mean has the "
    "corrected variance (1/J + n_test/n_train) s^2, s^2 pooled over the models, and the two "
    "variances add"
)
NO_DEVIATION = "the difference is the same in every replicate, so its error cannot be estimated"


@dataclass(frozen=True)
class Difference:
    """A tested difference of means, a minus b; parts that cannot be computed are NaN.

    Attributes
    ----------
    estimate, low, high
        The difference and its interval of level 1 - alpha, in the metric's units.
    statistic, df, p
        Of the two-sided t test.
    n
        Replicates (paired), or values of both models together (unpaired).
    """

    method: str
    estimate: float
    low: float
    high: float
    statistic: float
    df: float
    p: float
    n: int
    note: str = ""


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
        Values of both models, shape (J,); places belong to the same replicate.
    test_train_ratio
        n_test / n_train, which stands for the correlation between replicates.
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
        note = f"needs 2 replicates defined for both models, has {n}"
        return Difference(method, NAN, NAN, NAN, NAN, NAN, NAN, n, note)
    differences = a - b
    if is_constant(differences):
        return _constant(method, float(differences.mean()), n)
    variance = (1 / n + test_train_ratio) * differences.var(ddof=1)
    return _t_test(method, differences.mean(), variance, n - 1, n, alpha)


def corrected_t_unpaired(
    a: np.ndarray, b: np.ndarray, *, test_train_ratio: float, alpha: float
) -> Difference:
    """Compare two models whose replicates have splits of their own, as the published ones.

    Nadeau and Bengio's correction is applied to either mean: its variance is (1/J + n_test/n_train)
    s^2, and the variance of the difference is the sum. s^2 is pooled, as in Student's t, with
    J_a + J_b - 2 degrees of freedom; for equal J the variance is
    (1/J + n_test/n_train)(s_a^2 + s_b^2) whether pooled or not. Pooling is preferred to Welch's
    degrees of freedom because nothing else than the correction then separates this test from the
    paper's Student's t, and because the simulated rate of false alarms, 3.9 % with 10 replicates
    and 3.3 % with 30 at nominal 5 % (`ctseq.evidence.simulate` with ``shared_splits=False``),
    needs no stricter one. The covariance of two means over the same pool of patients is left out;
    being positive as a rule, it makes the test careful.

    Parameters
    ----------
    a, b
        Values of either model, shapes (J_a,) and (J_b,).
    test_train_ratio, alpha
        As `corrected_t`.
    """
    _check(test_train_ratio, alpha)
    method, n = "corrected resampled t, unpaired", len(a) + len(b)
    if min(len(a), len(b)) < 2:
        note = f"needs 2 defined values of each model, has {len(a)} and {len(b)}"
        return Difference(method, NAN, NAN, NAN, NAN, NAN, NAN, n, note)
    estimate = float(a.mean() - b.mean())
    if is_constant(a) and is_constant(b):
        return _constant(method, estimate, n)
    squares = (len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)
    variance = squares / (n - 2) * (1 / len(a) + 1 / len(b) + 2 * test_train_ratio)
    return _t_test(method, estimate, variance, n - 2, n, alpha)


def corrected_mean(
    values: np.ndarray, *, test_train_ratio: float, alpha: float
) -> tuple[float, float, float]:
    """Give one model's mean over replicates, with an interval that allows for their overlap.

    mean +- t sqrt((1/J + n_test/n_train) s^2), with t's quantile of J - 1 degrees of freedom.

    Parameters
    ----------
    values
        Values of the model, shape (J,).
    test_train_ratio, alpha
        As `corrected_t`.

    Returns
    -------
    tuple of float
        Mean, low and high. Both ends are NaN where values do not vary or are fewer than two; the
        mean is NaN without values.
    """
    _check(test_train_ratio, alpha)
    n = len(values)
    mean = float(values.mean()) if n else NAN
    if n < 2 or is_constant(values):
        return mean, NAN, NAN
    variance = (1 / n + test_train_ratio) * values.var(ddof=1)
    interval = _t_test("", mean, variance, n - 1, n, alpha)
    return mean, interval.low, interval.high


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust p values for their number (Holm 1979); NaN stays and is not counted."""
    from statsmodels.stats.multitest import multipletests

    adjusted = np.full(len(p), NAN)
    defined = ~np.isnan(p)
    if defined.any():
        adjusted[defined] = multipletests(p[defined], method="holm")[1]
    return adjusted


def resampled_t_table(
    replicates: Replicates, *, undefined: str, alpha: float, test_train_ratio: float
) -> pd.DataFrame:
    """Tabulate the corrected test, adjusted by Holm over all metrics and pairs together.

    Paired where the models share their splits, unpaired where they do not.
    """
    test = corrected_t if replicates.shared_splits else corrected_t_unpaired

    why = "" if replicates.shared_splits else UNPAIRED

    def measure(a: np.ndarray, b: np.ndarray, _: str) -> dict:
        result = asdict(test(a, b, test_train_ratio=test_train_ratio, alpha=alpha))
        return {**result, "note": joined(result["note"], why)}

    frame = a_row_a_pair(replicates, undefined, measure)
    place = frame.columns.get_loc("p") + 1
    frame.insert(place, "p_adjusted", holm(frame["p"].to_numpy()))
    frame.insert(place + 1, "test_train_ratio", test_train_ratio)
    return frame


def a_row_a_pair(replicates: Replicates, undefined: str, measure) -> pd.DataFrame:
    """Call `measure` with both samples and the metric, and tabulate what it returns."""
    rows = []
    for metric in replicates.metrics:
        for model_a, model_b in replicates.pairs:
            pair = pair_of(replicates, model_a, model_b, metric, undefined)
            names = {"metric": metric, "model_a": model_a, "model_b": model_b}
            result = measure(pair.a, pair.b, metric)
            rows.append({**names, **result, "n_undefined": pair.n_undefined})
    frame = pd.DataFrame(rows)
    return frame[[*frame.columns.drop(["n", "n_undefined", "note"]), "n", "n_undefined", "note"]]


def _t_test(
    method: str, estimate: float, variance: float, df: int, n: int, alpha: float
) -> Difference:
    error = np.sqrt(variance)
    statistic, margin = estimate / error, stats.t.isf(alpha / 2, df) * error
    p = min(1.0, 2 * float(stats.t.sf(abs(statistic), df)))
    interval = float(estimate - margin), float(estimate + margin)
    return Difference(method, float(estimate), *interval, float(statistic), df, p, n)


def _constant(method: str, estimate: float, n: int) -> Difference:
    if abs(estimate) <= 1e-12:
        note = "the models are equal in every replicate"
        return Difference(method, 0.0, NAN, NAN, NAN, NAN, 1.0, n, note)
    return Difference(method, estimate, NAN, NAN, NAN, NAN, NAN, n, NO_DEVIATION)


def _check(ratio: float, alpha: float) -> None:
    check_level(alpha, "alpha")
    if not 0 < ratio < np.inf:
        raise InputError(f"n_test / n_train is {ratio!r} but must be above 0.")
