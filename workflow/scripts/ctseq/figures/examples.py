"""The figure of two example slices, one with and one without the target."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ctseq.core.errors import InputError
from ctseq.figures.style import COLUMN, MM, canvas, styled
from ctseq.readers.subtypes import SUBTYPES


def choose_examples(slices: pd.DataFrame, scans: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the positive and the negative slice to show.

    The positive one lies in the middle of the longest run of those positive slices that show the
    most subtypes; the negative one is the middle slice of the negative scan whose sequence is
    nearest to the median length. Ties go to the first scan id. Both are rows of `slices`
    (`intake.tables.SLICES`), with their index as `name`.

    Raises
    ------
    InputError
        If all scans are of one class.
    """
    slices = slices.sort_values(["scan_id", "slice_number"])
    positive = slices["scan_id"].isin(scans.loc[scans["target"] == 1, "scan_id"])
    # Where only scans have labels, it is unknown which of their slices show it.
    shows = slices["target"] == 1 if slices["target"].notna().all() else positive
    found = slices[shows]
    negative = scans[scans["target"] == 0].sort_values("scan_id")
    if found.empty or negative.empty:
        raise InputError(
            "The example slices need a scan with and one without the target. Set "
            "report.example_slices to false to leave the figure out."
        )
    subtypes = found[list(SUBTYPES)].fillna(0).sum(axis=1)
    richest = found[subtypes == subtypes.max()]
    # A run ends where the scan changes or a number is left out.
    starts = (richest["scan_id"] != richest["scan_id"].shift()) | (
        richest["slice_number"].diff() != 1
    )
    runs = [run for _, run in richest.groupby(starts.cumsum())]
    longest = max(runs, key=len)  # the first of equally long ones
    far = (negative["n_slices"] - scans["n_slices"].median()).abs()
    sequence = slices[slices["scan_id"] == negative.loc[far.idxmin(), "scan_id"]]
    return longest.iloc[len(longest) // 2], sequence.iloc[len(sequence) // 2]


@styled
def example_slices(
    positive: np.ndarray,
    negative: np.ndarray,
    *,
    subtypes: list[str],
    target: str,
    labelled: bool = True,
    synthetic: bool,
) -> Figure:
    """Draw two slices, uint8 (H, W), side by side, without anything that identifies a patient.

    The positive one is named with its subtypes of hemorrhage; where slices are not `labelled`, it
    is some slice of a scan with the target, which is in words.
    """
    figure = canvas(COLUMN, 58 * MM)
    panels = figure.subplots(1, 2)
    names = textwrap.fill(", ".join(subtypes), 28)
    title = target[:1].upper() + target[1:] if labelled else f"Scan with {target}"
    shown = ((positive, title, names), (negative, f"No {target}", ""))
    for axes, (image, title, below) in zip(panels, shown, strict=True):
        # At most 650 pixels a side arrive here; 300 dpi of 42 mm show 500 of them.
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
        title += " (synthetic)" * synthetic
        axes.set_title(textwrap.fill(title, 26))  # letters over one of the two slices
        axes.set_xlabel(below, loc="left")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure
