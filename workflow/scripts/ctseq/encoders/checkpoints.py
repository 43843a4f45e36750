"""Checkpoints: which files a folder must hold, and what they say of the model."""

import hashlib
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.encoders.image_processor import read_preprocessing
from ctseq.encoders.positions import check_frames

# How transformers ends the names of classifiers.
_ENDINGS = {"video": "ForVideoClassification", "image": "ForImageClassification"}
REQUIRED = ("config.json", "preprocessor_config.json")


def check_folder(folder: Path, *, name: str) -> None:
    """Raise an InputError that names the files which a checkpoint's folder lacks."""
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
    """Return what later rules need to know of a checkpoint, without loading its weights.

    Parameters
    ----------
    folder, kind
        The checkpoint, and ``video`` or ``image``, as the configuration says.
    key
        The model's key in the configuration, for messages.
    frames, position_embeddings
        See `positions.check_frames`; None and unused for an image model.

    Returns
    -------
    dict
        ``architecture``, ``initializer_range`` (standard deviation of a new head's weights) and
        ``preprocessing``.

    Raises
    ------
    InputError
        If the checkpoint is of the other kind, cannot take that many frames, or wants images
        prepared by steps that ctseq does not do.
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
        "preprocessing": read_preprocessing(folder).to_json(),
    }


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of a checkpoint's safetensors files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
