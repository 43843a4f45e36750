"""Snakemake's command line with other targets."""

import pytest

from ctseq.core.command_line import with_targets


@pytest.mark.parametrize(
    ("typed", "targets", "expected"),
    [
        ("--profile p", [], "check --profile p"),
        ("--profile p a.csv b.csv", ["a.csv", "b.csv"], "check --profile p"),
        ("b.csv --profile p a.csv", ["a.csv", "b.csv"], "check --profile p"),
        # The value of an option stays, though a target is spelled like it.
        ("--forcerun a.csv -- a.csv", ["a.csv"], "check --forcerun a.csv"),
        ("all --config study=all", ["all"], "check --config study=all"),
    ],
)
def test_targets_give_way_to_another(typed, targets, expected):
    assert with_targets(typed.split(), targets, "check") == expected.split()
