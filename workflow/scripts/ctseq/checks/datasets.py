"""What a dataset has for a study, read before anything else is made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.checks.current import is_indexed
from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.core.tables import read_table
from ctseq.families.needs import Holdings
from ctseq.imaging.windows import parse_windows
from ctseq.intake.counts import count_flow, count_used
from ctseq.intake.index_files import kept_index
from ctseq.intake.selection import select_slices
from ctseq.intake.tables import DEMOGRAPHICS, INVENTORY, LISTING, SERIES
from ctseq.readers.registry import check_windows


@dataclass(frozen=True)
class Examined:
    """A dataset as a study would use it.

    Attributes
    ----------
    name, path, format
        Its name, its raw folder, and the format that it has.
    slices, scans
        Those that are used: `intake.tables.SLICES` and `SCANS`.
    counts
        What `intake.counts` counts of them, with ``flow``: what was left out and why.
    """

    name: str
    path: str
    format: str
    slices: pd.DataFrame
    scans: pd.DataFrame
    counts: Mapping[str, Any]

    @property
    def holdings(self) -> Holdings:
        """What it has for the needs of families."""
        spacing = bool(self.scans["spacing_mm"].notna().all())
        labelled = self.counts["positive_slices"] is not None
        return Holdings(slice_labels=labelled, masks=self.counts["masks"], spacing=spacing)

    @property
    def lengths(self) -> dict[str, int]:
        """The number of slices of each scan, by its id."""
        return dict(zip(self.scans["scan_id"], self.scans["n_slices"], strict=True))


def examine(
    name: str, *, folder: str, settings: Mapping[str, Any], code: str, study: str, threads: int
) -> Examined:
    """Return a dataset as a study would use it; index it beside its index if that is of no use.

    Parameters
    ----------
    name, settings
        The dataset's name and settings.
    folder
        Folder of what is made of it. What it holds stays as it is.
    code
        Digest of the code that decides an index.
    study
        Name of the study that is checked: others may be checked at the same time.
    threads
        How many slices are decoded at a time.

    Raises
    ------
    InputError
        If the dataset cannot be used.
    """
    made = Path(folder)
    if is_indexed(made, settings):
        return _examined(name, made, settings)
    options = {"dataset": settings["path"], "name": name, "settings": settings, "threads": threads}
    with kept_index(made / "checked", by=study, code=code, **options) as kept:
        return _examined(name, kept, settings)


def _examined(name: str, made: Path, settings: Mapping[str, Any]) -> Examined:
    """Return a dataset as a study would use it, by its index in the folder `made`."""
    inventory = read_table(made / "inventory.csv", INVENTORY)
    listing = read_table(made / "listing.csv", LISTING)
    slices, scans = select_slices(
        listing,
        read_table(made / "demographics.csv", DEMOGRAPHICS),
        read_table(made / "series.csv", SERIES),
        target=settings["target"],
    )
    counts = count_used(slices, scans, inventory)
    counts["flow"] = count_flow(inventory, listing, scans)
    format = read_json(made / "format.json")["format"]
    return Examined(name, settings["path"], format, slices, scans, counts)


def window_problems(dataset: Examined, windows: Mapping[str, Any]) -> Iterable[str]:
    """Yield for which encoders a dataset's pictures have no such window.

    `windows` are those in which encoders see the dataset, by the encoders' names.
    """
    for encoder, window in windows.items():
        try:
            check_windows(dataset.format, parse_windows(window))
        except InputError as error:
            yield f"{encoder} sees {dataset.name} in {window}: {error}"
