"""Estimates over replicates with corrected intervals, and notes on why there is none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ctseq.evidence.notes import Note
from ctseq.evidence.over_replicates.resampled import (
    corrected_interval,
    mean_within,
    why_no_interval,
)

UNBOUNDED = (-np.inf, np.inf)
PROPORTION = (0.0, 1.0)


@dataclass(frozen=True)
class Estimate:
    """A number and its interval of level 1 - alpha; parts that cannot be computed are NaN."""

    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    notes: tuple[Note, ...] = ()

    def on_scale(self, scale: Callable[[float], float]) -> "Estimate":
        """Return the estimate on another scale, which rises with this one."""
        values = (float(scale(value)) for value in (self.estimate, self.low, self.high))
        return Estimate(*values, self.notes)


@dataclass(frozen=True)
class Band:
    """Estimates at the points of a curve with pointwise intervals, each of shape (points,)."""

    x: np.ndarray
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray


def estimate_of(
    estimate: float, influence: np.ndarray, *, overlap: float, alpha: float
) -> Estimate:
    """Return an estimate with its interval from each replicate's influence on it, shape (J,)."""
    low, high = corrected_interval(estimate, influence, overlap=overlap, alpha=alpha)
    return Estimate(float(estimate), low, high, why_no_interval(influence))


def mean_estimate(
    values: np.ndarray,
    *,
    overlap: float,
    alpha: float,
    limits: tuple[float, float] = PROPORTION,
) -> Estimate:
    """Return the mean over the replicates in which a value is defined, with its interval.

    Parameters
    ----------
    values
        Shape (J,); NaN is undefined.
    overlap
        What the correlation between replicates adds to 1/J (`Design.overlap`).
    limits
        Smallest and largest value that there can be; the interval is cut there.
    """
    defined = values[~np.isnan(values)]
    return Estimate(**mean_within(defined, limits, overlap=overlap, alpha=alpha))


def mean_band(
    x: np.ndarray,
    values: np.ndarray,
    *,
    overlap: float,
    alpha: float,
    limits: tuple[float, float] = PROPORTION,
) -> Band:
    """Return the mean of curves at each point with its pointwise interval.

    `x` has shape (points,) and `values` (J, points). Where all curves meet there is no interval.
    """
    options = {"overlap": overlap, "alpha": alpha, "limits": limits}
    return band_of(x, [mean_estimate(column, **options) for column in values.T])


def band_of(x: np.ndarray, estimates: Sequence[Estimate]) -> Band:
    """Return a curve from the estimates at its points."""
    parts = np.array([(own.estimate, own.low, own.high) for own in estimates]).reshape(-1, 3)
    return Band(x, *parts.T)
