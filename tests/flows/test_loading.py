"""People over the network: conserved at every node, edge and crossing."""

import collections

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_toy
from mobility_geo.errors import UnknownIdError
from mobility_geo.flows import ODMatrix, assign_all_or_nothing, choose_destinations
from mobility_geo.scenario import Closure, Disruption, Selection, border_closure
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.strategies import cases

NETWORK = draw_network("""
A---b#c---C
|   |     |
D===e     F
|         }
G---------h
""", countries=dict.fromkeys("AbDeG", "AAA") | dict.fromkeys("cCFh", "BBB"))  # fmt: skip


def balance(case, od, flows, rule):
    """Return, by node: in + starts - out - ends; every place stands at its node here."""
    left = collections.Counter()
    edges = case.network.edges.set_index("edge_id")
    for row in flows.edges[flows.edges["rule"] == rule].itertuples():
        one, two = edges.loc[row.edge_id, ["from_node_id", "to_node_id"]]
        left[one] += row.backward_persons - row.forward_persons
        left[two] += row.forward_persons - row.backward_persons
    for row in od.table[(od.table["rule"] == rule) & (od.table["flow_persons"] > 0)].itertuples():
        left[row.origin_id] += row.flow_persons
        left[row.destination_id] -= row.flow_persons
    return {node: number for node, number in left.items() if number}


@given(data=st.data())
@settings(max_examples=20, phases=(Phase.explicit, Phase.generate))
def test_what_comes_in_and_starts_goes_out_or_ends(data):
    case = data.draw(cases(NETWORK, opening=True))
    od = choose_destinations(case)
    flows = assign_all_or_nothing(case, od)
    for rule in od.rules():
        assert balance(case, od, flows, rule) == {}
        assert flows.served_persons[rule] + flows.unserved_persons[rule] == od.persons(rule)
        rows = od.table[od.table["rule"] == rule]
        assert flows.served_persons[rule] == rows["flow_persons"].sum()
    table = flows.edges
    assert (table["flow_persons"] == table["forward_persons"] + table["backward_persons"]).all()
    assert (table["flow_persons"] > 0).all()
    for (rule, crossing), rows in flows.crossings.groupby(["rule", "crossing_id"]):
        edge = table[(table["rule"] == rule) & (table["edge_id"] == crossing)]
        into = rows.set_index("into_country")["flow_persons"].to_dict()
        assert into.get("BBB", 0) == edge["forward_persons"].sum()
        assert into.get("AAA", 0) == edge["backward_persons"].sum()


def test_loads_by_hand():
    case = build_case(NETWORK, {"A": 100, "D": 10, "C": 1}, "CG")
    od = choose_destinations(case, rules=["least_time"])
    flows = assign_all_or_nothing(case, od)
    found = flows.edges.set_index("edge_id")[["forward_persons", "backward_persons"]]
    assert found.to_dict("index") == {
        "A-D": {"forward_persons": 100, "backward_persons": 0},
        "D-G": {"forward_persons": 110, "backward_persons": 0},
    }
    assert len(flows.crossings) == 0
    assert flows.served_persons == {"least_time": 111}


def test_crossings_are_counted_by_the_country_that_is_entered():
    case = build_case(NETWORK, {"A": 100}, "C")
    flows = assign_all_or_nothing(case, choose_destinations(case, rules=["least_time"]))
    assert flows.crossings[["crossing_id", "crossing_name", "into_country", "flow_persons"]
                           ].to_numpy().tolist() == [["b-c", "Post b-c", "BBB", 100]]  # fmt: skip


def given_od(case, flow, **changes):
    row = {"rule": "given", "group_id": case.groups["group_id"].iloc[0], "origin_id": "A",
           "destination_id": "C", "flow_persons": flow, "unserved_persons": 0,
           **changes}  # fmt: skip
    return ODMatrix(table=pd.DataFrame([row]))


def test_a_flow_whose_destination_is_cut_off_is_unserved():
    case = build_case(NETWORK, {"A": 100}, "C", disruptions=[border_closure(["b-c"])])
    flows = assign_all_or_nothing(case, given_od(case, 40))
    assert (flows.served_persons, flows.unserved_persons) == ({"given": 0}, {"given": 40})
    assert len(flows.edges) == len(flows.crossings) == 0


def test_everybody_of_a_flow_takes_the_same_least_time_way():
    case = build_case(NETWORK, {"A": 100}, "C")
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),),
                      what=Selection(edge_ids=("A-b",)))  # fmt: skip
    laid = build_case(NETWORK, {"A": 100}, "C", disruptions=[shut]).scenario
    one = assign_all_or_nothing(case, given_od(case, 40)).edges
    two = assign_all_or_nothing(case, given_od(case, 40), laid).edges
    assert set(one["edge_id"]) == {"A-b", "b-c", "c-C"}
    assert set(two["edge_id"]) == {"A-D", "D-e", "b-e", "b-c", "c-C"}
    assert set(one["flow_persons"]) == set(two["flow_persons"]) == {40}


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"group_id": "A-2"}, "did you mean 'A-1'"), ({"origin_id": "AA"}, "'AA'"),
     ({"destination_id": "Z"}, "'Z'")],
)  # fmt: skip
def test_flows_of_unknown_groups_and_places_are_refused(changes, words):
    case = build_case(NETWORK, {"A": 100}, "C")
    with pytest.raises(UnknownIdError, match=words):
        assign_all_or_nothing(case, given_od(case, 1, **changes))


def test_nobody_makes_no_flow():
    case = build_case(NETWORK, [], "C")
    od = choose_destinations(case)
    flows = assign_all_or_nothing(case, od)
    assert len(od.table) == len(flows.edges) == len(flows.crossings) == 0


def test_people_at_their_destination_load_no_edge():
    case = build_case(NETWORK, {"A": 7}, "A")
    flows = assign_all_or_nothing(case, choose_destinations(case))
    assert flows.served_persons == {"least_time": 7, "logit": 7}
    assert len(flows.edges) == 0


def test_the_toy_loads_by_hand():
    case = load_toy()
    flows = assign_all_or_nothing(case, choose_destinations(case, rules=["least_time"]))
    found = flows.edges.set_index("edge_id")["flow_persons"].to_dict()
    assert found == dict.fromkeys(["board-river", "boat-upper", "boat-lower", "land-south"], 300)
