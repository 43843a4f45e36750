"""Fine-tuning of a model, of its last blocks or of low-rank adapters, on packed pixels."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from ctseq.core.errors import InputError
from ctseq.core.progress import progress
from ctseq.core.seeds import ADAPTERS, AUGMENTATION, MODEL, ORDER
from ctseq.encoders.devices import autocast, be_deterministic
from ctseq.families.heads import relative_weight_change
from ctseq.families.losses import class_weights, row_losses
from ctseq.families.optimiser import learning_rate_share
from ctseq.families.pixels.lora import merge_adapters
from ctseq.families.pixels.pixel_rows import PixelExamples, logits
from ctseq.families.pixels.resume import Tensors, Unfinished
from ctseq.families.pixels.trainable import FineTuned, choose_trainable
from ctseq.families.sampling import epoch_order
from ctseq.families.ties import improves
from ctseq.imaging.augmentation import augment

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def finetune(
    fitted: FineTuned,
    train: PixelExamples,
    tune: PixelExamples,
    *,
    settings: Mapping[str, Any],
    by: str,
    seed: Sequence[int],
    unfinished: Unfinished,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Train a model with AdamW, restore its best epoch, and merge adapters into its layers.

    Learning rate, early stopping and best epoch are as in `training.train`. Rows are computed
    `micro_batch` at a time, and their gradients summed over a batch. Batch norms keep the
    checkpoint's statistics, since those of so few rows would be noise.

    Parameters
    ----------
    fitted
        A model with a new layer (`trainable.with_new_layer`), changed in place.
    train, tune
        Rows to learn from, and rows to choose the epoch on, which are neither augmented nor
        resampled.
    settings, seed
        The section `training` of the configuration, and the seed of the replicate.
    by
        What makes an epoch better: a higher ``accuracy`` of the scans of `tune`, or a lower
        ``loss`` of its rows.
    unfinished
        Keeps the state after each epoch; training continues from the one that is found there.

    Returns
    -------
    history
        `tables.HISTORY`, one row an epoch.
    summary
        ``peak_rate``, the kept ``epoch``, and the ``relative_weight_change`` of the final layer.

    Raises
    ------
    InputError
        If training diverges, or the architecture lacks what `settings` ask for.
    """
    run = FineTuning(fitted, settings, by, seed, train.labels)
    initial = fitted.layer.weight.detach().cpu().numpy().copy()
    run.restore(unfinished)
    while run.epoch < settings["epochs"] and run.epoch - run.best < settings["patience"]:
        began = time.perf_counter()
        loss = run.learn(train)
        speed = train.members.size / (time.perf_counter() - began)
        run.evaluate(tune, loss, speed)
        if run.best == run.epoch:
            unfinished.save_best(run.weights, run.epoch)
        unfinished.save(*run.state())
        unfinished.remove_all_but(run.best)
    with torch.no_grad():
        for name, values in unfinished.load_best(run.best, fitted.encoder.device).items():
            run.weights[name].copy_(values)
    merge_adapters(fitted.model)
    history = pd.DataFrame(run.history).assign(
        setting=1,
        peak_rate=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
        dropout=0.0,
        size=pd.NA,
    )
    history["kept"] = (history["epoch"] == run.best).astype(int)
    change = relative_weight_change(initial, fitted.layer.weight.detach().cpu().numpy())
    return history, {
        "peak_rate": settings["learning_rate"],
        "epoch": run.best,
        "relative_weight_change": change,
    }


@dataclass
class FineTuning:
    """A training in progress: its finished epochs and steps, best epoch, and history.

    `labels` are those of the rows to learn from; the other arguments are those of `finetune`.
    """

    fitted: FineTuned
    settings: Mapping[str, Any]
    by: str
    seed: Sequence[int]
    labels: np.ndarray
    epoch: int = 0
    step: int = 0
    best: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings, model, device = self.settings, self.fitted.model, self.device
        be_deterministic(device)
        self.order_rng = np.random.default_rng([*self.seed, ORDER])
        self.augmentation_rng = np.random.default_rng([*self.seed, AUGMENTATION])
        # What is random in the model itself: dropout, stochastic depth.
        (own,) = np.random.SeedSequence([*self.seed, MODEL]).generate_state(1)
        torch.manual_seed(int(own))
        choose_trainable(model, settings["trainable"], seed=[*self.seed, ADAPTERS])
        if settings["gradient_checkpointing"]:
            if not getattr(model, "supports_gradient_checkpointing", False):
                raise InputError(
                    f"training.gradient_checkpointing is true, but {type(model).__name__} has "
                    "none. Set it to false for this model: models.<name>.training."
                )
            model.activation_checkpointing_enable()
        if settings["compile"]:
            model.compile()
        own = self.fitted.named_parameters()
        self.weights = {name: p for name, p in own if p.requires_grad}
        rates = {"lr": settings["learning_rate"], "weight_decay": settings["weight_decay"]}
        self.optimizer = torch.optim.AdamW(self.weights.values(), **rates, fused=True)
        self.class_weights = torch.from_numpy(class_weights(self.labels, settings)).to(device)
        self.n_steps = -(-len(self.labels) // settings["batch_size"]) * settings["epochs"]

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.fitted.encoder.device

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        warmup = self.settings["warmup_steps"]
        share = learning_rate_share(self.step, warmup_steps=warmup, n_steps=self.n_steps)
        return self.settings["learning_rate"] * share

    def learn(self, train: PixelExamples) -> float:
        """Train for one epoch and return the mean loss of its rows."""
        model = self.fitted.train()
        for module in model.modules():
            if isinstance(module, _BATCH_NORMS):
                module.eval()
        balanced = self.settings["sampling"] == "balanced"
        order = epoch_order(train.labels, balanced=balanced, rng=self.order_rng)
        total = 0.0
        batches = train[order].pieces(self.settings["batch_size"])
        unit = f"rows of epoch {self.epoch + 1}"
        for batch in progress(batches, total=len(order), unit=unit, weigh=len):
            total += self.accumulate(batch) * len(batch)
            self.optimizer.param_groups[0]["lr"] = self.rate
            self.optimizer.step()
            self.step += 1
        self.epoch += 1
        return total / len(order)

    def accumulate(self, batch: PixelExamples) -> float:
        """Compute the gradient of a batch's mean loss piece by piece, and return the loss."""
        self.optimizer.zero_grad()
        settings, device = self.settings, self.device
        total_weight = self.class_weights[torch.from_numpy(batch.labels).to(device)].sum()
        total = 0.0
        for piece in batch.pieces(settings["micro_batch"]):
            grey = augment(piece.grey, settings=settings["augmentation"], rng=self.augmentation_rng)
            with autocast(settings["precision"], device):
                outputs = self.fitted(grey)
            labels = torch.from_numpy(piece.labels).to(device)
            losses = row_losses(outputs, labels, settings) * self.class_weights[labels]
            loss = losses.sum() / total_weight
            loss.backward()
            total += loss.item()
        return total

    def evaluate(self, tune: PixelExamples, train_loss: float, speed: float) -> None:
        """Add an epoch to the history, and note whether it is the best so far."""
        outputs = logits(self.fitted, tune.pixels, tune.members, self.settings)
        labels = torch.from_numpy(tune.labels)
        loss = functional.cross_entropy(outputs, labels).item()
        accuracy = tune.scans.accuracy(torch.softmax(outputs, dim=1)[:, 1].numpy())
        if not np.isfinite(train_loss) or not np.isfinite(loss):
            raise InputError(
                f"Training diverged in epoch {self.epoch}: the loss is no longer a number. Lower "
                f"training.learning_rate (now {self.settings['learning_rate']})."
            )
        self.history.append(
            {
                "epoch": self.epoch,
                "train_loss": train_loss,
                "tuning_loss": loss,
                "tuning_accuracy": accuracy,
                "learning_rate": self.rate,
                "images_per_second": speed,
            }
        )
        best = self.score(self.best) if self.best else -np.inf
        if improves(self.score(self.epoch), best):
            self.best = self.epoch

    def score(self, epoch: int) -> float:
        """Return how good an epoch is: the higher, the better."""
        row = self.history[epoch - 1]
        return {"accuracy": row["tuning_accuracy"], "loss": -row["tuning_loss"]}[self.by]

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return all that another process needs to continue: tensors, and facts for JSON."""
        tensors = {f"weights/{name}": values for name, values in self.weights.items()}
        for name, values in self.weights.items():
            own = self.optimizer.state.get(values, {})
            tensors |= {f"optimizer/{key}/{name}": moment for key, moment in own.items()}
        tensors["random/cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.device)
        return tensors, {
            "epoch": self.epoch,
            "step": self.step,
            "best": self.best,
            "history": self.history,
            "order": self.order_rng.bit_generator.state,
            "augmentation": self.augmentation_rng.bit_generator.state,
        }

    def restore(self, unfinished: Unfinished) -> None:
        """Load the state of an interrupted process, if there is one."""
        found = unfinished.load(self.device)
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
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random/cuda"].cpu(), self.device)
        self.epoch, self.step, self.best = facts["epoch"], facts["step"], facts["best"]
        self.history = facts["history"]
        self.order_rng.bit_generator.state = facts["order"]
        self.augmentation_rng.bit_generator.state = facts["augmentation"]
