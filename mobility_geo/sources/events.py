"""Read what is known of insecurity: dated events, incidents on roads, areas with a severity."""

import codecs
import contextlib
import csv
import datetime as dt
import io
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from pandas.api.types import union_categoricals

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import INCIDENTS, check_table, is_missing, suggest
from mobility_geo.sources.files import (
    LARGEST_LAT_DEG,
    LARGEST_LON_DEG,
    archive_members,
    match_columns,
    plain_name,
    read_features,
    read_rows,
)
from mobility_geo.sources.reading import Finding, Reading, findings_table
from mobility_geo.sources.rows import NOTHING

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Crs = pyproj.CRS | str | int | None

TABLE_ENDINGS: Final = (".csv", ".tsv", ".txt")
BOOK_ENDINGS: Final = (".xlsx", ".xlsm", ".xls")
HEAD_BYTES: Final = 2**20
"""The header of a large table is looked for in so many bytes."""

LARGE_BYTES: Final = 16 * 2**20
"""Of larger tables only the columns that are used are read, and equal texts are kept once."""

CP1252_WHERE_NOT_UTF8: Final = "mobility_geo.cp1252"
"""Name of what is done with bytes that are not UTF-8."""

ROWS_AT_ONCE: Final = 100_000

DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError)
POINT: Final = 0
MULTIPOINT: Final = 4
"""Types of geometry, as GEOS numbers them."""

EVENT_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "event_id": ("event_id_cnty", "event_id", "#event+id", "#event+code", "id", "data_id",
                 "incident_id"),
    "event_date": ("event_date", "#date+occurred", "#date+start", "#date", "date_end",
                   "date_start", "date", "incident_date", "date_incident",
                   "date de l'incident", "date de l'événement", "date événement"),
    "date_start": ("date_start",),
    "event_type": ("event_type", "type_of_violence", "#event+type", "type", "incident_type",
                   "type d'incident", "type d'événement"),
    "sub_event_type": ("sub_event_type", "#event+subtype", "#event+type+sub", "sub_type",
                       "sous_type"),
    "fatalities_persons": ("fatalities", "best", "#affected+killed", "deaths", "killed", "morts",
                           "décès"),
    "lat": ("latitude", "lat", "#geo+lat", "y", "point_y"),
    "lon": ("longitude", "lon", "long", "lng", "#geo+lon", "x", "point_x"),
    "geo_precision": ("geo_precision", "where_prec", "#geo+precision", "precision"),
    "location": ("location", "where_coordinates", "#loc+name", "#adm3+name", "place", "lieu",
                 "localité"),
    "country": ("country", "#country+name", "#country", "pays", "#country+code"),
    "source": ("source", "#meta+source"),
    "timestamp": ("timestamp", "#date+updated"),
}  # fmt: skip
"""Names of columns in use: ACLED, UCDP GED, HXL tags and plain tables."""

INCIDENT_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "incident_id": ("incident_id", "#event+id", "id", "ref incident", "incident", "numéro", "no",
                    "n°"),
    "incident_date": ("incident_date", "date", "#date+occurred", "#date", "event_date",
                      "date de l'incident", "date incident", "date de l'événement", "jour"),
    "ref": ("ref", "road", "road_number", "road_no", "road_ref", "road number", "route",
            "numéro de route", "n° de route", "route nationale", "axe", "axis", "#loc+road"),
    "from_place": ("from_place", "from", "de", "origine", "départ", "point de départ", "place",
                   "lieu", "start_point", "#loc+from", "#loc+start"),
    "to_place": ("to_place", "to", "à", "vers", "destination", "arrivée", "point d'arrivée",
                 "end_point", "#loc+to", "#loc+end"),
    "incident_type": ("incident_type", "type", "type d'incident", "type incident", "event_type",
                      "nature", "nature de l'incident", "#event+type"),
    "severity": ("severity", "#severity", "gravité", "sévérité", "niveau", "level", "impact"),
    "remarks": ("remarks", "remarques", "observations", "observation", "comments",
                "commentaires", "description", "notes", "#meta+remarks", "#description"),
    "source": ("source", "#meta+source"),
}  # fmt: skip
"""Names of columns of incident lists, English, French and HXL."""

AREA_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "area_id": ("area_id", "zone_id", "id", "code", "pcode", "adm3_pcode", "adm2_pcode",
                "adm1_pcode", "fid"),
    "name": ("name", "nom", "area", "zone", "adm3_fr", "adm2_fr", "adm1_fr", "adm3_en", "adm2_en",
             "adm1_en"),
    "severity": ("severity", "gravité", "sévérité", "niveau", "level", "risk", "risque", "class",
                 "classe", "access", "accès"),
    "start": ("start", "start_date", "from_date", "valid_from", "début", "date_début", "date"),
    "end": ("end", "end_date", "to_date", "valid_to", "fin", "date_fin"),
    "source": ("source",),
    "confidence": ("confidence", "confiance", "fiabilité", "reliability"),
}  # fmt: skip
"""Names of columns of layers of areas."""

SEVERITY_WORDS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("1", "low", "minor", "minimal", "faible", "bas", "basse", "mineur",
                         "mineure", "limite", "limited", "bajo", "baja", "baixo", "leger"), 1),
        **dict.fromkeys(("2", "medium", "moderate", "moyen", "moyenne", "modere", "moderee",
                         "medio", "media", "moderado"), 2),
        **dict.fromkeys(("3", "high", "major", "eleve", "elevee", "haut", "haute", "fort",
                         "forte", "majeur", "majeure", "alto", "alta"), 3),
        **dict.fromkeys(("4", "severe", "veryhigh", "extreme", "critical", "critique",
                         "treseleve", "treselevee", "tresfort", "grave", "muyalto",
                         "muitoalto"), 4),
    }
)  # fmt: skip
"""Words of severity, compared without case, accents and blanks."""

CONFIDENCE_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("high", "elevee", "eleve", "haute", "forte", "fiable"), "high"),
        **dict.fromkeys(("medium", "moderate", "moyenne", "moyen"), "medium"),
        **dict.fromkeys(("low", "faible", "basse"), "low"),
    }
)

UCDP_TYPES: Final = MappingProxyType(
    {"1": "state-based conflict", "2": "non-state conflict", "3": "one-sided violence"}
)
"""Types of violence as the codebook of UCDP GED names them."""

UCDP_PRECISION: Final = MappingProxyType({1: 1, 2: 2, 3: 2, 4: 3, 5: 3})
"""Precision of UCDP GED in the three classes of ours.

1 the place; 2 within 25 km of it and 3 the district: near it; 4 the province and 5 a line or a
fuzzy area: region only. 6 and 7 say no more than the country, or the sea or air: no place.
"""

ACLED_LICENCE: Final = (
    "ACLED: its terms of use and attribution policy hold (acleddata.com; they change, read them "
    "before you publish): name ACLED as the source with a link, and say the day of access and "
    "what was filtered or changed; ask ACLED before you pass its event rows on"
)
UCDP_LICENCE: Final = (
    "UCDP GED: CC BY 4.0; cite Sundberg and Melander 2013 (doi 10.1177/0022343313484347) and the "
    "article that UCDP names for the version (ucdp.uu.se/downloads)"
)
NO_LICENCE: Final = "none is stated in the file: ask whoever made it before you pass it on"

MONTH_NAMES: Final[Mapping[str, int]] = MappingProxyType(
    {
        name: number
        for number, names in enumerate(
            (
                "january janvier jan janv", "february fevrier feb fev fevr", "march mars mar",
                "april avril apr avr", "may mai", "june juin jun", "july juillet jul juil",
                "august aout aug", "september septembre sep sept", "october octobre oct",
                "november novembre nov", "december decembre dec",
            ),
            start=1,
        )
        for name in names.split()
    }
)  # fmt: skip
"""Months in English and French, without accents."""

YEAR_FIRST: Final = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?:[t ].*)?$")
DAY_NAME: Final = re.compile(
    r"(?:[a-z]+,? )?(\d{1,2})(?:st|nd|rd|th|er)?[ -]([a-z]+)\.?[ ,-]+(\d{2,4})$"
)
NAME_DAY: Final = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$")
NUMBERS: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?: .*)?$")
CENTURY_TURN: Final = 70
"""Years of two digits from this on are of the 20th century."""

BETWEEN: Final = re.compile(r"\s+[-/]\s+|\s*(?:[\u2013\u2014\u2192]|->)\s*|\s+(?:to|à|vers)\s+")
ROAD_NUMBER: Final = re.compile(r"^(?:[^\W\d]+\W{0,2}){0,3}\d{1,4}[^\W\d]?$")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Cells:
    """Columns of a file by our names, which of theirs they are, and what was found on the way."""

    frame: pd.DataFrame
    columns: dict[str, str]
    findings: list[Finding]
    tagged: bool = False
    points: npt.NDArray[np.object_] | None = None


def read_events(  # noqa: PLR0913
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    bbox: tuple[float, float, float, float] | None = None,
    event_types: Iterable[str] | None = None,
    max_geo_precision: int = 3,
    day_first: bool | None = None,
    crs: Crs = None,
    sheet: str | None = None,
    layer: str | None = None,
) -> Reading:
    r"""Read dated events of insecurity: ACLED, UCDP GED, plain tables, layers of points.

    Rows without a date or a place, at 0 degrees both ways, or with latitude and longitude swapped
    are left out and counted. Of rows with one id the latest ``timestamp`` counts, or else the
    last row. An event of UCDP GED that is known by a span of days is dated on the last of them:
    by then it had happened.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv``, ``.xlsx``, a zip archive of one of them, or a layer of points.
    columns
        Column map, ours to theirs, where the names are not found: ``event_id``, ``event_date``,
        ``lat``, ``lon``, ``event_type``, ``sub_event_type``, ``fatalities_persons``,
        ``geo_precision``, ``location``, ``country``, ``source``, ``timestamp``.
    start, end
        First and last day that are wanted, both included.
    bbox
        West, south, east, north that are wanted, degrees.
    event_types
        Types or finer types that are wanted, in the words of the publisher; all if left out.
    max_geo_precision
        1: only events at the place; 2: near it as well; 3: all.
    day_first
        Whether 01/04/2012 is 1 April (True) or 4 January (False); needed where the file itself
        does not decide.
    crs
        System of the coordinates of a table, if they are not degrees; of a layer that states
        none.
    sheet, layer
        Sheet of a workbook, layer of a file of layers; needed if there are several.

    Returns
    -------
    Reading
        Table ``events``, schema `mobility_geo.schema.EVENTS`, WGS 84, in the order of the file.

    Raises
    ------
    InputError
        If it cannot be read, a column is missing, dates may be read in two ways, most
        coordinates cannot be degrees, no row is usable, or an event type is in no row.
    CRSError
        If a layer states no coordinate reference system.

    References
    ----------
    Sundberg, R. and Melander, E. (2013). Introducing the UCDP Georeferenced Event Dataset.
    Journal of Peace Research 50(4). doi 10.1177/0022343313484347.

    Examples
    --------
    >>> import tempfile
    >>> text = "event_id_cnty,event_date,latitude,longitude\nMLI1,01 April 2012,16.3,0"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/acled.csv").write_text(text)
    ...     reading = read_events(f"{folder}/acled.csv")
    >>> reading.publisher, str(reading.table["event_date"][0].date())
    ('ACLED', '2012-04-01')
    """
    if max_geo_precision not in {1, 2, 3}:
        msg = f"max_geo_precision must be 1, 2 or 3, not {max_geo_precision}"
        raise InputError(msg)
    name = Path(path).name
    cells = _event_cells(path, columns, crs, sheet, layer)
    frame, findings = cells.frame, list(cells.findings)
    publisher, licence = _publisher(cells)
    ids = _ids(frame, "event_id", findings, "events")
    sieve = _Sieve(ids=ids, table="events", findings=findings)
    day = _days(frame["event_date"], name, cells.columns["event_date"], day_first, findings)
    x, y = _positions(cells, name, crs)
    _drop_bad_places(sieve, day, x, y, name, swap_box=bbox)
    precision = _precision(frame, cells, sieve)
    if not sieve.keep.any():
        msg = f"{name}: none of {len(frame):,} rows is an event with a date and a place"
        raise InputError([msg, *(f"{f.check}: {f.id}" for f in sieve.findings)])
    _drop_doubles(sieve, frame)
    if "date_start" in frame.columns and plain_name(cells.columns["event_date"]) == "dateend":
        first = _days(frame["date_start"], name, "date_start", day_first, [])
        sieve.note("span of days", sieve.keep & (first < day),
                   "known by a span of days: dated on the last of them")  # fmt: skip
    kinds = _texts(frame, "event_type")
    if plain_name(cells.columns.get("event_type", "")) == "typeofviolence":
        kinds = kinds.map(lambda code: UCDP_TYPES.get(str(code), code), na_action="ignore")
    finer = _texts(frame, "sub_event_type")
    if event_types is not None:
        _only_types(sieve, event_types, kinds, finer, name)
    _only_wanted(sieve, day, x, y, start, end, bbox)
    rough = f"placed less exactly than precision {max_geo_precision}, as asked"
    sieve.drop("precision", precision > max_geo_precision, rough, "note")
    killed = _numbers(frame["fatalities_persons"]) if "fatalities_persons" in frame else None
    if killed is not None:
        sieve.note("fatalities", sieve.keep & (killed < 0), "negative number of people killed: "
                   "taken as not known", "warning")  # fmt: skip
        killed = np.where(killed < 0, np.nan, killed)
    source = _texts(frame, "source")
    kept = np.flatnonzero(sieve.keep)
    if publisher in {"ACLED", "UCDP GED"}:
        source = source.map(lambda text: f"{publisher}: {text}", na_action="ignore")
        if publisher == "UCDP GED":
            source = _texts(frame, "")
        source = _filled(source, publisher)
    else:
        source = _filled(source, name)
    table = pd.DataFrame(
        {
            "event_id": pd.Series(ids[kept], dtype="str"),
            "event_date": pd.Series(day[kept].astype("datetime64[s]")),
            "event_type": _plain(kinds, kept),
            "sub_event_type": _plain(finer, kept),
            "fatalities_persons": np.full(len(kept), np.nan) if killed is None else killed[kept],
            "geo_precision": precision[kept].astype(np.int64),
            "location": _plain(_texts(frame, "location"), kept),
            "country": _plain(_texts(frame, "country"), kept),
            "source": _plain(source, kept),
        }
    )
    points = gpd.GeoDataFrame(table, geometry=shapely.points(x[kept], y[kept]), crs=4326)
    return Reading(
        file=name, publisher=publisher, licence=licence, tables={"events": points},
        findings=findings_table(sieve.findings), rows_read=len(frame), rows_kept=len(kept),
        columns=MappingProxyType(dict(cells.columns)),
    )  # fmt: skip


def read_incidents(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    severity: int | None = None,
    severities: Mapping[str, int] | None = None,
    day_first: bool | None = None,
    sheet: str | None = None,
) -> Reading:
    r"""Read a list of incidents on roads: which road, from where to where, when, how bad.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv``, ``.xlsx`` or a zip archive of one of them; headers in English, French
        or HXL tags.
    columns
        Column map, ours to theirs: ``incident_id``, ``incident_date``, ``ref``, ``from_place``,
        ``to_place``, ``incident_type``, ``severity``, ``remarks``, ``source``.
    start, end
        First and last day that are wanted, both included.
    severity
        Severity 1 to 4 of incidents that say none.
    severities
        Severity 1 to 4 of words that are not known.
    day_first
        See `read_events`.
    sheet
        Sheet of a workbook; needed if several have rows.

    Returns
    -------
    Reading
        Table ``incidents``, schema `mobility_geo.schema.INCIDENTS`. A road such as
        ``Gao - Ansongo`` becomes the two places.

    Raises
    ------
    InputError
        If it cannot be read, a column is missing, dates may be read in two ways, a severity is
        missing or not known, or no row is usable.

    Examples
    --------
    >>> import tempfile
    >>> text = "Date;Route;De;A;Gravité\n2013-01-20;RN16;Gao;Gossi;élevé"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text(text)
    ...     table = read_incidents(f"{folder}/a.csv").table
    >>> table[["ref", "from_place", "to_place", "severity"]].to_numpy().tolist()
    [['RN16', 'Gao', 'Gossi', 3]]
    """
    rows = read_rows(path, sheet=sheet)
    name = Path(path).name
    found = match_columns(
        rows.frame.columns, INCIDENT_NAMES, where=name, needed=("incident_date",),
        given=columns, tags=rows.tags,
    )  # fmt: skip
    if not {"ref", "from_place"} & set(found):
        msg = (
            f"{name}: no column for the road or its places; name 'ref' or 'from_place' with columns"
        )
        raise InputError(msg)
    frame = rows.frame[list(found.values())].rename(columns={v: k for k, v in found.items()})
    findings = list(rows.findings)
    ids = _ids(frame, "incident_id", findings, "incidents")
    sieve = _Sieve(ids=ids, table="incidents", findings=findings)
    day = _days(frame["incident_date"], name, found["incident_date"], day_first, findings)
    sieve.drop("no date", np.isnat(day), "no date that can be read")
    where = {key: _texts(frame, key) for key in ("ref", "from_place", "to_place")}
    _split_roads(where, sieve)
    nowhere = where["ref"].isna() & where["from_place"].isna() & where["to_place"].isna()
    sieve.drop("no road", nowhere.to_numpy(dtype=bool), "neither a road nor a place")
    twice = pd.Series(ids).where(sieve.keep).duplicated(keep="last").to_numpy(dtype=bool)
    sieve.drop("duplicate id", twice & sieve.keep, "an id again: the last row counts")
    wanted = _window(day, start, end)
    sieve.drop("dates", ~wanted, _window_words(start, end), "note")
    level = _severities(_texts(frame, "severity"), sieve, severity, severities, name)
    kept = np.flatnonzero(sieve.keep)
    if not len(kept):
        sieve.findings.append(_nothing_left("incidents", len(frame)))
    table = pd.DataFrame(
        {
            "incident_id": pd.Series(ids[kept], dtype="str"),
            "incident_date": pd.Series(day[kept].astype("datetime64[s]")),
            **{key: _plain(values, kept) for key, values in where.items()},
            "incident_type": _plain(_texts(frame, "incident_type"), kept),
            "severity": level[kept].astype(np.int64),
            "remarks": _plain(_texts(frame, "remarks"), kept),
            "source": _plain(_filled(_texts(frame, "source"), name), kept),
        }
    )
    return Reading(
        file=name, publisher="list of incidents on roads", licence=NO_LICENCE,
        tables={"incidents": check_table(table, INCIDENTS)},
        findings=findings_table(sieve.findings), rows_read=len(frame), rows_kept=len(kept),
        columns=MappingProxyType(found),
    )  # fmt: skip


def read_insecurity_areas(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
    severity: int | None = None,
    severities: Mapping[str, int] | None = None,
    day_first: bool | None = None,
    crs: Crs = None,
    encoding: str | None = None,
) -> Reading:
    """Read polygons with a severity.

    Parameters
    ----------
    path
        GeoPackage, Shapefile, GeoJSON or a zip archive of one of them.
    columns
        Column map, ours to theirs: ``area_id``, ``name``, ``severity``, ``start``, ``end``,
        ``source``, ``confidence``.
    layer
        Which layer; needed if there are several.
    severity
        Severity 1 to 4 of areas that say none.
    severities
        Severity 1 to 4 of words that are not known.
    day_first
        See `read_events`.
    crs, encoding
        Where the file does not state them.

    Returns
    -------
    Reading
        Table ``areas``: ``area_id``, ``name``, ``severity``, ``start``, ``end``, ``source``,
        ``confidence`` and MultiPolygons, WGS 84; the columns that a scenario file reads.

    Raises
    ------
    InputError
        If it cannot be read, has no polygon, or a severity is missing or not known.
    CRSError
        If no coordinate reference system is stated.

    Examples
    --------
    >>> import tempfile
    >>> box = gpd.GeoSeries([shapely.box(-4, 14, -3, 15)], crs=4326)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gpd.GeoDataFrame({"niveau": ["élevé"]}, geometry=box).to_file(f"{folder}/a.gpkg")
    ...     table = read_insecurity_areas(f"{folder}/a.gpkg").layer
    >>> table["severity"].tolist(), table.geom_type.tolist()
    ([3], ['MultiPolygon'])
    """
    features, notes = read_features(path, layer=layer, crs=crs, encoding=encoding)
    name = Path(path).name
    shape = str(features.active_geometry_name)
    found = match_columns(
        [str(column) for column in features.columns if column != shape], AREA_NAMES, where=name,
        given=columns,
    )  # fmt: skip
    frame = pd.DataFrame({ours: features[theirs] for ours, theirs in found.items()},
                         index=range(len(features)))  # fmt: skip
    for ours, theirs in found.items():
        frame[ours] = features[theirs].to_numpy()
    findings = list(notes)
    ids = _ids(frame, "area_id", findings, "areas")
    sieve = _Sieve(ids=ids, table="areas", findings=findings)
    shapes = _polygons(features.geometry.to_numpy(), sieve)
    twice = pd.Series(ids).duplicated(keep=False).to_numpy(dtype=bool) & sieve.keep
    if twice.any():
        again = pd.Series(ids).groupby(pd.Series(ids)).cumcount().to_numpy()
        sieve.note(
            "duplicate id", twice & (again > 0), "an id again: a number was added", "warning"
        )
        ids = np.where(again > 0, [f"{i}-{n + 1}" for i, n in zip(ids, again, strict=True)], ids)
    if not sieve.keep.any():
        msg = f"{name}: has no polygon"
        raise InputError(msg)
    level = _severities(_texts(frame, "severity"), sieve, severity, severities, name)
    days = {}
    for key in ("start", "end"):
        if key in frame.columns:
            days[key] = _days(frame[key], name, found[key], day_first, findings)
            unread = np.isnat(days[key]) & _texts(frame, key).notna().to_numpy(dtype=bool)
            sieve.note("no date", unread & sieve.keep, f"{key}: a date that cannot be read: none "
                       "is set", "warning")  # fmt: skip
        else:
            days[key] = np.full(len(frame), np.datetime64("NaT"), dtype="datetime64[D]")
    wrong = days["end"] < days["start"]
    sieve.drop("dates", wrong, "ends before it starts")
    sure = _texts(frame, "confidence")
    known = sure.map(lambda w: CONFIDENCE_WORDS.get(plain_name(str(w))), na_action="ignore")
    odd = (known.isna() & sure.notna()).to_numpy(dtype=bool)
    sieve.note("confidence", odd & sieve.keep, "a confidence that is not high, medium or low: "
               "none is set", "warning")  # fmt: skip
    kept = np.flatnonzero(sieve.keep)
    table = pd.DataFrame(
        {
            "area_id": pd.Series(ids[kept], dtype="str"),
            "name": _plain(_texts(frame, "name"), kept),
            "severity": level[kept].astype(np.int64),
            **{
                key: pd.Series(values[kept].astype("datetime64[s]")) for key, values in days.items()
            },
            "source": _plain(_filled(_texts(frame, "source"), name), kept),
            "confidence": _plain(known, kept),
        }
    )
    return Reading(
        file=name, publisher="polygons with a severity", licence=NO_LICENCE,
        tables={"areas": gpd.GeoDataFrame(table, geometry=shapes[kept], crs=4326)},
        findings=findings_table(findings), rows_read=len(features), rows_kept=len(kept),
        columns=MappingProxyType(found),
    )  # fmt: skip


# ---------------------------------------------------------------- cells of a file


def _event_cells(
    path: str | Path,
    columns: Mapping[str, str] | None,
    crs: Crs,
    sheet: str | None,
    layer: str | None,
) -> _Cells:
    """Return the columns of events, each cell as it stands in the file."""
    needed = ("event_date", "lat", "lon")
    suffix = Path(path).suffix.lower()
    inside: tuple[str, ...] = ()
    if suffix == ".zip":
        inside = archive_members(path)
        endings = {Path(member).suffix.lower() for member in inside}
        suffix = next(iter(sorted(endings & {*TABLE_ENDINGS, *BOOK_ENDINGS})), "")
    name = Path(path).name
    # text packs to a tenth or so
    limit = LARGE_BYTES / 10 if inside else LARGE_BYTES
    # archive.zip/inside/name.csv is no file of its own: such members are read whole
    if suffix in TABLE_ENDINGS and Path(path).is_file() and Path(path).stat().st_size > limit:
        return _csv_cells(Path(path), columns, needed)
    if suffix in {*TABLE_ENDINGS, *BOOK_ENDINGS}:
        rows = read_rows(path, sheet=sheet)
        found = match_columns(
            rows.frame.columns, EVENT_NAMES, where=name, needed=needed, given=columns,
            tags=rows.tags,
        )  # fmt: skip
        return _Cells(frame=_ours(rows.frame, found), columns=found, tagged=bool(rows.tags),
                      findings=list(rows.findings))  # fmt: skip
    features, notes = read_features(path, layer=layer, crs=crs)
    shape = str(features.active_geometry_name)
    found = match_columns(
        [str(column) for column in features.columns if column != shape],
        {ours: names for ours, names in EVENT_NAMES.items() if ours not in {"lat", "lon"}},
        where=name, needed=("event_date",), given=columns,
    )  # fmt: skip
    return _Cells(frame=_ours(features, found), columns=found, findings=list(notes),
                  points=features.geometry.to_numpy())  # fmt: skip


def _ours(frame: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns that were found, under our names; one of theirs may serve twice."""
    return pd.DataFrame({ours: frame[theirs].to_numpy() for ours, theirs in found.items()})


def _csv_cells(file: Path, columns: Mapping[str, str] | None, needed: Sequence[str]) -> _Cells:
    """Read only the columns that are wanted; equal texts are kept once.

    Raises
    ------
    InputError
        If it is no table, has no rows, or a column is missing.
    """
    head = _csv_head(file)
    found = match_columns(
        head.names, EVENT_NAMES, where=file.name, needed=needed, given=columns, tags=head.tags
    )
    findings = list(head.findings)
    frame: dict[str, pd.Series] = {}
    for errors in ("strict", CP1252_WHERE_NOT_UTF8):
        try:
            frame = _chunks_joined(file, head, sorted(set(found.values())), errors)
        except UnicodeDecodeError:
            continue
        if errors != "strict":
            findings.append(
                Finding(check="encoding", severity="note", table=file.name, id="all rows",
                        finding="bytes that are not UTF-8 were read as Windows-1252 (Latin-1)")
            )  # fmt: skip
        break
    if not frame:
        msg = f"{file.name}: not in the encoding {head.encoding}; save it as UTF-8"
        raise InputError(msg)
    cells = pd.DataFrame({ours: frame[theirs] for ours, theirs in found.items()})
    return _Cells(frame=cells, columns=found, findings=findings, tagged=bool(head.tags))


def _chunks_joined(
    file: Path, head: "_Head", wanted: Sequence[str], errors: str
) -> dict[str, pd.Series]:
    """Read some columns, piece by piece, as categories of text.

    Raises
    ------
    InputError
        If it is no table, or has no rows.
    """
    at = {name: head.names.index(name) for name in wanted}
    pieces: dict[str, list[pd.Categorical]] = {name: [] for name in wanted}
    try:
        with _opened(file) as raw, warnings.catch_warnings():
            # a first row that is too long is only warned of
            warnings.simplefilter("error", pd.errors.ParserWarning)
            for chunk in pd.read_csv(
                raw, sep=head.delimiter, header=None, skiprows=head.lines, engine="c",
                names=range(len(head.names)), index_col=False, dtype=object, na_filter=False,
                chunksize=ROWS_AT_ONCE, encoding=head.encoding, encoding_errors=errors,
            ):  # fmt: skip
                for name, column in at.items():
                    pieces[name].append(pd.Categorical(chunk[column].fillna("")))
    except pd.errors.EmptyDataError:
        pass
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        msg = (
            f"{file.name}: not a table: {str(error).strip()}; a delimiter in a text without "
            "quotes, rows with more cells than the header, or a quote that is never closed"
        )
        raise InputError(msg) from error
    except DAMAGED as error:
        msg = f"{file.name}: cannot be read, or the archive is damaged: {error}"
        raise InputError(msg) from error
    if not pieces[wanted[0]]:
        msg = f"{file.name}: has no rows below its header"
        raise InputError(msg)
    return {name: pd.Series(union_categoricals(parts)) for name, parts in pieces.items()}


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Head:
    """Header of a CSV file; `lines` is how many lines it takes, with the row of tags."""

    names: list[str]
    tags: dict[str, str]
    delimiter: str
    lines: int
    encoding: str
    findings: list[Finding]


def _csv_head(file: Path) -> _Head:
    """Read the header of a CSV file.

    Raises
    ------
    InputError
        If it is no table, or two columns that are in use have one name.
    """
    with _opened(file) as raw:
        block = raw.read(HEAD_BYTES)
    encoding = "utf-16" if block[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    # a letter may be cut in two at the end of the block
    text = codecs.getincrementaldecoder(encoding)(CP1252_WHERE_NOT_UTF8).decode(block)
    if "\0" in text:
        msg = f"{file.name}: not a table of text (it holds zero bytes)"
        raise InputError(msg)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    rows = _first_rows(text, delimiter)
    if len(rows) < 2:  # noqa: PLR2004
        msg = f"{file.name}: has no rows below its header" if rows else f"{file.name}: is empty"
        raise InputError(msg)
    (names, lines), (second, after) = rows
    findings: list[Finding] = []
    tags: dict[str, str] = {}
    marked = [re.match(r"^#\s*[A-Za-z]", cell) is not None for cell in second if cell]
    if marked and all(marked):
        tags = {re.sub(r"\s+", "", tag.lower()): column
                for tag, column in zip(second, names, strict=False) if tag}  # fmt: skip
        lines = after
        findings.append(Finding(check="hxl", severity="note", table=file.name, id="row 2",
                                finding=f"{len(tags)} HXL tags"))  # fmt: skip
    elif all(name.startswith("#") for name in names if name):
        tags = {re.sub(r"\s+", "", name.lower()): name for name in names if name}
    used = [name for name in names if name]
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        msg = f"{file.name}: several columns are called {twice[0]!r}; rename all but one"
        raise InputError(msg)
    return _Head(names=names, tags=tags, delimiter=delimiter, lines=lines, encoding=encoding,
                 findings=findings)  # fmt: skip


def _first_rows(text: str, delimiter: str) -> list[tuple[list[str], int]]:
    """Return the first two rows that are not blank, and how many lines they end after."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows: list[tuple[list[str], int]] = []
    for row in reader:
        if any(cell.strip() for cell in row):
            rows.append(([cell.strip() for cell in row], reader.line_num))
        if len(rows) == 2:  # noqa: PLR2004
            break
    return rows


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are not UTF-8 as Windows-1252.

    Raises
    ------
    UnicodeError
        If it is another kind of fault.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", errors="replace"), error.end


codecs.register_error(CP1252_WHERE_NOT_UTF8, _as_cp1252)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    """Open a table, or the one table of an archive.

    Raises
    ------
    InputError
        If the archive has none or several, or is not safe.
    """
    if file.suffix.lower() != ".zip":
        with file.open("rb") as raw:
            yield raw
        return
    members = [m for m in archive_members(file) if m.lower().endswith(TABLE_ENDINGS)]
    if len(members) != 1:
        msg = (
            f"{file}: has {len(members)} tables: {labels(members, 8)}; unpack the one that is meant"
        )
        raise InputError(msg)
    with zipfile.ZipFile(file) as archive, archive.open(members[0]) as raw:
        yield raw


# ---------------------------------------------------------------- what is left out


@dataclass(eq=False, slots=True, kw_only=True)
class _Sieve:
    """Which rows are kept, and what is said about the others."""

    ids: npt.NDArray[np.object_]
    table: str
    findings: list[Finding]
    keep: BoolArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.keep = np.ones(len(self.ids), dtype=bool)

    def note(self, check: str, rows: BoolArray, words: str, severity: str = "note") -> None:
        """Say something about rows."""
        which = np.flatnonzero(rows)
        if len(which):
            self.findings.append(
                Finding(check=check, severity=severity, table=self.table, value=len(which),
                        unit="rows", finding=words,
                        id=f"{_count(len(which))}, e.g. {labels(self.ids[which[:4]])}")
            )  # fmt: skip

    def drop(self, check: str, rows: BoolArray, words: str, severity: str = "warning") -> None:
        """Leave rows out, unless they are out already, and say so."""
        gone = rows & self.keep
        self.note(check, gone, f"{words}; left out", severity)
        self.keep &= ~gone


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _nothing_left(table: str, rows: int) -> Finding:
    return Finding(check="nothing left", severity="warning", table=table, id="all rows",
                   value=rows, unit="rows", finding="no row is left")  # fmt: skip


def _ids(
    frame: pd.DataFrame, column: str, findings: list[Finding], table: str
) -> npt.NDArray[np.object_]:
    """Return the ids of rows; those without one are called by their number."""
    if column not in frame.columns:
        findings.append(
            Finding(check="no id", severity="note", table=table, id="all rows",
                    finding="no column of ids: rows are called by their number")
        )  # fmt: skip
        return np.array([f"row-{number}" for number in range(1, len(frame) + 1)], dtype=object)
    texts = _texts(frame, column)
    gone = texts.isna().to_numpy(dtype=bool)
    out = texts.astype(object).to_numpy(copy=True)
    out[gone] = [f"row-{number + 1}" for number in np.flatnonzero(gone)]
    if gone.any():
        findings.append(
            Finding(check="no id", severity="note", table=table, value=int(gone.sum()),
                    unit="rows", id=f"{_count(int(gone.sum()))}, e.g. {labels(out[gone][:4])}",
                    finding="no id: called by the number of the row")
        )  # fmt: skip
    return out


def _publisher(cells: _Cells) -> tuple[str, str]:
    """Return whose form a table of events has, and the terms."""
    theirs = {plain_name(name) for name in cells.columns.values()}
    if "eventidcnty" in theirs:
        return "ACLED", ACLED_LICENCE
    if "typeofviolence" in theirs or {"whereprec", "best"} <= theirs:
        return "UCDP GED", UCDP_LICENCE
    if cells.points is not None:
        return "layer of points", NO_LICENCE
    return ("table with HXL tags" if cells.tagged else "table of events"), NO_LICENCE


def _positions(cells: _Cells, name: str, crs: Crs) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude; NaN where there is none.

    Raises
    ------
    InputError
        If the system is not known.
    """
    if cells.points is not None:
        points = cells.points.copy()
        lone = (shapely.get_type_id(points) == MULTIPOINT) & (
            shapely.get_num_geometries(points) == 1
        )
        points[lone] = shapely.get_geometry(points[lone], 0)
        points[shapely.get_type_id(points) != POINT] = None
        return shapely.get_x(points), shapely.get_y(points)
    x, y = _numbers(cells.frame["lon"]), _numbers(cells.frame["lat"])
    if crs is None:
        return x, y
    try:
        system = pyproj.CRS(crs)
    except pyproj.exceptions.CRSError as error:
        msg = f"{name}: crs={crs!r} is no coordinate reference system"
        raise InputError(msg) from error
    if system == pyproj.CRS(4326):
        return x, y
    mover = pyproj.Transformer.from_crs(system, 4326, always_xy=True)
    lon, lat = mover.transform(x, y)
    cells.findings.append(
        Finding(check="reprojected", severity="note", table="events", id="all rows",
                finding=f"from {system.name!r} to WGS 84 longitude and latitude")
    )  # fmt: skip
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _drop_bad_places(
    sieve: _Sieve,
    day: npt.NDArray[np.datetime64],
    x: FloatArray,
    y: FloatArray,
    name: str,
    *,
    swap_box: tuple[float, float, float, float] | None,
) -> None:
    """Leave out rows without a date or a place.

    Raises
    ------
    InputError
        If most coordinates cannot be degrees.
    """
    there = np.isfinite(x) & np.isfinite(y)
    lon, lat = np.abs(np.nan_to_num(x)), np.abs(np.nan_to_num(y))
    beyond = there & ((lon > LARGEST_LON_DEG) | (lat > LARGEST_LAT_DEG))
    swapped = beyond & (lat <= LARGEST_LON_DEG) & (lon <= LARGEST_LAT_DEG)
    if swap_box is not None:
        # in their own places they are outside of what is wanted, the other way round inside
        swapped |= there & ~_inside(x, y, swap_box) & _inside(y, x, swap_box)
    if swapped.sum() * 2 > there.sum():
        msg = (
            f"{name}: latitude and longitude are swapped in {int(swapped.sum()):,} of "
            f"{int(there.sum()):,} rows; read it with columns={{'lat': ..., 'lon': ...}} the other "
            "way round"
        )
        raise InputError(msg)
    if beyond.sum() * 2 > there.sum():
        msg = (
            f"{name}: coordinates up to {max(lon.max(), lat.max()):,.0f} cannot be degrees: they "
            "look like metres; state the projected system with crs=..."
        )
        raise InputError(msg)
    sieve.drop("no date", np.isnat(day), "no date that can be read")
    sieve.drop("no coordinates", ~there, "no coordinates")
    sieve.drop("null island", there & (lon == 0) & (lat == 0), "at 0 degrees both ways, where "
               "nothing is known to have happened")  # fmt: skip
    sieve.drop("swapped", swapped, "latitude and longitude are swapped")
    sieve.drop("outside the globe", beyond, "beyond 180 degrees of longitude or 90 of latitude")


def _inside(x: FloatArray, y: FloatArray, box: tuple[float, float, float, float]) -> BoolArray:
    west, south, east, north = box
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def _precision(frame: pd.DataFrame, cells: _Cells, sieve: _Sieve) -> npt.NDArray[np.float64]:
    """Return how exactly each event is placed, 1 to 3."""
    if "geo_precision" not in frame.columns:
        sieve.findings.append(
            Finding(check="precision", severity="note", table="events", id="all rows",
                    finding="nothing says how exactly events are placed: taken as at the place")
        )  # fmt: skip
        return np.ones(len(frame))
    said = _numbers(frame["geo_precision"])
    if plain_name(cells.columns["geo_precision"]) == "whereprec":
        sieve.drop("no place", (said == 6) | (said == 7),  # noqa: PLR2004
                   "UCDP precision 6 or 7: no more than the country is known, or at sea or in "
                   "the air")  # fmt: skip
        out = np.full(len(said), np.nan)
        for theirs, ours in UCDP_PRECISION.items():
            out[said == theirs] = ours
        said = out
    odd = ~np.isin(said, (1.0, 2.0, 3.0))
    sieve.note("precision", odd & sieve.keep, "precision is missing or unknown: taken as 3, "
               "region only", "warning")  # fmt: skip
    return np.where(odd, 3.0, said)


def _drop_doubles(sieve: _Sieve, frame: pd.DataFrame) -> None:
    """Of rows with one id keep the latest."""
    rows = np.flatnonzero(sieve.keep)
    ids = pd.Series(sieve.ids[rows])
    if not ids.duplicated().any():
        return
    words = "an id again: the last row counts"
    if "timestamp" in frame.columns:
        stamp = _numbers(frame["timestamp"])[rows]
        said = _texts(frame, "timestamp").iloc[rows].astype("str").where(np.isnan(stamp))
        days = pd.to_datetime(said, errors="coerce", format="ISO8601", utc=True).dt.as_unit("s")
        stamp = np.where(days.isna(), stamp, days.astype("int64"))
        order = np.argsort(np.nan_to_num(stamp, nan=-np.inf), kind="stable")
        rows, ids = rows[order], ids.iloc[order]
        words = "an id again: the row with the latest timestamp counts"
    old = np.zeros(len(sieve.keep), dtype=bool)
    old[rows[ids.duplicated(keep="last").to_numpy(dtype=bool)]] = True
    sieve.drop("duplicate id", old, words)


def _only_types(
    sieve: _Sieve, wanted: Iterable[str], kinds: pd.Series, finer: pd.Series, name: str
) -> None:
    """Keep only some types of events.

    Raises
    ------
    InputError
        If a type is in no row.
    """
    words = {word.strip().casefold(): word for word in wanted}
    there: dict[str, str] = {}
    chosen = np.zeros(len(kinds), dtype=bool)
    for column in (kinds, finer):
        known = [str(word) for word in column.dropna().unique()]
        there |= {word.casefold(): word for word in known}
        hits = [word for word in known if word.casefold() in words]
        chosen |= column.isin(hits).to_numpy(dtype=bool)
    unknown = [word for fold, word in words.items() if fold not in there]
    if unknown:
        raise InputError(
            [f"{name}: no event is of type {word!r}{suggest(word, there.values())}"
             for word in unknown]
        )  # fmt: skip
    sieve.drop("type", ~chosen, f"not of type {', '.join(words.values())}, as asked", "note")


def _only_wanted(
    sieve: _Sieve,
    day: npt.NDArray[np.datetime64],
    x: FloatArray,
    y: FloatArray,
    start: dt.date | None,
    end: dt.date | None,
    bbox: tuple[float, float, float, float] | None,
) -> None:
    """Keep only some days and some place.

    Raises
    ------
    InputError
        If the box is none, or the days end before they start.
    """
    if bbox is not None:
        west, south, east, north = bbox
        if not (west < east and south < north):
            msg = f"bbox must be west < east and south < north in degrees, not {bbox}"
            raise InputError(msg)
        sieve.drop("box", ~_inside(x, y, bbox), f"outside {bbox}, as asked", "note")
    sieve.drop("dates", ~_window(day, start, end), _window_words(start, end), "note")
    if not sieve.keep.any():
        sieve.findings.append(_nothing_left("events", len(day)))


def _window(
    day: npt.NDArray[np.datetime64], start: dt.date | None, end: dt.date | None
) -> BoolArray:
    """Say which days are wanted; a day that is not known is.

    Raises
    ------
    InputError
        If they end before they start.
    """
    if start and end and end < start:
        msg = f"end {end} is before start {start}"
        raise InputError(msg)
    wanted = np.ones(len(day), dtype=bool)
    if start is not None:
        wanted &= ~(day < np.datetime64(start, "D"))
    if end is not None:
        wanted &= ~(day > np.datetime64(end, "D"))
    return wanted


def _window_words(start: dt.date | None, end: dt.date | None) -> str:
    return f"not within {start or 'the beginning'} to {end or 'the end'}, as asked"


# ---------------------------------------------------------------- cells to values


def _texts(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as categories of text; missing words are missing."""
    if column not in frame.columns:
        nothing = np.full(len(frame), -1)
        return pd.Series(pd.Categorical.from_codes(nothing, categories=pd.Index([], dtype="str")))
    codes, words = pd.factorize(frame[column])
    clean = [
        str(int(w)) if isinstance(w, float) and w.is_integer() else str(w).strip() for w in words
    ]
    unique: dict[str, int] = {}
    target = np.array(
        [-1 if w.casefold() in NOTHING else unique.setdefault(w, len(unique)) for w in clean]
        + [-1],
        dtype=np.int64,
    )
    words_kept = pd.Index(list(unique), dtype="str")
    return pd.Series(pd.Categorical.from_codes(target[codes], categories=words_kept))


def _plain(texts: pd.Series, rows: npt.NDArray[np.int64]) -> pd.Series:
    """Return some rows of a column as text."""
    return texts.iloc[rows].reset_index(drop=True).astype("str")


def _filled(texts: pd.Series, word: str) -> pd.Series:
    """Return a column with a word where there is none."""
    return texts.astype(object).where(texts.notna(), word)


def _numbers(cells: pd.Series) -> FloatArray:
    """Return a column as numbers; NaN where there is none. A decimal comma is a point."""
    if cells.dtype.kind in "iuf":
        return cells.to_numpy(dtype=np.float64)
    codes, words = pd.factorize(cells)
    texts = pd.Series([str(word).strip() for word in words], dtype="str")
    comma = texts.str.fullmatch(r"[-+]?\d+,\d+")
    texts = texts.mask(comma, texts.str.replace(",", "."))
    value = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
    out: FloatArray = np.append(value, np.nan)[codes]
    return np.where(np.isfinite(out), out, np.nan)


def _days(
    cells: pd.Series,
    name: str,
    column: str,
    day_first: bool | None,  # noqa: FBT001
    findings: list[Finding],
) -> npt.NDArray[np.datetime64]:
    """Return a column as days; NaT where it cannot be read.

    Raises
    ------
    InputError
        If days such as 01/04/2012 may be read in two ways.
    """
    if cells.dtype.kind == "M":
        plain = cells.dt.tz_localize(None) if getattr(cells.dt, "tz", None) else cells
        return plain.to_numpy().astype("datetime64[D]")
    codes, words = pd.factorize(cells)
    texts = [_bare(word) for word in words]
    pairs = [match for text in texts if (match := NUMBERS.match(text))]
    order = _day_order(pairs, name, column, day_first)
    if pairs and order is not None and day_first is None:
        findings.append(
            Finding(check="date order", severity="note", table=name, id=f"column {column!r}",
                    finding=f"the {'day' if order else 'month'} comes first: other dates of the "
                            "file show it")
        )  # fmt: skip
    days = [_day(text, day_first=bool(order)) for text in texts]
    return np.array([*days, None], dtype="datetime64[D]")[codes]


def _bare(word: object) -> str:
    """Return a text in lower case, without accents and doubled blanks."""
    if isinstance(word, dt.datetime | dt.date):
        return word.isoformat()
    text = str(int(word)) if isinstance(word, float) and word.is_integer() else str(word)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(text.casefold().split())


def _day_order(
    pairs: Sequence[re.Match[str]],
    name: str,
    column: str,
    day_first: bool | None,  # noqa: FBT001
) -> bool | None:
    """Return whether the day comes first in dates of numbers; None: it makes no difference.

    Raises
    ------
    InputError
        If it does, and nothing says so.
    """
    year = 12
    first = [match[0] for match in pairs if int(match[1]) > year]
    second = [match[0] for match in pairs if int(match[2]) > year]
    if day_first is not None:
        return day_first
    if first and second:
        msg = (
            f"{name}: column {column!r} has dates of both orders, such as {first[0]!r} and "
            f"{second[0]!r}: mend the file, or say day_first=True or False to lose the others"
        )
        raise InputError(msg)
    if first or second:
        return bool(first)
    unclear = [match[0] for match in pairs if int(match[1]) != int(match[2])]
    if unclear:
        msg = (
            f"{name}: column {column!r}: {unclear[0]!r} may be day/month or month/day, and no date "
            f"of the {len(pairs):,} different ones decides it; say day_first=True or False"
        )
        raise InputError(msg)
    return None


def _day(text: str, *, day_first: bool) -> dt.date | None:
    """Return a day; None if the text is none."""
    year, month, day = "", "", ""
    if match := YEAR_FIRST.match(text):
        year, month, day = match[1], match[3], match[4]
    elif match := NUMBERS.match(text):
        day, month, year = match.groups() if day_first else (match[2], match[1], match[3])
    elif match := DAY_NAME.match(text):
        day, month, year = match.groups()
    elif match := NAME_DAY.match(text):
        month, day, year = match.groups()
    else:
        return None
    number = int(month) if month.isdigit() else MONTH_NAMES.get(month, 0)
    full = int(year)
    if len(year) == 2:  # noqa: PLR2004
        full += 1900 if full >= CENTURY_TURN else 2000
    try:
        return dt.date(full, number, int(day))
    except ValueError:
        return None


def _severities(
    texts: pd.Series,
    sieve: _Sieve,
    severity: int | None,
    severities: Mapping[str, int] | None,
    name: str,
) -> npt.NDArray[np.float64]:
    """Return the severity of each row, 1 to 4.

    Raises
    ------
    InputError
        If one is missing or not known.
    """
    given = {**SEVERITY_WORDS, **{plain_name(w): n for w, n in (severities or {}).items()}}
    bad = [n for n in [*given.values(), *([] if severity is None else [severity])]
           if n not in {1, 2, 3, 4}]  # fmt: skip
    if bad:
        msg = f"{name}: a severity is 1 to 4, not {bad[0]}"
        raise InputError(msg)
    level = {}
    for word in texts.dropna().unique():
        plain = plain_name(str(word))
        number = re.match(r"^([1-4])(?:\D|$)", str(word).strip())
        level[word] = given.get(plain, int(number[1]) if number else None)
    value = texts.astype(object).map(level).to_numpy(dtype=np.float64, na_value=np.nan)
    unknown = sorted(str(word) for word, number in level.items() if number is None)
    problems = []
    if unknown:
        problems.append(
            f"{name}: severity {labels(unknown, 6)} is none of 1 to 4, low, medium, high, severe "
            "or their French; say which with severities={word: number}"
        )
    gone = texts.isna().to_numpy(dtype=bool) & sieve.keep
    if gone.any() and severity is None:
        problems.append(
            f"{name}: {int(gone.sum()):,} rows have no severity, e.g. "
            f"{labels(sieve.ids[gone][:4])}; say one for them with severity=1 to 4"
        )
    if problems:
        raise InputError(problems)
    sieve.note("severity", gone, f"no severity: {severity} as you say")
    words = {str(word): number for word, number in level.items() if str(word) != str(number)}
    if words:
        shown = ", ".join(f"{word!r} is {number}" for word, number in sorted(words.items())[:8])
        sieve.findings.append(
            Finding(check="severity", severity="note", table=sieve.table, id="all rows",
                    finding=f"words as numbers: {shown}")
        )  # fmt: skip
    return np.where(np.isnan(value), float(severity or 0), value)


def _split_roads(where: dict[str, pd.Series], sieve: _Sieve) -> None:
    """Take the two places of a road such as ``Gao - Ansongo``; a number stays a number."""
    refs = where["ref"].astype(object)
    one, two = where["from_place"].astype(object), where["to_place"].astype(object)
    split: dict[str, tuple[str, str]] = {}
    for word in refs.dropna().unique():
        if ROAD_NUMBER.match(str(word)):
            continue
        parts = BETWEEN.split(str(word))
        if len(parts) != 2 and str(word).count("-") == 1:  # noqa: PLR2004
            parts = [part.strip() for part in str(word).split("-")]
        if len(parts) == 2 and all(parts):  # noqa: PLR2004
            split[word] = (parts[0], parts[1])
    hit = refs.isin(list(split)) & one.isna() & two.isna()
    if hit.any():
        one = one.mask(hit, refs.map(lambda w: split.get(w, (None, None))[0]))
        two = two.mask(hit, refs.map(lambda w: split.get(w, (None, None))[1]))
        refs = refs.mask(hit, None)
        sieve.note("road", hit.to_numpy(dtype=bool), "the road is said by its two ends: taken as "
                   "places")  # fmt: skip
    where.update(ref=refs, from_place=one, to_place=two)


def _polygons(shapes: npt.NDArray[np.object_], sieve: _Sieve) -> npt.NDArray[np.object_]:
    """Return valid MultiPolygons; what has no area is left out."""
    shapes = shapely.force_2d(shapes)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    sieve.drop("no geometry", ~there, "no geometry")
    broken = there & ~shapely.is_valid(shapes)
    sieve.note("not valid", broken, "an outline that crosses itself: repaired", "warning")
    fixed = np.array(shapes, dtype=object)
    fixed[broken] = shapely.make_valid(shapes[broken])
    out = np.full(len(fixed), None, dtype=object)
    for row, shape in enumerate(fixed):
        parts = [part for part in shapely.get_parts(shapely.get_parts(shape))
                 if part.geom_type == "Polygon" and part.area > 0]  # fmt: skip
        if parts and not is_missing(shape):
            out[row] = shapely.MultiPolygon(parts)
    sieve.drop("no polygon", np.array([shape is None for shape in out]), "not a polygon")
    return out
