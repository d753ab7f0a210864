"""Time the user equilibrium of a network of the TNTP collection, beside AequilibraE.

Run: python benchmarks/assignment.py [--network Anaheim] [--gap 1e-5] [--pairs 5] [--install]. Files
are read from `tntp` in the folder that MOBILITY_GEO_REFERENCE names. AequilibraE has an environment
of its own, which --install makes, and runs its fastest algorithm, biconjugate Frank-Wolfe. Both
take one core, turn about; only the assignment itself is timed, after one run to warm up. The
relative gap and the objective of Beckmann of both are measured here, with the same functions.
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
from graphs import CACHE

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


def time_ours(graph: AssignmentGraph, trips: Trips, gap: float) -> tuple[np.ndarray, Row]:
    """Return the flows of one run, and what it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    found = solve_equilibrium(graph, trips, gap=gap)
    row = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall,
           "iterations": found.iterations}  # fmt: skip
    return found.flow, row


def time_theirs(python: Path, question: Path, answer: Path, gap: float) -> Row:
    """Return what one run of the peer took; its flows are in `answer`."""
    command = [python, HERE / "assignment_peer.py", question, answer, f"{gap:g}", "1"]
    done = subprocess.run(  # noqa: S603
        [str(word) for word in command], env=os.environ | ONE_THREAD,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    row: Row = json.loads(done.stdout.strip().splitlines()[-1])
    return row


def main() -> None:
    """Print both times, their ratio, and whether the answers are the same."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--network", default="Anaheim")
    asked.add_argument("--gap", type=float, default=1e-5)
    asked.add_argument("--pairs", type=int, default=5)
    asked.add_argument("--install", action="store_true", help="make the environment of the peer")
    told = asked.parse_args()
    place = os.environ.get("MOBILITY_GEO_REFERENCE")
    if not place:
        print("assignment: skipped, as MOBILITY_GEO_REFERENCE names no folder of reference data")
        return
    folder = Path(place) / "tntp" / told.network
    files = [folder / f"{told.network}_{kind}.tntp" for kind in ("net", "trips")]
    network, table = read_tntp_network(files[0]), read_tntp_trips(files[1])
    graph, trips = AssignmentGraph.from_tntp(network), Trips.from_tntp(table, network)
    compared = told.install or (CACHE / "peers" / "aequilibrae" / ".installed").exists()
    ours: list[Row] = []
    theirs: list[Row] = []
    flows = {}
    with tempfile.TemporaryDirectory() as work:
        question, answer = Path(work) / "question.npz", Path(work) / "flow.npy"
        write_question(network, table, question)
        time_ours(graph, trips, told.gap)
        python = python_of("aequilibrae") if compared else None
        for _ in range(told.pairs):
            flow, row = time_ours(graph, trips, told.gap)
            ours.append(row)
            if python is not None:
                theirs.append(time_theirs(python, question, answer, told.gap))
        flows["mobility_geo"] = flow
        if python is not None:
            flows[f"aequilibrae {theirs[-1]['version']}"] = np.load(answer)
    print(f"{told.network}, gap {told.gap:g}, one core, medians of {told.pairs} runs")
    for (name, flow), rows in zip(flows.items(), (ours, theirs), strict=False):
        print(f"{name}: cpu {statistics.median(row['cpu_s'] for row in rows):.3f} s, wall "
              f"{statistics.median(row['wall_s'] for row in rows):.3f} s, {rows[-1]['iterations']} "
              f"iterations, relative gap {relative_gap(graph, trips, flow):.2e}, objective "
              f"{graph.curves.integral(flow):,.4f}")  # fmt: skip
    if python is None:
        print("AequilibraE is left out, as it has no environment yet; --install makes one")
        return
    ratios = [b["cpu_s"] / a["cpu_s"] for a, b in zip(ours, theirs, strict=True)]
    one, two = (graph.curves.integral(flow) for flow in flows.values())
    print(f"AequilibraE takes {statistics.median(ratios):.1f} times as long ({min(ratios):.1f} to "
          f"{max(ratios):.1f}); same answer: {abs(one - two) <= SAME * one}")  # fmt: skip


if __name__ == "__main__":
    main()
