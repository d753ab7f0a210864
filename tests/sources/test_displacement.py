"""Displaced people from the tables of IOM DTM, UNHCR, HDX and from tagged and plain ones."""

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.errors import InputError
from mobility_geo.schema import DISPLACEMENT, conform
from mobility_geo.sources.displacement import read_displacement

DTM = (
    "id,operation,admin0Name,admin0Pcode,admin1Name,admin1Pcode,admin2Name,admin2Pcode,"
    "numPresentIdpInd,reportingDate,yearReportingDate,monthReportingDate,roundNumber,"
    "displacementReason,numberMales,numberFemales,idpOriginAdmin1Name,idpOriginAdmin1Pcode,"
    "assessmentType,operationStatus"
)


@pytest.fixture
def read(tmp_path):
    def reading(*lines, name="people.csv", encoding="utf-8", **how):
        path = tmp_path / name
        path.write_bytes("\n".join(lines).encode(encoding))
        return read_displacement(path, **how)

    return reading


def found(reading, check):
    return [row for row in reading.findings.itertuples() if row.check == check]


def dtm(number, people, *, code="ML0701", origin="ML08", round_="3", day="2013-01-30", op="Mali"):
    return (
        f"{number},{op},Mali,MLI,Gao,ML07,Gao,{code},{people},{day}T00:00:00,2013,1,{round_},"
        f"Conflict,1,2,Kidal,{origin},BA,Active"
    )


# ------------------------------------------------------------------ IOM DTM
def test_dtm_gives_stocks_by_place_and_origin(read):
    reading = read(DTM, dtm(1, 120), dtm(2, '"1,030"', origin="Not available"), dtm(3, "*"))
    table = reading.table
    assert reading.publisher == "IOM DTM"
    assert table["destination"].tolist() == ["ML0701"] * 3
    assert table["origin"].tolist() == ["ML08", "Kidal", "ML08"]
    assert table["kind"].unique().tolist() == ["idp"]
    assert table["persons"].fillna(-1).tolist() == [120, 1030, -1]
    assert table["date"].unique() == [pd.Timestamp("2013-01-30")]
    assert table[["round", "operation"]].iloc[0].tolist() == ["3", "Mali"]
    assert conform(table, DISPLACEMENT)[1] == []
    assert "'Not available' (1 times)" in " ".join(reading.words())
    assert found(reading, "figure withheld")[0].value == 1
    assert found(reading, "no code of the origin")[0].value == 1


def test_exact_duplicates_are_dropped_and_others_kept(read):
    reading = read(DTM, dtm(1, 120), dtm(1, 120), dtm(2, 120), dtm(3, 7))
    assert reading.table["persons"].tolist() == [120, 120, 7]
    assert found(reading, "duplicate rows")[0].value == 1
    assert found(reading, "duplicate but for the id")[0].value == 1
    assert (reading.rows_read, reading.rows_kept) == (4, 3)


def rounds():
    return [
        DTM,
        dtm(1, 100, round_="9", day="2012-12-01"),
        dtm(2, 110, round_="10", day="2013-01-30"),
        dtm(3, 5, round_="10", day="2013-01-30", origin="ML06"),
        dtm(4, 40, code="ML0702", round_="9", day="2012-12-01"),
        dtm(5, 77, round_="2", day="2012-06-01", op="Sahel"),
    ]


def test_sums_over_rounds_are_warned_of(read):
    reading = read(*rounds())
    assert len(reading.table) == 5
    (row,) = found(reading, "several rounds")
    assert (row.severity, row.value) == ("warning", 1)
    assert "latest_round=True" in row.finding
    assert found(reading, "several operations")[0].id == "1 places, e.g. ['ML0701']"


def test_the_last_round_of_each_operation_and_place(read):
    reading = read(*rounds(), latest_round=True)
    assert sorted(reading.table["persons"]) == [5, 40, 77, 110]
    (row,) = found(reading, "several rounds")
    assert row.value == 1
    assert "left out" in row.finding


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from(["p", "q"]), st.integers(1, 12),
                  st.integers(0, 99)),
        min_size=1, max_size=15, unique_by=lambda row: row[:3],
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_last_round_is_that_of_a_plain_search_in_any_order(tmp_path_factory, rows, shuffled):
    shuffled.shuffle(rows)
    path = tmp_path_factory.mktemp("rounds") / "a.csv"
    pd.DataFrame(rows, columns=["operation", "place", "round", "idps"]).to_csv(path, index=False)
    table = read_displacement(path, latest_round=True).table
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for operation, place, number, people in rows:
        last[operation, place] = max(last.get((operation, place), (0, 0)), (number, people))
    got = {
        (row.operation, row.destination): (int(row.round), int(row.persons))
        for row in table.itertuples()
    }
    assert got == last
    assert len(table) == len(last)


def test_places_of_several_levels_are_warned_of_and_one_can_be_taken(read):
    lines = [DTM, dtm(1, 120), dtm(2, 500, code=""), dtm(3, 80, code="ML0702")]
    reading = read(*lines)
    assert reading.table["destination"].tolist() == ["ML0701", "ML07", "ML0702"]
    (row,) = found(reading, "several levels")
    assert "level 1: 1, level 2: 2 rows" in row.finding
    assert read(*lines, level=2).table["persons"].tolist() == [120, 80]
    with pytest.raises(InputError, match="must be 0 to 4"):
        read(*lines, level=7)


# ------------------------------------------------------------------ UNHCR
def test_a_wide_table_of_unhcr_becomes_a_row_per_kind(read):
    reading = read(
        "year,coo,coo_iso,coo_name,coa,coa_iso,coa_name,refugees,asylum_seekers,returned_refugees,"
        "idps,returned_idps,stateless,ooc,oip,hst",
        "2012,MLI,MLI,Mali,NGR,NER,Niger,50204,5,0,-,-,-,12,-,-",
        "2012,MLI,MLI,Mali,MLI,MLI,Mali,-,*,-,227930,0,-,-,-,-",
    )
    table = reading.table
    rows = {
        (row.origin, row.destination, row.kind, row.persons)
        for row in table.fillna({"persons": -1}).itertuples()
    }
    assert rows == {
        ("MLI", "NER", "refugee", 50204), ("MLI", "NER", "refugee", 5),
        ("MLI", "NER", "returnee", 0), ("MLI", "MLI", "refugee", -1),
        ("MLI", "MLI", "idp", 227930), ("MLI", "MLI", "returnee", 0),
    }  # fmt: skip
    assert (table["date"] == pd.Timestamp("2012-12-31")).all()
    assert reading.publisher == "UNHCR"
    lost = [row for row in found(reading, "kind of people") if row.severity == "warning"]
    assert {row.id: row.value for row in lost} == {"column 'ooc'": 12, "column 'stateless'": 0}
    assert "cite UNHCR" in reading.words()[-1]


def test_the_file_of_the_refugee_data_finder_with_its_titles(read):
    reading = read(
        "Extracted from the UNHCR Population Refugee Data Finder",
        "",
        '"Year","Country of origin","Country of origin (ISO)","Country of asylum",'
        '"Country of asylum (ISO)","Refugees under UNHCR\'s mandate","Asylum-seekers"',
        "2012,Mali,MLI,Niger,NER,50204,12",
    )
    assert reading.table["persons"].tolist() == [50204, 12]
    assert reading.table["destination_name"].tolist() == ["Niger", "Niger"]
    assert found(reading, "header")


def test_codes_that_are_not_iso_are_told(read):
    reading = read("year,coo,coa,refugees", "2012,MLI,NGR,5")
    assert len(found(reading, "codes of UNHCR")) == 2


# ------------------------------------------------------------------ HDX HAPI
HAPI = (
    "location_code,has_hrp,in_gho,provider_admin1_name,provider_admin2_name,admin1_code,"
    "admin1_name,admin2_code,admin2_name,admin_level,assessment_type,reporting_round,operation,"
    "population,reference_period_start,reference_period_end,dataset_hdx_id,resource_hdx_id,"
    "warning,error"
)


def hapi(level, people, *, error=""):
    codes = ["ML07,Gao", "ML0701,Gao"][:level] + [","] * (2 - level)
    return (
        f"MLI,True,True,Gao,Gao,{','.join(codes)},{level},BA,12,Mali crisis,{people},2023-01-01,"
        f"2023-03-31,d,r,,{error}"
    )


def test_hapi_has_a_mark_rows_with_errors_and_all_levels(read):
    lines = [HAPI, hapi(2, 100), hapi(2, 5, error="no p-code"), hapi(1, 100), hapi(0, 100)]
    reading = read(*lines, encoding="utf-8-sig")
    assert reading.publisher == "HDX HAPI"
    assert reading.table["destination"].tolist() == ["ML0701", "ML07", "MLI"]
    assert found(reading, "error of the publisher")[0].value == 1
    assert found(reading, "several levels")
    one = read(*lines, level=2)
    assert one.table["persons"].tolist() == [100]
    assert not found(one, "several levels")
    assert (one.table["date"] == pd.Timestamp("2023-03-31")).all()


def test_parts_by_gender_and_age_do_not_count_twice(read):
    reading = read(
        "origin_location_code,asylum_location_code,population_group,gender,age_range,population,"
        "reference_period_end,resource_hdx_id",
        "MLI,NER,REF,all,all,100,2023-12-31,r",
        "MLI,NER,REF,f,0-4,40,2023-12-31,r",
        "MLI,NER,STA,all,all,3,2023-12-31,r",
    )
    assert reading.table[["kind", "persons"]].to_numpy().tolist() == [["refugee", 100.0]]
    assert found(reading, "parts by gender")[0].value == 1
    assert "3 persons left out" in found(reading, "kind of people")[0].finding


# ------------------------------------------------------------------ tags, plain tables
TAGGED = [
    ["Lieu", "Code", "Origine", "PDI", "Ménages", "Femmes", "Retournés", "Date", "X", "Y"],
    ["#loc+name", "#adm2+code", "#adm1+origin+code", "#affected+idps+ind", "#affected+idps+hh",
     "#affected+idps+ind+f", "#affected+returnees", "#date+reported", "#geo+lon", "#geo+lat"],
    ["Gao", "ML0701", "ML08", "120", "20", "70", "7", "2013-01-30", "-0,04", "16,27"],
]  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_tagged_table_is_read_by_its_tags(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        path.write_text("\n".join(";".join(row) for row in TAGGED))
    else:
        book = openpyxl.Workbook()
        for row in [["Personnes déplacées, région de Gao"], *TAGGED]:
            book.active.append(row)
        book.save(path)
    reading = read_displacement(path)
    table = reading.table
    assert table["kind"].tolist() == ["idp", "returnee"]
    assert table["persons"].tolist() == [120, 7]
    assert table["households"].fillna(-1).tolist() == [20, -1]
    assert table["origin"].tolist() == ["ML08", "ML08"]
    assert table["destination"].tolist() == ["ML0701", "ML0701"]
    assert table[["lon", "lat"]].iloc[0].tolist() == [-0.04, 16.27]
    assert reading.publisher == "table with HXL tags"


def test_households_never_stand_for_people(read):
    with pytest.raises(InputError, match="no column with a number of people"):
        read("a,b", "#loc+name,#affected+idps+hh", "Gao,20")


def test_a_plain_table_must_say_whom_it_counts(read):
    lines = ["from,place,people", "Kidal,Gao,12"]
    with pytest.raises(InputError, match=r"which kind of people 'people' counts; say kind="):
        read(*lines)
    reading = read(*lines, kind="idp", columns={"origin": "from"})
    assert reading.table[["origin", "destination", "kind", "persons"]].iloc[0].tolist() == [
        "Kidal", "Gao", "idp", 12.0
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"kind='idps' is not known; did you mean 'idp'"):
        read(*lines, kind="idps")


def test_kinds_in_a_column_and_totals(read):
    reading = read(
        "site,category,individuals", "Gao,PDI,12", "Gao,Réfugiés,3", "Gao,Nomads,4", "Total,PDI,19"
    )
    assert reading.table[["kind", "persons"]].to_numpy().tolist() == [["idp", 12], ["refugee", 3]]
    assert found(reading, "totals")[0].value == 1
    assert "'Nomads'" in found(reading, "kind of people")[0].finding


def test_codes_stay_text_and_missing_figures_stay_missing(read):
    reading = read("pcode,idps", "0701,-", "0702,0", "0703,x", "0704,-5", "0705,about 9")
    table = reading.table.set_index("destination")["persons"]
    assert table.index.tolist() == ["0702", "0703", "0704", "0705"]
    assert table["0702"] == 0
    assert table.drop("0702").isna().all()
    assert found(reading, "number below 0")[0].value == 1
    assert found(reading, "not a number")[0].value == 1
    assert found(reading, "no figure")[0].value == 1
    plain = read("pcode,population", "0701,-", "0702,0", kind="idp").table
    assert plain["persons"].isna().tolist() == [True, False]


def test_positions_that_cannot_be_are_missing_and_swapped_ones_refused(read):
    reading = read(
        "place,idps,lon,lat", "Gao,1,-0.04,16.27", "Ber,2,0,0", "Bamba,3,,17", "Diré,4,400,16",
        "Léré,5,-4.9,15.7", "Kidal,6,1.4,18.4",
    )  # fmt: skip
    assert reading.table["lon"].isna().tolist() == [False, True, True, True, False, False]
    assert {row.check for row in reading.findings.itertuples()} >= {
        "position out of range", "position 0, 0", "half a position"
    }  # fmt: skip
    with pytest.raises(InputError, match="longitude and latitude are swapped"):
        read("place,idps,lon,lat", "Manila,1,14.6,121.0")
    with pytest.raises(InputError, match="look like metres"):
        read("place,idps,lon,lat", "Gao,1,815000,1800000")


def test_tables_without_place_or_people_list_both(read):
    with pytest.raises(InputError) as caught:
        read("a,b", "1,2")
    assert len(caught.value.problems) == 2
    with pytest.raises(InputError, match=r"none of its 1 rows has people.*are sums of other rows"):
        read("place,idps", "Total,5")


@given(
    st.lists(
        st.tuples(st.sampled_from(["A1", "A2", "007"]), st.integers(0, 10**6),
                  st.one_of(st.none(), st.integers(0, 10**6))),
        min_size=1, max_size=10, unique_by=lambda row: row[0],
    )
)  # fmt: skip
def test_people_are_conserved_from_wide_to_long(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("wide") / "a.csv"
    pd.DataFrame(rows, columns=["pcode", "idps", "refugees"]).astype(object).to_csv(
        path, index=False
    )
    table = read_displacement(path).table
    for kind, at in (("idp", 1), ("refugee", 2)):
        expected = {row[0]: row[at] for row in rows if row[at] is not None}
        mine = table[table["kind"] == kind]
        assert dict(zip(mine["destination"], mine["persons"], strict=True)) == expected
