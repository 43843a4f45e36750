"""Head training: the recipe by hand, against scikit-learn, and bit for bit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ctseq.errors import InputError
from ctseq.heads import Head, Rows, initial_head, train_head
from ctseq.inference import probabilities
from ctseq.schedule import learning_rate_share

SETTINGS = {
    "learning_rate": 5e-6,
    "weight_decay": 0.01,
    "batch_size": 10,
    "epochs": 20,
    "warmup_steps": 2,
    "patience": 5,
}


def rows(n, *, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 2).astype(int)
    features = rng.normal(0, 1, (n, 8)).astype(np.float32)
    features[:, 0] += signal * (2 * labels - 1)
    return Rows(features, labels)


def train(train_rows, validation_rows, *, seed=(0, 1, 2), **changes):
    head = initial_head(train_rows.features.shape[1], std=0.02, seed=[0, 1, 1])
    return train_head(
        train_rows, validation_rows, head=head, settings=SETTINGS | changes, seed=list(seed)
    )


def test_learning_rate_schedule_by_hand():
    # Warm-up over 2 of 10 steps, then down to 0 over the other 8.
    shares = [learning_rate_share(step, warmup_steps=2, n_steps=10) for step in range(11)]
    assert shares == [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]
    assert learning_rate_share(0, warmup_steps=0, n_steps=4) == 1


def test_one_step_by_hand():
    # AdamW's first step moves each weight by the learning rate against its gradient's sign, after
    # shrinking it by rate * decay. Without warm-up, one step of one epoch has the full rate.
    data = Rows(np.array([[1.0, -2.0]], np.float32), np.array([1]))
    start = Head(np.array([[0.5, 0.5], [0.5, 0.5]], np.float32), np.zeros(2, np.float32))
    settings = SETTINGS | {"learning_rate": 0.1, "weight_decay": 0.1, "epochs": 1,
                           "warmup_steps": 0}  # fmt: skip
    head, history = train_head(data, data, head=start, settings=settings, seed=[0])
    shrunk = 0.5 * (1 - 0.1 * 0.1)
    expected = [[shrunk - 0.1, shrunk + 0.1], [shrunk + 0.1, shrunk - 0.1]]
    np.testing.assert_allclose(head.weight, expected, atol=1e-6)
    np.testing.assert_allclose(head.bias, [-0.1, 0.1], atol=1e-6)
    assert history["train_loss"].tolist() == pytest.approx([np.log(2)])


def test_converges_to_logistic_regression():
    data = rows(200)
    head, _ = train(
        data, data, learning_rate=0.05, weight_decay=0.0, batch_size=200, epochs=600, patience=600
    )
    ours = probabilities(data.features, head.weight, head.bias)
    theirs = LogisticRegression(C=np.inf).fit(data.features, data.labels)
    best = theirs.predict_proba(data.features)[:, 1]
    # The kept epoch is the first best by accuracy, so near but not at the optimum.
    assert np.corrcoef(ours, best)[0, 1] > 0.99


def test_keeps_the_first_best_epoch_and_stops_early():
    head, history = train(rows(40), rows(40, seed=1), learning_rate=0.05, epochs=50)
    accuracy = history["validation_accuracy"]
    best = accuracy.idxmax()  # the first of equal ones
    assert history["kept"].tolist() == [int(row == best) for row in range(len(history))]
    assert len(history) == min(50, best + 1 + SETTINGS["patience"])
    _, shorter = train(rows(40), rows(40, seed=1), learning_rate=0.05, epochs=50, patience=1)
    assert len(shorter) <= len(history)


def test_learning_rate_column_ends_at_zero():
    _, history = train(rows(40), rows(40, seed=1), epochs=3)
    assert history["learning_rate"].iloc[-1] == 0
    assert history["epoch"].tolist() == [1, 2, 3]


def test_diverging_is_an_error():
    data = Rows(np.full((20, 4), np.inf, np.float32), np.arange(20) % 2)
    with pytest.raises(InputError, match=r"diverged in epoch 1.*training\.learning_rate"):
        train(data, data)


def test_same_bits_in_another_process_and_with_another_number_of_threads(tmp_path):
    program = """
import sys, torch, numpy as np
sys.path[:0] = [sys.argv[1], sys.argv[2]]
torch.set_num_threads(int(sys.argv[3]))
from test_heads import rows, train
head, history = train(rows(57), rows(25, seed=1), learning_rate=1e-3)
sys.stdout.buffer.write(head.weight.tobytes() + history.to_csv().encode())
"""
    here = Path(__file__).parent
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program, here.parents[1] / "workflow/scripts", here, threads],
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 64


def test_initial_heads_follow_their_seed():
    first, again, other = (
        initial_head(1000, std=0.02, seed=seed) for seed in ([0, 1], [0, 1], [0, 2])
    )
    np.testing.assert_array_equal(first.weight, again.weight)
    assert (first.weight != other.weight).all()
    assert first.weight.std() == pytest.approx(0.02, rel=0.1)
    assert (first.bias == 0).all()
