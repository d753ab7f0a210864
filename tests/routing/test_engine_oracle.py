"""The engine against networkx, on random directed multigraphs: the same sums to the last bit."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import CostOverflowError, InputError, NoPathError
from mobility_geo.routing import AccessSet, solve_ways
from mobility_geo.routing.engine import METRICS
from mobility_geo.scenario import ArcCosts
from mobility_geo.testing import draw_network
from mobility_geo.testing.strategies import access_sets, arc_costs
from mobility_geo.units import PATH_SUM_LIMIT, QUANTUM

# parallel edges, a one-way street, a dead end and two parts that do not hang together
NETWORK = draw_network("""
a---b---c->-d
|   |   |   |
n---e---f   g---h
|   |   |   |   |
i---m---j   +---+   k---l
""")
TWINS = draw_network("""
a---b---c---d
|   |   |   |
+---+   +->-+
""")
COSTS = st.sampled_from([2, 9, 1000])


def open_arcs(network, units):
    size = len(network.arcs)
    values = np.asarray(units, dtype=np.int32)
    return ArcCosts(open=np.ones(size, bool), time_min=values, length_m=values, cost_xof=values,
                    risk=values)  # fmt: skip


def accesses(*places, prefix="x"):
    """Return places given as lists of (node, units)."""
    flat = [pair for place in places for pair in place]
    units = np.array([pair[1] for pair in flat], dtype=np.int32)
    return AccessSet(
        place_ids=tuple(f"{prefix}{i}" for i in range(len(places))),
        pointer=np.cumsum([0, *map(len, places)]).astype(np.int32),
        node=np.array([pair[0] for pair in flat], dtype=np.int32),
        time_min=units, length_m=units, cost_xof=units, risk=units,
    )  # fmt: skip


def ending_at(*places):
    return accesses(*places, prefix="to")


def two_lists(data, network=NETWORK, **options):
    """Draw origins and destinations that have no place in common."""
    return (data.draw(access_sets(network, **options)),
            data.draw(access_sets(network, prefix="to", **options)))  # fmt: skip


def oracle(network, costs, origins, destinations, metric):
    """Ask networkx, with a virtual source and sink for each place."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(network.nodes)))
    units = getattr(costs, metric)
    arcs = network.arcs

    def add(one, two, weight):
        if not graph.has_edge(one, two) or graph.edges[one, two]["weight"] > weight:
            graph.add_edge(one, two, weight=weight)

    for arc in np.flatnonzero(costs.open):
        add(int(arcs.tail[arc]), int(arcs.head[arc]), int(units[arc]))
    for side, places in (("from", origins), ("to", destinations)):
        for place in range(len(places)):
            graph.add_node((side, place))
            for row in range(places.pointer[place], places.pointer[place + 1]):
                node, offset = int(places.node[row]), int(places.metric(metric)[row])
                if side == "from":
                    add((side, place), node, offset)
                else:
                    add(node, (side, place), offset)
    expected = np.full((len(origins), len(destinations)), np.inf)
    for i in range(len(origins)):
        found = nx.single_source_dijkstra_path_length(graph, ("from", i))
        for j in range(len(destinations)):
            expected[i, j] = found.get(("to", j), np.inf)
    return expected


@given(data=st.data(), network=st.sampled_from([NETWORK, TWINS]), metric=st.sampled_from(METRICS))
@settings(max_examples=150)
def test_distances_are_those_of_networkx_bit_for_bit(data, network, metric):
    most = data.draw(COSTS)
    costs = data.draw(arc_costs(network, most=most))
    origins = data.draw(access_sets(network, most=most))
    destinations = data.draw(access_sets(network, most=most, prefix="to"))
    ways = solve_ways(network, costs, origins, destinations, impedance=metric)
    expected = oracle(network, costs, origins, destinations, metric)
    np.testing.assert_array_equal(ways.units, expected)
    np.testing.assert_array_equal(ways.total(metric), expected * QUANTUM[metric])
    np.testing.assert_array_equal(ways.reachable(), np.isfinite(expected))
    np.testing.assert_array_equal(ways.access_from >= 0, np.isfinite(expected))
    np.testing.assert_array_equal(ways.access_to >= 0, np.isfinite(expected))


@given(data=st.data(), metric=st.sampled_from(METRICS))
@settings(max_examples=100)
def test_every_way_can_be_walked_and_sums_to_its_totals(data, metric):
    costs = data.draw(arc_costs(NETWORK))
    origins = data.draw(access_sets(NETWORK))
    destinations = data.draw(access_sets(NETWORK, prefix="to"))
    ways = solve_ways(NETWORK, costs, origins, destinations, impedance=metric)
    arcs = NETWORK.arcs
    for i in range(len(origins)):
        for j in range(len(destinations)):
            if not ways.reachable()[i, j]:
                with pytest.raises(NoPathError, match=f"no way from 'x{i}' to 'to{j}'"):
                    ways.arcs(i, j)
                assert all(np.isinf(ways.total(name)[i, j]) for name in METRICS)
                continue
            start, stop = int(ways.access_from[i, j]), int(ways.access_to[i, j])
            assert origins.pointer[i] <= start < origins.pointer[i + 1]
            assert destinations.pointer[j] <= stop < destinations.pointer[j + 1]
            way = ways.arcs(i, j)
            assert costs.open[way].all()
            node = int(origins.node[start])
            for arc in way:
                assert arcs.tail[arc] == node
                node = int(arcs.head[arc])
            assert node == destinations.node[stop]
            assert len(set(arcs.head[way].tolist()) | {int(origins.node[start])}) == len(way) + 1
            for name in METRICS:
                walked = int(getattr(costs, name)[way].sum())
                units = walked + int(origins.metric(name)[start])
                units += int(destinations.metric(name)[stop])
                assert ways.total(name)[i, j] == units * QUANTUM[name]


@given(data=st.data())
@settings(max_examples=60)
def test_parents_form_trees(data):
    costs = data.draw(arc_costs(NETWORK, most=2))
    origins = data.draw(access_sets(NETWORK))
    ways = solve_ways(NETWORK, costs, origins, accesses())
    assert ways.routes.parent_arc.shape == (len(ways.routes.sources), len(NETWORK.nodes))
    assert ways.routes.sources.tolist() == sorted(set(origins.node.tolist()))
    for tree, root in enumerate(ways.routes.sources):
        assert ways.routes.parent_arc[tree, root] == -1
        for node in range(len(NETWORK.nodes)):
            seen, here = set(), node
            while ways.routes.parent_arc[tree, here] >= 0:
                assert here not in seen
                seen.add(here)
                arc = ways.routes.parent_arc[tree, here]
                assert NETWORK.arcs.head[arc] == here
                here = int(NETWORK.arcs.tail[arc])
            assert here in {node, root}
            assert here == root or not seen


@given(data=st.data())
@settings(max_examples=40)
def test_the_answer_for_a_pair_does_not_depend_on_who_else_asks(data):
    costs = data.draw(arc_costs(NETWORK, most=2))
    origins, destinations = two_lists(data)
    together = solve_ways(NETWORK, costs, origins, destinations)
    for i in range(len(origins)):
        rows = slice(origins.pointer[i], origins.pointer[i + 1])
        one = accesses(list(zip(origins.node[rows], origins.time_min[rows], strict=True)))
        alone = solve_ways(NETWORK, costs, one, destinations)
        np.testing.assert_array_equal(alone.units[0], together.units[i])
        for j in np.flatnonzero(alone.reachable()[0]):
            assert alone.arcs(0, int(j)).tolist() == together.arcs(i, int(j)).tolist()


@given(data=st.data())
@settings(max_examples=40)
def test_opening_and_cheapening_arcs_lengthens_nothing(data):
    costs = data.draw(arc_costs(NETWORK))
    better = data.draw(st.lists(st.sampled_from(range(len(NETWORK.arcs))), max_size=5))
    usable, units = costs.open.copy(), costs.time_min.copy()
    usable[better], units[better] = True, 0
    origins, destinations = two_lists(data)
    before = solve_ways(NETWORK, costs, origins, destinations).units
    after = solve_ways(NETWORK, open_costs(usable, units), origins, destinations).units
    assert (after <= before).all()


def open_costs(usable, units):
    return ArcCosts(open=usable, time_min=units, length_m=units, cost_xof=units, risk=units)


@pytest.mark.parametrize(
    ("origins", "destinations"),
    [(accesses(), accesses()), (accesses(), ending_at([(0, 1)])), (accesses([(0, 1)]), accesses()),
     (accesses([]), ending_at([])), (accesses([]), ending_at([(0, 1)])),
     (accesses([(0, 1)]), ending_at([]))],
)  # fmt: skip
def test_nobody_nowhere_and_places_without_access(origins, destinations):
    ways = solve_ways(
        NETWORK, open_arcs(NETWORK, np.ones(len(NETWORK.arcs))), origins, destinations
    )
    assert ways.units.shape == (len(origins), len(destinations))
    assert np.isinf(ways.units).all()
    assert ways.nearest().tolist() == [-1] * len(origins)
    for name in METRICS:
        assert np.isinf(ways.total(name)).all()


def test_start_and_end_at_one_node_is_a_way_without_arcs():
    ways = solve_ways(NETWORK, open_arcs(NETWORK, np.ones(len(NETWORK.arcs))),
                      accesses([(3, 5)]), ending_at([(3, 7)]))  # fmt: skip
    assert ways.units.tolist() == [[12.0]]
    assert ways.arcs(0, 0).tolist() == []


def test_the_way_from_a_place_to_itself_is_no_way_at_all():
    """Even where nothing is open, and though the network would say there and back again."""
    costs = open_arcs(NETWORK, np.ones(len(NETWORK.arcs)))
    shut = open_costs(np.zeros(len(NETWORK.arcs), bool), np.zeros(len(NETWORK.arcs), np.int32))
    for held in (costs, shut):
        ways = solve_ways(NETWORK, held, accesses([(3, 5)], []), accesses([(4, 5)], []))
        assert np.diag(ways.units).tolist() == [0.0, 0.0]
        assert ways.arcs(0, 0).tolist() == ways.arcs(1, 1).tolist() == []
        assert all(ways.total(name)[0, 0] == 0 for name in METRICS)


def test_an_unknown_metric_is_refused():
    with pytest.raises(InputError, match="impedance must be one of time_min"):
        solve_ways(NETWORK, open_arcs(NETWORK, np.ones(len(NETWORK.arcs))), accesses(),
                   accesses(), impedance="minutes")  # fmt: skip


class TestOverflow:
    LINE = draw_network("a---b---c")
    ROWS = LINE.node_positions(["a", "c"])

    def ways(self, per_arc, offset=0):
        costs = open_arcs(self.LINE, np.full(len(self.LINE.arcs), per_arc))
        one, two = ([(int(row), offset)] for row in self.ROWS)
        return solve_ways(self.LINE, costs, accesses(one), ending_at(two))

    def test_the_longest_exact_sum_is_exact(self):
        assert self.ways((PATH_SUM_LIMIT - 2) // 2).units[0, 0] == PATH_SUM_LIMIT - 2

    def test_a_sum_of_2_to_the_29_is_refused(self):
        with pytest.raises(CostOverflowError, match=r"2\*\*29"):
            self.ways(PATH_SUM_LIMIT // 2)

    def test_no_sum_wraps_around(self):
        with pytest.raises(CostOverflowError):
            self.ways(PATH_SUM_LIMIT - 1)

    def test_offsets_count_into_the_limit(self):
        assert self.ways(1, offset=100).units[0, 0] == 202
        with pytest.raises(CostOverflowError):
            self.ways((PATH_SUM_LIMIT - 2) // 2, offset=PATH_SUM_LIMIT - 1)


class TestTies:
    """Equal ways: always the same one, in any order of rows and with any neighbours."""

    def way(self, picture, one, two):
        network = draw_network(picture)
        a, b = network.node_positions([one, two])
        ways = solve_ways(network, open_arcs(network, np.ones(len(network.arcs))),
                          accesses([(int(a), 0)]), ending_at([(int(b), 0)]))  # fmt: skip
        return network.edges["edge_id"].to_numpy()[network.arcs.edge[ways.arcs(0, 0)]].tolist()

    def test_the_first_of_parallel_edges_is_taken(self):
        assert self.way("a---b\n|   |\n+---+", "a", "b") == ["a-b"]
        assert self.way("a---b\n|   |\n+---+", "b", "a") == ["a-b"]

    def test_the_order_of_rows_does_not_decide_between_equal_ways(self):
        network = draw_network("a---b\n|   |\nc---d")
        rows = network.edges.iloc[::-1], network.nodes.iloc[::-1]
        turned = network.replace_tables(edges=rows[0], nodes=rows[1])
        ways = []
        for one in (network, turned):
            a, d = one.node_positions(["a", "d"])
            costs = open_arcs(one, np.ones(len(one.arcs)))
            ends = accesses([(int(a), 0)]), ending_at([(int(d), 0)])
            ways.append(solve_ways(one, costs, *ends).arcs(0, 0).tolist())
        assert ways[0] == ways[1]
        assert len(ways[0]) == 2

    def test_the_first_of_equal_accesses_and_destinations_is_taken(self):
        costs = open_arcs(TWINS, np.ones(len(TWINS.arcs)))
        a, b = (int(row) for row in TWINS.node_positions(["a", "b"]))
        ways = solve_ways(TWINS, costs, accesses([(a, 1), (b, 1)]),
                          ending_at([(a, 0), (b, 0)], [(b, 0), (a, 0)]))  # fmt: skip
        assert ways.access_from.tolist() == [[0, 0]]
        assert ways.access_to.tolist() == [[0, 3]]
        assert ways.nearest().tolist() == [0]


@given(data=st.data())
@settings(max_examples=40)
def test_the_nearest_of_those_allowed(data):
    costs = data.draw(arc_costs(NETWORK, most=3))
    ways = solve_ways(NETWORK, costs, data.draw(access_sets(NETWORK)),
                      data.draw(access_sets(NETWORK, prefix="to")))  # fmt: skip
    shape = ways.units.shape
    size = shape[0] * shape[1]
    drawn = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    allowed = np.array(drawn, dtype=bool).reshape(shape)
    for row, best in enumerate(ways.nearest(allowed)):
        able = [j for j in range(shape[1]) if allowed[row, j] and np.isfinite(ways.units[row, j])]
        expected = min(able, key=lambda j: (ways.units[row, j], j), default=-1)
        assert best == expected
