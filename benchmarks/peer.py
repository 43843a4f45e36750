"""Measure a study's trainings as users of transformers write them, beside this workflow's.

They run the frozen encoder anew in each epoch of each replicate; the workflow runs it once over
each slice or sequence and trains heads on what it gave. The peer's loop is the one that
transformers' Trainer runs by default (AdamW, linear decay, gradients clipped at 1, an evaluation
after each epoch). In its favour, images are decoded and preprocessed beforehand, and it stops early
in no replicate.

Some steps are timed and the rest is arithmetic, which is printed. As a lower bound for training a
head, scikit-learn's logistic regression is fitted to features of the same shape.

    python benchmarks/peer.py --csv peer.csv
    python benchmarks/peer.py --tiny   # a trial
"""

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from measuring import ROOT, apart, keep, median, processor_name, shown, timed
from passes import SEEN, own_pass, stock_training, write_checkpoint
from sklearn.linear_model import LogisticRegression

from ctseq.families.heads import LINEAR
from ctseq.families.trained.candidates import Truth, search
from ctseq.families.trained.training import Training
from ctseq.families.trained.tuning import settings_of
from ctseq.replicates.aggregation import Scans
from ctseq.replicates.tasks import Fit

# Of the paper's dataset: 57 patients train and 25 test, and so do their slices, on average.
ROWS = {"sequence": {"train": 57, "test": 25}, "slice": {"train": 1739, "test": 762}}
EPOCHS, REPLICATES, BATCH = 20, 10, 10


def main(arguments: list[str] | None = None) -> None:
    """Measure both ways for both kinds of encoder, and print the arithmetic."""
    options = _parser().parse_args(arguments)
    size = "tiny" if options.tiny else "full"
    rows = []
    print(f"On {processor_name()}, {options.cores} cores; {BATCH} rows a step, {EPOCHS} epochs")
    for sees in SEEN:
        with tempfile.TemporaryDirectory() as name:
            checkpoint = Path(name)
            apart(write_checkpoint, checkpoint, sees=sees, size=size)
            costs = costs_of(checkpoint, sees=sees, options=options)
        row = comparison(sees, costs)
        print(arithmetic(sees, costs, row), flush=True)
        rows.append({"what": sees} | costs | row)
    if options.csv:
        keep([{"size": size, "cores": options.cores} | row for row in rows], options.csv)
    peer, own = (sum(row[name] for row in rows) for name in ("peer_s", "own_s"))
    rows.append({"what": "both", "peer_s": peer, "own_s": own, "ratio": peer / own})
    columns = ("what", "peer_s", "own_s", "ratio", "head", "logistic")
    print(shown([{name: row.get(name) for name in columns} for row in rows]))


def costs_of(checkpoint: Path, *, sees: str, options: argparse.Namespace) -> dict[str, float]:
    """Time the plain loop's steps and evaluations, and the workflow's pass and head."""
    common = {"sees": sees, "repeats": options.steps, "threads": options.cores}
    peer = apart(stock_training, checkpoint, rows=BATCH, frozen=True, **common)
    own = apart(own_pass, checkpoint, precision="float32", **common)
    n = ROWS[sees]
    shape = (sum(n.values()), own["features"])
    features = np.random.default_rng(1).normal(size=shape).astype("f4")
    return peer | {"extraction": own["seconds"]} | apart(head_costs, features, n["train"])


def head_costs(features: np.ndarray, n_train: int) -> dict[str, float]:
    """Time one replicate's head, all epochs, and scikit-learn's fit to the same rows."""
    labels = (np.arange(len(features)) % 3 == 0).astype(int)
    settings = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["training"]
    settings |= {"patience": settings["epochs"]}  # none stops early
    rows = np.arange(len(features))
    fit = Fit(rows[:n_train], rows[n_train:])

    def head() -> None:
        initial = LINEAR.initial(features.shape[1], 0.02, np.random.default_rng(1))
        (setting,) = settings_of(settings)
        training = Training([features], fit, initial, setting, order=[1], chance=[2])
        truth = Truth(labels, Scans(rows, labels, None))
        search(LINEAR, [[training]], truth, settings=settings, by="accuracy")

    def logistic() -> None:
        LogisticRegression(max_iter=2000).fit(features[fit.train], labels[fit.train])

    head()  # the first one imports
    return {"head": median(lambda: timed(head), 3), "logistic": median(lambda: timed(logistic), 3)}


def comparison(sees: str, costs: Mapping[str, float]) -> dict[str, float]:
    """Return what both ways take for all replicates, in seconds, and their ratio."""
    n = ROWS[sees]
    epoch = n["train"] * costs["step"] + n["test"] * costs["evaluation"]
    peer = REPLICATES * EPOCHS * epoch
    own = sum(n.values()) * costs["extraction"] + REPLICATES * costs["head"]
    return {"peer_s": peer, "own_s": own, "ratio": peer / own}


def arithmetic(sees: str, costs: Mapping[str, float], row: Mapping[str, Any]) -> str:
    """Write out how a comparison comes about."""
    n = ROWS[sees]
    return (
        f"{sees}, peer: {REPLICATES} replicates x {EPOCHS} epochs x ({n['train']} rows x "
        f"{costs['step']:.3g} s + {n['test']} rows x {costs['evaluation']:.3g} s) = "
        f"{row['peer_s']:.0f} s\n"
        f"{sees}, own: {sum(n.values())} rows x {costs['extraction']:.3g} s + {REPLICATES} heads x "
        f"{costs['head']:.3g} s = {row['own_s']:.0f} s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="the demo's models, for a trial")
    parser.add_argument("--steps", type=int, default=3, help="timed of each kind (%(default)s)")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="cores (%(default)s)")
    parser.add_argument("--csv", help="file to append the results to")
    return parser


if __name__ == "__main__":
    main()
