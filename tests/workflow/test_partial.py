"""What runs again: one replicate alone, more replicates, another model."""

from pathlib import Path

import pytest

from reruns import (
    BOTH,
    DESCRIBED,
    OF_AN_ENCODER,
    OF_THE_DATASET,
    SPLIT,
    TRAINED,
    concerned,
    of_runs,
)

RUN = "results/small/runs/vivit/replicate-02"
OF_RUN = {"fit model=vivit, replicate=02", "evaluate model=vivit, replicate=02"}

# Other ways of training than the study's on the same encoder, and their rules.
WAYS = {"fit": {"family": "svm"}, "finetune": {"training": {"trainable": "all"}}}


def other(**own):
    """Return the overlay that adds a model."""
    compare = ["vivit", "convnext", "other"]
    return {"models": {"other": {"label": "Other"} | own}, "compare": compare}


@pytest.fixture(scope="module")
def grown(planned, checkpoints):
    """Plans for parts of the study and for more of it."""
    encoder = {"other": {"sees": "slice", "checkpoint": checkpoints["slice"], "first_slices": 9}}
    cases = {
        "one replicate of a new study": {
            "overlay": {
                "study": "new",
                "dataset": "more",
                "datasets": {"more": {"format": "phantom"}},
            },
            "targets": ["results/new/runs/vivit/replicate-02/metrics.json"],
        },
        "one training forced": {"options": ["--forcerun", f"{RUN}/fitted"]},
        "three replicates": {"overlay": {"replicates": 3}},
        "another encoder": {
            "overlay": other(encoder="other", family="linear") | {"encoders": encoder}
        },
        "another family": {"overlay": other(encoder="convnext", family="gru")},
        "pooled slices": {"overlay": other(encoder="convnext", family="logistic", pool="max")},
        **{
            f"{way} metrics": {
                "overlay": {"models": {"vivit": changes}},
                "targets": [f"{RUN}/metrics.json"],
            }
            for way, changes in WAYS.items()
        },
    }
    return planned("grown", cases)


def test_one_replicate_needs_its_own_split_model_and_run_only(grown):
    assert grown["one replicate of a new study"].jobs == sorted(
        {f"{rule} dataset=more" for rule in OF_THE_DATASET}
        | {"split_patients replicate=02"}
        | {f"{rule} dataset=more, encoder=vivit" for rule in OF_AN_ENCODER}
        | OF_RUN
    )


def test_forcing_a_training_re_runs_it_and_what_is_downstream(grown):
    jobs = grown["one training forced"].jobs
    assert of_runs(jobs) == OF_RUN
    assert {job.split()[0] for job in jobs} == TRAINED


def test_more_replicates_run_only_the_new(grown):
    jobs = grown["three replicates"].jobs
    assert {job for job in jobs if "replicate=" in job} == {
        "split_patients replicate=03",
        *(f"fit model={model}, replicate=03" for model in BOTH),
        *(f"evaluate model={model}, replicate=03" for model in BOTH),
    }
    assert {job.split()[0] for job in jobs} == SPLIT


def runs_of(model):
    return {
        f"{rule} model={model}, replicate={n}" for rule in ("fit", "evaluate") for n in ("01", "02")
    }


def test_another_encoder_leaves_the_files_of_the_first_alone(grown):
    jobs = grown["another encoder"].jobs
    own = {f"{rule} dataset=phantom, encoder=other" for rule in OF_AN_ENCODER}
    assert {job for job in jobs if "other" in job} == own | runs_of("other")
    assert concerned(jobs) == {"other"}
    assert {job.split()[0] for job in jobs} == DESCRIBED


@pytest.mark.parametrize("case", ["another family", "pooled slices"])
def test_another_family_on_the_same_encoder_is_trained_and_no_more(grown, case):
    jobs = grown[case].jobs
    assert of_runs(jobs) == runs_of("other")
    assert {job.split()[0] for job in jobs} == TRAINED


@pytest.mark.parametrize("way", WAYS)
def test_another_way_of_training_takes_no_scores_of_the_first(grown, way):
    assert of_runs(grown[f"{way} metrics"].jobs) == {
        f"{way} model=vivit, replicate=02",
        "evaluate model=vivit, replicate=02",
    }


def test_a_forced_replicate_alone_gives_the_same_bytes(study_copy):
    before = study_copy.tree("results")
    outcome = study_copy.snakemake("--forcerun", f"{RUN}/fitted", "--", f"{RUN}/metrics.json")
    assert outcome.status == 0, outcome.text[-4000:]
    assert set(outcome.jobs) == OF_RUN
    _check_touched(before, study_copy.tree("results"), {RUN, f"{RUN}/fitted"})
    assert study_copy.tree(RUN).keys() == {path for path in before if path.startswith(RUN)}


def test_a_third_replicate_leaves_the_first_two_untouched(study_copy):
    before = study_copy.tree("results")
    outcome = study_copy.snakemake(
        "--", "results/small/runs/vivit/replicate-03/metrics.json", overlay={"replicates": 3}
    )
    assert outcome.status == 0, outcome.text[-4000:]
    after = study_copy.tree("results")
    assert {path: after[path] for path in before} == before
    new = {path for path in after if path not in before and "/logs/" not in path}
    new = {path for path in new if "/benchmarks/" not in path}
    assert new == {
        "results/small/splits/replicate-03.csv",
        *(path.replace("replicate-02", "replicate-03") for path in before if path.startswith(RUN)),
    }


def _check_touched(before, after, folders):
    """Assert that only files in these folders, logs and benchmarks were written, same bytes."""
    assert before.keys() == after.keys()
    timed = ("results/small/logs/", "results/small/benchmarks/")
    results = [path for path in before if not path.startswith(timed)]
    assert [path for path in results if before[path][1] != after[path][1]] == []
    written = {path for path in results if before[path][0] != after[path][0]}
    assert {str(Path(path).parent) for path in written} == folders
