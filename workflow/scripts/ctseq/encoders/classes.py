"""Which class of transformers a checkpoint is loaded as, and its weights, all or none."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from ctseq.core.errors import InputError, fail_on
from ctseq.core.files import read_json
from ctseq.core.words import listed
from ctseq.encoders.architectures import NEEDS, NOT_TAKEN
from ctseq.encoders.checkpoints import WEIGHTS
from ctseq.encoders.registry import SIGHTS
from ctseq.encoders.timm_config import is_timms

Config = transformers.PretrainedConfig
# By what a model is made for, as `registry.Sight` has it.
_CLASSIFIERS = {
    "sequence": modeling_auto.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING,
    "slice": modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING,
}
# Models of two final linear layers, which answer by the mean of both.
_DISTILLED = ("WithTeacher", "SwiftFormerForImageClassification")
# The weights of the part that sees, in a checkpoint of a model of images and texts.
_TOWER = {r"^(video_model\.)?vision_model\.": ""}
# Settings that transformers fills in itself.
_FILLED_IN = {"architectures", "dtype", "transformers_version"}
# How a configuration calls the channels of a model's input.
_CHANNELS = ("num_channels", "in_channels", "in_chans")


class BrokenCheckpointError(InputError):
    """A checkpoint of which transformers makes no model, whatever is asked of it."""


def read_config(folder: Path, *, key: str) -> Config:
    """Return the configuration of a checkpoint's model or, of several parts, of the one that sees.

    Raises
    ------
    InputError
        If transformers has no such architecture of its own, it is known not to fit, it needs a
        library that is not installed, or its settings are not what transformers takes.
    """
    values = read_json(folder / "config.json")
    name = values.get("model_type") or ("timm_wrapper" if is_timms(values) else None)
    _refuse(name, values, key=key, folder=folder)
    if name is None:
        raise InputError(
            f"{key}: config.json in {folder} has no model_type, by which transformers tells what "
            "architecture it is. Choose a checkpoint that save_pretrained wrote."
        )
    if name not in CONFIG_MAPPING_NAMES:
        own = "it wants its own code to be run (auto_map), which ctseq never does. "
        raise InputError(
            f"{key}: {folder} holds {named(values)}, which transformers "
            f"{transformers.__version__} does not have: {own if 'auto_map' in values else ''}"
            "Choose another checkpoint."
        )
    with _refused_if_broken(folder, values):
        config = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    tower = getattr(config, "vision_config", None)
    if is_classifier(values) or not isinstance(tower, Config):
        return config
    _refuse(tower.model_type, values, key=key, folder=folder)
    tower.architectures = config.architectures
    return tower


def _refuse(name: str, values: Mapping[str, Any], *, key: str, folder: Path) -> None:
    """Raise an InputError if an architecture is known not to fit, or needs what is not there."""
    if missing := [library for library in NEEDS.get(name, ()) if find_spec(library) is None]:
        raise InputError(
            f"{key}: {folder} holds {named(values)}, which needs {listed(NEEDS[name])}. Install "
            f"{listed(missing)} beside transformers, or choose another checkpoint."
        )
    if (own := values.get("transformers_weights")) is not None:
        raise InputError(
            f"{key}: config.json in {folder} names weights of its own (transformers_weights: "
            f"{own}). Call them {WEIGHTS} in a copy of the folder, and delete that line there."
        )
    if reason := NOT_TAKEN.get(name):
        raise InputError(
            f"{key}: {folder} holds {named(values)} ({name}), which ctseq does not take: {reason}. "
            "Choose another checkpoint."
        )


def named(values: Mapping[str, Any]) -> str:
    """Return what a config.json calls its model."""
    own = values.get("architecture") or values.get("model_type") or "a model without a name"
    return str((values.get("architectures") or [own])[0])


def is_classifier(config: Mapping[str, Any]) -> bool:
    """Return whether a config.json is that of a classifier."""
    return "ForImageClassification" in named(config) or "ForVideoClassification" in named(config)


def check_sight(config: Config, *, sees: str, key: str, folder: Path) -> None:
    """Raise an InputError if a checkpoint's model sees something else than the configuration says.

    Models of sequences are those of whose architecture transformers has a classifier of videos.
    """
    found = "sequence" if type(config) in _CLASSIFIERS["sequence"] else "slice"
    if found != SIGHTS[sees].form:
        raise InputError(
            f"{key}.sees is {sees}, but {folder} holds {named(config.to_dict())}, which sees "
            f"{SIGHTS[found].words}. Set {key}.sees to {found} or choose another checkpoint."
        )


def check_channels(config: Config, *, key: str, folder: Path) -> None:
    """Raise an InputError if a checkpoint's model takes images of other than three channels."""
    for name in _CHANNELS:
        channels = getattr(config, name, 3)
        if channels == 3 or not isinstance(channels, int):  # lists are of the stages of a network
            continue
        same = (
            "A model of one channel is the same as one of three whose first layer has its weights "
            "three times, each divided by 3: save that, with num_channels 3, and with mean and std "
            "of the image processor three times. Or choose"
        )
        raise InputError(
            f"{key}: {folder} holds {named(config.to_dict())}, which takes images of other than "
            f"three channels ({name} is {channels}); ctseq shows three, of grey or of a window "
            f"each. {same if channels == 1 else 'Choose'} another checkpoint."
        )


def default_poolings(config: Config, *, form: str) -> list[str]:
    """List what ``pooling: auto`` tries, in this order.

    A classifier is read as it reads itself. So is any other checkpoint if the architecture has a
    classifier of which it lacks nothing but the final layer; else its own pooler is taken, or the
    mean of its tokens. What timm's poolers return is what its classifiers read.
    """
    if config.model_type == "timm_wrapper":
        return ["pooler"]
    if is_classifier(config.to_dict()):
        return ["classifier"]
    return ["classifier"] * (type(config) in _CLASSIFIERS[form]) + ["pooler", "mean"]


def model_class(config: Config, pooling: str, form: str) -> type[transformers.PreTrainedModel]:
    """Return the class that a checkpoint is loaded as: a classifier, or a bare model.

    Raises
    ------
    InputError
        If transformers has no such class.
    """
    if pooling == "classifier":
        found = _CLASSIFIERS[form].get(type(config), None)
        named = getattr(transformers, (config.architectures or [""])[0], None)
        found = (named if named in found else found[0]) if isinstance(found, tuple) else found
    else:
        found = modeling_auto.MODEL_MAPPING.get(type(config), None)
        # Towers that no automatic class names have the name of their configuration.
        found = found or getattr(
            transformers, type(config).__name__.replace("Config", "Model"), None
        )
    if found is None:
        kind = "classifier" if pooling == "classifier" else "model without a classifier"
        raise InputError(f"transformers has no {kind} of the architecture {config.model_type}.")
    return found


def load_model(
    folder: Path, config: Config, *, pooling: str, form: str
) -> transformers.PreTrainedModel:
    """Return a checkpoint's model, in evaluation mode.

    Raises
    ------
    InputError
        If a weight of the model is missing, but for those of parts that are not read: an encoder
        that is partly random would go unnoticed otherwise. If a checkpoint of this very class
        holds more than the model.
    """
    own = model_class(config, pooling, form)
    with _refused_if_broken(folder, read_json(folder / "config.json")):
        model, info = _loaded(own, folder, config)
    heads = _heads(model) if pooling == "classifier" else []
    wrong = dict.fromkeys(info["missing_keys"], "not in the checkpoint")
    if config.architectures == [own.__name__]:
        wrong |= dict.fromkeys(info["unexpected_keys"], "not in the model")
    wrong |= {name: "of another shape" for name, *_ in info["mismatched_keys"]}
    unread = tuple(f"{head}." for head in heads)
    if pooling not in ("classifier", "pooler"):
        unread += ("pooler.",)
        if any(name.startswith("pooler.") for name in wrong):
            model.pooler = None  # it would be random, and stored as such
    fail_on(
        [f"{name}: {why}" for name, why in sorted(wrong.items()) if not name.startswith(unread)],
        title=f"Weights in {folder} do not fit {type(model).__name__}",
        cure="A part of the encoder would be random. Choose a complete checkpoint.",
    )
    for parameter in model.parameters():
        # A tensor that lies unaligned in the file gives last-bit differences; a copy does not.
        parameter.data = parameter.data.clone()
    return model.eval()


def _loaded(
    own: type[transformers.PreTrainedModel], folder: Path, config: Config
) -> tuple[transformers.PreTrainedModel, dict[str, Any]]:
    """Return a model from a folder, and what its weights and those of the folder have apart."""
    options = {"config": config, "local_files_only": True, "use_safetensors": True}
    options["dtype"] = torch.float32  # of weights in half precision, so would all else be
    options |= {"output_loading_info": True, "ignore_mismatched_sizes": True}  # for `load_model`
    if read_json(folder / "config.json").get("model_type") != config.model_type:
        options["key_mapping"] = _TOWER
    try:
        return own.from_pretrained(folder, attn_implementation="sdpa", **options)
    except ValueError:  # an architecture without SDPA, such as TimeSformer
        return own.from_pretrained(folder, **options)


@contextmanager
def _refused_if_broken(folder: Path, values: Mapping[str, Any]) -> Iterator[None]:
    """Turn what transformers raises of a checkpoint into an error that names what to mend.

    Only calls of transformers stand inside: an error of any type there is about what it was given.
    """
    try:
        yield
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except ImportError as error:
        raise BrokenCheckpointError(
            f"{folder}: transformers cannot import what {named(values)} needs: "
            f"{_first_line(error)} Install that beside it, or choose another checkpoint."
        ) from None
    except Exception as error:
        said = f"{folder}: transformers {transformers.__version__} makes no model of it: "
        raise BrokenCheckpointError(
            f"{said}{_null_settings(values) or f'{type(error).__name__}: {_first_line(error)}'} "
            "Mend it in a copy of the folder, or choose another checkpoint."
        ) from None


def _first_line(error: Exception) -> str:
    """Return the first line of an error, with the next where it only announces that."""
    first, *rest = str(error).strip().splitlines() or ["no reason is given"]
    said = f"{first} {rest[0].strip()}" if first.endswith(":") and rest else first
    return said if said.endswith(".") else f"{said}."


def _null_settings(values: Mapping[str, Any]) -> str:
    """Return which settings of a config.json are null that are not in transformers' defaults."""
    kind = CONFIG_MAPPING_NAMES.get(values.get("model_type"))
    try:
        defaults = getattr(transformers, kind)().to_dict()
    except Exception:  # of any type: it is a hint on the way out of an error
        return ""
    parts = [("", values, defaults)]
    if isinstance(tower := values.get("vision_config"), Mapping):
        parts.append(("vision_config.", tower, defaults.get("vision_config", {})))
    found = [
        f"{part}{name} is null (transformers' default: {default[name]})"
        for part, own, default in parts
        for name, value in own.items()
        if value is None and default.get(name) is not None and name not in _FILLED_IN
    ]
    return f"in config.json, {listed(found)}." if found else ""


def remove_head(model: transformers.PreTrainedModel) -> None:
    """Let the final linear layer of a classifier, in place, pass on its input.

    What the model returns as logits is then exactly what its classifier reads.
    """
    for head in _heads(model):
        model.set_submodule(head, torch.nn.Identity())


def _heads(model: transformers.PreTrainedModel) -> list[str]:
    """Return the name of the final linear layer: the last one with an output for each class.

    Distilled models have two, and answer by the mean of both.
    """
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module.out_features == model.config.num_labels
    ]
    if not names:
        raise InputError(f"{type(model).__name__} has no final linear layer.")
    return names[-2:] if type(model).__name__.endswith(_DISTILLED) else names[-1:]
