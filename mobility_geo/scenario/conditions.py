"""What holds on a date for a class of travellers: the baseline, and what differs from it."""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ScenarioError
from mobility_geo.network import Network, edge_speeds
from mobility_geo.network.profiles import edge_classes, profile_row
from mobility_geo.scenario.disruptions import (
    DEPTH_TOLERANCE_M,
    HOURS,
    CapacityFactor,
    Closure,
    DepthSpeed,
    Disruption,
    Effect,
    Exposure,
    ExtraCost,
    ExtraWait,
    OpeningHours,
    Regime,
    RiskCost,
    SpeedFactor,
    Throughput,
)
from mobility_geo.scenario.overlay import (
    Hits,
    disruption_accesses,
    disruption_edges,
    join_stretches,
    pieces_of_stretches,
)
from mobility_geo.scenario.scenario import Scenario, check_once
from mobility_geo.scenario.travellers import TravellerClass, may_pass
from mobility_geo.schema import is_missing, records, split_list
from mobility_geo.sharing import shared
from mobility_geo.units import KM_M, MIN_PER_H, PATH_SUM_LIMIT, QUANTUM, quantise

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
Key = TypeVar("Key")
Kept = TypeVar("Kept")

SEASON_COLUMNS: Final = ("kind", "surface", "reach", "country", "rainfall_class", "all_season")
AFLOAT: Final = ("river", "ferry", "transfer")
"""Kinds of edges that depth of water does not slow: boats, and ways on and off them."""

MOST_BASELINES: Final = 512
"""So many baselines of a network are kept: a year of twenty kinds of travellers, borders or not."""

MOST_BASELINE_BYTES: Final = 250_000_000
"""So much of them is kept for a large network, and of their months, but always two of each."""

WHOLE_TOLERANCE: Final = 1e-6


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
    """Costs of every arc in whole units, ready for an engine.

    `open` says which arcs can be used from end to end; what closed ones cost means nothing.
    Nobody may write to the arrays, which may be shared. `closed_arcs` has those that only a part
    of the length is closed of. Units are those of `mobility_geo.units.QUANTUM`. The arrays
    `access_` have one entry per access of the network: whether its way off the road is open, and
    its minutes and risk, which are rounded with the way along the edge, not before.
    """

    open: BoolArray
    time_min: IntArray
    length_m: IntArray
    cost_xof: IntArray
    risk: IntArray
    closed_arcs: Mapping[int, ClosedArc] = field(default_factory=dict)
    access_open: BoolArray = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    access_time_min: FloatArray = field(default_factory=lambda: np.empty(0))
    access_risk: FloatArray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
class Baseline:
    """The normal state on a day of a month for a traveller.

    One entry per arc, and behind them one per access, for its way off the road. Arrays that are
    the same in another month or for another traveller are shared, and nobody may write to them.
    """

    open: BoolArray
    in_season: BoolArray
    moving_min: FloatArray
    wait_min: FloatArray
    capacity: FloatArray
    xof_per_km: float
    units: "_Units"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Units:
    """What every arc costs normally in whole units; closed ones something or other.

    `over` has the arcs that take longer than can be added up.
    """

    time_min: IntArray
    length_m: IntArray
    cost_xof: IntArray
    over: IntArray


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
        Arcs that differ from the baseline, ascending; numbers behind those of all arcs are
        accesses, for their ways off the road. The arrays below have one entry for each.
    open, time_min, risk
        Their state: usable, minutes, risk.
    dearer_arc, cost_xof
        Arcs whose fare differs from the baseline, and how many XOF it is.
    limited_arc, capacity
        Arcs whose capacity differs from the baseline, and how many persons per day it is.
    shut_arc, shut_start, shut_end
        Stretches, as shares of the line, of arcs that nothing but closures of a part of their
        length keeps shut.
    disruptions
        The disruptions that hit anything for this traveller.
    """

    network: Network
    when: dt.date
    traveller: TravellerClass
    base: Baseline
    arc: IntArray
    open: BoolArray
    time_min: FloatArray
    risk: FloatArray
    dearer_arc: IntArray
    cost_xof: FloatArray
    limited_arc: IntArray
    capacity: FloatArray
    shut_arc: IntArray
    shut_start: FloatArray
    shut_end: FloatArray
    disruptions: tuple[Disruption, ...]

    @property
    def closed_stretches(self) -> Mapping[int, tuple[tuple[float, float], ...]]:
        """Closed parts of arcs that are closed on a part of their length only, by arc."""
        found: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for arc, start, end in zip(
            self.shut_arc.tolist(), self.shut_start.tolist(), self.shut_end.tolist(), strict=True
        ):
            found[arc].append((start, end))
        return {arc: tuple(stretches) for arc, stretches in found.items()}

    @property
    def causes(self) -> pd.DataFrame:
        """One row per edge, or way off the road, and disruption that hits it.

        ``edge_id``, which may be the id of an access, ``disruption_id``, ``kind``, ``effect`` in
        words, ``share`` of the edge hit. It is found out when it is asked for.
        """
        network = self.network
        ids = np.concatenate([network.edge_rows.to_numpy(), network.access_rows.to_numpy()])
        # accesses behind edges, as they are behind arcs
        way_of = np.concatenate(
            [network.arcs.edge, len(network.edges) + np.arange(len(network.accesses))]
        )
        tables = []
        for disruption in self.disruptions:
            laid = _lay(network, disruption)
            way, first = np.unique(way_of[laid.arc], return_index=True)
            tables.append(
                pd.DataFrame(
                    {
                        "edge_id": ids[way],
                        "disruption_id": disruption.disruption_id,
                        "kind": disruption.kind,
                        "effect": disruption.effect_words(),
                        "share": laid.share[first],
                    }
                )
            )
        return _cause_table(tables)

    def dense(self) -> ArcCosts:
        """Return the costs of every arc, quantised.

        Returns
        -------
        ArcCosts
            int32 units; the same for every engine.
        """
        base, size = self.base, len(self.network.arcs)
        usable = base.open.copy()
        usable[self.arc] = self.open
        over = base.units.over[usable[base.units.over]]
        if len(over):
            quantise(base.moving_min[over] + base.wait_min[over], "time_min")  # says what is wrong
        on_road = self.arc < size
        arc, passed = self.arc[on_road], self.open[on_road]
        time, risk = base.units.time_min.copy(), np.zeros(size, dtype=np.int32)
        time[arc] = quantise(np.where(passed, self.time_min[on_road], 0.0), "time_min")
        risk[arc] = quantise(np.where(passed, self.risk[on_road], 0.0), "risk")
        cost = base.units.cost_xof
        if len(self.dearer_arc):
            dearer = self.dearer_arc[self.dearer_arc < size]
            cost = cost.copy()
            cost[dearer] = quantise(
                np.where(usable[dearer], self._cost_xof(dearer), 0.0), "cost_xof"
            )
        off_road = self.arc[~on_road] - size
        walk_min = base.moving_min[size:] + base.wait_min[size:]
        walk_risk = np.zeros(len(walk_min))
        walk_min[off_road] = self.time_min[~on_road]
        walk_risk[off_road] = self.risk[~on_road]
        return ArcCosts(
            open=usable[:size],
            closed_arcs=self._closed_arcs(),
            time_min=time,
            length_m=base.units.length_m,
            cost_xof=cost,
            risk=risk,
            access_open=usable[size:],
            access_time_min=walk_min,
            access_risk=walk_risk,
        )

    def throughput(self) -> FloatArray:
        """Return how many people a day each arc, then each access, lets pass.

        Returns
        -------
        numpy.ndarray
            float64; `inf` where there is no limit. What is closed says nothing here.
        """
        capacity = self.base.capacity.copy()
        capacity[self.limited_arc] = self.capacity
        return capacity

    def _cost_xof(self, arc: IntArray) -> FloatArray:
        """Return what passing some arcs costs."""
        cost = _fares_xof(self.network, arc, self.base.xof_per_km)
        if len(self.dearer_arc):
            at = np.minimum(np.searchsorted(self.dearer_arc, arc), len(self.dearer_arc) - 1)
            cost = np.where(self.dearer_arc[at] == arc, self.cost_xof[at], cost)
        return cost

    def _closed_arcs(self) -> dict[int, ClosedArc]:
        parts = self.closed_stretches
        arc = np.fromiter(parts, dtype=np.int32, count=len(parts))
        at = np.searchsorted(self.arc, arc)  # they differ from the baseline all
        units = zip(
            quantise(self.time_min[at], "time_min").tolist(),
            quantise(_lengths_m(self.network)[arc], "length_m").tolist(),
            quantise(self._cost_xof(arc), "cost_xof").tolist(),
            quantise(self.risk[at], "risk").tolist(),
            strict=True,
        )
        return {
            number: ClosedArc(stretches=stretches, time_min=t, length_m=m, cost_xof=c, risk=r)
            for (number, stretches), (t, m, c, r) in zip(parts.items(), units, strict=True)
        }

    def edge_states(self) -> pd.DataFrame:
        """Return the state of every edge, in words.

        Returns
        -------
        pandas.DataFrame
            ``edge_id``; ``state``: ``open``, ``slower``, ``riskier``, ``partly_closed`` (in one
            of two directions that are open normally), ``closed`` by a disruption in all of them,
            ``out_of_season`` by the normal season, or ``not_passable`` for this traveller at any
            time; ``speed_factor`` (1: as in the baseline), ``risk_per_km``,
            ``disruption_ids`` with ``|`` between them. The worse direction counts.
        """
        network, base = self.network, self.base
        edges = network.edges
        size = len(edges)
        on = slice(0, len(network.arcs))
        total = (base.moving_min + base.wait_min)[on]
        normal = base.open[on]
        usable, time, risk = normal.copy(), total.copy(), np.zeros(len(total))
        road = self.arc < len(total)
        arc = self.arc[road]
        usable[arc], time[arc], risk[arc] = (
            values[road] for values in (self.open, self.time_min, self.risk)
        )
        normally = np.zeros(size, bool)
        np.logical_or.at(normally, network.arcs.edge, normal | usable)
        still = np.ones(size, bool)
        np.logical_and.at(still, network.arcs.edge, usable | ~normal)
        somehow = np.zeros(size, bool)
        np.logical_or.at(somehow, network.arcs.edge, usable)
        seasonal = np.zeros(size, bool)
        np.logical_or.at(seasonal, network.arcs.edge, ~base.in_season[on])
        slow = np.ones(size)
        both = normal & usable & (time > 0)
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
    classes, code = edge_classes(network, SEASON_COLUMNS)
    factor = np.ones(len(classes))
    in_season = np.ones(len(classes), dtype=bool)
    for row in records(network.seasons):
        if str(month) not in split_list(row["months"]):
            continue
        profiles = split_list(row["profiles"])
        if profiles and profile not in profiles:
            continue
        hit = np.ones(len(classes), dtype=bool)
        for values, column in (
            (split_list(row["kinds"]), "kind"),
            (split_list(row["surfaces"]), "surface"),
            (split_list(row["reaches"]), "reach"),
            (split_list(row["countries"]), "country"),
            (split_list(row["rainfall_classes"]), "rainfall_class"),
        ):
            if values:
                hit &= classes[column].isin(values).to_numpy(dtype=bool)
        if not is_missing(row["all_season"]):
            hit &= classes["all_season"].to_numpy(dtype=bool) == bool(row["all_season"])
        if row["effect"] == "close":
            in_season &= ~hit
        else:
            factor[hit] = np.minimum(factor[hit], float(row["value"]))
    return factor[code], in_season[code]


_INTO: WeakKeyDictionary[Network, tuple[IntArray, Objects]] = WeakKeyDictionary()


def _into_countries(network: Network) -> tuple[IntArray, Objects]:
    """Return the arcs across a border, by land or boat, and the country that each enters."""
    if network in _INTO:
        return _INTO[network]
    crossing = network.edges["crossing_id"].notna().to_numpy(dtype=bool)
    arcs = np.flatnonzero(crossing[network.arcs.edge]).astype(np.int32)
    country = network.nodes["country"].iloc[network.arcs.head[arcs]]
    _INTO[network] = arcs, country.to_numpy(dtype=object)
    return _INTO[network]


_LET: WeakKeyDictionary[Network, dict[tuple[str, str], BoolArray]] = WeakKeyDictionary()


def _normally_let(network: Network, traveller: TravellerClass, arc: IntArray) -> BoolArray:
    """Say which of some arcs across a border the normal regimes let a traveller pass."""
    arcs, into = _into_countries(network)
    memory = _LET.setdefault(network, {})
    key = (traveller.kind, traveller.nationality)
    if key not in memory:
        regime = network.crossings.set_index("crossing_id")["regime"]
        ids = network.edges["crossing_id"].iloc[network.arcs.edge[arcs]]
        let: dict[tuple[object, object], bool] = {}
        pairs = list(zip(ids.map(regime), into, strict=True))
        for one, country in set(pairs):
            let[one, country] = may_pass(str(one), traveller, str(country))
        memory[key] = np.array([let[pair] for pair in pairs], dtype=bool)
    return np.asarray(memory[key][np.searchsorted(arcs, arc)])


def hours_wait_min(opens_hour: npt.ArrayLike, closes_hour: npt.ArrayLike) -> FloatArray:
    """Return how long people wait on average at a post that closes for the night.

    Who comes at any hour alike meets a night of `n` hours with the chance n/24, and waits half of
    it: n^2 / 48 hours.

    Parameters
    ----------
    opens_hour, closes_hour
        Hours of the day, 0 to 24, any shape; NaN: open at all hours.

    Returns
    -------
    numpy.ndarray
        float64, minutes, >= 0.

    Examples
    --------
    >>> hours_wait_min([6.0, np.nan], [18.0, np.nan]).tolist()
    [180.0, 0.0]
    """
    night = HOURS - (np.asarray(closes_hour, float) - np.asarray(opens_hour, float))
    wait: FloatArray = np.nan_to_num(night**2 / (2 * HOURS) * MIN_PER_H)
    return wait


def _normal_hours(network: Network) -> tuple[FloatArray, FloatArray]:
    """Return when each edge that is a crossing opens and closes; NaN: at no hour."""
    opens, closes = (_of_posts(network, name, np.nan) for name in ("opens_hour", "closes_hour"))
    return opens, closes


def _of_posts(network: Network, column: str, elsewhere: float) -> FloatArray:
    """Return for each edge what its crossing has in a column; NaN there counts as elsewhere."""
    ids = network.edges["crossing_id"]
    rows = np.flatnonzero(ids.notna())
    values = np.full(len(ids), elsewhere)
    found = network.crossings.set_index("crossing_id")[column].reindex(ids.iloc[rows])
    told = found.notna().to_numpy()
    values[rows[told]] = found[told].to_numpy(dtype=float)
    return values


_LENGTHS: WeakKeyDictionary[Network, FloatArray] = WeakKeyDictionary()


def _lengths_m(network: Network) -> FloatArray:
    """Return the length of each arc, and of the way off the road of each access."""
    if network not in _LENGTHS:
        along = network.edges["length_m"].to_numpy(dtype=float)[network.arcs.edge]
        off_road = network.accesses["off_road_m"].to_numpy(dtype=float)
        _LENGTHS[network] = shared(np.concatenate([along, off_road]))
    return _LENGTHS[network]


def _off_road_min(network: Network, profile: str) -> FloatArray:
    """Return how long the way off the road of each access takes, in minutes.

    At the profile's speed off the road: its length, or where a friction surface tells, the way on
    flat firm ground that takes as long.
    """
    flat = network.accesses["off_road_flat_m"].to_numpy(dtype=float)
    way = np.where(np.isnan(flat), network.accesses["off_road_m"].to_numpy(dtype=float), flat)
    kph = float(profile_row(network, profile)["off_road_kph"])
    minutes: FloatArray = way / KM_M / kph * MIN_PER_H
    return minutes


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
        One entry per arc, and behind them one per access.

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
    month_of = _month(network, month, traveller.profile)
    wait, capacity = _normal_posts(network)
    usable = month_of.usable.copy()
    if not ignore_borders:
        rows = _into_countries(network)[0]
        usable[rows] &= _normally_let(network, traveller, rows)
    made = Baseline(
        open=shared(usable), in_season=month_of.in_season, moving_min=month_of.moving_min,
        wait_min=wait, capacity=capacity, units=month_of.units,
        xof_per_km=float(profile_row(network, traveller.profile)["cost_xof_per_km"]),
    )  # fmt: skip
    _keep(memory, key, made, usable.nbytes)
    return made


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Month:
    """A month for a profile, whoever travels; arrays as those of a `Baseline`."""

    usable: BoolArray
    in_season: BoolArray
    moving_min: FloatArray
    units: _Units


_MONTHS: WeakKeyDictionary[Network, dict[tuple[int, str], _Month]] = WeakKeyDictionary()


def _month(network: Network, month: int, profile: str) -> _Month:
    memory = _MONTHS.setdefault(network, {})
    if (month, profile) in memory:
        return memory[month, profile]
    usable, in_season, moving_min = map(shared, _normal_ways(network, month, profile))
    time_min = np.where(usable, moving_min + _normal_posts(network)[0], 0.0)
    made = _Month(
        usable=usable, in_season=in_season, moving_min=moving_min,
        units=_units(network, profile, time_min),
    )  # fmt: skip
    size = made.moving_min.nbytes + made.units.time_min.nbytes
    gone = _keep(memory, (month, profile), made, size)
    baselines = _BASELINES.get(network, {})
    for key in [key for key in baselines if key[:2] in gone]:
        del baselines[key]  # they would hold the month
    return made


def _normal_ways(
    network: Network, month: int, profile: str
) -> tuple[BoolArray, BoolArray, FloatArray]:
    """Return which arcs and accesses are usable and in season, and the minutes they take."""
    edge = network.arcs.edge
    speed = edge_speeds(network, profile)
    factor, in_season = _season_effects(network, profile, month)
    passable = ~np.isnan(speed)
    length = network.edges["length_m"].to_numpy(dtype=float)
    moving = np.where(passable, length / KM_M / np.where(passable, speed * factor, 1), 0.0)
    off_road = _off_road_min(network, profile)
    always = np.ones(len(off_road), dtype=bool)
    capacity = _normal_posts(network)[1]
    return (
        np.concatenate([(passable & in_season)[edge], always]) & (capacity > 0),
        np.concatenate([(in_season | ~passable)[edge], always]),
        np.concatenate([(moving * MIN_PER_H)[edge], off_road]),
    )


_ARCS: WeakKeyDictionary[Network, dict[tuple[str, str], IntArray]] = WeakKeyDictionary()


def _units(network: Network, profile: str, time_min: FloatArray) -> _Units:
    """Return what arcs cost in whole units, if they take so long; `time_min` is used up."""
    memory, size = _ARCS.setdefault(network, {}), len(network.arcs)
    length, fares = ("length_m", ""), ("cost_xof", profile)
    if length not in memory:
        memory[length] = shared(quantise(_lengths_m(network)[:size], "length_m"))
    if fares not in memory:
        fare = float(profile_row(network, profile)["cost_xof_per_km"])
        every = np.arange(size, dtype=np.int32)
        memory[fares] = shared(quantise(_fares_xof(network, every, fare), "cost_xof"))
    most = (PATH_SUM_LIMIT - 1) * QUANTUM["time_min"]
    over = np.flatnonzero(time_min[:size] > most).astype(np.int32)
    time_min[over] = most
    return _Units(
        time_min=shared(quantise(time_min[:size], "time_min")),
        length_m=memory[length], cost_xof=memory[fares], over=over,
    )  # fmt: skip


def _fares_xof(network: Network, arc: IntArray, xof_per_km: float) -> FloatArray:
    """Return what passing some arcs costs normally; ways off the road cost nothing."""
    fares: FloatArray = _lengths_m(network)[arc]
    fares /= KM_M
    fares *= xof_per_km
    fares[arc >= len(network.arcs)] = 0.0
    return fares


_POSTS: WeakKeyDictionary[Network, tuple[FloatArray, FloatArray]] = WeakKeyDictionary()


def _normal_posts(network: Network) -> tuple[FloatArray, FloatArray]:
    """Return how long people wait, in minutes, and how many may pass per day, in any month."""
    if network not in _POSTS:
        processing = _of_posts(network, "processing_min", 0.0)
        capacity = _of_posts(network, "throughput_persons_per_day", np.inf)
        night = hours_wait_min(*_normal_hours(network))
        wait = network.edges["wait_min"].to_numpy(dtype=float) + processing + night
        off_road = np.zeros(len(network.accesses))
        # memory of zeros costs nothing, and few arcs have waits
        waits = np.zeros(len(network.arcs) + len(off_road))
        arc = np.flatnonzero(wait[network.arcs.edge])
        waits[arc] = wait[network.arcs.edge[arc]]
        _POSTS[network] = (
            shared(waits),
            shared(np.concatenate([capacity[network.arcs.edge], off_road + np.inf])),
        )
    return _POSTS[network]


def _keep(memory: dict[Key, Kept], key: Key, made: Kept, size: int) -> set[Key]:
    """Remember one more of what takes so many bytes; forget the oldest, and say which."""
    fit = min(MOST_BASELINES, max(2, MOST_BASELINE_BYTES // max(size, 1)))
    gone = set(list(memory)[: max(len(memory) - fit + 1, 0)])
    for one in gone:
        del memory[one]
    memory[key] = made
    return gone


def slowness(
    owner: IntArray, start: FloatArray, end: FloatArray, factor: FloatArray, size: int
) -> FloatArray:
    """Return by how much moving takes longer, the lowest factor counting on each stretch.

    Parameters
    ----------
    owner
        Which of `size` ways each stretch is of.
    start, end
        Stretch as shares of the way, 0 to 1; stretches may overlap, in any order.
    factor
        Factor of the speed on it, above 0.
    size
        Number of ways.

    Returns
    -------
    numpy.ndarray
        float64, shape (size,): time with the stretches over time without.

    Examples
    --------
    >>> slowness(
    ...     np.array([0, 0]), np.array([0.0, 0.5]), np.array([0.5, 1.0]), np.array([0.5, 1.0]), 2
    ... ).tolist()
    [1.5, 1.0]
    """
    slower = np.ones(size)
    if not len(owner):
        return slower
    of, cuts, until, stretch, piece = pieces_of_stretches(owner, start, end)
    lowest = np.ones(len(cuts))
    np.minimum.at(lowest, piece, factor[stretch])
    slower += np.bincount(of, weights=(until - cuts) * (1.0 / lowest - 1.0), minlength=size)
    return slower


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Laid:
    """A disruption laid over the arcs of a network, whoever travels.

    `arc` has each arc once, and accesses behind them, `share` the share of it that is hit,
    `length_km` the length of it, `on_road` that it is no way off the road. `waits` says where
    people wait: not on a carriageway that is hit because the other one was named. `stretch` is
    the position in `arc` of each stretch, with its start, end and measured value.
    """

    arc: IntArray
    share: FloatArray
    length_km: FloatArray
    on_road: BoolArray
    waits: BoolArray
    stretch: IntArray
    start: FloatArray
    end: FloatArray
    value: FloatArray


_LAID: WeakKeyDictionary[Network, WeakKeyDictionary[Disruption, _Laid]] = WeakKeyDictionary()


def _lay(network: Network, disruption: Disruption) -> _Laid:
    """Return the arcs that a disruption hits, found once."""
    memory = _LAID.setdefault(network, WeakKeyDictionary())
    if disruption in memory:
        return memory[disruption]
    what, hits = disruption.what, disruption_edges(network, disruption.what)
    arcs = []
    if what.direction != "backward":
        arcs.append((hits.edge, np.arange(len(hits.edge))))
    if what.direction != "forward":
        back = network.arcs.backward[hits.edge]
        there = np.flatnonzero(back >= 0)
        arcs.append((back[there], there))
    arc = np.concatenate([one for one, _ in arcs]).astype(np.int32)
    row = np.concatenate([one for _, one in arcs])
    if what.into:
        crossing, into = _into_countries(network)
        kept = np.isin(arc, crossing[into == what.into])
        arc, row = arc[kept], row[kept]
    size = len(network.arcs)
    off_road = disruption_accesses(network, what)
    arc = np.concatenate([arc, off_road.edge + np.int32(size)])
    start, end, value = (
        np.concatenate([on[row], off])
        for on, off in (
            (hits.start, off_road.start), (hits.end, off_road.end),
            (_values(hits), _values(off_road)),
        )
    )  # fmt: skip
    unique, stretch = np.unique(arc, return_inverse=True)
    share = np.minimum(np.bincount(stretch, weights=end - start, minlength=len(unique)), 1.0)
    on_road = unique < size
    waits = on_road.copy()
    if what.edge_ids:
        edge = network.arcs.edge[unique[on_road]]
        waits[on_road] = np.isin(edge, network.edge_positions(what.edge_ids))
    memory[disruption] = _Laid(
        arc=unique, share=share, length_km=_lengths_m(network)[unique] / KM_M, on_road=on_road,
        waits=waits, stretch=stretch.astype(np.int32), start=start, end=end, value=value,
    )  # fmt: skip
    return memory[disruption]


def _values(hits: Hits) -> FloatArray:
    return np.zeros(len(hits.edge)) if hits.value is None else hits.value


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Impact:
    """What disruptions do to the arcs that they hit, filled by one disruption after the other.

    Attributes
    ----------
    arc
        The arcs, ascending; arrays have one entry for each, and positions below are in them.
    closed
        Whether a disruption closes the arc.
    wait_min, cost_xof, risk
        What they add to the baseline, in minutes, XOF and risk.
    capacity, throughput
        Factor of the people per day, and the most people per day.
    opens_hour, closes_hour
        Latest opening and earliest closing hour.
    slow, shut, deep
        Stretches: position, start, end and factor of the speed; position, start and end of what
        is closed, and of water that carries a boat.
    regimes
        Positions that are under a regime, and which.
    """

    arc: IntArray
    closed: BoolArray
    wait_min: FloatArray
    cost_xof: FloatArray
    risk: FloatArray
    capacity: FloatArray
    throughput: FloatArray
    opens_hour: FloatArray
    closes_hour: FloatArray
    slow: list[tuple[IntArray, FloatArray, FloatArray, FloatArray]]
    shut: list[tuple[IntArray, FloatArray, FloatArray]]
    deep: list[tuple[IntArray, FloatArray, FloatArray]]
    regimes: list[tuple[IntArray, str]]


def _no_impact(arc: IntArray) -> _Impact:
    """Return what no disruption does to some arcs."""
    size = len(arc)
    return _Impact(
        arc=arc, closed=np.zeros(size, dtype=bool), wait_min=np.zeros(size),
        cost_xof=np.zeros(size), risk=np.zeros(size), capacity=np.ones(size),
        throughput=np.full(size, np.inf), opens_hour=np.zeros(size),
        closes_hour=np.full(size, HOURS), slow=[], shut=[], deep=[], regimes=[],
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


def _add_disruption(impact: _Impact, laid: _Laid, effects: Iterable[Effect], way: "_Way") -> None:
    """Add all effects of one disruption to `impact`, where it hits."""
    at = np.searchsorted(impact.arc, laid.arc).astype(np.int32)
    # always in the same order: sums of real numbers depend on it in their last bits
    for effect in sorted(effects, key=lambda one: type(one).__name__):
        match effect:
            case Closure() | CapacityFactor(value=0) | Throughput(value=0):
                _shut(impact, laid, at)
            case SpeedFactor(value=value):
                factor = np.full(len(laid.stretch), value)
                impact.slow.append((at[laid.stretch], laid.start, laid.end, factor))
            case Regime(value=regime):
                impact.regimes.append((at[way.at_border(laid.arc)], regime))
            case OpeningHours(opens_hour=opens, closes_hour=closes):
                post = at[way.at_border(laid.arc)]
                impact.opens_hour[post] = np.maximum(impact.opens_hour[post], opens)
                impact.closes_hour[post] = np.minimum(impact.closes_hour[post], closes)
            case DepthSpeed():
                _add_depth(impact, laid, at, effect, way)
            case Exposure():
                _add_exposure(impact, laid, at, effect)
            case _:
                _add_amount(impact, laid, at, effect)


def _add_amount(impact: _Impact, laid: _Laid, at: IntArray, effect: Effect) -> None:
    """Add what each passage costs more, and lower how many may pass, where a disruption hits."""
    match effect:
        case ExtraWait(value=value):
            impact.wait_min[at[laid.waits]] += value
        case ExtraCost(value=value):
            impact.cost_xof[at] += np.where(laid.on_road, value * laid.share * laid.length_km, 0.0)
        case RiskCost(value=value):
            impact.risk[at] += value * laid.share * laid.length_km
        case CapacityFactor(value=value):
            road = at[laid.on_road]
            impact.capacity[road] = np.minimum(impact.capacity[road], value)
        case Throughput(value=value):
            road = at[laid.on_road]
            impact.throughput[road] = np.minimum(impact.throughput[road], value)


def _shut(impact: _Impact, laid: _Laid, at: IntArray, which: BoolArray | None = None) -> None:
    """Close arcs where a disruption hits them, or on some of its stretches only."""
    chosen = slice(None) if which is None else which
    where = at[laid.stretch][chosen]
    impact.closed[where] = True
    impact.shut.append((where, laid.start[chosen], laid.end[chosen]))


def _add_exposure(impact: _Impact, laid: _Laid, at: IntArray, effect: Exposure) -> None:
    """Make stretches riskier, slower or closed, by how much they are exposed."""
    where = at[laid.stretch]
    length_km = laid.length_km[laid.stretch] * (laid.end - laid.start)
    np.add.at(impact.risk, where, laid.value * effect.risk_per_exposure * length_km)
    if effect.slow_from is not None:
        slow = laid.value >= effect.slow_from
        factor = np.full(int(slow.sum()), effect.speed_factor)
        impact.slow.append((where[slow], laid.start[slow], laid.end[slow], factor))
    if effect.close_from is not None:
        _shut(impact, laid, at, laid.value >= effect.close_from)


def _add_depth(impact: _Impact, laid: _Laid, at: IntArray, effect: DepthSpeed, way: "_Way") -> None:
    """Slow and stop people on land by the depth of water; let boats go where there is enough."""
    curve = effect.curve_of(way.profile)
    if curve is None:
        return
    afloat = way.afloat(laid.arc)[laid.stretch]
    where = at[laid.stretch]
    most = curve.speed_kph(laid.value)
    _shut(impact, laid, at, ~afloat & (most <= 0))
    free = way.speed_kph(laid.arc)[laid.stretch]
    # a way that they cannot pass at all has no speed
    slow = ~afloat & (most > 0) & (most < free) & np.isfinite(free)
    impact.slow.append((where[slow], laid.start[slow], laid.end[slow], most[slow] / free[slow]))
    if curve.navigable_m is not None:
        deep = afloat & (laid.value >= curve.navigable_m - DEPTH_TOLERANCE_M)
        impact.deep.append((where[deep], laid.start[deep], laid.end[deep]))


def _carries_boats(impact: _Impact) -> BoolArray:
    """Say where the water is deep all along: one shallow is enough to stop a boat."""
    at, start, end = join_stretches(*_joined(impact.deep, 3))
    length = np.bincount(at, weights=end - start, minlength=len(impact.arc))
    return np.asarray(length >= 1.0 - WHOLE_TOLERANCE)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Way:
    """What effects ask of some arcs: the free speed in the season, water, and borders."""

    network: Network
    profile: str
    base: Baseline

    def speed_kph(self, arc: IntArray) -> FloatArray:
        """Return the free speed; `inf`: they cannot pass, or it takes no time."""
        speed = np.full(len(arc), np.inf)
        moving = self.base.moving_min[arc]
        length = _lengths_m(self.network)[arc]
        np.divide(length / KM_M * MIN_PER_H, moving, out=speed, where=moving > 0)
        return speed

    def afloat(self, arc: IntArray) -> BoolArray:
        """Say which are ways of boats, and on and off them."""
        classes, code = edge_classes(self.network, SEASON_COLUMNS)
        wet = classes["kind"].isin(AFLOAT).to_numpy(dtype=bool)
        found = np.zeros(len(arc), dtype=bool)
        road = arc < len(self.network.arcs)
        found[road] = wet[code[self.network.arcs.edge[arc[road]]]]
        return found

    def at_border(self, arc: IntArray) -> BoolArray:
        """Say which are across a border."""
        crossing = _into_countries(self.network)[0]
        at = np.minimum(np.searchsorted(crossing, arc), max(len(crossing) - 1, 0))
        return np.asarray(crossing[at] == arc) if len(crossing) else np.zeros(len(arc), dtype=bool)


def _under_regimes(
    network: Network, month: int, traveller: TravellerClass, impact: _Impact, usable: BoolArray,
    carried: BoolArray,
) -> tuple[BoolArray, BoolArray]:  # fmt: skip
    """Return which arcs can be used once changed regimes replace the normal ones, and which.

    A changed regime can open a crossing as well as close it, so the answer does not start from
    `usable` on these arcs, but from the baseline in which every crossing lets everybody pass, and
    from what `carried` says of boats out of season.
    """
    ruled = np.zeros(len(usable), dtype=bool)
    if not impact.regimes:
        return usable, ruled
    arcs, into = _into_countries(network)
    let = np.ones(len(usable), dtype=bool)
    for at, regime in impact.regimes:
        ruled[at] = True
        entered = into[np.searchsorted(arcs, impact.arc[at])]
        passes = {c: may_pass(regime, traveller, str(c)) for c in set(entered)}
        let[at] &= np.array([passes[country] for country in entered], dtype=bool)
    normal = baseline_conditions(network, month, traveller, ignore_borders=True).open[impact.arc]
    return np.where(ruled, (normal | carried) & let & ~impact.closed, usable), ruled


def _hours_delay(network: Network, impact: _Impact) -> tuple[FloatArray, BoolArray]:
    """Return how much longer people wait for posts to open, and which never open."""
    delay, never = np.zeros(len(impact.arc)), np.zeros(len(impact.arc), dtype=bool)
    at = np.flatnonzero((impact.opens_hour > 0) | (impact.closes_hour < HOURS))
    if len(at):
        edge = network.arcs.edge[impact.arc[at]]
        opens, closes = (hours[edge] for hours in _normal_hours(network))
        late = np.fmax(opens, impact.opens_hour[at])
        early = np.fmin(closes, impact.closes_hour[at])
        never[at] = early <= late
        delay[at] = hours_wait_min(late, np.maximum(early, late)) - hours_wait_min(opens, closes)
    return np.where(never, 0.0, delay), never


def _joined(parts: Sequence[tuple[npt.NDArray[Any], ...]], width: int) -> list[npt.NDArray[Any]]:
    """Return the columns of all parts, one below the other."""
    if not parts:
        return [np.empty(0, dtype=np.int32), *(np.empty(0) for _ in range(width - 1))]
    return [np.concatenate([part[i] for part in parts]) for i in range(width)]


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
    speed_factor: float = 1.0,
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
    speed_factor
        Speeds of the network times this, above 0, in the baseline as well: for a table of speeds
        that is off. Waits stay as they are, and so do speeds through water by its depth.

    Returns
    -------
    Conditions
        What differs from the baseline; `Conditions.dense` for all arcs.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    ScenarioError
        If `speed_factor` is no finite number above 0.
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
    check_once(network, scenario)
    base = baseline_conditions(network, day.month, traveller, ignore_borders=ignore_borders)
    if not (math.isfinite(speed_factor) and speed_factor > 0):
        msg = f"speed_factor must be a finite number above 0, not {speed_factor!r}"
        raise ScenarioError(msg)
    if speed_factor != 1:
        moving = base.moving_min / speed_factor
        time = np.where(base.open, moving + base.wait_min, 0.0)
        base = replace(base, moving_min=moving, units=_units(network, traveller.profile, time))
    concerned = sorted(
        (
            one for one in scenario.active(day)
            if _concerns(one, traveller, ignore_borders=ignore_borders)
        ),
        key=lambda one: one.disruption_id,
    )  # fmt: skip
    laid = [(one, _lay(network, one)) for one in concerned]
    laid = [(one, over) for one, over in laid if len(over.arc)]
    shut_too = (
        np.flatnonzero(np.isin(network.arcs.edge, list(also_closed)))
        if also_closed
        else np.empty(0, dtype=np.intp)
    )
    arc = np.unique(np.concatenate([*(over.arc for _, over in laid), shut_too])).astype(np.int32)
    impact = _no_impact(arc)
    way = _Way(network=network, profile=traveller.profile, base=base)
    for one, over in laid:
        effects = [e for e in one.effects if not (ignore_borders and isinstance(e, Regime))]
        _add_disruption(impact, over, effects, way)
    also = np.isin(arc, shut_too)
    usable = base.open[arc] & ~impact.closed
    # water where the season left none: a boat goes, unless something else holds it up
    carried = _carries_boats(impact) & ~base.in_season[arc] & ~impact.closed
    carried &= base.capacity[arc] > 0
    afloat = carried.copy()
    posts = np.flatnonzero(carried & way.at_border(arc) & (not ignore_borders))
    afloat[posts] = _normally_let(network, traveller, arc[posts])
    usable |= afloat
    usable, ruled = _under_regimes(network, day.month, traveller, impact, usable, carried)
    delay, never = _hours_delay(network, impact)
    usable &= ~also & ~never
    wait = base.wait_min[arc] + impact.wait_min + delay
    moving = base.moving_min[arc]
    owner, begins, ends, factor = _joined(impact.slow, 4)
    time = moving * slowness(owner, begins, ends, factor, len(arc)) + wait
    capacity = np.minimum(_less(base.capacity[arc], impact.capacity), impact.throughput)
    dearer, less = impact.cost_xof > 0, capacity < base.capacity[arc]
    differs = (
        (usable != base.open[arc])
        | (time != moving + base.wait_min[arc])
        | dearer
        | (impact.risk > 0)
        | less
    )
    at, start, end = _joined(impact.shut, 3)
    whole = arc >= len(network.arcs)  # nobody gets off half way between the road and home
    whole[at[(start <= 0) & (end >= 1)]] = True
    partly = (base.open[arc] & ~also & ~usable & ~whole & ~ruled & ~never)[at]
    order = np.lexsort((end[partly], start[partly], at[partly]))
    return Conditions(
        network=network,
        when=day,
        traveller=traveller,
        base=base,
        arc=arc[differs],
        open=usable[differs],
        time_min=time[differs],
        risk=impact.risk[differs],
        dearer_arc=arc[dearer],
        cost_xof=(_fares_xof(network, arc, base.xof_per_km) + impact.cost_xof)[dearer],
        limited_arc=arc[less],
        capacity=capacity[less],
        shut_arc=arc[at[partly][order]],
        shut_start=start[partly][order],
        shut_end=end[partly][order],
        disruptions=tuple(one for one, _ in laid),
    )
