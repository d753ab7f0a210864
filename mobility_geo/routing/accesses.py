"""Places as lists of (node, offset): where a way begins and ends."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mobility_geo.network import Network
from mobility_geo.scenario import ArcCosts
from mobility_geo.units import QUANTUM, Metric, quantise

IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Foot:
    """Where a place meets an edge: row of the edge, share of its length, and the way off the road.

    Time, length and risk of the way off the road are in whole units.
    """

    edge: int
    share: float
    time_min: int
    length_m: int
    risk: int


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class AccessSet:
    """Accesses of a list of places for one traveller, in whole units of each metric.

    `pointer` has one entry per place and one more: the accesses of place `i` are the entries
    ``pointer[i]`` to ``pointer[i + 1]`` of the other arrays. An access whose way off the road, or
    part of an edge, is closed is left out. `row` is the row of each in the network's table. `feet`
    says for each place where it meets edges, so that two places along one edge need not go through
    its ends.
    """

    place_ids: tuple[str, ...]
    pointer: IntArray
    node: IntArray
    time_min: IntArray
    length_m: IntArray
    cost_xof: IntArray
    risk: IntArray
    row: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    feet: tuple[tuple[Foot, ...], ...] = ()

    def metric(self, name: Metric) -> IntArray:
        """Return the offsets in one metric."""
        offsets: IntArray = getattr(self, name)
        return offsets

    def entries(self, place_id: str) -> slice:
        """Return where the accesses of a place are in the other arrays."""
        place = self.place_ids.index(place_id)
        return slice(int(self.pointer[place]), int(self.pointer[place + 1]))

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.place_ids)

    def some(self, places: npt.ArrayLike) -> "AccessSet":
        """Return the accesses of some of the places, named by their positions, in that order."""
        chosen = np.asarray(places, dtype=np.intp)
        count = np.diff(self.pointer)[chosen]
        pointer = np.concatenate([[0], np.cumsum(count)])
        entry = np.repeat(self.pointer[chosen] - pointer[:-1], count) + np.arange(pointer[-1])
        rows = {name: getattr(self, name)[entry] for name in ("node", *QUANTUM)}
        return AccessSet(
            place_ids=tuple(self.place_ids[one] for one in chosen),
            pointer=pointer.astype(np.int32), row=self.row[entry] if len(self.row) else self.row,
            feet=tuple(self.feet[one] for one in chosen) if self.feet else (), **rows,
        )  # fmt: skip

    def attached(self) -> npt.NDArray[np.bool_]:
        """Say for each place whether it has any access."""
        return np.diff(self.pointer) > 0


def access_set(
    network: Network,
    costs: ArcCosts,
    place_ids: Iterable[str],
    *,
    leaving: bool = True,
) -> AccessSet:
    """Return how places attach to the network under conditions.

    Parameters
    ----------
    network
        The network.
    costs
        What holds, from `Conditions.dense`.
    place_ids
        Places.
    leaving
        True for origins; False for destinations, which are reached against the access.

    Returns
    -------
    AccessSet
        The way off the road and the way along the edge cost what they do under the conditions,
        the latter its share of the edge. The way back is taken to cost the same.

    Raises
    ------
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.scenario import TravellerClass, conditions
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario, None, who).dense()
    >>> access_set(case.network, costs, ["northtown", "oasis"]).attached().tolist()
    [True, False]
    """
    wanted = tuple(place_ids)
    places = network.place_positions(wanted)
    arrays = network.access_arrays
    count = arrays.pointer[places + 1] - arrays.pointer[places]
    ends = np.cumsum(count)
    within = np.arange(int(count.sum())) - np.repeat(ends - count, count)
    row = arrays.by_place[np.repeat(arrays.pointer[places], count) + within]
    place = np.repeat(np.arange(len(places)), count)[costs.access_open[row]]
    row = row[costs.access_open[row]]

    node, edge = arrays.node[row], arrays.edge[row]
    mid = edge >= 0
    off_road_m, along_m = arrays.off_road_m[row], arrays.along_m[row]
    share = np.zeros(len(row))
    share[mid] = np.minimum(along_m[mid] / np.maximum(arrays.edge_m[row[mid]], 1e-9), 1.0)
    to_head = mid & (node == network.arcs.head[edge])
    # leaving towards the head of the edge runs forward, arriving from it backward
    arc = np.where(to_head == leaving, edge, network.arcs.backward[edge])
    whole = np.zeros((len(row), 3))
    usable = ~mid
    passing = mid & (arc >= 0) & costs.open[arc]
    for column, units in enumerate((costs.time_min, costs.cost_xof, costs.risk)):
        whole[passing, column] = units[arc[passing]]
    usable |= passing
    for one in np.flatnonzero(mid & ~passing):
        part = (1 - share[one], 1.0) if to_head[one] else (0.0, share[one])
        partly = arc_units(costs, int(arc[one]), *part)
        if partly is not None:
            whole[one] = partly[0], partly[2], partly[3]
            usable[one] = True
    walk_min, walk_risk = costs.access_time_min[row], costs.access_risk[row]
    offsets = {
        "time_min": walk_min + share * whole[:, 0] * QUANTUM["time_min"],
        "length_m": off_road_m + along_m,
        "cost_xof": share * whole[:, 1],
        "risk": walk_risk + share * whole[:, 2] * QUANTUM["risk"],
    }
    stands: list[dict[int, Foot]] = [{} for _ in wanted]
    for one in np.flatnonzero(mid):
        stands[place[one]][int(edge[one])] = Foot(
            edge=int(edge[one]),
            share=float(1 - share[one] if to_head[one] else share[one]),
            time_min=int(quantise(walk_min[one], "time_min")),
            length_m=int(quantise(off_road_m[one], "length_m")),
            risk=int(quantise(walk_risk[one], "risk")),
        )
    kept = np.bincount(place[usable], minlength=len(wanted))
    return AccessSet(
        place_ids=wanted,
        pointer=np.concatenate([[0], np.cumsum(kept)]).astype(np.int32),
        node=node[usable],
        time_min=quantise(offsets["time_min"][usable], "time_min"),
        length_m=quantise(offsets["length_m"][usable], "length_m"),
        cost_xof=quantise(offsets["cost_xof"][usable], "cost_xof"),
        risk=quantise(offsets["risk"][usable], "risk"),
        row=row[usable],
        feet=tuple(tuple(feet.values()) for feet in stands),
    )


def arc_units(
    costs: ArcCosts, arc: int, start: float, end: float
) -> tuple[int, int, int, int] | None:
    """Return what a whole arc costs, if the stretch of it that is travelled can be passed.

    Parameters
    ----------
    costs
        What holds.
    arc
        Row of the arc; -1: there is none in that direction.
    start, end
        The stretch, as shares of the line, 0 to 1.

    Returns
    -------
    tuple of int or None
        Time, length, fare and risk of the whole arc in units; None if the stretch is closed.
        Slowness and risk are taken as spread evenly along the arc.
    """
    if arc < 0:
        return None
    if costs.open[arc]:
        return (int(costs.time_min[arc]), int(costs.length_m[arc]), int(costs.cost_xof[arc]),
                int(costs.risk[arc]))  # fmt: skip
    partly = costs.closed_arcs.get(arc)
    if partly is None or not partly.leaves_open(start, end):
        return None
    return partly.time_min, partly.length_m, partly.cost_xof, partly.risk
