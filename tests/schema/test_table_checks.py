"""Every check of every column of every table: a planted fault is found, named and placed."""

import copy
import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.errors import InputError, MobilityGeoError, SchemaError
from mobility_geo.schema import (
    SCHEMAS,
    Column,
    TableSchema,
    check_table,
    conform,
    empty_table,
    reference_problems,
    split_list,
    suggest,
)
from mobility_geo.testing.strategies import words

ROWS = 3
SHAPES = {
    "Point": shapely.Point(1, 2),
    "LineString": shapely.LineString([(1, 2), (2, 2)]),
    "MultiPolygon": shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]),
}
OTHER = {
    "Point": shapely.LineString([(0, 0), (1, 1)]),
    "LineString": shapely.MultiLineString([[(0, 0), (1, 1)]]),
    "MultiPolygon": shapely.box(0, 0, 1, 1),
}
NOT_FINITE = {
    "Point": shapely.Point(1, np.inf),
    "LineString": shapely.LineString([(0, 0), (np.inf, 1)]),
    "MultiPolygon": shapely.MultiPolygon([shapely.box(0, 0, np.inf, 1)]),
}
COLUMNS = [(table, column) for table in SCHEMAS.values() for column in table.columns]
REQUIRED = [(table, column) for table, column in COLUMNS if column.required]
NUMBERS = [
    (table, column)
    for table, column in COLUMNS
    # a number that is the whole key would not be unique as well
    if column.dtype in {"float", "int"} and table.key != (column.name,)
]
LAYERS = [table for table in SCHEMAS.values() if table.geometry]
KEYED = [table for table in SCHEMAS.values() if table.key]


def fine_value(column, row):
    if column.dtype == "text":
        return column.allowed[row % len(column.allowed)] if column.allowed else f"v{row}"
    if column.dtype == "date":
        return f"2013-01-{row + 1:02d}"
    if column.dtype == "bool":
        return row % 2 == 0
    return (column.minimum or 0) if column.maximum else (column.minimum or 0) + row


def fine_table(table, rows=ROWS):
    """Return a table without any fault, with an index that is not 0, 1, 2."""
    frame = pd.DataFrame(
        {c.name: pd.Series([fine_value(c, row) for row in range(rows)], dtype="object")
         for c in table.columns}
    )  # fmt: skip
    for number, name in enumerate(table.key):
        if not table.column(name).allowed and table.column(name).dtype == "text":
            frame[name] = [f"{number}é{row}" for row in range(rows)]
    frame.index = pd.Index([10 * (row + 1) for row in range(rows)])
    if table.geometry is None:
        return frame
    return gpd.GeoDataFrame(frame, geometry=[SHAPES[table.geometry]] * rows, crs=4326)


def ids(pairs):
    return [f"{table.name}.{column.name}" for table, column in pairs]


def label(table, row):
    frame = fine_table(table)
    if table.key:
        return repr(" / ".join(str(frame[name].iloc[row]) for name in table.key))
    return str(frame.index[row])


def with_value(table, column, value, row=1):
    frame = fine_table(table)
    frame[column.name] = frame[column.name].astype("object")
    frame.loc[frame.index[row], column.name] = value
    return frame


def only_problem(frame, table):
    problems = conform(frame, table)[1]
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize("table", SCHEMAS.values(), ids=list(SCHEMAS))
def test_a_fine_table_has_no_problem_and_keeps_its_rows(table):
    frame = fine_table(table)
    made, problems = conform(frame, table)
    assert problems == []
    assert list(made.index) == list(frame.index)
    assert list(made.columns)[: len(table.columns)] == list(table.names)
    again, problems = conform(made, table)
    assert problems == []
    pd.testing.assert_frame_equal(pd.DataFrame(made), pd.DataFrame(again))


@pytest.mark.parametrize("table", SCHEMAS.values(), ids=list(SCHEMAS))
def test_optional_columns_may_be_left_out_and_come_back_with_their_default(table):
    optional = [column for column in table.columns if not column.required]
    made, problems = conform(fine_table(table).drop(columns=[c.name for c in optional]), table)
    assert problems == []
    for column in optional:
        if column.default is None:
            assert made[column.name].isna().all()
        else:
            assert (made[column.name] == column.default).all()


@pytest.mark.parametrize(("table", "column"), REQUIRED, ids=ids(REQUIRED))
def test_a_missing_column_is_named_with_what_is_there_instead(table, column):
    wrong = column.name + "x"
    problem = only_problem(fine_table(table).rename(columns={column.name: wrong}), table)
    assert problem == f"{table.name}: no column {column.name!r}; did you mean {wrong!r}?"


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=ids(COLUMNS))
def test_a_missing_value_is_a_fault_unless_the_column_may_be_empty(table, column):
    frame = with_value(table, column, None)
    if column.nullable or column.default is not None:
        assert conform(frame, table)[1] == []
    else:
        problem = only_problem(frame, table)
        where = f"{table.name}: column {column.name!r} must not be missing; wrong in 1 row, e.g. ["
        assert problem.startswith(where)
        assert column.name in table.key or problem == f"{where}{label(table, 1)}]"


@pytest.mark.parametrize(("table", "column"), NUMBERS, ids=ids(NUMBERS))
def test_a_word_is_not_a_number(table, column):
    frame = with_value(table, column, "12,5")
    frame.loc[frame.index[0], column.name] = "twelve"
    problem = only_problem(frame, table)
    told = f"{table.name}: column {column.name!r} must be {column.dtype}; wrong in 2 rows, e.g. ["
    assert problem.startswith(told)
    assert column.name in table.key or problem == f"{told}{label(table, 0)}, {label(table, 1)}]"


@pytest.mark.parametrize(("table", "column"), NUMBERS, ids=ids(NUMBERS))
def test_infinity_is_not_a_quantity(table, column):
    problem = only_problem(with_value(table, column, np.inf), table)
    assert f"column {column.name!r} must be finite" in problem or "must be int" in problem


@pytest.mark.parametrize(("table", "column"), NUMBERS, ids=ids(NUMBERS))
def test_a_number_out_of_range_is_named_with_the_limit_and_its_unit(table, column):
    unit = f" {column.unit}" if column.unit else ""
    for limit, words_, step in (
        (column.minimum, "must be >= ", -1),
        (column.maximum, "must be <= ", 1),
    ):
        if limit is None:
            continue
        assert conform(with_value(table, column, limit), table)[1] == []
        problem = only_problem(with_value(table, column, limit + step), table)
        assert f"column {column.name!r} {words_}{limit:g}{unit}; wrong in 1 row" in problem


@pytest.mark.parametrize(
    ("table", "column"),
    [pair for pair in COLUMNS if pair[1].dtype == "int"],
    ids=ids([pair for pair in COLUMNS if pair[1].dtype == "int"]),
)
def test_half_a_person_is_no_person(table, column):
    problem = only_problem(with_value(table, column, (column.minimum or 0) + 0.5), table)
    assert f"column {column.name!r} must be int" in problem


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [(t, c, v) for t, c in COLUMNS if c.dtype == "bool" for v in ("perhaps", 2, "oui")]
    + [(t, c, v) for t, c in COLUMNS if c.dtype == "date" for v in ("20/01/2013", "2013-13-01",
                                                                     "soon")],
)  # fmt: skip
def test_a_wrong_flag_or_date_is_found(table, column, value):
    assert f"column {column.name!r} must be {column.dtype}" in only_problem(
        with_value(table, column, value), table
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [pair for pair in COLUMNS if pair[1].allowed],
    ids=ids([pair for pair in COLUMNS if pair[1].allowed]),
)
def test_an_unknown_word_is_named_with_the_nearest_known_one(table, column):
    wrong = column.allowed[-1] + "x"
    problem = only_problem(with_value(table, column, wrong), table)
    assert problem == (
        f"{table.name}: column {column.name!r} has the unknown value {wrong!r}; "
        f"did you mean {column.allowed[-1]!r}?; wrong in 1 row, "
        f"e.g. [{label_of(table, column, wrong)}]"
    )


def label_of(table, column, value):
    frame = with_value(table, column, value)
    if table.key:
        return repr(" / ".join(str(frame[name].iloc[1]) for name in table.key))
    return str(frame.index[1])


@pytest.mark.parametrize("table", KEYED, ids=[table.name for table in KEYED])
def test_a_key_must_be_unique(table):
    frame = fine_table(table)
    for name in table.key:
        frame[name] = frame[name].iloc[0]
    problem = only_problem(frame, table)
    key = " + ".join(table.key)
    assert problem.startswith(f"{table.name}: key {key} must be unique; wrong in {ROWS} rows")


@pytest.mark.parametrize("table", LAYERS, ids=[table.name for table in LAYERS])
class TestGeometry:
    def test_a_plain_table_is_no_layer(self, table):
        problem = only_problem(pd.DataFrame(fine_table(table).drop(columns="geometry")), table)
        assert problem == (
            f"{table.name}: needs a {table.geometry} geometry, this is a plain table"
        )

    def test_no_coordinate_reference_system(self, table):
        frame = fine_table(table).set_crs(None, allow_override=True)
        assert "has no coordinate reference system" in only_problem(frame, table)

    @pytest.mark.parametrize("what", ["none", "empty", "type", "not finite"])
    def test_wrong_shapes(self, table, what):
        shape = {
            "none": None,
            "empty": type(SHAPES[table.geometry])(),
            "type": OTHER[table.geometry],
            "not finite": NOT_FINITE[table.geometry],
        }[what]
        frame = fine_table(table)
        shapes = frame.geometry.to_numpy().copy()
        shapes[1] = shape
        frame = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=4326))
        problems = conform(frame, table)[1]
        expected = {
            "none": "is missing or empty",
            "empty": "is missing or empty",
            "type": f"must be {table.geometry}",
            "not finite": "has coordinates that are not finite",
        }[what]
        assert any(expected in problem for problem in problems), problems
        assert all(label(table, 1) in problem for problem in problems)

    def test_other_names_of_the_geometry_column_are_fine(self, table):
        frame = fine_table(table).rename_geometry("shape")
        made, problems = conform(frame, table)
        assert problems == []
        assert made.active_geometry_name == "shape"
        assert made.geometry.tolist() == frame.geometry.tolist()


def test_a_bow_tie_is_not_an_area():
    table = SCHEMAS["zones"]
    frame = fine_table(table)
    shapes = frame.geometry.to_numpy().copy()
    shapes[2] = shapely.MultiPolygon([shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])])
    frame = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=4326))
    problem = only_problem(frame, table)
    assert "is not valid; repair it with .make_valid()" in problem
    assert label(table, 2) in problem


def test_all_problems_are_listed_at_once():
    table = SCHEMAS["edges"]
    frame = fine_table(table).drop(columns="surface")
    frame["length_m"] = [-1.0, np.inf, 5.0]
    frame["kind"] = ["road", "raod", "road"]
    frame["oneway"] = ["maybe", True, False]
    frame["state_reported_on"] = [None, None, "yesterday"]
    frame["edge_id"] = "same"
    with pytest.raises(SchemaError) as caught:
        check_table(frame, table)
    problems = caught.value.problems
    assert len(problems) == 7
    for part in ("no column 'surface'", "'length_m' must be >= 0 m", "'length_m' must be finite",
                 "'raod'; did you mean 'road'?", "'oneway' must be bool",
                 "'state_reported_on' must be date", "key edge_id must be unique"):  # fmt: skip
        assert sum(part in problem for problem in problems) == 1, part
    assert "7 problems found" in str(caught.value)
    assert isinstance(caught.value, (ValueError, InputError, MobilityGeoError))


@pytest.mark.parametrize("table", SCHEMAS.values(), ids=list(SCHEMAS))
def test_the_input_is_never_changed(table):
    frame = fine_table(table)
    frame.iloc[0, 0] = "  blanks  "
    before = copy.deepcopy(frame)
    conform(frame, table)
    pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(frame))


@given(st.lists(words() | st.from_regex(r"0[0-9]{1,4}", fullmatch=True), min_size=1, max_size=5))
def test_codes_stay_text(codes):
    frame = pd.DataFrame({"pcode": codes})
    table = TableSchema(name="t", meaning="", columns=(SCHEMAS["zones"].column("pcode"),))
    assert check_table(frame, table)["pcode"].tolist() == codes


def test_codes_that_were_read_as_numbers_stay_what_they_were():
    """A column of codes with a gap comes as floats from pandas: 1 must not become '1.0'."""
    table = TableSchema(
        name="t", meaning="", columns=(SCHEMAS["places"].column("pcode"),)
    )  # fmt: skip
    assert check_table(pd.DataFrame({"pcode": [1, 20]}), table)["pcode"].tolist() == ["1", "20"]
    gap = check_table(pd.DataFrame({"pcode": [1.0, None, 20.0]}), table)["pcode"]
    assert gap[[0, 2]].tolist() == ["1", "20"]
    assert gap.isna().tolist() == [False, True, False]


def test_an_index_with_repeats_is_no_problem():
    table = SCHEMAS["speeds"]
    frame = fine_table(table)
    frame.index = pd.Index([0, 0, 0])
    assert conform(frame, table)[1] == []
    frame["speed_kph"] = [1, -1, 1]
    assert label(table, 1) in only_problem(frame, table)


def test_columns_nobody_knows_are_kept_at_the_end():
    frame = fine_table(SCHEMAS["speeds"])
    frame.insert(0, "remark", "é")
    made = check_table(frame, SCHEMAS["speeds"])
    assert list(made.columns)[-1] == "remark"
    assert made["remark"].tolist() == ["é"] * ROWS


DAY = TableSchema(
    name="t", meaning="", columns=(Column(name="day", dtype="date", meaning="", nullable=True),)
)


@pytest.mark.parametrize(
    "value",
    ["2013-01-20", dt.date(2013, 1, 20), dt.datetime(2013, 1, 20, 23, 59),  # noqa: DTZ001
     pd.Timestamp("2013-01-20"), np.datetime64("2013-01-20"), "2013-01-20T13:00:00"],
)  # fmt: skip
def test_a_date_is_a_date_however_it_is_written(value):
    made = check_table(pd.DataFrame({"day": pd.Series([value, None], dtype="object")}), DAY)
    assert made["day"].tolist() == [pd.Timestamp("2013-01-20"), pd.NaT]
    assert str(made["day"].dtype) == "datetime64[s]"


@pytest.mark.parametrize("value", [20130120, 20130120.0])
def test_a_day_written_as_a_number_never_becomes_1970(value):
    """20130120 is a day to people and 20 ms of 1970 to pandas: read it as text, or refuse it."""
    made, problems = conform(pd.DataFrame({"day": [value]}), DAY)
    assert problems or made["day"].tolist() == [pd.Timestamp("2013-01-20")]


def test_flags_are_read_as_people_write_them():
    table = TableSchema(name="t", meaning="", columns=(Column(name="f", dtype="bool", meaning=""),))
    frame = pd.DataFrame({"f": ["true", "TRUE", "1", 1, 1.0, True, "no", "False", 0, False]})
    assert check_table(frame, table)["f"].tolist() == [True] * 6 + [False] * 4


@pytest.mark.parametrize("table", [t for t in SCHEMAS.values() if not t.geometry])
def test_an_empty_table_conforms(table):
    made = check_table(empty_table(table), table)
    assert len(made) == 0
    assert list(made.columns) == list(table.names)


def test_references_name_the_nearest_row_that_is_there():
    tables = {
        "groups": pd.DataFrame({"group_id": ["a", "b", "c"], "place_id": ["goa", "gao", "gaoo"],
                                "profile": ["truck", "truck", None]}),
        "places": pd.DataFrame({"place_id": ["gao", "kidal"]}),
        "profiles": pd.DataFrame({"profile": ["truck"]}),
    }  # fmt: skip
    (problem,) = reference_problems(tables)
    assert problem == (
        "groups: column 'place_id' names 'goa', not in places; did you mean 'gao'? "
        "(2 rows, e.g. ['a', 'c'])"
    )


def test_every_reference_leads_to_a_table_and_a_column():
    for table in SCHEMAS.values():
        for column, target in table.references.items():
            assert column in table.names
            assert len(SCHEMAS[target].key) == 1


@given(st.lists(words().filter(lambda word: "|" not in word), max_size=5))
def test_text_lists_split_back_into_their_items(items):
    assert split_list("|".join(items)) == tuple(items)
    assert split_list(" | ".join(items)) == tuple(items)


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, "", "  ", "|", " | "])
def test_nothing_is_an_empty_list(nothing):
    assert split_list(nothing) == ()


def test_suggestions_list_what_is_known_when_nothing_is_near():
    assert suggest("zzz", ["gao", "kidal"]) == "; known: 'gao', 'kidal'"
    assert suggest("GAO", ["gao"]) == "; did you mean 'gao'?"
    assert suggest("zzz", []) == "; none is known"
    assert suggest("zzz", [f"v{i:02d}" for i in range(20)]).endswith(", ...")


def test_a_column_that_stands_twice_is_named():
    frame = fine_table(SCHEMAS["speeds"])
    twice = pd.concat([frame, frame[["kind"]]], axis=1)
    assert conform(twice, SCHEMAS["speeds"])[1] == ["speeds: column 'kind' stands more than once"]


def test_other_columns_stay_behind_even_if_they_stand_twice():
    frame = fine_table(SCHEMAS["speeds"]).assign(mine=1)
    twice = pd.concat([frame[["mine"]], frame], axis=1)
    made, problems = conform(twice, SCHEMAS["speeds"])
    assert problems == []
    assert list(made.columns) == [*SCHEMAS["speeds"].names, "mine", "mine"]


def test_a_geometry_in_the_place_of_a_column_is_named():
    table = SCHEMAS["nodes"]
    frame = fine_table(table).drop(columns="name").rename_geometry("name")
    assert "nodes: column 'name' must be text, not a geometry" in conform(frame, table)[1]


def test_a_geometry_keeps_its_name():
    table = SCHEMAS["nodes"]
    made, problems = conform(fine_table(table).rename_geometry("shape"), table)
    assert problems == []
    assert made.active_geometry_name == "shape"
