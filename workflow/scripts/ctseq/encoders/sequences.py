"""Which slices of a patient a model sees, and in which order."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.seeds import SLICES


def sample_frames(n_slices: int, frames: int, *, sampling: str) -> np.ndarray:
    """Return the indices of the slices that a video model sees of a patient, shape (frames,).

    Parameters
    ----------
    n_slices, frames
        Number of slices of the patient, and of those that the model sees, each at least 1.
    sampling
        ``uniform`` cuts the sequence into `frames` equal parts and takes the middle of each;
        ``first`` takes the first slices. Both keep the order, and repeat slices evenly if there
        are too few.
    """
    if n_slices < 1 or frames < 1:
        raise ValueError("a sequence has at least one slice and one frame")
    if sampling not in ("uniform", "first"):
        raise ValueError(f"unknown frame sampling {sampling!r}")
    if sampling == "first":
        n_slices = min(n_slices, frames)
    return ((np.arange(frames) + 0.5) * n_slices / frames).astype(int)


def first_slices(rows: pd.DataFrame, number: int | None) -> np.ndarray:
    """Return the indices in `rows`, `tables.ROWS`, of each patient's first slices; None for all."""
    index = rows.groupby("scan_id").cumcount().to_numpy()
    return np.flatnonzero(index < (np.inf if number is None else number))


def ordered_slices(
    rows: pd.DataFrame, *, shuffle_seed: Sequence[int] | None
) -> dict[str, np.ndarray]:
    """Return each patient's slices, as indices in `rows`, in the order in which a model sees them.

    Patients are in the order of `rows`, `tables.ROWS`, which has their slices in the order of the
    body. With a seed, the study's and the replicate's number, each patient's slices are in a random
    order of their own, another in each replicate.
    """
    patients = rows.reset_index(drop=True).groupby("scan_id", sort=False)
    indices = {patient: own.index.to_numpy() for patient, own in patients}
    if shuffle_seed is None:
        return indices
    # Seeded by the patient's id: other patients do not matter.
    return {
        patient: np.random.default_rng([*shuffle_seed, SLICES, *patient.encode()]).permutation(own)
        for patient, own in indices.items()
    }


def model_rows(
    rows: pd.DataFrame, settings: Mapping[str, Any], *, shuffle_seed: Sequence[int] | None
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the slices of each input of a model: a slice, or the sequence of a patient.

    Parameters
    ----------
    rows
        `tables.ROWS` of the packed slices.
    settings
        The model's ``kind``; of a video model ``frames`` and ``frame_sampling``; of an image model,
        possibly, ``first_slices``.
    shuffle_seed
        As for `ordered_slices`; without effect on an image model.

    Returns
    -------
    members
        Indices in `rows`: shape (slices,) of an image model, (patients, frames) of a video model.
    ids
        `tables.ROWS` of the inputs, in the order of `rows`; patients have no slice number.
    """
    if settings["kind"] == "image":
        chosen = first_slices(rows, settings.get("first_slices"))
        return chosen, rows.iloc[chosen].reset_index(drop=True)
    sequences = ordered_slices(rows, shuffle_seed=shuffle_seed)
    frames = [
        own[sample_frames(len(own), settings["frames"], sampling=settings["frame_sampling"])]
        for own in sequences.values()
    ]
    return np.stack(frames), pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})
