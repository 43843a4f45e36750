"""Whether the order of slices matters: which models make a pair, and how they are tested."""

import numpy as np
import pytest

from ctseq.evidence.order import order_pairs, order_table
from ctseq.evidence.over_replicates.resampled import corrected_t
from ctseq.report.pages.studies import render_studies
from ctseq.report.verdicts import order_sentences
from finished import COMPARISON, ENCODER, PHANTOM, SPLITS, TRAINING, VALUES, study

pytestmark = pytest.mark.filterwarnings("error")


def test_order_is_tested_within_a_study():
    both = study(models=("gru", "shuffled", "mean"))
    [(in_order, shuffled)] = order_pairs([both])
    assert (in_order.model, shuffled.model) == ("gru", "shuffled")
    table = order_table([(in_order, shuffled)], alpha=0.05)
    # By hand: differences 0.4, 0.3, 0.3, 0.5; mean 0.375, s^2 = 0.0275 / 3, times (1/4 + 2/3).
    assert table["statistic"].iloc[0] == pytest.approx(0.375 / 0.0916667, rel=1e-5)
    expected = corrected_t(
        np.array(VALUES["gru"]), np.array(VALUES["shuffled"]), overlap=2 / 3, alpha=0.05
    )
    assert table["p"].iloc[0] == table["p_adjusted"].iloc[0] == expected.p
    labels = {"a/gru": "GRU (a)", "a/shuffled": "GRU, shuffled (a)"}
    [sentence] = order_sentences(table, labels=labels, alpha=0.05)
    assert sentence.startswith(
        "Order matters: GRU (a), in order, has a higher sensitivity than GRU, shuffled (a), by 0.38"
    )
    assert "(95 % interval 0.08 to 0.67; p = .026)" in sentence


def test_order_is_adjusted_over_all_metrics_and_pairs():
    metrics = COMPARISON | {"metrics": ["recall", "brier"]}
    two = [
        study("a", models=("gru", "shuffled"), comparison=metrics),
        study("b", models=("gru", "shuffled"), seed=2, values={"gru": [0.5, 0.6, 0.4, 0.2]}),
    ]
    table = order_table(order_pairs(two), alpha=0.05)
    assert table["model_a"].tolist() == ["a/gru", "a/gru", "b/gru"]
    # Holm by hand: the smallest of three p three times, the equal second no less, the last once.
    least, _, last = sorted(table["p"])
    assert table["p_adjusted"].tolist() == pytest.approx([3 * least, 3 * least, last])
    labels = {name: name for pair in ("model_a", "model_b") for name in table[pair]}
    said = order_sentences(table, labels=labels, alpha=0.05)
    assert "adjusted for 3 comparisons" in said[0]
    assert said[2].startswith("No effect of order on sensitivity is shown: b/gru, in order, is")


def test_order_is_tested_across_studies_that_share_their_splits():
    one = study(models=("gru", "mean"))
    two = study("b", models=("shuffled", "mean"), values={"shuffled": VALUES["gru"]})
    [(in_order, shuffled)] = order_pairs([one, two])
    assert (in_order.name, shuffled.name) == ("a/gru", "b/shuffled")
    table = order_table([(in_order, shuffled)], alpha=0.05)
    assert order_sentences(table, labels={"a/gru": "X", "b/shuffled": "Y"}, alpha=0.05) == [
        "No effect of order on sensitivity is shown: X, in order, and Y are equal in every "
        "replicate."
    ]
    assert "GRU (a), in order, and GRU, shuffled (b) are equal" in render_studies([one, two])


def test_order_goes_by_the_replicates_that_both_studies_have():
    less = {"replicates": 3, "splits": SPLITS[:3], "values": {"shuffled": [0.4, 0.6, 0.4]}}
    less["values"]["mean"] = [0.5] * 3
    one, two = study(), study("b", models=("shuffled", "mean"), **less | {"replicates": 3})
    table = order_table(order_pairs([one, two]), alpha=0.05)
    assert table["n"].tolist() == [3]


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 2},
        {"datasets": {"drawn": PHANTOM | {"target": "epidural"}}},
        {"encoders": {"x": ENCODER | {"pooling": "cls"}}},
        {"encoders": {"x": ENCODER | {"window": "bone"}}},
        {"training": TRAINING | {"learning_rate": 1e-3}},
        {"extraction": {"precision": "bfloat16", "speedups": True}},
        {"splits": SPLITS[::-1]},
    ],
    ids=["seed", "target", "pooling", "window", "training", "extraction", "drawn splits"],
)
def test_whatever_else_differs_makes_no_pair_of_order(changed):
    assert order_pairs([study(), study("b", models=("shuffled", "mean"), **changed)]) == []


def test_how_a_study_is_computed_does_not_matter():
    assert order_pairs([study(), study("b", models=("shuffled", "mean"), container="x", shards=4)])


def test_what_a_study_trains_besides_does_not_matter():
    more = {"further": {"variance_seeds": 5}, "multiverse": {"tuning": ["test"]}}
    assert order_pairs([study(), study("b", models=("shuffled", "mean"), **more)])


def test_how_a_models_own_keys_are_spelled_does_not_matter():
    other = study("b", models=("shuffled", "mean"))
    other.config["training"]["learning_rate"] = 1e-3
    other.config["models"]["shuffled"]["training"] = {"learning_rate": 1e-4}
    other.config["extraction"]["precision"] = "bfloat16"
    other.config["encoders"]["x"]["extraction"] = {"precision": "float32"}
    other.config["encoders"]["x"]["window"] = "40/120"
    other.config["training"]["micro_batch"] = 8  # of no use to a head on cached features
    assert len(order_pairs([study(), other])) == 1


def test_a_pair_within_a_study_is_preferred_and_tested_once():
    one, two = study(), study("b", models=("gru", "shuffled"))
    [(in_order, shuffled)] = order_pairs([one, two])
    assert (in_order.study.name, shuffled.study.name) == ("b", "b")
