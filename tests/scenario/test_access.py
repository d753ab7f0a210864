"""Access constraints into disruptions."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import ScenarioError, SchemaError
from mobility_geo.scenario import Closure, RiskCost, SpeedFactor
from mobility_geo.scenario.access import disruptions_from_constraints, vehicle_profiles
from mobility_geo.schema import CONSTRAINTS, FINDINGS, check_table, conform
from mobility_geo.testing.drawing import draw_network

NETWORK = draw_network("A---b---C---D")
PROFILES = ["truck", "4x4", "foot", "foot_children_elderly", "livestock", "pinasse",
            "road_and_pinasse", "motorbike"]  # fmt: skip


def make(*rows):
    base = {
        "ref": None, "road_name": None, "from_place": "A", "to_place": "C", "state": "closed",
        "vehicle_classes": None, "months": None, "start": None, "end": None, "reported_on": None,
        "remarks": None, "source": "a road table", "confidence": "high",
    }  # fmt: skip
    table = pd.DataFrame([{"constraint_id": str(i), **base, **row} for i, row in enumerate(rows)])
    return conform(table, CONSTRAINTS)[0]


def test_states_become_effects():
    table = make(
        {}, {"state": "restricted", "months": "7"}, {"state": "open", "months": "6"},
        {"state": "unknown"},
    )  # fmt: skip
    made, findings = disruptions_from_constraints(NETWORK, table)
    assert [(one.disruption_id, one.effects) for one in made] == [
        ("access/0", (Closure(),)), ("access/1", (SpeedFactor(0.5),)),
    ]  # fmt: skip
    assert all(one.kind == "road" and one.what.edge_ids == ("A-b", "b-C") for one in made)
    assert made[0].confidence == "high"
    assert made[0].source == "a road table"
    check_table(findings, FINDINGS)
    assert findings.loc[findings["check"] == "state not known", "id"].tolist() == ["3"]
    own, _ = disruptions_from_constraints(
        NETWORK, table, effects={"restricted": [RiskCost(0.1)], "unknown": [SpeedFactor(0.9)]}
    )
    assert [one.effects for one in own] == [(Closure(),), (RiskCost(0.1),), (SpeedFactor(0.9),)]


def test_months_and_dates():
    table = make(
        {"months": "7|8|9"}, {"start": "2013-01-05", "end": "2013-02-01", "from_place": "D"},
        {"reported_on": "2013-01-10", "to_place": "b"},
        {"months": "6", "reported_on": "2013-01-10"},
    )  # fmt: skip
    made, _ = disruptions_from_constraints(NETWORK, table)
    assert (made[0].months, made[0].start) == ((7, 8, 9), None)
    assert (made[1].start, made[1].end) == (dt.date(2013, 1, 5), dt.date(2013, 2, 1))
    assert made[2].start == dt.date(2013, 1, 10)
    assert (made[3].start, made[3].months) == (None, (6,))


def test_a_later_report_on_the_same_stretch_ends_the_one_before():
    table = make(
        {"reported_on": "2013-01-20", "state": "open"},
        {"reported_on": "2013-01-10"},
        {"reported_on": "2013-01-15", "state": "unknown"},
        {"reported_on": "2013-01-12", "to_place": "D"},
    )
    made, findings = disruptions_from_constraints(NETWORK, table)
    ends = {one.disruption_id: (one.what.edge_ids, one.end) for one in made}
    assert ends == {
        "access/1": (("A-b", "b-C"), dt.date(2013, 1, 11)),
        "access/3/1": (("A-b", "b-C"), dt.date(2013, 1, 19)),
        "access/3/2": (("C-D",), None),
    }
    told = findings.loc[findings["check"] == "ended by a report"].set_index("id")["finding"]
    assert told["1"] == "A - C: closed until 2013-01-11: '3' says closed from 2013-01-12 on"
    assert told["3"] == (
        "A - D: closed until 2013-01-19 on 2 of 3 edges: '0' says open from 2013-01-20 on"
    )


EDGES = {"A-b": {"A", "b"}, "b-C": {"b", "C"}, "C-D": {"C", "D"}}
LINE = "AbCD"
WHO = sorted(NETWORK.profiles["profile"])
STRICT = ["open", "restricted", "closed"]
MADE = {"closed": Closure(), "restricted": SpeedFactor(0.5)}


@st.composite
def report_rows(draw):
    begin = draw(st.integers(0, 2))
    classes = draw(st.lists(st.sampled_from(["truck", "foot", "boat"]), max_size=2, unique=True))
    row = {
        "from_place": LINE[begin], "to_place": LINE[draw(st.integers(begin + 1, 3))],
        "state": draw(st.sampled_from(STRICT)), "vehicle_classes": "|".join(classes) or None,
        "months": draw(st.sampled_from([None, None, "1", "2|1", "2"])),
    }  # fmt: skip
    first = draw(st.dates(dt.date(2013, 1, 20), dt.date(2013, 2, 9)))
    row["reported_on" if row["months"] is None and draw(st.booleans()) else "start"] = str(first)
    if draw(st.booleans()):
        row["end"] = str(first + dt.timedelta(days=draw(st.integers(0, 12))))
    return row


def speaks(row, edge, profile, when, months):
    """Say whether a row speaks of an edge, profile and day, in a season or all year."""
    begin, end = (LINE.index(row[key]) for key in ("from_place", "to_place"))
    first = dt.date.fromisoformat(row.get("start") or row["reported_on"])
    last = dt.date.fromisoformat(row.get("end") or "2999-01-01")
    classes = (row["vehicle_classes"] or "").split("|")
    return (
        EDGES[edge] <= set(LINE[begin : end + 1])
        and (classes == [""] or profile in classes)
        and first <= when <= last
        and (row["months"] is not None) == months
        and (not months or str(when.month) in row["months"])
    )


@settings(max_examples=60)
@given(st.lists(report_rows(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_on_each_day_edge_and_profile_the_latest_report_holds(rows, rng):
    rng.shuffle(rows)
    made, findings = disruptions_from_constraints(NETWORK, make(*rows))
    assert len({one.disruption_id for one in made}) == len(made)
    check_table(findings, FINDINGS)
    for day in range(0, 36, 3):
        when = dt.date(2013, 1, 18) + dt.timedelta(days=day)
        active = [one for one in made if one.active(when)]
        for edge in EDGES:
            for profile in WHO:
                expected = set()
                for season in (False, True):
                    says = [row for row in rows if speaks(row, edge, profile, when, season)]
                    if says:
                        expected.add(
                            max((row.get("start") or row["reported_on"], STRICT.index(row["state"]))
                                for row in says)[1]
                        )  # fmt: skip
                effects = {
                    effect for one in active for effect in one.effects
                    if edge in one.what.edge_ids and one.who.includes(profile, "idp", "MLI", "")
                }  # fmt: skip
                strictest = max(expected, default=0)
                wanted = {MADE[STRICT[strictest]]} if strictest else set()
                # what is less strict may hold beside it, without effect
                assert effects - wanted <= {SpeedFactor(0.5)}
                assert wanted <= effects
                if strictest < 2:
                    assert effects == wanted


def test_reports_that_do_not_overlap_stay_as_they_are():
    made, findings = disruptions_from_constraints(
        NETWORK,
        make({"to_place": "b", "start": "2013-01-01"},
             {"from_place": "C", "to_place": "D", "start": "2013-01-05", "state": "restricted"},
             {"to_place": "b", "start": "2013-01-07", "vehicle_classes": "foot",
              "from_place": "C"}),
    )  # fmt: skip
    assert [one.disruption_id for one in made] == ["access/0", "access/1", "access/2"]
    assert "ended by a report" not in set(findings["check"])


def test_a_general_report_ends_what_was_said_of_some_vehicles():
    made, findings = disruptions_from_constraints(
        NETWORK,
        make({"reported_on": "2013-01-10", "vehicle_classes": "truck"},
             {"reported_on": "2013-01-20", "state": "open", "to_place": "D"}),
    )  # fmt: skip
    assert [(one.disruption_id, one.end) for one in made] == [("access/0", dt.date(2013, 1, 19))]
    assert findings.loc[findings["check"] == "ended by a report", "finding"].tolist() == [
        "A - C: closed until 2013-01-19: '1' says open from 2013-01-20 on"
    ]


def test_a_report_on_some_vehicles_ends_a_general_one_for_them_only():
    made, findings = disruptions_from_constraints(
        NETWORK,
        make({"reported_on": "2013-01-10"},
             {"reported_on": "2013-01-20", "state": "open", "vehicle_classes": "truck"}),
    )  # fmt: skip
    trucks, others = sorted(made, key=lambda one: one.end or dt.date.max)
    assert trucks.who.profiles == ("truck",)
    assert trucks.end == dt.date(2013, 1, 19)
    assert others.who.profiles == tuple(one for one in WHO if one != "truck")
    assert others.end is None
    assert "for truck: '1' says open" in findings.set_index("check").loc[
        "ended by a report", "finding"]  # fmt: skip


def test_a_report_with_an_end_only_interrupts():
    made, findings = disruptions_from_constraints(
        NETWORK,
        make({"reported_on": "2013-01-10"},
             {"start": "2013-01-20", "end": "2013-01-22", "state": "open"}),
    )  # fmt: skip
    assert [(str(one.start), str(one.end)) for one in made] == [
        ("2013-01-10", "2013-01-19"), ("2013-01-23", "None"),
    ]  # fmt: skip
    assert "interrupted: '1' says open from 2013-01-20 to 2013-01-22" in findings["finding"].iloc[0]


def test_reports_of_one_day():
    day = {"reported_on": "2013-01-10"}
    # the exception is stricter: both hold, and nothing is odd
    made, findings = disruptions_from_constraints(
        NETWORK, make(day | {"state": "restricted"}, day | {"vehicle_classes": "truck"})
    )
    assert [(one.effects, one.who.profiles) for one in made] == [
        ((SpeedFactor(0.5),), ()), ((Closure(),), ("truck",)),
    ]  # fmt: skip
    assert findings.empty
    # the exception is laxer: the stricter counts, with a warning
    made, findings = disruptions_from_constraints(
        NETWORK, make(day, day | {"vehicle_classes": "truck", "state": "open"})
    )
    assert [(one.who.profiles, one.end) for one in made] == [((), None)]
    assert findings[["check", "severity", "id"]].to_numpy().tolist() == [
        ["contradiction", "warning", "1"]]  # fmt: skip
    # of the same: one counts
    made, findings = disruptions_from_constraints(
        NETWORK, make(day | {"state": "restricted"}, day, day),
        effects={"restricted": [RiskCost(0.1)], "closed": [RiskCost(0.2)]},
    )  # fmt: skip
    assert [(one.disruption_id, one.effects) for one in made] == [("access/1", (RiskCost(0.2),))]
    assert sorted(findings["check"]) == ["contradiction", "contradiction", "said twice"]


def test_a_report_that_does_not_know_ends_nothing_and_is_ended():
    made, _ = disruptions_from_constraints(
        NETWORK,
        make({"reported_on": "2013-01-10"}, {"reported_on": "2013-01-15", "state": "unknown"},
             {"reported_on": "2013-01-20", "state": "open"}),
        effects={"unknown": [SpeedFactor(0.9)]},
    )  # fmt: skip
    assert {one.end for one in made} == {dt.date(2013, 1, 19)}
    assert len(made) == 2


def test_a_row_without_any_day_is_not_ended_and_told():
    made, findings = disruptions_from_constraints(
        NETWORK, make({}, {"reported_on": "2013-01-20", "state": "open"})
    )
    assert [(one.start, one.end) for one in made] == [(None, None)]
    assert findings[["check", "severity", "id"]].to_numpy().tolist() == [["no day", "warning", "0"]]


def test_a_road_and_a_border_post_on_it_are_two_things():
    network = draw_network("A---b#c---D")
    crossing = network.crossings["crossing_id"].iloc[0]
    rows = [
        {"from_place": None, "to_place": None, "road_name": crossing, "reported_on": "2013-01-10"},
        {"to_place": "D", "state": "open", "reported_on": "2013-01-20"},
        {"from_place": None, "to_place": None, "road_name": crossing, "state": "open",
         "reported_on": "2013-01-30", "vehicle_classes": "foot"},
    ]  # fmt: skip
    made, _ = disruptions_from_constraints(network, make(*rows))
    assert all(one.what.crossing_ids == (crossing,) and not one.what.edge_ids for one in made)
    assert [(one.who.profiles, str(one.end)) for one in made] == [
        (("foot",), "2013-01-29"), (("boat", "truck"), "None"),
    ]  # fmt: skip


def test_a_long_series_of_reports_is_quick_and_told_once_each():
    days = pd.date_range("2000-01-01", periods=400, freq="W").strftime("%Y-%m-%d")
    rows = [{"reported_on": day, "state": STRICT[i % 3], "to_place": "CD"[i % 2]}
            for i, day in enumerate(days)]  # fmt: skip
    made, findings = disruptions_from_constraints(NETWORK, make(*rows))
    assert len(made) < 600
    assert len(findings) < 800


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Trucks", {"truck", "road_and_pinasse"}), ("camions > 10T", {"truck", "road_and_pinasse"}),
        ("Poids lourds", {"truck", "road_and_pinasse"}), ("4x4", {"4x4"}), ("4 x 4 only", {"4x4"}),
        ("4WD", {"4x4"}), ("véhicules légers", {"4x4"}), ("Motos", {"motorbike"}),
        ("Motorbike", {"motorbike"}), ("Piétons", {"foot", "foot_children_elderly"}),
        ("on foot", {"foot", "foot_children_elderly"}), ("troupeaux", {"livestock"}),
        ("pirogue", {"pinasse"}), ("truck and 4x4", {"truck", "road_and_pinasse", "4x4"}),
    ],
)  # fmt: skip
def test_vehicle_classes_by_their_words(words, expected):
    assert set(vehicle_profiles(words, PROFILES)) == expected


def test_who_it_holds_for():
    table = make(
        {"vehicle_classes": "camions"}, {"vehicle_classes": "Tous véhicules"},
        {"vehicle_classes": "foot|truck"}, {"to_place": "D"},
    )  # fmt: skip
    made, _ = disruptions_from_constraints(NETWORK, table)
    assert [one.who.profiles for one in made] == [("truck",), (), ("foot", "truck"), ()]
    own, _ = disruptions_from_constraints(
        NETWORK, make({"vehicle_classes": "Balloon"}), profiles={"balloon": ["boat", "foot"]}
    )
    assert own[0].who.profiles == ("boat", "foot")


def test_what_is_not_known_is_one_error_or_a_finding_each():
    table = make(
        {"from_place": "Zz"}, {"ref": "RN99"}, {"vehicle_classes": "balloon"},
        {"vehicle_classes": "motorbike"}, {},
    )  # fmt: skip
    with pytest.raises(ScenarioError) as caught:
        disruptions_from_constraints(NETWORK, table)
    assert len(caught.value.problems) == 4
    for word, text in zip(["Zz", "RN99", "balloon", "motorbike"], caught.value.problems,
                          strict=True):  # fmt: skip
        assert word in text
    made, findings = disruptions_from_constraints(NETWORK, table, unresolved="finding")
    assert [one.disruption_id for one in made] == ["access/4"]
    assert sorted(findings["id"]) == ["0", "1", "2", "3"]
    # a class that nobody here travels by never means everybody
    assert not any(one.who.profiles == () and one.disruption_id == "access/3" for one in made)


def test_wrong_words_and_dates_are_refused():
    with pytest.raises(ScenarioError, match="did you mean 'closed'"):
        disruptions_from_constraints(NETWORK, make({}), effects={"close": [Closure()]})
    with pytest.raises(ScenarioError, match="no travel profile 'trucks'"):
        disruptions_from_constraints(NETWORK, make({}), profiles={"x": ["trucks"]})
    with pytest.raises(SchemaError, match="state"):
        disruptions_from_constraints(NETWORK, make({"state": "shut"}))
    for wrong in (
        {"months": "July"},
        {"months": "13"},
        {"start": "2013-02-01", "end": "2013-01-01"},
    ):
        with pytest.raises(ScenarioError, match=r"months|ends on"):
            disruptions_from_constraints(NETWORK, make(wrong))
        made, findings = disruptions_from_constraints(NETWORK, make(wrong), unresolved="finding")
        assert made == ()
        assert len(findings) == 1
