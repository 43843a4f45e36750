"""Preprocessing gives the bits that transformers' own processors give."""

import numpy as np
import pytest
import transformers
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.encoders.processors import read_processor
from ctseq.imaging.preprocessing import Preprocessing, intensity_table, shape_slice

pytestmark = pytest.mark.numerical

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
PROCESSORS = {
    "vivit with offset": transformers.VivitImageProcessor(
        size={"shortest_edge": 73}, crop_size={"height": 64, "width": 64}, **HALF
    ),
    "vivit without normalisation": transformers.VivitImageProcessor(
        size={"shortest_edge": 70},
        crop_size={"height": 64, "width": 60},
        rescale_factor=1 / 255,
        offset=False,
        do_normalize=False,
    ),
    "videomae": transformers.models.videomae.VideoMAEImageProcessorPil(
        size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64}, **IMAGENET
    ),
    "convnext below 384": transformers.models.convnext.ConvNextImageProcessorPil(
        size={"shortest_edge": 64}, crop_pct=0.875, resample=3, **IMAGENET
    ),
    "convnext from 384": transformers.models.convnext.ConvNextImageProcessorPil(
        size={"shortest_edge": 384}, crop_pct=1.0, resample=3, **IMAGENET
    ),
    "vit, warped": transformers.models.vit.ViTImageProcessorPil(
        size={"height": 48, "width": 64}, **HALF
    ),
    "dinov2 and resnet": transformers.models.bit.BitImageProcessorPil(
        size={"shortest_edge": 80}, crop_size={"height": 70, "width": 70}, **IMAGENET
    ),
}


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("shape", [(97, 97), (90, 131), (131, 90)])
def test_same_bits_as_transformers(name, shape):
    grey = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    processor = PROCESSORS[name]
    steps = Preprocessing.from_processor(processor.to_dict())
    ours = intensity_table(steps)[:, shape_slice(grey, steps)]
    rgb = Image.fromarray(grey).convert("RGB")
    wrapped = [[rgb]] if "vivit" in name else [rgb]
    theirs = np.asarray(processor(wrapped, return_tensors="np")["pixel_values"])
    np.testing.assert_array_equal(ours, theirs.reshape(ours.shape))


def test_survives_json():
    steps = Preprocessing.from_processor(PROCESSORS["convnext below 384"].to_dict())
    assert Preprocessing.from_json(steps.to_json()) == steps


def test_crop_larger_than_slice_is_refused():
    steps = Preprocessing(None, 2, (64, 64), None, 0.0, None, None)
    with pytest.raises(InputError, match=r"32 x 48 pixels is smaller .* 64 x 64"):
        shape_slice(np.zeros((48, 32), np.uint8), steps)


def test_unknown_step_is_refused():
    with pytest.raises(InputError, match="do_flip_channel_order"):
        Preprocessing.from_processor({"do_flip_channel_order": True})


def test_unknown_size_is_refused():
    with pytest.raises(InputError, match="longest_edge"):
        Preprocessing.from_processor({"do_resize": True, "size": {"longest_edge": 64}})


def test_table_by_hand():
    # 255 / 127.5 - 1 = 1; (1 - 0.5) / 0.5 = 1; 0 - 1 = -1; (-1 - 0.5) / 0.5 = -3.
    steps = Preprocessing(None, 2, None, 1 / 127.5, -1.0, (0.5,) * 3, (0.5,) * 3)
    table = intensity_table(steps)
    assert table.shape == (3, 256)
    assert table.dtype == np.float32
    np.testing.assert_allclose(table[:, [0, 255]], [[-3, 1]] * 3)


# What preprocessor_config.json files of several ages look like.
FILES = {
    "vivit, short": {"image_processor_type": "VivitImageProcessor"},
    "convnext, of 2022": {
        "feature_extractor_type": "ConvNextFeatureExtractor",
        "size": 224,
        "crop_pct": 0.875,
        "resample": 3,
        **IMAGENET,
    },
    "videomae, of 2022": {"feature_extractor_type": "VideoMAEFeatureExtractor", "size": 112},
    "vit, fast": {"image_processor_type": "ViTImageProcessorFast", "size": 96},
    "dinov2": {
        "image_processor_type": "BitImageProcessor",
        "size": {"shortest_edge": 128},
        "crop_size": 112,
    },
    "bit, short": {"image_processor_type": "BitImageProcessor"},
}


@pytest.mark.parametrize("name", FILES)
def test_left_out_keys_have_transformers_defaults(name, tmp_path):
    write_json(FILES[name], tmp_path / "preprocessor_config.json")
    ours = Preprocessing.from_processor(read_processor(tmp_path))
    theirs = transformers.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    assert ours == Preprocessing.from_processor(theirs.to_dict())


def test_an_unknown_processor_is_refused(tmp_path):
    write_json({"image_processor_type": "SamImageProcessor"}, tmp_path / "preprocessor_config.json")
    with pytest.raises(InputError, match="is for SamImageProcessor; ctseq knows"):
        read_processor(tmp_path)
