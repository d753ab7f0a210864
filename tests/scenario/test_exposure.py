"""Exposure to events along edges: against brute force, and what must hold whatever the events."""

import datetime as dt
import tracemalloc
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.ops import substring

from mobility_geo.errors import (
    CalendarError,
    CRSError,
    InputError,
    ScenarioError,
    SchemaError,
    UnknownIdError,
)
from mobility_geo.scenario import Closure, Exposure, RiskCost, SpeedFactor, exposure
from mobility_geo.scenario.exposure import (
    BLUR_KM,
    LEAST_EXPOSURE,
    cut_edges,
    event_exposure,
    events_used,
    insecurity_from_areas,
    insecurity_from_events,
    insecurity_from_incidents,
    is_mine,
    mines_from_events,
)
from mobility_geo.schema import FINDINGS, check_table
from mobility_geo.testing.drawing import CRS, draw_network
from mobility_geo.testing.strategies import GRID_M, networks

WHEN = dt.date(2013, 1, 31)
CLASH, MINE = "Armed clash", "Remote explosive/landmine/IED"


def make_events(xy, days, precision=None, kinds=None, killed=None):
    """Events at positions in the metres of the drawings, `days` before WHEN."""
    count = len(xy)
    points = gpd.GeoSeries(gpd.points_from_xy(*np.reshape(xy, (-1, 2)).T), crs=CRS).to_crs(4326)
    return gpd.GeoDataFrame(
        {
            "event_id": [f"ev{i}" for i in range(count)],
            "event_date": pd.to_datetime([WHEN] * count)
            - pd.to_timedelta(np.asarray(days, dtype=int), unit="D"),
            "event_type": "Battles",
            "sub_event_type": kinds or [CLASH] * count,
            "fatalities_persons": [0.0] * count if killed is None else killed,
            "geo_precision": [1] * count if precision is None else precision,
            "source": "made up",
        },
        geometry=points.to_numpy(),
        crs=4326,
    )


spots = st.tuples(
    st.floats(-GRID_M, 5 * GRID_M, allow_subnormal=False), st.floats(-GRID_M, 5 * GRID_M)
)


def of_edges(edges):
    """Return as much of a network as exposure looks at: edges, and no place off the road."""
    accesses = gpd.GeoDataFrame(
        {"access_id": [], "edge_id": [], "off_road_m": []}, geometry=[], crs=CRS
    )
    edges = edges.assign(kind="road", bridge=False, country="AAA", length_m=edges.geometry.length)
    return SimpleNamespace(edges=edges, accesses=accesses, crs=CRS)


@st.composite
def lines(draw):
    """A few lines with bends, as much of a network as exposure looks at; quick to make."""
    corner = st.tuples(st.floats(0, 8e4), st.floats(0, 8e4))
    shapes = draw(
        st.lists(st.lists(corner, min_size=2, max_size=5, unique=True), min_size=1, max_size=4)
    )
    edges = gpd.GeoDataFrame(
        {"edge_id": [f"e{i}" for i in range(len(shapes))]},
        geometry=[shapely.LineString(shape) for shape in shapes], crs=CRS,
    )  # fmt: skip
    return of_edges(edges)


@st.composite
def event_tables(draw, least=0, most=6):
    rows = draw(
        st.lists(
            st.tuples(spots, st.integers(-20, 400), st.sampled_from([1, 2, 3]),
                      st.integers(0, 9)),
            min_size=least, max_size=most,
        )
    )  # fmt: skip
    return make_events(
        [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows],
        killed=[float(row[3]) for row in rows],
    )  # fmt: skip


def by_piece(stretches):
    return {
        (edge, round(float(start), 6)): float(value)
        for edge, start, value in zip(
            stretches.edge_ids, stretches.start, stretches.value, strict=True
        )
    }


def brute_force(network, events, when, *, h_km, half_life, piece_m, weight):
    """Exposure by two loops and shapely alone."""
    found = {}
    points = events.to_crs(network.crs).geometry.to_numpy()
    ways = list(zip(network.edges["edge_id"], network.edges.geometry, strict=True))
    for access in network.accesses.to_dict("records"):
        on_edge = not pd.isna(access["edge_id"])
        corners = list(access["geometry"].coords)[: -1 if on_edge else None]
        if access["off_road_m"] > (0 if on_edge else 100):
            ways.append((access["access_id"], shapely.LineString(corners)))
    for edge_id, line in ways:
        count = max(int(np.ceil(line.length / piece_m - 1e-9)), 1)
        for k in range(count):
            piece = substring(line, k / count, (k + 1) / count, normalized=True)
            total = 0.0
            for row, point in enumerate(points):
                age = (when - events["event_date"].iloc[row].date()).days
                blur = BLUR_KM[int(events["geo_precision"].iloc[row])]
                wide = np.hypot(h_km, blur) * 1000
                far = piece.distance(point)
                if age < 0 or far > 3 * wide:
                    continue
                total += (
                    weight[row] * (h_km * 1000 / wide) ** 2
                    * np.exp(-(far**2) / (2 * wide**2)) * 0.5 ** (age / half_life)
                )  # fmt: skip
            if total >= LEAST_EXPOSURE:
                found[edge_id, round(k / count, 6)] = total
    return found


@settings(max_examples=20)
@given(
    lines() | networks(), event_tables(), st.sampled_from([2.0, 10.0]), st.sampled_from([7.0, 30.0])
)
def test_it_is_what_two_loops_and_shapely_say(network, events, h_km, half_life):
    weight = 1 + 0.5 * events["fatalities_persons"].to_numpy()
    expected = brute_force(
        network, events, WHEN, h_km=h_km, half_life=half_life, piece_m=7000.0, weight=weight
    )
    got = by_piece(
        event_exposure(
            network, events, WHEN, bandwidth_km=h_km, half_life_days=half_life, piece_m=7000.0,
            weight_per_fatality=0.5,
        )
    )  # fmt: skip
    for piece in expected.keys() | got.keys():
        assert got.get(piece, 0.0) == pytest.approx(expected.get(piece, 0.0), rel=1e-6, abs=2e-9)


@settings(max_examples=12)
@given(lines(), event_tables(least=2), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(network, events, rng):
    rows = list(range(len(events)))
    rng.shuffle(rows)
    one, two = (event_exposure(network, e, WHEN) for e in (events, events.iloc[rows]))
    assert one.edge_ids.tolist() == two.edge_ids.tolist()
    np.testing.assert_allclose(one.value, two.value, rtol=1e-9)


@settings(max_examples=12)
@given(lines(), event_tables())
def test_what_has_not_happened_yet_never_counts(network, events):
    past = events[events["event_date"] <= pd.Timestamp(WHEN)]
    assert by_piece(event_exposure(network, events, WHEN)) == by_piece(
        event_exposure(network, past, WHEN)
    )


@settings(max_examples=12)
@given(lines(), spots, st.integers(0, 300), st.integers(0, 300))
def test_an_older_event_never_counts_more(network, spot, age, more):
    new, old = (
        by_piece(event_exposure(network, make_events([spot], [days]), WHEN))
        for days in (age, age + more)
    )
    assert set(old) <= set(new)
    assert all(old[piece] <= new[piece] for piece in old)


@settings(max_examples=12)
@given(lines(), spots, spots, st.sampled_from([1, 2, 3]))
def test_a_closer_event_never_counts_less(network, one, two, precision):
    pieces = dict.fromkeys(["one", "two"])
    for name, spot in (("one", one), ("two", two)):
        pieces[name] = by_piece(
            event_exposure(network, make_events([spot], [0], [precision]), WHEN, piece_m=9000.0)
        )
    row, start, _, line = cut_edges(network.edges.geometry.to_numpy(), 9000.0)
    ids = network.edges["edge_id"].to_numpy()[row]
    far = [
        shapely.distance(line, make_events([s], [0]).to_crs(network.crs).geometry.iloc[0])
        for s in (one, two)
    ]
    for k, piece in enumerate(zip(ids, start.round(6), strict=True)):
        a, b = pieces["one"].get(piece, 0.0), pieces["two"].get(piece, 0.0)
        if far[0][k] < far[1][k] - 1e-3:
            assert a >= b
        if far[1][k] < far[0][k] - 1e-3:
            assert b >= a


@settings(max_examples=12)
@given(lines(), event_tables(least=1), st.floats(0.1, 20))
def test_it_is_linear_in_the_weights(network, events, factor):
    plain = by_piece(event_exposure(network, events, WHEN))
    scaled = by_piece(event_exposure(network, events, WHEN, weights={CLASH: factor}))
    for piece in plain.keys() | scaled.keys():
        assert scaled.get(piece, 0.0) == pytest.approx(
            factor * plain.get(piece, 0.0), rel=1e-9, abs=1e-9 * (1 + factor)
        )


@settings(max_examples=12)
@given(lines(), event_tables(), event_tables())
def test_events_add_up(network, one, two):
    two = two.assign(event_id=[f"other-{name}" for name in two["event_id"]])
    both = pd.concat([one, two])
    parts = [by_piece(event_exposure(network, e, WHEN)) for e in (one, two)]
    total = by_piece(event_exposure(network, both, WHEN))
    for piece in total:
        assert total[piece] == pytest.approx(
            sum(part.get(piece, 0.0) for part in parts), rel=1e-9, abs=3e-9
        )


@settings(max_examples=12)
@given(lines(), st.floats(500, 40_000))
def test_cutting_gives_equal_pieces_that_make_up_the_line(network, piece_m):
    lines = network.edges.geometry.to_numpy()
    row, start, end, piece = cut_edges(lines, piece_m)
    for number, line in enumerate(lines):
        own = row == number
        assert start[own][0] == 0
        assert end[own][-1] == 1
        np.testing.assert_allclose(start[own][1:], end[own][:-1])
        lengths = shapely.length(piece[own])
        np.testing.assert_allclose(lengths, lengths[0], rtol=1e-6, atol=1e-6)
        assert lengths.max() <= piece_m * (1 + 1e-9)
        assert lengths.sum() == pytest.approx(line.length)
        for a, b, part in zip(start[own], end[own], piece[own], strict=True):
            true = substring(line, a, b, normalized=True)
            assert shapely.hausdorff_distance(true, part) < 1e-5


def test_a_line_without_length_is_one_piece():
    row, start, end, piece = cut_edges(np.array([shapely.LineString([(5, 5), (5, 5)])]), 100.0)
    assert (row.tolist(), start.tolist(), end.tolist(), len(piece)) == ([0], [0.0], [1.0], 1)


def test_batches_change_nothing(monkeypatch):
    network = draw_network("A---b---C\n|   |   |\nD---e---F")
    events = make_events([(x * 1e4, -x * 5e3) for x in range(8)], range(8), [1, 2] * 4)
    whole = by_piece(event_exposure(network, events, WHEN))
    monkeypatch.setattr(exposure, "EDGES_AT_ONCE", 2)
    monkeypatch.setattr(exposure, "VALUES_AT_ONCE", 50)
    monkeypatch.setattr(exposure, "PAIRS_AT_ONCE", 7)
    parts = by_piece(event_exposure(network, events, WHEN))
    assert whole.keys() == parts.keys()
    assert all(parts[piece] == pytest.approx(whole[piece]) for piece in whole)


def test_progress_ends_at_one():
    seen = []
    network = draw_network("A---b---C")
    event_exposure(
        network, make_events([(0, 0)], [0]), WHEN, progress=lambda text, x: seen.append((text, x))
    )
    assert seen[-1] == ("Exposure along edges", 1.0)


def test_a_widened_kernel_keeps_its_total():
    # parallel lines 4 km apart measure the plane about the event
    y = np.arange(-172, 173, 4) * 1000.0
    lines = shapely.linestrings([[(-1.72e5, v), (1.72e5, v)] for v in y])
    edges = gpd.GeoDataFrame({"edge_id": [f"e{i}" for i in range(len(y))]}, geometry=lines, crs=CRS)
    plane = of_edges(edges)
    totals = [
        event_exposure(
            plane, make_events([(0, 0)], [0], [p]), WHEN, bandwidth_km=20.0,
            piece_m=1000.0,
        ).value.sum()
        for p in (1, 2, 3)
    ]  # fmt: skip
    assert totals[1] == pytest.approx(totals[0], rel=0.03)
    assert totals[2] == pytest.approx(totals[0], rel=0.03)
    # the integral of the kernel over the plane, by cells of 1 km x 4 km
    assert totals[0] * 4.0 == pytest.approx(2 * np.pi * 20.0**2, rel=0.03)


def test_events_placed_roughly_can_be_left_out_and_are_told():
    network = draw_network("A---b")
    events = make_events([(0, 0), (0, 0), (0, 0)], [0, 5, -5], [1, 2, 3])
    blur = {1: 0.0, 2: None, 3: None}
    alone = event_exposure(network, events.iloc[:1], WHEN)
    assert by_piece(event_exposure(network, events, WHEN, blur_km=blur)) == by_piece(alone)
    told = check_table(events_used(events, WHEN, max_age_days=3, blur_km=blur), FINDINGS)
    assert len(told) == 4  # one too late, one too old, two placed roughly
    assert any("left out" in text and "precision 2" in text for text in told["finding"])


def test_age_limit_and_no_decay():
    network = draw_network("A---b")
    events = make_events([(0, 0)], [100])
    assert len(event_exposure(network, events, WHEN, max_age_days=99)) == 0
    assert event_exposure(network, events, WHEN, decay=False).value.max() == pytest.approx(1.0)
    halved = event_exposure(network, events, WHEN, half_life_days=100).value.max()
    assert halved == pytest.approx(0.5)


def test_no_events_and_events_far_away_are_no_exposure():
    network = draw_network("A---b")
    assert len(event_exposure(network, make_events([], []), WHEN)) == 0
    assert len(event_exposure(network, make_events([(3e6, 1e6)], [0]), WHEN)) == 0
    span = {"start": WHEN, "end": WHEN}
    assert insecurity_from_events(network, make_events([], []), **span) == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bandwidth_km": 0}, "bandwidth_km"),
        ({"cutoff_km": -1}, "cutoff_km"),
        ({"half_life_days": float("nan")}, "half_life_days"),
        ({"piece_m": 0}, "piece_m"),
        ({"weights": {CLASH: -1}}, "Armed clash"),
        ({"weights": {"Armed clsh": 1}}, "did you mean 'Armed clash'"),
        ({"weight_per_fatality": float("inf")}, "weight_per_fatality"),
        ({"blur_km": {1: 0.0}}, "precision 2"),
        ({"blur_km": {1: 0.0, 2: -4.0, 3: 1.0}}, "precision 2"),
    ],
)
def test_parameters_out_of_range_are_refused(wrong, words):
    with pytest.raises(ScenarioError, match=words):
        event_exposure(draw_network("A---b"), make_events([(0, 0)], [0]), WHEN, **wrong)


def test_events_that_break_the_schema_are_refused():
    events = make_events([(0, 0)], [0]).assign(geo_precision=4)
    with pytest.raises(SchemaError, match="geo_precision"):
        event_exposure(draw_network("A---b"), events, WHEN)


# ---------------------------------------------------------------- disruptions of events


@settings(max_examples=12)
@given(lines(), event_tables(), st.integers(1, 20), st.integers(0, 45))
def test_steps_tile_the_span_and_know_nothing_in_advance(network, events, step_days, length):
    start, end = WHEN - dt.timedelta(days=20), WHEN + dt.timedelta(days=length - 20)
    if end < start:
        return
    made = insecurity_from_events(network, events, start=start, end=end, step_days=step_days)
    firsts = {one.start: one for one in made}
    first = start
    while first <= end:
        expected = by_piece(event_exposure(network, events, first))
        if first in firsts:
            one = firsts.pop(first)
            assert one.end == min(first + dt.timedelta(days=step_days - 1), end)
            assert (one.kind, one.group) == ("insecurity", "insecurity")
            got = by_piece(one.what.stretches)
            assert got.keys() == expected.keys()
            assert all(got[piece] == pytest.approx(expected[piece]) for piece in got)
        else:
            assert not expected
        first += dt.timedelta(days=step_days)
    assert not firsts


@settings(max_examples=15)
@given(
    lines(), event_tables(least=1), st.integers(1, 9), st.sampled_from([0.7, 7.0, 30.0]),
    st.sampled_from([None, 0, 3, 10.5, 40]),
)  # fmt: skip
def test_each_step_is_the_formula_of_its_first_day(network, events, step_days, half_life, oldest):
    how = {"half_life_days": half_life, "max_age_days": oldest, "weight_per_fatality": 0.3}
    start = WHEN - dt.timedelta(days=25)
    made = insecurity_from_events(
        network, events, start=start, end=WHEN, step_days=step_days, **how
    )
    found = {one.start: one.what.stretches for one in made}
    for number in range(0, 26, step_days):
        first = start + dt.timedelta(days=number)
        expected = event_exposure(network, events, first, **how)
        if first not in found:
            assert len(expected) == 0
            continue
        assert found[first].edge_ids.tolist() == expected.edge_ids.tolist()
        np.testing.assert_array_equal(found[first].start, expected.start)
        np.testing.assert_allclose(found[first].value, expected.value, rtol=1e-12, atol=0)


def test_memory_does_not_grow_with_events_times_days():
    count, days = 20_000, 365
    spot = np.random.default_rng(3).uniform(0, 3e4, (count, 2))
    events = make_events(spot, np.arange(count) % 3000)
    line = shapely.LineString([(0, 0), (3e4, 3e4)])
    network = of_edges(gpd.GeoDataFrame({"edge_id": ["e"]}, geometry=[line], crs=CRS))
    tracemalloc.start()
    made = insecurity_from_events(
        network, events, start=WHEN - dt.timedelta(days=days - 1), end=WHEN, step_days=1,
        bandwidth_km=0.5,
    )  # fmt: skip
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(made) == days
    assert peak < count * days * 8 / 2


def test_mines_do_not_fade_and_end_by_clearance_only():
    network = draw_network("A---b---C")
    events = make_events(
        [(0, 0), (40_000, 0), (40_000, 900_000), (80_000, 0), (0, 0)], [30, 20, 10, -90, 3],
        kinds=[MINE, MINE, MINE, MINE, CLASH],
    )  # fmt: skip
    cleared = pd.DataFrame({"event_id": ["ev1", "ev1"], "cleared_on": ["2013-01-15", "2013-01-20"]})
    made = insecurity_from_events(
        network, events, start=WHEN, end=WHEN + dt.timedelta(days=60), clearances=cleared,
        effect=Exposure(close_from=0.5), step_days=30,
    )  # fmt: skip
    mines = {one.disruption_id: one for one in made if one.kind == "mine"}
    # ev2 has no road near it, ev3 comes after the span
    assert set(mines) == {"events/mine/ev0", "events/mine/ev1"}
    assert mines["events/mine/ev0"].start == WHEN - dt.timedelta(days=30)
    assert mines["events/mine/ev0"].end is None
    assert mines["events/mine/ev1"].end == dt.date(2013, 1, 19)
    for one in mines.values():
        assert one.what.stretches.value.max() == pytest.approx(1.0)
        assert one.effects == (Exposure(close_from=0.5),)
    # the clash alone is in the steps
    steps = [one for one in made if one.kind == "insecurity"]
    clash = by_piece(event_exposure(network, events.iloc[[4]], WHEN))
    assert by_piece(steps[0].what.stretches) == pytest.approx(clash)
    alone = mines_from_events(network, events, end=WHEN)
    assert {one.disruption_id for one in alone} == {"mine/ev0", "mine/ev1"}


def test_a_mine_cleared_on_the_day_leaves_nothing():
    events = make_events([(0, 0)], [30], kinds=[MINE])
    cleared = pd.DataFrame({"event_id": ["ev0"], "cleared_on": ["2013-01-01"]})
    assert mines_from_events(draw_network("A---b"), events, clearances=cleared) == ()


def test_two_mines_at_one_spot_are_two():
    events = make_events([(0, 0), (0, 0)], [30, 3], kinds=[MINE, MINE])
    made = mines_from_events(draw_network("A---b"), events)
    assert [one.start for one in made] == [dt.date(2013, 1, 1), dt.date(2013, 1, 28)]


@pytest.mark.parametrize(
    ("table", "error", "words"),
    [
        ({"event_id": ["ev9"], "cleared_on": ["2013-01-01"]}, UnknownIdError, "no event 'ev9'"),
        ({"event_id": ["ev0"], "cleared": ["2013-01-01"]}, InputError, "no column 'cleared_on'"),
        ({"event_id": ["ev0"], "cleared_on": ["soon"]}, InputError, "must be a date"),
    ],
)
def test_wrong_clearances_are_refused(table, error, words):
    events = make_events([(0, 0)], [30], kinds=[MINE])
    with pytest.raises(error, match=words):
        mines_from_events(draw_network("A---b"), events, clearances=pd.DataFrame(table))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (MINE, True), ("Landmine", True), ("land mine", True), ("IED", True), ("UXO found", True),
        ("Engin explosif improvisé", True), ("Armed clash", False), ("Gold miners protest", False),
        ("Attack", False), ("determined", False), (None, False),
    ],
)  # fmt: skip
def test_mines_are_known_by_their_words(word, expected):
    assert is_mine(pd.DataFrame({"sub_event_type": [word]})).tolist() == [expected]


def test_wrong_spans_are_refused():
    network, events = draw_network("A---b"), make_events([(0, 0)], [0])
    with pytest.raises(CalendarError, match="before it starts"):
        insecurity_from_events(network, events, start=WHEN, end=dt.date(2012, 1, 1))
    with pytest.raises(ScenarioError, match="step_days"):
        insecurity_from_events(network, events, start=WHEN, end=WHEN, step_days=0)


# ---------------------------------------------------------------- areas and incidents


def make_areas(**more):
    shapes = [shapely.box(-1, 14, 0, 15), shapely.box(0, 14, 1, 15)]
    return gpd.GeoDataFrame(
        {"area_id": ["a", "b"], "severity": [1, 4], **more}, geometry=shapes, crs=4326
    )


def test_areas_become_disruptions_by_severity():
    levels = {1: [RiskCost(0.001)], 4: [Closure()]}
    areas = make_areas(
        name=["North", None], confidence=["high", None],
        start=pd.to_datetime(["2013-01-05", None]),
    )  # fmt: skip
    one, two = insecurity_from_areas(areas, levels, start=dt.date(2013, 1, 1), source="a map")
    assert (one.effects, one.severity, one.name) == ((RiskCost(0.001),), 1, "North")
    assert (one.confidence, two.confidence) == ("high", "medium")
    assert (one.start, two.start) == (dt.date(2013, 1, 5), dt.date(2013, 1, 1))
    assert (two.effects, two.source, two.name) == ((Closure(),), "a map", "b")
    projected = insecurity_from_areas(areas.to_crs(CRS), levels)
    assert projected[0].what.area.hausdorff_distance(one.what.area) < 1e-6


def test_areas_without_level_or_system_are_refused():
    with pytest.raises(ScenarioError, match=r"severity 4 of \['b'\]"):
        insecurity_from_areas(make_areas(), {1: [Closure()]})
    with pytest.raises(CRSError):
        insecurity_from_areas(
            make_areas().set_crs(None, allow_override=True), {1: [Closure()], 4: [Closure()]}
        )
    ended = make_areas(end=pd.to_datetime(["2012-01-01", None]))
    with pytest.raises(ScenarioError, match="ends on 2012-01-01"):
        insecurity_from_areas(ended, {1: [Closure()], 4: [Closure()]}, start=dt.date(2013, 1, 1))


def make_incidents(*rows):
    columns = ["incident_id", "incident_date", "ref", "from_place", "to_place", "severity"]
    return pd.DataFrame(rows, columns=columns).assign(source="made up")


def test_areas_that_say_no_severity_or_no_day_are_refused():
    levels = {level: [Closure()] for level in (1, 2, 3, 4)}
    with pytest.raises(InputError, match="no severity of"):
        insecurity_from_areas(make_areas().drop(columns="severity"), levels)
    with pytest.raises(InputError, match=r"severity, 1 \(low\) to 4 \(high\), not 'grave'"):
        insecurity_from_areas(make_areas(severity=["grave", "2"]), levels)
    with pytest.raises(InputError, match="must be a day such as 2013-01-31, not 5"):
        insecurity_from_areas(make_areas(start=[5, 6]), levels)
    with pytest.raises(InputError, match="'area_id'"):
        insecurity_from_areas(make_areas().rename(columns={"area_id": "id"}), levels)


def test_incidents_hit_the_stretch_they_name_for_some_days():
    network = draw_network("A---b---C---D")
    table = make_incidents(
        ("1", "2013-01-20", None, "A", "C", 3), ("2", "2013-01-25", None, "D", "C", 1)
    )
    levels = {1: [RiskCost(0.1)], 3: [SpeedFactor(0.5)]}
    (one, two), findings = insecurity_from_incidents(network, table, levels, days=10)
    assert one.what.edge_ids == ("A-b", "b-C")
    assert two.what.edge_ids == ("C-D",)
    assert (one.start, one.end) == (dt.date(2013, 1, 20), dt.date(2013, 1, 29))
    assert (one.effects, one.severity, two.effects) == ((SpeedFactor(0.5),), 3, (RiskCost(0.1),))
    assert len(findings) == 0


def test_incidents_nobody_can_place_are_one_error_or_a_finding_each():
    network = draw_network("A---b---C", countries={"A": "AAA", "b": "AAA", "C": "AAA"})
    table = make_incidents(
        ("1", "2013-01-20", None, "A", "Cx", 3), ("2", "2013-01-20", "RN99", "A", "C", 3),
        ("3", "2013-01-20", None, "A", "C", 3),
    )  # fmt: skip
    with pytest.raises(ScenarioError) as caught:
        insecurity_from_incidents(network, table, {3: [Closure()]})
    assert len(caught.value.problems) == 2
    assert "'Cx'" in caught.value.problems[0]
    assert "'RN99'" in caught.value.problems[1]
    made, findings = insecurity_from_incidents(
        network, table, {3: [Closure()]}, unresolved="finding"
    )
    assert [one.disruption_id for one in made] == ["incident/3"]
    assert sorted(findings["id"]) == ["1", "2"]
    assert (findings["severity"] == "warning").all()
    with pytest.raises(ScenarioError, match="severity 3"):
        insecurity_from_incidents(network, table, {1: [Closure()]})
    with pytest.raises(ScenarioError, match="days"):
        insecurity_from_incidents(network, table, {3: [Closure()]}, days=0)
