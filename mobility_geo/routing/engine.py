"""Least-impedance ways between places, by whichever engine is quicker, on whole-number costs.

Origins and destinations are lists of accesses, never nodes added to the graph. Every engine gives
the same impedances, and the same accesses: of equals the first one of the origin, then of the
destination. Among parallel arcs of equal cost the one with the smaller row is taken; among whole
ways of equal cost each engine has its own rule, so that the same content gives the same way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import CostOverflowError, InputError, NoPathError
from mobility_geo.network import Network
from mobility_geo.routing.accesses import AccessSet, Foot, arc_units
from mobility_geo.routing.trees import Trees, grow_trees
from mobility_geo.scenario import ArcCosts
from mobility_geo.units import PATH_SUM_LIMIT, Metric, dequantise

if TYPE_CHECKING:
    from mobility_geo.routing.hierarchy import Hierarchy
    from mobility_geo.routing.prepared import HierarchyRoutes

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
METRICS: tuple[Metric, ...] = ("time_min", "length_m", "cost_xof", "risk")
DIRECT = -2

LEAST_NODES = 20_000
"""Networks with so many nodes take the hierarchy. The network alone decides: among ways of equal
cost the engines differ, and an answer must not hang on who else was asked."""

HIERARCHIES: WeakKeyDictionary[Network, "Hierarchy"] = WeakKeyDictionary()
"""Hierarchies that are prepared."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Ways:
    """Least-impedance ways from each origin to each destination.

    Attributes
    ----------
    network, origins, destinations, impedance
        What was asked.
    units
        Impedance in whole units, float64, shape (origins, destinations); `inf`: unreachable.
    routes
        How the arcs between two nodes are found: trees of the reference engine, or the hierarchy.
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
    routes: "Trees | HierarchyRoutes"
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
        return self.routes.arcs(int(self.origins.node[start]), int(self.destinations.node[stop]))

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
        return self.totals((metric,))[metric]

    def totals(self, metrics: Iterable[Metric] = METRICS) -> dict[Metric, FloatArray]:
        """Return several metrics summed along the least-impedance ways: ways are followed once.

        Parameters
        ----------
        metrics
            Some of ``time_min``, ``length_m``, ``cost_xof`` and ``risk``; all if left out.

        Returns
        -------
        dict
            Metric to what `total` returns for it.
        """
        wanted = tuple(dict.fromkeys(metrics))
        others = [metric for metric in wanted if metric != self.impedance]
        found = {self.impedance: self.units}
        if others:
            ok = self.access_from >= 0
            start, stop = self.access_from[ok], self.access_to[ok]
            along = self.routes.sums(
                self.origins.node[start], self.destinations.node[stop],
                [getattr(self.costs, metric) for metric in others],
            )  # fmt: skip
            for metric, sums in zip(others, along, strict=True):
                units = np.full(self.units.shape, np.inf)
                offset = self.origins.metric(metric)[start].astype(float)
                units[ok] = sums + offset + self.destinations.metric(metric)[stop]
                for pair, spent in self.direct.items():
                    units[pair] = spent[metric]
                found[metric] = units
        return {metric: dequantise(found[metric], metric) for metric in wanted}

    def load(self, persons: FloatArray) -> FloatArray:
        """Return how many people pass each arc, if so many go from each origin to a destination.

        Parameters
        ----------
        persons
            People, >= 0, float64, shape (origins, destinations).

        Returns
        -------
        numpy.ndarray
            float64, one per arc of the network; pairs without a way load nothing.
        """
        going = (persons > 0) & (self.access_from >= 0)
        start, stop = self.access_from[going], self.access_to[going]
        return self.routes.load(
            self.origins.node[start], self.destinations.node[stop], persons[going]
        )

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

    Notes
    -----
    On a network of 20,000 nodes and more, or once `prepare_engine` was called, a customizable
    contraction hierarchy answers; else trees of Dijkstra's algorithm. Impedances and accesses are
    the same; of ways that cost the same each engine may take another one.

    References
    ----------
    Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. doi
    10.1007/BF01386390; as implemented in `scipy.sparse.csgraph.dijkstra`.

    Dibbelt, J., Strasser, B., Wagner, D. (2016). Customizable contraction hierarchies. doi
    10.1145/2886843.

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
    sources = np.unique(origins.node).astype(np.int32)
    routes: Trees | HierarchyRoutes
    if takes_hierarchy(network):
        from mobility_geo.routing.prepared import hierarchy_ways  # noqa: PLC0415 # loads numba

        units, start, stop, routes = hierarchy_ways(
            network, costs, origins, destinations, impedance
        )
    else:
        distance, routes = grow_trees(network, costs.open, weights, sources)
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
        costs=costs, units=units, routes=routes, access_from=start, access_to=stop, direct=direct,
    )  # fmt: skip


def takes_hierarchy(network: Network) -> bool:
    """Say whether the fast engine answers for a network.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    bool
        True from 20,000 nodes on, or once `prepare_engine` was called for it.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> takes_hierarchy(load_toy().network)
    False
    """
    return network in HIERARCHIES or len(network.nodes) >= LEAST_NODES


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
    for i, place in enumerate(origins.place_ids):
        for one in origins.feet[i] if origins.feet else ():
            for j, two in meeting.get(one.edge, []):
                arc = one.edge if two.share >= one.share else int(network.arcs.backward[one.edge])
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
