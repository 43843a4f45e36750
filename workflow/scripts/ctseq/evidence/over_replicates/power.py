"""Power of the tests over replicates, and what it would take to find a difference."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.levels import check_level
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.effects import pooled_sd
from ctseq.evidence.over_replicates.samples import (
    Pair,
    Replicates,
    is_constant,
    pairs_table,
)

NAN = float("nan")
TARGET_POWER = 0.8  # what studies are customarily planned for (Cohen 1988)
_MOST = 10**6  # replicates or patients beyond which a number is no plan


@dataclass(frozen=True)
class Need:
    """How many replicates or patients find a difference; NaN if none do, and `notes` say why."""

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
        To reach `TARGET_POWER`, the other number left as it is.
    """

    method: str
    alpha: float
    difference: float
    sd: float = NAN
    power: float = NAN
    detectable_difference: float = NAN
    replicates_needed: float = NAN
    patients_needed: float = NAN
    notes: tuple[Note, ...] = ()


def noncentral_power(shift: float, df: float, *, alpha: float) -> float:
    """Return the power of a two-sided t test whose statistic is expected at `shift`.

    From the noncentral t distribution (Johnson, Kotz and Balakrishnan 1995, chapter 31). `shift` is
    in standard errors.
    """
    critical = stats.t.isf(alpha / 2, df)
    shift = abs(shift)
    power = stats.nct.sf(critical, df, shift)
    if shift < 8:  # beyond, this tail is below 1e-12, and SciPy gives NaN for some of it
        power += stats.nct.cdf(-critical, df, shift)
    return float(np.clip(power, 0, 1))


def two_sample_power(d: float, n_a: int, n_b: int, *, alpha: float) -> float:
    """Return the power of Student's two-sided t test on independent samples.

    Parameters
    ----------
    d
        Cohen's d; NaN gives NaN.
    n_a, n_b
        Sample sizes, at least two each.
    alpha
        Level of the test.
    """
    check_level(alpha, "alpha")
    if np.isnan(d):
        return NAN
    return noncentral_power(d / np.sqrt(1 / n_a + 1 / n_b), n_a + n_b - 2, alpha=alpha)


def corrected_power(
    difference: float,
    sd: float,
    n_replicates: int,
    *,
    test_train_ratio: float,
    alpha: float,
    paired: bool = True,
) -> float:
    """Return the power of the corrected resampled t test.

    The test's variance (1/J + n_test/n_train) sd^2 is taken for the true one (Nadeau and Bengio
    2003), so that its statistic is noncentral t with J - 1 degrees of freedom, or 2 (J - 1) where
    the models do not share their splits.

    Parameters
    ----------
    difference, sd
        True difference, and deviation of the difference between two models' replicates, in the
        metric's units.
    n_replicates
        J, at least two.
    test_train_ratio
        n_test / n_train.
    paired
        Whether the models share their splits.
    """
    df = (n_replicates - 1) * (1 if paired else 2)
    error = sd * np.sqrt(1 / n_replicates + test_train_ratio)
    return noncentral_power(difference / error, df, alpha=alpha)


def replicates_needed(
    difference: float, sd: float, *, test_train_ratio: float, alpha: float, paired: bool = True
) -> Need:
    """Return how many replicates give the corrected test a power of `TARGET_POWER`.

    There may be no such number: replicates reuse the same patients, so the variance never falls
    below sd^2 n_test/n_train, however many there are.
    """
    options = {"test_train_ratio": test_train_ratio, "alpha": alpha, "paired": paired}

    def power(n: int) -> float:
        return corrected_power(difference, sd, n, **options)

    floor = abs(difference) / (sd * np.sqrt(test_train_ratio))
    critical = stats.norm.isf(alpha / 2)
    ceiling = float(stats.norm.sf(critical - floor) + stats.norm.cdf(-critical - floor))
    if ceiling <= TARGET_POWER or power(_MOST) < TARGET_POWER:
        return Need(NAN, (note(Code.POWER_OUT_OF_REACH, target=TARGET_POWER, ceiling=ceiling),))
    return Need(_smallest(power))


def patients_needed(
    difference: float,
    sd: float,
    *,
    n_patients: int,
    n_replicates: int,
    test_train_ratio: float,
    alpha: float,
    paired: bool = True,
) -> Need:
    """Return about how many patients give the corrected test a power of `TARGET_POWER`.

    Replicates and the share that is tested on stay as they are; sd^2 is taken to fall as one over
    the number of patients, as it does where it stems from the sampling of test patients.
    """
    options = {"test_train_ratio": test_train_ratio, "alpha": alpha, "paired": paired}

    def power(n: int) -> float:
        scaled = sd * np.sqrt(n_patients / n)
        return corrected_power(difference, scaled, n_replicates, **options)

    if power(_MOST) < TARGET_POWER:
        return Need(NAN, (note(Code.TOO_MANY_PATIENTS, most=_MOST),))
    return Need(_smallest(power))


def power_table(replicates: Replicates) -> pd.DataFrame:
    """Return the power of the corrected test for the smallest relevant difference, the rope.

    The power for the difference just observed would say no more than its p value does.
    """
    return pairs_table(replicates, lambda pair, _: [_power(pair, replicates)])


def _power(pair: Pair, replicates: Replicates) -> Power:
    a, b, n = pair.a, pair.b, min(len(pair.a), len(pair.b))
    difference, alpha = replicates.rope, replicates.alpha
    paired = "paired" if pair.paired else "unpaired"
    sought = f"corrected resampled t, {paired}", alpha, difference
    if n < 2:
        return Power(*sought, notes=(note(Code.NEEDS_SHARED_REPLICATES, needed=2, n=n),))
    if is_constant(a - b) if pair.paired else is_constant(a) and is_constant(b):
        return Power(*sought, notes=(note(Code.DIFFERENCE_WITHOUT_DEVIATION),))
    # Of independent replicates, the difference has twice the variance within the models.
    sd = float((a - b).std(ddof=1)) if pair.paired else float(np.sqrt(2) * pooled_sd(a, b))
    options = {**replicates.corrected, "paired": pair.paired}
    if difference:
        more = replicates_needed(difference, sd, **options)
        sizes = {"n_patients": replicates.design.n_patients, "n_replicates": n}
        patients = patients_needed(difference, sd, **sizes, **options)
    else:
        more, patients = Need(NAN, (note(Code.ZERO_SOUGHT),)), Need(NAN)
    error = sd * np.sqrt(1 / n + replicates.design.test_train_ratio)
    return Power(
        *sought,
        sd,
        corrected_power(difference, sd, n, **options),
        detectable_difference=float(
            error * _target_shift((n - 1) * (1 if pair.paired else 2), alpha)
        ),
        replicates_needed=more.number,
        patients_needed=patients.number,
        notes=(*more.notes, *patients.notes),
    )


def _target_shift(df: int, alpha: float) -> float:
    """Find the shift at which a t test reaches `TARGET_POWER`, by bisection."""
    low, high = 0.0, 1.0
    while noncentral_power(high, df, alpha=alpha) < TARGET_POWER:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        enough = noncentral_power(middle, df, alpha=alpha) >= TARGET_POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def _smallest(power) -> float:
    """Find the smallest number from 2 on with a power of `TARGET_POWER`, which grows with it."""
    low = high = 2
    while power(high) < TARGET_POWER:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= TARGET_POWER else (middle, high)
    return float(high)
