"""The table of power: what a study could find, and what a difference would need to be found."""

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from ctseq.evidence.power import (
    NAN,
    TARGET_POWER,
    cohens_d,
    corrected_power,
    noncentral_power,
    patients_needed,
    pooled_sd,
    replicates_needed,
    student_need,
    two_sample_power,
)
from ctseq.evidence.samples import Pair, Replicates, check_level, is_constant, joined, pair_of

CORRECTED, STUDENT = "corrected resampled t", "Student's t"
HINDSIGHT = "power for the difference just observed says no more than its p value does"


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
            counts = {"n": pair.n, "n_undefined": pair.n_undefined}
            powers = _powers(pair, smallest_relevant, design)
            rows += [{**names, **asdict(power), **counts} for power in powers]
    frame = pd.DataFrame(rows)
    return frame[[*frame.columns.drop("note"), "note"]]


def _powers(pair: Pair, smallest_relevant: float, design: dict) -> list[Power]:
    a, b, n = pair.a, pair.b, min(len(pair.a), len(pair.b))
    method = f"{CORRECTED}, {'paired' if pair.paired else 'unpaired'}"
    if n < 2:
        note = f"needs 2 replicates defined for both models, has {n}"
        return [Power("observed", name, NAN, note=note) for name in (method, STUDENT)]
    observed = float(a.mean() - b.mean())
    # Of independent replicates, the difference has twice the variance within the models.
    sd = float((a - b).std(ddof=1)) if pair.paired else float(np.sqrt(2) * pooled_sd(a, b))
    if is_constant(a - b) if pair.paired else is_constant(a) and is_constant(b):
        note = "the difference is the same in every replicate, so it has no deviation"
        powers = [Power("observed", method, observed, note=note)]
    else:
        design = {**design, "n_replicates": n, "paired": pair.paired}
        powers = [_corrected(Power("observed", method, observed, sd, note=HINDSIGHT), design)]
        if smallest_relevant > 0:
            sought = Power("smallest relevant", method, smallest_relevant, sd)
            powers.append(_corrected(sought, design))
    d = cohens_d(a, b)
    if np.isnan(d):
        return [*powers, Power("observed", STUDENT, observed, note="neither model's values vary")]
    need, sd = student_need(d, alpha=design["alpha"]), pooled_sd(a, b)
    power = two_sample_power(d, len(a), len(b), alpha=design["alpha"])
    # The shift of the statistic that gives the target power, in units of its standard error.
    error = sd * np.sqrt(1 / len(a) + 1 / len(b))
    detectable = error * _target_shift(len(a) + len(b) - 2, design["alpha"])
    note = joined("takes replicates for independent, which they are not", HINDSIGHT, need.note)
    return [
        *powers,
        Power("observed", STUDENT, observed, sd, power, detectable, need.number, note=note),
    ]


def _corrected(sought: Power, design: dict) -> Power:
    """Fill in what the corrected test can do about a difference with its deviation."""
    n, ratio, paired = (design[key] for key in ("n_replicates", "test_train_ratio", "paired"))
    options = {"test_train_ratio": ratio, "alpha": design["alpha"], "paired": paired}
    place = sought.difference, sought.sd
    more, patients = replicates_needed(*place, **options), patients_needed(*place, **design)
    shift = _target_shift((n - 1) * (1 if paired else 2), design["alpha"])
    return replace(
        sought,
        power=corrected_power(*place, n, **options),
        detectable_difference=float(sought.sd * np.sqrt(1 / n + ratio) * shift),
        replicates_needed=more.number,
        patients_needed=patients.number,
        note=joined(sought.note, more.note, patients.note),
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
