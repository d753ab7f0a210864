"""Whole people: rounding that adds up, and where they choose to go."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_toy
from mobility_geo.errors import ConservationError, InputError, SchemaError, UnknownIdError
from mobility_geo.flows import ODMatrix, choose_destinations, given_flows, round_to_total
from mobility_geo.outcomes import find_stranded
from mobility_geo.scenario import Closure, Disruption, Selection, TravellerClass
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.strategies import cases

WEIGHTS = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=12)


@given(weights=WEIGHTS.filter(lambda values: sum(values) > 0), total=st.integers(0, 10**7))
def test_rounding_adds_up_and_stays_within_one_of_the_exact_share(weights, total):
    whole = round_to_total(weights, total)
    assert whole.dtype == np.int64
    assert whole.sum() == total
    assert (whole >= 0).all()
    exact = np.array(weights) / np.sum(weights) * total
    assert (np.abs(whole - exact) < 1 + 1e-6 * total).all()
    assert not whole[np.array(weights) == 0].any() or total > 10**6


@given(weights=st.lists(st.integers(0, 1000), min_size=1, max_size=9), times=st.integers(1, 50))
def test_whole_shares_stay_what_they_are(weights, times):
    total = sum(weights)
    if total:
        assert round_to_total(weights, total).tolist() == weights
        assert round_to_total([w * times for w in weights], total).tolist() == weights


@given(weights=WEIGHTS.filter(lambda values: sum(values) > 0), total=st.integers(0, 1000))
def test_larger_weights_get_no_fewer_people(weights, total):
    whole = round_to_total(weights, total)
    order = np.argsort(weights, kind="stable")
    ranked = whole[order]
    distinct = np.diff(np.array(weights)[order]) > 0
    assert (np.diff(ranked)[distinct] >= 0).all()


def test_the_first_of_equal_remainders_gets_the_person():
    assert round_to_total([1, 1, 1], 2).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("weights", "total"),
    [([-1.0, 2.0], 5), ([np.nan], 5), ([np.inf], 5), ([0.0, 0.0], 5), ([], 5), ([1.0], -1)],
)
def test_shares_that_cannot_be_are_refused(weights, total):
    with pytest.raises(InputError):
        round_to_total(weights, total)


def test_nobody_can_be_shared_out_over_nothing():
    assert round_to_total([0.0, 0.0], 0).tolist() == [0, 0]
    assert round_to_total([], 0).tolist() == []


STAR = draw_network("""
B---A------C
    |
    +-------D
""")
"""40 min to B, 70 min to C, 90 min to D."""


def chosen(case, rule):
    table = choose_destinations(case, rules=[rule]).table
    return table.set_index("destination_id")["flow_persons"].dropna().to_dict()


def test_by_least_time_everybody_goes_to_the_nearest():
    case = build_case(STAR, {"A": 100}, "BCD")
    assert chosen(case, "least_time") == {"B": 100}


def test_by_logit_the_odds_fall_with_the_hours():
    scale = 2.0
    case = dataclasses.replace(build_case(STAR, {"A": 100_000}, "BCD"), logit_scale_per_h=scale)
    found = chosen(case, "logit")
    weights = {name: math.exp(-scale * m / 60) for name, m in (("B", 40), ("C", 70), ("D", 100))}
    total = sum(weights.values())
    for name, weight in weights.items():
        assert found[name] == pytest.approx(100_000 * weight / total, abs=1.5)


@pytest.mark.parametrize(("scale", "expected"), [(1000.0, "least_time"), (1e-9, "even")])
def test_the_limits_of_the_logit(scale, expected):
    case = dataclasses.replace(build_case(STAR, {"A": 300}, "BCD"), logit_scale_per_h=scale)
    found = chosen(case, "logit")
    assert found == (
        chosen(case, "least_time") if expected == "least_time" else {"B": 100, "C": 100, "D": 100}
    )


def test_very_long_ways_do_not_underflow():
    network = draw_network("A" + "-" * 40 + "B\n|\nC", step_km=200)
    case = build_case(network, {"B": 10}, "AC")
    assert sum(chosen(dataclasses.replace(case, logit_scale_per_h=50.0), "logit").values()) == 10


def test_people_with_one_destination_go_there_by_any_rule():
    case = build_case(STAR, {"A": 31}, "D")
    assert chosen(case, "logit") == chosen(case, "least_time") == {"D": 31}


def test_people_who_cannot_go_are_never_dropped():
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),),
                      what=Selection(edge_kinds=("road",)))  # fmt: skip
    case = build_case(STAR, {"A": 31}, "D", disruptions=[shut])
    table = choose_destinations(case).table
    assert table[["flow_persons", "unserved_persons"]].to_numpy().tolist() == [[0, 31], [0, 31]]
    assert table["destination_id"].isna().all()


def test_full_destinations_take_no_more_than_they_hold():
    to = [{"place_id": "B", "capacity_persons": 30}, {"place_id": "C", "capacity_persons": 50}]
    case = build_case(STAR, {"A": 100}, to)
    found = chosen(case, "least_time")
    assert (found["B"], found["C"]) == (30, 50)
    assert choose_destinations(case).table.groupby("rule")["unserved_persons"].sum().tolist() == [
        20, 20,
    ]  # fmt: skip


def test_only_the_base_that_is_asked_for_flows():
    people = [{"place_id": "A", "persons": 10}, {"place_id": "A", "persons": 5,
                                                 "base": "residents"}]  # fmt: skip
    case = build_case(STAR, people, "B")
    assert choose_destinations(case).persons("logit") == 10
    assert choose_destinations(case, base="residents").persons("logit") == 5


@given(data=st.data())
@settings(max_examples=12, phases=(Phase.explicit, Phase.generate))
def test_served_and_unserved_are_all_movers_and_agree_with_the_statuses(data):
    case = data.draw(cases(STAR))
    od = choose_destinations(case)
    movers = case.groups[case.groups["base"] == "movers"]
    total = int(movers["persons"].sum())
    assert all(od.persons(rule) == total for rule in od.rules())
    per_group = od.table.groupby(["rule", "group_id"])[["flow_persons", "unserved_persons"]].sum()
    for (_, group), row in per_group.iterrows():
        assert row.sum() == movers.set_index("group_id").loc[group, "persons"]
    if case.limits.unknown_after_days is None:
        found = find_stranded(case)
        reach = found[(found["status"] == "can_reach") & (found["base"] == "movers")]
        for rule in od.rules():
            served = od.table.loc[od.table["rule"] == rule, "flow_persons"].sum()
            assert served == reach["persons"].sum()


def test_an_unknown_rule_is_refused():
    with pytest.raises(InputError, match="least_tim"):
        choose_destinations(load_toy(), rules=["least_tim"])


class TestODMatrix:
    def table(self, **changes):
        fine = {"rule": "given", "group_id": "g", "origin_id": "A", "destination_id": "B",
                "flow_persons": 3, "unserved_persons": 1}  # fmt: skip
        return pd.DataFrame([{**fine, **changes}])

    def test_people_are_counted_served_or_not(self):
        od = ODMatrix(table=self.table())
        assert od.rules() == ("given",)
        assert od.persons("given") == 4
        assert od.persons("logit") == 0
        od.check_total(4)
        with pytest.raises(ConservationError, match="4 people instead of 5"):
            od.check_total(5)

    @pytest.mark.parametrize(
        "changes", [{"flow_persons": -1}, {"flow_persons": 0.5}, {"rule": "gravity"},
                    {"flow_persons": None}],
    )  # fmt: skip
    def test_wrong_tables_are_refused(self, changes):
        with pytest.raises(SchemaError):
            ODMatrix(table=self.table(**changes))


WHO = TravellerClass(profile="truck", nationality="TOA", kind="refugee")


def flows_of(*rows):
    return pd.DataFrame(rows, columns=["origin_id", "destination_id", "flow_persons"])


def test_given_flows_are_whole_and_travel_as_is_said():
    case = load_toy()
    table = flows_of(("northtown", "midtown", 0.4), ("northtown", "southtown", 1.3),
                     ("midtown", "southtown", 0.1), ("northtown", "midtown", 0.2))  # fmt: skip
    wider, od = given_flows(case, table, WHO)
    assert od.persons("given") == 2
    assert od.table["flow_persons"].tolist() == [1, 1]  # nobody is left of 0.1
    added = wider.groups[~wider.groups["group_id"].isin(case.groups["group_id"])]
    assert added[["place_id", "kind", "profile", "nationality", "persons"]].to_numpy().tolist() == [
        ["northtown", "refugee", "truck", "TOA", 2]
    ]
    again, _ = given_flows(wider, table, WHO)
    assert len(again.groups) == len(case.groups) + 2


def test_given_flows_that_fit_no_case_say_so():
    case = load_toy()
    with pytest.raises(UnknownIdError) as error:
        given_flows(case, flows_of(("northtwon", "midtown", 1.0), ("northtown", "x", 1.0)),
                    TravellerClass(profile="lorry", nationality="TOA"))  # fmt: skip
    assert len(error.value.problems) == 3
    assert "did you mean 'northtown'" in str(error.value)
    for people, message in ((np.nan, "wrong in 1 rows"), (0.0, "nobody to assign")):
        with pytest.raises(InputError, match=message):
            given_flows(case, flows_of(("northtown", "midtown", people)), WHO)
