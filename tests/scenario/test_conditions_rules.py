"""What holds on a date for a traveller: the baseline, and only what disruptions change."""

import copy
import dataclasses
import datetime as dt
import itertools
import sys
import weakref

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_toy
from mobility_geo.errors import CalendarError, ScenarioError, UnknownIdError
from mobility_geo.network import Arcs
from mobility_geo.scenario import (
    CapacityFactor,
    Closure,
    Disruption,
    ExtraCost,
    ExtraWait,
    Regime,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    TravellerClass,
    Who,
    conditions,
)
from mobility_geo.scenario.conditions import ArcCosts
from mobility_geo.schema import NETWORK_TABLES, PEOPLE_KINDS
from mobility_geo.testing import draw_network
from mobility_geo.testing.strategies import DAYS, disruptions, networks, scenarios

DAY = dt.date(2013, 1, 20)
YEAR = {"start": dt.date(2013, 1, 1), "end": dt.date(2013, 12, 31)}
NETWORK = draw_network("""
A---b#c---C
|   |     }
+->-D=====E
""", crossings={"processing_min": 30.0},
    countries=dict.fromkeys("AbD", "AAA") | dict.fromkeys("cCE", "BBB"))  # fmt: skip
TRAVELLERS = st.builds(
    TravellerClass,
    profile=st.sampled_from(["truck", "foot", "boat"]),
    kind=st.sampled_from(PEOPLE_KINDS),
    nationality=st.sampled_from(["AAA", "BBB"]),
)
TRUCK = TravellerClass(profile="truck", nationality="AAA")
METRICS = ("open", "time_min", "length_m", "cost_xof", "risk")
UNSHRUNK = (Phase.explicit, Phase.generate)


def scenario(*made, when=DAY):
    return Scenario(name="s", when=when, disruptions=made, **YEAR)


def on_edge(name, *effects, edge="A-b", kind="insecurity", **more):
    return Disruption(disruption_id=name, kind=kind, what=Selection(edge_ids=(edge,)),
                      effects=effects, **more)  # fmt: skip


def on_border(name, regime, *, into="", **more):
    return Disruption(disruption_id=name, kind="border", effects=(Regime(regime),),
                      what=Selection(crossing_ids=("b-c",), into=into), **more)  # fmt: skip


def under(network, laid, when=None, traveller=TRUCK, **options):
    return conditions(network, laid, when, traveller, **options)


def state(network, edge, *made, metric="time_min", forward=True, **options):
    """Return a metric of an edge: minutes, XOF, risk, or whether it is open."""
    found = under(network, scenario(*made), **options)
    arcs, row = network.arcs, int(network.edge_positions([edge])[0])
    arc = int(np.flatnonzero((arcs.edge == row) & (arcs.forward == forward))[0])
    costs = found.dense()
    if not costs.open[arc]:
        return None
    unit = {"time_min": 600, "length_m": 1, "cost_xof": 1, "risk": 1e6, "open": 1}[metric]
    return float(getattr(costs, metric)[arc]) / unit


def assert_same_costs(one: ArcCosts, two: ArcCosts):
    for metric in METRICS:
        left, right = getattr(one, metric), getattr(two, metric)
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


@given(network=networks(), data=st.data())
@settings(max_examples=8, phases=UNSHRUNK)
def test_an_empty_scenario_is_the_baseline_bit_for_bit(network, data):
    laid = data.draw(scenarios(network, opening=True))
    for _ in range(3):
        traveller, when = data.draw(TRAVELLERS), data.draw(DAYS)
        found = under(network, laid.baseline(), when, traveller)
        assert len(found.arc) == len(found.causes) == 0
        dense = found.dense()
        size = len(network.arcs)
        np.testing.assert_array_equal(dense.open, found.base.open[:size])
        np.testing.assert_array_equal(dense.access_open, found.base.open[size:])
        assert dense.access_open.all()
        usual = found.base.moving_min + found.base.wait_min
        np.testing.assert_array_equal(
            dense.time_min[dense.open], np.rint(usual[:size][dense.open] * 600)
        )
        np.testing.assert_array_equal(dense.access_time_min, usual[size:])
        assert not dense.risk.any()
        inactive = laid.without(ids=[d.disruption_id for d in laid.active(when)])
        assert_same_costs(under(network, inactive, when, traveller).dense(), dense)


@given(data=st.data(), opening=st.booleans())
@settings(max_examples=60)
def test_more_disruptions_make_no_arc_cheaper_and_open_none(data, opening):
    """Unless a regime says so: only arcs of crossings may open, and only by an opening one."""
    laid = data.draw(scenarios(NETWORK, most=3, opening=opening))
    more = data.draw(disruptions(NETWORK, disruption_id="more", opening=opening))
    both = dataclasses.replace(laid, disruptions=(*laid.disruptions, more))
    traveller = data.draw(TRAVELLERS)
    quiet = under(NETWORK, laid.baseline(), None, traveller).dense()
    one = under(NETWORK, laid, None, traveller).dense()
    two = under(NETWORK, both, None, traveller).dense()
    crossing = (NETWORK.edges["kind"] == "crossing").to_numpy()[NETWORK.arcs.edge]
    opened = two.open & ~one.open
    assert not opened[~crossing].any()
    if not opening:
        assert not opened.any()
        assert not (one.open & ~quiet.open).any()
    for before, after in ((quiet, one), (one, two)):
        same = before.open & after.open
        for metric in ("time_min", "cost_xof", "risk", "length_m"):
            assert (getattr(after, metric)[same] >= getattr(before, metric)[same]).all(), metric


@given(data=st.data())
@settings(max_examples=40)
def test_the_order_of_disruptions_does_not_matter(data):
    laid = data.draw(scenarios(NETWORK, most=4, opening=True))
    shuffled = dataclasses.replace(
        laid, disruptions=tuple(data.draw(st.permutations(laid.disruptions)))
    )
    traveller = data.draw(TRAVELLERS)
    one = under(NETWORK, laid, None, traveller)
    two = under(NETWORK, shuffled, None, traveller)
    assert_same_costs(one.dense(), two.dense())
    np.testing.assert_array_equal(one.arc, two.arc)
    np.testing.assert_array_equal(one.limited_arc, two.limited_arc)
    np.testing.assert_array_equal(one.capacity, two.capacity)
    pd.testing.assert_frame_equal(one.causes, two.causes)


@given(data=st.data())
@settings(max_examples=40)
def test_conditions_hold_what_differs_and_nothing_else(data):
    laid = data.draw(scenarios(NETWORK, most=4, opening=True))
    traveller = data.draw(TRAVELLERS)
    found = under(NETWORK, laid, None, traveller)
    base = found.base
    assert found.arc.tolist() == sorted(set(found.arc.tolist()))
    usual = (base.moving_min + base.wait_min)[found.arc]
    differs = (
        (found.open != base.open[found.arc])
        | (found.time_min != usual)
        | np.isin(found.arc, found.dearer_arc)
        | (found.risk > 0)
        | np.isin(found.arc, found.limited_arc)
    )
    assert differs.all()
    assert set(found.limited_arc) | set(found.dearer_arc) <= set(found.arc)
    road = found.dearer_arc[found.dearer_arc < len(NETWORK.arcs)]
    length = NETWORK.edges["length_m"].to_numpy()[NETWORK.arcs.edge[road]]
    assert (found.cost_xof[: len(road)] > length / 1000 * base.xof_per_km).all()
    assert (found.cost_xof > 0).all()
    assert (found.capacity < base.capacity[found.limited_arc]).all()
    hit = set(found.causes["edge_id"])
    size = len(NETWORK.arcs)
    ids = [
        NETWORK.edges["edge_id"].iloc[NETWORK.arcs.edge[arc]] if arc < size
        else NETWORK.accesses["access_id"].iloc[arc - size] for arc in found.arc
    ]  # fmt: skip
    assert set(ids) <= hit
    assert set(found.causes["disruption_id"]) <= {d.disruption_id for d in laid.active(found.when)}
    assert ((found.causes["share"] > 0) & (found.causes["share"] <= 1)).all()


@given(data=st.data())
@settings(max_examples=20)
def test_network_scenario_and_traveller_are_not_changed(data):
    laid = data.draw(scenarios(NETWORK, opening=True))
    tables = {s.name: getattr(NETWORK, s.name).copy() for s in NETWORK_TABLES}
    arcs = copy.deepcopy({name: getattr(NETWORK.arcs, name) for name in Arcs.__slots__})
    words = [repr(d) for d in laid.disruptions]
    found = under(NETWORK, laid, None, data.draw(TRAVELLERS))
    found.dense().time_min[:] = 7
    found.dense().open[:] = False
    found.edge_states()
    again = under(NETWORK, laid, None, found.traveller)
    assert_same_costs(found.dense(), again.dense())
    for name, before in tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(getattr(NETWORK, name)))
    for name, before in arcs.items():
        np.testing.assert_array_equal(before, getattr(NETWORK.arcs, name))
    assert words == [repr(d) for d in laid.disruptions]


class TestEffects:
    """A road of 40 km at 60 km/h: 40 min and 400 XOF by truck."""

    def test_baseline(self):
        assert state(NETWORK, "A-b") == 40
        assert state(NETWORK, "A-b", metric="cost_xof") == 400
        assert state(NETWORK, "A-b", metric="length_m") == 40_000
        assert state(NETWORK, "b-c") == 20 + 30

    def test_each_effect_alone(self):
        assert state(NETWORK, "A-b", on_edge("d", Closure())) is None
        assert state(NETWORK, "A-b", on_edge("d", SpeedFactor(0.5))) == 80
        assert state(NETWORK, "A-b", on_edge("d", ExtraWait(7))) == 47
        assert state(NETWORK, "A-b", on_edge("d", ExtraCost(5)), metric="cost_xof") == 600
        assert state(NETWORK, "A-b", on_edge("d", RiskCost(0.001)), metric="risk") == (
            pytest.approx(0.04)
        )

    def test_waiting_is_not_slowed_down(self):
        made = on_edge("d", SpeedFactor(0.5), edge="b-c")
        assert state(NETWORK, "b-c", made) == 2 * 20 + 30

    def test_several_effects_of_one_disruption_all_happen(self):
        made = on_edge("d", SpeedFactor(0.5), ExtraWait(10), RiskCost(0.01))
        assert state(NETWORK, "A-b", made) == 90
        assert state(NETWORK, "A-b", made, metric="risk") == pytest.approx(0.4)

    def test_capacity_is_multiplied(self):
        limited = NETWORK.replace_tables(
            crossings=NETWORK.crossings.assign(throughput_persons_per_day=200.0)
        )
        found = under(limited, scenario(on_edge("d", CapacityFactor(0.25), edge="b-c")))
        assert found.capacity.tolist() == [50.0, 50.0]
        assert found.open.all()

    def test_no_seats_at_all_is_closed(self):
        found = under(NETWORK, scenario(on_edge("d", CapacityFactor(0.0))))
        assert len(found.arc) == 2
        assert not found.open.any()
        assert not np.isnan(found.capacity).any()


class TestOverlaps:
    def test_the_lowest_speed_counts_not_the_product(self):
        one, two = on_edge("x", SpeedFactor(0.5)), on_edge("y", SpeedFactor(0.8))
        assert state(NETWORK, "A-b", one, two) == 80

    def test_closed_wins(self):
        made = [on_edge("x", SpeedFactor(0.5)), on_edge("y", Closure()), on_edge("z", ExtraWait(1))]
        for order in itertools.permutations(made):
            assert state(NETWORK, "A-b", *order) is None

    def test_risks_waits_and_costs_add_up(self):
        made = [on_edge(name, RiskCost(0.001), ExtraWait(5), ExtraCost(1)) for name in "xyz"]
        assert state(NETWORK, "A-b", *made, metric="risk") == pytest.approx(0.12)
        assert state(NETWORK, "A-b", *made) == 55
        assert state(NETWORK, "A-b", *made, metric="cost_xof") == 520

    def test_the_lowest_capacity_counts(self):
        limited = NETWORK.replace_tables(
            crossings=NETWORK.crossings.assign(throughput_persons_per_day=200.0)
        )
        made = [on_edge("x", CapacityFactor(0.5), edge="b-c"),
                on_edge("y", CapacityFactor(0.25), edge="b-c")]  # fmt: skip
        assert set(under(limited, scenario(*made)).capacity) == {50.0}

    def test_every_regime_must_let_people_pass(self):
        refugee = dataclasses.replace(TRUCK, kind="refugee")
        both = [on_border("x", "refugees_only"), on_border("y", "nationals_only")]
        assert state(NETWORK, "b-c", both[0], traveller=refugee) is not None
        assert state(NETWORK, "b-c", *both, traveller=refugee) is None
        assert state(NETWORK, "b-c", on_border("x", "open"), on_border("y", "closed")) is None

    def test_an_open_regime_does_not_open_what_else_is_closed(self):
        made = [on_border("x", "open"), on_edge("y", Closure(), edge="b-c")]
        assert state(NETWORK, "b-c", *made) is None


class TestDirections:
    def test_forward_and_backward_are_along_the_line(self):
        for direction, open_ in (("forward", (None, 40)), ("backward", (40, None)),
                                 ("both", (None, None))):  # fmt: skip
            what = Selection(edge_ids=("A-b",), direction=direction)
            made = Disruption(disruption_id="d", kind="road", what=what, effects=(Closure(),))
            found = tuple(state(NETWORK, "A-b", made, forward=way) for way in (True, False))
            assert found == open_

    def test_a_one_way_edge_has_no_way_back_to_hit(self):
        what = Selection(edge_ids=("A-D",), direction="backward")
        made = Disruption(disruption_id="d", kind="road", what=what, effects=(Closure(),))
        assert len(under(NETWORK, scenario(made)).arc) == 0

    def test_into_a_country_only(self):
        made = on_border("d", "closed", into="BBB")
        assert state(NETWORK, "b-c", made, forward=True) is None
        assert state(NETWORK, "b-c", made, forward=False) == 50


class TestDates:
    def test_first_and_last_day_are_included(self):
        first, last = dt.date(2013, 1, 14), dt.date(2013, 2, 21)
        made = on_edge("d", Closure(), start=first, end=last)
        day = dt.timedelta(days=1)
        for when, shut in ((first - day, False), (first, True), (last, True), (last + day, False)):
            assert (state(NETWORK, "A-b", made, when=when) is None) is shut, when

    def test_open_ends_hold_for_ever(self):
        for dates in ({}, {"start": dt.date(2013, 1, 1)}, {"end": dt.date(2013, 12, 31)}):
            made = on_edge("d", Closure(), **dates)
            for when in (YEAR["start"], DAY, YEAR["end"]):
                assert state(NETWORK, "A-b", made, when=when) is None

    @pytest.mark.parametrize("when", ["2012-12-31", "2014-01-01", dt.date(2014, 1, 1), "soon",
                                      "20/01/2013", ""])  # fmt: skip
    def test_a_day_outside_the_calendar_is_refused(self, when):
        with pytest.raises(CalendarError) as caught:
            under(NETWORK, scenario(), when)
        assert isinstance(caught.value, ScenarioError)

    def test_the_first_and_the_last_day_of_the_calendar_are_in_it(self):
        for when in YEAR.values():
            assert under(NETWORK, scenario(), when).when == when
            assert under(NETWORK, scenario(), when.isoformat()).when == when

    def test_calendars_that_cannot_be_are_refused(self):
        with pytest.raises(CalendarError, match="before it starts"):
            Scenario(name="s", when=DAY, start=DAY, end=DAY - dt.timedelta(days=1))
        with pytest.raises(CalendarError, match="outside the calendar"):
            Scenario(name="s", when=dt.date(2012, 1, 1), **YEAR)
        with pytest.raises(CalendarError, match="before it starts"):
            on_edge("d", Closure(), start=DAY, end=DAY - dt.timedelta(days=1))
        assert on_edge("d", Closure(), start=DAY, end=DAY).active(DAY)


class TestWho:
    @pytest.mark.parametrize(
        ("who", "meant"),
        [
            (Who(), True),
            (Who(profiles=("truck", "foot")), True),
            (Who(profiles=("foot",)), False),
            (Who(kinds=("refugee",)), True),
            (Who(kinds=("idp",)), False),
            (Who(nationalities=("AAA",)), True),
            (Who(nationalities=("BBB",)), False),
            (Who(exposure_classes=("x",)), True),
            (Who(exposure_classes=("y",)), False),
            (Who(profiles=("truck",), kinds=("refugee",), nationalities=("AAA",)), True),
            (Who(profiles=("truck",), kinds=("refugee",), nationalities=("BBB",)), False),
        ],
    )
    def test_every_trait_that_is_named_must_fit(self, who, meant):
        traveller = TravellerClass(profile="truck", kind="refugee", nationality="AAA",
                                   exposure_class="x")  # fmt: skip
        made = on_edge("d", Closure(), who=who)
        found = under(NETWORK, scenario(made), None, traveller)
        assert (len(found.arc) > 0) is meant
        assert (len(found.causes) > 0) is meant

    def test_people_without_a_label_are_not_targeted_by_it(self):
        made = on_edge("d", Closure(), who=Who(exposure_classes=("x",)))
        assert len(under(NETWORK, scenario(made)).arc) == 0

    def test_unknown_kinds_are_named(self):
        with pytest.raises(ScenarioError, match="did you mean 'refugee'"):
            Who(kinds=("refugees",))


class TestWithout:
    MADE = scenario(
        on_edge("i", Closure()), on_edge("f", Closure(), kind="flood"), on_border("b", "closed")
    )

    def test_kinds_and_ids_are_left_out(self):
        assert [d.disruption_id for d in self.MADE.without(kinds=["flood"]).disruptions] == [
            "i", "b",
        ]  # fmt: skip
        assert [d.disruption_id for d in self.MADE.without(ids=["i", "b"]).disruptions] == ["f"]
        assert self.MADE.without().disruptions == self.MADE.disruptions
        assert self.MADE.baseline().disruptions == ()

    def test_the_scenario_itself_stays_as_it_is(self):
        self.MADE.without(kinds=["flood", "insecurity"])
        assert len(self.MADE.disruptions) == 3
        less = self.MADE.without(kinds=["flood"])
        assert (less.name, less.when, less.start) == ("s", DAY, YEAR["start"])

    def test_ids_are_unique(self):
        with pytest.raises(ScenarioError, match="must be unique: x"):
            scenario(on_edge("x", Closure()), on_border("x", "closed"))


class TestUnknownIds:
    @pytest.mark.parametrize(
        ("what", "who", "words"),
        [
            ({"edge_ids": ("A-bb",)}, {}, "no edge 'A-bb'; did you mean 'A-b'"),
            ({"crossing_ids": ("b-d",)}, {}, "no crossing 'b-d'; did you mean 'b-c'"),
            ({"refs": ("RN6",)}, {}, "no road number 'RN6'"),
            ({"countries": ("AAB",)}, {}, "no country 'AAB'; did you mean 'AAA'"),
            ({"crossing_ids": ("b-c",), "into": "BBC"}, {}, "no country 'BBC'; did you mean"),
            ({"edge_ids": ("A-b",)}, {"profiles": ("trucks",)}, "no travel profile 'trucks'"),
        ],
    )
    def test_whatever_is_named_must_be_there(self, what, who, words):
        made = Disruption(disruption_id="d", kind="border", what=Selection(**what),
                          effects=(Closure(),), who=Who(**who))  # fmt: skip
        with pytest.raises(UnknownIdError, match=words):
            under(NETWORK, scenario(made))

    def test_all_of_them_are_named_at_once(self):
        made = [on_edge("x", Closure(), edge="nowhere"), on_edge("y", Closure(), edge="A-bb")]
        with pytest.raises(UnknownIdError) as caught:
            scenario(*made).check(NETWORK)
        assert len(caught.value.problems) == 2


class TestStatesInWords:
    def states(self, *made, **options):
        table = under(NETWORK, scenario(*made), **options).edge_states()
        assert table["edge_id"].tolist() == NETWORK.edges["edge_id"].tolist()
        return table.set_index("edge_id")

    def test_without_disruptions(self):
        found = self.states()["state"].to_dict()
        assert found == {
            "A-D": "open", "A-b": "open", "C-E": "not_passable", "D-E": "open", "b-D": "open",
            "b-c": "open", "c-C": "open",
        }  # fmt: skip

    def test_the_worst_state_is_told(self):
        made = [on_edge("x", RiskCost(0.001)), on_edge("y", SpeedFactor(0.5), RiskCost(0.002),
                edge="b-D"), on_edge("z", Closure(), RiskCost(1), edge="D-E")]  # fmt: skip
        found = self.states(*made)
        assert found["state"][["A-b", "b-D", "D-E"]].tolist() == ["riskier", "slower", "closed"]
        assert found["risk_per_km"]["A-b"] == pytest.approx(0.001)
        assert found["risk_per_km"]["b-D"] == pytest.approx(0.002)
        assert found["speed_factor"]["b-D"] == pytest.approx(0.5)
        assert found["disruption_ids"][["A-b", "b-D", "D-E"]].tolist() == ["x", "y", "z"]
        assert pd.isna(found["disruption_ids"]["c-C"])

    def test_an_edge_closed_in_one_direction_is_told_partly_closed(self):
        found = self.states(on_border("d", "closed", into="BBB"))
        assert found["state"]["b-c"] == "partly_closed"

    def test_a_crossing_that_a_regime_opened_is_told_open(self):
        shut = NETWORK.replace_tables(crossings=NETWORK.crossings.assign(regime="closed"))
        found = under(shut, scenario(on_border("d", "open")))
        assert found.dense().open[found.arc].all()
        assert found.edge_states().set_index("edge_id").loc["b-c", "state"] == "open"


def test_closing_more_on_top_closes_both_directions_and_nothing_else():
    row = int(NETWORK.edge_positions(["A-b"])[0])
    found = under(NETWORK, scenario(), also_closed=[row]).dense()
    quiet = under(NETWORK, scenario()).dense()
    changed = np.flatnonzero(found.open != quiet.open)
    assert NETWORK.arcs.edge[changed].tolist() == [row, row]


def test_conditions_say_which_disruption_did_it():
    made = [on_edge("x", Closure()), on_edge("y", SpeedFactor(0.5)), on_border("z", "closed"),
            on_edge("later", Closure(), start=dt.date(2013, 6, 1))]  # fmt: skip
    found = under(NETWORK, scenario(*made)).causes
    assert found[["edge_id", "disruption_id", "kind", "effect"]].to_numpy().tolist() == [
        ["A-b", "x", "insecurity", "closed"], ["A-b", "y", "insecurity", "speed x 0.5"],
        ["b-c", "z", "border", "closed"],
    ]  # fmt: skip


def test_a_disruption_of_probability_below_one_counts_as_happening():
    assert state(NETWORK, "A-b", on_edge("d", Closure(), probability=0.1)) is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SpeedFactor(0), "use close"),
        (lambda: SpeedFactor(1.01), "at most 1"),
        (lambda: SpeedFactor(float("nan")), "speed_factor"),
        (lambda: ExtraWait(-1), "wait_min must be finite and >= 0, not -1"),
        (lambda: ExtraWait(float("inf")), "wait_min must be finite and >= 0, not inf"),
        (lambda: ExtraCost(-0.1), "cost_xof_per_km must be finite and >= 0, not -0.1"),
        (lambda: RiskCost(float("nan")), "risk_per_km must be finite and >= 0, not nan"),
        (lambda: CapacityFactor(1.5), "0 to 1"),
        (lambda: Regime("shut"), "unknown regime 'shut'; known: 'closed'"),
        (Selection, "nothing is selected"),
        (lambda: Selection(into="AAA"), "nothing is selected"),
        (lambda: Selection(edge_ids=("a",), direction="up"), "direction must be"),
        (lambda: Selection(edge_kinds=("raod",)), "did you mean 'road'"),
        (lambda: on_edge("d"), "has no effect"),
        (lambda: on_edge("d", Closure(), kind="war"), "unknown kind 'war'"),
        (lambda: on_edge("d", Closure(), probability=1.5), "probability must be 0 to 1"),
        (lambda: on_edge("d", Closure(), probability=float("nan")), "probability"),
        (lambda: on_edge("d", Regime("closed")), "a regime or opening hours need crossings"),
    ],
)
def test_values_out_of_range_are_refused_at_once(make, words):
    with pytest.raises(ScenarioError, match=words):
        make()


def test_few_baselines_of_a_large_network_are_kept(monkeypatch):
    network = draw_network("A---B")
    # the function of this name hides the module
    module = sys.modules["mobility_geo.scenario.conditions"]
    monkeypatch.setattr(module, "MOST_BASELINE_BYTES", 1)
    laid = Scenario(name="s", when=dt.date(2013, 1, 1), start=dt.date(2013, 1, 1),
                    end=dt.date(2013, 12, 31))  # fmt: skip
    days = [dt.date(2013, month, 1) for month in range(1, 13)]
    bases = [conditions(network, laid, day, TRUCK).base for day in days]
    # the last two are still there, the others were made anew
    assert conditions(network, laid, days[-1], TRUCK).base is bases[-1]
    assert conditions(network, laid, days[-2], TRUCK).base is bases[-2]
    assert conditions(network, laid, days[0], TRUCK).base is not bases[0]


def test_no_more_of_the_normal_year_is_held_than_is_allowed(monkeypatch):
    module = sys.modules["mobility_geo.scenario.conditions"]
    network = load_toy().network
    base = module.baseline_conditions(network, 1, TravellerClass(profile="foot", nationality="TOA"))
    bytes_of_a_month = base.moving_min.nbytes + base.units.time_min.nbytes
    del base
    monkeypatch.setattr(module, "MOST_BASELINE_BYTES", 3 * bytes_of_a_month)
    held = []
    for month in range(1, 13):
        for profile in network.profiles["profile"]:
            for nationality in ("TOA", "TOB"):
                who = TravellerClass(profile=str(profile), nationality=nationality)
                one = module.baseline_conditions(network, month, who)
                held.append(weakref.ref(one))
                del one
    alive = {id(one().moving_min) for one in held if one() is not None}
    assert 1 <= len(alive) <= 3
