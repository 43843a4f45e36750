"""Arrays one behind the other, read as one: shards of pixels or features, and their views."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Rows(Protocol):
    """What gives rows: an array, `stacked.Stacked`, `sequence_heads.Padded`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows first."""
        ...

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Give rows, (...), as an array, (..., rest of the shape)."""
        ...


@dataclass(frozen=True)
class Stacked:
    """Arrays that are indexed along their first axis as if they were one.

    They are not joined: of arrays that are mapped from files, memory holds the rows that are asked
    for, and the system lets go of the others.

    Attributes
    ----------
    parts
        At least one, equal in type and in shape but for the first axis.
    """

    parts: Sequence[np.ndarray]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the joined array."""
        return (len(self), *self.parts[0].shape[1:])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Copy rows: positions of any shape, (...), give an array (..., rest of the axes)."""
        if len(self.parts) == 1:
            return self.parts[0][rows]
        starts = np.cumsum([0, *map(len, self.parts)])
        owner = np.searchsorted(starts[1:], rows, side="right")
        found = np.empty((*rows.shape, *self.shape[1:]), self.parts[0].dtype)
        for number in np.unique(owner):
            own = owner == number
            found[own] = self.parts[number][rows[own] - starts[number]]
        return found
