"""All comparisons of a study, table by table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError
from ctseq.evidence import paper
from ctseq.evidence.bayesian import bayesian_t_table
from ctseq.evidence.bootstrap import resample_counts
from ctseq.evidence.curves import calibration_table, curves_table, operating_points_table
from ctseq.evidence.design import Design
from ctseq.evidence.effects import effects_table
from ctseq.evidence.patients import differences_table, estimates_table, mcnemar_table
from ctseq.evidence.planning import power_table
from ctseq.evidence.pooling import pool_predictions
from ctseq.evidence.ranking import ranking_table
from ctseq.evidence.resampled import resampled_t_table
from ctseq.evidence.samples import check_level, replicates_of
from ctseq.evidence.verdict import verdict_table


def compare_over_replicates(
    metrics: pd.DataFrame, design: Design, settings: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """Make every table that rests on the replicates' metrics.

    Parameters
    ----------
    metrics
        ``metrics.csv``: model, replicate, metric, value.
    design
        Sizes of the subsets, and whether the models share their splits.
    settings
        Keys models (order), metrics, alpha, undefined, rope, labels (model to its label).

    Returns
    -------
    dict
        Named as the files in ``comparison/`` are.
    """
    alpha, undefined, rope = (settings[key] for key in ("alpha", "undefined", "rope"))
    check_level(alpha, "comparison.alpha")
    replicates = replicates_of(
        metrics,
        models=settings["models"],
        metrics=settings["metrics"],
        shared_splits=design.shared_splits,
    )
    if design.n_splits not in (None, len(replicates.numbers)):
        raise InputError(
            f"There are {design.n_splits} splits but {len(replicates.numbers)} replicates in "
            "metrics.csv. Remake metrics.csv."
        )
    corrected = {"test_train_ratio": design.test_train_ratio, "alpha": alpha}
    policy = {"undefined": undefined}
    resampled = resampled_t_table(replicates, **policy, **corrected)
    bayesian = bayesian_t_table(replicates, **policy, **corrected, rope=rope)
    return {
        "normality": paper.normality_table(replicates, **policy),
        "variances": paper.variances_table(replicates, **policy),
        "t_test": paper.t_test_table(replicates, **policy, alpha=alpha),
        "mann_whitney": paper.mann_whitney_table(replicates, **policy),
        "ranges": paper.ranges_table(replicates, **policy),
        "means": paper.means_table(replicates, **policy),
        "resampled_t": resampled,
        "bayesian_t": bayesian,
        "effect_sizes": effects_table(replicates, **policy, **corrected),
        "power": power_table(
            replicates,
            **policy,
            **corrected,
            n_patients=design.n_patients,
            smallest_relevant=rope,
        ),
        "ranking": ranking_table(replicates, **policy, alpha=alpha),
        "verdict": verdict_table(resampled, bayesian, alpha=alpha, labels=settings["labels"]),
    }


def compare_over_patients(
    predictions: pd.DataFrame, patients: pd.DataFrame, settings: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """Make every table that rests on the patients' pooled test predictions.

    Parameters
    ----------
    predictions
        ``predictions.csv``: model, replicate, patient_id, hemorrhage, probability, predicted.
    patients
        All patients of the study; column patient_id.
    settings
        Keys models (order), alpha, bootstrap_resamples, seed.

    Returns
    -------
    dict
        Named as the files in ``comparison/patients/`` are.
    """
    level = {"alpha": settings["alpha"]}
    pooled = pool_predictions(
        predictions, patients["patient_id"].tolist(), models=settings["models"]
    )
    counts = resample_counts(
        pooled.truth, resamples=settings["bootstrap_resamples"], seed=settings["seed"]
    )
    return {
        "auc": estimates_table(pooled, counts, **level),
        "delong": differences_table(pooled, counts, **level),
        "mcnemar": mcnemar_table(pooled),
        "operating_points": operating_points_table(pooled, counts, **level),
        "calibration": calibration_table(pooled, **level),
        "curves": curves_table(pooled, counts, **level),
    }
