"""Places along one edge: straight to each other, and out of a road that is closed in part."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from mobility_geo.network import attach_places
from mobility_geo.routing import find_ways, skim_matrix
from mobility_geo.scenario import (
    Closure,
    Disruption,
    ExtraCost,
    RiskCost,
    Scenario,
    Selection,
    TravellerClass,
)
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import CRS

DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")


def with_places(network, **km):
    """Put places beside the first row of a drawing, 3 km off it: 60 min on foot."""
    more = gpd.GeoDataFrame(
        {"place_id": list(km), "name": list(km), "kind": "settlement", "country": "AAA",
         "approximate": False, "source": "drawn"},
        geometry=[shapely.Point(x * 1000, 3_000) for x in km.values()], crs=CRS,
    )  # fmt: skip
    places = pd.concat([network.places, more], ignore_index=True)
    return network.replace_tables(
        places=places,
        accesses=attach_places(places, network.nodes, network.edges, network.waterways),
    )


ROAD = with_places(draw_network("A---------B"), M=20, N=50, P=80)  # 100 km, 100 min


def closed_area(west_km, east_km, effect=None):
    shape = shapely.segmentize(shapely.box(west_km * 1e3, -1e3, east_km * 1e3, 1e3), 1_000)
    area = gpd.GeoSeries([shape], crs=CRS).to_crs(4326).iloc[0]
    return Disruption(disruption_id="d", kind="flood", what=Selection(area=area),
                      effects=(effect or Closure(),))  # fmt: skip


def minutes(network, origins, destinations, *disruptions):
    laid = Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=disruptions)
    found = skim_matrix(network, laid, list(origins), list(destinations), traveller=TRUCK)
    return [[round(value, 3) for value in row] for row in found.tolist()]


def test_they_need_not_go_through_an_end():
    assert minutes(ROAD, "MN", "NP") == [[60 + 30 + 60, 60 + 60 + 60], [0, 60 + 30 + 60]]


def test_all_that_it_costs_is_counted():
    laid = Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=(
        closed_area(-1, 101, ExtraCost(5)),))  # fmt: skip
    ways = find_ways(ROAD, laid, ["M"], ["N"], traveller=TRUCK)
    assert ways.arcs(0, 0).tolist() == []
    assert ways.total("length_m")[0, 0] == 3_000 + 30_000 + 3_000
    assert ways.total("cost_xof")[0, 0] == pytest.approx(30 * 15, abs=1)
    risky = Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=(
        closed_area(-1, 101, RiskCost(0.001)),))  # fmt: skip
    ways = find_ways(ROAD, risky, ["M"], ["N"], traveller=TRUCK)
    # the area reaches one km to each side: that much of both walks lies in it
    assert ways.total("risk")[0, 0] == pytest.approx(0.03 + 2 * 0.001, abs=1e-4)


def test_the_way_through_the_ends_is_taken_if_it_is_shorter():
    """The road winds; from end to end there is a quick one beside it."""
    network = draw_network("""
    A---------B
    |         |
    +---------+
    """)
    network = network.replace_tables(edges=network.edges.assign(length_m=[9e5, 2e4]))
    network = with_places(network, M=1, N=99)
    (there,) = minutes(network, "M", "N")
    # straight across to where the quick one begins, as it is as near as the other by the road
    walk = np.hypot(1, 3) / 3 * 60
    assert there[0] == pytest.approx(walk + 20 + walk, abs=0.1)


def test_of_two_roads_that_join_the_same_nodes_the_other_one_serves_if_the_nearer_is_closed():
    network = draw_network("""
    A---------B
    |         |
    +---------+
    """)
    network = with_places(network, M=50)
    near, far = network.edges.sort_values("edge_id", key=lambda ids: [
        network.edges.set_index("edge_id").geometry[name].length for name in ids
    ])["edge_id"]  # fmt: skip
    ways = network.accesses[network.accesses["place_id"] == "M"]
    assert set(ways["edge_id"]) <= {near, far}
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),),
                      what=Selection(edge_ids=(near,)))  # fmt: skip
    reach = np.isfinite(minutes(network, "M", "AB", shut)).any()
    assert reach == (far in set(ways["edge_id"]))


def test_on_a_one_way_street_only_in_its_direction():
    street = with_places(draw_network("A----->---B"), M=20, N=50)
    assert minutes(street, "M", "N") == [[150]]
    assert minutes(street, "N", "M") == [[np.inf]]


class TestClosedInPart:
    """The road is under water from km 40 to km 60."""

    WATER = closed_area(40, 60)

    def test_nobody_passes_from_end_to_end(self):
        assert minutes(ROAD, "A", "B", self.WATER) == minutes(ROAD, "B", "A", self.WATER) == [
            [np.inf]
        ]  # fmt: skip

    def test_places_on_either_side_reach_their_own_end(self):
        assert minutes(ROAD, "MP", "AB", self.WATER) == [[80, np.inf], [np.inf, 80]]
        assert minutes(ROAD, "AB", "MP", self.WATER) == [[80, np.inf], [np.inf, 80]]

    def test_a_place_in_the_water_reaches_nothing(self):
        assert minutes(ROAD, "N", "ABMP", self.WATER) == [[np.inf] * 4]
        assert minutes(ROAD, "ABMP", "N", self.WATER) == [[np.inf]] * 4

    def test_places_on_one_side_reach_each_other_and_none_on_the_other(self):
        network = with_places(draw_network("A---------B"), M=10, N=30, P=80)
        assert minutes(network, "M", "NP", self.WATER) == [[60 + 20 + 60, np.inf]]

    def test_two_waters_leave_the_dry_part_between_them(self):
        more = Disruption(disruption_id="e", kind="flood", what=closed_area(90, 95).what,
                          effects=(Closure(),))  # fmt: skip
        network = with_places(draw_network("A---------B"), M=10, N=70, P=80)
        assert minutes(network, "N", "MPAB", self.WATER, more) == [
            [np.inf, 60 + 10 + 60, np.inf, np.inf]
        ]

    def test_a_road_closed_by_its_id_is_closed_all_along(self):
        whole = Disruption(disruption_id="w", kind="road", what=Selection(edge_ids=("A-B",)),
                           effects=(Closure(),))  # fmt: skip
        assert minutes(ROAD, "M", "ANP", whole) == [[np.inf] * 3]
        assert minutes(ROAD, "M", "ANP", whole, self.WATER) == [[np.inf] * 3]


def test_who_is_there_already_needs_no_way():
    shut = Disruption(disruption_id="w", kind="road", what=Selection(edge_ids=("A-B",)),
                      effects=(Closure(),))  # fmt: skip
    assert minutes(ROAD, "M", "M") == minutes(ROAD, "M", "M", shut) == [[0]]
