"""Verdicts of intervals and margins by hand, and which tests are adjusted for which others."""

import numpy as np
import pytest

from ctseq.evidence.over_replicates.bayesian import bayesian_t_table
from ctseq.evidence.over_replicates.effects import effects_table
from ctseq.evidence.over_replicates.paper import t_test_table
from ctseq.evidence.over_replicates.power import power_table
from ctseq.evidence.over_replicates.resampled import resampled_t_table
from ctseq.evidence.over_replicates.verdicts import Verdict, verdict_of, verdict_table
from ctseq.evidence.rows import holm
from ctseq.evidence.tables import VERDICT
from replicates import replicates

pytestmark = pytest.mark.filterwarnings("error")

NAN = np.nan
NOTHING = {"better": "", "equivalent": False, "a_noninferior": False, "b_noninferior": False}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        # The first is better, and by how much at most is open: it is not worse either.
        (0.02, 0.30, {"better": "a", "a_noninferior": True}),
        (-0.30, -0.02, {"better": "b", "b_noninferior": True}),
        # Shown, and certainly too small to matter: both are said.
        (0.01, 0.03, {"better": "a", "equivalent": True, "a_noninferior": True,
                      "b_noninferior": True, "reachable": True}),
        (-0.02, 0.03, {"equivalent": True, "a_noninferior": True, "b_noninferior": True,
                       "reachable": True}),
        (-0.04, 0.20, {"a_noninferior": True}),
        (-0.20, 0.04, {"b_noninferior": True}),
        (-0.20, 0.20, {}),
        # Narrow enough to show equivalence, and does not.
        (-0.06, 0.02, {"b_noninferior": True, "reachable": True}),
        # A bound that lies on the margin is not within it.
        (-0.05, 0.05, {}),
        (NAN, NAN, {}),
    ],
)  # fmt: skip
def test_verdicts_by_hand(low, high, said):
    expected = Verdict(**{**NOTHING, "reachable": False, **said})
    options = {"margin": 0.05, "differ": low > 0 or high < 0}
    assert verdict_of(low, high, higher_is_better=True, **options) == expected
    # Of a metric whose lower values are better, the same is said of the other model.
    turned = verdict_of(-high, -low, higher_is_better=False, **options)
    assert turned == expected


def test_without_an_interval_no_model_is_better_whatever_the_test_says():
    verdict = verdict_of(NAN, NAN, margin=0.05, higher_is_better=False, differ=True)
    assert verdict == Verdict(**NOTHING, reachable=False)


def test_an_interval_without_0_shows_nothing_where_the_adjusted_test_does_not():
    verdict = verdict_of(0.02, 0.30, margin=0.05, higher_is_better=True, differ=False)
    assert verdict.better == ""
    assert verdict.a_noninferior


def samples(models="abc", metrics=("recall", "brier"), seed=0):
    rng = np.random.default_rng(seed)
    return {
        (model, metric): 0.5 + 0.1 * place + 0.05 * rng.standard_normal(10)
        for place, model in enumerate(models)
        for metric in metrics
    }


def pairs_in(table):
    return list(dict.fromkeys(zip(table["model_a"], table["model_b"], strict=True)))


def test_holm_goes_over_the_contrasts_on_the_primary_metric_alone():
    table = resampled_t_table(replicates(samples("abcd"), primary="brier"))
    family = (table["metric"] == "brier") & (table["model_a"] == "a")
    assert family.sum() == 3
    assert table["p_adjusted"].notna().tolist() == family.tolist()
    expected = holm(table.loc[family, "p"].to_numpy())
    assert table.loc[family, "p_adjusted"].tolist() == pytest.approx(expected.tolist())


def test_one_contrast_is_not_adjusted():
    table = resampled_t_table(replicates(samples("ab")))
    assert table["p_adjusted"].iloc[0] == table["p"].iloc[0]
    assert np.isnan(table["p_adjusted"].iloc[1])


@pytest.mark.parametrize(
    "table_of",
    [resampled_t_table, bayesian_t_table, effects_table, power_table, t_test_table, verdict_table],
)
def test_declared_contrasts_orient_the_pairs_of_every_table(table_of):
    contrasts = [["c", "a"], ["b", "c"]]
    declared = table_of(replicates(samples(), contrasts=contrasts))
    assert pairs_in(declared) == [("c", "a"), ("b", "c"), ("a", "b")]
    by_default = table_of(replicates(samples()))
    assert pairs_in(by_default) == [("a", "b"), ("a", "c"), ("b", "c")]
    if "estimate" in declared and "effect" not in declared:
        turned = by_default.set_index(["metric", "model_a", "model_b"]).loc[("recall", "a", "c")]
        assert declared["estimate"].iloc[0] == pytest.approx(-turned["estimate"])
        assert declared["low"].iloc[0] == pytest.approx(-turned["high"])


def test_the_table_says_what_the_answer_is_about():
    table = verdict_table(replicates(samples(), contrasts=[["c", "a"]], margins={"brier": 0.5}))
    assert list(table) == list(VERDICT.columns)
    assert table["contrast"].tolist() == [1, 0, 0, 1, 0, 0]
    assert table["primary"].tolist() == [1, 1, 1, 0, 0, 0]
    assert table["margin"].tolist() == [0.1] * 3 + [0.5] * 3
    recall, brier = table.iloc[0], table.iloc[3]
    assert recall["better"] == "c"  # higher by 0.2
    assert (brier["better"], brier["equivalent"]) == ("a", 1)  # lower, by less than 0.5


def test_after_adjustment_the_primary_metric_shows_less_than_its_interval():
    base = np.random.default_rng(1).random(10)
    spread = np.random.default_rng(2).standard_normal(10)
    spread = (spread - spread.mean()) / spread.std(ddof=1)
    # t = 2.6 with 9 degrees of freedom: p = 0.03 alone, 0.12 as the least of four.
    shifted = base + 0.1 * (spread + 2.6 * np.sqrt(0.1 + 50 / 57))
    values = {(name, metric): base + noise
              for name, noise in zip("bcd", 0.3 * np.random.default_rng(3).standard_normal((3, 10)),
                                     strict=True)
              for metric in ("recall", "f1")}  # fmt: skip
    first = {("a", metric): base for metric in ("recall", "f1")}
    last = {("e", metric): shifted for metric in ("recall", "f1")}
    table = verdict_table(replicates(first | values | last))
    recall, f1 = (
        table[(table["metric"] == metric) & (table["model_a"] == "a") & (table["model_b"] == "e")]
        .iloc[0]
        for metric in ("recall", "f1")
    )  # fmt: skip
    assert recall["high"] == f1["high"] < 0
    assert recall["p"] == pytest.approx(0.0287, abs=5e-4)
    assert recall["p_adjusted"] > 0.05
    assert (recall["supported"], recall["better"]) == (0, "")
    assert np.isnan(f1["p_adjusted"])
    assert (f1["supported"], f1["better"]) == (1, "e")


def test_what_cannot_be_tested_has_no_verdict():
    table = verdict_table(replicates({"a": [0.7] * 3, "b": [0.5] * 3, "c": [NAN, 0.5, NAN]}))
    flags = ["supported", "equivalent", "a_noninferior", "b_noninferior", "reachable"]
    assert (table[flags] == 0).all(axis=None)
    assert (table["better"] == "").all()
