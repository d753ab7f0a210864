"""Events, incidents and areas as people publish them, good files and bad ones."""

import datetime as dt
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from mobility_geo.errors import CRSError, InputError
from mobility_geo.scenario.blocks import AREAS
from mobility_geo.schema import EVENTS, FINDINGS, INCIDENTS, check_table
from mobility_geo.sources import events as module
from mobility_geo.sources.events import read_events, read_incidents, read_insecurity_areas

ACLED = (
    "event_id_cnty,event_date,year,time_precision,event_type,sub_event_type,actor1,country,"
    "location,latitude,longitude,geo_precision,source,notes,fatalities,timestamp\n"
)
UCDP = (
    "id,year,type_of_violence,where_prec,where_coordinates,latitude,longitude,date_prec,"
    "date_start,date_end,country,best,high,low\n"
)


def acled_row(**changes):
    row = {
        "event_id_cnty": "MLI1", "event_date": "01 April 2012", "year": "2012",
        "time_precision": "1", "event_type": "Battles", "sub_event_type": "Armed clash",
        "actor1": '"MNLA, and others"', "country": "Mali", "location": "Gao",
        "latitude": "16.2717", "longitude": "-0.0447", "geo_precision": "1",
        "source": "Reuters; AFP", "notes": '"Said ""no"", then left.\nA second line"',
        "fatalities": "3", "timestamp": "1690000000",
    }  # fmt: skip
    return ",".join((row | changes).values()) + "\n"


def write(folder, text, name="file.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def check_of(reading, check):
    findings = check_table(reading.findings, FINDINGS)
    rows = findings[findings["check"] == check]
    assert len(rows) == 1, findings[["check", "id", "finding"]].to_string()
    return rows.iloc[0]


@pytest.fixture(params=["whole", "lean"])
def way(request, monkeypatch):
    """Both ways of reading a table: small files whole, large ones only what is used."""
    if request.param == "lean":
        monkeypatch.setattr(module, "LARGE_BYTES", 0)
    return request.param


@pytest.mark.usefixtures("way")
def test_acled_as_published(tmp_path):
    text = ACLED + acled_row() + acled_row(event_id_cnty="MLI2", location="Ségou", fatalities="")
    reading = read_events(write(tmp_path, text))
    table = reading.layer
    conformed = check_table(table, EVENTS)
    assert_frame_equal(pd.DataFrame(table), pd.DataFrame(conformed))
    assert reading.publisher == "ACLED"
    assert "attribution" in reading.licence
    assert (reading.rows_read, reading.rows_kept) == (2, 2)
    first = table.iloc[0]
    assert first["event_id"] == "MLI1"
    assert first["event_date"] == pd.Timestamp("2012-04-01")
    assert (first["event_type"], first["sub_event_type"]) == ("Battles", "Armed clash")
    assert (first["fatalities_persons"], first["geo_precision"]) == (3.0, 1)
    assert (first["location"], first["country"]) == ("Gao", "Mali")
    assert first["source"] == "ACLED: Reuters; AFP"
    assert first.geometry.equals(shapely.Point(-0.0447, 16.2717))
    assert np.isnan(table["fatalities_persons"].iloc[1])
    assert table["location"].iloc[1] == "Ségou"
    assert table.crs == 4326


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "word",
    [
        "2012-04-01", "2012/04/01", "2012-4-1", "20120401", "2012-04-01 00:00:00.000",
        "2012-04-01T12:30:00Z", "01 April 2012", "1 april 2012", "01-Apr-2012", "1-Apr-12",
        "April 1, 2012", "1er avril 2012", "Sunday, 1 April 2012", "1st April 2012",
    ],
)  # fmt: skip
def test_dates_in_all_their_forms(tmp_path, word):
    text = ACLED + acled_row(event_date=f'"{word}"')
    assert read_events(write(tmp_path, text)).table["event_date"][0] == pd.Timestamp("2012-04-01")


@pytest.mark.parametrize("sign", "/-.")
def test_dates_of_numbers_are_refused_unless_said_or_shown(tmp_path, sign):
    unclear = ACLED + acled_row(event_date=f"01{sign}04{sign}2012")
    path = write(tmp_path, unclear)
    with pytest.raises(InputError, match="day_first=True or False"):
        read_events(path)
    assert read_events(path, day_first=True).table["event_date"][0].month == 4
    assert read_events(path, day_first=False).table["event_date"][0].month == 1
    shown = unclear + acled_row(event_id_cnty="MLI2", event_date=f"25{sign}04{sign}2012")
    reading = read_events(write(tmp_path, shown))
    assert reading.table["event_date"].dt.month.tolist() == [4, 4]
    assert "day comes first" in check_of(reading, "date order")["finding"]
    both = shown + acled_row(event_id_cnty="MLI3", event_date=f"04{sign}25{sign}2012")
    with pytest.raises(InputError, match="both orders"):
        read_events(write(tmp_path, both))
    same = ACLED + acled_row(event_date=f"04{sign}04{sign}2012")
    assert read_events(write(tmp_path, same)).table["event_date"][0].day == 4


@given(st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31)))
def test_a_written_date_is_read_again(day):
    for form in ("%Y-%m-%d", "%Y%m%d", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y"):
        assert module._day(day.strftime(form).casefold(), day_first=False) == day  # noqa: SLF001
    assert module._day(day.strftime("%d/%m/%Y"), day_first=True) == day  # noqa: SLF001
    assert module._day(day.strftime("%m/%d/%Y"), day_first=False) == day  # noqa: SLF001


@pytest.mark.usefixtures("way")
def test_bad_rows_are_left_out_and_counted(tmp_path):
    bad = [
        {"event_date": ""}, {"event_date": "soon"}, {"event_date": "2012-13-45"},
        {"latitude": ""}, {"longitude": "east"},
        {"latitude": "0", "longitude": "0.0"},
        {"latitude": "-100.5", "longitude": "16.2"},
        {"latitude": "1000", "longitude": "16.2"},
    ]  # fmt: skip
    good = [{} for _ in range(9)]
    rows = [acled_row(event_id_cnty=f"MLI{i}", **row) for i, row in enumerate([*bad, *good])]
    reading = read_events(write(tmp_path, ACLED + "".join(rows)))
    assert (reading.rows_read, reading.rows_kept) == (17, 9)
    counts = {
        check: check_of(reading, check)["value"]
        for check in ("no date", "no coordinates", "null island", "swapped", "outside the globe")
    }
    assert list(counts.values()) == [3, 2, 1, 1, 1]
    assert "MLI6" in check_of(reading, "swapped")["id"]
    dropped = reading.findings.loc[reading.findings["severity"] == "warning", "value"].sum()
    assert dropped == reading.rows_read - reading.rows_kept


def test_whole_files_that_are_wrong_are_refused(tmp_path):
    metres = ACLED + acled_row(latitude="1800000", longitude="450000")
    with pytest.raises(InputError, match="metres"):
        read_events(write(tmp_path, metres))
    swapped = ACLED + acled_row(latitude="-120", longitude="40")
    with pytest.raises(InputError, match="swapped in 1 of 1"):
        read_events(write(tmp_path, swapped))
    undated = ACLED + acled_row(event_date="")
    with pytest.raises(InputError, match="none of 1 rows"):
        read_events(write(tmp_path, undated))
    no_place = "event_id,event_date\n1,2012-01-01\n"
    with pytest.raises(InputError, match="no column for 'lat'"):
        read_events(write(tmp_path, no_place))
    with pytest.raises(InputError, match="no such file"):
        read_events(tmp_path / "none.csv")


def test_swapped_rows_show_in_a_box(tmp_path):
    rows = [acled_row(event_id_cnty=f"M{i}") for i in range(3)]
    rows.append(acled_row(event_id_cnty="M9", latitude="-0.0447", longitude="16.2717"))
    path = write(tmp_path, ACLED + "".join(rows))
    reading = read_events(path, bbox=(-12, 10, 5, 25))
    assert reading.rows_kept == 3
    assert "M9" in check_of(reading, "swapped")["id"]
    with pytest.raises(InputError, match="the other way round"):
        read_events(path, columns={"lat": "longitude", "lon": "latitude"}, bbox=(-12, 10, 5, 25))
    with pytest.raises(InputError, match="west < east"):
        read_events(path, bbox=(5, 10, -12, 25))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "stamps", [["30", "10", "20"], ["2023-03-01", "2023-01-01T00:00:00", "2023-02-01"]]
)
def test_of_rows_published_again_the_latest_counts(tmp_path, stamps):
    rows = [acled_row(timestamp=stamp, fatalities=str(i)) for i, stamp in enumerate(stamps)] + [
        acled_row(event_id_cnty="MLI2")
    ]
    reading = read_events(write(tmp_path, ACLED + "".join(rows)))
    assert reading.table["event_id"].tolist() == ["MLI1", "MLI2"]
    assert reading.table["fatalities_persons"].tolist() == [0.0, 3.0]
    finding = check_of(reading, "duplicate id")
    assert finding["value"] == 2
    assert "latest timestamp" in finding["finding"]


def test_without_a_timestamp_the_last_row_counts(tmp_path):
    text = "id,date,lat,lon,deaths\n1,2012-01-01,16,0,1\n1,2012-01-01,16,0,2\n"
    reading = read_events(write(tmp_path, text))
    assert reading.table["fatalities_persons"].tolist() == [2.0]
    assert "last row" in check_of(reading, "duplicate id")["finding"]


@pytest.mark.usefixtures("way")
def test_ucdp_ged_as_published(tmp_path):
    rows = "".join(
        f"{n},2012,{kind},{prec},Gao town,16.27,-0.04,1,2012-04-01 00:00:00.000,"
        f"2012-04-0{1 + (n == 3)} 00:00:00.000,Mali,{n},9,0\n"
        for n, (kind, prec) in enumerate([(1, 1), (2, 2), (3, 3), (1, 4), (1, 5), (1, 6), (1, 7)])
    )
    reading = read_events(write(tmp_path, UCDP + rows))
    table = reading.table
    assert reading.publisher == "UCDP GED"
    assert "CC BY 4.0" in reading.licence
    assert table["geo_precision"].tolist() == [1, 2, 2, 3, 3]
    assert table["event_type"].tolist()[:3] == [
        "state-based conflict", "non-state conflict", "one-sided violence",
    ]  # fmt: skip
    assert table["fatalities_persons"].tolist() == [0, 1, 2, 3, 4]
    assert table["location"].tolist()[0] == "Gao town"
    assert (table["source"] == "UCDP GED").all()
    # known by a span: dated on its last day
    assert table["event_date"].dt.day.tolist() == [1, 1, 1, 2, 1]
    assert check_of(reading, "span of days")["value"] == 1
    assert check_of(reading, "no place")["value"] == 2


@pytest.mark.usefixtures("way")
def test_filters_are_told(tmp_path):
    rows = [
        acled_row(event_id_cnty="a"),
        acled_row(event_id_cnty="b", event_date="2012-05-01"),
        acled_row(event_id_cnty="c", geo_precision="3"),
        acled_row(event_id_cnty="d", event_type="Protests", sub_event_type="Peaceful protest"),
        acled_row(event_id_cnty="e", longitude="30"),
    ]
    path = write(tmp_path, ACLED + "".join(rows))
    reading = read_events(
        path, end=dt.date(2012, 4, 30), max_geo_precision=2, event_types=["armed clash"],
        bbox=(-12, 10, 5, 25),
    )  # fmt: skip
    assert reading.table["event_id"].tolist() == ["a"]
    for check in ("dates", "precision", "type", "box"):
        assert check_of(reading, check)["value"] == 1
    assert read_events(path, start=dt.date(2012, 5, 1)).table["event_id"].tolist() == ["b"]
    with pytest.raises(InputError, match="did you mean 'Armed clash'"):
        read_events(path, event_types=["Armed clsh"])
    nothing = read_events(path, start=dt.date(2020, 1, 1))
    assert len(check_table(nothing.table, EVENTS)) == 0
    assert check_of(nothing, "nothing left")["severity"] == "warning"
    with pytest.raises(InputError, match="before start"):
        read_events(path, start=dt.date(2020, 1, 1), end=dt.date(2019, 1, 1))
    with pytest.raises(InputError, match="max_geo_precision"):
        read_events(path, max_geo_precision=4)


def test_precision_that_is_not_said(tmp_path):
    path = write(tmp_path, "id,date,lat,lon\n1,2012-01-01,16,0\n")
    reading = read_events(path)
    assert reading.table["geo_precision"].tolist() == [1]
    assert "taken as at the place" in check_of(reading, "precision")["finding"]
    gaps = ACLED + acled_row(geo_precision="") + acled_row(event_id_cnty="x", geo_precision="9")
    reading = read_events(write(tmp_path, gaps))
    assert reading.table["geo_precision"].tolist() == [3, 3]
    assert check_of(reading, "precision")["value"] == 2


@pytest.mark.usefixtures("way")
def test_plain_tables_tags_and_decimal_commas(tmp_path):
    text = (
        "Quand;Où;Y;X;Morts\n#date+occurred;#loc+name;#geo+lat;#geo+lon;#affected+killed\n"
        "2012-04-01;Gao;16,2717;-0,0447;4\n"
    )
    reading = read_events(write(tmp_path, text))
    assert reading.publisher == "table with HXL tags"
    assert reading.table["location"].tolist() == ["Gao"]
    assert reading.table["fatalities_persons"].tolist() == [4.0]
    assert reading.table["event_id"].tolist() == ["row-1"]
    assert reading.layer.geometry.iloc[0].equals(shapely.Point(-0.0447, 16.2717))
    assert "no column of ids" in check_of(reading, "no id")["finding"]


@pytest.mark.usefixtures("way")
def test_other_encodings(tmp_path):
    text = ACLED + acled_row(location="Ménaka")
    for encoding in ("cp1252", "utf-8-sig", "utf-16"):
        reading = read_events(write(tmp_path, text, encoding=encoding))
        assert reading.table["location"].tolist() == ["Ménaka"]
        assert ("encoding" in set(reading.findings["check"])) == (encoding == "cp1252")


@pytest.mark.usefixtures("way")
def test_archives_are_opened_safely(tmp_path):
    path = tmp_path / "acled.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.csv", ACLED + acled_row())
        archive.writestr("readme.md", "hello")
    assert read_events(path).rows_kept == 1
    assert read_events(path / "data.csv").rows_kept == 1
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../data.csv", ACLED + acled_row())
    with pytest.raises(InputError, match="outside"):
        read_events(path)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (ACLED, "no rows"),
        (ACLED.replace("year,", "event_date,") + acled_row(), "several columns|called"),
        (ACLED + acled_row() + acled_row().strip() + ",one,more\n", "cells|not a table"),
        (ACLED + acled_row(notes='"never closed'), "quote|not a table"),
    ],
)
def test_broken_tables_are_one_clear_error(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_events(write(tmp_path, text))


cells = st.sampled_from(
    [
        "",
        "NA",
        "-",
        "0",
        "007",
        "1",
        "3",
        "16.2",
        "-4,5",
        "95",
        "1e9",
        "nan",
        "2012-04-01",
        "Gao",
        'é"x',
    ]
)


@settings(max_examples=25)
@given(st.lists(st.tuples(cells, cells, cells, cells, cells), min_size=1, max_size=6))
def test_small_and_large_files_are_read_alike(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("alike") / "file.csv"
    header = ["event_id", "event_date", "latitude", "longitude", "geo_precision"]
    fixed = ["ok", "2012-01-02", "1", "2", "1"]
    rows = [row for row in rows if set(row) - {"", "NA", "-", "nan"}]
    pd.DataFrame([fixed, fixed, *rows], columns=header).to_csv(path, index=False)
    got = []
    for limit in (module.LARGE_BYTES, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "LARGE_BYTES", limit)
            try:
                reading = read_events(path)
            except InputError as error:
                got.append(str(error))
            else:
                skipped = {"missing words", "missing"}
                said = reading.findings[~reading.findings["check"].isin(skipped)]
                got.append((reading.table.to_csv(), reading.rows_read, sorted(said["id"])))
    assert got[0] == got[1]


def test_workbooks_and_layers(tmp_path):
    frame = pd.DataFrame(
        {"event_id_cnty": ["MLI1"], "event_date": [dt.datetime(2012, 4, 1)], "latitude": [16.5],  # noqa: DTZ001
         "longitude": [-0.25], "geo_precision": [2]}
    )  # fmt: skip
    frame.to_excel(tmp_path / "acled.xlsx", index=False)
    from_book = read_events(tmp_path / "acled.xlsx").layer
    layer = gpd.GeoDataFrame(
        frame, geometry=gpd.points_from_xy(frame["longitude"], frame["latitude"]), crs=4326
    )
    layer.to_crs(32630).to_file(tmp_path / "acled.gpkg")
    reading = read_events(tmp_path / "acled.gpkg")
    assert check_of(reading, "reprojected")["severity"] == "note"
    assert_frame_equal(pd.DataFrame(from_book.drop(columns=["geometry"])),
                       pd.DataFrame(reading.layer.drop(columns=["geometry"])))  # fmt: skip
    assert from_book.geometry.iloc[0].distance(reading.layer.geometry.iloc[0]) < 1e-8
    bare = gpd.GeoDataFrame({"date": ["2012-04-01"]}, geometry=[shapely.Point(0, 16)])
    bare.set_crs(4326).to_file(tmp_path / "none.shp")
    (tmp_path / "none.prj").unlink()
    with pytest.raises(CRSError):
        read_events(tmp_path / "none.shp")
    assert read_events(tmp_path / "none.shp", crs=4326).rows_kept == 1


def test_a_table_in_metres_says_its_system(tmp_path):
    path = write(tmp_path, "id,date,y,x\n1,2012-01-01,1800000,400000\n")
    point = read_events(path, crs=32630).layer.geometry.iloc[0]
    expected = gpd.GeoSeries([shapely.Point(400000, 1800000)], crs=32630).to_crs(4326).iloc[0]
    assert point.distance(expected) < 1e-9
    with pytest.raises(InputError, match="no coordinate reference system"):
        read_events(path, crs="EPSG:1")


# ---------------------------------------------------------------- incidents


def test_a_french_list_of_incidents(tmp_path):
    text = (
        "N°;Date de l'incident;Route;De;Vers;Type d'incident;Gravité;Observations\n"
        "1;20/01/2013;RN16;Gossi;Hombori;Attaque;Élevée;embuscade\n"
        "2;21 janvier 2013;Gao - Ansongo;;;Vol;faible;\n"
        "3;22/01/2013;Gao-Bourem;;;Vol;2;\n"
        "4;;RN6;;;Vol;2;\n"
        "5;23/01/2013;;;;Vol;2;\n"
        "6;24/01/2013;RN 17;;;Vol;3 - fort;\n"
    )
    reading = read_incidents(write(tmp_path, text))
    table = check_table(reading.table, INCIDENTS)
    assert table["incident_id"].tolist() == ["1", "2", "3", "6"]
    assert table["severity"].tolist() == [3, 1, 2, 3]
    assert table["ref"].fillna("").tolist() == ["RN16", "", "", "RN 17"]
    assert table["from_place"].fillna("").tolist() == ["Gossi", "Gao", "Gao", ""]
    assert table["to_place"].fillna("").tolist() == ["Hombori", "Ansongo", "Bourem", ""]
    assert table["remarks"].tolist()[0] == "embuscade"
    assert table["incident_date"].dt.day.tolist() == [20, 21, 22, 24]
    assert check_of(reading, "no date")["value"] == 1
    assert check_of(reading, "no road")["value"] == 1
    assert check_of(reading, "road")["value"] == 2
    assert (reading.rows_read, reading.rows_kept) == (6, 4)


def test_severity_is_never_made_up(tmp_path):
    text = "date,road,severity\n2013-01-20,RN16,dreadful\n2013-01-21,RN16,\n"
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_incidents(path)
    assert len(caught.value.problems) == 2
    assert "dreadful" in caught.value.problems[0]
    reading = read_incidents(path, severity=2, severities={"Dreadful": 4})
    assert reading.table["severity"].tolist() == [4, 2]
    with pytest.raises(InputError, match="1 to 4"):
        read_incidents(path, severity=5)
    with pytest.raises(InputError, match="rows have no severity"):
        read_incidents(write(tmp_path, "date,road\n2013-01-20,RN16\n2013-01-20,RN16\n"))
    with pytest.raises(InputError, match="no column for the road"):
        read_incidents(write(tmp_path, "date,level\n2013-01-20,1\n"))


def test_windows_of_incidents(tmp_path):
    text = "id,date,road,level\n1,2013-01-20,RN16,1\n2,2013-02-20,RN16,1\n1,2013-01-20,RN17,1\n"
    reading = read_incidents(write(tmp_path, text), end=dt.date(2013, 1, 31))
    assert reading.table["ref"].tolist() == ["RN17"]
    assert check_of(reading, "duplicate id")["value"] == 1
    assert check_of(reading, "dates")["value"] == 1


# ---------------------------------------------------------------- areas


def test_areas_in_words(tmp_path):
    bow = shapely.Polygon([(0, 14), (1, 15), (1, 14), (0, 15)])
    layer = gpd.GeoDataFrame(
        {
            "Nom": ["Nord", "Sud", "Est", "Ligne"],
            "Niveau": ["très élevé", "Moyen", "low", "high"],
            "date_début": ["2013-01-01", "1 février 2013", "some day", None],
            "confiance": ["haute", "so so", None, None],
        },
        geometry=[shapely.box(-1, 14, 0, 15), bow, shapely.box(3, 14, 4, 15).buffer(0),
                  shapely.LineString([(0, 0), (1, 1)])],
        crs=4326,
    )  # fmt: skip
    layer.to_crs(32630).to_file(tmp_path / "areas.gpkg")
    reading = read_insecurity_areas(tmp_path / "areas.gpkg")
    table = check_table(reading.layer, AREAS)
    assert_frame_equal(pd.DataFrame(table), pd.DataFrame(reading.layer))
    assert table["name"].tolist() == ["Nord", "Sud", "Est"]
    assert table["severity"].tolist() == [4, 2, 1]
    assert table["start"].dt.month.fillna(0).tolist() == [1, 2, 0]
    assert table["confidence"].fillna("").tolist() == ["high", "", ""]
    assert table.geometry.is_valid.all()
    assert table.geometry.iloc[1].area == pytest.approx(0.5, rel=1e-3)
    for check in ("not valid", "no polygon", "confidence", "no date"):
        assert check_of(reading, check)["value"] == 1


def test_areas_without_severity(tmp_path):
    layer = gpd.GeoDataFrame(
        {"area_id": ["a", "a"]},
        geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs=4326,
    )  # fmt: skip
    path = tmp_path / "areas.geojson"
    layer.to_file(path)
    with pytest.raises(InputError, match="2 rows have no severity"):
        read_insecurity_areas(path)
    reading = read_insecurity_areas(path, severity=2)
    assert reading.table["severity"].tolist() == [2, 2]
    assert reading.table["area_id"].tolist() == ["a", "a-2"]
    points = gpd.GeoDataFrame({"severity": [1]}, geometry=[shapely.Point(0, 0)], crs=4326)
    points.to_file(tmp_path / "points.gpkg")
    with pytest.raises(InputError, match="no polygon"):
        read_insecurity_areas(tmp_path / "points.gpkg")
