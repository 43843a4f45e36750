"""Differences of neighbouring slices, as images that any encoder of slices takes."""

import numpy as np


def differences(pairs: np.ndarray) -> np.ndarray:
    """Return how slices differ from their neighbours, as grey values, uint8.

    A grey value is 128 + (slice - neighbour) / 2, the half rounded towards 128: 1 and 255 are
    black and white that took the other's place, and exchanged slices give 256 minus these values.
    Slices that are equal, or differ by one grey level, as by noise, give 128.

    Parameters
    ----------
    pairs
        Grey values, uint8, shape (rows, 2, ..., height, width): the neighbour, then the slice.

    Returns
    -------
    np.ndarray
        Shape (rows, ..., height, width).
    """
    change = pairs[:, 1].astype(np.int16) - pairs[:, 0]
    return (128 + np.sign(change) * (np.abs(change) // 2)).astype(np.uint8)
