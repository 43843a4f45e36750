"""AdamW and its learning rate, for many trainings side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

BETAS = (0.9, 0.999)
EPSILON = 1e-8


def learning_rate_share(step: int, *, warmup_steps: int, n_steps: int) -> float:
    """Return the learning rate at a step, counted from 0, as a share of its peak.

    It rises linearly over `warmup_steps` and then falls linearly to zero at the last of `n_steps`,
    those of the warm-up included, as in the paper's program.
    """
    if step < warmup_steps:
        return step / warmup_steps
    return max(0.0, (n_steps - step) / max(1, n_steps - warmup_steps))


class AdamW:
    """AdamW (Loshchilov and Hutter 2019) of several trainings that share one computation.

    Each has its weight decay. `paces` say of parameters, by name, at which share of the rate they
    learn, as PyTorch's groups of parameters may; the others learn at the rate.

    The steps are those of `torch.optim.AdamW`, which knows one training and whose construction
    imports PyTorch's compiler: a second, longer than most heads are trained.

    Attributes
    ----------
    steps
        How many steps each training has taken, shape (trainings,).
    """

    def __init__(
        self,
        parameters: Mapping[str, torch.Tensor],
        *,
        weight_decays: Sequence[float],
        paces: Mapping[str, float] | None = None,
    ) -> None:
        self._parameters, self._weight_decays = parameters, np.asarray(weight_decays)
        self._paces = paces or {}
        self._means = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self._squares = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.steps = np.zeros(len(next(iter(parameters.values()))), int)

    @torch.no_grad()
    def step(
        self,
        gradients: Mapping[str, torch.Tensor],
        *,
        of: Sequence[int] | slice,
        rates: Sequence[float],
    ) -> None:
        """Move the parameters of some trainings, in place, against their gradients.

        Parameters
        ----------
        gradients
            By name, shape (some trainings, ...).
        of
            Which trainings: indices, each once, or a slice, which copies nothing.
        rates
            Learning rate of each, shape (some trainings,).
        """
        self.steps[of] += 1
        first, second = (1 - beta ** self.steps[of] for beta in BETAS)
        stores = (self._parameters, self._means, self._squares)
        for name, gradient in gradients.items():
            own = np.asarray(rates) * self._paces.get(name, 1.0)
            decays = 1 - own * self._weight_decays[of]
            scales = [torch.from_numpy(each).float() for each in (decays, own / first, second**0.5)]
            decay, size, root = (scale.view(-1, *[1] * (gradient.ndim - 1)) for scale in scales)
            moved = [store[name][of] for store in stores]
            parameter, mean, square = moved
            mean.lerp_(gradient, 1 - BETAS[0])
            square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
            change = (size * mean).div_(square.sqrt().div_(root).add_(EPSILON))
            parameter.mul_(decay).sub_(change)
            if not isinstance(of, slice):
                for store, values in zip(stores, moved, strict=True):
                    store[name][of] = values
