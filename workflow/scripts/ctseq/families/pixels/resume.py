"""The saved state of a training, from which it continues after an interruption.

The state after the last finished epoch is one safetensors file, replaced in one step: tensors, and
everything else as JSON in the file's header. The weights of the best epoch are a file beside it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from ctseq.core.files import atomic_write, file_digest

Tensors = Mapping[str, torch.Tensor]


def fingerprint(files: Iterable[str | Path], settings: Any) -> str:
    """Return a checksum of everything that decides the result of a training.

    Of files and folders, the contents count, and the names inside a folder; `settings` is any value
    that JSON can hold.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in map(Path, files):
        inside = sorted(child for child in path.rglob("*") if child.is_file())
        for file in inside if path.is_dir() else [path]:
            digest.update(str(file.relative_to(path)).encode())
            digest.update(bytes.fromhex(file_digest(file)))
    return digest.hexdigest()


@dataclass(frozen=True)
class Unfinished:
    """The folder of an unfinished training.

    Attributes
    ----------
    folder
        Made when the first epoch is saved. It must not be an output of a rule: Snakemake removes
        the outputs of a job before it starts it again.
    fingerprint
        As `fingerprint` returns it; the state of a training with another one is not read.
    """

    folder: Path
    fingerprint: str

    def load(self, device: torch.device) -> tuple[Tensors, dict[str, Any]] | None:
        """Return the tensors and facts that were saved last, or None if there are none."""
        try:
            with safe_open(self._state, "pt") as file:
                header = file.metadata()
            if header["fingerprint"] != self.fingerprint:
                return None
            return load_file(self._state, str(device)), json.loads(header["facts"])
        except (FileNotFoundError, SafetensorError):
            return None

    def save(self, tensors: Tensors, facts: Mapping[str, Any]) -> None:
        """Save a state in place of the one before: tensors, and facts that JSON can hold."""
        header = {"fingerprint": self.fingerprint, "facts": json.dumps(facts)}
        with atomic_write(self._state) as path:
            save_file(tensors, path, metadata=header)

    def save_best(self, weights: Tensors, epoch: int) -> None:
        """Save the weights of the best epoch; those of earlier ones stay."""
        with atomic_write(self._best(epoch)) as path:
            save_file(weights, path)

    def load_best(self, epoch: int, device: torch.device) -> Tensors:
        """Return the weights of the best epoch."""
        return load_file(self._best(epoch), str(device))

    def remove_all_but(self, best: int) -> None:
        """Remove everything but the state and the weights of the best epoch."""
        for path in self.folder.iterdir():
            if path not in (self._state, self._best(best)):
                path.unlink()

    @property
    def _state(self) -> Path:
        return self.folder / "state.safetensors"

    def _best(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:04d}.safetensors"
