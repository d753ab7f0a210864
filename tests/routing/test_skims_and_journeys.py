"""Ways between places: minutes by hand, rows and matrices that agree, ways in words."""

import datetime as dt
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mobility_geo.datasets import load_toy
from mobility_geo.errors import CalendarError, NoPathError, UnknownIdError
from mobility_geo.outcomes.reachable import main_traveller
from mobility_geo.routing import find_ways, journey, skim_matrix, skim_table
from mobility_geo.scenario import Scenario, TravellerClass, border_closure
from mobility_geo.testing import draw_network

DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")
QUIET = Scenario(name="quiet", when=DAY, start=DAY, end=DAY)
PICTURE = """
A---b#c---C====D

E-e~~~~~f-F
"""
NETWORK = draw_network(PICTURE)


@pytest.mark.parametrize(
    ("profile", "pair", "minutes", "xof"),
    [
        ("truck", "AC", 40 + 20 + 40, 1000),
        ("truck", "CD", 50 * 2, 500),
        ("foot", "CD", 500, 0),
        ("boat", "EF", 2 * 200 + 60 * 5, 500),
        ("boat", "CD", 500, 250),
    ],
)
def test_minutes_and_fares_by_hand(profile, pair, minutes, xof):
    ways = find_ways(NETWORK, QUIET, [pair[0]], [pair[1]],
                     traveller=replace(TRUCK, profile=profile))  # fmt: skip
    assert ways.total("time_min")[0, 0] == pytest.approx(minutes)
    assert ways.total("cost_xof")[0, 0] == pytest.approx(xof)
    assert ways.total("risk")[0, 0] == 0


@pytest.mark.parametrize(("profile", "pair"), [("truck", "EF"), ("foot", "EF"), ("boat", "AE")])
def test_what_cannot_be_reached_is_infinite_has_no_row_and_no_path(profile, pair):
    who = replace(TRUCK, profile=profile)
    one, two = pair
    assert np.isinf(skim_matrix(NETWORK, QUIET, [one], [two], traveller=who)).all()
    assert len(skim_table(NETWORK, QUIET, [one], [two], traveller=who)) == 0
    with pytest.raises(NoPathError, match=f"no way from '{one}' to '{two}'"):
        find_ways(NETWORK, QUIET, [one], [two], traveller=who).arcs(0, 0)


def test_matrix_and_table_say_the_same():
    case = load_toy()
    places = case.network.places["place_id"].tolist()
    for impedance in ("time_min", "length_m", "cost_xof", "risk"):
        ends = case.network, case.scenario, places, places
        matrix = skim_matrix(*ends, traveller=main_traveller(case), impedance=impedance)
        table = skim_table(*ends, traveller=main_traveller(case), impedance=impedance)
        rows = table.set_index(["origin_id", "destination_id"])[impedance].to_dict()
        for (i, one), (j, two) in product(enumerate(places), enumerate(places)):
            assert rows.get((one, two), np.inf) == matrix[i, j]
        assert len(table) == np.isfinite(matrix).sum()


def test_no_origins_or_destinations_make_an_empty_answer():
    assert skim_matrix(NETWORK, QUIET, [], ["A"], traveller=TRUCK).shape == (0, 1)
    assert skim_matrix(NETWORK, QUIET, ["A"], [], traveller=TRUCK).shape == (1, 0)
    assert len(skim_table(NETWORK, QUIET, [], [], traveller=TRUCK)) == 0


def test_unknown_places_and_days_are_refused():
    with pytest.raises(UnknownIdError, match="no place 'Z'"):
        skim_matrix(NETWORK, QUIET, ["Z"], ["A"], traveller=TRUCK)
    with pytest.raises(CalendarError):
        skim_matrix(NETWORK, QUIET, ["A"], ["C"], traveller=TRUCK, when="2013-01-21")
    with pytest.raises(UnknownIdError, match="no travel profile 'boats'; did you mean 'boat'"):
        skim_matrix(NETWORK, QUIET, ["A"], ["C"], traveller=replace(TRUCK, profile="boats"))


def test_the_shortest_way_need_not_be_the_fastest():
    network = draw_network("""
    A====B
    |    |
    +----+
    """)
    fast = find_ways(network, QUIET, ["A"], ["B"], traveller=TRUCK)
    short = find_ways(network, QUIET, ["A"], ["B"], traveller=TRUCK, impedance="length_m")
    assert (fast.total("time_min")[0, 0], fast.total("length_m")[0, 0]) == (
        pytest.approx(90), 90_000,
    )  # fmt: skip
    assert (short.total("time_min")[0, 0], short.total("length_m")[0, 0]) == (
        pytest.approx(100), 50_000,
    )  # fmt: skip


class TestJourney:
    def way(self, network, one, two, **traveller):
        ways = find_ways(network, QUIET, [one], [two], traveller=replace(TRUCK, **traveller))
        return journey(network, ways.arcs(0, 0))

    def test_it_tells_modes_crossings_nodes_and_countries_in_their_order(self):
        way = self.way(NETWORK, "A", "D")
        assert way.node_ids == ("A", "b", "c", "C", "D")
        assert way.modes == ("road", "track")
        assert way.crossing_ids == ("b-c",)
        assert way.countries == ("AAA", "BBB")
        assert not way.reenters()

    def test_leaving_and_coming_back_is_seen(self):
        network = draw_network(
            "A-b#c-d#e-F",
            countries=dict.fromkeys("AbeF", "AAA") | dict.fromkeys("cd", "BBB"),
        )
        way = self.way(network, "A", "F")
        assert way.crossing_ids == ("b-c", "d-e")
        assert way.countries == ("AAA", "BBB", "AAA")
        assert way.reenters()

    def test_a_way_within_one_node_is_empty(self):
        way = self.way(NETWORK, "A", "A")
        assert (way.node_ids, way.modes, way.crossing_ids, way.countries) == ((), (), (), ())


def test_a_closed_border_is_gone_round():
    network = draw_network("""
    A--b#c--C
    |       |
    +--d#e--+
    """)
    shut = border_closure(["b-c"])
    laid = Scenario(name="shut", when=DAY, start=DAY, end=DAY, disruptions=(shut,))
    before = find_ways(network, QUIET, ["A"], ["C"], traveller=TRUCK)
    after = find_ways(network, laid, ["A"], ["C"], traveller=TRUCK)
    assert journey(network, before.arcs(0, 0)).crossing_ids == ("b-c",)
    assert journey(network, after.arcs(0, 0)).crossing_ids == ("d-e",)
    assert after.total("time_min")[0, 0] - before.total("time_min")[0, 0] == pytest.approx(40)
