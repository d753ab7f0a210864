"""Status of every person: can reach, stranded, isolated or unknown; why, and where held."""

import calendar
import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ConservationError
from mobility_geo.flows import place_people
from mobility_geo.outcomes.held import held_up
from mobility_geo.routing import GroupWays, find_group_ways
from mobility_geo.scenario import Case, Scenario
from mobility_geo.scenario.disruptions import CAUSE_OF_KIND
from mobility_geo.schema import CAUSES, STATUS, check_table, records

GROUP_COLUMNS = (
    "group_id", "base", "place_id", "kind", "nationality", "profile", "trip", "destination_set",
)  # fmt: skip
"""What every row of statuses repeats of its group."""

OUTCOMES = ("can_reach", "stranded", "isolated", "unknown")
FIGURES = ("persons", "persons_low", "persons_high")

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def find_stranded(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    with_causes: bool = True,
) -> pd.DataFrame:
    """Find who can reach a destination, who is stranded, isolated or unknown, and why.

    Stranded (residents: cut off) are those who could reach an allowed destination inside every
    budget on the same date without any disruption, and cannot under the scenario. Isolated could
    not even then. Unknown are those whose place is not attached to the network, or whose answer
    hangs on an edge last reported longer ago than ``case.limits.unknown_after_days``, or never.
    Also unknown are those for whom no destination is open, or none that is attached.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    with_causes
        Also find which kind of disruption does it; needs six more solves for the stranded.

    Returns
    -------
    pandas.DataFrame
        Schema `STATUS`: one row per group and outcome. People are conserved to the person, in
        the best, the low and the high figure, each of which is solved by itself: the interval is
        that of the number of people, not of roads or closures.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    ConservationError
        If people got lost: a fault of the toolkit.

    Notes
    -----
    Budgets are tested on the least-time way; a slower way that stays inside a risk or money
    budget is not looked for. Stranded is not trapped (unable to move and needing to; Black &
    Collyer, Forced Migration Review 45, 2014), nor IOM's legal term of a stranded migrant, nor
    OCHA's hard to reach, which looks from the aid side.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = find_stranded(load_toy())
    >>> found.groupby("status")["persons"].sum().to_dict()
    {'can_reach': 300, 'stranded': 1400, 'unknown': 50}
    >>> found[["reason", "causes_all", "held_name"]].iloc[0].tolist()
    ['no_mode', 'insecurity|border', 'Gate']
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    question = _Question(case=case, scenario=laid, day=day)
    now, base = question.ways(laid), question.ways(laid.baseline())
    groups = now.groups
    counts = {name: _count(question, now, base, groups[name].to_numpy(np.int64))
              for name in FIGURES}  # fmt: skip
    present = _present(question, now, base, counts)
    some, some_base = now.within().any(axis=1), base.within().any(axis=1)
    told = _Told(
        now=now, base=base, counts=counts, present=present,
        reasons={
            "stranded": _Reasons.find(question, now, np.flatnonzero(present["stranded"] & ~some)),
            "isolated": _Reasons.find(
                replace(question, scenario=laid.baseline()), base,
                np.flatnonzero(present["isolated"] & ~some_base),
            ),
        },
        causes=question.causes(np.flatnonzero(present["stranded"])) if with_causes else {},
        seasonal=question.reaches_in_another_month(
            np.flatnonzero(present["isolated"] & ~some_base)
        ),
        target=now.nearest(
            question.placed(now, groups["persons_high"].to_numpy(np.int64)) > 0
        ),
        usual=base.nearest(base.within()),
        capacity_checked=question.capacity_known(now),
    )  # fmt: skip
    rows = [
        told.row(number, group, status)
        for number, group in enumerate(records(groups))
        for status in OUTCOMES
        if present[status][number]
    ]
    table = pd.DataFrame(rows, columns=list(STATUS.names))
    place = case.network.places.set_index("place_id")
    table["pcode"] = table["place_id"].map(place["pcode"])
    table["country"] = table["place_id"].map(place["country"])
    table = check_table(table, STATUS)
    _check_conserved(table, groups)
    return table


def count_people(
    case: Case,
    scenario: Scenario,
    when: dt.date,
    now: GroupWays,
    base: GroupWays,
    persons: IntArray,
    *,
    speed_factor: float = 1.0,
) -> dict[str, IntArray]:
    """Count how many people of each group have each status, their ways being known.

    Parameters
    ----------
    case, scenario, when
        The question.
    now, base
        Ways of all groups of the case, under the scenario and on the same day without it.
    persons
        People of each group, int64.
    speed_factor
        With which the ways were found.

    Returns
    -------
    dict
        ``can_reach``, ``stranded`` (residents: cut off), ``isolated`` and ``unknown``: int64, one
        per group; together they are `persons`.

    Examples
    --------
    >>> import numpy as np
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import find_group_ways
    >>> case = load_toy()
    >>> now, base = (find_group_ways(case, s) for s in (case.scenario, case.scenario.baseline()))
    >>> people = case.groups["persons"].to_numpy(np.int64)
    >>> found = count_people(case, case.scenario, case.scenario.when, now, base, 2 * people)
    >>> found["stranded"].tolist()
    [2000, 800, 0, 0]
    """
    question = _Question(case=case, scenario=scenario, day=when, speed_factor=speed_factor)
    return _count(question, now, base, persons)


def _present(
    question: "_Question", now: GroupWays, base: GroupWays, counts: dict[str, dict[str, IntArray]]
) -> dict[str, BoolArray]:
    """Say which groups get a row of each status: those with people in any figure."""
    found: dict[str, BoolArray] = {
        status: np.stack([counts[name][status] for name in FIGURES]).max(axis=0) > 0
        for status in OUTCOMES
    }
    nobody = ~np.stack(list(found.values())).any(axis=0)
    for status, alone in _as_one_person(question, now, base).items():
        found[status] |= nobody & alone
    return found


def _journey_words(now: GroupWays, row: int, column: int) -> dict[str, object]:
    """Return the destination columns of a group that can reach."""
    return {
        "destination_place_id": now.destination_ids[column],
        "time_min": float(now.time_min[row, column]),
        "length_m": float(now.length_m[row, column]),
        "cost_xof": float(now.cost_xof[row, column]),
        "risk": float(now.risk[row, column]),
    }


def _count(
    question: "_Question", now: GroupWays, base: GroupWays, persons: IntArray
) -> dict[str, IntArray]:
    """Return how many people of each group have each status; they add up to `persons`."""
    before = question.placed(base, persons).sum(axis=1)
    reached = question.placed(now, persons, keep=before).sum(axis=1)
    unknown = np.where(
        question.undecidable(now), persons, reached - question.surely_placed(reached, persons)
    )
    can = np.where(unknown == persons, 0, reached - unknown)
    lost = persons - unknown - can
    stranded = np.minimum(np.maximum(before - reached, 0), lost)
    return {"can_reach": can, "stranded": stranded, "isolated": lost - stranded,
            "unknown": unknown}  # fmt: skip


def _as_one_person(question: "_Question", now: GroupWays, base: GroupWays) -> dict[str, BoolArray]:
    """Return the status that one person of each group would have, if places were free."""
    unknown = question.undecidable(now)
    can = now.within().any(axis=1) & ~unknown
    stranded = base.within().any(axis=1) & ~can & ~unknown
    isolated = ~(can | stranded | unknown)
    found = {"can_reach": can, "stranded": stranded, "isolated": isolated, "unknown": unknown}
    return {status: np.asarray(alone) for status, alone in found.items()}


def _check_conserved(table: pd.DataFrame, groups: pd.DataFrame) -> None:
    """Check that every group keeps its people.

    Raises
    ------
    ConservationError
        If it does not.
    """
    for column in ("persons", "persons_low", "persons_high"):
        found = table.groupby("group_id")[column].sum()
        asked = groups.set_index("group_id")[column]
        wrong = asked[found.reindex(asked.index).fillna(0) != asked]
        if len(wrong):
            msg = f"{column} not conserved for groups {wrong.index.tolist()[:3]}"
            raise ConservationError(msg)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Question:
    """One case, scenario and day; answers variations of the question for some groups."""

    case: Case
    scenario: Scenario
    day: dt.date
    speed_factor: float = 1.0

    def ways(
        self,
        scenario: Scenario,
        rows: IntArray | None = None,
        *,
        any_mode: bool = False,
        ignore_borders: bool = False,
        also_closed: Collection[int] = (),
    ) -> GroupWays:
        """Find the ways of all groups, or of some rows of them."""
        groups = self.case.groups if rows is None else self.case.groups.iloc[rows]
        return find_group_ways(
            self.case, scenario, self.day if scenario.start <= self.day <= scenario.end else None,
            groups=groups, any_mode=any_mode, ignore_borders=ignore_borders,
            also_closed=also_closed, speed_factor=self.speed_factor,
        )  # fmt: skip

    def placed(self, ways: GroupWays, persons: IntArray, keep: IntArray | None = None) -> IntArray:
        """Place movers and residents apart: residents only might move."""
        open_now = self.case.destinations_on(self.day)
        result = np.zeros(ways.allowed.shape, dtype=np.int64)
        for base in ("movers", "residents"):
            rows = np.flatnonzero((ways.groups["base"] == base).to_numpy(dtype=bool))
            if len(rows):
                result[rows] = place_people(
                    _some(ways, rows), open_now, persons=persons[rows],
                    keep=None if keep is None else keep[rows],
                )  # fmt: skip
        return result

    def undecidable(self, ways: GroupWays) -> BoolArray:
        """Say which groups nothing can be said of: they, or all their destinations, are nowhere."""
        attached = set(self.case.network.accesses["place_id"])
        here = ways.groups["place_id"].isin(attached).to_numpy(dtype=bool)
        there = np.array([place in attached for place in ways.destination_ids], dtype=bool)
        somewhere = (ways.allowed & there[None, :]).any(axis=1)
        return np.asarray(~((here & somewhere) | ways.within().any(axis=1)))

    def surely_placed(self, reached: IntArray, persons: IntArray) -> IntArray:
        """Return how many people of each group reach even if old reports are wrong by now."""
        days = self.case.limits.unknown_after_days
        if days is None:
            return reached
        reported = self.case.network.edges["state_reported_on"]
        old = reported.isna() | (pd.Timestamp(self.day) - reported > pd.Timedelta(days=days))
        edges = np.flatnonzero(old.to_numpy(dtype=bool))
        if not len(edges):
            return reached
        without = self.ways(self.scenario, also_closed=edges.tolist())
        sure: IntArray = np.minimum(
            self.placed(without, persons, keep=reached).sum(axis=1), reached
        )
        return sure

    def capacity_known(self, ways: GroupWays) -> BoolArray:
        """Say for which groups every destination within reach has a stated capacity."""
        given = self.case.destinations_on(self.day).groupby("place_id")["capacity_persons"].min()
        known = given.reindex(list(ways.destination_ids)).notna().to_numpy(dtype=bool)
        within = ways.within()
        some, unlimited = within.any(axis=1), (within & ~known[None, :]).any(axis=1)
        return np.asarray(some & ~unlimited)

    def causes(self, rows: IntArray) -> dict[int, tuple[str, ...]]:
        """Return for each stranded group the causes whose lifting alone frees some of it."""
        found: dict[int, list[str]] = {int(row): [] for row in rows}
        if not len(rows):
            return {}
        competing = bool(self.case.destinations["capacity_persons"].notna().any())
        asked = np.arange(len(self.case.groups)) if competing else rows
        persons = self.case.groups["persons_high"].to_numpy(np.int64)[asked]
        before = self.placed(self.ways(self.scenario, asked), persons).sum(axis=1)
        active = {CAUSE_OF_KIND[d.kind] for d in self.scenario.active(self.day)}
        for cause in (name for name in CAUSES if name in active):
            kinds = [kind for kind, of in CAUSE_OF_KIND.items() if of == cause]
            lifted = self.ways(self.scenario.without(kinds=kinds), asked)
            more = self.placed(lifted, persons, keep=before).sum(axis=1) > before
            for row in asked[more]:
                if int(row) in found:
                    found[int(row)].append(cause)
        return {row: tuple(causes) for row, causes in found.items()}

    def reaches_in_another_month(self, rows: IntArray) -> set[int]:
        """Return the groups that reach one of today's destinations in another normal month."""
        found: set[int] = set()
        today = self.case.destinations_on(self.day)
        for month in (month for month in range(1, 13) if month != self.day.month):
            rest = np.array([row for row in rows if int(row) not in found], dtype=np.int64)
            if not len(rest):
                break
            day = dt.date(self.day.year, month, calendar.monthrange(self.day.year, month)[1])
            quiet = Scenario(name=self.scenario.name, when=day, start=day, end=day)
            ways = find_group_ways(
                self.case, quiet, groups=self.case.groups.iloc[rest], destinations=today
            )
            found |= {int(row) for row in rest[ways.within().any(axis=1)]}
        return found


def _some(ways: GroupWays, rows: IntArray) -> GroupWays:
    """Return the ways of some of the groups."""
    arrays = ("allowed", "time_min", "length_m", "cost_xof", "risk", "in_risk", "in_time",
              "in_money")  # fmt: skip
    return replace(
        ways, groups=ways.groups.iloc[rows].reset_index(drop=True),
        **{name: getattr(ways, name)[rows] for name in arrays},
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Reasons:
    """The first reason of each group that cannot reach, and every reason by itself."""

    first: dict[int, str]
    every: dict[int, list[str]]

    def words(self, row: int, *, full: bool) -> dict[str, object]:
        """Return the reason columns; groups of which some reach lack capacity only."""
        if full:
            return {"reason": "over_capacity", "reasons_all": "over_capacity"}
        return {"reason": self.first[row], "reasons_all": "|".join(self.every[row])}

    @classmethod
    def find(cls, question: _Question, now: GroupWays, rows: IntArray) -> "_Reasons":
        """Find the reasons of some groups, none of whose ways is within their budgets."""
        first: dict[int, str] = {}
        every: dict[int, list[str]] = {}
        if not len(rows):
            return cls(first=first, every=every)
        served = question.scenario.without(kinds=["service"])

        def linked(
            *, any_mode: bool = False, ignore_borders: bool = False, service: bool = False
        ) -> BoolArray:
            scenario = question.scenario if service else served
            ways = question.ways(scenario, rows, any_mode=any_mode, ignore_borders=ignore_borders)
            return np.asarray(ways.path().any(axis=1))

        tests = {
            "disconnected": linked(any_mode=True, ignore_borders=True),
            "border": linked(any_mode=True),
            "no_mode": linked(),
            "no_service": linked(service=True),
        }
        alone = {
            "border": tests["border"],
            "no_mode": linked(ignore_borders=True),
            "no_service": linked(any_mode=True, ignore_borders=True, service=True),
        }
        some = _some(now, rows)
        path = some.path()
        budgets = {"over_risk": some.in_risk, "over_time": some.in_time,
                   "over_money": some.in_money}  # fmt: skip
        for position, row in enumerate(rows):
            ok = path[position].copy()
            reason = next((name for name, test in tests.items() if not test[position]), "")
            own = []
            if tests["disconnected"][position]:
                own += [name for name, test in alone.items() if not test[position]]
            for name, inside in budgets.items():
                if path[position].any() and not (path[position] & inside[position]).any():
                    own.append(name)
                ok &= inside[position]
                if not reason and not ok.any():
                    reason = name
            first[int(row)] = reason
            every[int(row)] = [reason, *(name for name in own if name != reason)]
        return cls(first=first, every=every)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Told:
    """Everything that rows of the status table are made from."""

    now: GroupWays
    base: GroupWays
    counts: dict[str, dict[str, IntArray]]
    present: dict[str, BoolArray]
    reasons: dict[str, _Reasons]
    causes: dict[int, tuple[str, ...]]
    seasonal: set[int]
    target: npt.NDArray[np.int32]
    usual: npt.NDArray[np.int32]
    capacity_checked: BoolArray

    def row(self, number: int, group: dict[str, Any], status: str) -> dict[str, object]:
        """Return the row of one group and status."""
        now, base, usual = self.now, self.base, int(self.usual[number])
        row: dict[str, object] = {
            **{name: group[name] for name in GROUP_COLUMNS}, "status": status,
            "capacity_checked": bool(self.capacity_checked[number]),
            **{name: int(self.counts[name][status][number]) for name in FIGURES},
        }  # fmt: skip
        if usual >= 0:
            row["baseline_time_min"] = float(base.time_min[number, usual])
        if status == "can_reach" and self.target[number] >= 0:
            row |= _journey_words(now, number, int(self.target[number]))
        if status == "isolated":
            full = bool(base.within()[number].any())
            row |= self.reasons[status].words(number, full=full)
            if not full:
                row["isolated_kind"] = "seasonal" if number in self.seasonal else "permanent"
        if status == "stranded":
            full = bool(now.within()[number].any())
            row |= self.reasons[status].words(number, full=full)
            if number in self.causes:
                row |= _cause_words(self.causes[number])
            if group["base"] == "movers":
                row |= held_up(now, base, number, usual, reason=str(row["reason"]))
            else:
                row["status"] = "cut_off"
        return row


def _cause_words(causes: tuple[str, ...]) -> dict[str, object]:
    if not causes:
        return {"cause": "joint", "causes_all": "joint"}
    return {"cause": causes[0] if len(causes) == 1 else "either", "causes_all": "|".join(causes)}
