"""What was simulated of the design nearest to a study's."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from ctseq.core.tables import read_table, typed
from ctseq.evidence.levels import (
    LEARNERS,
    LEAST,
    LEVELS,
    MOST,
    UNUSED,
    beyond_bounds,
    simulated_level,
)
from ctseq.evidence.metrics import comparable_metrics

SHIPPED = read_table(Path(__file__).parents[2] / "resources/levels.csv", LEVELS)


def row(procedure, statistic, scheme, replicates, n_patients, rates, *, shared=1, proportion=0.3):
    design = (scheme, proportion, replicates, n_patients, shared)
    return [procedure, statistic, *design, *rates, 3000]


TABLE = typed(
    [
        row("difference", "roc_auc", "random", 10, 82, [0.02, 0.03, 0.01, 0.04]),
        row("difference", "roc_auc", "random", 30, 82, [0.02, 0.07, 0.01, 0.04]),
        row("difference", "roc_auc", "random", 10, 300, [0.05, np.nan, 0.05, 0.05]),
        row("difference", "roc_auc", "stratified", 10, 82, [0.01, 0.01, 0.01, 0.01]),
        row("difference", "roc_auc", "random", 10, 82, [0.08, 0.09, 0.08, 0.08], shared=0),
        row("interval", "roc_auc", "random", 10, 82, [0.95, 0.92, 0.99, 0.98]),
        row("interval", "brier", "random", 10, 82, [0.95, 0.93, 0.99, 0.98]),
        row("interval", "mcc", "random", 10, 82, [np.nan] * 4),
    ],
    LEVELS,
)
STUDY = {"scheme": "random", "replicates": 10, "n_patients": 82}


def test_a_level_is_the_range_over_learners():
    level = simulated_level(TABLE, "roc_auc", **STUDY)
    assert (level.low, level.high, (*level.rates,)) == (0.01, 0.04, LEARNERS)
    assert (level.scheme, level.replicates, level.n_patients) == ("random", 10, 82)
    assert (level.test_proportion, level.shared_splits, level.runs) == (0.3, True, 3000)
    assert not level.exceeds


@pytest.mark.parametrize(
    ("study", "found"),
    [
        ({"replicates": 17}, (10, 82)),  # 17/10 < 30/17
        ({"replicates": 18}, (30, 82)),
        ({"replicates": 100}, (30, 82)),
        ({"n_patients": 156}, (10, 82)),  # 156/82 < 300/156
        ({"n_patients": 158}, (10, 300)),
        ({"stratify": True, "replicates": 90}, (10, 82)),
    ],
)
def test_the_nearest_design_is_nearest_by_ratio(study, found):
    level = simulated_level(TABLE, "roc_auc", **STUDY | study)
    assert (level.replicates, level.n_patients) == found
    assert level.scheme == ("stratified" if "stratify" in study else "random")


def test_a_learner_that_was_not_simulated_is_not_named():
    level = simulated_level(TABLE, "roc_auc", **STUDY | {"n_patients": 300})
    assert (*level.rates,) == ("ridge", "logistic", "tuned")


def test_what_exceeds_is_said():
    assert simulated_level(TABLE, "roc_auc", **STUDY | {"replicates": 30}).exceeds
    assert simulated_level(TABLE, "roc_auc", **STUDY, shared_splits=False).exceeds
    assert simulated_level(TABLE, "roc_auc", **STUDY, procedure="interval").beyond == ("knn",)
    assert not simulated_level(TABLE, "brier", **STUDY, procedure="interval").exceeds


def test_what_is_held_of_a_test_is_the_interval_of_the_difference():
    level = simulated_level(TABLE, "roc_auc", **STUDY)
    assert level.held == pytest.approx({"ridge": 0.98, "knn": 0.97, "logistic": 0.99,
                                        "tuned": 0.96})  # fmt: skip
    interval = simulated_level(TABLE, "roc_auc", **STUDY, procedure="interval")
    assert interval.held == interval.rates


def test_what_is_beyond_its_bound_is_listed_rate_by_rate():
    unused = row("student_t", "roc_auc", "random", 10, 82, [0.5] * 4)
    one_sided = row("non_inferiority", "brier", "random", 10, 82, [0.03, 0.031, 0.02, 0.02])
    table = pd.concat([TABLE, typed([unused, one_sided], LEVELS)])
    found = beyond_bounds(table)
    columns = ["procedure", "replicates", "shared_splits", "learner", "rate", "bound"]
    assert found[columns].to_numpy().tolist() == [
        ["difference", 10, 0, "ridge", 0.08, 0.06],
        ["difference", 10, 0, "knn", 0.09, 0.06],
        ["difference", 10, 0, "logistic", 0.08, 0.06],
        ["difference", 10, 0, "tuned", 0.08, 0.06],
        ["difference", 30, 1, "knn", 0.07, 0.06],
        ["interval", 10, 1, "knn", 0.92, 0.93],
        ["non_inferiority", 10, 1, "knn", 0.031, 0.03],
    ]


def test_what_was_not_simulated_is_none():
    assert simulated_level(TABLE, "f1", **STUDY) is None
    assert simulated_level(TABLE, "mcc", **STUDY, procedure="interval") is None
    assert simulated_level(TABLE, "roc_auc", **STUDY | {"scheme": "repeated_kfold"}) is None
    assert simulated_level(TABLE, "brier", **STUDY) is None


def test_every_metric_and_scheme_of_a_study_was_simulated():
    for scheme in ({"scheme": "random"}, {"scheme": "random", "stratify": True}):
        for metric in comparable_metrics():
            for procedure in ("difference", "interval", "non_inferiority", "equivalence"):
                study = STUDY | scheme
                assert simulated_level(SHIPPED, metric, **study, procedure=procedure)
    for replicates in (10, 20, 50):
        kfold = {"scheme": "repeated_kfold", "replicates": replicates, "n_patients": 82}
        assert simulated_level(SHIPPED, "roc_auc", **kfold).replicates == replicates
    assert simulated_level(SHIPPED, "recall", **STUDY, shared_splits=False)


def test_paired_tests_keep_their_level():
    """No rate is shown to be above 6 %; those that come out so are of one kind of learner."""
    rows = SHIPPED[(SHIPPED["procedure"] == "difference") & (SHIPPED["shared_splits"] == 1)]
    rates = rows[list(LEARNERS)]
    # So high comes one of 600 rates of .06 about once in a thousand times.
    most = binom.ppf(1 - 1e-3 / 600, rows["runs"], MOST["difference"]) / rows["runs"]
    assert (rates.max(axis=1) <= most).all()
    beyond = rates > MOST["difference"]
    assert not beyond.drop(columns="knn").any(axis=None)
    assert {*rows.loc[beyond["knn"], "statistic"]} <= {"recall", "specificity"}
    assert {*rows.loc[beyond["knn"], "scheme"]} <= {"repeated_kfold"}


def test_the_unused_do_not():
    for procedure in UNUSED:
        rates = SHIPPED.loc[SHIPPED["procedure"] == procedure, list(LEARNERS)]
        if procedure in MOST:
            assert rates.max(axis=None) > MOST[procedure]
        else:
            assert rates.min(axis=None) < LEAST
