"""GeoPackages: what goes in comes out, QGIS and validators like it, nothing half-written stays."""

import datetime as dt
import errno
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from mobility_geo import geopackage, schema
from mobility_geo.errors import GeoPackageError, InputError, OutputError
from mobility_geo.geopackage import Layer, read_layers, update_styles, write_geopackage

STAMP = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
LAEA = pyproj.CRS.from_proj4("+proj=laea +lat_0=17 +lon_0=-2 +datum=WGS84 +units=m")
QML = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version='3.22.0'/>"


def points(columns, *, crs="EPSG:4326"):
    count = len(next(iter(columns.values())))
    shapes = shapely.points(np.arange(count, dtype=float), np.arange(count, dtype=float) / 3)
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def round_trip(tmp_path, frame, **options):
    file = write_geopackage(tmp_path / "x.gpkg", [Layer(name="layer", frame=frame)], **options)
    return read_layers(file)["layer"]


def rows(path, query):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def plain(series):
    """Return the values with None for every missing one, whatever pandas makes of them."""
    return [None if value is None or value != value else value for value in series]  # noqa: PLR0124


def leftovers(folder):
    return sorted(p.name for p in folder.iterdir())


# ------------------------------------------------------------------ round trip
TEXT = st.none() | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
)
FRAMES = st.lists(
    st.fixed_dictionaries(
        {
            "text": TEXT | st.sampled_from(["Ségou", "Gorom-Gorom", "ⴾⴻⵍ", "a|b", "'\";--"]),
            "number": st.floats(allow_nan=True, allow_infinity=True),
            "whole": st.integers(-(2**63), 2**63 - 1),
            "gappy": st.none() | st.integers(-(2**53), 2**53),
            "flag": st.booleans(),
            "maybe": st.none() | st.booleans(),
            "day": st.none() | st.dates(dt.date(1800, 1, 1), dt.date(2200, 1, 1)),
            "moment": st.none() | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)),  # noqa: DTZ001
            "x": st.floats(-180, 180),
            "y": st.floats(-90, 90),
        }
    ),
    max_size=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=FRAMES)
def test_any_table_comes_back_as_it_was(tmp_path, records):
    def column(name, dtype):
        return pd.Series([record[name] for record in records], dtype=dtype)

    moments = column("moment", "object").map(lambda v: v and v.replace(tzinfo=dt.UTC))
    frame = gpd.GeoDataFrame(
        {
            "text": column("text", "object"),
            "number": column("number", "float64"),
            "whole": column("whole", "int64"),
            "gappy": column("gappy", "Int64"),
            "flag": column("flag", "bool"),
            "maybe": column("maybe", "boolean"),
            "day": column("day", "datetime64[s]"),
            "moment": pd.to_datetime(moments, utc=True).dt.as_unit("us"),
        },
        geometry=[shapely.Point(record["x"], record["y"]) for record in records],
        crs="EPSG:4326",
    )
    before = frame.copy()
    file = write_geopackage(
        tmp_path / "x.gpkg", [Layer(name="layer", frame=frame, geometry_type="Point")]
    )
    back = read_layers(file)["layer"]
    assert_frame_equal(frame, before)
    assert list(back.columns) == list(frame.columns)
    assert plain(back["text"]) == plain(frame["text"])
    expected = frame["number"].where(np.isfinite(frame["number"]))
    np.testing.assert_array_equal(back["number"].to_numpy(dtype=float), expected.to_numpy())
    assert back["whole"].tolist() == frame["whole"].tolist()
    for name in ("gappy", "maybe", "flag"):
        assert back[name].astype(frame[name].dtype).equals(frame[name])
    assert back["day"].dt.as_unit("s").equals(frame["day"])
    cut = frame["moment"].dt.floor("ms")
    assert back["moment"].isna().equals(cut.isna())
    assert (back["moment"].dropna() == cut.dropna()).all()
    assert shapely.to_wkb(back.geometry.array).tolist() == (
        shapely.to_wkb(frame.geometry.array).tolist()
    )


def sample(table):
    """Return two rows that hold to a schema, with accents, gaps and extremes."""
    made = {}
    for column in table.columns:
        if column.dtype == "text":
            pair = list(column.allowed[:2]) or [f"{column.name} é|ü", f"{column.name} '2'"]
            pair = pair * 2
        elif column.dtype == "date":
            pair = ["2012-04-01", "2013-02-21"]
        elif column.dtype == "bool":
            pair = [True, False]
        elif column.dtype == "int":
            pair = [max(1, int(column.minimum or 0)), 2]
        else:
            pair = [0.1 + 0.2, min(1 / 3, column.maximum or 1)]
        pair = pair[:2]
        made[column.name] = [pair[0], None] if column.nullable else pair
    frame = pd.DataFrame(made)
    shapes = {
        "Point": [shapely.Point(0.1, 1 / 3), shapely.Point(-1e5, 7)],
        "LineString": [
            shapely.LineString([(0, 0), (1 / 3, 2)]),
            shapely.LineString([(1, 1), (5, 5)]),
        ],
        "MultiPolygon": [shapely.MultiPolygon([shapely.box(i, 0, i + 1 / 3, 1)]) for i in (0, 1)],
    }
    if table.geometry is None:
        return schema.check_table(frame, table)
    return schema.check_table(
        gpd.GeoDataFrame(frame, geometry=shapes[table.geometry], crs=LAEA), table
    )


@pytest.mark.parametrize("name", sorted(schema.SCHEMAS))
def test_a_table_of_the_schema_comes_back_identical(tmp_path, name):
    table = schema.SCHEMAS[name]
    frame = sample(table)
    layer = Layer(name=name, frame=frame, geometry_type=table.geometry)
    file = write_geopackage(tmp_path / "x.gpkg", [layer], crs=None)
    back = schema.check_table(read_layers(file, [name])[name], table)
    assert_frame_equal(pd.DataFrame(back), pd.DataFrame(frame))
    if table.geometry is not None:
        assert back.crs == frame.crs
        assert back.crs.to_wkt() == frame.crs.to_wkt()
        assert shapely.to_wkb(back.geometry.array).tolist() == (
            shapely.to_wkb(frame.geometry.array).tolist()
        )


@pytest.mark.parametrize("name", sorted(schema.SCHEMAS))
def test_an_empty_table_keeps_its_columns_and_geometry_type(tmp_path, name):
    table = schema.SCHEMAS[name]
    frame = sample(table).iloc[:0]
    layer = Layer(name=name, frame=frame, geometry_type=table.geometry)
    file = write_geopackage(tmp_path / "x.gpkg", [layer], crs=None)
    back = schema.check_table(read_layers(file)[name], table)
    assert list(back.columns) == list(frame.columns)
    assert len(back) == 0
    if table.geometry is not None:
        found = rows(file, "SELECT geometry_type_name FROM gpkg_geometry_columns")
        assert found == [(table.geometry.upper(),)]


def test_layers_are_reprojected_unless_told_otherwise(tmp_path):
    frame = points({"a": [1, 2]}, crs=LAEA)
    assert round_trip(tmp_path, frame).crs == pyproj.CRS(4326)
    assert round_trip(tmp_path, frame, crs=32630).crs == pyproj.CRS(32630)
    assert round_trip(tmp_path, frame, crs=None).crs == LAEA


def test_objects_get_the_type_that_they_hold(tmp_path):
    frame = points({"n": [0, 1, 2]}).assign(
        flag=pd.Series([True, None, False], dtype="object"),
        day=pd.Series([dt.date(2013, 1, 14), None, dt.date(1, 1, 1)], dtype="object"),
        whole=pd.Series([1, None, 3], dtype="object"),
        kind=pd.Categorical(["road", None, "track"]),
        zoned=pd.to_datetime(["2013-01-14T01:30+02:00"] * 3),
        naive=pd.to_datetime(["2013-01-14T01:30:00", None, "2013-01-15T00:00:00"]),
        inf=[np.inf, -np.inf, np.nan],
        nothing=pd.Series([None, None, None], dtype="object"),
    )
    file = write_geopackage(tmp_path / "x.gpkg", [Layer(name="layer", frame=frame)])
    types = {row[1]: row[2] for row in rows(file, "PRAGMA table_info(layer)")}
    assert types == {
        "fid": "INTEGER", "geom": "POINT", "n": "INTEGER", "flag": "BOOLEAN", "day": "DATE",
        "whole": "INTEGER", "kind": "TEXT", "zoned": "DATETIME", "naive": "DATETIME",
        "inf": "REAL", "nothing": "TEXT",
    }  # fmt: skip
    query = 'SELECT flag, day, whole, kind, zoned, naive, inf, "nothing" FROM layer'
    utc, naive = "2013-01-13T23:30:00.000Z", "2013-01-14T01:30:00.000Z"
    assert rows(file, query) == [
        (1, "2013-01-14", 1, "road", utc, naive, None, None),
        (None, None, None, None, utc, None, None, None),
        (0, "0001-01-01", 3, "track", utc, "2013-01-15T00:00:00.000Z", None, None),
    ]


def test_every_polygon_is_written_as_multi_and_missing_shapes_as_null(tmp_path):
    shapes = [shapely.box(0, 0, 1, 1), None, shapely.MultiPolygon([shapely.box(2, 2, 3, 3)])]
    frame = gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=shapes, crs=4326)
    back = round_trip(tmp_path, frame)
    assert plain(back.geometry.geom_type) == ["MultiPolygon", None, "MultiPolygon"]
    one = round_trip(tmp_path, frame.iloc[:1])
    assert one.geometry.geom_type.tolist() == ["MultiPolygon"]


def test_heights_are_kept(tmp_path):
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[shapely.Point(1, 2, 260), None], crs=4326)
    assert round_trip(tmp_path, frame).geometry.iloc[0].z == 260
    frame.geometry = [shapely.Point(1, 2, 260), shapely.Point(3, 4)]
    with pytest.raises(InputError, match="some shapes have heights and some not"):
        round_trip(tmp_path, frame)


# ------------------------------------------------------------------ what cannot be written
def test_every_problem_of_every_layer_is_listed(tmp_path):
    bad = points({"fid": [1], "Geom": [1], "name": ["a"], "Name": ["b"]}).assign(
        items=[["a", "b"]], span=pd.to_timedelta([1], unit="D"), nul=["a\0b"],
        huge=np.array([2**64 - 1], dtype="uint64"),
    )  # fmt: skip
    mixed = gpd.GeoDataFrame(
        {"a": [1, 2]}, geometry=[shapely.Point(0, 0), shapely.box(0, 0, 1, 1)], crs=4326
    )
    layers = [
        Layer(name="bad", frame=bad),
        Layer(name="Zones", frame=pd.DataFrame({"a": [1]})),
        Layer(name="mixed", frame=mixed),
        Layer(name="mixed", frame=mixed.set_crs(None, allow_override=True)),
        Layer(name="lines", frame=mixed.iloc[:1], geometry_type="LineString"),
    ]
    with pytest.raises(InputError) as caught:
        write_geopackage(tmp_path / "x.gpkg", layers)
    text = str(caught.value)
    for part in (
        "'fid' has a name", "'Geom' has a name", "'Name' exists twice", "'items' holds",
        "'span' is timedelta64", "'nul' holds text with NUL", "'huge' holds whole numbers",
        "layer 'Zones': the name", "'mixed': the name is taken", "holds Point, Polygon",
        "has no coordinate reference system", "must be LineString; wrong in 1 rows",
    ):  # fmt: skip
        assert part in text
    assert leftovers(tmp_path) == []


def test_nothing_to_write_is_an_error(tmp_path):
    with pytest.raises(InputError, match="at least one layer"):
        write_geopackage(tmp_path / "x.gpkg", [])


# ------------------------------------------------------------------ what is in the file
@pytest.fixture
def described(tmp_path):
    zones = gpd.GeoDataFrame({"pcode": ["ML07"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=LAEA)
    layers = [
        Layer(
            name="places", frame=points({"name": ["Ségou"], "persons": [3]}),
            title="Places", abstract="INTERNAL: modelled & <checked>", style=QML,
            columns={"name": ("Name", "as on the map"), "persons": ("People", "best figure"),
                     "gone": ("Gone", "not in the table")},
        ),
        Layer(name="zones", frame=zones, title="Places", style=QML),
        Layer(name="run_info", frame=pd.DataFrame({"key": ["when"], "value": ["2013-01-20"]}),
              abstract="How it was made"),
    ]  # fmt: skip
    folder = tmp_path / "é ü, 'x' & y"
    folder.mkdir()
    return write_geopackage(folder / "naïve 1.gpkg", layers, crs=None, title="A case", stamp=STAMP)


def test_contents_come_in_the_order_given(described):
    found = rows(described, "SELECT table_name, data_type, identifier FROM gpkg_contents")
    assert found == [
        ("places", "features", "Places"),
        ("zones", "features", "zones"),  # identifiers are unique in the format
        ("run_info", "attributes", "run_info"),
        ("layer_styles", "attributes", "layer_styles"),
    ]
    assert list(read_layers(described)) == ["places", "zones", "run_info"]


def test_version_and_spatial_index(described):
    assert rows(described, "PRAGMA user_version") == [(10200,)]
    assert rows(described, "PRAGMA application_id") == [(0x47504B47,)]
    assert rows(described, "SELECT count(*) FROM rtree_places_geom") == [(1,)]


def test_styles_stand_where_qgis_looks_for_them(described):
    found = rows(
        described,
        "SELECT f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleQML, "
        "useAsDefault FROM layer_styles ORDER BY id",
    )
    assert found == [("", "", "places", "geom", QML, 1), ("", "", "zones", "geom", QML, 1)]
    assert rows(described, "SELECT feature_count FROM gpkg_ogr_contents "
                           "WHERE table_name = 'layer_styles'") == [(2,)]  # fmt: skip


def test_aliases_titles_and_abstracts_are_in_the_file(described):
    assert rows(described, "SELECT column_name, title, description FROM gpkg_data_columns") == [
        ("name", "Name", "as on the map"),
        ("persons", "People", "best figure"),
    ]
    texts = dict(
        rows(
            described,
            "SELECT coalesce(table_name, ''), metadata FROM gpkg_metadata JOIN "
            "gpkg_metadata_reference ON id = md_file_id",
        )
    )
    assert "<title>Places</title>" in texts["places"]
    assert "INTERNAL: modelled &amp; &lt;checked&gt;" in texts["places"]
    assert "<title>A case</title>" in texts[""]


def test_extensions_are_named_once(described):
    found = rows(described, "SELECT table_name, extension_name FROM gpkg_extensions")
    assert len(found) == len(set(found))
    assert ("gpkg_data_columns", "gpkg_schema") in found
    assert ("gpkg_spatial_ref_sys", "gpkg_crs_wkt") in found


def test_the_same_layers_give_the_same_content(tmp_path):
    frame = points({"name": ["Ségou", "Gao"], "day": pd.to_datetime(["2013-01-01", None])})
    dumps = []
    for name in ("a.gpkg", "b.gpkg"):
        layers = [Layer(name="places", frame=frame, title="Places", style=QML)]
        file = write_geopackage(tmp_path / name, layers, title="same", stamp=STAMP)
        connection = sqlite3.connect(file)
        dumps.append("\n".join(connection.iterdump()))
        connection.close()
    assert dumps[0] == dumps[1]


def test_update_styles_replaces_one_style_and_keeps_the_rest(described):
    update_styles(described, {"places": "new"})
    update_styles(described, {"places": "newer", "run_info": "table"})
    found = rows(described, "SELECT f_table_name, f_geometry_column, styleQML FROM layer_styles")
    assert sorted(found) == [
        ("places", "geom", "newer"), ("run_info", "", "table"), ("zones", "geom", QML),
    ]  # fmt: skip
    assert rows(described, "SELECT feature_count FROM gpkg_ogr_contents "
                           "WHERE table_name = 'layer_styles'") == [(3,)]  # fmt: skip
    with pytest.raises(GeoPackageError, match=r"no layer 'place'; did you mean 'places'\?"):
        update_styles(described, {"place": "x"})


def test_styles_can_be_given_to_a_file_that_another_program_wrote(tmp_path):
    frame = points({"a": [1]})
    file = tmp_path / "plain.gpkg"
    frame.to_file(file, layer="places", driver="GPKG", engine="pyogrio")
    update_styles(file, {"places": QML})
    assert rows(file, "SELECT f_table_name FROM layer_styles") == [("places",)]
    assert rows(file, "SELECT data_type FROM gpkg_contents WHERE table_name='layer_styles'") == [
        ("attributes",)
    ]


def test_gdal_validator_finds_nothing(described):
    system = shutil.which("python3", path="/usr/bin")
    if system is None or subprocess.run(
        [system, "-c", "import osgeo_utils.samples.validate_gpkg"], capture_output=True,
        check=False,
    ).returncode:  # fmt: skip
        pytest.skip("GDAL's validator (Debian package python3-gdal) is not installed")
    done = subprocess.run(
        [system, "-m", "osgeo_utils.samples.validate_gpkg", "-k", "--extra", str(described)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# ------------------------------------------------------------------ broken input
def test_each_broken_file_gets_one_clear_error(tmp_path, described):
    def error(path, names=None):
        with pytest.raises(GeoPackageError) as caught:
            read_layers(path, names)
        assert str(path) in str(caught.value)
        return str(caught.value)

    assert "no such file" in error(tmp_path / "none.gpkg")
    assert "is a folder" in error(tmp_path)
    empty = tmp_path / "empty.gpkg"
    empty.touch()
    assert "is empty" in error(empty)
    text = tmp_path / "text.gpkg"
    text.write_text("not a database, but long enough to look at" * 100, encoding="utf-8")
    assert "is not a GeoPackage" in error(text)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE a (b)")
    connection.close()
    assert "not a GeoPackage: it has no table gpkg_contents" in error(other)
    text = error(described, ["place", "edges", "zones"])
    assert "no layer 'place'; did you mean 'places'?" in text
    assert "no layer 'edges'; known: 'places', 'run_info', 'zones'" in text


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.99])
def test_a_file_that_was_cut_off_is_refused(described, share):
    whole = described.read_bytes()
    cut = described.with_name("cut.gpkg")
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(GeoPackageError, match="damaged"):
        read_layers(cut)


def test_a_file_with_overwritten_pages_is_refused(described):
    whole = bytearray(described.read_bytes())
    for start in range(4096 * 2, len(whole), 4096 * 3):
        whole[start : start + 512] = b"\xff" * 512
    broken = described.with_name("broken.gpkg")
    broken.write_bytes(whole)
    with pytest.raises(GeoPackageError, match="damaged"):
        read_layers(broken)


def test_layers_without_crs_are_named(tmp_path):
    file = tmp_path / "x.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        points({"a": [1]}, crs=None).to_file(file, layer="one", driver="GPKG", engine="pyogrio")
    with pytest.raises(GeoPackageError, match=r"layer 'one' has no coordinate reference system"):
        read_layers(file)


# ------------------------------------------------------------------ complete or not at all
@pytest.fixture
def older(tmp_path):
    return write_geopackage(
        tmp_path / "x.gpkg", [Layer(name="old", frame=points({"a": [1]}))], stamp=STAMP
    )


@pytest.mark.parametrize("fault", [
    OSError(errno.ENOSPC, "No space left on device"),
    sqlite3.OperationalError("database or disk is full"),
    PermissionError(errno.EACCES, "Permission denied"),
    RuntimeError("Failed to commit transaction"),
    KeyboardInterrupt(),
    MemoryError(),
])  # fmt: skip
@pytest.mark.parametrize("step", ["_write_table", "_set_styles", "_verify", "sync"])
def test_a_fault_at_any_step_leaves_the_older_file(older, monkeypatch, fault, step):
    before = older.read_bytes()

    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(geopackage, step, fail)
    expected = (KeyboardInterrupt, MemoryError)
    with pytest.raises(expected if isinstance(fault, expected) else OutputError) as caught:
        write_geopackage(older, [Layer(name="new", frame=points({"a": [1]}), style=QML)])
    if "full" in str(fault) or "space" in str(fault):
        assert "no space left on the disk" in str(caught.value)
    assert leftovers(older.parent) == ["x.gpkg"]
    assert older.read_bytes() == before


def test_a_full_disk_is_named_even_if_the_driver_does_not(older, monkeypatch):
    def fail(*_, **__):
        msg = "Failed to commit transaction"
        raise RuntimeError(msg)

    monkeypatch.setattr(geopackage, "_write_table", fail)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(OutputError, match="no space left on the disk"):
        write_geopackage(older, [Layer(name="new", frame=points({"a": [1]}))])
    assert leftovers(older.parent) == ["x.gpkg"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [4_000, 60_000, 200_000, 900_000, 1_500_000])
def test_a_disk_that_fills_up_leaves_the_older_file(older, limit):
    before = older.read_bytes()
    code = f"""
        import resource, signal
        import geopandas as gpd, numpy as np, shapely
        from mobility_geo.errors import OutputError
        from mobility_geo.geopackage import Layer, write_geopackage
        rng = np.random.default_rng(1)
        frame = gpd.GeoDataFrame(
            {{"a": np.arange(20_000)}}, geometry=shapely.points(rng.random((20_000, 2))), crs=4326
        )
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            write_geopackage({str(older)!r}, [Layer(name="new", frame=frame, style="x")])
        except OutputError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "could not be written, nothing was changed" in done.stdout
    assert leftovers(older.parent) == ["x.gpkg"]
    assert older.read_bytes() == before


def test_a_file_that_is_being_edited_is_not_replaced(older):
    editor = sqlite3.connect(older)
    editor.execute("PRAGMA journal_mode = wal")
    editor.execute("UPDATE gpkg_contents SET identifier = 'new' WHERE table_name = 'old'")
    try:
        with pytest.raises(OutputError, match="being edited in another program"):
            write_geopackage(older, [Layer(name="new", frame=points({"a": [1]}))])
        assert read_layers(older)["old"]["a"].tolist() == [1]
    finally:
        editor.close()


@pytest.mark.parametrize("name", ["none/x.gpkg", "."])
def test_a_target_that_cannot_be(tmp_path, name):
    with pytest.raises(OutputError, match=r"there is no folder|is a folder"):
        write_geopackage(tmp_path / name, [Layer(name="a", frame=pd.DataFrame({"a": [1]}))])


def test_paths_may_be_text_and_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write_geopackage("x.gpkg", [Layer(name="a", frame=pd.DataFrame({"a": [1]}))])
    assert file == Path("x.gpkg")
    assert read_layers("x.gpkg")["a"]["a"].tolist() == [1]
