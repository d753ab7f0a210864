"""A made-up country as an analyst gets it: files in the publishers' own forms, to practise on."""

import csv
import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import openpyxl
import osmium
import rasterio
import shapely
from rasterio.features import rasterize
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from mobility_geo.errors import InputError, OutputError

# The country lies in the open sea, where no map shows one, and its codes are from the ranges that
# ISO 3166-1 leaves to users: nobody can take it for a real one.
#
#        Yarédo -------- Aguélé                N'Zéré -- Lérada | Almara camp
#   Pélira                  \          Tessika --/         /    |
#     Wassané -- Nimbala    Issékou --/   |    Zorkéla ---/     |
#        |          \______/RN1         Marsalé --/             |      north bank
#   ~~~~ferry~~~~~~~~bridge~~~~~~~~~~~~~~~bridge~~~~~~~~~~~~~~~~|~~~~  the Ouaréla
#     Kalimé ----- Doréa --- Dioréla --- Sirafé                 |      south bank
#    Fadjila   Sabékou          Orsana --- Koumbéra - Bankéla --|- Belmira
#
COUNTRY: Final = "XPA"
NEIGHBOUR: Final = "XPB"
NAME: Final = "Practique (invented)"
INVENTED: Final = "invented, for practice: not a real place, person or event"
DAY: Final = dt.date(2026, 8, 24)
FIRST_EVENT: Final = dt.date(2026, 5, 26)
EVENTS: Final = 150

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]
XY = tuple[float, float]

TOWNS: Final[Mapping[str, tuple[float, float, int]]] = {
    "Doréa": (2.62, 0.93, 210_000), "Kalimé": (2.05, 0.82, 38_000), "Fadjila": (1.80, 0.66, 12_000),
    "Sabékou": (2.35, 0.62, 16_000), "Gonda": (2.80, 1.42, 22_000), "Nimbala": (2.50, 1.60, 9_000),
    "Wassané": (1.95, 1.62, 41_000), "Tchoumé": (1.78, 1.95, 11_000), "Pélira": (2.15, 2.15, 8_000),
    "Yarédo": (2.55, 2.20, 7_000), "Port-Léra": (2.02, 1.04, 3_000),
    "Port-Wassa": (2.02, 1.21, 4_000), "Orsana": (3.45, 0.85, 62_000),
    "Hambéro": (3.12, 0.72, 14_000), "Koumbéra": (3.95, 0.72, 19_000),
    "Bankéla": (4.10, 1.10, 12_000), "Dioréla": (3.20, 1.12, 15_000), "Sirafé": (3.72, 1.27, 9_000),
    "Marsalé": (3.74, 1.66, 8_000), "Tessika": (3.55, 2.05, 54_000), "Aguélé": (3.10, 2.28, 13_000),
    "N'Zéré": (3.95, 2.22, 16_000), "Zorkéla": (4.15, 1.90, 10_000),
    "Issékou": (3.20, 1.78, 17_000), "Lérada": (4.28, 2.10, 6_000),
}  # fmt: skip
"""Towns: longitude, latitude, residents."""

BEYOND: Final[Mapping[str, XY]] = {"Almara": (4.64, 2.06), "Belmira": (4.72, 1.05)}
"""Towns of the neighbour."""

LEGS: Final = (
    # ref, highway, surface, through
    ("RN1", "trunk", "asphalt", ("Doréa", "bridge-1", "Gonda", "Issékou", "Tessika")),
    ("RN2", "primary", "asphalt", ("Fadjila", "Kalimé", "fork", "Doréa", "Dioréla", "Orsana")),
    ("RN3", "secondary", "gravel", ("Orsana", "Sirafé", "bridge-2", "Marsalé", "Tessika")),
    ("RN4", "primary", "asphalt", ("Gonda", "Nimbala", "Wassané")),
    ("RN5", "secondary", "unpaved", ("Tessika", "N'Zéré", "Lérada", "Almara")),
    ("RN6", "secondary", "compacted", ("Orsana", "Koumbéra", "Bankéla", "Belmira")),
    ("RD1", "tertiary", "laterite", ("Kalimé", "Port-Léra")),
    ("RD1", "tertiary", "laterite", ("Port-Wassa", "Wassané")),
    ("RD2", "tertiary", "unpaved", ("Wassané", "Tchoumé", "Pélira", "Yarédo")),
    ("RD3", "track", "ground", ("Yarédo", "Aguélé", "Issékou")),
    ("RD4", "track", "dirt", ("Marsalé", "Zorkéla", "Lérada")),
    ("RD5", "tertiary", "", ("Kalimé", "Sabékou", "Doréa")),
    ("RD6", "unclassified", "gravel", ("Dioréla", "Hambéro", "Orsana")),
    ("RD7", "track", "sand", ("Nimbala", "Pélira")),
    ("", "track", "earth", ("Sirafé", "Bankéla")),
    ("", "track", "sand", ("dune-1", "dune-2", "dune-3")),
)
POINTS: Final[Mapping[str, XY]] = {
    "dune-1": (1.72, 2.28), "dune-2": (1.80, 2.36), "dune-3": (1.93, 2.37), "fork": (2.56, 0.91),
}  # fmt: skip
"""Junctions that are no town; the dunes hang together, and with nothing else."""

COLUMNS_X: Final = (1.6, 2.3, 3.0, 3.7, 4.4, 4.95)
ROWS_Y: Final = (0.5, 1.15, 1.8, 2.5)
REGIONS: Final[Mapping[str, tuple[str, tuple[tuple[int, int], ...]]]] = {
    "XP01": ("Doréa", ((0, 0), (1, 0), (1, 1))),
    "XP02": ("Wassané", ((0, 1), (0, 2), (1, 2))),
    "XP03": ("Orsana", ((2, 0), (3, 0), (2, 1))),
    "XP04": ("Tessika", ((2, 2), (3, 2), (3, 1))),
}
"""First level: code, name, and the cells of the grid that are its second level."""

DISTRICTS: Final[Mapping[tuple[int, int], str]] = {
    (0, 0): "Kalimé", (1, 0): "Doréa", (1, 1): "Gonda", (0, 1): "Wassané", (0, 2): "Tchoumé",
    (1, 2): "Pélira", (2, 0): "Orsana", (3, 0): "Koumbéra", (2, 1): "Issékou",
    (2, 2): "Aguélé", (3, 2): "Tessika", (3, 1): "Marsalé",
}  # fmt: skip
RIVER: Final = "Ouaréla"
SYLLABLES: Final = (
    ("Bé", "Ka", "Do", "Sé", "Ma", "Tou", "Né", "Fa", "Gué", "Lo", "Yo", "Dja"),
    ("ra", "lé", "mba", "ko", "né", "ssi", "gou", "di"),
    ("la", "bé", "kou", "na", "ré", "dji", "wa", "zé"),
)  # fmt: skip
CELL_DEG: Final = 1 / 120
FLOOD_CELL_DEG: Final = 0.00225
VILLAGES: Final = 55
FAR_VILLAGES: Final = 4
"""So many of them lie farther than 15 km from every road."""

FILES: Final[Mapping[str, str]] = {
    "regions": "xpa_admbnda_adm1_2026.geojson",
    "districts": "xpa_admbnda_adm2_2026.geojson",
    "neighbour": "xpb_admbnda_adm2_2026.geojson",
    "roads": "roads.osm.pbf",
    "river": "river.geojson",
    "crossings": "crossings.csv",
    "settlements": "settlements.csv",
    "camps": "camps.csv",
    "people": "ppp_2020.tif",
    "events": "events.csv",
    "flood": "flood_2026-08-20.tif",
    "road_conditions": "road_conditions.xlsx",
    "displaced": "displaced.csv",
    "destinations": "destinations.csv",
    "waystations": "waystations.csv",
    "network": "network.toml",
    "scenario": "scenario.toml",
    "readme": "README.txt",
}
"""What is written, by what it is."""


def write_practice_files(folder: str | Path, *, seed: int = 1) -> dict[str, Path]:
    """Write the files of a made-up country, as publishers hand them round, to practise on.

    Everything in them is invented. They have the faults that such files have: a settlement with
    the wrong sign of longitude, names in Latin-1, a merged header, an event without a place, a
    piece of road that hangs together with nothing.

    Parameters
    ----------
    folder
        Where to; made if it is not there. Files of these names in it are replaced.
    seed
        Of the random numbers, >= 0: the same seed gives the same bytes.

    Returns
    -------
    dict
        Paths by what they are: ``regions``, ``districts`` and ``neighbour`` (boundaries as OCHA
        publishes them), ``roads`` (OpenStreetMap), ``river``, ``crossings``, ``settlements``,
        ``camps``, ``people`` (raster, persons per cell), ``events`` (columns of ACLED), ``flood``
        (raster, depth in cm), ``road_conditions`` (workbook), ``displaced``, ``destinations``,
        ``waystations``, ``network`` and ``scenario`` (TOML), ``readme``. Under 3 MB in all.

    Raises
    ------
    InputError
        If the seed is not a whole number of 0 or more.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_practice_files(folder)
    ...     files["roads"].name
    'roads.osm.pbf'
    """
    if type(seed) is not int or seed < 0:
        msg = f"seed: must be a whole number, 0 or more, not {seed!r}"
        raise InputError(msg)
    target = Path(folder)
    paths = {what: target / name for what, name in FILES.items()}
    try:
        target.mkdir(parents=True, exist_ok=True)
        _write_all(paths, seed)
    except OSError as error:
        msg = f"{target}: cannot be written: {error.strerror or error}"
        raise OutputError(msg) from error
    return paths


def _write_all(paths: Mapping[str, Path], seed: int) -> None:
    # one stream of numbers for each part, so that a change in one leaves the others as they are
    rngs = [np.random.default_rng([seed, part]) for part in range(8)]
    cells = _cells(rngs[0])
    river = _river(rngs[1])
    legs = _legs(river, rngs[2])
    land = shapely.union_all([cells[cell] for cell in DISTRICTS])
    villages = _villages(legs, land, river, rngs[3])
    _write_boundaries(paths, cells)
    _write_roads(paths["roads"], legs, river, rngs[4])
    river_row = {"waterway_id": "ouarela", "name": RIVER, "waterway": "river", "source": INVENTED}
    _write_geojson(paths["river"], [(river_row, river)])
    settlements = _settlements(villages, cells)
    _write_csv(paths["settlements"], settlements, encoding="latin-1")
    _write_people(paths["people"], villages, land, rngs[5])
    _write_events(paths["events"], legs, rngs[6])
    _write_flood(paths["flood"], river, rngs[7])
    _write_road_conditions(paths["road_conditions"])
    place_ids = {row["featureNam"]: row["pcode"] for row in settlements}
    _write_small_tables(paths, _border_posts(legs, cells), place_ids)
    for what, text in (("network", NETWORK_TOML), ("scenario", SCENARIO_TOML), ("readme", README)):
        paths[what].write_text(text, encoding="utf-8", newline="\n")


# ------------------------------------------------------------------ shapes
def _bent(
    start: XY, end: XY, rng: np.random.Generator, *, bend: float, step_deg: float
) -> list[XY]:
    """Return a line between two points that is bent by halving it, again and again.

    With a bend of 0.07 and four halvings it leaves its ends at less than 45 degrees, so that the
    sides of a cell never meet but at its corners.
    """
    line = np.array([start, end], dtype=float)
    while np.hypot(*(line[1] - line[0])) > step_deg:
        part = np.diff(line, axis=0)
        side = np.column_stack([-part[:, 1], part[:, 0]])
        middle = line[:-1] + part / 2 + side * rng.uniform(-bend, bend, (len(part), 1))
        woven = np.empty((len(line) + len(middle), 2))
        woven[::2], woven[1::2] = line, middle
        line = woven
    return [(round(float(x), 6), round(float(y), 6)) for x, y in line]


def _cells(rng: np.random.Generator) -> dict[tuple[int, int], shapely.Polygon]:
    """Return the second level of both countries; neighbours share every point of their border."""
    corner = {
        (i, j): (x + float(rng.uniform(-0.05, 0.05)), y + float(rng.uniform(-0.05, 0.05)))
        for i, x in enumerate(COLUMNS_X)
        for j, y in enumerate(ROWS_Y)
    }

    def side(a: tuple[int, int], b: tuple[int, int]) -> list[XY]:
        # the national border is kept nearly straight, so that its towns stay on their side
        bend = 0.03 if a[0] == b[0] == len(COLUMNS_X) - 2 else 0.07
        return _bent(corner[a], corner[b], rng, bend=bend, step_deg=0.06)

    across = {
        (i, j): side((i, j), (i + 1, j))
        for i in range(len(COLUMNS_X) - 1)
        for j in range(len(ROWS_Y))
    }
    up = {
        (i, j): side((i, j), (i, j + 1))
        for i in range(len(COLUMNS_X))
        for j in range(len(ROWS_Y) - 1)
    }
    return {
        (i, j): shapely.Polygon(
            [*across[i, j], *up[i + 1, j][1:], *across[i, j + 1][::-1][1:], *up[i, j][::-1][1:]]
        )
        for i in range(len(COLUMNS_X) - 1)
        for j in range(len(ROWS_Y) - 1)
    }


def _river(rng: np.random.Generator) -> shapely.LineString:
    x = np.linspace(COLUMNS_X[0] - 0.1, COLUMNS_X[-1] + 0.1, 260)
    bends = sum(
        size * np.sin(2 * np.pi * x / length + rng.uniform(0, 2 * np.pi))
        for size, length in ((0.022, 0.9), (0.012, 0.31), (0.006, 0.11))
    )
    y = 1.05 + 0.2 * (x - 1.6) + bends
    return shapely.LineString(np.column_stack([x, y]).round(6))


def _river_y(river: shapely.LineString, x: float) -> float:
    line = shapely.get_coordinates(river)
    return float(np.interp(x, line[:, 0], line[:, 1]))


def _legs(river: shapely.LineString, rng: np.random.Generator) -> list[Row]:
    """Return the ways of the roads between towns; the ferry and both bridges are among them."""
    places = {**{name: (x, y) for name, (x, y, _) in TOWNS.items()}, **BEYOND, **POINTS}
    legs: list[Row] = []

    def add(a: str, b: str, ref: str, **tags: str) -> None:
        short = np.hypot(*(np.subtract(places[a], places[b]))) < 0.01  # noqa: PLR2004
        bend = 0.0 if short else 0.07
        line = _bent(places[a], places[b], rng, bend=bend, step_deg=0.022)
        legs.append({"ends": (a, b), "line": line, "tags": tags | ({"ref": ref} if ref else {})})

    for ref, highway, surface, through in LEGS:
        tags = {"highway": highway} | ({"surface": surface} if surface else {})
        if highway == "track":
            tags["tracktype"] = "grade4" if surface == "sand" else "grade3"
        stops = list(through)
        for number in (1, 2):
            if f"bridge-{number}" in stops:
                at = stops.index(f"bridge-{number}")
                (xa, _), (xb, _) = places[stops[at - 1]], places[stops[at + 1]]
                x = (xa + xb) / 2
                y = _river_y(river, x)
                south, north = f"bank-{number}-south", f"bank-{number}-north"
                places[south], places[north] = (x, y - 0.003), (x, y + 0.003)
                stops[at : at + 1] = [south, north]
        for a, b in pairwise(stops):
            if a.startswith("bank") and b.startswith("bank"):
                add(a, b, ref, **tags, bridge="yes", layer="1", name=f"Pont de l'{RIVER}")
            elif {a, b} == {"fork", "Doréa"}:
                # the carriageways of the last kilometres into the capital
                legs.append({"ends": (a, b), "line": [places[a], places[b]], "shift_deg": 0.0001,
                             "tags": {**tags, "ref": ref, "oneway": "yes"}})  # fmt: skip
                legs.append({"ends": (b, a), "line": [places[b], places[a]], "shift_deg": 0.0001,
                             "tags": {**tags, "ref": ref, "oneway": "yes"}})  # fmt: skip
            else:
                add(a, b, ref, **tags)
    legs.append({
        "ends": ("Port-Léra", "Port-Wassa"), "line": [places["Port-Léra"], places["Port-Wassa"]],
        "tags": {"route": "ferry", "name": "Bac de Port-Léra", "motor_vehicle": "yes",
                 "duration": "00:45"},
    })  # fmt: skip
    return legs


def _lines(legs: Sequence[Row], *, without: Sequence[str] = ()) -> shapely.MultiLineString:
    """Return the roads in one shape, without ferries."""
    return shapely.MultiLineString(
        [leg["line"] for leg in legs if "highway" in leg["tags"] and leg["ends"][0] not in without]
    )


def _villages(
    legs: Sequence[Row], land: BaseGeometry, river: shapely.LineString, rng: np.random.Generator
) -> list[tuple[str, float, float, int]]:
    """Return villages: most of them near a road, some a walk away, a few far from any."""
    roads = _lines(legs)
    inside = land.buffer(-0.03)
    names = [
        "".join(parts) for parts in zip(*(rng.choice(part, 400) for part in SYLLABLES), strict=True)
    ]
    unique = list(dict.fromkeys(names))
    found: list[tuple[str, float, float, int]] = []
    sizes = np.exp(rng.normal(6.9, 0.7, VILLAGES)).round(-1).clip(150, 6000)
    far = [(2.10, 1.90), (2.74, 1.76), (3.50, 2.28), (2.42, 1.98)]
    while len(found) < VILLAGES:
        number = len(found)
        if number < FAR_VILLAGES:
            x, y = (value + float(rng.uniform(-0.02, 0.02)) for value in far[number])
        else:
            on = roads.interpolate(float(rng.uniform()), normalized=True)
            away = float(rng.choice([0.003, 0.015, 0.05, 0.09]))
            x, y = on.x + away * float(rng.normal()), on.y + away * float(rng.normal())
        point = shapely.Point(round(x, 5), round(y, 5))
        apart = min(np.hypot(x - a, y - b) - (n / 1e8) ** 0.5 for a, b, n in TOWNS.values())
        # a village beside a city would be given half of its people
        if apart > 0.02 and river.distance(point) > 0.012 and inside.contains(point):  # noqa: PLR2004
            found.append((unique[number], point.x, point.y, int(sizes[number])))
    return found


def _border_posts(
    legs: Sequence[Row], cells: Mapping[tuple[int, int], shapely.Polygon]
) -> dict[str, XY]:
    """Return where the roads to the towns of the neighbour leave the country."""
    land = shapely.union_all([cells[cell] for cell in DISTRICTS])
    found = {}
    for leg in legs:
        if leg["ends"][1] in BEYOND:
            at = shapely.intersection(shapely.LineString(leg["line"]), shapely.boundary(land))
            point = shapely.get_coordinates(at)[0]
            found[leg["ends"][1]] = (round(float(point[0]), 5), round(float(point[1]), 5))
    return found


# ------------------------------------------------------------------ files
def _write_geojson(path: Path, rows: Sequence[tuple[Row, BaseGeometry]]) -> None:
    content = {
        "type": "FeatureCollection",
        "name": path.stem,
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        "features": [
            {"type": "Feature", "properties": row, "geometry": mapping(shape)}
            for row, shape in rows
        ],
    }
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8", newline="\n")


def _district_codes() -> dict[tuple[int, int], str]:
    return {
        cell: f"{region}{number:02d}"
        for region, (_, cells) in REGIONS.items()
        for number, cell in enumerate(cells, start=1)
    }


def _write_boundaries(
    paths: Mapping[str, Path], cells: Mapping[tuple[int, int], shapely.Polygon]
) -> None:
    top = {"ADM0_FR": NAME, "ADM0_PCODE": "XP", "date": "2026-01-15", "validOn": "2026-02-01",
           "validTo": None}  # fmt: skip
    codes = _district_codes()
    regions, districts = [], []
    for code, (name, members) in REGIONS.items():
        above: Row = {"ADM1_FR": f"Région de {name}", "ADM1_PCODE": code, **top}
        regions.append((above, shapely.union_all([cells[cell] for cell in members])))
        districts += [
            ({"ADM2_FR": DISTRICTS[cell], "ADM2_PCODE": codes[cell], **above}, cells[cell])
            for cell in members
        ]
    _write_geojson(paths["regions"], regions)
    _write_geojson(paths["districts"], districts)
    last = len(COLUMNS_X) - 2
    _write_geojson(paths["neighbour"], [
        ({"ADM2_FR": f"Voisine {word}", "ADM2_PCODE": f"XB010{row + 1}",
          "ADM1_FR": "Région voisine", "ADM1_PCODE": "XB01", **top,
          "ADM0_FR": "Voisinie (invented)", "ADM0_PCODE": "XB"}, cells[last, row])
        for row, word in enumerate(("Sud", "Centre", "Nord"))
    ])  # fmt: skip


def _write_roads(
    path: Path, legs: Sequence[Row], river: shapely.LineString, rng: np.random.Generator
) -> None:
    """Write roads, streets, the ferry, the river and the towns as OpenStreetMap has them."""
    ids: dict[XY, int] = {}

    def node(point: XY) -> int:
        return ids.setdefault((round(point[0], 7), round(point[1], 7)), len(ids) + 1)

    ways: list[tuple[list[int], dict[str, str]]] = []
    for leg in legs:
        line = list(leg["line"])
        if "shift_deg" in leg:
            (xa, ya), (xb, yb) = line[0], line[-1]
            size = float(np.hypot(xb - xa, yb - ya))
            side = (leg["shift_deg"] * (yb - ya) / size, -leg["shift_deg"] * (xb - xa) / size)
            line[1:-1] = [
                (xa + s * (xb - xa) + side[0], ya + s * (yb - ya) + side[1])
                for s in (0.05, 0.35, 0.65, 0.95)
            ]
        ways.append(([node(point) for point in line], leg["tags"]))
    for x, y, persons in TOWNS.values():
        size = 0.0025
        arms = 1 if persons < 20_000 else 2  # noqa: PLR2004
        kind = {"highway": "residential", "surface": str(rng.choice(["unpaved", "ground"]))}
        steps = range(-arms, arms + 1)
        for k in steps:
            ways.append(([node((x + k * size, y + j * size)) for j in steps], kind))
            ways.append(([node((x + j * size, y + k * size)) for j in steps], kind))
    ways.append(
        ([node((float(x), float(y))) for x, y in shapely.get_coordinates(river)],
         {"waterway": "river", "name": RIVER})
    )  # fmt: skip
    towns = {(x, y): (name, persons) for name, (x, y, persons) in TOWNS.items()}
    path.unlink(missing_ok=True)
    stamp = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
    header = osmium.io.Header()
    header.set("generator", "mobility_geo practice files: invented")
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for (x, y), number in ids.items():
            name, persons = towns.get((x, y), ("", 0))
            rank = "city" if persons > 100_000 else "town" if persons > 10_000 else "village"  # noqa: PLR2004
            tags = {"place": rank, "name": name, "population": str(persons)} if name else {}
            writer.add_node(osmium.osm.mutable.Node(
                id=number, location=(x, y), tags=tags, version=1, timestamp=stamp,
            ))  # fmt: skip
        for number, (refs, kind) in enumerate(ways, start=1):
            writer.add_way(osmium.osm.mutable.Way(
                id=number, nodes=refs, tags=kind, version=1, timestamp=stamp,
            ))  # fmt: skip


def _write_csv(path: Path, rows: Sequence[Row], encoding: str = "utf-8") -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def _settlements(
    villages: Sequence[tuple[str, float, float, int]],
    cells: Mapping[tuple[int, int], shapely.Polygon],
) -> list[Row]:
    """Return towns and villages in the columns that OCHA publishes."""
    codes = _district_codes()
    places = [(name, x, y) for name, (x, y, _) in TOWNS.items()]
    places += [(name, x, y) for name, x, y, _ in villages]
    count: dict[str, int] = {}
    rows = []
    for name, x, y in places:
        point = shapely.Point(x, y)
        cell = next(cell for cell in DISTRICTS if cells[cell].covers(point))
        code = codes[cell]
        count[code] = count.get(code, 0) + 1
        # the sign of one longitude got lost on the way, as it does
        shown = -x if name == villages[-1][0] else x
        rows.append({
            "featureNam": name, "pcode": f"{code}{count[code]:03d}", "featureAlt": "NA",
            "popPlaceCl": 1 if name in TOWNS else 5, "admin0Name": NAME, "admin0Pcod": "XP",
            "admin1Name": f"Région de {REGIONS[code[:4]][0]}", "admin1Pcod": code[:4],
            "admin2Name": DISTRICTS[cell], "admin2Pcod": code, "date": "2026/01/15",
            "validOn": "2026/02/01", "longitude": round(shown, 6), "latitude": round(y, 6),
        })  # fmt: skip
    return rows


def _raster(path: Path, values: npt.NDArray[Any], transform: Affine, nodata: float, **tags: str
            ) -> None:  # fmt: skip
    path.unlink(missing_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
        dtype=values.dtype, crs="EPSG:4326", transform=transform, nodata=nodata,
        compress="deflate", predictor=3 if values.dtype.kind == "f" else 2, tiled=True,
        blockxsize=256, blockysize=256,
    ) as out:  # fmt: skip
        out.write(values, 1)
        out.update_tags(**tags)


def _write_people(
    path: Path,
    villages: Sequence[tuple[str, float, float, int]],
    land: BaseGeometry,
    rng: np.random.Generator,
) -> None:
    west, north = COLUMNS_X[0] - 0.2, ROWS_Y[-1] + 0.2
    shape = (round((north - ROWS_Y[0] + 0.2) / CELL_DEG),
             round((COLUMNS_X[-2] + 0.2 - west) / CELL_DEG))  # fmt: skip
    transform = Affine(CELL_DEG, 0, west, 0, -CELL_DEG, north)
    persons = np.zeros(shape)
    everybody = [*TOWNS.values(), *((x, y, size) for _, x, y, size in villages)]
    for x, y, count in everybody:
        spot = np.zeros(shape)
        spot[int((north - y) / CELL_DEG), int((x - west) / CELL_DEG)] = count
        wide = 0.5 + (count / 50_000) ** 0.5
        at = np.argwhere(spot)[0]
        window = tuple(slice(max(0, int(k) - 12), int(k) + 13) for k in at)
        persons[window] += gaussian_filter(spot[window], wide, mode="constant")
    # hamlets that no list of settlements has
    persons += gaussian_filter(rng.gamma(0.03, 25, shape), 1.0)
    inside = rasterize([land], out_shape=shape, transform=transform, fill=0, default_value=1)
    values = np.where(inside == 1, persons, -99999).astype("float32")
    # a raster of two figures behind the point packs well
    values = np.where(values > 0, np.round(values, 1), values).astype("float32")
    _raster(path, values, transform, -99999, AREA_OR_POINT="Area",
            TIFFTAG_IMAGEDESCRIPTION=f"People per pixel (ppp), in the form of WorldPop; {INVENTED}",
            )  # fmt: skip


def _write_flood(path: Path, river: shapely.LineString, rng: np.random.Generator) -> None:
    west, east, south, north = 2.9, 4.5, 1.15, 1.95
    shape = (round((north - south) / FLOOD_CELL_DEG), round((east - west) / FLOOD_CELL_DEG))
    x = west + (np.arange(shape[1]) + 0.5) * FLOOD_CELL_DEG
    y = north - (np.arange(shape[0]) + 0.5) * FLOOD_CELL_DEG
    line = shapely.get_coordinates(river)
    middle = np.interp(x, line[:, 0], line[:, 1])
    away = np.abs(y[:, None] - middle[None, :])
    # the plain floods most about the eastern bridge, to some 12 km from the bed
    width = 0.02 + 0.09 * np.exp(-(((x - 3.78) / 0.33) ** 2))
    ground = gaussian_filter(rng.normal(0, 1, shape), 6) * 220
    depth_cm = 170 * (1 - away / width[None, :]) + ground
    values = np.where(depth_cm >= 5, np.round(depth_cm / 5) * 5, 0).astype("int16")  # noqa: PLR2004
    # a cloud hid this corner from the satellite
    values[:30, :40] = -9999
    _raster(path, values, Affine(FLOOD_CELL_DEG, 0, west, 0, -FLOOD_CELL_DEG, north), -9999,
            TIFFTAG_IMAGEDESCRIPTION=f"Depth of water, cm, 2026-08-20; {INVENTED}")  # fmt: skip


KINDS_OF_EVENTS: Final = (
    ("Battles", "Armed clash", "Political violence", 0.36),
    ("Violence against civilians", "Attack", "Political violence", 0.30),
    ("Explosions/Remote violence", "Remote explosive/landmine/IED", "Political violence", 0.06),
    ("Violence against civilians", "Abduction/forced disappearance", "Political violence", 0.08),
    ("Strategic developments", "Looting/property destruction", "Strategic developments", 0.10),
    ("Protests", "Peaceful protest", "Demonstrations", 0.10),
)


def _write_events(path: Path, legs: Sequence[Row], rng: np.random.Generator) -> None:
    """Write events along some roads of the north-east, and a few anywhere."""
    by_ends = {leg["ends"]: shapely.LineString(leg["line"]) for leg in legs}
    spots = [
        (by_ends["Issékou", "Tessika"], 0.55), (by_ends["Tessika", "N'Zéré"], 0.20),
        (by_ends["Marsalé", "Zorkéla"], 0.07), (by_ends["Gonda", "Issékou"], 0.05),
        (_lines(legs, without=["Lérada", "Bankéla"]), 0.13),
    ]  # fmt: skip
    rows: list[Row] = []
    days = (DAY - FIRST_EVENT).days - 1
    for number in range(1, EVENTS + 1):
        line = spots[int(rng.choice(len(spots), p=[share for _, share in spots]))][0]
        near = float(rng.beta(4, 2.5)) if line.geom_type == "LineString" else float(rng.uniform())
        on = line.interpolate(near, normalized=True)
        kind = KINDS_OF_EVENTS[
            int(rng.choice(len(KINDS_OF_EVENTS), p=[one[3] for one in KINDS_OF_EVENTS]))
        ]
        precision = int(rng.choice([1, 2, 3], p=[0.6, 0.32, 0.08]))
        blur = (0.0, 0.01, 0.04, 0.12)[precision]
        x, y = on.x + blur * float(rng.normal()), on.y + blur * float(rng.normal())
        town = min(TOWNS, key=lambda name: np.hypot(TOWNS[name][0] - x, TOWNS[name][1] - y))
        # more of them towards the end
        day = FIRST_EVENT + dt.timedelta(days=int(days * float(rng.uniform()) ** 0.6))
        deaths = int(rng.poisson(2.2)) if kind[0] == "Battles" else int(rng.poisson(0.4))
        rows.append({
            "event_id_cnty": f"{COUNTRY}{number}", "event_date": day.isoformat(), "year": day.year,
            "time_precision": 1, "disorder_type": kind[2], "event_type": kind[0],
            "sub_event_type": kind[1], "actor1": "Armed group A (invented)",
            "inter1": "Rebel group", "actor2": "", "interaction": "Rebel group only",
            "civilian_targeting": "Civilian targeting" if "civilians" in kind[0] else "",
            "iso": 0, "region": "Invented", "country": NAME, "admin1": "", "admin2": "",
            "location": town, "latitude": round(y, 4), "longitude": round(x, 4),
            "geo_precision": precision, "source": "Invented", "source_scale": "Subnational",
            "notes": f"Event {number}, {INVENTED}.", "fatalities": deaths, "tags": "",
            "timestamp": 1788000000 + number,
        })  # fmt: skip
    rows.sort(key=lambda row: (row["event_date"], row["timestamp"]), reverse=True)
    # the same event again after a correction, and one that nobody could place
    again = rows[10] | {"timestamp": 1788009999, "fatalities": 0}
    nowhere = rows[20] | {"event_id_cnty": f"{COUNTRY}{EVENTS + 1}", "latitude": "",
                          "longitude": ""}  # fmt: skip
    _write_csv(path, [*rows, again, nowhere])


ROAD_CONDITIONS: Final = (
    # number, section, status, vehicles, day, remarks
    ("RN4", "Gonda - Wassané", "Open", "All vehicles", 19, ""),
    ("RN5", "Tessika - N'Zéré", "Passable with difficulty", "All vehicles", 18, "deep mud"),
    ("RN5", "N'Zéré - Lérada", "Open", "4x4 only", 18, "trucks get stuck at the wadi"),
    ("RD3", "Yarédo - Aguélé", "Closed", "All vehicles", 20, "washed out over 200 m"),
    ("RN3", "Orsana - Sirafé", "Restricted", "Trucks up to 10 MT", 17, "weak culvert"),
    ("RD2", "Tchoumé - Pélira", "not assessed", "", 12, ""),
)


def _write_road_conditions(path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = "Road conditions"
    page.append([f"{NAME}: road access constraints, 21 August 2026"])
    page.append([f"In the form of the tables of the Logistics Cluster; {INVENTED}"])
    page.append(["Road", None, "Status", "Vehicle class", "Last update", "Remarks"])
    page.append(["Number", "Section", None, None, None, None])
    for number, section, status, vehicles, day, remarks in ROAD_CONDITIONS:
        page.append([number, section, status, vehicles, dt.date(2026, 8, day), remarks])
    for cells in ("A1:F1", "A2:F2", "A3:B3", "C3:C4", "D3:D4", "E3:E4", "F3:F4"):
        page.merge_cells(cells)
    packed = io.BytesIO()
    book.save(packed)
    _write_undated(path, packed)


def _write_undated(path: Path, packed: io.BytesIO) -> None:
    """Write a workbook without the time at which it was made: the same bytes every time."""
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", b"2026-08-21T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


DISPLACED: Final = (
    # where they are, how they travel, persons
    ("N'Zéré", "truck", 2_400), ("Tessika", "truck", 5_800), ("Zorkéla", "foot", 1_200),
    ("Lérada", "foot_children_elderly", 900), ("Issékou", "truck", 1_500), ("Aguélé", "foot", 700),
    ("Gonda", "truck", 3_100),
)  # fmt: skip


def _write_small_tables(
    paths: Mapping[str, Path], posts: Mapping[str, XY], place_ids: Mapping[str, str]
) -> None:
    x, y = posts["Almara"]
    _write_csv(paths["crossings"], [{
        "crossing_id": "poste-lerada", "name": "Poste de Lérada", "country_a": COUNTRY,
        "country_b": NEIGHBOUR, "official": True, "regime": "open", "processing_min": 30,
        "lon": x, "lat": y, "source": INVENTED, "confidence": "high",
    }])  # fmt: skip
    _write_csv(paths["camps"], [
        {"id": "camp-almara", "name": "Camp d'Almara", "iso3": NEIGHBOUR, "lon": 4.63,
         "lat": 2.055, "source": INVENTED},
    ])  # fmt: skip
    _write_csv(paths["displaced"], [
        {"group_id": f"displaced-{number}", "base": "movers", "place_id": place_ids[place],
         "kind": "idp", "nationality": COUNTRY, "profile": profile, "trip": "one_way",
         "destination_set": "safety", "persons": persons, "persons_low": round(0.8 * persons),
         "persons_high": round(1.3 * persons), "source": INVENTED}
        for number, (place, profile, persons) in enumerate(DISPLACED, start=1)
    ])  # fmt: skip
    services = [("services", place_ids[name], "settlement")
                for name in ("Doréa", "Orsana", "Wassané")]  # fmt: skip
    safety = [("safety", place_ids["Doréa"], "host_family"),
              ("safety", place_ids["Kalimé"], "host_family"),
              ("safety", "camp-almara", "camp")]  # fmt: skip
    _write_csv(paths["destinations"], [
        {"destination_set": name, "place_id": place, "kind": kind, "source": INVENTED}
        for name, place, kind in (*services, *safety)
    ])  # fmt: skip
    _write_csv(paths["waystations"], [
        {"waystation_id": f"relais-{number}", "name": f"Relais de {name}",
         "place_id": place_ids[name], "kind": kind, "hypothetical": True, "source": INVENTED}
        for number, (name, kind) in enumerate(
            (("Gonda", "fixed"), ("Tessika", "fixed"), ("Sirafé", "mobile")), start=1
        )
    ])  # fmt: skip


NETWORK_TOML: Final = f"""\
# Which files the network is built from: mobility-geo network build network.toml --out network.gpkg
# Everything in these files is invented. Put your own in their place.

name = "practique"
country = "{COUNTRY}"          # for files that do not say it themselves
max_distance_m = 15000         # longest way off the road from a place to the network

[[boundaries]]                 # as OCHA publishes them: COD-AB
file = "{FILES["regions"]}"
[[boundaries]]
file = "{FILES["districts"]}"
[[boundaries]]                 # the neighbour, so that roads that lead there cross a border
file = "{FILES["neighbour"]}"
country = "{NEIGHBOUR}"

[[roads]]                      # an extract of OpenStreetMap
file = "{FILES["roads"]}"

[[places]]                     # settlements as OCHA publishes them
file = "{FILES["settlements"]}"
mend_signs = true              # one longitude has the wrong sign
[[places]]
file = "{FILES["camps"]}"
kind = "camp"

[people]                       # persons per cell, as WorldPop publishes them
raster = "{FILES["people"]}"
quantity = "count"

[crossings]
file = "{FILES["crossings"]}"

[[waterways]]
file = "{FILES["river"]}"

[walking]                      # villages far from any road: on foot, as if the ground were flat
max_hours = 12
resolution_m = 500
"""

SCENARIO_TOML: Final = f"""\
# After: mobility-geo network build network.toml --out network.gpkg
# Run:   mobility-geo run scenario.toml --out out
# Everything here is invented.

name = "practique-2026-08"
title = "Practique (invented), 24 August 2026: fighting, flood and a closed border"
description = "Invented, for practice. Fighting on the road to Tessika, the Ouaréla in flood."
when = {DAY}
calendar = {{ start = 2026-06-01, end = 2026-09-30 }}
network = "network.gpkg"

[people]
groups = "{FILES["displaced"]}"
[people.residents]
countries = ["{COUNTRY}"]
profile = "truck"
destination_set = "services"

[destinations]
table = "{FILES["destinations"]}"
[waystations]
table = "{FILES["waystations"]}"

[limits]
time_limit_h = 96

[[assumptions]]
text = "A road is closed where exposure to events is 4 or more, and slower from 1 on."
source = "assumption, for practice"

[[disruption]]
id = "fighting"
kind = "insecurity"
events = "{FILES["events"]}"       # columns of ACLED
kernel = {{ bandwidth_km = 5, half_life_days = 30, step_days = 7 }}
exposure = {{ risk_per_exposure = 0.001, slow_from = 1.0, speed_factor = 0.6, close_from = 4.0 }}
max_geo_precision = 2
source = "invented events"
confidence = "medium"

[[disruption]]
id = "flood"
kind = "flood"
depth = "{FILES["flood"]}"
unit = "cm"                      # must be said
freeboard_m = 2.5                # how high bridges stand above the ground
start = 2026-08-15
source = "invented raster"

[[disruption]]
id = "roads"
kind = "road"
constraints = "{FILES["road_conditions"]}"
unresolved = "finding"           # what cannot be found is told, not refused
source = "invented table"

[[disruption]]
id = "border-closed"
kind = "border"
crossings = ["Poste de Lérada"]
effect = {{ regime = "closed" }}
start = 2026-08-10
source = "invented"
confidence = "high"
"""

README: Final = f"""\
Practique is {INVENTED}.

The files have the forms in which publishers hand such data round, and some of their faults, so
that a toolkit can be tried on them. Nothing in them may be taken for a fact. The codes XP and
{COUNTRY} are from the ranges that ISO 3166-1 leaves to users; the country lies in the open sea.

  mobility-geo network build {FILES["network"]} --out network.gpkg
  mobility-geo network audit network.gpkg
  mobility-geo run {FILES["scenario"]} --out out

Free of any rights: do with it what you like (CC0 1.0).
"""
