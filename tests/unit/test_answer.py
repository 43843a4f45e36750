"""The first screen of the report, and what the primary evidence says of its configuration."""

import dataclasses
import html
import re

import pytest

from ctseq.report.opening.answer import answer_of
from ctseq.report.page import render, render_published
from ctseq.study.registration import sha256_of
from published import PUBLISHED
from reports import TWO, study_of

THREE = TWO | {"third": "Third"}


def of_section(page, title):
    """Return the text of a section, without tags."""
    section = page.partition(f"{title}</h2>")[2].partition("<h2")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", section)).split())


def changed(study, **sections):
    """Return the study with keys of its configuration's sections changed."""
    config = {key: value | sections.get(key, {}) if key in sections else value
              for key, value in study.config.items()}  # fmt: skip
    return dataclasses.replace(study, config=config)


def test_the_question_is_of_the_contrasts():
    study = study_of(TWO)
    assert answer_of(study).question == (
        "Does ViViT, which sees the whole sequence, find hemorrhage better than ConvNeXt, which "
        "sees single slices?"
    )
    heads = {"models": dict.fromkeys(TWO, {"encoder": "image", "family": "gru"})}
    answer = answer_of(study_of(TWO, given=heads))
    question = "Does ViViT find hemorrhage better than ConvNeXt?"
    assert answer.question == question
    assert answer.sentence.startswith("Not shown: ViViT's mean accuracy is 0.04 above ConvNeXt's")
    models = {"other": {"encoder": "image", "family": "mean"}}
    models["third"] = {"encoder": "image", "family": "max"}
    models["vivit"] = {"family": "average", "members": ["other", "third"]}
    models["convnext"] = {"encoder": "image", "family": "linear"}
    assert answer_of(study_of(TWO, given={"models": models})).question == question
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
    assert "kept the epoch" not in page
    assert "Next." not in page
    assert "predictions.csv" not in page


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
