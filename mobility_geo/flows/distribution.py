"""Where people go: a stated simple rule, so that shares by destination are predictions."""

import datetime as dt
from collections.abc import Collection

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError
from mobility_geo.flows.od import ODMatrix, round_to_total
from mobility_geo.routing import find_group_ways, journey
from mobility_geo.scenario import Case, Scenario
from mobility_geo.schema import OD_FLOWS, records
from mobility_geo.units import MIN_PER_H

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
    ``case.logit_scale_per_h``. Neither knows capacities. Groups whose destination set has one
    member are the same under both.

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
    within = found.within()
    country = case.network.places.set_index("place_id")["country"]
    pcode = case.network.places.set_index("place_id")["pcode"]
    rows: list[dict[str, object]] = []
    for rule in rules:
        for number, group in enumerate(records(found.groups)):
            persons = int(group["persons"])
            start = {"rule": rule, "group_id": group["group_id"], "origin_id": group["place_id"]}
            open_to = np.flatnonzero(within[number])
            if not len(open_to):
                rows.append({**start, "flow_persons": 0, "unserved_persons": persons})
                continue
            time = found.time_min[number, open_to]
            share = _shares(rule, time, case.logit_scale_per_h)
            for column, people in zip(open_to, round_to_total(share, persons), strict=True):
                if people == 0:
                    continue
                place = found.destination_ids[column]
                way = journey(case.network, found.arcs(number, int(column)))
                rows.append(
                    {
                        **start,
                        "destination_id": place,
                        "destination_country": country[place],
                        "destination_pcode": pcode[place],
                        "flow_persons": int(people),
                        "unserved_persons": 0,
                        "time_min": float(found.time_min[number, column]),
                        "crossing_ids": ">".join(way.crossing_ids) or None,
                    }
                )
    od = ODMatrix(table=pd.DataFrame(rows, columns=list(OD_FLOWS.names)))
    od.check_total(int(groups["persons"].sum()))
    return od


def _shares(
    rule: str, time_min: "np.typing.NDArray[np.float64]", scale_per_h: float
) -> "np.typing.NDArray[np.float64]":
    if rule == "least_time":
        share = np.zeros(len(time_min))
        share[int(time_min.argmin())] = 1.0
        return share
    # relative to the nearest, so that long journeys do not underflow
    weight: np.typing.NDArray[np.float64] = np.exp(
        -scale_per_h * (time_min - time_min.min()) / MIN_PER_H
    )
    return weight
