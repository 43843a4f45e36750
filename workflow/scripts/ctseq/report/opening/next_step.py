"""What to do next, from what a study saw; and its cautions, each with what to do about it."""

from collections.abc import Collection, Iterator
from typing import Any

import pandas as pd

from ctseq.core.words import listed, listed_few
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.over_replicates.power import MOST_PATIENTS
from ctseq.evidence.over_replicates.verdicts import Finding, finding_of
from ctseq.report.described.models import flattered
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

    What makes its numbers worth little comes first: models that learnt nothing, too few
    replicates, choices made on the patients that are reported, metrics without a value. Of a study
    without any of these, its verdict decides: more patients are of no use before.
    """
    remarks = remarks_of(study)
    grave = {one.model for one in remarks if 2 * len(one.replicates) > one.of}
    nothing = _nothing_learnt(study, grave)
    protocol = list(_protocol(study, nothing))
    learnt = [*_at_chance(nothing if not (protocol or grave) else ""), *_learnt(study, remarks)]
    few, undefined = list(_few_replicates(study)), list(_undefined(study))
    if nothing and protocol:
        return protocol[0], [*learnt, *few, *undefined]
    found = [*few, *protocol, *undefined]
    # What a model does in few replicates is no reason to put the rest off.
    if nothing or grave:
        found = [*learnt, *found]
    elif not found:
        return _by_verdict(study), learnt
    else:
        found += learnt
    return found[0], found[1:]


def _nothing_learnt(study: Study, grave: Collection[str]) -> str:
    """Return in words that no model is shown to have learnt anything; empty if one is.

    `grave` are models that learnt little in most of their replicates. An interval of few replicates
    says nothing, and tables of confusion matrices have no AUC.
    """
    means = study.comparison["model_means"]
    at_chance = means["metric"].eq("roc_auc") & means["low"].le(0.5)
    at_chance &= study.config["replicates"] >= _ENOUGH
    chance = {*means.loc[at_chance, "model"]}
    if chance.issuperset(study.labels):
        return "no model's AUC is told from chance (no interval lies above 0.5)"
    return "no model learnt much" if chance.union(grave).issuperset(study.labels) else ""


def _at_chance(nothing: str) -> Iterator[str]:
    """Yield a sentence on a study by the recommended protocol of which no model learnt anything."""
    if nothing:
        yield (
            f"Give other encoders or families, or look at labels and windows again: {nothing}, and "
            "before one is, a comparison has nothing to compare."
        )


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


def _protocol(study: Study, nothing: str) -> Iterator[str]:
    """Yield a sentence on why a study is to be run by the recommended protocol, if it is.

    `nothing` says that no model learnt anything, where a protocol that does not choose the learning
    rate may be why.
    """
    models = study.resolved.models.values()
    rates = [one.training["learning_rate"] for one in models if one.about.epochs]
    inside = study.config["tuning"]["patients"] == "train"
    fixed = bool(rates) and not (inside and all(isinstance(rate, list) for rate in rates))
    reasons = [nothing] if nothing and fixed else []
    chooses = "chooses the learning rate, too," if reasons else "chooses"
    if labels := flattered(study):
        who = "every model" if len(labels) == len(study.labels) else listed_few(labels, _MOST_NAMED)
        reasons.append(
            f"{who} kept the epoch that did best on the very patients reported, which flatters "
            "models unequally (in simulated studies by up to 0.04 of accuracy)"
        )
    if reasons:
        yield (
            f"Run it by the recommended protocol ({_RECOMMENDED} as another --configfile), which "
            f"{chooses} inside the training patients: here {', and '.join(reasons)}."
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
