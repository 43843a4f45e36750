"""The study's own figures beside those that the paper prints."""

from collections.abc import Mapping

import pandas as pd

from ctseq.figures.names import metric_name
from ctseq.report.numbers import count, number
from ctseq.report.tables import Table

# Counts that a reader of the paper checks: dataset/summary.json of the release it used.
PAPER_COUNTS = {
    "patients": 82,
    "positive_patients": 36,
    "brain_slices": 2501,
    "positive_slices": 318,
}
_COUNTED = {
    "patients": "Patients",
    "positive_patients": "Patients with hemorrhage",
    "brain_slices": "Brain slices",
    "positive_slices": "Brain slices with hemorrhage",
}


def counts_table(summary: Mapping[str, object], *, synthetic: bool) -> Table:
    """Tabulate what the dataset holds, beside the paper's where the dataset is the paper's."""
    header = ["", "This study"] + ([] if synthetic else ["The paper's data"])
    rows = [
        [name, count(summary[key])] + ([] if synthetic else [count(PAPER_COUNTS[key])])
        for key, name in _COUNTED.items()
    ]
    return Table("Patients and slices", header, rows)


def files_table(summary: Mapping[str, object]) -> Table:
    """Account for every file seen."""
    rows = [["Files seen", count(summary["files_seen"])]]
    rows += [["Kept as slices", count(summary["files_kept"])]]
    rows += [[f"Left out: {why}", count(n)] for why, n in summary["excluded_by_reason"].items()]
    return Table("Files", ["", "Number"], rows)


def against_paper(
    metrics: pd.DataFrame, published: pd.DataFrame, *, labels: Mapping[str, str]
) -> Table | None:
    """Set means, minima and maxima beside the printed ones (Tables V and VI).

    Undefined values are counted as the paper does, as 0: the two columns compare like with like.

    Parameters
    ----------
    metrics
        `tables.METRICS`.
    published
        ``resources/published/tables.csv``: table, model, metric, quantity, printed.
    labels
        Model to label; only models named as in the paper have a row.
    """
    rows = []
    for model in labels:
        for metric in ("accuracy", "recall", "precision"):
            printed = published[(published["model"] == model) & (published["metric"] == metric)]
            printed = printed.set_index("quantity")["printed"]
            chosen = (metrics["model"] == model) & (metrics["metric"] == metric)
            own = metrics.loc[chosen, "value"].fillna(0)
            if not {"mean", "min", "max"} <= set(printed.index) or own.empty:
                continue
            row = [labels[model], metric_name(metric)]
            for quantity in ("mean", "min", "max"):
                row += [number(own.agg(quantity), 2), number(float(printed[quantity]), 2)]
            rows.append(row)
    if not rows:
        return None
    header = ["Model", "Metric"]
    for quantity in ("Mean", "Min.", "Max."):
        header += [f"{quantity}, ours", f"{quantity}, printed"]
    return Table("This study beside the paper's Tables V and VI", header, rows, [
        "Undefined values are counted as 0 on both sides here, as the paper does."
    ])  # fmt: skip
