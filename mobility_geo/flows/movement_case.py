"""A case of a network as a crisis to simulate: movers, their places, what holds on each day."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import permutations
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.journeys import MovementNetwork
from mobility_geo.flows.movers import MovementCase, Movers
from mobility_geo.network import Network
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import ArcCosts, Case, Conditions, TravellerClass, condition_series
from mobility_geo.schema import records, split_list, suggest
from mobility_geo.sources.displacement_case import DisplacementCase
from mobility_geo.sources.reading import findings_table
from mobility_geo.units import MIN_PER_H, QUANTUM

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

KM_PER_H: Final = 20.0
"""An hour on the way counts as so many kilometres: 200 km a day are ten hours of travel."""
LEAVE_DAYS: Final = 30
TRANSIT_DAYS: Final = 7.0
DAY: Final = dt.timedelta(days=1)


def movement_case(
    case: Case,
    *,
    start: dt.date | str | None = None,
    days: int | None = None,
    leave_days: int = LEAVE_DAYS,
    transit_days: float = TRANSIT_DAYS,
    conflict: pd.DataFrame | None = None,
    counts: pd.DataFrame | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> MovementCase:
    """Make a crisis to simulate of a case: its network, scenario, people and destinations.

    Each class of people (way of travelling, kind, nationality, set of destinations) has ways of
    its own. Closures, seasons, speeds, border regimes, opening hours and throughputs are those of
    the scenario on each day; time decides, an hour counting as 20 km.

    Parameters
    ----------
    case
        The case. Groups of movers leave; residents only with `conflict`.
    start, days
        First day and number of days, inside the scenario's calendar; all of it if left out.
    leave_days
        Movers leave in equal parts on so many days after the first.
    transit_days
        Mean stay in a transit centre whose station has `forwards_to`, until people are brought
        on.
    conflict
        Columns ``place_id``, ``start``, ``end`` (dates, both included) and, if you like,
        ``intensity`` (0 to 1). Residents of these places leave by
        `MovementParameters.leave_share_per_day`, and go to all destinations of the movers.
    counts
        People counted: columns ``place_id``, ``date``, ``persons``. With them `simulate` can split
        told totals and take in reports.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    MovementCase
        Its camps are the destinations and the transit centres that forward, in the order of the
        tables.

    Raises
    ------
    InputError
        If nobody moves, a table names an unknown place, or an argument is out of range; lists
        every problem.
    CalendarError
        If the days leave the calendar of the scenario.

    Notes
    -----
    Budgets of time, money and risk, and capacities of destinations, are not looked at: who cannot
    afford a way is not told apart here, see `mobility_geo.outcomes` for those.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import simulate
    >>> run = simulate(movement_case(load_toy(), days=10, leave_days=5))
    >>> run.regime, len(run.days)
    ('forecast', 10)
    """
    scenario = case.scenario
    first = scenario.day(start) if start is not None else scenario.start
    last = first + (days - 1) * DAY if days is not None and days > 0 else scenario.end
    problems = []
    if days is not None and days < 1:
        problems.append(f"days must be 1 or more, not {days!r}")
    if leave_days < 1:
        problems.append(f"leave_days must be 1 or more, not {leave_days!r}")
    if not transit_days > 0:
        problems.append(f"transit_days must be above 0, not {transit_days!r}")
    span = max((last - first).days + 1, 1)
    told = _conflict_days(case, conflict, first, span, problems)
    counted = _counts_of(case, counts, first, problems)
    groups = case.groups[case.groups["base"] == "movers"]
    if told:
        homes = case.groups["place_id"].isin(list(told)) & (case.groups["base"] == "residents")
        groups = pd.concat([groups, case.groups[homes]])
    if not len(groups):
        problems.append(
            "the case has no group of movers: nobody leaves; add groups with base 'movers', or"
            " give `conflict` for residents"
        )
    if problems:
        raise InputError(problems)
    sets = list(dict.fromkeys(groups.loc[groups["base"] == "movers", "destination_set"])) or list(
        dict.fromkeys(groups["destination_set"])
    )
    world = _World(case, groups, sets)
    movers = world.movers(first, last, told, leave_days, progress)
    crisis = DisplacementCase(
        name=case.name,
        start=first,
        days=span,
        places=world.places_table(),
        routes=pd.DataFrame(columns=["from_name", "to_name", "length_km", "one_way"]),
        closures=pd.DataFrame(columns=["kind", "name1", "name2", "start_day", "end_day"]),
        conflict=world.conflict(movers, span),
        counts=counted,
        findings=findings_table([]),
    )
    return MovementCase(
        crisis=crisis,
        movers=movers,
        forwarding_per_day=world.forwarding(1 - np.exp(-1 / transit_days)),
        findings=tuple(world.findings),
    )


def _conflict_days(
    case: Case, conflict: pd.DataFrame | None, first: dt.date, days: int, problems: list[str]
) -> dict[str, FloatArray]:
    """Return the intensity of conflict of each day by place, and note what is wrong."""
    found: dict[str, FloatArray] = {}
    if conflict is None:
        return found
    missing = [name for name in ("place_id", "start", "end") if name not in conflict.columns]
    if missing:
        problems.append(f"conflict: no column {labels(missing)}; columns: place_id, start, end")
        return found
    known = set(case.network.places["place_id"])
    lived = set(case.groups.loc[case.groups["base"] == "residents", "place_id"])
    for row in records(conflict):
        place, intensity = str(row["place_id"]), float(row.get("intensity", 1.0))
        dates = pd.to_datetime(
            pd.Series([str(row["start"])[:10], str(row["end"])[:10]]), format="%Y-%m-%d",
            errors="coerce",
        )  # fmt: skip
        if place not in known:
            problems.append(f"conflict: no place {place!r}{suggest(place, known)}")
        elif place not in lived:
            problems.append(f"conflict: {place}: the case has no group of residents there")
        elif bool(dates.isna().any()) or dates[1] < dates[0]:
            problems.append(f"conflict: {place}: {row['start']!r} to {row['end']!r} is no span")
        elif not 0 <= intensity <= 1:
            problems.append(f"conflict: {place}: intensity must be 0 to 1, not {intensity!r}")
        else:
            begin, end = ((date.date() - first).days for date in dates)
            values = found.setdefault(place, np.zeros(days))
            span = slice(max(begin, 0), max(end + 1, 0))
            values[span] = np.maximum(values[span], intensity)
    return found


def _counts_of(
    case: Case, counts: pd.DataFrame | None, first: dt.date, problems: list[str]
) -> pd.DataFrame:
    """Return counts as a crisis has them, and note what is wrong."""
    columns = ["camp", "date", "day", "people_reported", "people", "break"]
    if counts is None:
        return pd.DataFrame(columns=columns)
    missing = [name for name in ("place_id", "date", "persons") if name not in counts.columns]
    if missing:
        problems.append(f"counts: no column {labels(missing)}; columns: place_id, date, persons")
        return pd.DataFrame(columns=columns)
    known = set(case.destinations["place_id"])
    strange = sorted(set(counts["place_id"].astype(str)) - known)
    if strange:
        problems.append(
            f"counts: {labels(strange)} are no destinations{suggest(strange[0], known)}"
        )
    dates = pd.to_datetime(counts["date"].astype(str).str[:10], format="%Y-%m-%d", errors="coerce")
    persons = pd.to_numeric(counts["persons"], errors="coerce")
    if bool((dates.isna() | ~(persons >= 0)).any()):
        bad = np.flatnonzero((dates.isna() | ~(persons >= 0)).to_numpy())
        problems.append(
            f"counts: rows {labels(map(str, bad))} have no date or no number of persons >= 0"
        )
        return pd.DataFrame(columns=columns)
    table = pd.DataFrame({
        "camp": counts["place_id"].astype(str).to_numpy(dtype=object),
        "date": dates.dt.date.to_numpy(dtype=object),
        "day": [(date.date() - first).days for date in dates],
        "people_reported": persons.to_numpy(dtype=float),
        "people": persons.to_numpy(dtype=float),
        "break": False,
    })  # fmt: skip
    twice = table.duplicated(["camp", "day"])
    if bool(twice.any()):
        problems.append(f"counts: several rows for {labels(sorted(set(table['camp'][twice])))}"
                        " on one date")  # fmt: skip
    return table.sort_values(["camp", "day"], kind="stable", ignore_index=True)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Layout:
    """Places and arcs that all classes share.

    Vertices are the nodes of the network, then places that are not at a node themselves; arcs are
    those of the network, then ways between places and nodes, then those along one edge.
    """

    names: tuple[str, ...]
    vertex: dict[str, int]
    off: tuple[str, ...]
    tail: IntArray
    head: IntArray
    access: dict[tuple[int, int], int]
    direct: dict[tuple[int, int], int]


class _World:
    """The network of a case, its destinations and transit centres, as vertices and arcs."""

    def __init__(self, case: Case, groups: pd.DataFrame, sets: list[str]) -> None:
        self.case, self.sets = case, sets
        self.groups = groups.reset_index(drop=True)
        self.findings: list[str] = []
        chosen = case.destinations[case.destinations["destination_set"].isin(sets)]
        stations = case.waystations[case.waystations["forwards_to"].notna()]
        ends = set(chosen["place_id"])
        self.forwards = {
            str(row["place_id"]): targets
            for row in records(stations)
            if ends.intersection(targets := split_list(row["forwards_to"]))
        }
        self.stations = stations
        self.camps = tuple(dict.fromkeys([
            *chosen["place_id"], *self.forwards,
            *(place for places in self.forwards.values() for place in places),
        ]))  # fmt: skip
        if not self.camps:
            msg = f"the case has no destinations in the sets {labels(sets)}: nobody can go anywhere"
            raise InputError(msg)
        self.layout = self._lay()
        self.camps = tuple(sorted(self.camps, key=self.layout.vertex.__getitem__))
        ids = case.network.edges["edge_id"].astype(str).to_numpy(dtype=object)
        on_road = ids[case.network.arcs.edge].tolist()
        self.edge_ids = (*on_road, *[""] * (len(self.layout.tail) - len(on_road)))

    def _lay(self) -> _Layout:
        network = self.case.network
        names, vertex, off = self._vertices()
        arrays, count = network.access_arrays, len(network.arcs)
        access: dict[tuple[int, int], int] = {}
        direct: dict[tuple[int, int], int] = {}
        edges: dict[int, list[int]] = {}
        for place, row in zip(off, network.place_positions(off).tolist(), strict=True):
            for entry in arrays.by_place[arrays.pointer[row] : arrays.pointer[row + 1]].tolist():
                node = int(arrays.node[entry])
                edges.setdefault(int(arrays.edge[entry]), []).append(vertex[place])
                for pair in ((vertex[place], node), (node, vertex[place])):
                    access.setdefault(pair, count + len(access))
        beside = [pair for edge, ends in edges.items() if edge >= 0
                  for pair in permutations(dict.fromkeys(ends), 2)]  # fmt: skip
        for pair in beside:
            direct.setdefault(pair, count + len(access) + len(direct))
        pairs = np.array([*access, *direct], dtype=np.int64).reshape(-1, 2)
        return _Layout(
            names=tuple(names), vertex=vertex, off=tuple(off),
            tail=np.concatenate([network.arcs.tail.astype(np.int64), pairs[:, 0]]),
            head=np.concatenate([network.arcs.head.astype(np.int64), pairs[:, 1]]),
            access=access, direct=direct,
        )  # fmt: skip

    def _vertices(self) -> tuple[list[str], dict[str, int], list[str]]:
        """Return names of all vertices, the vertex of each place, and places beside the nodes."""
        network = self.case.network
        arrays = network.access_arrays
        names = list(network.nodes["node_id"].astype(str))
        nodes = len(names)
        vertex: dict[str, int] = {}
        off: list[str] = []
        wanted = list(dict.fromkeys([*self.camps, *self.groups["place_id"].astype(str)]))
        taken: set[int] = set()
        for place, row in zip(wanted, network.place_positions(wanted).tolist(), strict=True):
            entries = arrays.by_place[arrays.pointer[row] : arrays.pointer[row + 1]]
            at = int(arrays.node[entries[0]]) if len(entries) == 1 else -1
            beside = at < 0 or arrays.edge[entries[0]] >= 0 or arrays.off_road_m[entries[0]] > 0
            if beside or at in taken:
                vertex[place] = len(names)
                names.append(place)
                off.append(place)
            else:
                taken.add(at)
                vertex[place] = at
                names[at] = place
        for number in range(nodes):
            if number not in taken and names[number] in vertex:
                names[number] = f"{names[number]} (node)"
        return names, vertex, off

    # ------------------------------------------------------------ tables
    def places_table(self) -> pd.DataFrame:
        """Return all vertices as places of a crisis."""
        network, layout = self.case.network, self.layout
        points = [*network.nodes.to_crs(4326).geometry]
        country = list(network.nodes["country"].astype(object))
        rows = network.place_positions(layout.off)
        points += [*network.places.to_crs(4326).geometry.iloc[rows]]
        country += list(network.places["country"].astype(object).iloc[rows])
        kinds = np.array(["town"] * len(layout.names), dtype=object)
        people = np.full(len(layout.names), np.nan)
        for place, persons in self.groups.groupby("place_id")["persons"].sum().items():
            kinds[layout.vertex[str(place)]] = "conflict_zone"
            people[layout.vertex[str(place)]] = float(persons)
        for camp in self.camps:
            kinds[layout.vertex[camp]] = "camp"
        titles = dict(zip(network.places["place_id"], network.places["name"], strict=True))
        return pd.DataFrame({
            "name": list(layout.names),
            "title": [titles.get(name, name) for name in layout.names],
            "country": [one if isinstance(one, str) else "unknown" for one in country],
            "kind": kinds,
            "latitude": shapely.get_y(points), "longitude": shapely.get_x(points),
            "population_persons": people,
        })  # fmt: skip

    def conflict(self, movers: tuple[Movers, ...], days: int) -> FloatArray:
        """Return the intensity of conflict by day and vertex."""
        table = np.zeros((days, len(self.layout.names)))
        for one in movers:
            np.maximum.at(table.T, one.homes, one.conflict.T)
        return table

    def forwarding(self, share: float) -> dict[tuple[str, str], float]:
        """Return the share per day that transit centres bring on, by pair of camps."""
        return {
            (place, target): share / len(targets)
            for place, targets in self.forwards.items() for target in targets if target != place
        }  # fmt: skip

    # ------------------------------------------------------------ classes
    def movers(
        self,
        first: dt.date,
        last: dt.date,
        told: dict[str, FloatArray],
        leave_days: int,
        progress: Callable[[str, float], None] | None,
    ) -> tuple[Movers, ...]:
        """Return a class of people for each way of travelling, passport and set of destinations."""
        days = (last - first).days + 1
        classes: dict[tuple[TravellerClass, tuple[str, ...]], list[int]] = {}
        told_sets = zip(self.groups["base"], self.groups["destination_set"], strict=True)
        for row, (traveller, (base, one)) in enumerate(
            zip(travellers_of(self.groups), told_sets, strict=True)
        ):
            sets = tuple(self.sets) if base == "residents" else (str(one),)
            classes.setdefault((traveller, sets), []).append(row)
        found = []
        for number, ((traveller, sets), taken) in enumerate(classes.items()):
            if progress is not None:
                words = f"Ways of {traveller.profile}, {traveller.nationality}"
                progress(words, number / len(classes))
            part = self.groups.iloc[taken]
            network = self._network(traveller, sets, first, last)
            part_homes = part.groupby("place_id", sort=False)
            homes = np.array([self.layout.vertex[str(place)] for place in part_homes.groups])
            people, intensity, leaving = [], [], []
            for place, rows in part_homes:
                moving = float(rows.loc[rows["base"] == "movers", "persons"].sum())
                living = float(rows.loc[rows["base"] == "residents", "persons"].sum())
                people.append(moving + living)
                plan = np.zeros(days)
                plan[1 : 1 + leave_days] = moving / leave_days
                leaving.append(plan)
                # people who want to go are drawn wherever the total of arrivals is told
                calm = np.ones(days) if moving else np.zeros(days)
                intensity.append(told.get(str(place), calm) if living else calm)
            found.append(
                Movers(
                    network=network, homes=homes, persons=np.array(people),
                    weight=np.array(people), conflict=np.array(intensity).T,
                    leaving=np.array(leaving).T,
                )
            )  # fmt: skip
        if progress is not None:
            progress("Ways", 1.0)
        return tuple(found)

    def _network(
        self, traveller: TravellerClass, sets: Iterable[str], first: dt.date, last: dt.date
    ) -> MovementNetwork:
        layout, days = self.layout, (last - first).days + 1
        network = self.case.network
        open_days = self._open_days(set(sets), first, days)
        period = np.zeros(days, dtype=np.int64)
        held: list[tuple[FloatArray, FloatArray]] = []
        for one in condition_series(network, self.case.scenario, traveller, start=first, end=last):
            period[(one.start - first).days : (one.end - first).days + 1] = len(held)
            held.append(self._arcs(one.conditions))
        both, state = np.unique(np.column_stack([period, open_days]), axis=0, return_inverse=True)
        minutes = np.array([held[row[0]][0] for row in both.tolist()])
        passing = np.isfinite(minutes)
        country = np.array(
            [one if isinstance(one, str) else "unknown" for one in network.nodes["country"]]
            + list(network.places["country"].astype(str).iloc[network.place_positions(layout.off)]),
            dtype=object,
        )
        return MovementNetwork(
            names=layout.names,
            countries=tuple(country),
            tail=layout.tail,
            head=layout.head,
            camps=np.array([layout.vertex[camp] for camp in self.camps], dtype=np.int64),
            state=state.reshape(-1).astype(np.int64),
            length_km=np.where(passing, minutes, 0.0) / MIN_PER_H * KM_PER_H,
            closed=~passing,
            shut=both[:, 1:] == 0,
            throughput=np.array([held[row[0]][1] for row in both.tolist()]),
            edge_ids=self.edge_ids,
        )

    def _open_days(self, sets: set[str], first: dt.date, days: int) -> IntArray:
        """Return 1 for each day and camp where the camp takes people of these sets in."""
        column = {camp: number for number, camp in enumerate(self.camps)}
        table = np.zeros((days, len(self.camps)), dtype=np.int64)
        chosen = self.case.destinations[self.case.destinations["destination_set"].isin(sets)]
        rows = [*records(chosen)]
        if sets & {str(one) for one in self._going_to(self.forwards)}:
            rows += records(pd.DataFrame(self.stations.drop(columns="geometry")))
        for row in rows:
            begin, end = (
                None if pd.isna(row[name]) else (pd.Timestamp(row[name]).date() - first).days
                for name in ("open_from", "open_until")
            )
            span = slice(max(begin or 0, 0), days if end is None else max(end + 1, 0))
            table[span, column[str(row["place_id"])]] = 1
        return table

    def _going_to(self, forwards: dict[str, tuple[str, ...]]) -> set[str]:
        """Return the sets with a camp that a transit centre forwards to: theirs pass through it."""
        targets = {target for some in forwards.values() for target in some}
        rows = self.case.destinations[self.case.destinations["place_id"].isin(targets)]
        return set(rows["destination_set"])

    def _arcs(self, held: Conditions) -> tuple[FloatArray, FloatArray]:
        """Return minutes (inf: closed) and throughput of every arc."""
        network, layout = self.case.network, self.layout
        costs = held.dense()
        size, count = len(network.arcs), len(layout.tail)
        minutes, limits = np.full(count, np.inf), np.full(count, np.inf)
        minutes[:size] = np.where(costs.open, costs.time_min * QUANTUM["time_min"], np.inf)
        limits[:size] = held.base.capacity[:size]
        kept = held.limited_arc < size
        limits[held.limited_arc[kept]] = held.capacity[kept]
        self._off_the_road(network, costs, minutes)
        return minutes, limits

    def _off_the_road(self, network: Network, costs: ArcCosts, minutes: FloatArray) -> None:
        """Add the ways between places and the network, and those along one edge."""
        layout = self.layout
        if not layout.off:
            return
        sides = [access_set(network, costs, layout.off, leaving=one) for one in (True, False)]
        for side, leaving in zip(sides, (True, False), strict=True):
            at = np.repeat(np.arange(len(layout.off)), np.diff(side.pointer))
            for place, node, spent in zip(
                at.tolist(), side.node.tolist(), side.time_min.tolist(), strict=True
            ):
                here = layout.vertex[layout.off[place]]
                arc = layout.access[(here, node) if leaving else (node, here)]
                minutes[arc] = min(minutes[arc], spent * QUANTUM["time_min"])
        if layout.direct:
            ways = solve_ways(network, costs, *sides)
            for (one, two), spent in ways.direct.items():
                pair = layout.vertex[layout.off[one]], layout.vertex[layout.off[two]]
                if pair in layout.direct:
                    minutes[layout.direct[pair]] = spent["time_min"] * QUANTUM["time_min"]
