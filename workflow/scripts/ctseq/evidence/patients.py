"""Models compared over patients: each counts once, with its pooled test predictions.

Intervals here answer "what if other patients had come", for models trained as these were. They
do not hold what another draw of training patients would change.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from ctseq.evidence.bootstrap import PATIENT_METRICS, percentile_interval, resampled_metrics
from ctseq.evidence.delong import area_interval, compare_areas, delong
from ctseq.evidence.pooling import Pooled
from ctseq.evidence.resampled import holm
from ctseq.evidence.samples import check_level, joined

NAN = float("nan")
DELONG = "DeLong"


def bootstrap_method(counts: np.ndarray, *, stratified: bool) -> str:
    """Name the bootstrap in a table's method column."""
    by = "stratified by hemorrhage" if stratified else "not stratified"
    return f"percentile bootstrap over patients, {len(counts)} resamples, {by}"


def estimates_table(
    pooled: Pooled, counts: np.ndarray, *, alpha: float, stratified: bool = True
) -> pd.DataFrame:
    """Estimate every metric of every model, with its interval.

    Parameters
    ----------
    pooled
        Predictions, a row a patient.
    counts
        Resamples, as `ctseq.evidence.bootstrap.resample_counts` draws them.
    alpha
        Intervals have level 1 - `alpha`.
    stratified
        How `counts` was drawn.

    Returns
    -------
    DataFrame
        The area under the ROC curve by DeLong, then each of `PATIENT_METRICS` by bootstrap.
    """
    check_level(alpha, "alpha")
    areas = delong(pooled.truth, pooled.probability)
    method = bootstrap_method(counts, stratified=stratified)
    rows = []
    for place, model in enumerate(pooled.models):
        low, high, note = area_interval(areas, place, alpha=alpha)
        rows.append(["roc_auc", model, DELONG, float(areas.auc[place]), low, high, note])
        of_study, of_resamples = _measured(pooled, place, counts)
        for metric in PATIENT_METRICS:
            interval = percentile_interval(of_resamples[metric], alpha=alpha)
            note = "" if np.isfinite(of_study[metric]) else "needs patients of both classes"
            rows.append([metric, model, method, of_study[metric], *map(float, interval), note])
    frame = pd.DataFrame(
        rows, columns=["metric", "model", "method", "estimate", "low", "high", "note"]
    )
    return _counted(frame, pooled).sort_values(
        "metric",
        key=lambda metrics: metrics.map(PATIENT_METRICS.index),
        kind="stable",
        ignore_index=True,
    )


def differences_table(
    pooled: Pooled, counts: np.ndarray, *, alpha: float, stratified: bool = True
) -> pd.DataFrame:
    """Compare every pair of models on the same patients.

    DeLong's test of the areas under the ROC curve (p adjusted by Holm over pairs), and the paired
    bootstrap interval of the difference a minus b in each of `PATIENT_METRICS`.

    Parameters
    ----------
    pooled, counts, alpha, stratified
        As `estimates_table`.
    """
    check_level(alpha, "alpha")
    areas = delong(pooled.truth, pooled.probability)
    method = f"paired {bootstrap_method(counts, stratified=stratified)}"
    measured = [_measured(pooled, place, counts) for place in range(len(pooled.models))]
    rows = []
    for a, b in combinations(range(len(pooled.models)), 2):
        pair = pooled.models[a], pooled.models[b]
        area = compare_areas(areas, a, b, alpha=alpha)
        values = area.estimate, area.low, area.high, area.statistic, area.p, area.note
        rows.append(["roc_auc", *pair, DELONG, *values])
        for metric in PATIENT_METRICS:
            estimate = measured[a][0][metric] - measured[b][0][metric]
            resampled = measured[a][1][metric] - measured[b][1][metric]
            low, high = map(float, percentile_interval(resampled, alpha=alpha))
            note = "" if np.isfinite(estimate) else "needs patients of both classes"
            rows.append([metric, *pair, method, estimate, low, high, NAN, NAN, note])
    columns = ["metric", "model_a", "model_b", "method", "estimate", "low", "high"]
    frame = pd.DataFrame(rows, columns=[*columns, "statistic", "p", "note"])
    frame.insert(frame.columns.get_loc("p") + 1, "p_adjusted", holm(frame["p"].to_numpy()))
    return _counted(frame, pooled)


def mcnemar_table(pooled: Pooled) -> pd.DataFrame:
    """Test whether two models err on equally many patients, by their pooled decisions.

    McNemar's exact test: binomial on the patients that one of the two gets right (McNemar 1947),
    p adjusted by Holm over pairs.
    """
    from statsmodels.stats.contingency_tables import mcnemar

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
        note = "" if table[0, 1] + table[1, 0] else "the two agree on every patient"
        rows.append([pooled.models[a], pooled.models[b], "McNemar, exact", *table.ravel(), p, note])
    cells = ["both_right", "only_a_right", "only_b_right", "both_wrong"]
    frame = pd.DataFrame(rows, columns=["model_a", "model_b", "method", *cells, "p", "note"])
    frame.insert(frame.columns.get_loc("p") + 1, "p_adjusted", holm(frame["p"].to_numpy()))
    return _counted(frame, pooled)


def _measured(
    pooled: Pooled, place: int, counts: np.ndarray
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Measure a model on the study's patients and on every resample."""
    outcome = pooled.truth, pooled.probability[place], pooled.predicted[place]
    once = resampled_metrics(*outcome, np.ones((1, len(pooled.truth))))
    of_study = {metric: float(values[0]) for metric, values in once.items()}
    return of_study, resampled_metrics(*outcome, counts)


def _counted(frame: pd.DataFrame, pooled: Pooled) -> pd.DataFrame:
    """Add how many patients the rows are about, and put the note last."""
    notes = [joined(note, pooled.note) for note in frame.pop("note")]
    return frame.assign(
        n=len(pooled.truth),
        n_positive=int(pooled.truth.sum()),
        n_never_tested=pooled.n_never_tested,
        note=notes,
    )
