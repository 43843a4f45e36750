"""What benchmarks share: working copies and runs of the workflow, timing, kept results."""

import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from ctseq.encoders.devices import choose_device  # noqa: E402
from ctseq.report.facts import git_revision  # noqa: E402

# What Snakemake's log says of each job that it starts: its rule, and indented lines.
_JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?: {4}.*\n)*)", re.MULTILINE)
_ASKED = re.compile(r"^ {4}resources:.*\bmem_mb=(\d+)", re.MULTILINE)
_TARGETS = ("all", "check")
# What a study takes of the repository.
PARTS = ("Snakefile", "config.yaml", "config", "envs", "profiles", "resources", "workflow")


def write_copy(folder: Path) -> None:
    """Copy what a study takes of the repository, to be run where nothing else is."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "checkpoints")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy2(ROOT / part, folder / part)


def snakemake(folder: Path, study: Mapping[str, Any], *arguments: str, cores: int) -> str:
    """Run a copy's workflow with a study's overlay and give what it said; exit if it failed."""
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--configfile", "study.yaml"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE_")}
    outcome = subprocess.run(  # noqa: S603
        [*command, "--cores", str(cores), *arguments], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if outcome.returncode:
        sys.exit(f"{outcome.stdout[-4000:]}\nThe study failed; its last words stand above.")
    return outcome.stdout


def started_jobs(folder: Path) -> pd.DataFrame:
    """Return the jobs that a copy's last run started, by its log: ``rule`` and ``mem_mb``.

    The latter is what a job asks for, if it does. Rules that only name what others make are left
    out.
    """
    log = max((folder / ".snakemake/log").glob("*.snakemake.log"), key=lambda path: path.name)
    found = [
        (rule, float(asked[1]) if (asked := _ASKED.search(told)) else float("nan"))
        for rule, told in _JOB.findall(log.read_text(encoding="utf-8"))
        if rule not in _TARGETS
    ]
    return pd.DataFrame(found, columns=["rule", "mem_mb"])


def timed(work: Callable[[], Any], device: torch.device | None = None) -> float:
    """Return the wall seconds of some work, a GPU's included."""
    wait = torch.cuda.synchronize if device and device.type == "cuda" else lambda: None
    wait()
    began = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - began


def median(measure: Callable[[], float], repeats: int) -> float:
    """Return the median of repeated measurements."""
    return statistics.median(measure() for _ in range(repeats))


def apart(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a function in a process of its own, on whose memory and threads nothing else has set."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(work, *arguments, **options).result()


def processor_name() -> str:
    """Say what computes: a GPU's name, or the CPU's instruction set."""
    device = choose_device()
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({torch.backends.cpu.get_cpu_capability()})"


def keep(rows: Sequence[dict[str, Any]], path: str | Path) -> None:
    """Append results to a CSV file, with the commit, the date and the processor they are of."""
    facts = {"commit": git_revision(ROOT), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    table = pd.DataFrame(rows).assign(**facts, processor=processor_name())
    path = Path(path)
    if path.exists() and pd.read_csv(path, nrows=0).columns.tolist() != table.columns.tolist():
        sys.exit(f"{path} has other columns: it is of another program or version. Name a new file.")
    table.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.6g")


def shown(rows: Sequence[dict[str, Any]]) -> str:
    """Lay results out for the screen."""
    return pd.DataFrame(rows).to_string(index=False, float_format=_short, na_rep="")


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
