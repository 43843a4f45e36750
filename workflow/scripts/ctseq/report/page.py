"""The report's page: what is said in which order, and the HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from ctseq.core.words import duration
from ctseq.report import facts, published, runs
from ctseq.report.claims import Published, claims, printed_table
from ctseq.report.comparison import comparison_tables, false_alarms, ratio_text
from ctseq.report.figures import Figure
from ctseq.report.numbers import count, memory
from ctseq.report.rendering import template
from ctseq.report.tables import Table
from ctseq.study.models import FINE_TUNING, head_family, way_of_training

_RESAMPLING = {0: "nearest", 1: "Lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "Hamming"}


@dataclass(frozen=True)
class Study:
    """Everything that the report is made from.

    Attributes
    ----------
    config
        The study's configuration.
    summary
        ``dataset/summary.json``.
    models
        Model to its ``models/<model>.json``.
    metrics
        `tables.METRICS`.
    summaries
        Model to what each replicate's training chose.
    comparison
        Stem of ``comparison/**.csv`` to table.
    published
        The published study, to be set beside this one.
    figures
        In the order in which they are shown.
    costs, versions, revision
        As `report.facts` finds them.
    """

    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    metrics: pd.DataFrame
    summaries: runs.Summaries
    comparison: Mapping[str, pd.DataFrame]
    published: Published
    figures: Sequence[Figure]
    costs: Sequence[facts.Cost]
    versions: Mapping[str, str]
    revision: str


def render(study: Study) -> str:
    """Write the page.

    Returns
    -------
    str
        HTML that loads nothing, runs nothing, and escapes every text it is given.
    """
    config = study.config
    labels = {model: settings["label"] for model, settings in config["models"].items()}
    kinds = {model: settings["kind"] for model, settings in config["models"].items()}
    synthetic = config["dataset"]["format"] == "phantom"
    return template("report.html.j2").render(
        config=config,
        labels=labels,
        synthetic=synthetic,
        verdicts=study.comparison["verdict"]["sentence"].tolist(),
        warnings=runs.warnings(study.metrics, study.summaries, labels=labels),
        counts=published.counts_table(study.summary, synthetic=synthetic),
        files=published.files_table(study.summary),
        models=[_model_table(study, model) for model in labels],
        ways=_ways(config),
        training=_training_table(config),
        tables=comparison_tables(
            study.comparison, labels=labels, alpha=config["comparison"]["alpha"]
        ),
        n_test=_n_test(study.metrics),
        ratio=ratio_text(study.comparison),
        never=_never_tested(study),
        false_alarms=false_alarms(study.comparison),
        against=published.against_paper(study.metrics, study.published, labels=labels, kinds=kinds),
        claims=claims(study.published),
        replicates=runs.replicate_tables(study.metrics, study.summaries, labels=labels),
        figures=study.figures,
        costs=_cost_table(study.costs),
        versions=Table("", ["Program", "Version"], [list(item) for item in study.versions.items()]),
        revision=study.revision,
        config_yaml=yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True),
    )


def render_published(published_study: Published, figures: Sequence[Figure]) -> str:
    """Write the page of the published study alone, from the parts of a study's page."""
    settings, labels = published_study.study["comparison"], published_study.labels
    comparison = published_study.comparison
    return template("published.html.j2").render(
        labels=labels,
        settings=settings,
        sizes=published_study.study["splits"]["sizes"],
        verdicts=comparison["verdict"]["sentence"].tolist(),
        tables=comparison_tables(comparison, labels=labels, alpha=settings["alpha"]),
        ratio=ratio_text(comparison),
        false_alarms=false_alarms(comparison),
        claims=claims(published_study),
        printed=printed_table(published_study),
        replicates=runs.replicate_tables(published_study.metrics, {}, labels=labels),
        figures=figures,
    )


def _model_table(study: Study, model: str) -> Table:
    settings, description = study.config["models"][model], study.models[model]
    rows = [["Kind", {"video": "video (sees a sequence)", "image": "image (sees a slice)"}[
        settings["kind"]]]]  # fmt: skip
    rows += [["Architecture", description["architecture"]], ["Checkpoint", settings["checkpoint"]]]
    if settings["checkpoint"] == "tiny":
        rows[-1][1] += " (small, pretrained on other synthetic patients)"
    else:
        rows.append(["Revision", settings["revision"]])
        rows.append(["Commit", description["commit"] or "a local folder, no commit"])
    rows.append(["SHA-256 of the weights", description["weights_sha256"]])
    if settings["kind"] == "video":
        rows.append(["Slices seen", f"{settings['frames']} ({settings['frame_sampling']})"])
    elif head_family(settings) == "sequence":
        rows.append(["Trained on the label of", "the patient, whose slices it sees together"])
    else:
        rows.append(["Trained on the label of", f"the {settings['labels']}"])
        rows.append(["A patient is positive by", settings["sequence_rule"].replace("_", " ")])
    rows.append(["Head", settings.get("head", {"type": "linear"})["type"]])
    if settings.get("shuffle_slices"):
        rows.append(["Order of slices", "shuffled, as a control"])
    steps = dict(description["preprocessing"])
    steps["resample"] = _RESAMPLING.get(steps.get("resample"), "unknown")
    rows.append(
        ["Preprocessing", "; ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in steps.items())]
    )
    if way_of_training(study.config, settings) != "finetune":
        extraction = study.config["extraction"] | settings.get("extraction", {})
        rows.append(["Features are computed in", extraction["precision"]])
    own = settings.get("training", {})
    if own:
        rows.append(
            ["Own training keys", ", ".join(f"{key} {value}" for key, value in own.items())]
        )
    return Table(settings["label"], ["", ""], rows)


def _ways(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Give the labels of the models that are trained in each way."""
    ways: dict[str, list[str]] = {}
    for model in config["models"].values():
        ways.setdefault(way_of_training(config, model), []).append(model["label"])
    return ways


def _training_table(config: Mapping[str, Any]) -> Table:
    unused = () if "finetune" in _ways(config) else FINE_TUNING
    rows = [
        [key.replace("_", " ").capitalize(), _plain(v)]
        for key, v in config["training"].items()
        if key not in unused
    ]
    chosen = {
        "test": "the test patients",
        "train": f"{config['tuning']['folds']} inner folds of the training patients",
    }
    rows.append(["Choices are made on", chosen[config["tuning"]["patients"]]])
    rows.append(["Decision threshold", str(config["evaluation"]["threshold"])])
    return Table("Training", ["", ""], rows)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        # A learning rate reads better with its zeros; 12 decimals are more than any has.
        return f"{value:.12f}".rstrip("0").rstrip(".") if 1e-9 < value < 1e-3 else f"{value:g}"
    if isinstance(value, (list, tuple)):
        whole = all(isinstance(part, int) for part in value)  # sizes, not means or deviations
        return (" × " if whole else ", ").join(map(_plain, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
    if value is None or isinstance(value, bool):  # and not 0 or 1, which equal them
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)


def _cost_table(costs: Sequence[facts.Cost]) -> Table:
    rows = [[c.rule, count(c.jobs), duration(c.seconds, digits=1), _memory(c)] for c in costs]
    if costs:
        total = sum(c.seconds for c in costs)
        rows.append(
            ["all together", count(sum(c.jobs for c in costs)), duration(total, digits=1), ""]
        )
    header = ["Rule", "Jobs", "Wall time, sum", "Memory of a job, most"]
    return Table("", header, rows, [
        "Jobs run side by side, so the study takes less wall time than the sum. Memory of jobs "
        "that last a moment is not measured."
    ])  # fmt: skip


def _memory(cost: facts.Cost) -> str:
    return "not measured" if pd.isna(cost.memory_mib) else memory(cost.memory_mib)


def _n_test(metrics: pd.DataFrame) -> float:
    """Give the mean number of test patients in a run."""
    counts = metrics[metrics["metric"].isin(["tn", "fp", "fn", "tp"])]
    return float(counts.groupby(["model", "replicate"])["value"].sum().mean())


def _never_tested(study: Study) -> int:
    return int(study.comparison["auc"]["n_never_tested"].iloc[0])
