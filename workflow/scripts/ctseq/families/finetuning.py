"""Training of a whole model, or of its last blocks, from packed pixels."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from ctseq.cache.row_arrays import RowArrays
from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.core.seeds import AUGMENTATION, MODEL, ORDER
from ctseq.encoders.backbones import Backbone, pixel_values
from ctseq.encoders.devices import autocast, be_deterministic
from ctseq.families.losses import class_weights, row_loss
from ctseq.families.resume import Tensors, Unfinished
from ctseq.families.sampling import epoch_order
from ctseq.families.schedule import learning_rate_share
from ctseq.families.trainable import choose_trainable
from ctseq.imaging.augmentation import augment


@dataclass(frozen=True)
class Examples:
    """What a model sees and should say.

    Attributes
    ----------
    pixels
        Packed slices, uint8, shape (slices, height, width).
    members
        Which of them make a row: shape (rows,) for images, (rows, frames) for sequences.
    labels
        0 or 1, shape (rows,).
    """

    pixels: RowArrays
    members: np.ndarray
    labels: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Examples":
        return Examples(self.pixels, self.members[rows], self.labels[rows])

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def grey(self) -> np.ndarray:
        """Grey values of all rows, read from the packed slices."""
        return self.pixels[self.members]

    def pieces(self, size: int) -> "Iterator[Examples]":
        """Cut into pieces of at most `size` rows."""
        return (self[slice(at, at + size)] for at in range(0, len(self), size))


def finetune(
    backbone: Backbone,
    train: Examples,
    choose: Examples,
    *,
    settings: Mapping[str, Any],
    seed: Sequence[int],
    unfinished: Unfinished,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Train a model with AdamW and leave it as it was after its best epoch.

    Learning rate, early stopping and what is kept are those of `training.train` by accuracy. Rows
    are taken `micro_batch` at a time, and their gradients added up to those of a batch. Batch norms
    keep the checkpoint's statistics, since those of so few rows would be noise.

    Parameters
    ----------
    backbone
        With its new head (`trainable.renew_head`). Its model is changed in place.
    train, choose
        Rows to learn from, and rows to choose the epoch on; the latter are neither augmented nor
        resampled.
    settings
        The section `training` of the configuration.
    seed
        Of the replicate; each random choice has its stream.
    unfinished
        Where the state is kept after each epoch, and where one is looked for first.

    Returns
    -------
    history
        One row an epoch: `tables.HISTORY`.
    summary
        ``peak_rate``, the kept ``epoch``, and the ``relative_weight_change`` of the final layer:
        the length of the change of its weights relative to their initial length.

    Raises
    ------
    InputError
        If training diverges, or the architecture lacks what `settings` ask for.
    """
    run = _Run(backbone, settings, seed, train.labels)
    head = backbone.head.weight.detach().clone()
    run.restore(unfinished)
    while run.epoch < settings["epochs"] and run.epoch - run.best < settings["patience"]:
        began = time.perf_counter()
        loss = run.learn(train)
        speed = train.members.size / (time.perf_counter() - began)
        run.judge(choose, loss, speed)
        if run.best == run.epoch:
            unfinished.save_best(run.weights, run.epoch)
        unfinished.save(*run.state())
        unfinished.forget(but=run.best)
    with torch.no_grad():
        for name, values in unfinished.load_best(run.best, backbone.device).items():
            run.weights[name].copy_(values)
    history = pd.DataFrame(run.history).assign(peak_rate=settings["learning_rate"])
    history["kept"] = (history["epoch"] == run.best).astype(int)
    relative_weight_change = (backbone.head.weight.detach() - head).norm() / head.norm()
    summary = {"peak_rate": settings["learning_rate"], "epoch": run.best}
    return history, summary | {"relative_weight_change": relative_weight_change.item()}


def probabilities(
    backbone: Backbone, examples: Examples, settings: Mapping[str, Any]
) -> np.ndarray:
    """Give the probability of hemorrhage of each row, float64, shape (rows,)."""
    return torch.softmax(_logits(backbone, examples, settings), dim=1)[:, 1].numpy()


@torch.no_grad()
def _logits(backbone: Backbone, examples: Examples, settings: Mapping[str, Any]) -> torch.Tensor:
    """Give the logits of rows as they are, in double precision, shape (rows, 2)."""
    backbone.model.eval()
    with autocast(settings["precision"], backbone.device):
        pieces = [_forward(backbone, p.grey) for p in examples.pieces(settings["micro_batch"])]
    return torch.cat(pieces).cpu().double()


def _forward(backbone: Backbone, grey: np.ndarray) -> torch.Tensor:
    return backbone.model(**{backbone.model.main_input_name: pixel_values(backbone, grey)}).logits


@dataclass
class _Run:
    """A training in progress."""

    backbone: Backbone
    settings: Mapping[str, Any]
    seed: Sequence[int]
    labels: np.ndarray
    epoch: int = 0
    step: int = 0
    best: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings, model, device = self.settings, self.backbone.model, self.backbone.device
        be_deterministic(device)
        streams = [np.random.SeedSequence([*self.seed, n]) for n in (ORDER, AUGMENTATION, MODEL)]
        self.order, self.changes = map(np.random.default_rng, streams[:2])
        # For what is random in the model itself: dropout, stochastic depth.
        torch.manual_seed(int(streams[2].generate_state(1)[0]))
        choose_trainable(model, settings["trainable"])
        if settings["gradient_checkpointing"]:
            if not model.supports_gradient_checkpointing:
                raise InputError(
                    f"training.gradient_checkpointing is true, but {type(model).__name__} has "
                    "none. Set it to false for this model: models.<name>.training."
                )
            model.activation_checkpointing_enable()
        if settings["compile"]:
            model.compile()
        self.weights = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            self.weights.values(),
            lr=settings["learning_rate"],
            weight_decay=settings["weight_decay"],
            fused=True,
        )
        self.class_weights = torch.from_numpy(class_weights(self.labels)).to(device)
        self.n_steps = -(-len(self.labels) // settings["batch_size"]) * settings["epochs"]

    @property
    def rate(self) -> float:
        warmup = self.settings["warmup_steps"]
        share = learning_rate_share(self.step, warmup_steps=warmup, n_steps=self.n_steps)
        return self.settings["learning_rate"] * share

    def learn(self, train: Examples) -> float:
        """Go through the rows of one epoch and give their mean loss."""
        model = self.backbone.model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()
        order = epoch_order(train.labels, how=self.settings["sampling"], rng=self.order)
        total = 0.0
        batches = train[order].pieces(self.settings["batch_size"])
        rows_of = f"rows of epoch {self.epoch + 1}"
        for batch in progress(batches, total=len(order), unit=rows_of, weigh=len):
            total += self.accumulate(batch) * len(batch)
            self.optimizer.param_groups[0]["lr"] = self.rate
            self.optimizer.step()
            self.step += 1
        self.epoch += 1
        return total / len(order)

    def accumulate(self, batch: Examples) -> float:
        """Put the gradient of a batch's mean loss in place, piece by piece, and give the loss."""
        self.optimizer.zero_grad()
        settings, device = self.settings, self.backbone.device
        labels = torch.from_numpy(batch.labels).to(device)
        weighted = settings["loss"] == "weighted"
        weight = self.class_weights[labels].sum() if weighted else float(len(batch))
        total = 0.0
        for piece in batch.pieces(settings["micro_batch"]):
            grey = augment(piece.grey, settings=settings["augmentation"], rng=self.changes)
            with autocast(settings["precision"], device):
                logits = _forward(self.backbone, grey)
            losses = row_loss(
                logits,
                torch.from_numpy(piece.labels).to(device),
                kind=settings["loss"],
                class_weights=self.class_weights,
                gamma=settings["focal_gamma"],
            )
            loss = losses.sum() / weight
            loss.backward()
            total += loss.item()
        return total

    def judge(self, choose: Examples, loss: float, speed: float) -> None:
        """Write down how an epoch went, and whether it is the best so far."""
        logits = _logits(self.backbone, choose, self.settings)
        labels = torch.from_numpy(choose.labels)
        judged = functional.cross_entropy(logits, labels).item()
        accuracy = (logits.argmax(1) == labels).double().mean().item()
        if not np.isfinite(loss) or not np.isfinite(judged):
            raise InputError(
                f"Training diverged in epoch {self.epoch}: the loss is no longer a number. Lower "
                f"training.learning_rate (now {self.settings['learning_rate']})."
            )
        if not self.best or accuracy > self.history[self.best - 1]["tuning_accuracy"]:
            self.best = self.epoch
        self.history.append(
            {
                "epoch": self.epoch,
                "train_loss": loss,
                "tuning_loss": judged,
                "tuning_accuracy": accuracy,
                "learning_rate": self.rate,
                "images_per_second": speed,
            }
        )

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Give all that a later process needs to go on as this one would: tensors and facts."""
        tensors = {f"weights/{name}": values for name, values in self.weights.items()}
        for name, values in self.weights.items():
            own = self.optimizer.state.get(values, {})
            tensors |= {f"optimizer/{key}/{name}": moment for key, moment in own.items()}
        tensors["random/cpu"] = torch.get_rng_state()
        if self.backbone.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.backbone.device)
        facts = {"epoch": self.epoch, "step": self.step, "best": self.best}
        facts |= {"history": self.history}
        facts |= {"order": self.order.bit_generator.state}
        facts |= {"changes": self.changes.bit_generator.state}
        return tensors, facts

    def restore(self, unfinished: Unfinished) -> None:
        """Take over the state of an earlier process, if there is one."""
        found = unfinished.load(self.backbone.device)
        if found is None:
            return
        tensors, facts = found
        with torch.no_grad():
            for name, values in self.weights.items():
                values.copy_(tensors[f"weights/{name}"])
        for name in tensors:
            kind, _, rest = name.partition("/")
            if kind == "optimizer":
                key, _, weight = rest.partition("/")
                self.optimizer.state[self.weights[weight]][key] = tensors[name]
        torch.set_rng_state(tensors["random/cpu"].cpu())
        if self.backbone.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random/cuda"].cpu(), self.backbone.device)
        self.epoch, self.step, self.best = facts["epoch"], facts["step"], facts["best"]
        self.history = facts["history"]
        self.order.bit_generator.state = facts["order"]
        self.changes.bit_generator.state = facts["changes"]
