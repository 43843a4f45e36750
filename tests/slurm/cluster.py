"""A throw-away Slurm cluster on this machine, and what its scheduler has on record."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from studies import ROOT, Copy, Run

PROGRAM = ROOT / "tests/slurm/cluster.sh"
INSTALLER = ROOT / "tests/slurm/install.sh"
SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


@dataclass(frozen=True)
class Job:
    """A job as Slurm's controller has it; ``tasks`` are its rules with their wildcards."""

    number: int
    tasks: frozenset
    fields: dict

    @property
    def rules(self):
        return {task.split(":")[0] for task in self.tasks}

    @property
    def gpus(self):
        return self.fields.get("JOB_GRES", "(null)")

    def __getitem__(self, name):
        return self.fields[name]


class Cluster:
    """The cluster whose files stand in `folder`, and its scheduler's records."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = os.environ | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder / 'bin'}:{SEARCHED}",
        }

    def control(self, *arguments):
        subprocess.run([PROGRAM, self.folder, *arguments], check=True, timeout=60)

    def ask(self, *command):
        answer = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=30
        )
        return answer.stdout.strip()

    def jobs(self, folder):
        """List the jobs that were submitted from `folder`."""
        found = []
        for record in self.ask("scontrol", "-d", "-o", "show", "job").splitlines():
            fields = dict(re.findall(r"(\S+?)=(.*?) *(?= \S+?=|$)", record))
            number = int(fields.get("JobId", 0))
            if fields.get("WorkDir") != str(folder):
                continue
            script = self.ask("scontrol", "write", "batch_script", str(number), "-")
            targets = re.search(r"--target-jobs (.*?) --allowed-rules", script)[1]
            found.append(Job(number, frozenset(shlex.split(targets)), fields))
        return sorted(found, key=lambda job: job.number)

    def running(self, folder, limit_s=90):
        """Wait until a job from `folder` runs and return it."""
        return self.until(
            lambda: [job for job in self.jobs(folder) if job["JobState"] == "RUNNING"],
            limit_s,
        )[0]

    def until(self, condition, limit_s=60):
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.3)
        raise AssertionError(f"not seen within {limit_s} s: {self.ask('squeue', '-a')}")


class ClusterCopy(Copy):
    """A working copy whose runs can go through a cluster."""

    def __init__(self, folder, cluster):
        super().__init__(folder)
        self.cluster = cluster

    def slurm(self, *arguments, environment=None):
        """Start a run as a user does, with quicker polls and no waiting for a file system."""
        quick = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5")
        options = ["--profile", "profiles/slurm", *quick, *arguments]
        return Run(self.folder, options, self.cluster.environment | (environment or {}))


def install():
    """Install Slurm where it is not there yet, or fail with the reason."""
    answer = subprocess.run([INSTALLER], stderr=subprocess.PIPE, text=True, check=False)
    if answer.returncode:
        pytest.fail(answer.stderr, pytrace=False)


@contextmanager
def started():
    """Start a cluster and stop it at the end, its daemons and jobs with it."""
    # Munge wants a path that everybody may search, which pytest's folders are not.
    folder = Path(tempfile.mkdtemp(prefix="ctseq-slurm-"))
    folder.chmod(0o755)
    cluster = Cluster(folder)
    try:
        cluster.control("start")
        yield cluster
    finally:
        for run in Run.started:
            run.kill()
        cluster.control("stop")
        shutil.rmtree(folder, ignore_errors=True)
