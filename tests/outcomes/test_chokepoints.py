"""Chokepoints against closing everything one after the other; dominators and cuts by networkx."""

import dataclasses

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from random_crises import random_crisis

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.outcomes import find_chokepoints, find_region_cuts
from mobility_geo.outcomes.chokepoints import (
    _splitting_crossings,
    cut_elements,
    safety_graph,
)
from mobility_geo.routing import find_group_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Closure, Disruption, Selection, conditions
from mobility_geo.testing import build_case, draw_network

TOY = load_toy()
MALI = load_mali("mali-2013-01")


def answers(case, scenario):
    """Return people of each group who reach, and their hours, free places aside."""
    groups = case.groups[(case.groups["base"] == "movers") & (case.groups["persons"] > 0)]
    groups = groups.reset_index(drop=True)
    ways = find_group_ways(case, scenario, scenario.day(None), groups=groups)
    if not len(ways.destination_ids):
        return np.zeros(len(groups)), np.full(len(groups), np.inf)
    hours = np.where(ways.within(), ways.time_min, np.inf).min(axis=1) / 60
    return groups["persons"].to_numpy(dtype=float), hours


def shut(case, edges):
    one = Disruption(
        disruption_id="tried", kind="road", what=Selection(edge_ids=tuple(edges)),
        effects=(Closure(),), source="test",
    )  # fmt: skip
    return dataclasses.replace(case.scenario, disruptions=(*case.scenario.disruptions, one))


def compare_with_closing(case, found):
    """Close each edge and crossing of the network alone, and compare with what is told."""
    people, before = answers(case, case.scenario)
    reach = np.isfinite(before)
    assert found.reaching_persons == people[reach].sum()
    told = found.table.set_index(["thing", "id"])
    edges = case.network.edges
    things = [("edge", name, [name]) for name in edges["edge_id"]]
    things += [
        (
            "crossing",
            name,
            list(edges.loc[(edges["crossing_id"] == name).to_numpy(bool), "edge_id"]),
        )
        for name in case.network.crossings["crossing_id"]
    ]
    for thing, name, closed in things:
        _, after = answers(case, shut(case, closed)) if closed else (None, before)
        still = np.isfinite(after)
        change = people[still].sum() - people[reach].sum()
        hours = people[still] @ after[still] - people[reach] @ before[reach]
        if (thing, name) not in told.index:
            assert np.array_equal(after, before), (thing, name)
            continue
        row = told.loc[(thing, name)]
        both = reach & still
        assert row["reach_change_persons"] == change, (thing, name)
        assert row["lost_persons"] == people[reach & ~still].sum()
        assert row["change_person_h"] == pytest.approx(hours, abs=people.sum() / 60)
        assert row["delay_person_h"] == pytest.approx(
            people[both] @ (after[both] - before[both]), abs=people.sum() / 60
        )
        assert row["every_way_persons"] <= row["lost_persons"] or row["lost_persons"] == 0
        assert row["through_persons"] >= row["every_way_persons"]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("limited", [False, True])
def test_what_a_closure_does_is_what_closing_it_does(seed, limited):
    case = random_crisis(seed, capacities=False, limited=limited)
    compare_with_closing(case, find_chokepoints(case))


def test_the_toy_as_well_and_in_compiled_kernels(monkeypatch):
    compare_with_closing(TOY, find_chokepoints(TOY))
    slow = find_chokepoints(MALI, budgets="time").table
    monkeypatch.setattr("mobility_geo.outcomes.chokepoints.COMPILE_FROM", 0)
    fast = find_chokepoints(MALI, budgets="time").table
    assert slow.equals(fast)


@pytest.mark.parametrize("seed", range(8))
def test_who_has_no_other_way_is_told_by_dominators(seed):
    """A node on every way from a place to safety is an immediate dominator of its ancestors."""
    case = random_crisis(seed, capacities=False, limited=False)
    case = dataclasses.replace(
        case, groups=case.groups.assign(time_limit_h=np.nan), limits=type(case.limits)()
    )
    found = find_chokepoints(case)
    told = found.table.set_index(["thing", "id"])["every_way_persons"]
    day = case.scenario.day(None)
    expected = dict.fromkeys(case.network.nodes["node_id"], 0)
    to = sorted(set(case.destinations_on(day)["place_id"]))
    for who, (_, group) in zip(travellers_of(case.groups), case.groups.iterrows(), strict=True):
        if group["base"] != "movers" or not group["persons"]:
            continue
        costs = conditions(case.network, case.scenario, day, who).dense()
        graph = safety_graph(case.network, costs, [group["place_id"]], to)
        back = nx.DiGraph(zip(graph.head.tolist(), graph.tail.tolist(), strict=True))
        start = graph.nodes
        if graph.sink not in back or start not in back or not nx.has_path(back, graph.sink, start):
            continue
        above = nx.immediate_dominators(back, graph.sink)
        node = above[start]
        while node != graph.sink:
            if node < graph.nodes:
                expected[case.network.nodes["node_id"].iloc[node]] += group["persons"]
            node = above[node]
    for name, people in expected.items():
        assert told.get(("node", name), 0) == people, name


@pytest.mark.parametrize("seed", range(8))
def test_bridges_and_cut_nodes_are_those_of_networkx(seed):
    network = random_crisis(seed).network
    rng = np.random.default_rng(seed)
    used = rng.random(len(network.edges)) < 0.8
    bridges, nodes = cut_elements(network, used)
    graph = nx.MultiGraph()
    size = len(network.edges)
    for row in np.flatnonzero(used):
        graph.add_edge(int(network.arcs.tail[:size][row]), int(network.arcs.head[:size][row]), row)
    parts = nx.number_connected_components(graph)
    for row in range(size):
        without = nx.MultiGraph(graph)
        if used[row]:
            ends = int(network.arcs.tail[:size][row]), int(network.arcs.head[:size][row])
            without.remove_edge(*ends, key=row)
        assert bridges[row] == (nx.number_connected_components(without) > parts)
    assert set(np.flatnonzero(nodes)) == set(nx.articulation_points(nx.Graph(graph)))


@pytest.mark.parametrize("seed", range(6))
def test_a_crossing_splits_if_all_its_edges_together_do(seed):
    network = random_crisis(seed).network
    second = network.edges[(network.edges["crossing_id"] == "b-c").to_numpy(bool)]
    edges = pd.concat([network.edges, second.assign(edge_id="b-c again")], ignore_index=True)
    network = network.replace_tables(edges=edges)
    edges, size = network.edges, len(edges)
    used = np.random.default_rng(seed).random(size) < 0.8
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(len(network.nodes)))
    ends = list(zip(network.arcs.tail[:size].tolist(), network.arcs.head[:size].tolist(),
                    strict=True))  # fmt: skip
    graph.add_edges_from(ends[row] for row in np.flatnonzero(used))
    parts = nx.number_connected_components(graph)
    mine = (edges["crossing_id"] == "b-c").to_numpy(bool) & used
    graph.remove_edges_from(ends[row] for row in np.flatnonzero(mine))
    at = np.flatnonzero((network.crossings["crossing_id"] == "b-c").to_numpy(bool))
    splits = _splitting_crossings(network, used, cut_elements(network, used)[0], at)
    assert splits[at].tolist() == [nx.number_connected_components(graph) > parts]


@pytest.mark.parametrize("limit", [0.0004, 0.25, 1.0, 12.5, 3_000_000.0])
def test_a_limit_under_one_person_a_day_is_not_no_way(limit):
    network = draw_network("A--b#c--B")
    table = network.crossings.assign(throughput_persons_per_day=limit)
    case = build_case(network.replace_tables(crossings=table), {"A": 100}, "B")
    (cut,) = find_region_cuts(case, "A")
    assert cut.persons_per_day == max(limit, 0.001)
    assert cut.limiting_ids


@pytest.mark.parametrize("seed", range(8))
def test_the_fewest_edges_that_cut_a_region_off_are_those_of_networkx(seed):
    case = random_crisis(seed, capacities=False, limited=False)
    place = str(case.groups.loc[case.groups["base"] == "movers", "place_id"].iloc[0])
    try:
        cuts = find_region_cuts(case, place)
    except InputError:  # where they may go is where they are
        return
    day = case.scenario.day(None)
    for cut in cuts:
        rows = case.groups[(case.groups["place_id"] == place).to_numpy(bool)]
        for who in travellers_of(rows):
            if f"{who.profile}, {who.kind}, {who.nationality}" != cut.traveller:
                continue
            to = set(case.destinations_on(day)["place_id"]) - {place}
            costs = conditions(case.network, case.scenario, day, who).dense()
            graph = safety_graph(case.network, costs, [place], sorted(to))
            flow = nx.DiGraph()
            for tail, head, arc in zip(graph.tail.tolist(), graph.head.tolist(),
                                       graph.arc.tolist(), strict=True):  # fmt: skip
                now = flow.get_edge_data(tail, head, {"capacity": 0})["capacity"]
                flow.add_edge(tail, head, capacity=now + (1 if arc >= 0 else 10**6))
            start = graph.nodes
            value = nx.maximum_flow_value(flow, start, graph.sink) if start in flow else 0
            assert cut.edges == (None if value >= 10**6 else value)
            assert len(cut.cut_ids) == (cut.edges or 0)


def test_a_chain_has_the_same_every_way_and_a_ring_has_none():
    chain = build_case(draw_network("A----B----C----D"), {"A": 100}, "D")
    found = find_chokepoints(chain)
    edges = found.table[found.table["thing"] == "edge"]
    assert (edges["every_way_persons"] == 100).all()
    assert len(found.every_way()) == len(found.table[found.table["every_way_persons"] == 100])
    ring = build_case(draw_network("A----B\n|    |\nC----D"), {"A": 100}, "D")
    edges = find_chokepoints(ring).table.query("thing == 'edge'")
    assert (edges["every_way_persons"] == 0).all()
    assert not edges["splits"].any()


def test_what_cannot_be_asked_is_said_in_words():
    with pytest.raises(InputError, match="base must be"):
        find_chokepoints(TOY, base="tourists")
    with pytest.raises(InputError, match="budgets must be"):
        find_chokepoints(TOY, budgets="none")
    with pytest.raises(InputError, match="nobody to ask about; people are at"):
        find_chokepoints(TOY, of="Southtown")
    with pytest.raises(UnknownIdError, match="no zone or place"):
        find_chokepoints(TOY, of="Atlantis")
