"""A study that is killed time and again, a disk that is full or read-only, two studies at once.

`make test-faults` runs it.
"""

import os
import random
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from studies import LIMIT_S, STUDY, encoders_of

pytestmark = pytest.mark.skipif(
    "CTSEQ_TEST_FAULTS" not in os.environ,
    reason="it disturbs a study for minutes: make test-faults",
)

KILLS = 50
# Figures and the report are drawn from these.
TABLES = ("comparison/verdict.csv", "comparison/patients/discrimination.csv")


def targets(copy):
    """List the study's last tables."""
    return [f"{copy.results.relative_to(copy.folder)}/{table}" for table in TABLES]


@pytest.fixture(scope="module")
def undisturbed(new_copy, checkpoints):
    """Run the study up to its last tables and return the contents of its files."""
    copy = new_copy(checkpoints)
    copy.run("--", *targets(copy)).end()
    return copy.contents()


@pytest.fixture
def copy(new_copy, checkpoints):
    """A working copy without results."""
    return new_copy(checkpoints)


def children(process):
    """List the descendants of a process that run a rule's script."""
    below, found = [process], []
    while below:
        listed = Path(f"/proc/{below.pop()}/task")
        for path in listed.glob("*/children"):
            try:
                below += (new := [int(number) for number in path.read_text().split()])
                found += new
            except OSError:  # it has just ended
                continue
    return [number for number in found if _is_script(number)]


def _is_script(process):
    try:
        return b".snakemake/scripts/" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def wait_for_jobs(run):
    """Wait until a run has started a job or has ended, however long this machine takes for it."""
    deadline = time.monotonic() + LIMIT_S
    while run.process.poll() is None and not run.ran:
        assert time.monotonic() < deadline, run.text
        time.sleep(0.1)


def is_passing(name):
    """Tell whether a file is one that a finished study does not have."""
    return ".unfinished." in name or "/checked/" in name


def unfinished(copy):
    """List what a finished study does not have, but its jobs may have left."""
    results = copy.folder / "results"
    return [path for path in results.rglob("*") if is_passing(path.relative_to(results).as_posix())]


def test_killed_fifty_times_it_ends_as_if_undisturbed(copy, undisturbed):
    """At random moments, a running job or Snakemake itself; jobs of the latter go on."""
    moments = random.Random(1)
    kills, finished = {"job": 0, "head": 0}, False
    while sum(kills.values()) < KILLS:
        force = ["--forcerun", "draw_phantom"] if finished else []
        run = copy.run(*force, "--", *targets(copy))
        finished = False
        wait_for_jobs(run)
        time.sleep(moments.uniform(0, 4))
        if run.process.poll() is not None:
            run.end()
            finished = True
            continue
        jobs = children(run.process.pid)
        if jobs and moments.random() < 0.7:
            os.kill(moments.choice(jobs), signal.SIGKILL)
            run.process.wait(LIMIT_S)
            kills["job"] += 1
        else:
            run.process.send_signal(signal.SIGKILL)
            run.process.wait()
            copy.run("--unlock").end()
            kills["head"] += 1
        # Whatever stands there under its name is whole; an index that a check keeps is taken over.
        present = {n: c for n, c in copy.contents().items() if not is_passing(n)}
        assert {name for name in present if present[name] != undisturbed[name]} == set()
    copy.run("--", *targets(copy)).end()
    assert min(kills.values()) >= 5
    assert unfinished(copy) == []
    assert copy.differing(undisturbed) == []


@contextmanager
def mounted(folder, size):
    """Mount a small disk for the study; yield a function that remounts it."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    subprocess.run(mount, check=True)
    try:
        yield lambda options: subprocess.run(
            ["mount", "-o", f"remount,{options}", folder], check=True
        )
    finally:
        subprocess.run(["umount", folder], check=True)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")


@needs_root
def test_a_full_disk_is_said_and_gone_on_from(copy, undisturbed):
    with mounted(copy.folder / "results", "700k") as change:
        run = copy.run("--", *targets(copy)).end(status=1)
        assert "No space left on device. Free space on the disk" in run.text
        assert "Traceback" not in run.text
        assert unfinished(copy) == []
        change("size=100m")
        copy.run("--", *targets(copy)).end()
        assert copy.differing(undisturbed) == []


@needs_root
def test_a_read_only_disk_is_said_before_anything_runs(copy, undisturbed):
    with mounted(copy.folder / "results", "100m") as change:
        change("ro")
        run = copy.run("--", *targets(copy)).end(status=1)
        assert "results cannot be written to: Read-only file system" in run.text
        assert run.ran == set()
        change("rw")
        copy.run("--", *targets(copy)).end()
        assert copy.differing(undisturbed) == []


def test_two_studies_at_once_do_not_disturb_each_other(copy, checkpoints, undisturbed):
    """Once the data and features are there that they share."""
    other = STUDY | {"study": "other", "seed": 7, "encoders": encoders_of(checkpoints)}
    (copy.folder / "other.yaml").write_text(yaml.safe_dump(other))
    second = ["results/other/comparison/verdict.csv"]
    features = (f"results/data/phantom/features/{one}.safetensors" for one in ("vivit", "convnext"))
    copy.run("--", *features).end()
    runs = [
        copy.run("--", *targets(copy)),
        copy.run("--configfile", "other.yaml", "--", *second),
    ]
    for run in runs:
        run.end()
    assert [name for name in copy.differing(undisturbed) if not name.startswith("other/")] == []
    assert (copy.folder / second[0]).exists()
