"""`columns` of a dataset: the titles of its label table, and what its cells mean.

This module imports nothing slow, so that the configuration is checked with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ctseq.readers.labels.spelling import bare_title, value_keys

# What a row may be about, and what it says.
WHOSE = ("scan", "patient", "slice", "image")
NAMED = (*WHOSE, "label")


@dataclass(frozen=True)
class Columns:
    """The columns that a configuration names; what it does not name is found by its title.

    Attributes
    ----------
    key
        Where the configuration has them, for messages.
    titles
        What is named, one of `NAMED`, to the title as the configuration writes it.
    positive, negative
        The label's cells that mean yes and no, as `spelling.cell_key` returns them; both are empty
        where the usual words do.
    """

    key: str = "datasets.<name>.columns"
    titles: Mapping[str, str] = field(default_factory=dict)
    positive: frozenset[str] = frozenset()
    negative: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Mapping[str, Any], key: str = key) -> "Columns":
        """Return the columns of a checked configuration; `key` is where it has them."""
        titles = {name: settings[name] for name in NAMED if name in settings}
        positive, negative = (_keys(settings.get(name, ())) for name in ("positive", "negative"))
        return cls(key, titles, positive, negative)

    def __bool__(self) -> bool:
        return bool(self.titles or self.positive)

    @property
    def name_rows(self) -> bool:
        """Whether they say what a row is about, so that nothing else does."""
        return any(name in self.titles for name in WHOSE)

    def at(self, name: str, header: Sequence[str]) -> int | None:
        """Return the index of a named column, or None if it is not named or not there."""
        title = bare_title(self.titles.get(name, ""))
        return header.index(title) if title and title in header else None

    def missing(self, header: Sequence[str]) -> list[str]:
        """Return which of the named columns a header, of bare titles, lacks or has twice."""
        found = {name: header.count(bare_title(title)) for name, title in self.titles.items()}
        return [name for name, count in found.items() if count != 1]


# Every column is found by its title.
NO_COLUMNS = Columns()


def column_problems(key: str, its: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the columns of a dataset, whose values have the right types.

    `key` is where the configuration has them.
    """
    seen: dict[str, str] = {}
    for name in (name for name in NAMED if name in its):
        bare = bare_title(its[name])
        if not bare:
            yield f"{key}.{name} is {its[name]!r}, but titles are told by letters and digits"
        elif bare in seen:
            yield f"{key}.{name} and {key}.{seen[bare]} name one column, {its[name]!r}"
        seen.setdefault(bare, name)
    if "slice" in its and not {"patient", "scan"} & {*its}:
        yield f"{key}.slice needs {key}.patient or {key}.scan: whose slice is it"
    if {"slice", "image"} <= {*its}:
        yield f"{key} names slice and image, but a row is about one of them: remove the other"
    if "negative" in its and "positive" not in its:
        yield f"{key}.negative needs {key}.positive: the cells that mean yes"
    both = _keys(its.get("positive", ())) & _keys(its.get("negative", ()))
    if both:
        yield f"{key}: {', '.join(sorted(both))} is both positive and negative"


def _keys(values: Sequence[Any]) -> frozenset[str]:
    return frozenset(key for value in values for key in value_keys(value))
