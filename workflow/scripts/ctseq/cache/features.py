"""Features on disk: written batch by batch, read by the trainings of all replicates."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ctseq.cache.row_arrays import RowArrays, write_rows
from ctseq.core.files import atomic_write


def read_views(inputs: Any) -> tuple[RowArrays, int]:
    """Return a model's features, float32, (views * rows, features), and the number of views.

    `inputs` has lists of paths, a file a shard: ``features`` and, if the model learns from mirrored
    images too, ``mirrored``. Those follow the others as a second view of the same rows.
    """
    names = [name for name in ("features", "mirrored") if hasattr(inputs, name)]
    parts = [map_features(path) for name in names for path in getattr(inputs, name)]
    return RowArrays(parts), len(names)


def write_features(
    path: str | Path, batches: Iterable[np.ndarray], *, rows: int
) -> tuple[int, ...]:
    """Write features as the safetensors library does, but batch by batch, and return their shape.

    Parameters
    ----------
    path
        ``.safetensors`` file to write, complete or not at all.
    batches
        float32, shape (batch, features).
    rows
        Number of rows of all batches, at least one.
    """

    def header(shape: tuple[int, ...]) -> bytes:
        facts = {"dtype": "F32", "shape": shape, "data_offsets": (0, 4 * math.prod(shape))}
        text = json.dumps({"features": facts}, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # aligns the tensor
        return len(text).to_bytes(8, "little") + text

    floats = (np.asarray(batch, "<f4") for batch in batches)
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        return write_rows(file, floats, rows=rows, header=header)


def map_features(path: str | Path) -> np.ndarray:
    """Return the matrix ``features`` of a safetensors file, mapped; the library would copy it.

    The file holds the length of a JSON header in 8 bytes, the header, then the tensors
    (https://huggingface.co/docs/safetensors, "Format").
    """
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        facts = json.loads(file.read(length))["features"]
    if facts["dtype"] != "F32":
        raise ValueError(f"{path} holds {facts['dtype']} and no float32")
    start = 8 + length + facts["data_offsets"][0]
    return np.asarray(np.memmap(path, "<f4", "r", offset=start, shape=tuple(facts["shape"])))
