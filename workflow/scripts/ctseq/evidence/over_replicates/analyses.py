"""The analyses of replicates: what each table holds, and the function that computes it."""

from types import ModuleType

from ctseq.evidence.tables import (
    INTERVAL,
    METHOD,
    METRIC_MODEL,
    METRIC_PAIR,
    NOTES,
    VERDICT,
    contract,
    floats,
    registry,
)

_COUNTS = {"n": "int", "n_undefined": "int", **NOTES}
_COUNTS_OF_EACH = {"n_a": "int", "n_b": "int", "n_undefined": "int", **NOTES}
_TEST = METHOD | floats("statistic", "p")
_T_TEST = METHOD | INTERVAL | floats("statistic", "df", "p")
_PROBABILITIES = floats("rope", "p_a_better", "p_equivalent", "p_b_better")
_POWER = floats("alpha", "difference", "sd", "power", "detectable_difference")
_POWER |= floats("replicates_needed", "patients_needed")


def _statistics() -> ModuleType:
    """Import the statistics: when they are computed, so that rules have their names at no cost."""
    from ctseq.evidence import over_replicates
    from ctseq.evidence.over_replicates import (  # noqa: F401
        bayesian,
        effects,
        paper,
        power,
        resampled,
    )

    return over_replicates


OVER_REPLICATES = registry(
    "replicates",
    ("paper/normality", "paper", "paper.normality_table", contract(METRIC_MODEL, _TEST, _COUNTS)),
    (
        "paper/variances",
        "paper",
        "paper.variances_table",
        contract(METRIC_PAIR, _TEST, _COUNTS_OF_EACH),
    ),
    (
        "paper/t_test",
        "paper",
        "paper.t_test_table",
        contract(
            METRIC_PAIR, _T_TEST, floats("cohens_d", "power", "false_alarm_rate"), _COUNTS_OF_EACH
        ),
    ),
    (
        "paper/mann_whitney",
        "paper",
        "paper.mann_whitney_table",
        contract(METRIC_PAIR, _TEST, floats("false_alarm_rate"), _COUNTS_OF_EACH),
    ),
    (
        "paper/ranges",
        "paper",
        "paper.ranges_table",
        contract(METRIC_MODEL, floats("minimum", "maximum"), _COUNTS),
    ),
    (
        "paper/means",
        "paper",
        "paper.means_table",
        contract(METRIC_MODEL, floats("mean", "sd"), _COUNTS),
    ),
    (
        "resampled_t",
        "primary",
        "resampled.resampled_t_table",
        contract(METRIC_PAIR, _T_TEST, floats("p_adjusted", "test_train_ratio"), _COUNTS),
    ),
    (
        "bayesian_t",
        "primary",
        "bayesian.bayesian_t_table",
        contract(METRIC_PAIR, METHOD, INTERVAL, _PROBABILITIES, _COUNTS),
    ),
    (
        "effect_sizes",
        "primary",
        "effects.effects_table",
        contract(METRIC_PAIR, {"effect": "text"}, INTERVAL, _COUNTS, also=("effect",)),
    ),
    ("power", "primary", "power.power_table", contract(METRIC_PAIR, METHOD, _POWER, _COUNTS)),
    (
        "ranking",
        "primary",
        "effects.ranking_table",
        contract(METRIC_MODEL, floats("average_rank"), _COUNTS),
    ),
    ("verdict", "primary", "resampled.verdict_table", VERDICT),
    load=_statistics,
)
