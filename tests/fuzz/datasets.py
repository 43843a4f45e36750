"""Strategies of whole datasets, with traits in random combination or one alone."""

from hypothesis import strategies as st

from fuzz.dicom_series import SERIES_TRAITS
from fuzz.dicom_slices import SLICE_TRAITS
from fuzz.dicom_trees import pick, plain_tree
from fuzz.junk import DICOM_JUNK_TRAITS, JUNK_TRAITS
from fuzz.nifti_folders import nifti_folder
from fuzz.pictures import ct_ich_folder, picture_folder
from fuzz.tables import plain_table, table_of, with_table

TREE_TRAITS = SERIES_TRAITS | SLICE_TRAITS
# More would leave little of a small dataset that is not odd.
_MOST_TRAITS = 4
FOLDERS = (nifti_folder, picture_folder, ct_ich_folder)


@st.composite
def datasets(draw):
    """Draw a dataset of any format."""
    if draw(st.integers(0, 2)):
        return draw(dicom_trees())
    written = pick(draw, FOLDERS)(draw)
    return _with_junk(draw, written, JUNK_TRAITS)


@st.composite
def dicom_trees(draw):
    """Draw a tree of DICOM files: a trait of each of some groups, then a table, then junk."""
    tree = plain_tree(draw)
    groups = draw(st.sets(st.sampled_from(sorted(TREE_TRAITS)), max_size=_MOST_TRAITS))
    for group, traits in TREE_TRAITS.items():  # in this order, as a hospital would
        if group in groups:
            tree = pick(draw, traits)(draw, tree)
    written = with_table(draw, tree.finished(), tree.tables)
    return _with_junk(draw, written, DICOM_JUNK_TRAITS | JUNK_TRAITS)


@st.composite
def with_one_trait(draw, trait):
    """Draw a tree of DICOM files that has one trait, and a label table as documents write it."""
    tree = trait(draw, plain_tree(draw, odd=False))
    return plain_table(draw, tree.finished(), pick(draw, tree.tables))


@st.composite
def with_one_kind_of_junk(draw, trait):
    """Draw a dataset of any format that has one trait of all folders."""
    if draw(st.booleans()) or trait in DICOM_JUNK_TRAITS["dicom"]:
        return trait(draw, draw(with_one_trait(lambda draw, tree: tree)))
    return trait(draw, pick(draw, FOLDERS)(draw, odd=False))


@st.composite
def with_one_mistake(draw, mistake):
    """Draw a tree of DICOM files with a label table in any spelling, with a mistake or none."""
    tree = plain_tree(draw, odd=False)
    kind = pick(draw, tree.tables)
    return table_of(draw, tree.finished(), kind, mistake)


@st.composite
def of_one_kind(draw, make):
    """Draw a dataset of one kind: a tree with names in any spelling, or another format."""
    if make is not plain_tree:
        return make(draw)
    tree = make(draw)
    return plain_table(draw, tree.finished(), pick(draw, tree.tables))


def _with_junk(draw, written, traits):
    groups = draw(st.sets(st.sampled_from(sorted(traits)), max_size=2))
    for group, made in traits.items():
        if group in groups:
            written = pick(draw, made)(draw, written)
    return written
