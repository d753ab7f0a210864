"""Disruptions from files that a scenario file names: what they become, what is told and refused."""

import datetime as dt
import math
import shutil

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobility_geo.batch import build_from_config
from mobility_geo.datasets import load_toy, write_practice_files
from mobility_geo.errors import ScenarioError
from mobility_geo.network import write_network
from mobility_geo.scenario import Exposure, SpeedFactor, read_case
from mobility_geo.scenario.blocks import disruptions_from_blocks
from mobility_geo.scenario.from_files import FILES, MAKES, READ_WITH, SHARED, TABLES, WITHOUT
from mobility_geo.scenario.problems import KEYS, Problems


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made = write_practice_files(tmp_path_factory.mktemp("practice"))
    network = build_from_config(made["network"]).network
    write_network(network, made["network"].with_suffix(".gpkg"))
    return made


@pytest.fixture
def case(files):
    """Return a function that reads the practice scenario after changes of its text."""
    path = files["scenario"].with_name("changed.toml")

    def reading(*changes):
        text = files["scenario"].read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
        return read_case(path)

    yield reading
    path.unlink(missing_ok=True)


def of(case, kind):
    return [one for one in case.scenario.disruptions if one.kind == kind]


def test_what_readers_drop_and_doubt_is_in_the_notes_and_nowhere_else(case, caplog):
    notes = "\n".join(case().notes)
    for words in ("fighting: duplicate id", "fighting: no coordinates", "flood: outside",
                  "roads: state not known"):  # fmt: skip
        assert words in notes
    assert not caplog.records


def test_source_confidence_probability_and_group_of_the_block_hold_for_all(case):
    made = case(
        ('source = "invented events"', 'source = "mine"\nprobability = 0.5\ngroup = "front"')
    )
    fighting = [one for one in made.scenario.disruptions if one.disruption_id.startswith("fight")]
    assert len(fighting) > 10
    assert {one.source for one in fighting} == {"mine"}
    assert {one.probability for one in fighting} == {0.5}
    assert {one.group for one in fighting} == {"front"}


def test_kernel_and_exposure_reach_the_disruptions(case):
    plain = of(case(), "insecurity")
    assert plain[0].effects == (
        Exposure(risk_per_exposure=0.001, slow_from=1.0, speed_factor=0.6, close_from=4.0),
    )
    days = {(one.end - one.start).days + 1 for one in plain[:-1]}
    assert days == {7}
    wide = of(case(("bandwidth_km = 5", "bandwidth_km = 15")), "insecurity")
    assert max(one.what.stretches.value.max() for one in wide) > max(
        one.what.stretches.value.max() for one in plain
    )


def test_less_freeboard_puts_more_under_water(case):
    high = of(case(), "flood")[0].what.stretches
    low = of(case(("freeboard_m = 2.5", "freeboard_m = 0")), "flood")[0].what.stretches
    assert set(high.edge_ids) < set(low.edge_ids)


def test_several_rasters_hold_one_after_the_other(case, files):
    folder = files["flood"].parent / "floods"
    folder.mkdir()
    for day in ("2026-08-10", "2026-08-20"):
        shutil.copy(files["flood"], folder / f"depth_{day}.tif")
    made = case(
        (f'depth = "{files["flood"].name}"', 'depth = "floods/*.tif"'), ("start = 2026-08-15\n", "")
    )
    spans = [(str(one.start), str(one.end)) for one in of(made, "flood")]
    assert spans == [("2026-08-10", "2026-08-19"), ("2026-08-20", "None")]
    shutil.rmtree(folder)


def test_an_extent_closes_unless_something_else_is_said(case, files):
    text = files["scenario"].read_text("utf-8")
    old = text[text.index("depth = ") : text.index("start = 2026-08-15")].rstrip()
    new = f'extent = "{files["flood"].name}"\nwet_values = [100, 105, 110]'
    (closed,) = of(case((old, new)), "flood")
    (slow,) = of(case((old, f"{new}\neffect = {{ speed_factor = 0.5 }}")), "flood")
    assert type(closed.effects[0]).__name__ == "Closure"
    assert slow.effects == (SpeedFactor(0.5),)
    assert list(slow.what.stretches.edge_ids) == list(closed.what.stretches.edge_ids)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('unit = "cm" ', 'unit = "feet" ', "unit"),
        ('unit = "cm"                      # must be said\n', "", "say the unit"),
        ('unit = "cm" ', "unit = 3 ", "unit"),
        ('unit = "cm" ', 'unit = "m" ', "30"),
        ("freeboard_m = 2.5 ", 'freeboard_m = "2" ', "freeboard_m"),
        ("start = 2026-08-15", 'start = "15 August"', "must be a date such as"),
        ('unit = "cm" ', 'unit = "centimetres" ', 'unit: must be one of "m", "cm", "mm", not'),
        ("freeboard_m = 2.5 ", "freeboard_m = -1 ", "a finite number, 0 to 100 m, not -1"),
        ("freeboard_m = 2.5 ", "freeboard_m = inf ", "a finite number, 0 to 100 m, not inf"),
        ("freeboard_m = 2.5 ", "band = 0 ", "band: must be a whole number, 1 to 65,535, not 0"),
        ("max_geo_precision = 2", "sheet = 'a'", "key 'sheet' does not go with 'events.csv'"),
        ("step_days = 7", "step_days = 1_000_000_000_000", "a whole number, 1 to 36,525 days, not"),
        ("bandwidth_km = 5", "piece_m = 1e-9", "kernel piece_m: must be a finite number, 10 to"),
        ("slow_from = 1.0", "slow_from = -1", "exposure slow_from: must be a finite number of at"),
        ("start = 2026-08-15", "start = 2026-08-15\ncurve = 'none'", "'none'"),
        ("start = 2026-08-15", "start = 2026-08-15\nwet_values = [1]",
         "key 'wet_values' does not go with 'depth'"),
        ("start = 2026-08-15", "start = 2026-08-15\nevents = 'events.csv'", "give one of"),
        ("start = 2026-08-15", "start = 2026-08-15\nedge_kinds = ['road']",
         "key 'edge_kinds' does not go with 'depth'"),
        ("start = 2026-08-15", "start = 2026-08-15\nprobability = 2", "probability"),
        ("start = 2026-08-15", "start = 2026-08-15\nprobability = 'high'", "probability"),
        ("start = 2026-08-15", "start = 2026-08-15\nconfidence = 'sure'", "confidence"),
        ("start = 2026-08-15", "start = 2026-08-15\ngroup = 3", "group"),
        ("start = 2026-08-15", "start = 2026-08-15\neffect = { close = true }", "effect"),
        ("start = 2026-08-15", "start = 2027-08-15", "never meet the calendar"),
        ('depth = "flood_2026-08-20.tif"', 'depth = "flod.tif"', "'flod.tif': no such file"),
        ('depth = "flood_2026-08-20.tif"', 'depth = "flod*.tif"', "no file is like 'flod*.tif'"),
        ('depth = "flood_2026-08-20.tif"', 'depth = "events.csv"', "events.csv"),
        ("bandwidth_km = 5", "bandwith_km = 5", "did you mean 'bandwidth_km'"),
        ("bandwidth_km = 5", 'bandwidth_km = "wide"', "bandwidth_km"),
        ("bandwidth_km = 5", "bandwidth_km = -1", "bandwidth_km"),
        ("step_days = 7", "step_days = 0.5", "step_days"),
        ("slow_from = 1.0", "slow_from = 'now'", "slow_from"),
        ("kernel = {", "kernel = 3 # {", "kernel: must be a table of keys"),
        ("max_geo_precision = 2", "max_geo_precision = 'near'", "max_geo_precision"),
        ("max_geo_precision = 2", "columns = ['a']", "columns"),
        ('unresolved = "finding"', 'unresolved = "ignore"', "unresolved"),
        ('kind = "flood"', 'kind = "floods"', "did you mean 'flood'"),
        ('kind = "flood"', 'kind = "border"', "kind: must be 'flood' with 'depth', not 'border'"),
        ('id = "flood"', "id = ''", "id: must be a text that is not empty"),
        ('source = "invented raster"', "source = 3", "source: must be a text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_clear_error(case, old, new, words):
    with pytest.raises(ScenarioError) as caught:
        case((old, new))
    said = "\n".join(caught.value.problems)
    assert words in said
    assert all(problem.startswith("changed.toml: ") for problem in caught.value.problems)
    for inner in ("TypeError", "argument", "unsupported operand", "not supported between"):
        assert inner not in said


def test_several_wrong_values_of_a_block_are_told_together(case):
    with pytest.raises(ScenarioError) as caught:
        case(('unit = "cm" ', 'unit = "feet"\nband = "a"\ndays = 3\nprobability = 2 '))
    said = "\n".join(caught.value.problems)
    for words in ("unit: must", "band: must", "key 'days' does not go", "probability: must"):
        assert words in said
    assert len(caught.value.problems) == 4


def test_a_file_that_nothing_comes_of_is_told(case):
    made = case(("bandwidth_km = 5", "bandwidth_km = 5, max_age_days = 0"))
    text = "fighting: nothing comes of events.csv: no disruption"
    assert (text in made.notes) == (
        not any("fighting" in d.disruption_id for d in of(made, "insecurity"))
    )


def test_a_pattern_may_begin_at_the_root_and_never_breaks(case, files):
    folder = files["flood"].parent
    name = f'depth = "{files["flood"].name}"'
    made = case((name, f'depth = "{folder.as_posix()}/flood_*.tif"'))
    assert len(of(made, "flood")) == 1
    for pattern in ("**x", "*/", "/*/none", "[*", "*"):
        with pytest.raises(ScenarioError, match="flood"):
            case((name, f'depth = "{pattern}"'))


# ------------------------------------------------------------------ whatever is written
NOON = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
WRONG = (
    "x", "", " ", "a\0b", ".", "*", 3, -5, 1.5, 10**30, math.inf, math.nan, 1e308, True, [], ["a"],
    [1], [""], [[]], {"a": 1}, {"a": [2, 1]}, dt.date(2020, 1, 1), NOON, dt.time(1),
)  # fmt: skip
SPAN = (dt.date(2013, 1, 1), dt.date(2013, 2, 28))


@pytest.fixture(scope="module")
def hazards(tmp_path_factory):
    """Return a function that reads a block with a file of each kind over the toy network."""
    folder = tmp_path_factory.mktemp("hazards")
    for name, dtype, value in (("depth.tif", "float32", 0.4), ("extent.tif", "uint8", 1)):
        with rasterio.open(
            folder / name, "w", driver="GTiff", width=20, height=20, count=1, dtype=dtype,
            crs="EPSG:4326", transform=rasterio.Affine(0.1, 0, -1, 0, -0.1, 13),
        ) as out:  # fmt: skip
            out.write(np.full((1, 20, 20), value, dtype=dtype))
    water = gpd.GeoDataFrame({"name": ["w"]}, geometry=[shapely.box(-0.5, 11, 0.5, 12)], crs=4326)
    water.to_file(folder / "water.gpkg")
    for name, text in {
        "events.csv": "event_id_cnty,event_date,event_type,fatalities,latitude,longitude,"
        "geo_precision\nA1,2013-01-05,Battles,3,12.4,0,1\n",
        "incidents.csv": "incident_id,date,from,to,severity\ni1,2013-01-05,Northtown,Midtown,2\n",
        "constraints.csv": "constraint_id,from,to,status,date\nc1,Northtown,Midtown,closed,"
        "2013-01-05\n",
    }.items():
        (folder / name).write_text(text)
    names = dict(zip(FILES, ("depth.tif", "extent.tif", "water.gpkg", "events.csv",
                             "incidents.csv", "constraints.csv"), strict=True))  # fmt: skip
    more = {"depth": {"unit": "m"}, "incidents": {"levels": {"2": {"close": True}}}}
    blocks = {
        file: {"id": "a", "kind": MAKES[file], "source": "s", file: name, **more.get(file, {})}
        for file, name in names.items()
    }
    network = load_toy().network

    def read(file, changed):
        """Return disruptions and problems of the block of a kind of file after changes."""
        problems = Problems()
        content = {"disruption": [blocks[file] | changed]}
        return disruptions_from_blocks(content, folder, problems, network, SPAN), problems

    return read


@pytest.mark.parametrize("file", FILES)
def test_each_wrong_value_of_each_key_is_one_problem_that_names_it(hazards, file):
    made, problems = hazards(file, {})
    assert made, problems.found
    takes = {(key,): one for key, one in {**SHARED, **READ_WITH[file]}.items()}
    takes |= {
        (table, key): one
        for table, keys in TABLES.get(file, {}).items()
        for key, one in keys.items()
    }
    for path, one in takes.items():
        if path[0] in WITHOUT[file]:
            continue
        for value in (value for value in WRONG if not one.fits(value)):
            changed = {path[-1]: value} if len(path) == 1 else {path[0]: {path[1]: value}}
            made, problems = hazards(file, changed)
            (said,) = problems.found
            assert not made
            assert said.startswith("disruption ")
            assert f" {' '.join(path)}: must be {one.words}, not " in said


ANY = st.recursive(
    st.sampled_from(WRONG) | st.integers() | st.floats() | st.text(max_size=4) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "name", "1", "close"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_written_gives_disruptions_or_problems(hazards, data):
    file = data.draw(st.sampled_from(FILES))
    tables = TABLES.get(file, {})
    paths = [(key,) for key in KEYS["disruption"]]
    paths += [(table, key) for table, keys in tables.items() for key in keys]
    path, value = data.draw(st.sampled_from(paths)), data.draw(ANY)
    changed = {path[0]: value} if len(path) == 1 else {path[0]: {path[1]: value}}
    made, problems = hazards(file, changed)
    assert made or problems.found or problems.notes
    assert all(text.startswith("disruption") for text in problems.found)


def test_every_key_of_a_file_is_a_known_key():
    known = set(KEYS["disruption"])
    assert set(FILES) == set(READ_WITH) <= known
    assert {key for keys in READ_WITH.values() for key in keys} | set(SHARED) <= known
    for table, keys in TABLES["events"].items():
        assert set(keys) == set(KEYS[f"disruption.{table}"])
