"""A `Scenario`: disruptions and a calendar; data that is laid over a network."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakKeyDictionary, WeakSet

import pandas as pd

from mobility_geo.errors import CalendarError, ScenarioError, UnknownIdError, labels
from mobility_geo.network import Network
from mobility_geo.scenario.disruptions import Disruption
from mobility_geo.schema import is_missing, suggest

SURFACES: Final = ("paved", "gravel", "earth", "sand", "water", "none")
ROAD_CLASSES: Final = ("primary", "secondary", "tertiary", "track", "none")

Known = dict[str, tuple[str, set[str]]]
"""By field of a selection: what its values are, in words, and all that there are."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
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
        If the calendar ends before it starts, `when` is not in it, or a date is none.
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
            If the calendar ends before it starts, `when` is not in it, or a date is none.
        ScenarioError
            If two disruptions have the same id.
        """
        for name in ("when", "start", "end"):
            object.__setattr__(self, name, _as_day(getattr(self, name)))
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
            A date, a datetime or `pandas.Timestamp` (its day counts), or ISO text such as
            ``2013-01-20``; the scenario's own day if None.

        Returns
        -------
        datetime.date
            The day.

        Raises
        ------
        CalendarError
            If it lies outside the calendar or is not a date.

        Examples
        --------
        >>> first, last = dt.date(2013, 1, 1), dt.date(2013, 12, 31)
        >>> scenario = Scenario(name="quiet", when=first, start=first, end=last)
        >>> scenario.day("2013-02-03"), scenario.day(dt.datetime(2013, 2, 3, 18, 30))
        (datetime.date(2013, 2, 3), datetime.date(2013, 2, 3))
        """
        day = self.when if when is None else _as_day(when)
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

    def check(self, network: Network, groups: pd.DataFrame | None = None) -> None:
        """Check that everything the disruptions name is there.

        Parameters
        ----------
        network
            The network that the scenario will be laid over.
        groups
            Who the question is about, schema `GROUPS`: nationalities and exposure classes are
            checked with them; not at all if left out.

        Raises
        ------
        UnknownIdError
            Lists every unknown edge, crossing, road number, surface, class of road, country,
            profile, nationality or exposure class, with the nearest known one.
        """
        named = {name for one in self.disruptions for name in one.what.edge_ids}
        named.update(
            *(one.what.stretches.edge_ids for one in self.disruptions if one.what.stretches)
        )
        edges = _known_edges(network, named)
        what: Known = {"edge_ids": ("edge", edges), **_known(network)}
        countries = what["countries"][1]
        who: Known = {"profiles": ("travel profile", set(network.profiles["profile"]))}
        if groups is not None:
            who["nationalities"] = ("nationality", countries | _values(groups["nationality"]))
            who["exposure_classes"] = (
                "exposure class of any group", _values(groups["exposure_class"])
            )  # fmt: skip
        problems = []
        for disruption in self.disruptions:
            where = f"disruption {disruption.disruption_id!r}"
            into = disruption.what.into
            if into and into not in countries:
                problems.append(f"{where}: into: no country {into!r}{suggest(into, countries)}")
            for traits, known in ((disruption.what, what), (disruption.who, who)):
                for field_name, (words, ids) in known.items():
                    problems += [
                        f"{where}: no {words} {name!r}{suggest(str(name), ids)}"
                        for name in getattr(traits, field_name)
                        if name not in ids
                    ]
            stretches = disruption.what.stretches
            if stretches is not None:
                ids = edges | set(network.access_rows)
                gone = sorted(set(stretches.edge_ids.tolist()) - ids)
                if gone:
                    problems.append(
                        f"{where}: measured on {len(gone)} edges that are not there, e.g. "
                        f"{labels(gone)}{suggest(gone[0], ids)}"
                    )
        if problems:
            raise UnknownIdError(problems)


def _as_day(when: object) -> dt.date:
    """Return the day that somebody meant.

    Raises
    ------
    CalendarError
        If it is not a date.
    """
    if isinstance(when, str):
        try:
            return dt.datetime.fromisoformat(when.strip()).date()
        except ValueError:
            pass
    elif isinstance(when, dt.datetime) and not is_missing(when):
        return when.date()
    elif isinstance(when, dt.date) and not is_missing(when):
        return when
    msg = f"not a date: {when!r}; write it as 2013-01-20"
    raise CalendarError(msg)


def _values(*columns: Iterable[object]) -> set[str]:
    return {str(value) for column in columns for value in pd.Series(column).dropna().unique()}


_CHECKED: WeakKeyDictionary[Network, WeakSet[Scenario]] = WeakKeyDictionary()


def check_once(network: Network, scenario: Scenario) -> None:
    """Check that everything the disruptions name is there, unless that was done before."""
    checked = _CHECKED.setdefault(network, WeakSet())
    if scenario not in checked:
        scenario.check(network)
        checked.add(scenario)


_KNOWN: WeakKeyDictionary[Network, Known] = WeakKeyDictionary()


def _known(network: Network) -> Known:
    """Return what a selection may name, but for edges; found out once for each network."""
    if network not in _KNOWN:
        edges, crossings = network.edges, network.crossings
        countries = _values(
            network.zones["country"], network.nodes["country"], edges["country"],
            network.places["country"], crossings["country_a"], crossings["country_b"],
        )  # fmt: skip
        _KNOWN[network] = {
            "crossing_ids": ("crossing", _values(crossings["crossing_id"])),
            "refs": ("road number", _values(edges["ref"])),
            "place_ids": ("place", _values(network.places["place_id"])),
            "reaches": ("reach of a river", _values(edges["reach"])),
            "rainfall_classes": ("rainfall class", _values(edges["rainfall_class"])),
            "surfaces": ("surface", _values(SURFACES, edges["surface"])),
            "road_classes": ("road class", _values(ROAD_CLASSES, edges["road_class"])),
            "countries": ("country", countries),
        }
    return _KNOWN[network]


def _known_edges(network: Network, named: set[str]) -> set[str]:
    """Return which of some edges are there; if one is neither edge nor access, all that are."""
    if not named:
        return set()
    rows = network.edge_rows
    known = set(rows[rows.isin(list(named))])
    return known if named <= known | set(network.access_rows) else _values(rows)
