"""Which few reopenings together free most people: exact, or with a bound that is stated."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from mobility_geo.errors import ConservationError, InputError
from mobility_geo.outcomes.attribution import Lifting
from mobility_geo.outcomes.chokepoints import asked_groups
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Case, Scenario, conditions
from mobility_geo.scenario.disruptions import DepthSpeed, Regime
from mobility_geo.schema import REOPENINGS, check_table

MOST_SOLVES: Final = 600
"""So many variants of a scenario are solved before a search is ended with a gap."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Reopening:
    """A set of reopenings that frees as many people as asked, and what is known about smaller ones.

    Attributes
    ----------
    disruption_ids
        What to lift; empty if no set was found before the search ended.
    wanted_persons, freed_persons, lost_persons
        People who should reach, who reach then and do not now, and who reach now and not then.
    at_least
        No smaller set than of so many frees the wanted people.
    proven
        The set is a smallest one.
    found
        Whether a set was found.
    """

    disruption_ids: tuple[str, ...]
    wanted_persons: int
    freed_persons: int
    lost_persons: int
    at_least: int
    proven: bool
    found: bool

    @property
    def gap(self) -> int:
        """How many reopenings fewer might do, as far as is known."""
        return 0 if self.proven or not self.found else len(self.disruption_ids) - self.at_least


def reopening_curve(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    of: str | None = None,
    most: int | None = None,
    most_solves: int = MOST_SOLVES,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Find what 1, 2, 3, ... reopenings together free at most.

    Lifting two disruptions can free people whom neither frees alone. It says that a modelled way
    would exist, not that reopening is safe.

    Parameters
    ----------
    case
        The question; movers are asked about.
    scenario, when
        Scenario and day to take instead of the case's own.
    of
        Only people at a place, or in a zone; all others take free places as well.
    most
        Most reopenings; until no more people are freed if left out.
    most_solves
        So many variants are solved in all; then the best set so far is given, with a bound.
    progress
        Called with the share done, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        Schema `REOPENINGS`, one row per number of reopenings, 0 first.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If nobody is on the move there, or a number is out of range.
    UnknownIdError
        If there is no such place or zone.
    ConservationError
        If the solver fails: a fault of the toolkit.

    Notes
    -----
    Budgets are tested on the quickest way. Where risk or money is limited, lifting more can strand
    people again, because a quicker way opens that is over the limit. `freed_persons` does not net
    them out; `lost_persons` counts them. The proof does not assume that more is better: it only
    uses that more lifted never makes a quickest way longer, and not even that where a disruption
    opens a crossing or a river.

    References
    ----------
    Moreno-Centeno, E., Karp, R. M. (2013). The implicit hitting set approach to solve
    combinatorial optimization problems with an application to multigenome alignment. doi
    10.1287/opre.1120.1139. Solved with HiGHS through `scipy.optimize.milp`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> curve = reopening_curve(load_toy())
    >>> curve[["reopened", "disruption_ids", "freed_persons", "proven"]].values.tolist()
    [[0, nan, 0, True], [1, 'border', 1400, True]]
    """
    search = _Search.of(case, scenario, when, of=of, most_solves=most_solves)
    size = len(search.ids)
    if most is not None and most < 1:
        msg = f"most must be a whole number >= 1, not {most!r}"
        raise InputError(msg)
    rows = [_row(search, 0, _Found(ids=(), freed=0, bound=0))]
    last = size if most is None else min(most, size)
    freed = 0
    for count in range(1, last + 1):
        found = search.best(count)
        if found.freed > freed or not found.proven:
            rows.append(_row(search, count, found))
            freed = found.freed
        if progress is not None:
            progress(count / last)
        if found.freed >= search.ceiling:
            break
    if progress is not None:
        progress(1.0)
    return check_table(pd.DataFrame(rows, columns=list(REOPENINGS.names)), REOPENINGS)


def smallest_reopening(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    persons: int | None = None,
    share: float | None = None,
    of: str | None = None,
    most_solves: int = MOST_SOLVES,
) -> Reopening:
    """Find the smallest set of disruptions whose lifting frees so many people.

    Parameters
    ----------
    case, scenario, when, of, most_solves
        See `reopening_curve`.
    persons
        How many people must reach who do not now; or
    share
        which share, above 0 to 1, of those whom lifting everything frees.

    Returns
    -------
    Reopening
        Among sets of the smallest size one that frees most.

    Raises
    ------
    InputError
        If not exactly one of `persons` and `share` is given, it is out of range, or not even
        lifting everything frees so many; or if nobody is on the move there.
    CalendarError
        If the day lies outside the calendar.
    UnknownIdError
        If there is no such place or zone.
    ConservationError
        If the solver fails: a fault of the toolkit.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = smallest_reopening(load_toy(), share=1.0)
    >>> found.disruption_ids, found.freed_persons, found.proven
    (('border',), 1400, True)
    """
    if (persons is None) == (share is None):
        msg = "give either persons or share: how many people should be freed"
        raise InputError(msg)
    if share is not None and not 0 < share <= 1:
        msg = f"share must be above 0 and at most 1, not {share!r}"
        raise InputError(msg)
    if persons is not None and persons < 1:
        msg = f"persons must be a whole number >= 1, not {persons!r}"
        raise InputError(msg)
    search = _Search.of(case, scenario, when, of=of, most_solves=most_solves)
    everything = search.freed(frozenset(search.ids))
    wanted = math.ceil(share * everything - 1e-9) if share is not None else int(persons or 0)
    if not everything and share is not None:
        msg = "lifting every disruption frees nobody: nobody is stranded by them"
        raise InputError(msg)
    at_least = len(search.ids) + 1
    for count in range(1, len(search.ids) + 1):
        found = search.best(count)
        if found.bound >= wanted:
            at_least = min(at_least, count)
        if found.freed >= wanted:
            return Reopening(
                disruption_ids=found.ids, wanted_persons=wanted, freed_persons=found.freed,
                lost_persons=search.lifting.lost(found.ids), at_least=at_least,
                proven=at_least == len(found.ids), found=True,
            )  # fmt: skip
    if at_least > len(search.ids):
        msg = (
            f"no set of reopenings frees {wanted:,} people; lifting all {len(search.ids)} "
            f"disruptions frees {everything:,}"
        )
        raise InputError(msg)
    return Reopening(disruption_ids=(), wanted_persons=wanted, freed_persons=0, lost_persons=0,
                     at_least=at_least, proven=False, found=False)  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Found:
    """A set of reopenings, the people it frees, and what no set of that size exceeds."""

    ids: tuple[str, ...]
    freed: int
    bound: int

    @property
    def proven(self) -> bool:
        return self.freed >= self.bound


def _row(search: "_Search", count: int, found: _Found) -> dict[str, object]:
    return {
        "reopened": count, "disruption_ids": "|".join(found.ids) or None,
        "freed_persons": found.freed, "lost_persons": search.lifting.lost(found.ids),
        "bound_persons": max(found.bound, found.freed), "proven": found.proven,
    }  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Search:
    """Disruptions to choose from, groups to free, and what is known to be impossible.

    A cut is a row of coefficients of the disruptions and of the groups, and what their sum may be
    at most. It follows from a variant that was solved.
    """

    lifting: Lifting
    ids: tuple[str, ...]
    weight: FloatArray
    grows: bool
    most_solves: int
    cuts: list[tuple[FloatArray, FloatArray, float]] = field(default_factory=list)

    @classmethod
    def of(
        cls, case: Case, scenario: Scenario | None, when: dt.date | str | None, *,
        of: str | None, most_solves: int,
    ) -> "_Search":  # fmt: skip
        if most_solves < 1:
            msg = f"most_solves must be a whole number >= 1, not {most_solves!r}"
            raise InputError(msg)
        lifting = Lifting.of(case, scenario, when, asked_groups(case, of=of))
        ids = tuple(sorted(frozenset[str]().union(*(one for one, _ in lifting.classes))))
        weight = np.zeros(len(lifting.groups))
        persons = lifting.groups["persons"].to_numpy(dtype=np.int64) - lifting.before
        weight[lifting.asked] = persons[lifting.asked]
        search = cls(lifting=lifting, ids=ids, weight=weight, grows=not _opens(lifting),
                     most_solves=most_solves)  # fmt: skip
        search.learn(frozenset(ids))
        return search

    @property
    def ceiling(self) -> int:
        """What no set of any size exceeds, as far as is known."""
        return int(self._value(np.ones(len(self.ids)))) if self.grows else int(self.weight.sum())

    def freed(self, lifted: frozenset[str]) -> int:
        change = self.lifting.reached(lifted) - self.lifting.before
        return int(np.maximum(change, 0)[self.lifting.asked].sum())

    def best(self, count: int) -> _Found:
        """Find the set of at most so many disruptions that frees most.

        Choose as if everybody were freed whom no cut holds back; solve what was chosen; where it
        frees fewer, learn why, and choose again. What is chosen last is an upper bound.

        Raises
        ------
        ConservationError
            If the solver fails.
        """
        top = self._greedy(count)
        best, bound = top, int(self.weight.sum())
        while True:
            chosen = self._choose(count)
            x = np.array([name in chosen for name in self.ids], dtype=float)
            bound = min(bound, int(self._value(x)))
            freed = self.freed(chosen)
            if (freed, -len(chosen)) > (best.freed, -len(best.ids)):
                best = _Found(ids=tuple(sorted(chosen)), freed=freed, bound=bound)
            if best.freed >= bound or self.lifting.solved >= self.most_solves:
                break
            self.learn(chosen)
        return _Found(ids=best.ids, freed=best.freed, bound=max(bound, best.freed))

    def _greedy(self, count: int) -> _Found:
        """Return a good set to begin with: what is best alone, then what adds most."""
        chosen: frozenset[str] = frozenset()
        value = 0
        for _ in range(count):
            if self.lifting.solved >= self.most_solves:
                break
            gains = {one: self.freed(chosen | {one}) for one in self.ids if one not in chosen}
            name = max(gains, key=gains.__getitem__, default="")
            if gains.get(name, 0) <= value:
                break
            value, chosen = gains[name], chosen | {name}
        return _Found(ids=tuple(sorted(chosen)), freed=value, bound=0)

    def _choose(self, count: int) -> frozenset[str]:
        """Choose disruptions as if everybody were freed whom no cut holds back.

        Raises
        ------
        ConservationError
            If the solver fails.
        """
        size, groups = len(self.ids), len(self.weight)
        if not size:
            return frozenset()
        # of equal sets the smaller one, then the one that comes first
        price = (0.25 + np.arange(size) / (8 * size)) / size
        rows = [np.concatenate([np.ones(size), np.zeros(groups)])]
        limits = [float(count)]
        for on_x, on_y, most in self.cuts:
            rows.append(np.concatenate([on_x, on_y]))
            limits.append(most)
        solved = milp(
            np.concatenate([price, -self.weight]),
            integrality=np.concatenate([np.ones(size), np.zeros(groups)]),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(np.array(rows), -np.inf, np.array(limits)),
            options={"mip_rel_gap": 0.0},
        )
        if solved.x is None or solved.status != 0:
            msg = f"choosing reopenings failed: {solved.message}"
            raise ConservationError(msg)
        return frozenset(np.array(self.ids)[np.rint(solved.x[:size]) > 0].tolist())

    def _value(self, x: FloatArray) -> float:
        """Return the most people that the cuts let a choice free."""
        y = np.ones(len(self.weight))
        total = float(self.weight.sum())
        for on_x, on_y, most in self.cuts:
            left = most - float(on_x @ x)
            one = np.flatnonzero(on_y)
            if len(one) == 1:
                y[one] = np.clip(left / on_y[one], 0, y[one])
            else:
                total = min(total, left)
        return min(total, round(float(self.weight @ y)))

    def learn(self, lifted: frozenset[str]) -> None:
        """Add what follows from a variant for those whom it does not free."""
        place = {name: number for number, name in enumerate(self.ids)}
        total = 0
        for number, (concerned, rows) in enumerate(self.lifting.classes):
            reached, near = self.lifting.answer(number, lifted)
            more = np.maximum(reached - self.lifting.before[rows], 0)
            total += int(more[self.lifting.asked[rows]].sum())
            for position, row in enumerate(rows.tolist()):
                if not self.weight[row]:
                    continue
                freed = reached[position] > self.lifting.before[row]
                within = lifted & concerned
                on_y = np.zeros(len(self.weight))
                on_y[row] = 1.0
                if self.grows and not near[position]:
                    most = self._as_many_as_possible(number, position, within)
                    on_x = np.zeros(len(self.ids))
                    on_x[[place[name] for name in concerned - most]] = -1.0
                    self.cuts.append((on_x, on_y, 0.0))
                elif not freed and not self.lifting.competing:
                    on_x = np.zeros(len(self.ids))
                    on_x[[place[name] for name in concerned - within]] = -1.0
                    on_x[[place[name] for name in within]] = 1.0
                    self.cuts.append((on_x, on_y, float(len(within))))
        if self.lifting.competing:
            # how many find a place is known of this set only
            top = float(self.weight.sum())
            on_x = np.array([top if name in lifted else -top for name in self.ids])
            self.cuts.append((on_x, self.weight.copy(), total + top * len(lifted)))

    def _as_many_as_possible(
        self, number: int, position: int, lifted: frozenset[str]
    ) -> frozenset[str]:
        """Lift more and more, as long as a group still has no way: the cut gets stronger."""
        concerned = self.lifting.classes[number][0]
        for name in sorted(concerned - lifted):
            if self.lifting.solved >= self.most_solves:
                break
            if not self.lifting.answer(number, lifted | {name})[1][position]:
                lifted |= {name}
        return lifted


def _opens(lifting: Lifting) -> bool:
    """Say whether a disruption opens a way: a crossing that is closed normally, or a river."""
    travellers = sorted(set(travellers_of(lifting.groups)))
    for disruption in lifting.scenario.active(lifting.day):
        for effect in disruption.effects:
            if isinstance(effect, DepthSpeed) and any(
                curve.navigable_m is not None for curve in effect.curves
            ):
                return True
        if any(isinstance(effect, Regime) for effect in disruption.effects):
            others = set(lifting.active) - {disruption.disruption_id}
            alone = lifting.scenario.without(ids=others)
            for traveller in travellers:
                held = conditions(lifting.case.network, alone, lifting.day, traveller)
                if bool((held.open & ~held.base.open[held.arc]).any()):
                    return True
    return False
