"""Written and read, converted and back: the same network to the last bit."""

import pickle

import pytest
from hypothesis import Phase, given, settings

from mobility_geo.datasets import load_toy_network
from mobility_geo.errors import CRSError, GeoPackageError, InputError, SchemaError
from mobility_geo.geopackage import Layer, write_geopackage
from mobility_geo.network import (
    build_network,
    from_networkx,
    read_network,
    to_networkx,
    write_network,
)
from mobility_geo.schema import NETWORK_TABLES
from mobility_geo.testing import assert_network_equal, draw_network
from mobility_geo.testing.strategies import networks

UNSHRUNK = (Phase.explicit, Phase.generate)


@given(network=networks())
@settings(max_examples=5, phases=UNSHRUNK)
def test_a_written_network_is_read_back_identical(tmp_path_factory, network):
    file = tmp_path_factory.mktemp("réseau d'été") / "réseau.gpkg"
    assert write_network(network, file) == file
    made = read_network(file)
    assert_network_equal(network, made, check_name=False)


@given(network=networks())
@settings(max_examples=8, phases=UNSHRUNK)
def test_a_graph_becomes_the_network_it_was_made_from(network):
    graph = to_networkx(network)
    assert_network_equal(network, from_networkx(graph))
    assert_network_equal(network, from_networkx(pickle.loads(pickle.dumps(graph))))  # noqa: S301


def test_a_network_keeps_its_name_and_hash_in_a_file_of_any_name(tmp_path):
    network = draw_network("A---B", name="Réseau du Sahel")
    made = read_network(write_network(network, tmp_path / "run 1.gpkg"))
    assert made.name == "Réseau du Sahel"
    assert made.content_hash() == network.content_hash()


def test_a_written_network_takes_the_place_of_an_older_one_as_a_whole(tmp_path):
    file = tmp_path / "drawn.gpkg"
    write_network(draw_network("A---B~~~C"), file)
    write_network(draw_network("A---B"), file)
    assert_network_equal(read_network(file), draw_network("A---B"))


def test_a_second_trip_changes_nothing(tmp_path):
    once = read_network(write_network(load_toy_network(), tmp_path / "toy.gpkg"))
    twice = read_network(write_network(once, tmp_path / "again.gpkg"))
    assert_network_equal(once, twice, check_name=False)


def test_a_network_in_degrees_is_not_read_as_metres(tmp_path):
    toy = load_toy_network()
    layers = [Layer(name=s.name, frame=getattr(toy, s.name)) for s in NETWORK_TABLES]
    file = write_geopackage(tmp_path / "degrees.gpkg", layers, crs=4326)
    with pytest.raises(CRSError, match="is not in metres"):
        read_network(file)


def test_a_file_that_lacks_a_layer_is_refused_by_name(tmp_path):
    toy = load_toy_network()
    layers = [Layer(name=s.name, frame=getattr(toy, s.name)) for s in NETWORK_TABLES
              if s.name != "crossings"]  # fmt: skip
    file = write_geopackage(tmp_path / "less.gpkg", layers, crs=None)
    with pytest.raises(GeoPackageError, match="crossings"):
        read_network(file)


def test_someones_edit_is_checked_like_any_table(tmp_path):
    toy = load_toy_network()
    tables = {s.name: getattr(toy, s.name) for s in NETWORK_TABLES}
    tables["edges"] = tables["edges"].assign(length_m=-1.0)
    layers = [Layer(name=name, frame=table) for name, table in tables.items()]
    file = write_geopackage(tmp_path / "edited.gpkg", layers, crs=None)
    with pytest.raises(SchemaError, match="'length_m' must be >= 0 m"):
        read_network(file)


class TestGraph:
    def test_it_follows_the_conventions_of_osmnx(self):
        network = draw_network("A-->--B---C")
        graph = to_networkx(network)
        assert graph.is_directed()
        assert graph.is_multigraph()
        assert set(graph.nodes) == {"A", "B", "C"}
        assert {(u, v) for u, v in graph.edges()} == {("A", "B"), ("B", "C"), ("C", "B")}
        there, back = graph.edges["B", "C", 0], graph.edges["C", "B", 0]
        assert there["length"] == back["length"] == 40_000.0
        assert list(there["geometry"].coords) == list(back["geometry"].coords)[::-1]
        node = graph.nodes["B"]
        assert there["geometry"].coords[0] == (node["x"], node["y"])
        assert (there["reversed"], back["reversed"]) == (False, True)

    def test_changing_the_graph_does_not_change_the_network(self):
        network = draw_network("A---B")
        graph = to_networkx(network)
        graph.graph["mobility_geo_tables"]["profiles"].loc[0, "label"] = "changed"
        graph.edges["A", "B", 0]["length"] = 0.0
        assert_network_equal(network, draw_network("A---B"))

    def test_parallel_edges_get_keys_of_their_own(self):
        network = draw_network("A---B\n|   |\n+---+")
        graph = to_networkx(network)
        keys = {key: data["edge_id"] for _, _, key, data in graph.edges("A", keys=True, data=True)}
        assert keys == {0: "A-B", 1: "A-B-2"}

    def test_a_graph_without_system_edges_or_tables_is_refused(self):
        graph = to_networkx(draw_network("A---B"))
        with pytest.raises(CRSError, match="crs"):
            from_networkx(type(graph)())
        with pytest.raises(InputError, match="no edges"):
            from_networkx(type(graph)(crs=4326))
        bare = type(graph)(crs=4326)
        bare.add_edge(1, 2)
        with pytest.raises(InputError, match="the graph brings no"):
            from_networkx(bare)
        network = load_toy_network()
        with pytest.raises(InputError, match="nodes must have x and y; missing in 2 nodes"):
            from_networkx(bare, profiles=network.profiles, speeds=network.speeds,
                          seasons=network.seasons)  # fmt: skip


def test_layers_read_from_a_file_build_the_same_network(tmp_path):
    """Layers keep the name of their geometry column, whatever it is."""
    toy = load_toy_network()
    layers = {
        name: getattr(toy, name).rename_geometry("geom")
        for name in ("zones", "nodes", "edges", "crossings", "places", "waterways")
    }
    made = build_network(
        name="toy", **layers, seasons=toy.seasons, profiles=toy.profiles, speeds=toy.speeds,
        crs=toy.crs,
    )  # fmt: skip
    file = write_network(made, tmp_path / "toy.gpkg")
    assert_network_equal(read_network(file), toy)
