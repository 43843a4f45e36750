"""Shards: parts of the patients, each packed and encoded by a job of its own."""

from collections.abc import Mapping, Sequence

import numpy as np

from ctseq.core.errors import InputError


def shard_numbers(sizes: Sequence[int], shards: int) -> np.ndarray:
    """Return the shard of each patient, from 0, such that shards are of about equal size.

    `sizes` are the patients' numbers of slices. Each shard has at least one patient, and ends where
    the sum of sizes is nearest to its share.
    """
    if not 1 <= shards <= len(sizes):
        raise ValueError("each shard holds at least one patient")
    before = np.concatenate([[0], np.cumsum(sizes)])
    shares = np.arange(1, shards) * (before[-1] / shards)
    starts = np.searchsorted((before[1:] + before[:-1]) / 2, shares)
    # No shard starts where the one before does, and each leaves a patient for all that follow.
    number = np.arange(1, shards)
    starts = np.maximum.accumulate(np.maximum(starts, 1) - number) + number
    starts = np.minimum(starts, len(sizes) - shards + number)
    return np.searchsorted(starts, np.arange(len(sizes)), side="right")


def patients_of_shard(sizes: Mapping[str, int], number: int, of: int) -> list[str]:
    """Return the ids of one shard's patients, who are neighbours in the table of slices.

    `sizes` are the numbers of slices of all scans of each patient, in the order of that table;
    `number` is the shard's, from 1 to `of`.

    Raises
    ------
    InputError
        If there are more shards than patients.
    """
    if of > len(sizes):
        raise InputError(
            f"shards is {of}, but there are {len(sizes)} patients. A shard holds whole patients: "
            "set shards to the number of GPUs that work at a time, in config.yaml."
        )
    numbers = shard_numbers(list(sizes.values()), of)
    return [patient for patient, own in zip(sizes, numbers, strict=True) if own == number - 1]
