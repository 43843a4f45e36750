"""How large a difference between models is, and how they rank: descriptions, not tests."""

from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, Note, note
from ctseq.evidence.over_replicates.resampled import corrected_difference, within_range
from ctseq.evidence.over_replicates.samples import (
    Pair,
    Replicates,
    is_constant,
    pairs_table,
    pooled_variance,
    values_of,
)
from ctseq.evidence.rows import table_with_notes


@dataclass(frozen=True)
class Effect:
    """An effect size; only the mean difference has an interval, of level 1 - alpha.

    Intervals of the others are known for independent replicates alone, and would be too narrow.
    """

    effect: str
    estimate: float
    low: float = np.nan
    high: float = np.nan
    notes: tuple[Note, ...] = ()


def cohens_d(a: np.ndarray, b: np.ndarray) -> float:
    """Return the difference of means over the pooled deviation (Cohen 1988); NaN if that is 0.

    Both samples need two values or more.
    """
    if is_constant(a) and is_constant(b):
        return np.nan
    return float((a.mean() - b.mean()) / np.sqrt(pooled_variance(a, b)))


def cliffs_delta(a: np.ndarray, b: np.ndarray) -> float:
    """Return P(a > b) - P(a < b) over all pairs of values (Cliff 1993)."""
    return float(np.sign(a[:, None] - b).mean())


def hodges_lehmann_shift(a: np.ndarray, b: np.ndarray) -> float:
    """Return the median of all differences between a value of a and one of b."""
    return float(np.median(a[:, None] - b))


def probability_better(a: np.ndarray, b: np.ndarray, *, higher: bool) -> float:
    """Return the probability that a replicate of a is better than one of b, ties counting half.

    Vargha and Delaney's A (2000), (1 + Cliff's delta) / 2. `higher` says that higher is better.
    """
    return (1 + (cliffs_delta(a, b) if higher else cliffs_delta(b, a))) / 2


def share_of_splits_won(a: np.ndarray, b: np.ndarray, *, higher: bool) -> float:
    """Return the share of splits on which a is better than b, ties counting half."""
    sign = 1 if higher else -1
    return float(np.sum((np.sign(sign * (a - b)) + 1) / 2)) / len(a)


def effects_table(replicates: Replicates) -> pd.DataFrame:
    """Return every effect size, a row an effect, metric and pair.

    Where models share their splits, replicates undefined for either are dropped for both; where
    they do not, there is no share of splits won.
    """

    def rows(pair: Pair, metric: str) -> list[Effect]:
        tested = corrected_difference(pair, **replicates.corrected)
        why_not = tested.notes if pair.n_smaller < 2 else (note(Code.NO_POOLED_DEVIATION),)
        described = _described(pair, METRICS[metric].higher_is_better)
        cut = within_range(asdict(tested), metric)
        ends = {name: cut[name] for name in ("low", "high", "notes")}
        return [
            Effect("mean_difference", tested.estimate, **ends),
            *(
                Effect(name, value, notes=why_not if np.isnan(value) else ())
                for name, value in described.items()
            ),
        ]

    return pairs_table(replicates, rows)


def mean_ranks(values: np.ndarray, *, higher: bool) -> np.ndarray:
    """Return the models' mean ranks over replicates, 1 the best; ties share their mean rank.

    `values` have shape (models, replicates) and are all defined. `higher` says that higher is
    better.
    """
    return stats.rankdata(-values if higher else values, axis=0).mean(axis=1)


def ranking_table(replicates: Replicates) -> pd.DataFrame:
    """Return the models' mean ranks, a row a metric and model.

    A replicate that is undefined for any model is dropped for all, or counts as 0, or is refused.
    Models that do not share their splits have no ranks.
    """
    rows = []
    for metric in replicates.metrics:
        values, n_undefined = values_of(replicates, metric, *replicates.models)
        n, ranks, notes = values.shape[1], np.full(len(values), np.nan), []
        if not replicates.design.shared_splits:
            notes = [note(Code.RANKS_NEED_SHARED_SPLITS)]
        elif not n:
            notes = [note(Code.NO_COMPLETE_REPLICATE)]
        else:
            ranks = mean_ranks(values, higher=METRICS[metric].higher_is_better)
        rest = {"n": n, "n_undefined": n_undefined, "notes": notes}
        rows += [
            {"metric": metric, "model": model, "average_rank": rank, **rest}
            for model, rank in zip(replicates.models, ranks, strict=True)
        ]
    return table_with_notes(rows)


def _described(pair: Pair, higher: bool) -> dict[str, float]:
    """Return the effects that have no interval; NaN with fewer than two values of a model."""
    effects = {
        "cohens_d": cohens_d,
        "cliffs_delta": cliffs_delta,
        "hodges_lehmann_shift": hodges_lehmann_shift,
        "probability_a_better": partial(probability_better, higher=higher),
    }
    if pair.paired:
        effects["share_of_splits_won_by_a"] = partial(share_of_splits_won, higher=higher)
    few = pair.n_smaller < 2
    return {name: np.nan if few else effect(pair.a, pair.b) for name, effect in effects.items()}
