"""Which files decide what a script computes: the script and every library module it imports."""

import ast
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
        names = _ctseq_imports(unread.pop().read_text(encoding="utf-8"))
        new = {file for name in names for file in _files(script.parent, name)}
        unread += new - found
        found |= new
    return [script, *sorted(found)]


@cache  # rules share most modules, and every start of Snakemake asks for all rules
def _ctseq_imports(source: str) -> frozenset[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from ctseq import x` may name a module or one of the package's own names.
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(name for name in names if name.split(".")[0] == "ctseq")


def _files(root: Path, module: str) -> list[Path]:
    """Give the file of a module and the ``__init__`` of each package around it."""
    parts = module.split(".")
    packages = [root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [file for file in (*packages, root.joinpath(*parts).with_suffix(".py")) if file.exists()]
