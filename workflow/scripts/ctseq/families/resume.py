"""The state of a training after its last finished epoch, so that a killed one goes on from there.

It stands in one safetensors file, replaced in one step: tensors, and in the file's header, as
JSON, everything else. The weights of the best epoch stand beside it, in a file named after it.
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

from ctseq.core.files import atomic_write

Tensors = Mapping[str, torch.Tensor]


def fingerprint(files: Iterable[str | Path], settings: Any) -> str:
    """Give a checksum of everything that decides a result, to tell whether a state belongs to it.

    Parameters
    ----------
    files
        Files and folders; their contents count, and the names inside a folder.
    settings
        Whatever JSON can hold.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in map(Path, files):
        inside = sorted(child for child in path.rglob("*") if child.is_file())
        for file in inside if path.is_dir() else [path]:
            digest.update(str(file.relative_to(path)).encode())
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Unfinished:
    """The folder of an unfinished training.

    Attributes
    ----------
    folder
        Made when the first epoch is saved. It must be nobody's output: Snakemake removes the
        outputs of a job before it starts it again.
    fingerprint
        Of everything that decides the training's result; a state with another one is not read.
    """

    folder: Path
    fingerprint: str

    def load(self, device: torch.device) -> tuple[Tensors, dict[str, Any]] | None:
        """Read the tensors and facts that `save` was given last, None if there are none."""
        try:
            with safe_open(self._state, "pt") as file:
                header = file.metadata()
            if header["fingerprint"] != self.fingerprint:
                return None
            return load_file(self._state, str(device)), json.loads(header["facts"])
        except (FileNotFoundError, SafetensorError):
            return None

    def save(self, tensors: Tensors, facts: Mapping[str, Any]) -> None:
        """Write the state in place of the one before.

        Parameters
        ----------
        tensors
            By name.
        facts
            What JSON can hold, exactly: its numbers read back the same bits.
        """
        header = {"fingerprint": self.fingerprint, "facts": json.dumps(facts)}
        with atomic_write(self._state) as path:
            save_file(tensors, path, metadata=header)

    def save_best(self, weights: Tensors, epoch: int) -> None:
        """Write the weights of the best epoch; those of an earlier one stay until `forget`."""
        with atomic_write(self._best(epoch)) as path:
            save_file(weights, path)

    def load_best(self, epoch: int, device: torch.device) -> Tensors:
        """Read the weights of the best epoch."""
        return load_file(self._best(epoch), str(device))

    def forget(self, *, but: int) -> None:
        """Remove what is neither the state nor the weights of epoch `but`."""
        for path in self.folder.iterdir():
            if path not in (self._state, self._best(but)):
                path.unlink()

    @property
    def _state(self) -> Path:
        return self.folder / "state.safetensors"

    def _best(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:04d}.safetensors"
