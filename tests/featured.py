"""Features of scans that families learn from, and models of every family."""

import numpy as np
import pandas as pd

from ctseq.cache.tables import ROWS
from ctseq.core.tables import typed
from ctseq.families.features import Features, Labelled
from ctseq.families.learning import fit
from ctseq.families.registry import FAMILIES
from ctseq.families.trained.sequence_heads import SEQUENCE_HEADS
from ctseq.families.trained.smooth import SMOOTH
from ctseq.families.trained.transformer import TRANSFORMER
from ctseq.families.trained.transmil import TRANSMIL
from ctseq.replicates.splits import random_split
from ctseq.replicates.tasks import Fit, Task
from scans import alone

TRAINING = {
    "learning_rate": 1e-2, "weight_decay": 0.01, "batch_size": 8, "epochs": 3, "warmup_steps": 2,
    "patience": 3, "loss": "cross_entropy", "focal_gamma": 2.0, "sampling": "shuffled",
    "augmentation": {"mirror": False}, "solver": "adamw", "standardise": False, "components": None,
    "seeds": 1, "dropout": 0, "size": None,
}  # fmt: skip
# The head of every family that has one for sequences.
HEADS = SEQUENCE_HEADS | {"smooth": SMOOTH, "transformer": TRANSFORMER, "transmil": TRANSMIL}
SOLVED = {"solver": "exact", "loss": "cross_entropy"}
# Of a model that scores slices.
OF_SLICES = {"labels": "slice", "sequence_rule": "any"}


def problem(n=60):
    """Return rows of two classes, and a task of a quarter of them, with three inner folds."""
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    features = rng.normal(labels[:, None] * 1.5, 1.0, (n, 6)).astype(np.float32)
    rows = np.arange(n)
    outer = Fit(rows[rows < 45], rows[rows >= 45])
    inner = [Fit(rows[(rows < 45) & (rows % 3 != k)], rows[(rows < 45) & (rows % 3 == k)])
             for k in range(3)]  # fmt: skip
    index = pd.DataFrame({"scan_id": [f"{row:02d}" for row in rows], "slice_number": 1})
    return features, Task(index, labels, alone(labels), outer, inner)


def model_of(family, **changed):
    """Return the settings of a model of a family on slices, as the configuration resolves them."""
    about = FAMILIES[family]
    settings = {"family": family}
    if about.together:
        settings["shuffled"] = False
    elif "pool" not in changed:
        settings |= OF_SLICES
    if about.epochs:
        settings |= {"training": TRAINING, "halving": False}
    else:
        settings |= {"training": SOLVED} if about.solves else {"weighted": False}
    return settings | changed


# Of every family that learns from features, and those that pool, read in context, or shuffle.
LEARNING = [family for family, about in FAMILIES.items() if not about.combines]
MODELS = {family: model_of(family) for family in LEARNING}
MODELS |= {
    f"{family}-{pool}": model_of(family, pool=pool)
    for family, about in FAMILIES.items()
    for pool in about.pools[:1]
}
MODELS |= {
    f"{family}-slices": model_of(family, **OF_SLICES)
    for family, about in FAMILIES.items()
    if about.in_context
}
MODELS |= {f"{family}-exact": model_of(family, training=SOLVED) for family in ("linear", "mean")}
MODELS["gru-shuffled"] = model_of("gru", shuffled=True)


def encoder_of(width, **changed):
    """Return the description of an encoder of slices."""
    settings = {"type": "transformers", "sees": "slice", "checkpoint": f"owner/of-{width}"}
    description = {"settings": settings, "weights_sha256": f"{width:064d}", "width": width}
    return description | {"initializer_range": 0.02} | changed


def labelled(n=18, *, widths=(5,), scans=1, seed=2):
    """Return features of patients, of whom every other bleeds on the third slice of each scan.

    They have `scans` of 4 to 7 slices each, and features by encoders of some `widths`.
    """
    rng = np.random.default_rng(seed)
    ids = [f"{number:03d}" for number in range(n) for _ in range(scans)]
    table = pd.DataFrame({"patient_id": ids, "target": np.repeat(np.arange(n) % 2, scans)})
    table["scan_id"] = ids if scans == 1 else [f"{p}-{k % scans + 1}" for k, p in enumerate(ids)]
    lengths = rng.integers(4, 8, len(table))
    slices = table.loc[table.index.repeat(lengths)].reset_index(drop=True)
    slices["slice_number"] = slices.groupby("scan_id").cumcount() + 1
    slices["target"] *= slices["slice_number"] == 3
    vectors = [
        rng.normal(slices["target"].to_numpy()[:, None], 1.0, (len(slices), width)) * width
        for width in widths
    ]
    features = Features(
        [own.astype(np.float32) for own in vectors],
        1,
        typed(slices, ROWS),
        [encoder_of(width) for width in widths],
    )
    return Labelled(features, table, slices)


def split_of(data):
    """Return a split of which a third is tested."""
    options = {"test_proportion": 1 / 3, "stratify": True, "seed": 0}
    return random_split(data.scans, replicate=1, **options)


def fitted_to(data, split, settings, folds=2):
    """Fit a model."""
    _, learned = fit(data, split, settings, folds=folds, seed=0, replicate=1)
    return learned.fitted
