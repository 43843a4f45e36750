"""How what a model returns becomes one vector an input."""

from typing import Any

import torch

from ctseq.core.errors import InputError

# Values of `pooling`, without `auto`. A `classifier` is what the classifier of the architecture
# reads; the others are made of the tokens that the bare model returns.
POOLINGS = ("classifier", "cls", "mean", "cls+mean", "pooler")
# Ends of the names of parameters that hold tokens of the whole input, which come first.
_CLASS_TOKENS = ("cls_token", "class_embedding", "class_token")
_OTHER_TOKENS = ("distillation_token", "register_tokens")
# Maps whose last axis, not the second, is that of the channels.
_CHANNELS_LAST = ("dinat",)


def pooled(outputs: Any, pooling: str, model: torch.nn.Module) -> torch.Tensor:
    """Return the features, (batch, width), in what a model returned.

    Parameters
    ----------
    outputs
        Of a transformers model: one with a classifier, whose final linear layer passes on what it
        reads, or a bare one. Its ``last_hidden_state`` are tokens, (batch, tokens, width), or maps,
        (batch, width, height, width).
    pooling
        One of `POOLINGS`. ``cls`` is the first token, if it is one of the whole input, ``mean`` the
        mean of the others or of a map, ``pooler`` what the model's own pooler returns.
    model
        What returned them.

    Raises
    ------
    InputError
        If the model has no such token or pooler.
    """
    if pooling == "classifier":
        return outputs.logits.flatten(1)
    if pooling == "pooler":
        if getattr(outputs, "pooler_output", None) is None:
            raise InputError(f"{type(model).__name__} has no pooler of its own.")
        return outputs.pooler_output.flatten(1)
    if model.config.model_type == "timm_wrapper":
        raise InputError("Of timm's models, whose tokens and maps differ, only the pooler is read.")
    hidden = outputs.last_hidden_state
    special = special_tokens(model) if hidden.ndim == 3 else 0
    parts = []
    if "cls" in pooling:
        if not special:
            raise InputError(f"{type(model).__name__} has no class token.")
        parts.append(hidden[:, 0])
    if "mean" in pooling:
        parts.append(_mean(hidden[:, special:] if special else hidden, model))
    return torch.cat(parts, dim=1)


def _mean(hidden: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    if hidden.ndim == 3:
        return hidden.mean(1)
    return hidden.mean((1, 2) if model.config.model_type in _CHANNELS_LAST else (2, 3))


def special_tokens(model: torch.nn.Module) -> int:
    """Return how many of a model's first tokens are of the whole input, the class token first."""
    parameters = {
        name.rpartition(".")[2]: values
        for name, values in model.named_parameters()
        if not name.startswith("head.")  # AIMv2's token that pools has no place among the others
    }
    if parameters.keys().isdisjoint(_CLASS_TOKENS):
        return 0
    found = [parameters[name] for name in (*_CLASS_TOKENS, *_OTHER_TOKENS) if name in parameters]
    return sum(values.shape[-2] if values.ndim > 1 else 1 for values in found)
