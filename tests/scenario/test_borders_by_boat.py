"""Rivers and ferries across a border: only boats pass, and regimes act on them as on roads."""

import datetime as dt
import functools
import itertools

import numpy as np
import pandas as pd
import pytest

from mobility_geo.errors import SchemaError
from mobility_geo.network import read_network, write_network
from mobility_geo.scenario import (
    DepthCurve,
    DepthSpeed,
    Disruption,
    OpeningHours,
    Regime,
    Scenario,
    Selection,
    Stretches,
    TravellerClass,
    border_closure,
    conditions,
    read_case,
)
from mobility_geo.scenario.idle import idle_disruptions
from mobility_geo.schema import REGIMES, SEASONS
from mobility_geo.testing import assert_network_equal, draw_network

DRY, WET = dt.date(2013, 5, 20), dt.date(2013, 11, 20)
CURVES = (
    DepthCurve(curve="c", vehicle_class="boat", profiles=("boat",), impassable_m=1.2,
               quadratic=0.0, linear=-0.004, constant=5.0, navigable_m=1.0),
)  # fmt: skip


@functools.cache
def draw(regime="open", kind="river", *, official=True, **more):
    """Draw a river that leads from AAA, in low water in May, into BBB."""
    low = dict.fromkeys(SEASONS.names) | {
        "season_id": "low", "label": "low water", "kinds": kind, "months": "5", "effect": "close",
        "value": 0.0, "source": "drawn",
    }  # fmt: skip
    drawn = draw_network("A---b#c---C", crossings={"regime": regime, "official": official} | more)
    river = drawn.edges["edge_id"] == "b-c"
    return drawn.replace_tables(
        edges=drawn.edges.assign(
            kind=drawn.edges["kind"].mask(river, kind),
            surface=drawn.edges["surface"].mask(river, "water"),
        ),
        speeds=pd.concat(
            [drawn.speeds, drawn.speeds[drawn.speeds["kind"] == "river"].assign(kind=kind)]
        ).drop_duplicates(["profile", "kind", "road_class", "surface"]),
        profiles=drawn.profiles.assign(
            modes=drawn.profiles["modes"] + np.where(drawn.profiles["profile"] == "boat",
                                                     "|ferry", "")),
        seasons=pd.DataFrame([low]).astype({"all_season": "boolean"}),
    )  # fmt: skip


def passes(network, *made, day=WET, profile="boat", nationality="AAA", **options):
    """Return whether the border is open: into BBB, into AAA."""
    laid = Scenario(name="s", when=day, start=day, end=day, disruptions=made)
    who = TravellerClass(profile=profile, nationality=nationality)
    usable = conditions(network, laid, None, who, **options).dense().open
    arcs, row = network.arcs, int(network.edge_positions(["b-c"])[0])
    return tuple(
        bool(usable[i]) for forward in (True, False)
        for i in np.flatnonzero((arcs.edge == row) & (arcs.forward == forward))
    )  # fmt: skip


def deep(metres):
    whole = Stretches(quantity="depth_m", edge_ids=np.array(["b-c"], dtype=object),
                      start=np.zeros(1), end=np.ones(1), value=np.array([metres]))  # fmt: skip
    return Disruption(disruption_id="deep", kind="flood", what=Selection(stretches=whole),
                      effects=(DepthSpeed(curves=CURVES),))  # fmt: skip


def regime(word, **more):
    return Disruption(disruption_id="r", kind="border", effects=(Regime(word),),
                      what=Selection(crossing_ids=("b-c",), **more))  # fmt: skip


@pytest.mark.parametrize("kind", ["river", "ferry"])
def test_only_boats_pass_and_only_as_the_regime_says(kind):
    network = draw(kind=kind)
    assert passes(network) == (True, True)
    assert passes(network, profile="truck") == passes(network, profile="foot") == (False, False)
    assert passes(network, day=DRY) == (False, False)
    assert passes(network, border_closure(["b-c"])) == (False, False)
    assert passes(network, border_closure(["b-c"]), ignore_borders=True) == (True, True)
    assert passes(network, regime("nationals_only")) == (False, True)
    assert passes(network, regime("closed", into="BBB")) == (False, True)
    assert passes(draw("closed", kind)) == (False, False)
    assert passes(draw("nationals_only", kind)) == (False, True)
    assert passes(draw("closed", kind), regime("open")) == (True, True)
    assert passes(draw("closed", kind), regime("open"), day=DRY) == (False, False)
    shut = Disruption(disruption_id="h", kind="border", effects=(OpeningHours(12, 12.001),),
                      what=Selection(crossing_ids=("b-c",)))  # fmt: skip
    assert passes(network, shut) == (True, True)


@pytest.mark.parametrize("changed", [None, *REGIMES])
@pytest.mark.parametrize("normal", REGIMES)
@pytest.mark.parametrize("depth_m", [0.5, 2.0])
def test_deep_water_out_of_season_opens_no_border(normal, changed, depth_m):
    """Water carries a boat over the border if, and only if, the regime lets it pass."""
    made = [deep(depth_m)] if changed is None else [deep(depth_m), regime(changed)]
    carried = {"open": (True, True), "escorted": (True, True), "closed": (False, False)}.get(
        changed or normal, (False, True)
    )
    network = draw(normal)
    for order in itertools.permutations(made):
        want = carried if depth_m > 1 else (False, False)
        assert passes(network, *order, day=DRY) == want
        everybody = (depth_m > 1,) * 2
        assert passes(network, *order, day=DRY, ignore_borders=True) == everybody
    none = draw(normal, throughput_persons_per_day=0.0)
    assert passes(none, *made, day=DRY) == (False, False)


SCENARIO = """
name = "s"
network = "drawn"
when = 2013-11-20
calendar = { start = 2013-11-01, end = 2013-11-30 }
[people]
groups = "groups.csv"
[destinations]
table = "destinations.csv"
[borders]
informal = "closed"
"""
GROUPS = """group_id,base,place_id,kind,nationality,profile,trip,destination_set,\
persons,persons_low,persons_high,source
g,movers,A,refugee,AAA,boat,one_way,safety,100,90,120,drawn
"""
DESTINATIONS = """destination_set,place_id,kind,source
safety,C,settlement,drawn
"""


def test_closing_informal_crossings_closes_rivers(tmp_path):
    network = draw(official=False)
    for name, text in (("s.toml", SCENARIO), ("groups.csv", GROUPS),
                       ("destinations.csv", DESTINATIONS)):  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    case = read_case(tmp_path / "s.toml", networks={"drawn": lambda: network})
    (closed,) = case.scenario.disruptions
    assert passes(network, closed) == (False, False)
    assert passes(draw(official=True), closed) == (True, True)
    assert idle_disruptions(network, case.scenario) == ()


def test_a_river_across_a_border_is_written_and_read_back(tmp_path):
    write_network(draw(), tmp_path / "n.gpkg")
    assert_network_equal(read_network(tmp_path / "n.gpkg"), draw())


def test_a_regime_in_one_direction_is_not_idle_on_a_river():
    network = draw()
    laid = Scenario(name="s", when=WET, start=WET, end=WET,
                    disruptions=(regime("closed", into="BBB"),))  # fmt: skip
    assert idle_disruptions(network, laid) == ()


@pytest.mark.parametrize("kind", ["road", "track", "walk", "transfer", "corridor"])
def test_no_other_kind_has_a_crossing(kind):
    with pytest.raises(SchemaError, match="or a 'river' or 'ferry' across a border"):
        draw(kind=kind)


def test_a_river_across_a_border_joins_its_two_countries():
    with pytest.raises(SchemaError, match="must join a node in each of the two countries"):
        draw(country_b="CCC")
