"""A type of encoders is one module and one line: a toy that sees the grey of four quarters."""

import sys
import types
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

import describe_encoder
import extract_features
from ctseq.cache.tables import ROWS
from ctseq.core.errors import InputError
from ctseq.core.files import read_json
from ctseq.core.tables import read_table, write_table
from ctseq.encoders.contract import extract, load
from ctseq.encoders.registry import ENCODER_TYPES, EncoderType
from ctseq.families.pixels.trainable import with_new_layer
from ctseq.imaging.preprocessing import Preprocessing
from encoders import settings_of

pytestmark = pytest.mark.numerical

STEPS = Preprocessing((8, 8), 2, None, 1 / 255, 0.0, None, None)


@dataclass(frozen=True)
class Quarters:
    """The mean grey of each quarter of a slice."""

    device: torch.device
    model: torch.nn.Module

    def features(self, grey):
        values = torch.from_numpy(np.ascontiguousarray(grey)).to(self.device).float() / 255
        return self.model(values[:, None]).flatten(1)

    def speed_up(self):
        return []


def describe(folder, settings, *, key):
    assert folder is None
    return {
        "settings": dict(settings), "architecture": key, "frames": None, "pooling": "quarters",
        "width": 4, "initializer_range": 0.02, "preprocessing": STEPS.to_json(),
    }  # fmt: skip


def load_toy(folder, description, device):
    return Quarters(device, torch.nn.AdaptiveAvgPool2d(2))


@pytest.fixture
def settings(monkeypatch):
    """Add the type, and return the settings of an encoder of it."""
    module = types.ModuleType("quarters")
    module.describe, module.load = describe, load_toy
    monkeypatch.setitem(sys.modules, "quarters", module)
    line = EncoderType("quarters", "mean grey of quarters", sees=("slice",), checkpoint=False)
    monkeypatch.setitem(ENCODER_TYPES, "quarters", line)
    return settings_of(type="quarters", checkpoint=None)


@pytest.mark.parametrize(("speedups", "mirror"), [(False, False), (True, True)])
def test_a_toy_runs_through_description_extraction_and_a_head(settings, speedups, mirror, tmp_path):
    settings["extraction"] = {"precision": "float32", "speedups": speedups}
    describe_encoder.main(tmp_path / "toy.json", encoder="toy", settings=settings)
    facts = read_json(tmp_path / "toy.json")
    assert (facts["architecture"], facts["width"]) == ("encoders.toy", 4)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8), np.uint8)
    np.save(tmp_path / "toy.npy", pixels)
    rows = pd.DataFrame({"scan_id": list("aabbb"), "patient_id": list("pppqq")})
    write_table(rows.assign(slice_number=[1, 2, 1, 2, 3]), tmp_path / "rows.csv", ROWS)
    extract_features.main(
        None,
        tmp_path / "toy.json",
        tmp_path / "toy.npy",
        tmp_path / "rows.csv",
        tmp_path / "features.safetensors",
        tmp_path / "features.csv",
        settings=settings,
        mirror=mirror,
        shuffle_seed=None,
        threads=1,
    )
    found = load_file(tmp_path / "features.safetensors")["features"]
    seen = pixels[..., ::-1] if mirror else pixels
    quarters = seen.reshape(5, 2, 4, 2, 4).mean((2, 4)).reshape(5, 4) / 255
    np.testing.assert_allclose(found, quarters, rtol=1e-5)
    assert len(read_table(tmp_path / "features.csv", ROWS)) == 5
    encoder = load(None, facts, torch.device("cpu"))
    fitted = with_new_layer(encoder, width=facts["width"], std=0.02, seed=[0])
    expected = fitted.layer(torch.from_numpy(found))
    torch.testing.assert_close(fitted(seen), expected)


def test_features_that_are_no_numbers_stop_the_extraction():
    encoder = Quarters(torch.device("cpu"), torch.nn.AdaptiveAvgPool2d(2))
    slices = np.full((2, 8, 8), 51, np.uint8)
    np.testing.assert_allclose(next(extract(encoder, [slices])), 0.2, rtol=1e-6)
    broken = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Threshold(1, torch.nan))
    with pytest.raises(InputError, match=r"features that are no numbers .* too large for float32"):
        next(extract(Quarters(encoder.device, broken), [slices]))
