"""A span of days: on which of them conditions change, and what holds between."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mobility_geo.errors import CalendarError
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
