"""Way stations within reach, catchments, published figures, and answers in words."""

import datetime as dt

import pandas as pd
import pytest
import shapely

from mobility_geo.datasets import load_toy
from mobility_geo.errors import CalendarError, InputError, UnknownIdError
from mobility_geo.outcomes import (
    catchments,
    compare_with_targets,
    explain,
    find_stranded,
    reachable_waystations,
    solve_case,
)
from mobility_geo.outcomes.reachable import main_traveller
from mobility_geo.scenario import (
    Closure,
    Disruption,
    Limits,
    RiskCost,
    Selection,
    SpeedFactor,
    TravellerClass,
    border_closure,
    insecurity,
)
from mobility_geo.schema import REACHABLE
from mobility_geo.testing import build_case, draw_network

LINE = draw_network("A---B------C===D")  # 40 min, 70 min, 80 min by truck
ALL = [{"place_id": name} for name in "ABCD"]


def on_edges(*edges, effect=None, kind="insecurity", **more):
    return Disruption(disruption_id="+".join(edges), kind=kind, what=Selection(edge_ids=edges),
                      effects=(effect or Closure(),), **more)  # fmt: skip


def reach(case, place="A", **options):
    found = reachable_waystations(case, **options)
    rows = found[found["place_id"] == place]
    assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
    return dict(zip(rows["waystation_id"].str[-1], rows["time_min"].round(6), strict=True))


class TestWayStations:
    def test_nearest_first_with_minutes_by_hand(self):
        case = build_case(LINE, {"A": 10}, "D", stations=ALL)
        assert reach(case) == {"A": 0, "B": 40, "C": 110, "D": 190}
        row = reachable_waystations(case).iloc[3]
        assert (row["length_m"], row["cost_xof"], row["modes"]) == (150_000, 1500, "road>track")
        assert reachable_waystations(case)["modes"].iloc[0] == "at the place"

    def test_each_way_of_travelling_has_its_own_rows(self):
        people = [{"place_id": "A", "persons": 1}, {"place_id": "A", "persons": 1,
                  "profile": "foot"}, {"place_id": "B", "persons": 1}]  # fmt: skip
        case = build_case(LINE, people, "D", stations=ALL)
        found = reachable_waystations(case)
        assert len(found) == 12
        assert not found.duplicated(subset=list(REACHABLE.key)).any()
        foot = found[found["profile"] == "foot"].set_index("waystation_id")["time_min"]
        assert foot["station-B"] == pytest.approx(400)

    def test_groups_with_labels_have_rows_of_their_own(self):
        people = [{"place_id": "A", "persons": 1, "exposure_class": label} for label in "xy"]
        case = build_case(LINE, people, "D", stations=[{"place_id": "B"}])
        assert reachable_waystations(case)["exposure_class"].tolist() == ["x", "y"]

    def test_a_station_that_cannot_be_reached_has_no_row(self):
        case = build_case(LINE, {"A": 10}, "D", stations=ALL, disruptions=[on_edges("B-C")])
        assert reach(case) == {"A": 0, "B": 40}
        row = reachable_waystations(case).iloc[1]
        assert row["baseline_time_min"] == row["time_min"]

    def test_slower_ways_are_told_with_the_usual_time(self):
        slow = on_edges("A-B", effect=SpeedFactor(0.5))
        case = build_case(LINE, {"A": 10}, "D", stations=ALL, disruptions=[slow])
        row = reachable_waystations(case).set_index("waystation_id").loc["station-B"]
        assert (row["time_min"], row["baseline_time_min"]) == (
            pytest.approx(80), pytest.approx(40),
        )  # fmt: skip

    @pytest.mark.parametrize(("hours", "expected"), [(40 / 60, "AB"), (0.66, "A"), (3.2, "ABCD")])
    def test_time_limits_are_honoured_to_the_minute(self, hours, expected):
        case = build_case(LINE, {"A": 10}, "D", stations=ALL, limits=Limits(time_limit_h=hours))
        assert "".join(reach(case)) == expected
        people = [{"place_id": "A", "persons": 1, "time_limit_h": hours}]
        assert "".join(reach(build_case(LINE, people, "D", stations=ALL))) == expected

    @pytest.mark.parametrize(
        ("limit", "expected"), [(0.08, "ABCD"), (0.079, "ABC"), (0.04, "ABC"), (0.0399, "A")]
    )
    def test_no_station_is_offered_over_the_risk_limit(self, limit, expected):
        risky = [on_edges(edge, effect=RiskCost(0.001)) for edge in ("A-B", "C-D")]  # 0.04 each
        case = build_case(LINE, {"A": 10}, "D", stations=ALL, disruptions=risky,
                          limits=Limits(risk_limit=limit))  # fmt: skip
        assert "".join(reach(case)) == expected

    def test_of_groups_that_travel_alike_the_strictest_counts(self):
        people = [{"place_id": "A", "persons": 1, "time_limit_h": limit} for limit in (9.0, 1.0)]
        assert "".join(reach(build_case(LINE, people, "D", stations=ALL))) == "AB"

    @pytest.mark.parametrize(
        ("when", "expected"),
        [("2013-01-31", "A"), ("2013-02-01", "AB"), ("2013-03-31", "AB"), ("2013-04-01", "A")],
    )
    def test_stations_work_on_their_days(self, when, expected):
        stations = [{"place_id": "A"}, {"place_id": "B", "open_from": "2013-02-01",
                                        "open_until": "2013-03-31"}]  # fmt: skip
        case = build_case(LINE, {"A": 10}, "D", stations=stations)
        assert "".join(reach(case, when=when)) == expected

    def test_no_station_is_offered_where_insecurity_closes_the_place(self):
        west, south, _, north = LINE.places.to_crs(4326).total_bounds
        area = shapely.box(west - 0.05, south - 0.05, west + 0.05, north + 0.05)
        front = insecurity(area, [Closure()])
        case = build_case(LINE, {"A": 10, "B": 1}, "D", stations=ALL, disruptions=[front])
        assert "A" not in reach(case)
        assert "A" not in reach(case, "B")
        assert "A" in reach(case, "A", scenario=case.scenario.baseline())

    def test_no_stations_and_no_groups_make_an_empty_table(self):
        assert len(reachable_waystations(build_case(LINE, {"A": 10}, "D"))) == 0
        assert len(reachable_waystations(build_case(LINE, [], "D", stations=ALL))) == 0
        with pytest.raises(CalendarError):
            reachable_waystations(build_case(LINE, {"A": 10}, "D"), when="2012-01-01")

    def test_only_one_base(self):
        people = [{"place_id": "A", "persons": 1}, {"place_id": "B", "persons": 1,
                                                    "base": "residents"}]  # fmt: skip
        case = build_case(LINE, people, "D", stations=ALL)
        for base, place in (("movers", "A"), ("residents", "B")):
            assert set(reachable_waystations(case, base=base)["place_id"]) == {place}


class TestCatchments:
    def nearest(self, case, **options):
        table = catchments(case, **options).set_index("place_id")
        assert table.index.tolist() == ["A", "B", "C", "D"]
        return table["waystation_id"].fillna("none").to_dict()

    def test_every_settlement_has_its_nearest_station(self):
        case = build_case(LINE, {"A": 10}, "D", stations=[{"place_id": "A"}, {"place_id": "D"}])
        assert self.nearest(case) == {"A": "station-A", "B": "station-A", "C": "station-D",
                                      "D": "station-D"}  # fmt: skip
        table = catchments(case).set_index("place_id")
        assert table["time_min"].round(6).to_dict() == {"A": 0, "B": 40, "C": 80, "D": 0}
        assert table["population_persons"].tolist() == [1000.0] * 4

    def test_a_closure_moves_the_border_between_them(self):
        case = build_case(LINE, {"A": 10}, "D", stations=[{"place_id": "A"}, {"place_id": "D"}],
                          disruptions=[on_edges("C-D")])  # fmt: skip
        assert self.nearest(case)["C"] == "station-A"

    def test_limits_leave_places_without_a_station(self):
        case = build_case(LINE, {"A": 10}, "D", stations=[{"place_id": "A"}],
                          limits=Limits(time_limit_h=1.0))  # fmt: skip
        assert self.nearest(case) == {"A": "station-A", "B": "station-A", "C": "none", "D": "none"}
        assert catchments(case)["time_min"].isna().tolist() == [False, False, True, True]

    def test_without_stations_nobody_has_one(self):
        assert set(self.nearest(build_case(LINE, {"A": 10}, "D")).values()) == {"none"}

    def test_who_travels_is_the_class_of_most_movers(self):
        people = [
            {"place_id": "A", "persons": 5, "profile": "truck"},
            {"place_id": "B", "persons": 4, "profile": "foot"},
            {"place_id": "C", "persons": 4, "profile": "foot"},
            {"place_id": "C", "persons": 900, "profile": "boat", "base": "residents"},
        ]
        case = build_case(LINE, people, "D")
        assert main_traveller(case) == TravellerClass(profile="foot", nationality="AAA",
                                                      kind="refugee")  # fmt: skip
        assert main_traveller(build_case(LINE, people[3:], "D")).profile == "boat"


BORDER = draw_network("A---b#c---C\n|\n|\nD", countries=dict.fromkeys("AbD", "AAA")
                      | dict.fromkeys("cC", "BBB"))  # fmt: skip


def target(measure, subject=None, **columns):
    return {"figure_id": f"{measure}:{subject}:{len(columns)}", "label": measure,
            "measure": measure, "subject": subject, "used_as_input": False, "source": "report",
            **columns}  # fmt: skip


def compared(case_of, *targets):
    case = case_of(pd.DataFrame(targets))
    found = solve_case(case).comparison
    assert found["figure_id"].tolist() == [row["figure_id"] for row in targets]
    return found


class TestPublishedFigures:
    """100 go from A: 40 min inside the country to D, 90 min abroad to C; 50 from C stay."""

    def case(self, targets, *disruptions, to="CD"):
        people = [{"place_id": "A", "persons": 100, "persons_low": 80, "persons_high": 150}]
        return build_case(BORDER, people, to, targets=targets, disruptions=disruptions)

    def modelled(self, *targets, to="CD", disruptions=()):
        return compared(lambda table: self.case(table, *disruptions, to=to), *targets)

    @pytest.mark.parametrize(
        ("measure", "subject", "to", "expected"),
        [
            ("share_abroad", "AAA", "C", 1.0),
            ("share_abroad", "AAA", "CD", 0.0),
            ("share_abroad", "BBB", "C", 0.0),
            ("share_abroad_by_country", "BBB", "C", 1.0),
            ("share_inside_by_region", "AAA1", "D", 1.0),
            ("persons_to_country", "BBB", "C", 100.0),
            ("persons_to_country", "BBB", "D", 0.0),
            ("persons_to_country", "BBB/A-", "C", 100.0),
            ("served_persons", None, "C", 100.0),
            ("reentry_persons", "AAA", "D", 0.0),
            ("reentry_persons", "BBB", "C", 0.0),
            ("held_at", "b-c", "C", 0.0),
            ("stranded_in_zone", "AAA1", "C", 0.0),
        ],
    )
    def test_by_hand(self, measure, subject, to, expected):
        found = self.modelled(target(measure, subject, value=expected), to=to)
        assert found["modelled"].tolist() == [expected]
        assert found["error"].tolist() == [0.0]
        assert found["verdict"].tolist() == ["error"]

    def test_the_logit_stands_beside_the_least_time(self):
        row = self.modelled(target("share_abroad", "AAA", value=0.25)).iloc[0]
        assert row["modelled"] == 0
        assert 0.4 < row["modelled_logit"] < 0.5
        assert (row["modelled_low"], row["modelled_high"]) == (0, row["modelled_logit"])
        assert row["error"] == -0.25
        assert row["error_logit"] == pytest.approx(row["modelled_logit"] - 0.25)

    def test_people_held_and_stranded(self):
        found = self.modelled(
            target("held_at", "b-c", low=50, high=90), target("held_at", "A", value=1),
            target("stranded_in_zone", "AAA1"), target("stranded_in_zone", "AAA1/refugee"),
            target("stranded_in_zone", "AAA1/pastoral"), target("stranded_in_zone", "BBB1"),
            to="C", disruptions=[border_closure(["b-c"])],
        )  # fmt: skip
        assert found["modelled"].tolist() == [100, 0, 100, 100, 0, 0]
        assert found["modelled_low"].tolist() == [80, 0, 80, 80, 0, 0]
        assert found["modelled_high"].tolist() == [150, 0, 150, 150, 0, 0]

    def test_people_held_where_they_are_count_there(self):
        found = self.modelled(target("held_at", "A", value=100), to="C",
                              disruptions=[on_edges("A-b")])  # fmt: skip
        assert found["modelled"].tolist() == [100]

    def test_names(self):
        found = self.modelled(
            target("main_crossing_into", "BBB", expected="b-c|x"),
            target("main_crossing_into", "AAA", expected="b-c"),
            target("route_exists", "A>C/truck", expected="yes"),
            target("route_exists", "A>C/boat/river", expected="yes"),
            target("route_exists", "D>C/truck", expected="no"), to="C",
        )  # fmt: skip
        assert found["modelled_text"].tolist() == ["b-c", "none", "yes", "no", "yes"]
        assert found["verdict"].tolist() == ["agrees", "differs", "agrees", "differs", "differs"]

    def test_a_way_out_and_back_in_is_a_re_entry(self):
        network = draw_network(
            "A-b#c-d#e-F", countries=dict.fromkeys("AbeF", "AAA") | dict.fromkeys("cd", "BBB")
        )
        table = pd.DataFrame([target("reentry_persons", "AAA", value=7)])
        case = build_case(network, {"A": 7}, "F", targets=table)
        assert solve_case(case).comparison["modelled"].tolist() == [7]

    def test_inputs_prove_nothing_and_gaps_are_gaps(self):
        found = self.modelled(
            target("served_persons", None, value=100, used_as_input=True),
            target("served_persons", None, expected="hundreds"),
            target("share_abroad_by_country", "BBB", value=0.5), to="D",
        )  # fmt: skip
        assert found["verdict"].tolist() == ["input", "not comparable", "not comparable"]

    def test_without_targets_there_is_nothing_to_compare(self):
        assert len(compare_with_targets(solve_case(load_toy()))) == 0

    def test_an_unknown_measure_is_named_with_the_nearest_one(self):
        with pytest.raises(InputError, match="did you mean 'served_persons'"):
            solve_case(self.case(pd.DataFrame([target("served_person")])))


class TestExplanations:
    def words(self, *disruptions, people=None, to="C", network=BORDER, **options):
        case = build_case(network, people or {"A": 1000}, to, disruptions=disruptions, **options)
        return explain(case, "Town A")

    def test_why_where_and_what_would_free_them(self):
        text = str(self.words(border_closure(["b-c"], disruption_id="algeria")))
        for part in ("1,000 people (1,000 to 1,000) at Town A by truck: stranded.",
                     "Normally they reach Town C in 1.7 h by road, over Post b-c.",
                     "crossing that is closed to them", "as far as Post b-c",
                     "Lifting border alone would free them", "not that it is safe",
                     "Closed on their usual way: algeria (closed)."):  # fmt: skip
            assert part in text, part

    def test_joint_causes_are_told_as_such(self):
        text = str(self.words(border_closure(["b-c"]), on_edges("A-b", kind="flood")))
        assert "only lifting several would free them" in text
        assert "A-b (closed)" in text
        assert "border (closed)" in text

    def test_people_who_can_still_go(self):
        text = str(self.words(on_edges("A-b", effect=SpeedFactor(0.5))))
        assert "can reach" in text
        assert "Now they reach Town C in 2.3 h" in text

    def test_people_of_whom_nothing_can_be_said(self):
        text = str(self.words(limits=Limits(unknown_after_days=1)))
        assert "unknown" in text
        assert "nobody has reported on" in text

    def test_residents(self):
        people = [{"place_id": "A", "persons": 3, "base": "residents"}]
        assert "3 residents" in str(self.words(border_closure(["b-c"]), people=people))

    def test_every_group_of_the_place_is_told(self):
        people = [{"place_id": "A", "persons": 3}, {"place_id": "A", "persons": 4,
                                                    "profile": "foot"}]  # fmt: skip
        found = self.words(people=people)
        assert "by truck" in str(found)
        assert "on foot" in str(found)
        assert found.place_id == "A"
        assert found._repr_markdown_().startswith("**Town A**")

    def test_a_status_at_hand_is_used(self):
        case = build_case(BORDER, {"A": 1000}, "C", disruptions=[border_closure(["b-c"])])
        status = find_stranded(case)
        assert explain(case, "A", status=status).sentences == explain(case, "A").sentences
        other = explain(case, "A", case.scenario.baseline(), dt.date(2013, 5, 1))
        assert "can reach" in str(other)

    def test_who_is_not_there_is_told(self):
        case = build_case(BORDER, {"A": 1000}, "C")
        with pytest.raises(UnknownIdError, match="did you mean"):
            explain(case, "Town Z")
        with pytest.raises(InputError, match="groups are at"):
            explain(case, "Town C")
