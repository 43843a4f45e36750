"""Packed pixels: every slice decoded, resized and cropped once, in one memory-mapped array."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from ctseq.preprocessing import Preprocessing, shape_slice
from ctseq.progress import progress
from ctseq.stacked import Stacked


def pack_pixels(
    slices: pd.DataFrame,
    *,
    open_sequence: Callable[[pd.DataFrame], Callable[[int], np.ndarray]],
    steps: Preprocessing,
    output: Path,
    threads: int,
) -> tuple[int, ...]:
    """Write the slices as one uint8 array, in the order of `slices`.

    Patients are opened one after the other, so that memory holds one of them. Slices are written
    and not mapped: mapped pages would count as the process's memory until the system takes them.

    Parameters
    ----------
    slices
        `tables.SLICES`, at least one.
    open_sequence
        From one patient's slices to the function from a place among them to grey values, uint8,
        (H, W) or (3, H, W): the dataset reader's.
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
    shape, start = None, 0
    with ThreadPoolExecutor(threads) as pool, output.open("wb") as file:
        patients = [rows for _, rows in sorted(slices.groupby("patient_id").indices.items())]
        for rows in progress(patients, total=len(slices), unit="slices", weigh=len):
            sequence = open_sequence(slices.iloc[rows])

            def pack(place: int, sequence: Callable[[int], np.ndarray] = sequence) -> np.ndarray:
                return _shaped(sequence(place), steps)

            for row, pixels in zip(rows, pool.map(pack, range(len(rows))), strict=True):
                if shape is None:
                    shape = (len(slices), *pixels.shape)
                    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(file, header)
                    start = file.tell()
                if pixels.shape != shape[1:]:
                    raise RuntimeError("preprocessing made pictures of several sizes")
                file.seek(start + int(row) * pixels.size)
                file.write(np.ascontiguousarray(pixels))
    return shape


def open_pixels(paths: Iterable[str | Path]) -> Stacked:
    """Map packed pixels, a file a shard, into memory for reading."""
    return Stacked([np.load(path, mmap_mode="r", allow_pickle=False) for path in paths])


def _shaped(grey: np.ndarray, steps: Preprocessing) -> np.ndarray:
    if grey.ndim == 2:
        return shape_slice(grey, steps)
    return np.stack([shape_slice(channel, steps) for channel in grey])
