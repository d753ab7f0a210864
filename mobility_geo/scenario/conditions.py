"""What holds on a date for a class of travellers: the baseline, and what differs from it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.network import Network, edge_speeds
from mobility_geo.network.profiles import profile_row
from mobility_geo.scenario.disruptions import (
    CapacityFactor,
    Closure,
    Disruption,
    ExtraCost,
    ExtraWait,
    Regime,
    RiskCost,
    SpeedFactor,
)
from mobility_geo.scenario.overlay import Hits, disruption_edges
from mobility_geo.scenario.scenario import Scenario
from mobility_geo.scenario.travellers import TravellerClass, may_pass
from mobility_geo.schema import is_missing, records, split_list
from mobility_geo.units import KM_M, MIN_PER_H, quantise

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Stretch = tuple[float, float, float]
"""Start and end of a stretch as shares of its edge, and the factor of the speed on it."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ClosedArc:
    """An arc that is closed on a part of its length: the rest still serves places along it.

    `stretches` are the closed parts as shares of the line, 0 to 1; the costs, in whole units, are
    those of the whole arc if it were open.
    """

    stretches: tuple[tuple[float, float], ...]
    time_min: int
    length_m: int
    cost_xof: int
    risk: int

    def leaves_open(self, start: float, end: float) -> bool:
        """Say whether a stretch of the line, as shares of its length, is clear of closures."""
        return not any(a < end and b > start for a, b in self.stretches)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ArcCosts:
    """Costs of every arc in whole units, ready for an engine; closed arcs cost 0.

    `open` says which arcs can be used from end to end; `closed_arcs` has those that only a part
    of the length is closed of. Units are those of `mobility_geo.units.QUANTUM`.
    """

    open: BoolArray
    time_min: IntArray
    length_m: IntArray
    cost_xof: IntArray
    risk: IntArray
    closed_arcs: Mapping[int, ClosedArc] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Baseline:
    """The normal state on a day of a month for a traveller: one entry per arc."""

    open: BoolArray
    in_season: BoolArray
    moving_min: FloatArray
    wait_min: FloatArray
    cost_xof: FloatArray
    capacity: FloatArray


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Conditions:
    """What holds on a date for a traveller class; holds only what differs from the baseline.

    Attributes
    ----------
    network, when, traveller
        What it was made for.
    base
        The baseline of the same date and traveller.
    arc
        Arcs that differ from the baseline, ascending; the arrays below have one entry for each.
    open, time_min, cost_xof, risk, capacity
        Their state: usable, minutes, XOF, risk, persons per day.
    closed_stretches
        Arcs that nothing but closures of a part of their length keeps shut, with these parts.
    causes
        One row per edge and disruption that hits it: ``edge_id``, ``disruption_id``, ``kind``,
        ``effect`` in words, ``share`` of the edge that is hit.
    """

    network: Network
    when: dt.date
    traveller: TravellerClass
    base: Baseline
    arc: IntArray
    open: BoolArray
    time_min: FloatArray
    cost_xof: FloatArray
    risk: FloatArray
    capacity: FloatArray
    closed_stretches: Mapping[int, tuple[tuple[float, float], ...]]
    causes: pd.DataFrame

    def dense(self) -> ArcCosts:
        """Return the costs of every arc, quantised.

        Returns
        -------
        ArcCosts
            int32 units; the same for every engine.
        """
        usable = self.base.open.copy()
        time = self.base.moving_min + self.base.wait_min
        cost = self.base.cost_xof.copy()
        risk = np.zeros(len(usable))
        usable[self.arc] = self.open
        time[self.arc] = self.time_min
        cost[self.arc] = self.cost_xof
        risk[self.arc] = self.risk
        length = self.network.edges["length_m"].to_numpy(dtype=float)[self.network.arcs.edge]
        partly = {
            arc: ClosedArc(
                stretches=stretches,
                time_min=int(quantise(time[arc], "time_min")),
                length_m=int(quantise(length[arc], "length_m")),
                cost_xof=int(quantise(cost[arc], "cost_xof")),
                risk=int(quantise(risk[arc], "risk")),
            )
            for arc, stretches in self.closed_stretches.items()
        }
        return ArcCosts(
            open=usable,
            closed_arcs=partly,
            time_min=quantise(np.where(usable, time, 0.0), "time_min"),
            length_m=quantise(np.where(usable, length, 0.0), "length_m"),
            cost_xof=quantise(np.where(usable, cost, 0.0), "cost_xof"),
            risk=quantise(np.where(usable, risk, 0.0), "risk"),
        )

    def edge_states(self) -> pd.DataFrame:
        """Return the state of every edge, in words.

        Returns
        -------
        pandas.DataFrame
            ``edge_id``; ``state``: ``open``, ``slower``, ``riskier``, ``partly_closed`` (in one
            direction), ``closed`` by a
            disruption, ``out_of_season`` by the normal season, or ``not_passable`` for this
            traveller at any time; ``speed_factor`` (1: as in the baseline), ``risk_per_km``,
            ``disruption_ids`` with ``|`` between them. The worse direction counts.
        """
        network, base = self.network, self.base
        edges = network.edges
        size = len(edges)
        total = base.moving_min + base.wait_min
        usable, time, risk = base.open.copy(), total.copy(), np.zeros(len(total))
        usable[self.arc], time[self.arc], risk[self.arc] = self.open, self.time_min, self.risk
        normally = np.zeros(size, bool)
        np.logical_or.at(normally, network.arcs.edge, base.open | usable)
        still = np.ones(size, bool)
        np.logical_and.at(still, network.arcs.edge, usable | ~base.open)
        somehow = np.zeros(size, bool)
        np.logical_or.at(somehow, network.arcs.edge, usable)
        seasonal = np.zeros(size, bool)
        np.logical_or.at(seasonal, network.arcs.edge, ~base.in_season)
        slow = np.ones(size)
        both = base.open & usable & (time > 0)
        factor = np.ones(len(total))
        factor[both] = total[both] / time[both]
        np.minimum.at(slow, network.arcs.edge, factor)
        worst = np.zeros(size)
        np.maximum.at(worst, network.arcs.edge, np.where(usable, risk, 0.0))
        length_km = np.maximum(edges["length_m"].to_numpy(dtype=float) / KM_M, 1e-9)
        state = np.full(size, "open", dtype=object)
        state[worst > 0] = "riskier"
        state[slow < 1 - 1e-9] = "slower"
        state[normally & ~still] = "partly_closed"
        state[normally & ~somehow] = "closed"
        state[~normally & seasonal] = "out_of_season"
        state[~normally & ~seasonal] = "not_passable"
        ids = self.causes.groupby("edge_id")["disruption_id"].agg("|".join)
        return pd.DataFrame(
            {
                "edge_id": edges["edge_id"],
                "state": pd.Series(state).astype("str"),
                "speed_factor": slow,
                "risk_per_km": worst / length_km,
                "disruption_ids": edges["edge_id"].map(ids).astype("str"),
            }
        )


_BASELINES: WeakKeyDictionary[Network, dict[tuple[object, ...], Baseline]] = WeakKeyDictionary()


def _season_effects(network: Network, profile: str, month: int) -> tuple[FloatArray, BoolArray]:
    edges = network.edges
    factor = np.ones(len(edges))
    in_season = np.ones(len(edges), dtype=bool)
    for row in records(network.seasons):
        if str(month) not in split_list(row["months"]):
            continue
        profiles = split_list(row["profiles"])
        if profiles and profile not in profiles:
            continue
        hit = np.ones(len(edges), dtype=bool)
        for values, column in (
            (split_list(row["kinds"]), "kind"),
            (split_list(row["surfaces"]), "surface"),
            (split_list(row["reaches"]), "reach"),
            (split_list(row["countries"]), "country"),
        ):
            if values:
                hit &= edges[column].isin(values).to_numpy(dtype=bool)
        if not is_missing(row["all_season"]):
            hit &= edges["all_season"].to_numpy(dtype=bool) == bool(row["all_season"])
        if row["effect"] == "close":
            in_season &= ~hit
        else:
            factor[hit] = np.minimum(factor[hit], float(row["value"]))
    return factor, in_season


def _into_countries(network: Network) -> tuple[IntArray, npt.NDArray[np.object_]]:
    """Return the arcs that are border crossings, and the country that each enters."""
    crossing = (network.edges["kind"] == "crossing").to_numpy(dtype=bool)
    arcs = np.flatnonzero(crossing[network.arcs.edge]).astype(np.int32)
    country = network.nodes["country"].to_numpy(dtype=object)
    return arcs, country[network.arcs.head[arcs]]


def baseline_conditions(
    network: Network, month: int, traveller: TravellerClass, *, ignore_borders: bool = False
) -> Baseline:
    """Return the normal state in a month for a traveller.

    Parameters
    ----------
    network
        The network.
    month
        1 to 12.
    traveller
        Who travels.
    ignore_borders
        Let everybody pass every crossing, whatever its regime.

    Returns
    -------
    Baseline
        One entry per arc.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> base = baseline_conditions(load_toy().network, 1, who)
    >>> bool(base.open.any())
    True
    """
    key = (month, traveller.profile, traveller.kind, traveller.nationality, ignore_borders)
    memory = _BASELINES.setdefault(network, {})
    if key in memory:
        return memory[key]
    arcs, edges = network.arcs, network.edges
    speed = edge_speeds(network, traveller.profile)
    factor, in_season = _season_effects(network, traveller.profile, month)
    passable = ~np.isnan(speed)
    length = edges["length_m"].to_numpy(dtype=float)
    moving = np.where(passable, length / KM_M / np.where(passable, speed * factor, 1), 0.0)
    crossing = network.crossings.set_index("crossing_id")
    processing = edges["crossing_id"].map(crossing["processing_min"]).fillna(0).to_numpy(float)
    capacity = edges["crossing_id"].map(crossing["throughput_persons_per_day"]).to_numpy(float)
    fare = float(profile_row(network, traveller.profile)["cost_xof_per_km"])
    usable = (passable & in_season)[arcs.edge]
    if not ignore_borders:
        rows, into = _into_countries(network)
        regime = edges["crossing_id"].map(crossing["regime"]).to_numpy(dtype=object)
        for arc, country in zip(rows, into, strict=True):
            usable[arc] &= may_pass(str(regime[arcs.edge[arc]]), traveller, str(country))
    usable &= ~(capacity == 0)[arcs.edge]
    wait = edges["wait_min"].to_numpy(dtype=float) + processing
    memory[key] = Baseline(
        open=usable,
        in_season=(in_season | ~passable)[arcs.edge],
        moving_min=(moving * MIN_PER_H)[arcs.edge],
        wait_min=wait[arcs.edge],
        cost_xof=(length / KM_M * fare)[arcs.edge],
        capacity=np.where(np.isnan(capacity), np.inf, capacity)[arcs.edge],
    )
    for item in fields(Baseline):
        # it is shared by all conditions of the month: nobody may change it
        getattr(memory[key], item.name).flags.writeable = False
    return memory[key]


def _slowness(stretches: list[Stretch]) -> float:
    """Return by how much moving takes longer, the lowest factor counting on each stretch."""
    cuts = sorted({0.0, 1.0, *(x for start, end, _ in stretches for x in (start, end))})
    total = 0.0
    for a, b in pairwise(cuts):
        middle = (a + b) / 2
        lowest = min((f for s, e, f in stretches if s <= middle <= e), default=1.0)
        total += (b - a) / lowest
    return total


def _arcs_of(network: Network, disruption: Disruption, hits: Hits) -> tuple[IntArray, FloatArray]:
    """Return the arcs that a disruption hits, and the share of each that is hit."""
    arcs, size = network.arcs, len(network.edges)
    share = hits.shares(size)
    edges = hits.edges()
    backward = np.full(size, -1, dtype=np.int32)
    backward[arcs.edge[size:]] = np.arange(size, len(arcs), dtype=np.int32)
    found = []
    if disruption.what.direction != "backward":
        found.append(edges)
    if disruption.what.direction != "forward":
        back = backward[edges]
        found.append(back[back >= 0])
    rows = np.concatenate(found).astype(np.int32)
    if disruption.what.into:
        crossing, into = _into_countries(network)
        rows = rows[np.isin(rows, crossing[into == disruption.what.into])]
    return rows, share[arcs.edge[rows]]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Impact:
    """What disruptions do to every arc, filled by one disruption after the other.

    Attributes
    ----------
    touched, closed
        Whether a disruption hits the arc, and closes it.
    wait_min, cost_xof, risk
        What they add to the baseline, in minutes, XOF and risk.
    capacity
        Factor of the people per day.
    slow, shut, regimes
        Slower stretches, closed stretches and regimes, for the arcs that have any.
    causes
        Tables of `Conditions.causes`, one per disruption.
    """

    touched: BoolArray
    closed: BoolArray
    wait_min: FloatArray
    cost_xof: FloatArray
    risk: FloatArray
    capacity: FloatArray
    slow: dict[int, list[Stretch]]
    shut: dict[int, list[tuple[float, float]]]
    regimes: dict[int, list[str]]
    causes: list[pd.DataFrame]


def _no_impact(size: int) -> _Impact:
    """Return what no disruption does to `size` arcs."""
    return _Impact(
        touched=np.zeros(size, dtype=bool), closed=np.zeros(size, dtype=bool),
        wait_min=np.zeros(size), cost_xof=np.zeros(size), risk=np.zeros(size),
        capacity=np.ones(size), slow=defaultdict(list), shut=defaultdict(list),
        regimes=defaultdict(list), causes=[],
    )  # fmt: skip


def _concerns(disruption: Disruption, traveller: TravellerClass, *, ignore_borders: bool) -> bool:
    """Say whether a disruption can change anything for a traveller."""
    at_border = disruption.kind == "border" or all(
        isinstance(effect, Regime) for effect in disruption.effects
    )
    happens = disruption.probability > 0 and not (ignore_borders and at_border)
    return happens and disruption.who.includes(
        traveller.profile, traveller.kind, traveller.nationality, traveller.exposure_class
    )


def _add_disruption(impact: _Impact, network: Network, disruption: Disruption) -> None:
    """Add all effects of one disruption to `impact`, where it hits."""
    hits = disruption_edges(network, disruption.what)
    rows, share = _arcs_of(network, disruption, hits)
    if not len(rows):
        return
    impact.touched[rows] = True
    edge = network.arcs.edge[rows]
    length_km = network.edges["length_m"].to_numpy(dtype=float)[edge] / KM_M
    for effect in disruption.effects:
        match effect:
            case Closure():
                _add_closure(impact, network, rows, hits)
            case ExtraWait(value=value):
                impact.wait_min[rows] += value
            case ExtraCost(value=value):
                impact.cost_xof[rows] += value * share * length_km
            case RiskCost(value=value):
                impact.risk[rows] += value * share * length_km
            case CapacityFactor(value=value):
                _add_capacity(impact, network, rows, hits, value)
            case SpeedFactor(value=value):
                _add_slow_stretches(impact, network, rows, hits, value)
            case Regime(value=regime):
                at_border = np.isin(rows, _into_countries(network)[0])
                _add_regime(impact, rows[at_border], regime)
    hit_edges = np.unique(edge)
    impact.causes.append(
        pd.DataFrame(
            {
                "edge_id": network.edges["edge_id"].to_numpy()[hit_edges],
                "disruption_id": disruption.disruption_id,
                "kind": disruption.kind,
                "effect": disruption.effect_words(),
                "share": hits.shares(len(network.edges))[hit_edges],
            }
        )
    )


def _add_closure(impact: _Impact, network: Network, rows: IntArray, hits: Hits) -> None:
    """Close arcs, and note which stretches of their edges are closed."""
    impact.closed[rows] = True
    stretches: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for edge, start, end in zip(hits.edge, hits.start, hits.end, strict=True):
        stretches[int(edge)].append((float(start), float(end)))
    for arc in rows:
        impact.shut[int(arc)] += stretches[int(network.arcs.edge[arc])]


def _add_capacity(
    impact: _Impact, network: Network, rows: IntArray, hits: Hits, factor: float
) -> None:
    """Lower the people per day of arcs; where nobody passes any more, they are closed."""
    impact.capacity[rows] = np.minimum(impact.capacity[rows], factor)
    if factor == 0:
        _add_closure(impact, network, rows, hits)


def _add_slow_stretches(
    impact: _Impact, network: Network, rows: IntArray, hits: Hits, factor: float
) -> None:
    """Note for each arc the stretches of its edge on which the speed is multiplied by `factor`."""
    stretches: dict[int, list[Stretch]] = defaultdict(list)
    for edge, start, end in zip(hits.edge, hits.start, hits.end, strict=True):
        stretches[int(edge)].append((float(start), float(end), factor))
    for arc in rows:
        impact.slow[int(arc)] += stretches[int(network.arcs.edge[arc])]


def _add_regime(impact: _Impact, rows: IntArray, regime: str) -> None:
    """Note for each arc that it is under a regime, as well as under any other."""
    for arc in rows:
        impact.regimes[int(arc)].append(regime)


def _under_regimes(
    network: Network, month: int, traveller: TravellerClass, impact: _Impact, usable: BoolArray
) -> BoolArray:
    """Return which arcs can be used once changed regimes replace the normal ones.

    A changed regime can open a crossing as well as close it, so the answer does not start from
    `usable` on these arcs, but from the baseline in which every crossing lets everybody pass.
    """
    if not impact.regimes:
        return usable
    arcs, into = _into_countries(network)
    country = dict(zip(arcs.tolist(), into, strict=True))
    normal = baseline_conditions(network, month, traveller, ignore_borders=True).open
    changed = usable.copy()
    for arc, words in impact.regimes.items():
        let = all(may_pass(word, traveller, str(country[arc])) for word in words)
        changed[arc] = normal[arc] and let and not impact.closed[arc]
    return changed


def _moving_min(base: Baseline, slow: dict[int, list[Stretch]]) -> FloatArray:
    """Return the minutes on the move on every arc, slower stretches taken into account."""
    moving = base.moving_min.copy()
    for arc, stretches in slow.items():
        moving[arc] *= _slowness(stretches)
    return moving


def _less(capacity: FloatArray, factor: FloatArray) -> FloatArray:
    """Return people per day after a factor; no limit times 0 is 0."""
    reduced: FloatArray = np.zeros_like(capacity)
    np.multiply(capacity, factor, out=reduced, where=factor > 0)
    return reduced


def _cause_table(causes: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all causes in one table, by edge and disruption."""
    columns = ["edge_id", "disruption_id", "kind", "effect", "share"]
    found = pd.concat(causes, ignore_index=True) if causes else pd.DataFrame(columns=columns)
    return found.sort_values(["edge_id", "disruption_id"], kind="stable").reset_index(drop=True)


def conditions(
    network: Network,
    scenario: Scenario,
    when: dt.date | str | None,
    traveller: TravellerClass,
    *,
    ignore_borders: bool = False,
    also_closed: Collection[int] = (),
) -> Conditions:
    """Return what holds on a date for a class of travellers, and which disruption did it.

    The network and the scenario are not changed; a scenario without disruptions gives the
    baseline, bit for bit. Overlapping disruptions combine so that their order never matters:
    closed wins, on each stretch the lowest speed counts, risks, waits and costs add up, every
    regime must let the traveller pass.

    Parameters
    ----------
    network
        The network.
    scenario
        Disruptions and calendar.
    when
        Day, inside the calendar; the scenario's own if None.
    traveller
        Who travels.
    ignore_borders
        Let everybody pass every crossing: to find out whether a border is the reason.
    also_closed
        Rows of edges to close on top: to find out whether an answer hangs on them.

    Returns
    -------
    Conditions
        What differs from the baseline; `Conditions.dense` for all arcs.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    UnknownIdError
        If the scenario names edges, crossings or profiles that are not there.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> found = conditions(case.network, case.scenario, None, who)
    >>> sorted(found.causes["kind"].unique())
    ['border', 'insecurity']
    """
    day = scenario.day(when)
    scenario.check(network)
    base = baseline_conditions(network, day.month, traveller, ignore_borders=ignore_borders)
    impact = _no_impact(len(network.arcs))
    for disruption in sorted(scenario.active(day), key=lambda d: d.disruption_id):
        if _concerns(disruption, traveller, ignore_borders=ignore_borders):
            _add_disruption(impact, network, disruption)
    usable = base.open & ~impact.closed
    if not ignore_borders:
        usable = _under_regimes(network, day.month, traveller, impact, usable)
    also = np.isin(network.arcs.edge, list(also_closed))
    usable &= ~also
    partly = {
        arc: tuple(sorted(stretches))
        for arc, stretches in impact.shut.items()
        if base.open[arc] and not also[arc] and not usable[arc] and (0.0, 1.0) not in stretches
        and arc not in impact.regimes
    }  # fmt: skip
    time = _moving_min(base, impact.slow) + base.wait_min + impact.wait_min
    differs = (
        (usable != base.open)
        | (time != base.moving_min + base.wait_min)
        | (impact.cost_xof > 0)
        | (impact.risk > 0)
        | (impact.capacity < 1)
    )
    changed = np.flatnonzero((impact.touched | also) & differs).astype(np.int32)
    return Conditions(
        network=network,
        when=day,
        traveller=traveller,
        base=base,
        arc=changed,
        open=usable[changed],
        time_min=time[changed],
        cost_xof=(base.cost_xof + impact.cost_xof)[changed],
        risk=impact.risk[changed],
        capacity=_less(base.capacity, impact.capacity)[changed],
        closed_stretches=partly,
        causes=_cause_table(impact.causes),
    )
