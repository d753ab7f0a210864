"""The layers of a result file: points first, zones last, as QGIS draws them."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.export import styles
from mobility_geo.export.columns import describe
from mobility_geo.export.notice import CONDITIONAL, NOTICE
from mobility_geo.export.qml import Style
from mobility_geo.geopackage import GeometryName, Layer
from mobility_geo.outcomes.results import Results, edge_conditions
from mobility_geo.outcomes.summaries import (
    PERSONS,
    crossing_states,
    held_at,
    status_by_place,
    status_by_zone,
    stranded_by,
    waystation_reach,
)
from mobility_geo.scenario import Case
from mobility_geo.schema import (
    CROSSINGS,
    EDGES,
    NODES,
    PLACES,
    REACHABLE,
    WAYSTATIONS,
    ZONES,
    TableSchema,
)
from mobility_geo.units import MIN_PER_H

LAYERS: Final = (
    "crossings", "waystations", "places", "stranded", "stranded_held_at", "reachable",
    "od_flows", "edge_flows", "disruptions", "edges", "nodes", "catchments", "status_by_zone",
    "zones", "run_info",
)  # fmt: skip
"""Names and order of the layers; the first is on top."""

RULES: Final = ("least_time", "logit", "given")
BULGE: Final = 0.14
"""How far the arrow of a flow bends away from the straight line, as a share of its length."""

REACH_H: Final = (24, 72, 168)
"""Ends of the classes of time to the nearest way station, hours."""

MAP_COLOURS: Final = len(styles.AREA_COLOURS)


def result_layers(results: Results) -> list[Layer]:
    """Return all layers of a result file, styled and described.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    list of Layer
        In the order of `LAYERS`, in the network's coordinate reference system.

    Notes
    -----
    Straight lines from place to station and bent arrows from origin to destination say who goes
    where, not which way they take; that is in ``edge_flows``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> [layer.name for layer in result_layers(solve_case(load_toy()))][:3]
    ['crossings', 'waystations', 'places']
    """
    network = results.case.network
    day = results.when.isoformat()
    return [
        described_layer(
            "crossings", crossings(results), styles.crossings, "Point", "Border crossings",
            f"Border crossings with their state on {day}, who passes and who is held there.",
            CROSSINGS,
        ),
        described_layer(
            "waystations", waystations(results), styles.waystations, "Point", "Way stations",
            "Way stations, transit centres and camps; hollow ones are assumed for the case. "
            f"{CONDITIONAL}", WAYSTATIONS,
        ),
        described_layer(
            "places", places(results), styles.places, "Point", "Places",
            f"Places with the people there by status on {day}: people on the move, and residents "
            "who would be cut off (never added to the stranded).", PLACES,
        ),
        described_layer(
            "stranded", stranded(results), styles.stranded, "Point",
            "Stranded people, where they are",
            f"People on the move who could reach a destination on {day} without the disruptions "
            "and cannot with them, at the place where they are, with reason and cause. A cause "
            "says that a modelled way would exist, not that it is safe to reopen.",
        ),
        described_layer(
            "stranded_held_at", held_at(results), styles.stranded_held_at, "Point",
            "Stranded people, where they are held up",
            "The same people as in 'stranded', at the last place that they get to on their usual "
            "way.",
        ),
        described_layer(
            "reachable", reachable(results), styles.reachable, "LineString",
            "Way stations within reach",
            "Every way station that can be reached, by place and kind of traveller; straight "
            "lines, shown is the nearest one. Places without a line reach none, or stand where "
            f"the station is. {CONDITIONAL}", REACHABLE,
        ),
        described_layer(
            "od_flows", od_flows(results), styles.od_flows, "LineString",
            "Flows from origin to destination",
            "People from where they are to where they go, summed over groups, by rule of choice. "
            "Bent arrows: not the way they take. Rows without a line stay where they are, or "
            f"cannot go (unserved). {CONDITIONAL}",
        ),
        described_layer(
            "edge_flows", edge_flows(results), styles.edge_flows, "LineString", "People per edge",
            f"People on each road, track, river leg and crossing, by rule of choice. {CONDITIONAL}",
            EDGES,
        ),
        described_layer(
            "disruptions", disruptions(results), styles.disruptions, "MultiPolygon",
            "Disruptions",
            "Insecurity, floods, closed borders and the like, with their dates; drawn are those "
            f"in force on {day}, and with the temporal controller those of the time shown. A "
            "margin is drawn around those that hold for single roads or crossings.",
        ),
        _edge_layer(edges(results), results.when),
        described_layer(
            "nodes", network.nodes, styles.nodes, "Point", "Nodes of the network",
            "Settlements, junctions, river ports and border posts that the edges join.", NODES,
        ),
        described_layer(
            "catchments", catchments(results), styles.catchments, "MultiPolygon",
            "Catchments of way stations",
            "Which way station is the nearest in time that can be reached. Each place stands for "
            "the area nearer to it than to any other place, within the zones that hold a place: "
            f"a picture of the table, not a walk across country. {CONDITIONAL}",
        ),
        described_layer(
            "status_by_zone", status_by_zone(results), styles.status_by_zone, "MultiPolygon",
            "People by zone",
            f"People by status on {day} and zone where they are. People at places in no zone are "
            "in a last row without a shape.", ZONES,
        ),
        _zone_layer(zones(results)),
        Layer(
            name="run_info", frame=run_info(results), title="About this run",
            abstract=f"{NOTICE} What was computed, from what, with which warnings.",
            columns=describe(["key", "value"]),
        ),
    ]  # fmt: skip


def described_layer(
    name: str,
    frame: gpd.GeoDataFrame,
    style: Callable[[gpd.GeoDataFrame], Style],
    geometry_type: GeometryName,
    title: str,
    abstract: str,
    *schemas: TableSchema,
) -> Layer:
    """Return a layer with its look, its notice, and its columns described.

    Parameters
    ----------
    name, frame, geometry_type, title, abstract
        As for `mobility_geo.geopackage.Layer`; the abstract begins with the notice on use.
    style
        Makes the look from the frame.
    *schemas
        Tables to take the meaning of columns from.

    Returns
    -------
    Layer
        For `mobility_geo.geopackage.write_geopackage`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> zones = load_toy().network.zones
    >>> described_layer("zones", zones, styles.zones, "MultiPolygon", "Zones", "Units.").title
    'Zones'
    """
    shape = str(frame.active_geometry_name)
    docs = describe([str(column) for column in frame.columns if column != shape], *schemas)
    return Layer(
        name=name, frame=frame, title=title, abstract=f"{NOTICE} {abstract}", columns=docs,
        style=styles.with_aliases(style(frame), {key: text for key, (text, _) in docs.items()}),
        geometry_type=geometry_type,
    )  # fmt: skip


def _first_rule(flows: pd.DataFrame) -> str:
    present = set(flows["rule"])
    return next((rule for rule in RULES if rule in present), RULES[0])


def _on(day: dt.date, start: "pd.Series[Any]", end: "pd.Series[Any]") -> "pd.Series[bool]":
    """Return whether a day lies between two dates, both included, open where one is missing."""
    moment = pd.Timestamp(day)
    return (start.isna() | (start <= moment)) & (end.isna() | (end >= moment))


def _most_first(rows: pd.DataFrame, column: str, people: str = "persons") -> str | None:
    """Return the values of a column with their people, most first; None if there are none."""
    sums = rows.groupby(column)[people].sum()
    sums = sums[sums > 0].sort_index().sort_values(ascending=False, kind="stable")
    return " | ".join(f"{value}: {int(count):,}" for value, count in sums.items()) or None


def crossings(results: Results) -> gpd.GeoDataFrame:
    """Return the border crossings with their state, who passes and who is held there.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `CROSSINGS` and ``state``, ``flow_persons``, ``flows_into`` (by country entered),
        ``held_persons`` with ``_low`` and ``_high`` (persons).

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> crossings(solve_case(load_toy()))["state"].tolist()
    ['closed']
    """
    layer = results.case.network.crossings.copy()
    ids = layer["crossing_id"]
    states = crossing_states(results).set_index("crossing_id")["state"]
    layer["state"] = ids.map(states).astype("str")
    flows = results.crossing_flows
    flows = flows[(flows["rule"] == _first_rule(flows)).to_numpy(dtype=bool)]
    passing = flows.groupby("crossing_id")["flow_persons"].sum()
    layer["flow_persons"] = ids.map(passing).fillna(0).astype("int64")
    layer["flows_into"] = pd.Series(
        [
            _most_first(flows[(flows["crossing_id"] == name)], "into_country", "flow_persons")
            for name in ids
        ],
        index=layer.index,
        dtype="object",
    ).astype("str")
    held = results.status[
        (results.status["base"] == "movers") & (results.status["status"] == "stranded")
    ]
    sums = held.groupby("held_crossing_id")[list(PERSONS)].sum()
    for name in PERSONS:
        layer[f"held_{name}"] = ids.map(sums[name]).fillna(0).astype("int64")
    return _shape_last(layer)


def waystations(results: Results) -> gpd.GeoDataFrame:
    """Return the way stations with who can get there.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `WAYSTATIONS`, the columns of `waystation_reach`, ``working`` (open on the date)
        and ``map_class`` (the kind, with ``?`` if assumed for the case).

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> "places_in_reach" in waystations(solve_case(load_toy()))
    True
    """
    stations = results.case.waystations.copy()
    names = results.case.network.places.set_index("place_id")["name"]
    stations.insert(3, "place_name", stations["place_id"].map(names).astype("str"))
    stations["working"] = _on(results.when, stations["open_from"], stations["open_until"])
    stations["map_class"] = stations["kind"] + np.where(stations["hypothetical"], "?", "")
    reach = waystation_reach(results)
    added = [name for name in reach.columns if name not in stations.columns]
    layer = stations.merge(
        pd.DataFrame(reach[["waystation_id", *added]]), on="waystation_id", how="left"
    )
    return _shape_last(layer)


def places(results: Results) -> gpd.GeoDataFrame:
    """Return the places with the people there, by status.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `PLACES`, the columns of `status_by_place` and ``situation``: ``all reach``,
        ``some cannot``, ``nobody reaches``, ``unknown`` (of people on the move), ``residents
        reach``, ``residents cut off``, ``destination`` (of others), ``nobody``;
        ``arrivals_persons`` (people who go there); ``waystation_name`` and ``time_min`` of the
        nearest way station.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> sorted(places(solve_case(load_toy()))["situation"].unique())
    ['all reach', 'destination', 'nobody', 'nobody reaches', 'unknown']
    """
    layer = results.case.network.places.copy()
    known = status_by_place(results)
    # people whose place is unknown have no point to be shown at
    known = known[known["place_id"].notna()]
    added = [name for name in known.columns if name not in layer.columns]
    layer = layer.merge(pd.DataFrame(known[["place_id", *added]]), on="place_id", how="left")
    counts = [name for name in added if "_persons" in name]
    layer[counts] = layer[counts].fillna(0).astype("int64")
    nearest = results.catchments.set_index("place_id")[["waystation_name", "time_min"]]
    layer = layer.join(nearest, on="place_id")
    flows = results.od_flows
    flows = flows[(flows["rule"] == _first_rule(flows)).to_numpy(dtype=bool)]
    arrivals = flows.groupby("destination_id")["flow_persons"].sum()
    layer["arrivals_persons"] = layer["place_id"].map(arrivals).fillna(0).astype("int64")
    movers, residents = layer["movers_persons"], layer["residents_persons"]
    cannot, unknown = layer["cannot_reach_persons"], layer["unknown_persons"]
    layer["situation"] = np.select(
        [
            (movers > 0) & (cannot == movers),
            (movers > 0) & (cannot > 0),
            (movers > 0) & (unknown > 0),
            movers > 0,
            (residents > 0) & (layer["cut_off_persons"] > 0),
            residents > 0,
            layer["arrivals_persons"] > 0,
        ],
        ["nobody reaches", "some cannot", "unknown", "all reach", "residents cut off",
         "residents reach", "destination"],
        default="nobody",
    )  # fmt: skip
    layer["situation"] = layer["situation"].astype("str")
    return _shape_last(layer)


def stranded(results: Results) -> gpd.GeoDataFrame:
    """Return stranded people at the places where they are.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per place, most people first: ``place_id``, ``place_name``, ``pcode``,
        ``country``, ``persons``, ``persons_low``, ``persons_high``, ``main_reason``,
        ``main_cause``, ``reasons`` and ``causes`` (with people), ``held_names``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> int(stranded(solve_case(load_toy()))["persons"].sum())
    1400
    """
    network = results.case.network
    status = results.status
    rows = status[(status["base"] == "movers") & (status["status"] == "stranded")]
    where = network.places.set_index("place_id")
    table = stranded_by(status, "place_id")[["place_id", *PERSONS]]
    by_place = {str(key): part for key, part in rows.groupby("place_id")}
    named = rows.assign(held_name=rows["held_name"].where(rows["held_name"].notna(), None))
    held = {str(key): part for key, part in named.groupby("place_id")}
    layer = pd.DataFrame(
        {
            "place_id": table["place_id"],
            "place_name": table["place_id"].map(where["name"]).astype("str"),
            "pcode": table["place_id"].map(where["pcode"]).astype("str"),
            "country": table["place_id"].map(where["country"]).astype("str"),
            **{name: table[name] for name in PERSONS},
        }
    )
    for target, column in (("main_reason", "reason"), ("main_cause", "cause")):
        layer[target] = _texts(_largest(by_place[str(key)], column) for key in table["place_id"])
    for target, column, parts in (
        ("reasons", "reason", by_place), ("causes", "cause", by_place),
        ("held_names", "held_name", held),
    ):  # fmt: skip
        layer[target] = _texts(_most_first(parts[str(key)], column) for key in table["place_id"])
    shapes = shapes_of(network.places, "place_id", table["place_id"])
    return gpd.GeoDataFrame(layer, geometry=shapes, crs=network.crs)


def _largest(rows: pd.DataFrame, column: str) -> str | None:
    sums = rows.groupby(column)["persons"].sum().sort_index()
    return str(sums.idxmax()) if len(sums) else None


def _texts(values: Any) -> "pd.Series[str]":  # noqa: ANN401
    return pd.Series(list(values), dtype="object").astype("str")


def reachable(results: Results) -> gpd.GeoDataFrame:
    """Return straight lines from places to the way stations that can be reached from there.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `REACHABLE` and ``map_class``: of the nearest station the hours that it is within
        (24, 72, 168, ``more``), else ``further``. No line where the station stands in the place
        itself.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> results = solve_case(load_toy())
    >>> len(reachable(results)) == len(results.reachable)
    True
    """
    case = results.case
    table = results.reachable.reset_index(drop=True)
    hours = table["time_min"] / MIN_PER_H
    within = [hours <= limit for limit in REACH_H]
    classes = ["further", *map(str, REACH_H)]
    table["map_class"] = np.select([table["rank"] > 1, *within], classes, default="more")
    table["map_class"] = table["map_class"].astype("str")
    lines = bent_lines(
        shapes_of(case.network.places, "place_id", table["place_id"]),
        shapes_of(case.waystations, "waystation_id", table["waystation_id"]),
        bulge=0.0,
    )
    return gpd.GeoDataFrame(table.copy(), geometry=lines, crs=case.network.crs)


def shapes_of(layer: gpd.GeoDataFrame, key: str, ids: "pd.Series[str]") -> npt.NDArray[np.object_]:
    """Return the geometry of each id; None where there is none.

    Parameters
    ----------
    layer, key
        Layer, and its column of ids.
    ids
        Wanted.

    Returns
    -------
    numpy.ndarray
        Geometries, shape (ids,).

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> shapes_of(load_toy().network.places, "place_id", pd.Series(["nowhere"])).tolist()
    [None]
    """
    known = dict(zip(layer[key], layer.geometry, strict=True))
    result = np.full(len(ids), None, dtype=object)
    result[:] = [known.get(one) for one in ids]
    return result


def bent_lines(
    starts: npt.NDArray[np.object_], ends: npt.NDArray[np.object_], *, bulge: float
) -> npt.NDArray[np.object_]:
    """Return a line from start to end, with a point beside its middle if it shall bend.

    Parameters
    ----------
    starts, ends
        Points, or None, shape (lines,).
    bulge
        How far the middle point lies aside, as a share of the length; 0: a straight line.

    Returns
    -------
    numpy.ndarray
        Lines; None where an end is, and where both are one point: that is no valid line.

    Examples
    --------
    >>> ends = np.array([shapely.Point(0, 0), shapely.Point(2, 0)])
    >>> bent_lines(ends[:1], ends[1:], bulge=0.5)[0].wkt
    'LINESTRING (0 0, 1 1, 2 0)'
    """
    result = np.full(len(starts), None, dtype=object)
    known = ~(shapely.is_missing(starts) | shapely.is_missing(ends))
    rows = np.flatnonzero(known)
    one = np.column_stack([shapely.get_x(starts[rows]), shapely.get_y(starts[rows])])
    two = np.column_stack([shapely.get_x(ends[rows]), shapely.get_y(ends[rows])])
    way = two - one
    long = np.hypot(way[:, 0], way[:, 1]) > 0
    rows, one, two, way = rows[long], one[long], two[long], way[long]
    stops = [one, two]
    if bulge:
        aside = np.column_stack([-way[:, 1], way[:, 0]])
        stops.insert(1, (one + two) / 2 + bulge * aside)
    if len(rows):
        result[rows] = shapely.linestrings(np.stack(stops, axis=1))
    return result


def od_flows(results: Results) -> gpd.GeoDataFrame:
    """Return flows between places, summed over groups, as bent arrows.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per rule, origin and destination: names, zones and country, ``flow_persons``,
        ``unserved_persons`` (persons), ``time_min`` (mean of the ways, weighted by people;
        minutes), ``crossing_ids`` (with people). A line of three points, the middle one aside;
        None where people stay in the place or cannot go.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> results = solve_case(load_toy())
    >>> int(od_flows(results)["flow_persons"].sum()) == int(results.od_flows["flow_persons"].sum())
    True
    """
    network = results.case.network
    about = network.places.set_index("place_id")
    keys = ["rule", "origin_id", "destination_id"]
    flows = results.od_flows.assign(
        person_min=results.od_flows["time_min"] * results.od_flows["flow_persons"]
    )
    table = (
        flows.groupby(keys, dropna=False, sort=True)
        .agg(
            flow_persons=("flow_persons", "sum"),
            unserved_persons=("unserved_persons", "sum"),
            person_min=("person_min", "sum"),
        )
        .reset_index()
    )
    ways = {
        key: _most_first(rows, "crossing_ids", "flow_persons")
        for key, rows in flows[flows["crossing_ids"].notna()].groupby(keys)
    }
    table["time_min"] = (table["person_min"] / table["flow_persons"]).where(
        table["flow_persons"] > 0
    )
    table["crossing_ids"] = _texts(ways.get(key) for key in zip(*(table[k] for k in keys),
                                                                strict=True))  # fmt: skip
    for end in ("origin", "destination"):
        for name in ("name", "pcode", "country"):
            table[f"{end}_{name}"] = table[f"{end}_id"].map(about[name]).astype("str")
    lines = bent_lines(
        shapes_of(network.places, "place_id", table["origin_id"]),
        shapes_of(network.places, "place_id", table["destination_id"]),
        bulge=BULGE,
    )
    order = [
        "rule", "origin_id", "origin_name", "origin_pcode", "origin_country", "destination_id",
        "destination_name", "destination_pcode", "destination_country", "flow_persons",
        "unserved_persons", "time_min", "crossing_ids",
    ]  # fmt: skip
    return gpd.GeoDataFrame(table[order], geometry=lines, crs=network.crs)


def edge_flows(results: Results) -> gpd.GeoDataFrame:
    """Return people per edge with the geometry of the edge.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `EDGE_FLOWS` and what the edge is; edges that nobody passes have no row.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> bool((edge_flows(solve_case(load_toy()))["flow_persons"] > 0).all())
    True
    """
    network = results.case.network
    flows = results.edge_flows[(results.edge_flows["flow_persons"] > 0).to_numpy(dtype=bool)]
    what = ["edge_id", "from_node_id", "to_node_id", "kind", "road_class", "surface", "ref",
            "name", "crossing_id", "length_m", "geometry"]  # fmt: skip
    layer = flows.merge(network.edges[what], on="edge_id", how="left")
    return gpd.GeoDataFrame(layer, geometry="geometry", crs=network.crs)


def disruptions(results: Results) -> gpd.GeoDataFrame:
    """Return the disruptions as areas, with ``active``: in force on the date.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        As `Results.disruptions`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> disruptions(solve_case(load_toy()))["active"].all()
    np.True_
    """
    layer = results.disruptions.copy()
    layer["active"] = _on(results.when, layer["start"], layer["end"])
    return _shape_last(layer)


def edges(results: Results) -> gpd.GeoDataFrame:
    """Return the edges of the network with their state on the date.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `EDGES`, the columns of `Results.edge_conditions` and ``map_class`` (the state,
        and of open edges the kind); an edge that nothing touches is open.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> "closed" in set(edges(solve_case(load_toy()))["state"])
    True
    """
    return _edges_with_states(results.case, results.edge_conditions)


def _edges_with_states(case: Case, states: pd.DataFrame) -> gpd.GeoDataFrame:
    layer = case.network.edges.merge(states, on="edge_id", how="left")
    layer["state"] = layer["state"].fillna("open")
    layer["speed_factor"] = layer["speed_factor"].fillna(1.0)
    layer["risk_per_km"] = layer["risk_per_km"].fillna(0.0)
    kinds = {"road": "road", "track": "track", "river": "river", "ferry": "river"}
    by_kind = "open " + layer["kind"].map(kinds).fillna("other")
    layer["map_class"] = layer["state"].where(layer["state"] != "open", by_kind).astype("str")
    return _shape_last(gpd.GeoDataFrame(layer, geometry="geometry", crs=case.network.crs))


def ground_layers(case: Case, day: dt.date) -> list[Layer]:
    """Return the network with its state on a day, and the land, to draw other layers on.

    Parameters
    ----------
    case
        The question.
    day
        Date.

    Returns
    -------
    list of Layer
        ``edges`` and ``zones``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> [layer.name for layer in ground_layers(case, case.scenario.when)]
    ['edges', 'zones']
    """
    states, _ = edge_conditions(case, day)
    home = case.network.places.set_index("place_id")["country"]
    countries = home.reindex(case.groups["place_id"].unique())
    return [
        _edge_layer(_edges_with_states(case, states), day),
        _zone_layer(_zones_asked(case, countries)),
    ]


def _edge_layer(frame: gpd.GeoDataFrame, day: dt.date) -> Layer:
    return described_layer(
        "edges", frame, styles.edges, "LineString", "Network",
        f"Roads, tracks, river legs and crossings with their state on {day.isoformat()} over all "
        "travellers of the case.", EDGES,
    )  # fmt: skip


def _zone_layer(frame: gpd.GeoDataFrame) -> Layer:
    return described_layer(
        "zones", frame, styles.zones, "MultiPolygon", "Administrative units",
        "Administrative units; the column pcode_vintage says which list the codes are from.",
        ZONES,
    )  # fmt: skip


def _zones_asked(case: Case, countries: "pd.Series[str]") -> gpd.GeoDataFrame:
    layer = case.network.zones.copy()
    layer["asked"] = layer["country"].isin(set(countries))
    return _shape_last(layer)


def catchments(results: Results) -> gpd.GeoDataFrame:
    """Return the areas from which each way station is the nearest in time.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per way station and one for "none in reach" (no ``waystation_id``):
        ``waystation_name``, ``places`` (count), ``place_names``, ``population_persons``,
        ``time_min_median``, ``time_min_max`` (minutes), ``map_class`` (``some`` or ``none``),
        ``map_colour`` (neighbours differ).

    Notes
    -----
    Each place stands for its Voronoi cell, clipped to the zones that hold a place.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> results = solve_case(load_toy())
    >>> int(catchments(results)["places"].sum()) == len(results.catchments)
    True
    """
    network = results.case.network
    table = results.catchments.reset_index(drop=True)
    points = shapes_of(network.places, "place_id", table["place_id"])
    cells = _cells(points, np.asarray(network.zones.geometry.array, dtype=object))
    rows: list[dict[str, object]] = []
    shapes: list[shapely.Geometry] = []
    for station, part in table.groupby("waystation_id", dropna=False, sort=True):
        named = part.sort_values(["population_persons", "place_name"], ascending=[False, True])
        rows.append(
            {
                "waystation_id": station,
                "waystation_name": part["waystation_name"].iloc[0],
                "places": len(part),
                "place_names": "|".join(named["place_name"]),
                "population_persons": int(part["population_persons"].fillna(0).sum()),
                "time_min_median": part["time_min"].median(),
                "time_min_max": part["time_min"].max(),
            }
        )
        shapes.append(_polygons(shapely.union_all(cells[part.index.to_numpy()])))
    columns = ["waystation_id", "waystation_name", "places", "place_names", "population_persons",
               "time_min_median", "time_min_max"]  # fmt: skip
    layer = pd.DataFrame(rows, columns=columns)
    for name in ("waystation_id", "waystation_name", "place_names"):
        layer[name] = layer[name].astype("str")
    layer["map_class"] = pd.Series(np.where(layer["waystation_id"].isna(), "none", "some")).astype(
        "str"
    )
    layer["map_colour"] = _map_colours(shapes)
    return gpd.GeoDataFrame(layer, geometry=shapes, crs=network.crs)


def _cells(
    points: npt.NDArray[np.object_], zones: npt.NDArray[np.object_]
) -> npt.NDArray[np.object_]:
    """Return the area nearest to each point within the zones that hold one; twins share it."""
    result = np.full(len(points), None, dtype=object)
    rows = np.flatnonzero(~shapely.is_missing(points))
    if not len(rows):
        return result
    _, holding = shapely.STRtree(zones).query(points[rows], predicate="intersects")
    land = shapely.union_all(zones[np.unique(holding)])
    together = shapely.multipoints(points[rows])
    frame = shapely.union(shapely.envelope(land), shapely.buffer(together, 1.0))
    parts = np.asarray(shapely.get_parts(shapely.voronoi_polygons(together, extend_to=frame)))
    shapely.prepare(land)
    inside = shapely.intersection(parts, land)
    tree = shapely.STRtree(parts)
    for row in rows:
        found = tree.query(points[row], predicate="intersects")
        if len(found):
            result[row] = inside[found[0]]
        elif len(parts) == 0:
            result[row] = land
    return result


def _polygons(shape: shapely.Geometry | None) -> shapely.MultiPolygon:
    parts = [] if shape is None else list(shapely.get_parts(shape))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _map_colours(shapes: Sequence[shapely.Geometry]) -> npt.NDArray[np.int64]:
    """Give numbers to areas, other ones to neighbours as far as the colours go."""
    array = np.full(len(shapes), None, dtype=object)
    array[:] = shapes
    colours = np.zeros(len(array), dtype=np.int64)
    if not len(array):
        return colours
    left, right = shapely.STRtree(array).query(array, predicate="intersects")
    for row in range(len(array)):
        near = set(colours[right[left == row]].tolist())
        free = [c for c in range(1, MAP_COLOURS + 1) if c not in near]
        colours[row] = free[0] if free else row % MAP_COLOURS + 1
    return colours


def zones(results: Results) -> gpd.GeoDataFrame:
    """Return the administrative units, with ``asked``: their country holds people asked about.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `ZONES` and ``asked``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> zones(solve_case(load_toy()))["asked"].tolist()
    [True, True, False]
    """
    return _zones_asked(results.case, results.status["country"])


def run_info(results: Results) -> pd.DataFrame:
    """Return what was computed, from what, and what the reader should know.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    pandas.DataFrame
        ``key`` and ``value``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> run_info(solve_case(load_toy()))["key"].tolist()[:2]
    ['notice', 'conditional']
    """
    rows = [("notice", NOTICE), ("conditional", CONDITIONAL), *results.run_info.items()]
    rows += [(f"warning {at}", text) for at, text in enumerate(results.warnings, start=1)]
    assumptions = results.case.assumptions
    rows += [
        (f"assumption {at}", f"{text} ({source})" if pd.notna(source) and source else str(text))
        for at, (text, source) in enumerate(
            zip(assumptions["text"], assumptions["source"], strict=True), start=1
        )
    ]
    return pd.DataFrame(rows, columns=["key", "value"]).astype("str")


def _shape_last(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shape = str(layer.active_geometry_name)
    return layer[[name for name in layer.columns if name != shape] + [shape]]
