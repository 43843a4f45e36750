"""Shards: the patients of a study in parts, each packed and run through a backbone on its own."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ctseq.errors import InputError


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


def take_shard(slices: pd.DataFrame, number: int, of: int) -> pd.DataFrame:
    """Take one shard's slices: whole patients, a run of them in the order of their ids.

    One after the other, the shards are the table that a single shard is.

    Parameters
    ----------
    slices
        `tables.SLICES`.
    number
        The shard, from 1.
    of
        How many shards there are.

    Raises
    ------
    InputError
        If there are more shards than patients.
    """
    counts = slices["patient_id"].value_counts().sort_index()
    if of > len(counts):
        raise InputError(
            f"shards is {of}, but there are {len(counts)} patients. A shard holds whole patients: "
            "set shards to the number of GPUs that work at a time, in config.yaml."
        )
    own = counts.index[deal(counts.to_numpy(), of) == number - 1]
    chosen = slices[slices["patient_id"].isin(own)]
    return chosen.sort_values("patient_id", kind="stable", ignore_index=True)
