"""Finished studies of four replicates, as the page that sets studies side by side reads them."""

import copy

import numpy as np
import pandas as pd

from ctseq.core.tables import typed
from ctseq.evidence.studies import FinishedStudy
from ctseq.evidence.tables import VERDICT

GRU = {"kind": "image", "label": "GRU", "checkpoint": "owner/x", "head": {"type": "gru"}}
SHUFFLED = GRU | {"label": "GRU, shuffled", "shuffle_slices": True}
MEAN = GRU | {"label": "Mean", "head": {"type": "mean"}}
TRAINING = {
    "trainable": "head",
    "learning_rate": 1e-4,
    "micro_batch": 2,
    "augmentation": {"mirror": False},
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
    "dataset": {"format": "phantom"},
    "replicates": 4,
    "splits": {"scheme": "random"},
    "models": {"gru": GRU, "mean": MEAN},
    "extraction": {"precision": "float32", "speedups": True},
    "training": TRAINING,
    "tuning": {"patients": "train"},
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
    known = {"gru": GRU, "mean": MEAN, "shuffled": SHUFFLED}
    config = copy.deepcopy(CONFIG | {"study": name, "models": {m: known[m] for m in models}})
    config |= changed
    rows = [
        (model, replicate, metric, value)
        for model in config["models"]
        for metric in ("recall", "brier")
        for replicate, value in enumerate((VALUES | (values or {}))[model], start=1)
    ]
    said = [verdict(*row) for row in verdicts]
    metrics = pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])
    return FinishedStudy(name, config, metrics, splits, typed(said, VERDICT))
