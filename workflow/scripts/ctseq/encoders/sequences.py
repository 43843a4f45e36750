"""Which slices of a patient a model sees, and in which order."""

from collections.abc import Mapping
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


def first_slices(rows: pd.DataFrame, number: int | None) -> np.ndarray:
    """Choose each patient's first slices.

    Parameters
    ----------
    rows
        `tables.ROWS` of the slices, each patient's in the order of the body.
    number
        How many, at most; None for all.

    Returns
    -------
    ndarray of int
        Positions in `rows`, in its order.
    """
    place = rows.groupby("patient_id").cumcount().to_numpy()
    return np.flatnonzero(place < (np.inf if number is None else number))


def arranged(rows: pd.DataFrame, *, shuffle_seed: int | None) -> dict[str, np.ndarray]:
    """Say in which order each patient's slices are seen.

    Parameters
    ----------
    rows
        `tables.ROWS` of the slices, each patient's in the order of the body.
    shuffle_seed
        The study's seed where the order is to be a random one; None for the anatomical one.

    Returns
    -------
    dict
        Patient id, in the order of `rows`, to positions in it.
    """
    patients = rows.reset_index(drop=True).groupby("patient_id", sort=False)
    seen = {patient: own.index.to_numpy() for patient, own in patients}
    if shuffle_seed is None:
        return seen
    return {
        patient: positions[_order(patient, len(positions), seed=shuffle_seed)]
        for patient, positions in seen.items()
    }


def model_rows(
    rows: pd.DataFrame, settings: Mapping[str, Any], *, shuffle_seed: int | None
) -> tuple[np.ndarray, pd.DataFrame]:
    """Say what a model sees at a time: a slice, or the sequence of a patient.

    Parameters
    ----------
    rows
        The packed slices, `tables.ROWS`.
    settings
        The model's ``kind``; of a video model ``frames`` and ``frame_sampling``; of an image model,
        possibly, ``first_slices``.
    shuffle_seed
        As for `arranged`; of no effect on an image model.

    Returns
    -------
    members
        Positions in `rows`: shape (slices,) for an image model, (patients, frames) for a video
        model.
    labels
        `tables.ROWS` of what these are, in the order of `rows`; patients without a slice number.
    """
    if settings["kind"] == "image":
        seen = first_slices(rows, settings.get("first_slices"))
        return seen, rows.iloc[seen].reset_index(drop=True)
    sequences = arranged(rows, shuffle_seed=shuffle_seed)
    chosen = [
        seen[sample_frames(len(seen), settings["frames"], sampling=settings["frame_sampling"])]
        for seen in sequences.values()
    ]
    return np.stack(chosen), pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})


def _order(patient_id: str, n_slices: int, *, seed: int) -> np.ndarray:
    # Seeded by the patient's own name, an order does not depend on other patients.
    name = patient_id.encode()
    return np.random.default_rng(np.random.SeedSequence([seed, *name])).permutation(n_slices)
