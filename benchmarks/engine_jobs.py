"""Time our kernels and scipy in one process on one graph, and compare what they answer.

`engine.py` starts this file in a process of its own with one thread, and reads a row per line:
python benchmarks/engine_jobs.py GRAPH '{"jobs": ["T1", "T2"], "scenarios": 200, "trees": 12}'

T1: 100 one-to-all; T2: 1,000 x 50 distances; T3: the nearest of 200 stations for every node;
T4: one scenario, that is changed arcs, 200 x 50 distances and T3, and back; T4m: the same without
T3; T5: one person from each of 500 zones to each, on edges. Times are CPU seconds.
"""

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from graphs import (
    CLOSED,
    MOST,
    Graph,
    Scenario,
    ball_scenarios,
    load_graph,
    questions,
    scattered_scenarios,
)
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.routing.hierarchy import (
    INF,
    Hierarchy,
    HierarchyMetric,
    Nearest,
    assign_flows,
    build_hierarchy,
    compile_kernels,
    customize,
    distances,
    ends_at,
    nearest,
    nearest_changes,
    one_to_all,
    plan_distances,
    recustomize,
    restore,
)

T1_TREES, T2_TREES, T4_ROWS, T5_TREES = 100, 50, 200, 500
CHECKED = 3  # scenarios that scipy answers as well
SHARES = (0.0001, 0.001, 0.005, 0.01, 0.1)
RAIN_SHARE = 0.6  # of the arcs slower in the rainy season
SMALL_NODES = 50_000  # below it all costs take a few milliseconds


def cpu(work: Callable[[], object]) -> tuple[float, object]:
    """Return the CPU seconds of some work, and what it returns."""
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def median_cpu(work: Callable[[], object], rounds: int) -> tuple[float, object]:
    """Return the median of the CPU seconds of some rounds, and what the last one returned."""
    times = []
    made: object = None
    for _ in range(rounds):
        made = None  # so that no two answers are in memory
        taken, made = cpu(work)
        times.append(taken)
    return statistics.median(times), made


def peak_mb() -> float:
    """Return the most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(**row: object) -> None:
    """Hand a row to the process that reads them."""
    print(json.dumps(row), flush=True)


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Compare whole costs to the last unit; out of reach is INF here and infinite there."""
    return bool(np.array_equal(np.where(ours == INF, np.inf, ours), theirs))


@njit
def load_tree(before: np.ndarray, ends: np.ndarray, source: int, load: np.ndarray) -> None:
    """Add one person to each edge of the ways of a tree: edges are named by the later node."""
    for end in ends:
        node = end
        while node != source and before[node] >= 0:
            load[node] += 1
            node = before[node]


class Scipy:
    """The same jobs by scipy's Dijkstra: sampled trees, times scaled to the whole job."""

    def __init__(self, graph: Graph) -> None:
        size = (graph.nodes, graph.nodes)
        self.graph, self.asked = graph, questions(graph)
        began = time.process_time()
        weight = graph.weight.astype(float)
        self.out = csr_array((weight, (graph.tail, graph.head)), shape=size)
        self.back = csr_array((weight, (graph.head, graph.tail)), shape=size)
        self.setup = time.process_time() - began
        # where each arc lies in the reversed matrix, to change weights in place
        number = np.arange(len(weight)) + 1.0
        place = csr_array((number, (graph.head, graph.tail)), shape=size)
        self.place = np.empty(len(weight), np.int64)
        self.place[place.data.astype(np.int64) - 1] = np.arange(len(weight))
        load_tree(np.array([-1], np.int32), np.array([0], np.int32), 0, np.zeros(1))
        self.times: dict[str, list[float]] = {}
        self.answers: dict[tuple[str, int, int], np.ndarray] = {}

    def note(self, job: str, work: Callable[[], np.ndarray], *key: int) -> None:
        """Time a piece of a job and keep its answer."""
        taken, answer = cpu(work)
        self.times.setdefault(job, []).append(taken)
        if key:
            self.answers[job, key[0], key[-1]] = answer

    def sample(self, jobs: list[str], trees: range, scenarios: list[Scenario]) -> None:
        """Time trees of each job, by its best strategy: backward from the fewer destinations."""
        asked = self.asked
        for i in trees:
            if {"T1", "tree"} & set(jobs):
                self.note("T1", lambda i=i: dijkstra(self.out, indices=asked.origins[i]), i)
            if "T2" in jobs:
                self.note("T2", lambda i=i: dijkstra(
                    self.back, indices=asked.destinations[i])[asked.origins], i)  # fmt: skip
            if "T5" in jobs:
                self.note("T5", lambda i=i: self._loaded(int(asked.zones[i])), i)
        if "T3" in jobs:
            self.note("T3", self._nearest, 0)
        for number in [trees[0] // len(trees)] if {"T4", "T4m"} & set(jobs) else []:
            for one in (number, number + 2)[: max(1, len(scenarios) - number)]:
                if one < len(scenarios):
                    self._scenario(one, scenarios[one], len(trees))

    def _scenario(self, number: int, scenario: Scenario, trees: int) -> None:
        """Time a scenario: weights changed in place, trees from destinations, and stations."""
        rows, weights = scenario
        places = self.place[rows]

        def lay(new: np.ndarray) -> np.ndarray:
            self.back.data[places] = new
            return new

        before = self.back.data[places].copy()
        self.note("T4 change", lambda: lay(np.where(weights == CLOSED, np.inf, weights)))
        for i in range(trees):
            self.note("T4 tree", lambda i=i: dijkstra(
                self.back, indices=self.asked.destinations[i])[self.asked.origins[:T4_ROWS]],
                number, i)  # fmt: skip
        self.note("T4 nearest", self._nearest, number)
        self.note("T4 change", lambda: lay(before))

    def _nearest(self) -> np.ndarray:
        return dijkstra(self.back, indices=self.asked.stations, min_only=True)

    def _loaded(self, source: int) -> np.ndarray:
        reached, before = dijkstra(self.out, indices=source, return_predecessors=True)
        load_tree(before, self.asked.zones, source, np.zeros(self.graph.nodes))
        return reached[self.asked.zones]

    def seconds(self) -> dict[str, float]:
        """Return the CPU seconds of each whole job."""
        each = {key: statistics.mean(taken) for key, taken in self.times.items()}
        whole = {"T1": T1_TREES, "T2": T2_TREES, "T3": 1, "T5": T5_TREES}
        found = {job: each[job] * trees for job, trees in whole.items() if job in each}
        if "T4 tree" in each:
            found["T4m"] = 2 * each["T4 change"] + T2_TREES * each["T4 tree"]
            found["T4"] = found["T4m"] + each["T4 nearest"]
        if "T1" in each:
            found["tree"] = each["T1"]
        return found


class Ours:
    """The jobs by the kernels of the package."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.asked = graph, questions(graph)
        self.build_s, self.hierarchy = cpu(
            lambda: build_hierarchy(graph.tail, graph.head, graph.nodes)
        )
        self.metric: HierarchyMetric = customize(self.hierarchy, graph.weight)
        self.hierarchy: Hierarchy

    def base(self) -> Nearest:
        """Return the nearest station of every node, nothing being disrupted."""
        stations = self.asked.stations
        return nearest(
            self.hierarchy, self.metric, stations, np.zeros(len(stations), np.int32),
            np.arange(len(stations), dtype=np.int32),
        )  # fmt: skip


def run_scenarios(
    ours: Ours, scenarios: list[Scenario], *, stations: bool, keep: int
) -> tuple[dict[str, float], list[tuple[np.ndarray, np.ndarray]]]:
    """Return the CPU seconds per scenario, in all and by part, and the first few answers."""
    hierarchy, metric = ours.hierarchy, ours.metric
    one, two = ends_at(ours.asked.origins[:T4_ROWS]), ends_at(ours.asked.destinations)
    plan = plan_distances(hierarchy, one.node, two.node)
    base = ours.base()
    spent = dict.fromkeys(("change", "matrix", "nearest", "back"), 0.0)
    steps, kept = 0, []
    for number, (rows, weights) in enumerate(scenarios):
        marks = [time.process_time()]
        undo = recustomize(hierarchy, metric, rows, weights)
        marks.append(time.process_time())
        matrix = distances(hierarchy, metric, one, two, plan=plan)
        marks.append(time.process_time())
        changes = nearest_changes(hierarchy, metric, base, undo) if stations else None
        marks.append(time.process_time())
        restore(metric, undo)
        marks.append(time.process_time())
        for part, taken in zip(spent, np.diff(marks), strict=True):
            spent[part] += float(taken)
        steps += undo.steps
        if number < keep and changes is not None:
            reached = base.distance.copy()
            reached[changes.node] = changes.distance
            kept.append((matrix, reached))
    each = {part: taken / len(scenarios) for part, taken in spent.items()}
    each["all"] = sum(each.values())
    each["steps"] = steps / len(scenarios)
    return each, kept


def check_loads(graph: Graph, zones: np.ndarray, loads: np.ndarray, units: np.ndarray) -> bool:
    """Say whether people at nodes balance and what they spend is the sum of shortest ways."""
    go = units < INF
    spent = int((loads * graph.weight).sum()) == int(units[go].sum(dtype=np.int64))
    net = np.bincount(graph.tail, loads, graph.nodes) - np.bincount(graph.head, loads, graph.nodes)
    due = np.bincount(zones, go.sum(axis=1), graph.nodes)
    due -= np.bincount(zones, go.sum(axis=0), graph.nodes)
    return spent and bool(np.array_equal(net, due))


def time_setup(graph: Graph) -> None:
    """Say what preparing costs, from arcs to costs that can be asked."""
    idle = peak_mb()
    build_s, hierarchy = cpu(lambda: build_hierarchy(graph.tail, graph.head, graph.nodes))
    full_s, metric = cpu(lambda: customize(hierarchy, graph.weight))
    peak = peak_mb()
    cheap, metric = median_cpu(lambda: customize(hierarchy, graph.weight), 5)
    say(job="setup", engine="mobility_geo", cpu_s=build_s + full_s, ram_mb=peak,
        same_answers=None, idle_mb=idle, arcs=hierarchy.arcs, triangles=hierarchy.triangles,
        depth=int(hierarchy.depth.max()))  # fmt: skip
    say(job="customize", engine="mobility_geo", cpu_s=cheap, ram_mb=peak,
        same_answers=bool(metric.over[0] == 0))  # fmt: skip


def time_jobs(  # noqa: C901, PLR0915
    graph: Graph, jobs: list[str], count: int, trees: int
) -> None:
    """Time the jobs T1 to T5, ours between two halves of scipy's."""
    asked = questions(graph)
    scenarios = ball_scenarios(graph, count) if {"T4", "T4m"} & set(jobs) else []
    peer = Scipy(graph) if trees else None
    half = max(1, trees // 2)
    if peer:
        dijkstra(peer.out, indices=0)
        peer.sample([*jobs, "tree"], range(half), scenarios[:CHECKED])
    scipy_mb = peak_mb()
    ours = Ours(graph)
    hierarchy, metric = ours.hierarchy, ours.metric
    rows: dict[str, dict[str, object]] = {}
    answers: dict[str, object] = {}

    def keep(job: str, cpu_s: float, **more: object) -> None:
        rows[job] = {"cpu_s": cpu_s, "ram_mb": peak_mb(), **more}

    if "T2" in jobs:
        one, two = ends_at(asked.origins), ends_at(asked.destinations)
        plan = plan_distances(hierarchy, one.node, two.node)
        distances(hierarchy, metric, one, two, plan=plan)
        taken, answers["T2"] = median_cpu(
            lambda: distances(hierarchy, metric, one, two, plan=plan), 7
        )
        planned, _ = median_cpu(lambda: plan_distances(hierarchy, one.node, two.node), 3)
        keep("T2", taken, plan_s=planned)
    if "T3" in jobs:
        taken, answers["T3"] = median_cpu(ours.base, 5)
        keep("T3", taken)
    if "T4" in jobs:
        run_scenarios(ours, scenarios[:2], stations=True, keep=0)
        each, answers["T4"] = run_scenarios(ours, scenarios, stations=True, keep=CHECKED)
        keep("T4", each["all"], scenarios=len(scenarios), parts_s=each)
    if "T4m" in jobs:
        run_scenarios(ours, scenarios[:2], stations=False, keep=0)
        each, _ = run_scenarios(ours, scenarios, stations=False, keep=0)
        keep("T4m", each["all"], scenarios=len(scenarios), parts_s=each)
    if "T5" in jobs:
        zones, people = ends_at(asked.zones), np.ones((len(asked.zones),) * 2)
        assign_flows(hierarchy, metric, zones, zones, people)
        taken, answers["T5"] = median_cpu(
            lambda: assign_flows(hierarchy, metric, zones, zones, people), 5
        )
        keep("T5", taken)
    if "T1" in jobs:
        ends = ends_at(asked.origins[:T1_TREES])
        fresh, out = median_cpu(lambda: one_to_all(hierarchy, metric, ends), 5)
        taken, answers["T1"] = median_cpu(lambda: one_to_all(hierarchy, metric, ends, out=out), 5)
        keep("T1", taken, fresh_s=fresh)
    scipy_s = {}
    if peer:
        peer.sample([*jobs, "tree"], range(half, 2 * half), scenarios[:CHECKED])
        scipy_s = peer.seconds()
        agreed = compare(graph, peer, answers)
        for job in [*jobs, "tree"]:
            if job in scipy_s:
                say(job=job, engine="scipy", cpu_s=scipy_s[job], ratio_to_scipy=1.0,
                    ram_mb=scipy_mb, same_answers=True, trees=2 * half,
                    scaled=job not in {"T3", "tree"})  # fmt: skip
    for job, row in rows.items():
        ratio = scipy_s[job] / float(row["cpu_s"]) if job in scipy_s else None
        say(job=job, engine="mobility_geo", ratio_to_scipy=ratio,
            same_answers=agreed.get(job) if peer else None, **row)  # fmt: skip


def compare(graph: Graph, peer: Scipy, answers: dict[str, object]) -> dict[str, bool]:
    """Compare all that scipy has answered with ours."""
    agreed: dict[str, list[bool]] = {}
    for (job, first, second), theirs in peer.answers.items():
        if job == "T1" and job in answers:
            ours = answers["T1"][first]
        elif job == "T2" and job in answers:
            ours = answers["T2"][:, first]
        elif job == "T3" and job in answers:
            ours = answers["T3"].distance
        elif job == "T5" and job in answers:
            ours = answers["T5"][1].units[first]
        elif job == "T4 tree" and "T4" in answers:
            ours = answers["T4"][first][0][:, second]
        elif job == "T4 nearest" and "T4" in answers:
            ours = answers["T4"][first][1]
        else:
            continue
        agreed.setdefault(job[:2], []).append(same(ours, theirs))
    found = {job: all(each) for job, each in agreed.items()}
    if "T5" in answers:
        loads, ways = answers["T5"]
        found["T5"] &= check_loads(graph, peer.asked.zones, loads, ways.units)
    if "T4" in found:
        found["T4m"] = found["T4"]
    return found


def time_sweep(graph: Graph, count: int) -> None:
    """Say what changes of many sizes and shapes cost, as a share of a full customization."""
    ours = Ours(graph)
    hierarchy, metric = ours.hierarchy, ours.metric
    rng = np.random.default_rng(1)
    cases = [
        (f"{kind} {share:.2%}", make(graph, count, share=share))
        for share in SHARES
        for kind, make in (("balls", ball_scenarios), ("scattered", scattered_scenarios))
    ]
    mixed = []
    for rows, weights in cases[-3][1]:
        order = rng.permutation(len(rows))
        mixed.append((rows[order], weights[order]))
    cases.append((f"scattered {SHARES[-2]:.2%}, rows not sorted", mixed))
    wet = np.sort(rng.permutation(len(graph.tail))[: round(RAIN_SHARE * len(graph.tail))])
    slow = np.minimum(graph.weight[wet].astype(np.int64) * 3, MOST).astype(np.int32)
    cases.append((f"rainy season, {RAIN_SHARE:.0%} slower", [(wet.astype(np.int32), slow)]))
    for words, scenarios in cases:
        shares, all_same, taken_all, full_all, steps = [], True, [], [], []
        for rows, weights in scenarios:
            taken, full = [], []
            # what takes milliseconds is timed more often
            for _ in range(3 if hierarchy.nodes > SMALL_NODES else 15):
                full_s, _ = cpu(lambda: customize(hierarchy, graph.weight))
                taken_s, undo = cpu(lambda: recustomize(hierarchy, metric, rows, weights))  # noqa: B023
                taken.append(taken_s)
                full.append(full_s)
                last = undo
                if len(taken) == 1:
                    changed = graph.weight.copy()
                    changed[rows] = weights
                    fresh = customize(hierarchy, changed)
                    all_same &= bool(
                        np.array_equal(fresh.up, metric.up)
                        and np.array_equal(fresh.down, metric.down)
                    )
                restore(metric, undo)
            all_same &= bool(np.array_equal(ours.metric.weights, graph.weight))
            shares.append(statistics.median(taken) / statistics.median(full))
            taken_all.append(statistics.median(taken))
            full_all.append(statistics.median(full))
            steps.append(last.steps / max(1, hierarchy.triangles))
        say(job=f"change: {words}", engine="mobility_geo", cpu_s=statistics.mean(taken_all),
            full_s=statistics.mean(full_all), ratio_to_full=statistics.mean(shares),
            worst_to_full=max(shares), steps_to_full=statistics.mean(steps), ram_mb=peak_mb(),
            same_answers=all_same)  # fmt: skip


def copy_speed(megabytes: int) -> float:
    """Return the GB/s at which one thread reads and writes memory when it copies."""
    source = np.ones(megabytes << 17)
    target = np.zeros(megabytes << 17)
    times = [cpu(lambda: np.copyto(target, source))[0] for _ in range(7)]
    return 2 * source.nbytes / min(times) / 1e9


def time_memory(graph: Graph, count: int) -> None:
    """Say how fast each part goes through memory, beside copying.

    `once` is what has to be moved if every number is moved once, `touched` what the loops load
    and store: the same number again and again, mostly from a cache.
    """
    near, far = copy_speed(64), copy_speed(1024)
    ours = Ours(graph)
    hierarchy, metric, asked = ours.hierarchy, ours.metric, ours.asked
    nodes, arcs, triangles = hierarchy.nodes, hierarchy.arcs, hierarchy.triangles
    inputs = len(graph.tail)
    parts: list[tuple[str, float, float, float]] = []
    arrays = [getattr(hierarchy, name) for name in hierarchy.__slots__ if name != "key"]
    size = sum(array.nbytes for array in arrays)
    parts.append(("preparing", ours.build_s, size, size))
    # inputs: arc, side, cost; arcs: up and down written and read, head, arc and tail below
    once = inputs * 9 + arcs * 28 + nodes * 16
    taken, _ = median_cpu(lambda: customize(hierarchy, graph.weight), 5)
    # a triangle: head, place, two costs read; two costs read and written
    parts.append(("all costs", taken, once, once + triangles * 32))
    scenarios = ball_scenarios(graph, count)
    run_scenarios(ours, scenarios[:2], stations=True, keep=0)
    each, _ = run_scenarios(ours, scenarios, stations=True, keep=0)
    undos = [recustomize(hierarchy, metric, *scenarios[0])]
    logged = len(undos[0].arc)
    restore(metric, undos[0])
    parts.append(("changed costs", each["change"], logged * 28, each["steps"] * 32))
    one, two = ends_at(asked.origins[:T4_ROWS]), ends_at(asked.destinations)
    plan = plan_distances(hierarchy, one.node, two.node)
    rows, entries, lanes = len(plan.node_of), len(plan.row_head), 64
    once = rows * lanes * 4 * 3 + entries * 16
    parts.append(("200 x 50 distances", each["matrix"], once, once + entries * lanes * 12 * 1.5))
    taken, base = median_cpu(ours.base, 5)
    once = arcs * 8 + nodes * (8 + 8 + 8 + 4 + 8)
    parts.append(("nearest, all nodes", taken, once, once + arcs * 8))
    undo = recustomize(hierarchy, metric, *scenarios[0])
    moved = len(nearest_changes(hierarchy, metric, base, undo).node)
    restore(metric, undo)
    # a node: key, log; marks of all arcs that changed and of the words of all nodes
    once = moved * 36 + logged * 8 + nodes
    parts.append(("nearest, changes", each["nearest"], once, once + moved * 8 * 2 * arcs / nodes))
    ends = ends_at(asked.origins[:32])
    taken, _ = median_cpu(lambda: one_to_all(hierarchy, metric, ends), 5)
    once = arcs * 8 + nodes * (8 + 4 + 3 * 128)
    parts.append(("32 trees", taken, once, once + arcs * (128 + 256)))
    for words, taken, once, touched in parts:
        say(job=f"memory: {words}", engine="mobility_geo", cpu_s=taken, ram_mb=peak_mb(),
            same_answers=None, once_gb_s=once / taken / 1e9, touched_gb_s=touched / taken / 1e9,
            copy_gb_s=far, copy_64mb_gb_s=near, once_mb=once / 1e6)  # fmt: skip


def main() -> None:
    """Do what the command line says."""
    name, told = sys.argv[1], json.loads(sys.argv[2])
    if os.environ.get("NUMBA_NUM_THREADS") != "1":
        sys.stderr.write("threads are not limited to one: start this by engine.py\n")
    compile_kernels()
    graph = load_graph(name)
    jobs = told["jobs"]
    say(job="graph", nodes=graph.nodes, arcs=len(graph.tail))
    if "setup" in jobs:
        time_setup(graph)
    if "sweep" in jobs:
        time_sweep(graph, told.get("sweep_scenarios", 3))
    if "memory" in jobs:
        time_memory(graph, min(told["scenarios"], 30))
    if {"T1", "T2", "T3", "T4", "T4m", "T5"} & set(jobs):
        time_jobs(graph, jobs, told["scenarios"], told["trees"])


if __name__ == "__main__":
    main()
