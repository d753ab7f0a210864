"""From tables in any coordinate reference system to a checked `Network`."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from mobility_geo.errors import CRSError, SchemaError
from mobility_geo.network.accesses import attach_places
from mobility_geo.network.model import Network
from mobility_geo.schema import EDGES, NODES, PLACES, SCHEMAS, WATERWAYS, conform

GEOD = pyproj.Geod(ellps="WGS84")
WIDEST_DEG = 180.0
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
    lengths = np.full(len(shapes), np.nan)
    there = np.flatnonzero(~(shapes.isna() | shapes.is_empty).to_numpy(dtype=bool))
    lengths[there] = [GEOD.geometry_length(line) for line in shapes.iloc[there]]
    return pd.Series(lengths, index=layer.index)


def build_network(  # noqa: PLR0913
    *,
    name: str,
    zones: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    crossings: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    waterways: gpd.GeoDataFrame,
    seasons: pd.DataFrame,
    profiles: pd.DataFrame,
    speeds: pd.DataFrame,
    accesses: gpd.GeoDataFrame | None = None,
    crs: pyproj.CRS | str | int | None = None,
    max_distance_m: float = 15_000.0,
) -> Network:
    """Check tables, project them, attach the places, and return a `Network`.

    Parameters
    ----------
    name
        Name of the network.
    zones, nodes, edges, crossings, places, waterways
        Layers, each in any coordinate reference system; columns as in `mobility_geo.schema`.
        Missing values of `edges.length_m` are filled with the geodesic length.
    seasons, profiles, speeds
        Tables.
    accesses
        How places attach; made with `attach_places` if left out.
    crs
        Metric coordinate reference system to work in; centred on the edges if left out.
    max_distance_m
        Longest way off the road from a place to the network, in metres.

    Returns
    -------
    Network
        Checked.

    Raises
    ------
    SchemaError
        Lists every problem of every table.
    CRSError
        If a layer has no coordinate reference system, or `crs` is not metric.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> load_toy().network.crs.is_projected
    True
    """
    given: dict[str, pd.DataFrame] = {
        "zones": zones, "nodes": nodes, "edges": edges, "crossings": crossings,
        "places": places, "waterways": waterways,
    }  # fmt: skip
    if accesses is not None:
        given["accesses"] = accesses
    layers = {
        key: layer
        for key, layer in given.items()
        if isinstance(layer, gpd.GeoDataFrame) and layer.active_geometry_name is not None
    }
    plain = [key for key in given if key not in layers]
    if plain:
        raise SchemaError([f"{key}: needs a geometry, this is a plain table" for key in plain])
    without = [key for key, layer in layers.items() if layer.crs is None]
    if without:
        raise CRSError(
            [f"{key}: has no coordinate reference system; set it with .set_crs(...)"
             for key in without]
        )  # fmt: skip
    if not len(edges):
        msg = "edges: no rows; a network needs at least one edge"
        raise SchemaError(msg)
    work = pyproj.CRS(crs) if crs is not None else metric_crs(edges)
    layers["edges"] = _with_lengths(edges)
    projected = {key: layer.to_crs(work) for key, layer in layers.items()}
    if accesses is None:
        checked: dict[str, gpd.GeoDataFrame] = {}
        problems: list[str] = []
        for schema in (PLACES, NODES, EDGES, WATERWAYS):
            checked[schema.name], found = conform(projected[schema.name], SCHEMAS[schema.name])
            problems += found
        if problems:
            raise SchemaError(problems)
        projected["accesses"] = attach_places(
            checked["places"], checked["nodes"], checked["edges"], checked["waterways"],
            max_distance_m=max_distance_m,
        )  # fmt: skip
    return Network(name=name, seasons=seasons, profiles=profiles, speeds=speeds, **projected)


def _with_lengths(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if "length_m" in edges.columns and not bool(edges["length_m"].isna().any()):
        return edges
    filled = edges.copy()
    geodesic = geodesic_length_m(edges)
    given = edges["length_m"] if "length_m" in edges.columns else pd.Series(np.nan, edges.index)
    filled["length_m"] = given.where(given.notna(), geodesic)
    return filled
