"""Parts of the variance: known answers, by hand and from a simulated model."""

import numpy as np
import pandas as pd
import pytest

from ctseq.core.errors import InputError
from ctseq.evidence.further.analyses import FURTHER
from ctseq.evidence.further.variance import SeededRuns, variance_parts, variance_table
from ctseq.evidence.notes import Code, read_notes


def runs_of(grids, metric="accuracy"):
    """Return the table of runs, `grids` being model to values of splits by seeds."""
    return pd.DataFrame(
        [
            {"model": model, "replicate": r + 1, "seed": s + 1, "metric": metric, "value": value}
            for model, grid in grids.items()
            for (r, s), value in np.ndenumerate(np.asarray(grid, dtype=float))
        ]
    )


def codes(parts):
    return [one["code"] for one in parts.notes]


def test_known_answer_by_hand():
    """Means of rows 2, 5, 8 and of columns 3, 7; rests of +-1, +-1, 0.

    Mean squares: 2 * 18 / 2 = 18, 3 * 8 / 1 = 24, (4 * 1) / 2 = 2.
    """
    values = np.array([[1.0, 3.0], [2.0, 8.0], [6.0, 10.0]])
    parts = variance_parts(values)
    assert parts.split == pytest.approx((18 - 2) / 2)
    assert parts.seed == pytest.approx((24 - 2) / 3)
    assert parts.rest == pytest.approx(2)
    assert parts.total == pytest.approx(8 + 22 / 3 + 2)
    assert parts.width(2) == pytest.approx(np.sqrt((8 + (22 / 3 + 2) / 2) / (8 + 22 / 3 + 2)))
    assert parts.width(np.inf) == pytest.approx(np.sqrt(8 / (8 + 22 / 3 + 2)))
    assert parts.width(1) == 1


def test_known_variances_are_found_again_without_bias():
    rng = np.random.default_rng(1)
    splits, seeds, repeats = 6, 4, 4000
    found = []
    for _ in range(repeats):
        split = rng.normal(0, 3, (splits, 1))
        seed = rng.normal(0, 2, (1, seeds))
        parts = variance_parts(split + seed + rng.normal(0, 1, (splits, seeds)))
        found.append((parts.split, parts.seed, parts.rest))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(repeats)
    # What is below 0 is set to 0: with these variances in 1 % of runs.
    assert np.abs(mean - [9, 4, 1]).max() < 0.3
    assert (np.abs(mean - [9, 4, 1]) < 4 * error).all()


def test_parts_below_zero_are_zero_and_said_so():
    """Splits whose means are equal, and seeds too: all is interaction."""
    parts = variance_parts(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert (parts.split, parts.seed, parts.rest) == (0, 0, 1)
    assert codes(parts) == [Code.SPLIT_PART_BELOW_ZERO, Code.SEED_PART_BELOW_ZERO]
    assert parts.width(4) == 0.5


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (np.ones((1, 3)), Code.NEEDS_SPLITS_AND_SEEDS),
        (np.ones((3, 1)), Code.NEEDS_SPLITS_AND_SEEDS),
        (np.ones((3, 2)), Code.VALUES_EQUAL),
    ],
)
def test_what_cannot_be_split_is_nan_with_a_note(values, code):
    parts = variance_parts(values)
    assert np.isnan([parts.split, parts.seed, parts.rest, parts.width(2)]).all()
    assert codes(parts) == [code]


def test_a_training_without_random_choices_has_the_split_alone_and_a_note():
    parts = variance_parts(np.array([[1.0] * 3, [2.0] * 3, [4.0] * 3]))
    assert (parts.split, parts.seed, parts.rest) == (pytest.approx(7 / 3), 0, 0)
    assert codes(parts) == [Code.SEEDS_CHANGE_NOTHING]
    assert parts.width(3) == 1


def test_the_parts_of_a_difference_are_those_of_the_differences():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 5, 3))
    table = variance_table(
        SeededRuns(runs_of({"a": a, "b": b}), ["a", "b"], [["a", "b"]], "exclude")
    )
    assert [*zip(table["model"], table["minus"], strict=True)] == [("a", ""), ("b", ""), ("a", "b")]
    for grid, row in zip((a, b, a - b), table.itertuples(), strict=True):
        parts = variance_parts(grid)
        assert row.variance_split == parts.split
        assert row.sd == pytest.approx(parts.total**0.5)
        assert row.share_split + row.share_seed + row.share_rest == pytest.approx(1)
        assert row.width_averaged == parts.width(3)
    assert set(table) == set(FURTHER["further/variance_parts"].table.columns)


@pytest.mark.parametrize(
    ("undefined", "kept"),
    [
        ("exclude", [[0.5, 0.6], [0.4, 0.9]]),
        ("zero", [[0.5, 0.6], [0, 0.7], [0.4, 0.9]]),
    ],
)
def test_undefined_values(undefined, kept):
    grid = [[0.5, 0.6], [np.nan, 0.7], [0.4, 0.9]]
    [row] = variance_table(SeededRuns(runs_of({"a": grid}), ["a"], [], undefined)).itertuples()
    parts = variance_parts(np.array(kept))
    assert (row.variance_split, row.variance_seed) == (parts.split, parts.seed)
    assert (row.n, row.n_undefined) == (len(kept), 1)
    assert read_notes(row.notes) == [*parts.notes]


@pytest.mark.parametrize(
    ("undefined", "kept"),
    [
        ("exclude", [[-0.1, 0.2], [0.2, 0.4]]),
        ("zero", [[-0.1, 0.2], [-0.3, 0.1], [0.2, 0.4]]),
    ],
)
def test_undefined_values_count_as_0_in_a_model_and_not_in_a_difference(undefined, kept):
    grids = {
        "a": [[0.5, 0.6], [np.nan, 0.7], [0.4, 0.9]],
        "b": [[0.6, 0.4], [0.3, 0.6], [0.2, 0.5]],
    }
    runs = SeededRuns(runs_of(grids), [], [["a", "b"]], undefined)
    [row] = variance_table(runs).itertuples()
    parts = variance_parts(np.array(kept))
    assert row.variance_rest == pytest.approx(parts.rest)
    assert row.sd == pytest.approx(parts.total**0.5)
    assert (row.n, row.n_undefined) == (len(kept), 1)


def test_undefined_values_may_be_refused():
    runs = runs_of({"a": [[0.5, np.nan], [0.1, 0.2]]}, metric="precision")
    with pytest.raises(InputError, match="precision of a is undefined"):
        variance_table(SeededRuns(runs, ["a"], [], "error"))
