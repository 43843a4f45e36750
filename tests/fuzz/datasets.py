"""Strategies of whole datasets, with traits in random combination or one alone."""

from hypothesis import strategies as st

from fuzz.dicom_series import SERIES_TRAITS
from fuzz.dicom_slices import SLICE_TRAITS
from fuzz.dicom_trees import pick, plain_tree
from fuzz.junk import DICOM_JUNK_TRAITS, JUNK_TRAITS
from fuzz.nifti_folders import nifti_folder
from fuzz.pictures import ct_ich_folder, picture_folder
from fuzz.tables import with_table

_TREE_TRAITS = SERIES_TRAITS | SLICE_TRAITS
# More would leave little of a small dataset that is not odd.
_MOST_TRAITS = 4
_FOLDERS = (nifti_folder, picture_folder, ct_ich_folder)


@st.composite
def datasets(draw):
    """Draw a dataset of any format."""
    if draw(st.integers(0, 2)):
        return draw(dicom_trees())
    written = pick(draw, _FOLDERS)(draw)
    return _with_junk(draw, written, JUNK_TRAITS)


@st.composite
def dicom_trees(draw):
    """Draw a tree of DICOM files: a trait of each of some groups, then a table, then junk."""
    tree = plain_tree(draw)
    groups = draw(st.sets(st.sampled_from(sorted(_TREE_TRAITS)), max_size=_MOST_TRAITS))
    for group, traits in _TREE_TRAITS.items():  # in this order, as a hospital would
        if group in groups:
            tree = pick(draw, traits)(draw, tree)
    written = with_table(draw, tree.finished(), tree.tables)
    return _with_junk(draw, written, DICOM_JUNK_TRAITS | JUNK_TRAITS)


@st.composite
def with_one_trait(draw, trait):
    """Draw a tree of DICOM files that has one trait, and a table without mistakes."""
    tree = trait(draw, plain_tree(draw))
    return with_table(draw, tree.finished(), tree.tables, mistakes=(None,))


def _with_junk(draw, written, traits):
    groups = draw(st.sets(st.sampled_from(sorted(traits)), max_size=2))
    for group, made in traits.items():
        if group in groups:
            written = pick(draw, made)(draw, written)
    return written
