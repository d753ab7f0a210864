"""Open what people send: archives, encodings, spreadsheets, HXL tags, layers without a system.

Everything here is plain about what it did: each correction is a `Finding`, nothing is dropped in
silence, and what cannot be read is one error that says what to do.
"""

import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.errors import GEOSException

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.sources.archives import archive_members, existing_file, file_bytes, gdal_path
from mobility_geo.sources.reading import Finding
from mobility_geo.sources.rows import Rows, match_columns, plain_name, read_rows

__all__ = [
    "Rows",
    "archive_members",
    "check_degrees",
    "existing_file",
    "file_bytes",
    "gdal_path",
    "in_wgs84",
    "match_columns",
    "plain_name",
    "read_features",
    "read_rows",
]

VECTOR_ENDINGS: Final = (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".kml", ".gml", ".parquet")

LARGEST_LON_DEG: Final = 180.0
LARGEST_LAT_DEG: Final = 90.0


def read_features(
    path: str | Path,
    *,
    layer: str | None = None,
    crs: pyproj.CRS | str | int | None = None,
    encoding: str | None = None,
) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Read a layer of features in WGS 84, saying how it was reprojected.

    Parameters
    ----------
    path
        GeoPackage, Shapefile, GeoJSON or any file that GDAL reads; a zip archive of one of them,
        or ``archive.zip/inside/name.shp``.
    layer
        Which layer; needed if there are several with geometry.
    crs
        Coordinate reference system, where the file states none or a wrong one.
    encoding
        Encoding of the text of a Shapefile; found out if left out: its ``.cpg`` file, else UTF-8,
        else Windows-1252.

    Returns
    -------
    frame
        In EPSG:4326, columns as they come.
    findings
        Reprojection, encoding, features without geometry and what GDAL warned of.

    Raises
    ------
    InputError
        If it is missing or cannot be read, has several layers, or its coordinates cannot be what
        the system says: degrees beyond 180 and 90 are metres, or swapped.
    CRSError
        If no coordinate reference system is stated, or coordinates in metres look like degrees.

    Examples
    --------
    >>> read_features("nowhere.gpkg")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.gpkg: no such file
    """
    source = gdal_path(path, VECTOR_ENDINGS)
    frame, notes = _layer_as_is(source, str(path), layer, encoding)
    return in_wgs84(frame, Path(path).name, crs=crs, notes=notes)


def _layer_as_is(
    source: str, path: str, layer: str | None, encoding: str | None
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read a layer as it is stored; warnings of GDAL become findings.

    Raises
    ------
    InputError
        If it cannot be read, or has no geometry.
    """
    name = Path(path).name
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            chosen = layer or _only_layer(source, name)
            frame, notes = _decoded(source, chosen, encoding, name)
        except InputError:
            raise
        except (DataSourceError, DataLayerError, LookupError, ValueError) as error:
            msg = f"{path}: cannot be read: {error}"
            raise InputError(msg) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        msg = f"{path}: layer {chosen!r} has no geometry"
        raise InputError(msg)
    texts = dict.fromkeys(str(one.message) for one in said)
    notes += [
        Finding(check="warning of GDAL", severity="warning", table=name, id="all rows",
                finding=text)
        for text in texts
    ]  # fmt: skip
    return frame, notes


def in_wgs84(
    frame: gpd.GeoDataFrame,
    name: str,
    *,
    crs: pyproj.CRS | str | int | None = None,
    notes: Iterable[Finding] = (),
) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Return a layer in WGS 84, and what was done to get there.

    Parameters
    ----------
    frame
        The layer, as it comes.
    name
        What to call it in messages.
    crs
        Coordinate reference system, where the layer states none or a wrong one.
    notes
        Findings to begin with.

    Returns
    -------
    frame
        In EPSG:4326; a copy.
    findings
        With the notes.

    Raises
    ------
    CRSError
        If no coordinate reference system is stated, `crs` is none, or coordinates in metres look
        like degrees.
    InputError
        If coordinates cannot be degrees of longitude and latitude: see `check_degrees`.

    Examples
    --------
    >>> layer = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [16]), crs=4326)
    >>> in_wgs84(layer, "sites")[1]
    ()
    """
    findings = list(notes)
    system = _system(frame, name, crs, findings)
    frame = frame.set_crs(system, allow_override=True)
    there = ~(frame.geometry.isna() | frame.geometry.is_empty).to_numpy(dtype=bool)
    bounds = _bounds(frame, there)
    if system.is_geographic:
        check_degrees(bounds, name)
    else:
        _check_metres(bounds, system, name)
    if not system.equals(pyproj.CRS(4326), ignore_axis_order=True):
        findings.append(
            Finding(check="reprojected", severity="note", table=name, id="all rows",
                    finding=f"from {system.name!r} to WGS 84 longitude and latitude")
        )  # fmt: skip
        frame = frame.to_crs(4326)
        far = np.flatnonzero(~np.isfinite(_bounds(frame, there)).all(axis=1))
        if len(far):
            rows = frame.index[there][far]
            msg = (
                f"{name}: coordinates lie outside the area of {system.name!r}; wrong in "
                f"{len(far)} features, e.g. {labels(rows)}; is it another system? state it "
                "with crs=..."
            )
            raise CRSError(msg)
    else:
        frame = frame.set_crs(4326, allow_override=True)
    gone = int((~there).sum())
    if gone:
        findings.append(
            Finding(check="no geometry", severity="warning", table=name,
                    id=f"{gone} rows, e.g. {labels(frame.index[~there])}",
                    value=gone, unit="rows", finding="features without geometry")
        )  # fmt: skip
    return frame, tuple(findings)


def _bounds(
    frame: gpd.GeoDataFrame, there: "np.typing.NDArray[np.bool_]"
) -> "np.typing.NDArray[np.float64]":
    bounds = frame.bounds.to_numpy(dtype=float)
    return np.asarray(bounds[there])


def _system(
    frame: gpd.GeoDataFrame,
    name: str,
    crs: pyproj.CRS | str | int | None,
    findings: list[Finding],
) -> pyproj.CRS:
    """Return the system of a layer, as the user or the file says.

    Raises
    ------
    CRSError
        If neither does, or what the user says is none.
    """
    stated = None if frame.crs is None else pyproj.CRS(frame.crs)
    if crs is None:
        if stated is None:
            msg = (
                f"{name}: states no coordinate reference system; say it with crs=..., for example "
                "crs=4326 if coordinates are longitude and latitude"
            )
            raise CRSError(msg)
        return stated
    try:
        given = pyproj.CRS(crs)
    except pyproj.exceptions.CRSError as error:
        msg = f"{name}: crs={crs!r} is no coordinate reference system; write a code such as 32630"
        raise CRSError(msg) from error
    if stated is None or not stated.equals(given, ignore_axis_order=True):
        says = "states no system" if stated is None else f"states {stated.name!r}"
        findings.append(
            Finding(check="crs given", severity="note" if stated is None else "warning",
                    table=name, id="all rows",
                    finding=f"the file {says}; read as {given.name!r}, as you say")
        )  # fmt: skip
    return given


def _check_metres(bounds: "np.typing.NDArray[np.float64]", system: pyproj.CRS, name: str) -> None:
    """Check that coordinates in metres are not degrees.

    Raises
    ------
    CRSError
        If all are within 180 and 90, a spot of a few hundred metres at the origin.
    """
    finite = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(finite) or not system.is_projected:
        return
    lon, lat = np.abs(finite[:, [0, 2]]).max(), np.abs(finite[:, [1, 3]]).max()
    if 0 < lon <= LARGEST_LON_DEG and 0 < lat <= LARGEST_LAT_DEG:
        unit = system.axis_info[0].unit_name
        msg = (
            f"{name}: {system.name!r} counts in {unit}, but all coordinates lie within {lon:g} and "
            f"{lat:g}: they look like degrees of longitude and latitude; say crs=4326 if they are"
        )
        raise CRSError(msg)


def check_degrees(bounds: "np.typing.NDArray[np.float64]", name: str) -> None:
    """Check that bounds can be degrees of longitude and latitude.

    Parameters
    ----------
    bounds
        West, south, east, north of each feature: float64, shape (n, 4).
    name
        What to call the layer in messages.

    Raises
    ------
    InputError
        If they are beyond 180 and 90 degrees: metres, or latitude and longitude swapped.

    Notes
    -----
    Longitudes and latitudes that are both below 90 can be swapped unseen: for Mali that puts the
    points into Central Africa, which an audit against zones finds.

    Examples
    --------
    >>> check_degrees(np.array([[14.0, 100.0, 14.0, 100.0]]), "sites")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: sites: latitudes up to 100 degrees: longitude and latitude are \
swapped; swap the columns and read it again
    """
    if not len(bounds):
        return
    finite = np.isfinite(bounds).all(axis=1)
    if not finite.all():
        msg = f"{name}: {int((~finite).sum())} features have coordinates that are not finite"
        raise InputError(msg)
    lon, lat = np.abs(bounds[:, [0, 2]]).max(), np.abs(bounds[:, [1, 3]]).max()
    if lon <= LARGEST_LON_DEG and lat <= LARGEST_LAT_DEG:
        return
    if lon <= LARGEST_LAT_DEG and lat <= LARGEST_LON_DEG:
        msg = (
            f"{name}: latitudes up to {lat:g} degrees: longitude and latitude are swapped; swap "
            "the columns and read it again"
        )
        raise InputError(msg)
    msg = (
        f"{name}: coordinates up to {max(lon, lat):,.0f} cannot be degrees: they look like metres; "
        "state the projected system with crs=..."
    )
    raise InputError(msg)


def _only_layer(source: str, name: str) -> str:
    """Return the one layer with geometry, not counting style tables.

    Raises
    ------
    InputError
        If there are several, or none.
    """
    listed = [(str(n), kind) for n, kind in pyogrio.list_layers(source).tolist()]
    shaped = [n for n, kind in listed if kind is not None and n != "layer_styles"]
    if len(shaped) == 1:
        return shaped[0]
    if not shaped:
        msg = f"{name}: no layer has a geometry"
        raise InputError(msg)
    msg = f"{name}: has {len(shaped)} layers; say which with layer=...: {labels(shaped, 12)}"
    raise InputError(msg)


def _decoded(
    source: str, layer: str, encoding: str | None, name: str
) -> tuple[pd.DataFrame, list[Finding]]:
    """Read a layer; a Shapefile that states no encoding is tried as UTF-8, then as Latin-1."""
    if encoding is not None or not source.lower().endswith(".shp"):
        return _shaped(source, layer, encoding, name)
    stated = _states_encoding(source)
    try:
        return _shaped(source, layer, None if stated else "UTF-8", name)
    except UnicodeDecodeError:
        frame, notes = _shaped(source, layer, "CP1252", name)
        what = "what its .cpg file says" if stated else "UTF-8"
        note = Finding(check="encoding", severity="warning", table=name, id="all rows",
                       finding=f"not {what}; read as Windows-1252 (Latin-1); if names look wrong, "
                               "say encoding=...")  # fmt: skip
        return frame, [*notes, note]


def _shaped(
    source: str, layer: str, encoding: str | None, name: str
) -> tuple[pd.DataFrame, list[Finding]]:
    """Read a layer; rings that are not closed are closed."""
    try:
        return pyogrio.read_dataframe(source, layer=layer, encoding=encoding), []
    except GEOSException as error:
        frame = pyogrio.read_dataframe(source, layer=layer, encoding=encoding, on_invalid="fix")
        note = Finding(check="broken geometry", severity="warning", table=name, id="some rows",
                       finding=f"{error}; closed where that helps, else left out")  # fmt: skip
        return frame, [note]


def _states_encoding(source: str) -> bool:
    """Say whether a Shapefile has a ``.cpg`` file beside it, in a folder or an archive."""
    inside = re.fullmatch(r"/vsizip/\{(.*)\}/(.*)\.shp", source, flags=re.IGNORECASE)
    if inside is None:
        return any(Path(source).with_suffix(end).is_file() for end in (".cpg", ".CPG"))
    with zipfile.ZipFile(inside[1]) as archive:
        return f"{inside[2]}.cpg".lower() in {name.lower() for name in archive.namelist()}
