"""What to do next, from what a study saw; and its cautions, each with what to do about it."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from ctseq.core.words import listed, listed_few
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.power import MOST_PATIENTS
from ctseq.evidence.over_replicates.verdicts import Finding, finding_of
from ctseq.report.models import flattered
from ctseq.report.numbers import count
from ctseq.report.opening.performance import performance_metrics
from ctseq.report.replicates import Remark, remarks_of
from ctseq.report.study import Study
from ctseq.report.verdict_tables import primary_contrasts

_KEY = ["metric", "model_a", "model_b"]
_OPEN = {Finding.INCONCLUSIVE, Finding.NONINFERIOR, Finding.NOT_SUPERIOR, Finding.UNTESTED}
_MOST_NAMED = 4  # models or replicates in a sentence
_RECOMMENDED = "config/recommended.yaml"
# With two, an interval has one degree of freedom: its half width is 12.7 standard errors.
_ENOUGH = 3


def next_step(study: Study) -> tuple[str, list[str]]:
    """Return what to do next, and the other cautions of a study.

    What makes its numbers worth little comes first: a model that learnt nothing, too few
    replicates, choices made on the patients that are reported, metrics without a value. Of a study
    without any of these, its verdict decides.
    """
    remarks = remarks_of(study)
    learnt = list(_learnt(study, remarks))
    grave = any(2 * len(one.replicates) > one.of for one in remarks)
    found = [*_few_replicates(study), *_flattered(study), *_undefined(study)]
    found = [*learnt, *found] if grave else [*found, *learnt]
    # What a model does in few replicates is no reason to put the rest off.
    if found[: len(found) - len(learnt)] or grave:
        return found[0], found[1:]
    return _by_verdict(study), found


def _learnt(study: Study, remarks: list[Remark]) -> Iterator[str]:
    """Yield a sentence on models that learnt little: on those with a learning rate, on others."""
    models = study.resolved.models
    inside = study.config["tuning"]["patients"] == "train"
    several = "training.learning_rate" if inside else f"several with {_RECOMMENDED}"
    cures = {
        True: f"Give another learning rate ({several})",
        False: "Give another encoder or family",
    }
    for in_epochs, cure in cures.items():
        own = [one for one in remarks if models[one.model].in_epochs == in_epochs]
        if own:
            said = listed_few([_remark(study, one) for one in own], _MOST_NAMED)
            yield (
                f"{cure} to what learnt little or nothing, with which a comparison is one of "
                f"recipes more than of models: {said}."
            )


def _remark(study: Study, one: Remark) -> str:
    where = f"all {one.of} replicates"
    if len(one.replicates) < one.of:
        numbers = listed_few(one.replicates, _MOST_NAMED)
        where = f"{len(one.replicates)} of {one.of} replicates ({numbers})"
    return f"{study.labels[one.model]} {one.words.format(unit=study.unit)} in {where}"


def _few_replicates(study: Study) -> Iterator[str]:
    n = study.config["replicates"]
    if n < _ENOUGH:
        why = "two are too few for an interval that says much" if n == 2 else "one has no interval"
        yield f"Run more replicates (replicates: 10): {why}."


def _flattered(study: Study) -> Iterator[str]:
    labels = flattered(study)
    if labels:
        who = "every model" if len(labels) == len(study.labels) else listed_few(labels, _MOST_NAMED)
        yield (
            f"Run it by the recommended protocol ({_RECOMMENDED} as another --configfile), which "
            f"chooses inside the training patients: here {who} kept the epoch that did best on the "
            "very patients reported, which flatters models unequally (in simulated studies by up "
            "to 0.04 of accuracy)."
        )


def _undefined(study: Study) -> Iterator[str]:
    """Yield a sentence on metrics of the opening table that are 0/0 in some replicates."""
    means = study.comparison["model_means"]
    rows = means[means["metric"].isin(performance_metrics(study)) & (means["n_undefined"] > 0)]
    if len(rows):
        names = list(dict.fromkeys(METRICS[name].words for name in rows["metric"]))
        worst = rows["n_undefined"].max()
        yield (
            f"Run more replicates, or test on more patients in each: {listed(names)} "
            f"{'is' if len(names) == 1 else 'are'} undefined (0/0) in up to {worst} of "
            f"{study.config['replicates']}."
        )


def _by_verdict(study: Study) -> str:
    """Return what to do about contrasts that stay open, or once none does."""
    rows = primary_contrasts(study)
    open_ones = [finding_of(row) in _OPEN for row in rows.itertuples()]
    if any(open_ones):
        return _for_open(study, rows[open_ones].merge(study.comparison["power"], on=_KEY))
    external = [dataset.name for dataset in study.resolved.external]
    if external:
        return (
            f"Analyse the scores on {listed(external)} (runs/<model>/replicate-RR/external), which "
            "no choice has seen: all that is answered here is of one dataset."
        )
    return (
        "Test the fitted models on another hospital's patients, whom no choice has seen (external "
        "in the configuration): all that is answered here is of one dataset."
    )


def _for_open(study: Study, rows: pd.DataFrame) -> str:
    """Return about how many more patients the open contrast that needs most of them asks for.

    `rows` are of `power`, whose numbers are of the patients in all.
    """
    needs = rows["patients_needed"].fillna(float("inf"))
    worst: Any = rows.loc[needs.idxmax()]
    metric = METRICS[worst["metric"]].words
    sought = f"a difference of {worst['difference']:g} in {metric}"
    of = ""
    if len(rows) > 1:
        pair = f"{study.labels[worst['model_a']]} and {study.labels[worst['model_b']]}"
        of = f" ({pair}; of {len(rows)} open comparisons this one needs most)"
    needed = worst["patients_needed"]
    if pd.isna(needed) and pd.isna(worst["sd"]):
        return f"Run more replicates: too few have a value to tell what finds {sought}{of}."
    if pd.isna(needed):
        return (
            "Take a larger difference for the smallest that matters, or leave this open: more than "
            f"{count(MOST_PATIENTS)} patients would find {sought} in four studies of five{of}."
        )
    if needed <= study.n_patients:
        return (
            "Repeat this on other patients: the study would have found "
            f"{sought} four times in five, so that the true one may well be smaller{of}."
        )
    return (
        f"Add about {count(needed - study.n_patients)} patients: it takes roughly {count(needed)} "
        f"to find {sought} in four studies of five by this study's test{of}."
    )
