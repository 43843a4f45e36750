"""Checkpoints: which files a folder must hold, and what its weights are."""

import hashlib
from pathlib import Path

from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.encoders.image_processor import FILES, settings_file

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
# Weights that were pickled, whole or in parts.
PICKLED = "pytorch_model*.bin"
# What rewrites them in the folder that it runs in, and runs nothing that they may hold.
_REWRITE = (
    'python -c "import glob, torch, safetensors.torch as s; w = {}; '
    "[w.update(torch.load(f, 'cpu', weights_only=True)) for f in glob.glob('pytorch_model*.bin')]; "
    "s.save_file({n: t.clone().contiguous() for n, t in w.items()}, 'model.safetensors', "
    "{'format': 'pt'})\""
)


def check_folder(folder: Path, *, name: str) -> None:
    """Raise an InputError that names the files which a checkpoint's folder lacks."""
    if not folder.is_dir():
        raise InputError(f"Checkpoint {name}: the folder {folder} does not exist.")
    missing = [] if (folder / "config.json").is_file() else ["config.json"]
    missing += [] if settings_file(folder) else [FILES[0]]
    without = [path.name for path in weight_files(folder) if not path.is_file()]
    if not (missing or without):
        return
    cure = "A checkpoint is a folder that save_pretrained wrote, of model and image processor both."
    if without and (pickled := sorted(folder.glob(PICKLED))):
        cure = (
            f"{pickled[0].name} is a pickle, which may run code: rewrite it once, in its folder, "
            f"by\n    {_REWRITE}"
        )
    raise InputError(f"Checkpoint {name}: {folder} lacks {', '.join(missing + without)}. {cure}")


def weight_files(folder: Path) -> list[Path]:
    """List the files that hold a checkpoint's weights, as transformers looks for them."""
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        return [folder / WEIGHTS]
    return [folder / part for part in sorted({*read_json(folder / INDEX)["weight_map"].values()})]


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of a checkpoint's files of weights, in the order of their names."""
    digest = hashlib.sha256()
    for path in weight_files(folder):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
