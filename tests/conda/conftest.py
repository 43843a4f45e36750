"""A real conda with a local channel, and a small study run through it and without it."""

import os
import shutil
import subprocess
import sysconfig
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from conda.real_conda import make_conda
from slurm.cluster import SEARCHED, started
from studies import ROOT, Copy, Run

ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


@dataclass(frozen=True)
class Conda:
    """A conda, the folder in which Snakemake makes environments, and which job used which."""

    folder: Path
    programs: Path

    @property
    def options(self):
        return ("--sdm", "conda", "--conda-prefix", str(self.folder / "environments"))

    def environment(self, name, environment=os.environ):
        """Return a run's environment, in which conda is found and interpreters are recorded."""
        path = f"{self.programs}:{environment['PATH']}"
        return environment | {"PATH": path, "CTSEQ_INTERPRETERS": str(self.folder / name)}

    def used(self, name):
        """Return the names of the environments whose interpreter ran a script, by script."""
        found = defaultdict(set)
        yamls = {path.read_text(): path.stem for path in ENVIRONMENTS}
        for line in (self.folder / name).read_text().splitlines():
            script, prefix = line.split(" ")
            # Snakemake keeps the file that an environment was made from beside it.
            found[script].add(yamls.get(Path(f"{prefix}.yaml").read_text(), prefix))
        return dict(found)


@dataclass(frozen=True)
class Finished:
    """A study that ran through conda, the run, and the results of one that ran without it."""

    copy: Copy
    run: Run
    plain: dict


@pytest.fixture(scope="session")
def conda(tmp_path_factory, plain):
    """Make a conda, with a channel of what is installed here for the environments' packages."""
    folder = tmp_path_factory.mktemp("conda")
    programs = make_conda(folder, channels=folder / "channels")
    channel = folder / "channels/conda-forge"
    installed = sysconfig.get_path("purelib")
    maker = [programs / "python", ROOT / "tests/conda/channel.py", channel, installed]
    subprocess.run([*maker, *ENVIRONMENTS], check=True)
    return Conda(folder, programs)


@pytest.fixture(scope="session")
def cluster():
    """Start a Slurm cluster where Slurm is installed."""
    if not shutil.which("slurmctld", path=SEARCHED):
        pytest.skip("Slurm is not installed: make test-slurm installs it")
    with started() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def plain(new_copy, checkpoints):
    """Start the study without conda; it goes on while conda is made."""
    copy = new_copy(checkpoints)
    run = copy.run()
    yield copy, run
    for one in Run.started:
        one.kill()


@pytest.fixture(scope="session")
def study(conda, plain, new_copy, checkpoints):
    """Run the study through conda."""
    copy = new_copy(checkpoints)
    run = copy.run(*conda.options, environment=conda.environment("study")).end()
    beside, beside_run = plain
    beside_run.end()
    return Finished(copy, run, beside.contents())
