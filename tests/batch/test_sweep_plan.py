"""Plans of a sweep: what is listed, what it is called, and what is refused before anything runs."""

import dataclasses
import datetime as dt
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.batch import (
    Answers,
    Draws,
    SingleClosures,
    calendar_days,
    make_plan,
    read_plan,
)
from mobility_geo.batch import plan as planning
from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError, ScenarioError

TOY = load_toy()


def chancy(probabilities, groups=("", "")):
    """Give the toy's two disruptions probabilities and groups."""
    scenario = TOY.scenario
    changed = tuple(
        dataclasses.replace(one, probability=p, group=g)
        for one, p, g in zip(scenario.disruptions, probabilities, groups, strict=True)
    )
    return TOY.with_scenario(dataclasses.replace(scenario, disruptions=changed))


def write(tmp_path, text):
    file = tmp_path / "plan.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_is_given_varies_in_every_combination():
    days = calendar_days(dt.date(2013, 2, 1), dt.date(2013, 2, 4))
    plan = make_plan(
        TOY, days=days, grid={"risk_limit": [0.1, 0.5], "time_limit_h": [10.0, float("inf")]},
        closures=SingleClosures(edges=["mid-south"], crossings="all"),
    )  # fmt: skip
    assert len(plan.scenarios) == 4 * 4 * 3
    assert plan.axes == ("calendar", "grid", "single_closures")
    assert len({one.scenario_id for one in plan.scenarios}) == len(plan.scenarios)
    assert len({one.content_hash for one in plan.scenarios}) == len(plan.scenarios)


def test_the_same_plan_has_the_same_ids_and_another_question_has_others():
    grid = {"risk_limit": [0.1]}
    one, again = (make_plan(load_toy(), grid=grid) for _ in range(2))
    other = make_plan(
        dataclasses.replace(TOY, limits=dataclasses.replace(TOY.limits, time_limit_h=5.0)),
        grid=grid,
    )
    shut = make_plan(TOY.with_scenario(TOY.scenario.without(ids=["front"])), grid=grid)
    assert one.plan_hash == again.plan_hash
    assert [s.scenario_id for s in one.scenarios] == [s.scenario_id for s in again.scenarios]
    assert len({one.plan_hash, other.plan_hash, shut.plan_hash}) == 3
    assert one.plan_hash != make_plan(TOY, grid=grid, answers=Answers(causes=True)).plan_hash


@settings(max_examples=20)
@given(
    start=st.dates(dt.date(2012, 1, 1), dt.date(2013, 12, 31)), length=st.integers(0, 120),
    step=st.sampled_from(["day", "dekad", "month"]),
)  # fmt: skip
def test_days_of_a_span_are_the_firsts_of_its_parts(start, length, step):
    days = calendar_days(start, start + dt.timedelta(days=length), step)
    every = [start + dt.timedelta(days=n) for n in range(length + 1)]

    def part(day):
        return {"day": day, "dekad": (day.year, day.month, min((day.day - 1) // 10, 2)),
                "month": (day.year, day.month)}[step]  # fmt: skip

    firsts = {}
    for day in every:
        firsts.setdefault(part(day), day)
    assert list(days) == list(firsts.values())


def test_draws_come_as_often_as_their_probabilities_say():
    plan = make_plan(chancy((0.3, 0.6)), draws=Draws(count=4000, seed=1))
    times = {one.happening: one.weight for one in plan.scenarios}
    assert sum(times.values()) == 4000
    assert set(times) == {(), ("front",), ("border",), ("border", "front")}
    # independent: the product of the probabilities, within four standard errors
    for names, p in {(): 0.28, ("front",): 0.12, ("border",): 0.42,
                     ("border", "front"): 0.18}.items():  # fmt: skip
        assert abs(times[names] / 4000 - p) < 4 * np.sqrt(p * (1 - p) / 4000)


def test_disruptions_of_one_group_fall_together():
    plan = make_plan(chancy((0.3, 0.6), ("one", "one")), draws=Draws(count=2000, seed=1))
    times = {one.happening: one.weight / 2000 for one in plan.scenarios}
    # the less likely one never comes alone
    assert set(times) == {(), ("border",), ("border", "front")}
    assert times["border", "front"] == pytest.approx(0.3, abs=0.04)
    assert times[()] == pytest.approx(0.4, abs=0.04)


def test_draws_that_differ_only_in_what_does_not_hold_on_the_day_are_one():
    # on 5 January neither the front nor the closed border holds yet
    plan = make_plan(chancy((0.5, 0.5)), days=[dt.date(2013, 1, 5)], draws=Draws(count=9, seed=1))
    assert [(one.happening, one.weight) for one in plan.scenarios] == [((), 9)]


def test_a_seed_gives_its_draws_and_another_one_others():
    case = chancy((0.3, 0.6))
    one, again, other = (make_plan(case, draws=Draws(count=300, seed=seed)) for seed in (5, 5, 6))
    weights = [Counter({s.happening: s.weight for s in p.scenarios}) for p in (one, again, other)]
    assert weights[0] == weights[1] != weights[2]
    assert one.plan_hash != other.plan_hash


# ------------------------------------------------------------------ what is refused
def test_a_plan_of_nothing_is_refused():
    with pytest.raises(ScenarioError, match="the plan has no scenarios: give a list, a calendar"):
        make_plan(TOY)


def test_a_plan_of_a_million_is_refused_before_it_is_listed():
    with pytest.raises(ScenarioError, match=r"has 1,000,000 scenarios; at most 100,000"):
        make_plan(TOY, grid={"risk_limit": list(range(1000)),
                             "logit_scale_per_h": [n / 1000 for n in range(1, 1001)]})  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"grid": {"risk_limit": [-1]}}, "risk_limit must be a finite number >= 0, not -1"),
        ({"grid": {"risk_limit": [float("nan")]}}, "risk_limit must be a finite number >= 0"),
        ({"grid": {"risk_limit_factor": [float("nan")]}}, "risk_limit_factor must be a number"),
        ({"grid": {"logit_scale_per_h": [0]}}, "logit_scale_per_h must be above 0"),
        ({"grid": {"risk_limits": [1]}}, "unknown parameter 'risk_limits'; did you mean"),
        ({"grid": {"without": [["frnt"]]}}, "no kind or id of a disruption is 'frnt'; did you"),
        ({"grid": {"risk_limit": []}}, "risk_limit has no values"),
        ({"days": [dt.date(1999, 1, 1)]}, "1999-01-01, lie outside the calendar of 'toy'"),
        ({"closures": SingleClosures(edges=["mid-suoth"])}, "no edge 'mid-suoth'; did you mean"),
        ({"closures": SingleClosures(crossings=["gaet"])}, "no crossing 'gaet'; did you mean"),
        ({"closures": SingleClosures()}, "nothing is closed"),
        ({"draws": Draws(count=5, seed=1)}, "has a probability between 0 and 1"),
        (
            {"scenarios": [TOY.scenario], "closures": SingleClosures(crossings="all")},
            "give one of list and single_closures",
        ),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_with_what_is_right(given_, message):
    with pytest.raises(InputError, match=message):
        make_plan(TOY, **given_)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Draws(count=0, seed=1), "count must be a whole number of at least 1"),
        (lambda: Draws(count=1, seed=-1), "seed must be a whole number of at least 0"),
        (lambda: Draws(count=1, seed=1, correlation=2), "correlation must be 0 to 1"),
        (lambda: Answers(tables=("statu",)), "unknown table 'statu'; did you mean"),
        (lambda: Answers(tables=()), "nothing is asked"),
        (lambda: Answers(tables=("skims",)), "origins and destinations of the skims go together"),
        (lambda: Answers(rules=("lgit",)), "unknown rule 'lgit'; did you mean"),
    ],
)
def test_wrong_wishes_are_refused(made, message):
    with pytest.raises(InputError, match=message):
        made()


def test_a_file_with_everything_is_read(tmp_path):
    plan = read_plan(
        write(
            tmp_path,
            """
            name = "everything"
            scenario = "mali-2013-01"
            [calendar]
            start = 2013-01-14
            end = 2013-02-10
            step = "dekad"
            [grid]
            risk_limit_factor = [0.5, inf]
            without = [[], ["insecurity"]]
            [single_closures]
            crossings = ["tinzawaten"]
            [answers]
            causes = true
            rules = ["least_time", "logit"]
            [skims]
            origins = ["Gao"]
            destinations = ["bamako"]
            """,
        )
    )
    assert (plan.name, len(plan.scenarios)) == ("everything", 3 * 2 * 2 * 2)
    assert plan.answers.tables[-1] == "skims"
    assert plan.answers.origins == ("gao",)


def test_a_list_takes_the_disruptions_and_days_of_other_files(tmp_path):
    plan = read_plan(
        write(
            tmp_path,
            'scenario = "mali-2013-01"\n[list]\nscenarios = ["mali-2012-04", "mali-2012-08"]',
        )
    )
    assert [one.when for one in plan.scenarios] == [s.when for s in plan.sources]
    assert [s.name for s in plan.sources] == ["mali-2012-04", "mali-2012-08"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 1", "key 'scenario' is missing"),
        ('scenario = "x"\n[gird]', "unknown key 'gird'; did you mean 'grid'"),
        ('scenario = "x"\n[draws]\ncount = 5', "key 'seed' is missing"),
        ('scenario = "x"\n[grid]\nrisk_limit = [-1]', "must be a list of numbers of at least 0"),
        ('scenario = "x"\n[grid]\nrisk_limit = [nan]', "must be a list of numbers of at least 0"),
        ('scenario = "x"\n[calendar]\nstart="1"', "start: must be a date such as 2013-01-20"),
        ('scenario = "mali-2013-1"\n[grid]\nrisk_limit=[1]', "no built-in scenario 'mali-2013-1'"),
        ("scenario = ", "not a TOML file"),
        ('scenario = "mali-2013-01"', "the plan has no scenarios"),
        ('scenario = "mali-2013-01"\n[single_closures]\nedges=["xx"]', "no edge 'xx'"),
        ('scenario = "mali-2013-01"\n[draws]\ncount=5\nseed=1', "between 0 and 1"),
        (
            'scenario = "mali-2013-01"\n[calendar]\nstart=2013-02-01\nend=2013-01-20',
            "ends on 2013-01-20, before it starts",
        ),
        (
            'scenario="x"\n[calendar]\nstart=2013-01-20\nend=2013-01-21\n[grid]\nwhen=[2013-01-20]',
            "not both",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path, text, message):
    with pytest.raises(ScenarioError, match=message) as caught:
        read_plan(write(tmp_path, text))
    assert "plan.toml" in str(caught.value)


def test_every_table_of_a_plan_file_is_known_at_the_top():
    assert set(planning.KEYS[""]) == {"name", "scenario", *list(planning.TAKES)[1:]}
