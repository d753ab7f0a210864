"""OpenStreetMap extracts: what is read is what stands in the file, cut where ways meet."""

import datetime as dt
import tracemalloc
from contextlib import suppress
from itertools import pairwise, product

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_mali
from mobility_geo.errors import InputError
from mobility_geo.network import build_network
from mobility_geo.network.build import no_rows
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.scenario import Scenario, TravellerClass, conditions
from mobility_geo.schema import PLACES, ZONES
from mobility_geo.sources import read_osm_pbf
from mobility_geo.sources.osm import carriageways
from mobility_geo.sources.osm_tags import KEYS, edge_attributes, tag_meanings

GEOD = pyproj.Geod(ellps="WGS84")
ROAD = {"highway": "primary", "surface": "asphalt"}


def written(path, nodes, *ways):
    """Write an extract: nodes by id as (lon, lat), ways as (nodes, tags), numbered from 1."""
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for ref, place in sorted(nodes.items()):
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=place))
        for number, (refs, tags) in enumerate(ways, start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
    return path


LINE = {number: (number * 0.01, 15.0) for number in range(1, 10)}


def read(tmp_path, *ways, nodes=LINE, **how):
    return read_osm_pbf(written(tmp_path / "x.osm.pbf", nodes, *ways), **how)


def only(tmp_path, **tags):
    edges = read(tmp_path, ([1, 2, 3], tags)).tables["edges"]
    assert len(edges) == 1
    return edges.iloc[0]


def checks(reading):
    return {row.check: row.id for row in reading.findings.itertuples()}


def metres(nodes, refs):
    lon, lat = zip(*(nodes[ref] for ref in refs), strict=True)
    return GEOD.line_length(lon, lat)


# ------------------------------------------------------------------ junctions
def test_ways_are_cut_where_they_meet_and_nowhere_else(tmp_path):
    reading = read(tmp_path, ([1, 2, 3, 4, 5], ROAD), ([9, 3], ROAD))
    edges = reading.tables["edges"].set_index("edge_id")
    ends = edges[["from_node_id", "to_node_id"]].apply(tuple, axis=1).to_dict()
    assert ends == {"w1-1": ("n1", "n3"), "w1-2": ("n3", "n5"), "w2-1": ("n9", "n3")}
    assert sorted(reading.tables["nodes"]["node_id"]) == ["n1", "n3", "n5", "n9"]
    assert shapely.get_num_coordinates(edges.geometry["w1-1"]) == 3


@st.composite
def extracts(draw):
    refs = st.integers(1, 9)
    ways = draw(st.lists(st.lists(refs, min_size=2, max_size=6), min_size=1, max_size=6))
    places = draw(
        st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=9, max_size=9,
                 unique=True)
    )  # fmt: skip
    nodes = {ref: (x * 0.01, y * 0.01) for ref, (x, y) in enumerate(places, start=1)}
    return nodes, ways


@given(extracts())
@settings(max_examples=40)
def test_all_of_every_way_is_there_once(tmp_path_factory, made):
    """Length, ends and connections, against the pairs of nodes one by one."""
    nodes, ways = made
    pairs = [(a, b) for refs in ways for a, b in pairwise(refs) if a != b]
    file = tmp_path_factory.mktemp("osm") / "x.osm.pbf"
    written(file, nodes, *((refs, ROAD) for refs in ways))
    if not pairs:
        with pytest.raises(InputError):
            read_osm_pbf(file)
        return
    tables = read_osm_pbf(file).tables
    edges, points = tables["edges"], tables["nodes"].set_index("node_id").geometry
    assert edges["length_m"].sum() == pytest.approx(sum(metres(nodes, pair) for pair in pairs))
    for row in edges.itertuples():
        assert row.geometry.coords[0] == points[row.from_node_id].coords[0]
        assert row.geometry.coords[-1] == points[row.to_node_id].coords[0]
    drawn = nx.Graph(pairs)
    found = nx.Graph(edges[["from_node_id", "to_node_id"]].to_numpy().tolist())
    for node in found:
        reach = {f"n{ref}" for ref in nx.node_connected_component(drawn, int(node[1:]))}
        assert set(nx.node_connected_component(found, node)) == reach & set(found)


def test_a_node_written_twice_in_a_row_and_a_loop(tmp_path):
    edges = read(tmp_path, ([1, 2, 2, 3], ROAD)).tables["edges"]
    assert len(edges) == 1
    nodes = {**LINE, 9: (0.02, 15.01)}
    loop = read(tmp_path, ([1, 2, 9, 1], ROAD), nodes=nodes).tables["edges"].iloc[0]
    assert loop["from_node_id"] == loop["to_node_id"] == "n1"
    assert loop["length_m"] == pytest.approx(metres(nodes, [1, 2, 9, 1]))


def test_a_clipped_road_is_cut_and_a_clipped_ferry_goes_on(tmp_path):
    nodes = {ref: LINE[ref] for ref in (1, 2, 4, 5, 7)}
    reading = read(tmp_path, ([1, 2, 3, 4, 5], ROAD), ([5, 6, 7], {"route": "ferry"}), nodes=nodes)
    edges = reading.tables["edges"].set_index("edge_id")
    assert sorted(edges.index) == ["w1-1", "w1-2", "w2-1"]
    assert edges.loc["w1-1", "to_node_id"] == "n2"
    assert edges.loc["w2-1", ["from_node_id", "to_node_id"]].tolist() == ["n5", "n7"]
    assert {"clipped way", "clipped ferry"} <= set(checks(reading))


def test_a_ferry_of_which_one_point_is_left_is_told(tmp_path):
    nodes = {ref: LINE[ref] for ref in (1, 2)}
    reading = read(tmp_path, ([1, 2], ROAD), ([1, 8, 1], {"route": "ferry"}), nodes=nodes)
    assert reading.tables["edges"]["kind"].tolist() == ["road"]
    assert checks(reading)["no line left"] == "1 ways, e.g. [2]"


# ------------------------------------------------------------------ tags
@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ({"highway": "trunk"}, ("road", "primary", "paved")),
        ({"highway": "secondary"}, ("road", "secondary", "gravel")),
        ({"highway": "residential"}, ("road", "tertiary", "earth")),
        ({"highway": "track"}, ("track", "track", "earth")),
        ({"highway": "track", "tracktype": "grade1"}, ("track", "track", "gravel")),
        (
            {"highway": "track", "tracktype": "grade2", "surface": "sand"},
            ("track", "track", "sand"),
        ),
        ({"highway": "primary", "surface": "laterite"}, ("road", "primary", "gravel")),
        ({"highway": "primary", "surface": "moon dust"}, ("road", "primary", "paved")),
        ({"highway": "primary", "smoothness": "horrible"}, ("track", "track", "gravel")),
        ({"highway": "primary", "smoothness": "impassable"}, ("walk", "none", "none")),
        ({"highway": "path"}, ("walk", "none", "none")),
        ({"highway": "track", "motor_vehicle": "no"}, ("walk", "none", "none")),
        ({"route": "ferry"}, ("ferry", "none", "water")),
        ({"route": "ferry", "highway": "residential"}, ("ferry", "none", "water")),
        ({"route": "ferry", "highway": "construction"}, ("ferry", "none", "water")),
        ({"route": "bus", "highway": "trunk"}, ("road", "primary", "paved")),
        ({"highway": "track", "surface": "asphalt"}, ("track", "track", "gravel")),
        ({"highway": "primary", "surface": "concrete:lanes"}, ("road", "primary", "paved")),
        ({"highway": "primary", "surface": "sand;gravel"}, ("road", "primary", "sand")),
        ({"highway": "secondary", "tracktype": "grade5"}, ("road", "secondary", "earth")),
        ({"highway": "secondary", "4wd_only": "yes"}, ("track", "track", "gravel")),
        ({"highway": "secondary", "4wd_only": "no"}, ("road", "secondary", "gravel")),
        (
            {"highway": "track", "4wd_only": "yes", "smoothness": "impassable"},
            ("walk", "none", "none"),
        ),
        ({"highway": "primary_link"}, ("road", "primary", "paved")),
    ],
)
def test_what_tags_mean(tmp_path, tags, found):
    edge = only(tmp_path, **tags)
    assert (edge["kind"], edge["road_class"], edge["surface"]) == found


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"access": "no"}, None), ({"access": "private"}, None), ({"access": "permissive"}, "road"),
        ({"access": "no", "foot": "yes"}, "walk"), ({"access": "no", "foot": "designated"}, "walk"),
        ({"access": "no", "motor_vehicle": "yes"}, "road"),
        ({"access": "private", "vehicle": "yes"}, "road"),
        ({"access": "no", "vehicle": "no", "motor_vehicle": "destination"}, "road"),
        ({"vehicle": "no"}, "walk"), ({"motor_vehicle": "private"}, "walk"),
        ({"vehicle": "no", "foot": "no"}, None), ({"motor_vehicle": "no", "access": "no"}, None),
        ({"vehicle": "no", "motor_vehicle": "yes"}, "road"), ({"foot": "no"}, "road"),
    ],
)  # fmt: skip
def test_the_tag_that_is_most_exact_says_who_may_pass(tmp_path, tags, kind):
    tables = read(tmp_path, ([1, 2], ROAD), ([3, 4], {"highway": "residential", **tags})).tables
    other = tables["edges"].query("from_node_id == 'n3'")["kind"].tolist()
    assert other == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "path", "motor_vehicle": "no"}, "walk"),
        ({"highway": "path", "foot": "no"}, None), ({"highway": "path", "access": "no"}, None),
        ({"route": "ferry", "motor_vehicle": "no"}, "ferry"),
        ({"route": "ferry", "access": "private"}, None),
        ({"route": "ferry", "access": "no", "foot": "yes"}, "ferry"),
    ],
)  # fmt: skip
def test_who_may_use_paths_and_ferries(tmp_path, tags, kind):
    tables = read(tmp_path, ([1, 2], ROAD), ([3, 4], tags)).tables
    other = tables["edges"].query("from_node_id == 'n3'")["kind"].tolist()
    assert other == ([] if kind is None else [kind])


def test_an_extract_of_private_ways_only_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"(?s)no edge is left.*no access: 1 ways"):
        read(tmp_path, ([1, 2], {**ROAD, "access": "private"}))


def test_what_is_built_or_only_a_route_is_no_way(tmp_path):
    """A bus line called road, a street called ferry: each word counts under its own key."""
    ways = [{"highway": "construction"}, {"highway": "proposed"}, {"route": "road"},
            {"route": "track"}, {"highway": "ferry"}, {"route": "hiking"}]  # fmt: skip
    reading = read(tmp_path, ([1, 2], ROAD), *(([3, 4], tags) for tags in ways))
    assert reading.tables["edges"]["edge_id"].tolist() == ["w1-1"]
    finding = reading.findings.set_index("check").loc["not wanted"]
    assert finding["value"] == len(ways)
    assert (reading.rows_read, reading.rows_kept) == (7, 1)


def test_every_meaning_of_tags_has_a_speed_for_somebody():
    """A way that the table takes for a road, and no vehicle has a speed on, would be a wall."""
    speeds = load_mali().network.speeds
    meant = tag_meanings()
    words = {key: [None, *(w for k, w in {**meant.kind, **meant.surface} if k == key)]
             for key in ("highway", "surface", "smoothness")}  # fmt: skip
    rows = list(product(*words.values()))
    tags = pd.DataFrame(rows, columns=list(words), dtype="object").reindex(columns=list(KEYS))
    tags = tags.astype("object").where(tags.notna(), None)
    found = edge_attributes(tags)
    sorts = found.loc[found["kind"].notna(), ["kind", "road_class", "surface"]].drop_duplicates()
    assert len(sorts) > 12
    for row in sorts.itertuples():
        who = speeds[(speeds["kind"] == row.kind)
                     & speeds["road_class"].isin([row.road_class, "*"])
                     & speeds["surface"].isin([row.surface, "*"])]  # fmt: skip
        needed = {"foot", "livestock"} | (set() if row.kind == "walk" else {"truck", "4x4"})
        assert needed <= set(who["profile"]), row


def test_a_surface_that_is_assumed_has_low_confidence(tmp_path):
    assert only(tmp_path, highway="track")["confidence"] == "low"
    assert only(tmp_path, highway="track", surface="sand")["confidence"] == "medium"


@pytest.mark.parametrize(
    ("tags", "all_season"),
    [
        ({"surface": "asphalt"}, True), ({"surface": "earth"}, False),
        ({"surface": "asphalt", "ford": "yes"}, False),
        ({"surface": "asphalt", "ford": "no"}, True),
        ({"surface": "asphalt", "seasonal": "dry_season"}, False),
        ({"surface": "asphalt", "seasonal": "no"}, True),
        ({"surface": "gravel", "winter_road": "yes"}, False),
        ({"surface": "gravel", "ice_road": "yes"}, False),
        ({"surface": "gravel", "flood_prone": "yes"}, False),
        ({"surface": "concrete", "bridge": "low_water_crossing"}, False),
    ],
)  # fmt: skip
def test_fords_and_seasonal_ways_are_not_for_all_seasons(tmp_path, tags, all_season):
    assert only(tmp_path, highway="primary", **tags)["all_season"] == all_season


@pytest.mark.parametrize(
    ("tags", "oneway", "start"),
    [
        ({}, False, "n1"), ({"oneway": "yes"}, True, "n1"), ({"oneway": "-1"}, True, "n3"),
        ({"oneway": "no", "junction": "roundabout"}, False, "n1"),
        ({"junction": "roundabout"}, True, "n1"), ({"oneway": "reversible"}, False, "n1"),
        ({"oneway": "-1", "junction": "roundabout"}, True, "n3"),
        ({"oneway": "yes", "motor_vehicle": "no"}, False, "n1"),  # on foot
        ({"oneway": "yes", "route": "ferry"}, True, "n1"),
        ({"junction": "roundabout", "route": "ferry"}, False, "n1"),
    ],
)  # fmt: skip
def test_one_way_streets_run_along_their_edge(tmp_path, tags, oneway, start):
    edge = only(tmp_path, highway="primary", **tags)
    assert (edge["oneway"], edge["from_node_id"]) == (oneway, start)
    assert edge.geometry.coords[0] == pytest.approx(LINE[int(start[1:])])


def test_motorways_are_one_way_and_paths_never(tmp_path):
    assert only(tmp_path, highway="motorway")["oneway"]
    assert not only(tmp_path, highway="motorway", oneway="no")["oneway"]
    assert not only(tmp_path, highway="path", oneway="yes")["oneway"]


def test_bridges_names_and_sources(tmp_path):
    edge = only(tmp_path, highway="primary", bridge="viaduct", ref="RN6", name="Pont de Ségou")
    assert edge["bridge"]
    assert (edge["ref"], edge["name"]) == ("RN6", "Pont de Ségou")
    assert edge["source"] == "OpenStreetMap way 1, ODbL"
    assert not only(tmp_path, highway="primary", bridge="no")["bridge"]
    assert not only(tmp_path, highway="primary", bridge="low_water_crossing")["bridge"]


def test_a_ford_at_a_node_wets_the_edges_that_meet_there(tmp_path):
    file = tmp_path / "x.osm.pbf"
    tags = {3: {"ford": "yes"}, 7: {"ford": "no"}, 5: {"highway": "crossing"}}
    with osmium.SimpleWriter(str(file)) as writer:
        for ref, place in LINE.items():
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=place, tags=tags.get(ref, {})))
        for number, refs in enumerate([[1, 2, 3, 4], [4, 5, 6], [6, 7, 8]], start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=ROAD))
    reading = read_osm_pbf(file)
    edges = reading.tables["edges"].set_index("edge_id")
    assert edges["all_season"].to_dict() == {"w1-1": False, "w2-1": True, "w3-1": True}
    assert checks(reading)["ford at a node"] == "1 edges, e.g. ['w1-1']"


def test_ways_without_access_are_left_out_and_counted(tmp_path):
    reading = read(
        tmp_path, ([1, 2], ROAD), ([2, 3], {**ROAD, "access": "private"}),
        ([3, 4], {**ROAD, "access": "no", "foot": "yes"}),
    )  # fmt: skip
    assert sorted(reading.tables["edges"]["edge_id"]) == ["w1-1", "w3-1"]
    assert checks(reading)["no access"].startswith("1 ways")
    assert (reading.rows_read, reading.rows_kept) == (3, 2)


def test_pavements_are_left_out_unless_they_are_asked_for(tmp_path):
    ways = ([1, 2], ROAD), ([2, 3], {"highway": "footway"})
    reading = read(tmp_path, *ways)
    assert len(reading.tables["edges"]) == 1
    assert "footway 1" in reading.findings.set_index("check")["finding"]["not wanted"]
    asked = read(tmp_path, *ways, classes=["footway"]).tables["edges"]
    assert asked["kind"].tolist() == ["walk"]
    with pytest.raises(InputError, match="did you mean 'primary'"):
        read(tmp_path, *ways, classes=["primry"])


def test_the_outline_of_a_square_is_no_way(tmp_path):
    ways = ([1, 2], ROAD), ([3, 4, 5, 3], {"highway": "service", "area": "yes"})
    reading = read(tmp_path, *ways)
    assert reading.tables["edges"]["edge_id"].tolist() == ["w1-1"]
    assert "area 1" in reading.findings.set_index("check")["finding"]["not wanted"]


@given(extracts(), st.data())
@settings(max_examples=40)
def test_each_way_is_kept_or_counted_once(tmp_path_factory, made, data):
    """Whatever is cut, closed, clipped or outside: rows read less rows kept are in findings."""
    nodes, ways = made
    some = [ROAD, {"highway": "path", "access": "no"}, {"route": "ferry"}, {"highway": "steps"},
            {**ROAD, "area": "yes"}, {"route": "bus"}]  # fmt: skip
    tags = data.draw(st.lists(st.sampled_from(some), min_size=len(ways), max_size=len(ways)))
    gone = data.draw(st.sets(st.sampled_from(sorted(nodes)), max_size=4))
    there = {ref: place for ref, place in nodes.items() if ref not in gone}
    file = tmp_path_factory.mktemp("osm") / "x.osm.pbf"
    written(file, there, *zip(ways, tags, strict=True))
    try:
        reading = read_osm_pbf(file, bbox=data.draw(st.sampled_from([None, (0, 0, 0.2, 0.2)])))
    except InputError:
        return
    lost = ["no access", "no line left", "not wanted", "outside the box", "way twice"]
    counted = reading.findings.loc[reading.findings["check"].isin(lost), "value"].sum()
    assert reading.rows_read == len(ways)
    assert reading.rows_read - reading.rows_kept == counted
    kept = reading.tables["edges"]["source"].nunique()
    assert reading.rows_kept == kept


def test_two_nodes_at_one_place_are_one(tmp_path):
    """The piece between them has no length; what it joins stays joined."""
    nodes = {**LINE, 4: LINE[3]}
    ways = ([1, 3], ROAD), ([3, 4], ROAD), ([4, 5], ROAD), ([3, 9], ROAD), ([4, 8], ROAD)
    reading = read(tmp_path, *ways, nodes=nodes)
    edges = reading.tables["edges"]
    assert len(edges) == 4
    assert (edges["length_m"] > 0).all()
    assert nx.is_connected(nx.Graph(edges[["from_node_id", "to_node_id"]].to_numpy().tolist()))
    assert checks(reading)["edge of no length"] == "1 edges, e.g. ['w2-1']"
    assert reading.rows_read - reading.rows_kept == 1


def test_closed_ways_and_parallel_ways(tmp_path):
    nodes = {**LINE, 9: (0.02, 15.01)}
    ring = read(tmp_path, ([1, 2, 9, 1], ROAD), ([2, 3], ROAD), nodes=nodes).tables["edges"]
    ends = ring[["from_node_id", "to_node_id"]].apply(tuple, axis=1).tolist()
    assert sorted(ends) == [("n1", "n2"), ("n2", "n1"), ("n2", "n3")]
    twins = read(tmp_path, ([1, 2], ROAD), ([1, 9, 2], ROAD), nodes=nodes).tables["edges"]
    assert twins[["from_node_id", "to_node_id"]].drop_duplicates().shape == (1, 2)
    assert twins["length_m"].nunique() == 2


def test_a_way_twice_counts_once(tmp_path):
    file = tmp_path / "x.osm.pbf"
    with osmium.SimpleWriter(str(file)) as writer:
        for ref, place in LINE.items():
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=place))
        for refs in ([1, 2, 3], [1, 2]):
            writer.add_way(osmium.osm.mutable.Way(id=7, nodes=refs, tags=ROAD))
    reading = read_osm_pbf(file)
    assert reading.tables["edges"]["to_node_id"].tolist() == ["n2"]
    assert checks(reading)["way twice"] == "1 ways"
    assert (reading.rows_read, reading.rows_kept) == (2, 1)


@pytest.mark.parametrize(
    ("bbox", "message"),
    [
        ((0, 1, 2), "four numbers are expected"), ("0,1,2,x", "four numbers are expected"),
        ((2, 0, 1, 1), "the order is west, south, east, north"),
        ((0, 14, 1, 95), "the order is west, south, east, north"),
        ((0, float("nan"), 1, 2), "the order is west, south, east, north"),
    ],
)  # fmt: skip
def test_boxes_that_are_none(tmp_path, bbox, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, ([1, 2], ROAD), bbox=bbox)


def test_classes_by_one_name_or_none(tmp_path):
    ways = ([1, 2], ROAD), ([2, 3], {"highway": "track"}), ([3, 4], {"route": "ferry"})
    assert read(tmp_path, *ways, classes="track").tables["edges"]["kind"].tolist() == ["track"]
    assert read(tmp_path, *ways, classes={"ferry"}).tables["edges"]["kind"].tolist() == ["ferry"]
    with pytest.raises(InputError, match="classes: none given"):
        read(tmp_path, *ways, classes=[])


def test_a_box_keeps_what_touches_it(tmp_path):
    ways = ([1, 2], ROAD), ([4, 5], ROAD)
    tables = read(tmp_path, *ways, bbox=(0.0, 14.9, 0.025, 15.1)).tables
    assert tables["edges"]["edge_id"].tolist() == ["w1-1"]
    assert set(tables["nodes"]["node_id"]) == {"n1", "n2"}
    with pytest.raises(InputError, match="no edge is left in the box"):
        read(tmp_path, *ways, bbox=(50.0, 50.0, 51.0, 51.0))


# ------------------------------------------------------------------ carriageways
def dual(apart_deg, **second):
    nodes = {1: (0, 15), 2: (0.02, 15), 3: (0.02, 15 + apart_deg), 4: (0, 15 + apart_deg)}
    tags = {"highway": "primary", "oneway": "yes", "ref": "RN1"}
    return nodes, ([1, 2], tags), ([3, 4], {**tags, **second})


@pytest.mark.parametrize(
    ("apart_deg", "second", "together"),
    [
        (0.0003, {}, True),  # 33 m
        (0.003, {}, False),  # 330 m: two streets
        (0.0003, {"ref": "RN2"}, False),
        (0.0003, {"oneway": "no"}, False),
        (0.0003, {"oneway": "-1"}, False),  # the same direction
        (0.0003, {"junction": "roundabout"}, False),
        (0.0003, {"highway": "primary_link"}, False),
    ],
)
def test_carriageways_of_one_road_are_known_as_one(tmp_path, apart_deg, second, together):
    nodes, *ways = dual(apart_deg, **second)
    groups = read(tmp_path, *ways, nodes=nodes).tables["edges"]["carriageway_group"]
    assert groups.notna().all() == together
    assert groups.nunique() == int(together)


def test_no_road_is_its_own_twin(tmp_path):
    edges = read(tmp_path, ([1, 2, 3], {**ROAD, "oneway": "yes"})).tables["edges"]
    assert carriageways(edges).tolist() == [None]


# ------------------------------------------------------------------ bad files
def test_what_is_no_extract_is_one_clear_error(tmp_path):
    whole = written(tmp_path / "whole.osm.pbf", LINE, ([1, 2], ROAD)).read_bytes()
    cases = {"cut.osm.pbf": whole[: len(whole) // 2], "noise.osm.pbf": bytes(range(256)) * 8,
             "text.osm.pbf": b"not a map"}  # fmt: skip
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name}: cannot be read to its end"):
            read_osm_pbf(tmp_path / name)
    (tmp_path / "empty.osm.pbf").write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        read_osm_pbf(tmp_path / "empty.osm.pbf")


XML = '<osm version="0.6">{}</osm>'
WAY = '<way id="5"{}><nd ref="{}"/><nd ref="{}"/><tag k="highway" v="track"/></way>'
SPOT = '<node id="{}" lat="{}" lon="{}"/>'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (SPOT.format(-1, 1, 2) + SPOT.format(-2, 1, 3) + WAY.format("", -1, -2), "ids above 0"),
        (WAY.format("", 1, 2) + SPOT.format(1, 1, 2) + SPOT.format(2, 1, 3), "before the ways"),
        (SPOT.format(1, 95, 2) + SPOT.format(2, 1, 200) + WAY.format("", 1, 2), "no way has"),
        (SPOT.format(1, "x", 2), "cannot be read to its end"),
        (
            SPOT.format(1, 1, 2) + SPOT.format(2, 1, 3) + WAY.format(' visible="false"', 1, 2),
            "history or change file: 1 ways",
        ),
        ("", "no way of"),
    ],
)
def test_what_xml_may_hold(tmp_path, body, message):
    file = tmp_path / "x.osm"
    file.write_text(XML.format(body), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_osm_pbf(file)


@pytest.mark.parametrize(
    "text",
    [
        "<html><body>Bad gateway</body></html>",
        '<!DOCTYPE o [<!ENTITY a "aa">]>' + XML.format('<note a="&a;"/>'),
    ],
)
def test_other_xml_is_refused_and_entities_are_not_followed(tmp_path, text):
    file = tmp_path / "x.osm"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read to its end"):
        read_osm_pbf(file)


def test_places_beyond_the_globe_are_as_if_not_there(tmp_path):
    file = tmp_path / "x.osm"
    spots = SPOT.format(1, 1, 2) + SPOT.format(2, 1, 3) + SPOT.format(3, 95, 3)
    more = '<way id="6"><nd ref="2"/><nd ref="3"/><tag k="highway" v="track"/></way>'
    file.write_text(XML.format(spots + WAY.format("", 1, 2) + more), encoding="utf-8")
    reading = read_osm_pbf(file)
    assert reading.tables["edges"]["edge_id"].tolist() == ["w5-1"]
    assert {"off the globe", "clipped way", "no line left"} <= set(checks(reading))


@given(st.data())
@settings(max_examples=40)
def test_damage_anywhere_is_one_clear_error_or_a_reading(tmp_path_factory, data):
    """A file cut off, or with a byte changed, at any place."""
    folder = tmp_path_factory.mktemp("osm")
    whole = written(folder / "whole.osm.pbf", LINE, ([1, 2, 3], ROAD)).read_bytes()
    at = data.draw(st.integers(1, len(whole) - 1))
    cut = data.draw(st.booleans())
    broken = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
    (folder / "broken.osm.pbf").write_bytes(broken)
    if cut:
        with pytest.raises(InputError, match=r"broken\.osm\.pbf: "):
            read_osm_pbf(folder / "broken.osm.pbf")
        return
    with suppress(InputError):
        assert len(read_osm_pbf(folder / "broken.osm.pbf").tables["edges"]) > 0


def test_an_extract_without_roads_says_so(tmp_path):
    with pytest.raises(InputError, match="no way of"):
        read(tmp_path, ([1, 2], {"building": "yes"}))


def test_xml_is_read_as_well(tmp_path):
    file = written(tmp_path / "x.osm", LINE, ([1, 2], ROAD))
    assert len(read_osm_pbf(file).tables["edges"]) == 1


# ------------------------------------------------------------------ in use
def test_it_becomes_a_network(tmp_path):
    reading = read(tmp_path, ([1, 2, 3], ROAD), ([3, 4], {"route": "ferry"}))
    network = build_network(name="x", zones=no_rows(ZONES), places=no_rows(PLACES),
                            **reading.tables)  # fmt: skip
    assert len(network.edges) == 2
    assert network.edges["length_m"].sum() == pytest.approx(metres(LINE, [1, 2, 3, 4]))


def test_people_find_their_way_over_it(tmp_path):
    """By road and ferry from end to end; one-way streets are not entered from behind."""
    ways = (
        ([1, 2, 3], ROAD), ([3, 4, 5], {"route": "ferry"}), ([5, 6], {**ROAD, "oneway": "-1"}),
        ([6, 7], ROAD),
    )  # fmt: skip
    reading = read(tmp_path, *ways)
    places = gpd.GeoDataFrame(
        {"place_id": ["west", "bank", "east"], "name": ["West", "Bank", "East"],
         "kind": "settlement", "country": "MLI", "source": "drawn"},
        geometry=gpd.points_from_xy([0.01, 0.05, 0.07], [15.0] * 3), crs=4326,
    )  # fmt: skip
    network = build_network(name="x", zones=no_rows(ZONES), places=places, **reading.tables)
    day = dt.date(2024, 1, 20)
    quiet = Scenario(name="quiet", when=day, start=day, end=day)
    who = TravellerClass(profile="truck", nationality="MLI")
    costs = conditions(network, quiet, None, who).dense()
    ends = access_set(network, costs, ["west", "bank", "east"])
    open_ways = np.isfinite(solve_ways(network, costs, ends, ends).units)
    assert open_ways.tolist() == [[True, True, False], [True, True, False], [True, True, True]]


def test_progress_rises_to_one(tmp_path):
    told = []
    read(tmp_path, ([1, 2], ROAD), progress=lambda _step, share: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1


def test_it_can_be_stopped(tmp_path):
    def stop(step, _share):
        if step == "Roads: junctions":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(tmp_path, ([1, 2], ROAD), progress=stop)


def test_buildings_cost_no_memory(tmp_path):
    """Nodes and ways that are no roads leave nothing behind in Python."""
    rng = np.random.default_rng(1)
    peaks = []
    for houses in (0, 20_000):
        places = rng.uniform(0, 1, (houses * 3, 2)).tolist()
        nodes = {**LINE, **{100 + i: tuple(place) for i, place in enumerate(places)}}
        ways = [([100 + 3 * i + k for k in (0, 1, 2, 0)], {"building": "yes"})
                for i in range(houses)]  # fmt: skip
        file = written(tmp_path / "x.osm.pbf", nodes, ([1, 2, 3], ROAD), *ways)
        read_osm_pbf(file)
        tracemalloc.start()
        read_osm_pbf(file)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000
