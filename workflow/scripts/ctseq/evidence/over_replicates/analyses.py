"""The analyses of replicates: what each table holds, and how it is computed.

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
    VERDICT,
    Analysis,
    analysis,
    contract,
    floats,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from ctseq.evidence.over_replicates.design import ReplicatedStudy

OVER_REPLICATES: dict[str, Analysis] = {}
_paper = partial(analysis, OVER_REPLICATES, "replicates", section="paper")
_primary = partial(analysis, OVER_REPLICATES, "replicates", section="primary")

_TESTED = floats("statistic", "p")
_COUNTS = {"n": "int", "n_undefined": "int", **NOTES}
_COUNTS_OF_EACH = {"n_a": "int", "n_b": "int", "n_undefined": "int", **NOTES}


@_paper("paper/normality", contract(METRIC_MODEL, METHOD, _TESTED, _COUNTS))
def _normality(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.paper import normality_table

    return normality_table(study.replicates, undefined=study.undefined)


@_paper("paper/variances", contract(METRIC_PAIR, METHOD, _TESTED, _COUNTS_OF_EACH))
def _variances(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.paper import variances_table

    return variances_table(study.replicates, undefined=study.undefined)


@_paper(
    "paper/t_test",
    contract(
        METRIC_PAIR,
        METHOD,
        INTERVAL,
        floats("statistic", "df", "p", "cohens_d", "power", "false_alarm_rate"),
        _COUNTS_OF_EACH,
    ),
)
def _t_test(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.paper import t_test_table

    return t_test_table(study.replicates, undefined=study.undefined, alpha=study.alpha)


@_paper(
    "paper/mann_whitney",
    contract(METRIC_PAIR, METHOD, _TESTED, floats("false_alarm_rate"), _COUNTS_OF_EACH),
)
def _mann_whitney(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.paper import mann_whitney_table

    return mann_whitney_table(study.replicates, undefined=study.undefined)


@_paper("paper/ranges", contract(METRIC_MODEL, floats("minimum", "maximum"), _COUNTS))
def _ranges(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.paper import ranges_table

    return ranges_table(study.replicates, undefined=study.undefined)


@_paper("paper/means", contract(METRIC_MODEL, floats("mean", "sd"), _COUNTS))
def _means(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.paper import means_table

    return means_table(study.replicates, undefined=study.undefined)


@_primary(
    "resampled_t",
    contract(
        METRIC_PAIR,
        METHOD,
        INTERVAL,
        floats("statistic", "df", "p", "p_adjusted", "test_train_ratio"),
        _COUNTS,
    ),
)
def _resampled_t(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.resampled import resampled_t_table

    return resampled_t_table(study.replicates, **study.corrected)


@_primary(
    "bayesian_t",
    contract(
        METRIC_PAIR,
        METHOD,
        INTERVAL,
        floats("rope", "p_a_better", "p_equivalent", "p_b_better"),
        _COUNTS,
    ),
)
def _bayesian_t(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.bayesian import bayesian_t_table

    return bayesian_t_table(study.replicates, **study.corrected, rope=study.rope)


@_primary(
    "effect_sizes", contract(METRIC_PAIR, {"effect": "text"}, INTERVAL, _COUNTS, also=("effect",))
)
def _effect_sizes(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.effects import effects_table

    return effects_table(study.replicates, **study.corrected)


@_primary(
    "power",
    contract(
        METRIC_PAIR,
        METHOD,
        floats("alpha", "difference", "sd", "power", "detectable_difference"),
        floats("replicates_needed", "patients_needed"),
        _COUNTS,
    ),
)
def _power(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.power import power_table

    return power_table(
        study.replicates,
        **study.corrected,
        n_patients=study.design.n_patients,
        smallest_relevant=study.rope,
    )


@_primary("ranking", contract(METRIC_MODEL, floats("average_rank"), _COUNTS))
def _ranking(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.effects import ranking_table

    return ranking_table(study.replicates, undefined=study.undefined)


@_primary("verdict", VERDICT)
def _verdict(study: "ReplicatedStudy") -> "DataFrame":
    from ctseq.evidence.over_replicates.resampled import resampled_t_table, verdict_table

    return verdict_table(resampled_t_table(study.replicates, **study.corrected), alpha=study.alpha)
