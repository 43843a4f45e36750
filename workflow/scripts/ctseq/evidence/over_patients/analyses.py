"""The analyses of test patients' predictions: what each table holds, and what computes it."""

from ctseq.evidence.tables import (
    INTERVAL,
    METHOD,
    METRIC_MODEL,
    NOTES,
    PAIR,
    Analysis,
    contract,
    floats,
    registry,
)

_MODEL = {"model": "text"}
_COUNT = {"n": "int", **NOTES}
_T_TEST = METHOD | INTERVAL | floats("statistic", "df", "p")
_THRESHOLD = floats("threshold")
_OF_ONE = floats("replicate_low", "replicate_high")
_RATES = floats("sensitivity", "sensitivity_low", "sensitivity_high")
_RATES |= floats("specificity", "specificity_low", "specificity_high")
_VALUES = floats("ppv", "ppv_low", "ppv_high", "npv", "npv_low", "npv_high")

_DISCRIMINATION = registry(
    "predictions",
    "discrimination",
    (
        "patients/discrimination",
        "ctseq.evidence.over_patients.curves:discrimination_table",
        contract(
            METRIC_MODEL, INTERVAL, {"n": "int", "n_undefined": "int"}, floats("prevalence"), NOTES
        ),
    ),
    (
        "patients/curves",
        "ctseq.evidence.over_patients.curves:curves_table",
        contract(_MODEL | {"curve": "text"}, floats("x"), INTERVAL, also=("x",)),
    ),
    (
        "patients/operating_points",
        "ctseq.evidence.over_patients.operating_points:operating_points_table",
        contract(_MODEL | {"operating_point": "text"}, _RATES, _COUNT),
    ),
)
_CALIBRATION = registry(
    "predictions",
    "calibration",
    (
        "patients/calibration",
        "ctseq.evidence.over_patients.calibration:calibration_table",
        contract(_MODEL | {"measure": "text"}, INTERVAL, _OF_ONE, _COUNT),
    ),
    (
        "patients/calibration_curve",
        "ctseq.evidence.over_patients.calibration_curve:calibration_curve_table",
        contract(_MODEL, floats("x"), INTERVAL, also=("x",)),
    ),
    (
        "patients/predicted",
        "ctseq.evidence.over_patients.calibration:predicted_table",
        contract(
            _MODEL | {"target": "flag"},
            floats("bin_low", "bin_high"),
            {"n": "int"},
            floats("share"),
            also=("bin_low",),
        ),
    ),
)
_BENEFIT = registry(
    "predictions",
    "benefit",
    (
        "patients/net_benefit",
        "ctseq.evidence.over_patients.net_benefit:net_benefit_table",
        contract(_THRESHOLD | _MODEL, INTERVAL, floats("treat_all"), _COUNT),
    ),
    (
        "patients/net_benefit_differences",
        "ctseq.evidence.over_patients.net_benefit:net_benefit_differences_table",
        contract(_THRESHOLD | PAIR, _T_TEST, _COUNT),
    ),
    (
        "patients/decision_curve",
        "ctseq.evidence.over_patients.net_benefit:decision_curve_table",
        contract(_MODEL | _THRESHOLD, INTERVAL, floats("treat_all")),
    ),
    (
        "patients/predictive_values",
        "ctseq.evidence.over_patients.operating_points:predictive_values_table",
        contract(
            _MODEL,
            floats("prevalence"),
            {"prevalence_of": "text"},
            _VALUES,
            _COUNT,
            also=("prevalence", "prevalence_of"),
        ),
    ),
)
_PEOPLE = registry(
    "predictions",
    "data",
    (
        "patients/participants",
        "ctseq.evidence.over_patients.participants:participants_table",
        contract(
            dict.fromkeys(("characteristic", "statistic", "subset"), "text"),
            floats("value", "least", "most"),
        ),
    ),
    (
        "patients/splits",
        "ctseq.evidence.over_patients.participants:splits_table",
        contract(
            {"replicate": "int"},
            dict.fromkeys(("n_train", "n_test", "positive_train", "positive_test"), "int"),
            floats("p"),
            {"odd": "flag"},
        ),
    ),
)
_SUBGROUPS = registry(
    "predictions",
    "subgroups",
    (
        "patients/subgroups",
        "ctseq.evidence.over_patients.subgroups:subgroups_table",
        contract(
            dict.fromkeys(("model", "attribute", "group", "measure"), "text"),
            INTERVAL,
            {"n": "int", "n_patients": "int", **NOTES},
        ),
    ),
)
_SAMPLE_SIZE = registry(
    "predictions",
    "sample_size",
    (
        "patients/sample_size",
        "ctseq.evidence.over_patients.sample_size:sample_size_table",
        contract(
            _MODEL | {"measure": "text"},
            floats("expected", "prevalence"),
            {"n_patients": "int"},
            floats("width", "wanted_width", "patients_needed"),
            NOTES,
        ),
    ),
)
_MISSED = registry(
    "predictions",
    "answer",
    (
        "patients/missed",
        "ctseq.evidence.over_patients.missed:missed_table",
        contract(
            _MODEL | {"scan_id": "id"},
            {"patient_id": "id", "n_missed": "int", "n_tested": "int"},
        ),
    ),
)
OVER_PATIENTS: dict[str, Analysis] = _DISCRIMINATION | _CALIBRATION | _BENEFIT
OVER_PATIENTS |= _PEOPLE | _SUBGROUPS | _SAMPLE_SIZE | _MISSED
