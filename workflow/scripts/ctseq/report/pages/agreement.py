"""Whether studies come to the same conclusion, in sentences."""

from collections.abc import Mapping, Sequence

from ctseq.core.words import listed
from ctseq.evidence.metrics import METRICS
from ctseq.evidence.studies import Conclusion


def agreement_sentence(found: Conclusion, *, labels: Mapping[str, str]) -> str:
    """Return whether studies come to the same conclusion on two models, and where equivalence is.

    That one study shows a difference and another does not is not called a contradiction.
    """
    return _agreement(found, labels) + _equivalence(found)


def _agreement(found: Conclusion, labels: Mapping[str, str]) -> str:
    a, b = labels[found.model_a], labels[found.model_b]
    metric = METRICS[found.metric].words
    undecided = f"{_studies(found.open)} show{'s' * (len(found.open) == 1)} no difference"
    if found.a_better and found.b_better:
        rest = f"; {undecided}" if found.open else ""
        return (
            f"The studies contradict each other in {metric}: {a} is better than {b} in "
            f"{_studies(found.a_better)}, and worse in {_studies(found.b_better)}{rest}."
        )
    if not found.a_better and not found.b_better:
        return f"No difference between {a} and {b} in {metric} is shown by {_studies(found.open)}."
    better, other = (a, b) if found.a_better else (b, a)
    shown = _studies(found.a_better or found.b_better)
    if not found.open:
        return (
            f"{shown[0].upper()}{shown[1:]} agree that {better} is better than {other} in {metric}."
        )
    return (
        f"{better} is better than {other} in {metric} in {shown}; {undecided}, which does not say "
        "that there is none."
    )


def _equivalence(found: Conclusion) -> str:
    """Return a sentence on the studies whose interval lies within the margin, if there are any."""
    alike = [study for study in found.equivalent if study in found.open]
    slight = [study for study in found.equivalent if study not in found.open]
    said = ""
    if alike:
        said += f" They are equivalent in {_studies(alike)}, {_within(alike)}."
    if slight:
        said += f" The difference is smaller than matters in {_studies(slight)}, {_within(slight)}."
    return said


def _within(names: Sequence[str]) -> str:
    if len(names) == 1:
        return "whose whole interval lies within its margin"
    return "whose whole intervals lie within their margins"


def _studies(names: Sequence[str]) -> str:
    return f"stud{'y' if len(names) == 1 else 'ies'} {listed(names)}"
