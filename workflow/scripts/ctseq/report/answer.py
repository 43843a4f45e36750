"""The answer that a page opens with: a question, a sentence and a table."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.notes import Code, read_notes
from ctseq.report.models import flattered
from ctseq.report.numbers import number, size
from ctseq.report.study import Compared, Study
from ctseq.report.tables import Table
from ctseq.report.verdicts import answer_sentence, verdict_words

_KEY = ["metric", "model_a", "model_b"]


@dataclass(frozen=True)
class Answer:
    """What a page says first.

    Attributes
    ----------
    question
        The page's heading.
    sentence
        The reply, from the primary metric and the contrasts.
    flattered
        Labels of the models whose epoch was chosen on the patients that are reported.
    tables
        Each model's metrics, differences and verdicts.
    """

    question: str
    sentence: str
    flattered: Sequence[str]
    tables: Sequence[Table]


def answer_of(study: Study) -> Answer:
    """Return the answer of a study that was run here."""
    question, asked = _question(study)
    return Answer(question, sentence(study, asked), flattered(study), answer_tables(study))


def sentence(study: Compared, asked: Collection[str] = ()) -> str:
    """Return the answer in one sentence; `asked` are the models that the question is about."""
    contrasts = _contrasts(study)
    notes = study.comparison["resampled_t"][[*_KEY, "notes"]]
    return answer_sentence(
        contrasts.merge(notes, on=_KEY), labels=study.labels, alpha=study.alpha, asked=asked
    )


def answer_tables(study: Compared) -> list[Table]:
    """Return the tables below the answer: a row a metric, or a row a model if there are more."""
    if len(study.labels) == 2:
        return [_by_metric(study)]
    contrasts = list(_contrasts(study).itertuples())
    firsts, seconds = ([getattr(row, name) for row in contrasts] for name in _KEY[1:])
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
    measured = set(study.metrics["metric"])
    return [name for name in dict.fromkeys(names) if name in measured]


def _question(study: Study) -> tuple[str, Collection[str]]:
    """Return what the contrasts ask, and the models of which they ask it; none for all alike."""
    labels = study.labels
    pairs = [(row.model_a, row.model_b) for row in _contrasts(study).itertuples()]
    if len(pairs) > 1:
        common = set(labels).intersection(*map(set, pairs))
        if not common:
            return f"Which model finds {study.target} best?", ()
        [reference] = common
        better = f"Does any model find {study.target} better than {labels[reference]}?"
        return better, set(labels) - common
    [(a, b)] = pairs
    sequence = {name for name, model in study.resolved.models.items() if not model.slicewise}
    if (a in sequence) != (b in sequence):
        whole = "a model that sees the whole CT sequence"
        return f"Does {whole} find {study.target} better than one that sees slices?", sequence
    return f"Does {labels[a]} find {study.target} better than {labels[b]}?", {a}


def _contrasts(study: Compared) -> pd.DataFrame:
    rows = study.comparison["verdict"]
    return rows[(rows["primary"] == 1) & (rows["contrast"] == 1)]


def _by_metric(study: Compared) -> Table:
    verdicts = {row.metric: row for row in study.comparison["verdict"].itertuples()}
    [contrast] = _contrasts(study).itertuples()
    pair = contrast.model_a, contrast.model_b
    rows = []
    for metric in shown_metrics(study):
        means = [_mean(study, metric, model) for model in pair]
        cells = ["", "not compared"]
        if row := verdicts.get(metric):
            cells = [_difference(row), verdict_words(row, labels=study.labels)]
        rows.append([METRICS[metric].title, *means, *cells])
    a, b = (study.labels[model] for model in pair)
    header = ["", a, b, f"{a} − {b} [{_level(study)}]", "Verdict"]
    return Table("", header, rows, _notes(study), frozenset({4}))


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
        shown = _with_interval(mean["estimate"], mean["low"], mean["high"])
        cells = [label, shown + _of_all(study, mean["n"])]
        if contrasts:
            row = contrasts.get(model)
            cells += ["", "the reference"] if row is None else _verdict(study, row)
        rows.append(cells)
    notes = _partly_defined(study, [primary]) + (_cut(study, [primary]) if contrasts else [])
    return Table("", header, rows, notes, frozenset({3}))


def _by_contrast(study: Compared, contrasts: Sequence[Any]) -> Table:
    rows = [
        [f"{study.labels[row.model_a]} − {study.labels[row.model_b]}", *_verdict(study, row)]
        for row in contrasts
    ]
    header = ["", f"Difference [{_level(study)}]", "Verdict"]
    notes = _cut(study, [study.config["comparison"]["primary"]])
    return Table("", header, rows, notes, frozenset({2}))


def _other_metrics(study: Compared) -> Table:
    metrics = shown_metrics(study)[1:]
    rows = [
        [label, *(_mean(study, metric, model) for metric in metrics)]
        for model, label in study.labels.items()
    ]
    header = ["Means", *(METRICS[metric].title for metric in metrics)]
    return Table("", header, rows, _partly_defined(study, metrics) + _prevalence(study))


def _verdict(study: Compared, row: Any) -> list[str]:
    return [_difference(row), verdict_words(row, labels=study.labels)]


def _difference(row: Any) -> str:
    return _with_interval(row.estimate, row.low, row.high)


def _with_interval(estimate: float, low: float, high: float) -> str:
    if pd.isna(estimate):
        return "undefined"
    return size(estimate) + ("" if pd.isna(low) else f" [{size(low)}, {size(high)}]")


def _mean(study: Compared, metric: str, model: str) -> str:
    """Return a model's mean, also of a metric that the study does not compare."""
    mean, n = _mean_of(study, metric, model)
    return number(mean) + _of_all(study, n)


def _mean_of(study: Compared, metric: str, model: str) -> tuple[float, int]:
    """Return a model's mean and of how many replicates it is."""
    means = study.comparison["model_means"].set_index(["metric", "model"])
    if (metric, model) in means.index:
        return means["estimate"][metric, model], means["n"][metric, model]
    rows = study.metrics[(study.metrics["metric"] == metric) & (study.metrics["model"] == model)]
    return rows["value"].mean(), rows["value"].count()


def _of_all(study: Compared, n: int) -> str:
    """Return of how many replicates a mean is, where it is not of all; of none it is undefined."""
    return f" ({n} of {study.config['replicates']})" if 0 < n < study.config["replicates"] else ""


def _partly_defined(study: Compared, metrics: Collection[str]) -> list[str]:
    """Return the note on means over some of the replicates, if there are any."""
    found = (_mean_of(study, metric, model)[1] for metric in metrics for model in study.labels)
    if not any(_of_all(study, n) for n in found):
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
    return notes + _partly_defined(study, shown) + _cut(study, shown) + _prevalence(study)


def _cut(study: Compared, metrics: Collection[str]) -> list[str]:
    """Return a note on differences whose interval is cut, if there are any."""
    rows = study.comparison["resampled_t"]
    cells = rows.loc[rows["metric"].isin(metrics), "notes"]
    codes = {one["code"] for cell in cells for one in read_notes(cell)}
    if Code.CUT_AT_RANGE not in codes:
        return []
    return ["An interval of a difference that would reach past the metric's range is cut there."]


def _prevalence(study: Compared) -> list[str]:
    """Return a note on the prevalence that the precision holds for, where there is precision."""
    if "precision" not in shown_metrics(study):
        return []
    counts = study.metrics.groupby("metric")["value"].sum()
    share = (counts["tp"] + counts["fn"]) / counts[["tn", "fp", "fn", "tp"]].sum()
    return [f"Precision holds for the prevalence of the test {study.unit}s, {share:.2f}."]
