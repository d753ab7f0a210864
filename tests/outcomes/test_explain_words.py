"""The sentences of an explanation, as people would say them."""

import math
from dataclasses import replace

import pytest

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError
from mobility_geo.outcomes import explain, find_stranded
from mobility_geo.outcomes.explain import _by, _duration
from mobility_geo.scenario import Closure, Disruption, Limits, Selection
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import build_case


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Truck or bush taxi", "by truck or bush taxi"),
        ("On foot", "on foot"),
        ("By boat", "by boat"),
        ("With a herd", "with a herd"),
        ("Pinasse (motor boat)", "by pinasse (motor boat)"),
        ("One-horse cart", "by one-horse cart"),
        ("UNHCR convoy", "by UNHCR convoy"),
        ("4x4", "by 4x4"),
    ],
)
def test_ways_of_travelling_read_naturally(label, words):
    assert _by(label) == words


@pytest.mark.parametrize(
    ("hours", "per_day", "words"),
    [
        (3.27, 10, "3.3 h"),
        (10.0, 10, "10.0 h"),
        (10.5, 10, "10 h on the move, about 2 days,"),
        (75.0, 8, "75 h on the move, about 10 days,"),
        (80.0, 8, "80 h on the move, about 10 days,"),
        (80.0 + 1e-9, 8, "80 h on the move, about 10 days,"),
        (80.1, 8, "80 h on the move, about 11 days,"),
        (12_000.0, 6, "12,000 h on the move, about 2,000 days,"),
    ],
)
def test_long_ways_are_told_in_days_of_travel(hours, per_day, words):
    assert _duration(hours, per_day) == words


def test_the_days_are_those_of_the_way_of_travelling():
    network = draw_network("A" + "-" * 22 + "B")
    case = build_case(network, {"A": 5}, ["B"])
    foot = replace(case, groups=case.groups.assign(profile="foot"))
    per_day = network.profiles.set_index("profile")["hours_per_day"]
    for asked, profile in ((case, "truck"), (foot, "foot")):
        told = str(explain(asked, "A"))
        hours = find_stranded(asked)["time_min"].iloc[0] / 60
        days = math.ceil(hours / per_day[profile])
        assert (days == 1) == (profile == "truck")
        far = f"{hours:.0f} h on the move, about {days} days, by "
        assert (f"{hours:.1f} h by " if days == 1 else far) in told


def test_a_herd_is_with_people_and_not_under_them():
    case = load_toy()
    profiles = case.network.profiles.copy()
    profiles["label"] = profiles["label"].replace("Truck", "With a herd")
    herders = replace(case, network=case.network.replace_tables(profiles=profiles))
    told = str(explain(herders, "northtown"))
    assert "at Northtown with a herd: stranded." in told
    assert "by with" not in told


def shut(edge):
    return Disruption(disruption_id=edge, kind="insecurity", effects=(Closure(),),
                      what=Selection(edge_ids=(edge,)))  # fmt: skip


CHAIN = draw_network("A----B----C----D")


def test_what_holds_without_the_crisis_is_not_told_as_of_now():
    case = build_case(CHAIN, {"A": 10}, "D", limits=Limits(time_limit_h=0.1),
                      disruptions=[shut("C-D")])  # fmt: skip
    told = explain(case, "A").sentences
    assert told[1:] == ("Even normally a way is there, but it takes longer than they can stand.",)


def test_people_are_told_to_reach_where_there_is_a_place_for_them():
    """Those at B come first to C, which the 500 people there fill: they go on to D."""
    to = [{"place_id": "C", "capacity_persons": 500}, {"place_id": "D", "capacity_persons": 600}]
    case = build_case(CHAIN, {"B": 500, "C": 500}, to)
    told = explain(case, "B").sentences
    assert told[1].startswith("Normally they reach Town D in ")
    assert told[2].startswith("Now they reach Town D in ")
    status = find_stranded(case).set_index("place_id")["destination_place_id"]
    assert status["B"] == "D"


@pytest.mark.parametrize("people", [{"A": 500, "C": 500}, {"C": 700}])
def test_people_without_a_free_place_reach_nothing_normally(people):
    case = build_case(CHAIN, people, [{"place_id": "D", "capacity_persons": 500}])
    told = explain(case, next(iter(people))).sentences
    assert sum("Normally they reach" in word for word in told) == ("A" not in people)
    at = next(number for number, word in enumerate(told) if word.endswith("isolated."))
    assert told[at + 1 :] == ("Even normally destinations can be reached, but have no free place.",)


def test_why_nothing_can_be_said_is_told():
    old = build_case(CHAIN, {"A": 10}, "D", limits=Limits(unknown_after_days=30))
    assert "nobody has reported on" in str(explain(old, "A"))
    accesses = CHAIN.accesses
    for place, words in (("A", "The place is too far"), ("D", "No destination that counts")):
        left = accesses[(accesses["place_id"] != place).to_numpy(bool)].reset_index(drop=True)
        case = build_case(CHAIN.replace_tables(accesses=left), {"A": 10}, "D")
        assert words in str(explain(case, "A"))


def test_nobody_at_a_place_is_said():
    with pytest.raises(InputError, match="no group of the case is at 'Farpost'; groups are at"):
        explain(load_toy(), "farpost")
