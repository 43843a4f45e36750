"""Checkpoints: which files a folder must hold, and what its weights are."""

import hashlib
from pathlib import Path

from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.encoders.image_processor import FILES

_INDEX = "model.safetensors.index.json"


def check_folder(folder: Path, *, name: str) -> None:
    """Raise an InputError that names the files which a checkpoint's folder lacks."""
    if not folder.is_dir():
        raise InputError(f"Checkpoint {name}: the folder {folder} does not exist.")
    missing = [] if (folder / "config.json").is_file() else ["config.json"]
    if not any((folder / file).is_file() for file in FILES):
        missing.append(FILES[0])
    missing += _missing_weights(folder)
    if missing:
        pickles = [path.name for path in sorted(folder.glob("*.bin"))]
        refused = f" {pickles[0]} is a pickle, which may run code." if pickles else ""
        raise InputError(
            f"Checkpoint {name}: {folder} lacks {', '.join(missing)}.{refused} A checkpoint is a "
            "folder that save_pretrained wrote, of model and image processor both."
        )


def _missing_weights(folder: Path) -> list[str]:
    """List the files of weights that a folder lacks: those of its index, or any."""
    if (folder / _INDEX).is_file():
        parts = sorted(set(read_json(folder / _INDEX)["weight_map"].values()))
        return [part for part in parts if not (folder / part).is_file()]
    return [] if any(folder.glob("*.safetensors")) else ["model.safetensors"]


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of a checkpoint's safetensors files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
