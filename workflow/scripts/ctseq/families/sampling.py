"""Which rows an epoch of training goes through, and in which order."""

import numpy as np


def epoch_order(labels: np.ndarray, *, balanced: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw the rows of one epoch: indices of `labels`, shape (rows,), which are 0 or 1.

    Unless `balanced`, that is every row once. Balanced, it is as many rows in all, half of them of
    either class and the odd one of the rarer; rows repeat only after all of their class were drawn.
    """
    if not balanced:
        return rng.permutation(len(labels))
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    classes.sort(key=len)
    numbers = [len(labels) // len(classes)] * len(classes)
    numbers[0] += len(labels) - sum(numbers)
    drawn = [_draw_in_rounds(*pair, rng) for pair in zip(classes, numbers, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def _draw_in_rounds(rows: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw rows in rounds, each of which takes every row once in random order."""
    rounds = -(-number // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(rounds)])[:number]
