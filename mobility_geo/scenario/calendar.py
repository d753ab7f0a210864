"""A span of days, and what may or may not happen: series of conditions, and draws."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from mobility_geo.errors import CalendarError, ScenarioError
from mobility_geo.network import Network
from mobility_geo.scenario.conditions import Conditions, conditions
from mobility_geo.scenario.disruptions import MONTHS
from mobility_geo.scenario.scenario import Scenario
from mobility_geo.scenario.travellers import TravellerClass
from mobility_geo.schema import records, split_list

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Period:
    """Days in which nothing changes, first and last included, and what holds in them."""

    start: dt.date
    end: dt.date
    conditions: Conditions


def change_days(
    network: Network, scenario: Scenario, start: dt.date, end: dt.date
) -> tuple[dt.date, ...]:
    """Return the days of a span on which conditions may differ from those of the day before.

    Parameters
    ----------
    network
        Its seasons change conditions as well.
    scenario
        The scenario.
    start, end
        First and last day, inside the calendar.

    Returns
    -------
    tuple of datetime.date
        Ascending; the first day of the span is always among them.

    Raises
    ------
    CalendarError
        If the span is empty, or leaves the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> days = change_days(case.network, case.scenario, case.scenario.start, case.scenario.end)
    >>> days[0] == case.scenario.start
    True
    """
    start, end = scenario.day(start), scenario.day(end)
    if end < start:
        msg = f"the span ends on {end}, before it starts on {start}"
        raise CalendarError(msg)
    days = {start}
    for one in scenario.disruptions:
        days |= {one.start} if one.start else set()
        days |= {one.end + DAY} if one.end and one.end < dt.date.max else set()
    days |= {
        dt.date(number // MONTHS, number % MONTHS + 1, 1)
        for number in range(start.year * MONTHS + start.month, end.year * MONTHS + end.month)
    }
    kept: list[dt.date] = []
    before: tuple[object, ...] | None = None
    for day in sorted(day for day in days if start <= day <= end):
        now = (_seasons(network, day.month), *(d.disruption_id for d in scenario.active(day)))
        if now != before:
            kept.append(day)
        before = now
    return tuple(kept)


def _seasons(network: Network, month: int) -> tuple[str, ...]:
    """Return the seasons of a month: two months with the same ones have the same baseline."""
    return tuple(
        str(row["season_id"])
        for row in records(network.seasons)
        if str(month) in split_list(row["months"])
    )


def condition_series(
    network: Network,
    scenario: Scenario,
    traveller: TravellerClass,
    *,
    start: dt.date | None = None,
    end: dt.date | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Iterator[Period]:
    """Go through a span of days; conditions are made anew only where something changes.

    Parameters
    ----------
    network, scenario, traveller
        As in `conditions`.
    start, end
        First and last day, inside the calendar; the whole calendar if left out.
    progress
        Called with a step and the share done, 0 to 1.

    Yields
    ------
    Period
        Ascending, without gaps: on each day of it `conditions` holds.

    Raises
    ------
    CalendarError
        If the span is empty, or leaves the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> series = list(condition_series(case.network, case.scenario, who))
    >>> series[0].start == case.scenario.start, series[-1].end == case.scenario.end
    (True, True)
    """
    first, last = scenario.day(start or scenario.start), scenario.day(end or scenario.end)
    days = change_days(network, scenario, first, last)
    ends = [*(day - DAY for day in days[1:]), last]
    for number, (begins, until) in enumerate(zip(days, ends, strict=True)):
        if progress is not None:
            progress(f"{begins} to {until}", number / len(days))
        held = conditions(network, scenario, begins, traveller)
        yield Period(start=begins, end=until, conditions=held)
    if progress is not None:
        progress("Done", 1.0)


def draw_scenario(
    scenario: Scenario, rng: np.random.Generator, *, correlation: float = 1.0
) -> Scenario:
    """Draw which disruptions happen, those of one group together.

    Parameters
    ----------
    scenario
        Its disruptions happen with their `probability`, whatever the group they are of.
    rng
        Where chance comes from: ``numpy.random.default_rng(seed)``, with a seed that is kept.
    correlation
        How far disruptions of one group depend on one another, 0 (not at all) to 1 (the default:
        what has the higher probability always happens if the lower does). A disruption without
        group depends on no other.

    Returns
    -------
    Scenario
        Only what happens; this one is not changed. Disruptions are the same objects, so that what
        is known of where they hit serves every draw.

    Raises
    ------
    ScenarioError
        If `correlation` is not 0 to 1.

    Notes
    -----
    A Gaussian copula with one factor per group: a disruption happens if
    ``Phi(sqrt(c) Z + sqrt(1 - c) e)`` is below its probability, Z drawn per group and e per
    disruption. Whatever c, each happens as often as its probability says.

    References
    ----------
    Li, D. X. (2000). On default correlation: a copula function approach. Journal of Fixed Income
    9(4), doi 10.3905/jfi.2000.319253.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> scenario = load_toy().scenario
    >>> drawn = draw_scenario(scenario, np.random.default_rng(7))
    >>> set(drawn.disruptions) <= set(scenario.disruptions)
    True
    """
    if not 0 <= correlation <= 1:
        msg = f"correlation must be 0 to 1, not {correlation:g}"
        raise ScenarioError(msg)
    # by id, so that the order of the disruptions never matters
    ordered = sorted(scenario.disruptions, key=lambda one: one.disruption_id)
    of_group: dict[str, float] = {}
    for group in sorted({one.group for one in ordered if one.group}):
        of_group[group] = float(rng.standard_normal())
    own = rng.standard_normal(len(ordered))
    happens = set()
    for one, alone in zip(ordered, own, strict=True):
        shared = of_group.get(one.group)
        mixed = alone if shared is None else (
            np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * alone
        )  # fmt: skip
        if one.probability >= 1 or float(ndtr(mixed)) < one.probability:
            happens.add(one.disruption_id)
    kept = tuple(one for one in scenario.disruptions if one.disruption_id in happens)
    return replace(scenario, disruptions=kept)


def draw_scenarios(
    scenario: Scenario, draws: int, rng: np.random.Generator, *, correlation: float = 1.0
) -> list[tuple[Scenario, int]]:
    """Draw many times; what comes out alike is returned once, with how often it came.

    Parameters
    ----------
    scenario, rng, correlation
        As in `draw_scenario`.
    draws
        How often, at least 1.

    Returns
    -------
    list of (Scenario, int)
        Each different outcome and its number of draws, the most frequent first.

    Raises
    ------
    ScenarioError
        If `draws` is less than 1, or `correlation` is not 0 to 1.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = draw_scenarios(load_toy().scenario, 20, np.random.default_rng(7))
    >>> sum(times for _, times in found)
    20
    """
    if draws < 1:
        msg = f"draws must be at least 1, not {draws}"
        raise ScenarioError(msg)
    times: dict[tuple[str, ...], int] = defaultdict(int)
    kept: dict[tuple[str, ...], Scenario] = {}
    for _ in range(draws):
        one = draw_scenario(scenario, rng, correlation=correlation)
        key = tuple(sorted(item.disruption_id for item in one.disruptions))
        times[key] += 1
        kept.setdefault(key, one)
    return [(kept[key], times[key]) for key in sorted(times, key=lambda key: (-times[key], key))]
