"""How places attach: at nodes, along edges from both ends, never across a river."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import Phase, given, settings

from mobility_geo.network import attach_places
from mobility_geo.network.accesses import AT_NODE_M, ATTACH_KINDS, MAX_ACCESSES
from mobility_geo.routing import access_set, skim_matrix
from mobility_geo.scenario import (
    Closure,
    Disruption,
    Scenario,
    Selection,
    TravellerClass,
    conditions,
)
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import CRS
from mobility_geo.testing.strategies import networks

DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")
ROAD = draw_network("A---------B")  # 100 km along y = 0


def points(**where):
    return gpd.GeoDataFrame(
        {"place_id": list(where), "country": "AAA"},
        geometry=[shapely.Point(xy) for xy in where.values()],
        crs=CRS,
    )


def rivers(*lines, barrier=True):
    return gpd.GeoDataFrame(
        {"waterway_id": [f"w{i}" for i in range(len(lines))],
         "barrier": np.full(len(lines), barrier), "source": "x"},
        geometry=[shapely.LineString(line) for line in lines], crs=CRS,
    )  # fmt: skip


def attach(network, where, *lines, barrier=True, **options):
    made = attach_places(
        points(**where), network.nodes, network.edges, rivers(*lines, barrier=barrier), **options
    )
    columns = ["place_id", "node_id", "edge_id", "off_road_m", "along_m"]
    return [tuple(None if pd.isna(v) else v for v in row) for row in made[columns].to_numpy()]


def with_place(network, x, y, place_id="M"):
    """Return the network with one more place, attached anew."""
    more = gpd.GeoDataFrame(
        {"place_id": [place_id], "name": ["Mid"], "kind": ["settlement"], "country": ["AAA"],
         "approximate": [False], "source": ["x"]}, geometry=[shapely.Point(x, y)], crs=CRS,
    )  # fmt: skip
    places = pd.concat([network.places, more], ignore_index=True)
    return network.replace_tables(
        places=places,
        accesses=attach_places(places, network.nodes, network.edges, network.waterways),
    )


def quiet(*disruptions):
    return Scenario(name="s", when=DAY, start=DAY, end=DAY, disruptions=disruptions)


def test_a_place_at_a_node_has_that_access_only():
    assert attach(ROAD, {"X": (0, AT_NODE_M)}) == [("X", "A", None, 100.0, 0.0)]
    assert len(attach(ROAD, {"X": (0, 1.01 * AT_NODE_M)})) == 2


def test_a_place_beside_an_edge_reaches_both_its_ends():
    assert attach(ROAD, {"X": (30_000, -4_000)}) == [
        ("X", "A", "A-B", 4_000.0, 30_000.0),
        ("X", "B", "A-B", 4_000.0, 70_000.0),
    ]


def test_the_way_along_is_in_metres_on_the_ground_not_of_the_drawing():
    winding = ROAD.replace_tables(edges=ROAD.edges.assign(length_m=150_000.0))
    assert [row[4] for row in attach(winding, {"X": (30_000, 4_000)})] == [45_000.0, 105_000.0]


def test_beyond_the_limit_there_is_no_access():
    assert len(attach(ROAD, {"X": (50_000, 15_000)})) == 2
    assert attach(ROAD, {"X": (50_000, 15_001)}) == []
    assert len(attach(ROAD, {"X": (50_000, 15_001)}, max_distance_m=15_001)) == 2
    assert attach(ROAD, {"X": (50_000, 1_000)}, max_distance_m=0) == []


def test_a_village_that_only_boats_reach_is_attached_at_its_node():
    """In the inner delta no road leads anywhere; the place stands at the node all the same."""
    network = draw_network("A---B~~~C")
    assert attach(network, {"X": (80_000, 0)}) == [("X", "C", None, 0.0, 0.0)]


def test_the_nearest_edges_come_first_and_three_accesses_at_most():
    network = draw_network("""
    A----B
    |    |
    |    |
    C----D
    """)
    made = attach(network, {"X": (44_000, -13_000)}, max_distance_m=50_000)
    assert [row[1] for row in made] == ["D", "C", "B"][:MAX_ACCESSES] or len(made) == 3
    nearest = {row[2]: row[3] for row in made}
    assert nearest["B-D"] == 6_000.0
    assert list(nearest.values()) == sorted(nearest.values())
    assert len({row[1] for row in made}) == len(made) == MAX_ACCESSES


@pytest.mark.parametrize("barrier", [True, False])
def test_a_river_between_place_and_road_is_not_crossed_unless_it_can_be(barrier):
    river = [(-10_000, -2_000), (200_000, -2_000)]
    made = attach(ROAD, {"X": (50_000, -4_000)}, river, barrier=barrier)
    assert made == [] if barrier else len(made) == 2
    assert len(attach(ROAD, {"X": (50_000, -1_000)}, river, barrier=barrier)) == 2


def test_the_road_on_this_side_is_taken_even_if_it_is_farther():
    network = draw_network("""
    A------B

    C------D
    """, countries=dict.fromkeys("ABCD", "AAA"))  # fmt: skip
    river = [(-50_000, -8_000), (200_000, -8_000)]
    made = attach(network, {"X": (35_000, -9_000)}, river, max_distance_m=20_000)
    assert {row[1] for row in made} == {"C", "D"}


def test_a_river_between_a_place_and_the_node_beside_it_is_not_crossed():
    river = [(-10_000, -50), (200_000, -50)]
    assert attach(ROAD, {"X": (0, -90)}, river) == []


def test_a_node_at_the_bank_can_be_reached_from_its_side():
    river = [(-10_000, 0), (200_000, 0)]
    assert attach(ROAD, {"X": (0, -90)}, river) == [("X", "A", None, 90.0, 0.0)]


def test_people_do_not_board_boats_between_ports_nor_enter_borders_between_posts():
    network = draw_network("""
    A---b#####c---C

    D~~~~~E
    """, countries=dict.fromkeys("AbDE", "AAA") | dict.fromkeys("cC", "BBB"))  # fmt: skip
    assert set(ATTACH_KINDS).isdisjoint({"river", "crossing", "ferry", "transfer"})
    made = attach(network, {"river": (30_000, -21_000), "border": (70_000, 500)})
    assert {row[2] for row in made} <= {"A-b", "c-C"}


class TestOneWay:
    NETWORK = with_place(draw_network("A---->-----B---C"), 40_000, -1_000)

    def test_a_place_on_a_one_way_street_is_left_in_its_direction_only(self):
        found = skim_matrix(self.NETWORK, quiet(), ["M"], ["A", "B", "C"], traveller=TRUCK)
        assert found[0].tolist() == [np.inf, pytest.approx(90.0), pytest.approx(130.0)]

    def test_a_place_on_a_one_way_street_is_reached_in_its_direction(self):
        found = skim_matrix(self.NETWORK, quiet(), ["A", "B", "C"], ["M"], traveller=TRUCK)
        assert found[:, 0].tolist() == [pytest.approx(60.0), np.inf, np.inf]


def test_both_directions_along_an_edge_take_their_share_of_it():
    """1 km off the road at 3 km/h is 20 min; a truck makes 60 km/h."""
    network = with_place(ROAD, 30_000, -1_000)
    found = skim_matrix(network, quiet(), ["M", "A", "B"], ["M", "A", "B"], traveller=TRUCK)
    assert found[0, 1:].tolist() == found[1:, 0].tolist() == [20 + 30, 20 + 70]


def test_a_closed_edge_is_never_entered_from_a_place_on_it():
    network = with_place(draw_network("A---------B---C"), 30_000, -1_000)
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),), source="x",
                      what=Selection(edge_ids=("A-B",)))  # fmt: skip
    costs = conditions(network, quiet(shut), None, TRUCK).dense()
    for leaving in (True, False):
        assert not access_set(network, costs, ["M"], leaving=leaving).attached()[0]
    assert np.isinf(
        skim_matrix(network, quiet(shut), ["M"], ["A", "B", "C"], traveller=TRUCK)
    ).all()
    assert np.isinf(
        skim_matrix(network, quiet(shut), ["A", "B", "C"], ["M"], traveller=TRUCK)
    ).all()


def test_an_edge_closed_in_one_direction_is_entered_in_the_other():
    network = with_place(ROAD, 30_000, -1_000)
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),), source="x",
                      what=Selection(edge_ids=("A-B",), direction="forward"))  # fmt: skip
    assert np.isfinite(
        skim_matrix(network, quiet(shut), ["M"], ["A", "B"], traveller=TRUCK)
    ).tolist() == [[True, False]]
    assert np.isfinite(
        skim_matrix(network, quiet(shut), ["A", "B"], ["M"], traveller=TRUCK)
    ).tolist() == [[False], [True]]


def test_an_edge_closed_to_a_profile_is_not_entered_by_it():
    """The road beside the place is closed to trucks; the other one near it is not."""
    network = draw_network("""
    A---------B
    C---------D
    """, countries=dict.fromkeys("ABCD", "AAA"))  # fmt: skip
    network = with_place(network, 50_000, -4_000)
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),), source="x",
                      what=Selection(edge_ids=("A-B",)))  # fmt: skip
    assert np.isfinite(skim_matrix(network, quiet(shut), ["M"], ["C"], traveller=TRUCK))[0, 0]


@given(network=networks())
@settings(max_examples=12, phases=(Phase.explicit, Phase.generate))
def test_every_access_is_as_it_is_drawn(network):
    """The line runs from the place to its foot point, within the limit, over no barrier."""
    places = network.places.set_index("place_id").geometry
    nodes = network.nodes.set_index("node_id").geometry
    edges = network.edges.set_index("edge_id")
    barriers = network.waterways[network.waterways["barrier"]].geometry
    for row in network.accesses.itertuples():
        stops = [shapely.Point(xy) for xy in row.geometry.coords]
        assert stops[0].equals(places[row.place_id])
        assert stops[-1].equals(nodes[row.node_id])
        assert row.off_road_m == pytest.approx(stops[0].distance(stops[1]), abs=0.051)
        assert row.off_road_m <= 15_000
        if isinstance(row.edge_id, str):
            edge = edges.loc[row.edge_id]
            assert edge["kind"] in ATTACH_KINDS
            assert edge.geometry.distance(stops[1]) < 1e-6
            assert row.node_id in {edge["from_node_id"], edge["to_node_id"]}
            assert 0 <= row.along_m <= edge["length_m"] + 0.1
            assert not barriers.crosses(shapely.LineString(stops[:2])).any()
        else:
            assert row.along_m == 0
    per_place = network.accesses.groupby("place_id").size()
    assert per_place.max() <= MAX_ACCESSES if len(per_place) else True
    both = network.accesses[network.accesses["edge_id"].notna()]
    for (_, edge_id), rows in both.groupby(["place_id", "edge_id"]):
        if len(rows) == 2:
            assert rows["along_m"].sum() == pytest.approx(edges.loc[edge_id, "length_m"], abs=0.2)
