"""Power of the tests over replicates, and what it would take to find a difference."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.samples import (
    Pair,
    Replicates,
    is_constant,
    pairs_table,
    pooled_variance,
)
from ctseq.evidence.rows import check_level

TARGET_POWER = 0.8  # what studies are customarily planned for (Cohen 1988)
# Numbers beyond which a need is no plan: each replicate is a training of every model, and the
# largest public set of head CTs has 18,938 patients (RSNA 2019).
MOST_REPLICATES = 1000
MOST_PATIENTS = 100_000


@dataclass(frozen=True)
class Need:
    """How many replicates or patients find a difference.

    It has no interval. That of the chi-square distribution, which the variance of normal values
    has, holds the expected variance in as few as half of the simulated studies for metrics that are
    far from normal, such as precision or a chosen model's Brier score (`resources/levels.csv`).

    Attributes
    ----------
    number
        NaN if none do, or more than a plan can have; `notes` say which.
    """

    number: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Power:
    """Power of the corrected test for one difference between two models.

    Attributes
    ----------
    difference, sd
        The difference sought, and the deviation of a replicate's difference between the models.
    power
        Probability of p < alpha if the true difference is `difference`.
    detectable_difference
        The smallest difference found with probability `TARGET_POWER`.
    replicates_needed, patients_needed
        To reach `TARGET_POWER`, the other number left as it is; rounded up to two digits, for they
        rise with a variance that few replicates give roughly.
    """

    method: str
    alpha: float
    difference: float
    sd: float = np.nan
    power: float = np.nan
    detectable_difference: float = np.nan
    replicates_needed: float = np.nan
    patients_needed: float = np.nan
    notes: tuple[Note, ...] = ()


def noncentral_power(shift: float, df: float, *, alpha: float) -> float:
    """Return the power of a two-sided t test whose statistic is expected at `shift`.

    From the noncentral t distribution (Johnson, Kotz and Balakrishnan 1995, chapter 31). `shift` is
    in standard errors.
    """
    critical, shift = stats.t.isf(alpha / 2, df), abs(shift)
    power = stats.nct.sf(critical, df, shift)
    if shift < 8:  # beyond, this tail is below 1e-12; SciPy gives NaN for some that are as small
        power += np.nan_to_num(stats.nct.cdf(-critical, df, shift))
    return float(np.clip(power, 0, 1))


def two_sample_power(d: float, n_a: int, n_b: int, *, alpha: float) -> float:
    """Return the power of Student's two-sided t test for Cohen's d; NaN if d is.

    The samples are independent and have `n_a` and `n_b` values, at least two each.
    """
    check_level(alpha, "alpha")
    if np.isnan(d):
        return np.nan
    return noncentral_power(d / np.sqrt(1 / n_a + 1 / n_b), n_a + n_b - 2, alpha=alpha)


def corrected_power(
    difference: float,
    sd: float,
    n_replicates: int,
    *,
    overlap: float,
    alpha: float,
    paired: bool = True,
) -> float:
    """Return the power of the corrected resampled t test.

    The test's variance (1/J + overlap) sd^2 is taken for the true one (Nadeau and Bengio
    2003), so that its statistic is noncentral t with J - 1 degrees of freedom, or 2 (J - 1) where
    the models do not share their splits (`paired` is false).

    Parameters
    ----------
    difference, sd
        True difference, and deviation of the difference between two models' replicates, in the
        metric's units.
    n_replicates
        J, at least two.
    """
    error = _error(sd, n_replicates, overlap)
    return noncentral_power(difference / error, _df(n_replicates, paired), alpha=alpha)


def detectable_difference(
    sd: float, n_replicates: int, *, overlap: float, alpha: float, paired: bool = True
) -> float:
    """Return the difference for which the corrected test has a power of `TARGET_POWER`."""
    df = _df(n_replicates, paired)

    def excess(shift: float) -> float:
        return noncentral_power(shift, df, alpha=alpha) - TARGET_POWER

    # T is (Z + shift) / W. With a probability of 0.99, Z is above -3 and W below 3.
    most = 3 + 3 * stats.t.isf(alpha / 2, df)
    return _error(sd, n_replicates, overlap) * optimize.brentq(excess, 0, most)


def replicates_needed(
    difference: float, sd: float, *, overlap: float, alpha: float, paired: bool = True
) -> Need:
    """Return how many replicates give the corrected test a power of `TARGET_POWER`.

    There may be no such number: replicates reuse the same patients, so the variance never falls
    below sd^2 overlap, however many there are.
    """

    def power(n: int) -> float:
        return corrected_power(difference, sd, n, overlap=overlap, alpha=alpha, paired=paired)

    if power(MOST_REPLICATES) >= TARGET_POWER:
        return Need(_smallest(power))
    floor = abs(difference) / (sd * np.sqrt(overlap))
    critical = stats.norm.isf(alpha / 2)
    ceiling = float(stats.norm.sf(critical - floor) + stats.norm.cdf(-critical - floor))
    if ceiling <= TARGET_POWER:
        why_not = note(Code.POWER_OUT_OF_REACH, target=TARGET_POWER, ceiling=ceiling)
    else:
        why_not = note(Code.TOO_MANY_REPLICATES, most=MOST_REPLICATES)
    return Need(np.nan, (why_not,))


def patients_needed(
    difference: float,
    sd: float,
    *,
    n_patients: int,
    n_replicates: int,
    overlap: float,
    alpha: float,
    paired: bool = True,
) -> Need:
    """Return about how many patients give the corrected test a power of `TARGET_POWER`.

    Replicates and the share that is tested on stay as they are; sd^2 is taken to fall as one over
    the number of patients, as it does where it stems from the sampling of test patients. The
    number is that of `n_patients` times the squared ratio of what they detect and what is sought.
    """
    options = {"overlap": overlap, "alpha": alpha, "paired": paired}
    detected = detectable_difference(sd, n_replicates, **options)
    needed = float(np.ceil(n_patients * (detected / difference) ** 2))
    if needed > MOST_PATIENTS:
        return Need(np.nan, (note(Code.TOO_MANY_PATIENTS, most=MOST_PATIENTS),))
    return Need(needed)


def power_table(replicates: Replicates) -> pd.DataFrame:
    """Return the power of the corrected test for the smallest relevant difference, the margin.

    The power for the difference just observed would say no more than its p value does.
    """
    return pairs_table(replicates, lambda pair, metric: [_power(pair, metric, replicates)])


def _power(pair: Pair, metric: str, replicates: Replicates) -> Power:
    a, b, n, difference = pair.a, pair.b, pair.n_smaller, replicates.margin(metric)
    method = f"corrected resampled t, {'paired' if pair.paired else 'unpaired'}"
    sought = method, replicates.alpha, difference
    if n < 2:
        return Power(*sought, notes=(note(Code.NEEDS_SHARED_REPLICATES, needed=2, n=n),))
    if is_constant(a - b) if pair.paired else is_constant(a) and is_constant(b):
        return Power(*sought, notes=(note(Code.DIFFERENCE_WITHOUT_DEVIATION),))
    # Of independent replicates, the difference has twice the variance within the models.
    sd = float((a - b).std(ddof=1) if pair.paired else np.sqrt(2) * np.sqrt(pooled_variance(a, b)))
    options = {**replicates.corrected, "paired": pair.paired}
    reached = {
        "power": corrected_power(difference, sd, n, **options),
        "detectable_difference": detectable_difference(sd, n, **options),
    }
    if not difference:
        return Power(*sought, sd, **reached, notes=(note(Code.ZERO_SOUGHT),))
    more = replicates_needed(difference, sd, **options)
    n_patients = replicates.design.n_patients
    patients = patients_needed(difference, sd, n_patients=n_patients, n_replicates=n, **options)
    needs = {"replicates_needed": more.number, "patients_needed": patients.number}
    rounded = {name: _two_digits(number) for name, number in needs.items()}
    notes = (*more.notes, *patients.notes, note(Code.NEEDS_ARE_ROUGH, n=n))
    return Power(*sought, sd, **reached, **rounded, notes=notes)


def _two_digits(number: float) -> float:
    if not np.isfinite(number):
        return number
    step = 10 ** max(0, int(np.log10(number)) - 1)
    return float(np.ceil(number / step) * step)


def _df(n_replicates: int, paired: bool) -> int:
    return (n_replicates - 1) * (1 if paired else 2)


def _error(sd: float, n_replicates: int, overlap: float) -> float:
    return sd * np.sqrt(1 / n_replicates + overlap)


def _smallest(power: Callable[[int], float]) -> float:
    """Return the smallest number from 2 on with a power of `TARGET_POWER`, which grows with it."""
    numbers = range(2, MOST_REPLICATES + 1)
    return float(numbers[bisect_left(numbers, TARGET_POWER, key=power)])
