"""Working copies of the repository with a small study, for the tests that run the workflow."""

import copy
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SHIPPED = ("Snakefile", "config.yaml", "config", "envs", "profiles", "resources/published")
SHIPPED += ("resources/levels.csv", "workflow", "benchmarks")
STUDY = {
    "study": "small",
    "datasets": {
        "phantom": {
            "format": "phantom",
            "phantom": {"patients": 14, "positive": 6, "image_size": 56},
        },
    },
    "dataset": "phantom",
    "replicates": 2,
    "training": {"learning_rate": 3.0e-3, "epochs": 3},
    "comparison": {"metrics": ["accuracy", "precision", "roc_auc"]},
}
FRAMES = 4
# No run takes this long; one that hangs is killed, so that the tests end.
LIMIT_S = 900


def write_checkpoints(folder):
    """Write two local checkpoints, not pretrained, in folders named after what they see.

    That of sequences is in a folder below as well, ``encoder``.
    """
    program = (
        "from ctseq.encoders.tiny import write_tiny\n"
        "for folder in ('sequence', 'sequence/encoder'):\n"
        f"    write_tiny(folder, sees='sequence', frames={FRAMES}, seed=1, steps=0)\n"
        "write_tiny('slice', sees='slice', frames=None, seed=1, steps=0)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True)


def encoders_of(checkpoints):
    """Return the overlay of `encoders` that points the two configured ones at local checkpoints."""
    return {
        "vivit": {"checkpoint": str(checkpoints / "sequence"), "frames": FRAMES},
        "convnext": {"checkpoint": str(checkpoints / "slice")},
    }


def write_copy(folder, overlay):
    """Copy the files that a study needs into a folder, and write its overlay, study.yaml."""
    for name in SHIPPED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, symlinks=True, ignore=ignored)
        elif source.exists():
            shutil.copy2(source, target)
    (folder / "study.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))


@dataclass(frozen=True)
class RuleGraph:
    """The names of rules, and pairs of a rule and one that uses its output."""

    rules: set
    edges: set


def read_dot(text):
    """Read what `snakemake --rulegraph dot` prints."""
    # Wildcards and their values follow a rule's name in its label.
    names = dict(re.findall(r'^\s*(\d+) ?\[ ?label ?= ?"(\w+)', text, re.M))
    edges = re.findall(r"^\s*(\d+) -> (\d+)", text, re.M)
    return RuleGraph(set(names.values()), {(names[a], names[b]) for a, b in edges})


def contents(results):
    """Return what has to be the same wherever studies run: path below `results` to content.

    The page and the checklists state programs' versions, which each machine has its own of, and a
    check says how fast the machine is.
    """
    of_machine = {"logs", "benchmarks", "report.html", "reporting", "check.json", "check.txt"}
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if path.is_dir() or of_machine & {*name.parts}:
            continue
        if path.is_symlink():  # to a slice: the part that is the same in every copy
            found[name.as_posix()] = path.readlink().as_posix().rpartition("/Patients_CT/")[2]
        else:
            found[name.as_posix()] = path.read_bytes()
    return found


def differing(first, second):
    """List the paths whose contents differ between two studies, or that only one has."""
    return sorted(name for name in first | second if first.get(name) != second.get(name))


class Run:
    """A run of Snakemake that goes on beside the test; its output goes to a file."""

    started = []

    def __init__(self, folder, arguments, environment):
        self.file = folder / f"run-{time.monotonic_ns()}.txt"
        with self.file.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", "-p", "--configfile", "study.yaml", *arguments],
                cwd=folder,
                env=environment,
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
        """The name that all its jobs have in Slurm."""
        return re.search(r"SLURM run ID: (\S+)", self.text)[1]

    @property
    def ran(self):
        """The rules of the jobs that it started."""
        return set(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):$", self.text, re.M))

    @property
    def failed(self):
        """The rules of the jobs that failed."""
        return set(re.findall(r"^Error in (?:local)?rule (\w+):$", self.text, re.M))

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def end(self, limit_s=LIMIT_S, status=0):
        """Wait for the run to end and assert its exit status."""
        try:
            ended = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end within {limit_s} s:\n{self.text[-6000:]}") from None
        assert ended == status, self.text[-6000:]
        return self


class Copy:
    """A working copy in a folder of its own, and runs in it."""

    def __init__(self, folder):
        self.folder = folder

    @property
    def results(self):
        return self.folder / "results" / STUDY["study"]

    def twin(self, folder):
        """Return another copy in the same state, times of change included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        twin = copy.copy(self)
        twin.folder = folder
        return twin

    def run(self, *arguments, environment=None):
        """Start a run on this machine."""
        return Run(self.folder, ["--cores", "2", *arguments], environment or os.environ)

    def contents(self):
        """Return what its study and the shared data hold."""
        return contents(self.folder / "results")

    def differing(self, other):
        return differing(self.contents(), other)
