"""The audit finds what is planted, where it is planted, and nothing else."""

import geopandas as gpd
import networkx as nx
import pandas as pd
import pytest
import shapely
from hypothesis import Phase, given, settings

from mobility_geo.network import attach_places, audit_network
from mobility_geo.network.audit import components
from mobility_geo.schema import FINDINGS
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import CRS
from mobility_geo.testing.strategies import networks

PICTURE = """
A---b#c---C
|
+---D
"""
HARMLESS = {"no state report", "projection"}


def findings(network):
    table = audit_network(network)
    assert list(table.columns) == [*FINDINGS.names, "geometry"]
    return table[~table["check"].isin(HARMLESS)]


def only(network, check):
    table = findings(network)
    assert table["check"].tolist() == [check], table
    return table.iloc[0]


def changed(network, table, row, **values):
    frame = getattr(network, table).copy()
    for column, value in values.items():
        frame.loc[row, column] = value
    return network.replace_tables(**{table: frame})


def test_a_sound_network_has_no_findings():
    assert len(findings(draw_network(PICTURE))) == 0


def test_a_part_that_hangs_on_nothing_is_found_with_its_people():
    row = only(draw_network(PICTURE + "\n E---F"), "fragment")
    assert (row["severity"], row["value"], row["persons"]) == ("warning", 2, 2000)
    assert row["id"] in {"E", "F"}
    junctions = only(draw_network(PICTURE + "\n e---f"), "fragment")
    assert (junctions["severity"], junctions["persons"]) == ("note", 0)


@given(network=networks())
@settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
def test_parts_are_numbered_by_size_as_networkx_finds_them(network):
    graph = nx.MultiGraph()
    graph.add_nodes_from(network.nodes["node_id"])
    graph.add_edges_from(network.edges[["from_node_id", "to_node_id"]].to_numpy().tolist())
    part = components(network)
    ours = {}
    for node, number in zip(network.nodes["node_id"], part, strict=True):
        ours.setdefault(int(number), set()).add(node)
    assert sorted(map(sorted, ours.values())) == sorted(map(sorted, nx.connected_components(graph)))
    sizes = [len(ours[number]) for number in sorted(ours)]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("away", "check", "severity"),
    [(4_999, None, ""), (5_100, "far from the network", "warning"),
     (16_000, "not attached", "warning")],
)  # fmt: skip
def test_places_off_the_road_are_found(away, check, severity):
    network = draw_network(PICTURE)
    row = int(network.place_positions(["A"])[0])
    places = network.places.copy()
    places.loc[row, "geometry"] = shapely.Point(0, away)
    moved = network.replace_tables(
        places=places,
        accesses=attach_places(places, network.nodes, network.edges, network.waterways),
    )
    if check is None:
        assert len(findings(moved)) == 0
        return
    found = only(moved, check)
    assert (found["severity"], found["id"], found["persons"]) == (severity, "A", 1000)


def test_twins_are_found_by_name_and_by_place():
    network = draw_network(PICTURE)
    row = int(network.place_positions(["D"])[0])
    found = findings(changed(network, "places", row, name="town a"))
    assert found[["check", "id"]].to_numpy().tolist() == [["same name", "A"], ["same name", "D"]]
    other = changed(network, "places", int(network.place_positions(["C"])[0]), name="Town A")
    assert len(findings(other)) == 0, "the same name in another country is no twin"
    near = network.places.copy()
    near.loc[row, "geometry"] = shapely.Point(500, 0)
    spot = only(network.replace_tables(places=near), "same spot")
    assert spot["persons"] == 2000
    assert spot["value"] == pytest.approx(500)


def test_an_edge_that_nobody_can_pass_is_found():
    network = draw_network(PICTURE)
    row = int(network.edge_positions(["A-D"])[0])
    ferry = changed(network, "edges", row, kind="ferry")
    assert (only(ferry, "no speed")["id"], only(ferry, "no speed")["severity"]) == (
        "A-D", "warning",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("length_m", "check", "severity"),
    [(39.0, "shorter than straight", "error"), (39_900.0, "shorter than straight", "error"),
     (39_990.0, None, ""), (119_000.0, None, ""), (121_000.0, "very winding", "note")],
)  # fmt: skip
def test_lengths_that_cannot_be_are_found(length_m, check, severity):
    network = draw_network(PICTURE)
    row = int(network.edge_positions(["A-b"])[0])  # 40 km
    made = changed(network, "edges", row, length_m=length_m)
    if check is None:
        assert len(findings(made)) == 0
        return
    found = only(made, check)
    assert (found["severity"], found["id"]) == (severity, "A-b")


def test_gaps_in_the_tables_are_counted():
    network = draw_network(PICTURE)
    low = network.replace_tables(edges=network.edges.assign(confidence="low"))
    assert only(low, "low confidence")["value"] == 1.0
    empty = network.replace_tables(places=network.places.assign(population_persons=None))
    assert only(empty, "no population")["id"] == "3 places"
    day = network.replace_tables(edges=network.edges.assign(state_reported_on="2012-12-01"))
    assert "no state report" not in set(audit_network(day)["check"])


def test_a_crossing_that_no_edge_passes_is_found():
    network = draw_network(PICTURE)
    second = network.crossings.assign(crossing_id="idle", name="Idle")
    idle = network.replace_tables(crossings=pd.concat([network.crossings, second]))
    assert only(idle, "crossing without edge")["id"] == "idle"


def test_a_dead_end_at_a_settlement_without_a_place_is_found():
    network = draw_network(PICTURE)
    without = network.replace_tables(
        places=network.places[network.places["place_id"] != "D"],
        accesses=network.accesses[network.accesses["place_id"] != "D"],
    )
    assert only(without, "dead end")["id"] == "D"


def test_the_worst_comes_first_and_no_places_are_no_problem():
    network = draw_network(PICTURE + "\n E---F")
    row = int(network.edge_positions(["A-b"])[0])
    table = audit_network(changed(network, "edges", row, length_m=1.0))
    assert table["severity"].iloc[0] == "error"
    assert table["severity"].tolist() == sorted(
        table["severity"], key=["error", "warning", "note"].index
    )
    bare = network.replace_tables(
        places=network.places.iloc[:0], accesses=network.accesses.iloc[:0]
    )
    assert len(audit_network(bare)) >= 1


def test_a_projection_that_distorts_is_told():
    network = draw_network(PICTURE)
    layers = ("zones", "nodes", "edges", "crossings", "places", "accesses", "waterways")
    far = network.replace_tables(
        **{name: gpd.GeoDataFrame(getattr(network, name).to_crs(32637)) for name in layers}
    )
    table = audit_network(far).set_index("check")
    assert far.crs != CRS
    assert table.loc["projection", "severity"] == "warning"
    assert table.loc["projection", "value"] > 0.02
