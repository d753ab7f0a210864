"""Seasons of the normal year: months, surfaces, reaches, all-season roads, profiles."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mobility_geo.scenario import Regime, Scenario, TravellerClass, border_closure, conditions
from mobility_geo.testing import draw_network

YEAR = {"start": dt.date(2013, 1, 1), "end": dt.date(2013, 12, 31)}
TRUCK = TravellerClass(profile="truck", nationality="AAA")
PICTURE = """
A---B===C
|       }
d~~~~~~~e
"""
QUIET = Scenario(name="quiet", when=dt.date(2013, 1, 20), **YEAR)


def season(**row):
    fine = {"season_id": "s", "label": "Season", "months": "7|8", "effect": "speed_factor",
            "value": 0.5, "source": "drawn"}  # fmt: skip
    return pd.DataFrame([{**fine, **row}])


def drawn(*rows):
    network = draw_network(PICTURE)
    reach = network.edges["edge_id"].map({"d-e": "upper", "C-e": "lower"})
    return network.replace_tables(
        edges=network.edges.assign(reach=reach), seasons=pd.concat(rows, ignore_index=True)
    )


def minutes(network, month, profile="truck", scenario=QUIET):
    """Return minutes by edge along the line; None where it is closed."""
    found = conditions(network, scenario, dt.date(2013, month, 15),
                       TravellerClass(profile=profile, nationality="AAA")).dense()  # fmt: skip
    ids = network.edges["edge_id"]
    return {
        ids[row]: float(found.time_min[row]) / 600 if found.open[row] else None
        for row in range(len(ids))
    }


def test_months_are_counted_as_people_count_them():
    network = drawn(season(kinds="road", months="1|7|12"))
    slow = [m for m in range(1, 13) if minutes(network, m)["A-B"] == 80]
    assert slow == [1, 7, 12]
    assert all(minutes(network, m)["A-B"] == 40 for m in range(1, 13) if m not in slow)


@pytest.mark.parametrize(
    ("row", "slowed"),
    [
        ({}, {"A-B", "B-C", "A-d"}),
        ({"kinds": "track"}, {"B-C"}),
        ({"kinds": "track|road"}, {"A-B", "B-C", "A-d"}),
        ({"surfaces": "earth"}, {"B-C"}),
        ({"surfaces": "paved", "kinds": "track"}, set()),
        ({"countries": "AAA"}, {"A-B", "B-C", "A-d"}),
        ({"profiles": "truck|foot"}, {"A-B", "B-C", "A-d"}),
        ({"profiles": "foot"}, set()),
        ({"all_season": False}, {"B-C"}),
        ({"all_season": True}, {"A-B", "A-d"}),
        ({"reaches": "upper"}, set()),
    ],
)
def test_every_condition_of_a_season_must_hold(row, slowed):
    network = drawn(season(**row))
    network = network.replace_tables(
        edges=network.edges.assign(all_season=network.edges["kind"] != "track")
    )
    dry, wet = minutes(network, 1), minutes(network, 7)
    assert {edge for edge in dry if dry[edge] and wet[edge] == 2 * dry[edge]} == slowed
    assert {edge for edge in dry if dry[edge] != wet[edge]} == slowed


def test_rivers_are_closed_by_reach_and_boat():
    network = drawn(season(kinds="river", reaches="upper", effect="close", value=0.0, months="4|5"))
    for month in range(1, 13):
        found = minutes(network, month, "boat")
        assert (found["d-e"] is None) is (month in {4, 5})
        assert found["C-e"] is not None


def test_overlapping_seasons_take_the_lowest_speed_and_closed_wins():
    slow = season(season_id="a", kinds="road", value=0.5)
    slower = season(season_id="b", kinds="road", value=0.25, months="8")
    shut = season(season_id="c", kinds="road", effect="close", value=0.0, months="9")
    network = drawn(slow, slower, shut, season(season_id="d", kinds="road", months="9"))
    assert [minutes(network, m)["A-B"] for m in (6, 7, 8, 9)] == [40, 80, 160, None]


def test_season_is_part_of_the_calendar_and_not_a_disruption():
    network = drawn(season(kinds="road", effect="close", value=0.0))
    found = conditions(network, QUIET, dt.date(2013, 7, 1), TRUCK)
    assert len(found.arc) == len(found.causes) == 0
    states = found.edge_states().set_index("edge_id")["state"].to_dict()
    assert states["A-B"] == "out_of_season"
    assert states["d-e"] == "not_passable"


def test_a_regime_opens_no_road_that_the_season_closes():
    network = draw_network(
        "A---b#c---C", crossings={"regime": "closed"},
        seasons=season(kinds="crossing", effect="close", value=0.0),
    )  # fmt: skip
    open_ = border_closure(["b-c"], regime="open")
    assert open_.effects == (Regime("open"),)
    laid = Scenario(name="s", when=dt.date(2013, 1, 20), disruptions=(open_,), **YEAR)
    assert minutes(network, 1, scenario=laid)["b-c"] == 20
    assert minutes(network, 7, scenario=laid)["b-c"] is None


def test_waits_at_ports_and_posts_do_not_grow_with_the_rain():
    network = draw_network(
        "A---b#c---C", crossings={"processing_min": 30.0}, seasons=season(kinds="crossing|road")
    )
    network = network.replace_tables(edges=network.edges.assign(wait_min=7.0))
    assert minutes(network, 1)["b-c"] == 20 + 37
    assert minutes(network, 7)["b-c"] == 40 + 37


def test_both_directions_have_the_season():
    network = drawn(season(kinds="road"))
    found = conditions(network, QUIET, dt.date(2013, 7, 1), TRUCK).dense()
    size = len(network.edges)
    back = network.arcs.edge[size:]
    np.testing.assert_array_equal(found.time_min[size:], found.time_min[back])
