"""Configurations of studies: the one that is shipped, changed key by key, and resolved."""

import copy

import yaml

from ctseq.evidence.metrics import comparable_metrics
from ctseq.study.config import resolved_config
from studies import ROOT

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))


def changed(changes):
    """Return the shipped configuration with dotted keys set; None deletes."""
    config = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        *path, last = key.split(".")
        section = config
        for part in path:
            section = section.setdefault(part, {})
        if value is None:
            del section[last]
        else:
            section[last] = value
    return config


def merged(base, overlay):
    """Return a configuration with an overlay, as Snakemake merges them."""
    nested = {
        key: merged(base.get(key, {}), value)
        for key, value in overlay.items()
        if isinstance(value, dict) and isinstance(base.get(key, {}), dict)
    }
    return base | overlay | nested


def resolved(config=CONFIG):
    """Return a configuration checked, and with its defaults."""
    return resolved_config(copy.deepcopy(config), SCHEMA, metrics=comparable_metrics())
