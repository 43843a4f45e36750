"""Features on disk: written batch by batch, read by the trainings of all replicates."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ctseq.cache.row_arrays import write_rows
from ctseq.core.files import atomic_write


def write_features(
    path: str | Path, batches: Iterable[np.ndarray], *, rows: int, precision: str = "float32"
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
    precision
        In which they were computed, which stands beside them.
    """

    def header(shape: tuple[int, ...]) -> bytes:
        facts = {"dtype": "F32", "shape": shape, "data_offsets": (0, 4 * math.prod(shape))}
        own = {"__metadata__": {"precision": precision}, "features": facts}
        text = json.dumps(own, separators=(",", ":")).encode()
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
    header, start = _header(path)
    facts = header["features"]
    if facts["dtype"] != "F32":
        raise ValueError(f"{path} holds {facts['dtype']} and no float32")
    start += facts["data_offsets"][0]
    return np.asarray(np.memmap(path, "<f4", "r", offset=start, shape=tuple(facts["shape"])))


def precision_of(path: str | Path) -> str:
    """Return in which precision the features of a file were computed."""
    header, _ = _header(path)
    return header.get("__metadata__", {}).get("precision", "float32")


def _header(path: str | Path) -> tuple[dict[str, Any], int]:
    """Return the header of a safetensors file, and where its tensors start."""
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length
