"""Shards: the patients of a study in parts, each packed and run through a backbone on its own."""

from collections.abc import Mapping, Sequence

import numpy as np

from ctseq.core.errors import InputError


def deal(sizes: Sequence[int], shards: int) -> np.ndarray:
    """Deal things in their order into shards of about equal size.

    Parameters
    ----------
    sizes
        Of each thing, 1 or more.
    shards
        How many, at most as many as there are things.

    Returns
    -------
    ndarray of int
        The shard of each, from 0, never decreasing; each shard has at least one. A shard ends
        where the sum of sizes is nearest to its share.
    """
    if not 1 <= shards <= len(sizes):
        raise ValueError("each shard holds at least one thing")
    before = np.concatenate([[0], np.cumsum(sizes)])
    shares = np.arange(1, shards) * (before[-1] / shards)
    starts = np.searchsorted((before[1:] + before[:-1]) / 2, shares)
    # No shard starts where the one before does, and each leaves a thing for all that follow.
    number = np.arange(1, shards)
    starts = np.maximum.accumulate(np.maximum(starts, 1) - number) + number
    starts = np.minimum(starts, len(sizes) - shards + number)
    return np.searchsorted(starts, np.arange(len(sizes)), side="right")


def patients_of_shard(sizes: Mapping[str, int], number: int, of: int) -> list[str]:
    """Name the patients of one shard, a run of them in their order.

    Parameters
    ----------
    sizes
        Slices of each patient, in the order of `tables.SLICES`.
    number
        The shard, from 1.
    of
        How many shards there are.

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
    dealt = deal(list(sizes.values()), of)
    return [patient for patient, shard in zip(sizes, dealt, strict=True) if shard == number - 1]
