"""Journeys over a network whose closures change from day to day, and what people know of them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.errors import InputError
from mobility_geo.schema import records
from mobility_geo.sources.displacement_case import DisplacementCase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NONE = -1
TINY_KM = 1e-6
"""Length of a route of 0 km: a sparse graph takes 0 for no route."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class MovementNetwork:
    """Places and one-way arcs between them, and what holds on each day.

    Days on which the same holds share a state: a row of `length_km`, `closed`, `shut` and
    `throughput`.

    Parameters
    ----------
    names, countries
        Name and country of each place.
    tail, head
        Place where each arc starts and ends.
    camps
        Places that people go to.
    exits
        Place from which people leave each camp. The camp itself, but where it lies beside the road:
        nobody passes through such a place on the way to another one.
    state
        State of each day.
    length_km
        Length of each arc, by state. Where time is known instead, as on a network with speeds,
        the kilometres that a traveller of the usual speed covers in that time.
    closed
        Whether an arc is closed, by state.
    shut
        Whether a camp takes nobody in, by state and camp.
    throughput
        Persons per day that an arc lets through, by state; inf: any number.
    edge_ids
        Edge that each arc is on or along, on a network of your own; blank for ways off the road.
    """

    names: tuple[str, ...]
    countries: tuple[str, ...]
    tail: IntArray
    head: IntArray
    camps: IntArray
    exits: IntArray
    state: IntArray
    length_km: FloatArray
    closed: BoolArray
    shut: BoolArray
    throughput: FloatArray
    edge_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check sizes and ranges.

        Raises
        ------
        InputError
            If arcs name no place, are shorter than 0 km, or states do not fit arcs and days.
        """
        problems = []
        ends = np.concatenate([self.tail, self.head, self.camps, self.exits])
        if len(ends) and (ends.min() < 0 or ends.max() >= len(self.names)):
            problems.append("movement network: an arc or a camp names no place")
        if not (self.length_km >= 0).all():
            problems.append("movement network: lengths must be >= 0 km")
        if not (self.throughput >= 0).all():
            problems.append("movement network: throughputs must be >= 0 persons per day")
        states = len(self.closed)
        by_arc = (states, len(self.tail))
        if any(table.shape != by_arc for table in (self.length_km, self.closed, self.throughput)):
            problems.append("movement network: tables need a row per state and a column per arc")
        if len(self.exits) != len(self.camps):
            problems.append("movement network: every camp needs an exit")
        if self.shut.shape != (states, len(self.camps)):
            problems.append("movement network: `shut` needs a row per state, a column per camp")
        if len(self.state) and (self.state.min() < 0 or self.state.max() >= states):
            problems.append("movement network: a day has a state that does not exist")
        if problems:
            raise InputError(problems)

    def roads(self, closed: BoolArray, length_km: FloatArray) -> "Roads":
        """Return the open arcs, ready for searches.

        Parameters
        ----------
        closed
            Arcs that cannot be used.
        length_km
            Lengths of arcs.

        Returns
        -------
        Roads
            With the shortest arc where several lead from one place to another.
        """
        places = len(self.names)
        use = np.flatnonzero(~closed)
        pair = self.tail[use] * places + self.head[use]
        order = np.lexsort((use, length_km[use], pair))
        use, pair = use[order], pair[order]
        first = np.r_[True, pair[1:] != pair[:-1]] if len(use) else np.zeros(0, dtype=bool)
        use, pair = use[first], pair[first]
        length = np.maximum(length_km[use], TINY_KM)
        graph = csr_array((length, (self.head[use], self.tail[use])), shape=(places, places))
        return Roads(backward=graph, arc=use, pair=pair)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Roads:
    """Open arcs of a network on a day, from heads to tails, so that searches start at aims.

    Parameters
    ----------
    backward
        Lengths in km, from the head of an arc to its tail.
    arc, pair
        Arcs, and tail * places + head of each, ascending.
    """

    backward: csr_array
    arc: IntArray
    pair: IntArray

    def distances_km(self, targets: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the distance from every place to each target, and the arc to take first.

        Parameters
        ----------
        targets
            Places.

        Returns
        -------
        distance_km
            Places by targets; inf where there is no way.
        first_arc
            Places by targets; -1 at the target and where there is no way.
        """
        places = self.backward.shape[0]
        if not len(targets):
            return np.zeros((places, 0)), np.zeros((places, 0), dtype=np.int64)
        found, before = dijkstra(self.backward, indices=targets, return_predecessors=True)
        arcs = np.full(before.shape, NONE)
        reached = before >= 0
        rows = np.broadcast_to(np.arange(places), before.shape)[reached]
        arcs[reached] = self.arc[np.searchsorted(self.pair, rows * places + before[reached])]
        return np.ascontiguousarray(found.T), np.ascontiguousarray(arcs.T)

    def distance_to_any_km(self, targets: IntArray) -> FloatArray:
        """Return the distance from every place to the nearest of several places; inf: no way."""
        if not len(targets):
            return np.full(self.backward.shape[0], np.inf)
        return np.asarray(dijkstra(self.backward, indices=targets, min_only=True), dtype=float)


def movement_network(case: DisplacementCase) -> MovementNetwork:
    """Make the network of a case: two arcs per route, one where people are sent on.

    A border closure closes every route between the two countries in both directions, a closed
    place all routes to and from it.

    Parameters
    ----------
    case
        As read.

    Returns
    -------
    MovementNetwork
        With the closures of every day.

    Examples
    --------
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> network = movement_network(practice_case())
    >>> network.closed[network.state].sum(axis=1).tolist()[28:32]
    [1, 1, 0, 0]
    """
    places = case.places
    index = {name: number for number, name in enumerate(places["name"])}
    first = case.routes["from_name"].map(index).to_numpy(dtype=np.int64)
    second = case.routes["to_name"].map(index).to_numpy(dtype=np.int64)
    length = case.routes["length_km"].to_numpy(dtype=float)
    one_way = case.routes["one_way"].to_numpy(dtype=bool)
    rows = np.arange(len(case.routes))
    tail = np.concatenate([first, second[~one_way]])
    head = np.concatenate([second, first[~one_way]])
    route = np.concatenate([rows, rows[~one_way]])
    # who reaches a transit centre is sent on: no other way leads out of it
    kinds = places["kind"].to_numpy(dtype=object)
    senders = {int(place) for place in first[one_way] if kinds[place] == "hub"}
    forced = {(int(a), int(b)) for a, b in zip(first[one_way], second[one_way], strict=True)}
    keep = np.array([int(a) not in senders or (int(a), int(b)) in forced
                     for a, b in zip(tail, head, strict=True)], dtype=bool)  # fmt: skip
    tail, head, route = tail[keep], head[keep], route[keep]
    country = places["country"].to_numpy(dtype=object)
    closed = np.zeros((case.days, len(tail)), dtype=bool)
    for row in records(case.closures):
        start, end = max(int(row["start_day"]), 0), min(int(row["end_day"]), case.days)
        if row["kind"] == "border":
            pair = {row["name1"], row["name2"]}
            hit = np.array([{country[a], country[b]} == pair
                            for a, b in zip(tail, head, strict=True)], dtype=bool)  # fmt: skip
        elif row["kind"] == "route":
            pair = {index[row["name1"]], index[row["name2"]]}
            hit = np.array([{int(a), int(b)} == pair for a, b in zip(tail, head, strict=True)],
                           dtype=bool)  # fmt: skip
        else:
            place = index[row["name1"]]
            hit = (tail == place) | (head == place)
        if len(hit):
            closed[start:end, hit] = True
    camps = np.flatnonzero(kinds == "camp")
    closed, state = np.unique(closed, axis=0, return_inverse=True)
    return MovementNetwork(
        names=tuple(places["name"]),
        countries=tuple(country),
        tail=tail,
        head=head,
        camps=camps,
        exits=camps,
        state=state.reshape(-1).astype(np.int64),
        length_km=np.tile(length[route], (len(closed), 1)),
        closed=closed,
        shut=np.zeros((len(closed), len(camps)), dtype=bool),
        throughput=np.full(closed.shape, np.inf),
    )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Ways:
    """Ways to every aim as the news has them, as they are, and as people on the spot know them.

    Parameters
    ----------
    news_km, true_km, known_km
        Distance from each place to each aim; inf: no way.
    news_arc, true_arc
        Arc to take first; -1 at the aim or without a way.
    knows
        Whether people at a place know that their way to an aim is not what the news says: it
        meets a closed arc within a day's travel.
    entry_km
        Distance from each place to the first place of each country of camps, as known.
    closed, throughput
        Of arcs, as they are.
    shut
        Camps that take nobody in, as they are.
    """

    news_km: FloatArray
    true_km: FloatArray
    known_km: FloatArray
    news_arc: IntArray
    true_arc: IntArray
    knows: BoolArray
    entry_km: FloatArray
    closed: BoolArray
    shut: BoolArray
    throughput: FloatArray


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Atlas:
    """Ways for every state of closures and news that occurs, each computed once.

    Parameters
    ----------
    network
        The network.
    aims
        Places that people may be heading for: the camps first, then homes.
    day_km
        A day's travel.
    news_days
        So many days pass until people far away hear of a closure or an opening.
    """

    network: MovementNetwork
    aims: IntArray
    day_km: float
    news_days: int
    _ways: dict[tuple[int, int], Ways] = field(default_factory=dict)

    def on(self, day: int) -> Ways:
        """Return the ways of a day.

        Parameters
        ----------
        day
            Day of the case, from 0. What holds on day 0 is known everywhere.

        Returns
        -------
        Ways
            Shared by all days with the same closures and news.
        """
        state = self.network.state
        key = (int(state[day]), int(state[max(day - self.news_days, 0)]))
        if key not in self._ways:
            self._ways[key] = self._survey(*key)
        return self._ways[key]

    def countries(self) -> tuple[tuple[str, ...], IntArray]:
        """Return the countries of the camps, and which of them each camp is in."""
        names = [self.network.countries[camp] for camp in self.network.camps]
        found = tuple(dict.fromkeys(names))
        return found, np.array([found.index(name) for name in names], dtype=np.int64)

    def _survey(self, now: int, then: int) -> Ways:
        """Find the ways of a state when the news is of another one."""
        network = self.network
        true, news = network.closed[now], network.closed[then]
        length = network.length_km[now]
        camps = len(network.camps)
        news_roads = network.roads(news, network.length_km[then])
        roads = news_roads if now == then else network.roads(true, length)
        news_km, news_arc = news_roads.distances_km(self.aims)
        shut_true, shut_news = network.shut[now], network.shut[then]
        if now == then:
            true_km, true_arc = news_km, news_arc
            knows = np.zeros(news_km.shape, dtype=bool)
        else:
            true_km, true_arc = roads.distances_km(self.aims)
            to_closed = self._km_to_closed(news_arc, news_km, true, network.length_km[then])
            at_camp = np.where(shut_true & ~shut_news, news_km[:, :camps], np.inf)
            to_closed[:, :camps] = np.minimum(to_closed[:, :camps], at_camp)
            # an opening, too, is seen by those who stand before it
            opening = network.roads(true & ~news, length)
            opened = opening.distance_to_any_km(np.unique(network.tail[news & ~true]))
            better = (true_km < news_km) & (opened <= self.day_km)[:, None]
            better[:, :camps] |= (true_km[:, :camps] <= self.day_km) & shut_news & ~shut_true
            knows = (to_closed <= self.day_km) | better
        news_km, true_km = (
            self._without(km, shut) for km, shut in ((news_km, shut_news), (true_km, shut_true))
        )
        news_arc = np.where(np.isfinite(news_km), news_arc, NONE)
        true_arc = np.where(np.isfinite(true_km), true_arc, NONE)
        known_km = np.where(knows, true_km, news_km)
        names, of_camp = self.countries()
        entry = np.full((len(network.names), len(names)), np.inf)
        country = np.array(network.countries, dtype=object)
        for number, name in enumerate(names):
            mine = np.flatnonzero(of_camp == number)
            nearest = known_km[:, mine].min(axis=1)
            own = country == name
            # only places from which a camp of the country can be reached are a way in
            way_in = np.flatnonzero(own & np.isfinite(nearest))
            informed = knows[:, mine].any(axis=1)
            first = news_roads.distance_to_any_km(way_in)
            if informed.any():
                first = np.where(informed, roads.distance_to_any_km(way_in), first)
            first = np.where(own, nearest, first)
            entry[:, number] = np.where(np.isfinite(nearest), np.minimum(first, nearest), np.inf)
        return Ways(
            news_km=news_km, true_km=true_km, known_km=known_km, news_arc=news_arc,
            true_arc=true_arc, knows=knows, entry_km=entry, closed=true,
            shut=shut_true, throughput=network.throughput[now],
        )  # fmt: skip

    def _without(self, km: FloatArray, shut: BoolArray) -> FloatArray:
        """Return distances without ways to camps that take nobody in."""
        if not shut.any():
            return km
        found = km.copy()
        found[:, : len(shut)][:, shut] = np.inf
        return found

    def _km_to_closed(
        self, arc: IntArray, km: FloatArray, closed: BoolArray, length_km: FloatArray
    ) -> FloatArray:
        """Return how far along each way the first closed arc starts; inf: the way is open."""
        network = self.network
        safe = np.maximum(arc, 0)
        on_way = arc >= 0
        head, length = network.head[safe], length_km[safe]
        column = np.broadcast_to(np.arange(arc.shape[1]), arc.shape)
        found = np.where(on_way & closed[safe], 0.0, np.inf)
        for _ in range(len(network.names)):
            ahead = np.where(on_way, length + found[head, column], np.inf)
            new = np.where(on_way & closed[safe], 0.0, ahead)
            if np.array_equal(new, found):
                break
            found = new
        return np.where(np.isfinite(km), found, np.inf)
