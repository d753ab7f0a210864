"""Roads cut where they leave a country, the nearest ways of a place, and people in the audit."""

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.network import attach_places, audit_network, build_network
from mobility_geo.network.accesses import (
    AT_NODE_M,
    ATTACH_KINDS,
    MAX_ACCESSES,
    _nearest_first,
)
from mobility_geo.network.borders import (
    DEGREE_M,
    GAP_M,
    HALF_M,
    NEAR_POST_M,
    assign_countries,
    cut_at_borders,
)
from mobility_geo.schema import CROSSINGS, EDGES, NODES, SEASONS, empty_table
from mobility_geo.sources.geodesy import GEOD
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import PROFILES, SPEEDS
from mobility_geo.testing.strategies import networks

UNSHRUNK = (Phase.explicit, Phase.generate)
STRIPS = ("AAA", "BBB", "CCC")
"""Countries from west to east, a degree of longitude each, from 10 to 12 degrees north."""


def zones(crs=4326):
    made = gpd.GeoDataFrame(
        {"pcode": [f"{name}1" for name in STRIPS], "name": STRIPS, "adm_level": 1,
         "country": STRIPS, "parent_pcode": None, "pcode_vintage": "drawn",
         "population_persons": None, "source": "drawn"},
        geometry=[shapely.MultiPolygon([shapely.box(x, 10, x + 1, 12)]) for x in range(3)],
        crs=4326,
    )  # fmt: skip
    return made.to_crs(crs)


def strip(lon):
    return STRIPS[int(lon)] if 0 < lon < 3 else None


def node_table(spots):
    return gpd.GeoDataFrame(
        {"node_id": [f"n{i}" for i in range(len(spots))], "kind": "junction", "name": None,
         "country": pd.Series([None] * len(spots), dtype="str")},
        geometry=[shapely.Point(spot) for spot in spots], crs=4326,
    )  # fmt: skip


def edge_table(rows):
    """Return edges of (from, to, line, more columns)."""
    made = [
        {
            "edge_id": f"e{i}", "from_node_id": f"n{one}", "to_node_id": f"n{two}", "kind": "road",
            "road_class": "primary", "surface": "paved", "ref": None, "name": None,
            "oneway": False, "all_season": True, "bridge": False, "wait_min": 0.0,
            "country": None, "crossing_id": None, "reach": None, "rainfall_class": None,
            "carriageway_group": None, "state_reported_on": None, "source": "drawn",
            "confidence": "high", "length_m": GEOD.geometry_length(line), "geometry": line, **more,
        }
        for i, (one, two, line, more) in enumerate(rows)
    ]  # fmt: skip
    frame = pd.DataFrame(made, columns=[*EDGES.names, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def post_table(*rows):
    """Return crossings of (id, countries, longitude, latitude)."""
    return gpd.GeoDataFrame(
        {"crossing_id": [row[0] for row in rows], "name": [f"Poste {row[0]}" for row in rows],
         "country_a": [row[1][0] for row in rows], "country_b": [row[1][1] for row in rows],
         "official": True, "regime": "closed", "opens_hour": None, "closes_hour": None,
         "throughput_persons_per_day": None, "processing_min": 30.0, "source": "drawn",
         "confidence": "high"},
        geometry=[shapely.Point(row[2:]) for row in rows], crs=4326,
    )  # fmt: skip


def straight(*lons, lat=11.0, **more):
    """Return nodes at some longitudes, and an edge from each to the next."""
    spots = [(lon, lat) for lon in lons]
    rows = [(i, i + 1, shapely.LineString(pair), more)
            for i, pair in enumerate(itertools.pairwise(spots))]  # fmt: skip
    return node_table(spots), edge_table(rows)


def build(nodes, edges, crossings, land=None):
    nothing = gpd.GeoDataFrame(geometry=[], crs=4326)
    return build_network(
        name="n", zones=zones() if land is None else land, nodes=nodes, edges=edges,
        crossings=crossings, places=nothing.assign(
            **{name: [] for name in ("place_id", "name", "kind", "country", "source")}),
        waterways=nothing.assign(waterway_id=[], source=[]), seasons=empty_table(SEASONS),
        profiles=PROFILES, speeds=SPEEDS,
    )  # fmt: skip


# ------------------------------------------------------------------ countries
@given(spots=st.lists(st.tuples(st.floats(-0.1, 3.1), st.floats(9.9, 12.1)), max_size=12),
       crs=st.sampled_from([4326, 3857]))  # fmt: skip
@settings(max_examples=20, phases=UNSHRUNK)
def test_a_point_has_the_country_that_it_lies_in(spots, crs):
    points = gpd.GeoDataFrame(geometry=[shapely.Point(spot) for spot in spots], crs=4326)
    points.index = pd.RangeIndex(7, 7 + len(points))
    found = assign_countries(points, zones(crs))
    assert found.index.equals(points.index)
    for spot, country in zip(spots, found, strict=True):
        apart = [shape.distance(shapely.Point(spot)) for shape in zones().geometry]
        near = sorted(zip(apart, STRIPS, strict=True))
        if near[1][0] - near[0][0] < 1e-6 or abs(near[0][0] - GAP_M / DEGREE_M) < 1e-6:
            continue
        # in a zone, or in the gap that maps of two publishers leave beside one
        want = near[0][1] if near[0][0] < GAP_M / DEGREE_M else None
        assert (None if pd.isna(country) else country) == want


def test_where_zones_overlap_the_first_code_counts():
    land = pd.concat([zones(), zones().iloc[:1].assign(pcode="AA0", country="ZZZ")])
    points = gpd.GeoDataFrame(geometry=[shapely.Point(0.5, 11)], crs=4326)
    for rows in (land, land.iloc[::-1]):
        assert assign_countries(points, gpd.GeoDataFrame(rows, crs=4326)).tolist() == ["ZZZ"]
    assert assign_countries(points, zones().iloc[:0]).isna().all()
    assert len(assign_countries(points.iloc[:0], zones())) == 0


# ------------------------------------------------------------------ cutting
def leaves_at(line, west, east):
    """Return the share of a line at which it first leaves a strip, by a walk along it."""
    gone, total = 0.0, line.length
    for (x1, y1), (x2, y2) in itertools.pairwise(line.coords):
        step = np.hypot(x2 - x1, y2 - y1)
        if not west <= x2 <= east:
            border = west if x2 < west else east
            return (gone + step * (border - x1) / (x2 - x1)) / total
        gone += step
    return 0.5


@st.composite
def roads(draw):
    lon = st.floats(0.05, 2.95).filter(lambda x: 0.02 < x % 1 < 0.98)
    spots = draw(st.lists(st.tuples(lon, st.floats(10.1, 11.9)), min_size=2, max_size=5,
                          unique=True))  # fmt: skip
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        one, two = draw(st.lists(st.integers(0, len(spots) - 1), min_size=2, max_size=2,
                                 unique=True))  # fmt: skip
        between = draw(st.lists(st.tuples(lon, st.floats(10.1, 11.9)), max_size=2))
        rows.append(
            (one, two, shapely.LineString([spots[one], *between, spots[two]]),
             {"kind": draw(st.sampled_from(["road", "road", "track", "river", "ferry"])),
              "oneway": draw(st.booleans()), "wait_min": draw(st.sampled_from([0.0, 12.0])),
              "ref": draw(st.sampled_from([None, "RN6"]))})
        )  # fmt: skip
    posts = [("p", ("AAA", "BBB"), 1.0, draw(st.floats(10.1, 11.9))),
             ("q", ("CCC", "BBB"), 2.0, draw(st.floats(10.1, 11.9)))]  # fmt: skip
    return node_table(spots), edge_table(rows), post_table(*posts)


def assert_cut_in_three(edge, parts, country, point, side):
    """Check ends, lengths, waits and shapes of the pieces of an edge."""
    a, b = country[edge["from_node_id"]], country[edge["to_node_id"]]
    assert [part["kind"] for part in parts] == [edge["kind"], "crossing", edge["kind"]]
    assert [part["country"] for part in parts] == [a, a, b]
    assert parts[0]["from_node_id"] == edge["from_node_id"]
    assert parts[2]["to_node_id"] == edge["to_node_id"]
    for one, two in itertools.pairwise(parts):
        assert one["to_node_id"] == two["from_node_id"]
    assert [side[part["to_node_id"]] for part in parts] == [a, b, b]
    # lengths and waits are those of the whole, and the pieces are the line
    assert sum(part["length_m"] for part in parts) == pytest.approx(edge["length_m"], rel=1e-12)
    assert sum(part["wait_min"] for part in parts) == edge["wait_min"]
    assert parts[1]["length_m"] <= 2 * HALF_M + 1e-6
    assert all(part["length_m"] > 0 for part in parts)
    assert all(part["oneway"] == edge["oneway"] for part in parts)
    line = edge["geometry"]
    assert sum(part["geometry"].length for part in parts) == pytest.approx(line.length)
    for part in parts:
        assert part["geometry"].hausdorff_distance(line) <= line.length
        assert max(shapely.distance(shapely.points(part["geometry"].coords), line)) < 1e-9
        ends = part["geometry"].coords[0], part["geometry"].coords[-1]
        names = part["from_node_id"], part["to_node_id"]
        assert [point[name].coords[0] for name in names] == list(ends)


def assert_passes_the_nearest_post(edge, crossing, posts, crossings, a, b):
    """Check where the crossing is, and which one."""
    line = edge["geometry"]
    # the middle of the crossing is where the line first leaves the country
    share = leaves_at(line, STRIPS.index(a), STRIPS.index(a) + 1)
    at = line.interpolate(share, normalized=True)
    middle = crossing["geometry"].interpolate(0.5, normalized=True)
    assert crossing["geometry"].distance(at) < 1e-9
    assert middle.distance(at) <= crossing["geometry"].length / 2 + 1e-9
    # the nearest given post of the two countries, if there is one near
    fits = [row for row in posts.to_dict("records")
            if {row["country_a"], row["country_b"]} == {a, b}]  # fmt: skip
    apart = [GEOD.inv(at.x, at.y, row["geometry"].x, row["geometry"].y)[2] for row in fits]
    near = [row["crossing_id"] for row, gap in zip(fits, apart, strict=True)
            if gap <= NEAR_POST_M]  # fmt: skip
    assert crossing["crossing_id"] == (near[0] if near else f"informal-{edge['edge_id']}")
    of = crossings.set_index("crossing_id").loc[crossing["crossing_id"]]
    assert {of["country_a"], of["country_b"]} == {a, b}
    assert bool(of["official"]) is bool(near)


@given(drawn=roads())
@settings(max_examples=15, phases=UNSHRUNK)
def test_roads_are_cut_in_three_where_they_leave_their_country(drawn):
    nodes, edges, posts = drawn
    before = [table.copy() for table in drawn]
    new_nodes, new_edges, crossings, _ = cut_at_borders(nodes, edges, zones(), posts)
    for table, kept in zip(drawn, before, strict=True):
        assert_geodataframe_equal(table, kept)
    country = dict(zip(nodes["node_id"], map(strip, nodes.geometry.x), strict=True))
    point = dict(zip(new_nodes["node_id"], new_nodes.geometry, strict=True))
    side = dict(zip(new_nodes["node_id"], new_nodes["country"], strict=True))
    assert {name: side[name] for name in country} == country
    for edge in edges.to_dict("records"):
        mine = new_edges[(new_edges["edge_id"] == edge["edge_id"])
                         | new_edges["edge_id"].str.startswith(f"{edge['edge_id']}/")]  # fmt: skip
        a, b = country[edge["from_node_id"]], country[edge["to_node_id"]]
        if a == b or edge["kind"] in {"river", "ferry"}:
            (same,) = mine.to_dict("records")
            for name in ("edge_id", "from_node_id", "to_node_id", "kind", "length_m", "wait_min"):
                assert same[name] == edge[name]
            assert same["geometry"].equals_exact(edge["geometry"], 0)
            continue
        parts = mine.sort_values("edge_id").to_dict("records")
        assert_cut_in_three(edge, parts, country, point, side)
        assert_passes_the_nearest_post(edge, parts[1], posts, crossings, a, b)
        assert [pd.isna(part["crossing_id"]) for part in parts] == [True, False, True]
    assert new_edges["edge_id"].is_unique
    assert new_nodes["node_id"].is_unique
    assert tuple(new_nodes.columns) == (*NODES.names, "geometry")
    assert tuple(new_edges.columns) == (*EDGES.names, "geometry")
    assert tuple(crossings.columns) == (*CROSSINGS.names, "geometry")
    built = build(new_nodes, new_edges, crossings)
    assert (built.edges["kind"] == "crossing").sum() == built.edges["crossing_id"].notna().sum()


def test_nothing_across_is_left_as_it_is():
    nodes, edges = straight(0.2, 0.5, 0.9)
    posts = post_table(("p", ("AAA", "BBB"), 1.0, 11.0))
    new_nodes, new_edges, crossings, findings = cut_at_borders(nodes, edges, zones(), posts)
    assert_geodataframe_equal(new_edges, edges.assign(country="AAA"), check_dtype=False)
    assert_geodataframe_equal(new_nodes, nodes.assign(country="AAA"), check_dtype=False)
    assert crossings["crossing_id"].tolist() == ["p"]
    assert [(one.check, one.severity, one.id) for one in findings] == [
        ("crossing without road", "warning", "p")
    ]
    assert len(cut_at_borders(nodes, edges, zones())[2]) == 0


def test_an_informal_crossing_is_open_and_says_so():
    nodes, edges = straight(0.5, 1.5, ref="RN16")
    _, new_edges, crossings, findings = cut_at_borders(nodes, edges, zones())
    (made,) = crossings.to_dict("records")
    assert made["crossing_id"] == "informal-e0"
    assert made["name"] == "Informal crossing AAA-BBB (RN16)"
    assert (made["official"], made["regime"], made["processing_min"]) == (False, "open", 0.0)
    assert made["geometry"].distance(shapely.Point(1, 11)) < 1e-9
    assert new_edges["length_m"].tolist()[1] == pytest.approx(2 * HALF_M)
    assert findings[0].finding == (
        "lead into another country: 0 pass a given crossing, 1 informal crossings were made and "
        "count as open"
    )
    informal = build(*cut_at_borders(nodes, edges, zones())[:3]).crossings
    assert informal["official"].tolist() == [False]


@pytest.mark.parametrize(
    ("north_m", "countries", "near_m", "known"),
    [
        (4_990, ("AAA", "BBB"), NEAR_POST_M, True), (4_990, ("BBB", "AAA"), NEAR_POST_M, True),
        (5_010, ("AAA", "BBB"), NEAR_POST_M, False), (10, ("BBB", "CCC"), NEAR_POST_M, False),
        (5_010, ("AAA", "BBB"), 6_000, True), (10, ("AAA", "BBB"), 5, False),
    ],
)  # fmt: skip
def test_a_post_is_recognised_by_its_countries_and_how_near_it_is(
    north_m, countries, near_m, known
):
    nodes, edges = straight(0.5, 1.5)
    lon, lat, _ = GEOD.fwd(1.0, 11.0, 0.0, north_m)
    posts = post_table(("p", countries, lon, lat))
    _, new_edges, crossings, _ = cut_at_borders(nodes, edges, zones(), posts, near_post_m=near_m)
    crossing = new_edges.loc[new_edges["kind"] == "crossing", "crossing_id"].tolist()
    assert crossing == (["p"] if known else ["informal-e0"])
    regime = crossings.set_index("crossing_id")["regime"]
    assert regime["p"] == "closed"


def test_the_nearest_of_several_posts_and_one_post_of_two_roads():
    nodes, edges = straight(0.5, 1.5)
    posts = post_table(("far", ("AAA", "BBB"), 1.0, 11.03), ("near", ("AAA", "BBB"), 1.0, 11.01))
    found = cut_at_borders(nodes, edges, zones(), posts.to_crs(3857))
    assert found[1]["crossing_id"].dropna().tolist() == ["near"]
    assert [one.id for one in found[3] if one.check == "crossing without road"] == ["far"]
    spots = [(0.5, 11.0), (1.5, 11.0), (0.5, 11.02), (1.5, 11.02)]
    dual = edge_table(
        [
            (0, 1, shapely.LineString(spots[:2]), {"carriageway_group": "g"}),
            (2, 3, shapely.LineString(spots[2:]), {"carriageway_group": "g"}),
        ]
    )
    made = cut_at_borders(node_table(spots), dual, zones(), posts.iloc[1:])
    assert made[1]["crossing_id"].dropna().tolist() == ["near", "near"]
    assert build(*made[:3]).edges["crossing_id"].notna().sum() == 2


def test_short_ways_across_are_cut_as_well():
    """Of a bridge of 20 m over the border river a part is the crossing, and none is empty."""
    nodes, edges = straight(0.99999, 1.0001)
    _, found, crossings, _ = cut_at_borders(nodes, edges, zones())
    assert (found["length_m"] > 0).all()
    assert found["length_m"].sum() == pytest.approx(edges["length_m"].iloc[0], rel=1e-12)
    assert len(crossings) == 1


def test_a_road_that_leaves_and_comes_back_is_cut_where_it_first_leaves():
    spots = [(0.5, 11.0), (1.5, 11.5)]
    line = shapely.LineString([spots[0], (1.2, 11.0), (1.2, 11.2), (0.8, 11.2), spots[1]])
    edges = edge_table([(0, 1, line, {})])
    _, found, crossings, _ = cut_at_borders(node_table(spots), edges, zones())
    assert len(found) == 3
    assert crossings.geometry.iloc[0].distance(shapely.Point(1.0, 11.0)) < 1e-9


def test_a_hairpin_bend_that_crosses_itself_is_no_border():
    spots = [(0.2, 11.0), (1.5, 11.2)]
    line = shapely.LineString([spots[0], (0.6, 11.0), (0.6, 11.3), (0.4, 11.3), (0.4, 10.8),
                               (0.9, 10.8), spots[1]])  # fmt: skip
    assert not line.is_simple
    _, _, crossings, _ = cut_at_borders(node_table(spots), edge_table([(0, 1, line, {})]), zones())
    assert crossings.geometry.iloc[0].x == pytest.approx(1.0, abs=1e-9)


def test_a_country_of_a_node_that_no_zone_has_is_cut_in_the_middle():
    """Nodes may know their country where the map of zones ends before it."""
    nodes, edges = straight(0.5, 3.5)
    nodes["country"] = ["AAA", "DDD"]
    for rows in (nodes, nodes.assign(country=["DDD", "AAA"])):
        _, found, crossings, _ = cut_at_borders(rows, edges, zones())
        assert len(found) == 3
        assert set(crossings[["country_a", "country_b"]].iloc[0]) == {"AAA", "DDD"}
    assert crossings.geometry.iloc[0].x == pytest.approx(2.0)


def test_a_line_that_a_coarse_map_has_in_one_country_is_cut_in_the_middle():
    """The map says AAA all along, the nodes know better; or the line begins abroad."""
    nodes, edges = straight(0.2, 0.8)
    for countries in (["AAA", "BBB"], ["BBB", "AAA"]):
        _, found, crossings, _ = cut_at_borders(nodes.assign(country=countries), edges, zones())
        assert len(found) == 3
        assert crossings.geometry.iloc[0].x == pytest.approx(0.5)


def test_a_node_outside_of_all_zones_has_no_border():
    nodes, edges = straight(0.5, 3.5)
    _, found, crossings, _ = cut_at_borders(nodes, edges, zones())
    assert found["edge_id"].tolist() == ["e0"]
    assert len(crossings) == 0


def test_a_crossing_that_is_one_already_is_not_cut_again():
    nodes, edges = straight(0.5, 1.5)
    once = cut_at_borders(nodes, edges, zones())
    twice = cut_at_borders(*once[:2], zones(), once[2])
    for one, two in zip(once[:3], twice[:3], strict=True):
        assert_geodataframe_equal(one, two, check_dtype=False)


# ------------------------------------------------------------------ nearest ways of a place
@given(data=st.data())
@settings(max_examples=60, phases=UNSHRUNK)
def test_lines_come_nearest_first_each_once_and_none_is_missed(data):
    """Also at exactly the radius of a circle of the search: 500 m, 2 km, 8 km."""
    gaps = st.sampled_from([0.0, 3.0, 499.9999999, 500.0, 500.0000001, 1_999.0, 2_000.0, 2_500.0,
                            8_000.0, 14_999.0, 15_000.0, 20_000.0]) | st.floats(0, 2e4)  # fmt: skip
    offset = data.draw(st.sampled_from([0.0, 123_456.789]))
    point = shapely.Point(offset, offset / 3)
    lines = []
    for gap in data.draw(st.lists(gaps, max_size=8)):
        angle = data.draw(st.sampled_from([0.0, 0.3, 1.2, 2.0]))
        across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        foot = np.array(point.coords[0]) + across[0] * gap
        lines.append(shapely.LineString([foot - across[1] * 40, foot + across[1] * 70]))
    array = np.array(lines, dtype=object)
    most = data.draw(st.sampled_from([0.0, 300.0, 500.0, 15_000.0]))
    found = list(_nearest_first(shapely.STRtree(array), array, point, most))
    apart = {i: line.distance(point) for i, line in enumerate(lines)}
    assert len(set(found)) == len(found)
    assert [apart[i] for i in found] == sorted(apart[i] for i in found)
    assert set(found) == {i for i, gap in apart.items() if gap <= most}
    assert found == sorted(found, key=lambda i: (apart[i], i))


@pytest.mark.parametrize("gap", [0.0, 500.0, 2_000.0, 8_000.0])
def test_a_line_at_the_radius_of_a_circle_comes_once(gap):
    # 64 m long, so that distances are whole numbers to the last bit
    lines = np.array([shapely.LineString([(x, -32), (x, 32)])
                      for x in (gap, gap, gap + 1, 15_000)])  # fmt: skip
    assert shapely.distance(lines, shapely.Point(0, 0)).tolist() == [gap, gap, gap + 1, 15_000]
    found = list(_nearest_first(shapely.STRtree(lines), lines, shapely.Point(0, 0), 15_000.0))
    assert found == [0, 1, 2, 3]


def slow_accesses(network, place, most):
    """Return node and edge of each access of a place, by going through all nodes and edges."""
    nodes = network.nodes.set_index("node_id")
    barriers = [row.geometry for row in network.waterways.itertuples() if row.barrier]

    def free(one, two):
        way = shapely.LineString([one, two])
        return way.length == 0 or not any(way.crosses(river) for river in barriers)

    def home(node_id):
        country = nodes["country"][node_id]
        return pd.isna(country) or country == place["country"]

    land = [row for row in network.edges.to_dict("records") if row["kind"] in ATTACH_KINDS]
    ends = {row[name] for row in land for name in ("from_node_id", "to_node_id")}
    ends |= set(nodes.index[nodes["kind"] == "settlement"])
    spot = place["geometry"]
    at = sorted(
        (nodes.geometry[name].distance(spot), name) for name in ends
        if nodes.geometry[name].distance(spot) <= AT_NODE_M and home(name)
        and free(spot, nodes.geometry[name])
    )  # fmt: skip
    if at:
        return [(at[0][1], None)]
    found = []
    for gap, _, edge in sorted(
        ((row["geometry"].distance(spot), row["edge_id"], row) for row in land),
        key=lambda item: item[:2],
    ):
        line = edge["geometry"]
        foot = line.interpolate(line.project(spot))
        names = edge["from_node_id"], edge["to_node_id"]
        if gap <= most and all(map(home, names)) and free(spot, foot):
            found += [(name, edge["edge_id"]) for name in names
                      if name not in {node for node, _ in found}]  # fmt: skip
        if len(found) >= MAX_ACCESSES:
            break
    return found[:MAX_ACCESSES]


@given(network=networks(nodes=7, edges=12), most=st.sampled_from([2_000.0, 15_000.0, 60_000.0]))
@settings(max_examples=10, phases=UNSHRUNK)
def test_accesses_are_those_of_a_search_over_all_edges(network, most):
    found = attach_places(network.places, network.nodes, network.edges, network.waterways,
                          max_distance_m=most)  # fmt: skip
    for place in network.places.to_dict("records"):
        mine = found[found["place_id"] == place["place_id"]]
        pairs = [(node, None if pd.isna(edge) else edge)
                 for node, edge in zip(mine["node_id"], mine["edge_id"], strict=True)]  # fmt: skip
        assert pairs == slow_accesses(network, place, most)


# ------------------------------------------------------------------ people in the audit
def test_people_beside_a_road_and_at_its_ends_are_touched_by_it_each_once():
    """M and N live beside A-B; O and P on an island of their own; C is elsewhere."""
    drawn = draw_network("""
    A---B---C
    |
    D
    O---P---Q
    """)
    at = {"M": (20_000, 3_000), "N": (25_000, -2_000)}
    more = gpd.GeoDataFrame(
        {"place_id": list(at), "name": list(at), "kind": "settlement", "country": "AAA",
         "source": "drawn"}, geometry=[shapely.Point(xy) for xy in at.values()], crs=drawn.crs,
    )  # fmt: skip
    places = pd.concat([drawn.places, more], ignore_index=True)
    places["country"] = "AAA"
    places["population_persons"] = [2.0**i for i in range(len(places))]
    nodes = drawn.nodes.assign(country="AAA")
    edges = drawn.edges.assign(
        country="AAA", length_m=drawn.edges["length_m"].where(drawn.edges["edge_id"] != "A-B", 9.0)
    )
    network = drawn.replace_tables(
        places=places, nodes=nodes, edges=edges,
        accesses=attach_places(places, nodes, edges, drawn.waterways),
    )  # fmt: skip
    people = places.set_index("place_id")["population_persons"]
    table = audit_network(network).set_index("check")
    assert table["persons"]["shorter than straight"] == people[["A", "B", "M", "N"]].sum()
    assert table["persons"]["fragment"] == people[["O", "P", "Q"]].sum()


@given(network=networks(nodes=6, edges=6), data=st.data())
@settings(max_examples=8, phases=UNSHRUNK)
def test_findings_name_the_people_of_the_places_concerned(network, data):
    edges, places = network.edges, network.places
    short = np.array(data.draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges))))
    many = [data.draw(st.none() | st.integers(0, 9_999)) for _ in range(len(places))]
    network = network.replace_tables(
        edges=edges.assign(length_m=np.where(short, 0.5, 1.0) * edges.geometry.length),
        places=places.assign(population_persons=many),
    )
    people = {name: count or 0 for name, count in zip(places["place_id"], many, strict=True)}
    graph = nx.MultiGraph(network.edges[["from_node_id", "to_node_id"]].to_numpy().tolist())
    graph.add_nodes_from(network.nodes["node_id"])
    ways = network.accesses.to_dict("records")
    table = audit_network(network)
    checked = 0
    for finding in table.to_dict("records"):
        if finding["check"] == "fragment":
            nodes = nx.node_connected_component(graph, finding["id"])
            touched = {way["place_id"] for way in ways if way["node_id"] in nodes}
        elif finding["check"] in {"shorter than straight", "very winding", "no speed"}:
            edge = network.edges.set_index("edge_id").loc[finding["id"]]
            ends = {edge["from_node_id"], edge["to_node_id"]}
            touched = {
                way["place_id"] for way in ways
                if (way["node_id"] in ends if pd.isna(way["edge_id"])
                    else way["edge_id"] == finding["id"])
            }  # fmt: skip
        elif finding["check"] in {"not attached", "far from the network", "same name"}:
            touched = {finding["id"]}
        elif finding["check"] == "same spot":
            touched = {finding["id"], finding["finding"].split("'")[1]}
        else:
            assert finding["persons"] == 0, finding["check"]
            continue
        checked += 1
        assert finding["persons"] == sum(people[name] for name in touched), finding
    planted = (table["check"] == "shorter than straight").sum()
    assert planted == short.sum()
    assert checked >= planted
