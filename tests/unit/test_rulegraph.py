"""The rule graph: read from Snakemake's text, laid out without overlap, the same every time."""

import itertools
import random

import pytest

from ctseq.core.errors import InputError
from ctseq.figures.graph import rule_graph
from ctseq.figures.rulegraph import layered, part_of, read_dot
from ctseq.figures.style import save

NAMES = [
    "all",
    "report",
    "index",
    "pack",
    "split",
    "train",
    "evaluate",
    "plot_a",
    "plot_b",
    "alone",
]
EDGES = [("index", "pack"), ("index", "split"), ("pack", "train"), ("split", "train"),
         ("index", "train"), ("train", "evaluate"), ("split", "evaluate"), ("evaluate", "plot_a"),
         ("evaluate", "plot_b"), ("plot_a", "report"), ("plot_b", "report"), ("alone", "report"),
         ("report", "all")]  # fmt: skip


def dot(shuffle=0):
    order = list(NAMES)
    random.Random(shuffle).shuffle(order)  # noqa: S311
    number = {name: place for place, name in enumerate(order)}
    lines = [f'\t{number[n]}[label = "{n}", color = "0.1 0.6 0.85", style="rounded"];'
             for n in order]  # fmt: skip
    edges = [f"\t{number[a]} -> {number[b]}" for a, b in EDGES]
    random.Random(shuffle + 1).shuffle(edges)  # noqa: S311
    return "\n".join(["Building DAG of jobs...", "digraph snakemake_dag {", *lines, *edges, "}"])


def test_graph_is_read_whatever_the_numbering():
    graph = read_dot(dot())
    assert sorted(graph) == sorted(NAMES)
    assert set(graph.edges) == set(EDGES)
    assert list(read_dot(dot(7)).edges) == list(graph.edges)


def test_wildcards_in_a_label_are_no_part_of_the_name():
    text = 'digraph {\n0[label = "train\\nmodel: vivit", color = "0"];\n1[label = "a"];\n1 -> 0\n}'
    assert list(read_dot(text).edges) == [("a", "train")]


def test_text_without_a_graph_is_refused():
    with pytest.raises(InputError, match="no rule graph"):
        read_dot("MissingInputException")


def test_parts_meet_in_a_rule_and_hold_every_rule():
    graph = read_dot(dot())
    before, after = (part_of(graph, "evaluate", before=side) for side in (True, False))
    assert set(before) & set(after) == {"evaluate"}
    assert set(before) | set(after) == set(NAMES)
    with pytest.raises(InputError, match="no rule finetune"):
        part_of(graph, "finetune", before=True)


def test_rules_stand_below_what_they_need_and_apart():
    graph = read_dot(dot())
    layout = layered(graph, widest=2)
    at = layout.positions
    assert all(at[a][1] > at[b][1] for a, b in graph.edges)
    for (x, y), (other_x, other_y) in itertools.combinations(at.values(), 2):
        assert y != other_y or abs(x - other_x) > 0.99


def test_edges_that_follow_from_others_are_left_out():
    routes = layered(read_dot(dot()), widest=6).routes
    assert ("index", "train") not in routes
    assert ("split", "evaluate") not in routes
    assert len(routes) == len(EDGES) - 2


def test_arrows_pass_beside_rules():
    layout = layered(read_dot(dot()), widest=6)
    for route in layout.routes.values():
        for x, y in route[1:-1]:
            assert all(abs(x - u) > 0.6 for u, v in layout.positions.values() if v == y)


def test_drawing_is_the_same_every_time(tmp_path):
    for number in (1, 2):
        figure = rule_graph(read_dot(dot(number)), emphasised=["train"])
        save(figure, tmp_path / f"{number}.svg", tmp_path / f"{number}.png")
    for suffix in ("svg", "png"):
        assert (tmp_path / f"1.{suffix}").read_bytes() == (tmp_path / f"2.{suffix}").read_bytes()
