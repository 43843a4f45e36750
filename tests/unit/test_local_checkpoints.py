"""Which checkpoints of a configuration are folders, and where their weights are read from."""

from pathlib import Path

import pytest

from configs import changed, resolved
from ctseq.core.errors import InputError
from ctseq.encoders.checkpoints import pickled_files
from ctseq.study.encoders import CHECKPOINTS, Encoder, is_folder


def encoder(checkpoint, **settings):
    """Return an encoder of a checked configuration."""
    own = {"sees": "slice", "checkpoint": str(checkpoint)} | settings
    return Encoder.of("e", resolved(changed({"encoders.e": own})))


def write(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("checkpoint", "expected"),
    [
        ("owner/name", False),
        ("name", False),
        ("owner/name.v1_2-b", False),
        ("tiny", False),
        (None, False),
        ("/models/x", True),
        ("./x", True),
        ("../x", True),
        ("~/x", True),
        ("models/of mine/x", True),
        ("my encoder", True),
        ("a/b/c", True),
    ],
)
def test_what_is_a_folder_by_its_name(checkpoint, expected):
    assert is_folder(checkpoint) is expected


def test_what_is_a_folder_by_being_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not is_folder("owner/name")
    write(tmp_path / "owner/name")
    assert is_folder("owner/name")


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert encoder("~/x").checkpoint_folder == str(tmp_path / "x")


def test_a_folder_needs_no_revision(tmp_path):
    folder = write(tmp_path / "x", "model.safetensors")
    assert encoder(folder).checkpoint_folder == str(folder)
    assert encoder(folder, revision="main").checkpoint_folder == str(folder)
    with pytest.raises(InputError, match=r"e\.revision is v1, but its checkpoint is the fold"):
        encoder(folder, revision="v1")
    assert encoder("owner/x", revision="v1").checkpoint_folder == f"{CHECKPOINTS}/owner--x--v1"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["model.safetensors"], False),
        (["model.safetensors", "pytorch_model.bin"], False),
        (["model.safetensors.index.json", "pytorch_model-00001-of-00002.bin"], False),
        (["pytorch_model.bin"], True),
        (["pytorch_model.bin.index.json"], True),
        (["pytorch_model-00001-of-00002.bin"], True),
        (["training_args.bin", "optimizer.bin"], False),
        ([], False),
    ],
)
def test_folders_with_pickles_alone_are_converted(names, expected, tmp_path):
    folder = write(tmp_path / "x", "config.json", *names)
    found = encoder(folder)
    assert found.is_converted is expected
    assert (found.checkpoint_folder == str(folder)) is not expected
    if "pytorch_model.bin.index.json" not in names:  # which would have to be one
        assert bool(pickled_files(folder)) is expected
    assert found.local_files == sorted(str(folder / name) for name in ["config.json", *names])


def test_converted_folders_are_told_apart_by_their_paths(tmp_path, monkeypatch):
    for name in ("a/x", "b/x", "b/x/inner", "c/my -- own"):
        write(tmp_path / name, "pytorch_model.bin")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("a/x")
    first = encoder("./a/x").checkpoint_folder
    assert Path(first).parent == Path(CHECKPOINTS)
    assert Path(first).name.startswith("local-x-")
    for spelled in (tmp_path / "a/x", "a/x/", "link", "a/../a/x"):
        assert encoder(spelled).checkpoint_folder == first
    others = [encoder("b/x"), encoder("b/x", subfolder="inner"), encoder("c/my -- own")]
    names = {first, *(one.checkpoint_folder for one in others)}
    assert len(names) == 4
    assert not any("--" in name for name in names)  # by which those of the hub are told


def test_the_hub_has_no_local_files():
    assert encoder("owner/x").local_files == []
    assert encoder("tiny").local_files == []


def test_weights_alone_are_converted_of_types_that_have_them(tmp_path):
    folder = write(tmp_path / "x", "videomamba.pth", "notes.txt")
    alone = encoder(folder, type="videomamba", sees="sequence")
    assert alone.is_converted
    assert alone.local_files == [str(folder / "videomamba.pth")]
    assert [path.name for path in pickled_files(folder, bare=True)] == ["videomamba.pth"]
    other = encoder(folder)
    assert not other.is_converted
    assert (other.local_files, pickled_files(folder)) == ([], [])
    write(folder, "model.safetensors")
    assert not encoder(folder, type="videomamba", sees="sequence").is_converted


def test_weights_alone_are_not_fetched():
    message = r"e\.checkpoint is OpenGVLab/VideoMamba, and there is no such folder: .* by hand"
    with pytest.raises(InputError, match=message):
        encoder("OpenGVLab/VideoMamba", type="videomamba", sees="sequence")
    with pytest.raises(InputError, match=r"e\.sees is 'slice', but an encoder of type videomamba"):
        encoder("/models/x", type="videomamba")
