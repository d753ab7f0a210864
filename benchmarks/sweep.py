"""Time a sweep on two processors beside one, and weigh its workers on a million nodes.

Run: python benchmarks/sweep.py [pairs | memory] [--graph synthetic] [--scenarios 40]. ``pairs``:
the Mali case with chance deciding what happens, by one process and by two workers in turn, wall
time; the ratio counts. ``memory``: the synthetic country, two workers; memory that a worker has
beside the arrays of files that it shares with the other. Run it with nothing beside it.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import geopandas as gpd
import numpy as np
import pandas as pd
from conditions import network_of, random_scenario
from graphs import load_graph

from mobility_geo.batch import Answers, Draws, SweepPlan, SweepRun, make_plan, run_sweep
from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.scenario import Case

MB = 1024.0
DEG_M = 111_000.0


def mali_plan(scenarios: int) -> SweepPlan:
    """Return at least so many ways in which the disruptions of January 2013 may turn out."""
    case = load_mali()
    uncertain = tuple(replace(one, probability=0.5) for one in case.scenario.disruptions)
    case = replace(case, scenario=replace(case.scenario, disruptions=uncertain))
    return make_plan(case, draws=Draws(count=scenarios, seed=1, correlation=0.0))


def country_case(name: str) -> Case:
    """Return 200 groups, 10 destinations and 50 way stations on a graph with 60 areas in it."""
    graph = load_graph(name)
    both = np.unique(np.sort(np.column_stack([graph.tail, graph.head]), axis=1), axis=0)
    network = network_of(
        name, graph.x * DEG_M, graph.y * DEG_M, *both.T, np.random.default_rng(42), places=260
    )
    toy = load_toy()
    laid = random_scenario(network, 60)
    places = network.places
    groups = pd.DataFrame(
        {"group_id": [f"g{i}" for i in range(200)], "place_id": places["place_id"].iloc[:200],
         "persons": 100, "persons_low": 80, "persons_high": 130}
    ).assign(base="movers", kind="refugee", profile="truck", nationality="TOA", trip="one_way",
             destination_set="safety", source="made up")  # fmt: skip
    stations = places.iloc[200:250]
    return Case(
        network=network, scenario=laid, groups=groups,
        destinations=pd.DataFrame(
            {"destination_set": "safety", "place_id": places["place_id"].iloc[250:],
             "kind": "settlement", "source": "made up"}
        ),
        waystations=gpd.GeoDataFrame(
            {"waystation_id": ["station-" + one for one in stations["place_id"]],
             "name": stations["name"], "place_id": stations["place_id"], "kind": "fixed",
             "hypothetical": True, "source": "made up"},
            geometry=stations.geometry.array, crs=network.crs,
        ),
        limits=toy.limits, title=name,
    )  # fmt: skip


def country_plan(name: str, scenarios: int) -> SweepPlan:
    """Return scenarios in each of which half of the areas, drawn anew, are left out."""
    case = country_case(name)
    rng = np.random.default_rng(3)
    ids = [one.disruption_id for one in case.scenario.disruptions]
    lists = [sorted(rng.choice(ids, len(ids) // 2, replace=False)) for _ in range(scenarios)]
    return make_plan(case, grid={"without": lists}, answers=Answers())


def memory_of(process: int) -> dict[str, float]:
    """Return megabytes that a process has to itself, of what it shares its part, and all."""
    found: dict[str, float] = {}
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return {"own": 0.0, "all": 0.0}
    for line in lines[1:]:
        name, value, *_ = line.split()
        found[name] = float(value) / MB
    return {"own": found["Pss_Anon:"], "all": found["Rss:"]}


def children_of(process: int) -> list[int]:
    """Return the processes that a process has started."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def workers_of(parent: int) -> list[int]:
    """Return the processes that answer scenarios: on Linux a server of processes starts them."""
    return [worker for server in children_of(parent) for worker in children_of(server)]


class Watch:
    """Looks at the workers of this process ten times a second."""

    def __init__(self) -> None:
        self.own: dict[int, float] = {}
        self.all: dict[int, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._done.wait(0.1):
            for worker in workers_of(os.getpid()):
                now = memory_of(worker)
                self.own[worker] = max(self.own.get(worker, 0.0), now["own"])
                self.all[worker] = max(self.all.get(worker, 0.0), now["all"])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def timed(plan: SweepPlan, workers: int) -> tuple[float, SweepRun]:
    """Return how long a sweep takes, and what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        run = run_sweep(plan, Path(folder) / "sweep", workers=workers)
        return time.monotonic() - began, run


def pairs(scenarios: int) -> None:
    """Print how much faster two workers are than one process, in five pairs."""
    plan = mali_plan(scenarios)
    print(f"Mali, {len(plan.scenarios)} scenarios; one process and two workers, in turn")
    timed(mali_plan(2), 1)  # what a process keeps of its first question
    ratios = []
    for number in range(5):
        one, first = timed(plan, 1)
        two, second = timed(plan, 2)
        if first.answered != second.answered or first.answered != len(plan.scenarios):
            print("not all scenarios were answered")
        ratios.append(one / two)
        print(f"  pair {number + 1}: {one:6.1f} s and {two:6.1f} s, ratio {one / two:.2f}, "
              f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"median {statistics.median(ratios):.2f} (bar 1.6)")


def memory(name: str, scenarios: int) -> None:
    """Print what a worker needs for itself."""
    began = time.monotonic()
    plan = country_plan(name, scenarios)
    network = plan.case.network
    print(f"{len(network.nodes):,} nodes, {len(network.arcs.tail):,} arcs, {len(plan.scenarios)} "
          f"scenarios; made in {time.monotonic() - began:.0f} s")  # fmt: skip
    with Watch() as watch:
        seconds, run = timed(plan, 2)
    print(f"{run.answered} answered in {seconds:.0f} s, {len(run.failures)} failed")
    for worker, own in watch.own.items():
        print(f"  worker: {own:,.0f} MB of its own at most, {watch.all[worker]:,.0f} MB with what "
              "it shares (bar 500)")  # fmt: skip


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("pairs", "memory"), default="pairs")
    parser.add_argument("--graph", default="synthetic", help="synthetic, synthetic-100000, ny, ...")
    parser.add_argument("--scenarios", type=int, default=40)
    told = parser.parse_args()
    if told.what == "pairs":
        pairs(told.scenarios)
    else:
        memory(told.graph, told.scenarios)


if __name__ == "__main__":
    main()
