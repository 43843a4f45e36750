"""The figure of the trainings, epoch by epoch."""

from collections.abc import Mapping
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ctseq.figures.style import MM, MOST_LOOKS, MUTED, PAGE, canvas, grid, look_of, styled, wrapped


@styled
def training_curves(histories: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw losses and tuning accuracy, epoch by epoch, of each model that has a history.

    Thin lines are replicates, thick ones their mean as far as at least half of them train, dots
    the epochs that were kept. `histories` are `families.tables.HISTORY` with columns model and
    replicate.
    """
    labels = {model: labels[model] for model in labels if model in set(histories["model"])}
    histories = _chosen(histories)
    # Of more models than a page holds one below the other, two stand side by side.
    beside = 1 if len(labels) <= MOST_LOOKS else 2
    high = -(-len(labels) // beside)
    figure = canvas(PAGE, (12 + (44 if beside == 1 else 25) * high) * MM)
    grid_of_panels = figure.subplots(high, 2 * beside, squeeze=False, sharex=True)
    panels = grid_of_panels.reshape(-1, 2)
    for axes in panels[len(labels) :].ravel():
        axes.set_axis_off()
    for (model, label), (loss, accuracy) in zip(labels.items(), panels, strict=False):
        runs = histories[histories["model"] == model]
        colour = look_of(labels, model)["color"]
        _curves(loss, runs, "train_loss", MUTED)
        for axes, column in ((loss, "tuning_loss"), (accuracy, "tuning_accuracy")):
            _curves(axes, runs, column, colour)
            _kept(axes, runs, column, colour)
            grid(axes, "y")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        loss.set_title(wrapped(label, 50), fontweight="bold")
        loss.set_ylabel("Loss")
        accuracy.set_ylabel("Tuning accuracy")
        accuracy.set_ylim(-0.04, 1.04)
        if beside == 1 or loss is panels[0, 0]:  # elsewhere it would hide the curves
            loss.legend(
                handles=[
                    Line2D([], [], color=MUTED, label="training"),
                    Line2D([], [], color=colour, label="tuning"),
                ]
            )
    for axes in grid_of_panels[-1]:
        axes.set_xlabel("Epoch")
    return figure


def _chosen(histories: pd.DataFrame) -> pd.DataFrame:
    """Return the epochs of the settings that were chosen, where several were tried."""
    kept = histories["setting"].where(histories["kept"] == 1)
    chosen = kept.groupby([histories["model"], histories["replicate"]]).transform("max")
    return histories[histories["setting"] == chosen]


def _curves(axes: Axes, runs: pd.DataFrame, column: str, colour: str) -> None:
    draw = partial(sns.lineplot, x="epoch", y=column, color=colour, legend=False, ax=axes)
    draw(runs, units="replicate", estimator=None, linewidth=0.5, alpha=0.4)
    trained = runs.groupby("epoch")["replicate"].transform("size") / runs["replicate"].nunique()
    draw(runs[trained >= 0.5], estimator="mean", errorbar=None, linewidth=1.8)


def _kept(axes: Axes, runs: pd.DataFrame, column: str, colour: str) -> None:
    kept = runs[runs["kept"] == 1]
    axes.plot(
        kept["epoch"], kept[column], linestyle="", marker="o", markersize=3.2, color=colour,
        markeredgecolor="white", markeredgewidth=0.4, zorder=3,
    )  # fmt: skip
