"""Attach places to the network by accesses, never by making them through nodes."""

from collections.abc import Iterator
from operator import itemgetter

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.network.model import Network
from mobility_geo.schema import is_missing

OFF_ROAD_KIND = "walk"
"""Ways off the road count as edges of this kind to a disruption that is narrowed by kinds."""

ATTACH_KINDS = ("road", "track", "walk", "corridor")
"""Edge kinds that a place may attach to; boats are boarded at ports, borders at posts."""

AT_NODE_M = 100.0
"""A place this near to a node counts as being at it, in metres."""

MAX_ACCESSES = 3

BANK_M = 0.01
"""A way that meets water only this near to its end stays on the bank, in metres."""

NEAR_M = 500.0
"""The first circle in which ways are looked for, in metres."""


def attach_places(
    places: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    waterways: gpd.GeoDataFrame,
    *,
    max_distance_m: float = 15_000.0,
) -> gpd.GeoDataFrame:
    """Attach each place to the network by up to three accesses.

    A place within 100 m of a node has one access, to that node. Any other place reaches the
    nearest point of the nearest edges, and from there the ends of the edge along it; such an
    access is closed when its part of the edge is. No access runs across a waterway that is a
    barrier, or into another country.
    A place farther than `max_distance_m` from every edge gets no access: what is reached from
    there is *unknown*, not zero.

    Parameters
    ----------
    places, nodes, edges, waterways
        Layers in one metric coordinate reference system.
    max_distance_m
        Longest way off the road, in metres, >= 0.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `ACCESSES`; the line runs from the place to the point where it meets the network,
        and serves as the audit layer of every snap.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> n = load_toy().network
    >>> made = attach_places(n.places, n.nodes, n.edges, n.waterways)
    >>> set(made["place_id"]) <= set(n.places["place_id"])
    True
    """
    # by id, so that the row decides between ways that are equally near
    land = edges[edges["kind"].isin(ATTACH_KINDS)].sort_values("edge_id").reset_index(drop=True)
    on_land = nodes["node_id"].isin([*land["from_node_id"], *land["to_node_id"]])
    ends = nodes[on_land | (nodes["kind"] == "settlement")].reset_index(drop=True)
    barrier_tree = shapely.STRtree(waterways.geometry.to_numpy()[waterways["barrier"]])
    lines = land.geometry.to_numpy()
    edge_tree = shapely.STRtree(lines)
    node_tree = shapely.STRtree(ends.geometry.to_numpy())
    points: list[shapely.Point] = list(places.geometry.to_numpy())
    end_ids = ends["node_id"].to_numpy(dtype=object)
    end_points = ends.geometry.to_numpy()
    rows_of = pd.Index(nodes["node_id"])
    from_row, to_row = (rows_of.get_indexer(land[name]) for name in ("from_node_id", "to_node_id"))
    node_ids = nodes["node_id"].to_numpy(dtype=object)
    node_points = nodes.geometry.to_numpy()
    countries = nodes["country"].to_numpy(dtype=object)
    end_rows = rows_of.get_indexer(ends["node_id"])
    edge_ids = land["edge_id"].to_numpy(dtype=object)
    lengths = land["length_m"].to_numpy(dtype=float)

    def abroad(country: str, row: int) -> bool:
        """Say whether a node lies in another country: no access leads over a border."""
        return not is_missing(countries[row]) and countries[row] != country

    rows: list[dict[str, object]] = []
    for place_id, country, point in zip(places["place_id"], places["country"], points, strict=True):
        here = node_tree.query(point, predicate="dwithin", distance=AT_NODE_M)
        apart = shapely.distance(end_points[here], point)
        nearest = next(
            (
                (end_rows[number], gap)
                for number, gap in sorted(
                    zip(here, apart, strict=True), key=lambda item: (item[1], end_ids[item[0]])
                )
                if not abroad(country, end_rows[number])
                and not _behind_water(barrier_tree, shapely.LineString([point, end_points[number]]))
            ),
            None,
        )
        if nearest is not None:
            row, gap = nearest
            rows.append(_row(place_id, node_ids[row], None, float(gap), 0.0, point,
                             node_points[row]))  # fmt: skip
            continue
        taken: list[int] = []
        for position in _nearest_first(edge_tree, lines, point, max_distance_m):
            ends_of = from_row[position], to_row[position]
            if any(abroad(country, row) for row in ends_of):
                continue
            line: shapely.LineString = lines[position]
            along = float(shapely.line_locate_point(line, point))
            foot = shapely.line_interpolate_point(line, along)
            way = shapely.LineString([point, foot])
            if _behind_water(barrier_tree, way):
                continue
            scale = lengths[position] / max(line.length, 1e-9)
            ways = list(zip(ends_of, (along, line.length - along), strict=True))
            # of two roads that join the same nodes one may be closed, and the other not
            new = [way for way in ways if way[0] not in taken] or [min(ways, key=itemgetter(1))]
            for row, share in new[: MAX_ACCESSES - len(taken)]:
                taken.append(row)
                rows.append(_row(place_id, node_ids[row], edge_ids[position], float(way.length),
                                 float(share * scale), point, node_points[row],
                                 foot))  # fmt: skip
            if len(taken) == MAX_ACCESSES:
                break
    frame = pd.DataFrame(
        rows, columns=["place_id", "node_id", "edge_id", "off_road_m", "along_m", "geometry"]
    )
    frame["edge_id"] = frame["edge_id"].astype("str")
    frame.insert(0, "access_id", access_ids(frame["place_id"]))
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=edges.crs)


def access_ids(place_ids: pd.Series) -> pd.Series:
    """Return an id for each access: its place, and a number that counts up within the place.

    Parameters
    ----------
    place_ids
        Place of each access, the nearest first within a place.

    Returns
    -------
    pandas.Series
        Text, all different.

    Examples
    --------
    >>> access_ids(pd.Series(["gao", "mopti", "gao"])).tolist()
    ['access/gao/1', 'access/mopti/1', 'access/gao/2']
    """
    number = place_ids.groupby(place_ids).cumcount() + 1
    return ("access/" + place_ids.astype("str") + "/" + number.astype("str")).astype("str")


def off_road_lines(accesses: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return the part of each access that lies off the road.

    Parameters
    ----------
    accesses
        Schema `ACCESSES`.

    Returns
    -------
    numpy.ndarray
        LineStrings, one per access: all of its line if it ends at a node, else without the way
        along the edge. Of no length where the place stands at the road.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> accesses = load_toy().network.accesses
    >>> len(off_road_lines(accesses)) == len(accesses)
    True
    """
    lines = accesses.geometry.to_numpy()
    along = accesses["edge_id"].notna().to_numpy(dtype=bool)
    corners, owner = shapely.get_coordinates(lines, return_index=True)
    # the last step of an access along an edge goes from its foot point to the node
    last = np.append(owner[1:] != owner[:-1], True) if len(owner) else np.empty(0, dtype=bool)
    short = along & (np.bincount(owner, minlength=len(lines)) == len(("place", "node")))
    corners[last & short[owner]] = corners[np.flatnonzero(last & short[owner]) - 1]
    kept = ~(last & (along & ~short)[owner])
    made: npt.NDArray[np.object_] = shapely.linestrings(corners[kept], indices=owner[kept])
    return made


def is_off_road(accesses: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Say for each access whether it has a way off the road that something may happen on.

    Parameters
    ----------
    accesses
        Schema `ACCESSES`.

    Returns
    -------
    numpy.ndarray
        False for places that stand at a node, within 100 m, or on an edge.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> len(is_off_road(load_toy().network.accesses)) > 0
    True
    """
    way = accesses["off_road_m"].to_numpy(dtype=float)
    at_node = accesses["edge_id"].isna().to_numpy(dtype=bool) & (way <= AT_NODE_M)
    off_road: npt.NDArray[np.bool_] = ~at_node & (way > 0)
    return off_road


def lines_to_measure(network: Network) -> gpd.GeoDataFrame:
    """Return edges and ways off the road, as the lines that disruptions are measured along.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    geopandas.GeoDataFrame
        ``edge_id`` (for a way off the road the ``access_id``), ``kind`` (``walk`` there),
        ``bridge``, ``country``, ``length_m`` and the line.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> len(lines_to_measure(network)) >= len(network.edges)
    True
    """
    columns = ["edge_id", "kind", "bridge", "country", "length_m", "geometry"]
    edges = network.edges[columns]
    accesses, lines = network.accesses, off_road_lines(network.accesses)
    long = is_off_road(accesses)
    if not bool(long.any()):
        return edges
    country = network.places["country"].to_numpy(dtype=object)
    place = network.place_rows.get_indexer(pd.Index(accesses["place_id"]))
    off_road = gpd.GeoDataFrame(
        {"edge_id": accesses["access_id"], "kind": OFF_ROAD_KIND, "bridge": False,
         "country": country[place], "length_m": accesses["off_road_m"]},
        geometry=lines, crs=network.crs,
    ).astype({"kind": edges["kind"].dtype, "country": edges["country"].dtype})  # fmt: skip
    return pd.concat([edges, off_road[long]], ignore_index=True)


def check_measured(network: Network, edge_ids: npt.NDArray[np.object_]) -> None:
    """Check that a network has the edges and ways off the road that something was measured on.

    Parameters
    ----------
    network
        The network.
    edge_ids
        Ids of edges and of accesses, as in `lines_to_measure`; they may repeat.

    Raises
    ------
    UnknownIdError
        Names every id that is not there, with the nearest one that is.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> check_measured(network, lines_to_measure(network)["edge_id"].to_numpy())
    """
    ids = pd.unique(edge_ids)
    network.edge_positions(ids[network.access_rows.get_indexer(pd.Index(ids)) < 0].tolist())


def _behind_water(barriers: shapely.STRtree, way: shapely.LineString) -> bool:
    if way.length == 0:
        return False
    # a river in two pieces is crossed where they meet as well; a place or road on the bank is not
    near = barriers.query(way, predicate="intersects")
    ends = shapely.points(shapely.get_coordinates(way)[[0, -1]])
    for river in barriers.geometries[near]:
        met = shapely.intersection(way, river)
        if shapely.length(met) > 0 or not bool(
            shapely.dwithin(shapely.get_parts(met)[:, None], ends, BANK_M).any(axis=1).all()
        ):
            return True
    return False


def _nearest_first(
    tree: shapely.STRtree, lines: npt.NDArray[np.object_], point: shapely.Point, most: float
) -> Iterator[int]:
    """Go through the lines within a distance, the nearest first, looking no farther than needed."""
    known, reach = -1.0, min(NEAR_M, most)
    while known < most:
        near = tree.query(point, predicate="dwithin", distance=reach)
        apart = shapely.distance(lines[near], point)
        new = apart > known
        order = np.lexsort((near[new], apart[new]))
        yield from near[new][order].tolist()
        known, reach = reach, min(4 * reach, most)


def _row(
    place_id: str,
    node_id: str,
    edge_id: str | None,
    off_road_m: float,
    along_m: float,
    point: shapely.Point,
    node: shapely.Point,
    foot: shapely.Point | None = None,
) -> dict[str, object]:
    stops = [point, node] if foot is None else [point, foot, node]
    return {
        "place_id": place_id,
        "node_id": node_id,
        "edge_id": edge_id,
        "off_road_m": round(off_road_m, 1),
        "along_m": round(along_m, 1),
        "geometry": shapely.LineString(stops),
    }
