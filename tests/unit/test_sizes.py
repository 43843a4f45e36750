"""Encoders of slices at another size than the checkpoint's own: geometry, features, refusals."""

import numpy as np
import pytest
import torch
import transformers

from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.encoders.contract import extract
from ctseq.encoders.image_processor import read_preprocessing
from ctseq.encoders.positions import check_size
from ctseq.imaging.preprocessing import Preprocessing, shape_slice, with_side
from encoders import described, loaded

pytestmark = pytest.mark.numerical

SIDE = 56  # four patches of 14, seven of 8
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 32, "num_labels": 3, "image_size": SIDE}
CONVNEXT = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 16, 16], "num_labels": 3}
SWIN = {"depths": [1, 1], "num_heads": [2, 2], "embed_dim": 16, "window_size": 7}
SWIN |= {"image_size": SIDE}
SQUARE = {"image_processor_type": "ViTImageProcessor", "size": {"height": SIDE, "width": SIDE}}
CROPPED = {"image_processor_type": "ConvNextImageProcessor"}
CROPPED |= {"size": {"shortest_edge": SIDE}, "crop_pct": 0.875}
MODELS = {
    "vit": (transformers.ViTForImageClassification, SIZES | {"patch_size": 8}, SQUARE),
    "dinov2": (transformers.Dinov2Model, SIZES | {"patch_size": 14, "mlp_ratio": 1}, SQUARE),
    "clip": (
        transformers.CLIPForImageClassification,
        {"vision_config": SIZES | {"patch_size": 14}, "num_labels": 3},
        SQUARE,
    ),
    "convnext": (
        transformers.ConvNextForImageClassification,
        CONVNEXT | {"layer_scale_init_value": 1.0},
        CROPPED,
    ),
    "swin": (transformers.SwinModel, SWIN, SQUARE),
    "pvt": (transformers.PvtModel, {"image_size": SIDE, "depths": [1, 1, 1, 1]}, SQUARE),
}


def steps(resize, crop):
    """Return steps of this geometry, with an intensity that does not matter."""
    return Preprocessing(resize, 2, crop, 1 / 255, 0.0, None, None)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return the folder of a small checkpoint of each model, position embeddings at random."""
    root = tmp_path_factory.mktemp("sizes")
    torch.manual_seed(0)
    for name, (architecture, values, processor) in MODELS.items():
        model = architecture(architecture.config_class(**values))
        for parameter, weights in model.named_parameters():
            if "position_embedding" in parameter:
                torch.nn.init.normal_(weights)
        model.save_pretrained(root / name)
        write_json(processor, root / name / "preprocessor_config.json")
    return root


def grey(side):
    return np.random.default_rng(3).integers(0, 256, (2, side, side), np.uint8)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (steps(256, (224, 224)), steps(512, (448, 448))),
        (steps((232, 232), (224, 224)), steps((464, 464), (448, 448))),
        (steps((384, 384), None), steps((448, 448), None)),
        (steps(224, None), steps(448, None)),
        (steps(235, (224, 224)), steps(470, (448, 448))),  # crop_pct of 0.95 leaves a rest
    ],
)
def test_resizing_grows_with_the_crop(before, after):
    assert with_side(before, 448) == after


@pytest.mark.parametrize("shape", [(97, 97), (90, 131), (131, 90)])
def test_a_square_of_twice_the_side_shows_the_same_part_of_a_slice(shape):
    own = steps(64, (56, 56))
    # A disc at the centre, whose share of the square is that of its area.
    y, x = np.indices(shape) - (np.array(shape)[:, None, None] - 1) / 2
    disc = np.where(np.hypot(x, y) < 30, 255, 0).astype(np.uint8)
    small, large = shape_slice(disc, own), shape_slice(disc, with_side(own, 112))
    assert (small.shape, large.shape) == ((56, 56), (112, 112))
    assert large.mean() == pytest.approx(small.mean(), abs=0.02 * 255)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (steps(None, (224, 224)), "does not resize slices"),
        (steps(None, None), "does not resize slices"),
        (steps((224, 192), None), "192 x 224 pixels are no squares"),
        (steps(256, (192, 224)), "224 x 192 pixels are no squares"),
    ],
)
def test_steps_that_make_no_squares_have_no_other_size(own, words):
    with pytest.raises(InputError, match=words):
        with_side(own, 448)


@pytest.mark.parametrize(
    "config",
    [{"patch_size": 14}, {"patch_size": [14, 14]}, {"patch_size": 7, "patch_stride": [14]}],
)
def test_a_size_is_a_multiple_of_the_patches(config):
    check_size(config, key="encoders.e", size=448)
    with pytest.raises(InputError, match=r"e\.size is 450, .* 14 x 14 .* such as 448 or 462"):
        check_size(config, key="encoders.e", size=450)
    check_size({"patch_size": None}, key="encoders.e", size=450)
    check_size({}, key="encoders.e", size=450)


@pytest.mark.parametrize("name", ["vit", "dinov2", "clip", "convnext", "swin", "pvt"])
def test_at_its_own_size_features_are_those_without_the_key(name, folders):
    own, asked = (described(folders / name, **key) for key in ({}, {"size": SIDE}))
    differing = {key for key in own if own[key] != asked[key]}
    assert differing == {"settings"}
    found = [
        next(extract(loaded(folders / name, **key), [grey(SIDE)])) for key in ({}, {"size": SIDE})
    ]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("name", ["vit", "clip"])
def test_position_embeddings_are_interpolated_by_transformers(name, folders):
    encoder = loaded(folders / name, size=112)
    (found,) = extract(encoder, [grey(112)])
    model = MODELS[name][0].from_pretrained(folders / name).eval()
    part = model.vit if name == "vit" else model.vision_model
    with torch.inference_mode():
        tokens = part(encoder.pixel_values(grey(112)), interpolate_pos_encoding=True)
    hidden = tokens.last_hidden_state
    # CLIP's classifier reads the mean of all tokens but the first, a ViT's the first.
    read = hidden[:, 0] if name == "vit" else hidden[:, 1:].mean(1)
    np.testing.assert_allclose(found, read.numpy(), rtol=1e-5, atol=1e-6)


def test_a_convolutional_network_takes_a_larger_map_as_it_is(folders):
    encoder = loaded(folders / "convnext", size=112)
    assert encoder.model.config.image_size == 224  # which it does not look at
    (found,) = extract(encoder, [grey(112)])
    (own,) = extract(loaded(folders / "convnext"), [grey(112)])
    np.testing.assert_array_equal(found, own)
    assert read_preprocessing(folders / "convnext").crop == (SIDE, SIDE)
    assert described(folders / "convnext", size=112)["preprocessing"]["crop"] == (112, 112)


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("pvt", 112, r"e\.size is 112, but .* holds PvtModel, which takes images of its own size"),
        ("vit", 100, r"e\.size is 100, but .* patches of 8 x 8 pixels: .* such as 96 or 104"),
    ],
)
def test_what_cannot_be_is_refused_with_the_key(name, size, words, folders):
    with pytest.raises(InputError, match=words):
        described(folders / name, size=size)


def test_what_else_is_wrong_is_not_blamed_on_the_size(folders):
    with pytest.raises(InputError, match=r"encoders\.e\.pooling is cls, .* has no class token"):
        described(folders / "convnext", size=112, pooling="cls")


def test_a_processor_that_does_not_resize_is_named(folders, tmp_path):
    model = transformers.ConvNextModel(transformers.ConvNextConfig(**CONVNEXT))
    model.save_pretrained(tmp_path)
    processor = {"image_processor_type": "ViTImageProcessor", "do_resize": False}
    write_json(processor, tmp_path / "preprocessor_config.json")
    with pytest.raises(InputError, match=r"e\.size is 448, .* does not resize slices"):
        described(tmp_path, size=448)
