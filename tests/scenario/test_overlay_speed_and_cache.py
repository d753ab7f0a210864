"""The overlay kept on disk, areas and stretches in pieces, and how much memory it takes."""

import datetime as dt
import itertools
import tracemalloc

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.errors import OutputError
from mobility_geo.network import Network, read_network, write_network
from mobility_geo.scenario import (
    Closure,
    Disruption,
    Exposure,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    Stretches,
    TravellerClass,
    conditions,
    disruption_edges,
    overlay,
    prepare_overlay,
)
from mobility_geo.scenario.overlay import (
    MOST_CORNERS,
    divide_area,
    join_stretches,
    pieces_of_stretches,
    selection_key,
    stretches_inside,
)
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import CRS, PROFILES, SOURCE, SPEEDS

UNSHRUNK = (Phase.explicit, Phase.generate)
DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")
PICTURE = """
A---b#c---C
|   |     }
F---D=====E
"""


def lonlat(shape):
    return gpd.GeoSeries([shapely.segmentize(shape, 2_000)], crs=CRS).to_crs(4326).iloc[0]


def scenario(*selections, effect=None):
    made = [
        Disruption(disruption_id=f"d{i}", kind="flood", what=what, effects=(effect or Closure(),))
        for i, what in enumerate(selections)
    ]
    return Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=tuple(made))


def stretches(*rows, quantity="exposure"):
    ids, start, end, value = zip(*rows, strict=True)
    return Stretches(quantity=quantity, edge_ids=np.array(ids, dtype=object),
                     start=np.array(start), end=np.array(end), value=np.array(value))  # fmt: skip


def selections():
    """Return selections of all forms, new objects each time."""
    return (
        Selection(area=lonlat(shapely.box(5e3, -5e3, 95e3, 1e3))),
        Selection(area=lonlat(shapely.Point(60e3, -20e3).buffer(9e3, quad_segs=300))),
        Selection(refs=("RN6",)),
        Selection(place_ids=("A", "E")),
        Selection(stretches=stretches(("A-b", 0.1, 0.5, 1.0), ("D-E", 0.0, 1.0, 2.5))),
    )


DRAWN = draw_network(PICTURE)
PLAIN = DRAWN.replace_tables(
    edges=DRAWN.edges.assign(ref=DRAWN.edges["edge_id"].map({"A-b": "RN6", "c-C": "RN6"}))
)


def make_network(**changes):
    """Return another network of the same content, but for some tables."""
    return PLAIN.replace_tables(**changes)


def assert_same_hits(one, two):
    for name in ("edge", "start", "end", "value"):
        left, right = getattr(one, name), getattr(two, name)
        assert (left is None) == (right is None), name
        if left is not None:
            assert left.dtype == right.dtype, name
            np.testing.assert_array_equal(left, right)


class TestCache:
    COUNT = len(selections())

    def kept(self, folder, network=None, laid=None):
        return prepare_overlay(network or make_network(), laid or scenario(*selections()),
                               cache=folder)  # fmt: skip

    def test_the_next_process_finds_what_was_kept(self, tmp_path, monkeypatch):
        """An equal network from a file and equal selections: nothing is laid over again."""
        network, what = make_network(), selections()
        assert prepare_overlay(network, scenario(*what), cache=tmp_path / "é x" / "y") == self.COUNT
        file = write_network(network, tmp_path / "n.gpkg")
        again, same = read_network(file), selections()
        monkeypatch.setattr(overlay, "_hits", lambda *_: pytest.fail("laid over again"))
        assert prepare_overlay(again, scenario(*same), cache=tmp_path / "é x" / "y") == 0
        for one, two in zip(what, same, strict=True):
            assert_same_hits(disruption_edges(network, one), disruption_edges(again, two))

    def test_in_memory_alone_nothing_is_written(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        network, laid = make_network(), scenario(*selections())
        assert prepare_overlay(network, laid) == self.COUNT
        assert prepare_overlay(network, laid) == 0
        assert not list(tmp_path.iterdir())

    def test_what_this_process_knew_is_kept_for_others_too(self, tmp_path):
        network, laid = make_network(), scenario(*selections())
        assert prepare_overlay(network, laid) == self.COUNT
        assert prepare_overlay(network, laid, cache=tmp_path) == 0
        assert prepare_overlay(make_network(), scenario(*selections()), cache=tmp_path) == 0

    @pytest.mark.parametrize(
        "damage",
        [
            lambda _: b"",
            lambda data: data[: len(data) // 2],
            lambda data: data[:100] + b"\x00" * 60 + data[160:],
            lambda _: b"not a file of arrays at all",
            lambda _: b"\x80\x04N.",
        ],
        ids=["empty", "half", "zeros", "text", "pickle"],
    )
    def test_a_damaged_file_is_made_again(self, damage, tmp_path):
        network, what = make_network(), selections()
        self.kept(tmp_path, network, scenario(*what))
        files = sorted(tmp_path.rglob("*.npz"))
        assert len(files) == self.COUNT
        for file in files:
            file.write_bytes(damage(file.read_bytes()))
        again, same = make_network(), selections()
        assert self.kept(tmp_path, again, scenario(*same)) == self.COUNT
        for one, two in zip(what, same, strict=True):
            assert_same_hits(disruption_edges(network, one), disruption_edges(again, two))
        assert self.kept(tmp_path) == 0

    @pytest.mark.parametrize(
        "arrays",
        [
            {"edge": np.array([0], dtype=np.int32)},
            {"edge": np.array([0], dtype=np.int32), "start": np.zeros(1), "end": np.ones(1),
             "strange": np.zeros(1)},
            {"edge": np.array([0], dtype=np.int32), "start": np.zeros(2), "end": np.ones(1)},
            {"edge": np.array([999], dtype=np.int32), "start": np.zeros(1), "end": np.ones(1)},
        ],
        ids=["one is missing", "one too many", "of unequal length", "beyond the network"],
    )  # fmt: skip
    def test_a_file_with_other_arrays_is_made_again(self, arrays, tmp_path):
        self.kept(tmp_path)
        for file in tmp_path.rglob("*.npz"):
            np.savez(file, **arrays)
        network, what = make_network(), selections()
        assert self.kept(tmp_path, network, scenario(*what)) == self.COUNT
        for one, two in zip(what, selections(), strict=True):
            assert_same_hits(disruption_edges(network, one), disruption_edges(make_network(), two))

    def test_a_changed_network_does_not_use_what_was_kept(self, tmp_path):
        plain = make_network()
        self.kept(tmp_path, plain)
        edges = plain.edges
        moved = shapely.transform(edges.geometry.to_numpy(), lambda xy: xy + 0.25)
        others = {
            "shape": {"edges": edges.set_geometry(moved, crs=CRS)},
            "number of the road": {"edges": edges.assign(ref="RN6")},
            "country": {"edges": edges.assign(country="BBB")},
            "carriageway": {"edges": edges.assign(carriageway_group="one")},
            "reach": {"edges": edges.assign(reach="upper")},
            "rainfall": {"edges": edges.assign(rainfall_class="wet")},
            "surface": {"edges": edges.assign(surface="earth")},
            "official": {"crossings": plain.crossings.assign(official=False)},
            "access": {"accesses": plain.accesses[plain.accesses["place_id"] != "A"]},
        }
        for name, changes in others.items():
            assert self.kept(tmp_path, make_network(**changes)) == self.COUNT, name
        assert self.kept(tmp_path) == 0

    def test_what_the_overlay_does_not_ask_for_does_not_matter(self, tmp_path):
        """Names, speeds, seasons and people change nothing in where a disruption hits."""
        plain = make_network()
        self.kept(tmp_path, plain)
        same = make_network(
            edges=plain.edges.assign(name="Route", length_m=plain.edges["length_m"] * 1.1),
            places=plain.places.assign(population_persons=5.0),
        )
        assert self.kept(tmp_path, same) == 0

    def test_a_changed_selection_has_another_name(self):
        base = {"edge_ids": ("a", "b")}
        rows = (("a", 0.0, 0.5, 1.0), ("b", 0.0, 0.5, 1.0))
        made = [
            Selection(**base), Selection(edge_ids=("ab",)), Selection(refs=("a", "b")),
            Selection(**base, direction="forward"), Selection(**base, informal=True),
            Selection(**base, into="AAA"), Selection(edge_ids=("b", "a")),
            Selection(area=shapely.box(0, 0, 1, 1)), Selection(area=shapely.box(0, 0, 1, 2)),
            Selection(area=shapely.box(0, 0, 1, 1), **base), Selection(stretches=stretches(*rows)),
            Selection(stretches=stretches(*rows[:1])),
            Selection(stretches=stretches(*rows, quantity="depth_m")),
            Selection(stretches=stretches(("a", 0.0, 0.5, 1.0), ("b", 0.0, 0.5, 2.0))),
            Selection(stretches=stretches(("a", 0.0, 0.5, 1.0), ("b", 0.0, 0.6, 1.0))),
        ]  # fmt: skip
        assert len({selection_key(one) for one in made}) == len(made)
        for one, two in zip(selections(), selections(), strict=True):
            assert selection_key(one) == selection_key(two)

    def test_a_folder_that_cannot_be_is_an_error_of_its_own(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError, match="cannot be made"):
            self.kept(tmp_path / "file")

    def test_nothing_half_written_stays(self, tmp_path, monkeypatch):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "savez", full)
        with pytest.raises(OutputError, match="cannot be written: No space left"):
            self.kept(tmp_path)
        assert not [one for one in tmp_path.rglob("*") if one.is_file()]

    def test_progress_is_told(self, tmp_path):
        told = []
        prepare_overlay(make_network(), scenario(*selections()), cache=tmp_path,
                        progress=lambda *step: told.append(step))  # fmt: skip
        shares = [share for _, share in told]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1], len(told)) == (0.0, 1.0, self.COUNT + 1)
        assert all(isinstance(step, str) for step, _ in told)

    def test_conditions_are_the_same_with_and_without(self, tmp_path):
        found = []
        for cache in (None, tmp_path, tmp_path):
            network, laid = make_network(), scenario(*selections(), effect=SpeedFactor(0.5))
            prepare_overlay(network, laid, cache=cache)
            found.append(conditions(network, laid, None, TRUCK))
        for one, two in itertools.pairwise(found):
            assert one.arc.tolist() == two.arc.tolist()
            assert one.time_min.tobytes() == two.time_min.tobytes()


# ------------------------------------------------------------------ areas in pieces
def star(points, centre=(0.0, 0.0), inner=0.4, size=1e5):
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radius = np.where(np.arange(points) % 2, inner, 1.0) * size
    return shapely.Polygon(np.c_[np.cos(angle) * radius + centre[0],
                                 np.sin(angle) * radius + centre[1]])  # fmt: skip


@st.composite
def big_areas(draw):
    """Return areas of up to thousands of corners, with holes, several parts and long arms."""
    points, inner = draw(
        st.sampled_from([(4, 0.5), (40, 0.9), (256, 0.2), (600, 0.2), (5_000, 0.9)])
    )
    shape = star(points, inner=inner)
    if draw(st.booleans()):
        shape = shape.difference(star(draw(st.sampled_from([40, 900])), size=draw(
            st.sampled_from([2e3, 8e3]))))  # fmt: skip
    if draw(st.booleans()):
        shape = shape.union(star(600, (draw(st.sampled_from([250_000.0, 9e6])), 0.0)))
    return shapely.affinity.rotate(shape, draw(st.sampled_from([0, 17, 90])))


@given(shape=big_areas())
@settings(max_examples=12, phases=UNSHRUNK)
def test_pieces_are_small_and_together_the_area(shape):
    pieces = divide_area(shape)
    assert (shapely.get_num_coordinates(pieces) <= MOST_CORNERS).all()
    assert (shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON).all()
    assert shapely.area(pieces).sum() == pytest.approx(shape.area, rel=1e-9)
    assert shape.symmetric_difference(shapely.union_all(pieces)).area <= 1e-9 * shape.area


def test_a_small_area_stays_one_piece():
    shape = shapely.box(0, 0, 1, 1)
    assert divide_area(shape).tolist() == [shape]


@given(shape=big_areas(), data=st.data())
@settings(max_examples=12, phases=UNSHRUNK)
def test_stretches_in_a_divided_area_are_those_in_the_whole(shape, data):
    """Where pieces touch, stretches are joined: none is cut in two, or lost, at the seam."""
    at = st.tuples(st.integers(-110, 110), st.integers(-110, 110))
    corners = data.draw(st.lists(at, min_size=2, max_size=5, unique=True))
    line = shapely.LineString(np.array(corners) * 1_000.0 + 0.37)
    found = stretches_inside(line, shape)
    inside = line.intersection(shape)
    assert sum(b - a for a, b in found) * line.length == pytest.approx(inside.length, abs=1e-3)
    for (_, end), (start, _) in itertools.pairwise(found):
        assert start > end
    if line.is_simple:
        parts = [one for one in shapely.get_parts(shapely.line_merge(inside)) if one.length > 1]
        assert len([1 for a, b in found if (b - a) * line.length > 1]) == len(parts)


# ------------------------------------------------------------------ stretches joined and divided
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 20), st.integers(0, 9)),
    max_size=12,
).map(lambda rows: [(o, min(a, b) / 20, max(a, b) / 20, float(v)) for o, a, b, v in rows])
MIDDLES = (np.arange(20) + 0.5) / 20


def columns(rows):
    """Return owner, start, end and value as arrays."""
    found = np.array(rows, dtype=float).reshape(-1, 4)
    return found[:, 0].astype(np.int32), found[:, 1], found[:, 2], found[:, 3]


def covers(owner, start, end):
    """Return which of twenty cells of each of four ways are covered."""
    return {(int(o), i) for o, a, b in zip(owner, start, end, strict=True)
            for i, x in enumerate(MIDDLES) if a < x < b}  # fmt: skip


@given(rows=ROWS)
@settings(max_examples=100)
def test_joined_stretches_cover_the_same_and_do_not_touch(rows):
    owner, start, end, _ = columns(rows)
    found = join_stretches(owner, start, end)
    assert covers(*found) == covers(owner, start, end)
    assert (found[1] < found[2]).all()
    order = np.lexsort((found[1], found[0]))
    assert order.tolist() == list(range(len(order)))
    same = found[0][1:] == found[0][:-1]
    assert (found[1][1:][same] > found[2][:-1][same]).all()
    again = join_stretches(*found)
    for one, two in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, two)


def test_joining_keeps_owners_apart_however_many_there_are():
    owner = np.repeat(np.arange(200_000, dtype=np.int32), 2)
    start, end = np.tile([0.0, 0.5], 200_000), np.tile([0.25, 1.0], 200_000)
    found = join_stretches(owner, start, end)
    np.testing.assert_array_equal(found[0], owner)
    np.testing.assert_array_equal(found[1], start)
    np.testing.assert_array_equal(found[2], end)


@given(rows=ROWS.map(lambda rows: [row for row in rows if row[1] < row[2]]))
@settings(max_examples=100)
def test_pieces_of_stretches_are_covered_by_what_covers_them(rows):
    owner, start, end, value = columns(rows)
    of, begin, until, stretch, piece = pieces_of_stretches(owner, start, end)
    assert covers(of[piece], begin[piece], until[piece]) == covers(owner, start, end)
    for i, x in itertools.product(range(4), MIDDLES):
        want = sorted(value[(owner == i) & (start < x) & (x < end)].tolist())
        here = (of[piece] == i) & (begin[piece] < x) & (x < until[piece])
        assert sorted(value[stretch[here]].tolist()) == want


@given(rows=ROWS.map(lambda rows: [row for row in rows if row[1] < row[2]]), data=st.data())
@settings(max_examples=30, phases=UNSHRUNK)
def test_measured_twice_the_highest_value_counts_whatever_the_order(rows, data):
    network = PLAIN
    ids = network.edges["edge_id"].tolist()[:4]
    named = [(ids[o], a, b, v) for o, a, b, v in rows]
    if not named:
        return
    hits = disruption_edges(network, Selection(stretches=stretches(*named)))
    shuffled = data.draw(st.permutations(named))
    assert_same_hits(hits, disruption_edges(network, Selection(stretches=stretches(*shuffled))))
    owner, start, end, value = columns(rows)
    for i, x in itertools.product(range(4), MIDDLES):
        all_of = value[(owner == i) & (start < x) & (x < end)]
        here = hits.value[(hits.edge == i) & (hits.start < x) & (x < hits.end)]
        assert here.tolist() == ([all_of.max()] if len(all_of) else [])


# ------------------------------------------------------------------ memory
@pytest.fixture(scope="module")
def grid():
    """Return a town of 100 by 100 corners, 19,800 streets of 1 km in both directions."""
    side = 100
    x, y = (part.ravel() for part in np.meshgrid(np.arange(side), np.arange(side)))
    number = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    head = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    points = np.c_[x, y] * 1_000.0
    node_ids = np.array([f"n{i:05}" for i in range(len(points))])
    lines = shapely.linestrings(np.stack([points[tail], points[head]], axis=1))
    nodes = gpd.GeoDataFrame(
        {"node_id": node_ids, "kind": "junction", "name": None, "country": "AAA"},
        geometry=shapely.points(points), crs=CRS,
    )  # fmt: skip
    edges = gpd.GeoDataFrame(
        {"edge_id": [f"e{i:05}" for i in range(len(tail))], "from_node_id": node_ids[tail],
         "to_node_id": node_ids[head], "kind": "road", "road_class": "primary",
         "surface": "paved", "oneway": False, "length_m": 1_000.0, "wait_min": 0.0,
         "country": "AAA", "source": SOURCE, "confidence": "high"},
        geometry=lines, crs=CRS,
    )  # fmt: skip
    small = draw_network("A---B")
    return Network(
        name="grid", nodes=nodes, edges=edges, zones=small.zones, crossings=small.crossings,
        places=small.places.iloc[:0], accesses=small.accesses.iloc[:0], waterways=small.waterways,
        seasons=small.seasons, profiles=PROFILES, speeds=SPEEDS,
    )  # fmt: skip


CHANGED = ("arc", "open", "time_min", "cost_xof", "risk", "capacity", "shut_arc", "shut_start",
           "shut_end")  # fmt: skip


def numbers(rows):
    return tuple(f"e{i:05}" for i in rows)


@pytest.mark.parametrize("effect", [Closure(), SpeedFactor(0.5), RiskCost(0.1)])
def test_conditions_take_less_than_100_bytes_per_changed_edge(grid, effect):
    rows = np.arange(0, len(grid.edges), 3)
    measured = stretches(*((f"e{i:05}", 0.25, 0.5, 1.0) for i in rows))
    for what in (Selection(edge_ids=numbers(rows)), Selection(stretches=measured),
                 Selection(area=lonlat(shapely.box(-1e3, -1e3, 40.5e3, 99.5e3)))):  # fmt: skip
        found = conditions(grid, scenario(what, effect=effect), None, TRUCK)
        edges = len(np.unique(grid.arcs.edge[found.arc]))
        assert edges >= len(rows)
        assert len(found.arc) == 2 * edges
        held = sum(getattr(found, name).nbytes for name in CHANGED)
        # a closure of a part of the edge is kept with its stretches
        most = 150 if len(found.shut_arc) else 100
        assert held <= most * edges


def peak_bytes(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_edges_cost_nothing_like_the_whole_network(grid):
    """After the first time no array has an entry for each arc, not even for a moment."""
    measured = stretches(*((f"e{i:05}", 0.25, 0.5, 1.0) for i in range(10)))
    laid = Scenario(
        name="s", when=DAY, start=DAY, end=DAY,
        disruptions=(
            Disruption(disruption_id="a", kind="flood", what=Selection(edge_ids=numbers(range(10))),
                       effects=(SpeedFactor(0.5), RiskCost(0.1))),
            Disruption(disruption_id="b", kind="insecurity", what=Selection(stretches=measured),
                       effects=(Exposure(slow_from=0.5, close_from=2.0),)),
            Disruption(disruption_id="c", kind="flood", effects=(Closure(),),
                       what=Selection(area=lonlat(shapely.box(4e3, 4e3, 6.5e3, 5.5e3)))),
        ),
    )  # fmt: skip
    first = conditions(grid, laid, None, TRUCK)
    assert 20 <= len(first.arc) <= 60
    assert peak_bytes(lambda: conditions(grid, laid, None, TRUCK)) < 1 * len(grid.arcs)
    # the measure itself: a dense array of one byte for each arc would be seen
    assert peak_bytes(lambda: np.zeros(len(grid.arcs), dtype=bool).any()) >= len(grid.arcs)


def test_draws_of_the_same_disruptions_lay_nothing_over_again(grid, monkeypatch):
    laid = scenario(Selection(edge_ids=numbers(range(10))), Selection(edge_kinds=("track",)))
    conditions(grid, laid, None, TRUCK)
    monkeypatch.setattr(overlay, "_hits", lambda *_: pytest.fail("laid over again"))
    found = conditions(grid, laid.without(ids=["d1"]), None, TRUCK)
    assert len(found.arc) == 20
