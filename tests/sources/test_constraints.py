"""Access tables of roads: words in two languages, vehicles, seasons; never open by mistake."""

import csv

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.errors import InputError
from mobility_geo.schema import CONSTRAINTS, conform
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.cells import bare_words, column_dates, column_numbers
from mobility_geo.sources.constraints import access_words, read_constraints


@pytest.fixture
def read(tmp_path):
    def reading(header, *lines, **how):
        path = tmp_path / "access.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8")
        return read_constraints(path, **how)

    return reading


def found(reading, check):
    return [row for row in reading.findings.itertuples() if row.check == check]


# ------------------------------------------------------------------ the table of words
def test_every_word_has_a_source_a_known_value_and_is_written_bare():
    with (data_folder() / "network" / "access_words.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["word", "language", "field", "value", "source"]
    assert all(row["source"] for row in rows)
    assert all(row["word"] == bare_words(row["word"]) for row in rows)
    assert len({(row["word"], row["field"]) for row in rows}) == len(rows)
    assert {row["language"] for row in rows} == {"en", "fr", ""}
    states = CONSTRAINTS.column("state").allowed
    assert {row["value"] for row in rows if row["field"] == "state"} == set(states)


def test_each_word_of_the_table_is_read_as_it_says(tmp_path):
    words = [one for one in access_words() if one.field == "state"]
    frame = pd.DataFrame({"road": "RN1", "status": [one.word.upper() for one in words]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    table = read_constraints(tmp_path / "a.csv").table
    rows = table[~table["constraint_id"].str.endswith("-others")]
    assert rows["state"].tolist() == [one.value for one in words]


# ------------------------------------------------------------------ states
@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Open", "open"), ("OUVERTE", "open"), ("Ouvert(e)", "open"), ("green", "open"),
        ("Passable", "open"), ("no constraints", "open"),
        ("Passable, with difficulty", "restricted"), ("partiellement fermée", "restricted"),
        ("Amber", "restricted"), ("Ouvert sous escorte", "restricted"), ("4x4 only", "restricted"),
        ("up to 10 MT", "restricted"),
        ("Closed", "closed"), ("Fermé", "closed"), ("Route coupée à Konna", "closed"),
        ("impraticable", "closed"), ("not passable", "closed"), ("Rouge", "closed"),
        ("Closed for all traffic", "closed"), ("closed, open from May", "closed"),
        ("may not be passable in August", "unknown"), ("pas encore ouverte", "unknown"),
        ("2", "unknown"), ("see map", "unknown"), ("grey", "unknown"),
    ],
)  # fmt: skip
def test_states_in_english_and_french(read, text, state):
    table = read("road,status", f'RN6,"{text}"').table
    assert table["state"].iloc[0] == state


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30))
def test_no_text_is_open_without_a_word_that_says_so(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("access") / "a.csv"
    pd.DataFrame({"road": ["RN1", "RN2"], "status": [text, "open"]}).to_csv(path, index=False)
    table = read_constraints(path).table
    opening = {one.word for one in access_words() if (one.field, one.value) == ("state", "open")}
    if not any(f" {word} " in f" {bare_words(text)} " for word in opening):
        assert table["state"].iloc[0] != "open"
    assert table["state"].iloc[1] == "open"


def test_words_that_are_not_known_are_counted_and_can_be_said(read):
    lines = ["RN6,2", "RN7,2", "RN8,flooded", "RN9,", "RN10,open"]
    reading = read("road,status", *lines)
    assert reading.table["state"].tolist() == ["unknown"] * 4 + ["open"]
    (row,) = found(reading, "state not known")
    assert row.value == 3
    assert "'2' (2 times)" in row.finding
    assert found(reading, "no state")[0].value == 1
    said = read("road,status", *lines, states={"2": "restricted", "Flooded": "closed"})
    assert said.table["state"].tolist() == ["restricted"] * 2 + ["closed", "unknown", "open"]
    with pytest.raises(InputError, match="cannot mean 'shut'"):
        read("road,status", *lines, states={"2": "shut"})


# ------------------------------------------------------------------ vehicles
@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("All vehicles", "all vehicles"), ("Tous véhicules", "all vehicles"),
        ("Light vehicles", "light vehicle"), ("Véhicules légers", "light vehicle"),
        ("up to 10 MT", "truck up to 10 t"), ("Trucks up to 10MT", "truck up to 10 t"),
        ("jusqu'à 3,5 T", "truck up to 3.5 t"), ("< 20 tonnes", "truck up to 20 t"),
        ("Camions de plus de 10 t", "truck over 10 t"), ("trucks > 5 MT", "truck over 5 t"),
        ("Poids lourds", "truck"), ("4\N{MULTIPLICATION SIGN}4", "4x4"), ("moto", "motorbike"),
        ("camels, balloons", "camels, balloons"),
    ],
)  # fmt: skip
def test_vehicle_classes_in_english_and_french(read, text, classes):
    reading = read("road,status,vehicle class", f'RN6,restricted,"{text}"')
    assert reading.table["vehicle_classes"].tolist() == [classes]
    assert bool(found(reading, "vehicle class not known")) == ("camels" in text)
    assert bool(found(reading, "limit of weight")) == classes.endswith(" t")


def test_only_some_vehicles_closes_the_road_for_the_others(read):
    reading = read("id,road,status,vehicles", "a,RN6,open,4x4 only", "b,RN7,ouvert,moto uniquement")
    rows = reading.table.set_index("constraint_id")[["state", "vehicle_classes"]]
    assert rows.loc["a"].tolist() == ["open", "4x4"]
    assert rows.loc["a-others"].tolist() == ["closed", "truck"]
    assert rows.loc["b-others"].tolist() == ["closed", "4x4|truck"]
    assert (reading.rows_read, reading.rows_kept) == (2, 2)
    assert found(reading, "some vehicles only")[0].value == 2


@pytest.mark.parametrize("vehicles", ["4x4 only", "up to 10 MT"])
def test_closed_but_open_for_some_is_closed_for_everybody(read, vehicles):
    reading = read("road,status,vehicles", f"RN6,closed,{vehicles}")
    assert reading.table["state"].tolist() == ["closed"]
    assert reading.table["vehicle_classes"].isna().all()
    assert found(reading, "closed, but some may pass")


def test_a_load_of_zero_says_nothing(read):
    reading = read("brdgname,status,maxloadmt,curntprac", "Konna,Open,0,x", "Boré,Open,12.5,x")
    assert reading.table["vehicle_classes"].fillna("").tolist() == ["", "truck up to 12.5 t"]
    assert reading.publisher.startswith("Logistics Cluster")


# ------------------------------------------------------------------ seasons and dates
@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("June-September", "6|7|8|9"), ("juin à septembre", "6|7|8|9"),
        ("juil. - sept.", "7|8|9"), ("Nov to Feb", "1|2|11|12"), ("mai et juin", "5|6"),
        ("June, July and October", "6|7|10"), ("7|8", "7|8"), ("6-9", "6|7|8|9"), ("8", "8"),
        ("rainy season", "6|7|8|9|10"), ("Hivernage", "6|7|8|9|10"),
        ("saison sèche", "1|2|3|4|5|11|12"),
        ("all year round", "1|2|3|4|5|6|7|8|9|10|11|12"),
    ],
)  # fmt: skip
def test_seasons_in_english_and_french(read, text, months):
    reading = read("road,status,season", f'RN6,closed,"{text}"')
    assert reading.table["months"].tolist() == [months]


def test_the_months_of_a_season_are_told_and_can_be_said(read):
    reading = read("road,status,season", "RN6,closed,rainy season")
    assert "June" not in (words := " ".join(reading.words()))
    assert "rainy is taken as the months 6, 7, 8, 9, 10" in words
    south = read("road,status,season", "RN6,closed,rainy season", seasons={"rainy": [12, 1, 2]})
    assert south.table["months"].tolist() == ["1|2|12"]
    with pytest.raises(InputError, match="must be 1 to 12"):
        read("road,status", "RN6,open", seasons={"rainy": [0, 13]})
    with pytest.raises(InputError, match=r"'rainyy' is not known; did you mean 'rainy'"):
        read("road,status", "RN6,open", seasons={"rainyy": [1]})


def test_a_season_in_the_words_of_the_state_counts_too(read):
    table = read("road,status", "RN6,closed in rainy season", "RN7,may be closed").table
    assert table["months"].fillna("").tolist() == ["6|7|8|9|10", ""]


def test_open_in_a_season_that_is_not_understood_is_unknown(read):
    reading = read("road,status,season", "RN6,open,after harvest", "RN7,closed,after harvest")
    assert reading.table["state"].tolist() == ["unknown", "closed"]
    assert found(reading, "season not known")[0].value == 2


def test_dates_of_many_forms(read):
    reading = read(
        "road,status,start date,end date,date",
        "RN6,closed,14/01/2013,2013-02-21,1er mars 2013",
        "RN7,closed,02/03/2013,,5 August 2012",
        "RN8,closed,soon,,20130120",
        "RN9,closed,20/02/2013,2013-02-01,",
    )
    table = reading.table
    assert table["start"].dt.strftime("%F").fillna("").tolist() == [
        "2013-01-14", "2013-03-02", "", "2013-02-20"
    ]  # fmt: skip
    assert table["reported_on"].dt.strftime("%F").fillna("").tolist() == [
        "2013-03-01", "2012-08-05", "2013-01-20", ""
    ]  # fmt: skip
    assert table["end"].dt.strftime("%F").fillna("").tolist() == ["2013-02-21", "", "", ""]
    assert found(reading, "not a date")[0].value == 1
    assert found(reading, "ends before it starts")[0].value == 1


@given(st.lists(st.dates(), min_size=1, max_size=8), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_the_order_of_day_and_month_is_that_of_the_whole_column(days, form):
    days = [day for day in days if day.year >= 1000]
    cells = pd.Series([day.strftime(form) for day in days], dtype=object)
    read, findings = column_dates(cells, "x")
    tells = {form == "%d/%m/%Y" for day in days if day.day > 12}
    if tells:
        assert read.tolist() == [pd.Timestamp(day) for day in days]
    elif days:
        assert any(one.check == "order of dates" for one in findings)


@given(st.integers(0, 10**9), st.sampled_from([",", " ", "\u00a0", "\u202f", "'", ""]))
def test_counts_are_read_with_any_mark_of_thousands(number, mark):
    text = f"{number:,}".replace(",", mark)
    assert column_numbers(pd.Series([text], dtype=object), "x")[0].tolist() == [number]


def test_commas_are_decimal_in_coordinates_and_thousands_in_counts():
    cells = pd.Series(["-3,026", "12.5", "<5", "*", None, "5-10"], dtype=object, name="n")
    numbers, findings = column_numbers(cells, "x", decimal_comma=True)
    assert numbers.iloc[:2].tolist() == [-3.026, 12.5]
    assert numbers.iloc[2:].isna().all()
    assert [(one.check, one.value) for one in findings] == [
        ("figure withheld", 1), ("not a number", 2)
    ]  # fmt: skip
    assert column_numbers(cells, "x")[0].iloc[0] == -3026


# ------------------------------------------------------------------ columns and rows
def test_a_french_table_with_titles_from_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in [
        ["Contraintes d'accès, région de Mopti, août 2012"],
        [],
        ["N°", "Axe routier", "De", "A", "État de la route", "Type de véhicules", "Saison",
         "Date de mise à jour", "Source", "Fiabilité", "Commentaires"],
        [1, "RN16", "Sévaré", "Douentza", "Praticable avec difficulté", "Poids lourds",
         "hivernage", pd.Timestamp("2012-08-20"), "Cluster Logistique", "élevée", "boue"],
        [2, "RN15", "Sévaré", "Bandiagara", "Coupée", "Tous véhicules", None,
         pd.Timestamp("2012-08-21"), None, None, None],
    ]:  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    reading = read_constraints(tmp_path / "a.xlsx")
    table = reading.table
    assert table["from_place"].tolist() == ["Sévaré", "Sévaré"]
    assert table["to_place"].tolist() == ["Douentza", "Bandiagara"]
    assert table["state"].tolist() == ["restricted", "closed"]
    assert table["vehicle_classes"].tolist() == ["truck", "all vehicles"]
    assert table["confidence"].tolist() == ["high", "medium"]
    assert table["source"].tolist() == ["Cluster Logistique", "a.xlsx"]
    assert table["remarks"].iloc[0] == "boue"
    assert conform(table, CONSTRAINTS)[1] == []
    assert reading.words()[0] == "a.xlsx: any table of access constraints, 2 of 2 rows"


def test_places_are_taken_from_the_name_of_the_road(read):
    reading = read(
        "Road,Status", "Gao - Ansongo - Labbezanga,open", "Gorom-Gorom,open", "Dori,open"
    )
    table = reading.table
    assert table["from_place"].fillna("").tolist() == ["Gao", "", ""]
    assert table["to_place"].fillna("").tolist() == ["Labbezanga", "", ""]
    assert found(reading, "ends of stretch")[0].value == 1


def test_rows_without_a_road_are_left_out_and_counted(read):
    reading = read("road,status", ",closed", "RN6,open")
    assert (reading.rows_read, reading.rows_kept, len(reading.table)) == (2, 1, 1)
    assert found(reading, "no road")[0].id == "1 rows, e.g. [1]"


def test_ids_that_stand_twice_are_replaced(read):
    reading = read("id,road,status", "7,RN6,open", "7,RN7,open")
    assert reading.table["constraint_id"].tolist() == ["row-1", "row-2"]
    assert found(reading, "ids")


def test_confidence_that_is_not_understood_is_low(read):
    reading = read("road,status,confidence", "RN6,open,B2", "RN7,open,confirmed")
    assert reading.table["confidence"].tolist() == ["low", "high"]


def test_tables_without_state_or_road_are_refused(read):
    with pytest.raises(InputError, match="no column for 'state'"):
        read("road,x", "RN6,1")
    with pytest.raises(InputError, match=r"no column for the road.*columns=\{'road_name': ...\}"):
        read("status,x", "open,1")
    assert len(read("status,x", "open,RN6", columns={"road_name": "x"}).table) == 1


def test_tags_name_the_columns(read):
    reading = read("A,B,C", "#loc+name,#status,#date+reported", "RN6,fermé,2013-01-14")
    row = reading.table.iloc[0]
    assert (row["road_name"], row["state"]) == ("RN6", "closed")
    assert row["reported_on"] == pd.Timestamp("2013-01-14")
