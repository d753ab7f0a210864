"""The sentences of an explanation, as people would say them."""

import math
from dataclasses import replace

import pytest

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError
from mobility_geo.outcomes import explain, find_stranded
from mobility_geo.outcomes.explain import _by, _duration
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


def test_nobody_at_a_place_is_said():
    with pytest.raises(InputError, match="no group of the case is at 'Farpost'; groups are at"):
        explain(load_toy(), "farpost")
