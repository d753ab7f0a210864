"""Folders in the layout of Flee, whole and damaged."""

import datetime as dt
import importlib.util

import numpy as np
import pytest

from mobility_geo.errors import InputError
from mobility_geo.flows.practice_case import write_practice_case
from mobility_geo.sources import read_displacement_case

CASES = ("mali2012", "mali2012_freek", "car2013", "syria2013", "venezuela2022")


@pytest.fixture
def folder(tmp_path):
    return write_practice_case(tmp_path / "practique")


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def said(case, check):
    rows = case.findings
    return [f"{row.id}: {row.finding}" for row in rows[rows["check"] == check].itertuples()]


@pytest.mark.parametrize("name", CASES)
def test_daily_counts_are_those_that_are_scored(name, reference_dir):
    root = reference_dir / "displacement"
    spec = importlib.util.spec_from_file_location("scores", root / "evaluate.py")
    scores = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scores)
    dates, camps, truth = scores.truth_table(str(root / name))
    case = read_displacement_case(root / name)
    daily = case.daily_counts()
    assert list(daily.columns) == camps
    assert case.dates == dates
    for camp in camps:
        assert daily[camp].tolist() == truth[camp]


def test_camps_have_no_capacity(reference_dir):
    case = read_displacement_case(reference_dir / "displacement" / "mali2012")
    camps = case.places["kind"] == "camp"
    assert case.places.loc[camps, "population_persons"].isna().all()


def test_tables_are_as_the_files_say(folder):
    case = read_displacement_case(folder)
    assert case.camps == ("Palm", "Dune", "Reed")
    assert (case.start, case.days) == (dt.date(2030, 1, 1), 90)
    assert case.places.set_index("name").loc["Gate", "kind"] == "hub"
    assert case.conflict[:, 0].tolist() == [1] * 90
    assert case.conflict[:, 1].tolist() == [0] * 20 + [1] * 70
    assert case.closures[["start_day", "end_day"]].to_numpy().tolist() == [[0, 30]]
    sent_on = case.routes[case.routes["one_way"]]
    assert sent_on[["from_name", "to_name"]].to_numpy().tolist() == [["Gate", "Palm"]]
    assert len(case.findings[case.findings["severity"] == "error"]) == 0


def test_where_people_are_sent_on_follows_the_transit_centre(folder):
    edit(folder, "input_csv/routes.csv", "Gate,Palm,90,1", "Palm,Gate,90,1")
    case = read_displacement_case(folder)
    sent_on = case.routes[case.routes["one_way"]]
    assert sent_on[["from_name", "to_name"]].to_numpy().tolist() == [["Gate", "Palm"]]


def test_dates_out_of_order_are_put_in_order_and_said(folder):
    whole = read_displacement_case(folder).daily_counts()
    path = folder / "source_data" / "palm.csv"
    path.write_text("\n".join(reversed(path.read_text().splitlines())))
    case = read_displacement_case(folder)
    assert case.daily_counts().equals(whole)
    (words,) = said(case, "dates out of order")
    assert "3 rows come after a later date" in words


def test_a_date_without_a_count_is_said(folder):
    edit(folder, "source_data/palm.csv", "2030-02-01,120", "2030-02-01,")
    case = read_displacement_case(folder)
    (words,) = said(case, "no figure")
    assert "not taken for 0" in words
    # the line goes on from the report before to the one after
    assert 100 < case.daily_counts()["Palm"].iloc[31] < 1500


def test_two_counts_for_a_date_are_said(folder):
    edit(folder, "source_data/palm.csv", "2030-02-01,120\n", "2030-02-01,120\n2030-02-01,140\n")
    case = read_displacement_case(folder)
    assert said(case, "date twice")
    assert case.daily_counts()["Palm"].iloc[31] == 140


def test_a_fall_by_re_registration_is_flagged(folder):
    edit(folder, "source_data/dune.csv", "2030-03-01,2300", "2030-03-01,900")
    case = read_displacement_case(folder)
    flagged = case.counts[case.counts["break"]]
    assert flagged[["camp", "day"]].to_numpy().tolist() == [["Dune", 59]]
    (words,) = said(case, "registration break")
    assert "from 1,900 to 900" in words
    days = case.break_days()[:, case.camps.index("Dune")]
    assert np.flatnonzero(days).tolist() == list(range(32, 60))


def test_a_named_correction_rescales_what_was_counted_before(folder):
    edit(folder, "source_data/dune.csv", "2030-03-01,2300", "2030-03-01,950")
    (folder / "input_csv" / "registration_corrections.csv").write_text(
        "Dune,2030-03-01,normalize\nReed,2030-03-02\nNowhere,2030-03-01\n"
    )
    case = read_displacement_case(folder)
    dune = case.counts[case.counts["camp"] == "Dune"]
    assert dune["people_reported"].tolist() == [900, 1900, 950, 2500]
    assert dune["people"].tolist() == [450, 950, 950, 2500]
    assert dune["break"].tolist() == [False, False, True, False]
    assert len(said(case, "correction")) == 2
    assert not said(case, "registration break")


def test_mbera_is_a_break_and_not_a_return(reference_dir):
    root = reference_dir / "displacement" / "mali2012"
    counts = read_displacement_case(root).counts
    mbera = counts[counts["camp"] == "Fassala-Mbera"]
    (broken,) = mbera[mbera["break"]]["date"]
    assert broken == dt.date(2012, 12, 31)
    before = mbera[mbera["date"] < broken]
    assert (before["people"] < 0.6 * before["people_reported"])[before["people_reported"] > 0].all()


def test_closures_of_every_kind(folder):
    path = folder / "input_csv" / "closures.csv"
    path.write_text(
        "#closure_type,name1,name2,closure_start,closure_end\ncountry,Practique,Septen,5,-1\n"
        "location,Palm,,3,9\nlinks,Nara,Sena,2030-01-11,20\nbridge,a,b,1,2\ncountry,Mars,Levant,0,3\n"
    )
    case = read_displacement_case(folder)
    assert case.closures.to_numpy().tolist() == [
        ["border", "Practique", "Septen", 5, 90], ["place", "Palm", "", 3, 9],
        ["route", "Nara", "Sena", 10, 20],
    ]  # fmt: skip
    assert "closes nothing" in said(case, "kind of closure")[0]
    assert said(case, "unknown name")


@pytest.mark.parametrize("cell", ["x", "nan", "-3"])
def test_an_intensity_of_conflict_that_is_none_is_said(folder, cell):
    (folder / "input_csv" / "conflicts.csv").write_text(f"#Day,Nara,Sena\n0,,0.5\n3,{cell},0\n")
    with pytest.raises(InputError, match=f"conflicts.csv: day 3: .'{cell}'. is no intensity"):
        read_displacement_case(folder)


def test_conflicts_table_overrules_the_dates_and_is_carried_on(folder):
    (folder / "input_csv" / "conflicts.csv").write_text(
        "#Day, nara ,Sena,Ghost\n0,0,0.5,1\n3,1,0,1\n"
    )
    case = read_displacement_case(folder)
    assert case.conflict[:5, 0].tolist() == [0, 0, 0, 1, 1]
    assert case.conflict[:5, 1].tolist() == [0.5, 0.5, 0.5, 0, 0]
    assert case.conflict[89, 0] == 1
    assert "'Ghost'" in said(case, "unknown place")[0]
    assert said(case, "conflicts.csv ends early")
    assert "'Nara'" in said(case, "spelling")[0]


def test_missing_files_are_said(folder):
    for name in ("routes.csv", "closures.csv", "sim_period.csv"):
        (folder / "input_csv" / name).unlink()
    (folder / "source_data" / "reed.csv").unlink()
    case = read_displacement_case(folder)
    assert case.start == dt.date(2030, 1, 1)
    assert case.days == 90
    assert "straight lines" in said(case, "no routes")[0]
    assert said(case, "missing file")
    assert "['Reed']" in said(case, "no counts")[0]
    assert case.daily_counts()["Reed"].eq(0).all()


def test_columns_and_headers_that_differ(folder):
    path = folder / "input_csv" / "locations.csv"
    rows = [" , ".join(line.split(",")[:7]) for line in path.read_text().splitlines()]
    path.write_text("\n".join(rows).replace("#name", "name"), encoding="utf-8-sig")
    case = read_displacement_case(folder)
    assert case.camps == ("Palm", "Dune", "Reed")
    assert "2 conflict zones have none" in said(case, "no population")[0]


def test_wrong_values_are_all_named(folder):
    edit(folder, "source_data/palm.csv", "2030-02-01,120", "2030-02-31,120\n2030-02-02,-4")
    edit(folder, "input_csv/routes.csv", "Nara,Sena,120,0", "Nara,Sena,far,0")
    edit(folder, "input_csv/closures.csv", "Levant,0,30", "Levant,30,2")
    with pytest.raises(InputError) as caught:
        read_displacement_case(folder)
    text = str(caught.value)
    assert len(caught.value.problems) == 4
    assert "expected a date like 2012-02-29 and a number of people >= 0" in text
    assert "distance of Nara - Sena must be a number >= 0 km" in text
    assert "ends before it starts" in text


def test_no_case_at_all(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_displacement_case(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no input_csv/locations\.csv"):
        read_displacement_case(tmp_path)
