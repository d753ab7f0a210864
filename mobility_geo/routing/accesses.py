"""Places as lists of (node, offset): where a way begins and ends."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

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
    network.place_positions(wanted)
    table = network.accesses
    rows_of: dict[str, list[int]] = {}
    for row, place in enumerate(table["place_id"]):
        rows_of.setdefault(str(place), []).append(row)
    edge_of = network.edge_rows.get_indexer(pd.Index(table["edge_id"]))
    node = network.node_rows.get_indexer(pd.Index(table["node_id"]))
    off_road = table["off_road_m"].to_numpy(dtype=float)
    along = table["along_m"].to_numpy(dtype=float)
    length_m = network.edges["length_m"].to_numpy(dtype=float)
    kept: list[tuple[int, float, float, float, float]] = []
    feet: list[tuple[Foot, ...]] = []
    rows: list[int] = []
    pointer = [0]
    for place in wanted:
        stands: dict[int, Foot] = {}
        for row in rows_of.get(place, []):
            if not costs.access_open[row]:
                continue
            walk_min, risk = costs.access_time_min[row], costs.access_risk[row]
            edge = int(edge_of[row])
            if edge < 0:
                kept.append((int(node[row]), walk_min, off_road[row], 0.0, risk))
                rows.append(row)
                continue
            share = min(along[row] / max(length_m[edge], 1e-9), 1.0)
            to_head = int(node[row]) == int(network.arcs.head[edge])
            part = (1 - share, 1.0) if to_head else (0.0, share)
            stands[edge] = Foot(
                edge=edge, share=part[0] if to_head else part[1],
                time_min=int(quantise(walk_min, "time_min")),
                length_m=int(quantise(off_road[row], "length_m")),
                risk=int(quantise(risk, "risk")),
            )  # fmt: skip
            # leaving towards the head of the edge runs forward, arriving from it backward
            arc = edge if to_head == leaving else int(network.arcs.backward[edge])
            whole = arc_units(costs, arc, *part)
            if whole is not None:
                kept.append(
                    (int(node[row]), walk_min + share * whole[0] * QUANTUM["time_min"],
                     off_road[row] + along[row], share * whole[2],
                     risk + share * whole[3] * QUANTUM["risk"])
                )  # fmt: skip
                rows.append(row)
        feet.append(tuple(stands.values()))
        pointer.append(len(kept))
    columns = np.array(kept, dtype=float).reshape(-1, 5)
    return AccessSet(
        place_ids=wanted,
        pointer=np.array(pointer, dtype=np.int32),
        node=columns[:, 0].astype(np.int32),
        time_min=quantise(columns[:, 1], "time_min"),
        length_m=quantise(columns[:, 2], "length_m"),
        cost_xof=quantise(columns[:, 3], "cost_xof"),
        risk=quantise(columns[:, 4], "risk"),
        row=np.array(rows, dtype=np.int32),
        feet=tuple(feet),
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
