"""Graphs of osmnx and networkx as nodes and edges: in memory, as GraphML, as GeoPackage."""

import ast
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError, InputError
from mobility_geo.schema import EDGES, NODES, is_missing
from mobility_geo.sources.archives import existing_file
from mobility_geo.sources.files import read_features
from mobility_geo.sources.geodesy import geodesic_length_m
from mobility_geo.sources.osm import LICENCE
from mobility_geo.sources.osm_tags import KEYS, edge_attributes
from mobility_geo.sources.reading import Finding, Reading, findings_table

Layers = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]

ONE_WAY: Final = frozenset({True, "yes", "true", "True", "1"})


def graph_tables(graph: "nx.MultiDiGraph[Any]", crs: pyproj.CRS) -> Layers:
    """Return the nodes and edges of a graph in the conventions of osmnx.

    The two directions of one way become one edge. What tags mean is in the table
    ``data/network/osm_tags.csv``, as for files of OpenStreetMap. Arcs that carry an ``edge_id``
    are taken as `mobility_geo.network.to_networkx` wrote them.

    Parameters
    ----------
    graph
        Nodes with ``x`` and ``y``; arcs perhaps with ``geometry``, ``length`` (m) and tags.
    crs
        Coordinate reference system of the coordinates.

    Returns
    -------
    nodes, edges
        Schemas `NODES` and `EDGES`, in `crs`; ``length_m`` is missing where the graph has none.

    Raises
    ------
    InputError
        If the graph has no edges, or nodes have no ``x`` and ``y``.

    Examples
    --------
    >>> graph = nx.MultiDiGraph(crs="epsg:4326")
    >>> graph.add_nodes_from([(1, {"x": 0, "y": 0}), (2, {"x": 1, "y": 0})])
    >>> _ = graph.add_edge(1, 2, highway="track"), graph.add_edge(2, 1, highway="track")
    >>> nodes, edges = graph_tables(graph, pyproj.CRS(4326))
    >>> edges["kind"].tolist(), edges["oneway"].tolist()
    (['track'], [False])
    """
    if not graph.number_of_edges():
        msg = "the graph has no edges"
        raise InputError(msg)
    bad = [node for node, data in graph.nodes(data=True) if "x" not in data or "y" not in data]
    if bad:
        msg = f"nodes must have x and y; missing in {len(bad)} nodes, e.g. {bad[:3]}"
        raise InputError(msg)
    return _nodes(graph, crs), _edges(graph, crs)


def _nodes(graph: "nx.MultiDiGraph[Any]", crs: pyproj.CRS) -> gpd.GeoDataFrame:
    rows = [
        {"node_id": str(node), "kind": "junction",
         **{key: value for key, value in data.items() if key in NODES.names},
         "geometry": shapely.Point(data["x"], data["y"])}
        for node, data in graph.nodes(data=True)
    ]  # fmt: skip
    return gpd.GeoDataFrame(pd.DataFrame(rows).reindex(columns=[*NODES.names, "geometry"]),
                            geometry="geometry", crs=crs)  # fmt: skip


def _first(value: object) -> object:
    """Return a tag: of several ways that were made one edge, that of the first."""
    if isinstance(value, list):
        value = value[0] if value else None
    return None if is_missing(value) else str(value)


def _edges(graph: "nx.MultiDiGraph[Any]", crs: pyproj.CRS) -> gpd.GeoDataFrame:
    points = {n: shapely.Point(d["x"], d["y"]) for n, d in graph.nodes(data=True)}
    arcs = list(graph.edges(keys=True, data=True))
    foreign = [(u, v, key, data) for u, v, key, data in arcs if "edge_id" not in data]
    tags = pd.DataFrame(
        [[_first(data.get(key)) for key in KEYS] for *_, data in foreign],
        columns=list(KEYS), dtype="object",
    )  # fmt: skip
    what = iter(edge_attributes(tags).to_dict("records"))
    rows: dict[object, dict[str, Any]] = {}
    for u, v, key, data in arcs:
        line = data.get("geometry", shapely.LineString([points[u], points[v]]))
        if "edge_id" in data:
            if not data.get("reversed", False):
                kept = {name: data.get(name) for name in EDGES.names}
                rows[data["edge_id"]] = {**kept, "geometry": line}
            continue
        row = {**_edge(u, v, key, data, next(what)), "geometry": line}
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


def _edge(
    u: object, v: object, key: object, data: Mapping[str, Any], what: Mapping[Hashable, Any]
) -> dict[str, Any]:
    """Return an arc as an edge; of a class that no table knows: a small road, confidence low."""
    known = not is_missing(what["kind"])
    return {
        "edge_id": f"{u}-{v}-{key}",
        "from_node_id": str(u),
        "to_node_id": str(v),
        "kind": what["kind"] if known else "road",
        "road_class": what["road_class"] if known else "tertiary",
        "surface": what["surface"] if known else "earth",
        "ref": _first(data.get("ref")),
        "name": _first(data.get("name")),
        "oneway": True,
        "all_season": bool(what["all_season"]),
        "bridge": bool(what["bridge"]),
        "length_m": float(str(data["length"])) if "length" in data else np.nan,
        "wait_min": 0.0,
        "source": f"OpenStreetMap way {_first(data.get('osmid')) or 'unknown'}, ODbL",
        "confidence": "medium" if known and what["tagged"] else "low",
    }


def _other_direction(
    back: dict[str, Any], line: shapely.LineString, data: Mapping[str, Any], crs: pyproj.CRS
) -> bool:
    """Say whether an arc is the other direction of an edge that is there already."""
    if data.get("oneway", False) in ONE_WAY or not back["oneway"]:
        return False
    near = 0.01 if crs.is_projected else 1e-7
    return bool(line.reverse().equals_exact(back["geometry"], near))


def graph_reading(graph: "nx.MultiDiGraph[Any]", file: str, crs: pyproj.CRS) -> Reading:
    """Return a graph as tables in WGS 84.

    Parameters
    ----------
    graph
        In the conventions of osmnx.
    file
        What to call it in messages.
    crs
        Coordinate reference system of its coordinates.

    Returns
    -------
    Reading
        Tables ``nodes`` and ``edges``; lengths that the graph does not have are geodesic.

    Raises
    ------
    InputError
        If the graph has no edges, or nodes have no ``x`` and ``y``.

    Examples
    --------
    >>> graph = nx.MultiDiGraph()
    >>> graph.add_nodes_from([(1, {"x": 0, "y": 0}), (2, {"x": 1, "y": 0})])
    >>> _ = graph.add_edge(1, 2, highway="track")
    >>> round(graph_reading(graph, "x", pyproj.CRS(4326)).tables["edges"]["length_m"].iloc[0])
    111319
    """
    nodes, edges = graph_tables(graph, crs)
    geodesic = geodesic_length_m(edges)
    missing = edges["length_m"].isna()
    edges["length_m"] = edges["length_m"].where(~missing, geodesic)
    findings = []
    if bool(missing.any()):
        findings.append(
            Finding(check="no length", severity="note", table="edges", unit="edges",
                    id=f"{int(missing.sum())} edges", value=float(missing.sum()),
                    finding="the graph gives none: measured along the line on the ellipsoid")
        )  # fmt: skip
    arcs = graph.number_of_edges()
    return Reading(
        file=file, publisher="graph of osmnx", licence=LICENCE,
        tables={"nodes": nodes.to_crs(4326), "edges": edges.to_crs(4326)},
        rows_read=arcs, rows_kept=arcs, findings=findings_table(findings),
    )  # fmt: skip


def read_graphml(path: str | Path, *, crs: pyproj.CRS | str | int | None = None) -> Reading:
    """Read a graph from GraphML, as ``osmnx.save_graphml`` or networkx write it.

    Parameters
    ----------
    path
        ``.graphml``.
    crs
        Coordinate reference system, where the file states none.

    Returns
    -------
    Reading
        Tables ``nodes`` and ``edges`` in WGS 84.

    Raises
    ------
    InputError
        If the file is missing, is no GraphML, or its nodes have no ``x`` and ``y``.
    CRSError
        If it states no coordinate reference system.

    Examples
    --------
    >>> read_graphml("nowhere.graphml")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.graphml: no such file
    """
    file = existing_file(path)
    try:
        read = nx.read_graphml(file, force_multigraph=True)
    except (ParseError, nx.NetworkXError, KeyError, ValueError, UnicodeDecodeError) as error:
        msg = f"{path}: not GraphML, or damaged: {error}"
        raise InputError(msg) from error
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(read)
    stated = crs or graph.graph.get("crs")
    if stated is None:
        msg = f"{path}: states no coordinate reference system; say it with crs=..., e.g. crs=4326"
        raise CRSError(msg)
    try:
        for _, data in graph.nodes(data=True):
            data.update({axis: float(data[axis]) for axis in ("x", "y") if axis in data})
        for *_, data in graph.edges(data=True):
            data.update({key: _written(key, value) for key, value in data.items()})
        known = pyproj.CRS(stated)
    except (ValueError, shapely.errors.ShapelyError, pyproj.exceptions.CRSError) as error:
        msg = f"{path}: a coordinate, length, geometry or system in it is none: {error}"
        raise InputError(msg) from error
    return graph_reading(graph, file.name, known)


def _written(key: str, value: object) -> object:
    """Return a value of an arc that was written as text: lines, lists and flags again."""
    if not isinstance(value, str):
        return value
    if key == "geometry":
        return shapely.from_wkt(value)
    if value.startswith("[") and value.endswith("]"):
        try:
            return list(ast.literal_eval(value))
        except (ValueError, SyntaxError):
            return value
    return {"True": True, "False": False}.get(value, value)


def read_osmnx_geopackage(path: str | Path) -> Reading:
    """Read the GeoPackage that ``osmnx.save_graph_geopackage`` writes.

    Parameters
    ----------
    path
        With layers ``nodes`` (``osmid``, ``x``, ``y``) and ``edges`` (``u``, ``v``, ``key``).

    Returns
    -------
    Reading
        Tables ``nodes`` and ``edges`` in WGS 84.

    Raises
    ------
    InputError
        If the file is missing, or lacks a layer or column of these.

    Examples
    --------
    >>> read_osmnx_geopackage("nowhere.gpkg")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.gpkg: no such file
    """
    nodes, notes = read_features(path, layer="nodes")
    edges, _ = read_features(path, layer="edges")
    name = Path(path).name
    needed = (("nodes", nodes, ("osmid",)), ("edges", edges, ("u", "v")))
    lacking = [
        f"{name}: layer {layer!r} has no column {column!r}"
        for layer, frame, columns in needed
        for column in columns
        if column not in frame.columns
    ]
    if lacking:
        raise InputError(lacking)
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    corners = shapely.get_coordinates(nodes.geometry.to_numpy())
    graph.add_nodes_from(
        (int(node), {"x": x, "y": y})
        for node, (x, y) in zip(nodes["osmid"], corners.tolist(), strict=True)
    )
    geometry = edges.geometry.name
    for row in edges.rename(columns={geometry: "geometry"}).to_dict("records"):
        ends = int(row.pop("u")), int(row.pop("v")), int(row.pop("key", 0))
        graph.add_edge(*ends, **{
            str(key): _written(str(key), value) for key, value in row.items()
            if not (isinstance(value, float) and np.isnan(value)) and value is not None
        })  # fmt: skip
    reading = graph_reading(graph, name, pyproj.CRS(4326))
    merged = pd.concat([findings_table(list(notes)), reading.findings], ignore_index=True)
    return Reading(
        file=name, publisher=reading.publisher, licence=reading.licence, tables=reading.tables,
        rows_read=reading.rows_read, rows_kept=reading.rows_kept,
        findings=gpd.GeoDataFrame(merged, geometry="geometry", crs=4326),
    )  # fmt: skip


def download_osm(
    place: str | None = None,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    network_type: str = "all",
) -> Reading:
    """Fetch roads from OpenStreetMap's servers through osmnx, on a machine with internet.

    Parameters
    ----------
    place
        Name of a place that Nominatim finds, such as ``Gao, Mali``.
    bbox
        West, south, east, north, degrees; instead of a place.
    network_type
        As osmnx has it: ``all``, ``drive``, ``drive_service``, ``walk``, ...

    Returns
    -------
    Reading
        Tables ``nodes`` and ``edges`` in WGS 84.

    Raises
    ------
    InputError
        If neither or both of place and bbox are given, osmnx is not installed, nothing is found,
        or the servers do not answer.

    Examples
    --------
    >>> download_osm()
    Traceback (most recent call last):
    mobility_geo.errors.InputError: give a place or a bbox (west, south, east, north)
    """
    if (place is None) == (bbox is None):
        msg = "give a place or a bbox (west, south, east, north)"
        raise InputError(msg)
    try:
        import osmnx  # noqa: PLC0415 - two seconds, and an extra of its own
    except ImportError as error:
        msg = "osmnx is not installed: pip install 'mobility-geo[osm]'"
        raise InputError(msg) from error
    where = place if place is not None else f"box {bbox}"
    try:
        if bbox is not None:
            graph = osmnx.graph_from_bbox(bbox, network_type=network_type)
        else:
            graph = osmnx.graph_from_place(str(place), network_type=network_type)
    except Exception as error:
        msg = f"{where}: nothing came from OpenStreetMap: {type(error).__name__}: {error}"
        raise InputError(msg) from error
    return graph_reading(graph, where, pyproj.CRS(graph.graph["crs"]))
