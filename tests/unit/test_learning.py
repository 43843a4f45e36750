"""Learning in memory: every way takes a model's settings, and its seeds are its own."""

import numpy as np
import pandas as pd
import pytest
import yaml

from ctseq.encoders.sequences import ordered_slices
from ctseq.families import sequence_heads
from ctseq.families.frozen import Features
from ctseq.families.learning import learn
from ctseq.replicates.splits import random_split
from ctseq.study.models import HEAD_FAMILIES
from ctseq.study.study import Study
from studies import ROOT

pytestmark = [pytest.mark.numerical, pytest.mark.usefixtures("small_forest")]

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
IMAGE = CONFIG["models"]["convnext"] | {"training": {"learning_rate": 1e-2, "epochs": 3}}
MODELS = {head: IMAGE | {"label": head, "head": {"type": head}} for head in HEAD_FAMILIES}
MODELS["gru-shuffled"] = MODELS["gru"] | {"label": "shuffled", "shuffle_slices": True}
STUDY = Study.of(CONFIG | {"models": MODELS})
N, SLICES = 18, 6


@pytest.fixture(scope="module")
def data():
    """Return features of patients whose third slice bleeds, or no slice."""
    rng = np.random.default_rng(2)
    ids = [f"{number:03d}" for number in range(N)]
    patients = pd.DataFrame({"patient_id": ids, "hemorrhage": np.arange(N) % 2})
    slices = patients.loc[patients.index.repeat(SLICES)].reset_index(drop=True)
    slices["slice_number"] = np.tile(np.arange(1, SLICES + 1), N)
    slices["hemorrhage"] *= slices["slice_number"] == 3
    vectors = rng.normal(slices["hemorrhage"].to_numpy()[:, None], 1.0, (len(slices), 5))
    rows = slices[["patient_id", "slice_number"]]
    return Features(vectors.astype(np.float32), 1, rows, patients, slices, 0.02)


@pytest.fixture(scope="module")
def split(data):
    options = {"test_proportion": 1 / 3, "stratify": True, "seed": 0}
    return random_split(data.patients, replicate=1, **options)


def learned(data, split, model, folds=2, **seeds):
    settings = STUDY.models[model].head_settings
    return learn(data, split, settings, folds=folds, **{"seed": 0, "replicate": 1} | seeds)


def same(first, second):
    tables = [first.scores.equals(second.scores)]
    tables += [
        np.array_equal(values, second.parameters[name]) for name, values in first.parameters.items()
    ]
    return all(tables)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_learns_and_scores_whom_it_did_not_learn_from(data, split, model):
    found = learned(data, split, model)
    subset = found.scores["patient_id"].map(split.set_index("patient_id")["subset"])
    assert (subset == found.scores["subset"].replace("held_out", "train")).all()
    per_patient = 1 if STUDY.models[model].way_of_training == "sequence" else SLICES
    assert len(found.scores) == N * per_patient
    assert found.summary
    in_epochs = STUDY.models[model].way_of_training != "classical"
    assert (found.history is not None) == bool(found.parameters) == in_epochs


@pytest.mark.parametrize("model", ["linear", "gru", "mlp"])
def test_another_number_trains_anew_on_the_same_split(data, split, model):
    first, again = (learned(data, split, model) for _ in range(2))
    other = learned(data, split, model, replicate=2)
    assert same(first, again)
    of_test = [run.scores.query("subset == 'test'") for run in (first, other)]
    assert set(of_test[0]["patient_id"]) == set(of_test[1]["patient_id"])
    assert not same(first, other)


def test_another_split_is_learned_from_with_the_same_seeds(data, split):
    ids = split["patient_id"]
    turned = split.assign(subset=split["subset"].to_numpy()[::-1])
    assert not turned.equals(split)
    scores = learned(data, turned, "linear", folds=None).scores
    assert set(scores["patient_id"]) == set(ids[turned["subset"] == "test"])


def test_shuffled_slices_have_another_order_in_each_replicate(data, split, monkeypatch):
    orders = []

    def spied(rows, *, shuffle_seed):
        orders.append(ordered_slices(rows, shuffle_seed=shuffle_seed)["000"].tolist())
        return ordered_slices(rows, shuffle_seed=shuffle_seed)

    monkeypatch.setattr(sequence_heads, "ordered_slices", spied)
    runs = [
        learned(data, split, model, folds=None, replicate=replicate)
        for model, replicate in (("gru-shuffled", 1), ("gru-shuffled", 2), ("gru", 1), ("gru", 2))
    ]
    assert orders[2] == orders[3] == list(range(SLICES))
    assert sorted(orders[0]) == sorted(orders[1]) == orders[2]
    assert len({*map(tuple, orders)}) == 3
    assert not same(runs[0], runs[2])


def test_only_settings_that_decide_a_head_are_its_own():
    assert STUDY.models["svm"].head_settings == {
        "head": "svm", "labels": "slice", "weighted": False
    }  # fmt: skip
    assert STUDY.models["gru-shuffled"].head_settings.keys() == {"head", "shuffled", "training"}
    assert STUDY.models["linear"].head_settings["sequence_rule"] == "any"


def test_encoders_of_single_slices_see_no_order():
    video = CONFIG["models"]["vivit"] | {"shuffle_slices": True}
    study = Study.of(CONFIG | {"models": {"vivit": video, **MODELS}})
    assert study.models["vivit"].encoder_shuffled
    assert study.models["gru-shuffled"].shuffled
    assert not study.models["gru-shuffled"].encoder_shuffled
    assert study.encoder_of("gru-shuffled") == "linear"  # the first with the same features
