"""The paper's own statistics, Tables I to VI, for any number of models and metrics.

All of them take the replicates for independent. They are kept to reproduce the paper; the
analysis to rely on is `ctseq.evidence.over_replicates.resampled`.
"""

import warnings
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.levels import NOMINAL
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.effects import cohens_d
from ctseq.evidence.over_replicates.power import two_sample_power
from ctseq.evidence.over_replicates.samples import (
    Pair,
    Replicates,
    is_constant,
    models_table,
    pairs_table,
)

# How often a test calls a difference between equally good models at nominal 5 %, with 10 and with
# 30 replicates whose splits the models share: the accuracy of ridge regressions in
# resources/levels.csv.
FALSE_ALARM_RATES = {
    "student_t": (0.356, 0.578),
    "welch_t": (0.352, 0.577),
    "mann_whitney": (0.333, 0.569),
    "paired_t": (0.330, 0.567),
    "wilcoxon": (0.292, 0.558),
}


@dataclass(frozen=True)
class Outcome:
    """Outcome of a test; a part that cannot be computed is NaN and `notes` say why."""

    method: str
    statistic: float = np.nan
    p: float = np.nan
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class MeanOutcome(Outcome):
    """Outcome of a t test: `estimate` is mean(a) - mean(b), `low` to `high` its interval."""

    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    df: float = np.nan
    cohens_d: float = np.nan
    power: float = np.nan


def shapiro_wilk(values: np.ndarray) -> Outcome:
    """Test a sample for normality (Shapiro and Wilk 1965), as `scipy.stats.shapiro`.

    Fewer than three values, or equal ones, cannot be tested.
    """
    method = "Shapiro-Wilk"
    if len(values) < 3:
        return Outcome(method, notes=(note(Code.NEEDS_VALUES, needed=3, n=len(values)),))
    if is_constant(values):
        return Outcome(method, notes=(note(Code.VALUES_EQUAL),))
    return Outcome(method, *map(float, stats.shapiro(values)))


def levene(a: np.ndarray, b: np.ndarray) -> Outcome:
    """Test two samples for equal variances (Brown and Forsythe 1974).

    Levene's test with the median as centre, as `scipy.stats.levene`.
    """
    method = "Levene, median-centred"
    if min(len(a), len(b)) < 2:
        return Outcome(method, notes=(_too_few(a, b),))
    spreads = [np.abs(values - np.median(values)) for values in (a, b)]
    if all(is_constant(spread) for spread in spreads):
        # The statistic divides by the variance of these distances. Two values always lie equally
        # far from their median.
        return Outcome(method, notes=(note(Code.DISTANCES_CONSTANT),))
    return Outcome(method, *map(float, stats.levene(a, b, center="median")))


def t_test(a: np.ndarray, b: np.ndarray, *, alpha: float) -> MeanOutcome:
    """Test two samples for equal means as the paper does.

    Student's t, or Welch's t where Levene's test rejects equal variances at `alpha` or cannot be
    computed (Welch's assumes less). Two-sided, with the power to find the observed Cohen's d at
    `alpha`, as the paper prints it. The interval has level 1 - `alpha`.
    """
    if min(len(a), len(b)) < 2:
        return MeanOutcome("t", notes=(_too_few(a, b),))
    equal_variances = levene(a, b).p >= alpha
    method = "Student's t" if equal_variances else "Welch's t"
    estimate = float(a.mean() - b.mean())
    if is_constant(a) and is_constant(b):
        return MeanOutcome(method, estimate=estimate, notes=(note(Code.NO_SPREAD_WITHIN_MODELS),))
    with warnings.catch_warnings():
        # SciPy warns of a sample that does not vary; that the other one does is enough.
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        result = stats.ttest_ind(a, b, equal_var=equal_variances)
    interval = result.confidence_interval(1 - alpha)
    d = cohens_d(a, b)
    return MeanOutcome(
        method,
        *map(float, result),
        estimate=estimate,
        low=float(interval.low),
        high=float(interval.high),
        df=float(result.df),
        cohens_d=d,
        power=two_sample_power(d, len(a), len(b), alpha=alpha),
    )


def mann_whitney(a: np.ndarray, b: np.ndarray) -> Outcome:
    """Test whether one sample tends to larger values (Mann and Whitney 1947), two-sided.

    As `scipy.stats.mannwhitneyu` with its default choice of the exact or the asymptotic
    distribution; the statistic is U of `a`, with ties counting one half.
    """
    method = "Mann-Whitney U, two-sided"
    if min(len(a), len(b)) < 1:
        return Outcome(method, notes=(_too_few(a, b, needed=1),))
    if is_constant(np.concatenate([a, b])):
        return Outcome(method, len(a) * len(b) / 2, 1.0, (note(Code.ALL_VALUES_EQUAL),))
    return Outcome(method, *map(float, stats.mannwhitneyu(a, b, alternative="two-sided")))


def normality_table(replicates: Replicates) -> pd.DataFrame:
    """Return Table I: Shapiro-Wilk, a row a metric and model."""
    return models_table(replicates, lambda values, _: shapiro_wilk(values))


def variances_table(replicates: Replicates) -> pd.DataFrame:
    """Return Table II: Levene, a row a metric and pair."""
    return pairs_table(replicates, lambda pair, _: [levene(pair.a, pair.b)], separate=True)


def t_test_table(replicates: Replicates) -> pd.DataFrame:
    """Return Table III: t tests with their power, each with its rate of false alarms."""

    def rows(pair: Pair, _: str) -> list[dict]:
        result = t_test(pair.a, pair.b, alpha=replicates.alpha)
        test = "student_t" if result.method == "Student's t" else "welch_t"
        return [_with_rate(result, test, replicates.alpha)]

    return pairs_table(replicates, rows, separate=True)


def mann_whitney_table(replicates: Replicates) -> pd.DataFrame:
    """Return Table IV: Mann-Whitney U, each with its rate of false alarms."""

    def rows(pair: Pair, _: str) -> list[dict]:
        return [_with_rate(mann_whitney(pair.a, pair.b), "mann_whitney", replicates.alpha)]

    return pairs_table(replicates, rows, separate=True)


def ranges_table(replicates: Replicates) -> pd.DataFrame:
    """Return Table V: smallest and largest value, a row a metric and model."""

    def row(values: np.ndarray, _: str) -> dict:
        if not len(values):
            return {"minimum": np.nan, "maximum": np.nan, "notes": [note(Code.NO_VALUE)]}
        return {"minimum": float(values.min()), "maximum": float(values.max()), "notes": []}

    return models_table(replicates, row)


def means_table(replicates: Replicates) -> pd.DataFrame:
    """Return Table VI: mean and sample standard deviation, a row a metric and model."""

    def row(values: np.ndarray, _: str) -> dict:
        why_not = [note(Code.ONE_VALUE if len(values) else Code.NO_VALUE)]
        mean = float(values.mean()) if len(values) else np.nan
        if len(values) < 2:
            return {"mean": mean, "sd": np.nan, "notes": why_not}
        return {"mean": mean, "sd": float(values.std(ddof=1)), "notes": []}

    return models_table(replicates, row)


def _with_rate(result: Outcome, test: str, alpha: float) -> dict:
    row = {**asdict(result), "false_alarm_rate": np.nan}
    if np.isnan(result.p):
        return row
    if alpha != NOMINAL:
        return row | {"notes": [*result.notes, note(Code.FALSE_ALARMS_UNKNOWN)]}
    of_10, of_30 = FALSE_ALARM_RATES[test]
    alarms = note(Code.FALSE_ALARMS, of_10=of_10, of_30=of_30)
    return row | {"false_alarm_rate": of_10, "notes": [*result.notes, alarms]}


def _too_few(a: np.ndarray, b: np.ndarray, needed: int = 2) -> Note:
    return note(Code.NEEDS_VALUES_OF_EACH, needed=needed, n_a=len(a), n_b=len(b))
