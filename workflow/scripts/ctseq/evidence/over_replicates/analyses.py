"""The analyses of replicates: what each table holds, and the function that computes it."""

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
_PROBABILITIES = floats("margin", "p_a_better", "p_equivalent", "p_b_better")
_POWER = floats("alpha", "difference", "sd", "power", "detectable_difference")
_POWER |= floats("replicates_needed", "patients_needed")

_PAPER = registry(
    "replicates",
    "paper",
    (
        "paper/normality",
        "ctseq.evidence.over_replicates.paper:normality_table",
        contract(METRIC_MODEL, _TEST, _COUNTS),
    ),
    (
        "paper/variances",
        "ctseq.evidence.over_replicates.paper:variances_table",
        contract(METRIC_PAIR, _TEST, _COUNTS_OF_EACH),
    ),
    (
        "paper/t_test",
        "ctseq.evidence.over_replicates.paper:t_test_table",
        contract(
            METRIC_PAIR, _T_TEST, floats("cohens_d", "power", "false_alarm_rate"), _COUNTS_OF_EACH
        ),
    ),
    (
        "paper/mann_whitney",
        "ctseq.evidence.over_replicates.paper:mann_whitney_table",
        contract(METRIC_PAIR, _TEST, floats("false_alarm_rate"), _COUNTS_OF_EACH),
    ),
    (
        "paper/ranges",
        "ctseq.evidence.over_replicates.paper:ranges_table",
        contract(METRIC_MODEL, floats("minimum", "maximum"), _COUNTS),
    ),
    (
        "paper/means",
        "ctseq.evidence.over_replicates.paper:means_table",
        contract(METRIC_MODEL, floats("mean", "sd"), _COUNTS),
    ),
)
_APPENDIX = registry(
    "replicates",
    "appendix",
    (
        "model_means",
        "ctseq.evidence.over_replicates.means:model_means_table",
        contract(METRIC_MODEL, INTERVAL, _COUNTS),
    ),
    (
        "resampled_t",
        "ctseq.evidence.over_replicates.resampled:resampled_t_table",
        contract(METRIC_PAIR, _T_TEST, floats("p_adjusted", "overlap"), _COUNTS),
    ),
    (
        "bayesian_t",
        "ctseq.evidence.over_replicates.bayesian:bayesian_t_table",
        contract(METRIC_PAIR, METHOD, INTERVAL, _PROBABILITIES, _COUNTS),
    ),
    (
        "effect_sizes",
        "ctseq.evidence.over_replicates.effects:effects_table",
        contract(METRIC_PAIR, {"effect": "text"}, INTERVAL, _COUNTS, also=("effect",)),
    ),
    (
        "power",
        "ctseq.evidence.over_replicates.power:power_table",
        contract(METRIC_PAIR, METHOD, _POWER, _COUNTS),
    ),
    (
        "ranking",
        "ctseq.evidence.over_replicates.effects:ranking_table",
        contract(METRIC_MODEL, floats("average_rank"), _COUNTS),
    ),
    ("verdict", "ctseq.evidence.over_replicates.verdicts:verdict_table", VERDICT),
)
OVER_REPLICATES = _PAPER | _APPENDIX
