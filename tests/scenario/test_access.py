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
    table = make({}, {"state": "restricted"}, {"state": "open"}, {"state": "unknown"})
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
        {"months": "7|8|9"}, {"start": "2013-01-05", "end": "2013-02-01"},
        {"reported_on": "2013-01-10"}, {"months": "7", "reported_on": "2013-01-10"},
    )  # fmt: skip
    made, _ = disruptions_from_constraints(NETWORK, table)
    assert (made[0].months, made[0].start) == ((7, 8, 9), None)
    assert (made[1].start, made[1].end) == (dt.date(2013, 1, 5), dt.date(2013, 2, 1))
    assert made[2].start == dt.date(2013, 1, 10)
    assert (made[3].start, made[3].months) == (None, (7,))


def test_a_later_report_on_the_same_stretch_ends_the_one_before():
    table = make(
        {"reported_on": "2013-01-20", "state": "open"},
        {"reported_on": "2013-01-10"},
        {"reported_on": "2013-01-15", "state": "unknown"},
        {"reported_on": "2013-01-12", "to_place": "D"},
    )
    made, findings = disruptions_from_constraints(NETWORK, table)
    ends = {one.disruption_id: one.end for one in made}
    assert ends == {"access/1": dt.date(2013, 1, 19), "access/3": None}
    assert "'0' says open" in findings.set_index("check").loc["ended by a report", "finding"]


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.integers(1, 28), st.sampled_from(["open", "closed", "restricted"])),
        min_size=1, max_size=6, unique_by=lambda row: row[0],
    ),
    st.integers(1, 28),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_on_each_day_the_last_report_holds(reports, day, rng):
    rng.shuffle(reports)
    table = make(*({"reported_on": f"2013-01-{d:02d}", "state": s} for d, s in reports))
    made, _ = disruptions_from_constraints(NETWORK, table)
    when = dt.date(2013, 1, day)
    active = [one.effects for one in made if one.active(when)]
    last = max(((d, s) for d, s in reports if d <= day), default=(0, "open"))[1]
    expected = {"open": [], "closed": [(Closure(),)], "restricted": [(SpeedFactor(0.5),)]}
    assert active == expected[last]


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
        {"vehicle_classes": "foot|truck"}, {},
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
