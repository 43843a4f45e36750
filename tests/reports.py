"""A small study as the report takes it, made of predictions without any training."""

import copy
import functools
import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from ctseq.evidence.analyses import ANALYSES
from ctseq.evidence.metrics import classification_metrics, comparable_metrics
from ctseq.evidence.over_patients.tested import tested_of
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.readers.subtypes import SUBTYPES
from ctseq.report import facts
from ctseq.report.figures import Figure
from ctseq.report.study import Study
from ctseq.study.comparison import comparison_settings
from ctseq.study.config import resolved_config, used_config
from ctseq.study.study import Study as Resolved
from patients import twins
from published import PUBLISHED

ROOT = Path(__file__).parents[1]
SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))
METRICS = ("accuracy", "recall", "specificity", "precision", "roc_auc", "brier")
DESCRIPTION = {
    "architecture": "VivitForVideoClassification", "commit": None, "weights_sha256": "ab" * 32,
    "pooling": "cls", "frames": None,
    "preprocessing": {"resize": 224, "resample": 2, "mean": [0.5, 0.5, 0.5]},
}  # fmt: skip


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
    columns = ["model", "replicate", "scan_id", "target", "probability", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def metrics_of(predictions):
    rows = [
        (model, replicate, *item)
        for (model, replicate), run in predictions.groupby(["model", "replicate"], sort=False)
        for item in classification_metrics(
            run["target"], run["probability"], run["predicted"]
        ).items()
    ]
    return pd.DataFrame(rows, columns=["model", "replicate", "metric", "value"])


def merged(config, changes):
    """Return a configuration with changes, key by key, as overlays make them."""
    found = dict(config)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = merged(found[key], value) if both else value
    return found


def config_of(models, dataset="phantom", changes=()):
    """Return a checked configuration of models, name to label: the first sees sequences."""
    path = {} if dataset == "phantom" else {"path": "data"}
    given = copy.deepcopy(SHIPPED) | {
        "study": "small",
        "datasets": {"small": {"format": dataset, **path}},
        "dataset": "small",
        "encoders": {
            "video": {"sees": "sequence", "checkpoint": "tiny", "frames": 32},
            "image": {"sees": "slice", "checkpoint": "tiny"},
        },
        "models": {
            name: {"label": label, "encoder": "image" if place else "video", "family": "linear"}
            for place, (name, label) in enumerate(models.items())
        },
        "compare": [*models],
        "replicates": 3,
    }
    given["comparison"] |= {"thresholds": [0.2]}
    given = merged(given, dict(changes))
    for its in given["models"].values():
        if "members" in its:  # an ensemble has no encoder of its own
            its.pop("encoder")
    config = resolved_config(given, SCHEMA, metrics=comparable_metrics())
    said_from_outside = ("compare_studies", "registered")
    return used_config({key: config[key] for key in config if key not in said_from_outside})


def summaries_of(models, relative_weight_change=0.8):
    summary = {"peak_rate": 1e-4, "epoch": 7, "relative_weight_change": relative_weight_change}
    return {model: [summary] * 3 for model in models}


@functools.cache  # tests change what is said of a study, not its numbers
def numbers_of(models, names=METRICS, *, twice=False):
    """Return the metrics and the comparison of models: pairs of name and label.

    Every patient has one scan, or two that are alike.
    """
    models = dict(models)
    predictions = predictions_of(models)
    ids = [f"{n:03d}" for n in range(31)]
    scans = pd.DataFrame({"scan_id": ids, "patient_id": ids})
    scans["target"] = scans.index % 2
    scans = scans.assign(
        age_years=20.0 + 2 * scans.index, sex=["F", "M", ""] * 10 + ["F"],
        n_slices=30, n_positive_slices=5 * scans["target"], spacing_mm=np.nan,
        **dict.fromkeys(SUBTYPES, 0),
    )  # fmt: skip
    split = scans[["patient_id"]].assign(subset=["test"] * 10 + ["train"] * 21)
    if twice:
        predictions, scans = twins(predictions), twins(scans)
    metrics = metrics_of(predictions)
    config = config_of(models)
    config["comparison"] |= {"primary": names[0], "metrics": [*names]}
    settings = comparison_settings(config)
    settings |= {key: config["comparison"][key] for key in ("thresholds", "prevalence")}
    design = design_of_splits([split] * 3)
    inputs = {
        "replicates": replicates_of(metrics, design, settings),
        "predictions": tested_of(predictions, scans, design, settings),
    }
    known = [one for one in ANALYSES.values() if one.inputs in inputs]
    return metrics, {one.stem: one.compute(inputs[one.inputs]) for one in known}


def study_of(models, dataset="phantom", *, given=(), twice=False, **changed):
    """Return a study; `given` are changes of its configuration, `changed` its other parts."""
    metrics, comparison = numbers_of(tuple(models.items()), twice=twice)
    config = config_of(models, dataset, given)
    encoders = Resolved.of(config).encoders
    scans = 31 * (1 + twice)
    parts = {
        "config": config,
        "levels": PUBLISHED.levels,
        "registered": {},
        "n_never_tested": 1,
        "summary": {
            "patients": 31, "positive_patients": 15, "brain_slices": 900, "positive_slices": 100,
            "scans": scans, "positive_scans": 15 * (1 + twice), "masks": 0,
            "slices_per_scan": {"min": 20, "median": 29.0, "max": 40},
            "subtypes": {"subdural": {"scans": 4, "slices": 20}},
            "notes": {},
            "flow": {
                "files": {"seen": 1000, "used": 900, "excluded_by_reason": {"mask": 100}},
                "slices": {"seen": 901, "used": 900, "excluded_by_reason": {"no-label": 1}},
                "scans": {"seen": scans, "used": scans, "excluded_by_reason": {}},
            },
        },
        "encoders": {
            name: DESCRIPTION | {"frames": encoder.frames} for name, encoder in encoders.items()
        },
        "precisions": {
            one.name: one.extraction["precision"]
            for model in Resolved.of(config).models.values()
            for one in model.encoders
            if not model.finetuned
        },
        "indexed": {config["dataset"]: {"format": "ct-ich-jpg"}},
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
