"""Choose the best score so that rounding errors cannot change the choice.

Features differ between processors and numbers of threads by about 1e-6 of their size, and losses
with them. Scores that differ by no more than `RESOLUTION` are therefore equally good, and the first
of equally good ones is taken.
"""

from collections.abc import Sequence

import numpy as np

# Losses move by up to 5e-5 (benchmarks/perturbed_features.py), accuracies by nothing or far more.
RESOLUTION = 1e-4


def improves(score: float, best: float) -> bool:
    """Return whether a score is better, that is higher, than the best so far."""
    return score > best + RESOLUTION


def first_best(scores: Sequence[float]) -> int:
    """Return the index of the first score that none is better than."""
    return int(np.argmax(np.asarray(scores) >= np.max(scores) - RESOLUTION))
