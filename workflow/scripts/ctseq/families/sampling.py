"""Which rows an epoch of training goes through, and in which order."""

import numpy as np

SAMPLINGS = ("shuffled", "balanced")


def epoch_order(labels: np.ndarray, *, how: str, rng: np.random.Generator) -> np.ndarray:
    """Draw the rows of one epoch.

    Parameters
    ----------
    labels
        0 or 1, shape (rows,).
    how
        ``shuffled`` takes every row once. ``balanced`` takes as many rows in all, half of them
        of either class and the odd one of the rarer; a row comes again only after every other
        of its class.
    rng
        Where the choice comes from.

    Returns
    -------
    ndarray of int
        Positions in `labels`, shape (rows,).
    """
    if how not in SAMPLINGS:
        raise ValueError(f"unknown sampling {how!r}")
    if how == "shuffled":
        return rng.permutation(len(labels))
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    classes.sort(key=len)
    shares = [len(labels) // len(classes)] * len(classes)
    shares[0] += len(labels) - sum(shares)
    drawn = [_deal(rows, share, rng) for rows, share in zip(classes, shares, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def _deal(rows: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Take `number` of the rows; all of them come before one comes again."""
    rounds = -(-number // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(rounds)])[:number]
