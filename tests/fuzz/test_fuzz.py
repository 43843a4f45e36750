"""Whole datasets, odd in random ways: what is read is what was written, or a message says why not.

`make fuzz` tries thousands, with other ones at each call.
"""

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from fuzz.datasets import (
    FOLDERS,
    TREE_TRAITS,
    datasets,
    of_one_kind,
    with_one_kind_of_junk,
    with_one_mistake,
    with_one_trait,
)
from fuzz.dicom_trees import plain_tree
from fuzz.invariants import check, outcome_of
from fuzz.junk import DICOM_JUNK_TRAITS, JUNK_TRAITS
from fuzz.tables import MISTAKES

MINUTES = float(os.environ.get("CTSEQ_FUZZ_MINUTES", 0))
SEED = os.environ.get("CTSEQ_FUZZ_SEED")
KEPT = os.environ.get("CTSEQ_FUZZ_KEEP")
# Rounds of so many, each of another seed, until the time is over.
EXAMPLES_A_ROUND = 500
ALL_CHECKS = list(HealthCheck)


def hold(written, format, folder):
    """Write a dataset and hold what must hold of it, with both ways to treat problems."""
    shutil.rmtree(folder, ignore_errors=True)
    root = folder / "data"
    root.mkdir(parents=True)
    written.write(root)
    for on_problem in ("error", "exclude"):
        outcome = outcome_of(written, root, on_problem=on_problem, format=format)
        check(written, root, outcome, on_problem=on_problem)
        if outcome.index is not None:
            break  # without problems, there is nothing to exclude


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return where datasets are written, each in place of the one before."""
    return Path(KEPT) if KEPT else tmp_path_factory.mktemp("fuzz") / "dataset"


@pytest.mark.skipif(bool(MINUTES or SEED), reason="make fuzz tries others")
@given(datasets(), st.booleans())
@settings(max_examples=200, suppress_health_check=ALL_CHECKS)
def test_what_is_read_is_what_was_written(folder, written, named):
    hold(written, written.format if named else "auto", folder)


def alone(strategy, trait):
    return pytest.param(strategy(trait), id=getattr(trait, "__name__", "no_mistake"))


ALONE = [
    *(alone(of_one_kind, one) for one in (plain_tree, *FOLDERS)),
    *(alone(with_one_trait, one) for one in dict.fromkeys(sum(TREE_TRAITS.values(), ()))),
    *(alone(with_one_kind_of_junk, one)
      for one in dict.fromkeys(sum((JUNK_TRAITS | DICOM_JUNK_TRAITS).values(), ()))),
    *(alone(with_one_mistake, one) for one in (None, *MISTAKES)),
]  # fmt: skip


@pytest.mark.skipif(bool(MINUTES or SEED), reason="make fuzz tries them together")
@pytest.mark.parametrize("strategy", ALONE)
def test_each_trait_alone(folder, strategy):
    """What fails here is named; what fails above alone is a combination."""

    @given(strategy)
    @settings(max_examples=8, suppress_health_check=ALL_CHECKS)
    def one_of_them(written):
        hold(written, written.format, folder)

    one_of_them()


@pytest.mark.skipif(not (MINUTES or SEED), reason="it takes minutes: make fuzz")
def test_the_same_of_thousands(folder, capsys):
    began, n_examples = time.monotonic(), 0
    number = int(SEED) if SEED else int(time.time())
    while True:

        @seed(number)
        @settings(max_examples=EXAMPLES_A_ROUND, derandomize=False, database=None,
                  suppress_health_check=ALL_CHECKS)  # fmt: skip
        @given(datasets(), st.booleans())
        def one_round(written, named):
            nonlocal n_examples
            n_examples += 1
            hold(written, written.format if named else "auto", folder)

        with capsys.disabled():
            print(f"Seed {number}, {n_examples} datasets so far; again: "
                  f"CTSEQ_FUZZ_SEED={number} make fuzz", flush=True)  # fmt: skip
        one_round()
        if SEED or time.monotonic() - began > 60 * MINUTES:
            break
        number += 1
    with capsys.disabled():
        print(f"{n_examples} datasets held.")
