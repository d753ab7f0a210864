"""Where stranded people are held: the last place on the way they would have gone, by hand."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from mobility_geo.network import attach_places
from mobility_geo.outcomes import find_stranded
from mobility_geo.scenario import (
    Closure,
    Disruption,
    RiskCost,
    Selection,
    SpeedFactor,
    border_closure,
)
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.drawing import CRS

NETWORK = draw_network("""
A----C----e----f#g----B
          |
          D
""")


def on_edges(*edges, effect=None, kind="insecurity"):
    return Disruption(disruption_id=f"{kind}:{edges}", kind=kind,
                      what=Selection(edge_ids=edges), effects=(effect or Closure(),))  # fmt: skip


def held(network, *disruptions, people=None, to="B"):
    case = build_case(network, people or {"A": 100}, to, disruptions=disruptions)
    row = find_stranded(case).set_index("status").loc["stranded"]
    found = row[["held_node_id", "held_kind", "held_name", "held_crossing_id"]]
    return tuple(None if pd.isna(value) else value for value in found)


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (border_closure(["f-g"]), ("f", "crossing", "Post f-g", "f-g")),
        (on_edges("f-g"), ("f", "crossing", "Post f-g", "f-g")),
        (on_edges("g-B"), ("g", "crossing", "Post f-g", "f-g")),
        (on_edges("e-f"), ("e", "dispersed", "near Town D", None)),
        (on_edges("C-e"), ("C", "settlement", "Town C", None)),
        (on_edges("A-C"), ("A", "settlement", "Town A", None)),
        (on_edges("A-C", "f-g"), ("A", "settlement", "Town A", None)),
        (on_edges("f-g", "C-e"), ("C", "settlement", "Town C", None)),
    ],
    ids=["border", "front at the border", "behind it", "in the bush", "in a town", "at home",
         "nearest of two", "nearest of two, again"],
)  # fmt: skip
def test_the_last_place_before_what_blocks(closed, expected):
    assert held(NETWORK, closed) == expected


def test_people_from_elsewhere_are_held_on_their_own_way():
    found = held(NETWORK, border_closure(["f-g"]), people={"D": 10})
    assert found == ("f", "crossing", "Post f-g", "f-g")


def test_a_port_is_where_people_wait_for_boats():
    network = draw_network("""
    A---c~~~~d---B
    """)
    boats = [{"place_id": "A", "persons": 10, "profile": "boat"}]
    strike = on_edges("c-d", kind="service")
    assert held(network, strike, people=boats) == ("c", "settlement", "near Town A", None)


def test_a_risk_budget_by_hand():
    risky = on_edges("C-e", "e-f", effect=RiskCost(0.001))  # 0.05 each
    for limit, node in ((0.04, "C"), (0.06, "e")):
        people = [{"place_id": "A", "persons": 1, "risk_limit": limit}]
        assert held(NETWORK, risky, people=people)[0] == node


def test_a_time_budget_by_hand():
    slow = on_edges("e-f", effect=SpeedFactor(0.25))  # 50 + 50 + 200 + ...
    for hours, node in ((3.7, "e"), (5.05, "f")):
        people = [{"place_id": "A", "persons": 1, "time_limit_h": hours}]
        assert held(NETWORK, slow, people=people)[0] == node


def test_people_without_a_free_place_are_held_at_the_station():
    to = [{"place_id": "B", "capacity_persons": 30}, {"place_id": "D", "capacity_persons": 100}]
    found = held(NETWORK, on_edges("e-D"), to=to)
    assert found == ("B", "station", "Town B", None)


def with_place_beside(network, x, y):
    more = gpd.GeoDataFrame(
        {"place_id": ["M"], "name": ["Mid"], "kind": ["settlement"], "country": ["AAA"],
         "approximate": [False], "source": ["x"]}, geometry=[shapely.Point(x, y)], crs=CRS,
    )  # fmt: skip
    places = pd.concat([network.places, more], ignore_index=True)
    return network.replace_tables(
        places=places,
        accesses=attach_places(places, network.nodes, network.edges, network.waterways),
    )


def test_people_whose_own_road_is_closed_are_held_at_home():
    """Never at the destination, though every edge after their own road is open."""
    network = with_place_beside(NETWORK, 30_000, -2_000)
    node, kind, name, crossing = held(network, on_edges("A-C"), people={"M": 10})
    assert (node, kind, name, crossing) == (None, "settlement", "Mid", None)


def test_people_are_not_held_where_they_would_have_gone():
    """The usual way is slower now, the other one too risky: nobody is held at the end of it."""
    network = draw_network("""
    A----B
    |    |
    +----+
    """)
    made = [on_edges("A-B", effect=SpeedFactor(0.3)), on_edges("A-B-2", effect=RiskCost(0.01))]
    people = [{"place_id": "A", "persons": 10, "risk_limit": 0.1}]
    assert held(network, *made, people=people)[0] != "B"
