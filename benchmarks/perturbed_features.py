"""How far the last digits of features move what comes of a head.

    python benchmarks/perturbed_features.py --seeds 20

On another processor or with another number of threads, features differ by about 1e-6 of their
size. Each seed draws patients and features of their slices. Every kind of head learns from them by
the recommended protocol, and again from features of which each is changed by up to that much.
"""

import argparse
from typing import Any

import numpy as np
import pandas as pd
import yaml
from measuring import ROOT

from ctseq.evidence.evaluation import evaluate
from ctseq.families.classical import CLASSICAL_HEADS, fit_classical
from ctseq.families.heads import LINEAR
from ctseq.families.sequence_heads import SEQUENCE_HEADS, sequence_inputs
from ctseq.families.tuning import tune_head
from ctseq.replicates.aggregation import Scans
from ctseq.replicates.splits import random_split
from ctseq.replicates.tasks import Task, draw_fits
from ctseq.study.models import HEAD_FAMILIES

PATIENTS, WIDTH, CHANGE = 40, 64, 1e-6
TRAINING = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["training"] | {
    "learning_rate": [1e-4, 1e-3, 1e-2], "batch_size": 32, "epochs": 30, "patience": 10,
}  # fmt: skip


def main() -> None:
    """Print the largest differences over all seeds, a line a kind of head."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--heads", nargs="+", default=list(HEAD_FAMILIES))
    options = parser.parse_args()
    seeds = range(options.seeds)
    for head in options.heads:
        largest = pd.DataFrame([differences(head, seed) for seed in seeds]).max()
        print(f"{head:10}", *(f"{name} {value:.1e}" for name, value in largest.items()), sep="  ")


def differences(head: str, seed: int) -> dict[str, float]:
    """Compare what comes of a kind of head with and without the change of its features.

    Returns
    -------
    dict
        The largest difference of a test patient's ``probability``, of the ``loss`` that chooses
        epochs (0 for classifiers, which have none) and of a ``metric``. How many ``choices`` of
        hyperparameters and ``predictions`` of test patients differ.
    """
    rng = np.random.default_rng(seed)
    patients, rows, features = draw_patients(rng)
    changed = features * (1 + rng.uniform(-CHANGE, CHANGE, features.shape)).astype(np.float32)
    first, second = (fit(head, each, rows, patients, seed) for each in (features, changed))
    losses = first["losses"].align(second["losses"], join="inner")  # of the epochs of both
    return {
        "probability": np.abs(first["probability"] - second["probability"]).max(),
        "loss": np.subtract(*losses).abs().max() if len(losses[0]) else 0.0,
        "metric": np.nanmax(np.abs(first["metrics"] - second["metrics"])),
        "choices": (pd.Series(first["choices"]) != pd.Series(second["choices"])).sum(),
        "predictions": (first["predicted"] != second["predicted"]).sum(),
    }


def draw_patients(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Draw patients, their slices, and features; slices 4 to 8 of half of them stand out."""
    patients = pd.DataFrame({"patient_id": [f"{number:03d}" for number in range(PATIENTS)]})
    patients["hemorrhage"] = np.arange(PATIENTS) % 2
    rows = patients.loc[patients.index.repeat(rng.integers(8, 17, PATIENTS))]
    rows = rows.assign(slice_number=rows.groupby("patient_id").cumcount() + 1)
    rows["hemorrhage"] *= rows["slice_number"].between(4, 8)
    features = rng.normal(0, 1, WIDTH) + rng.normal(0, 0.5, (len(rows), WIDTH))
    features += np.outer(rows["hemorrhage"], rng.normal(0, 0.25, WIDTH))
    return patients, rows.reset_index(drop=True), features.astype(np.float32)


def fit(
    head: str, features: np.ndarray, rows: pd.DataFrame, patients: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """Tune and fit a head and evaluate it, as the rules of a study do."""
    inputs, pooled = [features], HEAD_FAMILIES[head] == "sequence"
    if pooled:
        members = list(rows.groupby("patient_id").indices.values())
        inputs, rows = sequence_inputs(features, members, head=head), patients
    split = random_split(patients, replicate=1, test_proportion=0.3, stratify=True, seed=seed)
    fits = draw_fits(rows, patients, split, folds=3, seed=[seed])
    index = rows.reindex(columns=["patient_id", "slice_number"])
    labels = rows["hemorrhage"].to_numpy()
    # A row a scan: with inner folds, scans choose nothing.
    task = Task(index, labels, Scans(np.arange(len(rows)), labels, None), *fits)
    seeds, losses = {"seed": seed, "replicate": 1}, pd.Series(dtype=float)
    if head in CLASSICAL_HEADS:
        choices, scores = fit_classical(head, features, task, weighted=False, **seeds)
    else:
        kind = SEQUENCE_HEADS[head] if pooled else LINEAR
        trained = tune_head(kind, inputs, task, std=0.02, training=TRAINING, **seeds)
        choices = {name: trained.summary[name] for name in ("peak_rate", "epoch")}
        scores = trained.scores
        losses = trained.history.set_index(["peak_rate", "epoch"])["tuning_loss"]
    rule = None if pooled else "any"
    found = evaluate(scores, patients, sequence_rule=rule, threshold="chosen")
    return {
        "probability": found.predictions["probability"], "losses": losses, "choices": choices,
        "metrics": np.array(list(found.metrics.values()), float),
        "predicted": found.predictions["predicted"],
    }  # fmt: skip


if __name__ == "__main__":
    main()
