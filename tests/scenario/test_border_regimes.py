"""Borders: regimes x people x nationality x direction, in one table."""

import datetime as dt
import itertools

import numpy as np
import pytest

from mobility_geo.errors import InputError
from mobility_geo.scenario import (
    Closure,
    Disruption,
    ExtraWait,
    Regime,
    Scenario,
    Selection,
    TravellerClass,
    border_closure,
    conditions,
)
from mobility_geo.scenario.travellers import may_pass
from mobility_geo.schema import PEOPLE_KINDS, REGIMES
from mobility_geo.testing import draw_network

DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")
PICTURE = "A---b#c---C"  # AAA | BBB
FORWARD_INTO = {True: "BBB", False: "AAA"}


def passes(regime, kind, nationality, into):
    """Say it as the domain page does."""
    if regime == "closed":
        return False
    if regime in {"open", "escorted"}:
        return True
    national = nationality == into
    return national or (regime == "refugees_only" and kind == "refugee")


EVERYBODY = list(itertools.product(REGIMES, PEOPLE_KINDS, ("AAA", "BBB", "CCC")))


@pytest.mark.parametrize("regime", REGIMES)
def test_who_may_pass_in_which_direction(regime):
    for kind, nationality, into in itertools.product(
        PEOPLE_KINDS, ("AAA", "BBB", "CCC"), ("AAA", "BBB")
    ):
        who = TravellerClass(profile="truck", kind=kind, nationality=nationality)
        assert may_pass(regime, who, into) is passes(regime, kind, nationality, into)


def crossing_arcs(network, *made, traveller, **options):
    """Return whether the crossing is open, by direction: True along the line."""
    laid = Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=made)
    usable = conditions(network, laid, None, traveller, **options).dense().open
    arcs = network.arcs
    row = int(network.edge_positions(["b-c"])[0])
    return {bool(arcs.forward[i]): bool(usable[i]) for i in np.flatnonzero(arcs.edge == row)}


@pytest.mark.parametrize("source", ["normal regime", "disruption"])
def test_the_normal_regime_and_a_change_of_it_mean_the_same(source):
    for regime, kind, nationality in EVERYBODY:
        who = TravellerClass(profile="truck", kind=kind, nationality=nationality)
        if source == "normal regime":
            found = crossing_arcs(draw(regime), traveller=who)
        else:
            # the crossing holds its normal regime; a disruption replaces it
            made = border_closure(["b-c"], regime=regime)
            found = crossing_arcs(draw("closed"), made, traveller=who)
        for forward, into in FORWARD_INTO.items():
            assert found[forward] is passes(regime, kind, nationality, into), (regime, kind)


DRAWN = {regime: draw_network(PICTURE, crossings={"regime": regime}) for regime in REGIMES}


def draw(regime):
    return DRAWN[regime]


def test_a_closure_into_one_country_leaves_the_other_direction():
    who = TravellerClass(profile="truck", kind="refugee", nationality="AAA")
    made = border_closure(["b-c"], into="BBB")
    assert crossing_arcs(draw("open"), made, traveller=who) == {True: False, False: True}


def test_borders_can_be_ignored_to_find_out_whether_they_are_the_reason():
    who = TravellerClass(profile="truck", kind="refugee", nationality="AAA")
    shut = border_closure(["b-c"])
    both = {True: True, False: True}
    assert crossing_arcs(draw("closed"), traveller=who, ignore_borders=True) == both
    assert crossing_arcs(draw("open"), shut, traveller=who, ignore_borders=True) == both


def test_ignoring_borders_ignores_no_front():
    front = Disruption(disruption_id="f", kind="insecurity", effects=(Closure(),),
                       what=Selection(edge_ids=("b-c",)))  # fmt: skip
    found = crossing_arcs(draw("open"), front, traveller=TRUCK, ignore_borders=True)
    assert found == {True: False, False: False}


def test_ignoring_borders_ignores_all_that_happens_at_them():
    slow = Disruption(disruption_id="s", kind="border", what=Selection(crossing_ids=("b-c",)),
                      effects=(Regime("closed"), ExtraWait(60)))  # fmt: skip
    laid = Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=(slow,))
    found = conditions(draw("open"), laid, None, TRUCK, ignore_borders=True)
    assert len(found.arc) == 0
    assert found.dense().open.all()


def test_a_border_closed_outright_is_a_border_too():
    """`close = true` on a crossing, kind border, is what people write for a closed border."""
    shut = Disruption(disruption_id="s", kind="border", what=Selection(crossing_ids=("b-c",)),
                      effects=(Closure(),))  # fmt: skip
    who = TravellerClass(profile="truck", kind="refugee", nationality="AAA")
    assert crossing_arcs(draw("open"), shut, traveller=who) == {True: False, False: False}
    assert crossing_arcs(draw("open"), shut, traveller=who, ignore_borders=True) == {
        True: True, False: True,
    }  # fmt: skip


def test_a_regime_over_a_whole_country_changes_its_crossings_and_no_road():
    network = draw("open")
    all_of_it = Disruption(disruption_id="s", kind="border", effects=(Regime("closed"),),
                           what=Selection(countries=("AAA",)))  # fmt: skip
    laid = Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=(all_of_it,))
    usable = conditions(network, laid, None, TRUCK).dense().open
    closed = set(network.edges["edge_id"].to_numpy()[network.arcs.edge[~usable]])
    assert closed == {"b-c"}


def test_informal_crossings_are_closed_apart():
    network = draw_network("A-b#c-C#D")
    crossings = network.crossings.assign(official=network.crossings["crossing_id"] == "b-c")
    network = network.replace_tables(crossings=crossings)
    what = Selection(informal=True, edge_kinds=("crossing",))
    made = Disruption(disruption_id="i", kind="border", what=what, effects=(Regime("closed"),))
    laid = Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=(made,))
    usable = conditions(network, laid, None, TRUCK).dense().open
    assert set(network.edges["edge_id"].to_numpy()[network.arcs.edge[~usable]]) == {"C-D"}


def test_unknown_kinds_of_people_are_named():
    with pytest.raises(InputError, match="did you mean 'third_country'"):
        TravellerClass(profile="truck", kind="third-country", nationality="AAA")
