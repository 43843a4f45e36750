"""Figures of the replicates' results: each metric, and confusion matrices."""

import warnings
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import MatplotlibDeprecationWarning
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ctseq.evidence.metrics import METRICS
from ctseq.figures.style import (
    COLUMN,
    FAINT,
    INK,
    MM,
    MOST_LOOKS,
    MUTED,
    PAGE,
    canvas,
    grid,
    look_of,
    styled,
    wrapped,
)


@styled
def metric_boxplot(
    metrics: pd.DataFrame, metric: str, *, labels: Mapping[str, str], shared_splits: bool = True
) -> Figure:
    """Draw one metric: a box a model, a point a replicate, a faint line a shared split.

    `metrics` are `evidence.tables.METRICS`; undefined values, NaN, are counted under the model's
    name.
    """
    rows = _with_positions(metrics[metrics["metric"] == metric], labels)
    many = len(labels) > 3
    figure = canvas(PAGE if many else COLUMN, (72 if many else 68) * MM)
    axes = figure.subplots()
    _limit(axes, rows, metric)
    # Undefined values stay in: a line ends where its replicate is undefined.
    if shared_splits:
        for _, line in rows.sort_values("x").groupby("replicate"):
            axes.plot(line["x"], line["value"], color=FAINT, linewidth=0.5, zorder=1)
    defined = rows.dropna(subset="value")
    if len(defined):
        _boxes_and_points(axes, defined, {model: look_of(labels, model) for model in labels})
    undefined = rows["value"].isna().groupby(rows["model"]).sum()
    names = [_counted(label, int(undefined.get(model, 0))) for model, label in labels.items()]
    # Beside each other, more names than looks run into each other.
    axes.set_xticks(range(len(labels)), names, rotation=90 if len(labels) > MOST_LOOKS else 0)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.55, len(labels) - 0.45)
    axes.set_xlabel("")
    axes.set_ylabel(f"{METRICS[metric].title}, test subset")
    grid(axes, "y")
    return figure


def _limit(axes: Axes, rows: pd.DataFrame, metric: str) -> None:
    """Show the metric's full range: an axis that zooms in makes differences look larger."""
    low, high = METRICS[metric].range
    axes.set_ylim(low - 0.04, high + 0.04)
    if rows["value"].isna().all():
        axes.text(
            0.5, 0.5, "undefined in every replicate", transform=axes.transAxes, ha="center",
            color=MUTED,
        )  # fmt: skip


def _counted(label: str, undefined: int) -> str:
    return wrapped(label) + (f"\n{undefined} undefined" if undefined else "")


def _boxes_and_points(
    axes: Axes, rows: pd.DataFrame, looks: Mapping[str, Mapping[str, object]]
) -> None:
    colours = {model: look["color"] for model, look in looks.items()}
    draw = {"data": rows, "y": "value", "hue": "model", "palette": colours, "legend": False}
    with warnings.catch_warnings():
        # seaborn 0.13 passes an argument that Matplotlib 3.11 deprecates.
        warnings.filterwarnings("ignore", "vert: bool", MatplotlibDeprecationWarning)
        sns.boxplot(
            **draw,
            x="centre",
            native_scale=True,
            dodge=False,
            width=0.56,
            whis=(0, 100),  # to the extremes: every replicate is shown, none is called an outlier
            fill=False,
            linewidth=0.8,
            medianprops={"linewidth": 1.6},
            showmeans=True,
            meanprops={"marker": "x", "markersize": 4, "markeredgecolor": INK, "zorder": 4},
            zorder=2,
            ax=axes,
        )
    markers = {model: look["marker"] for model, look in looks.items()}
    sns.scatterplot(
        **draw, x="x", style="model", markers=markers, s=14, linewidth=0.4, zorder=3, ax=axes
    )


def _with_positions(rows: pd.DataFrame, models: Iterable[str]) -> pd.DataFrame:
    """Return the rows with the x positions of their model's box and of their point."""
    rows = rows.sort_values(["model", "replicate"])
    centre = rows["model"].map({model: index for index, model in enumerate(models)})
    # Equal values stand side by side, so that each point can be seen.
    equal = rows.groupby(["model", "value"], dropna=False)["value"]
    n = equal.transform("size")
    step = (0.5 / n).clip(upper=0.11)
    return rows.assign(centre=centre, x=centre + step * (equal.cumcount() - (n - 1) / 2))


@styled
def confusion_matrix(
    metrics: pd.DataFrame, model: str, *, labels: Mapping[str, str], target: str
) -> Figure:
    """Draw a model's mean confusion matrix with the standard deviation over replicates.

    `metrics` are `evidence.tables.METRICS`, of which it needs tn, fp, fn and tp.
    """
    rows = metrics[metrics["model"] == model]
    counts = rows.pivot(index="replicate", columns="metric", values="value")
    cells = counts[["tn", "fp", "fn", "tp"]]
    mean = cells.mean().to_numpy().reshape(2, 2)
    deviation = cells.std().fillna(0).to_numpy().reshape(2, 2)
    total = mean.sum(axis=1, keepdims=True)
    share = np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)
    cell = np.vectorize("{:.1f} ± {:.1f}\n{:.0f} %".format)
    classes = [wrapped(name, 20) for name in (f"no {target}", target)]
    figure = canvas(COLUMN, 70 * MM)
    axes = figure.subplots()
    sns.heatmap(
        share,
        vmin=0,
        vmax=1,
        cmap="Blues",
        square=True,
        annot=cell(mean, deviation, 100 * share),
        fmt="",
        annot_kws={"fontsize": 9, "linespacing": 1.5},
        xticklabels=classes,
        yticklabels=classes,
        cbar_kws={"shrink": 0.8, "ticks": [0, 0.5, 1], "label": "Share of the true class"},
        ax=axes,
    )
    axes.tick_params(length=0)
    axes.set_yticklabels(classes, rotation=90, va="center")
    axes.set_xlabel("Called")
    axes.set_ylabel("Truth")
    axes.set_title(f"{wrapped(labels[model], 40)}, mean ± SD of {len(cells)} replicates")
    return figure
