"""Where to put way stations on a network, fixed or mobile, and whether one can work on a day."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import InputError, UnknownIdError, labels
from mobility_geo.outcomes.reachable import main_traveller, safe_waystations
from mobility_geo.outcomes.results import Progress
from mobility_geo.outcomes.siting_models import (
    MODELS,
    Criterion,
    Siting,
    criterion_problems,
    is_whole,
    share_problems,
    solve_capacitated,
    solve_max_cover,
    solve_p_median,
    solve_robust,
    solve_set_cover,
    stop_problems,
)
from mobility_geo.outcomes.siting_rota import Rota, plan_rota
from mobility_geo.routing import GroupWays, find_group_ways, find_ways
from mobility_geo.scenario import Case, Scenario, TravellerClass
from mobility_geo.schema import (
    GO_NO_GO,
    PLACE_KINDS,
    ROTA,
    SITE_ASSIGNMENT,
    SITES,
    UNSERVED_GROUPS,
    check_table,
    empty_table,
    suggest,
)
from mobility_geo.units import MIN_PER_H, QUANTUM

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Model = Literal["p_median", "max_cover", "set_cover", "capacitated"]

SITE_KINDS = ("settlement", "camp", "transit_centre", "site")
"""Kinds of places that are candidates if none are named."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SitingResult:
    """Proposed way stations, who goes where, who has none and why.

    Attributes
    ----------
    case, when
        The question.
    sites
        Schema `SITES`, in the network's coordinate reference system.
    assignment, unserved
        Schemas `SITE_ASSIGNMENT` and `UNSERVED_GROUPS`; together they hold every person.
    rota
        Schema `ROTA`; empty for fixed stations.
    excluded
        ``place_id`` and ``reason`` of candidates that were never proposed.
    scenarios
        One row per scenario, in their order: ``scenario``, ``probability``, ``served_persons``,
        ``unserved_persons`` and ``person_h``, people times hours of those served.
    model, criterion, value, bound, gap, status, seconds
        What was made best, how good it is proven to be, and how long it took; see `Siting`. Over
        many scenarios the value is that of the criterion: for ``max_cover`` people served on
        average with ``expected``, but people *not* served with ``regret`` and ``cvar``.
    quantity
        What the value counts, in words.
    served_persons, unserved_persons
        On average over the scenarios.
    warnings
        Sentences.
    """

    case: Case
    when: dt.date
    sites: gpd.GeoDataFrame
    assignment: pd.DataFrame
    unserved: pd.DataFrame
    rota: pd.DataFrame = field(default_factory=lambda: empty_table(ROTA))
    excluded: pd.DataFrame
    scenarios: pd.DataFrame
    model: str
    criterion: str
    value: float
    bound: float
    gap: float
    status: str
    seconds: float
    served_persons: float
    unserved_persons: float
    warnings: tuple[str, ...] = ()

    @property
    def quantity(self) -> str:
        """What the value counts, in words."""
        if self.model == "rota":
            return "people served"
        if self.model == "set_cover":
            return "stations"
        if self.model != "max_cover":
            what = "people times minutes"
        elif self.criterion in {"single", "expected"}:
            what = "people served"
        else:
            what = "people not served"
        over = {
            "single": "", "expected": " on average", "regret": " more than need be",
            "cvar": " in the worst scenarios",
        }  # fmt: skip
        return what + over[self.criterion]


def site_way_stations(  # noqa: PLR0913 # each is a choice of the analyst
    case: Case,
    *,
    new_sites: int | None = None,
    model: Model = "p_median",
    limit_h: float | None = None,
    candidates: Collection[str] | None = None,
    keep_existing: bool = True,
    capacity_persons: float | None = None,
    base: str = "movers",
    risk_limit: float | None = None,
    when: dt.date | str | None = None,
    scenarios: Sequence[Scenario] | None = None,
    probability: Sequence[float] | None = None,
    criterion: Criterion = "expected",
    alpha: float = 0.9,
    seed: int = 0,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    progress: Progress | None = None,
) -> SitingResult:
    """Propose places for way stations over network time, under a scenario or many.

    Parameters
    ----------
    case
        The question.
    new_sites
        How many new stations, besides those kept; not for ``set_cover``, which finds the number.
    model
        ``p_median``: most people served, then least people times minutes. ``max_cover``: most
        people within `limit_h`. ``set_cover``: fewest stations that cover everybody who can be.
        ``capacitated``: as p-median, with room for `capacity_persons` at each new station.
    limit_h
        Longest journey to a station, hours; None: the time limit of each group alone.
    candidates
        Ids of places; settlements, camps and other sites if left out.
    keep_existing
        Keep the way stations of the case that work on the day and stand in a safe place.
    capacity_persons
        Room of each new station.
    base
        ``movers`` or ``residents``.
    risk_limit
        Highest risk of a way, besides the limits of the case and the groups.
    when
        Day; of each scenario its own if left out.
    scenarios
        Scenarios to hold up under, instead of the case's own. The stations kept are those that
        work on the day of the first.
    probability
        How likely each scenario is, made to sum to 1; all alike if left out.
    criterion, alpha
        Over these scenarios; see `solve_robust`.
    seed, gap, time_limit_s
        See `solve_p_median`.
    progress
        Called with what is done now, and the share that is done, 0 to 1.

    Returns
    -------
    SitingResult
        A candidate in an area of severe insecurity or mines, in any of the scenarios, is never
        proposed, and nobody is sent along a way over a limit. A station that would serve nobody
        is not proposed either, even if fewer are left than were asked for.

    Raises
    ------
    InputError
        If there are no candidates or no people, more stations are asked for than there are
        candidates, or an argument is wrong.
    UnknownIdError
        If a candidate is no place of the network.
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = site_way_stations(load_toy(), new_sites=1, keep_existing=False)
    >>> found.sites["place_id"].tolist(), found.served_persons, found.status
    (['midtown'], 1700.0, 'optimal')
    """
    laid = (case.scenario,) if scenarios is None else tuple(scenarios)
    _check_arguments(
        model, new_sites, limit_h, capacity_persons, keep_existing=keep_existing,
        scenarios=len(laid),
        more=[
            *criterion_problems(criterion, alpha), *stop_problems(gap, time_limit_s),
            *([] if probability is None else share_problems(np.array(probability, dtype=float),
                                                            len(laid))),
        ],
    )  # fmt: skip
    days = [one.day(when) for one in laid]
    day = days[0]
    groups = _groups(case, base)
    places, kept, excluded, warnings = _candidates(case, laid, days, candidates, keep_existing)
    if new_sites is not None and len(kept) + new_sites > len(places):
        besides = f" besides the {len(kept)} kept" if kept else ""
        msg = (
            f"new_sites: {new_sites} are asked for{besides}, but there are {len(places)} "
            "candidates in all"
        )
        raise InputError(msg)
    tell = progress or (lambda _step, _done: None)
    ways = []
    for number, (one, date) in enumerate(zip(laid, days, strict=True)):
        tell("Ways to the candidates", 0.8 * number / len(laid))
        ways.append(_ways_to(case, one, date, groups, places))
    tell("Choosing sites", 0.8)
    limit = np.inf if limit_h is None else limit_h * MIN_PER_H
    usable = [_usable(one, limit, risk_limit) for one in ways]
    cost = np.stack(
        [np.where(ok, one.time_min, np.inf) for one, ok in zip(ways, usable, strict=True)]
    )
    # ways over the limit are cut already, to the rounding of times
    persons = ways[0].groups["persons"].to_numpy(dtype=np.float64)
    keep = [places.index(one) for one in kept]
    count = len(keep) + (new_sites or 0)
    options = {"kept": keep, "gap": gap, "time_limit_s": time_limit_s}
    room = np.full(len(places), np.inf if capacity_persons is None else float(capacity_persons))
    room[keep] = [kept[one] for one in kept]
    if len(laid) > 1:
        found = solve_robust(
            cost, persons, sites=count, criterion=criterion, probability=probability, alpha=alpha,
            seed=seed, kept=keep, gap=gap, time_limit_s=time_limit_s,
        )  # fmt: skip
    elif model == "p_median":
        found = solve_p_median(cost[0], persons, sites=count, seed=seed, **options)  # type: ignore[arg-type]
    elif model == "max_cover":
        found = solve_max_cover(cost[0], persons, sites=count, limit=np.inf, seed=seed, **options)  # type: ignore[arg-type]
    elif model == "set_cover":
        found = solve_set_cover(cost[0], persons, limit=np.inf, seed=seed, **options)  # type: ignore[arg-type]
    else:
        found = solve_capacitated(cost[0], persons, room, sites=count, **options)  # type: ignore[arg-type]
    if len(laid) > 1 and model == "max_cover":
        found = replace(found, value=found.served_value, bound=found.served_bound)
    share = np.array(np.ones(len(laid)) if probability is None else probability, dtype=float)
    share = share / share.sum()
    names = _scenario_names(laid)
    assignment = _assignment(found, ways, names, places)
    used = set(assignment["place_id"])
    idle = [places[one] for one in found.sites if places[one] not in used and one not in keep]
    chosen = [places[one] for one in found.sites if places[one] not in idle]
    if idle:
        warnings.append(
            f"{len(idle)} of the stations asked for would serve nobody more and are not proposed"
        )
    tell("Done", 1.0)
    if risk_limit is None and case.limits.risk_limit is None and groups["risk_limit"].isna().any():
        warnings.append(
            "no risk limit is given: ways are kept out of no risk, places only out of areas of "
            "severe insecurity and mines"
        )
    return SitingResult(
        case=case, when=day,
        sites=_sites(case, chosen, kept, assignment, capacity_persons,
                     dict(zip(names, share, strict=True))),
        assignment=assignment,
        unserved=_unserved(found, ways, usable, names, places, limit, risk_limit),
        excluded=excluded, scenarios=_by_scenario(found, names, share),
        model=model, criterion=criterion if len(laid) > 1 else "single",
        value=found.value, bound=found.bound, gap=found.gap, status=found.status,
        seconds=found.seconds, served_persons=float(share @ found.served_persons),
        unserved_persons=float(share @ found.unserved_persons), warnings=tuple(warnings),
    )  # fmt: skip


def site_mobile_stations(  # noqa: PLR0913 # each is a choice of the analyst
    case: Case,
    *,
    units: int,
    days: int = 5,
    profile: str | None = None,
    stop_h: float = 2.0,
    reach_h: float = 1.0,
    most_stops: int = 3,
    candidates: Collection[str] | None = None,
    base: str = "movers",
    risk_limit: float | None = None,
    when: dt.date | str | None = None,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> SitingResult:
    """Propose bases and rotas of mobile way stations.

    Each unit leaves its base in the morning, stops at one or more places and is back within its
    driving day; after `days` days the rota starts again.

    Parameters
    ----------
    case
        The question.
    units
        How many units.
    days
        Days of the rota.
    profile
        How a unit drives; that of most movers if left out. Its driving day is ``hours_per_day``.
    stop_h
        Time that it stays at a stop, hours.
    reach_h
        How long people may need to a stop, hours.
    most_stops
        Stops of one day, at most.
    candidates
        Places that may be bases and stops; see `site_way_stations`.
    base, risk_limit, when, gap, time_limit_s
        See `site_way_stations`; the risk limit holds for each leg of the
        unit's own ways as well, not for the day as a whole.

    Returns
    -------
    SitingResult
        ``sites`` holds the bases, ``rota`` the days, ``assignment`` the stop of each group. Most
        people are served at least once in a rota; of such plans one with the least driving.

    Raises
    ------
    InputError
        As `site_way_stations`, or if there are too many tours to weigh.
    UnknownIdError
        If a candidate or the profile is unknown.
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = site_mobile_stations(load_toy(), units=1, reach_h=0.5)
    >>> found.rota["stop_ids"].tolist(), found.served_persons
    (['midtown>northtown'], 1400.0)
    """
    checks = (
        (not 0 <= stop_h < np.inf, f"stop_h must be >= 0 h, not {stop_h!r}"),
        (not reach_h >= 0, f"reach_h must be >= 0 h, not {reach_h!r}"),
    )
    problems = [words for wrong, words in checks if wrong] + stop_problems(gap, time_limit_s)
    if problems:
        raise InputError(problems)
    day = case.scenario.day(when)
    groups = _groups(case, base)
    places, _, excluded, warnings = _candidates(
        case, (case.scenario,), [day], candidates, keep_existing=False
    )
    people = main_traveller(case)
    driver = replace(people, profile=profile or people.profile)
    profiles = case.network.profiles.set_index("profile")["hours_per_day"]
    if driver.profile not in profiles.index:
        raise UnknownIdError(
            [f"unknown profile {driver.profile!r}{suggest(driver.profile, profiles.index)}"]
        )
    ways = _ways_to(case, case.scenario, day, groups, places)
    usable = _usable(ways, reach_h * MIN_PER_H, risk_limit)
    drives = find_ways(case.network, case.scenario, places, places, traveller=driver, when=day)
    drive = drives.total("time_min")
    limits = [one for one in (risk_limit, case.limits.risk_limit) if one is not None]
    if limits:
        drive = np.where(drives.total("risk") <= min(limits) + QUANTUM["risk"] / 2, drive, np.inf)
    persons = ways.groups["persons"].to_numpy(dtype=np.float64)
    found = plan_rota(
        drive, usable, persons, units=units, days=days,
        day_min=float(profiles[driver.profile]) * MIN_PER_H, stop_min=stop_h * MIN_PER_H,
        most_stops=most_stops, gap=gap, time_limit_s=time_limit_s,
    )  # fmt: skip
    stops = sorted({stop for tour in found.tours for stop in tour.stops})
    cost = np.where(usable, ways.time_min, np.inf)
    nearest = np.full(len(cost), -1, dtype=np.int64)
    if stops:
        best = cost[:, stops].argmin(axis=1)
        reached = np.isfinite(cost[:, stops].min(axis=1))
        nearest[reached] = np.array(stops)[best[reached]]
    served = nearest >= 0
    siting = Siting(
        model="rota", sites=tuple(stops), assignment=nearest[None],
        served_persons=np.array([persons[served].sum()]),
        unserved_persons=np.array([persons[~served].sum()]),
        cost=np.array([persons[served] @ cost[served, nearest[served]]]), uncoverable=(),
        value=found.value, bound=found.bound, served_value=found.value,
        served_bound=found.bound, status="optimal", seconds=found.seconds,
    )  # fmt: skip
    names = (case.scenario.name,)
    assignment = _assignment(siting, [ways], names, places)
    rota = _rota_table(found, days, assignment, places)
    return SitingResult(
        case=case, when=day, sites=_bases(case, rota, assignment), assignment=assignment,
        unserved=_unserved(siting, [ways], [usable], names, places, reach_h * MIN_PER_H,
                           risk_limit),
        rota=rota, excluded=excluded, scenarios=_by_scenario(siting, names, np.ones(1)),
        model="rota", criterion="single", value=found.value,
        bound=found.bound, gap=siting.gap, status=found.status, seconds=found.seconds,
        served_persons=float(persons[served].sum()),
        unserved_persons=float(persons[~served].sum()), warnings=tuple(warnings),
    )  # fmt: skip


def go_or_no_go(
    case: Case,
    *,
    dates: Collection[dt.date | str],
    supply_from: Collection[str],
    supply_profile: str = "truck",
    stations: Collection[str] | None = None,
    base: str = "movers",
    risk_limit: float | None = None,
    least_persons: int = 1,
) -> pd.DataFrame:
    """Say for each way station and day whether it can work: people reach it, and supply does.

    Parameters
    ----------
    case
        The question.
    dates
        Days.
    supply_from
        Places where the trucks start.
    supply_profile
        How supply travels, with the nationality of the country where it starts.
    stations
        Places of the stations; those of the way stations of the case if left out. Of mobile ones
        give the places that are to be asked: bases, or stops.
    base
        ``movers`` or ``residents``: whose reach counts.
    risk_limit
        Highest risk of a way of people or supply, besides the limits of the case.
    least_persons
        People who must reach it.

    Returns
    -------
    pandas.DataFrame
        Schema `GO_NO_GO`, one row per place and day.

    Raises
    ------
    UnknownIdError
        If a place or the profile is unknown.
    InputError
        If there are no stations, no days or no starts of supply.
    CalendarError
        If a day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> days = ["2013-01-05", "2013-01-20"]
    >>> table = go_or_no_go(load_toy(), dates=days, supply_from=["southtown"])
    >>> table.loc[table["place_id"] == "midtown", "go"].tolist()
    [True, False]
    """
    asked = sorted(set(case.waystations["place_id"] if stations is None else stations))
    starts = sorted(set(supply_from))
    problems = [f"{what}: none given" for what, given in
                (("stations", asked), ("dates", dates), ("supply_from", starts))
                if not given]  # fmt: skip
    if problems:
        raise InputError(problems)
    _known_places(case, "stations", asked)
    _known_places(case, "supply_from", starts)
    groups = _groups(case, base)
    limits = [one for one in (risk_limit, case.limits.risk_limit) if one is not None]
    limit = min(limits) if limits else np.inf
    country = case.network.places.set_index("place_id")["country"]
    names = case.network.places.set_index("place_id")["name"]
    rows: list[dict[str, object]] = []
    for when in dates:
        day = case.scenario.day(when)
        ways = _ways_to(case, case.scenario, day, groups, asked)
        usable = _usable(ways, np.inf, risk_limit)
        persons = ways.groups["persons"].to_numpy(dtype=np.int64)
        safe = _safe_places(case, case.scenario, day, asked)
        time = np.full((len(starts), len(asked)), np.inf)
        risk = np.full((len(starts), len(asked)), np.inf)
        for row, start in enumerate(starts):
            who = TravellerClass(profile=supply_profile, nationality=str(country[start]))
            found = find_ways(case.network, case.scenario, [start], asked, traveller=who, when=day)
            time[row], risk[row] = found.total("time_min")[0], found.total("risk")[0]
        within = np.isfinite(time) & (risk <= limit + QUANTUM["risk"] / 2)
        for column, place in enumerate(asked):
            reach = int(persons[usable[:, column]].sum())
            best = int(np.where(within[:, column], time[:, column], np.inf).argmin())
            supplied = bool(within[best, column])
            against = [
                words
                for stands, words in (
                    (place not in safe, "in an area of severe insecurity or mines"),
                    (reach < least_persons, f"{reach:,} people reach it"),
                    (
                        not supplied and not np.isfinite(time[:, column]).any(),
                        "no way for supply",
                    ),
                    (
                        not supplied and bool(np.isfinite(time[:, column]).any()),
                        f"every way of supply is over the risk limit of {limit:g}",
                    ),
                )
                if stands
            ]
            rows.append(
                {
                    "place_id": place, "name": names[place], "date": pd.Timestamp(day),
                    "go": not against, "safe_place": place in safe, "reach_persons": reach,
                    "supply_from_id": starts[best] if supplied else None,
                    "supply_time_min": time[best, column] if supplied else None,
                    "supply_risk": risk[best, column] if supplied else None,
                    "reason": "; ".join(against) or None,
                }
            )  # fmt: skip
    return check_table(pd.DataFrame(rows, columns=list(GO_NO_GO.names)), GO_NO_GO)


def _check_arguments(
    model: str,
    new_sites: int | None,
    limit_h: float | None,
    capacity: float | None,
    *,
    keep_existing: bool,
    scenarios: int,
    more: list[str],
) -> None:
    """Check what can be checked without the network; `more` is wrong already.

    Raises
    ------
    InputError
        Lists everything that is wrong.
    """
    covering = model in {"max_cover", "set_cover"}
    number_wrong = not is_whole(new_sites) or (new_sites or 0) < (0 if keep_existing else 1)
    checks = (
        (model not in MODELS, f"model must be one of {', '.join(MODELS)}, not {model!r}"),
        (
            model == "set_cover" and new_sites is not None,
            "new_sites: set_cover finds the number itself; leave it out",
        ),
        (
            model != "set_cover" and number_wrong,
            f"new_sites: how many new stations? Not {new_sites!r}",
        ),
        (
            covering and limit_h is None,
            f"limit_h: {model} needs the longest journey that still covers, in hours",
        ),
        (limit_h is not None and not limit_h >= 0, f"limit_h must be >= 0 h, not {limit_h!r}"),
        (
            model == "capacitated" and capacity is None,
            "capacity_persons: capacitated needs the room of a new station",
        ),
        (
            capacity is not None and not capacity > 0,
            f"capacity_persons must be above 0, not {capacity!r}: without room nobody is served",
        ),
        (
            capacity is not None and model != "capacitated",
            f"capacity_persons: {model} has no capacities; take model capacitated",
        ),
        (scenarios < 1, "scenarios: none given"),
        (
            scenarios > 1 and model not in {"p_median", "max_cover"},
            f"scenarios: {model} is for one scenario; take p_median or max_cover",
        ),
    )
    problems = [words for wrong, words in checks if wrong] + more
    if problems:
        raise InputError(problems)


def _groups(case: Case, base: str) -> pd.DataFrame:
    """Return the groups of a base.

    Raises
    ------
    InputError
        If there are no people.
    """
    groups = case.groups[
        ((case.groups["base"] == base) & (case.groups["persons"] > 0)).to_numpy(dtype=bool)
    ]
    if not len(groups):
        msg = f"no people: the case has no {base}, so there is nobody to place stations for"
        raise InputError(msg)
    return groups.reset_index(drop=True)


def _known_places(case: Case, what: str, names: Collection[str]) -> None:
    """Check ids of places.

    Raises
    ------
    UnknownIdError
        Lists those that the network does not have.
    """
    known = set(case.network.places["place_id"])
    strange = [name for name in names if name not in known]
    if strange:
        raise UnknownIdError(
            [f"{what}: no place {name!r}{suggest(name, known)}" for name in strange]
        )


def _candidates(
    case: Case,
    scenarios: Sequence[Scenario],
    days: Sequence[dt.date],
    candidates: Collection[str] | None,
    keep_existing: bool,  # noqa: FBT001
) -> tuple[list[str], dict[str, float], pd.DataFrame, list[str]]:
    """Return places, kept ones with their room, those left out, and what to tell.

    Raises
    ------
    InputError
        If none is left.
    """
    places = case.network.places
    if candidates is None:
        asked = sorted(places.loc[places["kind"].isin(SITE_KINDS).to_numpy(dtype=bool), "place_id"])
    else:
        asked = sorted(set(candidates))
        _known_places(case, "candidates", asked)
    stations = case.waystations_on(days[0]) if keep_existing else case.waystations.iloc[:0]
    existing = stations["capacity_persons"].isna().groupby(stations["place_id"]).any()
    room = stations.groupby("place_id")["capacity_persons"].sum()
    everything = sorted({*asked, *existing.index})
    safe = set(everything)
    for scenario, day in zip(scenarios, days, strict=True):
        safe &= _safe_places(case, scenario, day, everything)
    kept = {
        str(name): np.inf if existing[name] else float(room[name])
        for name in existing.index
        if name in safe
    }
    left_out = [name for name in everything if name not in safe]
    warnings = []
    lost = [name for name in existing.index if name not in safe]
    if lost:
        warnings.append(
            f"{len(lost)} way stations of the case stand in dangerous areas and do not count: "
            f"{labels(lost)}"
        )
    excluded = pd.DataFrame(
        {"place_id": left_out, "reason": "in an area of severe insecurity or mines"}, dtype="str"
    )
    if not safe:
        why = f"all {len(left_out)} lie in dangerous areas" if left_out else "none given"
        msg = f"no candidate sites: {why}; kinds of places taken: {', '.join(PLACE_KINDS)}"
        raise InputError(msg)
    return [name for name in everything if name in safe], kept, excluded, warnings


def _safe_places(case: Case, scenario: Scenario, day: dt.date, places: list[str]) -> set[str]:
    """Return the places where a station may stand."""
    stations = gpd.GeoDataFrame(
        {
            "waystation_id": places, "name": places, "place_id": places, "kind": "fixed",
            "hypothetical": True, "source": "candidate",
        },
        geometry=case.network.places.geometry.array[case.network.place_positions(places)],
        crs=case.network.crs,
    )  # fmt: skip
    offered = safe_waystations(replace(case, waystations=stations), scenario, day)
    return set(offered["place_id"])


def _ways_to(
    case: Case, scenario: Scenario, day: dt.date, groups: pd.DataFrame, places: list[str]
) -> GroupWays:
    sets = sorted(set(groups["destination_set"]))
    table = pd.DataFrame(
        [(one, place) for one in sets for place in places], columns=["destination_set", "place_id"]
    )
    return find_group_ways(case, scenario, day, groups=groups, destinations=table)


def _usable(ways: GroupWays, limit_min: float, risk_limit: float | None) -> BoolArray:
    """Say which ways are inside every limit."""
    usable = ways.within() & (ways.time_min <= limit_min + QUANTUM["time_min"] / 2)
    if risk_limit is not None:
        usable &= ways.risk <= risk_limit + QUANTUM["risk"] / 2
    return usable


def _scenario_names(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    names = [one.name for one in scenarios]
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{name} {number}" for number, name in enumerate(names, start=1))


def _assignment(
    found: Siting, ways: Sequence[GroupWays], names: Sequence[str], places: list[str]
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for number, one in enumerate(ways):
        people = one.groups["persons"].to_numpy(dtype=np.int64)
        for row, group in enumerate(one.groups["group_id"]):
            if found.persons is None:
                site = int(found.assignment[number, row])
                parts = [(site, int(people[row]))] if site >= 0 else []
            else:
                parts = [(int(site), int(found.persons[row, site]))
                         for site in np.flatnonzero(found.persons[row])]  # fmt: skip
            rows += [
                {
                    "scenario": names[number], "group_id": group,
                    "origin_id": one.groups["place_id"].iloc[row], "place_id": places[site],
                    "persons": persons, "time_min": one.time_min[row, site],
                    "length_m": one.length_m[row, site], "risk": one.risk[row, site],
                }
                for site, persons in parts
            ]  # fmt: skip
    return check_table(pd.DataFrame(rows, columns=list(SITE_ASSIGNMENT.names)), SITE_ASSIGNMENT)


def _unserved(
    found: Siting,
    ways: Sequence[GroupWays],
    usable: Sequence[BoolArray],
    names: Sequence[str],
    places: list[str],
    limit_min: float,
    risk_limit: float | None,
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for number, one in enumerate(ways):
        people = one.groups["persons"].to_numpy(dtype=np.int64)
        for row, group in enumerate(one.groups["group_id"]):
            if found.persons is None:
                missing = 0 if found.assignment[number, row] >= 0 else int(people[row])
            else:
                missing = int(people[row] - found.persons[row].sum())
            if missing:
                reason, words = _why(
                    one, row, bool(usable[number][row].any()), places, limit_min, risk_limit,
                    near_open=bool(usable[number][row, list(found.sites)].any()),
                )  # fmt: skip
                rows.append(
                    {
                        "scenario": names[number], "group_id": group,
                        "origin_id": one.groups["place_id"].iloc[row], "persons": missing,
                        "reason": reason, "explanation": words,
                    }
                )  # fmt: skip
    return check_table(pd.DataFrame(rows, columns=list(UNSERVED_GROUPS.names)), UNSERVED_GROUPS)


def _why(
    ways: GroupWays,
    row: int,
    could: bool,  # noqa: FBT001
    places: list[str],
    limit_min: float,
    risk_limit: float | None,
    *,
    near_open: bool,
) -> tuple[str, str]:
    """Say why a group has no station: the first limit that leaves no candidate."""
    if could:
        if near_open:  # an open one takes everybody, unless it is full
            return "no_room", "every station within its limits is full"
        return "too_few_sites", "a candidate is within its limits, but is not among the sites"
    count = len(places)
    left = ways.path()[row]
    if not left.any():
        return "no_way", f"no way to any of {count} candidates"
    in_risk = ways.in_risk[row].copy()
    if risk_limit is not None:
        in_risk &= ways.risk[row] <= risk_limit + QUANTUM["risk"] / 2

    def nearest(which: BoolArray, figure: FloatArray) -> tuple[str, float]:
        best = int(np.where(which, figure, np.inf).argmin())
        return places[best], float(figure[best])

    steps: tuple[tuple[str, BoolArray, FloatArray, str, float], ...] = (
        ("over_risk", in_risk, ways.risk[row], "risk {:.2f}", 1.0),
        ("over_time", ways.in_time[row], ways.time_min[row], "{:.1f} h", MIN_PER_H),
        ("over_money", ways.in_money[row], ways.cost_xof[row], "{:,.0f} XOF", 1.0),
        ("over_limit", ways.time_min[row] <= limit_min + QUANTUM["time_min"] / 2,
         ways.time_min[row], "{:.1f} h", MIN_PER_H),
    )  # fmt: skip
    for reason, inside, figure, form, unit in steps:
        if not (left & inside).any():
            place, value = nearest(left, figure)
            what = reason.removeprefix("over_")
            return reason, (
                f"over the limit of {'this model' if what == 'limit' else what} to every candidate "
                f"that a way leads to; the closest is {place!r}, {form.format(value / unit)}"
            )
        left = left & inside
    return "over_limit", "no candidate is inside all limits at once"


def _sites(
    case: Case,
    chosen: list[str],
    kept: dict[str, float],
    assignment: pd.DataFrame,
    capacity: float | None,
    share: dict[str, float],
) -> gpd.GeoDataFrame:
    rows = []
    for place in chosen:
        mine = assignment[(assignment["place_id"] == place).to_numpy(dtype=bool)]
        room = kept.get(place, capacity)
        rows.append(
            {
                **_served(mine, share), "place_id": place, "kind": "fixed",
                "proposal": "kept" if place in kept else "new",
                "capacity_persons": room if room is not None and np.isfinite(room) else None,
            }
        )  # fmt: skip
    return _site_table(case, rows)


def _by_scenario(found: Siting, names: Sequence[str], share: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "scenario": names, "probability": share, "served_persons": found.served_persons,
            "unserved_persons": found.unserved_persons, "person_h": found.cost / MIN_PER_H,
        }
    )  # fmt: skip


def _served(mine: pd.DataFrame, share: dict[str, float] | None = None) -> dict[str, object]:
    """Return people and times of one station, on average over scenarios of these shares."""
    likely = 1.0 if share is None else mine["scenario"].map(share).to_numpy(dtype=float)
    people = mine["persons"].to_numpy(dtype=float) * likely
    if not people.sum():
        return {"served_persons": 0.0, "time_min": None, "longest_min": None, "risk": None}
    return {
        "served_persons": float(people.sum()),
        "time_min": float(np.average(mine["time_min"], weights=people)),
        "longest_min": float(mine["time_min"].max()), "risk": float(mine["risk"].max()),
    }  # fmt: skip


def _bases(case: Case, rota: pd.DataFrame, assignment: pd.DataFrame) -> gpd.GeoDataFrame:
    rows = []
    for base, days in rota.groupby("base_id"):
        stops = {stop for row in days["stop_ids"] for stop in str(row).split(">")}
        mine = assignment[assignment["place_id"].isin(stops).to_numpy(dtype=bool)]
        rows.append(
            {**_served(mine), "place_id": base, "kind": "mobile", "proposal": "new",
             "capacity_persons": None}
        )  # fmt: skip
    return _site_table(case, rows)


def _site_table(case: Case, rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    ids = [str(row["place_id"]) for row in rows]
    places = case.network.places
    here = places.iloc[case.network.place_positions(ids)] if ids else places.iloc[:0]
    table = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=[name for name in SITES.names
                                    if name not in {"name", "country", "pcode"}]).assign(
            name=here["name"].to_numpy(), country=here["country"].to_numpy(),
            pcode=here["pcode"].to_numpy(),
        ),
        geometry=here.geometry.array, crs=case.network.crs,
    )  # fmt: skip
    return check_table(gpd.GeoDataFrame(table[[*SITES.names, "geometry"]]), SITES)


def _rota_table(
    found: Rota, days: int, assignment: pd.DataFrame, places: list[str]
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    base, unit, day = -1, 0, days
    for tour in found.tours:  # by base: a unit that has driven all its days hands on to the next
        if tour.base != base or day == days:
            base, unit, day = tour.base, unit + 1, 0
        day += 1
        stops = [places[stop] for stop in tour.stops]
        mine = assignment["place_id"].isin(stops).to_numpy(dtype=bool)
        rows.append(
            {
                "unit": unit, "base_id": places[base], "day": day, "stop_ids": ">".join(stops),
                "driving_min": tour.driving_min, "day_min": tour.day_min,
                "served_persons": int(assignment.loc[mine, "persons"].sum()),
            }
        )  # fmt: skip
    return check_table(pd.DataFrame(rows, columns=list(ROTA.names)), ROTA)
