"""Checkpoints asked for another number of frames: position embeddings, by hand and in models."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.encoders.contract import extract
from ctseq.encoders.positions import check_frames, resized
from encoders import loaded

pytestmark = pytest.mark.numerical

PROCESSOR = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
SIZES = {"image_size": 32, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 32, "num_labels": 3}
# Each with 8 frames.
MODELS = {
    "vivit": (
        transformers.VivitForVideoClassification,
        transformers.VivitConfig(num_frames=8, tubelet_size=[2, 16, 16], **SIZES),
    ),
    "timesformer": (
        transformers.TimesformerForVideoClassification,
        transformers.TimesformerConfig(num_frames=8, patch_size=16, **SIZES),
    ),
    "videomae": (
        transformers.VideoMAEForVideoClassification,
        transformers.VideoMAEConfig(num_frames=8, patch_size=16, **SIZES),
    ),
    "vjepa2": (
        transformers.VJEPA2ForVideoClassification,
        transformers.VJEPA2Config(
            frames_per_clip=8, crop_size=32, patch_size=16, hidden_size=32, num_hidden_layers=1,
            num_attention_heads=2, pred_hidden_size=32, pred_num_attention_heads=2,
            pred_num_hidden_layers=1, num_pooler_layers=1, num_labels=3,
        ),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a small checkpoint of each architecture, positions drawn at random."""
    root = tmp_path_factory.mktemp("sequence")
    torch.manual_seed(0)
    for name, (architecture, config) in MODELS.items():
        model = architecture(config)
        for parameter, values in model.named_parameters():
            if parameter.endswith(("position_embeddings", "time_embeddings", "cls_token")):
                torch.nn.init.normal_(values)
        model.save_pretrained(root / name)
        write_json(PROCESSOR, root / name / "preprocessor_config.json")
    return root


def load(folder, **options):
    return loaded(folder, "sequence", **options)


def features(encoder, frames, *, order=None):
    sequence = np.random.default_rng(3).integers(0, 256, (1, frames, 32, 32), dtype=np.uint8)
    (found,) = extract(encoder, [sequence if order is None else sequence[:, order]])
    return found


def test_interpolation_by_hand():
    # A class token, then two times of two places, to three times.
    tokens = np.array([[[9.0], [0], [10], [4], [30]]], np.float32)
    longer = resized(tokens, before=2, after=3, class_tokens=1, mode="interpolate")
    assert longer[0, :, 0].tolist() == [9, 0, 10, 2, 20, 4, 30]
    shorter = resized(longer, before=3, after=2, class_tokens=1, mode="interpolate")
    np.testing.assert_array_equal(shorter, tokens)
    only = resized(tokens[:, :3], before=1, after=2, class_tokens=1, mode="interpolate")
    assert only[0, :, 0].tolist() == [9, 0, 10, 0, 10]
    fresh = resized(tokens, before=2, after=3, class_tokens=1, mode="fresh")
    assert fresh.shape == (1, 7, 1)
    assert not fresh.any()


@given(
    st.integers(1, 8), st.integers(1, 8), st.integers(1, 4), st.integers(0, 2), st.integers(0, 99)
)
def test_interpolation_keeps_what_it_should(before, after, places, special, seed):
    tokens = np.random.default_rng(seed).normal(size=(1, special + before * places, 3))
    tokens = tokens.astype(np.float32)
    change = {"before": before, "after": after, "class_tokens": special, "mode": "interpolate"}
    result = resized(tokens, **change)
    assert (result.dtype, result.shape) == (np.float32, (1, special + after * places, 3))
    np.testing.assert_array_equal(result[:, :special], tokens[:, :special])
    if before == after:
        np.testing.assert_array_equal(result, tokens)
    times = result[0, special:].reshape(after, places, 3)
    old = tokens[0, special:].reshape(before, places, 3)
    np.testing.assert_array_equal(times[0], old[0])
    if after > 1:
        np.testing.assert_array_equal(times[-1], old[-1])
    assert (times <= old.max(0) + 1e-5).all()
    assert (times >= old.min(0) - 1e-5).all()


def test_a_ramp_in_time_stays_a_ramp():
    ramp = np.repeat(np.linspace(-1, 1, 16, dtype=np.float32), 4)[None, :, None]
    longer = resized(ramp, before=16, after=9, class_tokens=0, mode="interpolate")
    expected = np.repeat(np.linspace(-1, 1, 9), 4)
    np.testing.assert_allclose(longer[0, :, 0], expected, atol=3e-6)


@pytest.mark.parametrize("name", MODELS)
def test_equal_lengths_change_nothing(name, folder):
    native, asked = load(folder / name), load(folder / name, frames=8)
    np.testing.assert_array_equal(features(native, 8), features(asked, 8))


@pytest.mark.parametrize("frames", [4, 12])
@pytest.mark.parametrize("name", MODELS)
def test_every_weight_but_positions_in_time_is_the_checkpoints(name, frames, folder):
    native, other = load(folder / name), load(folder / name, frames=frames)
    weights, kept = other.model.state_dict(), native.model.state_dict()
    assert weights.keys() == kept.keys()
    changed = [key for key in weights if not torch.equal(weights[key], kept[key])]
    learned = {"vivit": ["vivit.embeddings.position_embeddings"]}
    learned |= {"timesformer": ["timesformer.embeddings.time_embeddings"]}
    assert changed == learned.get(name, [])
    attention = [b.model.config._attn_implementation for b in (native, other)]
    assert attention[0] == attention[1]
    assert features(other, frames).shape == (1, 32)
    # Slices in another order are another sequence to it.
    order = np.arange(frames)[::-1]
    if name != "vjepa2":  # of one layer, whose angles are relative
        assert abs(features(other, frames) - features(other, frames, order=order)).max() > 1e-5


def test_fresh_positions_cannot_tell_the_order_of_frame_pairs(folder):
    released = load(folder / "vivit", frames=12, position_embeddings="fresh")
    pairs = np.arange(12).reshape(6, 2)[[3, 0, 5, 1, 4, 2]].ravel()
    apart = abs(features(released, 12) - features(released, 12, order=pairs)).max()
    assert apart < 1e-6
    assert not released.model.vivit.embeddings.position_embeddings.any()


def test_fresh_positions_are_what_transformers_starts_from(folder):
    """As the paper's program loads its checkpoint."""
    theirs = transformers.VivitForVideoClassification.from_pretrained(
        folder / "vivit", num_frames=12, ignore_mismatched_sizes=True, local_files_only=True
    ).state_dict()
    ours = load(folder / "vivit", frames=12, position_embeddings="fresh").model.state_dict()
    assert {*theirs} - {*ours} == {"classifier.weight", "classifier.bias"}
    assert all(torch.equal(values, theirs[name]) for name, values in ours.items())


@pytest.mark.parametrize(
    ("config", "frames", "mode", "message"),
    [
        ({"model_type": "vivit", "num_frames": 8, "tubelet_size": [2, 16, 16]}, 5, "interpolate",
         r"encoders\.e\.frames is 5, .* choose a multiple of 2"),
        ({"model_type": "videoprism", "num_frames": 16}, 8, "interpolate",
         "pretrained with 16, .* position embeddings of 'videoprism': set it to 16"),
        ({"model_type": "videomae", "num_frames": 16, "tubelet_size": 2}, 8, "fresh",
         "'videomae' computes its position embeddings .* leave the key out"),
    ],
)  # fmt: skip
def test_frames_that_a_checkpoint_cannot_take_are_refused(config, frames, mode, message):
    with pytest.raises(InputError, match=message):
        check_frames(config, key="encoders.e", frames=frames, mode=mode)


def test_an_unknown_architecture_is_welcome_with_its_own_frames():
    own = {"model_type": "videoprism", "num_frames": 16}
    check_frames(own, key="encoders.e", frames=16, mode="interpolate")
