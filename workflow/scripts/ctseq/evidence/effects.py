"""How large a difference between models is: effect sizes with intervals.

An interval either allows for the overlap of the replicates' training sets or takes the replicates
for independent and is then too narrow; every result says which.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize, stats

from ctseq.evidence.metrics import higher_is_better
from ctseq.evidence.power import cohens_d
from ctseq.evidence.resampled import corrected_t, corrected_t_unpaired
from ctseq.evidence.samples import Pair, Replicates, check_level, is_constant, pair_of

NAN = float("nan")
TOO_NARROW = "the interval takes replicates for independent and is too narrow"

# Effects whose intervals take the replicates for independent, and how those are made.
_NAIVE = (
    ("cohens_d", "noncentral t"),
    ("cliffs_delta", "Feng and Cliff 2004"),
    ("hodges_lehmann_shift", "Mann-Whitney inverted"),
    ("probability_a_better", "Feng and Cliff 2004, rescaled"),
    ("share_of_splits_won_by_a", "Wilson"),
)


@dataclass(frozen=True)
class Effect:
    """An effect size with its interval of level 1 - alpha.

    Attributes
    ----------
    effect
        What it is, in one word.
    method
        How the interval is made.
    allows_for_overlap
        1 if the interval allows for overlapping training sets, 0 if it takes the replicates for
        independent.
    """

    effect: str
    method: str
    estimate: float
    low: float
    high: float
    allows_for_overlap: int
    note: str = ""


def mean_difference(
    a: np.ndarray, b: np.ndarray, *, test_train_ratio: float, alpha: float, paired: bool = True
) -> Effect:
    """Give mean(a) - mean(b) with the corrected resampled interval (Nadeau and Bengio 2003)."""
    test = corrected_t if paired else corrected_t_unpaired
    result = test(a, b, test_train_ratio=test_train_ratio, alpha=alpha)
    interval = result.estimate, result.low, result.high
    return Effect("mean_difference", "corrected resampled t", *interval, 1, result.note)


def cohens_d_effect(a: np.ndarray, b: np.ndarray, *, alpha: float) -> Effect:
    """Give Cohen's d with pooled deviation.

    The interval inverts the noncentral t distribution (Steiger and Fouladi 1997).
    """
    name, method = _NAIVE[0]
    d = cohens_d(a, b)
    if np.isnan(d):
        return Effect(name, method, NAN, NAN, NAN, 0, "neither model's values vary")
    scale = np.sqrt(1 / len(a) + 1 / len(b))
    low, high = _noncentral_interval(d / scale, len(a) + len(b) - 2, alpha)
    note = "too large for its interval to be computed" if np.isnan(low) else ""
    return Effect(name, method, d, float(scale * low), float(scale * high), 0, note)


def cliffs_delta(a: np.ndarray, b: np.ndarray, *, alpha: float) -> Effect:
    """Give P(a > b) - P(a < b) over all pairs of values (Cliff 1993).

    The interval is the asymmetric one of Feng and Cliff (2004, Journal of Modern Applied
    Statistical Methods 3:322-332) with the quantile of Student's t, as in R's effsize. Its
    variance vanishes where the samples do not overlap; there the outer bound is 1 and the inner
    one (n - z^2) / (n + z^2), n the smaller sample: Wilson's bound for n successes in n trials.

    Parameters
    ----------
    a, b
        At least two values each.
    """
    name, method = _NAIVE[1]
    n_a, n_b = len(a), len(b)
    wins = np.sign(a[:, None] - b[None, :])
    delta = float(wins.mean())
    if abs(delta) == 1:
        n, z = min(n_a, n_b), float(stats.norm.isf(alpha / 2))
        inner = (n - z**2) / (n + z**2)
        return Effect(name, method, delta, *sorted((delta, delta * inner)), 0)
    rows = ((wins.mean(axis=1) - delta) ** 2).sum()
    columns = ((wins.mean(axis=0) - delta) ** 2).sum()
    cells = ((wins - delta) ** 2).sum()
    variance = n_b**2 * rows + n_a**2 * columns - cells
    variance /= n_a * n_b * (n_a - 1) * (n_b - 1)
    # The unbiased estimate can fall below its least possible value (Cliff 1993).
    variance = max(variance, (1 - delta**2) / (n_a * n_b - 1))
    t = float(stats.t.isf(alpha / 2, n_a + n_b - 2))
    root = t * np.sqrt(variance) * np.sqrt((1 - delta**2) ** 2 + t**2 * variance)
    bounds = (
        (delta - delta**3 + sign * root) / (1 - delta**2 + t**2 * variance) for sign in (-1, 1)
    )
    return Effect(name, method, delta, *(float(bound) for bound in bounds), 0)


def hodges_lehmann(a: np.ndarray, b: np.ndarray, *, alpha: float) -> Effect:
    """Give the median of all differences between a value of a and one of b.

    The interval holds the shifts that the Mann-Whitney test does not reject, by its normal
    approximation (Hollander, Wolfe and Chicken 2014, section 4.3).
    """
    name, method = _NAIVE[2]
    n_a, n_b = len(a), len(b)
    shifts = np.sort((a[:, None] - b[None, :]).ravel())
    z = stats.norm.isf(alpha / 2)
    rank = int(np.floor(n_a * n_b / 2 - z * np.sqrt(n_a * n_b * (n_a + n_b + 1) / 12)))
    if rank < 1:
        note = "too few replicates for an interval of this level"
        return Effect(name, method, float(np.median(shifts)), NAN, NAN, 0, note)
    low, high = float(shifts[rank - 1]), float(shifts[-rank])
    return Effect(name, method, float(np.median(shifts)), low, high, 0)


def probability_better(a: np.ndarray, b: np.ndarray, *, higher: bool, alpha: float) -> Effect:
    """Give the probability that a replicate of a is better than one of b, ties counting half.

    Vargha and Delaney's A (2000), (1 + Cliff's delta) / 2, and its interval likewise.

    Parameters
    ----------
    higher
        Whether larger values are better.
    """
    delta = cliffs_delta(a, b, alpha=alpha) if higher else cliffs_delta(b, a, alpha=alpha)
    values = ((1 + value) / 2 for value in (delta.estimate, delta.low, delta.high))
    return Effect(*_NAIVE[3], *values, 0)


def share_of_splits_won(a: np.ndarray, b: np.ndarray, *, higher: bool, alpha: float) -> Effect:
    """Give the share of replicates in which a is better than b on the same split.

    Ties count half; Wilson's interval (1927).
    """
    from statsmodels.stats.proportion import proportion_confint

    sign = 1 if higher else -1
    won = float(np.sum((np.sign(sign * (a - b)) + 1) / 2))
    low, high = proportion_confint(won, len(a), alpha=alpha, method="wilson")
    share = won / len(a)
    return Effect(*_NAIVE[4], share, float(low), float(high), 0)


def effects_table(
    replicates: Replicates, *, undefined: str, alpha: float, test_train_ratio: float
) -> pd.DataFrame:
    """Tabulate every effect size, a row an effect, metric and pair.

    Where models share their splits, replicates undefined for either are dropped for both; where
    they do not, there is no share of splits won.
    """
    check_level(alpha, "alpha")
    rows = []
    for metric in replicates.metrics:
        for model_a, model_b in replicates.pairs:
            pair = pair_of(replicates, model_a, model_b, metric, undefined)
            names = {"metric": metric, "model_a": model_a, "model_b": model_b}
            counts = {"n": pair.n, "n_undefined": pair.n_undefined}
            for effect in _effects(pair, higher_is_better(metric), alpha, test_train_ratio):
                rows.append({**names, **asdict(effect), **counts})
    frame = pd.DataFrame(rows)
    return frame[[*frame.columns.drop("note"), "note"]]


def _effects(pair: Pair, higher: bool, alpha: float, test_train_ratio: float) -> list[Effect]:
    a, b = pair.a, pair.b
    options = {"test_train_ratio": test_train_ratio, "alpha": alpha, "paired": pair.paired}
    difference = mean_difference(a, b, **options)
    if min(len(a), len(b)) < 2:
        names = _NAIVE if pair.paired else _NAIVE[:-1]
        return [difference, *(Effect(*name, NAN, NAN, NAN, 0, difference.note) for name in names)]
    naive = [
        cohens_d_effect(a, b, alpha=alpha),
        cliffs_delta(a, b, alpha=alpha),
        hodges_lehmann(a, b, alpha=alpha),
        probability_better(a, b, higher=higher, alpha=alpha),
    ]
    if pair.paired:
        naive.append(share_of_splits_won(a, b, higher=higher, alpha=alpha))
    if is_constant(np.concatenate([a, b])):
        equal = "all values of both models are equal, so there is no interval"
        return [difference, *(replace(e, low=NAN, high=NAN, note=equal) for e in naive)]
    return [difference, *(replace(e, note=e.note or TOO_NARROW) for e in naive)]


def _noncentral_interval(t: float, df: int, alpha: float) -> tuple[float, float]:
    """Give the noncentralities under which `t` is at either end of what is expected."""
    if t < 0:
        low, high = _noncentral_interval(-t, df, alpha)
        return -high, -low

    def excess(shift: float, tail: float) -> float:
        return float(stats.nct.cdf(t, df, shift)) - tail

    # The noncentrality is no further from t than some deviations, of about 1 + t / sqrt(df) each.
    reach = 10 * (1 + t / np.sqrt(df))
    try:
        low, high = (
            float(optimize.brentq(excess, t - reach, t + reach, args=(tail,)))
            for tail in (1 - alpha / 2, alpha / 2)
        )
    except ValueError:  # SciPy's distribution function is NaN where it underflows
        return NAN, NAN
    return low, high
