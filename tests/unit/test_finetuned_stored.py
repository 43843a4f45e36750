"""What fine-tuning stores: the same model in the same bytes, with all that scoring needs."""

import numpy as np
import pytest
import torch
import transformers

import encoders
from architectures import write_checkpoint
from ctseq.families.pixels.trainable import load_fitted, save_fitted, with_new_layer
from tunable import FRAMES_OF, SETTINGS, examples, loaded, scored, train, weights, write_each

pytestmark = pytest.mark.numerical


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folder of a tiny checkpoint of each sees."""
    return write_each(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("sees", FRAMES_OF)
def test_what_is_stored_scores_the_same_bytes(sees, tiny, tmp_path):
    fitted, rows = loaded(tiny / sees, sees), examples(sees)
    facts = encoders.described(tiny / sees, sees)
    train(fitted, rows, tmp_path, epochs=1)
    store(fitted, tmp_path / "fitted", tiny / sees, facts)
    files = [path for path in (tmp_path / "fitted").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == [
        "config.json", "fitted.json", "layer.safetensors", "model.safetensors",
        "preprocessor_config.json",
    ]  # fmt: skip
    assert not any(str(tmp_path).encode() in path.read_bytes() for path in files)
    again, stored = load_fitted(tmp_path / "fitted", torch.device("cpu"))
    assert (stored["settings"]["family"], stored["precision"]) == ("finetuned", "float32")
    np.testing.assert_array_equal(scored(again, rows, stored), scored(fitted, rows))


def store(fitted, folder, checkpoint, facts):
    save_fitted(fitted, folder, checkpoint=checkpoint, description=facts, training=SETTINGS)


@pytest.mark.parametrize(
    ("architecture", "pooling"),
    [
        (transformers.Dinov2Model, "auto"),
        (transformers.Dinov2Model, "cls+mean"),
        (transformers.CLIPVisionModel, "pooler"),
        (transformers.CLIPModel, "auto"),
    ],
)
def test_an_encoder_without_classifier_is_tuned_on_its_pooling(architecture, pooling, tmp_path):
    name = architecture.config_class.model_type
    write_checkpoint(name, architecture, tmp_path / "checkpoint")
    facts = encoders.described(tmp_path / "checkpoint", pooling=pooling)
    fitted = with_new_layer(
        encoders.loaded(tmp_path / "checkpoint", pooling=pooling),
        width=facts["width"],
        std=0.02,
        seed=[0],
    )
    rows, before = examples("slice"), weights(fitted)
    train(fitted, rows, tmp_path, epochs=1)
    after = weights(fitted)
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert "layer.weight" in moved
    assert any("attention" in name or "attn" in name for name in moved)
    store(fitted, tmp_path / "fitted", tmp_path / "checkpoint", facts)
    again, stored = load_fitted(tmp_path / "fitted", torch.device("cpu"))
    np.testing.assert_array_equal(scored(again, rows, stored), scored(fitted, rows))


def test_a_number_of_frames_that_was_asked_for_is_stored(tiny, tmp_path):
    asked = {"frames": 8, "position_embeddings": "interpolate"}
    facts = encoders.described(tiny / "sequence", "sequence", **asked)
    fitted = with_new_layer(
        encoders.loaded(tiny / "sequence", "sequence", **asked),
        width=facts["width"],
        std=0.02,
        seed=[0],
    )
    store(fitted, tmp_path / "fitted", tiny / "sequence", facts)
    again, _ = load_fitted(tmp_path / "fitted", torch.device("cpu"))
    grey = np.random.default_rng(0).integers(0, 256, (1, 8, 48, 48), dtype=np.uint8)
    with torch.no_grad():
        assert torch.equal(again(grey), fitted.eval()(grey))
