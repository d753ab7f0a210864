"""Scenario files with faults: every one is listed in plain words, and nothing else is raised."""

import copy
import datetime as dt
import functools
import math

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_toy
from mobility_geo.errors import MobilityGeoError, ScenarioError
from mobility_geo.scenario import read_case
from mobility_geo.scenario.blocks import circle

DAY = dt.date(2013, 1, 20)
VALID = {
    "name": "x",
    "title": "Title",
    "description": "Words.",
    "when": DAY,
    "calendar": {"start": dt.date(2013, 1, 1), "end": dt.date(2013, 12, 31)},
    "network": "toy",
    "audience": "internal",
    "people": {
        "groups": "groups.csv",
        "residents": {
            "countries": ["TOA"], "pcodes": ["T1"], "profile": "truck",
            "destination_set": "safety",
        },
    },
    "destinations": {"table": "destinations.csv"},
    "waystations": {"table": "waystations.csv"},
    "limits": {"time_limit_h": 240, "risk_limit": 0.5, "unknown_after_days": 365},
    "borders": {"informal": "open"},
    "choice": {"logit_scale_per_h": 0.1},
    "assumptions": [{"text": "a", "source": "b"}],
    "compare": {"targets": "targets.csv"},
    "disruption": [
        {
            "id": "front", "name": "Front", "kind": "insecurity", "source": "s",
            "confidence": "low", "start": DAY, "end": DAY, "probability": 0.5, "group": "g",
            "circle": {"lon": 0.0, "lat": 11.5, "radius_km": 10}, "edge_kinds": ["road"],
            "surfaces": ["paved"], "road_classes": ["primary"], "countries": ["TOA"],
            "profiles": ["truck"], "kinds": ["refugee"], "nationalities": ["TOA"],
            "exposure_classes": ["driver"], "direction": "both",
            "effect": {"speed_factor": 0.5, "risk_per_km": 0.1, "cost_xof_per_km": 1.0,
                       "capacity_factor": 0.5},
        },
        {
            "id": "border", "kind": "border", "source": "s", "crossings": ["Gate"],
            "into": "TOB", "informal": False, "effect": {"regime": "closed", "wait_min": 5},
        },
        {
            "id": "zones", "kind": "insecurity", "source": "s", "areas": "areas.geojson",
            "levels": {"1": {"risk_per_km": 0.1}, "4": {"close": True}},
        },
        {
            "id": "bridge", "kind": "road", "source": "s", "edges": ["mid-south"],
            "effect": {"close": True},
        },
    ],
}  # fmt: skip


def toml(value):
    """Return a value as TOML writes it inside a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = all(" " <= c <= "~" and c not in '"\\' for c in value)
        return f'"{value}"' if plain else '"' + "".join(f"\\U{ord(c):08X}" for c in value) + '"'
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    return str(value)


def write(folder, content):
    file = folder / "case.toml"
    text = "\n".join(f"{toml(key)} = {toml(value)}" for key, value in content.items())
    file.write_text(text, encoding="utf-8")
    return file


def changed(where, value):
    """Return the valid content with another value at a path of keys; None takes the key out."""
    content = copy.deepcopy(VALID)
    *inner, last = where
    spot = content
    for key in inner:
        spot = spot[key]
    if value is None:
        del spot[last]
    else:
        spot[last] = value
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the tables that the valid content names."""
    made = tmp_path_factory.mktemp("case")
    case = load_toy()
    case.groups.assign(exposure_class="driver").to_csv(made / "groups.csv", index=False)
    case.destinations.to_csv(made / "destinations.csv", index=False)
    stations = pd.DataFrame(case.waystations.drop(columns="geometry"))
    stations.to_csv(made / "waystations.csv", index=False)
    case.targets.to_csv(made / "targets.csv", index=False)
    gpd.GeoDataFrame(
        {"area_id": ["a", "b"], "severity": [1, 4]},
        geometry=[shapely.box(0, 10, 1, 11), shapely.box(0, 11, 1, 12)], crs=4326,
    ).to_file(made / "areas.geojson")  # fmt: skip
    (made / "folder.csv").mkdir()
    (made / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    return made


@functools.cache
def toy_network():
    return load_toy().network


def read(file):
    return read_case(file, networks={"toy": toy_network})


def problems(folder, content):
    with pytest.raises(ScenarioError) as caught:
        read(write(folder, content))
    return caught.value.problems


def test_the_valid_file_is_read(folder):
    case = read(write(folder, VALID))
    assert [one.disruption_id for one in case.scenario.disruptions] == [
        "front", "border", "zones/a", "zones/b", "bridge",
    ]  # fmt: skip
    assert case.limits.unknown_after_days == 365
    assert case.groups["exposure_class"].dropna().unique().tolist() == ["driver"]
    assert (case.groups["base"] == "residents").sum() == 2


def test_a_byte_order_mark_is_no_fault(folder):
    file = write(folder, VALID)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read(file).name == "x"


FRONT, BORDER, ZONES = ("disruption", 0), ("disruption", 1), ("disruption", 2)
LIMIT_VALUES = ["abc", math.nan, math.inf, -1, True, [1], {"a": 1}, DAY, 10**400]
BAD = [
    *((("limits", "time_limit_h"), v, "time_limit_h must be a finite") for v in LIMIT_VALUES),
    *((("limits", "risk_limit"), v, "risk_limit must be a finite number") for v in LIMIT_VALUES),
    *((("limits", "unknown_after_days"), v, "a whole number of days")
      for v in [*LIMIT_VALUES, 1.5, 99_999_999_999]),
    *((("choice", "logit_scale_per_h"), v, "logit_scale_per_h")
      for v in (math.nan, math.inf, -1, 0, "a", 1e308, True)),
    *((("disruption",), v, "write each as a table headed [[disruption]]")
      for v in (5, "x", {"id": "a"}, DAY)),
    (("disruption",), ["a"], "disruption number 1: must be a table of keys, not 'a'"),
    (("assumptions",), 5, "write each as a table headed [[assumptions]], not 5"),
    (("assumptions",), "ab", "write each as a table headed [[assumptions]]"),
    (("assumptions",), [5], "[[assumptions]]: must be a table of keys, not 5"),
    (("assumptions", 0, "text"), 5, "[[assumptions]] text: must be a text"),
    ((*ZONES, "levels"), 3, "levels: must be a table of severities, not 3"),
    ((*ZONES, "levels"), {"5": {"close": True}}, "a severity is 1 to 4, not '5'"),
    ((*ZONES, "levels"), {"1": 5}, "levels 1: must be a table of keys, not 5"),
    ((*ZONES, "levels"), {"1": {"close": True}}, "no level for severity 4 of area 'b'"),
    ((*ZONES, "circle"), {"lon": 0, "lat": 0, "radius_km": 1}, "areas or a circle, not both"),
    ((*ZONES, "areas"), "none.geojson", "'none.geojson': no such file"),
    ((*ZONES, "areas"), "groups.csv", "has no geometry"),
    ((*ZONES, "areas"), ["a"], "areas: must be a text"),
    ((*FRONT, "levels"), {"1": {"close": True}}, "levels need areas"),
    ((*FRONT, "circle"), 5, "circle: must be a table of keys, not 5"),
    ((*FRONT, "circle"), {"lon": 0}, "circle: key 'lat' is missing"),
    *(((*FRONT, "circle", "radius_km"), v, "radius_km must be above 0 and at most 5000 km")
      for v in (0, -5, 5000.1, 1e9)),
    *(((*FRONT, "circle", "lat"), v, "lat must be -90 to 90 degrees") for v in (91, -500)),
    ((*FRONT, "circle", "lon"), 181, "lon must be -180 to 180 degrees"),
    ((*FRONT, "circle", "lon"), 179.99, "crosses the meridian of 180 degrees"),
    ((*FRONT, "circle", "lat"), 89.99, "holds a pole"),
    *(((*FRONT, "circle", key), v, f"circle {key}: must be a finite number")
      for key in ("lon", "lat", "radius_km") for v in (math.nan, math.inf, "a", True)),
    *(((*FRONT, "effect", "speed_factor"), v, "speed_factor") for v in (math.nan, 0, 2, "x")),
    *(((*BORDER, "effect", "wait_min"), v, "wait_min") for v in (math.inf, -1, [1])),
    ((*FRONT, "effect", "close"), False, "close: can only be true"),
    ((*FRONT, "effect"), 5, "effect: must be a table of keys, not 5"),
    ((*FRONT, "effect"), {}, "has no effect"),
    ((*BORDER, "effect", "regime"), "closd", "unknown value 'closd'; did you mean 'closed'?"),
    ((*BORDER, "effect", "regime"), 5, "effect regime: must be a text"),
    *(((*FRONT, "probability"), v, "probability") for v in (math.nan, -0.1, 2, "a", True)),
    ((*BORDER, "into"), "TOBB", "into: no country 'TOBB'; did you mean 'TOB'?"),
    ((*BORDER, "into"), 5, "into: must be a text"),
    ((*BORDER, "crossings"), ["Gat"], "no crossing 'Gat'; did you mean 'Gate'?"),
    ((*BORDER, "crossings"), [5], "crossings: must be a list of texts"),
    ((*BORDER, "crossings"), "gate", "crossings: must be a list of texts"),
    ((*BORDER, "informal"), "no", "informal: must be true or false (no quotes), not 'no'"),
    ((*FRONT, "surfaces"), ["pavd"], "no surface 'pavd'; did you mean 'paved'?"),
    ((*FRONT, "road_classes"), ["primry"], "no road class 'primry'; did you mean 'primary'?"),
    ((*FRONT, "countries"), ["TOAA"], "no country 'TOAA'; did you mean 'TOA'?"),
    ((*FRONT, "edge_kinds"), ["raod"], "unknown edge kind 'raod'; did you mean 'road'?"),
    ((*FRONT, "profiles"), ["trucks"], "no travel profile 'trucks'; did you mean 'truck'?"),
    ((*FRONT, "kinds"), ["refuge"], "unknown kind of people 'refuge'"),
    ((*FRONT, "nationalities"), ["Toa"], "no nationality 'Toa'; did you mean 'TOA'?"),
    ((*FRONT, "exposure_classes"), ["drivr"], "'drivr'; did you mean 'driver'?"),
    ((*FRONT, "confidence"), "dunno", "confidence: unknown value 'dunno'"),
    ((*FRONT, "confidence"), "hihg", "did you mean 'high'?"),
    ((*FRONT, "direction"), ["both"], "direction: must be a text"),
    ((*FRONT, "kind"), "insecurty", "kind: unknown value 'insecurty'; did you mean 'insecurity'?"),
    ((*FRONT, "knid"), "x", "unknown key 'knid'; did you mean 'kind'?"),
    ((*FRONT, "id"), 7, "disruption number 1 id: must be a text"),
    ((*FRONT, "id"), " ", "id: must not be empty"),
    ((*FRONT, "id"), "border", "disruption ids must be unique: border"),
    ((*FRONT, "source"), None, "disruption 'front': key 'source' is missing"),
    ((*FRONT, "start"), "2013-01-20", "start: must be a date such as 2013-01-20"),
    ((*FRONT, "start"), dt.datetime(2013, 1, 20, 1), "no hour), not 2013-01-20 01:00:00"),  # noqa: DTZ001
    ((*FRONT, "start"), dt.date(2013, 2, 1), "ends on 2013-01-20, before it starts"),
    (("when",), dt.datetime(2013, 1, 20), "when: must be a date"),  # noqa: DTZ001
    (("when",), dt.date(2014, 1, 1), "outside the calendar"),
    (("when",), None, "key 'when' is missing"),
    (("calendar",), 5, "[calendar]: must be a table of keys, not 5"),
    (("calendar", "end"), None, "calendar: 'end' is missing"),
    (("name",), "", "name: must not be empty"),
    (("name",), 5, "name: must be a text"),
    (("title",), {"a": 1}, "title: must be a text"),
    (("description",), ["all"], "description: must be a text"),
    (("network",), ["toy"], "network: must be a text"),
    (("network",), "tou", "no built-in network 'tou'; did you mean 'toy'?"),
    (("network",), "no.gpkg", "network: 'no.gpkg': no such file"),
    (("audience",), "pubic", "unknown value 'pubic'; did you mean 'public'?"),
    (("people", "groups"), ["a"], "[people] groups: must be a text"),
    *((("people", "groups"), v, "no such file")
      for v in (".", "folder.csv", "no.csv", "a\0b", "x" * 5000)),
    (("people", "groups"), "binary.csv", "not UTF-8"),
    (("people", "residents"), 3, "[people.residents]: must be a table of keys, not 3"),
    (("people", "residents", "profile"), 3, "[people.residents] profile: must be a text"),
    (("people", "residents", "countries"), ["TOX"], "no place in 'TOX'; did you mean"),
    (("people", "residents", "pcodes"), ["T9"], "pcodes: no zone 'T9'"),
    (("destinations", "table"), 3, "[destinations] table: must be a text"),
    (("destinations", "table"), None, "[destinations]: key 'table' is missing"),
    (("waystations", "table"), DAY, "[waystations] table: must be a text"),
    (("compare", "targets"), 5, "[compare] targets: must be a text"),
    (("borders", "informal"), "opn", "unknown value 'opn'; did you mean 'open'?"),
    (("borders", "informal"), True, "[borders] informal: must be a text"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "value", "words"), BAD)
def test_a_wrong_value_is_one_listed_problem(folder, where, value, words):
    found = problems(folder, changed(where, value))
    assert any(words in problem for problem in found), found
    assert all(problem.startswith("case.toml: ") for problem in found)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ((*FRONT, "effect", "speed_factor"), math.nan),
        ((*FRONT, "circle"), 5),
        ((*FRONT, "surfaces"), 5),
        ((*ZONES, "confidence"), 5),
        ((*ZONES, "levels"), {"1": {"risk_per_km": "a"}}),
        (("people", "residents"), 3),
        (("calendar",), 5),
        (("disruption",), 5),
    ],
)
def test_one_fault_is_told_once_and_not_what_follows_from_it(folder, where, value):
    assert len(problems(folder, changed(where, value))) == 1


def test_the_faults_of_all_tables_are_listed_together(folder):
    content = changed(("limits", "risk_limit"), "a")
    content["disruption"][0]["circle"]["lat"] = 95
    content["disruption"][1]["informal"] = 1
    content["assumptions"] = 5
    content["name"] = ""
    assert len(problems(folder, content)) == 5


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"a = ", b"x = " + b"[" * 20_000, b"x = " + b"9" * 10_000, b"\0"]
)
def test_a_file_that_is_no_toml_is_refused(folder, data):
    file = folder / "broken.toml"
    file.write_bytes(data)
    with pytest.raises(ScenarioError, match="not a TOML file"):
        read(file)


@pytest.mark.parametrize(
    "numbers",
    [(math.nan, 0, 1), (0, math.inf, 1), (0, 91, 1), (181, 0, 1), (0, 0, 0), (0, 0, 5001),
     (0, 0, math.nan), (179.9, 0, 100), (0, 89.9, 100), (10, -89.9, 100)],
)  # fmt: skip
def test_a_circle_that_is_none_is_refused(numbers):
    with pytest.raises(ScenarioError):
        circle(*numbers)


@given(lon=st.floats(-130, 130), lat=st.floats(-40, 40), radius_km=st.floats(0.001, 5000))
def test_a_circle_is_valid_and_holds_its_centre(lon, lat, radius_km):
    area = circle(lon, lat, radius_km)
    assert area.is_valid
    assert area.contains(shapely.Point(lon, lat))


def paths(value, before=()):
    """Return all paths of keys in the valid content."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*before, key)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*before, key))


WORDS = st.sampled_from([
    "", " ", "a", "toy", "gate", "both", "open", "closed", "TOA", "truck", "road", "1",
    "2013-01-20", "nan", "groups.csv", "areas.geojson", ".", "..", "/", "a\0b", "x.gpkg", "é",
    "\U0001f600", "case.toml",
])  # fmt: skip
PLAIN = st.one_of(
    st.booleans(), st.integers(), st.sampled_from([10**400, -(2**63), 0, 1]), st.floats(),
    st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 1e308, 5e-324]), WORDS,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.dates(),
    st.datetimes(), st.times(),
)  # fmt: skip
KEYS = st.sampled_from(sorted({str(p[-1]) for p in paths(VALID)})) | WORDS
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)
CHANGES = st.lists(st.tuples(st.sampled_from(list(paths(VALID))), VALUES), min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(changes=CHANGES)
@example(changes=[(("disruption",), [{}])])
@example(changes=[(("when",), dt.date(1, 1, 1)), (("calendar", "start"), dt.date(1, 1, 1))])
@example(changes=[(("calendar", "end"), dt.date(9999, 12, 31)), (("when",), dt.date(9999, 1, 1))])
def test_whatever_stands_in_a_file_no_other_error_is_raised(folder, changes):
    content = copy.deepcopy(VALID)
    for where, value in changes:
        *inner, last = where
        spot = content
        try:
            for key in inner:
                spot = spot[key]
            spot[last] = value
        except (KeyError, IndexError, TypeError):
            continue  # another change took the table away
    try:
        case = read(write(folder, content))
    except MobilityGeoError:
        pass
    else:
        assert case.scenario.start <= case.scenario.when <= case.scenario.end


def test_every_key_can_be_left_out_without_a_raw_error(folder):
    left = []
    for where in paths(VALID):
        try:
            read(write(folder, changed(where, None)))
        except MobilityGeoError:
            left.append(where)
    assert {("name",), ("network",), ("disruption", 0, "kind")} <= set(left)
    assert ("title",) not in left
