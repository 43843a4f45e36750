"""The analyses of further trainings: what each table holds, and the function that computes it."""

from ctseq.evidence.tables import INTERVAL, METRIC_MODEL, NOTES, contract, floats, registry

_PARTS = ("split", "seed", "rest")

_VARIANCE = registry(
    "variance",
    "further",
    (
        "further/variance_parts",
        "ctseq.evidence.further.variance:variance_table",
        contract(
            METRIC_MODEL | {"minus": "text?"},
            floats("sd", *(f"{kind}_{part}" for kind in ("variance", "share") for part in _PARTS)),
            floats("width_averaged", "width_limit"),
            {"n": "int", "n_seeds": "int", "n_undefined": "int", **NOTES},
        ),
    ),
)
_LEARNING_CURVE = registry(
    "learning_curve",
    "further",
    (
        "further/learning_curve",
        "ctseq.evidence.further.learning_curve:learning_curve_table",
        contract(
            METRIC_MODEL | {"share": "float"},
            floats("n_train"),
            INTERVAL,
            {"n": "int", "n_undefined": "int", **NOTES},
        ),
    ),
)
FURTHER = _VARIANCE | _LEARNING_CURVE
