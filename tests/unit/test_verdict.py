"""Verdicts in words: cells and one sentence, which never claim more than the analysis supports."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctseq.evidence.over_replicates.resampled import resampled_t_table
from ctseq.evidence.over_replicates.verdicts import Finding, finding_of, verdict_table
from ctseq.report.verdicts import answer_sentence, verdict_words
from replicates import replicates

pytestmark = pytest.mark.filterwarnings("error")

LABELS = {"a": "A", "b": "B", "c": "C", "d": "D"}
RNG = np.random.default_rng(31)
NOISE = 0.02 * RNG.standard_normal((2, 10))
DEFAULTS = {
    "metric": "recall", "model_a": "a", "model_b": "b", "primary": 1, "contrast": 1,
    "supported": 0, "better": "", "equivalent": 0, "a_noninferior": 0, "b_noninferior": 0,
    "reachable": 1, "estimate": 0.02, "low": -0.2, "high": 0.24, "margin": 0.3, "p": 0.4,
    "p_adjusted": 0.4, "notes": "",
}  # fmt: skip
EACH = {
    Finding.SUPERIOR: {"better": "a", "low": 0.01, "high": 0.03},
    Finding.SLIGHTLY_SUPERIOR: {"better": "a", "equivalent": 1},
    Finding.INFERIOR: {"better": "b", "estimate": -0.2, "low": -0.3, "high": -0.1},
    Finding.SLIGHTLY_INFERIOR: {"better": "b", "equivalent": 1},
    Finding.EQUIVALENT: {"equivalent": 1, "a_noninferior": 1, "b_noninferior": 1},
    Finding.NONINFERIOR: {"a_noninferior": 1},
    Finding.NOT_SUPERIOR: {"b_noninferior": 1},
    Finding.INCONCLUSIVE: {},
    Finding.EQUAL: {"estimate": 0.0, "low": np.nan, "high": np.nan, "p": 1.0},
    Finding.UNTESTED: {"low": np.nan, "high": np.nan, "p": np.nan, "p_adjusted": np.nan,
                       "notes": '[{"code": "difference_constant"}]'},
}  # fmt: skip


def rows_of(*changes):
    return pd.DataFrame([DEFAULTS | change for change in changes])


def row_of(**change):
    return next(rows_of(change).itertuples())


def said(*changes, **options):
    return answer_sentence(rows_of(*changes), labels=LABELS, alpha=0.05, **options)


def judged(samples, **options):
    """Return the verdicts on models' values, with notes."""
    compared = replicates(samples, **options)
    notes = resampled_t_table(compared)["notes"]
    return verdict_table(compared).assign(notes=notes)


@pytest.mark.parametrize("finding", Finding)
def test_each_finding_is_told_apart(finding):
    assert finding_of(row_of(**EACH[finding])) is finding


@pytest.mark.parametrize(("finding", "words"), [
    (Finding.SUPERIOR, "A superior"),
    (Finding.SLIGHTLY_SUPERIOR, "A superior, by less than matters (0.3)"),
    (Finding.INFERIOR, "B superior"),
    (Finding.EQUIVALENT, "equivalent (margin 0.3)"),
    (Finding.NONINFERIOR, "A non-inferior (margin 0.3)"),
    (Finding.NOT_SUPERIOR, "B non-inferior (margin 0.3)"),
    (Finding.INCONCLUSIVE, "inconclusive"),
    (Finding.EQUAL, "equal in every replicate"),
    (Finding.UNTESTED, "cannot be tested"),
])  # fmt: skip
def test_the_words_of_a_cell(finding, words):
    assert verdict_words(row_of(**EACH[finding]), labels=LABELS) == words


def test_equivalence_out_of_reach_is_said_where_nothing_else_is_shown():
    narrow = {"reachable": 0, "margin": 0.05}
    words = verdict_words(row_of(**narrow), labels=LABELS)
    assert words == "inconclusive; too wide for equivalence (0.05)"
    end = ", which chance can explain; the interval is too wide to show equivalence within ±0.05."
    assert said(narrow).endswith(end)
    noninferior = EACH[Finding.NONINFERIOR] | narrow
    assert said(noninferior).endswith(
        "; A is non-inferior to B, and the interval is too wide to show equivalence within ±0.05."
    )
    superior = EACH[Finding.SUPERIOR] | narrow
    assert verdict_words(row_of(**superior), labels=LABELS) == "A superior"
    assert "equivalence" not in said(superior)


NUMBERS = "(A − B 0.02, 95 % interval −0.20 to 0.24, p = .40)"


@pytest.mark.parametrize(("finding", "sentence"), [
    (Finding.SUPERIOR, "A is superior: A's mean sensitivity is 0.02 above B's (A − B 0.02, 95 % "
                       "interval 0.01 to 0.03, p = .40)."),
    (Finding.INFERIOR, "B is superior: A's mean sensitivity is 0.20 below B's (A − B −0.20, 95 % "
                       "interval −0.30 to −0.10, p = .40)."),
    (Finding.SLIGHTLY_SUPERIOR, f"A is superior: A's mean sensitivity is 0.02 above B's {NUMBERS}, "
                                "but by less than the 0.3 that would matter."),
    (Finding.EQUIVALENT, "A and B are equivalent in sensitivity, the whole interval of their "
                         f"difference lying within ±0.3 {NUMBERS}."),
    (Finding.NOT_SUPERIOR, "No difference is shown: A's mean sensitivity is 0.02 above B's "
                           f"{NUMBERS}, which chance can explain; B is non-inferior to A, and "
                           "equivalence within ±0.3 is not shown."),
    (Finding.INCONCLUSIVE, "No difference is shown: A's mean sensitivity is 0.02 above B's "
                           f"{NUMBERS}, which chance can explain; equivalence within ±0.3 is not "
                           "shown."),
    (Finding.EQUAL, "A and B have the same sensitivity in every replicate."),
    (Finding.UNTESTED, "Whether A and B differ in sensitivity cannot be tested: the difference is "
                       "the same in every replicate, so its error cannot be estimated."),
])  # fmt: skip
def test_one_contrast_is_one_sentence_of_its_tables_sign(finding, sentence):
    assert said(EACH[finding]) == sentence


@pytest.mark.parametrize(("finding", "first", "second"), [
    (Finding.SUPERIOR, "Yes: A's mean sensitivity is 0.02 above B's (A − B",
                       "No: A's mean sensitivity is 0.02 above B's (A − B"),
    (Finding.SLIGHTLY_INFERIOR, "No: A's mean", "Yes: A's mean"),
    (Finding.EQUIVALENT, "No: A and B are equivalent", "No: A and B are equivalent"),
    (Finding.NONINFERIOR, "Not shown: A's mean", "Not shown: A's mean"),
    (Finding.INCONCLUSIVE, "Not shown: A's mean", "Not shown: A's mean"),
    (Finding.EQUAL, "Not shown: A and B have the", "Not shown: A and B have the"),
])  # fmt: skip
def test_whether_one_beats_the_other_is_answered_first(finding, first, second):
    assert said(EACH[finding], asked={"a"}).startswith(first)
    assert said(EACH[finding], asked={"b"}).startswith(second)


def test_means_that_are_equal_lie_neither_above_nor_below():
    assert "A and B have the same mean sensitivity (A − B 0.00" in said({"estimate": 0.0})


def test_models_of_one_kind_are_not_asked_which_sees_more():
    assert said({}, asked={"a", "b"}).startswith("No difference is shown: A's mean")


def test_where_lower_is_better_it_is_said():
    sentence = said(EACH[Finding.INFERIOR] | {"metric": "brier", "estimate": 0.2})
    assert sentence == (
        "B is superior: A's mean Brier score is 0.20 above B's (A − B 0.20, 95 % interval −0.30 to "
        "−0.10, p = .40; lower is better)."
    )


def test_three_models_against_the_first_are_one_sentence():
    rows = EACH[Finding.SUPERIOR], {"model_b": "c"}
    assert said(*rows) == (
        "In sensitivity, A is superior to B and not told apart from C (2 comparisons, adjusted "
        "after Holm)."
    )
    assert said(*rows, asked={"a"}).startswith("Yes in 1 of 2 comparisons: in sensitivity, A")
    both = EACH[Finding.SUPERIOR], EACH[Finding.SUPERIOR] | {"model_b": "c"}
    assert said(*both, asked={"a"}).startswith("Yes: in sensitivity, A is superior to B and C (")
    assert said(*rows, asked={"b", "a"}).startswith("Not shown: in sensitivity")


def test_contrasts_without_a_common_model_are_one_sentence():
    rows = EACH[Finding.EQUIVALENT], {"model_a": "c", "model_b": "d"}
    assert said(*rows) == (
        "In sensitivity, A is equivalent to B; C is not told apart from D (2 comparisons; "
        "differences are adjusted after Holm, equivalence is read from the interval, not adjusted)."
    )
    slight = EACH[Finding.SLIGHTLY_SUPERIOR], EACH[Finding.NOT_SUPERIOR] | {"model_b": "c"}
    assert said(*slight).endswith(
        "adjusted after Holm, non-inferiority and what is less than matters are read from the "
        "interval, not adjusted)."
    )


def test_eight_models_are_one_sentence():
    labels = {name: name.upper() for name in "abcdefgh"}
    rows = rows_of(*({"model_b": name} for name in "bcdefgh"))
    sentence = answer_sentence(rows, labels=labels, alpha=0.05)
    assert sentence == (
        "In sensitivity, A is not told apart from B, C, D and 4 more (7 comparisons, adjusted "
        "after Holm)."
    )


def test_superior_by_less_than_matters_from_replicates():
    base = 0.7 + 0.01 * np.sin(np.arange(10))
    step = 0.01 + 0.001 * np.cos(np.arange(10))
    [row] = judged({"a": base + step, "b": base}).itertuples()
    assert verdict_words(row, labels=LABELS) == "A superior, by less than matters (0.1)"


def test_equal_models_from_replicates():
    rows = judged({"a": NOISE[0], "b": NOISE[0]})
    sentence = answer_sentence(rows, labels=LABELS, alpha=0.05)
    assert sentence == "A and B have the same sensitivity in every replicate."


def test_a_difference_without_a_p_from_replicates():
    rows = judged({"a": [0.7, np.nan, np.nan], "b": [0.5, 0.5, 0.5]})
    sentence = answer_sentence(rows, labels=LABELS, alpha=0.05)
    assert sentence.endswith("cannot be tested: needs 2 replicates defined for both models, has 1.")


@given(
    st.lists(
        st.tuples(*[st.one_of(st.integers(0, 25), st.none())] * 2), min_size=2, max_size=12
    ).filter(lambda rows: len(set(rows)) > 1)
)
@settings(max_examples=20)
def test_no_claim_without_support(values):
    samples = {
        model: [np.nan if row[k] is None else row[k] / 25 for row in values]
        for k, model in enumerate("ab")
    }
    rows = judged(samples)
    sentence = answer_sentence(rows, labels=LABELS, alpha=0.05)
    claims = " is superior: " in sentence
    assert claims == (rows["p_adjusted"][0] < 0.05) == (rows["better"][0] != "")
    assert "nan" not in sentence


def test_contrasts_of_many_first_models_are_counted():
    labels = {name: name.upper() for name in "abcdefgh"}
    shown = {"better": "a", "supported": 1, "p_adjusted": 0.01}
    rows = rows_of(
        *({**shown, "model_a": "a", "model_b": name} for name in "bcde"),
        {"model_a": "b", "model_b": "c"},
        {"model_a": "c", "model_b": "d"},
    )
    assert answer_sentence(rows, labels=labels, alpha=0.05) == (
        "In sensitivity, of 6 comparisons 4 show a difference (A over B, A over C, A over D and 1 "
        "more) and 2 leave open which model is better (adjusted after Holm)."
    )
