"""People over the network: conserved at every node, edge and crossing."""

import collections
import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.flows import (
    ODMatrix,
    assign_all_or_nothing,
    assign_equilibrium,
    assign_logit,
    choose_destinations,
    select_edge,
)
from mobility_geo.scenario import (
    Closure,
    Disruption,
    Selection,
    Throughput,
    Who,
    border_closure,
)
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


PEOPLE = ["flow_persons", "forward_persons", "backward_persons"]


def check_parts(flows):
    """Check that classes, groups and ways make up the flow of each edge."""
    key = ["rule", "edge_id"]
    total = flows.edges.set_index(key)[PEOPLE].sort_index()
    for columns in ((), ("nationality",), ("profile", "kind"), ("group_id",)):
        if "group_id" in columns and flows.classes["group_id"].isna().any():
            continue
        table = flows.by_class(*columns)
        assert not table.duplicated(["rule", *(columns or WHO), "edge_id"]).any()
        summed = table.groupby(key)[PEOPLE].sum().sort_index()
        assert summed.index.tolist() == total.index.tolist()
        assert summed.to_numpy() == pytest.approx(total.to_numpy(), abs=1e-9)
    if len(flows.ways):
        parts = flows.ways.assign(edge_id=flows.ways["edge_ids"].str.split("|")).explode("edge_id")
        summed = parts[parts["edge_id"] != ""].groupby(key)["persons"].sum()
        assert summed.to_dict() == pytest.approx(total["flow_persons"].to_dict())


WHO = ["profile", "kind", "nationality", "exposure_class"]


@given(data=st.data())
@settings(max_examples=4, phases=(Phase.explicit, Phase.generate))
def test_classes_groups_and_ways_make_up_the_flow_of_each_edge(data):
    case = data.draw(cases(NETWORK, opening=True))
    od = choose_destinations(case)
    for flows in (
        assign_all_or_nothing(case, od),
        assign_equilibrium(case, od, crossing_capacity=False),
        assign_logit(case, od, theta_per_h=0.5),
        assign_logit(case, od, theta_per_h=0.5, ways="dissimilar"),
    ):
        check_parts(flows)
        assert flows.served_persons == pytest.approx(
            od.table.groupby("rule")["flow_persons"].sum().to_dict()
        )


def test_flows_tell_who_is_on_an_edge_and_from_where_to_where():
    people = [
        {"place_id": "A", "persons": 70, "nationality": "AAA"},
        {"place_id": "A", "persons": 20, "nationality": "BBB"},
        {"place_id": "D", "persons": 5, "nationality": "BBB", "profile": "foot"},
    ]
    case = build_case(NETWORK, people, "C")
    flows = assign_all_or_nothing(case, choose_destinations(case, rules=["least_time"]))
    check_parts(flows)
    at_post = flows.by_class("nationality").set_index(["edge_id", "nationality"])["flow_persons"]
    assert at_post["b-c"].to_dict() == {"AAA": 70, "BBB": 25}
    assert flows.by_class("group_id")["flow_persons"].dtype == np.int64
    using = select_edge(flows, "b-c")
    assert using[["origin_id", "destination_id", "flow_persons", "share"]].to_numpy().tolist() == [
        ["A", "C", 70, 1.0], ["A", "C", 20, 1.0], ["D", "C", 5, 1.0],
    ]  # fmt: skip
    with pytest.raises(InputError, match="not 'nationalty'; did you mean 'nationality'"):
        flows.by_class("nationalty")
    spread = assign_logit(case, choose_destinations(case, rules=["least_time"]), theta_per_h=1.0)
    with pytest.raises(InputError, match="do not tell groups apart"):
        spread.by_class("group_id")


def limited(people, throughput):
    """Return a case with a throughput at the only crossing of the north."""
    crossings = NETWORK.crossings.copy()
    at = crossings["crossing_id"] == "b-c"
    crossings.loc[at, "throughput_persons_per_day"] = throughput
    network = NETWORK.replace_tables(crossings=crossings)
    return build_case(network, people, "C")


def test_a_method_without_queues_names_the_crossings_that_would_be_too_full():
    case = limited({"A": 100}, 60)
    od = choose_destinations(case, rules=["least_time"])
    for flows in (
        assign_all_or_nothing(case, od),
        assign_equilibrium(case, od, crossing_capacity=False),
        assign_logit(case, od, theta_per_h=50.0),
        assign_logit(case, od, theta_per_h=50.0, ways="dissimilar"),
    ):
        over = flows.over_throughput
        assert over[["rule", "crossing_id", "crossing_name", "into_country"]].to_numpy(
            ).tolist() == [["least_time", "b-c", "Post b-c", "BBB"]]  # fmt: skip
        assert over["flow_persons_per_day"].item() == pytest.approx(100)
        assert over["throughput_persons_per_day"].item() == 60
        (said,) = flows.warnings()
        assert "Post b-c into BBB: 100 people a day, 40 more than its throughput of 60" in said
        assert "take equilibrium, or spread the flows over more days" in said
    assert assign_all_or_nothing(case, od, days=2).warnings() == ()
    held = assign_equilibrium(case, od, budget_min=1e5)
    assert len(held.over_throughput) == 0
    assert held.warnings() == ()
    with pytest.raises(InputError, match="days must be > 0"):
        assign_all_or_nothing(case, od, days=0)


def test_a_throughput_for_some_is_held_against_them_alone():
    people = [{"place_id": "A", "persons": 80, "nationality": one} for one in ("AAA", "BBB")]
    case = limited(people, 200)
    slow = Disruption(
        disruption_id="slow", kind="border", effects=(Throughput(value=50),),
        what=Selection(edge_ids=("b-c",)), who=Who(nationalities=("BBB",)),
    )  # fmt: skip
    laid = dataclasses.replace(case.scenario, disruptions=(slow,))
    od = choose_destinations(case, rules=["least_time"])
    (over,) = assign_all_or_nothing(case, od, laid).over_throughput.to_dict("records")
    assert (over["flow_persons_per_day"], over["throughput_persons_per_day"]) == (80, 50)
    free = assign_equilibrium(case, od, laid, crossing_capacity=False).over_throughput
    assert free["flow_persons_per_day"].tolist() == pytest.approx([80])
    with pytest.raises(InputError, match="have a throughput for some people"):
        assign_equilibrium(case, od, laid, budget_min=1e5)


def test_a_scenario_may_lower_the_throughput():
    case = limited({"A": 100}, 200)
    slow = Disruption(
        disruption_id="slow", kind="border", effects=(Throughput(value=50),),
        what=Selection(edge_ids=("b-c",)),
    )  # fmt: skip
    laid = dataclasses.replace(case.scenario, disruptions=(slow,))
    od = choose_destinations(case, rules=["least_time"])
    assert assign_all_or_nothing(case, od).warnings() == ()
    over = assign_all_or_nothing(case, od, laid).over_throughput
    assert over["throughput_persons_per_day"].tolist() == [50.0]


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
    assert len(flows.ways) == len(flows.by_class("group_id")) == len(flows.warnings()) == 0


def test_people_at_their_destination_load_no_edge():
    case = build_case(NETWORK, {"A": 7}, "A")
    flows = assign_all_or_nothing(case, choose_destinations(case))
    assert flows.served_persons == {"least_time": 7, "logit": 7}
    assert len(flows.edges) == 0
    assert flows.ways[["persons", "time_min", "edge_ids"]].to_numpy().tolist() == [[7, 0, ""]] * 2
    # tables without rows can still be joined with others
    for table, key in ((flows.edges, "edge_id"), (flows.crossings, "crossing_id"),
                       (flows.classes, "group_id")):  # fmt: skip
        assert len(table.merge(table, on=["rule", key], how="outer")) == 0


def test_the_toy_loads_by_hand():
    case = load_toy()
    flows = assign_all_or_nothing(case, choose_destinations(case, rules=["least_time"]))
    found = flows.edges.set_index("edge_id")["flow_persons"].to_dict()
    assert found == dict.fromkeys(["board-river", "boat-upper", "boat-lower", "land-south"], 300)
