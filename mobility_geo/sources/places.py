"""Settlements, camps and sites, as publishers hand them round, and whether they lie where they say.

OCHA's settlements, IOM DTM site lists, GeoNames, HXL-tagged and plain tables, and layers of points.
`check_places` compares each place with the unit that its P-code names: a wrong sign of a longitude
moves a village across a country, and everything that is computed for it.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import PLACE_KINDS, PLACES, check_table, records, suggest
from mobility_geo.sources.boundaries import (
    COD_LICENCE,
    LEVELS,
    code_names,
    in_degrees,
    named_country,
    persons_of,
)
from mobility_geo.sources.files import (
    VECTOR_ENDINGS,
    Rows,
    archive_members,
    check_degrees,
    existing_file,
    match_columns,
    plain_name,
    read_features,
    read_rows,
)
from mobility_geo.sources.geodesy import GEOD
from mobility_geo.sources.reading import Finding, Reading, findings_table

TABLE_ENDINGS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls")
KM_M: Final = 1000.0
SPOT_DIGITS: Final = 5
"""Positions that agree to five decimals of a degree, about a metre, are one spot."""

LARGEST_LON_DEG: Final = 180.0
LARGEST_LAT_DEG: Final = 90.0
MOST_ASTRAY: Final = 0.5
"""If more rows than this share are impossible or swapped, the columns are wrong, not the rows."""

NEAR_MIRROR: Final = 0.1
NEAR_MIRROR_KM: Final = 50.0
"""A mirrored point outside its unit is told if it is at most so near, and ten times as near as the
point itself; it is never corrected."""

GEONAMES: Final = (
    "geonameid", "name", "asciiname", "alternatenames", "latitude", "longitude", "feature class",
    "feature code", "country code", "cc2", "admin1 code", "admin2 code", "admin3 code",
    "admin4 code", "population", "elevation", "dem", "timezone", "modification date",
)  # fmt: skip
"""Columns of a GeoNames dump, which has no header: download.geonames.org/export/dump/readme.txt."""

LICENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "OCHA COD settlements": COD_LICENCE,
        "GeoNames": "CC BY 4.0, GeoNames (geonames.org)",
        "IOM DTM": "terms of IOM DTM (dtm.iom.int/terms-and-conditions): cite IOM DTM, the round "
        "and its date",
        "any places": "not stated in the file; ask whoever made it",
    }
)
ALIASES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "place_id": (
            "place_id", "feature_pcode", "SSID", "site id", "site_id", "id du site", "geonameid",
            "osm_id", "#loc+code", "#loc+id", "uuid", "id", "code",
        ),
        "name": (
            "name", "featureNam", "featureName", "feature_name", "place_name", "settlement",
            "settlement_name", "site name", "nom du site", "nom", "localite", "nom_localite",
            "nom localité", "village", "toponyme", "name_en", "name_fr", "#loc+name",
            "#loc+settlement+name", "#loc",
        ),
        "name_alt": ("name_alt", "featureAlt", "alternatenames", "alt_name", "autre nom",
                     "#loc+name+alt"),
        "lon": (
            "longitude", "lon", "long", "lng", "site longitude", "gps_longitude", "longitude_dd",
            "long_dd", "point_x", "x_coord", "coord_x", "x", "#geo+lon", "#loc+lon",
        ),
        "lat": (
            "latitude", "lat", "site latitude", "gps_latitude", "latitude_dd", "lat_dd", "point_y",
            "y_coord", "coord_y", "y", "#geo+lat", "#loc+lat",
        ),
        "population_persons": (
            "population_persons", "population", "pop", "pop_total", "population_total", "T_TL",
            "population totale", "habitants", "#population+total", "#population",
        ),
        "country": ("country_iso3", "iso3", "country", "adm0_iso3", "admin0_iso3", "pays",
                    "#country+code"),
        "pcode": ("zone_pcode",),
        "kind": (),
        "source": (),
    }
)  # fmt: skip
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]


def read_places(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    kind: str = "settlement",
    country: str | None = None,
    zones: gpd.GeoDataFrame | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    crs: pyproj.CRS | str | int | None = None,
    encoding: str | None = None,
) -> Reading:
    r"""Read places from a table with coordinates, or from a layer of points.

    Parameters
    ----------
    path
        CSV, XLSX, a GeoNames dump, or a layer that GDAL reads; a zip archive of one.
    columns
        Column map, ours to theirs, before everything that is detected; ours are ``place_id``,
        ``name``, ``name_alt``, ``lon``, ``lat``, ``population_persons``, ``country``, ``pcode``,
        ``kind``, ``source``.
    kind
        Kind of all places, where no column says it: see `mobility_geo.schema.PLACE_KINDS`.
    country
        ISO 3166-1 alpha-3 code, where neither the file nor the zones tell.
    zones
        Units, as from `read_boundaries`: say which level of P-codes is taken, give a P-code to
        places without one, by position, and the country.
    sheet
        Sheet of a workbook; needed if several have rows.
    layer
        Which layer of a file of features; needed if it has several.
    crs
        System of the coordinates, where the file states none; a table without it is taken as
        longitude and latitude, degrees, WGS 84.
    encoding
        Encoding of the text; found out if left out.

    Returns
    -------
    Reading
        One table, `mobility_geo.schema.PLACES`, WGS 84. Rows without a position that is possible
        are left out, and told with their number.

    Raises
    ------
    InputError
        If it cannot be read, a column is missing, the country is not clear, most coordinates are
        not possible (metres taken for degrees), or longitude and latitude are swapped.
    CRSError
        If a layer states no coordinate reference system.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/v.csv").write_text("nom;lon;lat\nGossi;-1,3;15,817\nX;;\n")
    ...     reading = read_places(f"{folder}/v.csv", country="MLI")
    >>> reading.layer["place_id"].tolist(), reading.rows_read, reading.rows_kept
    (['gossi'], 2, 1)
    """
    _check_words(kind, country, zones)
    name = str(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    if layer is None and _is_table(path):
        rows = _geonames(path, encoding) or read_rows(path, sheet=sheet, encoding=encoding)
        frame, tags, findings = rows.frame, rows.tags, list(rows.findings)
        points: Shapes | None = None
    else:
        features, notes = read_features(path, layer=layer, crs=crs, encoding=encoding)
        findings = [note for note in notes if note.check != "no geometry"]
        points = _points(features, name, findings)
        frame, tags = pd.DataFrame(features.drop(columns=features.geometry.name)), {}
    frame = frame.reset_index(drop=True)
    publisher, found = _columns(frame, tags, columns, name, zones, needs_xy=points is None)
    if points is None:
        points = _positions(frame, found, crs, name, findings)
    table = _table(frame, found, name, findings, publisher=publisher, kind=kind)
    table = table.set_geometry(gpd.GeoSeries(points, crs=4326))
    table["approximate"] = frame.get("_approximate", default=False)
    table = _placed(table, name, findings)
    if zones is not None:
        _refuse_swapped(table, zones, name)
        table = _zoned(table, zones, name, findings)
    table["country"] = _countries(frame, table, found, zones, country, name, findings)
    table["place_id"] = _ids(frame, table, found, name, findings)
    findings += _prefix_finding(table, name)
    return Reading(
        file=name, publisher=publisher, licence=LICENCES[publisher],
        tables={"places": check_table(table.reset_index(drop=True), PLACES)},
        rows_read=len(frame), rows_kept=len(table), findings=findings_table(findings),
        columns=MappingProxyType(found),
    )  # fmt: skip


def _check_words(kind: str, country: str | None, zones: gpd.GeoDataFrame | None) -> None:
    """Check what a user gives.

    Raises
    ------
    InputError
        If one is not of its kind.
    """
    problems = []
    if kind not in PLACE_KINDS:
        problems.append(f"kind={kind!r}{suggest(kind, PLACE_KINDS)}")
    if country is not None and not re.fullmatch(r"[A-Z]{3}", country):
        problems.append(f"country={country!r}: must be an ISO 3166-1 alpha-3 code such as 'MLI'")
    if zones is not None and (not len(zones) or "pcode" not in zones):
        problems.append("zones: no rows, or no column 'pcode'; read them with read_boundaries")
    if problems:
        raise InputError(problems)
    if zones is not None:
        in_degrees(zones, "zones")


def _is_table(path: str | Path) -> bool:
    text = str(path).lower()
    if text.endswith(TABLE_ENDINGS):
        return True
    if not text.endswith(".zip"):
        return False
    members = [member.lower() for member in archive_members(path)]
    return not any(member.endswith(VECTOR_ENDINGS) for member in members)


def _geonames(path: str | Path, encoding: str | None) -> Rows | None:
    """Read a GeoNames dump, which has no header; None if it is none."""
    file = existing_file(path)
    if file.suffix.lower() != ".txt":
        return None
    with file.open(encoding=encoding or "utf-8", errors="replace") as lines:
        cells = lines.readline().rstrip("\n").split("\t")
    if len(cells) != len(GEONAMES) or not cells[0].isdigit():
        return None
    frame = pd.read_csv(
        file,
        sep="\t",
        names=list(GEONAMES),
        dtype=str,
        quoting=csv.QUOTE_NONE,
        keep_default_na=False,
        na_values=[""],
        encoding=encoding or "utf-8",
    )
    note = Finding(check="geonames", severity="note", table=file.name, id="all rows",
                   finding="a dump without header; columns as GeoNames documents")  # fmt: skip
    return Rows(frame=frame.astype("object").where(frame.notna(), None), findings=(note,))


def _points(features: gpd.GeoDataFrame, name: str, findings: list[Finding]) -> Shapes:
    """Return a point per feature; of areas and lines, a point on them, and say so."""
    shapes = shapely.force_2d(features.geometry.to_numpy()).copy()
    kinds = shapely.get_type_id(shapes)
    single = (kinds == 4) & (shapely.get_num_geometries(shapes) == 1)  # noqa: PLR2004
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    other = there & (shapely.get_type_id(shapes) != 0)
    shapes[other] = shapely.point_on_surface(shapes[other])
    features["_approximate"] = other
    if other.any():
        findings.append(
            Finding(check="no point", severity="warning", table=name,
                    id=f"{int(other.sum())} rows", value=int(other.sum()), unit="rows",
                    geometry=shapes[other][0],
                    finding="areas, lines or several points; a point on each is taken, marked "
                            "approximate")
        )  # fmt: skip
    return np.asarray(shapes, dtype=object)


def _bare(field: str) -> str:
    """Return a name of a column without the number of the question, as DTM site lists have it."""
    return re.sub(r"^\d[\w.]*\s*[:\-]\s*", "", field)


def _columns(
    frame: pd.DataFrame,
    tags: Mapping[str, str],
    given: Mapping[str, str] | None,
    name: str,
    zones: gpd.GeoDataFrame | None,
    *,
    needs_xy: bool,
) -> tuple[str, dict[str, str]]:
    """Say whose form a table has, and which column each of ours is from."""
    fields = [str(field) for field in frame.columns if field != "_approximate"]
    bare = {_bare(field): field for field in reversed(fields)}
    plain = {plain_name(field): field for field in bare}
    there = [k for k in LEVELS if match_columns(bare, {"x": code_names(k)}, where=name, tags=tags)]
    publisher = "any places"
    if "featurenam" in plain or "featurename" in plain or "popplacecl" in plain:
        publisher = "OCHA COD settlements"
    elif "geonameid" in plain:
        publisher = "GeoNames"
    elif plain.keys() & {"ssid", "siteid", "iddusite"}:
        publisher = "IOM DTM"
    aliases = dict(ALIASES)
    level = there[-1] if there else None
    if zones is not None and "adm_level" in zones and int(zones["adm_level"].max()) in there:
        level = int(zones["adm_level"].max())
    if level is not None and level > 0:
        aliases["pcode"] = (*aliases["pcode"], *code_names(level))
        # beside P-codes of units, a bare P-code is that of the place
        aliases["place_id"] = ("place_id", "feature_pcode", "pcode", *aliases["place_id"][2:])
    else:
        aliases["pcode"] = (*aliases["pcode"], "pcode", "p_code", "#adm+code")
    needed = ["name", *(["lon", "lat"] if needs_xy else [])]
    if not needs_xy:
        del aliases["lon"], aliases["lat"]
    map_bare = {ours: _bare(theirs) for ours, theirs in (given or {}).items()}
    if given:
        bare |= {_bare(theirs): theirs for theirs in given.values() if theirs in fields}
    found = match_columns(bare, aliases, where=name, needed=needed, given=map_bare, tags=tags)
    return publisher, {ours: bare.get(theirs, theirs) for ours, theirs in found.items()}


def _numbers(series: pd.Series) -> tuple[Floats, Bools]:
    """Return coordinates as numbers, and which cells are filled but no number."""
    text = series.astype("str").str.strip().str.replace("\u2212", "-", regex=False)
    comma = text.str.fullmatch(r"[-+]?\d+,\d+", na=False)
    text = text.where(~comma, text.str.replace(",", ".", regex=False))
    number = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    return number, np.isnan(number) & series.notna().to_numpy()


def _positions(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    crs: pyproj.CRS | str | int | None,
    name: str,
    findings: list[Finding],
) -> Shapes:
    """Return a point per row, None where the coordinates are missing or not possible.

    Raises
    ------
    InputError
        If most are not possible: metres, or swapped.
    """
    (x, bad_x), (y, bad_y) = _numbers(frame[found["lon"]]), _numbers(frame[found["lat"]])
    there = np.isfinite(x) & np.isfinite(y)
    if bool((bad_x | bad_y).any()):
        at = np.flatnonzero(bad_x | bad_y)
        cells = frame[found["lon"]].astype(str) + " " + frame[found["lat"]].astype(str)
        findings.append(
            Finding(check="coordinates not numbers", severity="warning", table=name,
                    id=f"{len(at)} rows, e.g. {labels(cells.iloc[at])}", value=len(at),
                    unit="rows", finding="not decimal degrees; left out")
        )  # fmt: skip
    system = pyproj.CRS(4326 if crs is None else crs)
    if system != pyproj.CRS(4326):
        change = pyproj.Transformer.from_crs(system, 4326, always_xy=True)
        x, y = change.transform(x, y)
        there &= np.isfinite(x) & np.isfinite(y)
        findings.append(
            Finding(check="reprojected", severity="note", table=name, id="all rows",
                    finding=f"from {system.name!r} to WGS 84 longitude and latitude")
        )  # fmt: skip
    elif crs is None:
        findings.append(
            Finding(check="crs taken", severity="note", table=name, id="all rows",
                    finding=f"{found['lon']!r} and {found['lat']!r} are taken as degrees, WGS 84")
        )  # fmt: skip
    off = there & ((np.abs(x) > LARGEST_LON_DEG) | (np.abs(y) > LARGEST_LAT_DEG))
    if off.sum() > MOST_ASTRAY * there.sum():
        check_degrees(np.column_stack([x, y, x, y])[off], name)
    zero = there & (x == 0) & (y == 0)
    for mask, check, text in (
        (off, "impossible position", "beyond 180 and 90 degrees; left out"),
        (zero, "position 0, 0", "0, 0 means not known; left out"),
    ):
        if mask.any():
            at = np.flatnonzero(mask)
            findings.append(
                Finding(check=check, severity="warning", table=name,
                        id=f"{len(at)} rows, e.g. {labels(frame[found['name']].iloc[at])}",
                        value=len(at), unit="rows", finding=text)
            )  # fmt: skip
    points = np.full(len(frame), None, dtype=object)
    kept = there & ~off & ~zero
    points[kept] = shapely.points(x[kept], y[kept])
    return points


def _texts(series: pd.Series) -> pd.Series:
    """Return text without blanks around it; empty is missing, whole numbers have no point."""
    if pd.api.types.is_float_dtype(series):
        cells = [None if pd.isna(v) else str(int(v)) if v == int(v) else str(v) for v in series]
        return pd.Series(cells, index=series.index, dtype="str")
    text = series.astype("str").str.strip()
    return text.where(text != "")


def _table(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    name: str,
    findings: list[Finding],
    *,
    publisher: str,
    kind: str,
) -> gpd.GeoDataFrame:
    """Return names, kinds, P-codes and people."""
    table = gpd.GeoDataFrame(index=frame.index)
    table["name"] = _texts(frame[found["name"]])
    table["name_alt"] = _other_names(frame, table["name"], found)
    table["kind"] = _texts(frame[found["kind"]]).fillna(kind) if "kind" in found else kind
    blank = pd.Series(None, index=frame.index, dtype="str")
    table["pcode"] = _texts(frame[found["pcode"]]) if "pcode" in found else blank
    people = pd.Series(np.nan, index=frame.index, dtype="float64")
    if "population_persons" in found:
        people = persons_of(frame[found["population_persons"]], name, findings)
        zeros = people == 0
        if publisher == "GeoNames" and bool(zeros.any()):
            people = people.mask(zeros)
            findings.append(
                Finding(check="population 0", severity="note", table=name,
                        id=f"{int(zeros.sum())} rows", value=int(zeros.sum()), unit="rows",
                        finding="0 means not known in GeoNames; taken as not known")
            )  # fmt: skip
    table["population_persons"] = people
    told = _texts(frame[found["source"]]) if "source" in found else blank
    table["source"] = told.fillna(f"{publisher}: {name}")
    return table


def _other_names(frame: pd.DataFrame, names: pd.Series, found: Mapping[str, str]) -> pd.Series:
    """Return other spellings, with | between them; None where there are none."""
    plain = {plain_name(str(field)): str(field) for field in frame.columns}
    words = ("featureRef", "featureAlt", "featureA_1", "asciiname", "name_en", "name_fr",
             "featureRefName", "featureAltName1")  # fmt: skip
    used = [found["name_alt"]] if "name_alt" in found else []
    used += [plain[plain_name(word)] for word in words if plain_name(word) in plain]
    used = [column for column in dict.fromkeys(used) if bool(frame[column].notna().any())]
    if not used:
        return pd.Series(None, index=frame.index, dtype="str")
    cells = []
    for main, *others in zip(names, *(_texts(frame[column]) for column in used), strict=True):
        spelt = [part.strip() for other in others if isinstance(other, str)
                 for part in re.split(r"[|,;]", other)]  # fmt: skip
        kept = [word for word in dict.fromkeys(spelt) if word and word != main]
        cells.append("|".join(kept) or None)
    return pd.Series(cells, index=frame.index, dtype="str")


def _placed(table: gpd.GeoDataFrame, name: str, findings: list[Finding]) -> gpd.GeoDataFrame:
    """Drop rows without position, and give a name to those without.

    Raises
    ------
    InputError
        If none is left.
    """
    gone = (table.geometry.isna() | table.geometry.is_empty).to_numpy(dtype=bool)
    if gone.any():
        lost = table[gone]
        findings.append(
            Finding(check="no position", severity="warning", table=name,
                    id=f"{len(lost)} rows, e.g. {labels(lost['name'].fillna('no name'))}",
                    value=len(lost), unit="rows", persons=float(lost["population_persons"].sum()),
                    finding=f"{len(lost)} of {len(table)} rows have no position that is possible; "
                            "left out")
        )  # fmt: skip
    if gone.all():
        msg = f"{name}: none of {len(table)} rows has a position"
        raise InputError(msg)
    table = table[~gone].copy()
    unnamed = table["name"].isna()
    if bool(unnamed.any()):
        findings.append(
            Finding(check="no name", severity="warning", table=name,
                    id=f"{int(unnamed.sum())} rows", value=int(unnamed.sum()), unit="rows",
                    geometry=table.geometry[unnamed].iloc[0],
                    finding="places without name; called 'unnamed place'")
        )  # fmt: skip
        table["name"] = table["name"].fillna("unnamed place")
    return table


def _xy(layer: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of points."""
    lon, lat = shapely.get_coordinates(layer.geometry.to_numpy()).T
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _inside(x: Floats, y: Floats, zones: gpd.GeoDataFrame) -> npt.NDArray[np.intp]:
    """Return the row of the first zone that each position lies in or on, -1 if in none."""
    shapes = zones.geometry.to_numpy()
    where = np.full(len(x), -1, dtype=np.intp)
    point, zone = shapely.STRtree(shapes).query(shapely.points(x, y), predicate="intersects")
    order = np.lexsort((-zone, point))  # the first zone is written last
    where[point[order]] = zone[order]
    return where


def _refuse_swapped(table: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, name: str) -> None:
    """Refuse a table most of whose places lie in the zones once x and y are swapped.

    Raises
    ------
    InputError
        If so.
    """
    x, y = _xy(table)
    right = int((_inside(x, y, zones) >= 0).sum())
    possible = np.abs(x) <= LARGEST_LAT_DEG
    swapped = int((_inside(y[possible], x[possible], zones) >= 0).sum())
    if swapped > max(right, MOST_ASTRAY * len(table)):
        msg = (
            f"{name}: longitude and latitude are swapped: {right:,} of {len(table):,} places lie "
            f"in the zones as they are, {swapped:,} with the two swapped; swap the columns, with "
            "columns={'lon': ..., 'lat': ...}"
        )
        raise InputError(msg)


def _zoned(
    table: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, name: str, findings: list[Finding]
) -> gpd.GeoDataFrame:
    """Give places without P-code that of the zone they lie in."""
    bare = table["pcode"].isna().to_numpy(dtype=bool)
    if not bare.any():
        return table
    x, y = _xy(table[bare])
    where = _inside(x, y, zones)
    codes = pd.Series(zones["pcode"].to_numpy()[where], dtype="str").where(where >= 0)
    table = table.copy()
    table.loc[bare, "pcode"] = codes.to_numpy()
    outside = int((where < 0).sum())
    findings.append(
        Finding(check="p-code by position", severity="note", table=name,
                id=f"{len(where) - outside} rows", value=len(where) - outside, unit="rows",
                finding="no P-code in the file; that of the zone where they lie")
    )  # fmt: skip
    if outside:
        lost = table[bare][where < 0]
        findings.append(
            Finding(check="in no zone", severity="warning", table=name,
                    id=f"{outside} rows, e.g. {labels(lost['name'])}", value=outside, unit="rows",
                    persons=float(lost["population_persons"].sum()),
                    geometry=lost.geometry.iloc[0], finding="outside all zones; without P-code")
        )  # fmt: skip
    return table


def _countries(
    frame: pd.DataFrame,
    table: gpd.GeoDataFrame,
    found: Mapping[str, str],
    zones: gpd.GeoDataFrame | None,
    country: str | None,
    name: str,
    findings: list[Finding],
) -> pd.Series:
    """Return alpha-3 codes: of a column, of the zone, what is said, the name of the file.

    Raises
    ------
    InputError
        If nothing tells.
    """
    codes = pd.Series(None, index=table.index, dtype="str")
    plain = {plain_name(_bare(str(field))): str(field) for field in frame.columns}
    tried = [found["country"]] if "country" in found else []
    tried += [plain[plain_name(word)] for word in code_names(0) if plain_name(word) in plain]
    for column in tried:
        text = _texts(frame[column].loc[table.index]).str.upper()
        codes = codes.where(codes.notna(), text.where(text.str.fullmatch(r"[A-Z]{3}", na=False)))
    if zones is not None and "country" in zones:
        own = zones.drop_duplicates("pcode").set_index("pcode")["country"]
        codes = codes.where(codes.notna(), table["pcode"].map(own).astype("str"))
        of_all = zones["country"].dropna().unique()
        if len(of_all) == 1:
            codes = codes.fillna(str(of_all[0]))
    if country is not None:
        return codes.fillna(country)
    gone = codes.isna()
    if bool(gone.any()):
        said = named_country(name)
        if said is None:
            msg = (
                f"{name}: {int(gone.sum())} of {len(table)} rows tell no country as an ISO 3166-1 "
                "alpha-3 code; say country=..., for example country='MLI', or give zones"
            )
            raise InputError(msg)
        findings.append(
            Finding(check="country", severity="note", table=name, id=f"{int(gone.sum())} rows",
                    finding=f"{said}, as the name of the file says")
        )  # fmt: skip
        codes = codes.fillna(said)
    return codes


def slug(name: str) -> str:
    """Return a name in small ASCII letters, digits and hyphens, for an id.

    Parameters
    ----------
    name
        Any text.

    Returns
    -------
    str
        ``place`` if nothing of it is left, as for other scripts.

    Examples
    --------
    >>> slug("Gory Gopéla"), slug("غاو")
    ('gory-gopela', 'place')
    """
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-") or "place"


def _ids(
    frame: pd.DataFrame,
    table: gpd.GeoDataFrame,
    found: dict[str, str],
    name: str,
    findings: list[Finding],
) -> pd.Series:
    """Return ids: of the file if they are complete and different, else made from names."""
    if "place_id" in found:
        ids = _texts(frame[found["place_id"]].loc[table.index])
        if bool(ids.notna().all()) and not bool(ids.duplicated().any()):
            return ids
        twice, blank = int(ids.dropna().duplicated(keep=False).sum()), int(ids.isna().sum())
        findings.append(
            Finding(check="ids not unique", severity="warning", table=name,
                    id=f"{twice + blank} rows, e.g. {labels(ids[ids.duplicated()].dropna())}",
                    value=twice + blank, unit="rows",
                    finding=f"{found['place_id']!r} repeats in {twice} rows and is missing in "
                            f"{blank}; ids made from names")
        )  # fmt: skip
        del found["place_id"]
    return _made_ids(table)


def _made_ids(table: gpd.GeoDataFrame) -> pd.Series:
    """Make ids of names; equal ones are numbered from west to east, whatever the order of rows."""
    work = pd.DataFrame(
        {
            "slug": [slug(str(one)) for one in table["name"]],
            "pcode": table["pcode"].fillna("").to_numpy(),
            "x": table.geometry.x.to_numpy(),
            "y": table.geometry.y.to_numpy(),
        },
        index=table.index,
    ).sort_values(["slug", "x", "y", "pcode"], kind="stable")
    ids = work["slug"].astype("str")
    number = work.groupby("slug").cumcount().to_numpy() + 1
    taken = set(ids)
    made = ids.tolist()
    for at in np.flatnonzero(number > 1):
        step = int(number[at])
        while f"{ids.iloc[at]}-{step}" in taken:
            step += 1
        made[at] = f"{ids.iloc[at]}-{step}"
        taken.add(made[at])
    return pd.Series(made, index=work.index, dtype="str").reindex(table.index)


def _prefix_finding(table: gpd.GeoDataFrame, name: str) -> list[Finding]:
    """Tell places whose own P-code begins with that of another unit than they say."""
    known = table[table["pcode"].notna()]
    pairs = zip(known["place_id"], known["pcode"], strict=True)
    # the seat of a unit has zeros where others have the codes of the units below: ML010200000
    fits = np.array(
        [own.startswith(zone) or zone.startswith(own.rstrip("0")) for own, zone in pairs],
        dtype=bool,
    )
    if not len(known) or fits.mean() <= MOST_ASTRAY or fits.all():
        return []
    wrong = known[~fits]
    return [
        Finding(check="two p-codes", severity="warning", table=name,
                id=f"{len(wrong)} rows, e.g. {labels(wrong['place_id'])}", value=len(wrong),
                unit="rows", persons=float(wrong["population_persons"].sum()),
                geometry=wrong.geometry.iloc[0],
                finding="the P-code of the place does not begin with that of its unit, e.g. "
                        f"{wrong['pcode'].iloc[0]!r}; the column of the unit is taken")
    ]  # fmt: skip


def check_places(
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    mend_signs: bool = False,
    tolerance_km: float = 1.0,
    far_km: float = 5.0,
    apart_km: float = 20.0,
) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Compare places with the units that their P-codes name.

    Parameters
    ----------
    places
        Schema `mobility_geo.schema.PLACES`, WGS 84.
    zones
        Units of the level of the P-codes of the places, WGS 84.
    mend_signs
        Correct signs where the mirrored position lies in the named unit, and longitude and
        latitude where the swapped one does; else it is only told.
    tolerance_km
        Places no farther outside are told in one finding, and never taken as mirrored; km.
    far_km
        Places farther outside get a finding of their own; km, >= `tolerance_km`.
    apart_km
        Places of one name in one unit are told if they lie farther apart; km.

    Returns
    -------
    places
        A copy; changed only if `mend_signs`.
    findings
        Distances are geodesic, to the nearest point of the unit.

    Raises
    ------
    InputError
        If an argument is out of range, or no P-code is one of the zones.
    CRSError
        If a layer is not in WGS 84.

    Notes
    -----
    That a mirrored point lies in the right unit is strong evidence far from longitude 0, and weak
    next to it: look at the distance. Places of a unit that is missing are not compared.

    Examples
    --------
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame({"pcode": ["A"]}, geometry=[box(2, 15, 4, 16)], crs=4326)
    >>> places = gpd.GeoDataFrame(
    ...     {"place_id": ["p"], "name": ["P"], "pcode": ["A"]}, geometry=[Point(-3, 15.4)], crs=4326
    ... )
    >>> mended, findings = check_places(places, zones, mend_signs=True)
    >>> mended.geometry.x.tolist(), findings[0].check, round(findings[0].value)
    ([3.0], 'sign of longitude', 537)
    """
    _check_arguments(places, zones, tolerance_km, far_km, apart_km)
    made = places.copy()
    units = zones.drop_duplicates("pcode")
    row = pd.Series(np.arange(len(units)), index=pd.Index(units["pcode"].astype("str")))
    at = row.reindex(made["pcode"].astype("str")).to_numpy()
    people = _people(made)
    findings = _unknown_codes(made, at, people)
    known = np.flatnonzero(~np.isnan(at))
    unit = at[known].astype(np.intp)
    shapes = units.geometry.to_numpy()
    shapely.prepare(shapes)
    x, y = _xy(made.iloc[known])
    out = ~np.asarray(shapely.intersects_xy(shapes[unit], x, y), dtype=bool)
    known, unit, x, y = known[out], unit[out], x[out], y[out]
    away = distance_km(x, y, shapes, unit)
    told = _mirrored(made, known, unit, x, y, away, shapes, tolerance_km, far_km)
    moves = {n: target for n, (_, target) in told.items() if target is not None}
    for number, (finding, target) in told.items():
        done = "" if target is None else "; corrected" if mend_signs else "; not changed"
        level = "warning" if mend_signs or target is None else "error"
        findings.append(
            replace(finding, severity=level, finding=finding.finding + done,
                    persons=float(people[known[number]]))
        )  # fmt: skip
    rest = np.setdiff1d(np.arange(len(known)), np.array(list(told), dtype=np.intp))
    names = units["pcode"].astype("str").to_numpy()
    findings += _outside(made, known[rest], names[unit[rest]], x[rest], y[rest], away[rest],
                         people, len(at), tolerance_km, far_km)  # fmt: skip
    if mend_signs and moves:
        shape = made.geometry.to_numpy().copy()
        shape[known[list(moves)]] = shapely.points(np.array(list(moves.values())))
        made = made.set_geometry(gpd.GeoSeries(shape, index=made.index, crs=made.crs))
    findings += _twins(made, apart_km)
    findings += _same_spot(made)
    return made, tuple(findings)


def _check_arguments(
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    tolerance_km: float,
    far_km: float,
    apart_km: float,
) -> None:
    """Check the arguments of `check_places`.

    Raises
    ------
    InputError
        If a distance is out of range, or a column is missing.
    CRSError
        If a layer is not in WGS 84.
    """
    problems = []
    for word, value, least in (
        ("tolerance_km", tolerance_km, 0.0),
        ("far_km", far_km, tolerance_km),
        ("apart_km", apart_km, 0.0),
    ):
        if not (np.isfinite(value) and value >= least):
            problems.append(f"{word}={value!r}: must be >= {least:g} km")
    for word, layer, needed in (
        ("places", places, {"place_id", "name", "pcode"}), ("zones", zones, {"pcode"}),
    ):  # fmt: skip
        missing = sorted(needed - set(layer.columns))
        if missing:
            problems.append(f"{word}: no column {labels(missing)}")
    if problems:
        raise InputError(problems)
    in_degrees(places, "places")
    in_degrees(zones, "zones")


def _people(places: gpd.GeoDataFrame) -> Floats:
    """Return residents per place, 0 where they are not known."""
    if "population_persons" not in places:
        return np.zeros(len(places))
    return places["population_persons"].fillna(0).to_numpy(dtype=np.float64)


def _unknown_codes(places: gpd.GeoDataFrame, at: Floats, people: Floats) -> list[Finding]:
    """Tell places without P-code, and those whose P-code is none of the zones.

    Raises
    ------
    InputError
        If that is all of them.
    """
    findings = []
    bare = places["pcode"].isna().to_numpy(dtype=bool)
    lost = np.isnan(at) & ~bare
    if len(at) and lost.sum() == (~bare).sum() and lost.any():
        msg = (
            f"places: none of {int(lost.sum()):,} P-codes is one of the zones, e.g. "
            f"{labels(dict.fromkeys(places['pcode'][lost]))}; give zones of the level of the "
            "P-codes, or read the places again with zones=..."
        )
        raise InputError(msg)
    for mask, check, text in (
        (bare, "no p-code", "places without P-code: not compared"),
        (lost, "p-code without zone", "places whose P-code is none of the zones: not compared"),
    ):
        if mask.any():
            ids = places["place_id"][mask]
            findings.append(
                Finding(check=check, severity="warning", table="places",
                        id=f"{len(ids)} rows, e.g. {labels(ids)}", value=len(ids), unit="rows",
                        persons=float(people[mask].sum()), finding=text,
                        geometry=places.geometry[mask].iloc[0])
            )  # fmt: skip
    return findings


def distance_km(x: Floats, y: Floats, shapes: Shapes, unit: npt.NDArray[np.intp]) -> Floats:
    """Return how far each point is from the shape of its unit.

    Parameters
    ----------
    x, y
        Longitude and latitude, degrees, shape (n,).
    shapes
        Polygons, longitude and latitude.
    unit
        For each point, the row of its polygon, shape (n,).

    Returns
    -------
    numpy.ndarray
        Kilometres: float64, shape (n,), 0 inside. Geodesic, to the point that is nearest in a
        plane whose degrees of longitude are as long as at the middle of point and polygon.

    Examples
    --------
    >>> boxes = np.array([shapely.box(0, 0, 1, 1)], dtype=object)
    >>> distance_km(np.array([2.0]), np.array([0.0]), boxes, np.array([0])).round(1).tolist()
    [111.3]
    """
    if not len(x):
        return np.zeros(0)
    used, number = np.unique(unit, return_inverse=True)
    own = shapes[used].copy()
    _, south, _, north = shapely.bounds(own).T
    scale = np.cos(np.radians((south + north) / 2))
    points, owner = shapely.get_coordinates(own, return_index=True)
    flat = shapely.set_coordinates(
        own, points * np.column_stack([scale[owner], np.ones(len(owner))])
    )
    shapely.prepare(flat)
    here = shapely.points(x * scale[number], y)
    ends = shapely.get_coordinates(shapely.shortest_line(flat[number], here))[::2]
    _, _, metres = GEOD.inv(ends[:, 0] / scale[number], ends[:, 1], x, y)
    return np.asarray(metres, dtype=np.float64) / KM_M


def _mirrored(
    places: gpd.GeoDataFrame,
    known: npt.NDArray[np.intp],
    unit: npt.NDArray[np.intp],
    x: Floats,
    y: Floats,
    away: Floats,
    shapes: Shapes,
    tolerance_km: float,
    far_km: float,
) -> dict[int, tuple[Finding, tuple[float, float] | None]]:
    """Find places that lie in their unit, or just beside it, with a sign changed or swapped.

    The position to correct to is None where the mirrored point is only near the unit.
    """
    found: dict[int, tuple[Finding, tuple[float, float] | None]] = {}
    nearest: dict[int, tuple[Finding, tuple[float, float] | None]] = {}
    keys = places["pcode"].astype("str") + "|" + [slug(str(one)) for one in places["name"]]
    groups = keys.groupby(keys.to_numpy()).indices
    ids, names = places["place_id"].to_numpy(), places["name"].to_numpy()
    for check, what, (a, b) in (
        ("sign of longitude", "with the other sign of longitude", (-x, y)),
        ("sign of latitude", "with the other sign of latitude", (x, -y)),
        ("signs of both", "with both signs changed", (-x, -y)),
        ("longitude and latitude swapped", "with longitude and latitude swapped", (y, x)),
    ):
        far = np.flatnonzero((away > tolerance_km) & (np.abs(b) <= LARGEST_LAT_DEG))
        inside = np.asarray(shapely.intersects_xy(shapes[unit[far]], a[far], b[far]), dtype=bool)
        left = far[~inside]
        beside = distance_km(a[left], b[left], shapes, unit[left])
        near = beside < np.minimum(NEAR_MIRROR * away[left], NEAR_MIRROR_KM)
        hits = [(m, 0.0) for m in far[inside]]
        hits += list(zip(left[near], beside[near], strict=True))
        for n, gap in hits:
            at = known[n]
            twins = _twin_km(
                places, np.asarray(groups[keys.iloc[at]]), at, float(a[n]), float(b[n])
            )
            also = (
                f"; another {names[at]!r} of that unit stands {twins:,.1f} km from there"
                if twins <= far_km else ""
            )  # fmt: skip
            lies = "lies in it" if not gap else f"lies {gap:,.1f} km from it"
            text = (
                f"{names[at]!r} at {x[n]:.4f}, {y[n]:.4f} is {away[n]:,.1f} km outside its unit "
                f"{places['pcode'].iloc[at]!r}; {what} it {lies}{also}"
            )
            one = Finding(check=check, severity="warning", table="places", id=str(ids[at]),
                          value=float(away[n]), unit="km", finding=text,
                          geometry=shapely.Point(x[n], y[n]))  # fmt: skip
            if gap:
                nearest.setdefault(int(n), (one, None))
            else:
                found.setdefault(int(n), (one, (float(a[n]), float(b[n]))))
    return {**{n: one for n, one in nearest.items() if n not in found}, **found}


def _twin_km(
    places: gpd.GeoDataFrame, same: npt.NDArray[np.intp], at: int, lon: float, lat: float
) -> float:
    """Return how far the nearest other place of that name and unit is; inf if there is none."""
    same = same[same != at]
    if not len(same):
        return float("inf")
    lons, lats = _xy(places.iloc[same])
    _, _, metres = GEOD.inv(np.full(len(same), lon), np.full(len(same), lat), lons, lats)
    return float(np.min(metres)) / KM_M


def _outside(  # noqa: PLR0913, PLR0917
    places: gpd.GeoDataFrame,
    rows: npt.NDArray[np.intp],
    units: npt.NDArray[np.object_],
    x: Floats,
    y: Floats,
    away: Floats,
    people: Floats,
    total: int,
    tolerance_km: float,
    far_km: float,
) -> list[Finding]:
    """Tell places outside their unit: far ones one by one, the others together."""
    ids, names = places["place_id"].to_numpy(), places["name"].to_numpy()
    findings = [
        Finding(check="outside its unit", severity="warning", table="places", id=str(ids[rows[n]]),
                value=float(away[n]), unit="km", persons=float(people[rows[n]]),
                geometry=shapely.Point(x[n], y[n]),
                finding=f"{names[rows[n]]!r} lies {away[n]:,.1f} km outside its unit {units[n]!r}")
        for n in np.flatnonzero(away > far_km)[np.argsort(-away[away > far_km], kind="stable")]
    ]  # fmt: skip
    near = away <= tolerance_km
    for mask, check, severity, span in (
        ((away <= far_km) & ~near, "outside its unit", "warning",
         f"between {tolerance_km:g} and {far_km:g} km"),
        (near, "beside its unit", "note", f"up to {tolerance_km:g} km"),
    ):  # fmt: skip
        if mask.any():
            worst = np.flatnonzero(mask)[np.argsort(-away[mask], kind="stable")]
            findings.append(
                Finding(check=check, severity=severity, table="places",
                        id=f"{len(worst)} rows, e.g. {labels(ids[rows[worst[:4]]])}",
                        value=len(worst), unit="rows",
                        persons=float(people[rows[worst]].sum()),
                        geometry=shapely.Point(x[worst[0]], y[worst[0]]),
                        finding=f"{len(worst):,} of {total:,} places lie {span} outside their unit")
            )  # fmt: skip
    return findings


def _twins(places: gpd.GeoDataFrame, apart_km: float) -> list[Finding]:
    """Tell places of one name in one unit that lie far apart."""
    work = pd.DataFrame(
        {
            "pcode": places["pcode"].astype("str").to_numpy(),
            "slug": [slug(str(one)) for one in places["name"]],
            "name": places["name"].to_numpy(),
            "id": places["place_id"].to_numpy(),
            "x": places.geometry.x.to_numpy(),
            "y": places.geometry.y.to_numpy(),
        }
    ).dropna(subset=["pcode"])
    work = work[~work["slug"].isin(["place", "unnamed-place"])]
    work = work[work.duplicated(["pcode", "slug"], keep=False)]
    if work.empty:
        return []
    groups = work.groupby(["pcode", "slug"], sort=True)
    box = groups.agg(w=("x", "min"), e=("x", "max"), s=("y", "min"), n=("y", "max"),
                     count=("x", "size"), name=("name", "first"), first=("id", "first"),
                     last=("id", "last"))  # fmt: skip
    _, _, metres = GEOD.inv(box["w"].to_numpy(), box["s"].to_numpy(), box["e"].to_numpy(),
                            box["n"].to_numpy())  # fmt: skip
    box["km"] = metres / KM_M
    far = box[box["km"] > apart_km].sort_values("km", ascending=False, kind="stable")
    return [
        Finding(check="same name apart", severity="warning", table="places",
                id=labels([row["first"], row["last"]]), value=row["km"], unit="km",
                geometry=shapely.Point(row["w"], row["s"]),
                finding=f"{row['count']} places called {row['name']!r} in unit {row['pcode']!r}, "
                        f"spread over {row['km']:,.1f} km: one of them may be wrong")
        for row in records(far.reset_index())
    ]  # fmt: skip


def _same_spot(places: gpd.GeoDataFrame) -> list[Finding]:
    """Tell places that share one position."""
    spot = pd.DataFrame(
        {
            "x": places.geometry.x.round(SPOT_DIGITS).to_numpy(),
            "y": places.geometry.y.round(SPOT_DIGITS).to_numpy(),
            "id": places["place_id"].to_numpy(),
            "name": [slug(str(one)) for one in places["name"]],
        }
    )
    spot = spot[spot.duplicated(["x", "y"], keep=False)]
    if spot.empty:
        return []
    groups = spot.groupby(["x", "y"])
    count, alike = groups.ngroups, int((groups["name"].agg(lambda g: len(set(g))) == 1).sum())
    first = spot.sort_values(["x", "y"], kind="stable")
    return [
        Finding(check="same spot", severity="warning", table="places",
                id=f"{len(spot)} rows, e.g. {labels(first['id'])}", value=count, unit="spots",
                geometry=shapely.Point(first["x"].iloc[0], first["y"].iloc[0]),
                finding=f"{len(spot):,} places share {count:,} positions to the metre; in "
                        f"{alike:,} of them all have one name, as if entered twice")
    ]  # fmt: skip
