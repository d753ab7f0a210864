"""Chokepoints: what each edge, crossing and node means to the people whose way passes it."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.network import Network
from mobility_geo.outcomes.kernels import removals
from mobility_geo.routing import (
    AccessSet,
    GroupWays,
    access_set,
    find_ways_by_costs,
    solve_ways,
)
from mobility_geo.routing.accesses import arc_units
from mobility_geo.routing.groups import budget_units, find_group_ways, travellers_of
from mobility_geo.scenario import ArcCosts, Case, Scenario, TravellerClass, conditions
from mobility_geo.schema import CHOKEPOINTS, check_table, suggest
from mobility_geo.units import MIN_PER_H, QUANTUM, Metric

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

COMPILE_FROM: Final = 5_000
"""Networks with so many nodes are worth the seconds that compiling takes."""

RESOLVE_BELOW: Final = 20_000
"""Networks with fewer nodes are solved again edge by edge where risk or money is limited."""

Budgets = Literal["all", "time"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Chokepoints:
    """What closing one thing alone would do, for everything that people use.

    Attributes
    ----------
    when
        The day.
    table
        Schema `CHOKEPOINTS`: edges, crossings and nodes that some quickest way passes; all else
        changes nothing. Most people lost first.
    persons, reaching_persons
        People asked about, and those of them who can reach.
    budgets
        ``all``: every budget is tested; ``time``: only the longest time, because testing risk and
        money as well takes too long on so large a network.
    """

    when: dt.date
    table: pd.DataFrame
    persons: int
    reaching_persons: int
    budgets: Budgets

    def every_way(self) -> pd.DataFrame:
        """Return what everybody who can reach has to pass: "every way out passes here".

        Returns
        -------
        pandas.DataFrame
            Rows of `table`.
        """
        if not self.reaching_persons:
            return self.table.iloc[:0]
        whole = self.table["every_way_persons"] >= self.reaching_persons
        return self.table[whole.to_numpy(dtype=bool)].reset_index(drop=True)


def find_chokepoints(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    base: str = "movers",
    of: str | None = None,
    budgets: Budgets | None = None,
    progress: Callable[[float], None] | None = None,
) -> Chokepoints:
    """Find what closing each edge, crossing or node alone would do to people.

    Only what lies on a way that somebody takes can matter: closing anything else leaves every
    quickest way as it is. From there the ways of the people concerned are solved again, exactly.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    base
        ``movers`` or ``residents``.
    of
        Only people at a place, or in a zone: its code, id or name.
    budgets
        ``all``: test risk and money as well, by solving again edge by edge; ``time``: only the
        longest time, which takes minutes for a million edges. Left out: ``all`` where somebody
        has such a limit and the network has fewer than 20,000 nodes.
    progress
        Called with the share done, 0 to 1.

    Returns
    -------
    Chokepoints
        Everything that matters, with people and person-hours.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If nobody is asked about, or `budgets` or `base` is unknown.
    UnknownIdError
        If there is no such place or zone.

    Notes
    -----
    A closure that strands people can lower the hours on the road, so the change in people who can
    reach and the change in hours stand side by side. Free places at destinations are not counted.
    Of nodes only the people whose every way passes them are told: a budget is not tested there.
    Where two ways take the same time, one of them counts as the way that is taken. Roads count as
    open until somebody reports otherwise: people who are unknown in `find_stranded` because their
    answer hangs on an old report count as reaching.

    References
    ----------
    Ramalingam, G., Reps, T. (1996). An incremental algorithm for a generalization of the
    shortest-path problem. doi 10.1006/jagm.1996.0046.

    Jenelius, E., Petersen, T., Mattsson, L.-G. (2006). Importance and exposure in road network
    vulnerability analysis. doi 10.1016/j.tra.2005.11.003.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> found = find_chokepoints(case, case.scenario.baseline(), of="Northtown")
    >>> found.table.loc[found.table["thing"] == "edge", ["id", "through_persons"]].values.tolist()
    [['gate', 1000], ['gate-far', 1000], ['north-gate', 1000]]
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    groups = asked_groups(case, base=base, of=of)
    laid.check(case.network, case.groups)
    limited = budget_units(groups, case.limits)
    tight = bool(np.isfinite(limited["risk"]).any() or np.isfinite(limited["cost_xof"]).any())
    if budgets not in {None, "all", "time"}:
        msg = f"budgets must be 'all' or 'time', not {budgets!r}"
        raise InputError(msg)
    small = len(case.network.nodes) < RESOLVE_BELOW
    chosen: Budgets = budgets or ("all" if small or not tight else "time")
    again = chosen == "all" and tight
    tell = progress or (lambda _done: None)
    ways = find_group_ways(case, laid, day, groups=groups) if again else None
    share = 0.2 if again else 1.0
    measured = _measure(case, laid, day, groups, ways, lambda done: tell(done * share))
    if ways is not None:
        resolved = _solve_again(case, ways, lambda done: tell(share + (1 - share) * done))
        for thing, rows in resolved.items():
            measured.rows[thing].update(rows)
    table = _table(case.network, measured)
    return Chokepoints(
        when=day, table=table, persons=int(groups["persons"].sum()),
        reaching_persons=measured.reaching, budgets="time" if tight and not again else "all",
    )  # fmt: skip


def asked_groups(case: Case, *, base: str | None = "movers", of: str | None = None) -> pd.DataFrame:
    """Return the groups that a question is about.

    Parameters
    ----------
    case
        The question.
    base
        ``movers`` or ``residents``; None: both.
    of
        Place or zone: code, id or name; everybody if left out.

    Returns
    -------
    pandas.DataFrame
        Rows of ``case.groups``, numbered anew.

    Raises
    ------
    InputError
        If `base` is unknown, or nobody is there.
    UnknownIdError
        If there is no such place or zone.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> asked_groups(load_toy(), of="T1")["group_id"].tolist()
    ['north-truck', 'river-boat']
    """
    if base not in {None, "movers", "residents"}:
        msg = f"base must be 'movers' or 'residents', not {base!r}"
        raise InputError(msg)
    groups = case.groups
    chosen = np.ones(len(groups), dtype=bool)
    if base is not None:
        chosen &= (groups["base"] == base).to_numpy(dtype=bool)
    where = ""
    if of is not None:
        places = region_places(case.network, of)
        chosen &= groups["place_id"].isin(places).to_numpy(dtype=bool)
        where = f" in or at {of!r}"
    found = groups[chosen].reset_index(drop=True)
    # a group may have people in its high figure only
    if not int(found["persons_high"].sum()):
        known = sorted(set(groups.loc[groups["persons_high"] > 0, "place_id"]))
        at = f"{', '.join(known[:10])}{', ...' if len(known) > 10 else ''}"  # noqa: PLR2004
        msg = (
            f"the case has no {base or 'people'}{where}: nobody to ask about; people are at "
            f"{at or 'no place at all'}"
        )
        raise InputError(msg)
    return found


def region_places(network: Network, region: str) -> list[str]:
    """Return the places of a zone, or the one place called so.

    Parameters
    ----------
    network
        The network.
    region
        Id of a place, exactly; else code or name of a zone; else another name of a place.

    Returns
    -------
    list of str
        Ids of places, ascending.

    Raises
    ------
    UnknownIdError
        If there is neither; names the nearest ones.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> region_places(load_toy().network, "South")
    ['midtown', 'oasis', 'southtown']
    """
    zones, places = network.zones, network.places
    if region in network.place_rows:
        return [region]
    wanted = region.strip().casefold()
    hit = (zones["pcode"].str.casefold() == wanted) | (zones["name"].str.casefold() == wanted)
    codes = set(zones.loc[hit.to_numpy(dtype=bool), "pcode"])
    if codes:
        below = set(codes)
        while below:
            below = set(zones.loc[zones["parent_pcode"].isin(below), "pcode"]) - codes
            codes |= below
        return sorted(places.loc[places["pcode"].isin(codes).to_numpy(dtype=bool), "place_id"])
    try:
        return [network.find_place(region)]
    except UnknownIdError:
        if any(wanted in {str(name).casefold() for name in places[column].dropna()}
               for column in ("place_id", "name")):  # fmt: skip
            raise  # several are called so
        known = [*zones["pcode"], *zones["name"], *places["place_id"], *places["name"]]
        msg = f"no zone or place {region!r}{suggest(region, known)}"
        raise UnknownIdError(msg) from None


# ------------------------------------------------------------------ one way towards safety
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SafetyGraph:
    """Everything open to one class of travellers, towards one set of destinations.

    Nodes of the network come first, then the places where people are, then those they may go to,
    and last the one node that all of these lead to. Arcs are sorted by tail.

    Attributes
    ----------
    nodes, origins
        How many nodes the network has; the places where people are.
    tail, head, weight, edge, arc
        Of each arc; time in whole units; row of the edge that it runs along, and of the arc of the
        network that it is; -1: none.
    """

    nodes: int
    origins: tuple[str, ...]
    tail: IntArray
    head: IntArray
    weight: IntArray
    edge: IntArray
    arc: IntArray

    @property
    def sink(self) -> int:
        """Return the node that all destinations lead to."""
        return self.size - 1

    @property
    def size(self) -> int:
        """Return the number of nodes."""
        return int(self.head.max()) + 1

    def pointer(self) -> IntArray:
        """Return where the arcs of each node begin."""
        return np.searchsorted(self.tail, np.arange(self.size + 1)).astype(np.int64)

    def into(self) -> tuple[IntArray, IntArray]:
        """Return where the arcs into each node begin, and these arcs."""
        order = np.argsort(self.head, kind="stable").astype(np.int64)
        start = np.searchsorted(self.head[order], np.arange(self.size + 1)).astype(np.int64)
        return start, order


def safety_graph(
    network: Network, costs: ArcCosts, origins: Iterable[str], destinations: Iterable[str]
) -> SafetyGraph:
    """Return what is open between places and destinations, as one graph.

    Parameters
    ----------
    network, costs
        The network and what its arcs cost.
    origins, destinations
        Ids of places.

    Returns
    -------
    SafetyGraph
        Its least ways take as long as those of `find_ways_by_costs`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.scenario import TravellerClass, conditions
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario.baseline(), None, who).dense()
    >>> safety_graph(case.network, costs, ["northtown"], ["southtown"]).size
    13
    """
    leave = access_set(network, costs, origins)
    enter = access_set(network, costs, destinations, leaving=False)
    nodes, starts, ends = len(network.nodes), len(leave), len(enter)
    sink = nodes + starts + ends
    arcs = np.flatnonzero(costs.open)
    along = network.access_arrays.edge
    parts: list[tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]] = [
        (network.arcs.tail[arcs], network.arcs.head[arcs], costs.time_min[arcs],
         network.arcs.edge[arcs]),
        (nodes + _owner(leave), leave.node, leave.time_min, along[leave.row]),
        (enter.node, nodes + starts + _owner(enter), enter.time_min, along[enter.row]),
        (nodes + starts + np.arange(ends), np.full(ends, sink), np.zeros(ends), np.full(ends, -1)),
    ]  # fmt: skip
    direct = _along_one_edge(network, costs, leave, enter)
    if direct:
        start, end, time, edge = zip(*direct, strict=True)
        parts.append((nodes + np.array(start), nodes + starts + np.array(end), time, edge))
    tail, head, weight, edge_of = (
        np.concatenate([np.asarray(part[i]) for part in parts]).astype(np.int64) for i in range(4)
    )
    order = np.lexsort((np.arange(len(tail)), tail))
    return SafetyGraph(
        nodes=nodes, origins=leave.place_ids, tail=tail[order], head=head[order],
        weight=weight[order], edge=edge_of[order],
        arc=np.where(order < len(arcs), np.append(arcs, -1)[np.minimum(order, len(arcs))], -1),
    )  # fmt: skip


def _owner(accesses: AccessSet) -> IntArray:
    return np.repeat(np.arange(len(accesses)), np.diff(accesses.pointer)).astype(np.int64)


def _along_one_edge(
    network: Network, costs: ArcCosts, leave: AccessSet, enter: AccessSet
) -> list[tuple[int, int, int, int]]:
    """Return the ways that pass no node: origin, destination, time in units, edge."""
    found: list[tuple[int, int, int, int]] = []
    column = {place: number for number, place in enumerate(enter.place_ids)}
    meeting: dict[int, list[tuple[int, int]]] = {}
    for j, feet in enumerate(enter.feet):
        for number, foot in enumerate(feet):
            meeting.setdefault(foot.edge, []).append((j, number))
    for i, place in enumerate(leave.place_ids):
        if place in column:
            found.append((i, column[place], 0, -1))
        for one in leave.feet[i] if leave.feet else ():
            for j, number in meeting.get(one.edge, []):
                two = enter.feet[j][number]
                arc = one.edge if two.share >= one.share else int(network.arcs.backward[one.edge])
                low, high = sorted((one.share, two.share))
                whole = arc_units(costs, arc, low, high)
                if whole is not None:
                    time = one.time_min + two.time_min + round((high - low) * whole[0])
                    found.append((i, j, time, one.edge))
    return found


# ------------------------------------------------------------------ measuring
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Measured:
    """People and hours by thing, arrays in the order of the tables of the network."""

    rows: dict[str, dict[str, FloatArray]]
    reaching: int
    open_edges: BoolArray


_FIGURES: Final = (
    "through", "every_way", "lost", "gained", "before", "before_still", "after", "after_still",
)  # fmt: skip


def _measure(
    case: Case, laid: Scenario, day: dt.date, groups: pd.DataFrame, ways: GroupWays | None,
    tell: Callable[[float], None],
) -> _Measured:  # fmt: skip
    """Take away everything that somebody uses, one thing after the other."""
    network = case.network
    destinations = case.destinations_on(day)
    sizes = {"edge": len(network.edges), "crossing": len(network.crossings),
             "node": len(network.nodes)}  # fmt: skip
    rows = {thing: {name: np.zeros(size) for name in _FIGURES} for thing, size in sizes.items()}
    crossing_of = pd.Index(network.crossings["crossing_id"]).get_indexer(
        pd.Index(network.edges["crossing_id"])
    )
    open_edges = np.zeros(len(network.edges), dtype=bool)
    limit = budget_units(groups, case.limits)["time_min"]
    persons = groups["persons"].to_numpy(dtype=float)
    if ways is not None:
        persons = np.where(ways.within().any(axis=1), persons, 0.0)
    travellers = travellers_of(groups)
    sets = groups["destination_set"].tolist()
    jobs = sorted(set(zip(travellers, sets, strict=True)))
    reaching = 0.0
    costs: ArcCosts | None = None
    before: TravellerClass | None = None
    for number, (traveller, name) in enumerate(jobs):
        if traveller != before or costs is None:
            costs, before = conditions(network, laid, day, traveller).dense(), traveller
            open_edges[network.arcs.edge[costs.open]] = True
        mine = np.array([i for i, job in enumerate(zip(travellers, sets, strict=True))
                         if job == (traveller, name)])  # fmt: skip
        to = sorted(set(destinations.loc[destinations["destination_set"] == name, "place_id"]))
        if to:
            from_ = sorted(set(groups["place_id"].iloc[mine]))
            graph = safety_graph(network, costs, from_, to)
            at = np.array([from_.index(place) for place in groups["place_id"].iloc[mine]])
            reaching += _remove(graph, at, persons[mine], limit[mine], crossing_of, rows)
        tell((number + 1) / len(jobs))
    return _Measured(rows=rows, reaching=round(reaching), open_edges=open_edges)


def _remove(
    graph: SafetyGraph, at: IntArray, persons: FloatArray, limit: FloatArray,
    crossing_of: IntArray, rows: dict[str, dict[str, FloatArray]],
) -> float:  # fmt: skip
    """Add what each thing does to the people of some groups; return how many reach."""
    grow, measure = removals.grow_tree, removals.measure_removals
    if graph.nodes >= COMPILE_FROM:
        grow, measure = _compiled()
    pointer, (into_pointer, into) = graph.pointer(), graph.into()
    fixed = (pointer, graph.tail, graph.head, graph.weight, into_pointer, into)
    distance, leaves_by, order = grow(graph.tail, graph.weight, into_pointer, into, graph.sink)
    node = graph.nodes + at
    by_node = np.argsort(node, kind="stable")
    group_pointer = np.searchsorted(node[by_node], np.arange(graph.size + 1)).astype(np.int64)
    most = np.minimum(limit, removals.LONGEST).astype(np.int64)[by_node]
    people = persons[by_node]
    along = np.where(graph.edge >= 0, crossing_of[graph.edge], -1).astype(np.int64)
    hour = QUANTUM["time_min"] / MIN_PER_H
    for thing, label, by in (
        ("edge", graph.edge, False), ("crossing", along, False), ("node", graph.edge, True)
    ):  # fmt: skip
        target = rows[thing]
        found = measure(*fixed, label, len(target["lost"]), by, distance, leaves_by, order,
                        group_pointer, people, most)  # fmt: skip
        for column, name, scale in (
            (0, "through", 1.0), (1, "every_way", 1.0), (2, "lost", 1.0), (3, "before", hour),
            (4, "before_still", hour), (5, "after", hour), (5, "after_still", hour),
        ):  # fmt: skip
            target[name] += found[:, column] * scale
    return float(persons[distance[node] <= np.minimum(limit, removals.LONGEST)].sum())


def _compiled() -> tuple[Callable[..., tuple[IntArray, IntArray, IntArray]],
                         Callable[..., FloatArray]]:  # fmt: skip
    from mobility_geo.routing.kernels.compiled import compiled  # noqa: PLC0415 # loads numba

    return compiled(removals.grow_tree), compiled(removals.measure_removals)


# ------------------------------------------------------------------ every budget
def _solve_again(
    case: Case, ways: GroupWays, tell: Callable[[float], None]
) -> dict[str, dict[str, FloatArray]]:
    """Close each edge and crossing that a way uses, and solve again for those who use it."""
    network = case.network
    people = ways.groups["persons"].to_numpy(dtype=float)
    uses, through = _groups_by_edge(case, ways)
    crossing = network.edges["crossing_id"]
    jobs: list[tuple[str, int, list[int], set[int]]] = [
        ("edge", edge, [edge], rows) for edge, rows in sorted(uses.items())
    ]
    size = {"edge": len(network.edges), "crossing": len(network.crossings)}
    found = {
        thing: {name: np.zeros(rows) for name in _FIGURES if name != "every_way"}
        for thing, rows in size.items()
    }
    for edge, rows in through["edge"].items():
        found["edge"]["through"][edge] = people[sorted(rows)].sum()
    for number, name in enumerate(network.crossings["crossing_id"]):
        edges = np.flatnonzero((crossing == name).to_numpy(dtype=bool)).tolist()
        users: set[int] = set().union(*(uses.get(edge, set()) for edge in edges))
        passing: set[int] = set().union(*(through["edge"].get(edge, set()) for edge in edges))
        found["crossing"]["through"][number] = people[sorted(passing)].sum()
        if users:
            jobs.append(("crossing", number, edges, users))
    dense = {who: held.dense() for who, held in ways.held.items()}
    budgets = budget_units(ways.groups, case.limits)
    hours = _hours(ways.within(), ways.time_min)
    travellers = ways.travellers
    along = network.access_arrays.edge
    reached_along = {
        who: {*along[one.origins.row].tolist(), *along[one.destinations.row].tolist()}
        for who, one in ways.ways.items()
    }
    for number, (thing, row, edges, users) in enumerate(jobs):
        target = found[thing]
        for traveller in sorted({travellers[one] for one in users}):
            mine = np.array(sorted(one for one in users if travellers[one] == traveller))
            same = reached_along[traveller].isdisjoint(edges)
            after = _hours_without(
                case, ways, dense[traveller], edges, mine, budgets, same_accesses=same
            )
            was, still = np.isfinite(hours[mine]), np.isfinite(after)
            both, persons = was & still, people[mine]
            target["lost"][row] += persons[was & ~still].sum()
            target["gained"][row] += persons[still & ~was].sum()
            target["before"][row] += (persons[was] * hours[mine][was]).sum()
            target["before_still"][row] += (persons[both] * hours[mine][both]).sum()
            target["after"][row] += (persons[still] * after[still]).sum()
            target["after_still"][row] += (persons[both] * after[both]).sum()
        tell((number + 1) / len(jobs))
    nodes = np.zeros(len(network.nodes))
    for node, rows in through["node"].items():
        nodes[node] = people[sorted(rows)].sum()
    return {**found, "node": {"through": nodes}}


def _groups_by_edge(
    case: Case, ways: GroupWays
) -> tuple[dict[int, set[int]], dict[str, dict[int, set[int]]]]:
    """Return the groups that have each edge on any of their ways, and on the one that they take.

    On any: a way to another destination may come inside a budget when an edge closes.
    """
    network = case.network
    along = network.access_arrays.edge
    path = ways.path()
    taken = ways.nearest(ways.within())
    uses: dict[int, set[int]] = {}
    through: dict[str, dict[int, set[int]]] = {"edge": {}, "node": {}}
    memory: dict[tuple[TravellerClass, int, int], tuple[list[int], list[int]]] = {}
    for row in range(len(ways.groups)):
        traveller = ways.travellers[row]
        found = ways.ways[traveller]
        origin = found.origins.place_ids.index(str(ways.groups["place_id"].iloc[row]))
        for column in np.flatnonzero(path[row]).tolist():
            key = (traveller, origin, column)
            if key not in memory:
                arcs = found.arcs(origin, column)
                edges = network.arcs.edge[arcs].tolist()
                nodes = [*network.arcs.tail[arcs].tolist(), *network.arcs.head[arcs].tolist()]
                start, stop = found.access_from[origin, column], found.access_to[origin, column]
                if start >= 0:
                    edges += [int(along[found.origins.row[start]]),
                              int(along[found.destinations.row[stop]])]  # fmt: skip
                    nodes.append(int(found.origins.node[start]))
                else:
                    feet = {foot.edge for foot in found.origins.feet[origin]}
                    edges += [f.edge for f in found.destinations.feet[column] if f.edge in feet]
                memory[key] = [edge for edge in set(edges) if edge >= 0], list(set(nodes))
            for edge in memory[key][0]:
                uses.setdefault(edge, set()).add(row)
            if column == taken[row]:
                for thing, rows in zip(("edge", "node"), memory[key], strict=True):
                    for one in rows:
                        through[thing].setdefault(one, set()).add(row)
    return uses, through


def _hours(within: BoolArray, time_min: FloatArray) -> FloatArray:
    """Return the time to the nearest destination inside every budget, in hours; inf: none."""
    if not within.shape[1]:
        return np.full(len(within), np.inf)
    return np.asarray(np.where(within, time_min, np.inf).min(axis=1) / MIN_PER_H)


def _hours_without(
    case: Case, ways: GroupWays, costs: ArcCosts, edges: list[int], rows: IntArray,
    budgets: dict[Metric, FloatArray], *, same_accesses: bool,
) -> FloatArray:  # fmt: skip
    """Return what `_hours` would be for some groups, who travel alike, without some edges.

    With `same_accesses` no place is reached along one of them.
    """
    shut = np.isin(case.network.arcs.edge, edges)
    closed = {arc: one for arc, one in costs.closed_arcs.items() if not shut[arc]}
    left = replace(costs, open=costs.open & ~shut, closed_arcs=closed)
    homes = ways.groups["place_id"].iloc[rows]
    places = sorted(set(homes))
    if same_accesses:
        before = ways.ways[ways.travellers[rows[0]]]
        start = before.origins.some([before.origins.place_ids.index(one) for one in places])
        found = solve_ways(case.network, left, start, before.destinations)
    else:
        found = find_ways_by_costs(case.network, left, places, ways.destination_ids)
    at = np.array([places.index(place) for place in homes])
    metrics: tuple[Metric, ...] = ("time_min", "cost_xof", "risk")
    totals = found.totals(metrics)
    within = ways.allowed[rows] & np.isfinite(totals["time_min"][at])
    for metric in metrics:
        units = np.rint(totals[metric][at] / QUANTUM[metric])
        within &= units <= budgets[metric][rows][:, None]
    return _hours(within, totals["time_min"][at])


# ------------------------------------------------------------------ the table
def _table(network: Network, measured: _Measured) -> pd.DataFrame:
    bridges, cut_nodes = cut_elements(network, measured.open_edges)
    used_posts = _used(measured.rows["crossing"])
    splits = {
        "edge": bridges, "node": cut_nodes,
        "crossing": _splitting_crossings(network, measured.open_edges, bridges, used_posts),
    }  # fmt: skip
    frames = []
    for thing, ids, names in (
        ("edge", network.edges["edge_id"], edge_labels(network)),
        ("crossing", network.crossings["crossing_id"], network.crossings["name"]),
        ("node", network.nodes["node_id"], network.nodes["name"].fillna(network.nodes["node_id"])),
    ):
        rows = measured.rows[thing]
        used = _used(rows)
        frame = pd.DataFrame(
            {
                "thing": thing, "id": ids.to_numpy()[used], "label": names.to_numpy()[used],
                "through_persons": np.rint(rows["through"][used]).astype(np.int64),
                "every_way_persons": np.rint(rows["every_way"][used]).astype(np.int64),
                "splits": splits[thing][used],
            }
        )  # fmt: skip
        if thing != "node":
            lost = np.rint(rows["lost"][used])
            frame["lost_persons"] = lost
            frame["reach_change_persons"] = np.rint(rows["gained"][used]) - lost
            frame["change_person_h"] = rows["after"][used] - rows["before"][used]
            frame["delay_person_h"] = rows["after_still"][used] - rows["before_still"][used]
        frames.append(frame)
    columns = list(CHOKEPOINTS.names)
    table = pd.concat([frame.reindex(columns=columns) for frame in frames], ignore_index=True)
    table = table.astype({"splits": "bool"})
    table = table.sort_values(
        ["thing", "lost_persons", "every_way_persons", "through_persons", "id"],
        ascending=[True, False, False, False, True], kind="stable", ignore_index=True,
    )  # fmt: skip
    return check_table(table, CHOKEPOINTS)


def _used(rows: dict[str, FloatArray]) -> IntArray:
    return np.flatnonzero((rows["through"] > 0) | (rows["gained"] > 0) | (rows["lost"] > 0))


def _splitting_crossings(
    network: Network, open_edges: BoolArray, bridges: BoolArray, asked: IntArray
) -> BoolArray:
    """Say which of some crossings hold the open network together, all edges of each taken away."""
    size = len(network.edges)
    tail, head = network.arcs.tail[:size], network.arcs.head[:size]
    post = pd.Index(network.crossings["crossing_id"]).get_indexer(
        pd.Index(network.edges["crossing_id"])
    )

    def parts(kept: BoolArray) -> int:
        nodes = len(network.nodes)
        joined = coo_array((np.ones(kept.sum(), dtype=bool), (tail[kept], head[kept])),
                           shape=(nodes, nodes))  # fmt: skip
        return int(connected_components(joined, directed=False)[0])

    found = np.zeros(len(network.crossings), dtype=bool)
    whole = None
    for number in asked.tolist():
        mine = open_edges & (post == number)
        if mine.sum() == 1:
            found[number] = bridges[mine].any()
        elif mine.any():
            whole = parts(open_edges) if whole is None else whole
            found[number] = parts(open_edges & ~mine) > whole
    return found


def edge_labels(network: Network) -> "pd.Series[str]":
    """Return what to call each edge: its name or number, and the named nodes that it joins.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    pandas.Series
        Text, one per edge; the id where nothing has a name.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> edge_labels(load_toy().network).iloc[5]
    'Gate - Farpost'
    """
    edges = network.edges
    names = network.nodes["name"].to_numpy(dtype=object)
    size = len(edges)
    tail, head = names[network.arcs.tail[:size]], names[network.arcs.head[:size]]
    words = []
    for name, ref, one, two, ident in zip(
        edges["name"], edges["ref"], tail, head, edges["edge_id"], strict=True
    ):
        road = next((str(text) for text in (name, ref) if isinstance(text, str)), "")
        ends = " - ".join(dict.fromkeys(str(text) for text in (one, two) if isinstance(text, str)))
        words.append(", ".join(dict.fromkeys(t for t in (road, ends) if t)) or str(ident))
    return pd.Series(words, index=edges.index, dtype="str")


def cut_elements(network: Network, open_edges: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Say which edges and nodes hold the open network together, whoever uses them.

    Parameters
    ----------
    network
        The network.
    open_edges
        Which edges count, bool, one per edge.

    Returns
    -------
    bridges
        Bool, one per edge: without it a part of the network falls off.
    cut_nodes
        Bool, one per node: an articulation point.

    Notes
    -----
    Directions do not count here. Parallel edges are no bridges.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> bridges, _ = cut_elements(network, np.ones(len(network.edges), bool))
    >>> network.edges.loc[bridges, "edge_id"].tolist()
    ['gate', 'gate-far', 'north-gate']
    """
    size = len(network.edges)
    used = np.flatnonzero(open_edges & (network.arcs.tail[:size] != network.arcs.head[:size]))
    pairs = np.sort(
        np.stack([network.arcs.tail[used], network.arcs.head[used]], axis=1).astype(np.int64)
    )
    graph: Any = nx.Graph()
    graph.add_edges_from(pairs.tolist())
    found = {(min(one, two), max(one, two)) for one, two in nx.bridges(graph)}
    _, back, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    alone = count[back.ravel()] == 1
    bridges = np.zeros(size, dtype=bool)
    bridges[used] = [
        (one, two) in found and lone
        for (one, two), lone in zip(pairs.tolist(), alone.tolist(), strict=True)
    ]
    cut_nodes = np.zeros(len(network.nodes), dtype=bool)
    cut_nodes[list(nx.articulation_points(graph))] = True
    return bridges, cut_nodes
