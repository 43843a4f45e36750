"""Runs of the workflow as a user types them, in working copies that tests may spoil."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from studies import STUDY, encoders_of, write_checkpoints, write_copy

# Starting Snakemake takes longer than planning a small study: this starts it once, with the
# libraries and plugins that every plan loads, and forks for each plan.
PLANNER = """
import contextlib, json, os, sys
import jsonschema, pandas, smart_open, snakemake.cli, snakemake.utils
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    snakemake.cli.main(["--version"])
for case in json.load(sys.stdin):
    kept = {name: (os.stat(name), open(name, "rb").read()) for name in case["edit"]}
    for name, text in case["edit"].items():
        open(name, "w", encoding="utf-8").write(text)
    child = os.fork()
    if not child:
        output = os.open(case["output"], os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        snakemake.cli.main(case["arguments"])
    os.waitpid(child, 0)
    for name, (times, content) in kept.items():
        open(name, "wb").write(content)
        os.utime(name, ns=(times.st_atime_ns, times.st_mtime_ns))
"""


@dataclass(frozen=True)
class Outcome:
    """A finished run of Snakemake: its exit status and its output."""

    status: int
    text: str

    @property
    def jobs(self):
        """The jobs that it planned or ran, such as ``fit model=vivit, replicate=01``.

        The check of a study is told by `checked` alone. Wildcards that are empty, as of the only
        shard, are left out.
        """
        blocks = re.findall(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)*)", self.text, re.M)
        blocks = [(rule, re.sub(r", \w+=(?=,|$)", "", text, flags=re.M)) for rule, text in blocks]
        named = [(rule, re.search(r"^ {4}wildcards: (.*)$", text, re.M)) for rule, text in blocks]
        return sorted(f"{rule} {found[1]}" if found else rule for rule, found in named)

    @property
    def rules(self):
        return {job.split()[0] for job in self.jobs}

    @property
    def checked(self):
        return bool(re.search(r"^(?:local)?checkpoint check_study:$", self.text, re.M))

    @property
    def idle(self):
        made = self.jobs or self.checked
        return self.status == 0 and "Nothing to be done" in self.text and not made


class WorkingCopy:
    """The workflow's files in a folder of their own, with one study's overlay."""

    def __init__(self, folder, overlay):
        self.folder = folder
        write_copy(folder, overlay)

    @property
    def config(self):
        return yaml.safe_load((self.folder / "study.yaml").read_text())

    @property
    def results(self):
        return self.folder / "results" / self.config["study"]

    @property
    def data(self):
        """What all studies share of its dataset."""
        return self.folder / "results/data" / self.config["dataset"]

    def configure(self, name, overlay):
        (self.folder / name).write_text(yaml.safe_dump(overlay, sort_keys=False))

    def copy(self, folder):
        """Return another working copy in the same state, times of change included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        twin = object.__new__(WorkingCopy)
        twin.folder = folder
        return twin

    def snakemake(self, *arguments, cores=2, environment=None, overlay=None):
        """Run Snakemake with the study's overlay and, if given, another one over it.

        It lists each job (-p), as `Outcome.jobs` reads them.
        """
        answer = subprocess.run(
            [sys.executable, "-m", "snakemake", *self._options(overlay, cores), *arguments],
            cwd=self.folder,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Outcome(answer.returncode, answer.stdout)

    def plans(self, cases):
        """Dry-run many cases: name to overlay, options, targets and files with another text."""
        asked = []
        for number, case in enumerate(cases.values()):
            overlay = self.folder / f"case-{number}.yaml"
            overlay.write_text(yaml.safe_dump(case.get("overlay", {})))
            options = ["--configfile", "study.yaml", overlay.name, "--dry-run", "-p", "--"]
            options[-1:-1] = case.get("options", [])
            output = self.folder / f"case-{number}.log"
            arguments = options + case.get("targets", [])
            edit = case.get("edit", {})
            asked.append({"arguments": arguments, "edit": edit, "output": str(output)})
        subprocess.run(
            [sys.executable, "-c", PLANNER],
            cwd=self.folder,
            input=json.dumps(asked),
            text=True,
            check=True,
        )
        plans = [Outcome(0, Path(case["output"]).read_text()) for case in asked]
        return dict(zip(cases, plans, strict=True))

    def tree(self, below="."):
        """Return every file's time of change and digest by path, without Python's own cache."""
        found = {}
        for path in sorted((self.folder / below).rglob("*")):
            if path.is_symlink():
                found[path.relative_to(self.folder).as_posix()] = (0, str(path.readlink()))
            elif path.is_file() and "__pycache__" not in path.parts:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[path.relative_to(self.folder).as_posix()] = (path.stat().st_mtime_ns, digest)
        return found

    def _options(self, overlay, cores):
        files = ["study.yaml"]
        if overlay is not None:
            self.configure("overlay.yaml", overlay)
            files.append("overlay.yaml")
        return ["-p", "--configfile", *files, "--cores", str(cores)]


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return a function that makes a folder once for all processes of this test run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def make(name, write):
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                write(folder)
                (folder / "made").touch()
        return folder

    return make


@pytest.fixture(scope="session")
def checkpoints(once):
    """Two local checkpoints, not pretrained: what they see to folder."""
    folder = once("checkpoints", write_checkpoints)
    return {sees: str(folder / sees) for sees in ("sequence", "slice")}


@pytest.fixture(scope="session")
def local_encoders(checkpoints):
    """Overlay of `encoders` that points the two configured ones at the local checkpoints."""
    return encoders_of(Path(checkpoints["slice"]).parent)


@dataclass(frozen=True)
class Study:
    """The finished study, for reading: `before` and `after` are its folder's files."""

    copy: WorkingCopy
    outcome: Outcome
    before: dict
    after: dict


@pytest.fixture(scope="session")
def study(once, local_encoders):
    """Run the small study once; tests that change anything take a copy of it."""

    def write(folder):
        copy = WorkingCopy(folder / "copy", STUDY | {"encoders": local_encoders})
        before = copy.tree()
        outcome = copy.snakemake()
        record = {"status": outcome.status, "text": outcome.text}
        record |= {"before": before, "after": copy.tree()}
        (folder / "record.json").write_text(json.dumps(record))

    folder = once("study", write)
    record = json.loads((folder / "record.json").read_text())
    outcome = Outcome(record["status"], record["text"])
    assert outcome.status == 0, outcome.text[-8000:]
    copy = object.__new__(WorkingCopy)
    copy.folder = folder / "copy"
    return Study(copy, outcome, record["before"], record["after"])


@pytest.fixture
def study_copy(study, tmp_path):
    """A working copy with the finished study, for the test's own use."""
    return study.copy.copy(tmp_path / "copy")


@pytest.fixture
def working_copy(tmp_path):
    """Return a function that makes a working copy without results, from a study's overlay."""
    return lambda overlay: WorkingCopy(tmp_path / "copy", overlay)


@pytest.fixture(scope="module")
def modules_copy(tmp_path_factory):
    """Return the same function as `working_copy`, for copies that a module's tests share."""
    return lambda overlay: WorkingCopy(tmp_path_factory.mktemp("module") / "copy", overlay)


@pytest.fixture(scope="session")
def planned(once, study):
    """Return a function that plans cases on a copy of the finished study, once a name."""

    def plan(name, cases):
        def write(folder):
            plans = study.copy.copy(folder / "copy").plans(cases)
            texts = {case: plan.text for case, plan in plans.items()}
            (folder / "plans.json").write_text(json.dumps(texts))

        texts = json.loads((once(name, write) / "plans.json").read_text())
        return {case: Outcome(0, text) for case, text in texts.items()}

    return plan
