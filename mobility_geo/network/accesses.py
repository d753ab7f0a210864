"""Attach places to the network by accesses, never by making them through nodes."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mobility_geo.schema import is_missing

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
    barrier = waterways["barrier"].to_numpy(dtype=bool)
    barrier_tree = shapely.STRtree(waterways.loc[barrier].geometry.to_numpy())
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
        taken: set[int] = set()
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
            for row, share in zip(ends_of, (along, line.length - along), strict=True):
                if row in taken or len(taken) == MAX_ACCESSES:
                    continue
                taken.add(row)
                rows.append(_row(place_id, node_ids[row], edge_ids[position], float(way.length),
                                 float(share * scale), point, node_points[row],
                                 foot))  # fmt: skip
            if len(taken) == MAX_ACCESSES:
                break
    frame = pd.DataFrame(
        rows, columns=["place_id", "node_id", "edge_id", "off_road_m", "along_m", "geometry"]
    )
    frame["edge_id"] = frame["edge_id"].astype("str")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=edges.crs)


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
    tree: shapely.STRtree, lines: "np.typing.NDArray[np.object_]", point: shapely.Point, most: float
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
