"""Counts as lower bounds: what they change, and what they leave as it was."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.flows import estimate_from_counts, find_passages, margins_table
from mobility_geo.flows.counts import METHODS
from mobility_geo.routing import find_ways
from mobility_geo.scenario import TravellerClass

PRIOR = pd.DataFrame(
    {"origin_id": ["a", "a", "b", "b"], "destination_id": ["x", "y", "x", "y"],
     "flow_persons": [10.0, 20.0, 30.0, 40.0]}
)  # fmt: skip
PASSAGES = pd.DataFrame(
    {"point_id": ["p", "p", "q", "q"], "origin_id": ["a", "b", "a", "b"],
     "destination_id": ["x", "x", "y", "x"], "passing_share": [1.0, 1.0, 1.0, 0.5]}
)  # fmt: skip


def counts(**low):
    return pd.DataFrame({"point_id": list(low), "low_persons": [float(v) for v in low.values()]})


def passing(flows):
    wide = flows.set_index(["origin_id", "destination_id"])["flow_persons"]
    rows = PASSAGES.assign(
        n=[wide[r.origin_id, r.destination_id] * r.passing_share for r in PASSAGES.itertuples()]
    )
    return rows.groupby("point_id")["n"].sum()


@pytest.mark.parametrize("method", METHODS)
def test_a_prior_that_has_more_people_is_left_alone(method):
    found = estimate_from_counts(PRIOR, PASSAGES, counts(p=35, q=1), method=method)
    assert found.table["flow_persons"].tolist() == pytest.approx([10, 20, 30, 40], abs=1e-6)
    assert found.parameters["unmet_persons"] == 0


@pytest.mark.parametrize("method", ["entropy", "gradient"])
def test_counts_above_the_prior_are_met(method):
    found = estimate_from_counts(PRIOR, PASSAGES, counts(p=60, q=50), method=method)
    now = passing(found.table)
    assert now["p"] >= 60 - 1e-3
    assert now["q"] >= 50 - 1e-3
    assert found.table["flow_persons"].iloc[3] == pytest.approx(40)  # passes no point
    assert found.warnings == ()


def test_entropy_raises_all_who_pass_alike():
    found = estimate_from_counts(PRIOR, PASSAGES, counts(p=60))
    assert found.table["flow_persons"].tolist() == pytest.approx([15, 20, 45, 40])


def test_entropy_is_the_nearest_by_a_general_solver():
    found = estimate_from_counts(PRIOR, PASSAGES, counts(p=60, q=50))
    q = PRIOR["flow_persons"].to_numpy()
    rows = np.array([[1, 0, 1, 0], [0, 1, 0.5, 0]])
    best = minimize(
        lambda t: (t * np.log(t / q) - t).sum(), q * 1.5, jac=lambda t: np.log(t / q),
        bounds=[(1e-6, None)] * 4, method="SLSQP", options={"ftol": 1e-14},
        constraints={"type": "ineq", "fun": lambda t: rows @ t - [60, 50], "jac": lambda _: rows},
    )  # fmt: skip
    assert found.table["flow_persons"].to_numpy() == pytest.approx(best.x, abs=1e-3)


@pytest.mark.parametrize("trust", [0.2, 1.0, 50.0])
def test_least_squares_is_the_least_by_a_general_solver(trust):
    low = np.array([60.0, 50.0])
    found = estimate_from_counts(
        PRIOR, PASSAGES, counts(p=60, q=50), method="least_squares", trust=trust
    )
    q = PRIOR["flow_persons"].to_numpy()
    rows = np.array([[1, 0, 1, 0], [0, 1, 0.5, 0]])

    def squares(t):
        miss = np.maximum(low - rows @ t, 0)
        return ((t - q) ** 2 / q).sum() + trust * (miss**2 / low).sum()

    best = minimize(squares, q, bounds=[(0, None)] * 4, method="L-BFGS-B",
                    options={"ftol": 1e-15, "gtol": 1e-10})  # fmt: skip
    assert found.table["flow_persons"].to_numpy() == pytest.approx(best.x, abs=1e-3)
    assert f"{found.parameters['unmet_persons']:,.6g} persons" in found.warnings[0]


def test_a_high_is_kept_to_and_margins_besides():
    few = pd.DataFrame({"point_id": ["p"], "low_persons": [0.0], "high_persons": [20.0]})
    for method in METHODS[:1] + METHODS[2:]:
        found = estimate_from_counts(PRIOR, PASSAGES, few, method=method)
        assert passing(found.table)["p"] == pytest.approx(20, abs=1e-3)
    kept = estimate_from_counts(
        PRIOR, PASSAGES, counts(p=60), margins=margins_table({"a": 30, "b": 70}, {})
    )
    assert kept.matrix().sum(axis=1).tolist() == pytest.approx([30, 70], abs=1e-4)
    assert passing(kept.table)["p"] == pytest.approx(60, abs=1e-4)


def test_a_count_that_margins_do_not_leave_room_for_is_an_error_or_gives_way():
    margins = margins_table({"a": 30, "b": 70}, {"x": 50, "y": 50})
    with pytest.raises(InputError, match="point 'p' at least 60"):
        estimate_from_counts(PRIOR, PASSAGES, counts(p=60), margins=margins)
    found = estimate_from_counts(PRIOR, PASSAGES, counts(p=60), margins=margins, tolerance=0.3)
    assert "point" in set(found.relaxed["side"])


def test_passages_are_those_of_the_ways():
    case = load_toy()
    who = TravellerClass(profile="truck", nationality="TOA")
    base = case.scenario.baseline()
    ends = ["northtown", "midtown"], ["midtown", "southtown"]
    edges = {edge: [edge] for edge in case.network.edges["edge_id"]}
    found = find_passages(case.network, base, edges, *ends, traveller=who)
    ways = find_ways(case.network, base, *ends, traveller=who)
    for i, one in enumerate(ends[0]):
        for j, two in enumerate(ends[1]):
            rows = case.network.arcs.edge[ways.arcs(i, j)]
            on_way = set(case.network.edges["edge_id"].iloc[rows])
            mine = found[(found["origin_id"] == one) & (found["destination_id"] == two)]
            assert set(mine["point_id"]) == on_way
    assert len(found) > 0
    with pytest.raises(UnknownIdError, match="which is no edge of the network"):
        find_passages(case.network, base, {"p": ["nope"]}, *ends, traveller=who)


def test_bad_input():
    with pytest.raises(UnknownIdError, match=r"nobody passes 1 points: \['z'\]"):
        estimate_from_counts(PRIOR, PASSAGES, counts(z=5))
    zero = PRIOR.assign(flow_persons=[0.0, 20, 0, 40])
    with pytest.raises(InputError, match=r"5 persons were counted at 1 points.*\['p'\]"):
        estimate_from_counts(zero, PASSAGES, counts(p=5))
    with pytest.raises(InputError, match="unknown method"):
        estimate_from_counts(PRIOR, PASSAGES, counts(p=5), method="magic")
    with pytest.raises(InputError, match="by the method 'entropy' only"):
        estimate_from_counts(
            PRIOR, PASSAGES, counts(p=5), margins=margins_table({"a": 1}, {}), method="gradient"
        )
    with pytest.raises(InputError, match="trust must be"):
        estimate_from_counts(PRIOR, PASSAGES, counts(p=5), trust=0.0)
    with pytest.raises(InputError, match="wrong in 1 rows"):
        estimate_from_counts(PRIOR.assign(flow_persons=[-1.0, 1, 1, 1]), PASSAGES, counts(p=5))
