"""Time the routing engine beside networkx on the Mali network, as ratios of CPU time in one run.

Both answer the same questions on the same whole-number costs: travel time between all places, for
the baseline and for every disruption of the January 2013 case lifted in turn. The answers are
compared before the times are shown. Run it with nothing beside it; ratios hold, absolute times do
not.
"""

import platform
import statistics
import time
from collections.abc import Callable

import networkx as nx
import numpy as np

from mobility_geo.datasets import load_mali
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.scenario import ArcCosts, Case, TravellerClass, conditions

ROUNDS = 5
TRAVELLER = TravellerClass(profile="truck", nationality="MLI", kind="refugee")


def ours(case: Case, costs: ArcCosts) -> np.ndarray:
    """Return travel times in units between all places, by the toolkit."""
    places = list(case.network.places["place_id"])
    starts = access_set(case.network, costs, places)
    ends = access_set(case.network, costs, places, leaving=False)
    return solve_ways(case.network, costs, starts, ends).units


def networkx_times(case: Case, costs: ArcCosts) -> np.ndarray:
    """Return the same by networkx: one single-source Dijkstra per place."""
    network = case.network
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(network.nodes)))
    for arc in np.flatnonzero(costs.open):
        u, v = int(network.arcs.tail[arc]), int(network.arcs.head[arc])
        weight = int(costs.time_min[arc])
        if not graph.has_edge(u, v) or graph[u][v]["weight"] > weight:
            graph.add_edge(u, v, weight=weight)
    places = list(network.places["place_id"])
    starts = access_set(network, costs, places)
    table = np.full((len(places), len(places)), np.inf)
    for i in range(len(places)):
        for a in range(int(starts.pointer[i]), int(starts.pointer[i + 1])):
            found = nx.single_source_dijkstra_path_length(graph, int(starts.node[a]))
            for j in range(len(places)):
                for b in range(int(starts.pointer[j]), int(starts.pointer[j + 1])):
                    total = (
                        found.get(int(starts.node[b]), np.inf)
                        + starts.time_min[a]
                        + starts.time_min[b]
                    )
                    table[i, j] = min(table[i, j], total)
    return table


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a piece of work."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Print the ratios."""
    case = load_mali("mali-2013-01")
    variants = [case.scenario.baseline(), case.scenario]
    variants += [
        case.scenario.without(ids=[d.disruption_id])
        for d in case.scenario.active(case.scenario.when)
    ]
    costs = [conditions(case.network, v, None, TRAVELLER).dense() for v in variants]
    same = all(np.array_equal(ours(case, c), networkx_times(case, c)) for c in costs)
    mine = [cpu(lambda: [ours(case, c) for c in costs]) for _ in range(ROUNDS)]
    peer = [cpu(lambda: [networkx_times(case, c) for c in costs]) for _ in range(ROUNDS)]
    laid = [
        cpu(lambda: [conditions(case.network, v, None, TRAVELLER).dense() for v in variants])
        for _ in range(ROUNDS)
    ]
    print(f"{platform.machine()}, Python {platform.python_version()}, {ROUNDS} rounds, medians")
    print(
        f"{len(case.network.nodes)} nodes, {len(case.network.edges)} edges, "
        f"{len(case.network.places)} places, {len(variants)} variants of the scenario"
    )
    print(f"same answers: {same}")
    print(f"times between all places, networkx / ours: "
          f"{statistics.median(peer) / statistics.median(mine):.1f} x")  # fmt: skip
    print(f"laying a scenario over the network, of the time of solving it: "
          f"{statistics.median(laid) / statistics.median(mine):.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
