"""A configuration as text, and the digest by which it can be told that it was not changed."""

import hashlib
from collections.abc import Mapping
from typing import Any

import yaml


def spelled(config: Mapping[str, Any]) -> str:
    """Return a configuration as YAML, with its keys in their order."""
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)


def sha256_of(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a configuration as it is spelled, in hexadecimal digits."""
    return hashlib.sha256(spelled(config).encode("utf-8")).hexdigest()
