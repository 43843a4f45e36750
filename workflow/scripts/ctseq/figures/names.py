"""How figures and report spell the metrics."""

_NAMES = {
    "tn": "True negatives",
    "fp": "False positives",
    "fn": "False negatives",
    "tp": "True positives",
    "precision": "Precision (PPV)",
    "recall": "Recall (sensitivity)",
    "f1": "F1",
    "mcc": "Matthews correlation",
    "roc_auc": "ROC AUC",
    "brier": "Brier score",
    "macro_precision": "Macro precision",
    "macro_recall": "Macro recall",
}


def metric_name(metric: str) -> str:
    """Spell a metric as a reader of the field expects it."""
    return _NAMES.get(metric, metric.replace("_", " ").capitalize())
