"""Figures of what the replicates did: metrics, confusion matrices, training."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ctseq.figures.names import metric_name
from ctseq.figures.style import (
    COLUMN,
    FAINT,
    INK,
    MM,
    MUTED,
    PAGE,
    canvas,
    grid,
    look_of,
    styled,
    wrapped,
)

# Metrics that lie between 0 and 1; the axis then shows no other values.
_SIGNED = frozenset({"mcc"})


@styled
def metric_boxplot(metrics: pd.DataFrame, *, metric: str, labels: Mapping[str, str]) -> Figure:
    """Show one metric: a box a model, a point a replicate, a faint line a shared split.

    Parameters
    ----------
    metrics
        `tables.METRICS`; a NaN value is undefined and is counted under the model's name.
    metric
        Which of them.
    labels
        Model to label, in the order of the figure.
    """
    rows = metrics[metrics["metric"] == metric]
    values = rows.pivot(index="replicate", columns="model", values="value").reindex(
        columns=list(labels)
    )
    many = len(labels) > 3
    figure = canvas(PAGE if many else COLUMN, (72 if many else 68) * MM)
    axes = figure.subplots()
    places = np.array([_spread(values[model].to_numpy()) for model in labels]).T
    places = places + np.arange(len(labels))
    _ranges(axes, values, metric)
    for place, line in zip(places, values.to_numpy(), strict=True):
        axes.plot(place, line, color=FAINT, linewidth=0.5, zorder=1)
    for number, model in enumerate(labels):
        look, column = look_of(list(labels), model), values[model]
        _box(axes, number, column.dropna().to_numpy(), look["color"])
        axes.plot(
            places[:, number],
            column,
            linestyle="",
            marker=look["marker"],
            markersize=3.4,
            color=look["color"],
            markeredgecolor="white",
            markeredgewidth=0.4,
            zorder=3,
        )
    names = [_counted(label, values[model]) for model, label in labels.items()]
    axes.set_xticks(range(len(labels)), names)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.55, len(labels) - 0.45)
    axes.set_ylabel(f"{metric_name(metric)}, validation patients")
    grid(axes, "y")
    return figure


def _ranges(axes: Axes, values: pd.DataFrame, metric: str) -> None:
    """Show the metric's whole range: an axis that zooms in makes differences look larger."""
    low = -1 if metric in _SIGNED else 0
    axes.set_ylim(low - 0.04, 1.04)
    if values.notna().to_numpy().sum() == 0:
        axes.text(
            0.5, 0.5, "undefined in every replicate", transform=axes.transAxes, ha="center",
            color=MUTED,
        )  # fmt: skip


def _counted(label: str, values: pd.Series) -> str:
    undefined = int(values.isna().sum())
    return wrapped(label) + (f"\n{undefined} undefined" if undefined else "")


def _box(axes: Axes, place: float, values: np.ndarray, colour: str) -> None:
    if not values.size:
        return
    axes.boxplot(
        [values],
        positions=[place],
        widths=0.56,
        whis=(0, 100),  # to the extremes: every replicate is shown, none is called an outlier
        showmeans=True,
        patch_artist=True,
        boxprops={"facecolor": colour + "22", "edgecolor": colour, "linewidth": 0.8},
        medianprops={"color": colour, "linewidth": 1.6},
        whiskerprops={"color": colour, "linewidth": 0.8},
        capprops={"color": colour, "linewidth": 0.8},
        meanprops={"marker": "x", "markersize": 4, "markeredgecolor": INK, "zorder": 4},
        manage_ticks=False,
        zorder=2,
    )


def _spread(values: np.ndarray) -> np.ndarray:
    """Set equal values side by side, so that each replicate can be seen; NaN stays at 0."""
    places = np.zeros(len(values))
    for value in np.unique(values[~np.isnan(values)]):
        equal = np.flatnonzero(values == value)
        step = min(0.11, 0.5 / len(equal))
        places[equal] = step * (np.arange(len(equal)) - (len(equal) - 1) / 2)
    return places


@styled
def confusion_matrix(metrics: pd.DataFrame, *, model: str, label: str) -> Figure:
    """Show a model's mean confusion matrix with the standard deviation over replicates.

    Parameters
    ----------
    metrics
        `tables.METRICS` with tn, fp, fn and tp.
    model, label
        Which model, and its name in the title.
    """
    rows = metrics[metrics["model"] == model]
    counts = rows.pivot(index="replicate", columns="metric", values="value")
    cells = counts[["tn", "fp", "fn", "tp"]]
    mean = cells.mean().to_numpy().reshape(2, 2)
    deviation = cells.std().fillna(0).to_numpy().reshape(2, 2)
    total = mean.sum(axis=1, keepdims=True)
    share = np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)
    figure = canvas(COLUMN, 70 * MM)
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(mean):
        colour = "white" if share[row, column] > 0.55 else INK
        text = f"{value:.1f} ± {deviation[row, column]:.1f}"
        axes.text(column, row - 0.08, text, ha="center", color=colour, fontsize=10)
        axes.text(column, row + 0.2, f"{100 * share[row, column]:.0f} %", ha="center", color=colour)
    classes = ["no hemorrhage", "hemorrhage"]
    axes.set_xticks([0, 1], classes)
    axes.set_yticks([0, 1], classes, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.set_xlabel("Called")
    axes.set_ylabel("Truth")
    axes.set_title(f"{wrapped(label, 40)}, mean ± SD of {len(cells)} replicates")
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 0.5, 1])
    bar.set_label("Share of the true class")
    bar.outline.set_visible(False)
    return figure


@styled
def training_curves(histories: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Show each model's losses and validation accuracy, epoch by epoch.

    Thin lines are replicates, thick ones their mean as far as at least half of them train, dots
    the epochs that were kept.

    Parameters
    ----------
    histories
        `tables.HISTORY` with columns model and replicate in front.
    labels
        Model to label, in the order of the figure.
    """
    figure = canvas(PAGE, (12 + 44 * len(labels)) * MM)
    panels = figure.subplots(len(labels), 2, squeeze=False, sharex=True)
    for (model, label), (loss, accuracy) in zip(labels.items(), panels, strict=True):
        runs = histories[histories["model"] == model]
        colour = look_of(list(labels), model)["color"]
        _curves(loss, runs, "train_loss", MUTED, "-")
        _curves(loss, runs, "validation_loss", colour, "-")
        _curves(accuracy, runs, "validation_accuracy", colour, "-")
        _kept(loss, runs, "validation_loss", colour)
        _kept(accuracy, runs, "validation_accuracy", colour)
        loss.set_title(wrapped(label, 50), fontweight="bold")
        loss.set_ylabel("Cross-entropy")
        accuracy.set_ylabel("Validation accuracy")
        accuracy.set_ylim(-0.04, 1.04)
        loss.legend(
            handles=[
                Line2D([], [], color=MUTED, label="training"),
                Line2D([], [], color=colour, label="validation"),
            ]
        )
        for axes in (loss, accuracy):
            grid(axes, "y")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in panels[-1]:
        axes.set_xlabel("Epoch")
    return figure


def _curves(axes: Axes, runs: pd.DataFrame, column: str, colour: str, line: object) -> None:
    table = runs.pivot(index="epoch", columns="replicate", values=column)
    axes.plot(table.index, table, color=colour, linewidth=0.5, alpha=0.4, linestyle=line)
    enough = table.notna().mean(axis=1) >= 0.5
    axes.plot(table.index[enough], table[enough].mean(axis=1), color=colour, linewidth=1.8)


def _kept(axes: Axes, runs: pd.DataFrame, column: str, colour: str) -> None:
    kept = runs[runs["kept"] == 1]
    axes.plot(
        kept["epoch"], kept[column], linestyle="", marker="o", markersize=3.2, color=colour,
        markeredgecolor="white", markeredgewidth=0.4, zorder=3,
    )  # fmt: skip
