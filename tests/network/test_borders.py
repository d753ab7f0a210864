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

from mobility_geo.network import attach_places, audit_network, borders, build_network
from mobility_geo.network.accesses import (
    AT_NODE_M,
    ATTACH_KINDS,
    MAX_ACCESSES,
    _nearest_first,
)
from mobility_geo.network.borders import (
    BORDER_TOLERANCE_M,
    BY_BOAT,
    DEGREE_M,
    GAP_M,
    HALF_M,
    LEAST_M,
    NEAR_POST_M,
    _lands,
    _near_border,
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
SIZE_DEG = 0.3
"""Side of the drawn tilings, in degrees: three countries and a gap within some 30 km."""


@st.composite
def tilings(draw):
    """Return zones of up to three countries that cover a square, with or without a gap."""
    share = st.floats(0, 1).map(lambda x: round(x, 3))
    spot = st.tuples(share, share)
    spots = draw(st.lists(spot, min_size=3, max_size=9, unique=True))
    south = draw(st.sampled_from([-0.1, 11.0, 60.0]))
    square = shapely.box(0, 0, 1, 1)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(spots), extend_to=square)
    )
    cells = shapely.intersection(cells, square)
    cells = cells[shapely.area(cells) > 0]
    owners = [draw(st.sampled_from([*STRIPS, *STRIPS, None])) for _ in cells]
    shapes = [shapely.transform(cell, lambda xy: xy * SIZE_DEG + [0.0, south])
              for cell, owner in zip(cells, owners, strict=True) if owner]  # fmt: skip
    return zone_table(shapes, [owner for owner in owners if owner]), south


def zone_table(shapes, countries):
    return gpd.GeoDataFrame(
        {"pcode": [f"{country}{i}" for i, country in enumerate(countries)], "name": "drawn",
         "adm_level": 1, "country": pd.Series(countries, dtype="str"), "parent_pcode": None,
         "pcode_vintage": "drawn", "population_persons": None, "source": "drawn"},
        geometry=[shapely.MultiPolygon([shape]) for shape in shapes], crs=4326,
    )  # fmt: skip


@st.composite
def roads(draw):
    """Return zones, nodes, edges that wander or zigzag through them, and border posts."""
    land, south = draw(tilings())
    number = st.floats(0.02, 0.98).map(lambda x: round(x, 4) * SIZE_DEG)
    spot = st.tuples(number, number.map(lambda y: y + south))
    spots, rows = [], []
    for _ in range(draw(st.integers(1, 3))):
        corners = draw(st.lists(spot, min_size=2, max_size=5, unique=True))
        line = shapely.LineString(corners)
        if draw(st.booleans()):
            # a road beside a border of a coarse map
            wave = draw(st.sampled_from([0.0005, 0.003, 0.012]))
            line = shapely.segmentize(line, 0.02)
            line = shapely.transform(
                line, lambda xy, wave=wave: xy + wave * (np.arange(len(xy)) % 2)[:, None]
            )
        spots += [line.coords[0], line.coords[-1]]
        rows.append(
            (len(spots) - 2, len(spots) - 1, line,
             {"kind": draw(st.sampled_from(["road", "road", "track", "river", "ferry"])),
              "length_m": GEOD.geometry_length(line) * draw(st.sampled_from([1.0, 1.3])),
              "oneway": draw(st.booleans()), "wait_min": draw(st.sampled_from([0.0, 12.0])),
              "ref": draw(st.sampled_from([None, "RN6"]))})
        )  # fmt: skip
    posts = [(f"p{i}", tuple(draw(st.permutations(STRIPS)))[:2], *draw(spot)) for i in range(3)]
    return land, node_table(spots), edge_table(rows), post_table(*posts)


STEP_M = 20.0


def sampled_runs(line, land, home):
    """Return countries along a line that count, by many points on it; None: too near to tell.

    Also the points, their countries, and how far each lies from land of other countries.
    """
    # points at even steps in metres, so that the oracle knows nothing of corners
    size = int(GEOD.geometry_length(line) / STEP_M) + 2
    points = shapely.line_interpolate_point(line, np.linspace(0, 1, size), normalized=True)
    lat = line.centroid.y

    def metres(shape):
        return shapely.transform(shape, lambda xy: xy * DEGREE_M * [np.cos(np.radians(lat)), 1.0])

    lands = land.dissolve("country").geometry
    codes = np.array(lands.index, dtype=object)
    shape = len(codes), size  # there may be no land at all
    inside = np.array([shapely.intersects(one, points) for one in lands]).reshape(shape)
    country = np.array([codes[np.argmax(hit)] if hit.any() else None for hit in inside.T])
    away = [shapely.distance(metres(one), metres(points)) for one in lands]
    away = np.array(away, dtype=float).reshape(shape)
    for i, code in enumerate(codes):
        away[i, country == code] = np.inf
    others = away.min(axis=0, initial=np.inf)
    starts = np.flatnonzero(np.append(True, country[1:] != country[:-1]))
    seen = [home[0]]
    for begin, end in itertools.pairwise([*starts, size]):
        deepest = others[begin:end].max()
        if country[begin] is None:
            continue
        if abs(deepest - BORDER_TOLERANCE_M) < 2 * STEP_M:
            return None, points, country, others
        if deepest > BORDER_TOLERANCE_M:
            seen.append(country[begin])
    seen = [code for code in [*seen, home[1]] if code is not None]
    return [code for code, _ in itertools.groupby(seen)], points, country, others


def assert_pieces_make_the_edge(edge, parts, point, side):
    """Check ends, lengths, waits and shapes of the pieces of an edge."""
    afloat = edge["kind"] in BY_BOAT
    assert parts[0]["from_node_id"] == edge["from_node_id"]
    assert parts[-1]["to_node_id"] == edge["to_node_id"]
    for one, two in itertools.pairwise(parts):
        assert one["to_node_id"] == two["from_node_id"]
    for number, part in enumerate(parts):
        at_border = number % 2 == 1
        assert part["kind"] == ("crossing" if at_border and not afloat else edge["kind"])
        assert pd.notna(part["crossing_id"]) == at_border
        assert part["oneway"] == edge["oneway"]
        if at_border:
            assert part["length_m"] <= 2 * HALF_M * (1 + 1e-3)
            assert side[part["from_node_id"]] == part["country"] == parts[number - 1]["country"]
            assert side[part["to_node_id"]] == parts[number + 1]["country"] != part["country"]
    # lengths and waits are those of the whole
    lengths = np.array([part["length_m"] for part in parts])
    assert lengths.sum() == pytest.approx(edge["length_m"], rel=1e-12)
    assert lengths.min() > 0
    assert sum(part["wait_min"] for part in parts) == edge["wait_min"]
    geodesic = np.array([GEOD.geometry_length(part["geometry"]) for part in parts])
    assert lengths == pytest.approx(edge["length_m"] * geodesic / geodesic.sum(), rel=1e-9)
    # one after the other they are the line, and end at their nodes
    line = edge["geometry"]
    corners = [corner for part in parts for corner in part["geometry"].coords]
    cuts = {part["geometry"].coords[-1] for part in parts[:-1]} - set(line.coords)
    assert [xy for xy, _ in itertools.groupby(corners) if xy not in cuts] == list(line.coords)
    assert max(shapely.distance(shapely.points(corners), line)) < 1e-9
    assert sum(part["geometry"].length for part in parts) == pytest.approx(line.length, rel=1e-9)
    for part in parts:
        names = part["from_node_id"], part["to_node_id"]
        ends = part["geometry"].coords[0], part["geometry"].coords[-1]
        assert [point[name].coords[0] for name in names] == list(ends)


def assert_passes_the_nearest_post(crossing, sides, posts, crossings):
    """Check which crossing a piece is: the nearest given one of the two countries, if near."""
    of = crossings.set_index("crossing_id").loc[crossing["crossing_id"]]
    assert {of["country_a"], of["country_b"]} == set(sides)
    if not of["official"]:
        assert crossing["crossing_id"] == f"informal-{crossing['edge_id']}"
        assert crossing["geometry"].distance(of["geometry"]) < 1e-9
    at = crossing["geometry"].interpolate(0.5, normalized=True)
    apart = {
        row["crossing_id"]: GEOD.inv(at.x, at.y, row["geometry"].x, row["geometry"].y)[2]
        for row in posts.to_dict("records")
        if {row["country_a"], row["country_b"]} == set(sides)
    }
    mine = apart.get(crossing["crossing_id"], NEAR_POST_M)
    # the middle of the piece is the border, but for a few metres where there is little room
    assert mine <= min([*apart.values(), NEAR_POST_M]) + 2 * HALF_M


def assert_booked_where_it_lies(edge, parts, points, country, others):
    """Check that points deep in a country lie on pieces of it."""
    deep = np.flatnonzero((others > BORDER_TOLERANCE_M + 2 * STEP_M) & pd.notna(country))
    if len(deep):
        tree = shapely.STRtree([part["geometry"] for part in parts])
        # where a line meets itself, a point is on several
        on = tree.query(shapely.buffer(points[deep], 1e-7), predicate="intersects")
        booked = {}
        for i, part in on.T.tolist():
            booked.setdefault(i, set()).add(parts[part]["country"])
        assert all(country[deep[i]] in booked[i] for i in range(len(deep))), edge["edge_id"]


@given(drawn=roads())
@settings(max_examples=30, phases=UNSHRUNK)
def test_edges_are_cut_at_every_change_of_country(drawn):
    land, *tables = drawn
    nodes, edges, posts = tables
    before = [table.copy() for table in tables]
    new_nodes, new_edges, crossings, findings = cut_at_borders(nodes, edges, land, posts)
    for table, kept in zip(tables, before, strict=True):
        assert_geodataframe_equal(table, kept)
    home = assign_countries(nodes, land)
    point = dict(zip(new_nodes["node_id"], new_nodes.geometry, strict=True))
    side = dict(zip(new_nodes["node_id"], new_nodes["country"], strict=True))
    for i, edge in enumerate(edges.to_dict("records")):
        parts = new_edges[(new_edges["edge_id"] == edge["edge_id"])
                          | new_edges["edge_id"].str.startswith(f"{edge['edge_id']}/")]  # fmt: skip
        parts = parts.to_dict("records")
        ends = [None if pd.isna(code) else code for code in home.iloc[[2 * i, 2 * i + 1]]]
        seen, points, country, others = sampled_runs(edge["geometry"], land, ends)
        booked = [part["country"] for part in parts[::2]]
        if seen is not None:
            assert [code for code in booked if pd.notna(code)] == seen
        assert_booked_where_it_lies(edge, parts, points, country, others)
        if len(parts) == 1:
            for name in ("edge_id", "from_node_id", "to_node_id", "kind", "length_m", "wait_min"):
                assert parts[0][name] == edge[name]
            assert parts[0]["geometry"].equals_exact(edge["geometry"], 0)
            continue
        assert [part["edge_id"] for part in parts] == [
            f"{edge['edge_id']}/{k + 1}" for k in range(len(parts))
        ]
        assert_pieces_make_the_edge(edge, parts, point, side)
        for k in range(1, len(parts), 2):
            sides = parts[k]["country"], parts[k + 1]["country"]
            assert_passes_the_nearest_post(parts[k], sides, posts, crossings)
    for table, key, schema in (
        (new_nodes, "node_id", NODES), (new_edges, "edge_id", EDGES),
        (crossings, "crossing_id", CROSSINGS),
    ):  # fmt: skip
        assert table[key].is_unique
        assert tuple(table.columns) == (*schema.names, "geometry")
    told = {one.check: one.value for one in findings}
    assert told.get("border crossing", 0) == new_edges["crossing_id"].notna().sum()
    assert told.get("edges cut at borders", 0) == len(edges) - new_edges["edge_id"].isin(
        edges["edge_id"]).sum()  # fmt: skip


@given(drawn=roads())
@settings(max_examples=6, phases=UNSHRUNK)
def test_cut_tables_make_a_network(drawn):
    land, nodes, edges, posts = drawn
    built = build(*cut_at_borders(nodes, edges, land, posts)[:3], land)
    at_border = built.edges["crossing_id"].notna()
    assert (at_border | (built.edges["kind"] != "crossing")).all()
    assert built.edges.loc[at_border, "kind"].isin(["crossing", *BY_BOAT]).all()


@given(drawn=roads(), data=st.data())
@settings(max_examples=8, phases=UNSHRUNK)
def test_the_order_of_rows_is_irrelevant_and_a_second_cut_does_nothing(drawn, data):
    land, nodes, edges, posts = drawn
    once = cut_at_borders(nodes, edges, land, posts)
    order = data.draw(st.permutations(range(len(edges))))
    again = cut_at_borders(nodes.iloc[::-1], edges.iloc[list(order)], land.iloc[::-1], posts)
    for one, two, key in zip(once[:3], again[:3], ("node_id", "edge_id", "crossing_id"),
                             strict=True):  # fmt: skip
        tables = [table.sort_values(key, ignore_index=True) for table in (one, two)]
        assert_geodataframe_equal(*tables, check_dtype=False, check_less_precise=True)
    twice = cut_at_borders(*once[:2], land, once[2])
    for one, two in zip(once[:3], twice[:3], strict=True):
        assert_geodataframe_equal(one, two, check_dtype=False)


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
    assert made["crossing_id"] == "informal-e0/2"
    assert made["name"] == "Informal crossing AAA-BBB (RN16)"
    assert (made["official"], made["regime"], made["processing_min"]) == (False, "open", 0.0)
    assert made["geometry"].distance(shapely.Point(1, 11)) < 1e-9
    assert new_edges["length_m"].tolist()[1] == pytest.approx(2 * HALF_M)
    assert findings[0].finding == (
        "lead into another country: 0 pass a given crossing, 1 informal crossings were made and "
        "count as open"
    )
    assert (findings[1].id, findings[1].value) == ("1 edges, e.g. ['e0']", 1)
    assert "such as ['e0/1', 'e0/2', 'e0/3']" in findings[1].finding
    assert new_edges["edge_id"].tolist() == ["e0/1", "e0/2", "e0/3"]
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
    assert crossing == (["p"] if known else ["informal-e0/2"])
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


def cut_line(*corners, land=None, **more):
    """Return what becomes of one edge: countries of its parts, longitudes of its borders, all."""
    edges = edge_table([(0, 1, shapely.LineString(corners), more)])
    made = cut_at_borders(node_table([corners[0], corners[-1]]), edges,
                          zones() if land is None else land)  # fmt: skip
    return made[1]["country"].tolist()[::2], made[2].geometry.x.tolist(), made


def test_a_road_is_cut_at_every_border_that_it_crosses():
    countries, at, _ = cut_line((0.5, 11.0), (2.5, 11.0))
    assert countries == ["AAA", "BBB", "CCC"]
    assert at == pytest.approx([1.0, 2.0], abs=1e-9)
    countries, at, made = cut_line((0.5, 11.0), (1.2, 11.0), (1.2, 11.2), (0.5, 11.2))
    assert countries == ["AAA", "BBB", "AAA"]
    assert at == pytest.approx([1.0, 1.0], abs=1e-9)
    assert made[0]["country"].tolist() == ["AAA", "AAA", "AAA", "BBB", "BBB", "AAA"]
    assert made[1]["kind"].tolist() == ["road", "crossing"] * 2 + ["road"]
    assert build(*made[:3]).crossings["crossing_id"].tolist() == ["informal-e0/2", "informal-e0/4"]
    spots = [(0.5, 11.0), (1.2, 11.0), (1.2, 11.2), (0.8, 11.2), (1.5, 11.5)]
    assert cut_line(*spots)[0] == ["AAA", "BBB", "AAA", "BBB"]


@pytest.mark.parametrize(("deep_m", "countries"), [
    (BORDER_TOLERANCE_M - 20, ["AAA"]), (BORDER_TOLERANCE_M + 20, ["AAA", "BBB", "AAA"]),
])  # fmt: skip
@pytest.mark.parametrize("south", [-0.5, 10.0, 60.0, -75.0])
def test_a_visit_that_stays_at_the_border_is_none(deep_m, countries, south):
    """However far along the border it leads, and at any latitude."""
    land = zones()
    land = land.set_geometry(land.geometry.translate(yoff=south - 10))
    lon = GEOD.fwd(1.0, south + 0.5, 90.0, deep_m)[0]
    found, _, made = cut_line((0.9, south + 0.5), (lon, south + 0.5), (lon, south + 0.6),
                              (0.9, south + 0.6), land=land)  # fmt: skip
    assert found == countries
    told = {one.check: one for one in made[3]}
    assert ("along a border" in told) == (len(countries) == 1)
    if len(countries) == 1:
        assert (told["along a border"].value, told["along a border"].unit) == (1, "visits")
        assert told["along a border"].id == "1 edges, e.g. ['e0']"


def test_one_bend_that_leads_deep_makes_a_visit_of_a_long_way_along_the_border():
    bend = [(1.001, 10.2), (1.001, 11.0), (1.006, 11.004), (1.001, 11.008), (1.001, 11.8)]
    assert cut_line((0.9, 10.2), *bend, (0.9, 11.8))[0] == ["AAA", "BBB", "AAA"]
    del bend[2]
    assert cut_line((0.9, 10.2), *bend, (0.9, 11.8))[0] == ["AAA"]


def scaled(shape, factor):
    return shapely.transform(shape, lambda xy: xy * factor)


@pytest.mark.parametrize(("share", "near"), [(0.6, True), (0.9, False)])
def test_the_corner_of_a_country_is_as_far_as_it_is(share, near):
    apart = share * BORDER_TOLERANCE_M / DEGREE_M
    land = zone_table([shapely.box(apart, apart, 1, 1)], ["AAA"])
    spot, own = np.zeros((1, 2)), np.array(["BBB"], dtype=object)
    assert _near_border(spot, own, _lands(land), BORDER_TOLERANCE_M).tolist() == [near]


@given(
    drawn=tilings(),
    spots=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40),
    reach_m=st.sampled_from([300.0, 5_000.0]),
)
@settings(max_examples=25, phases=UNSHRUNK)
def test_what_is_near_a_border_is_so_on_the_ground(drawn, spots, reach_m):
    land, south = drawn
    points = np.array(spots) * SIZE_DEG + [0.0, south]
    country = np.resize(np.array(STRIPS, dtype=object), len(points))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(borders, "MOST_POINTS", 7)
        found = _near_border(points, country, _lands(land), reach_m)
    lands = land.dissolve("country").geometry
    for spot, own, near in zip(points, country, found, strict=True):
        scale = DEGREE_M * np.array([np.cos(np.radians(spot[1])), 1.0])
        apart = [scaled(one.boundary, scale).distance(shapely.Point(spot * scale))
                 for code, one in lands.items() if code != own]  # fmt: skip
        gap = min(apart, default=np.inf)
        assert near == (gap <= reach_m) or gap == pytest.approx(reach_m, rel=1e-6)


def test_a_river_that_is_the_border_is_not_crossed_again_and_again():
    lat = np.linspace(10.1, 11.9, 2_001)
    lon = 1.0 + 0.002 * (-1.0) ** np.arange(len(lat))
    bends = list(zip(lon, lat, strict=True))
    for begin, end in (((0.9, 10.05), (0.9, 11.95)), ((0.9, 10.05), (1.1, 11.95)),
                       (bends[0], bends[-2])):  # fmt: skip
        countries, at, made = cut_line(begin, *bends[1:-2], end, kind="river", surface="water")
        want = ["AAA" if begin[0] < 1 else "BBB", "AAA" if end[0] < 1 else "BBB"]
        assert countries == [code for code, _ in itertools.groupby(want)]
        assert at == pytest.approx([1.0] * (len(countries) - 1), abs=1e-9)
        (told,) = (one for one in made[3] if one.check == "along a border")
        assert 990 <= told.value <= 1_001
    # in the middle of the doubtful part
    assert made[2].geometry.y.iloc[0] == pytest.approx(11.0, abs=0.01)


def test_a_corner_of_a_third_country_is_passed_over_as_well():
    land = zone_table(
        [shapely.Polygon([(0, 10), (1, 10), (0.999, 11), (0, 11)]),
         shapely.Polygon([(1, 10), (2, 10), (2, 11), (1.001, 11)]),
         shapely.Polygon([(1, 10), (1.001, 11), (0.999, 11)])],
        ["AAA", "BBB", "CCC"],
    )  # fmt: skip
    countries, at, made = cut_line((0.5, 10.9), (1.5, 10.9), land=land)
    assert countries == ["AAA", "BBB"]
    assert at == pytest.approx([1.0], abs=1e-6)
    assert "along a border" in {one.check for one in made[3]}


@pytest.mark.parametrize("wide", [1e-7, 0.004, 0.3])
def test_land_between_two_countries_that_no_zone_covers_is_shared(wide):
    land = zone_table([shapely.box(0, 10, 1, 12), shapely.box(1 + wide, 10, 3, 12)], STRIPS[:2])
    countries, at, made = cut_line((0.5, 11.0), (2.5, 11.0), land=land)
    assert countries == ["AAA", "BBB"]
    assert at == pytest.approx([1 + wide / 2], abs=1e-6)
    # far away from all zones a border may be unknown, but a boat is at sea there
    assert ("out of all zones" in {one.check for one in made[3]}) == (wide > 0.1)
    boat = cut_line((0.5, 11.0), (2.5, 11.0), land=land, kind="ferry")
    assert "out of all zones" not in {one.check for one in boat[2][3]}
    assert cut_line((0.5, 11.0), (1 + wide / 2, 11.1), (0.5, 11.2), land=land)[0] == ["AAA"]


def test_land_that_two_countries_claim_is_no_visit():
    land = zone_table([shapely.box(0, 10, 1.2, 12), shapely.box(1, 10, 3, 12)], STRIPS[:2])
    assert cut_line((0.5, 11.0), (2.5, 11.0), land=land)[1] == pytest.approx([1.2])
    assert cut_line((1.5, 11.0), (1.1, 11.1), (1.5, 11.2), land=land)[0] == ["BBB"]


def test_a_road_that_is_cut_at_the_border_already():
    """Publishers cut their roads there: to the last bit, or beside it by a hair."""
    for hair in (0.0, 1e-12, -1e-12, 1e-9, -1e-9):
        spots = [(0.5, 11.0), (1.0 + hair, 11.0), (1.5, 11.0)]
        rows = [
            (0, 1, shapely.LineString(spots[:2]), {}),
            (1, 2, shapely.LineString(spots[1:]), {}),
        ]
        made = cut_at_borders(node_table(spots), edge_table(rows), zones())
        assert len(made[2]) == 1
        assert made[2].geometry.x.iloc[0] == pytest.approx(1.0, abs=2 * LEAST_M / DEGREE_M)
        assert made[1]["length_m"].min() > 0.1
        assert shapely.length(made[1].geometry.to_numpy()).min() > 0
        build(*made[:3])


def test_pieces_share_the_length_on_the_ellipsoid():
    """A degree of longitude is half as long as one of latitude there."""
    land = zone_table([shapely.box(0, 58, 1, 64), shapely.box(1, 58, 9, 64)], STRIPS[:2])
    spots = (0.0, 60.0), (4.0, 60.0), (4.0, 62.0)
    _, _, made = cut_line(*spots, land=land, length_m=500_000.0)
    length = made[1]["length_m"].to_numpy()
    east, north = (GEOD.line_length(*zip(*pair, strict=True))
                   for pair in itertools.pairwise(spots))  # fmt: skip
    first = GEOD.line_length([0.0, 1.0], [60.0, 60.0]) / (east + north)
    assert (length[0] + length[1] / 2) / 500_000.0 == pytest.approx(first, rel=1e-3)
    assert length.sum() == pytest.approx(500_000.0, rel=1e-14)
    geodesic = np.array([GEOD.geometry_length(line) for line in made[1].geometry])
    assert length / length.sum() == pytest.approx(geodesic / geodesic.sum(), rel=1e-12)
    assert length[1] == pytest.approx(2 * HALF_M, rel=1e-3)
    slanting = cut_line((0.0, 58.1), (8.0, 63.9), land=land)[2][1]["length_m"]
    assert slanting[1] == pytest.approx(2 * HALF_M, rel=5e-3)


def test_new_ids_are_not_those_of_other_rows():
    spots = [(0.5, 11.0), (2.5, 11.0), (0.5, 11.5), (0.6, 11.5)]
    through = shapely.LineString(spots[:2])
    inland = shapely.LineString(spots[2:])
    edges = edge_table([(0, 1, through, {}), (2, 3, inland, {}), (0, 1, through, {})])
    edges["edge_id"] = ["e", "e/5", "e/"]
    nodes = node_table(spots)
    nodes["node_id"] = ["n0", "n1", "e//2@BBB", "n3"]
    edges.loc[1, ["from_node_id", "to_node_id"]] = ["e//2@BBB", "n3"]
    posts = post_table(("informal-e///2", ("AAA", "CCC"), 2.0, 11.0))
    made = cut_at_borders(nodes, edges, zones(), posts)
    for table, key in zip(made, ("node_id", "edge_id", "crossing_id"), strict=False):
        assert table[key].is_unique
    assert sorted(made[1]["edge_id"]) == [
        *(f"e////{k}" for k in range(1, 6)), *(f"e///{k}" for k in range(1, 6)), "e/5"
    ]  # fmt: skip
    assert made[1]["crossing_id"].dropna().tolist() == [
        "informal-e///2/",
        "informal-e///4",
        "informal-e////2",
        "informal-e////4",
    ]
    build(*made[:3])


def test_boats_cross_borders_on_edges_of_their_own_kind():
    for kind in BY_BOAT:
        nodes, edges = straight(0.5, 1.5, kind=kind, road_class="none", surface="water",
                                reach="delta", wait_min=30.0)  # fmt: skip
        posts = post_table(("p", ("AAA", "BBB"), 1.0, 11.0))
        _, found, _, findings = cut_at_borders(nodes, edges, zones(), posts)
        assert found["kind"].tolist() == [kind] * 3
        assert found["crossing_id"].fillna("").tolist() == ["", "p", ""]
        assert found["reach"].tolist() == ["delta"] * 3
        assert found["wait_min"].tolist() == [30.0, 0.0, 0.0]
        assert findings[0].finding.endswith("at 1 of these only boats pass")


def test_a_hairpin_bend_that_crosses_itself_is_no_border():
    spots = [(0.2, 11.0), (1.5, 11.2)]
    line = shapely.LineString([spots[0], (0.6, 11.0), (0.6, 11.3), (0.4, 11.3), (0.4, 10.8),
                               (0.9, 10.8), spots[1]])  # fmt: skip
    assert not line.is_simple
    _, _, crossings, _ = cut_at_borders(node_table(spots), edge_table([(0, 1, line, {})]), zones())
    assert crossings.geometry.iloc[0].x == pytest.approx(1.0, abs=1e-9)


def test_a_country_that_no_zone_has_begins_where_the_zones_end():
    """Nodes may know their country where the map of zones ends before it."""
    nodes, edges = straight(0.5, 3.5)
    _, found, crossings, findings = cut_at_borders(nodes.assign(country=["AAA", "DDD"]), edges,
                                                   zones())  # fmt: skip
    assert found["country"].tolist()[::2] == ["AAA", "BBB", "CCC", "DDD"]
    assert crossings.geometry.x.tolist() == pytest.approx([1.0, 2.0, 3.0])
    assert "country of a node" not in {one.check for one in findings}


def test_a_line_that_a_coarse_map_has_in_one_country_is_cut_in_the_middle():
    """The map says AAA all along, the nodes know better; or the line begins abroad."""
    nodes, edges = straight(0.2, 0.8)
    for countries in (["AAA", "BBB"], ["BBB", "AAA"], ["BBB", "CCC"]):
        _, found, crossings, findings = cut_at_borders(nodes.assign(country=countries), edges,
                                                       zones())  # fmt: skip
        assert found["country"].tolist()[::2] == countries
        assert crossings.geometry.x.tolist() == pytest.approx([0.5])
        (told,) = (one for one in findings if one.check == "country of a node")
        assert told.value == sum(code != "AAA" for code in countries)
    same = cut_at_borders(nodes.assign(country="BBB"), edges, zones())
    assert same[1]["edge_id"].tolist() == ["e0"]


def test_half_of_the_stretch_at_a_node_is_the_nodes_where_the_map_disagrees():
    nodes, edges = straight(0.2, 1.8)
    _, found, crossings, _ = cut_at_borders(nodes.assign(country=["CCC", "BBB"]), edges, zones())
    assert found["country"].tolist()[::2] == ["CCC", "AAA", "BBB"]
    assert crossings.geometry.x.tolist() == pytest.approx([0.6, 1.0])


def test_where_a_road_leads_out_of_all_zones_no_border_is_known():
    nodes, edges = straight(0.5, 3.5)
    _, found, crossings, findings = cut_at_borders(nodes, edges, zones())
    assert found["country"].tolist()[::2] == ["AAA", "BBB", "CCC"]
    assert crossings.geometry.x.tolist() == pytest.approx([1.0, 2.0])
    (told,) = (one for one in findings if one.check == "out of all zones")
    assert told.id == "1 edges, e.g. ['e0']"
    through = cut_line((-0.5, 11.0), (3.5, 11.0))
    assert through[0] == ["AAA", "BBB", "CCC"]
    assert cut_line((-0.5, 11.0), (0.5, 11.5), (-0.5, 11.5))[0] == ["AAA"]


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
            # both ends known already: the nearer one once more, by this edge
            nearer = names[int(line.project(spot) > line.length / 2)]
            new = [name for name in names if name not in {node for node, _ in found}] or [nearer]
            found += [(name, edge["edge_id"]) for name in new]
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
