"""Where a disruption hits: true intersection, measured against shapely."""

import datetime as dt
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from mobility_geo.scenario import (
    Closure,
    Disruption,
    ExtraWait,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    TravellerClass,
    conditions,
    disruption_edges,
    footprints,
)
from mobility_geo.scenario.overlay import project_area
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import CRS
from mobility_geo.testing.strategies import areas, networks

DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")
ROAD = draw_network("A---------B")  # 100 km along y = 0, 100 min by truck
UNSHRUNK = (Phase.explicit, Phase.generate)


def lonlat(shape):
    """Return an area in degrees such that the projected one is `shape` to the metre."""
    fine = shapely.segmentize(shape, 2_000)
    return gpd.GeoSeries([fine], crs=CRS).to_crs(4326).iloc[0]


def box(west_km, south_km, east_km, north_km):
    return shapely.box(west_km * 1e3, south_km * 1e3, east_km * 1e3, north_km * 1e3)


def shares(network, area, **narrow):
    hits = disruption_edges(network, Selection(area=area, **narrow))
    assert (hits.start <= hits.end).all()
    return hits.shares(len(network.edges))


def scenario(*made):
    return Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=made)


@pytest.mark.parametrize(
    ("area", "share"),
    [
        (box(30, -5, 50, 5), 0.2),  # both ends outside
        (box(-10, -5, 25, 5), 0.25),
        (box(-10, -5, 110, 5), 1.0),
        (box(30, 5, 50, 10), 0.0),
        (box(20, -5, 80, 5).difference(box(40, -2, 60, 2)), 0.4),  # a hole on the road
        (shapely.MultiPolygon([box(10, -5, 20, 5), box(70, -5, 75, 5)]), 0.15),
        (shapely.Point(50_000, 0).buffer(1_000), 0.02),
        (shapely.Polygon([(50_000, 0), (60_000, 9_000), (40_000, 9_000)]), 0.0),  # touches
    ],
    ids=["through", "one end", "whole", "beside", "hole", "parts", "circle", "touching"],
)
def test_shares_by_hand(area, share):
    assert shares(ROAD, lonlat(area))[0] == pytest.approx(share, abs=2e-4)


@given(network=networks(edges=6), data=st.data())
@settings(max_examples=12, phases=UNSHRUNK)
def test_the_share_is_the_length_inside_over_the_length(network, data):
    """Random lines and areas with holes and parts, against the intersection itself."""
    for _ in range(4):
        area = data.draw(areas(network))
        found = shares(network, area)
        lines = network.edges.geometry
        shape = project_area(network, area)
        group = network.edges["carriageway_group"]
        expected = (lines.intersection(shape).length / lines.length).to_numpy()
        lone = (group.isna() | ~group.duplicated(keep=False)).to_numpy()
        np.testing.assert_allclose(found[lone], expected[lone], atol=1e-9)
        # a carriageway is hit where it is itself, and where another of its road beside it is
        assert (found[~lone] >= expected[~lone] - 1e-9).all()
        assert not found[~lone].any() or (expected[~lone] > 1e-9).any()


@st.composite
def simple_lines(draw):
    xs = draw(st.lists(st.integers(1, 99), min_size=0, max_size=6, unique=True))
    ys = draw(st.lists(st.integers(-30, 30), min_size=len(xs), max_size=len(xs)))
    inner = [(x * 1e3, y * 1e3) for x, y in zip(sorted(xs), ys, strict=True)]
    return shapely.LineString([(0, 0), *inner, (100_000, 0)])


@st.composite
def polygons(draw):
    points = draw(st.lists(st.tuples(st.integers(-10, 110), st.integers(-40, 40)), min_size=3,
                           max_size=7, unique=True))  # fmt: skip
    shape = shapely.MultiPoint([(x * 1e3 + 0.5, y * 1e3 + 0.5) for x, y in points]).convex_hull
    assume(shape.geom_type == "Polygon")
    if draw(st.booleans()):
        shape = shape.difference(shape.centroid.buffer(draw(st.sampled_from([2e3, 9e3]))))
    if draw(st.booleans()):
        shape = shape.union(box(200, 200, 201, 201))
    return shape


@given(line=simple_lines(), shape=polygons())
@settings(max_examples=40, phases=UNSHRUNK)
def test_stretches_are_the_intersection_itself(line, shape):
    """Not only the length: the stretches cut out of the line are what lies in the area."""
    network = ROAD.replace_tables(
        edges=ROAD.edges.set_geometry([line], crs=CRS).assign(length_m=line.length)
    )
    area = lonlat(shape)
    hits = disruption_edges(network, Selection(area=area))
    inside = line.intersection(project_area(network, area))
    assert hits.shares(1)[0] * line.length == pytest.approx(inside.length, abs=1e-3)
    cut = [
        shapely.ops.substring(line, start, end, normalized=True)
        for start, end in zip(hits.start, hits.end, strict=True)
    ]
    for part in cut:
        assert part.difference(inside.buffer(1.0)).length < 1e-6
    order = np.argsort(hits.start)
    assert (hits.start[order][1:] >= hits.end[order][:-1] - 1e-12).all()


def test_a_line_that_crosses_itself_is_measured_like_any_other():
    """A hairpin bend that passes over itself: 8 of its 14 parts lie in the west."""
    line = shapely.LineString(
        [(0, 0), (30_000, 0), (30_000, 20_000), (15_000, 20_000), (15_000, -20_000),
         (100_000, -20_000), (100_000, 0)]
    )  # fmt: skip
    assert not line.is_simple
    network = ROAD.replace_tables(
        edges=ROAD.edges.set_geometry([line], crs=CRS).assign(length_m=line.length)
    )
    for area in (box(-5, -30, 20, 30), box(20, -5, 40, 30), box(10, -30, 20, 5)):
        expected = line.intersection(project_area(network, lonlat(area))).length / line.length
        assert shares(network, lonlat(area))[0] == pytest.approx(expected, abs=1e-6)


def test_a_loop_is_measured_like_any_other_line():
    ring = shapely.LineString([(0, 0), (10_000, 0), (10_000, 10_000), (0, 10_000), (0, 0)])
    edges = gpd.GeoDataFrame(
        ROAD.edges.assign(edge_id="ring", to_node_id="A", length_m=40_000.0).set_geometry(
            [ring], crs=CRS
        )
    )
    network = ROAD.replace_tables(edges=edges)
    assert shares(network, lonlat(box(-5, -5, 20, 20)))[0] == pytest.approx(1.0)
    assert shares(network, lonlat(box(-5, -5, 20, 5)))[0] == pytest.approx(0.5, abs=1e-3)


class TestSpeedPerStretch:
    """On each stretch the worst speed counts: minutes by hand on 100 km at 60 km/h."""

    def minutes(self, *made):
        return conditions(ROAD, scenario(*made), None, TRUCK).dense().time_min[0] / 600

    def slow(self, name, west, east, factor):
        return Disruption(disruption_id=name, kind="insecurity", effects=(SpeedFactor(factor),),
                          what=Selection(area=lonlat(box(west, -5, east, 5))))  # fmt: skip

    def test_one_stretch(self):
        assert self.minutes(self.slow("x", 20, 60, 0.5)) == pytest.approx(140, abs=0.05)

    def test_two_stretches_that_overlap(self):
        # 20-40 at 1/2, 40-60 at 1/4 (the worst of both), 60-80 at 1/4
        made = [self.slow("x", 20, 60, 0.5), self.slow("y", 40, 80, 0.25)]
        assert self.minutes(*made) == pytest.approx(40 + 20 * 2 + 40 * 4, abs=0.1)
        assert self.minutes(*made) == self.minutes(*made[::-1])

    def test_two_stretches_apart(self):
        made = [self.slow("x", 0, 10, 0.5), self.slow("y", 90, 100, 0.5)]
        assert self.minutes(*made) == pytest.approx(80 + 40, abs=0.05)

    def test_risk_is_per_km_inside(self):
        made = Disruption(disruption_id="r", kind="insecurity", effects=(RiskCost(0.001),),
                          what=Selection(area=lonlat(box(20, -5, 60, 5))))  # fmt: skip
        found = conditions(ROAD, scenario(made), None, TRUCK)
        assert found.risk.tolist() == pytest.approx([0.04, 0.04], abs=1e-5)
        assert found.causes["share"].tolist() == pytest.approx([0.4], abs=1e-4)

    def test_closing_a_stretch_closes_the_edge(self):
        made = Disruption(disruption_id="c", kind="insecurity", effects=(Closure(),),
                          what=Selection(area=lonlat(box(50, -1, 51, 1))))  # fmt: skip
        assert not conditions(ROAD, scenario(made), None, TRUCK).dense().open.any()


class TestNarrowing:
    NETWORK = draw_network("""
    A----b#c----C
    |           |
    D~~~~E======F
    """)

    def edges(self, **what):
        hits = disruption_edges(self.NETWORK, Selection(**what))
        return set(self.NETWORK.edges["edge_id"].to_numpy()[hits.edges()])

    @pytest.mark.parametrize(
        ("what", "expected"),
        [
            ({"edge_ids": ("A-b", "D-E")}, {"A-b", "D-E"}),
            ({"edge_kinds": ("river",)}, {"D-E"}),
            ({"surfaces": ("earth",)}, {"E-F"}),
            ({"road_classes": ("track", "none")}, {"E-F", "D-E"}),
            ({"countries": ("BBB",)}, set()),
            ({"crossing_ids": ("b-c",)}, {"b-c"}),
            ({"informal": True}, set()),
            ({"area": lonlat(box(-1, -21, 130, -19)), "edge_kinds": ("river",)}, {"D-E"}),
            ({"area": lonlat(box(-1, -21, 130, -19))}, {"D-E", "E-F", "A-D", "C-F"}),
            ({"area": lonlat(box(-1, -5, 1, 5)), "edge_ids": ("D-E",)}, set()),
        ],
    )
    def test_every_condition_must_hold(self, what, expected):
        assert self.edges(**what) == expected

    def test_numbers_of_roads_and_informal_crossings(self):
        network = self.NETWORK.replace_tables(
            edges=self.NETWORK.edges.assign(ref="RN6"),
            crossings=self.NETWORK.crossings.assign(official=False),
        )
        assert len(disruption_edges(network, Selection(refs=("RN6",))).edges()) == 7
        hits = disruption_edges(network, Selection(informal=True))
        assert network.edges["edge_id"].to_numpy()[hits.edges()].tolist() == ["b-c"]


class TestCarriageways:
    """Two carriageways 2 km apart, of one road; a third road beside them."""

    def network(self, *groups):
        made = draw_network("""
        A---------B
        |         |
        C---------D
        """)
        groups = dict(zip(("A-B", "C-D"), groups, strict=True))
        return made.replace_tables(
            edges=made.edges.assign(carriageway_group=made.edges["edge_id"].map(groups))
        )

    def test_they_fail_together(self):
        area = lonlat(box(40, -5, 60, 5))
        alone = shares(self.network(None, None), area)
        both = shares(self.network("n1", "n1"), area)
        other = shares(self.network("n1", "n2"), area)
        assert (alone > 0).sum() == (other > 0).sum() == 1
        assert (both > 0).sum() == 2
        assert both[both > 0].tolist() == pytest.approx([0.2, 0.2], abs=1e-3)

    def test_by_id_as_well(self):
        hits = disruption_edges(self.network("n1", "n1"), Selection(edge_ids=("A-B",)))
        assert len(hits.edges()) == 2

    def test_people_wait_only_on_the_one_that_is_named(self):
        """A post stands on one carriageway; the other may be drawn in any number of pieces."""
        made = self.network("n1", "n1")
        stop = Disruption(disruption_id="stop", kind="service", effects=(ExtraWait(30),),
                          what=Selection(edge_ids=("A-B",)))  # fmt: skip
        slow = replace(stop, disruption_id="slow", effects=(SpeedFactor(0.5),))
        quiet, waits, slower = (
            conditions(made, scenario(*what), None, TRUCK).dense().time_min / 600
            for what in ([], [stop], [slow])
        )
        one = (made.edges["edge_id"] == "A-B").to_numpy()[made.arcs.edge]
        assert (waits - quiet)[one].tolist() == pytest.approx([30, 30], abs=0.1)
        assert not (waits - quiet)[~one].any()
        twin = (made.edges["edge_id"] == "C-D").to_numpy()[made.arcs.edge]
        assert (slower > quiet)[twin].all()

    def test_three_carriageways_share_what_hits_two_of_them_once(self):
        """Both hit carriageways pass their stretch on; the risk is counted once."""
        made = draw_network("""
        A---------B
        C---------D
        E---------F
        """)
        network = made.replace_tables(edges=made.edges.assign(carriageway_group="n1"))
        area = lonlat(shapely.union_all([box(40, -5, 60, 5), box(41, -15, 61, -5)]))
        found = shares(network, area)
        assert found.tolist() == pytest.approx([0.2, 0.2, 0.21], abs=2e-3)


def test_an_overlay_is_computed_once_per_network_and_selection():
    what = Selection(area=lonlat(box(30, -5, 50, 5)))
    assert disruption_edges(ROAD, what) is disruption_edges(ROAD, what)
    twin = draw_network("A---------B")
    assert disruption_edges(twin, what) is not disruption_edges(ROAD, what)


def test_footprints_cover_what_they_hit():
    network = draw_network("A---b#c---C")
    made = [
        Disruption(disruption_id="area", kind="flood", effects=(Closure(),), severity=3,
                   what=Selection(area=lonlat(box(10, -5, 20, 5))), start=DAY, end=DAY),
        Disruption(disruption_id="post", kind="border", effects=(Closure(),),
                   what=Selection(crossing_ids=("b-c",))),
        Disruption(disruption_id="road", kind="road", effects=(Closure(),), name="Travaux",
                   what=Selection(edge_ids=("c-C",))),
        Disruption(disruption_id="nowhere", kind="road", effects=(Closure(),),
                   what=Selection(edge_kinds=("ferry",))),
    ]  # fmt: skip
    table = footprints(network, scenario(*made)).set_index("disruption_id")
    assert table.crs == network.crs
    assert (table.geometry.geom_type == "MultiPolygon").all()
    assert table["edges_touched"].to_dict() == {"area": 1, "post": 1, "road": 1, "nowhere": 0}
    assert table.geometry["area"].area == pytest.approx(1e8, rel=1e-3)
    lines = network.edges.set_index("edge_id").geometry
    assert table.geometry["post"].contains(lines["b-c"])
    assert table.geometry["road"].contains(lines["c-C"])
    assert table.geometry["nowhere"].is_empty
    assert table["name"].to_dict()["road"] == "Travaux"
    assert table.loc["area", "severity"] == 3
    assert len(footprints(network, scenario())) == 0
