"""What a plan changes: keys of the configuration that differ, and the stages that run again."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctseq.core.lines import differing, dotted
from ctseq.core.words import listed

# Stages in their order to the rules of each. Those of _COUNTED are told by their number.
STAGES = {
    "check": ("check_study",),
    "dataset": ("draw_phantom", "index_dataset", "select_slices"),
    "features": (
        "fetch_checkpoint",
        "convert_checkpoint",
        "pretrain_tiny",
        "describe_encoder",
        "pack_pixels",
        "extract_features",
        "extract_mirrored_features",
    ),
    "splits": ("split_patients",),
    "trainings": ("fit", "finetune"),
    "ensembles": ("combine",),
    "evaluation": (
        *("evaluate", "predict", "predict_finetuned", "predict_combined", "collect_metrics"),
    ),
    "further trainings": ("train_seeds", "train_fewer"),
    "comparison": (
        "compare_models",
        "compare_patients",
        "compare_slices",
        "compare_seeds",
        "compare_fewer",
    ),
    "figures": ("plot_examples", "plot_figures"),
    "report": ("write_report", "write_reporting"),
    "registration": ("write_registration",),
    "multiverse": ("train_protocols", "compare_protocols", "write_multiverse"),
    "published study": (
        "collect_published",
        "compare_published",
        "plot_published_figures",
        "write_published",
    ),
    "comparison of studies": ("compare_studies",),
}
# Rules that only name what others make.
TARGETS = ("all", "check", "multiverse", "published")
_COUNTED = {"splits": "split", "trainings": "training", "figures": "figure"}
# Their results are of no configuration, or of those of others.
_OF_NO_STUDY = {"published study", "comparison of studies"}
_STAGE = {rule: stage for stage, rules in STAGES.items() for rule in rules}

SETTINGS, CODE, MISSING = "other settings", "changed code", "missing files"
OTHER_INPUTS = "another set of input files"
_DIGEST = re.compile(r"'?[0-9a-f]{64}'?")
# Keys, or the first parts of keys, that ask for files which there were not before.
_ADDING = (
    *("replicates", "compare", "external", "dataset", "encoders", "models", "shards"),
    *("further", "splits", "comparison.metrics", "report"),
)
_CATALOGUES = ("datasets", "encoders", "models")
# Of a run and not of its results.
_LEFT_OUT = ("compare_studies", "container")
# A plan of more keys, as under another protocol, is read by its first ones.
_MOST_KEYS = 8


@dataclass(frozen=True)
class Job:
    """A planned job: its rule, how many figures it draws, and why it runs, in words.

    A job that only follows from others has no cause of its own.
    """

    rule: str
    figures: int = 0
    causes: frozenset[str] = frozenset()


def stage_of(rule: str) -> str:
    """Return the stage that a rule belongs to; a rule of no stage is one of its own."""
    return _STAGE.get(rule, rule.replace("_", " "))


def settings_or_code(parameters: Iterable[Any]) -> set[str]:
    """Return what differs where these parameters of a rule do: its settings, its code or both.

    The digest of a rule's code is a parameter of it, too.
    """
    return {CODE if _DIGEST.fullmatch(str(one)) else SETTINGS for one in parameters}


def config_changes(made: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """List the keys that differ between two configurations, as each uses it, and their values.

    Of models, encoders and datasets that only one of them has, `compare` and `external` tell.

    Returns
    -------
    list
        Such as ``comparison.alpha 0.05 -> 0.01``, in the order of the keys.
    """
    return differing(_values(made, asked), _values(asked, made))


def work_of(jobs: Sequence[Job]) -> list[str]:
    """List the stages of some jobs in their order, such as ``8 trainings``."""
    numbers = Counter(stage_of(job.rule) for job in jobs if job.rule not in TARGETS)
    numbers["figures"] = sum(job.figures for job in jobs)
    order = [*STAGES, *(stage for stage in numbers if stage not in STAGES)]
    return [_counted(stage, numbers[stage]) for stage in order if numbers[stage]]


def plan_lines(jobs: Sequence[Job], changes: Sequence[str] | None, results: str) -> list[str]:
    """Return what a plan says at its end, in few lines; none if there is nothing to do.

    Parameters
    ----------
    changes
        Keys of the configuration that changed since the study's results were made, as
        `config_changes` spells them; None if it has none that are finished.
    results
        Folder of the study's results.
    """
    work = work_of(jobs)
    if not work:
        return []
    stages = {stage_of(job.rule) for job in jobs if job.rule not in TARGETS}
    if changes is None or stages <= _OF_NO_STUDY:
        return [f"To run: {', '.join(work)}."]
    causes = {cause for job in jobs for cause in job.causes}
    if not changes:
        # Settings that no key names are those that a rule itself has.
        causes = {CODE if cause == SETTINGS else cause for cause in causes}
        return [
            f"The configuration did not change since {results} was made. By "
            f"{listed(sorted(causes)) or 'request'}: {', '.join(work)}."
        ]
    return [f"Changed since {results} was made:", *_changed(changes, work, causes)]


def _changed(changes: Sequence[str], work: Sequence[str], causes: Collection[str]) -> list[str]:
    explained = {SETTINGS, OTHER_INPUTS}
    if any(change.startswith(_ADDING) for change in changes):
        explained.add(MISSING)
    besides = sorted(set(causes) - explained)
    if len(changes) == 1 and not besides:
        return [f"  {changes[0]}: {', '.join(work)}"]
    more = len(changes) - _MOST_KEYS
    lines = [f"  {change}" for change in changes[:_MOST_KEYS]]
    lines += [f"  and {more} more"] * (more > 0)
    also = f" (also by {listed(besides)})" if besides else ""
    return [*lines, f"  together: {', '.join(work)}{also}"]


def _values(config: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a configuration by dotted keys, without what is not compared."""
    kept = {key: value for key, value in config.items() if key not in _LEFT_OUT}
    for catalogue in _CATALOGUES:
        both = other.get(catalogue, {})
        kept[catalogue] = {k: v for k, v in kept.get(catalogue, {}).items() if k in both}
    return {key: value for key, value in dotted(kept) if value != {}}


def _counted(stage: str, number: int) -> str:
    if stage not in _COUNTED:
        return stage
    return f"1 {_COUNTED[stage]}" if number == 1 else f"{number} {stage}"
