"""How often tests raise a false alarm, and intervals hold the truth, in simulated studies.

The procedures are those of `ctseq.evidence`, called study by study, as the workflow calls them.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from batch_metrics import batch_metrics
from pooled import delong, delong_interval, delong_test, mcnemar_exact, pool
from scipy import special, stats
from simulated import Studies
from statsmodels.stats.proportion import proportion_confint

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from ctseq.evidence.metrics import METRICS, Metric  # noqa: E402
from ctseq.evidence.over_patients.shares import share_of_scans  # noqa: E402
from ctseq.evidence.over_replicates.design import OVERLAP, Design  # noqa: E402
from ctseq.evidence.over_replicates.resampled import (  # noqa: E402
    corrected_mean,
    corrected_t,
    corrected_t_unpaired,
)
from ctseq.evidence.over_replicates.verdicts import verdict_of  # noqa: E402

ALPHA = 0.05
# The metrics that the paper compares, and the usual primary one.
UNCORRECTED = ("accuracy", "precision", "recall", "roc_auc")
SUBGROUPS = (5, 10, 15, 20, 30)  # patients

# Procedure and statistic to the rate of false alarms or the coverage.
Rates = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Case:
    """Simulated studies of one design, as they are analysed.

    Attributes
    ----------
    studies
        The studies.
    shared_splits
        Whether both models see the same splits, so that they are paired.
    metrics
        Each metric's values, shape (studies, 2, replicates).
    overlap
        Each study's overlap, as its report takes it, shape (studies,).
    train_share
        The share of its training patients that a replicate trains on.
    """

    studies: Studies
    shared_splits: bool
    metrics: dict[str, np.ndarray]
    overlap: np.ndarray
    train_share: float = 1.0

    def first(self, studies: int) -> "Case":
        """Return the case of the first studies."""
        metrics = {name: values[:studies] for name, values in self.metrics.items()}
        some, overlap = self.studies.only(studies, None), self.overlap[:studies]
        return replace(self, studies=some, metrics=metrics, overlap=overlap)


def case_of(
    studies: Studies, replicates: int, *, shared_splits: bool, train_share: float = 1.0
) -> Case:
    """Return studies with their first replicates, and what all procedures need of them."""
    studies = studies.only(None, replicates)
    truth, tested = studies.truth[:, None, None], studies.tested
    metrics = batch_metrics(truth, tested, studies.probability, studies.predicted)
    n = truth.shape[-1]
    designs = [Design(ratio, n, shared_splits=shared_splits) for ratio in studies.test_train_ratio]
    overlap = np.array([own.overlap for own in designs])
    return Case(studies, shared_splits, metrics, overlap, train_share)


def differences(case: Case) -> Rates:
    """Return rates of wrong claims about the difference between two equally good models.

    ``difference``: p is at most alpha where no difference is; in the same studies the interval
    leaves out 0. ``difference_overlap_once``: the same with n_test/n_train once (Nadeau and Bengio
    2003), of paired models. ``non_inferiority`` and ``equivalence``: claimed where the true
    difference is the margin.
    """
    rates: Rates = {}
    for metric, values in case.metrics.items():
        claims = [_claims(case, metric, *own) for own in zip(values, case.overlap, strict=True)]
        for name in claims[0]:
            rates[name, metric] = float(np.mean([claim[name] for claim in claims]))
    return rates


def intervals(case: Case) -> Rates:
    """Return how often a model's interval holds the metric's expectation over studies."""
    rates: Rates = {}
    for metric, values in case.metrics.items():
        ends = [
            corrected_mean(*_defined(own), overlap=overlap, alpha=ALPHA)[1:]
            for own, overlap in zip(values[:, 0], case.overlap, strict=True)
        ]
        rates["interval", metric] = coverage(np.array(ends), float(np.nanmean(values)))
    return rates


def learning_curve(case: Case) -> Rates:
    """Return how often a point of a learning curve holds its metric's expectation."""
    return {
        ("learning_curve", f"{metric} at {case.train_share:g}"): rate
        for (_, metric), rate in intervals(case).items()
        if metric in METRICS  # net benefit has no learning curve
    }


def deviations(case: Case) -> Rates:
    """Return how often the chi-square interval of s^2 holds its expectation over studies.

    s^2 is that of the differences between paired models, from which a report computes how many
    replicates or patients a difference would need. Both rise with it, so that their intervals would
    hold what is needed as often.
    """
    if not case.shared_splits:
        return {}
    rates: Rates = {}
    for metric, values in case.metrics.items():
        if metric not in METRICS:  # no need is told of net benefit
            continue
        d = values[:, 0] - values[:, 1]
        df = np.isfinite(d).sum(axis=1) - 1
        d, df = d[df > 0], df[df > 0, None]
        squares = df * np.nanvar(d, axis=1, ddof=1, keepdims=True)
        ends = squares / stats.chi2.isf([ALPHA / 2, 1 - ALPHA / 2], df)
        rates["deviation_chi_square", metric] = coverage(ends, float(np.mean(squares / df)))
    return rates


def uncorrected(case: Case) -> Rates:
    """Return how often tests that take replicates for independent call a difference.

    Studies with an undefined value are left out.
    """
    rates: Rates = {}
    for metric in UNCORRECTED:
        values = case.metrics[metric]
        a, b = values[np.isfinite(values).all(axis=(1, 2))].swapaxes(0, 1)
        # A study whose two samples are equal throughout gives 0/0, which is no alarm.
        with np.errstate(all="ignore"):
            p = {
                "student_t": stats.ttest_ind(a, b, axis=1).pvalue,
                "welch_t": stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue,
                "mann_whitney": stats.mannwhitneyu(a, b, axis=1).pvalue,
                "paired_t": stats.ttest_rel(a, b, axis=1).pvalue,
                # By the normal approximation with continuity correction: among ties SciPy's own
                # choice is a permutation test, 0.2 s a study, which finds the same within 0.01.
                "wilcoxon": stats.wilcoxon(
                    a, b, axis=1, method="asymptotic", correction=True
                ).pvalue,
            }
        rates |= {(test, metric): float(np.mean(own <= ALPHA)) for test, own in p.items()}
    return rates


def pooled(case: Case) -> Rates:
    """Return false alarms and coverage of tests on predictions pooled over replicates."""
    if not case.shared_splits:
        return {}
    of_areas, of_decisions, ends = [], [], []
    studies = case.studies
    parts = (studies.truth, studies.tested, studies.probability, studies.predicted)
    for truth, tested, *predictions in zip(*parts, strict=True):
        mean, decision = pool(tested, *predictions)
        truth = truth[tested[0].any(axis=0)]
        areas = delong(truth, mean)
        of_areas.append(delong_test(areas)[1])
        ends.append(delong_interval(areas, 0, alpha=ALPHA))
        right = decision == truth
        only = [(right[own] & ~right[1 - own]).sum() for own in (0, 1)]
        of_decisions.append(mcnemar_exact(*only))
    auc = float(np.nanmean(case.metrics["roc_auc"]))
    return {
        ("delong_pooled", "roc_auc"): float(np.mean(np.array(of_areas) <= ALPHA)),
        ("delong_pooled_interval", "roc_auc"): coverage(np.array(ends), auc),
        ("mcnemar_majority", "accuracy"): float(np.mean(np.array(of_decisions) <= ALPHA)),
    }


def subgroups(case: Case) -> Rates:
    """Return the coverage of intervals for the share that is found of some positive patients.

    ``subgroup`` is the interval that a report has, ``subgroup_wilson`` Wilson's of the same share.
    The truth is the expectation over studies of the share of all positive patients.
    """
    tested, predicted = case.studies.tested[:, 0], case.studies.predicted[:, 0]
    positive = case.studies.truth & tested.any(axis=1)
    found: dict[int, list] = {n: [] for n in SUBGROUPS}
    every = []
    for of, *own, overlap in zip(positive, predicted, tested, case.overlap, strict=True):
        options = {"overlap": overlap, "alpha": ALPHA}
        # Patients are in random order: the first ones are a subgroup like any other.
        right, seen = (values[:, of] for values in own)
        patients = np.arange(of.sum())  # one scan each
        every.append(share_of_scans(right, seen, patients, **options)[0])
        for n, shares in found.items():
            shares.append(share_of_scans(right[:, :n], seen[:, :n], patients[:n], **options))
    truth = float(np.mean(every))
    rates: Rates = {}
    for n, shares in found.items():
        share, *interval = np.array(shares).T
        wilson = proportion_confint(share * n, n, alpha=ALPHA, method="wilson")
        for procedure, ends in (("subgroup", interval), ("subgroup_wilson", wilson)):
            rates[procedure, f"recall of {n} patients"] = coverage(np.stack(ends, -1), truth)
    return rates


def coverage(ends: np.ndarray, truth: float) -> float:
    """Return how often intervals, shape (studies, 2), hold the truth, of those that exist."""
    known = np.isfinite(ends).all(axis=-1)
    holds = (ends[..., 0] <= truth) & (truth <= ends[..., 1])
    return float(holds[known].mean()) if known.any() else np.nan


# In the table's order.
PROCEDURES: dict[str, Callable[[Case], Rates]] = {
    "differences": differences,
    "intervals": intervals,
    "learning_curve": learning_curve,
    "deviations": deviations,
    "subgroups": subgroups,
    "uncorrected": uncorrected,
    "pooled": pooled,
}


def _claims(case: Case, metric: str, values: np.ndarray, overlap: float) -> dict[str, bool]:
    """Return what is claimed of one study's two models."""
    paired = case.shared_splits
    a, b = _defined(*values) if paired else (_defined(own)[0] for own in values)
    test = corrected_t if paired else corrected_t_unpaired
    result = test(a, b, overlap=overlap, alpha=ALPHA)
    claims = {"difference": result.p <= ALPHA}  # NaN claims nothing
    # The truth becomes minus the margin where the interval moves by it.
    margin = METRICS[metric].margin if metric in METRICS else Metric.margin
    low, high = result.low - margin, result.high - margin
    verdict = verdict_of(low, high, margin=margin, higher_is_better=True, differ=False)
    claims |= {"non_inferiority": verdict.a_noninferior, "equivalence": verdict.equivalent}
    if paired:
        larger = np.sqrt((1 / len(a) + overlap) / (1 / len(a) + overlap / OVERLAP))
        p = 2 * special.stdtr(len(a) - 1, -abs(result.statistic * larger))
        claims["difference_overlap_once"] = p <= ALPHA
    return claims


def _defined(*values: np.ndarray) -> list[np.ndarray]:
    """Return paired values without the replicates in which one of them is undefined."""
    kept = np.isfinite(values).all(axis=0)
    return [own[kept] for own in values]
