"""The paper's own statistics, Tables I to VI, for any number of models and metrics.

All of them take the replicates for independent. They are kept to reproduce the paper; the
analysis to rely on is `ctseq.evidence.resampled`.
"""

import warnings
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.power import cohens_d, two_sample_power
from ctseq.evidence.samples import Replicates, check_level, is_constant, joined, sample_of
from ctseq.evidence.simulate import FALSE_ALARM_RATES, false_alarm_note

NAN = float("nan")


@dataclass(frozen=True)
class Outcome:
    """Outcome of a test; a part that cannot be computed is NaN and `note` says why."""

    method: str
    statistic: float = NAN
    p: float = NAN
    note: str = ""


@dataclass(frozen=True)
class MeanOutcome(Outcome):
    """Outcome of a t test: `estimate` is mean(a) - mean(b), `low` to `high` its interval."""

    estimate: float = NAN
    low: float = NAN
    high: float = NAN
    df: float = NAN
    cohens_d: float = NAN
    power: float = NAN


def shapiro_wilk(values: np.ndarray) -> Outcome:
    """Test a sample for normality (Shapiro and Wilk 1965), as `scipy.stats.shapiro`.

    Parameters
    ----------
    values
        Shape (n,); fewer than three, or all equal, cannot be tested.
    """
    method = "Shapiro-Wilk"
    if len(values) < 3:
        return Outcome(method, note=f"needs 3 defined values, has {len(values)}")
    if is_constant(values):
        return Outcome(method, note="all values are equal")
    result = stats.shapiro(values)
    return Outcome(method, float(result.statistic), float(result.pvalue))


def levene(a: np.ndarray, b: np.ndarray) -> Outcome:
    """Test two samples for equal variances (Brown and Forsythe 1974).

    Levene's test with the median as centre, as `scipy.stats.levene`.
    """
    method = "Levene, median-centred"
    if min(len(a), len(b)) < 2:
        return Outcome(method, note=_too_few(a, b))
    spreads = [np.abs(values - np.median(values)) for values in (a, b)]
    if all(is_constant(spread) for spread in spreads):
        # The statistic divides by the variance of these distances. Two values always lie equally
        # far from their median.
        return Outcome(method, note="distances from the median do not vary within the models")
    result = stats.levene(a, b, center="median")
    return Outcome(method, float(result.statistic), float(result.pvalue))


def t_test(a: np.ndarray, b: np.ndarray, *, alpha: float) -> MeanOutcome:
    """Test two samples for equal means as the paper does.

    Student's t, or Welch's t where Levene's test rejects equal variances at `alpha` or cannot be
    computed (Welch's assumes less). Two-sided.

    Parameters
    ----------
    a, b
        Shapes (n_a,) and (n_b,).
    alpha
        Level of Levene's test and of the power; the interval has level 1 - `alpha`.

    Returns
    -------
    MeanOutcome
        With the power to find the observed Cohen's d (pooled deviation) at `alpha`.
    """
    check_level(alpha, "alpha")
    if min(len(a), len(b)) < 2:
        return MeanOutcome("t", note=_too_few(a, b))
    equal_variances = levene(a, b).p >= alpha
    method = "Student's t" if equal_variances else "Welch's t"
    estimate = float(a.mean() - b.mean())
    if is_constant(a) and is_constant(b):
        return MeanOutcome(
            method, estimate=estimate, note="neither model's values vary, so nothing can be tested"
        )
    with warnings.catch_warnings():
        # SciPy warns of a sample that does not vary; that the other one does is enough.
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        result = stats.ttest_ind(a, b, equal_var=equal_variances)
    interval = result.confidence_interval(1 - alpha)
    d = cohens_d(a, b)
    return MeanOutcome(
        method,
        float(result.statistic),
        float(result.pvalue),
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
        return Outcome(method, note=_too_few(a, b, needed=1))
    if is_constant(np.concatenate([a, b])):
        return Outcome(method, len(a) * len(b) / 2, 1.0, "all values of both models are equal")
    result = stats.mannwhitneyu(a, b, alternative="two-sided")
    return Outcome(method, float(result.statistic), float(result.pvalue))


def normality_table(replicates: Replicates, *, undefined: str) -> pd.DataFrame:
    """Table I: Shapiro-Wilk, a row a metric and model."""
    return _a_row_a_model(replicates, undefined, lambda values: asdict(shapiro_wilk(values)))


def variances_table(replicates: Replicates, *, undefined: str) -> pd.DataFrame:
    """Table II: Levene, a row a metric and pair."""
    return _a_row_a_pair(replicates, undefined, lambda a, b: asdict(levene(a, b)))


def t_test_table(replicates: Replicates, *, undefined: str, alpha: float) -> pd.DataFrame:
    """Table III: t tests with their power, each labelled with its rate of false alarms."""

    def row(a: np.ndarray, b: np.ndarray) -> dict:
        result = t_test(a, b, alpha=alpha)
        test = "student_t" if result.method == "Student's t" else "welch_t"
        return _labelled(asdict(result), test)

    return _a_row_a_pair(replicates, undefined, row)


def mann_whitney_table(replicates: Replicates, *, undefined: str) -> pd.DataFrame:
    """Table IV: Mann-Whitney U, each labelled with its rate of false alarms."""
    return _a_row_a_pair(
        replicates,
        undefined,
        lambda a, b: _labelled(asdict(mann_whitney(a, b)), "mann_whitney"),
    )


def ranges_table(replicates: Replicates, *, undefined: str) -> pd.DataFrame:
    """Table V: smallest and largest value, a row a metric and model."""

    def row(values: np.ndarray) -> dict:
        if not len(values):
            return {"minimum": NAN, "maximum": NAN, "note": "no defined value"}
        return {"minimum": float(values.min()), "maximum": float(values.max()), "note": ""}

    return _a_row_a_model(replicates, undefined, row)


def means_table(replicates: Replicates, *, undefined: str) -> pd.DataFrame:
    """Table VI: mean and sample standard deviation, a row a metric and model."""

    def row(values: np.ndarray) -> dict:
        if not len(values):
            return {"mean": NAN, "sd": NAN, "note": "no defined value"}
        if len(values) == 1:
            return {"mean": float(values[0]), "sd": NAN, "note": "one value has no deviation"}
        return {"mean": float(values.mean()), "sd": float(values.std(ddof=1)), "note": ""}

    return _a_row_a_model(replicates, undefined, row)


def _a_row_a_model(replicates: Replicates, undefined: str, measure) -> pd.DataFrame:
    rows = []
    for metric in replicates.metrics:
        for model in replicates.models:
            sample = sample_of(replicates, model, metric, undefined)
            counts = {"n": len(sample.values), "n_undefined": sample.n_undefined}
            rows.append({"metric": metric, "model": model, **measure(sample.values), **counts})
    return _note_last(rows)


def _a_row_a_pair(replicates: Replicates, undefined: str, measure) -> pd.DataFrame:
    rows = []
    for metric in replicates.metrics:
        for model_a, model_b in replicates.pairs:
            a, b = (sample_of(replicates, model, metric, undefined) for model in (model_a, model_b))
            names = {"metric": metric, "model_a": model_a, "model_b": model_b}
            counts = {"n_a": len(a.values), "n_b": len(b.values)}
            counts["n_undefined"] = a.n_undefined + b.n_undefined
            rows.append({**names, **measure(a.values, b.values), **counts})
    return _note_last(rows)


def _labelled(row: dict, test: str) -> dict:
    rate, note = NAN, row["note"]
    if not np.isnan(row["p"]):
        rate, note = FALSE_ALARM_RATES[10][test], joined(note, false_alarm_note(test))
    return {**row, "false_alarm_rate": rate, "note": note}


def _note_last(rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    return frame[[*frame.columns.drop("note"), "note"]]


def _too_few(a: np.ndarray, b: np.ndarray, needed: int = 2) -> str:
    return f"needs {needed} defined values of each model, has {len(a)} and {len(b)}"
