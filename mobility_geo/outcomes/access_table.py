"""The access table: state by segment and vehicle class, and the people who depend on it."""

import datetime as dt
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.outcomes.chokepoints import asked_groups, edge_labels, find_chokepoints
from mobility_geo.routing import find_group_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Case, Disruption, Scenario, TravellerClass, conditions
from mobility_geo.schema import ACCESS_TABLE, check_table

WORSE = ("open", "slower", "riskier", "partly_closed", "closed")
LEAST_SURE = ("low", "medium", "high")


def access_table(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    base: str = "movers",
    everything: bool = False,
) -> gpd.GeoDataFrame:
    """Return the state of each segment for each vehicle class, and who depends on it.

    Parameters
    ----------
    case
        The question; vehicle classes are those of its groups.
    scenario, when
        Scenario and day to take instead of the case's own.
    base
        ``movers`` or ``residents``.
    everything
        Also segments that are open as usual and that nobody of the case passes.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `ACCESS_TABLE` with the line of the segment: what most people depend on first. A
        segment that a vehicle class cannot pass at any time has no row.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case has nobody of that base.

    Notes
    -----
    `partly_closed` is closed in one direction, or to some of the people who travel so. People are
    counted on the way to the nearest destination; those who have no other way as in
    `find_chokepoints`. `last_verified` is the last report on the segment itself: nobody having
    reported is told by nothing there, and does not mean open. People whose answer hangs on a
    segment that nobody reported lately are counted as passing it, though `find_stranded` calls
    them unknown.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> table = access_table(load_toy())
    >>> table[["segment", "profile", "state", "usual_persons"]].values.tolist()[0]
    ['Gate', 'truck', 'closed', 1000]
    """
    network = case.network
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    groups = asked_groups(case, base=base)
    by_id = {one.disruption_id: one for one in laid.active(day)}
    labels = edge_labels(network).to_numpy(dtype=object)
    crossing = network.edges["crossing_id"].map(network.crossings.set_index("crossing_id")["name"])
    names = network.profiles.set_index("profile")["label"]
    rows: list[dict[str, Any]] = []
    edges = network.edges
    for profile, mine in groups.groupby("profile", sort=True):
        people = mine.reset_index(drop=True)
        part = case_of(case, people)
        states = _states(part, laid, day, people)
        usual = _passing(part, laid.baseline(), day, people)
        today = _passing(part, laid, day, people)
        points = find_chokepoints(part, laid, day, base=base).table
        points = points[(points["thing"] == "edge").to_numpy(dtype=bool)]
        only = edges["edge_id"].map(points.set_index("id")["every_way_persons"]).fillna(0)
        passing = np.maximum(usual, today)
        state = states["state"].to_numpy(dtype=object)
        kept = state != "not_passable"
        if not everything:
            kept &= (passing > 0) | np.isin(state, WORSE[1:])
        for at in np.flatnonzero(kept).tolist():
            ids = states["disruption_ids"].iloc[at]
            hit = [by_id[name] for name in (ids.split("|") if isinstance(ids, str) else [])]
            edge = edges.iloc[at]
            rows.append(
                {
                    "edge_id": edge["edge_id"], "ref": edge["ref"], "segment": labels[at],
                    "crossing": crossing.iloc[at], "kind": edge["kind"], "profile": profile,
                    "vehicle": names[profile], "state": state[at],
                    "speed_factor": min(float(states["speed_factor"].iloc[at]), 1.0),
                    "risk_per_km": float(states["risk_per_km"].iloc[at]),
                    "disruption_ids": ids if isinstance(ids, str) else None,
                    **_known_from(edge, hit), "last_verified": edge["state_reported_on"],
                    "usual_persons": int(usual[at]), "today_persons": int(today[at]),
                    "every_way_persons": int(only.iloc[at]), "row": at,
                }
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=[*ACCESS_TABLE.names, "row"])
    worst = table[["usual_persons", "today_persons"]].max(axis=1)
    shut = table["state"].isin(["closed", "partly_closed"])
    order = np.lexsort((table["profile"], table["edge_id"], -worst, ~shut))
    table = table.iloc[order].reset_index(drop=True)
    shapes = edges.geometry.to_numpy()[table.pop("row").to_numpy(dtype=np.int64)]
    checked = check_table(table, ACCESS_TABLE)
    return gpd.GeoDataFrame(checked, geometry=shapes, crs=network.crs)


def case_of(case: Case, groups: pd.DataFrame) -> Case:
    """Return the case about some of its groups.

    Parameters
    ----------
    case
        The case.
    groups
        Some rows of ``case.groups``.

    Returns
    -------
    Case
        The same question about fewer people.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> len(case_of(case, case.groups.head(1)).groups)
    1
    """
    return replace(case, groups=groups)


def _known_from(edge: "pd.Series[Any]", hit: list[Disruption]) -> dict[str, object]:
    """Return where the state is known from: what changes it, else who drew the segment."""
    if not hit:
        return {"source": edge["source"], "confidence": edge["confidence"]}
    starts = [one.start for one in hit if one.start is not None]
    ends = [one.end for one in hit]
    sources = list(dict.fromkeys(one.source for one in hit if one.source))
    return {
        "since": pd.Timestamp(min(starts)) if starts else None,
        "until": None if None in ends else pd.Timestamp(max(e for e in ends if e is not None)),
        "source": "; ".join(sources) or "not told: " + "|".join(one.disruption_id for one in hit),
        "confidence": min((one.confidence for one in hit), key=LEAST_SURE.index),
    }


def _states(case: Case, laid: Scenario, day: dt.date, groups: pd.DataFrame) -> pd.DataFrame:
    """Return the state of every edge for people who travel by one profile."""
    travellers = sorted(set(travellers_of(groups)))
    frames = [conditions(case.network, laid, day, who).edge_states() for who in travellers]
    words = np.stack([frame["state"].to_numpy(dtype=object) for frame in frames])
    state = np.full(words.shape[1], "not_passable", dtype=object)
    state[(words == "out_of_season").any(axis=0)] = "out_of_season"
    for name in WORSE:
        state[(words == name).any(axis=0)] = name
    some_open = np.isin(words, WORSE[:3]).any(axis=0)
    state[(state == "closed") & some_open] = "partly_closed"
    ids = [
        "|".join(sorted({n for text in column if isinstance(text, str) for n in text.split("|")}))
        for column in zip(*(frame["disruption_ids"] for frame in frames), strict=True)
    ]
    return pd.DataFrame(
        {
            "state": state,
            "speed_factor": np.min([frame["speed_factor"] for frame in frames], axis=0),
            "risk_per_km": np.max([frame["risk_per_km"] for frame in frames], axis=0),
            "disruption_ids": [text or None for text in ids],
        }
    )


def _passing(
    case: Case, laid: Scenario, day: dt.date, groups: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Return how many people pass each edge on the way to their nearest destination."""
    network = case.network
    ways = find_group_ways(case, laid, day, groups=groups)
    nearest = ways.nearest(ways.within())
    persons = groups["persons"].to_numpy(dtype=float)
    along = network.access_arrays.edge
    total = np.zeros(len(network.edges))
    memory: dict[tuple[TravellerClass, str, int], npt.NDArray[np.int64]] = {}
    for row in np.flatnonzero(nearest >= 0).tolist():
        who, place = ways.travellers[row], str(groups["place_id"].iloc[row])
        key = (who, place, int(nearest[row]))
        if key not in memory:
            found = ways.ways[who]
            origin, column = found.origins.place_ids.index(place), key[2]
            edges = network.arcs.edge[found.arcs(origin, column)].tolist()
            start, stop = found.access_from[origin, column], found.access_to[origin, column]
            if start >= 0:
                edges += [along[found.origins.row[start]], along[found.destinations.row[stop]]]
            memory[key] = np.array(sorted({int(e) for e in edges if e >= 0}), dtype=np.int64)
        total[memory[key]] += persons[row]
    return total
