"""Who finds a place where places are few: against networkx and by trying everything."""

import dataclasses
import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.flows import place_people
from mobility_geo.outcomes import find_stranded
from mobility_geo.routing import find_group_ways
from mobility_geo.scenario import Closure, Disruption, Selection
from mobility_geo.testing import build_case, draw_network

TEMPLATE = find_group_ways(build_case(draw_network("A---B"), {"A": 1}, "B"))


def ways(persons, minutes):
    """Return ways of made-up groups to made-up places; `inf`: out of reach."""
    time = np.asarray(minutes, dtype=float)
    fine = np.ones(time.shape, dtype=bool)
    return dataclasses.replace(
        TEMPLATE, groups=pd.DataFrame({"persons": persons, "group_id": [
            f"g{i:02d}" for i in range(len(persons))]}),
        destination_ids=tuple(f"p{j:02d}" for j in range(time.shape[1])), allowed=fine,
        time_min=time, length_m=time, cost_xof=time, risk=time, in_risk=fine, in_time=fine,
        in_money=fine,
    )  # fmt: skip


def places(capacity):
    return pd.DataFrame(
        {"place_id": [f"p{j:02d}" for j in range(len(capacity))],
         "capacity_persons": np.array(capacity, dtype=float)}
    )  # fmt: skip


def oracle(persons, minutes, capacity):
    """Most people placed, then least time: a maximum flow of minimum cost."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["s", "t"])
    for i, number in enumerate(persons):
        graph.add_edge("s", ("g", i), capacity=int(number), weight=0)
        for j, time in enumerate(minutes[i]):
            if np.isfinite(time):
                graph.add_edge(("g", i), ("p", j), capacity=int(number), weight=int(time))
    for j, free in enumerate(capacity):
        graph.add_edge(("p", j), "t", capacity=int(sum(persons) if np.isnan(free) else free),
                       weight=0)  # fmt: skip
    flow = nx.max_flow_min_cost(graph, "s", "t")
    return sum(flow["s"].values()), nx.cost_of_flow(graph, flow)


@st.composite
def problems(draw, groups=5, most=9):
    rows, columns = draw(st.integers(1, groups)), draw(st.integers(1, 4))
    persons = draw(st.lists(st.integers(0, most), min_size=rows, max_size=rows))
    cell = st.sampled_from([np.inf, 0.0, 1.0, 5.0, 60.0, 6000.0])
    minutes = [draw(st.lists(cell, min_size=columns, max_size=columns)) for _ in range(rows)]
    free = st.sampled_from([np.nan]) | st.integers(0, most).map(float)
    return persons, minutes, draw(st.lists(free, min_size=columns, max_size=columns))


def check_feasible(placed, persons, minutes, capacity):
    assert (placed >= 0).all()
    assert (placed.sum(axis=1) <= persons).all()
    assert not placed[~np.isfinite(np.asarray(minutes))].any()
    limit = np.where(np.isnan(capacity), np.inf, capacity)
    assert (placed.sum(axis=0) <= limit).all()


@given(problem=problems())
@settings(max_examples=120)
def test_as_many_as_possible_and_then_in_the_least_time(problem):
    persons, minutes, capacity = problem
    placed = place_people(ways(persons, minutes), places(capacity))
    check_feasible(placed, persons, minutes, capacity)
    number, cost = oracle(persons, minutes, capacity)
    assert placed.sum() == number
    assert np.where(placed > 0, minutes, 0).astype(float).ravel() @ placed.ravel() == cost


@given(problem=problems(groups=3, most=2))
@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
def test_the_oracle_itself_against_trying_everything(problem):
    persons, minutes, capacity = problem
    time = np.asarray(minutes, dtype=float)
    ends = [[j for j in range(time.shape[1]) if np.isfinite(time[i, j])] + [None]
            for i, number in enumerate(persons) for _ in range(number)]  # fmt: skip
    who = [i for i, number in enumerate(persons) for _ in range(number)]
    best = (1, 0.0)
    for chosen in itertools.product(*ends):
        used = np.bincount([j for j in chosen if j is not None], minlength=time.shape[1])
        if (used > np.where(np.isnan(capacity), np.inf, capacity)).any():
            continue
        cost = sum(time[i, j] for i, j in zip(who, chosen, strict=True) if j is not None)
        best = min(best, (-int(used.sum()), float(cost)))
    number, cost = oracle(persons, minutes, capacity)
    assert (number, cost) == (-best[0], best[1]) or not ends


@pytest.mark.parametrize("size", [3, 6, 12, 24])
def test_nobody_is_left_out_for_the_sake_of_time(size):
    """A chain: placing everybody takes much longer than leaving out the first of them."""
    minutes = np.full((size, size), np.inf)
    for i in range(size):
        minutes[i, i] = 10_000.0
        if i:
            minutes[i, i - 1] = 0.0
    placed = place_people(ways([1] * size, minutes), places([1.0] * size))
    assert placed.sum() == size


def test_everybody_goes_to_the_nearest_where_nothing_is_limited():
    placed = place_people(ways([5, 7], [[3, 2], [np.inf, np.inf]]), places([np.nan, np.nan]))
    assert placed.tolist() == [[0, 5], [0, 0]]


def test_half_a_place_is_no_place():
    placed = place_people(ways([5], [[1.0]]), places([2.9]))
    assert placed.tolist() == [[2]]


def test_the_smallest_capacity_of_a_place_counts():
    table = pd.concat([places([4.0]), places([2.0])])
    assert place_people(ways([5], [[1.0]]), table).tolist() == [[2]]


@given(problem=problems(groups=4), data=st.data())
@settings(max_examples=60)
def test_who_had_a_place_keeps_it_if_as_many_can_be_placed(problem, data):
    persons, minutes, capacity = problem
    keep = np.array([data.draw(st.integers(0, n)) for n in persons], dtype=np.int64)
    placed = place_people(ways(persons, minutes), places(capacity), keep=keep)
    check_feasible(placed, persons, minutes, capacity)
    assert placed.sum() == oracle(persons, minutes, capacity)[0]
    held = np.minimum(placed.sum(axis=1), keep).sum()
    kept_alone = oracle(keep.tolist(), minutes, capacity)[0]
    assert held == kept_alone  # a matching of those to keep always grows into a largest one


@given(problem=problems(), data=st.data())
@settings(max_examples=40)
def test_the_order_of_groups_does_not_matter(problem, data):
    persons, minutes, capacity = problem
    order = list(data.draw(st.permutations(range(len(persons)))))
    one = place_people(ways(persons, minutes), places(capacity))
    asked = ways(persons, minutes)
    turned = dataclasses.replace(
        asked, groups=asked.groups.iloc[order].reset_index(drop=True),
        **{name: getattr(asked, name)[order] for name in
           ("allowed", "time_min", "in_risk", "in_time", "in_money")},
    )  # fmt: skip
    assert place_people(turned, places(capacity)).tolist() == one[order].tolist()


def test_nobody_and_nowhere():
    assert place_people(ways([0], [[1.0]]), places([5.0])).tolist() == [[0]]
    assert place_people(ways([3], [[1.0]]), places([0.0])).tolist() == [[0]]
    assert place_people(ways([3], np.empty((1, 0))), places([])).shape == (1, 0)


def test_places_that_others_can_no_longer_reach_are_free():
    """C is cut off; of the 60 places at B, its share goes to A."""
    network = draw_network("A---B---C")
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),),
                      what=Selection(edge_ids=("B-C",)))  # fmt: skip
    to = [{"place_id": "B", "capacity_persons": 60}]
    case = build_case(network, {"A": 50, "C": 50}, to, disruptions=[shut])
    found = find_stranded(case).set_index(["place_id", "status"])["persons"].to_dict()
    assert found["A", "can_reach"] == 50
    before = find_stranded(case.baseline()).groupby("status")["persons"].sum().to_dict()
    assert before == {"can_reach": 60, "isolated": 40}
    assert sum(number for (place, _), number in found.items() if place == "C") == 50
    assert ("C", "can_reach") not in found


@pytest.mark.parametrize("base", ["movers", "residents"])
def test_a_closure_takes_nobodys_place_elsewhere(base):
    """Ties are kept: whoever had a place in the baseline has it under a closure far away."""
    network = draw_network("A---B---C\n|\n|\nD---E")
    people = [{"place_id": name, "persons": 40, "base": base} for name in "ACD"]
    to = [{"place_id": "B", "capacity_persons": 60}]
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),),
                      what=Selection(edge_ids=("D-E",)))  # fmt: skip
    case = build_case(network, people, to, disruptions=[shut])
    found = find_stranded(case)
    assert not set(found["status"]) & {"stranded", "cut_off"}
    assert found.loc[found["status"] == "can_reach", "persons"].sum() == 60
