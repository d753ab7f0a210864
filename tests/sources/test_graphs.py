"""Graphs of osmnx: in memory, from files and from a server, they say what an extract says."""

import json
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import CRSError, InputError
from mobility_geo.sources import (
    download_osm,
    read_graphml,
    read_osm_pbf,
    read_osmnx_geopackage,
)
from mobility_geo.sources.graphs import graph_reading, graph_tables
from mobility_geo.sources.osm_tags import KEYS

WGS84 = pyproj.CRS(4326)

NODES = {
    1: (-3.00, 16.00), 2: (-2.99, 16.00), 3: (-2.98, 16.00), 4: (-2.97, 16.01),
    5: (-2.96, 16.00), 6: (-2.98, 15.99), 7: (-2.98, 15.98), 8: (-2.97, 15.985),
    9: (-2.99, 16.01), 10: (-2.99, 15.98), 11: (-2.955, 16.003), 12: (-2.955, 15.997),
    13: (-3.00, 15.99), 20: (-3.00, 15.97), 21: (-2.98, 15.97), 22: (-2.98, 15.9703),
    23: (-3.00, 15.9703), 30: (-2.94, 16.00), 31: (-2.94, 15.99),
}  # fmt: skip
DUAL = {"highway": "trunk", "oneway": "yes", "ref": "RN6"}
WAYS = {
    11: ([1, 2, 3], {"highway": "primary", "surface": "asphalt", "ref": "RN6", "bridge": "yes"}),
    12: ([3, 4, 5], {"highway": "track", "tracktype": "grade5", "name": "Piste de Bourem"}),
    13: ([3, 6, 7], {"highway": "secondary", "oneway": "-1", "surface": "laterite"}),
    14: ([5, 8, 7], {"route": "ferry"}),
    15: ([2, 9], {"highway": "footway"}),
    16: ([7, 10], {"highway": "residential", "access": "private"}),
    17: ([5, 11, 12, 5], {"highway": "tertiary", "junction": "roundabout"}),
    18: ([1, 13], {"highway": "path", "oneway": "yes"}),
    19: ([13, 20], {"highway": "tertiary", "ford": "yes", "surface": "gravel"}),
    21: ([20, 21], DUAL),
    22: ([22, 23], DUAL),
    23: ([20, 23], {"highway": "unclassified", "smoothness": "horrible"}),
    24: ([21, 22], {"highway": "trunk_link", "seasonal": "dry_season", "surface": "concrete"}),
    25: ([30, 31], {"highway": "road", "surface": "moon dust"}),
    26: ([9, 1, 2, 9], {"highway": "service", "area": "yes"}),
}
BOX = (-3.1, 15.9, -2.9, 16.1)


def extract(path, ways=WAYS):
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for ref, place in NODES.items():
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=place, version=1))
        for number, (refs, tags) in ways.items():
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags, version=1))
    return path


@pytest.fixture
def ox(monkeypatch):
    osmnx = pytest.importorskip("osmnx")
    for name, value in {
        "use_cache": False, "overpass_rate_limit": False, "log_console": False,
        "useful_tags_way": list(osmnx.settings.useful_tags_way),
    }.items():  # fmt: skip
        monkeypatch.setattr(osmnx.settings, name, value)
    return osmnx


@pytest.fixture
def graph(ox, tmp_path):
    """What osmnx makes of the ways that are wanted."""
    ox.settings.useful_tags_way = [*ox.settings.useful_tags_way, *KEYS]
    ways = {number: way for number, way in WAYS.items() if number not in {15, 26}}
    raw = ox.graph_from_xml(extract(tmp_path / "g.osm", ways), simplify=False, retain_all=True)
    return ox.simplify_graph(raw, edge_attrs_differ=["osmid"], remove_rings=False)


def content(reading):
    """Return what the edges say, whatever they are called."""
    rows = []
    for row in reading.tables["edges"].itertuples():
        ends = [node.lstrip("n") for node in (row.from_node_id, row.to_node_id)]
        line = [(round(x, 7), round(y, 7)) for x, y in row.geometry.coords]
        if not row.oneway and line[::-1] < line:
            ends, line = ends[::-1], line[::-1]
        rows.append(
            (row.source, *ends, tuple(line), row.oneway, row.kind, row.road_class, row.surface,
             row.all_season, row.bridge, *(None if pd.isna(x) else x for x in (row.ref, row.name)),
             row.confidence, not pd.isna(row.carriageway_group))
        )  # fmt: skip
    return sorted(rows)


def checks(reading):
    return set(reading.findings["check"])


@pytest.fixture
def expected(tmp_path):
    return read_osm_pbf(extract(tmp_path / "x.osm.pbf"))


def test_the_drawing_has_what_it_should(expected):
    """An extract with one edge per way: all but the pavement, the private street, the square."""
    edges = expected.tables["edges"]
    ways = edges["source"].str.extract(r"way (\d+)")[0].astype(int)
    assert set(ways) == set(WAYS) - {15, 16, 26}
    assert edges["carriageway_group"].notna().sum() == 2
    assert edges["kind"].value_counts().to_dict() == {"road": 8, "track": 2, "walk": 1, "ferry": 1}


def test_a_graph_says_what_the_extract_says(graph, expected):
    reading = graph_reading(graph, "g", WGS84)
    assert content(reading) == content(expected)
    ours, theirs = (r.tables["edges"]["length_m"].sum() for r in (reading, expected))
    assert ours == pytest.approx(theirs, rel=4e-3)  # osmnx measures on a sphere
    assert {"no access", "surface assumed", "surface not known", "ford", "seasonal way"} <= checks(
        reading
    )
    assert reading.rows_read - reading.rows_kept == 2  # both directions of the private street


def test_graphml_of_osmnx(ox, graph, tmp_path, expected):
    ox.save_graphml(graph, tmp_path / "g.graphml")
    reading = read_graphml(tmp_path / "g.graphml")
    assert content(reading) == content(expected)
    memory = graph_reading(graph, "g", WGS84).tables["edges"]["length_m"]
    assert sorted(reading.tables["edges"]["length_m"]) == pytest.approx(sorted(memory))


@pytest.mark.parametrize("directed", [True, False])
def test_geopackage_of_osmnx(ox, graph, tmp_path, expected, directed):
    """Undirected, as osmnx writes it unless told: a street once, one-way ones marked."""
    ox.save_graph_geopackage(graph, tmp_path / "g.gpkg", directed=directed)
    assert content(read_osmnx_geopackage(tmp_path / "g.gpkg")) == content(expected)


def test_simplified_and_projected_graphs(ox, tmp_path):
    """Tags of several ways are lists; coordinates are metres."""
    two = {11: WAYS[11], 12: ([3, 4], {**WAYS[11][1], "surface": "sand", "name": "Piste"})}
    raw = ox.graph_from_xml(extract(tmp_path / "g.osm", two), simplify=True)
    ox.save_graphml(ox.project_graph(raw), tmp_path / "g.graphml")
    tables = read_graphml(tmp_path / "g.graphml").tables
    assert tables["edges"]["oneway"].tolist() == [False]
    assert tables["edges"]["ref"].tolist() == ["RN6"]
    found = shapely.get_coordinates(tables["nodes"].geometry.to_numpy())
    assert sorted(found.round(6).tolist()) == sorted([list(NODES[1]), list(NODES[4])])


# ------------------------------------------------------------------ plain graphs
def plain(kind=nx.DiGraph, **edge):
    drawn = kind()
    drawn.add_node("a", x=0.0, y=10.0)
    drawn.add_node("b", x=0.1, y=10.0)
    drawn.add_edge("a", "b", highway="primary", **edge)
    return drawn


def test_plain_graphml_with_x_and_y(tmp_path):
    file = tmp_path / "p.graphml"
    nx.write_graphml(plain(), file)
    with pytest.raises(CRSError, match="states no coordinate reference system"):
        read_graphml(file)
    reading = read_graphml(file, crs=4326)
    edge = reading.tables["edges"].iloc[0]
    assert (edge["from_node_id"], edge["oneway"], edge["road_class"]) == ("a", True, "primary")
    assert edge["length_m"] == pytest.approx(pyproj.Geod(ellps="WGS84").inv(0, 10, 0.1, 10)[2])
    assert "no length" in checks(reading)


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiGraph])
def test_undirected_graphs_go_both_ways(tmp_path, kind):
    bent = "LINESTRING (0.1 10, 0.05 10.01, 0 10)"
    nx.write_graphml(plain(kind, geometry=bent), tmp_path / "p.graphml")
    edge = read_graphml(tmp_path / "p.graphml", crs=4326).tables["edges"].iloc[0]
    assert (edge["from_node_id"], edge["to_node_id"], edge["oneway"]) == ("a", "b", False)
    assert edge.geometry.coords[0] == (0.0, 10.0)


def pair(first, second):
    """Draw two arcs one after the other, with these attributes."""
    drawn = plain()
    drawn.remove_edge("a", "b")
    drawn.add_node("c", x=0.2, y=10.0)
    drawn.add_edge("a", "b", **first)
    drawn.add_edge("b", "c", **second)
    return graph_reading(drawn, "p", WGS84)


def test_what_is_no_road_is_left_out_and_what_says_nothing_is_a_small_one():
    reading = pair({"highway": "construction"}, {"name": "Rue sans classe"})
    edge = reading.tables["edges"].iloc[0]
    assert (edge["kind"], edge["road_class"], edge["confidence"]) == ("road", "tertiary", "low")
    assert edge["name"] == "Rue sans classe"
    said = reading.findings.set_index("check")["finding"]
    assert "construction" in said["not wanted"]
    assert "class not known" in said.index
    assert sorted(reading.tables["nodes"]["node_id"]) == ["b", "c"]
    assert (reading.rows_read, reading.rows_kept) == (2, 1)


def test_of_several_values_the_one_that_counts_for_the_whole_edge_is_taken():
    """An edge is closed if a part of it is, floods if a part does; a class must be known."""
    joined = {"osmid": [1, 2], "highway": ["busway", "secondary"], "bridge": ["no", "viaduct"],
              "ford": ["no", "yes"], "surface": ["moon dust", "asphalt"]}  # fmt: skip
    reading = pair(joined, {"highway": "track", "access": ["yes", "private"]})
    (edge,) = reading.tables["edges"].itertuples()
    assert (edge.road_class, edge.surface, edge.bridge, edge.all_season) == (
        "secondary", "paved", True, False,
    )  # fmt: skip
    assert {"several ways in one", "no access"} <= checks(reading)


def test_a_graph_that_is_not_of_openstreetmap_has_the_terms_of_its_maker():
    reading = graph_reading(plain(), "p", WGS84)
    assert "OpenStreetMap" not in reading.licence + reading.publisher
    assert "OpenStreetMap" not in reading.tables["edges"]["source"].iloc[0]
    assert "OpenStreetMap" in graph_reading(plain(osmid=7), "p", WGS84).licence


def test_lines_are_turned_to_their_arc_and_rings_of_one_point_left_out():
    drawn = plain(nx.MultiDiGraph, geometry=shapely.LineString([(0.1, 10), (0.05, 10.1), (0, 10)]))
    drawn.add_edge("a", "a", highway="primary")
    reading = graph_reading(drawn, "p", WGS84)
    (edge,) = reading.tables["edges"].itertuples()
    assert edge.from_node_id == "a"
    assert edge.geometry.coords[0] == (0.0, 10.0)
    assert "edge of no length" in checks(reading)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.integers(1, 3)),
        min_size=1, max_size=12,
    )
)  # fmt: skip
@settings(max_examples=40)
def test_every_arc_is_in_one_edge(streets):
    """What can be travelled is the same, parallels, loops and repeated ways included."""
    drawn = nx.MultiDiGraph()
    spots = [(0, 0), (1, 0), (2, 1), (0, 2), (1, 3), (3, 3)]
    drawn.add_nodes_from((n, {"x": x * 0.01, "y": y * 0.01}) for n, (x, y) in enumerate(spots))
    for bend, (u, v, oneway, way) in enumerate(streets, start=1):
        ends = [np.array(spots[n]) * 0.01 for n in (u, v)]
        middle = np.mean(ends, axis=0) + np.array([0.0007, 0.0003]) * bend
        far = middle + np.array([0.001, -0.0005])
        line = shapely.LineString([ends[0], middle, far, ends[1]])
        tags = {"osmid": way, "highway": "tertiary", "oneway": oneway}
        drawn.add_edge(u, v, geometry=line, **tags)
        if not oneway:
            drawn.add_edge(v, u, geometry=line.reverse(), **tags)
    nodes, edges = graph_tables(drawn, WGS84)
    assert len(edges) == len(streets)
    assert edges["edge_id"].is_unique
    assert edges["oneway"].sum() == sum(oneway for _, _, oneway, _ in streets)
    arcs = [(str(u), str(v), data["geometry"].wkt) for u, v, data in drawn.edges(data=True)]
    ours = []
    for row in edges.itertuples():
        ours.append((row.from_node_id, row.to_node_id, row.geometry.wkt))
        if not row.oneway:
            ours.append((row.to_node_id, row.from_node_id, row.geometry.reverse().wkt))
    assert sorted(ours) == sorted(arcs)
    assert len(nodes) == len(spots)


def test_a_street_drawn_twice_stays_two():
    """The same line under the same id: each arc goes to one edge, none to two."""
    drawn = nx.MultiDiGraph()
    drawn.add_nodes_from([(1, {"x": 0.0, "y": 0.0}), (2, {"x": 0.01, "y": 0.0})])
    for u, v in [(1, 2), (1, 2), (2, 1), (2, 1)]:
        drawn.add_edge(u, v, osmid=7, highway="tertiary", oneway=False)
    assert graph_tables(drawn, WGS84)[1]["oneway"].tolist() == [False, False]


# ------------------------------------------------------------------ bad input
def test_lengths_in_another_unit_are_refused():
    with pytest.raises(InputError, match=r"p: length is 0.001 times that of the line"):
        graph_reading(plain(length=10.96), "p", WGS84)
    with pytest.raises(InputError, match="length 'far' is not a number of metres"):
        graph_reading(plain(length="far"), "p", WGS84)


def test_one_length_too_short_is_told():
    drawn = plain(length=10_960.0)
    drawn.add_node("c", x=0.2, y=10.0)
    drawn.add_edge("b", "c", highway="primary", length=12.0)
    drawn.add_edge("c", "b", highway="primary", length=12_000.0)
    reading = graph_reading(drawn, "p", WGS84)
    assert "length too short" in checks(reading)
    assert reading.tables["edges"]["length_m"].min() > 10_000


def test_metres_taken_for_degrees_are_refused():
    drawn = plain()
    drawn.nodes["a"].update(x=500_000.0, y=1_700_000.0)
    with pytest.raises(CRSError, match=r"are no degrees; say their system with crs="):
        graph_reading(drawn, "p", WGS84)


def test_a_graph_of_private_streets_only_is_refused():
    with pytest.raises(InputError, match=r"of 1 edges none is left .*no access"):
        graph_reading(plain(access="private"), "p", WGS84)


GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph>{}</graph></graphml>'
LAUGHS = (
    "<!DOCTYPE g [<!ENTITY l0 'laughter'>"
    + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    + "]>"
)
FOREIGN = "<!DOCTYPE g [<!ENTITY l9 SYSTEM 'file:///etc/hostname'>]>"


@pytest.mark.parametrize(
    "text",
    [
        "lorem ipsum", "<graphml", "<osm></osm>", GRAPHML.format("<hyperedge/>"),
        GRAPHML.format("<node id='a'><data key='d9'>1</data></node>"),
        LAUGHS + GRAPHML.format("<node id='&l9;'/>"),
        LAUGHS + GRAPHML.format("<node id='a'><data key='d0'>&l9;</data></node>"),
        FOREIGN + GRAPHML.format("<node id='&l9;'/>"),
    ],
)  # fmt: skip
def test_what_is_no_graphml_is_one_clear_error(tmp_path, text):
    """A billion laughs, and files read through an entity, are refused by the parser."""
    file = tmp_path / "p.graphml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not GraphML, or damaged"):
        read_graphml(file, crs=4326)


def test_an_archive_that_is_none(tmp_path):
    file = tmp_path / "p.graphml.gz"
    file.write_bytes(b"not zipped")
    with pytest.raises(InputError, match="not GraphML, or damaged"):
        read_graphml(file)


@pytest.mark.parametrize("name", ["[" * 9999, "[-" + "-" * 50_000 + "1]", "[Rue]", "[1](2)]", "[]"])
def test_names_in_brackets_are_names(tmp_path, name):
    nx.write_graphml(plain(name=name), tmp_path / "p.graphml")
    edge = read_graphml(tmp_path / "p.graphml", crs=4326).tables["edges"].iloc[0]
    assert pd.isna(edge["name"]) if name == "[]" else edge["name"] == name


@pytest.mark.parametrize(
    ("node", "edge", "message"),
    [
        ({"x": "here"}, {}, "a coordinate, geometry or reference system in it is none"),
        ({}, {"geometry": "LINE (1 2)"}, "a coordinate, geometry or reference system"),
    ],
)
def test_bad_values_in_graphml(tmp_path, node, edge, message):
    drawn = plain(**edge)
    drawn.nodes["a"].update(node)
    drawn.nodes["b"].update(dict.fromkeys(node, "there"))
    nx.write_graphml(drawn, tmp_path / "p.graphml")
    with pytest.raises(InputError, match=message):
        read_graphml(tmp_path / "p.graphml", crs=4326)


def test_nodes_without_a_place(tmp_path):
    drawn = plain()
    del drawn.nodes["a"]["x"]
    nx.write_graphml(drawn, tmp_path / "p.graphml")
    with pytest.raises(InputError, match="nodes must have x and y; missing in 1 nodes"):
        read_graphml(tmp_path / "p.graphml", crs=4326)


@pytest.mark.parametrize("x", [float("nan"), float("inf"), None, "here", [1.0]])
def test_coordinates_that_are_no_numbers(x):
    drawn = plain()
    drawn.nodes["a"]["x"] = x
    with pytest.raises(InputError, match=r"p: x and y must be numbers; wrong in 1 nodes"):
        graph_reading(drawn, "p", WGS84)


@pytest.mark.parametrize(
    "line", [shapely.Point(0, 10), "LINESTRING (0 10, 1 10)", shapely.LineString()]
)
def test_geometries_that_are_no_lines(line):
    with pytest.raises(InputError, match=r"must be a LineString .* 1 edges, e.g. \['a to b'\]"):
        graph_reading(plain(geometry=line), "p", WGS84)


def test_geopackages_drawn_by_hand(tmp_path):
    """Keys twice are parallels; a line that is not there is drawn straight, and told."""
    file = tmp_path / "g.gpkg"
    points = [shapely.Point(0, 10), shapely.Point(0.1, 10)]
    nodes = gpd.GeoDataFrame({"osmid": [1, 2]}, geometry=points, crs=4326)
    edges = gpd.GeoDataFrame(
        {"u": [1, 1], "v": [2, 2], "key": [0, 0], "highway": "track"},
        geometry=[shapely.LineString(points), None], crs=4326,
    )  # fmt: skip
    nodes.to_file(file, layer="nodes")
    edges.to_file(file, layer="edges")
    reading = read_osmnx_geopackage(file)
    assert len(reading.tables["edges"]) == reading.rows_kept == 2
    assert np.ptp(reading.tables["edges"]["length_m"]) == 0
    assert "no geometry" in checks(reading)
    nodes.geometry = [points[0], None]
    nodes.to_file(file, layer="nodes")
    with pytest.raises(InputError, match=r"geometry must be Point; wrong in 1 rows, e.g. \[2\]"):
        read_osmnx_geopackage(file)


def test_geopackages_of_others_are_refused(ox, graph, tmp_path):
    file = tmp_path / "g.gpkg"
    ox.save_graph_geopackage(graph, file)
    edges = pyogrio.read_dataframe(file, layer="edges")
    pyogrio.write_dataframe(edges.assign(u=99), file, layer="edges", append=False)
    with pytest.raises(InputError, match="ends must be in layer 'nodes'; wrong in 13 rows"):
        read_osmnx_geopackage(file)
    pyogrio.write_dataframe(edges.drop(columns="v"), file, layer="edges", append=False)
    with pytest.raises(InputError, match="layer 'edges' has no column 'v'"):
        read_osmnx_geopackage(file)


# ------------------------------------------------------------------ download
class Answers(BaseHTTPRequestHandler):
    """Overpass's interpreter and status, and Nominatim's search, for the drawing above."""

    asked: list[str]
    broken = silent = False

    def log_message(self, *_):
        pass

    def _send(self, body, kind="application/json", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/api/status"):
            self._send(b"Connected as: 0\nRate limit: 0\n", "text/plain")
            return
        query = parse_qs(urlsplit(self.path).query)["q"][0]
        self.asked.append(query)
        west, south, east, north = BOX
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        found = [{
            "place_id": 1, "licence": "ODbL", "osm_type": "relation", "osm_id": 1,
            "lat": "16.0", "lon": "-3.0", "class": "boundary", "type": "administrative",
            "place_rank": 16, "importance": 0.4, "addresstype": "city", "name": "Bourem",
            "display_name": "Bourem, Mali", "boundingbox": [str(x) for x in BOX],
            "geojson": {"type": "Polygon", "coordinates": [ring]},
        }] if query == "Bourem, Mali" else []  # fmt: skip
        self._send(json.dumps(found).encode())

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        query = parse_qs(self.rfile.read(size).decode())["data"][0]
        self.asked.append(query)
        if self.silent:
            self.close_connection = True
            return
        if self.broken:
            self._send(b"<html>out of order</html>", "text/html", 500)
            return
        tests = re.findall(r'\["(\w+)"(!?~)"([^"]*)"\]', query)
        ways = {
            number: (refs, tags) for number, (refs, tags) in WAYS.items()
            if all((key in tags and bool(re.search(value, tags[key]))) == (how == "~")
                   for key, how, value in tests)
        }  # fmt: skip
        used = sorted({ref for refs, _ in ways.values() for ref in refs})
        elements = [
            {"type": "node", "id": n, "lat": NODES[n][1], "lon": NODES[n][0]} for n in used
        ] + [
            {"type": "way", "id": number, "nodes": refs, "tags": tags}
            for number, (refs, tags) in ways.items()
        ]
        answer = {"version": 0.6, "generator": "Overpass API", "elements": elements}
        self._send(json.dumps(answer).encode())


@pytest.fixture
def server(ox, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)  # osmnx replaces it
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = type("Here", (Answers,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{http.server_port}"
        monkeypatch.setattr(ox.settings, "overpass_url", f"{address}/api")
        monkeypatch.setattr(ox.settings, "nominatim_url", f"{address}/")
        yield handler
        http.shutdown()


def test_a_download_gives_the_tables_of_the_extract(server, ox, expected):
    before = list(ox.settings.useful_tags_way)
    reading = download_osm(bbox=BOX)
    assert content(reading) == content(expected)
    assert ox.settings.useful_tags_way == before
    assert len(server.asked) == 2  # ways by highway, ways by route
    assert all("poly:" in query for query in server.asked)


@pytest.mark.usefixtures("server")
def test_a_ring_that_meets_nothing_is_downloaded_as_well(tmp_path, monkeypatch):
    for ref, place in {40: (-2.92, 16.0), 41: (-2.91, 16.0), 42: (-2.91, 16.01)}.items():
        monkeypatch.setitem(NODES, ref, place)
    monkeypatch.setitem(WAYS, 40, ([40, 41, 42, 40], {"highway": "tertiary"}))
    metres = []
    for reading in (download_osm(bbox=BOX), read_osm_pbf(extract(tmp_path / "r.osm.pbf"))):
        edges = reading.tables["edges"]
        metres.append(edges.loc[edges["source"].str.contains("way 40,"), "length_m"].sum())
    assert metres[0] == pytest.approx(metres[1], rel=6e-3)


def test_a_place_is_looked_up_by_name(server, expected):
    reading = download_osm("Bourem, Mali", classes=["track", "ferry"])
    assert server.asked[0] == "Bourem, Mali"
    wanted = [row for row in content(expected) if row[0].split()[2] in {"12,", "14,"}]
    assert content(reading) == wanted
    assert reading.file == "Bourem, Mali"
    assert "OpenStreetMap contributors" in reading.licence


def test_what_the_servers_do_not_give_is_one_clear_error(server, ox):
    before = list(ox.settings.useful_tags_way)
    with pytest.raises(InputError, match="Atlantis: nothing came from OpenStreetMap"):
        download_osm("Atlantis")
    server.broken = True
    with pytest.raises(InputError, match="nothing came from OpenStreetMap"):
        download_osm(bbox=BOX)
    server.silent = True
    with pytest.raises(InputError, match="nothing came from OpenStreetMap: ConnectionError"):
        download_osm(bbox=BOX)
    assert ox.settings.useful_tags_way == before


def test_a_download_must_be_asked_for_in_one_way(monkeypatch):
    with pytest.raises(InputError, match="give a place or a bbox"):
        download_osm("Gao", bbox=BOX)
    with pytest.raises(InputError, match="did you mean 'track'"):
        download_osm("Gao", classes=["trak"])
    monkeypatch.setitem(sys.modules, "osmnx", None)
    with pytest.raises(InputError, match="osmnx is not installed"):
        download_osm("Gao")
