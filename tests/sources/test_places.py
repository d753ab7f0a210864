"""Places in every form; mirrored, swapped and stray ones against a plain count; COD of Mali."""

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from openpyxl import Workbook
from shapely import MultiPoint, Point, box

from mobility_geo.errors import CRSError, InputError
from mobility_geo.schema import PLACES, check_table
from mobility_geo.sources.boundaries import read_boundaries
from mobility_geo.sources.places import check_places, distance_km, read_places, slug

ZONES = gpd.GeoDataFrame(
    {"pcode": ["ML01", "ML02"], "adm_level": 1, "country": "MLI"},
    geometry=[box(-4, 14, -2, 16), box(2, 14, 4, 16)], crs=4326,
)  # fmt: skip
GEOD = pyproj.Geod(ellps="WGS84")


def table(folder, text, name="v.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def places(rows):
    return gpd.GeoDataFrame(
        {"place_id": [f"p{k}" for k in range(len(rows))], "name": [row[0] for row in rows],
         "pcode": [row[1] for row in rows], "population_persons": 10.0},
        geometry=[Point(*row[2:]) for row in rows], crs=4326,
    )  # fmt: skip


def rows_of(reading):
    return reading.findings.set_index("check")


def of(findings, check):
    return [one for one in findings if one.check == check]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("featureNam,pcode,admin1Pcod,admin2Pcod,longitude,latitude\nGao,ML0101001,ML01,ML0101,-3,15\n",
         ("ML0101001", "Gao", "ML0101")),
        ("place;where x;where y\n#loc+name;#geo+lon;#geo+lat\nGao;-3;15\n", ("gao", "Gao", None)),
        ("1.1.c.1: Site ID (SSID),1.1.d.1: Site Name,Longitude,Latitude\nx,Gao,-3,15\n",
         ("gao", "Gao", None)),
        ("SSID,Site Name,Longitude,Latitude,Admin 1 P-code\nS1,Gao,-3,15,ML01\n",
         ("S1", "Gao", "ML01")),
        ("geonameid,name,alternatenames,latitude,longitude\n7,Gao,\"Gawgaw,Ga'o\",15,-3\n",
         ("7", "Gao", None)),
        ("Nom localité\tPopulation totale\tlong\tlat\nGao\t1 000\t-3,0\t15,0\n",
         ("gao", "Gao", None)),
        ("id,name,x,y,pcode\n4,Gao,-3,15,ML01\n", ("4", "Gao", "ML01")),
    ],
)  # fmt: skip
def test_every_spelling_is_read(tmp_path, text, expected):
    reading = read_places(table(tmp_path, text), country="MLI")
    row = reading.layer.iloc[0]
    assert (row["place_id"], row["name"]) == expected[:2]
    assert (None if pd.isna(row["pcode"]) else row["pcode"]) == expected[2]
    assert (row.geometry.x, row.geometry.y, row["country"]) == (-3, 15, "MLI")
    check_table(reading.layer, PLACES)


def test_geonames_dump_without_header(tmp_path):
    cells = ["2457161", "Gao", "Gao", "Gawgaw,Gao", "16.27", "-0.04", "P", "PPLA", "ML", "", "07",
             "", "", "", "0", "", "257", "Africa/Bamako", "2012-01-17"]  # fmt: skip
    reading = read_places(table(tmp_path, "\t".join(cells) + "\n", "ML.txt"), country="MLI")
    row = reading.layer.iloc[0]
    assert (row["place_id"], row["name_alt"], row.geometry.y) == ("2457161", "Gawgaw", 16.27)
    assert np.isnan(row["population_persons"])
    assert {"geonames", "population 0"} <= set(reading.findings["check"])
    assert reading.licence.startswith("CC BY 4.0")


def test_impossible_rows_are_left_out_and_counted(tmp_path):
    lines = ["Gao,-3,15,10", "A,,,1", "B,0,0,2", "C,200,15,3", "D,14 31 N,15,4", "E,-3,15.1,"]
    reading = read_places(
        table(tmp_path, "name,lon,lat,population\n" + "\n".join(lines)), country="MLI"
    )
    assert reading.layer["name"].tolist() == ["Gao", "E"]
    rows = rows_of(reading)
    assert rows.loc["no position", "value"] == 4 == reading.rows_read - reading.rows_kept
    assert rows.loc["no position", "persons"] == 10
    for check in ("position 0, 0", "impossible position", "coordinates not numbers"):
        assert rows.loc[check, "value"] == 1
    with pytest.raises(InputError, match="none of 1 rows has a position"):
        read_places(table(tmp_path, "name,lon,lat\nA,,\n"), country="MLI")


def test_metres_and_swapped_columns_are_refused(tmp_path):
    x, y = pyproj.Transformer.from_crs(4326, 32629, always_xy=True).transform(-3.0, 15.0)
    file = table(tmp_path, f"name,x,y\nGao,{x},{y}\nB,{x + 9},{y}\n")
    with pytest.raises(InputError, match="look like metres"):
        read_places(file, country="MLI")
    reading = read_places(file, country="MLI", crs=32629)
    assert reading.layer.geometry.x.iloc[0] == pytest.approx(-3)
    assert "reprojected" in set(reading.findings["check"])
    file = table(tmp_path, "name,lon,lat\nA,15,-3\nB,15.1,-3.1\nC,15,3\n")
    assert len(read_places(file, country="MLI").layer) == 3
    with pytest.raises(InputError, match=r"swapped: 0 of 3 places lie in the zones.*3 with"):
        read_places(file, zones=ZONES)
    mended = read_places(file, zones=ZONES, columns={"lon": "lat", "lat": "lon"})
    assert mended.layer["pcode"].tolist() == ["ML01", "ML01", "ML02"]
    with pytest.raises(InputError, match="swapped"):
        read_places(table(tmp_path, "name,lon,lat\nA,5,120\n"), country="PHL")


def test_zones_give_code_country_and_level(tmp_path):
    file = table(tmp_path, "name,lon,lat,ADM1_PCODE,ADM2_PCODE\nA,-3,15,ML01,ML0101\nB,3,15,,\n"
                           "C,9,9,,\n")  # fmt: skip
    reading = read_places(file, zones=ZONES)
    assert reading.layer["pcode"].tolist()[:2] == ["ML01", "ML02"]
    assert pd.isna(reading.layer["pcode"].iloc[2])
    assert set(reading.layer["country"]) == {"MLI"}
    rows = rows_of(reading)
    assert (rows.loc["p-code by position", "value"], rows.loc["in no zone", "value"]) == (1, 1)
    assert read_places(file, country="MLI").layer["pcode"].iloc[0] == "ML0101"
    with pytest.raises(InputError, match="country='MLI', or give zones"):
        read_places(file)


def test_layers_of_points(tmp_path):
    shapes = [Point(-3, 15), MultiPoint([(-3.1, 15)]), box(-3, 15, -2.9, 15.1), None]
    frame = gpd.GeoDataFrame({"nom": list("abcd")}, geometry=shapes, crs=4326)
    frame.to_file(tmp_path / "p.gpkg")
    reading = read_places(tmp_path / "p.gpkg", country="MLI", kind="camp")
    assert reading.layer["approximate"].tolist() == [False, False, True]
    assert set(reading.layer["kind"]) == {"camp"}
    assert set(reading.layer.geom_type) == {"Point"}
    assert {"no point", "no position"} <= set(reading.findings["check"])
    frame.iloc[:1].to_file(tmp_path / "p.shp")
    (tmp_path / "p.prj").unlink()
    with pytest.raises(CRSError):
        read_places(tmp_path / "p.shp", country="MLI")


def test_encodings_and_merged_headers(tmp_path):
    file = table(tmp_path, "nom;lon;lat\nBafoulabé;-3;15\n", encoding="latin-1")
    reading = read_places(file, country="MLI")
    assert reading.layer[["name", "place_id"]].to_numpy().tolist() == [["Bafoulabé", "bafoulabe"]]
    assert "encoding" in set(reading.findings["check"])
    book = Workbook()
    for row in (["Sites", None, None], ["Site Name", "Longitude", "Latitude"], ["Gao", -3, 15]):
        book.active.append(row)
    book.active.merge_cells("A1:C1")
    book.save(tmp_path / "s.xlsx")
    assert read_places(tmp_path / "s.xlsx", country="MLI").layer["name"].tolist() == ["Gao"]


def test_words_that_are_wrong(tmp_path):
    file = table(tmp_path, "name,lon,lat\nA,1,1\n")
    with pytest.raises(InputError, match="did you mean 'camp'"):
        read_places(file, kind="camps")
    with pytest.raises(InputError, match="country='ML'"):
        read_places(file, country="ML")
    with pytest.raises(InputError, match="no column for 'name'"):
        read_places(table(tmp_path, "lon,lat\n1,1\n"), country="MLI")
    with pytest.raises(CRSError, match="EPSG:4326"):
        read_places(file, zones=ZONES.to_crs(3857))


names = st.lists(st.sampled_from(["Gao", "GAO", "gao 2", "Gao-2", "", "غاو", "Ségou"]), min_size=1,
                 max_size=9)  # fmt: skip


@given(names, st.randoms(use_true_random=False))
def test_made_ids_are_unique_and_do_not_depend_on_the_order(tmp_path_factory, given_names, random):
    folder = tmp_path_factory.mktemp("ids")
    lines = [f"{name},{k / 10},15" for k, name in enumerate(given_names)]
    first = read_places(table(folder, "name,lon,lat\n" + "\n".join(lines)), country="MLI").layer
    random.shuffle(lines)
    again = read_places(table(folder, "name,lon,lat\n" + "\n".join(lines)), country="MLI").layer
    assert first["place_id"].is_unique
    assert dict(zip(first.geometry.x, first["place_id"], strict=True)) == dict(
        zip(again.geometry.x, again["place_id"], strict=True)
    )
    for name, one in zip(first["name"], first["place_id"], strict=True):
        assert one.startswith(slug(name))


def test_ids_that_repeat_are_told(tmp_path):
    file = table(tmp_path, "id,name,lon,lat\n1,A,-3,15\n1,B,-3,15.1\n,C,-3,15.2\n")
    reading = read_places(file, country="MLI")
    assert reading.layer["place_id"].tolist() == ["a", "b", "c"]
    assert rows_of(reading).loc["ids not unique", "value"] == 3
    assert "place_id" not in reading.columns


def test_codes_of_place_and_unit_that_disagree(tmp_path):
    file = table(tmp_path, "featureNam,pcode,admin1Pcod,longitude,latitude\n"
                           "A,ML01001,ML01,-3,15\nB,ML02001,ML01,-3,15.1\n"
                           "Seat,ML00000,ML02,3,15.1\nC,ML02002,ML02,3,15.1\n")  # fmt: skip
    row = rows_of(read_places(file, country="MLI")).loc["two p-codes"]
    assert (row["value"], row["id"]) == (1, "1 rows, e.g. ['ML02001']")


lon = st.floats(2.01, 3.99)
lat = st.floats(14.01, 15.99)


@given(st.lists(st.tuples(lon, lat, st.sampled_from(["", "x", "y", "xy", "swap", "off"])),
                min_size=1, max_size=12))  # fmt: skip
def test_mirrored_and_swapped_places_are_found_and_mended(rows):
    moved, right = [], []
    for k, (x, y, fault) in enumerate(rows):
        at = {"": (x, y), "x": (-x, y), "y": (x, -y), "xy": (-x, -y), "swap": (y, x),
              "off": (x + 20, y)}[fault]  # fmt: skip
        moved.append((f"n{k}", "ML02", *at))
        right.append((x, y) if fault != "off" else at)
    given_places = places(moved)
    before = given_places.copy()
    same, told = check_places(given_places, ZONES)
    mended, done = check_places(given_places, ZONES, mend_signs=True)
    assert given_places.equals(before)
    assert same.geometry.equals(before.geometry)
    assert np.array_equal(shapely.get_coordinates(mended.geometry.to_numpy()), np.array(right))
    words = {"x": "sign of longitude", "y": "sign of latitude", "xy": "signs of both",
             "swap": "longitude and latitude swapped", "off": "outside its unit"}  # fmt: skip
    for findings, severity in ((told, "error"), (done, "warning")):
        for fault, check in words.items():
            hit = {f"p{k}" for k, row in enumerate(rows) if row[2] == fault}
            assert {one.id for one in of(findings, check)} == hit
            if fault != "off":
                assert {one.severity for one in of(findings, check)} <= {severity}
    assert not any(one.persons != 10 for one in told if one.check in words.values())


@given(st.floats(-170, 170), st.floats(-60, 60), st.integers(0, 2**32 - 1))
def test_distance_against_a_dense_border(west, south, seed):
    rng = np.random.default_rng(seed)
    shape = shapely.convex_hull(shapely.MultiPoint(rng.random((6, 2)) + np.array([west, south])))
    x, y = rng.uniform(-3, 4, 2) + np.array([west, south])
    assume(shape.geom_type == "Polygon")
    found = distance_km(np.array([x]), np.array([y]), np.array([shape]), np.array([0]))[0]
    if shape.intersects(Point(x, y)):
        assert found == 0
        return
    border = shapely.get_coordinates(shapely.segmentize(shape.exterior, 0.005))
    _, _, metres = GEOD.inv(border[:, 0], border[:, 1], np.full(len(border), x),
                            np.full(len(border), y))  # fmt: skip
    assert metres.min() / 1000 - 0.6 <= found <= metres.min() / 1000 * 1.03 + 0.6


def test_near_mirror_is_told_but_not_corrected():
    given_places = places([("A", "ML02", -4.1, 15.0), ("B", "ML02", 3.0, 16.004)])
    mended, findings = check_places(given_places, ZONES, mend_signs=True)
    assert mended.geometry.equals(given_places.geometry)
    (found,) = of(findings, "sign of longitude")
    assert found.severity == "warning"
    assert "km from it" in found.finding
    assert "corrected" not in found.finding
    (found,) = of(findings, "beside its unit")
    assert (found.value, found.severity) == (1, "note")


def test_twins_and_shared_spots():
    rows = [("Gao", "ML02", 2.1, 15), ("GAO", "ML02", 2.4, 15), ("Gao", "ML01", -3, 15),
            ("B", "ML01", -3.000001, 15), ("C", "ML01", -2.5, 15),
            ("c", "ML01", -2.5, 15)]  # fmt: skip
    _, findings = check_places(places(rows), ZONES)
    (apart,) = of(findings, "same name apart")
    assert apart.id == "['p0', 'p1']"
    assert apart.value == pytest.approx(GEOD.inv(2.1, 15, 2.4, 15)[2] / 1000)
    (spot,) = of(findings, "same spot")
    assert (spot.value, spot.unit) == (2, "spots")
    assert "in 1 of them" in spot.finding


def test_codes_that_are_none_of_the_zones():
    rows = [("A", "ML01", -3, 15), ("B", "ML09", -3, 15.1), ("C", None, -3, 15.2)]
    _, findings = check_places(places(rows), ZONES)
    assert {one.check: one.id for one in findings} == {
        "no p-code": "1 rows, e.g. ['p2']",
        "p-code without zone": "1 rows, e.g. ['p1']",
    }
    with pytest.raises(InputError, match="none of 1 P-codes is one of the zones"):
        check_places(places(rows[1:]), ZONES)
    with pytest.raises(InputError, match=r"far_km=0\.5: must be >= 1 km"):
        check_places(places(rows), ZONES, far_km=0.5)
    with pytest.raises(InputError, match=r"places: no column \['name'\]"):
        check_places(places(rows).drop(columns="name"), ZONES)
    with pytest.raises(CRSError):
        check_places(places(rows).to_crs(3857), ZONES)


@pytest.fixture(scope="module")
def mali(reference_dir):
    folder = reference_dir / "cod_ab_mali"
    zones = read_boundaries(folder / "mli_admbnda_adm3_gov_ocha.shp").layer
    return zones, read_places(folder / "settlements.csv", zones=zones)


def test_real_settlements_of_mali(mali):
    _, reading = mali
    frame = reading.layer
    assert len(frame) == reading.rows_read == 18_769
    assert frame["place_id"].str.fullmatch(r"ML\d{9}").all()
    assert set(frame["country"]) == {"MLI"}
    assert {"Kabaté", "Gory Gopéla", "Médine"} <= set(frame["name"])


def test_real_sign_errors_are_found_in_seconds(mali):
    zones, reading = mali
    began = time.perf_counter()
    mended, findings = check_places(reading.layer, zones, mend_signs=True)
    assert time.perf_counter() - began < 10
    signs = {one.id: one for one in of(findings, "sign of longitude")}
    assert {"ML070206017", "ML070401001"} <= set(signs)
    assert 2 < len(signs) < 20
    assert "another 'Anderamboukane'" in signs["ML070401001"].finding
    ours = mended.set_index("place_id").geometry
    assert ours["ML070401001"].x == pytest.approx(3.026442, abs=1e-6)
    assert ours["ML070206017"].x == pytest.approx(0.292627, abs=1e-6)
    changed = reading.layer.geometry.to_numpy() != mended.geometry.to_numpy()
    sure = {one for one, finding in signs.items() if "corrected" in finding.finding}
    assert set(mended.loc[changed, "place_id"]) == sure
    assert {"ML070206017", "ML070401001"} <= sure
    again = check_places(mended, zones)[1]
    assert {one.id for one in of(again, "sign of longitude")} == set(signs) - sure


def test_real_places_outside_against_geopandas(mali):
    zones, reading = mali
    _, findings = check_places(reading.layer, zones)
    inside = gpd.sjoin(reading.layer, zones[["pcode", "geometry"]], predicate="intersects")
    right = set(inside.loc[inside["pcode_left"] == inside["pcode_right"], "place_id"])
    single = [one for one in findings if one.unit == "km" and one.check != "same name apart"]
    told = len(single) + sum(one.value for one in findings if one.unit == "rows")
    assert told == len(reading.layer) - len(right)
