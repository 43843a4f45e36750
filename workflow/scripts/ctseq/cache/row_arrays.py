"""Arrays on disk or in memory that are written and read by rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np


class Rows(Protocol):
    """An array, or what can be indexed by row numbers like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows first."""
        ...

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return rows: numbers of shape (...) give an array (..., other axes)."""
        ...


def write_rows(
    file: BinaryIO,
    parts: Iterable[np.ndarray],
    *,
    rows: int,
    header: Callable[[tuple[int, ...]], bytes],
) -> tuple[int, ...]:
    """Write an array some rows at a time, so that memory never holds all of it; return its shape.

    Parameters
    ----------
    file
        Open for writing.
    parts
        Some rows each, equal in type and in shape but for the first axis.
    rows
        Number of all rows, at least one.
    header
        Returns the bytes before the rows, given the array's shape.

    Raises
    ------
    RuntimeError
        If parts differ in shape, or the number of their rows is another.
    """
    shape, written = None, 0
    for part in parts:
        if shape is None:
            shape = (rows, *part.shape[1:])
            file.write(header(shape))
        if part.shape[1:] != shape[1:]:
            raise RuntimeError("rows are of several shapes")
        file.write(np.ascontiguousarray(part))
        written += len(part)
    if written != rows:
        raise RuntimeError(f"{written} rows were written, not {rows}")
    return shape


class StoredRows:
    """The rows of an array in an ``.npy`` file, each read when it is asked for.

    The pages of a mapped file count as the process's memory until the system takes them back, and
    a scheduler may kill a job for them.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115 (as long as rows are read)
        np.lib.format.read_magic(self._file)
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(self._file)
        if by_columns or dtype.hasobject:
            raise ValueError(f"{path} holds no plain rows")
        self.shape, self.dtype, self._start = shape, dtype, self._file.tell()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Read rows: numbers of shape (...) give an array (..., other axes)."""
        found = np.empty((rows.size, *self.shape[1:]), self.dtype)
        for target, row in zip(found, rows.flat, strict=True):
            self._file.seek(self._start + int(row) * target.nbytes)
            if self._file.readinto(target) != target.nbytes:
                raise EOFError(f"{self._file.name} ends before row {row}")
        return found.reshape(*rows.shape, *self.shape[1:])


@dataclass(frozen=True)
class RowArrays:
    """Several arrays, such as the shards of a study, that are read as one.

    `parts` are at least one, equal in type and in shape but for the first axis. They are not copied
    together: of arrays in files, memory holds the rows that are asked for.
    """

    parts: Sequence[np.ndarray | StoredRows]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the joined array."""
        return (len(self), *self.parts[0].shape[1:])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Copy rows: numbers of shape (...) give an array (..., other axes)."""
        if len(self.parts) == 1:
            return self.parts[0][rows]
        starts = np.cumsum([0, *map(len, self.parts)])
        part_of = np.searchsorted(starts[1:], rows, side="right")
        found = np.empty((*rows.shape, *self.shape[1:]), self.parts[0].dtype)
        for number in np.unique(part_of):
            own = part_of == number
            found[own] = self.parts[number][rows[own] - starts[number]]
        return found
