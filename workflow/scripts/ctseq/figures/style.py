"""The style of all figures, and writing them with the same bytes every time."""

import textwrap
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ctseq.core.files import atomic_write
from ctseq.evidence.notes import cut_ends

P, T = ParamSpec("P"), TypeVar("T")

MM = 1 / 25.4  # figure sizes are in inches
COLUMN, PAGE = 88 * MM, 180 * MM  # one and two columns of a journal

# Okabe and Ito's colours, which can be told apart with the common forms of colour blindness.
# Black and yellow are left out: text is black, and yellow lines vanish on paper. Markers and
# dashes repeat what the colours say, for print in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1.5, 1.5, 1.5)), (0, (8, 2)), (0, (3, 3)))
MOST_LOOKS = len(COLOURS)  # models that one panel can tell apart
_PANELS = 5  # side by side on a page
INK, MUTED, FAINT = "#1a1a1a", "#6b6b6b", "#d9d9d9"
SMALL = "#f0e6d2"  # differences within the margin: pale, so that points stand out on it

STYLE = {
    # Matplotlib's own font, so that a figure looks the same on every machine.
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # Letters as outlines: a report shows them without the font being there.
    "svg.fonttype": "path",
    "svg.hashsalt": "ctseq",
    # Labels come from the configuration, where a dollar sign is a dollar sign.
    "text.parse_math": False,
}


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Run a drawing function under `STYLE` alone, whatever the user's Matplotlib settings are."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(STYLE)
            return draw(*args, **kwargs)

    return inside


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that lays out its parts by itself."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.06, wspace=0.04, hspace=0.04)
    return figure


@styled
def save(figure: Figure, svg: str | Path, png: str | Path) -> None:
    """Write a figure as SVG and as PNG with 300 dpi, without date and program name."""
    with atomic_write(svg) as unfinished:
        figure.savefig(unfinished, format="svg", metadata={"Date": None, "Creator": None})
    with atomic_write(png) as unfinished:
        figure.savefig(unfinished, format="png", dpi=300, metadata={"Software": None})


def look_of(models: Iterable[str], model: str) -> dict[str, object]:
    """Return a model's colour, marker and dashes, which follow the order of the models."""
    index = list(models).index(model)
    return {
        "color": COLOURS[index % len(COLOURS)],
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": DASHES[index % len(DASHES)],
    }


def panel_each(labels: Mapping[str, str], height: float) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a panel a model, each `height` inches high and under its label.

    For more models than there are looks, of which one panel would hold curves that look alike.
    """
    wide = min(_PANELS, len(labels))
    high = -(-len(labels) // wide)
    figure = canvas(PAGE, high * height + 10 * MM)
    panels = figure.subplots(high, wide, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, label in zip(panels, labels.values(), strict=False):
        axes.set_title(wrapped(label, 20), fontsize=7)
    for axes in panels[len(labels) :]:
        axes.set_axis_off()
    return figure, dict(zip(labels, panels, strict=False))


def wrapped(label: str, width: int = 14) -> str:
    """Return a label broken into lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(label, width)) or label


def key_below(figure: Figure, labels: Mapping[str, str]) -> None:
    """Put the models' legend under all panels, where no curve can hide it."""
    lines = [
        Line2D([], [], label=wrapped(label, 24), markersize=3.5, **look_of(labels, model))
        for model, label in labels.items()
    ]
    columns = min(len(labels), 3 if figure.get_figwidth() > 1.5 * COLUMN else 2)
    figure.legend(handles=lines, loc="outside lower center", ncols=columns)


def grid(axes: Axes, axis: str) -> None:
    """Draw faint lines at an axis's ticks instead of the tick marks."""
    axes.grid(axis=axis)
    axes.tick_params(axis=axis, length=0)


def open_ends(axes: Axes, at: float, row: object, *, upright: bool = False, **look: object) -> None:
    """Draw an arrow at each end of an interval that is cut, for it would reach further.

    `row` has `low`, `high` and `notes`, and stands at `at` on the other axis.
    """
    heads = {"low": "v" if upright else "<", "high": "^" if upright else ">"}
    for end in sorted(cut_ends(row.notes)):
        point = (at, getattr(row, end)) if upright else (getattr(row, end), at)
        axes.plot(*point, marker=heads[end], linestyle="", clip_on=False, **look)
