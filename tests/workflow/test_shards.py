"""Shards: a study in two is the study in one.

Snakemake plans the jobs, and the scripts that work on a shard run here, on the finished study's
dataset. Slices are dealt; sequences go through the same code, a row each. Every
reader of several shards is tested beside its script (unit/test_training_scripts.py).
"""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file

import extract_features
import pack_pixels
from ctseq.cache.tables import ROWS
from ctseq.core.tables import read_table, read_tables

SHARDS = ("-1-of-2", "-2-of-2")


@pytest.fixture(scope="module")
def plan(planned):
    """Plan one replicate of one model in two shards."""
    target = "results/small/runs/convnext/replicate-01/metrics.json"
    return planned("shards", {"two": {"overlay": {"shards": 2}, "targets": [target]}})["two"]


@pytest.fixture(scope="module")
def two(study, tmp_path_factory):
    """Pack and extract again, in two shards: give the folder of both."""
    data, folder = study.copy.data, tmp_path_factory.mktemp("shards")
    description = data / "encoders/convnext.json"
    settings = json.loads(description.read_text())["settings"]
    for number, shard in enumerate(SHARDS, start=1):
        pixels = [folder / f"pixels{shard}.{kind}" for kind in ("npy", "csv")]
        features = [folder / f"features{shard}.{kind}" for kind in ("safetensors", "csv")]
        pack_pixels.main(
            *(data / "phantom", data / "format.json"),
            *(data / "slices.csv", description, *pixels),
            window="brain", shard=(number, 2), threads=1,
        )  # fmt: skip
        extract_features.main(
            *(settings["checkpoint"], description, *pixels, *features),
            settings=settings, mirror=False, shuffle_seed=None, threads=1,
        )  # fmt: skip
    return folder


def test_each_shard_is_a_job(plan):
    for rule in ("pack_pixels", "extract_features"):
        assert [job for job in plan.jobs if job.startswith(rule)] == [
            f"{rule} dataset=phantom, encoder=convnext, shard={shard}" for shard in SHARDS
        ]


def test_a_model_learns_from_all_shards(plan):
    (inputs,) = re.findall(r"^rule fit:\n    input: (.*)$", plan.text, re.M)
    for kind in ("safetensors", "csv"):
        names = [f"results/data/phantom/features/convnext{shard}.{kind}" for shard in SHARDS]
        assert ", ".join(names) in inputs


@pytest.mark.parametrize("name", ["features", "pixels"])
def test_the_shards_rows_are_those_of_one(study, two, name):
    whole = read_table(study.copy.data / f"{name}/convnext.csv", ROWS)
    assert read_tables([two / f"{name}{shard}.csv" for shard in SHARDS], ROWS).equals(whole)


def test_the_shards_pixels_are_those_of_one(study, two):
    parts = [np.load(two / f"pixels{shard}.npy") for shard in SHARDS]
    whole = np.load(study.copy.data / "pixels/convnext.npy")
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_the_shards_features_are_those_of_one(study, two):
    parts = [load_file(two / f"features{shard}.safetensors")["features"] for shard in SHARDS]
    whole = load_file(study.copy.data / "features/convnext.safetensors")["features"]
    # What shares a batch may change the last bits.
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=0, atol=1e-5 * abs(whole).max())
