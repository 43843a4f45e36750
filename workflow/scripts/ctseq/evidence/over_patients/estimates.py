"""Models' metrics and their differences, over patients that each count once.

Intervals here answer what other patients would have changed, for models trained as these were.
They do not include what another draw of training patients would change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ctseq.evidence.notes import Code, note
from ctseq.evidence.over_patients.bootstrap import (
    PATIENT_METRICS,
    percentile_interval,
    resampled_metrics,
)
from ctseq.evidence.over_patients.delong import area_interval, compare_areas, delong
from ctseq.evidence.over_patients.pooling import Pooled, PooledStudy
from ctseq.evidence.rows import adjusted, table_with_notes


def estimates_table(study: PooledStudy) -> pd.DataFrame:
    """Return every metric of every model, with its bootstrap interval.

    The area under the ROC curve has its interval by DeLong too, before that by bootstrap.
    """
    pooled, alpha = study.pooled, study.alpha
    areas = delong(pooled.truth, pooled.probability)
    measured = _measured(study)
    rows = []
    for metric in PATIENT_METRICS:
        for index, model in enumerate(pooled.models):
            names = {"metric": metric, "model": model}
            if metric == "roc_auc":
                low, high, notes = area_interval(areas, index, alpha=alpha)
                interval = {"estimate": areas.auc[index], "low": low, "high": high}
                rows.append({**names, "method": "DeLong", **interval, "notes": notes})
            estimated = _estimated(measured[index][metric], alpha)
            rows.append({**names, "method": "percentile bootstrap", **estimated})
    return _counted(rows, pooled)


def differences_table(study: PooledStudy) -> pd.DataFrame:
    """Return the differences of every pair of models on the same patients.

    DeLong's test of the areas under the ROC curve (p adjusted by Holm over pairs), and the paired
    bootstrap interval of the difference a minus b in each of `PATIENT_METRICS`.
    """
    pooled, alpha = study.pooled, study.alpha
    areas = delong(pooled.truth, pooled.probability)
    measured = _measured(study)
    rows = []
    for a, b in combinations(range(len(pooled.models)), 2):
        pair = {"model_a": pooled.models[a], "model_b": pooled.models[b]}
        area = asdict(compare_areas(areas, a, b, alpha=alpha))
        rows.append({"metric": "roc_auc", **pair, "method": "DeLong", **area})
        for metric in PATIENT_METRICS:
            estimated = _estimated(measured[a][metric] - measured[b][metric], alpha)
            rows.append({"metric": metric, **pair, "method": "paired bootstrap", **estimated})
    return adjusted(_counted(rows, pooled))


def mcnemar_table(study: PooledStudy) -> pd.DataFrame:
    """Return tests of whether two models err on equally many patients, by pooled decisions.

    McNemar's exact test: binomial on the patients that one of the two gets right (McNemar 1947),
    p adjusted by Holm over pairs.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    pooled = study.pooled
    right = pooled.predicted == pooled.truth
    rows = []
    for a, b in combinations(range(len(pooled.models)), 2):
        cells = {
            "both_right": np.sum(right[a] & right[b]),
            "only_a_right": np.sum(right[a] & ~right[b]),
            "only_b_right": np.sum(~right[a] & right[b]),
            "both_wrong": np.sum(~right[a] & ~right[b]),
        }
        test = mcnemar(np.reshape([*cells.values()], (2, 2)), exact=True)
        differ = cells["only_a_right"] + cells["only_b_right"]
        rows.append(
            {
                **{"model_a": pooled.models[a], "model_b": pooled.models[b]},
                **{"method": "McNemar, exact", **cells, "p": float(test.pvalue)},
                "notes": () if differ else (note(Code.SAME_DECISIONS),),
            }
        )
    return adjusted(_counted(rows, pooled))


def _measured(study: PooledStudy) -> list[dict[str, np.ndarray]]:
    """Return each model's metrics: first those of the study itself, then of every resample."""
    pooled = study.pooled
    counts = np.vstack([np.ones(len(pooled.truth)), study.counts])
    outcomes = zip(pooled.probability, pooled.predicted, strict=True)
    return [resampled_metrics(pooled.truth, *outcome, counts) for outcome in outcomes]


def _estimated(values: np.ndarray, alpha: float) -> dict[str, Any]:
    """Return an estimate with its interval, from values as `_measured` returns them."""
    estimate = float(values[0])
    low, high = map(float, percentile_interval(values[1:], alpha=alpha))
    notes = () if np.isfinite(estimate) else (note(Code.NEEDS_BOTH_CLASSES),)
    return {"estimate": estimate, "low": low, "high": high, "notes": notes}


def _counted(rows: Sequence[Mapping[str, Any]], pooled: Pooled) -> pd.DataFrame:
    """Return rows as a table that says how many patients it is about."""
    return table_with_notes(
        rows,
        shared=pooled.notes,
        n=len(pooled.truth),
        n_positive=int(pooled.truth.sum()),
        n_never_tested=pooled.n_never_tested,
    )
