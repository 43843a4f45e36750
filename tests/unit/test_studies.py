"""Finished studies side by side: what differs, what agrees, whether order mattered."""

import copy
import re

import numpy as np
import pandas as pd
import pytest

from ctseq.core.errors import InputError
from ctseq.evidence.order import order_pairs, order_table
from ctseq.evidence.over_replicates.resampled import corrected_mean, corrected_t
from ctseq.evidence.studies import (
    FinishedStudy,
    conclusions,
    differing_keys,
    metrics_table,
    shared_differences,
)
from ctseq.evidence.tables import VERDICT
from ctseq.report.studies_page import render_studies
from ctseq.report.verdicts import agreement_sentence, order_sentences
from ctseq.study.finished import finished_files

pytestmark = pytest.mark.filterwarnings("error")

EVIL = '<script>alert("x")</script>'
GRU = {"kind": "image", "label": "GRU", "checkpoint": "owner/x", "head": {"type": "gru"}}
SHUFFLED = GRU | {"label": "GRU, shuffled", "shuffle_slices": True}
MEAN = GRU | {"label": "Mean", "head": {"type": "mean"}}
TRAINING = {
    "trainable": "head",
    "learning_rate": 1e-4,
    "micro_batch": 2,
    "augmentation": {"mirror": False},
}
COMPARISON = {"metrics": ["recall"], "alpha": 0.05, "undefined": "exclude", "rope": 0.02}
CONFIG = {
    "study": "a",
    "seed": 1,
    "dataset": {"format": "phantom"},
    "replicates": 4,
    "splits": {"scheme": "random"},
    "models": {"gru": GRU, "mean": MEAN},
    "extraction": {"precision": "float32", "speedups": True},
    "training": TRAINING,
    "tuning": {"patients": "train"},
    "evaluation": {"threshold": 0.5},
    "comparison": COMPARISON,
    "report": {"example_slices": True},
}
# Of four patients one validates: n_test / n_train is 1 / 3.
SPLITS = [
    pd.DataFrame(
        {
            "patient_id": list("1234"),
            "subset": ["test" if n == r else "train" for n in "1234"],
        }
    )
    for r in "1234"
]
VALUES = {
    "gru": [0.8, 0.9, 0.7, 0.8],
    "mean": [0.5, 0.6, 0.5, 0.5],
    "shuffled": [0.4, 0.6, 0.4, 0.3],
}


def study(name="a", models=("gru", "mean"), verdicts=(), values=None, splits=SPLITS, **changed):
    """Make a study; `verdicts` are rows of metric, model_a, model_b, better, estimate."""
    known = {"gru": GRU, "mean": MEAN, "shuffled": SHUFFLED}
    config = copy.deepcopy(CONFIG | {"study": name, "models": {m: known[m] for m in models}})
    config |= changed
    rows = [
        (model, replicate, metric, value)
        for model in config["models"]
        for metric in ("recall", "brier")
        for replicate, value in enumerate((VALUES | (values or {}))[model], start=1)
    ]
    columns = list(VERDICT.columns)
    said = [
        (metric, a, b, int(better != ""), better, d, d - 0.1, d + 0.2, 0.01 if better else 0.5)
        for metric, a, b, better, d in verdicts
    ]
    metrics = pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])
    return FinishedStudy(name, config, metrics, splits, pd.DataFrame(said, columns=columns))


def test_keys_that_differ_are_dotted_and_absent_ones_empty():
    other = copy.deepcopy(CONFIG) | {"study": "b", "seed": 2}
    other["models"]["gru"]["shuffle_slices"] = True
    other["training"]["augmentation"]["mirror"] = True
    other["comparison"]["metrics"] = ["recall", "f1"]
    frame = differing_keys({"a": CONFIG, "b": other})
    assert frame.to_dict("index") == {
        "seed": {"a": "1", "b": "2"},
        "training.augmentation.mirror": {"a": "false", "b": "true"},
        "comparison.metrics": {"a": '["recall"]', "b": '["recall", "f1"]'},
        "models.gru.shuffle_slices": {"a": "", "b": "true"},
    }
    assert differing_keys({"a": CONFIG, "b": CONFIG | {"study": "b"}}).empty


def test_the_interval_of_a_mean():
    """By hand: s^2 = 0.02 / 3, (1/4 + 1/3) s^2 = 0.0038889, t(0.975, 3) = 3.182446."""
    mean, low, high = corrected_mean(np.array(VALUES["gru"]), overlap=1 / 3, alpha=0.05)
    assert mean == pytest.approx(0.8)
    assert (low, high) == pytest.approx((0.8 - 0.198460, 0.8 + 0.198460), abs=1e-6)


def test_a_mean_whose_error_is_unknown_has_no_interval():
    for values, mean in (([0.5, 0.5, 0.5], 0.5), ([0.25], 0.25), ([], np.nan)):
        given = corrected_mean(np.array(values), overlap=1 / 3, alpha=0.05)
        assert given == pytest.approx((mean, np.nan, np.nan), nan_ok=True)


def test_means_stand_side_by_side_and_count_what_is_undefined():
    second = study("b", models=("mean", "gru"), values={"gru": [1.0, np.nan, 0.9, 0.8]})
    table = metrics_table([study(), second])
    assert table[["model", "study"]].to_numpy().tolist() == [
        ["gru", "a"], ["gru", "b"], ["mean", "a"], ["mean", "b"]
    ]  # fmt: skip
    assert table["estimate"].tolist() == pytest.approx([0.8, 0.9, 0.525, 0.525])
    assert table["n"].tolist() == [4, 3, 4, 4]
    assert table["n_undefined"].tolist() == [0, 1, 0, 0]
    zero = COMPARISON | {"undefined": "zero"}
    second = study("b", values={"gru": [1.0, np.nan, 0.9, 0.9]}, comparison=zero)
    assert metrics_table([study(), second])["estimate"].iloc[1] == pytest.approx(0.7)


def test_only_shared_pairs_are_set_side_by_side_and_turned_alike():
    one = study(verdicts=[("recall", "gru", "mean", "gru", 0.3), ("f1", "gru", "mean", "", 0.1)])
    two = study("b", verdicts=[("recall", "mean", "gru", "", -0.1)])
    table = shared_differences([one, two])
    assert table["metric"].tolist() == ["recall"] * 2
    assert table[["model_a", "model_b"]].to_numpy().tolist() == [["gru", "mean"]] * 2
    assert table[["estimate", "low", "high"]].to_numpy() == pytest.approx(
        np.array([[0.3, 0.2, 0.5], [0.1, -0.1, 0.2]])
    )
    assert table["study"].tolist() == ["a", "b"]
    assert shared_differences([one, study("b")]).empty


@pytest.mark.parametrize(
    ("better", "said"),
    [
        ("gg", "Studies a and b agree that GRU is better than Mean in sensitivity."),
        ("mm", "Studies a and b agree that Mean is better than GRU in sensitivity."),
        ("  ", "No difference between GRU and Mean in sensitivity is shown by studies a and b."),
        (
            "g ",
            "GRU is better than Mean in sensitivity in study a; study b shows no difference, "
            "which does not say that there is none.",
        ),
        (
            "gm ",
            "The studies contradict each other in sensitivity: GRU is better than Mean in study "
            "a, and worse in study b; study c shows no difference.",
        ),
        (
            " m m",
            "Mean is better than GRU in sensitivity in studies b and d; studies a and c show no "
            "difference, which does not say that there is none.",
        ),
    ],
)
def test_agreement(better, said):
    names = {"g": "gru", "m": "mean", " ": ""}
    studies = [
        study(name, verdicts=[("recall", "gru", "mean", names[letter], 0.1)])
        for name, letter in zip("abcd", better, strict=False)
    ]
    [found] = conclusions(shared_differences(studies))
    assert agreement_sentence(found, labels={"gru": "GRU", "mean": "Mean"}) == said


def test_order_is_tested_within_a_study():
    both = study(models=("gru", "shuffled", "mean"))
    [(in_order, shuffled)] = order_pairs([both])
    assert (in_order.model, shuffled.model) == ("gru", "shuffled")
    table = order_table([(in_order, shuffled)], alpha=0.05)
    # By hand: differences 0.4, 0.3, 0.3, 0.5; mean 0.375, s^2 = 0.0275 / 3, times (1/4 + 1/3).
    assert table["statistic"].iloc[0] == pytest.approx(0.375 / 0.0731247, rel=1e-5)
    expected = corrected_t(
        np.array(VALUES["gru"]), np.array(VALUES["shuffled"]), overlap=1 / 3, alpha=0.05
    )
    assert table["p"].iloc[0] == table["p_adjusted"].iloc[0] == expected.p
    labels = {"a/gru": "GRU (a)", "a/shuffled": "GRU, shuffled (a)"}
    [sentence] = order_sentences(table, labels=labels, alpha=0.05)
    assert sentence.startswith(
        "Order matters: GRU (a), in order, has a higher sensitivity than GRU, shuffled (a), by 0.38"
    )
    assert "(95 % interval 0.14 to 0.61; p = .014)" in sentence


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
    assert "GRU (a), in order, and GRU, shuffled (b) are equal" in page(one, two)


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
        {"dataset": {"format": "ct-ich-jpg"}},
        {"training": TRAINING | {"learning_rate": 1e-3}},
        {"extraction": {"precision": "bfloat16", "speedups": True}},
        {"splits": SPLITS[::-1]},
    ],
    ids=["seed", "dataset", "training", "extraction", "drawn splits"],
)
def test_whatever_else_differs_makes_no_pair_of_order(changed):
    assert order_pairs([study(), study("b", models=("shuffled", "mean"), **changed)]) == []


def test_how_a_study_is_computed_does_not_matter():
    assert order_pairs([study(), study("b", models=("shuffled", "mean"), container="x", shards=4)])


def test_how_a_models_own_keys_are_spelled_does_not_matter():
    other = study("b", models=("shuffled", "mean"))
    other.config["training"]["learning_rate"] = 1e-3
    other.config["models"]["shuffled"] = SHUFFLED | {"training": {"learning_rate": 1e-4}}
    other.config["extraction"]["precision"] = "bfloat16"
    other.config["models"]["shuffled"] |= {"extraction": {"precision": "float32"}}
    other.config["training"]["micro_batch"] = 8  # of no use to a head on cached features
    assert len(order_pairs([study(), other])) == 1


def test_a_pair_within_a_study_is_preferred_and_tested_once():
    one, two = study(), study("b", models=("gru", "shuffled"))
    [(in_order, shuffled)] = order_pairs([one, two])
    assert (in_order.study.name, shuffled.study.name) == ("b", "b")


def page(*studies):
    return render_studies(studies)


def test_the_page_says_how_to_tell_whether_order_matters():
    text = page(study(), study("b"))
    assert "Apart from their names, the studies have the same configuration." in text
    assert text.count("with shuffle_slices: true, trained on the same splits") == 2
    assert "no two of them compare models of the same names" in text


def test_the_page_has_every_table_and_escapes_its_texts():
    models = {"gru": GRU | {"label": EVIL}, "shuffled": SHUFFLED}
    verdicts = [("recall", "gru", "shuffled", "gru", 0.3)]
    one = study("a", models=("gru", "shuffled"), verdicts=verdicts)
    one.config["models"].update(models)
    two = study("b", models=("gru", "shuffled"), verdicts=verdicts, seed=2)
    two.config["comparison"]["alpha"] = 0.1
    text = page(one, two)
    assert "<script" not in text
    for caption in ("Each model in each study", "Differences within each study", "In order − "):
        assert f"<caption>{caption}" in text
    assert re.search(
        r"<th scope=\"row\">seed</th><td class=\"w\">1</td><td class=\"w\">2</td>", text
    )
    assert ">95 %</td>" in text
    assert ">90 %</td>" in text
    assert "All patients of a and b are synthetic" in text
    assert "at level 0.05, with Holm" in text


def test_a_study_that_went_on_after_its_report_is_refused():
    with pytest.raises(InputError, match=r"results/b/metrics.csv is not of the models and repl"):
        study("b", replicates=3)


def finished(folder, name):
    """Lay out what a finished study of two replicates has."""
    files = ["config.yaml", "metrics.csv", "comparison/verdict.csv"]
    for file in [*files, "splits/replicate-01.csv", "splits/replicate-02.csv"]:
        path = folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("replicates: 2\n")


def test_files_of_finished_studies(tmp_path):
    for name in ("a", "b"):
        finished(tmp_path, name)
    files = finished_files(["b", "a"], tmp_path)
    assert files["configs"] == [tmp_path / "b/config.yaml", tmp_path / "a/config.yaml"]
    assert [str(path.relative_to(tmp_path)) for path in files["splits"]] == [
        f"{study}/splits/replicate-0{number}.csv" for study in "ba" for number in (1, 2)
    ]


def test_every_unfinished_study_is_named_with_what_it_lacks(tmp_path):
    for name in ("a", "b"):
        finished(tmp_path, name)
    (tmp_path / "b/splits/replicate-02.csv").unlink()
    with pytest.raises(InputError) as caught:
        finished_files(["a", "b", "c"], tmp_path)
    message = str(caught.value)
    assert f"study b lacks {tmp_path}/b/splits/replicate-02.csv" in message
    assert f"study c lacks {tmp_path}/c/config.yaml" in message
    assert "study a" not in message
    assert message.endswith("  snakemake --configfile FILE")


@pytest.mark.parametrize(("studies", "said"), [([], "no study"), (["a"], "names a;")])
def test_fewer_than_two_studies_are_refused(tmp_path, studies, said):
    with pytest.raises(InputError, match="compare_studies=") as caught:
        finished_files(studies, tmp_path)
    assert said in str(caught.value)
