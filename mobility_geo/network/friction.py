"""Walking off the road: a friction surface, and the least-cost ways over it.

The surface is a grid of square cells in a metric coordinate reference system. From the centre of
each cell people walk to those of 16 others: the eight around it and the eight a knight's move
away. A way costs *flat metres*: the way on flat firm ground that takes as long. Slope is felt in
the direction of the walk (Tobler 1993), ground by the speed factor of its land cover. No step
crosses a barrier: steps are tested against its line, not against cells that it touches, so that
neither does a way leak through a corner nor does a river swallow the road along its bank.

Least-cost ways are found by `scipy.sparse.csgraph.dijkstra`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import rasterio
import shapely
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject
from rasterio.warp import transform as transform_points
from scipy.ndimage import map_coordinates, maximum_filter
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.elevation import (
    HIGHEST_M,
    LOWEST_M,
    TOBLER_BEST_SLOPE,
    tobler_kph,
)
from mobility_geo.sources.rasters import open_raster
from mobility_geo.units import KM_M, MIN_PER_H

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
Bounds = tuple[float, float, float, float]

FLAT_KPH: Final = float(tobler_kph(0.0, off_path=True))
"""Speed on flat firm ground off the path, 3.02 km/h."""

DOWNHILL_GAIN: Final = float(tobler_kph(TOBLER_BEST_SLOPE) / tobler_kph(0.0))
"""The most that a slope speeds people up, at 5 % downhill: 1.19."""

STEEPEST: Final = 50.0
"""Slopes are cut off here, far above any real one, to keep numbers finite."""

MOST_CELLS: Final = 1_500_000
"""So many cells make a grid at most; about 1.2 GB when searched."""

HALF_STEPS: Final = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))
STEPS: Final = (*HALF_STEPS, *((-row, -column) for row, column in HALF_STEPS))
"""Rows and columns that a step goes; the second half goes back the first half."""

CONNECTED_CELLS: Final = 1.6
"""Places and roads are joined to centres of cells this near, in cells: from the corner of a cell,
to those a knight's move away."""

FORD_CELLS: Final = 1.5
"""A ford opens a barrier this far about it, in cells, so that no grid can miss it."""

DIRECT_CELLS: Final = 2.0
"""What is this near, in cells, is walked to in a straight line."""

SAMPLES: Final = 16
"""Short straight ways feel the ground at so many points."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FrictionSurface:
    """Ground that people walk over, as a grid of square cells.

    Parameters
    ----------
    crs
        Metric coordinate reference system.
    left_m, top_m
        Upper left corner.
    resolution_m
        Side of a cell, m, > 0.
    speed_factor
        float64, shape (rows, columns): speed as a share of that on flat firm ground, above 0 to
        1; 0: nobody can pass; NaN: not known, taken as firm.
    elevation_m
        float64, same shape; NaN: not known, taken as flat.
    walls
        Straight pieces, as lines of two points, that no step crosses.

    Raises
    ------
    InputError
        If shapes differ, a speed factor is outside 0 to 1, an elevation outside -500 to 9,000 m,
        or the resolution is not above 0.
    CRSError
        If the coordinate reference system is not in metres.

    Examples
    --------
    >>> plain = np.ones((4, 5))
    >>> FrictionSurface(
    ...     crs=pyproj.CRS(32630),
    ...     left_m=0,
    ...     top_m=0,
    ...     resolution_m=250.0,
    ...     speed_factor=plain,
    ...     elevation_m=plain,
    ... ).shape
    (4, 5)
    """

    crs: pyproj.CRS
    left_m: float
    top_m: float
    resolution_m: float
    speed_factor: FloatArray
    elevation_m: FloatArray
    walls: Shapes = field(default_factory=lambda: np.empty(0, dtype=object))

    def __post_init__(self) -> None:
        """Check what was given.

        Raises
        ------
        InputError
            If a value is out of range.
        CRSError
            If the coordinate reference system is not in metres.
        """
        _check_crs(self.crs)
        problems = []
        if not self.resolution_m > 0:
            problems.append(f"resolution_m must be > 0 m, not {self.resolution_m:g}")
        if self.speed_factor.ndim != 2 or self.speed_factor.shape != self.elevation_m.shape:  # noqa: PLR2004
            problems.append(
                f"speed_factor {self.speed_factor.shape} and elevation_m "
                f"{self.elevation_m.shape} must be grids of one shape"
            )
        for name, values, low, high, unit in (
            ("speed_factor", self.speed_factor, 0.0, 1.0, ""),
            ("elevation_m", self.elevation_m, LOWEST_M, HIGHEST_M, " m"),
        ):
            wrong = (values < low) | (values > high)
            if bool(wrong.any()):
                problems.append(
                    f"{name} must be {low:g} to {high:g}{unit}; wrong in {int(wrong.sum())} "
                    f"cells, e.g. {labels(np.unique(values[wrong]))}: another unit, or a mark for "
                    "missing values that the file does not declare"
                )
        if problems:
            raise InputError(problems)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.speed_factor.shape
        return rows, columns

    @property
    def slowness(self) -> FloatArray:
        """Flat metres per metre of level ground; `inf` where nobody can pass."""
        factor = np.where(np.isnan(self.speed_factor), 1.0, self.speed_factor)
        with np.errstate(divide="ignore"):
            return 1.0 / factor

    def centres(self, cells: npt.NDArray[np.integer]) -> FloatArray:
        """Return the centres of cells, by number along the rows; shape (cells, 2)."""
        row, column = np.divmod(cells, self.shape[1])
        return np.column_stack(
            [self.left_m + (column + 0.5) * self.resolution_m,
             self.top_m - (row + 0.5) * self.resolution_m]
        )  # fmt: skip

    def cells(self, points: FloatArray) -> npt.NDArray[np.int64]:
        """Return the cell that each point lies in; -1: outside."""
        column = np.floor((points[:, 0] - self.left_m) / self.resolution_m).astype(np.int64)
        row = np.floor((self.top_m - points[:, 1]) / self.resolution_m).astype(np.int64)
        rows, columns = self.shape
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return np.where(inside, row * columns + column, -1)


def tobler_factor(slope: npt.ArrayLike) -> FloatArray:
    """Return by how much a slope stretches a way: flat metres per metre.

    Parameters
    ----------
    slope
        Rise over run in the direction of the walk: 0.1 climbs one metre in ten. NaN is taken as
        level. Any shape.

    Returns
    -------
    numpy.ndarray
        float64, same shape, >= 0.839; 1 on the level.

    References
    ----------
    Tobler, W. (1993). Three presentations on geographical analysis and modeling. NCGIA
    Technical Report 93-1: speed 6 exp(-3.5 abs(slope + 0.05)) km/h, and 0.6 of it off the path.

    Examples
    --------
    >>> tobler_factor([0.0, 0.1, -0.1, -0.05]).round(3).tolist()
    [1.0, 1.419, 1.0, 0.839]
    """
    steep = np.clip(np.nan_to_num(np.asarray(slope, dtype=np.float64)), -STEEPEST, STEEPEST)
    return np.asarray(tobler_kph(0.0) / tobler_kph(steep))


def flat_minutes(flat_m: npt.ArrayLike) -> FloatArray:
    """Return how long an adult walks flat metres, in minutes.

    Parameters
    ----------
    flat_m
        Way on flat firm ground, m, any shape; `inf` stays `inf`.

    Returns
    -------
    numpy.ndarray
        float64, minutes, same shape, at 3.02 km/h.

    References
    ----------
    Tobler (1993), see `tobler_factor`: 0.6 x 6 exp(-3.5 x 0.05) km/h.

    Examples
    --------
    >>> round(float(flat_minutes(3022)))
    60
    """
    return np.asarray(np.asarray(flat_m, dtype=np.float64) / KM_M / FLAT_KPH * MIN_PER_H)


def friction_surface(
    bounds: Bounds,
    *,
    crs: pyproj.CRS | str | int,
    resolution_m: float = 250.0,
    elevation: str | Path | None = None,
    landcover: str | Path | None = None,
    landcover_speeds: str | Path | None = None,
    barriers: gpd.GeoSeries | None = None,
    fords: gpd.GeoSeries | None = None,
    closed: gpd.GeoSeries | None = None,
) -> FrictionSurface:
    """Return the friction surface of an area.

    Parameters
    ----------
    bounds
        West, south, east, north in metres of `crs`; widened to whole cells.
    crs
        Metric coordinate reference system to work in: that of the network.
    resolution_m
        Side of a cell, m, > 0.
    elevation
        Raster of elevations in metres, in any coordinate reference system, first band; means over
        the cells are taken, so that slopes are those of a cell and gentler than the ground is.
        Left out: flat.
    landcover
        Raster of classes, first band; the commonest class of a cell counts. Left out: firm.
    landcover_speeds
        CSV file with the columns ``class_code``, ``label``, ``speed_factor`` (0: nobody can
        pass; at most 1) and ``source``; the built-in table for ESA WorldCover if left out.
    barriers
        Lines and polygons that nobody walks across, such as rivers and lakes, in any system.
    fords
        Points, lines or polygons where a barrier can be crossed: it is open within one and a
        half cells of them.
    closed
        Polygons that nobody enters, such as other countries; by the centres of cells.

    Returns
    -------
    FrictionSurface
        Rasters are read for the window only; where they say nothing, the ground is taken as flat
        and firm, and its cells are NaN.

    Raises
    ------
    InputError
        If a file cannot be read, an elevation is outside -500 to 9,000 m, a class is not in the
        table, a barrier is a point, or the grid would have more than 1.5 million cells.
    CRSError
        If something has no coordinate reference system, or `crs` is not in metres.

    Examples
    --------
    >>> friction_surface((0, 0, 1000, 600), crs=32630).shape
    (3, 4)
    """
    work = pyproj.CRS(crs)
    _check_crs(work)
    left, top, shape = _grid(bounds, resolution_m)
    transform = Affine(resolution_m, 0.0, left, 0.0, -resolution_m, top)
    height = np.full(shape, np.nan)
    factor = np.ones(shape)
    if elevation is not None:
        height = _on_grid(elevation, work, transform, shape, classes=False)
    if landcover is not None:
        speeds = read_landcover_speeds(landcover_speeds)
        factor = _speed_factors(
            _on_grid(landcover, work, transform, shape, classes=True), speeds, Path(landcover).name
        )
    if closed is not None and len(closed):
        factor[_covered(_within(closed, work), transform, shape)] = 0.0
    walls = np.empty(0, dtype=object)
    if barriers is not None and len(barriers):
        shapes = _within(barriers, work)
        if fords is not None and len(fords):
            gaps = shapely.union_all(
                shapely.buffer(_within(fords, work), FORD_CELLS * resolution_m)
            )
            shapes = shapely.difference(shapes, gaps)
        box = shapely.box(left, top - shape[0] * resolution_m, left + shape[1] * resolution_m, top)
        shapes = shapes[shapely.intersects(shapes, box)]
        if bool((shapely.get_dimensions(shapes) == 0).any()):
            msg = "barriers must be lines or polygons, there are points; buffer them first"
            raise InputError(msg)
        areas = shapes[shapely.get_dimensions(shapes) == 2]  # noqa: PLR2004
        factor[_covered(areas, transform, shape)] = 0.0
        walls = _pieces(shapes, box)
    try:
        return FrictionSurface(
            crs=work, left_m=left, top_m=top, resolution_m=resolution_m, speed_factor=factor,
            elevation_m=height, walls=walls,
        )  # fmt: skip
    except InputError as error:
        name = "ground" if elevation is None else Path(elevation).name
        raise InputError([f"{name}: {problem}" for problem in error.problems]) from error


def read_landcover_speeds(path: str | Path | None = None) -> pd.DataFrame:
    """Read how fast people walk on each class of land cover.

    Parameters
    ----------
    path
        CSV file with the columns ``class_code``, ``label``, ``speed_factor`` and ``source``; the
        built-in table for the classes of ESA WorldCover if left out.

    Returns
    -------
    pandas.DataFrame
        One row per class; ``speed_factor`` is the share of the speed on flat firm ground, 0 to 1;
        0: nobody can pass.

    Raises
    ------
    InputError
        If the file is missing, lacks a column, names a class twice, or has a factor outside 0
        to 1.

    References
    ----------
    AccessMod 5 user manual, World Health Organization: examples of walking speed by land cover.

    Examples
    --------
    >>> float(read_landcover_speeds().set_index("class_code")["speed_factor"][80])
    0.0
    """
    file = data_folder() / "network" / "landcover_speeds.csv" if path is None else Path(path)
    if not file.is_file():
        msg = f"{path}: no such file"
        raise InputError(msg)
    table = pd.read_csv(file)
    columns = ["class_code", "label", "speed_factor", "source"]
    missing = [name for name in columns if name not in table.columns]
    if missing:
        msg = f"{file.name}: no column {', '.join(missing)}; needs {', '.join(columns)}"
        raise InputError(msg)
    factor = pd.to_numeric(table["speed_factor"], errors="coerce")
    code = pd.to_numeric(table["class_code"], errors="coerce")
    problems = []
    for wrong, text in (
        (~factor.between(0, 1), "speed_factor must be 0 (nobody can pass) to 1 (as firm ground)"),
        (code.isna() | code.duplicated(keep=False), "class_code must be a number, each once"),
        (table["source"].isna(), "source must not be missing; write 'assumption: ...' for one"),
    ):
        if bool(wrong.any()):
            names = labels(table.loc[wrong, "class_code"])
            problems.append(f"{file.name}: {text}; wrong in {int(wrong.sum())} rows, e.g. {names}")
    if problems:
        raise InputError(problems)
    return table.assign(speed_factor=factor.astype(float), class_code=code)[columns]


def _check_crs(crs: pyproj.CRS) -> None:
    """Check that a coordinate reference system is in metres.

    Raises
    ------
    CRSError
        If it is not.
    """
    if not crs.is_projected or any(a.unit_conversion_factor != 1.0 for a in crs.axis_info[:2]):
        msg = f"{crs.name!r} is not in metres; walking needs a projected system, as networks have"
        raise CRSError(msg)


def _grid(bounds: Bounds, resolution_m: float) -> tuple[float, float, tuple[int, int]]:
    """Return the upper left corner and the shape of the grid, in whole cells from the origin.

    Raises
    ------
    InputError
        If it has no cells, or too many.
    """
    if not resolution_m > 0:
        msg = f"resolution_m must be > 0 m, not {resolution_m:g}"
        raise InputError(msg)
    west, south, east, north = bounds
    if not (west < east and south < north and np.isfinite(bounds).all()):
        msg = f"bounds must be west < east and south < north in metres, not {bounds}"
        raise InputError(msg)
    first, last = np.floor(west / resolution_m), np.ceil(east / resolution_m)
    low, high = np.floor(south / resolution_m), np.ceil(north / resolution_m)
    shape = int(high - low), int(last - first)
    if shape[0] * shape[1] > MOST_CELLS:
        msg = (
            f"a grid of {shape[0]:,} x {shape[1]:,} cells of {resolution_m:g} m is more than "
            f"{MOST_CELLS:,} cells; take a coarser resolution_m, or fewer max_hours"
        )
        raise InputError(msg)
    return float(first * resolution_m), float(high * resolution_m), shape


def _within(shapes: gpd.GeoSeries, crs: pyproj.CRS) -> Shapes:
    """Return shapes in the system of the grid, without missing ones.

    Raises
    ------
    CRSError
        If they have none of their own.
    """
    if shapes.crs is None:
        msg = "barriers, fords and closed areas need a coordinate reference system; .set_crs(...)"
        raise CRSError(msg)
    found: Shapes = shapes.to_crs(crs).to_numpy()
    return found[~(shapely.is_missing(found) | shapely.is_empty(found))]


def _covered(shapes: Shapes, transform: Affine, shape: tuple[int, int]) -> BoolArray:
    """Mark the cells whose centre lies in one of the shapes."""
    if not len(shapes):
        return np.zeros(shape, dtype=bool)
    marks = rasterize(shapes, out_shape=shape, transform=transform, fill=0, default_value=1,
                      dtype="uint8")  # fmt: skip
    return np.asarray(marks, dtype=bool)


def _pieces(shapes: Shapes, box: shapely.Polygon) -> Shapes:
    """Return lines and outlines as straight pieces of two points, where they touch the box."""
    flat = shapely.get_parts(shapes)
    areas = shapely.get_dimensions(flat) == 2  # noqa: PLR2004
    flat = shapely.get_parts(np.concatenate([flat[~areas], shapely.boundary(flat[areas])]))
    coordinates, line = shapely.get_coordinates(flat, return_index=True)
    joined = line[1:] == line[:-1]
    ends = np.stack([coordinates[:-1][joined], coordinates[1:][joined]], axis=1)
    ends = ends[np.any(ends[:, 0] != ends[:, 1], axis=1)]
    pieces: Shapes = np.asarray(shapely.linestrings(ends), dtype=object)
    return pieces[shapely.STRtree(pieces).query(box, predicate="intersects")]


def _on_grid(
    path: str | Path, crs: pyproj.CRS, transform: Affine, shape: tuple[int, int], *, classes: bool
) -> FloatArray:
    """Read the first band of a raster for the cells of a grid; NaN where it has no value.

    Raises
    ------
    InputError
        If it cannot be read.
    CRSError
        If it has no coordinate reference system.
    """
    target = CRS.from_wkt(crs.to_wkt())
    found = np.full(shape, np.nan, dtype=np.float32)
    with open_raster(path) as source:
        how = Resampling.mode
        if not classes:
            # means over pixels larger than a cell would make stairs of slopes
            east = transform.c + shape[1] // 2 * transform.a + np.array([0.0, transform.a])
            north = np.full(2, transform.f + shape[0] // 2 * transform.e)
            x, y = transform_points(target, source.crs, east, north)
            place = source.transform
            pixels = np.hypot((x[1] - x[0]) / place.a, (y[1] - y[0]) / place.e)
            how = Resampling.average if pixels > 1 else Resampling.bilinear
        try:
            reproject(
                rasterio.band(source, 1), found, dst_transform=transform, dst_crs=target,
                dst_nodata=np.nan, init_dest_nodata=True, resampling=how,
            )  # fmt: skip
        except RasterioError as error:
            msg = f"{path}: cells cannot be read: damaged, or cut short; get it again ({error})"
            raise InputError(msg) from error
        values = found * source.scales[0] + source.offsets[0]
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def _speed_factors(classes: FloatArray, speeds: pd.DataFrame, name: str) -> FloatArray:
    """Return the speed factor of each cell; NaN where the class is missing.

    Raises
    ------
    InputError
        If a class is not in the table.
    """
    known = speeds.sort_values("class_code")
    codes = known["class_code"].to_numpy(dtype=float)
    there = np.isfinite(classes)
    row = np.clip(np.searchsorted(codes, classes[there]), 0, len(codes) - 1)
    strange = codes[row] != classes[there]
    if bool(strange.any()):
        which = np.unique(classes[there][strange])
        msg = (
            f"{name}: {int(strange.sum())} cells are of classes that the table of speeds does not "
            f"have, e.g. {labels(which)}; add them to a table and name it as landcover_speeds"
        )
        raise InputError(msg)
    factor = np.full(classes.shape, np.nan)
    factor[there] = known["speed_factor"].to_numpy(dtype=float)[row]
    return factor


def walking_moves(surface: FrictionSurface) -> csr_array:
    """Return what each step from cell to cell costs.

    Parameters
    ----------
    surface
        The ground.

    Returns
    -------
    scipy.sparse.csr_array
        float64, shape (cells, cells): flat metres from the cell of the row to that of the column,
        numbered along the rows of the grid; no entry: no step. Uphill and downhill differ.

    Notes
    -----
    Along a step the ground of each cell counts by the part of the step within it. A knight's move
    goes over the middle of the two cells that it passes, up and down again, so that it does not
    leap a ridge. A diagonal step needs both cells beside it to be passable, a knight's move both
    that it passes. On even ground a way is at most 2.8 % longer than the straight line, 1 / cos of
    half the widest angle between two directions, atan(1/2).

    Examples
    --------
    >>> plain = friction_surface((0, 0, 750, 250), crs=32630)
    >>> walking_moves(plain).toarray().round().tolist()
    [[0.0, 250.0, 0.0], [250.0, 0.0, 250.0], [0.0, 250.0, 0.0]]
    """
    rows, columns = surface.shape
    slow, height = surface.slowness, surface.elevation_m
    costs = np.full((rows, columns, len(STEPS)), np.inf)
    for number, (down, right) in enumerate(STEPS):
        if abs(down) >= rows or abs(right) >= columns:
            continue
        top, bottom = max(0, -down), rows - max(0, down)
        left, end = max(0, -right), columns - max(0, right)

        def seen(
            grid: FloatArray, row: int, column: int,
            window: tuple[int, int, int, int] = (top, bottom, left, end),
        ) -> FloatArray:  # fmt: skip
            """Return a grid as seen from the cells that the step starts at."""
            return grid[window[0] + row : window[1] + row, window[2] + column : window[3] + column]

        run = float(np.hypot(down, right)) * surface.resolution_m
        here, there = seen(height, 0, 0), seen(height, down, right)
        if max(abs(down), abs(right)) == 1:
            cost = run * (seen(slow, 0, 0) + seen(slow, down, right)) / 2
            cost = cost * tobler_factor((there - here) / run)
            if down and right:
                beside = np.isinf(seen(slow, down, 0)) | np.isinf(seen(slow, 0, right))
                cost[beside] = np.inf
        else:
            first = (0, int(np.sign(right))) if abs(right) > 1 else (int(np.sign(down)), 0)
            second = (down - first[0], right - first[1])
            middle = (seen(height, *first) + seen(height, *second)) / 2
            half = run / 2
            cost = half * (seen(slow, 0, 0) + seen(slow, *first)) / 2 * tobler_factor(
                (middle - here) / half
            ) + half * (seen(slow, *second) + seen(slow, down, right)) / 2 * tobler_factor(
                (there - middle) / half
            )
        costs[top:bottom, left:end, number] = cost
    if len(surface.walls):
        _close_at_walls(surface, costs)
    by_cell = costs.reshape(-1, len(STEPS))
    passable = np.isfinite(by_cell)
    offset = np.array([down * columns + right for down, right in STEPS], dtype=np.int32)
    ahead = np.arange(len(by_cell), dtype=np.int32)[:, None] + offset
    pointer = np.concatenate([[0], np.cumsum(passable.sum(axis=1))]).astype(np.int32)
    size = len(by_cell)
    return csr_array((by_cell[passable], ahead[passable], pointer), shape=(size, size))


def _close_at_walls(surface: FrictionSurface, costs: FloatArray) -> None:
    """Take out every step that meets a wall, both ways."""
    rows, columns = surface.shape
    along = shapely.get_coordinates(shapely.segmentize(surface.walls, surface.resolution_m / 2))
    touched = np.zeros(rows * columns, dtype=bool)
    cells = surface.cells(along)
    touched[cells[cells >= 0]] = True
    # a step goes two cells at most, and a wall less than one between two points of it
    near = np.flatnonzero(maximum_filter(touched.reshape(rows, columns), size=7))
    row, column = np.divmod(near, columns)
    tree = shapely.STRtree(surface.walls)
    for number, (down, right) in enumerate(HALF_STEPS):
        to_row, to_column = row + down, column + right
        inside = (to_row < rows) & (to_column >= 0) & (to_column < columns)
        tail = near[inside]
        head = to_row[inside] * columns + to_column[inside]
        hit = _crosses(tree, surface.centres(tail), surface.centres(head))
        for cells, way in ((tail, number), (head, number + len(HALF_STEPS))):
            costs.reshape(-1, len(STEPS))[cells[hit], way] = np.inf


def _crosses(tree: shapely.STRtree, start: FloatArray, end: FloatArray) -> BoolArray:
    """Say which straight lines meet a wall."""
    met = np.zeros(len(start), dtype=bool)
    if len(start) and len(tree):
        lines = shapely.linestrings(np.stack([start, end], axis=1))
        met[tree.query(lines, predicate="intersects")[0]] = True
    return met


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Joints:
    """Where shapes meet the grid: cell, way between shape and cell, and its foot on the shape.

    Sorted by shape; `pointer` says where each one begins.
    """

    cell: npt.NDArray[np.int64]
    flat_m: FloatArray
    foot: FloatArray
    pointer: npt.NDArray[np.int64]


def _joints(
    surface: FrictionSurface, shapes: Shapes, tree: shapely.STRtree, *, leaving: bool
) -> _Joints:
    """Join shapes to the centres of the cells about them, never across a wall or water."""
    rows, columns = surface.shape
    dense = shapely.segmentize(shapes, surface.resolution_m / 2)
    coordinates, which = shapely.get_coordinates(dense, return_index=True)
    cell = surface.cells(coordinates)
    which, cell = np.unique(np.column_stack([which, cell])[cell >= 0], axis=0).T
    row, column = np.divmod(cell, columns)
    near = [
        (which, row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)
    ]  # fmt: skip
    which, row, column = (np.concatenate(part) for part in zip(*near, strict=True))
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    which, cell = np.unique(
        np.column_stack([which, row * columns + column])[inside], axis=0
    ).T.astype(np.int64)
    passable = np.isfinite(surface.slowness.ravel()[cell])
    which, cell = which[passable], cell[passable]
    centre = surface.centres(cell)
    links = shapely.shortest_line(shapes[which], shapely.points(centre))
    foot = shapely.get_coordinates(links).reshape(-1, 2, 2)[:, 0]
    good = np.hypot(*(foot - centre).T) <= CONNECTED_CELLS * surface.resolution_m
    which, cell, foot, centre = which[good], cell[good], foot[good], centre[good]
    flat_m = _link_costs(surface, tree, *((foot, centre) if leaving else (centre, foot)))
    good = np.isfinite(flat_m)
    return _Joints(
        cell=cell[good], flat_m=flat_m[good], foot=foot[good],
        pointer=np.searchsorted(which[good], np.arange(len(shapes) + 1)),
    )  # fmt: skip


def _link_costs(
    surface: FrictionSurface, tree: shapely.STRtree, start: FloatArray, end: FloatArray
) -> FloatArray:
    """Return flat metres along short straight lines; `inf` across a wall or a blocked cell.

    Those who stand in a blocked cell, as on the shore of a lake, can leave it.
    """
    length = np.hypot(*(end - start).T)
    blocked = surface.speed_factor == 0
    first, last = surface.cells(start), surface.cells(end)
    inside = (first >= 0) & (last >= 0)
    row, column = np.divmod(np.stack([first, last]), surface.shape[1])
    # how many cells are blocked in the rectangle about both ends, but for these
    total = np.pad(np.cumsum(np.cumsum(blocked, axis=0), axis=1), ((1, 0), (1, 0)))
    top, bottom = row.min(axis=0), row.max(axis=0) + 1
    left, right = column.min(axis=0), column.max(axis=0) + 1
    between = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    flags = blocked.ravel()
    own = flags[first].astype(np.int64) + (flags[last] & (first != last))
    good = inside & (between == own)
    good[good] = ~_crosses(tree, start[good], end[good])
    share = (np.arange(SAMPLES) + 0.5)[:, None, None] / SAMPLES
    passed = surface.cells((start + share * (end - start)).reshape(-1, 2)).reshape(SAMPLES, -1)
    slow = surface.slowness.ravel()[passed]
    slow = np.where(np.isinf(slow), 1.0, slow).mean(axis=0)
    rise = _height_at(surface, end) - _height_at(surface, start)
    cost = length * slow * tobler_factor(rise / np.maximum(length, 1e-9))
    return np.where(good, cost, np.inf)


def _height_at(surface: FrictionSurface, points: FloatArray) -> FloatArray:
    """Return elevations between the centres of cells, linear in both directions."""
    column = (points[:, 0] - surface.left_m) / surface.resolution_m - 0.5
    row = (surface.top_m - points[:, 1]) / surface.resolution_m - 0.5
    height: FloatArray = map_coordinates(
        surface.elevation_m, [row, column], order=1, mode="nearest"
    )
    return height


def _straight(
    surface: FrictionSurface, points: Shapes, shapes: Shapes, tree: shapely.STRtree
) -> dict[int, dict[int, tuple[float, FloatArray]]]:
    """Return straight ways to what is less than two cells away: point, shape, flat metres, foot."""
    found: dict[int, dict[int, tuple[float, FloatArray]]] = {}
    point, shape = shapely.STRtree(shapes).query(
        points, predicate="dwithin", distance=DIRECT_CELLS * surface.resolution_m
    )
    ends = shapely.get_coordinates(shapely.shortest_line(points[point], shapes[shape]))
    start, foot = ends.reshape(-1, 2, 2).transpose(1, 0, 2)
    cost = _link_costs(surface, tree, start, foot)
    good = np.isfinite(cost)
    for i, j, flat_m, end in zip(point[good], shape[good], cost[good], foot[good], strict=True):
        found.setdefault(int(i), {})[int(j)] = (float(flat_m), end)
    return found


Ways = tuple[int, FloatArray, Callable[[int], shapely.LineString]]


def search_ways(
    surface: FrictionSurface, points: Shapes, shapes: Shapes, *, limit_m: float = np.inf
) -> Iterator[Ways]:
    """Search the least-cost ways from points to shapes, one point after the other.

    Parameters
    ----------
    surface
        The ground.
    points
        Points to start at, in the system of the surface.
    shapes
        Points or lines to reach; a line is reached at whichever of its points is nearest in time.
    limit_m
        Flat metres beyond which nothing is searched.

    Yields
    ------
    row : int
        Position of the point.
    flat_m : numpy.ndarray
        float64, one per shape, from the point to the shape; `inf`: out of reach.
    way : callable
        From the position of a shape that is in reach to the line of the way there.

    Examples
    --------
    >>> plain = friction_surface((0, 0, 5_000, 5_000), crs=32630)
    >>> a, b = shapely.points([[125, 125], [4125, 125]])
    >>> [far.round().tolist() for _, far, _ in search_ways(plain, np.array([a]), np.array([b]))]
    [[4000.0]]
    """
    if not len(points) or not len(shapes):
        for number in range(len(points)):
            yield number, np.full(len(shapes), np.inf), _no_way
        return
    tree = shapely.STRtree(surface.walls)
    moves = walking_moves(surface)
    size = moves.shape[0]
    start = _joints(surface, points, tree, leaving=True)
    graph = csr_array(
        (
            np.concatenate([moves.data, start.flat_m]),
            np.concatenate([moves.indices, start.cell]).astype(np.int32),
            np.concatenate([moves.indptr, moves.indptr[-1] + start.pointer[1:]]).astype(np.int32),
        ),
        shape=(size + len(points), size + len(points)),
    )
    end = _joints(surface, shapes, tree, leaving=False)
    straight = _straight(surface, points, shapes, tree)
    joined = np.flatnonzero(np.diff(end.pointer))
    for number in range(len(points)):
        start_at = np.array([size + number])
        (reached,), (before,) = dijkstra(
            graph, directed=True, indices=start_at, return_predecessors=True, limit=limit_m
        )
        total = reached[end.cell] + end.flat_m
        flat_m = np.full(len(shapes), np.inf)
        if len(joined):
            flat_m[joined] = np.minimum.reduceat(total, end.pointer[joined])
        directly = {
            shape: foot
            for shape, (cost, foot) in straight.get(number, {}).items()
            if cost <= flat_m[shape]
        }
        for shape in directly:
            flat_m[shape] = straight[number][shape][0]
        flat_m[flat_m > limit_m] = np.inf

        def way(
            shape: int,
            total: FloatArray = total,
            before: IntArray = before,
            point: shapely.Point = points[number],
            directly: dict[int, FloatArray] = directly,
        ) -> shapely.LineString:
            """Return the line of the way to a shape."""
            first = shapely.get_coordinates(point)
            if shape in directly:
                return shapely.LineString(np.vstack([first, directly[shape]]))
            joints = slice(end.pointer[shape], end.pointer[shape + 1])
            best = end.pointer[shape] + int(total[joints].argmin())
            cells = [int(end.cell[best])]
            while before[cells[-1]] < size:
                cells.append(int(before[cells[-1]]))
            line = np.vstack([first, surface.centres(np.array(cells[::-1])), end.foot[best]])
            # without the points along a straight stretch; the length is the same
            return shapely.simplify(shapely.LineString(line), 1e-6)

        yield number, flat_m, way


def _no_way(shape: int) -> shapely.LineString:
    msg = f"no way to shape {shape}"
    raise InputError(msg)


def least_cost_paths(
    surface: FrictionSurface,
    origins: gpd.GeoSeries,
    targets: gpd.GeoSeries,
    *,
    limit_m: float = np.inf,
) -> gpd.GeoDataFrame:
    """Return the least-cost ways over a surface from each origin to each target within reach.

    Parameters
    ----------
    surface
        The ground.
    origins
        Points.
    targets
        Points or lines; a line is reached at the point of it that is nearest in time.
    limit_m
        Longest way, in flat metres.

    Returns
    -------
    geopandas.GeoDataFrame
        ``origin``, ``target`` (labels of the two indexes), ``flat_m``, ``length_m`` (in the
        projection) and the line of the way, from origin to target; a pair out of reach has no
        row. The way back costs something else where the ground is not level.

    Raises
    ------
    CRSError
        If origins or targets are not in the system of the surface.

    Examples
    --------
    >>> plain = friction_surface((0, 0, 5_000, 5_000), crs=32630)
    >>> ends = gpd.GeoSeries(gpd.points_from_xy([125, 4125], [125, 125]), index=["a", "b"])
    >>> ends = ends.set_crs(32630)
    >>> ways = least_cost_paths(plain, ends[["a"]], ends[["b"]])
    >>> ways[["origin", "target", "flat_m"]].to_numpy().tolist()
    [['a', 'b', 4000.0]]
    """
    points, shapes = _of_surface(surface, origins), _of_surface(surface, targets)
    rows: list[tuple[int, int, float]] = []
    lines: list[shapely.LineString] = []
    for number, flat_m, way in search_ways(surface, points, shapes, limit_m=limit_m):
        for shape in np.flatnonzero(np.isfinite(flat_m)):
            rows.append((number, int(shape), float(flat_m[shape])))
            lines.append(way(int(shape)))
    table = pd.DataFrame(
        {
            "origin": origins.index.take([row[0] for row in rows]),
            "target": targets.index.take([row[1] for row in rows]),
            "flat_m": np.array([row[2] for row in rows], dtype=float),
            "length_m": shapely.length(np.array(lines, dtype=object)).astype(float),
        }
    )
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(lines, crs=surface.crs))


def walking_time_min(
    surface: FrictionSurface,
    origins: gpd.GeoSeries,
    targets: gpd.GeoSeries,
    *,
    max_hours: float = np.inf,
) -> FloatArray:
    """Return how long an adult walks over a surface from each origin to each target.

    Parameters
    ----------
    surface
        The ground.
    origins, targets
        As in `least_cost_paths`.
    max_hours
        Longest walk, h.

    Returns
    -------
    numpy.ndarray
        float64, minutes, shape (origins, targets); `inf`: out of reach.

    Raises
    ------
    CRSError
        If origins or targets are not in the system of the surface.

    References
    ----------
    Tobler (1993), see `tobler_factor`: 3.02 km/h on flat ground off the path.

    Examples
    --------
    >>> plain = friction_surface((0, 0, 5_000, 5_000), crs=32630)
    >>> ends = gpd.GeoSeries(gpd.points_from_xy([125, 4125], [125, 125]), crs=32630)
    >>> walking_time_min(plain, ends, ends).round().tolist()
    [[0.0, 79.0], [79.0, 0.0]]
    """
    points, shapes = _of_surface(surface, origins), _of_surface(surface, targets)
    limit_m = max_hours * FLAT_KPH * KM_M
    found = np.full((len(points), len(shapes)), np.inf)
    for number, flat_m, _ in search_ways(surface, points, shapes, limit_m=limit_m):
        found[number] = flat_m
    return flat_minutes(found)


def _of_surface(surface: FrictionSurface, shapes: gpd.GeoSeries) -> Shapes:
    """Return shapes as an array.

    Raises
    ------
    CRSError
        If they are not in the system of the surface.
    """
    if shapes.crs is None or pyproj.CRS(shapes.crs) != surface.crs:
        msg = f"origins and targets must be in {surface.crs.name!r}, as the surface is; .to_crs()"
        raise CRSError(msg)
    found: Shapes = shapes.to_numpy()
    return found
