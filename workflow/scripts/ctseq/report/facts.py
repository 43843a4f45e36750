"""Facts about a run: versions, revision of the program, time and memory of the rules."""

import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.paths import last_part
from ctseq.core.words import duration
from ctseq.report.numbers import count, memory
from ctseq.report.tables import Table

PACKAGES = ("snakemake", "torch", "transformers", "numpy", "pandas", "scipy", "statsmodels")
PACKAGES += ("scikit-learn", "safetensors", "seaborn", "matplotlib", "pillow", "nibabel", "pydicom")
PACKAGES += ("pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg")
_MOST_RULES = 5  # the others take seconds
_CONDA_NAMES = {"torch": "pytorch"}  # where conda-forge's name is another


@dataclass(frozen=True)
class Cost:
    """Number of a rule's jobs, their wall seconds together, and the largest peak memory, in MiB."""

    rule: str
    jobs: int
    seconds: float
    memory_mib: float


def versions(environments: Sequence[Path]) -> dict[str, str]:
    """Return the version of Python and of every package that decides a result.

    Parameters
    ----------
    environments
        Conda's YAML files. Where each rule has its own environment, the one that writes the report
        lacks other rules' packages; for these, the versions that the files pin are returned.
    """
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = _pinned(_CONDA_NAMES.get(name, name), environments)
    return found


def git_revision(folder: Path) -> str:
    """Return the commit checked out in a folder, and whether its files differ from it."""
    if not (folder / ".git").exists():
        return "not a git checkout"
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return "a git checkout whose commit cannot be read"
    changes = _git(folder, "status", "--porcelain")
    if changes is None:
        return commit
    return f"{commit}, with uncommitted changes" if changes else f"{commit}, unchanged"


def costs(folders: Sequence[Path]) -> list[Cost]:
    """Return the cost of every rule of a run, the longest first.

    Parameters
    ----------
    folders
        Each holds ``<rule>.tsv`` or ``<rule>/**/*.tsv``, as Snakemake writes them: what was run for
        the study, and for its datasets. A file that is not finished is left out.
    """
    rows = []
    for folder, path in ((one, path) for one in folders for path in sorted(one.rglob("*.tsv"))):
        try:
            table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
            rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
            rows += [(rule, s, rss) for s, rss in zip(table["s"], table["max_rss"], strict=True)]
        except (ValueError, KeyError):
            continue
    jobs = pd.DataFrame(rows, columns=["rule", "seconds", "memory"])
    # Snakemake samples memory every few seconds, so a short job may have none.
    jobs["memory"] = pd.to_numeric(jobs["memory"], errors="coerce").replace(0, float("nan"))
    found = [
        Cost(str(rule), len(group), float(group["seconds"].sum()), float(group["memory"].max()))
        for rule, group in jobs.groupby("rule")
    ]
    return sorted(found, key=lambda cost: (-cost.seconds, cost.rule))


def cost_table(costs: Sequence[Cost]) -> Table:
    """Tabulate the cost of the rules that took longest, and the sum of all."""
    rows = [
        [cost.rule, count(cost.jobs), duration(cost.seconds, digits=1), memory(cost.memory_mib)]
        for cost in costs[:_MOST_RULES]
    ]
    if costs:
        jobs, seconds = sum(cost.jobs for cost in costs), sum(cost.seconds for cost in costs)
        rows.append(["all together", count(jobs), duration(seconds, digits=1), ""])
    header = ["Rule", "Jobs", "Wall time, sum", "Memory of a job, most"]
    return Table("", header, rows, [
        "The rules that took longest. Jobs run side by side, and what is made of a dataset is made "
        "once for all studies."
    ])  # fmt: skip


def made_from(
    datasets: Mapping[str, Mapping[str, Any]], encoders: Mapping[str, Mapping[str, Any]]
) -> Table:
    """Tabulate what results were made from, as it was written where they were made.

    Of paths on this machine only the last part is told.

    Parameters
    ----------
    datasets
        Name to ``format.json``. One that an earlier version wrote tells less.
    encoders
        Name to its description.
    """
    rows = [
        [f"Dataset {name}", cell] for name, its in datasets.items() for cell in _of_dataset(its)
    ]
    rows += [
        [f"Encoder {name}", cell] for name, its in encoders.items() for cell in _of_encoder(its)
    ]
    note = "Written where it was made. Of folders on this machine, only the last part is told."
    return Table("", ["", "Made from"], rows, [note])


def _of_dataset(its: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a dataset's index was made from, and its digest."""
    settings = dict(its.get("settings", {}))
    drawn, path = settings.pop("phantom", None), settings.pop("path", None)
    if drawn:
        yield f"synthetic patients: {_spelled(drawn)}"
    elif path:
        yield f"folder {last_part(path)}, read as {its['format']}"
    stores = [last_part(one) for one in settings.pop("links_into", [])]
    # The format and the table are those that were found.
    told = {key: value for key, value in settings.items() if key not in ("format", "labels")}
    told |= {"links into": ", ".join(stores)} if stores else {}
    if told:
        yield _spelled(told)
    for name, digest in its.get("labels", {}).items():
        yield f"labels {name}, SHA-256 {digest}"
    if "index_sha256" in its:
        yield f"index, SHA-256 {its['index_sha256']}"


def _spelled(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items() if value)


def _of_encoder(its: Mapping[str, Any]) -> Iterator[str]:
    """Yield which checkpoint an encoder has, and the digest of its weights."""
    settings = its.get("settings", {})
    checkpoint = its.get("checkpoint")
    if checkpoint is not None and checkpoint != "tiny":
        if its["commit"]:
            where = f"{checkpoint}, revision {settings.get('revision', 'main')}"
            checkpoint = f"{where}, commit {its['commit']}"
        else:
            checkpoint = f"local folder {last_part(checkpoint)}"
        checkpoint += f", subfolder {settings['subfolder']}" if settings.get("subfolder") else ""
    yield f"checkpoint {checkpoint}" if checkpoint else "no checkpoint"
    if its["weights_sha256"]:
        yield f"weights, SHA-256 {its['weights_sha256']}"


def _pinned(name: str, environments: Sequence[Path]) -> str:
    for path in environments:
        pin = re.search(rf"^\s*- {re.escape(name)}=+([\w.]+)", path.read_text("utf-8"), re.M)
        if pin:
            return f"{pin[1]} (from {path.name})"
    return "not installed"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
