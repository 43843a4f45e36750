"""Figures of further trainings: the learning curve, and the answer under every protocol."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.verdicts import Finding
from ctseq.figures.style import (
    FAINT,
    INK,
    MM,
    MUTED,
    PAGE,
    SMALL,
    canvas,
    grid,
    key_below,
    look_of,
    open_ends,
    styled,
    wrapped,
)

_OWN = "#D55E00"
_ROW, _TITLE = 5.8, 1.5  # mm of a choice with its name, and between the choices of two axes


@styled
def learning_curve(table: pd.DataFrame, *, labels: Mapping[str, str], primary: str) -> Figure:
    """Draw the primary metric and the AUC against the number of training patients.

    Lines are means over replicates, bands their corrected intervals; `table` is
    ``comparison/further/learning_curve.csv``.
    """
    names = [name for name in dict.fromkeys([primary, "roc_auc"]) if name in set(table["metric"])]
    figure = canvas(PAGE if len(names) > 1 else PAGE / 2, 72 * MM)
    panels = figure.subplots(1, len(names), squeeze=False).ravel()
    for axes, metric in zip(panels, names, strict=True):
        for model in labels:
            own = table[(table["metric"] == metric) & (table["model"] == model)]
            own = own.dropna(subset=["n_train", "estimate"]).sort_values("n_train")
            look = look_of(labels, model)
            axes.plot(own["n_train"], own["estimate"], markersize=3.5, **look)
            axes.fill_between(
                own["n_train"],
                own["low"],
                own["high"],
                color=look["color"],
                alpha=0.15,
                linewidth=0,
            )
        low, high = METRICS[metric].range
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, low - 0.02), min(top, high + 0.02))
        axes.set_title(METRICS[metric].title)
        axes.set_xlabel("Training patients")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        grid(axes, "y")
    key_below(figure, labels)
    return figure


@styled
def specification_curve(
    table: pd.DataFrame, *, axes: Mapping[str, str], difference: str, alpha: float
) -> Figure:
    """Draw a contrast's difference under every protocol, sorted, above what each chose.

    Simonsohn, Simmons and Nelson 2020 (Nature Human Behaviour 4:1208-1214). Choices are named
    above their dots, not left of them: a phone, which shows the left half, shows the curve there.

    Parameters
    ----------
    table
        The rows of one contrast of ``multiverse/specification.csv``.
    axes
        Axis, a column of `table`, to its words.
    difference
        What is subtracted from what, in words.
    """
    # Cells whose difference is undefined come last and have no point.
    table = table.sort_values(["estimate", "cell"], ignore_index=True)
    choices = [(axis, value) for axis in axes for value in table.sort_values("cell")[axis].unique()]
    figure = canvas(PAGE, (58 + _ROW * len(choices) + _TITLE * len(axes)) * MM)
    heights = [46, _ROW * len(choices) + _TITLE * len(axes)]
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    _differences(above, table)
    title = METRICS[table["metric"].iloc[0]].title
    above.set_ylabel(f"{title}: {wrapped(difference, 30)}")
    above.set_title(
        f"Difference under each of {len(table)} protocols, {100 * (1 - alpha):g} % interval"
    )
    _choices(below, table, choices, axes)
    return figure


def _differences(axes: Axes, table: pd.DataFrame) -> None:
    margin = table["margin"].iloc[0]
    axes.axhspan(-margin, margin, color=SMALL, linewidth=0, zorder=0)
    axes.axhline(0, color=MUTED, linewidth=0.8, zorder=0.5)
    # By the verdict, as the tests of several contrasts are adjusted.
    shown = table["verdict"].isin([Finding.SUPERIOR, Finding.INFERIOR])
    for rows, color in ((~shown, MUTED), (shown, INK)):
        own = table[rows]
        axes.vlines(own.index, own["low"], own["high"], color=color, linewidth=0.8)
        for row in own.itertuples():
            open_ends(axes, row.Index, row, upright=True, color=color, markersize=2)
        axes.plot(own.index, own["estimate"], linestyle="", marker="o", markersize=2.4, color=color)
    own = table[table["own"] == 1].dropna(subset="estimate")
    axes.vlines(own.index, own["low"], own["high"], color=_OWN, linewidth=1.6)
    axes.plot(own.index, own["estimate"], linestyle="", marker="D", markersize=4.5, color=_OWN)
    for at, y in zip(own.index, own["high"].fillna(own["estimate"]), strict=True):
        side = "left" if at < len(table) / 2 else "right"  # inside the panel, whatever the place
        axes.annotate(
            "this study", (at, y), (0, 3), textcoords="offset points", ha=side, color=_OWN
        )
    axes.margins(x=0.01)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    grid(axes, "y")


def _choices(
    axes: Axes,
    table: pd.DataFrame,
    choices: Sequence[tuple[str, str]],
    words: Mapping[str, str],
) -> None:
    """Draw a row a choice, in a group an axis, with a dot at each protocol that made it."""
    y, last = 0.0, None
    for axis, value in choices:
        y += 1 if axis == last else 1 + _TITLE / _ROW
        last = axis
        made = np.flatnonzero(table[axis] == value)
        axes.axhline(y, color=FAINT, linewidth=0.4, zorder=0)
        axes.plot(made, np.full(len(made), y), linestyle="", marker="s", markersize=2, color=INK)
        own = [number for number in made if table["own"].iloc[number]]
        axes.plot(own, [y] * len(own), linestyle="", marker="D", markersize=3.2, color=_OWN)
        name = f"{words[axis]}: {value.replace('_', ' ')}"
        axes.annotate(
            name, (0, y), (0, 3), xycoords=("axes fraction", "data"), textcoords="offset points",
            fontsize=6.5, color=INK,
        )  # fmt: skip
    axes.margins(x=0.01)
    axes.set_yticks([])
    axes.set_ylim(y + 0.4, 0.4)
    axes.set_xticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
