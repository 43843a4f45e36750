"""The flow of files, slices and patients: how many were seen, left out and why, and used."""

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ctseq.figures.style import COLOURS, INK, MM, MUTED, PAGE, styled
from ctseq.readers.problems import REASONS

_PARTS = ("files", "slices", "patients")
# Lengths in mm; text of 7 points has a line every 3.4 mm, and 26 letters right of the numbers.
_LINE, _LETTERS, _BOX, _GAP, _ARROW = 3.4, 26, 8.0, 1.4, 5.0
_COLUMN = PAGE / MM / len(_PARTS)


@styled
def flow(summary: Mapping[str, Any]) -> Figure:
    """Draw how many files, slices and patients were seen, left out and used, side by side.

    `summary` is ``dataset/summary.json``; its `flow` holds for files, slices and patients how many
    were seen and used, and reason code to how many were left out.
    """
    counts = summary["flow"]
    reasons = {part: _reasons(counts[part]["excluded_by_reason"]) for part in _PARTS}
    middle = max(sum(len(words) * _LINE + _GAP for _, words in rows) for rows in reasons.values())
    height = 2 * _BOX + max(middle, _ARROW) + 2 * _ARROW + 2
    figure = Figure(figsize=(PAGE, height * MM))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, PAGE / MM), ylim=(0, height))
    for index, part in enumerate(_PARTS):
        left = index * _COLUMN + 2
        _box(axes, left, height - _BOX - 1, f"{counts[part]['seen']:,} {part} seen", COLOURS[0])
        _box(axes, left, 1, f"{counts[part]['used']:,} {part} used", COLOURS[2])
        axes.add_patch(
            FancyArrowPatch(
                (left + 5, height - _BOX - 1.6),
                (left + 5, _BOX + 1.6),
                arrowstyle="-|>,head_length=2.6,head_width=1.4",
                color=MUTED,
                linewidth=0.6,
                mutation_scale=1,
            )
        )
        _list(axes, left + 6, height - _BOX - 1 - _ARROW, reasons[part])
    return figure


def _reasons(excluded: Mapping[str, int]) -> list[tuple[str, list[str]]]:
    """Return number and wrapped words of each reason, the most frequent first."""
    ordered = sorted(excluded.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        (f"{number:,}", textwrap.wrap(REASONS[code].words, _LETTERS)) for code, number in ordered
    ]
    return rows or [("0", ["left out"])]


def _box(axes: Axes, left: float, bottom: float, text: str, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom),
            _COLUMN - 4,
            _BOX,
            boxstyle="round,pad=0,rounding_size=1.2",
            facecolor="white",
            edgecolor=colour,
            linewidth=0.9,
        )
    )
    middle = (left + _COLUMN / 2 - 2, bottom + _BOX / 2)
    axes.text(*middle, text, ha="center", va="center", color=INK)


def _list(axes: Axes, left: float, top: float, reasons: list[tuple[str, list[str]]]) -> None:
    look = {"va": "top", "fontsize": 7, "color": INK}
    for number, words in reasons:
        axes.text(left + 9, top, number, ha="right", **look)
        for row, line in enumerate(words):
            axes.text(left + 11, top - row * _LINE, line, **look)
        top -= len(words) * _LINE + _GAP
