"""Figures of the comparison: differences with intervals, and a ranking of the models."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ctseq.evidence.metrics import METRICS
from ctseq.figures.style import (
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

_BAND = "#f0e6d2"  # the region of practical equivalence: pale, so that points stand out on it
_COLUMNS = 3  # panels side by side on a page


@styled
def differences(
    tests: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    rope: float,
    alpha: float,
    shared_splits: bool = True,
) -> Figure:
    """Draw the primary analysis: each pair's mean difference with its interval, by metric.

    A filled marker stands for an adjusted p below `alpha`; ticks below are the replicates' own
    differences, where models share their splits; the band is the region of practical equivalence,
    `rope` on either side of none. `tests` are ``comparison/resampled_t.csv``.
    """
    names = list(dict.fromkeys(tests["metric"]))
    pairs = list(dict.fromkeys(zip(tests["model_a"], tests["model_b"], strict=True)))
    single = len(pairs) == 1
    panels_wide = 1 if single else min(_COLUMNS, len(names))
    panels_high = 1 if single else -(-len(names) // panels_wide)
    rows = len(names) if single else len(pairs)
    figure = canvas(PAGE, (24 + panels_high * (14 + (9 if single else 7) * rows)) * MM)
    panels = figure.subplots(panels_high, panels_wide, squeeze=False, sharey=True, sharex=True)
    panels = panels.ravel()
    for number, metric in enumerate(names):
        of_metric = tests[tests["metric"] == metric]
        axes = panels[0] if single else panels[number]
        for row in of_metric.itertuples():
            y = number if single else pairs.index((row.model_a, row.model_b))
            own = (metrics, metric, row.model_a, row.model_b)
            points = _differences_of(*own) if shared_splits else np.empty(0)
            _difference(axes, y, row, points, alpha)
    titles = [METRICS[name].title for name in names]
    ticks = titles if single else [_pair(labels, *pair) for pair in pairs]
    for axes, title in zip(panels, [""] if single else titles, strict=False):
        _frame(axes, ticks, rope)
        axes.xaxis.set_major_locator(MaxNLocator(8 if single else 5))
        axes.set_title(title)
    for axes in panels[1 if single else len(names) :]:
        axes.set_axis_off()
    better = _pair(labels, *pairs[0]) if single else "first model − second model"
    figure.supxlabel(
        f"Difference ({better}) with {100 * (1 - alpha):g} % interval; "
        f"band: less than {rope:g}, of no practical consequence",
        fontsize=7.5,
    )
    return figure


def _differences_of(metrics: pd.DataFrame, metric: str, a: str, b: str) -> np.ndarray:
    rows = metrics[metrics["metric"] == metric]
    table = rows.pivot(index="replicate", columns="model", values="value")
    return (table[a] - table[b]).dropna().to_numpy() if {a, b} <= set(table) else np.empty(0)


def _difference(axes: Axes, y: float, row: object, points: np.ndarray, alpha: float) -> None:
    axes.plot(
        points, np.full(len(points), y + 0.27), linestyle="", marker="|", markersize=4,
        color=MUTED, alpha=0.7, markeredgewidth=0.7,
    )  # fmt: skip
    if np.isnan(row.estimate):
        axes.text(0, y, "undefined", ha="center", va="center", color=MUTED)
        return
    significant = row.p_adjusted < alpha
    axes.plot([row.low, row.high], [y, y], color=INK, linewidth=1.4)
    axes.plot(
        row.estimate, y, marker="o", markersize=5, color=INK,
        markerfacecolor=INK if significant else "white", markeredgewidth=1.1,
    )  # fmt: skip


def _frame(axes: Axes, ticks: Sequence[str], rope: float) -> None:
    axes.axvspan(-rope, rope, color=_BAND, linewidth=0, zorder=0)
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0.5)
    axes.set_yticks(range(len(ticks)), ticks)
    axes.set_ylim(len(ticks) - 0.45, -0.55)
    grid(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _pair(labels: Mapping[str, str], a: str, b: str) -> str:
    return f"{wrapped(labels[a], 22)} − {wrapped(labels[b], 22)}"


@styled
def ranking(ranks: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw the models' mean ranks by metric: a description, without a critical difference.

    That of Nemenyi is for independent replicates. `ranks` are ``comparison/ranking.csv``, 1 being
    the best.
    """
    names = list(dict.fromkeys(ranks["metric"]))
    wide = min(_COLUMNS, len(names))
    high = -(-len(names) // wide)
    figure = canvas(PAGE, (10 + high * (16 + 7 * len(labels))) * MM)
    panels = figure.subplots(high, wide, squeeze=False, sharex=True).ravel()
    for axes, metric in zip(panels, names, strict=False):
        of_metric = ranks[(ranks["metric"] == metric) & ranks["average_rank"].notna()]
        of_metric = of_metric.sort_values(["average_rank", "model"])
        order = list(of_metric["model"])
        for y, row in enumerate(of_metric.itertuples()):
            look = look_of(labels, row.model)
            axes.plot(row.average_rank, y, marker=look["marker"], color=look["color"])
        axes.set_yticks(range(len(order)), [wrapped(labels[model], 16) for model in order])
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_title(METRICS[metric].title)
        grid(axes, "x")
        axes.tick_params(axis="y", length=0)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    panels[0].set_xlim(0.7, len(labels) + 0.3)
    panels[0].set_xticks(range(1, len(labels) + 1))
    figure.supxlabel("Mean rank over the replicates (1 is best)", fontsize=7.5)
    return figure
