"""Tables: the same bytes for the same results, readable as they are described."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobility_geo import schema
from mobility_geo.export.tables import ORDER, result_tables, write_table, write_tables

RESULT_SCHEMAS = {table.name: table for table in schema.RESULT_TABLES}


def content(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def written(mali, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    files = write_tables(mali, folder)
    assert sorted(file.stem for file in files) == sorted([*ORDER, "columns"])
    return folder


def test_the_order_of_rows_does_not_matter(mali, written, tmp_path):
    rng = np.random.default_rng(7)
    mixed = {}
    for name in ("status", "reachable", "od_flows", "edge_flows", "crossing_flows", "catchments",
                 "edge_conditions", "disruptions"):  # fmt: skip
        frame = getattr(mali, name)
        mixed[name] = frame.iloc[rng.permutation(len(frame))]
    write_tables(dataclasses.replace(mali, **mixed), tmp_path)
    assert content(tmp_path) == content(written)


def test_files_are_utf8_with_unix_line_ends(written):
    for name, raw in content(written).items():
        text = raw.decode("utf-8")
        assert "\r" not in text, name
        assert text.endswith("\n")
        assert not text.startswith("\ufeff")
    assert "Ménaka" in (written / "catchments.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(RESULT_SCHEMAS))
def test_tables_hold_to_their_schema_when_read_again(mali, written, name):
    attribute = "comparison" if name == "model_against_report" else name
    table = RESULT_SCHEMAS[name]
    back, problems = schema.conform(
        pd.read_csv(written / f"{name}.csv", keep_default_na=False, na_values=[""]), table
    )
    assert problems == []
    frame, _ = schema.conform(getattr(mali, attribute), table)
    assert len(back) == len(frame)
    for column in table.columns:
        if column.dtype in {"int", "float"}:
            assert back[column.name].sum() == pytest.approx(frame[column.name].sum(), rel=1e-3)
        else:
            ours = sorted(back[column.name].dropna().astype(str))
            assert ours == sorted(frame[column.name].dropna().astype(str))


def test_people_are_the_same_in_every_table(written):
    status = pd.read_csv(written / "status.csv")
    movers = status[status["base"] == "movers"]
    stranded = movers.loc[movers["status"] == "stranded", "persons"].sum()
    assert pd.read_csv(written / "held_at.csv")["persons"].sum() == stranded
    for name in ("status_by_zone", "status_by_place"):
        table = pd.read_csv(written / f"{name}.csv")
        assert table["movers_persons"].sum() == movers["persons"].sum()
        assert table["stranded_persons"].sum() == stranded


def test_every_column_is_explained(mali, written):
    explained = pd.read_csv(written / "columns.csv")
    tables = result_tables(mali)
    for name, frame in tables.items():
        if name != "columns":
            rows = explained[explained["table"] == name]
            assert rows["column"].tolist() == list(frame.columns)
    assert explained["meaning"].notna().all()
    assert explained["in_words"].notna().all()


def test_numbers_have_the_stated_decimals(tmp_path):
    frame = pd.DataFrame(
        {
            "time_min": [1 / 3, -0.0, np.nan], "cannot_reach_share": [2 / 3, 1.0, 0.0],
            "risk": [1e-7, 0.123456789, 1.0], "persons": [1, 2, 3],
            "stranded_persons_low": [1.0, 2.0, np.nan], "latitude": [1 / 3, 1e9, 0.0],
            "official": [True, False, True], "maybe": pd.array([True, None, False], "boolean"),
            "start": pd.to_datetime(["2013-01-14", None, "2012-04-01"]),
            "seen": pd.to_datetime(["2013-01-14T12:30:00", None, "2012-04-01T00:00:00"]),
            "name": ["Ségou", None, 'a,"b"\nc'],
        }
    )  # fmt: skip
    lines = write_table(frame, tmp_path / "x.csv").read_text(encoding="utf-8")
    assert lines == (
        "time_min,cannot_reach_share,risk,persons,stranded_persons_low,latitude,official,maybe,"
        "start,seen,name\n"
        "0.3,0.6667,0.000000,1,1,0.333333,true,true,2013-01-14,2013-01-14T12:30:00,Ségou\n"
        "0.0,1.0000,0.123457,2,2,1e+09,false,,,,\n"
        ',0.0000,1.000000,3,,0,true,false,2012-04-01,2012-04-01T00:00:00,"a,""b""\nc"\n'
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
            st.none() | st.floats(-1e6, 1e6),
            st.none() | st.dates(dt.date(1800, 1, 1), dt.date(2200, 1, 1)),
            st.integers(-(2**63), 2**63 - 1),
        ),
        max_size=6,
    )
)
def test_what_is_written_can_be_read(tmp_path, rows):
    frame = pd.DataFrame(rows, columns=["text", "time_min", "day", "whole"])
    frame["time_min"] = frame["time_min"].astype("float64")
    frame["day"] = frame["day"].astype("datetime64[s]")
    frame["whole"] = frame["whole"].astype("int64")
    file = write_table(frame, tmp_path / "x.csv")
    back = pd.read_csv(file, dtype="str", keep_default_na=False)
    assert back["text"].tolist() == ["" if pd.isna(text) else text for text in frame["text"]]
    assert back["whole"].astype("int64").tolist() == frame["whole"].tolist()
    assert back["day"].tolist() == ["" if d is None else d.isoformat() for _, _, d, _ in rows]
    for text, number in zip(back["time_min"], frame["time_min"], strict=True):
        assert (text == "") == pd.isna(number)
        assert text == "" or abs(float(text) - number) <= 0.05 + 1e-9
