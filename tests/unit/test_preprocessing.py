"""Preprocessing gives the pixels that transformers' own image processors give."""

import numpy as np
import pytest
import transformers
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.encoders.image_processor import read_preprocessing
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
    "efficientnet": transformers.models.efficientnet.EfficientNetImageProcessorPil(
        size={"height": 48, "width": 64}, resample=0
    ),
    "align": transformers.models.efficientnet.EfficientNetImageProcessorPil(
        size={"height": 80, "width": 80},
        crop_size={"height": 72, "width": 72},
        do_center_crop=True,
        include_top=False,
        rescale_offset=True,
        rescale_factor=1 / 127.5,
        do_normalize=False,
    ),
    "vit, by the nearest pixel": transformers.models.vit.ViTImageProcessorPil(
        size={"height": 48, "width": 64}, resample=0
    ),
    "dinov2 and resnet": transformers.models.bit.BitImageProcessorPil(
        size={"shortest_edge": 80}, crop_size={"height": 70, "width": 70}, **IMAGENET
    ),
}
# All others are equal bit for bit; EfficientNet's divides twice by the standard deviation.
ERROR = {"efficientnet": 1e-6}


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("shape", [(97, 97), (90, 131), (131, 90)])
def test_same_pixels_as_transformers(name, shape, tmp_path):
    grey = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    processor = PROCESSORS[name]
    processor.save_pretrained(tmp_path)
    steps = read_preprocessing(tmp_path)
    ours = intensity_table(steps)[:, shape_slice(grey, steps)]
    rgb = Image.fromarray(grey).convert("RGB")
    wrapped = [[rgb]] if "vivit" in name else [rgb]
    theirs = np.asarray(processor(wrapped, return_tensors="np")["pixel_values"])
    error = ERROR.get(name, 0)
    np.testing.assert_allclose(ours, theirs.reshape(ours.shape), rtol=error, atol=error)


def test_survives_json(tmp_path):
    PROCESSORS["convnext below 384"].save_pretrained(tmp_path)
    steps = read_preprocessing(tmp_path)
    assert Preprocessing.from_json(steps.to_json()) == steps


def test_crop_larger_than_slice_is_refused():
    steps = Preprocessing(None, 2, (64, 64), None, 0.0, None, None)
    with pytest.raises(InputError, match=r"32 x 48 pixels is smaller .* 64 x 64"):
        shape_slice(np.zeros((48, 32), np.uint8), steps)


def test_table_by_hand():
    # 255 / 127.5 - 1 = 1; (1 - 0.5) / 0.5 = 1; 0 - 1 = -1; (-1 - 0.5) / 0.5 = -3.
    steps = Preprocessing(None, 2, None, 1 / 127.5, -1.0, (0.5,) * 3, (0.5,) * 3)
    table = intensity_table(steps)
    assert table.shape == (3, 256)
    assert table.dtype == np.float32
    np.testing.assert_allclose(table[:, [0, 255]], [[-3, 1]] * 3)


@pytest.mark.parametrize(
    "kind",
    ["ViTImageProcessor", "ConvNextImageProcessor", "DINOv3ViTImageProcessorFast",
     "VivitVideoProcessor"],
)  # fmt: skip
def test_zero_is_a_number_of_an_interpolation(kind, tmp_path):
    name = "video_processor_type" if "Video" in kind else "image_processor_type"
    write_json({name: kind, "resample": 0}, tmp_path / "preprocessor_config.json")
    assert read_preprocessing(tmp_path).resample == Image.Resampling.NEAREST


# Video processors and the image processors that transformers imports only beside torchvision, and
# the image processor that works by Pillow and does the same.
OTHER = {
    "vivit": (
        {"video_processor_type": "VivitVideoProcessor", "size": {"shortest_edge": 300}},
        transformers.VivitImageProcessor(size={"shortest_edge": 300}),
    ),
    "videomae": (
        {"video_processor_type": "VideoMAEVideoProcessor", "image_mean": [0.1, 0.2, 0.3]},
        transformers.models.videomae.VideoMAEImageProcessorPil(
            image_mean=[0.1, 0.2, 0.3], image_std=[0.5] * 3
        ),
    ),
    "vjepa2": (
        {"video_processor_type": "VJEPA2VideoProcessor", "crop_size": 64},
        transformers.models.videomae.VideoMAEImageProcessorPil(
            size={"shortest_edge": 73}, crop_size={"height": 64, "width": 64}, **IMAGENET
        ),
    ),
    "dinov3": (
        {"image_processor_type": "DINOv3ViTImageProcessorFast"},
        transformers.models.vit.ViTImageProcessorPil(**IMAGENET),
    ),
    "dinov3, other values": (
        {"image_processor_type": "DINOv3ViTImageProcessor", "image_std": [0.5] * 3},
        transformers.models.vit.ViTImageProcessorPil(
            image_mean=IMAGENET["image_mean"], image_std=[0.5] * 3
        ),
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_processors_that_need_torchvision_are_read_as_their_like(name, tmp_path):
    settings, like = OTHER[name]
    kind = "video_preprocessor" if "video_processor_type" in settings else "preprocessor"
    write_json(settings, tmp_path / f"{kind}_config.json")
    (tmp_path / "like").mkdir()
    like.save_pretrained(tmp_path / "like")
    assert read_preprocessing(tmp_path) == read_preprocessing(tmp_path / "like")


# preprocessor_config.json files of several ages and classes, and what they mean.
FILES = {
    "vivit, short": ({"image_processor_type": "VivitImageProcessor"}, 256, (224, 224)),
    "convnext, of 2022": (
        {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.875},
        256,
        (224, 224),
    ),
    "videomae, of 2022": (
        {"feature_extractor_type": "VideoMAEFeatureExtractor", "size": 256},
        256,
        (224, 224),
    ),
    "vit, fast": ({"image_processor_type": "ViTImageProcessorFast", "size": 96}, (96, 96), None),
    "bit, short": ({"image_processor_type": "BitImageProcessor"}, 224, (224, 224)),
    "levit": ({"image_processor_type": "LevitImageProcessor"}, 256, (224, 224)),
    "clip": ({"image_processor_type": "CLIPImageProcessor"}, 224, (224, 224)),
    "siglip": ({"image_processor_type": "SiglipImageProcessor"}, (224, 224), None),
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_any_class_and_age_are_read(name, tmp_path):
    settings, resize, crop = FILES[name]
    write_json(settings, tmp_path / "preprocessor_config.json")
    steps = read_preprocessing(tmp_path)
    assert (steps.resize, steps.crop) == (resize, crop)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"image_std": [0.0, 0.5, 0.5]}, r"image_std is \(0.0, 0.5, 0.5\), and 0 makes"),
        ({"rescale_factor": 0}, "rescale_factor is 0.0, and 0 makes all images one"),
    ],
)
def test_a_processor_that_makes_no_images_is_refused(settings, words, tmp_path):
    settings |= {"image_processor_type": "ViTImageProcessor"}
    write_json(settings, tmp_path / "preprocessor_config.json")
    with pytest.raises(InputError, match=words):
        read_preprocessing(tmp_path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"image_processor_type": "SamImageProcessor"}, "SamImageProcessorPil does more"),
        ({"image_processor_type": "MobileViTImageProcessor"}, "MobileViTImageProcessorPil does"),
        ({"image_processor_type": "ImageGPTImageProcessor"}, "ImageGPTImageProcessorPil does"),
        ({"image_processor_type": "ViTImageProcessor", "size": {"longest_edge": 64}}, "ViT.* does"),
        # It pads, because it crops more pixels than it has.
        ({"image_processor_type": "VideoMAEImageProcessor", "size": 112}, "VideoMAE.* does"),
        ({"image_processor_type": "Sapiens2ImageProcessor"}, "cannot load this image processor"),
        ({"video_processor_type": "PeVideoVideoProcessor"}, "cannot load this image processor"),
        ({"image_processor_type": "OwnImageProcessor"}, "cannot load this image processor"),
        ({}, "cannot load this image processor"),
    ],
)  # fmt: skip
def test_a_processor_that_does_anything_else_is_refused_by_name(settings, words, tmp_path):
    write_json(settings, tmp_path / "preprocessor_config.json")
    with pytest.raises(InputError, match=words) as caught:
        read_preprocessing(tmp_path)
    assert str(tmp_path / "preprocessor_config.json") in str(caught.value)
