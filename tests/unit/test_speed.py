"""The frozen pass: its error against transformers' own, with and without each speedup."""

import ctypes
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from safetensors.numpy import load_file

import extract_features
from ctseq.cache.features import precision_of
from ctseq.cache.tables import ROWS
from ctseq.core.tables import write_table
from ctseq.encoders import contract, speed
from ctseq.encoders.devices import has_bfloat16, taken_precision
from ctseq.encoders.tiny import write_tiny
from encoders import described, settings_of
from processors import uses_all_instructions

pytestmark = pytest.mark.numerical

FRAMES, SLICES = 4, 5
SIDES = {"sequence": 48, "slice": 64}
SETTINGS = {
    "sequence": settings_of("sequence", frames=FRAMES, frame_sampling="first"),
    "slice": settings_of(),
}
# Of a ViViT's and a ConvNeXt's activations, those that transformers computes step by step.
SLOW_GELUS = {"sequence": 2, "slice": 0}
SIGHTS = list(SETTINGS)
TESTS = Path(__file__).parent
PATHS = [TESTS, TESTS.parent, TESTS.parents[1] / "workflow/scripts"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Write what the rule reads: a tiny checkpoint of each sees, and three patients' pixels."""
    root = tmp_path_factory.mktemp("inputs")
    rows = pd.DataFrame({"scan_id": np.repeat(["001", "002", "003"], SLICES)})
    rows["patient_id"] = rows["scan_id"]
    rows["slice_number"] = [*range(1, SLICES + 1)] * 3
    write_table(rows, root / "rows.csv", ROWS)
    for sees, side in SIDES.items():
        write_tiny(root / sees, sees=sees, frames=SETTINGS[sees]["frames"], seed=7, steps=0)
        (root / f"{sees}.json").write_text(json.dumps(described(root / sees, **SETTINGS[sees])))
        pixels = np.random.default_rng(1).integers(0, 256, (len(rows), side, side), np.uint8)
        np.save(root / f"{sees}.npy", pixels)
    return root


def loaded(inputs, sees):
    facts = json.loads((inputs / f"{sees}.json").read_text())
    return contract.load(inputs / sees, facts, torch.device("cpu"))


def batch_of(inputs, sees):
    pixels = np.load(inputs / f"{sees}.npy")
    if sees == "slice":
        return pixels
    return pixels.reshape(3, SLICES, *pixels.shape[1:])[:, :FRAMES]


def features(encoder, batch):
    (found,) = contract.extract(encoder, [batch])
    return found


def stock(inputs, sees):
    """Return the features as a user of transformers would: from its model, at its head's input."""
    architecture = {
        "sequence": transformers.VivitForVideoClassification,
        "slice": transformers.ConvNextForImageClassification,
    }
    model = architecture[sees].from_pretrained(inputs / sees).eval()
    pixels = loaded(inputs, sees).pixel_values(batch_of(inputs, sees))
    with torch.inference_mode():
        if sees == "sequence":
            return model.vivit(pixels).last_hidden_state[:, 0].numpy()
        return model.convnext(pixels).pooler_output.numpy()


def run(inputs, sees, folder, threads=1, **extraction):
    """Run the rule's script, and return its features."""
    extract_features.main(
        inputs / sees,
        inputs / f"{sees}.json",
        inputs / f"{sees}.npy",
        inputs / "rows.csv",
        folder / "features.safetensors",
        folder / "features.csv",
        settings=SETTINGS[sees] | {"extraction": SETTINGS[sees]["extraction"] | extraction},
        mirror=False,
        shuffle_seed=None,
        threads=threads,
    )
    return load_file(folder / "features.safetensors")["features"]


@pytest.mark.parametrize("sees", SIGHTS)
def test_without_speedups_features_are_those_of_transformers(inputs, sees, tmp_path):
    assert speed.relative_error(run(inputs, sees, tmp_path), stock(inputs, sees)) <= speed.BOUND


@pytest.mark.parametrize("sees", SIGHTS)
def test_with_speedups_they_are_too_and_repeat_bit_for_bit(inputs, sees, tmp_path, caplog):
    caplog.set_level(logging.INFO, "ctseq")
    found = run(inputs, sees, tmp_path, speedups=True)
    assert speed.relative_error(found, stock(inputs, sees)) <= speed.BOUND
    np.testing.assert_array_equal(run(inputs, sees, tmp_path, speedups=True), found)
    assert ("2 GELUs" in caplog.text) == (sees == "sequence")


OTHER_PROCESSORS = {
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "no vectors": {"ATEN_CPU_CAPABILITY": "default"},
    "three cores": {"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "3"},
}


@pytest.mark.parametrize("name", OTHER_PROCESSORS)
def test_other_processors_and_threads_give_features_within_the_bound(inputs, name, tmp_path):
    threads = int(OTHER_PROCESSORS[name].get("OMP_NUM_THREADS", 1))
    program = (
        "import sys; sys.path[:0] = sys.argv[3:]; from pathlib import Path; import test_speed\n"
    )
    program += "inputs, folder = map(Path, sys.argv[1:3])\n"
    program += "for sees in test_speed.SIGHTS:\n"
    program += "    (folder / sees).mkdir()\n"
    program += (
        f"    test_speed.run(inputs, sees, folder / sees, threads={threads}, speedups=True)\n"
    )
    command = [sys.executable, "-c", program, inputs, tmp_path, *PATHS]
    environment = os.environ | OTHER_PROCESSORS[name]
    subprocess.run(list(map(str, command)), env=environment, check=True)
    for sees in SIGHTS:
        found = load_file(tmp_path / sees / "features.safetensors")["features"]
        assert speed.relative_error(found, stock(inputs, sees)) <= speed.BOUND


@uses_all_instructions
@pytest.mark.parametrize("sees", SIGHTS)
def test_bfloat16_is_near_and_the_log_says_how_near(inputs, sees, tmp_path, caplog):
    caplog.set_level(logging.INFO, "ctseq")
    found = run(inputs, sees, tmp_path, precision="bfloat16")
    assert found.dtype == np.float32
    assert speed.BOUND < speed.relative_error(found, stock(inputs, sees)) < 0.05
    encoder, probe = loaded(inputs, sees), batch_of(inputs, sees)[:1]
    error = speed.precision_error(encoder, probe, precision="bfloat16")
    assert f"off by {error:.1g} of their length" in caplog.text
    assert "features in bfloat16, on cpu" in caplog.text
    assert precision_of(tmp_path / "features.safetensors") == "bfloat16"


@uses_all_instructions
@pytest.mark.parametrize("capabilities", [{"amx_bf16": True}, {"avx2": True}])
def test_auto_is_what_the_processor_is_made_for(inputs, capabilities, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    expected = "bfloat16" if "amx_bf16" in capabilities else "float32"
    found = run(inputs, "slice", tmp_path, precision="auto")
    assert precision_of(tmp_path / "features.safetensors") == expected
    np.testing.assert_array_equal(found, run(inputs, "slice", tmp_path, precision=expected))
    assert precision_of(tmp_path / "features.safetensors") == expected


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, True),
        ({"amx_bf16": False, "avx512_bf16": True}, True),  # Zen 4, Cooper Lake
        ({"amx_bf16": True, "avx512_bf16": False}, True),
        ({"amx_bf16": False, "avx512_bf16": False, "avx512_f": True, "amx_int8": True}, False),
        ({"bf16": True, "sve": True}, False),  # not tried
        ({}, False),
    ],
)
def test_processors_that_are_made_for_bfloat16(capabilities, expected):
    assert has_bfloat16(capabilities) is expected


def test_this_processor_says_what_it_is_made_for():
    found = torch.cpu.get_capabilities()
    if found["architecture"] == "x86_64":
        assert {"amx_bf16", "avx512_bf16"} <= found.keys()


@pytest.mark.parametrize("has_it", [True, False])
def test_auto_on_a_gpu_is_bfloat16_where_it_is_no_emulation(has_it, monkeypatch):
    said = {"including_emulation": False}
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda **options: has_it and options == said
    )
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    gpu = torch.device("cuda")
    assert taken_precision("auto", gpu) == ("bfloat16" if has_it else "float32")
    assert taken_precision("float32", gpu) == "float32"
    assert taken_precision("bfloat16", gpu) == "bfloat16"
    assert taken_precision("auto", torch.device("mps")) == "float32"
    with pytest.raises(ValueError, match="unknown precision 'half'"):
        taken_precision("half", gpu)


@pytest.mark.parametrize("sees", SIGHTS)
def test_one_operation_gives_the_gelu_of_several(inputs, sees):
    encoder, batch = loaded(inputs, sees), batch_of(inputs, sees)
    before = features(encoder, batch)
    assert speed.fuse_gelu(encoder.model) == SLOW_GELUS[sees]
    after = features(encoder, batch)
    assert speed.relative_error(after, before) <= speed.BOUND
    assert speed.fuse_gelu(encoder.model) == 0


@pytest.mark.parametrize("name", ["gelu_fast", "gelu_new"])
def test_the_gelus_that_are_replaced_have_its_formula(name):
    slow = torch.nn.Sequential(transformers.activations.ACT2FN[name])
    values = torch.linspace(-12, 12, 10001)
    before = slow(values)
    assert speed.fuse_gelu(slow) == 1
    assert (slow(values) - before).abs().max() < 1e-6


@pytest.mark.parametrize("name", ["gelu", "gelu_10", "quick_gelu", "relu", "silu"])
def test_other_activations_stay(name):
    assert speed.fuse_gelu(torch.nn.Sequential(transformers.activations.ACT2FN[name])) == 0


@pytest.mark.parametrize("sees", SIGHTS)
def test_unread_tokens_are_skipped_where_a_class_token_is_read(inputs, sees):
    encoder, batch = loaded(inputs, sees), batch_of(inputs, sees)
    before = features(encoder, batch)
    assert speed.skip_unread_tokens(encoder.model, encoder.pooling) == (sees == "sequence")
    assert speed.relative_error(features(encoder, batch), before) <= speed.BOUND


def test_the_last_layer_of_a_vit_computes_few_tokens_of_each_image():
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
    config = transformers.ViTConfig(**sizes, intermediate_size=48, image_size=64, patch_size=8)
    model = transformers.ViTForImageClassification(config).eval()
    layers, pixels, seen = list(model.vit.layers), torch.randn(2, 3, 64, 64), []
    with torch.inference_mode():
        before = model(pixels).logits
        assert speed.skip_unread_tokens(model, "classifier")
        for layer in layers:
            layer.mlp.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[1]))
        after = model(pixels).logits
    assert seen == [65, 65, 32]
    assert speed.relative_error(after.numpy(), before.numpy()) <= speed.BOUND


@pytest.mark.parametrize("part", ["layernorm_after", "attention"])
def test_a_layer_whose_parts_have_other_names_stays(inputs, part):
    encoder = loaded(inputs, "sequence")
    layers = encoder.model.base_model.layers
    last = layers[-1]
    delattr(last, part)
    assert not speed.skip_unread_tokens(encoder.model, encoder.pooling)
    assert layers[-1] is last
    assert "last layer" not in " ".join(encoder.speed_up())


def test_buffers_that_are_kept_change_no_bit(inputs):
    encoder, batch = loaded(inputs, "sequence"), batch_of(inputs, "sequence")
    before = features(encoder, batch)
    assert speed.keep_buffers() == hasattr(ctypes.CDLL(None), "mallopt")
    np.testing.assert_array_equal(features(encoder, batch), before)


def test_a_c_library_without_the_choice_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not speed.keep_buffers()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not speed.keep_buffers()
