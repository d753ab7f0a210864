"""Disruptions as tables and files: there and back without loss, and refused in a sentence."""

import dataclasses
import datetime as dt
import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.errors import InputError, OutputError, ScenarioError, SchemaError
from mobility_geo.geopackage import Layer, read_layers, write_geopackage
from mobility_geo.scenario import (
    CapacityFactor,
    Closure,
    DepthCurve,
    DepthSpeed,
    Disruption,
    Exposure,
    ExtraCost,
    ExtraWait,
    OpeningHours,
    Regime,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    Stretches,
    Throughput,
    TravellerClass,
    Who,
    conditions,
)
from mobility_geo.scenario.table import (
    WKT_DECIMALS,
    disruption_tables,
    disruptions_from_tables,
    read_disruptions,
    write_disruptions,
)
from mobility_geo.schema import (
    CONFIDENCES,
    DISRUPTION_KINDS,
    DISRUPTIONS,
    EDGE_KINDS,
    PEOPLE_KINDS,
    REGIMES,
)
from mobility_geo.testing import draw_network
from mobility_geo.testing.strategies import scenarios

UNSHRUNK = (Phase.explicit, Phase.generate)
ENDINGS = (".gpkg", ".csv", ".toml")
NETWORK = draw_network("""
A---b#c---C
|   |     }
F---D=====E
""", countries=dict.fromkeys("AbFD", "AAA") | dict.fromkeys("cCE", "BBB"))  # fmt: skip
DAY = dt.date(2013, 1, 20)
TRUCK = TravellerClass(profile="truck", nationality="AAA")

# ------------------------------------------------------------------ what may be written
ODD = st.sampled_from(["nan", "NA", "None", "null", "007", "1e5", "true", "2013-01-20", "-", "#x",
                       "Ségou", "N'Tillit", 'the "front"', "a|b", "\\", "\\|", "a\\|b|", "=1+1",
                       "باو", "x\ny", "x\r\ny", "x\ry", "tab\there", "a,b;c", "<&>"])  # fmt: skip
LETTERS = st.text("abZ9é|\\\"',;\n\r\t =#ïß", min_size=1, max_size=8)
WORDS = (ODD | LETTERS).map(str.strip).filter(bool)
"""Names without blanks at their ends, never empty."""

TEXTS = st.just("") | WORDS


def tuples(items, least=0, most=3):
    return st.lists(items, min_size=least, max_size=most).map(tuple)


AMOUNTS = st.floats(0, 1e9) | st.integers(0, 500).map(float)
SHARES = st.floats(0, 1)
ABOVE_0 = st.floats(0, 1, exclude_min=True)
NUMBERS = st.floats(-1e6, 1e6)
EXPOSURES = st.builds(
    Exposure, risk_per_exposure=AMOUNTS, slow_from=st.none() | AMOUNTS, speed_factor=ABOVE_0,
    close_from=st.none() | AMOUNTS,
)  # fmt: skip
HOURS = st.tuples(st.floats(0, 24), st.floats(0, 24)).filter(lambda h: h[0] < h[1])
PLAIN = [
    st.just(Closure()), ABOVE_0.map(SpeedFactor), AMOUNTS.map(ExtraCost), AMOUNTS.map(RiskCost),
    SHARES.map(CapacityFactor), AMOUNTS.map(Throughput),
]  # fmt: skip


@st.composite
def curve_sets(draw):
    """Return curves of which no two of one name and class differ."""
    names = draw(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4, unique=True))
    return [
        DepthCurve(
            curve=name, vehicle_class=vehicle, profiles=draw(tuples(WORDS, 1)),
            impassable_m=draw(st.none() | AMOUNTS), quadratic=draw(st.none() | NUMBERS),
            linear=draw(st.none() | NUMBERS), constant=draw(st.none() | NUMBERS),
            navigable_m=draw(st.none() | AMOUNTS), source=draw(TEXTS),
        )
        for name, vehicle in names
    ]  # fmt: skip


@st.composite
def stretches(draw, quantity, least=1):
    rows = draw(
        st.lists(st.tuples(WORDS, SHARES, SHARES, AMOUNTS).filter(lambda row: row[1] != row[2]),
                 min_size=least, max_size=4)
    )  # fmt: skip
    return Stretches(
        quantity=quantity, edge_ids=np.array([row[0] for row in rows], dtype=object),
        start=np.array([min(row[1:3]) for row in rows]),
        end=np.array([max(row[1:3]) for row in rows]), value=np.array([row[3] for row in rows]),
    )  # fmt: skip


@st.composite
def areas(draw):
    """Return polygons with any corners, holes, and several parts."""
    lon, lat = draw(st.floats(-170, 160)), draw(st.floats(-80, 70))
    parts = []
    for number in range(draw(st.integers(1, 2))):
        west = lon + 3 * number
        shape = shapely.box(
            west, lat, west + draw(st.floats(0.1, 2)), lat + draw(st.floats(0.1, 9))
        )
        if draw(st.booleans()):
            x, y = shape.centroid.x, shape.centroid.y
            hole = [(x, y), (x + 0.03, y), (x, y + 0.03)]
            shape = shapely.Polygon(shape.exterior.coords, [hole])
        parts.append(shape)
    shape = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    # corners that need all their digits
    return shapely.affinity.rotate(shape, draw(st.integers(0, 40)) / 7)


@st.composite
def written(draw, name, curves):
    """Return a disruption with values in any of its fields."""
    form = draw(st.sampled_from(["area", "words", "depth_m", "exposure"]))
    what = {
        field: draw(tuples(WORDS, most=2))
        for field in ("edge_ids", "crossing_ids", "refs", "place_ids", "surfaces", "road_classes",
                      "countries", "reaches", "rainfall_classes")
    }  # fmt: skip
    what |= {
        "edge_kinds": draw(tuples(st.sampled_from(EDGE_KINDS), most=2)),
        "informal": draw(st.booleans()), "into": draw(TEXTS),
        "direction": draw(st.sampled_from(["both", "forward", "backward"])),
    }  # fmt: skip
    effects = [draw(one) for one in draw(st.lists(st.sampled_from(PLAIN), max_size=3, unique=True))]
    if form == "area":
        what["area"] = draw(areas())
    elif form == "words":
        what |= {"crossing_ids": draw(tuples(WORDS, 1))}
    else:
        what["stretches"] = draw(stretches(form))
        if form == "exposure":
            effects += draw(st.lists(EXPOSURES, max_size=1))
        elif draw(st.booleans()):
            chosen = draw(st.lists(st.sampled_from(curves), min_size=1, unique=True))
            effects.append(DepthSpeed(curves=tuple(chosen)))
    if what["crossing_ids"] or what["informal"] or what["countries"]:
        effects += draw(st.lists(st.sampled_from(REGIMES).map(Regime), max_size=1))
        effects += draw(st.lists(HOURS.map(lambda h: OpeningHours(*h)), max_size=1))
    if what["crossing_ids"] or what["informal"]:
        effects += draw(st.lists(AMOUNTS.map(ExtraWait), max_size=1))
    days = draw(st.lists(st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)), min_size=2,
                         max_size=2))  # fmt: skip
    return Disruption(
        disruption_id=name, kind=draw(st.sampled_from(DISRUPTION_KINDS)), what=Selection(**what),
        who=Who(profiles=draw(tuples(WORDS)), nationalities=draw(tuples(WORDS)),
                kinds=draw(tuples(st.sampled_from(PEOPLE_KINDS))),
                exposure_classes=draw(tuples(WORDS))),
        start=draw(st.sampled_from([None, min(days)])),
        end=draw(st.sampled_from([None, max(days)])),
        months=draw(tuples(st.integers(1, 12))),
        effects=tuple(draw(st.permutations(effects or [Closure()]))),
        probability=draw(SHARES), group=draw(TEXTS), severity=draw(st.none() | st.integers(1, 4)),
        name=draw(TEXTS), source=draw(TEXTS), confidence=draw(st.sampled_from(CONFIDENCES)),
    )  # fmt: skip


@st.composite
def many(draw, most=3):
    curves = draw(curve_sets())
    names = draw(st.lists(WORDS, max_size=most, unique=True))
    return [draw(written(name, curves)) for name in names]


# ------------------------------------------------------------------ a full comparison
def assert_same(one, two):
    """Compare every field, found by its name, so that a new one is compared as well."""
    assert type(one) is type(two)
    for item in dataclasses.fields(one):
        left, right = getattr(one, item.name), getattr(two, item.name)
        if item.name in {"what", "stretches"} and left is not None and right is not None:
            assert_same(left, right)
        elif isinstance(left, np.ndarray):
            assert left.dtype == right.dtype, item.name
            assert left.tolist() == right.tolist(), item.name
        elif isinstance(left, shapely.Geometry):
            assert shapely.to_wkb(left) == shapely.to_wkb(right)
        elif item.name == "effects":
            # the order of effects never matters, and a table has none
            assert sorted(map(repr, left)) == sorted(map(repr, right))
        else:
            assert left == right, item.name
            assert type(left) is type(right), item.name


def assert_all_same(made, found):
    assert isinstance(found, tuple)
    assert len(found) == len(made)
    for one, two in zip(made, found, strict=True):
        assert_same(one, two)


@given(made=many())
@settings(max_examples=15, phases=UNSHRUNK, suppress_health_check=[HealthCheck.too_slow])
def test_tables_give_back_what_was_put_in(made):
    tables = disruption_tables(made)
    assert list(tables) == ["disruptions", "disruption_stretches", "depth_curves"]
    assert tuple(tables["disruptions"].columns) == (*DISRUPTIONS.names, "geometry")
    assert_all_same(made, disruptions_from_tables(tables))
    shuffled = {name: table.iloc[::-1] for name, table in tables.items() if name != "depth_curves"}
    again = disruptions_from_tables({**tables, **shuffled})
    assert_all_same(made[::-1], again)


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_give_back_what_was_put_in(ending, tmp_path):
    number = itertools.count()

    @given(made=many())
    @settings(max_examples=8, phases=UNSHRUNK, suppress_health_check=[HealthCheck.too_slow])
    def there_and_back(made):
        files = write_disruptions(made, tmp_path / f"n° {next(number)}é{ending}")
        assert all(file.is_file() for file in files)
        assert not [one for one in tmp_path.iterdir() if one not in seen | set(files)]
        seen.update(files)
        assert_all_same(made, read_disruptions(files[0]))

    seen = set()
    there_and_back()


@given(numbers=st.lists(st.floats(-170, 170) | st.floats(-1e-6, 1e-6), min_size=8, max_size=8))
@settings(max_examples=40)
def test_an_area_in_words_has_every_bit_of_its_corners(numbers):
    line = shapely.LineString(np.array(numbers).reshape(4, 2) / np.pi)
    assert shapely.from_wkt(shapely.to_wkt(line, rounding_precision=WKT_DECIMALS)).equals_exact(
        line, 0
    )


@given(numbers=st.lists(st.floats(0, 1e300), min_size=15, max_size=15))
@settings(max_examples=12)
def test_text_gives_back_every_number_to_the_last_bit(numbers):
    """Numbers are read as text first, which must not cost the last digit."""
    made = [
        Disruption(disruption_id=f"d{i}", kind="flood", what=Selection(edge_ids=("a",)),
                   effects=(ExtraWait(value),))
        for i, value in enumerate(numbers)
    ]  # fmt: skip
    text = pd.DataFrame(disruption_tables(made)["disruptions"].drop(columns="geometry"))
    text = text.assign(wait_min=[repr(value) for value in numbers])
    found = disruptions_from_tables({"disruptions": text})
    assert [one.effects[0].value for one in found] == numbers


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_read_back_gives_the_same_conditions(ending, tmp_path):
    depth = DepthCurve(curve="c", vehicle_class="car", profiles=("truck",), impassable_m=0.3,
                       quadratic=0.0009, linear=-0.5529, constant=86.9448)  # fmt: skip
    measured = {
        "depth_m": DepthSpeed(curves=(depth,)),
        "exposure": Exposure(risk_per_exposure=0.01, slow_from=1.0, close_from=3.0),
    }

    @given(data=st.data())
    @settings(max_examples=4, phases=UNSHRUNK)
    def there_and_back(data):
        made = list(data.draw(scenarios(NETWORK, opening=True)).disruptions)
        for quantity, effect in measured.items():
            drawn = data.draw(stretches(quantity))
            edges = np.resize(NETWORK.edges["edge_id"].to_numpy(dtype=object), len(drawn))
            made.append(
                Disruption(disruption_id=quantity, kind="flood", effects=(effect, RiskCost(0.1)),
                           what=Selection(stretches=dataclasses.replace(drawn, edge_ids=edges)))
            )  # fmt: skip
        found = read_disruptions(write_disruptions(made, tmp_path / f"same{ending}")[0])
        day = data.draw(st.dates(dt.date(2013, 1, 1), dt.date(2013, 12, 31)))
        one, two = (
            conditions(NETWORK, Scenario(name="s", when=day, start=day, end=day,
                                         disruptions=tuple(these)), None, TRUCK)
            for these in (made, found)
        )  # fmt: skip
        for name in ("arc", "open", "time_min", "cost_xof", "risk", "capacity", "shut_arc",
                     "shut_start", "shut_end"):  # fmt: skip
            assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name

    there_and_back()


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_disruptions_are_no_disruptions(ending, tmp_path):
    file = write_disruptions([], tmp_path / f"quiet{ending}")[0]
    assert read_disruptions(file) == ()


def on(name="d", *effects, **more):
    return Disruption(disruption_id=name, kind="flood", effects=effects or (Closure(),),
                      what=Selection(**(more or {"edge_ids": ("a",)})))  # fmt: skip


def nowhere(quantity):
    nothing = np.empty(0)
    return Stretches(quantity=quantity, edge_ids=nothing.astype(object), start=nothing,
                     end=nothing, value=nothing)  # fmt: skip


CURVE = DepthCurve(curve="c", vehicle_class="car", profiles=("truck",), impassable_m=0.3)


class TestMeasured:
    @pytest.mark.parametrize("ending", ENDINGS)
    @pytest.mark.parametrize(
        ("quantity", "effect"), [("depth_m", DepthSpeed(curves=(CURVE,))), ("exposure", Exposure())]
    )
    def test_a_flood_that_hit_no_edge_is_still_a_flood(self, ending, quantity, effect, tmp_path):
        made = [on("dry", effect, stretches=nowhere(quantity))]
        files = write_disruptions(made, tmp_path / f"dry{ending}")
        assert_all_same(made, read_disruptions(files[0]))

    def test_what_hit_nothing_never_comes_back_as_hitting_all(self):
        """Without its stretches it would close every road."""
        made = on("dry", stretches=nowhere("depth_m"), edge_kinds=("road",))
        with pytest.raises(ScenarioError, match="'dry': measured on no stretch"):
            disruption_tables([made])

    def test_stretches_that_nobody_gave_are_missed(self):
        table = pd.DataFrame({"disruption_id": ["f"], "kind": "flood", "depth_curve": "c"})
        with pytest.raises(ScenarioError, match=r"disruption 'f': .*needs measured stretches"):
            disruptions_from_tables({"disruptions": table}, curves=[CURVE])

    def test_one_disruption_measures_one_thing(self):
        table = pd.DataFrame({"disruption_id": ["f"], "kind": "flood", "close": True})
        rows = pd.DataFrame({"disruption_id": "f", "quantity": ["depth_m", "exposure"],
                             "edge_id": "a", "start_share": 0.0, "end_share": 1.0,
                             "value": 1.0})  # fmt: skip
        with pytest.raises(ScenarioError, match=r"disruption 'f': .*one quantity"):
            disruptions_from_tables({"disruptions": table, "disruption_stretches": rows})

    def test_stretches_of_an_unknown_disruption_are_named(self):
        table = pd.DataFrame({"disruption_id": ["flood"], "kind": "flood", "close": True,
                              "edge_ids": "a"})  # fmt: skip
        rows = pd.DataFrame({"disruption_id": ["flod"], "quantity": "depth_m", "edge_id": "a",
                             "start_share": 0.0, "end_share": 1.0, "value": 1.0})  # fmt: skip
        with pytest.raises(SchemaError, match="'flod', not in disruptions; did you mean 'flood'"):
            disruptions_from_tables({"disruptions": table, "disruption_stretches": rows})

    @pytest.mark.parametrize("ending", [".csv", ".toml"])
    def test_what_lies_beside_a_file_from_before_does_not_come_back(self, ending, tmp_path):
        file = tmp_path / f"scenario{ending}"
        rows = Stretches(quantity="depth_m", edge_ids=np.array(["a"], dtype=object),
                         start=np.zeros(1), end=np.ones(1), value=np.ones(1))  # fmt: skip
        write_disruptions([on("d", DepthSpeed(curves=(CURVE,)), stretches=rows)], file)
        made = [on("d", edge_ids=("a", "b"))]
        write_disruptions(made, file)
        assert_all_same(made, read_disruptions(file))
        assert [one.name for one in tmp_path.iterdir()] == [file.name]


class TestCurves:
    TRUCKS = dataclasses.replace(CURVE, vehicle_class="truck", profiles=("truck", "bus"))
    OTHER = dataclasses.replace(CURVE, curve="d", impassable_m=1.0)

    def back(self, *curve_sets, **options):
        made = [
            on(f"d{i}", DepthSpeed(curves=curves), stretches=nowhere("depth_m"))
            for i, curves in enumerate(curve_sets)
        ]
        return [one.effects[0].curves
                for one in disruptions_from_tables(disruption_tables(made), **options)]  # fmt: skip

    def test_a_part_of_the_classes_of_a_curve_stays_a_part(self):
        sets = [(CURVE,), (CURVE, self.TRUCKS), (self.TRUCKS,)]
        assert self.back(*sets) == sets

    def test_the_first_curve_of_a_profile_stays_the_first(self):
        sets = [(CURVE, self.OTHER), (self.OTHER, CURVE), (self.TRUCKS, self.OTHER, CURVE)]
        assert self.back(*sets) == sets

    def test_a_curve_that_is_also_given_counts_once(self):
        changed = dataclasses.replace(CURVE, impassable_m=0.5)
        assert self.back((CURVE,), curves=[changed, self.TRUCKS]) == [(CURVE,)]

    def test_two_that_differ_and_share_a_name_are_refused(self):
        changed = dataclasses.replace(CURVE, impassable_m=0.5)
        with pytest.raises(ScenarioError, match="two different curves are called c / car"):
            self.back((CURVE,), (changed,))

    def test_an_unknown_curve_is_named(self):
        table = pd.DataFrame({"disruption_id": ["f"], "kind": "flood", "depth_curve": "pregnolat"})
        known = dataclasses.replace(CURVE, curve="pregnolato2017")
        with pytest.raises(ScenarioError) as caught:
            disruptions_from_tables({"disruptions": table}, curves=[known])
        assert caught.value.problems == (
            "disruption 'f': no depth curve 'pregnolat'; did you mean 'pregnolato2017'?",
        )


# ------------------------------------------------------------------ files that people make
MINIMAL = "disruption_id,kind,refs,close\nfront,road,RN6,yes\n"


def read_text(folder, text, name="d.csv", **options):
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_disruptions(file, **options)


class TestHandMade:
    def test_a_few_columns_are_enough(self, tmp_path):
        (found,) = read_text(tmp_path, MINIMAL)
        assert_same(
            found,
            Disruption(disruption_id="front", kind="road", what=Selection(refs=("RN6",)),
                       effects=(Closure(),)),
        )  # fmt: skip

    @pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b""], ids=["with a mark", "without"])
    @pytest.mark.parametrize("line", [b"\r\n", b"\n"])
    def test_as_spreadsheets_save_it(self, start, line, tmp_path):
        header = "disruption_id,kind,name,refs,months,speed_factor,severity"
        row = "pluie,road,Été à Ségou,RN6 | RN16,6|7|8,0.5,3"
        text = start + line.join([header.encode(), row.encode(), b""])
        (found,) = read_text(tmp_path, text)
        assert found.name == "Été à Ségou"
        assert found.what.refs == ("RN6", "RN16")
        assert (found.months, found.severity) == ((6, 7, 8), 3)
        assert found.effects == (SpeedFactor(0.5),)

    def test_dates_and_numbers_in_a_toml_file(self, tmp_path):
        (found,) = read_text(
            tmp_path,
            '[[disruptions]]\ndisruption_id = "x"\nkind = "border"\ncrossing_ids = "a|b"\n'
            'start = 2013-01-14\nclose = true\nwait_min = 90\nseverity = 2\n',
            "d.toml",
        )  # fmt: skip
        assert found.start == dt.date(2013, 1, 14)
        assert found.effects == (Closure(), ExtraWait(90.0))
        assert found.severity == 2

    def test_an_area_is_given_in_words(self, tmp_path):
        text = 'disruption_id,kind,close,geometry_wkt\nf,flood,1,"POLYGON ((0 0, 1 0, 0 1, 0 0))"\n'
        (found,) = read_text(tmp_path, text)
        assert found.what.area.equals(shapely.Polygon([(0, 0), (1, 0), (0, 1)]))

    def test_a_table_that_pandas_made(self):
        table = pd.DataFrame(
            {"disruption_id": [1, 2], "kind": "flood", "edge_ids": ["a", "b"], "close": [1, None],
             "months": [6, None], "speed_factor": [None, 0.5], "start": [dt.date(2013, 1, 1), None]}
        )  # fmt: skip
        one, two = disruptions_from_tables({"disruptions": table})
        assert (one.disruption_id, one.months, one.start) == ("1", (6,), dt.date(2013, 1, 1))
        assert (two.effects, two.months, two.start) == ((SpeedFactor(0.5),), (), None)

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("speedfactor", "0.5", r"unknown column 'speedfactor'; did you mean 'speed_factor'\?"),
            ("depth_curve", "x", "disruption 'second': no depth curve 'x'; none is known"),
            ("months", "13", "disruption 'second': months must be whole numbers 1 to 12, not "),
            ("months", "Jan|2", "disruption 'second': .*months.*'Jan'"),
            ("months", "6.5", "disruption 'second': .*months.*'6.5'"),
            ("opens_hour", "6", "disruption 'second': opens_hour and closes_hour go together"),
            ("closes_hour", "18", "disruption 'second': opens_hour and closes_hour go together"),
            ("closes_hour", "25", "column 'closes_hour' must be <= 24 h; .*'second'"),
            ("geometry_wkt", "POLYGON ((0 0", "geometry_wkt .*well-known text; .*'second'"),
            ("geometry_wkt", "POINT (0 0)", "disruption 'second': area must be a polygon"),
            ("geometry_wkt", "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "'second': area is not valid"),
            ("speed_factor", "fast", "column 'speed_factor' must be float; .*'second'"),
            ("speed_factor", "0", "disruption 'second': speed_factor must be above 0"),
            ("start", "soon", "column 'start' must be date; .*'second'"),
            ("kind", "war", "column 'kind' has the unknown value 'war'"),
            ("severity", "5", "column 'severity' must be <= 4; .*'second'"),
            ("regime", "shut", "'regime' has the unknown value 'shut'; .*'second'"),
            ("edge_kinds", "raod", "disruption 'second': unknown edge kind 'raod'"),
            ("close", "perhaps", "column 'close' must be bool; .*'second'"),
            ("disruption_id", "first", "key disruption_id must be unique; .*'first'"),
            ("disruption_id", "", "column 'disruption_id' must not be missing"),
            ("risk_per_exposure", "1", "disruption 'second': needs measured stretches of exp"),
            ("wait_min", "-1", "column 'wait_min' must be >= 0 min; .*'second'"),
            ("refs", "", "disruption 'second': nothing is selected"),
            ("close", "no", "disruption 'second': has no effect"),
        ],
    )
    @pytest.mark.parametrize("ending", [".csv", ".toml"])
    def test_what_is_wrong_is_one_sentence_that_names_the_row(
        self, column, value, words, ending, tmp_path
    ):
        usual = {"kind": "road", "refs": "RN6", "close": "yes"}
        rows = [{"disruption_id": "first", **usual}, {"disruption_id": "second", **usual}]
        rows[1][column] = value
        if ending == ".csv":
            text = pd.DataFrame(rows).to_csv(index=False)
        else:
            text = "".join(
                "[[disruptions]]\n" + "".join(f"{k} = '{v}'\n" for k, v in row.items() if v)
                for row in rows
            )
        with pytest.raises(InputError, match=words) as caught:
            read_text(tmp_path, text, f"d{ending}")
        assert len(caught.value.problems) == 1, caught.value
        assert caught.value.problems[0].startswith(f"d{ending}: ")

    def test_everything_that_is_wrong_is_said_at_once(self, tmp_path):
        text = "disruption_id,kind,refs,close,months\na,road,RN6,1,13\nb,road,,1,\nc,road,R,1,\n"
        with pytest.raises(ScenarioError) as caught:
            read_text(tmp_path, text)
        assert len(caught.value.problems) == 2
        assert "'a'" in caught.value.problems[0]
        assert "'b'" in caught.value.problems[1]

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("d.csv", b"", "not a table"),
            ("d.csv", "disruption_id,kind\n\xe9t\xe9,road\n".encode("latin-1"), "UTF-8"),
            ("d.csv", b"disruption_id;kind\na;road\n", "unknown column 'disruption_id;kind'"),
            ("d.csv", b'a,b\n"x', "not a table|unknown column"),
            ("d.toml", b"[[disruptions]\n", "not a TOML file"),
            ("d.toml", b"x = 1\n", r"must hold tables headed \[\[disruptions\]\]"),
            ("d.toml", b"[disruptions]\nkind = 'road'\n", "must hold tables headed"),
            ("d.toml", b"disruptions = [1, 2]\n", "must hold tables headed"),
            ("d.gpkg", b"no database", "GeoPackage|gpkg"),
            ("d.xlsx", b"", "kept in .gpkg, .csv, .toml, not '.xlsx'"),
        ],
    )
    def test_a_file_that_is_none_is_refused(self, name, text, words, tmp_path):
        with pytest.raises(InputError, match=words) as caught:
            read_text(tmp_path, text, name)
        assert len(caught.value.problems) == 1
        assert name in caught.value.problems[0]


class TestGeoPackages:
    MADE = (
        Disruption(disruption_id="front", kind="insecurity", name="Ligne de front",
                   what=Selection(area=shapely.box(0.1, 14.9, 0.3, 15.1)),
                   effects=(RiskCost(0.002),)),
        Disruption(disruption_id="post", kind="border", what=Selection(crossing_ids=("b-c",)),
                   effects=(Regime("closed"),), severity=2),
    )  # fmt: skip

    def test_a_file_edited_elsewhere_still_reads(self, tmp_path):
        """A program for maps saves a layer with its own `fid`, in another projection."""
        table = disruption_tables(self.MADE)["disruptions"]
        table.assign(fid=[7, 9]).to_crs(3857).to_file(tmp_path / "q.gpkg", layer="disruptions")
        found = read_disruptions(tmp_path / "q.gpkg")
        assert found[0].what.area.equals_exact(self.MADE[0].what.area, 1e-9)
        plain = [
            dataclasses.replace(
                one, what=dataclasses.replace(one.what, area=self.MADE[0].what.area)
            )
            if one.what.area is not None
            else one
            for one in found
        ]
        assert_all_same(self.MADE, tuple(plain))

    def test_a_column_of_their_own_is_refused_because_it_would_be_without_effect(self, tmp_path):
        table = disruption_tables(self.MADE)["disruptions"]
        table.assign(closed="yes").to_file(tmp_path / "q.gpkg", layer="disruptions")
        with pytest.raises(SchemaError, match="unknown column 'closed'; did you mean 'close'"):
            read_disruptions(tmp_path / "q.gpkg")

    def test_another_layer_is_not_taken_for_it(self, tmp_path):
        points = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)], crs=4326)
        write_geopackage(tmp_path / "q.gpkg", [Layer(name="disruption", frame=points)])
        with pytest.raises(InputError, match="no layer 'disruptions'; did you mean 'disruption'"):
            read_disruptions(tmp_path / "q.gpkg")

    def test_a_layer_without_projection_is_refused(self, tmp_path):
        table = disruption_tables(self.MADE)["disruptions"]
        with pytest.warns(UserWarning, match="crs"):
            gpd.GeoDataFrame(table.set_crs(None, allow_override=True)).to_file(
                tmp_path / "q.gpkg", layer="disruptions"
            )
        with pytest.raises(InputError, match="no coordinate reference system"):
            read_disruptions(tmp_path / "q.gpkg")

    def test_columns_are_explained_in_the_file(self, tmp_path):
        file = write_disruptions(self.MADE, tmp_path / "x.gpkg")[0]
        assert list(read_layers(file)) == ["disruptions", "disruption_stretches", "depth_curves"]


# ------------------------------------------------------------------ where files go
@pytest.mark.parametrize("ending", ENDINGS)
class TestPlaces:
    MADE = TestGeoPackages.MADE

    def test_blanks_and_accents_in_paths(self, ending, tmp_path):
        folder = tmp_path / "Scénario d'été (2013)"
        folder.mkdir()
        files = write_disruptions(self.MADE, str(folder / f"fermé à Léré{ending}"))
        assert_all_same(self.MADE, read_disruptions(str(files[0])))

    def test_capitals_in_the_ending(self, ending, tmp_path):
        files = write_disruptions(self.MADE, tmp_path / f"x{ending.upper()}")
        assert_all_same(self.MADE, read_disruptions(files[0]))

    def test_a_folder_that_is_not_there(self, ending, tmp_path):
        with pytest.raises(OutputError, match="x"):
            write_disruptions(self.MADE, tmp_path / "nowhere" / f"x{ending}")
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_is_a_file(self, ending, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError):
            write_disruptions(self.MADE, tmp_path / "file" / f"x{ending}")

    def test_a_file_that_is_a_folder(self, ending, tmp_path):
        (tmp_path / f"x{ending}").mkdir()
        with pytest.raises(OutputError):
            write_disruptions(self.MADE, tmp_path / f"x{ending}")
        assert [one.name for one in tmp_path.iterdir()] == [f"x{ending}"]
        with pytest.raises(InputError, match="no such file"):
            read_disruptions(tmp_path / f"x{ending}")

    def test_writing_again_replaces(self, ending, tmp_path):
        write_disruptions(self.MADE, tmp_path / f"x{ending}")
        write_disruptions(self.MADE[:1], tmp_path / f"x{ending}")
        assert_all_same(self.MADE[:1], read_disruptions(tmp_path / f"x{ending}"))


def test_other_endings_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"not '\.json'"):
        write_disruptions([], tmp_path / "x.json")
    assert not list(tmp_path.iterdir())
