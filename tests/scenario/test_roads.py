"""Finding edges by the number of a road and the places at its ends."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings

from mobility_geo.datasets import load_mali
from mobility_geo.scenario.roads import STRETCH_KINDS, RoadFinder, plain_ref, plain_words
from mobility_geo.testing.drawing import draw_network
from mobility_geo.testing.strategies import networks

PICTURE = """
    A---b---C---D
    |       |
    E-------f---G
"""


def numbered(refs, names=None, picture=PICTURE):
    network = draw_network(picture)
    edges = network.edges.copy()
    edges["ref"] = edges["edge_id"].map(refs).astype("str")
    edges["name"] = edges["edge_id"].map(names or {}).astype("str")
    return network.replace_tables(edges=edges)


REFS = {"A-b": "RN16", "b-C": "RN16;RN17", "C-D": "RN16", "E-f": "RR2"}


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("RN 16", "rn16"), ("rn-16", "rn16"), ("R.N. 16", "rn16"),
        ("Route Nationale n° 16", "rn16"),
        ("Nationale 6", "rn6"), ("RN06", "rn6"), ("N16", "n16"), ("RR 2", "rr2"),
    ],
)  # fmt: skip
def test_numbers_of_roads_are_compared_without_signs(ref, expected):
    assert plain_ref(ref) == expected


def test_names_are_compared_without_accents_and_signs():
    assert plain_words("N'Tillit") == plain_words("ntillit") == "ntillit"
    assert plain_words("Gourma-Rharous") == plain_words("gourma  rharous")
    assert plain_words("باو") != ""


def test_a_stretch_of_a_road_between_two_places():
    finder = RoadFinder(numbered(REFS))
    found = finder.find(ref="RN 16", from_place="a", to_place="C")
    assert found.edge_ids == ("A-b", "b-C")
    assert found.problem == ""
    assert found.notes == ()
    assert finder.find(ref="N16", from_place="C", to_place="A").edge_ids == found.edge_ids
    assert finder.find(ref="RN17", from_place="A", to_place="C").edge_ids == ("b-C",)
    assert finder.find(from_place="E", to_place="G").edge_ids == ("E-f", "f-G")


def test_a_whole_road_and_one_place_are_told():
    finder = RoadFinder(numbered(REFS))
    whole = finder.find(ref="RN16")
    assert whole.edge_ids == ("A-b", "C-D", "b-C")
    assert "all 3 edges" in whole.notes[0]
    meets = finder.find(ref="RN16", from_place="C")
    assert meets.edge_ids == ("C-D", "b-C")
    assert "2 edges" in meets.notes[0]
    assert len(finder.find(to_place="C").edge_ids) == 3


def test_a_place_beside_the_road_and_a_gap_are_told():
    gap = {"A-b": "RN16", "C-D": "RN16"}
    found = RoadFinder(numbered(gap)).find(ref="RN16", from_place="A", to_place="D")
    assert found.edge_ids == ("A-b", "C-D")
    assert "does not join" in found.notes[0]
    beside = RoadFinder(numbered(REFS)).find(ref="RN16", from_place="E", to_place="D")
    assert set(beside.edge_ids) <= {"A-b", "b-C", "C-D"}
    assert "C-D" in beside.edge_ids
    away = RoadFinder(numbered(REFS)).find(ref="RR2", from_place="C", to_place="D")
    assert "no stretch" in away.problem


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"ref": "RN61"}, ["no road 'RN61'", "did you mean 'RN16'"]),
        ({"ref": "RN16", "from_place": "Zz"}, ["no place 'Zz'"]),
        ({"ref": "RN99", "from_place": "Zz", "to_place": "Yy"}, ["RN99", "Zz", "Yy"]),
        ({}, ["neither a road nor a place"]),
        ({"road_name": "Nowhere road"}, ["no road or crossing 'Nowhere road'"]),
        ({"from_place": "A", "to_place": "A"}, ["no edge lies between"]),
    ],
)
def test_what_is_not_known_is_named_with_the_nearest(given_, words):
    found = RoadFinder(numbered(REFS)).find(**given_)
    assert found.edge_ids == ()
    assert all(word in found.problem for word in words), found.problem


def test_parts_that_do_not_hang_together():
    finder = RoadFinder(draw_network("A---b   C---D", countries=dict.fromkeys("AbCD", "AAA")))
    assert "no way over land" in finder.find(from_place="A", to_place="D").problem


def test_crossings_and_names():
    network = draw_network("A---b#c---D")
    finder = RoadFinder(network)
    name = network.crossings["name"].iloc[0]
    found = finder.find(road_name=name.upper())
    assert found.crossing_ids == (network.crossings["crossing_id"].iloc[0],)
    assert found.edge_ids == ()
    named = RoadFinder(numbered({}, {"C-D": "Piste de l'Est"}))
    assert named.find(road_name="piste de l'est").edge_ids == ("C-D",)
    # the name helps where the number is not known
    assert named.find(ref="X9", road_name="Piste de l'Est").edge_ids == ("C-D",)


def test_a_place_in_the_middle_of_an_edge_says_how_much_is_hit_too_much():
    network = draw_network("A-----b---C")
    places, accesses = network.places.copy(), network.accesses.copy()
    line = network.edges.set_index("edge_id").geometry["A-b"]
    at = shapely.line_interpolate_point(line, 0.5, normalized=True)
    places.loc[places["place_id"] == "A", "geometry"] = at
    row = accesses[accesses["place_id"] == "A"].iloc[[0]]
    half = line.length / 2
    ends = pd.concat([row, row]).assign(
        access_id=["A1", "A2"], node_id=["A", "b"], edge_id="A-b", off_road_m=0.0,
        along_m=[half, half],
    )  # fmt: skip
    accesses = pd.concat([accesses[accesses["place_id"] != "A"], ends], ignore_index=True)
    finder = RoadFinder(network.replace_tables(places=places, accesses=accesses))
    found = finder.find(from_place="A", to_place="C")
    assert found.edge_ids == ("A-b", "b-C")
    assert "30.0 km" in found.notes[0].replace("29.9", "30.0").replace("30.1", "30.0")
    assert finder.find(from_place="A").edge_ids == ("A-b",)


@settings(max_examples=8)
@given(networks(attached=True))
def test_the_way_is_as_short_as_networkx_finds_it(network):
    graph = nx.Graph()
    graph.add_nodes_from(network.nodes["node_id"])
    land = network.edges[network.edges["kind"].isin(STRETCH_KINDS)]
    for tail, head, length in land[["from_node_id", "to_node_id", "length_m"]].to_numpy():
        known = graph.get_edge_data(tail, head, {"length": np.inf})["length"]
        graph.add_edge(tail, head, length=min(length, known))
    finder = RoadFinder(network)
    # a place beside an edge may leave it at either end
    at_node = network.accesses[~network.accesses["place_id"].duplicated(keep=False)]
    where = dict(at_node[["place_id", "node_id"]].to_numpy())
    ids = list(where)
    length_of = network.edges.set_index("edge_id")["length_m"]
    for one, two in [(a, b) for a in ids for b in ids if where[a] != where[b]][:6]:
        found = finder.find(from_place=one, to_place=two)
        if "several places" in found.problem:
            continue
        try:
            short = nx.shortest_path_length(graph, where[one], where[two], weight="length")
        except nx.NetworkXNoPath:
            assert "no way" in found.problem
        else:
            assert length_of[list(found.edge_ids)].sum() == pytest.approx(short)


def test_the_built_in_country_by_its_french_names():
    finder = RoadFinder(load_mali().network)
    for ref, one, two in [
        ("RN 16", "Sévaré", "Gao"), ("Route Nationale 6", "Segou", "San"),
        ("RN17", "Gao", "Ansongo"),
    ]:  # fmt: skip
        found = finder.find(ref=ref, from_place=one, to_place=two)
        assert found.problem == "", found.problem
        edges = finder.network.edges.set_index("edge_id").loc[list(found.edge_ids)]
        assert set(edges["ref"]) == {plain_ref(ref).upper()}
