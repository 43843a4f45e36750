"""Rows of packed pixels, and the scores that a model gives them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ctseq.cache.row_arrays import RowArrays
from ctseq.encoders.devices import autocast
from ctseq.families.pixels.trainable import FineTuned
from ctseq.replicates.aggregation import Scans


@dataclass(frozen=True)
class PixelExamples:
    """Images or sequences that a model learns from, with their labels.

    Attributes
    ----------
    pixels
        Packed slices, uint8, shape (slices, height, width), or (slices, 3, height, width) in three
        windows.
    members
        Indices of the slices of each row: shape (rows,) for images, (rows, frames) for sequences.
    labels
        0 or 1, shape (rows,).
    scans
        The scan of each row.
    """

    pixels: RowArrays
    members: np.ndarray
    labels: np.ndarray
    scans: Scans

    def __getitem__(self, rows: np.ndarray | slice) -> "PixelExamples":
        own = self.members[rows], self.labels[rows], self.scans[rows]
        return PixelExamples(self.pixels, *own)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def grey(self) -> np.ndarray:
        """The grey values of all rows, read from the packed slices."""
        return self.pixels[self.members]

    def pieces(self, size: int) -> "Iterator[PixelExamples]":
        """Yield the rows in pieces of at most `size`."""
        return (self[start : start + size] for start in range(0, len(self), size))


def probabilities(
    fitted: FineTuned, pixels: RowArrays, members: np.ndarray, settings: Mapping[str, Any]
) -> np.ndarray:
    """Return the probability of the target of each row, float64, shape (rows,).

    Arguments are those of `logits`.
    """
    return torch.softmax(logits(fitted, pixels, members, settings), dim=1)[:, 1].numpy()


@torch.no_grad()
def logits(
    fitted: FineTuned, pixels: RowArrays, members: np.ndarray, settings: Mapping[str, Any]
) -> torch.Tensor:
    """Return the logits of unchanged rows, in double precision, shape (rows, 2).

    `pixels` and `members` are as in `PixelExamples`. `settings` has the ``precision`` of the
    computation, and how many rows are in memory at a time, ``micro_batch``.
    """
    fitted.eval()
    size = settings["micro_batch"]
    starts = range(0, len(members), size)
    with autocast(settings["precision"], fitted.encoder.device):
        parts = [fitted(pixels[members[start : start + size]]) for start in starts]
    return torch.cat(parts).cpu().double()
