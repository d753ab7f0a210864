# ruff: noqa: ANN401, C901, PLC0415, PLR0915
"""Time one peer on one graph, in an environment that holds it, numpy and scipy, nothing of ours.

`engine.py` starts it:
python benchmarks/engine_peers.py PEER FILE.npz '{"jobs": ["T1"], "seconds": 20}'
The file holds the graph, the questions and some scenarios. A row is printed per job as soon as it
is done. scipy is timed beside each job as the common measure (`tree_s`, one tree to all nodes), and
answers the same question where answers are compared. Every peer has its best strategy: trees
backward from the fewer destinations, one search from all stations, weights changed in place where
it can. A job made of equal trees stops after `seconds`, and the time is scaled to the whole.
"""

import importlib.metadata
import itertools
import json
import math
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

CLOSED = 2**30 - 1
DISTRIBUTION = {"gravel": "gravel-fragility"}
Array = np.ndarray


class Question:
    """What is asked, and scipy to compare with."""

    def __init__(self, path: str, seconds: float) -> None:
        self.seconds = seconds
        with np.load(path) as kept:
            for name in kept.files:
                setattr(self, name, kept[name])
        self.tail: Array
        self.head: Array
        self.w: Array
        self.nodes = len(self.x)
        self.size = (self.nodes, self.nodes)
        self.laid = self.w.copy()
        self.laid[self.rows] = self.weights
        weight = self.w.astype(float)
        self.out = csr_array((weight, (self.tail, self.head)), shape=self.size)
        self.back = csr_array((weight, (self.head, self.tail)), shape=self.size)
        keep = self.laid < CLOSED
        laid = self.laid[keep].astype(float)
        self.back_laid = csr_array((laid, (self.head[keep], self.tail[keep])), shape=self.size)
        dijkstra(self.out, indices=0)

    def tree_s(self) -> float:
        """Return the CPU seconds of scipy for one tree."""
        times = []
        for origin in self.origins[:3]:
            began = time.process_time()
            dijkstra(self.out, indices=origin)
            times.append(time.process_time() - began)
        return sum(times) / len(times)

    def cpu(self, work: Callable[[], Any]) -> tuple[float, Any]:
        """Return the CPU seconds of some work, and what it returned."""
        began = time.process_time()
        made = work()
        return time.process_time() - began, made

    def scale(self, tree: Callable[[int], Any], whole: int) -> tuple[float, int, Any]:
        """Return the CPU seconds of so many trees, of how many were grown, and the last one."""
        taken, number, made = 0.0, 0, None
        while number < whole and (number == 0 or taken < self.seconds):
            made = None
            spent, made = self.cpu(lambda: tree(number))  # noqa: B023
            taken, number = taken + spent, number + 1
        return taken / number * whole, number, made


def error(theirs: Any, true: Array) -> float:
    """Return the largest difference of costs; a way that only one of them knows is infinite."""
    found = np.asarray(theirs, dtype=float).ravel()
    found = np.where(found >= CLOSED, np.inf, found)
    true = np.asarray(true, dtype=float).ravel()
    both = np.isfinite(found) & np.isfinite(true)
    if not np.array_equal(np.isfinite(found), np.isfinite(true)):
        return float("inf")
    return float(np.abs(found[both] - true[both]).max(initial=0.0))


def load_error(q: Question, load: dict[tuple[int, int], int] | Array, trees: int) -> float:
    """Return by how much what all people spend differs from the sum of their shortest ways."""
    if isinstance(load, dict):
        tail, head = np.array(list(load)).T
        spent = float((q.out[tail, head] * np.array(list(load.values()))).sum())
    else:
        spent = float((load * q.w).sum())
    true = dijkstra(q.out, indices=q.zones[:trees])[:, q.zones]
    return abs(spent - float(true[np.isfinite(true)].sum()))


Found = Iterator[tuple[str, float, dict[str, Any]]]


def trees_of(
    q: Question,
    jobs: list[str],
    *,
    forward: Callable[[int], Array],
    backward: Callable[[int], Array],
    nearest: Callable[[], Array],
    lay: Callable[[Array], None],
    loaded: Callable[[int], Any],
    load: dict[tuple[int, int], int] | Array,
) -> Found:
    """Time a peer that grows trees: each returns costs of all nodes, or of `origins`."""

    def at(values: Array, nodes: Array) -> Array:
        return values if len(values) == len(nodes) else np.asarray(values)[nodes]

    if "T1" in jobs:
        taken, trees, last = q.scale(lambda i: forward(int(q.origins[i])), 100)
        true = dijkstra(q.out, indices=q.origins[trees - 1])
        yield "T1", taken, {"trees": trees, "of": 100, "error": error(last, true)}
    if "T2" in jobs:
        taken, trees, last = q.scale(lambda i: backward(int(q.destinations[i])), 50)
        true = dijkstra(q.back, indices=q.destinations[trees - 1])[q.origins]
        yield "T2", taken, {"trees": trees, "of": 50, "error": error(at(last, q.origins), true)}
    if "T3" in jobs:
        taken, found = q.cpu(nearest)
        true = dijkstra(q.back, indices=q.stations, min_only=True)
        yield "T3", taken, {"error": error(found, true)}
    if {"T4", "T4m"} & set(jobs):
        change, _ = q.cpu(lambda: lay(q.weights))
        taken, trees, last = q.scale(lambda i: backward(int(q.destinations[i])), 50)
        true = dijkstra(q.back_laid, indices=q.destinations[trees - 1])[q.origins]
        wrong = error(at(last, q.origins), true)
        near, found = q.cpu(nearest)
        true = dijkstra(q.back_laid, indices=q.stations, min_only=True)
        more = {"trees": trees, "of": 50, "scenarios": 1}
        back, _ = q.cpu(lambda: lay(q.w[q.rows]))
        if "T4" in jobs:
            worst = max(wrong, error(found, true))
            yield "T4", change + taken + near + back, more | {"error": worst}
        if "T4m" in jobs:
            yield "T4m", change + taken + back, more | {"error": wrong}
    if "T5" in jobs:
        taken, trees, _ = q.scale(lambda i: loaded(int(q.zones[i])), 500)
        yield "T5", taken, {"trees": trees, "of": 500, "error": load_error(q, load, trees)}


def networkx(q: Question, jobs: list[str]) -> Found:
    """Time networkx."""
    import networkx as nx

    def build() -> Any:
        out = nx.DiGraph()
        out.add_nodes_from(range(q.nodes))
        out.add_weighted_edges_from(
            zip(q.tail.tolist(), q.head.tolist(), q.w.tolist(), strict=True)
        )
        return out, out.reverse(copy=True)

    taken, (out, back) = q.cpu(build)
    yield "setup", taken, {}
    stations = set(q.stations.tolist())

    def weight(_u: int, _v: int, data: dict[str, Any]) -> Any:
        return data["weight"]

    def dense(found: dict[int, float]) -> Array:
        values = np.full(q.nodes, np.inf)
        values[list(found.keys())] = list(found.values())
        return values

    def lay(new: Array) -> None:
        for row, cost in zip(q.rows.tolist(), new.tolist(), strict=True):
            tail, head = int(q.tail[row]), int(q.head[row])
            back[head][tail]["weight"] = None if cost >= CLOSED else cost

    load: dict[tuple[int, int], int] = {}

    def loaded(source: int) -> None:
        before, _ = nx.dijkstra_predecessor_and_distance(out, source, weight=weight)
        for end in q.zones.tolist():
            node = end
            while before.get(node):
                load[before[node][0], node] = load.get((before[node][0], node), 0) + 1
                node = before[node][0]

    def grown(graph: Any, node: int) -> Array:
        return dense(nx.single_source_dijkstra_path_length(graph, node, weight=weight))

    yield from trees_of(
        q, jobs, forward=lambda node: grown(out, node), backward=lambda node: grown(back, node),
        nearest=lambda: dense(nx.multi_source_dijkstra_path_length(back, stations, weight=weight)),
        lay=lay, loaded=loaded, load=load,
    )  # fmt: skip


def igraph(q: Question, jobs: list[str]) -> Found:
    """Time igraph: a node of its own for all stations, and costs as a list per question."""
    import igraph as ig

    costs = {"now": q.w.astype(float).tolist()}
    none = [0.0] * len(q.stations)

    def build() -> Any:
        graph = ig.Graph(n=q.nodes + 1, edges=np.c_[q.tail, q.head], directed=True)
        plain = graph.copy()
        graph.add_edges([(int(s), q.nodes) for s in q.stations])
        return plain, graph

    taken, (plain, graph) = q.cpu(build)
    yield "setup", taken, {}
    origins = q.origins.tolist()
    load = np.zeros(len(q.w))

    def lay(new: Array) -> None:
        changed = q.w.astype(float)
        changed[q.rows] = np.where(new >= CLOSED, np.inf, new)
        costs["now"] = changed.tolist()

    def loaded(source: int) -> None:
        ways = plain.get_shortest_paths(
            source, to=q.zones.tolist(), weights=costs["now"], output="epath"
        )
        for way in ways:
            load[way] += 1

    yield from trees_of(
        q, jobs,
        forward=lambda node: np.array(
            plain.distances(source=[node], weights=costs["now"])[0])[: q.nodes],
        backward=lambda node: np.array(plain.distances(
            source=[node], target=origins, mode="in", weights=costs["now"])[0]),
        nearest=lambda: np.array(graph.distances(
            source=[q.nodes], mode="in", weights=costs["now"] + none)[0])[: q.nodes],
        lay=lay, loaded=loaded, load=load,
    )  # fmt: skip


def networkit(q: Question, jobs: list[str]) -> Found:
    """Time NetworKit: a node of its own for all stations, weights changed in place."""
    import networkit as nk

    nk.setNumberOfThreads(1)

    def build() -> Any:
        out = nk.GraphFromCoo(
            (q.w.astype(float), (q.tail, q.head)), n=q.nodes, weighted=True, directed=True
        )
        back = nk.graphtools.transpose(out)
        with_stations = nk.graphtools.transpose(out)
        start = with_stations.addNode()
        for station in q.stations.tolist():
            with_stations.addEdge(start, station, 0.0)
        return out, back, with_stations, start

    taken, (out, back, with_stations, start) = q.cpu(build)
    yield "setup", taken, {}

    def grown(graph: Any, node: int) -> Array:
        search = nk.distance.Dijkstra(graph, node, storePaths=False)
        search.run()
        return np.asarray(search.getDistances(asarray=True))[: q.nodes]

    def lay(new: Array) -> None:
        for row, cost in zip(q.rows.tolist(), new.tolist(), strict=True):
            value = float("inf") if cost >= CLOSED else float(cost)
            for graph in (back, with_stations):
                graph.setWeight(int(q.head[row]), int(q.tail[row]), value)

    load: dict[tuple[int, int], int] = {}

    def loaded(source: int) -> None:
        search = nk.distance.Dijkstra(out, source, storePaths=True)
        search.run()
        for end in q.zones.tolist():
            way = search.getPath(end)
            for step in itertools.pairwise(way):
                load[step] = load.get(step, 0) + 1

    yield from trees_of(
        q, jobs, forward=lambda node: grown(out, node), backward=lambda node: grown(back, node),
        nearest=lambda: grown(with_stations, start), lay=lay, loaded=loaded, load=load,
    )  # fmt: skip


def rustworkx(q: Question, jobs: list[str]) -> Found:
    """Time rustworkx: a node of its own for all stations, weights changed in place."""
    import rustworkx as rx

    def build() -> Any:
        weight = q.w.astype(float).tolist()
        graphs = []
        for one, two in ((q.tail, q.head), (q.head, q.tail)):
            graph = rx.PyDiGraph()
            graph.add_nodes_from(range(q.nodes))
            graph.add_edges_from(list(zip(one.tolist(), two.tolist(), weight, strict=True)))
            graphs.append(graph)
        start = graphs[1].add_node(q.nodes)
        graphs[1].add_edges_from([(start, int(station), 0.0) for station in q.stations])
        return (*graphs, start)

    taken, (out, back, start) = q.cpu(build)
    yield "setup", taken, {}

    def grown(graph: Any, node: int) -> Array:
        found = rx.dijkstra_shortest_path_lengths(graph, node, float)
        values = np.full(q.nodes + 1, np.inf)
        values[list(found.keys())] = list(found.values())
        values[node] = 0.0
        return values[: q.nodes]

    def lay(new: Array) -> None:
        for row, cost in zip(q.rows.tolist(), new.tolist(), strict=True):
            back.update_edge_by_index(row, float("inf") if cost >= CLOSED else float(cost))

    load: dict[tuple[int, int], int] = {}

    def loaded(source: int) -> None:
        ways = rx.dijkstra_shortest_paths(out, source, weight_fn=float)
        for end in q.zones.tolist():
            way = list(ways[end]) if end != source and end in ways else []
            for step in itertools.pairwise(way):
                load[step] = load.get(step, 0) + 1

    yield from trees_of(
        q, jobs, forward=lambda node: grown(out, node), backward=lambda node: grown(back, node),
        nearest=lambda: grown(back, start), lay=lay, loaded=loaded, load=load,
    )  # fmt: skip


def pandana(q: Question, jobs: list[str]) -> Found:
    """Time pandana: a contraction hierarchy built anew for each scenario; pairs, and stations."""
    import pandana as pdna
    import pandas as pd

    # it cuts costs to whole thousandths: half of one more, and whole costs come out as they were
    per = 1000.0
    x, y = pd.Series(q.x), pd.Series(q.y)

    def build(weight: Array) -> Any:
        keep = weight < CLOSED
        return pdna.Network(
            x, y, pd.Series(q.tail[keep].astype(np.int64)),
            pd.Series(q.head[keep].astype(np.int64)),
            pd.DataFrame({"cost": (weight[keep] + 0.5) / per}), twoway=False,
        )  # fmt: skip

    def pairs(net: Any, origins: Array) -> Array:
        one = np.repeat(origins, len(q.destinations))
        two = np.tile(q.destinations, len(origins))
        found = np.rint(np.array(net.shortest_path_lengths(one, two)) * per)
        return found.reshape(len(origins), -1)

    def stations(net: Any, most: float) -> Array:
        net.set_pois("station", maxdist=most, maxitems=1, x_col=x[q.stations], y_col=y[q.stations])
        return np.rint(np.array(net.nearest_pois(most, "station", num_pois=1)[1]) * per)

    taken, net = q.cpu(lambda: build(q.w))
    yield "setup", taken, {}
    if "T2" in jobs:
        taken, found = q.cpu(lambda: pairs(net, q.origins))
        true = dijkstra(q.back, indices=q.destinations[:3])[:, q.origins].T
        yield "T2", taken, {"error": error(found[:, :3], true)}
    if "T3" in jobs:
        true = dijkstra(q.back, indices=q.stations, min_only=True)
        most = float(true[np.isfinite(true)].max() / per + 1)
        taken, found = q.cpu(lambda: stations(net, most))
        yield "T3", taken, {"error": error(found, true)}
    if "T5" in jobs:
        load: dict[tuple[int, int], int] = {}

        def loaded(i: int) -> None:
            ways = net.shortest_paths(np.repeat(q.zones[i], len(q.zones)), q.zones)
            for way in ways:
                for step in itertools.pairwise(way):
                    load[step] = load.get(step, 0) + 1

        taken, trees, _ = q.scale(loaded, 500)
        yield "T5", taken, {"trees": trees, "of": 500, "error": load_error(q, load, trees)}
    if {"T4", "T4m"} & set(jobs):
        del net
        rebuilt, net = q.cpu(lambda: build(q.laid))
        taken, found = q.cpu(lambda: pairs(net, q.origins[:200]))
        true = dijkstra(q.back_laid, indices=q.destinations[:3])[:, q.origins[:200]].T
        wrong = error(found[:, :3], true)
        if "T4m" in jobs:
            yield "T4m", rebuilt + taken, {"scenarios": 1, "error": wrong}
        if "T4" in jobs:
            true = dijkstra(q.back_laid, indices=q.stations, min_only=True)
            most = float(true[np.isfinite(true)].max() / per + 1)
            near, found = q.cpu(lambda: stations(net, most))
            yield "T4", rebuilt + taken + near, {
                "scenarios": 1, "error": max(wrong, error(found, true))
            }  # fmt: skip


def gravel(q: Question, jobs: list[str]) -> Found:
    """Time gravel: a node of its own for all stations, a new graph for each scenario.

    Its hierarchy takes more for T2 than 50 of its trees, and cannot change costs.
    """
    import gravel as gv

    gv.set_max_threads(1)

    def graph(one: Array, two: Array, weight: Array) -> Any:
        return gv.Graph.from_coo(
            q.nodes + 1, one.astype(np.uint32), two.astype(np.uint32), weight.astype(float)
        )

    def backward(weight: Array) -> Any:
        keep = weight < CLOSED
        start = np.full(len(q.stations), q.nodes)
        return graph(
            np.r_[q.head[keep], start], np.r_[q.tail[keep], q.stations],
            np.r_[weight[keep], np.zeros(len(q.stations))],
        )  # fmt: skip

    taken, (out, back) = q.cpu(lambda: (graph(q.tail, q.head, q.w), backward(q.w)))
    yield "setup", taken, {}
    graphs = {"back": back}
    load: dict[tuple[int, int], int] = {}

    def lay(new: Array) -> None:
        changed = q.w.copy()
        changed[q.rows] = new
        graphs["back"] = backward(changed)

    def grown(one: Any, node: int) -> Array:
        return np.asarray(gv.dijkstra(one, node).distances, dtype=float)[: q.nodes]

    def loaded(source: int) -> None:
        found = gv.dijkstra(out, source)
        before = np.asarray(found.predecessors)
        at = q.zones[np.isfinite(np.asarray(found.distances, dtype=float)[q.zones])]
        at = at[at != source]
        steps = []
        while len(at):
            above = before[at].astype(np.int64)
            steps.append(above * q.nodes + at)
            at = above[above != source]
        keys, people = np.unique(np.concatenate(steps), return_counts=True)
        for key, count in zip(keys.tolist(), people.tolist(), strict=True):
            step = divmod(key, q.nodes)
            load[step] = load.get(step, 0) + count

    yield from trees_of(
        q, jobs, forward=lambda node: grown(out, node),
        backward=lambda node: grown(graphs["back"], node),
        nearest=lambda: grown(graphs["back"], q.nodes), lay=lay, loaded=loaded, load=load,
    )  # fmt: skip


def pyroutingkit(q: Question, jobs: list[str]) -> Found:
    """Time RoutingKit's hierarchy: costs changed in part and back, as often as is cheap."""
    from pyroutingkit import INF_WEIGHT, CCHMetric, CCHTopology

    topology = CCHTopology()
    taken, _ = q.cpu(
        lambda: topology.build(
            q.tail.astype(np.uint32), q.head.astype(np.uint32), q.y.astype(np.float32),
            q.x.astype(np.float32), q.nodes,
        )
    )  # fmt: skip
    metric = CCHMetric(topology)
    full, _ = q.cpu(lambda: metric.customize(q.w.astype(np.uint32)))
    yield "setup", taken + full, {"customize_s": full}
    origins, destinations = q.origins.astype(np.uint32), q.destinations.astype(np.uint32)

    def matrix(count: int) -> Array:
        return np.asarray(metric.distances_many_to_many(origins[:count], destinations))

    def wrong(found: Array, back: Any, count: int) -> float:
        true = dijkstra(back, indices=q.destinations[:3])[:, q.origins[:count]].T
        return error(np.where(found >= INF_WEIGHT, np.inf, found)[:, :3], true)

    if "T2" in jobs:
        matrix(1000)
        taken, found = q.cpu(lambda: matrix(1000))
        yield "T2", taken, {"error": wrong(found, q.back, 1000)}
    if "T4m" in jobs:
        spent, worst = [], 0.0
        parts = np.zeros(3)
        for number, (rows, weights) in enumerate(scenarios(q)):
            rows_u = rows.astype(np.uint32)
            new = np.where(weights >= CLOSED, INF_WEIGHT, weights).astype(np.uint32)
            old = q.w[rows].astype(np.uint32)
            change, _ = q.cpu(lambda: metric.update_weights(rows_u, new))  # noqa: B023
            taken, found = q.cpu(lambda: matrix(200))
            if number == 0:
                worst = wrong(found, q.back_laid, 200)
            back, _ = q.cpu(lambda: metric.update_weights(rows_u, old))  # noqa: B023
            if number:  # the first one warms up
                spent.append(change + taken + back)
                parts += (change, taken, back)
        yield "T4m", float(np.mean(spent)), {
            "scenarios": len(spent), "error": worst, "parts_s": (parts / len(spent)).tolist()
        }  # fmt: skip
    if "T5" in jobs:
        load = np.zeros(len(q.w))

        def loaded(i: int) -> None:
            for end in q.zones.tolist():
                way = metric.query(int(q.zones[i]), end)[2]
                load[np.asarray(way, dtype=np.int64)] += 1

        taken, trees, _ = q.scale(loaded, 500)
        yield "T5", taken, {"trees": trees, "of": 500, "error": load_error(q, load, trees)}


def scenarios(q: Question) -> Iterator[tuple[Array, Array]]:
    """Give the scenarios of the file in turn."""
    for first, last in zip(q.pointer[:-1], q.pointer[1:], strict=True):
        yield q.all_rows[first:last], q.all_weights[first:last]


def aequilibrae(q: Question, jobs: list[str]) -> Found:
    """Time AequilibraE: skims from as few centroids as a job has, and its own assignment."""
    import pandas as pd
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import (
        AssignmentResults,
        Graph,
        NetworkSkimming,
        SkimResults,
        allOrNothing,
    )

    def graph(centroids: Array, weight: Array, *, skim: bool) -> Any:
        keep = weight < CLOSED
        links = pd.DataFrame({
            "link_id": np.arange(1, keep.sum() + 1), "a_node": q.tail[keep].astype(np.int64) + 1,
            "b_node": q.head[keep].astype(np.int64) + 1,
            "direction": np.ones(keep.sum(), np.int8), "id": np.arange(1, keep.sum() + 1),
            "cost": weight[keep].astype(float),
        })  # fmt: skip
        made = Graph()
        made.network = links
        # where it removes dead ends, some of its ways cost less than the shortest ones
        made.prepare_graph(np.unique(centroids).astype(np.int64) + 1, remove_dead_ends=False)
        made.set_graph("cost")
        if skim:
            made.set_skimming(["cost"])
        made.set_blocked_centroid_flows(False)
        return made

    def skims(made: Any) -> tuple[float, Array]:
        results = SkimResults()
        results.prepare(made)
        skimming = NetworkSkimming(made)
        skimming.set_cores(1)
        taken, _ = q.cpu(skimming.execute)
        return taken, skimming.results.skims.get_matrix("cost")

    ends = np.r_[q.origins[:200], q.destinations]

    def pick(made: Any, table: Array) -> Array:
        number = {int(node) - 1: row for row, node in enumerate(made.centroids)}
        rows = [number[int(node)] for node in q.origins[:200]]
        columns = [number[int(node)] for node in q.destinations[:3]]
        return np.asarray(table)[np.ix_(rows, columns)]

    taken, made = q.cpu(lambda: graph(ends, q.w, skim=True))
    yield "setup", taken, {}
    if {"T1", "T2"} & set(jobs):
        taken, table = skims(made)
        true = dijkstra(q.back, indices=q.destinations[:3])[:, q.origins[:200]].T
        wrong = error(pick(made, table), true)
        for job, trees in (("T1", 100), ("T2", 1000)):
            if job in jobs:
                yield job, taken / len(ends) * trees, {
                    "trees": len(ends), "of": trees, "error": wrong
                }  # fmt: skip
    if "T4m" in jobs:
        change, made = q.cpu(lambda: graph(ends, q.laid, skim=True))
        taken, table = skims(made)
        true = dijkstra(q.back_laid, indices=q.destinations[:3])[:, q.origins[:200]].T
        yield "T4m", change + taken, {"scenarios": 1, "error": error(pick(made, table), true)}
    if "T5" in jobs:
        made = graph(q.zones, q.w, skim=False)
        demand = AequilibraeMatrix()
        demand.create_empty(zones=len(q.zones), matrix_names=["people"], memory_only=True)
        demand.index[:] = np.sort(q.zones) + 1
        demand.matrix["people"][:, :] = 1
        demand.computational_view(["people"])
        results = AssignmentResults()
        results.cores = 1
        results.prepare(made, demand)
        assignment = allOrNothing("people", demand, made, results)
        taken, _ = q.cpu(assignment.execute)
        load = results.get_load_results()["people_ab"].to_numpy()
        yield "T5", taken, {"error": load_error(q, load, 500)}


PEERS = {
    "networkx": networkx, "igraph": igraph, "networkit": networkit, "rustworkx": rustworkx,
    "pandana": pandana, "gravel": gravel, "pyroutingkit": pyroutingkit, "aequilibrae": aequilibrae,
}  # fmt: skip


def main() -> None:
    """Do what the command line says."""
    name, path, told = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    version = importlib.metadata.version(DISTRIBUTION.get(name, name))
    q = Question(path, told["seconds"])
    before = q.tree_s()
    for job, cpu_s, more in PEERS[name](q, ["setup", *told["jobs"]]):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        after = q.tree_s()
        wrong = more.pop("error", None)
        row = {
            "job": job, "cpu_s": cpu_s, "tree_s": (before + after) / 2, "ram_mb": peak,
            "same_answers": None if wrong is None else wrong == 0,
            "error_units": wrong if wrong is None or math.isfinite(wrong) else None,
            "reach_differs": wrong is not None and math.isinf(wrong),
            "version": version, **more,
        }  # fmt: skip
        before = after
        # the last line on purpose begins a line of its own: peers print, too
        sys.stdout.write("\n" + json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
