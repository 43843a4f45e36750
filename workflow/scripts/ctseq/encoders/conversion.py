"""Pickled weights rewritten as safetensors, by a loader that builds tensors and runs nothing."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write, file_digest, write_json
from ctseq.core.words import listed
from ctseq.encoders.checkpoints import (
    INDEX,
    PICKLED,
    PICKLED_INDEX,
    WEIGHTS,
    check_folder,
    pickled_files,
    weight_map,
)
from ctseq.encoders.image_processor import FILES

# What training programs call the weights among all that they save.
_INNER = ("state_dict", "model_state_dict", "model", "module", "teacher", "student")
# Where they are in checkpoints of weights alone, as VideoMamba's program looks for them.
_NESTED = ("model", "module")
# How to save weights of transformers, and weights alone.
_SAVE = "Load it into its model of transformers and save that by save_pretrained."
_SAVE_ALONE = "Save them alone: torch.save(model.state_dict(), 'weights.pth')."


def convert_checkpoint(
    checkpoint: Path,
    *,
    subfolder: str | None = None,
    folder: Path,
    record: Path,
    bare: bool = False,
) -> dict[str, str]:
    """Write a local checkpoint whose weights are pickled into another folder, as safetensors.

    Nothing is written into the checkpoint's own folder.

    Parameters
    ----------
    checkpoint
        Folder of the checkpoint.
    subfolder
        Where it stands inside; None for the folder itself. The new folder has it as well.
    folder
        Folder to write config, preprocessor config and weights into, all or none.
    record
        JSON file that keeps the SHA-256 of each file that was converted.
    bare
        Whether it may be weights alone; see `registry.EncoderType`.

    Returns
    -------
    dict
        Name of each pickle to its SHA-256.

    Raises
    ------
    InputError
        If the checkpoint is incomplete, or a file holds anything but weights.
    """
    own = checkpoint / (subfolder or "")
    check_folder(own, name=str(own), pickled=True, bare=bare)
    with atomic_write(folder) as unfinished:
        target = unfinished / (subfolder or "")
        target.mkdir(parents=True)
        for name in ("config.json", *FILES):
            if (own / name).is_file():
                shutil.copyfile(own / name, target / name)
        converted = convert_weights(own, target, name=str(own), bare=bare)
        check_folder(target, name=str(own), bare=bare)
    write_json({"checkpoint": str(checkpoint), "converted": converted}, record)
    return converted


def convert_weights(source: Path, target: Path, *, name: str, bare: bool = False) -> dict[str, str]:
    """Write a folder's pickled weights into another as safetensors, in as many parts.

    Only one part is held in memory at a time. `name` is what the checkpoint is called in messages;
    `bare` weights stand in one file of any name, and there perhaps below another key.

    Returns
    -------
    dict
        Name of each pickle to its SHA-256.

    Raises
    ------
    InputError
        If a file holds anything but weights, or parts hold a weight twice or lack one.
    """
    files = pickled_files(source, bare=bare)
    try:
        if bare:
            _convert_bare(files, target)
        else:
            _convert(files, source / PICKLED_INDEX, target)
    except InputError as error:
        raise InputError(f"Checkpoint {name}: {error}") from None
    return {path.name: file_digest(path) for path in files}


def _convert_bare(files: Sequence[Path], target: Path) -> None:
    """Write the one pickle of a checkpoint of weights alone as safetensors."""
    if len(files) > 1:
        names = listed([path.name for path in files])
        raise InputError(
            f"the folder holds {names}, and which is meant is not known: keep one file of weights "
            "in each folder."
        )
    _save(_read(files[0], nested=_NESTED), target / WEIGHTS)


def _convert(files: Sequence[Path], index: Path, target: Path) -> None:
    """Write pickles as safetensors: a whole one alone, or parts that may have an index."""
    if len(files) == 1 and files[0].name == PICKLED:
        _save(_read(files[0]), target / WEIGHTS)
        return
    held: dict[str, str] = {}
    size = 0
    for number, path in enumerate(files, start=1):
        part = f"model-{number:05}-of-{len(files):05}.safetensors"
        weights = _read(path)
        if twice := sorted(held.keys() & weights.keys()):
            raise InputError(
                f"{path.name} holds {twice[0]}, which a part before it holds as well: which counts "
                "is not known. Fetch or save the checkpoint again."
            )
        _save(weights, target / part)
        held |= dict.fromkeys(weights, part)
        size += sum(values.nbytes for values in weights.values())
        del weights  # before the next part is read
    if index.is_file():
        said = weight_map(index)
        if lost := sorted(said.keys() - held.keys()):
            raise InputError(
                f"{index.name} says that {lost[0]} is in {said[lost[0]]}, which does not hold "
                f"it ({len(lost)} of {len(said)} weights). Fetch or save the checkpoint again."
            )
    write_json({"metadata": {"total_size": size}, "weight_map": held}, target / INDEX)


def _read(path: Path, *, nested: Sequence[str] = ()) -> dict[str, Any]:
    """Return the weights that a pickle holds, by name, each with memory of its own.

    If it holds one of `nested` keys, the weights are what it has there.
    """
    import torch

    save = _SAVE_ALONE if nested else _SAVE
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # the loader raises many types; all of them mean `not weights`
        raise InputError(
            f"{path.name} is refused: it holds more than weights, or is damaged "
            f"({type(error).__name__}). Take a version of the checkpoint with {WEIGHTS}, or save "
            "its weights alone."
        ) from None
    if isinstance(state, Mapping):
        state = next((state[key] for key in nested if key in state), state)
    if not isinstance(state, Mapping) or not state:
        raise InputError(
            f"{path.name} holds {type(state).__name__} in place of weights by their names. {save}"
        )
    wrong = [name for name, value in state.items() if not _is_weight(name, value)]
    if wrong:
        inner = next((name for name in _INNER if isinstance(state.get(name), Mapping)), None)
        about = f"; the weights seem to be what it calls {inner}" if inner else ""
        raise InputError(f"{path.name} holds more than weights, such as {wrong[0]}{about}. {save}")
    # Tied weights share memory, which safetensors does not write: each gets its own.
    state = dict(state)
    return {
        name: state.pop(name).detach().clone(memory_format=torch.contiguous_format)
        for name in list(state)
    }


def _is_weight(name: Any, value: Any) -> bool:
    """Return whether a pair is a name and a tensor of the kind that safetensors keeps."""
    import torch

    dense = isinstance(value, torch.Tensor) and value.layout == torch.strided
    return isinstance(name, str) and dense and not (value.is_quantized or value.is_meta)


def _save(weights: Mapping[str, Any], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(dict(weights), path, metadata={"format": "pt"})
