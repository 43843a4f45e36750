"""The grid of protocols: its cells, the trainings that they share, and the table of answers."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml

from configs import CONFIG as SHIPPED
from configs import merged, resolved
from ctseq.core.errors import InputError
from ctseq.core.tables import read_table, write_table
from ctseq.evidence.further.multiverse import (
    CellRuns,
    specification,
    specification_table,
    verdict_shares,
)
from ctseq.evidence.notes import Code, read_notes
from ctseq.evidence.over_replicates.design import Design
from ctseq.evidence.over_replicates.verdicts import verdict_table
from ctseq.study.multiverse import AXES, feature_names, grid_of, trainings_of, variants
from ctseq.study.study import Study
from replicates import RATIO, replicates
from studies import ROOT

CONFIG = resolved()
EMPTY = {axis.name: [] for axis in AXES}


def configured(axes=None, **models):
    """Return the default configuration with a grid, and with keys of models changed."""
    config = copy.deepcopy(SHIPPED)
    config["multiverse"] = EMPTY | (axes or {})
    for name, keys in models.items():
        config["models"][name] |= keys
    return resolved(config)


def test_every_axis_is_a_key_of_the_configuration_and_the_other_way_round():
    assert [axis.name for axis in AXES] == list(CONFIG["multiverse"])


def test_the_default_grid_holds_the_paper_and_the_recommended_protocol():
    grid = grid_of(CONFIG)
    # 3 rates x 2 x 2 thresholds, of which on test patients only two rates at one threshold.
    assert len(grid.cells) == (2 + 6) * 2 * 3 * 2
    assert grid.n_refused == 4 * 2 * 3 * 2
    recommended = {"tuning": "train", "threshold": "chosen", "scheme": "repeated_kfold"}
    assert any(recommended.items() <= cell.choices.items() for cell in grid.cells)


def test_the_recommended_protocols_grid_chooses_inside_the_training_patients_alone():
    """Its linear heads are solved, which needs inner folds: docs/further.md has the numbers."""
    overlay = yaml.safe_load((ROOT / "config/recommended.yaml").read_text("utf-8"))
    grid = grid_of(resolved(merged(SHIPPED, overlay)))
    assert (len(grid.cells), grid.n_refused) == (24, 24)
    assert {cell.choices["tuning"] for cell in grid.cells} == {"train"}
    assert "learning_rate" not in grid.axes


def test_an_empty_grid_is_the_study_alone():
    grid = grid_of(configured())
    assert [cell.study for cell in grid.cells] == [Study.of(configured())]
    assert (grid.axes, grid.n_refused) == ({}, 0)


def test_the_first_cell_is_the_study_whatever_its_models_override():
    own = {"training": {"learning_rate": 0.5, "batch_size": 3}}
    config = configured({"learning_rate": [5.0e-6, 0.01]}, vivit=own)
    grid = grid_of(config)
    assert grid.cells[0].study == Study.of(config)
    assert grid.axes["learning_rate"] == ["0.5 or 5e-06", "5e-06", "0.01"]
    rates = [[m.training["learning_rate"] for m in c.study.models.values()] for c in grid.cells]
    assert rates == [[0.5, 5e-6], [5e-6, 5e-6], [0.01, 0.01]]
    assert [c.study.models["vivit"].training["batch_size"] for c in grid.cells] == [3, 3, 3]


def test_an_axis_that_no_model_has_is_no_choice():
    config = copy.deepcopy(SHIPPED)
    config["compare"] = ["vivit", "gru"]
    axes = {"sequence_rule": ["mean", "max"], "scheme": ["repeated_kfold"]}
    config["multiverse"] = EMPTY | axes
    assert list(grid_of(resolved(config)).axes) == ["scheme"]


def test_cells_share_trainings_where_their_difference_decides_none():
    config = configured({"tuning": ["train"], "sequence_rule": ["mean"], "threshold": [0.4]})
    grid = grid_of(config)
    assert len(grid.cells) == 8
    assert len(trainings_of(grid, "vivit")) == 2
    # On test patients the rule decides which epoch is kept, in inner folds it does not.
    image = trainings_of(grid, "convnext")
    assert [(one["folds"], one["model"]["sequence_rule"]) for one in image] == [
        (None, "any"),
        (None, "mean"),
        (5, None),
    ]
    for trainings in (image, trainings_of(grid, "vivit")):
        cells = [c for one in trainings for e in one["evaluations"] for c in e["cells"]]
        assert sorted(cells) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_classical_models_are_not_trained_again_for_what_they_do_not_know():
    heads = {"family": "logistic"}
    axes = {"learning_rate": [0.1], "tuning": ["train"], "loss": ["weighted", "focal"]}
    config = configured(axes, vivit=heads, convnext=heads)
    config["tuning"] |= {"folds": 4, "repeats": 2}
    grid = grid_of(config)
    assert list(grid.axes) == ["loss", "tuning"]
    assert grid.n_refused == 2  # focal
    own = [(one["folds"], one["repeats"]) for one in trainings_of(grid, "vivit")]
    assert own == [(4, 2), (4, 2)]


def test_other_frames_have_features_of_their_own():
    config = configured({"frames": [16, 32]})
    grid = grid_of(config)
    learners = feature_names(grid)
    assert {name: model.encoders[0].name for name, model in learners.items()} == {
        "vivit": "vivit",
        "convnext": "convnext",
        "vivit-on-vivit-frames-16": "vivit-frames-16",
    }
    assert learners["vivit-on-vivit-frames-16"].name == "vivit"
    assert variants(config)["vivit-frames-16"].frames == 16
    [training] = trainings_of(grid, "vivit-on-vivit-frames-16")
    assert training["evaluations"][0]["cells"] == [2]
    # What the model of slices does is the same in both cells.
    [training] = trainings_of(grid, "convnext")
    assert training["evaluations"][0]["cells"] == [1, 2]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"training": {"trainable": "all"}}, "models.vivit is trained from pixels"),
        ({"shuffle_slices": True}, "models.vivit shows vivit its slices in a new order each repl"),
    ],
)
def test_models_that_cannot_be_trained_many_times_are_named(keys, message):
    with pytest.raises(InputError, match=message):
        grid_of(configured(vivit=keys))


def runs_of(cells, metric="accuracy"):
    """Return the table of runs, `cells` being a list of model to values by replicate."""
    return pd.DataFrame(
        [
            {"model": model, "cell": c, "replicate": r, "metric": metric, "value": value}
            for c, models in enumerate(cells, start=1)
            for model, values in models.items()
            for r, value in enumerate(values, start=1)
        ]
    )


SETTINGS = {
    "models": ["a", "b", "c"],
    "metrics": ["roc_auc", "accuracy"],
    "primary": "accuracy",
    "contrasts": [["a", "b"], ["a", "c"]],
    "alpha": 0.05,
    "undefined": "exclude",
    "margins": {"accuracy": 0.1},
}


def test_every_cell_is_analysed_as_if_it_were_the_study(tmp_path):
    rng = np.random.default_rng(3)
    cells = [{m: rng.normal(0.8, 0.02, 5) for m in "abc"} for _ in range(2)]
    cells[1]["a"] = cells[1]["b"] + np.array([0.3, 0.31, 0.3, 0.29, 0.3])
    given = CellRuns(
        runs_of(cells),
        {1: {"tuning": "test"}, 2: {"tuning": "train"}},
        {1: Design(RATIO, 82), 2: Design(0.25, 82)},
        SETTINGS,
    )
    table = specification_table(given)
    for cell, ratio in ((1, RATIO), (2, 0.25)):
        samples = {(m, "accuracy"): cells[cell - 1][m] for m in "abc"}
        settings = {key: SETTINGS[key] for key in ("contrasts", "margins")}
        expected = verdict_table(replicates(samples, ratio=ratio, **settings))
        expected = expected[expected["contrast"] == 1]
        own = table[table["cell"] == cell]
        for name in ("model_a", "model_b", "estimate", "low", "high", "margin", "equivalent"):
            assert own[name].tolist() == expected[name].tolist()
    assert table["own"].tolist() == [1, 1, 0, 0]
    assert table["tuning"].tolist() == ["test", "test", "train", "train"]
    assert table["verdict"].tolist()[2] == "superior"
    write_table(table, tmp_path / "table.csv", specification(["tuning"]))
    again = read_table(tmp_path / "table.csv", specification(["tuning"]))
    assert again["verdict"].tolist() == table["verdict"].tolist()


def test_a_protocol_without_an_interval_says_why():
    constant = {"a": [0.9, 0.8, 0.7], "b": [0.8, 0.7, 0.6], "c": [0.9, 0.8, 0.7]}
    given = CellRuns(runs_of([constant]), {1: {"tuning": "test"}}, {1: Design(RATIO, 82)}, SETTINGS)
    table = specification_table(given)
    assert table["low"].isna().all()
    codes = [[one["code"] for one in read_notes(cell)] for cell in table["notes"]]
    assert codes == [[Code.DIFFERENCE_CONSTANT], [Code.MODELS_EQUAL]]


def test_shares_of_verdicts():
    verdicts = ["superior", "superior", "inconclusive", "equivalent"]
    table = pd.DataFrame({"model_a": "a", "model_b": "b", "verdict": verdicts})
    shares = verdict_shares(table.assign(equivalent=[1, 0, 0, 1])).set_index("verdict")
    assert shares.loc["superior", ["cells", "share", "small"]].tolist() == [2, 0.5, 1]
    assert shares.loc["inferior", "cells"] == 0
    assert shares["share"].sum() == 1
