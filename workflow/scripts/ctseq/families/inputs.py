"""What a family learns from and predicts: rows of features, or the sequences of slices of scans."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctseq.cache.row_arrays import Rows
from ctseq.families.fusion import Joined, Scale
from ctseq.families.pooling import pooled


@dataclass(frozen=True)
class Inputs:
    """What a family reads.

    Attributes
    ----------
    vectors
        float32, shape (number, width): one an input, or those of the `members`.
    members
        For families that read sequences: which of `vectors` each input has, in the order in which
        they are read. None for the others.
    initializer_range
        Standard deviation of a new final layer's weights, as the first encoder's checkpoint has it.
    """

    vectors: Rows
    members: Sequence[np.ndarray] | None
    initializer_range: float

    @property
    def numbers(self) -> np.ndarray:
        """The numbers by which rows of inputs are asked for: 0, 1, 2 and so on."""
        return np.arange(self.vectors.shape[0] if self.members is None else len(self.members))


@dataclass(frozen=True)
class Reading:
    """How a model reads features.

    Attributes
    ----------
    sequences
        Whether all slices of a scan are one input.
    in_context
        Whether each of these slices is a row still, with a label and a probability of its own.
    pool
        How they become one row, a key of `pooling.POOLS`; None if they do not.
    order
        The seeds by which each scan's slices are shuffled; None for the order of the body.
    scale
        What the features of several encoders are standardised by; None for one encoder.
    """

    sequences: bool = False
    pool: str | None = None
    order: Sequence[int] | None = None
    scale: Scale | None = None
    in_context: bool = False

    @property
    def whole(self) -> bool:
        """Whether a result is that of a whole scan, whatever a row of the features is."""
        return (self.sequences and not self.in_context) or self.pool is not None

    def inputs_of(
        self,
        vectors: Sequence[Rows],
        members: Sequence[np.ndarray],
        *,
        initializer_range: float,
    ) -> Inputs:
        """Return features as a family reads them.

        `vectors` are those of each encoder, and `members` the rows of each scan in the order of
        the reading, which count only where an input is a whole scan.
        """
        joined = vectors[0] if self.scale is None else Joined(vectors, self.scale)
        if self.pool is not None:
            return Inputs(pooled(joined, members, pool=self.pool), None, initializer_range)
        return Inputs(joined, members if self.sequences else None, initializer_range)
