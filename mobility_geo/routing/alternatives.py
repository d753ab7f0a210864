"""Alternatives to the best way that share little of it: simple single-via paths.

A single-via path goes the best way from the origin to the tail of some arc, over the arc, and the
best way from its head to the destination. They are looked at in order of impedance; one that is
simple and shares with none of those taken more than a part of its length is taken.

Importing this module loads the compiler of the loops below.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.errors import InputError
from mobility_geo.routing.accesses import AccessSet
from mobility_geo.routing.engine import Ways
from mobility_geo.routing.hierarchy import Ends, HierarchyMetric, customize, one_to_all
from mobility_geo.routing.kernels.compiled import INF, compiled
from mobility_geo.routing.prepared import HierarchyRoutes

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

TREES_AT_ONCE: Final = 16
"""So many trees the sweep over a hierarchy grows in the time of one."""

FIRST_LOOK: Final = 64
"""So many of the cheapest candidates are looked at before more of them are sorted."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Alternative:
    """One of several ways between two places.

    Attributes
    ----------
    arcs
        Rows of `Network.arcs` in their order, int32.
    access_from, access_to
        By which access of the origin it leaves, and of the destination it arrives; -2: the way
        passes no node.
    units
        Impedance of the whole way, in whole units.
    overlap
        Largest share that it has in common with a way before it, 0 to 1: the length of the edges
        that both pass, by that of the shorter one. Ways between place and network do not count.
    """

    arcs: Ints
    access_from: int
    access_to: int
    units: int
    overlap: float


@compiled
def _grow_parents(distance: Ints, near: Ints, far: Ints, weights: Ints, is_root: Bools) -> Ints:
    """Return by which arc a tree enters each node, the first of equals; -1: a root, or not in it.

    `near` and `far` are the ends of the arcs as the tree passes them.
    """
    parent = np.full(distance.size, -1, np.int32)
    for arc in range(near.size):
        node = far[arc]
        if (
            weights[arc] < INF
            and parent[node] < 0
            and distance[near[arc]] < INF
            and not is_root[node]
            and distance[near[arc]] + weights[arc] == distance[node]
        ):
            parent[node] = arc
    return parent


@compiled
def _add_up(
    order: Ints, parent: Ints, near: Ints, amounts: Ints, edge: Ints, marked: Bools
) -> Ints:
    """Return what the marked edges on the way from the root to each node sum up to."""
    total = np.zeros(parent.size, np.int32)
    for node in order:
        arc = parent[node]
        if arc >= 0:
            total[node] = total[near[arc]] + (amounts[arc] if marked[edge[arc]] else 0)
    return total


@compiled
def _rate(  # noqa: PLR0913, PLR0917
    tail: Ints, head: Ints, edge: Ints, weights: Ints, length: Ints, ahead: Ints, behind: Ints,
    before: Ints, after: Ints, ahead_m: Ints, behind_m: Ints, taken_m: Ints, marked: Bools,
    shared_ahead: Ints, shared_behind: Ints, most: float,
) -> Ints:  # fmt: skip
    """Return what the way over each arc costs; `INF`: it turns back on it, or shares too much.

    `ahead` and `behind` are the costs from the origin to each node and from there on, `before` and
    `after` the arcs by which the trees enter it, the arrays `_m` lengths in metres. The first index
    of `marked` and `shared_` is the way taken.
    """
    cost = np.full(tail.size, INF, np.int32)
    for arc in range(tail.size):
        one, two = tail[arc], head[arc]
        if weights[arc] >= INF or ahead[one] >= INF or behind[two] >= INF:
            continue
        if before[one] >= 0 and edge[before[one]] == edge[arc]:
            continue
        if after[two] >= 0 and edge[after[two]] == edge[arc]:
            continue
        mine = ahead_m[one] + length[arc] + behind_m[two]
        fits = True
        for way in range(taken_m.size):
            shared = shared_ahead[way, one] + shared_behind[way, two]
            if marked[way, edge[arc]]:
                shared += length[arc]
            shorter = min(mine, taken_m[way])
            if shared > most * shorter or shorter == 0:
                fits = False
                break
        if fits:
            cost[arc] = ahead[one] + weights[arc] + behind[two]
    return cost


@compiled
def _first_simple(candidates: Ints, before: Ints, after: Ints, tail: Ints, head: Ints) -> int:
    """Return the position of the first arc whose way passes no node twice; -1: there is none."""
    seen = np.full(before.size, -1, np.int32)
    for number in range(candidates.size):
        node = tail[candidates[number]]
        seen[node] = number
        while before[node] >= 0:
            node = tail[before[node]]
            seen[node] = number
        node = head[candidates[number]]
        while seen[node] != number and after[node] >= 0:
            node = head[after[node]]
        if seen[node] != number:
            return number
    return -1


def find_alternatives(
    ways: Ways,
    pairs: Sequence[tuple[int, int]],
    *,
    count: int = 3,
    overlap: float = 0.5,
) -> Iterator[list[Alternative]]:
    """Find the best way of each pair and alternatives to it that share little with one another.

    Parameters
    ----------
    ways
        From `solve_ways`; its costs and impedance hold for the alternatives too.
    pairs
        Positions in ``ways.origins`` and ``ways.destinations``.
    count
        Most alternatives beside the best way, >= 0.
    overlap
        Largest share of its length that a way may have in common with another one, 0 to less
        than 1: length of the edges that both pass, by that of the shorter of the two. The ways
        between place and network do not count.

    Yields
    ------
    list of Alternative
        For each pair, in its order: the best way, then the alternatives by impedance. Fewer than
        asked for where there are no more; empty where there is no way.

    Raises
    ------
    InputError
        If `count` or `overlap` is out of range.

    Notes
    -----
    The algorithm SVP+, with an arc where the paper has a node to go by, so that parallel edges are
    alternatives too. It is a heuristic: alternatives are the least that go by *one* arc, and a set
    of ways that is better together may exist. No way passes a node twice. Two places on one edge
    have the way along it only, and a way without length has no alternatives.

    References
    ----------
    Chondrogiannis, T., Bouros, P., Gamper, J., Leser, U., Blumenthal, D. B. (2020). Finding
    k-shortest paths with limited overlap. The VLDB Journal 29, 1023-1047. doi
    10.1007/s00778-020-00604-x.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import find_ways
    >>> from mobility_geo.scenario import TravellerClass
    >>> case, who = load_toy(), TravellerClass(profile="boat", nationality="TOA")
    >>> ends = ["northtown"], ["southtown"]
    >>> ways = find_ways(case.network, case.scenario.baseline(), *ends, traveller=who)
    >>> [len(way.arcs) for way in next(find_alternatives(ways, [(0, 0)]))]
    [2, 5]
    """
    problems = []
    if count < 0:
        problems.append(f"count must be >= 0, not {count}")
    if not 0 <= overlap < 1:
        problems.append(f"overlap must be a share of 0 to less than 1, not {overlap:g}")
    if problems:
        raise InputError(problems)
    return _find(ways, pairs, count, overlap)


def _find(
    ways: Ways, pairs: Sequence[tuple[int, int]], count: int, overlap: float
) -> Iterator[list[Alternative]]:
    trees = None
    for first in range(0, len(pairs), TREES_AT_ONCE):
        some = pairs[first : first + TREES_AT_ONCE]
        wanted = [pair for pair in some if count and ways.access_from[pair] >= 0]
        if wanted and trees is None:
            trees = _TreeGrower.of(ways)
        ahead, behind = trees.grow(wanted) if wanted and trees is not None else (None, None)
        number = 0
        for pair in some:
            best = _best(ways, pair)
            if ahead is None or behind is None or trees is None or pair not in wanted:
                yield best
                continue
            yield trees.vary(pair, best[0], ahead[number], behind[number], count, overlap)
            number += 1


def _best(ways: Ways, pair: tuple[int, int]) -> list[Alternative]:
    if not np.isfinite(ways.units[pair]):
        return []
    return [
        Alternative(
            arcs=ways.arcs(*pair), units=int(ways.units[pair]), overlap=0.0,
            access_from=int(ways.access_from[pair]), access_to=int(ways.access_to[pair]),
        )
    ]  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _TreeGrower:
    """Trees from origins and to destinations, by costs that are nowhere 0.

    A cost of 0 counts as one unit, so that a tree has no circles; what ways cost is summed up from
    the costs themselves.
    """

    ways: Ways
    real: Ints
    weights: Ints
    length: Ints
    metric: HierarchyMetric | None
    matrix: Any  # sparse; None where a hierarchy answers

    @classmethod
    def of(cls, ways: Ways) -> "_TreeGrower":
        costs, arcs = ways.costs, ways.network.arcs
        real: Ints = getattr(costs, ways.impedance)
        weights = np.where(costs.open, np.maximum(real, 1), INF).astype(np.int32)
        metric, matrix = None, None
        if isinstance(ways.routes, HierarchyRoutes):
            same = np.array_equal(ways.routes.metric.weights, weights)
            metric = ways.routes.metric if same else customize(ways.routes.hierarchy, weights)
        else:
            # a sparse matrix would add up parallel arcs: keep the cheapest
            order = np.lexsort((weights, arcs.head, arcs.tail))
            tail, head = arcs.tail[order], arcs.head[order]
            first = np.ones(len(order), dtype=bool)
            first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
            kept = order[first & (weights[order] < INF)]
            size = len(ways.network.nodes)
            matrix = coo_array(
                (weights[kept].astype(np.float64), (arcs.tail[kept], arcs.head[kept])),
                shape=(size, size),
            ).tocsr()
        return cls(ways=ways, real=real, weights=weights, length=costs.length_m, metric=metric,
                   matrix=matrix)  # fmt: skip

    def grow(self, pairs: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
        """Return the cost from each origin to all nodes, and from all to each destination."""
        ways = self.ways
        return (
            self._grow(ways.origins, [i for i, _ in pairs], back=False),
            self._grow(ways.destinations, [j for _, j in pairs], back=True),
        )

    def _grow(self, places: AccessSet, rows: Sequence[int], *, back: bool) -> Ints:
        parts = [np.arange(places.pointer[row], places.pointer[row + 1]) for row in rows]
        entry = np.concatenate(parts)
        pointer = np.cumsum([0, *map(len, parts)]).astype(np.int32)
        node, offset = places.node[entry], places.metric(self.ways.impedance)[entry]
        if self.metric is not None and isinstance(self.ways.routes, HierarchyRoutes):
            return one_to_all(
                self.ways.routes.hierarchy, self.metric,
                Ends(pointer=pointer, node=node, offset=offset),
                direction="to" if back else "from",
            )  # fmt: skip
        graph = self.matrix.T.tocsr() if back else self.matrix
        found = np.atleast_2d(dijkstra(graph, indices=node)) + offset[:, None]
        nearest = np.minimum.reduceat(found, pointer[:-1], axis=0)
        return np.where(np.isfinite(nearest), nearest, INF).astype(np.int32)

    def vary(
        self, pair: tuple[int, int], best: Alternative, ahead: Ints, behind: Ints, count: int,
        overlap: float,
    ) -> list[Alternative]:  # fmt: skip
        """Return the best way of one pair and its alternatives."""
        if not len(best.arcs):
            return [best]  # both places are at one node
        arcs, edges = self.ways.network.arcs, len(self.ways.network.edges)
        start = _roots(self.ways.origins, pair[0], self.ways.impedance, ahead)
        stop = _roots(self.ways.destinations, pair[1], self.ways.impedance, behind)
        before = _grow_parents(ahead, arcs.tail, arcs.head, self.weights, _marks(start, len(ahead)))
        after = _grow_parents(behind, arcs.head, arcs.tail, self.weights, _marks(stop, len(behind)))
        forward = (np.argsort(ahead).astype(np.int32), before, arcs.tail, self.length, arcs.edge)
        backward = (np.argsort(behind).astype(np.int32), after, arcs.head, self.length, arcs.edge)
        everything = np.ones(edges, dtype=np.bool_)
        ahead_m, behind_m = _add_up(*forward, everything), _add_up(*backward, everything)
        taken, marked = [best], [_marks(arcs.edge[best.arcs], edges)]
        shared = [(_add_up(*forward, marked[0]), _add_up(*backward, marked[0]))]
        while len(taken) <= count:
            cost = _rate(
                arcs.tail, arcs.head, arcs.edge, self.weights, self.length, ahead, behind, before,
                after, ahead_m, behind_m,
                np.array([self.length[way.arcs].sum() for way in taken], dtype=np.int32),
                np.stack(marked), np.stack([one for one, _ in shared]),
                np.stack([two for _, two in shared]), overlap,
            )  # fmt: skip
            found = self._cheapest_simple(cost, before, after)
            if found is None:
                break
            leave, enter = int(arcs.tail[found[0]]), int(arcs.head[found[-1]])
            one, two = start[leave], stop[enter]
            metric = self.ways.impedance
            units = (
                int(self.ways.origins.metric(metric)[one])
                + int(self.real[found].sum(dtype=np.int64))
                + int(self.ways.destinations.metric(metric)[two])
            )
            common = max(self._overlap(found, way.arcs) for way in taken)
            taken.append(
                Alternative(arcs=found, access_from=one, access_to=two, units=units, overlap=common)
            )
            if len(taken) > count:
                break
            marked.append(_marks(arcs.edge[found], edges))
            shared.append((_add_up(*forward, marked[-1]), _add_up(*backward, marked[-1])))
        return sorted(taken, key=lambda way: way.units)

    def _overlap(self, one: Ints, two: Ints) -> float:
        edge = self.ways.network.arcs.edge
        common = int(self.length[one[np.isin(edge[one], edge[two])]].sum(dtype=np.int64))
        shorter = min(int(self.length[way].sum(dtype=np.int64)) for way in (one, two))
        return common / shorter if shorter else 0.0

    def _cheapest_simple(self, cost: Ints, before: Ints, after: Ints) -> Ints | None:
        """Return the arcs of the cheapest way over an arc that passes no node twice, if any."""
        arcs = self.ways.network.arcs
        open_ones = np.flatnonzero(cost < INF)
        look = FIRST_LOOK
        seen = 0
        while seen < len(open_ones):
            if look < len(open_ones):
                limit = np.partition(cost[open_ones], look - 1)[look - 1]
                some = open_ones[cost[open_ones] <= limit]
            else:
                some = open_ones
            ordered = some[np.argsort(cost[some], kind="stable")][seen:].astype(np.int32)
            at = _first_simple(ordered, before, after, arcs.tail, arcs.head)
            if at >= 0:
                return _unfold(int(ordered[at]), before, after, arcs.tail, arcs.head)
            seen, look = len(some), max(16 * look, len(some) + 1)
        return None


def _roots(places: AccessSet, row: int, impedance: str, distance: Ints) -> dict[int, int]:
    """Return the nodes at which a tree begins, and by which access: the first of equals."""
    found: dict[int, int] = {}
    for entry in range(int(places.pointer[row]), int(places.pointer[row + 1])):
        node = int(places.node[entry])
        if int(distance[node]) == int(getattr(places, impedance)[entry]):
            found.setdefault(node, entry)
    return found


def _marks(which: object, size: int) -> Bools:
    found = np.zeros(size, dtype=np.bool_)
    found[np.fromiter(which, dtype=np.int64)] = True  # type: ignore[call-overload]
    return found


def _unfold(arc: int, before: Ints, after: Ints, tail: Ints, head: Ints) -> Ints:
    """Return the arcs of the way over an arc."""
    found = [arc]
    node = int(tail[arc])
    while before[node] >= 0:
        found.append(int(before[node]))
        node = int(tail[found[-1]])
    found.reverse()
    node = int(head[arc])
    while after[node] >= 0:
        found.append(int(after[node]))
        node = int(head[found[-1]])
    return np.array(found, dtype=np.int32)
