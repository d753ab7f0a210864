"""Displaced people by place: tables of IOM DTM, UNHCR and HDX, HXL tags, and plain ones."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import DISPLACEMENT, PEOPLE_KINDS, check_table, suggest
from mobility_geo.sources.cells import bare_words, column_dates, column_numbers, degrees
from mobility_geo.sources.files import match_columns, plain_name, read_rows
from mobility_geo.sources.reading import Finding, Reading, findings_table

LICENCES: Final[Mapping[str, str]] = MappingProxyType({
    "IOM DTM": "IOM DTM: its terms of use; cite IOM, operation, round and date",
    "UNHCR": "UNHCR population statistics: its terms of use; cite UNHCR and the day of extraction",
    "HDX HAPI": "that of the data set on HDX which the column dataset_hdx_id names",
    "table with HXL tags": "not stated in the file; ask who published it before results go out",
    "plain table": "not stated in the file; ask who published it before results go out",
})  # fmt: skip

LEVELS: Final = (4, 3, 2, 1, 0)
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "origin": ("origin", "idporiginadmin2pcode", "idporiginadmin1pcode", "coo_iso",
               "country of origin (iso)", "origin_location_code", "origin_admin2_code",
               "origin_admin1_code", "origin_pcode", "orig_pcode", "#adm2+origin+code",
               "#adm1+origin+code", "#country+origin+code", "coo"),
    "origin_name": ("origin_name", "idporiginadmin2name", "idporiginadmin1name", "coo_name",
                    "country of origin", "origine", "provenance", "#adm2+origin+name",
                    "#adm1+origin+name", "#country+origin+name"),
    "destination": ("destination", "destination_code", "coa_iso", "country of asylum (iso)",
                    "asylum_location_code", "dest_pcode", "pcode", "p-code", "site_id", "ssid",
                    "#loc+code", "coa"),
    **{f"code{level}": (f"admin{level}pcode", f"admin{level}_code", f"adm{level}_pcode",
                        f"admin{level}_pcode", *(("location_code", "#country+code") if not level
                                                 else (f"#adm{level}+code",)))
       for level in LEVELS},
    "destination_name": ("destination_name", "site_name", "coa_name", "country of asylum", "place",
                         "location", "lieu", "localite", "camp", "site", "nom du site", "name",
                         "#loc+name"),
    **{f"name{level}": (f"admin{level}name", f"admin{level}_name", f"adm{level}_name",
                        f"adm{level}_en", f"adm{level}_fr",
                        f"provider_admin{level}_name", *(("country", "pays", "#country+name")
                                                        if not level else (f"#adm{level}+name",)))
       for level in LEVELS},
    "kind": ("kind", "population_type", "population_group", "category", "type of population"),
    "persons": ("persons", "people", "individuals", "population", "number of individuals", "value",
                "total individuals", "individus", "nombre d individus", "personnes", "nb personnes",
                "flow", "#affected+ind", "#affected", "#population+total", "#population"),
    "households": ("households", "number of households", "hh", "menages", "nombre de menages",
                   "total households"),
    "date": ("date", "reporting_date", "reportingdate", "report_date", "survey_date",
             "reference_period_end", "date du rapport", "#date+reported", "#date+end", "#date"),
    "year": ("year", "annee", "#date+year"),
    "round": ("round", "roundnumber", "round_number", "reporting_round", "#round+code", "#round"),
    "operation": ("operation", "#operation+name", "#operation"),
    "lon": ("lon", "longitude", "long", "x", "lng", "point_x", "#geo+lon"),
    "lat": ("lat", "latitude", "y", "point_y", "#geo+lat"),
    "level": ("admin_level", "adminlevel"),
    "error": ("error",),
    "gender": ("gender",),
    "age_range": ("age_range",),
    "record": ("id", "#id+code", "#meta+id"),
})  # fmt: skip
"""Names that the columns of such tables have, the surest first."""

KIND_COLUMNS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType({
    "idps": ("idp", ("numpresentidpind", "idps", "idp", "idp_individuals", "total idps",
                     "number of idps", "idps of concern to unhcr", "pdi", "nombre de pdi",
                     "individus pdi", "deplaces", "deplaces internes", "#affected+idps+ind",
                     "#affected+idps")),
    "refugees": ("refugee", ("refugees", "refugee", "refugies",
                             "refugees under unhcr's mandate", "#affected+refugees")),
    "asylum_seekers": ("refugee", ("asylum_seekers", "asylum-seekers", "demandeurs d asile",
                                   "#affected+asylum")),
    "oip": ("refugee", ("oip", "other people in need of international protection")),
    "returned_refugees": ("returnee", ("returned_refugees", "returned refugees",
                                       "refugies rapatries")),
    "returned_idps": ("returnee", ("returned_idps", "returned idps")),
    "returnees": ("returnee", ("returnees", "returnee", "retournes", "rapatries",
                               "#affected+returnees")),
    "hst": ("resident", ("hst", "host_community", "host community", "#affected+host")),
    "stateless": ("", ("stateless", "stateless persons")),
    "ooc": ("", ("ooc", "others_of_concern", "others of concern")),
})  # fmt: skip
"""Columns of wide tables with the kind of people each counts; none fits the last two."""

HOUSEHOLD_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "idps": ("idp_households", "idps_households", "number of idp households", "#affected+idps+hh"),
    "returnees": ("returnee_households", "#affected+returnees+hh"),
    "refugees": ("refugee_households", "#affected+refugees+hh"),
})  # fmt: skip

KIND_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    **{kind: kind for kind in PEOPLE_KINDS},
    "third country": "third_country", "tcn": "third_country", "third country nationals":
    "third_country", "ref": "refugee", "refugees": "refugee", "refugies": "refugee",
    "refugie": "refugee", "asy": "refugee", "asylum seekers": "refugee", "asylum seeker": "refugee",
    "demandeurs d asile": "refugee", "oip": "refugee", "roc": "refugee", "idps": "idp",
    "internally displaced persons": "idp", "pdi": "idp", "deplaces internes": "idp",
    "deplaces": "idp", "ret": "returnee", "rdp": "returnee", "returnees": "returnee",
    "returned refugees": "returnee", "returned idps": "returnee", "retournes": "returnee",
    "rapatries": "returnee", "hst": "resident", "host community": "resident",
    "residents": "resident", "population hote": "resident", "pastoralists": "pastoral",
})  # fmt: skip

TOTALS: Final = frozenset({"total", "totals", "grand total", "total general", "ensemble", "somme",
                           "sum", "sous total", "subtotal"})  # fmt: skip
DETAILS: Final = frozenset({"f", "m", "male", "female", "children", "adults", "infants", "elderly",
                            "age"})  # fmt: skip


def read_displacement(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    kind: str | None = None,
    level: int | None = None,
    latest_round: bool = False,
) -> Reading:
    r"""Read a table of displaced people by place, and by origin where it is given.

    The columns of IOM DTM (API version 3, and its files on HDX), UNHCR, HDX HAPI and HXL tags are
    known; a wide table (a column per kind of people) becomes a row per kind. Codes stay text.

    Parameters
    ----------
    path
        CSV or XLSX, or a zip archive with one of them.
    columns
        Ours to theirs, where a column is not found by its name; keys are those of `COLUMNS`,
        `KIND_COLUMNS`, and of `HOUSEHOLD_COLUMNS` with ``_households`` behind them.
    sheet
        Sheet of a workbook; needed if several have rows.
    encoding
        Encoding of a CSV file; found out if left out.
    kind
        Kind of people of the whole table, where it does not say it.
    level
        Keep only rows of this administrative level, 0 to 4: a file that holds several counts
        everybody several times.
    latest_round
        Keep only the last round of each operation and place.

    Returns
    -------
    Reading
        Table ``displacement``, schema `mobility_geo.schema.DISPLACEMENT`; persons are missing where
        the publisher withholds them (``*``) or has none (``-``), never 0. `Reading.rows_kept`
        counts rows of the file of which something is in the table.

    Raises
    ------
    InputError
        If the file cannot be read, names no place or no number of people, does not say which
        kind of people it counts, or no row is left.

    Notes
    -----
    Figures are stocks at a date. Sums must stay within one round of one operation and one level.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text(
    ...         "year,coo_iso,coa_iso,refugees,idps\n2012,MLI,NER,50204,-\n"
    ...     )
    ...     table = read_displacement(f"{folder}/a.csv").table
    >>> table["destination"].tolist(), table["kind"].tolist(), table["persons"].tolist()
    (['NER'], ['refugee'], [50204.0])
    """
    _check_words(kind, level)
    rows = read_rows(path, sheet=sheet, encoding=encoding)
    name = Path(path).name
    findings = list(rows.findings)
    found = _matched(rows.frame.columns, rows.tags, columns or {}, name)
    frame = _usable(rows.frame, found, level, name, findings)
    publisher = _publisher(rows.frame.columns, rows.tags)
    base = _places(frame, found, level, name, findings)
    base["source"] = f"{publisher}: {name}" if publisher in {"IOM DTM", "UNHCR"} else name
    _dates(frame, found, publisher, base, name, findings)
    table = _people(frame, found, base, kind, publisher, name, findings)
    table = _rounds(table, name, findings, latest_round=latest_round)
    if table.empty:
        msg = f"{name}: none of its {len(rows.frame):,} rows has people and a place: " + "; ".join(
            f"{one.id}: {one.finding}" for one in findings
        )
        raise InputError(msg)
    kept = table.pop("_row").nunique()
    table = table.reset_index(drop=True)[list(DISPLACEMENT.names)]
    return Reading(
        file=name, publisher=publisher, licence=LICENCES[publisher],
        tables={"displacement": check_table(table, DISPLACEMENT)}, rows_read=len(rows.frame),
        rows_kept=int(kept), findings=findings_table(findings), columns=MappingProxyType(found),
    )  # fmt: skip


def _check_words(kind: str | None, level: int | None) -> None:
    """Check what a user says of the whole table.

    Raises
    ------
    InputError
        If it is not known.
    """
    if kind is not None and kind not in PEOPLE_KINDS:
        msg = f"kind={kind!r} is not known{suggest(kind, PEOPLE_KINDS)}"
        raise InputError(msg)
    if level is not None and level not in LEVELS:
        msg = f"level={level} must be 0 to 4"
        raise InputError(msg)


def _matched(
    names: pd.Index, tags: Mapping[str, str], given: Mapping[str, str], name: str
) -> dict[str, str]:
    """Find the columns; tags of origins, households and parts never stand for whole people.

    Raises
    ------
    InputError
        If there is no place, or no number of people.
    """
    parts = {tag: set(tag.split("+")[1:]) for tag in tags}
    whole = {tag: tags[tag] for tag in tags if not parts[tag] & (DETAILS | {"hh"})}
    homes = {tag: tags[tag] for tag in tags if "hh" in parts[tag]}
    here = {tag: one for tag, one in whole.items() if "origin" not in parts[tag]}
    away = {tag: one for tag, one in whole.items() if "origin" in parts[tag]}
    origins = {"origin", "origin_name"}
    groups = (
        ({k: v for k, v in COLUMNS.items() if k in origins}, away),
        ({k: v for k, v in COLUMNS.items() if k not in origins}, here),
        ({k: v for k, (_, v) in KIND_COLUMNS.items()}, here),
        ({f"{k}_households": v for k, v in HOUSEHOLD_COLUMNS.items()}, homes),
    )
    known = [ours for aliases, _ in groups for ours in aliases]
    wrong = [f"{name}: the column map has {one!r}{suggest(one, known)}" for one in given
             if one not in known]  # fmt: skip
    if wrong:
        raise InputError(wrong)
    found: dict[str, str] = {}
    for aliases, own in groups:
        mine = {ours: theirs for ours, theirs in given.items() if ours in aliases}
        found |= match_columns(names, aliases, where=name, given=mine, tags=own)
    problems = []
    shown = labels(names, 20)
    if not [one for one in found if one.startswith(("destination", "code", "name"))]:
        problems.append(
            f"{name}: no column for the place where people are; it has {shown}; name it with the "
            "column map, for example columns={'destination': ...}"
        )
    if not ({"persons", *KIND_COLUMNS} & set(found)):
        problems.append(
            f"{name}: no column with a number of people; it has {shown}; name it with the column "
            "map, for example columns={'persons': ...}"
        )
    if problems:
        raise InputError(problems)
    return found


def _publisher(names: pd.Index, tags: Mapping[str, str]) -> str:
    plain = {plain_name(one) for one in names}
    if "numpresentidpind" in plain:
        return "IOM DTM"
    if plain & {"coaiso", "coa", "countryofasylumiso"}:
        return "UNHCR"
    if "resourcehdxid" in plain:
        return "HDX HAPI"
    return "table with HXL tags" if tags else "plain table"


def _tell(
    findings: list[Finding],
    name: str,
    check: str,
    rows: pd.Series,
    text: str,
    severity: str = "warning",
) -> None:
    """Add a finding about some rows, if there are any."""
    count = int(rows.sum())
    if count:
        findings.append(
            Finding(check=check, severity=severity, table=name, value=count, unit="rows",
                    id=f"{count} rows, e.g. {labels(rows.index[rows.astype(bool)] + 1)}",
                    finding=text)
        )  # fmt: skip


def _usable(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    level: int | None,
    name: str,
    findings: list[Finding],
) -> pd.DataFrame:
    """Leave out rows with an error, parts of a whole, and rows that stand twice."""
    if "error" in found:
        bad = frame[found["error"]].notna()
        _tell(findings, name, "error of the publisher", bad, "marked as wrong; left out")
        frame = frame[~bad]
    for part in ("gender", "age_range"):
        if part in found:
            whole = frame[found[part]].fillna("all").str.casefold().isin(["all", "total"])
            if whole.any():
                _tell(findings, name, f"parts by {part}", ~whole,
                      "are parts of another row; left out", "note")  # fmt: skip
                frame = frame[whole]
    if level is not None and "level" in found:
        other = column_numbers(frame[found["level"]], name)[0] != level
        _tell(findings, name, "other level", other, f"not of level {level}; left out", "note")
        frame = frame[~other]
    twice = frame.duplicated()
    _tell(findings, name, "duplicate rows", twice, "are the same as another row; left out")
    frame = frame[~twice]
    if "record" in found:
        rest = frame.columns.drop(found["record"])
        _tell(findings, name, "duplicate but for the id", frame.duplicated(subset=list(rest)),
              "differ from another row in their id only; kept, look at them")  # fmt: skip
    return frame


def _column(frame: pd.DataFrame, found: Mapping[str, str], ours: str) -> pd.Series:
    if ours in found:
        return frame[found[ours]].rename(found[ours])
    return pd.Series(None, index=frame.index, dtype=object, name=ours)


def _places(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    level: int | None,
    name: str,
    findings: list[Finding],
) -> pd.DataFrame:
    """Return where people are and come from: by code, by name where there is none."""
    code = _column(frame, found, "destination")
    finest = pd.Series(np.nan, index=frame.index)
    for k in LEVELS:
        more = _column(frame, found, f"code{k}")
        finest = finest.mask(code.isna() & more.notna(), float(k))
        code = code.where(code.notna(), more)
    label = _column(frame, found, "destination_name")
    for k in LEVELS:
        label = label.where(label.notna(), _column(frame, found, f"name{k}"))
    table = pd.DataFrame({"destination": code.where(code.notna(), label),
                          "destination_name": label}, index=frame.index, dtype=object)  # fmt: skip
    _tell(findings, name, "no code of the place", code.isna() & label.notna(),
          "have a name only; the name stands for the code")  # fmt: skip
    at = finest.dropna().unique()
    if len(at) > 1 and level is None:
        counts = ", ".join(f"level {int(k)}: {int((finest == k).sum()):,}" for k in sorted(at))
        findings.append(
            Finding(check="several levels", severity="warning", table=name, id="all rows",
                    finding=f"places are of several levels ({counts} rows): a sum over all of them "
                            "counts people twice if one lies in another; read one with level=...")
        )  # fmt: skip
    origin = _column(frame, found, "origin")
    origin_name = _column(frame, found, "origin_name")
    table["origin"] = origin.where(origin.notna(), origin_name)
    _tell(findings, name, "no code of the origin", origin.isna() & origin_name.notna(),
          "have a name only; the name stands for the code", "note")  # fmt: skip
    findings += [
        Finding(check="codes of UNHCR", severity="warning", table=name,
                id=f"column {found[ours]!r}",
                finding="holds codes of UNHCR, which are not those of ISO 3166")
        for ours in ("origin", "destination")
        if plain_name(found.get(ours, "")) in {"coo", "coa"}
    ]  # fmt: skip
    table["round"] = _column(frame, found, "round").astype(object)
    table["operation"] = _column(frame, found, "operation").astype(object)
    _positions(frame, found, table, name, findings)
    total = _means_total(table["destination"]) | _means_total(label)
    _tell(findings, name, "totals", total, "are sums of other rows; left out")
    nowhere = table["destination"].isna()
    _tell(findings, name, "no place", nowhere, "do not say where people are; left out")
    other = pd.Series(data=False, index=frame.index)
    if level is not None and "level" not in found:
        other = finest.ne(level) & ~nowhere & ~total
        _tell(findings, name, "other level", other, f"not of level {level}; left out", "note")
    return table[~total & ~nowhere & ~other].copy()


def _means_total(cells: pd.Series) -> pd.Series:
    return cells.isin([text for text in cells.dropna().unique() if bare_words(text) in TOTALS])


def _positions(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    table: pd.DataFrame,
    name: str,
    findings: list[Finding],
) -> None:
    """Put longitude and latitude into the table."""
    lon, lon_found = column_numbers(_column(frame, found, "lon"), name, decimal_comma=True)
    lat, lat_found = column_numbers(_column(frame, found, "lat"), name, decimal_comma=True)
    table["lon"], table["lat"], wrong = degrees(lon, lat, name)
    findings += [*lon_found, *lat_found, *wrong]


def _dates(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    publisher: str,
    base: pd.DataFrame,
    name: str,
    findings: list[Finding],
) -> None:
    """Put the day of the figures into the table."""
    days, wrong = column_dates(_column(frame, found, "date"), name)
    findings += wrong
    if "date" not in found and "year" in found:
        year = _column(frame, found, "year")
        days, wrong = column_dates((year + "-12-31").rename(found["year"]), name)
        findings += wrong
        findings.append(
            Finding(check="date", severity="note", table=name, id="all rows",
                    finding="a year is given only; the figure is taken as that of 31 December"
                    + (", as UNHCR counts" if publisher == "UNHCR" else ""))
        )  # fmt: skip
    # an empty table would take over the rows of what is put into it
    base["date"] = days.reindex(base.index)


def _people(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    base: pd.DataFrame,
    kind: str | None,
    publisher: str,
    name: str,
    findings: list[Finding],
) -> pd.DataFrame:
    """Return one row per place and kind of people.

    Raises
    ------
    InputError
        If it is not known which kind of people is counted.
    """
    frame = frame.loc[base.index]
    base["_row"] = base.index
    wide = [one for one in KIND_COLUMNS if one in found]
    if not wide:
        return _long(frame, found, base, kind, publisher, name, findings)
    parts = []
    for one in wide:
        persons, wrong = _counted(frame[found[one]], name, findings)
        findings += wrong
        means = kind or KIND_COLUMNS[one][0] if len(wide) == 1 else KIND_COLUMNS[one][0]
        homes = f"{one}_households"
        households, _ = _counted(
            _column(frame, found, homes if homes in found or len(wide) > 1 else "households"),
            name, findings,
        )  # fmt: skip
        if not means:
            lost = persons.fillna(0).sum()
            findings.append(
                Finding(check="kind of people", severity="warning", table=name,
                        id=f"column {found[one]!r}", value=float(lost), unit="persons",
                        finding=f"no kind of people of ours fits; {lost:,.0f} persons left out")
            )  # fmt: skip
            continue
        if one in {"asylum_seekers", "oip"} and bool((persons > 0).any()):
            findings.append(
                Finding(check="kind of people", severity="note", table=name,
                        id=f"column {found[one]!r}", value=float(persons.sum()), unit="persons",
                        finding=f"counted as {means}, in rows of their own")
            )  # fmt: skip
        part = base.assign(kind=means, persons=persons, households=households)
        # a blank says nothing; a figure that is withheld says that people are there
        said = frame[found[one]].notna() | households.notna()
        if not said.all():
            findings.append(
                Finding(check="no figure", severity="note", table=name,
                        id=f"{int((~said).sum())} cells of {found[one]!r}",
                        value=float((~said).sum()), unit="cells",
                        finding="are blank or '-': not known, no row is made of them")
            )  # fmt: skip
        parts.append(part[said])
    if not parts:
        return base.assign(kind="", persons=np.nan, households=np.nan).iloc[:0]
    return pd.concat(parts).sort_index(kind="stable")


def _counted(
    cells: pd.Series, name: str, findings: list[Finding]
) -> tuple[pd.Series, list[Finding]]:
    """Return a column of people or households; a number below 0 is none."""
    numbers, wrong = column_numbers(cells, name)
    below = numbers < 0
    _tell(findings, name, "number below 0", below, f"in {cells.name!r}; taken as missing")
    return numbers.mask(below), wrong


def _long(
    frame: pd.DataFrame,
    found: Mapping[str, str],
    base: pd.DataFrame,
    kind: str | None,
    publisher: str,
    name: str,
    findings: list[Finding],
) -> pd.DataFrame:
    """Return the rows of a table with one column of people.

    Raises
    ------
    InputError
        If it is not known which kind of people is counted.
    """
    persons, wrong = _counted(frame[found["persons"]], name, findings)
    findings += wrong
    households, wrong = _counted(_column(frame, found, "households"), name, findings)
    findings += wrong
    table = base.assign(persons=persons, households=households)
    blank = persons.isna() & households.isna()
    _tell(findings, name, "no figure", blank, "say no number of people; kept as missing, never 0")
    if kind is not None:
        return table.assign(kind=kind)
    if "kind" in found:
        said = frame[found["kind"]]
        means = {text: KIND_WORDS.get(bare_words(text)) for text in said.dropna().unique()}
        table["kind"] = said.map(means)
        odd = table["kind"].isna()
        if odd.any():
            words = dict.fromkeys(frame.loc[odd, found["kind"]])
            lost = persons[odd].fillna(0).sum()
            text = f"{labels(words)} fit no kind of people of ours; {lost:,.0f} persons left out"
            _tell(findings, name, "kind of people", odd, text)
        return table[~odd]
    # HAPI has its displaced people in a table of their own, by operation and round
    if publisher == "HDX HAPI" and "operation" in found:
        return table.assign(kind="idp")
    msg = (
        f"{name}: does not say which kind of people {found['persons']!r} counts; say kind=..., one "
        f"of {', '.join(PEOPLE_KINDS)}"
    )
    raise InputError(msg)


def _rounds(
    table: pd.DataFrame, name: str, findings: list[Finding], *, latest_round: bool
) -> pd.DataFrame:
    """Keep the last round of each operation and place, or warn that there are several."""
    key = [table["operation"].fillna(""), table["destination"], table["kind"]]
    number = pd.to_numeric(table["round"].astype("str"), errors="coerce").fillna(-1.0)
    day = table["date"].astype("int64").where(table["date"].notna(), -(2**62))
    # the day decides, then the number of the round
    order = pd.MultiIndex.from_arrays([day, number])
    rank = pd.Series(pd.factorize(order, sort=True)[0], index=table.index)
    rank.index = pd.RangeIndex(len(rank))
    keys = [one.reset_index(drop=True) for one in key]
    last = rank.groupby(keys).transform("max") if len(rank) else rank
    older = (rank < last).to_numpy()
    operations = table.groupby("destination")["operation"].nunique()
    several = operations[operations > 1]
    if len(several):
        findings.append(
            Finding(check="several operations", severity="warning", table=name,
                    id=f"{len(several)} places, e.g. {labels(several.index)}", value=len(several),
                    unit="places", finding="are counted by several operations: no sum over them")
        )  # fmt: skip
    if not older.any():
        return table
    places = table.loc[older, "destination"].nunique()
    findings.append(
        Finding(check="several rounds", severity="note" if latest_round else "warning", table=name,
                id=f"{places} places, e.g. {labels(table.loc[older, 'destination'].unique())}",
                value=float(older.sum()), unit="rows",
                finding=(f"{int(older.sum()):,} rows of older rounds left out" if latest_round else
                         "have several rounds or dates: these are stocks, a sum over rounds counts "
                         "people again; keep the last with latest_round=True"))
    )  # fmt: skip
    return table[~older] if latest_round else table
