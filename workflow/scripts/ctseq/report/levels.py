"""What simulated studies say of a study's tests and intervals, in words."""

from collections.abc import Iterable, Mapping

from ctseq.core.words import listed
from ctseq.evidence.levels import NOMINAL, Level, simulated_level
from ctseq.evidence.metrics import METRICS
from ctseq.report.numbers import LEARNER_WORDS, statistic_words
from ctseq.report.study import Compared


def levels_of(
    study: Compared, procedure: str = "difference", statistics: Iterable[str] | None = None
) -> dict[str, Level]:
    """Return what was simulated of the study's design, by statistic; what was not lacks.

    Nothing was simulated of other levels than `NOMINAL`. `statistics` are the study's metrics
    unless others are named.
    """
    if study.alpha != NOMINAL:
        return {}
    config, splits = study.config, study.config["splits"]
    design = {
        "scheme": splits.get("scheme", "random"),
        "stratify": splits.get("stratify", False),
        "shared_splits": "sizes" not in splits,
        "replicates": config["replicates"],
        "n_patients": study.n_patients,
        "procedure": procedure,
    }
    names = config["comparison"]["metrics"] if statistics is None else statistics
    found = {name: simulated_level(study.levels, name, **design) for name in names}
    return {name: level for name, level in found.items() if level}


def coverage(study: Compared, intervals: Mapping[str, tuple[str, ...]]) -> str:
    """Return a sentence on how often intervals held the truth in simulated studies.

    Parameters
    ----------
    intervals
        Procedure of ``levels.csv`` to what its statistics begin with.

    Returns
    -------
    str
        Empty if none of them was simulated.
    """
    if intervals and not_simulated(study):
        return not_simulated(study)
    levels = []
    for procedure, beginnings in intervals.items():
        names = study.levels.loc[study.levels["procedure"] == procedure, "statistic"].unique()
        chosen = [name for name in names if name.startswith(beginnings)]
        levels += levels_of(study, procedure, chosen).values()
    if not levels:
        return ""
    shares = [share for level in levels for share in level.held.values()]
    beyond = []
    for level in (one for one in levels if one.exceeds):
        own = [f"{LEARNER_WORDS[name]} {_whole(level.held[name])} %" for name in level.beyond]
        beyond.append(f"{statistic_words(level.statistic)} ({', '.join(own)})")
    return (
        "In simulated studies of the nearest design, these 95 % intervals held the "
        f"truth in {_whole(min(shares))} to {_whole(max(shares))} %"
        + (f", which is too seldom for: {'; '.join(beyond)}." if beyond else ".")
    )


def not_simulated(study: Compared) -> str:
    """Return that levels were not simulated for the study's alpha; empty if they were."""
    if study.alpha == NOMINAL:
        return ""
    return f"Levels were simulated for {NOMINAL:g}, not for {study.alpha:g}."


def _whole(share: float) -> int:
    """Return a share in per cent, rounded down so that it promises no more than it is."""
    return int(round(100 * share, 6))


def other_levels(study: Compared) -> str:
    """Return a sentence on the levels of the other metrics' tests; empty if none was simulated.

    It names those whose tests claim too often.
    """
    others = levels_of(study)
    others.pop(study.config["comparison"]["primary"], None)
    if not others:
        return ""
    low = min(one.low for one in others.values())
    high = max(one.high for one in others.values())
    beyond = [METRICS[name].words for name, one in others.items() if one.exceeds]
    too_often = f", too often for {listed(beyond)}" if beyond else ""
    return f"On other metrics it claims one in {100 * low:.1f} to {100 * high:.1f} %{too_often}."


def rates(level: Level | None) -> str:
    """Return the rates of a level's learners, in per cent."""
    if level is None:
        return "not simulated"
    low, high = (f"{100 * rate:.1f}" for rate in (level.low, level.high))
    return f"{low} %" if low == high else f"{low} to {high} %"
