"""Tables of verdicts: by metric for two models, and by model or by contrast for more."""

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.report.notes import cut_note
from ctseq.report.numbers import estimate, number
from ctseq.report.study import Compared
from ctseq.report.tables import Table
from ctseq.report.verdicts import verdict_words

_PAIR = ["model_a", "model_b"]


def verdict_tables(study: Compared) -> list[Table]:
    """Return what intervals show: in a row a metric, or in a row a model if there are more."""
    if len(study.labels) == 2:
        return [_by_metric(study)]
    contrasts = list(primary_contrasts(study).itertuples())
    firsts, seconds = ([getattr(row, name) for row in contrasts] for name in _PAIR)
    if len(set(firsts)) == 1 and {*firsts, *seconds} == set(study.labels):
        tables = [_by_model(study, {row.model_b: row for row in contrasts}, firsts[0])]
    else:
        tables = [_by_model(study, {}, None), _by_contrast(study, contrasts)]
    return [*tables, _other_metrics(study)] if shown_metrics(study)[1:] else tables


def shown_metrics(study: Compared) -> list[str]:
    """Return the metrics that the answer shows: the primary one, then the others.

    Specificity follows recall, and the AUC is there, even where neither is compared.
    """
    settings = study.config["comparison"]
    names = [settings["primary"], *settings["metrics"], "roc_auc"]
    if "recall" in names and names[0] != "specificity":
        names = [name for name in names if name != "specificity"]
        names.insert(names.index("recall") + 1, "specificity")
    measured = set(study.comparison["model_means"]["metric"])
    return [name for name in dict.fromkeys(names) if name in measured]


def primary_contrasts(study: Compared) -> pd.DataFrame:
    """Return the verdicts that the answer rests on, on the contrasts in the primary metric."""
    rows = study.comparison["verdict"]
    return rows[(rows["primary"] == 1) & (rows["contrast"] == 1)]


def _by_metric(study: Compared) -> Table:
    verdicts = {row.metric: row for row in study.comparison["verdict"].itertuples()}
    [contrast] = primary_contrasts(study).itertuples()
    pair = contrast.model_a, contrast.model_b
    rows = []
    for metric in shown_metrics(study):
        means = [_mean(study, metric, model) for model in pair]
        cells = ["", "not compared"]
        if row := verdicts.get(metric):
            cells = _verdict(study, row)
        rows.append([METRICS[metric].title, *means, *cells])
    a, b = (study.labels[model] for model in pair)
    header = ["", a, b, f"{a} − {b} [{_level(study)}]", "Verdict"]
    return Table("Verdicts by metric", header, rows, _notes(study), frozenset({4}))


def _by_model(study: Compared, contrasts: dict[str, Any], reference: str | None) -> Table:
    primary = study.config["comparison"]["primary"]
    means = study.comparison["model_means"]
    means = means[means["metric"] == primary].set_index("model")
    header = ["Model", f"{METRICS[primary].title} [{_level(study)}]"]
    if contrasts:
        header += [f"{study.labels[reference]} − model [{_level(study)}]", "Verdict"]
    rows = []
    for model, label in study.labels.items():
        mean = means.loc[model]
        cells = [label, estimate(mean) + of_all(study, mean["n"])]
        if contrasts:
            row = contrasts.get(model)
            cells += ["", "the reference"] if row is None else _verdict(study, row)
        rows.append(cells)
    cells = [*means["notes"], *(row.notes for row in contrasts.values())]
    notes = partly_defined(study, [primary]) + cut_note(cells)
    title = "Verdicts by model" if contrasts else "Means of the models"
    return Table(title, header, rows, notes, frozenset({3}))


def _by_contrast(study: Compared, contrasts: Sequence[Any]) -> Table:
    rows = [
        [f"{study.labels[row.model_a]} − {study.labels[row.model_b]}", *_verdict(study, row)]
        for row in contrasts
    ]
    header = ["", f"Difference [{_level(study)}]", "Verdict"]
    notes = cut_note(row.notes for row in contrasts)
    return Table("Verdicts by contrast", header, rows, notes, frozenset({2}))


def _other_metrics(study: Compared) -> Table:
    metrics = shown_metrics(study)[1:]
    rows = [
        [label, *(_mean(study, metric, model) for metric in metrics)]
        for model, label in study.labels.items()
    ]
    header = ["Means", *(METRICS[metric].title for metric in metrics)]
    notes = partly_defined(study, metrics) + _prevalence(study)
    return Table("Means of the other metrics", header, rows, notes)


def _verdict(study: Compared, row: Any) -> list[str]:
    return [estimate(row), verdict_words(row, labels=study.labels)]


def _mean(study: Compared, metric: str, model: str) -> str:
    """Return a model's mean, also of a metric that the study does not compare."""
    row = _mean_of(study, metric, model)
    return number(row["estimate"]) + of_all(study, row["n"])


def _mean_of(study: Compared, metric: str, model: str) -> pd.Series:
    return study.comparison["model_means"].set_index(["metric", "model"]).loc[metric, model]


def of_all(study: Compared, n: int) -> str:
    """Return of how many replicates a mean is, where it is not of all; of none it is undefined."""
    return f" ({n} of {study.config['replicates']})" if 0 < n < study.config["replicates"] else ""


def partly_defined(study: Compared, metrics: Collection[str]) -> list[str]:
    """Return the note on means over some of the replicates, if there are any."""
    found = (_mean_of(study, metric, model)["n"] for metric in metrics for model in study.labels)
    if not any(of_all(study, n) for n in found):
        return []
    return ["In brackets: in how many replicates the metric is defined, where it is 0/0 in others."]


def _level(study: Compared) -> str:
    return f"{100 * (1 - study.alpha):g} % interval"


def _notes(study: Compared) -> list[str]:
    primary = METRICS[study.config["comparison"]["primary"]]
    notes = [
        f"The verdict on {primary.words} is the study's. The others follow from their own "
        "intervals, not adjusted for their number."
    ]
    shown = shown_metrics(study)
    verdicts = study.comparison["verdict"]
    cells = verdicts.loc[verdicts["metric"].isin(shown), "notes"]
    return notes + partly_defined(study, shown) + cut_note(cells) + _prevalence(study)


def _prevalence(study: Compared) -> list[str]:
    """Return a note on the prevalence that the precision holds for, where there is precision."""
    if "precision" not in shown_metrics(study):
        return []
    counts = study.metrics.groupby("metric")["value"].sum()
    share = (counts["tp"] + counts["fn"]) / counts[["tn", "fp", "fn", "tp"]].sum()
    return [f"Precision holds for the prevalence of the test {study.unit}s, {share:.2f}."]
