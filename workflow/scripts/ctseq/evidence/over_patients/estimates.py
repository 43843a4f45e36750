"""Models' metrics and their differences, over patients that each count once.

Intervals here answer what other patients would have changed, for models trained as these were.
They do not include what another draw of training patients would change.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from ctseq.evidence.levels import holm
from ctseq.evidence.notes import Code, Note, note, write_notes
from ctseq.evidence.over_patients.bootstrap import (
    PATIENT_METRICS,
    percentile_interval,
    resampled_metrics,
)
from ctseq.evidence.over_patients.delong import area_interval, compare_areas, delong
from ctseq.evidence.over_patients.pooling import Pooled, PooledStudy

NAN = float("nan")
DELONG = "DeLong"


def estimates_table(study: PooledStudy) -> pd.DataFrame:
    """Return every metric of every model, with its interval.

    The area under the ROC curve has its interval by DeLong too, before that by bootstrap.
    """
    pooled, counts, alpha = study.pooled, study.counts, study.alpha
    areas = delong(pooled.truth, pooled.probability)
    method = _bootstrap_method(counts)
    rows = []
    for index, model in enumerate(pooled.models):
        low, high, notes = area_interval(areas, index, alpha=alpha)
        rows.append(["roc_auc", model, DELONG, float(areas.auc[index]), low, high, notes])
        of_study, of_resamples = _measured(pooled, index, counts)
        for metric in PATIENT_METRICS:
            interval = map(float, percentile_interval(of_resamples[metric], alpha=alpha))
            estimate = of_study[metric]
            rows.append([metric, model, method, estimate, *interval, _why_undefined(estimate)])
    columns = ["metric", "model", "method", "estimate", "low", "high", "notes"]
    return _counted(pd.DataFrame(rows, columns=columns), pooled).sort_values(
        "metric",
        key=lambda metrics: metrics.map(PATIENT_METRICS.index),
        kind="stable",
        ignore_index=True,
    )


def differences_table(study: PooledStudy) -> pd.DataFrame:
    """Return the differences of every pair of models on the same patients.

    DeLong's test of the areas under the ROC curve (p adjusted by Holm over pairs), and the paired
    bootstrap interval of the difference a minus b in each of `PATIENT_METRICS`.
    """
    pooled, counts, alpha = study.pooled, study.counts, study.alpha
    areas = delong(pooled.truth, pooled.probability)
    method = f"paired {_bootstrap_method(counts)}"
    measured = [_measured(pooled, index, counts) for index in range(len(pooled.models))]
    rows = []
    for a, b in combinations(range(len(pooled.models)), 2):
        pair = pooled.models[a], pooled.models[b]
        area = compare_areas(areas, a, b, alpha=alpha)
        values = area.estimate, area.low, area.high, area.statistic, area.p, area.notes
        rows.append(["roc_auc", *pair, DELONG, *values])
        for metric in PATIENT_METRICS:
            estimate = measured[a][0][metric] - measured[b][0][metric]
            resampled = measured[a][1][metric] - measured[b][1][metric]
            interval = map(float, percentile_interval(resampled, alpha=alpha))
            untested = NAN, NAN, _why_undefined(estimate)
            rows.append([metric, *pair, method, estimate, *interval, *untested])
    columns = ["metric", "model_a", "model_b", "method", "estimate", "low", "high"]
    frame = pd.DataFrame(rows, columns=[*columns, "statistic", "p", "notes"])
    return _counted(_adjusted(frame), pooled)


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
        table = np.array(
            [
                [np.sum(right[a] & right[b]), np.sum(right[a] & ~right[b])],
                [np.sum(~right[a] & right[b]), np.sum(~right[a] & ~right[b])],
            ]
        )
        p = float(mcnemar(table, exact=True).pvalue)
        notes = () if table[0, 1] + table[1, 0] else (note(Code.SAME_DECISIONS),)
        pair = pooled.models[a], pooled.models[b]
        rows.append([*pair, "McNemar, exact", *table.ravel(), p, notes])
    cells = ["both_right", "only_a_right", "only_b_right", "both_wrong"]
    frame = pd.DataFrame(rows, columns=["model_a", "model_b", "method", *cells, "p", "notes"])
    return _counted(_adjusted(frame), pooled)


def _bootstrap_method(counts: np.ndarray) -> str:
    return f"percentile bootstrap over patients, {len(counts)} resamples, stratified by hemorrhage"


def _measured(
    pooled: Pooled, model: int, counts: np.ndarray
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Return a model's metrics on the study's patients and on every resample."""
    outcome = pooled.truth, pooled.probability[model], pooled.predicted[model]
    once = resampled_metrics(*outcome, np.ones((1, len(pooled.truth))))
    of_study = {metric: float(values[0]) for metric, values in once.items()}
    return of_study, resampled_metrics(*outcome, counts)


def _why_undefined(estimate: float) -> tuple[Note, ...]:
    return () if np.isfinite(estimate) else (note(Code.NEEDS_BOTH_CLASSES),)


def _adjusted(frame: pd.DataFrame) -> pd.DataFrame:
    """Insert p adjusted by Holm behind p."""
    frame.insert(frame.columns.get_loc("p") + 1, "p_adjusted", holm(frame["p"].to_numpy()))
    return frame


def _counted(frame: pd.DataFrame, pooled: Pooled) -> pd.DataFrame:
    """Add how many patients the rows are about, and put the notes last."""
    notes = [write_notes([*of_row, *pooled.notes]) for of_row in frame.pop("notes")]
    return frame.assign(
        n=len(pooled.truth),
        n_positive=int(pooled.truth.sum()),
        n_never_tested=pooled.n_never_tested,
        notes=notes,
    )
