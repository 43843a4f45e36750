"""What each replicate did, with warnings where a head learnt nothing."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ctseq.report.numbers import count, number
from ctseq.report.tables import Table

# A head that starts near zero has a loss near log 2. If training lowers it by less than this
# share, the decisions are those of the initial, random head.
BARELY_MOVED = 0.01
_SCORES = ("accuracy", "recall", "precision")


def replicate_tables(
    metrics: pd.DataFrame, histories: pd.DataFrame, *, labels: Mapping[str, str]
) -> list[Table]:
    """Tabulate every replicate, a table a model.

    Parameters
    ----------
    metrics
        `tables.METRICS`.
    histories
        `tables.HISTORY` with model and replicate in front; may be empty.
    labels
        Model to label.
    """
    header = ["Replicate", "TN", "FP", "FN", "TP", "Accuracy", "Recall", "Precision"]
    header += ["Epochs", "Kept", "Remark"] if len(histories) else ["Remark"]
    tables = []
    for model, label in labels.items():
        rows = []
        for replicate, values in _wide(metrics, model):
            epochs = _run(histories, model, replicate)
            row = [str(replicate), *(count(values[name]) for name in ("tn", "fp", "fn", "tp"))]
            row += [number(values[name], 2) for name in _SCORES]
            if len(histories):
                kept = epochs.loc[epochs["kept"] == 1, "epoch"]
                row += [count(len(epochs)), count(kept.iloc[0]) if len(kept) else ""]
            rows.append([*row, "; ".join(_remarks(values, epochs))])
        tables.append(Table(label, header, rows))
    return tables


def warnings(
    metrics: pd.DataFrame, histories: pd.DataFrame, *, labels: Mapping[str, str]
) -> list[str]:
    """Say in a sentence a model which replicates call one class or barely moved."""
    sentences = []
    for model, label in labels.items():
        found: dict[str, list[str]] = {}
        n_replicates = 0
        for replicate, values in _wide(metrics, model):
            n_replicates += 1
            for remark in _remarks(values, _run(histories, model, replicate)):
                found.setdefault(remark, []).append(str(replicate))
        sentences += [
            f"{label} {_SAID[remark]} in {_part(numbers, n_replicates)}."
            for remark, numbers in found.items()
        ]
    return sentences


_SAID = {
    "calls all negative": "calls every patient negative",
    "calls all positive": "calls every patient positive",
    "barely moved": "barely moves from its initial head",
}


def _remarks(values: Mapping[str, float], epochs: pd.DataFrame) -> list[str]:
    remarks = []
    if values["tp"] + values["fp"] == 0:
        remarks.append("calls all negative")
    if values["tn"] + values["fn"] == 0:
        remarks.append("calls all positive")
    if len(epochs) > 1:
        loss = epochs.sort_values("epoch")["train_loss"]
        if loss.iloc[0] - loss.min() < BARELY_MOVED * loss.iloc[0]:
            remarks.append("barely moved")
    return remarks


def _wide(metrics: pd.DataFrame, model: str) -> list[tuple[int, dict[str, float]]]:
    rows = metrics[metrics["model"] == model]
    table = rows.pivot(index="replicate", columns="metric", values="value")
    return [(int(replicate), dict(values)) for replicate, values in table.iterrows()]


def _run(histories: pd.DataFrame, model: str, replicate: int) -> pd.DataFrame:
    if histories.empty:
        return histories
    return histories[(histories["model"] == model) & (histories["replicate"] == replicate)]


def _part(numbers: Sequence[str], total: int) -> str:
    if len(numbers) == total:
        return f"all {total} replicates"
    return f"{len(numbers)} of {total} replicates ({_listed(numbers)})"


def _listed(numbers: Sequence[str]) -> str:
    return numbers[0] if len(numbers) == 1 else f"{', '.join(numbers[:-1])} and {numbers[-1]}"
