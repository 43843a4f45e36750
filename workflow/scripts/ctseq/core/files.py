"""Files that are written completely or not at all, their digests, and JSON."""

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which is renamed to `path` once the block succeeds.

    It may become a file or a folder, and has the same suffix, by which many writers choose the
    format. A block that raises leaves nothing behind, so nobody ever reads half an output. Missing
    parent folders are made. Whatever wrote them, files get the rights of any that are made here.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Processes that were killed may have left some; only one job at a time makes this output.
    for leftover in path.parent.glob(f".*.unfinished.{glob.escape(path.name)}"):
        _remove(leftover)
    unfinished = path.with_name(f".{os.getpid()}.unfinished.{path.name}")
    try:
        yield unfinished
        _share(unfinished)
        if unfinished.is_dir():
            _remove(path)  # a folder cannot replace another in one step
        unfinished.replace(path)
    finally:
        _remove(unfinished)


def _share(path: Path) -> None:
    """Let those read files who may read any other: safetensors' writer lets the owner alone."""
    probe = path.with_name(f".rights{path.name}")  # asking for the umask would change it
    probe.touch()
    rights = probe.stat().st_mode
    probe.unlink()
    for file in [path, *path.rglob("*")]:
        if file.is_file() and not file.is_symlink():
            file.chmod(rights)


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's contents, in hexadecimal digits."""
    with Path(path).open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_json(value: Any, path: str | Path) -> None:
    """Write `value` as indented UTF-8 JSON; NaN, which JSON does not have, raises `ValueError`."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    with atomic_write(path) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    InputError
        If the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}.") from None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
