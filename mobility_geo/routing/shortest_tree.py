"""The tree of least-impedance ways from a place to all nodes, or from all nodes to a place."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import dijkstra

from mobility_geo.errors import CostOverflowError, InputError
from mobility_geo.network import Network
from mobility_geo.routing.accesses import AccessSet, access_set
from mobility_geo.routing.engine import METRICS, takes_hierarchy
from mobility_geo.routing.trees import cheapest_arcs
from mobility_geo.scenario import ArcCosts
from mobility_geo.units import PATH_SUM_LIMIT, Metric

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ShortestTree:
    """Least-impedance ways between one place and every node.

    Attributes
    ----------
    network
        The network.
    leaving
        True: the ways lead from the place; False: they lead to it.
    units
        Impedance of each node in whole units, float64; `inf`: unreachable.
    arc
        By which arc the way enters each node (leaving), or leaves it, int32; -1: none, as at the
        nodes where the place meets the network and at those that are unreachable.
    """

    network: Network
    leaving: bool
    units: FloatArray
    arc: IntArray

    def arcs(self, node: int) -> IntArray:
        """Return the arcs of the way of a node in the order of travel; int32, empty if none."""
        found: list[int] = []
        step = self.network.arcs.tail if self.leaving else self.network.arcs.head
        while self.arc[node] >= 0:
            found.append(int(self.arc[node]))
            node = int(step[found[-1]])
        return np.array(found[::-1] if self.leaving else found, dtype=np.int32)


def find_shortest_tree(
    network: Network,
    costs: ArcCosts,
    place_id: str,
    *,
    leaving: bool = True,
    impedance: Metric = "time_min",
) -> ShortestTree:
    """Find the least-impedance ways from a place to every node, or from every node to it.

    Parameters
    ----------
    network
        The network.
    costs
        Costs of its arcs, from `Conditions.dense`.
    place_id
        The place.
    leaving
        True for ways from the place, False for ways to it.
    impedance
        Metric to minimise.

    Returns
    -------
    ShortestTree
        One way per node that can be reached. Of arcs that serve equally well the one with the
        smallest row is taken, those that cost something before those that cost nothing.

    Raises
    ------
    UnknownIdError
        If the place does not exist.
    InputError
        If `impedance` is not a metric.
    CostOverflowError
        If a node is 2**29 units or more away.

    References
    ----------
    Delling, D., Goldberg, A. V., Nowatzyk, A., Werneck, R. F. (2013). PHAST: hardware-accelerated
    shortest path trees. doi 10.1016/j.jpdc.2012.02.007. Small networks: Dijkstra's algorithm.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.scenario import TravellerClass, conditions
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario.baseline(), None, who).dense()
    >>> tree = find_shortest_tree(case.network, costs, "northtown")
    >>> len(tree.arcs(case.network.node_positions(["southtown"])[0])) > 0
    True
    """
    if impedance not in METRICS:
        msg = f"impedance must be one of {', '.join(METRICS)}, not {impedance!r}"
        raise InputError(msg)
    ends = access_set(network, costs, [place_id], leaving=leaving)
    if takes_hierarchy(network):
        from mobility_geo.routing.prepared import hierarchy_tree  # noqa: PLC0415 # loads numba

        units = hierarchy_tree(network, costs, ends, impedance, leaving=leaving)
    else:
        units = _dijkstra(network, costs, ends, impedance, leaving=leaving)
    finite = units[np.isfinite(units)]
    if finite.size and float(finite.max()) >= PATH_SUM_LIMIT:
        msg = f"{impedance}: a node is {float(finite.max()):g} units away, 2**29 or more"
        raise CostOverflowError(msg)
    roots = ends.node[units[ends.node] == ends.metric(impedance)]
    arc = _tree_arcs(network, costs, impedance, units, roots, leaving=leaving)
    return ShortestTree(network=network, leaving=leaving, units=units, arc=arc)


def _dijkstra(
    network: Network, costs: ArcCosts, ends: AccessSet, impedance: Metric, *, leaving: bool
) -> FloatArray:
    """Return the impedance between the ends and every node, by the reference engine."""
    if not ends.node.size:
        return np.full(len(network.nodes), np.inf)
    matrix = cheapest_arcs(network, costs.open, getattr(costs, impedance))[0]
    graph = matrix if leaving else matrix.T.tocsr()
    units = np.atleast_2d(dijkstra(graph, directed=True, indices=ends.node))
    best: FloatArray = (units + ends.metric(impedance)[:, None]).min(axis=0)
    return best


def _tree_arcs(
    network: Network,
    costs: ArcCosts,
    impedance: Metric,
    units: FloatArray,
    roots: IntArray,
    *,
    leaving: bool,
) -> IntArray:
    """Return for each node the arc by which the tree enters it, or leaves it."""
    weights = getattr(costs, impedance)
    before, after = network.arcs.tail, network.arcs.head
    if not leaving:
        before, after = after, before
    usable = np.flatnonzero(costs.open & np.isfinite(units[before]))
    tight = usable[units[before[usable]] + weights[usable] == units[after[usable]]]
    arc = np.full(len(units), -1, dtype=np.int32)
    done = np.zeros(len(units), dtype=bool)
    done[roots] = True
    # arcs that cost something lead upwards and close no circle; the last one written stays
    rising = tight[(weights[tight] > 0) & ~done[after[tight]]][::-1]
    arc[after[rising]] = rising
    done |= arc >= 0
    level = tight[weights[tight] == 0]
    while len(level):
        level = level[~done[after[level]]]
        front = level[done[before[level]]][::-1]
        if not len(front):
            break
        arc[after[front]] = front
        done[after[front]] = True
    return arc
