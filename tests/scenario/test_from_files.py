"""Disruptions from files that a scenario file names: what they become, what is told and refused."""

import shutil

import pytest

from mobility_geo.batch import build_from_config
from mobility_geo.datasets import write_practice_files
from mobility_geo.errors import ScenarioError
from mobility_geo.network import write_network
from mobility_geo.scenario import Exposure, SpeedFactor, read_case
from mobility_geo.scenario.from_files import FILES, READ_WITH
from mobility_geo.scenario.problems import KEYS


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
        ('id = "flood"', "id = ''", "id: must not be empty"),
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


def test_every_key_of_a_file_is_a_known_key():
    known = set(KEYS["disruption"])
    assert set(FILES) == set(READ_WITH) <= known
    assert {key for keys in READ_WITH.values() for key in keys} <= known
