"""`snakemake check`, and the same check before anything that studies share is made again."""

import re

from reruns import OF_AN_ENCODER, OF_THE_DATASET
from studies import STUDY, contents

MISTAKES = {
    "encoders": {"vivit": {"frames": 5}},
    "datasets": {"phantom": {"target": "Blutung"}},
}


def test_a_study_is_checked_before_its_encoders_and_says_what_it_takes(study):
    text = study.outcome.text
    assert text.index("checkpoint check_study:") < text.index("rule describe_encoder:")
    assert text.index("It will take about ") < text.index("rule describe_encoder:")
    # What the check has read is not read again.
    assert not (study.copy.data / "checked").exists()


def test_mistakes_are_said_at_once_and_cost_nothing(study_copy):
    shared, everything = study_copy.tree("results/data"), contents(study_copy.results)
    outcome = study_copy.snakemake(overlay=MISTAKES)
    assert outcome.status == 1
    assert outcome.rules <= {"all"}
    said = outcome.text.partition("Error: The study cannot be run as it is (2 problems):")[2]
    assert "'Blutung', which CT-ICH's labels do not know; choose one of hemorrhage" in said
    assert "encoders.vivit.frames is 5, but the checkpoint joins 2 frames" in said
    assert study_copy.tree("results/data") == shared

    plan = study_copy.snakemake("--dry-run")
    assert "did not change since results/small was made. By missing files: check." in plan.text
    outcome = study_copy.snakemake()
    assert outcome.status == 0, outcome.text[-4000:]
    assert outcome.checked
    assert outcome.rules <= {"all"}
    assert study_copy.tree("results/data") == shared
    assert contents(study_copy.results) == everything
    assert study_copy.snakemake("--dry-run").idle


def test_a_change_is_planned_as_it_will_be_made(study_copy):
    plan = study_copy.snakemake("--dry-run", overlay={"encoders": {"vivit": {"frames": 2}}})
    assert plan.checked
    assert {*OF_AN_ENCODER, "fit", "write_report"} <= plan.rules
    assert not {*OF_THE_DATASET} & plan.rules
    # A replicate of what is there waits for nothing.
    replicate = "results/small/runs/vivit/replicate-01/metrics.json"
    (study_copy.results / "check.txt").unlink()
    plan = study_copy.snakemake("--dry-run", "--", replicate)
    assert plan.idle
    assert not plan.checked
    # Without a check, nothing of other settings takes the place of what is there.
    for overlay, file in (
        ({"encoders": {"vivit": {"frames": 2}}}, "encoders/vivit.json"),
        ({"datasets": {"phantom": {"target": "Blutung"}}}, "format.json"),
    ):
        shared = study_copy.tree("results/data")
        outcome = study_copy.snakemake("--", replicate, overlay=overlay)
        assert outcome.status == 1
        assert f"Error: results/data/phantom/{file} would be made again" in outcome.text
        assert "Run `snakemake check` with the same configuration" in outcome.text
        assert study_copy.tree("results/data") == shared


def test_a_second_study_on_the_same_data_runs_its_check_and_prints_the_table(study_copy):
    shared, other = study_copy.tree("results/data"), {"study": "other"}
    plan = study_copy.snakemake("--dry-run", overlay=other)
    assert plan.checked
    assert not {*OF_THE_DATASET, *OF_AN_ENCODER} & plan.rules
    for checked in (True, False):  # the second one has nothing to check, and prints it all the same
        outcome = study_copy.snakemake("check", overlay=other)
        assert outcome.status == 0, outcome.text[-4000:]
        assert outcome.checked == checked
        assert outcome.rules <= {"check"}
        assert "Check of the study other: nothing is wrong." in outcome.text
        assert re.search(r"^vivit +VivitForVideoClassification .* 0, is there", outcome.text, re.M)
    assert study_copy.tree("results/data") == shared


def test_a_local_checkpoint_that_is_missing_is_among_the_problems(study_copy):
    mistakes = MISTAKES | {"encoders": {"vivit": {"checkpoint": "./no/where"}}}
    outcome = study_copy.snakemake("check", overlay=mistakes)
    assert outcome.status == 1
    assert "(2 problems)" in outcome.text
    assert "./no/where" in outcome.text.partition("Error: ")[2]


def test_nothing_is_fetched_for_a_dataset_that_lacks_its_files(working_copy, tmp_path):
    scans = tmp_path / "scans"
    its = {"path": str(scans), "format": "auto", "labels": "truth.csv"}
    copy = working_copy({"datasets": {"own": its}, "dataset": "own"})
    for is_fetched in (False, False, True):
        plan = copy.snakemake("check", "--dry-run")
        assert plan.checked
        assert ("fetch_checkpoint" in plan.rules) == is_fetched
        if scans.is_dir():
            (scans / "truth.csv").write_text("patient_id,label\n")
        scans.mkdir(exist_ok=True)


def made_by(outcome):
    """Return the rules of all jobs, those in groups among them, which are indented."""
    return {*re.findall(r"^ *(?:local)?rule (\w+):$", outcome.text, re.M)} - {"check"}


def test_jobs_in_groups_follow_a_check_of_its_own(working_copy, local_encoders):
    """As on a cluster: the check runs by itself, and the study starts if it finds nothing."""
    copy = working_copy(STUDY | {"encoders": local_encoders})
    fitted = "results/small/runs/vivit/replicate-01/training.json"
    grouped = ("--groups", "fit=runs", "index_dataset=dataset", "--", fitted)
    plan = copy.snakemake("--dry-run", *grouped)
    assert {"index_dataset", "fit"} <= made_by(plan)
    assert plan.text.count("The study is checked first, in a run of its own.") == 1

    outcome = copy.snakemake(*grouped, overlay={"encoders": {"vivit": {"frames": 5}}})
    assert outcome.status == 1
    assert "encoders.vivit.frames is 5, but the checkpoint joins 2 frames" in outcome.text
    assert "Error: The study is not run: its check, above, failed." in outcome.text
    assert not (copy.folder / "results/data/phantom/index").exists()
    assert made_by(outcome) == {"draw_phantom", "check_study"}

    outcome = copy.snakemake(*grouped)
    assert outcome.status == 0, outcome.text[-4000:]
    assert "Check of the study small: nothing is wrong." in outcome.text
    assert (copy.folder / fitted).is_file()
    assert {"index_dataset", "fit"} <= made_by(outcome)
    assert outcome.text.count("rule check_study:") == 1
    assert copy.snakemake(*grouped).idle
