"""Fine-tuning: the gradient, what is kept, and what test sees."""

import shutil

import numpy as np
import pytest
import torch
import transformers

from ctseq.core.errors import InputError
from ctseq.encoders.devices import taken_precision
from ctseq.families.pixels import finetuning
from ctseq.families.pixels.finetuning import FineTuning
from ctseq.families.pixels.pixel_rows import PixelExamples
from ctseq.families.pixels.trainable import (
    choose_trainable,
)
from processors import uses_all_instructions
from scans import EPOCHS, LABELS, SCANS, alone
from tunable import (
    FRAMES_OF,
    MOVING,
    SETTINGS,
    examples,
    loaded,
    same,
    scored,
    train,
    weights,
    write_each,
)

pytestmark = pytest.mark.numerical


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folder of a tiny checkpoint of each sees."""
    return write_each(tmp_path_factory.mktemp("tiny"))


def gradient(encoder, rows, **changes):
    run = FineTuning(encoder, SETTINGS | changes, "accuracy", [0, 1], rows.labels)
    loss = run.accumulate(rows)
    return loss, torch.cat([p.grad.flatten() for p in run.weights.values()])


@pytest.mark.parametrize("loss", ["cross_entropy", "weighted", "focal"])
@pytest.mark.parametrize("sees", FRAMES_OF)
def test_accumulation_gives_the_gradient_of_the_whole_batch(sees, loss, tiny):
    rows = examples(sees, 5)
    options = {"loss": loss, "augmentation": MOVING}
    whole, expected = gradient(loaded(tiny / sees, sees), rows, micro_batch=5, **options)
    for size in (1, 2):
        value, found = gradient(loaded(tiny / sees, sees), rows, micro_batch=size, **options)
        assert value == pytest.approx(whole, rel=1e-5)
        assert (found - expected).norm() < 1e-5 * expected.norm()


def test_checkpointing_gives_the_same_gradient_or_says_that_there_is_none(tiny):
    rows = examples("sequence", 3)
    _, expected = gradient(loaded(tiny / "sequence", "sequence"), rows)
    _, found = gradient(loaded(tiny / "sequence", "sequence"), rows, gradient_checkpointing=True)
    assert torch.equal(found, expected)
    with pytest.raises(InputError, match=r"ConvNext\w+ has none\. Set it to false for this model"):
        gradient(loaded(tiny / "slice", "slice"), examples("slice", 3), gradient_checkpointing=True)


@pytest.mark.parametrize("sees", FRAMES_OF)
def test_it_learns_and_keeps_the_first_best_epoch(sees, tiny, tmp_path):
    encoder, rows = loaded(tiny / sees, sees), examples(sees)
    head = encoder.layer.weight.detach().clone()
    history, summary = train(encoder, rows, tmp_path, epochs=12, patience=3)
    accuracy = history["tuning_accuracy"]
    best = accuracy.idxmax()  # the first of equal ones
    assert accuracy[best] == 1
    assert history["kept"].tolist() == [int(row == best) for row in range(len(history))]
    assert len(history) == min(12, best + 1 + 3)
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    assert (history["images_per_second"] > 0).all()
    assert summary["epoch"] == best + 1
    moved = np.linalg.norm(encoder.layer.weight.detach() - head) / np.linalg.norm(head)
    assert summary["relative_weight_change"] == pytest.approx(moved, rel=1e-5)
    # The model is that of the kept epoch, not of the last.
    called = scored(encoder, rows) > 0.5
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
    values_of = encoder.encoder.pixel_values
    expected = values_of(choose.grey)
    epochs = torch.cat(seen[False]).unflatten(0, (SETTINGS["epochs"], len(choose)))
    assert all(torch.equal(epoch, expected) for epoch in epochs)
    # While training rows are not what they were.
    known = {bytes(row.numpy()) for row in values_of(rows.grey)}
    assert not any(bytes(row.numpy()) in known for row in torch.cat(seen[True]))


@pytest.mark.parametrize("sees", FRAMES_OF)
def test_the_last_blocks_and_what_follows_are_trained_alone(sees, tiny, tmp_path):
    encoder = loaded(tiny / sees, sees)
    before = weights(encoder)
    train(encoder, examples(sees), tmp_path, trainable={"last_blocks": 1}, epochs=1)
    after = weights(encoder)
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert "layer.weight" in moved
    block = {"sequence": "vivit.layers.1.", "slice": "convnext.encoder.stages.3.layers.0."}[sees]
    norm = {"sequence": "vivit.layernorm.", "slice": "convnext.layernorm."}[sees]
    block, norm = f"model.{block}", f"model.{norm}"
    assert all(name.startswith((block, norm, "layer.")) for name in moved)
    assert {name.split(".")[-2] for name in moved if name.startswith(norm)}


def test_more_blocks_than_there_are_is_an_error(tiny):
    model = loaded(tiny / "sequence", "sequence").model
    with pytest.raises(InputError, match=r"last 3 blocks, but VivitForVideo\w+ has 2"):
        choose_trainable(model, {"last_blocks": 3}, seed=[0])


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
def test_bfloat16_is_near_and_auto_is_what_the_processor_is_made_for(tiny):
    # Of images: PyTorch 2.13 cannot compute attention in bfloat16 where ATEN_CPU_CAPABILITY hides
    # a processor's AVX-512.
    rows, found = examples("slice"), {}
    for precision in ("float32", "auto", "bfloat16"):
        settings = SETTINGS | {"precision": precision}
        found[precision] = scored(loaded(tiny / "slice", "slice"), rows, settings)
    taken = taken_precision("auto", torch.device("cpu"))
    np.testing.assert_array_equal(found["auto"], found[taken])
    apart = abs(found["bfloat16"] - found["float32"]).max()
    assert 0 < apart < 0.02


def test_diverging_is_an_error(tiny, tmp_path):
    with pytest.raises(InputError, match=r"diverged in epoch 1.*training\.learning_rate"):
        train(loaded(tiny / "slice", "slice"), examples("slice"), tmp_path, learning_rate=1e30)
