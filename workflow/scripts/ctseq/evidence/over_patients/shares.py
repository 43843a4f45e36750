"""The share of some scans that is decided right, in replicates that test on them repeatedly."""

import numpy as np
from scipy.special import ndtri

from ctseq.evidence.over_replicates.design import OVERLAP
from ctseq.evidence.rows import check_level


def share_of_scans(
    right: np.ndarray, tested: np.ndarray, patients: np.ndarray, *, overlap: float, alpha: float
) -> tuple[float, float, float]:
    """Return the mean share of replicates that decide a scan right, with its interval.

    A scan counts once: by the share of right decisions among the replicates that test on it.
    Wilson's interval (1927) of such shares takes the models for given. It is computed here for the
    smaller number of scans that has the variance p(1 - p)/n + (1/J + overlap/2) s^2, of which the
    first part is that of the patients and the second that of the models: s^2 is the variance of the
    replicates' influences on the share. Half of the overlap is left out of it, for it stands for
    the patients, whom the first part has. In simulated studies it covers 95 % or more in subgroups
    of 5 to 30 patients, Wilson's own as little as 81 % (`resources/levels.csv`).

    Scans of a patient are taken to be all decided alike, so that they vary as one does: with m of
    the N scans a patient, n is N^2 over the sum of m^2 (Kish 1965, Survey Sampling), which is the
    number of patients where all have equally many.

    Parameters
    ----------
    right, tested
        Whether a replicate decides right on a scan, and whether it tests on it, shape (J, N).
    patients
        Equal for scans of one patient, int, shape (N,).
    overlap
        What the correlation between replicates adds to 1/J (`Design.overlap`).
    alpha
        The interval has level 1 - `alpha`.

    Returns
    -------
    tuple
        Share, low, high; all NaN if no replicate tests on any of the scans. With fewer than two
        replicates the interval is NaN.
    """
    check_level(alpha, "alpha")
    right, tested = right & tested, np.asarray(tested, bool)
    seen = tested.any(axis=0)
    replicates = len(tested)
    if not seen.any():
        return np.nan, np.nan, np.nan
    share = float((right.sum(axis=0)[seen] / tested.sum(axis=0)[seen]).mean())
    if replicates < 2:
        return share, np.nan, np.nan
    hits, trials = right.sum(axis=1), tested.sum(axis=1)
    influence = (hits - trials * hits.sum() / trials.sum()) / trials.mean()
    of_models = (1 / replicates + overlap / OVERLAP) * influence.var(ddof=1)
    of_each = np.unique(patients[seen], return_counts=True)[1]
    n = of_each.sum() ** 2 / (of_each**2).sum()
    return share, *_wilson(share, _effective(share, n, of_models, alpha), alpha)


def _effective(share: float, n: float, variance: float, alpha: float) -> float:
    """Return the number of scans whose share has a variance larger by `variance`."""
    # Towards one half, as Wilson's centre: a share of 0 or 1 has no variance of its own.
    z = ndtri(1 - alpha / 2)
    centre = (share * n + z**2 / 2) / (n + z**2)
    binomial = centre * (1 - centre)
    return binomial / (binomial / n + variance)


def _wilson(share: float, n: float, alpha: float) -> tuple[float, float]:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(share * n, n, alpha=alpha, method="wilson")
    return float(low), float(high)
