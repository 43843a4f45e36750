"""What a page opens with: one sentence, one table, one figure, and what to do next."""

import dataclasses
import html
import re

import numpy as np
import pytest

from ctseq.evidence.notes import cut_ends, turned_round, write_notes
from ctseq.evidence.over_replicates.means import model_means_table
from ctseq.report.figures import Figure
from ctseq.report.numbers import CUT_MEANS
from ctseq.report.opening.next_step import next_step
from ctseq.report.opening.performance import performance_table
from ctseq.report.page import render
from published import PUBLISHED
from replicates import replicates
from reports import TWO, numbers_of, study_of, summaries_of

HONEST = {"tuning": {"patients": "train"}}
TWENTY = {f"m{number}": f"Model {number}" for number in range(20)}


def opening(study):
    """Return what stands before the list of contents."""
    return html.unescape(render(study)).partition("<body>")[2].partition("<nav")[0]


def told_from_chance(study, low=0.6):
    """Return a study of which every AUC's interval starts at `low`."""
    means = study.comparison["model_means"]
    low = means["low"].mask(means["metric"] == "roc_auc", low)
    changed = {**study.comparison, "model_means": means.assign(low=low)}
    return dataclasses.replace(study, comparison=changed)


def quiet(models=TWO, **verdict):
    """Return a study without any caution, with columns of its verdicts changed."""
    study = told_from_chance(study_of(models, given=HONEST))
    rows = study.metrics
    fine = rows["metric"].isin(["tp", "tn", "fp", "fn"]) & (rows["value"] == 0)
    means = study.comparison["model_means"].assign(n_undefined=0)
    changed = {"verdict": study.comparison["verdict"].assign(**verdict), "model_means": means}
    return dataclasses.replace(
        study,
        metrics=rows.assign(value=rows["value"].mask(fine, 1)),
        comparison={**study.comparison, **changed},
    )


@pytest.mark.parametrize("models", [TWO, dict([*TWENTY.items()][:6]), TWENTY], ids=len)
def test_any_number_of_models_opens_with_a_sentence_a_table_and_a_figure(models):
    study = study_of(models, figures=[Figure("answer", "Means.", "data:image/png;base64,")])
    page = opening(study)
    box, _, rest = page.partition('<div class="answer">')[2].partition('<div class="missed">')
    parts = [r"<p>(.+?)</p>", '<table class="short performance">', "<figure", '<p class="next">']
    assert [len(re.findall(part, box)) for part in parts] == [1, 1, 1, 1]
    places = [re.search(part, box).start() for part in parts]
    assert places == sorted(places)
    assert box.count("<tr>") == 1 + len(models)
    assert "<table" not in rest
    [sentence] = re.findall(parts[0], box)
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0
    words = re.sub(r"<details>.*?</details>|<[^>]+>", " ", page, flags=re.S).split()
    assert len(words) < 300 + 30 * len(models)


def test_a_row_has_the_usual_metrics_the_primary_one_and_n():
    table = performance_table(study_of(TWO))
    assert table.header == [
        "Model", "AUC", "Sensitivity", "Specificity", "Accuracy (primary)", "n (with + without)",
    ]  # fmt: skip
    # Replicates 1, 2, 3 test patients 1, 4, ..., 28; 2, 5, ..., 29; 3, 6, ..., 27: 10, 10 and 9 of
    # them, of whom the odd ones, 5 each, are positive.
    assert [row[-1] for row in table.rows] == ["9.7 (5 + 4.7)"] * 2
    assert table.rows[0][1] == "0.82 [0.50,\N{NO-BREAK SPACE}1.00†]"
    assert table.notes.count(CUT_MEANS) == 1
    own = study_of(TWO, given={"comparison": {"primary": "roc_auc"}})
    assert performance_table(own).header[1:4] == ["AUC (primary)", "Sensitivity", "Specificity"]
    assert performance_table(PUBLISHED).header[1:3] == ["Sensitivity", "Specificity"]
    assert [row[-1] for row in performance_table(PUBLISHED).rows][1] == "25 (11 + 14)"


def test_metrics_that_are_not_compared_have_their_means_with_intervals():
    metrics, comparison = numbers_of(tuple(TWO.items()), ("accuracy",))
    study = study_of(TWO, metrics=metrics, comparison=comparison)
    study.config["comparison"]["metrics"] = ["accuracy"]
    assert performance_table(study).rows == performance_table(study_of(TWO)).rows
    assert set(comparison["verdict"]["metric"]) == {"accuracy"}


def test_undefined_values_of_a_metric_that_is_not_compared_stop_nothing():
    samples = replicates({"a": [0.6, 0.7, 0.8], "b": [0.5, 0.6, 0.9]})
    beside = np.array([[0.5, np.nan, 0.7], [0.4, 0.5, 0.6]])[:, None]
    both = np.concatenate([samples.measured, beside], axis=1)
    given = dataclasses.replace(samples, measured=both, beside=("roc_auc",), undefined="error")
    row = model_means_table(given).set_index(["metric", "model"]).loc["roc_auc", "a"]
    assert (row["estimate"], row["n"], row["n_undefined"]) == (pytest.approx(0.6), 2, 1)


def test_which_end_is_cut_is_told_and_turned_with_its_difference():
    cell = write_notes([{"code": "cut_at_range", "low": 0, "high": 1}, {"code": "unpaired"}])
    assert cut_ends(cell) == {"high"}
    assert cut_ends(cell, "sensitivity") == set()
    assert cut_ends(turned_round(cell)) == {"low"}
    assert "unpaired" in turned_round(cell)
    assert cut_ends("") == cut_ends(np.nan) == set()


def test_a_sentence_marks_the_end_that_is_cut():
    page = opening(study_of(TWO))
    assert "95 % interval −0.99 to 1.00†, p = .89)" in page
    assert page.count(CUT_MEANS) == 1


@pytest.mark.parametrize(("patients", "kinds", "who"), [
    ("test", (None, None), "every model"),
    ("test", (None, "svm"), "ViViT"),
    ("test", ("svm", "svm"), ""),
    ("train", (None, None), ""),
])  # fmt: skip
def test_a_flattered_study_is_to_be_run_by_the_recommended_protocol(patients, kinds, who):
    own = {model: {"family": kind or "linear"} for model, kind in zip(TWO, kinds, strict=True)}
    study = study_of(TWO, given={"tuning": {"patients": patients}, "models": own})
    study = told_from_chance(study)
    step, _ = next_step(study)
    page = html.unescape(render(study))
    assert step.startswith("Run it by the recommended protocol (config/recom") == bool(who)
    assert page.count(f"here {who} kept the epoch that did best on the very patients") == bool(who)


def test_a_model_that_learnt_nothing_comes_first_where_it_is_most_replicates():
    summaries = summaries_of(TWO) | {"vivit": summaries_of(TWO, 0.03)["vivit"]}
    study = told_from_chance(study_of(TWO, summaries=summaries))
    step, cautions = next_step(study)
    assert step == (
        "Give another learning rate (several with config/recommended.yaml) to what learnt little "
        "or nothing, with which a comparison is one of recipes more than of models: ViViT barely "
        "changes its initial head in all 3 replicates and ConvNeXt calls every patient negative in "
        "1 of 3 replicates (2)."
    )
    assert [one[:30] for one in cautions] == ["Run it by the recommended prot"]
    step, cautions = next_step(told_from_chance(study_of(TWO)))
    assert step.startswith("Run it by the recommended protocol")
    assert [one[:27] for one in cautions] == ["Give another learning rate "]


@pytest.mark.parametrize(("low", "change", "why"), [
    (0.5, 0.8, "no model's AUC is told from chance (no interval lies above 0.5)"),
    (0.6, 0.03, "no model learnt much"),
])  # fmt: skip
def test_where_no_model_learnt_the_recommended_protocol_comes_before_more_patients(
    low, change, why
):
    study = told_from_chance(study_of(TWO, summaries=summaries_of(TWO, change)), low)
    step, cautions = next_step(study)
    assert step == (
        "Run it by the recommended protocol (config/recommended.yaml as another --configfile), "
        "which chooses the learning rate, too, inside the training patients: here "
        f"{why}, and every model kept the epoch that did best on the very patients reported, "
        "which flatters models unequally (in simulated studies by up to 0.04 of accuracy)."
    )
    assert [one[:27] for one in cautions] == ["Give another learning rate "]
    assert cautions[0].count("barely changes its initial head") == 2 * (change < 0.1)
    # The training patients choose the epoch, and yet one rate is given.
    assert next_step(told_from_chance(quiet(), low=0.4))[0] == (
        "Run it by the recommended protocol (config/recommended.yaml as another --configfile), "
        "which chooses the learning rate, too, inside the training patients: here no model's AUC "
        "is told from chance (no interval lies above 0.5)."
    )


def test_a_study_by_the_recommended_protocol_that_learnt_nothing_needs_other_encoders():
    given = {**HONEST, "training": {"learning_rate": [1e-4, 1e-3]}}
    study = dataclasses.replace(
        told_from_chance(quiet(), low=0.4), config=study_of(TWO, given=given).config
    )
    step, cautions = next_step(study)
    assert step.startswith(
        "Give other encoders or families, or look at labels and windows again: no model's AUC is "
        "told from chance (no interval lies above 0.5)"
    )
    assert not any("patients" in one for one in [step, *cautions])
    # One model that learnt is something to compare, and an interval of two replicates says nothing.
    means = study.comparison["model_means"]
    own = means["model"].eq("vivit") & means["metric"].eq("roc_auc")
    study.comparison["model_means"] = means.assign(low=means["low"].mask(own, 0.7))
    assert "chance" not in next_step(study)[0]
    study.comparison["model_means"] = means
    study.config["replicates"] = 2
    assert next_step(study)[0].startswith("Run more replicates (replicates: 10): two are too few")


def test_a_classifier_without_a_learning_rate_needs_another_one():
    kinds = {"models": dict.fromkeys(TWO, {"family": "svm"})}
    _, [caution] = next_step(study_of(TWO, given=kinds))
    assert caution.startswith("Give another encoder or family to what learnt little")


@pytest.mark.parametrize(("n", "why"), [
    (2, "two are too few for an interval that says much"), (1, "one has no interval"),
])  # fmt: skip
def test_few_replicates_are_said_to_be_too_few(n, why):
    study = quiet()
    study.config["replicates"] = n
    assert next_step(study)[0] == f"Run more replicates (replicates: 10): {why}."


def test_undefined_metrics_ask_for_more_replicates():
    study = quiet()
    means = study.comparison["model_means"]
    undefined = 2 * ((means["metric"] == "recall") & (means["model"] == "vivit"))
    study.comparison["model_means"] = means.assign(n_undefined=undefined)
    assert next_step(study)[0] == (
        "Run more replicates, or test on more patients in each: sensitivity is undefined (0/0) in "
        "up to 2 of 3."
    )


@pytest.mark.parametrize(("needed", "sd", "says"), [
    (340.0, 0.1, "Add about 309 patients: it takes roughly 340 to find a difference of 0.05 in "
                 "accuracy in four studies of five by this study's test."),
    (20.0, 0.1, "Repeat this on other patients: the study would have found a difference of 0.05 in "
                "accuracy four times in five, so that the true one may well be smaller."),
    (np.nan, 0.1, "more than 100\N{NARROW NO-BREAK SPACE}000 patients would find a difference"),
    (np.nan, np.nan, "Run more replicates: too few have a value to tell what finds"),
])  # fmt: skip
def test_an_open_verdict_asks_for_as_many_patients_as_the_power_table_says(needed, sd, says):
    study = quiet()
    power = study.comparison["power"].assign(patients_needed=needed, sd=sd)
    study.comparison["power"] = power
    step, cautions = next_step(study)
    assert says in step
    assert cautions == []


def test_of_several_open_contrasts_the_one_that_needs_most_patients_is_named():
    study = quiet(TWO | {"third": "Third"})
    power = study.comparison["power"].assign(patients_needed=340.0)
    power.loc[power["model_b"] == "third", "patients_needed"] = 1000.0
    study.comparison["power"] = power
    assert next_step(study)[0].endswith(
        "(ViViT and Third; of 2 open comparisons this one needs most)."
    )


@pytest.mark.parametrize(("external", "says"), [
    ({}, "Test the fitted models on another hospital's patients"),
    ({"datasets": {"cq500": {"format": "dicom", "path": "x"}}, "external": ["cq500"]},
     "Analyse the scores on cq500"),
])  # fmt: skip
def test_a_verdict_that_is_reached_asks_for_other_patients(external, says):
    study = quiet(better="vivit", supported=1, p=0.01, p_adjusted=0.01)
    config = study_of(TWO, given={**HONEST, **external}).config
    assert next_step(dataclasses.replace(study, config=config))[0].startswith(says)
