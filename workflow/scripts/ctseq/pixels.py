"""Packed pixels: every slice decoded, resized and cropped once, in one memory-mapped array."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ctseq.preprocessing import Preprocessing, shape_slice

# Slices in flight at once: enough to keep the cores busy, few enough that memory stays flat in
# the size of the dataset (64 slices of 650 x 650 are 27 MB).
_CHUNK = 64


def pack_pixels(
    paths: Sequence[Path],
    *,
    read_slice: Callable[[Path], np.ndarray],
    steps: Preprocessing,
    output: Path,
    threads: int,
) -> tuple[int, int, int]:
    """Write the slices as one uint8 array, in the order of `paths`.

    Parameters
    ----------
    paths
        Files of the slices, at least one.
    read_slice
        The dataset reader's function from a file to grey values.
    steps
        The checkpoint's preprocessing; its geometry is applied.
    output
        ``.npy`` file to write, shape (slices, height, width).
    threads
        Slices decoded at a time; Pillow decodes outside Python's lock.

    Returns
    -------
    tuple of int
        The shape.
    """

    def pack(path: Path) -> np.ndarray:
        return shape_slice(read_slice(path), steps)

    shape = (len(paths), *pack(paths[0]).shape)
    packed = np.lib.format.open_memmap(output, mode="w+", dtype=np.uint8, shape=shape)
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(paths), _CHUNK):
            for row, pixels in enumerate(pool.map(pack, paths[start : start + _CHUNK]), start):
                packed[row] = pixels
    packed.flush()
    return shape


def open_pixels(path: Path) -> np.ndarray:
    """Map packed pixels into memory for reading."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
