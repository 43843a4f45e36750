"""A small study as the report takes it, made of predictions without any training."""

import functools
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import classification_metrics
from ctseq.evidence.over_patients.tested import tested_of
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.readers.subtypes import SUBTYPES
from ctseq.report import facts
from ctseq.report.figures import Figure
from ctseq.report.study import Study
from ctseq.study.comparison import comparison_settings
from published import PUBLISHED

SHIPPED = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text("utf-8"))
METRICS = ("accuracy", "recall", "specificity", "precision", "roc_auc", "brier")


def predictions_of(models, n_replicates=3, n_patients=30):
    rng = np.random.default_rng(5)
    truth = np.arange(n_patients) % 2
    rows = []
    for (place, model), replicate in itertools.product(
        enumerate(models), range(1, n_replicates + 1)
    ):
        for patient in range(replicate, n_patients, 3):
            probability = float(np.clip(0.3 + 0.3 * truth[patient] + rng.normal(0, 0.2), 0, 1))
            if place == 1 and replicate == 2:
                probability = 0.1  # calls nobody positive: its precision is 0/0
            row = (f"{patient:03d}", truth[patient], probability, int(probability >= 0.5))
            rows.append((model, replicate, *row))
    columns = ["model", "replicate", "patient_id", "hemorrhage", "probability", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def metrics_of(predictions):
    rows = [
        (model, replicate, *item)
        for (model, replicate), run in predictions.groupby(["model", "replicate"], sort=False)
        for item in classification_metrics(
            run["hemorrhage"], run["probability"], run["predicted"]
        ).items()
    ]
    return pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])


def config_of(models, dataset="phantom"):
    video = {"kind": "video", "frames": 32, "frame_sampling": "uniform"}
    image = {"kind": "image", "labels": "slice", "sequence_rule": "any"}
    return SHIPPED | {
        "study": "small",
        "seed": 2024,
        "shards": 1,
        "dataset": SHIPPED["dataset"] | {"format": dataset, "path": "data"},
        "replicates": 3,
        "splits": {
            "scheme": "random", "test_proportion": 0.3, "stratify": False, "folds": 5,
        },
        "models": {
            name: {"label": label, "checkpoint": "tiny", "revision": "main"}
            | (image if place else video)
            for place, (name, label) in enumerate(models.items())
        },
        "extraction": {"precision": "float32", "speedups": True},
        "training": {
            "trainable": "head", "learning_rate": 5e-6, "warmup_steps": 2, "patience": 5,
            "loss": "cross_entropy", "sampling": "shuffled", "micro_batch": 2,
            "augmentation": {"mirror": False},
        },
        "tuning": {"patients": "test", "folds": 5},
        "evaluation": {"threshold": 0.5},
        "comparison": {
            "primary": "accuracy", "metrics": [*METRICS], "contrasts": [], "alpha": 0.05,
            "undefined": "exclude", "margins": {}, "thresholds": [0.2], "prevalence": [],
        },
    }  # fmt: skip


def summaries_of(models, relative_weight_change=0.8):
    summary = {"peak_rate": 1e-4, "epoch": 7, "relative_weight_change": relative_weight_change}
    return {model: [summary] * 3 for model in models}


@functools.cache  # tests change what is said of a study, not its numbers
def numbers_of(models, names=METRICS):
    """Return the metrics and the comparison of models: pairs of name and label."""
    models = dict(models)
    predictions = predictions_of(models)
    metrics = metrics_of(predictions)
    patients = pd.DataFrame({"patient_id": [f"{n:03d}" for n in range(31)]})
    patients["hemorrhage"] = patients.index % 2
    patients = patients.assign(
        age_years=20.0 + 2 * patients.index, sex=["F", "M", ""] * 10 + ["F"],
        n_slices=30, n_positive_slices=5 * patients["hemorrhage"], spacing_mm=np.nan,
        **dict.fromkeys(SUBTYPES, 0),
    )  # fmt: skip
    split = patients.assign(subset=["test"] * 10 + ["train"] * 21)
    config = config_of(models)
    config["comparison"] |= {"primary": names[0], "metrics": [*names]}
    settings = comparison_settings(config)
    settings |= {key: config["comparison"][key] for key in ("thresholds", "prevalence")}
    design = design_of_splits([split] * 3)
    inputs = {
        "replicates": replicates_of(metrics, design, settings),
        "predictions": tested_of(predictions, patients, design, settings),
    }
    known = [one for one in ANALYSES.values() if one.inputs in inputs]
    return metrics, {one.stem: one.compute(inputs[one.inputs]) for one in known}


def study_of(models, dataset="phantom", **changed):
    metrics, comparison = numbers_of(tuple(models.items()))
    description = {
        "architecture": "VivitForVideoClassification", "commit": None, "weights_sha256": "ab" * 32,
        "preprocessing": {"resize": 224, "resample": 2, "mean": [0.5, 0.5, 0.5]},
    }  # fmt: skip
    parts = {
        "config": config_of(models, dataset),
        "levels": PUBLISHED.levels,
        "registered": {},
        "n_never_tested": 1,
        "summary": {
            "patients": 31, "positive_patients": 15, "brain_slices": 900, "positive_slices": 100,
            "slices_per_patient": {"min": 20, "median": 29.0, "max": 40},
            "subtypes": {"subdural": {"patients": 4, "slices": 20}},
            "flow": {
                "files": {"seen": 1000, "used": 900, "excluded_by_reason": {"mask": 100}},
                "slices": {"seen": 901, "used": 900, "excluded_by_reason": {"no-label": 1}},
                "patients": {"seen": 31, "used": 31, "excluded_by_reason": {}},
            },
        },
        "models": dict.fromkeys(models, description),
        "metrics": metrics,
        "summaries": summaries_of(models),
        "comparison": dict(comparison),
        "published": PUBLISHED,
        "figures": [Figure("metric-accuracy", "Accuracy of each model.", "data:image/png;base64,")],
        "costs": [facts.Cost("evaluate", 6, 12.5, 210.0)],
        "versions": {"python": "3.11"},
        "revision": "not a git checkout",
    }  # fmt: skip
    return Study(**(parts | changed))


TWO = {"vivit": "ViViT", "convnext": "ConvNeXt"}
