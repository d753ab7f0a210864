"""Logit over ways that share little: against all simple ways, listed by networkx."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mobility_geo.flows import ODMatrix, assign_equilibrium, assign_logit
from mobility_geo.routing import find_ways
from mobility_geo.scenario import Closure, Disruption, Selection, TravellerClass, conditions
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.strategies import networks
from mobility_geo.units import QUANTUM

WHO = TravellerClass(profile="truck", nationality="AAA", kind="refugee")
LADDER = draw_network("""
A---b---c---D
|   |   |   |
e---f---g---h
""")


def given_od(case, one, two, persons=100):
    row = {"rule": "given", "group_id": case.groups["group_id"].iloc[0], "origin_id": one,
           "destination_id": two, "flow_persons": persons, "unserved_persons": 0}  # fmt: skip
    return ODMatrix(table=pd.DataFrame([row]))


def closed_case(network, one, two, closed=()):
    shut = [Disruption(disruption_id="shut", kind="road", effects=(Closure(),),
                       what=Selection(edge_ids=tuple(closed)))] if closed else []  # fmt: skip
    people = [{"place_id": one, "persons": 100, "profile": "truck", "nationality": "AAA",
               "kind": "refugee"}]  # fmt: skip
    return build_case(network, people, [two], disruptions=shut)


def rule_by_listing(case, start, end, count, share):
    """Return (minutes, edge ids) of the ways that the documented rule takes.

    Of all simple ways those are candidates that are the quickest over one of their arcs; the
    cheapest first, each is taken if it shares at most so much of the shorter with every one taken.
    """
    network, arcs = case.network, case.network.arcs
    costs = conditions(network, case.scenario, case.scenario.when, WHO).dense()
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(network.nodes)))
    for arc in np.flatnonzero(costs.open).tolist():
        graph.add_edge(int(arcs.tail[arc]), int(arcs.head[arc]), key=arc,
                       cost=int(costs.time_min[arc]))  # fmt: skip
    ahead = nx.single_source_dijkstra_path_length(graph, start, weight="cost")
    behind = nx.single_source_dijkstra_path_length(graph.reverse(), end, weight="cost")
    candidates = []
    for path in nx.all_simple_edge_paths(graph, start, end):
        cost = sum(graph.edges[step]["cost"] for step in path)
        over = (
            ahead[one] + graph.edges[one, two, arc]["cost"] + behind[two] for one, two, arc in path
        )
        if cost in over:
            candidates.append((cost, [arc for _, _, arc in path]))
    length = network.edges["length_m"].round().to_numpy()
    taken = []
    for cost, way in sorted(candidates):
        mine = {int(arcs.edge[arc]) for arc in way}
        fits = True
        for _, other in taken:
            theirs = {int(arcs.edge[arc]) for arc in other}
            shorter = min(length[list(mine)].sum(), length[list(theirs)].sum())
            fits &= length[list(mine & theirs)].sum() <= share * shorter
        if fits:
            taken.append((cost, way))
    names = network.edges["edge_id"].to_numpy()
    return [(cost * QUANTUM["time_min"], tuple(names[arcs.edge[way]]))
            for cost, way in taken[: count + 1]]  # fmt: skip


@given(
    networks(nodes=6, edges=14, attached=True), st.integers(0, 2**31), st.data(),
    st.sampled_from([0.0, 0.3, 0.5, 0.9]), st.integers(0, 4), st.sampled_from([0.05, 1.0, 20.0]),
)  # fmt: skip
@settings(max_examples=10)
def test_flows_are_the_logit_over_the_ways_of_the_rule(network, seed, data, share, count, theta):
    # lengths that are told apart by the metre, and their sums nearly always
    length = np.random.default_rng(seed).integers(10_000, 1_000_000, len(network.edges))
    network = network.replace_tables(edges=network.edges.assign(length_m=length.astype(float)))
    places = list(network.places["place_id"])
    one, two = data.draw(st.permutations(places))[:2] if len(places) > 1 else places * 2
    closed = data.draw(st.lists(st.sampled_from(list(network.edges["edge_id"])), max_size=2))
    case = closed_case(network, one, two, closed)
    ends = find_ways(network, case.scenario, [one], [two], traveller=WHO)
    assume(len(ends.origins.node) == len(ends.destinations.node) == 1)
    assume(ends.origins.time_min[0] == ends.destinations.time_min[0] == 0)
    start, end = int(ends.origins.node[0]), int(ends.destinations.node[0])
    assume(start != end)
    flows = assign_logit(
        case, given_od(case, one, two), theta_per_h=theta, ways="dissimilar", count=count,
        overlap=share,
    )  # fmt: skip
    expected = rule_by_listing(case, start, end, count, share)
    if not expected:
        assert flows.unserved_persons == {"given": 100}
        assert len(flows.edges) == len(flows.ways) == 0
        return
    minutes = np.array([cost for cost, _ in expected])
    weight = np.exp(-theta / 60 * (minutes - minutes.min()))
    persons = 100 * weight / weight.sum()
    found = flows.ways.sort_values("time_min")
    assert found["edge_ids"].tolist() == ["|".join(names) for _, names in expected]
    assert found["time_min"].to_numpy() == pytest.approx(minutes)
    assert found["persons"].to_numpy() == pytest.approx(persons)
    load = {}
    for people, (_, names) in zip(persons, expected, strict=True):
        for name in names:
            load[name] = load.get(name, 0.0) + people
    used = {name: people for name, people in load.items() if people > 0}
    assert flows.edges.set_index("edge_id")["flow_persons"].to_dict() == pytest.approx(used)
    assert not set(closed) & set(used)


def with_parallel(network, edge_id, longer=0.0):
    """Return a network with a second edge between the ends of one, so much longer."""
    edges = network.edges
    twin = edges[edges["edge_id"] == edge_id].assign(edge_id=f"{edge_id}-twin")
    twin["length_m"] *= 1 + longer
    return network.replace_tables(edges=pd.concat([edges, twin], ignore_index=True))


def test_parallel_edges_stay_apart_and_equals_get_equal_shares():
    network = with_parallel(draw_network("A---B"), "A-B")
    case = closed_case(network, "A", "B")
    od = given_od(case, "A", "B")
    flows = assign_logit(case, od, theta_per_h=3.0, ways="dissimilar")
    assert flows.edges.set_index("edge_id")["flow_persons"].to_dict() == {
        "A-B": 50.0, "A-B-twin": 50.0,
    }  # fmt: skip
    spread = assign_logit(case, od, theta_per_h=3.0)
    assert spread.edges["flow_persons"].tolist() == pytest.approx([50.0, 50.0])
    # the longer one gets less, by its own id, and nobody when the shorter one is all there is
    case = closed_case(with_parallel(draw_network("A---B"), "A-B", 0.5), "A", "B")
    flows = assign_logit(case, od, theta_per_h=3.0, ways="dissimilar")
    one, two = flows.edges.set_index("edge_id").loc[["A-B", "A-B-twin"], "flow_persons"]
    more = flows.ways["time_min"].max() - flows.ways["time_min"].min()
    assert one / two == pytest.approx(np.exp(3.0 * more / 60))
    shut = closed_case(case.network, "A", "B", ["A-B"])
    flows = assign_logit(shut, od, theta_per_h=3.0, ways="dissimilar")
    assert flows.edges["edge_id"].tolist() == ["A-B-twin"]


def test_equilibrium_shares_parallel_edges_by_their_own_delays():
    case = closed_case(with_parallel(draw_network("A---B"), "A-B"), "A", "B")
    delays = pd.DataFrame({"edge_id": ["A-B", "A-B-twin"], "b": 1.0, "power": 1.0,
                           "capacity_persons_per_day": [30.0, 10.0]})  # fmt: skip
    flows = assign_equilibrium(case, given_od(case, "A", "B"), delays=delays, gap=1e-10)
    assert flows.edges.set_index("edge_id")["flow_persons"].to_dict() == pytest.approx(
        {"A-B": 75.0, "A-B-twin": 25.0}
    )


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8])
def test_ways_that_take_equally_long_have_equal_shares(share):
    case = closed_case(LADDER, "A", "D")
    od = given_od(case, "A", "D")
    flows = assign_logit(case, od, theta_per_h=1.0, ways="dissimilar", overlap=share)
    again = assign_logit(case, od, theta_per_h=1.0, ways="dissimilar", overlap=share)
    pd.testing.assert_frame_equal(flows.ways, again.ways)
    for _, rows in flows.ways.groupby(flows.ways["time_min"].round(6)):
        assert rows["persons"].to_numpy() == pytest.approx(rows["persons"].iloc[0])
    length = LADDER.edges.set_index("edge_id")["length_m"]
    sets = [set(one.split("|")) for one in flows.ways["edge_ids"]]
    for one in sets:
        for two in sets:
            if one is not two:
                shorter = min(length[list(one)].sum(), length[list(two)].sum())
                assert length[list(one & two)].sum() <= share * shorter + 1
