"""One constructed network per reason; what is to blame; isolated and unknown people."""

import datetime as dt

import pandas as pd
import pytest

from mobility_geo.outcomes import find_stranded, persons_freed
from mobility_geo.scenario import (
    Closure,
    Disruption,
    ExtraCost,
    Limits,
    RiskCost,
    Selection,
    SpeedFactor,
    Who,
    border_closure,
)
from mobility_geo.testing import assert_people_conserved, build_case, draw_network

JANUARY, AUGUST = dt.date(2013, 1, 20), dt.date(2013, 8, 20)


def shut(*edges, kind="insecurity", name=None, effect=None, **more):
    return Disruption(
        disruption_id=name or f"{kind}:{'+'.join(edges)}", kind=kind,
        what=Selection(edge_ids=edges), effects=(effect or Closure(),), **more,
    )  # fmt: skip


def ask(network, *disruptions, people=None, to="B", **options):
    case = build_case(network, people or {"A": 100}, to, disruptions=disruptions, **options)
    found = find_stranded(case)
    assert_people_conserved(found, case.groups)
    return found


def only(found, status="stranded"):
    assert found["status"].tolist() == [status], found[["status", "reason", "persons"]]
    return found.iloc[0]


def reason_of(found):
    row = only(found)
    assert row["reasons_all"].split("|")[0] == row["reason"]
    return row["reason"], row["reasons_all"].split("|")[1:]


ROAD = draw_network("A----B")
BORDER = draw_network("A--b#c--B")
RIVER = draw_network("""
A-----B
|     |
c~~~~~d
""")
DETOUR = draw_network("""
A----B
|    |
+----+
""")


class TestEachReason:
    def test_disconnected(self):
        assert reason_of(ask(ROAD, shut("A-B"))) == ("disconnected", [])

    @pytest.mark.parametrize(
        "closed", [border_closure(["b-c"]), border_closure(["b-c"], regime="nationals_only"),
                   border_closure(["b-c"], into="BBB")],
    )  # fmt: skip
    def test_border(self, closed):
        assert reason_of(ask(BORDER, closed)) == ("border", [])

    def test_border_closed_outright(self):
        closed = Disruption(disruption_id="d", kind="border", effects=(Closure(),),
                            what=Selection(crossing_ids=("b-c",)))  # fmt: skip
        assert reason_of(ask(BORDER, closed)) == ("border", [])

    def test_no_mode(self):
        assert reason_of(ask(RIVER, shut("A-B"))) == ("no_mode", [])

    def test_no_service(self):
        boats = [{"place_id": "A", "persons": 100, "profile": "boat"}]
        strike = shut("c-d", kind="service")
        assert reason_of(ask(RIVER, shut("A-B"), strike, people=boats)) == ("no_service", [])

    def test_over_risk(self):
        people = [{"place_id": "A", "persons": 100, "risk_limit": 0.049}]
        risky = shut("A-B", effect=RiskCost(0.001))
        assert reason_of(ask(ROAD, risky, people=people)) == ("over_risk", [])
        people[0]["risk_limit"] = 0.05
        assert only(ask(ROAD, risky, people=people), "can_reach")["risk"] == pytest.approx(0.05)

    def test_over_time(self):
        people = [{"place_id": "A", "persons": 100, "time_limit_h": 1.6}]
        slow = shut("A-B", effect=SpeedFactor(0.5))  # 100 min
        assert reason_of(ask(ROAD, slow, people=people)) == ("over_time", [])
        people[0]["time_limit_h"] = 100 / 60
        assert only(ask(ROAD, slow, people=people), "can_reach")["time_min"] == pytest.approx(100)

    def test_over_money(self):
        people = [{"place_id": "A", "persons": 100, "money_xof": 999.0}]
        dear = shut("A-B", effect=ExtraCost(10))  # 500 + 500 XOF
        assert reason_of(ask(ROAD, dear, people=people)) == ("over_money", [])
        people[0]["money_xof"] = 1000.0
        assert only(ask(ROAD, dear, people=people), "can_reach")["cost_xof"] == 1000

    def test_over_capacity(self):
        to = [{"place_id": "B", "capacity_persons": 30}, {"place_id": "C", "capacity_persons": 80}]
        found = ask(draw_network("A----B\n|\n|\nC"), shut("A-C"), to=to)
        assert found[["status", "persons", "reason", "reasons_all"]].fillna("").to_numpy(
        ).tolist() == [
            ["can_reach", 30, "", ""], ["stranded", 70, "over_capacity", "over_capacity"],
        ]  # fmt: skip
        assert found["capacity_checked"].tolist() == [True, True]


class TestOrder:
    """The first that holds, in the order of the domain; `reasons_all` keeps every one."""

    def test_a_closed_border_comes_before_what_happens_behind_it(self):
        people = [{"place_id": "A", "persons": 1, "time_limit_h": 0.1}]
        base = ask(BORDER, people=people)
        assert only(base, "isolated")["reason"] == "over_time"
        assert reason_of(ask(BORDER, border_closure(["b-c"])))[0] == "border"

    def test_no_path_comes_before_a_closed_border(self):
        found = ask(BORDER, border_closure(["b-c"]), shut("c-B"))
        assert reason_of(found) == ("disconnected", [])

    def test_a_border_on_one_way_and_no_boat_for_the_other(self):
        """Any mode would do without the border; the river needs a boat they lack."""
        network = draw_network("""
        A-b#c-B
        |     |
        d~~~~~e
        """, countries=dict.fromkeys("AbdeB", "AAA") | {"c": "BBB"})  # fmt: skip
        both = border_closure(["b-c"])
        network = network.replace_tables(
            nodes=network.nodes.assign(
                country=network.nodes["node_id"].map(
                    dict.fromkeys("Abd", "AAA") | dict.fromkeys("cBe", "BBB")
                )
            ),
            places=network.places.assign(country=["AAA", "BBB"], pcode="AAA1"),
        )
        assert reason_of(ask(network, both)) == ("no_mode", [])

    def test_budgets_are_told_in_their_order_and_each_by_itself(self):
        people = [{"place_id": "A", "persons": 1, "risk_limit": 0.0, "time_limit_h": 1.0,
                   "money_xof": 600.0}]  # fmt: skip
        all_at_once = Disruption(
            disruption_id="d", kind="insecurity", what=Selection(edge_ids=("A-B",)),
            effects=(RiskCost(0.1), SpeedFactor(0.5), ExtraCost(100)),
        )  # fmt: skip
        assert reason_of(ask(ROAD, all_at_once, people=people)) == (
            "over_risk", ["over_time", "over_money"],
        )  # fmt: skip
        people[0]["risk_limit"] = None
        assert reason_of(ask(ROAD, all_at_once, people=people)) == ("over_time", ["over_money"])

    def test_one_destination_is_too_risky_and_the_other_too_far(self):
        """No budget alone is exceeded everywhere: the first that leaves none is the reason."""
        network = draw_network("B---A----------------C")
        people = [{"place_id": "A", "persons": 1, "risk_limit": 0.01, "time_limit_h": 2.0}]
        risky = shut("B-A", effect=RiskCost(0.1))
        found = ask(network, risky, people=people, to="BC")
        assert reason_of(found) == ("over_time", [])

    def test_limits_of_the_case_count_for_groups_without_their_own(self):
        risky = shut("A-B", effect=RiskCost(0.001))
        people = [{"place_id": "A", "persons": 1}, {"place_id": "A", "persons": 2,
                                                    "risk_limit": 0.5}]  # fmt: skip
        found = ask(ROAD, risky, people=people, limits=Limits(risk_limit=0.01))
        assert found["status"].tolist() == ["stranded", "can_reach"]


class TestCauses:
    """Found by relaxing: drop one kind at a time and see who is freed."""

    def cause(self, found):
        row = only(found)
        return row["cause"], row["causes_all"]

    @pytest.mark.parametrize(
        ("kind", "cause"),
        [("insecurity", "insecurity"), ("mine", "insecurity"), ("flood", "flood"),
         ("season", "flood"), ("road", "other"), ("service", "service")],
    )  # fmt: skip
    def test_one_kind(self, kind, cause):
        assert self.cause(ask(ROAD, shut("A-B", kind=kind))) == (cause, cause)

    def test_a_border(self):
        assert self.cause(ask(BORDER, border_closure(["b-c"]))) == ("border", "border")

    def test_two_closures_in_a_row_are_to_blame_together(self):
        """Each is enough to cut the way; lifting either frees nobody."""
        network = draw_network("A---C---B")
        made = [shut("A-C"), shut("C-B", kind="flood")]
        assert self.cause(ask(network, *made)) == ("joint", "joint")
        case = build_case(network, {"A": 100}, "B", disruptions=made)
        assert persons_freed(case)["persons_freed"].tolist() == [0, 0]

    def test_two_closures_of_one_kind_in_a_row_are_that_kind(self):
        network = draw_network("A---C---B")
        made = [shut("A-C"), shut("C-B")]
        assert self.cause(ask(network, *made)) == ("insecurity", "insecurity")
        case = build_case(network, {"A": 100}, "B", disruptions=made)
        assert persons_freed(case)["persons_freed"].tolist() == [0, 0]

    def test_two_closures_side_by_side_free_by_either(self):
        made = [shut("A-B"), shut("A-B-2", kind="flood")]
        assert self.cause(ask(DETOUR, *made)) == ("either", "insecurity|flood")
        case = build_case(DETOUR, {"A": 100}, "B", disruptions=made)
        assert persons_freed(case)["persons_freed"].tolist() == [100, 100]

    def test_a_closure_that_does_not_matter_is_not_to_blame(self):
        network = draw_network("A----B\n|\nC")
        found = ask(network, shut("A-B"), shut("A-C", kind="flood"))
        assert self.cause(found) == ("insecurity", "insecurity")

    def test_a_closure_for_others_is_not_to_blame(self):
        made = [shut("A-B"), shut("A-B", kind="flood", who=Who(profiles=("foot",)))]
        assert self.cause(ask(ROAD, *made)) == ("insecurity", "insecurity")

    def test_causes_can_be_left_out(self):
        case = build_case(ROAD, {"A": 100}, "B", disruptions=[shut("A-B")])
        row = only(find_stranded(case, with_causes=False))
        assert pd.isna(row["cause"])
        assert row["reason"] == "disconnected"

    def test_people_are_freed_by_lifting_each_closure_alone(self):
        network = draw_network("A---B---C---D")
        made = [shut("A-B", name="near A"), shut("C-D", name="near D"),
                shut("B-C", name="later", start=dt.date(2013, 6, 1))]  # fmt: skip
        case = build_case(network, {"A": 100, "D": 7}, "B", disruptions=made)
        freed = persons_freed(case).set_index("disruption_id")["persons_freed"].to_dict()
        assert freed == {"near A": 100, "near D": 7, "later": 0}
        told = []
        persons_freed(case, progress=told.append)
        assert told == sorted(told)
        assert told[-1] == 1.0


def road_season(**row):
    fine = {"season_id": "s", "label": "Rain", "kinds": "road", "months": "7|8|9",
            "effect": "close", "value": 0.0, "source": "drawn"}  # fmt: skip
    return pd.DataFrame([{**fine, **row}])


class TestIsolated:
    """Could not even in the baseline: never blamed on the crisis."""

    def test_by_the_season(self):
        network = draw_network("A----B", seasons=road_season())
        row = only(ask(network, when=AUGUST), "isolated")
        assert (row["isolated_kind"], row["reason"]) == ("seasonal", "disconnected")
        assert pd.isna(row["cause"])
        assert pd.isna(row["held_name"])
        assert only(ask(network, when=JANUARY), "can_reach")["persons"] == 100

    def test_for_good(self):
        network = draw_network("A---C\n\nB---D", countries=dict.fromkeys("ABCD", "AAA"))
        assert only(ask(network), "isolated")["isolated_kind"] == "permanent"

    def test_a_closure_strands_nobody_who_was_isolated_before(self):
        network = draw_network("A----B", seasons=road_season())
        found = ask(network, shut("A-B"), when=AUGUST)
        assert only(found, "isolated")["isolated_kind"] == "seasonal"

    def test_by_the_season_with_a_destination_that_is_open_now_only(self):
        network = draw_network("A----B", seasons=road_season())
        to = [{"place_id": "B", "open_from": "2013-08-01", "open_until": "2013-08-31"}]
        assert only(ask(network, to=to, when=AUGUST), "isolated")["isolated_kind"] == "seasonal"

    def test_for_lack_of_places_is_neither_season_nor_geography(self):
        found = ask(ROAD, to=[{"place_id": "B", "capacity_persons": 40}])
        assert found[["status", "persons"]].to_numpy().tolist() == [
            ["can_reach", 40], ["isolated", 60],
        ]  # fmt: skip
        assert found["reason"].iloc[1] == "over_capacity"
        assert pd.isna(found["isolated_kind"].iloc[1])

    def test_residents_are_isolated_as_well(self):
        network = draw_network("A----B", seasons=road_season())
        people = [{"place_id": "A", "persons": 9, "base": "residents"}]
        assert only(ask(network, people=people, when=AUGUST), "isolated")["persons"] == 9


class TestUnknown:
    def test_a_place_beyond_the_network(self):
        far = ROAD.places.set_geometry(ROAD.places.geometry.translate(0, -90_000))
        far.loc[0, "geometry"] = ROAD.places.geometry.iloc[0]
        network = ROAD.replace_tables(
            places=far, accesses=ROAD.accesses[ROAD.accesses["place_id"] == "A"]
        )
        people = {"A": 10, "B": 20}
        found = ask(network, people=people, to="A").set_index("place_id")
        assert found["status"].to_dict() == {"A": "can_reach", "B": "unknown"}
        assert found["persons"].to_dict() == {"A": 10, "B": 20}

    def test_no_destination_that_can_be_told(self):
        to = [{"place_id": "B", "open_from": "2013-06-01"}]
        assert only(ask(ROAD, to=to), "unknown")["persons"] == 100

    @pytest.mark.parametrize(
        ("reported", "status"),
        [("2013-01-10", "can_reach"), ("2012-12-21", "can_reach"), ("2012-12-20", "unknown"),
         (None, "unknown")],
    )  # fmt: skip
    def test_answers_that_hang_on_an_old_report(self, reported, status):
        network = ROAD.replace_tables(edges=ROAD.edges.assign(state_reported_on=reported))
        found = ask(network, limits=Limits(unknown_after_days=30))
        assert only(found, status)["persons"] == 100
        assert only(ask(network), "can_reach")["persons"] == 100

    def test_a_second_way_with_a_fresh_report_is_enough(self):
        edges = DETOUR.edges.assign(state_reported_on=["2010-01-01", "2013-01-19"])
        network = DETOUR.replace_tables(edges=edges)
        found = ask(network, limits=Limits(unknown_after_days=30))
        assert only(found, "can_reach")["persons"] == 100

    def test_places_that_hang_on_old_reports_are_not_given_to_others(self):
        """60 of 100 find a place over a road of which nobody knows: all of these are unknown."""
        network = ROAD.replace_tables(edges=ROAD.edges.assign(state_reported_on="2010-01-01"))
        to = [{"place_id": "B", "capacity_persons": 60}]
        found = ask(network, to=to, limits=Limits(unknown_after_days=30))
        people = found.groupby("status")["persons"].sum().to_dict()
        assert people == {"unknown": 60, "isolated": 40}


def test_residents_are_cut_off_and_never_held():
    people = [{"place_id": "A", "persons": 9, "base": "residents", "kind": "resident"}]
    row = only(ask(ROAD, shut("A-B"), people=people), "cut_off")
    assert (row["reason"], row["cause"]) == ("disconnected", "insecurity")
    assert row[["held_node_id", "held_name", "held_kind", "held_crossing_id"]].isna().all()


def test_movers_and_residents_do_not_compete_for_places():
    to = [{"place_id": "B", "capacity_persons": 10}]
    people = [{"place_id": "A", "persons": 10}, {"place_id": "A", "persons": 10,
                                                 "base": "residents"}]  # fmt: skip
    assert ask(ROAD, people=people, to=to)["status"].tolist() == ["can_reach", "can_reach"]


def test_people_of_whom_only_a_high_figure_is_known_are_not_said_to_reach():
    people = [{"place_id": "A", "persons": 0, "persons_low": 0, "persons_high": 50}]
    row = only(ask(ROAD, shut("A-B"), people=people))
    assert (row["persons"], row["persons_low"], row["persons_high"]) == (0, 0, 50)
    assert only(ask(ROAD, people=people), "can_reach")["persons_high"] == 50


def test_low_and_high_figures_meet_the_capacity_themselves():
    people = [{"place_id": "A", "persons": 50, "persons_low": 40, "persons_high": 100}]
    found = ask(ROAD, people=people, to=[{"place_id": "B", "capacity_persons": 60}])
    table = found.set_index("status")[["persons_low", "persons", "persons_high"]]
    assert table.loc["can_reach"].tolist() == [40, 50, 60]
    assert table.loc["isolated"].tolist() == [0, 0, 40]


def test_people_who_are_at_a_destination_already_can_reach_it():
    row = only(ask(ROAD, shut("A-B"), to="A"), "can_reach")
    assert (row["time_min"], row["length_m"], row["destination_place_id"]) == (0, 0, "A")


def test_what_can_be_reached_is_told_with_its_costs():
    found = ask(BORDER, shut("A-b", effect=SpeedFactor(0.5)))
    row = only(found, "can_reach")
    assert (row["destination_place_id"], row["length_m"], row["cost_xof"]) == ("B", 80_000, 800)
    assert (row["time_min"], row["baseline_time_min"]) == (
        pytest.approx(30 * 2 + 20 + 30), pytest.approx(80),
    )  # fmt: skip


def test_another_scenario_and_day_can_be_asked():
    case = build_case(ROAD, {"A": 100}, "B",
                      disruptions=[shut("A-B", start=dt.date(2013, 2, 1))])  # fmt: skip
    assert only(find_stranded(case), "can_reach")["persons"] == 100
    assert only(find_stranded(case, when="2013-02-01"))["persons"] == 100
    assert only(find_stranded(case, case.scenario.baseline(), "2013-02-01"), "can_reach")[
        "persons"
    ] == 100  # fmt: skip
