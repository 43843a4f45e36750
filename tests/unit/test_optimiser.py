"""The optimiser of heads against PyTorch's, and the learning rate by hand."""

import numpy as np
import torch

from ctseq.families.optimiser import AdamW, learning_rate_share


def test_learning_rate_by_hand():
    # Warm-up over 2 of 10 steps, then down to 0 over the other 8.
    shares = [learning_rate_share(step, warmup_steps=2, n_steps=10) for step in range(11)]
    assert shares == [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]
    assert learning_rate_share(0, warmup_steps=0, n_steps=4) == 1


def test_trainings_side_by_side_take_the_steps_of_pytorchs_adamw():
    generator = torch.Generator().manual_seed(0)
    initial = {
        name: torch.randn(3, *shape, generator=generator)
        for name, shape in {"weight": (2, 9), "bias": (2,)}.items()
    }
    decays = [0.1, 0.0, 1.0]
    ours = {name: values.clone() for name, values in initial.items()}
    optimiser = AdamW(ours, weight_decays=decays, paces={"weight": 0.1})
    theirs = [
        {name: values[training].clone().requires_grad_() for name, values in initial.items()}
        for training in range(3)
    ]
    peers = [
        torch.optim.AdamW([{"params": [values]} for values in own.values()], weight_decay=decay)
        for own, decay in zip(theirs, decays, strict=True)
    ]
    for step in range(30):
        # One has fewer steps, as in a smaller fit.
        going, of = ([0, 1, 2], slice(None)) if step % 3 else ([2, 0], [2, 0])
        rates = np.array([1e-2 / (1 + training + step) for training in going])
        gradients = {
            name: torch.randn(len(going), *values.shape[1:], generator=generator) / (1 + step)
            for name, values in ours.items()
        }
        optimiser.step(gradients, of=of, rates=rates)
        for index, training in enumerate(going):
            for name, parameter in theirs[training].items():
                parameter.grad = gradients[name][index].clone()
            for group, pace in zip(peers[training].param_groups, (0.1, 1.0), strict=True):
                group["lr"] = rates[index] * pace
            peers[training].step()
    assert optimiser.steps.tolist() == [30, 20, 30]
    for training, own in enumerate(theirs):
        for name, parameter in own.items():
            torch.testing.assert_close(ours[name][training], parameter, rtol=1e-5, atol=1e-6)
