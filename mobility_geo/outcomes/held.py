"""Where stranded people are held up: the last place on the way they would have gone."""

import pandas as pd
import shapely

from mobility_geo.network import Network
from mobility_geo.routing import AccessSet, GroupWays
from mobility_geo.routing.groups import budget_units
from mobility_geo.units import Metric

BUDGETS: tuple[Metric, ...] = ("time_min", "cost_xof", "risk")


def held_up(
    now: GroupWays, base: GroupWays, row: int, usual: int, *, reason: str
) -> dict[str, object]:
    """Find where a stranded group is held: the last place reached on its usual way.

    Parameters
    ----------
    now, base
        Ways of the same groups under the scenario and without disruptions.
    row
        Position of the group.
    usual
        Destination that it would have gone to, as a column of `base`.
    reason
        Why it is stranded.

    Returns
    -------
    dict
        The columns ``held_node_id`` (absent: at its own place), ``held_name``, ``held_kind`` and
        ``held_crossing_id`` of the status table.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import find_group_ways
    >>> case = load_toy()
    >>> base = find_group_ways(case, case.scenario.baseline())
    >>> held_up(find_group_ways(case), base, 0, 0, reason="no_mode")["held_name"]
    'Gate'
    """
    if reason == "over_capacity":
        return _at_station(now, row)
    found = _walk(now, base, row, usual)
    if found is None and reason.startswith("over_"):
        # the usual way is open and inside the budgets; the quickest way of today is not
        found = _walk(now, now, row, int(now.nearest(now.path())[row]))
    if found is None:
        return _at_place(now, row)
    return _words(now.case.network, *found)


def _walk(now: GroupWays, along: GroupWays, row: int, column: int) -> tuple[int, int | None] | None:
    """Return the last node before something blocks, and the arc that does; None: at home.

    The arc is None where the road is open to its end, and the way to the door is not.
    """
    network = now.case.network
    arcs = along.arcs(row, column)
    if not len(arcs):
        return None
    ways = now.ways[now.travellers[row]]
    costs = ways.costs
    node = int(network.arcs.tail[arcs[0]])
    spent = _offsets(ways.origins, str(now.groups["place_id"].iloc[row]), node)
    if spent is None:
        return None  # the road at their door is closed
    budget = budget_units(now.groups.iloc[[row]], now.case.limits)
    for arc in arcs:
        if not costs.open[arc]:
            return node, int(arc)
        for name in BUDGETS:
            spent[name] += int(getattr(costs, name)[arc])
        if any(spent[name] > budget[name][0] for name in BUDGETS):
            return node, int(arc)
        node = int(network.arcs.head[arc])
    # the road is open to its end: from there it is the way to the destination's door
    last = _offsets(ways.destinations, along.destination_ids[column], node)
    if last is None or any(spent[name] + last[name] > budget[name][0] for name in BUDGETS):
        return node, None
    return None


def _offsets(accesses: AccessSet, place_id: str, node: int) -> dict[Metric, int] | None:
    """Return what the way between a place and a node costs at least; None: there is none."""
    entries = accesses.entries(place_id)
    here = accesses.node[entries] == node
    if not here.any():
        return None
    return {name: int(accesses.metric(name)[entries][here].min()) for name in BUDGETS}


def _at_place(now: GroupWays, row: int) -> dict[str, object]:
    places = now.case.network.places
    found = places[(places["place_id"] == now.groups["place_id"].iloc[row]).to_numpy(bool)].iloc[0]
    kind = "dispersed" if found["kind"] == "pasture" else "settlement"
    return {"held_name": str(found["name"]), "held_kind": kind}


def _at_station(now: GroupWays, row: int) -> dict[str, object]:
    """Return the nearest destination in reach: it is there that no place is free."""
    network = now.case.network
    place = now.destination_ids[int(now.nearest(now.within())[row])]
    nodes = network.accesses.loc[network.accesses["place_id"] == place, "node_id"]
    name = network.places.loc[network.places["place_id"] == place, "name"].iloc[0]
    node = str(nodes.iloc[0]) if len(nodes) else None
    return {"held_node_id": node, "held_name": str(name), "held_kind": "station"}


def _words(network: Network, node: int, blocking: int | None) -> dict[str, object]:
    crossing = (
        None
        if blocking is None
        else network.edges["crossing_id"].iloc[int(network.arcs.edge[blocking])]
    )
    if pd.isna(crossing):
        crossing = _crossing_at(network, node)
    kind = str(network.nodes["kind"].iloc[node])
    name = network.nodes["name"].iloc[node]
    if isinstance(crossing, str):
        name, held = network.crossings.set_index("crossing_id")["name"][crossing], "crossing"
    elif kind in {"settlement", "port"}:
        held = "settlement"
    else:
        held = "dispersed"
    if not isinstance(name, str):
        here = shapely.points(*network.node_xy[node])
        nearest = int(shapely.distance(network.places.geometry.to_numpy(), here).argmin())
        name = f"near {network.places['name'].iloc[nearest]}"
    return {
        "held_node_id": str(network.nodes["node_id"].iloc[node]), "held_name": str(name),
        "held_kind": held, "held_crossing_id": crossing if isinstance(crossing, str) else None,
    }  # fmt: skip


def _crossing_at(network: Network, node: int) -> str | None:
    """Return the crossing whose post a node is, if it is one."""
    if network.nodes["kind"].iloc[node] != "crossing":
        return None
    node_id = network.nodes["node_id"].iloc[node]
    edges = network.edges[network.edges["crossing_id"].notna()]
    here = edges[(edges["from_node_id"] == node_id) | (edges["to_node_id"] == node_id)]
    return str(here["crossing_id"].iloc[0]) if len(here) else None
