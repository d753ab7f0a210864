"""Compare lengths and times of the built-in network with two tables that did not go into it.

Writes docs/explanation/lengths.md. Needs the reference folder: $MOBILITY_GEO_REFERENCE, or
../shared/reference beside the checkout. The tables are compared with, never copied and never
fitted.
"""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from mobility_geo.datasets import load_sahel_network
from mobility_geo.network import Network
from mobility_geo.routing import find_ways, journey
from mobility_geo.scenario import Scenario, TravellerClass

# names in the routes table that are not ours, or not the place they seem
SAME_PLACE = {
    "Niafounke": "niafunke",
    "Fassala-Mbera": "mbera",
    "Lere": "lere",
    "Bobo-Dioulasso": "bobo-dioulasso",
}
GEOD = pyproj.Geod(ellps="WGS84")
DRY_DAY = "2012-02-15"
PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "lengths.md"


def reference_folder() -> Path:
    """Return the folder of the reference tables.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    """
    named = os.environ.get("MOBILITY_GEO_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "reference"
    if not folder.is_dir():
        msg = f"no reference folder at {folder}; set MOBILITY_GEO_REFERENCE"
        raise FileNotFoundError(msg)
    return folder


def quiet_scenario() -> Scenario:
    """Return a dry-season day without disruptions."""
    day = pd.Timestamp(DRY_DAY).date()
    return Scenario(name="dry season", when=day, start=day, end=day)


def compare_routes(network: Network, folder: Path) -> pd.DataFrame:
    """Compare the 35 distances of the routes table, by road and by the shortest of all ways.

    Returns
    -------
    pandas.DataFrame
        One row per pair, as it comes out.
    """
    file = folder / "displacement" / "mali2012" / "input_csv" / "routes.csv"
    routes = pd.read_csv(file)
    routes.columns = [name.lstrip("#") for name in routes.columns]
    rows = []
    points = network.places.to_crs(4326).set_index("place_id").geometry
    for route in routes.itertuples():
        ids = [network.find_place(SAME_PLACE.get(name, name)) for name in route[1:3]]
        one, two = points[ids[0]], points[ids[1]]
        _, _, straight = GEOD.inv(one.x, one.y, two.x, two.y)
        ways = find_ways(
            network, quiet_scenario(), ids[:1], ids[1:],
            traveller=TravellerClass(profile="4x4", nationality="MLI", kind="refugee"),
            impedance="length_m",
        )  # fmt: skip
        length = float(ways.total("length_m")[0, 0]) / 1000
        rows.append(
            {
                "from": route.name1,
                "to": route.name2,
                "straight_km": straight / 1000,
                "network_km": length,
                "network_ratio": length / route.distance,
                "table_ratio": route.distance * 1000 / straight,
            }
        )
    return pd.DataFrame(rows)


def compare_router(network: Network, folder: Path, limit_m: float = 15_000) -> pd.DataFrame:
    """Compare lengths and truck times with those of a road router for links between towns.

    Only links whose two ends lie within `limit_m` of a settlement of the network are compared;
    proposed links without a duration are left out. Ways across a border are marked: our times
    hold the formalities, the router's duration does not.

    Returns
    -------
    pandas.DataFrame
        One row per link that both know.
    """
    links = gpd.read_file(folder / "route_times" / "west_africa_network.gpkg").to_crs(network.crs)
    tree = shapely.STRtree(network.places.geometry.to_numpy())
    settled = network.places["kind"].to_numpy() == "settlement"
    rows = []
    for link in links.to_dict("records"):
        line = link["geometry"]
        parts = line.geoms if hasattr(line, "geoms") else [line]
        ends = [parts[0].coords[0], parts[-1].coords[-1]]
        near = [tree.query_nearest(shapely.Point(end), max_distance=limit_m) for end in ends]
        if not all(len(found) and settled[found[0]] for found in near):
            continue
        ids = [str(network.places["place_id"].iloc[int(found[0])]) for found in near]
        if ids[0] == ids[1]:
            continue
        ways = find_ways(
            network, quiet_scenario(), ids[:1], ids[1:],
            traveller=TravellerClass(profile="truck", nationality="MLI"),
        )  # fmt: skip
        if not ways.reachable()[0, 0] or np.isnan(link["duration"]) or link["add"]:
            continue
        length, time = ways.total("length_m")[0, 0] / 1000, ways.total("time_min")[0, 0] / 60
        rows.append(
            {
                "from": ids[0],
                "to": ids[1],
                "crosses_border": bool(journey(network, ways.arcs(0, 0)).crossing_ids),
                "network_km": length,
                "length_ratio": length * 1000 / link["distance"],
                "network_h": time,
                "time_ratio": time * 60 / link["duration"],
            }
        )
    return pd.DataFrame(rows).drop_duplicates(["from", "to"]).reset_index(drop=True)


def spread(values: "pd.Series[float]") -> str:
    """Return median and quartiles as text."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"median {middle:.2f}, middle half {low:.2f} to {high:.2f}, {len(values)} pairs"


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with the digits that their column needs."""

    def cell(name: str, value: object) -> str:
        if isinstance(value, float):
            return f"{value:.2f}" if "/" in name else f"{value:,.0f}"
        return "yes" if value is True else "" if value is False else str(value)

    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += [
        "| " + " | ".join(cell(str(k), v) for k, v in row.items()) + " |"
        for row in table.to_dict("records")
    ]
    return "\n".join(lines)


def page(routes: pd.DataFrame, router: pd.DataFrame) -> str:
    """Return the page of the documentation that shows both comparisons."""
    inside = router[~router["crosses_border"]]
    abroad = router[router["crosses_border"]]
    names = {"from": "from", "to": "to", "network_km": "our km"}
    first = routes.rename(
        columns={**names, "straight_km": "straight line km", "network_ratio": "ours / table",
                 "table_ratio": "table / straight"}
    )  # fmt: skip
    second = router.rename(
        columns={**names, "crosses_border": "border", "network_h": "our hours",
                 "length_ratio": "length: ours / router", "time_ratio": "time: ours / router"}
    )  # fmt: skip
    second["our hours"] = second["our hours"].map("{:.1f}".format)
    return f"""# How long are the ways, and how do we know?

The length of an edge is the geodesic length of its line times the sinuosity of its class: one
constant per class, fixed before any comparison (`data/network/curated/sinuosity.csv`). Nothing on
this page went into the network and nothing was fitted to it; both comparisons are shown as they
come out. `scripts/compare_lengths.py` writes the page anew.

## Thirty-five distances of a published displacement model

Distances of the Mali 2012 case of Flee (FabFlee, `mali2012`), against the shortest way of a 4x4 in
the dry season: **{spread(routes["network_ratio"])}**.

That table has faults of its own: a ratio of table to straight line below 1 is impossible
(Ansongo - Menaka), and Douentza - Mentao is nearly three times the straight line. Its Lere stands
at another village; here it is the town of that name. Where ours is much longer, no way that we
know of goes straight: between Niafunké and Konna lies the inner delta, and its camp of
Fassala-Mbera is here Mbera, beyond Fassala.

{markdown(first[["from", "to", "straight line km", "our km", "ours / table", "table / straight"]])}

## A road router of today

Links between towns of a West African network whose distances and durations come from a router on
OpenStreetMap (SebKrantz/flownet), for the links whose ends we have, against a truck in the dry
season. Lengths: **{spread(router["length_ratio"])}**. Times inside a country:
**{spread(inside["time_ratio"])}**; across a border, where ours include the formalities:
**{spread(abroad["time_ratio"])}**.

The router drives a car on the roads of today; our truck is that of 2012. Where our length is twice
the router's, it knows a road that our network does not have: the network holds main roads and the
tracks that the crisis was about, not every road of the south.

{
        markdown(
            second[
                [
                    "from",
                    "to",
                    "border",
                    "our km",
                    "our hours",
                    "length: ours / router",
                    "time: ours / router",
                ]
            ]
        )
    }
"""


def main() -> None:
    """Write the page of the documentation."""
    network, folder = load_sahel_network(), reference_folder()
    text = page(compare_routes(network, folder), compare_router(network, folder))
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(PAGE)


if __name__ == "__main__":
    main()
