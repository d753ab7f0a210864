"""Places far off the road: attached on foot, and what the questions then answer."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from mobility_geo.errors import CRSError, InputError, UnknownIdError
from mobility_geo.network import audit_network
from mobility_geo.network.accesses import MAX_ACCESSES
from mobility_geo.network.friction import FLAT_KPH, tobler_factor
from mobility_geo.network.walking import add_walks, attach_by_walking, walk_to_places
from mobility_geo.outcomes import find_stranded
from mobility_geo.routing import skim_matrix
from mobility_geo.scenario import Closure, Disruption, Scenario, Selection, TravellerClass
from mobility_geo.schema import ACCESSES, FINDINGS, check_table
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.drawing import CRS

DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")
ROAD = draw_network("A---------B")  # 100 km along y = 0


def with_places(network, country="AAA", people=500, **where):
    """Return the network with more places, in km, attached to nothing."""
    more = gpd.GeoDataFrame(
        {"place_id": list(where), "name": list(where), "kind": "settlement", "country": country,
         "population_persons": float(people), "approximate": False, "source": "drawn"},
        geometry=[shapely.Point(x * 1e3, y * 1e3) for x, y in where.values()], crs=CRS,
    )  # fmt: skip
    return network.replace_tables(places=pd.concat([network.places, more], ignore_index=True))


def with_rivers(network, *lines, barrier=True):
    rivers = gpd.GeoDataFrame(
        {"waterway_id": [f"w{i}" for i in range(len(lines))], "barrier": barrier, "source": "x"},
        geometry=[shapely.LineString(np.array(line) * 1e3) for line in lines], crs=CRS,
    )  # fmt: skip
    return network.replace_tables(waterways=rivers)


def attach(network, **options):
    return attach_by_walking(network, **{"resolution_m": 500.0, **options})


def rows_of(network, place_id="V"):
    rows = network.accesses[network.accesses["place_id"] == place_id]
    return rows.sort_values("along_m", ignore_index=True)


def status(network, *disruptions, people=None):
    case = build_case(network, people or {"V": 100}, "B", disruptions=disruptions)
    return find_stranded(case)["status"].tolist()


def closing(*edges):
    return Disruption(disruption_id="d", kind="flood", what=Selection(edge_ids=edges),
                      effects=(Closure(),))  # fmt: skip


def dem(tmp_path, slope):
    """Write elevations that rise to the north, up to 40 km on both sides of the road."""
    north = 100_000 - (np.arange(200) + 0.5) * 1_000
    values = np.repeat(4_400 + slope * np.clip(north, -4e4, 4e4)[:, None], 300, axis=1).astype(
        "float32"
    )
    file = tmp_path / "dem.tif"
    with rasterio.open(
        file, "w", driver="GTiff", count=1, height=200, width=300, dtype="float32",
        crs=rasterio.crs.CRS.from_wkt(CRS.to_wkt()),
        transform=Affine(1_000.0, 0.0, -100_000.0, 0.0, -1_000.0, 100_000.0),
    ) as raster:  # fmt: skip
        raster.write(values, 1)
    return file


# ------------------------------------------------------------------ attaching
def test_a_village_20_km_off_the_road_is_no_longer_unknown():
    far = with_places(ROAD, V=(40, 20))
    assert status(far) == ["unknown"]
    made, findings = attach(far)
    assert status(made) == ["can_reach"]
    assert status(made, closing("A-B")) == ["stranded"]
    found = check_table(findings, FINDINGS).iloc[0]
    assert found[["check", "id", "persons"]].tolist() == ["attached on foot", "V", 500]
    assert found["value"] == pytest.approx(20_000, rel=0.01)
    assert found["finding"].startswith("20.0 km off the road to 'A-B', 6.6 h of walking")
    assert "not attached" not in set(audit_network(made)["check"])


def test_it_reaches_both_ends_of_the_edge_from_where_the_walk_ends():
    made = attach(with_places(ROAD, V=(40, 20)))[0]
    rows = rows_of(made)
    assert rows["node_id"].tolist() == ["A", "B"]
    assert rows["edge_id"].tolist() == ["A-B", "A-B"]
    assert rows["off_road_m"].to_numpy() == pytest.approx(20_000, rel=0.01)
    assert rows["off_road_flat_m"].to_numpy() == pytest.approx(20_000, rel=0.01)
    assert rows["along_m"].sum() == pytest.approx(100_000, abs=0.2)
    assert rows["along_m"].iloc[0] == pytest.approx(40_000, abs=600)
    line = rows.geometry.iloc[0]
    assert line.coords[0] == (40_000, 20_000)
    assert line.coords[-1] == (0, 0)
    check_table(made.accesses, ACCESSES)


def test_time_is_taken_from_flat_metres_and_length_from_the_way(tmp_path):
    far = with_places(ROAD, V=(40, 20), W=(40, -20))
    made = attach(far, elevation=dem(tmp_path, 0.1), max_hours=14)[0]
    quiet = Scenario(name="s", when=DAY, start=DAY, end=DAY)
    for place, slope in (("V", -0.1), ("W", 0.1)):  # V walks down to the road, W up
        rows = rows_of(made, place)
        flat_m = 20_000 * float(tobler_factor(slope))
        assert rows["off_road_m"].to_numpy() == pytest.approx(20_000, rel=0.01)
        assert rows["off_road_flat_m"].to_numpy() == pytest.approx(flat_m, rel=0.02)
        ride = rows["along_m"].iloc[1] / 1_000  # min, at 60 km/h
        found = skim_matrix(made, quiet, [place], ["B"], traveller=TRUCK)
        expected = rows["off_road_flat_m"].iloc[0] / 3_000 * 60 + ride
        assert found[0, 0] == pytest.approx(expected, abs=0.01)
        length = skim_matrix(made, quiet, [place], ["B"], traveller=TRUCK, impedance="length_m")
        assert length[0, 0] == pytest.approx(
            rows["off_road_m"].iloc[0] + rows["along_m"].iloc[1], abs=1
        )
    plain = made.replace_tables(accesses=made.accesses.drop(columns="off_road_flat_m"))
    found = skim_matrix(plain, quiet, ["V"], ["B"], traveller=TRUCK)
    rows = rows_of(made, "V")
    assert found[0, 0] == pytest.approx(
        rows["off_road_m"].iloc[0] / 50 + rows["along_m"].iloc[1] / 1_000, abs=0.01
    )


def test_a_longer_walk_than_the_limit_leaves_it_unknown_and_says_so():
    far = with_places(ROAD, V=(40, 20))
    made, findings = attach(far, max_hours=20 / FLAT_KPH * 0.95)
    assert made.content_hash() == far.content_hash()
    found = findings.iloc[0]
    assert found[["check", "severity", "persons"]].tolist() == [
        "out of reach on foot", "warning", 500
    ]  # fmt: skip
    assert status(attach(far, max_hours=20 / FLAT_KPH * 1.05)[0]) == ["can_reach"]


def test_no_way_leads_across_a_river_and_around_its_end_it_does():
    far = with_places(ROAD, V=(40, 20))
    across = [(-300, 10), (300, 11)]
    assert status(attach(with_rivers(far, across))[0]) == ["unknown"]
    assert status(attach(with_rivers(far, across, barrier=False))[0]) == ["can_reach"]
    ford = gpd.GeoSeries([shapely.Point(50_000, 10_500).buffer(700)], crs=CRS)
    forded = attach(with_rivers(far, across), fords=ford)[0]
    assert rows_of(forded)["off_road_m"].iloc[0] == pytest.approx(
        np.hypot(10_000, 9_500) + 10_500, rel=0.04
    )
    short = attach(with_rivers(far, [(-300, 10), (45, 10)]))[0]
    way = rows_of(short)
    assert way["off_road_m"].iloc[0] == pytest.approx(np.hypot(5_000, 10_000) + 10_000, rel=0.04)
    assert not way.geometry.iloc[0].crosses(short.waterways.geometry.iloc[0])
    lake = gpd.GeoDataFrame(geometry=[shapely.box(-3e5, 9e3, 3e5, 1e4)], crs=CRS)
    assert status(attach(far, water=lake.to_crs(4326))[0]) == ["unknown"]


def test_no_way_leads_into_another_country():
    two = draw_network("A----b#c----D")
    home = shapely.MultiPolygon([shapely.box(-1e5, -1e5, 6e4, 1e5)])
    abroad = shapely.MultiPolygon([shapely.box(6e4, -1e5, 3e5, 1e5)])
    zones = two.zones.sort_values("pcode").set_geometry([home, abroad], crs=CRS)
    far = with_places(two.replace_tables(zones=zones), V=(58, 20), W=(62, 20))
    far = far.replace_tables(
        places=far.places.assign(country=far.places["country"].mask(
            (far.places["place_id"] == "W").to_numpy(), "BBB"))
    )  # fmt: skip
    made = attach(far)[0]
    assert set(rows_of(made, "V")["node_id"]) == {"b"}
    assert set(rows_of(made, "W")["node_id"]) == {"c"}
    assert not shapely.intersects(
        rows_of(made, "V").geometry.to_numpy(), shapely.box(6.03e4, 1e3, 3e5, 1e5)
    ).any()


def test_a_road_abroad_is_not_reached_though_it_is_nearer():
    """Zones need not cover the land: the nodes of the road tell whose it is."""
    made = attach(with_places(draw_network("A----b#c----D"), V=(75, 8)))[0]
    assert set(rows_of(made)["node_id"]) == {"b"}


def test_a_strip_of_another_country_is_not_walked_through():
    far = with_places(ROAD, V=(40, 20))
    strip = shapely.MultiPolygon([shapely.box(-3e5, 9e3, 3e5, 11e3)])
    abroad = far.zones.iloc[[0]].assign(pcode="BBB1", country="BBB").set_geometry([strip], crs=CRS)
    both = far.replace_tables(zones=pd.concat([far.zones, abroad], ignore_index=True))
    assert status(attach(both)[0]) == ["unknown"]


def test_a_walk_that_ends_at_a_town_may_take_any_road_from_there():
    star = draw_network("""
    A----B----C
         |
         D
    """)
    made = attach(with_places(star, V=(50, 20)))[0]
    rows = made.accesses[made.accesses["place_id"] == "V"]
    assert rows.loc[rows["edge_id"].isna(), "node_id"].tolist() == ["B"]
    assert status(made.replace_tables(), closing("A-B")) == ["can_reach"]
    assert len(rows) <= MAX_ACCESSES


def test_places_with_an_access_are_left_alone_unless_asked():
    network = with_places(ROAD, V=(40, 20), N=(60, 5))
    near = attach(network, places=["N"])[0]
    assert set(near.accesses["place_id"]) == {"A", "B", "N"}
    both = attach(near)[0]
    pd.testing.assert_frame_equal(
        pd.DataFrame(rows_of(both, "N").drop(columns="geometry")),
        pd.DataFrame(rows_of(near, "N").drop(columns="geometry")),
    )
    bog = gpd.GeoDataFrame(geometry=[shapely.box(55e3, 1e3, 65e3, 2e3)], crs=CRS)
    again = attach(near, water=bog, only_unattached=False)[0]
    assert rows_of(again, "N")["off_road_m"].iloc[0] > rows_of(near, "N")["off_road_m"].iloc[0]
    for town in "AB":  # they stand at a node
        assert rows_of(again, town)["off_road_flat_m"].isna().all()


@settings(max_examples=10)
@given(
    x=st.floats(5, 95), y=st.floats(1, 34),
    river=st.lists(st.tuples(st.floats(0, 100), st.floats(1, 30)), min_size=2, max_size=4,
                   unique=True),
)  # fmt: skip
def test_whatever_the_river_a_way_is_dry_and_not_shorter_than_the_straight_line(x, y, river):
    network = with_rivers(with_places(ROAD, V=(x, y)), river)
    made = attach(network, resolution_m=2_000.0)[0]
    for row in rows_of(made).itertuples():
        end = -1 if pd.notna(row.edge_id) else None
        walked = shapely.LineString(row.geometry.coords[:end])
        assert not walked.intersects(network.waterways.geometry.iloc[0])
        assert row.off_road_m >= y * 1_000 * 0.999 - 1
        assert row.off_road_flat_m <= 12.0 * FLAT_KPH * 1_000 * 1.001 + 2_000
        assert row.off_road_flat_m == pytest.approx(row.off_road_m, rel=1e-3)


def test_the_order_of_places_and_windows_makes_no_difference():
    many = {f"p{i:02}": (7.0 * i, 3.0 + 2.0 * (i % 9)) for i in range(14)}
    one = attach(with_places(ROAD, **many))[0]
    other = attach(with_places(ROAD, **dict(reversed(many.items()))))[0]
    assert one.content_hash() == other.content_hash()
    alone = attach(with_places(ROAD, **many), places=["p05"])[0]
    assert rows_of(alone, "p05")["off_road_m"].tolist() == pytest.approx(
        rows_of(one, "p05")["off_road_m"].tolist()
    )


def test_ground_that_is_not_known_is_told_and_a_raster_elsewhere_refused(tmp_path):
    far = with_places(ROAD, V=(40, 20))
    file = dem(tmp_path, 0.0)
    _, findings = attach(far, elevation=file)
    assert findings["check"].tolist() == ["attached on foot"]
    _, findings = attach(with_places(ROAD, V=(-90, 20)), elevation=file, max_hours=33.0)
    assert findings["check"].tolist() == ["no elevation", "attached on foot"]
    assert 0.1 < findings["value"].iloc[0] < 0.9
    with pytest.raises(InputError, match=r"dem\.tif: covers"):
        attach(with_places(ROAD, V=(900, 20)), elevation=file)


def test_wrong_arguments_are_refused():
    far = with_places(ROAD, V=(40, 20))
    with pytest.raises(InputError, match="max_hours must be > 0 h"):
        attach(far, max_hours=0)
    with pytest.raises(InputError, match="resolution_m must be > 0 m"):
        attach(far, resolution_m=-1)
    with pytest.raises(UnknownIdError, match="no place 'X'"):
        attach(far, places=["X"])
    with pytest.raises(CRSError, match="water"):
        attach(far, water=gpd.GeoSeries([shapely.Point(0, 0)]))
    with pytest.raises(InputError, match="did you mean 'max_hours'"):
        walk_to_places(far, ["V"], ["A"], maxhours=3)
    with pytest.raises(InputError, match="nearest"):
        add_walks(far, ["V"], ["A"], nearest=0)


def test_progress_is_told():
    heard = []
    attach(with_places(ROAD, V=(40, 20)), progress=lambda _, share: heard.append(share))
    assert heard[-1] == 1.0
    assert heard == sorted(heard)


# ------------------------------------------------------------------ from place to place
def test_from_a_village_straight_to_a_station_in_the_bush(tmp_path):
    far = with_places(ROAD, V=(40, 20), S=(50, 30), T=(80, 60))
    options = {"elevation": dem(tmp_path, 0.1), "resolution_m": 500.0}
    walks = walk_to_places(far, ["V"], ["S", "T", "V"], **options)
    assert walks[["origin_id", "destination_id"]].to_numpy().tolist() == [["V", "S"]]
    straight = float(np.hypot(10_000, 10_000))
    up, down = tobler_factor([0.1 / np.sqrt(2), -0.1 / np.sqrt(2)])
    assert walks["length_m"].iloc[0] == pytest.approx(straight, rel=0.01)
    assert walks["flat_m"].iloc[0] == pytest.approx(straight * up, rel=0.02)
    assert walks["time_min"].iloc[0] == pytest.approx(straight * up / 1e3 / FLAT_KPH * 60, rel=0.02)
    back = walk_to_places(far, ["S"], ["V"], **options)
    assert back["flat_m"].iloc[0] == pytest.approx(straight * down, rel=0.02)


def walkers(network):
    modes = network.profiles["modes"].mask(
        (network.profiles["profile"] == "foot").to_numpy(), "road|track|crossing|walk"
    )
    pace = pd.DataFrame([{"profile": "foot", "kind": "walk", "road_class": "none",
                          "surface": "none", "speed_kph": 3.0, "source": "drawn"}])  # fmt: skip
    return network.replace_tables(
        profiles=network.profiles.assign(modes=modes),
        speeds=pd.concat([network.speeds, pace], ignore_index=True),
    )


def test_walks_are_edges_that_closures_act_on():
    far = walkers(with_places(ROAD, V=(40, 20), S=(50, 30)))
    made = add_walks(far, ["V"], ["S"], resolution_m=500.0)
    edges = made.edges[made.edges["kind"] == "walk"]
    assert edges["edge_id"].tolist() == ["walk-S-V", "walk-V-S"]
    assert edges["length_m"].to_numpy() == pytest.approx(np.hypot(10_000, 10_000), rel=0.01)
    on_foot = [{"place_id": "V", "persons": 10, "profile": "foot"}]

    def after(*closed):
        case = build_case(made, on_foot, "S", disruptions=[closing(*closed)] if closed else [])
        return find_stranded(case)["status"].tolist()

    assert after() == ["can_reach"]
    assert after("walk-V-S") == ["stranded"]
    assert after("walk-S-V") == ["can_reach"]
    assert add_walks(far, ["V"], ["S"], max_hours=1.0, resolution_m=500.0) is far


def test_the_time_of_a_walk_is_right_uphill_and_never_too_short(tmp_path):
    far = with_places(ROAD, V=(40, 20), S=(40, 30))
    made = add_walks(far, ["V"], ["S"], resolution_m=500.0, elevation=dem(tmp_path, 0.1))
    length_m = made.edges.set_index("edge_id")["length_m"]
    assert length_m["walk-V-S"] == pytest.approx(10_000 * tobler_factor(0.1), rel=0.02)
    gentle = add_walks(far, ["V"], ["S"], resolution_m=500.0, elevation=dem(tmp_path, 0.05))
    length_m = gentle.edges.set_index("edge_id")["length_m"]
    assert length_m["walk-S-V"] == pytest.approx(10_000, rel=0.015)
    assert not (audit_network(gentle)["severity"] == "error").any()


def test_places_at_a_node_keep_it_and_only_the_nearest_are_joined():
    many = {"S": (44, 20), "T": (48, 20), "U": (52, 20)}
    far = with_places(ROAD, V=(40, 20), **many)
    made = add_walks(far, ["V"], list(many), nearest=2, resolution_m=500.0)
    walks = made.edges.loc[made.edges["kind"] == "walk", "edge_id"]
    assert walks.tolist() == ["walk-S-V", "walk-T-V", "walk-V-S", "walk-V-T"]
    home = add_walks(with_places(ROAD, V=(0, 20)), ["V"], ["A"], resolution_m=500.0)
    assert set(home.edges.loc[home.edges["kind"] == "walk", "to_node_id"]) == {"A", "walk-V"}
    assert len(home.nodes) == len(ROAD.nodes) + 1
