"""The benchmark of heads: its comparison on made-up results, its pipelines, and a short run."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import heads  # noqa: E402
import pipelines  # noqa: E402
import plain_heads  # noqa: E402
from heads_compared import compared, highest, paired, verdicts  # noqa: E402
from simulated_features import draw_dataset  # noqa: E402

from ctseq.families.contract import Learned  # noqa: E402
from ctseq.replicates.tasks import Fit, Task  # noqa: E402
from featured import LEARNING  # noqa: E402

LIKE = {"blind": ("textbook",), "seeing": ("textbook",), "shuffled": ("textbook",)}
ROLES = {"ordered": ("seeing",), "shuffled": ("shuffled",), "slope": "slope"}
AUC = {
    "blind": [0.50, 0.54, 0.49],
    "seeing": [0.90, 0.95, 0.91],
    "shuffled": [0.51, 0.50, 0.47],
    "textbook": [0.52, 0.55, 0.53],
    "other": [0.50, 0.50, 0.50],
    "slope": [0.92, 0.95, 0.95],
}


def results(kind="order", auc=AUC):
    rows = [
        {"kind": kind, "strength": "weak", "width": 8, "split": split, "head": head, "auc": value}
        for head, values in auc.items()
        for split, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows).assign(seconds=2.0)


def test_intervals_are_those_of_the_paired_t_test():
    first, second = pd.Series(AUC["blind"]), pd.Series(AUC["textbook"])
    known = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert paired(first, second) == pytest.approx(
        (np.mean(first - second), known.low, known.high), rel=1e-12
    )
    # A split that one of them lacks takes no part; one split alone has no interval.
    assert paired(pd.Series([0.5, 0.7], [1, 2]), pd.Series([0.6], [1]))[0] == pytest.approx(-0.1)
    assert np.isnan(paired(pd.Series([0.5], [1]), pd.Series([0.6], [1]))[1:]).all()
    assert np.isnan(paired(pd.Series([0.5], [1]), pd.Series([0.6], [2]))).all()


def test_heads_are_set_beside_the_best_pipeline_and_those_alike():
    like = {"blind": ("other",)}
    table = compared(results(), best=("other", "textbook"), like=like).set_index("head")
    assert table["splits"].eq(3).all()
    assert table.loc["blind", ["auc", "seconds"]].tolist() == pytest.approx([0.51, 2.0])
    assert table.loc["blind", "difference"] == pytest.approx(0.51 - 1.6 / 3)
    assert table.loc["blind", "like"] == pytest.approx(0.01)
    assert table.loc["textbook", ["difference", "low", "high"]].tolist() == [0, 0, 0]
    assert np.isnan(table.loc["seeing", "like"])  # nothing reads alike


def test_of_equal_means_the_first_is_the_best():
    auc = pd.DataFrame({"a": [0.5], "b": [0.5], "c": [0.4]})
    assert highest(auc, ["c", "b", "a"]) == "b"
    assert highest(auc, ["z"]) is None


def judged(rows):
    found = verdicts(rows, pipelines=("textbook", "other"), like=LIKE, **ROLES)
    return found.set_index("claim")


def test_claims_on_order():
    found = judged(results())
    assert found["head"].to_dict() == {
        "best head": "seeing", "weakest head": "blind", "sees the order": "seeing",
        "is blind": "shuffled", "sees it as well": "seeing",
    }  # fmt: skip
    assert found["beside"].tolist() == ["textbook", "textbook", "blind", "blind", "slope"]
    differences = [0.38667, -0.02333, 0.41, -0.01667, -0.02]
    assert found["difference"].tolist() == pytest.approx(differences, abs=1e-5)
    # .02 below the slope is more than .01; that of three splits nobody can be sure.
    assert found["reached"].tolist() == [True, True, True, True, False]
    assert found["sure"].tolist() == [True, False, True, False, False]


def test_claims_where_heads_are_weak():
    found = judged(results("mean", AUC | {"seeing": [0.4, 0.45, 0.42], "shuffled": [0.9, 1, 0.9]}))
    assert found.index.tolist() == ["best head", "weakest head"]  # without those on order
    assert found["head"].tolist() == ["blind", "seeing"]  # what is shuffled is a control
    assert found["reached"].tolist() == [False, False]
    assert found["sure"].tolist() == [False, True]


def test_a_control_that_sees_the_order_is_found():
    found = judged(results(auc=AUC | {"shuffled": [0.8, 0.83, 0.81]}))
    assert not found.loc["is blind", "reached"]


def test_heads_are_those_of_the_recommended_protocol():
    study = heads.recommended()
    assert list(study.models) == list(heads.HEADS)
    assert {model.family for model in study.models.values()} == set(LEARNING)
    assert study.threshold == "chosen"
    for model in study.models.values():
        assert study.inner_of(model)["folds"] == 5
    assert study.models["gru-shuffled"].settings["shuffled"] is True
    known = {name for names in heads.LIKE.values() for name in names}
    assert known <= set(pipelines.PIPELINES)


@pytest.mark.parametrize(
    ("kind", "seeing", "blind"),
    [
        ("mean", [pipelines.MEAN, pipelines.SLICES], [pipelines.SLOPE]),
        ("maximum", [pipelines.MAX, pipelines.MAX_MEAN], []),
        ("order", [pipelines.SLOPE], [pipelines.MEAN, pipelines.MAX]),
    ],
)
def test_pipelines_see_what_they_should(kind, seeing, blind):
    data = draw_dataset(kind, 3.0, width=40, n_train=40, n_test=100, seed=5)
    auc = {name: heads.pipeline_auc(name, data, split=1, seed=0)[0] for name in [*seeing, *blind]}
    assert all(auc[name] > 0.85 for name in seeing)
    # So far from .5 an AUC of 100 scans is once in a thousand times.
    assert all(abs(auc[name] - 0.5) < 0.19 for name in blind)


def test_a_dataset_does_not_depend_on_what_else_is_run():
    heads.dataset.cache_clear()
    first = heads.dataset("mean", "weak", 4, 2, 0)
    heads.dataset.cache_clear()
    heads.dataset("mean", "strong", 4, 1, 0)
    assert (heads.dataset("mean", "weak", 4, 2, 0).vectors == first.vectors).all()


def test_what_a_file_has_is_not_run_again(tmp_path, monkeypatch, capsys):
    asked = ["--kinds", "mean", "--strengths", "strong", "--widths", "16", "--splits", "1"]
    asked += ["--csv", str(tmp_path / "rows.csv"), "--heads", pipelines.MEAN]
    heads.main(asked)
    heads.main([*asked, "logistic-mean", "--write", str(tmp_path / "table.csv")])
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert rows["head"].tolist() == [pipelines.MEAN, "logistic-mean"]
    assert (rows["auc"] > 0.5).all()
    table = pd.read_csv(tmp_path / "table.csv").set_index("head")
    known = rows.set_index("head")["auc"]
    assert table["auc"].to_dict() == pytest.approx(known.to_dict(), abs=1e-4)
    assert "best head" in capsys.readouterr().out
    monkeypatch.setattr(heads, "measure", None)  # whoever calls it fails
    heads.main([*asked, "logistic-mean", "--write", str(tmp_path / "again.csv")])
    assert pd.read_csv(tmp_path / "again.csv").set_index("head")["auc"].equals(table["auc"])


def test_the_plain_loop_trains_what_a_head_has_trained():
    columns = ["setting", "peak_rate", "weight_decay", "dropout", "size", "kept"]
    history = [[1, 0.1, 0.0, 0.0, 4, 0]] * 3 + [[2, 0.2, 0.0, 0.5, 4, 0], [2, 0.2, 0.0, 0.5, 4, 1]]
    learned = Learned(None, [], {"epoch": 2}, pd.DataFrame(history, columns=columns))
    whole = Fit(np.arange(6), np.arange(6, 9))
    inner = [Fit(np.arange(3), np.arange(3, 6)), Fit(np.arange(3, 6), np.arange(3))]
    runs = plain_heads.runs_of(Task(None, None, None, whole, inner), learned, seeds=2)
    told = [(run.setting["peak_rate"], run.epochs, run.seed, len(run.fit.held_out)) for run in runs]
    assert told == [
        *[(0.1, 3, 0, 3)] * 2,
        *[(0.2, 2, 0, 3)] * 2,
        *[(0.2, 2, 1, 3)] * 2,  # the other seed at the setting that was chosen
        (0.2, 2, 0, 0),
        (0.2, 2, 1, 0),
    ]


@pytest.mark.parametrize("family", ["attention", "gru", "lstm"])
def test_the_plain_loop_learns(family):
    rng = np.random.default_rng(0)
    labels = np.arange(24) % 2
    vectors = [rng.normal(label, 0.5, (5 + label, 4)).astype(np.float32) for label in labels]
    fit = Fit(np.arange(16), np.arange(16, 24))
    setting = {"peak_rate": 0.02, "weight_decay": 0.0, "dropout": 0.1, "size": 4.0}
    training = {"batch_size": 8, "epochs": 20, "standardise": True, "components": 3}
    run = plain_heads.Run(fit, setting, epochs=20, seed=1)
    probability = plain_heads.train(family, run, vectors, labels, training)
    assert ((probability > 0.5) == labels[fit.held_out]).all()
