"""Smallest sets of reopenings against trying every set, on small random crises."""

import itertools

import numpy as np
import pytest
from random_crises import freed_by_every_set, random_crisis

from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.outcomes import persons_freed, shapley_shares, what_reopens
from mobility_geo.outcomes.attribution import Lifting
from mobility_geo.outcomes.reopenings import reopening_curve, smallest_reopening
from mobility_geo.scenario import Closure, Disruption, Limits, RiskCost, Selection, border_closure
from mobility_geo.testing import build_case, draw_network

CHAIN = draw_network("A----B----C----D")


def shut(*edges, name=None, effect=None, **more):
    return Disruption(
        disruption_id=name or "+".join(edges), kind="insecurity",
        what=Selection(edge_ids=edges), effects=(effect or Closure(),), **more,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(16))
def test_no_set_of_any_size_frees_more_than_is_told(seed):
    case = random_crisis(seed)
    every = freed_by_every_set(case)
    curve = reopening_curve(case)
    assert curve["proven"].all()
    told = dict(zip(curve["reopened"], curve["freed_persons"], strict=True))
    best = 0
    for count in range(max(map(len, every)) + 1):
        best = max([best, *(value for some, value in every.items() if len(some) == count)])
        assert max(value for size, value in told.items() if size <= count) == best
    for row in curve.itertuples():
        ids = row.disruption_ids.split("|") if isinstance(row.disruption_ids, str) else []
        assert len(ids) <= row.reopened
        assert every[frozenset(ids)] == row.freed_persons
    alone = persons_freed(case).set_index("disruption_id")["persons_freed"]
    assert told.get(1, 0) >= alone.max()
    whole = max(every.values())
    if not whole:
        return
    wanted = int(np.random.default_rng(seed).integers(1, whole + 1))
    found = smallest_reopening(case, persons=wanted)
    size = min(len(some) for some, value in every.items() if value >= wanted)
    assert (found.proven, found.at_least, len(found.disruption_ids)) == (True, size, size)
    assert every[frozenset(found.disruption_ids)] == found.freed_persons >= wanted
    assert found.freed_persons == max(v for some, v in every.items() if len(some) == size)


def test_two_closures_in_a_row_free_people_only_together():
    case = build_case(CHAIN, {"A": 100, "B": 10}, "D", disruptions=[shut("A-B"), shut("B-C")])
    curve = reopening_curve(case)
    assert curve["freed_persons"].tolist() == [0, 10, 110]
    assert curve["disruption_ids"].iloc[1:].tolist() == ["B-C", "A-B|B-C"]
    assert persons_freed(case)["persons_freed"].tolist() == [0, 10]
    found = smallest_reopening(case, share=0.5)
    assert (found.disruption_ids, found.wanted_persons) == (("A-B", "B-C"), 55)


def test_only_people_of_a_place():
    case = build_case(CHAIN, {"A": 100, "B": 10}, "D", disruptions=[shut("A-B"), shut("B-C")])
    assert reopening_curve(case, of="B")["freed_persons"].tolist() == [0, 10]


PLACES = build_case(
    CHAIN, {"A": 500, "C": 500}, [{"place_id": "D", "capacity_persons": 500}],
    disruptions=[shut("A-B")],
)  # fmt: skip


def test_people_elsewhere_take_free_places_too():
    """All 500 places are taken by those at C: opening the way of those at A frees nobody."""
    assert persons_freed(PLACES)["persons_freed"].tolist() == [0]
    for of in (None, "A"):
        assert reopening_curve(PLACES, of=of)["freed_persons"].tolist() == [0]
        assert shapley_shares(PLACES, of=of)["share_persons"].tolist() == [0]
    assert what_reopens(PLACES, "A") == ()


@pytest.mark.parametrize("seed", range(3))
def test_a_place_by_itself_against_every_set_where_places_are_counted(seed):
    case = random_crisis(seed, capacities=True)
    of = str(case.groups["place_id"].iloc[0])
    every = freed_by_every_set(case, of)
    curve = reopening_curve(case, of=of)
    assert curve["proven"].all()
    assert curve["freed_persons"].max() == max(every.values())
    for row in curve.itertuples():
        ids = row.disruption_ids.split("|") if isinstance(row.disruption_ids, str) else []
        assert every[frozenset(ids)] == row.freed_persons
    shared = shapley_shares(case, of=of)
    assert shared["share_persons"].sum() == pytest.approx(every[max(every, key=len)])
    alone = dict(zip(shared["disruption_id"], shared["alone_persons"], strict=True))
    assert alone == {next(iter(some)): n for some, n in every.items() if len(some) == 1}
    told = [word for word in what_reopens(case, of) if " alone would free " in word]
    assert len(told) == sum(n > 0 for n in alone.values())


def test_lifting_can_take_away_a_way_inside_the_risk_limit():
    short = draw_network("""
A----B
|    |
+----+
""")
    edges = short.edges.sort_values("length_m")["edge_id"].tolist()
    risky = shut(edges[0], name="fighting", effect=RiskCost(1.0))
    closed = shut(edges[0], name="closed")
    far = shut(*edges, name="far", effect=RiskCost(0.0))
    people = [{"place_id": "A", "persons": 70}]
    case = build_case(short, people, "B", disruptions=[risky, closed, far],
                      limits=Limits(risk_limit=0.1))  # fmt: skip
    lifting = Lifting.of(case)
    assert lifting.before.tolist() == [70]
    assert lifting.lost(["closed"]) == 70
    assert lifting.lost(["closed", "fighting"]) == 0
    assert reopening_curve(case)["freed_persons"].tolist() == [0]


def test_an_ended_search_says_how_far_it_may_be_from_the_best():
    names = "ABCDEFGH"
    network = draw_network("----".join(names))
    closures = [shut(f"{a}-{b}") for a, b in itertools.pairwise(names)]
    case = build_case(network, {"A": 100}, "H", disruptions=closures)
    whole = smallest_reopening(case, share=1.0)
    assert (whole.proven, len(whole.disruption_ids), whole.gap) == (True, 7, 0)
    ended = smallest_reopening(case, share=1.0, most_solves=2)
    assert not ended.proven
    assert ended.at_least <= 7
    curve = reopening_curve(case, most=3, most_solves=2)
    assert (curve["bound_persons"] >= curve["freed_persons"]).all()
    assert not curve["proven"].iloc[-1]


@pytest.mark.parametrize("of", ["D", "nowhere"])
def test_a_region_without_people_or_an_unknown_one_is_said_so(of):
    case = build_case(CHAIN, {"A": 100}, "D", disruptions=[shut("A-B")])
    error, words = {
        "D": (InputError, "no movers in or at 'D'.*people are at A"),
        "nowhere": (UnknownIdError, "no zone or place 'nowhere'"),
    }[of]
    with pytest.raises(error, match=words):
        reopening_curve(case, of=of)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, "either persons or share"),
        ({"persons": 5, "share": 0.5}, "either persons or share"),
        ({"share": 1.5}, "above 0 and at most 1"),
        ({"persons": 0}, "whole number >= 1"),
        ({"persons": 5, "most_solves": 0}, "most_solves must be"),
        ({"persons": 101}, "no set of reopenings frees 101 people; lifting all 1 .* frees 100"),
    ],
)
def test_bad_wishes(wanted, words):
    case = build_case(CHAIN, {"A": 100}, "D", disruptions=[shut("A-B")])
    with pytest.raises(InputError, match=words):
        smallest_reopening(case, **wanted)


def test_nobody_stranded_frees_nobody():
    case = build_case(CHAIN, {"A": 100}, "D")
    assert reopening_curve(case)["freed_persons"].tolist() == [0]
    with pytest.raises(InputError, match="frees nobody"):
        smallest_reopening(case, share=0.5)


def test_a_border_that_a_disruption_opens_is_not_taken_for_a_closure():
    network = draw_network("A--b#c--B")
    table = network.crossings.assign(regime="closed")
    case = build_case(
        network.replace_tables(crossings=table), {"A": 100}, "B",
        disruptions=[border_closure(["b-c"], regime="open", disruption_id="opened"),
                     shut("A-b", name="shut")],
    )  # fmt: skip
    curve = reopening_curve(case)
    assert curve["disruption_ids"].iloc[1:].tolist() == ["shut"]
    assert curve["freed_persons"].tolist() == [0, 100]
    assert curve["proven"].all()
