"""Fetching, converting and describing checkpoints."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ctseq.core.errors import InputError
from ctseq.encoders import loading
from ctseq.encoders.checkpoints import check_folder, describe, weights_digest
from ctseq.encoders.hub import convert_to_safetensors
from ctseq.encoders.speed import BOUND, relative_error
from ctseq.encoders.tiny import write_tiny
from ctseq.imaging.preprocessing import Preprocessing

pytestmark = pytest.mark.numerical

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
KINDS = {"video": 4, "image": None}  # frames


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folder of a tiny checkpoint of each kind."""
    root = tmp_path_factory.mktemp("tiny")
    for kind, frames in KINDS.items():
        write_tiny(root / kind, kind=kind, frames=frames, seed=7, steps=0)
    return root


def fetch(hub, folder, *, revision="main", checkpoint="owner/tiny"):
    """Run the rule's script as a program of its own: the hub's address is read on import."""
    record = folder.with_suffix(".json")
    program = (
        "import sys; from fetch_checkpoint import main\n"
        "from ctseq.core.logs import rule_log\n"
        "with rule_log(sys.argv[1]): main(*sys.argv[2:4], checkpoint=sys.argv[4],"
        " revision=sys.argv[5])"
    )
    arguments = [folder.with_suffix(".log"), folder, record, checkpoint, revision]
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ
        | {
            "PYTHONPATH": str(SCRIPTS),
            "HF_ENDPOINT": hub if isinstance(hub, str) else hub.url,
            "HF_HOME": str(folder.with_suffix(".home")),
        },
    )


def test_fetching_records_the_commit(hub, tiny, tmp_path):
    hub.folder = tiny / "image"
    (tmp_path / "c").mkdir()
    result = fetch(hub, tmp_path / "c")
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == hub.listing()
    assert weights_digest(tmp_path / "c") == weights_digest(tiny / "image")
    assert json.loads((tmp_path / "c.json").read_text())["commit"] == hub.commit


def test_a_branch_that_moved_is_an_error(hub, tiny, tmp_path):
    hub.folder = tiny / "image"
    assert fetch(hub, tmp_path / "c").returncode == 0
    hub.commit = "2" * 40
    result = fetch(hub, tmp_path / "c")
    assert result.returncode == 1
    assert f"was commit {'1' * 40}" in result.stderr
    assert "Set the model's `revision`" in result.stderr


def test_a_checkpoint_without_safetensors_is_converted(hub, tiny, tmp_path):
    hub.folder = tmp_path / "pickled"
    shutil.copytree(tiny / "image", hub.folder)
    weights = load_file(hub.folder / "model.safetensors")
    torch.save(weights, hub.folder / "pytorch_model.bin")
    (hub.folder / "model.safetensors").unlink()
    result = fetch(hub, tmp_path / "c")
    assert result.returncode == 0, result.stderr
    converted = load_file(tmp_path / "c" / "model.safetensors")
    assert converted.keys() == weights.keys()
    assert all(torch.equal(converted[name], weights[name]) for name in weights)
    assert not (tmp_path / "c" / "pytorch_model.bin").exists()


def test_without_network_the_error_says_what_to_do(tmp_path):
    result = fetch("http://127.0.0.1:9", tmp_path / "c", revision="v1")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for words in ("owner/tiny, revision v1", "http://127.0.0.1:9", "hf download owner/tiny"):
        assert words in result.stderr
    assert not (tmp_path / "c").exists()


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    planted = tmp_path / "ran"

    class Malicious:
        def __reduce__(self):
            return (os.mkdir, (str(planted),))

    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Malicious()}, protocol=2))
    with pytest.raises(InputError, match="more than weights"):
        convert_to_safetensors(tmp_path / "pytorch_model.bin")
    torch.save({"weight": Malicious()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="more than weights"):
        convert_to_safetensors(tmp_path / "pytorch_model.bin")
    assert not planted.exists()


def test_an_incomplete_folder_says_what_is_missing(tmp_path, tiny):
    with pytest.raises(InputError, match="does not exist"):
        check_folder(tmp_path / "absent", name="x")
    with pytest.raises(InputError, match=r"lacks config\.json, preprocessor_config\.json, model"):
        check_folder(tmp_path, name="x")
    check_folder(tiny / "video", name="x")


def test_tiny_checkpoints_repeat(tiny, tmp_path):
    write_tiny(tmp_path / "again", kind="image", frames=None, seed=7, steps=0)
    write_tiny(tmp_path / "other", kind="image", frames=None, seed=8, steps=0)
    assert weights_digest(tmp_path / "again") == weights_digest(tiny / "image")
    assert weights_digest(tmp_path / "other") != weights_digest(tiny / "image")


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_the_exact_input_of_the_final_layer(kind, tiny):
    encoder = load(tiny / kind, kind)
    shape = (3, 4, 48, 48) if kind == "video" else (3, 64, 64)
    batch = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    (features,) = loading.extract(encoder, [batch])
    values = loading.pixel_values(encoder, batch)
    with torch.inference_mode():
        logits = encoder.model(**{encoder.model.main_input_name: values}).logits
        found = encoder.head(torch.from_numpy(features))
    assert relative_error(found.numpy(), logits.numpy()) <= BOUND
    # Another batch size may round otherwise.
    one_by_one = np.concatenate(list(loading.extract(encoder, batch[:, None])))
    assert relative_error(one_by_one, features) <= BOUND


@pytest.mark.parametrize("kind", KINDS)
def test_three_windows_feed_a_channel_each(kind, tiny):
    encoder = load(tiny / kind, kind)
    shape = (2, 4, 3, 48, 48) if kind == "video" else (2, 3, 64, 64)
    batch = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    values = loading.pixel_values(encoder, batch)
    assert values.shape == shape
    for channel in range(3):
        one = loading.pixel_values(encoder, batch[..., channel, :, :])
        assert torch.equal(values[..., channel, :, :], one[..., channel, :, :])


@pytest.mark.parametrize(("kind", "shape"), [("video", (2, 4, 48, 48)), ("image", (8, 64, 64))])
def test_features_repeat_with_the_same_threads_and_hardly_move_with_others(tiny, kind, shape):
    threads = torch.get_num_threads()
    batch = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    outputs = []
    for number in (1, 1, 2, 3):
        torch.set_num_threads(number)
        outputs += loading.extract(load(tiny / kind, kind), [batch])
    torch.set_num_threads(threads)
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert relative_error(outputs[2], outputs[0]) <= BOUND
    assert relative_error(outputs[3], outputs[0]) <= BOUND


def load(folder, kind):
    facts = describe(folder, kind=kind, key="models.m", frames=KINDS[kind])
    return loading.load(
        folder,
        kind=kind,
        preprocessing=Preprocessing.from_json(facts["preprocessing"]),
        device=torch.device("cpu"),
    )


@pytest.mark.parametrize(
    ("folder", "kind", "frames", "message"),
    [
        (
            "image",
            "video",
            4,
            "models.m.kind is video, .* ConvNextForImageClassification, which classifies images",
        ),
        ("video", "image", None, "Set models.m.kind to video"),
        ("video", "video", 5, "models.m.frames is 5, .* choose a multiple of 2"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(folder, kind, frames, message, tiny):
    with pytest.raises(InputError, match=message):
        describe(tiny / folder, kind=kind, key="models.m", frames=frames)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights, name: weights.pop(name), "not in the checkpoint"),
        (lambda weights, name: weights.update(stray=weights[name].clone()), "not in the model"),
        (lambda weights, name: weights.update({name: weights[name][:1]}), "of another shape"),
    ],
    ids=["missing", "unknown", "cut"],
)
def test_a_encoder_that_would_be_partly_random_is_refused(change, message, tiny, tmp_path):
    shutil.copytree(tiny / "image", tmp_path / "c")
    weights = load_file(tmp_path / "c" / "model.safetensors")
    change(weights, sorted(name for name in weights if "encoder" in name)[0])
    save_file(weights, tmp_path / "c" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        InputError, match=r"do not fit ConvNextForImageClassification \(1 "
    ) as caught:
        load(tmp_path / "c", "image")
    assert message in str(caught.value)


def test_a_checkpoint_without_its_classifier_will_do(tiny, tmp_path):
    shutil.copytree(tiny / "image", tmp_path / "c")
    weights = load_file(tmp_path / "c" / "model.safetensors")
    rest = {name: values for name, values in weights.items() if "classifier" not in name}
    save_file(rest, tmp_path / "c" / "model.safetensors", metadata={"format": "pt"})
    batch = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    (cut,) = loading.extract(load(tmp_path / "c", "image"), [batch])
    (complete,) = loading.extract(load(tiny / "image", "image"), [batch])
    np.testing.assert_array_equal(cut, complete)
