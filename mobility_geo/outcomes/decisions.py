"""All that a coordination meeting asks after a run: how sure, where to look, what to reopen."""

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from mobility_geo.outcomes.chokepoints import Chokepoints, find_chokepoints
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.outcomes.gaps import find_information_gaps
from mobility_geo.outcomes.intervals import Intervals, Uncertainty, find_intervals
from mobility_geo.outcomes.reopenings import reopening_curve
from mobility_geo.outcomes.results import Progress
from mobility_geo.outcomes.summaries import Base
from mobility_geo.scenario import Case
from mobility_geo.schema import REOPENINGS, empty_table


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Decisions:
    """Answers for a decision, about movers, or about residents where nobody moves.

    Attributes
    ----------
    case, when, base
        What was asked.
    intervals
        How sure the headlines are.
    gaps
        Schema `INFORMATION_GAPS`: what to find out next.
    chokepoints
        What closing one thing alone would do.
    reopenings
        Schema `REOPENINGS`: what to lift together; empty where nobody is on the move.
    """

    case: Case
    when: dt.date
    base: Base
    intervals: Intervals
    gaps: gpd.GeoDataFrame
    chokepoints: Chokepoints
    reopenings: pd.DataFrame


def find_decisions(
    case: Case,
    when: dt.date | str | None = None,
    *,
    uncertainty: Uncertainty | None = None,
    most_reopenings: int = 3,
    progress: Progress | None = None,
) -> Decisions:
    """Find how sure the answer is, where to assess next, what is critical, and what to reopen.

    Parameters
    ----------
    case
        The question.
    when
        Day; None: the scenario's own.
    uncertainty
        What is drawn, and how often.
    most_reopenings
        Disruptions that are lifted together at most.
    progress
        Called with each step and the share done, 0 to 1.

    Returns
    -------
    Decisions
        See there; each part as from its own function.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case is for the public, has nobody, or nothing of it is uncertain.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> drawn = Uncertainty(most_draws=10, precision=None)
    >>> found = find_decisions(load_toy(), uncertainty=drawn)
    >>> found.reopenings["freed_persons"].tolist()
    [0, 1400]
    """
    refuse_public(case, "What a decision needs")
    day = case.scenario.day(when)

    def part(step: str, begin: float, end: float) -> "_Part":
        return _Part(progress, step, begin, end)

    intervals = find_intervals(
        case, when=day, uncertainty=uncertainty, progress=part("How sure", 0.0, 0.55)
    )
    base = intervals.base
    gaps = find_information_gaps(
        case, when=day, base=base, progress=part("Information gaps", 0.55, 0.75),
        speed_error=intervals.uncertainty.speed_error,
        older_than_days=intervals.uncertainty.unreported_after_days,
    )  # fmt: skip
    chokepoints = find_chokepoints(
        case, when=day, base=base, progress=part("Chokepoints", 0.75, 0.9)
    )
    reopenings = empty_table(REOPENINGS)
    if base == "movers":
        reopenings = reopening_curve(
            case, when=day, most=most_reopenings, progress=part("Reopenings", 0.9, 1.0)
        )
    part("Reopenings", 0.9, 1.0)(1.0)
    return Decisions(case=case, when=day, base=base, intervals=intervals, gaps=gaps,
                     chokepoints=chokepoints, reopenings=reopenings)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Part:
    """Tells the progress of one step as a part of the whole."""

    told: Progress | None
    step: str
    begin: float
    end: float

    def __call__(self, done: float) -> None:
        if self.told is not None:
            self.told(self.step, self.begin + (self.end - self.begin) * done)
