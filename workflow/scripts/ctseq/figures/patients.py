"""Figures of the patient-level evidence: ROC, precision-recall and calibration curves."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ctseq.figures.style import COLUMN, MM, MUTED, PAGE, canvas, grid, key_below, look_of, styled


@styled
def curves(points: pd.DataFrame, decisions: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw ROC and precision-recall curves with their bootstrap bands, and those of chance.

    `points` are of ``comparison/patients/curves.csv``; `decisions`, of ``operating_points.csv``
    beside it, say how many patients are positive.
    """
    n_positive, n_negative = decisions.iloc[0][["n_positive", "n_negative"]]
    figure = canvas(PAGE, 92 * MM)
    roc, precision_recall = figure.subplots(1, 2)
    roc.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)))
    prevalence = n_positive / (n_positive + n_negative)  # the precision of chance
    precision_recall.axhline(prevalence, color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)))
    for axes, name in ((roc, "roc"), (precision_recall, "precision_recall")):
        for model in labels:
            rows = points[(points["model"] == model) & (points["curve"] == name)]
            look = look_of(labels, model)
            axes.fill_between(
                rows["x"], rows["low"], rows["high"], color=look["color"], alpha=0.13, linewidth=0
            )
            axes.plot(rows["x"], rows["y"], color=look["color"], linestyle=look["linestyle"])
        _square(axes)
    roc.set_title("ROC")
    roc.set(xlabel="1 − specificity", ylabel="Sensitivity")
    precision_recall.set_title("Precision-recall")
    precision_recall.set(xlabel="Recall (sensitivity)", ylabel="Precision")
    key_below(figure, labels)
    return figure


@styled
def calibration(bins: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw the share of patients with hemorrhage among those of a similar predicted probability.

    `bins` are ``comparison/patients/calibration.csv``, a row a model and bin.
    """
    figure = canvas(COLUMN, 96 * MM)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)))
    for model in labels:
        rows = bins[(bins["model"] == model) & (bins["n"] > 0)]
        x, share = rows["mean_probability"], rows["observed"]
        look = look_of(labels, model)
        # Intervals are vertical lines at their bin; the line that joins bins only guides the eye.
        span = rows["observed_low"], rows["observed_high"]
        axes.vlines(x, *span, color=look["color"], alpha=0.45)
        axes.plot(
            x, share, markersize=4, linewidth=0.8, markeredgecolor="white", markeredgewidth=0.4,
            **look,
        )  # fmt: skip
    _square(axes)
    axes.set(
        xlabel="Predicted probability of hemorrhage", ylabel="Share of patients with hemorrhage"
    )
    key_below(figure, labels)
    return figure


def _square(axes: Axes) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    grid(axes, "both")
