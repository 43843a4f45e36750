"""What a finished study was made with is compared with what is asked for, setting by setting."""

from configs import changed, resolved
from ctseq.study.config import used_config
from ctseq.study.made.standing import page_differences, run_differences
from ctseq.study.study import Study

PHANTOM = {"datasets.ct-ich": {"format": "phantom"}}


def config(keys):
    return resolved(changed(PHANTOM | keys))


def of_runs(made, asked):
    return run_differences(Study.of(config(made)), Study.of(config(asked)))


def of_page(made, asked):
    return page_differences(used_config(config(made)), used_config(config(asked)))


def test_the_same_settings_do_not_differ():
    assert of_runs({}, {}) == of_page({}, {}) == []


def test_more_replicates_and_models_are_added_and_change_no_run():
    more = {"replicates": 12, "compare": ["vivit", "convnext", "gru"], "comparison.alpha": 0.01}
    assert of_runs({}, more) == []
    assert of_page({}, more) == [
        "replicates 10 -> 12",
        'compare ["vivit", "convnext"] -> ["vivit", "convnext", "gru"]',
        "comparison.alpha 0.05 -> 0.01",
    ]


def test_what_decides_runs_is_named_by_its_key():
    assert of_runs({}, {"seed": 5}) == ["seed 2024 -> 5"]
    assert of_runs({}, {"splits.test_proportion": 0.2}) == ["splits.test_proportion 0.3 -> 0.2"]
    assert of_runs({}, {"training.epochs": 3, "compare": ["vivit", "gru"]}) == [
        "models.vivit.training.epochs 20 -> 3"
    ]
    assert of_runs({}, {"tuning.patients": "train"}) == ["tuning.folds null -> 5"]
    assert of_runs({}, {"models.convnext.sequence_rule": "mean"})[0] == (
        "models.convnext.sequence_rule any -> mean"
    )


def test_keys_without_effect_on_runs_are_no_difference():
    assert of_runs({}, {"splits.folds": 3, "report.example_slices": False}) == []


def test_datasets_and_encoders_say_themselves_what_they_were_made_with():
    assert of_page({}, {"datasets.ct-ich.on_problem": "exclude", "shards": 2}) == []
    assert of_page({}, {"encoders.vivit.frames": 16}) == []
