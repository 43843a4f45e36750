"""The analyses of patients: what each table holds, and the function that computes it."""

from ctseq.evidence.tables import (
    INTERVAL,
    METHOD,
    METRIC_MODEL,
    METRIC_PAIR,
    NOTES,
    PAIR,
    contract,
    floats,
    registry,
)

_COUNTS = {"n": "int", "n_positive": "int", "n_never_tested": "int", **NOTES}
_CLASSES = {"n_positive": "int", "n_negative": "int", **NOTES}
_ADJUSTED = floats("p", "p_adjusted")
_RIGHT = dict.fromkeys(("both_right", "only_a_right", "only_b_right", "both_wrong"), "int")
_RATES = floats("threshold", "sensitivity", "sensitivity_low", "sensitivity_high")
_RATES |= floats("specificity", "specificity_low", "specificity_high")
_BIN = floats("bin_low", "bin_high") | {"n": "int", "mean_probability": "float"}
_BIN |= floats("observed", "observed_low", "observed_high")

OVER_PATIENTS = registry(
    "predictions",
    "patients",
    (
        "patients/auc",
        "ctseq.evidence.over_patients.estimates:estimates_table",
        contract(METRIC_MODEL, METHOD, INTERVAL, _COUNTS, also=("method",)),
    ),
    (
        "patients/delong",
        "ctseq.evidence.over_patients.estimates:differences_table",
        contract(
            METRIC_PAIR, METHOD, INTERVAL, floats("statistic"), _ADJUSTED, _COUNTS, also=("method",)
        ),
    ),
    (
        "patients/mcnemar",
        "ctseq.evidence.over_patients.estimates:mcnemar_table",
        contract(PAIR, METHOD, _RIGHT, _ADJUSTED, _COUNTS),
    ),
    (
        "patients/operating_points",
        "ctseq.evidence.over_patients.curves:operating_points_table",
        contract({"model": "text", "operating_point": "text"}, METHOD, _RATES, _CLASSES),
    ),
    (
        "patients/calibration",
        "ctseq.evidence.over_patients.curves:calibration_table",
        contract({"model": "text", "bin": "int"}, _BIN),
    ),
    (
        "patients/curves",
        "ctseq.evidence.over_patients.curves:curves_table",
        contract({"model": "text", "curve": "text"}, floats("x", "y", "low", "high"), also=("x",)),
    ),
)
