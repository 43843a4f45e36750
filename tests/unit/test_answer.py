"""The first screen of the report, and what the primary evidence says of its configuration."""

import dataclasses
import html
import re

import pytest

from ctseq.report.answer import answer_of, answer_tables, shown_metrics
from ctseq.report.page import render, render_published
from ctseq.study.registration import sha256_of
from published import PUBLISHED
from reports import TWO, study_of

THREE = TWO | {"third": "Third"}
EIGHT = {f"m{number}": f"Model {number}" for number in range(8)}


def of_section(page, title):
    """Return the text of a section, without tags."""
    section = page.partition(f"{title}</h2>")[2].partition("<h2")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", section)).split())


def changed(study, **sections):
    """Return the study with keys of its configuration's sections changed."""
    config = {key: value | sections.get(key, {}) if key in sections else value
              for key, value in study.config.items()}  # fmt: skip
    return dataclasses.replace(study, config=config)


def test_two_models_have_a_row_a_metric_with_the_primary_first():
    [table] = answer_tables(changed(study_of(TWO), comparison={"primary": "brier"}))
    assert table.header == ["", "ViViT", "ConvNeXt", "ViViT − ConvNeXt [95 % interval]", "Verdict"]
    assert [row[0] for row in table.rows] == [
        "Brier score", "Accuracy", "Recall (sensitivity)", "Specificity", "Precision (PPV)",
        "ROC AUC",
    ]  # fmt: skip
    assert table.rows[1][1:3] == ["0.69", "0.65"]
    assert table.rows[1][3].startswith("0.04 [−")
    assert table.rows[1][4] == "inconclusive; too wide for equivalence (0.05)"
    assert table.notes[-1] == "Precision holds for the prevalence of the test patients, 0.52."


def test_an_interval_that_is_cut_is_marked_where_it_is_shown():
    note = "An interval of a difference that would reach past the metric's range is cut there."
    study = study_of(TWO)
    cut = study.comparison["resampled_t"]["notes"].str.contains("cut_at_range")
    assert cut.any()
    assert note in answer_tables(study)[0].notes
    study.comparison["resampled_t"] = study.comparison["resampled_t"].assign(notes="")
    assert note not in answer_tables(study)[0].notes


def test_specificity_stands_beside_sensitivity_and_the_auc_is_there_though_not_compared():
    study = changed(study_of(TWO), comparison={"metrics": ["accuracy", "brier", "recall"]})
    assert shown_metrics(study) == ["accuracy", "brier", "recall", "specificity", "roc_auc"]
    study.comparison["verdict"] = study.comparison["verdict"].query("metric == 'accuracy'")
    study.comparison["model_means"] = study.comparison["model_means"].query("metric != 'roc_auc'")
    rows = {row[0]: row[1:] for row in answer_tables(study)[0].rows}
    assert rows["ROC AUC"] == ["0.82", "0.65", "", "not compared"]
    assert shown_metrics(PUBLISHED)[:3] == ["accuracy", "recall", "specificity"]
    assert "roc_auc" not in shown_metrics(PUBLISHED)


@pytest.mark.parametrize("models", [THREE, EIGHT], ids=["three", "eight"])
def test_more_models_have_a_row_each_beside_the_first(models):
    table, means = answer_tables(study_of(models))
    first, *others = models.values()
    assert table.header[2:] == [f"{first} − model [95 % interval]", "Verdict"]
    assert table.rows[0][2:] == ["", "the reference"]
    assert [row[0] for row in table.rows] == [first, *others]
    assert re.fullmatch(r"0\.69 \[0\.\d\d, [01]\.\d\d\]", table.rows[0][1])
    assert means.header[1:4] == ["Recall (sensitivity)", "Specificity", "Precision (PPV)"]
    assert len(means.rows) == len(models)


def test_a_mean_over_fewer_replicates_than_there_are_says_of_how_many():
    note = "In brackets: in how many replicates the metric is defined, where it is 0/0 in others."
    [two] = answer_tables(study_of(TWO))
    precision = next(row for row in two.rows if row[0] == "Precision (PPV)")
    assert [cell.endswith(" (2 of 3)") for cell in precision[1:3]] == [False, True]
    assert sum("of 3)" in cell for row in two.rows for cell in row) == 1
    assert note in two.notes
    primary, means = answer_tables(study_of(THREE))
    assert [row[3].endswith(" (2 of 3)") for row in means.rows] == [False, True, False]
    assert note in means.notes
    assert note not in primary.notes
    defined = changed(study_of(TWO), comparison={"metrics": ["accuracy", "brier", "recall"]})
    assert note not in answer_tables(defined)[0].notes


def test_declared_contrasts_without_a_common_model_have_a_table_of_their_own():
    study = study_of(THREE)
    verdict = study.comparison["verdict"].copy()
    verdict["contrast"] = (verdict["model_b"] == "third").astype(int)
    verdict.loc[verdict["model_a"] == "vivit", ["model_a", "model_b"]] = ["third", "vivit"]
    verdict["contrast"] = ((verdict["model_a"] == "third") | (verdict["contrast"] == 1)).astype(int)
    study.comparison["verdict"] = verdict
    models, contrasts, _ = answer_tables(study)
    assert models.header == ["Model", "Accuracy [95 % interval]"]
    assert "ConvNeXt − Third" in [row[0] for row in contrasts.rows]


def test_the_page_opens_with_one_sentence_and_has_none_a_pair_and_metric():
    page = render(study_of(EIGHT))
    box = page.partition('<div class="answer">')[2].partition("</div>\n<nav")[0]
    assert len(re.findall("<p>", box.partition("<div")[0])) == 1
    assert page.count("(7 comparisons, adjusted after Holm)") == 1


@pytest.mark.parametrize(("patients", "kinds", "flattered"), [
    ("test", (None, None), "Every model kept the epoch"),
    ("test", (None, "svm"), "ViViT kept the epoch"),
    ("test", ("svm", "svm"), ""),
    ("train", (None, None), ""),
])  # fmt: skip
def test_a_flattered_answer_says_so_and_names_the_recommended_protocol(patients, kinds, flattered):
    own = {model: {"family": kind or "linear"} for model, kind in zip(TWO, kinds, strict=True)}
    study = study_of(TWO, given={"tuning": {"patients": patients}, "models": own})
    box = render(study).partition('<div class="answer">')[2].partition("<nav")[0]
    assert ("config/recommended.yaml" in box) == bool(flattered)
    assert flattered in box
    assert ('<p class="flattered">' in box) == bool(flattered)


def test_the_question_is_of_the_contrasts():
    study = study_of(TWO)
    assert answer_of(study).question == (
        "Does a model that sees the whole CT sequence find hemorrhage better than one that sees "
        "slices?"
    )
    heads = {"models": dict.fromkeys(TWO, {"encoder": "image", "family": "gru"})}
    answer = answer_of(study_of(TWO, given=heads))
    question = "Does ViViT find hemorrhage better than ConvNeXt?"
    assert answer.question == question
    assert answer.sentence.startswith("Not shown: ViViT's mean accuracy is 0.04 above ConvNeXt's")
    three = study_of(THREE)
    question = "Does any model find hemorrhage better than ViViT?"
    assert answer_of(three).question == question
    verdict = three.comparison["verdict"].copy()
    chosen = (verdict["primary"] == 1) & (verdict["model_b"] == "third")
    verdict.loc[chosen & (verdict["model_a"] == "vivit"), ["better", "p"]] = ["third", 0.01]
    three.comparison["verdict"] = verdict
    sentence = answer_of(three).sentence
    assert sentence.startswith("Yes in 1 of 2 comparisons: in accuracy, ViViT is inferior to Third")
    verdict["contrast"] = 1
    assert answer_of(three).question == "Which model finds hemorrhage best?"


def test_the_published_page_answers_from_its_primary_metric():
    page = html.unescape(render_published(PUBLISHED))
    assert (
        "No difference is shown: ViViT's mean accuracy is 0.12 above ConvNeXt's (ViViT − ConvNeXt "
        "0.12, 95 % interval −0.02 to 0.26, p = .087), which chance can explain; ViViT is "
        "non-inferior to ConvNeXt, and the interval is too wide to show equivalence within ±0.05."
        in page
    )
    assert "kept the epoch" not in page.partition("<nav")[0]


def test_the_configuration_is_told_by_its_digest():
    study = study_of(TWO)
    digest = sha256_of(study.config)
    said = of_section(render(study), "Primary evidence")
    assert f"in the configuration with the SHA-256 {digest[:12]}…; nothing registered says" in said
    assert "names a registration" not in said


@pytest.mark.parametrize("matches", [True, False])
def test_a_registration_is_stated_and_checked(matches):
    study = study_of(TWO)
    digest = sha256_of(study.config) if matches else "0" * 64
    registered = {"sha256": digest, "date": "2026-02-28"}
    said = of_section(render(dataclasses.replace(study, registered=registered)), "Primary evidence")
    verb = "matches." if matches else "does not match: the configuration was changed since."
    assert (
        f"The configuration names a registration of 2026-02-28 with the hash {digest[:12]}…; the "
        f"hash of this configuration {verb}" in said
    )
    assert "before there were results" not in said


def test_at_another_alpha_no_level_of_5_per_cent_is_told():
    page = html.unescape(render(changed(study_of(TWO), comparison={"alpha": 0.1})))
    said = of_section(page, "Primary evidence")
    assert "Levels were simulated for 0.05, not for 0.1." in said
    assert "Levels were simulated for 0.05, not for 0.1." in of_section(page, "Calibration")
    assert "5 %" not in said
    assert "held the truth" not in page


def test_the_primary_evidence_is_of_the_contrasts_on_the_primary_metric():
    said = of_section(render(study_of(THREE)), "Primary evidence")
    assert "rests on accuracy, the primary metric, and on the 2 contrasts below" in said
    assert "adjusted after Holm over the 2 contrasts" in said
    assert "n(test)/n(training) = 0.48" in said
    assert "ConvNeXt − Third" not in said


def test_patients_who_are_never_tested_are_a_loss_of_precision():
    page = render(study_of(TWO))
    said = of_section(page, "Limits of the conclusion")
    assert "1 of 31 patients is in no test subset. This costs precision and biases" in said
    everyone = dataclasses.replace(study_of(TWO), n_never_tested=0)
    assert "never tested" not in of_section(render(everyone), "Limits of the conclusion")
