"""Places as lists of (node, offset): where a way begins and ends."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.network import Network
from mobility_geo.network.profiles import profile_row
from mobility_geo.scenario import ArcCosts
from mobility_geo.units import KM_M, MIN_PER_H, QUANTUM, Metric, quantise

IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class AccessSet:
    """Accesses of a list of places for one traveller, in whole units of each metric.

    `pointer` has one entry per place and one more: the accesses of place `i` are the entries
    ``pointer[i]`` to ``pointer[i + 1]`` of the other arrays. An access along a closed edge is
    left out.
    """

    place_ids: tuple[str, ...]
    pointer: IntArray
    node: IntArray
    time_min: IntArray
    length_m: IntArray
    cost_xof: IntArray
    risk: IntArray

    def metric(self, name: Metric) -> IntArray:
        """Return the offsets in one metric."""
        offsets: IntArray = getattr(self, name)
        return offsets

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.place_ids)

    def attached(self) -> npt.NDArray[np.bool_]:
        """Say for each place whether it has any access."""
        return np.diff(self.pointer) > 0


def access_set(
    network: Network,
    costs: ArcCosts,
    profile: str,
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
    profile
        How people travel.
    place_ids
        Places.
    leaving
        True for origins; False for destinations, which are reached against the access.

    Returns
    -------
    AccessSet
        The way off the road is walked at the profile's off-road speed; the way along the edge
        costs its share of the edge under the conditions.

    Raises
    ------
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.scenario import conditions
    >>> case = load_toy()
    >>> costs = conditions(case.network, case.scenario).dense()
    >>> access_set(case.network, costs, "truck", ["northtown", "oasis"]).attached().tolist()
    [True, False]
    """
    wanted = tuple(place_ids)
    network.place_positions(wanted)
    off_road_kph = float(profile_row(network, profile)["off_road_kph"])
    table = network.accesses
    size = len(network.edges)
    backward = np.full(size, -1, dtype=np.int64)
    backward[network.arcs.edge[size:]] = np.arange(size, len(network.arcs))
    rows_of: dict[str, list[int]] = {}
    for row, place in enumerate(table["place_id"]):
        rows_of.setdefault(str(place), []).append(row)
    edge_ids = table["edge_id"].to_numpy(dtype=object)
    on_edge = table["edge_id"].notna().to_numpy(dtype=bool)
    node = network.node_rows.get_indexer(pd.Index(table["node_id"]))
    off_road = table["off_road_m"].to_numpy(dtype=float)
    along = table["along_m"].to_numpy(dtype=float)
    kept: list[tuple[int, float, float, float, float]] = []
    pointer = [0]
    for place in wanted:
        for row in rows_of.get(place, []):
            time = off_road[row] / KM_M / off_road_kph * MIN_PER_H
            length, cost, risk = off_road[row] + along[row], 0.0, 0.0
            if on_edge[row]:
                edge = int(network.edge_positions([edge_ids[row]])[0])
                # leaving towards the head of the edge runs forward, arriving from it backward
                to_head = int(node[row]) == int(network.arcs.head[edge])
                arc = edge if to_head == leaving else int(backward[edge])
                if arc < 0 or not costs.open[arc]:
                    continue
                share = along[row] / max(float(network.edges["length_m"].iloc[edge]), 1e-9)
                time += share * float(costs.time_min[arc]) * QUANTUM["time_min"]
                cost = share * float(costs.cost_xof[arc])
                risk = share * float(costs.risk[arc]) * QUANTUM["risk"]
            kept.append((int(node[row]), time, length, cost, risk))
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
    )
