"""Spans of days, and what may or may not happen: series and draws against plain loops."""

import dataclasses
import datetime as dt
import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.errors import CalendarError, ScenarioError
from mobility_geo.scenario import (
    Closure,
    Disruption,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    TravellerClass,
    calendar,
    change_days,
    condition_series,
    conditions,
    draw_happening,
    draw_scenarios,
)
from mobility_geo.testing import draw_network
from mobility_geo.testing.strategies import networks, scenarios

UNSHRUNK = (Phase.explicit, Phase.generate)
DAY = dt.timedelta(days=1)
START, END = dt.date(2012, 11, 3), dt.date(2013, 4, 20)
SEASONS = pd.DataFrame(
    [
        {"season_id": "rain", "label": "rain", "kinds": "track", "months": "12|1", "value": 0.5,
         "effect": "speed_factor", "source": "drawn"},
        {"season_id": "low", "label": "low water", "kinds": "river", "months": "1|2|3",
         "value": 0.0, "effect": "close", "source": "drawn"},
    ],
    columns=["season_id", "label", "kinds", "surfaces", "reaches", "rainfall_classes", "countries",
             "profiles", "all_season", "months", "effect", "value", "source"],
)  # fmt: skip
NETWORK = draw_network("""
A---b=====C
|   |     }
F---D~~~~~E
""", seasons=SEASONS)  # fmt: skip
BOAT = TravellerClass(profile="boat", nationality="AAA")
ARRAYS = ("arc", "open", "time_min", "cost_xof", "risk", "capacity", "shut_arc", "shut_start",
          "shut_end")  # fmt: skip


def days_from(start, end):
    return [start + number * DAY for number in range((end - start).days + 1)]


def assert_equal(one, two):
    for name in ARRAYS:
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name
    np.testing.assert_equal(dataclasses.asdict(one.base), dataclasses.asdict(two.base))
    assert [d.disruption_id for d in one.disruptions] == [d.disruption_id for d in two.disruptions]


@st.composite
def dated(draw, most=4):
    """Return scenarios whose disruptions begin and end in the calendar, before it or after it."""
    days = st.dates(START - 40 * DAY, END + 40 * DAY)
    made = []
    for number in range(draw(st.integers(0, most))):
        span = sorted(draw(st.tuples(days, days)))
        made.append(
            Disruption(
                disruption_id=f"d{number}", kind="flood",
                what=Selection(edge_ids=(draw(st.sampled_from(["A-b", "b-C", "C-E"])),)),
                effects=(draw(st.sampled_from([Closure(), SpeedFactor(0.5), RiskCost(0.1)])),),
                start=draw(st.sampled_from([None, span[0]])),
                end=draw(st.sampled_from([None, span[1], span[0]])),
                months=tuple(draw(st.sampled_from([(), (), (11, 1), (2,), (7,)]))),
            )
        )  # fmt: skip
    return Scenario(name="s", when=START, start=START, end=END, disruptions=tuple(made))


# ------------------------------------------------------------------ spans of days
@given(scenario=dated())
@settings(max_examples=10, phases=UNSHRUNK)
def test_a_series_is_the_conditions_of_every_day(scenario):
    periods = list(condition_series(NETWORK, scenario, BOAT))
    assert periods[0].start == START
    assert periods[-1].end == END
    for one, two in itertools.pairwise(periods):
        assert two.start == one.end + DAY
    held = {day: one for one in periods for day in days_from(one.start, one.end)}
    assert list(held) == days_from(START, END)
    for day, period in held.items():
        assert_equal(period.conditions, conditions(NETWORK, scenario, day, BOAT))


@given(network=networks(), data=st.data())
@settings(max_examples=6, phases=UNSHRUNK)
def test_a_series_over_any_network_and_scenario(network, data):
    """Seasons, borders and areas as well, on a few days of each period."""
    scenario = data.draw(scenarios(network, opening=True))
    days = sorted(data.draw(st.tuples(*[st.dates(scenario.start, scenario.end)] * 2)))
    who = data.draw(st.sampled_from([TravellerClass(profile=name, nationality="AAA")
                                     for name in ("truck", "foot", "boat")]))  # fmt: skip
    periods = list(condition_series(network, scenario, who, start=days[0], end=days[1]))
    assert (periods[0].start, periods[-1].end) == tuple(days)
    for one in periods:
        middle = one.start + (one.end - one.start) / 2
        for day in {one.start, middle, one.end}:
            assert_equal(one.conditions, conditions(network, scenario, day, who))


@given(scenario=dated(), data=st.data())
@settings(max_examples=40, phases=UNSHRUNK)
def test_change_days_are_where_what_holds_differs_from_the_day_before(scenario, data):
    first, last = sorted(data.draw(st.tuples(*[st.dates(START, END)] * 2)))

    def holds(day):
        seasons = {name for name, months in (("rain", (12, 1)), ("low", (1, 2, 3)))
                   if day.month in months}  # fmt: skip
        active = {
            one.disruption_id for one in scenario.disruptions
            if (one.start is None or day >= one.start) and (one.end is None or day <= one.end)
            and (not one.months or day.month in one.months)
        }  # fmt: skip
        return seasons, active

    want = [day for day in days_from(first, last) if day == first or holds(day) != holds(day - DAY)]
    assert list(change_days(NETWORK, scenario, first, last)) == want


def test_conditions_are_made_on_change_days_only(monkeypatch):
    asked = []

    def counted(network, scenario, when, traveller, **options):
        asked.append(when)
        return conditions(network, scenario, when, traveller, **options)

    monkeypatch.setattr(calendar, "conditions", counted)
    flood = Disruption(disruption_id="f", kind="flood", what=Selection(edge_ids=("A-b",)),
                       effects=(Closure(),), start=dt.date(2012, 12, 10),
                       end=dt.date(2013, 2, 14))  # fmt: skip
    scenario = Scenario(name="s", when=START, start=START, end=END, disruptions=(flood,))
    told = []
    periods = list(
        condition_series(NETWORK, scenario, BOAT, progress=lambda *step: told.append(step[1]))
    )
    assert asked == [
        START, dt.date(2012, 12, 1), dt.date(2012, 12, 10), dt.date(2013, 1, 1),
        dt.date(2013, 2, 1), dt.date(2013, 2, 15), dt.date(2013, 4, 1),
    ]  # fmt: skip
    assert [one.start for one in periods] == asked
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_a_series_begins_at_once_and_goes_on_when_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(calendar, "conditions", lambda *args: asked.append(args[2]))
    scenario = Scenario(name="s", when=START, start=START, end=END)
    series = condition_series(NETWORK, scenario, BOAT)
    assert asked == []
    next(series)
    assert asked == [START]


def test_a_span_of_one_day():
    scenario = Scenario(name="s", when=START, start=START, end=END)
    (period,) = condition_series(NETWORK, scenario, BOAT, start=END, end=END)
    assert (period.start, period.end) == (END, END)


def test_days_of_another_form_are_days():
    """A stamp of pandas and text in ISO form are days wherever a day is."""
    scenario = Scenario(name="s", when=START, start=START, end=END)
    (period,) = condition_series(
        NETWORK, scenario, BOAT, start=pd.Timestamp("2013-02-03 18:30"), end="2013-02-05"
    )
    assert (type(period.start), type(period.end)) == (dt.date, dt.date)
    assert (period.start, period.end) == (dt.date(2013, 2, 3), dt.date(2013, 2, 5))


def test_spans_that_cannot_be_are_refused():
    scenario = Scenario(name="s", when=START, start=START, end=END)
    for start, end, words in (
        (END, START, "before it starts"), (START - DAY, END, "outside the calendar"),
        (START, END + DAY, "outside the calendar"),
    ):  # fmt: skip
        with pytest.raises(CalendarError, match=words):
            change_days(NETWORK, scenario, start, end)
        with pytest.raises(CalendarError, match=words):
            next(condition_series(NETWORK, scenario, BOAT, start=start, end=end))


def test_the_last_day_that_there_is():
    last = dt.date(9999, 12, 31)
    flood = Disruption(disruption_id="f", kind="flood", what=Selection(edge_ids=("A-b",)),
                       effects=(Closure(),), end=last)  # fmt: skip
    first = dt.date(9999, 11, 30)
    scenario = Scenario(name="s", when=last, start=first, end=last, disruptions=(flood,))
    assert change_days(NETWORK, scenario, first, last) == (first, dt.date(9999, 12, 1))


# ------------------------------------------------------------------ draws
def chances(*probabilities, groups=None):
    groups = groups or [""] * len(probabilities)
    made = tuple(
        Disruption(disruption_id=f"d{i}", kind="flood", what=Selection(edge_ids=("A-b",)),
                   effects=(Closure(),), probability=p, group=group)
        for i, (p, group) in enumerate(zip(probabilities, groups, strict=True))
    )  # fmt: skip
    return Scenario(name="s", when=START, start=START, end=END, disruptions=made)


def happening(scenario, draws, seed=1, correlation=1.0):
    """Return whether each disruption happens in each of many draws."""
    return draw_happening(scenario, draws, seed=seed, correlation=correlation)


MIXED = chances(0.2, 0.5, 0.9, 0.3, 0.5, 1.0, 0.0, groups=["x", "x", "x", "y", "y", "x", "x"])
CORRELATIONS = (0.0, 0.4, 1.0)


@given(seed=st.integers(0, 2**32), correlation=st.sampled_from(CORRELATIONS), data=st.data())
@settings(max_examples=25, phases=UNSHRUNK)
def test_the_seed_decides_and_the_order_of_rows_does_not(seed, correlation, data):
    turned = dataclasses.replace(
        MIXED, disruptions=tuple(data.draw(st.permutations(MIXED.disruptions)))
    )
    one, two = (happening(MIXED, 3, seed, correlation) for _ in range(2))
    three = happening(turned, 3, seed, correlation)
    assert (one == two).all()
    at = [turned.disruptions.index(d) for d in MIXED.disruptions]
    assert (three[:, at] == one).all()
    assert one[:, 5].all()
    assert not one[:, 6].any()


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_what_is_lifted_or_added_changes_nothing_of_the_others(correlation):
    """Options are compared draw by draw: common random numbers."""
    whole = happening(MIXED, 50, 3, correlation)
    for gone in range(len(MIXED.disruptions)):
        fewer = MIXED.without(ids=[f"d{gone}"])
        assert (happening(fewer, 50, 3, correlation) == np.delete(whole, gone, axis=1)).all()


def test_more_draws_begin_with_the_same_ones():
    assert (happening(MIXED, 20, 3, 0.4)[:7] == happening(MIXED, 7, 3, 0.4)).all()


def test_what_is_drawn_are_the_same_objects_in_the_same_order():
    for drawn, _ in draw_scenarios(MIXED, 20, seed=4):
        kept = [one for one in MIXED.disruptions if one in drawn.disruptions]
        assert [id(one) for one in drawn.disruptions] == [id(one) for one in kept]
        assert (drawn.name, drawn.when, drawn.start, drawn.end) == ("s", START, START, END)
    assert len(MIXED.disruptions) == 7


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_each_happens_as_often_as_its_probability_says(correlation):
    """Five standard deviations of a binomial count: a false alarm in two million."""
    draws = 2_000
    often = happening(MIXED, draws, correlation=correlation).sum(axis=0)
    for one, count in zip(MIXED.disruptions, often, strict=True):
        p = one.probability
        assert abs(count - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)), one.disruption_id


def test_wholly_correlated_the_likelier_always_happens_if_the_other_does():
    found = happening(MIXED, 500)
    for group in ((0, 1, 2), (3, 4)):
        for less, more in itertools.pairwise(group):
            assert (found[:, less] <= found[:, more]).all()
    assert (found[:, 0] != found[:, 1]).any()


def test_without_correlation_all_are_independent():
    draws = 3_000
    found = happening(chances(0.5, 0.5, 0.5, groups=["x", "x", ""]), draws, correlation=0.0)
    for one, two in itertools.combinations(range(3), 2):
        both = int((found[:, one] & found[:, two]).sum())
        assert abs(both - draws / 4) <= 5 * np.sqrt(draws * 0.25 * 0.75)


def test_groups_are_independent_of_each_other_and_of_what_has_none():
    draws = 3_000
    scenario = chances(0.5, 0.5, 0.5, 0.5, groups=["x", "y", "", ""])
    found = happening(scenario, draws)
    for one, two in itertools.combinations(range(4), 2):
        both = int((found[:, one] & found[:, two]).sum())
        assert abs(both - draws / 4) <= 5 * np.sqrt(draws * 0.25 * 0.75)


def test_correlation_is_between_none_and_whole():
    """Both of two even chances happen with 1/4 + asin(c) / (2 pi): 1/3 at a half."""
    draws = 3_000
    scenario = chances(0.5, 0.5, groups=["x", "x"])
    found = happening(scenario, draws, correlation=0.5)
    both = int(found.all(axis=1).sum())
    assert abs(both - draws / 3) <= 5 * np.sqrt(draws * 2 / 9)


@given(seed=st.integers(0, 99), draws=st.integers(1, 60),
       correlation=st.sampled_from(CORRELATIONS))  # fmt: skip
@settings(max_examples=15, phases=UNSHRUNK)
def test_many_draws_are_counted_once_each(seed, draws, correlation):
    found = draw_scenarios(MIXED, draws, seed=seed, correlation=correlation)
    counts = [times for _, times in found]
    assert sum(counts) == draws
    assert counts == sorted(counts, reverse=True)
    one_by_one = Counter(
        frozenset(f"d{at}" for at in np.flatnonzero(row))
        for row in happening(MIXED, draws, seed, correlation)
    )
    assert {frozenset(d.disruption_id for d in one.disruptions): times
            for one, times in found} == one_by_one  # fmt: skip


def test_what_is_certain_is_drawn_once():
    found = draw_scenarios(chances(1.0, 0.0), 50, seed=0)
    assert [([d.disruption_id for d in one.disruptions], n) for one, n in found] == [(["d0"], 50)]
    assert draw_scenarios(chances(), 3, seed=0)[0][1] == 3


@pytest.mark.parametrize("correlation", [-0.1, 1.1, float("nan")])
def test_a_correlation_that_cannot_be_is_refused(correlation):
    for draw in (draw_happening, draw_scenarios):
        with pytest.raises(ScenarioError, match="correlation must be 0 to 1"):
            draw(MIXED, 2, seed=0, correlation=correlation)


@pytest.mark.parametrize("draws", [0, -3])
def test_no_draws_are_refused(draws):
    with pytest.raises(ScenarioError, match="draws must be at least 1"):
        draw_scenarios(MIXED, draws, seed=0)
