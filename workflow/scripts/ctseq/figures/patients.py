"""Figures of the predictions of test scans: curves, calibration and net benefit."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ctseq.figures.style import (
    COLOURS,
    COLUMN,
    FAINT,
    MM,
    MOST_LOOKS,
    MUTED,
    canvas,
    grid,
    key_below,
    look_of,
    panel_each,
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
    # Above the highest threshold nobody is called positive, rightly or falsely.
    start = pd.DataFrame({"x": [0.0], "estimate": [0.0]})
    curves = {}
    for model in labels:
        rows = _of(points, model, curve="roc")
        curves[model] = pd.concat([start, rows[["x", "estimate", "low", "high"]]])
    figure, panels = _canvas(_SQUARE, labels)
    for axes in panels:
        axes.plot([0, 1], [0, 1], **_REFERENCE)
        _square(axes)
    _draw(panels, curves, labels)
    _titled(figure, panels, "1 − specificity", "Sensitivity")
    return figure


@styled
def precision_recall(
    points: pd.DataFrame, areas: pd.DataFrame, *, labels: Mapping[str, str]
) -> Figure:
    """Draw the models' mean precision-recall curves with their bands, and that of chance.

    `points` are of ``comparison/patients/curves.csv``; `areas`, of ``discrimination.csv`` beside
    it, know the prevalence.
    """
    curves = {model: _of(points, model, curve="precision_recall") for model in labels}
    figure, panels = _canvas(_SQUARE, labels)
    for axes in panels:
        axes.axhline(areas["prevalence"].iloc[0], **_REFERENCE)
        _square(axes)
    _draw(panels, curves, labels)
    _titled(figure, panels, "Recall (sensitivity)", "Precision")
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
    points = points.assign(x=points["threshold"])
    curves = {model: _of(points, model) for model in labels}
    figure, panels = _canvas((COLUMN, 84 * MM), labels)
    every = next(iter(curves.values()))
    # Harm has no bound as the threshold nears 1: what is worth seeing is near 0 and above it.
    top = 1.3 * max(points[["estimate", "treat_all"]].max()) or 0.1  # 0 if no action benefits
    for axes in panels:
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.plot(every["threshold"], every["treat_all"], **_REFERENCE)
        axes.set(xlim=(0, 1), ylim=(-0.25 * top, top))
        grid(axes, "both")
    _draw(panels, curves, labels)
    # It falls as the threshold rises; the first point stands for those of which none is in view.
    end = every.iloc[max(0, (every["treat_all"] > -0.2 * top).sum() - 1)]
    for words, at in (("treat all", (end["threshold"], end["treat_all"])), ("treat none", (0, 0))):
        panels[0].annotate(words, at, (3, 2), textcoords="offset points", color=MUTED)
    _titled(figure, panels, "Threshold probability", "Net benefit")
    return figure


def _canvas(size: tuple[float, float], labels: Mapping[str, str]) -> tuple[Figure, list[Axes]]:
    """Return a figure with one panel, or with a panel a model if there are many."""
    if len(labels) > MOST_LOOKS:
        figure, panels = panel_each(labels, 38 * MM)
        return figure, list(panels.values())
    figure = canvas(*size)
    return figure, [figure.subplots()]


def _draw(
    panels: Sequence[Axes], curves: Mapping[str, pd.DataFrame], labels: Mapping[str, str]
) -> None:
    """Draw curves in one panel, or in a panel each with all others in grey.

    Of up to two models, bands show the interval at each point.
    """
    if len(panels) > 1:
        for own, axes in zip(curves.values(), panels, strict=True):
            for rows in curves.values():
                axes.plot(rows["x"], rows["estimate"], color=FAINT, linewidth=0.5)
            axes.plot(own["x"], own["estimate"], color=COLOURS[0])
        return
    for model, rows in curves.items():
        look = _line(labels, model)
        if len(labels) <= _MOST_BANDS:
            known = rows.dropna(subset=["low", "high"])
            _band(panels[0], known["x"], known, look["color"])
        panels[0].plot(rows["x"], rows["estimate"], **look)
    key_below(panels[0].figure, labels)


def _titled(figure: Figure, panels: Sequence[Axes], x: str, y: str) -> None:
    """Name the axes: those of one panel, or of all panels at once."""
    if len(panels) == 1:
        panels[0].set(xlabel=x, ylabel=y)
        return
    figure.supxlabel(x, fontsize=7.5)
    figure.supylabel(y, fontsize=7.5)


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
