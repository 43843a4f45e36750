"""Cached features, as a run reads them."""

from typing import Any

import numpy as np
from safetensors.numpy import load_file


def read_views(inputs: Any) -> list[np.ndarray]:
    """Read a model's features, and behind them those of its mirrored images if the run has them.

    Parameters
    ----------
    inputs
        Paths by name: ``features`` and, possibly, ``mirrored``.

    Returns
    -------
    list of ndarray
        float32, each of shape (rows, features).
    """
    names = [name for name in ("features", "mirrored") if hasattr(inputs, name)]
    return [load_file(getattr(inputs, name))["features"] for name in names]
