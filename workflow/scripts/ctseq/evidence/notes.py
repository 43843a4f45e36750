"""Notes of a table's rows, as codes with values: why a number is missing, or what limits it.

A note is a mapping such as ``{"code": "one_value"}``; other keys are its values. The column
``notes`` holds a row's notes as JSON. `ctseq.report.notes` has words for every code.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

Note = dict[str, Any]


class Code(StrEnum):
    """What a note says."""

    NO_VALUE = "no_value"
    ONE_VALUE = "one_value"
    NEEDS_VALUES = "needs_values"  # needed, n
    NEEDS_VALUES_OF_EACH = "needs_values_of_each"  # needed, n_a, n_b
    NEEDS_SHARED_REPLICATES = "needs_shared_replicates"  # needed, n
    VALUES_EQUAL = "values_equal"
    ALL_VALUES_EQUAL = "all_values_equal"
    NO_SPREAD_WITHIN_MODELS = "no_spread_within_models"
    DISTANCES_CONSTANT = "distances_constant"
    NO_POOLED_DEVIATION = "no_pooled_deviation"
    MODELS_EQUAL = "models_equal"
    DIFFERENCE_CONSTANT = "difference_constant"
    DIFFERENCE_WITHOUT_DEVIATION = "difference_without_deviation"
    UNPAIRED = "unpaired"
    CUT_AT_RANGE = "cut_at_range"  # low, high: 1 for an end that is cut; of: a column, if several
    FALSE_ALARMS = "false_alarms"  # of_10, of_30: rates of studies with so many replicates
    FALSE_ALARMS_UNKNOWN = "false_alarms_unknown"
    ZERO_SOUGHT = "zero_sought"
    POWER_OUT_OF_REACH = "power_out_of_reach"  # target, ceiling
    NEEDS_ARE_ROUGH = "needs_are_rough"  # n
    TOO_MANY_REPLICATES = "too_many_replicates"  # most
    TOO_MANY_PATIENTS = "too_many_patients"  # most
    NO_COMPLETE_REPLICATE = "no_complete_replicate"
    RANKS_NEED_SHARED_SPLITS = "ranks_need_shared_splits"
    NEEDS_BOTH_CLASSES = "needs_both_classes"
    THRESHOLD_CHOSEN_HERE = "threshold_chosen_here"
    NEVER_CALLED = "never_called"
    SELDOM_CALLED = "seldom_called"
    SELDOM_FOUND = "seldom_found"
    NO_INTERVAL_AT_THE_END = "no_interval_at_the_end"
    PROBABILITIES_EQUAL = "probabilities_equal"
    CLASSES_SEPARATED = "classes_separated"
    FEW_PATIENTS = "few_patients"  # needed
    NEEDS_AUC_ABOVE_CHANCE = "needs_auc_above_chance"
    NEEDS_SPLITS_AND_SEEDS = "needs_splits_and_seeds"  # n_a, n_b
    SEEDS_CHANGE_NOTHING = "seeds_change_nothing"
    SPLIT_PART_BELOW_ZERO = "split_part_below_zero"
    SEED_PART_BELOW_ZERO = "seed_part_below_zero"
    TOO_FEW_TO_LEARN = "too_few_to_learn"  # n, of


def note(code: Code, **values: float | str) -> Note:
    """Return a note with the values that its words need."""
    return {"code": code.value, **values}


def write_notes(notes: Sequence[Note]) -> str:
    """Return a row's cell: JSON, or nothing without notes."""
    return json.dumps(list(notes)) if notes else ""


def read_notes(cell: object) -> list[Note]:
    """Return the notes of a row's cell; an empty cell, read as text or as NaN, has none."""
    return json.loads(cell) if isinstance(cell, str) and cell else []


def cut_ends(cell: object, of: str = "") -> frozenset[str]:
    """Return which ends of a row's interval are cut at its range: ``low``, ``high``, both or none.

    `of` is the column that the interval is of, where a row has several.
    """
    own = [
        one
        for one in read_notes(cell)
        if one["code"] == Code.CUT_AT_RANGE and one.get("of", "") == of
    ]
    return frozenset(end for one in own for end in ("low", "high") if one[end])


def turned_round(cell: object) -> str:
    """Return the notes of a row whose difference changes its sign, and so its ends their places."""
    return write_notes(
        [
            one | {"low": one["high"], "high": one["low"]}
            if one["code"] == Code.CUT_AT_RANGE
            else one
            for one in read_notes(cell)
        ]
    )
