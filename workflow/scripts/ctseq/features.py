"""Cached features, as a run reads them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ctseq.stacked import Stacked


def read_views(inputs: Any) -> tuple[Stacked, int]:
    """Map a model's features, and behind them those of its mirrored images if the run has them.

    Parameters
    ----------
    inputs
        Paths of a model's shards by name: ``features`` and, possibly, ``mirrored``.

    Returns
    -------
    features : Stacked
        float32, shape (views * rows, features).
    views : int
        How often the rows are there: 2 with mirrored ones.
    """
    names = [name for name in ("features", "mirrored") if hasattr(inputs, name)]
    parts = [map_features(path) for name in names for path in getattr(inputs, name)]
    return Stacked(parts), len(names)


def map_features(path: str | Path) -> np.ndarray:
    """Map the matrix ``features`` of a safetensors file; the library's NumPy side would copy it.

    The format is a header of JSON behind its length in 8 bytes, then the tensors' own bytes
    (https://huggingface.co/docs/safetensors, "Format").
    """
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        facts = json.loads(file.read(length))["features"]
    if facts["dtype"] != "F32":
        raise ValueError(f"{path} holds {facts['dtype']} and no float32")
    start = 8 + length + facts["data_offsets"][0]
    return np.asarray(np.memmap(path, "<f4", "r", offset=start, shape=tuple(facts["shape"])))
