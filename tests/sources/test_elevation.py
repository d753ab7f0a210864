"""Slope on foot against planes, where everything is known; what has no height, and what is odd."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from mobility_geo.errors import CRSError, InputError
from mobility_geo.sources import rasters
from mobility_geo.sources.elevation import add_slope, tobler_kph, walking_time_factor

UTM = 32630
LEFT, TOP, CELL = 500_000.0, 1_800_000.0, 30.0
COLUMNS = ["climb_m", "descent_m", "walk_factor", "walk_factor_back"]


def save(path, cells, *, nodata=None, unit=None, cell=CELL):
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float64", nodata=nodata, height=cells.shape[0],
        width=cells.shape[1], crs=rasterio.crs.CRS.from_epsg(UTM),
        transform=Affine(cell, 0, LEFT, 0, -cell, TOP),
    ) as out:  # fmt: skip
        out.write(cells, 1)
        if unit:
            out.units = (unit,)
    return path


def plane(east, north, shape=(60, 80), cell=CELL):
    rows, columns = np.indices(shape)
    return 2000 + east * cell * (columns + 0.5) - north * cell * (rows + 0.5)


def edges(*lines, **columns):
    shapes = [shapely.LineString([(LEFT + x, TOP - y) for x, y in line]) for line in lines]
    ids = [f"e{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"edge_id": ids, **columns}, geometry=shapes, crs=UTM)


def checks(reading, check):
    return reading.findings[reading.findings["check"] == check]


point = st.tuples(st.floats(20, 2380), st.floats(20, 1780)).map(
    lambda p: (round(p[0], 1), round(p[1], 1))
)
slopes = st.floats(-0.4, 0.4).map(lambda v: round(v, 3))


def test_tobler_gives_the_published_speeds():
    assert tobler_kph(0) == pytest.approx(5.037, abs=5e-4)
    assert tobler_kph(-0.05) == 6
    assert tobler_kph(-0.05, off_path=True) == pytest.approx(3.6)
    assert tobler_kph(0.05) == pytest.approx(tobler_kph(-0.15))
    assert tobler_kph([[0.1, -0.3]]).shape == (1, 2)


@given(east=slopes, north=slopes, ends=st.tuples(point, point))
def test_a_straight_way_over_a_plane(tmp_path_factory, east, north, ends):
    path = save(tmp_path_factory.mktemp("r") / "a.tif", plane(east, north))
    (x0, y0), (x1, y1) = ends
    length = np.hypot(x1 - x0, y1 - y0)
    if length < 1:
        return
    rise = east * (x1 - x0) - north * (y1 - y0)
    (row,) = add_slope(edges(ends), path).tables["edges"].itertuples()
    assert row.climb_m == pytest.approx(max(rise, 0), abs=1e-6)
    assert row.descent_m == pytest.approx(max(-rise, 0), abs=1e-6)
    flat, slope = 6 * np.exp(-3.5 * 0.05), rise / length
    assert row.walk_factor == pytest.approx(flat / (6 * np.exp(-3.5 * abs(slope + 0.05))))
    assert row.walk_factor_back == pytest.approx(flat / (6 * np.exp(-3.5 * abs(-slope + 0.05))))


@settings(max_examples=30)
@given(
    east=slopes, north=slopes, line=st.lists(point, min_size=3, max_size=7),
    spacing=st.sampled_from([10.0, 100.0, 333.0]),
)  # fmt: skip
def test_bends_are_followed_at_equal_distances(tmp_path_factory, east, north, line, spacing):
    path = save(tmp_path_factory.mktemp("r") / "a.tif", plane(east, north))
    frame = edges(line)
    (shape,) = frame.geometry
    if shape.length < 1:
        return
    # never closer than a cell of 30 m
    steps = max(int(shape.length // max(spacing, CELL)), 1)
    spots = [shape.interpolate(i / steps, normalized=True) for i in range(steps + 1)]
    heights = [2000 + east * (p.x - LEFT) + north * (p.y - TOP) for p in spots]
    rises = np.array([b - a for a, b in itertools.pairwise(heights)])
    slope = rises / (shape.length / steps)
    (row,) = add_slope(frame, path, spacing_m=spacing).tables["edges"].itertuples()
    assert row.climb_m == pytest.approx(rises[rises > 0].sum(), abs=1e-6)
    assert row.descent_m == pytest.approx(-rises[rises < 0].sum(), abs=1e-6)
    assert row.walk_factor == pytest.approx(float((tobler_kph(0) / tobler_kph(slope)).mean()))
    back = add_slope(
        frame.assign(geometry=shapely.reverse(frame.geometry)), path, spacing_m=spacing
    )
    (other,) = back.tables["edges"].itertuples()
    assert other.climb_m == pytest.approx(row.descent_m, abs=1e-6)
    assert other.walk_factor == pytest.approx(row.walk_factor_back)


def test_lines_in_degrees_and_parts_make_no_difference(tmp_path, monkeypatch):
    rng = np.random.default_rng(7)
    path = save(tmp_path / "a.tif", plane(0.05, -0.1) + rng.normal(0, 2, (60, 80)))
    lines = rng.uniform([20, 20], [2380, 1780], (150, 4, 2))
    frame = edges(*lines)
    whole = add_slope(frame, path).tables["edges"][COLUMNS]
    degrees = add_slope(frame.to_crs(4326), path).tables["edges"][COLUMNS]
    # metres of UTM are 0.9996 of those on the ground
    np.testing.assert_allclose(degrees, whole, rtol=0.02)
    read = []
    real = rasters._raw_cells  # noqa: SLF001 - to see what is read

    def watched(dataset, window, band):
        read.append((window.width, window.height))
        return real(dataset, window, band)

    monkeypatch.setattr(rasters, "_raw_cells", watched)
    monkeypatch.setattr(rasters, "WINDOW_CELLS", 16)
    monkeypatch.setattr(rasters, "PIECES_AT_ONCE", 400)
    said = []
    parts = add_slope(frame, path, progress=lambda _, share: said.append(share))
    pd.testing.assert_frame_equal(parts.tables["edges"][COLUMNS], whole)
    assert len(said) > 10
    assert said[-1] == 1
    assert max(wide * high for wide, high in read) <= 17 * 17 * 4  # a tile and its neighbours


def test_noise_is_not_added_up_as_climbs(tmp_path):
    rng = np.random.default_rng(8)
    path = save(tmp_path / "a.tif", rng.normal(300, 3, (60, 80)))  # level, to 3 m
    frame = edges([(50, 50), (2300, 1700)])
    factors = [
        walking_time_factor(frame, path, spacing_m=spacing).mean(axis=1).item()
        for spacing in (1, 30, 100, 500)
    ]
    assert factors[0] == factors[1]  # nothing is finer than a cell
    assert factors[1] > factors[2] > factors[3] > 1
    assert factors[3] < 1.01


def test_short_edges_have_a_slope(tmp_path):
    # each of them within one cell, of which whole values would say that it is level
    path = save(tmp_path / "a.tif", plane(0.2, 0))
    frame = edges([(301, 301), (309, 301)], [(309, 301), (301, 301)], [(301, 301), (301, 301)])
    table = add_slope(frame, path).tables["edges"]
    np.testing.assert_allclose(table["climb_m"], [1.6, 0, 0], atol=1e-9)
    np.testing.assert_allclose(table["descent_m"], [0, 1.6, 0], atol=1e-9)
    np.testing.assert_allclose(table["walk_factor"], [2.014, 1.419, 1], atol=1e-3)


def test_the_length_of_an_edge_is_its_own(tmp_path):
    path = save(tmp_path / "a.tif", plane(0.2, 0))
    frame = edges([(100, 100), (1100, 100)], length_m=[2000.0])
    factor = walking_time_factor(frame, path)
    assert factor["forward"].item() == pytest.approx(float(tobler_kph(0) / tobler_kph(0.1)))
    assert factor["backward"].item() == pytest.approx(float(tobler_kph(0) / tobler_kph(-0.1)))


def test_bridges_span_valleys_and_rivers_are_level(tmp_path):
    cells = np.full((60, 80), 500.0)
    cells[:, 20:30] = 300  # a gorge of 300 m
    path = save(tmp_path / "a.tif", cells)
    way = [(310, 300), (1510, 300)]
    frame = edges(way, way, way, bridge=[False, True, False], kind=["road", "road", "river"])
    reading = add_slope(frame, path)
    table = reading.tables["edges"]
    assert table["climb_m"].tolist() == [200, 0, 0]
    assert table["walk_factor"].iloc[0] > 1.2
    assert table["walk_factor"].tolist()[1:] == [1, 1]
    assert "e1" in checks(reading, "bridges")["id"].item()
    assert "e2" in checks(reading, "level")["id"].item()
    assert "e0" in checks(reading, "too steep")["id"].item()


def test_what_has_no_height_is_missing(tmp_path):
    cells = plane(0.1, 0)
    cells[:, 40:] = -32768
    path = save(tmp_path / "a.tif", cells, nodata=-32768)
    frame = edges([(100, 100), (1000, 100)], [(100, 100), (2300, 100)], [(1500, 100), (2300, 100)],
                  [(-900, 100), (-100, 100)])  # fmt: skip
    reading = add_slope(frame, path)
    table = reading.tables["edges"]
    assert table["climb_m"].isna().tolist() == [False, False, True, True]
    assert table["walk_factor"].isna().tolist() == [False, False, True, True]
    assert table["climb_m"].iloc[1] == pytest.approx(110, abs=10)  # what is known of it
    assert checks(reading, "no height")["value"].tolist() == [2]
    assert "e1" in checks(reading, "height in part")["id"].item()
    with pytest.raises(InputError, match="no edge has a height"):
        add_slope(frame.iloc[2:], path)
    save(path, cells)
    with pytest.raises(InputError, match=r"-32,768 m: .* nodata="):
        add_slope(frame, path)
    assert add_slope(frame, path, nodata=-32768).findings["check"].tolist() == [
        "height in part", "no height",
    ]  # fmt: skip


def test_unsound_input_is_one_clear_error(tmp_path):
    path = save(tmp_path / "a.tif", plane(0, 0), unit="ft")
    frame = edges([(100, 100), (1000, 100)])
    with pytest.raises(InputError, match="heights are in 'ft'"):
        add_slope(frame, path)
    with pytest.raises(InputError, match="spacing_m"):
        add_slope(frame, path, spacing_m=0)
    save(path, plane(0, 0), unit="metre")
    with pytest.raises(CRSError, match="set_crs"):
        add_slope(frame.set_crs(None, allow_override=True), path)
    with pytest.raises(InputError, match=r"needs one line"):
        add_slope(frame.assign(geometry=frame.centroid), path)
    assert add_slope(frame.iloc[:0], path).tables["edges"].empty
    before = frame.copy()
    add_slope(frame, path)
    pd.testing.assert_frame_equal(frame, before)
