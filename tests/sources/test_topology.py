"""Topology against properties that hold for any lines, and against small drawings."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scipy.spatial import KDTree
from shapely import LineString, MultiLineString, Point, Polygon

from mobility_geo.errors import CRSError, InputError
from mobility_geo.schema import NODES, check_table
from mobility_geo.sources.geodesy import metric_crs
from mobility_geo.sources.linework import from_shapes, to_shapes, vertex_near
from mobility_geo.sources.topology import build_topology, topology_findings

GEOD = Geod(ellps="WGS84")
# about 1 m of longitude and latitude at 16.25 degrees north; the middle of the data stays away
# from half degrees, where the metric system would change
METRE = np.array([1 / 106_900, 1 / 110_660])
AT = np.array([-3.25, 16.25])


def layer(*lines, **columns):
    """Lines drawn in metres about a point of Mali."""
    shapes = [shapely.transform(LineString(line), lambda xy: AT + xy * METRE) for line in lines]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def kinds(changes):
    return changes["change"].value_counts().to_dict()


def graph_of(edges):
    graph = nx.MultiGraph()
    graph.add_edges_from(zip(edges["from_node_id"], edges["to_node_id"], strict=True))
    return graph


FEW = settings(max_examples=12, phases=(Phase.explicit, Phase.generate))


@st.composite
def drawings(draw, *, most=9):
    """Return lines between points of a coarse grid, jittered by a few metres, with flags."""
    number = draw(st.integers(1, most))
    spot = st.tuples(st.integers(0, 4), st.integers(0, 4))
    jitter = st.tuples(st.integers(-9, 9), st.integers(-9, 9))
    lines = []
    for _ in range(number):
        spots = draw(st.lists(st.tuples(spot, jitter), min_size=2, max_size=4))
        line = [(60 * x + dx, 60 * y + dy) for (x, y), (dx, dy) in spots]
        if len(set(line)) > 1:
            lines.append(line)
    assume(lines)
    if draw(st.booleans()):
        lines.append(draw(st.sampled_from(lines))[::-1])
    flag = st.sampled_from([None, "yes", "no"])
    return layer(
        *lines,
        edge_id=[f"e{k}" for k in range(len(lines))],
        bridge=[draw(flag) for _ in lines],
        layer=[draw(st.sampled_from([None, 0, 1])) for _ in lines],
        oneway=[draw(st.booleans()) for _ in lines],
        road_class=[draw(st.sampled_from(["primary", "track"])) for _ in lines],
    )


options = st.fixed_dictionaries(
    {
        "snap_m": st.sampled_from([0.0, 1.0, 10.0, 40.0]),
        "node_crossings": st.booleans(),
        "merge": st.booleans(),
        "split_at_endpoints": st.booleans(),
    }
)


def as_set(edges):
    """Edges without their order, and of two-way ones without their direction."""
    shapes = np.where(edges["oneway"], edges.geometry, shapely.normalize(edges.geometry.to_numpy()))
    return sorted(
        (shapely.to_wkb(shape), row.road_class, row.oneway)
        for shape, row in zip(shapes, edges.itertuples(), strict=True)
    )


@FEW
@given(drawings(), options)
def test_every_edge_ends_at_its_nodes(lines, how):
    try:
        nodes, edges, _ = build_topology(lines, **how)
    except InputError as error:
        if "no line is left" not in str(error):
            raise
        return
    place = dict(zip(nodes["node_id"], nodes.geometry, strict=True))
    assert nodes["node_id"].is_unique
    assert edges["edge_id"].is_unique
    for row in edges.itertuples():
        ends = row.geometry.coords
        assert place[row.from_node_id].coords[0] == ends[0]
        assert place[row.to_node_id].coords[0] == ends[-1]
        assert row.length_m == pytest.approx(GEOD.geometry_length(row.geometry))
        assert row.length_m > 0
    ends = pd.concat([edges["from_node_id"], edges["to_node_id"]]).value_counts()
    assert dict(zip(nodes["node_id"], nodes["degree"], strict=True)) == ends.to_dict()


@FEW
@given(drawings(), options)
def test_no_two_nodes_lie_near_unless_it_is_told(lines, how):
    try:
        nodes, _, changes = build_topology(lines, **how)
    except InputError:
        return
    xy = shapely.get_coordinates(nodes.to_crs(metric_crs(lines)).geometry)
    near = KDTree(xy).query_pairs(how["snap_m"])
    assert bool(near) == ("chain left apart" in kinds(changes)) or how["snap_m"] == 0
    assert "not settled" not in kinds(changes)


@FEW
@given(drawings(), options, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(lines, how, random):
    order = list(range(len(lines)))
    random.shuffle(order)
    try:
        nodes, edges, changes = build_topology(lines, **how)
    except InputError:
        return
    other = build_topology(lines.iloc[order], **how)
    assert as_set(edges) == as_set(other[1])
    assert nodes["node_id"].tolist() == other[0]["node_id"].tolist()
    assert set(edges["edge_id"]) == set(other[1]["edge_id"])
    assert kinds(changes) == kinds(other[2])


@FEW
@given(drawings(), options)
def test_doing_it_twice_changes_nothing(lines, how):
    # crossings of nearly parallel lines depend on the last digit if nothing is snapped
    assume(how["snap_m"] > 0 or not how["node_crossings"])
    try:
        _, edges, _ = build_topology(lines, **how)
    except InputError:
        return
    nodes, again, changes = build_topology(edges, **how)
    assert set(kinds(changes)) <= {"chain left apart", "left below or above"}
    assert as_set(again) == as_set(edges)
    assert set(nodes["node_id"]) == set(edges["from_node_id"]) | set(edges["to_node_id"])


@FEW
@given(drawings(), options)
def test_moves_explain_the_length(lines, how):
    try:
        _, edges, changes = build_topology(lines, **how)
    except InputError:
        return
    before = sum(map(GEOD.geometry_length, lines.geometry))
    apart = changes["change"].isin(["chain left apart", "left below or above"])
    # a cut moves the line to a junction at most a metre beside it
    bends = 2.0 * kinds(changes).get("line cut", 0)
    # where nearly parallel lines cross is not known to the millimetre
    bends += 0.01 * kinds(changes).get("crossing cut", 0)
    explained = changes.loc[~apart, "distance_m"].sum() + bends
    assert abs(edges["length_m"].sum() - before) <= 1.01 * explained + 1e-3


@FEW
@given(drawings(), options)
def test_connectivity_is_never_lost(lines, how):
    """What hung together where it was drawn joined, hangs together still."""
    try:
        nodes, edges, changes = build_topology(lines, **how)
    except InputError:
        return
    graph = graph_of(edges)
    home = {node: k for k, part in enumerate(nx.connected_components(graph)) for node in part}
    rows = {}
    for row in edges.itertuples():
        rows.setdefault(row.edge_id.split("/")[0], set()).add(home[row.from_node_id])
    # a line and its pieces are in one part
    assert all(len(parts) == 1 for parts in rows.values())
    gone = set(changes.loc[changes["change"].isin(["collapsed", "duplicate dropped"]), "edge_id"])
    ends = {}
    for row in lines.itertuples():
        if row.edge_id in rows and row.edge_id not in gone:
            for end in (row.geometry.coords[0], row.geometry.coords[-1]):
                ends.setdefault(end, set()).update(rows[row.edge_id])
    assert all(len(parts) == 1 for parts in ends.values())
    assert len(nodes)


@FEW
@given(drawings())
def test_crossings_become_junctions_unless_one_is_above(lines):
    _, edges, _ = build_topology(lines, snap_m=0, node_crossings=True)
    flat = edges.to_crs(metric_crs(lines))
    raised = (edges["bridge"].fillna("no") == "yes").to_numpy()
    height = pd.to_numeric(edges["layer"]).fillna(0).to_numpy()
    shapes = flat.geometry.to_numpy()
    for i in range(len(edges)):
        for j in range(i):
            if raised[i] or raised[j] or height[i] != height[j]:
                continue
            meet = shapely.intersection(shapes[i], shapes[j])
            ends = shapely.union_all(shapely.boundary(shapes[[i, j]]))
            for part in shapely.get_parts(meet):
                if isinstance(part, Point):
                    # a ring has no boundary: what meets it there is at its node
                    at = [ends, Point(shapes[i].coords[0]), Point(shapes[j].coords[0])]
                    assert min(part.distance(one) for one in at if not one.is_empty) < 0.01


def test_ends_are_snapped_in_metres_and_not_in_degrees():
    lines = layer([(0, 0), (100, 0)], [(107, 0), (200, 0)], [(212, 0), (300, 0)])
    nodes, edges, changes = build_topology(lines, snap_m=10)
    assert kinds(changes) == {"end snapped": 1}
    assert changes["distance_m"].tolist() == pytest.approx([7], rel=0.01)
    assert len(nodes) == 5
    assert len(list(nx.connected_components(graph_of(edges)))) == 2
    check_table(nodes, NODES)
    # the same layer, drawn in feet: the tolerance is metres all the same
    feet = lines.to_crs("+proj=tmerc +lat_0=16 +lon_0=-3 +units=us-ft")
    assert len(build_topology(feet, snap_m=10)[0]) == 5
    assert len(build_topology(lines, snap_m=13)[0]) == 4
    assert len(build_topology(lines, snap_m=0)[0]) == 6


def test_a_long_chain_of_ends_is_told_and_left():
    steps = [[(12 * k, 0), (12 * k, 300)] for k in range(4)]
    nodes, _, changes = build_topology(layer(*steps), snap_m=15)
    chains = changes[changes["change"] == "chain left apart"]
    assert len(nodes) == 8
    assert len(chains) == 2
    assert chains["distance_m"].tolist() == pytest.approx([36, 36], rel=0.01)
    assert chains["note"].tolist() == ["4 ends", "4 ends"]
    # three of them stretch over 24 m, less than twice the tolerance
    nodes, _, changes = build_topology(layer(*steps[:3]), snap_m=15)
    assert len(nodes) == 2
    assert "chain left apart" not in kinds(changes)


def test_a_dead_end_is_joined_to_the_nearest_line():
    lines = layer([(0, 0), (500, 0)], [(250, 8), (250, 300)], [(0, 12), (-300, 12)])
    nodes, edges, changes = build_topology(lines, snap_m=10)
    assert kinds(changes) == {"end joined to line": 1, "line cut": 1}
    assert sorted(edges["edge_id"]) == ["0/1", "0/2", "1", "2"]
    assert sorted(nodes["degree"]) == [1, 1, 1, 1, 1, 3]
    assert edges.set_index("edge_id").loc["0/1", "length_m"] == pytest.approx(250, rel=0.01)
    # not under a bridge, and not where cutting is not wanted
    lines["bridge"] = ["yes", "no", "no"]
    assert kinds(build_topology(lines, snap_m=10)[2]) == {"left below or above": 1}
    assert build_topology(lines, split_at_endpoints=False)[2].empty


def test_lines_that_share_a_vertex_are_drawn_joined():
    cross = [(0, 0), (100, 0), (200, 0)], [(100, -90), (100, 0), (100, 90)]
    nodes, edges, changes = build_topology(layer(*cross))
    assert kinds(changes) == {"joint cut": 2}
    assert (len(nodes), len(edges)) == (5, 4)
    # side by side, they branch where their ways part only
    beside = layer([(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 0), (100, 0), (200, 0), (200, 90)])
    _, edges, changes = build_topology(beside)
    assert kinds(changes) == {"joint cut": 2, "duplicate dropped": 1}
    assert len(edges) == 3
    # a bridge may have a vertex above a road, but what ends there, ends there
    over = layer(*cross, bridge=["yes", "no"])
    assert build_topology(over)[2].empty
    ramp = layer(cross[0], [(100, 0), (100, 90)], bridge=["no", "yes"])
    assert kinds(build_topology(ramp)[2]) == {"joint cut": 1}
    on = layer([(0, 0), (200, 0)], [(100, 0.01), (100, 90)], bridge=["no", "yes"])
    assert kinds(build_topology(on)[2]) == {"end joined to line": 1, "line cut": 1}
    assert build_topology(layer(*cross), split_at_endpoints=False)[2].empty


def test_the_place_on_a_long_line_is_the_one_on_the_map():
    """100 km straight in degrees lie 50 m from 100 km straight in metres."""
    lines = gpd.GeoDataFrame(
        geometry=[
            LineString([(-4, 16.2), (-3, 16.2)]),
            LineString([(-3.5, 16.20005), (-3.5, 16.3)]),
        ],
        crs=4326,
    )
    _, edges, changes = build_topology(lines, snap_m=10)
    at = changes[changes["change"] == "line cut"].geometry.iloc[0]
    assert (at.x, at.y) == pytest.approx((-3.5, 16.2), abs=2e-6)
    # vertices of the work are gone again
    assert edges.geometry.count_coordinates().tolist() == [2, 2, 2]


def test_duplicates_loops_and_points():
    lines = layer(
        [(0, 0), (100, 0)], [(100, 0), (0, 0)], [(0, 0), (100, 0)], [(0, 0), (0, 0)],
        [(100, 0), (150, 50), (200, 0), (100, 0)],
        road_class=["a", "a", "b", "a", "a"],
    )  # fmt: skip
    _, edges, changes = build_topology(lines)
    assert kinds(changes) == {"duplicate dropped": 2, "zero length": 1}
    assert sorted(edges["edge_id"])[1] == "4"
    loop = edges[edges["from_node_id"] == edges["to_node_id"]]
    assert loop["edge_id"].tolist() == ["4"]
    assert "other columns differ" in changes["note"].tolist()
    lines["oneway"] = [True, True, False, False, False]
    edges = build_topology(lines)[1]
    assert sorted(edges["edge_id"]) == ["0", "1", "2", "4"], "two directions are two edges"


def test_short_lines_go_only_if_they_touch_no_other():
    lines = layer([(0, 0), (30, 0)], [(100, 0), (130, 0)], [(130, 0), (400, 0)])
    assert len(build_topology(lines, min_length_m=50)[1]) == 2
    assert len(build_topology(lines)[1]) == 3


def test_pieces_of_one_road_are_joined_if_asked():
    lines = layer(
        [(0, 0), (100, 0)], [(200, 0), (100, 0)], [(200, 0), (300, 0)], [(200, 0), (200, 90)],
        [(500, 0), (600, 0)], [(600, 0), (600, 90)], [(600, 90), (500, 0)],
        road_class=list("aaabaaa"),
    )  # fmt: skip
    nodes, edges, changes = build_topology(lines, merge=True)
    assert kinds(changes) == {"pieces joined": 3}
    assert len(edges) == 4
    assert len(nodes) == 5
    whole = edges[edges["edge_id"] == "0"].geometry.iloc[0]
    assert len(whole.coords) == 3
    assert whole.coords[0] == lines.geometry[0].coords[0]
    ring = edges[edges["from_node_id"] == edges["to_node_id"]]
    assert len(ring) == 1
    assert len(ring.geometry.iloc[0].coords) == 4
    lines["oneway"] = [True, True, False, False, False, False, False]
    assert kinds(build_topology(lines, merge=True)[2]) == {"pieces joined": 2}
    lines.loc[1, "geometry"] = lines.geometry[1].reverse()
    assert kinds(build_topology(lines, merge=True)[2]) == {"pieces joined": 3}


@given(st.integers(1, 40), st.integers(0, 3))
def test_chains_of_any_length_are_joined_in_order(size, seed):
    rng = np.random.default_rng(seed)
    points = np.cumsum(rng.uniform(20, 60, (size + 1, 2)), axis=0)
    pieces = [points[k : k + 2][:: rng.choice([1, -1])] for k in range(size)]
    lines = layer(*[pieces[k] for k in rng.permutation(size)])
    _, edges, _ = build_topology(lines, snap_m=0, merge=True)
    assert len(edges) == 1
    got = shapely.normalize(edges.geometry.iloc[0])
    want = shapely.normalize(layer(points).geometry.iloc[0])
    assert np.array_equal(shapely.get_coordinates(got), shapely.get_coordinates(want))


def test_geometry_of_all_sorts():
    zigzag = [(0, 0), (100, 100), (100, 0), (0, 100)]
    frame = layer(zigzag)
    both = MultiLineString(
        [frame.geometry[0], shapely.transform(frame.geometry[0], lambda xy: xy + 0.01)]
    )
    high = shapely.force_3d(both, 200.0)
    lines = gpd.GeoDataFrame(geometry=[high, LineString(), None], crs=4326)
    nodes, edges, _ = build_topology(lines, node_crossings=True)
    assert edges["edge_id"].tolist() == ["0/1", "0/2"]
    assert len(nodes) == 4
    assert not edges.geometry.has_z.any(), "a line that crosses itself stays one edge"
    with pytest.raises(InputError, match="1 rows are Polygon, not lines"):
        build_topology(gpd.GeoDataFrame(geometry=[Polygon([(0, 0), (1, 0), (1, 1)])], crs=4326))
    with pytest.raises(InputError, match="no line in the layer"):
        build_topology(gpd.GeoDataFrame(geometry=[None], crs=4326))
    with pytest.raises(CRSError, match="no coordinate reference system"):
        build_topology(gpd.GeoDataFrame(geometry=frame.geometry.to_numpy()))
    with pytest.raises(CRSError, match="antimeridian"):
        build_topology(
            gpd.GeoDataFrame(
                geometry=[
                    LineString([(179, 0), (179.9, 0)]),
                    LineString([(-179.9, 0), (-179, 0)]),
                ],
                crs=4326,
            )
        )
    with pytest.raises(InputError, match="swapped"):
        build_topology(gpd.GeoDataFrame(geometry=[LineString([(16, -100), (16, 120)])], crs=4326))
    with pytest.raises(InputError, match="snap_m must be 0 m or more"):
        build_topology(frame, snap_m=-1)
    with pytest.raises(InputError, match="no line is left"):
        build_topology(layer([(0, 0), (1, 0)]), snap_m=5)


def test_changes_are_counted_for_people():
    _, _, changes = build_topology(layer([(0, 0), (500, 0)], [(250, 8), (250, 300)]))
    first, second = topology_findings(changes)
    assert (first.check, first.severity, first.value) == ("end joined to line", "warning", 1)
    assert "at most 8.0 m" in first.finding
    assert first.geometry is not None
    assert second.check == "line cut"


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_vertices_are_found_by_the_distance_along_a_line(shares):
    lines = layer([(0, 0), (40, 30), (40, 90)], [(0, 0), (9000, 0)])
    import pyproj  # noqa: PLC0415

    change = pyproj.Transformer.from_crs(4326, metric_crs(lines), always_xy=True)
    work = from_shapes(lines.geometry.to_numpy(), np.arange(2), change)
    assert work.extra.sum() == 4, "9 km in pieces of at most 2 km"
    length = shapely.length(to_shapes(work, metres=True))
    at = np.array(shares) * length[0]
    found = vertex_near(work, np.zeros(len(at), dtype=np.int64), at)
    for share, vertex in zip(at, found, strict=True):
        near = min(abs(share - there) for there in (0, 50, length[0]))
        assert (vertex >= 0) == (near < 1e-4) or near == pytest.approx(1e-4, rel=0.9) or near < 0.2
    assert vertex_near(work, np.array([0]), length[:1]).tolist() == [2]


def test_a_large_layer_is_a_matter_of_seconds():
    rng = np.random.default_rng(3)
    side = np.arange(60)
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    begin = np.concatenate([np.c_[x, y], np.c_[x, y]]) * 300.0
    ends = np.concatenate([np.c_[x + 1, y], np.c_[x, y + 1]]) * 300.0
    both = np.stack([begin, ends], axis=1) + rng.uniform(-3, 3, (len(begin), 2, 2))
    lines = gpd.GeoDataFrame(geometry=shapely.linestrings(AT + both * METRE), crs=4326)
    nodes, edges, _ = build_topology(lines, snap_m=10)
    assert (len(nodes), len(edges)) == (61 * 61 - 1, len(lines))


def test_changes_are_one_layer_of_points():
    lines = layer(
        [(0, 0), (500, 0)], [(250, 8), (250, 300)], [(507, 0), (600, 0)], [(0, 0), (500, 0)],
        [(900, 0), (905, 0), (905, 5)],
    )  # fmt: skip
    nodes, _, changes = build_topology(lines)
    assert set(changes.geom_type) == {"Point"}
    gone = changes.loc[changes["change"] == "collapsed", "edge_id"]
    moved = changes[changes["change"].isin(["end snapped", "end joined to line"])]
    moved = moved[~moved["edge_id"].isin(gone)]
    assert set(moved.geometry) <= set(nodes.geometry), "it lies where the end is now"
    assert {"duplicate dropped", "collapsed"} <= set(changes["change"])


def test_which_of_two_equal_lines_is_kept_does_not_depend_on_their_order():
    lines = layer([(0, 0), (90, 0)], [(90, 0), (0, 0)], [(0, 0), (90, 0)], road_class=list("bac"))
    kept = {
        tuple(build_topology(lines.iloc[list(order)])[1][["edge_id", "road_class"]].iloc[0])
        for order in [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)]
    }
    assert len(kept) == 1
