"""Checks of the machine and the folder that a study runs in, made before any job starts."""

import os
import shlex
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from ctseq.core.errors import InputError

# Bytes that must be free for temporary files: Snakemake's scheduler writes some 100 kB for
# thousands of jobs.
NEEDED = 1_000_000


def put_first(scripts: Path) -> None:
    """Let Python look into a folder first in all programs that this one starts."""
    others = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(scripts), *others]))


def check_interpreter(python: str) -> None:
    """Raise `InputError` if Snakemake cannot start jobs with the Python that it runs in.

    It puts the interpreter's path into a command of the shell as it is, without quotes.
    """
    if shlex.quote(python) != python:
        raise InputError(
            f"Snakemake runs in {python}, and cannot start jobs with a Python whose path has "
            "blanks, quotes or other signs that a shell reads. The workflow and the results may "
            "stay where they are; make the environment elsewhere:\n"
            "  python3 -m venv ~/ctseq-venv\n"
            "  ~/ctseq-venv/bin/pip install -r requirements.txt\n"
            "  ~/ctseq-venv/bin/snakemake --cores all"
        )


def check_record(snakefile: Path) -> None:
    """Raise `InputError` if Snakemake cannot keep its record in the working directory."""
    record = Path(".snakemake")
    folders = [Path.cwd(), *(one for one in (record, *record.glob("*")) if one.is_dir())]
    for folder in folders:
        if reason := _unwritable(folder):
            raise InputError(
                f"{folder} cannot be written to: {reason}. Snakemake keeps its record in the "
                "working directory, beside the results. Work in a folder of your own:\n"
                f"  snakemake -s {shlex.quote(str(snakefile))} --directory ~/study --cores all\n"
                "To work in one with others, let the group write to all of it: "
                "chmod -R g+rwX .snakemake results resources"
            )


def check_temporary() -> None:
    """Raise `InputError` if the folder for temporary files is full."""
    # Python takes another one where that of TMPDIR is full; Snakemake's scheduler does not.
    asked = os.environ.get("TMPDIR", "")
    folder = asked if Path(asked).is_dir() and asked else tempfile.gettempdir()
    if reason := _unwritable(folder, NEEDED):
        raise InputError(
            f"{folder}, the folder for temporary files, cannot be written to: {reason}. Free space "
            "there, or choose another one: export TMPDIR=/path/with/space"
        )


def check_results(folder: str | Path) -> None:
    """Raise `InputError` if results cannot be written to a folder, which need not exist."""
    existing = next(path for path in [Path(folder), *Path(folder).parents] if path.exists())
    if reason := _unwritable(existing):
        raise InputError(
            f"{existing} cannot be written to: {reason}. Make it writable, then give the same "
            "command again."
        )


def _unwritable(folder: str | Path, size: int = 0) -> str:
    """Return why a file of a size in bytes cannot be written to a folder; empty if it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(size))
            file.flush()
    except OSError as error:
        return str(error.strerror)
    return ""


def check_configuration(named: Iterable[str | Path], *, root: Path, keys: Iterable[str]) -> None:
    """Raise `InputError` if a ``config.yaml`` in the working directory would not be read.

    The workflow reads the one beside its Snakefile, in `root`, and the files `named` on the command
    line. Another program's configuration, which has none of the workflow's `keys`, is no matter.
    """
    path = Path("config.yaml")
    read = [root / "config.yaml", *map(Path, named)]
    if not path.is_file() or any(one.exists() and one.samefile(path) for one in read):
        return
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8", errors="replace"))
    except yaml.YAMLError:
        return
    if isinstance(content, dict) and not set(keys).isdisjoint(content):
        raise InputError(
            f"{path.absolute()} is not read: the configuration is {root}/config.yaml, which the "
            "files of --configfile change. Add `--configfile config.yaml` to use it, or give it "
            "another name."
        )
