"""The reference engine: Dijkstra of scipy on whole-number costs.

Origins and destinations are lists of accesses, never nodes added to the graph. Among parallel arcs
of equal cost the one with the smaller row is taken, among accesses the first, among whole ways the
one that scipy finds first; as tables are sorted by key, the same content gives the same way.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.errors import CostOverflowError, InputError, NoPathError
from mobility_geo.network import Network
from mobility_geo.routing.accesses import AccessSet, Foot, arc_units
from mobility_geo.scenario import ArcCosts
from mobility_geo.units import PATH_SUM_LIMIT, Metric, dequantise

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
METRICS: tuple[Metric, ...] = ("time_min", "length_m", "cost_xof", "risk")
DIRECT = -2


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Ways:
    """Least-impedance ways from each origin to each destination.

    Attributes
    ----------
    network, origins, destinations, impedance
        What was asked.
    units
        Impedance in whole units, float64, shape (origins, destinations); `inf`: unreachable.
    sources, parent_arc
        Nodes that trees start from, and the arc by which each tree enters each node (-1: none),
        int32, shape (sources, nodes).
    access_from, access_to
        Which access the best way leaves and enters by, int32; -1: unreachable, -2: the way does
        not pass a node, because both places are one, or meet the same edge.
    direct
        Units of each metric of the ways that do not pass a node, by (origin, destination).
    """

    network: Network
    origins: AccessSet
    destinations: AccessSet
    impedance: Metric
    costs: ArcCosts
    units: FloatArray
    sources: IntArray
    parent_arc: IntArray
    access_from: IntArray
    access_to: IntArray
    direct: dict[tuple[int, int], dict[Metric, int]]

    def reachable(self) -> npt.NDArray[np.bool_]:
        """Say for each pair whether there is a way, shape (origins, destinations)."""
        return np.isfinite(self.units)

    def arcs(self, origin: int, destination: int) -> IntArray:
        """Return the arcs of the way of one pair, in their order.

        Parameters
        ----------
        origin, destination
            Positions in `origins` and `destinations`.

        Returns
        -------
        numpy.ndarray
            int32, rows of `Network.arcs`; empty if the way passes no whole arc: both places are
            at the same node, or meet the same edge.

        Raises
        ------
        NoPathError
            If there is no way.
        """
        start = int(self.access_from[origin, destination])
        if start == DIRECT:
            return np.empty(0, dtype=np.int32)
        if start < 0:
            one = self.origins.place_ids[origin]
            two = self.destinations.place_ids[destination]
            msg = f"no way from {one!r} to {two!r}"
            raise NoPathError(msg)
        stop = int(self.access_to[origin, destination])
        tree = int(np.searchsorted(self.sources, self.origins.node[start]))
        node = int(self.destinations.node[stop])
        found: list[int] = []
        while self.parent_arc[tree, node] >= 0:
            arc = int(self.parent_arc[tree, node])
            found.append(arc)
            node = int(self.network.arcs.tail[arc])
        return np.array(found[::-1], dtype=np.int32)

    def total(self, metric: Metric) -> FloatArray:
        """Return a metric summed along the least-impedance ways.

        Parameters
        ----------
        metric
            ``time_min``, ``length_m``, ``cost_xof`` or ``risk``.

        Returns
        -------
        numpy.ndarray
            float64 in the unit of the metric, shape (origins, destinations); `inf`: unreachable.
        """
        if metric == self.impedance:
            return dequantise(self.units, metric)
        sums = _tree_sums(self, getattr(self.costs, metric))
        total = np.full(self.units.shape, np.inf)
        ok = self.access_from >= 0
        start, stop = self.access_from[ok], self.access_to[ok]
        tree = np.searchsorted(self.sources, self.origins.node[start])
        along = sums[tree, self.destinations.node[stop]]
        offset = self.origins.metric(metric)[start].astype(float)
        total[ok] = along + offset + self.destinations.metric(metric)[stop]
        for pair, units in self.direct.items():
            total[pair] = units[metric]
        return dequantise(total, metric)

    def nearest(self, allowed: npt.NDArray[np.bool_] | None = None) -> IntArray:
        """Return the nearest destination of each origin.

        Parameters
        ----------
        allowed
            Which pairs count, shape (origins, destinations); all if left out.

        Returns
        -------
        numpy.ndarray
            int32, position of the destination, the smaller one of equals; -1: none.
        """
        units = self.units if allowed is None else np.where(allowed, self.units, np.inf)
        if not units.shape[1]:
            return np.full(len(units), -1, dtype=np.int32)
        best: IntArray = units.argmin(axis=1).astype(np.int32)
        best[~np.isfinite(units.min(axis=1))] = -1
        return best


def _tree_sums(ways: Ways, units: IntArray) -> FloatArray:
    """Sum a metric from the root of each tree to every node, by doubling the steps."""
    trees, size = ways.parent_arc.shape
    has = ways.parent_arc >= 0
    arc = np.where(has, ways.parent_arc, 0)
    total = np.where(has, units[arc] if len(units) else 0, 0).astype(np.float64)
    up = np.where(has, ways.network.arcs.tail[arc] if len(units) else 0, np.arange(size))
    row = np.arange(trees)[:, None]
    while True:
        further = up[row, up]
        if bool((further == up).all()):
            return total
        total += total[row, up]
        up = further


def solve_ways(
    network: Network,
    costs: ArcCosts,
    origins: AccessSet,
    destinations: AccessSet,
    *,
    impedance: Metric = "time_min",
) -> Ways:
    """Find the least-impedance way from each origin to each destination.

    Parameters
    ----------
    network
        The network.
    costs
        Costs of its arcs, from `Conditions.dense`.
    origins, destinations
        From `access_set`.
    impedance
        Metric to minimise.

    Returns
    -------
    Ways
        Impedances, and everything needed to follow the ways.

    Raises
    ------
    InputError
        If `impedance` is not a metric.
    CostOverflowError
        If a way costs 2**29 units or more, above which sums are not exact in every engine.

    References
    ----------
    Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. doi
    10.1007/BF01386390; as implemented in `scipy.sparse.csgraph.dijkstra`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import access_set
    >>> from mobility_geo.scenario import TravellerClass, conditions
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario.baseline(), None, who).dense()
    >>> ends = [
    ...     access_set(case.network, costs, [town], leaving=town == "northtown")
    ...     for town in ("northtown", "southtown")
    ... ]
    >>> solve_ways(case.network, costs, *ends).total("time_min").round().tolist()
    [[221.0]]
    """
    if impedance not in METRICS:
        msg = f"impedance must be one of {', '.join(METRICS)}, not {impedance!r}"
        raise InputError(msg)
    weights: IntArray = getattr(costs, impedance)
    size = len(network.nodes)
    usable = np.flatnonzero(costs.open).astype(np.int32)
    tail, head = network.arcs.tail[usable], network.arcs.head[usable]
    # a sparse matrix would add up parallel arcs: keep the cheapest, the first of equals
    order = np.lexsort((usable, weights[usable], head, tail))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (tail[order][1:] != tail[order][:-1]) | (head[order][1:] != head[order][:-1])
    kept = usable[order[first]]
    t, h = network.arcs.tail[kept], network.arcs.head[kept]
    pointer = np.searchsorted(t, np.arange(size + 1)).astype(np.int32)
    matrix = csr_array((weights[kept].astype(np.float64), h.astype(np.int32), pointer),
                       shape=(size, size))  # fmt: skip
    sources = np.unique(origins.node).astype(np.int32)
    if len(sources):
        distance, parent = dijkstra(
            matrix, directed=True, indices=sources, return_predecessors=True
        )
        distance, parent = np.atleast_2d(distance), np.atleast_2d(parent)
    else:
        distance, parent = np.empty((0, size)), np.empty((0, size), dtype=np.int32)
    parent_arc = np.full(parent.shape, -1, dtype=np.int32)
    has = parent >= 0
    if bool(has.any()):
        key = t.astype(np.int64) * size + h
        wanted = (
            parent[has].astype(np.int64) * size
            + np.broadcast_to(np.arange(size), parent.shape)[has]
        )
        parent_arc[has] = kept[np.searchsorted(key, wanted)]
    units, start, stop = _join(origins, destinations, sources, distance, impedance)
    direct = _shorter_direct(network, costs, origins, destinations, units, impedance)
    for pair, spent in direct.items():
        units[pair] = spent[impedance]
        start[pair] = stop[pair] = DIRECT
    finite = units[np.isfinite(units)]
    if finite.size and float(finite.max()) >= PATH_SUM_LIMIT:
        msg = f"{impedance}: a way costs {float(finite.max()):g} units, 2**29 or more"
        raise CostOverflowError(msg)
    return Ways(
        network=network, origins=origins, destinations=destinations, impedance=impedance,
        costs=costs, units=units, sources=sources, parent_arc=parent_arc, access_from=start,
        access_to=stop, direct=direct,
    )  # fmt: skip


def _join(
    origins: AccessSet,
    destinations: AccessSet,
    sources: IntArray,
    distance: FloatArray,
    impedance: Metric,
) -> tuple[FloatArray, IntArray, IntArray]:
    """Take, for each pair of places, the best pair of accesses."""
    shape = (len(origins), len(destinations))
    units = np.full(shape, np.inf)
    start = np.full(shape, -1, dtype=np.int32)
    stop = np.full(shape, -1, dtype=np.int32)
    if not origins.node.size or not destinations.node.size:
        return units, start, stop
    tree = np.searchsorted(sources, origins.node)
    has_from, has_to = np.diff(origins.pointer), np.diff(destinations.pointer)
    # places have three accesses at most: go through their first, second, third ones
    for number_from in range(int(has_from.max())):
        rows = np.flatnonzero(has_from > number_from)
        leave = origins.pointer[rows] + number_from
        for number_to in range(int(has_to.max())):
            columns = np.flatnonzero(has_to > number_to)
            enter = destinations.pointer[columns] + number_to
            through = (
                distance[tree[leave]][:, destinations.node[enter]]
                + origins.metric(impedance)[leave][:, None]
                + destinations.metric(impedance)[enter][None, :]
            )
            block = np.ix_(rows, columns)
            better = through < units[block]
            units[block] = np.where(better, through, units[block])
            start[block] = np.where(better, leave[:, None], start[block])
            stop[block] = np.where(better, enter[None, :], stop[block])
    return units, start, stop


def _shorter_direct(
    network: Network,
    costs: ArcCosts,
    origins: AccessSet,
    destinations: AccessSet,
    units: FloatArray,
    impedance: Metric,
) -> dict[tuple[int, int], dict[Metric, int]]:
    """Return the ways that pass no node, where they cost less than those that do."""
    found: dict[tuple[int, int], dict[Metric, int]] = {}
    column = {place: number for number, place in enumerate(destinations.place_ids)}
    meeting: dict[int, list[tuple[int, Foot]]] = {}
    for number, feet in enumerate(destinations.feet):
        for foot in feet:
            meeting.setdefault(foot.edge, []).append((number, foot))
    size = len(network.edges)
    backward = np.full(size, -1, dtype=np.int64)
    backward[network.arcs.edge[size:]] = np.arange(size, len(network.arcs))
    for i, place in enumerate(origins.place_ids):
        for one in origins.feet[i] if origins.feet else ():
            for j, two in meeting.get(one.edge, []):
                arc = one.edge if two.share >= one.share else int(backward[one.edge])
                low, high = sorted((one.share, two.share))
                whole = arc_units(costs, arc, low, high)
                if whole is None:
                    continue
                part = high - low
                spent: dict[Metric, int] = {
                    "time_min": one.time_min + two.time_min + round(part * whole[0]),
                    "length_m": one.length_m + two.length_m + round(part * whole[1]),
                    "cost_xof": round(part * whole[2]),
                    "risk": one.risk + two.risk + round(part * whole[3]),
                }
                if spent[impedance] < min(units[i, j], found.get((i, j), spent)[impedance] + 1):
                    found[i, j] = spent
        if place in column:
            found[i, column[place]] = dict.fromkeys(METRICS, 0)
    return found
