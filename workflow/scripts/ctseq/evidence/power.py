"""Power of the tests over replicates, and the numbers that it takes to reach one."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ctseq.evidence.samples import check_level, is_constant

NAN = float("nan")
TARGET_POWER = 0.8  # what studies are customarily planned for (Cohen 1988)
_MOST = 10**6  # replicates or patients beyond which a number is no plan


@dataclass(frozen=True)
class Need:
    """What it takes to find a difference; NaN if it cannot be had, and `note` says why."""

    number: float
    note: str = ""


def cohens_d(a: np.ndarray, b: np.ndarray) -> float:
    """Give the difference of means over the pooled deviation (Cohen 1988); NaN if that is 0.

    Parameters
    ----------
    a, b
        At least two values each.
    """
    if is_constant(a) and is_constant(b):
        return NAN
    return float((a.mean() - b.mean()) / pooled_sd(a, b))


def pooled_sd(a: np.ndarray, b: np.ndarray) -> float:
    """Give the deviation of two samples around their own means, weighted by degrees of freedom."""
    df_a, df_b = len(a) - 1, len(b) - 1
    return float(np.sqrt((df_a * a.var(ddof=1) + df_b * b.var(ddof=1)) / (df_a + df_b)))


def noncentral_power(shift: float, df: float, *, alpha: float) -> float:
    """Give the power of a two-sided t test whose statistic is expected at `shift` standard errors.

    From the noncentral t distribution (Johnson, Kotz and Balakrishnan 1995, chapter 31).
    """
    critical = stats.t.isf(alpha / 2, df)
    shift = abs(shift)
    power = stats.nct.sf(critical, df, shift)
    if shift < 8:  # beyond, this tail is below 1e-12, and SciPy gives NaN for some of it
        power += stats.nct.cdf(-critical, df, shift)
    return float(np.clip(power, 0, 1))


def two_sample_power(d: float, n_a: int, n_b: int, *, alpha: float) -> float:
    """Give the power of Student's two-sided t test on independent samples.

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
    """Give the power of the corrected resampled t test.

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
    difference: float,
    sd: float,
    *,
    test_train_ratio: float,
    alpha: float,
    paired: bool = True,
    target: float = TARGET_POWER,
) -> Need:
    """Find how many replicates give the corrected test a power of `target`.

    There may be no such number: replicates reuse the same patients, so the variance never falls
    below sd^2 n_test/n_train, however many there are.
    """
    check_level(target, "target")
    if difference == 0:
        return Need(NAN, "no number of replicates finds a difference of 0")

    options = {"test_train_ratio": test_train_ratio, "alpha": alpha, "paired": paired}

    def power(n: int) -> float:
        return corrected_power(difference, sd, n, **options)

    floor = abs(difference) / (sd * np.sqrt(test_train_ratio))
    critical = stats.norm.isf(alpha / 2)
    ceiling = stats.norm.sf(critical - floor) + stats.norm.cdf(-critical - floor)
    if ceiling <= target or power(_MOST) < target:
        return Need(
            NAN,
            f"no number of replicates reaches a power of {target:g}: they reuse the same "
            f"patients, and the power stays below {ceiling:.2f}",
        )
    return Need(_smallest(power, 2, target))


def patients_needed(
    difference: float,
    sd: float,
    *,
    n_patients: int,
    n_replicates: int,
    test_train_ratio: float,
    alpha: float,
    paired: bool = True,
    target: float = TARGET_POWER,
) -> Need:
    """Estimate how many patients give the corrected test a power of `target`.

    Replicates and the share that is tested on stay as they are; sd^2 is taken to fall as one over
    the number of patients, as it does where it stems from the sampling of test patients.
    """
    check_level(target, "target")
    if difference == 0:
        return Need(NAN, "no number of patients finds a difference of 0")

    options = {"test_train_ratio": test_train_ratio, "alpha": alpha, "paired": paired}

    def power(n: int) -> float:
        scaled = sd * np.sqrt(n_patients / n)
        return corrected_power(difference, scaled, n_replicates, **options)

    if power(_MOST) < target:
        return Need(NAN, f"more than {_MOST:,} patients would be needed")
    return Need(_smallest(power, 2, target))


def student_need(d: float, *, alpha: float, target: float = TARGET_POWER) -> Need:
    """Find how many independent replicates a model give Student's t a power of `target`."""
    if d == 0 or two_sample_power(d, _MOST, _MOST, alpha=alpha) < target:
        return Need(NAN, f"more than {_MOST:,} replicates would be needed")
    return Need(_smallest(lambda n: two_sample_power(d, n, n, alpha=alpha), 2, target))


def _smallest(power, low: int, target: float) -> float:
    """Find the smallest number from `low` on with a power of `target`, which grows with it."""
    high = low
    while power(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= target else (middle, high)
    return float(high)
