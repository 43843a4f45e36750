"""GRU and LSTM of many trainings in one batched computation, with gradients by hand.

PyTorch's own networks know one training at a time and, on a processor, keep every step of every
sequence for the gradient. Here both directions of all trainings take a step together, and the
gradients of the weights are one product over all steps. Equations and names are those of
`torch.nn.GRU` and `torch.nn.LSTM`, against which tests hold both.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

# What `torch.nn` adds to the names of the weights of either direction.
DIRECTIONS = ("", "_reverse")


def last_states(
    cell: Callable[..., Tensor],
    parameters: Mapping[str, Tensor],
    features: Tensor,
    lengths: Tensor,
) -> Tensor:
    """Return the last states of both directions side by side, shape (trainings, rows, 2 * state).

    Parameters
    ----------
    cell
        `gru` or `lstm`.
    parameters
        By the names of a bidirectional `torch.nn.GRU` or `LSTM` of one layer, each with a leading
        axis of trainings.
    features
        Sequences of each training, shape (trainings, rows, steps, features). What stands behind the
        end of a sequence is not read.
    lengths
        Steps of each sequence, from 1, shape (trainings, rows).
    """
    steps = _Steps(lengths)
    states = steps.run(cell, parameters, features, every=False)
    return steps.unsorted(torch.cat(states.chunk(2), dim=-1))


def all_states(
    cell: Callable[..., Tensor],
    parameters: Mapping[str, Tensor],
    features: Tensor,
    lengths: Tensor,
) -> Tensor:
    """Return the states of both directions after they read each step, side by side.

    The shape is (trainings, rows, steps, 2 * state), and what stands behind the end of a sequence
    is 0. Parameters are those of `last_states`.
    """
    steps = _Steps(lengths)
    # Trainings, steps, rows, state: the second direction's in the order in which it read them.
    forwards, backwards = steps.run(cell, parameters, features, every=True).chunk(2)
    places = steps.places[1][..., None].expand_as(backwards)
    both = torch.cat([forwards, backwards.gather(1, places)], dim=-1)
    both = both.masked_fill(steps.absent[..., None], 0).transpose(1, 2)
    behind = features.shape[2] - both.shape[2]  # of sequences that are longer than all of these
    return torch.nn.functional.pad(steps.unsorted(both), (0, 0, 0, behind))


class _Steps:
    """The steps of sequences of some lengths, shape (trainings, rows), sorted by falling length.

    Only the first rows then reach a step, about as many of every training.

    Attributes
    ----------
    absent
        Whether a step is behind the end of a sequence, shape (trainings, steps, rows).
    places
        Which place of its sequence either direction reads at a step: it begins with its own first.
        Place and step may change their roles. Shape (trainings, steps, rows).
    """

    def __init__(self, lengths: Tensor) -> None:
        self._order = lengths.argsort(dim=1, descending=True, stable=True)
        self._of = torch.arange(len(lengths))[:, None]
        ends = lengths[self._of, self._order][:, None] - 1  # trainings, 1, rows
        steps = torch.arange(int(ends.max()) + 1)[:, None]
        self.absent = steps > ends
        self.places = [steps.expand_as(self.absent), (ends - steps).clamp_(min=0)]

    def run(
        self,
        cell: Callable[..., Tensor],
        parameters: Mapping[str, Tensor],
        features: Tensor,
        *,
        every: bool,
    ) -> Tensor:
        """Return states of both directions, one behind the other, shape (2 * trainings, ...).

        They are those after the last step, shape (..., rows, state), or after `every` one, shape
        (..., steps, rows, state).
        """
        of, order = self._of[..., None], self._order[:, None]
        read = torch.cat([features[of, order, places] for places in self.places])
        absent = self.absent.repeat(2, 1, 1)
        n_rows = (~absent).sum(2).amax(0).tolist()
        names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        weight, bias, *recurrent = (
            torch.cat([parameters[f"{name}_l0{direction}"] for direction in DIRECTIONS])
            for name in names
        )
        gates = torch.baddbmm(bias.unsqueeze(1), read.flatten(1, 2), weight.transpose(1, 2))
        return cell(gates.unflatten(1, absent.shape[1:]), *recurrent, absent, n_rows, every)

    def unsorted(self, rows: Tensor) -> Tensor:
        """Return values of sorted rows, shape (trainings, rows, ...), in the order of the rows."""
        return rows[self._of, self._order.argsort(dim=1)]


class _GRU(torch.autograd.Function):
    """A GRU: from what features add to its gates to its last state, shape (networks, rows, state).

    Or to `every` state, shape (networks, steps, rows, state), of which those behind the end of a
    sequence shall be given no gradient.
    `gates` are reset gate, update gate and candidate, shape (networks, steps, rows, 3 * state), and
    are overwritten. Of each step the first `n_rows` are computed, whose number never rises;
    `absent` are those of them behind the end of their sequence, which leave its state as it is.
    """

    @staticmethod
    def forward(ctx: Any, gates, weight, bias, absent, n_rows, every):
        size = weight.shape[2]
        # An update gate of exactly 1 keeps a state to the last bit, and has no gradient.
        gates[..., size : 2 * size].masked_fill_(absent[..., None], torch.inf)
        states, hidden = _empty_states(gates, size), gates.new_zeros(*gates.shape[:3], size)
        weight_t, bias = weight.transpose(1, 2), bias.unsqueeze(1)
        for step, rows in enumerate(n_rows):
            own, old = gates[:, step, :rows], states[:, step, :rows]
            product = torch.baddbmm(bias, old, weight_t)
            reset, update, candidate = own.split(size, dim=-1)
            own[..., : 2 * size].add_(product[..., : 2 * size]).sigmoid_()
            hidden[:, step, :rows] = product[..., 2 * size :]
            candidate.addcmul_(reset, product[..., 2 * size :]).tanh_()
            torch.lerp(candidate, old, update, out=states[:, step + 1, :rows])
            states[:, step + 1, rows:] = states[:, step, rows:]
        ctx.save_for_backward(gates, states, hidden, weight)
        ctx.n_rows = n_rows
        return _given(states, every)

    @staticmethod
    def backward(ctx: Any, gradient):
        gates, states, hidden, weight = ctx.saved_tensors
        reset, update, candidate = gates.chunk(3, dim=-1)
        closed = 1 - update
        of_candidate = closed * (1 - candidate**2)
        of_update = (states[:, :-1] - candidate) * update * closed
        of_reset = hidden * reset * (1 - reset)
        (gradient, of_steps), new = _received(gradient), torch.zeros_like(hidden)
        products = torch.zeros_like(gates)
        to_reset, to_update, to_hidden = products.chunk(3, dim=-1)
        for step, rows in reversed([*enumerate(ctx.n_rows)]):
            at, state = (slice(None), step, slice(rows)), gradient[:, :rows]
            if of_steps is not None:
                state.add_(of_steps[at])
            torch.mul(state, of_candidate[at], out=new[at])
            torch.mul(state, of_update[at], out=to_update[at])
            torch.mul(new[at], of_reset[at], out=to_reset[at])
            torch.mul(new[at], reset[at], out=to_hidden[at])
            state.mul_(update[at]).add_(products[at] @ weight)
        of_weights = _of_weights(products, states)
        to_hidden.copy_(new)
        return products, *of_weights, None, None, None


class _LSTM(torch.autograd.Function):
    """An LSTM: as `_GRU`, with input gate, forget gate, candidate and output gate."""

    @staticmethod
    def forward(ctx: Any, gates, weight, bias, absent, n_rows, every):
        size = weight.shape[2]
        # These gates keep a cell, add nothing to the state, and have no gradient.
        for gate, value in ((0, -torch.inf), (1, torch.inf), (3, -torch.inf)):
            gates[..., gate * size : (gate + 1) * size].masked_fill_(absent[..., None], value)
        kept = absent[..., None].to(gates.dtype)
        states, cells = (_empty_states(gates, size) for _ in range(2))
        weight_t, bias = weight.transpose(1, 2), bias.unsqueeze(1)
        for step, rows in enumerate(n_rows):
            own, old = gates[:, step, :rows], states[:, step, :rows]
            own += torch.baddbmm(bias, old, weight_t)
            enter, forget, candidate, leave = own.split(size, dim=-1)
            own[..., : 2 * size].sigmoid_()
            candidate.tanh_()
            leave.sigmoid_()
            cell, state = cells[:, step + 1, :rows], states[:, step + 1, :rows]
            torch.mul(cells[:, step, :rows], forget, out=cell).addcmul_(enter, candidate)
            torch.mul(old, kept[:, step, :rows], out=state).addcmul_(leave, cell.tanh())
            states[:, step + 1, rows:] = states[:, step, rows:]
        ctx.save_for_backward(gates, states, cells, kept, weight)
        ctx.n_rows = n_rows
        return _given(states, every)

    @staticmethod
    def backward(ctx: Any, gradient):
        gates, states, cells, kept, weight = ctx.saved_tensors
        enter, forget, candidate, leave = gates.chunk(4, dim=-1)
        squashed = cells[:, 1:].tanh()
        # What a cell passes on to its gates, and a state to the output gate and its cell.
        of_enter = candidate * enter * (1 - enter)
        of_forget = cells[:, :-1] * forget * (1 - forget)
        of_candidate = enter * (1 - candidate**2)
        of_leave = squashed * leave * (1 - leave)
        of_cell = leave * (1 - squashed**2)
        (gradient, of_steps), products = _received(gradient), torch.zeros_like(gates)
        to_enter, to_forget, to_candidate, to_leave = products.chunk(4, dim=-1)
        of_cells = torch.zeros_like(gradient)
        for step, rows in reversed([*enumerate(ctx.n_rows)]):
            at, state = (slice(None), step, slice(rows)), gradient[:, :rows]
            if of_steps is not None:
                state.add_(of_steps[at])
            cell = of_cells[:, :rows].addcmul_(state, of_cell[at])
            torch.mul(cell, of_enter[at], out=to_enter[at])
            torch.mul(cell, of_forget[at], out=to_forget[at])
            torch.mul(cell, of_candidate[at], out=to_candidate[at])
            torch.mul(state, of_leave[at], out=to_leave[at])
            cell.mul_(forget[at])
            state.mul_(kept[at]).add_(products[at] @ weight)
        return products, *_of_weights(products, states), None, None, None


gru, lstm = _GRU.apply, _LSTM.apply


def _empty_states(gates: Tensor, size: int) -> Tensor:
    """Return states before each step and after the last: 0 until they are computed."""
    networks, steps, rows, _ = gates.shape
    return gates.new_zeros(networks, steps + 1, rows, size)


def _given(states: Tensor, every: bool) -> Tensor:
    """Return the state after the last step, or after every one."""
    return states[:, 1:].clone() if every else states[:, -1].clone()


def _received(gradient: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the gradient of the state after the last step, and those of all steps, if given."""
    if gradient.ndim == 3:
        return gradient.clone(), None
    return torch.zeros_like(gradient[:, 0]), gradient


def _of_weights(products: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of recurrent weight and bias from those of their products."""
    flat = products.flatten(1, 2)
    return flat.transpose(1, 2) @ states[:, :-1].flatten(1, 2), flat.sum(1)
