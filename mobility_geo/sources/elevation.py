"""Slope on foot: how far edges climb and descend, and how much longer it takes to walk them.

Heights are taken at points along each edge, at equal distances that are never shorter than a
cell, and between the middles of cells. The values of whole cells would make stairs: level within
a cell, a cliff between two, and an edge shorter than a cell would always be level. Nor do finer
steps tell more: they would add up the noise of the model as climbs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import InputError, labels
from mobility_geo.sources.rasters import (
    cell_positions,
    change_to,
    checked_lines,
    ground_metres,
    interpolate_at,
    line_batches,
    open_raster,
)
from mobility_geo.sources.reading import Finding, Reading, findings_table

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
Progress = Callable[[str, float], None]

TOBLER_TOP_KPH: Final = 6.0
TOBLER_DECAY: Final = 3.5
TOBLER_BEST_SLOPE: Final = -0.05
OFF_PATH: Final = 0.6
"""Tobler 1993: speed off the path, as a share of that on it."""

SPACING_M: Final = 100.0
"""Assumption: a walker feels slopes over 100 m. Heights of neighbouring cells of global models
differ by some metres of noise, which over 30 m would be slopes of a tenth."""

STEEPEST: Final = 1.0
"""Assumption: nobody walks an edge steeper than 45 degrees; more is a fault of the model."""

LOWEST_M: Final = -500.0
HIGHEST_M: Final = 9_000.0
"""No land lies outside of these."""

LEVEL_KINDS: Final = ("river", "ferry", "transfer")
"""Kinds of edges that have no slope."""

LICENCE: Final = "not stated in the file; ask whoever made the elevation model, and name them"


@dataclass(frozen=True, eq=False, slots=True)
class _Profiles:
    """Points along lines, at equal distances on each."""

    line: IntArray
    """Position of the line of each point; points of one line are together and in order."""
    x: FloatArray
    y: FloatArray
    step_m: FloatArray
    """Distance between the points of each line."""


def tobler_kph(slope: npt.ArrayLike, *, off_path: bool = False) -> FloatArray:
    """Return how fast an adult walks on a slope.

    Parameters
    ----------
    slope
        Rise over run in the direction of the walk: 0.1 climbs one metre in ten. Any shape.
    off_path
        Whether there is no path: 0.6 of the speed.

    Returns
    -------
    numpy.ndarray
        float64, km/h, same shape: 5.037 on the level, 6 at 5 % downhill.

    References
    ----------
    Tobler, W. (1993). Three presentations on geographical analysis and modeling. NCGIA
    Technical Report 93-1: speed 6 exp(-3.5 abs(slope + 0.05)) km/h, and 0.6 of it off the path.

    Examples
    --------
    >>> tobler_kph([0.0, -0.05, 0.2]).round(3).tolist()
    [5.037, 6.0, 2.501]
    """
    steep = np.abs(np.asarray(slope, dtype=np.float64) - TOBLER_BEST_SLOPE)
    speed: FloatArray = TOBLER_TOP_KPH * np.exp(-TOBLER_DECAY * steep)
    return speed * OFF_PATH if off_path else speed


def walking_time_factor(
    edges: gpd.GeoDataFrame,
    elevation: str | Path,
    *,
    spacing_m: float = SPACING_M,
    band: int | None = None,
    nodata: float | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return by how much slopes stretch the time that edges take on foot.

    Parameters
    ----------
    edges, elevation, spacing_m, band, nodata, progress
        As in `add_slope`.

    Returns
    -------
    pandas.DataFrame
        Index of the edges; ``forward`` and ``backward``: multiply the time on the level with
        them, >= 0.839. NaN where there are no heights.

    Raises
    ------
    InputError
        As in `add_slope`.
    CRSError
        If edges or raster state no coordinate reference system.

    Examples
    --------
    >>> road = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 0)])], crs=4326)
    >>> walking_time_factor(road, "nowhere.tif")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.tif: no such file
    """
    table, _ = _slopes(
        edges, elevation, spacing_m=spacing_m, band=band, nodata=nodata, progress=progress
    )
    names = {"walk_factor": "forward", "walk_factor_back": "backward"}
    return table[list(names)].rename(columns=names)


def add_slope(
    edges: gpd.GeoDataFrame,
    elevation: str | Path,
    *,
    spacing_m: float = SPACING_M,
    band: int | None = None,
    nodata: float | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Add climbs and descents to edges, and what they mean for walking.

    Parameters
    ----------
    edges
        Lines in any coordinate reference system. If there, ``length_m`` is the length on the
        ground, ``bridge`` edges rise evenly from one end to the other, and edges whose ``kind``
        is river, ferry or transfer are level.
    elevation
        Heights in metres; any raster that GDAL reads, read window by window.
    spacing_m
        Distance between heights along an edge, m, > 0; never shorter than a cell, whatever is
        said. The default is an assumption. Edges that are shorter are one slope.
    band
        Band, from 1; needed if there are several.
    nodata
        Value that stands for no data, where the file does not declare it.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    Reading
        Table ``edges``: the edges with ``climb_m`` and ``descent_m``, >= 0, from start to end,
        and ``walk_factor`` and ``walk_factor_back``: the time on the level times this is the time
        from start to end, and back. Missing where there are no heights at all; a stretch without
        counts as level.

    Raises
    ------
    InputError
        If heights cannot be metres, the raster cannot be used or lies elsewhere, a row is not
        one line, or the spacing is not positive.
    CRSError
        If edges or raster state no coordinate reference system.

    Examples
    --------
    >>> road = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 0)])], crs=4326)
    >>> add_slope(road, "nowhere.tif")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.tif: no such file
    """
    table, findings = _slopes(
        edges, elevation, spacing_m=spacing_m, band=band, nodata=nodata, progress=progress
    )
    result = edges.copy()
    for name in table.columns:
        result[name] = table[name].to_numpy()
    return Reading(
        file=Path(elevation).name, publisher="any elevation model", licence=LICENCE,
        tables={"edges": result}, rows_read=len(edges), rows_kept=len(edges),
        findings=findings_table(findings),
    )  # fmt: skip


def _slopes(
    edges: gpd.GeoDataFrame,
    elevation: str | Path,
    *,
    spacing_m: float,
    band: int | None,
    nodata: float | None,
    progress: Progress | None,
) -> tuple[pd.DataFrame, list[Finding]]:
    """Return climbs and factors of edges, and what is to be told.

    Raises
    ------
    InputError
        If they cannot be measured.
    """
    if not 0 < spacing_m < np.inf:
        msg = f"spacing_m must be finite and > 0 m, not {spacing_m:g}"
        raise InputError(msg)
    name = Path(elevation).name
    shapes, crs = checked_lines(edges)
    size = len(shapes)
    even = _flagged(edges, "bridge")
    level = np.zeros(size, dtype=bool)
    if "kind" in edges.columns:
        level = edges["kind"].isin(LEVEL_KINDS).to_numpy(dtype=bool)
    given_m = np.full(size, np.nan)
    if "length_m" in edges.columns:
        given_m = edges["length_m"].to_numpy(dtype=float, na_value=np.nan)
    climb, descent, forth, back, known = (np.zeros(size) for _ in range(5))
    cliffs = np.zeros(size, dtype=bool)
    with open_raster(elevation, band=band) as dataset:
        _check_unit(dataset, name, band or 1)
        change = change_to(dataset, crs)
        done = 0
        for rows in line_batches(shapes, change, dataset):
            walked = rows[~level[rows]]
            done += len(rows)
            if len(walked):
                cell_m = _cell_m(shapes[walked], change, dataset, crs)
                profiles = _profiles(
                    shapes[walked], crs, np.maximum(cell_m, spacing_m), even[walked]
                )
                spots = np.column_stack([profiles.x, profiles.y])
                height = interpolate_at(
                    *cell_positions(spots, change, dataset), dataset, band=band, nodata=nodata
                )
                _check_heights(height, name)
                for sums, values in zip(
                    (climb, descent, forth, back, known, cliffs),
                    _walk(profiles, height, given_m[walked], len(walked)), strict=True,
                ):  # fmt: skip
                    sums[walked] = values
            if progress is not None:
                progress(f"elevation {name}", done / size)
    blank = (known == 0) & ~level
    if size and bool(blank.all()):
        msg = f"{name}: no edge has a height: the raster lies elsewhere, or has no data there"
        raise InputError(msg)
    forth[level] = back[level] = 1.0
    columns = {"climb_m": climb, "descent_m": descent, "walk_factor": forth,
               "walk_factor_back": back}  # fmt: skip
    for values in columns.values():
        values[blank] = np.nan
    names = edges["edge_id"].to_numpy() if "edge_id" in edges.columns else edges.index.to_numpy()
    told = _slope_findings(names, blank=blank, partly=~blank & ~level & (known < 1), cliffs=cliffs,
                           even=even & ~level, level=level)  # fmt: skip
    return pd.DataFrame(columns, index=edges.index), told


def _flagged(edges: gpd.GeoDataFrame, column: str) -> BoolArray:
    if column not in edges.columns:
        return np.zeros(len(edges), dtype=bool)
    return edges[column].fillna(value=False).to_numpy(dtype=bool)


def _check_unit(dataset: Any, name: str, band: int) -> None:  # noqa: ANN401 - no stubs
    """Check that heights are not said to be in another unit than metres.

    Raises
    ------
    InputError
        If they are.
    """
    unit = str(dataset.units[band - 1] or "").strip()
    if unit and unit.casefold() not in {"m", "metre", "meter", "metres", "meters"}:
        msg = f"{name}: heights are in {unit!r}; convert them to metres, for example by gdal_calc"
        raise InputError(msg)


def _check_heights(height: FloatArray, name: str) -> None:
    """Check that heights can be those of land, in metres.

    Raises
    ------
    InputError
        If they cannot.
    """
    with np.errstate(invalid="ignore"):
        wrong = (height < LOWEST_M) | (height > HIGHEST_M)
    if bool(wrong.any()):
        worst = float(height[wrong][np.abs(height[wrong]).argmax()])
        msg = (
            f"{name}: a height of {worst:,.6g} m: no land is below {LOWEST_M:,.0f} or above "
            f"{HIGHEST_M:,.0f} m; another unit, or missing data that the file does not declare: "
            "say its value with nodata=..."
        )
        raise InputError(msg)


def _cell_m(
    shapes: Shapes,
    change: pyproj.Transformer | None,
    dataset: Any,  # noqa: ANN401 - no stubs
    crs: pyproj.CRS,
) -> FloatArray:
    """Return the larger side of a cell on the ground where each line begins."""
    first = shapely.get_coordinates(shapely.get_point(shapes, 0))
    nudge = 1e-4 if crs.is_geographic else 1.0
    aside, ahead = first + np.array([nudge, 0.0]), first + np.array([0.0, nudge])
    x, y = cell_positions(first, change, dataset)
    aside_x, aside_y = cell_positions(aside, change, dataset)
    ahead_x, ahead_y = cell_positions(ahead, change, dataset)
    wide = ground_metres(first, aside, crs)
    high = ground_metres(first, ahead, crs)
    # cells per metre in both directions: the smaller one is the longer side
    with np.errstate(invalid="ignore", divide="ignore"):
        per_m = np.fmin(
            np.hypot(aside_x - x, aside_y - y) / wide, np.hypot(ahead_x - x, ahead_y - y) / high
        )
        side = 1 / per_m
    return np.where(np.isfinite(side), side, 0.0)


def _profiles(shapes: Shapes, crs: pyproj.CRS, spacing_m: FloatArray, even: BoolArray) -> _Profiles:
    """Place points along lines, at equal distances of at least `spacing_m` where they fit."""
    points, of = shapely.get_coordinates(shapes, return_index=True)
    there = np.flatnonzero(of[1:] == of[:-1])
    line = of[there].astype(np.int64)
    ground = ground_metres(points[there], points[there + 1], crs)
    length = np.bincount(line, weights=ground, minlength=len(shapes))
    steps = np.where(even, 1, np.maximum(np.floor(length / spacing_m), 1)).astype(np.int64)
    owner = np.repeat(np.arange(len(shapes)), steps + 1)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    share = nth / steps[owner]
    # all lines end to end, so that one search finds the stretch of every point
    reached = np.concatenate([[0.0], np.cumsum(ground)])
    begins = reached[np.searchsorted(line, np.arange(len(shapes)))]
    target = begins[owner] + share * length[owner]
    first = np.searchsorted(line, owner, side="left")
    last = np.searchsorted(line, owner, side="right") - 1
    stretch = np.clip(np.searchsorted(reached, target, side="right") - 1, first, last)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.nan_to_num((target - reached[stretch]) / ground[stretch])
    part = np.clip(part, 0.0, 1.0)[:, None]
    # the ends are exactly those of the line
    part[nth == steps[owner]] = 1.0
    part[nth == 0] = 0.0
    stretch = np.where(nth == 0, first, np.where(nth == steps[owner], last, stretch))
    spots = points[there][stretch] * (1 - part) + points[there + 1][stretch] * part
    return _Profiles(line=owner, x=spots[:, 0], y=spots[:, 1], step_m=length / steps)


def _walk(
    profiles: _Profiles, height: FloatArray, given_m: FloatArray, size: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, BoolArray]:
    """Return climb, descent, factors forth and back, known share, and whether it was too steep."""
    there = np.flatnonzero(profiles.line[1:] == profiles.line[:-1])
    line = profiles.line[there]
    steps = np.bincount(line, minlength=size)
    run = np.where(given_m > 0, given_m / steps, profiles.step_m)[line]
    rise = height[there + 1] - height[there]
    known = np.isfinite(rise)
    rise = np.where(known, rise, 0.0)
    slope = np.divide(rise, run, out=np.zeros_like(rise), where=run > 0)
    too_steep = np.abs(slope) > STEEPEST
    slope = np.clip(slope, -STEEPEST, STEEPEST)

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(line, weights=values, minlength=size) / steps)

    flat = float(tobler_kph(0.0))
    return (
        np.asarray(np.bincount(line, weights=np.maximum(rise, 0), minlength=size)),
        np.asarray(np.bincount(line, weights=np.maximum(-rise, 0), minlength=size)),
        mean(flat / tobler_kph(slope)),
        mean(flat / tobler_kph(-slope)),
        mean(known.astype(np.float64)),
        np.bincount(line, weights=too_steep, minlength=size) > 0,
    )


def _slope_findings(
    names: npt.NDArray[Any],
    *,
    blank: BoolArray,
    partly: BoolArray,
    cliffs: BoolArray,
    even: BoolArray,
    level: BoolArray,
) -> list[Finding]:
    told = []
    for some, check, severity, what in (
        (blank, "no height", "warning", "outside of the raster or without data: slope missing"),
        (partly, "height in part", "warning", "stretches without a height count as level"),
        (cliffs, "too steep", "warning",
         f"steeper than {STEEPEST:.0%} somewhere, taken as that: the edge or the raster is off"),
        (even, "bridges", "note", "bridges: they rise evenly from end to end"),
        (level, "level", "note", "rivers, ferries and transfers: they are level"),
    ):  # fmt: skip
        count = int(some.sum())
        if count:
            told.append(
                Finding(check=check, severity=severity, table="edges",
                        id=f"{count:,} edges, e.g. {labels(names[some])}", value=count,
                        unit="rows", finding=what)
            )  # fmt: skip
    return told
