"""Movement over time: expected numbers of people per place, camp and edge, day after day."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ConservationError, InputError, labels
from mobility_geo.flows.departures import MovementParameters, choose_camps, pull_of_camps
from mobility_geo.flows.journeys import NONE, Atlas, Ways
from mobility_geo.flows.movement_case import movement_case
from mobility_geo.flows.movers import (
    MovementCase,
    Movers,
    Reports,
    folder_case,
    known_counts,
    only_counted,
)
from mobility_geo.scenario import Case
from mobility_geo.schema import suggest
from mobility_geo.sources.displacement_case import DisplacementCase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Regime = Literal["split", "forecast", "assimilate"]
REGIMES: Final = ("split", "forecast", "assimilate")
REPORTS: Final = ("daily", "published")
REPORT_LAG_DAYS: Final = 30
DAY_COLUMNS: Final = (
    "in_camps", "in_transit", "held", "queued", "waiting", "departed", "arrived", "forwarded",
    "returned", "recounted",
)  # fmt: skip

LOST: Final = 1e-9
"""Share of all people by which the sums of a day may differ: rounding of real numbers."""
MOST_NUMBERS: Final = 300_000_000
"""People on the way are numbers by place, aim and step: 2.4 GB at most."""


class RunOptions(TypedDict, total=False):
    """What `simulate` takes besides a case and parameters."""

    regime: Regime | None
    throughput_per_day: Mapping[tuple[str, str], float] | None
    forwarding_per_day: Mapping[tuple[str, str], float] | None
    reports: Reports
    report_lag_days: int


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Simulation:
    """Expected movement over time.

    Parameters
    ----------
    name, regime
        Of the case, and what was told.
    predictions
        Columns ``date``, ``camp``, ``people``: what is compared with the counts.
    days
        One row per day, in persons. Where people are: ``in_camps``, ``in_transit``, ``held``
        (before a closure), ``queued`` (before a crossing that is full); ``waiting`` (still at
        home though they want to have left: they know of no way). Since the first day: ``departed``
        (from home), ``arrived`` (in a camp; those who are brought on a second time),
        ``forwarded`` (brought on from a transit centre), ``returned`` (home), ``recounted``
        (taken out of camps, or added if negative: a break of the registration, a total or report
        that was told). In camps + in transit + held + queued = first day + departed - returned -
        recounted; checked every day, as are arrivals and departures of each camp.
    places
        Columns ``date``, ``place``, ``in_camp_persons``, ``held_persons``, ``queued_persons``:
        rows with somebody only.
    edges
        Columns ``date``, ``from_name``, ``to_name``, ``flow_persons``, and ``edge_id`` on a
        network of your own: people who set out on a route on a day, by direction; rows with
        somebody only.
    parameters
        As used.
    findings
        What had to be decided on the way, in sentences.
    audience
        Of the case.
    """

    name: str
    regime: str
    predictions: pd.DataFrame
    days: pd.DataFrame
    places: pd.DataFrame
    edges: pd.DataFrame
    parameters: MovementParameters
    findings: tuple[str, ...]
    audience: str = "internal"

    def wide(self) -> pd.DataFrame:
        """Return the predictions as a table of days by camps."""
        table = self.predictions.pivot_table(index="date", columns="camp", values="people",
                                             sort=False)  # fmt: skip
        return table[list(dict.fromkeys(self.predictions["camp"]))]


def simulate(
    case: DisplacementCase | Case | MovementCase,
    *,
    regime: Regime | None = None,
    parameters: MovementParameters | None = None,
    throughput_per_day: Mapping[tuple[str, str], float] | None = None,
    forwarding_per_day: Mapping[tuple[str, str], float] | None = None,
    reports: Reports = "daily",
    report_lag_days: int = REPORT_LAG_DAYS,
) -> Simulation:
    """Simulate how people move from places in conflict to camps, day after day.

    People are real numbers on places and edges: one run is the expectation, and gives the same
    bytes every time.

    Parameters
    ----------
    case
        Places, routes, closures, conflict, counts; or a case of your own, whose movers leave
        their places for the destinations of their sets: see `movement_case`, which takes more.
    regime
        What is told besides conflict and closures. ``split``: people in camps on the first day
        and the total of all camps of each day; predicted is the split over camps. ``forecast``:
        people in camps on the first day only. ``assimilate``: the counts of all days that are at
        least `report_lag_days` past. Left out: ``split``, or ``forecast`` for a case of your own
        without counts.
    parameters
        Of movement; those that ship if left out.
    throughput_per_day
        Persons per day that a crossing lets through, by the two places of the route in the
        direction of travel; more of them queue before it.
    forwarding_per_day
        Share of the people in a camp who are brought to another camp per day, by the two camps:
        transit centres that forward. Added to those of the case.
    reports
        What ``assimilate`` is told. ``daily``: a count of every day, which lies on the line
        between two reports, as in a register that is kept day by day; where reports are far
        apart it holds something of the later one. ``published``: nothing but the reports
        themselves, the last of which is carried on.
    report_lag_days
        Age of the latest report that is known, for ``assimilate``.

    Returns
    -------
    Simulation
        Tables of predictions, people per day and place, flows per edge.

    Raises
    ------
    InputError
        If the regime is unknown, a name is not in the case, a number is out of range, or nothing
        was counted and the regime tells counts.
    ConservationError
        If people were lost or invented: a fault of the toolkit.

    Notes
    -----
    Wrong where people go for reasons that distance, borders and those who went before do not
    tell: kin, language, a policy that is in no table, camps that are opened because people came.

    References
    ----------
    :cite:t:`suleimenova2017generalized`

    Examples
    --------
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> run = simulate(practice_case(), regime="split")
    >>> round(float(run.wide().iloc[-1].sum()))
    5900
    """
    case = _ready_to_move(case)
    told = case.all_counted or len(case.crisis.counts) > 0
    chosen = regime or ("split" if told else "forecast")
    problems = []
    if chosen not in REGIMES:
        problems.append(
            f"regime must be one of {list(REGIMES)}, not {chosen!r}{suggest(chosen, REGIMES)}"
        )
    elif chosen != "forecast" and not told:
        problems.append(f"the regime {chosen!r} tells counts, and there are none: take 'forecast'")
    if reports not in REPORTS:
        problems.append(
            f"reports must be one of {list(REPORTS)}, not {reports!r}{suggest(reports, REPORTS)}"
        )
    if type(report_lag_days) is not int or report_lag_days < 1:
        problems.append(f"report_lag_days must be a whole number >= 1, not {report_lag_days!r}")
    if problems:
        raise InputError(problems)
    if not case.all_counted and chosen != "forecast":
        case = only_counted(case)
    run = _Run(
        case.crisis, case.movers, parameters or MovementParameters(), throughput_per_day or {},
        {**case.forwarding_per_day, **(forwarding_per_day or {})},
    )  # fmt: skip
    if chosen == "split":
        predictions = run.split()
    elif chosen == "forecast":
        predictions = run.forecast()
    else:
        predictions = run.assimilate(report_lag_days, reports)
    return run.result(chosen, predictions, case.audience, (*case.findings, *run.left_behind()))


def _ready_to_move(case: DisplacementCase | Case | MovementCase) -> MovementCase:
    if isinstance(case, DisplacementCase):
        return folder_case(case)
    return movement_case(case) if isinstance(case, Case) else case


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Ready:
    """People who could set out: class, place, aim and arc of each entry, and how many."""

    group: IntArray
    place: IntArray
    aim: IntArray
    arc: IntArray
    people: FloatArray


class _Movers:
    """People of one class on their way: where they are, where they are heading for."""

    def __init__(self, movers: Movers, parameters: MovementParameters) -> None:
        self.movers, network = movers, movers.network
        self.network, self.homes = network, movers.homes
        self.camps = len(network.camps)
        self.atlas = Atlas(
            network=network,
            aims=np.concatenate([network.camps, movers.doors]),
            day_km=parameters.speed_km_per_day,
            news_days=parameters.news_days,
        )
        self.parameters = parameters
        longest = np.where(network.closed, 0.0, network.length_km).max(initial=0)
        self.step_km = parameters.speed_km_per_day * parameters.step_days
        lead = int(np.ceil(longest / self.step_km)) + 2
        aims, places = len(self.atlas.aims), len(network.names)
        numbers = 2 * (lead + 1) * places * aims
        if numbers > MOST_NUMBERS:
            msg = (
                f"{places:,} places, {aims:,} places to go to or come from and ways of up to"
                f" {lead * parameters.step_days:g} days are too much to simulate"
                f" ({numbers:,} numbers, at most {MOST_NUMBERS:,}): take a network of main roads,"
                " or longer steps"
            )
            raise InputError(msg)
        # by class (0: know the news, 1: have met a closure), place and aim
        self.standing = np.zeros((2, places, aims))
        # people on the way, by the step in which they arrive
        self.coming = np.zeros((lead, 2, places, aims))
        self.now = 0
        self.left_home = np.zeros(len(self.homes))
        self.early_left = np.zeros(len(self.homes))
        self.early: dict[int, FloatArray] = {}
        self.in_camps = np.zeros(self.camps)
        # people before a full arc, as entries of `standing`, flat, and how many
        self.queue: tuple[IntArray, FloatArray] = (np.zeros(0, dtype=np.int64), np.zeros(0))
        self._pulls: dict[tuple[int, bool], tuple[FloatArray, FloatArray]] = {}

    def ways(self, day: int) -> Ways:
        """Return the ways of a day."""
        return self.atlas.on(day)

    def pull(self, day: int, *, informed: bool) -> tuple[FloatArray, FloatArray]:
        """Return how strongly camps pull at each place, and the share of each."""
        ways = self.ways(day)
        key = (id(ways), informed)
        if key not in self._pulls:
            self._pulls[key] = pull_of_camps(self.atlas, ways, self.parameters, informed=informed)
        return self._pulls[key]

    def choice(self, day: int, in_camps: FloatArray, *, informed: bool) -> FloatArray:
        """Return the share of each camp in the choice at every place."""
        _, share = self.pull(day, informed=informed)
        return choose_camps(share, in_camps, self.parameters.follow_share)

    def days_away(self, day: int) -> IntArray:
        """Return how many days camps are away from homes, as known; 0 without a way."""
        km = self.ways(day).known_km[self.homes, : self.camps]
        days = np.rint(np.where(np.isfinite(km), km, 0) / self.parameters.speed_km_per_day)
        return days.astype(np.int64)

    def depart(self, people: FloatArray) -> float:
        """Let people leave their homes, by home and camp; return how many."""
        # several homes can be at one place
        np.add.at(self.standing[0], (self.homes[:, None], np.arange(self.camps)[None, :]), people)
        self.left_home += people.sum(axis=1)
        return float(people.sum())

    def arrive(self, ways: Ways) -> tuple[FloatArray, float]:
        """Take out who has arrived; return people by camp, and how many came home."""
        places, aims = self.atlas.aims, np.arange(len(self.atlas.aims))
        there = self.standing[:, places, aims].sum(axis=0)
        there[: self.camps][ways.shut] = 0
        if not there.any():
            return there[: self.camps], 0.0
        done = there > 0
        self.standing[:, places[done], aims[done]] = 0
        self.left_home = np.maximum(self.left_home - there[self.camps :], 0)
        return there[: self.camps], float(there[self.camps :].sum())

    def learn(self, ways: Ways, among: IntArray) -> IntArray:
        """Let people know who see that the way is not as the news says, or hear there is none.

        `among` has entries of `standing`, flat; those that people have now moved to are added.
        """
        uninformed = among[among < self.standing[0].size]
        blocked = ~np.isfinite(ways.news_km.ravel()[uninformed])
        learned = uninformed[ways.knows.ravel()[uninformed] | blocked]
        flat = self.standing.reshape(-1)
        flat[learned + self.standing[0].size] += flat[learned]
        flat[learned] = 0
        return np.concatenate([among, learned + self.standing[0].size])

    def held(self, ways: Ways) -> FloatArray:
        """Return people who stand where they cannot go on, by place."""
        held: FloatArray = np.where(np.isfinite(ways.true_km), 0, self.standing[1]).sum(axis=1)
        return held

    def choose_again(self, day: int, in_camps: FloatArray) -> None:
        """Let some who are held choose a camp that can be reached, or turn home if none can."""
        ways, camps = self.ways(day), self.camps
        blocked = ~np.isfinite(ways.true_km)
        held = np.where(blocked[:, :camps], self.standing[1][:, :camps], 0)
        if not held.any():
            return
        parameters = self.parameters
        tired = 1 - np.exp(-parameters.step_days / parameters.patience_days)
        choice = self.choice(day, in_camps, informed=True)
        home = np.where(blocked[:, camps:], 0.0, self.left_home[None, :])
        home = np.where((choice.sum(axis=1) > 0)[:, None], 0.0, home)
        sums = home.sum(axis=1, keepdims=True)
        home = np.divide(home, sums, out=np.zeros_like(home), where=sums > 0)
        can = (choice.sum(axis=1) + home.sum(axis=1)) > 0
        leaving = held * (tired * can)[:, None]
        people = leaving.sum(axis=1)[:, None]
        self.standing[1][:, :camps] += people * choice - leaving
        self.standing[1][:, camps:] += people * home

    def ready(self, ways: Ways, among: IntArray) -> "_Ready":
        """Return who of some entries of `standing`, flat, could set out now, and on which arcs."""
        among = np.unique(among)
        group, place, aim = np.unravel_index(among, self.standing.shape)
        arc = np.where(group == 0, ways.news_arc[place, aim], ways.true_arc[place, aim])
        people = self.standing[group, place, aim]
        go = (arc >= 0) & (people > 0)
        go[go] = ~ways.closed[arc[go]]
        return _Ready(group=group[go], place=place[go], aim=aim[go], arc=arc[go],
                      people=people[go])  # fmt: skip

    def set_out(self, ways: Ways, ready: "_Ready", people: FloatArray) -> IntArray:
        """Put people on arcs; return entries of `standing`, flat, of those who are there at once.

        An arc takes the steps by which the rounded rest of the way gets shorter, so that the
        steps of a journey add up to its length, however many arcs it has.
        """
        group, place, aim = ready.group, ready.place, ready.aim
        head = self.network.head[ready.arc]
        here = np.where(group == 0, ways.news_km[place, aim], ways.true_km[place, aim])
        there = np.where(group == 0, ways.news_km[head, aim], ways.true_km[head, aim])
        steps = (np.rint(here / self.step_km) - np.rint(there / self.step_km)).astype(np.int64)
        self.standing[group, place, aim] -= people
        now = (steps <= 0) & (people > 0)
        np.add.at(self.standing, (group[now], head[now], aim[now]), people[now])
        later = steps > 0
        then = (self.now + steps[later]) % len(self.coming)
        np.add.at(self.coming, (then, group[later], head[later], aim[later]), people[later])
        return np.ravel_multi_index((group[now], head[now], aim[now]), self.standing.shape)

    def queued(self, ways: Ways) -> FloatArray:
        """Return people who wait before a full arc, by place; who is held is not in the queue."""
        entry, people = self.queue
        _, place, aim = np.unravel_index(entry, self.standing.shape)
        waits = np.isfinite(ways.true_km[place, aim]) | (entry < self.standing[0].size)
        there = np.minimum(people, self.standing.reshape(-1)[entry]) * waits
        by_place = np.bincount(place, weights=there, minlength=self.standing.shape[1])
        return by_place.astype(np.float64)

    def go_home(self, leaving: FloatArray, weight: FloatArray) -> None:
        """Let people set out from camps for homes, shared by weights."""
        if weight.sum() <= 0:
            weight = np.ones(len(self.homes))
        home = np.outer(leaving, weight / weight.sum())
        np.add.at(self.standing[0][:, self.camps :], self.network.exits, home)

    def waiting(self, day: int) -> FloatArray:
        """Return people who want to have left by a day and have not, by home."""
        people: FloatArray = np.maximum(self.movers.due[day] - self.left_home, 0)
        return people

    def leaving(self, day: int, rate: float) -> FloatArray:
        """Return people who leave on a day if they know of a way, by home."""
        still = np.maximum(self.movers.persons - self.left_home, 0)
        people: FloatArray = self.waiting(day) + rate * self.movers.conflict[day] * still
        return people


class _Run:
    """One run: the state of all people, moved on from day to day."""

    def __init__(
        self,
        case: DisplacementCase,
        movers: tuple[Movers, ...],
        parameters: MovementParameters,
        throughput: Mapping[tuple[str, str], float],
        forwarding: Mapping[tuple[str, str], float],
    ) -> None:
        self.case, self.parameters = case, parameters
        self.network = movers[0].network
        self.camps = len(self.network.camps)
        self.all = [_Movers(one, parameters) for one in movers]
        arcs = len(self.network.tail)
        self.daily = case.daily_counts().to_numpy(dtype=float)
        self.first = self.daily[0] if self.camps else np.zeros(0)
        # people whose class nobody knows are taken for a mix of all
        sizes = np.array([one.movers.weight.sum() for one in self.all])
        self.mix = sizes / sizes.sum() if sizes.sum() > 0 else np.ones(len(sizes)) / len(sizes)
        for one, share in zip(self.all, self.mix, strict=True):
            one.in_camps = self.first * share
        self.departed = self.returned = self.recounted = 0.0
        # people who came to each camp, were brought on, left and were counted anew so far
        self.arrived, self.sent_on, self.left, self.anew = np.zeros((4, self.camps))
        self.limits = self._limits(throughput)
        self.forward = self._forwarding(forwarding)
        self.rows: list[tuple[float, ...]] = []
        self.by_place: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        self.by_arc = np.zeros((case.days, arcs))

    @property
    def in_camps(self) -> FloatArray:
        """People in each camp."""
        people: FloatArray = np.sum([one.in_camps for one in self.all], axis=0)
        return people

    # ------------------------------------------------------------ regimes
    def split(self) -> FloatArray:
        """Predict the split of told totals; departures are timed so as to arrive when told."""
        days = self.case.days
        totals = self.daily.sum(axis=1)
        change = np.diff(totals, prepend=totals[0])
        arriving = np.maximum(change, 0.0)
        breaks = self._falls_by_break(change)
        predicted = np.zeros((days, self.camps))
        for day in range(days):
            if day:
                self._leave_camps(max(-change[day], 0.0), breaks[day])
            shares = self._choice(day)
            for one, share in zip(self.all, shares or [], strict=False):
                whole = np.minimum(one.days_away(day), days)
                when = day + whole
                if day == 0:
                    self._already_on_the_way(one, share, whole, arriving)
                told = np.where(when < days, arriving[np.minimum(when, days - 1)], 0)
                self.departed += one.depart(
                    share * told if day else np.where(whole > 0, share * told, 0)
                )
            self._move(day)
            predicted[day] = self._split_of(totals[day], shares)
            self._count_anew(predicted[day])
            self._record(day)
        return predicted

    def forecast(self) -> FloatArray:
        """Predict people in camps from conflict and closures alone."""
        rate = self.parameters.leave_share_per_day
        predicted = np.zeros((self.case.days, self.camps))
        for day in range(self.case.days):
            in_camps = self.in_camps
            for one in self.all if day else []:
                choice = one.choice(day, in_camps, informed=False)[one.homes]
                self.departed += one.depart(one.leaving(day, rate)[:, None] * choice)
            if day:
                self._go_home_to_peace(day)
            self._move(day)
            self._record(day)
            predicted[day] = self.in_camps
        return predicted

    def left_behind(self) -> list[str]:
        """Say who waits at home on the last day, as they know of no way."""
        names = np.array(self.network.names, dtype=object)
        waiting: dict[str, float] = {}
        for one in self.all:
            people = one.waiting(self.case.days - 1).tolist()
            for place, waits in zip(names[one.homes].tolist(), people, strict=True):
                waiting[place] = waiting.get(place, 0.0) + waits
        found = {place: people for place, people in waiting.items() if people >= 1}
        if not found:
            return []
        most = sorted(found, key=lambda place: -found[place])
        words = (
            f"{sum(found.values()):,.0f} people want to leave {len(found)} places, such as"
            f" {labels(most)}, and still wait there on the last day: they know of no way to any of"
            " their destinations"
        )
        return [words]

    def assimilate(self, lag: int, reports: Reports) -> FloatArray:
        """Set the camps to each report when it comes in, and carry the inflow on from there."""
        parameters, days = self.parameters, self.case.days
        known, growth = known_counts(self.case, reports, parameters.trend_days)
        keep, horizon = parameters.trend_keep_per_day, min(lag, days - 1)
        more = keep * (1 - keep**horizon) / (1 - keep) if keep < 1 else float(horizon)
        predicted = np.tile(self.first, (days, 1))
        for day in range(days):
            report, trend = known[day], growth[day]
            inflow = float(trend.sum())
            self._count_anew(report)
            shares = self._choice(day)
            if shares is not None and inflow > 0 and day:
                for one, share in zip(self.all, shares, strict=True):
                    self.departed += one.depart(share * inflow)
                split = np.sum([share.sum(axis=0) for share in shares], axis=0)
                after = report + more * inflow * split
            else:
                after = np.maximum(report + more * trend, 0.0)
            if day + lag < days:
                predicted[day + lag] = after
            self._move(day)
            self._record(day)
        return predicted

    # ------------------------------------------------------------ departures
    def _choice(self, day: int) -> list[FloatArray] | None:
        """Return the share of all who leave on a day, by home and camp; None: nobody can."""
        for informed in (False, True):
            weights = [
                one.pull(day, informed=informed)[0][one.homes]
                * (one.movers.conflict[day] > 0) * one.movers.weight
                for one in self.all
            ]  # fmt: skip
            total = sum(float(weight.sum()) for weight in weights)
            if total > 0:
                return [
                    (weight / total)[:, None]
                    * one.choice(day, self.in_camps, informed=informed)[one.homes]
                    for one, weight in zip(self.all, weights, strict=True)
                ]
        return None

    def _already_on_the_way(
        self, one: _Movers, share: FloatArray, away: IntArray, arriving: FloatArray
    ) -> None:
        """Let those arrive in the first days who had set out before the first day."""
        for home, camp in zip(*np.nonzero((share > 0) & (away > 0)), strict=True):
            for day in range(1, min(int(away[home, camp]), self.case.days)):
                one.early.setdefault(day, np.zeros(self.camps))[camp] += (
                    share[home, camp] * arriving[day]
                )
                one.early_left[home] += share[home, camp] * arriving[day]

    def _leave_camps(self, people: float, by_break: float) -> None:
        """Take people out of all camps alike: they go home, or are no longer counted."""
        total = float(self.in_camps.sum())
        people = min(people, total)
        if people <= 0:
            return
        recounted = min(by_break / people, 1.0)
        for one in self.all:
            self._send_home(one, one.in_camps * (people / total), one.left_home, recounted)

    def _go_home_to_peace(self, day: int) -> None:
        rate = self.parameters.return_share_per_day
        for one in self.all:
            total = float(one.left_home.sum())
            calm = (one.movers.conflict[day] == 0) * one.left_home
            if rate > 0 and calm.sum() > 0:
                self._send_home(one, one.in_camps * (rate * float(calm.sum()) / total), calm)

    def _send_home(
        self, one: _Movers, leaving: FloatArray, weight: FloatArray, recounted: float = 0.0
    ) -> None:
        """Let people of a class leave camps for homes, but those who were counted wrongly."""
        self.recounted += recounted * float(leaving.sum())
        self.anew += recounted * leaving
        self.left += (1 - recounted) * leaving
        one.in_camps = one.in_camps - leaving
        one.go_home((1 - recounted) * leaving, weight)

    def _count_anew(self, people: FloatArray) -> None:
        """Set the people in camps to what was counted; the mix of classes stays."""
        now = self.in_camps
        gone = now - people
        self.recounted += float(gone.sum())
        self.anew += gone
        for one, mix in zip(self.all, self.mix, strict=True):
            share = np.divide(one.in_camps, now, out=np.full(self.camps, mix), where=now > 0)
            one.in_camps = people * share

    # ------------------------------------------------------------ movement
    def _move(self, day: int) -> None:
        """Move everybody for one day."""
        for one in self.all:
            early = one.early.get(day)
            if early is not None:
                one.in_camps = one.in_camps + early
                self.arrived += early
                self.departed += float(early.sum())
        if day == 1:
            for one in self.all:
                one.left_home = one.left_home + one.early_left
        for _ in range(self._steps_of(day)):
            self._step(day)

    def _steps_of(self, day: int) -> int:
        step = self.parameters.step_days
        if day == 0:
            return 1
        return round(1 / step) if step <= 1 else int(day % round(step) == 0)

    def _step(self, day: int) -> None:
        for one in self.all:
            one.standing += one.coming[one.now]
            one.coming[one.now] = 0
        self._arrive(day)
        self._forward_from_camps(day)
        among = []
        in_camps = self.in_camps
        for one in self.all:
            ways = one.ways(day)
            one.learn(ways, np.flatnonzero(one.standing))
            one.choose_again(day, in_camps)
            among.append(np.flatnonzero(one.standing))
        limits = np.array([np.minimum(self.limits, one.ways(day).throughput) for one in self.all])
        limited = np.flatnonzero(np.isfinite(limits).any(axis=0))
        passed = np.zeros(limits.shape)
        # arcs that are short are passed within the step
        while any(len(some) for some in among):
            among = self._set_out(among, day, limited, limits, passed)
            self._arrive(day)
            among = [one.learn(one.ways(day), some)
                     for one, some in zip(self.all, among, strict=True)]  # fmt: skip
        for one in self.all:
            # whoever could set out and is still there waits before a full arc
            if len(limited):
                left = one.ready(one.ways(day), np.flatnonzero(one.standing))
                at = (left.group, left.place, left.aim)
                one.queue = (np.ravel_multi_index(at, one.standing.shape), left.people)
            one.now = (one.now + 1) % len(one.coming)

    def _arrive(self, day: int) -> None:
        for one in self.all:
            came, home = one.arrive(one.ways(day))
            one.in_camps = one.in_camps + came
            self.arrived += came
            self.returned += home

    def _forward_from_camps(self, day: int) -> None:
        """Bring people on from transit centres to those of their camps that take people in."""
        for source, targets, shares in self.forward:
            place = self.network.exits[source]
            part = 1 - (1 - shares.sum()) ** self.parameters.step_days
            for one in self.all:
                open_ = np.isfinite(one.ways(day).true_km[place, targets])
                if not (shares * open_).sum() > 0:
                    continue
                people = one.in_camps[source] * part
                one.in_camps[source] -= people
                self.sent_on[source] += people
                one.standing[0, place, targets] += people * shares * open_ / (shares * open_).sum()

    def _set_out(
        self,
        among: list[IntArray],
        day: int,
        limited: IntArray,
        limits: FloatArray,
        passed: FloatArray,
    ) -> list[IntArray]:
        """Let people set out who can; return who can go on within the step.

        `limits` has persons a day by class and arc, `limited` the arcs that have one.
        """
        arcs = len(self.network.tail)
        ready = [one.ready(one.ways(day), some) for one, some in zip(self.all, among, strict=True)]
        wanted = np.array([
            np.bincount(some.arc, weights=some.people, minlength=arcs) for some in ready
        ])  # fmt: skip
        passing = np.ones(wanted.shape)
        for arc in limited[wanted[:, limited].sum(axis=0) > 0]:
            most = limits[:, arc] * self.parameters.step_days
            passing[:, arc] = share_passing(wanted[:, arc], passed[:, arc], most)
        landed = []
        for number, (one, some) in enumerate(zip(self.all, ready, strict=True)):
            going = some.people * passing[number, some.arc]
            landed.append(one.set_out(one.ways(day), some, going))
            flow = np.bincount(some.arc, weights=going, minlength=arcs)
            self.by_arc[day] += flow
            passed[number] += flow
        return landed

    def _record(self, day: int) -> None:
        """Write down the day, and check that nobody is lost.

        Raises
        ------
        ConservationError
            If people were lost or invented, altogether or in a camp.
        """
        held = np.sum([one.held(one.ways(day)) for one in self.all], axis=0)
        queued = np.sum([one.queued(one.ways(day)) for one in self.all], axis=0)
        standing = np.sum([one.standing.sum(axis=(0, 2)) for one in self.all], axis=0)
        passing = standing - held - queued
        on_arcs = sum(float(one.coming.sum()) for one in self.all)
        waiting = sum(float(one.waiting(day).sum()) for one in self.all)
        in_camps = self.in_camps
        row = (float(in_camps.sum()), on_arcs + float(passing.sum()), float(held.sum()),
               float(queued.sum()), waiting, self.departed, float(self.arrived.sum()),
               float(self.sent_on.sum()), self.returned, self.recounted)  # fmt: skip
        scale = max(float(self.first.sum()) + self.departed + abs(self.recounted), 1.0)
        expected = float(self.first.sum()) + self.departed - self.returned - self.recounted
        lost = {
            "altogether": sum(row[:4]) - expected,
            "in camps": np.abs(
                in_camps - self.first - self.arrived + self.sent_on + self.left + self.anew
            ).sum(),
            "at places, more held or queued than stand there": min(passing.min(initial=0), 0),
            "somewhere, fewer than none": min(
                on_arcs, in_camps.min(initial=0), held.min(initial=0), queued.min(initial=0), 0
            ),
        }
        wrong = [f"{people:,.6f} {where}" for where, people in lost.items()
                 if not abs(people) <= LOST * scale]  # fmt: skip
        if wrong:
            msg = (
                f"day {day}: people lost or invented: {'; '.join(wrong)}; please report this with"
                " the case"
            )
            raise ConservationError(msg)
        self.rows.append(row)
        self.by_place.append((in_camps, held, queued))

    # ------------------------------------------------------------ inputs
    def _limits(self, throughput: Mapping[tuple[str, str], float]) -> FloatArray:
        """Return persons per day that each arc lets through.

        Raises
        ------
        InputError
            If no route joins two places, or a number is below 0.
        """
        problems, found = [], np.full(len(self.network.tail), np.inf)
        names = {name: number for number, name in enumerate(self.network.names)}
        for (first, second), most in throughput.items():
            arcs = np.flatnonzero(
                (self.network.tail == names.get(first, NONE))
                & (self.network.head == names.get(second, NONE))
            )
            unknown = [name for name in (first, second) if name not in names]
            if unknown:
                problems.append(f"throughput_per_day: no place {unknown[0]!r}"
                                f"{suggest(unknown[0], names)}")  # fmt: skip
            elif not len(arcs):
                problems.append(f"throughput_per_day: no route leads from {first!r} to {second!r}")
            if not _is_number(most) or not most >= 0:
                problems.append(f"throughput_per_day: {first!r} to {second!r} must be persons >= 0")
                continue
            found[arcs] = most
        if problems:
            raise InputError(problems)
        return found

    def _forwarding(
        self, forwarding: Mapping[tuple[str, str], float]
    ) -> list[tuple[int, IntArray, FloatArray]]:
        """Return transit centres, the camps they forward to, and the share per day of each.

        Raises
        ------
        InputError
            If a name is no camp, or shares are out of range.
        """
        camps = {camp: number for number, camp in enumerate(self.case.camps)}
        problems = []
        found: dict[str, dict[int, float]] = {}
        for (first, second), share in forwarding.items():
            unknown = [name for name in (first, second) if name not in camps]
            if unknown:
                problems.append(f"forwarding_per_day: {unknown[0]!r} is no camp of the case"
                                f"{suggest(unknown[0], camps)}")  # fmt: skip
            elif first == second:
                problems.append(f"forwarding_per_day: {first!r} cannot forward to itself")
            elif not _is_number(share) or not 0 <= share <= 1:
                problems.append(f"forwarding_per_day: {first!r} to {second!r} must be 0 to 1")
            else:
                found.setdefault(first, {})[camps[second]] = float(share)
        problems += [
            f"forwarding_per_day: shares of {first!r} add up to {sum(shares.values()):g}, more"
            " than all"
            for first, shares in found.items() if sum(shares.values()) > 1 + LOST
        ]  # fmt: skip
        if problems:
            raise InputError(problems)
        return [
            (camps[first], np.array(list(shares), dtype=np.int64), np.array(list(shares.values())))
            for first, shares in found.items()
        ]

    def _falls_by_break(self, change: FloatArray) -> FloatArray:
        """Return how much of a fall of the total is due to breaks of the registration, per day."""
        fall = np.maximum(-np.diff(self.daily, axis=0, prepend=self.daily[:1]), 0)
        return np.where(change < 0, (fall * self.case.break_days()).sum(axis=1), 0.0)

    # ------------------------------------------------------------ results
    def _split_of(self, total: float, shares: list[FloatArray] | None) -> FloatArray:
        people = self.in_camps
        if people.sum() <= 0:  # nobody is there yet: those on the way, else the first choice
            people = np.sum(
                [one.standing[:, :, : self.camps].sum(axis=(0, 1))
                 + one.coming[..., : self.camps].sum(axis=(0, 1, 2)) for one in self.all], axis=0,
            )  # fmt: skip
        if people.sum() <= 0 and shares is not None:
            people = np.sum([share.sum(axis=0) for share in shares], axis=0)
        if people.sum() <= 0:
            people = np.ones(self.camps)
        return people * (total / people.sum()) if self.camps else people

    def result(
        self, regime: str, predictions: FloatArray, audience: str, findings: tuple[str, ...]
    ) -> Simulation:
        """Return the tables of the run."""
        dates = self.case.dates
        days, camps = predictions.shape
        table = pd.DataFrame(self.rows, columns=[f"{name}_persons" for name in DAY_COLUMNS])
        table.insert(0, "date", dates)
        return Simulation(
            name=self.case.name,
            regime=regime,
            predictions=pd.DataFrame({
                "date": np.repeat(np.array(dates, dtype=object), camps),
                "camp": np.tile(np.array(self.case.camps, dtype=object), days),
                "people": predictions.ravel(),
            }),
            days=table,
            places=self._places_table(dates),
            edges=self._edges_table(dates),
            parameters=self.parameters,
            findings=findings,
            audience=audience,
        )  # fmt: skip

    def _places_table(self, dates: list[dt.date]) -> pd.DataFrame:
        names = list(dict.fromkeys(self.network.names))
        number = {name: at for at, name in enumerate(names)}
        # the two sides of a place beside the road are one place
        of = np.array([number[name] for name in self.network.names])
        camp, held, queued = (np.zeros((len(dates), len(names))) for _ in range(3))
        camp[:, of[self.network.camps]] = np.array([row[0] for row in self.by_place])
        for table, column in ((held, 1), (queued, 2)):
            np.add.at(table.T, of, np.array([row[column] for row in self.by_place]).T)
        day, place = np.nonzero((camp > 0) | (held > 0) | (queued > 0))
        return pd.DataFrame({
            "date": np.array(dates, dtype=object)[day],
            "place": np.array(names, dtype=object)[place],
            "in_camp_persons": camp[day, place],
            "held_persons": held[day, place],
            "queued_persons": queued[day, place],
        })  # fmt: skip

    def _edges_table(self, dates: list[dt.date]) -> pd.DataFrame:
        day, arc = np.nonzero(self.by_arc > 0)
        names = np.array(self.network.names, dtype=object)
        table = pd.DataFrame({
            "date": np.array(dates, dtype=object)[day],
            "from_name": names[self.network.tail[arc]],
            "to_name": names[self.network.head[arc]],
            "flow_persons": self.by_arc[day, arc],
        })  # fmt: skip
        if not self.network.edge_ids:
            return table
        table.insert(1, "edge_id", np.array(self.network.edge_ids, dtype=object)[arc])
        on_edge: pd.DataFrame = table[table["edge_id"] != ""].reset_index(drop=True)
        return on_edge


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number)


def share_passing(wanted: FloatArray, passed: FloatArray, most: FloatArray) -> FloatArray:
    """Return which share of those who want to pass a full crossing may, by class of people.

    Parameters
    ----------
    wanted, passed
        People of each class who want to pass, and who have passed before.
    most
        People who may pass, by class; inf: any number. Classes that may pass at most so many
        share that number with those that may pass no more; a class with a lower number of its own
        keeps to both.

    Returns
    -------
    numpy.ndarray
        Share of each class, 0 to 1.

    Examples
    --------
    >>> everybody, some = np.array([100.0, 100.0]), np.array([0.0, 0.0])
    >>> share_passing(everybody, some, np.array([50.0, 50.0])).tolist()
    [0.25, 0.25]
    >>> share_passing(everybody, some, np.array([np.inf, 2.0])).tolist()
    [1.0, 0.02]
    """
    share = np.ones(len(wanted))
    for number in np.unique(most[np.isfinite(most)]):
        mine = most <= number
        want = float((wanted * share)[mine].sum())
        left = max(float(number - passed[mine].sum()), 0.0)
        if want > left:
            share[mine] *= left / want
    return share


def simulate_ensemble(  # noqa: PLR0913
    case: DisplacementCase | Case | MovementCase,
    *,
    seed: int,
    runs: int = 50,
    spread: float = 0.3,
    people_spread: float = 0.2,
    length_spread: float = 0.1,
    date_spread_days: float = 3.0,
    parameters: MovementParameters | None = None,
    quantiles: tuple[float, float] = (0.05, 0.95),
    progress: Callable[[str, float], None] | None = None,
    **options: Unpack[RunOptions],
) -> pd.DataFrame:
    """Simulate with uncertain parameters and inputs and return bands.

    Parameters
    ----------
    case, parameters
        As for `simulate`.
    seed
        Of the random numbers; the same seed gives the same bands.
    runs
        Number of runs.
    spread
        Standard deviation of the logarithm of speed, distance scale, patience and share of people
        who leave per day; the share who follow varies by a third of it, within 0 to 1.
    people_spread
        Standard deviation of the logarithm of the people of each home.
    length_spread
        Standard deviation of the logarithm of the length of each route.
    date_spread_days
        Standard deviation in days of the dates of closures, which move together, and of the
        conflict of each home.
    quantiles
        Of the band, 0 to 1.
    progress
        Called with a step and the share done, 0 to 1.
    **options
        As for `simulate`: regime, throughput_per_day, forwarding_per_day, reports,
        report_lag_days.

    Returns
    -------
    pandas.DataFrame
        Columns ``date``, ``camp``, ``people`` (run with everything as given), ``people_low``,
        ``people_high``. The band says how far the answer hangs on parameters and inputs; it does
        not hold what the model leaves out.

    Raises
    ------
    InputError
        If the number of runs, a spread or the quantiles are out of range.

    Examples
    --------
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> bands = simulate_ensemble(practice_case(), seed=1, runs=3)
    >>> bool((bands["people_low"] <= bands["people_high"]).all())
    True
    """
    low, high = quantiles
    spreads = (spread, people_spread, length_spread, date_spread_days)
    if runs < 1 or not all(0 <= one < np.inf for one in spreads) or not 0 <= low <= high <= 1:
        msg = "an ensemble needs runs >= 1, spreads >= 0 and quantiles 0 <= low <= high <= 1"
        raise InputError(msg)
    case = _ready_to_move(case)
    centre = parameters or MovementParameters()
    rng = np.random.default_rng(seed)
    best = simulate(case, parameters=centre, **options).predictions
    drawn = []
    for number in range(runs):
        if progress is not None:
            progress(f"Run {number + 1} of {runs}", number / runs)
        speed, near, patience, leave = np.exp(spread * rng.standard_normal(4))
        follow = centre.follow_share + spread / 3 * float(rng.standard_normal())
        one = replace(
            centre,
            speed_km_per_day=centre.speed_km_per_day * float(speed),
            near_km=centre.near_km * float(near),
            patience_days=centre.patience_days * float(patience),
            leave_share_per_day=min(centre.leave_share_per_day * float(leave), 1.0),
            follow_share=min(max(follow, 0.0), 1.0),
        )
        inputs = _with_other_inputs(case, rng, people_spread, length_spread, date_spread_days)
        found = simulate(inputs, parameters=one, **options)
        drawn.append(found.predictions["people"].to_numpy(float))
    if progress is not None:
        progress("Done", 1.0)
    band = np.quantile(np.array(drawn), [low, high], axis=0)
    return best.assign(people_low=band[0], people_high=band[1])


def _with_other_inputs(
    case: MovementCase,
    rng: np.random.Generator,
    people_spread: float,
    length_spread: float,
    date_spread_days: float,
) -> MovementCase:
    """Return a case with other people, lengths and dates, as far as these are uncertain."""
    days = np.arange(case.crisis.days)

    def shifted(by: float) -> IntArray:
        return np.clip(days - round(by), 0, len(days) - 1)

    network = case.movers[0].network
    pair = np.sort(np.column_stack([network.tail, network.head]), axis=1)
    routes, route = np.unique(pair, axis=0, return_inverse=True)
    longer = np.exp(length_spread * rng.standard_normal(len(routes)))[route.reshape(-1)]
    closures = shifted(date_spread_days * float(rng.standard_normal()))
    movers = []
    for one in case.movers:
        more = np.exp(people_spread * rng.standard_normal(len(one.homes)))
        begins = date_spread_days * rng.standard_normal(len(one.homes))
        at = np.array([shifted(float(by)) for by in begins]).reshape(len(one.homes), -1).T
        movers.append(replace(
            one,
            network=replace(one.network, state=one.network.state[closures],
                            length_km=one.network.length_km * longer),
            persons=one.persons * more,
            weight=one.weight * (more if (one.weight != 1).any() else 1.0),
            due=one.due * more,
            conflict=np.take_along_axis(one.conflict, at, axis=0),
        ))  # fmt: skip
    return replace(case, movers=tuple(movers))


__all__ = [
    "MovementParameters", "RunOptions", "Simulation", "simulate", "simulate_ensemble",
]  # fmt: skip
