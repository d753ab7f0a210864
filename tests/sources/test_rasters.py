"""Raster values along lines against shapely, cell by cell; what is refused; how much is read."""

import itertools
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from rasterio.windows import Window

from mobility_geo.errors import CRSError, InputError
from mobility_geo.sources import rasters
from mobility_geo.sources.rasters import (
    open_raster,
    pieces_along,
    raster_windows,
    read_window,
    sample_along,
)

UTM = 32630
LEFT, TOP, CELL = 500_000.0, 1_800_000.0, 10.0


def save(path, cells, *, crs=UTM, transform=None, nodata=None, **options):
    cells = np.atleast_2d(cells)
    bands = cells if cells.ndim == 3 else cells[None]
    transform = transform or Affine(CELL, 0, LEFT, 0, -CELL, TOP)
    profile = {"driver": "GTiff", "count": len(bands), "dtype": bands.dtype, "nodata": nodata,
               "height": bands.shape[1], "width": bands.shape[2],
               "transform": transform}  # fmt: skip
    if crs is not None:
        profile["crs"] = rasterio.crs.CRS.from_user_input(crs)
    with rasterio.open(path, "w", **profile, **options) as out:
        out.write(bands)
    return path


def by_boxes(line, cells, transform):
    """Length of a line in each cell, from shapely, and outside of the raster."""
    found = {}
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            x0, y0 = transform @ (column, row)
            x1, y1 = transform @ (column + 1, row + 1)
            box = shapely.box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
            length = line.intersection(box).length
            if length > 0:
                found[row, column] = length
    return found


def length_by_value(pieces, lengths):
    share = (pieces["end"] - pieces["start"]).to_numpy() * lengths[pieces["row"].to_numpy()]
    value = pieces["value"].fillna(-1).to_numpy()
    return pd.Series(share).groupby(value).sum()


corner = st.tuples(
    st.floats(-15, 75, allow_nan=False).map(lambda v: round(v, 3)),
    st.floats(-15, 75, allow_nan=False).map(lambda v: round(v, 3)),
)
# corners on cell borders and at cell corners, too
rough = st.tuples(
    st.integers(-1, 7).map(lambda v: v * 10.0), st.integers(-1, 7).map(lambda v: v * 10.0)
)


@st.composite
def drawn_lines(draw):
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        corners = draw(st.lists(st.one_of(corner, corner, rough), min_size=2, max_size=6))
        lines.append(shapely.LineString([(LEFT + x, TOP - y) for x, y in corners]))
    return lines


def along_a_border(line):
    """Tell whether a segment runs along a grid line: it lies in two cells at once."""
    points = (shapely.get_coordinates(line) - [LEFT, TOP]) / CELL
    flat = (points[1:] == points[:-1]) & (points[1:] == np.rint(points[1:]))
    return bool((flat.any(axis=1) & (points[1:] != points[:-1]).any(axis=1)).any())


@settings(max_examples=120)
@given(lines=drawn_lines(), declared=st.sampled_from(["none", "zero", "nan"]), data=st.data())
def test_pieces_are_those_of_the_cells(tmp_path_factory, lines, declared, data):
    path = tmp_path_factory.mktemp("r") / "a.tif"
    cells = np.arange(1, 37, dtype="float32").reshape(6, 6)
    blank = data.draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
    hole = {"none": 0.0, "zero": 0.0, "nan": np.nan}[declared]
    for place in blank:
        cells[place] = hole
    save(path, cells, nodata={"none": None, "zero": 0.0, "nan": np.nan}[declared])
    pieces = sample_along(gpd.GeoDataFrame(geometry=lines, crs=UTM), path)

    # without gaps, in order, from 0 to 1
    for row, own in pieces.groupby("row"):
        assert own["start"].iloc[0] == 0
        assert own["end"].iloc[-1] == 1
        assert (own["start"].to_numpy()[1:] == own["end"].to_numpy()[:-1]).all()
        if lines[row].length:
            assert (own["end"] > own["start"]).all()
        values = own["value"].fillna(-1).to_numpy()
        assert (values[1:] != values[:-1]).all()
    assert pieces["row"].unique().tolist() == list(range(len(lines)))

    transform = Affine(CELL, 0, LEFT, 0, -CELL, TOP)
    for row, line in enumerate(lines):
        own = pieces[pieces["row"] == row].assign(row=0)
        if line.length == 0 or along_a_border(line):
            continue
        # each stretch by itself, for shapely counts a way there and back once
        expected = {}
        points = shapely.get_coordinates(line)
        for a, b in itertools.pairwise(points):
            segment = shapely.LineString([a, b])
            inside = by_boxes(segment, cells, transform)
            for (i, j), length in inside.items():
                value = float(cells[i, j])
                if declared != "none" and (value == 0 or np.isnan(value)):
                    value = -1.0
                expected[value] = expected.get(value, 0) + length
            outside = segment.length - sum(inside.values())
            expected[-1.0] = expected.get(-1.0, 0) + outside
        got = length_by_value(own, np.array([line.length]))
        for value in {*expected, *got.index}:
            assert got.get(value, 0.0) == pytest.approx(expected.get(value, 0.0), abs=1e-6)


def test_border_runs_belong_to_one_cell(tmp_path):
    path = save(tmp_path / "a.tif", np.array([[1, 2], [3, 4]], dtype="uint8"))
    down = shapely.LineString([(LEFT + 10, TOP), (LEFT + 10, TOP - 20)])
    across = shapely.LineString([(LEFT, TOP - 10), (LEFT + 20, TOP - 10)])
    pieces = sample_along(gpd.GeoDataFrame(geometry=[down, across], crs=UTM), path)
    assert pieces["value"].tolist() == [2, 4, 3, 4]
    assert pieces["end"].tolist() == [0.5, 1, 0.5, 1]


def test_degrees_are_measured_on_the_ground(tmp_path):
    # near 60 degrees north a degree of longitude is half of one of latitude
    cells = np.arange(1, 41, dtype="int16").reshape(5, 8)
    place = Affine(0.01, 0, 10.0, 0, -0.01, 60.0)
    path = save(tmp_path / "a.tif", cells, crs=4326, transform=place)
    line = shapely.LineString(
        [(10.003, 59.998), (10.061, 59.997), (10.062, 59.953), (10.011, 59.96)]
    )
    pieces = sample_along(np.array([line]), path)
    geod = pyproj.Geod(ellps="WGS84")
    expected = {}
    for a, b in itertools.pairwise(line.coords):
        for i, j in by_boxes(shapely.LineString([a, b]), cells, place):
            box = shapely.box(*(place @ (j, i + 1)), *(place @ (j + 1, i)))
            part = shapely.LineString([a, b]).intersection(box)
            expected[float(cells[i, j])] = expected.get(
                float(cells[i, j]), 0
            ) + geod.geometry_length(part)
    got = length_by_value(pieces, np.array([geod.geometry_length(line)]))
    assert got.to_dict() == pytest.approx(expected, abs=0.1)  # m, of up to a kilometre


def test_lines_are_divided_before_they_are_reprojected(tmp_path):
    # 3 degrees along a parallel bend by 800 m in UTM: its ends alone would miss the cells
    place = Affine(100, 0, 400_000, 0, -100, 7_300_000)
    rng = np.random.default_rng(3)
    cells = rng.integers(0, 200, (1000, 1600)).astype("uint8")
    path = save(tmp_path / "a.tif", cells, transform=place, tiled=True)
    line = shapely.LineString([(-5.0, 65.0), (-2.0, 65.0)])
    pieces = sample_along(np.array([line]), path)
    # the true course, a point every metre or so
    share = (np.arange(150_000) + 0.5) / 150_000
    to_utm = pyproj.Transformer.from_crs(4326, UTM, always_xy=True)
    x, y = to_utm.transform(-5 + 3 * share, np.full(len(share), 65.0))
    column, row = ((x - 400_000) / 100).astype(int), ((7_300_000 - y) / 100).astype(int)
    true = cells[row, column]
    at = np.searchsorted(pieces["end"].to_numpy(), share, side="left")
    got = pieces["value"].to_numpy()[at]
    assert (got == true).mean() > 0.99
    chord = sample_along(np.array([line]), path, step=1e9)
    assert len(chord) == pytest.approx(len(pieces), rel=0.1)  # never coarser than the course needs


def test_parts_make_no_difference(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    cells = rng.integers(0, 4, (300, 400)).astype("int16")
    path = save(tmp_path / "a.tif", cells, tiled=True, blockxsize=64, blockysize=64)
    points = rng.uniform(-500, 4500, (200, 4, 2)) * [1, -1] + [LEFT, TOP]
    lines = gpd.GeoDataFrame(geometry=[shapely.LineString(p) for p in points], crs=UTM)
    whole = sample_along(lines, path)
    windows = []
    monkeypatch.setattr(rasters, "PIECES_AT_ONCE", 500)
    monkeypatch.setattr(rasters, "WINDOW_CELLS", 64)
    real = rasters._raw_cells  # noqa: SLF001 - to see what is read

    def watched(dataset, window, band):
        windows.append(window)
        return real(dataset, window, band)

    monkeypatch.setattr(rasters, "_raw_cells", watched)
    said = []
    parts = list(pieces_along(lines, path, progress=lambda _, share: said.append(share)))
    assert len(parts) > 50
    assert max(len(part) for part in parts) < 3000
    assert max(window.width * window.height for window in windows) <= 64 * 64
    assert said == sorted(said)
    assert said[-1] == 1
    joined = pd.concat(parts).sort_values(["row", "start"], ignore_index=True)
    pd.testing.assert_frame_equal(joined, whole)


def test_only_what_lines_meet_is_read(tmp_path, monkeypatch):
    path = save(tmp_path / "a.tif", np.zeros((3000, 3000), dtype="uint8"), tiled=True)
    read = []
    real = rasters._raw_cells  # noqa: SLF001 - to see what is read

    def watched(dataset, window, band):
        read.append(window.width * window.height)
        return real(dataset, window, band)

    monkeypatch.setattr(rasters, "_raw_cells", watched)
    line = shapely.LineString([(LEFT + 5000, TOP - 5000), (LEFT + 5400, TOP - 5400)])
    sample_along(gpd.GeoDataFrame(geometry=[line], crs=UTM), path)
    assert sum(read) < 2000


@pytest.mark.parametrize("striped", [True, False])
@pytest.mark.parametrize("size", [7, 64, 4096])
def test_windows_cover_every_cell_once(tmp_path, striped, size):
    options = {} if striped else {"tiled": True, "blockxsize": 16, "blockysize": 16}
    path = save(tmp_path / "a.tif", np.zeros((90, 130), dtype="uint8"), **options)
    with open_raster(path) as dataset:
        for bounds in (None, (LEFT + 105, TOP - 455, LEFT + 1111, TOP - 33)):
            seen = np.zeros((90, 130), dtype=int)
            for window in raster_windows(dataset, bounds, size):
                assert window.width * window.height <= max(size * size, 130)
                seen[window.row_off : window.row_off + window.height,
                     window.col_off : window.col_off + window.width] += 1  # fmt: skip
            expected = np.zeros_like(seen)
            if bounds is None:
                expected[:] = 1
            else:
                expected[3:46, 10:112] = 1
            assert (seen == expected).all()
        assert not list(raster_windows(dataset, (0, 0, 10, 10)))
        with pytest.raises(InputError, match=">= 1 cell"):
            list(raster_windows(dataset, size=0))


def test_numbers_are_those_that_are_meant(tmp_path):
    path = tmp_path / "a.tif"
    save(path, np.array([[5, 7, -9999, 12]], dtype="int16"), nodata=5)
    with rasterio.open(path, "r+") as out:
        out.scales, out.offsets = (0.5,), (10.0,)
    with open_raster(path) as dataset:
        values = read_window(dataset, nodata=-9999)
    np.testing.assert_array_equal(values, [[np.nan, 13.5, np.nan, 16]])
    save(tmp_path / "b.tif", np.array([[np.inf, np.nan, -3.4e38, 1]], dtype="float32"))
    with open_raster(tmp_path / "b.tif") as dataset:
        values = read_window(dataset, Window(0, 0, 4, 1), nodata=-3.4e38)
    np.testing.assert_array_equal(values, [[np.nan, np.nan, np.nan, 1]])


@given(x=st.floats(0, 6), y=st.floats(0, 5), slope_x=st.floats(-2, 2), slope_y=st.floats(-2, 2))
def test_a_plane_is_interpolated_exactly(tmp_path_factory, x, y, slope_x, slope_y):
    path = tmp_path_factory.mktemp("r") / "a.tif"
    columns, rows = np.meshgrid(np.arange(6) + 0.5, np.arange(5) + 0.5)
    save(path, slope_x * columns + slope_y * rows)
    with open_raster(path) as dataset:
        (got,) = rasters.interpolate_at(np.array([x]), np.array([y]), dataset)
    # beyond the middle of the outermost cells values stay
    expected = slope_x * min(max(x, 0.5), 5.5) + slope_y * min(max(y, 0.5), 4.5)
    assert got == pytest.approx(expected, abs=1e-9)


def test_interpolation_beside_holes(tmp_path):
    path = save(tmp_path / "a.tif", np.array([[1.0, np.nan, 3.0]]))
    with open_raster(path) as dataset:
        got = rasters.interpolate_at(
            np.array([0.9, 1.5, 2.2, -0.1, np.inf]), np.full(5, 0.5), dataset
        )
    np.testing.assert_array_equal(got, [1, np.nan, 3, np.nan, np.nan])


def test_south_up_rasters_and_lines_elsewhere(tmp_path):
    place = Affine(10, 0, LEFT, 0, 10, TOP - 20)
    path = save(tmp_path / "a.tif", np.array([[3, 4], [1, 2]], dtype="uint8"), transform=place)
    lines = [shapely.LineString([(LEFT + 5, TOP), (LEFT + 5, TOP - 20)]),
             shapely.LineString([(0, 0), (1e5, 1e5)]),
             shapely.LineString([(LEFT + 5, TOP - 5)] * 2)]  # fmt: skip
    pieces = sample_along(gpd.GeoDataFrame(geometry=lines, crs=UTM), path)
    assert pieces["row"].tolist() == [0, 0, 1, 2]
    np.testing.assert_array_equal(pieces["value"], [1, 3, np.nan, 1])
    assert sample_along(gpd.GeoDataFrame(geometry=[], crs=UTM), path).empty


def broken(tmp_path, what):  # noqa: C901 - one case each
    path = tmp_path / f"{what}.tif"
    cells = np.arange(64 * 64, dtype="float32").reshape(64, 64)
    match what:
        case "folder":
            path.mkdir()
        case "empty":
            path.touch()
        case "text":
            path.write_text("population\n12\n")
        case "truncated":
            save(path, cells)
            path.write_bytes(path.read_bytes()[:8000])
        case "no-crs":
            save(path, cells, crs=None)
        case "no-place":
            with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
                save(path, cells, transform=Affine.identity())
        case "rotated":
            save(path, cells, transform=Affine(10, 1, LEFT, 1, -10, TOP))
        case "bands":
            save(path, np.stack([cells, cells]))
        case "metres":
            save(path, cells, crs=4326)
        case "shifted":
            save(path, cells, crs=4326, transform=Affine(5.625, 0, 0, 0, -2.8125, 90))
    return path


@pytest.mark.parametrize(
    ("what", "words", "error"),
    [
        ("missing", "no such file", InputError),
        ("folder", "is a folder", InputError),
        ("empty", "0 bytes", InputError),
        ("text", "cannot be read as a raster", InputError),
        ("truncated", "cut short", InputError),
        ("no-crs", "no coordinate reference system", CRSError),
        ("no-place", "no position", InputError),
        ("rotated", "rotated", InputError),
        ("bands", "2 bands.*band=1", InputError),
        ("metres", "they are metres", InputError),
        ("shifted", "from 0 to 360", InputError),
    ],
)
def test_what_cannot_be_used_is_one_clear_error(tmp_path, what, words, error):
    path = broken(tmp_path, what)
    with pytest.raises(error, match=words), open_raster(path):
        pass


def test_cells_that_are_missing_are_told_when_they_are_met(tmp_path):
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "width": 512, "height": 512, "count": 1, "dtype": "float32",
               "crs": rasterio.crs.CRS.from_epsg(UTM), "tiled": True,
               "transform": Affine(CELL, 0, LEFT, 0, -CELL, TOP)}  # fmt: skip
    tile = np.ones((256, 256), dtype="float32")
    with rasterio.open(path, "w", **profile) as out:
        for row, column in ((256, 256), (0, 256), (256, 0), (0, 0)):  # the last tile comes first
            out.write(tile, 1, window=Window(column, row, 256, 256))
    path.write_bytes(path.read_bytes()[:-1000])
    near = shapely.LineString([(LEFT + 10, TOP - 10), (LEFT + 2000, TOP - 2000)])
    far = shapely.LineString([(LEFT + 2570, TOP - 2570), (LEFT + 4000, TOP - 4000)])
    assert sample_along(gpd.GeoDataFrame(geometry=[far], crs=UTM), path)["value"].tolist() == [1]
    with pytest.raises(InputError, match="damaged, or cut short"):
        sample_along(gpd.GeoDataFrame(geometry=[near], crs=UTM), path)


def test_bands_and_archives(tmp_path):
    path = save(tmp_path / "two.tif", np.array([[[1]], [[2]]], dtype="uint8"))
    line = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(LEFT + 1, TOP - 1), (LEFT + 9, TOP - 9)])], crs=UTM
    )
    assert sample_along(line, path, band=2)["value"].tolist() == [2]
    with pytest.raises(InputError, match="no band 3"):
        sample_along(line, path, band=3)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "inside/two.tif")
        archive.writestr("readme.txt", "x")
    assert sample_along(line, tmp_path / "a.zip", band=1)["value"].tolist() == [1]
    assert sample_along(line, tmp_path / "a.zip/inside/two.tif", band=1)["value"].tolist() == [1]


def test_rows_that_are_no_lines_are_refused(tmp_path):
    path = save(tmp_path / "a.tif", np.zeros((2, 2), dtype="uint8"))
    rows = [shapely.LineString([(0, 0), (1, 1)]), shapely.Point(0, 0), None, shapely.LineString()]
    with pytest.raises(InputError, match=r"wrong in 3 rows, e.g. rows \[1, 2, 3\]"):
        sample_along(gpd.GeoDataFrame(geometry=rows, crs=UTM), path)
    with pytest.raises(CRSError, match="set_crs"):
        sample_along(gpd.GeoDataFrame(geometry=rows[:1]), path)
    with pytest.raises(InputError, match="step must be finite and > 0 m"):
        sample_along(np.array(rows[:1]), path, step=0)


def test_a_point_that_stands_twice_on_a_border_adds_nothing(tmp_path):
    path = save(tmp_path / "a.tif", np.array([[1, 2]], dtype="uint8"))
    way = [(5, 5), (10, 5), (10, 5), (5, 5), (5, 5), (2, 2)]
    line = shapely.LineString([(LEFT + x, TOP - y) for x, y in way])
    pieces = sample_along(gpd.GeoDataFrame(geometry=[line], crs=UTM), path)
    assert pieces.to_numpy().tolist() == [[0, 0, 1, 1]]
