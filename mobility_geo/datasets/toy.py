"""A made-up country small enough to check by hand."""

import datetime as dt

import geopandas as gpd
import pandas as pd
import shapely

from mobility_geo.network import Network, build_network
from mobility_geo.scenario import (
    Case,
    Closure,
    Scenario,
    border_closure,
    insecurity,
)

# Toa and Tob, drawn to scale (one degree is about 110 km)
#
#   lat 14      farpost                      (Tob)
#   lat 13.5  ----gate-------------------------------- border
#   lat 13      northtown --track-- rivertown (1, 12.5)     oasis (2.6, 12): no road
#   lat 12      midtown                \ river by boat
#   lat 11      southtown ------------- port
#
SOURCE = "made up"
POINTS = {
    "northtown": (0.0, 13.0), "midtown": (0.0, 12.0), "southtown": (0.0, 11.0),
    "rivertown": (1.0, 12.5), "farpost": (0.0, 14.0), "oasis": (2.6, 12.0),
    "gate-toa": (0.0, 13.495), "gate-tob": (0.0, 13.505),
    "port-rivertown": (1.01, 12.5), "port-bend": (1.2, 11.7), "port-southtown": (0.01, 11.0),
}  # fmt: skip
EDGES = (
    # id, from, to, kind, class, surface, oneway, wait_min
    ("north-mid", "northtown", "midtown", "road", "primary", "paved", False, 0),
    ("mid-south", "midtown", "southtown", "road", "primary", "paved", False, 0),
    ("north-river", "northtown", "rivertown", "track", "track", "earth", False, 0),
    ("north-gate", "northtown", "gate-toa", "road", "secondary", "gravel", False, 0),
    ("gate", "gate-toa", "gate-tob", "crossing", "secondary", "gravel", False, 0),
    ("gate-far", "gate-tob", "farpost", "road", "secondary", "gravel", False, 0),
    ("board-river", "rivertown", "port-rivertown", "transfer", "none", "none", True, 120),
    ("land-river", "port-rivertown", "rivertown", "transfer", "none", "none", True, 10),
    ("boat-upper", "port-rivertown", "port-bend", "river", "none", "water", False, 0),
    ("boat-lower", "port-bend", "port-southtown", "river", "none", "water", False, 0),
    ("board-south", "southtown", "port-southtown", "transfer", "none", "none", True, 120),
    ("land-south", "port-southtown", "southtown", "transfer", "none", "none", True, 10),
)
SPEEDS = (
    ("truck", "road", "*", "paved", 60), ("truck", "road", "*", "*", 40),
    ("truck", "track", "*", "*", 20), ("truck", "crossing", "*", "*", 10),
    ("foot", "road", "*", "*", 4), ("foot", "track", "*", "*", 4),
    ("foot", "crossing", "*", "*", 4),
    ("boat", "river", "*", "*", 8), ("boat", "transfer", "*", "*", 4),
    ("boat", "road", "*", "*", 4), ("boat", "track", "*", "*", 4),
    ("boat", "crossing", "*", "*", 4),
)  # fmt: skip


def _country(node: str) -> str:
    return "TOB" if node in {"farpost", "gate-tob"} else "TOA"


def _kind(node: str) -> str:
    if node.startswith("port-"):
        return "port"
    return "crossing" if node.startswith("gate-") else "settlement"


def load_toy_network() -> Network:
    """Return the network of the made-up country.

    Returns
    -------
    Network
        Six places, eleven nodes, a border crossing and a river.

    Examples
    --------
    >>> load_toy_network().crossings["name"].tolist()
    ['Gate']
    """
    crs = 4326
    nodes = [name for name in POINTS if name != "oasis"]
    towns = ["northtown", "midtown", "southtown", "rivertown", "farpost", "oasis"]
    zones = {
        "T1": ("North", "TOA", shapely.box(-1, 12.2, 3, 13.5), 2300),
        "T2": ("South", "TOA", shapely.box(-1, 10, 3, 12.2), 5000),
        "U1": ("Tob", "TOB", shapely.box(-1, 13.5, 3, 15), 800),
    }
    pcode = {"northtown": "T1", "midtown": "T2", "southtown": "T2", "rivertown": "T1",
             "farpost": "U1", "oasis": "T2"}  # fmt: skip
    people = {"northtown": 1500, "midtown": 900, "southtown": 4000, "rivertown": 800,
              "farpost": 800, "oasis": 100}  # fmt: skip
    return build_network(
        name="toy",
        zones=gpd.GeoDataFrame(
            {
                "pcode": list(zones), "name": [z[0] for z in zones.values()], "adm_level": 1,
                "country": [z[1] for z in zones.values()], "parent_pcode": None,
                "pcode_vintage": "toy", "population_persons": [z[3] for z in zones.values()],
                "source": SOURCE,
            },
            geometry=[shapely.MultiPolygon([z[2]]) for z in zones.values()], crs=crs,
        ),
        nodes=gpd.GeoDataFrame(
            {
                "node_id": nodes, "kind": [_kind(n) for n in nodes],
                "name": [n.split("-")[0].capitalize() if _kind(n) != "port" else
                         f"Port of {n.split('-')[1].capitalize()}" for n in nodes],
                "country": [_country(n) for n in nodes],
            },
            geometry=[shapely.Point(POINTS[n]) for n in nodes], crs=crs,
        ),
        edges=gpd.GeoDataFrame(
            {
                "edge_id": [e[0] for e in EDGES], "from_node_id": [e[1] for e in EDGES],
                "to_node_id": [e[2] for e in EDGES], "kind": [e[3] for e in EDGES],
                "road_class": [e[4] for e in EDGES], "surface": [e[5] for e in EDGES],
                "oneway": [e[6] for e in EDGES], "wait_min": [e[7] for e in EDGES],
                "country": [_country(e[2]) for e in EDGES],
                "crossing_id": ["gate" if e[3] == "crossing" else None for e in EDGES],
                "reach": ["lower" if e[3] == "river" else None for e in EDGES],
                "source": SOURCE, "confidence": "high",
            },
            geometry=[shapely.LineString([POINTS[e[1]], POINTS[e[2]]]) for e in EDGES], crs=crs,
        ),
        crossings=gpd.GeoDataFrame(
            {
                "crossing_id": ["gate"], "name": ["Gate"], "country_a": ["TOA"],
                "country_b": ["TOB"], "official": [True], "regime": ["open"],
                "processing_min": [30.0], "source": [SOURCE], "confidence": ["high"],
            },
            geometry=[shapely.Point(0, 13.5)], crs=crs,
        ),
        places=gpd.GeoDataFrame(
            {
                "place_id": towns, "name": [t.capitalize() for t in towns], "kind": "settlement",
                "country": [_country(t) for t in towns], "pcode": [pcode[t] for t in towns],
                "population_persons": [people[t] for t in towns], "source": SOURCE,
            },
            geometry=[shapely.Point(POINTS[t]) for t in towns], crs=crs,
        ),
        waterways=gpd.GeoDataFrame(
            {"waterway_id": ["river"], "name": ["River"], "barrier": [True], "source": [SOURCE]},
            geometry=[shapely.LineString([(1.3, 13.4), (1.01, 12.5), (1.2, 11.7), (0.01, 10.99)])],
            crs=crs,
        ),
        seasons=pd.DataFrame(
            {
                "season_id": ["rain", "low-water"], "label": ["Rainy season", "Low water"],
                "kinds": ["track", "river"], "months": ["7|8|9", "4|5|6"],
                "effect": ["speed_factor", "close"], "value": [0.5, 0.0], "source": SOURCE,
            }
        ),
        profiles=pd.DataFrame(
            {
                "profile": ["truck", "foot", "boat"], "label": ["Truck", "On foot", "By boat"],
                "modes": ["road|track|crossing", "road|track|crossing",
                          "river|transfer|road|track|crossing"],
                "off_road_kph": [3.0, 3.0, 3.0], "hours_per_day": [10, 8, 10],
                "cost_xof_per_km": [20, 0, 10], "source": SOURCE,
            }
        ),
        speeds=pd.DataFrame(
            SPEEDS, columns=["profile", "kind", "road_class", "surface", "speed_kph"]
        ).assign(source=SOURCE),
    )  # fmt: skip


def load_toy() -> Case:
    """Return the question of the made-up country.

    A front line cuts the road from Midtown to Southtown and the border is closed, so people with
    a truck in Northtown are stranded while the boat from Rivertown still runs.

    Returns
    -------
    Case
        1,750 people in four groups.

    Examples
    --------
    >>> int(load_toy().groups["persons"].sum())
    1750
    """
    network = load_toy_network()
    day = dt.date(2013, 1, 20)
    scenario = Scenario(
        name="toy", when=day, start=dt.date(2013, 1, 1), end=dt.date(2013, 12, 31),
        disruptions=(
            insecurity(shapely.box(-0.5, 11.4, 0.5, 11.6), [Closure()], disruption_id="front",
                       start=dt.date(2013, 1, 10), source=SOURCE),
            border_closure(["gate"], disruption_id="border", start=dt.date(2013, 1, 14),
                           source=SOURCE),
        ),
    )  # fmt: skip
    groups = pd.DataFrame(
        [
            ("north-truck", "northtown", "refugee", "truck", 1000, 900, 1200),
            ("mid-foot", "midtown", "refugee", "foot", 400, 300, 400),
            ("river-boat", "rivertown", "refugee", "boat", 300, 300, 350),
            ("oasis-foot", "oasis", "refugee", "foot", 50, 40, 60),
        ],
        columns=["group_id", "place_id", "kind", "profile", "persons", "persons_low",
                 "persons_high"],
    ).assign(base="movers", nationality="TOA", trip="one_way", destination_set="safety",
             source=SOURCE)  # fmt: skip
    stations = ["midtown", "southtown"]
    return Case(
        network=network,
        scenario=scenario,
        groups=groups,
        destinations=pd.DataFrame(
            {"destination_set": "safety", "place_id": ["southtown", "farpost"],
             "kind": ["settlement", "camp"], "source": SOURCE}
        ),
        waystations=gpd.GeoDataFrame(
            {"waystation_id": [f"station-{s}" for s in stations],
             "name": [f"Station {s.capitalize()}" for s in stations], "place_id": stations,
             "kind": "fixed", "hypothetical": True, "source": SOURCE},
            geometry=network.places.geometry.array[network.place_positions(stations)],
            crs=network.crs,
        ),
        title="A made-up country",
        description="A front line and a closed border.",
    )  # fmt: skip
