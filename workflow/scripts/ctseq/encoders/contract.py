"""What the module of a type of encoders offers; see `registry.ENCODER_TYPES`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from ctseq.core.errors import InputError
from ctseq.encoders.devices import autocast
from ctseq.encoders.registry import ENCODER_TYPES, SIGHTS
from ctseq.imaging.differences import differences


class Encoder(Protocol):
    """What turns grey values into features.

    Attributes
    ----------
    model
        The module that computes, in evaluation mode; fine-tuning trains its parameters.
    device
        Where it computes.
    """

    model: torch.nn.Module
    device: torch.device

    def features(self, grey: np.ndarray) -> torch.Tensor:
        """Return the features, (batch, width), of grey values, uint8.

        These are (batch, height, width) of slices and (batch, frames, height, width) of sequences;
        of slices in three windows, an axis of 3 stands before height and width. Differences of
        slices are images like slices. Gradients reach the parameters of `model`.
        """

    def speed_up(self) -> list[str]:
        """Make a frozen encoder faster, in place, and return what was done, for the log."""


@dataclass(frozen=True)
class OfDifferences:
    """An `Encoder` of slices that is shown differences of neighbouring ones.

    It is given both slices, in whose pixels an augmentation knows what it changes.
    """

    encoder: Encoder

    @property
    def model(self) -> torch.nn.Module:
        """The module that computes."""
        return self.encoder.model

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.encoder.device

    def features(self, grey: np.ndarray) -> torch.Tensor:
        """Return the features of differences, whose pairs are as `imaging.differences` takes."""
        return self.encoder.features(differences(grey))

    def speed_up(self) -> list[str]:
        """Make it faster, in place, and return what was done, for the log."""
        return self.encoder.speed_up()


class EncoderModule(Protocol):
    """What a type's module holds; a new type is such a module and a line in `ENCODER_TYPES`."""

    def describe(
        self, folder: Path | None, settings: Mapping[str, Any], *, key: str
    ) -> dict[str, Any]:
        """Check an encoder against its settings and return what later rules need to know of it.

        Parameters
        ----------
        folder
            Its checkpoint; None of a type that has none.
        settings
            The encoder's own, all that decide its features.
        key
            Its key in the configuration, for messages.

        Returns
        -------
        dict
            ``settings``, ``architecture``, ``pooling`` and ``frames`` as resolved, ``width``,
            ``initializer_range`` (standard deviation of a new layer's weights) and
            ``preprocessing``.
        """

    def load(
        self, folder: Path | None, description: Mapping[str, Any], device: torch.device
    ) -> Encoder:
        """Load the encoder that `describe` described; of differences, what is shown them."""


def module_of(settings: Mapping[str, Any]) -> EncoderModule:
    """Return the module of an encoder's type."""
    return import_module(ENCODER_TYPES[settings["type"]].module)


def load(
    folder: str | Path | None, description: Mapping[str, Any], device: torch.device
) -> Encoder:
    """Load an encoder from its checkpoint, if it has one, and its description."""
    settings = description["settings"]
    encoder = module_of(settings).load(Path(folder) if folder else None, description, device)
    return OfDifferences(encoder) if SIGHTS[settings["sees"]].subtracts else encoder


@torch.inference_mode()
def extract(
    encoder: Encoder, batches: Iterable[np.ndarray], *, precision: str = "float32"
) -> Iterator[np.ndarray]:
    """Yield the features of batches, float32, (batch, width), one after the other.

    `batches` are as the encoder's own `features` takes them; `precision`, one of
    `devices.PRECISIONS`, is that of products and convolutions.

    Raises
    ------
    InputError
        If features are no numbers.
    """
    for batch in batches:
        with autocast(precision, encoder.device):
            found = encoder.features(batch)
        features = found.float().cpu().numpy()
        if not np.isfinite(features).all():
            raise InputError(
                "The encoder makes features that are no numbers (NaN or infinity): its weights are "
                f"damaged, or too large for {precision}. Choose another checkpoint, or set its "
                "extraction.precision to float32."
            )
        yield features
