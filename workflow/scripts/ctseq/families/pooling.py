"""Pooling: the slices of a scan become one row."""

from collections.abc import Callable, Sequence

import numpy as np

from ctseq.cache.row_arrays import Rows

# `pool` of the configuration, or the family of that name, to a function of a scan's slices,
# float32, shape (slices, width), that returns one row, shape (width,).
POOLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda slices: slices.mean(axis=0, dtype=np.float64).astype(np.float32),
    "max": lambda slices: slices.max(axis=0),
}


def pooled(vectors: Rows, members: Sequence[np.ndarray], *, pool: str) -> np.ndarray:
    """Return one row a scan, float32, shape (scans, width).

    `vectors` are those of slices, `members` the rows that each scan has of them, and `pool` is a
    key of `POOLS`.
    """
    return np.stack([POOLS[pool](vectors[own]) for own in members])
