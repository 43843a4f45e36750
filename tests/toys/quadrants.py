"""A type of encoders as a user would add one: the mean grey of quadrants, without a checkpoint."""

from dataclasses import dataclass, field

import torch

STEPS = {"resize": 16, "resample": 2, "crop": None, "scale": None, "offset": 0.0}


@dataclass(frozen=True)
class Quadrants:
    """What turns grey values into four features."""

    device: torch.device
    model: torch.nn.Module = field(default_factory=torch.nn.Identity)

    def features(self, grey):
        """Return the features of slices."""
        values = torch.from_numpy(grey.copy()).to(self.device).float() / 255
        halves = values.unflatten(-1, (2, -1)).unflatten(-3, (2, -1))
        return halves.mean(dim=(-3, -1)).flatten(1)

    def speed_up(self):
        """Leave it as fast as it is."""
        return []


def describe(folder, settings, *, key):
    """Return what later rules need to know."""
    facts = {"settings": settings, "architecture": "Quadrants", "pooling": "mean", "frames": None}
    facts |= {"width": 4, "initializer_range": 0.02}
    return facts | {"preprocessing": STEPS | {"mean": None, "std": None}}


def load(folder, description, device):
    """Return the encoder."""
    return Quadrants(device)
