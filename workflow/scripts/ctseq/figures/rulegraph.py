"""The workflow's rule graph: read from Snakemake's description and laid out in layers."""

import re
from collections.abc import Hashable
from dataclasses import dataclass

import networkx as nx

from ctseq.core.errors import InputError

_NODE = re.compile(r'^\s*(\d+)\s*\[.*?label\s*=\s*"((?:[^"\\]|\\.)*)"')
_EDGE = re.compile(r"^\s*(\d+)\s*->\s*(\d+)")
_SWEEPS = 12  # of ordering and placing; these graphs settle within a handful
# Room that a rule and an arrow on its way past other rules take in a row.
_RULE, _PASSING = 1.0, 0.3

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where to draw a rule graph.

    Attributes
    ----------
    positions
        Rule to x and y: rows are at y = 0, -1, ..., neighbours at least 1 apart in x.
    routes
        Edge to the points that its arrow runs through, the two rules' own first and last.
    """

    positions: dict[str, Point]
    routes: dict[tuple[str, str], list[Point]]


def read_dot(text: str) -> nx.DiGraph:
    """Read the output of ``snakemake --rulegraph``.

    Parameters
    ----------
    text
        Graphviz source; lines around it, such as a greeting, are passed over.

    Returns
    -------
    DiGraph
        A node a rule, an edge from each rule to those that use its output. Node and edge order
        do not depend on the order of the text, which differs from run to run.

    Raises
    ------
    InputError
        If the text holds no graph.
    """
    names, edges = {}, set()
    for line in text.splitlines():
        if edge := _EDGE.match(line):
            edges.add(edge.groups())
        elif node := _NODE.match(line):
            # Snakemake appends wildcards and their values to a label; the rule is its first line.
            names[node[1]] = node[2].split("\\n")[0]
    if not names:
        raise InputError("Snakemake described no rule graph: its output holds no node.")
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(set(names.values())))
    graph.add_edges_from(sorted((names[a], names[b]) for a, b in edges if names[a] != names[b]))
    return graph


def part_of(graph: nx.DiGraph, rule: str, *, before: bool) -> nx.DiGraph:
    """Cut out a rule with everything before it, or with everything that is not before it."""
    if rule not in graph:
        raise InputError(f"The workflow has no rule {rule}; its graph cannot be cut there.")
    ancestors = nx.ancestors(graph, rule)
    kept = {name for name in graph if (name in ancestors) == before} | {rule}
    part = nx.DiGraph()
    part.add_nodes_from(name for name in graph if name in kept)
    part.add_edges_from((a, b) for a, b in graph.edges if a in kept and b in kept)
    return part


def layered(graph: nx.DiGraph, *, widest: int) -> Layout:
    """Place rules in rows, each below all that it depends on.

    The method is that of Sugiyama, Tagawa and Toda (1981): rows, then order within them, then
    places. Edges that follow from others are left out.

    Parameters
    ----------
    graph
        Without cycles.
    widest
        Rules side by side at most; a fuller row is broken.
    """
    drawn = nx.transitive_reduction(graph)
    row_of = _rows(graph, widest)
    rows: list[list[Hashable]] = [[] for _ in range(1 + max(row_of.values()))]
    for name, row in sorted(row_of.items()):
        rows[row].append(name)
    # An edge over several rows passes through a place of its own in each.
    links, chains = nx.DiGraph(), {}
    links.add_nodes_from(sorted(graph))
    for a, b in sorted(drawn.edges):
        passed = [(a, b, row) for row in range(row_of[a] + 1, row_of[b])]
        for place in passed:
            rows[place[2]].append(place)
        chains[a, b] = [a, *passed, b]
        links.add_edges_from(zip(chains[a, b], chains[a, b][1:], strict=False))
    rows = _ordered(rows, links)
    x = _places(rows, links)
    y = {node: -float(row) for row, nodes in enumerate(rows) for node in nodes}
    return Layout(
        {name: (x[name], y[name]) for name in sorted(graph)},
        {edge: [(x[node], y[node]) for node in chain] for edge, chain in chains.items()},
    )


def _rows(graph: nx.DiGraph, widest: int) -> dict[str, int]:
    """Give each rule a row below what it needs; those that need nothing go above their use."""
    depth = {
        name: number
        for number, layer in enumerate(nx.topological_generations(graph))
        for name in layer
    }
    for name in graph:
        if graph.in_degree(name) == 0 and graph.out_degree(name):
            depth[name] = min(depth[after] for after in graph.successors(name)) - 1
    rows, first = {}, 0
    for number in sorted(set(depth.values())):
        layer = sorted(name for name in graph if depth[name] == number)
        n_rows = -(-len(layer) // widest)
        rows |= {name: first + place * n_rows // len(layer) for place, name in enumerate(layer)}
        first += n_rows
    return rows


def _ordered(rows: list[list[Hashable]], links: nx.DiGraph) -> list[list[Hashable]]:
    """Sort each row by the mean place of its neighbours, downwards and upwards in turn."""
    best, fewest = rows, _crossings(rows, links)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        rows = [list(row) for row in rows]
        neighbours = links.predecessors if down else links.successors
        for row in rows if down else reversed(rows):
            place = _packed(rows)
            row.sort(key=lambda node: _mean(neighbours(node), place, place[node]))  # noqa: B023
        if (crossings := _crossings(rows, links)) < fewest:
            best, fewest = rows, crossings
    return best


def _places(rows: list[list[Hashable]], links: nx.DiGraph) -> dict[Hashable, float]:
    """Draw each node towards its neighbours in the rows above and below, without overlap."""
    x = _packed(rows)
    around = links.to_undirected(as_view=True)
    for _ in range(_SWEEPS):
        for row in rows:
            wanted = [_mean(around[node], x, x[node]) for node in row]
            x |= zip(row, _apart(wanted, [_width(node) for node in row]), strict=True)
    middle = (min(x.values()) + max(x.values())) / 2
    return {node: place - middle for node, place in x.items()}


def _apart(wanted: list[float], widths: list[float]) -> list[float]:
    """Give the places nearest to those wanted, in least squares, at which nothing overlaps.

    Less the room of its forerunners, a place may not decrease along the row: isotonic regression,
    by pooling neighbours that violate it.
    """
    offsets, room = [], 0.0
    for width in widths:
        offsets.append(room + width / 2)
        room += width
    pools: list[list[float]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        pools.append([place - offset])
        while len(pools) > 1 and _average(pools[-2]) > _average(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    level = [_average(pool) for pool in pools for _ in pool]
    return [base + offset for base, offset in zip(level, offsets, strict=True)]


def _packed(rows: list[list[Hashable]]) -> dict[Hashable, float]:
    """Place each row's nodes side by side, centred at 0."""
    x = {}
    for row in rows:
        edge = -sum(_width(node) for node in row) / 2
        for node in row:
            x[node] = edge + _width(node) / 2
            edge += _width(node)
    return x


def _crossings(rows: list[list[Hashable]], links: nx.DiGraph) -> int:
    """Count pairs of links between the same rows whose ends lie in opposite order."""
    place = _packed(rows)
    row_of = {node: number for number, row in enumerate(rows) for node in row}
    between: dict[int, list[Point]] = {}
    for a, b in links.edges:
        between.setdefault(row_of[a], []).append((place[a], place[b]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for ends in between.values()
        for at, a in enumerate(ends)
        for b in ends[at + 1 :]
    )


def _width(node: Hashable) -> float:
    return _RULE if isinstance(node, str) else _PASSING


def _mean(nodes: object, x: dict[Hashable, float], otherwise: float) -> float:
    places = [x[node] for node in nodes]
    return _average(places) if places else otherwise


def _average(values: list[float]) -> float:
    return sum(values) / len(values)
