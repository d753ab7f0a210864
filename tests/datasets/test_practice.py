"""The practice country: invented and saying so, the same every time, fit for every reader."""

import hashlib

import geopandas as gpd
import numpy as np
import openpyxl
import osmium
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.batch import build_from_config
from mobility_geo.datasets import write_practice_files
from mobility_geo.datasets.practice import DISTRICTS, FILES, POINTS, REGIONS, TOWNS
from mobility_geo.errors import InputError, OutputError
from mobility_geo.export import write_audited_network
from mobility_geo.outcomes import find_stranded
from mobility_geo.scenario import read_case
from mobility_geo.sources import (
    check_places,
    check_zones,
    population_by_zone,
    read_boundaries,
    read_constraints,
    read_events,
    read_osm_pbf,
    read_places,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_practice_files(tmp_path_factory.mktemp("pays d'exercice é"))


@pytest.fixture(scope="module")
def built(files):
    return build_from_config(files["network"])


def hashes(folder, seed):
    paths = write_practice_files(folder, seed=seed)
    return {what: hashlib.sha256(path.read_bytes()).hexdigest() for what, path in paths.items()}


# ------------------------------------------------------------------ the files
def test_the_same_seed_gives_the_same_bytes_and_another_one_another_country(tmp_path):
    first, again = hashes(tmp_path / "a", 3), hashes(tmp_path / "b", 3)
    assert first == again
    other = hashes(tmp_path / "b", 4)
    drawn = {"regions", "districts", "roads", "river", "settlements", "people", "events", "flood"}
    assert {what for what in first if first[what] != other[what]} >= drawn


def test_all_that_is_written_is_told_and_small(files):
    folder = files["network"].parent
    assert {path.name for path in folder.iterdir()} == set(FILES.values())
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3_000_000


@pytest.mark.parametrize("what", sorted(FILES))
def test_each_file_says_that_it_is_invented(files, what):
    path = files[what]
    if path.suffix == ".tif":
        with rasterio.open(path) as dataset:
            text = str(dataset.tags())
    elif path.suffix == ".xlsx":
        text = " ".join(
            str(one.value) for row in openpyxl.load_workbook(path).active for one in row
        )
    elif path.suffix == ".pbf":
        with osmium.io.Reader(str(path)) as reader:
            text = reader.header().get("generator")
    else:
        text = path.read_text(encoding="latin-1")
    assert "invented" in text


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_a_seed_that_is_none_is_refused(tmp_path, seed):
    with pytest.raises(InputError, match="seed: must be a whole number"):
        write_practice_files(tmp_path, seed=seed)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        write_practice_files(tmp_path / "file" / "below")


# ------------------------------------------------------------------ the country
@settings(max_examples=6)
@given(st.integers(0, 2**31))
def test_every_seed_draws_a_country_that_hangs_together_as_it_should(tmp_path_factory, seed):
    files = write_practice_files(tmp_path_factory.mktemp("seed"), seed=seed)
    lines = pyogrio.read_dataframe(files["roads"], layer="lines")
    roads = lines[lines["highway"].notna()]
    river = gpd.read_file(files["river"]).geometry.iloc[0]
    over = roads[roads.intersects(river)]
    assert sorted(over["other_tags"].str.contains('"bridge"=>"yes"')) == [True, True]
    districts = gpd.read_file(files["districts"])
    assert districts.is_valid.all()
    assert len(districts) == len(DISTRICTS)
    land = districts.union_all()
    assert shapely.area(districts.geometry).sum() == pytest.approx(land.area, rel=1e-9)
    beyond = gpd.read_file(files["neighbour"]).union_all()
    assert land.intersection(beyond).area < 1e-9
    settlements = pd.read_csv(files["settlements"], encoding="latin-1")
    assert (settlements["longitude"] < 0).sum() == 1
    points = gpd.GeoSeries(
        gpd.points_from_xy(settlements["longitude"].abs(), settlements["latitude"]), crs=4326
    )
    away_m = points.to_crs(3857).distance(roads.to_crs(3857).union_all())
    assert (away_m > 15_000).sum() >= 1
    codes = dict(zip(districts["ADM2_PCODE"], districts.geometry, strict=True))
    assert all(
        codes[code].covers(point)
        for code, point in zip(settlements["admin2Pcod"], points, strict=True)
    )
    assert set(TOWNS) <= set(settlements["featureNam"])
    assert settlements["pcode"].is_unique
    assert settlements["featureNam"].is_unique
    (post,) = pd.read_csv(files["crossings"])[["lon", "lat"]].to_numpy()
    assert shapely.Point(post).distance(land.boundary) < 1e-4


def test_boundaries_are_read_as_those_of_ocha_and_are_sound(files):
    regions, districts = (read_boundaries(files[what]) for what in ("regions", "districts"))
    assert regions.publisher == districts.publisher == "OCHA COD-AB"
    assert set(regions.layer["pcode"]) == set(REGIONS)
    assert set(districts.layer["country"]) == {"XPA"}
    assert set(districts.layer["parent_pcode"]) == set(REGIONS)
    found = check_zones(districts.layer, regions.layer)
    assert not [one for one in found if one.severity != "note"]


def test_the_roads_have_every_kind_that_a_country_has(files):
    reading = read_osm_pbf(files["roads"])
    edges = reading.tables["edges"]
    assert {"road", "track", "ferry"} <= set(edges["kind"])
    assert {"paved", "gravel", "earth", "sand"} <= set(edges["surface"])
    assert edges["bridge"].sum() == 2
    assert edges["oneway"].sum() == 2
    assert edges["carriageway_group"].notna().sum() == 2
    assert {"RN1", "RN2", "RN3", "RN4", "RN5", "RN6"} <= set(edges["ref"].dropna())


def test_the_dunes_hang_together_with_nothing_else(built):
    import networkx as nx  # noqa: PLC0415

    edges = built.network.edges
    graph = nx.from_pandas_edgelist(edges, "from_node_id", "to_node_id")
    parts = sorted(nx.connected_components(graph), key=len)
    assert [len(part) for part in parts[:-1]] == [len([p for p in POINTS if "dune" in p])]
    assert "fragment" in set(built.findings["check"])


def test_the_settlement_with_the_wrong_sign_is_found_and_mended(files):
    zones = read_boundaries(files["districts"]).layer
    reading = read_places(files["settlements"], zones=zones)
    assert "encoding" in set(reading.findings["check"])
    places, found = check_places(reading.layer, zones, mend_signs=True)
    assert [one.check for one in found] == ["sign of longitude"]
    assert (places.geometry.x > 0).all()


def test_the_people_are_counts_and_about_those_of_the_towns(files):
    zones = read_boundaries(files["districts"]).layer
    reading = population_by_zone(files["people"], zones)
    assert reading.publisher == "WorldPop"
    with rasterio.open(files["people"]) as dataset:
        assert dataset.nodata == -99999
        total = float(dataset.read(1, masked=True).sum())
    assert reading.table["population_persons"].sum() == pytest.approx(total, rel=0.01)
    assert total > sum(persons for _, _, persons in TOWNS.values())


def test_events_have_two_faulty_rows_and_are_where_the_fighting_is(files):
    reading = read_events(files["events"])
    assert reading.publisher == "ACLED"
    assert (reading.rows_read, reading.rows_kept) == (152, 150)
    assert {"duplicate id", "no coordinates"} <= set(reading.findings["check"])
    events = reading.layer
    span = events["event_date"].max() - events["event_date"].min()
    assert 75 <= span.days <= 92
    x, y, _ = TOWNS["Tessika"]
    away = np.hypot(events.geometry.x - x, events.geometry.y - y)
    assert (away < 0.5).mean() > 0.6


def test_the_flood_is_in_centimetres_and_has_a_hidden_corner(files):
    with rasterio.open(files["flood"]) as dataset:
        depth_cm = dataset.read(1, masked=True)
    assert depth_cm.mask.any()
    assert depth_cm.min() == 0
    assert 150 < depth_cm.max() < 500


def test_road_conditions_are_found_below_a_merged_header(files):
    reading = read_constraints(files["road_conditions"])
    table = reading.table
    assert "header" in set(reading.findings["check"])
    assert set(table["state"]) == {"open", "restricted", "closed", "unknown"}
    assert {"Tessika", "N'Zéré"} <= set(table["from_place"]) | set(table["to_place"])


# ------------------------------------------------------------------ network and scenario
def test_the_network_file_builds_a_network_with_its_border(built):
    network = built.network
    assert set(network.zones["country"]) == {"XPA", "XPB"}
    assert network.crossings["official"].sum() == 1
    assert (~network.crossings["official"]).sum() == 1
    attached = set(network.accesses["place_id"])
    assert set(network.places["place_id"]) == attached
    assert "attached on foot" in set(built.findings["check"])
    assert not (built.findings["severity"] == "error").any()


def test_the_scenario_strands_people_for_every_cause(files, built):
    write_audited_network(built.network, files["network"].with_suffix(".gpkg"), built.findings)
    case = read_case(files["scenario"])
    assert {one.kind for one in case.scenario.disruptions} == {
        "insecurity", "mine", "flood", "road", "border",
    }  # fmt: skip
    status = find_stranded(case)
    assert status["persons"].sum() == case.groups["persons"].sum()
    movers = status[status["base"] == "movers"]
    assert set(movers["status"]) == {"can_reach", "stranded"}
    causes = "|".join(movers["causes_all"].dropna())
    assert {"insecurity", "flood", "border"} <= set(causes.split("|"))
    at = case.network.places.set_index("place_id")["name"]
    reaching = movers[movers["status"] == "can_reach"]["place_id"].map(at)
    assert "Gonda" in set(reaching)
    assert case.notes
