"""Places off the road: what closes, slows or endangers the walk to it strands people as well."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from mobility_geo.errors import UnknownIdError
from mobility_geo.network import attach_places
from mobility_geo.outcomes import explain, find_stranded
from mobility_geo.routing import find_ways
from mobility_geo.scenario import (
    Closure,
    DepthCurve,
    DepthSpeed,
    Disruption,
    Exposure,
    RiskCost,
    Selection,
    SpeedFactor,
    Stretches,
    TravellerClass,
    event_exposure,
    flood_from_depth,
    flood_from_extent,
)
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.drawing import CRS


def village(name, x, y):
    return {"place_id": name, "name": f"Village {name}", "kind": "settlement", "country": "AAA",
            "approximate": False, "source": "drawn", "geometry": shapely.Point(x, y)}  # fmt: skip


def with_villages(network, *villages):
    more = gpd.GeoDataFrame(list(villages), geometry="geometry", crs=CRS)
    places = pd.concat([network.places, more], ignore_index=True)
    return network.replace_tables(
        places=places,
        accesses=attach_places(places, network.nodes, network.edges, network.waterways),
    )


# V lies 9 km north of the road, W as far south of it
NETWORK = with_villages(
    draw_network("A----C----B"), village("V", 20_000, 9_000), village("W", 80_000, -9_000)
)
WALKS = {
    place: tuple(NETWORK.accesses.loc[NETWORK.accesses["place_id"] == place, "access_id"])
    for place in "VW"
}


def area(west, south, east, north):
    shape = shapely.segmentize(shapely.box(west, south, east, north), 1_000)
    return Selection(area=gpd.GeoSeries([shape], crs=CRS).to_crs(4326).iloc[0])


TRUCK = TravellerClass(profile="truck", nationality="AAA")
NORTH = area(10_000, 3_000, 30_000, 6_000)
"""Between V and the road, and on no edge."""


def hit(what, *effects, kind="insecurity"):
    return Disruption(disruption_id="x", kind=kind, what=what, effects=effects or (Closure(),))


def measured(quantity, value, *effects, place="V", kind="flood"):
    size = len(WALKS[place])
    stretches = Stretches(
        quantity=quantity, edge_ids=np.array(WALKS[place], dtype=object),
        start=np.full(size, 0.25), end=np.full(size, 0.75), value=np.full(size, value),
    )  # fmt: skip
    return hit(Selection(stretches=stretches), *effects, kind=kind)


def answer(*disruptions, people="V", to="B", **limits):
    rows = [{"place_id": people, "persons": 10, **limits}]
    return build_case(NETWORK, rows, to, disruptions=disruptions)


def way(*disruptions, origin="V", to="B"):
    scenario = answer(*disruptions).scenario
    return find_ways(NETWORK, scenario, [origin], [to], traveller=TRUCK)


def test_a_closed_area_between_a_village_and_the_road_strands_its_people():
    assert find_stranded(answer())["status"].tolist() == ["can_reach"]
    found = find_stranded(answer(hit(NORTH))).iloc[0]
    assert (found["status"], found["cause"]) == ("stranded", "insecurity")
    assert (found["held_name"], found["held_kind"]) == ("Village V", "settlement")
    assert pd.isna(found["held_node_id"])
    # from the other village the same area is far away
    assert find_stranded(answer(hit(NORTH), people="W"))["status"].tolist() == ["can_reach"]


def test_a_destination_off_the_road_is_closed_as_well_and_people_are_held_where_the_road_ends():
    assert find_stranded(answer(people="A", to="V"))["status"].tolist() == ["can_reach"]
    found = find_stranded(answer(hit(NORTH), people="B", to="V")).iloc[0]
    assert found["status"] == "stranded"
    assert found["held_node_id"] in {"A", "C"}


def test_the_words_name_what_closes_the_walk():
    case = answer(hit(NORTH))
    assert "x (closed)" in str(explain(case, "V"))


@pytest.mark.parametrize(
    ("narrow", "hits"),
    [({}, True), ({"edge_kinds": ("walk",)}, True), ({"edge_kinds": ("road", "walk")}, True),
     ({"countries": ("AAA",)}, True), ({"place_ids": ("V",)}, True),
     ({"edge_kinds": ("road", "track")}, False), ({"surfaces": ("paved",)}, False),
     ({"road_classes": ("primary",)}, False),
     ({"place_ids": ("A",)}, False), ({"direction": "forward"}, False)],
    ids=str,
)  # fmt: skip
def test_who_speaks_of_roads_means_roads(narrow, hits):
    what = Selection(area=NORTH.area, **narrow)
    assert find_ways_open(hit(what)) is not hits


def find_ways_open(*disruptions):
    return bool(way(*disruptions).reachable()[0, 0])


def test_it_costs_time_and_risk_by_the_length_that_is_hit():
    usual, slow = way(), way(hit(NORTH, SpeedFactor(0.5)))
    off_road_kph = NETWORK.profiles.set_index("profile")["off_road_kph"]["truck"]
    more = slow.total("time_min")[0, 0] - usual.total("time_min")[0, 0]
    assert more == pytest.approx(3.0 / off_road_kph * 60, rel=1e-3)  # 3 of the 9 km
    risky = way(hit(NORTH, RiskCost(0.01)))
    assert risky.total("risk")[0, 0] == pytest.approx(0.03, rel=1e-3)
    seen = way(measured("exposure", 2.0, Exposure(risk_per_exposure=0.01), kind="insecurity"))
    assert seen.total("risk")[0, 0] == pytest.approx(0.02 * 4.5, rel=1e-3)


@pytest.mark.parametrize(("depth", "passes"), [(0.2, True), (0.5, False)])
def test_deep_water_on_the_walk_stops_people(depth, passes):
    curve = DepthCurve(curve="c", vehicle_class="all", profiles=("truck",), impassable_m=0.3)
    assert find_ways_open(measured("depth_m", depth, DepthSpeed(curves=(curve,)))) is passes


def test_stretches_of_what_is_not_there_are_an_error_that_names_it():
    stretches = Stretches(
        quantity="exposure", edge_ids=np.array(["access/V/9"], dtype=object),
        start=np.array([0.0]), end=np.array([1.0]), value=np.array([1.0]),
    )  # fmt: skip
    with pytest.raises(UnknownIdError, match="access/V/9"):
        way(hit(Selection(stretches=stretches), Exposure(), kind="insecurity"))


def test_dates_and_people_count_off_the_road_too():
    other = Disruption(disruption_id="x", kind="flood", what=NORTH, effects=(Closure(),),
                       end=dt.date(2000, 1, 1))  # fmt: skip
    assert find_ways_open(other)


def test_incidents_beside_the_walk_count_along_it():
    spot = gpd.GeoSeries([shapely.Point(20_000, 4_500)], crs=CRS).to_crs(4326)
    events = gpd.GeoDataFrame(
        {"event_id": ["e"], "event_date": pd.to_datetime(["2013-01-10"]), "event_type": ["Battles"],
         "sub_event_type": ["Armed clash"], "fatalities_persons": [3.0], "geo_precision": [1],
         "source": ["made up"]}, geometry=spot,
    )  # fmt: skip
    exposed = event_exposure(NETWORK, events, dt.date(2013, 1, 20), bandwidth_km=1.0)
    assert set(exposed.edge_ids) == set(WALKS["V"])
    found = way(hit(Selection(stretches=exposed), Exposure(risk_per_exposure=0.01)))
    assert found.total("risk")[0, 0] > 0


def test_a_depth_raster_is_measured_along_the_walk(tmp_path):
    """Water 1 m deep between the village and the road, and none on the road."""
    depth = np.zeros((40, 40), dtype="float32")
    depth[:12] = 1.0  # 4 km to 10 km north of the road
    file = tmp_path / "depth.tif"
    with rasterio.open(
        file, "w", driver="GTiff", width=40, height=40, count=1, dtype="float32", nodata=-1.0,
        crs=CRS, transform=rasterio.Affine(500, 0, 10_000, 0, -500, 10_000),
    ) as made:  # fmt: skip
        made.write(depth, 1)
    floods = flood_from_depth(NETWORK, file, unit="m")
    assert set(floods[0].what.stretches.edge_ids) == set(WALKS["V"])
    found = find_stranded(answer(*floods)).iloc[0]
    assert (found["status"], found["cause"]) == ("stranded", "flood")
    assert not find_ways_open(*flood_from_extent(NETWORK, file, wet_values=[1]))
    on_roads = flood_from_depth(NETWORK, file, unit="m", edge_kinds=["road", "track"])
    assert not on_roads or not len(on_roads[0].what.stretches)


def test_people_before_a_closed_door_are_not_held_at_the_open_border_that_they_passed():
    drawn = draw_network("A---b#C----D")
    past = drawn.nodes.set_index("node_id").geometry["C"].x + 10_000
    network = with_villages(drawn, {**village("V", past, 9_000), "country": "BBB"})
    shut = hit(area(past - 8_000, 3_000, past + 8_000, 6_000))
    case = build_case(network, [{"place_id": "A", "persons": 10}], "V", disruptions=[shut])
    found = find_stranded(case).iloc[0]
    assert (found["status"], found["cause"]) == ("stranded", "insecurity")
    assert (found["held_node_id"], found["held_kind"]) == ("C", "settlement")
    assert pd.isna(found["held_crossing_id"])
    assert "x (closed)" in str(explain(case, "A"))


def test_the_words_name_the_walk_that_people_used_though_another_one_is_open():
    """From V one road leads to B, the other one nowhere."""
    drawn = draw_network("""
    A----B
    C----D
    """, countries=dict.fromkeys("ABCD", "AAA"))  # fmt: skip
    network = with_villages(drawn, village("V", 25_000, -4_000))
    ways = network.accesses[network.accesses["place_id"] == "V"]
    assert set(ways["edge_id"]) == {"A-B", "C-D"}
    shut = hit(area(20_000, -3_000, 30_000, -1_000))
    case = build_case(network, [{"place_id": "V", "persons": 10}], "B", disruptions=[shut])
    assert find_stranded(case)["status"].tolist() == ["stranded"]
    assert "x (closed)" in str(explain(case, "V"))
