"""Heads that see slices together: by hand, order seen and not seen, and shuffled sequences."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctseq.encoders.sequences import ordered_slices
from ctseq.families.contract import Fitted
from ctseq.families.heads import LINEAR
from ctseq.families.inputs import Inputs
from ctseq.families.pooling import POOLS, pooled
from ctseq.families.registry import FAMILIES
from ctseq.families.trained.reading import read
from ctseq.families.trained.recurrence import all_states, gru, last_states, lstm
from ctseq.families.trained.sequence_heads import SEQUENCE_HEADS, slice_attention
from ctseq.families.trained.sequence_heads import predict as predict_scans
from ctseq.families.trained.training import Setting, SideBySide, Training, predict
from ctseq.replicates.tasks import Fit
from featured import HEADS as SEEING
from scans import examples_of, searched

pytestmark = pytest.mark.numerical

SETTINGS = {
    "weight_decay": 0.0, "batch_size": 8, "epochs": 30, "warmup_steps": 2, "patience": 30,
    "loss": "cross_entropy", "focal_gamma": 2.0, "sampling": "shuffled",
}  # fmt: skip


# Every family that reads all slices of a scan together, and its head.
HEADS = SEEING | dict.fromkeys(("mean", "max"), LINEAR)


def slices_of(lengths):
    return pd.DataFrame(
        [(scan, number) for scan, n in lengths.items() for number in range(1, n + 1)],
        columns=["scan_id", "slice_number"],
    )


def initial(head, n_features=4, seed=0):
    return HEADS[head].initial(n_features, 0.5, np.random.default_rng(seed))


def read_by(head, features, sequences):
    """Return sequences as a head takes them."""
    if head in POOLS:
        return [pooled(features, sequences, pool=head)]
    return read(Inputs(features, sequences, 0.02))


def inputs_of(head, lengths, seed=0, shuffle_seed=None):
    rows = slices_of(lengths)
    features = np.random.default_rng(seed).normal(0, 1, (len(rows), 4)).astype(np.float32)
    sequences = ordered_slices(rows, shuffle_seed=shuffle_seed)
    return features, sequences, read_by(head, features, list(sequences.values()))


def predicted(head, parameters, inputs):
    """Return the probability of each scan."""
    return predict(head, parameters, inputs, np.arange(inputs[0].shape[0]))


def test_every_family_that_reads_slices_together_has_its_head():
    assert {*HEADS} == {name for name, about in FAMILIES.items() if about.together}


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("mean", [[2, 3], [7, 7]]),
        ("max", [[3, 5], [7, 7]]),
        ("max+mean", [[3, 5, 2, 3], [7, 7, 7, 7]]),
        ("max+sd", [[3, 5, 1, 2], [7, 7, 0, 0]]),
        ("top", [[2, 3], [7, 7]]),
    ],
)
def test_pooling_by_hand(pool, expected):
    features = np.array([[1, 5], [3, 1], [7, 7]], np.float32)
    sequences = [np.array([0, 1]), np.array([2])]
    assert pooled(features, sequences, pool=pool).tolist() == expected
    assert pooled(features, sequences, pool=pool).dtype == np.float32


def test_the_top_is_of_each_feature_by_itself():
    features = np.array([[0, 9], [1, 8], [2, 0], [3, 1]], np.float32)
    assert pooled(features, [np.arange(4)], pool="top").tolist() == [[2, 6]]


def test_families_name_the_pools_that_there_are():
    families = {pool for about in FAMILIES.values() for pool in about.pools}
    assert families == {*POOLS}


def test_attention_by_hand():
    (features, sequences, inputs), parameters = (
        inputs_of("attention", {"a": 3, "b": 2}), initial("attention")
    )  # fmt: skip
    hidden = {
        name: features @ parameters[f"{name}_weight"].T + parameters[f"{name}_bias"]
        for name in ("value", "gate")
    }
    gated = np.tanh(hidden["value"]) / (1 + np.exp(-hidden["gate"]))
    scores = np.exp(gated @ parameters["score_weight"])
    fitted = Fitted({"family": "attention"}, arrays=parameters)
    weights = slice_attention(fitted, Inputs(features, list(sequences.values()), 0.02))
    for scan, seen, weight in zip("ab", sequences.values(), weights, strict=True):
        share = scores[seen] / scores[seen].sum()
        np.testing.assert_allclose(weight, share, rtol=1e-5)
        logits = (share @ features[seen]) @ parameters["weight"].T + parameters["bias"]
        expected = np.exp(logits[1]) / np.exp(logits).sum()
        found = predicted(HEADS["attention"], parameters, inputs)["ab".index(scan)]
        assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("head", HEADS)
def test_padding_and_other_scans_change_nothing(head):
    (_, _, inputs), parameters = inputs_of(head, {"a": 3, "b": 6}), initial(head)
    both = predicted(HEADS[head], parameters, inputs)
    _, _, alone = inputs_of(head, {"a": 3})
    np.testing.assert_allclose(predicted(HEADS[head], parameters, alone)[0], both[0], rtol=1e-12)


@pytest.mark.parametrize(("head", "sees_order"), [
    ("mean", False), ("max", False), ("attention", False), ("smooth", False), ("lstm", True),
    ("gru", True), ("transformer", True), ("transmil", True),
])  # fmt: skip
def test_which_heads_see_the_order(head, sees_order):
    lengths, parameters = {"a": 12}, initial(head)
    probabilities = [
        predicted(HEADS[head], parameters, inputs_of(head, lengths, shuffle_seed=s)[2])[0]
        for s in (None, [1, 1])
    ]
    assert (abs(probabilities[0] - probabilities[1]) > 1e-4) == sees_order


@pytest.mark.parametrize(("head", "learns"), [
    ("mean", False), ("attention", False), ("gru", True), ("transformer", True), ("transmil", True),
])  # fmt: skip
def test_a_task_of_order_alone(head, learns):
    # Positive scans have the same slices as negative ones, the other way round.
    rows = slices_of({f"{n:02d}": 4 for n in range(24)})
    forward = np.eye(4, dtype=np.float32)
    features = np.concatenate([forward if n % 2 else forward[::-1] for n in range(24)])
    inputs = read_by(head, features, list(ordered_slices(rows, shuffle_seed=None).values()))
    everyone = np.arange(24)
    (candidate,) = searched(
        HEADS[head], examples_of(inputs, everyone % 2), [Fit(everyone, everyone)],
        initial=initial(head), settings=[0.01], recipe=SETTINGS,
    )  # fmt: skip
    assert (candidate.table()["tuning_accuracy"].max() == 1.0) == learns


@pytest.mark.parametrize("states", [last_states, all_states])
@pytest.mark.parametrize(("head", "kind"), [("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)])
def test_recurrent_heads_are_those_of_pytorch_with_their_gradients(head, kind, states):
    # Of several trainings, with sequences of one slice, of other lengths, and of all slices.
    torch.manual_seed(0)
    features = torch.randn(3, 4, 7, 5, dtype=torch.double, requires_grad=True)
    lengths = torch.tensor([[1, 6, 3, 3], [2, 1, 1, 5], [6, 6, 6, 6]])
    network = kind(5, 7, batch_first=True, bidirectional=True, dtype=torch.double)
    parameters = {
        name: torch.randn(3, *own.shape, dtype=torch.double, requires_grad=True)
        for name, own in network.named_parameters()
    }
    expected = []
    for number, own in enumerate(features):
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            own, lengths[number], batch_first=True, enforce_sorted=False
        )
        weights = {name: values[number] for name, values in parameters.items()}
        every, state = torch.func.functional_call(network, weights, (packed,))
        last = state[0] if isinstance(state, tuple) else state
        every, _ = torch.nn.utils.rnn.pad_packed_sequence(every, batch_first=True, total_length=7)
        expected.append(last.transpose(0, 1).flatten(1) if states is last_states else every)
    expected = torch.stack(expected)
    found = states({"gru": gru, "lstm": lstm}[head], parameters, features, lengths)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    learned = [features, *parameters.values()]
    flow = torch.randn_like(expected)
    theirs, ours = (torch.autograd.grad((own * flow).sum(), learned) for own in (expected, found))
    for gradient, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("head", "cell"), [("gru", gru), ("lstm", lstm)])
def test_at_the_start_the_directions_differ_by_the_order_alone(head, cell):
    _, _, (sequences, lengths) = inputs_of(head, {"a": 5})
    stack = {name: torch.from_numpy(own)[None] for name, own in initial(head).items()}
    there = torch.from_numpy(sequences[np.array([[0]])])
    lengths = torch.from_numpy(lengths)[None]
    ways = [last_states(cell, stack, own, lengths).chunk(2, -1) for own in (there, there.flip(2))]
    (first, second), (other, another) = ways
    torch.testing.assert_close(first - second, another - other)
    assert (first - second).abs().max() > 0.01


def test_hidden_weights_of_recurrent_heads_learn_at_the_rate_over_their_inputs():
    # AdamW's first step moves every weight by its rate.
    _, _, inputs = inputs_of("gru", {str(n): 4 for n in range(8)})
    everyone, start = np.arange(8), initial("gru")
    training = Training(inputs, Fit(everyone, everyone[:0]), start, Setting(1e-2, 0), [0], [1])
    recipe = SETTINGS | {"warmup_steps": 0, "epochs": 99}
    side = SideBySide(SEQUENCE_HEADS["gru"], [training], everyone % 2, recipe)
    side.learn([0])
    for name, n_inputs in (
        ("weight", 1),
        ("bias_ih_l0", 1),
        ("weight_ih_l0", 4),
        ("weight_hh_l0", 64),
    ):
        moved = np.median(np.abs(side.parameters(0)[name] - start[name]))
        assert moved == pytest.approx(1e-2 / n_inputs, rel=0.02), name


@pytest.mark.parametrize("head", SEEING)
def test_a_size_is_that_of_the_hidden_layer_or_state(head):
    drawn = HEADS[head].initial(4, 0.5, np.random.default_rng(0), 3)
    assert {"gru": (9, 4), "lstm": (12, 4)}.get(head, (3, 4)) in {
        values.shape for values in drawn.values()
    }
    _, _, inputs = inputs_of(head, {"a": 3})
    assert 0 < predicted(HEADS[head], drawn, inputs)[0] < 1


@pytest.mark.parametrize("head", SEEING)
def test_dropout_is_drawn_by_each_training_alone(head):
    _, _, inputs = inputs_of(head, {str(n): 1 + n % 5 for n in range(20)})
    everyone = np.arange(20)
    trainings = [
        Training(inputs, Fit(rows, rows[:0]), initial(head), Setting(1e-2, 0.0, share), [n], [n, 1])
        for share in (0.0, 0.5)
        for n, rows in enumerate([everyone[2:], everyone[:15]])
    ]

    def learned(*numbers):
        side = SideBySide(HEADS[head], [trainings[n] for n in numbers], everyone % 2, SETTINGS)
        for _ in range(3):
            side.learn(np.arange(len(numbers)))
        return [side.parameters(place) for place in range(len(numbers))]

    together = learned(0, 1, 2, 3)
    assert abs(together[0]["weight"] - together[2]["weight"]).max() > 1e-3
    for number, own in enumerate(together):
        (alone,) = learned(number)
        for name, values in alone.items():
            np.testing.assert_allclose(values, own[name], rtol=1e-4, atol=1e-5)


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    rows = np.arange(50)
    everything, setting = Fit(rows, rows[:0]), Setting(1e-3, 0.0, dropout=0.25)
    inputs = [np.ones((50, 2), np.float32)]
    training = Training(inputs, everything, initial("mean", 2), setting, order=[0], chance=[1])
    side = SideBySide(LINEAR, [training], rows % 2, SETTINGS)
    dropped = side.drop([0], [rows])(torch.ones(1, 50, 200)).numpy()
    assert set(np.unique(dropped)) == {0, np.float32(1 / 0.75)}
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.02)  # 10,000 draws: deviation .004


def test_a_fitted_model_of_several_heads_has_their_mean():
    features, sequences, inputs = inputs_of("attention", {"a": 3, "b": 5})
    heads = [initial("attention", seed=seed) for seed in (0, 1)]
    stored = {name: np.stack([head[name] for head in heads]) for name in heads[0]}
    own = Inputs(features, list(sequences.values()), 0.02)
    found = predict_scans(Fitted({"family": "attention"}, arrays=stored), own)
    each = [predicted(HEADS["attention"], head, inputs) for head in heads]
    np.testing.assert_allclose(found.probability, np.mean(each, axis=0), rtol=1e-12)
    alone = [slice_attention(Fitted({"family": "attention"}, arrays=head), own) for head in heads]
    for weights, *parts in zip(found.attention, *alone, strict=True):
        np.testing.assert_allclose(weights, np.mean(parts, axis=0), rtol=1e-5)


def test_a_stack_is_its_heads_one_by_one():
    both = np.arange(2)
    for head, kind in HEADS.items():
        _, _, inputs = inputs_of(head, {"a": 3, "b": 5})
        sets = [initial(head, seed=seed) for seed in (0, 1)]
        stack = {
            name: torch.stack([torch.from_numpy(own[name]) for own in sets]) for name in sets[0]
        }
        tensors = [torch.from_numpy(np.stack([values[both], values[both]])) for values in inputs]
        logits = kind.logits(stack, tensors, lambda values: values)
        for place, own in enumerate(sets):
            probability = predicted(kind, own, inputs)
            together = torch.softmax(logits[place], dim=-1)[:, 1].numpy()
            np.testing.assert_allclose(together, probability, atol=1e-6)


@given(
    st.dictionaries(st.text("049aé", min_size=1, max_size=4), st.integers(1, 9), min_size=1),
    st.tuples(st.integers(0, 9), st.integers(1, 9)),
)
def test_shuffling_keeps_each_scans_slices_and_ignores_the_others(lengths, seed):
    rows = slices_of(lengths)
    plain, mixed = ordered_slices(rows, shuffle_seed=None), ordered_slices(rows, shuffle_seed=seed)
    assert list(plain) == list(mixed) == list(lengths)
    for scan, seen in mixed.items():
        assert sorted(seen) == sorted(plain[scan])
        alone = ordered_slices(rows[rows["scan_id"] == scan], shuffle_seed=seed)[scan]
        assert (seen - min(seen)).tolist() == alone.tolist()


def test_each_replicate_has_an_order_of_its_own():
    rows = slices_of({"a": 12, "b": 12})
    first, again, second = (ordered_slices(rows, shuffle_seed=[0, n]) for n in (1, 1, 2))
    for scan in "ab":
        assert first[scan].tolist() == again[scan].tolist()
        assert first[scan].tolist() != second[scan].tolist()


def test_slices_are_seen_in_the_order_of_the_body_whatever_their_numbers():
    rows = pd.DataFrame({"scan_id": ["b", "a", "a"], "slice_number": [1, 10, 9]})
    sequences = ordered_slices(rows, shuffle_seed=None)
    assert [(scan, seen.tolist()) for scan, seen in sequences.items()] == [
        ("b", [0]),
        ("a", [1, 2]),
    ]
