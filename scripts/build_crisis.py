"""Rebuild the groups of people of the Mali case from figures, shares and the census.

The figures are in ``data/crisis/curated`` with their sources. What is derived here, and nothing
else: how a published total is spread over regions, places and ways of travelling. Running it
twice gives the same bytes. ``data/network`` must have been built first.

Run it as ``python scripts/build_crisis.py``.
"""

import csv
import datetime as dt
import hashlib
import io
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import geopandas as gpd
import networkx as nx
import pandas as pd
import pyproj

from mobility_geo.schema import GROUPS, PLACES, check_table, split_list
from mobility_geo.sources.tables import read_layer

DATA = Path(__file__).parent.parent / "data"
CRISIS = DATA / "crisis"
CURATED = CRISIS / "curated"
# a place this far from a port counts as having one: Timbuktu lies 12 km from Kabara
PORT_KM = 15.0
REBEL_HELD = 2
WRITTEN_ON = "2026-11-23"
# monitoring counted 15,715 people of the 31,745 by whom the stock of displaced people grew
UNDERCOUNT = Fraction(260_665 - 228_920, 15_715)

Row = dict[str, object]


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number by weights into whole numbers that sum to it.

    Parameters
    ----------
    total
        What is split, persons, >= 0.
    weights
        >= 0, at least one of them positive.

    Returns
    -------
    list of int
        Persons per weight.

    Raises
    ------
    ValueError
        If no weight is positive.

    Notes
    -----
    Method of Webster and Sainte-Laguë, and not the largest remainder: a larger total never gives
    anybody less, so that low <= best <= high holds in every row. Ties go to the first.

    Examples
    --------
    >>> apportion(10, [4847, 3255, 220, 216])
    [6, 4, 0, 0]
    """
    exact = [Fraction(str(weight)) for weight in weights]
    whole = sum(exact)
    if whole <= 0:
        msg = "no weight is positive"
        raise ValueError(msg)
    # rounding the shares of half a seat less per weight never awards too many: start from there
    start = max(Fraction(total) - Fraction(len(exact), 2), Fraction(0))
    seats = [math.floor(start * weight / whole + Fraction(1, 2)) for weight in exact]
    while sum(seats) < total:
        ranks = [weight / (2 * seat + 1) for weight, seat in zip(exact, seats, strict=True)]
        seats[ranks.index(max(ranks))] += 1
    return seats


def balance(rows: Sequence[int], columns: Sequence[int]) -> list[list[int]]:
    """Return the table of two margins without any link between them, in whole numbers.

    Parameters
    ----------
    rows, columns
        The margins, persons; both sum to the same.

    Returns
    -------
    list of list of int
        Each cell is row x column / total, rounded up or down so that both margins hold exactly
        and the largest remainders are rounded up first.

    Raises
    ------
    ValueError
        If the margins do not sum to the same.

    Examples
    --------
    >>> balance([3, 2], [4, 1])
    [[2, 1], [2, 0]]
    """
    total = sum(rows)
    if total != sum(columns):
        msg = f"margins sum to {total} and {sum(columns)}"
        raise ValueError(msg)
    cells = [[row * column // total for column in columns] for row in rows]
    graph: nx.DiGraph[tuple[str, int]] = nx.DiGraph()
    for i, row in enumerate(rows):
        graph.add_node(("row", i), demand=sum(cells[i]) - row)
        for j, column in enumerate(columns):
            graph.add_edge(("row", i), ("column", j), capacity=1, weight=-(row * column % total))
    for j, column in enumerate(columns):
        graph.add_node(("column", j), demand=column - sum(line[j] for line in cells))
    for i, flows in sorted(nx.min_cost_flow(graph).items()):
        if i[0] == "row":
            for j, flow in flows.items():
                cells[i[1]][j[1]] += flow
    return cells


def read_rows(name: str) -> list[dict[str, str]]:
    """Read a hand-made table of ``data/crisis/curated``."""
    with (CURATED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def places_with_ports(places: gpd.GeoDataFrame) -> set[str]:
    """Return the places that have a river port within reach.

    Parameters
    ----------
    places
        Schema `PLACES`, longitude and latitude.

    Returns
    -------
    set of str
        Their ``place_id``.
    """
    nodes = gpd.read_file(DATA / "network" / "nodes.geojson")
    ports = nodes[nodes["kind"] == "port"].get_coordinates().to_numpy()
    geod = pyproj.Geod(ellps="WGS84")
    towns = places.get_coordinates().to_numpy()
    return {
        str(place_id)
        for place_id, (x, y) in zip(places["place_id"], towns, strict=True)
        if any(geod.inv(x, y, *port)[2] <= PORT_KM * 1000 for port in ports)
    }


def insecure_places(places: gpd.GeoDataFrame, when: dt.date) -> set[str]:
    """Return the places that lie in an insecure zone of severity 2 or more on a day.

    Parameters
    ----------
    places
        Schema `PLACES`, longitude and latitude.
    when
        The day.

    Returns
    -------
    set of str
        Their ``place_id``.
    """
    zones = gpd.read_file(CRISIS / "insecurity.geojson")
    day = pd.Timestamp(when)
    held = zones[
        (zones["severity"] >= REBEL_HELD) & (zones["start"] <= day) & (zones["end"] >= day)
    ]
    return set(places.loc[places.geometry.within(held.union_all()), "place_id"])


def spread_weights(
    origin: Mapping[str, str], places: gpd.GeoDataFrame, insecure: set[str]
) -> dict[str, float]:
    """Return the places that people of one origin start from, with their weights.

    Parameters
    ----------
    origin
        A row of ``origins.csv``.
    places
        Schema `PLACES`.
    insecure
        Places in an insecure zone on the day.

    Returns
    -------
    dict
        Weight by ``place_id``: equal where the places are named, else the census population.
    """
    named = split_list(origin["places"])
    if named:
        return dict.fromkeys(named, 1.0)
    inside = places[
        (places["pcode"] == origin["origin_pcode"])
        & (places["kind"] == "settlement")
        & (places["population_persons"] > 0)
    ]
    if origin["insecure_only"] == "true":
        inside = inside[inside["place_id"].isin(insecure)]
    return dict(zip(inside["place_id"], inside["population_persons"], strict=True))


def split_persons(
    figures: tuple[int, int, int], weights: Mapping[str, float]
) -> dict[str, tuple[int, int, int]]:
    """Split best, low and high figure over keys by weight; see `apportion`.

    Parameters
    ----------
    figures
        Best, low and high, persons.
    weights
        By key.

    Returns
    -------
    dict
        Best, low and high by key.
    """
    parts = [apportion(figure, list(weights.values())) for figure in figures]
    return dict(zip(weights, zip(*parts, strict=True), strict=True))


def mix_weights(mix: str, *, has_port: bool) -> dict[str, float]:
    """Return the shares of the profiles of a mix at a place, in per cent."""
    where = {"everywhere", "port" if has_port else "elsewhere"}
    return {
        row["profile"]: float(row["share_percent"])
        for row in read_rows("mixes.csv")
        if row["mix"] == mix and row["where"] in where
    }


def displaced_groups(
    block: Mapping[str, str], when: dt.date, places: gpd.GeoDataFrame, ports: set[str]
) -> Iterator[Row]:
    """Yield the groups of one block of people: total over regions, places and profiles.

    Parameters
    ----------
    block
        A row of ``people.csv``.
    when
        The day of the scenario.
    places
        Schema `PLACES`.
    ports
        Places with a port.

    Yields
    ------
    dict
        A row of schema `GROUPS`.
    """
    origins = {
        row["origin_pcode"]: row
        for row in read_rows("origins.csv")
        if row["origins"] == block["origins"]
    }
    insecure = insecure_places(places, when)
    total = (int(block["persons"]), int(block["persons_low"]), int(block["persons_high"]))
    regions = split_persons(total, {key: float(row["weight"]) for key, row in origins.items()})
    for pcode, region_figures in regions.items():
        spread = spread_weights(origins[pcode], places, insecure)
        for place_id, figures in split_persons(region_figures, spread).items():
            mix = mix_weights(block["mix"], has_port=place_id in ports)
            for profile, (best, low, high) in split_persons(figures, mix).items():
                yield {
                    "group_id": f"{block['block']}-{pcode.lower()}-{place_id}-{profile}",
                    "base": "movers",
                    "place_id": place_id,
                    "origin_pcode": pcode,
                    "kind": block["kind"],
                    "nationality": "MLI",
                    "profile": profile,
                    "trip": block["trip"],
                    "destination_set": block["destination_set"],
                    "persons": best,
                    "persons_low": low,
                    "persons_high": high,
                    "time_limit_h": block["time_limit_h"],
                    "risk_limit": block["risk_limit"],
                    "source": f"derived: block {block['block']} of curated/people.csv",
                }


def return_cells(places: gpd.GeoDataFrame) -> list[tuple[dict[str, str], str, str, int]]:
    """Return how many returnees go from each start to each home.

    Parameters
    ----------
    places
        Schema `PLACES`.

    Returns
    -------
    list of tuple
        Row of ``return_margins.csv`` of the start, home, mix of profiles, persons.
    """
    population = places.set_index("place_id")["population_persons"]
    margins = read_rows("return_margins.csv")
    starts = [row for row in margins if row["side"] == "from"]
    regions = [row for row in margins if row["side"] == "to"]
    table = balance(*([int(row["persons"]) for row in side] for side in (starts, regions)))
    cells = []
    for start, line in zip(starts, table, strict=True):
        for region, persons in zip(regions, line, strict=True):
            names = [name for name in split_list(region["place_id"]) if name != start["place_id"]]
            parts = apportion(persons, [population[name] for name in names])
            cells += [
                (start, name, region["mix"], part) for name, part in zip(names, parts, strict=True)
            ]
    return cells


def return_groups(places: gpd.GeoDataFrame, ports: set[str]) -> Iterator[Row]:
    """Yield the groups of returnees: both margins, without any link between them.

    Parameters
    ----------
    places
        Schema `PLACES`.
    ports
        Places with a port.

    Yields
    ------
    dict
        A row of schema `GROUPS`.
    """
    cells = return_cells(places)
    persons = [cell[3] for cell in cells]
    upper = apportion(math.floor(sum(persons) * UNDERCOUNT), persons)
    for (start, home, mix, best), high in zip(cells, upper, strict=True):
        shares = mix_weights(mix, has_port=start["place_id"] in ports)
        for profile, figures in split_persons((best, best, high), shares).items():
            yield {
                "group_id": f"return-{start['place_id']}-{home}-{profile}",
                "base": "movers",
                "place_id": start["place_id"],
                "origin_pcode": start["origin_pcode"],
                "kind": "returnee",
                "nationality": "MLI",
                "profile": profile,
                "trip": "return",
                "destination_set": f"home-{home}",
                "persons": figures[0],
                "persons_low": figures[1],
                "persons_high": figures[2],
                "source": "derived: margins of curated/return_margins.csv, independent",
            }


def groups_text(rows: Iterable[Row]) -> str:
    """Return one table of groups as the text of its file; rows without people are left out."""
    frame = pd.DataFrame([row for row in rows if row["persons_high"] != 0])
    frame = frame.reindex(columns=list(GROUPS.names)).replace("", None)
    return check_table(frame, GROUPS).to_csv(index=False, lineterminator="\n")


def build_groups() -> dict[str, str]:
    """Return the text of every table of groups.

    Returns
    -------
    dict
        Text of ``data/crisis/groups/NAME.csv`` by name.
    """
    places = read_layer(DATA / "network" / "places.geojson", PLACES)
    ports = places_with_ports(places)
    blocks = read_rows("people.csv")
    texts = {}
    for name in sorted({block["scenario"] for block in blocks}):
        with (CRISIS / f"{name}.toml").open("rb") as file:
            when = tomllib.load(file)["when"]
        texts[name] = groups_text(
            row
            for block in blocks
            if block["scenario"] == name
            for row in displaced_groups(block, when, places, ports)
        )
    texts["mali-2013-02-return"] = groups_text(return_groups(places, ports))
    return texts


def sources_text() -> str:
    """Return the text of ``SOURCES.csv``: what each file is, its licence and its checksum."""
    kinds = {
        "curated": "figures and shares from the publications cited in each row",
        "groups": "derived by scripts/build_crisis.py from curated/ and data/network",
        "targets": "figures from the publications cited in each row",
    }
    own = "own work; basis and publications cited in each row"
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "source", "version", "licence", "retrieved_on", "sha256"])
    for path in sorted(CRISIS.rglob("*")):
        if path.suffix in {".csv", ".geojson"} and path.name != "SOURCES.csv":
            name = path.relative_to(CRISIS).as_posix()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            source = kinds.get(path.parent.name, own)
            writer.writerow([name, source, "1", "CC BY 4.0", WRITTEN_ON, digest])
    return out.getvalue()


def main() -> None:
    """Rebuild every derived file of ``data/crisis``."""
    (CRISIS / "groups").mkdir(exist_ok=True)
    for name, text in build_groups().items():
        (CRISIS / "groups" / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
        print(f"groups/{name}.csv: {text.count(chr(10)) - 1} groups")
    (CRISIS / "SOURCES.csv").write_text(sources_text(), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
