"""What a dataset must have for a model, beyond labels of its scans. A new need is a line here.

A family names its own in `registry.FAMILIES`; some follow from a model's settings.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ctseq.families.registry import FAMILIES


@dataclass(frozen=True)
class Holdings:
    """What a dataset has.

    Attributes
    ----------
    slice_labels
        Whether slices have labels of their own.
    masks
        Number of masks of the scans that are used.
    spacing
        Whether the distance of slices is known of every scan.
    """

    slice_labels: bool
    masks: int
    spacing: bool


@dataclass(frozen=True)
class Need:
    """Something that a dataset must have.

    Attributes
    ----------
    words
        What it is, for tables: "labels of slices".
    met
        A function that tells whether a dataset has it.
    cure
        What to do where it has not.
    to_learn
        Whether only learning takes it, so that external datasets may be without.
    """

    words: str
    met: Callable[[Holdings], bool]
    cure: str
    to_learn: bool = False


NEEDS: dict[str, Need] = {
    "slice_labels": Need(
        words="labels of slices",
        met=lambda held: held.slice_labels,
        cure="set `labels: scan` for it, which teaches it the labels of scans",
        to_learn=True,
    ),
    "masks": Need(
        words="masks",
        met=lambda held: held.masks > 0,
        cure="choose another family, or a dataset with masks",
        to_learn=True,
    ),
    "spacing": Need(
        words="distances of slices",
        met=lambda held: held.spacing,
        cure="choose another family, or scans as DICOM or NIfTI, which say them",
    ),
}
# Of `labels`, whose labels a model learns from.
_OF_LABELS = {"slice": ("slice_labels",)}


def needs_of(family: str, labels: str) -> list[Need]:
    """Return what a model of a family, with its setting `labels`, needs of a dataset."""
    names = (*_OF_LABELS.get(labels, ()), *FAMILIES[family].needs)
    return [NEEDS[name] for name in dict.fromkeys(names)]
