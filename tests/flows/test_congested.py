"""Congestion, queues and several ways on the network of a case."""

import collections

import numpy as np
import pandas as pd
import pytest

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
from mobility_geo.scenario import border_closure
from mobility_geo.testing import build_case, draw_network

NETWORK = draw_network("""
A---b#c---C
|         |
D---e#f---F
""", countries=dict.fromkeys("AbDe", "AAA") | dict.fromkeys("cCfF", "BBB"))  # fmt: skip


def limited(throughput):
    """Return the network with a throughput at crossing b-c."""
    crossings = NETWORK.crossings.copy()
    at = crossings["crossing_id"] == "b-c"
    crossings.loc[at, "throughput_persons_per_day"] = throughput
    return NETWORK.replace_tables(crossings=crossings)


def balance(case, flows):
    left = collections.defaultdict(float)
    edges = case.network.edges.set_index("edge_id")
    for row in flows.edges.itertuples():
        one, two = edges.loc[row.edge_id, ["from_node_id", "to_node_id"]]
        left[one] += row.backward_persons - row.forward_persons
        left[two] += row.forward_persons - row.backward_persons
    for row in flows.od.itertuples():
        if row.served_persons > 0:
            left[row.origin_id] += row.served_persons
            left[row.destination_id] -= row.served_persons
    return max((abs(value) for value in left.values()), default=0.0)


def least_time(case):
    return choose_destinations(case, rules=["least_time"])


def test_without_congestion_it_is_all_or_nothing():
    case = build_case(NETWORK, {"A": 100, "D": 7}, "C")
    od = least_time(case)
    one, two = assign_all_or_nothing(case, od), assign_equilibrium(case, od)
    columns = ["rule", "edge_id", "flow_persons", "forward_persons", "backward_persons"]
    pd.testing.assert_frame_equal(
        one.edges[columns], two.edges[columns], check_dtype=False, check_column_type=False
    )
    assert two.crossings["flow_persons"].tolist() == one.crossings["flow_persons"].tolist()
    assert two.od["served_persons"].sum() == one.served_persons["least_time"]


def test_toy_case_agrees_with_all_or_nothing_for_every_rule():
    case = load_toy()
    od = choose_destinations(case)
    one, two = assign_all_or_nothing(case, od), assign_equilibrium(case, od)
    for rule in od.rules():
        rows = two.od[two.od["rule"] == rule]
        assert rows["served_persons"].sum() == pytest.approx(one.served_persons[rule])
        assert rows["unserved_persons"].sum() == pytest.approx(one.unserved_persons[rule])
    merged = one.edges.merge(two.edges, on=["rule", "edge_id"], suffixes=("", "_real"))
    assert len(merged) == len(one.edges) == len(two.edges)
    assert merged["flow_persons_real"].to_numpy() == pytest.approx(merged["flow_persons"])


def test_a_full_crossing_lets_so_many_pass_and_the_rest_go_round():
    case = build_case(limited(60), {"A": 100}, "C")
    flows = assign_equilibrium(case, least_time(case), budget_min=1e5, gap=1e-9)
    assert flows.converged
    passed = flows.crossings.set_index("crossing_id")
    assert passed.loc["b-c", "flow_persons"] <= 60
    assert passed.loc["b-c", "flow_persons"] == pytest.approx(60, rel=1e-6)
    assert passed.loc["e-f", "flow_persons"] == pytest.approx(40, rel=1e-5)
    assert passed.loc["e-f", "queue_min"] == 0
    times = flows.ways["time_min"]
    assert times.max() == pytest.approx(times.min(), rel=1e-6)
    free = assign_equilibrium(case, least_time(case), crossing_capacity=False)
    waited = times.iloc[0] - free.od["time_min"].iloc[0]
    assert passed.loc["b-c", "queue_min"] == pytest.approx(waited, rel=1e-6)
    assert balance(case, flows) < 1e-6
    # over two days there is no queue
    calm = assign_equilibrium(case, least_time(case), budget_min=1e5, days=2)
    assert calm.crossings[["crossing_id", "flow_persons", "queue_min"]].to_numpy().tolist() == [
        ["b-c", 100.0, 0.0]
    ]


def test_a_queue_without_a_budget_is_refused():
    case = build_case(limited(60), {"A": 100}, "C")
    with pytest.raises(InputError, match="may have no end"):
        assign_equilibrium(case, least_time(case))


def test_who_cannot_arrive_within_the_budget_does_not_go():
    case = build_case(NETWORK, {"A": 100}, "C")
    free = assign_equilibrium(case, least_time(case)).od["time_min"].iloc[0]
    assert assign_equilibrium(case, least_time(case), budget_min=free).od[
        "served_persons"].tolist() == [100.0]  # fmt: skip
    late = assign_equilibrium(case, least_time(case), budget_min=0.99 * free)
    assert late.od["unserved_persons"].tolist() == [100.0]
    assert len(late.edges) == len(late.ways) == 0


def test_so_many_stay_that_the_queue_is_no_longer_than_the_budget():
    shut = border_closure(["e-f"])
    case = build_case(limited(60), {"A": 100}, "C", disruptions=[shut])
    free = assign_equilibrium(case, least_time(case), crossing_capacity=False)
    alone = free.od["time_min"].iloc[0]
    flows = assign_equilibrium(case, least_time(case), budget_min=alone + 90, gap=1e-9)
    assert flows.converged
    assert flows.served_persons["least_time"] == pytest.approx(60, rel=1e-6)
    assert flows.unserved_persons["least_time"] == pytest.approx(40, rel=1e-5)
    post = flows.crossings.set_index("crossing_id").loc["b-c"]
    assert post["flow_persons"] <= 60
    assert post["queue_min"] == pytest.approx(90, rel=1e-5)
    assert flows.od["time_min"].iloc[0] == pytest.approx(alone + 90, rel=1e-6)
    # with room for all, nobody waits and nobody stays
    wide = build_case(limited(101), {"A": 100}, "C", disruptions=[shut])
    calm = assign_equilibrium(wide, least_time(wide), budget_min=alone + 90)
    assert calm.served_persons == {"least_time": pytest.approx(100)}
    assert calm.crossings["queue_min"].tolist() == [0.0]


def test_delays_spread_people_until_ways_take_equally_long():
    case = build_case(NETWORK, {"A": 100}, "C")
    delays = pd.DataFrame({"edge_id": ["b-c", "A-b"], "b": [9.0, 1.0], "power": [1.0, 4.0],
                           "capacity_persons_per_day": [10.0, 50.0]})  # fmt: skip
    flows = assign_equilibrium(case, least_time(case), delays=delays, gap=1e-10)
    assert len(flows.ways) == 2
    assert flows.ways["time_min"].iloc[0] == pytest.approx(flows.ways["time_min"].iloc[1])
    assert balance(case, flows) < 1e-6
    with pytest.raises(InputError, match="no column b, power"):
        assign_equilibrium(case, least_time(case), delays=delays[["edge_id", DAILY]])
    with pytest.raises(UnknownIdError, match="'b-d'"):
        assign_equilibrium(case, least_time(case), delays=delays.assign(edge_id=["b-d", "A-b"]))
    with pytest.raises(InputError, match="one row"):
        assign_equilibrium(case, least_time(case), delays=delays.assign(edge_id="b-c"))


DAILY = "capacity_persons_per_day"


def test_classes_and_selected_edges_add_up():
    case = load_toy()
    case = case.with_scenario(case.scenario.without(ids=["front"]))
    od = choose_destinations(case)
    flows = assign_equilibrium(case, od)
    key = ["rule", "edge_id"]
    by_class = flows.classes.groupby(key)["flow_persons"].sum()
    total = flows.edges.set_index(key)["flow_persons"]
    assert by_class.to_dict() == pytest.approx(total.to_dict())
    assert len(flows.classes[["profile", "kind", "nationality"]].drop_duplicates()) > 1
    for edge, people in flows.edges.groupby("edge_id")["flow_persons"].sum().items():
        table = select_edge(flows, edge)
        assert table["flow_persons"].sum() == pytest.approx(people)
        assert (table["share"] <= 1 + 1e-9).all()
    both = select_edge(flows, flows.edges["edge_id"])
    assert both["share"].to_numpy() == pytest.approx(1.0)
    assert len(select_edge(flows, "no-such-edge")) == 0


def test_who_uses_a_crossing_is_told_by_its_id():
    case = load_toy()
    case = case.with_scenario(case.scenario.baseline())
    flows = assign_equilibrium(case, choose_destinations(case, rules=["least_time"]))
    at_border = flows.crossings.groupby("crossing_id")["flow_persons"].sum()
    assert at_border.sum() > 0
    for crossing, people in at_border.items():
        assert select_edge(flows, crossing)["flow_persons"].sum() == pytest.approx(people)


@pytest.mark.parametrize("ways", ["efficient", "dissimilar"])
def test_logit_spreads_by_the_difference_in_time(ways):
    case = build_case(NETWORK, {"A": 100}, "F")
    theta = 0.05
    flows = assign_logit(case, least_time(case), theta_per_h=theta, ways=ways)
    passed = flows.crossings.set_index("crossing_id")["flow_persons"]
    assert passed.sum() == pytest.approx(100)
    assert balance(case, flows) < 1e-9
    alone = build_case(NETWORK, {"A": 100}, "F")
    short = assign_equilibrium(alone, least_time(alone)).od["time_min"].iloc[0]
    table = assign_logit(case, least_time(case), theta_per_h=theta, ways="dissimilar").ways
    assert table["time_min"].min() == pytest.approx(short)
    more = table["time_min"].max() - short
    assert max(passed) / min(passed) == pytest.approx(np.exp(theta * more / 60))


def test_logit_with_delays_is_its_own_loading():
    case = build_case(NETWORK, {"A": 100}, "F")
    delays = pd.DataFrame({"edge_id": ["b-c"], "b": [5.0], "power": [1.0], DAILY: [50.0]})
    calm = assign_logit(case, least_time(case), theta_per_h=0.05)
    slow = assign_logit(case, least_time(case), theta_per_h=0.05, delays=delays, gap=1e-9)
    assert slow.converged
    one, two = (flows.crossings.set_index("crossing_id")["flow_persons"] for flows in (calm, slow))
    assert two["b-c"] < one["b-c"]
    assert two.sum() == pytest.approx(100)
    with pytest.raises(InputError, match="do not tell ways apart"):
        select_edge(slow, "b-c")


def test_wrong_arguments_are_refused():
    case = build_case(NETWORK, {"A": 100}, "C")
    od = least_time(case)
    with pytest.raises(InputError, match="days must be > 0"):
        assign_equilibrium(case, od, days=0)
    with pytest.raises(InputError, match="2 problems found"):
        assign_logit(case, od, theta_per_h=-1, ways="some")
    row = {"rule": "given", "group_id": "X", "origin_id": "A", "destination_id": "C",
           "flow_persons": 1, "unserved_persons": 0}  # fmt: skip
    with pytest.raises(UnknownIdError, match="'X'"):
        assign_equilibrium(case, ODMatrix(table=pd.DataFrame([row])))


def test_nobody_makes_no_flow():
    case = build_case(NETWORK, [], "C")
    flows = assign_equilibrium(case, choose_destinations(case))
    assert len(flows.edges) == len(flows.ways) == len(flows.od) == 0
