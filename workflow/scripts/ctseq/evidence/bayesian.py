"""What is believed about a difference after the replicates, beside the primary test."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import higher_is_better
from ctseq.evidence.resampled import (
    NAN,
    NO_DEVIATION,
    a_row_a_pair,
    corrected_t,
    corrected_t_unpaired,
)
from ctseq.evidence.samples import Replicates


@dataclass(frozen=True)
class Posterior:
    """What is believed about a difference of means, a minus b, after the replicates.

    Attributes
    ----------
    estimate, low, high
        Mean of the posterior and its central interval of level 1 - alpha.
    p_below, p_rope, p_above
        Probability that the difference is below -rope, within it, above it.
    """

    method: str
    estimate: float
    low: float
    high: float
    p_below: float
    p_rope: float
    p_above: float
    n: int
    note: str = ""


def bayesian_t(
    a: np.ndarray,
    b: np.ndarray,
    *,
    test_train_ratio: float,
    rope: float,
    alpha: float,
    paired: bool = True,
) -> Posterior:
    """Give the probabilities that a model is better, or that it makes no practical difference.

    Bayesian correlated t test (Benavoli, Corani, Demsar, Zaffalon 2017, JMLR 18(77), section 3):
    the posterior of the mean difference is Student's t with J - 1 degrees of freedom, location
    mean(d) and squared scale (1/J + rho / (1 - rho)) s^2 with rho = n_test / n, so that
    rho / (1 - rho) is n_test / n_train. That is the distribution behind the interval of the
    corrected t test, and so is the unpaired posterior that of the unpaired test.

    Parameters
    ----------
    a, b
        As `corrected_t`, or `corrected_t_unpaired` if not `paired`.
    rope
        Half-width of the region of practical equivalence around 0, in the metric's units.
    paired
        Whether places of `a` and `b` share their splits.
    """
    if not rope >= 0:
        raise InputError(f"comparison.rope is {rope!r} but must be 0 or above.")
    test = corrected_t if paired else corrected_t_unpaired
    result = test(a, b, test_train_ratio=test_train_ratio, alpha=alpha)
    method = "Bayesian correlated t" + ("" if paired else ", unpaired")
    if np.isnan(result.low):
        note = result.note if np.isnan(result.estimate) else NO_DEVIATION
        return Posterior(method, result.estimate, NAN, NAN, NAN, NAN, NAN, result.n, note)
    scale = (result.high - result.low) / 2 / stats.t.isf(alpha / 2, result.df)
    posterior = stats.t(result.df, loc=result.estimate, scale=scale)
    p_below, p_above = float(posterior.cdf(-rope)), float(posterior.sf(rope))
    p_rope = max(0.0, 1 - p_below - p_above)
    interval = result.estimate, result.low, result.high
    return Posterior(method, *interval, p_below, p_rope, p_above, result.n)


def bayesian_t_table(
    replicates: Replicates, *, undefined: str, alpha: float, test_train_ratio: float, rope: float
) -> pd.DataFrame:
    """Tabulate the Bayesian test; which model is better follows the metric's direction."""
    options = {"test_train_ratio": test_train_ratio, "rope": rope, "alpha": alpha}

    def measure(a: np.ndarray, b: np.ndarray, metric: str) -> dict:
        result = asdict(bayesian_t(a, b, **options, paired=replicates.shared_splits))
        tails = result.pop("p_below"), result.pop("p_above")
        b_better, a_better = tails if higher_is_better(metric) else tails[::-1]
        better = {"p_a_better": a_better, "p_equivalent": result.pop("p_rope")}
        return {**result, "rope": rope, **better, "p_b_better": b_better}

    return a_row_a_pair(replicates, undefined, measure)
