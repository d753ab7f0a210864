"""Which closure does it: people freed by lifting each disruption alone."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.flows import place_people
from mobility_geo.routing import find_group_ways
from mobility_geo.scenario import Case, Scenario

IntArray = npt.NDArray[np.int64]


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
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    movers = case.groups[(case.groups["base"] == "movers").to_numpy(dtype=bool)]
    open_now = case.destinations_on(day)
    active = {disruption.disruption_id for disruption in laid.active(day)}

    def placed(variant: Scenario, groups: pd.DataFrame, keep: IntArray | None = None) -> IntArray:
        ways = find_group_ways(case, variant, day, groups=groups)
        return np.asarray(place_people(ways, open_now, keep=keep).sum(axis=1))

    now = placed(laid, movers)
    short = now < movers["persons"].to_numpy(dtype=np.int64)
    competing = bool(case.destinations["capacity_persons"].notna().any())
    asked = movers if competing else movers[short]
    before = now if competing else now[short]
    freed: list[int] = []
    for number, disruption in enumerate(laid.disruptions, start=1):
        name = disruption.disruption_id
        if name in active and len(asked):
            after = placed(laid.without(ids=[name]), asked, before)
            freed.append(max(int((after - before).sum()), 0))
        else:
            freed.append(0)
        if progress is not None:
            progress(number / len(laid.disruptions))
    return pd.DataFrame(
        {
            "disruption_id": pd.Series([d.disruption_id for d in laid.disruptions], dtype="str"),
            "persons_freed": pd.Series(freed, dtype="int64"),
        }
    )
