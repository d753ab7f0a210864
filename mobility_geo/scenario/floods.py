"""Floods as disruptions: measured depth slows and stops, extents and polygons close."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mobility_geo.errors import ScenarioError
from mobility_geo.network import Network
from mobility_geo.network.accesses import check_measured, lines_to_measure
from mobility_geo.scenario.disruptions import (
    Closure,
    DepthCurve,
    DepthSpeed,
    Disruption,
    Effect,
    Selection,
    Stretches,
)
from mobility_geo.scenario.rows import disruptions_of_areas
from mobility_geo.scenario.table import curves_from_table
from mobility_geo.schema import DEPTH_CURVES, EDGE_KINDS, suggest
from mobility_geo.sources import read_table
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.floods import FREEBOARD_M, measure_flood_depth, measure_flood_extent
from mobility_geo.sources.reading import Reading

log = logging.getLogger(__name__)

RasterFile = str | Path
Progress = Callable[[str, float], None]

MEASURED_KINDS: Final = tuple(kind for kind in EDGE_KINDS if kind != "transfer")
"""Kinds of edges whose depth is measured; a landing moves with the water."""

LAND_KINDS: Final = ("road", "track", "walk", "corridor")
"""Kinds of edges that water without a depth closes; boats go on."""

DEFAULT_CURVE: Final = "pregnolato2017"


class Measuring(TypedDict, total=False):
    """What else `mobility_geo.sources.floods.measure_flood_depth` can be told."""

    band: int | None
    nodata: float | None
    dry_below_m: float
    deepest_m: float


@cache
def _curves(file: Path) -> Mapping[str, tuple[DepthCurve, ...]]:
    """Return the curves of a file by family.

    Raises
    ------
    ScenarioError
        If a profile has two curves of one family.
    """
    made: dict[str, list[DepthCurve]] = {}
    for curve in curves_from_table(read_table(file, DEPTH_CURVES)):
        family = made.setdefault(curve.curve, [])
        twice = {name for other in family for name in other.profiles} & set(curve.profiles)
        if twice:
            msg = f"{file.name}: {curve.curve!r} has two curves for {min(twice)!r}"
            raise ScenarioError(msg)
        family.append(curve)
    return {name: tuple(family) for name, family in made.items()}


def depth_curve_names(file: str | Path | None = None) -> tuple[str, ...]:
    """Return the names of the families of depth curves, the default first.

    Parameters
    ----------
    file
        CSV file as `mobility_geo.schema.DEPTH_CURVES`; the built-in one if left out.

    Returns
    -------
    tuple of str
        For `load_depth_curves`.

    Raises
    ------
    InputError
        If the file cannot be read.

    Examples
    --------
    >>> depth_curve_names()
    ('pregnolato2017', 'contreras2018', 'aidr2017')
    """
    return tuple(_curves(_curve_file(file)))


def load_depth_curves(
    name: str = DEFAULT_CURVE, *, file: str | Path | None = None
) -> tuple[DepthCurve, ...]:
    """Return a published family of curves from depth of water to speed.

    Parameters
    ----------
    name
        One of `depth_curve_names`.
    file
        CSV file as `mobility_geo.schema.DEPTH_CURVES` with curves of your own; the built-in one
        if left out.

    Returns
    -------
    tuple of DepthCurve
        One per class of vehicles or people, each with its source; what is only assumed says so.

    Raises
    ------
    ScenarioError
        If there is no such family; names the nearest one.
    InputError
        If the file cannot be read.

    References
    ----------
    Pregnolato, M., Ford, A., Wilkinson, S. M. and Dawson, R. J. (2017), doi
    10.1016/j.trd.2017.06.020. Contreras-Jara, M. et al. (2018), doi 10.1155/2018/2850546.
    Australian Institute for Disaster Resilience (2017), Guideline 7-3 Flood Hazard.

    Examples
    --------
    >>> car = load_depth_curves()[0]
    >>> car.profiles, car.speed_kph([0.1, 0.3]).round(4).tolist()
    (('truck', '4x4'), [40.6548, 0.0])
    """
    families = _curves(_curve_file(file))
    if name not in families:
        msg = f"no depth curve {name!r}{suggest(name, families)}"
        raise ScenarioError(msg)
    return families[name]


def _curve_file(file: str | Path | None) -> Path:
    return data_folder() / "network" / "flood_curves.csv" if file is None else Path(file)


def flood_from_depth(  # noqa: PLR0913
    network: Network,
    depth: RasterFile | Reading | Mapping[dt.date, RasterFile | Reading],
    *,
    unit: str = "",
    curve: str | tuple[DepthCurve, ...] = DEFAULT_CURVE,
    start: dt.date | None = None,
    end: dt.date | None = None,
    freeboard_m: float = FREEBOARD_M,
    edge_kinds: Iterable[str] | None = None,
    probability: float = 1.0,
    group: str = "",
    source: str = "",
    disruption_id: str = "flood",
    progress: Progress | None = None,
    **measuring: Unpack[Measuring],
) -> tuple[Disruption, ...]:
    """Return a flood measured from rasters of depth; speeds follow a curve for each profile.

    Roads, tracks, paths, corridors, crossings, ferries and rivers are all measured: the curve of
    a profile decides what the water does to it, and boats gain where roads lose.

    Parameters
    ----------
    network
        The network.
    depth
        Raster of depths, or one per day (see `mobility_geo.sources.floods.flood_dates`): each
        holds until the day before the next one. A `Reading` of `measure_flood_depth` serves as
        well, and shows what was found on the way.
    unit
        Unit of the depths in the rasters: ``m``, ``cm`` or ``mm``. Must be said for rasters.
    curve
        Name of a family of curves (`depth_curve_names`), or the curves.
    start, end
        First and last day of a single raster; of several, `end` is the last day of the last one.
        Missing: without begin, without end.
    freeboard_m
        How high bridges stand above the ground of the raster, m, >= 0.
    edge_kinds
        Kinds of edges that are hit; all but transfers if left out.
    probability
        0 to 1.
    group
        Correlation group: all days of one flood fail together; `disruption_id` if left out.
    source
        Who made the rasters; the names of the files if left out.
    disruption_id
        Id; of several days, the day is added to it: ``flood/2012-08-20``.
    progress
        Called with a step and the share done, 0 to 1.
    **measuring
        ``band``, ``nodata``, ``dry_below_m`` and ``deepest_m`` of `measure_flood_depth`.

    Returns
    -------
    tuple of Disruption
        One per day with water on some edge, in the order of the days; a dry day ends the one
        before it.

    Raises
    ------
    ScenarioError
        If there is no such curve or edge kind, no raster, or a start for several days.
    CalendarError
        If it ends before it starts.
    InputError
        If a raster cannot be read or measured; see
        `mobility_geo.sources.floods.measure_flood_depth`.
    UnknownIdError
        If a `Reading` is of edges that the network does not have.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> flood_from_depth(load_toy().network, "depth.tif")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: depth.tif: say the unit of the depths: unit='m', 'cm' or 'mm'
    """
    curves = load_depth_curves(curve) if isinstance(curve, str) else tuple(curve)
    lines = _ways(network, MEASURED_KINDS if edge_kinds is None else tuple(edge_kinds))

    def measured(raster: RasterFile, tell: Progress | None) -> Reading:
        return measure_flood_depth(
            lines, raster, unit=unit, freeboard_m=freeboard_m, progress=tell, **measuring
        )

    return _floods(
        network, lines, (DepthSpeed(curves=curves),),
        _by_day(depth, measured, start=start, end=end, disruption_id=disruption_id,
                progress=progress),
        probability=probability, group=group or disruption_id, source=source,
    )  # fmt: skip


def flood_from_extent(  # noqa: PLR0913
    network: Network,
    extent: RasterFile | Reading | Mapping[dt.date, RasterFile | Reading],
    *,
    wet_values: Iterable[float] = (1,),
    band: int | None = None,
    effects: Iterable[Effect] = (Closure(),),
    start: dt.date | None = None,
    end: dt.date | None = None,
    edge_kinds: Iterable[str] = LAND_KINDS,
    bridges_flooded: bool = False,
    probability: float = 1.0,
    group: str = "",
    source: str = "",
    disruption_id: str = "flood",
    progress: Progress | None = None,
) -> tuple[Disruption, ...]:
    """Return a flood from rasters of water extent, which tell where but not how deep.

    Parameters
    ----------
    network
        The network.
    extent
        Raster of classes, or one per day: each holds until the day before the next one. A
        `Reading` of `mobility_geo.sources.floods.measure_flood_extent` serves as well.
    wet_values
        The values that mean flood water, without those of permanent water.
    band
        Band of the rasters, from 1; needed if there are several.
    effects
        What happens to the stretches under water; they are closed if left out.
    start, end
        First and last day of a single raster; of several, `end` is the last day of the last one.
    edge_kinds
        Kinds of edges that are hit; ways on land if left out, so boats go on.
    bridges_flooded
        Whether water under a bridge is water on it.
    probability, group, source, disruption_id, progress
        See `flood_from_depth`.

    Returns
    -------
    tuple of Disruption
        One per day with water on some edge, in the order of the days.

    Raises
    ------
    ScenarioError
        If there is no such edge kind, no raster, no effect, or a start for several days.
    CalendarError
        If it ends before it starts.
    InputError
        If a raster cannot be read or measured; see
        `mobility_geo.sources.floods.measure_flood_extent`.
    UnknownIdError
        If a `Reading` is of edges that the network does not have.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> flood_from_extent(load_toy().network, "water.tif", wet_values=[])
    Traceback (most recent call last):
    mobility_geo.errors.InputError: water.tif: say which values are water: wet_values=(1,)
    """
    happens, wet = tuple(effects), tuple(wet_values)
    lines = _ways(network, tuple(edge_kinds))

    def measured(raster: RasterFile, tell: Progress | None) -> Reading:
        return measure_flood_extent(
            lines, raster, wet_values=wet, band=band, bridges_flooded=bridges_flooded,
            progress=tell,
        )  # fmt: skip

    return _floods(
        network, lines, happens,
        _by_day(extent, measured, start=start, end=end, disruption_id=disruption_id,
                progress=progress),
        probability=probability, group=group or disruption_id, source=source,
    )  # fmt: skip


def flood_from_areas(
    areas: gpd.GeoDataFrame | Reading,
    *,
    effects: Iterable[Effect] = (Closure(),),
    edge_kinds: Iterable[str] = LAND_KINDS,
    probability: float = 1.0,
    group: str = "",
    source: str = "",
    disruption_id: str = "flood",
) -> tuple[Disruption, ...]:
    """Return a flood from polygons of water.

    Parameters
    ----------
    areas
        Table ``areas`` of `mobility_geo.sources.floods.read_flood_areas`, or what it gave back.
    effects
        What happens to the ways in the water; they are closed if left out.
    edge_kinds
        Kinds of edges that are hit; ways on land if left out, so boats go on.
    probability, group
        See `flood_from_depth`.
    source
        Who mapped the water; the source of each area if left out.
    disruption_id
        Id, to which the id of each area is added: ``flood/flood-2012-08-20``.

    Returns
    -------
    tuple of Disruption
        One per area, with its days; bridges in the water are hit like the road beside them.

    Raises
    ------
    ScenarioError
        If an area is no polygon in degrees or ends before it starts, there is no effect or no such
        edge kind; lists all areas that are wrong.
    InputError
        If the table has no `area_id` or no coordinate reference system, or a day that is none.

    Examples
    --------
    >>> import shapely
    >>> water = gpd.GeoDataFrame(
    ...     {"area_id": ["lake"]}, geometry=[shapely.box(-5, 14, -4, 15)], crs=4326
    ... )
    >>> [d.disruption_id for d in flood_from_areas(water)]
    ['flood/lake']
    """
    # of a reading of something else nothing is left, which is refused
    table = areas.tables.get("areas", pd.DataFrame()) if isinstance(areas, Reading) else areas
    happens, kinds = tuple(effects), tuple(edge_kinds)

    def make(area_id: str, shape: shapely.Geometry, said: dict[str, Any]) -> Disruption:
        own = {key: said[key] for key in ("name", "start", "end", "confidence") if key in said}
        return Disruption(
            disruption_id=f"{disruption_id}/{area_id}", kind="flood",
            what=Selection(area=shape, edge_kinds=kinds), effects=happens,
            probability=probability, group=group or disruption_id,
            source=source or said.get("source", ""), **own,
        )  # fmt: skip

    return disruptions_of_areas(table, make)


def _ways(network: Network, kinds: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Return the edges of some kinds, and ways off the road, on which water is measured.

    Raises
    ------
    ScenarioError
        If a kind is unknown.
    """
    unknown = [kind for kind in kinds if kind not in EDGE_KINDS]
    if unknown:
        msg = f"unknown edge kind {unknown[0]!r}{suggest(unknown[0], EDGE_KINDS)}"
        raise ScenarioError(msg)
    lines = lines_to_measure(network)
    return gpd.GeoDataFrame(lines[lines["kind"].isin(kinds)])


def _floods(
    network: Network,
    lines: gpd.GeoDataFrame,
    effects: tuple[Effect, ...],
    by_day: list[tuple[str, dt.date | None, dt.date | None, Reading]],
    *,
    probability: float,
    group: str,
    source: str,
) -> tuple[Disruption, ...]:
    """Return a disruption for each day on which some way is under water."""
    there = [
        (name, day, until, reading.file, _stretches(reading, network, lines))
        for name, day, until, reading in by_day
    ]
    return tuple(
        Disruption(
            disruption_id=name, kind="flood", what=Selection(stretches=stretches), effects=effects,
            start=day, end=until, probability=probability, group=group, source=source or file,
        )
        for name, day, until, file, stretches in there
        if len(stretches)
    )  # fmt: skip


def _by_day(
    given: RasterFile | Reading | Mapping[dt.date, RasterFile | Reading],
    measured: Callable[[RasterFile, Progress | None], Reading],
    *,
    start: dt.date | None,
    end: dt.date | None,
    disruption_id: str,
    progress: Progress | None,
) -> list[tuple[str, dt.date | None, dt.date | None, Reading]]:
    """Return id, first day, last day and what was measured, for each raster in order."""
    if isinstance(given, Mapping):
        order = _days_of(given, start, end, disruption_id)
    else:
        order = [(disruption_id, start, end, given)]
    out = []
    for number, (name, day, until, item) in enumerate(order):

        def tell(step: str, share: float, number: int = number) -> None:
            if progress is not None:
                progress(step, (number + share) / len(order))

        if isinstance(item, Reading):
            reading = item
        else:
            reading = measured(item, tell)
            for row in reading.findings.itertuples():
                if row.severity != "note":
                    log.warning("%s: %s, %s: %s", reading.file, row.check, row.id, row.finding)
        out.append((name, day, until, reading))
    return out


def _days_of(
    given: Mapping[dt.date, RasterFile | Reading],
    start: dt.date | None,
    end: dt.date | None,
    disruption_id: str,
) -> list[tuple[str, dt.date | None, dt.date | None, RasterFile | Reading]]:
    """Return id, first and last day of each raster: until the day before the next one.

    Raises
    ------
    ScenarioError
        If there is no raster, a key is no day, or a start is given beside them.
    """
    if not given:
        msg = f"{disruption_id}: no rasters"
        raise ScenarioError(msg)
    if any(type(day) is not dt.date for day in given):
        msg = f"{disruption_id}: rasters must be named by days, {{date: file}}"
        raise ScenarioError(msg)
    if start is not None:
        msg = f"{disruption_id}: several days start when their rasters say; leave out start"
        raise ScenarioError(msg)
    days = sorted(given)
    ends = [*(day - dt.timedelta(days=1) for day in days[1:]), end]
    return [
        (f"{disruption_id}/{day}", day, until, given[day])
        for day, until in zip(days, ends, strict=True)
    ]


def _stretches(reading: Reading, network: Network, lines: gpd.GeoDataFrame) -> Stretches:
    """Return what was measured on some edges of a network.

    Raises
    ------
    UnknownIdError
        If it was measured on edges that the network does not have.
    """
    table = reading.tables["stretches"]
    check_measured(network, table["edge_id"].to_numpy(dtype=object))
    table = table[table["edge_id"].isin(lines["edge_id"])]
    depth = table["depth_m"] if "depth_m" in table else np.zeros(len(table))
    return Stretches(
        quantity="depth_m",
        edge_ids=table["edge_id"].to_numpy(dtype=object),
        start=table["start"].to_numpy(dtype=float),
        end=table["end"].to_numpy(dtype=float),
        value=np.asarray(depth, dtype=float),
    )
