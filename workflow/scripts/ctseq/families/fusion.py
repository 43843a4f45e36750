"""Fusion: the features of several encoders of the same rows, standardised and joined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctseq.cache.row_arrays import Rows

# Rows that are read at a time: 25 MB, in double precision, of two encoders of the usual width 768.
_READ = 2048


@dataclass(frozen=True)
class Scale:
    """What the features of several encoders are standardised by, side by side.

    `mean` and `deviation` are float32, shape (sum of widths,).
    """

    mean: np.ndarray
    deviation: np.ndarray


@dataclass(frozen=True)
class Joined:
    """The features of several encoders, standardised and joined, each row when it is asked for."""

    vectors: Sequence[Rows]
    scale: Scale

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and sum of the encoders' widths."""
        return self.vectors[0].shape[0], len(self.scale.mean)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return rows: numbers of shape (...) give an array (..., sum of widths)."""
        joined = np.concatenate([own[rows] for own in self.vectors], axis=-1)
        joined -= self.scale.mean
        joined /= self.scale.deviation
        return joined


def scale_of(vectors: Sequence[Rows], rows: np.ndarray) -> Scale:
    """Return the mean and standard deviation of each number over some rows of all encoders.

    Numbers that are the same in all of these rows have the deviation 1: they become 0.
    """
    parts = np.split(rows, range(_READ, len(rows), _READ))

    def mean_of(function) -> np.ndarray:
        read = (np.concatenate([own[part] for own in vectors], axis=-1) for part in parts)
        return sum(function(part.astype(float)).sum(axis=0) for part in read) / len(rows)

    mean = mean_of(lambda part: part)
    deviation = np.sqrt(mean_of(lambda part: (part - mean) ** 2)).astype(np.float32)
    # Rounding alone makes the mean of equal numbers differ from them.
    constant = deviation <= np.abs(mean) * np.finfo(np.float32).eps
    return Scale(mean.astype(np.float32), np.where(constant, np.float32(1), deviation))
