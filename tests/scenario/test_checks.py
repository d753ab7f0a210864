"""What a scenario refuses when it meets a network and people, and what it only warns of."""

import datetime as dt
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from mobility_geo.datasets import load_toy
from mobility_geo.errors import CalendarError, InputError, ScenarioError, UnknownIdError
from mobility_geo.flows import ODMatrix, assign_all_or_nothing, choose_destinations
from mobility_geo.outcomes import catchments, reachable_waystations, solve_case
from mobility_geo.outcomes.reachable import main_traveller
from mobility_geo.outcomes.summaries import waystation_reach
from mobility_geo.scenario import (
    Closure,
    Disruption,
    Limits,
    Regime,
    Scenario,
    Selection,
    TravellerClass,
    Who,
    border_closure,
    flood,
    idle_disruptions,
    insecurity,
)
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import build_case

CASE = load_toy()
DAY = CASE.scenario.when
ROAD = Selection(edge_kinds=("road",))


def closing(what, **who):
    return Disruption(disruption_id="d", kind="road", what=what, effects=(Closure(),), source="x",
                      who=Who(**who))  # fmt: skip


def laid(*disruptions):
    return replace(CASE.scenario, disruptions=disruptions)


@pytest.mark.parametrize(
    ("field", "typo", "words"),
    [
        ("surfaces", ("pavd",), "no surface 'pavd'; did you mean 'paved'?"),
        ("road_classes", ("primry",), "no road class 'primry'; did you mean 'primary'?"),
        ("countries", ("TOX",), "no country 'TOX'; did you mean"),
        ("into", "tob", "into: no country 'tob'; did you mean 'TOB'?"),
        ("edge_ids", ("mid-sout",), "no edge 'mid-sout'; did you mean 'mid-south'?"),
        ("crossing_ids", ("gat",), "no crossing 'gat'; did you mean 'gate'?"),
        ("refs", ("RN16",), "no road number 'RN16'; none is known"),
    ],
)
def test_a_selection_of_what_is_not_there_is_refused(field, typo, words):
    made = Selection(**{"edge_kinds": ("road",), field: typo})
    with pytest.raises(UnknownIdError) as caught:
        laid(closing(made)).check(CASE.network)
    assert words in str(caught.value)
    with pytest.raises(UnknownIdError):
        CASE.with_scenario(laid(closing(made)))


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ({"nationalities": ("Toa",)}, "no nationality 'Toa'; did you mean 'TOA'?"),
        ({"exposure_classes": ("drivers",)}, "of any group 'drivers'; did you mean 'driver'?"),
        ({"profiles": ("trucks",)}, "no travel profile 'trucks'; did you mean 'truck'?"),
    ],
)  # fmt: skip
def test_people_who_are_not_there_are_refused(who, words):
    case = replace(CASE, groups=CASE.groups.assign(exposure_class="driver"))
    with pytest.raises(UnknownIdError) as caught:
        case.with_scenario(laid(closing(ROAD, **who)))
    assert words in str(caught.value)


def test_nationalities_of_groups_from_elsewhere_count():
    made = laid(closing(ROAD, nationalities=("FAR",)))
    with pytest.raises(UnknownIdError, match="no nationality 'FAR'"):
        CASE.with_scenario(made)
    case = replace(CASE, groups=CASE.groups.assign(nationality="FAR"))
    assert case.with_scenario(made).scenario is made


def test_words_that_every_network_may_have_are_not_refused():
    what = Selection(surfaces=("sand",), road_classes=("tertiary",))
    made = laid(closing(what))
    made.check(CASE.network)
    assert idle_disruptions(CASE.network, made) == ("d",)


BOW = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


@pytest.mark.parametrize(
    ("area", "words"),
    [
        (shapely.Point(0, 11.5), "must be a polygon or multipolygon, not a Point"),
        (shapely.LineString([(0, 11), (0, 12)]), "not a LineString"),
        (shapely.GeometryCollection([shapely.box(0, 0, 1, 1)]), "not a GeometryCollection"),
        ("POLYGON", "not a str"),
        (gpd.GeoSeries([shapely.box(0, 0, 1, 1)]), "must be a polygon"),
        (shapely.Polygon(), "is empty"),
        (shapely.MultiPolygon(), "is empty"),
        (BOW, "not valid"),
        (shapely.box(-50_000, 1_250_000, 50_000, 1_280_000), "longitude and latitude"),
        (shapely.box(170, 0, 190, 1), "spans 170 to 190"),
        (shapely.box(0, 80, 1, 91), "within 180 and 90 degrees"),
    ],
)
def test_an_area_that_would_hit_nothing_in_silence_is_refused(area, words):
    with pytest.raises(ScenarioError, match=words):
        insecurity(area, [Closure()])


def test_the_whole_world_is_an_area():
    assert insecurity(shapely.box(-180, -90, 180, 90), [Closure()]).what.area is not None


class TestIdleDisruptions:
    def test_what_hits_no_edge_is_named_and_what_hits_one_is_not(self):
        made = laid(flood(shapely.box(8, 8, 9, 9)), *CASE.scenario.disruptions)
        assert idle_disruptions(CASE.network, made) == ("flood",)
        assert idle_disruptions(CASE.network, CASE.scenario) == ()

    def test_only_those_of_the_day_count(self):
        far = flood(shapely.box(8, 8, 9, 9), start=dt.date(2013, 3, 1))
        assert idle_disruptions(CASE.network, laid(far), "2013-02-28") == ()
        assert idle_disruptions(CASE.network, laid(far), "2013-03-01") == ("flood",)

    def test_a_crossing_that_does_not_lead_there_is_not_hit(self):
        country = {"A": "AAA", "b": "AAA", "c": "BBB", "C": "BBB", "d": "BBB", "e": "CCC",
                   "E": "CCC"}  # fmt: skip
        network = draw_network("A-b#c-C---d#e-E", countries=country)
        for into, idle in (("AAA", ()), ("BBB", ()), ("CCC", ("border",)), ("", ())):
            made = replace(laid(border_closure(["b-c"], into=into)), name="into")
            assert idle_disruptions(network, made) == idle

    def test_the_results_warn(self):
        case = CASE.with_scenario(laid(flood(shapely.box(8, 8, 9, 9))))
        assert any("hitting no edge" in text and "flood" in text
                   for text in solve_case(case).warnings)  # fmt: skip
        assert not any("hitting no edge" in text for text in solve_case(CASE).warnings)


class TestDays:
    @pytest.mark.parametrize(
        "when",
        [dt.date(2013, 2, 3), dt.datetime(2013, 2, 3, 18, 30, tzinfo=dt.UTC),
         pd.Timestamp("2013-02-03 18:30"), "2013-02-03", " 2013-02-03 ", "2013-02-03T18:30",
         "20130203"],
    )  # fmt: skip
    def test_every_form_of_a_day_is_that_day(self, when):
        found = CASE.scenario.day(when)
        assert found == dt.date(2013, 2, 3)
        assert type(found) is dt.date

    @pytest.mark.parametrize(
        "when",
        ["", "tomorrow", "03/02/2013", "2013-02-30", 20130203, 1.5, True, pd.NaT, float("nan"),
         np.datetime64("2013-02-03"), dt.time(12), ["2013-02-03"], object()],
    )  # fmt: skip
    def test_anything_else_is_a_calendar_error(self, when):
        with pytest.raises(CalendarError, match="not a date"):
            CASE.scenario.day(when)

    def test_none_is_the_day_of_the_scenario(self):
        assert CASE.scenario.day(None) == DAY

    def test_the_calendar_itself_is_made_of_days(self):
        stamp = pd.Timestamp("2013-01-20 10:00")
        made = Scenario(name="x", when=stamp, start="2013-01-20", end=stamp)
        assert {type(day) for day in (made.when, made.start, made.end)} == {dt.date}
        with pytest.raises(CalendarError):
            Scenario(name="x", when=None, start=DAY, end=DAY)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), True, "1", [1], 10**400])
def test_limits_are_finite_numbers(value):
    for name in ("time_limit_h", "risk_limit", "unknown_after_days"):
        with pytest.raises(InputError, match=name):
            Limits(**{name: value})


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "1", True, None, 1001])
def test_the_scale_of_the_choice_is_a_number_above_0(value):
    with pytest.raises(InputError, match="logit_scale_per_h must be above 0"):
        replace(CASE, logit_scale_per_h=value)


def test_days_of_reports_are_whole_and_no_more_than_a_century():
    assert Limits(unknown_after_days=36_525).unknown_after_days == 36_525
    for days in (1.5, 36_526):
        with pytest.raises(InputError, match="unknown_after_days must be a whole number"):
            Limits(unknown_after_days=days)


@pytest.mark.parametrize(
    ("column", "typo", "near"),
    [("group_id", "river-bot", "river-boat"), ("origin_id", "rivertwn", "rivertown"),
     ("destination_id", "southtwn", "southtown")],
)  # fmt: skip
def test_flows_of_unknown_groups_and_places_are_refused(column, typo, near):
    table = choose_destinations(CASE).table.copy()
    table.loc[table["flow_persons"] > 0, column] = typo
    with pytest.raises(UnknownIdError) as caught:
        assign_all_or_nothing(CASE, ODMatrix(table=table))
    assert f"{typo!r}; did you mean {near!r}?" in str(caught.value)


def test_a_traveller_has_no_profile_and_nationality_of_its_own():
    for given in ({}, {"profile": "truck"}, {"nationality": "TOA"}):
        with pytest.raises(TypeError):
            TravellerClass(**given)


def test_without_groups_the_main_traveller_is_of_the_network():
    nobody = replace(CASE, groups=CASE.groups.iloc[:0])
    first = CASE.network.profiles["profile"].iloc[0]
    assert main_traveller(nobody) == TravellerClass(profile=first, nationality="TOA")
    assert solve_case(nobody).status.empty
    assert len(catchments(nobody)) == len(CASE.network.places)


def test_groups_alike_but_for_their_exposure_have_rows_of_their_own():
    network = draw_network("A---B---C")
    people = [{"place_id": "A", "persons": 10, "exposure_class": name}
              for name in ("driver", "woman", None)]  # fmt: skip
    stop = Disruption(disruption_id="d", kind="insecurity", what=Selection(edge_ids=("A-B",)),
                      effects=(Closure(),), who=Who(exposure_classes=("driver",)))  # fmt: skip
    case = build_case(network, people, ["C"], disruptions=[stop], stations=[{"place_id": "B"}])
    found = reachable_waystations(case)
    assert found["exposure_class"].isna().tolist() == [True, False]
    assert found["exposure_class"].dropna().tolist() == ["woman"]
    reach = waystation_reach(solve_case(case))
    assert reach["movers_in_reach_persons"].tolist() == [20]


@pytest.mark.parametrize(
    "make",
    [lambda: border_closure("fassala"), lambda: Selection(edge_ids="A-B"),
     lambda: Selection(edge_kinds="road"), lambda: Who(profiles="truck")],
    ids=["border_closure", "edge_ids", "edge_kinds", "profiles"],
)  # fmt: skip
def test_a_text_where_a_list_of_names_belongs_is_refused(make):
    with pytest.raises(ScenarioError, match="must be names in a list, not the text"):
        make()


def test_a_regime_on_roads_alone_is_idle():
    """A regime is of posts: on a road without one it does nothing, and somebody should be told."""
    crossing = CASE.network.edges["kind"] == "crossing"
    home = CASE.network.edges.loc[crossing, "country"].iloc[0]
    roads = Disruption(disruption_id="r", kind="border", effects=(Regime("closed"),),
                       what=Selection(countries=(home,), edge_kinds=("road",)))  # fmt: skip
    posts = replace(roads, disruption_id="p", what=Selection(countries=(home,)))
    assert idle_disruptions(CASE.network, laid(roads, posts)) == ("r",)
