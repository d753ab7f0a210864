"""The hierarchy behind the interface of the engine: the same answers as the trees."""

import logging
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo import sharing
from mobility_geo.errors import CostOverflowError, OutputError
from mobility_geo.routing import engine, prepare_engine, prepared, solve_ways
from mobility_geo.routing.accesses import AccessSet
from mobility_geo.routing.hierarchy import (
    INF,
    build_hierarchy,
    change_of,
    customize,
    recustomize,
)
from mobility_geo.routing.prepared import HierarchyRoutes, first_metric
from mobility_geo.routing.trees import Trees
from mobility_geo.scenario import ArcCosts
from mobility_geo.testing import draw_network
from mobility_geo.testing.strategies import access_sets, arc_costs

DRAWING = """
A---b#c---C===K
|   |     |   |
D---e---f-F-<-L
|       |   ~
G---+---H---h~~i--I
"""
SLOW, FAST = draw_network(DRAWING), draw_network(DRAWING)
prepare_engine(FAST)
METRICS = engine.METRICS


def both(costs, origins, destinations, metric="time_min"):
    found = [
        solve_ways(network, costs, origins, destinations, impedance=metric)
        for network in (SLOW, FAST)
    ]
    assert isinstance(found[0].routes, Trees)
    assert isinstance(found[1].routes, HierarchyRoutes)
    return found


@given(data=st.data(), metric=st.sampled_from(METRICS), most=st.sampled_from([2, 9, 10**6]))
@settings(max_examples=120)
def test_impedances_and_accesses_are_the_same_to_the_last_bit(data, metric, most):
    costs = data.draw(arc_costs(SLOW, most=most))
    origins = data.draw(access_sets(SLOW, most=most))
    destinations = data.draw(access_sets(SLOW, most=most, prefix="to"))
    one, two = both(costs, origins, destinations, metric)
    np.testing.assert_array_equal(one.units, two.units)
    np.testing.assert_array_equal(one.access_from, two.access_from)
    np.testing.assert_array_equal(one.access_to, two.access_to)
    np.testing.assert_array_equal(one.total(metric), two.total(metric))


@given(data=st.data(), metric=st.sampled_from(METRICS))
@settings(max_examples=80)
def test_its_ways_can_be_walked_and_sum_to_the_totals(data, metric):
    costs = data.draw(arc_costs(SLOW))
    origins = data.draw(access_sets(SLOW))
    destinations = data.draw(access_sets(SLOW, prefix="to"))
    _, ways = both(costs, origins, destinations, metric)
    arcs = SLOW.arcs
    for i, j in zip(*np.nonzero(ways.access_from >= 0), strict=True):
        node = int(origins.node[ways.access_from[i, j]])
        way = ways.arcs(i, j)
        assert costs.open[way].all()
        for arc in way:
            assert arcs.tail[arc] == node
            node = int(arcs.head[arc])
        assert node == destinations.node[ways.access_to[i, j]]
        for name in METRICS:
            units = int(getattr(costs, name)[way].sum())
            units += int(origins.metric(name)[ways.access_from[i, j]])
            units += int(destinations.metric(name)[ways.access_to[i, j]])
            assert ways.total(name)[i, j] == pytest.approx(units * engine.dequantise(
                np.array([1.0]), name)[0])  # fmt: skip


@given(data=st.data())
@settings(max_examples=60)
def test_a_load_is_the_sum_over_its_ways_with_either_engine(data):
    costs = data.draw(arc_costs(SLOW))
    origins = data.draw(access_sets(SLOW))
    destinations = data.draw(access_sets(SLOW, prefix="to"))
    shape = (len(origins), len(destinations))
    persons = np.array(data.draw(st.lists(
        st.integers(0, 50), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
    )), dtype=float).reshape(shape)  # fmt: skip
    for ways in both(costs, origins, destinations):
        expected = np.zeros(len(SLOW.arcs))
        for i, j in zip(*np.nonzero(ways.access_from >= 0), strict=True):
            expected[ways.arcs(i, j)] += persons[i, j]
        np.testing.assert_array_equal(ways.load(persons), expected)


@given(data=st.data())
@settings(max_examples=40)
def test_costs_that_follow_each_other_leave_nothing_behind(data):
    """The second question changes the costs of the first in part; the first stays as it was."""
    origins, destinations = data.draw(access_sets(SLOW)), data.draw(access_sets(SLOW, prefix="to"))
    before = data.draw(arc_costs(SLOW))
    first = solve_ways(FAST, before, origins, destinations)
    totals = first.total("risk").copy()
    closed = data.draw(st.sets(st.integers(0, len(SLOW.arcs) - 1), max_size=3))
    usable = before.open.copy()
    usable[list(closed)] = False
    after = ArcCosts(
        open=usable,
        **{name: getattr(before, name) for name in METRICS},
    )
    one, two = both(after, origins, destinations)
    np.testing.assert_array_equal(one.units, two.units)
    np.testing.assert_array_equal(first.total("risk"), totals)


@pytest.mark.parametrize("shares", [True, False])
def test_ways_of_many_questions_do_not_hold_all_costs_each(monkeypatch, tmp_path, shares):
    """What was let go comes back as it was when the first ways are asked again."""
    monkeypatch.setattr(sharing, "_FOLDER", [tmp_path] if shares else [])
    monkeypatch.setattr(prepared, "MOST_CHANGED_BYTES", 0)
    side = 40
    node = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate([np.column_stack([a.ravel(), b.ravel()]) for a, b in (
        (node[:, :-1], node[:, 1:]), (node[:, 1:], node[:, :-1]),
        (node[:-1], node[1:]), (node[1:], node[:-1]),
    )])  # fmt: skip
    rng = np.random.default_rng(5)
    hierarchy = build_hierarchy(*pairs.T, side * side)
    costs = rng.integers(1, 1000, len(pairs)).astype(np.int32)
    if shares:  # another process began with other costs
        first_metric(hierarchy, costs + 1, "risk")
    first = first_metric(hierarchy, costs, "risk")
    assert bool((first.metric.weights == costs).all()) != shares
    ways, truth = [], []
    for number in range(4):
        changed = np.array([number * 7, number * 7 + 1], dtype=np.int32)
        metric = first.copy()
        undo = recustomize(hierarchy, metric, changed, np.full(2, INF, dtype=np.int32))
        assert not len(undo.all_up)  # in part
        change = change_of(metric, undo)
        ways.append(HierarchyRoutes(hierarchy=hierarchy, costs=(first, change)))
        truth.append(metric)
    for _ in range(2):
        for one, metric in zip(ways, truth, strict=True):
            for name in ("weights", "up", "down", "over"):
                np.testing.assert_array_equal(getattr(one.metric, name), getattr(metric, name))
            assert one.metric is one.metric
    for name in ("weights", "up", "down"):
        again = getattr(customize(hierarchy, first.metric.weights), name)
        np.testing.assert_array_equal(getattr(first.metric, name), again)
    assert len(prepared.CHANGED[hierarchy]) == 2


def test_it_is_kept_in_a_folder_and_made_anew_if_damaged(tmp_path):
    one, two, three, four = (draw_network(DRAWING) for _ in range(4))
    steps = []
    assert prepare_engine(one, cache=tmp_path, progress=lambda *step: steps.append(step))
    shares = [share for _, share in steps]
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert not prepare_engine(two, cache=tmp_path)
    for file in tmp_path.rglob("*.npy"):
        file.write_bytes(file.read_bytes()[:-1])
    assert prepare_engine(three, cache=tmp_path)
    assert not prepare_engine(four, cache=tmp_path)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "hierarchy").write_text("in the way")
    with pytest.raises(OutputError, match="hierarchy"):
        prepare_engine(draw_network(DRAWING), cache=tmp_path)


def test_large_networks_take_it_by_themselves(monkeypatch):
    network = draw_network(DRAWING)
    size = len(network.arcs)
    units = np.ones(size, dtype=np.int32)
    costs = ArcCosts(open=np.ones(size, bool), time_min=units, length_m=units, cost_xof=units,
                     risk=units)  # fmt: skip

    def at(*nodes):
        count = len(nodes)
        none = np.zeros(count, dtype=np.int32)
        return AccessSet(
            place_ids=tuple(map(str, nodes)), pointer=np.arange(count + 1, dtype=np.int32),
            node=np.array(nodes, dtype=np.int32), time_min=none, length_m=none, cost_xof=none,
            risk=none,
        )  # fmt: skip

    size = len(network.nodes)
    monkeypatch.setattr(engine, "LEAST_NODES", size + 1)
    assert isinstance(solve_ways(network, costs, at(0, 1), at(2)).routes, Trees)
    monkeypatch.setattr(engine, "LEAST_NODES", size)
    # whoever asks, and however many: answers do not hang on that
    for origins in (at(0), at(0, 1, 3)):
        assert isinstance(solve_ways(network, costs, origins, at(2)).routes, HierarchyRoutes)


def test_costs_that_are_too_high_are_refused_by_both():
    size = len(SLOW.arcs)
    units = np.full(size, 2**28, dtype=np.int32)
    costs = ArcCosts(open=np.ones(size, bool), time_min=units, length_m=units, cost_xof=units,
                     risk=units)  # fmt: skip
    none = np.zeros(1, dtype=np.int32)

    def at(node):
        return AccessSet(place_ids=(str(node),), pointer=np.array([0, 1], dtype=np.int32),
                         node=np.array([node], dtype=np.int32), time_min=none, length_m=none,
                         cost_xof=none, risk=none)  # fmt: skip

    far = len(SLOW.nodes) - 1
    for network in (SLOW, FAST):
        with pytest.raises(CostOverflowError, match="2\\*\\*29"):
            solve_ways(network, costs, at(0), at(far))


def test_long_work_is_told(monkeypatch, caplog):
    monkeypatch.setattr(prepared, "PATIENCE_S", 0.01)
    monkeypatch.setattr(prepared, "compile_kernels", lambda: time.sleep(0.2))
    with caplog.at_level(logging.WARNING):
        prepare_engine(draw_network(DRAWING))
    assert any(message.startswith("compiling") for message in caplog.messages)
    monkeypatch.setattr(prepared, "PATIENCE_S", 60.0)
    caplog.clear()
    prepare_engine(draw_network(DRAWING))
    assert not caplog.messages
