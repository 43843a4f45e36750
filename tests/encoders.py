"""What tests of encoders share: settings as a study resolves them, and loading by them."""

import torch

from ctseq.encoders import contract

SETTINGS = {
    "type": "transformers", "sees": "slice", "checkpoint": "x", "revision": "main", "subfolder": "",
    "pooling": "auto", "frames": None, "frame_sampling": None, "position_embeddings": None,
    "first_slices": None, "size": None,
    "extraction": {"precision": "float32", "speedups": False},
}  # fmt: skip
OF_SEQUENCES = {"frame_sampling": "uniform"}
OF_SEQUENCES |= {"position_embeddings": "interpolate"}


def settings_of(sees="slice", **changes):
    """Return the settings of an encoder with all defaults."""
    own = OF_SEQUENCES if sees == "sequence" else {}
    return SETTINGS | {"sees": sees} | own | changes


def described(folder, sees="slice", **changes):
    """Return the description of a checkpoint."""
    settings = settings_of(sees, **changes)
    return contract.module_of(settings).describe(folder, settings, key="encoders.e")


def loaded(folder, sees="slice", **changes):
    """Return the encoder of a checkpoint, on the CPU."""
    return contract.load(folder, described(folder, sees, **changes), torch.device("cpu"))
