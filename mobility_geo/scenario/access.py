"""Access constraints, as logistics tables give them, into disruptions."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd

from mobility_geo.errors import CalendarError, ScenarioError
from mobility_geo.network import Network
from mobility_geo.scenario.disruptions import (
    Closure,
    Disruption,
    Effect,
    Selection,
    SpeedFactor,
    Who,
)
from mobility_geo.scenario.roads import RoadFinder, Stretch, plain_words, problem_finding
from mobility_geo.schema import CONSTRAINTS, check_table, is_missing, records, split_list, suggest
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

    A row without a first day and without months holds from the day of its report. A row without
    a last day ends on the day before the next report on the same stretch for the same vehicles,
    which may say that it is open again.

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
        Of kind ``road``.
    findings
        Schema `mobility_geo.schema.FINDINGS`: states that are not known, rows that were left out,
        rows that a later report ends, stretches that are longer than said.

    Raises
    ------
    ScenarioError
        If effects or profiles have a word that is not known, or (with ``error``) roads, places or
        vehicles are not known: lists them all, with the nearest known name.
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
    located: list[tuple[dict[str, Any], Stretch, tuple[str, ...]]] = []
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
        located.append((row, stretch, who))
    if problems and unresolved == "error":
        raise ScenarioError(problems)
    ends = _ended_by_reports(located, findings)
    made: list[Disruption] = []
    for (row, stretch, who), last in zip(located, ends, strict=True):
        what = happens.get(row["state"], ())
        if not what:
            continue
        try:
            made.append(_disruption(row, stretch, who, what, last, disruption_id))
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
) -> tuple[Stretch, tuple[str, ...], str]:  # fmt: skip
    """Return stretch and profiles of a row (none: everybody), and what is wrong."""
    stretch = finder.find(
        ref=_text(row["ref"]), road_name=_text(row["road_name"]),
        from_place=_text(row["from_place"]), to_place=_text(row["to_place"]),
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
    return stretch, () if everybody else tuple(sorted(who)), "; ".join(wrong)


def _ended_by_reports(
    located: list[tuple[dict[str, Any], Stretch, tuple[str, ...]]], findings: list[Finding]
) -> list[dt.date | None]:
    """Return the last day of each row: its own, or the day before the next report."""
    ends: list[dt.date | None] = [_day(row["end"]) for row, _, _ in located]
    series: dict[tuple[object, ...], list[int]] = {}
    for number, (row, stretch, who) in enumerate(located):
        if row["state"] != "unknown" and _first(row) is not None:
            key = (stretch.edge_ids, stretch.crossing_ids, who, _text(row["months"]))
            series.setdefault(key, []).append(number)
    for numbers in series.values():
        numbers.sort(key=lambda n: (_first(located[n][0]), str(located[n][0]["constraint_id"])))
        for now, after in pairwise(numbers):
            first, following = _first(located[now][0]), _first(located[after][0])
            if ends[now] is not None or first is None or following is None or following <= first:
                continue
            ends[now] = following - dt.timedelta(days=1)
            row, later = located[now][0], located[after][0]
            findings.append(
                Finding(check="ended by a report", severity="note", table="constraints",
                        id=str(row["constraint_id"]),
                        finding=f"{_words(row)} until {ends[now]}: {later['constraint_id']!r} says "
                                f"{later['state']} from {following} on")
            )  # fmt: skip
    return ends


def _disruption(
    row: dict[str, Any],
    stretch: Stretch,
    who: tuple[str, ...],
    what: tuple[Effect, ...],
    last: dt.date | None,
    disruption_id: str,
) -> Disruption:
    """Return the disruption of a row.

    Raises
    ------
    CalendarError
        If months are not 1 to 12, or it ends before it starts.
    """
    months = split_list(row["months"])
    wrong = [month for month in months if not month.isdigit()]
    if wrong:
        msg = (
            f"constraint {row['constraint_id']!r}: months must be numbers 1 to 12 with | between "
            f"them, not {wrong[0]!r}"
        )
        raise CalendarError(msg)
    return Disruption(
        disruption_id=f"{disruption_id}/{row['constraint_id']}", kind="road",
        what=Selection(edge_ids=stretch.edge_ids, crossing_ids=stretch.crossing_ids),
        effects=what, who=Who(profiles=who), start=_first(row), end=last,
        months=tuple(int(month) for month in months), name=_words(row),
        source=str(row["source"]), confidence=str(row["confidence"]),
    )  # fmt: skip


def _first(row: dict[str, Any]) -> dt.date | None:
    """Return the first day of a row: its own, or for one that is not seasonal, of its report."""
    own = _day(row["start"])
    return own if own or split_list(row["months"]) else _day(row["reported_on"])


def _words(row: dict[str, Any]) -> str:
    """Return what a row says, in words."""
    road = " ".join(dict.fromkeys(filter(None, (_text(row["ref"]), _text(row["road_name"])))))
    ends = " - ".join(filter(None, (_text(row["from_place"]), _text(row["to_place"]))))
    return f"{' '.join(filter(None, (road, ends)))}: {row['state']}"


def _day(value: object) -> dt.date | None:
    return None if is_missing(value) or not isinstance(value, pd.Timestamp) else value.date()


def _text(value: object) -> str:
    return "" if is_missing(value) else str(value)
