"""What has to hold where a study runs, whatever its configuration: found before any job starts."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

import yaml

from ctseq.core.errors import InputError


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
