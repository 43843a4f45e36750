"""Sentences that never claim more than the primary analysis supports."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctseq.evidence.over_replicates.bayesian import bayesian_t_table
from ctseq.evidence.over_replicates.resampled import resampled_t_table, verdict_table
from ctseq.report.verdicts import verdict_sentences
from replicates import replicates

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(31)
NOISE = 0.02 * RNG.standard_normal((2, 10))


def verdicts(samples, metrics=("recall",), labels=None):
    """Return the table of verdicts with their sentences."""
    given = {(model, metric): values for metric in metrics for model, values in samples.items()}
    compared = replicates(given)
    tables = {
        "resampled_t": resampled_t_table(compared),
        "bayesian_t": bayesian_t_table(compared),
        "verdict": verdict_table(compared),
    }
    sentences = verdict_sentences(tables, labels=labels or {}, alpha=0.05)
    return tables["verdict"].assign(sentence=sentences)


def test_identical_models():
    row = verdicts({"a": NOISE[0], "b": NOISE[0]}).iloc[0]
    assert row["sentence"] == "a and b have the same sensitivity in every replicate."
    assert (row["supported"], row["better"], row["estimate"]) == (0, "", 0)


def test_models_that_differ_to_and_fro_are_not_ranked():
    noise = np.array([0.1, -0.1, 0.2, -0.2])
    row = verdicts({"a": 0.5 + noise, "b": 0.5 - noise}).iloc[0]
    assert row["sentence"].startswith("This study does not show that a and b differ in sensitivity")
    assert "on average they are equal" in row["sentence"]
    assert "higher" not in row["sentence"]


def test_a_clear_difference():
    row = verdicts({"a": 0.5 + NOISE[0], "b": 0.8 + NOISE[1]}, labels={"b": "ViViT"}).iloc[0]
    assert (row["supported"], row["better"]) == (1, "b")
    assert row["sentence"].startswith("ViViT has a higher sensitivity than a, by 0.3")
    assert "p < .001" in row["sentence"]
    low, high = -row["high"], -row["low"]
    assert f"95 % interval {low:.2f} to {high:.2f}" in row["sentence"]


def test_lower_may_be_better():
    row = verdicts({"a": 0.3 + NOISE[0], "b": 0.1 + NOISE[1]}, metrics=["brier"]).iloc[0]
    assert row["better"] == "b"
    assert row["sentence"].startswith("a has a higher Brier score than b")
    assert row["sentence"].endswith("lower is better.")


def test_an_uncertain_difference():
    row = verdicts({"a": 0.60 + 5 * NOISE[0], "b": 0.66 + 5 * NOISE[1]}).iloc[0]
    assert (row["supported"], row["better"]) == (0, "")
    assert row["sentence"].startswith("This study does not show that a and b differ")
    assert "too uncertain" in row["sentence"]


def test_practically_equal():
    row = verdicts({"a": 0.7 + NOISE[0] / 10, "b": 0.7 + NOISE[1] / 10}).iloc[0]
    assert row["supported"] == 0
    assert row["sentence"].startswith("a and b are practically equal in sensitivity")


def test_significant_before_but_not_after_adjustment():
    rng = np.random.default_rng(1)
    base = rng.random(10)
    spread = rng.standard_normal(10)
    spread = (spread - spread.mean()) / spread.std(ddof=1)
    # t = 2.6 with 9 degrees of freedom: p = 0.03 alone, not among ten comparisons.
    shifted = base + 0.1 * (spread + 2.6 * np.sqrt(0.1 + 25 / 57))
    others = {name: base + 0.3 * rng.standard_normal(10) for name in "cde"}
    table = verdicts({"a": shifted, "b": base, **others}, metrics=["recall"])
    row = table.iloc[0]
    assert row["low"] > 0
    assert row["p_adjusted"] > 0.05
    assert (row["supported"], row["better"]) == (0, "")
    assert "once the number of comparisons is allowed for" in row["sentence"]


def test_what_cannot_be_tested_is_said():
    row = verdicts({"a": [0.7, 0.7, 0.7], "b": [0.5, 0.5, 0.5]}).iloc[0]
    assert "cannot be tested: the difference is the same in every replicate" in row["sentence"]
    row = verdicts({"a": [0.7, np.nan, np.nan], "b": [0.5, 0.5, 0.5]}).iloc[0]
    assert "cannot be tested: needs 2 replicates" in row["sentence"]


@given(
    st.lists(
        st.tuples(*[st.one_of(st.integers(0, 25), st.none())] * 3), min_size=2, max_size=12
    ).filter(lambda rows: len(set(rows)) > 1)
)
@settings(max_examples=10)
def test_no_claim_without_support(rows):
    samples = {
        model: [np.nan if row[k] is None else row[k] / 25 for row in rows]
        for k, model in enumerate("abc")
    }
    for row in verdicts(samples, metrics=["recall", "brier"]).itertuples():
        claims = " has a higher " in row.sentence
        assert claims == bool(row.supported) == (row.p_adjusted < 0.05) == (row.better != "")
        assert "nan" not in row.sentence
