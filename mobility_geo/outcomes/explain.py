"""Why is this place stranded? An answer in words, as a way on the map, and what would reopen it."""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.errors import InputError
from mobility_geo.flows import place_people
from mobility_geo.network.profiles import profile_row
from mobility_geo.outcomes.attribution import Lifting
from mobility_geo.outcomes.reopenings import smallest_reopening
from mobility_geo.outcomes.stranded import find_stranded
from mobility_geo.routing import AccessSet, GroupWays, find_group_ways, journey
from mobility_geo.scenario import Case, Scenario
from mobility_geo.schema import EXPLAINED_WAYS, check_table, records
from mobility_geo.units import MIN_PER_H, QUANTUM

REASON_WORDS = {
    "disconnected": "there is no way at all, by any means",
    "border": "every way leads over a crossing that is closed to them",
    "no_mode": "a way is there, but not by the means they have",
    "no_service": "the means exist, but no transport runs",
    "over_risk": "a way is there, but its risk is over the limit",
    "over_time": "a way is there, but it takes longer than they can stand",
    "over_money": "a way is there, but it costs more than they have",
    "over_capacity": "destinations can be reached, but have no free place",
}
MOST_NAMES = 10
"""So many places are named in a message."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Explanation:
    """What was found about one place, in sentences; printing it shows them."""

    place_id: str
    place_name: str
    when: dt.date
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        """Return the sentences, one per line."""
        return "\n".join(self.sentences)

    def _repr_markdown_(self) -> str:
        """Show the sentences as a list in a notebook."""
        return f"**{self.place_name}**\n\n" + "\n".join(f"- {text}" for text in self.sentences)


def explain(
    case: Case,
    place: str,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    status: pd.DataFrame | None = None,
) -> Explanation:
    """Explain the status of the people at a place.

    Parameters
    ----------
    case
        The question.
    place
        Id, name or other spelling of a place.
    scenario, when
        Scenario and day to take instead of the case's own.
    status
        Result of `find_stranded` for the same scenario and day, if it is at hand.

    Returns
    -------
    Explanation
        Where the way they would have gone breaks, why, and what would free them.

    Raises
    ------
    UnknownIdError
        If there is no such place.
    InputError
        If no group of the case is there.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> print(explain(load_toy(), "Northtown"))  # doctest: +ELLIPSIS
    1,000 people (900 to 1,200) at Northtown by truck: stranded.
    Normally they reach Farpost in 3.3 h by road, over Gate.
    Now a way is there, but not by the means they have.
    They get as far as Gate.
    Lifting insecurity or border alone would free them; that says a modelled way would exist, ...
    Closed on their usual way: border (closed).
    """
    place_id, mine, laid, day = _asked(case, place, scenario, when)
    name = str(case.network.places.set_index("place_id")["name"][place_id])
    found = find_stranded(case, laid, day) if status is None else status
    rows = found[found["group_id"].isin(mine["group_id"])]
    normal = find_group_ways(case, laid.baseline(), day, groups=mine)
    now = find_group_ways(case, laid, day, groups=mine)
    group_ids = normal.groups["group_id"].tolist()
    columns = _usual_destinations(case, laid, day, normal)
    sentences: list[str] = []
    for row in records(rows):
        group = group_ids.index(row["group_id"])
        # isolated people of a group of whom others have a place normally have none themselves
        usual = -1 if row["status"] == "isolated" else int(columns[group])
        sentences.append(_people_words(case, name, row))
        if usual >= 0:
            sentences.append(f"Normally they reach {_way(case, normal, group, usual)}.")
        if row["status"] == "can_reach" and isinstance(row["destination_place_id"], str):
            column = now.destination_ids.index(row["destination_place_id"])
            sentences.append(f"Now they reach {_way(case, now, group, column)}.")
        if row["status"] == "unknown":
            sentences.append(_unknown_words(case, now, group))
        sentences += _why_words(row)
        if row["status"] in {"stranded", "cut_off"} and usual >= 0:
            sentences += _broken_words(case, normal, now, group, usual)
    return Explanation(place_id=place_id, place_name=name, when=day, sentences=tuple(sentences))


def _people_words(case: Case, place_name: str, row: Mapping[str, Any]) -> str:
    """Say who is meant, and their status; `row` is one of `STATUS`."""
    labels = case.network.profiles.set_index("profile")["label"]
    who = "residents" if row["base"] == "residents" else "people"
    status = str(row["status"]).replace("_", " ")
    return (
        f"{row['persons']:,} {who} ({row['persons_low']:,} to {row['persons_high']:,}) at "
        f"{place_name} {_by(str(labels[row['profile']]))}: {status}."
    )


def _usual_destinations(
    case: Case, laid: Scenario, day: dt.date, normal: GroupWays
) -> npt.NDArray[np.int32]:
    """Return where the groups of a place go normally, as columns of `normal`; -1: nowhere.

    Where free places are counted it is the nearest one that has a place for some of them.
    """
    if not case.destinations["capacity_persons"].notna().any():
        return normal.nearest(normal.within())
    found = np.full(len(normal.groups), -1, dtype=np.int32)
    for base in normal.groups["base"].unique():
        people = case.groups[(case.groups["base"] == base).to_numpy(dtype=bool)]
        ways = find_group_ways(case, laid.baseline(), day, groups=people)
        row = pd.Index(people["group_id"]).get_indexer(pd.Index(normal.groups["group_id"]))
        # the best figure first; some groups have people in the high figure only
        for figure in ("persons", "persons_high"):
            placed = place_people(
                ways, case.destinations_on(day), persons=people[figure].to_numpy(dtype=np.int64)
            )
            mine = (row >= 0) & (found < 0)
            found[mine] = ways.nearest(placed > 0)[row[mine]]
    return found


def _unknown_words(case: Case, now: GroupWays, group: int) -> str:
    """Say why nothing can be said of a group."""
    attached = set(case.network.accesses["place_id"])
    if now.groups["place_id"].iloc[group] not in attached:
        return "The place is too far from the network to say."
    there = [place in attached for place in now.destination_ids]
    if not (now.allowed[group] & np.array(there, dtype=bool)).any():
        return "No destination that counts for them is open, or none is near enough to the network."
    return "The answer hangs on an edge that nobody has reported on for long."


def _why_words(row: Mapping[str, Any]) -> list[str]:
    """Say why, as far as the row of `STATUS` knows, and what would free them."""
    words: list[str] = []
    if isinstance(row["reason"], str):
        # why people are isolated is asked without disruptions
        when = "Even normally" if row["status"] == "isolated" else "Now"
        words.append(f"{when} {REASON_WORDS[row['reason']]}.")
    if isinstance(row["held_name"], str):
        words.append(f"They get as far as {row['held_name']}.")
    if isinstance(row["causes_all"], str):
        causes = row["causes_all"].split("|")
        lifted = (
            "No single kind of disruption is to blame: only lifting several would free them"
            if causes == ["joint"]
            else f"Lifting {' or '.join(causes)} alone would free them"
        )
        words.append(f"{lifted}; that says a modelled way would exist, not that it is safe.")
    return words


def _by(label: str) -> str:
    """Say how people travel: "by truck", "on foot", "with a herd"."""
    words = label if label[1:2].isupper() else f"{label[:1].lower()}{label[1:]}"
    return words if words.startswith(("on ", "by ", "with ")) else f"by {words}"


def _duration(hours: float, hours_per_day: float) -> str:
    """Say how long a way takes; longer than a day of travel, in days as well."""
    if hours <= hours_per_day:
        return f"{hours:,.1f} h"
    # what is a hair over a whole number of days is not a day more
    days = math.ceil(round(hours / hours_per_day, 6))
    return f"{hours:,.0f} h on the move, about {days:,} days,"


def _places(case: Case) -> str:
    names = sorted(set(case.groups["place_id"]))
    return ", ".join(names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")


def _way(case: Case, ways: GroupWays, row: int, column: int) -> str:
    way = journey(case.network, ways.arcs(row, column))
    places = case.network.places.set_index("place_id")["name"]
    profile = profile_row(case.network, ways.travellers[row].profile)
    takes = _duration(
        float(ways.time_min[row, column]) / MIN_PER_H, float(profile["hours_per_day"])
    )
    text = f"{places[ways.destination_ids[column]]} in {takes}"
    if way.modes:
        text += f" by {', then '.join(way.modes)}"
    text = text.removesuffix(",")
    if way.crossing_ids:
        names = case.network.crossings.set_index("crossing_id")["name"]
        text += f", over {', '.join(names[name] for name in way.crossing_ids)}"
    return text


def _broken_words(
    case: Case, normal: GroupWays, now: GroupWays, row: int, column: int
) -> list[str]:
    """Say which disruptions close the way of a normal day; nothing if none does."""
    usual, today = (ways.ways[ways.travellers[row]] for ways in (normal, now))
    edges = case.network.edges["edge_id"].to_numpy()
    accesses = case.network.accesses
    closed = [
        str(edges[case.network.arcs.edge[arc]])
        for arc in normal.arcs(row, column)
        if not today.costs.open[arc]
    ]
    i = usual.origins.place_ids.index(str(now.groups["place_id"].iloc[row]))
    for access, then, still in (
        (int(usual.access_from[i, column]), usual.origins, today.origins),
        (int(usual.access_to[i, column]), usual.destinations, today.destinations),
    ):
        if access >= 0 and int(then.row[access]) not in still.row:
            way = accesses.iloc[int(then.row[access])]
            closed += [str(way[name]) for name in ("access_id", "edge_id") if pd.notna(way[name])]
    causes = now.held[now.travellers[row]].causes
    closing: list[str] = []
    for name in closed:
        hit = causes[causes["edge_id"] == name]
        shut = hit[hit["effect"].str.contains("closed|only")]
        closing += [f"{cause['disruption_id']} ({cause['effect']})" for cause in records(shut)]
    return [f"Closed on their usual way: {', '.join(dict.fromkeys(closing))}."] if closing else []


def explain_on_map(
    case: Case,
    place: str,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
) -> gpd.GeoDataFrame:
    """Return the way that the people at a place would have gone, edge by edge.

    Parameters
    ----------
    case
        The question.
    place
        Id, name or other spelling of a place.
    scenario, when
        Scenario and day to take instead of the case's own.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `EXPLAINED_WAYS`: the usual way of each group to its nearest destination, where it
        is open, where it breaks, and what lies behind; and the way of today: inside every budget,
        or else the quickest that is left. A group that never had a way has no rows.

    Raises
    ------
    UnknownIdError
        If there is no such place.
    InputError
        If no group of the case is there.
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> explain_on_map(load_toy(), "Northtown")[["edge_id", "part"]].values.tolist()[1:4]
    [['north-gate', 'open'], ['gate', 'broken'], ['gate-far', 'beyond']]
    """
    place_id, mine, laid, day = _asked(case, place, scenario, when)
    normal = find_group_ways(case, laid.baseline(), day, groups=mine)
    now = find_group_ways(case, laid, day, groups=mine)
    rows: list[dict[str, object]] = []
    shapes: list[shapely.Geometry] = []
    for number, group in enumerate(records(normal.groups)):
        causes = now.held[now.travellers[number]].causes
        touching = causes.groupby("edge_id")["disruption_id"].agg("|".join)
        for word, ways in (("usual", normal), ("today", now)):
            column = int(ways.nearest(ways.within())[number])
            if column < 0 and word == "today":
                column = int(ways.nearest(ways.path())[number])
            if column < 0:
                continue
            broken = False
            for step, part in enumerate(_steps(ways, now, place_id, number, column)):
                broken |= not part.open
                rows.append(
                    {
                        "group_id": group["group_id"], "way": word, "step": step,
                        "edge_id": part.name,
                        "part": "broken" if not part.open else "beyond" if broken else "open",
                        "time_min": part.time_min,
                        "disruption_ids": touching.get(part.name),
                        "persons": int(group["persons"]),
                    }
                )  # fmt: skip
                shapes.append(part.line)
    table = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=list(EXPLAINED_WAYS.names)), geometry=shapes,
        crs=case.network.crs,
    )  # fmt: skip
    return check_table(table, EXPLAINED_WAYS)


def what_reopens(
    case: Case,
    place: str,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
) -> tuple[str, ...]:
    """Say which reopenings would free the people on the move at a place.

    Parameters
    ----------
    case, place, scenario, when
        See `explain`.

    Returns
    -------
    tuple of str
        A sentence per disruption that frees somebody by itself, and the smallest set that frees
        everybody who can be freed; nothing where nobody is stranded.

    Raises
    ------
    UnknownIdError
        If there is no such place.
    InputError
        If no group of the case is there.
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> what_reopens(load_toy(), "Northtown")[0]
    'Lifting border alone would free 1,000 of 1,000 people.'
    """
    place_id, mine, laid, day = _asked(case, place, scenario, when)
    movers = mine[((mine["base"] == "movers") & (mine["persons"] > 0)).to_numpy(dtype=bool)]
    if not len(movers):
        return ()
    lifting = Lifting.of(case, laid, day, movers)
    people = int(movers["persons"].sum())
    words = []
    whole = 0

    def freed_by(names: Iterable[str]) -> int:
        return int((lifting.reached(names) - lifting.before)[lifting.asked].clip(min=0).sum())

    for name in lifting.active:
        freed = freed_by([name])
        whole = max(whole, freed)
        if freed:
            words.append(f"Lifting {name} alone would free {freed:,} of {people:,} people.")
    if freed_by(lifting.active) > whole:
        found = smallest_reopening(case, laid, day, share=1.0, of=place_id)
        names = " and ".join(found.disruption_ids)
        sure = "" if found.proven else f", or perhaps as few as {found.at_least}"
        words.append(
            f"The smallest set that would free {found.freed_persons:,} people: {names}{sure}."
            if found.found
            else f"A set that would free {found.wanted_persons:,} people was not found before the "
            f"search ended; it takes {found.at_least} or more disruptions."
        )
    return tuple(words)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Step:
    """One edge of a way, or a way off the road: whether it is open today."""

    name: str
    open: bool
    time_min: float | None
    line: shapely.Geometry


def _steps(
    ways: GroupWays, now: GroupWays, place_id: str, row: int, column: int
) -> Iterator[_Step]:
    """Follow a way from door to door; say of each part whether it is open today."""
    network = ways.case.network
    traveller = ways.travellers[row]
    found, today = ways.ways[traveller], now.ways[traveller]
    i = found.origins.place_ids.index(place_id)
    ids = network.edges["edge_id"].to_numpy(dtype=object)
    lines = network.edges.geometry.to_numpy()

    def off_road(access: int, then: AccessSet, still: AccessSet, *, leaving: bool) -> _Step:
        at = int(then.row[access])
        line = network.accesses.geometry.iloc[at]
        time = float(then.time_min[access]) * QUANTUM["time_min"]
        return _Step(
            name=str(network.accesses["access_id"].iloc[at]), open=at in still.row, time_min=time,
            line=line if leaving else line.reverse(),
        )  # fmt: skip

    start, stop = int(found.access_from[i, column]), int(found.access_to[i, column])
    if start >= 0:
        yield off_road(start, found.origins, today.origins, leaving=True)
    for arc in ways.arcs(row, column).tolist():
        edge = int(network.arcs.edge[arc])
        line = lines[edge] if network.arcs.forward[arc] else lines[edge].reverse()
        time = float(found.costs.time_min[arc]) * QUANTUM["time_min"]
        yield _Step(name=str(ids[edge]), open=bool(today.costs.open[arc]), time_min=time, line=line)
    if stop >= 0:
        yield off_road(stop, found.destinations, today.destinations, leaving=False)


def _asked(
    case: Case, place: str, scenario: Scenario | None, when: dt.date | str | None
) -> tuple[str, pd.DataFrame, Scenario, dt.date]:
    """Return the place, the groups there, the scenario and the day that are asked about.

    Raises
    ------
    InputError
        If no group of the case is there.
    """
    place_id = case.network.find_place(place)
    laid = case.scenario if scenario is None else scenario
    mine = case.groups[(case.groups["place_id"] == place_id).to_numpy(dtype=bool)]
    if not len(mine):
        name = str(case.network.places.set_index("place_id")["name"][place_id])
        msg = f"no group of the case is at {name!r}; groups are at {_places(case)}"
        raise InputError(msg)
    return place_id, mine, laid, laid.day(when)
