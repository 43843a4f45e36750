"""From slices to a patient: which slices a video model sees, and how slice results combine."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd


def sample_frames(n_slices: int, frames: int, *, sampling: str) -> np.ndarray:
    """Choose the slices that stand for a patient, in anatomical order.

    Parameters
    ----------
    n_slices
        Slices that the patient has, at least 1.
    frames
        Slices that the model sees.
    sampling
        ``uniform`` cuts the sequence into `frames` equal parts and takes the middle of each.
        ``first`` takes the first slices. A sequence shorter than `frames` repeats slices evenly
        in both.

    Returns
    -------
    ndarray of int
        Positions from 0, shape (frames,), never decreasing.
    """
    if n_slices < 1 or frames < 1:
        raise ValueError("a sequence has at least one slice and one frame")
    if sampling not in ("uniform", "first"):
        raise ValueError(f"unknown frame sampling {sampling!r}")
    if sampling == "first":
        n_slices = min(n_slices, frames)
    return ((np.arange(frames) + 0.5) * n_slices / frames).astype(int)


def model_rows(rows: pd.DataFrame, settings: Mapping[str, Any]) -> tuple[np.ndarray, pd.DataFrame]:
    """Say what a model sees at a time: a slice, or the sequence of a patient.

    Parameters
    ----------
    rows
        The packed slices, `tables.ROWS`.
    settings
        The model's ``kind`` and, of a video model, ``frames`` and ``frame_sampling``.

    Returns
    -------
    members
        Positions in `rows`: shape (slices,) for an image model, (patients, frames) for a video
        model.
    labels
        `tables.ROWS` of what these are; patients by id, without a slice number.
    """
    if settings["kind"] == "image":
        return np.arange(len(rows)), rows
    own = rows.groupby("patient_id", sort=True).indices
    chosen = [
        members[
            sample_frames(len(members), settings["frames"], sampling=settings["frame_sampling"])
        ]
        for members in own.values()
    ]
    return np.stack(chosen), pd.DataFrame({"patient_id": list(own), "slice_number": pd.NA})


def _any(probability: np.ndarray, threshold: float) -> float:
    return float(probability.max())


def _mean(probability: np.ndarray, threshold: float) -> float:
    return float(probability.mean())


def _majority(probability: np.ndarray, threshold: float) -> float:
    return float((probability >= threshold).mean())


# Each gives the patient's probability from those of the slices, shape (slices,), such that the
# patient is positive where it reaches the threshold.
SEQUENCE_RULES: dict[str, Callable[[np.ndarray, float], float]] = {
    "any": _any,
    "mean": _mean,
    "majority": _majority,
}
