"""Access constraints on roads, as logistics tables give them: state, vehicles, season, date."""

import csv
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import CONSTRAINTS, check_table, suggest
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.cells import bare_words, column_dates
from mobility_geo.sources.files import match_columns, plain_name, read_rows
from mobility_geo.sources.reading import Finding, Reading, findings_table

LICENCE: Final = (
    "not stated in the file; ask who published it (Logistics Cluster: see the terms on its page) "
    "before results go out"
)

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "constraint_id": ("constraint_id", "id", "objectid", "fid", "no", "#meta+id"),
    "ref": ("ref", "road_ref", "road_no", "road_number", "route_no", "route_number", "road_code",
            "numero de route", "numero route", "n route", "code route", "rn"),
    "road_name": ("road_name", "road", "route_name", "route", "nom de la route", "axe routier",
                  "axe", "corridor", "road_segment", "segment", "road_section", "section",
                  "troncon", "onme", "nameportion", "namecorridor", "brdgname", "crossing",
                  "border_crossing", "point de passage", "passage", "name", "nom", "#loc+name"),
    "from_place": ("from_place", "from", "from_location", "from_town", "start_point",
                   "start_location", "origin", "origine", "de", "du", "depart", "point de depart",
                   "#loc+origin"),
    "to_place": ("to_place", "to", "to_location", "to_town", "end_point", "end_location",
                 "destination", "a", "vers", "arrivee", "point d arrivee", "#loc+dest"),
    "state": ("state", "road_status", "access_status", "current_status", "status", "etat",
              "etat de la route", "etat d acces", "statut", "access_constraint",
              "access_constraints", "accessibility", "accessibilite", "passability",
              "practicability", "praticabilite", "curntprac", "practicab", "access", "acces",
              "road_condition", "condition", "colour", "color", "couleur", "#status"),
    "vehicle_classes": ("vehicle_classes", "vehicle_class", "vehicle_type", "vehicle_types",
                        "vehicles", "vehicle", "vehicle_access", "type_of_vehicle",
                        "type_of_vehicles", "accessible_to", "accessible_by", "max_vehicle",
                        "maximum_vehicle", "vehicle_restriction", "type de vehicule",
                        "type de vehicules", "vehicules", "vehicules autorises"),
    "max_load": ("max_load_t", "max_load_mt", "maxloadmt", "max_load", "maximum_load",
                 "load_limit", "max_tonnage", "maximum_tonnage", "tonnage", "tonnage_max",
                 "tonnage_maximum", "maximum_tonnage_mt", "capacity_mt", "charge maximale"),
    "months": ("months", "season", "saison", "period", "periode", "mois", "month"),
    "start": ("start", "start_date", "date_start", "date_from", "valid_from", "from_date",
              "date de debut", "debut", "closed_since", "since", "depuis", "#date+start"),
    "end": ("end", "end_date", "date_end", "date_to", "valid_to", "to_date", "until",
            "date de fin", "fin", "jusqu au", "#date+end"),
    "reported_on": ("reported_on", "report_date", "reporting_date", "date_reported",
                    "last_updated", "last_update", "updated_on", "updated", "update_date",
                    "date de mise a jour", "mise a jour", "date du rapport",
                    "date of information", "information_date", "obsdate", "date",
                    "#date+reported", "#date"),
    "remarks": ("remarks", "remark", "comments", "comment", "notes", "note", "description",
                "observations", "observation", "remarques", "remarque", "commentaires",
                "commentaire", "constraint", "constraints", "contraintes", "contrainte", "reason",
                "cause", "obstype", "#description"),
    "source": ("source", "sources", "information_source", "source_of_information",
               "source de l information", "reported_by", "organisation", "organization",
               "#meta+source"),
    "confidence": ("confidence", "reliability", "fiabilite", "confiance", "confirmed"),
})  # fmt: skip
"""Names that the columns of such tables have, the surest first."""

WORST_FIRST: Final = ("closed", "restricted", "unknown", "open")
TONNES: Final = re.compile(r"\b(\d+(?:[.,]\d+)?)\s*(?:mt|t|tons?|tonnes?)\b")
NEGATIONS: Final = frozenset({"not", "no", "non", "pas", "never", "jamais", "ne", "cannot"})


class Word(NamedTuple):
    """One row of the table of words: what a word of a field means."""

    word: str
    field: str
    value: str


@lru_cache(maxsize=1)
def access_words() -> tuple[Word, ...]:
    """Return what the words of access tables mean, longest first.

    Returns
    -------
    tuple of Word
        From ``network/access_words.csv`` of the built-in data, in English and French, each with its
        source there.

    Examples
    --------
    >>> [word.value for word in access_words() if word.word == "coupee"]
    ['closed']
    """
    path = data_folder() / "network" / "access_words.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [Word(row["word"], row["field"], row["value"]) for row in csv.DictReader(file)]
    return tuple(sorted(rows, key=lambda one: (-len(one.word), one.word)))


def _hits(text: str, field: str, more: Mapping[str, str] | None = None) -> list[tuple[int, str]]:
    """Return place and value of each word of a field in a bare text; the longest words win."""
    return _hits_and_rest(text, field, more or {})[0]


@lru_cache(maxsize=32)
def _field_words(field: str) -> dict[str, str]:
    return {one.word: one.value for one in access_words() if one.field == field}


def _hits_and_rest(
    text: str, field: str, more: Mapping[str, str]
) -> tuple[list[tuple[int, str]], str]:
    """Return the words that were found, and the text with them blotted out."""
    words = _field_words(field) | dict(more)
    rest, found = f" {text} ", []
    for word in sorted((one for one in words if one in text), key=len, reverse=True):
        while (at := rest.find(f" {word} ")) >= 0:
            # the blanks stay, so that the next word still has one before it
            rest = rest[: at + 1] + "." * len(word) + rest[at + 1 + len(word) :]
            found.append((at, words[word]))
    return sorted(found), rest


def read_constraints(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    states: Mapping[str, str] | None = None,
    seasons: Mapping[str, Iterable[int]] | None = None,
) -> Reading:
    r"""Read a table of access constraints: which road, what state, for whom, when.

    Words are understood in English and French; what each means stands in ``access_words.csv``. A
    word that is not known makes the row ``unknown``, never ``open``. Where a row says who alone may
    pass (``4x4 only``), a second row closes the road for the others.

    Parameters
    ----------
    path
        CSV or XLSX, or a zip archive with one of them; a column for the state, and one for the
        number or the name of the road, or for the place at its end.
    columns
        Ours to theirs, where a column is not found by its name.
    sheet
        Sheet of a workbook; needed if several have rows.
    encoding
        Encoding of a CSV file; found out if left out.
    states
        Words of your own for a state, such as ``{"2": "restricted"}``; go before the known ones.
    seasons
        Months of a season, 1 to 12, by ``rainy`` or ``dry``; left out: the Sahel, where it rains
        from June to October.

    Returns
    -------
    Reading
        Table ``constraints``, schema `mobility_geo.schema.CONSTRAINTS`.

    Raises
    ------
    InputError
        If the file cannot be read, has no column for the state or for the road, or `states` or
        `seasons` are wrong.

    Notes
    -----
    Travel profiles know no loads: a limit such as ``up to 10 MT`` stays a vehicle class in words
    (``truck up to 10 t``), and a finding says so.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text("Route,Etat,Saison\nRN16,coupée,juin à août\n")
    ...     table = read_constraints(f"{folder}/a.csv").table
    >>> table[["road_name", "state", "months"]].iloc[0].tolist()
    ['RN16', 'closed', '6|7|8']
    """
    more = _own_states(states)
    months = _season_months(seasons)
    rows = read_rows(path, sheet=sheet, encoding=encoding)
    name = Path(path).name
    found = match_columns(rows.frame.columns, COLUMNS, where=name, needed=["state"], given=columns,
                          tags=rows.tags)  # fmt: skip
    if not {"ref", "road_name", "from_place", "to_place"} & set(found):
        msg = (
            f"{name}: no column for the road (looked for a number, a name, or the places at its "
            f"ends); it has {labels(rows.frame.columns, 20)}; name one with the column map, for "
            "example columns={'road_name': ...}"
        )
        raise InputError(msg)
    findings = list(rows.findings)
    cells = pd.DataFrame(
        {ours: rows.frame[found[ours]] if ours in found else None for ours in COLUMNS},
        index=rows.frame.index, dtype=object,
    )  # fmt: skip
    cells = _with_places(cells, found, name, findings)
    table = _constraints(cells, more, months, name, findings)
    table = _with_others(table, name, findings)
    publisher = "Logistics Cluster or WFP road table" if "curntprac" in map(
        plain_name, rows.frame.columns) else "any table of access constraints"  # fmt: skip
    return Reading(
        file=name, publisher=publisher, licence=LICENCE,
        tables={"constraints": check_table(table[list(CONSTRAINTS.names)], CONSTRAINTS)},
        rows_read=len(rows.frame), rows_kept=len(cells), findings=findings_table(findings),
        columns=MappingProxyType(found),
    )  # fmt: skip


def _own_states(states: Mapping[str, str] | None) -> dict[str, str]:
    """Check the words of the user for states.

    Raises
    ------
    InputError
        If one means no state.
    """
    known = CONSTRAINTS.column("state").allowed
    wrong = [
        f"states: {word!r} cannot mean {state!r}{suggest(state, known)}"
        for word, state in (states or {}).items()
        if state not in known
    ]
    if wrong:
        raise InputError(wrong)
    return {bare_words(word): state for word, state in (states or {}).items()}


def _season_months(seasons: Mapping[str, Iterable[int]] | None) -> dict[str, str]:
    """Return the months of each season, as a text list.

    Raises
    ------
    InputError
        If a season is not known, or a month is not 1 to 12.
    """
    known = {one.word: one.value for one in access_words() if one.field == "months"}
    for season, months in (seasons or {}).items():
        listed = sorted(set(months))
        if season not in known:
            msg = f"seasons: {season!r} is not known{suggest(season, known)}"
            raise InputError(msg)
        if not listed or any(month not in range(1, 13) for month in listed):
            msg = f"seasons: months of {season!r} must be 1 to 12, not {listed}"
            raise InputError(msg)
        known[season] = "|".join(map(str, listed))
    return known


def _with_places(
    cells: pd.DataFrame, found: Mapping[str, str], name: str, findings: list[Finding]
) -> pd.DataFrame:
    """Take the ends of a stretch from its name, and leave out rows without any road."""
    if not {"from_place", "to_place"} & set(found):
        parts = cells["road_name"].fillna("").str.split(r"\s+[-\u2013\u2014]\s+|\s*->\s*|\s+to\s+")
        ends = parts.map(len) > 1
        cells["from_place"] = parts.str[0].where(ends, None)
        cells["to_place"] = parts.str[-1].where(ends, None)
        if ends.any():
            findings.append(
                Finding(check="ends of stretch", severity="note", table=name,
                        id=f"{int(ends.sum())} rows", value=float(ends.sum()), unit="rows",
                        finding="places at the ends are taken from the name of the road, such as "
                                f"{cells.loc[ends, 'road_name'].iloc[0]!r}")
            )  # fmt: skip
    nowhere = cells[["ref", "road_name", "from_place", "to_place"]].isna().all(axis=1)
    if nowhere.any():
        findings.append(
            Finding(check="no road", severity="warning", table=name,
                    id=f"{int(nowhere.sum())} rows, e.g. {labels(nowhere.index[nowhere] + 1)}",
                    value=float(nowhere.sum()), unit="rows",
                    finding="say neither road nor place; left out")
        )  # fmt: skip
    return cells[~nowhere].reset_index(drop=True)


def _state(text: str, more: Mapping[str, str]) -> tuple[str, str]:
    """Return the state that a text means, and what is doubtful about it."""
    bare = bare_words(text)
    if bare in more:
        return more[bare], ""
    hits, rest = _hits_and_rest(bare, "state", more)
    said = [
        "unknown" if value in {"open", "restricted"} and _negated(rest, at) else value
        for at, value in hits
    ]
    if not said:
        limited = _loads(bare) or (_hits(bare, "only") and _hits(bare, "vehicle"))
        return ("restricted", "") if limited else ("unknown", "word")
    worst = next(state for state in WORST_FIRST if state in said)
    if len(set(said)) > 1:
        return worst, "several"
    return worst, "word" if worst == "unknown" and "unknown" not in {v for _, v in hits} else ""


def _negated(rest: str, at: int) -> bool:
    """Say whether one of the three words before a place says no, as in *may not be passable*."""
    return bool(NEGATIONS & set(rest[:at].split()[-3:]))


def _loads(bare: str) -> list[str]:
    """Return the classes of vehicles that limits of weight in a text name."""
    classes = []
    for match in TONNES.finditer(bare):
        before = bare[: match.start()]
        over = [at for at, _ in _hits(before, "load_over")]
        up_to = [at for at, _ in _hits(before, "load_up_to")]
        word = "over" if max(over, default=-1) > max(up_to, default=-1) else "up to"
        classes.append(f"truck {word} {match[1]} t")
    return classes


@lru_cache(maxsize=4096)
def _vehicles(text: str) -> tuple[list[str], list[str]]:
    """Return the vehicles that a text is about, and those that it shuts out."""
    # decimals would lose their point among the bare words
    signs = text.replace(">", " over ").replace("<", " up to ").replace("\u2264", " up to ")
    bare = bare_words(re.sub(r"(\d)[.,](\d)", r"\1point\2", signs))
    loads = [one.replace("point", ".") for one in _loads(bare.replace("point", "."))]
    named = [value for _, value in _hits(bare, "vehicle")]
    if loads:
        named = [one for one in named if one not in {"truck", "all vehicles"}]
    only = bool(_hits(bare, "only"))
    shut: set[str] = set()
    if only and named and not loads:
        others = {one.word: one.value.split("|") for one in access_words() if one.field == "others"}
        sets = [set(others.get(one, ())) for one in named]
        shut = set.intersection(*sets) - set(named)
    return list(dict.fromkeys([*named, *loads])), sorted(shut)


def _months(text: str, seasons: Mapping[str, str], *, names: bool) -> tuple[str | None, set[str]]:
    """Return the months that a text names, and the seasons it uses."""
    bare = bare_words(re.sub(r"[-\u2013\u2014]", " to ", text))
    used = {value for _, value in _hits(bare, "season")}
    months = {int(m) for season in used for m in seasons[season].split("|")}
    if names:
        words = _hits(bare, "month")
        if re.fullmatch(r"((1[0-2]|0?[1-9]|to)\s*)+", bare):
            words = [(match.start() + 1, match[0]) for match in re.finditer(r"\d+", bare)]
        months |= {int(value) for _, value in words}
        for (at, one), (to, other) in pairwise(words):
            between = f" {bare} "[at:to].split()[1:]
            if _hits(" ".join(between), "range"):
                span = (int(other) - int(one)) % 12
                months |= {(int(one) - 1 + step) % 12 + 1 for step in range(span + 1)}
    if not months:
        return None, set()
    return "|".join(map(str, sorted(months))), used


def _constraints(
    cells: pd.DataFrame,
    more: Mapping[str, str],
    seasons: Mapping[str, str],
    name: str,
    findings: list[Finding],
) -> pd.DataFrame:
    """Turn the words of each row into the columns of the schema."""
    table = cells.drop(columns=["max_load"])
    said = cells["state"].fillna("")
    judged = {text: _state(text, more) for text in said.unique()}
    table["state"] = [judged[text][0] for text in said]
    _tell_states(said, judged, name, findings)
    vehicles = _row_vehicles(cells, name, findings)
    table["vehicle_classes"] = ["|".join(who) or None for who, _ in vehicles]
    table["_shut"] = ["|".join(shut) for _, shut in vehicles]
    some = table["_shut"].ne("") | table["vehicle_classes"].fillna("").str.contains("truck up to")
    closed = (table["state"] == "closed") & some
    if closed.any():
        # closed, and open for some only: who is meant is not clear, so nobody passes
        table.loc[closed, ["vehicle_classes", "_shut"]] = [None, ""]
        findings.append(_warning("closed, but some may pass", name, closed,
                                 "taken as closed for everybody"))  # fmt: skip
    table["months"], odd = _row_months(cells, seasons, name, findings)
    _tell_seasons(cells, table, odd, name, findings)
    for column in ("start", "end", "reported_on"):
        table[column], found = column_dates(cells[column].rename(column), name)
        findings += found
    ends_first = (table["end"] < table["start"]).fillna(value=False)
    if ends_first.any():
        findings.append(_warning("ends before it starts", name, ends_first, "last day left out"))
        table.loc[ends_first, "end"] = pd.NaT
    table["confidence"] = _confidence(cells["confidence"], name, findings)
    table["source"] = cells["source"].where(cells["source"].notna(), name)
    table["constraint_id"] = _ids(cells["constraint_id"], name, findings)
    return table


def _warning(check: str, name: str, rows: pd.Series, finding: str) -> Finding:
    count = int(rows.sum())
    return Finding(check=check, severity="warning", table=name,
                   id=f"{count} rows, e.g. {labels(rows.index[rows] + 1)}", value=count,
                   unit="rows", finding=finding)  # fmt: skip


def _tell_states(
    said: pd.Series, judged: Mapping[str, tuple[str, str]], name: str, findings: list[Finding]
) -> None:
    blank = said.eq("")
    if blank.any():
        findings.append(_warning("no state", name, blank, "the state is blank; kept as unknown"))
    for doubt, check, text in (
        ("word", "state not known", "kept as unknown; say what they mean with states={...}"),
        ("several", "several states", "a cell names several states; the worst one was taken"),
    ):
        rows = said.map(lambda one, doubt=doubt: bool(one) and judged[one][1] == doubt)
        if rows.any():
            words = said[rows].value_counts()
            shown = ", ".join(f"{word!r} ({count} times)" for word, count in words.head(5).items())
            findings.append(_warning(check, name, rows.astype(bool), f"{shown}: {text}"))


def _row_vehicles(
    cells: pd.DataFrame, name: str, findings: list[Finding]
) -> list[tuple[list[str], list[str]]]:
    """Return the vehicles of each row, from their column, else from the text of the state."""
    result, odd, limited = [], [], []
    for row, (own, load, state) in enumerate(
        zip(cells["vehicle_classes"], cells["max_load"], cells["state"], strict=True)
    ):
        # in the tables of WFP a load of 0 means that it is not known
        weight = re.search(r"\d+(?:[.,]\d+)?", load or "")
        limit = f"up to {weight[0]} t" if weight and float(weight[0].replace(",", ".")) else ""
        text = " ".join(part for part in (own, limit) if part)
        who, shut = _vehicles(text or state or "")
        if own and not who:
            odd.append(row)
            who = [own.replace("|", "/")]
        if any(one.startswith(("truck up to", "truck over")) for one in who):
            limited.append(row)
        result.append((who, shut))
    if odd:
        words = dict.fromkeys(cells["vehicle_classes"].iloc[odd])
        findings.append(
            Finding(check="vehicle class not known", severity="warning", table=name,
                    id=f"{len(odd)} rows, e.g. {labels(words)}", value=len(odd), unit="rows",
                    finding="kept in the words of the table")
        )  # fmt: skip
    if limited:
        findings.append(
            Finding(check="limit of weight", severity="warning", table=name,
                    id=f"{len(limited)} rows, e.g. {labels(row + 1 for row in limited)}",
                    value=len(limited), unit="rows",
                    finding="hold for vehicles by weight, which travel profiles do not know; say "
                            "which of them are meant")
        )  # fmt: skip
    return result


def _row_months(
    cells: pd.DataFrame, seasons: Mapping[str, str], name: str, findings: list[Finding]
) -> tuple[list[str | None], list[int]]:
    """Return the months of each row, and the rows whose season is not understood."""
    result: list[str | None] = []
    used: set[str] = set()
    odd = []
    known: dict[tuple[str, bool], tuple[str | None, set[str]]] = {}
    for row, (own, said) in enumerate(zip(cells["months"], cells["state"], strict=True)):
        key = (own or said or "", bool(own))
        if key not in known:
            known[key] = _months(key[0], seasons, names=key[1])
        months, named = known[key]
        used |= named - {"all"}
        if own and months is None:
            odd.append(row)
        result.append(months)
    if used:
        text = "; ".join(f"{season} is taken as the months {seasons[season].replace('|', ', ')}"
                         for season in sorted(used))  # fmt: skip
        findings.append(
            Finding(check="season", severity="warning", table=name, id="all rows with a season",
                    finding=f"{text}; say otherwise with seasons={{...}}")
        )  # fmt: skip
    return result, odd


def _tell_seasons(
    cells: pd.DataFrame, table: pd.DataFrame, odd: list[int], name: str, findings: list[Finding]
) -> None:
    """Make open rows whose season is not understood unknown."""
    if not odd:
        return
    was_open = [row for row in odd if table["state"].iloc[row] == "open"]
    table.loc[table.index[was_open], "state"] = "unknown"
    words = dict.fromkeys(cells["months"].iloc[odd])
    findings.append(
        Finding(check="season not known", severity="warning", table=name,
                id=f"{len(odd)} rows, e.g. {labels(words)}", value=len(odd), unit="rows",
                finding=f"the row holds in all months; {len(was_open)} open rows of them are kept "
                        "as unknown")
    )  # fmt: skip


def _confidence(cells: pd.Series, name: str, findings: list[Finding]) -> list[str]:
    """Return the confidence of each row; left blank it is medium, not understood it is low."""
    means: dict[str, str] = {}
    for text in cells.dropna().unique():
        hits = [value for _, value in _hits(bare_words(text), "confidence")]
        means[text] = min(hits, key=("low", "medium", "high").index) if hits else ""
    result = [means[text] or "low" if text else "medium" for text in cells]
    odd = [text for text in cells if text and not means[text]]
    if odd:
        findings.append(
            Finding(check="confidence not known", severity="note", table=name,
                    id=f"{len(odd)} rows, e.g. {labels(dict.fromkeys(odd))}", value=len(odd),
                    unit="rows", finding="taken as low")
        )  # fmt: skip
    return result


def _ids(cells: pd.Series, name: str, findings: list[Finding]) -> list[str]:
    """Return an id for each row: its own if all have one of their own, else its number."""
    if cells.notna().all() and cells.is_unique:
        return [str(one) for one in cells]
    if cells.notna().any():
        findings.append(
            Finding(check="ids", severity="note", table=name, id="all rows",
                    finding="ids are missing or stand several times; rows are numbered instead")
        )  # fmt: skip
    return [f"row-{number}" for number in range(1, len(cells) + 1)]


def _with_others(table: pd.DataFrame, name: str, findings: list[Finding]) -> pd.DataFrame:
    """Add a row that closes the road for those who may not pass, where only some may."""
    shut = table["_shut"].ne("")
    if not shut.any():
        return table
    others = table[shut].copy()
    others["constraint_id"] = others["constraint_id"] + "-others"
    others["state"] = "closed"
    others["vehicle_classes"] = others["_shut"]
    findings.append(
        Finding(check="some vehicles only", severity="note", table=name,
                id=f"{len(others)} rows, e.g. {labels(table.index[shut] + 1)}", value=len(others),
                unit="rows", finding="a row is added to each that closes the road for the others")
    )  # fmt: skip
    return pd.concat([table, others], ignore_index=True)
