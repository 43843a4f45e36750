"""Ensembles in a study: they combine what their members scored, whom no job trains again."""

import pytest

BOTH = {"family": "average", "members": ["vivit", "convnext"]}
OVERLAY = {
    "models": {"both": BOTH, "mixed": {"family": "average", "members": ["vivit", "pooled"]},
               "pooled": {"family": "bayes", "encoder": "convnext", "pool": "max"}},
    "tuning": {"folds": 2},  # of what always chooses on inner folds
}  # fmt: skip
STACKED = {"models": OVERLAY["models"] | {"stacked": BOTH | {"family": "stacking"}}}
INSIDE = {"tuning": {"patients": "train", "folds": 2}, "evaluation": {"threshold": "chosen"}}


@pytest.fixture(scope="module")
def plans(planned):
    compare = ["vivit", "convnext", "both"]
    cases = {
        "both": OVERLAY | {"compare": compare},
        "mixed": OVERLAY | {"compare": [*compare, "mixed"]},
        "stacked": STACKED | INSIDE | {"compare": [*compare, "stacked"]},
    }
    return planned("ensembles", {name: {"overlay": overlay} for name, overlay in cases.items()})


def jobs_of(plan, *rules):
    return [job for job in plan.jobs if job.split()[0] in rules]


def test_an_ensemble_trains_none_of_its_members_again(plans):
    assert jobs_of(plans["both"], "fit", "finetune", "extract_features") == []
    combined = [f"combine model=both, replicate={number}" for number in ("01", "02")]
    assert jobs_of(plans["both"], "combine") == combined


def test_a_member_that_is_not_compared_is_trained_and_not_evaluated(plans):
    fits = [f"fit model=pooled, replicate={number}" for number in ("01", "02")]
    assert jobs_of(plans["mixed"], "fit") == fits
    assert len(jobs_of(plans["mixed"], "combine")) == 4
    evaluated = {job.split()[1] for job in jobs_of(plans["mixed"], "evaluate")}
    assert evaluated == {"model=both,", "model=mixed,"}


def test_two_members_and_both_ensembles_train_the_members_once(plans):
    fits = jobs_of(plans["stacked"], "fit")
    assert len(fits) == 4
    assert {job.split()[1] for job in fits} == {"model=vivit,", "model=convnext,"}
    assert len(jobs_of(plans["stacked"], "combine")) == 4


def test_an_ensemble_ends_in_predictions(study_copy):
    overlay = OVERLAY | {"compare": ["vivit", "convnext", "both"]}
    run = "results/small/runs/both/replicate-01"
    outcome = study_copy.snakemake("--", f"{run}/metrics.json", overlay=overlay)
    assert outcome.status == 0, outcome.text[-8000:]
    assert set(outcome.rules) == {"combine", "evaluate"}
    assert (study_copy.folder / run / "predictions.csv").exists()
