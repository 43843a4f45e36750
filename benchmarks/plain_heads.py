"""Heads of sequences beside PyTorch's plain loop for the same trainings, timed in alternation.

    python benchmarks/plain_heads.py --heads attention gru --repeats 3

On one dataset of simulated features, a head is fitted by the recommended protocol. The loop then
trains what the head's history lists: each setting on each inner fit for as many epochs, held-out
scans predicted after each, and the final heads; one training after the other, with torch.nn.GRU or
LSTM over packed sequences, torch.optim.AdamW and the same batches' sizes, on features standardised
by scikit-learn and, where the protocol says so, their principal components. Printed are the seconds
of both, one after the other so many times, and the ratio of their medians.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

# Before NumPy is imported: one thread, as heads are fitted.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from heads import SEED, WIDTHS, dataset, labelled_of, recommended
from measuring import keep, shown, timed
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from ctseq.families.contract import Learned
from ctseq.families.learning import fit
from ctseq.replicates.tasks import Fit, Task


class Attention(nn.Module):
    """Gated attention over the slices (Ilse et al. 2018), and a linear layer on their mean."""

    def __init__(self, width: int, size: int, dropout: float) -> None:
        super().__init__()
        self.value, self.gate = nn.Linear(width, size), nn.Linear(width, size)
        self.score, self.last = nn.Linear(size, 1), nn.Linear(width, 2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, sequences: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the logits of scans, shape (scans, 2), from their slices, (slices, width) each."""
        padded = pad_sequence(sequences, batch_first=True)
        lengths = torch.tensor([*map(len, sequences)])
        gated = torch.tanh(self.value(padded)) * torch.sigmoid(self.gate(padded))
        scores = self.score(self.dropout(gated))[..., 0]
        absent = torch.arange(padded.shape[1]) >= lengths[:, None]
        weights = torch.softmax(scores.masked_fill(absent, -torch.inf), dim=1)
        return self.last(self.dropout(torch.einsum("ps,psf->pf", weights, padded)))


class Recurrent(nn.Module):
    """A recurrent network in both directions, and a linear layer on its last states."""

    def __init__(self, kind: type[nn.RNNBase], width: int, size: int, dropout: float) -> None:
        super().__init__()
        self.network = kind(width, size, batch_first=True, bidirectional=True)
        self.last, self.dropout = nn.Linear(2 * size, 2), nn.Dropout(dropout)

    def forward(self, sequences: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the logits of scans, as `Attention` does."""
        lengths = torch.tensor([*map(len, sequences)])
        padded = pad_sequence(sequences, batch_first=True)
        packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        _, state = self.network(packed)
        last = state[0] if isinstance(state, tuple) else state
        return self.last(self.dropout(last.transpose(0, 1).flatten(1)))


def new_head(family: str, width: int, size: int | None, dropout: float) -> nn.Module:
    """Return a head of PyTorch's own modules; `size` None is the family's usual."""
    if family == "attention":
        return Attention(width, size or 128, dropout)
    kinds = {"gru": nn.GRU, "lstm": nn.LSTM}
    return Recurrent(kinds[family], width, size or 64, dropout)


@dataclass(frozen=True)
class Run:
    """One training of a head: on which fit, and how.

    `setting` has the columns of `ctseq.families.tables.HISTORY` that tell settings apart.
    """

    fit: Fit
    setting: dict[str, Any]
    epochs: int
    seed: int


def runs_of(task: Task, learned: Learned, seeds: int) -> list[Run]:
    """List the trainings of a head that was tuned on inner fits, from its history.

    Each setting is trained on each inner fit with the first seed; the chosen one up to the epoch
    that is kept, with the others; and heads of all seeds on all training rows.
    """
    found, kept = [], None
    for _, epochs in learned.history.groupby("setting"):
        setting = epochs[["peak_rate", "weight_decay", "dropout", "size"]].iloc[0].to_dict()
        found += [Run(own, setting, len(epochs), 0) for own in task.inner]
        if epochs["kept"].any():
            kept = setting
    last, whole = learned.summary["epoch"], Fit(task.outer.train, task.outer.held_out[:0])
    others = [Run(own, kept, last, seed) for seed in range(1, seeds) for own in task.inner]
    return found + others + [Run(whole, kept, last, seed) for seed in range(seeds)]


def train(
    family: str, run: Run, vectors: Sequence[np.ndarray], labels: np.ndarray, training: dict
) -> np.ndarray:
    """Train a head as anyone would; return the held-out probabilities after the last epoch.

    Parameters
    ----------
    vectors
        The slices of each scan, shape (slices, width).
    labels
        Of each scan, 0 or 1.
    training
        The section ``training`` of the configuration.
    """
    torch.manual_seed(run.seed)
    data = _standardised(vectors, run.fit.train, training)
    rate, decay, dropout, size = run.setting.values()
    head = new_head(family, data[0].shape[1], None if np.isnan(size) else int(size), dropout)
    optimiser = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=decay)
    batch, truth = training["batch_size"], torch.from_numpy(labels).long()
    n_steps = -(-len(run.fit.train) // batch) * training["epochs"]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / n_steps)
    probability = torch.empty(0)
    for _ in range(run.epochs):
        head.train()
        order = torch.from_numpy(run.fit.train)[torch.randperm(len(run.fit.train))]
        for rows in order.split(batch):
            loss = nn.functional.cross_entropy(head([data[row] for row in rows]), truth[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        head.eval()
        if len(run.fit.held_out):
            with torch.no_grad():
                logits = head([data[row] for row in run.fit.held_out])
                probability = torch.softmax(logits, dim=1)[:, 1]
    return probability.numpy()


def _standardised(
    vectors: Sequence[np.ndarray], train: np.ndarray, training: dict
) -> list[torch.Tensor]:
    """Return scans by what scikit-learn learns of the slices that are trained on."""
    steps = [StandardScaler()] if training["standardise"] else []
    steps += [PCA(training["components"], random_state=0)] if training["components"] else []
    if not steps:
        return [torch.from_numpy(own) for own in vectors]
    learned = make_pipeline(*steps).fit(np.concatenate([vectors[row] for row in train]))
    return [torch.from_numpy(learned.transform(own)).float() for own in vectors]


def measure(head: str, width: int, repeats: int, seed: int) -> dict[str, Any]:
    """Return the seconds of a head and of the plain loop, and what they trained."""
    study, data = recommended(), dataset("maximum", "strong", width, 1, seed)
    model, labelled = study.models[head], labelled_of(data)
    options = {**study.inner_of(model), "seed": seed, "replicate": 1}
    training, vectors = model.settings["training"], [data.vectors[own] for own in data.rows]
    own, plain, found = [], [], []
    for _ in range(repeats):
        fitted = timed(lambda: found.append(fit(labelled, data.split, model.settings, **options)))
        task, learned = found[-1]
        runs = runs_of(task, learned, training["seeds"])
        looped = timed(
            lambda runs=runs, labels=task.labels: [
                train(model.family, run, vectors, labels, training) for run in runs
            ]
        )
        own.append(fitted)
        plain.append(looped)
    return {
        "head": head, "width": width, "trainings": len(runs),
        "epochs": sum(run.epochs for run in runs), "seconds": median(own),
        "plain_seconds": median(plain), "ratio": median(own) / median(plain),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Print, and if asked keep, a row a head and width."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = ("attention", "gru", "lstm")
    parser.add_argument("--heads", nargs="+", default=[*known], choices=known, help="which (all)")
    parser.add_argument("--widths", type=int, nargs="+", default=[*WIDTHS], help="(%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="pairs (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="(%(default)s)")
    parser.add_argument("--csv", help="file to append results to")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = [
        measure(head, width, options.repeats, options.seed)
        for width in options.widths
        for head in options.heads
    ]
    print(shown(rows))
    if options.csv:
        keep(rows, options.csv)


if __name__ == "__main__":
    main()
