"""Packed pixels: every slice decoded, resized and cropped once, in one array on disk."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np

from ctseq.cache.row_arrays import RowArrays, StoredRows, write_rows
from ctseq.core.progress import progress
from ctseq.imaging.preprocessing import Preprocessing, shape_slice


def pack_pixels(
    sequences: Iterable[tuple[int, Callable[[int], np.ndarray]]],
    *,
    total: int,
    steps: Preprocessing,
    output: Path,
    threads: int,
) -> tuple[int, ...]:
    """Write slices as one uint8 array, in their order.

    Patients are opened one after the other, so that memory holds one of them. Slices are written
    and not mapped: mapped pages would count as the process's memory until the system takes them.

    Parameters
    ----------
    sequences
        For each patient the number of slices and the function from a place among them to grey
        values, uint8, (H, W) or (3, H, W): the dataset reader's.
    total
        Slices of all patients, at least one.
    steps
        The checkpoint's preprocessing; its geometry is applied.
    output
        ``.npy`` file to write, shape (slices, height, width), or (slices, 3, height, width).
    threads
        Slices decoded at a time; Pillow decodes outside Python's lock.

    Returns
    -------
    tuple of int
        The shape.
    """

    def slices() -> Iterator[np.ndarray]:
        for length, sequence in progress(
            sequences, total=total, unit="slices", weigh=lambda patient: patient[0]
        ):
            for pixels in pool.map(partial(_shaped, sequence, steps=steps), range(length)):
                yield pixels[np.newaxis]

    with ThreadPoolExecutor(threads) as pool, output.open("wb") as file:
        return write_rows(file, slices(), rows=total, header=_header)


def open_pixels(paths: Iterable[str | Path]) -> RowArrays:
    """Open packed pixels, a file a shard, to read rows of them."""
    return RowArrays([StoredRows(path) for path in paths])


def _header(shape: tuple[int, ...]) -> bytes:
    header = BytesIO()
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, facts)
    return header.getvalue()


def _shaped(
    sequence: Callable[[int], np.ndarray], place: int, *, steps: Preprocessing
) -> np.ndarray:
    grey = sequence(place)
    if grey.ndim == 2:
        return shape_slice(grey, steps)
    return np.stack([shape_slice(channel, steps) for channel in grey])
