"""Time the routing engine beside scipy and other packages on large road graphs, as ratios.

Run: python benchmarks/engine.py [--quick] [--graphs ny synthetic] [--jobs T1 T4 sweep]
[--peers all] [--out FILE]. Ratios of CPU time, one thread; rows go to benchmarks/results.json.

Jobs: setup (preparing a network, and all costs), T1 (100 one-to-all), T2 (1,000 x 50 distances),
T3 (the nearest of 200 stations for every node), T4 (a scenario of 0.5 % of the arcs in three
balls: costs changed, 200 x 50 distances, T3, and back), T4m (T4 without T3), T5 (one person from
each of 500 zones to each, on edges), sweep (changes of many sizes and shapes against a full
customization), memory (how fast each part goes through memory), growth (how cost grows with size).

Our kernels and scipy share a process. Each peer has its own environment and process, where scipy
is timed again: with that as the common measure, its ratio is what scipy needs for the job, in trees
of scipy, over what the peer needs, in the trees of scipy that were timed beside it.
"""

import argparse
import datetime as dt
import json
import math
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from graphs import CACHE, Graph, available_graphs, ball_scenarios, load_graph, questions

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
     "RAYON_NUM_THREADS", "NETWORKIT_NUM_THREADS"), "1",
)  # fmt: skip
JOBS = ("setup", "T1", "T2", "T3", "T4", "T4m", "T5", "sweep", "memory", "growth")
TIMED = ("T1", "T2", "T3", "T4", "T4m", "T5")
PEERS = {
    "networkx": ["networkx"],
    "igraph": ["igraph"],
    "networkit": ["networkit"],
    "rustworkx": ["rustworkx"],
    "pandana": ["pandana"],
    "gravel": ["gravel-fragility"],
    "pyroutingkit": ["pyroutingkit"],
    "aequilibrae": ["aequilibrae"],
}
LACKS = {
    "pandana": {"T1": "answers pairs only"},
    "pyroutingkit": {
        "T1": "answers pairs and matrices only",
        "T3": "answers pairs and matrices only",
        "T4": "answers pairs and matrices only; T4m is without the nearest station",
    },
    "aequilibrae": {
        "T3": "has skims between centroids only",
        "T4": "has skims between centroids only; T4m is without the nearest station",
    },
}
SIZES = (10_000, 100_000, 1_000_000)
LIMIT_S = 300
INSTALL_LIMIT_S = 900
BARS: dict[tuple[str, str], tuple[float, float]] = {
    ("T4", "ny"): (170, 202), ("T4", "fla"): (650, 790), ("T4", "synthetic"): (95, 116),
    ("T2", "ny"): (320, 391), ("T2", "fla"): (900, 1170), ("T2", "synthetic"): (260, 323),
    ("T1", "ny"): (38, 47), ("T1", "fla"): (45, 56), ("T1", "synthetic"): (35, 42),
    ("T5", "ny"): (180, 35), ("T5", "fla"): (850, 300), ("T5", "synthetic"): (160, 90),
}  # fmt: skip
"""Least ratio to scipy, and the aim; for T5 with one-off tables built, and with them included."""
RIVAL_BAR, SETUP_BAR_S, SETUP_BAR_MB, CHANGE_BAR = 1.5, 15, 1740.8, 1.2


def lines_of(command: list[str], limit_s: float | None) -> Iterator[Row]:
    """Start a process and give the rows that it prints, each within a time limit.

    Raises
    ------
    TimeoutError
        If a row takes longer; the process is ended.
    RuntimeError
        If it fails.
    """
    with tempfile.TemporaryFile("w+") as talk:
        process = subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=talk, text=True, cwd=HERE,
            env=os.environ | ONE_THREAD,
        )  # fmt: skip
        read: queue.Queue[str | None] = queue.Queue()

        def follow() -> None:
            for line in process.stdout or ():
                read.put(line)
            read.put(None)

        threading.Thread(target=follow, daemon=True).start()
        end = time.monotonic() + (limit_s or math.inf)
        try:
            while True:
                left = end - time.monotonic()
                line = read.get(timeout=None if limit_s is None else max(left, 0.01))
                if line is None:
                    break
                if line.startswith('{"job"'):
                    yield json.loads(line)
                    end = time.monotonic() + (limit_s or math.inf)
        except queue.Empty:
            msg = f"not done within {limit_s:.0f} s"
            raise TimeoutError(msg) from None
        finally:
            process.kill()
            process.wait()
        if process.returncode > 0:
            talk.seek(0)
            last = [line for line in talk.read().splitlines() if line.strip()][-1:]
            msg = last[0] if last else f"ended with {process.returncode}"
            raise RuntimeError(msg)


def python_of(peer: str) -> Path:
    """Return the interpreter of the environment of a peer, made at first.

    Raises
    ------
    RuntimeError
        If it cannot be installed.
    """
    folder = CACHE / "peers" / peer
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists():
        env = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", "numpy", "scipy", *PEERS[peer]],
        ):
            made = subprocess.run(  # noqa: S603
                command, env=env, capture_output=True, text=True, timeout=INSTALL_LIMIT_S,
                check=False,
            )  # fmt: skip
            if made.returncode:
                msg = f"cannot be installed: {(made.stderr.strip().splitlines() or ['?'])[-1]}"
                raise RuntimeError(msg)
        done.touch()
    return python


def question_file(graph: Graph) -> Path:
    """Write what a peer is asked on a graph: arcs, nodes, and the first scenarios."""
    path = CACHE / "questions" / f"{graph.name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    asked, drawn = questions(graph), ball_scenarios(graph, 11)
    rows, weights = ([one[i] for one in drawn] for i in (0, 1))
    np.savez(
        path, tail=graph.tail, head=graph.head, w=graph.weight, x=graph.x, y=graph.y,
        origins=asked.origins, destinations=asked.destinations, stations=asked.stations,
        zones=asked.zones, rows=rows[0], weights=weights[0],
        pointer=np.cumsum([0, *map(len, rows)]), all_rows=np.concatenate(rows),
        all_weights=np.concatenate(weights),
    )  # fmt: skip
    return path


def run_ours(graph: str, jobs: list[str], told: Row) -> Iterator[Row]:
    """Time our kernels and scipy on a graph; every group of jobs in a process of its own."""
    groups = [[job] for job in ("setup", "sweep", "memory") if job in jobs]
    groups.append([job for job in TIMED if job in jobs])
    for group in filter(None, groups):
        command = [sys.executable, str(HERE / "engine_jobs.py"), graph]
        for row in lines_of([*command, json.dumps(told | {"jobs": group})], None):
            if row["job"] != "graph":
                yield {"graph": graph} | row


def run_peer(peer: str, graph: Graph, jobs: list[str], seconds: float, base: Row) -> Iterator[Row]:
    """Time a peer on a graph. `base`: CPU seconds of scipy by job, and of one tree of it."""
    asked = [job for job in TIMED if job in jobs]
    left = [job for job in ("setup", *asked) if job not in LACKS.get(peer, {})]
    blank = {"graph": graph.name, "engine": peer, "cpu_s": None, "ratio_to_scipy": None,
             "ram_mb": None, "same_answers": None}  # fmt: skip
    for job in asked:
        if job in LACKS.get(peer, {}):
            yield blank | {"job": job, "reason": LACKS[peer][job]}
    try:
        command = [
            str(python_of(peer)), str(HERE / "engine_peers.py"), peer, str(question_file(graph)),
            json.dumps({"jobs": asked, "seconds": seconds}),
        ]  # fmt: skip
        for row in lines_of(command, LIMIT_S):
            trees = base[row["job"]] / base["tree"] if row["job"] in base else None
            ratio = trees * row["tree_s"] / row["cpu_s"] if trees else None
            scaled = row.get("trees", 0) < row.get("of", 0)
            yield blank | row | {"ratio_to_scipy": ratio, "scaled": scaled}
            left = [job for job in left if job != row["job"]]
        reason = "gave no answer"
    except (RuntimeError, TimeoutError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    for number, job in enumerate(left):
        words = reason if number == 0 else f"{reason} ({left[0]})"
        yield blank | {"job": job, "reason": words}


def scipy_seconds(rows: list[Row], graph: str) -> Row:
    """Return what scipy took beside our kernels, by job."""
    return {
        row["job"]: row["cpu_s"]
        for row in rows
        if row["graph"] == graph and row["engine"] == "scipy"
    }


def pick(rows: list[Row], job: str, graph: str, engine: str) -> Row | None:
    """Return a row."""
    key = (job, graph, engine)
    found = [row for row in rows if (row["job"], row["graph"], row["engine"]) == key]
    return found[-1] if found else None


def number(value: float | None, unit: str = "") -> str:
    """Return a number of three digits."""
    if value is None:
        return "-"
    return (f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}") + unit  # noqa: PLR2004


def print_ratios(rows: list[Row]) -> None:
    """Print a line per job and engine."""
    print(f"\n{'graph':<18}{'job':<38}{'engine':<14}{'CPU s':>10}{'x scipy':>10}"
          f"{'x full':>9}{'MB':>8}  answers")  # fmt: skip
    for row in rows:
        wrong = "differ in what can be reached"
        if not row.get("reach_differs"):
            wrong = f"differ by {number(row.get('error_units'))}"
        answers = {True: "same", False: wrong, None: ""}[row["same_answers"]]
        notes = [answers, "scaled" if row.get("scaled") else "", row.get("reason") or ""]
        print(
            f"{row['graph']:<18}{row['job']:<38}{row['engine']:<14}{number(row['cpu_s']):>10}"
            f"{number(row.get('ratio_to_scipy')):>10}{number(row.get('ratio_to_full')):>9}"
            f"{number(row['ram_mb']):>8}  {'; '.join(filter(None, notes))}"
        )


def judge(rows: list[Row]) -> list[Row]:
    """Return each bar with what was measured."""
    found: list[Row] = []

    def put(what: str, graph: str, measured: float, bar: float, *, most: bool = False) -> None:
        met = measured <= bar if most else measured >= bar
        found.append({"what": what, "graph": graph, "measured": measured, "bar": bar, "met": met})

    for (job, graph), (bar, more) in BARS.items():
        row = pick(rows, job, graph, "mobility_geo")
        if row and row.get("ratio_to_scipy"):
            put(f"{job} against scipy", graph, row["ratio_to_scipy"], bar)
            if job == "T5":
                put("T5 against scipy, one-off tables included", graph, row["ratio_to_scipy"], more)
    for row in rows:
        if row["engine"] == "pyroutingkit" and row["job"] == "T4m" and row["ratio_to_scipy"]:
            ours = pick(rows, "T4m", row["graph"], "mobility_geo")
            if ours and ours.get("ratio_to_scipy"):
                measured = ours["ratio_to_scipy"] / row["ratio_to_scipy"]
                put("T4 without T3 against pyroutingkit", row["graph"], measured, RIVAL_BAR)
        if (row["job"], row["graph"], row["engine"]) == ("setup", "synthetic", "mobility_geo"):
            put("set-up, CPU s", row["graph"], row["cpu_s"], SETUP_BAR_S, most=True)
            put("set-up, MB", row["graph"], row["ram_mb"], SETUP_BAR_MB, most=True)
        if row["job"].startswith("change:"):
            put(f"{row['job']}, of a full one", row["graph"], row["worst_to_full"], CHANGE_BAR,
                most=True)  # fmt: skip
    return found


def print_bars(bars: list[Row]) -> None:
    """Print each bar, and whether it is met."""
    if bars:
        print(f"\n{'bar':<62}{'graph':<18}{'measured':>10}{'bar':>8}")
    for bar in bars:
        print(f"{bar['what']:<62}{bar['graph']:<18}{number(bar['measured']):>10}"
              f"{number(bar['bar']):>8}  {'met' if bar['met'] else 'NOT MET'}")  # fmt: skip


def growth(rows: list[Row]) -> list[Row]:
    """Return for each job the exponent of the power of the nodes that its cost grows with."""
    found = []
    graphs = {row["graph"]: row["nodes"] for row in rows if row.get("nodes")}
    for job in ("setup", "customize", *TIMED):
        points = [
            (nodes, row["cpu_s"])
            for graph, nodes in sorted(graphs.items(), key=lambda item: item[1])
            if graph.startswith("synthetic-") and (row := pick(rows, job, graph, "mobility_geo"))
        ]
        if len(points) > 1:
            size, cost = np.log(np.array(points)).T
            exponent = float(np.polyfit(size, cost, 1)[0])
            found.append({"job": job, "exponent": exponent, "points": points})
    return found


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a small country, few scenarios")
    parser.add_argument("--graphs", nargs="+", metavar="NAME", help="default: all that are there")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, help="default: all")
    parser.add_argument("--peers", nargs="+", default=[], choices=[*PEERS, "all"])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="nodes, for growth")
    parser.add_argument(
        "--add", action="store_true", help="keep what --out holds and this run does not time"
    )
    parser.add_argument(
        "--peers-only", action="store_true", help="compare peers with our rows in --out (as --add)"
    )
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    return parser.parse_args(arguments)


def main() -> None:
    """Time what the command line names, print tables, and write the rows."""
    told = parse()
    rows: dict[tuple[str, str, str], Row] = {}
    if (told.add or told.peers_only) and told.out.exists():
        for row in json.loads(told.out.read_text(encoding="utf-8"))["rows"]:
            rows[row["job"], row["graph"], row["engine"]] = row
    for row in time_all(told, rows):
        # load: how many processes wanted a core in the last minute, this one included
        rows[row["job"], row["graph"], row["engine"]] = row | {"load": round(os.getloadavg()[0], 2)}
        print(f"  {row['graph']} {row['job']} {row['engine']} {number(row['cpu_s'], ' s')}",
              file=sys.stderr)  # fmt: skip
        write(told.out, list(rows.values()))
    listed = list(rows.values())
    print_ratios(listed)
    print_bars(judge(listed))
    for line in growth(listed):
        sizes = ", ".join(f"{nodes:,}: {number(cost, ' s')}" for nodes, cost in line["points"])
        print(f"{line['job']} grows with nodes to the power {line['exponent']:.2f} ({sizes})")
    print(f"\nrows are in {told.out}")


def time_all(told: argparse.Namespace, rows: dict[tuple[str, str, str], Row]) -> Iterator[Row]:
    """Time ours and scipy, growth, and then peers; `rows` holds what was timed so far."""
    jobs = told.jobs or [job for job in JOBS if not (told.quick and job in {"memory", "growth"})]
    graphs = told.graphs or (["synthetic-100000"] if told.quick else available_graphs())
    effort = {"scenarios": 10, "trees": 4, "sweep_scenarios": 1} if told.quick else {
        "scenarios": 200, "trees": 12, "sweep_scenarios": 3}  # fmt: skip
    if not told.peers_only:
        for name in graphs:
            yield from run_ours(name, jobs, effort)
        for size in told.sizes if "growth" in jobs else []:
            graph = f"synthetic-{size}"
            nodes = load_graph(graph).nodes
            lighter = effort | {"trees": 0, "scenarios": min(effort["scenarios"], 30)}
            for row in run_ours(graph, ["setup", *TIMED], lighter):
                yield row | {"nodes": nodes}
    peers = list(PEERS) if "all" in told.peers else told.peers
    for name in graphs if peers else []:
        graph = load_graph(name)
        base = scipy_seconds(list(rows.values()), name)
        for peer in peers:
            yield from run_peer(peer, graph, jobs, 2.0 if told.quick else 20.0, base)


def write(path: Path, rows: list[Row]) -> None:
    """Write all rows, and what they were measured on."""
    about = {
        "when": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(), "cores": os.cpu_count(),
        "python": platform.python_version(),
    }  # fmt: skip
    text = json.dumps({"about": about, "bars": judge(rows), "growth": growth(rows), "rows": rows},
                      indent=1)  # fmt: skip
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
