"""User equilibrium: published optima, closed forms, other solvers, and what must always hold."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from mobility_geo.errors import InputError
from mobility_geo.flows import (
    AssignmentGraph,
    CostCurves,
    Trips,
    load_all_or_nothing,
    solve_equilibrium,
)
from mobility_geo.sources import read_tntp_flows, read_tntp_network, read_tntp_trips

BRAESS_NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 5
<END OF METADATA>
~ init_node term_node capacity length free_flow_time b power speed toll link_type ;
1 3 1 100 0.00000001 1000000000 1 0 0 1 ;
1 4 1 100 50 0.02 1 0 0 1 ;
3 2 1 100 50 0.02 1 0 0 1 ;
3 4 1 100 10 0.1 1 0 0 1 ;
4 2 1 100 0.00000001 1000000000 1 0 0 1;
"""


def graph_of(rows, nodes=None, closed=(), **more):
    """Return a graph of rows (tail, head, free, b, power, capacity)."""
    table = np.array(rows, dtype=float).reshape(-1, 6)
    count = nodes or int(table[:, :2].max()) + 1
    through = np.ones(count, dtype=bool)
    through[list(closed)] = False
    curves = CostCurves.bpr(
        free=table[:, 2], b=table[:, 3], power=table[:, 4], capacity=table[:, 5], **more
    )
    return AssignmentGraph(
        tail=table[:, 0].astype(np.int32), head=table[:, 1].astype(np.int32), through=through,
        curves=curves,
    )  # fmt: skip


def balance(graph, trips, served, flow):
    """Return in + starts - out - ends of every node."""
    left = np.zeros(len(graph.through))
    np.add.at(left, graph.head, flow)
    np.subtract.at(left, graph.tail, flow)
    np.add.at(left, trips.origin, served)
    np.subtract.at(left, trips.destination, served)
    return left


def check_wardrop(graph, trips, found, extra=None, tolerance=1e-6):
    """Check that ways in use start and end right, cost the least, and make up the flows."""
    loaded = np.zeros(len(graph))
    served = np.zeros(len(trips))
    for number in range(len(found.ways)):
        links = found.ways.of(number)
        pair, persons = int(found.ways.pair[number]), found.ways.persons[number]
        assert graph.tail[links[0]] == trips.origin[pair]
        assert graph.head[links[-1]] == trips.destination[pair]
        assert (graph.head[links[:-1]] == graph.tail[links[1:]]).all()
        assert graph.through[graph.tail[links[1:]]].all()
        cost = found.cost[links].sum()
        if extra is not None:
            cost += extra[trips.kind[pair]][links].sum()
        if persons > 1e-6 * trips.persons[pair]:
            assert cost == pytest.approx(found.pair_cost[pair], rel=tolerance, abs=tolerance)
        loaded[links] += persons
        served[pair] += persons
    assert loaded == pytest.approx(found.flow, abs=1e-7)
    going = trips.origin != trips.destination
    assert (served + found.unserved)[going] == pytest.approx(trips.persons[going], abs=1e-9)
    scale = max(1.0, trips.persons.sum())
    assert np.abs(balance(graph, trips, served, found.flow)).max() < 1e-9 * scale


def least_by_networkx(graph, trips, cost, extra=None):
    """Return the least cost of each pair; zones that are not passed lose their ways out."""
    found = []
    for start, end, kind in zip(trips.origin, trips.destination, trips.kind, strict=True):
        net = nx.MultiDiGraph()
        net.add_nodes_from(range(len(graph.through)))
        mine = cost if extra is None else cost + extra[kind]
        for link in np.flatnonzero(np.isfinite(mine)):
            if graph.through[graph.tail[link]] or graph.tail[link] == start:
                net.add_edge(int(graph.tail[link]), int(graph.head[link]), cost=float(mine[link]))
        try:
            found.append(nx.shortest_path_length(net, int(start), int(end), weight="cost"))
        except nx.NetworkXNoPath:
            found.append(math.inf)
    return np.array(found)


# ------------------------------------------------------------------ published optima
@pytest.mark.parametrize(
    ("folder", "objective"), [("SiouxFalls", 4231335.28710744), ("Anaheim", 1286032.17109603)]
)
def test_published_networks_reach_the_best_known_solution(reference_dir, folder, objective):
    files = reference_dir / "tntp" / folder
    network = read_tntp_network(files / f"{folder}_net.tntp")
    graph = AssignmentGraph.from_tntp(network)
    trips = Trips.from_tntp(read_tntp_trips(files / f"{folder}_trips.tntp"), network)
    known = (
        network.links[["from", "to"]]
        .merge(read_tntp_flows(files / f"{folder}_flow.tntp"), on=["from", "to"], how="left")[
            "flow"
        ]
        .to_numpy()
    )
    for gap, rms in ((1e-6, 6.0), (1e-8, 1.0), (1e-12, 1e-4)):
        found = solve_equilibrium(graph, trips, gap=gap)
        assert found.converged
        assert found.gap <= gap
        assert np.sqrt(np.mean((found.flow - known) ** 2)) < rms
        assert found.objective == pytest.approx(objective, rel=min(1e-6, 10 * gap))
        assert found.objective == pytest.approx(graph.curves.integral(known), rel=1e-6)
    check_wardrop(graph, trips, found)
    kept_away = np.flatnonzero(~graph.through)
    for links in (found.ways.of(way) for way in range(len(found.ways))):
        assert not set(graph.head[links[:-1]]) & set(kept_away)


def test_braess_by_hand(tmp_path):
    (tmp_path / "net.tntp").write_text(BRAESS_NET, encoding="utf-8")
    graph = AssignmentGraph.from_tntp(read_tntp_network(tmp_path / "net.tntp"))
    found = solve_equilibrium(graph, Trips.of([0], [1], [6.0]), gap=1e-12)
    assert found.flow == pytest.approx([4, 2, 2, 2, 4], abs=1e-6)
    assert found.pair_cost == pytest.approx([92.0], abs=1e-5)
    # without the short cut everybody is better off
    rows = [row.split() for row in BRAESS_NET.splitlines()[6:]]
    kept = [rows[0], rows[1], rows[2], rows[4]]
    (tmp_path / "net.tntp").write_text("\n".join(" ".join(row) for row in kept), encoding="utf-8")
    graph = AssignmentGraph.from_tntp(read_tntp_network(tmp_path / "net.tntp"))
    found = solve_equilibrium(graph, Trips.of([0], [1], [6.0]), gap=1e-12)
    assert found.pair_cost == pytest.approx([83.0], abs=1e-5)


# ------------------------------------------------------------------ curves
@pytest.mark.parametrize("power", [0.0, 0.3, 0.5, 1.0, 2.5, 4.0, 16.0])
def test_two_parallel_links_share_as_their_curves_say(power):
    graph = graph_of([(0, 1, 10, 0.5, power, 3), (0, 1, 12, 0.2, 1, 2)])
    found = solve_equilibrium(graph, Trips.of([0], [1], [5.0]), gap=1e-12)
    cost = graph.curves.cost(found.flow)
    assert found.flow.sum() == pytest.approx(5.0)
    assert found.cost == pytest.approx(cost)
    for one, two in ((0, 1), (1, 0)):
        if found.flow[one] > 0:
            assert cost[one] <= cost[two] * (1 + 1e-9)


def test_power_0_is_a_constant_cost_even_at_no_flow():
    curves = CostCurves.bpr(free=[10.0], b=[0.5], power=[0.0], capacity=[3.0])
    for flow in (0.0, 1.0, 100.0):
        assert curves.cost(np.array([flow])).tolist() == [15.0]
    assert curves.integral(np.array([2.0])) == 30.0


@given(st.floats(0, 9), st.floats(0, 3), st.floats(0.1, 6), st.floats(0.1, 50), st.floats(0.01, 90))
@settings(max_examples=40)
def test_slope_and_integral_belong_to_the_cost(free, b, power, capacity, flow):
    curves = CostCurves.bpr(free=[free], b=[b], power=[power], capacity=[capacity])
    step = 1e-5 * flow
    low, high = np.array([flow - step]), np.array([flow + step])
    by_slope = curves.slope(np.array([flow]))[0]
    assert (curves.cost(high) - curves.cost(low))[0] / (2 * step) == pytest.approx(
        by_slope, rel=1e-3, abs=1e-6
    )
    grown = curves.integral(high) - curves.integral(low)
    scale = abs(curves.integral(high)) * 1e-9 / step
    assert grown / (2 * step) == pytest.approx(curves.cost(np.array([flow]))[0], rel=1e-3,
                                               abs=1e-6 + scale)  # fmt: skip


def test_a_link_of_no_capacity_is_never_used():
    graph = graph_of([(0, 1, 1, 0.15, 4, 0), (0, 1, 50, 0.15, 4, 10)])
    found = solve_equilibrium(graph, Trips.of([0], [1], [5.0]))
    assert found.flow.tolist() == [0.0, 5.0]
    alone = graph_of([(0, 1, 1, 0.15, 4, 0)])
    found = solve_equilibrium(alone, Trips.of([0], [1], [5.0]))
    assert found.unserved.tolist() == [5.0]
    assert found.pair_cost.tolist() == [math.inf]


def test_curves_refuse_what_is_no_number():
    with pytest.raises(InputError) as caught:
        CostCurves.bpr(free=[1.0, -1.0], b=[0.1, math.nan], power=[1, 1], capacity=[1, -2])
    assert [name in str(caught.value) for name in ("'free'", "'b'", "'capacity'")] == [True] * 3
    assert "rows [1]" in str(caught.value)


# ------------------------------------------------------------------ other solvers
def all_ways(graph, start, end):
    """Return all ways without circles."""
    found = []

    def walk(node, links, seen):
        if node == end:
            found.append(list(links))
            return
        if node != start and not graph.through[node]:
            return
        for link in np.flatnonzero(graph.tail == node):
            ahead = int(graph.head[link])
            if ahead not in seen:
                walk(ahead, [*links, int(link)], {*seen, ahead})

    walk(start, [], {start})
    return found


@st.composite
def small_problems(draw, powers=(0.0, 0.5, 1.0, 2.0, 4.0)):
    nodes = draw(st.integers(3, 5))
    pairs = [(i, j) for i in range(nodes) for j in range(nodes) if i != j]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=3, max_size=9))
    rows = [
        (
            *ends, draw(st.integers(0, 9)), draw(st.sampled_from([0, 0.15, 1.0])),
            draw(st.sampled_from(powers)), draw(st.integers(1, 9)),
        )
        for ends in chosen
    ]  # fmt: skip
    wanted = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=3, unique=True))
    persons = [draw(st.integers(1, 12)) for _ in wanted]
    closed = [0] if draw(st.booleans()) else []
    graph = graph_of(rows, nodes=nodes, closed=closed)
    return graph, Trips.of([a for a, _ in wanted], [b for _, b in wanted], persons)


def convex_optimum(graph, trips, budget=None):
    """Return the least Beckmann objective over all ways, by a general solver."""
    ways, owner = [], []
    for pair in range(len(trips)):
        for links in all_ways(graph, trips.origin[pair], trips.destination[pair]):
            ways.append(links)
            owner.append(pair)
        if budget is not None:
            ways.append(None)
            owner.append(pair)
    use = np.zeros((len(graph), len(ways)))
    stay = np.zeros(len(ways))
    for column, links in enumerate(ways):
        if links is None:
            stay[column] = budget
        else:
            use[links, column] = 1
    owner = np.array(owner)
    rows = [(owner == pair).astype(float) for pair in range(len(trips))]
    served = [pair for pair in range(len(trips)) if rows[pair].any()]

    def value(x):
        return graph.curves.integral(np.maximum(0, use @ x)) + stay @ x

    def grow(x):
        return use.T @ graph.curves.cost(np.maximum(0, use @ x)) + stay

    start = sum(rows[p] / rows[p].sum() * trips.persons[p] for p in served)
    found = minimize(
        value, start, jac=grow, method="SLSQP", bounds=[(0, None)] * len(ways),
        constraints=[{"type": "eq", "fun": lambda x, p=p: rows[p] @ x - trips.persons[p],
                      "jac": lambda _x, p=p: rows[p]} for p in served],
        options={"maxiter": 500, "ftol": 1e-13},
    )  # fmt: skip
    return found.fun


@given(small_problems())
@settings(max_examples=40)
def test_equilibrium_is_the_least_of_beckmanns_objective(problem):
    graph, trips = problem
    found = solve_equilibrium(graph, trips, gap=1e-11)
    assert found.converged
    check_wardrop(graph, trips, found)
    # nobody could have gone for less
    assert found.pair_cost == pytest.approx(least_by_networkx(graph, trips, found.cost), rel=1e-9)
    if found.unserved.sum() == 0:
        best = convex_optimum(graph, trips)
        assert found.objective <= best * (1 + 1e-7) + 1e-7
        assert found.objective >= best * (1 - 1e-4) - 1e-4
    for pair in range(len(trips)):
        there = bool(all_ways(graph, trips.origin[pair], trips.destination[pair]))
        assert found.unserved[pair] == (0.0 if there else trips.persons[pair])


@given(small_problems(), st.integers(1, 30))
@settings(max_examples=40)
def test_nobody_goes_beyond_the_budget_and_nobody_within_it_stays(problem, budget):
    graph, trips = problem
    found = solve_equilibrium(graph, trips, gap=1e-11, budget=budget)
    assert found.converged
    served = np.bincount(found.ways.pair, weights=found.ways.persons, minlength=len(trips))
    assert served + found.unserved == pytest.approx(trips.persons)
    for pair in range(len(trips)):
        if found.unserved[pair] > 1e-6:
            assert found.pair_cost[pair] >= budget * (1 - 1e-7)
        if served[pair] > 1e-6:
            assert found.pair_cost[pair] <= budget * (1 + 1e-7)
    best = convex_optimum(graph, trips, budget)
    mine = found.objective + budget * found.unserved.sum()
    assert mine == pytest.approx(best, rel=1e-5, abs=1e-5)


# ------------------------------------------------------------------ queues
def test_a_full_crossing_sends_the_rest_around_and_the_queue_is_what_that_costs():
    # a post for 60 of 100, or 30 minutes more over the other
    graph = graph_of([(0, 1, 10, 0, 1, 1), (0, 1, 40, 0, 1, 1)])
    found = solve_equilibrium(
        graph, Trips.of([0], [1], [100.0]), gap=1e-9, budget=90, throughput=[60, np.inf]
    )
    assert found.converged
    assert found.flow == pytest.approx([60, 40], rel=1e-6)
    assert found.flow[0] <= 60
    assert found.queue == pytest.approx([30, 0], rel=1e-6)


def test_where_there_is_no_way_around_people_wait_until_some_give_up():
    graph = graph_of([(0, 1, 10, 0, 1, 1)])
    found = solve_equilibrium(
        graph, Trips.of([0], [1], [100.0]), gap=1e-9, budget=90, throughput=[60]
    )
    assert found.unserved == pytest.approx([40], rel=1e-5)
    assert found.queue == pytest.approx([80], rel=1e-6)
    shut = solve_equilibrium(graph, Trips.of([0], [1], [9.0]), budget=90, throughput=[0])
    assert shut.unserved.tolist() == [9.0]


def least_cost_flow(graph, trips, budget, limits):
    """Return the least total cost at fixed costs under limits, by linear programming."""
    ways, owner, costs = [], [], []
    free = graph.curves.cost(np.zeros(len(graph)))
    for pair in range(len(trips)):
        for links in [*all_ways(graph, trips.origin[pair], trips.destination[pair]), []]:
            ways.append(links)
            owner.append(pair)
            costs.append(free[links].sum() if links else budget)
    use = np.zeros((len(graph), len(ways)))
    for column, links in enumerate(ways):
        use[links, column] = 1
    each = np.array([[one == pair for one in owner] for pair in range(len(trips))], dtype=float)
    held = np.isfinite(limits)
    return linprog(
        costs, A_ub=use[held], b_ub=limits[held], A_eq=each, b_eq=trips.persons, method="highs"
    )


@given(small_problems(powers=(0.0,)), st.integers(12, 60), st.data())
@settings(max_examples=25)
def test_queues_are_the_prices_of_the_linear_programme(problem, budget, data):
    graph, trips = problem
    limits = np.array([data.draw(st.sampled_from([np.inf, 1.0, 3.0, 7.0])) for _ in graph.tail])
    found = solve_equilibrium(graph, trips, gap=1e-9, budget=budget, throughput=limits)
    assert found.converged
    assert (found.flow <= limits).all()
    assert (found.queue >= 0).all()
    full = found.flow >= limits * (1 - 1e-6)
    assert not found.queue[~full].any()
    check_wardrop(graph, trips, found)
    assert (found.pair_cost[found.unserved > 1e-5] >= budget * (1 - 1e-6)).all()
    free = graph.curves.cost(np.zeros(len(graph)))
    mine = free @ found.flow + budget * found.unserved.sum()
    best = least_cost_flow(graph, trips, budget, limits)
    assert mine == pytest.approx(best.fun, rel=1e-5, abs=1e-5)
    # by duality: what people think they pay, less what they wait
    held = np.isfinite(limits)
    worth = trips.persons @ np.minimum(found.pair_cost, budget)
    assert worth - limits[held] @ found.queue[held] == pytest.approx(best.fun, rel=1e-5, abs=1e-4)


@given(small_problems(powers=(0.0, 0.3, 0.5, 1.0, 4.0)), st.integers(12, 60), st.data())
@settings(max_examples=25)
def test_with_delays_and_queues_together_no_link_carries_more_than_it_may(problem, budget, data):
    graph, trips = problem
    limits = np.array([data.draw(st.sampled_from([np.inf, 0.0, 2.0, 5.0])) for _ in graph.tail])
    found = solve_equilibrium(graph, trips, gap=1e-9, budget=budget, throughput=limits)
    assert found.converged
    assert (found.flow <= limits).all()
    # people wait only where it is full
    full = found.flow >= limits * (1 - 1e-6)
    assert (found.queue >= 0).all()
    assert not found.queue[~full].any()
    shut = np.where(limits == 0, np.inf, 0.0)
    usable = graph.curves.cost(found.flow) + found.queue + shut
    assert found.cost == pytest.approx(usable)
    # all who go pay the least there is, queues included, and never more than the budget
    check_wardrop(graph, trips, found)
    least = least_by_networkx(graph, trips, found.cost)
    assert found.pair_cost == pytest.approx(least, rel=1e-9)
    served = np.bincount(found.ways.pair, weights=found.ways.persons, minlength=len(trips))
    assert served + found.unserved == pytest.approx(trips.persons)
    assert (least[served > 1e-6] <= budget * (1 + 1e-6)).all()
    assert (least[found.unserved > 1e-6] >= budget * (1 - 1e-6)).all()


def test_where_the_queue_is_as_long_as_the_budget_so_many_stay_that_it_is_no_longer():
    graph = graph_of([(0, 1, 10, 1, 1, 100), (1, 2, 5, 0, 1, 1), (0, 2, 200, 0, 1, 1)])
    trips = Trips.of([0, 1], [2, 2], [100.0, 30.0])
    found = solve_equilibrium(
        graph, trips, gap=1e-10, budget=[60, 40], throughput=[np.inf, 50, np.inf]
    )
    # 50 from 0 fill it: 10 * 1.5 + 5 + a queue of 40 is their budget, and too much for those from 1
    assert found.flow == pytest.approx([50, 50, 0], rel=1e-6)
    assert found.queue == pytest.approx([0, 40, 0], rel=1e-5)
    assert found.pair_cost == pytest.approx([60, 45], rel=1e-5)
    assert found.unserved == pytest.approx([50, 30], rel=1e-5)


def test_a_queue_needs_somebody_who_gives_up():
    graph = graph_of([(0, 1, 10, 0, 1, 1)])
    with pytest.raises(InputError, match="may have no end"):
        solve_equilibrium(graph, Trips.of([0], [1], [1.0]), throughput=[1.0])


# ------------------------------------------------------------------ classes, parallel links, zones
def test_classes_share_the_congestion_and_pay_their_own_costs():
    # trucks may not take link 1; both meet the same delay on link 0
    graph = graph_of([(0, 1, 10, 1, 1, 10), (0, 1, 18, 0, 1, 1)])
    extra = np.array([[0.0, np.inf], [0.0, 0.0]])
    trips = Trips.of([0, 0], [1, 1], [6.0, 6.0], kind=[0, 1])
    found = solve_equilibrium(graph, trips, gap=1e-12, kind_cost=extra)
    # link 0 costs 10 + flow, so that 8 are on it, the 6 trucks among them
    assert found.flow == pytest.approx([8, 4], abs=1e-6)
    assert found.kind_flow == pytest.approx(np.array([[6, 0], [2, 4]]), abs=1e-6)
    check_wardrop(graph, trips, found, extra)


def test_zones_are_not_passed_and_parallel_links_stay_apart():
    rows = [(0, 1, 1, 0, 1, 1), (1, 2, 1, 0, 1, 1), (0, 3, 5, 0.1, 1, 1), (0, 3, 5, 0.1, 1, 1),
            (3, 2, 5, 0, 1, 1)]  # fmt: skip
    trips = Trips.of([0, 1, 2], [2, 1, 2], [8.0, 3.0, 0.0])
    found = solve_equilibrium(graph_of(rows, closed=[0, 1, 2]), trips, gap=1e-12)
    assert found.flow == pytest.approx([0, 0, 4, 4, 8])
    assert found.intrazonal == 3.0
    assert found.unserved.tolist() == [0.0, 0.0, 0.0]
    found = solve_equilibrium(graph_of(rows), trips, gap=1e-12)
    assert found.flow == pytest.approx([8, 8, 0, 0, 0])


def test_links_of_cost_0_in_a_circle_hold_nobody_up():
    rows = [(0, 1, 0, 0, 0, 1), (1, 2, 0, 0, 0, 1), (2, 1, 0, 0, 0, 1), (2, 3, 0, 1, 4, 1),
            (1, 3, 0, 0.15, 4, 1)]  # fmt: skip
    found = solve_equilibrium(graph_of(rows), Trips.of([0], [3], [5.0]))
    assert found.flow[3] + found.flow[4] == pytest.approx(5.0)
    assert found.flow[1] - found.flow[2] == pytest.approx(found.flow[3])
    assert found.pair_cost.tolist() == [0.0]


@given(small_problems())
@settings(max_examples=25)
def test_all_or_nothing_costs_what_shortest_ways_cost(problem):
    graph, trips = problem
    found = load_all_or_nothing(graph, trips)
    least = least_by_networkx(graph, trips, graph.curves.cost(np.zeros(len(graph))))
    assert found.pair_cost == pytest.approx(least)
    there = np.isfinite(least)
    assert found.cost @ found.flow == pytest.approx(least[there] @ trips.persons[there])
    assert found.unserved.tolist() == np.where(there, 0.0, trips.persons).tolist()
    assert (np.bincount(found.ways.pair, minlength=len(trips)) == there).all()


def test_all_or_nothing_takes_one_way():
    graph = graph_of([(0, 1, 10, 9, 4, 1), (0, 1, 12, 0, 1, 1)])
    assert load_all_or_nothing(graph, Trips.of([0], [1], [8.0])).flow.tolist() == [8, 0]
    found = load_all_or_nothing(graph, Trips.of([0], [1], [8.0]), cost=[20.0, 12.0])
    assert found.flow.tolist() == [0, 8]
    with pytest.raises(InputError, match="each of 2 links"):
        load_all_or_nothing(graph, Trips.of([0], [1], [8.0]), cost=[1.0])


# ------------------------------------------------------------------ stopping, refusing
def test_a_run_that_stops_early_says_so():
    graph = graph_of([(0, 1, 10, 1, 4, 1), (0, 1, 12, 1, 4, 1), (0, 1, 9, 1, 1, 1)])
    told = []
    found = solve_equilibrium(
        graph, Trips.of([0], [1], [50.0]), gap=1e-15, max_iterations=2, progress=told.append
    )
    assert (found.converged, found.iterations) == (False, 2)
    assert [one.iteration for one in told] == [1, 2]
    assert 1e-15 < found.gap < 1
    late = solve_equilibrium(graph, Trips.of([0], [1], [50.0]), gap=1e-15, time_limit_s=0)
    assert (late.converged, late.iterations) == (False, 1)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [("gap must be > 0", {"gap": 0}), ("max_iterations", {"max_iterations": 0}),
     ("budget must be >= 0", {"budget": -1}), ("throughput must be", {"throughput": [1.0, 2.0]}),
     ("kind_cost must be", {"kind_cost": [[-1.0]]})],
)  # fmt: skip
def test_wrong_arguments_are_refused(words, arguments):
    graph = graph_of([(0, 1, 10, 1, 4, 1)])
    with pytest.raises(InputError, match=words):
        solve_equilibrium(graph, Trips.of([0], [1], [1.0]), **arguments)


def test_nodes_and_people_that_are_not_there_are_refused():
    graph = graph_of([(0, 1, 10, 1, 4, 1)])
    with pytest.raises(InputError, match=r"destination must be a node from 0 to 1.*rows \[0\]"):
        solve_equilibrium(graph, Trips.of([0], [7], [1.0]))
    with pytest.raises(InputError, match=r"persons must be a number >= 0.*rows \[1\]"):
        Trips.of([0, 0], [1, 1], [1.0, -1.0])
    assert solve_equilibrium(graph, Trips.of([], [], [])).flow.tolist() == [0.0]
