"""Read one table or layer from a file and check it against its schema."""

from pathlib import Path
from typing import overload

import geopandas as gpd
import pandas as pd
from pyogrio.errors import DataLayerError, DataSourceError
from shapely import MultiPolygon, Polygon

from mobility_geo.errors import CRSError, InputError, SchemaError
from mobility_geo.schema import TableSchema, check_table


def read_table(path: str | Path, schema: TableSchema) -> pd.DataFrame:
    """Read a CSV file and check it.

    Parameters
    ----------
    path
        UTF-8, comma between columns, names of the columns in the first row.
    schema
        What it should be.

    Returns
    -------
    pandas.DataFrame
        In the order and dtypes of the schema.

    Raises
    ------
    InputError
        If the file is missing, not UTF-8 or not a table.
    SchemaError
        Lists every problem, with row labels.

    Examples
    --------
    >>> from mobility_geo.schema import SPEEDS
    >>> read_table("nowhere.csv", SPEEDS)
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.csv: no such file
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{path}: no such file"
        raise InputError(msg)
    try:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""], comment=None)
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8"
        raise InputError(msg) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        msg = f"{path}: not a table: {error}"
        raise InputError(msg) from error
    return _checked(frame, schema, file)


def read_layer(
    path: str | Path, schema: TableSchema, *, layer: str | None = None
) -> gpd.GeoDataFrame:
    """Read a layer of features and check it.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, Shapefile or any other file that GDAL reads.
    schema
        What it should be.
    layer
        Which layer of the file; the first if left out.

    Returns
    -------
    geopandas.GeoDataFrame
        In the order and dtypes of the schema; polygons become multipolygons.

    Raises
    ------
    InputError
        If the file is missing or cannot be read.
    CRSError
        If it has no coordinate reference system.
    SchemaError
        Lists every problem, with row labels.

    Examples
    --------
    >>> from mobility_geo.schema import NODES
    >>> read_layer("nowhere.geojson", NODES)
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.geojson: no such file
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{path}: no such file"
        raise InputError(msg)
    frame = _features(file, layer, path)
    if not isinstance(frame, gpd.GeoDataFrame):
        msg = f"{path}: has no geometry"
        raise InputError(msg)
    if frame.crs is None:
        msg = f"{path}: has no coordinate reference system; state it in the file"
        raise CRSError(msg)
    if schema.geometry == "MultiPolygon":
        frame = _multi(frame)
    return _checked(frame, schema, file)


def _features(file: Path, layer: str | None, path: str | Path) -> pd.DataFrame:
    """Read a layer as it is: a plain table where the file has no geometry.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return gpd.read_file(file, layer=layer) if layer else gpd.read_file(file)
    except (DataSourceError, DataLayerError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise InputError(msg) from error


def _multi(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = [MultiPolygon([s]) if isinstance(s, Polygon) else s for s in frame.geometry]
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


@overload
def _checked(frame: gpd.GeoDataFrame, schema: TableSchema, file: Path) -> gpd.GeoDataFrame: ...
@overload
def _checked(frame: pd.DataFrame, schema: TableSchema, file: Path) -> pd.DataFrame: ...
def _checked(frame: pd.DataFrame, schema: TableSchema, file: Path) -> pd.DataFrame:
    """Check a table; problems name the file.

    Raises
    ------
    SchemaError
        Lists every problem.
    """
    try:
        return check_table(frame, schema)
    except SchemaError as error:
        raise SchemaError([f"{file.name}: {problem}" for problem in error.problems]) from None
