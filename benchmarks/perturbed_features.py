"""How far the last digits of features move what comes of a family.

    python benchmarks/perturbed_features.py --seeds 20

On another processor or with another number of threads, features differ by about 1e-6 of their
size. Each seed draws patients and features of their slices. Every family learns from them, and
again from features of which each is changed by up to that much. Inner folds choose; what has epochs
learns by the recipe of config.yaml at one of three learning rates, and `logistic` stands for all
that is solved.
"""

import argparse
from typing import Any

import numpy as np
import pandas as pd
import yaml
from measuring import ROOT

from ctseq.evidence.evaluation import evaluate
from ctseq.families.features import Features, Labelled
from ctseq.families.learning import fit, patients_of, predict
from ctseq.families.registry import FAMILIES
from ctseq.replicates.splits import random_split
from ctseq.replicates.tasks import tabulate_scores

PATIENTS, WIDTH, CHANGE = 40, 64, 1e-6
# All that learn from features.
LEARNING = [name for name, about in FAMILIES.items() if not about.combines]
ENCODER = {"settings": {"sees": "slice"}, "width": WIDTH, "initializer_range": 0.02}
TRAINING = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["training"] | {
    "learning_rate": [1e-4, 1e-3, 1e-2], "batch_size": 32, "epochs": 30, "patience": 10,
}  # fmt: skip


def main() -> None:
    """Print the largest differences over all seeds, a line a family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--families", nargs="+", default=LEARNING)
    options = parser.parse_args()
    seeds = range(options.seeds)
    for family in options.families:
        largest = pd.DataFrame([differences(family, seed) for seed in seeds]).max()
        print(f"{family:10}", *(f"{name} {value:.1e}" for name, value in largest.items()), sep="  ")


def differences(family: str, seed: int) -> dict[str, float]:
    """Compare what comes of a family with and without the change of its features.

    Returns
    -------
    dict
        The largest difference of a test scan's ``probability``, of the ``loss`` that chooses
        epochs (0 for classifiers, which have none) and of a ``metric``. How many ``choices`` of
        hyperparameters and ``predictions`` of test scans differ.
    """
    rng = np.random.default_rng(seed)
    scans, slices, vectors = draw_scans(rng)
    changed = vectors * (1 + rng.uniform(-CHANGE, CHANGE, vectors.shape)).astype(np.float32)
    rows = slices[["scan_id", "patient_id", "slice_number"]]
    data = [
        Labelled(Features([each], 1, rows, [ENCODER]), scans, slices) for each in (vectors, changed)
    ]
    first, second = (learned(family, each, seed) for each in data)
    losses = first["losses"].align(second["losses"], join="inner")  # of the epochs of both
    return {
        "probability": np.abs(first["probability"] - second["probability"]).max(),
        "loss": np.subtract(*losses).abs().max() if len(losses[0]) else 0.0,
        "metric": np.nanmax(np.abs(first["metrics"] - second["metrics"])),
        "choices": sum(
            first["choices"][name] != second["choices"][name] for name in first["choices"]
        ),
        "predictions": (first["predicted"] != second["predicted"]).sum(),
    }


def draw_scans(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Draw scans, their slices, and features; slices 4 to 8 of half of them stand out."""
    scans = pd.DataFrame({"scan_id": [f"{number:03d}" for number in range(PATIENTS)]})
    scans = scans.assign(patient_id=scans["scan_id"], target=np.arange(PATIENTS) % 2)
    slices = scans.loc[scans.index.repeat(rng.integers(8, 17, PATIENTS))]
    slices = slices.assign(slice_number=slices.groupby("scan_id").cumcount() + 1)
    slices["target"] *= slices["slice_number"].between(4, 8)
    vectors = rng.normal(0, 1, WIDTH) + rng.normal(0, 0.5, (len(slices), WIDTH))
    vectors += np.outer(slices["target"], rng.normal(0, 0.25, WIDTH))
    return scans, slices.reset_index(drop=True), vectors.astype(np.float32)


def learned(family: str, data: Labelled, seed: int) -> dict[str, Any]:
    """Fit a model and evaluate it, as the rules of a study do."""
    about = FAMILIES[family]
    training = TRAINING if about.epochs else TRAINING | {"solver": "exact"}
    model: dict[str, Any] = {"family": family, "training": training}
    model |= {"halving": False, "weighted": False}
    if not about.together:
        model |= {"labels": "slice", "sequence_rule": "any"}
    split = random_split(data.scans, replicate=1, test_proportion=0.3, stratify=True, seed=seed)
    task, found = fit(data, split, model, folds=3, seed=seed, replicate=1)
    tested, _ = predict(found.fitted, data.features, patients=patients_of(split, "test"))
    losses = pd.Series(dtype=float)
    if about.epochs:
        losses = found.history.set_index(["setting", "epoch"])["tuning_loss"]
    called = evaluate(
        tabulate_scores(task, tested, found.held_out), data.scans, threshold="chosen",
        sequence_rule=model.get("sequence_rule"),
    )  # fmt: skip
    summary = {name: found.summary[name] for name in found.summary if not name.startswith("rel")}
    return {
        "probability": called.predictions["probability"], "losses": losses, "choices": summary,
        "metrics": np.array(list(called.metrics.values()), float),
        "predicted": called.predictions["predicted"],
    }  # fmt: skip


if __name__ == "__main__":
    main()
