"""What a checklist is made of, and how far a study fills it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ctseq.report.study import Conducted
from ctseq.report.tables import Table


class State(StrEnum):
    """How far an item is filled."""

    FILLED = "filled"
    IN_PART = "filled in part"
    AUTHORS = "for the authors"


@dataclass(frozen=True)
class Answer:
    """What a study knows of an item.

    Attributes
    ----------
    text
        Plain text in sentences.
    places
        Where it stands: paths in the study's folder, of the page with an anchor
        (``report.html#data``).
    tables
        Shown below the text.
    complete
        Nothing is left to the authors, although the item as a rule asks them for more.
    """

    text: str
    places: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    complete: bool = False


# None where the study knows nothing of the item.
Fill = Callable[[Conducted], Answer | None]


def unknown(study: Conducted) -> None:
    """Return no answer: of this item no study knows anything."""


@dataclass(frozen=True)
class Item:
    """An item of a checklist.

    Attributes
    ----------
    number, name
        As the checklist has them; a card's items have no number.
    asks
        What has to be reported, in our own words.
    fill
        Returns what the study knows.
    also
        What the authors have to add to that.
    """

    number: str
    name: str
    asks: str
    fill: Fill = unknown
    also: str = ""


@dataclass(frozen=True)
class Checklist:
    """A checklist.

    Attributes
    ----------
    file
        Name of its file in the study's folder ``reporting``.
    title, about
        Its heading, and what it is, with its source.
    parts
        Heading to items, in order.
    """

    file: str
    title: str
    about: str
    parts: Mapping[str, Sequence[Item]]


@dataclass(frozen=True)
class Filled:
    """An item with what a study knows of it."""

    item: Item
    answer: Answer | None

    @property
    def state(self) -> State:
        """How far the item is filled."""
        if self.answer is None:
            return State.AUTHORS
        return State.IN_PART if self.left else State.FILLED

    @property
    def left(self) -> str:
        """What the authors have to write; empty if nothing is left to them."""
        if self.answer is None:
            return self.item.asks
        return "" if self.answer.complete else self.item.also


def filled(checklist: Checklist, study: Conducted) -> dict[str, list[Filled]]:
    """Return the items under each heading, with what a study knows of them."""
    return {
        heading: [Filled(item, item.fill(study)) for item in items]
        for heading, items in checklist.parts.items()
    }


def counts(parts: Mapping[str, Sequence[Filled]]) -> dict[State, int]:
    """Return how many items are in each state."""
    found = Counter(one.state for items in parts.values() for one in items)
    return {state: found[state] for state in State}
