"""Lengths on the ellipsoid, and a metric coordinate reference system for a layer."""

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError

GEOD: Final = pyproj.Geod(ellps="WGS84")
WIDEST_DEG: Final = 180.0
"""A layer across more degrees of longitude is taken to cross the antimeridian."""


def metric_crs(layer: gpd.GeoDataFrame) -> pyproj.CRS:
    """Return a metric coordinate reference system centred on a layer.

    Lambert's azimuthal equal-area projection about the middle of the extent: areas are exact,
    lengths within about 1 % up to 1,500 km from the middle. The toolkit takes lengths from the
    ellipsoid, never from the projection; this serves overlays and buffers.

    Parameters
    ----------
    layer
        Any layer with a coordinate reference system.

    Returns
    -------
    pyproj.CRS
        Projected, in metres.

    Raises
    ------
    CRSError
        If the layer has no coordinate reference system, or spans more than 180 degrees of
        longitude, as layers across the antimeridian do.

    References
    ----------
    Snyder, J. P. (1987). Map Projections: A Working Manual. USGS Professional Paper 1395,
    chapter 24: scale distortion 1/cos(c/2) at the angular distance c.

    Examples
    --------
    >>> point = gpd.GeoDataFrame(geometry=gpd.points_from_xy([-3], [16]), crs=4326)
    >>> metric_crs(point).axis_info[0].unit_name
    'metre'
    """
    if layer.crs is None:
        msg = "the layer has no coordinate reference system; set it with .set_crs(...)"
        raise CRSError(msg)
    west, south, east, north = layer.to_crs(4326).total_bounds
    if east - west > WIDEST_DEG:
        msg = (
            "the layer spans more than 180 degrees of longitude; a network across the "
            "antimeridian is not supported: shift longitudes to 0..360 or split it"
        )
        raise CRSError(msg)
    lat, lon = round((south + north) / 2), round((west + east) / 2)
    return pyproj.CRS.from_proj4(f"+proj=laea +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m")


def geodesic_length_m(layer: gpd.GeoDataFrame) -> "pd.Series[float]":
    """Return the length of each line on the ellipsoid, in metres.

    Parameters
    ----------
    layer
        Lines, in any coordinate reference system.

    Returns
    -------
    pandas.Series
        Metres, one per row; NaN where there is no line.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. doi 10.1007/s00190-012-0578-z.

    Examples
    --------
    >>> import shapely
    >>> line = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 0)])], crs=4326)
    >>> round(float(geodesic_length_m(line)[0]))
    111319
    """
    shapes = layer.to_crs(4326).geometry
    there = ~(shapes.isna() | shapes.is_empty).to_numpy(dtype=bool)
    lengths = line_lengths_m(shapes.to_numpy())
    return pd.Series(np.where(there, lengths, np.nan), index=layer.index)


def line_lengths_m(lines: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Return the length of lines on the ellipsoid, all of them at once.

    Parameters
    ----------
    lines
        LineStrings in WGS 84 longitude and latitude, shape (n,).

    Returns
    -------
    numpy.ndarray
        float64, metres, shape (n,); 0 for a missing or empty line.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. doi 10.1007/s00190-012-0578-z.

    Examples
    --------
    >>> line_lengths_m(np.array([shapely.LineString([(0, 0), (1, 0)])])).round().tolist()
    [111319.0]
    """
    corners, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.flatnonzero(owner[:-1] == owner[1:])
    (x1, y1), (x2, y2) = corners[first].T, corners[first + 1].T
    pieces = np.asarray(GEOD.inv(x1, y1, x2, y2)[2])
    total = np.bincount(owner[first], weights=pieces, minlength=len(lines))
    return np.asarray(total, dtype=np.float64)
