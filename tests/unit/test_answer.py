"""The answer: one sentence no bolder than the tests, a table in its order, what flatters it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctseq.evidence.over_replicates.resampled import resampled_t_table
from ctseq.evidence.over_replicates.verdicts import verdict_table
from ctseq.report.verdicts import Finding, answer_sentence, finding_of, verdict_words
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
    assert words == "inconclusive; equivalence cannot be shown: ±0.22, margin 0.05"
    assert said(narrow).endswith(
        ", and equivalence cannot be shown with these patients: the interval is ±0.22, the margin "
        "0.05."
    )
    superior = EACH[Finding.SUPERIOR] | narrow
    assert verdict_words(row_of(**superior), labels=LABELS) == "A superior"
    assert "cannot be shown" not in said(superior)


@pytest.mark.parametrize(("finding", "sentence"), [
    (Finding.SUPERIOR, "A is superior to B in sensitivity: A minus B is 0.02 (95 % interval 0.01 "
                       "to 0.03; p = .400)."),
    (Finding.INFERIOR, "A is inferior to B in sensitivity: A minus B is −0.20 (95 % interval −0.30 "
                       "to −0.10; p = .400)."),
    (Finding.SLIGHTLY_SUPERIOR, "A is superior to B in sensitivity, but by less than matters: A "
                                "minus B is 0.02 (95 % interval −0.20 to 0.24; p = .400); the "
                                "margin is 0.3."),
    (Finding.EQUIVALENT, "A and B are equivalent in sensitivity: A minus B is 0.02 (95 % interval "
                         "−0.20 to 0.24; p = .400); the margin is 0.3."),
    (Finding.NOT_SUPERIOR, "B is non-inferior to A in sensitivity: A minus B is 0.02 (95 % "
                           "interval −0.20 to 0.24; p = .400); the margin is 0.3."),
    (Finding.INCONCLUSIVE, "No difference between A and B is shown: A minus B is 0.02 in "
                           "sensitivity (95 % interval −0.20 to 0.24; p = .400); the margin is "
                           "0.3."),
    (Finding.EQUAL, "A and B have the same sensitivity in every replicate."),
    (Finding.UNTESTED, "Whether A and B differ in sensitivity cannot be tested: the difference is "
                       "the same in every replicate, so its error cannot be estimated."),
])  # fmt: skip
def test_one_contrast_is_one_sentence_of_its_tables_sign(finding, sentence):
    assert said(EACH[finding]) == sentence


@pytest.mark.parametrize(("finding", "first", "second"), [
    (Finding.SUPERIOR, "Yes, A is superior", "No, A is superior"),
    (Finding.SLIGHTLY_INFERIOR, "No, A is inferior", "Yes, A is inferior"),
    (Finding.EQUIVALENT, "No, A and B are equivalent", "No, A and B are equivalent"),
    (Finding.NONINFERIOR, "Not shown; A is non-inferior", "Not shown; A is non-inferior"),
    (Finding.INCONCLUSIVE, "Not shown: A minus B", "Not shown: A minus B"),
    (Finding.EQUAL, "No, A and B have the same", "No, A and B have the same"),
])  # fmt: skip
def test_whether_the_sequence_beats_slices_is_answered_first(finding, first, second):
    assert said(EACH[finding], sequence={"a"}).startswith(first)
    assert said(EACH[finding], sequence={"b"}).startswith(second)


def test_models_of_one_kind_are_not_asked_which_sees_more():
    assert said({}, sequence={"a", "b"}).startswith("No difference between A and B")


def test_where_lower_is_better_it_is_said():
    sentence = said(EACH[Finding.INFERIOR] | {"metric": "brier", "estimate": 0.2})
    assert sentence.startswith("A is inferior to B in Brier score (lower is better): A minus B is")


def test_three_models_against_the_first_are_one_sentence():
    rows = EACH[Finding.SUPERIOR], {"model_b": "c"}
    assert said(*rows) == (
        "In sensitivity, A is superior to B and not told apart from C (2 comparisons, adjusted "
        "after Holm)."
    )
    assert said(*rows, sequence={"a"}).startswith("Yes in 1 of 2 comparisons: in sensitivity, A")
    both = EACH[Finding.SUPERIOR], EACH[Finding.SUPERIOR] | {"model_b": "c"}
    assert said(*both, sequence={"a"}).startswith("Yes: in sensitivity, A is superior to B and C (")
    assert said(*rows, sequence={"b", "a"}).startswith("Not shown: in sensitivity")


def test_contrasts_without_a_common_model_are_one_sentence():
    rows = EACH[Finding.EQUIVALENT], {"model_a": "c", "model_b": "d"}
    assert said(*rows) == (
        "In sensitivity, A is equivalent to B; C is not told apart from D (2 comparisons, adjusted "
        "after Holm)."
    )


def test_eight_models_are_one_sentence():
    labels = {name: name.upper() for name in "abcdefgh"}
    rows = rows_of(*({"model_b": name} for name in "bcdefgh"))
    sentence = answer_sentence(rows, labels=labels, alpha=0.05)
    assert sentence == (
        "In sensitivity, A is not told apart from B, C, D, E, F, G and H (7 comparisons, adjusted "
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
    claims = " is superior " in sentence or " is inferior " in sentence
    assert claims == (rows["p_adjusted"][0] < 0.05) == (rows["better"][0] != "")
    assert "nan" not in sentence
