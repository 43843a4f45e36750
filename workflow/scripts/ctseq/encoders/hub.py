"""Checkpoints from the Hugging Face hub, fetched once."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import huggingface_hub

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write, read_json, write_json
from ctseq.encoders.checkpoints import INDEX, PICKLED, WEIGHTS, check_folder
from ctseq.encoders.image_processor import FILES

# Everything that loading needs, and nothing that could run code.
_WEIGHTS = [WEIGHTS, "model-*-of-*.safetensors"]
_WANTED = ["config.json", *FILES, INDEX, *_WEIGHTS]


def fetch_checkpoint(
    checkpoint: str, revision: str, *, subfolder: str | None = None, folder: Path, record: Path
) -> str:
    """Download one revision of a checkpoint, record the commit that it stands for, and return it.

    Parameters
    ----------
    checkpoint, revision
        Hugging Face id, and branch, tag or commit.
    subfolder
        Where the checkpoint stands inside its repository; None for its root.
    folder
        Folder to write config, preprocessor config and safetensors into, all or none, as the
        repository has them: a subfolder stays one.
    record
        JSON file that keeps the commit. If it exists, the revision must still stand for that one.

    Raises
    ------
    InputError
        If the checkpoint cannot be downloaded, or its branch has moved since it was recorded.
    """
    with _stop_if_unavailable(checkpoint, revision):
        info = huggingface_hub.HfApi().model_info(checkpoint, revision=revision, timeout=30)
    commit = info.sha
    if record.exists() and (known := read_json(record)["commit"]) != commit:
        raise InputError(
            f"Checkpoint {checkpoint}: revision {revision} was commit {known} when it was first "
            f"fetched ({record}) and is {commit} now. Set the encoder's `revision` to the first to "
            "keep your results comparable, or delete the record to accept the new one."
        )
    own = f"{subfolder}/" if subfolder else ""
    # The hub's client lets a star stand for folders too.
    names = [file.rfilename for file in info.siblings if Path(file.rfilename).parent == Path(own)]
    wanted = _among(names, [own + pattern for pattern in _WANTED])
    if not _among(wanted, [own + pattern for pattern in _WEIGHTS]):
        wanted += _among(names, [own + PICKLED])
    with atomic_write(folder) as unfinished:
        with _stop_if_unavailable(checkpoint, commit):
            huggingface_hub.snapshot_download(
                checkpoint, revision=commit, allow_patterns=wanted, local_dir=unfinished
            )
        shutil.rmtree(unfinished / ".cache", ignore_errors=True)  # the hub client's bookkeeping
        if pickled := sorted((unfinished / own).glob(PICKLED)):
            convert_to_safetensors(pickled)
        check_folder(unfinished / own, name=checkpoint)
    write_json({"checkpoint": checkpoint, "revision": revision, "commit": commit}, record)
    return commit


def _among(names: list[str], patterns: list[str]) -> list[str]:
    return [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]


def convert_to_safetensors(pickled: Sequence[Path]) -> None:
    """Replace ``pytorch_model.bin``, or its parts, by ``model.safetensors`` beside it.

    PyTorch's weights-only loader reads the files; it builds tensors and runs nothing.

    Raises
    ------
    InputError
        If a file holds anything but tensors.
    """
    import torch
    from safetensors.torch import save_file

    tensors = {}
    for path in pickled:
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # the loader raises many types; all of them mean `not weights`
            raise InputError(
                f"{path.name} is refused: it holds more than weights, or is damaged "
                f"({type(error).__name__}). Use a revision that offers model.safetensors."
            ) from None
        # Tied weights share memory, which safetensors does not write: each gets its own.
        tensors |= {name: tensor.clone().contiguous() for name, tensor in state.items()}
    save_file(tensors, pickled[0].with_name(WEIGHTS), metadata={"format": "pt"})
    for path in pickled:
        path.unlink()


@contextmanager
def _stop_if_unavailable(checkpoint: str, revision: str) -> Iterator[None]:
    """Turn an error of the hub's client into one that says how to do without network."""
    try:
        yield
    except Exception as error:  # offline, unknown id, gated: one cure for all
        copy = checkpoint.split("/")[-1]
        first_line = str(error).strip().split("\n")[0]
        raise InputError(
            f"Checkpoint {checkpoint}, revision {revision}, cannot be fetched.\n"
            f"  Asked: {huggingface_hub.constants.ENDPOINT}\n"
            f"  Answer: {type(error).__name__}: {first_line}\n"
            "  To bring it by hand, on a machine with network:\n"
            f"    hf download {checkpoint} --revision {revision} --local-dir {copy}\n"
            "  then copy that folder here and set the encoder's `checkpoint` to its path."
        ) from None
