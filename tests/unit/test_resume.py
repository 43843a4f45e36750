"""Fine-tuning that goes on after a kill: its state, and the rule's script killed for real."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import predict_finetuned
from ctseq.core.errors import InputError
from ctseq.core.files import write_json
from ctseq.core.tables import read_table
from ctseq.encoders.tiny import write_tiny
from ctseq.families.pixels.resume import Unfinished, fingerprint
from ctseq.families.tables import HISTORY
from ctseq.replicates.tables import SCORES
from encoders import described, settings_of
from tuned import BLEEDS, TRAINING, write_tables

pytestmark = pytest.mark.numerical

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
FRAMES = 4


def test_a_stale_state_is_not_read(tmp_path):
    table, folder = tmp_path / "t.csv", tmp_path / "f"
    table.write_text("a")
    folder.mkdir()
    (folder / "w").write_text("b")
    own = fingerprint([table, folder], {"rate": 1})
    unfinished = Unfinished(tmp_path / "unfinished", own)
    cpu = torch.device("cpu")
    assert unfinished.load(cpu) is None
    unfinished.save({"x": torch.arange(3)}, {"big": 2**100, "epoch": 1})
    tensors, facts = unfinished.load(cpu)
    assert (tensors["x"].tolist(), facts) == ([0, 1, 2], {"big": 2**100, "epoch": 1})
    assert fingerprint([table, folder], {"rate": 1}) == own
    others = {fingerprint([table, folder], {"rate": 2})}
    (folder / "w").write_text("c")
    others.add(fingerprint([table, folder], {"rate": 1}))
    (folder / "w").rename(folder / "v")
    others.add(fingerprint([table, folder], {"rate": 1}))
    assert len(others | {own}) == 4
    assert all(Unfinished(unfinished.folder, other).load(cpu) is None for other in others)


# Starts once and forks for each attempt, which may be killed; that kill is a real one.
ATTEMPTS = """
import json, os, signal, sys
from ctseq.families.pixels import finetuning, resume
import finetune

class Files(list):  # as Snakemake's: by name what the rule gives, and flat as a list
    def __init__(self, names):
        for value in names.values():
            self += value if isinstance(value, list) else [value]
        self.__dict__ = names

def dies(module, name, call, about=""):
    original, left = getattr(module, name), [call]
    def dying(*arguments, **options):
        left[0] -= about in str(arguments[1:2])  # the path
        if not left[0]:
            if name == "save_file":
                arguments[1].write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    setattr(module, name, dying)

KILLS = {
    "in the first epoch": (finetuning, "augment", 2),
    "in the second epoch": (finetuning, "augment", 5),
    "in the third epoch": (finetuning, "augment", 8),  # not reached if the first is not repeated
    "while a state is written": (resume, "save_file", 1, "state"),
    "while results are written": (finetune, "write_table", 1, "history"),
}
for attempt in json.load(sys.stdin):
    child = os.fork()
    if not child:
        if attempt["kill"]:
            dies(*KILLS[attempt["kill"]])
        finetune.main(Files(attempt["inputs"]), Files(attempt["outputs"]), **attempt["settings"])
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
KILLS = ("in the first epoch", "in the second epoch", "while a state is written")
KILLS += ("while results are written",)


def write_study(folder):
    """Write the inputs of a small study, eight patients of five slices, and give their paths."""
    # With dropout, so that PyTorch's own random state matters.
    write_tiny(folder / "checkpoint", sees="sequence", frames=FRAMES, seed=7, steps=0)
    config = json.loads((folder / "checkpoint/config.json").read_text())
    write_json(config | {"hidden_dropout_prob": 0.1}, folder / "checkpoint/config.json")
    inputs = {"folder": folder / "checkpoint"} | write_tables(folder)
    inputs["description"], inputs["pixels"] = folder / "m.json", folder / "m.npy"
    facts = described(inputs["folder"], "sequence", frames=FRAMES) | {"weights_sha256": "0" * 64}
    write_json(facts, inputs["description"])
    pixels = np.random.default_rng(0).integers(0, 150, (40, 48, 48))
    np.save(inputs["pixels"], (pixels + 100 * BLEEDS[:, None, None]).astype(np.uint8))
    inputs = {name: str(path) for name, path in inputs.items()}
    return inputs | {name: [inputs[name]] for name in ("pixels", "rows")}  # of one shard


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    """Run the rule's script: undisturbed, killed, with inner patients, with other code.

    Returns the folder of the runs, and how each attempt ended.
    """
    root = tmp_path_factory.mktemp("attempts")
    inputs = write_study(root)
    settings = {"replicate": 1, "threads": 1, "labels": "scan", "folds": None, "seed": 0}
    settings |= {"shuffled": False, "sequence_rule": None, "code": "old"}
    settings |= {"encoder": settings_of("sequence", frames=FRAMES)}
    settings |= {"training": TRAINING}
    asked = [("undisturbed", None, {}), *(("killed", kill, {}) for kill in KILLS)]
    asked += [("killed", None, {}), ("held_out", None, {"folds": 3})]
    lora = {"training": TRAINING | {"trainable": {"lora": 2}}}
    asked += [("adapters", None, lora)]
    asked += [("adapters_killed", kill, lora) for kill in ("in the second epoch", None)]
    for run, code in (("same_code", "old"), ("other_code", "new")):
        asked += [(run, "in the second epoch", {}), (run, "in the third epoch", {"code": code})]
    names = {"fitted": "fitted", "history": "history.csv", "scores": "scores.csv"}
    names |= {"summary": "training.json"}
    jobs = [
        {
            "kill": kill,
            "inputs": inputs,
            "outputs": {key: str(root / run / name) for key, name in names.items()},
            "settings": settings | changes,
        }
        for run, kill, changes in asked
    ]
    answer = subprocess.run(
        [sys.executable, "-c", ATTEMPTS],
        input=json.dumps(jobs),
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    return root, [int(line) for line in answer.stdout.split()]


def results(folder):
    """Return the bytes of every output; how fast an epoch was is not a result."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    history = read_table(folder / "history.csv", HISTORY)
    return found | {"history.csv": history.drop(columns="images_per_second").to_csv()}


def test_killed_at_any_moment_it_ends_as_if_undisturbed(attempts):
    root, codes = attempts
    assert codes[:7] == [0, -9, -9, -9, -9, 0, 0]
    expected = results(root / "undisturbed")
    assert results(root / "killed") == expected
    assert sorted(expected) == [
        "fitted/fitted.json", "fitted/layer.safetensors", "fitted/model/config.json",
        "fitted/model/model.safetensors", "fitted/model/preprocessor_config.json", "history.csv",
        "scores.csv", "training.json",
    ]  # fmt: skip
    assert len(read_table(root / "killed/history.csv", HISTORY)) == TRAINING["epochs"]


def test_adapters_that_were_killed_end_as_if_undisturbed(attempts):
    root, codes = attempts
    assert codes[7:10] == [0, -9, 0]
    expected = results(root / "adapters")
    assert results(root / "adapters_killed") == expected
    whole = results(root / "undisturbed")
    assert expected.keys() == whole.keys()
    assert expected["scores.csv"] != whole["scores.csv"]


def test_what_was_stored_scores_the_test_scans_with_the_same_bytes(attempts, tmp_path):
    root, _ = attempts
    fitted = SimpleNamespace(
        fitted=root / "undisturbed/fitted",
        description=root / "m.json",
        pixels=[root / "m.npy"],
        rows=[root / "rows.csv"],
    )
    predict_finetuned.main(
        fitted, tmp_path / "s.csv", threads=1, shuffled=False, seed=0, replicate=1, subset="test"
    )
    lines = (tmp_path / "s.csv").read_text().splitlines()
    assert len(lines) == 1 + 8
    assert [lines[0], *lines[-2:]] == (root / "undisturbed/scores.csv").read_text().splitlines()
    facts = json.loads((root / "m.json").read_text())
    fitted.description = tmp_path / "other.json"
    write_json(facts | {"weights_sha256": "1" * 64}, fitted.description)
    with pytest.raises(InputError, match="its weights_sha256 is .*, and theirs 1+"):
        predict_finetuned.main(
            fitted, tmp_path / "s.csv", threads=1, shuffled=False, seed=0, replicate=1
        )


def test_other_code_starts_anew(attempts):
    _, codes = attempts
    assert codes[10:] == [-9, 0, -9, -9]


def test_scores_are_of_patients_that_were_not_learned_from(attempts):
    root, _ = attempts
    for run, subsets in (("killed", {"test"}), ("held_out", {"test", "held_out"})):
        scores = read_table(root / run / "scores.csv", SCORES)
        assert set(scores["subset"]) == subsets
        assert set(scores[scores["subset"] == "test"]["patient_id"]) == {"006", "007"}
        # A third of the six training patients, one of either class.
        assert (scores["subset"] == "held_out").sum() == 2 * ("held_out" in subsets)
        assert scores["probability"].between(0, 1).all()
        summary = json.loads((root / run / "training.json").read_text())
        assert summary.keys() == {"peak_rate", "epoch", "relative_weight_change"}
