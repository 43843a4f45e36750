"""Files that are asked for by name: those of what the configuration describes can be made."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from ctseq.core.errors import InputError
from ctseq.core.words import listed, unknown
from ctseq.study.study import Study

# In results/ beside the folders of studies.
_SHARED = ("logs", "benchmarks", "published", "studies.html")
_REPLICATE = re.compile(r"replicate-(\d+)(?![\w-])")


def check_targets(targets: Iterable[str], study: Study) -> None:
    """Raise `InputError` if files are asked for of what a study does not have, and list them.

    They are of another study or dataset, of a model that is not compared, or of a replicate beyond
    the last. Snakemake would make the latter, and say of the others only that there is no rule.
    Names that are no paths in `results/` are left to it.
    """
    problems = [
        f"{target} cannot be made: {problem}"
        for target in targets
        for problem in _problems(PurePosixPath(os.path.normpath(target)).parts, study)
    ]
    if problems:
        raise InputError("\n".join(problems))


def _problems(parts: tuple[str, ...], study: Study) -> Iterator[str]:
    """Yield what a study does not have of a path in its parts: the first such thing."""
    match parts:
        case ("results", "data", dataset, _, *_):
            if dataset not in study.datasets:
                own = listed(study.datasets)
                yield f"{dataset} is no dataset of the study {study.name}, which has {own}."
        case ("results", name, _, *_) if name != study.name:
            # What another configuration made is there, and stays as it is.
            if name not in _SHARED and not Path(*parts).exists():
                yield (
                    f"the study of this configuration is {study.name}, whose files are in "
                    f"{study.results}/. Name one of these, or set `study` to {name}, or give the "
                    "configuration of that study (--configfile)."
                )
        case ("results", _, *rest):
            yield from _of_study(rest, study)


def _of_study(parts: list[str], study: Study) -> Iterator[str]:
    match parts:
        case ("runs", model, *_) if model not in study.runs:
            yield unknown("it", model, "compare", [*study.runs])
            return
    found = _REPLICATE.search("/".join(parts))
    if not found or found[1] in study.replicates:
        return
    number, most = int(found[1]), len(study.replicates)
    if 1 <= number <= most:
        yield f"replicate {number} is written replicate-{study.replicates[number - 1]}."
    elif number:
        yield f"it is of replicate {number} of a study with {most}: raise `replicates`, now {most}."
    else:
        yield f"replicates are numbered from {study.replicates[0]}."
