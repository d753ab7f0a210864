"""Tables of movements: what people have, read as it is, with everything told that was done."""

import builtins
import importlib
import json
import sys

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from mobility_geo.errors import InputError
from mobility_geo.schema import MARGINS, OD_TABLE, conform
from mobility_geo.sources import (
    choose_dates,
    match_ids,
    read_costs,
    read_margins,
    read_od_table,
    read_omx,
    read_zone_names,
    write_omx,
)


@pytest.fixture
def write(tmp_path):
    def writing(*lines, name="moves.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return writing


def found(reading, check):
    return [row for row in reading.findings.itertuples() if row.check == check]


def rows(table):
    return table[["origin_id", "destination_id", "flow_persons"]].to_numpy().tolist()


# ------------------------------------------------------------------ long tables
def test_flow_monitoring_by_code_name_mode_and_date(write):
    reading = read_od_table(write(
        "fmp_name,survey_date,departure_country,departure_admin1,departure_admin1_pcode,"
        "destination_admin1,destination_admin1_pcode,mode_of_transport,total_number_persons",
        'Gao FMP,14/01/2013,Mali,Gao,ML07,Bamako,ML09,Bus,"1,024"',
        "Gao FMP,15/01/2013,Mali,Kidal,,Mopti,ML05,Truck,12",
        "Gao FMP,15/01/2013,Mali,Kidal,ML08,Mopti,ML05,Truck,*",
        "Gao FMP,15/01/2013,Mali,Kidal,ML08,,,Truck,7",
    ))  # fmt: skip
    table = reading.table
    assert conform(table, OD_TABLE)[1] == []
    assert reading.publisher == "IOM DTM flow monitoring"
    assert rows(table)[:2] == [["ML07", "ML09", 1024.0], ["Kidal", "ML05", 12.0]]
    assert np.isnan(table["flow_persons"].iloc[2])
    assert table["mode"].tolist() == ["Bus", "Truck", "Truck"]
    assert table["date"].dt.day.tolist() == [14, 15, 15]
    assert found(reading, "no code of the origin")[0].value == 1
    assert found(reading, "figure withheld")[0].value == 1
    assert found(reading, "one end missing")[0].finding.endswith("7 persons")
    assert "passages" in found(reading, "passages")[0].finding
    assert (reading.rows_read, reading.rows_kept) == (4, 3)


def test_gmns_demand_and_hxl_tags(write):
    demand = read_od_table(write("o_zone_id,d_zone_id,volume", "1,2,10.5", "2,1,3"))
    assert rows(demand.table) == [["1", "2", 10.5], ["2", "1", 3.0]]
    tagged = read_od_table(
        write(
            "D'où,Vers,Combien", "#adm1+origin+name,#adm1+dest+name,#affected+ind", "Gao,Bamako,5"
        )
    )
    assert rows(tagged.table) == [["Gao", "Bamako", 5.0]]


def test_totals_are_left_out_and_told(write):
    reading = read_od_table(write("origin;destination;persons", "Gao;Bamako;5", "Total;Bamako;5",
                                  "Gao;TOTAL GÉNÉRAL;5"))  # fmt: skip
    assert rows(reading.table) == [["Gao", "Bamako", 5.0]]
    assert found(reading, "totals")[0].value == 10


def test_totals_that_are_not_the_sum_of_their_rows_are_told(write):
    head = "origin;destination;mode;date;persons"
    body = ("Gao;Bamako;bus;2013-01-01;5", "Gao;Bamako;boat;2013-01-01;7",
            "Gao;Mopti;bus;2013-01-02;3", "Kidal;Mopti;bus;2013-01-02;*")  # fmt: skip
    fit = ("Total;Bamako;;;12", "Gao;Total;bus;;8", "Gao;Total;Total;2013-01-01;12",
           "Total;Total;;;15", "Total;;;;15.4", "Kidal;Total;;;9", "Total;Mopti;;2013-01-02;12",
           "Total;Bamako;;;*")  # fmt: skip
    assert not found(read_od_table(write(head, *body, *fit)), "totals differ")
    off = ("Total;Bamako;;;13", "Gao;Total;bus;;6", "Gao;Total;;2013-01-02;12", "Total;Total;;;14",
           "Total;Mopti;;;2", "Total;Gao;;;1")  # fmt: skip
    for one in off:
        told = found(read_od_table(write(head, *body, *fit, one)), "totals differ")
        assert [row.id for row in told] == ["1 rows, e.g. [13]"], one
    told = found(read_od_table(write(head, *body, *off, *fit)), "totals differ")[0]
    assert told.value == len(off)
    assert "all to Bamako is 13, the rows have 12" in told.finding
    wide = read_od_table(write("from;Gao;Mopti;Total", "Bamako;5;*;9", "Kidal;1;*;0", "Total;7;8;"))
    column, row = found(wide, "totals")
    assert "not the sum in 1 cases, e.g. ['Kidal']" in column.finding
    assert "not the sum in 1 cases, e.g. ['Gao']" in row.finding


def test_a_pair_that_stands_twice_is_kept_and_told(write):
    reading = read_od_table(write("origin,destination,persons", "a,b,5", "a,b,7"))
    assert len(reading.table) == 2
    assert found(reading, "pair several times")[0].value == 1


def test_unhcr_tables_are_stocks_and_kinds_can_be_chosen(write):
    file = write("year,coo_iso,coa_iso,refugees,asylum_seekers", "2012,MLI,NER,50204,10",
                 "2012,MLI,BFA,-,5")  # fmt: skip
    reading = read_od_table(file)
    assert reading.publisher == "UNHCR"
    assert sorted(rows(reading.table)) == [["MLI", "BFA", 5.0], ["MLI", "NER", 10.0],
                                           ["MLI", "NER", 50204.0]]  # fmt: skip
    assert found(reading, "stocks")
    with pytest.raises(InputError, match="nobody of the kind 'returnee'"):
        read_od_table(file, kind="returnee")


# ------------------------------------------------------------------ wide tables
def test_wide_tables_from_a_workbook_with_totals_that_are_checked(tmp_path):
    book = openpyxl.Workbook()
    for line in (["de / vers", "Tombouctou", "Gao", "Total"], ["Bamako", 444, 132, 576],
                 ["Ségou", 137, None, 140], ["Total", 581, 132, 713]):  # fmt: skip
        book.active.append(line)
    book.save(tmp_path / "wide.xlsx")
    reading = read_od_table(tmp_path / "wide.xlsx")
    assert rows(reading.table) == [["Bamako", "Tombouctou", 444.0], ["Bamako", "Gao", 132.0],
                                   ["Ségou", "Tombouctou", 137.0]]  # fmt: skip
    column, row = found(reading, "totals")
    assert column.severity == "warning"
    assert "Ségou" in column.finding
    assert row.severity == "note"
    assert found(reading, "no figure")[0].value == 1


@given(values=st.lists(st.lists(st.integers(0, 10**6), min_size=3, max_size=3), min_size=1,
                       max_size=4))  # fmt: skip
@settings(max_examples=15)
def test_long_and_wide_are_the_same_table(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("od")
    wide = folder / "wide.csv"
    long = folder / "long.csv"
    wide.write_text("zone,x,y,z\n" + "\n".join(
        f"r{i}," + ",".join(map(str, row)) for i, row in enumerate(values)))  # fmt: skip
    long.write_text("origin,destination,persons\n" + "\n".join(
        f"r{i},{name},{n}" for i, row in enumerate(values)
        for name, n in zip("xyz", row, strict=True)))  # fmt: skip
    assert rows(read_od_table(wide).table) == rows(read_od_table(long).table)


# ------------------------------------------------------------------ bad tables
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("origin,destination,persons", "a,b,-5"), r"negative in 1 rows.*\['a to b'\]"),
        (("zone,x,y", "a,1,-2"), r"negative in 1 rows.*\['a to y'\]"),
        (("origin,destination,remarks", "a,b,many"), "no column for the people"),
        (("lieu,remarques", "a,beaucoup"), "is no table of movements"),
        (("origin,destination,persons", ",b,5"), "no row has both ends"),
        (("zone,x", "a,1", "a,2"), r"origins stand twice: \['a'\]"),
    ],
)
def test_bad_tables_say_what_is_wrong(write, lines, message):
    with pytest.raises(InputError, match=message):
        read_od_table(write(*lines))


def test_columns_can_be_named(write):
    file = write("A,B,C", "Gao,Mopti,5")
    reading = read_od_table(
        file, columns={"origin_name": "A", "destination_name": "B", "flow_persons": "C"}
    )
    assert rows(reading.table) == [["Gao", "Mopti", 5.0]]


def test_sioux_falls_trips(reference_dir):
    folder = reference_dir / "tntp" / "SiouxFalls"
    file = next(folder.rglob("*trips*.tntp"), None)
    if file is None:
        pytest.skip("no trips of Sioux Falls in the reference data")
    table = read_od_table(file).table
    assert table["flow_persons"].sum() == pytest.approx(360_600)


# ------------------------------------------------------------------ OMX
def test_omx_round_trip(tmp_path):
    pytest.importorskip("h5py")
    zones = ["ML01", "Ségou", "3"]
    one = pd.DataFrame([[0.0, 5.0, np.nan], [1.5, 0.0, 0.0], [0.0, 2.0, 4.0]], zones, zones)
    file = write_omx(tmp_path / "x.omx", {"trips": one})
    reading = read_omx(file)
    table = reading.table
    back = table.pivot_table(index="origin_id", columns="destination_id", values="flow_persons",
                             aggfunc="first", dropna=False)  # fmt: skip
    for i, row in one.iterrows():
        for j, value in row.items():
            if value > 0:
                assert back.loc[i, j] == value
    assert len(table) == 5
    assert table["flow_persons"].isna().sum() == 1
    assert found(reading, "pairs of 0")[0].value == 4
    assert rows(read_od_table(file).table)[0] == ["ML01", "Ségou", 5.0]


def test_omx_that_is_unclear_or_wrong(tmp_path):
    h5py = pytest.importorskip("h5py")
    one = pd.DataFrame([[1.0]], ["a"], ["a"])
    file = write_omx(tmp_path / "two.omx", {"am": one, "pm": one * -1})
    with pytest.raises(InputError, match=r"has 2 .*core=.*\['am', 'pm'\]"):
        read_omx(file)
    with pytest.raises(InputError, match=r"no matrix 'am2'.*did you mean 'am'"):
        read_omx(file, core="am2")
    with pytest.raises(InputError, match=r"negative in 1 pairs.*'a' to 'a'"):
        read_omx(file, core="pm")
    (tmp_path / "no.omx").write_text("text")
    with pytest.raises(InputError, match="is no OMX file"):
        read_omx(tmp_path / "no.omx")
    with h5py.File(tmp_path / "bare.omx", "w"):
        pass
    with pytest.raises(InputError, match="has no matrix"):
        read_omx(tmp_path / "bare.omx")
    with h5py.File(tmp_path / "plain.omx", "w") as book:
        book.create_dataset("data/m", data=np.array([[0.0, -1.0], [2.0, 0.0]]))
        book["data/m"].attrs["NA"] = -1.0
    reading = read_omx(tmp_path / "plain.omx")
    assert reading.table["origin_id"].tolist() == ["1", "2"]
    assert np.isnan(reading.table["flow_persons"].iloc[0])
    with pytest.raises(InputError, match="same zones down and across"):
        write_omx(tmp_path / "x.omx", {"m": pd.DataFrame([[1.0, 2.0]], ["a"], ["a", "b"])})


def test_omx_without_h5py_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"pip install 'mobility-geo\[omx\]'"):
        read_omx(tmp_path / "x.omx")


def test_reading_plain_tables_loads_no_h5py(write, monkeypatch):
    real = builtins.__import__

    def refusing(name, *args, **more):
        assert not name.startswith("h5py")
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refusing)
    module = importlib.import_module("mobility_geo.sources.od_tables")
    assert len(module.read_od_table(write("origin,destination,persons", "a,b,5")).table) == 1


# ------------------------------------------------------------------ margins and costs
def test_margins_with_sides_intervals_and_a_total(write):
    reading = read_margins(write(
        "side,region,persons,low,high", "from,Bamako,998,,", "from,Mopti,,500,", "to,Gao,,,306",
        "total,,2310,,", "to,Kidal,,,",
    ))  # fmt: skip
    table = reading.table
    assert conform(table, MARGINS)[1] == []
    assert table[["side", "zone_id", "low_persons"]].to_numpy().tolist() == [
        ["origin", "Bamako", 998.0], ["origin", "Mopti", 500.0], ["destination", "Gao", 0.0],
        ["total", "all", 2310.0],
    ]  # fmt: skip
    assert table["high_persons"].fillna(-1).tolist() == [998, -1, 306, 2310]
    assert "not known" in found(reading, "no figure")[0].finding


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("zone,persons", "a,5"), "does not say whose margins"),
        (("side,zone,remarks", "from,a,b"), "no column with people"),
        (("side,zone,persons", "sideways,a,5"), "must be origin, destination or total"),
        (("side,zone,persons", "from,a,-5"), "negative in 1 rows"),
        (("side,zone,low,high", "from,a,5,4"), "low is above high"),
        (("side,zone,persons", "from,a,5", "from,a,4"), "stand twice"),
    ],
)
def test_bad_margins(write, lines, message):
    with pytest.raises(InputError, match=message):
        read_margins(write(*lines))


def test_costs_long_and_wide_and_what_is_no_cost(write):
    wide = read_costs(write("min,gao,mopti", "bamako,,600", "segou,inf,300"))
    long = read_costs(write("origin_id,destination_id,time_min", "bamako,mopti,600",
                            "segou,mopti,300", "segou,gao,inf"))  # fmt: skip
    assert wide.loc["segou"].to_dict() == {"gao": np.inf, "mopti": 300}
    assert long.loc[wide.index, wide.columns].equals(wide)
    with pytest.raises(InputError, match=r"wrong in 1 cells.*-3"):
        read_costs(write("min,gao", "bamako,-3"))
    with pytest.raises(InputError, match="pairs stand twice"):
        read_costs(write("origin_id,destination_id,time_min", "a,b,1", "a,b,2"))
    with pytest.raises(InputError, match="no column 'risk'"):
        read_costs(write("origin_id,destination_id,time_min", "a,b,1"), impedance="risk")


# ------------------------------------------------------------------ names to zones
PLACES = pd.DataFrame(
    {"place_id": ["segou", "gao", "lere-1", "lere-2"], "name": ["Ségou", "Gao", "Léré", "Léré"],
     "name_alt": [None, "Kawkaw|Gaoh", None, None]}
)  # fmt: skip


def moves(*names):
    return pd.DataFrame({"origin_id": list(names), "destination_id": "gao", "flow_persons": 7.0})


def test_names_are_matched_by_id_name_and_other_spelling():
    table, findings = match_ids(moves("segou", "SEGOU", "Ségou", "kawkaw"), PLACES)
    assert table["origin_id"].tolist() == ["segou"] * 3 + ["gao"]
    assert "'kawkaw' is 'gao'" in findings["finding"].iloc[0]


def test_what_does_not_match_is_an_error_kept_or_left_out_with_its_people():
    table = moves("gao", "Segu", "Léré", "other")
    with pytest.raises(InputError) as error:
        match_ids(table, PLACES)
    told = str(error.value)
    assert "3 names in 3 rows with 21 persons" in told
    assert "'Segu' is not known" in told
    assert "'Léré' could be ['lere-1', 'lere-2']" in told
    kept, findings = match_ids(table, PLACES, unmatched="keep")
    assert kept["origin_id"].tolist() == ["gao", "Segu", "Léré", "other"]
    assert findings[findings["check"] == "not matched"]["value"].tolist() == [21.0]
    out, _ = match_ids(table, PLACES, unmatched="leave_out", keep=["other"])
    assert out["origin_id"].tolist() == ["gao", "other"]
    named, _ = match_ids(table, PLACES, aliases={"Segu": "segou", "lere": "lere-2"}, keep=["Other"])
    assert named["origin_id"].tolist() == ["gao", "segou", "lere-2", "other"]
    with pytest.raises(InputError, match=r"aliases: no place_id 'sego'.*did you mean 'segou'"):
        match_ids(table, PLACES, aliases={"Segu": "sego"})


# ------------------------------------------------------------------ several dates
UNHCR = ("year,coo_iso,coa_iso,refugees", "2011,MLI,NER,10", "2012,MLI,NER,50204",
         "2012,MLI,BFA,38776")  # fmt: skip


def test_stocks_of_several_years_are_never_added_up(write):
    reading = read_od_table(write(*UNHCR))
    with pytest.raises(InputError, match=r"stocks.*2011-12-31, 2012-12-31.*--date.*--latest"):
        choose_dates(reading)
    with pytest.raises(InputError, match=r"counted again; stocks cannot be added up"):
        choose_dates(reading, sum_dates=True)
    year = choose_dates(reading, date="2012")
    assert rows(year.table) == [["MLI", "NER", 50204.0], ["MLI", "BFA", 38776.0]]
    assert found(year, "other dates")[0].value == 1
    assert rows(choose_dates(reading, latest=True).table) == rows(year.table)
    with pytest.raises(InputError, match=r"no row is of 2014; it has the dates 2011-12-31, 2012"):
        choose_dates(reading, date="2014")


def test_the_last_stock_is_that_of_each_destination(write):
    reading = read_od_table(write(*UNHCR[:2], "2012,MLI,BFA,38776", "2011,MLI,BFA,3"))
    kept = choose_dates(reading, latest=True).table
    assert rows(kept) == [["MLI", "NER", 10.0], ["MLI", "BFA", 38776.0]]


def test_rounds_without_a_date_are_not_added_up_either(write):
    reading = read_od_table(write(
        "roundNumber,admin1Pcode,idpOriginAdmin1Pcode,numPresentIdpInd", "1,ML09,ML07,5",
        "2,ML09,ML07,7",
    ))  # fmt: skip
    with pytest.raises(InputError, match="keep the rows of one round"):
        choose_dates(reading)


def test_flows_of_several_dates_are_added_only_if_asked(write):
    lines = ("date,origin,destination,persons", "2013-01-14,a,b,5", "2013-01-15,a,b,7")
    reading = read_od_table(write(*lines, "2013-02-01,a,b,1"))
    with pytest.raises(InputError, match=r"several dates, 2013-01-14, .*--sum-dates"):
        choose_dates(reading)
    assert choose_dates(reading, sum_dates=True).table["flow_persons"].sum() == 13
    assert choose_dates(reading, latest=True).table["flow_persons"].tolist() == [1]
    assert choose_dates(reading, date="2013-01-15").table["flow_persons"].tolist() == [7]
    with pytest.raises(InputError, match=r"2013-01-14, 2013-01-15; take one"):
        choose_dates(reading, date="2013-01")
    with pytest.raises(InputError, match="say one of date and latest, not 2"):
        choose_dates(reading, date="2013", latest=True)
    with pytest.raises(InputError, match="'soon' is no date"):
        choose_dates(reading, date="soon")
    plain = read_od_table(write("origin,destination,persons", "a,b,5"))
    assert choose_dates(plain) is plain
    with pytest.raises(InputError, match="no dates at all"):
        choose_dates(plain, date="2013")
    with pytest.raises(InputError, match="has no dates"):
        choose_dates(plain, latest=True)


# ------------------------------------------------------------------ parquet and json
def test_estimates_come_back_from_every_form_they_are_written_in(tmp_path):
    table = pd.DataFrame({"origin_id": ["a", "b"], "destination_id": ["b", "a"],
                          "flow_persons": [1 / 3, 2.0], "low_persons": [0.1, np.nan]})  # fmt: skip
    table.to_parquet(tmp_path / "od.parquet", index=False)
    told = {"persons": 7 / 3, "flows": table.astype(object).to_dict("records")}
    (tmp_path / "od.json").write_text(json.dumps(told), "utf-8")
    for name in ("od.parquet", "od.json"):
        assert rows(read_od_table(tmp_path / name).table) == rows(table)
    (tmp_path / "od.json").write_text('{"persons": 3}', "utf-8")
    with pytest.raises(InputError, match=r"has no flows; the \.json beside"):
        read_od_table(tmp_path / "od.json")
    (tmp_path / "od.json").write_text("{", "utf-8")
    with pytest.raises(InputError, match=r"od\.json: cannot be read"):
        read_od_table(tmp_path / "od.json")
    with pytest.raises(InputError, match="no such file"):
        read_od_table(tmp_path / "none.parquet")


def test_dtm_stocks_by_region_of_origin_are_movements(write):
    reading = read_od_table(write(
        "admin0Name,admin1Name,admin1Pcode,numPresentIdpInd,reportingDate,roundNumber,"
        "idpOriginAdmin1Name,idpOriginAdmin1Pcode,operation",
        "Mali,Bamako,ML09,4847,2013-02-13T00:00:00,5,Tombouctou,ML06,Mali crisis",
        "Mali,Bamako,ML09,3255,2013-02-13T00:00:00,5,Gao,ML07,Mali crisis",
    ))  # fmt: skip
    assert reading.publisher == "IOM DTM"
    assert rows(reading.table) == [["ML06", "ML09", 4847.0], ["ML07", "ML09", 3255.0]]
    assert choose_dates(reading).table["date"].dt.day.tolist() == [13, 13]


CMP = (
    "Région d'accueil;Cercle d'accueil;Région de provenance;Cercle de provenance;Individus;Date",
    "Bamako;Bamako;Tombouctou;Goundam;4 847;13/02/2013",
    "Bamako;Bamako;Gao;Ansongo;3 255;13/02/2013",
    "Mopti;Djenné;Kidal;Tessalit;*;13/02/2013",
    "Total;Total;;;8102;",
)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_displaced_people_of_the_cmp_by_host_and_origin(write, encoding):
    reading = read_od_table(write(*CMP, encoding=encoding))
    assert reading.columns["origin_name"] == "Cercle de provenance"
    assert reading.columns["destination_name"] == "Cercle d'accueil"
    assert reading.publisher == "displaced people by host and origin"
    assert rows(reading.table)[:2] == [["Goundam", "Bamako", 4847.0], ["Ansongo", "Bamako", 3255.0]]
    assert reading.table["flow_persons"].isna().tolist() == [False, False, True]
    assert found(reading, "totals")[0].value == 8102
    assert found(reading, "figure withheld")
    # registered people are a stock: two reports of them are not added up
    assert found(reading, "stocks")
    later = write(*CMP[:2], "Bamako;Bamako;Tombouctou;Goundam;4 900;20/02/2013")
    with pytest.raises(InputError, match="stocks cannot be added up"):
        choose_dates(read_od_table(later), sum_dates=True)


@pytest.mark.parametrize(
    ("corner", "turned"),
    [("Région d'accueil / de provenance", True), ("to/from", True), ("from/to", False),
     ("de / vers", False), ("Région de provenance", False), ("zone", False)],
)  # fmt: skip
def test_a_matrix_says_in_its_first_cell_which_end_is_down(write, corner, turned):
    reading = read_od_table(write(
        f"{corner};Gao;Kidal;Tombouctou;Total", "Bamako;3 255;216;4 847;8318", "Ségou;41;-;137;178",
        "Total;3296;216;4984;8496",
    ))  # fmt: skip
    down = "destination_id" if turned else "origin_id"
    assert set(reading.table[down]) == {"Bamako", "Ségou"}
    assert len(reading.table) == 5
    assert {row.severity for row in found(reading, "totals")} == {"note"}
    assert bool(found(reading, "turned")) == turned


# ------------------------------------------------------------------ zones to match names with
def test_zones_of_a_layer_or_table_with_every_spelling(tmp_path, write):
    frame = pd.DataFrame(
        {"ADM1_PCODE": ["ML06", "ML07"], "ADM2_PCODE": ["ML0601", "ML0701"],
         "ADM2_FR": ["Tombouctou", "Gao"], "ADM2_EN": ["Timbuktu", "Gao"]}
    )  # fmt: skip
    gpd.GeoDataFrame(frame, geometry=[box(-4, 16, -2, 18), box(-1, 15, 3, 18)], crs=4326).to_file(
        tmp_path / "zones.gpkg"
    )
    zones = read_zone_names(tmp_path / "zones.gpkg")
    assert zones.fillna("").to_numpy().tolist() == [
        ["ML0601", "Timbuktu", "Tombouctou"], ["ML0701", "Gao", ""],
    ]  # fmt: skip
    table = match_ids(moves("tombouctou", "GAO").assign(destination_id="ml0701"), zones)[0]
    assert table["origin_id"].tolist() == ["ML0601", "ML0701"]
    frame.to_csv(tmp_path / "zones.csv", index=False)
    assert read_zone_names(tmp_path / "zones.csv").equals(zones)
    plain = read_zone_names(write("zone_id,name", "1,Gao", "2,"))
    assert plain["name"].tolist() == ["Gao", "2"]
    assert read_zone_names(write("name", "Gao", "Kidal"))["pcode"].tolist() == ["Gao", "Kidal"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("size,remarks", "5,x"), "neither codes nor names"),
        (("pcode,name", "ML06,a", "ML06,b", ",c"), "missing or stands twice in 2 rows"),
    ],
)
def test_zones_that_cannot_be_told_apart(write, lines, message):
    with pytest.raises(InputError, match=message):
        read_zone_names(write(*lines))
