"""Who moves in a displacement crisis: classes of people, their homes, and what was counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import labels
from mobility_geo.flows.journeys import MovementNetwork, movement_network
from mobility_geo.sources.displacement_case import DisplacementCase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Reports = Literal["daily", "published"]
POPULATION_UNKNOWN: Final = 20_000.0
"""People of a place in conflict if no place of the case has a population."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Movers:
    """A class of people who meet the same conditions on the way.

    Parameters
    ----------
    network
        Places, ways and camps as they are for this class. All classes of a case have the same
        places, arcs and camps.
    homes
        Places that they leave.
    doors
        Place at which they come home: the home itself, but where it lies beside the road.
    persons
        People of each home who leave by conflict.
    weight
        How much a home counts, besides the pull on it, where the total of arrivals is told.
    conflict
        Intensity of conflict, 0 to 1, by day and home.
    due
        People of each home who want to have left whatever the conflict, by day and home; never
        fewer than the day before.
    """

    network: MovementNetwork
    homes: IntArray
    doors: IntArray
    persons: FloatArray
    weight: FloatArray
    conflict: FloatArray
    due: FloatArray


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class MovementCase:
    """A crisis to simulate: what is known of places and counts, and who moves.

    Parameters
    ----------
    crisis
        Places, conflict, counts, days.
    movers
        Classes of people, at least one.
    forwarding_per_day
        Share of the people in a transit centre who are brought on per day, by the centre and
        the camp they are brought to; shares of a centre add up. While one of its camps takes
        nobody in, the others get all.
    all_counted
        Whether a camp without counts is taken to have nobody, as in a folder that is scored. Else
        a total that is told is that of the camps that were counted.
    audience
        As that of a `Case`: what is public must not show where people are.
    findings
        What had to be decided, in sentences.
    """

    crisis: DisplacementCase
    movers: tuple[Movers, ...]
    forwarding_per_day: Mapping[tuple[str, str], float] = field(default_factory=dict)
    all_counted: bool = False
    audience: str = "internal"
    findings: tuple[str, ...] = ()


def folder_case(case: DisplacementCase) -> MovementCase:
    """Return a folder to simulate: all people alike, from every place that is ever in conflict.

    Parameters
    ----------
    case
        As read.

    Returns
    -------
    MovementCase
        With one class of people.

    Examples
    --------
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> folder_case(practice_case()).movers[0].persons.tolist()
    [40000.0, 60000.0]
    """
    network = movement_network(case)
    findings = []
    homes = np.flatnonzero((case.conflict > 0).any(axis=0))
    if len(homes):
        conflict = np.minimum(case.conflict[:, homes], 1.0)
    else:
        kinds = case.places["kind"].to_numpy(dtype=object)
        country = np.array(network.countries, dtype=object)
        homes = np.flatnonzero((kinds != "camp") & (country == country[0]))
        findings.append(
            "no place is ever in conflict: people leave every place of"
            f" {network.countries[0]} alike"
        )
        conflict = np.ones((case.days, len(homes)))
    people = case.places["population_persons"].to_numpy(dtype=float)[homes]
    known = people[np.isfinite(people)]
    usual = float(np.median(known)) if len(known) else POPULATION_UNKNOWN
    if not len(known):
        findings.append(f"no population is known: {usual:,.0f} people per place in conflict")
    movers = Movers(
        network=network,
        homes=homes,
        doors=homes,
        persons=np.where(np.isfinite(people), people, usual),
        weight=np.ones(len(homes)),
        conflict=conflict,
        due=np.zeros((case.days, len(homes))),
    )
    return MovementCase(
        crisis=case, movers=(movers,), all_counted=True, findings=tuple(findings)
    )  # fmt: skip


def known_counts(
    case: DisplacementCase, reports: Reports, trend_days: int
) -> tuple[FloatArray, FloatArray]:
    """Return what is known on each day, if reports come in at once, and how camps grew lately.

    Parameters
    ----------
    case
        Its counts.
    reports
        ``daily``: a count of every day, on the line between two reports. ``published``: the
        reports only; the last one is carried on until the next.
    trend_days
        Days over which growth is measured.

    Returns
    -------
    known
        People by day and camp.
    growth
        Persons per day, by day and camp. A fall by a re-registration is not counted.

    Examples
    --------
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> known, _ = known_counts(practice_case(), "published", 30)
    >>> known[[30, 31], 1].tolist()  # Dune: 900 on the first day, 1,900 on the day 31
    [900.0, 1900.0]
    """
    daily = case.daily_counts().to_numpy(dtype=float)
    day = np.arange(case.days)
    before = np.maximum(day - trend_days, 0)
    span = np.maximum(day - before, 1)[:, None]
    if reports == "daily":
        change = np.diff(daily, axis=0, prepend=daily[:1])
        steady = np.cumsum(np.where(case.break_days(), 0.0, change), axis=0)
        return daily, (steady - steady[before]) / span
    known = np.tile(daily[:1], (case.days, 1))
    growth = np.zeros_like(known)
    for number, camp in enumerate(case.camps):
        rows = case.counts[(case.counts["camp"] == camp) & (case.counts["day"] > 0)]
        # the first day is told in every regime
        at = np.r_[0.0, rows["day"].to_numpy(dtype=float)]
        people = np.r_[daily[0, number], rows["people"].to_numpy(dtype=float)]
        steps = np.where(rows["break"].to_numpy(dtype=bool), 0.0, np.diff(people))
        steady = np.r_[0.0, np.cumsum(steps)]
        last = np.searchsorted(at, day, side="right") - 1
        known[:, number] = people[last]
        # on the line between two reports only if both are known
        after = np.searchsorted(at, before, side="right")
        then = np.where(after <= last, np.interp(before, at, steady), steady[last])
        growth[:, number] = (steady[last] - then) / span[:, 0]
    return known, growth


def only_counted(case: MovementCase) -> MovementCase:
    """Return a case in which people go only to camps where somebody was counted.

    A total that is told is that of the camps that were counted: nobody of it is elsewhere.

    Parameters
    ----------
    case
        With counts.

    Returns
    -------
    MovementCase
        Other camps take nobody in, which is said in the findings.

    Examples
    --------
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> only_counted(folder_case(practice_case())).findings
    ()
    """
    counted = set(case.crisis.counts["camp"])
    other = np.array([camp not in counted for camp in case.crisis.camps], dtype=bool)
    if not other.any():
        return case
    names = [camp for camp, out in zip(case.crisis.camps, other, strict=True) if out]
    movers = tuple(
        replace(one, network=replace(one.network, shut=one.network.shut | other))
        for one in case.movers
    )
    words = (
        f"{len(names)} destinations have no counts and take nobody in, such as {labels(names)}: a"
        " total that is told is that of those counted"
    )
    return replace(case, movers=movers, findings=(*case.findings, words))
