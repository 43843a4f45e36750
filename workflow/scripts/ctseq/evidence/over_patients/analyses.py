"""The analyses of patients: what each table holds, and how it is computed.

Light to import: an analysis imports its statistics when it is computed.
"""

from functools import partial
from typing import TYPE_CHECKING

from ctseq.evidence.tables import (
    INTERVAL,
    METHOD,
    METRIC_MODEL,
    METRIC_PAIR,
    NOTES,
    PAIR,
    Analysis,
    analysis,
    contract,
    floats,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from ctseq.evidence.over_patients.pooling import PooledStudy

OVER_PATIENTS: dict[str, Analysis] = {}
_patients = partial(analysis, OVER_PATIENTS, "predictions", section="patients")

_COUNTS = {"n": "int", "n_positive": "int", "n_never_tested": "int", **NOTES}


@_patients("patients/auc", contract(METRIC_MODEL, METHOD, INTERVAL, _COUNTS, also=("method",)))
def _auc(study: "PooledStudy") -> "DataFrame":
    from ctseq.evidence.over_patients.estimates import estimates_table

    return estimates_table(study.pooled, study.counts, alpha=study.alpha)


@_patients(
    "patients/delong",
    contract(
        METRIC_PAIR,
        METHOD,
        INTERVAL,
        floats("statistic", "p", "p_adjusted"),
        _COUNTS,
        also=("method",),
    ),
)
def _delong(study: "PooledStudy") -> "DataFrame":
    from ctseq.evidence.over_patients.estimates import differences_table

    return differences_table(study.pooled, study.counts, alpha=study.alpha)


@_patients(
    "patients/mcnemar",
    contract(
        PAIR,
        METHOD,
        dict.fromkeys(("both_right", "only_a_right", "only_b_right", "both_wrong"), "int"),
        floats("p", "p_adjusted"),
        _COUNTS,
    ),
)
def _mcnemar(study: "PooledStudy") -> "DataFrame":
    from ctseq.evidence.over_patients.estimates import mcnemar_table

    return mcnemar_table(study.pooled)


@_patients(
    "patients/operating_points",
    contract(
        {"model": "text", "operating_point": "text"},
        METHOD,
        floats("threshold", "sensitivity", "sensitivity_low", "sensitivity_high"),
        floats("specificity", "specificity_low", "specificity_high"),
        {"n_positive": "int", "n_negative": "int", **NOTES},
    ),
)
def _operating_points(study: "PooledStudy") -> "DataFrame":
    from ctseq.evidence.over_patients.curves import operating_points_table

    return operating_points_table(study.pooled, study.counts, alpha=study.alpha)


@_patients(
    "patients/calibration",
    contract(
        {"model": "text", "bin": "int"},
        floats("bin_low", "bin_high"),
        {"n": "int"},
        floats("mean_probability", "observed", "observed_low", "observed_high"),
    ),
)
def _calibration(study: "PooledStudy") -> "DataFrame":
    from ctseq.evidence.over_patients.curves import calibration_table

    return calibration_table(study.pooled, alpha=study.alpha)


@_patients(
    "patients/curves",
    contract({"model": "text", "curve": "text"}, floats("x", "y", "low", "high"), also=("x",)),
)
def _curves(study: "PooledStudy") -> "DataFrame":
    from ctseq.evidence.over_patients.curves import curves_table

    return curves_table(study.pooled, study.counts, alpha=study.alpha)
