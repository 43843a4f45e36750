"""The answer that a page opens with: a question, a sentence, a table, and what to do next."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ctseq.report.opening.missed import Missed, missed_scans
from ctseq.report.opening.next_step import next_step
from ctseq.report.opening.performance import performance_table
from ctseq.report.study import Compared, Study
from ctseq.report.tables import Table
from ctseq.report.verdict_tables import primary_contrasts
from ctseq.report.verdicts import answer_sentence


@dataclass(frozen=True)
class Answer:
    """What a page says first.

    Attributes
    ----------
    question
        The page's heading.
    sentence
        The reply, from the primary metric and the contrasts.
    table
        A row a model.
    next_step
        What to do next, in one sentence; empty for a study that others did.
    cautions
        What else to keep in mind, each with what to do about it.
    missed
        The positive scans that models miss, one a model.
    """

    question: str
    sentence: str
    table: Table
    next_step: str = ""
    cautions: Sequence[str] = ()
    missed: Sequence[Missed] = ()


def answer_of(study: Study) -> Answer:
    """Return the answer of a study that was run here."""
    question, asked = _question(study)
    step, cautions = next_step(study)
    return Answer(
        question,
        sentence(study, asked),
        performance_table(study),
        step,
        cautions,
        missed_scans(study),
    )


def sentence(study: Compared, asked: Collection[str] = ()) -> str:
    """Return the answer in one sentence; `asked` are the models that the question is about."""
    return answer_sentence(
        primary_contrasts(study), labels=study.labels, alpha=study.alpha, asked=asked
    )


def _question(study: Study) -> tuple[str, Collection[str]]:
    """Return what the contrasts ask, and the models of which they ask it; none for all alike."""
    labels = study.labels
    contrasts = primary_contrasts(study)
    pairs = [*zip(contrasts["model_a"], contrasts["model_b"], strict=True)]
    if len(pairs) > 1:
        common = set(labels).intersection(*map(set, pairs))
        if not common:
            return f"Which model finds {study.target} best?", ()
        [reference] = common
        better = f"Does any model find {study.target} better than {labels[reference]}?"
        return better, {model for pair in pairs for model in pair} - common
    [(a, b)] = pairs
    models = {name: study.resolved.models[name] for name in (a, b)}
    whole = {name for name, model in models.items() if model.sees_scans}
    # Single slices are seen by models that see no order: differences of slices are neither.
    single = {name for name in models if not any(one.ordered for one in models[name].encoders)}
    combined = any(model.members for model in models.values())  # and what its members see differs
    if combined or len(whole) != 1 or not {a, b} - whole <= single:
        return f"Does {labels[a]} find {study.target} better than {labels[b]}?", {a}
    # What is asked is whether seeing the sequence helps, whichever model is named first.
    [first] = whole
    second = b if first == a else a
    return (
        f"Does {labels[first]}, which sees the whole sequence, find {study.target} better than "
        f"{labels[second]}, which sees single slices?"
    ), whole
