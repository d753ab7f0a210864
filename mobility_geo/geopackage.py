"""GeoPackages: the one place that reads and writes them.

A file is written beside its target and renamed when it is complete and checked, so that a reader
never sees half of one. Layers come out in the order given, which is their order in QGIS when the
file is opened by itself: the first one is on top.
"""

import contextlib
import datetime as dt
import errno
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pyproj
import shapely
from pyogrio import raw

from mobility_geo.errors import GeoPackageError, InputError, OutputError, labels
from mobility_geo.schema import suggest

GeometryName = Literal[
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"
]

VERSION: Final = "1.2"
"""GeoPackage version that is written: GDAL 3.6 warns at every opening of a newer one."""

GEOMETRY_COLUMN: Final = "geom"
RESERVED_COLUMNS: Final = ("fid", GEOMETRY_COLUMN)
GDAL_UTC: Final = 100
"""GDAL's code for "this time is in UTC"."""

FULL_BYTES: Final = 2**20
"""A disk with less than this left counts as full, in bytes."""

QGIS_METADATA: Final = "http://mrcc.com/qgis.dtd"
QGIS_DOCTYPE: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
SPECIFICATION: Final = "http://www.geopackage.org/spec120/#extension_"
UNDEFINED_SRS: Final = (-1, 0)

_LAYER_NAME = re.compile(r"[a-z][a-z0-9_]{0,56}")

_LAYER_STYLES = """
CREATE TABLE IF NOT EXISTS "layer_styles" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "f_table_catalog" TEXT(256),
  "f_table_schema" TEXT(256), "f_table_name" TEXT(256), "f_geometry_column" TEXT(256),
  "styleName" TEXT(30), "styleQML" TEXT, "styleSLD" TEXT, "useAsDefault" BOOLEAN,
  "description" TEXT, "owner" TEXT(30), "ui" TEXT(30),
  "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""
_EXTENSIONS = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))
"""
_DATA_COLUMNS = """
CREATE TABLE IF NOT EXISTS gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name))
"""
_DATA_COLUMN_CONSTRAINTS = """
CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))
"""
_METADATA = """
CREATE TABLE IF NOT EXISTS gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
  md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')
"""
_METADATA_REFERENCE = """
CREATE TABLE IF NOT EXISTS gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))
"""
# a column that is added later would need a default, which the standard does not allow here
_SPATIAL_REF_SYS = """
CREATE TABLE wider (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT,
  definition_12_063 TEXT NOT NULL);
INSERT INTO wider SELECT srs_name, srs_id, organization, organization_coordsys_id, definition,
  description, 'undefined' FROM gpkg_spatial_ref_sys ORDER BY srs_id;
DROP TABLE gpkg_spatial_ref_sys;
ALTER TABLE wider RENAME TO gpkg_spatial_ref_sys;
"""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Layer:
    """One table of a GeoPackage, with what a person needs to read it.

    Parameters
    ----------
    name
        Lower-case letters, digits and ``_``, starting with a letter.
    frame
        A GeoDataFrame for a layer on the map, a DataFrame for a plain table. Its index is not
        written.
    title, abstract
        Shown by QGIS under *Information*.
    columns
        For each column, its name in plain words with the unit, and what it means.
    style
        QGIS style (QML); QGIS shows the layer with it straight after opening.
    geometry_type
        Such as ``MultiPolygon``; taken from the rows if left out. Name it wherever a layer may
        be empty. Single parts become multi parts where this asks for them.

    Examples
    --------
    >>> Layer(name="run_info", frame=pd.DataFrame({"key": ["when"]})).title
    ''
    """

    name: str
    frame: pd.DataFrame
    title: str = ""
    abstract: str = ""
    columns: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    style: str | None = None
    geometry_type: GeometryName | None = None

    @property
    def is_spatial(self) -> bool:
        """Whether the layer has a geometry."""
        return isinstance(self.frame, gpd.GeoDataFrame)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Columns:
    """The columns of one layer as the driver takes them."""

    names: list[str]
    arrays: list[npt.NDArray[Any]]
    masks: list[npt.NDArray[np.bool_] | None]
    zones: dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Shapes:
    """The geometries of one layer as the driver takes them."""

    wkb: npt.NDArray[np.object_]
    kind: str
    crs: pyproj.CRS
    filled: int


# ------------------------------------------------------------------ writing
def write_geopackage(
    path: str | Path,
    layers: Sequence[Layer],
    *,
    crs: pyproj.CRS | str | int | None = "EPSG:4326",
    title: str = "",
    abstract: str = "",
    stamp: dt.datetime | None = None,
) -> Path:
    """Write layers and tables to one GeoPackage, complete or not at all.

    Times are written in UTC (a time without a zone is taken as UTC), days without a time of day
    as dates, infinite numbers as NULL. Styles, titles, aliases and column descriptions go into
    the file, so that QGIS shows them with no further step.

    Parameters
    ----------
    path
        The file. An older one is replaced at the end; its folder must exist.
    layers
        In drawing order, topmost first.
    crs
        Coordinate reference system to write in; None keeps that of each layer.
    title, abstract
        Of the file as a whole.
    stamp
        Time of writing to record; now, if left out. The same layers with the same stamp give
        the same content.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If a layer cannot be written as it is; lists every problem of every layer.
    OutputError
        If writing fails: the disk is full, the folder is missing or read-only, or the file is
        open for editing elsewhere. An older file is then still there, unchanged.

    Notes
    -----
    Numbers beyond 2**53 in a column that has missing values, times below a millisecond and the
    index do not survive. The geometry column is called ``geom`` in the file.

    Examples
    --------
    >>> places = gpd.GeoDataFrame(
    ...     {"name": ["Ségou"]}, geometry=[shapely.Point(-6.27, 13.43)], crs=4326
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_geopackage(f"{folder}/x.gpkg", [Layer(name="places", frame=places)])
    ...     read_layers(file)["places"]["name"].tolist()
    ['Ségou']
    """
    target = Path(path)
    ready = _prepare(layers, crs)
    moment = _timestamp(stamp)
    with _replaced_at_the_end(target) as partial:
        with _not_synced():
            for layer, columns, shapes in ready:
                _write_table(partial, layer, columns, shapes)
        with _connect(partial) as connection:
            for layer, _, shapes in ready:
                _describe(connection, layer)
                if shapes is not None:
                    _keep_crs(connection, layer.name, shapes.crs)
            _add_metadata(connection, None, title or target.stem, abstract)
            _set_styles(connection, {layer.name: layer.style for layer in layers if layer.style})
            _set_times(connection, moment)
            _verify(connection, ready)
    return target


def update_styles(path: str | Path, styles: Mapping[str, str]) -> None:
    """Give layers of an existing GeoPackage the style that QGIS opens them with.

    Parameters
    ----------
    path
        The file.
    styles
        QML by layer name. Other layers and their styles stay as they are.

    Raises
    ------
    GeoPackageError
        If the file is not a GeoPackage, or has no such layer.
    OutputError
        If the file cannot be changed.

    Examples
    --------
    >>> update_styles("nowhere.gpkg", {})
    Traceback (most recent call last):
    mobility_geo.errors.GeoPackageError: nowhere.gpkg: no such file
    """
    file = Path(path)
    with _open_checked(file) as connection:
        known = [row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents")]
    problems = [
        f"{file}: no layer {name!r}{suggest(name, known)}" for name in styles if name not in known
    ]
    if problems:
        raise GeoPackageError(problems)
    try:
        with _connect(file) as connection:
            _set_styles(connection, styles)
    except (OSError, sqlite3.Error) as error:
        msg = f"{file}: styles could not be written: {failure_reason(error)}"
        raise OutputError(msg) from error


def failure_reason(error: BaseException, folder: Path | None = None) -> str:
    """Say in plain words why writing failed.

    Parameters
    ----------
    error
        What was raised.
    folder
        Where it was written; a disk that is full now is taken as the reason, because drivers do
        not always name it.

    Returns
    -------
    str
        For a message.

    Examples
    --------
    >>> failure_reason(OSError(errno.ENOSPC, "x"))
    'no space left on the disk'
    """
    full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    if not full and folder is not None:
        with contextlib.suppress(OSError):
            full = shutil.disk_usage(folder).free < FULL_BYTES
    if full or "is full" in str(error):
        return "no space left on the disk"
    if isinstance(error, PermissionError):
        return "no permission, or the file is open in another program"
    return f"{type(error).__name__}: {error}"


def sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on the disk and not on their way.

    Parameters
    ----------
    path
        File or folder. Systems that cannot do this for folders skip them.

    Examples
    --------
    >>> sync(Path())
    """
    if path.is_dir():
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return
    with path.open("r+b") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _replaced_at_the_end(target: Path) -> Iterator[Path]:
    """Give a path to write to; put it in place of the target if nothing went wrong.

    Raises
    ------
    OutputError
        If the target cannot be written; it is then as it was.
    """
    problem = _target_problem(target)
    if problem:
        msg = f"{target}: {problem}"
        raise OutputError(msg)
    folder: Path | None = None
    try:
        folder = Path(
            tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
        )
        # its own folder holds the journals of SQLite too; the name ends in .gpkg for the driver
        partial = folder / "partial.gpkg"
        yield partial
        sync(partial)
        partial.replace(target)
        sync(target.parent)
    except (OSError, sqlite3.Error, RuntimeError) as error:
        reason = failure_reason(error, target.parent)
        msg = f"{target}: could not be written, nothing was changed: {reason}"
        raise OutputError(msg) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _target_problem(target: Path) -> str | None:
    if target.is_dir():
        return "is a folder"
    if not target.parent.is_dir():
        return f"there is no folder {str(target.parent)!r}; make it first"
    for suffix in ("-wal", "-journal"):
        # SQLite would apply a log that is left of the old file to the new one, and ruin it
        if target.with_name(target.name + suffix).exists():
            return "is being edited in another program, such as QGIS; save and close it there"
    return None


def _timestamp(stamp: dt.datetime | None) -> str:
    moment = stamp if stamp is not None else dt.datetime.now(tz=dt.UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _prepare(
    layers: Sequence[Layer], crs: pyproj.CRS | str | int | None
) -> list[tuple[Layer, _Columns, _Shapes | None]]:
    """Convert every layer.

    Raises
    ------
    InputError
        Lists all that stands against it.
    """
    problems: list[str] = []
    ready: list[tuple[Layer, _Columns, _Shapes | None]] = []
    names = [layer.name for layer in layers]
    if not layers:
        problems.append("a GeoPackage needs at least one layer")
    for layer in layers:
        if not _LAYER_NAME.fullmatch(layer.name) or layer.name.startswith(("gpkg", "sqlite")):
            problems.append(
                f"layer {layer.name!r}: the name must be a lower-case letter followed by up to 56 "
                "lower-case letters, digits or _, and not start with gpkg or sqlite"
            )
        if names.count(layer.name) > 1 or layer.name == "layer_styles":
            problems.append(f"layer {layer.name!r}: the name is taken")
        columns, found = _prepare_columns(layer)
        problems += found
        shapes = None
        if isinstance(layer.frame, gpd.GeoDataFrame):
            try:
                shapes = _prepare_shapes(layer.frame, layer.geometry_type, crs)
            except _UnwritableError as error:
                problems.append(f"layer {layer.name!r}: geometry {error}")
        ready.append((layer, columns, shapes))
    if problems:
        raise InputError(sorted(set(problems), key=problems.index))
    return ready


def _prepare_columns(layer: Layer) -> tuple[_Columns, list[str]]:
    frame = layer.frame
    shape = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    positions = [at for at, name in enumerate(frame.columns) if name != shape]
    columns = _Columns(names=[], arrays=[], masks=[], zones={})
    problems: list[str] = []
    seen: set[str] = set()
    for at in positions:
        name = str(frame.columns[at])
        where = f"layer {layer.name!r}: column {name!r}"
        if name.casefold() in RESERVED_COLUMNS:
            problems.append(f"{where} has a name that the format needs for itself; rename it")
            continue
        if name.casefold() in seen:
            problems.append(f"{where} exists twice (capitals do not count); rename one")
            continue
        seen.add(name.casefold())
        try:
            values, mask = _encode(frame.iloc[:, at])
        except _UnwritableError as error:
            problems.append(f"{where} {error}")
            continue
        columns.names.append(name)
        columns.arrays.append(values)
        columns.masks.append(mask)
        if values.dtype == np.dtype("datetime64[ms]"):
            columns.zones[name] = np.full(len(values), GDAL_UTC)
    return columns, problems


class _UnwritableError(ValueError):
    """A column or geometry holds what a GeoPackage cannot."""


def _encode(series: "pd.Series[Any]") -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Return a column as an array of a type that the file has, and where it is NULL.

    Raises
    ------
    _UnwritableError
        If it has none.
    """
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _encode(series.astype(series.cat.categories.dtype))
    missing = series.isna().to_numpy(dtype=bool)
    kind = series.dtype
    if pd.api.types.is_bool_dtype(kind):
        return series.fillna(value=False).to_numpy(dtype=bool), missing
    if pd.api.types.is_integer_dtype(kind):
        filled = series.where(~series.isna(), 0)
        if len(filled) and int(filled.max()) > np.iinfo(np.int64).max:
            msg = "holds whole numbers above 2**63 - 1; write them as text"
            raise _UnwritableError(msg)
        return filled.to_numpy(dtype=np.int64), missing
    if pd.api.types.is_float_dtype(kind):
        number = series.to_numpy(dtype=np.float64, na_value=np.nan)
        # an infinite number breaks the classes of every style: it is NULL in the file
        bad = ~np.isfinite(number)
        return np.where(bad, 0.0, number), bad
    if pd.api.types.is_datetime64_any_dtype(kind):
        return _encode_times(series), missing
    if isinstance(kind, pd.StringDtype) or pd.api.types.is_object_dtype(kind):
        return _encode_objects(series, missing)
    msg = f"is {kind}; turn it into text, numbers or dates first"
    raise _UnwritableError(msg)


def _encode_times(series: "pd.Series[Any]") -> npt.NDArray[Any]:
    if series.dt.tz is None:
        naive = series.to_numpy(dtype="datetime64[ns]")
        days = naive.astype("datetime64[D]")
        if bool(np.all(np.isnat(naive) | (naive == days.astype("datetime64[ns]")))):
            return days
    else:
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
    return naive.astype("datetime64[ms]")


def _encode_objects(
    series: "pd.Series[Any]", missing: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    held = "string" if isinstance(series.dtype, pd.StringDtype) else ""
    held = held or pd.api.types.infer_dtype(series, skipna=True)
    if held in {"string", "empty"}:
        text = series.astype(object).where(~series.isna(), None).to_numpy()
        wrong = [at for at, value in zip(series.index, text, strict=True)
                 if value is not None and not _is_storable(value)]  # fmt: skip
        if wrong:
            msg = f"holds text with NUL characters or half characters, rows {labels(wrong)}"
            raise _UnwritableError(msg)
        return text, missing
    if held == "boolean":
        return _encode(series.astype("boolean"))
    if held == "integer":
        return _encode(series.astype("Int64"))
    if held in {"floating", "mixed-integer-float", "decimal"}:
        return _encode(pd.to_numeric(series).astype("float64"))
    if held == "date":
        days = [None if gone else value for value, gone in zip(series, missing, strict=True)]
        return np.array(days, dtype="datetime64[D]"), missing
    if held in {"datetime", "datetime64"}:
        return _encode_times(pd.to_datetime(series, utc=True)), missing
    msg = f"holds values of the kind {held!r}; write lists as text with | between the items"
    raise _UnwritableError(msg)


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _prepare_shapes(
    frame: gpd.GeoDataFrame, wanted: str | None, crs: pyproj.CRS | str | int | None
) -> _Shapes:
    """Convert the geometry of one layer.

    Raises
    ------
    _UnwritableError
        If it cannot be written as one layer.
    """
    if frame.active_geometry_name is None:
        msg = "has no geometry column; use .set_geometry(...)"
        raise _UnwritableError(msg)
    others = set(frame.columns[frame.dtypes == "geometry"]) - {frame.active_geometry_name}
    if others:
        msg = f"has more than one geometry column; drop {labels(sorted(others))}"
        raise _UnwritableError(msg)
    if frame.crs is None:
        msg = "has no coordinate reference system; set it with .set_crs(...)"
        raise _UnwritableError(msg)
    shapes = frame.geometry if crs is None else frame.geometry.to_crs(crs)
    kind = wanted or _common_kind({str(name) for name in shapes.geom_type.dropna()})
    wrong = ~(shapes.isna() | shapes.geom_type.isin([kind, kind.removeprefix("Multi")]))
    if bool(wrong.any()):
        rows = f"wrong in {int(wrong.sum())} rows, e.g. {labels(frame.index[wrong])}"
        msg = f"must be {kind}; {rows}"
        raise _UnwritableError(msg)
    array = np.asarray(shapes.array, dtype=object)
    if kind.startswith("Multi"):
        array = _to_multi(array)
    present = ~(shapely.is_missing(array) | shapely.is_empty(array))
    solid = shapely.has_z(array[present])
    if solid.any() and not solid.all():
        msg = "some shapes have heights and some not; use shapely.force_2d"
        raise _UnwritableError(msg)
    return _Shapes(
        wkb=np.asarray(shapely.to_wkb(array), dtype=object),
        kind=f"{kind} Z" if solid.any() else kind,
        crs=pyproj.CRS(shapes.crs),
        filled=int(present.sum()),
    )


def _common_kind(kinds: set[str]) -> str:
    """Return the one geometry type that can hold all kinds.

    Raises
    ------
    _UnwritableError
        If there is none.
    """
    single = {name.removeprefix("Multi") for name in kinds}
    if len(single) > 1:
        msg = f"holds {', '.join(sorted(kinds))}; write one layer for each"
        raise _UnwritableError(msg)
    base = single.pop() if single else "Point"
    # all Polygon in one run and MultiPolygon in the next would be two different layers
    many = base == "Polygon" or f"Multi{base}" in kinds
    return f"Multi{base}" if many else base


def _to_multi(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    makers: dict[int, Callable[..., Any]] = {
        0: shapely.multipoints,
        1: shapely.multilinestrings,
        3: shapely.multipolygons,
    }
    kinds = shapely.get_type_id(shapes)
    result = shapes.copy()
    for kind, make in makers.items():
        rows = kinds == kind
        result[rows] = make(shapes[rows][:, np.newaxis])
    return result


def _write_table(path: Path, layer: Layer, columns: _Columns, shapes: _Shapes | None) -> None:
    raw.write(
        str(path),
        geometry=shapes.wkb if shapes is not None else None,
        field_data=columns.arrays,
        fields=np.array(columns.names, dtype=object),
        field_mask=columns.masks,
        layer=layer.name,
        driver="GPKG",
        geometry_type=shapes.kind if shapes is not None else None,
        crs=shapes.crs.to_wkt() if shapes is not None else None,
        # left alone, the driver takes the number of the first row for the number of columns
        dataset_options=None if path.exists() else {"VERSION": VERSION},
        layer_options={"GEOMETRY_NAME": GEOMETRY_COLUMN} if shapes is not None else None,
        gdal_tz_offsets=columns.zones,
    )


@contextlib.contextmanager
def _not_synced() -> Iterator[None]:
    """Let GDAL leave each layer on its way to the disk: the whole file is synced in the end."""
    name = "OGR_SQLITE_SYNCHRONOUS"
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: "OFF"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


@contextlib.contextmanager
def _connect(path: Path) -> Iterator[sqlite3.Connection]:
    """Open for writing; commit at the end, close always."""
    connection = sqlite3.connect(path)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def _describe(connection: sqlite3.Connection, layer: Layer) -> None:
    taken = connection.execute(
        "SELECT count(*) FROM gpkg_contents WHERE identifier = ? AND table_name <> ?",
        (layer.title, layer.name),
    ).fetchone()[0]
    connection.execute(
        "UPDATE gpkg_contents SET identifier = ?, description = ? WHERE table_name = ?",
        (layer.title if layer.title and not taken else layer.name, layer.abstract, layer.name),
    )
    documented = [
        (layer.name, str(name), str(name), *layer.columns[name])
        for name in layer.frame.columns
        if name in layer.columns
    ]
    if documented:
        connection.execute(_DATA_COLUMNS)
        connection.execute(_DATA_COLUMN_CONSTRAINTS)
        for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
            _register(connection, table, None, "schema")
        connection.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description) "
            "VALUES (?, ?, ?, ?, ?)",
            documented,
        )
    if layer.title or layer.abstract:
        _add_metadata(connection, layer.name, layer.title, layer.abstract)


def _register(
    connection: sqlite3.Connection, table: str, column: str | None, extension: str
) -> None:
    """Name an extension once: its key may hold NULL, which SQLite never counts as a duplicate."""
    connection.execute(_EXTENSIONS)
    connection.execute(
        "INSERT INTO gpkg_extensions SELECT ?, ?, ?, ?, 'read-write' WHERE NOT EXISTS "
        "(SELECT 1 FROM gpkg_extensions WHERE table_name = ? AND extension_name = ?)",
        (table, column, f"gpkg_{extension}", SPECIFICATION + extension, table, f"gpkg_{extension}"),
    )


def _add_metadata(
    connection: sqlite3.Connection, table: str | None, title: str, abstract: str
) -> None:
    """Add the metadata that QGIS shows; `table` None means the whole file."""
    connection.execute(_METADATA)
    connection.execute(_METADATA_REFERENCE)
    for name in ("gpkg_metadata", "gpkg_metadata_reference"):
        _register(connection, name, None, "metadata")
    text = (
        f'{QGIS_DOCTYPE}\n<qgis version="3.22.0"><identifier>{escape(table or title)}</identifier>'
        "<parentidentifier></parentidentifier><language>en</language><type>dataset</type>"
        f"<title>{escape(title)}</title><abstract>{escape(abstract)}</abstract>"
        "<links/><fees></fees><encoding></encoding><crs/><extent/></qgis>"
    )
    row = connection.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) "
        "VALUES ('dataset', ?, 'text/xml', ?)",
        (QGIS_METADATA, text),
    ).lastrowid
    connection.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, md_file_id) "
        "VALUES (?, ?, ?)",
        ("geopackage" if table is None else "table", table, row),
    )


def _keep_crs(connection: sqlite3.Connection, table: str, crs: pyproj.CRS) -> None:
    """Keep the full definition of a coordinate reference system that has no EPSG code."""
    number = connection.execute(
        "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone()[0]
    if crs.to_authority(min_confidence=100) is not None:
        return
    names = [row[1] for row in connection.execute("PRAGMA table_info(gpkg_spatial_ref_sys)")]
    if "definition_12_063" not in names:
        connection.executescript(_SPATIAL_REF_SYS)
        connection.execute(
            "UPDATE gpkg_spatial_ref_sys SET definition_12_063 = ? WHERE srs_id = 4326",
            (pyproj.CRS(4326).to_wkt(),),
        )
    _register(connection, "gpkg_spatial_ref_sys", "definition_12_063", "crs_wkt")
    connection.execute(
        "UPDATE gpkg_spatial_ref_sys SET definition_12_063 = ? WHERE srs_id = ?",
        (crs.to_wkt(), number),
    )


def _set_styles(connection: sqlite3.Connection, styles: Mapping[str, str]) -> None:
    """Store default styles where QGIS looks for them.

    Catalogue and schema must be '' (QGIS never finds NULL), name and geometry column must be
    spelt as in the file, and the table must be listed in the contents.
    """
    if not styles:
        return
    connection.execute(_LAYER_STYLES)
    connection.execute(
        "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description, "
        "srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', 'QGIS styles', 0)"
    )
    for name, text in styles.items():
        found = connection.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (name,)
        ).fetchone()
        column = found[0] if found else ""
        connection.execute("DELETE FROM layer_styles WHERE f_table_name = ?", (name,))
        connection.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
            "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
            "ui) VALUES ('', '', ?, ?, ?, ?, '', 1, 'default style', '', '')",
            (name, column, name[:30], text),
        )
    has_counts = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_ogr_contents'"
    ).fetchone()
    if has_counts:
        connection.execute(
            "INSERT OR REPLACE INTO gpkg_ogr_contents "
            "SELECT 'layer_styles', count(*) FROM layer_styles"
        )


def _set_times(connection: sqlite3.Connection, moment: str) -> None:
    connection.execute("UPDATE gpkg_contents SET last_change = ?", (moment,))
    connection.execute("UPDATE gpkg_metadata_reference SET timestamp = ?", (moment,))
    if _has_table(connection, "layer_styles"):
        connection.execute("UPDATE layer_styles SET update_time = ?", (moment,))


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?", (name,)
    ).fetchone()
    return found is not None


def _verify(
    connection: sqlite3.Connection, ready: Sequence[tuple[Layer, _Columns, _Shapes | None]]
) -> None:
    """Count what was written: on a full disk the driver may end without an error.

    Measured with GDAL 3.12: rows cut off by a full disk raise, but a spatial index that did not
    fit is left out in silence.

    Raises
    ------
    OSError
        If anything is missing.
    """
    state = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if state != "ok":
        raise OSError(errno.EIO, f"the file came out damaged: {state}")
    for layer, _, shapes in ready:
        expected = {f'"{layer.name}"': len(layer.frame)}
        if shapes is not None:
            expected[f'"rtree_{layer.name}_{GEOMETRY_COLUMN}"'] = shapes.filled
        for table, rows in expected.items():
            try:
                found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            except sqlite3.OperationalError:
                found = None
            if found != rows:
                raise OSError(errno.ENOSPC, f"{table} came out with {found} rows instead of {rows}")


# ------------------------------------------------------------------ reading
def read_layers(
    path: str | Path, names: Sequence[str] | None = None
) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """Read layers and tables of a GeoPackage.

    Parameters
    ----------
    path
        The file. It may be open in QGIS meanwhile; what is not saved there is not seen.
    names
        Which ones; all of them, in their order, if left out.

    Returns
    -------
    dict
        By name: a GeoDataFrame (geometry column ``geometry``) for a layer with geometry, a
        DataFrame for a plain table. Dates are ``datetime64[s]``; flags and whole numbers with
        missing values are ``boolean`` and ``Int64``.

    Raises
    ------
    GeoPackageError
        If the file is missing, is no GeoPackage or is damaged; if a layer is missing (the
        nearest name is suggested) or has no coordinate reference system. All such layers are
        listed in one error.

    Examples
    --------
    >>> read_layers("nowhere.gpkg")
    Traceback (most recent call last):
    mobility_geo.errors.GeoPackageError: nowhere.gpkg: no such file
    """
    file = Path(path)
    with _open_checked(file) as connection:
        spatial = {
            table: (number, organization, definition)
            for table, number, organization, definition in connection.execute(
                "SELECT table_name, gpkg_geometry_columns.srs_id, organization, definition "
                "FROM gpkg_geometry_columns LEFT JOIN gpkg_spatial_ref_sys USING (srs_id)"
            )
        }
        known = [
            table
            for table, kind in connection.execute(
                "SELECT table_name, data_type FROM gpkg_contents ORDER BY rowid"
            )
            if kind in {"features", "attributes", "aspatial"} and table != "layer_styles"
        ]
        definitions = _crs_definitions(connection)
    wanted = list(names) if names is not None else known
    problems = [
        f"{file}: no layer {name!r}{suggest(name, known)}" for name in wanted if name not in known
    ]
    for name in wanted:
        number, organization, definition = spatial.get(name, (4326, "EPSG", ""))
        nameless = organization is None or "undefined" in str(definition).lower()
        if number in UNDEFINED_SRS or nameless:
            problems.append(
                f"{file}: layer {name!r} has no coordinate reference system; set it in QGIS "
                "(Layer > Set CRS) and save the layer again"
            )
    if problems:
        raise GeoPackageError(problems)
    result: dict[str, gpd.GeoDataFrame | pd.DataFrame] = {}
    for name in wanted:
        try:
            info = pyogrio.read_info(file, layer=name)
            frame = pyogrio.read_dataframe(file, layer=name)
        except (RuntimeError, ValueError, OSError) as error:
            msg = f"{file}: layer {name!r} cannot be read: {error}"
            raise GeoPackageError(msg) from error
        result[name] = _decode(frame, info)
        exact = definitions.get(spatial[name][0]) if name in spatial else None
        if exact is not None and isinstance(frame, gpd.GeoDataFrame):
            result[name] = frame.set_crs(exact, allow_override=True)
    return result


@contextlib.contextmanager
def _open_checked(file: Path) -> Iterator[sqlite3.Connection]:
    """Open for reading.

    Raises
    ------
    GeoPackageError
        Says in one sentence why not.
    """
    if not file.exists():
        msg = f"{file}: no such file"
        raise GeoPackageError(msg)
    if not file.is_file():
        msg = f"{file}: is a folder, not a GeoPackage"
        raise GeoPackageError(msg)
    problem: str | None = None
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
        if file.stat().st_size == 0:
            problem = "is empty, not a GeoPackage"
        elif not _has_table(connection, "gpkg_contents"):
            problem = "is an SQLite database, but not a GeoPackage: it has no table gpkg_contents"
        else:
            state = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            problem = None if state == "ok" else f"is damaged or cut off ({state})"
    except (sqlite3.Error, OSError) as error:
        problem = (
            "is not a GeoPackage"
            if "not a database" in str(error)
            else f"is damaged, cut off or cannot be opened ({error})"
        )
    if connection is None or problem is not None:
        if connection is not None:
            connection.close()
        msg = f"{file}: {problem}"
        raise GeoPackageError(msg)
    try:
        yield connection
    except sqlite3.Error as error:
        msg = f"{file}: is damaged ({error})"
        raise GeoPackageError(msg) from error
    finally:
        connection.close()


def _crs_definitions(connection: sqlite3.Connection) -> dict[int, str]:
    names = [row[1] for row in connection.execute("PRAGMA table_info(gpkg_spatial_ref_sys)")]
    if "definition_12_063" not in names:
        return {}
    return dict(
        connection.execute(
            "SELECT srs_id, definition_12_063 FROM gpkg_spatial_ref_sys "
            "WHERE definition_12_063 <> 'undefined' AND upper(organization) <> 'EPSG'"
        ).fetchall()
    )


def _decode(frame: pd.DataFrame, info: Mapping[str, Any]) -> pd.DataFrame:
    """Give columns the types that the file says, which a missing value hides in pandas."""
    for name, kind, subtype in zip(
        info["fields"], info["ogr_types"], info["ogr_subtypes"], strict=True
    ):
        if kind == "OFTDate":
            frame[name] = frame[name].astype("datetime64[s]")
        elif subtype == "OFSTBoolean" and frame[name].dtype != bool:
            frame[name] = frame[name].astype("boolean")
        elif kind in {"OFTInteger", "OFTInteger64"} and pd.api.types.is_float_dtype(frame[name]):
            frame[name] = frame[name].astype("Int64")
    return frame
