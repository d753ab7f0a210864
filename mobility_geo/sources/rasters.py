"""Rasters, read window by window: checks on opening, and what lies along lines.

A country at 10 m does not fit in memory, and need not: lines are taken in the order of the tiles
of the raster, and of each tile only what the lines meet is read.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import rasterio
import shapely
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.sources.files import LARGEST_LAT_DEG, LARGEST_LON_DEG, gdal_path

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Bounds = tuple[float, float, float, float]
Progress = Callable[[str, float], None]

RASTER_ENDINGS: Final = (".tif", ".tiff", ".vrt", ".asc", ".img", ".bil", ".flt", ".nc", ".hgt")

WINDOW_CELLS: Final = 2048
"""Side of a window: 4 million cells, 34 MB as 64-bit numbers."""

PIECES_AT_ONCE: Final = 1_500_000
"""So many pieces of lines are held at a time: some hundred megabytes while they are sorted."""

CACHE_MB: Final = 256
"""GDAL keeps at most so many megabytes of cells; left alone it takes 5 % of the memory."""

BEND_CELLS: Final = 0.01
"""A line is divided before it is reprojected until it is this near to its true course, in cells."""

MOST_PARTS: Final = 4096
"""A straight stretch is divided into so many parts at most."""

LENGTH_STEP_DEG: Final = 0.1
"""Stretches are divided to this, in degrees, for a degree is not as long at both of its ends."""

SAME_SHARE: Final = 1e-12
"""Cuts this near to each other, as a share of a straight stretch, are one: a corner of cells."""


@contextmanager
def open_raster(path: str | Path, *, band: int | None = None) -> Iterator[Any]:
    """Open a raster after checking that it can be used, and close it in the end.

    Parameters
    ----------
    path
        Any raster that GDAL reads; a zip archive of one, or ``archive.zip/name.tif``.
    band
        Band that is wanted, from 1; needed if there are several.

    Yields
    ------
    rasterio.DatasetReader
        Opened for reading; rows and columns run along the axes of its coordinate system.

    Raises
    ------
    InputError
        If it is missing, no raster, truncated, has no position or a rotated one, several bands of
        which none is chosen, or degrees beyond 180 and 90.
    CRSError
        If it states no coordinate reference system.

    Examples
    --------
    >>> with open_raster("nowhere.tif") as dataset:
    ...     dataset.shape
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.tif: no such file
    """
    source = gdal_path(path, RASTER_ENDINGS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(source)
    except RasterioError as error:
        msg = f"{path}: cannot be read as a raster: not one, or cut short; get it again ({error})"
        raise InputError(msg) from error
    with dataset:
        _check_raster(dataset, str(path), band)
        yield dataset


def _check_raster(dataset: Any, name: str, band: int | None) -> None:  # noqa: ANN401 - no stubs
    """Check that a raster has a position, a system and one band that is meant.

    Raises
    ------
    InputError
        If it has not, or it is cut short.
    CRSError
        If it states no coordinate reference system.
    """
    if dataset.count == 0:
        parts = [text.rsplit(":", 1)[-1] for text in dataset.subdatasets]
        msg = (
            f"{name}: holds {len(parts)} rasters ({labels(parts, 6)}); save the one you need as a "
            "GeoTIFF"
        )
        raise InputError(msg)
    if band is None and dataset.count > 1:
        texts = [text or f"band {i}" for i, text in enumerate(dataset.descriptions, start=1)]
        msg = f"{name}: has {dataset.count} bands ({labels(texts, 6)}); say which with band=1"
        raise InputError(msg)
    if band is not None and not 1 <= band <= dataset.count:
        msg = f"{name}: no band {band}; bands are 1 to {dataset.count}"
        raise InputError(msg)
    place = dataset.transform
    if place.is_identity:
        why = "only ground control points" if dataset.gcps[0] else "no position (geotransform)"
        msg = f"{name}: has {why}; warp it to a grid first, for example with gdalwarp"
        raise InputError(msg)
    if place.b or place.d:
        msg = (
            f"{name}: its grid is rotated against its coordinate system; make it straight first: "
            "gdalwarp IN.tif OUT.tif"
        )
        raise InputError(msg)
    if dataset.crs is None:
        msg = (
            f"{name}: states no coordinate reference system; write it into the file, for example "
            f"gdal_edit.py -a_srs EPSG:4326 {Path(name).name}"
        )
        raise CRSError(msg)
    if dataset.crs.is_geographic:
        _check_degrees(dataset, name)
    rows, columns = dataset.block_shapes[(band or 1) - 1]
    last = Window(
        (dataset.width - 1) // columns * columns, (dataset.height - 1) // rows * rows, 1, 1
    )
    read_window(dataset, last, band=band)  # files that were cut short miss their end


def _check_degrees(dataset: Any, name: str) -> None:  # noqa: ANN401 - no stubs
    """Check that a raster in degrees lies on the globe, one cell more at most.

    Raises
    ------
    InputError
        If it does not.
    """
    west, south, east, north = dataset.bounds
    spare = max(abs(dataset.transform.a), abs(dataset.transform.e))
    lat = max(abs(south), abs(north))
    if lat > LARGEST_LAT_DEG + spare or max(abs(west), abs(east)) > 2 * LARGEST_LON_DEG + spare:
        msg = (
            f"{name}: reaches {max(map(abs, dataset.bounds)):,.0f} and says that these are "
            "degrees: they are metres, or of another system than stated; state the right one"
        )
        raise InputError(msg)
    if max(-west, east) > LARGEST_LON_DEG + spare:
        msg = (
            f"{name}: longitudes run from {west:g} to {east:g}; cut it at 180 and shift the rest "
            "by 360 first, so that they run from -180 to 180"
        )
        raise InputError(msg)


def read_window(
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    window: Window | None = None,
    *,
    band: int | None = None,
    nodata: float | None = None,
) -> FloatArray:
    """Read a window of a raster as numbers, NaN where there are no data.

    Parameters
    ----------
    dataset
        From `open_raster`.
    window
        Which cells; all of them if left out.
    band
        Band, from 1; the first if left out.
    nodata
        Value that stands for no data as well, where the file does not declare it.

    Returns
    -------
    numpy.ndarray
        float64, shape (rows, columns), with the scale and offset of the band applied. NaN: no
        data by declaration, mask or `nodata`, or not finite.

    Raises
    ------
    InputError
        If the cells cannot be read: the file is damaged or cut short.
    """
    return _numbers(_raw_cells(dataset, window, band), dataset, band, nodata)


def _raw_cells(dataset: Any, window: Window | None, band: int | None) -> Any:  # noqa: ANN401
    """Return cells as the file holds them, masked where it declares that there are no data.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    try:
        with rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
            return dataset.read(band or 1, window=window, masked=True)
    except RasterioError as error:
        msg = f"{dataset.name}: cells cannot be read: damaged, or cut short; get it again ({error})"
        raise InputError(msg) from error


def _numbers(raw: Any, dataset: Any, band: int | None, nodata: float | None) -> FloatArray:  # noqa: ANN401
    """Return raw cells as numbers in the unit of the band, NaN where there are no data."""
    number = band or 1
    values: FloatArray = np.array(raw.data, dtype=np.float64)
    gone = np.ma.getmaskarray(raw) | ~np.isfinite(values)
    if nodata is not None:
        # what the file holds is compared in its own precision
        gone |= raw.data == np.asarray(nodata).astype(raw.data.dtype)
    scale, offset = dataset.scales[number - 1], dataset.offsets[number - 1]
    if (scale, offset) != (1.0, 0.0):
        values = values * scale + offset
    values[gone] = np.nan
    return values


def raster_windows(
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    bounds: Bounds | None = None,
    size: int = WINDOW_CELLS,
) -> Iterator[Window]:
    """Go through a raster in windows that fit in memory.

    Parameters
    ----------
    dataset
        From `open_raster`.
    bounds
        Only cells that these touch: least x, least y, largest x, largest y in the coordinates of
        the raster.
    size
        Side of the largest window in cells, >= 1. Rasters that are stored in strips are read in
        windows as wide as the raster, of as many cells.

    Yields
    ------
    rasterio.windows.Window
        From the top left, row by row; no cell twice, none left out.

    Raises
    ------
    InputError
        If the size is below 1.
    """
    if size < 1:
        msg = f"size must be >= 1 cell, not {size}"
        raise InputError(msg)
    left, top, right, low = 0, 0, int(dataset.width), int(dataset.height)
    if bounds is not None:
        place = dataset.transform
        xs = np.sort([(bounds[i] - place.c) / place.a for i in (0, 2)])
        ys = np.sort([(bounds[i] - place.f) / place.e for i in (1, 3)])
        # a border that lies on a grid line does not touch the cell beyond it, but for rounding
        left, right = max(int(np.floor(xs[0])), 0), min(int(np.ceil(xs[1])), right)
        top, low = max(int(np.floor(ys[0])), 0), min(int(np.ceil(ys[1])), low)
    height, width = _tile_shape(dataset, size)
    for row in range(top, low, height):
        for column in range(left, right, width):
            yield Window(column, row, min(width, right - column), min(height, low - row))


def _tile_shape(dataset: Any, size: int) -> tuple[int, int]:  # noqa: ANN401 - no stubs
    """Return rows and columns of a window that suits how the file is stored."""
    rows, columns = dataset.block_shapes[0]
    if columns < dataset.width or dataset.width <= size:
        return size, size
    width = min(int(dataset.width), size * size)
    return min(max(size * size // width // rows * rows, 1), size * size), width


# ------------------------------------------------------------------ along lines
@dataclass(frozen=True, eq=False, slots=True)
class _Stretches:
    """Straight stretches of lines in cells of a raster, with what each is of the line."""

    row: IntArray
    """Position of the line."""
    x0: FloatArray
    y0: FloatArray
    x1: FloatArray
    y1: FloatArray
    start: FloatArray
    end: FloatArray


def sample_along(
    lines: gpd.GeoDataFrame | npt.NDArray[np.object_],
    raster: str | Path,
    *,
    step: float | None = None,
    band: int | None = None,
    nodata: float | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return what a raster says along lines, cell by cell.

    Each line is cut exactly where it crosses the borders of cells. A line that runs along a
    border belongs to the cell to the right or below.

    Parameters
    ----------
    lines
        Layer of lines in any coordinate reference system, or an array of lines in WGS 84
        longitude and latitude.
    raster
        Any raster that GDAL reads; only the windows that lines meet are read.
    step
        Longest stretch that is reprojected as straight, m. If left out, lines are divided until
        they are within 1/100 of a cell of their true course.
    band
        Band, from 1; needed if there are several.
    nodata
        Value that stands for no data, where the file does not declare it.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        ``row``: position of the line, from 0; ``start``, ``end``: share of the line, 0 to 1;
        ``value``: what the raster says there, NaN where it has no data or does not reach. In the
        order of lines and shares, without gaps from 0 to 1; neighbouring cells of the same value
        are one row. Shares are of the length on the ground, so that they fit other measures of
        the line: planar in a projected system, ellipsoidal in degrees. A line without length has
        one row from 0 to 1.

    Raises
    ------
    InputError
        If the raster cannot be used (see `open_raster`), a row is not one line, or `step` is not
        positive.
    CRSError
        If lines or raster state no coordinate reference system.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with rasterio.open(f"{folder}/a.tif", "w", driver="GTiff", width=2, height=1, count=1,
    ...                        dtype="uint8", crs="EPSG:4326",
    ...                        transform=rasterio.Affine(1, 0, 0, 0, -1, 1)) as out:
    ...         out.write(np.array([[[3, 7]]], dtype="uint8"))
    ...     sample_along(np.array([shapely.LineString([(0.5, 0.5), (2, 0.5)])]), f"{folder}/a.tif")
       row     start       end  value
    0    0  0.000000  0.333333    3.0
    1    0  0.333333  1.000000    7.0
    """  # fmt: skip
    parts = list(
        pieces_along(lines, raster, step=step, band=band, nodata=nodata, progress=progress)
    )
    if not parts:
        return _no_pieces()
    table = pd.concat(parts, ignore_index=True)
    parts.clear()
    # pieces of one line are together and in order
    order = np.argsort(table["row"].to_numpy(), kind="stable")
    return table.take(order).reset_index(drop=True)


def _no_pieces() -> pd.DataFrame:
    return pd.DataFrame(
        {"row": np.empty(0, np.int64), "start": np.empty(0), "end": np.empty(0),
         "value": np.empty(0)}
    )  # fmt: skip


def pieces_along(
    lines: gpd.GeoDataFrame | npt.NDArray[np.object_],
    raster: str | Path,
    *,
    step: float | None = None,
    band: int | None = None,
    nodata: float | None = None,
    progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:
    """Go through what a raster says along lines, some lines at a time.

    For lines by the million on fine cells, whose pieces together would not fit in memory.

    Parameters
    ----------
    lines, raster, step, band, nodata, progress
        As in `sample_along`.

    Yields
    ------
    pandas.DataFrame
        As from `sample_along`, for some of the lines: each line is whole, in one table, and the
        tables follow the tiles of the raster, not the order of lines.

    Raises
    ------
    InputError
        If the raster cannot be used, a row is not one line, or `step` is not positive.
    CRSError
        If lines or raster state no coordinate reference system.
    """
    shapes, crs = checked_lines(lines)
    if step is not None and not 0 < step < np.inf:
        msg = f"step must be finite and > 0 m, not {step:g}"
        raise InputError(msg)
    with open_raster(raster, band=band) as dataset:
        if not len(shapes):
            return
        change = change_to(dataset, crs)
        done = 0
        for rows in line_batches(shapes, change, dataset):
            stretches = _straight_stretches(shapes[rows], rows, crs, change, dataset, step)
            yield _pieces(stretches, dataset, band=band, nodata=nodata)
            done += len(rows)
            if progress is not None:
                progress(f"raster {Path(raster).name}", done / len(shapes))


def checked_lines(
    lines: gpd.GeoDataFrame | npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.object_], pyproj.CRS]:
    """Return lines and their coordinate reference system.

    Parameters
    ----------
    lines
        Layer of lines, or an array of lines in WGS 84 longitude and latitude.

    Returns
    -------
    shapes
        Lines, object, shape (n,).
    crs
        Their system.

    Raises
    ------
    InputError
        If a row is not one line.
    CRSError
        If the system is not stated.
    """
    if isinstance(lines, gpd.GeoDataFrame | gpd.GeoSeries):
        if lines.crs is None:
            msg = "lines: no coordinate reference system; state it with .set_crs(...)"
            raise CRSError(msg)
        shapes, crs = lines.geometry.to_numpy(), pyproj.CRS(lines.crs)
    else:
        shapes, crs = np.asarray(lines, dtype=object), pyproj.CRS(4326)
    right = (shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING) & ~shapely.is_empty(
        shapes
    )
    if not bool(right.all()):
        msg = (
            f"lines: every row needs one line (LineString); wrong in {int((~right).sum())} rows, "
            f"e.g. rows {labels(np.flatnonzero(~right))}; divide others with .explode()"
        )
        raise InputError(msg)
    return np.asarray(shapes, dtype=object), crs


def change_to(dataset: Any, crs: pyproj.CRS) -> pyproj.Transformer | None:  # noqa: ANN401
    """Return what reprojects x and y to those of a raster; None if they are the same.

    Parameters
    ----------
    dataset
        From `open_raster`.
    crs
        Of the coordinates; x is longitude or easting, whatever the order of axes is said to be.

    Returns
    -------
    pyproj.Transformer or None
        For `cell_positions`.
    """
    target = pyproj.CRS.from_wkt(dataset.crs.to_wkt())
    if crs.equals(target, ignore_axis_order=True):
        return None
    return pyproj.Transformer.from_crs(crs, target, always_xy=True)


def line_batches(
    shapes: npt.NDArray[np.object_],
    change: pyproj.Transformer | None,
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
) -> Iterator[IntArray]:
    """Go through lines in the order of the windows of a raster, so many that they fit in memory.

    Parameters
    ----------
    shapes
        Lines, object, shape (n,).
    change
        From `change_to`.
    dataset
        From `open_raster`.

    Yields
    ------
    numpy.ndarray
        Positions of lines, int64; each line once. Together they meet about 1.5 million cells.
    """
    tile = _tile_shape(dataset, WINDOW_CELLS)
    first = shapely.get_coordinates(shapely.get_point(shapes, 0))
    nudge = 1e-4 if change is not None and change.source_crs.is_geographic else 1.0  # type: ignore[union-attr]
    x, y = cell_positions(first, change, dataset)
    cells = np.zeros(len(shapes))
    for shift in ((nudge, 0.0), (0.0, nudge)):
        x1, y1 = cell_positions(first + shift, change, dataset)
        with np.errstate(invalid="ignore"):
            cells = np.fmax(cells, (np.abs(x1 - x) + np.abs(y1 - y)) / nudge)
    pieces = shapely.get_num_coordinates(shapes) + 1.5 * shapely.length(shapes) * np.nan_to_num(
        cells, posinf=0.0
    )
    row = np.clip(np.nan_to_num(y, posinf=0, neginf=0), 0, dataset.height - 1) // tile[0]
    column = np.clip(np.nan_to_num(x, posinf=0, neginf=0), 0, dataset.width - 1) // tile[1]
    order = np.lexsort((column, row)).astype(np.int64)
    part = np.cumsum(pieces[order]) // PIECES_AT_ONCE
    ends = np.flatnonzero(np.diff(part)) + 1
    yield from np.split(order, ends)


def cell_positions(
    points: FloatArray,
    change: pyproj.Transformer | None,
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
) -> tuple[FloatArray, FloatArray]:
    """Return where points lie in a raster.

    Parameters
    ----------
    points
        x and y, float64, shape (n, 2).
    change
        From `change_to`.
    dataset
        From `open_raster`.

    Returns
    -------
    column, row
        With fractions: 0 at the left and upper border of the first cell, 0.5 in its middle; inf
        where a point cannot be projected. Float64, shape (n,).
    """
    x, y = points[:, 0], points[:, 1]
    if change is not None:
        x, y = change.transform(x, y)
    place = dataset.transform
    return (np.asarray(x) - place.c) / place.a, (np.asarray(y) - place.f) / place.e


def _straight_stretches(
    shapes: npt.NDArray[np.object_],
    rows: IntArray,
    crs: pyproj.CRS,
    change: pyproj.Transformer | None,
    dataset: Any,  # noqa: ANN401 - no stubs
    step: float | None,
) -> _Stretches:
    """Divide lines until each stretch is straight in the raster, and say what share each is."""
    points, of = shapely.get_coordinates(shapes, return_index=True)
    there = np.flatnonzero(of[1:] == of[:-1])
    line, begin, end = of[there].astype(np.int64), points[there], points[there + 1]
    x, y = cell_positions(points, change, dataset)
    ground = ground_metres(begin, end, crs)
    parts = np.ones(len(line))
    if change is not None:
        middle_x, middle_y = cell_positions((begin + end) / 2, change, dataset)
        with np.errstate(invalid="ignore"):
            bend = np.hypot(
                middle_x - (x[there] + x[there + 1]) / 2, middle_y - (y[there] + y[there + 1]) / 2
            )
        # a bend falls with the square of the length
        bend = np.where(np.isfinite(bend), bend, 0.0)
        parts = np.maximum(parts, np.ceil(np.sqrt(1.5 * bend / BEND_CELLS)))
    if crs.is_geographic:
        parts = np.maximum(parts, np.ceil(np.abs(end - begin)[:, 1] / LENGTH_STEP_DEG))
    if step is not None:
        parts = np.maximum(parts, np.ceil(ground / step))
    count = np.clip(parts, 1, MOST_PARTS).astype(np.int64)
    x0, y0, x1, y1 = x[there], y[there], x[there + 1], y[there + 1]
    if int(count.max(initial=1)) > 1:
        of_stretch = np.repeat(np.arange(len(line)), count)
        nth = np.arange(len(of_stretch)) - np.repeat(np.cumsum(count) - count, count)
        low, high = nth / count[of_stretch], (nth + 1) / count[of_stretch]
        run = (end - begin)[of_stretch]
        from_, to = begin[of_stretch] + run * low[:, None], begin[of_stretch] + run * high[:, None]
        line = line[of_stretch]
        ground = ground_metres(from_, to, crs)
        inner = nth > 0
        ax, ay = cell_positions(from_[inner], change, dataset)
        x0, y0, x1, y1 = (values[of_stretch] for values in (x0, y0, x1, y1))
        x0[inner], y0[inner] = ax, ay
        before = np.flatnonzero(inner) - 1
        x1[before], y1[before] = ax, ay
    start, stop = _shares(line, ground, len(shapes))
    return _Stretches(row=rows[line], x0=x0, y0=y0, x1=x1, y1=y1, start=start, end=stop)


def _shares(line: IntArray, ground: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Return the shares of its line at which each stretch begins and ends."""
    total = np.bincount(line, weights=ground, minlength=size)
    # a line without length still has one stretch, and it is all of it
    first = np.flatnonzero(np.diff(line, prepend=-1))
    ground = ground.copy()
    empty = total[line[first]] <= 0
    ground[first[empty]] = 1.0
    total[line[first[empty]]] = 1.0
    reached = np.cumsum(ground)
    before = np.repeat(reached[first] - ground[first], np.diff(np.append(first, len(line))))
    end = (reached - before) / total[line]
    start = (reached - ground - before) / total[line]
    last = np.append(first[1:], len(line)) - 1
    end[last] = 1.0
    start[first] = 0.0
    return start, end


def ground_metres(begin: FloatArray, end: FloatArray, crs: pyproj.CRS) -> FloatArray:
    """Return how long straight stretches are on the ground.

    Parameters
    ----------
    begin, end
        Their ends, x and y, float64, shape (n, 2).
    crs
        Of the ends.

    Returns
    -------
    numpy.ndarray
        Metres, float64, shape (n,): planar in a projected system; of degrees see `local_metres`.
    """
    run = end - begin
    if not crs.is_geographic:
        factor = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
        return np.asarray(np.hypot(run[:, 0], run[:, 1]) * factor)
    return local_metres(run[:, 0], run[:, 1], (begin[:, 1] + end[:, 1]) / 2, crs)


def local_metres(
    east_deg: FloatArray, north_deg: FloatArray, lat_deg: FloatArray, crs: pyproj.CRS
) -> FloatArray:
    """Return how long small steps in degrees are on the ground.

    Parameters
    ----------
    east_deg, north_deg
        Steps, degrees, shape (n,).
    lat_deg
        Latitude of the middle of each step, degrees.
    crs
        Whose ellipsoid is meant.

    Returns
    -------
    numpy.ndarray
        Metres, float64, shape (n,); within a millionth of the geodesic below 10 km.

    References
    ----------
    Snyder, J. P. (1987). Map projections: a working manual. USGS Professional Paper 1395,
    equations 4-18 and 4-20: radii of curvature in the meridian and across it.

    Examples
    --------
    >>> local_metres(np.array([0.0]), np.array([1e-3]), np.array([0.0]), pyproj.CRS(4326)).round(3)
    array([110.574])
    """
    ellipsoid = crs.ellipsoid
    large = ellipsoid.semi_major_metre if ellipsoid else 6_378_137.0
    flat = 1 / ellipsoid.inverse_flattening if ellipsoid and ellipsoid.inverse_flattening else 0.0
    bent = flat * (2 - flat)
    angle = np.radians(lat_deg)
    w = 1 - bent * np.sin(angle) ** 2
    across = np.radians(east_deg) * large / np.sqrt(w) * np.cos(angle)
    along = np.radians(north_deg) * large * (1 - bent) / w**1.5
    return np.asarray(np.hypot(across, along))


def _pieces(
    stretches: _Stretches,
    dataset: Any,  # noqa: ANN401 - no stubs
    *,
    band: int | None,
    nodata: float | None,
) -> pd.DataFrame:
    """Cut stretches at the borders of cells, and look up the value of each piece."""
    s = stretches
    size = len(s.row)
    across, at_x = _crossings(s.x0, s.x1, int(dataset.width))
    down, at_y = _crossings(s.y0, s.y1, int(dataset.height))
    of = np.concatenate([np.arange(size), across, down])
    at = np.concatenate([np.zeros(size), at_x, at_y])
    order = np.lexsort((at, of))
    of, at = of[order], at[order]
    fresh = np.diff(of, prepend=-1) != 0
    # two cuts at one corner are one; so is one at the end of a stretch
    keep = fresh | ((np.diff(at, prepend=0.0) > SAME_SHARE) & (at < 1 - SAME_SHARE))
    of, at = of[keep], at[keep]
    until = np.append(at[1:], 1.0)
    until[np.append(np.diff(of) != 0, True)] = 1.0
    middle = (at + until) / 2
    value = _cell_values(
        s.x0[of] + (s.x1 - s.x0)[of] * middle,
        s.y0[of] + (s.y1 - s.y0)[of] * middle,
        dataset, band=band, nodata=nodata,
    )  # fmt: skip
    share = (s.end - s.start)[of]
    start, row = s.start[of] + share * at, s.row[of]
    # points that stand twice in a line make pieces without length
    some = s.start[of] + share * until > start
    row, start, value = row[some], start[some], value[some]
    begins = np.append(np.ones(min(len(row), 1), dtype=bool), row[1:] != row[:-1])
    start[begins] = 0.0
    equal = (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
    begins[1:] |= ~equal
    row, start, value = row[begins], start[begins], value[begins]
    end = np.append(start[1:], 1.0)
    end[:-1][row[1:] != row[:-1]] = 1.0
    return pd.DataFrame({"row": row, "start": start, "end": end, "value": value})


def _crossings(begin: FloatArray, end: FloatArray, cells: int) -> tuple[IntArray, FloatArray]:
    """Return where stretches cross grid lines 0 to `cells`: which stretch, at what share of it."""
    there = np.isfinite(begin) & np.isfinite(end)
    low = np.where(there, np.minimum(begin, end), 0.0)
    high = np.where(there, np.maximum(begin, end), 0.0)
    first = np.maximum(np.floor(low) + 1, 0).astype(np.int64)
    last = np.minimum(np.ceil(high) - 1, cells).astype(np.int64)
    count = np.maximum(last - first + 1, 0)
    of = np.repeat(np.arange(len(begin)), count)
    line = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + first[of]
    return of, (line - begin[of]) / (end - begin)[of]


def interpolate_at(
    column: FloatArray,
    row: FloatArray,
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    *,
    band: int | None = None,
    nodata: float | None = None,
) -> FloatArray:
    """Return values between the middles of cells, linear along both axes.

    Parameters
    ----------
    column, row
        From `cell_positions`, float64, shape (n,).
    dataset
        From `open_raster`.
    band
        Band, from 1; the first if left out.
    nodata
        Value that stands for no data as well.

    Returns
    -------
    numpy.ndarray
        Float64, shape (n,). NaN outside of the raster and in cells without data; neighbours
        without data do not count. Beyond the middle of the outermost cells values stay the same.
    """
    wide, high = int(dataset.width), int(dataset.height)
    result = np.full(len(column), np.nan)
    with np.errstate(invalid="ignore"):
        inside = np.flatnonzero((column >= 0) & (row >= 0) & (column <= wide) & (row <= high))
    x, y = column[inside], row[inside]
    own_column = np.minimum(x.astype(np.int64), wide - 1)
    own_row = np.minimum(y.astype(np.int64), high - 1)
    x, y = np.clip(x - 0.5, 0, wide - 1), np.clip(y - 0.5, 0, high - 1)
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, low = np.minimum(left + 1, wide - 1), np.minimum(top + 1, high - 1)
    x, y = x - left, y - top
    for some, (left_most, top_most, right_most, low_most) in _by_tile(
        left, top, right, low, dataset
    ):
        window = Window(left_most, top_most, right_most - left_most + 1, low_most - top_most + 1)
        cells = _raw_cells(dataset, window, band)
        total, weight = np.zeros(len(some)), np.zeros(len(some))
        for rows, columns, share in (
            (top, left, (1 - x[some]) * (1 - y[some])),
            (top, right, x[some] * (1 - y[some])),
            (low, left, (1 - x[some]) * y[some]),
            (low, right, x[some] * y[some]),
        ):
            raw = cells[rows[some] - top_most, columns[some] - left_most]
            value = _numbers(raw, dataset, band, nodata)
            there = np.isfinite(value) & (share > 0)
            total[there] += share[there] * value[there]
            weight[there] += share[there]
        raw = cells[own_row[some] - top_most, own_column[some] - left_most]
        known = np.isfinite(_numbers(raw, dataset, band, nodata))
        result[inside[some[known]]] = total[known] / weight[known]
    return result


def _by_tile(
    left: IntArray,
    top: IntArray,
    right: IntArray,
    low: IntArray,
    dataset: Any,  # noqa: ANN401 - no stubs
) -> Iterator[tuple[IntArray, tuple[int, int, int, int]]]:
    """Go through cells tile by tile: which ones, and the least window that has all of them."""
    high, wide = _tile_shape(dataset, WINDOW_CELLS)
    number = top // high * (dataset.width // wide + 1) + left // wide
    order = np.argsort(number, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        if len(some):
            yield (
                some,
                (
                    int(left[some].min()), int(top[some].min()),
                    int(right[some].max()), int(low[some].max()),
                ),
            )  # fmt: skip


def _cell_values(
    x: FloatArray,
    y: FloatArray,
    dataset: Any,  # noqa: ANN401 - no stubs
    *,
    band: int | None,
    nodata: float | None,
) -> FloatArray:
    """Return the value of the cell that each point lies in, tile by tile; NaN outside."""
    value = np.full(len(x), np.nan)
    with np.errstate(invalid="ignore"):
        inside = np.flatnonzero((x >= 0) & (y >= 0) & (x < dataset.width) & (y < dataset.height))
    column, row = x[inside].astype(np.int64), y[inside].astype(np.int64)
    for some, (left, top, right, low) in _by_tile(column, row, column, row, dataset):
        window = Window(left, top, right - left + 1, low - top + 1)
        cells = _raw_cells(dataset, window, band)[row[some] - top, column[some] - left]
        value[inside[some]] = _numbers(cells, dataset, band, nodata)
    return value
