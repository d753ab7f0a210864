"""Graphs as osmnx makes them: built by hand in its conventions, and by osmnx itself."""

import datetime as dt

import networkx as nx
import pytest
import shapely

from mobility_geo.datasets import load_mali, load_toy_network
from mobility_geo.network import from_networkx
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.scenario import Scenario, TravellerClass, conditions

TOY = load_toy_network()
TABLES = {"profiles": TOY.profiles, "speeds": TOY.speeds, "seasons": TOY.seasons}


def osmnx_like():
    """Draw four nodes by hand: 1 = 2 two-way, 2 > 3 one-way, 3 = 4 a ferry, 1 = 4 twice."""
    graph = nx.MultiDiGraph(crs="epsg:4326", created_with="OSMnx 2.0.0", simplified=True)
    for node, (x, y) in {
        1: (-4.0, 14.0),
        2: (-3.9, 14.0),
        3: (-3.9, 14.1),
        4: (-4.0, 14.1),
    }.items():
        graph.add_node(node, x=x, y=y, street_count=3)
    bent = shapely.LineString([(-4.0, 14.0), (-3.95, 14.01), (-3.9, 14.0)])
    two_way = {"osmid": [11, 12], "highway": ["secondary", "tertiary"], "name": ["Rue", "Route"],
               "oneway": False, "length": 11_000.5, "maxspeed": "50"}  # fmt: skip
    graph.add_edge(1, 2, **two_way, reversed=False, geometry=bent)
    graph.add_edge(2, 1, **two_way, reversed=True, geometry=bent.reverse())
    graph.add_edge(2, 3, osmid=13, highway="primary_link", oneway=True, reversed=False,
                   length=11_100.0, bridge="yes", ref="RN6")  # fmt: skip
    ferry = {"osmid": 14, "route": "ferry", "oneway": False, "length": 10_800.0}
    graph.add_edge(3, 4, **ferry, reversed=False)
    graph.add_edge(4, 3, **ferry, reversed=True)
    for osmid, highway, surface in ((15, "track", "sand"), (16, "trunk", "asphalt")):
        pair = {"osmid": osmid, "highway": highway, "surface": surface, "oneway": False,
                "length": 11_066.0}  # fmt: skip
        graph.add_edge(1, 4, **pair, reversed=False)
        graph.add_edge(4, 1, **pair, reversed=True)
    return graph


def edges_by_ends(network):
    rows = {}
    for row in network.edges.itertuples():
        rows.setdefault(frozenset((row.from_node_id, row.to_node_id)), []).append(row)
    return rows


def test_both_directions_of_a_way_become_one_edge():
    network = from_networkx(osmnx_like(), **TABLES)
    found = edges_by_ends(network)
    assert {tuple(sorted(key)): len(rows) for key, rows in found.items()} == {
        ("1", "2"): 1, ("2", "3"): 1, ("3", "4"): 1, ("1", "4"): 2,
    }  # fmt: skip
    assert [row.oneway for rows in found.values() for row in rows] == [
        row.kind == "road" and row.ref == "RN6" for rows in found.values() for row in rows
    ]
    assert len(network.arcs) == 9


def test_attributes_become_columns():
    found = edges_by_ends(from_networkx(osmnx_like(), **TABLES))
    (street,) = found[frozenset("12")]
    assert (street.kind, street.road_class, street.surface) == ("road", "secondary", "gravel")
    assert street.length_m == 11_000.5
    assert street.name == "Rue"
    assert len(street.geometry.coords) == 3
    (link,) = found[frozenset("23")]
    assert (link.road_class, link.surface, link.bridge, link.ref) == ("primary", "paved", True,
                                                                       "RN6")  # fmt: skip
    assert link.source == "OpenStreetMap way 13, ODbL"
    (ferry,) = found[frozenset("34")]
    assert (ferry.kind, ferry.road_class, ferry.surface) == ("ferry", "none", "water")
    parallel = {(row.kind, row.surface) for row in found[frozenset("14")]}
    assert parallel == {("track", "sand"), ("road", "paved")}


def test_nodes_keep_their_place_and_the_network_is_metric():
    network = from_networkx(osmnx_like(), **TABLES, name="Mopti")
    assert network.name == "Mopti"
    assert network.crs.is_projected
    points = network.nodes.set_index("node_id").to_crs(4326).geometry
    assert points["3"].x == pytest.approx(-3.9)
    assert points["3"].y == pytest.approx(14.1)
    assert set(network.nodes["kind"]) == {"junction"}
    assert len(network.places) == len(network.crossings) == 0


def test_a_projected_graph_stays_in_its_system():
    graph = osmnx_like()
    for _, data in graph.nodes(data=True):
        data["x"], data["y"] = (data["x"] + 4) * 1e5, (data["y"] - 14) * 1e5
    for _, _, data in graph.edges(data=True):
        data.pop("geometry", None)
    graph.graph["crs"] = "epsg:32630"
    assert from_networkx(graph, **TABLES).crs.to_epsg() == 32630


def test_two_one_way_streets_in_opposite_directions_stay_one_way():
    """Half circles of a roundabout: one way, one length, two directions, both with oneway."""
    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node(1, x=0.0, y=0.0)
    graph.add_node(2, x=0.01, y=0.0)
    half = {"osmid": 5, "highway": "primary", "oneway": True, "reversed": False, "length": 1800.0}
    up = shapely.LineString([(0, 0), (0.005, 0.005), (0.01, 0)])
    down = shapely.LineString([(0.01, 0), (0.005, -0.005), (0, 0)])
    graph.add_edge(1, 2, **half, geometry=up)
    graph.add_edge(2, 1, **half, geometry=down)
    network = from_networkx(graph, **TABLES)
    assert len(network.edges) == 2
    assert network.edges["oneway"].all()


def test_the_order_of_merged_way_ids_does_not_matter():
    """Simplifying lists the ids of both directions in any order: still one street."""
    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node(1, x=0.0, y=0.0)
    graph.add_node(2, x=0.01, y=0.0)
    both = {"highway": "primary", "oneway": False, "length": 1113.2}
    graph.add_edge(1, 2, osmid=[8, 16], reversed=False, **both)
    graph.add_edge(2, 1, osmid=[16, 8], reversed=True, **both)
    network = from_networkx(graph, **TABLES)
    assert network.edges["oneway"].tolist() == [False]


def test_the_tables_of_the_built_in_network_serve():
    """Their seasons name surfaces and reaches that a town in the desert does not have."""
    sahel = load_mali().network
    tables = {name: getattr(sahel, name) for name in ("profiles", "speeds", "seasons")}
    network = from_networkx(osmnx_like(), **tables)
    assert len(network.seasons) == len(sahel.seasons)


OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6" generator="by hand">
 <node id="1" lat="14.00" lon="-4.00" version="1"/>
 <node id="2" lat="14.00" lon="-3.98" version="1"/>
 <node id="3" lat="14.01" lon="-3.96" version="1"/>
 <node id="4" lat="14.00" lon="-3.94" version="1"/>
 <node id="5" lat="14.03" lon="-3.98" version="1"/>
 <node id="6" lat="13.97" lon="-3.98" version="1"/>
 <node id="7" lat="14.03" lon="-3.94" version="1"/>
 <node id="8" lat="13.97" lon="-3.94" version="1"/>
 <way id="8" version="1"><nd ref="1"/><nd ref="2"/>
  <tag k="highway" v="secondary"/><tag k="name" v="Route de Ségou"/></way>
 <way id="16" version="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="secondary"/></way>
 <way id="24" version="1"><nd ref="3"/><nd ref="4"/><tag k="highway" v="tertiary"/></way>
 <way id="25" version="1"><nd ref="5"/><nd ref="2"/><nd ref="6"/>
  <tag k="highway" v="primary"/><tag k="oneway" v="yes"/></way>
 <way id="26" version="1"><nd ref="7"/><nd ref="4"/><nd ref="8"/>
  <tag k="highway" v="track"/></way>
</osm>
"""


def read_osm(folder, *, simplify):
    osmnx = pytest.importorskip("osmnx")
    file = folder / "tiny.osm"
    file.write_text(OSM, encoding="utf-8")
    return osmnx.graph_from_xml(file, simplify=simplify, retain_all=True)


@pytest.mark.parametrize("simplify", [True, False])
def test_a_graph_of_osmnx_comes_as_it_is(tmp_path, simplify):
    graph = read_osm(tmp_path, simplify=simplify)
    network = from_networkx(graph, **TABLES)
    assert len(network.nodes) == graph.number_of_nodes()
    arcs, nodes = network.arcs, network.nodes["node_id"].to_numpy()
    ours = sorted(zip(nodes[arcs.tail], nodes[arcs.head], strict=True))
    assert ours == sorted((str(u), str(v)) for u, v in graph.edges())
    oneway = network.edges[network.edges["oneway"]]
    assert set(oneway["source"]) == {"OpenStreetMap way 25, ODbL"}
    assert len(oneway) == 2
    both = network.edges[~network.edges["oneway"]]
    assert len(both) == (graph.number_of_edges() - 2) / 2
    lengths = {(str(u), str(v)): data["length"] for u, v, data in graph.edges(data=True)}
    for edge in network.edges.itertuples():
        assert edge.length_m == pytest.approx(lengths[edge.from_node_id, edge.to_node_id])


def test_such_a_network_can_be_asked(tmp_path):
    network = from_networkx(read_osm(tmp_path, simplify=True), **TABLES)
    day = dt.date(2013, 1, 20)
    quiet = Scenario(name="quiet", when=day, start=day, end=day)
    who = TravellerClass(profile="truck", nationality="TOA")
    costs = conditions(network, quiet, None, who).dense()
    none = access_set(network, costs, [])
    assert solve_ways(network, costs, none, none).units.shape == (0, 0)
