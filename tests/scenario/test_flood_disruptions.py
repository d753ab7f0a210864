"""Floods as disruptions: what depth does to whom, for how long, and on which edges."""

import csv
import datetime as dt
import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio import Affine

from mobility_geo.errors import CalendarError, InputError, ScenarioError, UnknownIdError
from mobility_geo.scenario import (
    Closure,
    DepthCurve,
    DepthSpeed,
    Scenario,
    SpeedFactor,
    TravellerClass,
    conditions,
)
from mobility_geo.scenario.floods import (
    depth_curve_names,
    flood_from_areas,
    flood_from_depth,
    flood_from_extent,
    load_depth_curves,
)
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.floods import measure_flood_depth
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import CRS

DAY = dt.date(2012, 8, 20)
ROAD = draw_network("A---------B")  # 100 km along y = 0, 60 km/h by truck, 6 on foot
RIVER = draw_network("A~~~~~~~~~B")
KM = 1000.0


def curve_of(profile, name="pregnolato2017"):
    (curve,) = [c for c in load_depth_curves(name) if profile in c.profiles]
    return curve


def raster_over(path, depths, *, cell=10 * KM, dtype="float32"):
    """Write depths along the road of the drawing, 10 km each; no border of cells runs along it."""
    values = np.tile(np.asarray(depths, dtype=dtype), (4, 1))
    with rasterio.open(
        path, "w", driver="GTiff", height=4, width=values.shape[1], count=1, dtype=dtype,
        crs=CRS.to_wkt(), transform=Affine(cell, 0, 0, 0, -cell, 1.7 * cell),
    ) as out:  # fmt: skip
        out.write(values, 1)
    return path


def traveller(profile):
    return TravellerClass(profile=profile, nationality="AAA")


def minutes(network, disruptions, profile="truck", when=DAY):
    """Return minutes over the first edge, or None where nobody passes."""
    scenario = Scenario(name="s", when=when, start=when, end=when, disruptions=tuple(disruptions))
    found = conditions(network, scenario, when, traveller(profile)).dense()
    return float(found.time_min[0]) * 0.1 / 60 if found.open[0] else None


# ------------------------------------------------------------------ curves
@pytest.mark.parametrize(
    ("depth_mm", "speed_kph", "formula"),
    [(0, 86.9448, 86.9448), (100, 40.6548, 40.6548), (200, 12.3648, 12.3648), (300, 0.0, 2.0748)],
)
def test_the_default_curve_is_the_published_one_with_its_cut(depth_mm, speed_kph, formula):
    curve = curve_of("truck")
    by_hand = curve.quadratic * depth_mm**2 + curve.linear * depth_mm + curve.constant
    assert by_hand == pytest.approx(formula, abs=1e-9)
    assert float(curve.speed_kph(depth_mm / 1000)) == pytest.approx(speed_kph, abs=1e-9)


@given(st.floats(0, 3), st.floats(0, 3))
def test_deeper_water_is_never_faster(one, other):
    shallow, deep = sorted((one, other))
    for name in depth_curve_names():
        for curve in load_depth_curves(name):
            assert curve.speed_kph(deep) <= curve.speed_kph(shallow) + 1e-9


@pytest.mark.parametrize("name", depth_curve_names())
def test_each_family_has_one_curve_for_every_built_in_profile(name):
    with (data_folder() / "network" / "profiles.csv").open(encoding="utf-8") as file:
        profiles = {row["profile"] for row in csv.DictReader(file)}
    named = [profile for curve in load_depth_curves(name) for profile in curve.profiles]
    assert sorted(named) == sorted(profiles)


def test_every_number_has_a_publication_or_says_that_it_is_assumed():
    for name in depth_curve_names():
        for curve in load_depth_curves(name):
            assert any(word in curve.source for word in ("doi 10.", "AIDR 2017", "assumption: "))
            if curve.navigable_m is not None:
                assert "assumption: " in curve.source
    assert "fitted to cars" in curve_of("truck").source
    assert "assumption: it holds for trucks" in curve_of("truck").source


def test_who_is_weaker_in_water_is_stopped_first():
    assert curve_of("foot_children_elderly").impassable_m < curve_of("foot").impassable_m
    for profile in ("truck", "4x4"):
        assert curve_of(profile).impassable_m < curve_of(profile, "contreras2018").impassable_m
    boats = [p for c in load_depth_curves() if c.navigable_m is not None for p in c.profiles]
    assert sorted(boats) == ["boat_large", "pinasse", "road_and_pinasse"]
    assert curve_of("boat_large").navigable_m > curve_of("pinasse").navigable_m


def test_curves_of_ones_own(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(
        "curve,vehicle_class,profiles,impassable_m,source\nown,tractor,truck,0.9,seen\n"
    )
    assert depth_curve_names(file) == ("own",)
    (curve,) = load_depth_curves("own", file=file)
    assert (curve.impassable_m, curve.constant) == (0.9, None)
    file.with_name("twice.csv").write_text(
        "curve,vehicle_class,profiles,source\nown,a,truck,seen\nown,b,foot|truck,seen\n"
    )
    with pytest.raises(ScenarioError, match="two curves for 'truck'"):
        load_depth_curves("own", file=file.with_name("twice.csv"))


def test_an_unknown_curve_is_refused_with_the_nearest_one():
    with pytest.raises(ScenarioError, match="pregnolato2017"):
        load_depth_curves("pregnolato")


# ------------------------------------------------------------------ depth
def test_shallow_water_slows_a_truck_to_the_curve(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0, 0, 0, 0.1, 0.1, 0, 0, 0, 0, 0])
    (flood,) = flood_from_depth(ROAD, raster, unit="m")
    assert flood.effect_words() == "speed by depth of water (pregnolato2017)"
    # 80 km at 60 km/h and 20 km at v(100 mm)
    assert minutes(ROAD, [flood]) == pytest.approx(80 + 20 / 40.6548 * 60, rel=2e-3)
    assert minutes(ROAD, [flood], "foot") == pytest.approx(minutes(ROAD, [], "foot"))


def test_deep_water_stops_a_truck_and_lets_people_wade(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0, 0, 0, 0.4, 0, 0, 0, 0, 0, 0])
    (flood,) = flood_from_depth(ROAD, raster, unit="m")
    assert minutes(ROAD, [flood]) is None
    assert minutes(ROAD, [flood], "foot") is not None
    (flood,) = flood_from_depth(ROAD, raster, unit="m", curve="aidr2017")
    assert minutes(ROAD, [flood]) is not None


def test_boats_gain_where_roads_lose(tmp_path):
    boat = DepthCurve(curve="own", vehicle_class="boat", profiles=("boat",), impassable_m=1.2,
                      navigable_m=1.0, source="assumption")  # fmt: skip
    deep = raster_over(tmp_path / "d.tif", [2.0] * 12)
    (on_river,) = flood_from_depth(RIVER, deep, unit="m", curve=(boat,))
    assert minutes(RIVER, [on_river], "boat") == pytest.approx(minutes(RIVER, [], "boat"))
    (on_road,) = flood_from_depth(ROAD, deep, unit="m", curve=(boat,))
    assert minutes(ROAD, [on_road], "boat") is None


def test_centimetres_give_the_same_flood(tmp_path):
    metres = raster_over(tmp_path / "m.tif", [0, 0, 0, 0.1, 0.25, 0, 0, 0, 0, 0])
    centimetres = raster_over(tmp_path / "cm.tif", [0, 0, 0, 10, 25, 0, 0, 0, 0, 0], dtype="int16")
    one, other = (
        flood_from_depth(ROAD, raster, unit=unit)[0].what.stretches
        for raster, unit in ((metres, "m"), (centimetres, "cm"))
    )
    assert one.edge_ids.tolist() == other.edge_ids.tolist()
    assert one.value.tolist() == pytest.approx(other.value.tolist())
    assert one.start.tolist() == other.start.tolist()
    with pytest.raises(InputError, match="say the unit"):
        flood_from_depth(ROAD, metres)


def test_what_stands_for_no_data_can_be_said(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0, 9999, 0.5, 0, 0, 0, 0, 0, 0, 0])
    with pytest.raises(InputError, match="nodata="):
        flood_from_depth(ROAD, raster, unit="m")
    (flood,) = flood_from_depth(ROAD, raster, unit="m", nodata=9999)
    assert flood.what.stretches.value.tolist() == [0.5]


def test_only_the_kinds_of_edges_asked_for_are_measured(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0.5] * 12)
    assert flood_from_depth(ROAD, raster, unit="m", edge_kinds=["track"]) == ()
    assert len(flood_from_depth(ROAD, raster, unit="m", edge_kinds=["road"])) == 1
    with pytest.raises(ScenarioError, match=r"unknown edge kind 'roads'.*'road'"):
        flood_from_depth(ROAD, raster, unit="m", edge_kinds=["roads"])


def test_one_file_per_day_is_one_disruption_per_day_and_one_group(tmp_path):
    deep = raster_over(tmp_path / "deep.tif", [0.5] * 12)
    dry = raster_over(tmp_path / "dry.tif", [0.0] * 12)
    shallow = raster_over(tmp_path / "shallow.tif", [0.1] * 12)
    days = [dt.date(2012, 8, 20), dt.date(2012, 8, 30), dt.date(2012, 9, 10)]
    made = flood_from_depth(
        ROAD, {days[2]: shallow, days[0]: deep, days[1]: dry}, unit="m",
        end=dt.date(2012, 9, 20), probability=0.5, disruption_id="crue",
    )  # fmt: skip
    assert [d.disruption_id for d in made] == ["crue/2012-08-20", "crue/2012-09-10"]
    assert [(d.start, d.end) for d in made] == [
        (days[0], dt.date(2012, 8, 29)), (days[2], dt.date(2012, 9, 20)),
    ]  # fmt: skip
    assert {(d.group, d.probability, d.kind) for d in made} == {("crue", 0.5, "flood")}
    assert [d.source for d in made] == ["deep.tif", "shallow.tif"]
    assert minutes(ROAD, made, when=dt.date(2012, 8, 29)) is None
    free = minutes(ROAD, [])
    assert minutes(ROAD, made, when=dt.date(2012, 8, 30)) == free
    assert minutes(ROAD, made, when=dt.date(2012, 9, 20)) > free
    assert minutes(ROAD, made, when=dt.date(2012, 9, 21)) == free


@pytest.mark.parametrize(
    ("given", "more", "error", "message"),
    [
        ({}, {}, ScenarioError, "no rasters"),
        ({"2012-08-20": "a.tif"}, {}, ScenarioError, "named by days"),
        ({dt.datetime(2012, 8, 20): "a.tif"}, {}, ScenarioError, "named by days"),  # noqa: DTZ001
        ({DAY: "a.tif"}, {"start": DAY}, ScenarioError, "leave out start"),
        ("nowhere.tif", {}, InputError, r"nowhere\.tif"),
    ],
)
def test_days_that_are_none_are_refused(given, more, error, message):
    with pytest.raises(error, match=message):
        flood_from_depth(ROAD, given, unit="m", **more)


def test_a_flood_that_ends_before_it_starts_is_refused(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0.5] * 12)
    with pytest.raises(CalendarError, match="before it starts"):
        flood_from_depth(ROAD, raster, unit="m", start=DAY, end=DAY - dt.timedelta(days=1))


def test_what_was_measured_before_serves_as_well(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0, 0.5, 0, 0, 0, 0, 0, 0, 0, 0])
    reading = measure_flood_depth(ROAD.edges, raster, unit="m")
    (one,) = flood_from_depth(ROAD, reading, start=DAY)
    (other,) = flood_from_depth(ROAD, raster, unit="m", start=DAY)
    assert one.what.stretches.value.tolist() == other.what.stretches.value.tolist()
    assert one.what.stretches.end.tolist() == other.what.stretches.end.tolist()


def test_what_was_measured_on_other_edges_is_refused(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0.5] * 12)
    reading = measure_flood_depth(RIVER.edges, raster, unit="m")
    assert flood_from_depth(RIVER, reading, edge_kinds=["road"]) == ()
    other = measure_flood_depth(ROAD.edges.assign(edge_id="A-X"), raster, unit="m")
    with pytest.raises(UnknownIdError, match="no edge 'A-X'"):
        flood_from_depth(ROAD, other)


def test_doubts_are_logged_and_progress_is_told(tmp_path, caplog):
    raster = raster_over(tmp_path / "d.tif", [-9999, 0.5, 0, 0, 0, 0, 0, 0, 0, 0])
    told = []
    with caplog.at_level(logging.WARNING):
        flood_from_depth(ROAD, {DAY: raster, DAY + dt.timedelta(days=9): raster}, unit="m",
                         progress=lambda _, share: told.append(share))  # fmt: skip
    assert "undeclared nodata" in caplog.text
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_network_is_not_changed(tmp_path):
    before = ROAD.content_hash()
    flood_from_depth(ROAD, raster_over(tmp_path / "d.tif", [0.5] * 12), unit="m")
    assert ROAD.content_hash() == before


# ------------------------------------------------------------------ extents and areas
def test_an_extent_closes_ways_on_land_and_lets_boats_go(tmp_path):
    raster = raster_over(tmp_path / "x.tif", [0, 1, 1, 0, 0, 0, 0, 0, 0, 0], dtype="uint8")
    (flood,) = flood_from_extent(ROAD, raster, start=DAY, source="satellite")
    assert flood.effects == (Closure(),)
    assert (flood.start, flood.source, flood.group) == (DAY, "satellite", "flood")
    assert minutes(ROAD, [flood]) is None
    assert flood_from_extent(RIVER, raster) == ()
    (slow,) = flood_from_extent(ROAD, raster, effects=[SpeedFactor(0.5)])
    assert minutes(ROAD, [slow]) == pytest.approx(120, rel=1e-3)


def test_areas_become_one_disruption_each_with_their_days():
    water = shapely.box(0.2, 14.9, 0.3, 15.1)
    areas = gpd.GeoDataFrame(
        {
            "area_id": ["a", "b"], "name": ["Flood Water", None], "confidence": ["high", None],
            "start": pd.to_datetime(["2012-08-20", None]),
            "end": pd.to_datetime(["2012-08-26", None]), "source": ["UNOSAT", None],
        },
        geometry=[water, water], crs=4326,
    )  # fmt: skip
    made = flood_from_areas(areas, probability=0.3)
    assert [d.disruption_id for d in made] == ["flood/a", "flood/b"]
    assert [(d.start, d.end) for d in made] == [(DAY, dt.date(2012, 8, 26)), (None, None)]
    assert [d.confidence for d in made] == ["high", "medium"]
    assert {d.group for d in made} == {"flood"}
    assert minutes(ROAD, made[:1]) is None
    assert minutes(ROAD, made[:1], when=dt.date(2012, 8, 27)) == minutes(ROAD, [])


def test_areas_without_a_system_are_refused():
    with pytest.raises(InputError, match="coordinate reference system"):
        flood_from_areas(gpd.GeoDataFrame({"area_id": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)]))


def test_curves_go_into_the_effect(tmp_path):
    raster = raster_over(tmp_path / "d.tif", [0.5] * 12)
    (flood,) = flood_from_depth(ROAD, raster, unit="m", curve="contreras2018")
    (effect,) = flood.effects
    assert isinstance(effect, DepthSpeed)
    assert effect.curves == load_depth_curves("contreras2018")
