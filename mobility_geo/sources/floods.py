"""Floods as they are published: depth and extent rasters, polygons, one file per date.

Water is measured along lines, not at their ends: each piece of a line that lies in one cell of
the raster counts with its length. Nothing is guessed: the unit of a depth and the values that
mean water are said by whoever has the file, and everything taken for dry is told.
"""

import datetime as dt
import glob
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.schema import suggest
from mobility_geo.sources.files import match_columns, plain_name, read_features
from mobility_geo.sources.rasters import open_raster, pieces_along
from mobility_geo.sources.reading import Finding, Reading, findings_table
from mobility_geo.units import KM_M

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Progress = Callable[[str, float], None]

METRES_PER: Final[Mapping[str, float]] = {"m": 1.0, "cm": 0.01, "mm": 0.001}
UNIT_WORDS: Final[Mapping[str, str]] = {
    "m": "m", "metre": "m", "metres": "m", "meter": "m", "meters": "m", "cm": "cm", "mm": "mm",
    "centimetre": "cm", "centimetres": "cm", "centimeter": "cm", "centimeters": "cm",
    "millimetre": "mm", "millimetres": "mm", "millimeter": "mm", "millimeters": "mm",
}  # fmt: skip
"""Units as files state them; the one that is said goes before."""

FREEBOARD_M: Final = 1.0
"""Assumption: the deck of a bridge is 1 m above the ground, or the normal water, of the raster."""

DRY_BELOW_M: Final = 0.01
"""Less water than this is a wet road, not a flooded one."""

DEPTH_TOLERANCE_M: Final = 1e-6
"""Depths come as whole cm or mm in 32 bits: 0.29999999 is 0.3."""

DEEPEST_M: Final = 30.0
"""More water than this over a road is more likely a wrong unit."""

SHALLOW_M: Final = 0.05
"""A flood that is nowhere deeper than this, in centimetres or millimetres, may be in metres."""

NO_DATA_BELOW: Final = -900.0
"""Values this far below zero, such as -999, -9999 and -32768, stand for missing data."""

DEPTH_STEPS_M: Final = np.concatenate(
    [np.arange(1, 30) / 100, np.arange(6, 31) / 20, np.arange(4, 21) / 2]
)
"""Neighbouring pieces between the same two steps become one: 1 cm apart below 0.3 m, where speed
falls fast, 5 cm below 1.5 m, 0.5 m below 10 m. The limits of all built-in curves are steps."""

SAME_SHARE: Final = 1e-9
"""Pieces this near to each other touch, as a share of the length of the line."""

MOST_VALUES: Final = 12

STRETCH_COLUMNS: Final = ("edge_id", "start", "end", "depth_m")
AREA_COLUMNS: Final = (
    "area_id", "name", "severity", "start", "end", "source", "confidence", "geometry",
)  # fmt: skip

RASTER_LICENCE: Final = "not stated in the file; ask whoever made the raster, and name them"
AREAS_LICENCE: Final = "not stated in the file; ask the publisher, and name it with results"

AREA_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "area_id": ("area_id",),
    "name": ("name", "nom"),
    "class": (
        "d_Water_Class", "d_Water_Cl", "Water_Class", "Water_Clas", "obj_desc", "notation", "class",
    ),
    "start": (
        "start", "Sensor_Date", "Sensor_Dat", "SensorDate", "acq_date", "acquisition_date",
        "obs_date", "src_date", "date",
    ),
    "end": ("end",),
    "sensor": ("Sensor_ID", "SensorID", "Sensor_I", "sensor"),
    "event": ("EventCode", "Event_Code", "EventCod", "glide"),
    "confidence": ("Confidence", "Confidenc", "Confidence_ID"),
    "validation": ("Field_Validation", "Field_Vali"),
    "status": ("Water_Status", "Water_StatusID", "Water_Stat", "WaterStatus"),
    "source": ("source",),
}  # fmt: skip
"""Columns of UNOSAT (full, and cut to 10 letters in Shapefiles), of Copernicus EMS, and ours."""

PERMANENT_WORDS: Final = (
    "permanent", "preflood", "normalwater", "referencewater", "hydrography", "river", "lake",
    "reservoir", "stream", "ocean",
)  # fmt: skip
NO_WATER_WORDS: Final = ("cloud", "obstruction", "nodata", "analysisextent", "notanaly", "nowater")
"""Compared without case, blanks and signs; a class that names a flood is one, whatever else."""


# ------------------------------------------------------------------ rasters
def measure_flood_depth(
    lines: gpd.GeoDataFrame,
    raster: str | Path,
    *,
    unit: str = "",
    band: int | None = None,
    nodata: float | None = None,
    freeboard_m: float = FREEBOARD_M,
    dry_below_m: float = DRY_BELOW_M,
    deepest_m: float = DEEPEST_M,
    progress: Progress | None = None,
) -> Reading:
    """Measure how deep the water of a raster stands along lines.

    Parameters
    ----------
    lines
        Edges with ``edge_id``, a line and, if known, ``bridge``; any coordinate reference system.
    raster
        Depth of water above ground; any raster that GDAL reads, read window by window.
    unit
        Unit of the values: ``m``, ``cm`` or ``mm``. Must be said.
    band
        Band of the raster, from 1; needed if there are several.
    nodata
        Value of cells without data, where the file does not declare it.
    freeboard_m
        How high bridges stand above the ground of the raster, m, >= 0: so much less water is on
        them. The default is an assumption.
    dry_below_m
        Less water than this is none, m, above 0.
    deepest_m
        More water than this is refused as a wrong unit, m, above 0.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    Reading
        Table ``stretches``: ``edge_id``, ``start`` and ``end`` as shares of the line, 0 to 1, and
        ``depth_m``, only where there is water. Neighbouring pieces of one depth class
        (`DEPTH_STEPS_M`) are one stretch with the *largest* depth in it, so a stretch is never
        less deep than the raster says, and at most one step deeper. Table ``edges``: ``edge_id``,
        ``wet_share``, ``wet_length_m`` and ``depth_max_m`` of every line. What lies outside of
        the raster or has no data counts as dry, and is told.

    Raises
    ------
    InputError
        If no unit is said, water is deeper than `deepest_m`, the raster lies elsewhere, or the
        lines are not lines with one id each.
    CRSError
        If lines or raster have no coordinate reference system.

    Examples
    --------
    >>> road = gpd.GeoDataFrame(
    ...     {"edge_id": ["a"]}, geometry=[shapely.LineString([(0, 0), (1, 0)])], crs=4326
    ... )
    >>> measure_flood_depth(road, "flood.tif")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: flood.tif: say the unit of the depths: unit='m', 'cm' or 'mm'
    """
    name = Path(raster).name
    if unit not in METRES_PER:
        said = "" if not unit else f" ({unit!r} is none of them)"
        msg = f"{name}: say the unit of the depths: unit='m', 'cm' or 'mm'{said}"
        raise InputError(msg)
    for word, value, least in (("freeboard_m", freeboard_m, 0.0), ("dry_below_m", dry_below_m, 0.0),
                               ("deepest_m", deepest_m, 0.0)):  # fmt: skip
        if not least <= value < np.inf:
            msg = f"{word} must be finite and >= 0 m, not {value:g}"
            raise InputError(msg)
    ids, bridge, findings = _checked_lines(lines)
    factor = METRES_PER[unit]
    under: BoolArray = np.zeros(len(ids), dtype=bool)
    odd: list[pd.DataFrame] = []
    deepest = [0.0]

    def wet(part: pd.DataFrame) -> pd.DataFrame:
        raw = part["value"].to_numpy(dtype=float)
        row = part["row"].to_numpy(dtype=np.int64)
        odd.append(part[(raw < 0) | (raw * factor > deepest_m)])
        depth = np.maximum(raw, 0.0) * factor
        deepest.append(float(depth.max(initial=0.0)))
        under[row[bridge[row] & (depth > 0)]] = True
        depth = np.where(bridge[row], np.maximum(depth - freeboard_m, 0.0), depth)
        kept = (depth > 0) & (depth >= dry_below_m - DEPTH_TOLERANCE_M)
        return _joined(part[kept], depth[kept], DEPTH_STEPS_M)

    stretches, more = _gathered(
        lines, raster, wet, band=band, nodata=nodata, unit=unit, progress=progress
    )
    strange = pd.concat(odd, ignore_index=True)
    _check_deepest(strange, ids, name, unit=unit, deepest_m=deepest_m)
    findings += [*more, *_negative_findings(strange, ids, name)]
    findings += _unit_findings(max(deepest), name, unit)
    row = stretches["row"].to_numpy(dtype=np.int64)
    if bool(under.any()):
        over = int(bridge[np.unique(row)].sum())
        findings.append(
            Finding(check="bridges", severity="note", table="edges",
                    id=f"{int(under.sum()):,} bridges", value=over, unit="rows",
                    finding=f"with water under them, {freeboard_m:g} m above the ground of the "
                            f"raster; water is over {over:,} of them")
        )  # fmt: skip
    deep = np.zeros(len(ids))
    np.maximum.at(deep, row, stretches["depth_m"].to_numpy(dtype=float))
    edges = _edge_summary(lines, ids, stretches).assign(depth_max_m=deep)
    return _raster_reading(name, "raster of flood depth", _named(stretches, ids), edges, findings)


def measure_flood_extent(
    lines: gpd.GeoDataFrame,
    raster: str | Path,
    *,
    wet_values: Iterable[float] = (1,),
    band: int | None = None,
    bridges_flooded: bool = False,
    progress: Progress | None = None,
) -> Reading:
    """Measure where lines run through the water of an extent raster.

    Parameters
    ----------
    lines
        Edges with ``edge_id``, a line and, if known, ``bridge``; any coordinate reference system.
    raster
        Classes of land and water, one number per class; read window by window.
    wet_values
        The values that mean flood water. They differ from publisher to publisher: see its legend.
        A range of values is ``range(101, 201)``. Leave out those of permanent water.
    band
        Band of the raster, from 1; needed if there are several.
    bridges_flooded
        Whether water under a bridge is water on it; an extent cannot tell.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    Reading
        Table ``stretches``: ``edge_id``, ``start`` and ``end`` as shares of the line, 0 to 1, of
        what is under water. Table ``edges``: ``edge_id``, ``wet_share``, ``wet_length_m`` of every
        line. What lies outside of the raster or has no data counts as dry, and is told.

    Raises
    ------
    InputError
        If no value is given, the raster lies elsewhere, or the lines are not lines with one id
        each.
    CRSError
        If lines or raster have no coordinate reference system.

    Examples
    --------
    >>> road = gpd.GeoDataFrame(
    ...     {"edge_id": ["a"]}, geometry=[shapely.LineString([(0, 0), (1, 0)])], crs=4326
    ... )
    >>> measure_flood_extent(road, "water.tif", wet_values=())
    Traceback (most recent call last):
    mobility_geo.errors.InputError: water.tif: say which values are water: wet_values=(1,)
    """
    name = Path(raster).name
    wanted = np.array(sorted({float(value) for value in wet_values}))
    if not len(wanted):
        msg = f"{name}: say which values are water: wet_values=(1,)"
        raise InputError(msg)
    ids, bridge, findings = _checked_lines(lines)
    values: set[float] = set()
    under: BoolArray = np.zeros(len(ids), dtype=bool)

    def wet(part: pd.DataFrame) -> pd.DataFrame:
        value = part["value"].to_numpy(dtype=float)
        row = part["row"].to_numpy(dtype=np.int64)
        if len(values) <= MOST_VALUES:
            values.update(np.unique(value).tolist())
        kept = np.isin(value, wanted)
        under[row[kept]] = True
        kept &= ~bridge[row] | bridges_flooded
        return _joined(part[kept], np.zeros(int(kept.sum())), np.empty(0))

    stretches, more = _gathered(
        lines, raster, wet, band=band, nodata=None, unit="", progress=progress
    )
    findings += more
    seen = np.array(sorted(values))
    shown = ", ".join(f"{v:g}" for v in seen[:MOST_VALUES])
    if len(seen) > MOST_VALUES and bool((seen != np.rint(seen)).any()):
        findings.append(
            Finding(check="not classes", severity="warning", table=name, id="all cells",
                    value=len(seen), unit="values",
                    finding=f"{len(seen):,} different values along the lines, with fractions "
                            f"({shown}, ...): depths rather than classes?")
        )  # fmt: skip
    if not bool(under.any()):
        findings.append(
            Finding(check="no water", severity="warning", table=name, id="all lines",
                    finding=f"no line meets {', '.join(f'{v:g}' for v in wanted[:MOST_VALUES])}; "
                            f"values along the lines: {shown or 'none'}")
        )  # fmt: skip
    over = int((under & bridge).sum())
    if over:
        what = "count as flooded" if bridges_flooded else "taken to stand above it, so dry"
        findings.append(
            Finding(check="bridges", severity="note", table="edges", id=f"{over:,} bridges",
                    value=over, unit="rows", finding=f"with water under them; {what}")
        )  # fmt: skip
    edges = _edge_summary(lines, ids, stretches)
    where = _named(stretches.drop(columns="depth_m"), ids)
    return _raster_reading(name, "raster of water extent", where, edges, findings)


def _checked_lines(
    lines: gpd.GeoDataFrame,
) -> tuple[npt.NDArray[np.object_], BoolArray, list[Finding]]:
    """Return the ids of lines, and which are bridges.

    Raises
    ------
    InputError
        If there is no id, an id twice, no line, or none at all.
    CRSError
        If they have no coordinate reference system.
    """
    if "edge_id" not in lines.columns:
        msg = f"lines: no column 'edge_id'{suggest('edge_id', map(str, lines.columns))}"
        raise InputError(msg)
    if lines.crs is None:
        msg = "lines: no coordinate reference system; state it with .set_crs(...)"
        raise CRSError(msg)
    ids = lines["edge_id"].to_numpy(dtype=object)
    twice = lines["edge_id"].duplicated() | lines["edge_id"].isna()
    if bool(twice.any()):
        msg = (
            f"lines: edge_id must be there once each; wrong in {int(twice.sum())} rows, e.g. "
            f"{labels(lines.loc[twice, 'edge_id'])}"
        )
        raise InputError(msg)
    is_line = shapely.get_type_id(lines.geometry.to_numpy()) == shapely.GeometryType.LINESTRING
    if not bool(is_line.all()):
        msg = (
            f"lines: every row needs one line (LineString); wrong in {int((~is_line).sum())} rows, "
            f"e.g. {labels(ids[~is_line])}; divide others with .explode()"
        )
        raise InputError(msg)
    if "bridge" in lines.columns:
        return ids, lines["bridge"].fillna(value=False).to_numpy(dtype=bool), []
    note = Finding(check="bridges", severity="note", table="edges", id="all rows",
                   finding="no column 'bridge': every line counts as lying on the ground",
    )  # fmt: skip
    return ids, np.zeros(len(ids), dtype=bool), [note]


def _gathered(
    lines: gpd.GeoDataFrame,
    raster: str | Path,
    wet: Callable[[pd.DataFrame], pd.DataFrame],
    *,
    band: int | None,
    nodata: float | None,
    unit: str,
    progress: Progress | None,
) -> tuple[pd.DataFrame, list[Finding]]:
    """Return the stretches that `wet` makes of pieces, and tell which lines are not measured.

    Raises
    ------
    InputError
        If the raster lies elsewhere.
    """
    name = Path(raster).name
    with open_raster(raster, band=band) as dataset:
        zero = dataset.nodata == 0
        stated = str(dataset.units[(band or 1) - 1] or "").strip()
        change = pyproj.Transformer.from_crs(
            pyproj.CRS.from_wkt(dataset.crs.to_wkt()), lines.crs, always_xy=True
        )
        west, south, east, north = dataset.bounds
        corners = change.transform_bounds(west, south, east, north, densify_pts=21)
        box: FloatArray = np.array(corners, dtype=np.float64)
    beyond: BoolArray = np.zeros(len(lines), dtype=bool)
    if bool(np.isfinite(box).all()):  # a raster of the whole globe has no box in a zone of it
        ends = shapely.bounds(lines.geometry.to_numpy())
        over = np.concatenate([ends[:, :2] < box[:2], ends[:, 2:] > box[2:]], axis=1)
        beyond = np.asarray(over.any(axis=1))
        apart = np.concatenate([ends[:, 2:] < box[:2], ends[:, :2] > box[2:]], axis=1).any(axis=1)
        if len(lines) and bool(apart.all()):
            msg = (
                f"{name}: lies elsewhere: it covers {_box_words(box)}, the lines "
                f"{_box_words(lines.total_bounds)} in the system of the lines"
            )
            raise InputError(msg)
    empty = pd.DataFrame(
        {"row": np.empty(0, np.int64), "start": np.empty(0), "end": np.empty(0),
         "value": np.empty(0)}
    )  # fmt: skip
    kept = [wet(empty)]
    unknown = np.zeros(len(lines))
    for part in pieces_along(lines, raster, band=band, nodata=nodata, progress=progress):
        value = part["value"].to_numpy(dtype=float)
        there = np.isfinite(value)
        gone = part[~there]
        np.add.at(unknown, gone["row"].to_numpy(), (gone["end"] - gone["start"]).to_numpy())
        kept.append(wet(part[there]))
    missing = unknown > SAME_SHARE
    findings = [
        Finding(check="unit", severity="warning", table=name, id="all cells",
                finding=f"the file says {stated!r}, you say {unit!r}; taken as you say")
        for known in [UNIT_WORDS.get(stated.casefold(), unit)] if unit and known != unit
    ]  # fmt: skip
    findings += [
        Finding(check=check, severity=severity, table=name, id=f"{int(hit.sum()):,} lines",
                value=int(hit.sum()), unit="rows", finding=what)
        for hit, check, severity, what in (
            (missing & beyond, "outside", "warning", "reach beyond the raster; dry there"),
            (missing & ~beyond, "nodata is 0" if zero else "no data", "note",
             "run through cells that are dry or have no data, which the file does not tell apart "
             "(its nodata is 0); dry there" if zero
             else "run through cells without data; dry there"),
        )
        if bool(hit.any())
    ]  # fmt: skip
    table = pd.concat(kept, ignore_index=True).sort_values(["row", "start"], ignore_index=True)
    return table, findings


def _box_words(box: npt.ArrayLike) -> str:
    west, south, east, north = np.asarray(box, dtype=float)
    return f"{west:,.6g} to {east:,.6g} and {south:,.6g} to {north:,.6g}"


def _named(stretches: pd.DataFrame, ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return stretches with the ids of their lines."""
    named = stretches.copy()
    named.insert(0, "edge_id", ids[named.pop("row").to_numpy(dtype=np.int64)])
    return named


def _negative_findings(odd: pd.DataFrame, ids: npt.NDArray[np.object_], name: str) -> list[Finding]:
    """Tell of depths below zero: missing data that is not declared, and others."""
    findings = []
    raw, row = odd["value"].to_numpy(dtype=float), odd["row"].to_numpy(dtype=np.int64)
    missing = raw <= NO_DATA_BELOW
    for hit, check, what in (
        (missing, "undeclared nodata", "stand for missing data that the file does not declare"),
        ((raw < 0) & ~missing, "negative depth", "are below zero"),
    ):
        if bool(hit.any()):
            touched = np.unique(row[hit])
            values = ", ".join(f"{v:g}" for v in np.unique(raw[hit])[:3])
            findings.append(
                Finding(check=check, severity="warning", table=name,
                        id=f"{len(touched):,} lines, e.g. {labels(ids[touched])}",
                        value=len(touched), unit="rows",
                        finding=f"values such as {values} {what}; taken as dry")
            )  # fmt: skip
    return findings


def _check_deepest(
    odd: pd.DataFrame, ids: npt.NDArray[np.object_], name: str, *, unit: str, deepest_m: float
) -> None:
    """Check that no depth is beyond belief.

    Raises
    ------
    InputError
        If one is.
    """
    deep = odd[odd["value"] > 0]
    if not len(deep):
        return
    touched = np.unique(deep["row"].to_numpy(dtype=np.int64))
    largest = float(deep["value"].max())
    most = largest * METRES_PER[unit]
    asked = {"m": "centimetres taken for metres? Then say unit='cm'. ",
             "cm": "millimetres taken for centimetres? Then say unit='mm'. ",
    }.get(unit, "")  # fmt: skip
    msg = (
        f"{name}: with unit={unit!r} water is up to {most:,.6g} m deep, over {deepest_m:g} m on "
        f"{len(touched):,} lines, e.g. {labels(ids[touched])}: {asked}If "
        f"{largest:g} marks cells without data, say it with nodata=...; if it is "
        "that deep, raise deepest_m"
    )
    raise InputError(msg)


def _unit_findings(most: float, name: str, unit: str) -> list[Finding]:
    if most == 0:
        return [Finding(check="no water", severity="warning", table=name, id="all lines",
                        finding="no line meets water")]  # fmt: skip
    if unit != "m" and most < SHALLOW_M:
        return [
            Finding(check="unit", severity="warning", table=name, id="all lines", value=most,
                    unit="m", finding=f"with unit={unit!r} no water is deeper than {most:g} m: "
                                      f"metres taken for {unit}?")
        ]  # fmt: skip
    return []


def _joined(pieces: pd.DataFrame, depth: FloatArray, steps: FloatArray) -> pd.DataFrame:
    """Join touching pieces of a line that lie in the same class, keeping the largest depth.

    Pieces come in the order of each line.
    """
    row = pieces["row"].to_numpy(dtype=np.int64)
    start = pieces["start"].to_numpy(dtype=float)
    end = pieces["end"].to_numpy(dtype=float)
    if not len(row):
        return pd.DataFrame({"row": row, "start": start, "end": end, "depth_m": depth})
    step = np.digitize(depth + DEPTH_TOLERANCE_M, steps)
    new = (np.diff(row) != 0) | (np.diff(step) != 0) | (start[1:] > end[:-1] + SAME_SHARE)
    first = np.flatnonzero(np.concatenate([[True], new]))
    return pd.DataFrame(
        {
            "row": row[first],
            "start": start[first],
            "end": np.maximum.reduceat(end, first),
            "depth_m": np.maximum.reduceat(depth, first),
        }
    )


def _edge_summary(
    lines: gpd.GeoDataFrame, ids: npt.NDArray[np.object_], wet: pd.DataFrame
) -> pd.DataFrame:
    """Return how much of each line is wet; lengths are those of the edges, else geodesic."""
    share = np.minimum(
        np.bincount(
            wet["row"].to_numpy(dtype=np.int64),
            weights=wet["end"].to_numpy(dtype=float) - wet["start"].to_numpy(dtype=float),
            minlength=len(ids),
        ),
        1.0,
    )
    if "length_m" in lines.columns:
        length = lines["length_m"].to_numpy(dtype=float)
    else:
        length = np.zeros(len(ids))
        geod = pyproj.Geod(ellps="WGS84")
        shapes = lines[share > 0].geometry.to_crs(4326)
        length[share > 0] = [geod.line_length(*shape.coords.xy) for shape in shapes]
    return pd.DataFrame({"edge_id": ids, "wet_share": share, "wet_length_m": share * length})


def _raster_reading(
    name: str, publisher: str, stretches: pd.DataFrame, edges: pd.DataFrame,
    findings: list[Finding],
) -> Reading:  # fmt: skip
    wet = int((edges["wet_share"] > 0).sum())
    findings = [
        *findings,
        Finding(check="under water", severity="note", table="edges", id=f"{wet:,} lines",
                value=float(edges["wet_length_m"].sum()), unit="m",
                finding=f"{wet:,} of {len(edges):,} lines, "
                        f"{edges['wet_length_m'].sum() / KM_M:,.1f} km of them"),
    ]  # fmt: skip
    return Reading(
        file=name, publisher=publisher, licence=RASTER_LICENCE,
        tables={"stretches": stretches.reset_index(drop=True), "edges": edges},
        rows_read=len(edges), rows_kept=len(edges), findings=findings_table(findings),
    )  # fmt: skip


# ------------------------------------------------------------------ one file per date
def flood_dates(paths: str | Path | Iterable[str | Path]) -> dict[dt.date, Path]:
    """Return the files of a flood by the date in their names.

    Parameters
    ----------
    paths
        Files, or a pattern such as ``floods/*.tif``. A date is year, month and day:
        ``flood_2012-08-20.tif``, ``S1_20120820T0540_water.tif``. The code of an event, such as
        ``FL20120801MLI``, is not the date of an image and is passed over.

    Returns
    -------
    dict
        Date to file, in the order of the dates.

    Raises
    ------
    InputError
        If there is no file, a name has no date or several, or two files have one date.

    Examples
    --------
    >>> {
    ...     str(day): file.name
    ...     for day, file in flood_dates(["b_20120901.tif", "a.2012-08-20.tif"]).items()
    ... }
    {'2012-08-20': 'a.2012-08-20.tif', '2012-09-01': 'b_20120901.tif'}
    """
    if isinstance(paths, str | Path):
        pattern = str(paths)
        files = [Path(name) for name in sorted(glob.glob(pattern))]  # noqa: PTH207 - any root
        if not files:
            msg = f"{pattern}: no such file"
            raise InputError(msg)
    else:
        files = [Path(path) for path in paths]
        if not files:
            msg = "no files: give their paths, or a pattern such as 'floods/*.tif'"
            raise InputError(msg)
    found: dict[dt.date, Path] = {}
    problems: list[str] = []
    for file in files:
        days = _days_in(file.stem)
        if len(days) != 1:
            what = f"several dates ({', '.join(map(str, days))})" if days else "no date"
            problems.append(
                f"{file.name}: {what} in the name, as year-month-day; give {{date: file}} instead"
            )
        elif days[0] in found:
            problems.append(f"{file.name}: of {days[0]} as {found[days[0]].name}; keep one of them")
        else:
            found[days[0]] = file
    if problems:
        raise InputError(problems)
    return dict(sorted(found.items()))


def _days_in(stem: str) -> list[dt.date]:
    """Return the dates in a name, each once."""
    text = re.sub(r"(?<![A-Za-z])[A-Z]{2}\d{8}[A-Z]{3}(?![A-Za-z])", " ", stem)
    days: list[dt.date] = []
    marks = r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?=T\d|[^\d]|$)"
    for year, _, month, day in re.findall(marks, text):
        try:
            days.append(dt.date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return sorted(set(days))


# ------------------------------------------------------------------ polygons
def read_flood_areas(
    path: str | Path,
    *,
    layer: str | None = None,
    crs: pyproj.CRS | str | int | None = None,
    columns: Mapping[str, str] | None = None,
    permanent: Collection[str] = (),
    left_out: Collection[str] = (),
    when: dt.date | None = None,
    lasts_days: int | None = None,
) -> Reading:
    """Read polygons of water as UNOSAT, Copernicus EMS or anybody else publishes them.

    Parameters
    ----------
    path
        Any layer of polygons that GDAL reads; a zip archive of one.
    layer
        Which layer, if there are several.
    crs
        Coordinate reference system, where the file states none.
    columns
        Column map, ours to theirs, where a column is not found: see `AREA_ALIASES`.
    permanent, left_out
        Classes of water that are permanent, and that are no water (clouds), beside those whose
        words say so. Needed where classes are numbers, for what a number means differs from file
        to file.
    when
        Day of the flood, for polygons without a date.
    lasts_days
        For how many days each polygon holds from its date on; left out: without end.

    Returns
    -------
    Reading
        Tables ``areas`` and ``permanent_water``, of multipolygons in WGS 84: ``area_id``,
        ``name``, ``severity`` (1), ``start``, ``end``, ``source`` and ``confidence``, ready to be
        the ``areas`` of a scenario. Polygons of one class, day, sensor and confidence are one
        area, unless the file has an ``area_id``.

    Raises
    ------
    InputError
        If it cannot be read, has no polygon, or dates are not year-month-day.
    CRSError
        If it states no coordinate reference system.

    Examples
    --------
    >>> read_flood_areas("nowhere.shp")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.shp: no such file
    """
    name = Path(path).name
    frame, notes = read_features(path, layer=layer, crs=crs)
    names = [str(column) for column in frame.columns if column != frame.active_geometry_name]
    found = match_columns(names, AREA_ALIASES, where=name, given=columns)
    findings = list(notes)
    shapes, kept = _polygons(frame, name, findings)
    if not bool(kept.any()):
        msg = f"{name}: no polygons of water in {len(frame):,} rows; draw areas, not lines"
        raise InputError(msg)
    read = len(frame)
    frame = gpd.GeoDataFrame(frame[kept].reset_index(drop=True), geometry=shapes[kept], crs=4326)
    kinds = _water_kinds(frame, found.get("class"), permanent, left_out, name, findings)
    table = _area_rows(frame, found, name, when=when, lasts_days=lasts_days, findings=findings)
    gone = int((kinds == "none").sum())
    tables = {
        title: _one_area_each(table[kinds == kind], title, name, findings, own="area_id" in found)
        for title, kind in (("areas", "flood"), ("permanent_water", "permanent"))
    }
    publisher = "any layer of polygons"
    if {"validation", "sensor"} & set(found) and "class" in found:
        publisher = "UNOSAT"
    elif plain_name(found.get("class", "")) in {"objdesc", "notation"}:
        publisher = "Copernicus EMS"
    return Reading(
        file=name, publisher=publisher, licence=AREAS_LICENCE, tables=tables, columns=found,
        rows_read=read, rows_kept=len(frame) - gone, findings=findings_table(findings),
    )  # fmt: skip


def _polygons(
    frame: gpd.GeoDataFrame, name: str, findings: list[Finding]
) -> tuple[npt.NDArray[np.object_], BoolArray]:
    """Return sound multipolygons, and which rows have one."""
    shapes = frame.geometry.to_numpy().astype(object)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    broken = there & ~shapely.is_valid(shapes)
    if bool(broken.any()):
        shapes[broken] = shapely.make_valid(shapes[broken])
        findings.append(
            Finding(check="not valid", severity="note", table=name,
                    id=f"{int(broken.sum()):,} rows", value=int(broken.sum()), unit="rows",
                    finding="polygons that cross themselves; repaired")
        )  # fmt: skip
    parts, owner = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    nested = shapely.get_type_id(parts) == shapely.GeometryType.MULTIPOLYGON
    if bool(nested.any()):  # a repaired shape is a collection of such
        inner, at = shapely.get_parts(parts, return_index=True)
        parts, owner = inner, owner[at]
    flat = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    out = np.full(len(shapes), None, dtype=object)
    kept = np.zeros(len(shapes), dtype=bool)
    if bool(flat.any()):
        has, number = np.unique(owner[flat], return_inverse=True)
        out[has] = shapely.multipolygons(parts[flat], indices=number)
        kept[has] = True
    lost = there & ~kept
    if bool(lost.any()):
        findings.append(
            Finding(check="no polygon", severity="warning", table=name,
                    id=f"{int(lost.sum()):,} rows", value=int(lost.sum()), unit="rows",
                    finding="lines or points; left out")
        )  # fmt: skip
    return out, kept


def _water_kinds(
    frame: gpd.GeoDataFrame, column: str | None, permanent: Collection[str],
    left_out: Collection[str], name: str, findings: list[Finding],
) -> npt.NDArray[np.object_]:  # fmt: skip
    """Say of each polygon whether it is ``flood``, ``permanent`` water or ``none``.

    Raises
    ------
    InputError
        If a class is named that no polygon has.
    """
    kinds = np.full(len(frame), "flood", dtype=object)
    asked = {plain_name(str(word)): str(word) for word in (*permanent, *left_out)}
    if column is None:
        if asked:
            msg = f"{name}: no column of classes, so none can be {labels(asked.values())}"
            raise InputError(msg)
        return kinds
    said = frame[column].map(_class_text)
    plain = said.map(plain_name)
    unknown = [word for key, word in asked.items() if key not in set(plain)]
    if unknown:
        known = sorted(set(said))
        msg = f"{name}: column {column!r} has no class {unknown[0]!r}; it has {labels(known, 12)}"
        raise InputError(msg)
    mine = {plain_name(str(word)) for word in permanent}
    out = {plain_name(str(word)) for word in left_out}
    names_flood = plain.str.contains("flood") & ~plain.str.contains("preflood")
    is_permanent = plain.isin(mine) | (
        plain.map(lambda text: any(word in text for word in PERMANENT_WORDS)) & ~names_flood
    )
    no_water = plain.isin(out) | (
        plain.map(lambda text: any(word in text for word in NO_WATER_WORDS)) & ~names_flood
    )
    kinds[is_permanent.to_numpy(dtype=bool) & ~plain.isin(out).to_numpy(dtype=bool)] = "permanent"
    kinds[no_water.to_numpy(dtype=bool) & ~plain.isin(mine).to_numpy(dtype=bool)] = "none"
    for kind, severity, what in (
        ("flood", "note", "flood water"), ("permanent", "note", "permanent water"),
        ("none", "warning", "no water; left out"),
    ):  # fmt: skip
        hit = kinds == kind
        if bool(hit.any()):
            classes = labels(sorted(set(said[hit])), 8)
            findings.append(
                Finding(check=f"class {kind}", severity=severity, table=name,
                        id=f"{int(hit.sum()):,} rows", value=int(hit.sum()), unit="rows",
                        finding=f"{what}: {classes}")
            )  # fmt: skip
    codes = plain.str.fullmatch(r"\d+") & (kinds == "flood") & ~plain.isin(mine | out)
    if bool(codes.any()):
        findings.append(
            Finding(check="classes by number", severity="warning", table=name,
                    id=f"{int(codes.sum()):,} rows", value=int(codes.sum()), unit="rows",
                    finding=f"{column!r} has numbers {labels(sorted(set(said[codes])), 8)}, all "
                            "taken as flood: see the legend, and say permanent=... or left_out=...")
        )  # fmt: skip
    any_water = plain.str.contains("satellitedetectedwater|satelliteobservedwater", regex=True)
    any_water &= kinds == "flood"
    if bool(any_water.any()):
        findings.append(
            Finding(check="all water", severity="warning", table=name,
                    id=f"{int(any_water.sum()):,} rows", value=int(any_water.sum()), unit="rows",
                    finding="every water that the satellite saw, rivers and lakes as well: take "
                            "the permanent water out before it closes bridges")
        )  # fmt: skip
    return kinds


def _class_text(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _area_rows(
    frame: gpd.GeoDataFrame, found: Mapping[str, str], name: str, *, when: dt.date | None,
    lasts_days: int | None, findings: list[Finding],
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the columns of areas, one row per polygon.

    Raises
    ------
    InputError
        If dates are not year-month-day, or the days that it lasts not positive.
    """
    if lasts_days is not None and lasts_days < 1:
        msg = f"lasts_days must be 1 or more days, not {lasts_days}"
        raise InputError(msg)
    start = _days(frame, found, "start", name)
    if when is not None:
        start = start.fillna(pd.Timestamp(when))
    undated = int(start.isna().sum())
    if undated:
        findings.append(
            Finding(check="no date", severity="warning", table=name, id=f"{undated:,} rows",
                    value=undated, unit="rows",
                    finding="holds on every day; say the day with when=...")
        )  # fmt: skip
    end = _days(frame, found, "end", name)
    if lasts_days is not None:
        end = end.fillna(start + pd.Timedelta(days=lasts_days - 1))
    wrong = end < start
    if bool(wrong.any()):
        msg = f"{name}: {int(wrong.sum())} polygons end before they start"
        raise InputError(msg)
    confidence = pd.Series("medium", index=frame.index, dtype="str")
    if "confidence" in found:
        said = frame[found["confidence"]].map(_class_text)
        plain = said.map(plain_name).replace({"veryhigh": "high", "verylow": "low"})
        known = plain.isin(["high", "medium", "low"])
        confidence = plain.where(known, "medium").astype("str")
        other = ~known & (plain != "")
        if bool(other.any()):
            findings.append(
                Finding(check="confidence", severity="note", table=name,
                        id=f"{int(other.sum()):,} rows", value=int(other.sum()), unit="rows",
                        finding=f"{labels(sorted(set(said[other])))} taken as medium")
            )  # fmt: skip
    for ours, what in (("validation", "validation in the field"), ("status", "status of water")):
        if ours in found:
            counts = frame[found[ours]].map(_class_text).replace("", "not said").value_counts()
            said_words = ", ".join(f"{word} ({count:,})" for word, count in counts[:4].items())
            findings.append(
                Finding(check=what, severity="note", table=name, id=f"{len(frame):,} rows",
                        finding=f"{said_words}; every polygon is kept")
            )  # fmt: skip
    parts = [frame[found[ours]].map(_class_text)
             for ours in ("source", "event", "sensor") if ours in found]  # fmt: skip
    source = [", ".join(dict.fromkeys(word for word in words if word)) or name
              for words in zip(*parts, strict=True)] if parts else name  # fmt: skip
    title = next((frame[found[ours]].map(_class_text) for ours in ("name", "class")
                  if ours in found), "")  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "area_id": frame[found["area_id"]].map(_class_text) if "area_id" in found else "",
            "name": pd.Series(title, index=frame.index, dtype="str"),
            "severity": pd.Series(1, index=frame.index, dtype="int64"),
            "start": start,
            "end": end,
            "source": pd.Series(source, index=frame.index, dtype="str"),
            "confidence": confidence,
        },
        geometry=frame.geometry,
        crs=4326,
    )


def _days(
    frame: gpd.GeoDataFrame, found: Mapping[str, str], ours: str, name: str
) -> "pd.Series[pd.Timestamp]":
    """Return a column of days.

    Raises
    ------
    InputError
        If one is not year-month-day: 03/04/2012 is a day in March or in April.
    """
    if ours not in found:
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
    cells = frame[found[ours]]
    if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        stamp = pd.to_datetime(cells, utc=True)
        return stamp.dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    text = cells.map(_class_text)
    parts = text.str.extract(r"^(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})(?:$|[T\s])")
    written = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    stamp = pd.to_datetime(written, errors="coerce", format="%Y-%m-%d")
    wrong = stamp.isna() & (text != "")
    if bool(wrong.any()):
        msg = (
            f"{name}: column {found[ours]!r} must be dates as 2012-08-20; wrong in "
            f"{int(wrong.sum())} rows, e.g. {labels(sorted(set(text[wrong])))}"
        )
        raise InputError(msg)
    return stamp.astype("datetime64[s]")


def _one_area_each(
    table: gpd.GeoDataFrame, title: str, name: str, findings: list[Finding], *, own: bool
) -> gpd.GeoDataFrame:
    """Unite polygons that differ in nothing, and give the areas ids.

    Raises
    ------
    InputError
        If the file gives one id to several areas.
    """
    table = table.reset_index(drop=True)
    if own:
        twice = table["area_id"].duplicated() | (table["area_id"] == "")
        if bool(twice.any()):
            msg = (
                f"{name}: area_id must be there once each; wrong in {int(twice.sum())} rows, "
                f"e.g. {labels(table.loc[twice, 'area_id'])}"
            )
            raise InputError(msg)
        return table[list(AREA_COLUMNS)]
    keys = ["name", "start", "end", "source", "confidence"]
    number = table.groupby(keys, dropna=False, sort=True).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    cuts = np.flatnonzero(np.diff(number[order])) + 1
    groups = np.split(order, cuts) if len(order) else []
    shapes = [shapely.union_all(table.geometry.to_numpy()[rows]) for rows in groups]
    first = [int(rows[0]) for rows in groups]
    out = table.iloc[first].reset_index(drop=True)
    parts, owner = shapely.get_parts(np.array(shapes, dtype=object), return_index=True)
    multi = shapely.multipolygons(parts, indices=owner)
    out = out.set_geometry(gpd.GeoSeries(multi, index=out.index, crs=4326))
    stem = "flood" if title == "areas" else "water"
    day = out["start"].dt.strftime("-%Y-%m-%d").fillna("")
    ids = stem + day
    place = ids.groupby(ids).cumcount() + 1
    many = ids.duplicated(keep=False)
    out["area_id"] = ids.where(~many, ids + "-" + place.astype("str")).astype("str")
    if len(out) < len(table):
        findings.append(
            Finding(check="united", severity="note", table=title, id=f"{len(table):,} rows",
                    value=len(out), unit="rows",
                    finding=f"polygons of one class, day, sensor and confidence made into "
                            f"{len(out):,} areas")
        )  # fmt: skip
    return out[list(AREA_COLUMNS)]
