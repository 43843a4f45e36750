"""What becomes a feature of what a model returns: tokens by hand, and poolers that are missing."""

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from architectures import write_checkpoint
from ctseq.core.errors import InputError
from ctseq.encoders.contract import extract
from encoders import described, loaded

pytestmark = pytest.mark.numerical


@pytest.mark.parametrize(
    ("pooling", "width"),
    [("auto", 64), ("cls", 32), ("mean", 32), ("cls+mean", 64), ("pooler", 32)],
)
def test_poolings_by_hand(pooling, width, tmp_path):
    model = write_checkpoint("dinov2", transformers.Dinov2Model, tmp_path)
    grey = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    encoder = loaded(tmp_path, pooling=pooling)
    (found,) = extract(encoder, [grey])
    with torch.inference_mode():
        tokens = model(encoder.pixel_values(grey)).last_hidden_state
    cls, mean = tokens[:, 0], tokens[:, 1:].mean(1)
    parts = {"cls": [cls], "mean": [mean], "pooler": [cls]}.get(pooling, [cls, mean])
    assert described(tmp_path, pooling=pooling)["width"] == width
    np.testing.assert_allclose(found, torch.cat(parts, 1).numpy(), rtol=1e-5, atol=1e-6)


def test_a_pooler_that_is_missing_is_not_read(tmp_path):
    """DINO's ViTs have none, and one of random weights must not be made of them."""
    write_checkpoint("vit", transformers.ViTModel, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    own = {name: values for name, values in weights.items() if "pooler" not in name}
    save_file(own, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert described(tmp_path)["pooling"] == "classifier"
    assert described(tmp_path, pooling="mean")["width"] == 32
    with pytest.raises(InputError, match=r"pooler\.dense\.bias: not in the checkpoint"):
        described(tmp_path, pooling="pooler")
    # Nor made up and stored.
    assert loaded(tmp_path, pooling="cls").model.pooler is None


@pytest.mark.parametrize(
    ("architecture", "special"),
    [
        (transformers.PixioModel, 8),
        (transformers.Dinov2WithRegistersModel, 5),
        (transformers.DeiTModel, 2),
        (transformers.CLIPVisionModel, 1),
    ],
)
def test_the_mean_leaves_out_all_tokens_of_the_whole_input(architecture, special, tmp_path):
    model = write_checkpoint(architecture.config_class.model_type, architecture, tmp_path)
    grey = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    encoder = loaded(tmp_path, pooling="mean")
    (found,) = extract(encoder, [grey])
    with torch.inference_mode():
        tokens = model(encoder.pixel_values(grey)).last_hidden_state
    np.testing.assert_allclose(found, tokens[:, special:].mean(1).numpy(), rtol=1e-4, atol=1e-5)


def test_a_class_token_of_the_head_alone_is_none_of_the_tokens(tmp_path):
    model = write_checkpoint("aimv2_vision_model", transformers.Aimv2VisionModel, tmp_path)
    grey = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    encoder = loaded(tmp_path, pooling="mean")
    (found,) = extract(encoder, [grey])
    with torch.inference_mode():
        tokens = model(encoder.pixel_values(grey)).last_hidden_state
    np.testing.assert_allclose(found, tokens.mean(1).numpy(), rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="Aimv2VisionModel has no class token"):
        described(tmp_path, pooling="cls")
