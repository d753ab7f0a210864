"""Scenario files: what they say is what is asked; what is wrong is all said at once."""

import datetime as dt
import math

import geopandas as gpd
import pytest
import shapely

from mobility_geo.datasets import load_toy_network
from mobility_geo.errors import ScenarioError
from mobility_geo.network import write_network
from mobility_geo.outcomes import find_stranded
from mobility_geo.scenario import (
    CapacityFactor,
    Closure,
    ExtraCost,
    ExtraWait,
    Regime,
    RiskCost,
    SpeedFactor,
    TravellerClass,
    Who,
    conditions,
    read_case,
)
from mobility_geo.scenario.blocks import circle
from mobility_geo.testing import assert_network_equal, draw_network

NETWORK = draw_network("""
A---b#c---C
|
D-e#f-F
""")
TRUCK = TravellerClass(profile="truck", nationality="AAA")
NETWORKS = {"drawn": lambda: NETWORK}
HEAD = """
name = "épreuve"
title = "L'épreuve de Ségou"
description = '''
One line,
and   another.'''
when = 2013-01-20
calendar = { start = 2013-01-11, end = 2013-02-21 }
network = "drawn"
"""
TABLES = """
[people]
groups = "groups.csv"
[destinations]
table = "destinations.csv"
"""
SHUT = """
[[disruption]]
id = "shut"
kind = "border"
crossings = ["b-c"]
effect = { regime = "closed" }
source = "drawn"
"""
RESIDENTS = """
[people.residents]
countries = ['AAA']
profile = '{}'
pcodes = {}
destination_set = 'safety'
[people]
"""
CIRCLE = """source = "drawn"
circle = {{ lon = {}, lat = {}, radius_km = {} }}
"""
GROUPS = """group_id,base,place_id,kind,nationality,profile,trip,destination_set,\
persons,persons_low,persons_high,source
été,movers,A,refugee,AAA,truck,one_way,safety,100,90,120,drawn
"""
DESTINATIONS = """destination_set,place_id,kind,source
safety,C,settlement,drawn
services,D,settlement,drawn
"""
WAYSTATIONS = """waystation_id,name,place_id,kind,hypothetical,source
w,Étape,D,fixed,true,drawn
"""
TARGETS = """figure_id,label,measure,value,unit,used_as_input,source
f,Served,served_persons,100,persons,false,drawn
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "groups.csv").write_text(GROUPS, encoding="utf-8")
    (tmp_path / "destinations.csv").write_text(DESTINATIONS, encoding="utf-8")
    (tmp_path / "waystations.csv").write_text(WAYSTATIONS, encoding="utf-8")
    (tmp_path / "targets.csv").write_text(TARGETS, encoding="utf-8")
    return tmp_path


def read(folder, text, networks=NETWORKS):
    file = folder / "scénario.toml"
    file.write_text(text, encoding="utf-8")
    return read_case(file, networks=networks)


def problems(folder, text, networks=NETWORKS):
    with pytest.raises(ScenarioError) as caught:
        read(folder, text, networks)
    assert all(line.startswith("scénario.toml: ") for line in caught.value.problems)
    return [line.removeprefix("scénario.toml: ") for line in caught.value.problems]


def only_problem(folder, text):
    (found,) = problems(folder, text)
    return found


class TestWhatItSays:
    def test_head_and_tables(self, folder):
        case = read(folder, HEAD + TABLES + SHUT)
        assert (case.name, case.title) == ("épreuve", "L'épreuve de Ségou")
        assert case.description == "One line, and another."
        assert case.audience == "internal"
        assert case.scenario.when == dt.date(2013, 1, 20)
        assert (case.scenario.start, case.scenario.end) == (
            dt.date(2013, 1, 11), dt.date(2013, 2, 21),
        )  # fmt: skip
        assert case.groups["group_id"].tolist() == ["été"]
        assert case.destinations["place_id"].tolist() == ["C", "D"]
        assert len(case.waystations) == len(case.targets) == len(case.assumptions) == 0
        assert (case.limits.time_limit_h, case.limits.risk_limit) == (None, None)

    def test_everything_else(self, folder):
        text = (
            HEAD
            + TABLES
            + """
[people.residents]
countries = ["AAA"]
pcodes = ["AAA1"]
profile = "foot"
destination_set = "services"
[waystations]
table = "waystations.csv"
[limits]
time_limit_h = 240
risk_limit = 0.5
unknown_after_days = 365
[choice]
logit_scale_per_h = 0.2
[[assumptions]]
text = "Nobody swims."
source = "drawn"
[compare]
targets = "targets.csv"
"""
        )
        case = read(folder, text.replace('name = "é', 'audience = "public"\nname = "é'))
        assert case.audience == "public"
        assert case.limits.time_limit_h == 240
        assert case.limits.risk_limit == 0.5
        assert case.limits.unknown_after_days == 365
        assert case.logit_scale_per_h == 0.2
        assert case.assumptions.to_dict("records") == [{"text": "Nobody swims.", "source": "drawn"}]
        assert case.targets["figure_id"].tolist() == ["f"]
        assert case.waystations["name"].tolist() == ["Étape"]
        place = NETWORK.places.set_index("place_id").geometry["D"]
        assert case.waystations.geometry.tolist() == [place]
        residents = case.groups[case.groups["base"] == "residents"]
        assert residents["place_id"].tolist() == ["A", "D"]
        assert residents["persons"].tolist() == [1000, 1000]
        assert set(residents["profile"]) == {"foot"}
        assert set(residents["nationality"]) == {"AAA"}
        assert set(residents["destination_set"]) == {"services"}

    @pytest.mark.parametrize(
        ("effect", "expected"),
        [
            ("close = true", (Closure(),)),
            ("speed_factor = 0.5, wait_min = 10", (SpeedFactor(0.5), ExtraWait(10))),
            ("cost_xof_per_km = 5", (ExtraCost(5),)),
            ("risk_per_km = 0.001, capacity_factor = 0.5", (RiskCost(0.001), CapacityFactor(0.5))),
            ('regime = "refugees_only"', (Regime("refugees_only"),)),
        ],
    )
    def test_effects(self, folder, effect, expected):
        case = read(folder, HEAD + TABLES + SHUT.replace('regime = "closed"', effect))
        (made,) = case.scenario.disruptions
        assert set(made.effects) == set(expected)

    def test_all_of_one_disruption(self, folder):
        groups = GROUPS.replace("source", "exposure_class,source").replace("drawn", "x,drawn")
        (folder / "groups.csv").write_text(groups, encoding="utf-8")
        text = (
            HEAD
            + TABLES
            + """
[[disruption]]
id = "front"
name = "La ligne"
kind = "insecurity"
edges = ["A-b", "A-D"]
edge_kinds = ["road"]
surfaces = ["paved"]
road_classes = ["primary"]
countries = ["AAA"]
direction = "forward"
profiles = ["truck"]
kinds = ["refugee"]
nationalities = ["AAA"]
exposure_classes = ["x"]
effect = { speed_factor = 0.5 }
start = 2013-01-14
end = 2013-02-01
probability = 0.7
group = "north"
source = "report"
confidence = "high"
"""
        )
        (made,) = read(folder, text).scenario.disruptions
        assert (made.disruption_id, made.name, made.kind) == ("front", "La ligne", "insecurity")
        assert made.what.edge_ids == ("A-b", "A-D")
        assert (made.what.edge_kinds, made.what.surfaces) == (("road",), ("paved",))
        assert (made.what.road_classes, made.what.countries) == (("primary",), ("AAA",))
        assert made.what.direction == "forward"
        assert made.who == Who(profiles=("truck",), kinds=("refugee",), nationalities=("AAA",),
                               exposure_classes=("x",))  # fmt: skip
        assert (made.start, made.end) == (dt.date(2013, 1, 14), dt.date(2013, 2, 1))
        assert (made.probability, made.group) == (0.7, "north")
        assert (made.source, made.confidence) == ("report", "high")

    def test_crossings_by_name_or_id_and_one_way(self, folder):
        text = HEAD + TABLES + SHUT.replace('"b-c"', '"Post b-c", "e-f"\n]\ninto = "BBB"\n#')
        (made,) = read(folder, text).scenario.disruptions
        assert made.what.crossing_ids == ("b-c", "e-f")
        assert made.what.into == "BBB"

    def test_a_circle_is_in_km_on_the_ground(self, folder):
        text = (
            HEAD
            + TABLES
            + SHUT.replace(
                'crossings = ["b-c"]', "circle = { lon = 0.0, lat = 15.0, radius_km = 20 }"
            )
            .replace('regime = "closed"', "close = true")
            .replace('kind = "border"', 'kind = "flood"')
        )
        case = read(folder, text)
        found = conditions(case.network, case.scenario, None, TRUCK).causes
        assert found["edge_id"].tolist() == ["A-D", "A-b", "D-e"]
        assert found["share"].tolist() == pytest.approx([1.0, 0.5, 0.0], abs=0.01)
        area = gpd.GeoSeries([circle(-4, 14, 30)], crs=4326).to_crs(
            "+proj=laea +lat_0=14 +lon_0=-4"
        )
        assert area.area[0] == pytest.approx(math.pi * 30_000**2, rel=0.003)

    def test_informal_crossings_can_be_closed(self, folder):
        network = NETWORK.replace_tables(
            crossings=NETWORK.crossings.assign(official=NETWORK.crossings["crossing_id"] == "b-c")
        )
        found = {}
        for word in ("open", "closed"):
            text = HEAD + TABLES + f'[borders]\ninformal = "{word}"\n'
            case = read(folder, text, {"drawn": lambda: network})
            usable = conditions(case.network, case.scenario, None, TRUCK).dense().open
            found[word] = set(network.edges["edge_id"].to_numpy()[network.arcs.edge[~usable]])
        assert found == {"open": set(), "closed": {"e-f"}}


class TestAreas:
    TEXT = (
        HEAD
        + TABLES
        + """
[[disruption]]
id = "unsafe"
kind = "insecurity"
areas = "zones d'insécurité/areas.geojson"
source = "drawn"
[disruption.levels]
1 = { risk_per_km = 0.001 }
4 = { close = true }
"""
    )

    def write(self, folder, **columns):
        (folder / "zones d'insécurité").mkdir(exist_ok=True)
        shapes = [shapely.box(-0.05, 14.9, 0.05, 15.1), shapely.box(0.9, 14.9, 1.0, 15.1)]
        frame = {"area_id": ["a", "é"], "severity": [1, 4], "start": ["2013-01-15", None],
                 "end": ["2013-01-25", None], "source": ["map", None], **columns}  # fmt: skip
        gpd.GeoDataFrame(frame, geometry=shapes, crs=4326).to_file(
            folder / "zones d'insécurité" / "areas.geojson"
        )

    def test_each_area_is_a_disruption_of_its_own(self, folder):
        self.write(folder)
        one, two = read(folder, self.TEXT).scenario.disruptions
        assert (one.disruption_id, two.disruption_id) == ("unsafe/a", "unsafe/é")
        assert (one.effects, two.effects) == ((RiskCost(0.001),), (Closure(),))
        assert (one.severity, two.severity) == (1, 4)
        assert (one.start, one.end) == (dt.date(2013, 1, 15), dt.date(2013, 1, 25))
        assert (two.start, two.end) == (None, None)
        assert (one.source, two.source) == ("map", "drawn")

    def test_without_levels_the_effect_counts_for_all(self, folder):
        self.write(folder)
        text = self.TEXT.split("[disruption.levels]")[0] + "effect = { close = true }\n"
        assert [d.effects for d in read(folder, text).scenario.disruptions] == [(Closure(),)] * 2

    def test_a_severity_without_a_level_is_told(self, folder):
        self.write(folder, severity=[1, 3])
        assert only_problem(folder, self.TEXT) == (
            "disruption 'unsafe': no level for severity 3 of area 'é'"
        )

    def test_a_severity_that_does_not_exist_is_told(self, folder):
        self.write(folder, severity=[1, 5])
        assert "column 'severity' must be <= 4" in only_problem(folder, self.TEXT)

    def test_a_level_that_no_severity_has_is_told(self, folder):
        self.write(folder)
        text = self.TEXT.replace("4 = {", "5 = { close = true }\n4 = {")
        assert "level" in only_problem(folder, text)

    def test_areas_that_are_missing_are_told(self, folder):
        assert "no such file" in only_problem(folder, self.TEXT)


class TestPaths:
    def test_they_are_relative_to_the_file_with_accents_and_blanks(self, folder, monkeypatch):
        deep = folder / "données du 20 janvier"
        deep.mkdir()
        (folder / "groups.csv").rename(deep / "déplacés été.csv")
        text = HEAD + TABLES.replace("groups.csv", "données du 20 janvier/déplacés été.csv")
        monkeypatch.chdir("/")
        assert read(folder, text).groups["group_id"].tolist() == ["été"]

    def test_a_network_file_is_relative_too(self, folder):
        (folder / "réseau").mkdir()
        file = write_network(load_toy_network(), folder / "réseau" / "toy.gpkg")
        groups = GROUPS.replace(",A,", ",northtown,").replace("AAA", "TOA")
        (folder / "groups.csv").write_text(groups, encoding="utf-8")
        (folder / "destinations.csv").write_text(
            "destination_set,place_id,kind,source\nsafety,southtown,settlement,drawn\n",
            encoding="utf-8",
        )
        text = HEAD.replace('"drawn"', '"réseau/toy.gpkg"') + TABLES
        case = read(folder, text, {})
        assert file.is_file()
        assert_network_equal(case.network, load_toy_network(), check_name=False)
        assert find_stranded(case)["persons"].sum() == 100

    def test_a_file_that_is_not_there(self, folder):
        with pytest.raises(ScenarioError, match="no such file"):
            read_case(folder / "absent.toml")
        with pytest.raises(ScenarioError, match="no such file"):
            read_case(folder)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ('name = "S\xe9gou"'.encode("latin-1"), "TOML"),
            (b"name = Mali", "TOML"),
            (b"\x00\x01", "TOML"),
            (b'name = "a"\nname = "b"', "TOML"),
        ],
        ids=["latin-1", "no quotes", "binary", "twice"],
    )
    def test_what_is_no_toml_is_refused(self, folder, content, words):
        file = folder / "x.toml"
        file.write_bytes(content)
        with pytest.raises(ScenarioError, match=words):
            read_case(file, networks=NETWORKS)

    def test_a_file_saved_on_windows_is_read(self, folder):
        file = folder / "x.toml"
        text = (HEAD + TABLES + SHUT).replace("\n", "\r\n")
        file.write_bytes(b"\xef\xbb\xbf" + text.encode("utf-8"))
        assert read_case(file, networks=NETWORKS).name == "épreuve"


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('name = "é', 'whn = 2013-01-20\nname = "é', "unknown key 'whn'; did you mean 'when'"),
            ("start =", "strat =", "[calendar]: unknown key 'strat'; did you mean 'start'"),
            ("[people]", "[people]\ngroup = 1",
             "[people]: unknown key 'group'; did you mean 'groups'"),
            ("[[disruption]]", "[[disruption]]\ncrossing = 1",
             "unknown key 'crossing'; did you mean 'crossings'"),
            ('{ regime = "closed" }', '{ regime = "closed", speed_facter = 1 }',
             "disruption 'shut' effect: unknown key 'speed_facter'; did you mean 'speed_factor'"),
            ("[[disruption]]", "[limits]\ntime_limit = 1\n[[disruption]]",
             "[limits]: unknown key 'time_limit'; did you mean 'time_limit_h'"),
        ],
    )  # fmt: skip
    def test_unknown_keys_are_named_with_the_nearest_known_one(self, folder, old, new, words):
        text = (HEAD + TABLES + SHUT).replace(old, new, 1)
        assert any(words in line for line in problems(folder, text))

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("when = 2013-01-20", 'when = "2013-01-20"', "when: must be a date"),
            ("when = 2013-01-20", "when = 2013-01-20T12:00:00", "when: must be a date"),
            ("when = 2013-01-20", "when = 2013-03-20", "lies outside the calendar"),
            ("end = 2013-02-21", "end = 2013-01-01", "ends on 2013-01-01, before it starts"),
            (", end = 2013-02-21", "", "'end' is missing"),
            ('network = "drawn"', 'network = "drwan"', "did you mean 'drawn'"),
            ('network = "drawn"', 'network = "absent.gpkg"', "no such file"),
            ('network = "drawn"', 'network = ["drawn"]', "network"),
            ('network = "drawn"', 'network = "drawn"\naudience = "pubic"', "audience"),
            ('"groups.csv"', '"group.csv"', "group.csv"),
            ('"groups.csv"', '["groups.csv"]', "groups"),
            ('"destinations.csv"', '"destination.csv"', "no such file"),
            ('["b-c"]', '["b-d"]', "no crossing 'b-d'; did you mean 'b-c'"),
            ('["b-c"]', '"b-c"', "crossings: must be a list of texts"),
            ('["b-c"]', "[1]", "crossings: must be a list of texts"),
            ('["b-c"]', "[]", "nothing is selected"),
            ('"closed"', '"close"', "did you mean 'closed'"),
            ('regime = "closed"', "close = false", "close: can only be true"),
            ('regime = "closed"', "speed_factor = 0", "use close"),
            ('regime = "closed"', 'speed_factor = "0.5"', "speed_factor: must be a"),
            ('regime = "closed"', "wait_min = true", "wait_min: must be a"),
            ('effect = { regime = "closed" }', "effect = true", "must be a table of keys"),
            ('effect = { regime = "closed" }', "", "has no effect"),
            ('kind = "border"', 'kind = "war"', "'war'"),
            ('kind = "border"', "", "key 'kind' is missing"),
            ('source = "drawn"', "", "key 'source' is missing"),
            ('source = "drawn"', 'source = "drawn"\nstart = 2013-02-01\nend = 2013-01-31',
             "ends on 2013-01-31, before it starts"),
            ('source = "drawn"', 'source = "drawn"\nstart = "2013-02-01"', "must be a date"),
            ('source = "drawn"', 'source = "drawn"\nend = 2012-12-31', "never meet the calendar"),
            ('source = "drawn"', 'source = "drawn"\nprobability = 2', "probability must be 0 to 1"),
            ('source = "drawn"', 'source = "drawn"\nprofiles = ["trucks"]', "'trucks'"),
            ('source = "drawn"', 'source = "drawn"\nkinds = ["refugees"]', "'refugees'"),
            ('source = "drawn"', 'source = "drawn"\nedges = ["A-bb"]', "no edge 'A-bb'"),
            ('source = "drawn"', 'source = "drawn"\nconfidence = "hihg"', "confidence"),
            ('source = "drawn"', 'source = "drawn"\ninformal = "false"', "informal"),
            ('source = "drawn"', 'source = "drawn"\ninto = "BBC"', "'BBC'"),
            ('source = "drawn"', 'source = "drawn"\ninto = ["BBB"]', "into"),
            ('source = "drawn"', 'source = "drawn"\nlevels = 3', "levels"),
            ('source = "drawn"', 'source = "drawn"\ncircle = { lon = 0, lat = 15 }', "radius_km"),
            ('source = "drawn"', CIRCLE.format(0, 95, 1), "lat"),
            ('source = "drawn"', CIRCLE.format(0, 15, 0), "radius_km"),
            ('source = "drawn"', CIRCLE.format("inf", 15, 1), "lon"),
            ("[[disruption]]", "[disruption]", "disruption"),
            ("[[disruption]]", SHUT + "[[disruption]]", "must be unique: shut"),
            ("[[disruption]]", '[limits]\ntime_limit_h = "240"\n[[disruption]]', "time_limit_h"),
            ("[[disruption]]", "[limits]\nrisk_limit = -1\n[[disruption]]", "risk_limit"),
            ("[[disruption]]", '[borders]\ninformal = "maybe"\n[[disruption]]', "'maybe'"),
            ("[[disruption]]", "[choice]\nlogit_scale_per_h = 0\n[[disruption]]", "must be"),
            ("[[disruption]]", '[choice]\nlogit_scale_per_h = "x"\n[[disruption]]', "must be a"),
            ("[[disruption]]", "[[assumptions]]\nsource = 1\ntxt = 2\n[[disruption]]", "'txt'"),
            ("[[disruption]]", 'assumptions = "none"\n[[disruption]]', "assumptions"),
            ("[people]", "[people.residents]\ncountries = ['AAA']\n[people]", "'profile' is miss"),
            ("[people]", RESIDENTS.format("truck", "['AAA2']"), "no zone 'AAA2'"),
            ("[people]", RESIDENTS.format("trucks", "['AAA1']"), "names 'trucks'"),
        ],
    )  # fmt: skip
    def test_wrong_values_are_told_in_words(self, folder, old, new, words):
        text = HEAD + TABLES + SHUT
        assert old in text
        found = problems(folder, text.replace(old, new, 1))
        assert any(words in line for line in found), found

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            (",100,", ",-100,", "must be >= 0 persons"),
            (",100,", ",many,", "must be int"),
            (",90,", ",110,", "persons_low <= persons <= persons_high"),
            (",A,", ",a1,", "names 'a1', not in places"),
            (",truck,", ",trcuk,", "names 'trcuk', not in profiles; did you mean 'truck'"),
            (",safety,", ",safe,", "destination_set 'safe' of 'été' has no destinations"),
            (",refugee,", ",refugees,", "did you mean 'refugee'"),
            ("persons_high", "persons_hgih", "no column 'persons_high'"),
        ],
    )
    def test_wrong_groups_are_told_in_words(self, folder, old, new, words):
        (folder / "groups.csv").write_text(GROUPS.replace(old, new, 1), encoding="utf-8")
        assert any(words in line for line in problems(folder, HEAD + TABLES))

    def test_a_negative_population_is_no_population(self, folder):
        places = NETWORK.places.assign(population_persons=-5.0)
        with pytest.raises(ValueError, match="'population_persons' must be >= 0 persons"):
            NETWORK.replace_tables(places=places)
        assert folder.is_dir()

    @pytest.mark.parametrize(
        "missing", ["name", "when", "calendar", "network", "people", "destinations"]
    )
    def test_every_key_that_must_be_there_is_named(self, folder, missing):
        text = HEAD + TABLES + SHUT
        text = "\n".join(
            line for line in text.splitlines()
            if not line.startswith((f"{missing} =", f"[{missing}]"))
        )  # fmt: skip
        if missing == "people":
            text = text.replace('groups = "groups.csv"', "")
        if missing == "destinations":
            text = text.replace('table = "destinations.csv"', "")
        assert f"key '{missing}' is missing" in problems(folder, text)

    def test_an_empty_file_lists_all_that_must_be_there(self, folder):
        assert len(problems(folder, "")) == 6

    def test_every_problem_is_listed_at_once(self, folder):
        (folder / "groups.csv").write_text(
            GROUPS.replace(",100,", ",-100,").replace(",movers,", ",mover,"), encoding="utf-8"
        )
        text = (
            HEAD.replace("title =", "titel =").replace("when = 2013-01-20", 'when = "soon"')
            + TABLES
            + SHUT.replace("b-c", "x-y")
            + SHUT.replace('"closed"', '"close"').replace('id = "shut"', 'id = "two"')
            + "[waystations]\ntable = 'no.csv'\n"
        )
        found = problems(folder, text)
        for words in ("'titel'; did you mean 'title'", "when: must be a date", "no crossing 'x-y'",
                      "'close'; did you mean 'closed'", "must be >= 0 persons",
                      "did you mean 'movers'", "no.csv"):  # fmt: skip
            assert sum(words in line for line in found) == 1, (words, found)

    def test_a_station_at_an_unknown_place_is_told(self, folder):
        (folder / "waystations.csv").write_text(
            WAYSTATIONS.replace(",D,", ",Dd,"), encoding="utf-8"
        )
        text = HEAD + TABLES + '[waystations]\ntable = "waystations.csv"\n'
        assert only_problem(folder, text) == "waystations: no place 'Dd'; did you mean 'D'?"

    def test_a_measure_that_nobody_knows_is_told_before_anything_is_computed(self, folder):
        (folder / "targets.csv").write_text(
            TARGETS.replace("served_persons", "served_person"), encoding="utf-8"
        )
        text = HEAD + TABLES + '[compare]\ntargets = "targets.csv"\n'
        assert "did you mean 'served_persons'" in only_problem(folder, text)


def test_reading_twice_gives_the_same_question(folder):
    one, two = (read(folder, HEAD + TABLES + SHUT) for _ in range(2))
    assert [d.effect_words() for d in one.scenario.disruptions] == [
        d.effect_words() for d in two.scenario.disruptions
    ]
    assert find_stranded(one).equals(find_stranded(two))
