"""Where people go: a stated simple rule, so that shares by destination are predictions."""

import datetime as dt
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import InputError
from mobility_geo.flows.capacity import place_people
from mobility_geo.flows.od import ODMatrix, round_to_total
from mobility_geo.routing import GroupWays, find_group_ways, journey
from mobility_geo.scenario import Case, Scenario
from mobility_geo.schema import OD_FLOWS, records
from mobility_geo.units import MIN_PER_H

IntArray = npt.NDArray[np.int64]
RULES = ("least_time", "logit")


def choose_destinations(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    rules: Collection[str] = RULES,
    base: str = "movers",
) -> ODMatrix:
    """Predict where each group goes, among the destinations allowed and within its budgets.

    ``least_time``: everybody goes to the nearest destination in time. ``logit``: the odds of two
    destinations fall with the difference of their times, ``exp(-scale * hours)``, with
    ``case.logit_scale_per_h``. Where destinations have a stated capacity, ``least_time`` places
    people as `place_people` does, ``logit`` sends as many people as that places, and the rest are
    unserved.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    rules
        Any of ``least_time`` and ``logit``.
    base
        Whose flows: ``movers`` or ``residents``.

    Returns
    -------
    ODMatrix
        Whole people, conserved: served and unserved sum to the groups.

    Raises
    ------
    InputError
        If a rule is unknown.

    References
    ----------
    Multinomial logit: McFadden, D. (1974), Conditional logit analysis of qualitative choice
    behavior, in Frontiers in Econometrics.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> od = choose_destinations(load_toy(), rules=["least_time"]).table
    >>> int(od["flow_persons"].sum()), int(od["unserved_persons"].sum())
    (300, 1450)
    """
    unknown = [rule for rule in rules if rule not in RULES]
    if unknown:
        msg = f"unknown rule {unknown[0]!r}; known: {', '.join(RULES)}"
        raise InputError(msg)
    groups = case.groups[(case.groups["base"] == base).to_numpy(dtype=bool)]
    found = find_group_ways(case, scenario, when, groups=groups)
    placed = place_people(found, case.destinations_on(found.day))
    country = case.network.places.set_index("place_id")["country"]
    pcode = case.network.places.set_index("place_id")["pcode"]
    rows: list[dict[str, object]] = []
    for rule in rules:
        for number, group in enumerate(records(found.groups)):
            persons = int(group["persons"])
            start = {"rule": rule, "group_id": group["group_id"], "origin_id": group["place_id"]}
            served = int(placed[number].sum())
            if served < persons or persons == 0:
                rows.append({**start, "flow_persons": 0, "unserved_persons": persons - served})
            chosen = _chosen(rule, found, placed, number, case.logit_scale_per_h)
            for column in np.flatnonzero(chosen):
                people = int(chosen[column])
                place = found.destination_ids[column]
                way = journey(case.network, found.arcs(number, int(column)))
                rows.append(
                    {
                        **start,
                        "destination_id": place,
                        "destination_country": country[place],
                        "destination_pcode": pcode[place],
                        "flow_persons": people,
                        "unserved_persons": 0,
                        "time_min": float(found.time_min[number, column]),
                        "crossing_ids": ">".join(way.crossing_ids) or None,
                    }
                )
    od = ODMatrix(table=pd.DataFrame(rows, columns=list(OD_FLOWS.names)))
    od.check_total(int(groups["persons"].sum()))
    return od


def _chosen(rule: str, ways: GroupWays, placed: IntArray, row: int, scale_per_h: float) -> IntArray:
    """Return how many people of a group go to each destination."""
    served = int(placed[row].sum())
    if rule == "least_time" or served == 0:
        chosen: IntArray = placed[row]
        return chosen
    time = np.where(ways.within()[row], ways.time_min[row], np.inf)
    # relative to the nearest, so that long journeys do not underflow
    return round_to_total(np.exp(-scale_per_h * (time - time.min()) / MIN_PER_H), served)
