"""What a user sees of plans and runs, in a pipe and on a terminal."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

QUIET_HEAD = ("Using ", "Config file ", "Assuming ", "host: ")


def command(*arguments):
    files = ["--configfile", "study.yaml", "alpha.yaml"]
    return [sys.executable, "-m", "snakemake", "--cores", "2", *files, *arguments]


def shown(copy, *arguments, status=0):
    """Return the lines that Snakemake writes into a pipe."""
    answer = subprocess.run(
        command(*arguments),
        cwd=copy.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert answer.returncode == status, answer.stdout
    return answer.stdout.splitlines()


def shown_on_terminal(copy, *arguments):
    """Return the text that Snakemake writes to a terminal, without its colours."""
    main, end = pty.openpty()
    with subprocess.Popen(command(*arguments), cwd=copy.folder, stdout=end, stderr=end) as process:
        os.close(end)
        parts = []
        try:
            while part := os.read(main, 65536):
                parts.append(part)
        except OSError:  # the other end was closed
            pass
        process.wait()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(parts).decode()).replace("\r", "")


@pytest.fixture(scope="module")
def copy(study, tmp_path_factory):
    """The finished study, for which another alpha can be asked."""
    copy = study.copy.copy(tmp_path_factory.mktemp("terminal") / "copy")
    copy.configure("alpha.yaml", {})
    return copy


@pytest.fixture
def configured(copy):
    """Return a function that changes the configuration, until the test ends."""
    yield lambda overlay: copy.configure("alpha.yaml", overlay)
    copy.configure("alpha.yaml", {})


@pytest.fixture
def other_alpha(copy, configured):
    configured({"comparison": {"alpha": 0.01}})
    return copy


CHANGED = re.compile(
    r"Changed since results/small was made:\n"
    r"  comparison\.alpha 0\.05 -> 0\.01: comparison, \d+ figures, report\s*\Z"
)


def test_a_plan_ends_with_what_changed_and_what_that_runs_again(other_alpha):
    lines = shown(other_alpha, "--dry-run")
    assert CHANGED.search("\n".join(lines))
    assert len(lines) < 30
    assert sum(line.startswith("Job stats") for line in lines) == 1


def test_a_quiet_plan_says_that_alone(other_alpha):
    lines = shown(other_alpha, "--dry-run", "--quiet")
    assert len([line for line in lines if not line.startswith(QUIET_HEAD)]) == 2
    assert CHANGED.search("\n".join(line for line in lines if not line.startswith("Using ")))


def test_a_terminal_shows_it_too(other_alpha):
    assert CHANGED.search(shown_on_terminal(other_alpha, "--dry-run"))


def test_all_jobs_are_listed_on_demand_and_name_what_changed(other_alpha):
    text = "\n".join(shown(other_alpha, "--dry-run", "-p"))
    assert "rule write_report:" in text
    assert "before: 'alpha: 0.05' now: 'alpha: 0.01'" in text


def test_a_reason_names_the_key_that_changed_and_no_whole_configuration(copy, configured):
    configured({"registered": {"sha256": "0" * 64, "date": "2026-01-31"}})
    plan = "\n".join(shown(copy, "--dry-run", "-p"))
    (reason,) = re.findall(r"^rule write_report:\n(?: {4}.*\n)*? {4}reason: (.*)$", plan, re.M)
    assert "'registered.date: \"2026-01-31\"'" in reason
    assert "learning_rate" not in reason


def test_a_run_is_short_and_ends_with_where_the_report_is(copy):
    lines = shown(copy, "--forcerun", "write_reporting")
    assert lines[-2] == f"Report: {copy.results}/report.html"
    assert lines[-1].startswith("Look at: ")
    assert "report: 1 of 1, " in "\n".join(lines)
    assert len(lines) < 25
    (log,) = (line for line in lines if line.startswith("Complete log(s): "))
    assert "rule write_reporting:" in Path(log.removeprefix("Complete log(s): ")).read_text()


def test_where_nothing_is_to_be_done_the_report_is_named(copy):
    *_, nothing, report, _ = shown(copy)
    assert nothing.startswith("Nothing to be done")
    assert report == f"Report: {copy.results}/report.html"


def test_a_part_alone_says_nothing_of_the_report(copy):
    metrics = "results/small/runs/vivit/replicate-01/metrics.json"
    text = "\n".join(shown(copy, "--forcerun", metrics, "--", metrics))
    assert "Report:" not in text
    assert "By force: evaluation." in text


def test_the_time_that_a_check_estimated_is_of_a_whole_study(copy):
    check = copy.results / "check.json"
    kept = check.read_text()
    check.write_text('{"seconds": 840}')
    try:
        whole = shown(copy, "--dry-run", "--forcerun", "extract_features")
        part = shown(copy, "--dry-run", "--forcerun", "results/small/metrics.csv")
        # What the check itself will measure is not told from the one before.
        again = shown(copy, "--dry-run", "--forceall")
    finally:
        check.write_text(kept)
    assert whole[-1] == "About 14 min 0 s, by results/small/check.txt."
    assert "check.txt" not in "\n".join([*part, *again])


def test_a_failed_job_is_shown_whole_and_names_no_report(copy):
    table = copy.results / "predictions.csv"
    kept = table.read_text()
    table.write_text(kept.replace("scan_id", "scan"))
    try:
        lines = shown(copy, "--forcerun", "compare_patients", status=1)
    finally:
        table.write_text(kept)
    text = "\n".join(lines)
    assert "predictions.csv lacks the column scan_id" in text
    assert "Error in rule compare_patients:" in text
    assert "Report:" not in text


def test_the_registration_is_the_configuration_as_it_is_used(copy):
    shown(copy, "--", "results/small/registration.yaml")
    registered = (copy.results / "registration.yaml").read_text()
    assert registered == (copy.results / "config.yaml").read_text()
    assert yaml.safe_load(registered)["comparison"]["alpha"] == 0.05
