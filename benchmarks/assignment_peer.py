"""Solve the user equilibrium of a question file with AequilibraE, in its own environment.

Run by assignment.py: python assignment_peer.py QUESTION.npz ANSWER.npz GAP CORES. Prints one JSON
object: version, seconds of the assignment alone, CPU and wall, iterations, and the gap it reports.
"""

import importlib.metadata
import json
import logging
import sys
import time

import numpy as np
import pandas as pd
from aequilibrae.matrix import AequilibraeMatrix
from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass


def main() -> None:
    """Do what the command line says."""
    question, answer, gap, cores = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    logging.disable(logging.CRITICAL)
    q = np.load(question)
    count = len(q["tail"])
    links = pd.DataFrame({
        "link_id": np.arange(1, count + 1), "a_node": q["tail"] + 1, "b_node": q["head"] + 1,
        "direction": np.ones(count, np.int8), "id": np.arange(1, count + 1),
        "free_flow": q["free_flow"], "capacity": q["capacity"], "b": q["b"], "power": q["power"],
    })  # fmt: skip
    zones = len(q["trips"])
    graph = Graph()
    graph.network = links
    # ways must be those of the network as it is
    graph.prepare_graph(np.arange(1, zones + 1), remove_dead_ends=False)
    graph.set_graph("free_flow")
    graph.set_blocked_centroid_flows(bool(q["closed_centroids"]))
    demand = AequilibraeMatrix()
    demand.create_empty(zones=zones, matrix_names=["trips"], memory_only=True)
    demand.index[:] = np.arange(1, zones + 1)
    demand.matrix["trips"][:, :] = q["trips"]
    demand.computational_view(["trips"])
    for _warm in (True, False):
        assignment = TrafficAssignment()
        assignment.set_classes([TrafficClass("all", graph, demand)])
        assignment.set_vdf("BPR")
        assignment.set_vdf_parameters({"alpha": "b", "beta": "power"})
        assignment.set_capacity_field("capacity")
        assignment.set_time_field("free_flow")
        assignment.set_algorithm("bfw")
        assignment.max_iter, assignment.rgap_target = 5000, gap
        assignment.set_cores(cores)
        cpu, wall = time.process_time(), time.perf_counter()
        assignment.execute()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    flow = assignment.results()["PCE_AB"].reindex(links["link_id"]).fillna(0.0).to_numpy()
    np.save(answer, flow)
    report = assignment.report()
    told = {
        "version": importlib.metadata.version("aequilibrae"), "cpu_s": cpu, "wall_s": wall,
        "iterations": int(report["iteration"].iloc[-1]), "gap": float(report["rgap"].iloc[-1]),
    }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
