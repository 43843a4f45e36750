"""How large a difference between models is, and how they rank: descriptions, not tests."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.resampled import corrected_difference
from ctseq.evidence.over_replicates.samples import (
    Pair,
    Replicates,
    is_constant,
    pairs_table,
    sample_of,
    table_with_notes,
)

NAN = float("nan")
# The last one needs shared splits.
_DESCRIBED = (
    "cohens_d",
    "cliffs_delta",
    "hodges_lehmann_shift",
    "probability_a_better",
    "share_of_splits_won_by_a",
)


@dataclass(frozen=True)
class Effect:
    """An effect size; only the mean difference has an interval, of level 1 - alpha.

    Intervals of the others are known for independent replicates alone, and would be too narrow.
    """

    effect: str
    estimate: float
    low: float = NAN
    high: float = NAN
    notes: tuple[Note, ...] = ()


def cohens_d(a: np.ndarray, b: np.ndarray) -> float:
    """Return the difference of means over the pooled deviation (Cohen 1988); NaN if that is 0.

    Parameters
    ----------
    a, b
        At least two values each.
    """
    if is_constant(a) and is_constant(b):
        return NAN
    return float((a.mean() - b.mean()) / pooled_sd(a, b))


def pooled_sd(a: np.ndarray, b: np.ndarray) -> float:
    """Return the deviation of two samples around their own means, pooled by degrees of freedom."""
    df_a, df_b = len(a) - 1, len(b) - 1
    return float(np.sqrt((df_a * a.var(ddof=1) + df_b * b.var(ddof=1)) / (df_a + df_b)))


def cliffs_delta(a: np.ndarray, b: np.ndarray) -> float:
    """Return P(a > b) - P(a < b) over all pairs of values (Cliff 1993)."""
    return float(np.sign(a[:, None] - b[None, :]).mean())


def hodges_lehmann_shift(a: np.ndarray, b: np.ndarray) -> float:
    """Return the median of all differences between a value of a and one of b."""
    return float(np.median(a[:, None] - b[None, :]))


def probability_better(a: np.ndarray, b: np.ndarray, *, higher: bool) -> float:
    """Return the probability that a replicate of a is better than one of b, ties counting half.

    Vargha and Delaney's A (2000), (1 + Cliff's delta) / 2.

    Parameters
    ----------
    higher
        Whether larger values are better.
    """
    return (1 + (cliffs_delta(a, b) if higher else cliffs_delta(b, a))) / 2


def share_of_splits_won(a: np.ndarray, b: np.ndarray, *, higher: bool) -> float:
    """Return the share of replicates in which a is better than b on the same split.

    Ties count half.
    """
    sign = 1 if higher else -1
    return float(np.sum((np.sign(sign * (a - b)) + 1) / 2)) / len(a)


def effects_table(replicates: Replicates) -> pd.DataFrame:
    """Return every effect size, a row an effect, metric and pair.

    Where models share their splits, replicates undefined for either are dropped for both; where
    they do not, there is no share of splits won.
    """

    def rows(pair: Pair, metric: str) -> list[Effect]:
        tested = corrected_difference(pair, **replicates.corrected)
        difference = tested.estimate, tested.low, tested.high, tested.notes
        few = min(len(pair.a), len(pair.b)) < 2
        why_not = tested.notes if few else (note(Code.NO_POOLED_DEVIATION),)
        described = _described(pair, METRICS[metric].higher_is_better)
        return [
            Effect("mean_difference", *difference),
            *(
                Effect(name, value, notes=why_not if np.isnan(value) else ())
                for name, value in described.items()
            ),
        ]

    return pairs_table(replicates, rows)


def mean_ranks(values: np.ndarray, *, higher: bool) -> np.ndarray:
    """Return the models' mean ranks over replicates, 1 the best; ties share their mean rank.

    Parameters
    ----------
    values
        Shape (models, replicates), all defined; at least one replicate.
    higher
        Whether larger values are better.
    """
    return stats.rankdata(-values if higher else values, axis=0).mean(axis=1)


def ranking_table(replicates: Replicates) -> pd.DataFrame:
    """Return the models' mean ranks, a row a metric and model.

    A replicate that is undefined for any model is dropped for all, or counts as 0, or is refused.
    Models that do not share their splits have no ranks.
    """
    rows = []
    for metric in replicates.metrics:
        for model in replicates.models:  # refuses undefined values where they are to be refused
            sample_of(replicates, model, metric)
        values = np.array([replicates.of(model, metric) for model in replicates.models])
        incomplete = np.isnan(values).any(axis=0)
        values = (
            values[:, ~incomplete] if replicates.undefined == "exclude" else np.nan_to_num(values)
        )
        n, ranks, notes = values.shape[1], np.full(len(values), NAN), []
        if not replicates.design.shared_splits:
            notes = [note(Code.RANKS_NEED_SHARED_SPLITS)]
        elif not n:
            notes = [note(Code.NO_COMPLETE_REPLICATE)]
        else:
            ranks = mean_ranks(values, higher=METRICS[metric].higher_is_better)
        counts = {"n": n, "n_undefined": int(incomplete.sum()), "notes": notes}
        rows += [
            {"metric": metric, "model": model, "average_rank": rank, **counts}
            for model, rank in zip(replicates.models, ranks, strict=True)
        ]
    return table_with_notes(rows)


def _described(pair: Pair, higher: bool) -> dict[str, float]:
    """Return the effects that have no interval; NaN with fewer than two values of a model."""
    a, b = pair.a, pair.b
    if min(len(a), len(b)) < 2:
        return dict.fromkeys(_DESCRIBED if pair.paired else _DESCRIBED[:-1], NAN)
    effects = [
        cohens_d(a, b),
        cliffs_delta(a, b),
        hodges_lehmann_shift(a, b),
        probability_better(a, b, higher=higher),
    ]
    effects += [share_of_splits_won(a, b, higher=higher)] if pair.paired else []
    return dict(zip(_DESCRIBED, effects, strict=False))
