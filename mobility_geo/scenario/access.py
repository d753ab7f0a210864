"""Access constraints, as logistics tables give them, into disruptions."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd

from mobility_geo.errors import ScenarioError
from mobility_geo.network import Network
from mobility_geo.scenario.disruptions import (
    MONTHS,
    Closure,
    Disruption,
    Effect,
    Selection,
    SpeedFactor,
    Who,
)
from mobility_geo.scenario.reports import ALL_YEAR, Part, Report, what_counts
from mobility_geo.scenario.roads import RoadFinder, Stretch, plain_words, problem_finding
from mobility_geo.scenario.rows import day_of, text_of
from mobility_geo.schema import CONSTRAINTS, check_table, records, split_list, suggest
from mobility_geo.sources.reading import Finding, findings_table

STATE_EFFECTS: Final[Mapping[str, tuple[Effect, ...]]] = MappingProxyType(
    {"closed": (Closure(),), "restricted": (SpeedFactor(0.5),)}
)
"""What a state does. assumption: a restricted road takes twice the time."""

EVERYBODY: Final = frozenset(
    {"all", "tous", "toutes", "any", "allvehicles", "tousvehicules", "tousvehicles",
     "toutvehicule", "touttypedevehicule", "alltraffic"}
)  # fmt: skip

VEHICLE_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (r"4\s?[x*]\s?4|4wd|awd|suv|off.?road|tout.?terrain|land ?cruiser|light|leger", ("4x4",)),
    (r"moto|bike|deux.?roues", ("motorbike", "motorcycle")),
    (r"truck|camion|lorr|hgv|poids.?lourd|heavy|\d+\s?t\b|tonn|semi|trailer|bus\b|taxi",
     ("truck", "bus")),
    (r"\bvoiture|\bcars\b|sedan|berline|2wd|4x2", ("car", "sedan")),
    (r"pieton|\bpied|foot|pedestrian|walk", ("foot",)),
    (r"livestock|herd|animal|betail|troupeau", ("livestock",)),
    (r"pirogue|pinasse|boat|bateau|barge|ferry", ("pinasse", "boat", "pirogue")),
)  # fmt: skip
"""Words of a vehicle class, and the beginnings of the travel profiles that they concern.

assumption: who is meant by a class; say your own with ``profiles``.
"""

Unresolved = Literal["error", "finding"]
POST: Final = "\0"
"""Begins the id of a crossing among those of edges: a road and a post on it are two things."""


def disruptions_from_constraints(
    network: Network,
    constraints: pd.DataFrame,
    *,
    effects: Mapping[str, Iterable[Effect]] | None = None,
    profiles: Mapping[str, Iterable[str]] | None = None,
    unresolved: Unresolved = "error",
    disruption_id: str = "access",
) -> tuple[tuple[Disruption, ...], gpd.GeoDataFrame]:
    """Return access constraints on roads as disruptions.

    A row without a first day and without months holds from the day of its report. On each day,
    edge and travel profile the row with the latest first day counts: a later row ends an earlier
    one on the edges and for the vehicles that it speaks of, and the earlier one goes on
    elsewhere. A later row with a last day only interrupts. Of rows of one day the stricter counts.
    Rows with months end only rows with months, in those that both name; a row without any day
    ends none and is not ended. A road and a border post on it are two things.

    Parameters
    ----------
    network
        The network; a stretch is found by number, name and places, see
        `mobility_geo.scenario.roads.RoadFinder`.
    constraints
        Schema `mobility_geo.schema.CONSTRAINTS`.
    effects
        What happens, by state; left out: closed is closed, restricted halves the speed (an
        assumption). Open roads are not touched.
    profiles
        Travel profiles by vehicle class, as the table writes it; classes that are not in it go by
        words such as truck, 4x4, motorbike, in English and French.
    unresolved
        ``error``: a road, place or vehicle class that is not known is an error; ``finding``: such
        rows are left out, and a finding each says so.
    disruption_id
        Beginning of the ids.

    Returns
    -------
    disruptions
        Of kind ``road``: one per row, or several, numbered, where a later row ended a part of it.
    findings
        Schema `mobility_geo.schema.FINDINGS`: states that are not known, rows that were left out,
        rows that a later report ends, wholly or in part, rows that contradict each other,
        stretches that are longer than said.

    Raises
    ------
    ScenarioError
        If effects or profiles have a word that is not known, or (with ``error``) roads, places or
        vehicles are not known, months are none, or a row ends before it starts: lists them all.
    SchemaError
        If constraints break their schema.

    Examples
    --------
    >>> from mobility_geo.datasets import load_mali
    >>> row = {"constraint_id": "1", "ref": "RN16", "from_place": "Gossi", "to_place": "Hombori",
    ...        "state": "closed", "vehicle_classes": "camions", "months": "7|8|9",
    ...        "source": "x", "confidence": "high"}  # fmt: skip
    >>> made, _ = disruptions_from_constraints(load_mali().network, pd.DataFrame([row]))
    >>> made[0].who.profiles, made[0].months
    (('road_and_pinasse', 'truck'), (7, 8, 9))
    """
    table = check_table(constraints, CONSTRAINTS)
    happens = _effects(effects)
    known = [str(name) for name in network.profiles["profile"]]
    given = _profiles(profiles, known)
    finder = RoadFinder(network)
    problems: list[str] = []
    findings: list[Finding] = []
    located: list[tuple[dict[str, Any], Report]] = []
    for row in records(table):
        stretch, who, wrong = _located(row, finder, given, known)
        if wrong:
            problems.append(f"constraint {row['constraint_id']!r}: {wrong}")
            findings.append(problem_finding("constraints", str(row["constraint_id"]), wrong))
            continue
        findings += [
            Finding(check="stretch", severity="note", table="constraints",
                    id=str(row["constraint_id"]), finding=note, geometry=stretch.point)
            for note in (stretch.notes if row["state"] in happens else ())
        ]  # fmt: skip
        if row["state"] == "unknown":
            findings.append(
                Finding(check="state not known", severity="warning", table="constraints",
                        id=str(row["constraint_id"]), geometry=stretch.point,
                        finding=f"{_words(row)}: nobody knows its state; "
                                + ("effects as you say" if "unknown" in happens else
                                   "taken as the network has it"))
            )  # fmt: skip
        located.append((row, _report(row, stretch, who or frozenset(known))))
    if problems and unresolved == "error":
        raise ScenarioError(problems)
    with_effect = {state for state, what in happens.items() if what}
    parts, told = what_counts([report for _, report in located], with_effect)
    findings += told
    made: list[Disruption] = []
    for (row, _), there in zip(located, parts, strict=True):
        try:
            made += _disruptions(row, there, happens.get(row["state"], ()), known, disruption_id)
        except ScenarioError as error:
            problems += list(error.problems)
            findings += [problem_finding("constraints", str(row["constraint_id"]), text)
                         for text in error.problems]  # fmt: skip
    if problems and unresolved == "error":
        raise ScenarioError(problems)
    return tuple(made), findings_table(findings)


def vehicle_profiles(vehicle_class: str, known: Iterable[str]) -> tuple[str, ...] | None:
    """Return the travel profiles that a vehicle class concerns, by its words.

    Parameters
    ----------
    vehicle_class
        As a table writes it, in English or French.
    known
        Travel profiles of the network.

    Returns
    -------
    tuple of str or None
        Profiles, ascending; none of them if the network has no such traveller; None if no word
        of the class is known.

    Examples
    --------
    >>> vehicle_profiles("Poids lourds > 10 t", ["truck", "foot", "4x4"])
    ('truck',)
    >>> vehicle_profiles("4x4 only", ["truck", "4x4"]), vehicle_profiles("balloon", ["truck"])
    (('4x4',), None)
    """
    names = list(known)
    exact = {name for name in names if plain_words(name) == plain_words(vehicle_class)}
    text = _bare(vehicle_class)
    hits = [begins for pattern, begins in VEHICLE_WORDS if re.search(pattern, text)]
    if not hits:
        return tuple(sorted(exact)) or None
    wanted = tuple(word for begins in hits for word in begins)
    # whoever goes by road and boat goes by truck or bus on the road
    also = ("road_and_",) if "truck" in wanted else ()
    return tuple(sorted(exact | {name for name in names if name.startswith(wanted + also)}))


def _bare(text: str) -> str:
    import unicodedata  # noqa: PLC0415

    bare = unicodedata.normalize("NFKD", text.replace("\N{MULTIPLICATION SIGN}", "x"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()


def _effects(effects: Mapping[str, Iterable[Effect]] | None) -> dict[str, tuple[Effect, ...]]:
    """Return the effects of each state.

    Raises
    ------
    ScenarioError
        If a state is not known.
    """
    states = CONSTRAINTS.column("state").allowed
    unknown = [state for state in effects or {} if state not in states]
    if unknown:
        raise ScenarioError(
            [f"effects: unknown state {state!r}{suggest(state, states)}" for state in unknown]
        )
    return {**STATE_EFFECTS, **{state: tuple(what) for state, what in (effects or {}).items()}}


def _profiles(
    profiles: Mapping[str, Iterable[str]] | None, known: list[str]
) -> dict[str, tuple[str, ...]]:
    """Return the profiles of each vehicle class that the user says.

    Raises
    ------
    ScenarioError
        If a profile is not known.
    """
    given = {plain_words(word): tuple(names) for word, names in (profiles or {}).items()}
    unknown = [name for names in given.values() for name in names if name not in known]
    if unknown:
        raise ScenarioError(
            [f"profiles: no travel profile {name!r}{suggest(name, known)}" for name in unknown]
        )
    return given


def _located(
    row: dict[str, Any], finder: RoadFinder, given: Mapping[str, tuple[str, ...]],
    known: list[str],
) -> tuple[Stretch, frozenset[str], str]:  # fmt: skip
    """Return stretch and profiles of a row (none: everybody), and what is wrong."""
    stretch = finder.find(
        ref=text_of(row["ref"]), road_name=text_of(row["road_name"]),
        from_place=text_of(row["from_place"]), to_place=text_of(row["to_place"]),
    )  # fmt: skip
    wrong = [stretch.problem] if stretch.problem else []
    who: set[str] = set()
    everybody = False
    classes = split_list(row["vehicle_classes"])
    for word in classes:
        plain = plain_words(word)
        found: tuple[str, ...] | None
        if plain in given:
            found = given[plain]
        elif plain in EVERYBODY:
            everybody, found = True, ()
        else:
            found = vehicle_profiles(word, known)
        if found is None:
            wrong.append(
                f"vehicle class {word!r} is not known; say whom it concerns with "
                f"profiles={{{word!r}: [...]}}, of {', '.join(sorted(known))}"
            )
        else:
            who |= set(found)
    if classes and not who and not everybody and not wrong:
        wrong.append(
            f"no travel profile of the network is of the vehicle class {' | '.join(classes)!r}; "
            f"it has {', '.join(sorted(known))}"
        )
    return stretch, frozenset(() if everybody else who), "; ".join(wrong + _wrong_dates(row))


def _wrong_dates(row: dict[str, Any]) -> list[str]:
    """Return what is wrong with months and days."""
    wrong = [
        f"months must be numbers 1 to 12 with | between them, not {month!r}"
        for month in split_list(row["months"])
        if not (month.isdecimal() and 1 <= int(month) <= MONTHS)
    ]
    first, last = _first(row), day_of(row["end"])
    if first is not None and last is not None and last < first:
        says = "starts" if day_of(row["start"]) else "was reported; give the day on which it starts"
        wrong.append(f"ends on {last}, before it {says} ({first})")
    return wrong


def _report(row: dict[str, Any], stretch: Stretch, who: frozenset[str]) -> Report:
    """Return what a row says, in the form in which reports are compared."""
    months = frozenset(int(month) for month in split_list(row["months"]))
    return Report(
        name=str(row["constraint_id"]), words=_words(row), state=row["state"],
        hit=frozenset((*stretch.edge_ids, *(POST + name for name in stretch.crossing_ids))),
        who=who, months=months or ALL_YEAR, first=_first(row), last=day_of(row["end"]),
        point=stretch.point,
    )  # fmt: skip


def _disruptions(
    row: dict[str, Any],
    parts: tuple[Part, ...],
    what: tuple[Effect, ...],
    known: list[str],
    disruption_id: str,
) -> list[Disruption]:
    """Return a disruption for each part of a row that counts.

    Raises
    ------
    ScenarioError
        If it cannot have such an effect.
    """
    name = f"{disruption_id}/{row['constraint_id']}"
    everybody = set(known)
    return [
        Disruption(
            disruption_id=name if len(parts) == 1 else f"{name}/{number}", kind="road",
            what=Selection(
                edge_ids=tuple(one for one in part.hit if not one.startswith(POST)),
                crossing_ids=tuple(one[1:] for one in part.hit if one.startswith(POST)),
            ),
            effects=what, who=Who(profiles=() if everybody <= set(part.who) else part.who),
            start=part.first, end=part.last, months=part.months, name=_words(row),
            source=str(row["source"]), confidence=str(row["confidence"]),
        )
        for number, part in enumerate(parts, start=1)
    ]  # fmt: skip


def _first(row: dict[str, Any]) -> dt.date | None:
    """Return the first day of a row: its own, or for one that is not seasonal, of its report."""
    own = day_of(row["start"])
    return own if own or split_list(row["months"]) else day_of(row["reported_on"])


def _words(row: dict[str, Any]) -> str:
    """Return what a row says, in words."""
    road = " ".join(dict.fromkeys(filter(None, (text_of(row["ref"]), text_of(row["road_name"])))))
    ends = " - ".join(filter(None, (text_of(row["from_place"]), text_of(row["to_place"]))))
    return f"{' '.join(filter(None, (road, ends)))}: {row['state']}"
