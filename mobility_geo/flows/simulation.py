"""Movement over time: expected numbers of people per place, camp and edge, day after day."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ConservationError, InputError
from mobility_geo.flows.departures import MovementParameters, choose_camps, pull_of_camps
from mobility_geo.flows.journeys import Atlas, MovementNetwork, Ways, movement_network
from mobility_geo.schema import suggest
from mobility_geo.sources.displacement_case import DisplacementCase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

Regime = Literal["split", "forecast", "assimilate"]
REGIMES: Final = ("split", "forecast", "assimilate")
REPORT_LAG_DAYS: Final = 30
POPULATION_UNKNOWN: Final = 20_000.0
"""People of a place in conflict if no place of the case has a population."""

LOST: Final = 1e-9
"""Share of all people by which the sums of a day may differ: rounding of real numbers."""


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
        One row per day: people ``in_camps``, ``in_transit``, ``held`` (before a closure),
        ``queued`` (before a crossing that is full), since the first day ``departed``,
        ``returned``, ``recounted`` (taken out as a break of the registration, or set right by a
        report), all in persons; in camps + in transit + held + queued = first day + departed -
        returned - recounted.
    places
        Columns ``date``, ``place``, ``in_camp_persons``, ``held_persons``, ``queued_persons``:
        rows with somebody only.
    edges
        Columns ``date``, ``from_name``, ``to_name``, ``flow_persons``: people who set out on a
        route on a day, by direction; rows with somebody only.
    parameters
        As used.
    findings
        What had to be decided on the way, in sentences.
    """

    name: str
    regime: str
    predictions: pd.DataFrame
    days: pd.DataFrame
    places: pd.DataFrame
    edges: pd.DataFrame
    parameters: MovementParameters
    findings: tuple[str, ...]

    def wide(self) -> pd.DataFrame:
        """Return the predictions as a table of days by camps."""
        table = self.predictions.pivot_table(index="date", columns="camp", values="people",
                                             sort=False)  # fmt: skip
        return table[list(dict.fromkeys(self.predictions["camp"]))]


def simulate(
    case: DisplacementCase,
    *,
    regime: Regime = "split",
    parameters: MovementParameters | None = None,
    throughput_per_day: Mapping[tuple[str, str], float] | None = None,
    forwarding_per_day: Mapping[tuple[str, str], float] | None = None,
    report_lag_days: int = REPORT_LAG_DAYS,
) -> Simulation:
    """Simulate how people move from places in conflict to camps, day after day.

    People are real numbers on places and edges: one run is the expectation, and gives the same
    bytes every time.

    Parameters
    ----------
    case
        Places, routes, closures, conflict, counts.
    regime
        What is told besides conflict and closures. ``split``: people in camps on the first day
        and the total of all camps of each day; predicted is the split over camps. ``forecast``:
        people in camps on the first day only. ``assimilate``: the daily counts of all days that
        are at least `report_lag_days` past. A daily count lies on the line between two reports
        (`DisplacementCase.daily_counts`), so that it holds something of the later one.
    parameters
        Of movement; those that ship if left out.
    throughput_per_day
        Persons per day that a crossing lets through, by the two places of the route in the
        direction of travel; more of them queue before it.
    forwarding_per_day
        Share of the people in a camp who are brought to another camp per day, by the two camps:
        transit centres that forward.
    report_lag_days
        Age of the latest report that is known, for ``assimilate``.

    Returns
    -------
    Simulation
        Tables of predictions, people per day and place, flows per edge.

    Raises
    ------
    InputError
        If the regime is unknown, a name is not in the case, or a number is out of range.
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
    if regime not in REGIMES:
        msg = f"regime must be one of {list(REGIMES)}, not {regime!r}{suggest(regime, REGIMES)}"
        raise InputError(msg)
    if report_lag_days < 1:
        msg = f"report_lag_days must be 1 or more, not {report_lag_days!r}"
        raise InputError(msg)
    run = _Run(
        case, parameters or MovementParameters(), throughput_per_day or {}, forwarding_per_day or {}
    )
    if regime == "split":
        predictions = run.split()
    elif regime == "forecast":
        predictions = run.forecast()
    else:
        predictions = run.assimilate(report_lag_days)
    return run.result(regime, predictions)


class _Run:
    """One run: the state of all people, moved on from day to day."""

    def __init__(
        self,
        case: DisplacementCase,
        parameters: MovementParameters,
        throughput: Mapping[tuple[str, str], float],
        forwarding: Mapping[tuple[str, str], float],
    ) -> None:
        self.case, self.parameters = case, parameters
        network = self.network = movement_network(case)
        self.camps = len(network.camps)
        self.homes = np.flatnonzero((case.conflict > 0).any(axis=0))
        self.findings: list[str] = []
        if not len(self.homes):
            kinds = case.places["kind"].to_numpy(dtype=object)
            country = np.array(network.countries, dtype=object)
            self.homes = np.flatnonzero((kinds != "camp") & (country == country[0]))
            self.findings.append(
                "no place is ever in conflict: people leave every place of"
                f" {network.countries[0]} alike"
            )
            self.conflict = np.zeros_like(case.conflict)
            self.conflict[:, self.homes] = 1.0
        else:
            self.conflict = np.minimum(case.conflict, 1.0)
        self.atlas = Atlas(
            network=network,
            aims=np.concatenate([network.camps, self.homes]),
            day_km=parameters.speed_km_per_day,
            news_days=parameters.news_days,
        )
        aims, places = len(self.atlas.aims), len(network.names)
        per_day = parameters.steps_per_day
        self.steps = np.maximum(
            np.rint(network.length_km / parameters.speed_km_per_day * per_day), 1
        ).astype(np.int64)
        lead = int(self.steps.max(initial=1)) + 1
        # people at places by class (0: know the news, 1: have met a closure), place and aim
        self.at = np.zeros((2, places, aims))
        # people on the way, by the step in which they arrive
        self.coming = np.zeros((lead, 2, places, aims))
        self.now = 0
        daily = case.daily_counts()
        self.first = daily.iloc[0].to_numpy(dtype=float) if self.camps else np.zeros(0)
        self.in_camps = self.first.copy()
        self.left_home = np.zeros(len(self.homes))
        self.departed = self.returned = self.recounted = 0.0
        self.queued = np.zeros(places)
        self.limits = self._limits(throughput)
        self.forward = self._forwarding(forwarding)
        self.rows: list[tuple[float, ...]] = []
        self.by_place: list[tuple[int, FloatArray, FloatArray, FloatArray]] = []
        self.by_arc = np.zeros((case.days, len(network.tail)))
        self._at_aim = (self.atlas.aims, np.arange(aims))
        self._pulls: dict[tuple[int, bool], tuple[FloatArray, FloatArray]] = {}

    # ------------------------------------------------------------ regimes
    def split(self) -> FloatArray:
        """Predict the split of told totals; departures are timed so as to arrive when told."""
        totals = self.case.daily_counts().to_numpy(dtype=float).sum(axis=1)
        change = np.diff(totals, prepend=totals[0])
        arriving = np.maximum(change, 0.0)
        breaks = self._falls_by_break(change)
        predicted = np.zeros((self.case.days, self.camps))
        for day in range(self.case.days):
            self._start_day(day)
            if day:
                self._leave_camps(max(-change[day], 0.0), breaks[day])
            share = self._choice(day)
            if share is not None:
                whole = np.minimum(self._days_away(day), self.case.days)
                when = day + whole
                if day == 0:
                    self._already_on_the_way(share, whole, arriving)
                told = np.where(
                    when < self.case.days, arriving[np.minimum(when, self.case.days - 1)], 0
                )
                self._depart(share * told if day else np.where(whole > 0, share * told, 0))
            self._move(day)
            predicted[day] = self._split_of(totals[day], share)
        return predicted

    def forecast(self) -> FloatArray:
        """Predict people in camps from conflict and closures alone."""
        rate = self.parameters.leave_share_per_day
        home = self._populations()
        predicted = np.zeros((self.case.days, self.camps))
        for day in range(self.case.days):
            self._start_day(day)
            if day:
                ways = self.atlas.on(day)
                _, share = self._pull(ways, informed=False)
                choice = choose_camps(share, self.in_camps, self.parameters.follow_share)[
                    self.homes
                ]
                still = np.maximum(home - self.left_home, 0)
                leave = rate * self.conflict[day, self.homes] * still
                self._depart(leave[:, None] * choice)
                self._go_home_to_peace(day)
            self._move(day)
            predicted[day] = self.in_camps
        return predicted

    def assimilate(self, lag: int) -> FloatArray:
        """Set the camps to each report when it comes in, and carry the inflow on from there."""
        parameters = self.parameters
        daily = self.case.daily_counts().to_numpy(dtype=float)
        change = np.diff(daily, axis=0, prepend=daily[:1])
        # a fall by a re-registration says nothing of where people go
        steady = np.cumsum(np.where(self.case.break_days(), 0.0, change), axis=0)
        keep, horizon = parameters.trend_keep_per_day, min(lag, self.case.days - 1)
        more = keep * (1 - keep**horizon) / (1 - keep) if keep < 1 else float(horizon)
        predicted = np.tile(self.first, (self.case.days, 1))
        for day in range(self.case.days):
            self._start_day(day)
            report = daily[day]
            before = max(day - parameters.trend_days, 0)
            trend = (steady[day] - steady[before]) / max(day - before, 1)
            inflow = float(trend.sum())
            self.recounted += float(self.in_camps.sum() - report.sum())
            self.in_camps = report.copy()
            share = self._choice(day)
            if share is not None and inflow > 0 and day:
                split = share.sum(axis=0)
                self._depart(share * inflow)
                after = report + more * inflow * split
            else:
                after = np.maximum(report + more * trend, 0.0)
            if day + lag < self.case.days:
                predicted[day + lag] = after
            self._move(day)
        return predicted

    # ------------------------------------------------------------ departures
    def _choice(self, day: int) -> FloatArray | None:
        """Return the share of all who leave on a day, by home and camp; None: nobody can."""
        active = self.conflict[day, self.homes] > 0
        for informed in (False, True):
            pull, share = self._pull(self.atlas.on(day), informed=informed)
            weight = pull[self.homes] * active
            if weight.sum() > 0:
                choice = choose_camps(
                    share[self.homes], self.in_camps, self.parameters.follow_share
                )
                shares: FloatArray = (weight / weight.sum())[:, None] * choice
                return shares
        return None

    def _pull(self, ways: Ways, *, informed: bool) -> tuple[FloatArray, FloatArray]:
        key = (id(ways), informed)
        if key not in self._pulls:
            self._pulls[key] = pull_of_camps(self.atlas, ways, self.parameters, informed=informed)
        return self._pulls[key]

    def _days_away(self, day: int) -> IntArray:
        km = self.atlas.on(day).known_km[self.homes, : self.camps]
        days = np.rint(np.where(np.isfinite(km), km, 0) / self.parameters.speed_km_per_day)
        return days.astype(np.int64)

    def _already_on_the_way(self, share: FloatArray, away: IntArray, arriving: FloatArray) -> None:
        """Let those arrive in the first days who had set out before the first day."""
        for home, camp in zip(*np.nonzero((share > 0) & (away > 0)), strict=True):
            for day in range(1, min(int(away[home, camp]), self.case.days)):
                self._early.setdefault(day, np.zeros(self.camps))[camp] += (
                    share[home, camp] * arriving[day]
                )
                self._early_left[home] += share[home, camp] * arriving[day]

    def _depart(self, people: FloatArray) -> None:
        """Let people leave their homes, by home and camp."""
        self.at[0][self.homes[:, None], np.arange(self.camps)[None, :]] += people
        self.left_home += people.sum(axis=1)
        self.departed += float(people.sum())

    def _leave_camps(self, people: float, by_break: float) -> None:
        """Take people out of all camps alike: they go home, or are no longer counted."""
        total = float(self.in_camps.sum())
        people = min(people, total)
        if people <= 0:
            return
        leaving = self.in_camps * (people / total)
        self.in_camps = self.in_camps - leaving
        recounted = min(by_break / people, 1.0)
        self.recounted += recounted * float(leaving.sum())
        weight = self.left_home if self.left_home.sum() > 0 else np.ones(len(self.homes))
        self.at[0][self.network.camps, self.camps :] += np.outer(
            (1 - recounted) * leaving, weight / weight.sum()
        )

    def _go_home_to_peace(self, day: int) -> None:
        rate = self.parameters.return_share_per_day
        total = float(self.left_home.sum())
        if rate <= 0 or total <= 0:
            return
        calm = (self.conflict[day, self.homes] == 0) * self.left_home
        leaving = self.in_camps * (rate * calm.sum() / total)
        if calm.sum() > 0:
            self.in_camps = self.in_camps - leaving
            self.at[0][self.network.camps, self.camps :] += np.outer(leaving, calm / calm.sum())

    # ------------------------------------------------------------ movement
    def _start_day(self, day: int) -> None:
        if day == 0:
            self._early: dict[int, FloatArray] = {}
            self._early_left = np.zeros(len(self.homes))

    def _move(self, day: int) -> None:
        """Move everybody for one day; check that nobody is lost.

        Raises
        ------
        ConservationError
            If people were lost or invented.
        """
        early = self._early.get(day)
        if early is not None:
            self.in_camps = self.in_camps + early
            self.departed += float(early.sum())
        if day == 1:
            self.left_home = self.left_home + self._early_left
        ways = self.atlas.on(day)
        for _ in range(self.parameters.steps_per_day if day else 1):
            self._step(ways, day)
        held = self._held(ways)
        queued = self.queued
        at_places = self.at.sum(axis=(0, 2))
        on_way = float(self.coming.sum()) + float((at_places - held - queued).sum())
        row = (float(self.in_camps.sum()), on_way, float(held.sum()), float(queued.sum()),
               self.departed, self.returned, self.recounted)  # fmt: skip
        found = sum(row[:4])
        expected = float(self.first.sum()) + self.departed - self.returned - self.recounted
        scale = max(float(self.first.sum()) + self.departed, 1.0)
        if not abs(found - expected) <= LOST * scale:
            msg = (
                f"day {day}: {found:.6f} people found, {expected:.6f} expected; please report this"
                " with the case"
            )
            raise ConservationError(msg)
        self.rows.append(row)
        self.by_place.append((day, self.in_camps.copy(), held, queued.copy()))

    def _step(self, ways: Ways, day: int) -> None:
        self.at += self.coming[self.now]
        self.coming[self.now] = 0
        self._arrive()
        self._forward_from_camps()
        if self.at.any():
            # who sees that the way is not as the news says, or hears that there is none, knows
            learns = ways.knows | ~np.isfinite(ways.news_km)
            moved = np.where(learns, self.at[0], 0)
            self.at[1] += moved
            self.at[0] -= moved
            self._choose_again(ways)
            self._set_out(ways, day)
        self.now = (self.now + 1) % len(self.coming)

    def _arrive(self) -> None:
        places, aims = self._at_aim
        there = self.at[:, places, aims].sum(axis=0)
        if there.any():
            self.at[:, places, aims] = 0
            self.in_camps = self.in_camps + there[: self.camps]
            home = float(there[self.camps :].sum())
            self.returned += home
            self.left_home = np.maximum(self.left_home - there[self.camps :], 0)

    def _forward_from_camps(self) -> None:
        for source, target, share in self.forward:
            people = self.in_camps[source] * share
            self.in_camps[source] -= people
            self.at[0, self.network.camps[source], target] += people

    def _held_mask(self, ways: Ways) -> BoolArray:
        return ~np.isfinite(ways.true_km)

    def _held(self, ways: Ways) -> FloatArray:
        held: FloatArray = np.where(self._held_mask(ways), self.at[1], 0).sum(axis=1)
        return held

    def _choose_again(self, ways: Ways) -> None:
        """Let some of those who are held choose another camp that can be reached."""
        held = np.where(self._held_mask(ways)[:, : self.camps], self.at[1][:, : self.camps], 0)
        if not held.any():
            return
        _, share = self._pull(ways, informed=True)
        can = share.sum(axis=1) > 0
        tired = 1 - np.exp(-1 / (self.parameters.patience_days * self.parameters.steps_per_day))
        leaving = held * (tired * can)[:, None]
        choice = choose_camps(share, self.in_camps, self.parameters.follow_share)
        self.at[1][:, : self.camps] += leaving.sum(axis=1)[:, None] * choice - leaving

    def _set_out(self, ways: Ways, day: int) -> None:
        self.queued[:] = 0
        arcs = np.stack([ways.news_arc, ways.true_arc])
        group, place, aim = np.nonzero((self.at > 0) & (arcs >= 0))
        arc = arcs[group, place, aim]
        open_ = ~ways.closed[arc]
        group, place, aim, arc = group[open_], place[open_], aim[open_], arc[open_]
        people = self.at[group, place, aim]
        if len(self.limits):
            wanted = np.bincount(arc, weights=people, minlength=len(self.network.tail))
            passing = np.ones(len(wanted))
            for limited, most in self.limits.items():
                if wanted[limited] > most:
                    passing[limited] = most / wanted[limited]
                    self.queued[self.network.tail[limited]] += wanted[limited] - most
            people = people * passing[arc]
        self.at[group, place, aim] -= people
        then = (self.now + self.steps[arc]) % len(self.coming)
        np.add.at(self.coming, (then, group, self.network.head[arc], aim), people)
        self.by_arc[day] += np.bincount(arc, weights=people, minlength=len(self.network.tail))

    # ------------------------------------------------------------ inputs
    def _limits(self, throughput: Mapping[tuple[str, str], float]) -> dict[int, float]:
        problems, found = [], {}
        names = {name: number for number, name in enumerate(self.network.names)}
        for (first, second), most in throughput.items():
            arcs = np.flatnonzero(
                (self.network.tail == names.get(first, -1))
                & (self.network.head == names.get(second, -1))
            )
            if not len(arcs):
                problems.append(f"throughput_per_day: no route leads from {first!r} to {second!r}")
            if not most >= 0:
                problems.append(f"throughput_per_day: {first!r} to {second!r} must be >= 0")
            found.update(dict.fromkeys(arcs.tolist(), most / self.parameters.steps_per_day))
        if problems:
            raise InputError(problems)
        return found

    def _forwarding(
        self, forwarding: Mapping[tuple[str, str], float]
    ) -> list[tuple[int, int, float]]:
        camps = {camp: number for number, camp in enumerate(self.case.camps)}
        problems, found = [], []
        for (first, second), share in forwarding.items():
            unknown = [name for name in (first, second) if name not in camps]
            if unknown:
                problems.append(f"forwarding_per_day: {unknown[0]!r} is no camp of the case")
            elif not 0 <= share <= 1:
                problems.append(f"forwarding_per_day: {first!r} to {second!r} must be 0 to 1")
            else:
                per_step = 1 - (1 - share) ** (1 / self.parameters.steps_per_day)
                found.append((camps[first], camps[second], per_step))
        if problems:
            raise InputError(problems)
        return found

    def _populations(self) -> FloatArray:
        people = self.case.places["population_persons"].to_numpy(dtype=float)[self.homes]
        known = people[np.isfinite(people)]
        usual = float(np.median(known)) if len(known) else POPULATION_UNKNOWN
        if not len(known):
            self.findings.append(
                f"no population is known: {usual:,.0f} people per place in conflict"
            )
        return np.where(np.isfinite(people), people, usual)

    def _falls_by_break(self, change: FloatArray) -> FloatArray:
        """Return how much of a fall of the total is due to breaks of the registration, per day."""
        daily = self.case.daily_counts().to_numpy(dtype=float)
        fall = np.maximum(-np.diff(daily, axis=0, prepend=daily[:1]), 0)
        return np.where(change < 0, (fall * self.case.break_days()).sum(axis=1), 0.0)

    # ------------------------------------------------------------ results
    def _split_of(self, total: float, share: FloatArray | None) -> FloatArray:
        people = self.in_camps
        if people.sum() <= 0:  # nobody is there yet: those on the way, else the first choice
            people = self.at[:, :, : self.camps].sum(axis=(0, 1)) + self.coming[
                :, :, :, : self.camps
            ].sum(axis=(0, 1, 2))
        if people.sum() <= 0 and share is not None:
            people = share.sum(axis=0)
        if people.sum() <= 0:
            people = np.ones(self.camps)
        return people * (total / people.sum()) if self.camps else people

    def result(self, regime: str, predictions: FloatArray) -> Simulation:
        """Return the tables of the run."""
        dates = self.case.dates
        days, camps = predictions.shape
        names = ["in_camps", "in_transit", "held", "queued", "departed", "returned", "recounted"]
        table = pd.DataFrame(self.rows, columns=[f"{name}_persons" for name in names])
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
            findings=tuple(self.findings),
        )  # fmt: skip

    def _places_table(self, dates: list[dt.date]) -> pd.DataFrame:
        places = len(self.network.names)
        camp = np.zeros((len(dates), places))
        camp[:, self.network.camps] = np.array([row[1] for row in self.by_place])
        held = np.array([row[2] for row in self.by_place])
        queued = np.array([row[3] for row in self.by_place])
        day, place = np.nonzero((camp > 0) | (held > 0) | (queued > 0))
        return pd.DataFrame({
            "date": np.array(dates, dtype=object)[day],
            "place": np.array(self.network.names, dtype=object)[place],
            "in_camp_persons": camp[day, place],
            "held_persons": held[day, place],
            "queued_persons": queued[day, place],
        })  # fmt: skip

    def _edges_table(self, dates: list[dt.date]) -> pd.DataFrame:
        day, arc = np.nonzero(self.by_arc > 0)
        names = np.array(self.network.names, dtype=object)
        return pd.DataFrame({
            "date": np.array(dates, dtype=object)[day],
            "from_name": names[self.network.tail[arc]],
            "to_name": names[self.network.head[arc]],
            "flow_persons": self.by_arc[day, arc],
        })  # fmt: skip


def simulate_ensemble(
    case: DisplacementCase,
    *,
    seed: int,
    runs: int = 50,
    spread: float = 0.3,
    regime: Regime = "split",
    parameters: MovementParameters | None = None,
    quantiles: tuple[float, float] = (0.05, 0.95),
) -> pd.DataFrame:
    """Simulate with uncertain parameters and return bands.

    Parameters
    ----------
    case, regime, parameters
        As for `simulate`.
    seed
        Of the random numbers; the same seed gives the same bands.
    runs
        Number of runs.
    spread
        Standard deviation of the logarithm of speed, distance scale, patience and share of people
        who leave per day; the share who follow varies by a third of it, within 0 to 1.
    quantiles
        Of the band, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        Columns ``date``, ``camp``, ``people`` (run with the given parameters), ``people_low``,
        ``people_high``. The band says how far the answer hangs on the parameters; it does not
        hold what the model leaves out.

    Raises
    ------
    InputError
        If the number of runs, the spread or the quantiles are out of range.

    Examples
    --------
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> bands = simulate_ensemble(practice_case(), seed=1, runs=3)
    >>> bool((bands["people_low"] <= bands["people_high"]).all())
    True
    """
    low, high = quantiles
    if runs < 1 or spread < 0 or not 0 <= low <= high <= 1:
        msg = "an ensemble needs runs >= 1, spread >= 0 and quantiles 0 <= low <= high <= 1"
        raise InputError(msg)
    centre = parameters or MovementParameters()
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(runs):
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
        drawn.append(
            simulate(case, regime=regime, parameters=one).predictions["people"].to_numpy(float)
        )
    band = np.quantile(np.array(drawn), [low, high], axis=0)
    best = simulate(case, regime=regime, parameters=centre).predictions
    return best.assign(people_low=band[0], people_high=band[1])


__all__ = [
    "MovementNetwork", "MovementParameters", "Simulation", "simulate", "simulate_ensemble",
]  # fmt: skip
