"""What each replicate did, with warnings where a model learnt nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ctseq.report.numbers import count, number
from ctseq.report.study import Compared
from ctseq.report.tables import Table

# Metric to heading. The published matrices have no AUC.
_SCORES = {
    "accuracy": "Accuracy",
    "recall": "Recall",
    "specificity": "Specificity",
    "precision": "Precision",
    "roc_auc": "AUC",
}
# A final layer that changed by less than this share of its initial length has barely changed.
BARELY_CHANGED = 0.1
_BARELY = "barely changed"
_BARELY_MEANS = (
    "Barely changed: training changed the final layer by less than a tenth of its initial length, "
    "so that decisions are mostly those of the random layer it started from."
)
# Remark on a replicate to what is said of its model.
_WORDS = {
    "calls all negative": "calls every {unit} negative",
    "calls all positive": "calls every {unit} positive",
    _BARELY: "barely changes its initial head",
}


@dataclass(frozen=True)
class Remark:
    """What a model did in some of its replicates that tells that it learnt little or nothing.

    Attributes
    ----------
    model
        Its name.
    words
        What it did, with ``{unit}`` for what is counted.
    replicates
        Numbers of the replicates.
    of
        How many there are.
    """

    model: str
    words: str
    replicates: tuple[str, ...]
    of: int


def replicate_tables(study: Compared) -> list[Table]:
    """Tabulate every replicate, a table a model."""
    shown = {name: title for name, title in _SCORES.items() if name in set(study.metrics["metric"])}
    header = ["Replicate", "TN", "FP", "FN", "TP", *shown.values()]
    header += ["Chosen"] * bool(study.summaries) + ["Remark"]
    tables = []
    for model, label in study.labels.items():
        rows = []
        for replicate, values, summary, remarks in _runs(study, model):
            counts = [count(values[name]) for name in ("tn", "fp", "fn", "tp")]
            scores = [number(values[name]) for name in shown]
            chosen = [_chosen(summary)] * bool(study.summaries)
            rows.append([replicate, *counts, *scores, *chosen, "; ".join(remarks)])
        changed = any(_BARELY in row[-1] for row in rows)
        tables.append(Table(label, header, rows, [_BARELY_MEANS] if changed else []))
    return tables


def remarks_of(study: Compared) -> list[Remark]:
    """Return what models did that tells that they learnt little or nothing."""
    found = []
    for model in study.labels:
        runs = list(_runs(study, model))
        for remark, words in _WORDS.items():
            own = tuple(replicate for replicate, _, _, remarks in runs if remark in remarks)
            found += [Remark(model, words, own, len(runs))] * bool(own)
    return found


def _runs(study: Compared, model: str) -> Iterator[tuple[str, Mapping, Mapping, list[str]]]:
    """Yield a model's replicates: number, metrics, training's summary and remarks."""
    rows = study.metrics[study.metrics["model"] == model]
    table = rows.pivot(index="replicate", columns="metric", values="value")
    summaries = study.summaries.get(model, [{}] * len(table))
    for (replicate, values), summary in zip(table.iterrows(), summaries, strict=True):
        yield str(replicate), values, summary, _remarks(values, summary)


def _remarks(values: Mapping[str, float], summary: Mapping[str, float]) -> list[str]:
    true_of_remark = {
        "calls all negative": values["tp"] + values["fp"] == 0,
        "calls all positive": values["tn"] + values["fn"] == 0,
        _BARELY: summary.get("relative_weight_change", 1.0) < BARELY_CHANGED,
    }
    return [remark for remark, is_true in true_of_remark.items() if is_true]


def _chosen(summary: Mapping[str, float]) -> str:
    """Return what a training chose: epoch and learning rate, or a classifier's own values."""
    return ", ".join(
        f"{key.replace('peak_', '').replace('_', ' ')} {value:g}"
        for key, value in summary.items()
        if key != "relative_weight_change" and value is not None
    )
