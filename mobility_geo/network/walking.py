"""Places far off the road: the ways on foot to the network, and to each other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, Unpack

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.warp import transform_bounds

from mobility_geo.errors import CRSError, InputError
from mobility_geo.network.accesses import AT_NODE_M, ATTACH_KINDS, MAX_ACCESSES, access_ids
from mobility_geo.network.friction import (
    DOWNHILL_GAIN,
    FLAT_KPH,
    FrictionSurface,
    Shapes,
    flat_minutes,
    friction_surface,
    search_ways,
)
from mobility_geo.network.model import Network
from mobility_geo.schema import is_missing, records, suggest
from mobility_geo.sources.geodesy import geodesic_length_m
from mobility_geo.sources.rasters import open_raster
from mobility_geo.sources.reading import Finding, findings_table
from mobility_geo.units import KM_M, MIN_PER_H

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Progress = Callable[[str, float], None]

TILE_M: Final = 40_000.0
"""Places are worked on together in squares of this side, or of the longest walk if that is more."""

LEAST_SHARE: Final = 0.001
WALK_SOURCE: Final = "least-cost way on foot over a friction surface"


class GroundOptions(TypedDict, total=False):
    """What the ground is made from, and how far people walk; see `attach_by_walking`."""

    elevation: str | Path | None
    landcover: str | Path | None
    landcover_speeds: str | Path | None
    water: gpd.GeoDataFrame | gpd.GeoSeries | None
    fords: gpd.GeoDataFrame | gpd.GeoSeries | None
    max_hours: float
    resolution_m: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Ground:
    """What the ground of every window is made from."""

    elevation: str | Path | None
    landcover: str | Path | None
    landcover_speeds: str | Path | None
    water: gpd.GeoSeries | None
    fords: gpd.GeoSeries | None
    resolution_m: float
    limit_m: float

    @property
    def reach_m(self) -> float:
        """No way within the limit leads farther than this, as the crow flies."""
        gain = 1.0 if self.elevation is None else DOWNHILL_GAIN
        return self.limit_m * gain + 2 * self.resolution_m


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Targets:
    """What places walk to: an edge, by its row, or a node; -1: not that."""

    shapes: Shapes
    edge: IntArray
    node: IntArray


def attach_by_walking(  # noqa: PLR0913
    network: Network,
    *,
    elevation: str | Path | None = None,
    landcover: str | Path | None = None,
    landcover_speeds: str | Path | None = None,
    water: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    fords: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    max_hours: float = 12.0,
    resolution_m: float = 250.0,
    only_unattached: bool = True,
    places: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> tuple[Network, gpd.GeoDataFrame]:
    """Attach places far off the road by the least-cost ways on foot to the network.

    A place reaches the edges that are nearest in time, each where the walk ends soonest, and from
    there the ends of the edge along it, up to three accesses, as with `attach_places`; where it
    meets an edge within a cell of its end, it walks on to that node and may go any way from it.
    No way leads across a waterway that is a barrier or into another country (the zones of other
    countries are not entered). Ways are walked from the place to the network; the way back is
    taken to cost the same.

    Parameters
    ----------
    network
        The network; not changed.
    elevation, landcover, landcover_speeds
        See `friction_surface`. Left out: flat, firm.
    water
        More lines and polygons that nobody walks across, such as lakes, beside the waterways of
        the network that are barriers; any coordinate reference system.
    fords
        Where barriers can be crossed on foot; see `friction_surface`.
    max_hours
        Longest walk of an adult, h of walking, > 0, at 3.02 km/h on flat firm ground.
    resolution_m
        Side of a cell, m, > 0.
    only_unattached
        True: places without an access. False: all that do not stand at a node, anew; a place
        that nothing is found for keeps what it has.
    places
        Ids of the only places to look at; all if left out.
    progress
        Called with a label and the share done.

    Returns
    -------
    network : Network
        With new rows in ``accesses``: ``off_road_m`` is the length of the way on the ellipsoid,
        ``off_road_flat_m`` the way on flat firm ground that takes as long, which is what time is
        taken from, at the ``off_road_kph`` of each profile.
    findings : geopandas.GeoDataFrame
        Schema `mobility_geo.schema.FINDINGS`: each place attached, with how far and how long;
        each place still out of reach, with its people; how much of the ground is not known.

    Raises
    ------
    InputError
        If a number is not above 0, a file cannot be read, or a grid would be too large.
    CRSError
        If a file has no coordinate reference system.
    UnknownIdError
        If a place does not exist.

    Notes
    -----
    Disruptions act on edges: a flood or a front over the way off the road does not close it.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> made, found = attach_by_walking(load_toy().network, max_hours=70.0, resolution_m=1000.0)
    >>> found[["check", "id"]].to_numpy().tolist()
    [['out of reach on foot', 'oasis']]
    """
    options: GroundOptions = {
        "elevation": elevation, "landcover": landcover, "landcover_speeds": landcover_speeds,
        "water": water, "fords": fords, "max_hours": max_hours, "resolution_m": resolution_m,
    }  # fmt: skip
    ground = _ground(network, options)
    ids = list(network.places["place_id"]) if places is None else list(places)
    rows = np.unique(network.place_positions(ids))
    accesses = network.accesses
    at_node = accesses["edge_id"].isna() & (accesses["off_road_m"] <= AT_NODE_M)
    settled = accesses["place_id"] if only_unattached else accesses.loc[at_node, "place_id"]
    rows = rows[~network.places["place_id"].iloc[rows].isin(settled).to_numpy(dtype=bool)]
    _check_overlap(network, rows, options)
    # a grid tells where a walk ends no finer than by its cells
    at_node_m = max(AT_NODE_M, resolution_m)
    found: list[dict[str, object]] = []
    seen: list[tuple[int, float, float]] = []
    for country, members, surface in _windows(network, rows, ground, progress):
        seen.append((len(members), float(np.isnan(surface.elevation_m).mean()),
                     float(np.isnan(surface.speed_factor).mean())))  # fmt: skip
        targets = _targets(network, country, surface)
        points: Shapes = network.places.geometry.to_numpy()[members]
        for number, flat_m, way in search_ways(
            surface, points, targets.shapes, limit_m=ground.limit_m
        ):
            found += _accesses(network, int(members[number]), targets, flat_m, way, at_node_m)
    added = _access_table(network, found)
    kept = accesses[~accesses["place_id"].isin(added["place_id"])]
    made = network
    if len(added):
        made = network.replace_tables(
            accesses=pd.concat([kept, added], ignore_index=True) if len(kept) else added
        )
    told = [*_attached(network, rows, added, ground), *_missing_ground(seen, ground)]
    return made, findings_table(told)


def walk_to_places(
    network: Network,
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    progress: Progress | None = None,
    **ground: Unpack[GroundOptions],
) -> gpd.GeoDataFrame:
    """Return the least-cost ways on foot from places straight to other places.

    Parameters
    ----------
    network
        The network: its places, waterways and zones count, its roads do not.
    origins, destinations
        Ids of places: villages, and the stations or camps that they could walk to.
    progress
        Called with a label and the share done.
    **ground
        ``elevation``, ``landcover``, ``landcover_speeds``, ``water``, ``fords``, ``max_hours``,
        ``resolution_m``, as in `attach_by_walking`.

    Returns
    -------
    geopandas.GeoDataFrame
        ``origin_id``, ``destination_id``, ``time_min`` (of an adult, moving), ``flat_m``,
        ``length_m`` (on the ellipsoid) and the line of the way; by origin, the nearest in time
        first; a pair out of reach, or in two countries, has no row.

    Raises
    ------
    InputError
        If a number is not above 0, a file cannot be read, or a grid would be too large.
    CRSError
        If a file has no coordinate reference system.
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> walks = walk_to_places(
    ...     load_toy().network, ["northtown"], ["midtown"], max_hours=40.0, resolution_m=2000.0
    ... )
    >>> (walks["time_min"] / 60).round().tolist()
    [37.0]
    """
    made = _ground(network, ground)
    starts = np.unique(network.place_positions(origins))
    ends = np.unique(network.place_positions(destinations))
    names = network.places["place_id"].to_numpy(dtype=object)
    _check_overlap(network, starts, ground)
    points: Shapes = network.places.geometry.to_numpy()
    countries = network.places["country"].to_numpy(dtype=object)
    rows: list[tuple[object, object, float]] = []
    lines: list[shapely.LineString] = []
    for country, members, surface in _windows(network, starts, made, progress):
        near = ends[(countries[ends] == country) & (surface.cells(_xy(points[ends])) >= 0)]
        for number, flat_m, way in search_ways(
            surface, points[members], points[near], limit_m=made.limit_m
        ):
            for target in np.flatnonzero(np.isfinite(flat_m) & (near != members[number])):
                rows.append((names[members[number]], names[near[target]], float(flat_m[target])))
                lines.append(way(int(target)))
    walks = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=["origin_id", "destination_id", "flat_m"]),
        geometry=gpd.GeoSeries(lines, crs=network.crs),
    ).astype({"origin_id": "str", "destination_id": "str", "flat_m": "float64"})
    length_m, stretch = _on_ellipsoid(walks)
    walks["flat_m"] *= stretch
    walks["length_m"] = length_m
    walks["time_min"] = flat_minutes(walks["flat_m"])
    columns = ["origin_id", "destination_id", "time_min", "flat_m", "length_m", "geometry"]
    order = ["origin_id", "flat_m", "destination_id"]
    return walks[columns].sort_values(order, ignore_index=True)


def add_walks(
    network: Network,
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    nearest: int = 3,
    progress: Progress | None = None,
    **ground: Unpack[GroundOptions],
) -> Network:
    """Return a network in which people also walk straight from places to other places.

    Each way becomes an edge of kind ``walk``, one for each direction, for uphill is not downhill.
    Disruptions act on it as on any edge, and the profiles that have the mode ``walk`` use it, at
    their speed for that kind (in `speeds`, class and surface are ``none``).

    Parameters
    ----------
    network
        The network; not changed.
    origins, destinations
        Ids of places: villages, and the stations or camps that they could walk to.
    nearest
        So many of the destinations, the nearest in time, are joined to each origin, >= 1.
    progress
        Called with a label and the share done.
    **ground
        As in `walk_to_places`.

    Returns
    -------
    Network
        With nodes at the places that do not stand at one, accesses to them, and the edges.
        ``length_m`` of an edge is its flat metres, so that its time is right, or the length of
        its line where that is more, so that no edge is shorter than the way.

    Raises
    ------
    InputError
        If a number is not above 0, a file cannot be read, or a grid would be too large.
    CRSError
        If a file has no coordinate reference system.
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> made = add_walks(
    ...     load_toy().network, ["northtown"], ["midtown"], max_hours=40.0, resolution_m=2000.0
    ... )
    >>> made.edges.loc[made.edges["kind"] == "walk", "edge_id"].tolist()
    ['walk-midtown-northtown', 'walk-northtown-midtown']
    """
    if nearest < 1:
        msg = f"nearest must be >= 1, not {nearest}"
        raise InputError(msg)
    starts, ends = list(origins), list(destinations)
    there = walk_to_places(network, starts, ends, progress=progress, **ground)
    there = there[there.groupby("origin_id").cumcount() < nearest]
    back = walk_to_places(network, ends, starts, progress=progress, **ground)
    pairs = set(zip(there["origin_id"], there["destination_id"], strict=True))
    wanted = [
        (b, a) in pairs and (a, b) not in pairs
        for a, b in zip(back["origin_id"], back["destination_id"], strict=True)
    ]
    walks = pd.concat([there, back[np.array(wanted, dtype=bool)]], ignore_index=True)
    if not len(walks):
        return network
    ids = sorted({*walks["origin_id"], *walks["destination_id"]})
    nodes, accesses, node_of = _place_nodes(network, ids)
    point_of = dict(zip(nodes["node_id"], nodes.geometry, strict=True))
    country = network.places.set_index("place_id")["country"]
    lines = [
        shapely.LineString(
            [point_of[node_of[a]], *list(line.coords)[1:-1], point_of[node_of[b]]]
        )
        for a, b, line in zip(
            walks["origin_id"], walks["destination_id"], walks.geometry, strict=True
        )
    ]  # fmt: skip
    edges = gpd.GeoDataFrame(
        {
            "edge_id": "walk-" + walks["origin_id"] + "-" + walks["destination_id"],
            "from_node_id": walks["origin_id"].map(node_of),
            "to_node_id": walks["destination_id"].map(node_of),
            "kind": "walk", "road_class": "none", "surface": "none", "oneway": True,
            "all_season": True, "bridge": False,
            "length_m": walks[["flat_m", "length_m"]].max(axis=1).round(1), "wait_min": 0.0,
            "country": walks["origin_id"].map(country), "source": WALK_SOURCE,
            "confidence": "low",
        },
        geometry=gpd.GeoSeries(lines, crs=network.crs), crs=network.crs,
    )  # fmt: skip
    return network.replace_tables(
        nodes=nodes, accesses=accesses,
        edges=pd.concat([network.edges, edges], ignore_index=True),
    )  # fmt: skip


def _place_nodes(
    network: Network, place_ids: list[str]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, dict[str, str]]:
    """Return nodes and accesses with a node at each of some places, and the node of each."""
    accesses = network.accesses
    at_node = accesses[accesses["edge_id"].isna() & (accesses["off_road_m"] <= AT_NODE_M)]
    node_of = dict(zip(at_node["place_id"], at_node["node_id"], strict=True))
    new = [name for name in place_ids if name not in node_of]
    node_of |= {name: f"walk-{name}" for name in new}
    if not new:
        return network.nodes, accesses, node_of
    places = network.places.iloc[network.place_positions(new)]
    points = places.geometry.to_numpy()
    ids = [node_of[name] for name in new]
    nodes = gpd.GeoDataFrame(
        {"node_id": ids, "kind": "settlement", "name": places["name"].to_numpy(),
         "country": places["country"].to_numpy()}, geometry=points, crs=network.crs,
    )  # fmt: skip
    steps = gpd.GeoDataFrame(
        {"access_id": "", "place_id": new, "node_id": ids, "edge_id": None, "off_road_m": 0.0,
         "along_m": 0.0},
        geometry=[shapely.LineString([point, point]) for point in points], crs=network.crs,
    ).astype({"edge_id": "str"})  # fmt: skip
    ways = pd.concat([accesses, steps], ignore_index=True) if len(accesses) else steps
    # those that were there before keep theirs
    ways["access_id"] = access_ids(ways["place_id"])
    return pd.concat([network.nodes, nodes], ignore_index=True), ways, node_of


def _ground(network: Network, options: GroundOptions) -> _Ground:
    """Return the ground, with the barriers of the network.

    Raises
    ------
    InputError
        If a number is not above 0, or an option is unknown.
    CRSError
        If a layer has no coordinate reference system.
    """
    strange = set(options) - set(GroundOptions.__annotations__)
    wrong = [f"unknown option {name!r}{suggest(name, GroundOptions.__annotations__)}"
             for name in sorted(strange)]  # fmt: skip
    max_hours = options.get("max_hours", 12.0)
    resolution_m = options.get("resolution_m", 250.0)
    wrong += [
        f"{name} must be > 0 {unit}, not {value:g}"
        for name, value, unit in (
            ("max_hours", max_hours, "h"), ("resolution_m", resolution_m, "m"),
        )
        if not (value > 0 and np.isfinite(value))
    ]  # fmt: skip
    if wrong:
        raise InputError(wrong)
    waterways = network.waterways
    barriers = waterways.loc[waterways["barrier"].to_numpy(dtype=bool)].geometry
    water, fords = options.get("water"), options.get("fords")
    if water is not None and len(water):
        if water.crs is None:
            msg = "water: has no coordinate reference system; set it with .set_crs(...)"
            raise CRSError(msg)
        more = water.geometry.to_crs(network.crs)
        barriers = gpd.GeoSeries(
            np.concatenate([barriers.to_numpy(), more.to_numpy()]), crs=network.crs
        )
    return _Ground(
        elevation=options.get("elevation"), landcover=options.get("landcover"),
        landcover_speeds=options.get("landcover_speeds"), water=barriers,
        fords=None if fords is None else fords.geometry, resolution_m=resolution_m,
        limit_m=max_hours * FLAT_KPH * KM_M,
    )  # fmt: skip


def _windows(
    network: Network,
    rows: npt.NDArray[np.integer],
    ground: _Ground,
    progress: Progress | None,
) -> Iterator[tuple[str, IntArray, FrictionSurface]]:
    """Go through places of one country that lie near each other, with the ground about them."""
    places = network.places.iloc[rows]
    side = max(TILE_M, ground.reach_m)
    points: Shapes = network.places.geometry.to_numpy()
    tile = np.floor(_xy(points[rows]) / side).astype(np.int64)
    table = pd.DataFrame(
        {"country": places["country"].to_numpy(), "east": tile[:, 0], "north": tile[:, 1],
         "row": rows.astype(np.int64)}
    )  # fmt: skip
    groups = list(table.groupby(["country", "east", "north"], sort=True)["row"])
    for done, (key, members) in enumerate(groups):
        if progress is not None:
            progress("Ways on foot", done / len(groups))
        country, group = str(key[0]), members.to_numpy(dtype=np.int64)
        west, south, east, north = shapely.total_bounds(points[group])
        reach = ground.reach_m
        box = (west - reach, south - reach, east + reach, north + reach)
        yield country, group, friction_surface(
            box, crs=network.crs, resolution_m=ground.resolution_m, elevation=ground.elevation,
            landcover=ground.landcover, landcover_speeds=ground.landcover_speeds,
            barriers=ground.water, fords=ground.fords, closed=_abroad(network, country, box),
        )  # fmt: skip
    if progress is not None:
        progress("Ways on foot", 1.0)


def _xy(points: Shapes) -> FloatArray:
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def _abroad(
    network: Network, country: str, box: tuple[float, float, float, float]
) -> gpd.GeoSeries | None:
    """Return the part of the zones of other countries that is not in one of this country."""
    zones = network.zones.iloc[network.zones.sindex.query(shapely.box(*box))]
    own = (zones["country"] == country).to_numpy(dtype=bool)
    if bool(own.all()):
        return None
    clipped = shapely.clip_by_rect(zones.geometry.to_numpy(), *box)
    foreign = shapely.difference(shapely.union_all(clipped[~own]), shapely.union_all(clipped[own]))
    return gpd.GeoSeries([foreign], crs=network.crs)


def _targets(network: Network, country: str, surface: FrictionSurface) -> _Targets:
    """Return the edges that a place of a country may attach to, and the settlements without one."""
    rows, columns = surface.shape
    box = shapely.box(
        surface.left_m, surface.top_m - rows * surface.resolution_m,
        surface.left_m + columns * surface.resolution_m, surface.top_m,
    )  # fmt: skip
    nodes, edges = network.nodes, network.edges
    home = np.array([is_missing(of) or of == country for of in nodes["country"]])
    tail = network.node_rows.get_indexer(pd.Index(edges["from_node_id"]))
    head = network.node_rows.get_indexer(pd.Index(edges["to_node_id"]))
    land = edges["kind"].isin(ATTACH_KINDS).to_numpy(dtype=bool)
    on_land = np.zeros(len(nodes), dtype=bool)
    on_land[tail[land]] = on_land[head[land]] = True
    lines, points = edges.geometry.to_numpy(), nodes.geometry.to_numpy()
    edge = np.flatnonzero(land & home[tail] & home[head])
    edge = edge[shapely.intersects(lines[edge], box)]
    node = np.flatnonzero(home & ~on_land & (nodes["kind"] == "settlement").to_numpy(dtype=bool))
    node = node[shapely.intersects(points[node], box)]
    return _Targets(
        shapes=np.concatenate([lines[edge], points[node]]),
        edge=np.concatenate([edge, np.full(len(node), -1)]).astype(np.int64),
        node=np.concatenate([np.full(len(edge), -1), node]).astype(np.int64),
    )


def _accesses(
    network: Network, place: int, targets: _Targets, flat_m: FloatArray,
    way_to: Callable[[int], shapely.LineString], at_node_m: float,
) -> list[dict[str, object]]:  # fmt: skip
    """Return the accesses of one place: the nearest in time first, three at most."""
    nodes, edges = network.nodes, network.edges
    place_id = str(network.places["place_id"].iloc[place])
    made: dict[str, dict[str, object]] = {}
    for target in np.argsort(flat_m, kind="stable"):
        if not np.isfinite(flat_m[target]) or len(made) == MAX_ACCESSES:
            break
        way = way_to(int(target))
        foot = shapely.get_point(way, -1)
        ends: list[tuple[str, str | None, float]] = []
        if targets.edge[target] < 0:
            ends.append((str(nodes["node_id"].iloc[int(targets.node[target])]), None, 0.0))
        else:
            edge = edges.iloc[int(targets.edge[target])]
            line = edge.geometry
            along = float(shapely.line_locate_point(line, foot))
            scale = float(edge["length_m"]) / max(line.length, 1e-9)
            ends = [
                (str(edge["from_node_id"]), str(edge["edge_id"]), along * scale),
                (str(edge["to_node_id"]), str(edge["edge_id"]), (line.length - along) * scale),
            ]
            ends.sort(key=lambda end: end[2])
            if ends[0][2] <= at_node_m:
                ends = [(ends[0][0], None, 0.0)]
        for node_id, edge_id, along_m in ends:
            if node_id in made or len(made) == MAX_ACCESSES:
                continue
            node = nodes.geometry.iloc[int(network.node_positions([node_id])[0])]
            walked, flat = way, float(flat_m[target])
            if edge_id is None and foot != node:
                # the last steps to the node are walked along the road
                walked = shapely.LineString([*way.coords, node])
                flat += walked.length - way.length
            made[node_id] = {
                "place_id": place_id, "node_id": node_id, "edge_id": edge_id,
                "along_m": along_m, "flat_m": flat, "walked": walked, "node": node,
            }  # fmt: skip
    return list(made.values())


def _access_table(network: Network, found: list[dict[str, object]]) -> gpd.GeoDataFrame:
    """Return accesses with lengths on the ellipsoid; schema `ACCESSES`."""
    table = pd.DataFrame(
        found, columns=["place_id", "node_id", "edge_id", "along_m", "flat_m", "walked", "node"]
    )
    walked = gpd.GeoDataFrame(geometry=gpd.GeoSeries(list(table["walked"]), crs=network.crs))
    length_m, stretch = _on_ellipsoid(walked)
    lines = [
        way if shapely.get_point(way, -1) == node else shapely.LineString([*way.coords, node])
        for way, node in zip(table["walked"], table["node"], strict=True)
    ]
    rows = pd.DataFrame(
        {
            "access_id": access_ids(table["place_id"]),
            "place_id": table["place_id"].astype("str"),
            "node_id": table["node_id"].astype("str"),
            "edge_id": table["edge_id"].astype("str"),
            "off_road_m": np.round(length_m, 1),
            "along_m": table["along_m"].astype(float).round(1),
            "off_road_flat_m": (table["flat_m"].astype(float) * stretch).round(1),
        }
    )
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(lines, crs=network.crs))


def _on_ellipsoid(lines: gpd.GeoDataFrame) -> tuple[FloatArray, FloatArray]:
    """Return lengths on the ellipsoid, m, and how far the projection is off: cost goes with it."""
    if not len(lines):
        return np.empty(0), np.empty(0)
    length_m: FloatArray = np.array(geodesic_length_m(lines), dtype=np.float64)
    drawn: FloatArray = shapely.length(lines.geometry.to_numpy())
    stretch: FloatArray = np.where(drawn > 0, length_m / np.maximum(drawn, 1e-9), 1.0)
    return length_m, stretch


def _check_overlap(network: Network, rows: npt.NDArray[np.integer], options: GroundOptions) -> None:
    """Check that rasters lie where the places are.

    Raises
    ------
    InputError
        If one does not.
    """
    box = shapely.box(*network.places.iloc[rows].to_crs(4326).total_bounds)
    for path in (options.get("elevation"), options.get("landcover")):
        if path is None or not len(rows):
            continue
        with open_raster(path) as raster:
            covered = shapely.box(*transform_bounds(raster.crs, "EPSG:4326", *raster.bounds))
        if not covered.intersects(box):
            west, south, east, north = covered.bounds
            msg = (
                f"{Path(path).name}: covers {west:.2f} to {east:.2f} E, {south:.2f} to {north:.2f} "
                f"N, where none of the places is; they are between {box.bounds[0]:.2f} and "
                f"{box.bounds[2]:.2f} E, {box.bounds[1]:.2f} and {box.bounds[3]:.2f} N"
            )
            raise InputError(msg)


def _missing_ground(
    seen: list[tuple[int, float, float]], ground: _Ground
) -> list[Finding]:  # fmt: skip
    """Tell how much of the ground is not known; each window counts by its places."""
    weight, *shares = np.array(seen, dtype=float).reshape(-1, 3).T
    found = []
    for name, given, share, taken in (
        ("elevation", ground.elevation, shares[0], "flat"),
        ("land cover", ground.landcover, shares[1], "firm ground"),
    ):  # fmt: skip
        if given is None or not share.any():
            continue
        mean = float(np.average(share, weights=weight))
        found.append(Finding(
            check=f"no {name}", severity="warning", table="accesses", id=Path(given).name,
            value=mean, unit="share",
            finding=f"{'under 0.1%' if mean < LEAST_SHARE else f'{mean:.1%}'} of the ground about "
            f"the places has no {name} in the file, and is taken as {taken}",
        ))  # fmt: skip
    return found


def _attached(
    network: Network, rows: npt.NDArray[np.integer], added: gpd.GeoDataFrame, ground: _Ground
) -> list[Finding]:
    """Return a finding for each place that was attached, or is still out of reach."""
    places = network.places.iloc[rows]
    points = places.geometry.to_crs(4326)
    nearest = added.sort_values("off_road_flat_m", kind="stable").drop_duplicates("place_id")
    ways = {str(way["place_id"]): way for way in records(nearest)}
    has = set(network.accesses["place_id"])
    hours = ground.limit_m / KM_M / FLAT_KPH
    found: list[Finding] = []
    for place, point in zip(records(places), points, strict=True):
        name, people = str(place["place_id"]), place["population_persons"]
        persons = 0.0 if is_missing(people) else float(people)
        if name in ways:
            way = ways[name]
            where = way["node_id"] if is_missing(way["edge_id"]) else way["edge_id"]
            walked_h = float(flat_minutes(way["off_road_flat_m"])) / MIN_PER_H
            found.append(Finding(
                check="attached on foot", severity="note", table="places", id=name,
                geometry=point, persons=persons, value=way["off_road_m"], unit="m",
                finding=f"{way['off_road_m'] / KM_M:.1f} km off the road to {where!r}, "
                f"{walked_h:.1f} h of walking, as long as {way['off_road_flat_m'] / KM_M:.1f} km "
                "on flat firm ground",
            ))  # fmt: skip
        elif name not in has:
            found.append(Finding(
                check="out of reach on foot", severity="warning", table="places", id=name,
                geometry=point, persons=persons, value=hours, unit="h",
                finding=f"no way of {hours:g} h of walking or less leads to the network, or water "
                "or a border is in the way: what is asked of it stays unknown",
            ))  # fmt: skip
    return found
