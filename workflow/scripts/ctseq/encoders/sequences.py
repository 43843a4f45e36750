"""Which slices of a scan an encoder sees, and in which order."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.seeds import SLICES
from ctseq.encoders.registry import SIGHTS


def sample_frames(n_slices: int, frames: int, *, sampling: str) -> np.ndarray:
    """Return the indices of the slices that an encoder sees of a scan, shape (frames,).

    Parameters
    ----------
    n_slices, frames
        Number of slices of the scan, and of those that the encoder sees, each at least 1.
    sampling
        ``uniform`` cuts the sequence into `frames` equal parts and takes the middle of each;
        ``first`` takes the first slices. Both keep the order, and repeat slices evenly if there
        are too few.
    """
    if n_slices < 1 or frames < 1:
        raise ValueError("a sequence has at least one slice and one frame")
    if sampling not in ("uniform", "first"):
        raise ValueError(f"unknown frame sampling {sampling!r}")
    if sampling == "first":
        n_slices = min(n_slices, frames)
    return ((np.arange(frames) + 0.5) * n_slices / frames).astype(int)


def first_slices(rows: pd.DataFrame, number: int | None) -> np.ndarray:
    """Return the indices in `rows`, `tables.ROWS`, of each scan's first slices; None for all."""
    index = rows.groupby("scan_id").cumcount().to_numpy()
    return np.flatnonzero(index < (np.inf if number is None else number))


def ordered_slices(
    rows: pd.DataFrame, *, shuffle_seed: Sequence[int] | None
) -> dict[str, np.ndarray]:
    """Return each scan's slices, as indices in `rows`, in the order in which a model sees them.

    Scans are in the order of `rows`, `tables.ROWS`, which has their slices in the order of the
    body. With a seed, the study's and the replicate's number, each scan's slices are in a random
    order of their own, another in each replicate.
    """
    scans = rows.reset_index(drop=True).groupby("scan_id", sort=False)
    indices = {scan: own.index.to_numpy() for scan, own in scans}
    if shuffle_seed is None:
        return indices
    # Seeded by the scan's id: other scans do not matter.
    return {
        scan: np.random.default_rng([*shuffle_seed, SLICES, *scan.encode()]).permutation(own)
        for scan, own in indices.items()
    }


def model_rows(
    rows: pd.DataFrame,
    settings: Mapping[str, Any],
    *,
    frames: int | None,
    shuffle_seed: Sequence[int] | None,
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the slices of each input of an encoder: a slice, two of them, or a scan's sequence.

    A slice whose difference is seen has the one below it beside it, which comes before it in the
    order of the body; the lowest has itself, and so differs by nothing.

    Parameters
    ----------
    rows
        `tables.ROWS` of the packed slices.
    settings
        The encoder's: ``sees``, ``first_slices`` and ``frame_sampling``.
    frames
        Number of slices that it sees of a scan, as its description has it; None if it sees them one
        by one.
    shuffle_seed
        As for `ordered_slices`; without effect where slices are seen one by one. The neighbour of
        a slice is the one that comes before it in this order.

    Returns
    -------
    members
        Indices in `rows`, shape (slices,), (slices, 2) of differences, the neighbour first, or
        (scans, frames).
    ids
        `tables.ROWS` of the inputs, in the order of `rows`; scans have no slice number.
    """
    sight = SIGHTS[settings["sees"]]
    if sight.row == "slice":
        chosen = first_slices(rows, settings["first_slices"])
        ids = rows.iloc[chosen].reset_index(drop=True)
        if not sight.subtracts:
            return chosen, ids
        return chosen[_with_neighbours(ids, shuffle_seed=shuffle_seed)], ids
    sequences = ordered_slices(rows, shuffle_seed=shuffle_seed)
    members = [
        own[sample_frames(len(own), frames, sampling=settings["frame_sampling"])]
        for own in sequences.values()
    ]
    scans = rows.drop_duplicates("scan_id", ignore_index=True)
    return np.stack(members), scans.assign(slice_number=pd.NA)


def members_of_row(settings: Mapping[str, Any], *, frames: int | None) -> tuple[int, ...]:
    """Return the shape of the slices of one input of an encoder: as `model_rows`, but for rows."""
    if SIGHTS[settings["sees"]].subtracts:
        return (2,)
    return () if frames is None else (frames,)


def _with_neighbours(rows: pd.DataFrame, *, shuffle_seed: Sequence[int] | None) -> np.ndarray:
    """Return the indices of each slice's neighbour and of itself, shape (slices, 2)."""
    pairs = np.tile(np.arange(len(rows))[:, np.newaxis], 2)
    for own in ordered_slices(rows, shuffle_seed=shuffle_seed).values():
        pairs[own[1:], 0] = own[:-1]
    return pairs
