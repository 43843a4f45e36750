"""Whole datasets, odd in random ways: what is read is what was written, or a message says why not.

`make fuzz` tries thousands, with other ones at each call.
"""

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzz.datasets import datasets
from fuzz.invariants import hold

MINUTES = float(os.environ.get("CTSEQ_FUZZ_MINUTES", 0))
SEED = os.environ.get("CTSEQ_FUZZ_SEED")
KEPT = os.environ.get("CTSEQ_FUZZ_KEEP")
# Rounds of so many, each of another seed, until the time is over.
EXAMPLES_A_ROUND = 500
ALL_CHECKS = list(HealthCheck)
# Making a failure small takes minutes: only where one is tried again by its seed.
PHASES = [Phase.generate, Phase.shrink] if SEED else [Phase.generate]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return where datasets are written, each in place of the one before."""
    return Path(KEPT) if KEPT else tmp_path_factory.mktemp("fuzz")


@given(datasets(), st.booleans())
@settings(max_examples=200, suppress_health_check=ALL_CHECKS)
def test_what_is_read_is_what_was_written(folder, written, named):
    hold(written, written.format if named else "auto", folder)


@pytest.mark.skipif(not (MINUTES or SEED), reason="it takes minutes: make fuzz")
def test_the_same_of_thousands(folder, capsys):
    began, n_examples = time.monotonic(), 0
    number = int(SEED) if SEED else int(time.time())
    while True:

        @seed(number)
        @settings(max_examples=EXAMPLES_A_ROUND, derandomize=False, database=None, phases=PHASES,
                  report_multiple_bugs=False, suppress_health_check=ALL_CHECKS)  # fmt: skip
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
