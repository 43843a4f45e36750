"""What a plan says at its end: the keys that changed, and what that runs again."""

import re

import pytest

from configs import changed, resolved
from ctseq.study.config import used_config
from ctseq.study.plan import (
    CODE,
    MISSING,
    OTHER_INPUTS,
    SETTINGS,
    STAGES,
    TARGETS,
    Job,
    config_changes,
    plan_lines,
    settings_or_code,
    stage_of,
    work_of,
)
from rules import rules

BY_SETTINGS = frozenset({SETTINGS})
ANALYSES = [
    Job("compare_models", causes=BY_SETTINGS),
    Job("compare_patients", causes=BY_SETTINGS),
    Job("plot_figures", figures=3),
    Job("write_report"),
    Job("write_reporting"),
    Job("all"),
]


def said(changes, jobs=ANALYSES):
    return plan_lines(jobs, changes, "results/demo")


def keys(made, asked):
    """Return the changes between two configurations that differ from the shipped one by keys."""
    return config_changes(*(used_config(resolved(changed(one))) for one in (made, asked)))


def test_one_key_stands_in_a_line_with_what_it_runs_again():
    assert said(["comparison.alpha 0.05 -> 0.01"]) == [
        "Changed since results/demo was made:",
        "  comparison.alpha 0.05 -> 0.01: comparison, 3 figures, report",
    ]


def test_keys_whose_effects_cannot_be_told_apart_share_a_line():
    assert said(["comparison.alpha 0.05 -> 0.01", "comparison.primary recall -> f1"]) == [
        "Changed since results/demo was made:",
        "  comparison.alpha 0.05 -> 0.01",
        "  comparison.primary recall -> f1",
        "  together: comparison, 3 figures, report",
    ]


def test_of_another_protocol_the_first_keys_are_shown():
    lines = said([f"key_{number} 1 -> 2" for number in range(10)])
    assert lines[1] == "  key_0 1 -> 2"
    assert lines[8:] == [
        "  key_7 1 -> 2",
        "  and 2 more",
        "  together: comparison, 3 figures, report",
    ]


def test_what_no_key_explains_is_named_beside_them():
    jobs = [*ANALYSES, Job("fit", causes=frozenset({MISSING})), Job("index_dataset")]
    jobs += [Job("evaluate", causes=frozenset({CODE}))]
    assert said(["comparison.alpha 0.05 -> 0.01"], jobs)[1:] == [
        "  comparison.alpha 0.05 -> 0.01",
        "  together: dataset, 1 training, evaluation, comparison, 3 figures, report (also by "
        "changed code and missing files)",
    ]


def test_more_replicates_are_what_is_missing():
    new = frozenset({MISSING})
    jobs = [Job("split_patients", causes=new), Job("fit", causes=new), Job("fit", causes=new)]
    jobs += [Job("collect_metrics", causes=frozenset({OTHER_INPUTS}))]
    assert said(["replicates 4 -> 5"], jobs)[1:] == [
        "  replicates 4 -> 5: 1 split, 2 trainings, evaluation"
    ]


@pytest.mark.parametrize(
    ("causes", "by"),
    [
        ({MISSING}, "missing files"),
        ({CODE}, "changed code"),
        ({SETTINGS}, "changed code"),
        ({"newer input files", MISSING}, "missing files and newer input files"),
    ],
)
def test_without_a_changed_key_a_line_says_why_jobs_run(causes, by):
    jobs = [Job("fit", causes=frozenset(causes)), Job("evaluate"), Job("all")]
    assert said([], jobs) == [
        f"The configuration did not change since results/demo was made. By {by}: 1 training, "
        "evaluation."
    ]


def test_a_first_run_says_what_it_makes():
    jobs = [Job("draw_phantom"), Job("plot_examples", figures=1), Job("some_other_rule")]
    assert said(None, jobs) == ["To run: dataset, 1 figure, some other rule."]


def test_keys_of_a_study_are_no_matter_where_others_are_made():
    jobs = [Job("write_published"), Job("compare_studies"), Job("published")]
    assert said(["seed 1 -> 2"], jobs) == ["To run: published study, comparison of studies."]


def test_nothing_to_do_is_left_to_snakemake():
    assert said(["comparison.alpha 0.05 -> 0.01"], []) == []
    assert said([], [Job("all")]) == []


def test_every_rule_has_a_stage():
    staged = [rule for of_stage in STAGES.values() for rule in of_stage]
    assert {*rules()} - {*staged, *TARGETS} == set()
    assert len(staged) == len(set(staged))
    assert stage_of("finetune") == stage_of("fit") == "trainings"


def test_figures_are_counted_and_their_jobs_are_not():
    assert work_of([Job("plot_figures", figures=18), Job("plot_examples", figures=1)]) == [
        "19 figures"
    ]


def test_a_digest_among_changed_parameters_is_code():
    digest = f"'{'0a' * 32}'"
    assert settings_or_code([digest]) == {CODE}
    assert settings_or_code(["'alpha: 0.05'", "'alpha: 0.01'", digest]) == {CODE, SETTINGS}
    assert settings_or_code([f"'registered.sha256: \"{'0a' * 32}\"'"]) == {SETTINGS}
    assert settings_or_code([]) == set()


def test_changed_keys_are_dotted_and_have_both_values():
    assert keys({}, {"comparison.alpha": 0.01}) == ["comparison.alpha 0.05 -> 0.01"]
    assert keys({"replicates": 4}, {"replicates": 6}) == ["replicates 4 -> 6"]
    assert keys({}, {}) == []


def test_a_key_that_only_one_has_is_unset_in_the_other():
    assert keys({}, {"comparison.margins": {"recall": 0.02}})[-1].endswith("-> 0.02")
    made, asked = {"a": {"x": 1}}, {"a": {"x": 1, "y": None}}
    assert config_changes(made, asked) == ["a.y unset -> null"]
    assert config_changes(asked, made) == ["a.y null -> unset"]


def test_of_a_model_that_is_added_the_list_of_models_tells():
    made = {"compare": ["a"], "models": {"a": {"family": "linear"}}}
    asked = {"compare": ["a", "b"], "models": {"a": {"family": "gru"}, "b": {"family": "gru"}}}
    assert config_changes(made, asked) == [
        'compare ["a"] -> ["a", "b"]',
        "models.a.family linear -> gru",
    ]


def test_what_is_no_matter_to_results_is_not_compared():
    assert config_changes({"compare_studies": []}, {"compare_studies": ["a", "b"]}) == []


def test_values_are_short_and_text_that_looks_like_another_type_is_quoted():
    assert config_changes({"a": "1"}, {"a": 1}) == ['a "1" -> 1']
    (line,) = config_changes({"a": []}, {"a": [*range(100)]})
    assert re.fullmatch(r"a \[\] -> \[0, 1, .*\.\.\.", line)
    assert len(line) < 80
