"""Draws datasets of features as a head sees them, with a signal of a known kind and strength.

Features are those of a frozen encoder's slices: correlated along a few factors, more alike within a
patient and between neighbouring slices than elsewhere, and each with a mean and scale of its own.
What tells positive scans lies in the mean of their slices, in a few of them, or in their order
alone. Along the body there is no trend: it would tell a scan's order from that of another, and then
order could not be the only signal.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import lfilter

KINDS = ("mean", "maximum", "order")
# Of CT-ICH: slices of a scan from fewest to most, of which the median is 30, and positive patients.
SLICES, MEDIAN = (19, 40), 30
PREVALENCE = 36 / 82
# Slices of a lesion, or of one of the two patterns whose order counts.
LESION = (2, 6)
# The share of a shift over features that the shifts of all scans have in common, as variance. What
# all slices show, and patterns, are the same everywhere. Lesions differ: with so little in common,
# the maximum over slices tells somewhat more than slices that are learned one by one, as on real
# scans, where with .4 the latter are far ahead.
COMMON = {"mean": 1.0, "maximum": 0.1, "order": 1.0}
# Factors, the share of a feature's variance that is theirs, the share of any variance that lies
# between patients, and the correlation of neighbouring slices beyond it.
RANK, FACTORS, BETWEEN, NEIGHBOURS = 50, 0.7, 0.4, 0.8
# Scales of features are log-uniform over two decades, and means within so many deviations.
DECADES, MEANS = (-1.0, 1.0), 3.0


@dataclass(frozen=True)
class Dataset:
    """A drawn dataset, a scan a patient.

    Attributes
    ----------
    scans
        ``scan_id``, ``patient_id`` and ``target``, 0 or 1.
    slices
        The same, with ``slice_number`` from 1. The target of a slice is its scan's, but for the
        kind ``maximum``, where it says whether the lesion is seen on it.
    vectors
        A row a slice, float32, shape (slices, width).
    split
        `ctseq.replicates.tables.SPLIT`, with equal shares of positive patients.
    """

    scans: pd.DataFrame
    slices: pd.DataFrame
    vectors: np.ndarray
    split: pd.DataFrame

    @property
    def trains(self) -> np.ndarray:
        """Whether each scan is learned from, bool, shape (scans,)."""
        return (self.split["subset"] == "train").to_numpy()

    @property
    def rows(self) -> list[np.ndarray]:
        """The rows of `vectors` that each scan has, in the order of its slices."""
        ends = self.slices.groupby("scan_id", sort=False).size().cumsum().to_numpy()
        return np.split(np.arange(ends[-1]), ends[:-1])


def draw_dataset(
    kind: str, strength: float, *, width: int, n_train: int, n_test: int, seed: int | list[int]
) -> Dataset:
    """Draw a dataset.

    Parameters
    ----------
    kind
        Where positive scans differ, one of `KINDS`. ``mean``: all their slices are shifted.
        ``maximum``: a few neighbouring slices are. ``order``: in every scan two stretches of a few
        slices are shifted, each along a direction of its own; in positive scans one comes first,
        in negative ones the other, whose slices are otherwise drawn alike.
    strength
        Length of a shift, where 1 is that of the features' own deviation, from 0.
    width
        Number of features.
    n_train, n_test
        Scans of either subset; `PREVALENCE` of each are positive.
    seed
        Of all that is random. Kinds and strengths of one seed share what is not shifted.
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}; known are {KINDS}")
    if strength < 0 or min(n_train, n_test) < 4:
        raise ValueError("strength from 0, and at least 4 scans a subset")
    rng = np.random.default_rng(seed)
    target = np.concatenate([_labels(rng, n_scans) for n_scans in (n_train, n_test)])
    n_slices = _numbers_of_slices(rng, len(target))
    loadings = rng.standard_normal((RANK, width), dtype=np.float32)
    loadings *= np.arange(1, RANK + 1, dtype=np.float32)[:, None] ** -0.5
    loadings /= np.linalg.norm(loadings, axis=0)
    common = _directions(rng, loadings)
    scale = (10 ** rng.uniform(*DECADES, width)).astype(np.float32)
    mean = (rng.uniform(-MEANS, MEANS, width) * scale).astype(np.float32)
    places = [_stretches(rng, number) for number in n_slices]
    parts = [_patient(rng, number, loadings) for number in n_slices]
    own = [_directions(rng, loadings) for _ in parts]
    shares = strength * COMMON[kind] ** 0.5, strength * (1 - COMMON[kind]) ** 0.5
    shifts = [shares[0] * common + shares[1] * each for each in own]
    shifted = [_shifted(kind, *each) for each in zip(parts, target, shifts, places, strict=True)]
    ids = pd.Series([f"{number:03d}" for number in range(len(target))])
    scans = pd.DataFrame({"scan_id": ids, "patient_id": ids, "target": target})
    slices = scans.loc[scans.index.repeat(n_slices)].reset_index(drop=True)
    slices["slice_number"] = np.concatenate([np.arange(1, number + 1) for number in n_slices])
    slices["target"] = np.concatenate([seen for _, seen in shifted])
    vectors = np.concatenate([part for part, _ in shifted])
    subsets = np.repeat(["train", "test"], [n_train, n_test])
    split = pd.DataFrame({"patient_id": ids, "subset": subsets})
    return Dataset(scans, slices, vectors * scale + mean, split)


def _shifted(
    kind: str, part: np.ndarray, positive: int, shifts: np.ndarray, places: list[slice]
) -> tuple[np.ndarray, np.ndarray]:
    """Return a patient's slices with their signal, and the label of each slice."""
    if kind == "order":
        for place, shift in zip(sorted(places, key=lambda own: own.start), shifts, strict=True):
            part[place] += shift
        # Backwards, slices without shifts are as likely as they are forwards.
        return part[:: 1 if positive else -1], np.full(len(part), positive)
    seen = np.zeros(len(part), int)
    seen[places[0] if kind == "maximum" else slice(None)] = positive
    part[seen == 1] += shifts[0]
    return part, seen


def _labels(rng: np.random.Generator, n_scans: int) -> np.ndarray:
    """Draw the labels of a subset, in random order."""
    return rng.permutation(np.arange(n_scans) < round(PREVALENCE * n_scans)).astype(int)


def _numbers_of_slices(rng: np.random.Generator, n_scans: int) -> np.ndarray:
    """Draw numbers of slices around the median; three deviations reach the farther end."""
    fewest, most = SLICES
    drawn = rng.normal(MEDIAN, (MEDIAN - fewest) / 3, n_scans).round()
    return drawn.clip(fewest, most).astype(int)


def _mixed(factors: np.ndarray, own: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """Return features of variance 1 from standard normal factors and each feature's own part."""
    return np.float32(FACTORS**0.5) * (factors @ loadings) + np.float32((1 - FACTORS) ** 0.5) * own


def _directions(rng: np.random.Generator, loadings: np.ndarray) -> np.ndarray:
    """Draw two directions in which the factors move features, shape (2, width)."""
    return rng.standard_normal((2, len(loadings)), dtype=np.float32) @ loadings


def _patient(rng: np.random.Generator, n_slices: int, loadings: np.ndarray) -> np.ndarray:
    """Draw a patient's slices, mean 0 and variance 1, shape (slices, width)."""
    between, within = np.float32(BETWEEN**0.5), np.float32((1 - BETWEEN) ** 0.5)
    rank, width = loadings.shape
    steps = rng.standard_normal((n_slices, rank))
    steps[1:] *= (1 - NEIGHBOURS**2) ** 0.5  # so that each slice has variance 1
    factors = lfilter([1.0], [1.0, -NEIGHBOURS], steps, axis=0).astype(np.float32)
    own = rng.standard_normal((n_slices, width), dtype=np.float32)
    return _mixed(
        between * rng.standard_normal(rank, dtype=np.float32) + within * factors,
        between * rng.standard_normal(width, dtype=np.float32) + within * own,
        loadings,
    )


def _stretches(rng: np.random.Generator, n_slices: int) -> list[slice]:
    """Draw two stretches of slices that do not meet, anywhere in a scan, in either order."""
    fewest, most = LESION
    lengths = rng.integers(fewest, most + 1, 2)
    free = n_slices - lengths.sum() - 1
    before, behind = np.sort(rng.choice(free + 2, 2, replace=False))  # as likely anywhere
    starts = [before, behind + lengths[0]]
    found = [slice(start, start + n) for start, n in zip(starts, lengths, strict=True)]
    return [found[index] for index in rng.permutation(2)]
