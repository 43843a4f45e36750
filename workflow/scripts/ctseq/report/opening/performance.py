"""The one table that a page opens with: what each model reaches."""

import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.samples import ALWAYS_SHOWN
from ctseq.report.notes import cut_note, words_of
from ctseq.report.numbers import estimate, mean_count
from ctseq.report.study import Compared
from ctseq.report.tables import Table
from ctseq.report.verdict_tables import of_all, partly_defined, primary_contrasts

# Shorter than the metrics' titles, for a phone.
_TITLES = {"roc_auc": "AUC", "recall": "Sensitivity"}
_COUNTS = ["tn", "fp", "fn", "tp"]


def performance_metrics(study: Compared) -> list[str]:
    """Return the metrics that the table shows: the usual ones, and the primary one if it is none.

    Confusion matrices, as the published ones, have no AUC.
    """
    names = dict.fromkeys([*ALWAYS_SHOWN, study.config["comparison"]["primary"]])
    measured = set(study.comparison["model_means"]["metric"])
    return [name for name in names if name in measured]


def performance_table(study: Compared) -> Table:
    """Return each model's metrics with their intervals, and of how many scans they are."""
    metrics = performance_metrics(study)
    primary = study.config["comparison"]["primary"]
    means = study.comparison["model_means"].set_index(["metric", "model"])
    shown = means.loc[means.index.get_level_values("metric").isin(metrics)]
    rows = [
        [label, *(_cell(study, means.loc[metric, model]) for metric in metrics), _n(study, model)]
        for model, label in study.labels.items()
    ]
    titles = [
        _TITLES.get(name, METRICS[name].title) + " (primary)" * (name == primary)
        for name in metrics
    ]
    header = ["Model", *titles, "n (with + without)"]
    # The sentence above the table has the intervals of the contrasts.
    cells = [*shown["notes"], *primary_contrasts(study)["notes"]]
    why_not = dict.fromkeys(words for cell in shown["notes"] for words in words_of(cell))
    notes = [_of_whom(study), *cut_note(cells), *partly_defined(study, metrics)]
    notes += [f"Without an interval: {words}." for words in why_not]
    return Table("", header, rows, notes)


def _cell(study: Compared, row: pd.Series) -> str:
    """Return a mean with its interval, which breaks no line inside its brackets."""
    shown = estimate(row).replace(", ", ",\N{NO-BREAK SPACE}")
    return shown + of_all(study, row["n"])


def _n(study: Compared, model: str) -> str:
    """Return the mean number of a model's test scans, and of those with and without the target."""
    rows = study.metrics[study.metrics["model"] == model]
    rows = rows[rows["metric"].isin(_COUNTS)]
    counts = rows.pivot(index="replicate", columns="metric", values="value")
    both = counts["tp"] + counts["fn"], counts["tn"] + counts["fp"]
    total, positive, negative = (
        mean_count(own.mean()) for own in (counts[_COUNTS].sum(axis=1), *both)
    )
    return f"{total} ({positive} + {negative})"


def _of_whom(study: Compared) -> str:
    n = study.config["replicates"]
    return (
        f"Means of {n} replicate{'s' * (n > 1)} with {100 * (1 - study.alpha):g} % intervals that "
        f"allow for training sets that overlap. n: test {study.unit}s of a replicate, with and "
        f"without {study.target}; sensitivity is of the former, specificity of the latter."
    )
