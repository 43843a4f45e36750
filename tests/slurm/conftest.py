"""A throw-away Slurm cluster, and runs of a small study through it and beside it."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "tests/slurm/cluster.sh"
SHIPPED = ("Snakefile", "config.yaml", "config", "envs", "profiles", "resources/published")
SHIPPED += ("workflow",)
STUDY = {
    "study": "small",
    "dataset": {
        "format": "phantom",
        "phantom": {"patients": 14, "positive": 6, "image_size": 56},
    },
    "replicates": 2,
    "training": {"learning_rate": 3.0e-3, "epochs": 3},
    "comparison": {"bootstrap_resamples": 100, "metrics": ["accuracy"]},
    "report": {"example_slices": False},
}
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
# No run takes this long; a hanging one is killed, so that the whole ends in time.
LIMIT_S = 420


@dataclass(frozen=True)
class Job:
    """What Slurm's controller knows about a job; ``tasks`` are its rules with their wildcards."""

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
    """The cluster in `folder`, and what its scheduler has on record."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = os.environ | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder / 'bin'}:{SEARCHED}",
        }

    def control(self, *arguments):
        subprocess.run([CLUSTER, self.folder, *arguments], check=True, timeout=60)

    def ask(self, *command):
        answer = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=30
        )
        return answer.stdout.strip()

    def jobs(self, folder, after=0):
        """List the jobs that were submitted from `folder`, after a job's number."""
        found = []
        for record in self.ask("scontrol", "-d", "-o", "show", "job").splitlines():
            fields = dict(re.findall(r"(\S+?)=(.*?) *(?= \S+?=|$)", record))
            number = int(fields.get("JobId", 0))
            if fields.get("WorkDir") != str(folder) or number <= after:
                continue
            script = self.ask("scontrol", "write", "batch_script", str(number), "-")
            targets = re.search(r"--target-jobs (.*?) --allowed-rules", script)[1]
            found.append(Job(number, frozenset(shlex.split(targets)), fields))
        return sorted(found, key=lambda job: job.number)

    def running(self, folder, after=0, limit_s=90):
        """Wait until a job from `folder` runs, and give it."""
        return self.until(
            lambda: [job for job in self.jobs(folder, after) if job["JobState"] == "RUNNING"],
            limit_s,
        )[0]

    def until(self, condition, limit_s=60):
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.3)
        raise AssertionError(f"not seen within {limit_s} s: {self.ask('squeue', '-a')}")


class Run:
    """A run of Snakemake that goes on beside the test; its output goes to a file."""

    started = []

    def __init__(self, folder, arguments, environment):
        self.file = folder / f"run-{time.monotonic_ns()}.txt"
        with self.file.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", *arguments],
                cwd=folder,
                env={k: v for k, v in environment.items() if not k.startswith("SNAKEMAKE_")},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(self)

    @property
    def text(self):
        return self.file.read_text()

    @property
    def slurm_name(self):
        return re.search(r"SLURM run ID: (\S+)", self.text)[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self, limit_s=LIMIT_S):
        """Wait for the run to end well."""
        try:
            status = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"no end within {limit_s} s:\n{self.text[-6000:]}") from None
        assert status == 0, self.text[-6000:]
        return self


class Copy:
    """A working copy of the repository in a folder of its own."""

    def __init__(self, folder, cluster):
        self.folder = folder
        self.cluster = cluster
        self.results = folder / "results/small"

    def twin(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        return Copy(folder, self.cluster)

    def local(self, *arguments):
        return Run(self.folder, ["--cores", "2", *arguments], os.environ)

    def slurm(self, *arguments):
        """Run as a user does, but for quicker polls and no waiting for a network file system."""
        quick = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5")
        options = ["--profile", "profiles/slurm", *quick, *arguments]
        return Run(self.folder, options, self.cluster.environment)

    def contents(self):
        """Give every file that has to be the same, by its path in the study's folder."""
        found = {}
        for path in sorted(self.results.rglob("*")):
            name = path.relative_to(self.results)
            if path.is_dir() or name.parts[0] in ("logs", "benchmarks", "report.html"):
                continue
            if path.is_symlink():  # to a slice: the part that is the same in every copy
                found[name.as_posix()] = path.readlink().as_posix().rpartition("/Patients_CT/")[2]
            else:
                found[name.as_posix()] = path.read_bytes()
        return found

    def differing(self, contents):
        """List the paths that only this copy's or the given contents have, or that differ."""
        own = self.contents()
        return sorted(name for name in own | contents if own.get(name) != contents.get(name))


def _install():
    if all(shutil.which(program, path=SEARCHED) for program in PROGRAMS):
        return
    if os.geteuid() or not Path("/etc/debian_version").exists():
        pytest.skip("Slurm is not installed, and only root on Debian may install it here")
    packages = ["slurm-wlm", "munge"]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(install, env=quiet, check=False, timeout=300).returncode:
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True, timeout=120)
        subprocess.run(install, env=quiet, check=True, timeout=300)


@pytest.fixture(scope="session")
def cluster():
    """Start the cluster and stop it at the end, its daemons and jobs with it."""
    _install()
    # Munge wants a path that everybody may search, which pytest's folders are not.
    folder = Path(tempfile.mkdtemp(prefix="ctseq-slurm-"))
    folder.chmod(0o755)
    cluster = Cluster(folder)
    try:
        cluster.control("start")
        yield cluster
    finally:
        for run in Run.started:
            if run.process.poll() is None:
                os.killpg(run.process.pid, signal.SIGKILL)
        cluster.control("stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Write two local checkpoints, not pretrained."""
    folder = tmp_path_factory.mktemp("checkpoints")
    program = (
        "from ctseq.tiny import write_tiny\n"
        "write_tiny('video', kind='video', frames=4, seed=1, steps=0)\n"
        "write_tiny('image', kind='image', frames=None, seed=1, steps=0)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True)
    return folder


@pytest.fixture(scope="session")
def working_copy(tmp_path_factory):
    """Give a function that makes a working copy with a small study's overlay, study.yaml."""

    def make(checkpoints, cluster=None, **overlay):
        folder = tmp_path_factory.mktemp("copy")
        for name in SHIPPED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, folder / name, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, folder / name)
        models = {
            "vivit": {"checkpoint": str(checkpoints / "video"), "frames": 4},
            "convnext": {"checkpoint": str(checkpoints / "image")},
        }
        study = STUDY | {"models": models} | overlay
        (folder / "study.yaml").write_text(yaml.safe_dump(study))
        return Copy(folder, cluster)

    return make
