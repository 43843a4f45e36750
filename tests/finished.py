"""Finished studies of four replicates, as the page that sets studies side by side reads them."""

import copy

import numpy as np
import pandas as pd

from ctseq.core.tables import typed
from ctseq.evidence.studies import FinishedStudy
from ctseq.evidence.tables import VERDICT

PHANTOM = {
    "format": "phantom",
    "phantom": {"layout": "ct-ich-jpg", "patients": 4},
    "labels": "auto",
    "columns": {},
    "target": "hemorrhage",
    "window": "brain",
    "links_into": [],
    "on_problem": "error",
}
ENCODER = {
    "type": "transformers",
    "sees": "slice",
    "checkpoint": "owner/x",
    "revision": "main",
    "subfolder": "",
    "pooling": "auto",
    "extraction": {},
}
GRU = {"label": "GRU", "encoder": "x", "family": "gru", "training": {}}
SHUFFLED = GRU | {"label": "GRU, shuffled", "shuffle_slices": True}
MEAN = GRU | {"label": "Mean", "family": "mean"}
TRAINING = {
    "trainable": "head",
    "learning_rate": 1e-4,
    "micro_batch": 2,
    "augmentation": {"mirror": False},
    "slices": {},
}
COMPARISON = {
    "primary": "recall",
    "metrics": ["recall"],
    "contrasts": [],
    "alpha": 0.05,
    "undefined": "exclude",
    "margins": {},
}
CONFIG = {
    "study": "a",
    "seed": 1,
    "datasets": {"drawn": PHANTOM},
    "dataset": "drawn",
    "external": [],
    "shards": 1,
    "replicates": 4,
    "splits": {"scheme": "random", "test_proportion": 0.25, "stratify": False},
    "encoders": {"x": ENCODER},
    "models": {"gru": GRU, "mean": MEAN, "shuffled": SHUFFLED},
    "compare": ["gru", "mean"],
    "override": {"sequence": {}, "slice": {}},
    "extraction": {"precision": "float32", "speedups": True},
    "training": TRAINING,
    "tuning": {"patients": "train", "folds": 2, "repeats": 1, "halving": False},
    "evaluation": {"threshold": 0.5},
    "comparison": COMPARISON,
    "report": {"example_slices": True},
}
# Of four patients one is tested: n_test / n_train is 1 / 3.
SPLITS = [
    pd.DataFrame(
        {
            "patient_id": list("1234"),
            "subset": ["test" if n == r else "train" for n in "1234"],
        }
    )
    for r in "1234"
]
VALUES = {
    "gru": [0.8, 0.9, 0.7, 0.8],
    "mean": [0.5, 0.6, 0.5, 0.5],
    "shuffled": [0.4, 0.6, 0.4, 0.3],
}


def verdict(metric, model_a, model_b, better, estimate):
    """Return a row of the table of verdicts, of a contrast in a study on recall."""
    p, adjusted = (0.01 if better else 0.5), metric == COMPARISON["primary"]
    return {
        **{"metric": metric, "model_a": model_a, "model_b": model_b},
        **{"primary": int(adjusted), "contrast": 1, "supported": int(better != "")},
        **{"better": better, "equivalent": 0, "reachable": 0, "margin": 0.1},
        **{"a_noninferior": int(better == model_a), "b_noninferior": int(better == model_b)},
        **{"estimate": estimate, "low": estimate - 0.1, "high": estimate + 0.2},
        **{"p": p, "p_adjusted": p if adjusted else np.nan},
    }


def study(name="a", models=("gru", "mean"), verdicts=(), values=None, splits=SPLITS, **changed):
    """Make a study; `verdicts` are rows of metric, model_a, model_b, better, estimate."""
    config = copy.deepcopy(CONFIG | {"study": name, "compare": [*models]}) | changed
    rows = [
        (model, replicate, metric, value)
        for model in models
        for metric in ("recall", "brier")
        for replicate, value in enumerate((VALUES | (values or {}))[model], start=1)
    ]
    said = [verdict(*row) for row in verdicts]
    metrics = pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])
    return FinishedStudy(name, config, metrics, splits, typed(said, VERDICT))
