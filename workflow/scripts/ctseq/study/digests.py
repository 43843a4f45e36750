"""Which files decide what a script computes: the script and every library module it imports."""

import hashlib
import re
from functools import cache
from pathlib import Path


def imported_files(script: Path) -> list[Path]:
    """List `script` and the modules of `ctseq` that it imports, directly or through others.

    Rules declare them as inputs, so that editing a module re-runs what depends on it and nothing
    else. The package is looked for beside the script.

    Parameters
    ----------
    script
        Path of the script, of the form ``<scripts>/<name>.py``.

    Returns
    -------
    list of Path
        The script first, then the modules by name.
    """
    found: set[Path] = set()
    unread = [script]
    while unread:
        new = _imported(unread.pop(), script.parent) - found
        unread += new
        found |= new
    return [script, *sorted(found)]


def code_digest(script: Path) -> str:
    """Return the SHA-256 of a script and of the modules that it imports."""
    digest = hashlib.sha256()
    for path in imported_files(script):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


# A pattern and not Python's parser, which takes a second for all rules at every start of Snakemake.
_IMPORT = re.compile(
    r"^[ \t]*(?:import (ctseq[\w.]*)|from (ctseq[\w.]*) import (\([^)]*\)|[^\n]*))", re.MULTILINE
)


@cache  # rules share most modules
def _imported(file: Path, root: Path) -> frozenset[Path]:
    names = set()
    for module, package, members in _IMPORT.findall(file.read_text(encoding="utf-8")):
        names.add(module or package)
        # `from ctseq import x` may name a module or one of the package's own names.
        names |= {f"{package}.{name}" for name in re.findall(r"\w+", members)}
    return frozenset(file for name in names for file in _files(root, name))


@cache
def _files(root: Path, module: str) -> tuple[Path, ...]:
    """Give the file of a module and the ``__init__`` of each package around it."""
    parts = module.split(".")
    packages = [root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    files = (*packages, root.joinpath(*parts).with_suffix(".py"))
    return tuple(file for file in files if file.exists())
