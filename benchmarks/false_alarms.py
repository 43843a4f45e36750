"""Measure how often tests over replicates call a difference between equally good models.

The replicates of a study draw their training patients from the same ones, so they are not
independent, and tests that take them to be (Student's t, Welch's t, Mann-Whitney, paired t,
Wilcoxon) find differences that are not there. Prints a table, one row a test, one column a number
of replicates; `FALSE_ALARM_RATES` in `ctseq.evidence.over_replicates.paper` come from this
program's defaults. A few seconds.

    python benchmarks/false_alarms.py --csv false_alarms.csv
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from ctseq.core.tables import write_table  # noqa: E402

_BATCH = 250  # studies simulated at once: about 100 MB


def main(arguments: list[str] | None = None) -> None:
    """Simulate, print the rates and, if asked, write them."""
    options = _parser().parse_args(arguments)
    rows = []
    for replicates in options.replicates:
        rates = false_alarm_rates(
            runs=options.runs,
            replicates=replicates,
            alpha=options.alpha,
            seed=options.seed,
            n_patients=options.patients,
            n_test=options.test,
            shared_splits=not options.own_splits,
        )
        rows += [
            {"replicates": replicates, "runs": options.runs, "test": test, "rate": rate}
            for test, rate in rates.items()
        ]
    frame = pd.DataFrame(rows)
    shown = frame.pivot_table(index="test", columns="replicates", values="rate", sort=False)
    print(f"False alarms at nominal {options.alpha:g}, {options.runs} simulated studies")
    print((100 * shown).round(1).astype(str).add(" %").to_string())
    if options.csv:
        write_table(frame, options.csv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3000, help="simulated studies (%(default)s)")
    parser.add_argument(
        "--replicates", type=int, nargs="+", default=[10, 30], help="numbers of replicates (10 30)"
    )
    parser.add_argument("--patients", type=int, default=82, help="patients (%(default)s)")
    parser.add_argument(
        "--test", type=int, default=25, help="patients that are tested on (%(default)s)"
    )
    parser.add_argument(
        "--own-splits",
        action="store_true",
        help="each model draws its own splits, as in the published study",
    )
    parser.add_argument("--alpha", type=float, default=0.05, help="nominal level (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--csv", help="file to write the rates to")
    return parser


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
) -> dict[str, float]:
    """Return how often each test calls a difference in simulated studies without one.

    Parameters
    ----------
    runs, replicates, seed, design
        As `simulate_accuracies` takes them.
    alpha
        Nominal level: the rate of a test that keeps it.

    Returns
    -------
    dict
        Share of simulated studies with a p value of at most `alpha`, for ``student_t``,
        ``welch_t``, ``mann_whitney``, ``paired_t``, ``wilcoxon`` and the corrected resampled t,
        ``corrected_t`` (paired) and ``corrected_t_unpaired``.
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
    return {test: float(np.mean(values <= alpha)) for test, values in p.items()}


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


if __name__ == "__main__":
    main()
