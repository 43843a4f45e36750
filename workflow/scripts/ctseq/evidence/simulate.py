"""How often tests over replicates call a difference between two equally good learners.

The replicates of a study draw their training patients from one pool, so they are not
independent, and tests that take them to be (Student's t, Welch's t, Mann-Whitney, paired t,
Wilcoxon) find differences that are not there. This module measures how often.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

# Rates at nominal 5 % from `false_alarm_rates(runs=3000, seed=1)` with 10 and with 30 replicates,
# everything else at its default (82 patients, 25 of them tested on, shared splits). Their Monte
# Carlo error is 0.01. `benchmarks/false_alarms.py` repeats the simulation.
FALSE_ALARM_RATES = {
    10: {
        "student_t": 0.377,
        "welch_t": 0.375,
        "mann_whitney": 0.355,
        "paired_t": 0.353,
        "wilcoxon": 0.315,
        "corrected_t": 0.051,
        "corrected_t_unpaired": 0.048,
    },
    30: {
        "student_t": 0.569,
        "welch_t": 0.569,
        "mann_whitney": 0.565,
        "paired_t": 0.562,
        "wilcoxon": 0.553,
        "corrected_t": 0.033,
        "corrected_t_unpaired": 0.031,
    },
}

_BATCH = 250  # studies simulated at once: about 100 MB


@dataclass(frozen=True)
class FalseAlarms:
    """Outcome of a simulation.

    Attributes
    ----------
    rates
        Test to the share of simulated studies in which its p value is at most `alpha`.
    runs, replicates
        Number of simulated studies and of replicates in each.
    alpha
        Nominal level.
    mean_accuracy
        Over studies, learners and replicates.
    """

    rates: dict[str, float]
    runs: int
    replicates: int
    alpha: float
    mean_accuracy: float


def simulate_accuracies(
    *,
    runs: int,
    replicates: int = 10,
    n_patients: int = 82,
    n_test: int = 25,
    n_features: int = 20,
    signal: float = 0.5,
    penalty: float = 1.0,
    shared_splits: bool = True,
    seed: int,
) -> np.ndarray:
    """Simulate studies of two learners that are equally good by construction.

    A patient has two blocks of `n_features` independent standard normal features. The label is
    the sign of their equally weighted sum plus standard normal noise. Each learner is a ridge
    regression on the labels -1 and 1 that sees one block, so the two are exchangeable and their
    expected accuracies equal, while each new set of patients makes one of them look better by
    chance, in all replicates alike.

    Parameters
    ----------
    runs
        Number of studies, each with patients of its own.
    replicates
        Random splits of a study's patients.
    n_patients, n_test
        Patients in all, and those that are tested on; the others train.
    signal
        Variance of the label's systematic part, where its noise has variance 1.
    penalty
        Ridge penalty.
    shared_splits
        Both learners of a replicate see one split; otherwise each draws its own, as in the
        published study.

    Returns
    -------
    ndarray
        Accuracies, shape (runs, 2, replicates).
    """
    if min(runs, replicates - 1, n_features) < 1 or not 0 < n_test < n_patients:
        raise ValueError("runs and n_features >= 1, replicates >= 2, 0 < n_test < n_patients")
    rng = np.random.default_rng(seed)
    accuracy = np.empty((runs, 2, replicates))
    for start in range(0, runs, _BATCH):
        n = min(_BATCH, runs - start)
        X = rng.standard_normal((n, 2, n_patients, n_features))
        score = np.sqrt(signal / (2 * n_features)) * X.sum(axis=(1, 3))
        y = np.where(score + rng.standard_normal(score.shape) > 0, 1.0, -1.0)
        order = _orders(rng, n, replicates, n_patients)
        for learner in (0, 1):
            if learner and not shared_splits:
                order = _orders(rng, n, replicates, n_patients)
            accuracy[start : start + n, learner] = _ridge_accuracy(
                X[:, learner], y, order[..., n_test:], order[..., :n_test], penalty
            )
    return accuracy


def false_alarm_rates(
    *, runs: int, replicates: int = 10, alpha: float = 0.05, seed: int, **design
) -> FalseAlarms:
    """Apply every test to simulated studies without a true difference.

    Parameters
    ----------
    runs, replicates, seed, design
        As `simulate_accuracies` takes them.
    alpha
        Nominal level: the rate that an honest test would show.

    Returns
    -------
    FalseAlarms
        Rates of ``student_t``, ``welch_t``, ``mann_whitney``, ``paired_t``, ``wilcoxon`` and of
        the corrected resampled t, ``corrected_t`` (paired) and ``corrected_t_unpaired``.
    """
    accuracy = simulate_accuracies(runs=runs, replicates=replicates, seed=seed, **design)
    a, b = accuracy[:, 0], accuracy[:, 1]
    n_test, n_patients = design.get("n_test", 25), design.get("n_patients", 82)
    shrink = np.sqrt((1 / replicates) / (1 / replicates + n_test / (n_patients - n_test)))
    # A study whose two samples are equal throughout gives 0/0, which is no alarm.
    with np.errstate(all="ignore"):
        student, paired = stats.ttest_ind(a, b, axis=1), stats.ttest_rel(a, b, axis=1)
        p = {
            "student_t": student.pvalue,
            "welch_t": stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue,
            "mann_whitney": stats.mannwhitneyu(a, b, axis=1).pvalue,
            "paired_t": paired.pvalue,
            "wilcoxon": _wilcoxon(a, b),
            "corrected_t": _two_sided(shrink * paired.statistic, replicates - 1),
            "corrected_t_unpaired": _two_sided(shrink * student.statistic, 2 * replicates - 2),
        }
    rates = {test: float(np.mean(values <= alpha)) for test, values in p.items()}
    return FalseAlarms(rates, runs, replicates, alpha, float(accuracy.mean()))


def false_alarm_note(test: str) -> str:
    """Say in a table's note how far a test over replicates can be trusted."""
    ten, thirty = (100 * FALSE_ALARM_RATES[replicates][test] for replicates in (10, 30))
    return (
        f"takes replicates for independent, which they are not: without any true difference it "
        f"calls one in {ten:.0f} % of simulated studies of 10 replicates and in {thirty:.0f} % "
        f"of 30, not in 5 %"
    )


def _two_sided(t: np.ndarray, df: int) -> np.ndarray:
    return 2 * stats.t.sf(np.abs(t), df)


def _wilcoxon(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # By the normal approximation with continuity correction: among tied accuracies SciPy's own
    # choice is a permutation test, 0.2 s a study, which finds the same share within 0.01.
    return stats.wilcoxon(a, b, axis=1, method="asymptotic", correction=True).pvalue


def _orders(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.random(shape).argsort(axis=-1)


def _ridge_accuracy(
    X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, penalty: float
) -> np.ndarray:
    """Fit ridge regressions on all splits of all studies at once, shape (studies, replicates)."""
    study = np.arange(len(X))[:, None, None]
    X_train, y_train = X[study, train], y[study, train]
    gram = X_train.swapaxes(-1, -2) @ X_train + penalty * np.eye(X.shape[-1])
    weights = np.linalg.solve(gram, X_train.swapaxes(-1, -2) @ y_train[..., None])
    score = (X[study, test] @ weights)[..., 0]
    return (score * y[study, test] > 0).mean(axis=-1)
