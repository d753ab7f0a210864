"""The built-in network data set: what it must hold, and what it must never hold."""

import csv
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from mobility_geo import schema
from mobility_geo.datasets import load_mali
from mobility_geo.scenario import TravellerClass
from mobility_geo.scenario.conditions import baseline_conditions
from mobility_geo.schema import split_list

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
CURATED = DATA / "network" / "curated"
GEOD = Geod(ellps="WGS84")
BORDER_TOLERANCE_M = 1.0
"""How much of an edge may lie outside its country: coordinates are rounded to about a metre."""
OVERLAP_TOLERANCE_KM2 = 0.01
CROSSING_HALF_M = 500.0

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
TABLES = {
    "boundaries/adm0.geojson": schema.ZONES,
    "boundaries/adm1.geojson": schema.ZONES,
    "network/places.geojson": schema.PLACES,
    "network/nodes.geojson": schema.NODES,
    "network/edges.geojson": schema.EDGES,
    "network/crossings.geojson": schema.CROSSINGS,
    "network/waterways.geojson": schema.WATERWAYS,
    "network/seasons.csv": schema.SEASONS,
    "network/profiles.csv": schema.PROFILES,
    "network/speeds.csv": schema.SPEEDS,
}
REQUIRED_PLACES = [
    "bamako",
    "koulikoro",
    "segou",
    "san",
    "markala",
    "niono",
    "nampala",
    "lere",
    "lamparao",
    "niafunke",
    "goundam",
    "dire",
    "tonka",
    "tenenkou",
    "timbuktu",
    "gourma-rharous",
    "bamba",
    "bourem",
    "gao",
    "ansongo",
    "labbezanga",
    "menaka",
    "anderamboukane",
    "inekar",
    "inchinanan",
    "kidal",
    "anefis",
    "almoustarat",
    "aguelhok",
    "tessalit",
    "in-khalil",
    "tinzawaten",
    "abeibara",
    "boughessa",
    "gossi",
    "hombori",
    "boni",
    "douentza",
    "konna",
    "mopti",
    "djenne",
    "bandiagara",
    "bankass",
    "koro",
    "sikasso",
    "koutiala",
    "bougouni",
    "zegoua",
    "kayes",
    "nioro",
    "diema",
    "nara",
    "gogui",
    "diboli",
    "n-tillit",
    "intahaka",
    "inabao",
    "ber",
    "boulikessi",
    "aka",
    "kabara",
    "chinegodar",
    "ayorou",
    "tillaberi",
    "niamey",
    "ouallam",
    "banibangou",
    "mangaize",
    "abala",
    "tabareybarey",
    "tin-akoff",
    "dori",
    "djibo",
    "gorom-gorom",
    "mentao",
    "goudebo",
    "damba",
    "gandafabou",
    "deou",
    "ouagadougou",
    "bobo-dioulasso",
    "faramana",
    "koloko",
    "fassala",
    "nere",
    "bassikounou",
    "mbera",
    "nema",
    "adel-bagrou",
    "kobenni",
    "nouakchott",
    "timiaouine",
    "bordj-badji-mokhtar",
    "tin-zaouatine",
    "tamanrasset",
    "pogo",
    "ouangolodougou",
    "tengrela",
    "odienne",
    "man",
    "ferkessedougou",
    "kidira",
    "tambacounda",
    "kouremale",
    "siguiri",
]
REQUIRED_CROSSINGS = [
    "inabao",
    "fassala",
    "tinzawaten",
    "nere",
    "in-khalil",
    "labbezanga",
    "anderamboukane",
    "inchinanan",
    "chinegodar",
    "pogo",
    "tengrela",
    "manankoro",
    "koro",
    "faramana",
    "koloko",
    "boulikessi",
    "gogui",
    "adel-bagrou",
    "diboli",
    "kouremale",
]


def read(file: str) -> pd.DataFrame:
    path = DATA / file
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype={"months": "str"})
    return gpd.read_file(path)


def conformed(file: str) -> pd.DataFrame:
    table, problems = schema.conform(read(file), TABLES[file])
    assert problems == []
    return table


def geodesic_m(line: shapely.Geometry) -> float:
    return 0.0 if line.is_empty else GEOD.geometry_length(line)


@pytest.fixture(scope="module")
def adm0() -> gpd.GeoDataFrame:
    return conformed("boundaries/adm0.geojson")


@pytest.fixture(scope="module")
def adm1() -> gpd.GeoDataFrame:
    return conformed("boundaries/adm1.geojson")


@pytest.fixture(scope="module")
def places() -> gpd.GeoDataFrame:
    return conformed("network/places.geojson").set_index("place_id", drop=False)


@pytest.fixture(scope="module")
def nodes() -> gpd.GeoDataFrame:
    return conformed("network/nodes.geojson").set_index("node_id", drop=False)


@pytest.fixture(scope="module")
def edges() -> gpd.GeoDataFrame:
    return conformed("network/edges.geojson")


@pytest.fixture(scope="module")
def crossings() -> gpd.GeoDataFrame:
    return conformed("network/crossings.geojson").set_index("crossing_id", drop=False)


@pytest.fixture(scope="module")
def waterways() -> gpd.GeoDataFrame:
    return conformed("network/waterways.geojson").set_index("waterway_id", drop=False)


@pytest.fixture(scope="module")
def speed_of() -> Callable[[str, pd.Series], float | None]:
    """Speed of a profile on an edge: the most specific row wins; None if it cannot pass."""
    table = conformed("network/speeds.csv")
    rows = {
        (row.profile, row.kind, row.road_class, row.surface): row.speed_kph
        for row in table.itertuples()
    }

    def speed(profile: str, edge: pd.Series) -> float | None:
        for road_class, surface in (
            (edge.road_class, edge.surface),
            (edge.road_class, "*"),
            ("*", edge.surface),
            ("*", "*"),
        ):
            found = rows.get((profile, edge.kind, road_class, surface))
            if found is not None:
                return found
        return None

    return speed


def directed(edges: pd.DataFrame) -> nx.DiGraph:
    graph = nx.DiGraph()
    for edge in edges.itertuples():
        graph.add_edge(edge.from_node_id, edge.to_node_id, kind=edge.kind)
        if not edge.oneway:
            graph.add_edge(edge.to_node_id, edge.from_node_id, kind=edge.kind)
    return graph


# ------------------------------------------------------------------ schema and references
@pytest.mark.parametrize("file", TABLES)
def test_table_follows_its_schema(file):
    table = conformed(file)
    key = list(TABLES[file].key)
    assert len(table) > 0
    assert not table.duplicated(key).any()
    columns = [name for name in read(file).columns if name != "geometry"]
    assert columns == list(TABLES[file].names)


@pytest.mark.parametrize("file", [name for name in TABLES if name.endswith(".geojson")])
def test_coordinates_have_five_decimals(file):
    xy = shapely.get_coordinates(read(file).geometry.to_numpy())
    assert np.array_equal(xy, np.round(xy, 5))


def test_ids_refer_to_rows_that_exist(edges, nodes, crossings, places, adm1):
    assert set(edges["from_node_id"]) | set(edges["to_node_id"]) == set(nodes.index)
    assert set(edges["crossing_id"].dropna()) == set(crossings.index)
    assert set(places["pcode"]) <= set(adm1["pcode"])


def test_edges_start_and_end_at_their_nodes(edges, nodes):
    first = shapely.get_point(edges.geometry.to_numpy(), 0)
    last = shapely.get_point(edges.geometry.to_numpy(), -1)
    assert (first == nodes.geometry.loc[edges["from_node_id"]].to_numpy()).all()
    assert (last == nodes.geometry.loc[edges["to_node_id"]].to_numpy()).all()


def test_every_place_has_its_node(places, nodes):
    at = nodes.loc[places.index]
    assert set(at["kind"]) == {"settlement"}
    assert (at.geometry.to_numpy() == places.geometry.to_numpy()).all()
    assert (at["country"].to_numpy() == places["country"].to_numpy()).all()
    towns_on_the_way = set(nodes.index[nodes["kind"] == "settlement"]) - set(places.index)
    with (DATA / "network" / "curated" / "junctions.csv").open(encoding="utf-8") as file:
        junctions = {row["node_id"]: row["kind"] for row in csv.DictReader(file)}
    assert {name for name, kind in junctions.items() if kind == "settlement"} == towns_on_the_way


@pytest.mark.parametrize(
    "file", [name for name, table in TABLES.items() if "source" in table.names]
)
def test_every_row_says_where_it_comes_from(file):
    table = conformed(file)
    assert (table["source"].str.len() >= 8).all()
    if "confidence" in table:
        assert table["confidence"].isin(schema.CONFIDENCES).all()


def test_required_places_and_crossings_are_there(places, crossings):
    assert set(REQUIRED_PLACES) <= set(places.index)
    assert set(REQUIRED_CROSSINGS) <= set(crossings.index)
    transit = {"fassala", "nere", "banibangou", "damba", "gandafabou"}
    assert set(places.index[places["kind"] == "transit_centre"]) == transit
    camps = {"mbera", "mentao", "goudebo", "abala", "mangaize", "tabareybarey"}
    assert set(places.index[places["kind"] == "camp"]) == camps
    assert crossings.loc[["inabao", "fassala", "tinzawaten"], "official"].all()


@pytest.mark.parametrize(
    ("spelling", "place_id"),
    [
        ("Anderboukan", "anderamboukane"),
        ("Inthaka", "intahaka"),
        ("N'tillit", "n-tillit"),
        ("Timbuktu", "timbuktu"),
        ("Lere", "lere"),
        ("Niafounké", "niafunke"),
        ("Tingrela", "tengrela"),
    ],
)
def test_spellings_of_the_report_are_known(places, spelling, place_id):
    row = places.loc[place_id]
    assert spelling in {row["name"], *split_list(row["name_alt"])}


# ------------------------------------------------------------------ connection
def test_every_settlement_reaches_every_other(places, edges):
    with (CURATED / "exceptions.csv").open(encoding="utf-8", newline="") as handle:
        exceptions = {row["place_id"]: row["reason"] for row in csv.DictReader(handle)}
    assert all(exceptions.values())
    graph = directed(edges)
    main = max(nx.strongly_connected_components(graph), key=len)
    assert {place for place in places.index if place not in main} == set(exceptions)


@pytest.mark.parametrize("profile", ["truck", "4x4", "foot", "foot_children_elderly", "livestock"])
def test_every_settlement_is_reached_by_land(places, edges, speed_of, profile):
    modes = conformed("network/profiles.csv").set_index("profile").loc[profile, "modes"]
    passable = [speed_of(profile, edge) is not None for _, edge in edges.iterrows()]
    graph = directed(edges[edges["kind"].isin(split_list(modes)) & np.array(passable)])
    assert set(places.index) <= max(nx.strongly_connected_components(graph), key=len)


def test_speeds_cover_exactly_the_modes_of_each_profile(edges):
    profiles = conformed("network/profiles.csv").set_index("profile")
    speeds = conformed("network/speeds.csv")
    assert set(speeds["profile"]) == set(profiles.index)
    for profile, modes in profiles["modes"].items():
        given = set(speeds.loc[speeds["profile"] == profile, "kind"])
        assert given == set(split_list(modes)), profile
    assert set(edges["kind"]) <= set(speeds["kind"])


def test_boats_link_timbuktu_and_mopti_in_january(edges):
    seasons = conformed("network/seasons.csv")
    closed = seasons[
        (seasons["effect"] == "close")
        & seasons["months"].map(lambda text: "1" in split_list(text))
        & seasons["profiles"].map(lambda text: "pinasse" in split_list(text))
    ]
    assert not closed["kinds"].map(lambda text: "river" in split_list(text)).any()
    boat = directed(edges[edges["kind"].isin(["river", "transfer"])])
    for start, end in (("kabara", "mopti"), ("mopti", "kabara")):
        path = nx.shortest_path(boat, start, end)
        kinds = [boat.edges[pair]["kind"] for pair in nx.utils.pairwise(path)]
        assert kinds == ["transfer", *["river"] * (len(kinds) - 2), "transfer"]
    road = directed(edges[edges["kind"] == "road"])
    assert nx.has_path(road, "timbuktu", "kabara")


def test_large_boats_have_a_shorter_season_than_pinasses():
    """Koulikoro to Gao roughly August to December, to January downstream; none below Gao."""
    network = load_mali().network
    river = (network.edges["kind"] == "river").to_numpy()
    reach = network.edges["reach"].to_numpy(dtype=object)[network.arcs.edge]
    on_river = river[network.arcs.edge]
    months = {}
    for profile in ("boat_large", "pinasse"):
        who = TravellerClass(profile=profile, nationality="MLI")
        bases = {month: baseline_conditions(network, month, who) for month in range(1, 13)}
        for name in np.unique(reach[on_river].astype(str)):
            rows = np.flatnonzero(on_river & (reach == name))
            months[profile, name] = {m for m, base in bases.items() if base.open[rows].all()}
    assert months["boat_large", "niger-upper"] == {8, 9, 10, 11, 12}
    assert months["boat_large", "niger-delta"] == {1, 8, 9, 10, 11, 12}
    assert months["boat_large", "niger-bend"] == {1, 8, 9, 10, 11, 12}
    assert months["boat_large", "niger-lower"] == set()
    for (profile, name), of_large in list(months.items()):
        if profile == "boat_large":
            assert of_large < months["pinasse", name]


def test_river_reaches_have_their_seasons(edges):
    seasons = conformed("network/seasons.csv")
    reaches = set(edges.loc[edges["kind"] == "river", "reach"])
    assert reaches == {"niger-upper", "niger-delta", "niger-bend", "niger-lower"}
    low = seasons[(seasons["effect"] == "close") & (seasons["kinds"] == "river")]
    assert {reach for text in low["reaches"] for reach in split_list(text)} == reaches
    assert edges.loc[edges["kind"] != "river", "reach"].isna().all()
    for row in seasons.itertuples():
        assert set(split_list(row.months)) <= {str(month) for month in range(1, 13)}
        assert set(split_list(row.kinds)) <= set(schema.EDGE_KINDS)
        assert set(split_list(row.surfaces)) <= set(edges["surface"])


# ------------------------------------------------------------------ borders and rivers
def test_only_crossing_edges_leave_their_country(edges, adm0):
    country = adm0.set_index("country").geometry
    for edge in edges[edges["kind"] != "crossing"].itertuples():
        outside = geodesic_m(edge.geometry.difference(country[edge.country]))
        assert outside <= BORDER_TOLERANCE_M, f"{edge.edge_id}: {outside:.0f} m outside"
        assert pd.isna(edge.crossing_id)


def test_crossing_edges_cross_one_border_in_its_middle(edges, adm0, crossings):
    country = adm0.set_index("country").geometry
    table = edges[edges["kind"] == "crossing"]
    assert sorted(table["crossing_id"]) == sorted(crossings.index)
    for edge in table.itertuples():
        crossing = crossings.loc[edge.crossing_id]
        for code in (crossing["country_a"], crossing["country_b"]):
            inside = geodesic_m(edge.geometry.intersection(country[code]))
            assert inside == pytest.approx(CROSSING_HALF_M, abs=10), edge.edge_id
            assert f"{edge.crossing_id}-{code.lower()}" in {edge.from_node_id, edge.to_node_id}
        assert edge.wait_min == 0
        assert pd.isna(edge.country)


def test_crossing_points_lie_on_the_border(crossings, adm0):
    country = adm0.set_index("country").geometry
    for crossing in crossings.itertuples():
        for code in (crossing.country_a, crossing.country_b):
            border = country[code].boundary
            nearest = border.interpolate(border.project(crossing.geometry))
            at = crossing.geometry
            gap_m = GEOD.inv(at.x, at.y, nearest.x, nearest.y)[2]
            assert gap_m <= 2 * BORDER_TOLERANCE_M, crossing.crossing_id


# the generalised lines of Natural Earth put it on the wrong side of a regional boundary
ZONE_GIVEN = {"anefis": "ML08"}


def test_places_lie_in_their_country_and_zone(places, adm1):
    zone = adm1.set_index("pcode")
    for place in places.itertuples():
        assert zone.loc[place.pcode, "country"] == place.country
        if place.place_id in ZONE_GIVEN:
            assert zone.geometry[place.pcode].distance(place.geometry) < 0.1  # degrees
        else:
            assert zone.geometry[place.pcode].contains(place.geometry), place.place_id


def test_a_large_town_does_not_stand_for_half_of_its_region(places):
    mali = places[(places["country"] == "MLI") & ~places["pcode"].isin(["ML08", "ML09"])]
    share = mali["population_persons"] / mali.groupby("pcode")["population_persons"].transform(
        "sum"
    )
    assert share.max() < 0.4, share.idxmax()


def test_land_edges_cross_rivers_on_bridges_and_ferries_only(edges, waterways):
    lines = waterways.geometry.to_numpy()
    for edge in edges[edges["kind"].isin(["road", "track", "crossing"])].itertuples():
        hits = shapely.intersects(lines, edge.geometry).sum()
        assert hits == int(edge.bridge), edge.edge_id
    for edge in edges[(edges["kind"] == "ferry") | edges["bridge"]].itertuples():
        cuts = shapely.intersection(lines, edge.geometry)
        assert int(shapely.get_num_coordinates(cuts).sum()) == 1, edge.edge_id


def test_ferry_of_korioume_and_bridge_of_wabaria(edges):
    table = edges.set_index("edge_id")
    ferry = table.loc["korioume-ferry-right--korioume-ferry-left"]
    assert ferry["kind"] == "ferry"
    assert ferry["wait_min"] > 0
    assert table.loc["wabaria-bridge-right--wabaria-bridge-left", "bridge"]


def test_river_legs_follow_the_river(edges, waterways):
    niger = waterways.geometry["niger"]
    for leg in edges[edges["kind"] == "river"].itertuples():
        points = shapely.points(shapely.get_coordinates(leg.geometry))
        assert shapely.distance(points, niger).max() < 1e-4, leg.edge_id
    legs = edges[edges["kind"] == "transfer"]
    assert legs["oneway"].all()
    assert legs.groupby(legs["edge_id"].str.split("-", n=1).str[1]).size().eq(2).all()


# ------------------------------------------------------------------ lengths
def test_lengths_lie_between_the_geodesic_and_twice_that(edges):
    xy = [np.array(line.coords) for line in edges.geometry]
    ends = np.array([[*line[0], *line[-1]] for line in xy])
    straight_m = GEOD.inv(*ends.T)[2]
    assert (straight_m > 0).all()
    assert (edges["length_m"] >= straight_m).all()
    assert (edges["length_m"] <= 2 * straight_m).all()


def test_sinuosity_is_one_constant_per_class(edges):
    constants = pd.read_csv(CURATED / "sinuosity.csv").set_index(["kind", "road_class"])
    assert constants["basis"].str.len().gt(0).all()
    for edge in edges.itertuples():
        key = (edge.kind, edge.road_class)
        expected = constants["sinuosity"].get(key, constants["sinuosity"].get((edge.kind, "*")))
        assert edge.length_m / geodesic_m(edge.geometry) == pytest.approx(
            expected, abs=0.11 / geodesic_m(edge.geometry)
        ), edge.edge_id


# ------------------------------------------------------------------ people
def test_populations_sum_to_the_census_in_every_region(places, adm1):
    mali = places[places["country"] == "MLI"]
    assert mali["population_persons"].notna().all()
    assert (mali["population_persons"] % 1 == 0).all()
    assert (mali["population_persons"] > 0).all()
    assert mali.groupby("pcode")["population_persons"].sum().to_dict() == CENSUS_2009
    zones = adm1[adm1["country"] == "MLI"].set_index("pcode")["population_persons"]
    assert zones.to_dict() == CENSUS_2009


def test_known_errors_of_the_sources_are_not_taken_over(places):
    assert "balandougou" not in places.index
    bamba = places.loc["bamba"]
    assert bamba["pcode"] == "ML07"
    assert bamba.geometry.y == pytest.approx(17.03, abs=0.02)
    assert places.loc["lere", "pcode"] == "ML06"
    assert places.loc["adel-bagrou", "country"] == "MRT"
    assert places.loc[places["kind"] == "camp", "population_persons"].isna().all()


# ------------------------------------------------------------------ boundaries
def test_boundaries_cover_the_countries_without_overlap(adm0, adm1):
    assert list(adm0["country"]) == ["MLI", "MRT", "NER", "BFA", "DZA", "SEN", "CIV", "GIN"]
    mali = adm1[adm1["country"] == "MLI"]
    assert list(mali["pcode"]) == list(CENSUS_2009)
    assert set(mali["pcode_vintage"]) == {"OCHA COD-AB 2015"}
    counts = adm1.groupby("country").size()
    assert counts[["MLI", "BFA", "GIN", "NER", "DZA"]].to_list() == [9, 13, 8, 8, 48]
    for layer in (adm0, adm1):
        assert shapely.coverage_is_valid(layer.geometry.to_numpy())
        pairs = layer.sindex.query(layer.geometry, predicate="intersects").T
        shapes = layer.geometry.to_numpy()
        for first, second in pairs[pairs[:, 0] < pairs[:, 1]]:
            overlap = shapely.intersection(shapes[first], shapes[second])
            assert abs(GEOD.geometry_area_perimeter(overlap)[0]) / 1e6 <= OVERLAP_TOLERANCE_KM2
    for code, outline in adm0.set_index("country").geometry.items():
        union = shapely.union_all(adm1.geometry[adm1["country"] == code].to_numpy())
        assert shapely.area(shapely.symmetric_difference(union, outline)) < 1e-9


def test_area_of_mali_is_right(adm0):
    mali = adm0.set_index("country").geometry["MLI"]
    area_km2 = abs(GEOD.geometry_area_perimeter(mali)[0]) / 1e6
    assert area_km2 == pytest.approx(1_240_192, rel=0.02)


# ------------------------------------------------------------------ files
def test_files_are_small():
    sizes = [path.stat().st_size for path in DATA.rglob("*") if path.is_file()]
    assert sum(sizes) < 3_000_000
    boundaries = [path.stat().st_size for path in (DATA / "boundaries").glob("*.geojson")]
    assert sum(boundaries) < 900_000


@pytest.mark.parametrize("folder", ["boundaries", "network"])
def test_sources_are_listed_for_every_file(folder):
    table = pd.read_csv(DATA / folder / "SOURCES.csv", dtype="str")
    assert list(table) == ["file", "source", "version", "licence", "retrieved_on", "sha256"]
    assert table.notna().all(axis=None)
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    shipped = {
        path.relative_to(DATA / folder).as_posix()
        for path in (DATA / folder).rglob("*")
        if path.is_file() and path.name != "SOURCES.csv"
    }
    assert set(table["file"]) == shipped
    assert not table["source"].str.contains("://").any()
    own = table[table["source"] == "own work of the project"]
    for row in own.itertuples():
        content = (DATA / folder / row.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row.sha256, row.file


def test_rebuild_gives_the_same_bytes(tmp_path):
    packages = Path(os.environ.get("MOBILITY_GEO_PACKAGES", ROOT / ".cache" / "packages"))
    if not packages.is_dir():
        pytest.skip("no source packages in .cache/packages; name them in MOBILITY_GEO_PACKAGES")
    for path in CURATED.parent.rglob("*.csv"):
        target = tmp_path / path.relative_to(DATA)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    script = ROOT / "scripts" / "build_data.py"
    command = [sys.executable, str(script), "--packages", str(packages), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for folder in ("boundaries", "network"):
        for path in sorted((DATA / folder).rglob("*")):
            if path.is_file():
                rebuilt = tmp_path / path.relative_to(DATA)
                assert rebuilt.read_bytes() == path.read_bytes(), path.name
