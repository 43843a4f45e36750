"""Packed pixels: an array on disk of all slices, decoded, resized and cropped once."""

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
    """Write all slices, in their order, as one uint8 array, and return its shape.

    Scans are opened one after the other, so that memory holds one of them.

    Parameters
    ----------
    sequences
        For each scan the number of slices, and the dataset reader's function from a slice's
        index to its grey values, uint8, (H, W) or (3, H, W).
    total
        Number of slices of all scans, at least one.
    steps
        The checkpoint's preprocessing, of which resizing and cropping are applied.
    output
        ``.npy`` file to write, shape (slices, height, width), or (slices, 3, height, width).
    threads
        Number of slices decoded at a time; Pillow decodes outside Python's lock.
    """

    def slices() -> Iterator[np.ndarray]:
        for length, sequence in progress(
            sequences, total=total, unit="slices", weigh=lambda scan: scan[0]
        ):
            shaped = partial(_shaped, sequence, steps=steps)
            yield from (pixels[np.newaxis] for pixels in pool.map(shaped, range(length)))

    with ThreadPoolExecutor(threads) as pool, output.open("wb") as file:
        return write_rows(file, slices(), rows=total, header=_header)


def open_pixels(paths: Iterable[str | Path]) -> RowArrays:
    """Open the packed pixels of all shards, to be read as one array."""
    return RowArrays([StoredRows(path) for path in paths])


def _header(shape: tuple[int, ...]) -> bytes:
    header = BytesIO()
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, facts)
    return header.getvalue()


def _shaped(
    sequence: Callable[[int], np.ndarray], index: int, *, steps: Preprocessing
) -> np.ndarray:
    grey = sequence(index)
    if grey.ndim == 2:
        return shape_slice(grey, steps)
    return np.stack([shape_slice(channel, steps) for channel in grey])
