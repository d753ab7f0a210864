"""The fast engine for networks: its hierarchy prepared once, and costs that change in part."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import InputError
from mobility_geo.network import Network
from mobility_geo.routing.accesses import AccessSet
from mobility_geo.routing.engine import HIERARCHIES
from mobility_geo.routing.hierarchy import (
    INF,
    Direction,
    Ends,
    Hierarchy,
    HierarchyMetric,
    Undo,
    assign_flows,
    best_accesses,
    build_hierarchy,
    change_of,
    compile_kernels,
    customize,
    ends_at,
    hierarchy_key,
    one_to_all,
    path_sums,
    paths,
    read_hierarchy,
    recustomize,
    restore,
    write_hierarchy,
)
from mobility_geo.scenario import ArcCosts
from mobility_geo.sharing import Original, shared_by_name
from mobility_geo.units import Metric

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
Result = TypeVar("Result")
Progress = Callable[[str, float], None]

MOST_CHANGED = 0.25
"""Share of the arcs from which on costs are computed anew rather than changed."""

PATIENCE_S = 2.0
"""Work that takes longer than this is told about."""

LOG = logging.getLogger(__name__)
_FIRST: WeakKeyDictionary[Network, dict[Metric, "FirstMetric"]] = WeakKeyDictionary()
CHANGED: WeakKeyDictionary[Hierarchy, dict[Undo, HierarchyMetric]] = WeakKeyDictionary()

MOST_CHANGED_BYTES: Final = 64_000_000
"""So much of changed copies of a network's costs is held, those that were used last: always two."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FirstMetric:
    """The costs of the first question about a network, which later ones change in part.

    Attributes
    ----------
    hierarchy
        That of the network.
    metric
        The costs; nobody may change them.
    block
        The same numbers in one array.
    """

    hierarchy: Hierarchy
    metric: HierarchyMetric
    block: Original

    def copy(self) -> HierarchyMetric:
        """Return the costs, to change."""
        return _metric_in(self.block.copy(), self.hierarchy)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class HierarchyRoutes:
    """Ways found by a hierarchy; `mobility_geo.routing.trees.Trees` has the same methods.

    Of the costs it holds all, or what differs from those of another question.
    """

    hierarchy: Hierarchy
    costs: HierarchyMetric | tuple[FirstMetric, Undo]

    @property
    def metric(self) -> HierarchyMetric:
        """Costs of all arcs of the hierarchy; nobody may change them."""
        if isinstance(self.costs, HierarchyMetric):
            return self.costs
        first, change = self.costs
        held = CHANGED.setdefault(self.hierarchy, {})
        metric = held.pop(change, None)
        if metric is None:
            metric = first.copy()
            restore(metric, change)
        _hold(held, change, metric)
        return metric

    def arcs(self, source: int, target: int) -> IntArray:
        """Return the arcs of the way from a node to another, in their order; int32."""
        return paths(self.hierarchy, self.metric, [source], [target])[1]

    def sums(
        self, sources: IntArray, targets: IntArray, units: Sequence[IntArray]
    ) -> list[FloatArray]:
        """Return what the way from each source to the target beside it sums up to."""
        sums = path_sums(self.hierarchy, self.metric, sources, targets, units)
        return list(sums.astype(np.float64))

    def load(self, sources: IntArray, targets: IntArray, persons: FloatArray) -> FloatArray:
        """Return how many people pass each arc, if so many go from each source to its target."""
        leave, row = np.unique(sources, return_inverse=True)
        enter, column = np.unique(targets, return_inverse=True)
        flow = np.zeros((len(leave), len(enter)))
        np.add.at(flow, (row, column), persons)
        return assign_flows(self.hierarchy, self.metric, ends_at(leave), ends_at(enter), flow)[0]


def prepare_engine(
    network: Network,
    *,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> bool:
    """Prepare the fast engine for a network, so that all later questions are answered by it.

    Large networks prepare themselves when it pays. Calling this before shows progress, and with a
    folder keeps the result there, named by the content of the network's topology, for the next
    process: processes share its memory.

    Parameters
    ----------
    network
        The network.
    cache
        Folder to keep the hierarchy in and to look for it; made if it is not there. None: memory
        only.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    bool
        Whether it had to be computed; False: it was there.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> prepare_engine(network), prepare_engine(network)
    (True, False)
    """

    def tell(text: str, share: float) -> None:
        if progress is not None:
            progress(text, share)

    if network in HIERARCHIES:
        return False
    tell("Compiling the engine, once on this machine", 0.0)
    _told_if_slow(compile_kernels, "compiling the fast engine, once on this machine: 15 to 30 s")
    tell("Preparing the engine for the network", 0.3)
    arcs, size = network.arcs, len(network.nodes)
    folder = None
    if cache is not None:
        key = hierarchy_key(arcs.tail, arcs.head, size)
        folder = Path(cache) / "hierarchy" / key
        try:
            HIERARCHIES[network] = read_hierarchy(folder, key)
        except InputError as error:
            LOG.debug("%s", error)
        else:
            tell("Preparing the engine for the network", 1.0)
            return False
    HIERARCHIES[network] = _told_if_slow(
        lambda: build_hierarchy(arcs.tail, arcs.head, size),
        f"preparing the fast engine for {size:,} nodes, once for this network",
    )
    if folder is not None:
        write_hierarchy(HIERARCHIES[network], folder)
    tell("Preparing the engine for the network", 1.0)
    return True


def hierarchy_ways(
    network: Network,
    costs: ArcCosts,
    origins: AccessSet,
    destinations: AccessSet,
    impedance: Metric,
) -> tuple[FloatArray, IntArray, IntArray, HierarchyRoutes]:
    """Return the least impedance between places and how it is reached, by the hierarchy.

    Parameters
    ----------
    network, costs, origins, destinations, impedance
        As for `mobility_geo.routing.solve_ways`.

    Returns
    -------
    units
        float64, shape (origins, destinations); `inf`: unreachable.
    access_from, access_to
        Which access of each the best way takes, int32; -1: unreachable.
    routes
        The ways between nodes.

    Raises
    ------
    CostOverflowError
        If an arc or a way costs 2**29 units or more.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import access_set
    >>> from mobility_geo.scenario import TravellerClass, conditions
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario.baseline(), None, who).dense()
    >>> start = access_set(case.network, costs, ["northtown"])
    >>> stop = access_set(case.network, costs, ["southtown"], leaving=False)
    >>> hierarchy_ways(case.network, costs, start, stop, "length_m")[0].shape
    (1, 1)
    """
    routes = _prepared(network, costs, impedance)
    best = best_accesses(
        routes.hierarchy, routes.metric,
        Ends(pointer=origins.pointer, node=origins.node, offset=origins.metric(impedance)),
        Ends(pointer=destinations.pointer, node=destinations.node,
             offset=destinations.metric(impedance)),
    )  # fmt: skip
    lost = best.units == INF
    units = np.where(lost, np.inf, best.units.astype(np.float64))
    start, stop = (np.where(lost, -1, rows).astype(np.int32) for rows in (best.start, best.stop))
    return units, start, stop, routes


def hierarchy_tree(
    network: Network, costs: ArcCosts, ends: AccessSet, impedance: Metric, *, leaving: bool
) -> FloatArray:
    """Return the least impedance between one place and every node, by the hierarchy.

    Parameters
    ----------
    network, costs, impedance, leaving
        As for `mobility_geo.routing.find_shortest_tree`.
    ends
        Accesses of the place.

    Returns
    -------
    numpy.ndarray
        float64, one per node, in whole units; `inf`: unreachable.

    Raises
    ------
    CostOverflowError
        If a node is 2**29 units or more away.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import access_set
    >>> from mobility_geo.scenario import TravellerClass, conditions
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario.baseline(), None, who).dense()
    >>> start = access_set(case.network, costs, ["northtown"])
    >>> len(hierarchy_tree(case.network, costs, start, "time_min", leaving=True)) > 0
    True
    """
    routes = _prepared(network, costs, impedance)
    place = Ends(pointer=ends.pointer, node=ends.node, offset=ends.metric(impedance))
    way: Direction = "from" if leaving else "to"
    units = one_to_all(routes.hierarchy, routes.metric, place, direction=way)[0]
    return np.where(units == INF, np.inf, units.astype(np.float64))


def _prepared(network: Network, costs: ArcCosts, impedance: Metric) -> HierarchyRoutes:
    """Return ways at these costs, found from those of another question where they differ little."""
    if network not in HIERARCHIES:
        prepare_engine(network)
    hierarchy = HIERARCHIES[network]
    weights = np.where(costs.open, getattr(costs, impedance), INF).astype(np.int32, copy=False)
    memory = _FIRST.setdefault(network, {})
    if impedance not in memory:
        memory[impedance] = first_metric(hierarchy, weights, impedance)
    first = memory[impedance]
    changed = np.flatnonzero(first.metric.weights != weights).astype(np.int32)
    if not len(changed):
        return HierarchyRoutes(hierarchy=hierarchy, costs=first.metric)
    if len(changed) > MOST_CHANGED * len(weights):
        return HierarchyRoutes(hierarchy=hierarchy, costs=customize(hierarchy, weights))
    metric = first.copy()
    undo = recustomize(hierarchy, metric, changed, weights[changed])
    if len(undo.all_up):
        return HierarchyRoutes(hierarchy=hierarchy, costs=metric)
    change = change_of(metric, undo)
    _hold(CHANGED.setdefault(hierarchy, {}), change, metric)
    return HierarchyRoutes(hierarchy=hierarchy, costs=(first, change))


def first_metric(hierarchy: Hierarchy, weights: IntArray, impedance: Metric) -> FirstMetric:
    """Return costs that later ones are compared with.

    Parameters
    ----------
    hierarchy
        That of the network.
    weights
        Costs of its arcs in this question, int32; `INF`: closed.
    impedance
        The metric.

    Returns
    -------
    FirstMetric
        These costs, or where processes share, those that one of them began with.

    Examples
    --------
    >>> from mobility_geo.routing.hierarchy import build_hierarchy
    >>> first = first_metric(build_hierarchy([0], [1], 2), np.array([3], dtype=np.int32), "risk")
    >>> first.copy().weights.tolist()
    [3]
    """

    def customized() -> IntArray:
        metric = customize(hierarchy, weights)
        over = metric.over.view(np.int32)
        return np.concatenate([over, metric.weights, metric.up, metric.down])

    block = shared_by_name(f"{hierarchy.key}-{impedance}", customized)
    metric = _metric_in(block.values, hierarchy)
    return FirstMetric(hierarchy=hierarchy, metric=metric, block=block)


def _metric_in(block: IntArray, hierarchy: Hierarchy) -> HierarchyMetric:
    """Return the costs that lie in an array one behind the other."""
    sizes = 2, len(hierarchy.arc_of), hierarchy.arcs
    over, weights, up, down = np.split(block, np.cumsum(sizes))
    return HierarchyMetric(weights=weights, up=up, down=down, over=over.view(np.int64))


def _hold(held: dict[Undo, HierarchyMetric], change: Undo, metric: HierarchyMetric) -> None:
    """Hold a changed metric, and let go those that were not used for longest."""
    held[change] = metric
    size = metric.weights.nbytes + metric.up.nbytes + metric.down.nbytes
    fit = max(2, MOST_CHANGED_BYTES // max(size, 1))
    for one in list(held)[:-fit]:
        held.pop(one, None)


def _told_if_slow(work: Callable[[], Result], text: str) -> Result:
    """Do something, and tell what it is if it takes long."""
    timer = threading.Timer(PATIENCE_S, LOG.warning, args=(text,))
    timer.daemon = True
    timer.start()
    try:
        return work()
    finally:
        timer.cancel()
