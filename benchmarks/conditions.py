"""What a scenario costs on a network of a million edges: overlay, conditions, memory.

Run: python benchmarks/conditions.py [edges] [disruptions]. Everything is seeded.
"""

import datetime as dt
import resource
import sys
import time
from dataclasses import fields, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mobility_geo.datasets import load_toy
from mobility_geo.network import Network, build_network
from mobility_geo.scenario import (
    Closure,
    Disruption,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    TravellerClass,
    conditions,
    prepare_overlay,
)

DAY = dt.date(2013, 1, 20)
STEP_M = 1_500.0
TOY_DEG_M = 111_000.0


def grid_network(edges: int, seed: int = 42) -> Network:
    """Return a perturbed grid with about so many edges, with toy profiles and speeds."""
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(edges / 2)) + 1
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    x = (column * STEP_M + rng.uniform(-400, 400, column.shape)).ravel()
    y = (row * STEP_M + rng.uniform(-400, 400, row.shape)).ravel()
    number = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    head = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    return network_of("grid", x, y, tail, head, rng)


def network_of(
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    tail: np.ndarray,
    head: np.ndarray,
    rng: np.random.Generator,
    *,
    places: int = 0,
) -> Network:
    """Return a network of roads of three classes between points in metres.

    Places stand at nodes chosen by chance, ``p0`` to the number of places.
    """
    middle = np.stack([(x[tail] + x[head]) / 2, (y[tail] + y[head]) / 2], axis=1)
    corners = np.stack(
        [np.column_stack([x[tail], y[tail]]), middle + rng.uniform(-100, 100, middle.shape),
         np.column_stack([x[head], y[head]])],
        axis=1,
    )  # fmt: skip
    toy = load_toy().network
    crs = "+proj=laea +lat_0=16 +lon_0=-2 +datum=WGS84 +units=m"
    ids = np.array([f"n{i}" for i in range(len(x))], dtype=object)
    nodes = gpd.GeoDataFrame(
        {"node_id": ids, "kind": "junction", "name": None, "country": "TOA"},
        geometry=shapely.points(x, y), crs=crs,
    )  # fmt: skip
    roads = gpd.GeoDataFrame(
        {
            "edge_id": [f"e{i}" for i in range(len(tail))],
            "from_node_id": ids[tail], "to_node_id": ids[head],
            "kind": "road",
            "road_class": rng.choice(["primary", "secondary", "tertiary"], len(tail)),
            "surface": rng.choice(["paved", "gravel", "earth"], len(tail)),
            "length_m": np.hypot(*np.diff(corners, axis=1).transpose(2, 0, 1)).sum(axis=1),
            "wait_min": 0.0, "country": "TOA", "source": "seeded", "confidence": "low",
        },
        geometry=shapely.linestrings(corners), crs=crs,
    )  # fmt: skip
    none = {name: getattr(toy, name).iloc[:0].to_crs(crs) for name in
            ("zones", "crossings", "waterways")}  # fmt: skip
    at = rng.choice(len(ids), places, replace=False)
    place_ids = [f"p{i}" for i in range(places)]
    settlements = gpd.GeoDataFrame(
        {"place_id": place_ids, "name": place_ids, "kind": "settlement", "country": "TOA",
         "approximate": False, "source": "seeded"},
        geometry=nodes.geometry.array[at], crs=crs,
    )  # fmt: skip
    points = np.column_stack([x[at], y[at]])
    accesses = gpd.GeoDataFrame(
        {"access_id": [f"access/{place}/1" for place in place_ids], "place_id": place_ids,
         "node_id": ids[at], "edge_id": None, "off_road_m": 0.0, "along_m": 0.0},
        geometry=shapely.linestrings(np.repeat(points[:, None], 2, axis=1)), crs=crs,
    )  # fmt: skip
    return build_network(
        name=name, nodes=nodes, edges=roads, crs=crs, seasons=toy.seasons,
        profiles=toy.profiles, speeds=toy.speeds, places=settlements, accesses=accesses, **none,
    )  # fmt: skip


def random_scenario(network: Network, disruptions: int, seed: int = 7) -> Scenario:
    """Return areas of 1 to 12 km at random places that close, slow and endanger roads."""
    rng = np.random.default_rng(seed)
    west, south, east, north = network.edges.total_bounds
    made = []
    for number in range(disruptions):
        point = shapely.Point(rng.uniform(west, east), rng.uniform(south, north))
        area = point.buffer(rng.uniform(1_000, 12_000), quad_segs=int(rng.integers(8, 200)))
        area = gpd.GeoSeries([area], crs=network.crs).to_crs(4326).iloc[0]
        effect = [Closure(), SpeedFactor(0.5), RiskCost(0.001)][number % 3]
        made.append(
            Disruption(disruption_id=f"d{number:04d}", kind="insecurity",
                       what=Selection(area=area), effects=(effect,))
        )  # fmt: skip
    return Scenario(name="random", when=DAY, start=DAY, end=DAY, disruptions=tuple(made))


def main() -> None:
    """Measure, and print a line each."""
    edges = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000  # noqa: PLR2004
    clock = time.process_time()

    def lap(what: str) -> None:
        nonlocal clock
        now = time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{what:<52} {now - clock:9.3f} s CPU   peak {peak:7.0f} MB")
        clock = time.process_time()

    network = grid_network(edges)
    lap(f"network of {len(network.edges):,} edges built and checked")
    scenario = random_scenario(network, count)
    lap(f"{count:,} disruptions drawn")
    prepare_overlay(network, scenario)
    lap("overlay of all of them, once")
    who = TravellerClass(profile="truck", nationality="TOA")
    conditions(network, scenario.baseline(), DAY, who)
    lap("baseline of the month, once")
    others = [dt.date(2013, month, 20) for month in (2, 3)]
    year = replace(scenario.baseline(), start=dt.date(2013, 1, 1), end=dt.date(2013, 12, 31))
    for day in others:
        conditions(network, year, day, who)
    lap("baselines of two more months")
    shut = replace(scenario, disruptions=tuple(
        replace(one, effects=(Closure(),)) for one in scenario.disruptions
    ))  # fmt: skip
    for words, laid, share in (
        ("close, slow, endanger", scenario, 1.0), ("close, slow, endanger", scenario, 0.1),
        ("close, slow, endanger", scenario, 0.01), ("all close", shut, 1.0),
    ):  # fmt: skip
        part = laid.without(ids=[d.disruption_id for d in laid.disruptions[int(count * share) :]])
        conditions(network, part, DAY, who)
        times = []
        for _ in range(5):
            began = time.process_time()
            held = conditions(network, part, DAY, who)
            times.append(time.process_time() - began)
        arrays = [getattr(held, item.name) for item in fields(held)]
        size = sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
        changed = len(pd.unique(network.arcs.edge[held.arc]))
        best = min(times)
        print(
            f"conditions: {len(part.disruptions):>5,} areas ({words}), {changed:>8,} edges differ: "
            f"{best * 1e3:8.1f} ms, {best * 1e6 / max(changed, 1):6.2f} us and "
            f"{size / max(changed, 1):5.0f} bytes per edge"
        )


if __name__ == "__main__":
    main()
