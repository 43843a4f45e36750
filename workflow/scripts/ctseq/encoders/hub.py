"""Checkpoints from the Hugging Face hub, fetched once."""

import shutil
from pathlib import Path

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write, read_json, write_json
from ctseq.encoders.checkpoints import REQUIRED, check_folder

# Everything that loading needs, and nothing that could run code.
_WANTED = [*REQUIRED, "*.safetensors", "*.safetensors.index.json"]


def fetch_checkpoint(checkpoint: str, revision: str, *, folder: Path, record: Path) -> str:
    """Download one revision of a checkpoint, and record the commit that it stands for.

    Parameters
    ----------
    checkpoint, revision
        Hugging Face id, and branch, tag or commit.
    folder
        Folder to write config, preprocessor config and safetensors into, all or none.
    record
        JSON file that keeps the commit. If it exists, the revision must still stand for that one.

    Returns
    -------
    str
        The commit.

    Raises
    ------
    InputError
        If the checkpoint cannot be downloaded, or its branch has moved since it was recorded.
    """
    commit, files = _ask_hub(checkpoint, revision)
    if record.exists():
        _check_record(read_json(record), checkpoint, revision, commit, record)
    patterns = list(_WANTED)
    if not any(name.endswith(".safetensors") for name in files):
        patterns.append("pytorch_model.bin")
    with atomic_write(folder) as unfinished:
        _download(checkpoint, commit, patterns, unfinished)
        shutil.rmtree(unfinished / ".cache", ignore_errors=True)  # the hub client's bookkeeping
        if (unfinished / "pytorch_model.bin").exists():
            convert_to_safetensors(unfinished / "pytorch_model.bin")
        check_folder(unfinished, name=checkpoint)
    write_json({"checkpoint": checkpoint, "revision": revision, "commit": commit}, record)
    return commit


def convert_to_safetensors(pickled: Path) -> None:
    """Replace ``pytorch_model.bin`` by ``model.safetensors`` beside it.

    The file is read by PyTorch's weights-only loader, which builds tensors and runs nothing.

    Raises
    ------
    InputError
        If it holds anything but tensors.
    """
    import torch
    from safetensors.torch import save_file

    try:
        state = torch.load(pickled, map_location="cpu", weights_only=True)
    except Exception as error:  # the loader raises many types; all of them mean `not weights`
        raise InputError(
            f"{pickled.name} is refused: it holds more than weights, or is damaged "
            f"({type(error).__name__}). Use a revision that offers model.safetensors."
        ) from None
    # Tied weights share memory, which safetensors does not write: each gets its own.
    tensors = {name: tensor.clone().contiguous() for name, tensor in state.items()}
    save_file(tensors, pickled.with_name("model.safetensors"), metadata={"format": "pt"})
    pickled.unlink()


def _ask_hub(checkpoint: str, revision: str) -> tuple[str, list[str]]:
    """Return the commit that a revision stands for, and the names of its files."""
    import huggingface_hub

    try:
        info = huggingface_hub.HfApi().model_info(checkpoint, revision=revision, timeout=30)
    except Exception as error:  # offline, unknown id, gated: one cure for all
        raise _unavailable(checkpoint, revision, error) from None
    return info.sha, [file.rfilename for file in info.siblings]


def _download(checkpoint: str, commit: str, patterns: list[str], folder: Path) -> None:
    import huggingface_hub

    try:
        huggingface_hub.snapshot_download(
            checkpoint, revision=commit, allow_patterns=patterns, local_dir=folder
        )
    except Exception as error:
        raise _unavailable(checkpoint, commit, error) from None


def _unavailable(checkpoint: str, revision: str, error: Exception) -> InputError:
    import huggingface_hub

    copy = checkpoint.split("/")[-1]
    first_line = str(error).strip().split("\n")[0]
    return InputError(
        f"Checkpoint {checkpoint}, revision {revision}, cannot be fetched.\n"
        f"  Asked: {huggingface_hub.constants.ENDPOINT}\n"
        f"  Answer: {type(error).__name__}: {first_line}\n"
        "  To bring it by hand, on a machine with network:\n"
        f"    hf download {checkpoint} --revision {revision} --local-dir {copy}\n"
        "  then copy that folder here and set the model's `checkpoint` to its path."
    )


def _check_record(
    known: dict[str, str], checkpoint: str, revision: str, commit: str, record: Path
) -> None:
    if known["commit"] != commit:
        raise InputError(
            f"Checkpoint {checkpoint}: revision {revision} was commit {known['commit']} when it "
            f"was first fetched ({record}) and is {commit} now. Set the model's `revision` to the "
            "first to keep your results comparable, or delete the record to accept the new one."
        )
