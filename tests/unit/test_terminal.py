"""What a run shows: which of Snakemake's lines are left out, and how far its stages are."""

import io
import logging

import pytest

from ctseq.core.progress import FIRST_S
from ctseq.core.terminal import (
    Explaining,
    FewLines,
    Follower,
    StageProgress,
    is_advice,
    is_chatter,
    is_harmless,
)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("job_info", " Rule: fit, Jobid: 3"),
        ("job_finished", "Finished jobid: 3 (Rule: fit)"),
        ("workflow_started", "Workflow has started!"),
        (None, "Select jobs to execute..."),
        (None, "Building DAG of jobs..."),
        (None, "Job 3 has been submitted with SLURM jobid 7 (log: a.log)."),
        (None, "Some jobs were triggered by provenance information, see 'reason' section"),
    ],
)
def test_what_is_said_of_each_job_or_of_every_run_is_chatter(event, message):
    assert is_chatter(event, message)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("run_info", "Job stats:"),
        ("job_error", "Error in rule fit"),
        ("error", "WorkflowError"),
        (None, "Nothing to be done (all requested files are present and up to date)."),
        (None, "Complete log(s): /a/.snakemake/log/b.log"),
        (None, "SLURM run ID: ctseq-1"),
        (None, "multiverse: 24 protocols, 240 trainings"),
        (None, "None of its lines are known: Select jobs to execute"),
    ],
)
def test_other_lines_are_kept(event, message):
    assert not is_chatter(event, message)


def test_warnings_of_what_is_as_it_should_be_are_harmless():
    typed = "rule check_study, line 37, /x/check.smk: Relative file path './swin' starts with './'."
    assert is_harmless(f"{typed} This is redundant and strongly discouraged.")
    record = "resources/checkpoints/owner--swin--main.json"
    assert is_harmless(f"Cannot restore {record}: no backup found.")
    assert not is_harmless(f"Restored previous version of {record} (updating job failed).")
    assert not is_harmless(
        "Error: encoders.swin.checkpoint is ./swin, a folder that does not exist"
    )


def test_advice_on_keeping_outdated_results_is_known():
    assert is_advice("Rules with provenance triggered jobs: fit")
    assert not is_advice("Reasons:\n    missing output files:\n        fit")


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def stages(now):
    stages = StageProgress(clock=lambda: now[0])
    stages.expect({"trainings": 80, "report": 1})
    return stages


def test_a_line_says_how_far_a_stage_is_and_how_long_it_takes(stages, now):
    stages.start("trainings")
    lines = []
    for _ in range(40):
        now[0] += 4.5
        lines.append(stages.finish("trainings"))
    assert lines[-1] == "trainings: 40 of 80, 3 min 0 s, about 3 min 0 s left"
    # 40 jobs in three minutes: a line in 20 seconds, and then after a tenth of the time so far.
    assert sum(map(bool, lines)) == 8
    assert not any(lines[:4])
    assert lines[4] == "trainings: 5 of 80, 22 s, about 5 min 38 s left"


def test_the_end_of_a_stage_is_always_said(stages, now):
    stages.start("report")
    now[0] += 2
    assert stages.finish("report") == "report: 1 of 1, 2 s"


def test_a_night_of_thousands_of_jobs_is_some_fifty_lines(now):
    stages = StageProgress(clock=lambda: now[0])
    stages.expect({"trainings": 4000})
    stages.start("trainings")
    lines = []
    for _ in range(4000):
        now[0] += 8 * 3600 / 4000
        lines.append(stages.finish("trainings"))
    assert 40 <= sum(map(bool, lines)) <= 70
    assert lines[-1] == "trainings: 4000 of 4000, 8 h 0 min"


def test_jobs_that_a_checkpoint_adds_are_counted(stages, now):
    stages.expect({"report": 2})
    now[0] += FIRST_S
    stages.start("report")
    assert stages.finish("report") == ""
    assert stages.finish("report") == "report: 2 of 2, 0 s"


def test_a_job_that_no_plan_counted_breaks_nothing(stages, now):
    now[0] += FIRST_S
    assert stages.finish("unknown") == "unknown: 1 of 1, 0 s"


def record(message="", level=logging.INFO, **about):
    made = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    vars(made).update(about)
    return made


def test_a_plan_shows_its_table_once_and_its_reasons_without_the_jobs():
    said = []
    few = FewLines(say=said.append)
    table = record("Job stats:", event="run_info")
    assert [few.filter(table), few.filter(table)] == [True, False]
    reasons = "Reasons:\n    (check individual jobs above for details)\n    params have changed:"
    assert not few.filter(record(reasons))
    assert said == ["Why (-p lists each job):\n    params have changed:"]
    assert few.filter(record("Select jobs to execute...", logging.WARNING))


@pytest.fixture
def follow():
    """Return a function that makes a follower of a run of two trainings, and what it says."""

    def follower(said, screen):
        return Follower(
            stage_of={"fit": "trainings", "all": None}.get,
            planned=lambda: {"trainings": 2},
            say=said.append,
            last_lines=lambda: ["Report: here"],
            screen=screen,
        )

    return follower


def test_the_end_of_a_stage_and_of_a_run_are_said(follow):
    said, screen = [], io.StringIO()
    follower = follow(said, screen)
    for job, rule in enumerate(("fit", "fit", "all")):
        follower.handle(record(event="job_info", jobid=job, rule_name=rule))
        follower.handle(record(event="job_finished", job_id=job))
    assert said == ["trainings: 2 of 2, 0 s"]
    for _ in range(2):  # by Snakemake, and by Python when it ends
        follower.close()
    assert screen.getvalue() == "Report: here\n"


def test_a_run_that_failed_has_no_last_lines(follow):
    screen = io.StringIO()
    follower = follow([], screen)
    follower.handle(record("Error in rule fit", logging.ERROR, event="job_error"))
    assert follower.failed
    follower.close()
    assert screen.getvalue() == ""


@pytest.mark.parametrize(("exception", "why", "shown"), [
    ("MissingRuleException", "replicate 7 of 2", "Error: replicate 7 of 2"),
    ("MissingRuleException", "", "No rule to produce 100 %s"),
    ("WorkflowError", "replicate 7 of 2", "No rule to produce 100 %s"),
])  # fmt: skip
def test_why_no_rule_makes_a_file_is_said_where_it_is_known(exception, why, shown):
    told = logging.makeLogRecord({"msg": "No rule to produce 100 %s", "exception": exception})
    assert Explaining(lambda: why).filter(told)
    assert told.getMessage() == shown
