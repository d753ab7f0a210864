"""Flows of a case with congestion, queues at crossings, or several ways for each pair."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.assignment import (
    PAIR,
    WHO,
    EdgeFlows,
    arc_throughput,
    check_days,
    check_ids,
    class_table,
    crossing_table,
    edge_table,
    join_parts,
    over_throughput,
    way_table,
)
from mobility_geo.flows.congestion import AssignmentGraph, CostCurves, FloatArray
from mobility_geo.flows.equilibrium import (
    Progress,
    Trips,
    WayFlows,
    load_all_or_nothing,
    solve_equilibrium,
)
from mobility_geo.flows.od import ODMatrix
from mobility_geo.flows.stochastic import assign_dial, solve_stochastic
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import ArcCosts, Case, Conditions, Scenario, TravellerClass, conditions
from mobility_geo.units import MIN_PER_H, QUANTUM

DELAY_COLUMNS = ("edge_id", "b", "power", "capacity_persons_per_day")


def assign_equilibrium(  # noqa: PLR0913
    case: Case,
    od: ODMatrix,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    delays: pd.DataFrame | None = None,
    days: float = 1.0,
    budget_min: float | None = None,
    crossing_capacity: bool = True,
    gap: float = 1e-6,
    max_iterations: int = 1000,
    progress: Callable[[Progress], None] | None = None,
) -> EdgeFlows:
    """Load people so that nobody finds a quicker way, with queues where a crossing is full.

    Parameters
    ----------
    case
        The question; its groups say how each flow travels.
    od
        Flows, from `choose_destinations`, an estimate or a table of your own.
    scenario, when
        Scenario and day to take instead of the case's own.
    delays
        Edges on which people hold each other up: columns ``edge_id``, ``b``, ``power`` and
        ``capacity_persons_per_day`` (in each direction). Everybody takes
        ``time * b * (flow per day / capacity) ** power`` longer, `time` being that of the class
        that is quickest there. Left out: none.
    days
        Over how many days, > 0, the flows are spread evenly.
    budget_min
        The longest journey that people take on, minutes, queues included. Left out: the
        ``time_limit_h`` of the group, if it has one. People who have no way within it do not go.
    crossing_capacity
        Whether crossings let only ``throughput_persons_per_day`` pass, in each direction. A queue
        forms; then everybody needs a budget.
    gap, max_iterations, progress
        As for `mobility_geo.flows.equilibrium.solve_equilibrium`.

    Returns
    -------
    EdgeFlows
        Real numbers, conserved at every node; flows of crossings never exceed the throughput.

    Raises
    ------
    UnknownIdError
        If a group, place or edge is not in the case.
    InputError
        If an argument is out of range, a crossing is full and somebody has no budget, or a
        throughput holds for several edges together.

    Notes
    -----
    A queue is the price that keeps flow at the throughput: people who pass wait just so long that
    the others are as well off elsewhere. It is a steady state of a day like all others, not the
    queue that grows from one day to the next.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> case = load_toy()
    >>> flows = assign_equilibrium(case, choose_destinations(case, rules=["least_time"]))
    >>> flows.od[["served_persons", "unserved_persons"]].sum().tolist()
    [300.0, 1450.0]
    """
    check_days(days)
    parts = []
    # without any flows the tables are empty, not missing
    for rule in od.rules() or ("",):
        world = _World(case, od, rule, scenario, when, delays, days)
        limits = world.throughput() if crossing_capacity else None
        if limits is not None and not bool(np.isfinite(limits).any()):
            limits = None
        found = solve_equilibrium(
            world.graph, world.trips, gap=gap, budget=world.budgets(budget_min),
            throughput=limits, kind_cost=world.kind_cost, max_iterations=max_iterations,
            progress=progress,
        )  # fmt: skip
        parts.append(
            world.loads(found.kind_flow, found.cost, found.queue, found.ways, found.unserved,
                        found.pair_cost, gap=found.gap, converged=found.converged)
        )  # fmt: skip
    return join_parts(parts)


def assign_logit(  # noqa: PLR0913
    case: Case,
    od: ODMatrix,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    theta_per_h: float,
    ways: Literal["efficient", "dissimilar"] = "efficient",
    count: int = 3,
    overlap: float = 0.5,
    delays: pd.DataFrame | None = None,
    days: float = 1.0,
    gap: float = 1e-6,
    max_iterations: int = 1000,
) -> EdgeFlows:
    """Spread people over several ways: the quicker a way, the more take it.

    Parameters
    ----------
    case, od, scenario, when
        As for `assign_equilibrium`.
    theta_per_h
        How strongly time weighs, > 0, per hour: at 1, an hour more divides the odds by 2.7.
    ways
        ``efficient``: all ways that lead away from the origin (Dial 1971). ``dissimilar``: the
        quickest way and up to `count` alternatives that share little with one another.
    count, overlap
        For ``dissimilar``: see `mobility_geo.routing.alternatives.find_alternatives`.
    delays, days
        As for `assign_equilibrium`; with delays the stochastic user equilibrium is found. Only
        for ``efficient``.
    gap, max_iterations
        When to stop; see `mobility_geo.flows.stochastic.solve_stochastic`.

    Returns
    -------
    EdgeFlows
        Real numbers, conserved at every node. Nobody queues, and nobody has a budget.

    Raises
    ------
    UnknownIdError
        If a group, place or edge is not in the case.
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> case = load_toy()
    >>> od = choose_destinations(case, rules=["least_time"])
    >>> assign_logit(case, od, theta_per_h=1.0).od["served_persons"].sum().round(6)
    np.float64(300.0)
    """
    problems = []
    if not (np.isfinite(theta_per_h) and theta_per_h > 0):
        problems.append(f"theta_per_h must be > 0; it is {theta_per_h:g}")
    if not (np.isfinite(days) and days > 0):
        problems.append(f"days must be > 0; it is {days:g}")
    if ways not in {"efficient", "dissimilar"}:
        problems.append(f"ways must be 'efficient' or 'dissimilar', not {ways!r}")
    if ways == "dissimilar" and delays is not None:
        problems.append("delays need ways='efficient': dissimilar ways are found at fixed times")
    if problems:
        raise InputError(problems)
    theta = theta_per_h / MIN_PER_H
    parts = []
    # without any flows the tables are empty, not missing
    for rule in od.rules() or ("",):
        world = _World(case, od, rule, scenario, when, delays, days)
        if ways == "dissimilar":
            parts.append(world.spread(theta, count, overlap))
            continue
        if delays is None:
            found = assign_dial(world.graph, world.trips, theta=theta, kind_cost=world.kind_cost)
        else:
            found = solve_stochastic(
                world.graph, world.trips, theta=theta, gap=gap, kind_cost=world.kind_cost,
                max_iterations=max_iterations,
            )  # fmt: skip
        least = world.least(found.cost)
        parts.append(
            world.loads(found.kind_flow, found.cost, np.zeros(len(found.cost)), None,
                        found.unserved, least, gap=found.gap, converged=found.converged)
        )  # fmt: skip
    return join_parts(parts)


def select_edge(flows: EdgeFlows, edges: str | Iterable[str]) -> pd.DataFrame:
    """Say who uses an edge, from where to where.

    Parameters
    ----------
    flows
        From `assign_all_or_nothing`, `assign_equilibrium`, or `assign_logit` with dissimilar
        ways.
    edges
        Id of an edge or a crossing, or several: whoever passes any of them counts once.

    Returns
    -------
    pandas.DataFrame
        By rule, group, origin and destination: ``flow_persons`` over the edge, and
        ``share`` of the pair's served people; the largest flows first.

    Raises
    ------
    InputError
        If the flows do not tell ways apart.

    Notes
    -----
    Flows of edges are unique at equilibrium; which of several pairs share which way is not, so
    that single rows may differ between two equally good assignments.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> case = load_toy()
    >>> flows = assign_equilibrium(case, choose_destinations(case, rules=["least_time"]))
    >>> busiest = flows.edges.nlargest(1, "flow_persons")["edge_id"].item()
    >>> select_edge(flows, busiest)["flow_persons"].sum() == flows.edges["flow_persons"].max()
    np.True_
    """
    wanted = {edges} if isinstance(edges, str) else set(edges)
    if len(flows.edges) and not len(flows.ways):
        msg = (
            "these flows do not tell ways apart; take assign_all_or_nothing, assign_equilibrium "
            "or dissimilar ways"
        )
        raise InputError(msg)
    key = list(PAIR)
    over = np.zeros(len(flows.ways), dtype=bool)
    for name in ("edge_ids", "crossing_ids"):
        ids = flows.ways[name].str.split("|")
        over |= np.array([not wanted.isdisjoint(one) for one in ids], dtype=bool)
    using = flows.ways[over].groupby(key)["persons"].sum().reset_index()
    served = flows.od.groupby(key)["served_persons"].sum().reset_index()
    table = using.merge(served, on=key, how="left").rename(columns={"persons": "flow_persons"})
    table["share"] = table["flow_persons"] / table["served_persons"]
    order = ["rule", "flow_persons", "group_id", "destination_id"]
    found: pd.DataFrame = table.drop(columns="served_persons").sort_values(
        order, ascending=[True, False, True, True], ignore_index=True
    )
    return found


class _World:
    """The arcs of a network and the doors of its places, as one graph for all classes.

    A place has a door to start from and one to end at for each class, which nobody passes; links
    are the arcs of the network, then the ways between doors and network, then those between two
    places that meet one edge.
    """

    def __init__(
        self,
        case: Case,
        od: ODMatrix,
        rule: str,
        scenario: Scenario | None,
        when: dt.date | str | None,
        delays: pd.DataFrame | None,
        days: float,
    ) -> None:
        self.case, self.rule, self.days = case, rule, days
        laid = case.scenario if scenario is None else scenario
        day = laid.day(when)
        check_ids(case, od.table)
        rows = od.table[(od.table["rule"] == rule).to_numpy(dtype=bool)].reset_index(drop=True)
        self.rows = rows
        groups = case.groups.set_index("group_id", drop=False)
        self.groups = groups
        going = np.flatnonzero((rows["flow_persons"] > 0).to_numpy(dtype=bool))
        self.going = going
        who = travellers_of(groups.loc[rows["group_id"].iloc[going]])
        self.kinds: list[TravellerClass] = sorted(set(who))
        self.kind = np.array([self.kinds.index(one) for one in who], dtype=np.int32)
        self.held: list[Conditions] = [
            conditions(case.network, laid, day, one) for one in self.kinds
        ]
        self.costs: list[ArcCosts] = [one.dense() for one in self.held]
        self._build(delays)

    def _build(self, delays: pd.DataFrame | None) -> None:
        network = self.case.network
        arcs = network.arcs
        size, nodes = len(arcs), len(network.nodes)
        minutes = np.array(
            [np.where(one.open, one.time_min * QUANTUM["time_min"], np.inf) for one in self.costs]
        ).reshape(len(self.costs), size)
        quickest = minutes.min(axis=0, initial=np.inf)
        base = np.where(np.isfinite(quickest), quickest, 0.0)
        extra = np.where(np.isfinite(minutes), minutes - base, np.inf)
        tails, heads = [arcs.tail.astype(np.int64)], [arcs.head.astype(np.int64)]
        door_cost: list[FloatArray] = []
        origins = self.rows["origin_id"].to_numpy()[self.going]
        ends = self.rows["destination_id"].to_numpy()[self.going]
        start = np.zeros(len(self.going), dtype=np.int64)
        stop = np.zeros(len(self.going), dtype=np.int64)
        door = nodes
        for kind, costs in enumerate(self.costs):
            mine = np.flatnonzero(self.kind == kind)
            places = [sorted(set(origins[mine])), sorted(set(ends[mine]))]
            leave = access_set(network, costs, places[0])
            enter = access_set(network, costs, places[1], leaving=False)
            doors = [door + np.arange(len(places[0]))]
            doors.append(door + len(places[0]) + np.arange(len(places[1])))
            door += len(places[0]) + len(places[1])
            for side, access in enumerate((leave, enter)):
                at = np.repeat(doors[side], np.diff(access.pointer))
                tails.append(at if side == 0 else access.node.astype(np.int64))
                heads.append(access.node.astype(np.int64) if side == 0 else at)
                door_cost.append(access.time_min.astype(np.float64) * QUANTUM["time_min"])
            start[mine] = doors[0][pd.Index(places[0]).get_indexer(origins[mine])]
            stop[mine] = doors[1][pd.Index(places[1]).get_indexer(ends[mine])]
            ways = solve_ways(network, costs, leave, enter)
            for (one, two), spent in sorted(ways.direct.items()):
                tails.append(doors[0][[one]])
                heads.append(doors[1][[two]])
                door_cost.append(np.array([spent["time_min"] * QUANTUM["time_min"]]))
        more = np.concatenate([np.zeros(0), *door_cost])
        b, power, capacity = self._curves(delays, size)
        pad = np.zeros(len(more))
        self.graph = AssignmentGraph(
            tail=np.concatenate(tails).astype(np.int32),
            head=np.concatenate(heads).astype(np.int32),
            through=np.arange(door) < nodes,
            curves=CostCurves.bpr(
                free=np.concatenate([base, more]),
                b=np.concatenate([b, pad]),
                power=np.concatenate([power, pad + 1.0]),
                capacity=np.concatenate([capacity, pad + np.inf]),
            ),
        )
        self.kind_cost = np.hstack([extra, np.zeros((len(extra), len(more)))])
        if not len(extra):
            self.kind_cost = np.zeros((1, len(self.graph)))
        persons = self.rows["flow_persons"].to_numpy(dtype=np.float64)[self.going]
        self.trips = Trips.of(start, stop, persons / self.days, self.kind)

    def _curves(
        self, delays: pd.DataFrame | None, size: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return b, power and capacity of every arc.

        Raises
        ------
        InputError
            If the table lacks a column, or names an edge twice.
        """
        b, power, capacity = np.zeros(size), np.ones(size), np.full(size, np.inf)
        if delays is None:
            return b, power, capacity
        missing = [name for name in DELAY_COLUMNS if name not in delays.columns]
        if missing:
            msg = f"delays: no column {', '.join(missing)}; columns: {', '.join(DELAY_COLUMNS)}"
            raise InputError(msg)
        twice = delays.loc[delays["edge_id"].duplicated(), "edge_id"].tolist()
        if twice:
            msg = f"delays: an edge has one row; several for {labels(twice)}"
            raise InputError(msg)
        edge = self.case.network.edge_positions(delays["edge_id"].astype(str))
        back = self.case.network.arcs.backward[edge]
        for values, column in ((b, "b"), (power, "power"), (capacity, DELAY_COLUMNS[-1])):
            given = delays[column].to_numpy(dtype=np.float64)
            values[edge] = given
            values[back[back >= 0]] = given[back >= 0]
        return b, power, capacity

    def budgets(self, budget_min: float | None) -> FloatArray:
        """Return the longest journey of each pair, in minutes; `inf`: no limit."""
        if budget_min is not None:
            return np.full(len(self.trips), float(budget_min))
        names = self.rows["group_id"].iloc[self.going]
        hours = self.groups["time_limit_h"].reindex(names).to_numpy(dtype=np.float64)
        return np.where(np.isnan(hours), np.inf, hours * MIN_PER_H)

    def throughput(self) -> FloatArray:
        """Return how many people a day each link lets pass.

        Raises
        ------
        InputError
            If one throughput holds for several edges that people may pass, or for some people
            only.
        """
        network = self.case.network
        size = len(network.arcs)
        limits = np.full(len(self.graph), np.inf)
        by_kind = arc_throughput(np.arange(size), self.held, self.costs)
        limits[:size] = by_kind.min(axis=0, initial=np.inf)
        crossing = network.edges["crossing_id"]
        passable = np.array([one.open for one in self.costs], dtype=np.bool_).reshape(by_kind.shape)
        differ = np.flatnonzero((passable & (by_kind > limits[:size])).any(axis=0))
        if len(differ):
            edges = np.unique(network.arcs.edge[differ])
            names = crossing.iloc[edges].fillna(network.edges["edge_id"].iloc[edges])
            msg = (
                f"{labels(list(names))} have a throughput for some people that is not that of"
                " others, and one queue holds all; set crossing_capacity=False, or make it the"
                " same for all"
            )
            raise InputError(msg)
        held_edges = np.unique(network.arcs.edge[np.isfinite(limits[:size])])
        names = crossing.iloc[held_edges].dropna()
        several = names[names.duplicated()].unique().tolist()
        if several:
            msg = (
                f"crossings {labels(several)} have a throughput and several edges, which would "
                "share it; join them in one edge, or set crossing_capacity=False"
            )
            raise InputError(msg)
        return limits

    def least(self, cost: FloatArray) -> FloatArray:
        """Return the least minutes of each pair at the costs of links."""
        return load_all_or_nothing(
            self.graph, self.trips, cost=cost, kind_cost=self.kind_cost
        ).pair_cost

    def spread(self, theta: float, count: int, overlap: float) -> EdgeFlows:
        """Load pairs by logit on ways that share little, at times that do not change."""
        from mobility_geo.routing.alternatives import (  # noqa: PLC0415 # loads numba
            find_alternatives,
        )

        network = self.case.network
        size = len(network.arcs)
        flow = np.zeros((max(1, len(self.kinds)), len(self.graph)))
        persons = self.trips.persons
        unserved, least = np.zeros(len(persons)), np.full(len(persons), np.inf)
        pair_of: list[int] = []
        shares: list[float] = []
        links: list[npt.NDArray[np.int32]] = []
        minutes: list[float] = []
        origins = self.rows["origin_id"].to_numpy()[self.going]
        ends = self.rows["destination_id"].to_numpy()[self.going]
        for kind, costs in enumerate(self.costs):
            mine = np.flatnonzero(self.kind == kind)
            places = [sorted(set(origins[mine])), sorted(set(ends[mine]))]
            ways = solve_ways(
                network, costs, access_set(network, costs, places[0]),
                access_set(network, costs, places[1], leaving=False),
            )  # fmt: skip
            pairs = [(places[0].index(origins[one]), places[1].index(ends[one])) for one in mine]
            found = find_alternatives(ways, pairs, count=count, overlap=overlap)
            for pair, some in zip(mine, found, strict=True):
                if not some:
                    unserved[pair] = persons[pair]
                    continue
                spent = np.array([one.units for one in some]) * QUANTUM["time_min"]
                least[pair] = spent.min()
                weight = np.exp(-theta * (spent - spent.min()))
                for one, part, time in zip(some, weight / weight.sum(), spent, strict=True):
                    pair_of.append(int(pair))
                    shares.append(float(part * persons[pair]))
                    links.append(one.arcs)
                    minutes.append(float(time))
                    np.add.at(flow[kind], one.arcs, part * persons[pair])
        cost = self.graph.curves.cost(np.zeros(len(self.graph)))
        start = np.concatenate([[0], np.cumsum([len(one) for one in links])]).astype(np.int64)
        table = WayFlows(
            pair=np.array(pair_of, dtype=np.int64),
            persons=np.array(shares),
            start=start,
            links=np.concatenate([np.zeros(0, dtype=np.int32), *links]).astype(np.int32),
        )
        flow[:, size:] = 0.0
        return self.loads(
            flow, cost, np.zeros(len(cost)), table, unserved, least, gap=0.0, converged=True,
            minutes=np.array(minutes),
        )  # fmt: skip

    def loads(
        self,
        kind_flow: FloatArray,
        cost: FloatArray,
        queue: FloatArray,
        ways: WayFlows | None,
        unserved: FloatArray,
        pair_cost: FloatArray,
        *,
        gap: float,
        converged: bool,
        minutes: FloatArray | None = None,
    ) -> EdgeFlows:
        """Return the tables; flows per day become people again."""
        network = self.case.network
        size = len(network.arcs)
        by_kind = kind_flow[:, :size] * self.days
        total = by_kind.sum(axis=0)
        edges = edge_table(network, total).assign(rule=self.rule)
        forward, backward = self._minutes(cost)
        at = network.edge_positions(edges["edge_id"])
        edges["forward_min"], edges["backward_min"] = forward[at], backward[at]
        rows = np.zeros(0, dtype=np.int64) if ways is None else self.going[ways.pair]
        persons = np.zeros(0) if ways is None else ways.persons * self.days
        passed = [] if ways is None else [ways.of(way) for way in range(len(ways))]
        arcs = [one[one < size] for one in passed]
        if minutes is None:
            kinds = [] if ways is None else self.kind[ways.pair].tolist()
            minutes = np.array(
                [
                    (cost[one] + self.kind_cost[kind][one]).sum()
                    for kind, one in zip(kinds, passed, strict=True)
                ],
                dtype=np.float64,
            )
        classes = class_table(self.case, self.rows, rows, persons, arcs)
        if ways is None:
            classes = pd.concat([classes, *self._by_kind(by_kind)], ignore_index=True)
        return EdgeFlows(
            edges=edges[["rule", *edges.columns.drop("rule")]],
            classes=classes,
            crossings=crossing_table(self.case, self.rule, total, queue),
            ways=way_table(network, self.rows, rows, persons, minutes, arcs),
            od=self._od(unserved, pair_cost),
            over_throughput=over_throughput(
                self.case, self.rule, by_kind / self.days, self.held, self.costs
            ),
            gap={self.rule: gap} if self.rule else {},
            converged=converged,
        )

    def _by_kind(self, load: FloatArray) -> Iterator[pd.DataFrame]:
        """Yield the people on edges by class of travellers, where groups are not told apart."""
        for number, one in enumerate(self.kinds):
            table = edge_table(self.case.network, load[number])
            who = {name: getattr(one, name) for name in WHO}
            words = {name: [word] * len(table) for name, word in
                     ({"rule": self.rule, "group_id": None} | who).items()}  # fmt: skip
            yield pd.concat([pd.DataFrame(words).astype("str"), table], axis=1)

    def _minutes(self, cost: FloatArray) -> tuple[FloatArray, FloatArray]:
        arcs, size = self.case.network.arcs, len(self.case.network.edges)
        open_to = np.isfinite(self.kind_cost[:, : len(arcs)]).any(axis=0)
        spent = np.where(open_to, cost[: len(arcs)], np.inf)
        backward = np.full(size, np.inf)
        has = arcs.backward >= 0
        backward[has] = spent[arcs.backward[has]]
        return spent[:size], backward

    def _od(self, unserved: FloatArray, pair_cost: FloatArray) -> pd.DataFrame:
        left = self.rows["unserved_persons"].to_numpy(dtype=np.float64).copy()
        flows = self.rows["flow_persons"].to_numpy(dtype=np.float64)
        left[self.going] += unserved * self.days
        spent = np.full(len(self.rows), np.inf)
        spent[self.going] = pair_cost
        served = np.maximum(0.0, flows + self.rows["unserved_persons"].to_numpy() - left)
        return self.rows[list(PAIR)].assign(
            served_persons=served, unserved_persons=left, time_min=spent
        )
