"""Way stations within reach, and the places that each is nearest to."""

import datetime as dt

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.routing import find_ways_by_costs, journey
from mobility_geo.routing.groups import budget_units, travellers_of
from mobility_geo.scenario import (
    Case,
    Closure,
    Limits,
    Scenario,
    TravellerClass,
    conditions,
)
from mobility_geo.schema import CATCHMENTS, REACHABLE, check_table
from mobility_geo.units import MIN_PER_H, QUANTUM, Metric

UNSAFE_SEVERITY = 3
"""From this severity on (strikes, fighting, a front line) no station is offered in an area."""


def reachable_waystations(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    base: str | None = None,
) -> pd.DataFrame:
    """List the way stations that each group's place can reach, nearest in time first.

    A station counts if it works on that day, does not stand in an area of severe insecurity or
    mines (see `safe_waystations`), and the least-time way to it is inside the risk and time
    limits: of the groups at a place that travel alike the strictest.

    Parameters
    ----------
    case
        The question; places and ways of travelling are those of its groups.
    scenario, when
        Scenario and day to take instead of the case's own.
    base
        ``movers`` or ``residents`` only; both if left out.

    Returns
    -------
    pandas.DataFrame
        Schema `REACHABLE`; a station that cannot be reached has no row.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = reachable_waystations(load_toy())
    >>> found.loc[found["place_id"] == "northtown", "waystation_id"].tolist()
    ['station-midtown']
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    stations = safe_waystations(case, laid, day)
    groups = case.groups
    if base is not None:
        groups = groups[(groups["base"] == base).to_numpy(dtype=bool)]
    travellers = travellers_of(groups)
    names = case.network.places.set_index("place_id")["name"]
    rows: list[dict[str, object]] = []
    for traveller in sorted(set(travellers)):
        mine = groups[[one == traveller for one in travellers]]
        places = sorted(set(mine["place_id"]))
        ends = list(stations["place_id"])
        costs = conditions(case.network, laid, day, traveller).dense()
        ways = find_ways_by_costs(case.network, costs, places, ends)
        usual_costs = conditions(case.network, laid.baseline(), day, traveller).dense()
        normal = find_ways_by_costs(case.network, usual_costs, places, ends)
        total = ways.totals()
        time, risk = total["time_min"], total["risk"]
        length, fare = total["length_m"], total["cost_xof"]
        usual = normal.total("time_min")
        budget = _strictest(mine, case.limits, places)
        counts = np.isfinite(time) & (np.rint(time / QUANTUM["time_min"]) <= budget["time_min"])
        counts &= np.rint(risk / QUANTUM["risk"]) <= budget["risk"]
        for i, place in enumerate(places):
            order = [j for j in np.argsort(time[i], kind="stable") if counts[i, j]]
            for rank, j in enumerate(order, start=1):
                way = journey(case.network, ways.arcs(i, int(j)))
                rows.append(
                    {
                        "place_id": place,
                        "place_name": names[place],
                        "profile": traveller.profile,
                        "kind": traveller.kind,
                        "nationality": traveller.nationality,
                        "exposure_class": traveller.exposure_class or None,
                        "waystation_id": stations["waystation_id"].iloc[int(j)],
                        "waystation_name": stations["name"].iloc[int(j)],
                        "rank": rank,
                        "time_min": time[i, j],
                        "baseline_time_min": usual[i, j] if np.isfinite(usual[i, j]) else None,
                        "length_m": length[i, j],
                        "cost_xof": fare[i, j],
                        "risk": risk[i, j],
                        "modes": ">".join(way.modes)
                        or ("at the place" if length[i, j] == 0 else "on the same road"),
                        "crossing_ids": ">".join(way.crossing_ids) or None,
                    }
                )
    table = pd.DataFrame(rows, columns=list(REACHABLE.names))
    return check_table(table, REACHABLE)


def _strictest(
    groups: pd.DataFrame, limits: Limits, places: list[str]
) -> dict[Metric, npt.NDArray[np.float64]]:
    """Return the lowest budget of the groups at each place, in units, as a column."""
    budget = budget_units(groups, limits)
    position = [places.index(place) for place in groups["place_id"]]
    found: dict[Metric, npt.NDArray[np.float64]] = {}
    for metric, values in budget.items():
        lowest = np.full(len(places), np.inf)
        np.minimum.at(lowest, position, values)
        found[metric] = lowest[:, None]
    return found


def safe_waystations(case: Case, scenario: Scenario, day: dt.date) -> gpd.GeoDataFrame:
    """Return the way stations that work on a day and do not stand in a dangerous area.

    A station is not offered where insecurity or mines are of severity 3 or 4, or close the area:
    it would draw people there.

    Parameters
    ----------
    case, scenario, day
        The question.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `WAYSTATIONS`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> len(safe_waystations(case, case.scenario, case.scenario.when))
    2
    """
    stations = case.waystations_on(day)
    points = stations.to_crs(4326).geometry.to_numpy()
    closed = np.zeros(len(stations), dtype=bool)
    for disruption in scenario.active(day):
        shuts = any(isinstance(effect, Closure) for effect in disruption.effects)
        area = disruption.what.area
        grave = shuts or (disruption.severity or 0) >= UNSAFE_SEVERITY
        if grave and area is not None and disruption.kind in {"insecurity", "mine"}:
            closed |= shapely.intersects(area, points)
    return gpd.GeoDataFrame(stations[~closed].reset_index(drop=True))


def catchments(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    traveller: TravellerClass | None = None,
) -> pd.DataFrame:
    """Find the nearest way station of every settlement.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    traveller
        Who travels; if left out, the class of most movers of the case.

    Returns
    -------
    pandas.DataFrame
        Schema `CATCHMENTS`, one row per settlement; without a station within the limits the
        station is missing.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = catchments(load_toy()).set_index("place_id")["waystation_id"]
    >>> found["northtown"], found["southtown"]
    ('station-midtown', 'station-southtown')
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    traveller = traveller or main_traveller(case)
    stations = safe_waystations(case, laid, day)
    settlements = case.network.places[case.network.places["kind"] == "settlement"]
    costs = conditions(case.network, laid, day, traveller).dense()
    ways = find_ways_by_costs(case.network, costs, settlements["place_id"], stations["place_id"])
    total = ways.totals(("risk", "time_min"))
    risk, time = total["risk"], total["time_min"]
    limits = case.limits
    counts = ways.reachable()
    if limits.risk_limit is not None:
        counts &= risk <= limits.risk_limit
    if limits.time_limit_h is not None:
        counts &= time <= limits.time_limit_h * MIN_PER_H + QUANTUM["time_min"] / 2
    best = ways.nearest(counts)
    has = best >= 0
    station = np.where(has, best, 0)
    table = settlements[["place_id", "pcode", "population_persons"]].reset_index(drop=True)
    table["place_name"] = settlements["name"].to_numpy()
    for column, source in (("waystation_id", "waystation_id"), ("waystation_name", "name")):
        values = stations[source].to_numpy(dtype=object)[station] if len(stations) else None
        table[column] = pd.Series(values, index=table.index, dtype="object").where(has, None)
    nearest = time[np.arange(len(time)), station] if len(stations) else np.full(len(time), np.inf)
    table["time_min"] = np.where(has, nearest, np.nan)
    return check_table(table[list(CATCHMENTS.names)], CATCHMENTS)


def main_traveller(case: Case) -> TravellerClass:
    """Return the traveller class of most movers of a case; of most people if nobody moves.

    Parameters
    ----------
    case
        The question.

    Returns
    -------
    TravellerClass
        If the case has no groups: a resident of the country of most places, by the first
        travel profile of the network.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> main_traveller(load_toy()).profile
    'truck'
    """
    groups = case.groups
    movers = groups[(groups["base"] == "movers").to_numpy(dtype=bool)]
    chosen = movers if len(movers) else groups
    if not len(chosen):
        return TravellerClass(
            profile=next(iter(case.network.profiles["profile"]), ""),
            nationality=next(iter(case.network.places["country"].mode()), ""),
        )
    travellers = travellers_of(chosen)
    people: dict[TravellerClass, int] = {}
    for traveller, persons in zip(travellers, chosen["persons"], strict=True):
        people[traveller] = people.get(traveller, 0) + int(persons)
    return max(sorted(people), key=lambda one: people[one])
