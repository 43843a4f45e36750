"""Checkpoints in folders: pickles are converted by a rule, and what changes is noticed."""

import json
import os
import shutil
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from ctseq.encoders.checkpoints import weights_digest
from studies import STUDY

TARGET = "results/data/phantom/encoders/convnext.json"


@pytest.fixture
def folder(checkpoints, tmp_path):
    """Return a checkpoint of safetensors in a folder with blanks in its name."""
    return shutil.copytree(checkpoints["slice"], tmp_path / "a model of ours")


def describe(copy, folder):
    """Run up to the description; return the names of rules that ran, and what it says."""
    overlay = STUDY | {"encoders": {"convnext": {"checkpoint": str(folder)}}}
    outcome = copy.snakemake("--", TARGET, overlay=overlay)
    assert outcome.status == 0, outcome.text
    return outcome.rules, json.loads((copy.folder / TARGET).read_text())


def later(path):
    """Let a file be younger than what was made of it, and its folder as old as before."""
    now = time.time() + 2
    os.utime(path, (now, now))


def test_pickles_are_converted_once_and_again_when_they_change(working_copy, folder):
    copy = working_copy({**STUDY, "study": "x"})
    weights = load_file(folder / "model.safetensors")
    expected = weights_digest(folder)
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    before = sorted(path.name for path in folder.iterdir())
    rules, facts = describe(copy, folder)
    assert rules == {"convert_checkpoint", "describe_encoder"}
    assert facts["weights_sha256"] == expected
    assert sorted(path.name for path in folder.iterdir()) == before
    assert describe(copy, folder)[0] == set()
    weights["convnext.embeddings.patch_embeddings.bias"] += 1
    torch.save(weights, folder / "pytorch_model.bin")
    later(folder / "pytorch_model.bin")
    rules, facts = describe(copy, folder)
    assert rules == {"convert_checkpoint", "describe_encoder"}
    assert facts["weights_sha256"] != expected


def test_weights_that_are_written_over_are_described_again(working_copy, folder):
    copy = working_copy({**STUDY, "study": "x"})
    rules, facts = describe(copy, folder)
    assert rules == {"describe_encoder"}
    weights = load_file(folder / "model.safetensors")
    weights["convnext.embeddings.patch_embeddings.bias"] += 1
    times = folder.stat()
    save_file(weights, folder / "other", metadata={"format": "pt"})
    (folder / "model.safetensors").write_bytes((folder / "other").read_bytes())
    (folder / "other").unlink()
    os.utime(folder, ns=(times.st_atime_ns, times.st_mtime_ns))
    later(folder / "model.safetensors")
    rules, again = describe(copy, folder)
    assert rules == {"describe_encoder"}
    assert again["weights_sha256"] != facts["weights_sha256"]
