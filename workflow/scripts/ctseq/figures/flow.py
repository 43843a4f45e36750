"""The flow of files, slices and scans: how many were seen, left out and why, and used."""

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ctseq.figures.style import COLOURS, COLUMN, INK, MM, MUTED, styled
from ctseq.readers.problems import REASONS

_PARTS = ("files", "slices", "scans")
# Lengths in mm; text of 7 points has a line every 3.4 mm, and 44 letters right of the numbers.
_LINE, _LETTERS, _BOX, _GAP, _BETWEEN = 3.4, 44, 8.0, 1.4, 4.0
_WIDTH = COLUMN / MM
_BOX_WIDTH = 0.42 * _WIDTH


@styled
def flow(summary: Mapping[str, Any]) -> Figure:
    """Draw how many files, slices and scans were seen, used and left out, below each other.

    It is as wide as a column, and so legible on a phone. `summary` is the dataset's
    ``summary.json``; its `flow` holds for files, slices and scans how many were seen and used, and
    reason code to how many were left out.
    """
    counts = summary["flow"]
    reasons = {part: _reasons(counts[part]["excluded_by_reason"]) for part in _PARTS}
    heights = [
        _BOX + _GAP + sum(len(words) * _LINE + _GAP for _, words in rows) + _BETWEEN
        for rows in reasons.values()
    ]
    figure = Figure(figsize=(COLUMN, (sum(heights) + 1) * MM))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, _WIDTH), ylim=(0, sum(heights) + 1))
    top = sum(heights)
    for part, height in zip(_PARTS, heights, strict=True):
        bottom, right = top - _BOX, _WIDTH - _BOX_WIDTH - 1
        _box(axes, 1, bottom, f"{counts[part]['seen']:,} {part} seen", COLOURS[0])
        _box(axes, right, bottom, f"{counts[part]['used']:,} {part} used", COLOURS[2])
        axes.add_patch(
            FancyArrowPatch(
                (1.6 + _BOX_WIDTH, bottom + _BOX / 2),
                (right - 0.6, bottom + _BOX / 2),
                arrowstyle="-|>,head_length=2.6,head_width=1.4",
                color=MUTED,
                linewidth=0.6,
                mutation_scale=1,
            )
        )
        _list(axes, 1, bottom - _GAP, reasons[part])
        top -= height
    return figure


def _reasons(excluded: Mapping[str, int]) -> list[tuple[str, list[str]]]:
    """Return number and wrapped words of each reason, the most frequent first."""
    ordered = sorted(excluded.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        (f"{number:,}", textwrap.wrap(REASONS[code].words, _LETTERS)) for code, number in ordered
    ]
    return [("", ["left out:"]), *rows] if rows else [("0", ["left out"])]


def _box(axes: Axes, left: float, bottom: float, text: str, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom),
            _BOX_WIDTH,
            _BOX,
            boxstyle="round,pad=0,rounding_size=1.2",
            facecolor="white",
            edgecolor=colour,
            linewidth=0.9,
        )
    )
    middle = (left + _BOX_WIDTH / 2, bottom + _BOX / 2)
    axes.text(*middle, text, ha="center", va="center", color=INK)


def _list(axes: Axes, left: float, top: float, reasons: list[tuple[str, list[str]]]) -> None:
    look = {"va": "top", "fontsize": 7, "color": INK}
    for number, words in reasons:
        axes.text(left + 9, top, number, ha="right", **look)
        for row, line in enumerate(words):
            axes.text(left + 11, top - row * _LINE, line, **look)
        top -= len(words) * _LINE + _GAP
