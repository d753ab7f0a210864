"""Scale bar and north on a map: taken from the ellipsoid, not from the projection."""

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from mobility_geo.plot.palette import round_number
from mobility_geo.sources.geodesy import GEOD


def positions(layer: gpd.GeoDataFrame | gpd.GeoSeries) -> list[tuple[float, float]]:
    """Return the coordinates of a layer of points.

    Parameters
    ----------
    layer
        Points, none missing or empty.

    Returns
    -------
    list of tuple
        x and y in the coordinate reference system of the layer, one pair per row.

    Examples
    --------
    >>> positions(gpd.GeoSeries(gpd.points_from_xy([1, 2], [3, 4])))
    [(1.0, 3.0), (2.0, 4.0)]
    """
    pairs = shapely.get_coordinates(np.asarray(layer.geometry.array))
    return [(float(x), float(y)) for x, y in pairs]


def ground_length_m(crs: pyproj.CRS, start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the distance on the ellipsoid between two points of a map.

    Parameters
    ----------
    crs
        Coordinate reference system of the map.
    start, end
        x and y in it.

    Returns
    -------
    float
        Metres.

    Examples
    --------
    >>> round(ground_length_m(pyproj.CRS(4326), (0.0, 0.0), (1.0, 0.0)))
    111319
    """
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform([start[0], end[0]], [start[1], end[1]])
    return float(GEOD.inv(lon[0], lat[0], lon[1], lat[1])[2])


def scale_bar(
    crs: pyproj.CRS, bounds: tuple[float, float, float, float], *, share: float = 0.24
) -> tuple[float, float]:
    """Return the length that a scale bar stands for, and how long it is on the map.

    Parameters
    ----------
    crs
        Coordinate reference system of the map, in metres.
    bounds
        Extent of the map in it: left, bottom, right, top.
    share
        Longest the bar may be, as a share of the width of the map, 0 to 1.

    Returns
    -------
    length_m, width
        A round length on the ground, in metres, and the width in units of the map at which a
        level line through the middle of the map is that long.

    Examples
    --------
    >>> length_m, width = scale_bar(pyproj.CRS(32630), (2e5, 1.8e6, 8e5, 2.2e6))
    >>> length_m, bool(abs(width / length_m - 1) < 0.001)
    (100000.0, True)
    """
    left, bottom, right, top = bounds
    middle = (left + right) / 2, (bottom + top) / 2

    def ground(width: float) -> float:
        ends = [(middle[0] + sign * width / 2, middle[1]) for sign in (-1, 1)]
        return ground_length_m(crs, ends[0], ends[1])

    length_m = round_number(ground((right - left) * share))
    width = length_m
    # the scale hardly changes along the bar: three corrections leave less than a millimetre
    for _ in range(3):
        width *= length_m / ground(width)
    return length_m, float(width)


def north_deg(crs: pyproj.CRS, x: float, y: float) -> float:
    """Return the direction of true north on a map.

    Parameters
    ----------
    crs
        Coordinate reference system of the map.
    x, y
        Where on the map.

    Returns
    -------
    float
        Degrees clockwise from the upper edge of the map; 0 where north is up.

    Examples
    --------
    >>> round(north_deg(pyproj.CRS(32630), 500_000, 1_800_000), 6) + 0.0
    0.0
    >>> north_deg(pyproj.CRS(32630), 800_000, 1_800_000) < 0
    True
    """
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    from_degrees = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    north_x, north_y = from_degrees.transform(lon, lat + 0.01)
    return float(np.degrees(np.arctan2(north_x - x, north_y - y)))
