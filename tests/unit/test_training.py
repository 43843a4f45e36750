"""Training of heads: the recipe by hand, against scikit-learn, alone and in a grid, bit for bit."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ctseq.core.errors import InputError
from ctseq.families.heads import LINEAR, initial_layer, relative_weight_change
from ctseq.families.trained import training
from ctseq.families.trained.candidates import Truth
from ctseq.families.trained.training import Setting, SideBySide, predict
from ctseq.replicates.tasks import Fit
from scans import EPOCHS, LABELS, SCANS, examples_of, searched

pytestmark = pytest.mark.numerical

SETTINGS = {
    "weight_decay": 0.01,
    "batch_size": 10,
    "epochs": 20,
    "warmup_steps": 2,
    "patience": 5,
    "loss": "cross_entropy",
    "focal_gamma": 2.0,
    "sampling": "shuffled",
}


def examples(n, *, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 2).astype(int)
    features = rng.normal(0, 1, (n, 8)).astype(np.float32)
    features[:, 0] += signal * (2 * labels - 1)
    return examples_of([features], labels)


def start(data, seed=(0, 1, 1)):
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    return initial_layer(data.inputs[0].shape[1], 0.02, rng)


def halves(n):
    """Learn the even rows' pairs, hold out the others."""
    rows = np.arange(n)
    return Fit(rows[rows % 4 < 2], rows[rows % 4 >= 2])


def run(data, fits, *, rates=(5e-6,), by="accuracy", initial=None, halving=False, **changes):
    return searched(
        LINEAR,
        data,
        fits,
        initial=initial or start(data),
        settings=rates,
        recipe=SETTINGS | changes,
        by=by,
        halving=halving,
        seed=[0, 1, 2],
    )


def test_one_step_by_hand():
    # AdamW's first step moves each weight by the learning rate against its gradient's sign, after
    # shrinking it by rate * decay. Without warm-up, one step of one epoch has the full rate.
    data = examples_of([np.array([[1.0, -2.0]], np.float32)], np.array([1]))
    initial = {"weight": np.full((2, 2), 0.5, np.float32), "bias": np.zeros(2, np.float32)}
    (candidate,) = run(
        data, [Fit(np.array([0]), np.array([0]))], rates=[0.1], initial=initial,
        weight_decay=0.1, epochs=1, warmup_steps=0,
    )  # fmt: skip
    shrunk = 0.5 * (1 - 0.1 * 0.1)
    expected = [[shrunk - 0.1, shrunk + 0.1], [shrunk + 0.1, shrunk - 0.1]]
    (head,) = candidate.parameters
    np.testing.assert_allclose(head["weight"], expected, atol=1e-6)
    np.testing.assert_allclose(head["bias"], [-0.1, 0.1], atol=1e-6)
    assert candidate.table()["train_loss"].tolist() == pytest.approx([np.log(2)])


def test_converges_to_logistic_regression():
    data = examples(200)
    everything = Fit(np.arange(200), np.arange(0))
    (candidate,) = run(
        data, [everything], rates=[0.05], weight_decay=0.0, batch_size=200, epochs=600
    )
    ours = predict(LINEAR, candidate.parameters[0], data.inputs, np.arange(200))
    theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(data.inputs[0], data.labels)
    np.testing.assert_allclose(ours, theirs.predict_proba(data.inputs[0])[:, 1], atol=0.01)


def test_keeps_the_first_best_epoch_and_stops_early():
    data = examples(80)
    (candidate,) = run(data, [halves(80)], rates=[0.05], epochs=50)
    history = candidate.table()
    best = history["tuning_accuracy"].idxmax()  # the first of equal ones
    assert history["kept"].tolist() == [int(row == best) for row in range(len(history))]
    assert len(history) == min(50, best + 1 + SETTINGS["patience"])
    (by_loss,) = run(data, [halves(80)], rates=[0.05], epochs=50, by="loss")
    assert by_loss.epoch == by_loss.table()["tuning_loss"].idxmin() + 1


def test_what_is_kept_is_the_epoch_kept():
    data, fit = examples(80), halves(80)
    (candidate,) = run(data, [fit], rates=[0.05], epochs=50)
    kept = candidate.table().query("kept == 1").iloc[0]
    probability = predict(LINEAR, candidate.parameters[0], data.inputs, fit.held_out)
    np.testing.assert_array_equal(probability, candidate.probabilities[0])
    right = (probability > 0.5) == (data.labels[fit.held_out] == 1)
    assert right.mean() == kept["tuning_accuracy"]


@pytest.mark.parametrize(("rule", "kept"), [("any", 2), (None, 1)])
def test_the_scans_choose_whatever_a_row_is(rule, kept, monkeypatch):
    found = iter(EPOCHS)
    monkeypatch.setattr(SideBySide, "held_out", lambda *_: [next(found)])
    rows = np.arange(len(LABELS))
    data = examples_of([np.zeros((len(rows), 2), np.float32)], LABELS)
    if rule:
        data = replace(data, scans=SCANS)
    (candidate,) = run(data, [Fit(rows, rows)], epochs=len(EPOCHS))
    assert candidate.epoch == kept
    accuracies = {"any": [1 / 3, 1], None: [7 / 9, 6 / 9]}[rule]
    assert candidate.table()["tuning_accuracy"].tolist() == pytest.approx(accuracies)


def test_learning_rate_column_ends_at_zero():
    (candidate,) = run(examples(40), [halves(40)], epochs=3)
    assert candidate.table()["learning_rate"].iloc[-1] == 0
    assert candidate.table()["epoch"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("loss", ["cross_entropy", "weighted", "focal"])
def test_a_grid_is_its_trainings_one_by_one(loss):
    # Fits of different sizes: some have a step more an epoch, and a smaller last batch.
    data, rows = examples(50), np.arange(50)
    fits = [Fit(rows[rows % 5 != k], rows[rows % 5 == k]) for k in (0, 1)]
    fits[1] = Fit(fits[1].train[:-9], fits[1].held_out)
    options = {"by": "loss", "loss": loss, "epochs": 6, "patience": 9}
    grid = run(data, fits, rates=[1e-3, 1e-2], **options)
    for candidate, rate in zip(grid, [1e-3, 1e-2], strict=True):
        (alone,) = run(data, fits[:1], rates=[rate], **options)
        for epoch in range(6):
            assert alone.history[epoch][4] == pytest.approx(candidate.history[epoch][4])
        if alone.epoch == candidate.epoch:
            np.testing.assert_allclose(
                alone.parameters[0]["weight"], candidate.parameters[0]["weight"], rtol=1e-4,
                atol=1e-6,
            )  # fmt: skip
    assert grid[0].epoch == grid[1].epoch == 6  # so the comparison above was made


def test_settings_of_a_grid_are_trained_as_they_are_alone():
    data, fits = examples(50), [halves(50)]
    settings = [Setting(rate, decay) for rate in (1e-3, 1e-2) for decay in (0.0, 0.1)]
    grid = run(data, fits, rates=settings, by="loss", epochs=4)
    weights = [candidate.parameters[0]["weight"] for candidate in grid]
    assert len({own.tobytes() for own in weights}) == 4
    for setting, own in zip(settings, weights, strict=True):
        (alone,) = run(data, fits, rates=[setting], by="loss", epochs=4)
        np.testing.assert_allclose(alone.parameters[0]["weight"], own, rtol=1e-5, atol=1e-7)
        assert set(alone.table()["weight_decay"]) == {setting.weight_decay}


def test_the_worse_half_stops_after_an_eighth_a_quarter_and_half_of_the_epochs():
    # Rates so small that losses fall the faster, the larger they are, and nothing stops early.
    rates = [1e-5, 3e-4, 1e-4, 2e-4, 4e-4]
    grid = run(examples(80), [halves(80)], rates=rates, by="loss", halving=True, epochs=12)
    # After 2 epochs three of five go on, after 3 two, after 6 one.
    assert [len(candidate.history) for candidate in grid] == [2, 6, 2, 3, 12]
    (alone,) = run(examples(80), [halves(80)], rates=[4e-4], by="loss", halving=True, epochs=12)
    assert len(alone.history) == 12


def test_of_equally_good_settings_the_first_go_on():
    grid = run(examples(80), [halves(80)], rates=[1e-9] * 4, by="loss", halving=True, patience=99,
               epochs=8)  # fmt: skip
    assert [len(candidate.history) for candidate in grid] == [8, 2, 1, 1]


def test_rows_that_come_several_times_are_one_in_the_accuracy_of_scans():
    truth = Truth(np.array([1, 0]), examples_of([], np.array([1, 0])).scans)
    rows, probability = np.array([0, 1, 0, 1]), np.array([0.9, 0.4, 0.2, 0.8])
    assert truth.accuracy(rows, probability) == 0.5  # means of 0.55 and 0.6
    expected = -np.log([0.9, 0.6, 0.2, 0.2]).mean()
    assert truth.loss(rows, probability) == pytest.approx(expected)


def test_losses_of_a_grid_are_over_all_held_out_rows():
    data, rows = examples(40), np.arange(40)
    fits = [Fit(rows[:30], rows[30:]), Fit(rows[15:], rows[:15])]
    (candidate,) = run(data, fits, rates=[1e-2], by="loss", epochs=1)
    probability = np.concatenate(candidate.probabilities)
    truth = data.labels[np.concatenate([fit.held_out for fit in fits])]
    loss = -np.log(np.where(truth == 1, probability, 1 - probability)).mean()
    assert candidate.history[0][2] == pytest.approx(loss)
    assert candidate.history[0][3] == ((probability > 0.5) == (truth == 1)).mean()


def test_weights_balance_the_classes():
    # Nine negative rows and one positive: weighted, a constant head is best at one half.
    labels = np.array([1] + [0] * 9)
    data = examples_of([np.zeros((10, 1), np.float32)], labels)
    everything = Fit(np.arange(10), np.arange(0))
    options = {"rates": [0.05], "weight_decay": 0.0, "epochs": 400, "batch_size": 10}
    (plain,) = run(data, [everything], **options)
    (weighted,) = run(data, [everything], loss="weighted", **options)
    shares = [
        predict(LINEAR, c.parameters[0], data.inputs, np.arange(1))[0] for c in (plain, weighted)
    ]
    assert shares == pytest.approx([0.1, 0.5], abs=0.01)


def test_diverging_is_an_error_unless_another_rate_does_not():
    data = examples_of([np.full((20, 4), np.inf, np.float32)], np.arange(20) % 2)
    with pytest.raises(InputError, match=r"diverged.*training\.learning_rate"):
        run(data, [halves(20)])
    # However well it began: at this rate the second epoch overflows.
    with pytest.raises(InputError, match="diverged"):
        run(examples(40), [halves(40)], rates=[1e38], epochs=3)
    good, bad = run(examples(40), [halves(40)], rates=[1e-3, 1e38], epochs=3, by="loss")
    assert good.epoch == 3
    assert bad.score == -np.inf


def test_same_bytes_in_another_process():
    program = """
import sys
sys.path[:0] = sys.argv[1:]
from test_training import trained_bytes
sys.stdout.buffer.write(trained_bytes())
"""
    here = Path(__file__).parent
    command = [sys.executable, "-c", program, here.parents[1] / "workflow/scripts"]
    command += [here, here.parent]
    elsewhere = subprocess.run(command, check=True, capture_output=True).stdout
    assert trained_bytes() == elsewhere
    assert len(elsewhere) > 64


def trained_bytes():
    candidates = run(examples(82), [halves(82)] * 3, rates=[1e-3, 1e-2])
    return b"".join(
        candidate.parameters[0]["weight"].tobytes() + candidate.table().to_csv().encode()
        for candidate in candidates
    )


def test_initial_layers_follow_their_seed():
    wide = examples_of([np.zeros((1, 1000), np.float32)], np.array([0]))
    first, again, other = (start(wide, seed) for seed in ([0, 1], [0, 1], [0, 2]))
    np.testing.assert_array_equal(first["weight"], again["weight"])
    assert (first["weight"] != other["weight"]).all()
    assert first["weight"].std() == pytest.approx(0.02, rel=0.1)
    assert (first["bias"] == 0).all()


def test_weight_change_is_relative():
    change = relative_weight_change(np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]]))
    assert change == pytest.approx(0.1)


def test_predictions_do_not_depend_on_other_rows():
    data = examples(30)
    layer = start(data)
    whole = predict(LINEAR, layer, data.inputs, np.arange(30))
    np.testing.assert_allclose(
        predict(LINEAR, layer, data.inputs, np.arange(7)), whole[:7], rtol=1e-14
    )
    contrast = layer["weight"][1] - layer["weight"][0]
    np.testing.assert_allclose(whole, 1 / (1 + np.exp(-(data.inputs[0] @ contrast))), rtol=1e-6)


def test_scoring_in_pieces_changes_nothing(monkeypatch):
    data = examples(50)
    layer, rows = start(data), np.arange(50)[::-1].copy()
    whole = predict(LINEAR, layer, data.inputs, rows)
    monkeypatch.setattr(training, "_SCORED", 7 * data.inputs[0].shape[1])
    np.testing.assert_allclose(predict(LINEAR, layer, data.inputs, rows), whole, rtol=1e-14)
