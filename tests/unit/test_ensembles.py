"""Ensembles: one probability a scan of each member, their mean, and the level above them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import combine
import predict_combined
from configs import changed, resolved
from ctseq.core.errors import InputError
from ctseq.core.tables import read_table, typed, write_table
from ctseq.evidence.evaluation import evaluate
from ctseq.families.ensembles.combined import fit
from ctseq.families.ensembles.members import combine as combined
from ctseq.families.ensembles.members import join_scores, score
from ctseq.families.inputs import Inputs
from ctseq.intake.tables import SCANS
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import tabulate_scores
from ctseq.study.config import used_config
from ctseq.study.further import untrainable_models
from ctseq.study.made.targets import check_targets
from ctseq.study.study import Study

pytestmark = pytest.mark.numerical

AVERAGE = {"family": "average", "members": ["whole", "slices"], "sequence_rules": [None, "any"]}
STACKING = AVERAGE | {"family": "stacking"}
SEEDS = {"repeats": 1, "seed": 5, "replicate": 2}


def scored(*rows):
    """Return scores from rows of scan, slice, subset and probability; a patient has one scan."""
    names = ["scan_id", "slice_number", "subset", "probability"]
    table = pd.DataFrame(rows, columns=names)
    return typed(table.assign(patient_id="p" + table["scan_id"]), SCORES)


def scans_of(truth):
    """Return a table of scans from scan to label."""
    return pd.DataFrame({"scan_id": [*truth], "target": [*truth.values()]}).assign(
        patient_id=lambda table: "p" + table["scan_id"]
    )


WHOLE = scored(
    ("b", None, "test", 0.2), ("a", None, "test", 0.8), ("c", None, "held_out", 0.5),
    ("d", None, "held_out", 0.1),
)  # fmt: skip
SLICES = scored(
    ("a", 1, "test", 0.1), ("a", 2, "test", 0.4), ("b", 1, "test", 0.6), ("b", 2, "test", 0.3),
    ("c", 1, "held_out", 0.9), ("c", 2, "held_out", 0.7), ("d", 1, "held_out", 0.3),
)  # fmt: skip
FEW = scans_of({"a": 1, "b": 0, "c": 1, "d": 0})


def drawn(n=60, seed=4):
    """Return scores of two members, of whom the second alone knows much, and the scans."""
    rng = np.random.default_rng(seed)
    truth = {f"{number:02d}": number % 2 for number in range(n)}
    members = []
    for knows in (0.3, 2.0):
        logits = rng.normal([knows * (2 * label - 1) for label in truth.values()], 1.0)
        subsets = ["held_out" if number < n // 2 else "test" for number in range(n)]
        probability = 1 / (1 + np.exp(-logits))
        nothing = [None] * n
        members.append(scored(*zip(truth, nothing, subsets, probability, strict=True)))
    return members, scans_of(truth)


def test_an_average_is_the_mean_of_scans_by_members_own_rules():
    task, learned = combined([WHOLE, SLICES], FEW, AVERAGE, folds=5, **SEEDS)
    tested = score(learned.fitted, [WHOLE, SLICES], subset="test")
    assert tested["scan_id"].tolist() == ["a", "b"]
    np.testing.assert_allclose(tested["probability"], [(0.8 + 0.4) / 2, (0.2 + 0.6) / 2])
    found = tabulate_scores(task, tested, learned.held_out)
    held_out = found[found["subset"] == "held_out"]
    assert held_out["scan_id"].tolist() == ["c", "d"]
    np.testing.assert_allclose(held_out["probability"], [(0.5 + 0.9) / 2, (0.1 + 0.3) / 2])
    assert found["slice_number"].isna().all()


def test_equal_members_are_their_own_mean():
    three = AVERAGE | {"members": ["a", "b", "c"], "sequence_rules": [None] * 3}
    _, learned = combined([WHOLE] * 3, FEW, three, folds=None, **SEEDS)
    tested = score(learned.fitted, [WHOLE] * 3, subset="test")
    assert tested["probability"].astype(np.float32).tolist() == [np.float32(0.8), np.float32(0.2)]


def test_what_one_member_did_not_hold_out_is_left_out():
    one_fold = SLICES[~((SLICES["subset"] == "held_out") & (SLICES["scan_id"] == "d"))]
    rows, probabilities = join_scores([WHOLE, one_fold], AVERAGE, subset="held_out")
    assert rows["scan_id"].tolist() == ["c"]
    np.testing.assert_allclose(probabilities, [[0.5, 0.9]])
    none = WHOLE[WHOLE["subset"] == "test"]
    for members in ([none, SLICES], [WHOLE, SLICES[SLICES["subset"] == "test"]]):
        task, learned = combined(members, FEW, AVERAGE, folds=None, **SEEDS)
        assert (task.inner, learned.held_out) == ([], [])


def test_members_of_other_test_scans_are_refused():
    fewer = WHOLE[WHOLE["scan_id"] != "b"]
    message = "whole, slices have not scored the same test scans: 1 of slices's .* scan b of pati"
    with pytest.raises(InputError, match=message):
        combined([fewer, SLICES], FEW, AVERAGE, folds=None, **SEEDS)


def test_too_few_held_out_patients_are_refused():
    with pytest.raises(InputError, match="2 training patients together, 1 of the rarer class"):
        combined([WHOLE, SLICES], FEW, STACKING, folds=5, **SEEDS)


def both_whole(family):
    return {"family": family, "members": ["poor", "good"], "sequence_rules": [None, None]}


def test_stacking_is_logistic_regression_on_standardised_logits():
    members, scans = drawn()
    task, learned = combined(members, scans, both_whole("stacking"), folds=3, **SEEDS)
    tested = score(learned.fitted, members, subset="test")
    rows = {name: [m[m["subset"] == name] for m in members] for name in ("held_out", "test")}
    bound = 1 / 32  # thirty scans are learned from
    logits = {}
    for name, own in rows.items():
        values = np.clip(np.stack([m["probability"] for m in own], 1), bound, 1 - bound)
        logits[name] = np.log(values / (1 - values))
    mean, deviation = logits["held_out"].mean(0), logits["held_out"].std(0)
    labels = scans["target"].to_numpy()[:30]
    peer = LogisticRegression(C=learned.summary["C"], tol=1e-10, max_iter=1000)
    peer.fit((logits["held_out"] - mean) / deviation, labels)
    expected = peer.predict_proba((logits["test"] - mean) / deviation)[:, 1]
    np.testing.assert_allclose(tested["probability"], expected, atol=1e-5)
    poor, good = learned.fitted.arrays["weight"][1]
    assert good > 3 * abs(poor)
    assert len(task.inner) == 3


def test_no_held_out_scan_has_a_part_in_its_own_probability(monkeypatch):
    members, scans = drawn()
    settings = both_whole("stacking")
    task, _ = combined(members, scans, settings, folds=3, **SEEDS)
    first = task.inner[0].held_out
    flipped = scans.copy()
    flipped.loc[first, "target"] = 1 - flipped.loc[first, "target"]
    other = replace(task, labels=flipped["target"].to_numpy())
    vectors = np.stack([m["probability"] for m in members], 1)
    # The strength is chosen over all folds: of one alone, labels change other folds.
    monkeypatch.setattr("ctseq.families.trained.exact.STRENGTHS", (1.0,))
    found = [
        fit(Inputs(vectors, None, 0.0), one, settings, seed=5, replicate=2).held_out
        for one in (task, other)
    ]
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert np.abs(found[0][1] - found[1][1]).max() > 0.01


def test_test_scans_and_the_order_of_rows_decide_nothing():
    members, scans = drawn()
    settings = both_whole("stacking")
    _, learned = combined(members, scans, settings, folds=3, **SEEDS)
    mixed = [m.sample(frac=1, random_state=1) for m in members]
    for one in mixed:
        one.loc[one["subset"] == "test", "probability"] = 0.5
    _, other = combined(mixed, scans[::-1], settings, folds=3, **SEEDS)
    assert other.summary == learned.summary
    np.testing.assert_array_equal(other.fitted.arrays["weight"], learned.fitted.arrays["weight"])


def test_certain_members_are_bounded():
    members, scans = drawn()
    sure = [m.assign(probability=m["probability"].round()) for m in members]
    _, learned = combined(sure, scans, both_whole("stacking"), folds=3, **SEEDS)
    tested = score(learned.fitted, sure, subset="test")["probability"]
    assert tested.between(0, 1, inclusive="neither").all()


def test_a_class_of_fewer_patients_than_folds_makes_fewer_folds():
    members, scans = drawn(n=12)
    task, _ = combined(members, scans, both_whole("stacking"), folds=5, **SEEDS)
    assert len(task.inner) == 3


@pytest.mark.parametrize("family", ["average", "stacking"])
def test_scripts_store_what_scores_other_datasets(family, tmp_path):
    members, scans = drawn()
    settings = both_whole(family)
    paths = [tmp_path / f"{number}.csv" for number in range(2)]
    for path, member in zip(paths, members, strict=True):
        write_table(member, path, SCORES)
    full = scans.reindex(columns=[*SCANS.columns]).assign(n_slices=1)
    write_table(typed(full, SCANS), tmp_path / "scans.csv", SCANS)
    outputs = SimpleNamespace(
        fitted=tmp_path / "fitted", scores=tmp_path / "scores.csv", summary=tmp_path / "chosen.json"
    )
    inputs = SimpleNamespace(scores=paths, scans=tmp_path / "scans.csv")
    combine.main(inputs, outputs, model=settings, folds=3, **SEEDS)
    scores = read_table(outputs.scores, SCORES)
    assert scores.groupby("subset").size().to_dict() == {"held_out": 30, "test": 30}
    called = evaluate(scores, scans, sequence_rule=None, threshold="chosen")
    assert called.metrics["roc_auc"] > 0.9
    tested = scores[scores["subset"] == "test"]
    again = [member.assign(subset="external") for member in members]
    for path, member in zip(paths, again, strict=True):
        write_table(member, path, SCORES)
    inputs = SimpleNamespace(scores=paths, fitted=outputs.fitted)
    predict_combined.main(inputs, tmp_path / "external.csv", model=settings)
    external = read_table(tmp_path / "external.csv", SCORES)
    assert len(external) == 60
    same = external[external["scan_id"].isin(tested["scan_id"])]
    assert same["probability"].tolist() == tested["probability"].tolist()
    with pytest.raises(InputError, match="fitted with other settings .* members differ"):
        other = settings | {"members": ["good", "poor"]}
        predict_combined.main(inputs, tmp_path / "external.csv", model=other)


BOTH = {"family": "average", "members": ["vivit", "logistic"]}


def configured(both, **sections):
    """Return the shipped configuration with an ensemble, and keys of sections changed."""
    keys = {"models.both": both, "compare": ["vivit", "convnext", "both"]} | sections
    return resolved(changed(keys))


def test_an_ensemble_runs_its_members_and_is_a_model_like_others():
    config = configured(BOTH)
    study = Study.of(config)
    assert [*study.models] == ["vivit", "convnext", "both"]
    assert [*study.runs] == ["vivit", "convnext", "both", "logistic"]
    assert [*study.trained] == ["vivit", "convnext", "logistic"]
    both = study.models["both"]
    assert both.settings == {
        "family": "average", "members": ["vivit", "logistic"], "sequence_rules": [None, None]
    }  # fmt: skip
    assert [one.name for one in both.encoders] == ["vivit", "convnext"]
    assert (both.sequence_rule, both.finetuned, both.in_epochs) == (None, False, False)
    assert [*used_config(config)["models"]] == ["vivit", "convnext", "logistic", "both"]
    check_targets(["results/ct-ich/runs/logistic/replicate-01/scores.csv"], study)
    assert "models.both combines the scores of the study's own" in untrainable_models(config)[0]
    whole = configured(BOTH, **{"training.trainable": "all", "training.loss": "weighted"})
    assert not Study.of(whole).models["both"].finetuned


def test_members_of_slices_keep_their_rule():
    members = {"family": "stacking", "members": ["convnext", "vivit"]}
    study = Study.of(configured(members, **{"tuning.patients": "train"}))
    assert study.models["both"].settings["sequence_rules"] == ["any", None]
    assert study.inner_of(study.models["both"])["folds"] == 5


def test_stacking_takes_members_that_always_hold_out():
    keys = {"models.svm": {"family": "svm", "encoder": "vivit"}}
    config = configured({"family": "stacking", "members": ["svm", "logistic"]}, **keys)
    assert config["tuning"]["patients"] == "test"


@pytest.mark.parametrize(
    ("both", "message"),
    [
        ({"family": "average"}, "models.both.members is missing: a list of two models or more"),
        ({"family": "average", "members": ["vivit"]}, "models.both.members"),
        (BOTH | {"members": ["vivit", "vivid"]}, "names 'vivid', but `models` has vivit, conv"),
        (BOTH | {"members": ["vivit", "both"]}, "both.members names both, an ensemble itself"),
        (BOTH | {"encoder": "vivit"}, "models.both.encoder has no effect: the model learns from"),
        (BOTH | {"training": {"loss": "focal"}}, "models.both.training has no effect: the model"),
        (BOTH | {"family": "linear"}, "models.both.members has no effect: only average and stac"),
        (
            BOTH | {"family": "stacking"},
            "models.both.family is 'stacking', which learns from training patients whom its "
            "members held out, but vivit holds out none: set tuning.patients to",
        ),
    ],
)  # fmt: skip
def test_what_an_ensemble_cannot_be_is_named(both, message):
    with pytest.raises(InputError) as error:
        configured(both)
    assert message in str(error.value)


def test_a_members_own_mistakes_are_named_though_it_is_not_compared():
    with pytest.raises(InputError, match="models.logistic.labels has no effect"):
        configured(BOTH, **{"models.logistic.labels": "scan"})
    with pytest.raises(InputError, match="logistic.encoder names nowhere, but `encoders` has"):
        configured(BOTH, **{"models.logistic.encoder": "nowhere"})


@pytest.mark.parametrize(("key", "value"), [("variance_seeds", 2), ("learning_curve", [0.5])])
def test_what_trains_many_times_says_at_once_that_it_takes_no_ensemble(key, value):
    with pytest.raises(InputError, match="models.both combines the scores of the study's own run"):
        configured(BOTH, **{f"further.{key}": value})
