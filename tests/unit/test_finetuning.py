"""Fine-tuning: the gradient, what is kept, and what test sees."""

import json
import shutil

import numpy as np
import pytest
import torch
import transformers

from ctseq.core.errors import InputError
from ctseq.encoders import loading
from ctseq.encoders.checkpoints import describe
from ctseq.encoders.tiny import write_tiny
from ctseq.families.pixels import finetuning
from ctseq.families.pixels.finetuning import FineTuning, finetune
from ctseq.families.pixels.pixel_rows import PixelExamples, probabilities
from ctseq.families.pixels.resume import Unfinished
from ctseq.families.pixels.trainable import choose_trainable, renew_head, save_model
from ctseq.imaging.preprocessing import Preprocessing
from processors import uses_all_instructions
from scans import EPOCHS, LABELS, SCANS, alone

pytestmark = pytest.mark.numerical

FRAMES = 4
KINDS = {"sequence": FRAMES, "slice": None}
SIDES = {"sequence": 48, "slice": 64}
STILL = {"mirror": False, "rotate_degrees": 0, "scale": 0, "shift": 0, "intensity": 0}
MOVING = {"mirror": True, "rotate_degrees": 10, "scale": 0.1, "shift": 0.1, "intensity": 0.1}
SETTINGS = {
    "trainable": "all", "learning_rate": 1e-3, "weight_decay": 0.01, "batch_size": 5, "epochs": 3,
    "warmup_steps": 2, "patience": 5, "loss": "cross_entropy", "focal_gamma": 2.0,
    "sampling": "shuffled", "augmentation": STILL, "precision": "float32", "micro_batch": 2,
    "gradient_checkpointing": False, "compile": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folder of a tiny checkpoint of each kind."""
    root = tmp_path_factory.mktemp("tiny")
    for kind, frames in KINDS.items():
        write_tiny(root / kind, sees=kind, frames=frames, seed=7, steps=0)
    return root


def loaded(folder, kind, *, renewed=True):
    facts = describe(folder, sees=kind, key="models.m", frames=KINDS[kind])
    encoder = loading.load(
        folder,
        sees=kind,
        preprocessing=Preprocessing.from_json(facts["preprocessing"]),
        device=torch.device("cpu"),
    )
    if renewed:
        renew_head(encoder, std=0.02, seed=[0, 1, 1])
    return encoder


def examples(kind, n=11):
    """Return rows of noise; the positive ones are brighter."""
    rng = np.random.default_rng(5)
    labels = np.arange(n) % 3 // 2
    each = FRAMES if kind == "sequence" else 1
    shape = (n * each, SIDES[kind], SIDES[kind])
    pixels = rng.integers(0, 150, shape, dtype=np.uint8) + np.repeat(labels * 100, each)[
        :, None, None
    ].astype(np.uint8)
    members = np.arange(n * each)
    members = members.reshape(n, each) if kind == "sequence" else members
    return PixelExamples(pixels, members, labels, alone(labels))


def train(encoder, rows, folder, *, choose=None, by="accuracy", seed=(0, 1), **changes):
    return finetune(
        encoder,
        rows,
        rows if choose is None else choose,
        settings=SETTINGS | changes,
        by=by,
        seed=list(seed),
        unfinished=Unfinished(folder / "unfinished", json.dumps(changes)),
    )


def weights(encoder):
    return {name: values.detach().clone() for name, values in encoder.model.named_parameters()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def gradient(encoder, rows, **changes):
    run = FineTuning(encoder, SETTINGS | changes, "accuracy", [0, 1], rows.labels)
    loss = run.accumulate(rows)
    return loss, torch.cat([p.grad.flatten() for p in run.weights.values()])


@pytest.mark.parametrize("loss", ["cross_entropy", "weighted", "focal"])
@pytest.mark.parametrize("kind", KINDS)
def test_accumulation_gives_the_gradient_of_the_whole_batch(kind, loss, tiny):
    rows = examples(kind, 5)
    options = {"loss": loss, "augmentation": MOVING}
    whole, expected = gradient(loaded(tiny / kind, kind), rows, micro_batch=5, **options)
    for size in (1, 2):
        value, found = gradient(loaded(tiny / kind, kind), rows, micro_batch=size, **options)
        assert value == pytest.approx(whole, rel=1e-5)
        assert (found - expected).norm() < 1e-5 * expected.norm()


def test_checkpointing_gives_the_same_gradient_or_says_that_there_is_none(tiny):
    rows = examples("sequence", 3)
    _, expected = gradient(loaded(tiny / "sequence", "sequence"), rows)
    _, found = gradient(loaded(tiny / "sequence", "sequence"), rows, gradient_checkpointing=True)
    assert torch.equal(found, expected)
    with pytest.raises(InputError, match=r"ConvNext\w+ has none\. Set it to false for this model"):
        gradient(loaded(tiny / "slice", "slice"), examples("slice", 3), gradient_checkpointing=True)


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_keeps_the_first_best_epoch(kind, tiny, tmp_path):
    encoder, rows = loaded(tiny / kind, kind), examples(kind)
    head = encoder.head.weight.detach().clone()
    history, summary = train(encoder, rows, tmp_path, epochs=12, patience=3)
    accuracy = history["tuning_accuracy"]
    best = accuracy.idxmax()  # the first of equal ones
    assert accuracy[best] == 1
    assert history["kept"].tolist() == [int(row == best) for row in range(len(history))]
    assert len(history) == min(12, best + 1 + 3)
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    assert (history["images_per_second"] > 0).all()
    assert summary["epoch"] == best + 1
    moved = np.linalg.norm(encoder.head.weight.detach() - head) / np.linalg.norm(head)
    assert summary["relative_weight_change"] == pytest.approx(moved, rel=1e-5)
    # The model is that of the kept epoch, not of the last.
    called = probabilities(encoder, rows, SETTINGS) > 0.5
    assert (called == rows.labels).mean() == accuracy[best]


@pytest.mark.parametrize(
    ("by", "scans", "kept"),
    [("accuracy", SCANS, 2), ("accuracy", alone(LABELS), 1), ("loss", SCANS, 1)],
)
def test_scans_choose_by_accuracy_and_rows_by_loss(by, scans, kept, tiny, monkeypatch):
    # By cross-entropy the first epoch is better, by scans the second.
    found = (torch.from_numpy(np.log(np.stack([1 - p, p], axis=1))) for p in EPOCHS)
    monkeypatch.setattr(finetuning, "logits", lambda *_: next(found))
    run = FineTuning(loaded(tiny / "slice", "slice"), SETTINGS, by, [0, 1], LABELS)
    tune = PixelExamples(np.zeros((9, 1, 1), np.uint8), np.arange(9), LABELS, scans)
    for _ in EPOCHS:
        run.epoch += 1
        run.evaluate(tune, 0.5, 1.0)
    assert run.best == kept
    assert [row["tuning_loss"] for row in run.history] == pytest.approx([0.286, 0.376], abs=1e-3)


def test_the_schedule_ends_at_zero(tiny, tmp_path):
    history, _ = train(loaded(tiny / "slice", "slice"), examples("slice"), tmp_path)
    # 3 steps an epoch, 2 of them warm-up: after 3, 6 and 9 of 9 steps.
    assert history["learning_rate"].tolist() == pytest.approx([1e-3 * 6 / 7, 1e-3 * 3 / 7, 0])


def test_it_repeats_and_follows_its_seed(tiny, tmp_path):
    runs = []
    for number, seed in enumerate([(0, 1), (0, 1), (0, 2)]):
        encoder = loaded(tiny / "sequence", "sequence")
        rows = examples("sequence")
        train(encoder, rows, tmp_path / str(number), seed=seed, augmentation=MOVING, epochs=2)
        runs.append(weights(encoder))
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_test_is_neither_augmented_nor_resampled(tiny, tmp_path):
    encoder, rows = loaded(tiny / "sequence", "sequence"), examples("sequence")
    choose = rows[np.array([7, 2, 10, 4])]
    seen = {True: [], False: []}
    encoder.model.register_forward_pre_hook(
        lambda model, _, inputs: seen[model.training].append(inputs["pixel_values"].clone()),
        with_kwargs=True,
    )
    train(encoder, rows, tmp_path, choose=choose, augmentation=MOVING, sampling="balanced")
    expected = loading.pixel_values(encoder, choose.grey)
    epochs = torch.cat(seen[False]).unflatten(0, (SETTINGS["epochs"], len(choose)))
    assert all(torch.equal(epoch, expected) for epoch in epochs)
    # While training rows are not what they were.
    known = {bytes(row.numpy()) for row in loading.pixel_values(encoder, rows.grey)}
    assert not any(bytes(row.numpy()) in known for row in torch.cat(seen[True]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_blocks_and_what_follows_are_trained_alone(kind, tiny, tmp_path):
    encoder = loaded(tiny / kind, kind)
    before = weights(encoder)
    train(encoder, examples(kind), tmp_path, trainable={"last_blocks": 1}, epochs=1)
    after = weights(encoder)
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert "classifier.weight" in moved
    block = {"sequence": "vivit.layers.1.", "slice": "convnext.encoder.stages.3.layers.0."}[kind]
    norm = {"sequence": "vivit.layernorm.", "slice": "convnext.layernorm."}[kind]
    assert all(name.startswith((block, norm, "classifier.")) for name in moved)
    assert {name.split(".")[-2] for name in moved if name.startswith(norm)}


def test_more_blocks_than_there_are_is_an_error(tiny):
    with pytest.raises(InputError, match=r"last 3 blocks, but VivitForVideo\w+ has 2"):
        choose_trainable(loaded(tiny / "sequence", "sequence").model, {"last_blocks": 3})


def test_batch_norms_keep_their_statistics(tiny, tmp_path):
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=3
    )
    shutil.copytree(tiny / "slice", tmp_path / "c")
    torch.manual_seed(0)
    transformers.ResNetForImageClassification(config).save_pretrained(tmp_path / "c")
    encoder = loaded(tmp_path / "c", "slice")
    before = {n: b.clone() for n, b in encoder.model.named_buffers() if "running" in n}
    assert before
    train(encoder, examples("slice"), tmp_path, epochs=1)
    assert all(torch.equal(encoder.model.get_buffer(name), before[name]) for name in before)


@uses_all_instructions
def test_bfloat16_is_near_and_auto_is_float32_on_a_cpu(tiny):
    # Of images: PyTorch 2.13 cannot compute attention in bfloat16 where ATEN_CPU_CAPABILITY hides
    # a processor's AVX-512.
    rows, found = examples("slice"), {}
    for precision in ("float32", "auto", "bfloat16"):
        settings = SETTINGS | {"precision": precision}
        found[precision] = probabilities(loaded(tiny / "slice", "slice"), rows, settings)
    np.testing.assert_array_equal(found["auto"], found["float32"])
    apart = abs(found["bfloat16"] - found["float32"]).max()
    assert 0 < apart < 0.02


def test_diverging_is_an_error(tiny, tmp_path):
    with pytest.raises(InputError, match=r"diverged in epoch 1.*training\.learning_rate"):
        train(loaded(tiny / "slice", "slice"), examples("slice"), tmp_path, learning_rate=1e30)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_is_a_checkpoint(kind, tiny, tmp_path):
    # Of three classes, so that the head changes shape.
    config = json.loads((tiny / kind / "config.json").read_text())
    model = transformers.AutoConfig.for_model(**config | {"num_labels": 3})
    architecture = getattr(transformers, config["architectures"][0])
    shutil.copytree(tiny / kind, tmp_path / "three")
    architecture(model).save_pretrained(tmp_path / "three")
    encoder, rows = loaded(tmp_path / "three", kind), examples(kind)
    train(encoder, rows, tmp_path, epochs=1)
    save_model(encoder, tmp_path / "three", tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "config.json", "model.safetensors", "preprocessor_config.json"
    ]  # fmt: skip
    assert str(tmp_path) not in (tmp_path / "model/config.json").read_text()
    again = loaded(tmp_path / "model", kind, renewed=False)
    assert again.model.config.id2label == {0: "no hemorrhage", 1: "hemorrhage"}
    np.testing.assert_array_equal(
        probabilities(again, rows, SETTINGS), probabilities(encoder, rows, SETTINGS)
    )
