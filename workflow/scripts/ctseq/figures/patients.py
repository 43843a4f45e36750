"""Figures of the predictions of test scans: curves, calibration and net benefit."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ctseq.figures.style import (
    COLUMN,
    MM,
    MUTED,
    canvas,
    grid,
    key_below,
    look_of,
    styled,
    wrapped,
)

_REFERENCE = {"color": MUTED, "linewidth": 0.7, "linestyle": (0, (2, 2))}
_SQUARE = (COLUMN, 96 * MM)  # with room for the models' names below
_MOST_BANDS = 2  # of more models, bands would hide each other and the curves


@styled
def roc(points: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw the models' mean ROC curves with their bands, and that of chance.

    `points` are of ``comparison/patients/curves.csv``.
    """
    figure = canvas(*_SQUARE)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], **_REFERENCE)
    for model in labels:
        rows = _of(points, model, curve="roc")
        look = _line(labels, model)
        if len(labels) <= _MOST_BANDS:
            _band(axes, rows["x"], rows, look["color"])
        # Above the highest threshold nobody is called positive, rightly or falsely.
        axes.plot(np.append(0, rows["x"]), np.append(0, rows["estimate"]), **look)
    _square(axes)
    axes.set(xlabel="1 − specificity", ylabel="Sensitivity")
    key_below(figure, labels)
    return figure


@styled
def precision_recall(
    points: pd.DataFrame, areas: pd.DataFrame, *, labels: Mapping[str, str]
) -> Figure:
    """Draw the models' mean precision-recall curves with their bands, and that of chance.

    `points` are of ``comparison/patients/curves.csv``; `areas`, of ``discrimination.csv`` beside
    it, know the prevalence.
    """
    figure = canvas(*_SQUARE)
    axes = figure.subplots()
    axes.axhline(areas["prevalence"].iloc[0], **_REFERENCE)
    for model in labels:
        rows = _of(points, model, curve="precision_recall")
        look = _line(labels, model)
        if len(labels) <= _MOST_BANDS:
            _band(axes, rows["x"], rows, look["color"])
        axes.plot(rows["x"], rows["estimate"], **look)
    _square(axes)
    axes.set(xlabel="Recall (sensitivity)", ylabel="Precision")
    key_below(figure, labels)
    return figure


@styled
def calibration(
    points: pd.DataFrame,
    predicted: pd.DataFrame,
    model: str,
    *,
    labels: Mapping[str, str],
    target: str,
) -> Figure:
    """Draw a model's calibration curve, and below it how its probabilities are distributed.

    `points` are ``comparison/patients/calibration_curve.csv``, and `predicted` the
    ``predicted.csv`` beside it. Bars of scans with the target rise, those of others hang.
    """
    figure = canvas(COLUMN, 108 * MM)
    axes, strip = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    color = look_of(labels, model)["color"]
    axes.plot([0, 1], [0, 1], **_REFERENCE)
    rows = _of(points, model)
    _band(axes, rows["x"], rows, color)
    axes.plot(rows["x"], rows["estimate"], color=color)
    axes.set_title(labels[model])
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel=f"Share with {wrapped(target, 40)}")
    grid(axes, "both")
    axes.tick_params(axis="x", labelbottom=False)
    highest = predicted["share"].max()  # of all models, so that their figures have one scale
    end = 1.6 * highest  # with room for the words
    for outcome, sign, name in ((1, 1, "positive"), (0, -1, "negative")):
        bars = _of(predicted, model, target=outcome)
        strip.bar(
            bars["bin_low"], sign * bars["share"], width=bars["bin_high"] - bars["bin_low"],
            align="edge", color=color if outcome else MUTED, linewidth=0,
        )  # fmt: skip
        strip.text(1, sign * end, name, ha="right", va="top" if outcome else "bottom")
    strip.axhline(0, color=MUTED, linewidth=0.6)
    words = wrapped(f"Predicted probability of {target}", 44)
    strip.set(ylim=(-end, end), yticks=[], xlabel=words)
    strip.spines["left"].set_visible(False)
    return figure


@styled
def benefit(points: pd.DataFrame, *, labels: Mapping[str, str]) -> Figure:
    """Draw the models' mean net benefit with its bands, beside treating all patients and none.

    `points` are ``comparison/patients/decision_curve.csv``.
    """
    figure = canvas(COLUMN, 84 * MM)
    axes = figure.subplots()
    axes.axhline(0, color=MUTED, linewidth=0.8)
    for model in labels:
        rows = _of(points, model)
        look = _line(labels, model)
        if len(labels) <= _MOST_BANDS:
            _band(axes, rows["threshold"], rows, look["color"])
        axes.plot(rows["threshold"], rows["estimate"], **look)
    every = _of(points, next(iter(labels)))
    axes.plot(every["threshold"], every["treat_all"], **_REFERENCE)
    # Harm has no bound as the threshold nears 1: what is worth seeing is near 0 and above it.
    top = 1.3 * max(points[["estimate", "treat_all"]].max()) or 0.1  # 0 if no action benefits
    axes.set(xlim=(0, 1), ylim=(-0.25 * top, top))
    # It falls as the threshold rises; the first point stands for those of which none is in view.
    end = every.iloc[max(0, (every["treat_all"] > -0.2 * top).sum() - 1)]
    for words, at in (("treat all", (end["threshold"], end["treat_all"])), ("treat none", (0, 0))):
        axes.annotate(words, at, (3, 2), textcoords="offset points", color=MUTED)
    axes.set(xlabel="Threshold probability", ylabel="Net benefit")
    grid(axes, "both")
    key_below(figure, labels)
    return figure


def _of(rows: pd.DataFrame, model: str, **others: object) -> pd.DataFrame:
    """Return the rows of a model, of which other columns too have these values."""
    for name, value in {"model": model, **others}.items():
        rows = rows[rows[name] == value]
    return rows


def _line(labels: Mapping[str, str], model: str) -> dict[str, object]:
    look = look_of(labels, model)
    return {name: look[name] for name in ("color", "linestyle")}


def _band(axes: Axes, x: pd.Series, rows: pd.DataFrame, color: object) -> None:
    """Draw an interval at each point: pale, because few replicates make it fill the panel."""
    axes.fill_between(
        x, rows["low"], rows["high"], facecolor=(color, 0.07), edgecolor=(color, 0.5), linewidth=0.5
    )


def _square(axes: Axes) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    grid(axes, "both")
