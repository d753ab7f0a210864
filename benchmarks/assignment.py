"""Time the user equilibrium of a network of the TNTP collection, beside AequilibraE.

Run: python benchmarks/assignment.py [--network Anaheim] [--gap 1e-5] [--pairs 5]. Files are read
from `tntp` in the folder that MOBILITY_GEO_REFERENCE names. AequilibraE is installed in an
environment of its own and runs its fastest algorithm, biconjugate Frank-Wolfe. Both take one core,
turn about; only the assignment itself is timed, after one run to warm up. The relative gap and the
objective of Beckmann of both are measured here, with the same functions.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from engine import HERE, ONE_THREAD, python_of

from mobility_geo.flows import (
    AssignmentGraph,
    CostCurves,
    Trips,
    load_all_or_nothing,
    solve_equilibrium,
)
from mobility_geo.sources import TntpNetwork, TntpTrips, read_tntp_network, read_tntp_trips

Row = dict[str, Any]
SAME = 1e-4
"""Largest relative difference of the objectives that counts as the same answer."""


def relative_gap(graph: AssignmentGraph, trips: Trips, flow: np.ndarray) -> float:
    """Return the relative gap of link flows: (their cost - cost on shortest ways) / their cost."""
    cost = graph.curves.cost(flow)
    fixed = AssignmentGraph(
        tail=graph.tail, head=graph.head, through=graph.through,
        curves=CostCurves.bpr(free=cost),
    )  # fmt: skip
    best = load_all_or_nothing(fixed, trips).flow
    total = float(cost @ flow)
    return (total - float(cost @ best)) / total


def write_question(network: TntpNetwork, trips: TntpTrips, path: Path) -> None:
    """Write links and trips for the peer."""
    links = network.links
    table = np.zeros((network.zones, network.zones))
    rows = trips.table
    table[rows["origin"].to_numpy() - 1, rows["destination"].to_numpy() - 1] = rows["trips"]
    np.savez(
        path, tail=links["from"].to_numpy() - 1, head=links["to"].to_numpy() - 1,
        free_flow=links["free_flow_time"], capacity=links["capacity"], b=links["b"],
        power=links["power"], trips=table, closed_centroids=network.first_through_node > 1,
    )  # fmt: skip


def main() -> None:
    """Print both times, their ratio, and whether the answers are the same.

    Raises
    ------
    SystemExit
        If it is not said where the networks are.
    """
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--network", default="Anaheim")
    asked.add_argument("--gap", type=float, default=1e-5)
    asked.add_argument("--pairs", type=int, default=5)
    told = asked.parse_args()
    place = os.environ.get("MOBILITY_GEO_REFERENCE")
    if not place:
        msg = "set MOBILITY_GEO_REFERENCE to the folder of the reference data"
        raise SystemExit(msg)
    folder = Path(place) / "tntp" / told.network
    files = [folder / f"{told.network}_{kind}.tntp" for kind in ("net", "trips")]
    network, table = read_tntp_network(files[0]), read_tntp_trips(files[1])
    graph, trips = AssignmentGraph.from_tntp(network), Trips.from_tntp(table, network)
    python = python_of("aequilibrae")
    ours: list[Row] = []
    theirs: list[Row] = []
    with tempfile.TemporaryDirectory() as work:
        question, answer = Path(work) / "question.npz", Path(work) / "flow.npy"
        write_question(network, table, question)
        solve_equilibrium(graph, trips, gap=told.gap)
        for _ in range(told.pairs):
            cpu, wall = time.process_time(), time.perf_counter()
            found = solve_equilibrium(graph, trips, gap=told.gap)
            ours.append({"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall})
            command = [python, HERE / "assignment_peer.py", question, answer, f"{told.gap:g}", "1"]
            done = subprocess.run(  # noqa: S603
                [str(word) for word in command], env=os.environ | ONE_THREAD,
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            theirs.append(json.loads(done.stdout.strip().splitlines()[-1]))
        other = np.load(answer)
    flows = {"mobility_geo": found.flow, f"aequilibrae {theirs[-1]['version']}": other}
    for (name, flow), rows in zip(flows.items(), (ours, theirs), strict=True):
        print(f"{name}: cpu {statistics.median(row['cpu_s'] for row in rows):.3f} s, wall "
              f"{statistics.median(row['wall_s'] for row in rows):.3f} s, relative gap "
              f"{relative_gap(graph, trips, flow):.2e}, objective "
              f"{graph.curves.integral(flow):,.4f}")  # fmt: skip
    ratios = [b["cpu_s"] / a["cpu_s"] for a, b in zip(ours, theirs, strict=True)]
    one, two = (graph.curves.integral(flow) for flow in flows.values())
    print(f"iterations: {found.iterations} and {theirs[-1]['iterations']}; its own gap "
          f"{theirs[-1]['gap']:.2e}")  # fmt: skip
    print(f"{told.network}, gap {told.gap:g}: AequilibraE takes {statistics.median(ratios):.1f} "
          f"times as long ({min(ratios):.1f} to {max(ratios):.1f}, {told.pairs} pairs); same "
          f"answer: {abs(one - two) <= SAME * one}")  # fmt: skip


if __name__ == "__main__":
    main()
