"""Read the rows of tables that become disruptions: texts, days, and areas with what they say."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from mobility_geo.errors import CRSError, InputError, ScenarioError
from mobility_geo.scenario.disruptions import Disruption
from mobility_geo.schema import CONFIDENCES, Column, TableSchema, is_missing, records, suggest

LEVELS: Final = (1, 2, 3, 4)
"""Severities of areas."""

AREAS: Final = TableSchema(
    name="areas",
    meaning="Areas of a disruption, graded by severity",
    key=("area_id",),
    geometry="MultiPolygon",
    columns=(
        Column(name="area_id", dtype="text", meaning="id"),
        Column(name="name", dtype="text", meaning="name", nullable=True, required=False),
        Column(name="severity", dtype="int", meaning="1 (low) to 4 (high)", minimum=1, maximum=4,
               required=False, default=1),
        Column(name="start", dtype="date", meaning="first day", nullable=True, required=False),
        Column(name="end", dtype="date", meaning="last day", nullable=True, required=False),
        Column(name="source", dtype="text", meaning="source", nullable=True, required=False),
        Column(name="confidence", dtype="text", meaning="confidence", nullable=True,
               required=False, allowed=CONFIDENCES),
    ),
)  # fmt: skip


def text_of(value: object, fallback: str = "") -> str:
    """Return a value of a table as text.

    Parameters
    ----------
    value
        Any single value.
    fallback
        What stands for a missing one.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> text_of("Gao"), text_of(None), text_of(float("nan"), "not named")
    ('Gao', '', 'not named')
    """
    return fallback if is_missing(value) else str(value)


def day_of(value: object) -> dt.date | None:
    """Return a value of a table as a day.

    Parameters
    ----------
    value
        A date, a time stamp, or a text such as ``2013-01-31``.

    Returns
    -------
    datetime.date or None
        None for a missing value.

    Raises
    ------
    InputError
        If it is no day.

    Examples
    --------
    >>> day_of(pd.Timestamp("2013-01-31")), day_of(None)
    (datetime.date(2013, 1, 31), None)
    """
    if is_missing(value):
        return None
    try:
        # a plain number would be taken for nanoseconds since 1970
        day = pd.Timestamp(value) if isinstance(value, str | dt.date) else None
    except ValueError:
        day = None
    if not isinstance(day, pd.Timestamp):
        msg = f"must be a day such as 2013-01-31, not {value!r}"
        raise InputError(msg)
    return day.date()


def area_rows(
    areas: pd.DataFrame,
) -> Iterator[tuple[str, shapely.Geometry, dict[str, Any]]]:
    """Yield id and shape of each area, and what it says of itself.

    Parameters
    ----------
    areas
        Polygons with ``area_id``, and perhaps other columns of `AREAS`.

    Yields
    ------
    area_id
        Id.
    shape
        WGS 84 longitude and latitude.
    said
        Arguments of `mobility_geo.scenario.Disruption`: ``severity``, ``name``, ``start``,
        ``end``, ``source``, ``confidence``, those that the area has.

    Raises
    ------
    InputError
        If there is no ``area_id`` or geometry, or a day or severity is none.
    CRSError
        If the layer has no coordinate reference system.

    Examples
    --------
    >>> water = gpd.GeoDataFrame(
    ...     {"area_id": ["lake"], "end": ["2012-09-01"]}, geometry=[shapely.box(-5, 14, -4, 15)],
    ...     crs=4326,
    ... )  # fmt: skip
    >>> [(name, said) for name, shape, said in area_rows(water)]
    [('lake', {'end': datetime.date(2012, 9, 1)})]
    """
    if (
        not isinstance(areas, gpd.GeoDataFrame)
        or areas.active_geometry_name is None
        or "area_id" not in areas
    ):
        near = suggest("area_id", map(str, areas.columns))
        msg = f"areas: need a layer of polygons with a column 'area_id'{near}"
        raise InputError(msg)
    if areas.crs is None:
        msg = "areas: no coordinate reference system; set it with .set_crs(...)"
        raise CRSError(msg)
    for row, shape in zip(records(areas), areas.geometry.to_crs(4326), strict=True):
        said: dict[str, Any] = {
            key: str(row[key])
            for key in ("name", "source", "confidence")
            if not is_missing(row.get(key))
        }
        try:
            if not is_missing(row.get("severity")):
                said["severity"] = _severity(row["severity"])
            days = {key: day_of(row.get(key)) for key in ("start", "end")}
        except InputError as error:
            msg = f"areas: a value of {row['area_id']!r} {error.problems[0]}"
            raise InputError(msg) from None
        yield str(row["area_id"]), shape, said | {key: day for key, day in days.items() if day}


def _severity(value: object) -> int:
    """Return a severity.

    Raises
    ------
    InputError
        If it is none.
    """
    number = pd.to_numeric(str(value), errors="coerce")
    if number not in LEVELS:
        msg = f"must be a severity, 1 (low) to 4 (high), not {value!r}"
        raise InputError(msg)
    return int(number)


def disruptions_of_areas(
    areas: pd.DataFrame,
    make: Callable[[str, shapely.Geometry, dict[str, Any]], Disruption],
) -> tuple[Disruption, ...]:
    """Return a disruption for each area, or one error that lists all areas that are wrong.

    Parameters
    ----------
    areas
        See `area_rows`.
    make
        Makes a disruption of what `area_rows` yields.

    Returns
    -------
    tuple of Disruption
        In the order of the areas.

    Raises
    ------
    ScenarioError
        If a disruption is wrong.
    InputError
        See `area_rows`.

    Examples
    --------
    >>> none = gpd.GeoDataFrame({"area_id": []}, geometry=[], crs=4326)
    >>> disruptions_of_areas(none, lambda area_id, shape, said: None)
    ()
    """
    made: list[Disruption] = []
    problems: list[str] = []
    for area_id, shape, said in area_rows(areas):
        try:
            made.append(make(area_id, shape, said))
        except ScenarioError as error:
            problems += [f"area {area_id!r}: {text}" for text in error.problems]
    if problems:
        raise ScenarioError(problems)
    return tuple(made)
