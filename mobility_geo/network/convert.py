"""To and from networkx, in the conventions of osmnx."""

from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError, InputError
from mobility_geo.network.build import build_network
from mobility_geo.network.model import Network
from mobility_geo.schema import (
    CROSSINGS,
    EDGES,
    NODES,
    PLACES,
    WATERWAYS,
    ZONES,
    TableSchema,
    is_missing,
    records,
)

TABLES_KEY = "mobility_geo_tables"
OSM_CLASS = {
    "motorway": "primary", "trunk": "primary", "primary": "primary", "secondary": "secondary",
    "tertiary": "tertiary", "unclassified": "tertiary", "residential": "tertiary",
    "service": "tertiary", "living_street": "tertiary", "track": "track", "path": "track",
}  # fmt: skip
OSM_SURFACE = {
    "asphalt": "paved", "paved": "paved", "concrete": "paved", "gravel": "gravel",
    "fine_gravel": "gravel", "compacted": "gravel", "unpaved": "earth", "ground": "earth",
    "dirt": "earth", "earth": "earth", "sand": "sand",
}  # fmt: skip
CLASS_SURFACE = {"primary": "paved", "secondary": "gravel", "tertiary": "earth", "track": "earth"}


def to_networkx(network: Network) -> "nx.MultiDiGraph[str]":
    """Return the network as a directed multigraph in the conventions of osmnx.

    Nodes carry ``x``, ``y`` and the columns of `Network.nodes`; each arc is one directed edge,
    keyed by 0, 1, ... among parallels, with ``length`` in metres, ``geometry`` in its direction
    of travel and the columns of `Network.edges`. The other tables travel in the attributes of
    the graph, so that `from_networkx` returns an identical network.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    networkx.MultiDiGraph
        With ``graph["crs"]``, as osmnx has it.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> graph = to_networkx(network)
    >>> graph.number_of_edges() == len(network.arcs)
    True
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(crs=network.crs.to_wkt(), name=network.name)
    graph.graph[TABLES_KEY] = {
        table: getattr(network, table).copy()
        for table in ("zones", "crossings", "places", "accesses", "waterways", "seasons",
                      "profiles", "speeds")
    }  # fmt: skip
    points = network.nodes.geometry
    plain = pd.DataFrame(network.nodes.drop(columns=points.name))
    for record, x, y in zip(records(plain), points.x, points.y, strict=True):
        graph.add_node(str(record["node_id"]), x=x, y=y, **record)
    lines = network.edges.geometry
    rows = records(pd.DataFrame(network.edges.drop(columns=lines.name)))
    for edge, forward in zip(network.arcs.edge, network.arcs.forward, strict=True):
        record, line = rows[edge], lines.iloc[int(edge)]
        ends = str(record["from_node_id"]), str(record["to_node_id"])
        graph.add_edge(
            *(ends if forward else ends[::-1]),
            length=record["length_m"],
            geometry=line if forward else line.reverse(),
            reversed=not forward,
            **record,
        )
    return graph


def from_networkx(
    graph: "nx.MultiDiGraph[str]",
    *,
    name: str | None = None,
    profiles: pd.DataFrame | None = None,
    speeds: pd.DataFrame | None = None,
    seasons: pd.DataFrame | None = None,
    crs: pyproj.CRS | str | int | None = None,
) -> Network:
    """Return a network from a graph of `to_networkx`, or from an osmnx graph as it comes.

    For an osmnx graph, the two directions of one way become one edge; ``highway`` and
    ``surface`` become class and surface (without ``surface``: paved for primary roads, gravel
    for secondary, earth else); ``route=ferry`` becomes a ferry. Such a graph has no border
    crossings, zones or places: add them with `Network.replace_tables`.

    Parameters
    ----------
    graph
        With ``graph["crs"]`` and ``x``, ``y`` on the nodes.
    name
        Name of the network; the graph's own if left out.
    profiles, speeds, seasons
        Needed unless the graph is from `to_networkx`; the tables of `load_mali().network` serve.
    crs
        Metric coordinate reference system; the graph's own if it is metric, else centred on it.

    Returns
    -------
    Network
        Checked.

    Raises
    ------
    CRSError
        If the graph has no ``crs``.
    InputError
        If the graph is empty, nodes have no ``x`` and ``y``, or a table is missing.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> from_networkx(to_networkx(network)).content_hash() == network.content_hash()
    True
    """
    if "crs" not in graph.graph:
        msg = "the graph has no graph['crs']; osmnx sets it, else set it to an EPSG code or WKT"
        raise CRSError(msg)
    if not graph.number_of_edges():
        msg = "the graph has no edges"
        raise InputError(msg)
    tables = dict(graph.graph.get(TABLES_KEY, {}))
    for key, table in (("profiles", profiles), ("speeds", speeds), ("seasons", seasons)):
        if table is not None:
            tables[key] = table
        elif key not in tables:
            msg = f"the graph brings no {key}; give {key}=..., e.g. load_mali().network.{key}"
            raise InputError(msg)
    source = pyproj.CRS(graph.graph["crs"])
    nodes, edges = _nodes(graph, source), _edges(graph, source)
    for schema in (ZONES, CROSSINGS, PLACES, WATERWAYS):
        tables.setdefault(schema.name, _no_rows(schema, source))
    return build_network(
        name=name or str(graph.graph.get("name") or "network"),
        nodes=nodes,
        edges=edges,
        crs=crs or (source if source.is_projected else None),
        **tables,
    )


def _no_rows(schema: TableSchema, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({name: [] for name in schema.names}, geometry=[], crs=crs)


def _nodes(graph: "nx.MultiDiGraph[str]", crs: pyproj.CRS) -> gpd.GeoDataFrame:
    bad = [node for node, data in graph.nodes(data=True) if "x" not in data or "y" not in data]
    if bad:
        msg = f"nodes must have x and y; missing in {len(bad)} nodes, e.g. {bad[:3]}"
        raise InputError(msg)
    rows = [
        {"node_id": str(node), "kind": "junction",
         **{key: value for key, value in data.items() if key in NODES.names},
         "geometry": shapely.Point(data["x"], data["y"])}
        for node, data in graph.nodes(data=True)
    ]  # fmt: skip
    return gpd.GeoDataFrame(pd.DataFrame(rows).reindex(columns=[*NODES.names, "geometry"]),
                            geometry="geometry", crs=crs)  # fmt: skip


def _one(value: object, fallback: str) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return fallback if is_missing(value) else str(value)


def _osm_edge(u: str, v: str, key: int, data: dict[str, object]) -> dict[str, object]:
    ferry = _one(data.get("route"), "") == "ferry"
    highway = _one(data.get("highway"), "unclassified").removesuffix("_link")
    road_class = "none" if ferry else OSM_CLASS.get(highway, "tertiary")
    surface = OSM_SURFACE.get(_one(data.get("surface"), ""), CLASS_SURFACE.get(road_class, ""))
    kind = "ferry" if ferry else "track" if road_class == "track" else "road"
    ref, title = _one(data.get("ref"), ""), _one(data.get("name"), "")
    return {
        "edge_id": f"{u}-{v}-{key}",
        "from_node_id": str(u),
        "to_node_id": str(v),
        "kind": kind,
        "road_class": road_class,
        "surface": "water" if ferry else surface,
        "ref": ref or None,
        "name": title or None,
        "oneway": True,
        "bridge": _one(data.get("bridge"), "no") not in {"no", ""},
        "length_m": float(str(data["length"])) if "length" in data else np.nan,
        "wait_min": 0.0,
        "source": f"OpenStreetMap way {_one(data.get('osmid'), 'unknown')}, ODbL",
        "confidence": "medium" if highway in OSM_CLASS else "low",
    }


def _other_direction(
    back: dict[str, Any], line: shapely.LineString, data: dict[str, Any], crs: pyproj.CRS
) -> bool:
    """Say whether an arc is the other direction of an edge that is there already."""
    one_way = data.get("oneway", False)
    if one_way in {True, "yes", "true", "1"} or not back["oneway"]:
        return False
    near = 0.01 if crs.is_projected else 1e-7
    return bool(line.reverse().equals_exact(back["geometry"], near))


def _edges(graph: "nx.MultiDiGraph[str]", crs: pyproj.CRS) -> gpd.GeoDataFrame:
    points = {n: shapely.Point(d["x"], d["y"]) for n, d in graph.nodes(data=True)}
    rows: dict[object, dict[str, object]] = {}
    for u, v, key, data in graph.edges(keys=True, data=True):
        line = data.get("geometry", shapely.LineString([points[u], points[v]]))
        if "edge_id" in data:
            if not data.get("reversed", False):
                kept = {name: data.get(name) for name in EDGES.names}
                rows[data["edge_id"]] = {**kept, "geometry": line}
            continue
        row = {**_osm_edge(u, v, key, data), "geometry": line}
        ids = data.get("osmid")
        way = tuple(sorted(map(str, ids if isinstance(ids, list) else [ids])))
        back = rows.get((v, u, way))
        if back is not None and _other_direction(back, line, data, crs):
            back["oneway"] = False
        elif (u, v, way) in rows:
            rows[u, v, way, key] = row  # a true parallel
        else:
            rows[u, v, way] = row
    frame = pd.DataFrame(list(rows.values())).reindex(columns=[*EDGES.names, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)
