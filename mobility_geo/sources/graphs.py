"""Graphs of osmnx and networkx as nodes and edges: in memory, as GraphML, as GeoPackage."""

import ast
from collections.abc import Collection, Hashable, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.schema import EDGES, NODES, check_table, is_missing
from mobility_geo.sources.archives import existing_file
from mobility_geo.sources.files import read_features
from mobility_geo.sources.geodesy import geodesic_length_m
from mobility_geo.sources.osm import LICENCE, carriageways, never_dual, wanted_ways
from mobility_geo.sources.osm_tags import KEYS, NEVER, NO, edge_attributes, tag_meanings
from mobility_geo.sources.reading import Finding, Reading, findings_table

Layers = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]
Flags = npt.NDArray[np.bool_]

ONE_WAY: Final = frozenset({"True", "true", "yes", "1", "-1", "reverse"})
WHO: Final = frozenset({"access", "motor_vehicle", "vehicle", "foot"})
HAZARDS: Final = frozenset({"bridge", "ford", "flood_prone", "seasonal", "ice_road", "winter_road"})

APART: Final = "simplify_graph(graph, edge_attrs_differ=['osmid'])"
SHORTEST: Final = 0.9
"""Length of an edge over that of its line: below it, a length is not to be believed."""

UNIT_OFF: Final = 2.0
"""Median of that ratio, or its inverse: beyond it, lengths are in another unit."""


def graph_tables(graph: "nx.Graph[Any]", crs: pyproj.CRS) -> Layers:
    """Return the nodes and edges of a graph in the conventions of osmnx.

    The two directions of one way become one edge. What tags mean is in the table
    ``data/network/osm_tags.csv``, as for files of OpenStreetMap. Arcs that carry an ``edge_id``
    are taken as `mobility_geo.network.to_networkx` wrote them. No arc is left out.

    Parameters
    ----------
    graph
        Nodes with ``x`` and ``y``; arcs perhaps with ``geometry``, ``length`` (m) and tags. Arcs of
        an undirected graph go both ways, but for those with ``oneway``: from their ``from`` to
        their ``to``, as ``osmnx.convert.to_undirected`` has it.
    crs
        Coordinate reference system of the coordinates.

    Returns
    -------
    nodes, edges
        Schemas `NODES` and `EDGES`, in `crs`; ``length_m`` is missing where the graph has none.

    Raises
    ------
    InputError
        If the graph has no edges, nodes have no numbers ``x`` and ``y``, a length is no number, or
        a geometry no LineString.

    Examples
    --------
    >>> graph = nx.MultiDiGraph(crs="epsg:4326")
    >>> graph.add_nodes_from([(1, {"x": 0, "y": 0}), (2, {"x": 1, "y": 0})])
    >>> _ = graph.add_edge(1, 2, highway="track"), graph.add_edge(2, 1, highway="track")
    >>> nodes, edges = graph_tables(graph, pyproj.CRS(4326))
    >>> edges["kind"].tolist(), edges["oneway"].tolist()
    (['track'], [False])
    """
    nodes, edges, _ = _tables(graph, crs)
    return nodes, edges


def _tables(
    graph: "nx.Graph[Any]", crs: pyproj.CRS
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, pd.DataFrame]:
    """Return nodes, edges, and what is known of each edge from its tags.

    Raises
    ------
    InputError
        If the graph has no edges, nodes have no ``x`` and ``y``, or a length is no number.
    """
    if not graph.number_of_edges():
        msg = "the graph has no edges"
        raise InputError(msg)
    bad = [node for node, data in graph.nodes(data=True) if "x" not in data or "y" not in data]
    if bad:
        msg = f"nodes must have x and y; missing in {len(bad)} nodes, e.g. {bad[:3]}"
        raise InputError(msg)
    wrong = [
        node for node, data in graph.nodes(data=True)
        if not (_is_number(data["x"]) and _is_number(data["y"]))
    ]  # fmt: skip
    if wrong:
        msg = f"x and y must be numbers; wrong in {len(wrong)} nodes, e.g. {labels(wrong)}"
        raise InputError(msg)
    crooked = [
        f"{u} to {v}" for u, v, data in graph.edges(data=True)
        if (line := data.get("geometry")) is not None
        and (not isinstance(line, shapely.LineString) or line.is_empty)
    ]  # fmt: skip
    if crooked:
        msg = (
            f"geometry must be a LineString of shapely; wrong in {len(crooked)} edges, "
            f"e.g. {labels(crooked)}"
        )
        raise InputError(msg)
    edges, known = _edges(graph, crs)
    return _nodes(graph, crs), edges, known


def _is_number(value: object) -> bool:
    try:
        return bool(np.isfinite(float(value)))  # type: ignore[arg-type] # that is the question
    except (TypeError, ValueError):
        return False


def _nodes(graph: "nx.Graph[Any]", crs: pyproj.CRS) -> gpd.GeoDataFrame:
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
    # a GeoPackage of osmnx has an empty text where a way has no such tag
    return None if is_missing(value) or value == "" else str(value)


def _tag(key: str, value: object) -> object:
    """Return a tag: of several ways that were made one edge, the value that counts for all of it.

    An edge is closed, floods or is a bridge if one of its ways is; of other tags the first value
    counts that means anything.
    """
    if isinstance(value, list):
        words = [str(word) for word in map(_first, value) if word is not None]
        if key in WHO:
            counts = [word for word in words if word in NO]
        elif key in HAZARDS:
            counts = [word for word in words if word not in NEVER]
        else:
            counts = [word for word in words if tag_meanings().knows(key, word)]
        value = (counts or words)[:1]
    return _first(value)


def _says_one_way(value: object) -> bool:
    """Say whether a tag ``oneway`` does, for all of the ways that were made one edge."""
    every = value if isinstance(value, list) else [value]
    return bool(every) and all(str(one) in ONE_WAY for one in every)


def _arcs(graph: "nx.Graph[Any]") -> list[tuple[Any, Any, Any, Mapping[str, Any]]]:
    """Return ends, key and attributes of all arcs; undirected ones as osmnx says they run."""
    if graph.is_multigraph():
        arcs = list(graph.edges(keys=True, data=True))  # type: ignore[call-overload] # nx stubs
    else:
        arcs = [(u, v, 0, data) for u, v, data in graph.edges(data=True)]
    if graph.is_directed():
        return arcs
    # an undirected graph lists the ends in any order
    return [
        (v, u, key, data) if (str(data.get("from")), str(data.get("to"))) == (str(v), str(u))
        else (u, v, key, data)
        for u, v, key, data in arcs
    ]  # fmt: skip


def _edges(graph: "nx.Graph[Any]", crs: pyproj.CRS) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    points = {n: shapely.Point(d["x"], d["y"]) for n, d in graph.nodes(data=True)}
    arcs = _arcs(graph)
    foreign = [data for *_, data in arcs if "edge_id" not in data]
    tags = pd.DataFrame(
        [[_tag(key, data.get(key)) for key in KEYS] for data in foreign],
        columns=list(KEYS), dtype="object",
    )  # fmt: skip
    known = edge_attributes(tags)
    known["never_dual"] = never_dual(tags)
    # a class that is said but not known is no road: a building site, a railway
    word = tags["highway"].where(tags["highway"].notna(), tags["route"])
    known["other"] = word.where(known["kind"].isna(), None)
    known["joined"] = [isinstance(data.get("osmid"), list) for data in foreign]
    meant = known.to_dict("records")
    near = 0.01 if crs.is_projected else 1e-7
    rows: dict[object, dict[str, Any]] = {}
    waiting: dict[object, list[dict[str, Any]]] = {}
    number = -1
    for u, v, key, data in arcs:
        line = data.get("geometry")
        if line is None:
            line = shapely.LineString([points[u], points[v]])
        line = _along(line, points[u], points[v])
        if "edge_id" in data:
            if not data.get("reversed", False):
                kept = {name: data.get(name) for name in EDGES.names}
                rows[data["edge_id"]] = {**kept, "geometry": line, "tags": -1, "arcs": 1}
            continue
        number += 1
        single = _says_one_way(data.get("oneway"))
        ids = data.get("osmid")
        way = tuple(sorted(map(str, ids if isinstance(ids, list) else [ids])))
        back = None if single else _other_direction(waiting.get((v, u, way), []), line, near)
        if back is not None:
            back["oneway"], back["arcs"] = False, 2
            continue
        row = {**_edge(u, v, key, data, meant[number]), "tags": number, "arcs": 1}
        rows[u, v, key] = row
        row["geometry"] = line
        if not graph.is_directed():
            row["oneway"] = single
        elif not single:
            waiting.setdefault((u, v, way), []).append(row)
    frame = pd.DataFrame(list(rows.values()))
    of = frame["tags"].to_numpy(dtype=int)
    own = pd.DataFrame({"tagged": True, "closed": False, "never_dual": False, "ford": False,
                        "seasonal": False, "kind": "own", "unread": None, "other": None,
                        "joined": False}, index=[-1])  # fmt: skip
    said = (pd.concat([known.astype(object), own.astype(object)]) if len(known) else own).loc[of]
    said = said.assign(arcs=frame["arcs"].to_numpy()).reset_index(drop=True)
    afoot = ((frame["kind"] == "walk") & (of >= 0)).to_numpy(dtype=bool)
    frame.loc[afoot, "oneway"] = False
    frame = frame.reindex(columns=[*EDGES.names, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs), said


def _edge(
    u: object, v: object, key: object, data: Mapping[str, Any], what: Mapping[Hashable, Any]
) -> dict[str, Any]:
    """Return an arc as an edge; of a class that no table knows: a small road, confidence low.

    Raises
    ------
    InputError
        If the length is no number.
    """
    known = not is_missing(what["kind"])
    way = _first(data.get("osmid"))
    length = data.get("length")
    try:
        length_m = np.nan if is_missing(length) else float(str(length))
    except ValueError as error:
        msg = f"edge {u} to {v}: length {length!r} is not a number of metres"
        raise InputError(msg) from error
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
        "length_m": length_m,
        "wait_min": 0.0,
        "source": "a graph that does not state it"
        if way is None
        else f"OpenStreetMap way {way}, ODbL",
        "confidence": "medium" if known and what["tagged"] else "low",
    }


def _other_direction(
    waiting: list[dict[str, Any]], line: shapely.LineString, near: float
) -> dict[str, Any] | None:
    """Take the edge of which a line is the other direction out of those that wait for one."""
    turned = line.reverse()
    for place, row in enumerate(waiting):
        if turned.equals_exact(row["geometry"], near):
            return waiting.pop(place)
    return None


def _along(
    line: shapely.LineString, start: shapely.Point, end: shapely.Point
) -> shapely.LineString:
    """Return a line as it runs from start to end."""
    first, last = shapely.get_point(line, 0), shapely.get_point(line, -1)
    there = shapely.distance(first, start) + shapely.distance(last, end)
    back = shapely.distance(first, end) + shapely.distance(last, start)
    return line.reverse() if back < there else line


# ------------------------------------------------------------------ readings
def graph_reading(graph: "nx.Graph[Any]", file: str, crs: pyproj.CRS) -> Reading:
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
        Tables ``nodes`` and ``edges``; lengths that the graph does not have are geodesic. Rows are
        arcs. Ways that the public may not use are left out and counted, and carriageways of one
        road share a `carriageway_group`, as from `mobility_geo.sources.read_osm_pbf`.

    Raises
    ------
    InputError
        If the graph has no edges, nodes have no ``x`` and ``y``, or lengths are not in metres.
    CRSError
        If coordinates are no degrees and the system says they are.
    SchemaError
        If a table is not as its schema says.

    Examples
    --------
    >>> graph = nx.MultiDiGraph()
    >>> graph.add_nodes_from([(1, {"x": 0, "y": 0}), (2, {"x": 1, "y": 0})])
    >>> _ = graph.add_edge(1, 2, highway="track")
    >>> round(graph_reading(graph, "x", pyproj.CRS(4326)).tables["edges"]["length_m"].iloc[0])
    111319
    """
    try:
        nodes, edges, said = _tables(graph, crs)
    except InputError as error:
        msg = f"{file}: {error}"
        raise InputError(msg) from error
    west, south, east, north = nodes.total_bounds
    if crs.is_geographic and (west < -180 or east > 180 or south < -90 or north > 90):  # noqa: PLR2004 - degrees
        msg = (
            f"{file}: coordinates from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g} are no "
            f"degrees; say their system with crs=..., e.g. crs=32630 for UTM zone 30"
        )
        raise CRSError(msg)
    findings = _findings(edges, said)
    out = said["closed"].to_numpy(dtype=bool) | said["other"].notna().to_numpy(dtype=bool)
    every = len(edges)
    edges, said = edges[~out].reset_index(drop=True), said[~out]
    edges, more = _measured(edges, file)
    # a ring of one point leads nowhere
    ring = (edges["length_m"] == 0) & (edges["from_node_id"] == edges["to_node_id"])
    point = ring.to_numpy(dtype=bool)
    if point.any():
        text = "begin and end at one node, with nothing between: left out"
        more.append(_finding("edge of no length", "warning", edges, point, text))
        edges, said = edges[~point].reset_index(drop=True), said[~point]
    if not len(edges):
        told = "; ".join(f"{one.check}: {one.id}" for one in [*findings, *more])
        msg = f"{file}: of {every} edges none is left that may be travelled ({told})"
        raise InputError(msg)
    ends = pd.concat([edges["from_node_id"], edges["to_node_id"]]).unique()
    nodes = nodes[nodes["node_id"].isin(ends).to_numpy(dtype=bool)].reset_index(drop=True)
    nodes, edges = nodes.to_crs(4326), edges.to_crs(4326)
    known = edges["carriageway_group"].to_numpy(dtype=object)
    group = np.where(
        pd.isna(known), carriageways(edges, said["never_dual"].to_numpy(dtype=bool)), known
    )
    theirs = any("osmid" in data for *_, data in graph.edges(data=True))
    return Reading(
        file=file, publisher="graph of osmnx" if theirs else "graph of networkx",
        licence=LICENCE if theirs else f"as the maker of {file} states; not found in it",
        tables={
            "nodes": check_table(nodes, NODES),
            "edges": check_table(edges.assign(carriageway_group=group), EDGES),
        },
        rows_read=graph.number_of_edges(), rows_kept=int(said["arcs"].sum()),
        findings=findings_table([*findings, *more]),
    )  # fmt: skip


def _findings(edges: gpd.GeoDataFrame, said: pd.DataFrame) -> list[Finding]:
    closed = said["closed"].to_numpy(dtype=bool)
    other = said["other"].notna().to_numpy(dtype=bool)
    out = closed | other
    unknown = said["kind"].isna().to_numpy(dtype=bool) & ~other
    unread = said["unread"].notna().to_numpy(dtype=bool) & ~unknown
    silent = ~said["tagged"].to_numpy(dtype=bool) & ~unread & ~unknown
    words = ", ".join(sorted(set(said.loc[unread, "unread"]))[:6])
    others = ", ".join(sorted(set(said.loc[other, "other"]))[:6])
    cases = (
        ("no access", "note", closed & ~other, "access is no or private: left out"),
        ("not wanted", "note", other, f"other values of highway or route ({others}): left out"),
        ("class not known", "warning", unknown & ~out,
         "neither highway nor route is given: taken as a small road, confidence low"),
        ("surface assumed", "note", silent & ~out,
         "no surface or tracktype: the usual one of the class, confidence low"),
        ("surface not known", "note", unread & ~out,
         f"surface or tracktype not known ({words}): the usual one of the class, confidence low"),
        ("ford", "note", said["ford"].to_numpy(dtype=bool) & ~out, "not passable all year round"),
        ("seasonal way", "note", said["seasonal"].to_numpy(dtype=bool) & ~out,
         "not passable all year round"),
        ("several ways in one", "warning", said["joined"].to_numpy(dtype=bool) & ~out,
         f"a bridge on part of an edge counts for all of it; keep them apart with {APART}"),
    )  # fmt: skip
    return [
        _finding(check, severity, edges, hit, text)
        for check, severity, hit, text in cases
        if hit.any()
    ]


def _finding(check: str, severity: str, edges: gpd.GeoDataFrame, hit: Flags, text: str) -> Finding:
    ids = edges.loc[hit, "edge_id"]
    return Finding(check=check, severity=severity, table="edges", unit="edges", finding=text,
                   id=f"{len(ids)} edges, e.g. {labels(ids)}", value=float(len(ids)))  # fmt: skip


def _measured(edges: gpd.GeoDataFrame, file: str) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Return edges with a length each; those that are given are held against their lines.

    Raises
    ------
    InputError
        If most of the lengths are not in metres.
    """
    line_m = geodesic_length_m(edges).to_numpy(dtype=float)
    given = edges["length_m"].to_numpy(dtype=float)
    missing = np.isnan(given)
    measured = ~missing & (line_m > 0)
    ratio = given[measured] / line_m[measured]
    if len(ratio) and not 1 / UNIT_OFF <= (middle := float(np.median(ratio))) <= UNIT_OFF:
        msg = (
            f"{file}: length is {middle:.3g} times that of the line on the ellipsoid, in the "
            f"median of {len(ratio)} edges: it is not in metres; convert it, or leave it out"
        )
        raise InputError(msg)
    short = measured.copy()
    short[measured] = ratio < SHORTEST
    cases = (
        ("no length", "note", missing,
         "the graph gives none: measured along the line on the ellipsoid"),
        ("length too short", "warning", short,
         f"less than {SHORTEST:.0%} of their line: measured along it on the ellipsoid instead"),
    )  # fmt: skip
    found = [
        _finding(check, severity, edges, hit, text)
        for check, severity, hit, text in cases
        if hit.any()
    ]
    return edges.assign(length_m=np.where(missing | short, line_m, given)), found


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
        If the file is missing, is no GraphML, its nodes have no ``x`` and ``y``, or its lengths are
        not in metres.
    CRSError
        If it states no coordinate reference system, or one that cannot be right.
    SchemaError
        If a table is not as its schema says.

    Examples
    --------
    >>> read_graphml("nowhere.graphml")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.graphml: no such file
    """
    file = existing_file(path)
    try:
        graph: nx.Graph[Any] = nx.read_graphml(file, force_multigraph=True)
    except (ParseError, nx.NetworkXError, KeyError, ValueError, OSError, EOFError) as error:
        msg = f"{path}: not GraphML, or damaged: {error}"
        raise InputError(msg) from error
    stated = graph.graph.get("crs") if crs is None else crs
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
        msg = f"{path}: a coordinate, geometry or reference system in it is none: {error}"
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
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return value  # a name in brackets, or something that would rather not be read
    return {"True": True, "False": False}.get(value, value)


def read_osmnx_geopackage(path: str | Path) -> Reading:
    """Read the GeoPackage that ``osmnx.save_graph_geopackage`` writes, directed or not.

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
        If the file is missing, lacks a layer, column or node of these, or its lengths are not in
        metres.
    SchemaError
        If a table is not as its schema says.

    Examples
    --------
    >>> read_osmnx_geopackage("nowhere.gpkg")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.gpkg: no such file
    """
    nodes, notes = read_features(path, layer="nodes")
    edges, more = read_features(path, layer="edges")
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
    off = ~(nodes.geometry.geom_type == "Point") | nodes.geometry.is_empty
    if off.any():
        msg = (
            f"{name}: layer 'nodes': geometry must be Point; wrong in {int(off.sum())} rows, e.g. "
            f"{labels(nodes.loc[off, 'osmid'])}"
        )
        raise InputError(msg)
    # osmnx writes each street once unless it is told to write both directions
    once = {"from", "to"} <= set(edges.columns)
    graph: nx.MultiGraph[Any] = nx.MultiGraph() if once else nx.MultiDiGraph()
    corners = shapely.get_coordinates(nodes.geometry.to_numpy())
    graph.add_nodes_from(
        (str(node), {"x": x, "y": y})
        for node, (x, y) in zip(nodes["osmid"], corners.tolist(), strict=True)
    )
    lost = ~(edges["u"].astype(str).isin(graph.nodes) & edges["v"].astype(str).isin(graph.nodes))
    if lost.any():
        pairs = edges.loc[lost, ["u", "v"]].astype(str).agg(" to ".join, axis=1)
        msg = (
            f"{name}: layer 'edges': ends must be in layer 'nodes'; wrong in "
            f"{int(lost.sum())} rows, e.g. {labels(pairs)}"
        )
        raise InputError(msg)
    geometry = edges.geometry.name
    keyed = "key" in edges.columns and not edges.duplicated(["u", "v", "key"]).any()
    for row in edges.rename(columns={geometry: "geometry"}).to_dict("records"):
        number = row.pop("key", None)
        ends = str(row.pop("u")), str(row.pop("v")), number if keyed else None
        graph.add_edge(*ends, **{
            str(key): _written(str(key), value) for key, value in row.items()
            if not is_missing(value)
        })  # fmt: skip
    reading = graph_reading(graph, name, pyproj.CRS(4326))
    merged = pd.concat([findings_table([*notes, *more]), reading.findings], ignore_index=True)
    return Reading(
        file=name, publisher=reading.publisher, licence=reading.licence, tables=reading.tables,
        rows_read=reading.rows_read, rows_kept=reading.rows_kept,
        findings=gpd.GeoDataFrame(merged, geometry="geometry", crs=4326),
    )  # fmt: skip


# ------------------------------------------------------------------ download
def download_osm(
    place: str | None = None,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    classes: Collection[str] | None = None,
) -> Reading:
    """Fetch roads from OpenStreetMap's servers through osmnx, on a machine with internet.

    Which servers, and whether answers are kept, is for ``osmnx.settings`` to say.

    Parameters
    ----------
    place
        Name of a place that Nominatim finds, such as ``Gao, Mali``.
    bbox
        West, south, east, north, degrees; instead of a place.
    classes
        Values of ``highway`` and ``route`` to keep, as in `mobility_geo.sources.read_osm_pbf`.

    Returns
    -------
    Reading
        Tables ``nodes`` and ``edges`` in WGS 84: the ways that `read_osm_pbf` would read, from
        junction to junction. Unlike there, ways that follow each other with the same id only are
        one edge, and what lies outside the place or box is cut off.

    Raises
    ------
    InputError
        If neither or both of place and bbox are given, a class is unknown, osmnx is not installed,
        nothing is found, or the servers do not answer.

    Examples
    --------
    >>> download_osm()
    Traceback (most recent call last):
    mobility_geo.errors.InputError: give a place or a bbox (west, south, east, north)
    """
    if (place is None) == (bbox is None):
        msg = "give a place or a bbox (west, south, east, north)"
        raise InputError(msg)
    wanted = wanted_ways(classes)
    try:
        import osmnx  # noqa: PLC0415 - two seconds, and an extra of its own
    except ImportError as error:
        msg = "osmnx is not installed: pip install 'mobility-geo[osm]'"
        raise InputError(msg) from error
    where = place if place is not None else f"box {bbox}"
    filters = [
        f'["{key}"~"^({"|".join(sorted(values))})$"]["area"!~"yes"]'
        for key, values in (("highway", wanted.highway), ("route", wanted.route))
        if values
    ]
    tags = osmnx.settings.useful_tags_way
    how: dict[str, Any] = {
        "custom_filter": filters, "simplify": False, "retain_all": True, "truncate_by_edge": True
    }  # fmt: skip
    try:
        osmnx.settings.useful_tags_way = sorted({*tags, *KEYS})
        if bbox is not None:
            graph = osmnx.graph_from_bbox(bbox, **how)
        else:
            graph = osmnx.graph_from_place(str(place), **how)
        # one surface, one direction and one class along each edge
        graph = osmnx.simplify_graph(graph, edge_attrs_differ=["osmid"], remove_rings=False)
    except Exception as error:
        msg = f"{where}: nothing came from OpenStreetMap: {type(error).__name__}: {error}"
        raise InputError(msg) from error
    finally:
        osmnx.settings.useful_tags_way = tags
    return graph_reading(graph, where, pyproj.CRS(graph.graph["crs"]))
