"""What makes a network, what is refused, and what must not matter."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import Phase, given, settings

from mobility_geo.datasets import load_toy_network
from mobility_geo.errors import CRSError, InputError, SchemaError, UnknownIdError
from mobility_geo.network import Network, build_network
from mobility_geo.network.model import END_TOLERANCE_M
from mobility_geo.schema import NETWORK_TABLES
from mobility_geo.sources.geodesy import geodesic_length_m, metric_crs
from mobility_geo.testing import assert_network_equal, draw_network
from mobility_geo.testing.strategies import networks

UNSHRUNK = (Phase.explicit, Phase.generate)
"""Networks take long to make: a failing one is shown as it was found."""

LAYERS = ("zones", "nodes", "edges", "crossings", "places", "waterways")
PLAIN = ("seasons", "profiles", "speeds")
DRAWN = draw_network("""
A---b#c---C
|
+---D~~~~~E
""")


def parts(network, **changes):
    """Return what `build_network` takes, to build the network anew."""
    tables = {name: getattr(network, name).copy() for name in (*LAYERS, *PLAIN)}
    return {"name": network.name, **tables, **changes}


def moved(network, table, row, **values):
    frame = getattr(network, table).copy()
    for column, value in values.items():
        frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_without_coordinate_reference_system_is_refused(name):
    layer = getattr(DRAWN, name).set_crs(None, allow_override=True)
    with pytest.raises(CRSError, match=f"{name}: has no coordinate reference system"):
        build_network(**parts(DRAWN, **{name: layer}))
    with pytest.raises((CRSError, SchemaError), match="no coordinate reference system"):
        DRAWN.replace_tables(**{name: layer})


@pytest.mark.parametrize("name", LAYERS)
def test_a_plain_table_is_no_layer(name):
    plain = pd.DataFrame(getattr(DRAWN, name).drop(columns="geometry"))
    with pytest.raises(SchemaError, match=f"{name}: needs a"):
        build_network(**parts(DRAWN, **{name: plain}))


@pytest.mark.parametrize("crs", [4326, "OGC:CRS84", 2263])
def test_a_working_system_that_is_not_in_metres_is_refused(crs):
    with pytest.raises(CRSError, match="is not in metres"):
        build_network(**parts(DRAWN, crs=crs))


def test_layers_of_one_network_are_in_one_system():
    with pytest.raises(CRSError, match="places: is in "):
        DRAWN.replace_tables(places=DRAWN.places.to_crs(32630))


def test_layers_in_different_systems_are_brought_together():
    kept = build_network(**parts(DRAWN, crs=DRAWN.crs))
    systems = (4326, 3857, 32630, 4326, 32631, 3857)
    mixed = {name: getattr(DRAWN, name).to_crs(crs)
             for name, crs in zip(LAYERS, systems, strict=True)}  # fmt: skip
    made = build_network(**parts(DRAWN, crs=DRAWN.crs, **mixed))
    for name in LAYERS:
        one, two = getattr(kept, name), getattr(made, name)
        assert shapely.hausdorff_distance(one.geometry.array, two.geometry.array).max(
            initial=0
        ) < 0.01  # fmt: skip
    assert made.accesses["off_road_m"].tolist() == kept.accesses["off_road_m"].tolist()


@pytest.mark.parametrize("crs", [None, DRAWN.crs])
def test_a_network_without_edges_is_refused_in_words(crs):
    with pytest.raises(InputError, match="edges"):
        build_network(**parts(DRAWN, edges=DRAWN.edges.iloc[:0], crs=crs))


def test_a_missing_shape_is_told_in_words_even_without_lengths():
    edges = DRAWN.edges.drop(columns="length_m")
    edges.loc[1, "geometry"] = None
    with pytest.raises(SchemaError, match="geometry is missing or empty"):
        build_network(**parts(DRAWN, edges=edges, crs=DRAWN.crs))


@pytest.mark.parametrize("end", [0, -1])
def test_edges_must_end_at_their_nodes(end):
    def push(metres):
        coordinates = np.array(DRAWN.edges.geometry.iloc[0].coords)
        coordinates[end] += [0, metres]
        return moved(DRAWN, "edges", 0, geometry=shapely.LineString(coordinates))

    assert len(DRAWN.replace_tables(edges=push(0.9 * END_TOLERANCE_M)).edges) == len(DRAWN.edges)
    with pytest.raises(SchemaError, match=r"must end within 1 m of its nodes; wrong in 1 rows"):
        DRAWN.replace_tables(edges=push(1.1 * END_TOLERANCE_M))


def test_an_edge_drawn_against_its_direction_is_found():
    edges = DRAWN.edges.copy()
    edges.loc[2, "geometry"] = edges.geometry.iloc[2].reverse()
    with pytest.raises(SchemaError, match="must end within 1 m"):
        DRAWN.replace_tables(edges=edges)


def crossing_row():
    return int(np.flatnonzero(DRAWN.edges["kind"] == "crossing")[0])


def test_a_crossing_must_join_its_two_countries():
    with pytest.raises(SchemaError, match="must join a node in each of the two countries"):
        DRAWN.replace_tables(nodes=DRAWN.nodes.assign(country="AAA"))
    with pytest.raises(SchemaError, match="must join a node in each of the two countries"):
        DRAWN.replace_tables(crossings=DRAWN.crossings.assign(country_b="CCC"))
    turned = DRAWN.crossings.assign(country_a="BBB", country_b="AAA")
    assert len(DRAWN.replace_tables(crossings=turned).crossings) == 1


def test_crossing_edges_and_only_they_have_a_crossing():
    rule = "has a crossing_id if, and only if, it is of kind 'crossing'"
    with pytest.raises(SchemaError, match=rule):
        DRAWN.replace_tables(edges=moved(DRAWN, "edges", crossing_row(), crossing_id=None))
    with pytest.raises(SchemaError, match=rule):
        DRAWN.replace_tables(edges=moved(DRAWN, "edges", 0, crossing_id="b-c"))
    with pytest.raises(SchemaError, match=rule):
        DRAWN.replace_tables(edges=moved(DRAWN, "edges", crossing_row(), kind="road"))


@pytest.mark.parametrize(
    ("table", "column", "wrong", "near"),
    [
        ("edges", "from_node_id", "AA", "A"),
        ("edges", "to_node_id", "cc", "c"),
        ("places", "pcode", "AAA2", "AAA1"),
        ("accesses", "place_id", "AA", "A"),
        ("accesses", "edge_id", "A-C", "A-b"),
    ],
)
def test_every_id_must_lead_somewhere(table, column, wrong, near):
    with pytest.raises(SchemaError, match=f"{table}: column '{column}' names '{wrong}'") as caught:
        DRAWN.replace_tables(**{table: moved(DRAWN, table, 0, **{column: wrong})})
    if column != "edge_id":
        assert f"did you mean {near!r}?" in str(caught.value)


def test_speeds_of_an_unknown_profile_are_found():
    speeds = DRAWN.speeds.assign(profile=DRAWN.speeds["profile"].replace("truck", "trucks"))
    with pytest.raises(SchemaError, match="'trucks'"):
        DRAWN.replace_tables(speeds=speeds)


@pytest.mark.parametrize("modes", ["raod|track", "road,track"])
def test_modes_of_a_profile_are_kinds_of_edges(modes):
    """A typing error would close every road to everybody, without a word."""
    with pytest.raises(SchemaError, match="modes"):
        DRAWN.replace_tables(profiles=DRAWN.profiles.assign(modes=modes))


@pytest.mark.parametrize(
    "wrong",
    [{"months": "0|1"}, {"months": "13"}, {"months": "07"}, {"months": "July"},
     {"kinds": "raod"}, {"profiles": "trucks"}, {"effect": "speed_factor", "value": 0.0}],
)  # fmt: skip
def test_seasons_that_would_silently_never_come_are_refused(wrong):
    row = {"season_id": "rain", "label": "Rain", "months": "7|8", "effect": "close", "value": 0.0,
           "source": "drawn", **wrong}  # fmt: skip
    with pytest.raises(SchemaError, match="seasons"):
        DRAWN.replace_tables(seasons=pd.DataFrame([row]))


def test_a_layer_across_the_antimeridian_is_refused():
    lines = shapely.linestrings([[(179.5, 1), (179.9, 1)], [(-179.9, 1), (-179.5, 1)]])
    layer = gpd.GeoDataFrame(geometry=lines, crs=4326)
    with pytest.raises(CRSError, match="antimeridian"):
        metric_crs(layer)
    edges = DRAWN.edges.iloc[:2].to_crs(4326).set_geometry(lines, crs=4326)
    with pytest.raises(CRSError, match="antimeridian"):
        build_network(**parts(DRAWN, edges=edges))


def test_the_order_of_rows_does_not_decide_between_two_carriageways():
    """A place between two parallel edges attaches to the same one in any order of the rows."""
    one = draw_network("A-->--B")
    there = one.edges.assign(oneway=False)
    back = there.assign(edge_id="twin", length_m=90_000.0)
    places = one.places.iloc[:1].set_geometry([shapely.Point(25_000, 3_000)], crs=one.crs)
    made = [
        build_network(**parts(one, edges=pd.concat(edges), places=places, crs=one.crs))
        for edges in ([there, back], [back, there])
    ]
    assert_network_equal(*made)


@given(network=networks())
@settings(max_examples=10, phases=UNSHRUNK)
def test_the_order_of_rows_does_not_matter(network):
    """The same content in any order makes the same network, accesses included."""
    rng = np.random.default_rng(7)
    shuffled = {
        name: frame.iloc[rng.permutation(len(frame))]
        for name, frame in ((name, getattr(network, name)) for name in (*LAYERS, *PLAIN))
    }
    made = build_network(**parts(network, **shuffled, crs=network.crs))
    assert_network_equal(network, made)
    assert network.content_hash() == made.content_hash()


def test_building_changes_none_of_its_inputs():
    toy = load_toy_network()
    given_ = parts(toy)
    copies = {name: table.copy() for name, table in given_.items() if name != "name"}
    build_network(**given_)
    for name, before in copies.items():
        pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(given_[name]))


def test_a_network_does_not_change_with_the_tables_it_was_made_from():
    tables = {schema.name: getattr(DRAWN, schema.name).copy() for schema in NETWORK_TABLES}
    made = Network(name="copy", **tables)
    tables["edges"]["length_m"] = 1.0
    tables["nodes"].loc[0, "name"] = "another"
    assert_network_equal(made, DRAWN, check_name=False)


def test_no_table_of_a_network_can_be_put_in_place_of_another():
    with pytest.raises(AttributeError):
        DRAWN.edges = DRAWN.edges


def geodesic_oracle(line):
    """Sum the geodesics of each segment with pyproj's own inverse problem."""
    geod = pyproj.Geod(ellps="WGS84")
    points = list(line.coords)
    return sum(geod.inv(*a, *b)[2] for a, b in itertools.pairwise(points))


def test_missing_lengths_are_geodesic_and_given_ones_are_kept():
    edges = DRAWN.edges.copy()
    edges["length_m"] = np.nan
    edges.loc[0, "length_m"] = 123_456.0
    made = build_network(**parts(DRAWN, edges=edges))
    found = made.edges.set_index("edge_id")["length_m"]
    assert found[edges["edge_id"].iloc[0]] == 123_456.0
    for edge_id, line in zip(edges["edge_id"][1:], edges.to_crs(4326).geometry[1:], strict=True):
        assert found[edge_id] == pytest.approx(geodesic_oracle(line), rel=1e-9)


@pytest.mark.parametrize("crs", [4326, 3857, 32630])
def test_lengths_do_not_depend_on_the_system_of_the_layer(crs):
    line = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(-4, 14), (-3.5, 15), (-3.5, 15.2)])], crs=4326
    )
    expected = geodesic_oracle(line.geometry[0])
    assert geodesic_length_m(line.to_crs(crs))[0] == pytest.approx(expected, rel=1e-8)


def test_the_projection_is_centred_and_equal_in_area():
    crs = metric_crs(DRAWN.edges)
    box = gpd.GeoDataFrame(geometry=[shapely.box(0.2, 14.6, 0.3, 14.7)], crs=4326)
    geod = pyproj.Geod(ellps="WGS84")
    area, _ = geod.geometry_area_perimeter(box.geometry[0])
    assert float(box.to_crs(crs).area[0]) == pytest.approx(abs(area), rel=1e-4)


class TestIds:
    def test_rows_are_found_by_id_and_unknown_ones_are_all_named(self):
        assert DRAWN.edge_positions(["A-b", "b-c"]).tolist() == [
            DRAWN.edges["edge_id"].tolist().index(name) for name in ("A-b", "b-c")
        ]
        with pytest.raises(UnknownIdError) as caught:
            DRAWN.edge_positions(["A-b", "A-bb", "x-y"])
        assert len(caught.value.problems) == 2
        assert "did you mean 'A-b'?" in caught.value.problems[0]
        assert isinstance(caught.value, KeyError)
        assert DRAWN.node_positions([]).tolist() == []

    def test_places_answer_to_id_name_and_other_spellings(self):
        places = DRAWN.places.copy()
        places.loc[0, ["name", "name_alt"]] = ["Ségou", "Segou|سيغو | Segu"]
        network = DRAWN.replace_tables(places=places)
        for name in ("A", "a", "Ségou", "SÉGOU", " segou ", "سيغو", "Segu"):
            assert network.find_place(name) == "A", name
        with pytest.raises(UnknownIdError, match="did you mean 'Ségou'"):
            network.find_place("Ségoo")

    def test_two_places_of_one_name_are_not_mixed_up(self):
        network = DRAWN.replace_tables(places=DRAWN.places.assign(name="Gao"))
        with pytest.raises(UnknownIdError, match="several places are called 'Gao'"):
            network.find_place("Gao")
        assert network.find_place("C") == "C"

    def test_crossings_answer_to_id_and_name(self):
        assert DRAWN.find_crossing("post b-c") == DRAWN.find_crossing("b-c") == "b-c"
        with pytest.raises(UnknownIdError, match="no crossing"):
            DRAWN.find_crossing("")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("edges", "length_m", 40_000.5),
        ("edges", "oneway", True),
        ("edges", "name", "Route"),
        ("nodes", "name", "é"),
        ("crossings", "regime", "closed"),
        ("places", "population_persons", 1001.0),
        ("profiles", "cost_xof_per_km", 11.0),
        ("speeds", "speed_kph", 61.0),
    ],
)
def test_the_hash_changes_with_the_content(table, column, value):
    changed = DRAWN.replace_tables(**{table: moved(DRAWN, table, 0, **{column: value})})
    assert changed.content_hash() != DRAWN.content_hash()
    assert DRAWN.replace_tables().content_hash() == DRAWN.content_hash()


def test_arcs_run_both_ways_unless_the_edge_is_one_way():
    network = draw_network("A-->--B---C")
    arcs, nodes = network.arcs, network.nodes["node_id"]
    edges = network.edges["edge_id"]
    found = {
        (edges[arcs.edge[i]], nodes[arcs.tail[i]], nodes[arcs.head[i]], bool(arcs.forward[i]))
        for i in range(len(arcs))
    }
    assert found == {
        ("A-B", "A", "B", True), ("B-C", "B", "C", True), ("B-C", "C", "B", False),
    }  # fmt: skip
    assert arcs.edge[: len(edges)].tolist() == list(range(len(edges)))
