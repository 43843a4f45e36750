"""All pairs of traits of each layout, and datasets that have both of a pair."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from hypothesis import strategies as st

from fuzz.datasets import FOLDERS, TREE_TRAITS
from fuzz.dicom_series import hidden_bleed
from fuzz.dicom_studies import visits
from fuzz.dicom_trees import LAYOUTS, plain_tree
from fuzz.junk import DICOM_JUNK_TRAITS, JUNK_TRAITS
from fuzz.label_mistakes import MISTAKES
from fuzz.tables import kind_of, plain_table, table_of

_JUNK = DICOM_JUNK_TRAITS | JUNK_TRAITS
# Names of groups of traits in the order in which they are made; of a group, a dataset has one.
_GROUPS = TREE_TRAITS | {"table": MISTAKES} | _JUNK
# What a layout cannot have: CQ500's table has one spelling, and names no images.
_NEVER = {"folders": set(), "flat": {visits}, "cq500": {visits, hidden_bleed, *MISTAKES}}
# Tables that have one spelling each.
_RELEASED = ("rsna", "cq500")


@dataclass(frozen=True)
class Pair:
    """Two traits, the first made first, of a layout of DICOM files or of another format."""

    layout: str | Callable
    traits: tuple[Callable, Callable]

    def __str__(self):
        parts = (self.layout, *self.traits)
        return "-".join(one if isinstance(one, str) else one.__name__ for one in parts)


def _pairs_of(groups, never=()):
    """List all twos of traits of different groups."""
    traits = [(group, one) for group in groups for one in groups[group] if one not in never]
    pairs = (
        (one, other)
        for (group, one), (second, other) in combinations(traits, 2)
        if group != second and one is not other
    )
    return [*dict.fromkeys(pairs)]


PAIRS = [
    *(Pair(layout, two) for layout in LAYOUTS for two in _pairs_of(_GROUPS, _NEVER[layout])),
    *(Pair(make, two) for make in FOLDERS for two in _pairs_of(JUNK_TRAITS)),
]


@st.composite
def with_both(draw, pair):
    """Draw a dataset with a pair of traits, or None where one of them could not be made.

    Names are easy to spell, and a label table without a mistake is as the documents write it.
    """
    of_tree, mistakes, junk = (
        [one for one in pair.traits if one in among]
        for among in (_all(TREE_TRAITS), MISTAKES, _all(_JUNK))
    )
    if pair.layout in FOLDERS:
        written = pair.layout(draw)
    else:
        tree = _with_all(draw, plain_tree(draw, odd=False, layout=pair.layout), of_tree)
        written = tree and _with_table(draw, tree, mistakes)
    return written and _with_all(draw, written, junk)


def _all(groups):
    return [trait for group in groups.values() for trait in group]


def _with_all(draw, made, traits):
    """Return a tree or dataset with traits, or None if one of them left it as it was."""
    for trait in traits:
        before, made = made, trait(draw, made)
        if made is before:
            return None
    return made


def _with_table(draw, tree, mistakes):
    """Return the tree with a plain label table, or with a mistake if one of its kinds has any."""
    written, kinds = tree.finished(), tree.tables
    if not mistakes:
        return plain_table(draw, written, kind_of(draw, written, kinds))
    kinds = tuple(one for one in kinds if one not in _RELEASED)
    return table_of(draw, written, kind_of(draw, written, kinds), *mistakes) if kinds else None
