"""Ways of groups of people to the destinations that count for them, within their budgets."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.routing.engine import METRICS, Ways
from mobility_geo.routing.skims import find_ways_by_costs
from mobility_geo.scenario import (
    ArcCosts,
    Case,
    ClosedArc,
    Conditions,
    Limits,
    Scenario,
    TravellerClass,
    conditions,
)
from mobility_geo.units import MIN_PER_H, QUANTUM, Metric

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class GroupWays:
    """Ways of each group to each destination, shape (groups, destinations) throughout.

    Attributes
    ----------
    day
        The day it is for.
    groups, destination_ids
        Rows and columns.
    allowed
        Whether the destination counts for the group.
    time_min, length_m, cost_xof, risk
        Along the least-time way; `inf`: unreachable.
    in_risk, in_time, in_money
        Whether the way is within that budget of the group (true where there is no budget).
    travellers
        The traveller class of each group.
    ways, held
        The ways and the conditions of each traveller class.
    """

    case: Case
    day: dt.date
    groups: pd.DataFrame
    destination_ids: tuple[str, ...]
    allowed: BoolArray
    time_min: FloatArray
    length_m: FloatArray
    cost_xof: FloatArray
    risk: FloatArray
    in_risk: BoolArray
    in_time: BoolArray
    in_money: BoolArray
    travellers: list[TravellerClass]
    ways: dict[TravellerClass, Ways]
    held: dict[TravellerClass, Conditions]

    def path(self) -> BoolArray:
        """Say whether there is any way to a destination that counts."""
        return self.allowed & np.isfinite(self.time_min)

    def within(self) -> BoolArray:
        """Say whether the way is inside every budget as well."""
        return self.path() & self.in_risk & self.in_time & self.in_money

    def nearest(self, which: BoolArray) -> npt.NDArray[np.int32]:
        """Return the nearest destination of each group among those marked; -1: none."""
        if not which.shape[1]:
            return np.full(len(which), -1, dtype=np.int32)
        time = np.where(which, self.time_min, np.inf)
        best: npt.NDArray[np.int32] = time.argmin(axis=1).astype(np.int32)
        best[~np.isfinite(time.min(axis=1))] = -1
        return best

    def arcs(self, row: int, column: int) -> npt.NDArray[np.int32]:
        """Return the arcs of the way of one group to one destination.

        Raises
        ------
        NoPathError
            If there is no way.
        """
        ways = self.ways[self.travellers[row]]
        origin = ways.origins.place_ids.index(str(self.groups["place_id"].iloc[row]))
        return ways.arcs(origin, column)


def travellers_of(groups: pd.DataFrame) -> list[TravellerClass]:
    """Return the traveller class of each group.

    Parameters
    ----------
    groups
        Schema `GROUPS`.

    Returns
    -------
    list of TravellerClass
        One per row.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> [one.profile for one in travellers_of(load_toy().groups)]
    ['truck', 'foot', 'boat', 'foot']
    """
    known: dict[tuple[str, ...], TravellerClass] = {}
    found = []
    told = [groups[name].astype("str") for name in ("profile", "kind", "nationality")]
    exposed = groups["exposure_class"].astype("str").fillna("")
    for row in zip(*told, exposed, strict=True):
        if row not in known:
            profile, kind, nationality, exposure = row
            known[row] = TravellerClass(
                profile=profile, kind=kind, nationality=nationality, exposure_class=exposure
            )
        found.append(known[row])
    return found


def find_group_ways(  # noqa: PLR0913
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    groups: pd.DataFrame | None = None,
    ignore_borders: bool = False,
    any_mode: bool = False,
    also_closed: Collection[int] = (),
    speed_factor: float = 1.0,
    destinations: pd.DataFrame | None = None,
    impedance: Metric = "time_min",
) -> GroupWays:
    """Find the ways of groups to their destinations under a scenario.

    Parameters
    ----------
    case
        The question.
    scenario
        Scenario to take instead of the case's own.
    when
        Day; the scenario's own if left out.
    groups
        Some rows of ``case.groups``; all if left out.
    ignore_borders
        As in `conditions`.
    any_mode
        Let people use any mode of any profile: for connection only, times are then those of the
        shortest length at 1 km per unit of time and mean nothing.
    also_closed, speed_factor
        As in `conditions`.
    destinations
        Destinations to take instead of those that are open on the day; schema `DESTINATIONS`.
    impedance
        Metric to minimise.

    Returns
    -------
    GroupWays
        One row per group, one column per place that is a destination on that day.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> find_group_ways(load_toy()).within().any(axis=1).tolist()
    [False, False, True, False]
    """
    chosen = (case.groups if groups is None else groups).reset_index(drop=True)
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    laid.check(case.network, case.groups)
    destinations = case.destinations_on(day) if destinations is None else destinations
    ids = tuple(sorted(set(destinations["place_id"])))
    column = {name: number for number, name in enumerate(ids)}
    shape = (len(chosen), len(ids))
    allowed = np.zeros(shape, dtype=bool)
    members = {
        name: [column[place] for place in rows]
        for name, rows in destinations.groupby("destination_set")["place_id"]
    }
    metrics: dict[Metric, FloatArray] = {name: np.full(shape, np.inf) for name in METRICS}
    found: dict[TravellerClass, Ways] = {}
    kept: dict[TravellerClass, Conditions] = {}
    travellers = travellers_of(chosen)
    origins = chosen["place_id"].tolist()
    sets = chosen["destination_set"].tolist()
    by_any_mode: dict[TravellerClass, ArcCosts] = {}
    for traveller in sorted(set(travellers)):
        rows = [i for i, one in enumerate(travellers) if one == traveller]
        held = conditions(case.network, laid, day, traveller, ignore_borders=ignore_borders,
                          also_closed=also_closed, speed_factor=speed_factor)  # fmt: skip
        if any_mode:
            who = replace(traveller, profile="")
            if who not in by_any_mode:
                by_any_mode[who] = _any_mode(case, laid, day, who, ignore_borders=ignore_borders)
            costs = by_any_mode[who]
        else:
            costs = held.dense()
        places = sorted({origins[row] for row in rows})
        ways = find_ways_by_costs(
            case.network, costs, places, ids, impedance="length_m" if any_mode else impedance
        )
        found[traveller], kept[traveller] = ways, held
        origin = [places.index(origins[row]) for row in rows]
        totals = ways.totals(("length_m",) if any_mode else METRICS)
        for name, matrix in metrics.items():
            matrix[rows] = totals["length_m" if any_mode else name][origin]
        for row in rows:
            allowed[row, members.get(sets[row], [])] = True
    budget = budget_units(chosen, case.limits)

    def inside(metric: Metric) -> BoolArray:
        # in whole units, so that a journey of exactly the limit is inside it
        return np.rint(metrics[metric] / QUANTUM[metric]) <= budget[metric][:, None]

    return GroupWays(
        case=case, day=day, groups=chosen, destination_ids=ids, allowed=allowed,
        travellers=travellers, ways=found, held=kept,
        in_risk=inside("risk"), in_time=inside("time_min"), in_money=inside("cost_xof"),
        time_min=metrics["time_min"], length_m=metrics["length_m"],
        cost_xof=metrics["cost_xof"], risk=metrics["risk"],
    )  # fmt: skip


def budget_units(groups: pd.DataFrame, limits: Limits) -> dict[Metric, FloatArray]:
    """Return the budgets of groups in whole units of time, risk and money.

    Parameters
    ----------
    groups
        Schema `GROUPS`.
    limits
        Budgets of groups that have none of their own.

    Returns
    -------
    dict
        Metric to float64, one per group; `inf`: no budget.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> budget_units(load_toy().groups, Limits(time_limit_h=1.0))["time_min"].tolist()
    [36000.0, 36000.0, 36000.0, 36000.0]
    """
    found: dict[Metric, FloatArray] = {}
    given: tuple[tuple[Metric, str, float | None, float], ...] = (
        ("time_min", "time_limit_h", limits.time_limit_h, MIN_PER_H),
        ("risk", "risk_limit", limits.risk_limit, 1.0),
        ("cost_xof", "money_xof", None, 1.0),
    )
    for metric, column, default, scale in given:
        budget = groups[column].to_numpy(dtype=float).copy()
        budget[np.isnan(budget)] = np.inf if default is None else default
        # the small number makes up for limits that binary fractions fall short of
        found[metric] = np.floor(budget * scale / QUANTUM[metric] + 1e-6)
    return found


def _any_mode(
    case: Case, scenario: Scenario, day: dt.date, traveller: TravellerClass, *,
    ignore_borders: bool,
) -> ArcCosts:  # fmt: skip
    """Return arcs and ways off the road that are open to any profile, at their length."""
    network = case.network
    usable = np.zeros(len(network.arcs), dtype=bool)
    off_road = np.zeros(len(network.accesses), dtype=bool)
    closed: list[Mapping[int, ClosedArc]] = []
    for profile in network.profiles["profile"]:
        other = replace(traveller, profile=str(profile))
        costs = conditions(network, scenario, day, other, ignore_borders=ignore_borders).dense()
        usable |= costs.open
        off_road |= costs.access_open
        closed.append(costs.closed_arcs)
    units = costs.length_m
    nothing = np.zeros(len(usable), dtype=np.int32)
    return ArcCosts(
        open=usable, time_min=units, length_m=units, cost_xof=nothing, risk=nothing,
        closed_arcs=_closed_to_all(closed, usable),
        access_open=off_road, access_time_min=np.zeros(len(off_road)),
        access_risk=np.zeros(len(off_road)),
    )  # fmt: skip


def _closed_to_all(
    closed: list[Mapping[int, ClosedArc]], usable: BoolArray
) -> dict[int, ClosedArc]:
    """Return arcs that nobody passes from end to end, with the least that is closed of them."""
    found: dict[int, ClosedArc] = {}
    for arcs in closed:
        for arc, one in arcs.items():
            kept = found.get(arc, one)
            found[arc] = min(kept, one, key=lambda each: (_share(each), each.stretches))
    return {arc: one for arc, one in found.items() if not usable[arc]}


def _share(arc: ClosedArc) -> float:
    return sum(end - start for start, end in arc.stretches)
