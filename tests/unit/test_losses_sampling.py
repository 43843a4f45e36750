"""What a row's loss is, and which rows make an epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from ctseq.families.losses import class_weights, row_losses
from ctseq.families.sampling import epoch_order

pytestmark = pytest.mark.numerical

WEIGHTED = {"loss": "weighted"}

labels_ = st.lists(st.integers(0, 1), min_size=2, max_size=60).map(np.array)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_class_weights_by_hand():
    # Three of four rows are negative: both classes weigh 2 in all.
    np.testing.assert_allclose(class_weights(np.array([0, 0, 1, 0]), WEIGHTED), [2 / 3, 2])
    assert class_weights(np.array([1, 1]), WEIGHTED).tolist() == [0, 1]
    assert class_weights(np.array([0, 0, 1, 0]), {"loss": "focal"}).tolist() == [1, 1]


@given(labels_)
def test_classes_weigh_the_same_and_rows_one_on_average(labels):
    weight = class_weights(labels, WEIGHTED)[labels]
    assert weight.mean() == pytest.approx(1)
    if 0 < labels.sum() < len(labels):
        assert weight[labels == 1].sum() == pytest.approx(weight[labels == 0].sum(), rel=1e-5)


def test_losses_by_hand():
    # A row that is given its class with probability 3/4, and one with 1/4.
    logits = torch.tensor([[0.0, np.log(3)], [0.0, np.log(3)]])
    labels = torch.tensor([1, 0])
    plain = row_losses(logits, labels, {"loss": "cross_entropy"})
    np.testing.assert_allclose(plain, [-np.log(0.75), -np.log(0.25)], rtol=1e-6)
    focal = row_losses(logits, labels, {"loss": "focal", "focal_gamma": 2.0})
    expected = [0.25**2 * -np.log(0.75), 0.75**2 * -np.log(0.25)]
    np.testing.assert_allclose(focal, expected, rtol=1e-5)
    no_focus = {"loss": "focal", "focal_gamma": 0.0}
    stacked = row_losses(logits.view(1, 2, 2), labels.view(1, 2), no_focus)
    np.testing.assert_allclose(stacked, plain.view(1, 2), rtol=1e-6)


def test_the_weighted_mean_is_pytorchs():
    logits = torch.from_numpy(rng().normal(size=(9, 2)).astype(np.float32))
    labels = torch.from_numpy(np.arange(9) % 3 // 2)
    weights = torch.from_numpy(class_weights(labels.numpy(), WEIGHTED))
    losses = row_losses(logits, labels, WEIGHTED) * weights[labels]
    theirs = functional.cross_entropy(logits, labels, weight=weights)
    assert (losses.sum() / weights[labels].sum()).item() == pytest.approx(theirs.item(), rel=1e-6)


def test_a_focal_loss_has_a_gradient_where_a_row_is_certain():
    logits = torch.tensor([[-200.0, 200.0]], requires_grad=True)
    focal = {"loss": "focal", "focal_gamma": 2.0}
    row_losses(logits, torch.tensor([1]), focal).sum().backward()
    assert torch.isfinite(logits.grad).all()


@given(labels_, st.integers(0, 9))
def test_shuffled_takes_every_row_once(labels, seed):
    assert sorted(epoch_order(labels, balanced=False, rng=rng(seed))) == list(range(len(labels)))


@given(labels_, st.integers(0, 9))
def test_balanced_takes_both_classes_as_often_and_rows_in_turn(labels, seed):
    order = epoch_order(labels, balanced=True, rng=rng(seed))
    assert len(order) == len(labels)
    taken = np.bincount(labels[order], minlength=2)
    if 0 < labels.sum() < len(labels):
        assert abs(taken[0] - taken[1]) <= 1
    for label in set(labels):
        times = np.bincount(order, minlength=len(labels))[labels == label]
        assert times.max() - times.min() <= 1


def test_sampling_follows_its_generator():
    labels = np.array([0] * 30 + [1] * 7)
    first, again, other = (epoch_order(labels, balanced=True, rng=rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
