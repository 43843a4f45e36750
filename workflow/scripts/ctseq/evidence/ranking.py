"""Three models or more ranked over replicates, as Demsar (2006) compares classifiers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ctseq.evidence.metrics import higher_is_better
from ctseq.evidence.samples import Replicates, check_level, joined, sample_of

NAN = float("nan")


@dataclass(frozen=True)
class Ranking:
    """Mean ranks of the models, 1 the best, and what separates them.

    Attributes
    ----------
    average_ranks
        Shape (models,); ties share their mean rank.
    statistic, p
        Friedman's test that all models rank alike, with correction for ties.
    critical_difference
        Of two mean ranks, by Nemenyi.
    n
        Replicates ranked.
    """

    average_ranks: np.ndarray
    statistic: float
    p: float
    critical_difference: float
    n: int
    note: str = ""


def rank_models(values: np.ndarray, *, higher: bool, alpha: float) -> Ranking:
    """Rank models within each replicate.

    Friedman's test and Nemenyi's critical difference (Demsar 2006, JMLR 7:1-30, section 3.2.2).
    Both take replicates for independent, which they are not; the pairwise corrected tests decide.

    Parameters
    ----------
    values
        Shape (models, replicates), all defined.
    higher
        Whether larger values are better.
    alpha
        Level of the critical difference.
    """
    check_level(alpha, "alpha")
    n_models, n = values.shape
    if not n:
        return Ranking(np.full(n_models, NAN), NAN, NAN, NAN, 0, "no replicate is fully defined")
    ranks = stats.rankdata(-values if higher else values, axis=0)
    average = ranks.mean(axis=1)
    note = "takes replicates for independent, which they are not"
    if n_models < 3:
        return Ranking(average, NAN, NAN, NAN, n, "Friedman's test needs three models")
    if n < 2:
        return Ranking(average, NAN, NAN, NAN, n, "Friedman's test needs two replicates")
    distance = nemenyi_critical_difference(n_models, n, alpha=alpha)
    if (ranks == ranks[:1]).all():
        tied = joined("all models are tied in every replicate", note)
        return Ranking(average, 0.0, 1.0, distance, n, tied)
    result = stats.friedmanchisquare(*ranks)
    return Ranking(average, float(result.statistic), float(result.pvalue), distance, n, note)


def nemenyi_critical_difference(n_models: int, n: int, *, alpha: float) -> float:
    """Give q sqrt(k (k + 1) / 6 N), q the studentised range over sqrt 2 (Demsar 2006)."""
    q = stats.studentized_range.isf(alpha, n_models, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_models * (n_models + 1) / (6 * n)))


def ranking_table(replicates: Replicates, *, undefined: str, alpha: float) -> pd.DataFrame:
    """Rank the models, a row a metric and model.

    A replicate that is undefined for any model is dropped for all, or counts as 0, or is refused,
    as the policy `undefined` says. Models that do not share their splits have no ranks.
    """
    rows = []
    for metric in replicates.metrics:
        for model in replicates.models:  # the policy may refuse a value, and names the model
            sample_of(replicates, model, metric, undefined)
        values = np.array([replicates.of(model, metric) for model in replicates.models])
        incomplete = np.isnan(values).any(axis=0)
        values = values[:, ~incomplete] if undefined == "exclude" else np.nan_to_num(values)
        ranking = rank_models(values, higher=higher_is_better(metric), alpha=alpha)
        if not replicates.shared_splits:
            unranked = np.full(len(values), NAN)
            ranking = Ranking(unranked, NAN, NAN, NAN, ranking.n, "ranks need shared splits")
        for model, rank in zip(replicates.models, ranking.average_ranks, strict=True):
            rows.append(
                {
                    "metric": metric,
                    "model": model,
                    "method": "Friedman, Nemenyi",
                    "average_rank": rank,
                    "statistic": ranking.statistic,
                    "p": ranking.p,
                    "critical_difference": ranking.critical_difference,
                    "n": ranking.n,
                    "n_undefined": int(incomplete.sum()),
                    "note": ranking.note,
                }
            )
    return pd.DataFrame(rows)
