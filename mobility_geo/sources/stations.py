"""Camps, sites and stations: tables and layers of IOM DTM, UNHCR and others."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import WAYSTATIONS, TableSchema, check_table, suggest
from mobility_geo.sources.cells import bare_words, column_dates, column_numbers, degrees
from mobility_geo.sources.files import match_columns, plain_name, read_features, read_rows
from mobility_geo.sources.reading import Finding, Reading, findings_table
from mobility_geo.sources.rows import TABLE_ENDINGS

KINDS: Final = WAYSTATIONS.column("kind").allowed
STATIONS: Final[TableSchema] = replace(
    WAYSTATIONS,
    columns=tuple(
        replace(column, nullable=True, required=False) if column.name == "place_id" else column
        for column in WAYSTATIONS.columns
    ),
    references=MappingProxyType({}),
)
"""`mobility_geo.schema.WAYSTATIONS`, where the place of a station may still be missing."""

LICENCES: Final[Mapping[str, str]] = MappingProxyType({
    "UNHCR locations": "not stated in the file; UNHCR: ask before positions go out",
    "IOM DTM sites": "IOM DTM: its terms of use; cite IOM, operation, round and date",
    "any table of stations": "not stated in the file; ask who published it before results go out",
})  # fmt: skip

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "waystation_id": ("waystation_id", "site_id", "ssid", "station_id", "site_code", "pcode",
                      "p-code", "code", "id", "#loc+code", "#loc+id"),
    "name": ("name", "site_name", "station_name", "camp_name", "location_name", "gis_name",
             "nom du site", "nom", "site", "camp", "location", "lieu", "localite", "#loc+name"),
    "kind": ("kind", "site_type", "type_of_site", "loc_type", "location_type", "settlement_type",
             "type", "type de site", "categorie", "category", "#loc+type"),
    "place_id": ("place_id",),
    "hypothetical": ("hypothetical",),
    "capacity_persons": ("capacity_persons", "capacity", "max_capacity", "site_capacity",
                         "planned_capacity", "capacite", "capacite d accueil",
                         "capacite maximale", "#capacity"),
    "open_from": ("open_from", "opened", "opening_date", "date_opened", "site_opening_date",
                  "createdate", "date d ouverture", "date ouverture", "#date+start"),
    "open_until": ("open_until", "closed_on", "closing_date", "date_closed", "closedate",
                   "date de fermeture", "date fermeture", "#date+end"),
    "forwards_to": ("forwards_to", "transferred_to"),
    "status": ("status", "site_status", "statut", "etat", "#status"),
    "lon": ("lon", "longitude", "long", "lng", "site_longitude", "gps_longitude",
            "_gps_longitude", "point_x", "x", "#geo+lon"),
    "lat": ("lat", "latitude", "site_latitude", "gps_latitude", "_gps_latitude", "point_y", "y",
            "#geo+lat"),
    "source": ("source", "sources", "#meta+source"),
})  # fmt: skip
"""Names that the columns of such tables have, the surest first."""

KIND_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("", ("dispersed", "urban location", "host family", "host families", "host community",
          "host communities", "family hosting", "private house", "village", "rented house",
          "detention", "famille d accueil", "familles d accueil")),
    ("transit_centre", ("transit centre", "transit center", "transit site", "transit",
                        "reception centre", "reception center", "reception",
                        "centre de transit", "centre d accueil", "centre de reception",
                        "transit_centre")),
    ("mobile", ("mobile", "itinerant", "equipe mobile")),
    ("fixed", ("way station", "waystation", "fixed", "station", "help point", "information point",
               "point d information", "migrant resource centre", "relais")),
    ("camp", ("camp", "camps", "settlement", "collective centre", "collective center",
              "collective site", "planned site", "spontaneous site", "site", "sites",
              "site spontane", "site planifie", "campement", "aire d accueil", "abri collectif",
              "refugee center", "idp center")),
)  # fmt: skip
"""Words that name a kind of station, in the order they are looked for; nobody can be sent to the
first ones. assumption: settlements and collective sites take people in as camps do."""

CLOSED: Final = frozenset({"closed", "close", "0", "inactive", "ferme", "fermee", "false", "no"})


def read_waystations(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    crs: pyproj.CRS | str | int | None = None,
    encoding: str | None = None,
    kind: str | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Reading:
    r"""Read camps, sites and stations from a table with longitude and latitude, or from a layer.

    Parameters
    ----------
    path
        CSV or XLSX with longitude and latitude in degrees, or a layer of points that GDAL reads; or
        a zip archive with one of them.
    columns
        Ours to theirs, where a column is not found by its name; keys are those of `COLUMNS`.
    sheet
        Sheet of a workbook; needed if several have rows.
    layer
        Layer of a GeoPackage; needed if there are several.
    crs
        Coordinate reference system of a layer, where it states none.
    encoding
        Encoding of the text; found out if left out.
    kind
        Kind of the stations whose kind the file does not say, or not in words that are known.
    kinds
        Words of your own for a kind, such as ``{"CHT": "transit_centre"}``; go before the known
        ones.

    Returns
    -------
    Reading
        Layer ``waystations``, WGS 84, schema `STATIONS`: that of the way stations, where
        ``place_id`` may be missing, since a file does not know the places of your network.
        ``open_until`` missing means open without end.

    Raises
    ------
    InputError
        If the file cannot be read, has no names or positions, does not say what kind its stations
        are, or no row is left.
    CRSError
        If a layer states no coordinate reference system.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text("Site Name,X,Y\nMbera camp,-5.791,15.856\n")
    ...     layer = read_waystations(f"{folder}/a.csv").layer
    >>> layer["waystation_id"].tolist(), layer["kind"].tolist()
    (['mbera-camp'], ['camp'])
    """
    _check_kinds(kind, kinds or {})
    name = Path(path).name
    frame, shapes, tags, findings = _opened(path, sheet, layer, crs, encoding)
    needed = ["name"] if shapes is not None else ["name", "lon", "lat"]
    found = match_columns(frame.columns, COLUMNS, where=name, needed=needed, given=columns,
                          tags=tags)  # fmt: skip
    plain = {plain_name(one) for one in frame.columns}
    publisher = "any table of stations"
    if "ssid" in plain:
        publisher = "IOM DTM sites"
    elif plain & {"loctype", "locsubtype", "unhcrassist"}:
        publisher = "UNHCR locations"
    cells = pd.DataFrame(
        {ours: frame[found[ours]] if ours in found else None for ours in COLUMNS},
        index=frame.index, dtype=object,
    )  # fmt: skip
    points = _points(cells, found, shapes, name, findings)
    table = _stations(cells, found, kind, kinds or {}, name, findings)
    stations = gpd.GeoDataFrame(table, geometry=points.loc[table.index], crs=4326)
    stations = _placed(stations, name, findings)
    stations = _once(stations, name, findings)
    if stations.empty:
        msg = (
            f"{name}: none of its {len(frame):,} rows is a station with a name, a kind and a "
            "position: " + "; ".join(f"{one.id}: {one.finding}" for one in findings)
        )
        raise InputError(msg)
    stations = stations[[*STATIONS.names, "geometry"]].reset_index(drop=True)
    return Reading(
        file=name, publisher=publisher, licence=LICENCES[publisher],
        tables={"waystations": check_table(stations, STATIONS)}, rows_read=len(frame),
        rows_kept=len(stations), findings=findings_table(findings),
        columns=MappingProxyType(found),
    )  # fmt: skip


def _check_kinds(kind: str | None, kinds: Mapping[str, str]) -> None:
    """Check the kinds that a user says.

    Raises
    ------
    InputError
        If one is not known.
    """
    wrong = [one for one in ([] if kind is None else [kind]) + list(kinds.values())
             if one not in KINDS]  # fmt: skip
    if wrong:
        raise InputError([f"kind {one!r} is not known{suggest(one, KINDS)}" for one in wrong])


def _opened(
    path: str | Path,
    sheet: str | None,
    layer: str | None,
    crs: pyproj.CRS | str | int | None,
    encoding: str | None,
) -> tuple[pd.DataFrame, gpd.GeoSeries | None, Mapping[str, str], list[Finding]]:
    """Return the cells of a table as text, or those of a layer and its points."""
    if str(path).lower().endswith(TABLE_ENDINGS) or _is_zipped_table(path):
        rows = read_rows(path, sheet=sheet, encoding=encoding)
        return rows.frame, None, rows.tags, list(rows.findings)
    features, notes = read_features(path, layer=layer, crs=crs, encoding=encoding)
    frame = pd.DataFrame(features.drop(columns=features.geometry.name)).astype(object)
    return frame.map(_text), features.geometry, {}, list(notes)


def _is_zipped_table(path: str | Path) -> bool:
    from mobility_geo.sources.files import archive_members  # noqa: PLC0415

    if not (str(path).lower().endswith(".zip") and Path(path).is_file()):
        return False
    return any(member.lower().endswith(TABLE_ENDINGS) for member in archive_members(path))


def _text(value: object) -> str | None:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


def _points(
    cells: pd.DataFrame,
    found: Mapping[str, str],
    shapes: gpd.GeoSeries | None,
    name: str,
    findings: list[Finding],
) -> gpd.GeoSeries:
    """Return the position of each row, None where it has none."""
    if shapes is not None:
        areas = shapes.geom_type.notna() & (shapes.geom_type != "Point")
        if areas.any():
            findings.append(_told("not a point", name, areas, cells["name"],
                                  "a point on the shape stands for it", "note"))  # fmt: skip
        return gpd.GeoSeries(shapely.point_on_surface(shapes.to_numpy()), index=cells.index,
                             crs=4326)  # fmt: skip
    lon, wrong = column_numbers(cells["lon"].rename(found["lon"]), name, decimal_comma=True)
    findings += wrong
    lat, wrong = column_numbers(cells["lat"].rename(found["lat"]), name, decimal_comma=True)
    findings += wrong
    lon, lat, wrong = degrees(lon, lat, name)
    findings += wrong
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), index=cells.index, crs=4326)
    return points.where(lon.notna(), None)


def _told(
    check: str, name: str, rows: pd.Series, names: pd.Series, text: str, severity: str = "warning"
) -> Finding:
    count = int(rows.sum())
    shown = names.where(names.notna(), "row " + (names.index + 1).astype(str))[rows.astype(bool)]
    return Finding(check=check, severity=severity, table=name, value=count, unit="rows",
                   id=f"{count} rows, e.g. {labels(shown)}", finding=text)  # fmt: skip


def _stations(
    cells: pd.DataFrame,
    found: Mapping[str, str],
    kind: str | None,
    kinds: Mapping[str, str],
    name: str,
    findings: list[Finding],
) -> pd.DataFrame:
    """Turn the cells into the columns of the schema; leave out what is no open station."""
    table = cells.drop(columns=["lon", "lat", "status"])
    for column in ("open_from", "open_until"):
        table[column], wrong = column_dates(cells[column].rename(found.get(column, column)), name)
        findings += wrong
    capacity, wrong = column_numbers(
        cells["capacity_persons"].rename(found.get("capacity_persons", "")), name
    )
    findings += wrong
    below = capacity < 0
    if below.any():
        findings.append(_told("capacity below 0", name, below, cells["name"], "taken as missing"))
    table["capacity_persons"] = capacity.mask(below)
    said = cells["hypothetical"].fillna("").map(bare_words)
    table["hypothetical"] = said.isin(["true", "1", "yes", "oui", "vrai"])
    table["source"] = cells["source"].where(cells["source"].notna(), name)
    table["kind"] = _kinds(cells, found, kind, kinds, name)
    nameless = cells["name"].isna()
    closed = cells["status"].fillna("").map(bare_words).isin(CLOSED) & table["open_until"].isna()
    ends_first = table["open_until"] < table["open_from"]
    for rows, check, text in (
        (nameless, "no name", "left out"),
        (closed, "closed", "closed, without saying since when; left out"),
        (ends_first, "closed before it opened", "left out"),
        (table["kind"] == "", "no station", "people live among others there; left out"),
        (table["kind"].isna(), "kind not known", _kind_advice(cells, table["kind"].isna())),
    ):
        if rows.any():
            findings.append(_told(check, name, rows, cells["name"], text))
    out = nameless | closed | ends_first | table["kind"].isna() | (table["kind"] == "")
    return table[~out]


def _kind_advice(cells: pd.DataFrame, rows: pd.Series) -> str:
    words = dict.fromkeys(str(one) for one in cells.loc[rows, "kind"])
    return f"{labels(words)}; left out; say what they are with kind=... or kinds={{...}}"


def _kinds(
    cells: pd.DataFrame,
    found: Mapping[str, str],
    kind: str | None,
    kinds: Mapping[str, str],
    name: str,
) -> pd.Series:
    """Return the kind of each row: empty where it is no station, missing where it is not known.

    Raises
    ------
    InputError
        If there is neither a column, nor a word in a name, nor a kind of the user.
    """
    text = cells["kind"] if "kind" in found else cells["name"]
    own = {bare_words(word): value for word, value in kinds.items()}
    means = {one: _kind_of(bare_words(one), own) for one in text.dropna().unique()}
    result = text.map(means).astype(object)
    result = result.where(result.notna(), kind)
    if "kind" not in found and result.isna().all():
        msg = (
            f"{name}: no column says what kind the stations are; say kind=..., one of "
            f"{', '.join(KINDS)}, or name a column with the column map"
        )
        raise InputError(msg)
    return result


def _kind_of(bare: str, own: Mapping[str, str]) -> str | None:
    if bare in own:
        return own[bare]
    for kind, words in KIND_WORDS:
        if any(f" {word} " in f" {bare} " for word in words):
            return kind
    return None


def _placed(stations: gpd.GeoDataFrame, name: str, findings: list[Finding]) -> gpd.GeoDataFrame:
    nowhere = stations.geometry.isna() | stations.geometry.is_empty
    if nowhere.any():
        findings.append(_told("no position", name, nowhere, stations["name"], "left out"))
    return stations[~nowhere]


def _once(stations: gpd.GeoDataFrame, name: str, findings: list[Finding]) -> gpd.GeoDataFrame:
    """Give every station an id, and keep one row of each: the last."""
    stations = stations.copy()
    made = stations["name"].map(lambda one: bare_words(one).replace(" ", "-") or "station")
    # a name that stands at two positions is two stations
    number = made.groupby(made).cumcount()
    own = stations["waystation_id"]
    stations["waystation_id"] = own.where(
        own.notna(), made.where(number == 0, made + "-" + (number + 1).astype(str))
    )
    again = stations["waystation_id"].duplicated(keep="last")
    if again.any():
        findings.append(_told("same station again", name, again, stations["name"],
                              "the id stands in a later row, which is kept; left out"))  # fmt: skip
    return stations[~again]
