"""Checkpoints of timm: how images are prepared, by hand, and all else by a stand-in for timm.

timm needs torchvision, beside which the pinned PyTorch cannot be imported on a machine without a
GPU, so timm itself is not run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.encoders import classes
from ctseq.encoders.image_processor import read_preprocessing, settings_file
from ctseq.imaging.preprocessing import Preprocessing, shape_slice
from encoders import described

pytestmark = pytest.mark.numerical

TESTS = Path(__file__).parents[1]
CONFIG = {
    "architecture": "resnet18",
    "num_classes": 5,
    "pretrained_cfg": {
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "crop_mode": "center",
        "mean": [0.5, 0.4, 0.3],
        "std": [0.1, 0.2, 0.25],
    },
}
BICUBIC, BILINEAR = 3, 2
STEPS = Preprocessing(
    resize=235,  # 224 / 0.95 = 235.79
    resample=BICUBIC,
    crop=(224, 224),
    scale=1 / 255,
    offset=0.0,
    mean=(0.5, 0.4, 0.3),
    std=(0.1, 0.2, 0.25),
)
# What is missing is ImageNet's: 224 / 0.875 = 256.
DEFAULTS = Preprocessing(
    256, BICUBIC, (224, 224), 1 / 255, 0.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
)
SQUASHED = Preprocessing((300, 400), BILINEAR, (240, 320), *list(vars(STEPS).values())[3:])


def write_config(folder, **changed):
    write_json(CONFIG | {"pretrained_cfg": CONFIG["pretrained_cfg"] | changed}, folder)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, STEPS),
        (dict.fromkeys(CONFIG["pretrained_cfg"]), DEFAULTS),
        (
            {
                "crop_mode": "squash",
                "crop_pct": 0.8,
                "input_size": [3, 240, 320],
                "interpolation": "bilinear",
            },
            SQUASHED,
        ),
    ],
)
def test_preparation_by_hand(changed, expected, tmp_path):
    write_config(tmp_path / "config.json", **changed)
    found = read_preprocessing(tmp_path)
    assert found == expected
    assert shape_slice(np.zeros((512, 640), np.uint8), found).shape == expected.crop


def test_the_settings_of_a_processor_come_first(tmp_path):
    write_config(tmp_path / "config.json")
    assert settings_file(tmp_path) == tmp_path / "config.json"
    write_json({}, tmp_path / "preprocessor_config.json")
    assert settings_file(tmp_path) == tmp_path / "preprocessor_config.json"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"crop_mode": "border"}, "crop_mode border"),
        ({"input_size": [3, 200, 224]}, r"input_size \[3, 200, 224\]"),
        ({"input_size": [1, 224, 224], "mean": [0.5], "std": [0.5]}, r"input_size \[1, 224"),
        ({"interpolation": "random"}, "interpolation random"),
    ],
)
def test_other_preparations_are_refused(changed, message, tmp_path):
    write_config(tmp_path / "config.json", **changed)
    with pytest.raises(InputError, match=f"config.json: pretrained_cfg asks for .*{message}"):
        read_preprocessing(tmp_path)


def write_checkpoint(folder):
    """Write a checkpoint as timm does: names without a prefix, a classifier, no processor."""
    folder.mkdir()
    write_config(folder / "config.json", input_size=[3, 32, 32])
    torch.manual_seed(0)
    weights = {"conv.weight": torch.randn(6, 3, 4, 4), "conv.bias": torch.randn(6)}
    weights |= {"fc.weight": torch.randn(5, 6), "fc.bias": torch.randn(5)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return weights


@pytest.mark.parametrize("sees", ["slice", "sequence"])
def test_without_timm_it_is_refused_by_name(sees, tmp_path, monkeypatch):
    monkeypatch.setattr(classes, "find_spec", {}.get)
    write_checkpoint(tmp_path / "c")
    with pytest.raises(InputError, match=r"encoders\.e: .* holds resnet18, which needs timm and"):
        described(tmp_path / "c", sees)


# As much of timm as transformers asks for: a model of one convolution and a classifier.
STAND_IN = """
import torch

__version__ = "1.0.0"


class Model(torch.nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 6, 4, stride=4)
        self.fc = torch.nn.Linear(6, num_classes) if num_classes else torch.nn.Identity()

    def forward_features(self, x):
        return self.conv(x)

    def forward_head(self, x):
        return self.fc(x.mean((2, 3)))


def create_model(name, *, pretrained, num_classes):
    assert name == "resnet18" and not pretrained
    return Model(num_classes)
"""
STAND_IN_DATA = "ImageNetInfo = None\n\n\ndef infer_imagenet_subset(config):\n    return None\n"
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
import torch
import transformers
from ctseq.encoders import classes

# transformers asks for torchvision too, which the stand-in does without.
transformers.utils.is_timm_available = lambda: True
transformers.utils.import_utils.BACKENDS_MAPPING["timm"] = (lambda: True, "")
classes.find_spec = {"timm": True, "torchvision": True}.get
from ctseq.core.errors import InputError
from ctseq.encoders.contract import extract
from ctseq.families.pixels.trainable import load_fitted, save_fitted, with_new_layer
from encoders import described, loaded

folder = Path(sys.argv[1])
checkpoint = folder / "c"
facts, encoder = described(checkpoint), loaded(checkpoint)
grey = np.load(folder / "grey.npy")
(features,) = extract(encoder, [grey])
np.save(folder / "features.npy", features)
fitted = with_new_layer(encoder, width=facts["width"], std=0.02, seed=[0])
training = {"precision": "float32", "micro_batch": 1}
save_fitted(fitted, folder / "f", checkpoint=checkpoint, description=facts, training=training)
again, _ = load_fitted(folder / "f", torch.device("cpu"))
assert torch.equal(again(grey), fitted(grey))
# What was trained is a checkpoint of its own.
(found,) = extract(loaded(folder / "f/model"), [grey])
assert np.array_equal(found, features)
for changes in ({"pooling": "mean"}, {"sees": "sequence"}):
    try:
        described(checkpoint, **changes)
    except InputError as error:
        print(error)
"""


def test_all_else_runs_by_a_stand_in(tmp_path):
    weights = write_checkpoint(tmp_path / "c")
    grey = np.random.default_rng(0).integers(0, 256, (2, 32, 32), dtype=np.uint8)
    np.save(tmp_path / "grey.npy", grey)
    package = tmp_path / "library/timm"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN)
    (package / "data/__init__.py").write_text(STAND_IN_DATA)
    places = [package.parent, TESTS.parent / "workflow/scripts", TESTS]
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))},
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    steps = CONFIG["pretrained_cfg"]
    scaled = [
        (torch.from_numpy(grey).float() / 255 - mean) / std
        for mean, std in zip(steps["mean"], steps["std"], strict=True)
    ]
    maps = torch.nn.functional.conv2d(
        torch.stack(scaled, 1), weights["conv.weight"], weights["conv.bias"], stride=4
    )
    expected = maps.mean((2, 3)).numpy()
    np.testing.assert_allclose(np.load(tmp_path / "features.npy"), expected, rtol=1e-4, atol=1e-5)
    assert "only the pooler is read" in answer
    assert "encoders.e.sees is sequence" in answer
    assert "holds resnet18, which sees one slice at a time. Set encoders.e.sees to slice" in answer
    assert "resnet18" in json.loads((tmp_path / "f/model/config.json").read_text())["architecture"]
