"""The sentence on how often a section's intervals held the truth in simulated studies."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ctseq.core.tables import read_table, typed
from ctseq.evidence.levels import LEARNERS, LEVELS
from ctseq.report.comparison import further
from ctseq.report.levels import coverage
from ctseq.report.numbers import LEARNER_WORDS, statistic_words
from ctseq.report.sections import SECTIONS
from ctseq.report.study import Compared

SHIPPED = read_table(Path(__file__).parents[2] / "resources/levels.csv", LEVELS)
TABLE = typed(
    [
        [*names, "random", 0.3, 10, 82, 1, *rates, 3000]
        for *names, rates in (
            ("calibration", "slope", [0.9299, 0.95, 0.96, 1.0]),
            ("calibration", "intercept", [0.97, 0.8449, 0.97, 0.9]),
            ("difference", "net_benefit_0.1", [0.01, 0.02, 0.03, 0.04]),
            ("learning_curve", "recall at 0.25", [0.95, 0.96, 0.97, 0.98]),
            ("learning_curve", "recall at 0.5", [0.99, 0.96, 0.97, 0.98]),
            ("learning_curve", "accuracy at 0.5", [0.5, 0.5, 0.5, 0.5]),
        )
    ],
    LEVELS,
)


class Simulated(Compared):
    n_patients = 82


def study(levels=TABLE, **tables):
    config = {
        "models": {"a": {"label": "A"}},
        "compare": ["a"],
        "comparison": {"primary": "recall", "metrics": ["recall"], "alpha": 0.05},
        "splits": {"scheme": "random"},
        "replicates": 10,
    }
    return Simulated(config=config, metrics=pd.DataFrame(), comparison=tables, levels=levels)


def test_what_holds_too_seldom_is_named_with_its_learner():
    assert coverage(study(), {"calibration": ("",)}) == (
        "In simulated studies of the nearest design, these 95 % intervals held the "
        "truth in 84 to 100 %, which is too seldom for: slope (ridge regression 92 %); intercept "
        "(nearest neighbours 84 %, tuned ridge regression 90 %)."
    )


def test_intervals_of_differences_hold_where_no_difference_is_claimed():
    assert coverage(study(), {"difference": ("net_benefit",)}).endswith(
        "held the truth in 96 to 99 %."
    )


def test_other_levels_are_not_promised_anything():
    config = {**study().config, "comparison": {**study().config["comparison"], "alpha": 0.1}}
    said = coverage(replace(study(), config=config), {"calibration": ("slope",)})
    assert said == "Levels were simulated for 0.05, not for 0.1."
    assert coverage(replace(study(), config=config), {}) == ""


def test_what_was_not_simulated_is_not_told():
    assert coverage(study(), {}) == ""
    assert coverage(study(), {"subgroup": ("",), "calibration": ("curve",)}) == ""


def test_a_learning_curve_is_that_of_the_metrics_that_are_shown():
    curve = pd.DataFrame(
        {"metric": ["recall"], "model": ["a"], "share": [0.5], "n_train": [28.0],
         "estimate": [0.5], "low": [0.4], "high": [0.6], "n": [10], "n_undefined": [0],
         "notes": [""]}
    )  # fmt: skip
    assert "held the truth in 95 to 99 %." in further(study(learning_curve=curve))["curve_coverage"]
    assert further(study())["curve_coverage"] == ""


@pytest.mark.parametrize(
    "splits",
    [{"scheme": "random"}, {"scheme": "random", "stratify": True}, {"scheme": "repeated_kfold"}],
)
@pytest.mark.parametrize(
    "section", [one for one in SECTIONS if one.intervals], ids=lambda one: one.id
)
def test_every_kind_of_interval_was_simulated(section, splits):
    own = replace(study(SHIPPED), config={**study().config, "splits": splits})
    for procedure, beginnings in section.intervals.items():
        for beginning in beginnings:
            assert coverage(own, {procedure: (beginning,)})


def test_every_learner_has_words():
    assert (*LEARNER_WORDS,) == LEARNERS


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("observed_expected", "observed over expected"),
        ("roc at 0.1", "ROC curve at 0.1"),
        ("net_benefit_0.1", "net benefit at 0.1"),
        ("net_benefit_0.1 at 0.25", "net benefit at 0.1 at 0.25"),
        ("recall of 5 patients", "recall of 5 patients"),
        ("roc_auc", "AUC"),
    ],
)
def test_words_of_statistics(name, words):
    assert statistic_words(name) == words
