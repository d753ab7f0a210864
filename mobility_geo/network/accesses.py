"""Attach places to the network by accesses, never by making them through nodes."""

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
    land = edges[edges["kind"].isin(ATTACH_KINDS)].reset_index(drop=True)
    on_land = nodes["node_id"].isin([*land["from_node_id"], *land["to_node_id"]])
    ends = nodes[on_land | (nodes["kind"] == "settlement")]
    ends = ends.reset_index(drop=True)
    node_shape = dict(zip(nodes["node_id"], nodes.geometry, strict=True))
    barriers = waterways.loc[waterways["barrier"].to_numpy(dtype=bool)].geometry.to_numpy()
    barrier_tree = shapely.STRtree(barriers)
    lines = land.geometry.to_numpy()
    edge_tree = shapely.STRtree(lines)
    node_tree = shapely.STRtree(ends.geometry.to_numpy())
    points: list[shapely.Point] = list(places.geometry.to_numpy())
    end_ids = ends["node_id"].to_numpy(dtype=object)
    end_points = ends.geometry.to_numpy()
    edge_ids = land["edge_id"].to_numpy(dtype=str)
    of_node = dict(zip(nodes["node_id"], nodes["country"], strict=True))

    def abroad(country: str, node_id: str) -> bool:
        """Say whether a node lies in another country: no access leads over a border."""
        return not is_missing(of_node[node_id]) and of_node[node_id] != country

    def behind_water(way: shapely.LineString) -> bool:
        return way.length > 0 and len(barrier_tree.query(way, predicate="crosses")) > 0

    rows: list[dict[str, object]] = []
    for place_id, country, point in zip(places["place_id"], places["country"], points, strict=True):
        here = node_tree.query(point, predicate="dwithin", distance=AT_NODE_M)
        apart = shapely.distance(end_points[here], point)
        nearest = next(
            (
                (end_ids[number], gap)
                for number, gap in sorted(
                    zip(here, apart, strict=True), key=lambda item: (item[1], end_ids[item[0]])
                )
                if not abroad(country, end_ids[number])
                and not behind_water(shapely.LineString([point, end_points[number]]))
            ),
            None,
        )
        if nearest is not None:
            node_id, gap = nearest
            rows.append(_row(place_id, node_id, None, float(gap), 0.0, point,
                             node_shape[node_id]))  # fmt: skip
            continue
        near = edge_tree.query(point, predicate="dwithin", distance=max_distance_m)
        order = np.lexsort((edge_ids[near], shapely.distance(lines[near], point)))
        taken: set[str] = set()
        for position in near[order]:
            edge = land.iloc[int(position)]
            line: shapely.LineString = lines[position]
            along = float(shapely.line_locate_point(line, point))
            foot = shapely.line_interpolate_point(line, along)
            way = shapely.LineString([point, foot])
            if behind_water(way) or any(
                abroad(country, edge[column]) for column in ("from_node_id", "to_node_id")
            ):
                continue
            scale = edge["length_m"] / max(line.length, 1e-9)
            for node_id, share in (
                (edge["from_node_id"], along),
                (edge["to_node_id"], line.length - along),
            ):
                if node_id in taken or len(taken) == MAX_ACCESSES:
                    continue
                taken.add(node_id)
                rows.append(_row(place_id, node_id, edge["edge_id"], float(way.length),
                                 float(share * scale), point, node_shape[node_id],
                                 foot))  # fmt: skip
            if len(taken) == MAX_ACCESSES:
                break
    frame = pd.DataFrame(
        rows, columns=["place_id", "node_id", "edge_id", "off_road_m", "along_m", "geometry"]
    )
    frame["edge_id"] = frame["edge_id"].astype("str")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=edges.crs)


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
