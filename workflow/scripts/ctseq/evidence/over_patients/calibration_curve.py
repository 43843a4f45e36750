"""Observed share of positive patients at each predicted probability, as a smooth curve."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from ctseq.evidence.over_patients.calibration import LEAST
from ctseq.evidence.over_patients.estimates import Band, band_of, estimate_of
from ctseq.evidence.over_patients.stacked import fit_stacked
from ctseq.evidence.over_patients.tested import Tested

# Three knots, for one bend: some thirty positive patients do not carry more. The quantiles are
# those of Harrell 2015, Regression Modeling Strategies, table 2.3.
KNOTS = (0.1, 0.5, 0.9)
# Beyond these quantiles of the probabilities there are too few patients to draw a curve.
DRAWN = (0.01, 0.99)
POINTS = 51


def smooth_calibration(
    probability: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    *,
    overlap: float,
    alpha: float,
    at: np.ndarray | None = None,
) -> Band:
    """Return the observed share at each probability, with pointwise intervals.

    Logistic regression of the truth of all test predictions on a restricted cubic spline of
    logit p (Harrell 2015; Austin and Steyerberg 2014, Statistics in Medicine 33:517-535), on logit
    p alone where there are too few different probabilities for a bend. Intervals are symmetric on
    the logit scale. Without a fit that is best, the curve is NaN.

    Parameters
    ----------
    probability, truth
        Predictions and labels, 0 or 1, an array of shape (n_j,) for each of J replicates.
    overlap
        What the correlation between replicates adds to 1/J (`Design.overlap`).
    alpha
        Intervals have level 1 - `alpha`.
    at
        Probabilities, between 0 and 1; by default evenly spaced where there are predictions.
    """
    clipped = [np.clip(own, LEAST, 1 - LEAST) for own in probability]
    if at is None:
        at = np.unique(np.linspace(*np.quantile(np.concatenate(clipped), DRAWN), POINTS))
    knots = np.quantile(logit(np.concatenate(clipped)), KNOTS)
    for basis in (_bent, _straight) if (np.diff(knots) > 0).all() else (_straight,):
        fit = fit_stacked(truth, [basis(logit(own), knots) for own in clipped])
        if fit is not None:
            break
    else:
        return Band(at, *np.full((3, len(at)), np.nan))
    rows = basis(logit(at), knots)
    found = [
        estimate_of(value, influence, overlap=overlap, alpha=alpha).on_scale(expit)
        for value, influence in zip(rows @ fit.coefficients, rows @ fit.influence.T, strict=True)
    ]
    return band_of(at, found)


def restricted_cubic(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the bent part of a restricted cubic spline with three knots, shape (n,).

    It is 0 below the first knot, a straight line above the last and smooth between them (Stone
    and Koo 1985), divided by the squared distance of the outer knots, so that it has x's units.
    """
    first, middle, last = knots
    cubes = [np.maximum(x - knot, 0) ** 3 for knot in knots]
    bent = cubes[0] - cubes[1] * (last - first) / (last - middle)
    bent = bent + cubes[2] * (middle - first) / (last - middle)
    return bent / (last - first) ** 2


def calibration_curve_table(tested: Tested) -> pd.DataFrame:
    """Return each model's smooth calibration curve."""
    tables = []
    for model in tested.models:
        band = smooth_calibration(*tested.predictions_of(model), **tested.corrected)
        tables.append(pd.DataFrame({"model": model, **vars(band)}))
    return pd.concat(tables, ignore_index=True)


def _straight(x: np.ndarray, _: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(x)), x])


def _bent(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    return np.column_stack([_straight(x, knots), restricted_cubic(x, knots)])
