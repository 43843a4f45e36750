"""Heads that see slices together: by hand, order seen and not seen, and shuffled sequences."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctseq.encoders.sequences import ordered_slices
from ctseq.families.heads import LINEAR
from ctseq.families.inputs import Inputs
from ctseq.families.pooling import POOLS, pooled
from ctseq.families.registry import FAMILIES
from ctseq.families.trained.sequence_heads import SEQUENCE_HEADS, sequences_of, slice_attention
from ctseq.families.trained.training import predict, train
from ctseq.replicates.tasks import Fit
from scans import examples_of

pytestmark = pytest.mark.numerical

SETTINGS = {
    "weight_decay": 0.0, "batch_size": 8, "epochs": 30, "warmup_steps": 2, "patience": 30,
    "loss": "cross_entropy", "focal_gamma": 2.0, "sampling": "shuffled",
}  # fmt: skip


# Every family that reads all slices of a scan together, and its head.
HEADS = SEQUENCE_HEADS | dict.fromkeys(("mean", "max"), LINEAR)


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
    return sequences_of(Inputs(features, sequences, 0.02))


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
    weights = slice_attention(parameters, [part[np.arange(2)] for part in inputs])
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
    ("mean", False), ("max", False), ("attention", False), ("lstm", True), ("gru", True),
])  # fmt: skip
def test_only_recurrent_heads_see_the_order(head, sees_order):
    lengths, parameters = {"a": 12}, initial(head)
    probabilities = [
        predicted(HEADS[head], parameters, inputs_of(head, lengths, shuffle_seed=s)[2])[0]
        for s in (None, [1, 1])
    ]
    assert (abs(probabilities[0] - probabilities[1]) > 1e-4) == sees_order


@pytest.mark.parametrize(("head", "learns"), [("mean", False), ("attention", False), ("gru", True)])
def test_a_task_of_order_alone(head, learns):
    # Positive scans have the same slices as negative ones, the other way round.
    rows = slices_of({f"{n:02d}": 4 for n in range(24)})
    forward = np.eye(4, dtype=np.float32)
    features = np.concatenate([forward if n % 2 else forward[::-1] for n in range(24)])
    inputs = read_by(head, features, list(ordered_slices(rows, shuffle_seed=None).values()))
    everyone = np.arange(24)
    (candidate,) = train(
        HEADS[head], examples_of(inputs, everyone % 2), [Fit(everyone, everyone)],
        initial=initial(head), rates=[0.01], settings=SETTINGS, by="loss", seed=[0],
    )  # fmt: skip
    assert (candidate.table()["tuning_accuracy"].max() == 1.0) == learns


def test_a_stack_is_its_heads_one_by_one():
    both = np.arange(2)
    for head, kind in HEADS.items():
        _, _, inputs = inputs_of(head, {"a": 3, "b": 5})
        sets = [initial(head, seed=seed) for seed in (0, 1)]
        stack = {
            name: torch.stack([torch.from_numpy(own[name]) for own in sets]) for name in sets[0]
        }
        tensors = [torch.from_numpy(np.stack([values[both], values[both]])) for values in inputs]
        logits = kind.logits(stack, tensors)
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
