"""The study's own figures beside those that the paper prints."""

from collections.abc import Mapping

import pandas as pd

from ctseq.figures.names import metric_name
from ctseq.readers.problems import REASONS
from ctseq.report.claims import Published
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
        [name, "not labelled" if summary[key] is None else count(summary[key])]
        + ([] if synthetic else [count(PAPER_COUNTS[key])])
        for key, name in _COUNTED.items()
    ]
    return Table("Patients and slices", header, rows)


def files_table(summary: Mapping[str, object]) -> Table:
    """Account for every file seen."""
    files = summary["flow"]["files"]
    rows = [
        ["Files seen", count(files["seen"])],
        ["With slices of the study", count(files["used"])],
    ]
    rows += [
        [f"Left out: {REASONS[code].words}", count(n)]
        for code, n in files["excluded_by_reason"].items()
    ]
    return Table("Files", ["", "Number"], rows)


def against_paper(
    metrics: pd.DataFrame,
    published: Published,
    *,
    labels: Mapping[str, str],
    kinds: Mapping[str, str],
) -> Table:
    """Set means, minima and maxima beside the printed ones (Tables V and VI).

    Undefined values are counted as the paper does, as 0: the two columns compare like with like.

    Parameters
    ----------
    metrics
        `tables.METRICS`.
    published
        The published study.
    labels, kinds
        Model to label, and to video or image: a model stands beside the paper's of its name, or
        of its kind if the paper has none of that name.
    """
    theirs = published.study["models"]
    of_kind = {model["kind"]: name for name, model in theirs.items()}
    printed = published.printed.set_index(["model", "metric", "quantity"])["printed"]
    rows = []
    for model, label in labels.items():
        other = model if model in theirs else of_kind[kinds[model]]
        for metric in published.study["comparison"]["metrics"]:
            chosen = (metrics["model"] == model) & (metrics["metric"] == metric)
            own = metrics.loc[chosen, "value"].fillna(0)
            row = [label, theirs[other]["label"], metric_name(metric)]
            for quantity in ("mean", "min", "max"):
                paper = float(printed[other, metric, quantity])
                row += [number(own.agg(quantity), 2), number(paper, 2)]
            rows.append(row)
    header = ["Model", "Beside the paper's", "Metric"]
    for quantity in ("Mean", "Min.", "Max."):
        header += [f"{quantity}, ours", f"{quantity}, printed"]
    return Table("This study beside the paper's Tables V and VI", header, rows, [
        "Undefined values are counted as 0 on both sides here, as the paper does."
    ], frozenset({1, 2}))  # fmt: skip
