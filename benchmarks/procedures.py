"""How often tests raise a false alarm, and intervals hold the truth, in simulated studies.

The procedures are those of `ctseq.evidence`, called study by study, as the workflow calls them.
"""

import sys
from pathlib import Path

import numpy as np
from pooled import delong, delong_interval, delong_test, mcnemar_exact, pool
from scipy import special, stats
from simulated import Studies
from statsmodels.stats.proportion import proportion_confint

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from ctseq.evidence.metrics import METRICS  # noqa: E402
from ctseq.evidence.over_replicates.design import Design  # noqa: E402
from ctseq.evidence.over_replicates.resampled import (  # noqa: E402
    corrected_mean,
    corrected_t,
    corrected_t_unpaired,
)
from ctseq.evidence.over_replicates.verdicts import verdict_of  # noqa: E402

ALPHA = 0.05
SUBGROUPS = (5, 10, 20, 30)  # patients


def overlaps(studies: Studies, *, shared_splits: bool) -> np.ndarray:
    """Return each study's overlap, as its report takes it, shape (studies,)."""
    n = studies.truth.shape[1]
    ratios = studies.test_train_ratio
    return np.array([Design(r, n, shared_splits=shared_splits).overlap for r in ratios])


def difference_rates(
    values: np.ndarray, overlap: np.ndarray, metric: str, *, shared_splits: bool
) -> dict[str, float]:
    """Return rates of wrong claims about the difference between two equally good models.

    Parameters
    ----------
    values
        A metric, shape (studies, 2, replicates); undefined values are left out, as by default.
    overlap
        Shape (studies,).

    Returns
    -------
    dict
        Of ``difference`` (p is at most alpha: none is there; the interval leaves out 0 in the same
        studies), ``difference, overlap once`` (the same with n_test/n_train once, paired only),
        ``non_inferiority`` and ``equivalence`` (claimed where the true difference is the margin).
    """
    claims = {"difference": 0, "non_inferiority": 0, "equivalence": 0}
    once = 0
    for (a, b), own in zip(values, overlap, strict=True):
        a, b = _defined(a, b) if shared_splits else (_defined(a)[0], _defined(b)[0])
        test = corrected_t if shared_splits else corrected_t_unpaired
        result = test(a, b, overlap=own, alpha=ALPHA)
        claims["difference"] += result.p <= ALPHA  # NaN claims nothing
        if shared_splits and result.df > 0:
            inflated = result.statistic * np.sqrt((1 / len(a) + own) / (1 / len(a) + own / 2))
            once += 2 * special.stdtr(result.df, -abs(inflated)) <= ALPHA
        # The truth becomes the margin where the interval moves by it, to the side of the worse.
        margin = METRICS[metric].margin if metric in METRICS else 1.0
        low, high = result.low - margin, result.high - margin
        verdict = verdict_of(low, high, margin=margin, higher_is_better=True, differ=False)
        claims["non_inferiority"] += verdict.a_noninferior
        claims["equivalence"] += verdict.equivalent
    if metric not in METRICS:  # its margin is the study's own
        del claims["equivalence"]
    if shared_splits:
        claims["difference, overlap once"] = once
    return {name: count / len(values) for name, count in claims.items()}


def mean_coverage(values: np.ndarray, truth: float, overlap: np.ndarray) -> float:
    """Return how often a model's interval holds the metric's expectation.

    Parameters
    ----------
    values
        The metric of one model, shape (studies, replicates).
    truth
        Its expectation over studies.
    """
    ends = [
        corrected_mean(*_defined(row), overlap=own, alpha=ALPHA)[1:]
        for row, own in zip(values, overlap, strict=True)
    ]
    return coverage(np.array(ends), truth)


def coverage(ends: np.ndarray, truth: float | np.ndarray) -> float:
    """Return how often intervals, shape (studies, ..., 2), hold the truth, of those that exist."""
    known = np.isfinite(ends).all(axis=-1)
    holds = (ends[..., 0] <= truth) & (truth <= ends[..., 1])
    return float(holds[known].mean()) if known.any() else np.nan


def uncorrected_rates(values: np.ndarray) -> dict[str, float]:
    """Return how often tests that take replicates for independent call a difference.

    `values` has the shape (studies, 2, replicates); studies with an undefined value are left out.
    """
    a, b = values[np.isfinite(values).all(axis=(1, 2))].swapaxes(0, 1)
    # A study whose two samples are equal throughout gives 0/0, which is no alarm.
    with np.errstate(all="ignore"):
        p = {
            "student_t": stats.ttest_ind(a, b, axis=1).pvalue,
            "welch_t": stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue,
            "mann_whitney": stats.mannwhitneyu(a, b, axis=1).pvalue,
            "paired_t": stats.ttest_rel(a, b, axis=1).pvalue,
            # By the normal approximation with continuity correction: among ties SciPy's own choice
            # is a permutation test, 0.2 s a study, which finds the same share within 0.01.
            "wilcoxon": stats.wilcoxon(
                a, b, axis=1, method="asymptotic", correction=True
            ).pvalue,
        }
    return {test: float(np.mean(values <= ALPHA)) for test, values in p.items()}


def pooled_rates(studies: Studies, auc: float) -> dict[tuple[str, str], float]:
    """Return false alarms and coverage of tests on predictions pooled over replicates.

    `auc` is the expected area of one model.
    """
    alarms = {"delong_pooled": [], "mcnemar_majority": []}
    ends = []
    for truth, *study in zip(
        studies.truth, studies.tested, studies.probability, studies.predicted, strict=True
    ):
        mean, decision = pool(*study)
        truth = truth[study[0].any(axis=(0, 1))]
        areas = delong(truth, mean)
        alarms["delong_pooled"].append(delong_test(areas)[1])
        ends.append(delong_interval(areas, 0, alpha=ALPHA))
        right = decision == truth
        alarms["mcnemar_majority"].append(
            mcnemar_exact((right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum())
        )
    rates = {name: float(np.mean(np.array(p) <= ALPHA)) for name, p in alarms.items()}
    return {
        ("delong_pooled", "roc_auc"): rates["delong_pooled"],
        ("mcnemar_majority", "accuracy"): rates["mcnemar_majority"],
        ("delong_pooled_interval", "roc_auc"): coverage(np.array(ends), auc),
    }


def subgroup_coverage(studies: Studies) -> dict[tuple[str, str], float]:
    """Return the coverage of Wilson's interval for the share found among some positive patients.

    A patient counts by the share of its replicates that decide right. The truth is the expectation
    over studies of the share of all positive patients.
    """
    tested, predicted = studies.tested[:, 0], studies.predicted[:, 0]
    n_tested = tested.sum(axis=1)
    with np.errstate(invalid="ignore"):
        found = (tested & predicted).sum(axis=1) / n_tested
    found = np.where(studies.truth & (n_tested > 0), found, np.nan)
    truth = float(np.nanmean(np.nanmean(found, axis=1)))
    rates = {}
    for n in SUBGROUPS:
        # Patients are in random order as they come: the first n are a subgroup.
        inside = np.cumsum(np.isfinite(found), axis=1) <= n
        of = np.isfinite(np.where(inside, found, np.nan)).sum(axis=1)
        sums = np.nansum(np.where(inside, found, np.nan), axis=1)
        ends = np.stack(proportion_confint(sums, of, alpha=ALPHA, method="wilson"), axis=-1)
        rates["wilson_subgroup", f"recall of {n} patients"] = coverage(ends, truth)
    return rates


def _defined(*values: np.ndarray) -> list[np.ndarray]:
    """Return paired values without the replicates in which one of them is undefined."""
    kept = np.isfinite(values).all(axis=0)
    return [own[kept] for own in values]
