"""Encoders from checkpoints of transformers: image and video models, classifiers or not."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.encoders.checkpoints import check_folder
from ctseq.encoders.classes import (
    BrokenCheckpointError,
    check_channels,
    check_sight,
    default_poolings,
    load_model,
    named,
    read_config,
    remove_head,
)
from ctseq.encoders.image_processor import read_preprocessing
from ctseq.encoders.pooling import pooled
from ctseq.encoders.positions import (
    LEARNED,
    check_frames,
    check_size,
    frames_key,
    options_of_size,
    resized,
    tubelet_frames,
)
from ctseq.encoders.registry import SIGHTS
from ctseq.encoders.speed import speed_up
from ctseq.imaging.preprocessing import Preprocessing, intensity_table, shape_slice, with_side

# Rules report through their logs; bars and hints of transformers would only fill the screen.
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

# V-JEPA 2 predicts hidden tokens from those that it sees, for its pretraining alone.
_OPTIONS = {"VJEPA2Model": {"skip_predictor": True}}


@dataclass(frozen=True)
class Pretrained:
    """A model of transformers: an `encoders.contract.Encoder`.

    Attributes
    ----------
    model
        The model, on `device`, or one that takes and returns what these do. If it is a classifier,
        its final linear layer passes on its input.
    pooling
        How what it returns becomes features: one of `pooling.POOLINGS`.
    form
        What the model is made for, as `registry.Sight` has it.
    table
        Input value for each grey value, float32, shape (3, 256), on `device`.
    options
        What the model is told besides, such as to take images of another size than its own.
    """

    model: torch.nn.Module
    pooling: str
    form: str
    table: torch.Tensor
    device: torch.device
    options: Mapping[str, Any]

    def features(self, grey: np.ndarray) -> torch.Tensor:
        """Return the features, as `encoders.contract.Encoder` says."""
        values = {self.model.main_input_name: self.pixel_values(grey)}
        return pooled(self.model(**values, **self.options), self.pooling, self.model)

    def pixel_values(self, grey: np.ndarray) -> torch.Tensor:
        """Return the model's input for grey values: a channel axis of 3 before height and width.

        A slice in one window feeds all channels; slices in three windows have that axis already.
        """
        values = torch.from_numpy(np.ascontiguousarray(grey)).to(self.device).int()
        has_channels = values.ndim == (5 if self.form == "sequence" else 4)
        channels = values.unbind(-3) if has_channels else [values] * 3
        pairs = zip(self.table, channels, strict=True)
        return torch.stack([table[channel] for table, channel in pairs], dim=-3)

    def speed_up(self) -> list[str]:
        """Make it faster, in place, and return what was done, for the log."""
        return speed_up(self.model, self.pooling, self.device)


def describe(folder: Path, settings: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Return what later rules need to know of a checkpoint, as `contract.EncoderModule` says.

    Raises
    ------
    InputError
        If the checkpoint is incomplete, cannot be taken, sees something else, cannot take that many
        frames or images of that size, has no such pooling, or wants images prepared by steps that
        ctseq does not do.
    """
    own = folder / (settings["subfolder"] or "")
    called = settings["checkpoint"]
    check_folder(own, name=called if Path(called) == own else f"{called} ({own})")
    values, config = read_json(own / "config.json"), read_config(own, key=key)
    check_sight(config, sees=settings["sees"], key=key, folder=own)
    check_channels(config, key=key, folder=own)
    facts = {
        "settings": dict(settings),
        "architecture": named(values),
        "frames": _frames(config, settings, key=key),
        # What an architecture has of it, transformers checks; others have transformers' own.
        "initializer_range": float(values.get("initializer_range") or 0.02),
        "preprocessing": read_preprocessing(own).to_json(),
    }
    facts |= _pooling_and_width(folder, config, facts, key=key)
    return facts if settings["size"] is None else facts | _of_size(folder, config, facts, key=key)


def load(folder: Path, description: Mapping[str, Any], device: torch.device) -> Pretrained:
    """Load a checkpoint in evaluation mode.

    Raises
    ------
    InputError
        If a weight of the encoder is missing in the checkpoint.
    """
    settings, pooling = description["settings"], description["pooling"]
    folder = folder / (settings["subfolder"] or "")
    config = read_config(folder, key=str(folder))
    form = SIGHTS[settings["sees"]].form
    model = load_model(folder, config, pooling=pooling, form=form)
    if description["frames"] is not None:
        model = _with_frames(model, description["frames"], settings["position_embeddings"])
    if pooling == "classifier":
        remove_head(model)
    steps = Preprocessing.from_json(description["preprocessing"])
    table = torch.from_numpy(intensity_table(steps)).to(device)
    options = dict(_OPTIONS.get(type(model).__name__, {}))
    options |= options_of_size(model) if settings["size"] is not None else {}
    return Pretrained(model.eval().to(device), pooling, form, table, device, options)


def _frames(
    config: transformers.PretrainedConfig, settings: Mapping[str, Any], *, key: str
) -> int | None:
    """Return the number of frames that an encoder of sequences sees, if it was not told its own."""
    if SIGHTS[settings["sees"]].form != "sequence":
        return None
    values = config.to_dict()
    frames = settings["frames"] or values[frames_key(values)]
    check_frames(values, key=key, frames=frames, mode=settings["position_embeddings"])
    return frames


def _pooling_and_width(
    folder: Path, config: transformers.PretrainedConfig, facts: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Return the first of the poolings asked for that a checkpoint can take, and its width."""
    asked = facts["settings"]["pooling"]
    poolings = default_poolings(config, form=SIGHTS[facts["settings"]["sees"]].form)
    if asked != "auto":
        poolings = [asked]
    for pooling in poolings:
        description = {**facts, "pooling": pooling}
        try:
            encoder = load(folder, description, torch.device("cpu"))
            return {"pooling": pooling, "width": _width(encoder, description)}
        except BrokenCheckpointError:
            raise  # another pooling would be no better
        except InputError as error:
            refused = error
    raise InputError(f"{key}.pooling is {asked}, which {folder} does not allow: {refused}")


def _of_size(
    folder: Path, config: transformers.PretrainedConfig, facts: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Return what of a description, of the checkpoint's own size, is other for the size asked for.

    What else is wrong with the checkpoint was said before, so that a failure here is of the size.
    """
    size = facts["settings"]["size"]
    check_size(config.to_dict(), key=key, size=size)
    try:
        steps = with_side(Preprocessing.from_json(facts["preprocessing"]), size).to_json()
        described = {**facts, "preprocessing": steps}
        encoder = load(folder, described, torch.device("cpu"))
        return {"preprocessing": steps, "width": _width(encoder, described)}
    except InputError as error:
        raise InputError(
            f"{key}.size is {size}, but {folder} holds {facts['architecture']}, which takes images "
            f"of its own size only ({error}). Leave the key out, or choose another checkpoint."
        ) from None


def _width(encoder: Pretrained, description: Mapping[str, Any]) -> int:
    """Return the number of features, without computing any: PyTorch's device `meta` has shapes."""
    steps = Preprocessing.from_json(description["preprocessing"])
    height, width = shape_slice(np.zeros((512, 512), np.uint8), steps).shape
    frames = () if description["frames"] is None else (description["frames"],)
    model = encoder.model.to("meta")
    inputs = {model.main_input_name: torch.empty((1, *frames, 3, height, width), device="meta")}
    try:
        with torch.inference_mode():
            return pooled(model(**inputs, **encoder.options), encoder.pooling, model).shape[1]
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        name, first_line = type(encoder.model).__name__, str(error).strip().partition("\n")[0]
        raise InputError(
            f"{name} makes no features of {height} x {width} pixels: {first_line}"
        ) from None


def _with_frames(
    model: transformers.PreTrainedModel, frames: int, mode: str
) -> transformers.PreTrainedModel:
    """Return the model for another number of frames, or itself if the number is its own."""
    before = model.config.to_dict()
    key = frames_key(before)
    if key is None or before[key] == frames:
        return model
    weights, tubelet = model.state_dict(), tubelet_frames(before)
    ending, class_tokens = LEARNED.get(model.config.model_type, (None, 0))
    for name in [name for name in weights if ending and name.endswith(ending)]:
        embeddings = resized(
            weights[name].numpy(),
            before=before[key] // tubelet,
            after=frames // tubelet,
            class_tokens=class_tokens,
            mode=mode,
        )
        weights[name] = torch.from_numpy(embeddings)
    config = copy.deepcopy(model.config)
    setattr(config, key, frames)
    other = type(model)(config)
    other.load_state_dict(weights)  # strict: names and shapes must be the same
    return other
