"""Figures of the comparison: differences with intervals, and a ranking of the models."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ctseq.evidence.metrics import METRICS
from ctseq.figures.style import (
    COLUMN,
    INK,
    MM,
    MUTED,
    PAGE,
    SMALL,
    canvas,
    grid,
    look_of,
    open_ends,
    styled,
    wrapped,
)

_COLUMNS = 3  # panels side by side on a page
_MOST_HIGH = 225  # mm that a printed page holds
_FEW = 3  # models of which all pairs are drawn
# Contrasts that are drawn below the means: more would push what follows off the first screen.
_BRIEF = 6
_NAME = 16  # letters in a line of a label, beside a figure that is as wide as a column


@styled
def answer(
    means: pd.DataFrame,
    verdicts: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    alpha: float,
) -> Figure:
    """Draw each model's primary metric, and below the differences of up to six contrasts.

    Lines are intervals, with an arrow where they are cut at the metric's range, and bands the
    margin on either side of no difference; a filled marker stands for a difference that is shown.
    It is as wide as a column, and so legible on a phone. `means` are
    ``comparison/model_means.csv``, `verdicts` ``comparison/verdict.csv``.
    """
    contrasts = verdicts[(verdicts["primary"] == 1) & (verdicts["contrast"] == 1)]
    metric = METRICS[contrasts["metric"].iloc[0]]
    means = means[means["metric"] == metric.name].set_index("model").loc[list(labels)]
    names = [wrapped(label, _NAME) for label in labels.values()]
    pairs = [_below(labels, row.model_a, row.model_b) for row in contrasts.itertuples()]
    shown = [names, pairs] if len(pairs) <= _BRIEF else [names]
    heights = [sum(map(_height, own)) for own in shown]
    figure = canvas(COLUMN, (13 * len(shown) + sum(heights)) * MM)
    ratios = [height + 4 for height in heights]
    above, *below = figure.subplots(len(shown), 1, height_ratios=ratios, squeeze=False).ravel()
    for y, row in enumerate(means.itertuples()):
        look = look_of(labels, row.Index)
        above.plot([row.low, row.high], [y, y], color=look["color"], linewidth=1.4)
        open_ends(above, y, row, color=look["color"], markersize=4)
        above.plot(row.estimate, y, marker=look["marker"], color=look["color"], markersize=5)
        _missing(above, y, row.estimate, np.mean(metric.range))
    _rows(above, names)
    above.set_xlim(*metric.range)
    above.set_xlabel(f"{metric.title} with {100 * (1 - alpha):g} % interval")
    for axes in below:
        for y, row in enumerate(contrasts.itertuples()):
            _difference(axes, y, row)
        _rows(axes, pairs)
        axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0.5)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(f"Difference in {metric.words}")
    return figure


@styled
def differences(
    verdicts: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    alpha: float,
    shared_splits: bool = True,
) -> Figure:
    """Draw the mean difference of pairs of models with its interval, by metric.

    All pairs of three models or fewer, the contrasts of more: a panel a metric, or one panel for a
    single pair. A filled marker stands for a difference that is shown; ticks below are the
    replicates' own differences, where models share their splits; bands are the metric's margin on
    either side of none. It is as wide as a column, and so legible on a phone. `verdicts` are
    ``comparison/verdict.csv``.
    """
    if len(labels) > _FEW:
        verdicts = verdicts[verdicts["contrast"] == 1]
    names = list(dict.fromkeys(verdicts["metric"]))
    pairs = list(dict.fromkeys(zip(verdicts["model_a"], verdicts["model_b"], strict=True)))
    single = len(pairs) == 1
    titles = [METRICS[name].title for name in names]
    rows = (
        [wrapped(title, _NAME) for title in titles]
        if single
        else [_below(labels, *pair) for pair in pairs]
    )
    figure, panels = _panels(rows, n_metrics=len(names), single=single)
    for number, metric in enumerate(names):
        axes = panels[0] if single else panels[number]
        for row in verdicts[verdicts["metric"] == metric].itertuples():
            y = number if single else pairs.index((row.model_a, row.model_b))
            if shared_splits:
                _replicates(axes, y, _differences_of(metrics, metric, row.model_a, row.model_b))
            _difference(axes, y, row)
    for axes, title in zip(panels, [""] if single else titles, strict=False):
        _rows(axes, rows)
        axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0.5)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_title(title)
    better = _pair(labels, *pairs[0]) if single else "first model − second model"
    figure.supxlabel(
        f"Difference ({better})\nwith {100 * (1 - alpha):g} % interval; band: less than the margin",
        fontsize=7.5,
    )
    return figure


def _panels(rows: Sequence[str], *, n_metrics: int, single: bool) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with a panel a metric, or one panel in which each metric is a row.

    Panels stand one below the other, as wide as a column, or beside each other if a page is not
    high enough for that.
    """
    # Room for a row's marker and ticks, and for a panel's title.
    height = 9 * len(rows) if single else sum(max(7, _height(text)) for text in rows)
    n_panels, above = (1, 14) if single else (n_metrics, 8)
    below_each_other = 27 + n_panels * (above + height)
    if single or below_each_other <= _MOST_HIGH:
        figure = canvas(COLUMN, below_each_other * MM)
        return figure, figure.subplots(n_panels, 1, squeeze=False, sharex=True).ravel()
    wide = min(_COLUMNS, n_metrics)
    high = -(-n_metrics // wide)
    figure = canvas(PAGE, (20 + high * (8 + height)) * MM)
    panels = figure.subplots(high, wide, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in panels[n_metrics:]:
        axes.set_axis_off()
    return figure, panels


def _differences_of(metrics: pd.DataFrame, metric: str, a: str, b: str) -> np.ndarray:
    rows = metrics[metrics["metric"] == metric]
    table = rows.pivot(index="replicate", columns="model", values="value")
    return (table[a] - table[b]).dropna().to_numpy() if {a, b} <= set(table) else np.empty(0)


def _replicates(axes: Axes, y: float, points: np.ndarray) -> None:
    axes.plot(
        points, np.full(len(points), y + 0.27), linestyle="", marker="|", markersize=4,
        color=MUTED, alpha=0.7, markeredgewidth=0.7,
    )  # fmt: skip


def _difference(axes: Axes, y: float, row: object) -> None:
    axes.fill_between(
        [-row.margin, row.margin], y - 0.5, y + 0.5, color=SMALL, linewidth=0, zorder=0
    )
    if _missing(axes, y, row.estimate, 0):
        return
    axes.plot([row.low, row.high], [y, y], color=INK, linewidth=1.4)
    open_ends(axes, y, row, color=INK, markersize=4)
    axes.plot(
        row.estimate, y, marker="o", markersize=5, color=INK,
        markerfacecolor=INK if row.supported else "white", markeredgewidth=1.1,
    )  # fmt: skip


def _missing(axes: Axes, y: float, estimate: float, x: float) -> bool:
    """Write at x that an estimate is undefined, if it is."""
    if np.isnan(estimate):
        axes.text(x, y, "undefined", ha="center", va="center", color=MUTED)
    return bool(np.isnan(estimate))


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    grid(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _below(labels: Mapping[str, str], a: str, b: str) -> str:
    """Return the first of two models above the one that is subtracted."""
    return f"{wrapped(labels[a], _NAME)}\n− {wrapped(labels[b], _NAME - 2)}"


def _height(text: str) -> int:
    """Return the height in mm that a row with this label takes."""
    return 4 + 3 * text.count("\n")


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
    panels[0].xaxis.set_major_locator(MaxNLocator(10, integer=True))
    figure.supxlabel("Mean rank over the replicates (1 is best)", fontsize=7.5)
    return figure
