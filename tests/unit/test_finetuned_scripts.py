"""The scripts that fine-tune and predict: any pooling, subfolder, frames and windows are stored."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers

import finetune
import predict_finetuned
from architectures import FRAMES, SIDE, write_checkpoint
from ctseq.core.errors import InputError
from ctseq.core.files import read_json, write_json
from ctseq.core.tables import read_table
from ctseq.replicates.tables import SCORES
from encoders import described, loaded, settings_of
from tuned import BLEEDS, TRAINING, write_tables

pytestmark = pytest.mark.numerical

WINDOWS = ["40/80", "80/200", "40/380"]


class Inputs(SimpleNamespace):
    """Inputs as Snakemake has them: by name, and in turn."""

    def __iter__(self):
        for value in vars(self).values():
            yield from value if isinstance(value, list) else [value]


CASES = {
    "cls+mean": (transformers.Dinov2Model, "slice", {"pooling": "cls+mean"}),
    "a pooler that is missing": (transformers.ViTModel, "slice", {"pooling": "mean"}),
    "the tower of a subfolder": (
        transformers.CLIPModel, "slice", {"pooling": "pooler", "subfolder": "inner/one"},
    ),
    "more frames": (
        transformers.VivitForVideoClassification, "sequence", {"frames": 2 * FRAMES},
    ),
    "fewer frames from zero": (
        transformers.TimesformerForVideoClassification, "sequence",
        {"frames": 2, "position_embeddings": "fresh"},
    ),
    "computed frames": (
        transformers.VideoMAEModel, "sequence", {"frames": 2 * FRAMES, "subfolder": "inner/one"},
    ),
}  # fmt: skip


@pytest.fixture(params=CASES)
def inputs(request, tmp_path):
    """Write a checkpoint, its description and the three windows of every slice."""
    architecture, sees, changes = CASES[request.param]
    folder = tmp_path / "checkpoint"
    own = folder / changes.get("subfolder", "")
    write_checkpoint(architecture.config_class.model_type, architecture, own)
    if architecture is transformers.ViTModel:
        weights = transformers.ViTModel.from_pretrained(own, add_pooling_layer=False)
        weights.save_pretrained(own)
    tables = write_tables(tmp_path)
    paths = {"folder": folder, "description": tmp_path / "e.json"} | tables
    facts = described(folder, sees, window=WINDOWS, **changes) | {"weights_sha256": "0" * 64}
    write_json(facts, paths["description"])
    pixels = np.random.default_rng(0).integers(0, 150, (len(BLEEDS), 3, SIDE, SIDE))
    bright = 100 * BLEEDS[:, None, None, None]
    np.save(tmp_path / "e.npy", (pixels + bright).astype(np.uint8))
    return Inputs(**paths | {"pixels": [tmp_path / "e.npy"], "rows": [tables["rows"]]})


def tuned(inputs, folder, **training):
    """Fine-tune a model, and return its outputs."""
    names = {"fitted": "fitted", "history": "history.csv", "scores": "scores.csv"}
    names |= {"summary": "training.json"}
    outputs = SimpleNamespace(**{name: folder / file for name, file in names.items()})
    settings = read_json(inputs.description)["settings"]
    finetune.main(
        inputs, outputs, code="", threads=1, encoder=settings, shuffled=False, labels="scan",
        sequence_rule="mean" if settings["sees"] == "slice" else None, folds=None, seed=0,
        replicate=1, training=TRAINING | {"epochs": 1, "patience": 1} | training,
    )  # fmt: skip
    return outputs


def predicted(inputs, fitted, path):
    predict_finetuned.main(
        SimpleNamespace(**vars(inputs), fitted=fitted), path, threads=1, shuffled=False, seed=0,
        replicate=1,
    )  # fmt: skip
    return read_table(path, SCORES)


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_what_is_stored_scores_the_same_and_is_an_encoder_of_its_own(inputs, tmp_path):
    outputs = tuned(inputs, tmp_path / "a")
    scores = read_table(outputs.scores, SCORES)
    everyone = predicted(inputs, outputs.fitted, tmp_path / "external.csv")
    same = everyone[everyone["patient_id"].isin(set(scores["patient_id"]))]
    assert same["probability"].tolist() == scores["probability"].tolist()
    # The same bytes when it is done again, and for everybody to read.
    assert contents(outputs.fitted) == contents(tuned(inputs, tmp_path / "b").fitted)
    (tmp_path / "plain").touch()
    files = [path for path in outputs.fitted.rglob("*") if path.is_file()]
    assert {path.stat().st_mode for path in files} == {(tmp_path / "plain").stat().st_mode}
    facts = read_json(inputs.description)
    settings, model = facts["settings"], outputs.fitted / "model"
    asked = {"pooling": settings["pooling"]}
    found = json.loads(json.dumps(described(model, settings["sees"], **asked)))
    for key in ("pooling", "frames", "width", "preprocessing"):
        assert found[key] == facts[key]
    first, second = (
        loaded(folder, settings["sees"], **changes).model.state_dict()
        for folder, changes in (
            (model, asked),
            (inputs.folder, {k: settings[k] for k in asked | {"frames": 0, "subfolder": 0}}),
        )
    )
    assert first.keys() == second.keys()
    assert any(not torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("inputs", ["cls+mean"], indirect=True)
def test_a_model_predicts_in_the_precision_that_it_was_trained_in(inputs, tmp_path, monkeypatch):
    made_for_it = {"amx_bf16": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: made_for_it)
    outputs = tuned(inputs, tmp_path / "a", precision="auto")
    assert read_json(outputs.fitted / "fitted.json")["precision"] == "bfloat16"
    before = predicted(inputs, outputs.fitted, tmp_path / "before.csv")
    made_for_it.clear()
    after = predicted(inputs, outputs.fitted, tmp_path / "after.csv")
    assert before["probability"].tolist() == after["probability"].tolist()


@pytest.mark.parametrize("inputs", ["cls+mean"], indirect=True)
def test_pixels_for_another_encoder_are_refused(inputs, tmp_path):
    outputs = tuned(inputs, tmp_path / "a")
    facts = read_json(inputs.description)
    inputs.description = tmp_path / "other.json"
    for changed, message in (
        ({"pooling": "cls"}, r"its pooling is cls\+mean, and theirs cls"),
        ({"settings": settings_of(window="40/80")}, r"its settings is .*'window': \['40/80', .*"),
    ):
        write_json(facts | changed, inputs.description)
        with pytest.raises(InputError, match=message):
            predicted(inputs, outputs.fitted, tmp_path / "external.csv")
