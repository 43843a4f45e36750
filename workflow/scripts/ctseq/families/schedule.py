"""How the learning rate changes over a training."""


def learning_rate_share(step: int, *, warmup_steps: int, n_steps: int) -> float:
    """Give the share of the peak learning rate at a step.

    It rises over the warm-up steps and then falls linearly to zero at the last step: the schedule
    of the paper's program.

    Parameters
    ----------
    step
        From 0.
    warmup_steps, n_steps
        Steps of the rise, and steps of the whole training.
    """
    if step < warmup_steps:
        return step / warmup_steps
    return max(0.0, (n_steps - step) / max(1, n_steps - warmup_steps))
