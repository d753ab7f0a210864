"""Network files: every wrong value is told before any file is read, and zones of two countries."""

import contextlib
import copy
import datetime as dt
import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobility_geo.batch.build import FILES, FORMS, KEYS, TAKES, build_from_config, input_files
from mobility_geo.datasets import write_practice_files
from mobility_geo.errors import InputError, ScenarioError
from mobility_geo.schema import records


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_practice_files(tmp_path_factory.mktemp("practice"))


@pytest.fixture
def build(files):
    """Return a function that builds from the practice network file after changes of its text."""
    path = files["network"].with_name("changed.toml")

    def building(*changes):
        text = files["network"].read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
        return build_from_config(path)

    yield building
    path.unlink(missing_ok=True)


NAME = 'name = "practique"'


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (NAME, "name = 3", "name: must be a text that is not empty"),
        (NAME, f"{NAME}\ncrs = 'nonsense'", "crs: must be a coordinate reference system in metres"),
        (NAME, f"{NAME}\ncrs = 1.5", "crs: must be a coordinate reference system in metres"),
        (NAME, f"{NAME}\nprofiles = 'none.csv'", "profiles: 'none.csv': no such file"),
        ('country = "XPA"', "country = 7", "country: must be an ISO 3166-1 alpha-3 code"),
        ("max_distance_m = 15000", 'max_distance_m = "far"', "max_distance_m: must be a finite"),
        ("max_hours = 12", 'max_hours = "long"', "[walking] max_hours: must be a finite number"),
        ("max_hours = 12", "max_hours = 0", "number above 0 and at most 1,000 h, not 0"),
        ("max_hours = 12", "max_hours = inf", "[walking] max_hours: must be a finite number"),
        ("mend_signs = true", 'mend_signs = "no"', "[[places]] number 1 mend_signs: must be true"),
        ('kind = "camp"', "kind = ['camp']", "[[places]] number 2 kind: must be one of"),
        ('kind = "camp"', "columns = ['a']", "number 2 columns: must be a table of texts"),
        ('kind = "camp"', "columns = { lon = 1 }", "number 2 columns: must be a table of texts"),
        ("[[boundaries]]", "[[boundaries]]\nlevel = 'one'", "number 1 level: must be a whole"),
        ("[[boundaries]]", "[[boundaries]]\nlevel = true", "number 1 level: must be a whole"),
        ("[[boundaries]]", "[[boundaries]]\ncrs = 'x'", "number 1 crs: must be a coordinate"),
        ("[[boundaries]]", "[[boundaries]]\nfiel = 'x'", "unknown key 'fiel'; did you mean"),
        ('file = "river.geojson"', "file = 3", "[waterways] file: must be the path of a file"),
        ('file = "river.geojson"', "file = 'x.zip/a.shp'", "'x.zip/a.shp': no such file"),
        ('file = "river.geojson"', "", "[waterways]: key 'file' is missing"),
        ("[crossings]", "[[crossings]]\nfile = 'crossings.csv'\n[[crossings]]", "give it once"),
        ("[people]", "[people]\ntable = 'camps.csv'", "[people]: give a raster or a table"),
        ('raster = "ppp_2020.tif"', "", "[people]: give a raster or a table"),
        ("[people]", "[people]\nsheet = 'a'", "[people]: key 'sheet' does not go with a raster"),
        ("[people]", "[people]\nband = 1.0", "must be a whole number, 1 to 65,535, not 1.0"),
        ("[[roads]]", "[[roads]]\nform = 'shape'", '[roads] form: must be one of "osm_pbf"'),
        ("[[roads]]", "[[roads]]\nform = 1", '[roads] form: must be one of "osm_pbf"'),
        ("[[roads]]", "[[roads]]\nsnap_m = 5", "key 'snap_m' does not go with a file of form 'osm"),
        ("[[roads]]", "[[roads]]\nclasses = 'primary'", "[roads] classes: must be a list of texts"),
        ("[[roads]]", "[[roads]]\nbbox = [1, 2]", "[roads] bbox: must be a list of west, south"),
        ("[[roads]]", "[[roads]]\nform = 'lines'\nclasses = ['a']", "classes: must be a table"),
        ("[walking]", "[rainfall]\nraster = 'ppp_2020.tif'\n[walking]", "key 'classes' is missing"),
        (
            "[walking]", "[rainfall]\nraster='ppp_2020.tif'\nclasses = { a = [1] }\n[walking]",
            "[rainfall] classes: must be a table of ranges in mm a year",
        ),
        ("[[boundaries]]", "boundaries = 3\n[[x]]", "[boundaries]: must be a table of keys"),
        ("[[boundaries]]", "boundaries = []\n[[x]]", "boundaries: must be one or more tables"),
        ("[[boundaries]]", "[[boundaries]]\nencoding = 'utf-9'", "encoding: must be an encoding"),
        ("[[boundaries]]", "[[boundaries]]\nlanguage = 'FR'", "language: must be two letters"),
        ("[[boundaries]]", "[[boundaries]]\nencoding = 'cp1252'",
         "key 'encoding' does not go with 'xpa_admbnda_adm1_2026.geojson'"),
        ('kind = "camp"', "sheet = 'a'", "key 'sheet' does not go with 'camps.csv'"),
        ('kind = "camp"', "layer = 'a'", "key 'layer' does not go with 'camps.csv'"),
        ('kind = "camp"', 'kind = "camps"', "did you mean 'camp'"),
        ('quantity = "count"', 'quantity = "density"', "did you mean 'density_per_km2'"),
        ("max_distance_m = 15000", "max_distance_m = -5", "at most 1,000,000 m, not -5"),
        (NAME, f"{NAME}\ncrs = 4326", "crs: must be a coordinate reference system in metres"),
        ("[[roads]]", "[[roads]]\ncountry = 'XPA'", "key 'country' does not go with a file"),
        ("[walking]", "[walking]\nlandcover_speeds = 'camps.csv'",
         "[walking] landcover_speeds: needs landcover"),
        ('[[waterways]]\nfile = "river.geojson"\n\n[walking]',
         "[walking]\nfords = 'river.geojson'", "[walking] fords: needs water or [[waterways]]"),
        (
            "[walking]",
            "[rainfall]\nraster='ppp_2020.tif'\nclasses = { a = [1, 3], b = [2, 4] }\n[walking]",
            "none over another",
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_before_any_file_is_read(build, monkeypatch, old, new, words):
    changes = [(old, new)]
    if new.startswith("boundaries ="):
        changes += [("[[boundaries]]", "[[x]]")] * 2
    for name in ("read_boundaries", "read_osm_pbf", "read_roads", "read_places"):
        monkeypatch.setattr(f"mobility_geo.batch.build.{name}", None)
    with pytest.raises(ScenarioError) as caught:
        build(*changes)
    assert any(words in problem for problem in caught.value.problems), caught.value.problems
    assert all(problem.startswith("changed.toml: ") for problem in caught.value.problems)


@pytest.mark.parametrize("text", ["", "a = ", "\xff", "[[[["])
def test_a_text_that_is_no_network_file(tmp_path, text):
    (tmp_path / "n.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"n\.toml: "):
        build_from_config(tmp_path / "n.toml")


def test_what_a_reader_refuses_is_an_input_error(build):
    with pytest.raises(InputError, match="primary"):
        build(("[[roads]]", "[[roads]]\nclasses = ['primry']"))


def test_every_table_and_file_is_a_known_key():
    assert set(KEYS) == set(TAKES)
    assert set(KEYS[""]) == {*TAKES[""], *(name for name in TAKES if name)}
    assert {key for name, keys in KEYS.items() if name for key in keys} >= set(FILES)
    assert set(KEYS["roads"]) == {"file", "form"} | {
        key for takes in FORMS["roads"].values() for key in takes
    }


def test_a_network_file_that_cannot_be_read(files, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_text", refused)
    with pytest.raises(ScenarioError, match=r"cannot be read: Permission denied"):
        build_from_config(files["network"])


def test_the_files_that_a_network_is_built_from_are_known_before(files):
    named = input_files(files["network"])
    assert named[0] == files["network"]
    assert {files[name] for name in ("roads", "people", "camps", "river")} <= set(named)


# ------------------------------------------------------------------ whatever is written
def toml(value):  # noqa: PLR0911
    """Return a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, str):
        inner = "".join(f"\\U{ord(c):08x}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c
                        for c in value)  # fmt: skip
        return f'"{inner}"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items()) + "}"
    return str(value)


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory):
    """Return a folder with files of a very small country, and a network file as a dictionary."""
    folder = tmp_path_factory.mktemp("hamlet")

    def layer(file, shapes, **columns):
        gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(folder / file)

    layer("adm1.geojson", [shapely.box(-1, 9, 1, 11)], ADM1_PCODE=["ML01"], ADM1_FR=["A"],
          ADM0_PCODE=["ML"])  # fmt: skip
    ends = [(0, 10), (0.1, 10), (0.2, 10.1)]
    layer("roads.geojson", [shapely.LineString(ends[:2]), shapely.LineString(ends[1:])],
          id=["a", "b"], CLASSE=["primary", "track"])  # fmt: skip
    layer("places.geojson", shapely.points([(0, 10), (0.2, 10.1)]), name=["P", "Q"], pop=[100, 200])
    layer("posts.geojson", [shapely.Point(0, 10)], name=["x"], country_a="MLI", country_b="NER")
    layer("lake.geojson", [shapely.box(0.05, 10.1, 0.15, 10.15)], name=["L"])
    (folder / "people.csv").write_text("ADM1_PCODE,T_TL\nML01,5000\n")
    return folder, {
        "name": "t", "country": "MLI", "max_distance_m": 15000.0,
        "boundaries": [{"file": "adm1.geojson", "level": 1}],
        "roads": [{"file": "roads.geojson", "snap_m": 5.0}],
        "places": [{"file": "places.geojson", "mend_signs": True}],
        "people": {"table": "people.csv", "level": 1},
        "crossings": {"file": "posts.geojson", "near_post_m": 100.0},
        "waterways": [], "walking": {"max_hours": 1, "resolution_m": 1000, "water": "lake.geojson"},
    }  # fmt: skip


def built_from(folder, content):
    text = "".join(f"{key} = {toml(value)}\n" for key, value in content.items() if value != [])
    (folder / "n.toml").write_text(text, encoding="utf-8")
    return build_from_config(folder / "n.toml")


NOON = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
WRONG = (
    "x", "", " ", "a\0b", ".", 3, -5, 1.5, 10**30, math.inf, math.nan, 1e308, True, [], ["a"], [1],
    [""], [[]], {"a": 1}, {"a": [2, 1]}, dt.date(2020, 1, 1), NOON, dt.time(1),
)  # fmt: skip


@pytest.mark.parametrize("table", [name for name in KEYS if name])
def test_each_wrong_value_of_each_key_is_one_error_that_names_it(hamlet, table):
    folder, content = hamlet
    forms = FORMS.get(table, {"": {}})
    checked = 0
    for form, more in forms.items():
        for key, takes in {**TAKES[table], **more}.items():
            for value in WRONG:
                if takes.fits(value):
                    continue
                block = {} if table == "people" else {"file": "places.geojson"}
                if table == "roads":
                    block["form"] = form
                elif table == "people":
                    block[form] = "people.csv"
                elif table == "rainfall":
                    block = {"raster": "people.csv", "classes": {"a": [1, 2]}}
                elif table == "walking":
                    block = {"landcover": "people.csv", "water": "lake.geojson"}
                if table == "people" and key != form and key in forms:
                    continue
                with pytest.raises(ScenarioError) as caught:
                    built_from(folder, content | {table: [block | {key: value}]})
                (said,) = caught.value.problems
                assert said.startswith(f"n.toml: [{table}] {key}: must be {takes.words}, not ")
                checked += 1
    assert checked > 20


@pytest.mark.parametrize("key", TAKES[""])
def test_each_wrong_value_at_the_top_is_one_error_that_names_it(hamlet, key):
    folder, content = hamlet
    for value in WRONG:
        if not TAKES[""][key].fits(value) and value != []:
            with pytest.raises(ScenarioError) as caught:
                built_from(folder, content | {key: value})
            (said,) = caught.value.problems
            assert said.startswith(f"n.toml: {key}: must be {TAKES[''][key].words}, not ")


def test_several_wrong_values_are_told_together(hamlet):
    folder, content = hamlet
    changed = copy.deepcopy(content)
    changed["country"] = 3
    changed["roads"][0]["snap_m"] = "x"
    changed["walking"]["max_hours"] = -1
    with pytest.raises(ScenarioError) as caught:
        built_from(folder, changed)
    assert [one.split(": must")[0].split(": ")[1] for one in caught.value.problems] == [
        "country", "[roads] snap_m", "[walking] max_hours",
    ]  # fmt: skip


ANY = st.recursive(
    st.sampled_from(WRONG) | st.integers() | st.floats() | st.text(max_size=4)
    | st.sampled_from(["places.geojson", "people.csv", "lake.geojson", "MLI", "EPSG:32630"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["a", "name", "file"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_written_gives_a_network_or_an_input_error(hamlet, data):
    folder, content = hamlet
    changed = copy.deepcopy(content)
    table = data.draw(st.sampled_from(list(KEYS)))
    key = data.draw(st.sampled_from(KEYS[table]))
    value = data.draw(ANY)
    if table == "":
        changed[key] = value
    elif isinstance(changed.get(table), list) and changed[table]:
        changed[table][0][key] = value
    else:
        changed[table] = {**(changed.get(table) or {}), key: value}
    with contextlib.suppress(InputError):
        assert len(built_from(folder, changed).network.edges)


# ------------------------------------------------------------------ several files of one kind
def line_layer(folder, name, rows):
    gpd.GeoDataFrame(
        {"id": [row[0] for row in rows], "CLASSE": [row[1] for row in rows]},
        geometry=[shapely.LineString(row[2:]) for row in rows], crs=4326,
    ).to_file(folder / name)  # fmt: skip


A, B, C, D = (0.0, 10.0), (0.1, 10.0), (0.2, 10.1), (0.3, 10.1)


def told(built):
    return {row["check"]: row for row in records(built.findings)}


def two_roads(hamlet, first, second):
    folder, content = hamlet
    line_layer(folder, "north.geojson", first)
    line_layer(folder, "south.geojson", second)
    roads = [{"file": name, "snap_m": 1.0} for name in ("north.geojson", "south.geojson")]
    plain = {key: content[key] for key in ("name", "country", "places")}
    plain["places"] = [{"file": "places.geojson"}]
    return built_from(folder, plain | {"roads": roads})


def test_roads_of_two_countries_are_joined_at_the_nodes_that_both_have(hamlet):
    built = two_roads(hamlet, [("a", "primary", A, B)], [("b", "primary", B, C)])
    network = built.network
    assert len(network.nodes) == 3
    ends = network.edges.set_index("edge_id")
    assert ends.loc["a", "to_node_id"] == ends.loc["b", "from_node_id"]
    row = told(built)["node in two files"]
    assert (row["severity"], row["value"], row["unit"]) == ("note", 1, "nodes")
    assert "0.100000_10.000000" in row["id"]
    assert "id in two files" not in told(built)


def test_an_edge_that_two_files_have_is_kept_once_and_told(hamlet):
    same = ("b", "primary", B, C)
    built = two_roads(hamlet, [("a", "primary", A, B), same], [same, ("c", "track", C, D)])
    assert sorted(built.network.edges["edge_id"]) == ["a", "b", "c"]
    row = told(built)["edge in two files"]
    assert row["value"] == 1
    assert "differs" not in row["finding"]
    other = two_roads(hamlet, [same], [("b", "track", B, C), ("c", "track", C, D)])
    assert "road_class differs in 1" in told(other)["edge in two files"]["finding"]
    kept = other.network.edges.set_index("edge_id")["road_class"]
    assert kept.to_dict() == {"b": "primary", "c": "track"}


def test_an_edge_id_of_another_road_is_renamed_and_told(hamlet):
    built = two_roads(hamlet, [("a", "primary", A, B)], [("a", "primary", B, C)])
    assert sorted(built.network.edges["edge_id"]) == ["a", "a/2"]
    row = told(built)["id in two files"]
    assert (row["value"], row["unit"]) == (1, "edges")
    assert "['a/2']" in row["finding"]
    assert built.network.edges["length_m"].sum() == pytest.approx(
        two_roads(hamlet, [("a", "primary", A, B)], [("z", "primary", B, C)])
        .network.edges["length_m"].sum()
    )  # fmt: skip


def test_a_road_that_two_files_cut_otherwise_is_a_warning(hamlet):
    half = (0.15, 10.05)
    built = two_roads(hamlet, [("a", "primary", B, C)], [("a", "primary", B, half)])
    assert sorted(built.network.edges["edge_id"]) == ["a", "a/2"]
    row = told(built)["edge partly in two files"]
    assert (row["severity"], row["value"]) == ("warning", 1)


def test_node_ids_of_other_places_are_renamed_not_refused(hamlet):
    folder, _ = hamlet
    for name, shift in (("one", 0.0), ("two", 0.2), ("three", 0.4)):
        gpd.GeoDataFrame(
            {"id": [name], "CLASSE": ["primary"], "from_node_id": ["1"], "to_node_id": ["2"]},
            geometry=[shapely.LineString([(shift, 10.0), (shift + 0.2, 10.0)])], crs=4326,
        ).to_file(folder / f"{name}.geojson")  # fmt: skip
    roads = [{"file": f"{name}.geojson"} for name in ("one", "two", "three")]
    built = built_from(folder, {"name": "t", "country": "MLI", "roads": roads,
                                "places": [{"file": "places.geojson"}]})  # fmt: skip
    assert sorted(built.network.nodes["node_id"]) == ["1", "1/2", "1/3", "2", "2/2", "2/3"]
    ends = built.network.edges.set_index("edge_id")[["from_node_id", "to_node_id"]]
    nodes = built.network.nodes.to_crs(4326).set_index("node_id").geometry
    starts = nodes[ends["from_node_id"]].x.round(3).to_dict()
    assert sorted(starts.values()) == [0.0, 0.2, 0.4]
    rows = [row for row in records(built.findings) if row["check"] == "id in two files"]
    assert [row["value"] for row in rows] == [2, 2]


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(1, 5), seed=st.integers(0, 99))
def test_files_that_overlap_give_what_one_file_gives(hamlet, cut, seed):
    rng = np.random.default_rng(seed)
    spots = [(0.05 * k, 10.0 + round(float(rng.uniform(0, 0.1)), 4)) for k in range(7)]
    rows = [(f"r{k}", "primary", spots[k], spots[k + 1]) for k in range(6)]
    whole = two_roads(hamlet, rows, rows[:1]).network
    parts = two_roads(hamlet, rows[:cut], rows[cut - 1 :]).network
    for name, key in (("nodes", "node_id"), ("edges", "edge_id")):
        one, other = (
            getattr(network, name).drop(columns="source", errors="ignore").sort_values(key)
            for network in (whole, parts)
        )
        assert_geodataframe_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_an_id_that_two_files_of_places_have_is_told(hamlet):
    folder, content = hamlet
    for name, at in (("p1", [(0, 10), (0.2, 10.1)]), ("p2", [(0, 10), (0.1, 10.02)])):
        gpd.GeoDataFrame(
            {"code": ["v1", "v2"], "name": [f"{name} a", f"{name} b"], "pop": [10, 20]},
            geometry=shapely.points(at), crs=4326,
        ).to_file(folder / f"{name}.geojson")  # fmt: skip
    places = [{"file": f"{name}.geojson", "columns": {"place_id": "code"}} for name in ("p1", "p2")]
    built = built_from(folder, {key: content[key] for key in ("name", "country", "roads")}
                       | {"places": places})  # fmt: skip
    assert sorted(built.network.places["place_id"]) == ["v1", "v1/2", "v2", "v2/2"]
    renamed = told(built)["id in two files"]
    assert (renamed["value"], renamed["unit"]) == (2, "places")
    assert "v1/2" in renamed["finding"]
    twice = told(built)["place in two files"]
    assert (twice["severity"], twice["value"], twice["persons"]) == ("warning", 1, 10)


def test_codes_of_places_without_boundaries_are_left_out_and_told(hamlet):
    folder, content = hamlet
    gpd.GeoDataFrame(
        {"name": ["P", "Q"], "pcode": ["ML01", None]},
        geometry=shapely.points([(0, 10), (0.2, 10.1)]), crs=4326,
    ).to_file(folder / "coded.geojson")  # fmt: skip
    built = built_from(folder, {key: content[key] for key in ("name", "country", "roads")}
                       | {"places": [{"file": "coded.geojson"}]})  # fmt: skip
    assert built.network.places["pcode"].isna().all()
    row = told(built)["p-code without zones"]
    assert (row["value"], row["unit"]) == (1, "places")
    assert "ML01" in row["id"]


# ------------------------------------------------------------------ on foot
def far_village(hamlet, **walking):
    """Build with a village 20 km north of the road; return how it attaches."""
    folder, _ = hamlet
    gpd.GeoDataFrame(
        {"name": ["Q", "far"], "pop": [5, 7]}, geometry=shapely.points([(0.1, 10.0), (0.1, 10.2)]),
        crs=4326,
    ).to_file(folder / "far.geojson")  # fmt: skip
    line_layer(folder, "road.geojson", [("a", "primary", A, B)])
    built = built_from(folder, {
        "name": "t", "country": "MLI", "roads": [{"file": "road.geojson"}],
        "places": [{"file": "far.geojson"}],
        "walking": {"max_hours": 20, "resolution_m": 500} | walking,
    })  # fmt: skip
    places = built.network.places.set_index("name")["place_id"]
    accesses = built.network.accesses
    mine = accesses[accesses["place_id"] == places["far"]]
    return built, mine


def shapes(folder, name, *geometries, **more):
    gpd.GeoDataFrame(geometry=list(geometries), crs=4326, **more).to_file(folder / name)
    return name


def test_nobody_walks_across_water_but_by_a_ford(hamlet):
    folder, _ = hamlet
    _, free = far_village(hamlet)
    assert len(free)
    # a lake from far west to far east
    wide = shapes(folder, "wide.geojson", shapely.box(-0.5, 10.08, 0.7, 10.12))
    cut, none = far_village(hamlet, water=wide)
    assert none.empty
    assert told(cut)["out of reach on foot"]["persons"] == 7
    assert "wide.geojson" in {one.file for one in cut.readings}
    ford = shapes(folder, "ford.geojson", shapely.LineString([(0.15, 10.07), (0.15, 10.13)]))
    line = shapes(folder, "line.geojson", shapely.LineString([(-0.5, 10.1), (0.7, 10.1)]))
    _, none = far_village(hamlet, water=line)
    assert none.empty
    _, waded = far_village(hamlet, water=line, fords=ford)
    assert waded["off_road_m"].min() > free["off_road_m"].min()


def test_a_table_of_speeds_by_land_cover_is_used_and_read_first(hamlet, monkeypatch):
    rasterio = pytest.importorskip("rasterio")
    folder, _ = hamlet
    with rasterio.open(
        folder / "cover.tif", "w", driver="GTiff", width=100, height=100, count=1, dtype="uint8",
        crs="EPSG:4326", transform=rasterio.Affine(0.01, 0, -0.4, 0, -0.01, 10.5),
    ) as out:  # fmt: skip
        out.write(np.full((1, 100, 100), 7, dtype="uint8"))
    _, firm = far_village(hamlet)
    table = "class_code,label,speed_factor,source\n7,mud,0.5,assumption: test\n"
    (folder / "mud.csv").write_text(table)
    _, slow = far_village(hamlet, landcover="cover.tif", landcover_speeds="mud.csv")
    far = firm["off_road_flat_m"].min()
    assert slow["off_road_flat_m"].min() == pytest.approx(2 * far, rel=0.02)
    (folder / "mud.csv").write_text(table.replace("0.5", "50"))
    monkeypatch.setattr("mobility_geo.batch.build.read_roads", None)
    with pytest.raises(InputError, match=r"mud\.csv: speed_factor must be 0"):
        far_village(hamlet, landcover="cover.tif", landcover_speeds="mud.csv")


@pytest.mark.parametrize(
    ("key", "made", "words"),
    [
        ("water", [shapely.Point(0, 10)], "must be lines or polygons, not points; wrong in 1 rows"),
        ("water", [shapely.Point()], "no shape in it"),
        ("fords", [shapely.Point()], "no shape in it"),
    ],
)
def test_layers_for_walking_that_are_none(hamlet, key, made, words):
    folder, _ = hamlet
    name = shapes(folder, "odd.gpkg", *made)
    more = {} if key == "water" else {"water": "lake.geojson"}
    with pytest.raises(InputError, match=rf"\[walking\] {key}: odd\.gpkg: {words}"):
        far_village(hamlet, **{key: name}, **more)


def test_a_lake_that_crosses_itself_is_mended_and_told(hamlet):
    folder, _ = hamlet
    bow = shapely.Polygon([(-0.5, 10.08), (0.7, 10.12), (0.7, 10.08), (-0.5, 10.12)])
    name = shapes(folder, "bow.gpkg", bow)
    ford = shapes(folder, "spot.geojson", shapely.Point(0.1, 10.1))
    built, _ = far_village(hamlet, water=name, fords=ford)
    assert told(built)["invalid shape"]["value"] == 1


# ------------------------------------------------------------------ zones, borders, rain
def test_zones_are_the_finest_of_each_country(build, files):
    built = build()
    zones = built.network.zones
    assert zones["country"].value_counts().to_dict() == {"XPA": 12, "XPB": 3}
    coarse = build((f'[[boundaries]]\nfile = "{files["districts"].name}"\n', ""))
    levels = coarse.network.zones.groupby("country")["adm_level"].unique()
    assert {country: list(found) for country, found in levels.items()} == {"XPA": [1], "XPB": [2]}
    there = coarse.network.places["pcode"]
    assert set(there.dropna()) <= set(coarse.network.zones["pcode"])


def test_a_border_is_cut_where_the_zones_of_two_countries_meet(build):
    network = build().network
    land = network.zones.dissolve("country").geometry
    border = shapely.intersection(shapely.boundary(land["XPA"]), shapely.boundary(land["XPB"]))
    passed = network.edges[network.edges["kind"] == "crossing"]
    assert len(passed) == 2
    assert (shapely.distance(passed.geometry.to_numpy(), border) < 1.0).all()


def test_rainfall_classes_come_from_the_middle_of_each_edge(build):
    classes = "classes = { few = [-0.5, 5], many = [5, 100000] }"
    built = build(("[walking]", f"[rainfall]\nraster = 'ppp_2020.tif'\n{classes}\n[walking]"))
    found = built.network.edges["rainfall_class"]
    assert set(found.dropna()) == {"few", "many"}
    missing = int(found.isna().sum())
    told = [row for row in records(built.findings) if row["check"] == "no rainfall class"]
    assert [row["value"] for row in told] == ([missing] if missing else [])


def test_lines_serve_as_roads_as_well(build, files):
    path = files["network"].with_name("lines.gpkg")
    edges = build().network.edges
    land = edges[edges["kind"].isin(["road", "track"])]
    frame = gpd.GeoDataFrame(
        {"CLASSE": land["road_class"].to_numpy(), "revet": land["surface"].to_numpy()},
        geometry=land.geometry.to_crs(4326).to_numpy(), crs=4326,
    )  # fmt: skip
    frame.to_file(path)
    columns = 'columns = { road_class = "CLASSE", surface = "revet" }'
    built = build(('file = "roads.osm.pbf"', f'file = "{path.name}"\nsnap_m = 1.0\n{columns}'))
    assert {"road", "track"} <= set(built.network.edges["kind"])
    length = built.network.edges.loc[built.network.edges["kind"] != "crossing", "length_m"].sum()
    assert length == pytest.approx(land["length_m"].sum(), rel=0.01)
