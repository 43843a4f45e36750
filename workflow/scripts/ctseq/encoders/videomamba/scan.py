"""The selective scan of Mamba: a linear recurrence whose decay and input depend on the token."""

import torch
from torch.utils.checkpoint import checkpoint

# Tokens whose states are held at once: 4.7 MB of VideoMamba-M in both directions, which the caches
# of a processor hold, while each operation that is not of one token alone is large enough.
CHUNK = 32


def selective_scan(
    values: torch.Tensor,
    steps: torch.Tensor,
    rates: torch.Tensor,
    write: torch.Tensor,
    read: torch.Tensor,
    *,
    chunk: int = CHUNK,
) -> torch.Tensor:
    """Return what a selective state space model makes of each token, in float32.

    From a state of zeros on, ``state = exp(step * rates) * state + step * value * write`` and
    ``output = sum(state * read)``, token by token. No decay is divided by or multiplied up over
    tokens, so that fast ones neither overflow nor lose digits. Decays, inputs and outputs are
    computed a chunk at a time. Time is linear in the number of tokens; memory beyond inputs and
    outputs is that of one chunk, with gradients too, which compute chunks again.

    Parameters
    ----------
    values, steps
        Input of each channel, and how far its state moves on at each token (the time step delta,
        at least 0): shape (..., tokens, channels).
    rates
        Rates of the states, at most 0: shape (..., 1, channels, states), whose axes before the last
        three are as those before the tokens.
    write, read
        Weights of the states of all channels, by which a token enters and leaves them (B and C of
        the literature): shape (..., tokens, states).
    chunk
        Number of tokens whose states are held at once; results do not depend on it.

    Returns
    -------
    Tensor
        Shape (..., tokens, channels).

    References
    ----------
    Gu and Dao 2023, arXiv:2312.00752: equation 2a and algorithm 2, the state's decay discretised by
    a zero-order hold and its input by Euler's rule, as in the authors' program.
    """
    # Decays close to 1 have no digits to spare: not in bfloat16. No product of matrices follows, so
    # that autocast leaves all in float32.
    rates = rates.float().transpose(-1, -2).contiguous()  # channels are many, and lie together
    tokens = [one.float().split(chunk, -2) for one in (values, steps, write, read)]
    state = values.new_zeros((*values.shape[:-2], *rates.shape[-2:]), dtype=torch.float32)
    outputs = []
    for part in zip(*tokens, strict=True):
        if torch.is_grad_enabled():
            output, state = checkpoint(
                _chunk, state, rates, *part, use_reentrant=False, preserve_rng_state=False
            )
        else:
            output, state = _chunk(state, rates, *part)
        outputs.append(output)
    return torch.cat(outputs, -2)


def _chunk(
    state: torch.Tensor,
    rates: torch.Tensor,
    values: torch.Tensor,
    steps: torch.Tensor,
    write: torch.Tensor,
    read: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the outputs of a chunk's tokens, and the state that they leave behind.

    States have their channels last: (..., states, channels).
    """
    decays = (steps[..., None, :] * rates).exp()
    inputs = (steps * values)[..., None, :] * write[..., None]
    states = []
    for decay, entering in zip(decays.unbind(-3), inputs.unbind(-3), strict=True):
        state = torch.addcmul(entering, decay, state)
        states.append(state)
    return (torch.stack(states, -3) * read[..., None]).sum(-2), state
