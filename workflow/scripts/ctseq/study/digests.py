"""Digests of the code that decides a script's results, without words that only people read."""

import ast
import contextlib
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from ctseq.core.files import write_json

# These write errors, logs and progress, and no results; nor does what only they import.
_MESSAGES = ("core/errors.py", "core/logs.py", "core/progress.py")
# These list what there is. What they decide of a job are its parameters, and the module that it
# takes from them, which its rule names.
_TABLES = ("readers/formats.py", "encoders/registry.py", "families/registry.py")
_LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
_DIGEST = re.compile("[0-9a-f]{64}")
# Fields of a syntax tree that follow from the others, or that only say how something is spelled.
_REDUNDANT = {"ctx", "kind", "type_comment"}


@cache  # a script and module decide many jobs
def code_digest(script: Path, *modules: str) -> str:
    """Return the SHA-256 of the code that decides the results of a script, ``<scripts>/<name>.py``.

    It covers the script and all library modules that it imports, by itself or because a table names
    them: those are `modules`, such as ``ctseq.families.linear``. Comments, docstrings, formatting,
    log lines and the texts of errors do not change it, even where a table quotes an error. It does
    not depend on the version of Python.
    """
    digest = hashlib.sha256()
    for path in imported_files(script, *modules, without=(*_MESSAGES, *_TABLES)):
        digest.update(_code(path))
    return digest.hexdigest()


class KnownDigests:
    """Digests of scripts, kept in a file as long as no file of code changes.

    Parsing the library takes half a second, at every start of Snakemake. The file saves that time,
    and where it cannot be read or written, nothing is lost but that time.

    Parameters
    ----------
    scripts
        Folder of the scripts, with the library in it.
    record
        The file.
    """

    def __init__(self, scripts: Path, record: Path) -> None:
        self._scripts, self._record = scripts, record
        self._files = _of_all_files(scripts)
        self._digests = _recorded(record, self._files)

    def digest(self, script: str, *modules: str) -> str:
        """Return `code_digest` of a script by its name."""
        name = " ".join([script, *modules])
        if name not in self._digests:
            self._digests[name] = code_digest(self._scripts / script, *modules)
            # What was edited meanwhile is of other files than the record would name.
            if _of_all_files(self._scripts) == self._files:
                with contextlib.suppress(OSError):
                    write_json({"files": self._files, "digests": self._digests}, self._record)
        return self._digests[name]


def _of_all_files(folder: Path) -> str:
    """Return the SHA-256 of all files of code in a folder: a new one may change an import."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\n{content}\n".encode())
    return digest.hexdigest()


def _recorded(record: Path, files: str) -> dict[str, str]:
    """Return the digests of a file, if it is of these files of code."""
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
        if found["files"] == files and all(map(_DIGEST.fullmatch, found["digests"].values())):
            return dict(found["digests"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return {}


def imported_files(script: Path, *modules: str, without: tuple[str, ...] = ()) -> list[Path]:
    """List a script and, sorted, the library modules that it imports, directly or through others.

    The library is looked for beside the script; `modules` are imported, too. Files whose paths end
    as one of `without` are left out, and their imports are not followed.
    """
    found = {file for name in modules for file in _files(script.parent, name)}
    unread = [script, *found]
    while unread:
        new = _imported(unread.pop(), script.parent) - found
        new = {file for file in new if not file.as_posix().endswith(without)}
        unread += new
        found |= new
    return [script, *sorted(found)]


@cache  # rules share most modules
def _code(file: Path) -> bytes:
    """Return the digest of a file's code."""
    parts: list[str] = []
    _serialise(ast.parse(file.read_bytes()), parts, in_error=False)
    return hashlib.sha256("\n".join(parts).encode()).digest()


def _serialise(node: ast.AST, parts: list[str], *, in_error: bool) -> None:
    """Append to `parts` a syntax tree without its positions, docstrings and messages.

    Unlike `ast.dump`, it leaves out empty fields, which differ between versions of Python.
    """
    if in_error and _is_text(node):
        parts.append("text")
        return
    in_error = in_error or _is_error(node)
    parts.append(type(node).__name__)
    for field in node._fields:
        value = getattr(node, field, None)
        if value is None or value == [] or field in _REDUNDANT:
            continue
        parts.append(field)
        for part in value if isinstance(value, list) else (value,):
            if not isinstance(part, ast.AST):
                parts.append(ascii(part))
            elif not (isinstance(part, ast.Expr) and _is_silent(part.value)):
                _serialise(part, parts, in_error=in_error)
    parts.append("end")


def _is_error(node: ast.AST) -> bool:
    """Tell whether a node raises an error, itself or by `fail_on`."""
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return isinstance(node, ast.Raise) or (called and node.func.id == "fail_on")


def _is_text(node: ast.AST) -> bool:
    """Tell whether an expression is a string or an f-string, such as a docstring."""
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def _is_silent(node: ast.AST) -> bool:
    """Tell whether a statement is a docstring, ``log(...)`` or ``getLogger(...).info(...)``."""
    if _is_text(node):
        return True
    if not isinstance(node, ast.Call):
        return False
    logger = node.func
    if isinstance(logger, ast.Attribute) and logger.attr in _LOG_METHODS:
        logger = logger.value
    if isinstance(logger, ast.Call) and isinstance(logger.func, ast.Attribute):
        return logger.func.attr == "getLogger"
    return isinstance(logger, ast.Name) and logger.id == "log"


# Not by Python's parser, which takes a fifth of a second more at every start of Snakemake.
_IMPORT = re.compile(
    r"^[ \t]*(?:import (ctseq[\w.]*)|from (ctseq[\w.]*) import (\([^)]*\)|[^\n]*))", re.MULTILINE
)
# A function named by "module:function" is imported when it is called.
_IMPORTED_LATER = re.compile(r'"(ctseq[\w.]+):\w+"')


@cache
def _imported(file: Path, root: Path) -> frozenset[Path]:
    """Return the library modules that a file imports itself."""
    text = file.read_text(encoding="utf-8")
    names = set(_IMPORTED_LATER.findall(text))
    for module, package, members in _IMPORT.findall(text):
        names.add(module or package)
        # `from ctseq import x` may name a module or one of the package's own names.
        names |= {f"{package}.{name}" for name in re.findall(r"\w+", members)}
    return frozenset(file for name in names for file in _files(root, name))


@cache
def _files(root: Path, module: str) -> tuple[Path, ...]:
    """Return the file of a module and the ``__init__`` of each package around it."""
    parts = module.split(".")
    packages = [root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    files = (*packages, root.joinpath(*parts).with_suffix(".py"))
    return tuple(file for file in files if file.exists())
