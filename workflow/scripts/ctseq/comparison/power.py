"""Power of the tests over replicates, and what a difference would need to be found."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.comparison.policy import Replicates, check_level, is_constant, joined, pair_of

NAN = float("nan")
TARGET_POWER = 0.8  # what studies are customarily planned for (Cohen 1988)
CORRECTED, STUDENT = "corrected resampled t, paired", "Student's t"
HINDSIGHT = "power for the difference just observed says no more than its p value does"
_MOST = 10**6  # replicates or patients beyond which a number is no plan


@dataclass(frozen=True)
class Need:
    """What it takes to find a difference; NaN if it cannot be had, and `note` says why."""

    number: float
    note: str = ""


@dataclass(frozen=True)
class Power:
    """Power of one test for one difference between two models.

    Attributes
    ----------
    sought
        Which difference: ``observed`` or ``smallest relevant``.
    difference, sd
        The difference sought, and the deviation it is judged by: of a replicate's difference
        between models (corrected test), or pooled within the models (Student's t).
    power
        Probability of p < alpha if the true difference is `difference`.
    detectable_difference
        The smallest difference found with probability `TARGET_POWER`.
    replicates_needed, patients_needed
        To reach `TARGET_POWER`, the other number left as it is.
    """

    sought: str
    method: str
    difference: float
    sd: float = NAN
    power: float = NAN
    detectable_difference: float = NAN
    replicates_needed: float = NAN
    patients_needed: float = NAN
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
    difference: float, sd: float, n_replicates: int, *, test_train_ratio: float, alpha: float
) -> float:
    """Give the power of the paired corrected resampled t test.

    The test's variance (1/J + n_test/n_train) sd^2 is taken for the true one (Nadeau and Bengio
    2003), so that its statistic is noncentral t with J - 1 degrees of freedom.

    Parameters
    ----------
    difference, sd
        True difference, and deviation of a replicate's difference, in the metric's units.
    n_replicates
        J, at least two.
    test_train_ratio
        n_test / n_train.
    """
    error = sd * np.sqrt(1 / n_replicates + test_train_ratio)
    return noncentral_power(difference / error, n_replicates - 1, alpha=alpha)


def replicates_needed(
    difference: float,
    sd: float,
    *,
    test_train_ratio: float,
    alpha: float,
    target: float = TARGET_POWER,
) -> Need:
    """Find how many replicates give the corrected test a power of `target`.

    There may be no such number: replicates reuse the same patients, so the variance never falls
    below sd^2 n_test/n_train, however many there are.
    """
    check_level(target, "target")
    if difference == 0:
        return Need(NAN, "no number of replicates finds a difference of 0")

    def power(n: int) -> float:
        return corrected_power(difference, sd, n, test_train_ratio=test_train_ratio, alpha=alpha)

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
    target: float = TARGET_POWER,
) -> Need:
    """Estimate how many patients give the corrected test a power of `target`.

    Replicates and the share that validates stay as they are; sd^2 is taken to fall as one over
    the number of patients, as it does where it stems from the sampling of validation patients.
    """
    check_level(target, "target")
    if difference == 0:
        return Need(NAN, "no number of patients finds a difference of 0")

    def power(n: int) -> float:
        scaled = sd * np.sqrt(n_patients / n)
        return corrected_power(
            difference, scaled, n_replicates, test_train_ratio=test_train_ratio, alpha=alpha
        )

    if power(_MOST) < target:
        return Need(NAN, f"more than {_MOST:,} patients would be needed")
    return Need(_smallest(power, 2, target))


def student_need(d: float, *, alpha: float, target: float = TARGET_POWER) -> Need:
    """Find how many independent replicates a model give Student's t a power of `target`."""
    if d == 0 or two_sample_power(d, _MOST, _MOST, alpha=alpha) < target:
        return Need(NAN, f"more than {_MOST:,} replicates would be needed")
    return Need(_smallest(lambda n: two_sample_power(d, n, n, alpha=alpha), 2, target))


def power_table(
    replicates: Replicates,
    *,
    undefined: str,
    alpha: float,
    test_train_ratio: float,
    n_patients: int,
    smallest_relevant: float,
) -> pd.DataFrame:
    """Tabulate power for the observed and for the smallest relevant difference.

    Two rows a metric and pair for the corrected test, one for each difference, and one for
    Student's t, which the paper uses.

    Parameters
    ----------
    smallest_relevant
        The least difference that matters, in the metric's units: the rope's half-width. With 0
        there is no row for it.
    """
    check_level(alpha, "alpha")
    rows = []
    design = {"test_train_ratio": test_train_ratio, "alpha": alpha, "n_patients": n_patients}
    for metric in replicates.metrics:
        for model_a, model_b in replicates.pairs:
            pair = pair_of(replicates, model_a, model_b, metric, undefined)
            names = {"metric": metric, "model_a": model_a, "model_b": model_b, "alpha": alpha}
            counts = {"n": len(pair.a), "n_undefined": pair.n_undefined}
            powers = _powers(pair.a, pair.b, smallest_relevant, design)
            rows += [{**names, **asdict(power), **counts} for power in powers]
    frame = pd.DataFrame(rows)
    return frame[[*frame.columns.drop("note"), "note"]]


def _powers(a: np.ndarray, b: np.ndarray, smallest_relevant: float, design: dict) -> list[Power]:
    if len(a) < 2:
        note = f"needs 2 replicates defined for both models, has {len(a)}"
        return [Power("observed", method, NAN, note=note) for method in (CORRECTED, STUDENT)]
    differences = a - b
    observed = float(differences.mean())
    if is_constant(differences):
        note = "the difference is the same in every replicate, so it has no deviation"
        powers = [Power("observed", CORRECTED, observed, note=note)]
    else:
        powers = [_corrected("observed", observed, differences, design, HINDSIGHT)]
        if smallest_relevant > 0:
            sought = "smallest relevant"
            powers.append(_corrected(sought, smallest_relevant, differences, design, ""))
    d = cohens_d(a, b)
    if np.isnan(d):
        return [*powers, Power("observed", STUDENT, observed, note="neither model's values vary")]
    need, sd = student_need(d, alpha=design["alpha"]), pooled_sd(a, b)
    power = two_sample_power(d, len(a), len(b), alpha=design["alpha"])
    # The shift of the statistic that gives the target power, in units of its standard error.
    error = sd * np.sqrt(2 / len(a))
    detectable = error * _target_shift(2 * len(a) - 2, design["alpha"])
    note = joined("takes replicates for independent, which they are not", HINDSIGHT, need.note)
    return [
        *powers,
        Power("observed", STUDENT, observed, sd, power, detectable, need.number, note=note),
    ]


def _corrected(
    sought: str, difference: float, differences: np.ndarray, design: dict, note: str
) -> Power:
    sd, n = float(differences.std(ddof=1)), len(differences)
    ratio, alpha = design["test_train_ratio"], design["alpha"]
    more = replicates_needed(difference, sd, test_train_ratio=ratio, alpha=alpha)
    patients = patients_needed(difference, sd, n_replicates=n, **design)
    return Power(
        sought,
        CORRECTED,
        difference,
        sd,
        corrected_power(difference, sd, n, test_train_ratio=ratio, alpha=alpha),
        float(sd * np.sqrt(1 / n + ratio) * _target_shift(n - 1, alpha)),
        more.number,
        patients.number,
        joined(note, more.note, patients.note),
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


def _smallest(power, low: int, target: float) -> float:
    """Find the smallest number from `low` on with a power of `target`, which grows with it."""
    high = low
    while power(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= target else (middle, high)
    return float(high)
