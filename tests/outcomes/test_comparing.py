"""Two days, scenarios or networks side by side; explanations as ways on the map."""

import dataclasses
import functools
import importlib
import itertools

import pandas as pd
import pytest

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError
from mobility_geo.flows import assign_all_or_nothing, choose_destinations
from mobility_geo.outcomes import (
    compare_cases,
    explain_on_map,
    find_stranded,
    persons_freed,
    what_reopens,
)
from mobility_geo.scenario import Closure, Disruption, Limits, Selection
from mobility_geo.schema import EXPLAINED_WAYS, check_table
from mobility_geo.testing import build_case, draw_network

TOY, MALI = load_toy(), load_mali("mali-2013-01")


def test_nothing_changes_against_itself():
    found = compare_cases(MALI, MALI)
    assert not found.statuses["changed"].any()
    assert not found.edge_flows["change_persons"].any()
    assert not found.crossing_flows["change_persons"].any()
    assert not len(found.places())


def test_everybody_is_there_before_and_after():
    case, days = TOY, ("2013-01-05", "2013-01-20")
    found = compare_cases(case, case, when_before=days[0], when_after=days[1])
    for column, day in zip(("status_before", "status_after"), days, strict=True):
        status = find_stranded(case, when=day).groupby("status")["persons"].sum()
        mine = found.statuses.groupby(column)["persons"].sum()
        assert mine.to_dict() == status[status > 0].to_dict()
        flows = assign_all_or_nothing(case, choose_destinations(case, when=day), when=day).edges
        word = "before" if column == "status_before" else "after"
        told = found.edge_flows.set_index(["rule", "edge_id"])[f"{word}_persons"]
        real = flows.set_index(["rule", "edge_id"])["flow_persons"]
        assert told[told > 0].to_dict() == real[real > 0].to_dict()
    back = compare_cases(case, case, when_before=days[1], when_after=days[0])
    there = found.edge_flows.set_index(["rule", "edge_id"])["change_persons"]
    again = back.edge_flows.set_index(["rule", "edge_id"])["change_persons"]
    assert (-again).reindex(there.index).equals(there)


def test_residents_are_never_added_to_movers_of_the_same_place():
    closed = Disruption(disruption_id="shut", kind="insecurity", effects=(Closure(),),
                        what=Selection(edge_ids=("A-B",)))  # fmt: skip
    people = [{"place_id": "A", "persons": 30}, {"place_id": "B", "persons": 5},
              {"place_id": "A", "persons": 4000, "base": "residents"}]  # fmt: skip
    case = build_case(draw_network("A----B----C"), people, "C", disruptions=[closed])
    for sides, word in (((case.baseline(), case), "lost"), ((case, case.baseline()), "regained")):
        places = compare_cases(*sides).places()
        columns = ["base", "place_id", "changed_persons", f"{word}_persons", "change"]
        assert places[columns].to_numpy().tolist() == [
            ["movers", "A", 30, 30, word],
            ["residents", "A", 4000, 4000, word],
        ]


def test_other_people_or_edges_are_told():
    fewer = dataclasses.replace(TOY, groups=TOY.groups.iloc[1:].reset_index(drop=True))
    with pytest.raises(InputError, match="groups only in the case before: 1"):
        compare_cases(TOY, fewer)
    moved = dataclasses.replace(TOY, groups=TOY.groups.assign(persons=TOY.groups["persons"] + 1,
                                                              persons_high=10**6))  # fmt: skip
    with pytest.raises(InputError, match="other people, or at another place"):
        compare_cases(TOY, moved)


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "returnee"), ("nationality", "BBB"), ("exposure_class", "x"), ("profile", "foot"),
     ("destination_set", "other")],
)  # fmt: skip
def test_people_who_travel_otherwise_are_not_the_same(column, value):
    case = build_case(draw_network("A----B"), {"A": 10}, "B")
    two = case.destinations.assign(destination_set="other")
    case = dataclasses.replace(
        case, destinations=pd.concat([case.destinations, two], ignore_index=True)
    )
    other = dataclasses.replace(case, groups=case.groups.assign(**{column: value}))
    with pytest.raises(InputError, match=r"groups that differ in kind, nationality.*1, e\.g\."):
        compare_cases(case, other)


def test_other_budgets_are_compared_and_told():
    case = build_case(draw_network("A----B"), {"A": 10}, "B")
    assert compare_cases(case, case).notes == ()
    tired = dataclasses.replace(case, groups=case.groups.assign(time_limit_h=0.1))
    strict = dataclasses.replace(case, limits=Limits(time_limit_h=0.1))
    for other in (tired, strict):
        found = compare_cases(case, other)
        assert found.statuses["changed"].all()
        assert found.notes == ("groups with another limit of time: 1, e.g. ['A-1']",)
    assert compare_cases(tired, strict).notes == ()


def test_a_way_breaks_where_it_is_closed():
    for case, place in ((TOY, "Northtown"), (MALI, "kidal")):
        ways = explain_on_map(case, place)
        check_table(ways, EXPLAINED_WAYS)
        usual = ways[ways["way"] == "usual"]
        for _, rows in usual.groupby("group_id"):
            parts = rows.sort_values("step")["part"].tolist()
            assert "open" not in parts[parts.index("broken") :] if "broken" in parts else True
            ends = [line.coords for line in rows.sort_values("step").geometry]
            for one, two in itertools.pairwise(ends):
                assert one[-1] == pytest.approx(two[0], abs=1e-6)
        assert (usual["part"] == "broken").any()
        broken = ways[ways["part"] == "broken"]
        assert broken["disruption_ids"].notna().any()


def test_what_reopens_agrees_with_what_each_frees():
    """All movers of the toy who are freed stand at two places; sentences add up to the table."""
    freed = persons_freed(TOY).set_index("disruption_id")["persons_freed"]
    words = [*what_reopens(TOY, "Northtown"), *what_reopens(TOY, "Midtown")]
    for name, persons in freed.items():
        mine = [w for w in words if w.startswith(f"Lifting {name} alone")]
        told = sum(int(w.split(" free ")[1].split(" of ")[0].replace(",", "")) for w in mine)
        assert told == persons
    assert what_reopens(TOY, "Rivertown") == ()


def test_what_a_search_that_was_ended_says(monkeypatch):
    letters = "ABCDEFGH"
    laid = [
        Disruption(disruption_id=f"{a}-{b}", kind="insecurity", effects=(Closure(),),
                   what=Selection(edge_ids=(f"{a}-{b}",)))
        for a, b in itertools.pairwise(letters)
    ]  # fmt: skip
    case = build_case(draw_network("----".join(letters)), {"F": 10}, "H", disruptions=laid)
    module = importlib.import_module("mobility_geo.outcomes.explain")
    whole = module.smallest_reopening
    monkeypatch.setattr(module, "smallest_reopening", functools.partial(whole, most_solves=1))
    assert "was not found before the search ended; it takes 1 or more" in what_reopens(case, "F")[0]

    def unproven(*question, **more):
        return dataclasses.replace(whole(*question, **more), proven=False, at_least=1)

    monkeypatch.setattr(module, "smallest_reopening", unproven)
    assert what_reopens(case, "F") == (
        "The smallest set that would free 10 people: F-G and G-H, or perhaps as few as 1.",
    )
