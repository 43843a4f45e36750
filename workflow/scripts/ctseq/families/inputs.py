"""What a family learns from and predicts: rows of features, or the sequences of slices of scans."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.cache.row_arrays import Rows
from ctseq.encoders.sequences import ordered_slices
from ctseq.families.features import Features
from ctseq.families.fusion import Joined, Scale
from ctseq.families.pooling import pooled


@dataclass(frozen=True)
class Inputs:
    """What a family reads.

    Attributes
    ----------
    rows
        `cache.tables.ROWS`: the slice or scan of each input, without mirrored copies.
    vectors
        float32, shape (number, width): one an input, or those of the `members`.
    members
        For families that read sequences: which of `vectors` each input has, in the order in which
        they are read. None for the others. Mirrored copies of all inputs follow the originals.
    initializer_range
        Standard deviation of a new final layer's weights, as the first encoder's checkpoint has it.
    """

    rows: pd.DataFrame
    vectors: Rows
    members: Sequence[np.ndarray] | None
    initializer_range: float


@dataclass(frozen=True)
class Reading:
    """How a model reads features.

    Attributes
    ----------
    sequences
        Whether all slices of a scan are one input.
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

    def inputs_of(self, features: Features) -> Inputs:
        """Return features as the model reads them."""
        vectors = features.vectors[0]
        if self.scale is not None:
            vectors = Joined(features.vectors, self.scale)
        rows, members = features.rows, None
        if self.sequences or self.pool:
            # Mirrored copies of the slices come behind the slices.
            own = ordered_slices(rows, shuffle_seed=self.order).values()
            members = [
                slices + view * len(rows) for view in range(features.views) for slices in own
            ]
            rows = rows.iloc[[slices[0] for slices in own]].reset_index(drop=True)
            rows = rows.assign(slice_number=pd.array([pd.NA] * len(rows), "Int64"))
        if self.pool:
            vectors, members = pooled(vectors, members, pool=self.pool), None
        return Inputs(rows, vectors, members, features.encoders[0]["initializer_range"])
