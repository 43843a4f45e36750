"""Each oddity of a dataset alone, so that what fails is named."""

import pytest
from hypothesis import HealthCheck, given, settings

from fuzz.datasets import (
    FOLDERS,
    TREE_TRAITS,
    of_one_kind,
    with_one_kind_of_junk,
    with_one_mistake,
    with_one_trait,
)
from fuzz.dicom_trees import plain_tree
from fuzz.invariants import hold
from fuzz.junk import DICOM_JUNK_TRAITS, JUNK_TRAITS
from fuzz.label_mistakes import MISTAKES


def once(groups):
    return dict.fromkeys(trait for group in groups.values() for trait in group)


def alone(strategy, trait):
    return pytest.param(strategy(trait), id=getattr(trait, "__name__", "no_mistake"))


ALONE = [
    *(alone(of_one_kind, one) for one in (plain_tree, *FOLDERS)),
    *(alone(with_one_trait, one) for one in once(TREE_TRAITS)),
    *(alone(with_one_kind_of_junk, one)
      for one in once(JUNK_TRAITS | DICOM_JUNK_TRAITS)),
    *(alone(with_one_mistake, one) for one in (None, *MISTAKES)),
]  # fmt: skip


@pytest.mark.parametrize("strategy", ALONE)
def test_each_trait_alone(tmp_path, strategy):
    """What fails in test_fuzz and not here is a combination."""

    @given(strategy)
    @settings(max_examples=6, suppress_health_check=list(HealthCheck))
    def one_of_them(written):
        hold(written, written.format, tmp_path)

    one_of_them()
