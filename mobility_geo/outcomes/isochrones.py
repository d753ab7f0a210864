"""Areas of time about places, under a scenario, with the people who live there."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from mobility_geo.outcomes.reachable import main_traveller
from mobility_geo.routing import find_ways_by_costs
from mobility_geo.routing.isochrones import (
    MOST_WALK_KM,
    ReachGrid,
    nearest_areas,
    reach_grid,
    time_bands,
)
from mobility_geo.scenario import Case, Closure, Scenario, TravellerClass, conditions
from mobility_geo.schema import ISOCHRONES, NEAREST_AREAS, check_table
from mobility_geo.units import MIN_PER_H

HOURS: Final = (1.0, 2.0, 4.0, 8.0)
M2_PER_KM2: Final = 1e6


def isochrones(
    case: Case,
    place_ids: Sequence[str],
    *,
    hours: Sequence[float] = HOURS,
    leaving: bool = True,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    traveller: TravellerClass | None = None,
    resolution_m: float | None = None,
    max_walk_km: float = MOST_WALK_KM,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Find the areas within so many hours of places, over the roads and off them.

    Parameters
    ----------
    case
        The question.
    place_ids
        Where the ways begin, or end.
    hours
        Ends of the bands, h, rising.
    leaving
        True: how far people get from the places; False: from how far people get to them.
    scenario, when
        Scenario and day to take instead of the case's own.
    traveller
        Who travels; if left out, the class of most movers of the case.
    resolution_m
        Side of the cells that areas are made of, m; if left out, 250 m or as large as needed for
        400,000 cells.
    max_walk_km
        Ground farther than this on foot from every point that people pass is out of reach, km.

    Returns
    -------
    bands
        Schema `ISOCHRONES`: one row per band that is not empty, areas that do not overlap, with
        the settlements whose own travel time lies in the band. Beyond the last band: no row.
    nearest
        Schema `NEAREST_AREAS`: the area, within the last band, from which each place is the
        nearest in time.

    Raises
    ------
    InputError
        If there is no place, or a number is not above 0 or does not rise.
    UnknownIdError
        If a place does not exist.
    CalendarError
        If the day lies outside the calendar.

    Notes
    -----
    Off the road people walk at the profile's speed, on flat firm ground, from any point of a road
    that they pass: not across waterways that are barriers, closed areas or borders, and not from a
    boat in midstream. Times hold at the centres of cells. Budgets of risk do not bound the areas.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> bands, _ = isochrones(load_toy(), ["northtown"], hours=[1, 3])
    >>> bands["to_h"].tolist()
    [1.0, 3.0]
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    laid.check(case.network, case.groups)
    traveller = traveller or main_traveller(case)
    ids = list(dict.fromkeys(place_ids))
    costs = conditions(case.network, laid, day, traveller).dense()
    grid = reach_grid(
        case.network, costs, ids, profile=traveller.profile,
        hours=max(hours, default=1.0), leaving=leaving, resolution_m=resolution_m,
        max_walk_km=max_walk_km, closed=_closed_areas(case, laid, day, traveller),
    )  # fmt: skip
    bands = time_bands(grid, hours)
    homes = case.network.places[case.network.places["kind"] == "settlement"]
    ends = (ids, homes["place_id"]) if leaving else (homes["place_id"], ids)
    units = find_ways_by_costs(case.network, costs, *ends).total("time_min")
    spent = units.min(axis=0 if leaving else 1) / MIN_PER_H
    bands["profile"] = traveller.profile
    bands["area_km2"] = bands.area / M2_PER_KM2
    known = homes["population_persons"].fillna(0).to_numpy(dtype=float)
    inside = [
        (spent <= high) & ((spent > low) | (low == 0))
        for low, high in zip(bands["from_h"], bands["to_h"], strict=True)
    ]
    bands["places"] = [int(each.sum()) for each in inside]
    bands["population_persons"] = [round(known[each].sum()) for each in inside]
    bands["resolution_m"] = grid.surface.resolution_m
    bands = check_table(bands[[*ISOCHRONES.names, "geometry"]], ISOCHRONES)
    return gpd.GeoDataFrame(bands), _nearest(case, grid, ids)


def _nearest(case: Case, grid: ReachGrid, ids: Sequence[str]) -> gpd.GeoDataFrame:
    areas = nearest_areas(grid, ids)
    names = case.network.places.set_index("place_id")["name"]
    areas["place_name"] = areas["place_id"].map(names).astype("str")
    areas["area_km2"] = areas.area / M2_PER_KM2
    return gpd.GeoDataFrame(check_table(areas[[*NEAREST_AREAS.names, "geometry"]], NEAREST_AREAS))


def _closed_areas(
    case: Case, scenario: Scenario, day: dt.date, traveller: TravellerClass
) -> gpd.GeoSeries:
    """Return the areas that are closed to walkers of this class."""
    found: list[shapely.Geometry] = []
    zones = case.network.zones.to_crs(4326)
    for disruption in scenario.active(day):
        what = disruption.what
        roads_only = (
            what.edge_ids, what.crossing_ids, what.refs, what.place_ids, what.surfaces,
            what.road_classes, what.reaches, what.rainfall_classes, what.informal, what.into,
            what.direction != "both",
        )  # fmt: skip
        if (
            what.area is None
            or any(roads_only)
            or (what.edge_kinds and "walk" not in what.edge_kinds)
            or not any(isinstance(effect, Closure) for effect in disruption.effects)
            or not disruption.who.includes(
                traveller.profile, traveller.kind, traveller.nationality, traveller.exposure_class
            )
        ):
            continue
        area = what.area
        if what.countries:
            mine = zones.loc[zones["country"].isin(what.countries)].geometry
            area = shapely.intersection(area, shapely.union_all(mine.to_numpy()))
        found.append(area)
    return gpd.GeoSeries(pd.Series(found, dtype=object), crs=4326)
