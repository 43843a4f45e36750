"""What tests of VideoMamba share: small seeded networks, and their published form."""

import torch
from safetensors.torch import save_file

from ctseq.encoders.videomamba.model import Architecture, VideoMamba

SMALL = {"width": 24, "depth": 2, "channels": 48, "states": 16, "kernel": 4, "rank": 2}
SMALL |= {"tubelet": 1, "patch": 8, "side": 4, "times": 4}


def small(seed=1, **sizes):
    """Return a network of random weights, times of which one differs from another."""
    torch.manual_seed(seed)
    model = VideoMamba(Architecture(**SMALL | sizes)).eval()
    with torch.no_grad():
        model.temporal_pos_embedding.normal_()
        for name, values in model.named_parameters():
            if "norm" in name or ".D" in name:
                values.normal_(1, 0.2)
            elif "_log" in name:
                values.add_(torch.randn_like(values), alpha=0.2)
    return model


def published(model, classes=5):
    """Return the weights of a network and its classifier, as the published files name them."""
    generator = torch.Generator().manual_seed(0)
    head = torch.randn(classes, model.config.width, generator=generator)
    own = {name: values.detach().clone() for name, values in model.named_parameters()}
    return own | {"head.weight": head, "head.bias": torch.zeros(classes)}


def write(folder, weights):
    """Write a checkpoint of safetensors, which has nothing beside its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors")
    return folder
