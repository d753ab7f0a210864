"""Which closure does it: people freed by lifting each disruption alone."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.flows import place_people
from mobility_geo.routing import find_group_ways
from mobility_geo.scenario import Case, Scenario

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def persons_freed(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Count the movers who would reach a destination if one disruption alone were lifted.

    It says that a modelled way would exist, not that reopening is safe.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    progress
        Called with the share done, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        ``disruption_id`` and ``persons_freed``, one row per disruption of the scenario; 0 for
        one that does not hold on that day.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> persons_freed(load_toy()).set_index("disruption_id")["persons_freed"].to_dict()
    {'front': 1400, 'border': 1400}
    """
    lifting = Lifting.of(case, scenario, when)
    freed: list[int] = []
    for number, disruption in enumerate(lifting.scenario.disruptions, start=1):
        name = disruption.disruption_id
        if name in lifting.active:
            change = lifting.reached([name]) - lifting.before
            freed.append(max(int(change[lifting.asked].sum()), 0))
        else:
            freed.append(0)
        if progress is not None:
            progress(number / len(lifting.scenario.disruptions))
    return pd.DataFrame(
        {
            "disruption_id": pd.Series(
                [d.disruption_id for d in lifting.scenario.disruptions], dtype="str"
            ),
            "persons_freed": pd.Series(freed, dtype="int64"),
        }
    )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Lifting:
    """Who reaches a destination when some disruptions are lifted; every answer is kept.

    People who travel alike are solved together, and only disruptions that hit something for them
    count: lifting any other changes nothing for them.

    Attributes
    ----------
    case, scenario, day
        The question.
    groups
        Who is solved for: the groups asked about; all movers where free places are counted,
        because there people take places from each other, asked about or not.
    before, near_now
        People of each group who reach now, int64; and what `near` says now.
    asked
        Groups whose people count: those asked about of which somebody does not reach now; all
        asked about where free places are counted.
    active
        Ids of the disruptions that hold on the day, ascending.
    classes
        Groups that are asked about and meet the same disruptions: ids of these, and rows of the
        groups; all movers in one class where free places are counted.
    competing
        Whether destinations have a stated number of free places.
    """

    case: Case
    scenario: Scenario
    day: dt.date
    groups: pd.DataFrame
    before: IntArray
    near_now: BoolArray
    asked: BoolArray
    active: tuple[str, ...]
    classes: tuple[tuple[frozenset[str], IntArray], ...]
    competing: bool
    _known: dict[tuple[int, frozenset[str]], tuple[IntArray, BoolArray]] = field(
        default_factory=dict, repr=False
    )

    @classmethod
    def of(
        cls, case: Case, scenario: Scenario | None = None, when: dt.date | str | None = None,
        groups: pd.DataFrame | None = None,
    ) -> "Lifting":  # fmt: skip
        """Ask about the movers of a case, or some of them.

        Parameters
        ----------
        case
            The question.
        scenario, when
            Scenario and day to take instead of the case's own.
        groups
            Some movers, rows of ``case.groups``; all of them if left out.

        Returns
        -------
        Lifting
            Solved once, with nothing lifted.

        Raises
        ------
        CalendarError
            If the day lies outside the calendar.

        Examples
        --------
        >>> from mobility_geo.datasets import load_toy
        >>> Lifting.of(load_toy()).before.tolist()
        [0, 0, 300, 0]
        """
        laid = case.scenario if scenario is None else scenario
        day = laid.day(when)
        competing = bool(case.destinations["capacity_persons"].notna().any())
        movers = case.groups[(case.groups["base"] == "movers").to_numpy(dtype=bool)]
        chosen = movers if groups is None or competing else groups
        chosen = chosen.reset_index(drop=True)
        ways = find_group_ways(case, laid, day, groups=chosen)
        before = np.asarray(place_people(ways, case.destinations_on(day)).sum(axis=1))
        hit = {
            who: frozenset(one.disruption_id for one in held.disruptions)
            for who, held in ways.held.items()
        }
        asked = before < chosen["persons"].to_numpy(dtype=np.int64)
        rows: dict[frozenset[str], list[int]] = {}
        if competing:
            # one class: people take places from each other
            about = chosen if groups is None else groups
            asked = chosen["group_id"].isin(about["group_id"]).to_numpy(dtype=bool)
            rows[frozenset[str]().union(*hit.values())] = list(range(len(chosen)))
        for row in () if competing else np.flatnonzero(asked).tolist():
            rows.setdefault(hit[ways.travellers[row]], []).append(row)
        return cls(
            case=case, scenario=laid, day=day, groups=chosen, before=before, asked=asked,
            near_now=np.asarray((ways.path() & ways.in_time).any(axis=1)), competing=competing,
            active=tuple(sorted(one.disruption_id for one in laid.active(day))),
            classes=tuple(
                (concerned, np.array(of, dtype=np.int64))
                for concerned, of in sorted(rows.items(), key=lambda item: sorted(item[0]))
            ),
        )  # fmt: skip

    @property
    def solved(self) -> int:
        """How many variants were solved so far."""
        return len(self._known)

    def reached(self, lifted: Iterable[str]) -> IntArray:
        """Return how many people of each group reach when some disruptions are lifted.

        Parameters
        ----------
        lifted
            Ids of disruptions.

        Returns
        -------
        numpy.ndarray
            int64, one per group; groups in no class stay as they are now.
        """
        ids, found = frozenset(lifted), self.before.copy()
        for number, (_, rows) in enumerate(self.classes):
            found[rows] = self.answer(number, ids)[0]
        return found

    def answer(self, number: int, lifted: frozenset[str]) -> tuple[IntArray, BoolArray]:
        """Return how many people of the groups of a class reach, and which are near.

        Near is who has a way inside the longest time, other budgets aside. Once near, always near
        as more is lifted, because no way gets longer by it; with the other budgets that is not so.

        Parameters
        ----------
        number
            Position in `classes`.
        lifted
            Ids of disruptions.

        Returns
        -------
        reached
            int64, one per group of the class.
        near
            Bool.
        """
        concerned, rows = self.classes[number]
        here = lifted & concerned
        if not here:
            return self.before[rows], self.near_now[rows]
        key = (number, here)
        if key not in self._known:
            self._known[key] = self._solve(here, rows)
        return self._known[key]

    def lost(self, lifted: Iterable[str]) -> int:
        """Return how many people asked about who reach now would not, when some are lifted.

        Their quickest way changes to one that is over another budget; or their crossing or river
        is open only because of what is lifted.
        """
        ids = frozenset(lifted)
        now = np.flatnonzero(self.before > 0)
        if self.competing:
            return int(np.maximum(self.before - self.reached(ids), 0)[self.asked].sum())
        if not len(now) or not ids:
            return 0
        return int(np.maximum(self.before[now] - self._solve(ids, now)[0], 0).sum())

    def _solve(self, lifted: frozenset[str], rows: IntArray) -> tuple[IntArray, BoolArray]:
        ways = find_group_ways(
            self.case, self.scenario.without(ids=lifted), self.day, groups=self.groups.iloc[rows]
        )
        to = self.case.destinations_on(self.day)
        placed = place_people(ways, to, keep=self.before[rows]).sum(axis=1)
        return np.asarray(placed), np.asarray((ways.path() & ways.in_time).any(axis=1))
