"""The Bayesian counterpart of the primary test: how probable it is that a model is better."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.core.errors import InputError
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.resampled import corrected_difference, within_range
from ctseq.evidence.over_replicates.samples import Pair, Replicates, pairs_table


@dataclass(frozen=True)
class Posterior:
    """Posterior of a difference of means, a minus b.

    Attributes
    ----------
    estimate, low, high
        Mean of the posterior and its central interval of level 1 - alpha.
    p_below, p_within, p_above
        Probability that the difference is below -margin, within it, above it.
    """

    method: str
    estimate: float
    low: float = np.nan
    high: float = np.nan
    p_below: float = np.nan
    p_within: float = np.nan
    p_above: float = np.nan
    notes: tuple[Note, ...] = ()


def bayesian_t(pair: Pair, *, overlap: float, margin: float, alpha: float) -> Posterior:
    """Return the probabilities that a model is better, or that it makes no practical difference.

    Bayesian correlated t test (Benavoli, Corani, Demsar, Zaffalon 2017, JMLR 18(77), section 3):
    the posterior of the mean difference is Student's t with J - 1 degrees of freedom, location
    mean(d) and squared scale (1/J + rho / (1 - rho)) s^2, where rho is the correlation between
    replicates; rho / (1 - rho) is `overlap`. That is the distribution behind the interval of the
    corrected t test, and likewise the unpaired posterior that of the unpaired test.
    `margin` is the half-width of the region of practical equivalence around 0, in the metric's
    units.
    """
    if not margin >= 0:
        raise InputError(f"A margin is {margin!r} but must be 0 or above: comparison.margins.")
    result = corrected_difference(pair, overlap=overlap, alpha=alpha)
    method = "Bayesian correlated t" + ("" if pair.paired else ", unpaired")
    if np.isnan(result.low):
        unknown = np.isnan(result.estimate)
        notes = result.notes if unknown else (note(Code.DIFFERENCE_CONSTANT),)
        return Posterior(method, result.estimate, notes=notes)
    scale = (result.high - result.low) / 2 / stats.t.isf(alpha / 2, result.df)
    posterior = stats.t(result.df, loc=result.estimate, scale=scale)
    p_below, p_above = float(posterior.cdf(-margin)), float(posterior.sf(margin))
    p_within = max(0.0, 1 - p_below - p_above)
    return Posterior(method, result.estimate, result.low, result.high, p_below, p_within, p_above)


def bayesian_t_table(replicates: Replicates) -> pd.DataFrame:
    """Return the Bayesian test of every metric and pair, by which model is the better one."""

    def rows(pair: Pair, metric: str) -> list[dict]:
        margin = replicates.margin(metric)
        found = bayesian_t(pair, margin=margin, **replicates.corrected)
        row = within_range(asdict(found), metric)
        tails = row.pop("p_below"), row.pop("p_above")
        b_better, a_better = tails if METRICS[metric].higher_is_better else tails[::-1]
        better = {
            "p_a_better": a_better,
            "p_equivalent": row.pop("p_within"),
            "p_b_better": b_better,
        }
        return [{**row, "margin": margin, **better}]

    return pairs_table(replicates, rows)
