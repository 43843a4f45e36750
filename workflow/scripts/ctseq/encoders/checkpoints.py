"""Checkpoints: which files a folder must hold, what may be wrong with them, and their digest."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.files import file_digest, read_json
from ctseq.core.words import listed
from ctseq.encoders.image_processor import FILES, settings_file

# Weights as safetensors and as pickles: whole, or in parts that an index lists.
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PARTS = "model-*-of-*.safetensors"
PICKLED, PICKLED_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"
PICKLED_PARTS = "pytorch_model-*-of-*.bin"
# What peft writes beside an adapter's weights, which are nothing without those of its base.
ADAPTER = "adapter_config.json"
# How a file begins that git left in place of one that it keeps elsewhere.
_POINTER = b"version https://git-lfs.github.com/spec"
# What a checkpoint is, of types that have weights alone and of all others.
_BARE = "A checkpoint of this type is a folder with one file of weights, .pth or model.safetensors."
_WHOLE = "A checkpoint is a folder that save_pretrained wrote, of model and image processor both."
# Endings of weights, of any library.
_ENDINGS = {".bin", ".ckpt", ".gguf", ".h5", ".msgpack", ".onnx", ".pt", ".pth", ".safetensors"}
_MERGE = (
    'python -c "import sys, peft, transformers as t; base, adapter, merged = sys.argv[1:]; '
    "m = peft.PeftModel.from_pretrained(t.{kind}.from_pretrained(base), adapter); "
    "m.merge_and_unload().save_pretrained(merged); "
    't.AutoImageProcessor.from_pretrained(base).save_pretrained(merged)" {base} {adapter} MERGED'
)


def check_folder(folder: Path, *, name: str, pickled: bool = False, bare: bool = False) -> None:
    """Raise an InputError that says what a checkpoint's folder lacks, or what is wrong in it.

    Parameters
    ----------
    folder
        The folder that holds the weights, and config.json.
    name
        What the checkpoint is called in messages.
    pickled
        Whether its weights may be pickles, which are converted.
    bare
        Whether weights alone will do, of any name that ends in .pth if they are pickled.
    """
    if not folder.is_dir():
        raise InputError(f"Checkpoint {name}: the folder {folder} does not exist.")
    try:
        weights = pickled_files(folder, bare=bare) if pickled else []
        _check_adapter(folder)
        _check_presence(folder, weights or weight_files(folder), bare=bare)
        if not bare and not isinstance(read_json(folder / "config.json"), dict):
            raise InputError("config.json holds no settings by name. Choose another checkpoint.")
        if not weights:
            _check_safetensors(folder)
    except InputError as error:
        raise InputError(f"Checkpoint {name}: {error}") from None


def weight_files(folder: Path) -> list[Path]:
    """List the files that hold a checkpoint's weights, as transformers looks for them."""
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        # Parts alone are not loaded: what is missing is their index.
        return [folder / (INDEX if _has_only_parts(folder) else WEIGHTS)]
    return [folder / part for part in sorted({*weight_map(folder / INDEX).values()})]


def pickled_files(folder: Path, *, bare: bool = False) -> list[Path]:
    """List the pickles that hold a checkpoint's weights; none if it has safetensors.

    Parts that their names or an index ask for are listed, there or not. `bare` weights may have any
    name that ends in .pth.
    """
    if (folder / WEIGHTS).is_file() or (folder / INDEX).is_file():
        return []
    if (folder / PICKLED).is_file():
        return [folder / PICKLED]
    if (folder / PICKLED_INDEX).is_file():
        return [folder / one for one in sorted({*weight_map(folder / PICKLED_INDEX).values()})]
    for path in sorted(folder.glob(PICKLED_PARTS)):
        if found := re.fullmatch(r"pytorch_model-(\d+)-of-(\d+)\.bin", path.name):
            digits, parts = len(found[1]), int(found[2])
            names = (f"pytorch_model-{n + 1:0{digits}}-of-{found[2]}.bin" for n in range(parts))
            return [folder / name for name in names]
    return sorted(folder.glob("*.pth")) if bare else []


def weight_map(index: Path) -> dict[str, str]:
    """Return which file holds each weight, as an index of parts says.

    Raises
    ------
    InputError
        If it is no such index, names a weight twice, or a file outside its folder.
    """
    try:
        value = json.loads(index.read_text("utf-8"), object_pairs_hook=_once_each)
    except ValueError as error:
        raise InputError(f"{index.name} is not valid JSON: {error}.") from None
    except InputError as error:
        raise InputError(f"{index.name} {error}") from None
    found = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(found, dict) or not found:
        raise InputError(f"{index.name} has no weight_map: it says of no weight where it is.")
    for name, part in found.items():
        if not isinstance(part, str) or Path(part).name != part:
            raise InputError(f"{index.name} says that {name} is in {part!r}, which is no file.")
    return found


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of a checkpoint's files of weights, in the order of their names."""
    digest = hashlib.sha256()
    for path in weight_files(folder):
        digest.update(bytes.fromhex(file_digest(path)))
    return digest.hexdigest()


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(
                f"names {name} twice, in {found[name]} and in {value}: which counts is not known. "
                "Fetch or save the checkpoint again."
            )
        found[name] = value
    return found


def _has_only_parts(folder: Path) -> bool:
    return not (folder / WEIGHTS).is_file() and any(folder.glob(PARTS))


def _check_adapter(folder: Path) -> None:
    """Raise an InputError if a folder holds an adapter, by itself or beside whole weights."""
    if not (folder / ADAPTER).is_file():
        return
    own = read_json(folder / ADAPTER)
    own = own if isinstance(own, dict) else {}
    named = own.get("base_model_name_or_path")
    base = named if named and isinstance(named, str) else "a base that it does not name"
    mapping = own.get("auto_mapping")
    kind = mapping.get("base_model_class") if isinstance(mapping, dict) else None
    merge = _MERGE.format(
        kind=kind or "AutoModelForImageClassification",
        base=base if " " not in base else "BASE",
        adapter=folder if " " not in str(folder) else f"'{folder}'",
    )
    held = (
        "without the weights of its base"
        if not (folder / "config.json").is_file()
        else "beside weights, and which of both is meant is not known: remove it, or merge it"
    )
    raise InputError(
        f"{ADAPTER} is there: the folder holds an adapter of {base}, {held}. To merge an adapter "
        f"with its base once, where peft is installed:\n    {merge}\n  then set the encoder's "
        "`checkpoint` to that folder."
    )


def _check_presence(folder: Path, weights: Sequence[Path], *, bare: bool) -> None:
    """Raise an InputError that names which files are missing, or were left with git's server."""
    needed = [*weights] if bare else [*_description(folder), *weights]
    needed = list(dict.fromkeys(needed))
    if pointers := [path.name for path in needed if _is_pointer(path)]:
        raise InputError(
            f"git left {listed(pointers)} with its server of large files (LFS): what is here are "
            f"pointers of some bytes. In the folder, run\n    git lfs install && git lfs pull"
        )
    if missing := [path.name for path in needed if not path.is_file()]:
        raise InputError(f"the folder lacks {', '.join(missing)}. {' '.join(_hints(folder, bare))}")


def _description(folder: Path) -> list[Path]:
    """List the files that say what a checkpoint is, and how images are prepared for it."""
    config = folder / "config.json"
    return [config, (settings_file(folder) if config.is_file() else None) or folder / FILES[0]]


def _is_pointer(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER


def _hints(folder: Path, bare: bool) -> Iterator[str]:
    """Yield what a folder that lacks files may be instead, and what to do."""
    inner = [*folder.glob("*/config.json"), *folder.glob("snapshots/*/config.json")]
    if inner and not (folder / "config.json").is_file():
        names = sorted(path.parent.relative_to(folder).as_posix() for path in inner)
        yield f"Checkpoints stand in {listed(names)} of it: name one as `subfolder`."
    read = {WEIGHTS, *(path.name for path in [*folder.glob(PARTS), *pickled_files(folder)])}
    other = sorted(
        path.name for path in folder.iterdir() if path.suffix in _ENDINGS and path.name not in read
    )
    if other:
        yield f"Weights of other names and libraries are not read: {listed(other)}."
    yield _BARE if bare else _WHOLE


def _check_safetensors(folder: Path) -> None:
    """Raise an InputError if weights are cut short, or if parts and their index disagree."""
    held: dict[str, str] = {}
    for path in weight_files(folder):
        for name in _names(path):
            if name in held:
                raise InputError(
                    f"{held[name]} and {path.name} both hold {name}: which counts is not known. "
                    "Fetch or save the checkpoint again."
                )
            held[name] = path.name
    if not held:
        raise InputError(f"{WEIGHTS} holds no weights. Choose another checkpoint.")
    if (folder / WEIGHTS).is_file():
        return
    said = weight_map(folder / INDEX)
    wrong = [name for name, part in said.items() if held.get(name) != part]
    if wrong:
        raise InputError(
            f"{INDEX} says that {wrong[0]} is in {said[wrong[0]]}, which does not hold it "
            f"({len(wrong)} of {len(said)} weights). Fetch or save the checkpoint again."
        )


def _names(path: Path) -> list[str]:
    """Return the names of a file's weights, which its header has together with where each ends."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return list(file.keys())
    except SafetensorError as error:
        raise InputError(
            f"{path.name} ({path.stat().st_size:,} bytes) is cut short, damaged or no file of "
            f"weights: {error}. Fetch or copy it again."
        ) from None
