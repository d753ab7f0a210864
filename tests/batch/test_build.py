"""Network files: every wrong value is told before any file is read, and zones of two countries."""

import geopandas as gpd
import pytest
import shapely

from mobility_geo.batch.build import FILES, KEYS, ROAD_KEYS, VALUES, build_from_config
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
        (NAME, "name = 3", "name: must be a text"),
        (NAME, f"{NAME}\ncrs = 'nonsense'", "crs: must be a coordinate reference system such as"),
        (NAME, f"{NAME}\ncrs = 1.5", "crs: must be a coordinate reference system such as"),
        (NAME, f"{NAME}\nprofiles = 'none.csv'", "profiles: 'none.csv': no such file"),
        ('country = "XPA"', "country = 7", "country: must be a text"),
        ("max_distance_m = 15000", 'max_distance_m = "far"', "max_distance_m: must be a finite"),
        ("max_hours = 12", 'max_hours = "long"', "[walking] max_hours: must be a finite number"),
        ("max_hours = 12", "max_hours = 0", "[walking] max_hours: must be above 0, not 0"),
        ("max_hours = 12", "max_hours = inf", "[walking] max_hours: must be a finite number"),
        ("mend_signs = true", 'mend_signs = "no"', "[places] mend_signs: must be true or false"),
        ('kind = "camp"', "kind = ['camp']", "[places] kind: must be a text"),
        ('kind = "camp"', "columns = ['a']", "[places] columns: must be a table of texts"),
        ('kind = "camp"', "columns = { lon = 1 }", "[places] columns: must be a table of texts"),
        ("[[boundaries]]", "[[boundaries]]\nlevel = 'one'", "[boundaries] level: must be a whole"),
        ("[[boundaries]]", "[[boundaries]]\nlevel = true", "[boundaries] level: must be a whole"),
        ("[[boundaries]]", "[[boundaries]]\ncrs = 'x'", "[boundaries] crs: must be a coordinate"),
        ("[[boundaries]]", "[[boundaries]]\nfiel = 'x'", "unknown key 'fiel'; did you mean"),
        ('file = "river.geojson"', "file = 3", "[waterways] file: must be a text"),
        ('file = "river.geojson"', "file = 'x.zip/a.shp'", "'x.zip/a.shp': no such file"),
        ('file = "river.geojson"', "", "[waterways]: key 'file' is missing"),
        ("[crossings]", "[[crossings]]\nfile = 'crossings.csv'\n[[crossings]]", "give it once"),
        ("[people]", "[people]\ntable = 'camps.csv'", "[people]: give a raster or a table"),
        ('raster = "ppp_2020.tif"', "", "[people]: give a raster or a table"),
        ("[people]", "[people]\nsheet = 'a'", "[people]: key 'sheet' does not go with a raster"),
        ("[people]", "[people]\nband = 1.0", "[people] band: must be a whole number, not 1.0"),
        ("[[roads]]", "[[roads]]\nform = 'shape'", "[roads] form: must be one of osm_pbf"),
        ("[[roads]]", "[[roads]]\nform = 1", "[roads] form: must be a text"),
        ("[[roads]]", "[[roads]]\nsnap_m = 5", "key 'snap_m' does not go with a file of form 'osm"),
        ("[[roads]]", "[[roads]]\nclasses = 'primary'", "[roads] classes: must be a list of texts"),
        ("[[roads]]", "[[roads]]\nbbox = [1, 2]", "[roads] bbox: must be a list of 4 numbers"),
        ("[[roads]]", "[[roads]]\nform = 'lines'\nclasses = ['a']", "classes: must be a table"),
        ("[walking]", "[rainfall]\nraster = 'ppp_2020.tif'\n[walking]", "key 'classes' is missing"),
        (
            "[walking]", "[rainfall]\nraster='ppp_2020.tif'\nclasses = { a = [1] }\n[walking]",
            "[rainfall] classes: must be a table such as { wet = [600, 1200] }",
        ),
        ("[[boundaries]]", "boundaries = 3\n[[x]]", "[boundaries]: must be a table of keys"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_before_any_file_is_read(build, monkeypatch, old, new, words):
    changes = [(old, new)]
    if new.startswith("boundaries"):
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


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('quantity = "count"', 'quantity = "density"', "density"),
        ('kind = "camp"', 'kind = "camps"', "did you mean 'camp'"),
        ("[[roads]]", "[[roads]]\nclasses = ['primry']", "primary"),
    ],
)
def test_what_a_reader_refuses_is_an_input_error(build, old, new, words):
    with pytest.raises(InputError, match=words):
        build((old, new))


def test_every_key_that_takes_a_value_is_looked_at():
    typed = {key for keys in VALUES.values() for key in keys} | {"crs", "bbox", "classes"}
    known = {key for table, keys in KEYS.items() if table for key in keys}
    assert known == typed | set(FILES)
    assert {key for keys in ROAD_KEYS.values() for key in keys} | {"file", "form"} == set(
        KEYS["roads"]
    )


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
