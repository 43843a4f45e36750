"""Shards: a study in three is the study in one."""

import pytest
from safetensors.numpy import load_file

from ctseq.tables import ROWS, read_table, read_tables

MODELS = ("vivit", "convnext", "sequence", "classical", "tuned")
METRICS = [f"results/small/runs/{model}/replicate-01/metrics.json" for model in MODELS]


@pytest.fixture(scope="module")
def runs(study, checkpoints, tmp_path_factory):
    """A study with every reader of pixels and features, in one shard and in three."""
    image = {"kind": "image", "checkpoint": checkpoints["image"], "revision": "main"}
    whole = image | {"labels": "slice", "sequence_rule": "any"}
    few = {"first_slices": 3, "training": {"trainable": "all", "epochs": 1}}
    models = {
        "sequence": image | {"label": "GRU", "head": {"type": "gru"}},
        "classical": whole | {"label": "SVM", "head": {"type": "svm"}},
        "tuned": whole | {"label": "Tuned"} | few,
    }
    overlay = {"models": models, "training": {"augmentation": {"mirror": True}}}
    overlay |= {"selection": {"folds": 3}}  # four of the six patients that bleed train
    found = {}
    for shards in (1, 3):
        copy = study.copy.copy(tmp_path_factory.mktemp("shards") / "copy")
        outcome = copy.snakemake("--", *METRICS, overlay=overlay | {"shards": shards})
        assert outcome.status == 0, outcome.text[-4000:]
        found[shards] = copy, outcome
    return found


def test_each_shard_is_a_job_and_models_with_one_backbone_share_them(runs):
    jobs = runs[3][1].jobs
    extracted = dict.fromkeys(
        ["extract_features", "extract_mirrored_features"], ["convnext", "vivit"]
    )
    for rule, models in ({"pack_pixels": ["convnext", "tuned", "vivit"]} | extracted).items():
        assert [job for job in jobs if job.startswith(f"{rule} ")] == [
            f"{rule} model={model}, shard=-{number}-of-3"
            for model in models
            for number in (1, 2, 3)
        ]


@pytest.mark.parametrize("name", ["features/vivit", "features/convnext", "pixels/convnext"])
def test_the_shards_rows_are_those_of_one(runs, name):
    (one, _), (three, _) = runs[1], runs[3]
    paths = [three.results / f"{name}-{number}-of-3.csv" for number in (1, 2, 3)]
    assert read_tables(paths, ROWS).equals(read_table(one.results / f"{name}.csv", ROWS))


@pytest.mark.parametrize("name", ["vivit", "vivit-mirrored", "convnext", "convnext-mirrored"])
def test_the_shards_features_are_those_of_one(runs, name):
    (one, _), (three, _) = runs[1], runs[3]
    whole = load_file(one.results / f"features/{name}.safetensors")["features"]
    at = 0
    for number in (1, 2, 3):
        shard = three.results / f"features/{name}-{number}-of-3.safetensors"
        part = load_file(shard)["features"]
        # What shares a batch may change the last bits.
        assert abs(part - whole[at : at + len(part)]).max() <= 1e-5 * abs(whole).max()
        at += len(part)
    assert at == len(whole)


@pytest.mark.parametrize("path", METRICS)
def test_the_metrics_are_those_of_one(runs, path):
    (one, _), (three, _) = runs[1], runs[3]
    metrics = (three.folder / path).read_text()
    assert metrics == (one.folder / path).read_text()
    assert "accuracy" in metrics
