"""Pickled weights become safetensors: whole or in parts, by a loader that runs nothing."""

import json
import os
import pickle
import shutil
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import convert_checkpoint
import describe_encoder
from ctseq.core.errors import InputError
from ctseq.core.files import file_digest, read_json
from ctseq.encoders.checkpoints import pickled_files, weights_digest
from ctseq.encoders.contract import extract
from ctseq.encoders.conversion import convert_weights
from encoders import loaded, settings_of
from hub import files

pytestmark = pytest.mark.numerical

INDEX = "pytorch_model.bin.index.json"


@pytest.fixture
def pickled(checkpoints, tmp_path):
    """Return a folder whose weights are a pickle, and these weights."""
    folder = tmp_path / "my own model"
    shutil.copytree(checkpoints / "slice", folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    return folder, weights


def split(folder, weights, *, parts=3, index=True):
    """Write weights in parts, as older versions of transformers did."""
    (folder / "pytorch_model.bin").unlink()
    held = {}
    for number in range(parts):
        name = f"pytorch_model-{number + 1:05}-of-{parts:05}.bin"
        own = sorted(weights)[number::parts]
        torch.save({key: weights[key] for key in own}, folder / name)
        held |= dict.fromkeys(own, name)
    if index:
        (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": held}))
    return held


def convert(folder, tmp_path, subfolder=""):
    """Run the rule's script, and return the folder that it writes."""
    made = tmp_path / "made"
    convert_checkpoint.main(made, tmp_path / "made.json", checkpoint=folder, subfolder=subfolder)
    return made


def features_of(folder):
    grey = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    (found,) = extract(loaded(folder), [grey])
    return found


def test_a_folder_of_pickles_gives_the_features_of_its_safetensors(pickled, checkpoints, tmp_path):
    folder, _ = pickled
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    made = convert(folder, tmp_path)
    assert files(made) == ["config.json", "model.safetensors", "preprocessor_config.json"]
    np.testing.assert_array_equal(features_of(made), features_of(checkpoints / "slice"))
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    digest = file_digest(folder / "pytorch_model.bin")
    record = read_json(tmp_path / "made.json")
    assert record == {"checkpoint": str(folder), "converted": {"pytorch_model.bin": digest}}


@pytest.mark.parametrize("index", [True, False])
def test_parts_stay_parts(index, pickled, checkpoints, tmp_path):
    folder, weights = pickled
    split(folder, weights, index=index)
    made = convert(folder, tmp_path)
    parts = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
    assert files(made) == sorted(
        [*parts, "config.json", "model.safetensors.index.json", "preprocessor_config.json"]
    )
    found = {name: value for part in parts for name, value in load_file(made / part).items()}
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    size = sum(values.nbytes for values in weights.values())
    assert read_json(made / "model.safetensors.index.json")["metadata"]["total_size"] == size
    np.testing.assert_array_equal(features_of(made), features_of(checkpoints / "slice"))
    assert len(read_json(tmp_path / "made.json")["converted"]) == 3


def test_one_part_is_read_after_the_other(pickled, tmp_path, monkeypatch):
    folder, weights = pickled
    split(folder, weights)
    events, read = [], torch.load
    monkeypatch.setattr(torch, "load", lambda *a, **k: events.append("read") or read(*a, **k))
    monkeypatch.setattr("safetensors.torch.save_file", lambda *a, **k: events.append("written"))
    (tmp_path / "to").mkdir()
    convert_weights(folder, tmp_path / "to", name="x")
    assert events == ["read", "written"] * 3


def test_a_subfolder_stays_one(pickled, tmp_path):
    folder, _ = pickled
    outer = tmp_path / "outer"
    shutil.move(folder, outer / "inner")
    made = convert(outer, tmp_path, subfolder="inner")
    assert "inner/model.safetensors" in files(made)
    assert features_of(made / "inner").shape[0] == 2


def test_tied_and_turned_weights_each_get_their_own_memory(tmp_path):
    one = torch.arange(6.0).reshape(2, 3)
    state = OrderedDict(a=one, b=one, c=one.T, d=torch.nn.Parameter(one[1]))
    torch.save(state, tmp_path / "pytorch_model.bin")
    convert_weights(tmp_path, tmp_path, name="x")
    found = load_file(tmp_path / "model.safetensors")
    for name, expected in {"a": one, "b": one, "c": one.T, "d": one[1]}.items():
        assert torch.equal(found[name], expected)


def test_a_converted_checkpoint_is_described_by_what_it_became(pickled, tmp_path):
    folder, _ = pickled
    made = convert(folder, tmp_path)
    path = tmp_path / "e.json"
    settings = settings_of(checkpoint=str(folder))
    describe_encoder.main(path, encoder="e", settings=settings, folder=made)
    found = read_json(path)
    assert (found["checkpoint"], found["commit"]) == (str(folder), None)
    assert found["weights_sha256"] == weights_digest(made)


def test_which_pickles_hold_the_weights(tmp_path):
    def names():
        return [path.name for path in pickled_files(tmp_path)]

    assert names() == []
    (tmp_path / "training_args.bin").touch()
    (tmp_path / "pytorch_model.fp16.bin").touch()
    assert names() == []
    (tmp_path / "pytorch_model-00002-of-00002.bin").touch()
    assert names() == ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
    (tmp_path / INDEX).write_text('{"weight_map": {"x": "b.bin", "y": "a.bin", "z": "a.bin"}}')
    assert names() == ["a.bin", "b.bin"]
    (tmp_path / "pytorch_model.bin").touch()  # as transformers takes it before parts
    assert names() == ["pytorch_model.bin"]
    (tmp_path / "model.safetensors").touch()
    assert names() == []


class Malicious:
    """An object that makes a folder where it is unpickled."""

    def __init__(self, planted):
        self.planted = planted

    def __reduce__(self):
        return os.mkdir, (str(self.planted),)


def save_bare(value, path):
    """Write a pickle without the archive that PyTorch puts around one."""
    path.write_bytes(pickle.dumps(value, protocol=2))


@pytest.mark.parametrize("write", [torch.save, save_bare])
def test_a_pickle_that_would_run_code_is_refused(write, pickled, tmp_path):
    folder, _ = pickled
    write({"weight": Malicious(tmp_path / "planted")}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"own model: pytorch_model\.bin is refused: .* more than"):
        convert(folder, tmp_path)
    assert not (tmp_path / "planted").exists()
    assert not (tmp_path / "made").exists()


def spoiled(change):
    """Return a way to spoil a folder whose pickle holds what `change` makes of its weights."""
    return lambda folder, weights: torch.save(change(weights), folder / "pytorch_model.bin")


def cut(folder, weights):
    path = folder / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-1000])


def without_a_part(folder, weights):
    split(folder, weights)
    (folder / "pytorch_model-00002-of-00003.bin").unlink()


def without_a_part_and_index(folder, weights):
    split(folder, weights, index=False)
    (folder / "pytorch_model-00003-of-00003.bin").unlink()


def twice(folder, weights):
    split(folder, weights)
    shutil.copy(
        folder / "pytorch_model-00001-of-00003.bin", folder / "pytorch_model-00003-of-00003.bin"
    )


def less_than_its_index(folder, weights):
    held = split(folder, weights)
    held["stray"] = "pytorch_model-00001-of-00003.bin"
    (folder / INDEX).write_text(json.dumps({"weight_map": held}))


def pointer(folder, weights):
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 346976\n"
    (folder / "pytorch_model.bin").write_text(text)


SPOILED = {
    "cut": (cut, r"pytorch_model\.bin is refused: it holds more than weights, or is damaged"),
    "empty": (lambda folder, _: (folder / "pytorch_model.bin").write_bytes(b""), "or is damaged"),
    "a pointer of git": (pointer, r"git left pytorch_model\.bin .*\n.*git lfs pull"),
    "a list": (spoiled(lambda weights: [*weights.values()]), "holds list in place of weights by"),
    "nothing": (spoiled(lambda weights: {}), "holds dict in place of weights"),
    "a state of training": (
        spoiled(lambda weights: {"epoch": 3, "state_dict": weights}),
        "holds more than weights, such as epoch; the weights seem to be what it calls state_dict",
    ),
    "sparse": (
        spoiled(lambda weights: weights | {"s": torch.eye(3).to_sparse()}),
        "holds more than weights, such as s",
    ),
    "a part is missing": (without_a_part, r"lacks pytorch_model-00002-of-00003\.bin"),
    "the last part is missing": (
        without_a_part_and_index,
        r"lacks pytorch_model-00003-of-00003\.bin",
    ),
    "a weight twice": (twice, "which a part before it holds as well"),
    "a weight of the index nowhere": (less_than_its_index, r"says that stray is in .*\(1 of"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_what_cannot_be_converted_is_refused_by_name(case, pickled, tmp_path):
    folder, weights = pickled
    spoil, message = SPOILED[case]
    spoil(folder, weights)
    with pytest.raises(InputError, match=message) as caught:
        convert(folder, tmp_path)
    assert str(caught.value).startswith(f"Checkpoint {folder}: ")
    assert not (tmp_path / "made").exists()
    assert not (tmp_path / "made.json").exists()
