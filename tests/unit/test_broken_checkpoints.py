"""What is wrong with a checkpoint's folder is said in one message that names it and what to do."""

import json
import shutil

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from architectures import write_checkpoint
from ctseq.core.errors import InputError
from ctseq.encoders import classes, pretrained
from ctseq.encoders.contract import extract
from encoders import described, loaded

pytestmark = pytest.mark.numerical

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 114374272\n"
INDEX = "model.safetensors.index.json"


@pytest.fixture
def folder(checkpoints, tmp_path):
    """Return a copy of a sound checkpoint."""
    return shutil.copytree(checkpoints / "slice", tmp_path / "c")


def set_config(folder, **changed):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def split(folder):
    """Write the weights in parts, and return which holds each."""
    model = transformers.AutoModelForImageClassification.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="200KB")
    return json.loads((folder / INDEX).read_text())["weight_map"]


def test_a_pointer_of_git_in_place_of_weights(folder):
    (folder / "model.safetensors").write_text(POINTER)
    with pytest.raises(InputError, match=r"left model\.safetensors with its .*\n.*git lfs pull"):
        described(folder)
    (folder / "config.json").write_text(POINTER)
    with pytest.raises(InputError, match=r"git left config\.json and model\.safetensors with"):
        described(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            lambda whole: whole[: len(whole) // 2],
            r"\(\d[\d,]+ bytes\) is cut short, damaged or no",
        ),
        (lambda whole: b"", r"\(0 bytes\) is cut short"),
        (
            lambda whole: b"<html>Access is restricted</html>",
            r"\(33 bytes\) is cut short, damaged or no",
        ),
        (lambda whole: whole + b"more", r"\(\d[\d,]+ bytes\) is cut short, damaged"),
    ],
    ids=["cut", "empty", "a page", "longer"],
)
def test_damaged_weights(content, message, folder):
    path = folder / "model.safetensors"
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(InputError, match=rf"model\.safetensors {message}"):
        described(folder)


def test_a_file_without_weights(folder):
    save_file({}, folder / "model.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors holds no weights"):
        described(folder)


def test_parts_and_their_index(folder):
    held = split(folder)
    described(folder)
    first, *_, last = sorted({*held.values()})
    name = next(name for name, part in held.items() if part == first)

    def refused(message):
        with pytest.raises(InputError, match=message) as caught:
            described(folder)
        assert str(folder) in str(caught.value)

    def write(value):
        (folder / INDEX).write_text(value if isinstance(value, str) else json.dumps(value))

    write({"weight_map": held | {name: last}})
    refused(rf"says that {name} is in {last}, which does not hold it \(1 of {len(held)} weights\)")
    write({"weight_map": held | {name: "../elsewhere.safetensors"}})
    refused("is in '../elsewhere.safetensors', which is no file")
    write({"weight_map": held | {name: "absent.safetensors"}})
    refused(r"lacks absent\.safetensors")
    write({"metadata": {}})
    refused("has no weight_map")
    write("{")
    refused("index.json is not valid JSON")
    write(json.dumps({"weight_map": held}).replace("{", f'{{"{name}": "{last}", ', 2)[5:])
    refused("is not valid JSON")
    pairs = ", ".join(f'"{key}": "{part}"' for key, part in [*held.items(), (name, last)])
    write(f'{{"weight_map": {{{pairs}}}}}')
    refused(rf"names {name} twice, in {first} and in {last}")
    write({"weight_map": held})
    save_file(load_file(folder / last) | {name: torch.zeros(2)}, folder / last)
    refused(rf"{first} and {last} both hold {name}")
    (folder / INDEX).unlink()
    refused(r"lacks model\.safetensors\.index\.json")


def write_adapter(folder, **settings):
    value = {"base_model_name_or_path": "google/vit-base", "peft_type": "LORA"} | settings
    (folder / "adapter_config.json").write_text(json.dumps(value))


def test_an_adapter_names_its_base_and_how_to_merge(tmp_path):
    write_adapter(tmp_path, auto_mapping={"base_model_class": "ViTModel"})
    save_file({"lora": torch.zeros(2)}, tmp_path / "adapter_model.safetensors")
    with pytest.raises(InputError, match=r"an adapter of google/vit-base, without the") as caught:
        described(tmp_path)
    said = str(caught.value)
    for words in (
        "merge_and_unload",
        "t.ViTModel.from_pretrained",
        "google/vit-base",
        "save_pretr",
    ):
        assert words in said
    # The command is Python that can be read.
    compile(said.split('"')[1], "command", "exec")
    for base in (None, 5, ["google/vit-base"]):
        write_adapter(tmp_path, base_model_name_or_path=base)
        with pytest.raises(InputError, match="an adapter of a base that it does not name"):
            described(tmp_path)


def test_an_adapter_beside_whole_weights_is_refused(folder):
    write_adapter(folder)
    with pytest.raises(InputError, match="beside weights, and which of both is meant"):
        described(folder)


@pytest.mark.parametrize(
    "name", ["initializer_range", "layer_norm_eps", "depths", "hidden_sizes", "image_size"]
)
def test_a_setting_that_is_null_is_named(name, folder):
    set_config(folder, **{name: None})
    with pytest.raises(InputError, match=rf"config\.json, {name} is null \(transformers' def"):
        described(folder)


def test_a_setting_of_the_part_that_sees_that_is_null_is_named(tmp_path):
    write_checkpoint("clip", transformers.CLIPModel, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["vision_config"]["hidden_act"] = None
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"vision_config\.hidden_act is null"):
        described(tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"hidden_sizes": "8"}, r"makes no model of it: .*field 'hidden_sizes'"),
        ({"hidden_sizes": [8, 8]}, r"makes no model of it: IndexError: "),
        ({"hidden_act": "no such"}, r"makes no model of it: .*no such"),
        ({"model_type": None}, r"has no model_type, by which transformers tells"),
        ({"transformers_weights": "x.safetensors"}, r"names weights of its own .*x\.safetensors"),
        ({"num_channels": 4}, r"other than three channels \(num_channels is 4\)"),
    ],
)
def test_settings_of_which_no_model_is_made(changed, message, folder):
    set_config(folder, **changed)
    with pytest.raises(InputError, match=message) as caught:
        described(folder)
    assert str(folder) in str(caught.value)
    assert "pooling is auto" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config.json", "{", r"config\.json is not valid JSON"),
        ("config.json", "[]", r"config\.json holds no settings by name"),
        ("preprocessor_config.json", "{", r"preprocessor_config\.json is not valid JSON"),
        ("preprocessor_config.json", "[]", r"preprocessor_config\.json: transformers cannot load"),
    ],
)
def test_settings_that_are_no_json(name, text, message, folder):
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=message):
        described(folder)


def test_errors_of_its_own_are_not_hidden(folder, monkeypatch):
    def fail(*_, **__):
        raise KeyError("a bug")

    monkeypatch.setattr(pretrained, "read_preprocessing", fail)
    with pytest.raises(KeyError):
        described(folder)
    monkeypatch.undo()
    monkeypatch.setattr(classes, "_heads", fail)
    with pytest.raises(KeyError):
        described(folder)


def test_memory_that_does_not_suffice_is_no_fault_of_the_checkpoint(folder, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(classes, "_loaded", fail)
    with pytest.raises(MemoryError):
        described(folder)


def test_a_folder_of_checkpoints_names_them(folder, tmp_path):
    outer = tmp_path / "trained"
    for number in (100, 50):
        shutil.copytree(folder, outer / f"checkpoint-{number}")
    with pytest.raises(InputError, match="stand in checkpoint-100 and checkpoint-50 of it: name"):
        described(outer)
    described(outer, subfolder="checkpoint-50")


def test_weights_of_other_libraries_are_named(folder):
    (folder / "model.safetensors").rename(folder / "tf_model.h5")
    (folder / "training_args.bin").touch()
    with pytest.raises(InputError, match=r"are not read: tf_model\.h5 and training_args\.bin\."):
        described(folder)


def test_a_model_of_one_channel_is_refused_with_the_model_that_is_the_same(tmp_path):
    """What the message says of three channels holds: both models give the same features."""
    folder, same = tmp_path / "one", tmp_path / "three"
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "image_size": 32, "patch_size": 8}
    sizes |= {"num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.ViTConfig(**sizes, num_channels=1)
    model = transformers.ViTModel(config, add_pooling_layer=False).eval()
    model.save_pretrained(folder)
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
    one = processor | {"image_mean": [0.2], "image_std": [0.3]}
    (folder / "preprocessor_config.json").write_text(json.dumps(one))
    with pytest.raises(InputError, match=r"\(num_channels is 1\); .* the same as one of three"):
        described(folder)

    shutil.copytree(folder, same)
    weights = load_file(folder / "model.safetensors")
    (first,) = (name for name in weights if "patch_embeddings" in name and weights[name].ndim == 4)
    weights[first] = weights[first].repeat(1, 3, 1, 1) / 3
    save_file(weights, same / "model.safetensors", metadata={"format": "pt"})
    set_config(same, num_channels=3)
    three = processor | {"image_mean": [0.2] * 3, "image_std": [0.3] * 3}
    (same / "preprocessor_config.json").write_text(json.dumps(three))
    grey = np.random.default_rng(0).integers(0, 256, (2, 32, 32), np.uint8)
    (found,) = extract(loaded(same), [grey])
    values = (torch.from_numpy(grey).float() / 255 - 0.2) / 0.3
    with torch.inference_mode():
        expected = model(values[:, None]).last_hidden_state
    pooled = (
        expected[:, 0] if described(same)["pooling"] == "classifier" else expected[:, 1:].mean(1)
    )
    np.testing.assert_allclose(found, pooled.numpy(), rtol=1e-4, atol=1e-5)
