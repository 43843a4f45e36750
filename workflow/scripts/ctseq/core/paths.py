"""Paths of a machine as others may see them: by their last part alone."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

# What begins a path that says where on a machine, or beside which folders, something lies: the
# root, a home, a parent, a drive or a share of Windows.
_LOCAL = re.compile(r"(/|~|\.\.(/|\\|$)|[A-Za-z]:[/\\]|\\\\|file:)")


def is_local(text: str) -> bool:
    """Tell whether a text is a path that says where on a machine something lies."""
    return _LOCAL.match(text) is not None


def last_part(path: str) -> str:
    """Return the last part of a path of any system."""
    parts = PureWindowsPath if "\\" in path or re.match("[A-Za-z]:", path) else PurePosixPath
    return parts(path).name


def without_places(value: Any) -> Any:
    """Return a value of a configuration in which paths of a machine are their last part.

    A path that leads nowhere else, such as ``data/ct-ich`` or ``facebook/dinov2-small``, stays.
    """
    if isinstance(value, str):
        return f"…/{last_part(value)}" if is_local(value) else value
    if isinstance(value, Mapping):
        return {key: without_places(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_places(part) for part in value]
    return value
