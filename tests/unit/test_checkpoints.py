"""Describing checkpoints and computing their features."""

import json
import shutil

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from architectures import write_checkpoint
from ctseq.core.errors import InputError
from ctseq.encoders.checkpoints import check_folder, weights_digest
from ctseq.encoders.contract import extract
from ctseq.encoders.speed import BOUND, relative_error
from ctseq.encoders.tiny import write_tiny
from encoders import described, loaded

pytestmark = pytest.mark.numerical

FRAMES = {"sequence": 4, "slice": None}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folder of a tiny checkpoint of each sight."""
    root = tmp_path_factory.mktemp("tiny")
    for sees, frames in FRAMES.items():
        write_tiny(root / sees, sees=sees, frames=frames, seed=7, steps=0)
    return root


def test_an_incomplete_folder_says_what_is_missing(tmp_path, tiny):
    with pytest.raises(InputError, match="does not exist"):
        check_folder(tmp_path / "absent", name="x")
    with pytest.raises(InputError, match=r"lacks config\.json, preprocessor_config\.json, model"):
        check_folder(tmp_path, name="x")
    check_folder(tiny / "sequence", name="x")


def test_tiny_checkpoints_repeat(tiny, tmp_path):
    write_tiny(tmp_path / "again", sees="slice", frames=None, seed=7, steps=0)
    write_tiny(tmp_path / "other", sees="slice", frames=None, seed=8, steps=0)
    assert weights_digest(tmp_path / "again") == weights_digest(tiny / "slice")
    assert weights_digest(tmp_path / "other") != weights_digest(tiny / "slice")


@pytest.mark.parametrize("sees", FRAMES)
def test_features_are_the_exact_input_of_the_final_layer(sees, tiny):
    encoder = loaded(tiny / sees, sees)
    architecture = {"sequence": "VivitForVideoClassification"}
    stock = getattr(transformers, architecture.get(sees, "ConvNextForImageClassification"))
    model = stock.from_pretrained(tiny / sees).eval()
    shape = (3, 4, 48, 48) if sees == "sequence" else (3, 64, 64)
    batch = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    (features,) = extract(encoder, [batch])
    with torch.inference_mode():
        logits = model(encoder.pixel_values(batch)).logits
        found = model.classifier(torch.from_numpy(features))
    assert relative_error(found.numpy(), logits.numpy()) <= BOUND
    # Another batch size may round otherwise.
    one_by_one = np.concatenate(list(extract(encoder, batch[:, None])))
    assert relative_error(one_by_one, features) <= BOUND


@pytest.mark.parametrize("sees", FRAMES)
def test_three_windows_feed_a_channel_each(sees, tiny):
    encoder = loaded(tiny / sees, sees)
    shape = (2, 4, 3, 48, 48) if sees == "sequence" else (2, 3, 64, 64)
    batch = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    values = encoder.pixel_values(batch)
    assert values.shape == shape
    for channel in range(3):
        one = encoder.pixel_values(batch[..., channel, :, :])
        assert torch.equal(values[..., channel, :, :], one[..., channel, :, :])


@pytest.mark.parametrize(("sees", "shape"), [("sequence", (2, 4, 48, 48)), ("slice", (8, 64, 64))])
def test_features_repeat_with_the_same_threads_and_hardly_move_with_others(tiny, sees, shape):
    threads = torch.get_num_threads()
    batch = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    outputs = []
    for number in (1, 1, 2, 3):
        torch.set_num_threads(number)
        outputs += extract(loaded(tiny / sees, sees), [batch])
    torch.set_num_threads(threads)
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert relative_error(outputs[2], outputs[0]) <= BOUND
    assert relative_error(outputs[3], outputs[0]) <= BOUND


@pytest.mark.parametrize(
    ("folder", "changes", "message"),
    [
        (
            "slice",
            {"sees": "sequence"},
            r"encoders\.e\.sees is sequence, .* ConvNextForImageClassification, which sees one "
            r"slice at a time\. Set encoders\.e\.sees to slice or choose another checkpoint\.",
        ),
        (
            "sequence",
            {"sees": "slice"},
            r"encoders\.e\.sees is slice, .* VivitForVideoClassification, which sees the sequence "
            r"of slices\. Set encoders\.e\.sees to sequence or choose another checkpoint\.",
        ),
        (
            "sequence",
            {"sees": "difference"},
            r"encoders\.e\.sees is difference, .* VivitForVideoClassification, which sees the "
            r"sequence of slices\. Set encoders\.e\.sees to sequence or",
        ),
        (
            "sequence",
            {"sees": "sequence", "frames": 5},
            r"encoders\.e\.frames is 5, .* choose a multiple of 2",
        ),
        (
            "slice",
            {"pooling": "cls"},
            r"encoders\.e\.pooling is cls, .* ConvNextModel has no class",
        ),
        ("sequence", {"sees": "sequence", "pooling": "pooler"}, r"(?s)pooling is pooler.*pooler\."),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(folder, changes, message, tiny):
    with pytest.raises(InputError, match=message):
        described(tiny / folder, **changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights, name: weights.pop(name), "not in the checkpoint"),
        (lambda weights, name: weights.update(stray=weights[name].clone()), "not in the model"),
        (lambda weights, name: weights.update({name: weights[name][:1]}), "of another shape"),
    ],
    ids=["missing", "unknown", "cut"],
)
def test_an_encoder_that_would_be_partly_random_is_refused(change, message, tiny, tmp_path):
    shutil.copytree(tiny / "slice", tmp_path / "c")
    weights = load_file(tmp_path / "c" / "model.safetensors")
    change(weights, sorted(name for name in weights if "encoder" in name)[0])
    save_file(weights, tmp_path / "c" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        InputError, match=r"do not fit ConvNextForImageClassification \(1 "
    ) as caught:
        loaded(tmp_path / "c")
    assert message in str(caught.value)


def test_a_checkpoint_without_its_classifier_will_do(tiny, tmp_path):
    shutil.copytree(tiny / "slice", tmp_path / "c")
    weights = load_file(tmp_path / "c" / "model.safetensors")
    rest = {name: values for name, values in weights.items() if "classifier" not in name}
    save_file(rest, tmp_path / "c" / "model.safetensors", metadata={"format": "pt"})
    batch = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    (cut,) = extract(loaded(tmp_path / "c"), [batch])
    (complete,) = extract(loaded(tiny / "slice"), [batch])
    np.testing.assert_array_equal(cut, complete)


def test_shards_a_subfolder_and_a_path_with_spaces_are_the_same_checkpoint(tiny, tmp_path):
    folder = tmp_path / "a local copy" / "its weights"
    folder.parent.mkdir()
    model = transformers.AutoModelForImageClassification.from_pretrained(tiny / "slice")
    model.save_pretrained(folder, max_shard_size="200KB")
    shutil.copy(tiny / "slice" / "preprocessor_config.json", folder)
    shards = sorted(folder.glob("*.safetensors"))
    assert len(shards) > 1
    batch = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    (found,) = extract(loaded(folder.parent, subfolder="its weights"), [batch])
    (expected,) = extract(loaded(tiny / "slice"), [batch])
    np.testing.assert_array_equal(found, expected)
    shards[0].unlink()
    with pytest.raises(InputError, match=f"lacks {shards[0].name}"):
        described(folder)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"model_type": "own", "architectures": ["Own"], "auto_map": {"AutoModel": "own.Own"}},
            r"holds Own, which transformers .* does not have: it wants its own code to be run",
        ),
        ({"model_type": "own"}, r"holds own, which transformers .* does not have: Choose"),
        (
            {"model_type": "siglip2"},
            r"holds siglip2 \(siglip2\), which ctseq does not take: it takes",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(config, message, tiny, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(tiny / "slice", folder)
    (folder / "own.py").write_text("raise SystemExit('run')")
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=message):
        described(folder)


def test_weights_of_another_name_are_none(tiny, tmp_path):
    shutil.copytree(tiny / "slice", tmp_path / "c")
    shutil.copy(tmp_path / "c/model.safetensors", tmp_path / "c/open_clip_model.safetensors")
    assert weights_digest(tmp_path / "c") == weights_digest(tiny / "slice")
    (tmp_path / "c/model.safetensors").unlink()
    with pytest.raises(InputError, match=r"lacks model\.safetensors\."):
        described(tmp_path / "c")


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("architecture", [transformers.ViTModel, transformers.Dinov2Model])
def test_weights_in_half_precision_are_computed_with_in_float32(architecture, kind, tmp_path):
    model = write_checkpoint(architecture.config_class.model_type, architecture, tmp_path)
    model.to(kind).save_pretrained(tmp_path)
    encoder = loaded(tmp_path)
    assert {values.dtype for values in encoder.model.parameters()} == {torch.float32}
    grey = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    (found,) = extract(encoder, [grey])
    assert abs(found - found.astype(np.float16)).max() > 0
