"""User equilibrium: nobody can find a quicker way by changing alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.congestion import AssignmentGraph, CostCurves, FloatArray, IntArray
from mobility_geo.sources.tntp import TntpNetwork, TntpTrips

LongArray = npt.NDArray[np.int64]

INNER_SWEEPS = 40
"""At most so many rounds of shifting people between the ways that are known."""

INNER_SHARE = 0.03
"""Rounds stop when so much of what was overpaid is left among the ways that are known."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Trips:
    """How many people want to go from node to node.

    Parameters
    ----------
    origin, destination
        Nodes, int32, shape (pairs,). Pairs within one node load nothing.
    persons
        How many, >= 0, float64.
    kind
        Class of people, from 0, int32; all 0 if there is one.

    Raises
    ------
    InputError
        If lengths differ, or a number is negative or missing.

    Examples
    --------
    >>> Trips.of([0], [1], [6.0]).persons.sum()
    np.float64(6.0)
    """

    origin: IntArray
    destination: IntArray
    persons: FloatArray
    kind: IntArray

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises
        ------
        InputError
            If they are not equally many, or not numbers of people.
        """
        sizes = {len(self.origin), len(self.destination), len(self.persons), len(self.kind)}
        if len(sizes) > 1:
            msg = "trips: origin, destination, persons and kind must be equally long"
            raise InputError(msg)
        wrong = ~(np.isfinite(self.persons) & (self.persons >= 0))
        if bool(wrong.any()):
            msg = (
                f"trips: persons must be a number >= 0; wrong in {int(wrong.sum())} pairs, "
                f"e.g. rows {labels(np.flatnonzero(wrong).tolist())}"
            )
            raise InputError(msg)

    @classmethod
    def of(
        cls,
        origin: npt.ArrayLike,
        destination: npt.ArrayLike,
        persons: npt.ArrayLike,
        kind: npt.ArrayLike = 0,
    ) -> "Trips":
        """Return trips from lists; see the class for what they mean."""
        first = np.ascontiguousarray(origin, dtype=np.int32)
        classes = np.broadcast_to(np.asarray(kind, dtype=np.int32), first.shape)
        return cls(
            origin=first,
            destination=np.ascontiguousarray(destination, dtype=np.int32),
            persons=np.ascontiguousarray(persons, dtype=np.float64),
            kind=np.ascontiguousarray(classes),
        )

    @classmethod
    def from_tntp(cls, trips: TntpTrips, network: TntpNetwork) -> "Trips":
        """Return the trips of a file over a network, in the order of the file.

        Parameters
        ----------
        trips
            From `mobility_geo.sources.read_tntp_trips`.
        network
            From `mobility_geo.sources.read_tntp_network`; says which nodes are zones.

        Returns
        -------
        Trips
            Nodes are the rows of `network.node_ids`, as in `AssignmentGraph.from_tntp`.

        Raises
        ------
        InputError
            If trips start or end where there is no zone.
        """
        table = trips.table
        ends = table[["origin", "destination"]].to_numpy()
        known = np.isin(ends, network.node_ids)
        if not network.any_zone:
            known &= ends <= network.zones
        # nobody gets lost in a pair without trips
        strange = ~known & (table["trips"].to_numpy() > 0)[:, None]
        if bool(strange.any()):
            zones = "its nodes" if network.any_zone else f"1 to {network.zones}"
            msg = (
                f"{trips.file}: trips to or from {labels(np.unique(ends[strange]).tolist())}, but "
                f"zones of {network.file} are {zones}; take them out, or give the files that "
                "belong together"
            )
            raise InputError(msg)
        kept = known.all(axis=1)
        at = np.searchsorted(network.node_ids, ends[kept])
        return cls.of(at[:, 0], at[:, 1], table["trips"].to_numpy()[kept])

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.origin)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class WayFlows:
    """Ways that people take, one by one.

    Attributes
    ----------
    pair
        Row of `Trips` of each way, int64.
    persons
        How many take it, > 0.
    start
        Where its links start in `links`, int64, one more than ways.
    links
        Links of all ways, from origin to destination, int32.
    """

    pair: LongArray
    persons: FloatArray
    start: LongArray
    links: IntArray

    def __len__(self) -> int:
        """Return the number of ways."""
        return len(self.pair)

    def of(self, way: int) -> IntArray:
        """Return the links of a way, in their order."""
        return self.links[self.start[way] : self.start[way + 1]]

    def owner(self) -> LongArray:
        """Return the way that each entry of `links` belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.start))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Progress:
    """How far an assignment has come.

    Attributes
    ----------
    iteration
        From 1.
    gap
        Relative gap, as estimated during the iteration.
    ways
        How many ways are kept.
    seconds
        Since the start.
    """

    iteration: int
    gap: float
    ways: int
    seconds: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Equilibrium:
    """Flows at which nobody gains by changing, as nearly as `gap` says.

    Attributes
    ----------
    flow, cost
        Of each link, at the end, float64.
    kind_flow
        Flow by class of people, shape (classes, links).
    queue
        Part of `cost` that is waiting before a link that is full; 0 without a throughput.
    pair_cost
        Least cost of each pair of `Trips`, `inf` where there is no way.
    unserved
        People of each pair who do not go: no way, or none within the budget.
    intrazonal
        People whose trip starts and ends in one node; they load nothing.
    ways
        Ways that are used.
    gap
        Relative gap: (paid - least) / paid, exact, at `cost`.
    objective
        Beckmann's objective at `flow`, without what unserved people would pay.
    iterations, seconds
        What it took.
    converged
        Whether `gap` is as small as was asked, and no link carries more than its throughput.
    """

    flow: FloatArray
    cost: FloatArray
    kind_flow: FloatArray
    queue: FloatArray
    pair_cost: FloatArray
    unserved: FloatArray
    intrazonal: float
    ways: WayFlows
    gap: float
    objective: float
    iterations: int
    seconds: float
    converged: bool


@dataclass(slots=True, kw_only=True)
class Sources:
    """Pairs that load something, sorted by class and origin."""

    order: LongArray
    node: IntArray
    kind: IntArray
    pointer: LongArray
    target: IntArray
    demand: FloatArray


def sort_sources(graph: AssignmentGraph, trips: Trips) -> Sources:
    """Return the pairs that load something, by class and origin.

    Raises
    ------
    InputError
        If an origin or destination is no node of the graph.
    """
    problems = []
    nodes = len(graph.through)
    for name, ends in (("origin", trips.origin), ("destination", trips.destination)):
        wrong = (ends < 0) | (ends >= nodes)
        if bool(wrong.any()):
            problems.append(
                f"trips: {name} must be a node from 0 to {nodes - 1}; wrong in "
                f"{int(wrong.sum())} pairs, e.g. rows {labels(np.flatnonzero(wrong).tolist())}"
            )
    if problems:
        raise InputError(problems)
    going = np.flatnonzero((trips.persons > 0) & (trips.origin != trips.destination))
    order = going[
        np.lexsort((trips.destination[going], trips.origin[going], trips.kind[going]))
    ].astype(np.int64)
    origin, kind = trips.origin[order], trips.kind[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(origin) != 0) | (np.diff(kind) != 0)
    starts = np.flatnonzero(fresh)
    return Sources(
        order=order,
        node=np.ascontiguousarray(origin[starts]),
        kind=np.ascontiguousarray(kind[starts]),
        pointer=np.append(starts, len(order)).astype(np.int64),
        target=np.ascontiguousarray(trips.destination[order]),
        demand=np.ascontiguousarray(trips.persons[order]),
    )


class _Loads:
    """The state of an assignment: ways, flows and costs, changed in place."""

    def __init__(
        self, graph: AssignmentGraph, trips: Trips, extras: FloatArray, budget: FloatArray
    ) -> None:
        from mobility_geo.flows.kernels import ways as kernel  # noqa: PLC0415 # loads numba

        self.kernel = kernel
        self.graph = graph
        self.sources = sources = sort_sources(graph, trips)
        pairs, links = len(sources.order), len(graph)
        # who is served when a way costs just the budget, is not left to rounding
        self.budget = np.ascontiguousarray(budget[sources.order]) * (1 + 1e-12)
        self.elastic = bool(np.isfinite(self.budget).any())
        self.size = links
        more = pairs if self.elastic else 0
        self.curves = np.zeros((links + more, graph.curves.parameters().shape[1]))
        self.curves[:links] = graph.curves.parameters()
        self.curves[links:, 0] = self.budget[:more]
        self.curves[links:, 2:4] = 1.0
        self.curves[links:, 6] = np.inf
        self.extras = np.zeros((len(extras), links + more))
        self.extras[:, :links] = extras
        self.flow = np.zeros(links + more)
        self.cost = np.zeros(links + more)
        self.slope = np.zeros(links + more)
        self.stamp = np.zeros(links + more, dtype=np.int32)
        nodes = len(graph.through)
        self.apart = np.zeros(2 * nodes + 2, dtype=np.int32)
        self.star = graph.forward_star()
        self.tail = np.ascontiguousarray(graph.tail, dtype=np.int32)
        self.through = np.ascontiguousarray(graph.through, dtype=np.uint8)
        self.first = np.full(pairs, -1, dtype=np.int32)
        room = 2 * pairs + 16
        self.way_start = np.zeros(room, dtype=np.int64)
        self.way_length = np.zeros(room, dtype=np.int32)
        self.way_flow = np.zeros(room)
        self.way_next = np.full(room, -1, dtype=np.int32)
        self.links = np.zeros(4 * pairs + 4 * nodes + 16, dtype=np.int32)
        self.ways = self.used = 0
        if self.elastic:
            has = np.flatnonzero(np.isfinite(self.budget))
            self.ways = self.used = len(has)
            self.first[has] = np.arange(len(has))
            self.way_start[: self.ways] = np.arange(self.ways)
            self.way_length[: self.ways] = 1
            self.way_flow[: self.ways] = sources.demand[has]
            self.links[: self.ways] = links + has
            self.flow[links + has] = sources.demand[has]
        self.price()

    def price(self) -> None:
        """Take the costs of the flows as they are."""
        self.kernel.price_links(self.curves, self.flow, self.cost, self.slope)

    def extend(self, negligible: float) -> tuple[float, float]:
        """Give each pair its quickest way; return what was overpaid and paid."""
        one = self.sources
        (
            self.way_start, self.way_length, self.way_flow, self.way_next, self.links, self.ways,
            self.used, over, paid,
        ) = self.kernel.extend_all(
            one.node, one.kind, one.pointer, one.target, one.demand, *self.star, self.tail,
            self.through, self.extras, self.first, self.way_start, self.way_length,
            self.way_flow, self.way_next, self.links, self.ways, self.used, self.curves,
            self.flow, self.cost, self.slope, self.stamp, self.apart, negligible, self.size,
        )  # fmt: skip
        return over, paid

    def balance(self, negligible: float) -> float:
        """Shift people between known ways once; return what was overpaid before."""
        one = self.sources
        return self.kernel.balance_all(
            one.kind, one.pointer, self.extras, self.first, self.way_start, self.way_length,
            self.way_flow, self.way_next, self.links, self.curves, self.flow, self.cost,
            self.slope, self.stamp, self.apart, negligible, self.size,
        )  # fmt: skip

    def pack(self) -> None:
        """Forget ways that nobody takes, and take flows and costs anew from the ways."""
        (
            self.way_start, self.way_length, self.way_flow, self.way_next, self.links, self.ways,
            self.used,
        ) = self.kernel.pack(
            self.first, self.way_start, self.way_length, self.way_flow, self.way_next,
            self.links, self.flow, 4 * len(self.through) + 16,
        )  # fmt: skip
        self.price()

    def measure(self) -> tuple[float, FloatArray]:
        """Return the relative gap, and the least cost of each pair."""
        one = self.sources
        least = np.zeros(len(one.order))
        paid, over = self.kernel.measure_gap(
            one.node, one.kind, one.pointer, one.target, *self.star, self.through, self.extras,
            self.first, self.way_start, self.way_length, self.way_flow, self.way_next, self.links,
            self.cost, self.budget, least,
        )  # fmt: skip
        return (max(0.0, over) / paid if paid > 0 else 0.0), least

    def queues(self) -> FloatArray:
        """Return the waiting time before each link that is full; 0 elsewhere."""
        rows = self.curves[: self.size]
        waiting = rows[:, 5] > 0
        queue = np.zeros(self.size)
        queue[waiting] = np.maximum(
            0.0,
            rows[waiting, 4]
            + rows[waiting, 5] * (self.flow[: self.size][waiting] - rows[waiting, 6]),
        )
        return queue

    def way_flows(self) -> tuple[WayFlows, FloatArray]:
        """Return the ways that are taken, and who takes none; call `pack` before."""
        count = self.ways
        last = self.way_next[:count] < 0
        has = np.flatnonzero(self.first >= 0)
        pair = has[np.cumsum(last) - last] if count else np.zeros(0, dtype=np.int64)
        persons = self.way_flow[:count]
        start, length = self.way_start[:count], self.way_length[:count].astype(np.int64)
        excess = self.links[start] >= self.size if count else np.zeros(0, dtype=bool)
        unserved = np.zeros(len(self.first))
        unserved[self.first < 0] = self.sources.demand[self.first < 0]
        unserved[pair[excess]] += persons[excess]
        kept = (persons > 0) & ~excess
        start, length, persons, pair = start[kept], length[kept], persons[kept], pair[kept]
        pointer = np.zeros(len(pair) + 1, dtype=np.int64)
        np.cumsum(length, out=pointer[1:])
        # ways are kept from the destination back to the origin
        back = np.repeat(start + length - 1 + pointer[:-1], length) - np.arange(pointer[-1])
        found = WayFlows(
            pair=self.sources.order[pair], persons=persons.copy(), start=pointer,
            links=self.links[back],
        )  # fmt: skip
        return found, unserved


def solve_equilibrium(
    graph: AssignmentGraph,
    trips: Trips,
    *,
    gap: float = 1e-6,
    budget: npt.ArrayLike = np.inf,
    throughput: npt.ArrayLike | None = None,
    kind_cost: npt.ArrayLike | None = None,
    max_iterations: int = 1000,
    time_limit_s: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Equilibrium:
    """Find flows at which all ways that a pair uses cost the same, and no other way costs less.

    Parameters
    ----------
    graph
        Links and what they cost.
    trips
        Who wants to go where.
    gap
        Relative gap to reach, > 0: what people pay above the least ways, by what they pay.
    budget
        The most that people accept as the cost of a trip, for all or for each pair, >= 0, in
        the unit of cost. Those for whom no way is left within it do not go.
    throughput
        The most people that each link lets pass, >= 0, `inf` where there is no limit. A queue
        before the link then makes so many go another way, or stay, that the rest gets through.
    kind_cost
        What each class of people pays on each link on top, >= 0, shape (classes, links); `inf`
        where the class may not go.
    max_iterations, time_limit_s
        When to stop before the gap is reached.
    progress
        Called after every iteration.

    Returns
    -------
    Equilibrium
        `converged` says whether the gap was reached. Flows of links are unique where costs grow;
        which people of several pairs take which way is not.

    Raises
    ------
    InputError
        If an argument is out of range, or there is a throughput and somebody has no budget: a
        queue for which nobody gives up may have no end.

    Notes
    -----
    Ways are kept pair by pair. Each iteration grows a tree of least cost for every origin, adds
    the ways that are quicker than those known, and shifts people from dearer to the cheapest
    ways by safeguarded Newton steps, in turn, at costs that are always up to date. Throughput is
    met by the method of multipliers: the multiplier of a link is the waiting time before it.

    References
    ----------
    Jayakrishnan, R., Tsai, W. T., Prashker, J. N., Rajadhyaksha, S. (1994). A faster path-based
    algorithm for traffic assignment. Transportation Research Record 1443, 75-83.

    Xie, J., Nie, Y., Liu, X. (2018). A greedy path-based algorithm for traffic assignment.
    doi 10.1177/0361198118774236.

    Larsson, T., Patriksson, M. (1995). An augmented Lagrangean dual algorithm for link capacity
    side constrained traffic assignment problems. doi 10.1016/0191-2615(95)00016-7.

    Examples
    --------
    >>> two = CostCurves.bpr(free=[10.0, 15.0], b=[0.1, 0.0], capacity=[1.0, 1.0])
    >>> graph = AssignmentGraph(
    ...     tail=np.array([0, 0]), head=np.array([1, 1]), through=np.ones(2, bool), curves=two
    ... )
    >>> solve_equilibrium(graph, Trips.of([0], [1], [8.0])).flow.round(3).tolist()
    [5.0, 3.0]
    """
    begun = time.perf_counter()
    limits = np.broadcast_to(np.asarray(budget, dtype=np.float64), (len(trips),))
    extras = check_kind_cost(graph, trips, kind_cost)
    _check(graph, gap, limits, throughput, max_iterations)
    loads = _Loads(graph, trips, extras, limits)
    queues = None if throughput is None else _Queues(loads, throughput)
    pairs = max(1, len(loads.sources.order))
    reached, negligible = np.inf, 0.0
    least = np.full(len(loads.sources.order), np.inf)
    settled = False
    number = 0
    while number < max_iterations and not settled:
        number += 1
        over, paid = loads.extend(negligible)
        estimate = over / paid if paid > 0 else 0.0
        goal = max(INNER_SHARE * over, 0.1 * gap * paid)
        negligible = min(0.1 * gap * paid, 0.01 * over) / pairs
        for _ in range(INNER_SWEEPS):
            if loads.balance(negligible) <= goal:
                break
        loads.pack()
        spent = time.perf_counter() - begun
        if progress is not None:
            progress(Progress(iteration=number, gap=estimate, ways=loads.ways, seconds=spent))
        late = time_limit_s is not None and spent >= time_limit_s
        if late or number == max_iterations or (number > 1 and estimate <= 3 * gap):
            reached, least = loads.measure()
            settled = reached <= gap and (queues is None or queues.met())
            if reached <= gap and queues is not None and not settled:
                queues.raise_prices()
        if late:
            break
    return _result(loads, trips, reached, least, number, time.perf_counter() - begun, settled)


def load_all_or_nothing(
    graph: AssignmentGraph,
    trips: Trips,
    *,
    cost: npt.ArrayLike | None = None,
    kind_cost: npt.ArrayLike | None = None,
) -> Equilibrium:
    """Load every pair on one way of least cost, at costs that do not change.

    Parameters
    ----------
    graph, trips, kind_cost
        As for `solve_equilibrium`.
    cost
        Cost of each link; left out: at no flow.

    Returns
    -------
    Equilibrium
        `cost` holds the costs that were taken; its gap is 0 at these, by definition.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> two = CostCurves.bpr(free=[10.0, 15.0], b=[9.0, 0.0], capacity=[1.0, 1.0])
    >>> graph = AssignmentGraph(
    ...     tail=np.array([0, 0]), head=np.array([1, 1]), through=np.ones(2, bool), curves=two
    ... )
    >>> load_all_or_nothing(graph, Trips.of([0], [1], [8.0])).flow.tolist()
    [8.0, 0.0]
    """
    prices = graph.curves.cost(np.zeros(len(graph))) if cost is None else np.asarray(cost)
    if prices.shape != (len(graph),) or not bool(np.all(prices >= 0)):
        msg = f"cost must be a number >= 0 for each of {len(graph)} links"
        raise InputError(msg)
    shut = ~np.isfinite(prices)
    flat = CostCurves.bpr(
        free=np.where(shut, 1.0, prices), b=shut * 1.0, capacity=np.where(shut, 0.0, 1.0)
    )
    fixed = replace(graph, curves=flat)
    return solve_equilibrium(fixed, trips, kind_cost=kind_cost, max_iterations=2)


def check_kind_cost(
    graph: AssignmentGraph, trips: Trips, kind_cost: npt.ArrayLike | None
) -> FloatArray:
    """Check what classes pay on top, and return it with a row for each.

    Raises
    ------
    InputError
        If a class is missing, or a cost is negative.
    """
    classes = int(trips.kind.max(initial=0)) + 1
    if kind_cost is None:
        return np.zeros((classes, len(graph)))
    extras = np.ascontiguousarray(kind_cost, dtype=np.float64)
    if extras.shape[1:] != (len(graph),) or len(extras) < classes or not bool(np.all(extras >= 0)):
        msg = (
            f"kind_cost must be >= 0, of shape ({classes} classes, {len(graph)} links); "
            f"its shape is {extras.shape}"
        )
        raise InputError(msg)
    return extras


def _check(
    graph: AssignmentGraph,
    gap: float,
    budget: FloatArray,
    throughput: npt.ArrayLike | None,
    max_iterations: int,
) -> None:
    """Check arguments.

    Raises
    ------
    InputError
        Lists all that is wrong.
    """
    problems = []
    if not gap > 0:
        problems.append(f"gap must be > 0, such as 1e-6; it is {gap:g}")
    if max_iterations < 1:
        problems.append(f"max_iterations must be 1 or more; it is {max_iterations}")
    if not bool(np.all(budget >= 0)):
        problems.append("budget must be >= 0, in the unit of cost")
    if throughput is not None:
        limits = np.asarray(throughput, dtype=np.float64)
        if limits.shape != (len(graph),) or not bool(np.all(limits >= 0)):
            problems.append(f"throughput must be a number >= 0 for each of {len(graph)} links")
        if not bool(np.all(np.isfinite(budget))):
            problems.append(
                "a throughput needs a budget for every pair: a queue for which nobody gives up "
                "may have no end"
            )
    if problems:
        raise InputError(problems)


class _Queues:
    """Waiting times before links that let only so many people pass, raised until they do."""

    MARGIN = 1e-7
    """Links are kept by so much, of their throughput, below it."""

    def __init__(self, loads: _Loads, throughput: npt.ArrayLike) -> None:
        self.loads = loads
        limits = np.asarray(throughput, dtype=np.float64)
        rows = loads.curves[: loads.size]
        rows[limits == 0, 0] = np.inf
        self.held = np.flatnonzero(np.isfinite(limits) & (limits > 0))
        self.most = limits[self.held]
        self.aim = self.most * (1 - self.MARGIN)
        rows[self.held, 6] = self.aim
        # a flow of twice the throughput starts with a queue as long as the budget
        longest = float(loads.budget.max(initial=1.0))
        rows[self.held, 5] = max(longest, 1e-9) / self.aim
        self.missed = np.inf
        loads.price()

    def met(self) -> bool:
        """Say whether no link passes more than it may, and people wait only where it is full."""
        flow = self.loads.flow[self.held]
        full = flow >= self.most * (1 - 3 * self.MARGIN)
        waits = self.loads.queues()[self.held] > 0
        return bool(np.all((flow <= self.most) & (full | ~waits)))

    def raise_prices(self) -> None:
        """Take the waiting times as they are for the start of the next round."""
        rows = self.loads.curves
        queue = self.loads.queues()[self.held]
        off = np.abs(self.loads.flow[self.held] - self.aim) / self.aim
        missed = float(np.where((queue > 0) | (rows[self.held, 4] > 0), off, 0.0).max(initial=0.0))
        rows[self.held, 4] = queue
        if missed > 0.25 * self.missed:
            rows[self.held, 5] *= 4.0
        self.missed = missed
        self.loads.price()


def _result(
    loads: _Loads,
    trips: Trips,
    reached: float,
    least: FloatArray,
    iterations: int,
    seconds: float,
    settled: bool,  # noqa: FBT001
) -> Equilibrium:
    ways, left = loads.way_flows()
    size, order = loads.size, loads.sources.order
    flow = loads.flow[:size].copy()
    kinds = len(loads.extras)
    kind_flow = np.zeros((kinds, size))
    owner = ways.owner()
    for kind in range(kinds):
        mine = trips.kind[ways.pair[owner]] == kind if kinds > 1 else slice(None)
        kind_flow[kind] = np.bincount(
            ways.links[mine], weights=ways.persons[owner[mine]], minlength=size
        )
    on_top = np.where(kind_flow > 0, loads.extras[:, :size], 0.0) * kind_flow
    inside = trips.origin == trips.destination
    unserved, pair_cost = np.zeros(len(trips)), np.full(len(trips), np.inf)
    unserved[order] = left
    pair_cost[order] = least
    pair_cost[inside] = 0.0
    return Equilibrium(
        flow=flow,
        cost=loads.cost[:size].copy(),
        kind_flow=kind_flow,
        queue=loads.queues(),
        pair_cost=pair_cost,
        unserved=unserved,
        intrazonal=float(trips.persons[inside].sum()),
        ways=ways,
        gap=reached,
        objective=loads.graph.curves.integral(flow) + float(on_top.sum()),
        iterations=iterations,
        seconds=seconds,
        converged=settled,
    )
