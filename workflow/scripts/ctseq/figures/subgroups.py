"""Figure of the models' sensitivity in groups of patients."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ctseq.evidence.over_patients.subgroups import title_of
from ctseq.figures.style import COLUMN, FAINT, INK, MM, canvas, grid, key_below, look_of, styled

_APART = 0.2  # of a row's height, from model to model


@styled
def subgroups(rows: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw each model's sensitivity with its interval, a row a group of patients.

    `rows` are ``comparison/patients/subgroups.csv``; groups of too few patients are left out.
    """
    shown = rows[(rows["measure"] == "sensitivity") & rows["estimate"].notna()]
    groups = list(dict.fromkeys(zip(shown["attribute"], shown["group"], strict=True)))
    row_mm = max(6.0, 2.4 * len(labels))
    figure = canvas(COLUMN, (26 + row_mm * max(1, len(groups))) * MM)
    axes = figure.subplots()
    apart = min(_APART, 0.8 / len(labels))
    for place, model in enumerate(labels):
        own = shown[shown["model"] == model].set_index(["attribute", "group"]).reindex(groups)
        y = np.arange(len(groups)) + apart * (place - (len(labels) - 1) / 2)
        look = look_of(labels, model) | {"linestyle": "none"}
        axes.hlines(y, own["low"], own["high"], color=look["color"], linewidth=1)
        axes.plot(own["estimate"], y, markersize=4, markeredgecolor="white",
                  markeredgewidth=0.4, **look)  # fmt: skip
    n = shown.drop_duplicates(["attribute", "group"])["n"]
    ticks = [f"{title_of(*group)} ({own})" for group, own in zip(groups, n, strict=True)]
    axes.set_yticks(range(len(groups)), ticks)
    axes.set(xlim=(-0.02, 1.02), ylim=(max(1, len(groups)) - 0.4, -0.6), xlabel="Sensitivity")
    axes.tick_params(axis="y", length=0)
    parted = [at for at in range(1, len(groups)) if groups[at][0] != groups[at - 1][0]]
    for at in parted:
        axes.axhline(at - 0.5, color=FAINT, linewidth=0.6)
    if not groups:
        axes.text(0.5, 0.5, "no group is large enough", color=INK, ha="center",
                  transform=axes.transAxes)  # fmt: skip
    grid(axes, "x")
    key_below(figure, labels)
    return figure
