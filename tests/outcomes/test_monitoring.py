"""Monitoring points on a network: flows as oracle, nobody counted twice, kept points."""

import dataclasses
import itertools

import numpy as np
import pytest

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.flows import assign_all_or_nothing, choose_destinations
from mobility_geo.outcomes import place_monitoring_points
from mobility_geo.outcomes.siting_models import criterion_value
from mobility_geo.scenario import Disruption, RiskCost, Selection
from mobility_geo.schema import MONITORING_POINTS, check_table

TOY = load_toy()
MALI = load_mali("mali-2013-01")
FLOWS = {"toy": choose_destinations(TOY), "mali": choose_destinations(MALI)}


def edge_persons(case, od, rule="least_time"):
    flows = assign_all_or_nothing(case, od).edges
    mine = flows[flows["rule"] == rule].set_index("edge_id")["flow_persons"]
    edges = case.network.edges.set_index("edge_id")["crossing_id"]
    return mine, mine.groupby(edges.reindex(mine.index)).max()


@pytest.mark.parametrize(("name", "case"), [("toy", TOY), ("mali", MALI)])
def test_people_who_pass_are_those_of_the_flows(name, case):
    found = place_monitoring_points(case, FLOWS[name], new_points=3)
    check_table(found.points, MONITORING_POINTS)
    edges, crossings = edge_persons(case, FLOWS[name])
    for row in found.points.itertuples():
        persons = edges if row.kind == "edge" else crossings
        assert row.passing_persons == pytest.approx(persons[row.point_id], abs=1)
    assert found.points["added_persons"].sum() == pytest.approx(found.seen_persons)
    assert found.points["seen_persons"].is_monotonic_increasing
    assert found.seen_persons <= found.flowing_persons
    assert (found.points["added_persons"] <= found.points["passing_persons"] + 1e-9).all()
    assert found.status == "optimal"


def test_the_first_point_alone_is_where_most_people_pass():
    found = place_monitoring_points(MALI, FLOWS["mali"], new_points=1, candidates="crossings")
    _, crossings = edge_persons(MALI, FLOWS["mali"])
    assert found.seen_persons == pytest.approx(crossings.max(), abs=1)


def test_two_points_of_the_toy_see_the_most_of_all_pairs():
    table = FLOWS["toy"].table
    found = place_monitoring_points(TOY, FLOWS["toy"], new_points=2)
    every = [
        place_monitoring_points(TOY, FLOWS["toy"], new_points=0, existing=pair).seen_persons
        for pair in itertools.combinations(TOY.network.edges["edge_id"], 2)
        if TOY.network.edges.set_index("edge_id")["crossing_id"].reindex(pair).isna().all()
    ]
    assert found.seen_persons >= max(every) - 1e-9
    going = table[(table["rule"] == "least_time") & (table["origin_id"] != table["destination_id"])]
    assert found.seen_persons <= going["flow_persons"].sum() + 1e-9


def test_more_points_never_see_fewer_and_points_that_add_nothing_are_left_out():
    seen = [
        place_monitoring_points(MALI, FLOWS["mali"], new_points=count).seen_persons
        for count in (1, 2, 5, 9)
    ]
    assert seen == sorted(seen)
    many = place_monitoring_points(TOY, FLOWS["toy"], new_points=8)
    assert (many.points["added_persons"] > 0).all()
    assert "would add nothing" in " ".join(many.warnings)


def test_points_that_exist_are_kept_and_what_they_see_counts_once():
    alone = place_monitoring_points(MALI, FLOWS["mali"], new_points=1)
    first = alone.points["point_id"].iloc[0]
    more = place_monitoring_points(MALI, FLOWS["mali"], new_points=1, existing=[first])
    assert more.points.set_index("point_id").loc[first, "proposal"] == "kept"
    both = place_monitoring_points(MALI, FLOWS["mali"], new_points=2)
    assert more.seen_persons <= both.seen_persons + 1e-6
    new = more.points[more.points["proposal"] == "new"]
    assert new["added_persons"].iloc[0] == pytest.approx(more.seen_persons - alone.seen_persons)


def test_uncertainty_looks_for_what_is_unsure():
    sure = dataclasses.replace(
        MALI,
        groups=MALI.groups.assign(
            persons_low=MALI.groups["persons"], persons_high=MALI.groups["persons"]
        ),
    )
    # one rule alone and no width of the groups: nothing is unsure
    od = FLOWS["mali"]
    one_rule = dataclasses.replace(od, table=od.table[od.table["rule"] == "least_time"])
    with pytest.raises(InputError, match="nothing about the flows is uncertain"):
        place_monitoring_points(sure, one_rule, new_points=1, aim="uncertainty")
    found = place_monitoring_points(MALI, od, new_points=2, aim="uncertainty")
    assert found.points["added_uncertainty_persons"].sum() == pytest.approx(found.value)
    other = place_monitoring_points(MALI, od, new_points=2)
    assert other.points["added_uncertainty_persons"].sum() <= found.value + 1e-6


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"new_points": 0}, "how many new points"),
        ({"new_points": 1.5}, "how many new points"),
        ({"new_points": 1, "gap": -1}, "gap must be"),
        ({"new_points": 1, "aim": "luck"}, "aim must be"),
        ({"new_points": 1, "candidates": "villages"}, "candidates must be"),
        ({"new_points": 1, "rule": "random"}, "is not in the flows"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(words, told):
    with pytest.raises(InputError, match=told):
        place_monitoring_points(TOY, FLOWS["toy"], **words)


def test_nobody_on_the_way_is_said():
    empty = dataclasses.replace(FLOWS["toy"], table=FLOWS["toy"].table.iloc[:0])
    with pytest.raises(InputError, match="no people"):
        place_monitoring_points(TOY, empty, new_points=1)
    with pytest.raises(UnknownIdError, match="north-mid"):
        place_monitoring_points(TOY, FLOWS["toy"], new_points=1, existing=["north-midd"])


def test_points_under_scenarios_are_the_best_of_all_pairs():
    laid = [TOY.scenario, TOY.scenario.baseline(), TOY.scenario.without(ids=["front"])]
    flows = [choose_destinations(TOY, one) for one in laid]
    share = np.array([0.5, 0.25, 0.25])
    words = {"scenarios": laid, "probability": [2, 1, 1]}
    names = TOY.network.edges["edge_id"][TOY.network.edges["crossing_id"].isna()]
    every = [
        place_monitoring_points(TOY, flows, new_points=0, existing=pair, **words)
        for pair in itertools.combinations(names, 2)
    ]
    safe = [one for one in every if not one.warnings]
    seen = np.array([one.scenarios["seen_persons"] for one in safe])
    lost = safe[0].scenarios["flowing_persons"].to_numpy() - seen
    least = {
        "expected": -(seen @ share).max(),
        "regret": (seen.max(axis=0) - seen).max(axis=1).min(),
        "cvar": min(criterion_value(row, share, "cvar", alpha=0.5) for row in lost),
    }
    for criterion, figure in least.items():
        found = place_monitoring_points(
            TOY, flows, new_points=2, candidates="edges", criterion=criterion, alpha=0.5, **words
        )
        told = -found.value if criterion == "expected" else found.value
        assert (told, found.status) == (pytest.approx(figure), "optimal")
        table = found.scenarios
        assert table["probability"].tolist() == share.tolist()
        mean = share @ table["seen_persons"]
        assert found.seen_persons == pytest.approx(mean) == found.points["seen_persons"].iloc[-1]
    for one, row in zip(laid, table.itertuples(), strict=True):
        alone = place_monitoring_points(
            TOY.with_scenario(one), choose_destinations(TOY, one), new_points=0,
            existing=found.points["point_id"].tolist(),
        )  # fmt: skip
        assert row.seen_persons == pytest.approx(alone.seen_persons)
        assert row.flowing_persons == pytest.approx(alone.flowing_persons)


def test_each_scenario_has_its_flows():
    with pytest.raises(InputError, match="one per scenario is expected, 2 in all, not 1"):
        place_monitoring_points(
            TOY, FLOWS["toy"], new_points=1, scenarios=[TOY.scenario, TOY.scenario.baseline()]
        )


def test_no_point_in_a_dangerous_area():
    free = place_monitoring_points(TOY, FLOWS["toy"], new_points=1)
    at = free.points.to_crs(4326).geometry.iloc[0]
    danger = Disruption(
        disruption_id="danger", kind="insecurity", what=Selection(area=at.buffer(0.001)),
        effects=(RiskCost(0.001),), severity=5, source="test",
    )  # fmt: skip
    scenario = dataclasses.replace(TOY.scenario, disruptions=(*TOY.scenario.disruptions, danger))
    case = dataclasses.replace(TOY, scenario=scenario)
    other = place_monitoring_points(case, FLOWS["toy"], new_points=1)
    assert other.points["point_id"].iloc[0] != free.points["point_id"].iloc[0]
    kept = place_monitoring_points(
        case, FLOWS["toy"], new_points=1, existing=list(free.points["point_id"])
    )
    assert "existing points in dangerous areas" in " ".join(kept.warnings)
