"""Checkpoints: what a folder must hold, and what its files say of the model."""

import hashlib
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.encoders.positions import check_frames
from ctseq.encoders.processors import read_processor
from ctseq.imaging.preprocessing import Preprocessing

# How transformers ends the names of classifiers.
_ENDINGS = {"video": "ForVideoClassification", "image": "ForImageClassification"}
REQUIRED = ("config.json", "preprocessor_config.json")


def check_folder(folder: Path, *, name: str) -> None:
    """Check that a folder holds what loading needs.

    Raises
    ------
    InputError
        Naming what is missing.
    """
    if not folder.is_dir():
        raise InputError(f"Checkpoint {name}: the folder {folder} does not exist.")
    missing = [file for file in REQUIRED if not (folder / file).is_file()]
    if not any(folder.glob("*.safetensors")):
        missing.append("model.safetensors")
    if missing:
        raise InputError(
            f"Checkpoint {name}: {folder} lacks {', '.join(missing)}. A checkpoint is a folder "
            "that save_pretrained wrote, of model and image processor both."
        )


def describe(
    folder: Path,
    *,
    kind: str,
    key: str,
    frames: int | None,
    position_embeddings: str = "interpolate",
) -> dict[str, Any]:
    """Say what later rules need to know of a checkpoint, from its two JSON files alone.

    Parameters
    ----------
    folder
        The checkpoint.
    kind
        ``video`` or ``image``, as the configuration asks for.
    key
        The model's key in the configuration, for messages.
    frames
        Frames asked for; None for an image model.
    position_embeddings
        What becomes of learned ones where the frames differ: `positions.MODES`.

    Returns
    -------
    dict
        ``architecture``, ``initializer_range`` (standard deviation of a new head's weights) and
        ``preprocessing``.

    Raises
    ------
    InputError
        If the checkpoint is of the other kind or cannot take that many frames.
    """
    config = read_json(folder / "config.json")
    architecture = next(iter(config.get("architectures") or []), "a model without a name")
    found = next((kind for kind in _ENDINGS if architecture.endswith(_ENDINGS[kind])), None)
    if found != kind:
        raise InputError(
            f"{key}.kind is {kind}, but {folder} holds {architecture}, which classifies "
            + (f"{found}s. Set {key}.kind to {found} or choose" if found else "neither. Choose")
            + " another checkpoint."
        )
    if kind == "video":
        check_frames(config, key=key, frames=frames, mode=position_embeddings)
    return {
        "architecture": architecture,
        "initializer_range": float(config.get("initializer_range", 0.02)),
        "preprocessing": Preprocessing.from_processor(read_processor(folder)).to_json(),
    }


def weights_digest(folder: Path) -> str:
    """Give the SHA-256 over the checkpoint's safetensors files, by name."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
