"""What a study's tests and intervals were shown to keep, in simulated studies of its design.

``resources/levels.csv`` has the rates, by benchmarks/false_alarms.py: how often a test finds a
difference where there is none, and how often an interval holds the truth, at nominal 5 and 95 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ctseq.core.contracts import Table

LEARNERS = ("ridge", "knn", "logistic", "tuned")
# The level of the simulated tests; intervals have level 1 - NOMINAL.
NOMINAL = 0.05
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
    rates
        Learner to its rate.
    scheme, test_proportion, replicates, n_patients, shared_splits
        The design that was simulated.
    runs
        Simulated studies of each learner.
    """

    procedure: str
    statistic: str
    rates: Mapping[str, float]
    scheme: str
    test_proportion: float
    replicates: int
    n_patients: int
    shared_splits: bool
    runs: int

    @property
    def low(self) -> float:
        """Smallest rate of a learner."""
        return min(self.rates.values())

    @property
    def high(self) -> float:
        """Largest rate of a learner."""
        return max(self.rates.values())

    @property
    def held(self) -> dict[str, float]:
        """Learner to how often an interval held the truth: of a test, that of the difference."""
        tested = self.procedure == "difference"
        return {name: 1 - rate if tested else rate for name, rate in self.rates.items()}

    @property
    def beyond(self) -> tuple[str, ...]:
        """Learners for which it claims too often, or holds the truth too seldom."""
        return tuple(name for name, rate in self.rates.items() if is_beyond(self.procedure, rate))

    @property
    def exceeds(self) -> bool:
        """Whether there are such learners."""
        return bool(self.beyond)


def is_beyond(procedure: str, rate: float) -> bool:
    """Return whether a rate is beyond its procedure's bound; an unknown one (NaN) is not."""
    return rate > MOST[procedure] if procedure in MOST else rate < LEAST


def beyond_bounds(levels: pd.DataFrame) -> pd.DataFrame:
    """Return the rates that are beyond their bounds, of the procedures that reports rely on.

    Columns are those of the key of `LEVELS`, ``learner``, ``rate`` and ``bound``, a row a rate.
    """
    relied_on = levels[~levels["procedure"].isin(UNUSED)]
    key = list(LEVELS.key)
    long = relied_on.melt(key, list(LEARNERS), "learner", "rate").sort_values(key, kind="stable")
    rates = zip(long["procedure"], long["rate"], strict=True)
    beyond = long[[is_beyond(*rate) for rate in rates]].reset_index(drop=True)
    return beyond.assign(bound=[MOST.get(name, LEAST) for name in beyond["procedure"]])


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
    design = {name: nearest[name] for name in _DESIGN}
    return Level(
        procedure,
        statistic,
        nearest[list(LEARNERS)].astype(float).dropna().to_dict(),
        **design | {"shared_splits": bool(nearest["shared_splits"])},
        runs=int(nearest["runs"]),
    )
