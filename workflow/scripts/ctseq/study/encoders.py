"""The encoders of a study, each with all of its settings."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctseq.encoders.registry import ENCODER_TYPES, SIGHTS
from ctseq.study.datasets import Dataset, from_home, in_numbers, window_problems

CHECKPOINTS = "resources/checkpoints"
# Checkpoints that are made here, for the demo.
TINY = "tiny"
# Ids of the Hugging Face hub: a name, or its owner and the name.
_ID = re.compile(r"[A-Za-z0-9_][\w.-]*(/[\w.-]+)?", re.ASCII)
# Endings of the files that decide what a local checkpoint is.
_DECIDING = {".bin", ".json", ".safetensors"}
# Weights as safetensors, and as pickles: `encoders.checkpoints` says which files are read.
_SAFE = {"model.safetensors", "model.safetensors.index.json"}
_PICKLED = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin|pytorch_model\.bin\.index\.json")
# Of weights alone: `registry.EncoderType` says of which types.
_BARE = ".pth"
# What files of features add to the name of their encoder.
_ENDING = re.compile(r"-(mirrored|shuffled-\d+-replicate-\d+|\d+-of-\d+)$")


@dataclass(frozen=True)
class Encoder:
    """An encoder with all of its settings.

    Attributes
    ----------
    name
        Of its files: its key in the configuration and, where a protocol overrides some of its
        settings, these.
    window
        In numbers; None for the dataset's.
    frames, first_slices, size
        None for the checkpoint's own number of frames, for all slices, and for the checkpoint's own
        size.
    extraction
        How its features are computed.
    """

    name: str
    type: str
    sees: str
    checkpoint: str | None
    revision: str
    subfolder: str
    pooling: str
    window: str | list[str] | None
    frames: int | None
    frame_sampling: str | None
    position_embeddings: str | None
    first_slices: int | None
    size: int | None
    extraction: dict[str, Any]

    @classmethod
    def of(cls, name: str, config: Mapping[str, Any]) -> "Encoder":
        """Return an encoder of the catalogue of a checked configuration."""
        its = config["encoders"][name]
        override = config["override"].get(SIGHTS[its["sees"]].form, {})
        keys = ("type", "sees", "checkpoint", "revision", "subfolder", "pooling", "frames")
        keys += ("frame_sampling", "position_embeddings", "first_slices", "size")
        settings = {key: override.get(key, its.get(key)) for key in keys}
        overridden = {key: value for key, value in settings.items() if value != its.get(key)}
        return cls(
            name=derived_name(name, overridden),
            window=in_numbers(its["window"]) if "window" in its else None,
            extraction=config["extraction"] | its["extraction"],
            **settings,
        )

    @property
    def row(self) -> str:
        """What a row of its features is: a ``slice`` or a ``scan``."""
        return SIGHTS[self.sees].row

    @property
    def ordered(self) -> bool:
        """Whether its features depend on the order of the slices."""
        return SIGHTS[self.sees].ordered

    @property
    def settings(self) -> dict[str, Any]:
        """All settings that decide its features, but for the window."""
        left_out = ("name", "window")
        return {key: value for key, value in vars(self).items() if key not in left_out}

    @property
    def hub_folder(self) -> str:
        """Folder of a checkpoint of the hub, named after it so that studies share downloads."""
        name = "--".join(Path(self.checkpoint or "", self.revision, self.subfolder).parts)
        return f"{CHECKPOINTS}/{name}"

    @property
    def local_folder(self) -> str | None:
        """Folder that the configuration names as its checkpoint; None if it names none."""
        if not is_folder(self.checkpoint):
            return None
        return from_home(self.checkpoint)

    @property
    def local_files(self) -> list[str]:
        """Files of a local checkpoint that decide what it is, as they are now."""
        if self.local_folder is None:
            return []
        files = Path(self.local_folder, self.subfolder).glob("*")
        deciding = _DECIDING | {_BARE} if ENCODER_TYPES[self.type].bare else _DECIDING
        return sorted(str(path) for path in files if path.suffix in deciding)

    @property
    def is_converted(self) -> bool:
        """Whether its checkpoint is a local folder of pickles, which are rewritten first."""
        names = {Path(path).name for path in self.local_files}
        pickled = any(_PICKLED.fullmatch(name) or name.endswith(_BARE) for name in names)
        return pickled and not names & _SAFE

    @property
    def checkpoint_folder(self) -> str | None:
        """Folder of its checkpoint: tiny, local, converted or fetched; None if it needs none."""
        if self.checkpoint is None:
            return None
        if self.checkpoint == TINY:
            frames = f"-{self.frames}" if self.frames else ""
            kind = SIGHTS[self.sees].form if self.type == "transformers" else self.type
            return f"{CHECKPOINTS}/tiny-{kind}{frames}"
        if self.local_folder is None:
            return self.hub_folder
        return self._converted_folder if self.is_converted else self.local_folder

    @property
    def _converted_folder(self) -> str:
        """Folder of the safetensors of a local checkpoint, the same however its path is spelled.

        No two hyphens stand side by side, as they do in the names of what is fetched.
        """
        parts = [str(Path(self.local_folder or "").resolve()), self.subfolder]
        name = re.sub(r"[^A-Za-z0-9_.]+", "-", Path(*parts).name).strip("-")
        return f"{CHECKPOINTS}/local-{name}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:8]}"


def is_folder(checkpoint: str | None) -> bool:
    """Return whether `checkpoint` names a folder, and neither an id of the hub nor ``tiny``.

    An id is `owner/name`, which may also be a folder here.
    """
    if checkpoint in (None, TINY):
        return False
    is_path = checkpoint.startswith((".", "/", "~")) or not _ID.fullmatch(checkpoint)
    return is_path or Path(checkpoint).is_dir()


def settings_in(encoder: Encoder, dataset: Dataset) -> dict[str, Any]:
    """Return all settings that decide an encoder's features of a dataset."""
    own = encoder.window
    return encoder.settings | {"window": dataset.window if own is None else own}


def catalogue_name(name: str, config: Mapping[str, Any]) -> str:
    """Return the key of the catalogue of an encoder, of which some settings may be overridden."""
    keys = [key for key in config["encoders"] if name == key or name.startswith(f"{key}-")]
    return max(keys, key=len)


def derived_name(name: str, overridden: Mapping[str, Any]) -> str:
    """Return the name of an encoder of which some settings are overridden, for its files."""
    parts = [f"-{key.replace('_', '-')}-{value}" for key, value in overridden.items()]
    return "".join([name, *parts])


def has_key(encoder: Mapping[str, Any], key: str) -> bool:
    """Tell whether a key has an effect on an encoder, by what it sees."""
    special = {name for sight in SIGHTS.values() for name in sight.settings}
    return key not in special or key in SIGHTS[encoder["sees"]].settings


def idle_key(name: str, its: Mapping[str, Any], key: str) -> str:
    """Return what is wrong with a key that has no effect on an encoder."""
    having = [sees for sees, sight in SIGHTS.items() if key in sight.settings]
    return (
        f"encoders.{name}.{key} has no effect: the encoder sees a {its['sees']}, and only one that "
        f"sees a {' or '.join(having)} has it; remove it"
    )


def clashes(names: Iterable[str], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield which of some encoders would share their files with another one that differs."""
    found: dict[str, tuple[str, Encoder]] = {}
    for name in dict.fromkeys(names):
        one = Encoder.of(name, config)
        first, other = found.setdefault(one.name, (name, one))
        if one != other:
            yield (
                f"encoders.{name} and encoders.{first} differ, but with `override` the files of "
                f"both are called {one.name}: rename {name}"
            )


def encoder_problems(name: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an encoder of the catalogue, whose keys have the right types."""
    its, key = config["encoders"][name], f"encoders.{name}"
    about = ENCODER_TYPES[its["type"]]
    if ending := _ENDING.search(name):
        yield f"{key}: names that end in {ending[0]} are those of other encoders' files; rename it"
    if its["sees"] not in about.sees:
        seen = " or ".join(about.sees)
        yield f"{key}.sees is {its['sees']!r}, but an encoder of type {its['type']} sees a {seen}"
    if about.checkpoint and "checkpoint" not in its:
        yield f"{key}.checkpoint is missing: a Hugging Face id, a local folder, or tiny"
    if not about.checkpoint and "checkpoint" in its:
        yield f"{key}.checkpoint has no effect: {its['type']} encoders have none; remove it"
    given = its.get("checkpoint")
    if about.bare and given not in (None, TINY) and not is_folder(given):
        yield (
            f"{key}.checkpoint is {given}, and there is no such folder: checkpoints of type "
            f"{its['type']} are folders with one file of weights, which is fetched by hand"
        )
    if its["revision"] != "main" and is_folder(its.get("checkpoint")):
        yield (
            f"{key}.revision is {its['revision']}, but its checkpoint is the folder "
            f"{its['checkpoint']}, which is taken as it is: leave revision out, or set it to main"
        )
    if its.get("checkpoint") == TINY and has_key(its, "frames") and "frames" not in its:
        yield f"{key}.frames is missing: a tiny checkpoint has as many as it is asked for"


def view_problems(name: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the window in which an encoder sees the datasets of the study."""
    its = config["encoders"][name]
    for dataset in (config["dataset"], *config["external"]) if "window" in its else ():
        key = f"encoders.{name}.window"
        yield from window_problems(key, its["window"], config["datasets"][dataset])
