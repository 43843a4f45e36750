"""The selective scan against its recurrence, step by step, and what it costs."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ctseq.encoders.videomamba.scan import CHUNK, selective_scan

pytestmark = pytest.mark.numerical


def recurrence(values, steps, rates, write, read):
    """Return what `selective_scan` should, in double precision and token by token."""
    values, steps, rates, write, read = (x.double() for x in (values, steps, rates, write, read))
    state = torch.zeros(*values.shape[:-2], *rates.shape[-2:], dtype=torch.float64)
    outputs = []
    for t in range(values.shape[-2]):
        decay = torch.exp(steps[..., t, :, None] * rates[..., 0, :, :])
        entering = steps[..., t, :, None] * values[..., t, :, None] * write[..., t, None, :]
        state = decay * state + entering
        outputs.append((state * read[..., t, None, :]).sum(-1))
    return torch.stack(outputs, -2)


def drawn(tokens, *, before=(2, 3), channels=5, states=4, seed=0, largest=0.1, fastest=16.0):
    """Return arguments of a scan; `largest` is of the time steps, `fastest` of the rates."""
    rng = torch.Generator().manual_seed(seed)
    values = torch.randn(*before, tokens, channels, generator=rng)
    steps = largest * torch.rand(*before, tokens, channels, generator=rng)
    rates = -fastest * torch.rand(before[0], 1, 1, channels, states, generator=rng)
    write, read = torch.randn(2, *before, tokens, states, generator=rng)
    return values, steps, rates, write, read


def test_a_case_by_hand():
    # Two channels: the state of the first halves at each step, that of the second lasts.
    values = torch.tensor([[1.0, 1.0], [0.0, 2.0], [2.0, 0.0]])
    steps = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 3.0]])
    rates = torch.tensor([[[-math.log(2.0)], [0.0]]])
    write, read = torch.ones(3, 1), torch.tensor([[1.0], [1.0], [2.0]])
    found = selective_scan(values, steps, rates, write, read)
    torch.testing.assert_close(found, torch.tensor([[1.0, 1.0], [0.5, 3.0], [4.5, 6.0]]))


@pytest.mark.parametrize("tokens", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
@pytest.mark.parametrize("gradients", [False, True])
def test_it_is_the_recurrence(tokens, gradients):
    arguments = drawn(tokens)
    with torch.set_grad_enabled(gradients):
        found = selective_scan(*arguments)
    torch.testing.assert_close(found.double(), recurrence(*arguments), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("largest", "fastest"), [(30.0, 16.0), (1e-6, 1.0), (0.0, 1.0)])
def test_states_that_are_forgotten_at_once_or_never_stay_numbers(largest, fastest):
    """A scan that divides by the decay so far has infinities in the first case."""
    arguments = drawn(5 * CHUNK, largest=largest, fastest=fastest)
    expected = recurrence(*arguments)
    found = selective_scan(*arguments).double()
    assert torch.isfinite(found).all()
    assert (found - expected).norm() <= 1e-5 * expected.norm()


@pytest.mark.parametrize("chunk", [1, 7, 200])
def test_the_chunk_does_not_matter(chunk):
    arguments = drawn(2 * CHUNK + 3)
    found = selective_scan(*arguments, chunk=chunk)
    torch.testing.assert_close(found, selective_scan(*arguments), rtol=1e-6, atol=1e-6)


def test_gradients_are_those_of_the_recurrence():
    weights = torch.randn(2, 3, CHUNK + 9, 5, generator=torch.Generator().manual_seed(1))
    found = [one.requires_grad_() for one in drawn(CHUNK + 9)]
    (selective_scan(*found) * weights).sum().backward()
    expected = [one.double().requires_grad_() for one in drawn(CHUNK + 9)]
    (recurrence(*expected) * weights).sum().backward()
    for one, other in zip(found, expected, strict=True):
        assert (one.grad - other.grad).norm() <= 1e-5 * other.grad.norm()


def test_a_reduced_precision_around_it_does_not_reach_it():
    arguments = drawn(CHUNK)
    with torch.autocast("cpu", torch.bfloat16):
        found = selective_scan(*arguments)
    assert torch.equal(found, selective_scan(*arguments))


def test_no_token_sees_one_behind_it():
    values, *rest = drawn(3 * CHUNK)
    changed = values.clone()
    changed[..., CHUNK + 4, :] += 1
    moved = (selective_scan(values, *rest) != selective_scan(changed, *rest)).flatten(0, 1)
    assert not moved[:, : CHUNK + 4].any()
    assert moved[:, CHUNK + 4].all()


class Counted(TorchDispatchMode):
    """Count the numbers that operations return, and the most that one of them does."""

    total = largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        sizes = [one.numel() for one in tree_leaves(found) if isinstance(one, torch.Tensor)]
        self.total += sum(sizes)
        self.largest = max([self.largest, *sizes])
        return found


def counted(tokens):
    arguments = drawn(tokens, before=(1, 1), channels=8, states=16)
    with torch.no_grad(), Counted() as counter:
        selective_scan(*arguments)
    return counter


def test_its_cost_is_linear_in_the_tokens():
    totals = [counted(number * CHUNK).total for number in (8, 16, 24, 32)]
    differences = {after - before for before, after in zip(totals, totals[1:], strict=False)}
    assert len(differences) == 1
    assert totals[3] < 4.1 * totals[0]


def test_it_holds_the_states_of_one_chunk():
    """All states would be 8 channels x 16 states a token."""
    of_chunk = CHUNK * 8 * 16
    for number in (8, 32):
        tokens = number * CHUNK
        assert counted(tokens).largest <= max(of_chunk, tokens * 16)  # read and write


def test_gradients_need_the_states_of_one_chunk():
    """What is kept for the way back holds no state of each token."""
    kept = []
    arguments = [one.requires_grad_() for one in drawn(8 * CHUNK, before=(1, 1), states=16)]
    with torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one) or one, lambda x: x):
        selective_scan(*arguments)
    assert sum(one.numel() for one in kept) < 8 * CHUNK * 5 * 16
