"""Movements between places: long and wide tables, flow monitoring, UNHCR, margins, costs."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import MARGINS, OD_TABLE, check_table, suggest
from mobility_geo.sources.boundaries import code_names, unit_names
from mobility_geo.sources.cells import bare_words, column_dates, column_numbers
from mobility_geo.sources.displacement import COLUMNS as STOCK_COLUMNS
from mobility_geo.sources.displacement import KIND_COLUMNS, TOTALS, read_displacement
from mobility_geo.sources.files import VECTOR_ENDINGS, read_features
from mobility_geo.sources.reading import Finding, Reading, findings_table
from mobility_geo.sources.rows import Rows, match_columns, plain_name, read_rows

LEVELS: Final = (4, 3, 2, 1, 0)
ORIGIN_WORDS: Final = ("departure", "departed", "origin", "orig", "from", "provenance")
DESTINATION_WORDS: Final = ("destination", "final_destination", "dest", "to", "arrival")
STOCKS: Final = "stocks"
STOCK_ORIGINS: Final = frozenset(
    plain_name(word) for ours in ("origin", "origin_name") for word in STOCK_COLUMNS[ours]
)
MANY_DATES: Final = 6
HALF_PERSON: Final = 0.5
"""A total that differs by less is the sum."""

FROM_WORDS: Final = frozenset({"from", "origin", "origins", "origine", "provenance", "depart",
                               "departure"})  # fmt: skip
TO_WORDS: Final = frozenset({"to", "destination", "destinations", "vers", "accueil", "deplacement",
                             "arrivee", "arrival", "host"})  # fmt: skip
ZONE_CODES: Final = ("pcode", "p-code", "zone_id", "place_id", "zone_code", "code")
ZONE_NAMES: Final = ("name", "nom", "zone_name", "place_name", "name_en", "name_fr", "name_alt",
                     "zone", "place", "region")  # fmt: skip
LICENCE: Final = "not stated in the file; ask who published it before results go out"


def _level_names(words: tuple[str, ...], *, codes: bool) -> tuple[str, ...]:
    """Return the names that columns of admin units at one end have, the finest level first."""
    ends = ("_pcode", "pcode", "_code", "code") if codes else ("", "_name", "name")
    return tuple(
        f"{word}_adm{middle}{level}{end}"
        for level in LEVELS
        for word in words
        for middle in ("in", "")
        for end in ends
    )


FRENCH_LEVELS: Final = ("commune", "cercle", "region")


def _french_names(*ends: str) -> tuple[str, ...]:
    """Return the names that tables in French have for units at one end, the finest level first."""
    return tuple(f"{level} {end}" for level in FRENCH_LEVELS for end in ends)


COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "origin_id": ("origin_id", "o_zone_id", "from_zone_id", "from_zone", "origin_zone",
                  "origin_pcode", "origin_code", *_level_names(ORIGIN_WORDS, codes=True),
                  "coo_iso", "country of origin (iso)", "#adm2+origin+code", "#adm1+origin+code"),
    "origin_name": ("origin", "origin_name", "from", "origine", "provenance", "depart",
                    "departure", "departure_location", *_level_names(ORIGIN_WORDS, codes=False),
                    "departure_country", "origin_country", "coo_name", "coo", "country of origin",
                    *_french_names("de provenance", "d origine", "de depart"),
                    "pays de provenance", "place of departure", "place of origin",
                    "#adm2+origin+name", "#adm1+origin+name"),
    "destination_id": ("destination_id", "d_zone_id", "to_zone_id", "to_zone", "destination_zone",
                       "destination_pcode", "destination_code",
                       *_level_names(DESTINATION_WORDS, codes=True), "coa_iso",
                       "country of asylum (iso)", "#adm2+dest+code", "#adm1+dest+code",
                       "#adm2+code", "#adm1+code"),
    "destination_name": ("destination", "destination_name", "to", "arrivee", "lieu d arrivee",
                         "destination_location", "final_destination",
                         *_level_names(DESTINATION_WORDS, codes=False),
                         "destination_country", "final_destination_country", "coa_name", "coa",
                         *_french_names("d accueil", "de deplacement", "de destination",
                                        "d arrivee"),
                         "country of asylum", "pays de destination", "next destination",
                         "intended destination", "#adm2+dest+name", "#adm1+dest+name",
                         "#adm2+name", "#adm1+name"),
    "flow_persons": ("flow_persons", "persons", "people", "individuals", "flow", "flows", "trips",
                     "volume", "demand", "number of individuals", "total individuals",
                     "total_number_persons", "total number of individuals", "total_persons",
                     "number_of_persons", "number of people", "no of individuals", "individus",
                     "nombre d individus", "personnes", "nb personnes", "total_individuals",
                     "total_pax", "count", "value", "#affected+ind", "#affected"),
    "mode": ("mode", "mode of transport", "mode_of_transport", "transport", "means_of_transport",
             "means of transport", "moyen de transport", "vehicle type", "type of transport"),
    "date": ("date", "survey_date", "date_of_survey", "reporting_date", "observation_date",
             "date of observation", "date de l enquete", "interview_date", "day", "#date"),
})  # fmt: skip
"""Names that the columns of such tables have, the surest first."""

HOST_WORDS: Final = ("accueil", "deplacement")
"""Words of a column that says where displaced people are, not where they go."""

FLOW_MONITORING: Final = frozenset({
    "fmpname", "fmpid", "fmp", "fmppointname", "flowmonitoringpoint", "nameoffmp", "pointdesuivi",
})  # fmt: skip

MARGIN_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "side": ("side", "end", "direction"),
    "zone_id": ("zone_id", "place_id", "pcode", "p-code", "zone", "place", "origin_id",
                "destination_id", "origin", "destination", "name", "region", "lieu", "id",
                "admin1pcode", "adm1_pcode", "admin2pcode", "adm2_pcode"),
    "persons": ("persons", "people", "individuals", "total", "value", "flow_persons", "individus",
                "personnes", "count"),
    "low_persons": ("low_persons", "low", "minimum", "min", "at_least", "persons_low"),
    "high_persons": ("high_persons", "high", "maximum", "max", "at_most", "persons_high"),
    "source": ("source",),
})  # fmt: skip

SIDE_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "origin": "origin", "origins": "origin", "from": "origin", "departure": "origin",
    "production": "origin", "row": "origin", "destination": "destination",
    "destinations": "destination", "to": "destination", "arrival": "destination",
    "attraction": "destination", "column": "destination", "total": "total", "all": "total",
})  # fmt: skip


def read_od_table(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    kind: str | None = None,
    core: str | None = None,
) -> Reading:
    r"""Read how many people go from where to where, in whichever form the table comes.

    Long tables have a row per pair (columns of plain tables, IOM DTM flow monitoring, displaced
    people by host and origin as the Commission on Population Movements of Mali (CMP) has them, GMNS
    and HXL tags are known); wide ones have origins down and destinations across, unless their first
    cell says the other way round (``to / from``). Tables of UNHCR and others with a column per kind
    of people are read as `read_displacement` does. ``.tntp`` files of trips, ``.omx`` matrices, and
    estimates in ``.parquet`` and ``.json`` are known by their endings.

    Parameters
    ----------
    path
        CSV, XLSX, a zip archive with one of them, Parquet, a TNTP file of trips, an OMX file, or
        JSON as ``mobility-geo od estimate`` writes it.
    columns
        Ours to theirs (keys of `COLUMNS`), where a column is not found by its name.
    sheet, encoding
        As for `read_rows`.
    kind
        Kind of people to keep, of a table with a column for each; left out: all are added.
    core
        Matrix of an OMX file that has several.

    Returns
    -------
    Reading
        Table ``od_table``, schema `mobility_geo.schema.OD_TABLE`, a row per row or cell of the
        file. People are missing where the publisher withholds them or a row of a long table leaves
        them blank, never 0; a blank cell of a wide table is a pair without a row. Codes are taken
        before names, finer levels before coarser ones.

    Raises
    ------
    InputError
        If the file cannot be read, the ends or the people are not found, or people are negative;
        all wrong rows are counted.

    Notes
    -----
    Totals are left out. Those of long and wide tables are held against the sum of their rows or
    cells, and a difference is told, unless the total is larger and a figure is withheld; those of
    tables with a column per kind of people are not. Rows of flow monitoring are passages:
    people seen at two points, or twice, are in it twice. Tables of displacement are stocks.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text(
    ...         "from\\to;Gao;Mopti\nBamako;132;416\nSegou;41;128\n"
    ...     )
    ...     table = read_od_table(f"{folder}/a.csv").table
    >>> table["destination_id"].tolist(), table["flow_persons"].tolist()
    (['Gao', 'Mopti', 'Gao', 'Mopti'], [132.0, 416.0, 41.0, 128.0])
    """
    name = Path(path).name
    if name.lower().endswith(".tntp"):
        return _from_tntp(path)
    if name.lower().endswith(".omx"):
        from mobility_geo.sources.omx import read_omx  # noqa: PLC0415  # needs an extra

        return read_omx(path, core=core)
    if name.lower().endswith((".parquet", ".json")):
        rows = _stored_rows(Path(path))
    else:
        rows = read_rows(path, sheet=sheet, encoding=encoding)
    found = match_columns(
        rows.frame.columns, COLUMNS, where=name, given=columns or {}, tags=rows.tags
    )
    ends = all({f"{end}_id", f"{end}_name"} & set(found) for end in ("origin", "destination"))
    plain = {plain_name(str(one)) for one in rows.frame.columns}
    kinds = {plain_name(word) for _, words in KIND_COLUMNS.values() for word in words}
    stocks = plain & kinds and (ends or plain & STOCK_ORIGINS)
    if stocks and "flow_persons" not in found:
        return _from_displacement(path, sheet, encoding, kind)
    if ends and "flow_persons" in found:
        return _long(rows, found, name, plain)
    wide = _wide(rows, name) if not columns else None
    if wide is None:
        missing = [
            f"no column for the {end}" for end in ("origin", "destination")
            if not {f"{end}_id", f"{end}_name"} & set(found)
        ] + ["no column for the people"] * ("flow_persons" not in found)  # fmt: skip
        msg = (
            f"{name}: is no table of movements: {'; '.join(missing)}; it has "
            f"{labels(rows.frame.columns, 12)}; name them with the column map, for example "
            "columns={'origin_name': ..., 'destination_name': ..., 'flow_persons': ...}"
        )
        raise InputError(msg)
    table, findings = wide
    return _reading(table, name, "wide table", len(rows.frame), len(rows.frame),
                    [*rows.findings, *findings], {})  # fmt: skip


def _reading(
    table: pd.DataFrame,
    name: str,
    publisher: str,
    read: int,
    kept: int,
    findings: list[Finding],
    found: Mapping[str, str],
) -> Reading:
    """Return a checked table of movements.

    Raises
    ------
    InputError
        If people are negative, or no row is left.
    """
    below = (table["flow_persons"] < 0).to_numpy(dtype=bool)
    if below.any():
        pairs = table.loc[below, "origin_id"] + " to " + table.loc[below, "destination_id"]
        msg = (
            f"{name}: people are negative in {int(below.sum())} rows, e.g. {labels(pairs)}: "
            "differences of stocks, or typing errors; a flow is >= 0, correct them in the file"
        )
        raise InputError(msg)
    if table.empty:
        said = "; ".join(f"{one.id}: {one.finding}" for one in findings)
        msg = f"{name}: no row has both ends: {said}"
        raise InputError(msg)
    gone = table["flow_persons"].isna()
    if bool(gone.any()):
        findings.append(
            Finding(check="no figure", severity="warning", table=name, value=float(gone.sum()),
                    unit="rows", id=f"{int(gone.sum())} rows, e.g. {labels(gone.index[gone] + 1)}",
                    finding="say no number of people; kept as missing, never 0")
        )  # fmt: skip
    keys = table[["origin_id", "destination_id", "mode", "date"]].astype("str").fillna("")
    twice = keys.duplicated()
    if bool(twice.any()):
        findings.append(
            Finding(check="pair several times", severity="note", table=name,
                    value=float(twice.sum()), unit="rows",
                    id=f"{int(twice.sum())} rows, e.g. {labels(twice.index[twice] + 1)}",
                    finding="have the ends, mode and date of another row; kept, they are added "
                            "where a matrix is made")
        )  # fmt: skip
    checked = check_table(table.reindex(columns=list(OD_TABLE.names)).reset_index(drop=True),
                          OD_TABLE)  # fmt: skip
    return Reading(
        file=name, publisher=publisher, licence=LICENCE, tables={"od_table": checked},
        rows_read=read, rows_kept=kept, findings=findings_table(findings),
        columns=MappingProxyType(dict(found)),
    )  # fmt: skip


def _long(rows: Rows, found: Mapping[str, str], name: str, plain: set[str]) -> Reading:
    """Return a table with a row per pair.

    Raises
    ------
    InputError
        If people are negative, or no row is left.
    """
    frame = rows.frame
    findings = list(rows.findings)
    table = pd.DataFrame(index=frame.index)
    for end in ("origin", "destination"):
        code = frame[found[f"{end}_id"]] if f"{end}_id" in found else None
        word = frame[found[f"{end}_name"]] if f"{end}_name" in found else None
        if code is None:
            table[f"{end}_id"] = word
            continue
        table[f"{end}_id"] = code if word is None else code.where(code.notna(), word)
        filled = 0 if word is None else int((code.isna() & word.notna()).sum())
        if filled:
            findings.append(
                Finding(check=f"no code of the {end}", severity="note", table=name,
                        id=f"{filled} rows", value=float(filled), unit="rows",
                        finding="have a name only; the name stands for the code")
            )  # fmt: skip
    table["flow_persons"], wrong = column_numbers(frame[found["flow_persons"]], name)
    findings += wrong
    table["mode"] = frame[found["mode"]] if "mode" in found else None
    if "date" in found:
        table["date"], wrong = column_dates(frame[found["date"]], name)
        findings += wrong
    else:
        table["date"] = pd.NaT
    monitoring = bool(plain & FLOW_MONITORING)
    publisher = "IOM DTM flow monitoring" if monitoring else "table of pairs"
    if monitoring:
        findings.append(
            Finding(check="passages", severity="warning", table=name, id="all rows",
                    finding="are passages seen at monitoring points, not persons: who passes two "
                            "points, or twice, is counted again; points under-count")
        )  # fmt: skip
    host = plain_name(found.get("destination_name", ""))
    if any(word in host for word in HOST_WORDS):
        publisher = "displaced people by host and origin"
        findings.append(_stocks(name))
    table["source"] = f"{publisher}: {name}"
    total = _is_total(table["origin_id"]) | _is_total(table["destination_id"])
    _leave_out(findings, name, "totals", total, table, "are totals of other rows; left out")
    _compare_totals(findings, name, table, total)
    nowhere = (table["origin_id"].isna() | table["destination_id"].isna()) & ~total
    _leave_out(findings, name, "one end missing", nowhere, table, "do not say both ends; left out")
    kept = table[~total & ~nowhere]
    return _reading(kept, name, publisher, len(frame), len(kept), findings, found)


def _stocks(name: str) -> Finding:
    return Finding(
        check=STOCKS, severity="warning", table=name, id="all rows",
        finding="are people who are there at a date, not people who came: a difference of two "
        "dates is a flow",
    )  # fmt: skip


def _leave_out(
    findings: list[Finding],
    name: str,
    check: str,
    which: pd.Series,
    table: pd.DataFrame,
    text: str,
) -> None:
    """Say which rows are left out, and how many people with them."""
    if not bool(which.any()):
        return
    people = float(table.loc[which, "flow_persons"].sum())
    findings.append(
        Finding(check=check, severity="warning", table=name, value=people, unit="persons",
                id=f"{int(which.sum())} rows, e.g. {labels(which.index[which] + 1)}",
                finding=f"{text}, {people:,.6g} persons")
    )  # fmt: skip


def _compare_totals(
    findings: list[Finding], name: str, table: pd.DataFrame, total: pd.Series
) -> None:
    """Say which totals are not the sum of the other rows of their ends, mode and date."""
    stated = table[total & table["flow_persons"].notna()]
    # what a total leaves open is all: ends, modes or dates
    of = pd.DataFrame(
        {key: stated[key].mask(_is_total(stated[key])) for key in ("origin_id", "destination_id",
                                                                   "mode")}
    ).assign(date=stated["date"], whole=0)  # fmt: skip
    parts = table[~total].assign(whole=0, hidden=table["flow_persons"].isna())
    sums, hidden = pd.Series(0.0, index=of.index), pd.Series(data=False, index=of.index)
    for _, rows in of.groupby([of[key].notna() for key in of.columns]):
        keys = [key for key in of.columns if rows[key].notna().all()]
        found = parts.groupby(keys).agg({"flow_persons": "sum", "hidden": "any"}).reset_index()
        at = rows[keys].merge(found, on=keys, how="left")
        sums[rows.index] = at["flow_persons"].fillna(0.0).to_numpy()
        hidden[rows.index] = at["hidden"].eq(True).to_numpy()  # noqa: FBT003
    off = _differs(stated["flow_persons"], sums, hidden)
    if not bool(off.any()):
        return
    first = off.index[off][0]
    ends = of.loc[first, ["origin_id", "destination_id"]].fillna("all")
    findings.append(
        Finding(check="totals differ", severity="warning", table=name, value=float(off.sum()),
                unit="rows", id=f"{int(off.sum())} rows, e.g. {labels(off.index[off] + 1)}",
                finding=f"are not the sum of the rows: {' to '.join(map(str, ends))} is "
                f"{stated.loc[first, 'flow_persons']:,.6g}, the rows have {sums[first]:,.6g}; look "
                "whether rows are missing, or stand twice")
    )  # fmt: skip


def _differs(stated: pd.Series, sums: pd.Series, hidden: pd.Series) -> pd.Series:
    """Say which totals are not the sum; a figure that is withheld is in the total alone."""
    more = stated - sums
    return (more < -HALF_PERSON) | ((more > HALF_PERSON) & ~hidden)


def _is_total(cells: pd.Series) -> pd.Series:
    words = [text for text in cells.dropna().unique() if bare_words(str(text)) in TOTALS]
    return cells.isin(words)


def _wide(rows: Rows, name: str) -> tuple[pd.DataFrame, list[Finding]] | None:
    """Return a matrix as a long table; None if it is none: a first column of names, then numbers.

    Raises
    ------
    InputError
        If an origin or destination stands twice.
    """
    frame = rows.frame
    if frame.shape[1] < 2:  # noqa: PLR2004  # names and one destination
        return None
    names = frame.iloc[:, 0]
    cells = frame.iloc[:, 1:]
    numbers = pd.DataFrame(
        {column: column_numbers(cells[column], name)[0] for column in cells.columns}
    )
    said = cells.notna()
    if names.isna().all() or not numbers.notna().to_numpy(dtype=bool).any():
        return None
    unread = (said & numbers.isna()).to_numpy(dtype=bool)
    if 2 * unread.sum() > said.to_numpy(dtype=bool).sum():
        return None
    findings = [
        one for column in cells.columns for one in column_numbers(cells[column], name)[1]

    ]  # fmt: skip
    across = pd.Series([str(one) for one in cells.columns], index=cells.columns)
    down_total, across_total = _is_total(names), _is_total(across)
    inner = numbers.loc[~down_total, list(across[~across_total].index)]
    hidden = said.loc[inner.index, inner.columns] & inner.isna()
    for side, total, sums, unknown in (
        ("column", numbers.loc[~down_total, list(across[across_total].index)], inner.sum(axis=1),
         hidden.any(axis=1)),
        ("row", numbers.loc[down_total, list(inner.columns)].T, inner.sum(axis=0),
         hidden.any(axis=0)),
    ):  # fmt: skip
        for label in total.columns:
            off = _differs(total[label], sums, unknown)
            findings.append(
                Finding(check="totals", severity="warning" if bool(off.any()) else "note",
                        table=name, id=f"{side} {label!r}", value=float(off.sum()), unit="sums",
                        finding="a total, left out; " + (
                            f"it is not the sum in {int(off.sum())} cases, e.g. "
                            f"{labels([str(names.get(k, k)) for k in off.index[off]])}"
                            if bool(off.any()) else "it is the sum"))
            )  # fmt: skip
    there = names[~down_total]
    lost = there.isna()
    if bool(lost.any()):
        people = float(np.nansum(inner.loc[lost].to_numpy(dtype=float)))
        findings.append(
            Finding(check="one end missing", severity="warning", table=name, value=people,
                    unit="persons", id=f"{int(lost.sum())} rows",
                    finding=f"have no name of an origin; left out, {people:,.6g} persons")
        )  # fmt: skip
    there = there[~lost]
    if there.duplicated().any():
        msg = f"{name}: origins stand twice: {labels(there[there.duplicated()])}"
        raise InputError(msg)
    inner = inner.loc[there.index]
    kept = said.loc[inner.index, inner.columns].to_numpy(dtype=bool)
    row, column = np.nonzero(kept)
    blank = int((~kept).sum())
    if blank:
        findings.append(
            Finding(check="no figure", severity="note", table=name, id=f"{blank} cells",
                    value=float(blank), unit="cells",
                    finding="are blank or '-': no row is made of them, as a long table leaves a "
                            "pair out; write 0 where nobody went, * where it is not told")
        )  # fmt: skip
    down = there.to_numpy(dtype=object)[row]
    over = across.loc[inner.columns].to_numpy(dtype=object)[column]
    corner = str(frame.columns[0])
    if _turned(corner):
        down, over = over, down
        findings.append(
            Finding(check="turned", severity="note", table=name, id=repr(corner),
                    finding="says that destinations are down and origins across; read so")
        )  # fmt: skip
    table = pd.DataFrame(
        {
            "origin_id": down,
            "destination_id": over,
            "flow_persons": inner.to_numpy(dtype=float)[row, column],
            "mode": None,
            "date": pd.NaT,
            "source": f"wide table: {name}",
        }
    )
    return table, findings


def _turned(corner: str) -> bool:
    """Say whether the first cell of a matrix names destinations first, then origins."""
    ends = [
        word in TO_WORDS for word in bare_words(corner).split() if word in FROM_WORDS | TO_WORDS
    ]
    return len(set(ends)) > 1 and ends[0]


def _stored_rows(file: Path) -> Rows:
    """Return a table from Parquet, or the flows of a JSON file, as text.

    Raises
    ------
    InputError
        If it cannot be read, or the JSON file has no flows.
    """
    if not file.is_file():
        msg = f"{file}: no such file"
        raise InputError(msg)
    try:
        if file.suffix.lower() == ".parquet":
            frame = pd.read_parquet(file)
        else:
            whole = json.loads(file.read_text("utf-8"))
            frame = pd.DataFrame(whole.get("flows", []) if isinstance(whole, dict) else whole)
    except (OSError, ValueError) as error:
        msg = f"{file.name}: cannot be read: {error}"
        raise InputError(msg) from error
    if frame.empty:
        msg = (
            f"{file.name}: has no flows; the .json beside a .csv or .parquet only tells how it "
            "came about: give the table itself"
        )
        raise InputError(msg)
    frame = frame.set_axis([str(one) for one in frame.columns], axis=1)
    # numbers as text that gives the same number back
    cells = frame.astype(object)
    return Rows(frame=cells.map(str).where(cells.notna(), None))


def _from_tntp(path: str | Path) -> Reading:
    from mobility_geo.sources.tntp import read_tntp_trips  # noqa: PLC0415

    trips = read_tntp_trips(path)
    table = pd.DataFrame(
        {
            "origin_id": trips.table["origin"].astype(str),
            "destination_id": trips.table["destination"].astype(str),
            "flow_persons": trips.table["trips"],
            "mode": None,
            "date": pd.NaT,
            "source": f"TNTP: {trips.file}",
        }
    )
    reading = _reading(table, trips.file, "TNTP trips", len(table), len(table), [], {})
    both = pd.concat([trips.findings, reading.findings], ignore_index=True)
    return Reading(
        file=reading.file, publisher=reading.publisher, licence=LICENCE, tables=reading.tables,
        rows_read=len(table), rows_kept=len(table),
        findings=gpd.GeoDataFrame(both, geometry="geometry", crs=4326),
    )  # fmt: skip


def choose_dates(
    reading: Reading, *, date: str | None = None, latest: bool = False, sum_dates: bool = False
) -> Reading:
    r"""Keep of a table of movements what can be added up to one matrix.

    Parameters
    ----------
    reading
        From `read_od_table`.
    date
        ``2013-01-14``, or a month ``2013-01``, or a year ``2013``: keep its rows.
    latest
        Keep the last date; of stocks the last date of each destination.
    sum_dates
        Add all dates up, of flows only.

    Returns
    -------
    Reading
        The same with fewer rows; findings say which were left out.

    Raises
    ------
    InputError
        If there are several dates and it is not said which, stocks are to be added up, the date
        is none of the table, or more than one of the three is asked for.

    Notes
    -----
    Stocks are people who are there at a date. Who is still there at the next date is in both, so
    that their sum is no number of people, whatever it is wanted for.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text(
    ...         "year,coo_iso,coa_iso,refugees\n2012,MLI,NER,50204\n2013,MLI,NER,49975\n"
    ...     )
    ...     reading = read_od_table(f"{folder}/a.csv")
    >>> choose_dates(reading, date="2012").table["flow_persons"].tolist()
    [50204.0]
    """
    asked = [word for word, said in (("date", date), ("latest", latest), ("sum_dates", sum_dates))
             if said]  # fmt: skip
    if len(asked) > 1:
        msg = f"dates: say one of {' and '.join(asked)}, not {len(asked)} of them"
        raise InputError(msg)
    stocks = bool((reading.findings["check"] == STOCKS).any())
    table = reading.table
    days = table["date"]
    kept = pd.Series(data=True, index=table.index)
    if date is not None:
        kept = _on(days, date, reading.file)
    elif latest:
        if days.isna().all():
            msg = f"{reading.file}: has no dates, so that none is the last; leave latest out"
            raise InputError(msg)
        last = days.groupby(table["destination_id"]).transform("max") if stocks else days.max()
        kept = days == last
    table = table[kept].reset_index(drop=True)
    _check_dates(table, reading, stocks=stocks, sum_dates=sum_dates)
    if bool(kept.all()):
        return reading
    finding = Finding(
        check="other dates", severity="note", table=reading.file, value=float((~kept).sum()),
        unit="rows", id=f"{int((~kept).sum())} rows",
        finding=f"are of other dates than {_days(table['date'])}; left out",
    )  # fmt: skip
    both = pd.concat([reading.findings, findings_table([finding])], ignore_index=True)
    return replace(
        reading, tables={"od_table": table}, rows_kept=len(table),
        findings=gpd.GeoDataFrame(both, geometry="geometry", crs=4326),
    )  # fmt: skip


def _on(days: pd.Series, date: str, name: str) -> pd.Series:
    """Say which days are the date asked for, or in that month or year.

    Raises
    ------
    InputError
        If it is not written as a date, or no row has it.
    """
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", date):
        msg = f"dates: {date!r} is no date; write it as 2013-01-14, 2013-01 or 2013"
        raise InputError(msg)
    kept = pd.Series(
        [str(day).startswith(date) for day in days.dt.strftime("%Y-%m-%d")], index=days.index
    )
    if not bool(kept.any()):
        there = "no dates at all" if days.isna().all() else f"the dates {_days(days)}"
        msg = f"{name}: no row is of {date}; it has {there}"
        raise InputError(msg)
    return kept


def _check_dates(table: pd.DataFrame, reading: Reading, *, stocks: bool, sum_dates: bool) -> None:
    """Check that the rows may be added up.

    Raises
    ------
    InputError
        If they are of several dates.
    """
    days = table["date"]
    if stocks:
        places = days.groupby(table["destination_id"]).nunique(dropna=False)
        rounds = reading.findings["check"] == "several rounds"
        undated = bool(rounds.any()) and bool(days.isna().any())
        if not (undated or bool((places > 1).any())):
            return
        why = (
            f"{reading.file}: holds people who are there (stocks) at several dates, "
            f"{_days(days)}: who is still there at the next date would be counted again"
        )
        if sum_dates:
            msg = f"{why}; stocks cannot be added up, take one date (--date) or the last (--latest)"
            raise InputError(msg)
        what = "rounds have no date: keep the rows of one round in the file" if undated else (
            "take one date (--date), or the last of each destination (--latest)"
        )  # fmt: skip
        msg = f"{why}; {what}"
        raise InputError(msg)
    if len(days.unique()) > 1 and not sum_dates:
        msg = (
            f"{reading.file}: has flows of several dates, {_days(days)}; take one date (--date), "
            "the last (--latest), or add them up (--sum-dates)"
        )
        raise InputError(msg)


def _days(days: pd.Series) -> str:
    """Return dates in words, the first ones if there are many."""
    known = sorted(days.dropna().dt.strftime("%Y-%m-%d").unique())
    words = ", ".join(known if len(known) < MANY_DATES else [*known[:2], "...", known[-1]])
    if bool(days.isna().any()):
        words = f"{words} and rows without a date" if known else "none"
    return words


def _from_displacement(
    path: str | Path, sheet: str | None, encoding: str | None, kind: str | None
) -> Reading:
    """Return a table of displaced people by origin as movements.

    Raises
    ------
    InputError
        If it has no origin, or nobody of that kind.
    """
    reading = read_displacement(path, sheet=sheet, encoding=encoding)
    people = reading.table if kind is None else reading.table[reading.table["kind"] == kind]
    if people.empty:
        known = reading.table["kind"]
        msg = f"{reading.file}: nobody of the kind {kind!r}{suggest(str(kind), known)}"
        raise InputError(msg)
    table = pd.DataFrame(
        {
            "origin_id": people["origin"],
            "destination_id": people["destination"],
            "flow_persons": people["persons"],
            "mode": None,
            "date": people["date"],
            "source": people["source"],
        }
    )
    findings = [_stocks(reading.file)]
    nowhere = table["origin_id"].isna()
    _leave_out(
        findings, reading.file, "no origin", nowhere, table, "do not say the origin; left out"
    )
    made = _reading(
        table[~nowhere], reading.file, reading.publisher, reading.rows_read, reading.rows_kept,
        findings, reading.columns,
    )  # fmt: skip
    both = pd.concat([made.findings, reading.findings], ignore_index=True)
    return Reading(
        file=made.file, publisher=made.publisher, licence=reading.licence, tables=made.tables,
        rows_read=made.rows_read, rows_kept=made.rows_kept, columns=made.columns,
        findings=gpd.GeoDataFrame(both, geometry="geometry", crs=4326),
    )  # fmt: skip


def read_margins(  # noqa: C901, PLR0912  # each fault has its own sentence
    path: str | Path,
    *,
    side: Literal["origin", "destination"] | None = None,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
) -> Reading:
    r"""Read how many people leave each origin or reach each destination.

    Parameters
    ----------
    path
        CSV or XLSX with a zone and ``persons``, or ``low`` and ``high`` (blank: not limited).
    side
        Whose margins they are, where the table has no column ``side``.
    columns
        Ours to theirs, keys of `MARGIN_COLUMNS`.
    sheet, encoding
        As for `read_rows`.

    Returns
    -------
    Reading
        Table ``margins``, schema `mobility_geo.schema.MARGINS`. A row "Total" becomes the margin of
        the side ``total``; a zone without a figure has no row: it is not known.

    Raises
    ------
    InputError
        If it is not said whose margins they are, a zone stands twice, people are negative, or a
        low is above its high.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text("region,persons\nBamako,998\nTotal,2310\n")
    ...     table = read_margins(f"{folder}/a.csv", side="origin").table
    >>> table[["side", "zone_id", "low_persons"]].to_numpy().tolist()
    [['origin', 'Bamako', 998.0], ['total', 'all', 2310.0]]
    """
    name = Path(path).name
    rows = read_rows(path, sheet=sheet, encoding=encoding)
    findings = list(rows.findings)
    found = match_columns(
        rows.frame.columns, MARGIN_COLUMNS, where=name, needed=["zone_id"], given=columns or {},
        tags=rows.tags,
    )  # fmt: skip
    frame = rows.frame
    problems = []
    if side is None and "side" not in found:
        problems.append(f"{name}: does not say whose margins they are; say side='origin' or "
                        "side='destination', or add a column 'side'")  # fmt: skip
    if not {"persons", "low_persons", "high_persons"} & set(found):
        problems.append(
            f"{name}: no column with people ('persons', or 'low' and 'high'); it has "
            f"{labels(frame.columns, 12)}; name it with the column map"
        )
    if problems:
        raise InputError(problems)
    zones = frame[found["zone_id"]]
    numbers = {}
    for ours in ("persons", "low_persons", "high_persons"):
        if ours in found:
            numbers[ours], wrong = column_numbers(frame[found[ours]], name)
            findings += wrong
    nothing = pd.Series(np.nan, index=frame.index)
    exact = numbers.get("persons", nothing)
    low = numbers.get("low_persons", nothing).fillna(exact)
    high = numbers.get("high_persons", nothing).fillna(exact)
    sides = _sides(frame, found, side, name)
    total = _is_total(zones) | (sides == "total")
    table = pd.DataFrame(
        {"side": sides.mask(total, "total"), "zone_id": zones.mask(total, "all"),
         "low_persons": low, "high_persons": high,
         "source": frame[found["source"]] if "source" in found else name}
    )  # fmt: skip
    unknown = low.isna() & high.isna()
    for check, which, text in (
        ("no zone", table["zone_id"].isna(), "do not say which zone; left out"),
        ("no figure", unknown & table["zone_id"].notna(), "have no figure: not known, no margin"),
    ):
        if bool(which.any()):
            findings.append(
                Finding(check=check, severity="warning", table=name, value=float(which.sum()),
                        unit="rows", id=f"{int(which.sum())} rows, e.g. "
                        f"{labels(which.index[which] + 1)}", finding=text)
            )  # fmt: skip
    table = table[table["zone_id"].notna() & ~unknown]
    for column in ("low_persons", "high_persons"):
        below = table[column] < 0
        if bool(below.any()):
            problems.append(
                f"{name}: people are negative in {int(below.sum())} rows, e.g. "
                f"{labels(table.loc[below, 'zone_id'])}"
            )
    upside = table["low_persons"] > table["high_persons"]
    if bool(upside.any()):
        problems.append(f"{name}: low is above high for {labels(table.loc[upside, 'zone_id'])}")
    twice = table.duplicated(["side", "zone_id"])
    if bool(twice.any()):
        problems.append(f"{name}: stand twice: {labels(table.loc[twice, 'zone_id'])}; add them up, "
                        "or keep one")  # fmt: skip
    if problems:
        raise InputError(problems)
    if table.empty:
        msg = f"{name}: none of its {len(frame)} rows has a zone and people"
        raise InputError(msg)
    table["low_persons"] = table["low_persons"].fillna(0.0)
    return Reading(
        file=name, publisher="table of margins", licence=LICENCE,
        tables={"margins": check_table(table.reset_index(drop=True), MARGINS)},
        rows_read=len(frame), rows_kept=len(table), findings=findings_table(findings),
        columns=MappingProxyType(dict(found)),
    )  # fmt: skip


def _sides(frame: pd.DataFrame, found: Mapping[str, str], side: str | None, name: str) -> pd.Series:
    """Return the side of each row.

    Raises
    ------
    InputError
        If a word is not known.
    """
    if "side" not in found:
        return pd.Series(side, index=frame.index, dtype=object)
    said = frame[found["side"]]
    means = {text: SIDE_WORDS.get(bare_words(str(text))) for text in said.dropna().unique()}
    odd = [text for text, meaning in means.items() if meaning is None]
    if odd or said.isna().any():
        msg = f"{name}: a side must be origin, destination or total, not {labels(odd or [None])}"
        raise InputError(msg)
    return said.map(means).astype(object)


def read_costs(
    path: str | Path,
    *,
    impedance: str = "time_min",
    sheet: str | None = None,
    encoding: str | None = None,
) -> pd.DataFrame:
    r"""Read costs between places: a long table, or a matrix with origins down.

    Parameters
    ----------
    path
        CSV or XLSX.
    impedance
        Column of a long table.
    sheet, encoding
        As for `read_rows`.

    Returns
    -------
    pandas.DataFrame
        Matrix, origins down, destinations across; `inf` where the cell is blank or says ``inf``, or
        a pair has no row: no way.

    Raises
    ------
    InputError
        If it is no table of costs, a cost is negative or no number, or a pair stands twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text(
    ...         "minutes,gao,mopti\nbamako,,600\nsegou,inf,300\n"
    ...     )
    ...     read_costs(f"{folder}/a.csv").to_numpy().tolist()
    [[inf, 600.0], [inf, 300.0]]
    """
    name = Path(path).name
    frame = read_rows(path, sheet=sheet, encoding=encoding).frame
    names = {plain_name(str(one)): str(one) for one in frame.columns}
    ends = {"origin_id", "destination_id"}
    here = {ours: names[plain_name(ours)] for ours in ends if plain_name(ours) in names}
    if set(here) == ends:
        if plain_name(impedance) not in names:
            msg = f"{name}: no column {impedance!r}{suggest(impedance, names.values())}"
            raise InputError(msg)
        cells = frame[names[plain_name(impedance)]]
        origin, destination = frame[here["origin_id"]], frame[here["destination_id"]]
    else:
        long = frame.melt(id_vars=[frame.columns[0]], var_name="destination_id")
        origin, destination, cells = long.iloc[:, 0], long["destination_id"], long["value"]
    endless = cells.isna() | cells.astype("str").str.strip().str.casefold().isin(["inf", "+inf"])
    numbers = column_numbers(cells.mask(endless), name)[0].mask(endless, np.inf)
    wrong = ~(numbers >= 0) | origin.isna() | destination.isna()
    problems = []
    if bool(wrong.any()):
        problems.append(
            f"{name}: a cost must be a number >= 0 with both ends; wrong in {int(wrong.sum())} "
            f"cells, e.g. {labels(cells[wrong])}; is it a table of costs (first column origins, or "
            "columns origin_id, destination_id)?"
        )
    pairs = pd.MultiIndex.from_arrays([origin.astype("str"), destination.astype("str")])
    if pairs.has_duplicates:
        twice = [" to ".join(map(str, one)) for one in pairs[pairs.duplicated()]]
        problems.append(f"{name}: pairs stand twice: {labels(twice)}")
    if problems:
        raise InputError(problems)
    first, second = (list(dict.fromkeys(pairs.get_level_values(k))) for k in (0, 1))
    wide: pd.DataFrame = pd.Series(numbers.to_numpy(), index=pairs).unstack().fillna(np.inf)  # noqa: PD010
    return wide.reindex(index=first, columns=second).rename_axis(
        index="origin_id", columns="destination_id"
    )


def read_zone_names(path: str | Path, *, layer: str | None = None) -> pd.DataFrame:
    r"""Read codes and names of zones or places, to match other tables with.

    Parameters
    ----------
    path
        CSV or XLSX, or a GeoPackage, Shapefile or any layer that GDAL reads: COD-AB boundaries, or
        columns such as ``pcode``, ``zone_id`` or ``place_id``, and ``name``.
    layer
        Which layer; needed if the file has several.

    Returns
    -------
    pandas.DataFrame
        ``pcode``, ``name`` and ``name_alt`` (all other spellings, ``|`` between them), of the
        finest level that the file has codes of. Without codes names are codes.

    Raises
    ------
    InputError
        If it cannot be read, has neither codes nor names, or a code is missing or stands twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/z.csv").write_text(
    ...         "ADM1_PCODE,ADM1_FR,ADM1_EN\nML06,Tombouctou,Timbuktu\n"
    ...     )
    ...     read_zone_names(f"{folder}/z.csv").to_numpy().tolist()
    [['ML06', 'Timbuktu', 'Tombouctou']]
    """
    name = Path(path).name
    if Path(path).suffix.lower() in VECTOR_ENDINGS:
        shapes, _ = read_features(path, layer=layer)
        frame: pd.DataFrame = pd.DataFrame(shapes.drop(columns=shapes.active_geometry_name))
        tags: Mapping[str, str] = {}
    else:
        rows = read_rows(path)
        frame, tags = rows.frame, rows.tags
    found: dict[str, str] = {}
    for level in (None, *LEVELS):
        codes = ZONE_CODES if level is None else code_names(level)
        names = ZONE_NAMES if level is None else (*unit_names(level), *ZONE_NAMES)
        found = match_columns(frame.columns, {"pcode": codes}, where=name, tags=tags)
        if found:
            break
    else:
        names = ZONE_NAMES
    plain = {plain_name(str(one)): str(one) for one in frame.columns}
    spoken = [plain[plain_name(one)] for one in names if plain_name(one) in plain]
    spoken += [tags[one] for one in names if one in tags]
    columns = list(dict.fromkeys(spoken))
    if not (columns or found):
        msg = (
            f"{name}: has neither codes nor names of zones; it has {labels(frame.columns, 12)}; "
            "call the columns pcode and name"
        )
        raise InputError(msg)
    code = frame[found["pcode"] if found else columns[0]]
    bad = code.isna() | code.duplicated()
    if bool(bad.any()):
        msg = (
            f"{name}: the code {str(code.name)!r} is missing or stands twice in {int(bad.sum())} "
            f"rows, e.g. {labels(code.index[bad] + 1)}; a zone needs a code of its own"
        )
        raise InputError(msg)
    words = [
        list(dict.fromkeys(str(cell) for cell in row if pd.notna(cell))) or [one]
        for one, row in zip(code.astype(str), frame[columns].to_numpy(dtype=object), strict=True)
    ]
    return pd.DataFrame(
        {
            "pcode": code.astype(str).to_numpy(),
            "name": [one[0] for one in words],
            "name_alt": ["|".join(one[1:]) or None for one in words],
        }
    )


def match_ids(  # noqa: C901
    table: pd.DataFrame,
    known: pd.DataFrame,
    *,
    unmatched: Literal["error", "keep", "leave_out"] = "error",
    aliases: Mapping[str, str] | None = None,
    keep: Iterable[str] = (),
) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Put ids of zones or places into a table of movements or margins that has codes or names.

    Codes and ids are compared first, then names, then other spellings; case, accents and signs do
    not count. A name that several have is not matched.

    Parameters
    ----------
    table
        With ``origin_id`` and ``destination_id``, or ``zone_id``.
    known
        Zones (``pcode``, ``name``) or places (``place_id``, ``name``, ``name_alt``).
    unmatched
        ``error``: names that fit nothing are an error which lists them; ``keep``: they stay as they
        are; ``leave_out``: their rows are left out. Both are told in a finding, with the people.
    aliases
        Names of the file and the ids that they mean, before all else.
    keep
        Names that stand for no place ("other") and stay as they are.

    Returns
    -------
    table
        The table with ids.
    findings
        What was matched by name, and what was not.

    Raises
    ------
    InputError
        If names fit nothing, or an alias names an id that is not known.

    Examples
    --------
    >>> zones = pd.DataFrame({"pcode": ["ML06", "ML07"], "name": ["Tombouctou", "Gao"]})
    >>> table = pd.DataFrame({"zone_id": ["GAO", "ml06"], "low_persons": [306.0, 1028.0]})
    >>> match_ids(table, zones)[0]["zone_id"].tolist()
    ['ML07', 'ML06']
    """
    key = "place_id" if "place_id" in known.columns else "pcode"
    ids = [str(one) for one in known[key]]
    columns = [one for one in ("origin_id", "destination_id", "zone_id") if one in table.columns]
    people = table["flow_persons" if "flow_persons" in table.columns else "low_persons"]
    words = _dictionary(known, ids)
    given = {bare_words(name): one for name, one in (aliases or {}).items()}
    stray = [one for one in given.values() if one not in set(ids)]
    if stray:
        msg = f"aliases: no {key} {stray[0]!r}{suggest(stray[0], ids)}"
        raise InputError(msg)
    free = {bare_words(str(one)) for one in keep} | {"all"}
    result = table.copy()
    findings: list[Finding] = []
    problems: list[str] = []
    gone = pd.Series(data=False, index=table.index)
    for column in columns:
        cells = table[column].astype("str")
        means: dict[str, str] = {}
        lost: dict[str, str] = {}
        for text in cells.unique():
            bare = bare_words(text)
            options = [given[bare]] if bare in given else words.get(bare, [])
            if text in ids:
                means[text] = text
            elif len(options) == 1:
                means[text] = options[0]
            elif bare in free:
                means[text] = text
            else:
                near = suggest(text, [*ids, *map(str, known["name"])])
                lost[text] = f"could be {labels(options)}" if options else f"is not known{near}"
        renamed = {a: b for a, b in means.items() if a != b}
        if renamed:
            shown = ", ".join(f"{a!r} is {b!r}" for a, b in list(renamed.items())[:5])
            findings.append(
                Finding(check="matched by name", severity="note", table=column,
                        id=f"{len(renamed)} names", value=float(len(renamed)), unit="names",
                        finding=shown + (", ..." if len(renamed) > 5 else ""))  # noqa: PLR2004
            )  # fmt: skip
        if lost:
            rows = cells.isin(list(lost))
            count = float(people[rows].sum())
            shown = "; ".join(f"{a!r} {b}" for a, b in list(lost.items())[:5])
            told = (
                f"{len(lost)} names in {int(rows.sum())} rows with {count:,.6g} persons fit no "
                f"{key}: {shown}" + ("; ..." if len(lost) > 5 else "")  # noqa: PLR2004
            )
            if unmatched == "error":
                problems.append(f"{column}: {told}; give aliases, or say unmatched='keep' or "
                                "'leave_out'")  # fmt: skip
            done = "kept as they are" if unmatched == "keep" else "rows left out"
            findings.append(
                Finding(check="not matched", severity="warning", table=column, value=count,
                        unit="persons", id=f"{len(lost)} names", finding=f"{told}; {done}")
            )  # fmt: skip
            if unmatched == "leave_out":
                gone |= rows
        result[column] = [means.get(text, text) for text in cells]
    if problems:
        raise InputError(problems)
    return result[~gone].reset_index(drop=True), findings_table(findings)


def _dictionary(known: pd.DataFrame, ids: list[str]) -> dict[str, list[str]]:
    """Return which ids each spelling can mean; ids go before names, names before others."""
    spelled: list[dict[str, list[str]]] = [{}, {}, {}]
    for one in ids:
        spelled[0].setdefault(bare_words(one), []).append(one)
    for at, column in ((1, "name"), (2, "name_alt")):
        if column not in known.columns:
            continue
        for one, text in zip(ids, known[column], strict=True):
            for part in str(text).split("|") if isinstance(text, str) else ():
                found = spelled[at].setdefault(bare_words(part), [])
                if one not in found:
                    found.append(one)
    return {**spelled[2], **spelled[1], **spelled[0]}
