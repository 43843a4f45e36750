"""What each replicate did, with warnings where a head learnt nothing."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ctseq.core.words import listed
from ctseq.report.numbers import count, number
from ctseq.report.study import Summaries
from ctseq.report.tables import Table

# Share of the final layer's initial length by which training changes it at least.
BARELY_MOVED = 0.1
_SCORES = ("accuracy", "recall", "precision")
_BARELY = "barely moved"
_BARELY_MEANS = (
    "Barely moved: training changed the final layer by less than a tenth of its initial length, so "
    "that decisions are mostly those of the random layer it started from."
)
# Remark on a replicate to what a sentence says of its model.
_SAID = {
    "calls all negative": "calls every patient negative",
    "calls all positive": "calls every patient positive",
    _BARELY: "barely moves from its initial head",
}


def replicate_tables(
    metrics: pd.DataFrame, summaries: Summaries, *, labels: Mapping[str, str]
) -> list[Table]:
    """Tabulate every replicate, a table a model.

    Parameters
    ----------
    metrics
        `tables.METRICS`.
    summaries
        What trainings chose; empty for a study that only compares.
    labels
        Model to label.
    """
    header = ["Replicate", "TN", "FP", "FN", "TP", "Accuracy", "Recall", "Precision"]
    header += ["Chosen", "Remark"] if summaries else ["Remark"]
    tables = []
    for model, label in labels.items():
        rows = []
        for replicate, values in _wide(metrics, model):
            summary = _summary(summaries, model, replicate)
            row = [str(replicate), *(count(values[name]) for name in ("tn", "fp", "fn", "tp"))]
            row += [number(values[name], 2) for name in _SCORES]
            row += [_chosen(summary)] if summaries else []
            rows.append([*row, "; ".join(_remarks(values, summary))])
        moved = not any(_BARELY in row[-1] for row in rows)
        tables.append(Table(label, header, rows, [] if moved else [_BARELY_MEANS]))
    return tables


def n_test(metrics: pd.DataFrame) -> float:
    """Return the mean number of test patients of a replicate."""
    counts = metrics[metrics["metric"].isin(["tn", "fp", "fn", "tp"])]
    return float(counts.groupby(["model", "replicate"])["value"].sum().mean())


def warnings(
    metrics: pd.DataFrame, summaries: Summaries, *, labels: Mapping[str, str]
) -> list[str]:
    """Return a sentence for each model and remark on what its replicates did."""
    sentences = []
    for model, label in labels.items():
        found: dict[str, list[str]] = {}
        n_replicates = 0
        for replicate, values in _wide(metrics, model):
            n_replicates += 1
            for remark in _remarks(values, _summary(summaries, model, replicate)):
                found.setdefault(remark, []).append(str(replicate))
        sentences += [
            f"{label} {_SAID[remark]} in {_part(numbers, n_replicates)}."
            for remark, numbers in found.items()
        ]
    return sentences


def _remarks(values: Mapping[str, float], summary: Mapping[str, float]) -> list[str]:
    remarks = []
    if values["tp"] + values["fp"] == 0:
        remarks.append("calls all negative")
    if values["tn"] + values["fn"] == 0:
        remarks.append("calls all positive")
    if summary.get("relative_weight_change", 1.0) < BARELY_MOVED:
        remarks.append(_BARELY)
    return remarks


def _chosen(summary: Mapping[str, float]) -> str:
    """Say what a training chose: epoch and learning rate, or a classifier's own values."""
    shown = {key: value for key, value in summary.items() if key != "relative_weight_change"}
    return ", ".join(
        f"{key.replace('peak_', '').replace('_', ' ')} {value:g}" for key, value in shown.items()
    )


def _summary(summaries: Summaries, model: str, replicate: int) -> Mapping[str, float]:
    return summaries[model][replicate - 1] if summaries else {}


def _wide(metrics: pd.DataFrame, model: str) -> list[tuple[int, dict[str, float]]]:
    rows = metrics[metrics["model"] == model]
    table = rows.pivot(index="replicate", columns="metric", values="value")
    return [(int(replicate), dict(values)) for replicate, values in table.iterrows()]


def _part(numbers: Sequence[str], total: int) -> str:
    if len(numbers) == total:
        return f"all {total} replicates"
    return f"{len(numbers)} of {total} replicates ({listed(numbers)})"
