"""Logit loading: against ways listed one by one, and closed forms."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import InputError
from mobility_geo.flows import (
    AssignmentGraph,
    CostCurves,
    Trips,
    assign_dial,
    solve_stochastic,
)
from mobility_geo.sources import read_tntp_network, read_tntp_trips


def graph_of(rows, closed=(), nodes=None, power=2.0):
    table = np.array(rows, dtype=float).reshape(-1, 4)
    count = nodes or int(table[:, :2].max()) + 1
    through = np.ones(count, dtype=bool)
    through[list(closed)] = False
    return AssignmentGraph(
        tail=table[:, 0].astype(np.int32), head=table[:, 1].astype(np.int32), through=through,
        curves=CostCurves.bpr(free=table[:, 2], b=table[:, 3], power=power, capacity=10.0),
    )  # fmt: skip


def shortest(graph, start, cost):
    """Return least costs by Bellman and Ford; zones are not passed."""
    distance = np.full(len(graph.through), np.inf)
    distance[start] = 0.0
    for _ in graph.through:
        for link, (one, two) in enumerate(zip(graph.tail, graph.head, strict=True)):
            if graph.through[one] or one == start:
                distance[two] = min(distance[two], distance[one] + cost[link])
    return distance


def logit_by_listing(graph, start, end, persons, theta, cost):
    """Return flows and satisfaction over all ways whose links lead away from the start."""
    distance = shortest(graph, start, graph.curves.cost(np.zeros(len(graph))))
    found = []

    def walk(node, links):
        if node == end:
            found.append(links)
        if not graph.through[node] and node != start:
            return
        for link in np.flatnonzero(graph.tail == node):
            if distance[graph.head[link]] > distance[node]:
                walk(int(graph.head[link]), [*links, int(link)])

    walk(start, [])
    flow = np.zeros(len(graph))
    if not found:
        return flow, np.inf
    weights = np.array([np.exp(-theta * cost[links].sum()) for links in found])
    for links, weight in zip(found, weights, strict=True):
        flow[links] += persons * weight / weights.sum()
    return flow, -np.log(weights.sum()) / theta


@st.composite
def problems(draw):
    nodes = draw(st.integers(3, 6))
    ends = st.sampled_from([(i, j) for i in range(nodes) for j in range(nodes) if i != j])
    chosen = draw(st.lists(ends, min_size=3, max_size=12))
    # whole numbers make many nodes as far as one another
    apart = draw(st.sampled_from([0.0, 0.1]))
    rows = [(*one, draw(st.integers(1, 9)) + apart * number, draw(st.sampled_from([0, 0.5])))
            for number, one in enumerate(chosen)]  # fmt: skip
    closed = draw(st.sets(st.integers(0, nodes - 1), max_size=2))
    return graph_of(rows, closed, nodes), draw(ends), draw(st.sampled_from([0.01, 0.3, 2.0]))


@given(problems())
@settings(max_examples=60)
def test_dial_loads_what_listing_the_ways_gives(problem):
    graph, (start, end), theta = problem
    cost = graph.curves.cost(np.arange(len(graph), dtype=float))
    found = assign_dial(graph, Trips.of([start], [end], [7.0]), theta=theta, cost=cost)
    flow, satisfaction = logit_by_listing(graph, start, end, 7.0, theta, cost)
    assert found.flow == pytest.approx(flow, abs=1e-9)
    assert found.satisfaction[0] == pytest.approx(satisfaction)
    assert found.unserved.tolist() == [0.0 if np.isfinite(satisfaction) else 7.0]


@given(problems())
@settings(max_examples=40)
def test_stochastic_equilibrium_is_what_its_own_costs_give(problem):
    graph, (start, end), theta = problem
    found = solve_stochastic(graph, Trips.of([start], [end], [7.0]), theta=theta, gap=1e-9)
    assert found.converged
    assert found.cost == pytest.approx(graph.curves.cost(found.flow))
    again, _ = logit_by_listing(graph, start, end, 7.0, theta, found.cost)
    assert found.flow == pytest.approx(again, abs=1e-6)


def by_networkx(graph, start, end, persons, theta, cost):
    """Return flows over all simple ways, listed by networkx, on which every step leads away."""
    net = nx.MultiDiGraph()
    net.add_nodes_from(range(len(graph.through)))
    free = graph.curves.cost(np.zeros(len(graph)))
    for link, ends in enumerate(zip(graph.tail.tolist(), graph.head.tolist(), strict=True)):
        if graph.through[ends[0]] or ends[0] == start:
            net.add_edge(*ends, key=link, free=float(free[link]))
    far = nx.single_source_dijkstra_path_length(net, start, weight="free")
    ways = [
        [link for _, _, link in path]
        for path in nx.all_simple_edge_paths(net, start, end)
        if all(far[one] < far[two] for one, two, _ in path)
    ]
    flow = np.zeros(len(graph))
    if ways:
        weights = np.exp([-theta * cost[links].sum() for links in ways])
        for links, weight in zip(ways, weights / weights.sum(), strict=True):
            flow[links] += persons * weight
    return flow


@given(problems(), st.data(), st.sampled_from([0.0, 0.4, 1.0, 4.0]))
@settings(max_examples=30)
def test_several_pairs_share_links_at_the_fixed_point(problem, data, power):
    graph, first, theta = problem
    rows = list(zip(graph.tail, graph.head, graph.curves.free, graph.curves.b, strict=True))
    closed = np.flatnonzero(~graph.through)
    graph = graph_of(rows, closed, len(graph.through), power)
    nodes = st.integers(0, len(graph.through) - 1)
    pairs = [first, *data.draw(st.lists(st.tuples(nodes, nodes), max_size=2))]
    persons = [7.0, 20.0, 3.5][: len(pairs)]
    trips = Trips.of(*np.transpose(pairs), persons)
    found = solve_stochastic(graph, trips, theta=theta, gap=1e-8)
    assert found.converged
    assert found.cost == pytest.approx(graph.curves.cost(found.flow))
    again = sum(
        by_networkx(graph, one, two, people, theta, found.cost)
        for (one, two), people in zip(pairs, persons, strict=True)
        if one != two
    )
    assert found.flow == pytest.approx(again, abs=1e-5)


def test_nodes_that_are_as_far_are_not_passed_one_after_the_other():
    # 1 and 2 are both 10 away: the link between them leads nowhere, whatever it costs
    graph = graph_of([(0, 1, 10, 0), (0, 2, 10, 0), (1, 2, 1, 0), (1, 3, 5, 0), (2, 3, 5, 0)])
    found = assign_dial(graph, Trips.of([0], [3], [8.0]), theta=1.0)
    assert found.flow == pytest.approx([4, 4, 0, 4, 4])


def test_parallel_links_are_ways_of_their_own():
    graph = graph_of([(0, 1, 10, 0), (0, 1, 10, 0), (1, 2, 5, 0), (0, 2, 15, 0)])
    found = assign_dial(graph, Trips.of([0], [2], [9.0]), theta=1.0)
    assert found.flow == pytest.approx([3, 3, 6, 3])


def test_costs_of_hundreds_neither_overflow_nor_vanish():
    graph = graph_of([(0, 1, 4000, 0), (0, 1, 4001, 0)])
    found = assign_dial(graph, Trips.of([0], [1], [10.0]), theta=2.0)
    assert found.flow[0] / found.flow[1] == pytest.approx(np.exp(2.0))


def test_links_of_cost_0_lead_away_too():
    graph = graph_of([(0, 1, 0, 0), (1, 2, 0, 0), (2, 3, 5, 0), (0, 3, 5, 0)], closed=[0, 3])
    found = assign_dial(graph, Trips.of([0], [3], [10.0]), theta=1.0)
    assert found.flow == pytest.approx([5, 5, 5, 5])


def test_the_larger_theta_the_nearer_to_the_quickest_way():
    graph = graph_of([(0, 1, 10, 0), (0, 1, 11, 0)])
    shares = [assign_dial(graph, Trips.of([0], [1], [1.0]), theta=theta).flow[0]
              for theta in (1e-6, 0.1, 1.0, 50.0)]  # fmt: skip
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.5, abs=1e-6)
    assert shares[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("theta", [0.1, 1.0])
def test_flows_of_sioux_falls_are_conserved(reference_dir, theta):
    folder = reference_dir / "tntp" / "SiouxFalls"
    network = read_tntp_network(folder / "SiouxFalls_net.tntp")
    graph = AssignmentGraph.from_tntp(network)
    trips = Trips.from_tntp(read_tntp_trips(folder / "SiouxFalls_trips.tntp"), network)
    found = solve_stochastic(graph, trips, theta=theta, gap=1e-7)
    assert found.converged
    left = np.zeros(24)
    np.add.at(left, graph.head, found.flow)
    np.subtract.at(left, graph.tail, found.flow)
    np.add.at(left, trips.origin, trips.persons)
    np.subtract.at(left, trips.destination, trips.persons)
    assert np.abs(left).max() < 1e-6


def test_classes_pay_their_own_costs():
    graph = graph_of([(0, 1, 10, 0), (0, 1, 10, 0)])
    trips = Trips.of([0, 0], [1, 1], [4.0, 6.0], kind=[0, 1])
    found = assign_dial(graph, trips, theta=1.0, kind_cost=[[0, 0], [np.inf, 0]])
    assert found.kind_flow == pytest.approx(np.array([[2, 2], [0, 6]]))


def test_wrong_arguments_are_refused():
    graph = graph_of([(0, 1, 10, 0)])
    trips = Trips.of([0], [1], [1.0])
    with pytest.raises(InputError, match="theta must be > 0"):
        assign_dial(graph, trips, theta=0.0)
    with pytest.raises(InputError, match="each of 1 links"):
        assign_dial(graph, trips, theta=1.0, cost=[-1.0])
    with pytest.raises(InputError, match="gap must be > 0"):
        solve_stochastic(graph, trips, theta=1.0, gap=0.0)
