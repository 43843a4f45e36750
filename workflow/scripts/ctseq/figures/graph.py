"""Drawing of the rule graph."""

from collections.abc import Iterable

import networkx as nx
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from ctseq.figures.rulegraph import Point, layered
from ctseq.figures.style import COLOURS, INK, MM, MUTED, PAGE, styled

# A unit of x holds a box with two lines of 13 letters at 7 points, and a gap; a unit of y is a row.
_UNIT_MM, _ROW_MM = 25.0, 15.0
_BOX_WIDTH, _BOX_HEIGHT = 0.88, 0.56
_WIDEST = 6  # boxes side by side that leave room for arrows on a page 180 mm wide


@styled
def rule_graph(graph: nx.DiGraph, *, emphasised: Iterable[str] = ()) -> Figure:
    """Draw a rule graph, inputs on top; arrows that follow from others are left out.

    Parameters
    ----------
    graph
        As `rulegraph.read_dot` or `rulegraph.part_of` gives it.
    emphasised
        Rules in another colour, such as those that want a GPU.
    """
    layout = layered(graph, widest=_WIDEST)
    points = [point for route in layout.routes.values() for point in route]
    points += layout.positions.values()
    half = max(max(abs(x) for x, _ in points) + 0.55, PAGE / MM / _UNIT_MM / 2)
    rows = 1 - min(y for _, y in points)
    figure = Figure(figsize=(PAGE, rows * _ROW_MM * MM))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-half, half)
    axes.set_ylim(0.5 - rows, 0.5)
    for route in layout.routes.values():
        axes.add_patch(_arrow(route))
    strong = set(emphasised)
    for name, (x, y) in layout.positions.items():
        colour = COLOURS[1] if name in strong else COLOURS[0]
        axes.add_patch(
            FancyBboxPatch(
                (x - _BOX_WIDTH / 2, y - _BOX_HEIGHT / 2),
                _BOX_WIDTH,
                _BOX_HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.08",
                mutation_aspect=_UNIT_MM / _ROW_MM,  # round corners although the units differ
                facecolor="white",
                edgecolor=colour,
                linewidth=0.9,
                zorder=2,
            )
        )
        axes.text(x, y, _two_lines(name), ha="center", va="center", fontsize=7, color=INK, zorder=3)
    return figure


def _arrow(route: list[Point]) -> FancyArrowPatch:
    """Draw from the foot of one box to the head of another, upright where it passes a row."""
    half = _BOX_HEIGHT / 2
    points = [(x, y + side) for x, y in route for side in (half, -half)][1:-1]
    vertices, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        middle = (y0 + y1) / 2
        vertices += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [Path.CURVE4] * 3
    return FancyArrowPatch(
        path=Path(vertices, codes),
        arrowstyle="-|>,head_length=2.6,head_width=1.4",
        color=MUTED,
        linewidth=0.6,
        mutation_scale=1,
        zorder=1,
    )


def _two_lines(name: str) -> str:
    """Break a rule's name at the underscore nearest its middle."""
    breaks = [place for place, letter in enumerate(name) if letter == "_"]
    if len(name) <= 12 or not breaks:
        return name
    middle = min(breaks, key=lambda place: abs(place - len(name) / 2))
    return name[: middle + 1] + "\n" + name[middle + 1 :]
