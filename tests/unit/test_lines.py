"""A configuration as lines, each a parameter of a rule, and what they are read back to."""

import pytest
import yaml

from configs import resolved
from ctseq.core.lines import differing, flattened, restored
from ctseq.study.registration import spelled
from studies import ROOT


def test_a_line_holds_a_dotted_key_and_a_value():
    config = {"study": "demo", "comparison": {"alpha": 0.05, "metrics": ["f1", "recall"]}}
    assert flattened(config) == [
        'study: "demo"',
        "comparison.alpha: 0.05",
        'comparison.metrics: ["f1", "recall"]',
    ]


@pytest.mark.parametrize(
    "value",
    [
        *(5.0e-6, 5, 5.0, 0.1 + 0.2, 1e300, True, False, None),
        *("1", "true", "null", "", " ", "a: b", "a.b: {c}", 'said "so"', "é\n\t"),
        *([], [1, "1", None], [["a", "b"], {"c": 1.0}], {}, {"inner": {}}),
    ],
)
def test_values_come_back_with_their_types(value):
    back = restored(flattened({"key": value, "other": {"key": value}}))
    assert repr(back) == repr({"key": value, "other": {"key": value}})


@pytest.mark.parametrize(
    "key", ["a.b", "a: b", "", "1", "true", "null", 'a"b', "ä", "-a", "ct-ich", 1, True, None]
)
def test_keys_come_back_with_their_types(key):
    config = {key: 1, "section": {key: {"inner": 2}, "after": 3}}
    back = restored(flattened(config))
    assert spelled(back) == spelled(config)
    assert type(next(iter(back))) is type(key)


def test_whole_configurations_come_back_in_their_order():
    published = yaml.safe_load((ROOT / "resources/published/study.yaml").read_text("utf-8"))
    for config in (resolved(), published):
        assert spelled(restored(flattened(config))) == spelled(config)


def test_what_an_anchor_shares_is_spelled_wherever_it_stands():
    shared = yaml.safe_load("a: &same {epochs: 3}\nb: *same")
    assert spelled(shared) == "a:\n  epochs: 3\nb:\n  epochs: 3\n"
    assert spelled(restored(flattened(shared))) == spelled(shared)


def test_settings_that_differ_are_named_with_both_values():
    made = {"a": 1, "b": {"x": "40/120", "y": {"z": [1]}}, "c": None, "d": "5", "e": "./one"}
    asked = {"e": "./two", "a": 1.5, "b": {"x": "bone", "y": {"z": [1]}}, "c": {"k": 1}, "f": True}
    assert differing(made, asked) == [
        "e ./one -> ./two",
        "a 1 -> 1.5",
        "b.x 40/120 -> bone",
        'c null -> {"k": 1}',
        "f unset -> true",
        'd "5" -> unset',
    ]
    assert differing(made, made) == differing({}, {}) == differing({"a": {}}, {"a": {}}) == []
    assert differing({"a": {}}, {"a": {"k": None}}) == ["a.k unset -> null"]


def test_long_lists_are_cut_and_paths_are_not():
    long = "/data/" + 20 * "deeper/"
    assert differing({"path": f"{long}a"}, {"path": f"{long}b"}) == [f"path {long}a -> {long}b"]
    (line,) = differing({"a": []}, {"a": [*range(100)]})
    assert line.startswith("a [] -> [0, 1, ")
    assert line.endswith("...")
    assert len(line) < 80
