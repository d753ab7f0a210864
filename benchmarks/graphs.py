"""Road graphs and seeded questions that the engine and its peers are timed on.

Names: ``synthetic`` (a country of 1.1 million nodes), ``synthetic-N`` (one of about N nodes),
``scgraph`` (roads of the world, from the package scgraph-data), ``ny`` and ``fla`` (where the
reference folder is there, see MOBILITY_GEO_REFERENCE). All weights are whole numbers.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "benchmarks"
SCGRAPH = "scgraph-data==2.0.0"
SIDE = 1120  # of the country of the published figures
CITIES = 300  # in it
CONNECTED_SHARE = 0.8925  # of the grid's nodes that are left in the end
CLOSED = 2**30 - 1
MOST = 2**29 - 1  # of a weight that is open

Ints = npt.NDArray[np.int32]
Scenario = tuple[Ints, Ints]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Graph:
    """A directed graph without loops and parallel arcs; weights are whole numbers."""

    name: str
    nodes: int
    tail: Ints
    head: Ints
    weight: Ints
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Questions:
    """Nodes that all engines are asked about."""

    origins: Ints
    destinations: Ints
    stations: Ints
    zones: Ints


def reference_folder() -> Path:
    """Return where the graphs ny and fla would be."""
    named = os.environ.get("MOBILITY_GEO_REFERENCE")
    folder = Path(named) if named else ROOT.parent / "shared" / "reference"
    return folder / "road_graphs"


def available_graphs() -> list[str]:
    """Return the names of the graphs that can be timed here."""
    there = [name for name in ("ny", "fla") if (reference_folder() / f"{name}.npz").exists()]
    return ["synthetic", *there, "scgraph"]


def load_graph(name: str) -> Graph:
    """Return a graph by its name, made or fetched at first and then kept.

    Raises
    ------
    FileNotFoundError
        If it is a graph of the reference folder, and that is not there.
    ValueError
        If there is no graph of this name.
    """
    path = CACHE / "graphs" / f"{name}.npz"
    if name in {"ny", "fla"}:
        path = reference_folder() / f"{name}.npz"
        if not path.exists():
            msg = f"{path}: not there; name its folder in MOBILITY_GEO_REFERENCE"
            raise FileNotFoundError(msg)
    elif not path.exists():
        if name == "synthetic":
            made = synthetic_country(SIDE)
        elif found := re.fullmatch(r"synthetic-(\d+)", name):
            made = synthetic_country(max(10, round((int(found[1]) / CONNECTED_SHARE) ** 0.5)))
        elif name == "scgraph":
            made = world_roads()
        else:
            msg = f"unknown graph {name!r}: expected synthetic, synthetic-N, scgraph, ny or fla"
            raise ValueError(msg)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, **made)
        part.rename(path)
    with np.load(path) as kept:
        tail, head, weight = (
            np.ascontiguousarray(kept[key], dtype=np.int32) for key in ("tail", "head", "w")
        )
        x, y = kept["x"], kept["y"]
    return Graph(name=name, nodes=len(x), tail=tail, head=head, weight=weight, x=x, y=y)


def simple_arcs(
    tail: Ints, head: Ints, weight: Ints, x: np.ndarray, y: np.ndarray, *, connected: bool
) -> dict[str, np.ndarray]:
    """Return a graph without loops, of parallel arcs the cheapest; its largest strong part."""
    nodes = len(x)
    keep = tail != head
    tail, head, weight = tail[keep], head[keep], weight[keep]
    key = tail.astype(np.int64) * nodes + head
    order = np.lexsort((weight, key))
    order = order[np.r_[True, np.diff(key[order]) > 0]]
    tail, head, weight = tail[order], head[order], weight[order]
    kept = np.ones(nodes, dtype=bool)
    if connected:
        arcs = csr_array((np.ones(len(tail), np.int8), (tail, head)), shape=(nodes, nodes))
        part = connected_components(arcs, directed=True, connection="strong")[1]
        kept = part == np.bincount(part).argmax()
    number = np.cumsum(kept) - 1
    keep = kept[tail] & kept[head]
    return {
        "tail": number[tail[keep]].astype(np.int32),
        "head": number[head[keep]].astype(np.int32),
        "w": np.maximum(weight[keep], 1).astype(np.int32),
        "x": x[kept],
        "y": y[kept],
    }


def synthetic_country(side: int, seed: int = 42) -> dict[str, np.ndarray]:
    """Return a perturbed grid with cities, three classes of roads, and one-way roads.

    Cities are as dense in a country of any size. Weights are tenths of seconds.
    """
    rng = np.random.default_rng(seed)
    size = side * side
    cities = max(1, round(CITIES * size / SIDE**2))
    row, column = np.divmod(np.arange(size), side)
    x = column + rng.uniform(-0.35, 0.35, size)
    y = row + rng.uniform(-0.35, 0.35, size)
    city_x, city_y = rng.uniform(0, side, cities), rng.uniform(0, side, cities)
    spread = rng.lognormal(2.6, 0.6, cities)
    settled = np.zeros((side, side))
    for east, north, width in zip(city_x, city_y, spread, strict=True):
        reach = int(3 * width)
        i = slice(max(0, int(north) - reach), min(side, int(north) + reach))
        j = slice(max(0, int(east) - reach), min(side, int(east) + reach))
        rows, columns = np.mgrid[i, j]
        near = np.exp(-((rows - north) ** 2 + (columns - east) ** 2) / (2 * width * width))
        settled[i, j] = np.maximum(settled[i, j], near)
    number = np.arange(size)
    across, along = number[column < side - 1], number[row < side - 1]
    one, two = np.r_[across, along], np.r_[across + 1, along + side]
    # highways about every 60 cells and secondary roads about every 15, both winding
    shift_row = np.cumsum(rng.integers(-1, 2, side)) // 3
    shift_column = np.cumsum(rng.integers(-1, 2, side)) // 3
    lane, file = row + shift_row[column], column + shift_column[row]
    road = np.zeros(len(one), np.int8)
    road[: len(across)] = np.where(
        lane[across] % 60 == 0, 2, np.where(lane[across] % 15 == 0, 1, 0)
    )
    road[len(across) :] = np.where(file[along] % 60 == 0, 2, np.where(file[along] % 15 == 0, 1, 0))
    share = np.where(road == 2, 1.0, np.where(road == 1, 0.93, 0.47 + 0.45 * settled.ravel()[one]))  # noqa: PLR2004
    keep = rng.random(len(one)) < share
    one, two, road = one[keep], two[keep], road[keep]
    length_m = np.hypot(x[one] - x[two], y[one] - y[two]) * 1000 * rng.uniform(1, 1.4, len(one))
    speed_kmh = np.array([25, 50, 90])[road] * rng.uniform(0.8, 1.1, len(one))
    weight = np.maximum(1, length_m / (speed_kmh / 3.6) * 10).astype(np.int64)
    one_way = rng.random(len(one)) < 0.02  # noqa: PLR2004
    back = np.maximum(1, weight * rng.uniform(0.97, 1.03, len(weight))).astype(np.int64)
    return simple_arcs(
        np.r_[one, two[~one_way]], np.r_[two, one[~one_way]], np.r_[weight, back[~one_way]],
        x * 0.009 - 8, y * 0.009 + 12, connected=True,
    )  # fmt: skip


def world_roads() -> dict[str, np.ndarray]:
    """Return the roads of the world of scgraph-data, all parts of it; weights are metres.

    The module of the package is read as text: a literal of 36 MB that another package would load.
    """
    folder = CACHE / "scgraph-data"
    source = folder / "scgraph_data" / "world_highways.py"
    if not source.exists():
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile",
             "--target", str(folder), SCGRAPH],
            check=True, env=os.environ | {"PIP_USER": "0"},
        )  # fmt: skip
    text = source.read_text(encoding="utf-8")
    arcs = text[text.index("graph=[") + len("graph=[") : text.index("\nnodes=[")]
    places = text[text.index("\nnodes=[") + len("\nnodes=[") : text.index("\nworld_")]
    rows = arcs.rstrip().rstrip("]").split("}")[:-1]
    tail = np.repeat(np.arange(len(rows)), [entry.count(":") for entry in rows])
    numbers = np.array(re.findall(r"[\d.e+-]+", arcs), dtype=np.float64).reshape(-1, 2)
    latitude, longitude = (
        np.array(re.findall(r"[\d.e+-]+", places), dtype=np.float64).reshape(-1, 2).T
    )
    return simple_arcs(
        tail, numbers[:, 0].astype(np.int64), np.rint(numbers[:, 1] * 1000).astype(np.int64),
        longitude, latitude, connected=False,
    )  # fmt: skip


def questions(graph: Graph, seed: int = 5) -> Questions:
    """Return 1,000 origins, 50 destinations, 200 stations and 500 zones, fewer if it is small."""
    drawn = np.random.default_rng(seed).permutation(graph.nodes)[:3000].astype(np.int32)
    return Questions(
        origins=drawn[:1000], destinations=drawn[1000:1050], stations=drawn[1100:1300],
        zones=drawn[1300:1800],
    )  # fmt: skip


def ball_scenarios(
    graph: Graph, count: int, *, share: float = 0.005, balls: int = 3, seed: int = 123
) -> list[Scenario]:
    """Return changes of about so many of the arcs around random nodes: rows, sorted, and weights.

    Half of the road segments are closed, the others three times slower, both directions alike.
    """
    rng = np.random.default_rng(seed)
    arc = np.argsort(graph.tail, kind="stable")
    pointer = np.r_[0, np.cumsum(np.bincount(graph.tail, minlength=graph.nodes))].tolist()
    beyond, arc_list = graph.head[arc].tolist(), arc.tolist()
    most = int(len(graph.tail) * share / balls)
    made = []
    for number in range(count):
        rows: set[int] = set()
        for _ in range(balls):
            rows.update(_ball(pointer, beyond, arc_list, int(rng.integers(graph.nodes)), most))
        made.append(_disrupt(graph, np.array(sorted(rows), dtype=np.int32), number))
    return made


def _ball(
    pointer: list[int], beyond: list[int], arcs: list[int], start: int, most: int
) -> list[int]:
    """Return arcs around a node, found breadth first, up to so many."""
    queue, seen, found = [start], {start}, []
    for node in queue:
        for entry in range(pointer[node], pointer[node + 1]):
            if len(found) >= most:
                return found
            found.append(arcs[entry])
            if beyond[entry] not in seen:
                seen.add(beyond[entry])
                queue.append(beyond[entry])
    return found


def scattered_scenarios(
    graph: Graph, count: int, *, share: float = 0.005, seed: int = 123
) -> list[Scenario]:
    """Return changes of so many of the arcs, drawn from anywhere."""
    rng = np.random.default_rng(seed)
    size = max(1, round(len(graph.tail) * share))
    return [
        _disrupt(graph, np.sort(rng.permutation(len(graph.tail))[:size]).astype(np.int32), number)
        for number in range(count)
    ]


def _disrupt(graph: Graph, rows: Ints, number: int) -> Scenario:
    """Return rows and their weights: half of the segments closed, the others slower."""
    tail, head = graph.tail[rows], graph.head[rows]
    key = np.minimum(tail, head).astype(np.int64) * graph.nodes + np.maximum(tail, head)
    closed = ((key * np.int64(2654435761) + number * 97) >> 7) % 2 == 0
    slower = np.minimum(graph.weight[rows].astype(np.int64) * 3, MOST)
    return rows, np.where(closed, CLOSED, slower).astype(np.int32)
