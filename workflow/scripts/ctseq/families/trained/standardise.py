"""Standardise features, and find their principal components, by the rows that a head learns on.

What was learned is arrays by name, stored with a head's own, and applied by `Standardised`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctseq.cache.row_arrays import Rows
from ctseq.families.fusion import scale_of

_MEAN, _DEVIATION, COMPONENTS = "features.mean", "features.deviation", "features.components"
NAMES = (_MEAN, _DEVIATION, COMPONENTS)
# Features differ between processors by about 1e-6 of their size. A component whose deviation is a
# smaller share of the first one's is as likely any other direction, and would differ as well.
_LEAST = 1e-6


@dataclass(frozen=True)
class Standardised:
    """Features less their mean, over their deviation, and then their components, row by row.

    Attributes
    ----------
    vectors
        float32, shape (rows, width).
    learned
        As `learn_standards` returns it; nothing changes where it is empty.
    """

    vectors: Rows
    learned: Mapping[str, np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and of features or components."""
        n_rows, width = self.vectors.shape
        return n_rows, len(self.learned[COMPONENTS]) if COMPONENTS in self.learned else width

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return rows: numbers of shape (...) give a float32 array (..., features)."""
        return standardised(self.vectors[rows], self.learned).astype(np.float32)


def standardised(values: np.ndarray, learned: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return features, shape (..., width), in double precision, by what was learned of others."""
    found = values.astype(float)
    if _MEAN in learned:
        found = (found - learned[_MEAN]) / learned[_DEVIATION]
    if COMPONENTS in learned:
        found = found @ learned[COMPONENTS].T.astype(float)
    return found


def learn_standards(
    vectors: Rows, rows: np.ndarray, *, standardise: bool, components: int | None
) -> dict[str, np.ndarray]:
    """Learn from some rows how features are standardised.

    Parameters
    ----------
    vectors
        float32, shape (rows, width).
    rows
        Numbers of those that are learned from, without others.
    standardise
        Whether features shall have the mean 0 and the deviation 1; one that is constant has 0.
    components
        Number of principal components, of which there are as many as features and fewer than rows
        at most; None for all features as they are. Components are of centred features and not
        scaled themselves; the largest weight of each is positive, so that nothing but the rows
        decides their signs. One in which the rows do not differ is 0 of every row.

    Returns
    -------
    dict
        float32 arrays by name: mean and deviation, shape (width,), and components, shape
        (components, width), as far as they are asked for.
    """
    learned: dict[str, np.ndarray] = {}
    if standardise or components is not None:
        scale = scale_of([vectors], rows)
        deviation = scale.deviation if standardise else np.ones_like(scale.deviation)
        learned = {_MEAN: scale.mean, _DEVIATION: deviation}
    if components is not None:
        learned[COMPONENTS] = _principal(standardised(vectors[rows], learned), components)
    return learned


def slices_of(members: Sequence[np.ndarray], scans: np.ndarray) -> np.ndarray:
    """Return the rows of all slices of some scans, of the rows that each scan has, `members`."""
    return np.concatenate([members[scan] for scan in scans])


def _principal(values: np.ndarray, components: int) -> np.ndarray:
    """Return the first principal components, float32, shape (components, width)."""
    from scipy.linalg import eigh  # few heads need it

    n_rows, width = values.shape
    centred = values - values.mean(axis=0, dtype=float)
    # The smaller of both matrices of products, and its largest eigenvectors alone: a third of the
    # time of all of them.
    products = centred.T @ centred if n_rows > width else centred @ centred.T
    last = len(products) - 1
    first = last + 1 - min(components, n_rows - 1, width)  # centred rows leave one less
    squares, vectors = eigh(products, subset_by_index=[first, last], overwrite_a=True)
    found = (vectors if n_rows > width else centred.T @ vectors).T[::-1]
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    told = squares[::-1, None] > _LEAST**2 * squares[-1]
    found = np.divide(found, lengths, out=np.zeros_like(found), where=told)
    largest = np.take_along_axis(found, np.abs(found).argmax(1)[:, None], axis=1)
    return (found * np.sign(largest)).astype(np.float32)
