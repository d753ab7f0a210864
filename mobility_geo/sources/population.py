"""People from rasters: counted by zone, or given to the nearest places, none lost on the way.

A raster of population holds people per cell or people per km2, and few files say which. Nothing
here is taken for granted: what the file says is found, what you say goes before it, and numbers
that cannot be are refused.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from rasterio.windows import Window
from scipy.spatial import KDTree

from mobility_geo.errors import ConservationError, CRSError, InputError, labels
from mobility_geo.sources.rasters import WINDOW_CELLS, open_raster, raster_windows, read_window
from mobility_geo.sources.reading import Finding, Reading, findings_table
from mobility_geo.units import KM_M

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Progress = Callable[[str, float], None]
Bounds = tuple[float, float, float, float]
Quantity = Literal["count", "density_per_km2"]

QUANTITIES: Final[tuple[Quantity, ...]] = ("count", "density_per_km2")

MEAN_LIMIT_PER_KM2: Final = 100_000.0
"""Assumption: nowhere do so many people live on a km2, on average over a whole raster."""

DENSEST_LIMIT_PER_KM2: Final = 1_000_000.0
SMALLEST_CELL_KM2: Final = 0.005
"""Assumption: no cell of 70 m or more holds people at over a million per km2."""

TOWN_PER_KM2: Final = 1_000.0
TOWN_COARSE_PER_KM2: Final = 50.0
LARGE_KM2: Final = 10_000.0
"""Assumption: 10,000 km2 with people have one cell with 1,000 per km2 (50 if cells are > 1 km2)."""

NEAR_TOTAL: Final = 0.1
"""A total within 10 % of the known one needs no remark."""

FAR_TOTAL: Final = 0.5
"""A total farther than this from the known one, as a natural logarithm, may be another quantity."""

MAX_DISTANCE_M: Final = 25_000.0
"""Assumption: people are counted to a place up to a day's walk away, 25 km."""

CONSERVED: Final = 1e-9
TOLD_SHARE: Final = 1e-6
"""Shares of people below this are the rounding of cells that borders cut."""

COVERED_SHARE: Final = 0.99
SEGMENT_DEG: Final = 0.05
REMAINDER_BLOCKS: Final = 4_000_000
EARTH_CRS: Final = 4978

SAYS: Final[Mapping[Quantity, str]] = MappingProxyType({
    "density_per_km2": (
        r"dens(?:ity|ities|ité|idad|idade)|per[ _]?(?:sq|square|km)"
        r"|(?:people|persons?) ?/ ?(?:sq|km)"
        r"|(?<![a-z0-9])(?:pd|popdens|ppkm2?)(?![a-z0-9])"
    ),
    "count": (
        r"(?<![a-z0-9])ppp(?![a-z0-9])|pop(?:ulation)?[ _-]?counts?|(?<![a-z0-9])ghs[ _-]?pop"
        r"|per[ _]?(?:pixel|grid|cell)|landscan|(?<![a-z0-9])pop_\d{4}_(?:cn|uc)(?![a-z0-9])"
    ),
})  # fmt: skip
"""What file names, tags and descriptions of bands say: WorldPop ``pd`` and ``ppp``, GPW
``population_density`` and ``population_count``, GHSL ``GHS_POP`` (a count)."""

COUNT_UNITS: Final = frozenset({"persons", "people", "count", "inhabitants", "number of people"})

PUBLISHERS: Final = (
    (r"worldpop|afripop|(?<![a-z])(?:ppp|pd|pop)_(?:19|20)\d\d", "WorldPop",
     "CC BY 4.0, WorldPop (www.worldpop.org)"),
    (r"gpw", "CIESIN GPW", "CC BY 4.0, CIESIN, Columbia University"),
    (r"ghs[ _-]?pop|ghsl", "GHSL",
     "reuse with acknowledgement (Commission Decision 2011/833/EU), European Commission, JRC"),
)  # fmt: skip
UNKNOWN_LICENCE: Final = "not stated in the file; ask whoever made the raster, and name them"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What a raster holds in the region asked for, before it is decided what it means."""

    cells: int
    negative: int
    negative_values: tuple[float, ...]
    total: float
    total_by_area: float
    inhabited_km2: float
    densest_by_cell: float
    densest: float
    cell_km2: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Part:
    """People of one window, by zone and cell."""

    zone: IntArray
    cell: IntArray
    share: FloatArray
    persons: FloatArray
    other: FloatArray
    known: BoolArray
    window: Window


# ------------------------------------------------------------------ count or density
def raster_quantity(raster: str | Path, *, band: int | None = None) -> tuple[Quantity | None, str]:
    """Find out whether a raster says that it holds people per cell or per km2.

    Parameters
    ----------
    raster
        Any raster that GDAL reads.
    band
        Band, from 1; needed if there are several.

    Returns
    -------
    quantity
        ``count``, ``density_per_km2``, or None if it says nothing or both.
    why
        What said so, in words.

    Raises
    ------
    InputError
        If the raster cannot be used: see `mobility_geo.sources.rasters.open_raster`.

    Examples
    --------
    >>> raster_quantity("nowhere.tif")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.tif: no such file
    """
    with open_raster(raster, band=band) as dataset:
        return _said_quantity(dataset, Path(raster).name, band or 1)


def _said_quantity(dataset: Any, name: str, band: int) -> tuple[Quantity | None, str]:  # noqa: ANN401
    unit = str(dataset.units[band - 1] or "").strip()
    texts = {
        "the file name": name,
        "the unit of the band": unit,
        "the description of the band": str(dataset.descriptions[band - 1] or ""),
    }
    tags = {**dataset.tags(), **dataset.tags(band)}
    texts |= {f"the tag {key}": str(value) for key, value in tags.items()}
    found: dict[Quantity, str] = {}
    for where, text in texts.items():
        for quantity, pattern in SAYS.items():
            hit = re.search(pattern, text, flags=re.IGNORECASE)
            if hit:
                found.setdefault(quantity, f"{where} has {hit.group(0)!r}")
    if unit.casefold() in COUNT_UNITS:
        found.setdefault("count", f"the unit of the band is {unit!r}")
    if len(found) == 1:
        return next(iter(found.items()))
    if found:
        return None, "; ".join(f"{why} ({quantity})" for quantity, why in found.items())
    return None, "neither its name, nor its tags, unit or description say so"


def _decide_quantity(
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    name: str,
    band: int,
    quantity: str | None,
) -> tuple[Quantity, Finding]:
    """Return what the raster holds, and how that is known.

    Raises
    ------
    InputError
        If it is not known, or no such quantity exists.
    """
    said, why = _said_quantity(dataset, name, band)
    if quantity is not None and quantity not in QUANTITIES:
        msg = f"quantity must be 'count' or 'density_per_km2', not {quantity!r}"
        raise InputError(msg)
    if quantity is None:
        if said is None:
            msg = (
                f"{name}: people per cell or per km2? {why}; look at its documentation and say "
                "quantity='count' or quantity='density_per_km2'"
            )
            raise InputError(msg)
        return said, Finding(check="quantity", severity="note", table=name, id="all cells",
                             finding=f"{said}, for {why}")  # fmt: skip
    chosen: Quantity = "count" if quantity == "count" else "density_per_km2"
    if said is not None and said != chosen:
        return chosen, Finding(
            check="quantity", severity="warning", table=name, id="all cells",
            finding=f"{chosen} as you say, although {why}, which means {said}",
        )  # fmt: skip
    return chosen, Finding(check="quantity", severity="note", table=name, id="all cells",
                           finding=f"{chosen} as you say")  # fmt: skip


def cell_areas_km2(
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    window: Window,
) -> FloatArray:
    """Return the true areas of the cells of a window, in km2.

    Parameters
    ----------
    dataset
        From `mobility_geo.sources.rasters.open_raster`.
    window
        Which cells.

    Returns
    -------
    numpy.ndarray
        float64: in degrees one per row, shape (rows, 1), exact on the ellipsoid; in a projected
        system shape (rows, columns), of the corners of each cell on the ellipsoid, NaN where the
        projection ends.

    References
    ----------
    Snyder, J. P. (1987). Map projections: a working manual. USGS Professional Paper 1395,
    equation 3-12: the area of the ellipsoid below a parallel.

    Examples
    --------
    >>> import tempfile, rasterio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with rasterio.open(f"{folder}/a.tif", "w", driver="GTiff", width=1, height=2, count=1,
    ...                        dtype="uint8", crs="EPSG:4326",
    ...                        transform=rasterio.Affine(1, 0, 0, 0, -1, 1)) as out:
    ...         out.write(np.zeros((1, 2, 1), dtype="uint8"))
    ...     with open_raster(f"{folder}/a.tif") as dataset:
    ...         cell_areas_km2(dataset, Window(0, 0, 1, 2)).round(1)
    array([[12308.5],
           [12308.5]])
    """  # fmt: skip
    place = dataset.transform
    crs = pyproj.CRS.from_wkt(dataset.crs.to_wkt())
    rows, columns = int(window.height), int(window.width)
    if crs.is_geographic:
        edge = place.f + place.e * (window.row_off + np.arange(rows + 1))
        below = _area_below_m2(np.clip(edge, -90, 90), crs)
        width = abs(np.radians(place.a))
        return np.asarray((np.abs(np.diff(below)) * width / KM_M**2)[:, None])
    x = place.c + place.a * (window.col_off + np.arange(columns + 1))
    y = place.f + place.e * (window.row_off + np.arange(rows + 1))
    # no factor of scale: that of PROJ is on a sphere for Mollweide and Web Mercator
    lon, lat = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(
        *np.meshgrid(x, y)
    )
    lon = np.where(np.isfinite(lon), np.radians(lon), np.nan)
    # longitude and area below the parallel are an equal-area map, so the trapezoids of corners add
    north = _area_below_m2(np.where(np.isfinite(lat), lat, np.nan), crs)
    across, up = lon[1:, 1:] - lon[:-1, :-1], north[1:, 1:] - north[:-1, :-1]
    back, down = lon[1:, :-1] - lon[:-1, 1:], north[1:, :-1] - north[:-1, 1:]
    return np.asarray(np.abs(across * down - back * up) / 2 / KM_M**2)


def _area_below_m2(lat_deg: FloatArray, crs: pyproj.CRS) -> FloatArray:
    """Return the area between equator and parallels per radian of longitude, m2, with sign."""
    ellipsoid = crs.ellipsoid
    large = ellipsoid.semi_major_metre if ellipsoid else 6_378_137.0
    flat = 1 / ellipsoid.inverse_flattening if ellipsoid and ellipsoid.inverse_flattening else 0.0
    sine = np.sin(np.radians(lat_deg))
    e = np.sqrt(flat * (2 - flat))
    if e == 0:
        return np.asarray(large**2 * sine)
    return np.asarray(
        large**2 * (1 - e**2) / 2 * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
    )


def _survey(
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    bounds: Bounds | None,
    *,
    band: int,
    nodata: float | None,
) -> _Facts:
    """Go once through the cells of a region."""
    cells = negative = 0
    values: set[float] = set()
    total = by_area = inhabited = densest_by_cell = densest = 0.0
    for window in raster_windows(dataset, bounds, WINDOW_CELLS):
        raw = read_window(dataset, window, band=band, nodata=nodata)
        below = raw < 0
        if bool(below.any()):
            negative += int(below.sum())
            values |= set(np.unique(raw[below])[:8].tolist())
        some = raw > 0
        cells += int(np.isfinite(raw).sum())
        if not bool(some.any()):
            continue
        areas = np.broadcast_to(_rough_areas(dataset, window), raw.shape)[some]
        people = raw[some]
        total += float(people.sum())
        by_area += float((people * areas).sum())
        inhabited += float(areas.sum())
        densest_by_cell = max(densest_by_cell, float((people / areas).max()))
        densest = max(densest, float(people.max()))
    middle = Window(dataset.width // 2, dataset.height // 2, 1, 1)
    return _Facts(
        cells=cells, negative=negative, negative_values=tuple(sorted(values)), total=total,
        total_by_area=by_area, inhabited_km2=inhabited, densest_by_cell=densest_by_cell,
        densest=densest, cell_km2=float(_rough_areas(dataset, middle)[0, 0]),
    )  # fmt: skip


def _rough_areas(dataset: Any, window: Window) -> FloatArray:  # noqa: ANN401 - no stubs
    """Return areas of cells, km2: in a projected system that of the cell in the middle for all."""
    if dataset.crs.is_geographic:
        return cell_areas_km2(dataset, window)
    middle = Window(window.col_off + window.width // 2, window.row_off + window.height // 2, 1, 1)
    return cell_areas_km2(dataset, middle)


def _negative_findings(facts: _Facts, name: str) -> list[Finding]:
    """Tell of cells below zero that stand for no data.

    Raises
    ------
    InputError
        If they have several values, and so stand for nothing.
    """
    if not facts.negative:
        return []
    shown = ", ".join(f"{value:g}" for value in facts.negative_values[:3])
    if len(facts.negative_values) > 1:
        msg = (
            f"{name}: {facts.negative:,} cells have fewer than no people ({shown}, ...): missing "
            "data that were resampled, or no population at all; get the raster as published"
        )
        raise InputError(msg)
    return [
        Finding(check="undeclared nodata", severity="warning", table=name,
                id=f"{facts.negative:,} cells", value=facts.negative, unit="cells",
                finding=f"have {shown} people, which the file does not declare as missing data; "
                        "taken as no data")
    ]  # fmt: skip


def _plausible(facts: _Facts, quantity: Quantity, name: str, known: float | None) -> list[Finding]:
    """Check that people are not packed beyond belief, and tell the total of the other reading.

    Raises
    ------
    InputError
        If they are.
    """
    counted = quantity == "count"
    other = QUANTITIES[counted]
    total, otherwise = facts.total, facts.total_by_area
    densest, densest_otherwise = facts.densest_by_cell, facts.densest
    if not counted:
        total, otherwise = otherwise, total
        densest, densest_otherwise = densest_otherwise, densest
    if total <= 0:
        return [Finding(check="nobody", severity="warning", table=name, id="all cells",
                        finding="the raster has no people in the region asked for")]  # fmt: skip
    mean = total / facts.inhabited_km2
    packed = facts.cell_km2 >= SMALLEST_CELL_KM2 and densest > DENSEST_LIMIT_PER_KM2
    if known is None and (mean > MEAN_LIMIT_PER_KM2 or packed):
        msg = (
            f"{name}: taken as {quantity} it holds {total:,.0f} people, {mean:,.0f} per km2 where "
            f"anybody lives and {densest:,.0f} per km2 in the densest cell, beyond belief; taken "
            f"as {other} they would be {otherwise:,.0f}, {densest_otherwise:,.0f} per km2 at most: "
            f"say quantity={other!r} if that is right, nodata={facts.densest:g} if that marks "
            "missing data, or known_total=... if the total is right"
        )
        raise InputError(msg)
    told = [
        Finding(check="total", severity="note", table=name, id="all cells", value=total,
                unit="persons",
                finding=f"{total:,.0f} people in the region read, {mean:,.1f} per km2 where "
                        f"anybody lives, {densest:,.0f} in the densest cell; taken as {other} "
                        f"they would be {otherwise:,.0f}")
    ]  # fmt: skip
    town = TOWN_PER_KM2 if facts.cell_km2 <= 1 else TOWN_COARSE_PER_KM2
    if known is None and facts.inhabited_km2 > LARGE_KM2 and densest < town:
        told.append(
            Finding(check="thinly peopled", severity="warning", table=name, id="all cells",
                    value=densest, unit="persons/km2",
                    finding=f"no cell has {town:,.0f} people per km2 although "
                            f"{facts.inhabited_km2:,.0f} km2 are inhabited: {other} taken for "
                            f"{quantity}? Give known_total=... to be sure")
        )  # fmt: skip
    return told


def _known_findings(
    total: float, otherwise: float, known: float | None, quantity: Quantity, name: str
) -> list[Finding]:
    """Compare with a total that is known.

    Raises
    ------
    InputError
        If the total fits the other quantity better, or is not positive.
    """
    if known is None:
        return []
    if not 0 < known < np.inf:
        msg = f"known_total must be finite and > 0 persons, not {known:g}"
        raise InputError(msg)
    other = QUANTITIES[quantity == "count"]
    tiny = np.finfo(float).tiny
    far, far_otherwise = (abs(np.log(max(x, tiny) / known)) for x in (total, otherwise))
    if far > FAR_TOTAL and far_otherwise < far:
        msg = (
            f"{name}: taken as {quantity} it holds {total:,.0f} people, known are {known:,.0f}; "
            f"taken as {other} it holds {otherwise:,.0f}: say quantity={other!r}"
        )
        raise InputError(msg)
    off = total / known - 1
    severity = "note" if abs(off) <= NEAR_TOTAL else "warning"
    return [
        Finding(check="known total", severity=severity, table=name, id="all cells", value=total,
                unit="persons", finding=f"{total:,.0f} people, {off:+.1%} against {known:,.0f}")
    ]  # fmt: skip


# ------------------------------------------------------------------ cells of zones
def _zones_there(zones: gpd.GeoDataFrame, dataset: Any, name: str) -> npt.NDArray[np.object_]:  # noqa: ANN401
    """Return zones in the coordinates of the raster.

    Raises
    ------
    InputError
        If they have no or a doubled code, are no sound areas, or lie elsewhere.
    CRSError
        If they state no coordinate reference system.
    """
    if "pcode" not in zones.columns:
        msg = "zones: no column 'pcode'; read them with read_boundaries, or rename one"
        raise InputError(msg)
    if zones.crs is None:
        msg = "zones: no coordinate reference system; state it with .set_crs(...)"
        raise CRSError(msg)
    if not len(zones):
        msg = "zones: no rows"
        raise InputError(msg)
    twice = (zones["pcode"].duplicated(keep=False) | zones["pcode"].isna()).to_numpy(dtype=bool)
    shapes = zones.geometry.to_numpy()
    kinds = shapely.get_type_id(shapes)
    areas = np.isin(kinds, [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON])
    sound = areas & shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    for wrong, what in (
        (twice, "pcode must be there once each"),
        (~sound, "every row needs a sound area; repair with .make_valid()"),
    ):
        if bool(wrong.any()):
            msg = (
                f"zones: {what}; wrong in {int(wrong.sum())} rows, e.g. "
                f"{labels(zones.loc[wrong, 'pcode'])}"
            )
            raise InputError(msg)
    target = pyproj.CRS.from_wkt(dataset.crs.to_wkt())
    if not pyproj.CRS(zones.crs).equals(target, ignore_axis_order=True):
        if zones.crs.is_geographic:
            shapes = shapely.segmentize(shapes, SEGMENT_DEG)
        shapes = gpd.GeoSeries(shapes, crs=zones.crs).to_crs(target).to_numpy()
    around = shapely.box(*dataset.bounds)
    if not bool(shapely.intersects(shapely.box(*_bounds(shapes)), around)):
        west, south, east, north = dataset.bounds
        msg = (
            f"{name}: lies elsewhere than the zones: it covers {west:g} to {east:g} and {south:g} "
            f"to {north:g} in {target.name!r}"
        )
        raise InputError(msg)
    return np.asarray(shapes, dtype=object)


def _bounds(shapes: npt.NDArray[np.object_]) -> Bounds:
    west, south, east, north = (float(value) for value in shapely.total_bounds(shapes))
    return west, south, east, north


def _parts(
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    shapes: npt.NDArray[np.object_] | None,
    quantity: Quantity,
    *,
    band: int,
    nodata: float | None,
    progress: Progress | None,
) -> Iterator[_Part]:
    """Go through the cells window by window, with the share of each that lies in each zone.

    Raises
    ------
    InputError
        If there are people where the projection ends.
    """
    bounds = None if shapes is None else _bounds(shapes)
    windows = list(raster_windows(dataset, bounds, WINDOW_CELLS))
    tree = None if shapes is None else shapely.STRtree(shapes)
    system = dataset.crs.to_wkt()
    for number, window in enumerate(windows, start=1):
        raw = read_window(dataset, window, band=band, nodata=nodata)
        zero_is_missing = dataset.nodata == 0
        known = (np.isfinite(raw) & (raw >= 0)) | (np.isnan(raw) & zero_is_missing)
        raw = np.where(raw > 0, raw, 0.0)
        # for a count they only tell what it would be otherwise
        areas = (cell_areas_km2 if quantity == "density_per_km2" else _rough_areas)(dataset, window)
        if bool((~np.isfinite(areas) & (raw > 0)).any()):
            msg = f"{dataset.name}: has people where its projection does not reach the ground"
            raise InputError(msg)
        per_area = raw * np.where(np.isfinite(areas), areas, 0.0)
        people, other = (raw, per_area) if quantity == "count" else (per_area, raw)
        people, other, known = people.ravel(), other.ravel(), known.ravel()
        if shapes is None or tree is None:
            cell = np.flatnonzero(people > 0)
            zone, share = np.zeros(len(cell), dtype=np.int64), np.ones(len(cell))
        else:
            zone, cell, share = _covered(shapes, tree, dataset, window, system)
        yield _Part(zone=zone, cell=cell, share=share, persons=people, other=other, known=known,
                    window=window)  # fmt: skip
        if progress is not None:
            progress("population", number / len(windows))


def _covered(
    shapes: npt.NDArray[np.object_],
    tree: shapely.STRtree,
    dataset: Any,  # noqa: ANN401 - rasterio has no stubs
    window: Window,
    system: str,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return zone, cell of the window and share of the cell, for all that meet."""
    place = dataset.transform
    xs = sorted(place.c + place.a * (window.col_off + n) for n in (0, window.width))
    ys = sorted(place.f + place.e * (window.row_off + n) for n in (0, window.height))
    near = np.sort(tree.query(shapely.box(xs[0], ys[0], xs[1], ys[1])))
    if not len(near):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    grid = NumPyRasterSource(
        np.zeros((int(window.height), int(window.width)), dtype=np.uint8),
        xmin=xs[0], ymin=ys[0], xmax=xs[1], ymax=ys[1], srs_wkt=system,
    )  # fmt: skip
    frame = gpd.GeoDataFrame({"zone": near}, geometry=shapes[near], crs=system)
    rows = exact_extract(grid, frame, ["cell_id", "coverage"], include_cols=["zone"])
    cells = [np.asarray(row["properties"]["cell_id"], dtype=np.int64) for row in rows]
    shares = [np.asarray(row["properties"]["coverage"], dtype=np.float64) for row in rows]
    zone = np.repeat([row["properties"]["zone"] for row in rows], [len(cell) for cell in cells])
    cell = np.concatenate(cells)
    if place.e > 0:  # rows of the file run from south to north, those of the grid down from north
        row, column = np.divmod(cell, int(window.width))
        cell = (int(window.height) - 1 - row) * int(window.width) + column
    return zone.astype(np.int64), cell, np.concatenate(shares)


def _beside_findings(outside: float, twice: float, total: float, name: str) -> list[Finding]:
    """Tell of people outside of all zones, and of those in several."""
    told = []
    if outside > TOLD_SHARE * max(total, 1.0):
        told.append(
            Finding(check="outside", severity="note", table=name, id="cells outside of all zones",
                    value=outside, unit="persons",
                    finding=f"{outside:,.0f} people in the rectangle around the zones are in none "
                            "of them, such as across a border, and not counted")
        )  # fmt: skip
    if twice > TOLD_SHARE * max(total, 1.0):
        told.append(
            Finding(check="overlap", severity="warning", table="zones", id="zones that overlap",
                    value=twice, unit="persons", persons=twice,
                    finding=f"{twice:,.0f} people are in several zones, and counted in each")
        )  # fmt: skip
    return told


def _publisher(dataset: Any, name: str) -> tuple[str, str]:  # noqa: ANN401 - no stubs
    text = " ".join([name, *map(str, dataset.tags().values())])
    for pattern, publisher, licence in PUBLISHERS:
        if re.search(pattern, text, flags=re.IGNORECASE):
            return publisher, licence
    return "any raster of population", UNKNOWN_LICENCE


# ------------------------------------------------------------------ by zone
def population_by_zone(
    raster: str | Path,
    zones: gpd.GeoDataFrame,
    *,
    quantity: str | None = None,
    known_total: float | None = None,
    band: int | None = None,
    nodata: float | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Count the people of a raster by zone; cells on borders count by the share that is inside.

    Parameters
    ----------
    raster
        Population per cell or per km2; any raster that GDAL reads, read window by window.
    zones
        Areas with ``pcode`` (schema `mobility_geo.schema.ZONES`), any coordinate reference
        system.
    quantity
        ``count`` (people per cell) or ``density_per_km2``. Needed where the file does not say.
    known_total
        People known to live in the zones, persons, > 0: a reading that is far from it is refused
        if the other quantity fits better.
    band
        Band, from 1; needed if there are several.
    nodata
        Value that stands for no data, where the file does not declare it.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    Reading
        Table ``zones``: the zones with ``population_persons``, with fractions; missing where the
        raster has no data. Findings say how the quantity is known, the total and what it would
        be otherwise, and how many people are in no zone or in several.

    Raises
    ------
    InputError
        If the quantity is not known, numbers are beyond belief, the raster cannot be used or
        lies elsewhere, or zones are not sound.
    CRSError
        If raster or zones state no coordinate reference system.

    Examples
    --------
    >>> area = gpd.GeoDataFrame({"pcode": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    >>> population_by_zone("nowhere.tif", area)
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.tif: no such file
    """
    name = Path(raster).name
    with open_raster(raster, band=band) as dataset:
        number = band or 1
        meant, how = _decide_quantity(dataset, name, number, quantity)
        shapes = _zones_there(zones, dataset, name)
        facts = _survey(dataset, _bounds(shapes), band=number, nodata=nodata)
        findings = [how, *_negative_findings(facts, name),
                    *_plausible(facts, meant, name, known_total)]  # fmt: skip
        size = len(shapes)
        persons, other, known = np.zeros(size), np.zeros(size), np.zeros(size)
        outside = twice = 0.0
        for part in _parts(dataset, shapes, meant, band=number, nodata=nodata, progress=progress):
            for sums, each in ((persons, part.persons), (other, part.other), (known, part.known)):
                sums[:] += _by_zone(part, each, size)
            beside = _beside(part)
            outside, twice = outside + beside[0], twice + beside[1]
        place = dataset.transform
        covered = known * abs(place.a * place.e) / shapely.area(shapes)
        publisher, licence = _publisher(dataset, name)
    total = float(persons.sum())
    findings += _known_findings(total, float(other.sum()), known_total, meant, name)
    findings += _beside_findings(outside, twice, total, name)
    blank = known == 0
    findings += _missing_findings(covered, blank, zones)
    table = zones.copy()
    table["population_persons"] = np.where(blank, np.nan, persons)
    return Reading(
        file=name, publisher=publisher, licence=licence, tables={"zones": table},
        rows_read=size, rows_kept=size, findings=findings_table(findings),
    )  # fmt: skip


def _by_zone(part: _Part, each: npt.NDArray[Any], size: int) -> FloatArray:
    sums: FloatArray = np.bincount(
        part.zone, weights=part.share * each[part.cell], minlength=size
    ).astype(np.float64)
    return sums


def _beside(part: _Part) -> tuple[float, float]:
    """Return the people of a window who are in no zone, and in more than one."""
    covered = np.bincount(part.cell, weights=part.share, minlength=len(part.persons))
    return (
        float((part.persons * np.maximum(1 - covered, 0)).sum()),
        float((part.persons * np.maximum(covered - 1, 0)).sum()),
    )


def _missing_findings(
    covered: FloatArray, blank: BoolArray, zones: gpd.GeoDataFrame
) -> list[Finding]:
    partly = ~blank & (covered < COVERED_SHARE)
    told = []
    least = covered[partly].min(initial=1.0)
    some_missing = f"no data for part of the area, in one for {1 - least:.0%}; nobody counted there"
    for some, severity, what in (
        (blank, "warning", "the raster has no data at all; their population is missing, not 0"),
        (partly, "note", some_missing),
    ):  # fmt: skip
        if bool(some.any()):
            told.append(
                Finding(check="no data", severity=severity, table="zones",
                        id=f"{int(some.sum()):,} zones, e.g. {labels(zones.loc[some, 'pcode'])}",
                        value=int(some.sum()), unit="rows", finding=what)
            )  # fmt: skip
    return told


# ------------------------------------------------------------------ to places
def population_to_places(
    raster: str | Path,
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None = None,
    *,
    max_distance_m: float = MAX_DISTANCE_M,
    quantity: str | None = None,
    known_total: float | None = None,
    band: int | None = None,
    nodata: float | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Give the people of each cell to the nearest place, and keep those who are far from any.

    Parameters
    ----------
    raster
        Population per cell or per km2; any raster that GDAL reads, read window by window.
    places
        Points with ``place_id`` (schema `mobility_geo.schema.PLACES`), any coordinate reference
        system.
    zones
        Areas with ``pcode``: people stay in their zone, and only those inside of zones count. A
        cell on a border counts in each zone by its share. If left out, the whole raster counts.
    max_distance_m
        People farther than this from any place of their zone, m, > 0, stay in the remainder. The
        default is an assumption.
    quantity, known_total, band, nodata, progress
        As in `population_by_zone`.

    Returns
    -------
    Reading
        Table ``places``: the places with ``population_persons``, with fractions. Table
        ``remainder``: points in WGS 84 with ``persons``, ``pcode``, ``reason`` (``no place in
        zone`` or ``too far``) and ``distance_m`` to the nearest place; cells, or blocks of cells
        where there are more than 4 million. Table ``balance``: by zone ``inside_persons``,
        ``given_persons`` and ``remainder_persons``; the last two add up to the first.

    Raises
    ------
    InputError
        If the quantity is not known, numbers are beyond belief, the raster cannot be used or
        lies elsewhere, places or zones are not sound, or the distance is not positive.
    CRSError
        If raster, places or zones state no coordinate reference system.
    ConservationError
        If people were lost or invented, which would be a fault of the toolkit.

    Notes
    -----
    Distances are straight through the ellipsoid from the middle of a cell, which up to 100 km is
    within one metre of the way along its surface.

    Examples
    --------
    >>> town = gpd.GeoDataFrame(
    ...     {"place_id": ["gao"]}, geometry=[shapely.Point(-0.04, 16.27)], crs=4326
    ... )
    >>> population_to_places("nowhere.tif", town)
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.tif: no such file
    """
    if not max_distance_m > 0:
        msg = f"max_distance_m must be > 0 m, not {max_distance_m:g}"
        raise InputError(msg)
    name = Path(raster).name
    spots = _checked_places(places)
    with open_raster(raster, band=band) as dataset:
        number = band or 1
        meant, how = _decide_quantity(dataset, name, number, quantity)
        shapes = None if zones is None else _zones_there(zones, dataset, name)
        bounds = None if shapes is None else _bounds(shapes)
        facts = _survey(dataset, bounds, band=number, nodata=nodata)
        findings = [how, *_negative_findings(facts, name),
                    *_plausible(facts, meant, name, known_total)]  # fmt: skip
        home, told = _homes(spots, places, zones)
        findings += told
        size = 1 if shapes is None else len(shapes)
        trees = _trees(_earth(spots), home, size)
        inside, other, given = np.zeros(size), 0.0, np.zeros(len(places))
        outside = twice = 0.0
        block = _block_cells(dataset, bounds)
        left: list[pd.DataFrame] = []
        for part in _parts(dataset, shapes, meant, band=number, nodata=nodata, progress=progress):
            amount = part.share * part.persons[part.cell]
            inside += np.bincount(part.zone, weights=amount, minlength=size)
            other += float((part.share * part.other[part.cell]).sum())
            if shapes is not None:
                beside = _beside(part)
                outside, twice = outside + beside[0], twice + beside[1]
            left.append(_give(part, amount, trees, given, dataset, max_distance_m, block))
        publisher, licence = _publisher(dataset, name)
        half_cell_m = np.sqrt(facts.cell_km2 / 2) * KM_M
    if half_cell_m > max_distance_m:
        findings.append(
            Finding(check="coarse cells", severity="warning", table=name, id="all cells",
                    value=float(half_cell_m), unit="m",
                    finding=f"corners of cells are {half_cell_m:,.0f} m from their middle, farther "
                            f"than the {max_distance_m:,.0f} m that people may be from a place")
        )  # fmt: skip
    codes = np.array([""], dtype=object) if zones is None else zones["pcode"].to_numpy(dtype=object)
    rest = _remainder(left, codes)
    balance = _balance(inside, given, home, rest, codes)
    total = float(inside.sum())
    findings += _known_findings(total, other, known_total, meant, name)
    findings += _beside_findings(outside, twice, total, name)
    findings += _given_findings(balance, rest, max_distance_m, name)
    findings += _empty_findings(given, facts)
    table = places.copy()
    if "population_persons" in table.columns and bool(table["population_persons"].notna().any()):
        old = int(table["population_persons"].notna().sum())
        findings.append(
            Finding(check="replaced", severity="note", table="places", id=f"{old:,} places",
                    value=old, unit="rows", finding="had a population, now that of the raster")
        )  # fmt: skip
    table["population_persons"] = given
    return Reading(
        file=name, publisher=publisher, licence=licence,
        tables={"places": table, "remainder": rest, "balance": balance},
        rows_read=len(places), rows_kept=len(places), findings=findings_table(findings),
    )  # fmt: skip


def _checked_places(places: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the points of places in WGS 84.

    Raises
    ------
    InputError
        If there is no place, no id, an id twice, or something else than a point.
    CRSError
        If they state no coordinate reference system.
    """
    if "place_id" not in places.columns:
        msg = "places: no column 'place_id'; read them with read_places, or rename one"
        raise InputError(msg)
    if places.crs is None:
        msg = "places: no coordinate reference system; state it with .set_crs(...)"
        raise CRSError(msg)
    if not len(places):
        msg = "places: no rows"
        raise InputError(msg)
    shapes = places.geometry.to_numpy()
    twice = (places["place_id"].duplicated(keep=False) | places["place_id"].isna()).to_numpy(bool)
    pointed = (shapely.get_type_id(shapes) == shapely.GeometryType.POINT) & ~shapely.is_empty(
        shapes
    )
    for wrong, what in (
        (twice, "place_id must be there once each"),
        (~pointed, "every row needs a point"),
    ):
        if bool(wrong.any()):
            msg = (
                f"places: {what}; wrong in {int(wrong.sum())} rows, e.g. "
                f"{labels(places.loc[wrong, 'place_id'])}"
            )
            raise InputError(msg)
    return gpd.GeoSeries(places.geometry.to_crs(4326).to_numpy(), crs=4326)


def _earth(spots: gpd.GeoSeries) -> FloatArray:
    return earth_points(spots.x.to_numpy(dtype=float), spots.y.to_numpy(dtype=float))


def earth_points(lon_deg: npt.ArrayLike, lat_deg: npt.ArrayLike) -> FloatArray:
    """Return points on the WGS 84 ellipsoid as x, y and z from its middle.

    Parameters
    ----------
    lon_deg, lat_deg
        Degrees, shape (n,).

    Returns
    -------
    numpy.ndarray
        Metres, float64, shape (n, 3).

    Examples
    --------
    >>> earth_points([0.0], [0.0]).tolist()
    [[6378137.0, 0.0, 0.0]]
    """
    lon, lat = np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)
    change = pyproj.Transformer.from_crs(4979, EARTH_CRS, always_xy=True)
    return np.column_stack(change.transform(lon, lat, np.zeros(len(lon))))


def _homes(
    spots: gpd.GeoSeries, places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None
) -> tuple[IntArray, list[Finding]]:
    """Return the zone that each place lies in, -1 for none, and what is to be told."""
    ids = places["place_id"].to_numpy(dtype=object)
    told: list[Finding] = []
    same = spots.duplicated().to_numpy(dtype=bool)
    if bool(same.any()):
        told.append(
            Finding(check="one position", severity="note", table="places",
                    id=f"{int(same.sum()):,} places", value=int(same.sum()), unit="rows",
                    finding="stand exactly where another does; the first gets the people")
        )  # fmt: skip
    if zones is None:
        home = np.zeros(len(spots), dtype=np.int64)
    else:
        home = np.full(len(spots), -1, dtype=np.int64)
        areas = zones.geometry.to_crs(4326).to_numpy()
        spot, zone = shapely.STRtree(areas).query(spots.to_numpy(), predicate="intersects")
        # on a border the first zone in the table
        order = np.lexsort((zone, spot))[::-1]
        home[spot[order]] = zone[order]
        nowhere = home < 0
        if bool(nowhere.any()):
            told.append(
                Finding(check="outside", severity="warning", table="places",
                        id=f"{int(nowhere.sum()):,} places, e.g. {labels(ids[nowhere])}",
                        value=int(nowhere.sum()), unit="rows",
                        finding="lie in no zone, and get nobody",
                        geometry=spots[nowhere].iloc[0])
            )  # fmt: skip
        told += _code_findings(home, ids, places, zones)
    home[same] = -1
    return home, told


def _code_findings(
    home: IntArray,
    ids: npt.NDArray[np.object_],
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
) -> list[Finding]:
    """Tell of places whose code is that of another zone than the one they lie in."""
    if "pcode" not in places.columns:
        return []
    codes = zones["pcode"].to_numpy(dtype=object)
    said = places["pcode"].to_numpy(dtype=object)
    wrong = (home >= 0) & pd.Series(said).isin(codes).to_numpy() & (codes[home] != said)
    if not bool(wrong.any()):
        return []
    return [
        Finding(check="zone of place", severity="warning", table="places",
                id=f"{int(wrong.sum()):,} places, e.g. {labels(ids[wrong])}",
                value=int(wrong.sum()), unit="rows",
                finding="lie in another zone than their pcode says; they get the people of the "
                        "zone that they lie in")
    ]  # fmt: skip


def _trees(points: FloatArray, home: IntArray, size: int) -> list[tuple[KDTree, IntArray] | None]:
    """Return for each zone a tree of its places and their rows; None where there is none."""
    order = np.argsort(home, kind="stable")
    cuts = np.searchsorted(home[order], np.arange(size + 1)).tolist()
    return [
        (KDTree(points[order[low:high]]), order[low:high].astype(np.int64)) if high > low else None
        for low, high in itertools.pairwise(cuts)
    ]


def _block_cells(dataset: Any, bounds: Bounds | None) -> int:  # noqa: ANN401 - no stubs
    """Return how many cells a side of a block of the remainder has: 1, or what fits in memory."""
    cells = sum(
        int(window.width) * int(window.height)
        for window in raster_windows(dataset, bounds, WINDOW_CELLS)
    )
    return max(int(np.ceil(np.sqrt(cells / REMAINDER_BLOCKS))), 1)


def _give(
    part: _Part,
    amount: FloatArray,
    trees: list[tuple[KDTree, IntArray] | None],
    given: FloatArray,
    dataset: Any,  # noqa: ANN401 - no stubs
    max_distance_m: float,
    block: int,
) -> pd.DataFrame:
    """Add the people of a window to their places, and return those who are left."""
    some = np.flatnonzero(amount > 0)
    zone, cell, amount = part.zone[some], part.cell[some], amount[some]
    window, place = part.window, dataset.transform
    cells, back = np.unique(cell, return_inverse=True)
    row, column = np.divmod(cells, int(window.width))
    row, column = row + int(window.row_off), column + int(window.col_off)
    x, y = place.c + place.a * (column + 0.5), place.f + place.e * (row + 0.5)
    lon, lat = pyproj.Transformer.from_crs(dataset.crs.to_wkt(), 4326, always_xy=True).transform(
        x, y
    )
    points = earth_points(lon, lat)
    distance = np.full(len(zone), np.nan)
    target = np.full(len(zone), -1, dtype=np.int64)
    first = np.flatnonzero(np.diff(zone, prepend=-1))
    for low, high in zip(first, np.append(first, len(zone))[1:], strict=True):
        found = trees[zone[low]]
        if found is not None:
            far, nth = found[0].query(points[back[low:high]])
            distance[low:high], target[low:high] = far, found[1][nth]
    near = distance <= max_distance_m  # not where there is no place: NaN
    given += np.bincount(target[near], weights=amount[near], minlength=len(given))
    rest = ~near
    of = back[rest]
    key = row[of] // block * (dataset.width // block + 1) + column[of] // block
    frame = pd.DataFrame(
        {
            "zone": zone[rest], "block": key, "persons": amount[rest],
            "lon": np.asarray(lon)[of] * amount[rest], "lat": np.asarray(lat)[of] * amount[rest],
            "distance_m": distance[rest],
        }
    )  # fmt: skip
    return _by_block(frame)


def _by_block(frame: pd.DataFrame) -> pd.DataFrame:
    how = {"persons": "sum", "lon": "sum", "lat": "sum", "distance_m": "min"}
    return frame.groupby(["zone", "block"], as_index=False, sort=True).agg(how)


def _remainder(left: list[pd.DataFrame], codes: npt.NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Return the people who are left as points."""
    frame = _by_block(pd.concat(left, ignore_index=True)) if left else pd.DataFrame()
    if frame.empty:
        frame = pd.DataFrame({"zone": np.empty(0, np.int64), "persons": np.empty(0),
                              "lon": np.empty(0), "lat": np.empty(0),
                              "distance_m": np.empty(0)})  # fmt: skip
    persons = frame["persons"].to_numpy(dtype=float)
    alone = frame["distance_m"].isna().to_numpy(dtype=bool)
    return gpd.GeoDataFrame(
        {
            "pcode": pd.Series(codes[frame["zone"].to_numpy(dtype=np.int64)], dtype="str"),
            "persons": persons,
            "reason": pd.Series(np.where(alone, "no place in zone", "too far"), dtype="str"),
            "distance_m": frame["distance_m"].to_numpy(dtype=float),
        },
        geometry=shapely.points(frame["lon"] / persons, frame["lat"] / persons),
        crs=4326,
    )


def _balance(
    inside: FloatArray,
    given: FloatArray,
    home: IntArray,
    rest: gpd.GeoDataFrame,
    codes: npt.NDArray[np.object_],
) -> pd.DataFrame:
    """Return people by zone: inside, given to places and left.

    Raises
    ------
    ConservationError
        If they do not add up.
    """
    there = home >= 0
    got = np.bincount(home[there], weights=given[there], minlength=len(inside))
    zone_of = pd.Series(np.arange(len(codes)), index=codes)
    left = np.bincount(
        zone_of[rest["pcode"]].to_numpy(dtype=np.int64), weights=rest["persons"],
        minlength=len(inside),
    )  # fmt: skip
    off = np.abs(inside - got - left) > CONSERVED * np.maximum(inside, 1.0)
    if bool(off.any()):
        msg = (
            f"people were lost or invented in {int(off.sum())} zones, e.g. {labels(codes[off])}: "
            f"{inside[off][0]:,.3f} inside, {got[off][0]:,.3f} given, {left[off][0]:,.3f} left"
        )
        raise ConservationError(msg)
    return pd.DataFrame(
        {"pcode": pd.Series(codes, dtype="str"), "inside_persons": inside, "given_persons": got,
         "remainder_persons": left}
    )  # fmt: skip


def _empty_findings(given: FloatArray, facts: _Facts) -> list[Finding]:
    """Tell of places that get nobody: they stand closer together than the cells are wide."""
    empty = int((given == 0).sum())
    if not empty:
        return []
    return [
        Finding(check="nobody", severity="note", table="places", id=f"{empty:,} places",
                value=empty, unit="rows",
                finding=f"{empty:,} of {len(given):,} places are the nearest to no inhabited cell, "
                        f"for a cell has {facts.cell_km2:,.3g} km2 and goes to one place")
    ]  # fmt: skip


def _given_findings(
    balance: pd.DataFrame, rest: gpd.GeoDataFrame, max_distance_m: float, name: str
) -> list[Finding]:
    inside, given, left = (float(balance[column].sum()) for column in balance.columns[1:])
    told = [
        Finding(check="given to places", severity="note", table="places", id="all places",
                value=given, unit="persons",
                finding=f"{given:,.0f} of {inside:,.0f} people; {left:,.0f} are in the remainder")
    ]  # fmt: skip
    for reason, what in (
        ("too far", f"live farther than {max_distance_m / KM_M:,.0f} km from any place"),
        ("no place in zone", "live in zones without a place"),
    ):
        some = rest[rest["reason"] == reason]
        persons = float(some["persons"].sum())
        if persons > 0:
            zones = [code for code in some["pcode"].unique() if code]
            worst = some.geometry.iloc[int(some["persons"].to_numpy().argmax())]
            told.append(
                Finding(check="remainder", severity="warning", table=name,
                        id=f"{len(zones):,} zones, e.g. {labels(zones)}" if zones else "the raster",
                        value=persons, unit="persons", persons=persons, geometry=worst,
                        finding=f"{persons:,.0f} people {what}; they stay in the remainder")
            )  # fmt: skip
    return told
