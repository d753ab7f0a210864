"""A case of a network as a crisis to simulate: movers, their places, what holds on each day."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

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
        Movers want to leave in equal parts on so many days after the first; who knows of no way
        waits for one.
    transit_days
        Mean stay in a transit centre whose station has `forwards_to`, until people are brought
        on to those of its places that take people in.
    conflict
        Columns ``place_id``, ``start``, ``end`` (dates, both included) and, if you like,
        ``intensity`` (0 to 1). Residents of these places leave by
        `MovementParameters.leave_share_per_day`, and go to all destinations of the movers.
    counts
        People counted: columns ``place_id``, ``date``, ``persons``. With them `simulate` can split
        told totals and take in reports. The count of the first day is the last one up to it; a
        place that was not counted until then has 0, which is said in the findings.
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
    problems = []
    for name, value in (("days", days), ("leave_days", leave_days)):
        if value is not None and type(value) is not int:
            problems.append(f"{name} must be a whole number, not {value!r}")
        elif value is not None and value < 1:
            problems.append(f"{name} must be 1 or more, not {value!r}")
    if not transit_days > 0:
        problems.append(f"transit_days must be above 0, not {transit_days!r}")
    if problems:
        raise InputError(problems)
    first = scenario.day(start) if start is not None else scenario.start
    last = scenario.end if days is None else first + (days - 1) * DAY
    scenario.day(last)
    span = (last - first).days + 1
    told = _conflict_days(case, conflict, first, span, problems)
    movers_only = case.groups[case.groups["base"] == "movers"]
    residents = case.groups[(case.groups["base"] == "residents")
                            & case.groups["place_id"].isin(list(told))]  # fmt: skip
    groups = pd.concat([movers_only, residents])
    sets = list(dict.fromkeys((movers_only if len(movers_only) else residents)["destination_set"]))
    findings: list[str] = []
    counted = _counts_of(case, counts, sets, first, span, problems, findings)
    if not len(groups) and not problems:
        problems.append(
            "the case has no group of movers: nobody leaves; add groups with base 'movers', or"
            " give `conflict` for residents"
        )
    if problems:
        raise InputError(problems)
    world = _World(case, groups, sets)
    movers = world.movers(first, last, told, leave_days, progress)
    if span <= leave_days and len(movers_only):
        findings.append(
            f"movers want to leave over {leave_days} days, and {span} are simulated: some are"
            " still at home because their day has not come"
        )
    crisis = DisplacementCase(
        name=case.name,
        start=first,
        days=span,
        places=world.places_table(),
        routes=pd.DataFrame(columns=["from_name", "to_name", "length_km", "one_way"]),
        closures=pd.DataFrame(columns=["kind", "name1", "name2", "start_day", "end_day"]),
        conflict=np.zeros((span, len(world.layout.names))),
        counts=counted,
        findings=findings_table([]),
    )
    return MovementCase(
        crisis=crisis,
        movers=movers,
        forwarding_per_day=world.forwarding(float(1 - np.exp(-1 / transit_days))),
        audience=case.audience,
        findings=tuple(findings),
    )


def _strange_columns(table: pd.DataFrame, name: str, known: tuple[str, ...]) -> list[str]:
    """Say which columns of a table of the user are missing or unknown."""
    needed = [one for one in known if one != "intensity"]
    missing = [one for one in needed if one not in table.columns]
    problems = [f"{name}: no column {labels(missing)}; columns: {', '.join(needed)}"] * bool(
        missing
    )
    unknown = [str(one) for one in table.columns if one not in {*known, "geometry", "source"}]
    if unknown:
        problems.append(f"{name}: unknown column {labels(unknown)}{suggest(unknown[0], known)};"
                        f" known: {', '.join(known)}")  # fmt: skip
    return problems


def _dates(values: "pd.Series[Any]") -> pd.Series:
    """Return days, NaT where a value is none."""
    return pd.to_datetime(values.astype(str).str[:10], format="%Y-%m-%d", errors="coerce")


def _conflict_days(
    case: Case, conflict: pd.DataFrame | None, first: dt.date, days: int, problems: list[str]
) -> dict[str, FloatArray]:
    """Return the intensity of conflict of each day by place, and note what is wrong."""
    found: dict[str, FloatArray] = {}
    if conflict is None:
        return found
    strange = _strange_columns(conflict, "conflict", ("place_id", "start", "end", "intensity"))
    problems += strange
    if strange:
        return found
    known = set(case.network.places["place_id"])
    lived = set(case.groups.loc[case.groups["base"] == "residents", "place_id"])
    begins, ends = _dates(conflict["start"]), _dates(conflict["end"])
    given = conflict.get("intensity", pd.Series(1.0, index=conflict.index))
    blank = given.isna() | (given.astype(str).str.strip() == "")
    intensities = pd.to_numeric(given.mask(blank, 1.0), errors="coerce")
    for place, begin, end, intensity, said in zip(
        conflict["place_id"].astype(str), begins, ends, intensities, given, strict=True
    ):
        if place not in known:
            problems.append(f"conflict: no place {place!r}{suggest(place, known)}")
        elif place not in lived:
            problems.append(f"conflict: {place}: the case has no group of residents there")
        elif pd.isna(begin) or pd.isna(end) or end < begin:
            problems.append(
                f"conflict: {place}: start and end must be days like 2012-04-05, the end not before"
                " the start"
            )
        elif not 0 <= intensity <= 1:
            problems.append(f"conflict: {place}: intensity must be 0 to 1, not {said!r}")
        else:
            one, two = ((day.date() - first).days for day in (begin, end))
            if two < 0 or one >= days:
                problems.append(
                    f"conflict: {place}: {begin.date()} to {end.date()} is outside of the"
                    f" {days} days from {first}"
                )
            values = found.setdefault(place, np.zeros(days))
            span = slice(max(one, 0), max(two + 1, 0))
            values[span] = np.maximum(values[span], intensity)
    return found


def _counts_of(
    case: Case,
    counts: pd.DataFrame | None,
    sets: list[str],
    first: dt.date,
    days: int,
    problems: list[str],
    findings: list[str],
) -> pd.DataFrame:
    """Return counts as a crisis has them, and note what is wrong and what was decided."""
    columns = ["camp", "date", "day", "people_reported", "people", "break"]
    none = pd.DataFrame(columns=columns)
    if counts is None:
        return none
    strange = _strange_columns(counts, "counts", ("place_id", "date", "persons"))
    problems += strange
    if strange:
        return none
    ends = case.destinations[case.destinations["destination_set"].isin(sets)]
    known = {*ends["place_id"], *_forwarders(case, set(ends["place_id"]))}
    places = counts["place_id"].astype(str)
    elsewhere = sorted(set(places) - known)
    if elsewhere:
        problems.append(f"counts: {labels(elsewhere)} are no destinations of those who move"
                        f"{suggest(elsewhere[0], known)}")  # fmt: skip
    dates, persons = _dates(counts["date"]), pd.to_numeric(counts["persons"], errors="coerce")
    bad = np.flatnonzero((dates.isna() | ~(persons >= 0)).to_numpy())
    if len(bad):
        problems.append(f"counts: rows {labels([str(row + 1) for row in bad])} have no day like"
                        " 2012-04-05 or no number of persons >= 0")  # fmt: skip
        return none
    day = np.array([(date.date() - first).days for date in dates], dtype=np.int64)
    table = pd.DataFrame({"camp": places.to_numpy(dtype=object), "day": day,
                          "people": persons.to_numpy(dtype=float)})  # fmt: skip
    twice = table.duplicated(["camp", "day"])
    if bool(twice.any()):
        problems.append(f"counts: several rows for {labels(sorted(set(table['camp'][twice])))}"
                        " on one date")  # fmt: skip
    late = table["day"] >= days
    if bool(late.any()):
        findings.append(f"{int(late.sum())} counts are from after the last day; left out")
    table = table[~late].sort_values(["camp", "day"], kind="stable")
    before = table[table["day"] <= 0].groupby("camp")["people"].last()
    unknown = [str(camp) for camp in dict.fromkeys(table["camp"]) if camp not in before.index]
    if unknown:
        findings.append(f"{labels(unknown)}: not counted up to the first day; 0 people then")
    start = before.reindex(list(dict.fromkeys(table["camp"])), fill_value=0.0)
    rows = pd.DataFrame({"camp": list(start.index), "day": 0, "people": start.to_numpy()})
    whole = pd.concat([rows, table[table["day"] > 0]], ignore_index=True)
    whole = whole.sort_values(["camp", "day"], kind="stable", ignore_index=True)
    whole["date"] = [first + int(one) * DAY for one in whole["day"]]
    whole["people_reported"] = whole["people"]
    whole["break"] = False
    return whole[columns]


def _forwarders(case: Case, ends: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the places with a station that forwards to a destination, and where to."""
    found: dict[str, list[str]] = {}
    for row in records(case.waystations[case.waystations["forwards_to"].notna()]):
        targets = [one for one in split_list(row["forwards_to"]) if one in ends]
        if targets:
            here = found.setdefault(str(row["place_id"]), [])
            here += [one for one in targets if one not in here and one != row["place_id"]]
    return {place: tuple(targets) for place, targets in found.items() if targets}


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Layout:
    """Places and arcs that all classes share.

    Vertices are the nodes of the network, then two for each place that is not at a node itself:
    one to start from and one to end at, so that nobody passes through it. Arcs are those of the
    network, then ways between places and nodes, by row of the table of accesses and direction,
    then those between two places along one edge.
    """

    names: tuple[str, ...]
    start: dict[str, int]
    end: dict[str, int]
    off: tuple[str, ...]
    tail: IntArray
    head: IntArray
    edge_ids: tuple[str, ...]
    access: dict[tuple[int, bool], int]
    direct: dict[tuple[str, str], int]


class _World:
    """The network of a case, its destinations and transit centres, as vertices and arcs."""

    def __init__(self, case: Case, groups: pd.DataFrame, sets: list[str]) -> None:
        self.case, self.sets = case, sets
        self.groups = groups.reset_index(drop=True)
        chosen = case.destinations[case.destinations["destination_set"].isin(sets)]
        self.forwards = _forwarders(case, set(chosen["place_id"]))
        places = tuple(dict.fromkeys([*chosen["place_id"], *self.forwards]))
        if not places:
            msg = f"the case has no destinations in the sets {labels(sets)}: nobody can go anywhere"
            raise InputError(msg)
        self.layout = self._lay(places)
        self.camps = tuple(sorted(places, key=self.layout.end.__getitem__))

    def _lay(self, camps: tuple[str, ...]) -> _Layout:
        network = self.case.network
        names, start, end, off = self._vertices(camps)
        arrays, count = network.access_arrays, len(network.arcs)
        ids = network.edges["edge_id"].astype(str).to_numpy(dtype=object)
        pairs: list[tuple[int, int]] = []
        edge_ids = ids[network.arcs.edge].tolist()
        access: dict[tuple[int, bool], int] = {}
        edges: dict[int, list[str]] = {}
        for place, row in zip(off, network.place_positions(off).tolist(), strict=True):
            for entry in arrays.by_place[arrays.pointer[row] : arrays.pointer[row + 1]].tolist():
                node, edge = int(arrays.node[entry]), int(arrays.edge[entry])
                edges.setdefault(edge, []).append(place)
                for leaving in (True, False):
                    access[entry, leaving] = count + len(pairs)
                    pairs.append((start[place], node) if leaving else (node, end[place]))
                    edge_ids.append(ids[edge] if edge >= 0 else "")
        direct: dict[tuple[str, str], int] = {}
        for edge, along in edges.items():
            for one, two in permutations(dict.fromkeys(along), 2) if edge >= 0 else ():
                if (one, two) not in direct:
                    direct[one, two] = count + len(pairs)
                    pairs.append((start[one], end[two]))
                    edge_ids.append(ids[edge])
        ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return _Layout(
            names=tuple(names), start=start, end=end, off=tuple(off),
            tail=np.concatenate([network.arcs.tail.astype(np.int64), ends[:, 0]]),
            head=np.concatenate([network.arcs.head.astype(np.int64), ends[:, 1]]),
            edge_ids=tuple(edge_ids), access=access, direct=direct,
        )  # fmt: skip

    def _vertices(
        self, camps: tuple[str, ...]
    ) -> tuple[list[str], dict[str, int], dict[str, int], list[str]]:
        """Return names of all vertices, those of each place, and places beside the nodes."""
        network = self.case.network
        arrays = network.access_arrays
        names = list(network.nodes["node_id"].astype(str))
        nodes = len(names)
        start: dict[str, int] = {}
        end: dict[str, int] = {}
        off: list[str] = []
        wanted = list(dict.fromkeys([*camps, *self.groups["place_id"].astype(str)]))
        taken: set[int] = set()
        for place, row in zip(wanted, network.place_positions(wanted).tolist(), strict=True):
            entries = arrays.by_place[arrays.pointer[row] : arrays.pointer[row + 1]]
            at = int(arrays.node[entries[0]]) if len(entries) == 1 else -1
            beside = at < 0 or arrays.edge[entries[0]] >= 0 or arrays.off_road_m[entries[0]] > 0
            if beside or at in taken:
                start[place], end[place] = len(names), len(names) + 1
                names += [place, place]
                off.append(place)
            else:
                taken.add(at)
                start[place] = end[place] = at
                names[at] = place
        for number in range(nodes):
            if number not in taken and names[number] in start:
                names[number] = f"{names[number]} (node)"
        return names, start, end, off

    def _at_vertices(self, nodes: list[Any], places: list[Any]) -> list[Any]:
        """Return a value for each vertex, of nodes and of places beside them."""
        return [*nodes, *(value for value in places for _ in range(2))]

    def _countries(self) -> list[str]:
        network = self.case.network
        rows = network.place_positions(self.layout.off)
        found = self._at_vertices(
            list(network.nodes["country"]), list(network.places["country"].iloc[rows])
        )
        return [one if isinstance(one, str) else "unknown" for one in found]

    # ------------------------------------------------------------ tables
    def places_table(self) -> pd.DataFrame:
        """Return all vertices as places of a crisis, a place with two of them once."""
        network, layout = self.case.network, self.layout
        rows = network.place_positions(layout.off)
        points = self._at_vertices(
            list(network.nodes.to_crs(4326).geometry),
            list(network.places.to_crs(4326).geometry.iloc[rows]),
        )
        kinds = np.array(["town"] * len(layout.names), dtype=object)
        people = np.full(len(layout.names), np.nan)
        for place, persons in self.groups.groupby("place_id")["persons"].sum().items():
            for at in (layout.start[str(place)], layout.end[str(place)]):
                kinds[at] = "conflict_zone"
                people[at] = float(persons)
        for camp in self.camps:
            kinds[[layout.start[camp], layout.end[camp]]] = "camp"
        titles = dict(zip(network.places["place_id"], network.places["name"], strict=True))
        table = pd.DataFrame({
            "name": list(layout.names),
            "title": [titles.get(name, name) for name in layout.names],
            "country": self._countries(),
            "kind": kinds,
            "latitude": shapely.get_y(points), "longitude": shapely.get_x(points),
            "population_persons": people,
        })  # fmt: skip
        once: pd.DataFrame = table.drop_duplicates("name", ignore_index=True)
        return once

    def forwarding(self, share: float) -> dict[tuple[str, str], float]:
        """Return the share per day that transit centres bring on, by pair of camps."""
        return {
            (place, target): share / len(targets)
            for place, targets in self.forwards.items() for target in targets
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
        plan = np.clip(np.arange(days) / leave_days, 0, 1)
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
            homes, people, weight, intensity, due = [], [], [], [], []
            for (place, base), rows in part.groupby(["place_id", "base"], sort=False):
                persons = float(rows["persons"].sum())
                moves = base == "movers"
                homes.append(str(place))
                people.append(0.0 if moves else persons)
                weight.append(persons)
                intensity.append(np.ones(days) if moves else told[str(place)])
                due.append(persons * plan if moves else np.zeros(days))
            found.append(
                Movers(
                    network=network,
                    homes=np.array([self.layout.start[home] for home in homes], dtype=np.int64),
                    doors=np.array([self.layout.end[home] for home in homes], dtype=np.int64),
                    persons=np.array(people), weight=np.array(weight),
                    conflict=np.array(intensity).T, due=np.array(due).T,
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
        return MovementNetwork(
            names=layout.names,
            countries=tuple(self._countries()),
            tail=layout.tail,
            head=layout.head,
            camps=np.array([layout.end[camp] for camp in self.camps], dtype=np.int64),
            exits=np.array([layout.start[camp] for camp in self.camps], dtype=np.int64),
            state=state.reshape(-1).astype(np.int64),
            length_km=np.where(passing, minutes, 0.0) / MIN_PER_H * KM_PER_H,
            closed=~passing,
            shut=both[:, 1:] == 0,
            throughput=np.array([held[row[0]][1] for row in both.tolist()]),
            edge_ids=layout.edge_ids,
        )

    def _open_days(self, sets: set[str], first: dt.date, days: int) -> IntArray:
        """Return 1 for each day and camp where the camp takes people of these sets in."""
        column = {camp: number for number, camp in enumerate(self.camps)}
        table = np.zeros((days, len(self.camps)), dtype=np.int64)
        chosen = self.case.destinations[self.case.destinations["destination_set"].isin(sets)]
        rows = [*records(chosen)]
        # whoever goes to a camp may be taken to it from the transit centre
        mine = {place for place, targets in self.forwards.items()
                if {str(row["place_id"]) for row in rows}.intersection(targets)}  # fmt: skip
        stations = self.case.waystations
        stations = stations[stations["place_id"].isin(mine) & stations["forwards_to"].notna()]
        for row in [*rows, *records(pd.DataFrame(stations.drop(columns="geometry")))]:
            begin, end = (
                None if pd.isna(row[name]) else (pd.Timestamp(row[name]).date() - first).days
                for name in ("open_from", "open_until")
            )
            span = slice(max(begin or 0, 0), days if end is None else max(end + 1, 0))
            table[span, column[str(row["place_id"])]] = 1
        return table

    def _arcs(self, held: Conditions) -> tuple[FloatArray, FloatArray]:
        """Return minutes (inf: closed) and throughput of every arc."""
        network, layout = self.case.network, self.layout
        costs = held.dense()
        size, count = len(network.arcs), len(layout.tail)
        minutes, limits = np.full(count, np.inf), np.full(count, np.inf)
        minutes[:size] = np.where(costs.open, costs.time_min * QUANTUM["time_min"], np.inf)
        limits[:size] = held.throughput()[:size]
        self._off_the_road(network, costs, minutes)
        return minutes, limits

    def _off_the_road(self, network: Network, costs: ArcCosts, minutes: FloatArray) -> None:
        """Add the ways between places and the network, and those along one edge."""
        layout = self.layout
        if not layout.off:
            return
        sides = [access_set(network, costs, layout.off, leaving=one) for one in (True, False)]
        for side, leaving in zip(sides, (True, False), strict=True):
            for row, spent in zip(side.row.tolist(), side.time_min.tolist(), strict=True):
                minutes[layout.access[row, leaving]] = spent * QUANTUM["time_min"]
        if layout.direct:
            ways = solve_ways(network, costs, *sides)
            for (one, two), spent in ways.direct.items():
                arc = layout.direct.get((layout.off[one], layout.off[two]))
                if arc is not None:
                    minutes[arc] = spent["time_min"] * QUANTUM["time_min"]
