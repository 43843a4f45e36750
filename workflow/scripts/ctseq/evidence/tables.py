"""The columns of every table of evidence, for those who write and those who read them."""

from ctseq.core.tables import Table
from ctseq.replicates.tables import PREDICTIONS

METRICS = Table(
    {"model": "text", "replicate": "int", "metric": "text", "value": "float"},
    key=("model", "replicate", "metric"),
)
POOLED_PREDICTIONS = Table(
    {"model": "text", "replicate": "int", **PREDICTIONS.columns},
    key=("model", "replicate", "patient_id"),
)

_PAIR = {"model_a": "text", "model_b": "text"}
_METRIC_MODEL = {"metric": "text", "model": "text"}
_METRIC_PAIR = {"metric": "text", **_PAIR}
_INTERVAL = {"estimate": "float", "low": "float", "high": "float"}
_PAIRED = {"n": "int", "n_undefined": "int", "note": "text?"}
_UNPAIRED = {"n_a": "int", "n_b": "int", "n_undefined": "int", "note": "text?"}
_PATIENTS = {"n": "int", "n_positive": "int", "n_never_tested": "int", "note": "text?"}


def _floats(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "float")


def _table(names: dict[str, str], *parts: dict[str, str], also: tuple[str, ...] = ()) -> Table:
    """Make a contract whose key is `names` and the columns in `also`."""
    columns = dict(names)
    for part in parts:
        columns |= part
    return Table(columns, key=(*names, *also))


_METHOD = {"method": "text"}

# ``comparison/paper/``: the paper's Tables I to VI in order.
PAPER = {
    "normality": _table(_METRIC_MODEL, _METHOD, _floats("statistic", "p"), _PAIRED),
    "variances": _table(_METRIC_PAIR, _METHOD, _floats("statistic", "p"), _UNPAIRED),
    "t_test": _table(
        _METRIC_PAIR,
        _METHOD,
        _INTERVAL,
        _floats("statistic", "df", "p", "cohens_d", "power", "false_alarm_rate"),
        _UNPAIRED,
    ),
    "mann_whitney": _table(
        _METRIC_PAIR, _METHOD, _floats("statistic", "p", "false_alarm_rate"), _UNPAIRED
    ),
    "ranges": _table(_METRIC_MODEL, _floats("minimum", "maximum"), _PAIRED),
    "means": _table(_METRIC_MODEL, _floats("mean", "sd"), _PAIRED),
}

# ``comparison/``
REPLICATES = {
    "resampled_t": _table(
        _METRIC_PAIR,
        _METHOD,
        _INTERVAL,
        _floats("statistic", "df", "p", "p_adjusted", "test_train_ratio"),
        _PAIRED,
    ),
    "bayesian_t": _table(
        _METRIC_PAIR,
        _METHOD,
        _INTERVAL,
        _floats("rope", "p_a_better", "p_equivalent", "p_b_better"),
        _PAIRED,
    ),
    "effect_sizes": _table(
        _METRIC_PAIR,
        {"effect": "text"},
        _INTERVAL,
        _METHOD,
        {"allows_for_overlap": "flag"},
        _PAIRED,
        also=("effect",),
    ),
    "power": _table(
        _METRIC_PAIR,
        {"sought": "text"},
        _METHOD,
        _floats("alpha", "difference", "sd", "power", "detectable_difference"),
        _floats("replicates_needed", "patients_needed"),
        _PAIRED,
        also=("sought", "method"),
    ),
    "ranking": _table(
        _METRIC_MODEL,
        _METHOD,
        _floats("average_rank", "statistic", "p", "critical_difference"),
        _PAIRED,
    ),
    "verdict": _table(
        _METRIC_PAIR,
        {"supported": "flag", "better": "text?"},
        _INTERVAL,
        _floats("p_adjusted"),
        {"sentence": "text"},
    ),
}

# ``comparison/patients/``
PATIENTS = {
    "auc": _table(_METRIC_MODEL, _METHOD, _INTERVAL, _PATIENTS, also=("method",)),
    "delong": _table(
        _METRIC_PAIR,
        _METHOD,
        _INTERVAL,
        _floats("statistic", "p", "p_adjusted"),
        _PATIENTS,
        also=("method",),
    ),
    "mcnemar": _table(
        _PAIR,
        _METHOD,
        dict.fromkeys(("both_right", "only_a_right", "only_b_right", "both_wrong"), "int"),
        _floats("p", "p_adjusted"),
        _PATIENTS,
    ),
    "operating_points": _table(
        {"model": "text", "operating_point": "text"},
        _METHOD,
        _floats("threshold", "sensitivity", "sensitivity_low", "sensitivity_high"),
        _floats("specificity", "specificity_low", "specificity_high"),
        {"n_positive": "int", "n_negative": "int", "note": "text?"},
    ),
    "calibration": _table(
        {"model": "text", "bin": "int"},
        _floats("bin_low", "bin_high"),
        {"n": "int"},
        _floats("mean_probability", "observed", "observed_low", "observed_high"),
    ),
    "curves": _table(
        {"model": "text", "curve": "text"}, _floats("x", "y", "low", "high"), also=("x",)
    ),
}

CONTRACTS = {**PAPER, **REPLICATES, **PATIENTS}
