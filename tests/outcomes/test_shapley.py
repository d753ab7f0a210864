"""Shapley shares: what they must satisfy, and the formula over all orders by brute force."""

import itertools
import math

import numpy as np
import pytest
from random_crises import freed_by_every_set, random_crisis

from mobility_geo.errors import InputError
from mobility_geo.outcomes.shapley import shapley_shares
from mobility_geo.scenario import Closure, Disruption, Selection
from mobility_geo.testing import build_case, draw_network

CHAIN = draw_network("A----B----C----D")


def shut(edge, name=None):
    return Disruption(disruption_id=name or edge, kind="insecurity",
                      what=Selection(edge_ids=(edge,)), effects=(Closure(),))  # fmt: skip


def shares(table):
    return dict(zip(table["disruption_id"], table["share_persons"], strict=True))


@pytest.mark.parametrize("seed", range(8))
def test_against_the_mean_over_all_orders(seed):
    case = random_crisis(seed)
    value = freed_by_every_set(case)
    ids = sorted(max(value, key=len))
    expected = dict.fromkeys(ids, 0.0)
    for order in itertools.permutations(ids):
        for i, name in enumerate(order):
            added = value[frozenset(order[: i + 1])] - value[frozenset(order[:i])]
            expected[name] += added / math.factorial(len(ids))
    table = shapley_shares(case)
    assert shares(table) == pytest.approx(expected, abs=1e-6)
    assert table["share_persons"].sum() == pytest.approx(value[frozenset(ids)], abs=1e-6)
    assert (table["standard_error_persons"] == 0).all()
    assert dict(zip(table["disruption_id"], table["alone_persons"], strict=True)) == {
        name: value[frozenset({name})] for name in ids
    }


CASE = build_case(
    CHAIN, {"A": 90, "C": 12}, "D",
    disruptions=[shut("A-B"), shut("A-B", "again"), shut("B-C"), shut("C-D"), shut("A-B", "third")],
)  # fmt: skip


def test_equal_disruptions_share_alike_and_one_that_nobody_meets_has_none():
    closures = [shut("A-B"), shut("A-B", "again"), shut("C-D", "late")]
    case = build_case(CHAIN, {"A": 90}, "C", disruptions=closures)
    assert shares(shapley_shares(case)) == pytest.approx({"A-B": 45, "again": 45, "late": 0})


def test_drawn_shares_sum_to_the_total_and_are_near_the_exact_ones():
    exact = shapley_shares(CASE)
    drawn = shapley_shares(CASE, rng=np.random.default_rng(4), orders=400, exact_up_to=0)
    assert drawn["share_persons"].sum() == pytest.approx(102)
    one = exact.set_index("disruption_id")
    two = drawn.set_index("disruption_id").loc[one.index]
    off = (one["share_persons"] - two["share_persons"]).abs()
    assert (two["standard_error_persons"] > 0).all()
    assert (off <= 4 * two["standard_error_persons"]).all()
    again = shapley_shares(CASE, rng=np.random.default_rng(4), orders=400, exact_up_to=0)
    assert again.equals(drawn)


def test_drawing_needs_a_generator():
    with pytest.raises(InputError, match=r"5 disruptions meet .* give rng .* \(32 variants\)"):
        shapley_shares(CASE, exact_up_to=4)
    with pytest.raises(InputError, match="orders must be >= 2"):
        shapley_shares(CASE, orders=1)
