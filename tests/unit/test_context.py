"""Heads that learn slices in context: masks by hand, the plain computation, and where scores go."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ctseq.core.errors import InputError
from ctseq.families.heads import LINEAR, Head
from ctseq.families.inputs import Inputs
from ctseq.families.learning import fit, learn, predict
from ctseq.families.registry import FAMILIES
from ctseq.families.trained.context import fit_head, of_scans, scans_of, slices_of
from ctseq.families.trained.reading import Padded, read
from ctseq.families.trained.training import Setting, SideBySide, Training
from ctseq.replicates.aggregation import Scans
from ctseq.replicates.tasks import Fit, Task
from featured import HEADS, MODELS, OF_SLICES, TRAINING, labelled, model_of, split_of

pytestmark = pytest.mark.numerical

# Two scans of three slices and one, the first read backwards, and their mirrored copies.
MEMBERS = [np.array([2, 1, 0]), np.array([3]), np.array([6, 5, 4]), np.array([7])]
LABELS = np.array([0, 0, 1, 1] * 2)
NONE = np.array([], int)
# Of every family that reads slices in context, its head.
IN_CONTEXT = [family for family, about in FAMILIES.items() if about.in_context]


def task_of(outer, inner=()):
    rows = pd.DataFrame({"scan_id": ["a", "a", "a", "b"], "slice_number": [1, 2, 3, 1]})
    scans = Scans(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 1]), "any")
    return Task(rows, LABELS, scans, outer, list(inner))


def test_slices_become_scans_and_slices_again_by_hand():
    outer = Fit(np.array([0, 1, 2, 4, 5, 6]), np.array([3]))
    found = scans_of(task_of(outer, [Fit(np.array([3, 7]), np.array([0, 1, 2]))]), MEMBERS)
    assert found.labels.tolist() == [[1, 0, 0], [1, -1, -1]] * 2
    assert (found.outer.train.tolist(), found.outer.held_out.tolist()) == ([0, 2], [1])
    (inner,) = found.inner
    assert (inner.train.tolist(), inner.held_out.tolist()) == ([1, 3], [0])
    probability = np.array([[0.3, 0.2, 0.1], [0.4, 9, 9]])
    rows, own = slices_of(MEMBERS, np.array([0, 1]), probability)
    assert (rows.tolist(), own.tolist()) == ([2, 1, 0, 3], [0.3, 0.2, 0.1, 0.4])
    assert of_scans(Fit(np.array([3]), NONE), MEMBERS).held_out.tolist() == []


def plain_head():
    """Return a head whose logit for a slice is its only feature, by a weight of 1, plus a bias."""

    def initial(n_features, std, rng, size=None):
        return {"weight": np.ones((2, 1), np.float32), "bias": np.zeros(2, np.float32)}

    def logits(parameters, inputs, drop):
        weight, bias = parameters["weight"][:, 1, :, None], parameters["bias"][:, 1, None, None]
        logit = inputs[0][..., 0] * weight + bias
        return torch.stack([torch.zeros_like(logit), logit], dim=-1)

    return Head(initial, LINEAR.logits, logits)


@pytest.mark.parametrize("loss", ["cross_entropy", "weighted"])
def test_the_loss_is_the_mean_over_slices_by_hand(loss):
    # Three slices of one scan and one of another: the second counts a quarter, and not a half.
    values = np.array([0.5, -1.0, 2.0, -3.0])
    truth = np.array([[1, 0, 0], [1, -1, -1]])
    ordered, labels = values[[2, 1, 0, 3]], np.array([1, 0, 0, 1])
    losses = np.log1p(np.exp(np.where(labels == 1, -ordered, ordered)))
    inputs = read(Inputs(values.astype(np.float32)[:, None], MEMBERS[:2], 0.02))
    head = plain_head()
    training = Training(
        inputs, Fit(np.arange(2), NONE), head.initial(1, 0, None), Setting(0.0, 0.0), [0], [1]
    )
    recipe = TRAINING | {"loss": loss}
    side = SideBySide(Head(head.initial, head.slice_logits), [training], truth, recipe)
    side.learn([0])
    assert side.n_rows.tolist() == [4]
    # Both classes have two slices, so that weights are 1.
    assert side.losses[0] / 4 == pytest.approx(losses.mean(), rel=1e-6)


def test_classes_are_weighed_by_their_slices_and_balanced_by_scans():
    inputs = read(Inputs(np.zeros((6, 1), np.float32), [np.arange(4), np.array([4, 5])], 0.02))
    head, truth = plain_head(), np.array([[0, 0, 1, 0], [0, 0, -1, -1]])
    training = Training(
        inputs, Fit(np.arange(2), NONE), head.initial(1, 0, None), Setting(0.0, 0.0), [0], [1]
    )
    recipe = TRAINING | {"loss": "weighted", "sampling": "balanced", "batch_size": 1}
    side = SideBySide(Head(head.initial, head.slice_logits), [training], truth, recipe)
    # 6 slices / (2 classes * 5 and 1 slices); one scan of the two bleeds.
    assert side._class_weights[0].tolist() == pytest.approx([0.6, 3.0])
    drawn = np.concatenate(side._batches(0))
    assert sorted(drawn.tolist()) == [0, 1]


@pytest.mark.parametrize(("family", "kind"), [("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)])
def test_a_training_is_the_plain_one_of_pytorch(family, kind):
    """Packed sequences, torch.optim.AdamW, and the mean of the slices that there are."""
    rng = np.random.default_rng(0)
    lengths, rate, decay = np.array([3, 1, 5, 2]), 1e-2, 0.1
    members = np.split(np.arange(lengths.sum()), lengths.cumsum()[:-1])
    features = rng.normal(size=(lengths.sum(), 4)).astype(np.float32)
    labels = rng.integers(0, 2, lengths.sum())
    start = HEADS[family].initial(4, 0.5, rng, 6)
    task = Task(None, labels, None, Fit(np.arange(lengths.sum()), NONE), [])
    of_scans_ = scans_of(task, members)
    recipe = TRAINING | {"warmup_steps": 0, "epochs": 4, "batch_size": 4}
    head = Head(HEADS[family].initial, HEADS[family].slice_logits, slow=HEADS[family].slow)
    inputs = read(Inputs(features, members, 0.02))
    training = Training(inputs, of_scans_.outer, start, Setting(rate, decay), [0], [1])
    side = SideBySide(head, [training], of_scans_.labels, recipe)
    for _ in range(4):
        side.learn([0])

    network = kind(4, 6, batch_first=True, bidirectional=True)
    layer = torch.nn.Linear(12, 2)
    network.load_state_dict({n: torch.from_numpy(start[n]) for n in network.state_dict()})
    layer.load_state_dict({n: torch.from_numpy(start[n]) for n in ("weight", "bias")})
    named = [*network.named_parameters(), *layer.named_parameters()]
    paces = [1 / own.shape[-1] if name in head.slow else 1.0 for name, own in named]
    groups = [{"params": [own]} for _, own in named]
    optimiser = torch.optim.AdamW(groups, weight_decay=decay)
    sequences = torch.from_numpy(Padded(features, members)[np.arange(4)])
    there = torch.from_numpy(of_scans_.labels) >= 0
    for step in range(4):
        for group, pace in zip(optimiser.param_groups, paces, strict=True):
            group["lr"] = rate * pace * (4 - step) / 4
        packed = pack_padded_sequence(
            sequences, torch.from_numpy(lengths), batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(network(packed)[0], batch_first=True)
        forwards, backwards = states.chunk(2, dim=-1)
        logits = layer(torch.cat([forwards - backwards, (forwards + backwards) / 2], dim=-1))
        loss = torch.nn.functional.cross_entropy(logits[there], torch.from_numpy(labels))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for name, own in named:
        found = side.parameters(0)[name]
        np.testing.assert_allclose(found, own.detach().numpy(), rtol=1e-4, atol=1e-5, err_msg=name)


def strong():
    """Return features that tell which slices bleed, and a split."""
    data = labelled(24, seed=4)
    signal = 8 * data.slices["target"].to_numpy()[:, None]
    data.features.vectors[0] += signal.astype(np.float32)
    return data, split_of(data)


@pytest.mark.parametrize("family", IN_CONTEXT)
@pytest.mark.parametrize("shuffled", [False, True])
def test_scores_stand_at_their_slices(family, shuffled):
    """Those of held-out and of test slices, whatever the order in which they were read."""
    data, split = strong()
    training = TRAINING | {"epochs": 12, "patience": 12, "learning_rate": 3e-2}
    model = model_of(family, **OF_SLICES, shuffled=shuffled, training=training)
    scores = learn(data, split, model, folds=2, seed=0, replicate=1)
    assert scores.groupby("subset").size().sum() == len(data.slices)
    truth = scores.merge(data.slices, on=["scan_id", "slice_number"])
    for _, own in truth.groupby("subset"):
        assert roc_auc_score(own["target"], own["probability"]) > 0.9  # misplaced: 0.5


def test_mirrored_slices_are_learned_from_in_context():
    data, split = strong()
    twice = [np.concatenate([own, own + 0.1]) for own in data.features.vectors]
    views = type(data.features)(twice, 2, data.features.rows, data.features.encoders)
    both = type(data)(views, data.scans, data.slices)
    task, learned = fit(both, split, MODELS["gru-slices"], folds=2, seed=0, replicate=1)
    assert [len(found) for found in learned.held_out] == [len(one.held_out) for one in task.inner]
    assert len(task.labels) == 2 * len(data.slices)


def test_in_context_a_slice_is_scored_by_its_neighbours_too():
    data, split = strong()
    _, learned = fit(data, split, MODELS["gru-slices"], folds=None, seed=0, replicate=1)
    assert learned.fitted.reading.in_context
    before, _ = predict(learned.fitted, data.features)
    changed = data.features.vectors[0].copy()
    first = data.slices.index[data.slices["scan_id"] == "003"][0]
    changed[first] += 5
    other = type(data.features)([changed], 1, data.features.rows, data.features.encoders)
    after, _ = predict(learned.fitted, other)
    moved = (before["probability"] != after["probability"]).groupby(before["scan_id"]).agg("all")
    assert moved.index[moved].tolist() == ["003"]
    assert (before["probability"] != after["probability"]).sum() == (
        before["scan_id"] == "003"
    ).sum()


def test_slices_without_labels_are_an_error_that_says_what_to_set():
    data, split = strong()
    without = replace(data, slices=data.slices.assign(target=pd.NA))
    with pytest.raises(InputError, match="set `labels: scan` for it"):
        fit(without, split, MODELS["gru-slices"], folds=None, seed=0, replicate=1)


def test_a_head_with_one_result_a_scan_learns_no_slices():
    task = task_of(Fit(np.arange(8), NONE))
    inputs = Inputs(np.zeros((8, 2), np.float32), MEMBERS, 0.02)
    model = model_of("gru", **OF_SLICES)
    with pytest.raises(ValueError, match="one result a scan"):
        fit_head(HEADS["attention"], inputs, task, model, seed=0, replicate=1)


def test_the_registry_says_which_heads_have_a_result_a_slice():
    with_slices = {family for family, head in HEADS.items() if head.slice_logits is not None}
    assert with_slices == {*IN_CONTEXT}
