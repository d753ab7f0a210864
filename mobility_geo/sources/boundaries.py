"""Administrative boundaries and their people, as publishers hand them round.

OCHA's COD-AB in its old and new spellings, geoBoundaries, GADM, Natural Earth, and any polygons
with a column map, ADM0 to ADM4. P-codes are text. Overlaps, gaps and units that do not fit those
above are measured in square kilometres of an equal-area projection, never guessed from a picture.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError, InputError, SchemaError, labels
from mobility_geo.schema import ZONES, check_table, suggest
from mobility_geo.sources.files import match_columns, plain_name, read_features, read_rows
from mobility_geo.sources.reading import Finding, Reading, findings_table

LEVELS: Final = (0, 1, 2, 3, 4)
LANGUAGES: Final = ("en", "fr", "pt", "es", "ar", "ht", "sw", "ru", "uk", "fa", "my", "vi", "so")
"""Languages of name columns such as `ADM1_FR`, in the order in which they are taken."""

KM2_M2: Final = 1e6
DEGREE_M: Final = 111_195.0
"""Length of a degree on a sphere of 6,371 km; for widths of slivers, not for distances."""

HALF_TURN_DEG: Final = 180.0
EDGE_DEG: Final = 179.99
EQUAL_AREA: Final = "EPSG:6933"
"""EASE-Grid 2.0: equal area between 86 degrees south and north."""

COD_LICENCE: Final = (
    "not stated in the file; most COD on HDX are CC BY-IGO: look at the page of the data set, and "
    "cite the national source that it names"
)
LICENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "OCHA COD-AB": COD_LICENCE,
        "geoBoundaries": "CC BY 4.0 (gbOpen); cite geoBoundaries (Runfola et al. 2020) and the "
        "source of the layer",
        "GADM": "GADM: academic and other non-commercial use only, redistribution not allowed",
        "Natural Earth": "public domain",
        "any polygons": "not stated in the file; ask whoever made it",
    }
)
OWN_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {"SDS": "SSD", "SAH": "ESH", "PSX": "PSE", "KOS": "XKX"}
)
"""Codes of Natural Earth's `adm0_a3` that are not those of ISO 3166-1 (its `ISO_A3_EH` has these;
XKX is user-assigned)."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]


def code_names(level: int) -> tuple[str, ...]:
    """Return the names in use of a column of P-codes.

    Parameters
    ----------
    level
        Administrative level, 0 to 4.

    Returns
    -------
    tuple of str
        The best first; those with ``#`` are HXL tags.

    Examples
    --------
    >>> code_names(1)[:3]
    ('adm1_pcode', 'admin1Pcod', 'admin1Pcode')
    """
    return (
        f"adm{level}_pcode", f"admin{level}Pcod", f"admin{level}Pcode", f"Rowcacode{level}",
        f"adm{level}_code", f"admin{level}_code", f"pcode_adm{level}", f"GID_{level}",
        f"#adm{level}+code", f"#adm{level}+pcode",
    )  # fmt: skip


def unit_names(level: int, language: str | None = None) -> tuple[str, ...]:
    """Return the names in use of a column of names of units.

    Parameters
    ----------
    level
        Administrative level, 0 to 4.
    language
        Two letters: of this language only.

    Returns
    -------
    tuple of str
        The best first; those with ``#`` are HXL tags.

    Examples
    --------
    >>> unit_names(1, "fr")
    ('adm1_fr', 'admin1Name_fr', 'adm1namefr')
    """
    one = () if language is None else (language,)
    spoken = tuple(
        f"{stem}{level}{mid}{tongue}"
        for tongue in one or LANGUAGES
        for stem, mid in (("adm", "_"), ("admin", "Name_"), ("adm", "name"))
    )
    if language is not None:
        return spoken
    plain = (f"adm{level}_name", f"admin{level}Name", f"admin{level}Nam", f"NAME_{level}")
    later = (f"adm{level}_name1", f"adm{level}_name2", f"adm{level}_ref", f"admin{level}RefN",
             f"adm{level}_ref_name", f"#adm{level}+name")  # fmt: skip
    return (*plain, *spoken, *later)


def read_boundaries(  # noqa: PLR0913
    path: str | Path,
    *,
    level: int | None = None,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: pyproj.CRS | str | int | None = None,
    country: str | None = None,
    pcode_vintage: str | None = None,
    language: str | None = None,
    encoding: str | None = None,
    merge_duplicates: bool = False,
) -> Reading:
    """Read administrative units of one level.

    Parameters
    ----------
    path
        Shapefile, GeoPackage, GeoJSON or any other file that GDAL reads, or a zip archive of one.
    level
        Administrative level, 0 to 4; taken from the columns and the name of the file if left
        out. A level above that of the file needs `merge_duplicates`.
    layer
        Which layer; needed if the file has several.
    columns
        Column map, ours to theirs, before everything that is detected; ours are ``pcode``,
        ``name``, ``parent_pcode``, ``country``, ``population_persons``, ``pcode_vintage``.
    crs
        Coordinate reference system, where the file states none.
    country
        ISO 3166-1 alpha-3 code, where the file has none; of a file with several countries, the
        one to keep.
    pcode_vintage
        Which list of which year the codes are from; from the dates in the file if left out.
    language
        Two letters, such as ``fr``: which of the names; where one is missing, another is taken.
    encoding
        Encoding of the text of a Shapefile; UTF-8 or else Windows-1252 if left out.
    merge_duplicates
        Make one unit of all polygons that have one P-code, instead of refusing them.

    Returns
    -------
    Reading
        One table, `mobility_geo.schema.ZONES`, WGS 84; the population is missing unless the file
        has it.

    Raises
    ------
    InputError
        If it cannot be read, the level, the country or a column is not clear, a P-code occurs
        twice, no polygon is left, or a polygon crosses the antimeridian.
    CRSError
        If no coordinate reference system is stated.

    Examples
    --------
    >>> from shapely import box
    >>> import tempfile
    >>> frame = gpd.GeoDataFrame(
    ...     {"ADM1_PCODE": ["ML07"], "ADM1_FR": ["Gao"]}, geometry=[box(-1, 15, 3, 18)], crs=4326
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_file(f"{folder}/mli_admbnda_adm1.geojson")
    ...     reading = read_boundaries(f"{folder}/mli_admbnda_adm1.geojson", pcode_vintage="2015")
    >>> reading.layer[["pcode", "name", "country"]].values.tolist()
    [['ML07', 'Gao', 'MLI']]
    """
    _check_words(level, country, language)
    frame, notes = read_features(path, layer=layer, crs=crs, encoding=encoding)
    name = _file_name(path)
    # features without geometry are told below, with their P-codes
    findings = [note for note in notes if note.check != "no geometry"]
    rows_read = len(frame)
    if not rows_read:
        msg = f"{name}: has no features"
        raise InputError(msg)
    fields = [str(column) for column in frame.columns if column != frame.active_geometry_name]
    publisher = _publisher(fields)
    level = _level(frame, fields, publisher, level, (name, layer or ""), columns)
    aliases = _aliases(frame, fields, publisher, level, language, name)
    found = match_columns(fields, aliases, where=name, needed=["pcode"], given=columns)
    frame = _of_country(frame, found, country, name, findings)
    table = gpd.GeoDataFrame(
        {
            "pcode": _codes(frame[found["pcode"]], name, findings),
            "adm_level": level,
            "population_persons": _people(frame, found, name, findings),
            "source": f"{publisher}: {name}",
        },
        geometry=gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index, crs=4326),
        crs=4326,
    )
    table["name"] = _names(frame, fields, aliases["name"], found, table["pcode"], name, findings)
    table["parent_pcode"] = _parents(frame, found, level)
    table["country"] = _countries(frame, found, country, name, findings)
    table["pcode_vintage"] = _vintage(frame, fields, found, pcode_vintage, publisher, name,
                                      findings)  # fmt: skip
    table = _with_code(table, name, findings)
    table = _polygons(table, name, findings)
    _refuse_antimeridian(table, name)
    table = _one_per_code(table, name, findings, merge=merge_duplicates)
    return Reading(
        file=name, publisher=publisher, licence=LICENCES[publisher],
        tables={"zones": check_table(table.reset_index(drop=True), ZONES)},
        rows_read=rows_read, rows_kept=len(table), findings=findings_table(findings),
        columns=MappingProxyType(found),
    )  # fmt: skip


def _file_name(path: str | Path) -> str:
    return str(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _check_words(level: int | None, country: str | None, language: str | None) -> None:
    """Check the words that a user gives.

    Raises
    ------
    InputError
        If one is not of its kind.
    """
    problems = []
    if level is not None and level not in LEVELS:
        problems.append(f"level={level!r}: must be 0, 1, 2, 3 or 4")
    if country is not None and not re.fullmatch(r"[A-Z]{3}", country):
        problems.append(f"country={country!r}: must be an ISO 3166-1 alpha-3 code such as 'MLI'")
    if language is not None and not re.fullmatch(r"[a-z]{2}", language):
        problems.append(f"language={language!r}: must be two letters such as 'fr'")
    if problems:
        raise InputError(problems)


def _publisher(fields: Iterable[str]) -> str:
    """Say whose form a layer has."""
    plain = {plain_name(field) for field in fields}
    if "shapename" in plain and plain & {"shapeid", "shapegroup", "shapeiso"}:
        return "geoBoundaries"
    if "gid0" in plain:
        return "GADM"
    if "adm0a3" in plain and plain & {"iso31662", "sova3"}:
        return "Natural Earth"
    if plain & {plain_name(word) for level in LEVELS for word in code_names(level)[:7]}:
        return "OCHA COD-AB"
    return "any polygons"


def named_level(text: str) -> int | None:
    """Return the administrative level that the name of a file or layer says.

    Examples
    --------
    >>> named_level("mli_admbnda_adm3_gov_ocha.shp"), named_level("zones.gpkg")
    (3, None)
    """
    said = re.findall(r"(?<![a-z])adm(?:in)?[ _-]?([0-4])(?![0-9])", text.casefold())
    return int(said[-1]) if len(set(said)) == 1 else None


def _level(
    frame: gpd.GeoDataFrame,
    fields: Sequence[str],
    publisher: str,
    level: int | None,
    called: tuple[str, str],
    columns: Mapping[str, str] | None,
) -> int:
    """Return the level: what is said, else what the columns and the name of the file say.

    Raises
    ------
    InputError
        If it is not clear, or the file has no columns of that level.
    """
    name = called[0]
    plain = {plain_name(field): field for field in fields}
    there = [
        k for k in LEVELS
        if any(plain_name(word) in plain and frame[plain[plain_name(word)]].notna().any()
               for word in code_names(k))
    ]  # fmt: skip
    said = named_level(called[1]) if named_level(called[1]) is not None else named_level(name)
    if publisher in {"OCHA COD-AB", "GADM"} and there and "pcode" not in (columns or {}):
        if level is None:
            return said if said in there else there[-1]
        if level not in there:
            msg = f"{name}: has no P-codes of ADM{level}; it has ADM{', ADM'.join(map(str, there))}"
            raise InputError(msg)
        return level
    if level is not None:
        return level
    if publisher == "geoBoundaries" and "shapetype" in plain:
        types = frame[plain["shapetype"]].dropna().astype(str).str.extract(r"^ADM([0-4])$")[0]
        kinds = sorted(set(types.dropna()))
        if len(kinds) == 1:
            return int(kinds[0])
    if publisher == "Natural Earth":
        return 1 if "iso31662" in plain else 0
    if said is None:
        msg = f"{name}: it does not say of which administrative level it is; say level=0 to 4"
        raise InputError(msg)
    return said


def _aliases(
    frame: gpd.GeoDataFrame,
    fields: Sequence[str],
    publisher: str,
    level: int,
    language: str | None,
    name: str,
) -> dict[str, Sequence[str]]:
    """Return the names in use of each of our columns, as this publisher has them.

    Raises
    ------
    InputError
        If there is no name in the language that is said.
    """
    plain = {plain_name(field): field for field in fields}
    spoken: tuple[str, ...] = ()
    if language is not None:
        spoken = (*unit_names(level, language), f"name_{language}",
                  *_spoken_columns(frame, plain, level, language))  # fmt: skip
        if not any(plain_name(word) in plain for word in spoken):
            names = [f for f in fields if re.search(r"nam|_[a-z]{2}$", f, flags=re.IGNORECASE)]
            msg = f"{name}: no names in language {language!r}; columns of names: {labels(names, 9)}"
            raise InputError(msg)
    above = code_names(level - 1) if level else ()
    aliases: dict[str, Sequence[str]] = {
        "pcode": (*code_names(level), "pcode", "HRpcode"),
        "name": (*spoken, *unit_names(level), "name", "HRname", "nom"),
        "parent_pcode": (*above, "parent_pcode", "HRparent"),
        "country": ("country_iso3", "iso3", "iso_3", "adm0_iso3", "admin0_iso3", "country"),
        "population_persons": ("population_persons",),
        "pcode_vintage": ("pcode_vintage",),
    }
    if publisher == "geoBoundaries":
        aliases["pcode"] = _geoboundaries_code(frame, plain)
        aliases["name"] = (*spoken, "shapeName")
        aliases["parent_pcode"] = ("shapeGroup",) if level == 1 else ()
        aliases["country"] = ("shapeGroup",)
    elif publisher == "GADM":
        aliases["country"] = ("GID_0",)
    elif publisher == "Natural Earth":
        both = ("iso_3166_2", "adm1_code") if level else ("ADM0_A3",)
        aliases["pcode"] = sorted(both, key=lambda word: not _is_key(frame, plain, word))
        aliases["name"] = (*spoken, "name", "name_en")
        aliases["parent_pcode"] = ("adm0_a3",) if level == 1 else ()
        aliases["country"] = ("adm0_a3",) if level else ("ISO_A3_EH", "ISO_A3", "ADM0_A3")
        if level == 0:
            aliases["population_persons"] = ("population_persons", "POP_EST")
    return aliases


def _is_key(frame: pd.DataFrame, plain: Mapping[str, str], word: str) -> bool:
    """Say whether a column is there, complete, and different in every row."""
    column = plain.get(plain_name(word))
    return (
        column is not None
        and bool(frame[column].notna().all())
        and bool(frame[column].astype(str).str.strip().ne("").all())
        and not bool(frame[column].duplicated().any())
    )


def _geoboundaries_code(frame: gpd.GeoDataFrame, plain: Mapping[str, str]) -> Sequence[str]:
    """Take ISO codes where every unit has one of its own, else the ids of geoBoundaries."""
    words = [word for word in ("shapeISO", "shapeID") if _is_key(frame, plain, word)]
    return words or ("shapeID", "shapeISO")


def _spoken_columns(
    frame: gpd.GeoDataFrame, plain: Mapping[str, str], level: int, language: str
) -> tuple[str, ...]:
    """Return the name columns whose language another column tells, as new COD-AB do."""
    words = []
    for number in ("", "1", "2", "3"):
        told = plain.get(f"lang{number}")
        if told is not None and bool((frame[told].dropna().astype(str) == language).any()):
            words.append(f"adm{level}_name{number}")
    return tuple(words)


def _of_country(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    country: str | None,
    name: str,
    findings: list[Finding],
) -> gpd.GeoDataFrame:
    """Keep the rows of one country, if one is said and the file names several.

    Raises
    ------
    InputError
        If none is of it.
    """
    if country is None or "country" not in found:
        return frame
    own = frame[found["country"]].astype("str").str.strip().str.upper()
    if not bool(own.str.fullmatch(r"[A-Z]{3}", na=False).any()):
        return frame
    kept = (own == country).to_numpy(dtype=bool)
    if not kept.any():
        msg = f"{name}: no row of country {country!r}{suggest(country, sorted(set(own.dropna())))}"
        raise InputError(msg)
    if not kept.all():
        gone = int((~kept).sum())
        findings.append(
            Finding(check="other countries", severity="note", table=name, id=f"{gone} rows",
                    value=gone, unit="rows", finding=f"left out, as only {country} is asked for")
        )  # fmt: skip
    return frame[kept]


def _codes(series: pd.Series, name: str, findings: list[Finding]) -> pd.Series:
    """Return P-codes as text."""
    if pd.api.types.is_numeric_dtype(series):
        findings.append(
            Finding(check="p-codes are numbers", severity="warning", table=name, id="all rows",
                    finding=f"column {series.name!r} holds numbers; made text, but zeros that "
                            "codes began with are lost")
        )  # fmt: skip
        text = [None if pd.isna(v) else str(int(v)) if float(v).is_integer() else str(v)
                for v in series]  # fmt: skip
    else:
        text = [None if pd.isna(v) else str(v).strip() or None for v in series]
    return pd.Series(text, index=series.index, dtype="str")


def _people(
    frame: gpd.GeoDataFrame, found: Mapping[str, str], name: str, findings: list[Finding]
) -> pd.Series:
    """Return the population, missing where the file has none."""
    if "population_persons" not in found:
        return pd.Series(np.nan, index=frame.index, dtype="float64")
    return persons_of(frame[found["population_persons"]], name, findings)


def persons_of(series: pd.Series, name: str, findings: list[Finding]) -> pd.Series:
    """Return numbers of people, however they are written; what is no number is missing and told.

    Parameters
    ----------
    series
        Numbers or text: ``1 234``, ``1,234``, ``1'234``.
    name
        What to call the file in findings.
    findings
        Where to tell; changed in place.

    Returns
    -------
    pandas.Series
        float64, persons.

    Examples
    --------
    >>> persons_of(pd.Series(["1 234", "1,234,567", None]), "x.csv", []).tolist()
    [1234.0, 1234567.0, nan]
    """
    text = series.astype("str").str.replace(r"[\s\u00a0\u202f']", "", regex=True)
    grouped = text.str.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", na=False)
    text = text.where(~grouped, text.str.replace(",", "", regex=False))
    number = pd.to_numeric(text, errors="coerce").astype("float64")
    wrong = (number.isna() & series.notna()) | (number < 0) | np.isinf(number)
    if bool(wrong.any()):
        count = int(wrong.sum())
        findings.append(
            Finding(check="no number of people", severity="warning", table=name,
                    id=f"{count} rows, e.g. {labels(series[wrong].astype(str))}", value=count,
                    unit="rows", finding="not a number >= 0 of persons; taken as not known")
        )  # fmt: skip
    return number.mask(wrong)


def _names(
    frame: gpd.GeoDataFrame,
    fields: Sequence[str],
    words: Sequence[str],
    found: Mapping[str, str],
    codes: pd.Series,
    name: str,
    findings: list[Finding],
) -> pd.Series:
    """Return names; where the best column has none, the next one, and the P-code at last."""
    plain = {plain_name(field): field for field in fields}
    order = [found["name"]] if "name" in found else []
    order += [plain[plain_name(word)] for word in words if plain_name(word) in plain]
    names = pd.Series(None, index=frame.index, dtype="str")
    for place, column in enumerate(dict.fromkeys(order)):
        text = frame[column].astype("str").str.strip()
        fill = names.isna() & text.notna() & (text != "")
        names = names.where(~fill, text)
        if place and bool(fill.any()):
            findings.append(
                Finding(check="other name", severity="note", table=name,
                        id=f"{int(fill.sum())} rows, e.g. {labels(text[fill])}",
                        value=int(fill.sum()), unit="rows",
                        finding=f"no name in {order[0]!r}; taken from {column!r}")
            )  # fmt: skip
    gone = names.isna() & codes.notna()
    if bool(gone.any()):
        findings.append(
            Finding(check="no name", severity="warning", table=name,
                    id=f"{int(gone.sum())} rows, e.g. {labels(codes[gone])}",
                    value=int(gone.sum()), unit="rows", finding="no name; called by the P-code")
        )  # fmt: skip
    return names.where(names.notna(), codes)


def _parents(frame: gpd.GeoDataFrame, found: Mapping[str, str], level: int) -> pd.Series:
    if level == 0 or "parent_pcode" not in found:
        return pd.Series(None, index=frame.index, dtype="str")
    return _codes(frame[found["parent_pcode"]], "", [])


def named_country(name: str) -> str | None:
    """Return the ISO 3166-1 alpha-3 code that OCHA and geoBoundaries put in the name of a file.

    Examples
    --------
    >>> named_country("mli_admbnda_adm1_gov.shp"), named_country("geoBoundaries-NER-ADM2.geojson")
    ('MLI', 'NER')
    """
    for pattern in (
        r"^([a-z]{3})[_-](?:adm|admin|pop|polbnd)",
        r"^geoboundaries-([a-z]{3})-",
        r"^gadm\d*_([a-z]{3})",
        r"^cod[_-]ab[_-]([a-z]{3})",
    ):
        said = re.match(pattern, name.casefold())
        if said:
            return said.group(1).upper()
    return None


def _countries(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    country: str | None,
    name: str,
    findings: list[Finding],
) -> pd.Series:
    """Return alpha-3 codes: from a column of them, what is said, P-codes of ADM0, the file name.

    Raises
    ------
    InputError
        If nothing tells.
    """
    codes = pd.Series(None, index=frame.index, dtype="str")
    plain = {plain_name(str(field)): field for field in frame.columns}
    tried = [found["country"]] if "country" in found else []
    words = (*code_names(0), "adm0_a3")
    tried += [plain[plain_name(word)] for word in words if plain_name(word) in plain]
    for column in tried:
        text = frame[column].astype("str").str.strip().str.upper()
        if plain_name(column) == "adm0a3":
            text = text.replace(dict(OWN_CODES))
        codes = codes.where(codes.notna(), text.where(text.str.fullmatch(r"[A-Z]{3}", na=False)))
    if country is not None:
        return codes.where(codes.notna(), country)
    gone = codes.isna()
    if bool(gone.any()):
        said = named_country(name)
        if said is None:
            msg = (
                f"{name}: {int(gone.sum())} rows tell no country as an ISO 3166-1 alpha-3 code; "
                "say country=..., for example country='MLI'"
            )
            raise InputError(msg)
        findings.append(
            Finding(check="country", severity="note", table=name, id=f"{int(gone.sum())} rows",
                    finding=f"{said}, as the name of the file says")
        )  # fmt: skip
        codes = codes.where(~gone, said)
    return codes


def _vintage(
    frame: gpd.GeoDataFrame,
    fields: Sequence[str],
    found: Mapping[str, str],
    given: str | None,
    publisher: str,
    name: str,
    findings: list[Finding],
) -> pd.Series:
    """Say which list of which date the codes are from."""
    unsaid = f"{publisher}, date not stated"
    if given is not None:
        return pd.Series(given, index=frame.index, dtype="str")
    if "pcode_vintage" in found:
        text = frame[found["pcode_vintage"]].astype("str")
        return text.where(text.notna(), unsaid)
    plain = {plain_name(field): field for field in fields}
    for word in ("validon", "version", "codversion", "date"):
        if word not in plain:
            continue
        raw = frame[plain[word]]
        if pd.api.types.is_datetime64_any_dtype(raw):
            raw = raw.dt.strftime("%Y-%m-%d")
        text = raw.astype("str").str.strip().str.replace("/", "-", regex=False)
        text = text.str.replace(r"[T ]00:00:00.*$", "", regex=True)
        if bool(text.notna().any()):
            return (publisher + " " + text).where(text.notna(), unsaid)
    if publisher != "Natural Earth":
        findings.append(
            Finding(check="vintage", severity="note", table=name, id="all rows",
                    finding="no date of the P-codes in the file; say pcode_vintage=... if you "
                            "join tables by P-code")
        )  # fmt: skip
    return pd.Series(unsaid, index=frame.index, dtype="str")


def _with_code(table: gpd.GeoDataFrame, name: str, findings: list[Finding]) -> gpd.GeoDataFrame:
    """Drop rows without P-code, and say so."""
    gone = table["pcode"].isna()
    if bool(gone.any()):
        lost = table[gone]
        there = lost[~lost.geometry.isna()]
        findings.append(
            Finding(check="no p-code", severity="warning", table=name,
                    id=f"{len(lost)} rows, e.g. {labels(lost['name'].fillna('no name'))}",
                    value=len(lost), unit="rows", finding="units without P-code; left out",
                    geometry=there.geometry.iloc[0] if len(there) else None)
        )  # fmt: skip
    return table[~gone]


def _polygons(table: gpd.GeoDataFrame, name: str, findings: list[Finding]) -> gpd.GeoDataFrame:
    """Return valid multipolygons; repair, and drop what has no area, with findings.

    Raises
    ------
    InputError
        If nothing is left.
    """
    shapes = shapely.force_2d(table.geometry.to_numpy())
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kinds = shapely.get_type_id(shapes)
    flat = ~empty & ~np.isin(kinds, (3, 6, 7))
    broken = ~empty & ~flat & ~shapely.is_valid(shapes)
    why = shapely.is_valid_reason(shapes[broken])
    shapes = shapes.copy()
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    nested = shapely.get_type_id(parts) >= 4  # noqa: PLR2004
    while nested.any():
        inner, inside = shapely.get_parts(parts[nested], return_index=True)
        parts = np.concatenate([parts[~nested], inner])
        owner = np.concatenate([owner[~nested], owner[nested][inside]])
        nested = shapely.get_type_id(parts) >= 4  # noqa: PLR2004
    whole = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)  # noqa: PLR2004
    order = np.argsort(owner[whole], kind="stable")
    made = np.full(len(shapes), None, dtype=object)
    shapely.multipolygons(parts[whole][order], indices=owner[whole][order], out=made)
    lost = np.unique(owner[~whole])
    lost = lost[~empty[lost] & ~flat[lost]]
    gone = np.array([shape is None or shape.is_empty for shape in made], dtype=bool)
    codes = table["pcode"].to_numpy()
    for mask, check, text in (
        (broken, "geometry repaired", f"not valid ({labels(why)}); repaired"),
        (flat, "no polygon", "points or lines among polygons; left out"),
        (empty, "no geometry", "units without geometry; left out"),
        (gone & ~flat & ~empty, "no area", "nothing left of the polygon; left out"),
    ):
        if mask.any():
            at = np.flatnonzero(mask)
            findings.append(
                Finding(check=check, severity="warning", table=name,
                        id=f"{len(at)} rows, e.g. {labels(codes[at])}", value=len(at), unit="rows",
                        finding=text, geometry=made[at[0]] or table.geometry.iloc[at[0]])
            )  # fmt: skip
    if len(lost):
        findings.append(
            Finding(check="other parts", severity="warning", table=name,
                    id=f"{len(lost)} rows, e.g. {labels(codes[lost])}", value=len(lost),
                    unit="rows", finding="points or lines beside the polygons; left out",
                    geometry=made[lost[0]])
        )  # fmt: skip
    if gone.all():
        msg = f"{name}: none of {len(table)} rows has a polygon and a P-code"
        raise InputError(msg)
    kept = table[~gone]
    return kept.set_geometry(gpd.GeoSeries(made[~gone], index=kept.index, crs=4326))


def _refuse_antimeridian(table: gpd.GeoDataFrame, name: str) -> None:
    """Refuse polygons on both sides of longitude 180.

    Raises
    ------
    InputError
        If there are any.
    """
    west, _, east, _ = shapely.bounds(table.geometry.to_numpy()).T
    wide = east - west > HALF_TURN_DEG
    if wide.any():
        codes = table["pcode"].to_numpy()[wide]
        msg = (
            f"{name}: {len(codes)} units span more than 180 degrees of longitude, e.g. "
            f"{labels(codes)}: they cross the antimeridian, where lengths and areas would be "
            "wrong; cut out the part that is needed, or take one country with country=..."
        )
        raise InputError(msg)
    if float(west.min()) < -EDGE_DEG and float(east.max()) > EDGE_DEG:
        msg = (
            f"{name}: reaches longitude -180 and 180: it crosses the antimeridian, where lengths "
            "and areas would be wrong; cut out the part that is needed"
        )
        raise InputError(msg)


def _one_per_code(
    table: gpd.GeoDataFrame, name: str, findings: list[Finding], *, merge: bool
) -> gpd.GeoDataFrame:
    """Make one unit of polygons with one P-code, or refuse them.

    Raises
    ------
    InputError
        If there are any and they are not to be merged.
    """
    twice = table["pcode"].duplicated(keep=False)
    if not bool(twice.any()):
        return table
    codes = sorted(set(table.loc[twice, "pcode"]))
    if not merge:
        msg = (
            f"{name}: {len(codes)} P-codes occur more than once, in {int(twice.sum())} rows, e.g. "
            f"{labels(codes)}; mend the file, or say merge_duplicates=True if they are parts of "
            "one unit"
        )
        raise InputError(msg)
    several = table[twice].groupby("pcode")["name"].nunique()
    named = several[several > 1]
    text = f"{int(twice.sum())} polygons made {len(codes)} units"
    if len(named):
        text += f"; names differ in {len(named)}, e.g. {labels(named.index)}: the first is kept"
    findings.append(
        Finding(check="duplicate p-code", severity="warning", table=name,
                id=f"{len(codes)} P-codes, e.g. {labels(codes)}", value=len(codes), unit="units",
                finding=text, geometry=table.loc[twice].geometry.iloc[0])
    )  # fmt: skip
    order = {code: number for number, code in enumerate(dict.fromkeys(table["pcode"]))}
    groups = table.groupby("pcode", sort=False)
    merged = groups.first()[[c for c in table.columns if c not in {"pcode", "geometry"}]]
    merged["population_persons"] = groups["population_persons"].sum(min_count=1)
    shapes = [shapely.union_all(part.to_numpy()) for _, part in groups["geometry"]]
    merged = merged.reset_index()
    made = gpd.GeoDataFrame(
        merged, geometry=gpd.GeoSeries([_multi(shape) for shape in shapes], crs=4326), crs=4326
    )
    return made.iloc[made["pcode"].map(order).argsort(kind="stable")]


def _multi(shape: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(
        [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    )


def areas_km2(shapes: Sequence[shapely.Geometry] | Shapes) -> Floats:
    """Return areas on the ellipsoid of WGS 84.

    Parameters
    ----------
    shapes
        Longitude and latitude in degrees.

    Returns
    -------
    numpy.ndarray
        Square kilometres: float64, one per shape; equal-area projection EASE-Grid 2.0.

    References
    ----------
    Brodzik et al. 2012, EASE-Grid 2.0, doi 10.3390/ijgi1010032.

    Examples
    --------
    >>> areas_km2([shapely.box(0, 0, 1, 1)]).round().tolist()
    [12308.0]
    """
    change = pyproj.Transformer.from_crs("EPSG:4326", EQUAL_AREA, always_xy=True)
    every = np.array(shapes, dtype=object)
    lon, lat = shapely.get_coordinates(every).T
    flat = shapely.set_coordinates(every, np.column_stack(change.transform(lon, lat)))
    return np.asarray(shapely.area(flat), dtype=np.float64) / KM2_M2


def _widths_m(shapes: Shapes) -> Floats:
    """Return the mean width of slivers in metres: twice the area over the perimeter."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    west, south, east, north = shapely.bounds(shapes).T
    points[:, 0] -= ((west + east) / 2)[owner]
    points[:, 0] *= np.cos(np.radians((south + north) / 2))[owner]
    local = shapely.set_coordinates(shapes.copy(), points * DEGREE_M)
    around = shapely.length(local)
    return np.asarray(
        np.divide(2 * shapely.area(local), around, out=np.zeros(len(shapes)), where=around > 0)
    )


def _areal(shapes: Shapes) -> tuple[Shapes, npt.NDArray[np.intp]]:
    """Return the polygons in shapes, and of which shape each is."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    deep = shapely.get_type_id(parts) == 6  # noqa: PLR2004
    if deep.any():
        inner, inside = shapely.get_parts(parts[deep], return_index=True)
        parts = np.concatenate([parts[~deep], inner])
        owner = np.concatenate([owner[~deep], owner[deep][inside]])
    kept = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)  # noqa: PLR2004
    return parts[kept], owner[kept]


def check_zones(
    zones: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    *,
    tolerance_m: float = 1.0,
    listed: int = 20,
) -> tuple[Finding, ...]:
    """Check P-codes, and measure overlaps, gaps and what lies outside the units above.

    Parameters
    ----------
    zones
        Units of one level, schema `mobility_geo.schema.ZONES`, WGS 84; P-codes may repeat.
    parents
        The units one level above, if there are any.
    tolerance_m
        Overlaps and gaps of less than this mean width are summed up in a note: lines drawn
        twice, not land that two units claim; metres, >= 0.
    listed
        So many of each kind get a finding of their own, the largest first; the rest get one
        together.

    Returns
    -------
    tuple of Finding
        Empty if all is well. Areas in km²; each with its place.

    Raises
    ------
    InputError
        If an argument is out of range, or the parents are not one level above.
    CRSError
        If a layer is not in WGS 84.

    Notes
    -----
    Without parents a gap is a hole in the union of all units: a lake is one, too, and a gap that
    opens to the outside is not seen.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"pcode": ["A1", "A2"], "adm_level": 1, "name": ["a", "b"], "parent_pcode": "A"},
    ...     geometry=[box(0, 0, 1, 1), box(0.9, 0, 2, 1)],
    ...     crs=4326,
    ... )
    >>> [(one.check, round(one.value), one.unit) for one in check_zones(zones)]
    [('overlap', 1231, 'km²')]
    """
    _check_layers(zones, parents, tolerance_m, listed)
    findings = [*_code_findings(zones), *_name_findings(zones)]
    shapes = _sound(zones)
    findings += _overlaps(zones, shapes, tolerance_m, listed)
    union = shapely.union_all(shapes)
    findings += _holes(union, tolerance_m, listed)
    if parents is not None:
        findings += _family(zones, shapes, parents, tolerance_m, listed)
    return tuple(findings)


def _check_layers(
    zones: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None, tolerance_m: float, listed: int
) -> None:
    """Check the arguments of `check_zones`.

    Raises
    ------
    InputError
        If one is out of range, or the parents are of another level.
    CRSError
        If a layer is not in WGS 84.
    """
    if not (np.isfinite(tolerance_m) and tolerance_m >= 0):
        msg = f"tolerance_m={tolerance_m!r}: must be >= 0 m"
        raise InputError(msg)
    if listed < 0:
        msg = f"listed={listed!r}: must be >= 0"
        raise InputError(msg)
    for name, layer in (("zones", zones), ("parents", parents)):
        if layer is None:
            continue
        in_degrees(layer, name)
        if not len(layer) or "pcode" not in layer:
            msg = f"{name}: no rows, or no column 'pcode'; read them with read_boundaries"
            raise InputError(msg)
    if parents is None or not {"adm_level"} <= set(zones.columns) & set(parents.columns):
        return
    upper, lower = int(parents["adm_level"].max()), int(zones["adm_level"].min())
    if upper != lower - 1:
        msg = f"parents are ADM{upper}, zones are ADM{lower}: give the units of ADM{lower - 1}"
        raise InputError(msg)


def in_degrees(layer: gpd.GeoDataFrame, name: str) -> None:
    """Check that a layer is in WGS 84.

    Parameters
    ----------
    layer
        Any layer.
    name
        What to call it.

    Raises
    ------
    CRSError
        If it is in another system, or states none.
    """
    if layer.crs is None or pyproj.CRS(layer.crs) != pyproj.CRS(4326):
        msg = f"{name}: must be in WGS 84 (EPSG:4326); use .to_crs(4326)"
        raise CRSError(msg)


def _sound(zones: gpd.GeoDataFrame) -> Shapes:
    shapes = zones.geometry.to_numpy().copy()
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    return np.asarray(shapes, dtype=object)


def _code_findings(zones: gpd.GeoDataFrame) -> list[Finding]:
    """Tell P-codes that occur twice, and those that do not begin with that of the unit above."""
    findings: list[Finding] = []
    codes = zones["pcode"]
    twice = codes.duplicated(keep=False) & codes.notna()
    for code, rows in zones[twice].groupby("pcode"):
        names = labels(dict.fromkeys(rows["name"])) if "name" in rows else ""
        findings.append(
            Finding(check="duplicate p-code", severity="error", table="zones", id=str(code),
                    value=len(rows), unit="rows", geometry=rows.geometry.iloc[0],
                    finding=f"P-code of {len(rows)} units {names}: tables joined by it would "
                            "count people twice")
        )  # fmt: skip
    if "parent_pcode" not in zones:
        return findings
    known = zones[zones["parent_pcode"].notna() & codes.notna()]
    pairs = zip(known["pcode"].astype(str), known["parent_pcode"].astype(str), strict=True)
    nested = np.array([own.startswith(above) for own, above in pairs], dtype=bool)
    if len(known) and not nested.any():
        findings.append(
            Finding(check="codes not nested", severity="note", table="zones", id="all rows",
                    finding="codes do not begin with those of the units above; not compared")
        )  # fmt: skip
    elif not nested.all():
        wrong = known[~nested]
        findings += [
            Finding(check="other parent", severity="error", table="zones", id=str(code), value=1,
                    unit="rows", geometry=shape,
                    finding=f"says that it belongs to {above!r}, which its P-code does not begin "
                            "with")
            for code, above, shape in zip(wrong["pcode"], wrong["parent_pcode"], wrong.geometry,
                                          strict=True)
        ]  # fmt: skip
    return findings


def _name_findings(zones: gpd.GeoDataFrame) -> list[Finding]:
    """Tell units of one parent that have one name."""
    if not {"name", "parent_pcode"} <= set(zones.columns):
        return []
    fold = zones["name"].astype("str").str.casefold()
    key = [zones["parent_pcode"].astype("str").fillna(""), fold]
    findings = []
    for (_, _), rows in zones[fold.notna()].groupby(key):
        if len(set(rows["pcode"])) > 1:
            findings.append(
                Finding(check="same name", severity="warning", table="zones",
                        id=labels(rows["pcode"]), value=len(rows), unit="rows",
                        geometry=rows.geometry.iloc[0],
                        finding=f"{len(rows)} units called {rows['name'].iloc[0]!r} under one "
                                "unit; do not join tables by name")
            )  # fmt: skip
    return findings


def _worst(
    pieces: Shapes,
    ids: Sequence[str],
    *,
    check: str,
    text: str,
    tolerance_m: float,
    listed: int,
    severity: str = "warning",
) -> list[Finding]:
    """Return findings of pieces of land: the largest one by one, the rest and slivers together."""
    if not len(pieces):
        return []
    km2, width = areas_km2(pieces), _widths_m(pieces)
    real = np.flatnonzero((width > tolerance_m) & (km2 > 0))
    real = real[np.argsort(-km2[real], kind="stable")]
    thin = np.flatnonzero((width <= tolerance_m) & (km2 > 0))
    findings = [
        Finding(check=check, severity=severity, table="zones", id=ids[at], value=float(km2[at]),
                unit="km²", geometry=pieces[at],
                finding=f"{text}: {km2[at]:,.3f} km², {width[at]:,.0f} m wide on average")
        for at in real[:listed]
    ]  # fmt: skip
    rest = real[listed:]
    if len(rest):
        findings.append(
            Finding(check=check, severity=severity, table="zones",
                    id=f"{len(rest)} more, e.g. {labels([ids[at] for at in rest[:3]])}",
                    value=float(km2[rest].sum()), unit="km²", geometry=pieces[rest[0]],
                    finding=f"{text}: {len(rest)} smaller ones, {km2[rest].sum():,.3f} km² in all")
        )  # fmt: skip
    if len(thin):
        worst = thin[np.argmax(km2[thin])]
        findings.append(
            Finding(check=f"{check} sliver", severity="note", table="zones",
                    id=f"{len(thin)}, e.g. {labels([ids[worst]])}",
                    value=float(km2[thin].sum()), unit="km²", geometry=pieces[worst],
                    finding=f"{text}: {len(thin)} not wider than {tolerance_m:g} m, "
                            f"{km2[thin].sum():,.4f} km² in all: one line drawn twice")
        )  # fmt: skip
    return findings


def _overlaps(
    zones: gpd.GeoDataFrame, shapes: Shapes, tolerance_m: float, listed: int
) -> list[Finding]:
    """Measure land that two units claim."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = one < other
    one, other = one[once], other[once]
    # units that only touch are the most, and a relation is cheaper to test than to cut
    shapely.prepare(shapes)
    touching = shapely.touches(shapes[one], shapes[other])
    one, other = one[~touching], other[~touching]
    pieces, owner = _areal(shapely.intersection(shapes[one], shapes[other]))
    codes = zones["pcode"].astype("str").fillna("no P-code").to_numpy()
    ids = [f"{codes[one[at]]} + {codes[other[at]]}" for at in owner]
    return _worst(pieces, ids, check="overlap", text="land of two units", tolerance_m=tolerance_m,
                  listed=listed, severity="error")  # fmt: skip


def _holes(union: shapely.Geometry, tolerance_m: float, listed: int) -> list[Finding]:
    """Measure holes in the union of all units."""
    parts, _ = _areal(np.array([union], dtype=object))
    rings, owner = shapely.get_rings(parts, return_index=True)
    inner = np.concatenate([[False], owner[1:] == owner[:-1]]) if len(owner) else np.array([])
    pieces = shapely.polygons(rings[inner.astype(bool)])
    centres = shapely.point_on_surface(pieces)
    ids = [f"at {shapely.get_x(c):.4f}, {shapely.get_y(c):.4f}" for c in centres]
    return _worst(np.asarray(pieces, dtype=object), ids, check="gap",
                  text="land inside that no unit has (or a lake)", tolerance_m=tolerance_m,
                  listed=listed)  # fmt: skip


def _family(
    zones: gpd.GeoDataFrame,
    shapes: Shapes,
    parents: gpd.GeoDataFrame,
    tolerance_m: float,
    listed: int,
) -> list[Finding]:
    """Compare units with the units above: who is missing, what lies outside, what is not filled."""
    above = parents.drop_duplicates("pcode")
    place = pd.Series(np.arange(len(above)), index=pd.Index(above["pcode"].astype("str")))
    said = zones["parent_pcode"] if "parent_pcode" in zones else pd.Series(None, index=zones.index)
    said = said.astype("str")
    at = place.reindex(said).to_numpy()
    codes = zones["pcode"].astype("str").fillna("no P-code").to_numpy()
    findings = []
    lost = np.isnan(at)
    if lost.any():
        known = labels(dict.fromkeys(said[lost].fillna("none said")))
        findings.append(
            Finding(check="no such parent", severity="error", table="zones",
                    id=f"{int(lost.sum())} rows, e.g. {labels(codes[lost])}",
                    value=int(lost.sum()), unit="rows", geometry=shapes[lost][0],
                    finding=f"units above that are not in the layer of parents: {known}")
        )  # fmt: skip
    whole = _sound(above)
    rows = np.flatnonzero(~lost)
    own = at[rows].astype(np.intp)
    shapely.prepare(whole)
    beyond = ~shapely.covers(whole[own], shapes[rows])
    rows, mother = rows[beyond], own[beyond]
    pieces, owner = _areal(shapely.difference(shapes[rows], whole[mother]))
    share = np.zeros(len(zones))
    if len(pieces):
        np.add.at(share, rows[owner], areas_km2(pieces))
        share[rows] /= areas_km2(shapes[rows])
    ids = [f"{codes[rows[i]]} ({share[rows[i]]:.2%} outside)" for i in owner]
    findings += _worst(pieces, ids, check="outside its parent",
                       text="land outside the unit above", tolerance_m=tolerance_m,
                       listed=listed)  # fmt: skip
    empty = sorted(set(place.index) - set(said.dropna()))
    if empty:
        findings.append(
            Finding(check="no units below", severity="note", table="zones",
                    id=f"{len(empty)} units above, e.g. {labels(empty)}", value=len(empty),
                    unit="units", finding="units above without any unit here: not compared")
        )  # fmt: skip
    return [*findings, *_unfilled(shapes, at, whole, place.index, tolerance_m, listed)]


def _unfilled(
    shapes: Shapes,
    at: Floats,
    whole: Shapes,
    names: pd.Index,
    tolerance_m: float,
    listed: int,
) -> list[Finding]:
    """Measure land of a unit above that none of its own units has."""
    known = ~np.isnan(at)
    order = np.flatnonzero(known)[np.argsort(at[known], kind="stable")]
    groups, first = np.unique(at[order].astype(np.intp), return_index=True)
    unions = np.array(
        [shapely.union_all(shapes[part]) for part in np.split(order, first[1:])], dtype=object
    )
    if not len(groups):
        return []
    pieces, owner = _areal(shapely.difference(whole[groups], unions))
    ids = [str(names[groups[i]]) for i in owner]
    return _worst(pieces, ids, check="unfilled parent", text="land of the unit above that none "
                  "of its units has", tolerance_m=tolerance_m, listed=listed)  # fmt: skip


POPULATION_NAMES: Final = (
    "population_persons", "T_TL", "population_total", "pop_total", "total_population",
    "population", "pop", "population totale", "population ensemble", "ensemble", "both_sexes",
    "total", "#population+total", "#population",
)  # fmt: skip
BREAKDOWNS: Final = ("year", "annee", "gender", "sex", "sexe", "age", "agerange", "agegroup")


def read_population_table(
    path: str | Path,
    zones: gpd.GeoDataFrame | None = None,
    *,
    level: int | None = None,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
) -> Reading:
    r"""Read a table of people by administrative unit.

    Parameters
    ----------
    path
        CSV or XLSX: OCHA COD-PS (``ADM2_PCODE``, ``T_TL``), HXL tags (``#population+total``), or
        plain.
    zones
        Units that the people are meant for: says the level, and P-codes are compared both ways.
    level
        Administrative level to give; the one of the zones, or the lowest in the table, if left
        out. Rows of lower levels are added up.
    columns
        Column map, ours to theirs: ``pcode``, ``population_persons``, ``name``.
    sheet
        Sheet of a workbook; needed if several have rows.
    encoding
        Encoding of a CSV file; UTF-8 or else Windows-1252 if left out.

    Returns
    -------
    Reading
        One table ``population``: ``pcode``, ``name``, ``population_persons``, ``source``; rows
        without zone stay in it and are told.

    Raises
    ------
    InputError
        If it cannot be read, a column is missing, a P-code has several rows, or no P-code is one
        of the zones.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/p.csv").write_text("ADM1_PCODE,T_TL\nML07,542 304\nML08,67739\n")
    ...     read_population_table(f"{folder}/p.csv").table["population_persons"].tolist()
    [542304.0, 67739.0]
    """
    _check_words(level, None, None)
    rows = read_rows(path, sheet=sheet, encoding=encoding)
    name = _file_name(path)
    frame, findings = rows.frame, list(rows.findings)
    names = [str(column) for column in frame.columns]
    there = [
        k for k in LEVELS if match_columns(names, {"x": code_names(k)}, where=name, tags=rows.tags)
    ]
    wanted = level
    if wanted is None and zones is not None and "adm_level" in zones and len(zones):
        wanted = int(zones["adm_level"].max())
    if wanted is None or (level is None and wanted not in there):
        wanted = there[-1] if there else None
    if level is not None and there and level not in there:
        msg = f"{name}: has no P-codes of ADM{level}; it has ADM{', ADM'.join(map(str, there))}"
        raise InputError(msg)
    codes = () if wanted is None else code_names(wanted)
    titles = () if wanted is None else unit_names(wanted)
    found = match_columns(
        names,
        {"pcode": (*codes, "pcode", "p_code", "code", "#adm+code", "#loc+code"),
         "population_persons": POPULATION_NAMES, "name": (*titles, "name", "nom", "#adm+name")},
        where=name, needed=["pcode", "population_persons"], given=columns, tags=rows.tags,
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "pcode": frame[found["pcode"]].astype("str"),
            "name": frame[found["name"]].astype("str") if "name" in found else None,
            "population_persons": persons_of(frame[found["population_persons"]], name, findings),
        }
    )
    table = _people_rows(table, name, findings)
    lower = wanted is not None and any(k > wanted for k in there) and "pcode" not in (columns or {})
    table = _summed(table, frame, name, findings, lower=lower)
    table["source"] = f"table of population: {name}"
    if zones is not None:
        findings += _unmatched(table, zones, name)
    cod = any(plain_name(n) in {"ttl", "ftl", "mtl"} for n in names)
    return Reading(
        file=name, publisher="OCHA COD-PS" if cod else "any table of population",
        licence=COD_LICENCE if cod else LICENCES["any polygons"],
        tables={"population": table.reset_index(drop=True)}, rows_read=len(frame),
        rows_kept=len(table), findings=findings_table(findings), columns=MappingProxyType(found),
    )  # fmt: skip


def _people_rows(table: pd.DataFrame, name: str, findings: list[Finding]) -> pd.DataFrame:
    """Drop rows without P-code or number, and say so.

    Raises
    ------
    InputError
        If none is left.
    """
    for column, what in (("pcode", "P-code"), ("population_persons", "number of people")):
        gone = table[column].isna()
        if bool(gone.any()):
            lost = table[gone]
            known = lost["name"].fillna("").where(lost["name"].notna(), lost["pcode"]).fillna("?")
            findings.append(
                Finding(check=f"no {what}".lower(), severity="warning", table=name,
                        id=f"{len(lost)} rows, e.g. {labels(known)}", value=len(lost), unit="rows",
                        persons=float(lost["population_persons"].sum()),
                        finding=f"rows without {what}, such as totals; left out")
            )  # fmt: skip
        table = table[~gone]
    if table.empty:
        msg = f"{name}: no row has a P-code and a number of people"
        raise InputError(msg)
    return table


def _summed(
    table: pd.DataFrame, frame: pd.DataFrame, name: str, findings: list[Finding], *, lower: bool
) -> pd.DataFrame:
    """Add up the rows of lower levels; several rows per P-code are refused else.

    Raises
    ------
    InputError
        If a P-code has several rows of one level.
    """
    twice = table["pcode"].duplicated(keep=False)
    if not bool(twice.any()):
        return table
    if not lower:
        by = [str(c) for c in frame.columns if plain_name(str(c)) in BREAKDOWNS]
        why = f": rows are by {labels(by)}; keep one of each first" if by else "; mend the file"
        codes = sorted(set(table.loc[twice, "pcode"]))
        msg = f"{name}: {len(codes)} P-codes have several rows, e.g. {labels(codes)}{why}"
        raise InputError(msg)
    groups = table.groupby("pcode", sort=False)
    added = groups.agg({"name": "first", "population_persons": "sum"}).reset_index()
    findings.append(
        Finding(check="added up", severity="note", table=name, id=f"{len(table)} rows",
                value=len(added), unit="units",
                finding=f"rows of a lower level added up to {len(added)} units")
    )  # fmt: skip
    return added


def _unmatched(table: pd.DataFrame, zones: gpd.GeoDataFrame, name: str) -> list[Finding]:
    """Compare P-codes both ways.

    Raises
    ------
    InputError
        If none is in both.
    """
    known = zones["pcode"].astype("str")
    lost = table[~table["pcode"].isin(known)]
    bare = zones[~known.isin(table["pcode"]).to_numpy(dtype=bool)]
    if len(lost) == len(table):
        msg = (
            f"{name}: none of {len(table)} P-codes is one of the zones: {labels(table['pcode'])} "
            f"against {labels(known)}; another level, another country, or another list of codes"
        )
        raise InputError(msg)
    findings = []
    if len(lost):
        people = float(lost["population_persons"].sum())
        findings.append(
            Finding(check="p-code without zone", severity="warning", table=name,
                    id=f"{len(lost)} rows, e.g. {labels(lost['pcode'])}", value=len(lost),
                    unit="rows", persons=people,
                    finding=f"{people:,.0f} people of units that are not among the zones")
        )  # fmt: skip
    if len(bare):
        findings.append(
            Finding(check="zone without people", severity="warning", table="zones",
                    id=f"{len(bare)} zones, e.g. {labels(bare['pcode'])}", value=len(bare),
                    unit="zones", geometry=bare.geometry.iloc[0],
                    finding=f"zones that the table {name} has no number for")
        )  # fmt: skip
    return findings


def add_population(
    zones: gpd.GeoDataFrame,
    table: pd.DataFrame,
    *,
    unmatched: Literal["refuse", "leave"] = "refuse",
) -> gpd.GeoDataFrame:
    """Return a copy of zones with the population of a table.

    Parameters
    ----------
    zones
        With `pcode`.
    table
        `pcode` and `population_persons` (persons, >= 0), one row per P-code, as from
        `read_population_table`.
    unmatched
        What to do with people of P-codes that are not among the zones: ``refuse``, or ``leave``
        them out.

    Returns
    -------
    geopandas.GeoDataFrame
        Zones that the table does not have get a missing population, never 0.

    Raises
    ------
    InputError
        If P-codes repeat, none fits, or people would be left out and `unmatched` is ``refuse``.
    SchemaError
        If the table lacks a column.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame({"pcode": ["A", "B"]}, geometry=[box(0, 0, 1, 1)] * 2, crs=4326)
    >>> people = pd.DataFrame({"pcode": ["B"], "population_persons": [5.0]})
    >>> add_population(zones, people)["population_persons"].tolist()
    [nan, 5.0]
    """
    if unmatched not in {"refuse", "leave"}:
        msg = f"unmatched={unmatched!r}: must be 'refuse' or 'leave'"
        raise InputError(msg)
    missing = {"pcode", "population_persons"} - set(table.columns)
    if missing:
        msg = f"population: no column {labels(sorted(missing))}; read it with read_population_table"
        raise SchemaError(msg)
    for name, frame in (("zones", zones), ("population", table)):
        twice = frame["pcode"][frame["pcode"].duplicated()]
        if len(twice):
            msg = f"{name}: P-codes must be unique; {labels(dict.fromkeys(twice))} occur twice"
            raise InputError(msg)
    lost = table[~table["pcode"].isin(zones["pcode"])]
    if len(lost) and (unmatched == "refuse" or len(lost) == len(table)):
        msg = (
            f"population: {len(lost)} of {len(table)} P-codes are not among the zones, e.g. "
            f"{labels(lost['pcode'])}, with {lost['population_persons'].sum():,.0f} people; mend "
            "the codes, or say unmatched='leave' to leave them out"
        )
        raise InputError(msg)
    people = table.set_index("pcode")["population_persons"].astype("float64")
    made = zones.copy()
    made["population_persons"] = people.reindex(zones["pcode"]).to_numpy()
    return made
