"""Numbers that belong to what they are drawn for, linked in groups, and factors on all speeds."""

import dataclasses

import numpy as np
import pytest
from random_crises import random_crisis

from mobility_geo.datasets import load_toy
from mobility_geo.errors import ScenarioError
from mobility_geo.routing import find_group_ways
from mobility_geo.scenario import Closure, Disruption, Selection, draw_happening
from mobility_geo.scenario.chance import linked_numbers, normal_numbers


def test_numbers_are_standard_normal_and_those_of_two_labels_have_nothing_in_common():
    one, two = normal_numbers(3, "a", 20_000), normal_numbers(3, "b", 20_000)
    assert abs(one.mean()) < 4 / np.sqrt(len(one))
    assert one.std() == pytest.approx(1, abs=0.03)
    assert abs(np.corrcoef(one, two)[0, 1]) < 4 / np.sqrt(len(one))
    assert not np.array_equal(one, normal_numbers(4, "a", 20_000))


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8, 1.0])
def test_labels_of_a_group_depend_on_each_other_as_asked(correlation):
    found = linked_numbers(5, ["a", "b", "c"], ["x", "x", ""], 20_000, correlation=correlation)
    between = np.corrcoef(found.T)
    assert between[0, 1] == pytest.approx(correlation, abs=0.03)
    assert abs(between[0, 2]) < 0.03
    assert found.std(axis=0) == pytest.approx([1, 1, 1], abs=0.03)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_what_happens_to_one_does_not_hang_on_which_others_are_there(correlation):
    laid = [
        Disruption(disruption_id=name, kind="road", what=Selection(edge_ids=("A-b",)),
                   effects=(Closure(),), probability=share, group=group)
        for name, share, group in (("p", 0.3, "g"), ("q", 0.6, "g"), ("r", 0.5, ""), ("s", 1, "g"))
    ]  # fmt: skip
    scenario = dataclasses.replace(load_toy().scenario, disruptions=tuple(laid))
    found = draw_happening(scenario, 400, seed=11, correlation=correlation)
    turned = dataclasses.replace(scenario, disruptions=tuple(laid[::-1]))
    assert (draw_happening(turned, 400, seed=11, correlation=correlation) == found[:, ::-1]).all()
    fewer = dataclasses.replace(scenario, disruptions=(laid[1],))
    alone = draw_happening(fewer, 400, seed=11, correlation=correlation)
    assert (alone[:, 0] == found[:, 1]).all()
    assert found[:, 3].all()
    if correlation == 1:
        assert (found[:, 1] | ~found[:, 0]).all()


@pytest.mark.parametrize("draws", [0, -1])
def test_no_draws_are_refused(draws):
    with pytest.raises(ScenarioError, match="draws must be at least 1"):
        linked_numbers(0, ["a"], [""], draws, correlation=1)


@pytest.mark.parametrize("correlation", [-0.1, 1.1, float("nan")])
def test_a_correlation_outside_0_to_1_is_refused(correlation):
    with pytest.raises(ScenarioError, match="correlation must be 0 to 1"):
        linked_numbers(0, ["a"], [""], 2, correlation=correlation)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("factor", [0.5, 1.3])
def test_a_factor_on_all_speeds_is_a_table_of_other_speeds(seed, factor):
    case = random_crisis(seed)
    network = case.network
    other = network.replace_tables(
        speeds=network.speeds.assign(speed_kph=network.speeds["speed_kph"] * factor)
    )
    for scenario in (case.scenario, case.scenario.baseline()):
        one = find_group_ways(case, scenario, scenario.when, speed_factor=factor)
        two = find_group_ways(dataclasses.replace(case, network=other), scenario, scenario.when)
        assert one.time_min == pytest.approx(two.time_min)
        assert one.risk == pytest.approx(two.risk)


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf")])
def test_a_factor_that_is_no_number_above_0_is_refused(factor):
    case = load_toy()
    with pytest.raises(ScenarioError, match="speed_factor must be a finite number above 0"):
        find_group_ways(case, speed_factor=factor)
