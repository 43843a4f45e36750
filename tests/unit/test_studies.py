"""Finished studies side by side: what differs, what each finds, and whether they agree."""

import copy
import re

import numpy as np
import pytest

from ctseq.core.errors import InputError
from ctseq.evidence.notes import cut_ends
from ctseq.evidence.over_replicates.resampled import corrected_mean
from ctseq.evidence.studies import (
    conclusions,
    differing_keys,
    metrics_table,
    shared_differences,
)
from ctseq.report.pages.agreement import agreement_sentence
from ctseq.report.pages.studies import render_studies
from ctseq.study.made.finished import finished_files
from finished import COMPARISON, CONFIG, GRU, SHUFFLED, VALUES, study

pytestmark = pytest.mark.filterwarnings("error")

EVIL = '<script>alert("x")</script>'


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
    # n_test / n_train twice, as in the tests of differences.
    values = np.array(VALUES["gru"])
    mean, low, high = corrected_mean(values, overlap=2 / 3, alpha=0.05)
    assert high > 1  # beyond the metric's range, where it is cut
    first = table.iloc[0]
    assert first[["estimate", "low", "high"]].tolist() == pytest.approx([mean, low, 1])
    assert cut_ends(first["notes"]) == {"high"}
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


def test_a_turned_pair_keeps_who_is_not_worse_than_whom():
    one = study(verdicts=[("recall", "gru", "mean", "gru", 0.3)])
    two = study("b", verdicts=[("recall", "mean", "gru", "gru", -0.3)])
    table = shared_differences([one, two])
    assert table["a_noninferior"].tolist() == [1, 1]
    assert table["b_noninferior"].tolist() == [0, 0]


def test_a_metric_that_is_primary_in_one_study_alone_is_said_to_be():
    verdicts = [("recall", "gru", "mean", "gru", 0.3), ("f1", "gru", "mean", "gru", 0.3)]
    one, two = study(verdicts=verdicts), study("b", verdicts=verdicts)
    two.verdicts["primary"] = (two.verdicts["metric"] == "f1").astype(int)
    found = conclusions(shared_differences([one, two]))
    assert [conclusion.adjusted for conclusion in found] == [["a"], ["b"]]
    text = render_studies([one, two])
    for own, other in ("ab", "ba"):
        assert f"It is a primary contrast of {own}; in {other} the interval decides" in text


def test_what_no_study_is_about_has_a_row_and_no_sentence():
    verdicts = [("recall", "gru", "mean", "", 0.1), ("f1", "gru", "mean", "gru", 0.3)]
    text = render_studies([study(verdicts=verdicts), study("b", verdicts=verdicts)])
    assert "in F1 score" not in text
    assert text.count(">its interval</td>") == text.count(">adjusted test</td>") == 2
    assert text.count(">GRU superior</td>") == text.count(">inconclusive</td>") == 2
    text = render_studies([study(verdicts=verdicts[1:]), study("b", verdicts=verdicts[1:])])
    assert "of the same names on a metric that is primary in one of them" in text


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"better": "mean"}, "Mean superior"),
        ({"better": "gru", "equivalent": 1}, "GRU superior, by less than matters"),
        ({"equivalent": 1, "a_noninferior": 1, "b_noninferior": 1}, "equivalent"),
        ({"b_noninferior": 1}, "Mean non-inferior"),
        ({}, "inconclusive"),
    ],
)
def test_verdicts_in_the_table(cells, said):
    row = ("recall", "gru", "mean", "", 0.1)
    both = [study(name, verdicts=[row]) for name in "ab"]
    for one in both:
        one.verdicts[["a_noninferior", "b_noninferior"]] = 0
        for name, value in cells.items():
            one.verdicts[name] = value
    assert render_studies(both).count(f">{said}</td>") == 2


def test_an_interval_that_is_not_known_is_a_dash():
    flat = {"gru": [0.8] * 4, "mean": [0.5] * 4}
    one, two = (study(name, values=flat, verdicts=[("recall", "gru", "mean", "", 0.3)])
                for name in "ab")  # fmt: skip
    for given in (one, two):
        given.verdicts[["low", "high", "p", "p_adjusted"]] = np.nan
    two.metrics.loc[0, "value"] = 0.9
    page = render_studies([one, two])
    assert "<td></td>" not in page
    assert "<td>0.80</td><td>–</td>" in page


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


def test_an_equivalence_is_not_dropped_and_is_shown_by_the_interval():
    studies = [study(name, verdicts=[("recall", "gru", "mean", better, 0.1)])
               for name, better in zip("abc", ("gru", "", ""), strict=True)]  # fmt: skip
    for one in studies[:2]:
        one.verdicts[["equivalent", "a_noninferior", "b_noninferior"]] = 1
    text = render_studies(studies)
    assert (
        "They are equivalent in study b, whose whole interval lies within its margin. The "
        "difference is smaller than matters in study a, whose whole interval lies within its "
        "margin." in text
    )
    shown = re.findall(r">(adjusted test|its interval|adjusted test and its interval)</td>", text)
    assert shown == ["adjusted test and its interval", "its interval", "adjusted test"]


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
        path.write_text("compare: [a, b]\nreplicates: 2\n")


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


def test_a_study_of_an_earlier_version_is_refused(tmp_path):
    for name in ("a", "b"):
        finished(tmp_path, name)
    (tmp_path / "b/config.yaml").write_text("models: {vivit: {}}\nreplicates: 2\n")
    with pytest.raises(InputError, match="Study b was made by an earlier version"):
        finished_files(["a", "b"], tmp_path)


@pytest.mark.parametrize(("studies", "said"), [([], "no study"), (["a"], "names a;")])
def test_fewer_than_two_studies_are_refused(tmp_path, studies, said):
    with pytest.raises(InputError, match="compare_studies=") as caught:
        finished_files(studies, tmp_path)
    assert said in str(caught.value)
