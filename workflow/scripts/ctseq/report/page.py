"""The report's page: what is said in which order, and the HTML."""

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from ctseq.report import facts, published, runs
from ctseq.report.numbers import count, duration, memory, number
from ctseq.report.tables import Table, table_of

_RESAMPLING = {0: "nearest", 1: "Lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "Hamming"}
_TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True)
class Figure:
    """A figure of the study: the stem of its file's name, its caption and its picture."""

    name: str
    caption: str
    data_uri: str


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
    metrics, histories
        `tables.METRICS`; `tables.HISTORY` with model and replicate in front, or empty.
    comparison
        Stem of ``comparison/**.csv`` to table.
    published
        ``resources/published/tables.csv``.
    figures
        In the order in which they are shown.
    costs, versions, revision
        As `report.facts` finds them.
    """

    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    metrics: pd.DataFrame
    histories: pd.DataFrame
    comparison: Mapping[str, pd.DataFrame]
    published: pd.DataFrame
    figures: Sequence[Figure]
    costs: Sequence[facts.Cost]
    versions: Mapping[str, str]
    revision: str


def read_figure(path: Path, *, captions: Path, config: Mapping[str, Any]) -> Figure:
    """Read a picture with the caption that ``snakemake --report`` shows as well.

    Parameters
    ----------
    path
        An SVG or PNG file. ``metric-recall`` takes its caption from ``metric.rst``.
    captions
        Folder of the captions, templates over ``snakemake.wildcards`` and ``snakemake.config``.
    config
        The study's configuration.
    """
    kind, _, value = path.stem.partition("-")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(  # noqa: S701 (plain text; the page escapes it)
        (captions / f"{kind}.rst").read_text(encoding="utf-8")
    )
    known = {"wildcards": {"metric": value, "model": value, "part": value}, "config": config}
    caption = " ".join(template.render(snakemake=known).split())
    media = mimetypes.types_map[path.suffix]
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return Figure(path.stem, caption, f"data:{media};base64,{encoded}")


def render(study: Study) -> str:
    """Write the page.

    Returns
    -------
    str
        HTML that loads nothing, runs nothing, and escapes every text it is given.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        # The template's name ends in .j2, by which no escaping would be chosen.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    config = study.config
    labels = {model: settings["label"] for model, settings in config["models"].items()}
    synthetic = config["dataset"]["format"] == "phantom"
    return environment.get_template("report.html.j2").render(
        config=config,
        labels=labels,
        synthetic=synthetic,
        verdicts=study.comparison["verdict"]["sentence"].tolist(),
        warnings=runs.warnings(study.metrics, study.histories, labels=labels),
        counts=published.counts_table(study.summary, synthetic=synthetic),
        files=published.files_table(study.summary),
        models=[_model_table(study, model) for model in labels],
        training=_training_table(config),
        tables=_tables(study, labels),
        counts_of_patients=study.summary["patients"],
        ratio=_ratio(study),
        never=_never_validated(study),
        false_alarms=_false_alarms(study),
        against=published.against_paper(study.metrics, study.published, labels=labels),
        replicates=runs.replicate_tables(study.metrics, study.histories, labels=labels),
        figures=study.figures,
        costs=_cost_table(study.costs),
        versions=Table("", ["Program", "Version"], [list(item) for item in study.versions.items()]),
        revision=study.revision,
        config_yaml=yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True),
    )


def _tables(study: Study, labels: Mapping[str, str]) -> dict[str, Table]:
    alpha = study.config["comparison"]["alpha"]
    difference = {"estimate": "Difference"}
    plan = {
        "resampled_t": ("Corrected resampled t test", difference, ["test_train_ratio", "df"]),
        "bayesian_t": ("Bayesian correlated t test", difference, ["rope"]),
        "effect_sizes": ("Effect sizes", {}, ["allows_for_overlap", "n", "n_undefined"]),
        "power": ("Power and what a difference would need", {}, ["alpha", "n", "n_undefined"]),
        "ranking": ("Mean ranks", {}, []),
        "auc": ("Each model over patients", {}, ["n", "n_positive", "n_never_validated"]),
        "delong": (
            "Differences over patients",
            difference,
            ["n", "n_positive", "n_never_validated"],
        ),
        "mcnemar": ("Decisions on the same patients", {}, ["n_positive", "n_never_validated"]),
        "operating_points": ("Sensitivity and specificity", {}, []),
        "calibration": ("Calibration", {}, ["bin"]),
        "normality": ("Table I. Normality within a model", {}, ["n_undefined"]),
        "variances": ("Table II. Equal variances", {}, ["n_a", "n_b", "n_undefined"]),
        "t_test": ("Table III. t test and power", difference, ["n_a", "n_b", "n_undefined"]),
        "mann_whitney": ("Table IV. Mann-Whitney U", {}, ["n_a", "n_b", "n_undefined"]),
        "ranges": ("Table V. Smallest and largest values", {}, []),
        "means": ("Table VI. Means", {}, []),
    }
    made = {}
    for name, (title, headings, drop) in plan.items():
        frame = study.comparison[name]
        if name == "calibration":
            frame = frame[frame["n"] > 0]
        if name == "mcnemar" or "false_alarm_rate" in frame:
            drop = [*drop, "false_alarm_rate"]
        made[name] = table_of(
            frame, title=title, labels=labels, alpha=alpha, headings=headings, drop=drop
        )
    return made


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
    else:
        rows.append(["Trained on the label of", f"the {settings['labels']}"])
        rows.append(["A patient is positive by", settings["sequence_rule"]])
    steps = dict(description["preprocessing"])
    steps["resample"] = _RESAMPLING.get(steps.get("resample"), "unknown")
    rows.append(
        ["Preprocessing", "; ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in steps.items())]
    )
    own = settings.get("training", {})
    if own:
        rows.append(
            ["Own training keys", ", ".join(f"{key} {value}" for key, value in own.items())]
        )
    return Table(settings["label"], ["", ""], rows)


def _training_table(config: Mapping[str, Any]) -> Table:
    rows = [
        [key.replace("_", " ").capitalize(), _plain(v)] for key, v in config["training"].items()
    ]
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
    return {None: "none", True: "yes", False: "no"}.get(value, str(value))


def _cost_table(costs: Sequence[facts.Cost]) -> Table:
    rows = [[c.rule, count(c.jobs), duration(c.seconds), _memory(c)] for c in costs]
    if costs:
        total = sum(c.seconds for c in costs)
        rows.append(["all together", count(sum(c.jobs for c in costs)), duration(total), ""])
    header = ["Rule", "Jobs", "Wall time, sum", "Memory of a job, most"]
    return Table("", header, rows, [
        "Jobs run side by side, so the study takes less wall time than the sum. Memory of jobs "
        "that last a moment is not measured."
    ])  # fmt: skip


def _memory(cost: facts.Cost) -> str:
    return "not measured" if pd.isna(cost.memory_mib) else memory(cost.memory_mib)


def _ratio(study: Study) -> str:
    return number(float(study.comparison["resampled_t"]["test_train_ratio"].iloc[0]), 2)


def _never_validated(study: Study) -> int:
    return int(study.comparison["auc"]["n_never_validated"].iloc[0])


def _false_alarms(study: Study) -> str:
    """Give the simulated rates of the paper's tests, as the tables carry them."""
    rates = pd.concat(
        [study.comparison[name]["false_alarm_rate"] for name in ("t_test", "mann_whitney")]
    ).dropna()
    if rates.empty:
        return ""
    low, high = (f"{100 * rate:.0f}" for rate in (rates.min(), rates.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"
