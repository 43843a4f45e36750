"""What a study has still to do: rows, files that are there, times of trainings."""

from types import SimpleNamespace

import pandas as pd
import pytest

from ctseq.checks import costs
from ctseq.checks.splits import draw
from ctseq.core.words import size
from ctseq.families.needs import Holdings, needs_of
from encoders import settings_of

MODEL = {"encoders": ["x"], "finetuned": False, "shuffled_encoders": [], "mirror": False}
STEPS = {"resize": 4, "resample": 2, "crop": (4, 4), "scale": None, "offset": 0.0}
STEPS |= {"mean": None, "std": None}


def test_rows_are_scans_or_slices_of_which_only_the_first_may_count():
    assert costs.rows_of_pass([20, 3], settings_of("sequence")) == 2
    assert costs.rows_of_pass([20, 3], settings_of()) == 23
    assert costs.rows_of_pass([20, 3], settings_of(first_slices=9)) == 12


@pytest.mark.parametrize(
    ("model", "external", "expected"),
    [
        ({}, False, [""]),
        ({"encoders": ["y"]}, False, []),
        ({"finetuned": True}, False, []),
        ({"mirror": True}, False, ["", "-mirrored"]),
        ({"mirror": True}, True, [""]),
        ({"shuffled_encoders": ["x"]}, False, [f"-shuffled-7-replicate-0{n}" for n in (1, 2)]),
        ({"encoders": ["x", "y"], "shuffled_encoders": ["y"]}, False, [""]),
    ],
)
def test_variants_are_those_that_models_read(model, external, expected):
    options = {"external": external, "seed": 7, "replicates": 2}
    assert costs.variants_of("x", [MODEL | model], **options) == expected


def pass_of(folder, *, shards=("",), variants=("",), current=True):
    dataset = SimpleNamespace(name="d", lengths={"a": 2, "b": 3})
    settings = settings_of(window="40/120")
    facts = {"settings": settings, "width": 10, "preprocessing": STEPS}
    options = {"variants": variants, "shards": shards, "current": current}
    return costs.pass_of(dataset, folder, "x", facts, **options)


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


def test_a_pass_has_what_is_missing_to_do(tmp_path):
    # Five slices of 4 x 4 pixels, and a row of ten float32 of each.
    assert pass_of(tmp_path) == costs.Pass("x", "d", 5, 5, 5 * 16 + 5 * 40)
    make(tmp_path, "pixels/x.npy")
    assert pass_of(tmp_path) == costs.Pass("x", "d", 5, 0, 5 * 40)
    make(tmp_path, "features/x.safetensors")
    assert pass_of(tmp_path) == costs.Pass("x", "d", 0, 0, 0)
    assert pass_of(tmp_path, variants=["", "-mirrored"]).rows == 5
    assert pass_of(tmp_path, current=False).rows == 5


def test_features_need_no_pixels_any_more_and_fine_tuning_does(tmp_path):
    make(tmp_path, "features/x.safetensors")
    assert pass_of(tmp_path).slices == 0
    assert pass_of(tmp_path, variants=[]).slices == 5


def test_all_shards_have_to_be_there(tmp_path):
    shards = ["-1-of-2", "-2-of-2"]
    make(tmp_path, "features/x-1-of-2.safetensors")
    assert pass_of(tmp_path, shards=shards).rows == 5
    make(tmp_path, "features/x-2-of-2.safetensors")
    assert pass_of(tmp_path, shards=shards).rows == 0


def test_times_are_those_of_earlier_runs_of_any_study(tmp_path):
    for study, seconds in (("a", "2.0"), ("b", "4.0")):
        file = tmp_path / study / "benchmarks/fit/m/replicate-01.tsv"
        file.parent.mkdir(parents=True)
        file.write_text(f"s\th:m:s\n{seconds}\t0:00:02\n")
    assert costs.measured_seconds(tmp_path, "fit", "m") == 3.0
    assert costs.measured_seconds(tmp_path, "finetune", "m") is None


def test_without_earlier_runs_a_rule_of_thumb_holds():
    fit = MODEL | {"folds": 5, "repeats": 2, "candidates": 4, "seeds": 3, "epochs": 20}
    # 65 millionths of a second a row and epoch, of the training itself and of 5 x 2 x 4 inner ones,
    # all with three seeds.
    found = costs.thumb_seconds(fit, rows=1000, row_seconds=None)
    assert found == pytest.approx(4.5 + 3 * 41 * 1000 * 20 * 65e-6)
    tuned = fit | {"finetuned": True}
    # Forwards and backwards, three passes of 10 rows of 2 s, 20 times.
    assert costs.thumb_seconds(tuned, rows=10, row_seconds=2.0) == 3 * 10 * 2 * 20


def scans(positive, negative):
    truth = [1] * positive + [0] * negative
    ids = [f"{number}" for number in range(len(truth))]
    return pd.DataFrame({"patient_id": ids, "scan_id": ids, "target": truth})


def test_splits_are_counted_and_what_cannot_be_drawn_is_said_once():
    settings = {"scheme": "random", "test_proportion": 0.25, "stratify": True}
    found = draw(scans(4, 8), settings, replicates=5, folds=[3], seed=1)
    assert (found.train, found.test, found.positive) == ((9, 9), (3, 3), (1, 1))
    assert found.problems == []
    found = draw(scans(4, 8), settings, replicates=5, folds=[4], seed=1)
    (said,) = found.problems
    assert said.startswith("Replicate 1: tuning.folds is 4 but only 3 of 9 patients are positive")
    kfold = {"scheme": "repeated_kfold", "folds": 5}
    (said,) = draw(scans(4, 8), kfold, replicates=5, folds=[], seed=1).problems
    assert said.startswith("splits.folds is 5 but only 4 of 12 patients are positive")


def test_needs_follow_from_the_family_and_its_labels():
    assert needs_of("linear", "scan") == needs_of("gru", "scan") == []
    assert needs_of("gru", "slice") == needs_of("linear", "slice")
    (need,) = needs_of("linear", "slice")
    assert need.met(Holdings(slice_labels=True, masks=0, spacing=False))
    assert not need.met(Holdings(slice_labels=False, masks=9, spacing=True))
    assert need.to_learn


@pytest.mark.parametrize(
    ("n_bytes", "words"), [(999, "1 kB"), (2e6, "2 MB"), (1.25e9, "1.2 GB"), (3e12, "3.0 TB")]
)
def test_a_size_has_its_largest_unit(n_bytes, words):
    assert size(n_bytes) == words
