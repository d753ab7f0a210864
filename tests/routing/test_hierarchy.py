"""The fast engine gives the answers of Dijkstra, on any graph and after any changes."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.errors import CostOverflowError, InputError
from mobility_geo.routing import hierarchy as engine
from mobility_geo.routing.hierarchy import (
    ARRAYS,
    INF,
    LIMIT,
    WORKING_MEMORY,
    Ends,
    assign_flows,
    best_accesses,
    build_hierarchy,
    change_of,
    copy_metric,
    customize,
    distances,
    ends_at,
    hierarchy_key,
    nearest,
    nearest_changes,
    one_to_all,
    path_sums,
    paths,
    plan_distances,
    read_hierarchy,
    recustomize,
    restore,
    write_hierarchy,
)

INT = np.int32
COSTS = st.sampled_from([0, 0, 1, 1, 2, 3, 7, 50, INF])


@st.composite
def graphs(draw):
    """Directed multigraphs with loops, parallel arcs, free arcs, closed arcs and parts."""
    nodes = draw(st.integers(1, 14))
    size = draw(st.integers(0, 40))
    node = st.integers(0, nodes - 1)
    ends = [draw(st.lists(node, min_size=size, max_size=size)) for _ in range(2)]
    costs = draw(st.lists(COSTS, min_size=size, max_size=size))
    return nodes, np.array(ends[0], INT), np.array(ends[1], INT), np.array(costs, INT)


def true_distances(nodes, tail, head, costs):
    """All pairs by networkx, exact with costs of 0, which a sparse matrix would drop."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(nodes))
    graph.add_weighted_edges_from(
        (int(a), int(b), int(c)) for a, b, c in zip(tail, head, costs, strict=True) if c < INF
    )
    out = np.full((nodes, nodes), INF, INT)
    for source, found in nx.all_pairs_dijkstra_path_length(graph):
        for target, cost in found.items():
            out[source, target] = cost
    return out


def some_ends(data, nodes, count=4):
    lists = data.draw(
        st.lists(
            st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, 9)), max_size=3),
            max_size=count,
        )
    )
    flat = [entry for one in lists for entry in one]
    return Ends(
        pointer=np.cumsum([0, *map(len, lists)]).astype(INT),
        node=np.array([node for node, _ in flat], INT),
        offset=np.array([offset for _, offset in flat], INT),
    )


def joined(truth, sources, targets):
    """Best total and first best pair of accesses, by trying all."""
    shape = len(sources), len(targets)
    total, start, stop = np.full(shape, INF, INT), np.full(shape, -1, INT), np.full(shape, -1, INT)
    for i in range(shape[0]):
        for j in range(shape[1]):
            for a in range(sources.pointer[i], sources.pointer[i + 1]):
                for b in range(targets.pointer[j], targets.pointer[j + 1]):
                    between = truth[sources.node[a], targets.node[b]]
                    cost = int(between) + sources.offset[a] + targets.offset[b]
                    if between < INF and cost < total[i, j]:
                        total[i, j], start[i, j], stop[i, j] = cost, a, b
    return total, start, stop


def same_metric(one, two):
    return (
        np.array_equal(one.up, two.up)
        and np.array_equal(one.down, two.down)
        and np.array_equal(one.weights, two.weights)
        and one.over[0] == two.over[0]
    )


ZEROS = "pending", "flag", "count"


def idle(hierarchy, most=1):
    """Say whether nothing is left over in the working memory."""
    held = WORKING_MEMORY[hierarchy]
    return len(held) <= most and not any(one[name].any() for one in held for name in ZEROS)


@given(graphs(), st.data())
def test_distances_and_trees_are_those_of_dijkstra(graph, data):
    nodes, tail, head, costs = graph
    hierarchy = build_hierarchy(tail, head, nodes)
    assert sorted(hierarchy.order) == list(range(nodes))
    above = hierarchy.parent >= 0
    assert (hierarchy.parent[above] > np.flatnonzero(above)).all()
    metric = customize(hierarchy, costs)
    truth = true_distances(nodes, tail, head, costs)
    everywhere = ends_at(np.arange(nodes))
    assert np.array_equal(distances(hierarchy, metric, everywhere, everywhere), truth)
    assert np.array_equal(one_to_all(hierarchy, metric, everywhere), truth)
    assert np.array_equal(one_to_all(hierarchy, metric, everywhere, direction="to"), truth.T)
    sources, targets = some_ends(data, nodes), some_ends(data, nodes)
    total, start, stop = joined(truth, sources, targets)
    plan = plan_distances(hierarchy, np.arange(nodes), np.arange(nodes))
    for prepared in (None, plan):
        found = distances(hierarchy, metric, sources, targets, plan=prepared)
        assert np.array_equal(found, total)
    ways = best_accesses(hierarchy, metric, sources, targets)
    assert np.array_equal(ways.units, total)
    assert np.array_equal(ways.start, start)
    assert np.array_equal(ways.stop, stop)


@given(graphs(), st.data())
def test_nearest_is_the_lowest_label_of_the_least_distance(graph, data):
    nodes, tail, head, costs = graph
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)
    truth = true_distances(nodes, tail, head, costs).astype(np.int64)
    seeds = data.draw(
        st.lists(
            st.tuples(st.integers(0, nodes - 1), st.integers(0, 5), st.integers(0, 3)), max_size=6
        )
    )
    columns = [np.array([seed[i] for seed in seeds], INT) for i in range(3)]
    for direction, matrix in (("to", truth.T), ("from", truth)):
        found = nearest(hierarchy, metric, *columns, direction=direction)
        for node in range(nodes):
            options = [
                (int(matrix[seed, node]) + offset, label)
                for seed, offset, label in seeds
                if matrix[seed, node] < INF
            ]
            best = min(options, default=(INF, -1))
            assert (found.distance[node], found.label[node]) == best


@given(graphs(), st.data())
def test_paths_are_simple_and_cost_what_they_should(graph, data):
    nodes, tail, head, costs = graph
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)
    truth = true_distances(nodes, tail, head, costs)
    source, target = (grid.ravel().astype(INT) for grid in np.indices((nodes, nodes)))
    pointer, arcs = paths(hierarchy, metric, source, target)
    people = np.array(
        data.draw(st.lists(st.integers(0, 5), min_size=nodes**2, max_size=nodes**2)), float
    ).reshape(nodes, nodes)
    expected = np.zeros(len(tail))
    for pair in range(nodes**2):
        way = arcs[pointer[pair] : pointer[pair + 1]]
        expected[way] += people[source[pair], target[pair]]
        cost = truth[source[pair], target[pair]]
        if cost == INF or source[pair] == target[pair]:
            assert not way.size
            continue
        assert costs[way].sum() == cost
        assert (tail[way[0]], head[way[-1]]) == (source[pair], target[pair])
        assert np.array_equal(head[way[:-1]], tail[way[1:]])
        assert len({*tail[way], target[pair]}) == len(way) + 1
        for arc in way:  # the cheapest of parallel arcs, and the first of these
            beside = np.flatnonzero((tail == tail[arc]) & (head == head[arc]))
            assert arc == beside[np.argmin(costs[beside])]
    values = [costs, np.arange(len(tail)) % 7]
    for block in (2, 256):
        with patch.object(engine, "SUM_TARGETS", block):
            sums = path_sums(hierarchy, metric, source[::-1], target[::-1], values)[:, ::-1]
        run = [np.concatenate([[0], np.cumsum(each[arcs], dtype=np.int64)]) for each in values]
        assert np.array_equal(sums, [one[pointer[1:]] - one[pointer[:-1]] for one in run])
    everywhere = ends_at(np.arange(nodes))
    for block in (3, 1024):
        with patch.object(engine, "FLOW_TARGETS", block):
            load, ways = assign_flows(hierarchy, metric, everywhere, everywhere, people)
        assert np.array_equal(load, expected)
        assert idle(hierarchy)
    assert np.array_equal(ways.units, truth)


@given(graphs(), st.data())
def test_flows_between_accesses_are_conserved(graph, data):
    nodes, tail, head, costs = graph
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)
    sources, targets = some_ends(data, nodes), some_ends(data, nodes)
    size = len(sources) * len(targets)
    people = np.array(
        data.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size)), float
    ).reshape(len(sources), len(targets))
    load, ways = assign_flows(hierarchy, metric, sources, targets, people)
    balance = np.zeros(nodes)
    np.add.at(balance, tail, load)
    np.subtract.at(balance, head, load)
    moved = ways.start >= 0
    np.subtract.at(balance, sources.node[ways.start[moved]], people[moved])
    np.add.at(balance, targets.node[ways.stop[moved]], people[moved])
    assert not balance.any()
    assert not load[costs == INF].any()


@given(graphs(), st.data())
def test_partial_customization_equals_a_full_one_through_changes_and_restores(graph, data):
    nodes, tail, head, costs = graph
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)
    first = copy_metric(metric)
    seeds = np.array([0, nodes - 1], INT), np.array([0, 1], INT), np.array([1, 0], INT)
    bases = [nearest(hierarchy, metric, *seeds, direction=way) for way in ("to", "from")]
    held = [base.key.copy() for base in bases]
    stack = []
    for _ in range(data.draw(st.integers(1, 5))):
        if stack and data.draw(st.booleans()):
            restore(metric, stack.pop())
        elif len(costs):
            rows = data.draw(st.lists(st.integers(0, len(costs) - 1), max_size=8))
            new = data.draw(st.lists(COSTS, min_size=len(rows), max_size=len(rows)))
            # small graphs are customized in full, unless the work that may be done is raised
            slack = data.draw(st.sampled_from([0.0, 0.3, 1.0, 1000.0]))
            replayed = copy_metric(metric)
            with patch.multiple(engine, SLACK=slack, ROW_STEPS=0):
                stack.append(recustomize(hierarchy, metric, rows, np.array(new, INT)))
            restore(replayed, change_of(metric, stack[-1]))
            assert same_metric(replayed, metric)
        assert same_metric(metric, customize(hierarchy, metric.weights))
        assert idle(hierarchy)
        for base, key in zip(bases, held, strict=True):
            with patch.object(engine, "MANY", data.draw(st.sampled_from([0.0, 1000.0]))):
                change = nearest_changes(hierarchy, metric, base, stack)
            now = nearest(hierarchy, metric, *seeds, direction=base.direction)
            different = (now.distance != base.distance) | (now.label != base.label)
            assert np.array_equal(change.node, np.flatnonzero(different))
            assert np.array_equal(change.distance, now.distance[different])
            assert np.array_equal(change.label, now.label[different])
            assert np.array_equal(base.key, key)
            assert not base.pending.any()
    while stack:
        restore(metric, stack.pop())
    assert same_metric(metric, first)


def grid(side, rng):
    """A grid of streets, some one-way, with costs of many digits."""
    node = np.arange(side * side).reshape(side, side)
    one = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    two = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    back = rng.random(len(one)) < 0.9
    tail = np.concatenate([one, two[back]]).astype(INT)
    head = np.concatenate([two, one[back]]).astype(INT)
    return side * side, tail, head, rng.integers(1, 10_000, len(tail)).astype(INT)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.0005, 0.01, 0.2, 1.0])
def test_few_and_many_changes_on_a_grid(share, together):
    rng = np.random.default_rng(3)
    nodes, tail, head, costs = grid(60, rng)
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)
    first = copy_metric(metric)
    stations = rng.integers(0, nodes, 20).astype(INT), np.zeros(20, INT), np.arange(20, dtype=INT)
    base = nearest(hierarchy, metric, *stations)
    order = np.argsort(hierarchy.rank[tail]) if together else rng.permutation(len(tail))
    rows = order[: int(share * len(tail))].astype(INT)
    new = np.where(rng.random(len(rows)) < 0.5, INF, costs[rows] // 2).astype(INT)
    undo = recustomize(hierarchy, metric, rows, new)
    assert same_metric(metric, customize(hierarchy, metric.weights))
    assert idle(hierarchy)
    at_once = undo.all_up.size == hierarchy.arcs and undo.steps == hierarchy.triangles
    assert at_once == (share >= (0.5 if together else 0.01))
    assert (undo.all_up.size > 0) == (share >= (0.1 if together else 0.01))
    # the fall-back bounds the work
    assert undo.steps <= 1.5 * hierarchy.triangles
    change = nearest_changes(hierarchy, metric, base, undo)
    now = nearest(hierarchy, metric, *stations)
    different = (now.distance != base.distance) | (now.label != base.label)
    assert np.array_equal(change.node, np.flatnonzero(different))
    assert np.array_equal(change.label, now.label[different])
    restore(metric, undo)
    assert same_metric(metric, first)


def test_more_ends_than_fit_side_by_side():
    rng = np.random.default_rng(4)
    nodes, tail, head, costs = grid(20, rng)
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)
    truth = dijkstra(csr_array((costs.astype(float), (tail, head)), shape=(nodes, nodes)))
    truth = np.where(np.isinf(truth), INF, truth)
    ends = ends_at(np.arange(37))
    assert np.array_equal(distances(hierarchy, metric, ends, ends), truth[:37, :37])
    assert np.array_equal(one_to_all(hierarchy, metric, ends), truth[:37])
    out = np.empty((37, nodes), INT)
    assert one_to_all(hierarchy, metric, ends, direction="to", out=out) is out
    assert np.array_equal(out, truth.T[:37])
    for wrong in (out[1:], out.astype(np.int64), np.asfortranarray(out)):
        with pytest.raises(InputError, match="out: expected int32 in rows"):
            one_to_all(hierarchy, metric, ends, out=wrong)


@settings(max_examples=40)
@given(st.integers(0, 6), st.data())
def test_a_way_that_costs_too_much_is_told_apart_from_no_way(length, data):
    """A chain whose sums pass the limit somewhere, and a part that is cut off."""
    costs = data.draw(
        st.lists(st.sampled_from([1, LIMIT // 2, LIMIT - 1, INF]), min_size=length, max_size=length)
    )
    tail, head = np.arange(length, dtype=INT), np.arange(1, length + 1, dtype=INT)
    hierarchy = build_hierarchy(tail, head, length + 2)
    metric = customize(hierarchy, np.array(costs, INT))
    total = sum(costs) if INF not in costs else INF
    for stop in (length, length + 1):
        source, target = ends_at([0]), ends_at([stop])
        if stop == length and INF not in costs and total >= LIMIT:
            for solve in (distances, best_accesses):
                with pytest.raises(CostOverflowError, match="coarser unit"):
                    solve(hierarchy, metric, source, target)
            two = Ends(pointer=np.array([0, 2], INT), node=np.zeros(2, INT), offset=np.ones(2, INT))
            for ends in (source, two):
                with pytest.raises(CostOverflowError, match="coarser unit"):
                    assign_flows(hierarchy, metric, ends, target, [[1]])
            assert idle(hierarchy)
        else:
            load, ways = assign_flows(hierarchy, metric, source, target, [[1]])
            assert ways.units.tolist() == [[total if stop == length else INF]]
            assert load.sum() == (length if ways.units[0, 0] < INF else 0)
            expected = total if stop == length else INF
            assert distances(hierarchy, metric, source, target).tolist() == [[expected]]
            assert best_accesses(hierarchy, metric, source, target).units[0, 0] == expected
    sums = np.cumsum(np.array(costs[: costs.index(INF)] if INF in costs else costs, np.int64))
    if sums.size and sums[-1] >= LIMIT:
        with pytest.raises(CostOverflowError, match="2\\*\\*29"):
            one_to_all(hierarchy, metric, ends_at([0]))
        with pytest.raises(CostOverflowError, match="2\\*\\*29"):
            nearest(hierarchy, metric, [0], [0], [0], direction="from")
    else:
        assert (one_to_all(hierarchy, metric, ends_at([0])) < INF).sum() == sums.size + 1


def test_a_detour_over_the_limit_harms_nobody():
    tail, head = np.array([0, 1, 0, 3], INT), np.array([1, 2, 2, 3], INT)
    hierarchy = build_hierarchy(tail, head, 4)
    metric = customize(hierarchy, np.array([LIMIT - 1, LIMIT - 1, 5, 1], INT))
    assert distances(hierarchy, metric, ends_at([0, 0]), ends_at([2, 3])).tolist() == [
        [5, INF],
        [5, INF],
    ]
    undo = recustomize(hierarchy, metric, [0], [1])
    assert same_metric(metric, customize(hierarchy, metric.weights))
    restore(metric, undo)


def test_nothing_at_all():
    hierarchy = build_hierarchy([], [], 0)
    metric = customize(hierarchy, [])
    assert distances(hierarchy, metric, ends_at([]), ends_at([])).shape == (0, 0)
    assert not nearest(hierarchy, metric, [], [], []).label.size
    assert not recustomize(hierarchy, metric, [], []).arc.size
    assert paths(hierarchy, metric, [], [])[0].tolist() == [0]
    assert path_sums(hierarchy, metric, [], [], [[]]).shape == (1, 0)
    lonely = build_hierarchy([1, 1], [1, 1], 3)
    assert distances(lonely, customize(lonely, [4, 0]), ends_at([0, 1]), ends_at([1])).tolist() == [
        [INF],
        [0],
    ]


def test_arrays_that_cannot_be_written_to_and_other_types_are_taken():
    tail = np.array([0, 1], np.int64)
    tail.flags.writeable = False
    hierarchy = build_hierarchy(tail, np.array([1, 2], np.uint16), 3)
    costs = np.array([2, 3], INT)
    costs.flags.writeable = False
    metric = customize(hierarchy, costs)
    undo = recustomize(hierarchy, metric, [0], [9])
    assert costs.tolist() == [2, 3]
    restore(metric, undo)
    assert one_to_all(hierarchy, metric, ends_at([0])).tolist() == [[0, 2, 5]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda *_: build_hierarchy([0, 9], [1, 1], 3), InputError, "nodes 0 to 2; wrong in 1"),
        (lambda *_: build_hierarchy([0.5], [1], 3), InputError, "whole numbers"),
        (lambda *_: build_hierarchy([0], [1, 2], 3), InputError, "1 tails but 2 heads"),
        (lambda *_: build_hierarchy([0], [1], 3, order="best"), InputError, "order must be"),
        (lambda *_: build_hierarchy([2**40], [1], 3), InputError, "32 bits"),
        (lambda h, _: customize(h, [1]), InputError, "1 costs for 2 arcs"),
        (lambda h, _: customize(h, [1, -4]), InputError, "row 1 costs -4"),
        (lambda h, _: customize(h, [1, np.nan]), InputError, "weights: expected a list"),
        (lambda h, _: customize(h, [1, LIMIT]), CostOverflowError, "coarser unit"),
        (lambda h, m: recustomize(h, m, [2], [1]), InputError, "0 to 1; wrong in 1 rows, e.g. "),
        (lambda h, m: recustomize(h, m, [0, 1], [1, -1]), InputError, ">= 0"),
        (lambda h, m: recustomize(h, m, [0], [1, 1]), InputError, "2 costs for 1 arcs"),
        (lambda h, m: distances(h, m, ends_at([3]), ends_at([0])), InputError, "sources: nodes"),
        (lambda h, m: nearest(h, m, [0], [0], [-1]), InputError, "label"),
        (lambda h, m: nearest(h, m, [0], [-1], [1]), InputError, "offsets must be >= 0"),
        (lambda h, m: nearest(h, m, [0], [LIMIT], [1]), CostOverflowError, "coarser"),
        (lambda h, m: nearest(h, m, [0], [0], [1], direction="up"), InputError, "direction must"),
        (lambda h, m: one_to_all(h, m, ends_at([0]), direction="up"), InputError, "not 'up'"),
        (lambda h, m: paths(h, m, [0], [1, 2]), InputError, "2 for 1 sources"),
        (lambda h, m: path_sums(h, m, [0], [1], [[5]]), InputError, "one for each of 2 arcs"),
        (
            lambda h, m: assign_flows(h, m, ends_at([0]), ends_at([1]), [[np.nan]]),
            InputError,
            "finite",
        ),
        (lambda h, m: assign_flows(h, m, ends_at([0]), ends_at([1]), [1]), InputError, "shape"),
        (
            lambda h, m: distances(
                h, m, ends_at([0]), ends_at([2]), plan=plan_distances(h, [0], [0])
            ),
            InputError,
            "plan",
        ),
    ],
)
def test_wrong_input_is_named(call, error, words):
    hierarchy = build_hierarchy([0, 1], [1, 0], 3)
    metric = customize(hierarchy, [1, 2])
    first = copy_metric(metric)
    with pytest.raises(error, match=words.replace("*", "\\*")):
        call(hierarchy, metric)
    assert same_metric(metric, first)


def test_written_hierarchy_is_the_same_and_a_damaged_one_is_refused(tmp_path: Path):
    nodes, tail, head, costs = grid(12, np.random.default_rng(1))
    hierarchy = build_hierarchy(tail, head, nodes)
    key = hierarchy_key(tail, head, nodes)
    assert key == hierarchy.key != hierarchy_key(head, tail, nodes)
    folder = tmp_path / "cache" / "roads"
    for _ in range(2):  # the second time it replaces the first
        write_hierarchy(hierarchy, folder)
    assert [path.name for path in folder.parent.iterdir()] == ["roads"]
    again = read_hierarchy(folder, key)
    for name in ARRAYS:
        assert np.array_equal(getattr(hierarchy, name), getattr(again, name))
        assert getattr(hierarchy, name).dtype == getattr(again, name).dtype
    ends = ends_at([0, 5])
    assert np.array_equal(
        distances(again, customize(again, costs), ends, ends),
        distances(hierarchy, customize(hierarchy, costs), ends, ends),
    )
    with pytest.raises(InputError, match="another network"):
        read_hierarchy(folder, "0" * 64)
    for name in ("order.npy", "hierarchy.json"):
        file = folder / name
        content = file.read_bytes()
        for damaged in (
            content[:-9],
            content[:-4] + bytes([content[-4] ^ 1]) + content[-3:],
            b"",
        ):
            file.write_bytes(damaged)
            if name == "hierarchy.json" and damaged and json_is_good(damaged):
                continue
            with pytest.raises(InputError, match="again"):
                read_hierarchy(folder, key)
        file.unlink()
        with pytest.raises(InputError, match="prepare it again"):
            read_hierarchy(folder, key)
        file.write_bytes(content)
    assert read_hierarchy(folder, key).arcs == hierarchy.arcs


def json_is_good(content):
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def test_all_kernels_are_compiled_beforehand():
    engine.compile_kernels()
    modules = [
        getattr(engine, name)
        for name in ("customization", "elimination", "matrices", "sweeps", "unpacking")
    ]
    called = {
        name: len(kernel.signatures)
        for module in modules
        for name, kernel in vars(module).items()
        if hasattr(kernel, "signatures") and not name.startswith("_")
    }
    assert len(called) > 20
    # one signature each: no call of any test had to be compiled anew
    assert set(called.values()) == {1}, called


def test_roads_of_new_york_against_scipy(reference_dir):
    roads = np.load(reference_dir / "road_graphs" / "ny.npz")
    tail, head, costs, nodes = roads["tail"], roads["head"], roads["w"], len(roads["x"])
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)
    rng = np.random.default_rng(2)
    sources = rng.integers(0, nodes, 2)
    targets = rng.integers(0, nodes, 50)
    # a ball of arcs is closed around one node, half of the arcs become slower
    rows = np.flatnonzero((abs(tail - sources[0]) < 2000) & (rng.random(len(tail)) < 0.7))
    new = np.where(rng.random(len(rows)) < 0.5, INF, costs[rows] * 3).astype(INT)
    undo = recustomize(hierarchy, metric, rows.astype(INT), new)
    assert undo.steps < hierarchy.triangles
    is_open = metric.weights < INF
    matrix = csr_array(
        (metric.weights[is_open].astype(float), (tail[is_open], head[is_open])),
        shape=(nodes, nodes),
    )
    truth = dijkstra(matrix, indices=sources)
    truth = np.where(np.isinf(truth), INF, truth).astype(INT)
    ends = ends_at(sources)
    assert np.array_equal(one_to_all(hierarchy, metric, ends), truth)
    assert np.array_equal(distances(hierarchy, metric, ends, ends_at(targets)), truth[:, targets])
    found = nearest(hierarchy, metric, sources, [0, 0], [0, 1], direction="from")
    assert np.array_equal(found.distance, truth.min(axis=0))
    assert np.array_equal(found.label == 1, truth[1] < truth[0])
    people = np.ones((2, 50))
    load, _ = assign_flows(hierarchy, metric, ends, ends_at(targets), people)
    reached = truth[:, targets] < INF
    assert (load * np.where(is_open, metric.weights, 0)).sum() == truth[:, targets][reached].sum()


def test_threads_ask_one_metric_at_the_same_time():
    rng = np.random.default_rng(0)
    nodes, tail, head, costs = grid(40, rng)
    hierarchy = build_hierarchy(tail, head, nodes)
    metric = customize(hierarchy, costs)

    def ask(number):
        rng = np.random.default_rng(number)
        one, two = (ends_at(rng.choice(nodes, 20, replace=False)) for _ in range(2))
        mine = copy_metric(metric)
        recustomize(hierarchy, mine, rng.choice(len(costs), 30), np.full(30, INF, INT))
        loads = [
            assign_flows(hierarchy, each, one, two, np.ones((20, 20)))[0] for each in (metric, mine)
        ]
        return np.concatenate(loads)

    expected = [ask(number) for number in range(24)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(24)))
    assert np.array_equal(expected, found)
    assert idle(hierarchy, most=4)
