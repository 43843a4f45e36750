"""The linear head: a final layer on rows of features, or on the pooled slices of scans."""

from collections.abc import Mapping
from typing import Any

from ctseq.families.contract import Fitted, Learned, Predicted
from ctseq.families.heads import LINEAR
from ctseq.families.inputs import Inputs
from ctseq.families.trained.exact import solve_head
from ctseq.families.trained.training import predict_fitted
from ctseq.families.trained.tuning import tune_head
from ctseq.replicates.tasks import Task


def fit(
    inputs: Inputs, task: Task, settings: Mapping[str, Any], *, seed: int, replicate: int
) -> Learned:
    """Train a final linear layer, or solve it; see `contract.FamilyModule`."""
    if settings["training"]["solver"] == "exact":
        return solve_head(inputs, task, settings)
    return tune_head(LINEAR, inputs, task, settings=settings, seed=seed, replicate=replicate)


def predict(fitted: Fitted, inputs: Inputs) -> Predicted:
    """Predict the rows of a scan."""
    return Predicted(predict_fitted(LINEAR, fitted, inputs))
