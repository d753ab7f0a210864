"""Camps, sites and stations from tables and layers."""

import zipfile

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from mobility_geo.errors import CRSError, InputError
from mobility_geo.schema import conform
from mobility_geo.sources.stations import STATIONS, read_waystations


@pytest.fixture
def read(tmp_path):
    def reading(*lines, **how):
        (tmp_path / "sites.csv").write_text("\n".join(lines), encoding="utf-8")
        return read_waystations(tmp_path / "sites.csv", **how)

    return reading


def found(reading, check):
    return [row for row in reading.findings.itertuples() if row.check == check]


def test_locations_of_unhcr(read):
    reading = read(
        "pcode,Country,name,name_alt,loc_type,loc_subtype,createdate,closedate,source,status,"
        "POINT_X,POINT_Y",
        "MRTc1,Mauritania,Mbéra,,Refugee Camp,,2/1/2012,,HCR,1,-5.791,15.856",
        "NERc1,Niger,Gaoudel,,Refugee Settlement,,5/29/2012,12/31/2012,HCR,0,2.9,15.9",
        "NERc2,Niger,Niamey,,Refugee Urban location,,1/1/2012,,HCR,1,2.1,13.5",
        "NERc3,Niger,Old camp,,Refugee Camp,,1/1/1996,,HCR,0,2.2,13.6",
        "NERc4,Niger,Somewhere,,Refugee Camp,,1/1/2012,,HCR,1,,",
        "NERc5,Niger,Elsewhere,,Unknown,,1/1/2012,,HCR,1,2.3,13.7",
    )
    table = reading.layer
    assert reading.publisher == "UNHCR locations"
    assert table["waystation_id"].tolist() == ["MRTc1", "NERc1"]
    assert table["kind"].tolist() == ["camp", "camp"]
    assert table["open_from"].tolist() == [pd.Timestamp("2012-02-01"), pd.Timestamp("2012-05-29")]
    assert table["open_until"].isna().tolist() == [True, False]
    assert table.geometry.iloc[0].equals(shapely.Point(-5.791, 15.856))
    assert table.crs == 4326
    assert not table["hypothetical"].any()
    for check in ("no station", "closed", "no position", "kind not known"):
        assert found(reading, check)[0].value == 1, check
    assert (reading.rows_read, reading.rows_kept) == (6, 2)
    assert conform(table, STATIONS)[1] == []


def test_sites_of_dtm_in_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in [
        ["DTM Mali, round 12"],
        ["SSID", "Site Name", "Site Type", "Longitude", "Latitude", "Capacité d'accueil",
         "Total Individuals", "Site Status"],
        ["ML_1", "Faladié", "Spontaneous site", "-7,95", "12,60", "1 200", 900, "Open"],
        ["ML_2", "Transit de Fassala", "Centre de transit", -5.5, 15.55, -3, 10, "Ouvert"],
        ["ML_3", None, "Camp", 1, 2, None, 10, "Open"],
    ]:  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    reading = read_waystations(tmp_path / "a.xlsx")
    table = reading.layer
    assert reading.publisher == "IOM DTM sites"
    assert table["kind"].tolist() == ["camp", "transit_centre"]
    assert table["capacity_persons"].fillna(-1).tolist() == [1200, -1]
    assert table.geometry.x.tolist() == [-7.95, -5.5]
    assert found(reading, "capacity below 0")
    assert found(reading, "no name")[0].id == "1 rows, e.g. ['row 3']"


def test_kinds_in_words_of_your_own_and_from_names(read):
    lines = ["name,type,lon,lat", "A,CHT,1,2", "B,way station,1,3", "C,équipe mobile,1,4"]
    reading = read(*lines, kinds={"CHT": "transit_centre"})
    assert reading.layer["kind"].tolist() == ["transit_centre", "fixed", "mobile"]
    assert read(*lines, kind="camp").layer["kind"].tolist() == ["camp", "fixed", "mobile"]
    assert found(read(*lines), "kind not known")[0].finding.startswith("['CHT']")
    names = read("name,lon,lat", "Camp de Mbéra,1,2", "Centre de transit,1,3")
    assert names.layer["kind"].tolist() == ["camp", "transit_centre"]
    with pytest.raises(InputError, match="no column says what kind"):
        read("name,lon,lat", "Mbéra,1,2")
    with pytest.raises(InputError, match=r"kind 'kamp' is not known; did you mean 'camp'"):
        read(*lines, kind="kamp")


def test_ids_are_made_of_names_and_a_later_row_replaces_an_earlier(read):
    reading = read("name,lon,lat", "Camp Léré,1,2", "Camp Léré,1,3", "Camp Ber,1,4")
    assert reading.layer["waystation_id"].tolist() == ["camp-lere", "camp-lere-2", "camp-ber"]
    again = read("site_id,name,capacity,lon,lat", "s1,Camp A,10,1,2", "s1,Camp A,20,1,2")
    assert again.layer["capacity_persons"].tolist() == [20]
    assert found(again, "same station again")[0].value == 1


def test_the_own_form_of_the_toolkit_is_read_with_positions(read):
    reading = read(
        "waystation_id,name,place_id,kind,hypothetical,capacity_persons,open_from,open_until,"
        "source,lon,lat",
        "w1,Stop,gao,mobile,true,,2013-01-01,2013-02-01,own work,0,16.3",
    )
    row = reading.layer.iloc[0]
    assert row[["waystation_id", "place_id", "kind", "source"]].tolist() == [
        "w1", "gao", "mobile", "own work"
    ]  # fmt: skip
    assert row["hypothetical"]
    assert row["open_until"] == pd.Timestamp("2013-02-01")


def test_layers_are_reprojected_and_areas_become_points(tmp_path):
    shapes = [shapely.Point(0, 16.3), shapely.box(-1, 15, -0.9, 15.1)]
    layer = gpd.GeoDataFrame(
        {"name": ["A", "B"], "type": ["camp", "camp"], "capacity": [10.0, None]},
        geometry=shapes, crs=4326,
    )  # fmt: skip
    path = tmp_path / "sites à Gao.geojson"
    layer.to_file(path)
    reading = read_waystations(path)
    assert set(reading.layer.geom_type) == {"Point"}
    assert reading.layer["capacity_persons"].fillna(-1).tolist() == [10, -1]
    assert found(reading, "not a point")[0].value == 1
    layer.to_crs(32630).to_file(tmp_path / "a.gpkg")
    assert found(read_waystations(tmp_path / "a.gpkg"), "reprojected")
    layer.iloc[:1].to_file(tmp_path / "b.shp")
    (tmp_path / "b.prj").unlink()
    with pytest.raises(CRSError, match="states no coordinate reference system"):
        read_waystations(tmp_path / "b.shp")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.write(path, "x/sites.geojson")
    assert len(read_waystations(tmp_path / "c.zip").layer) == 2


def test_a_table_in_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/sites.csv", "name,lon,lat\nCamp A,1,2\n")
    assert len(read_waystations(tmp_path / "a.zip").layer) == 1
    assert len(read_waystations(f"{tmp_path}/a.zip/x/sites.csv").layer) == 1


def test_tables_without_positions_or_rows_are_refused(read):
    with pytest.raises(InputError, match="no column for 'lon'"):
        read("name,type", "A,camp")
    with pytest.raises(InputError, match="none of its 1 rows is a station"):
        read("name,type,lon,lat", "A,village,1,2")
    with pytest.raises(InputError, match="longitude and latitude are swapped"):
        read("name,type,lon,lat", "A,camp,14.6,121")


def test_tags_name_the_columns(read):
    reading = read("a,b,c,d", "#loc+name,#geo+lon,#geo+lat,#capacity", "Camp A,1,2,30")
    assert reading.layer["capacity_persons"].tolist() == [30]
