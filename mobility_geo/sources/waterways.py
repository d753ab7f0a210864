"""Rivers as lines, and border crossings as points, from whatever layer or table has them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import InputError, SchemaError
from mobility_geo.schema import CROSSINGS, WATERWAYS, check_table
from mobility_geo.sources.files import (
    check_degrees,
    match_columns,
    read_features,
    read_rows,
)
from mobility_geo.sources.reading import Finding, Reading, findings_table

TABLES: Final = (".csv", ".tsv", ".txt", ".xlsx")
WATERWAY_NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "waterway_id": ("waterway_id", "osm_id", "hyriv_id", "rivernum", "id", "fid"),
        "name": ("name", "nom", "name_en", "name_fr", "river_name", "naam"),
        "barrier": ("barrier",),
    }
)
CROSSING_NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "crossing_id": ("crossing_id", "id", "poe_id", "bcp_id"),
        "name": ("name", "nom", "crossing_name", "poe_name", "#loc+name"),
        "country_a": ("country_a", "country_from", "iso_a", "country1", "pays_a"),
        "country_b": ("country_b", "country_to", "iso_b", "country2", "pays_b"),
        "official": ("official", "formal", "officiel"),
        "regime": ("regime", "status", "state", "statut"),
        "opens_hour": ("opens_hour", "opening_hour"),
        "closes_hour": ("closes_hour", "closing_hour"),
        "throughput_persons_per_day": ("throughput_persons_per_day", "capacity_per_day"),
        "processing_min": ("processing_min",),
        "source": ("source",),
        "confidence": ("confidence",),
        "lon": ("lon", "longitude", "long", "x", "#geo+lon"),
        "lat": ("lat", "latitude", "y", "#geo+lat"),
    }
)


def read_waterways(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: pyproj.CRS | str | int | None = None,
) -> Reading:
    """Read rivers from a layer of lines: no place attaches to a road across one.

    Parameters
    ----------
    path
        Any layer of lines; a zip archive of one.
    layer
        Which layer, if there are several.
    columns
        Our columns and theirs, where they are not found: ``waterway_id``, ``name``, ``barrier``.
    crs
        Coordinate reference system, where the file states none.

    Returns
    -------
    Reading
        Table ``waterways``, WGS 84; without a column ``barrier`` each line is one.

    Raises
    ------
    InputError
        If the file cannot be read, or has no line.
    CRSError
        If it states no coordinate reference system.

    Examples
    --------
    >>> read_waterways("nowhere.gpkg")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.gpkg: no such file
    """
    frame, notes = read_features(path, layer=layer, crs=crs)
    name = Path(path).name
    found = match_columns(map(str, frame.columns), WATERWAY_NAMES, where=name, given=columns)
    parts = frame.explode(index_parts=False)
    line = parts.geometry.geom_type == "LineString"
    other = int((~line & ~parts.geometry.isna()).sum())
    findings = list(notes)
    if other:
        findings.append(
            Finding(check="not a line", severity="warning", table="waterways", id=f"{other} rows",
                    value=other, unit="rows", finding="areas or points of water; left out")
        )  # fmt: skip
    kept = parts[line.to_numpy(dtype=bool)]
    if kept.empty:
        msg = f"{path}: no line in it; waterways must be lines"
        raise InputError(msg)
    ids = pd.Series(kept.index, index=kept.index).astype(str)
    if "waterway_id" in found:
        given = kept[found["waterway_id"]]
        ids = given.astype("str").where(given.notna(), "row " + ids)
    number = ids.groupby(ids.to_numpy()).cumcount()
    unique = np.where(number > 0, ids + "/" + (number + 1).astype(str), ids)
    table = gpd.GeoDataFrame(
        {
            "waterway_id": unique,
            "name": kept[found["name"]].to_numpy() if "name" in found else None,
            "barrier": kept[found["barrier"]].to_numpy() if "barrier" in found else True,
            "source": name,
        },
        geometry=shapely.force_2d(kept.geometry.to_numpy()), crs=4326,
    )  # fmt: skip
    return Reading(
        file=name, publisher="any layer of lines", licence=f"as {name} states; not found in it",
        tables={"waterways": check_table(table, WATERWAYS)}, rows_read=len(frame),
        rows_kept=int(kept.index.nunique()), findings=findings_table(findings), columns=found,
    )  # fmt: skip


def read_crossings(
    path: str | Path,
    *,
    layer: str | None = None,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: pyproj.CRS | str | int | None = None,
) -> Reading:
    """Read border crossings from a table with positions, or from a layer of points.

    Parameters
    ----------
    path
        CSV, XLSX or any layer of points.
    layer, sheet
        Which one, if there are several.
    columns
        Our columns and theirs, where they are not found; see
        `mobility_geo.schema.CROSSINGS`, and ``lon``, ``lat`` in a table.
    crs
        Coordinate reference system, where a layer states none.

    Returns
    -------
    Reading
        Table ``crossings``, WGS 84. What the file does not say: official, ``open``, no
        formalities, confidence ``low``; a finding tells which of these were assumed.

    Raises
    ------
    InputError
        If the file cannot be read, or a needed column is missing.
    SchemaError
        If a position is missing or no number, or another value is wrong.

    Examples
    --------
    >>> read_crossings("nowhere.csv")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.csv: no such file
    """
    file = Path(path)
    needed = ("name", "country_a", "country_b")
    if file.suffix.lower() in TABLES:
        rows = read_rows(path, sheet=sheet)
        frame, notes = rows.frame, rows.findings
        found = match_columns(frame.columns, CROSSING_NAMES, where=file.name, given=columns,
                              tags=rows.tags, needed=(*needed, "lon", "lat"))  # fmt: skip
        at = [pd.to_numeric(frame[found[axis]], errors="coerce") for axis in ("lon", "lat")]
        lost = at[0].isna() | at[1].isna()
        if bool(lost.any()):
            first = frame.loc[lost, found["name"]].tolist()[:3]
            msg = f"{file.name}: {int(lost.sum())} crossings without a position, e.g. {first}"
            raise SchemaError(msg)
        check_degrees(np.column_stack([at[0], at[1], at[0], at[1]]), file.name)
        points = shapely.points(at[0], at[1])
    else:
        layered, notes = read_features(path, layer=layer, crs=crs)
        frame = pd.DataFrame(layered.drop(columns=layered.geometry.name))
        found = match_columns(map(str, frame.columns), CROSSING_NAMES, where=file.name,
                              given=columns, needed=needed)  # fmt: skip
        points = shapely.point_on_surface(layered.geometry.to_numpy())
    assumed: dict[str, Any] = {
        "official": True, "regime": "open", "processing_min": 0.0, "confidence": "low",
        "source": file.name,
    }  # fmt: skip
    table = pd.DataFrame(
        {name: frame[found[name]].to_numpy() if name in found else assumed.get(name)
         for name in CROSSINGS.names}, index=frame.index,
    )  # fmt: skip
    if "crossing_id" not in found:
        table["crossing_id"] = table["name"]
    told = [name for name in assumed if name not in found and name != "source"]
    for name in told:
        table[name] = assumed[name]
    findings = list(notes)
    if told:
        findings.append(
            Finding(check="assumed", severity="note", table="crossings", id=f"{len(table)} rows",
                    finding="not in the file, so assumed: "
                            + ", ".join(f"{name} = {assumed[name]}" for name in told))
        )  # fmt: skip
    layer_made = gpd.GeoDataFrame(table, geometry=np.asarray(points), crs=4326)
    return Reading(
        file=file.name, publisher="any table of crossings",
        licence=f"as {file.name} states; not found in it",
        tables={"crossings": check_table(layer_made, CROSSINGS)}, rows_read=len(frame),
        rows_kept=len(frame), findings=findings_table(findings), columns=found,
    )  # fmt: skip
