"""What a study's tests and intervals were shown to keep, in simulated studies of its design.

``resources/levels.csv`` has the rates, by benchmarks/false_alarms.py: how often a test finds a
difference where there is none, and how often an interval holds the truth, at nominal 5 and 95 %.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.core.contracts import Table

LEARNERS = ("ridge", "knn", "logistic", "tuned")
_DESIGN = {
    "scheme": "text",
    "test_proportion": "float",
    "replicates": "int",
    "n_patients": "int",
    "shared_splits": "flag",
}
# ``resources/levels.csv``. `statistic` is a metric, or what else is tested or has an interval; the
# learners' columns hold the rate.
LEVELS = Table(
    {
        "procedure": "text",
        "statistic": "text",
        **_DESIGN,
        **dict.fromkeys(LEARNERS, "float"),
        "runs": "int",
    },
    key=("procedure", "statistic", *_DESIGN),
)
_UNUSED_TESTS = (
    "difference_overlap_once",
    "student_t",
    "welch_t",
    "mann_whitney",
    "paired_t",
    "wilcoxon",
    "delong_pooled",
    "mcnemar_majority",
)
# Procedures that no report relies on; their rates say why.
UNUSED = (
    *_UNUSED_TESTS,
    "delong_pooled_interval",
    "subgroup_wilson",
    "deviation_chi_square",
)
# Procedures whose rate is that of wrong claims, and the highest that is no excess: nominal 5 %, or
# 2.5 where the claim has one side, and a fifth more. All other rates are coverages.
MOST = {"difference": 0.06, "non_inferiority": 0.03, "equivalence": 0.03}
MOST |= dict.fromkeys(_UNUSED_TESTS, 0.06)
# Of 95 % intervals: 94 % is the aim, and the error of a rate is .7 points.
LEAST = 0.93


@dataclass(frozen=True)
class Level:
    """The rate of wrong claims or the coverage of a procedure in a simulated design.

    Attributes
    ----------
    procedure, statistic
        As in ``levels.csv``.
    low, high
        Smallest and largest rate of the learners.
    learners
        Their names.
    scheme, test_proportion, replicates, n_patients, shared_splits
        The design that was simulated.
    runs
        Simulated studies of each learner.
    """

    procedure: str
    statistic: str
    low: float
    high: float
    learners: tuple[str, ...]
    scheme: str
    test_proportion: float
    replicates: int
    n_patients: int
    shared_splits: bool
    runs: int

    @property
    def exceeds(self) -> bool:
        """Whether it claims too often, or holds the truth too seldom, for some learner."""
        if self.procedure in MOST:
            return self.high > MOST[self.procedure]
        return self.low < LEAST


def simulated_level(
    levels: pd.DataFrame,
    statistic: str,
    *,
    scheme: str,
    replicates: int,
    n_patients: int,
    stratify: bool = False,
    shared_splits: bool = True,
    procedure: str = "difference",
) -> Level | None:
    """Return what was simulated of the design nearest to a study's.

    Parameters
    ----------
    levels
        ``levels.csv``.
    statistic
        A metric, for instance.
    scheme, stratify, replicates, n_patients, shared_splits
        How the study draws its replicates. The scheme has to be the simulated one; the numbers of
        replicates and patients are the nearest ones by their ratio.
    procedure
        ``difference`` (test and interval of a difference), ``non_inferiority``, ``equivalence``,
        ``interval`` (of one model), or another one of the table.

    Returns
    -------
    Level or None
        None if the statistic or the scheme was not simulated.
    """
    kind = "stratified" if scheme == "random" and stratify else scheme
    rows = levels[
        (levels["procedure"] == procedure)
        & (levels["statistic"] == statistic)
        & (levels["scheme"] == kind)
        & (levels["shared_splits"] == int(shared_splits))
    ].dropna(subset=list(LEARNERS), how="all")
    if rows.empty:
        return None
    away = np.abs(np.log(rows["replicates"] / replicates))
    away += np.abs(np.log(rows["n_patients"] / n_patients))
    nearest = rows.loc[away.idxmin()]
    rates = nearest[list(LEARNERS)].astype(float).dropna()
    design = {name: nearest[name] for name in _DESIGN}
    return Level(
        procedure,
        statistic,
        float(rates.min()),
        float(rates.max()),
        tuple(rates.index),
        **design | {"shared_splits": bool(nearest["shared_splits"])},
        runs=int(nearest["runs"]),
    )
