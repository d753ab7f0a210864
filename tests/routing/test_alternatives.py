"""Alternatives are simple, share little, come by time, and are those that the definition gives."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError
from mobility_geo.routing import engine, find_ways, prepare_engine
from mobility_geo.routing.alternatives import find_alternatives
from mobility_geo.scenario import Scenario, TravellerClass
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.strategies import networks

WHO = TravellerClass(profile="truck", nationality="AAA")

LADDER = """
    A---b---c---D
    |   |   |   |
    |   |   |   |
    e---f---g---h
    |   |   |   |
    +---i---k---+
"""


def ways_of(network, origins, destinations, who=WHO):
    case = build_case(network, {}, ())
    return find_ways(network, case.scenario, origins, destinations, traveller=who)


def graph_of(ways):
    """Return the arcs that are open, with costs that are nowhere 0, each with its own key."""
    arcs, graph = ways.network.arcs, nx.MultiDiGraph()
    graph.add_nodes_from(range(len(ways.network.nodes)))
    for arc in np.flatnonzero(ways.costs.open).tolist():
        cost = max(int(ways.costs.time_min[arc]), 1)
        graph.add_edge(int(arcs.tail[arc]), int(arcs.head[arc]), key=arc, weight=cost)
    return graph


def simple_ways(ways, i, j):
    """Return every way without circles from any access of `i` to any of `j`: (cost, arcs)."""
    graph = graph_of(ways)
    starts = range(ways.origins.pointer[i], ways.origins.pointer[i + 1])
    stops = range(ways.destinations.pointer[j], ways.destinations.pointer[j + 1])
    found = []
    for a, b in itertools.product(starts, stops):
        one, two = int(ways.origins.node[a]), int(ways.destinations.node[b])
        ends = int(ways.origins.time_min[a]) + int(ways.destinations.time_min[b])
        if one == two:
            continue
        for path in nx.all_simple_edge_paths(graph, one, two):
            arcs = [arc for _, _, arc in path]
            found.append((ends + sum(graph.edges[step]["weight"] for step in path), arcs))
    return sorted(found)


def overlap(ways, one, two):
    edge, length = ways.network.arcs.edge, ways.costs.length_m
    common = sum(int(length[arc]) for arc in one if edge[arc] in set(edge[two]))
    shorter = min(sum(int(length[arc]) for arc in way) for way in (one, two))
    return common / shorter if shorter else 1.0


def with_ends(ways, i, j):
    """Return the graph with the places as nodes, tied to it by their accesses."""
    graph = graph_of(ways)
    for place, row, out in ((ways.origins, i, True), (ways.destinations, j, False)):
        for a in range(place.pointer[row], place.pointer[row + 1]):
            node, cost = int(place.node[a]), int(place.time_min[a])
            ends = ("start", node) if out else (node, "stop")
            if not graph.has_edge(*ends) or graph.edges[*ends, -1]["weight"] > cost:
                graph.add_edge(*ends, key=-1, weight=cost)
    return graph


def naive_alternatives(ways, i, j, count, share):
    """Return single-via ways in their order, each taken if it is simple and fits: all by networkx.

    True only where no two ways cost the same.
    """
    graph = with_ends(ways, i, j)
    if "start" not in graph or "stop" not in graph:
        return []

    def arcs_along(nodes):
        steps = [min(graph[a][b], key=lambda k: (graph[a][b][k]["weight"], k))
                 for a, b in itertools.pairwise(nodes)]  # fmt: skip
        return [arc for arc in steps if arc >= 0]

    ahead = nx.single_source_dijkstra(graph, "start")
    behind = nx.single_source_dijkstra(graph.reverse(), "stop")
    candidates = []
    for one, two, arc, cost in graph.edges(keys=True, data="weight"):
        if arc >= 0 and one in ahead[0] and two in behind[0]:
            nodes = [*ahead[1][one], *behind[1][two][::-1]]
            if len(set(nodes)) == len(nodes):
                before, after = ahead[1][one], behind[1][two][::-1]
                way = [*arcs_along(before), arc, *arcs_along(after)]
                candidates.append((ahead[0][one] + cost + behind[0][two], way))
    taken = []
    for cost, way in sorted(candidates):
        if all(overlap(ways, way, other) <= share for _, other in taken):
            taken.append((cost, way))
    return taken[: count + 1]


def check_one_pair(ways, i, j, count, share):
    found = next(find_alternatives(ways, [(i, j)], count=count, overlap=share))
    if not np.isfinite(ways.units[i, j]):
        assert found == []
        return
    assert found[0].units == ways.units[i, j]
    assert np.array_equal(found[0].arcs, ways.arcs(i, j))
    assert len(found) <= count + 1
    assert [way.units for way in found] == sorted(way.units for way in found)
    if ways.access_from[i, j] < 0 or not len(found[0].arcs):
        assert len(found) == 1
        return
    arcs = ways.network.arcs
    every = simple_ways(ways, i, j)
    for way in found:
        nodes = [*arcs.tail[way.arcs].tolist(), int(arcs.head[way.arcs[-1]])]
        assert len(set(nodes)) == len(nodes)
        assert bool((arcs.head[way.arcs[:-1]] == arcs.tail[way.arcs[1:]]).all())
        assert bool(ways.costs.open[way.arcs].all())
        assert nodes[0] == ways.origins.node[way.access_from]
        assert nodes[-1] == ways.destinations.node[way.access_to]
        assert way.units == (
            ways.origins.time_min[way.access_from]
            + ways.costs.time_min[way.arcs].sum()
            + ways.destinations.time_min[way.access_to]
        )
    lists = [way.arcs.tolist() for way in found]
    for one, two in itertools.combinations(lists, 2):
        assert overlap(ways, one, two) <= share
    for number in range(1, len(found)):
        most = max(overlap(ways, lists[number], before) for before in lists[:number])
        assert found[number].overlap == pytest.approx(most)
    # nothing is cheaper than the exact problem allows; a cost of 0 may count as one unit per arc
    if len(found) > 1:
        exact = [c for c, one in every if overlap(ways, one, lists[0]) <= share]
        assert found[1].units >= min(exact) - len(found[1].arcs)


@settings(max_examples=15)
@given(networks(), st.data())
def test_alternatives_against_all_simple_ways(network, data):
    places = list(network.places["place_id"])
    profile = data.draw(st.sampled_from(list(network.profiles["profile"])))
    who = TravellerClass(profile=profile, nationality="AAA")
    ways = ways_of(network, places[:2], places[-2:], who)
    share = data.draw(st.sampled_from([0.0, 0.3, 0.5, 0.9]))
    for i, j in itertools.product(range(len(places[:2])), range(len(places[-2:]))):
        check_one_pair(ways, i, j, 3, share)


@settings(max_examples=20)
@given(networks(nodes=8, edges=16), st.integers(0, 2**31), st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_alternatives_are_those_of_the_definition(network, seed, share):
    # lengths that are told apart by the metre, and their sums nearly always
    length = np.random.default_rng(seed).integers(10_000, 10_000_000, len(network.edges))
    network = network.replace_tables(edges=network.edges.assign(length_m=length.astype(float)))
    places = list(network.places["place_id"])
    ways = ways_of(network, places[:1], places[-1:])
    found = next(find_alternatives(ways, [(0, 0)], count=4, overlap=share))
    if ways.access_from[0, 0] < 0 or not len(found[0].arcs):
        return
    expected = naive_alternatives(ways, 0, 0, 4, share)
    assert [way.arcs.tolist() for way in found] == [arcs for _, arcs in expected]
    assert [way.units for way in found] == [cost for cost, _ in expected]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8])
def test_a_ladder_against_all_simple_ways(share):
    network = draw_network(LADDER)
    ways = ways_of(network, ["A"], ["D"])
    check_one_pair(ways, 0, 0, 4, share)


def test_the_hierarchy_gives_ways_of_the_same_cost():
    slow, fast = draw_network(LADDER), draw_network(LADDER)
    prepare_engine(fast)
    assert fast in engine.HIERARCHIES
    units = []
    for network in (slow, fast):
        ways = ways_of(network, ["A", "D"], ["D", "A"])
        pairs = [(0, 0), (0, 1), (1, 1)]
        check_one_pair(ways, 0, 0, 3, 0.5)
        found = find_alternatives(ways, pairs, count=3, overlap=0.5)
        units.append([[way.units for way in several] for several in found])
    # equals are told apart by each engine in its own way: the first alternative costs the same
    assert [one[:2] for one in units[0]] == [one[:2] for one in units[1]]
    assert [len(one) for one in units[0]][1] == 1, "from a place to itself there is one way"


def test_parallel_edges_are_alternatives():
    network = draw_network("""
        A-------B
        |       |
        +-------+
    """)
    found = next(find_alternatives(ways_of(network, ["A"], ["B"]), [(0, 0)], overlap=0.0))
    assert [len(way.arcs) for way in found] == [1, 1]
    assert [way.overlap for way in found] == [0.0, 0.0]


def test_of_two_ways_over_one_bridge_only_one_is_taken():
    network = draw_network("""
        A---b-----------c---D
        |   |           |   |
        +---+           +---+
    """)
    ways = ways_of(network, ["A"], ["D"])
    several = [len(next(find_alternatives(ways, [(0, 0)], overlap=share))) for share in (0.5, 0.95)]
    assert several[0] == 1
    assert several[1] > 1


def test_edges_without_length_in_time_make_no_circles():
    network = draw_network("A---b---C\n|   |   |\n+---d---+")
    edges = network.edges.copy()
    for free, count in ((["A-b", "b-d"], 2), (["A-b", "b-d", "b-C"], 1)):
        edges["length_m"] = network.edges["length_m"].mask(edges["edge_id"].isin(free), 0.0)
        ways = ways_of(network.replace_tables(edges=edges), ["A"], ["C"])
        check_one_pair(ways, 0, 0, 3, 0.5)
        assert len(next(find_alternatives(ways, [(0, 0)]))) == count


def test_without_a_way_there_is_nothing_and_the_order_of_pairs_is_kept():
    case = load_toy()
    who = TravellerClass(profile="truck", nationality="TOA")
    ends = ["northtown", "midtown"], ["southtown", "rivertown"]
    ways = find_ways(case.network, case.scenario, *ends, traveller=who)
    pairs = [(0, 0), (1, 1), (1, 0), (0, 1)]
    found = list(find_alternatives(ways, pairs))
    assert [len(several) > 0 for several in found] == [False, True, False, True]
    assert found[1][0].units == ways.units[1, 1]
    assert found[3][0].units == ways.units[0, 1]


def test_no_alternative_asked_for_is_the_way_alone():
    ways = ways_of(draw_network(LADDER), ["A"], ["D"])
    assert [len(several) for several in find_alternatives(ways, [(0, 0)], count=0)] == [1]


def test_wrong_arguments_are_told_at_once():
    ways = ways_of(draw_network("A---B"), ["A"], ["B"])
    with pytest.raises(InputError) as caught:
        find_alternatives(ways, [(0, 0)], count=-1, overlap=1.0)
    assert caught.value.problems == (
        "count must be >= 0, not -1", "overlap must be a share of 0 to less than 1, not 1",
    )  # fmt: skip


def test_the_ways_asked_for_are_not_changed():
    network = draw_network(LADDER)
    ways = ways_of(network, ["A"], ["D"])
    before = ways.costs.time_min.copy(), ways.units.copy()
    list(find_alternatives(ways, [(0, 0)] * 20))
    assert np.array_equal(before[0], ways.costs.time_min)
    assert np.array_equal(before[1], ways.units)
    assert isinstance(build_case(network, {}, ()).scenario, Scenario)
