"""A configuration as text, and the digest by which it can be told that it was not changed."""

import hashlib
from collections.abc import Mapping
from typing import Any

import yaml


class _Plain(yaml.SafeDumper):
    """Writes what an anchor of YAML shares wherever it stands: text, and digest, are of values."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def spelled(config: Mapping[str, Any]) -> str:
    """Return a configuration as YAML, with its keys in their order."""
    return yaml.dump(dict(config), Dumper=_Plain, sort_keys=False, allow_unicode=True)


def sha256_of(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a configuration as it is spelled, in hexadecimal digits."""
    return hashlib.sha256(spelled(config).encode("utf-8")).hexdigest()
