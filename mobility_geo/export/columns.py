"""Plain English for every column of the results: an alias with its unit, and what it means."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from mobility_geo.schema import SCHEMAS, TableSchema

_UNITS: Final = (
    ("_persons_per_day", "persons per day"), ("_xof_per_km", "XOF per km"), ("_per_km", "per km"),
    ("_persons", "persons"), ("_min", "minutes"), ("_h", "hours"), ("_xof", "XOF"),
    ("_kph", "km/h"), ("_m", "m"), ("_share", "share, 0 to 1"),
)  # fmt: skip

_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "persons": "People (best figure)",
        "persons_low": "People (low figure)",
        "persons_high": "People (high figure)",
        "pcode": "P-code",
        "pcode_vintage": "P-codes as of",
        "parent_pcode": "P-code above",
        "adm_level": "Administrative level",
        "name_alt": "Other names",
        "ref": "Road number",
        "risk": "Risk of the way",
        "oneway": "One way",
        "all_season": "Passable all year",
        "start": "From",
        "end": "Until",
        "open_from": "Open from",
        "open_until": "Open until",
        "time_min": "Time (minutes)",
        "baseline_time_min": "Time without disruptions (minutes)",
        "wait_min": "Wait (minutes)",
        "processing_min": "Formalities (minutes)",
        "cost_xof": "Fare (XOF)",
        "opens_hour": "Opens (hour)",
        "closes_hour": "Closes (hour)",
        "flow_persons": "People on the way",
        "forward_persons": "People along the line",
        "backward_persons": "People against the line",
        "unserved_persons": "People who cannot go",
        "persons_freed": "People freed by lifting it alone",
        "edges_touched": "Edges touched",
        "edges_closed": "Edges closed",
        "disruption_ids": "Disruptions that act here",
        "rule": "Rule of choice",
        "rank": "Rank (1: nearest)",
        "country_a": "Country on one side",
        "country_b": "Country on the other side",
        "regime": "Normal regime",
        "state": "State on the date",
        "movers_persons": "People on the move",
        "can_reach_persons": "Can reach a destination",
        "stranded_persons": "Stranded",
        "isolated_persons": "Isolated in normal times too",
        "cannot_reach_persons": "Cannot reach: stranded or isolated",
        "unknown_persons": "Status unknown",
        "residents_persons": "Residents",
        "residents_can_reach_persons": "Residents who could reach services",
        "cut_off_persons": "Residents cut off",
        "residents_isolated_persons": "Residents isolated in normal times too",
        "residents_unknown_persons": "Residents, status unknown",
        "cannot_reach_share": "Share of movers who cannot reach (0 to 1)",
        "cut_off_share": "Share of residents cut off (0 to 1)",
        "population_persons": "Residents before the crisis",
        "movers_in_reach_persons": "People on the move who can get there",
        "nearest_of_residents_persons": "Residents whose nearest station it is",
        "capacity_persons": "Free places",
        "held_persons": "People held here (best figure)",
        "held_persons_low": "People held here (low figure)",
        "held_persons_high": "People held here (high figure)",
        "fastest_h": "Fastest way there (hours)",
        "slowest_h": "Slowest way there (hours)",
        "arrivals_persons": "People who go there",
        "active": "In force on the date",
        "asked": "Country with people asked about",
        "working": "Open on the date",
    }
)

_MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "movers_persons": "everybody on the move here",
        "can_reach_persons": "of those on the move: can reach a destination that counts for them",
        "stranded_persons": "of those on the move: could without the disruptions, cannot with them",
        "isolated_persons": "of those on the move: cannot even without the disruptions",
        "cannot_reach_persons": "stranded and isolated together",
        "unknown_persons": "of those on the move: not decidable, never counted as reaching",
        "residents_persons": "everybody present who is not on the move",
        "residents_can_reach_persons": "residents who could reach services if they had to",
        "cut_off_persons": "residents who could reach services without the disruptions only",
        "residents_isolated_persons": "residents who could not reach services in normal times",
        "residents_unknown_persons": "residents for whom it cannot be decided",
        "cannot_reach_share": "of those on the move; missing where nobody is on the move",
        "cut_off_share": "of the residents; missing where there are none",
        "arrivals_persons": "people on the move for whom it is the destination, rule of least "
        "time if there is one",
        "main_reason": "reason that holds most of the stranded",
        "main_cause": "kind of disruption whose lifting would free most of the stranded",
        "reasons": "every reason with its number of people, most first",
        "causes": "every cause with its number of people, most first",
        "situation": "what the symbol shows",
        "origins": "where the people held here are from, most first",
        "held_name": "last place they get to on their usual way",
        "held_names": "where they are held up, most people first",
        "held_kind": "crossing, settlement, station or dispersed",
        "held_node_id": "node of the network where they are held",
        "held_crossing_id": "crossing where they are held",
        "held_persons": "stranded people held up here",
        "held_persons_low": "low figure",
        "held_persons_high": "high figure",
        "flows_into": "people by country that they enter, rule of least time if there is one",
        "state": "over all travellers of the case: open, slower, riskier, partly_closed, closed, "
        "out_of_season, not_passable",
        "speed_factor": "lowest factor on the normal speed over all travellers of the case",
        "risk_per_km": "highest added risk over all travellers of the case",
        "disruption_ids": "ids of the disruptions that act on the edge",
        "disruption_id": "id of the disruption",
        "effect": "what it does, in words",
        "severity": "1 to 4, where it is graded",
        "start": "first day; empty: no beginning",
        "end": "last day; empty: no end",
        "edges_touched": "edges that the area or the list of edges meets",
        "edges_closed": "edges that are closed to everybody who could use them",
        "check": "what was looked for",
        "id": "row that the finding is about",
        "unit": "unit of the value",
        "table": "table that the finding is about",
        "finding": "the finding in words",
        "persons_freed": "people on the move who could go if this alone were lifted; a modelled "
        "way would exist, it is not said to be safe",
        "probability": "probability that it happens, 0 to 1",
        "active": "in force on the date of the results",
        "working": "open on the date of the results",
        "asked": "whether people of the question are in the country",
        "origin_country": "country where they are now",
        "origin_name": "where they are now",
        "destination_name": "where they go",
        "origin_pcode": "zone where they are now",
        "movers_in_reach_persons": "can get there, not will",
        "places_in_reach": "places from which anybody reaches it",
        "nearest_of_places": "places whose nearest reachable station it is",
        "nearest_of_residents_persons": "residents of these places before the crisis",
        "fastest_h": "among the places in reach",
        "slowest_h": "among the places in reach",
        "places": "number of places in the area",
        "place_names": "places in the area",
        "place_name": "place it stands at, or the place in question",
        "waystation_name": "nearest way station that can be reached; empty: none",
        "time_min_median": "median over the places of the area",
        "time_min_max": "longest over the places of the area",
        "map_class": "what the symbol shows",
        "map_colour": "number of the colour on the map; neighbours differ",
        "rows": "rows of the table that are summed here",
        "key": "what is said",
        "value": "the figure or text",
        "modelled_logit": "what the model says under the logit rule",
        "error_logit": "modelled under the logit rule minus published",
    }
)


def alias(name: str) -> str:
    """Return a column's name in plain words, with its unit.

    Parameters
    ----------
    name
        Name of the column.

    Returns
    -------
    str
        For legends, forms and tables.

    Examples
    --------
    >>> alias("off_road_m"), alias("stranded_persons_low"), alias("name")
    ('Off road (m)', 'Stranded (low figure)', 'Name')
    """
    if name in _ALIASES:
        return _ALIASES[name]
    for suffix, word in (("_low", "low figure"), ("_high", "high figure")):
        stem = name.removesuffix(suffix)
        if stem != name and stem.endswith("_persons"):
            return f"{alias(stem)} ({word})"
    for suffix, unit in _UNITS:
        stem = name.removesuffix(suffix)
        if stem != name:
            return f"{_words(stem)} ({unit})"
    return _words(name)


def _words(name: str) -> str:
    text = re.sub(r"\bid\b", "id", name.replace("_", " ")).strip()
    return text[:1].upper() + text[1:]


def meaning(name: str, schemas: Iterable[TableSchema] = ()) -> str:
    """Return what a column means.

    Parameters
    ----------
    name
        Name of the column.
    schemas
        Tables to look in first; then come the other tables of the toolkit.

    Returns
    -------
    str
        Empty if nothing is known of such a column.

    Examples
    --------
    >>> meaning("length_m"), meaning("stranded_persons_high")
    ('length on the ground (m)', 'high figure of: of those on the move: could without the \
disruptions, cannot with them (persons)')
    """
    for table in schemas:
        if name in table.names:
            return _from_schema(name, table)
    if name in _MEANINGS:
        unit = " (persons)" if name.endswith("_persons") else ""
        return _MEANINGS[name] + unit
    for suffix, word in (("_low", "low figure of"), ("_high", "high figure of")):
        stem = name.removesuffix(suffix)
        if stem != name and meaning(stem):
            return f"{word}: {meaning(stem)}"
    for table in SCHEMAS.values():
        if name in table.names:
            return _from_schema(name, table)
    return ""


def _from_schema(name: str, table: TableSchema) -> str:
    column = table.column(name)
    return f"{column.meaning} ({column.unit})" if column.unit else column.meaning


def describe(names: Iterable[str], *schemas: TableSchema) -> dict[str, tuple[str, str]]:
    """Return alias and meaning of columns, as a GeoPackage layer takes them.

    Parameters
    ----------
    names
        Names of columns.
    *schemas
        Tables that the columns come from.

    Returns
    -------
    dict
        By name: alias and meaning.

    Examples
    --------
    >>> describe(["pcode"])["pcode"]
    ('P-code', 'P-code, or ISO 3166-2 code where no P-code is known')
    """
    return {name: (alias(name), meaning(name, schemas)) for name in names}
