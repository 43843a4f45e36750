"""Figure of the models' sensitivity in groups of patients."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ctseq.evidence.over_patients.subgroups import title_of
from ctseq.figures.style import (
    COLUMN,
    FAINT,
    INK,
    MM,
    MOST_LOOKS,
    canvas,
    grid,
    key_below,
    look_of,
    panel_each,
    styled,
)

_APART = 0.2  # of a row's height, from model to model


@styled
def subgroups(rows: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw each model's sensitivity with its interval, a row a group of patients.

    `rows` are ``comparison/patients/subgroups.csv``; groups of too few patients are left out.
    """
    shown = rows[(rows["measure"] == "sensitivity") & rows["estimate"].notna()]
    groups = list(dict.fromkeys(zip(shown["attribute"], shown["group"], strict=True)))
    n = shown.drop_duplicates(["attribute", "group"])["n"]
    ticks = [f"{title_of(*group)} ({own})" for group, own in zip(groups, n, strict=True)]
    if len(labels) > MOST_LOOKS:
        figure, panels = panel_each(labels, (6 + 4.5 * max(1, len(groups))) * MM)
        for model, axes in panels.items():
            _rates(axes, shown, groups, {model: ""})
            _rows(axes, groups, ticks)
        figure.supxlabel("Sensitivity", fontsize=7.5)
        return figure
    figure = canvas(COLUMN, (26 + max(6.0, 2.4 * len(labels)) * max(1, len(groups))) * MM)
    axes = figure.subplots()
    _rates(axes, shown, groups, labels)
    _rows(axes, groups, ticks)
    axes.set_xlabel("Sensitivity")
    key_below(figure, labels)
    return figure


def _rates(
    axes: Axes, shown: pd.DataFrame, groups: Sequence[tuple[str, str]], labels: Mapping[str, str]
) -> None:
    """Draw what is known of each group, the models one below the other."""
    apart = min(_APART, 0.8 / len(labels))
    for place, model in enumerate(labels):
        own = shown[shown["model"] == model].set_index(["attribute", "group"]).reindex(groups)
        y = np.arange(len(groups)) + apart * (place - (len(labels) - 1) / 2)
        look = look_of(labels, model) | {"linestyle": "none"}
        axes.hlines(y, own["low"], own["high"], color=look["color"], linewidth=1)
        axes.plot(own["estimate"], y, markersize=4, markeredgecolor="white",
                  markeredgewidth=0.4, **look)  # fmt: skip


def _rows(axes: Axes, groups: Sequence[tuple[str, str]], ticks: Sequence[str]) -> None:
    """Name the groups, with a line between those of different kinds."""
    axes.set_yticks(range(len(groups)), ticks)
    axes.set(xlim=(-0.02, 1.02), ylim=(max(1, len(groups)) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    parted = [at for at in range(1, len(groups)) if groups[at][0] != groups[at - 1][0]]
    for at in parted:
        axes.axhline(at - 0.5, color=FAINT, linewidth=0.6)
    if not groups:
        axes.text(0.5, 0.5, "no group is large enough", color=INK, ha="center",
                  transform=axes.transAxes)  # fmt: skip
    grid(axes, "x")
