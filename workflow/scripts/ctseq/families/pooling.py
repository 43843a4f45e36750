"""Pooling: the slices of a scan become one row."""

from collections.abc import Callable, Sequence

import numpy as np

from ctseq.cache.row_arrays import Rows
from ctseq.replicates.aggregation import TOP_SLICES


def _mean(slices: np.ndarray) -> np.ndarray:
    return slices.mean(axis=0, dtype=np.float64)


def _max(slices: np.ndarray) -> np.ndarray:
    return slices.max(axis=0)


def _deviation(slices: np.ndarray) -> np.ndarray:
    return slices.std(axis=0, dtype=np.float64)


def _top(slices: np.ndarray) -> np.ndarray:
    return _mean(np.sort(slices, axis=0)[-TOP_SLICES:])


# `pool` of the configuration, or the family of that name, to functions of a scan's slices, float32,
# shape (slices, width). What they return, shape (width,), stands side by side in the scan's row.
POOLS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], ...]] = {
    "max": (_max,),
    "mean": (_mean,),
    "max+mean": (_max, _mean),
    "max+sd": (_max, _deviation),
    "top": (_top,),
}


def pooled(vectors: Rows, members: Sequence[np.ndarray], *, pool: str) -> np.ndarray:
    """Return one row a scan, float32, shape (scans, width), or twice the width of two side by side.

    `vectors` are those of slices, `members` the rows that each scan has of them, and `pool` is a
    key of `POOLS`.
    """
    scans = (vectors[own] for own in members)
    rows = [np.concatenate([part(slices) for part in POOLS[pool]]) for slices in scans]
    return np.stack(rows).astype(np.float32)
