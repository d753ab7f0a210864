"""A `Scenario`: disruptions and a calendar; data that is laid over a network."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from mobility_geo.errors import CalendarError, ScenarioError, UnknownIdError
from mobility_geo.network import Network
from mobility_geo.scenario.disruptions import Disruption
from mobility_geo.schema import suggest


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Scenario:
    """Disruptions on a calendar. Without disruptions it is the baseline, bit for bit.

    Parameters
    ----------
    name
        Name.
    when
        The day that the questions are asked for, unless another is given.
    start, end
        First and last day of the calendar: days outside are refused, because nobody said what
        held then.
    disruptions
        The disruptions; their order never matters.

    Raises
    ------
    CalendarError
        If the calendar ends before it starts, or `when` is not in it.
    ScenarioError
        If two disruptions have the same id.

    Examples
    --------
    >>> day = dt.date(2013, 1, 20)
    >>> Scenario(name="quiet", when=day, start=day, end=day).without(kinds=["flood"]).name
    'quiet'
    """

    name: str
    when: dt.date
    start: dt.date
    end: dt.date
    disruptions: tuple[Disruption, ...] = field(default=())

    def __post_init__(self) -> None:
        """Check the calendar and the ids.

        Raises
        ------
        CalendarError
            If the calendar ends before it starts, or `when` is not in it.
        ScenarioError
            If two disruptions have the same id.
        """
        if self.end < self.start:
            msg = f"calendar: ends on {self.end}, before it starts on {self.start}"
            raise CalendarError(msg)
        self.day(None)
        ids = [disruption.disruption_id for disruption in self.disruptions]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            msg = f"disruption ids must be unique: {', '.join(twice)}"
            raise ScenarioError(msg)

    def day(self, when: dt.date | str | None) -> dt.date:
        """Return a day of the calendar.

        Parameters
        ----------
        when
            A date, or text such as ``2013-01-20``; the scenario's own day if None.

        Returns
        -------
        datetime.date
            The day.

        Raises
        ------
        CalendarError
            If it lies outside the calendar or is not a date.
        """
        if isinstance(when, str):
            try:
                when = dt.date.fromisoformat(when)
            except ValueError:
                msg = f"not a date: {when!r}; write it as 2013-01-20"
                raise CalendarError(msg) from None
        day = self.when if when is None else when
        if not self.start <= day <= self.end:
            msg = (
                f"{day} lies outside the calendar of {self.name!r}, {self.start} to {self.end}: "
                "nobody said what held on that day"
            )
            raise CalendarError(msg)
        return day

    def active(self, when: dt.date) -> tuple[Disruption, ...]:
        """Return the disruptions that hold on a day."""
        return tuple(d for d in self.disruptions if d.active(when))

    def without(self, *, kinds: Collection[str] = (), ids: Collection[str] = ()) -> "Scenario":
        """Return the scenario without some of its disruptions.

        Parameters
        ----------
        kinds
            Kinds to leave out.
        ids
            Ids to leave out.

        Returns
        -------
        Scenario
            This one is not changed.
        """
        kept = tuple(
            d for d in self.disruptions if d.kind not in kinds and d.disruption_id not in ids
        )
        return replace(self, disruptions=kept)

    def baseline(self) -> "Scenario":
        """Return the scenario without any disruption: the normal season of the same days."""
        return replace(self, disruptions=())

    def check(self, network: Network) -> None:
        """Check that everything the disruptions name is there.

        Parameters
        ----------
        network
            The network that the scenario will be laid over.

        Raises
        ------
        UnknownIdError
            Lists every unknown edge, crossing, road number, country or profile, with the nearest
            known one.
        """
        problems = []
        known = {
            "edge": ("edge_ids", set(network.edges["edge_id"])),
            "crossing": ("crossing_ids", set(network.crossings["crossing_id"])),
            "road number": ("refs", set(network.edges["ref"].dropna())),
            "country": ("countries", set(network.zones["country"])),
        }
        profiles = set(network.profiles["profile"])
        for disruption in self.disruptions:
            where = f"disruption {disruption.disruption_id!r}"
            for what, (field_name, ids) in known.items():
                problems += [
                    f"{where}: no {what} {name!r}{suggest(name, ids)}"
                    for name in getattr(disruption.what, field_name)
                    if name not in ids
                ]
            problems += [
                f"{where}: no travel profile {name!r}{suggest(name, profiles)}"
                for name in disruption.who.profiles
                if name not in profiles
            ]
        if problems:
            raise UnknownIdError(problems)
