"""Files to tables: what is refused, and that what is read is what was written."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from mobility_geo.errors import CRSError, InputError, SchemaError
from mobility_geo.schema import NODES, SPEEDS, ZONES
from mobility_geo.sources import read_layer, read_table

HEADER = "profile,kind,road_class,surface,speed_kph,source\n"


def test_a_table_with_accents_and_blanks_in_its_path(tmp_path):
    folder = tmp_path / "données de Ségou"
    folder.mkdir()
    file = folder / "vitesses été.csv"
    file.write_text(HEADER + "007,road,*,*,50,N'Tillit\n", encoding="utf-8")
    made = read_table(file, SPEEDS)
    assert made[["profile", "source"]].to_numpy().tolist() == [["007", "N'Tillit"]]
    assert made["speed_kph"].tolist() == [50.0]


@pytest.mark.parametrize("word", ["NA", "nan", "None", "null", "n/a"])
def test_words_that_pandas_takes_for_missing_are_words(tmp_path, word):
    file = tmp_path / "t.csv"
    file.write_text(HEADER + f"{word},road,*,*,50,x\n", encoding="utf-8")
    assert read_table(file, SPEEDS)["profile"].tolist() == [word]


def test_a_file_saved_by_a_spreadsheet_with_a_byte_order_mark(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(HEADER + "truck,road,*,*,50,x\n", encoding="utf-8-sig")
    assert read_table(file, SPEEDS)["profile"].tolist() == ["truck"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a table"),
        ("profile\nS\xe9gou\n".encode("latin-1"), "not UTF-8"),
        (b'profile,kind\n"open\n', "not a table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, words):
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_table(file, SPEEDS)


def test_a_folder_or_nothing_is_no_table(tmp_path):
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(InputError, match="no such file"):
            read_table(path, SPEEDS)
        with pytest.raises(InputError, match="no such file"):
            read_layer(path, NODES)


def test_every_problem_of_a_file_is_told_with_the_name_of_the_file(tmp_path):
    file = tmp_path / "speeds.csv"
    file.write_text(HEADER + "truck,raod,*,*,-5,x\n", encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        read_table(file, SPEEDS)
    assert len(caught.value.problems) == 2
    assert all(problem.startswith("speeds.csv: speeds: ") for problem in caught.value.problems)


def nodes(**changes):
    return gpd.GeoDataFrame(
        {"node_id": ["001", "é"], "kind": "junction", "name": [None, "Gao"], **changes},
        geometry=gpd.points_from_xy([0, 1], [2, 3]), crs=4326,
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "shp"])
def test_layers_are_read_from_any_file_that_has_them(tmp_path, ending):
    file = tmp_path / f"nœuds.{ending}"
    frame = nodes()
    frame.to_file(file)
    made = read_layer(file, NODES)
    assert made["node_id"].tolist() == ["001", "é"]
    assert made["name"].isna().tolist() == [True, False]
    assert made.geometry.tolist() == frame.geometry.tolist()


@pytest.mark.filterwarnings("ignore:More than one layer")
def test_a_layer_is_found_by_its_name(tmp_path):
    file = tmp_path / "a.gpkg"
    nodes(name=["first", "x"]).to_file(file, layer="one")
    nodes(name=["second", "x"]).to_file(file, layer="two")
    assert read_layer(file, NODES)["name"].iloc[0] == "first"
    assert read_layer(file, NODES, layer="two")["name"].iloc[0] == "second"
    with pytest.raises(InputError, match="cannot be read"):
        read_layer(file, NODES, layer="three")


def test_single_polygons_become_multipolygons(tmp_path):
    file = tmp_path / "z.gpkg"
    gpd.GeoDataFrame(
        {"pcode": ["ML01"], "name": ["Kayes"], "adm_level": 1, "country": "MLI",
         "pcode_vintage": "x", "source": "x"},
        geometry=[shapely.box(0, 0, 1, 1)], crs=4326,
    ).to_file(file)  # fmt: skip
    made = read_layer(file, ZONES)
    assert made.geometry.geom_type.tolist() == ["MultiPolygon"]
    assert made.geometry.iloc[0].equals(shapely.box(0, 0, 1, 1))


@pytest.mark.filterwarnings("ignore:.*crs.*was not provided")
def test_a_layer_without_coordinate_reference_system_is_refused(tmp_path):
    file = tmp_path / "n.shp"
    nodes().to_crs(4326).to_file(file)
    file.with_suffix(".prj").unlink()
    with pytest.raises(CRSError, match="no coordinate reference system"):
        read_layer(file, NODES)


def test_a_table_without_geometry_is_no_layer(tmp_path):
    file = tmp_path / "plain.csv"
    pd.DataFrame({"node_id": ["a"]}).to_csv(file, index=False)
    with pytest.raises(InputError, match="no geometry"):
        read_layer(file, NODES)


def test_a_broken_file_is_refused(tmp_path):
    file = tmp_path / "broken.gpkg"
    file.write_bytes(b"SQLite format 3\x00 but not really")
    with pytest.raises(InputError, match="cannot be read"):
        read_layer(file, NODES)
