"""From tables in any coordinate reference system to a checked `Network`."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from mobility_geo.errors import CRSError, SchemaError
from mobility_geo.network.accesses import attach_places
from mobility_geo.network.model import Network
from mobility_geo.schema import (
    CROSSINGS,
    EDGES,
    NODES,
    PLACES,
    PROFILES,
    SCHEMAS,
    SEASONS,
    SPEEDS,
    WATERWAYS,
    TableSchema,
    conform,
)
from mobility_geo.sources import read_table
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.geodesy import geodesic_length_m, metric_crs


def build_network(  # noqa: PLR0913
    *,
    name: str,
    zones: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    crossings: gpd.GeoDataFrame | None = None,
    waterways: gpd.GeoDataFrame | None = None,
    seasons: pd.DataFrame | None = None,
    profiles: pd.DataFrame | None = None,
    speeds: pd.DataFrame | None = None,
    accesses: gpd.GeoDataFrame | None = None,
    crs: pyproj.CRS | str | int | None = None,
    max_distance_m: float = 15_000.0,
) -> Network:
    """Check tables, project them, attach the places, and return a `Network`.

    Parameters
    ----------
    name
        Name of the network.
    zones, nodes, edges, places
        Layers, each in any coordinate reference system; columns as in `mobility_geo.schema`.
        Missing values of `edges.length_m` are filled with the geodesic length.
    crossings, waterways
        Layers as well; none if left out.
    seasons
        The normal year; the same all year round if left out.
    profiles, speeds
        Ways of travelling and their speeds; those of the built-in network if left out.
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
    folder = data_folder() / "network"
    profiles = read_table(folder / "profiles.csv", PROFILES) if profiles is None else profiles
    speeds = read_table(folder / "speeds.csv", SPEEDS) if speeds is None else speeds
    given: dict[str, pd.DataFrame] = {
        "zones": zones, "nodes": nodes, "edges": edges, "places": places,
        "crossings": no_rows(CROSSINGS) if crossings is None else crossings,
        "waterways": no_rows(WATERWAYS) if waterways is None else waterways,
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
    if seasons is None:
        seasons = pd.DataFrame({column: [] for column in SEASONS.names})
    return Network(name=name, seasons=seasons, profiles=profiles, speeds=speeds, **projected)


def no_rows(schema: TableSchema, crs: pyproj.CRS | str | int = 4326) -> gpd.GeoDataFrame:
    """Return a layer with the columns of a schema and no rows.

    Parameters
    ----------
    schema
        What it should be.
    crs
        Coordinate reference system.

    Returns
    -------
    geopandas.GeoDataFrame
        Empty.

    Examples
    --------
    >>> len(no_rows(CROSSINGS))
    0
    """
    return gpd.GeoDataFrame({name: [] for name in schema.names}, geometry=[], crs=crs)


def _with_lengths(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if "length_m" in edges.columns and not bool(edges["length_m"].isna().any()):
        return edges
    filled = edges.copy()
    geodesic = geodesic_length_m(edges)
    given = edges["length_m"] if "length_m" in edges.columns else pd.Series(np.nan, edges.index)
    filled["length_m"] = given.where(given.notna(), geodesic)
    return filled
