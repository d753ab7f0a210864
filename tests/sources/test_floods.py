"""Water along lines: against exact cutting by shapely, and what people send that is wrong."""

import datetime as dt
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine

from mobility_geo.errors import CRSError, InputError
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.floods import (
    DEPTH_STEPS_M,
    flood_dates,
    measure_flood_depth,
    measure_flood_extent,
    read_flood_areas,
)

UTM = "EPSG:32630"
CELL = 100.0
WEST, NORTH = 500_000.0, 1_600_000.0


def write_raster(path, values, *, crs=UTM, west=WEST, north=NORTH, cell=CELL, **more):
    values = np.atleast_2d(np.asarray(values))
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=more.pop("dtype", "float32"), crs=crs,
        transform=Affine(cell, 0, west, 0, -cell, north), **more,
    ) as out:  # fmt: skip
        out.write(values, 1)
    return path


def lines_of(*shapes, crs=UTM, **columns):
    ids = [f"e{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"edge_id": ids, **columns}, geometry=list(shapes), crs=crs)


def row_line(length_cells, row=0, start=0.0):
    """Return a line through the middle of a row of cells."""
    y = NORTH - (row + 0.5) * CELL
    return shapely.LineString([(WEST + start * CELL, y), (WEST + (start + length_cells) * CELL, y)])


def checks(reading, severity=None):
    rows = reading.findings
    return set(rows.loc[(rows["severity"] == severity) if severity else slice(None), "check"])


def steps_of(reading):
    table = reading.tables["stretches"]
    return [
        (row.edge_id, round(row.start, 9), round(row.end, 9), round(row.depth_m, 6))
        for row in table.itertuples()
    ]


# ------------------------------------------------------------------ against exact cutting
SIZE = 6
# never on the border of a cell, where a line belongs to two of them
places = st.integers(-90, (SIZE + 1) * 97 - 8).map(lambda k: (k / 97 + 0.00123) * CELL)
corners = st.lists(st.tuples(places, places), min_size=2, max_size=5, unique=True)
grids = st.lists(
    st.lists(st.sampled_from([0, 0, 0, 5, 12, 29, 30, 31, 52, 160]), min_size=SIZE, max_size=SIZE),
    min_size=SIZE, max_size=SIZE,
)  # fmt: skip


def cells_of(grid):
    for i, values in enumerate(grid):
        for j, value in enumerate(values):
            west, north = WEST + j * CELL, NORTH - i * CELL
            yield shapely.box(west, north - CELL, west + CELL, north), value / 100


def piecewise(line):
    """Return the segments of a line, and where each begins: it may cross itself."""
    points = shapely.get_coordinates(line)
    segments = [shapely.LineString(points[i : i + 2]) for i in range(len(points) - 1)]
    return segments, np.concatenate([[0], np.cumsum([s.length for s in segments])])


@settings(max_examples=40)
@given(grid=grids, drawn=st.lists(corners, min_size=1, max_size=3))
def test_water_along_lines_is_what_exact_cutting_gives(tmp_path_factory, grid, drawn):
    raster = write_raster(tmp_path_factory.getbasetemp() / "depth.tif", grid, dtype="int16")
    shapes = [
        shapely.LineString([(WEST + x, NORTH - SIZE * CELL + y) for x, y in points])
        for points in drawn
    ]
    lines = lines_of(*shapes)
    given_lines = lines.copy()
    # all but one corner of the plain lies beyond the raster: then nothing is said of any line
    if not any(shape.intersects(shapely.box(WEST, NORTH - SIZE * CELL, WEST + SIZE * CELL, NORTH))
               for shape in shapes):  # fmt: skip
        return
    reading = measure_flood_depth(lines, raster, unit="cm")
    pd.testing.assert_frame_equal(pd.DataFrame(lines), pd.DataFrame(given_lines))
    edges = reading.tables["edges"].set_index("edge_id")
    stretches = reading.tables["stretches"]
    for edge_id, line in zip(lines["edge_id"], shapes, strict=True):
        segments, before = piecewise(line)
        parts = [
            (before[k] + segments[k].project(shapely.Point(part.coords[0])),
             before[k] + segments[k].project(shapely.Point(part.coords[-1])), depth)
            for k in range(len(segments))
            for cell, depth in cells_of(grid) if depth > 0
            for part in [segments[k].intersection(cell)]
            if part.geom_type == "LineString" and part.length > 1e-6
        ]  # fmt: skip
        wet = sum(abs(b - a) for a, b, _ in parts)
        assert edges.loc[edge_id, "wet_share"] == pytest.approx(wet / line.length, abs=1e-6)
        assert edges.loc[edge_id, "depth_max_m"] == pytest.approx(
            max((depth for *_, depth in parts), default=0.0)
        )
        mine = stretches[stretches["edge_id"] == edge_id]
        assert (mine["start"].to_numpy()[1:] >= mine["end"].to_numpy()[:-1] - 1e-9).all()
        for a, b, depth in parts:
            middle = (a + b) / 2 / line.length
            over = mine[(mine["start"] <= middle) & (middle <= mine["end"])]
            assert len(over) == 1
            # never less deep than the raster says, and on the same side of every limit
            most = float(over["depth_m"].iloc[0])
            assert most >= depth - 1e-9
            assert np.digitize(round(most, 6), DEPTH_STEPS_M) == np.digitize(
                round(depth, 6), DEPTH_STEPS_M
            )


def test_limits_of_the_built_in_curves_are_steps_of_depth():
    table = pd.read_csv(data_folder() / "network" / "flood_curves.csv")
    limits = pd.concat([table["impassable_m"], table["navigable_m"]]).dropna().unique()
    assert len(limits) >= 5
    assert all(np.isclose(DEPTH_STEPS_M, limit, atol=1e-12).any() for limit in limits)
    assert (np.diff(DEPTH_STEPS_M) > 0).all()


# ------------------------------------------------------------------ along a line
def test_a_line_with_dry_ends_is_hit_in_the_middle(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0, 0, 0.4, 0.4, 0, 0, 0, 0.1, 0, 0])
    reading = measure_flood_depth(lines_of(row_line(10)), raster, unit="m")
    assert steps_of(reading) == [("e0", 0.2, 0.4, 0.4), ("e0", 0.7, 0.8, 0.1)]
    edge = reading.tables["edges"].iloc[0]
    assert (edge["wet_share"], edge["depth_max_m"]) == pytest.approx((0.3, 0.4))
    assert edge["wet_length_m"] == pytest.approx(300, rel=2e-3)  # on the ground, not on the map


def test_the_length_of_the_edge_counts_where_it_is_known(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0, 0.4])
    lines = lines_of(row_line(2), length_m=[1234.0])
    assert measure_flood_depth(lines, raster, unit="m").tables["edges"].iloc[0][
        "wet_length_m"
    ] == pytest.approx(617)


def test_a_hole_in_the_water_stays_dry(tmp_path):
    values = np.full((5, 5), 0.5)
    values[1:4, 1:4] = 0
    raster = write_raster(tmp_path / "d.tif", values)
    reading = measure_flood_depth(lines_of(row_line(5, row=2), row_line(3, row=2, start=1)),
                                  raster, unit="m")  # fmt: skip
    assert steps_of(reading) == [("e0", 0.0, 0.2, 0.5), ("e0", 0.8, 1.0, 0.5)]


def test_neighbours_of_one_class_become_one_stretch_with_the_largest_depth(tmp_path):
    depths = [0.31, 0.34, 0.36, 0.29, 0.295, 0.30, 2.0, 2.4, 2.5]
    raster = write_raster(tmp_path / "d.tif", depths, dtype="float64")
    table = measure_flood_depth(lines_of(row_line(9)), raster, unit="m").tables["stretches"]
    assert table["depth_m"].round(6).tolist() == [0.34, 0.36, 0.295, 0.30, 2.4, 2.5]
    assert (table["end"] * 9).round(6).tolist() == [2, 3, 5, 6, 8, 9]


def test_a_limit_read_as_a_little_less_is_the_limit(tmp_path):
    assert float(np.float32(0.7)) < 0.7
    raster = write_raster(tmp_path / "d.tif", [0.66, 0.7])
    table = measure_flood_depth(lines_of(row_line(2)), raster, unit="m").tables["stretches"]
    assert table["depth_m"].tolist() == pytest.approx([0.66, 0.7])


def test_a_thin_film_of_water_is_no_flood(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0.009, 0.01, 0.2])
    assert (
        len(measure_flood_depth(lines_of(row_line(3)), raster, unit="m").tables["stretches"]) == 2
    )
    reading = measure_flood_depth(lines_of(row_line(3)), raster, unit="m", dry_below_m=0.05)
    assert len(reading.tables["stretches"]) == 1


def test_bridges_stand_above_the_water(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [[0.9, 1.25], [0.9, 1.25]])
    lines = lines_of(row_line(2), row_line(2, row=1), bridge=[True, False])
    reading = measure_flood_depth(lines, raster, unit="m", freeboard_m=1.0)
    assert steps_of(reading) == [
        ("e0", 0.5, 1.0, 0.25),
        ("e1", 0.0, 0.5, 0.9),
        ("e1", 0.5, 1.0, 1.25),
    ]
    assert "bridges" in checks(reading)
    high = measure_flood_depth(lines, raster, unit="m", freeboard_m=2.0)
    assert high.tables["edges"]["depth_max_m"].tolist() == pytest.approx([0.0, 1.25])
    assert measure_flood_depth(lines, raster, unit="m", freeboard_m=0.0).tables["edges"][
        "depth_max_m"
    ].tolist() == pytest.approx([1.25, 1.25])


def test_lines_without_word_of_bridges_lie_on_the_ground(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0.9])
    assert "bridges" in checks(measure_flood_depth(lines_of(row_line(1)), raster, unit="m"))


# ------------------------------------------------------------------ units
def test_the_unit_must_be_said(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [1.0])
    with pytest.raises(InputError, match=r"d\.tif: say the unit.*'m', 'cm' or 'mm'"):
        measure_flood_depth(lines_of(row_line(1)), raster)
    with pytest.raises(InputError, match="'feet' is none of them"):
        measure_flood_depth(lines_of(row_line(1)), raster, unit="feet")


def test_one_flood_in_three_units(tmp_path):
    metres = np.array([0.0, 0.12, 0.3, 1.5])
    found = []
    for unit, factor in (("m", 1), ("cm", 100), ("mm", 1000)):
        raster = write_raster(tmp_path / f"{unit}.tif", metres * factor)
        found.append(steps_of(measure_flood_depth(lines_of(row_line(4)), raster, unit=unit)))
    assert found[0] == found[1] == found[2]
    assert [row[3] for row in found[0]] == [0.12, 0.3, 1.5]


def test_centimetres_taken_for_metres_are_refused(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0, 45, 120])
    with pytest.raises(InputError, match=r"120 m deep.*1 lines.*centimetres taken for metres"):
        measure_flood_depth(lines_of(row_line(3)), raster, unit="m")
    assert steps_of(measure_flood_depth(lines_of(row_line(3)), raster, unit="m", deepest_m=200))


def test_metres_taken_for_centimetres_are_doubted(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0, 1.5, 3.0])
    reading = measure_flood_depth(lines_of(row_line(3)), raster, unit="cm")
    assert checks(reading, "warning") == {"unit"}


def test_a_unit_that_the_file_states_otherwise_is_told(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0, 12, 25])
    with rasterio.open(raster, "r+") as out:
        out.units = ("centimeters",)
    reading = measure_flood_depth(lines_of(row_line(3)), raster, unit="m")
    assert "unit" in checks(reading, "warning")
    assert "unit" not in checks(measure_flood_depth(lines_of(row_line(3)), raster, unit="cm"))


# ------------------------------------------------------------------ no data
def test_declared_nodata_is_dry_and_told(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [-9999, 0.5, 0.0, 0.5], nodata=-9999)
    reading = measure_flood_depth(lines_of(row_line(4)), raster, unit="m")
    assert [row[1:3] for row in steps_of(reading)] == [(0.25, 0.5), (0.75, 1.0)]
    assert "no data" in checks(reading)
    assert "undeclared nodata" not in checks(reading)


def test_nodata_0_is_dry_land_and_told(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0, 0.5, 0, 0.5], nodata=0)
    reading = measure_flood_depth(lines_of(row_line(4)), raster, unit="m")
    assert [row[1:3] for row in steps_of(reading)] == [(0.25, 0.5), (0.75, 1.0)]
    assert "nodata is 0" in checks(reading)


@pytest.mark.parametrize("value", [-9999.0, -32768.0, -3.4e38])
def test_undeclared_nodata_below_zero_is_dry_and_told(tmp_path, value):
    raster = write_raster(tmp_path / "d.tif", [value, 0.5])
    reading = measure_flood_depth(lines_of(row_line(2)), raster, unit="m")
    assert [row[1:3] for row in steps_of(reading)] == [(0.5, 1.0)]
    assert "undeclared nodata" in checks(reading, "warning")


def test_undeclared_nodata_above_zero_is_refused_until_it_is_said(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [9999, 0.5])
    with pytest.raises(InputError, match=r"9999.*nodata="):
        measure_flood_depth(lines_of(row_line(2)), raster, unit="m")
    reading = measure_flood_depth(lines_of(row_line(2)), raster, unit="m", nodata=9999)
    assert [row[1:3] for row in steps_of(reading)] == [(0.5, 1.0)]
    assert "no data" in checks(reading)


def test_depths_below_zero_are_dry_and_told(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [-0.4, 0.5])
    reading = measure_flood_depth(lines_of(row_line(2)), raster, unit="m")
    assert [row[1:3] for row in steps_of(reading)] == [(0.5, 1.0)]
    assert "negative depth" in checks(reading, "warning")


def test_lines_beyond_the_raster_are_dry_and_told(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0.5, 0.5])
    lines = lines_of(row_line(4), row_line(2, start=7))
    reading = measure_flood_depth(lines, raster, unit="m")
    assert reading.tables["edges"]["wet_share"].tolist() == pytest.approx([0.5, 0.0])
    told = reading.findings[reading.findings["check"] == "outside"]
    assert told["severity"].tolist() == ["warning"]
    assert told["value"].tolist() == [2]


def test_a_raster_of_another_region_is_refused(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0.5, 0.5], west=WEST + 50_000)
    with pytest.raises(InputError, match="elsewhere"):
        measure_flood_depth(lines_of(row_line(4)), raster, unit="m")


# ------------------------------------------------------------------ systems and size
def test_shares_are_those_of_the_line_as_given_whatever_the_system_of_the_raster(tmp_path):
    # far north a degree of longitude is half one of latitude: shares in degrees would be wrong
    raster = write_raster(tmp_path / "d.tif", [[0, 0.5]], crs=4326, west=10, north=60.5, cell=1.0)
    degrees = shapely.LineString([(10.2, 59.8), (11.7, 59.8), (11.7, 60.4)])
    metric = gpd.GeoSeries([shapely.segmentize(degrees, 0.01)], crs=4326).to_crs(32632).iloc[0]
    reading = measure_flood_depth(lines_of(metric, crs=32632), raster, unit="m")
    ((_, start, end, _),) = steps_of(reading)
    at = gpd.GeoSeries([metric.interpolate(start, normalized=True)], crs=32632).to_crs(4326).iloc[0]
    assert at.x == pytest.approx(11.0, abs=1e-5)
    assert end == 1.0


def test_a_raster_larger_than_its_windows_is_the_sum_of_them(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.choice([0, 15, 40, 90], size=(700, 900)).astype("int16")
    whole = write_raster(tmp_path / "whole.tif", values, dtype="int16")
    tiled = write_raster(tmp_path / "tiled.tif", values, dtype="int16", tiled=True,
                         blockxsize=64, blockysize=64, compress="deflate")  # fmt: skip
    across = [
        shapely.LineString(WEST_NORTH + rng.uniform(0, 1, (4, 2)) * (90_000, -70_000))
        for _ in range(40)
    ]
    one, other = (
        measure_flood_depth(lines_of(*across), raster, unit="cm") for raster in (whole, tiled)
    )
    pd.testing.assert_frame_equal(one.tables["stretches"], other.tables["stretches"])
    assert 0.7 < one.tables["edges"]["wet_share"].mean() < 0.8  # three of four values are wet


WEST_NORTH = np.array([WEST, NORTH])


def test_progress_is_told(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0.5, 0.5])
    told = []
    measure_flood_depth(lines_of(row_line(2)), raster, unit="m",
                        progress=lambda step, share: told.append((step, share)))  # fmt: skip
    assert told[-1][1] == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines.rename(columns={"edge_id": "id"}), "no column 'edge_id'"),
        (lambda lines: lines.assign(edge_id="a"), "once each; wrong in 1 rows"),
        (lambda lines: lines.set_geometry(lines.buffer(1)), r"LineString\); wrong in 2 rows"),
    ],
)
def test_lines_that_are_none_are_refused(tmp_path, change, message):
    raster = write_raster(tmp_path / "d.tif", [0.5, 0.5])
    with pytest.raises(InputError, match=message):
        measure_flood_depth(change(lines_of(row_line(2), row_line(1))), raster, unit="m")


def test_lines_without_a_system_are_refused(tmp_path):
    raster = write_raster(tmp_path / "d.tif", [0.5, 0.5])
    with pytest.raises(CRSError, match="set_crs"):
        measure_flood_depth(lines_of(row_line(2), crs=None), raster, unit="m")


# ------------------------------------------------------------------ extents
def test_only_the_values_said_are_water(tmp_path):
    raster = write_raster(tmp_path / "x.tif", [0, 1, 3, 1, 255], dtype="uint8")
    reading = measure_flood_extent(lines_of(row_line(5)), raster)
    table = reading.tables["stretches"]
    assert list(table) == ["edge_id", "start", "end"]
    assert (table["start"] * 5).round(6).tolist() == [1, 3]
    both = measure_flood_extent(lines_of(row_line(5)), raster, wet_values=range(1, 4))
    assert both.tables["stretches"][["start", "end"]].round(6).to_numpy().tolist() == [[0.2, 0.8]]


def test_no_water_tells_the_values_that_are_there(tmp_path):
    raster = write_raster(tmp_path / "x.tif", [0, 101, 200], dtype="uint8")
    reading = measure_flood_extent(lines_of(row_line(3)), raster)
    (told,) = reading.findings.loc[reading.findings["check"] == "no water", "finding"]
    assert "0, 101, 200" in told
    assert not len(reading.tables["stretches"])


def test_an_extent_does_not_flood_bridges_unless_said(tmp_path):
    raster = write_raster(tmp_path / "x.tif", [0, 1], dtype="uint8")
    lines = lines_of(row_line(2), bridge=[True])
    dry = measure_flood_extent(lines, raster)
    assert not len(dry.tables["stretches"])
    assert "bridges" in checks(dry)
    wet = measure_flood_extent(lines, raster, bridges_flooded=True)
    assert len(wet.tables["stretches"]) == 1


def test_depths_taken_for_classes_are_doubted(tmp_path):
    raster = write_raster(tmp_path / "x.tif", np.linspace(0, 1, 30))
    reading = measure_flood_extent(lines_of(row_line(30)), raster)
    assert "not classes" in checks(reading, "warning")


# ------------------------------------------------------------------ dates
def test_dates_are_read_from_names(tmp_path):
    for name in ("flood_2012-09-01.tif", "flood_20120820.tif", "S1_20121003T054321_water.tif"):
        (tmp_path / name).touch()
    found = flood_dates(tmp_path / "*.tif")
    assert list(found) == [dt.date(2012, 8, 20), dt.date(2012, 9, 1), dt.date(2012, 10, 3)]
    assert found == flood_dates(sorted(tmp_path.iterdir()))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["flood.tif"], "no date"),
        (["flood_2012-13-45.tif"], "no date"),
        (["flood_20-08-2012.tif"], "no date"),
        (["FL20120801MLI_water.tif"], "no date"),
        (["water_20120820_20120905.tif"], "several dates"),
        (["a_20120820.tif", "b_2012-08-20.tif"], "keep one"),
        ([], "no files"),
        ("nowhere/*.tif", "no such file"),
    ],
)
def test_names_without_one_date_are_refused(names, message):
    with pytest.raises(InputError, match=message):
        flood_dates(names)


def test_all_wrong_names_are_listed_at_once():
    with pytest.raises(InputError, match="2 problems"):
        flood_dates(["a.tif", "b.tif", "c_20120820.tif"])


@given(
    st.dates(dt.date(1980, 1, 1), dt.date(2060, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y_%m_%d"]),
)
def test_every_day_written_in_a_name_is_read_back(day, form):
    assert list(flood_dates([f"mli_s1_{day.strftime(form)}_v2.tif"])) == [day]


# ------------------------------------------------------------------ polygons
def unosat(path, classes, *, dates="2012-08-20", **more):
    """Write polygons, one beside the other, with the columns of UNOSAT's Shapefiles."""
    n = len(classes)
    days = pd.to_datetime([dates] * n if isinstance(dates, str) else dates)
    if path.suffix == ".shp":  # which knows no time of day
        days = days.strftime("%Y-%m-%d")
    frame = gpd.GeoDataFrame(
        {
            "Water_Clas": classes,
            "Sensor_ID": ["Radarsat-2"] * n,
            "Sensor_Dat": days,
            "Confidence": ["High"] * n,
            "Field_Vali": ["Not yet field validated"] * n,
            "EventCode": ["FL20120801MLI"] * n,
            "StaffID": ["XY"] * n,
            **more,
        },
        geometry=[shapely.box(-5 + 0.1 * i, 14, -4.9 + 0.1 * i, 14.1) for i in range(n)],
        crs=4326,
    )
    frame.to_file(path, engine="pyogrio")
    return path


def test_unosat_polygons_are_read_as_they_come(tmp_path):
    path = unosat(
        tmp_path / "w.shp",
        ["Flood Water", "Permanent Water", "Flood Water", "Pre-flood water", "Cloud"],
    )
    reading = read_flood_areas(path)
    areas, lasting = reading.tables["areas"], reading.tables["permanent_water"]
    assert reading.publisher == "UNOSAT"
    assert (reading.rows_read, reading.rows_kept) == (5, 4)
    assert areas["area_id"].tolist() == ["flood-2012-08-20"]
    assert areas.iloc[0][["name", "severity", "confidence"]].tolist() == ["Flood Water", 1, "high"]
    assert areas["source"].tolist() == ["FL20120801MLI, Radarsat-2"]
    assert areas["start"].tolist() == [pd.Timestamp(2012, 8, 20)]
    assert areas["end"].isna().all()
    assert areas.geometry.iloc[0].equals(
        shapely.union_all([shapely.box(-5, 14, -4.9, 14.1), shapely.box(-4.8, 14, -4.7, 14.1)])
    )
    assert sorted(lasting["name"]) == ["Permanent Water", "Pre-flood water"]
    assert (areas.geom_type == "MultiPolygon").all()
    assert (lasting.geom_type == "MultiPolygon").all()
    assert {"class none", "united", "validation in the field"} <= checks(reading)


def test_a_zipped_shapefile_in_metres_is_read(tmp_path):
    path = unosat(tmp_path / "w.shp", ["Flood Water"])
    gpd.read_file(path).to_crs(UTM).to_file(path)
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for part in tmp_path.glob("w.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    reading = read_flood_areas(tmp_path / "w.zip")
    assert reading.tables["areas"].crs == 4326
    assert reading.tables["areas"].total_bounds.tolist() == pytest.approx([-5, 14, -4.9, 14.1])
    assert "reprojected" in checks(reading)


def test_classes_by_number_are_flood_until_said_otherwise(tmp_path):
    path = unosat(tmp_path / "w.gpkg", [0, 1, 1, 9])
    reading = read_flood_areas(path)
    assert len(reading.tables["permanent_water"]) == 0
    assert "classes by number" in checks(reading, "warning")
    said = read_flood_areas(path, permanent=["0"], left_out=["9"])
    assert said.tables["areas"]["name"].tolist() == ["1"]
    assert said.tables["permanent_water"]["name"].tolist() == ["0"]
    assert said.rows_kept == 3
    with pytest.raises(InputError, match="no class '7'"):
        read_flood_areas(path, permanent=["7"])


def test_every_day_is_an_area_of_its_own(tmp_path):
    dates = ["2012-08-20", "2012-09-01", "2012-08-20"]
    path = unosat(tmp_path / "w.gpkg", ["Flood Water"] * 3, dates=dates)
    areas = read_flood_areas(path, lasts_days=7).tables["areas"]
    assert areas["area_id"].tolist() == ["flood-2012-08-20", "flood-2012-09-01"]
    assert areas["end"].tolist() == [pd.Timestamp(2012, 8, 26), pd.Timestamp(2012, 9, 7)]


def test_water_that_may_be_a_river_is_doubted(tmp_path):
    path = unosat(tmp_path / "w.gpkg", ["Satellite Detected Water"])
    assert "all water" in checks(read_flood_areas(path), "warning")


def test_copernicus_words_are_understood(tmp_path):
    frame = gpd.GeoDataFrame(
        {"event_type": "5-Flood", "obj_desc": ["Riverine flood", "BH140-River"]},
        geometry=[shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)], crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "e.gpkg")
    reading = read_flood_areas(tmp_path / "e.gpkg", when=dt.date(2012, 8, 20))
    assert reading.publisher == "Copernicus EMS"
    assert reading.tables["areas"]["name"].tolist() == ["Riverine flood"]
    assert reading.tables["permanent_water"]["name"].tolist() == ["BH140-River"]
    assert "no date" not in checks(reading)


def test_any_polygons_are_a_flood_without_a_date(tmp_path):
    frame = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    frame.to_file(tmp_path / "e.gpkg")
    reading = read_flood_areas(tmp_path / "e.gpkg")
    assert reading.tables["areas"]["start"].isna().all()
    assert "no date" in checks(reading, "warning")


def test_broken_polygons_are_repaired_and_lines_left_out(tmp_path):
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    spike = shapely.Polygon([(3, 0), (4, 0), (4, 1), (4, 3), (4, 1), (3, 1)])
    shapes = [bow_tie, spike, shapely.LineString([(0, 0), (1, 1)]), None, shapely.box(5, 0, 6, 1)]
    gpd.GeoDataFrame({"n": range(5)}, geometry=shapes, crs=4326).to_file(tmp_path / "e.gpkg")
    reading = read_flood_areas(tmp_path / "e.gpkg", when=dt.date(2012, 8, 20))
    (shape,) = reading.tables["areas"].geometry
    assert shape.is_valid
    assert shape.area == pytest.approx(0.5 + 1 + 1)
    assert (reading.rows_read, reading.rows_kept) == (5, 3)
    assert {"not valid", "no polygon", "no geometry"} <= checks(reading)


def test_own_ids_are_kept_and_must_be_unique(tmp_path):
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]
    frame = gpd.GeoDataFrame(
        {"area_id": ["a", "b"], "start": "2012-08-20"}, geometry=shapes, crs=4326
    )
    frame.to_file(tmp_path / "e.gpkg")
    assert read_flood_areas(tmp_path / "e.gpkg").tables["areas"]["area_id"].tolist() == ["a", "b"]
    frame.assign(area_id="a").to_file(tmp_path / "e.gpkg")
    with pytest.raises(InputError, match="area_id must be there once"):
        read_flood_areas(tmp_path / "e.gpkg")


def test_dates_that_could_be_two_days_are_refused(tmp_path):
    frame = gpd.GeoDataFrame({"date": ["03/04/2012"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    frame.to_file(tmp_path / "e.gpkg")
    with pytest.raises(InputError, match=r"dates as 2012-08-20; wrong in 1 rows.*03/04/2012"):
        read_flood_areas(tmp_path / "e.gpkg")


def test_a_layer_without_polygons_is_refused(tmp_path):
    frame = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    frame.to_file(tmp_path / "e.gpkg")
    with pytest.raises(InputError, match="no polygons"):
        read_flood_areas(tmp_path / "e.gpkg")


def test_areas_are_what_a_scenario_reads(tmp_path):
    from mobility_geo.scenario.blocks import AREAS  # noqa: PLC0415
    from mobility_geo.schema import check_table  # noqa: PLC0415

    path = unosat(tmp_path / "w.gpkg", ["Flood Water", "Permanent Water"])
    for table in read_flood_areas(path).tables.values():
        checked = check_table(table, AREAS)
        assert set(table.columns) == set(checked.columns)
