"""Shards: a study in two is the study in one.

Slices are dealt here; a video model's patients go through the same code, a row each. Every reader
of several shards is tested beside its script (unit/test_training_scripts.py).
"""

import pytest
from safetensors.numpy import load_file

from ctseq.tables import ROWS, read_table, read_tables

RUN = "results/small/runs/convnext/replicate-01"
SHARDS = ("-1-of-2", "-2-of-2")


@pytest.fixture(scope="module")
def two(study, tmp_path_factory):
    """Run one replicate of one model again, from packing on, in two shards."""
    copy = study.copy.copy(tmp_path_factory.mktemp("shards") / "copy")
    outcome = copy.snakemake("--", f"{RUN}/metrics.json", overlay={"shards": 2})
    assert outcome.status == 0, outcome.text[-4000:]
    return copy, outcome


def test_each_shard_is_a_job(two):
    for rule in ("pack_pixels", "extract_features"):
        assert [job for job in two[1].jobs if job.startswith(rule)] == [
            f"{rule} model=convnext, shard={shard}" for shard in SHARDS
        ]
    assert {"train_head", "evaluate"} < two[1].rules


@pytest.mark.parametrize("name", ["features/convnext", "pixels/convnext"])
def test_the_shards_rows_are_those_of_one(study, two, name):
    paths = [two[0].results / f"{name}{shard}.csv" for shard in SHARDS]
    assert read_tables(paths, ROWS).equals(read_table(study.copy.results / f"{name}.csv", ROWS))


def test_the_shards_features_are_those_of_one(study, two):
    name = "features/convnext"
    whole = load_file(study.copy.results / f"{name}.safetensors")["features"]
    at = 0
    for shard in SHARDS:
        part = load_file(two[0].results / f"{name}{shard}.safetensors")["features"]
        # What shares a batch may change the last bits.
        assert abs(part - whole[at : at + len(part)]).max() <= 1e-5 * abs(whole).max()
        at += len(part)
    assert at == len(whole)


def test_the_decisions_are_those_of_one(study, two):
    table = f"{RUN}/predictions.csv"
    first, second = ((copy.folder / table).read_text() for copy in (study.copy, two[0]))
    columns = [[row.split(",")[::3] for row in text.splitlines()] for text in (first, second)]
    assert columns[0] == columns[1]  # patient and decision, not the probability's last digits
