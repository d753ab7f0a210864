"""The radiation model against its definition, pair by pair."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import InputError
from mobility_geo.flows import estimate_radiation


def by_definition(costs, people, leaving):
    """Return flows by Simini's formula, with loops."""
    flows = {}
    for i in leaving.index:
        for j in costs.columns:
            if i == j or np.isinf(costs.loc[i, j]):
                continue
            nearer = sum(
                people[k] for k in costs.columns
                if k not in {i, j} and costs.loc[i, k] < costs.loc[i, j]
            )  # fmt: skip
            m, n = people[i], people[j]
            flows[i, j] = leaving[i] * m * n / ((m + nearer) * (m + n + nearer))
    return flows


@given(seed=st.integers(0, 2**31))
@settings(max_examples=30)
def test_every_pair_is_as_defined_with_ties_and_closures(seed):
    rng = np.random.default_rng(seed)
    places = list("abcde")
    costs = pd.DataFrame(rng.integers(1, 5, (5, 5)).astype(float), index=places, columns=places)
    costs = costs.mask(rng.random((5, 5)) < 0.2, np.inf)
    costs.loc["a", "b"] = 1.0
    people = pd.Series(rng.integers(1, 50, 5).astype(float), index=places)
    leaving = pd.Series({"a": 60.0, "c": 0.0})
    found = estimate_radiation(costs, people, leaving, everybody_arrives=False)
    wanted = by_definition(costs, people, leaving)
    rows = {(r.origin_id, r.destination_id): r.flow_persons for r in found.table.itertuples()}
    assert rows == pytest.approx(wanted)
    assert "stay" in found.warnings[0]


def test_without_ties_all_but_a_known_share_leave():
    rng = np.random.default_rng(2)
    places = list("abcdef")
    costs = pd.DataFrame(rng.random((6, 6)), index=places, columns=places)
    people = pd.Series(rng.uniform(1, 9, 6), index=places)
    leaving = pd.Series(100.0, index=places)
    flows = estimate_radiation(costs, people, leaving, everybody_arrives=False).matrix()
    assert (flows.sum(axis=1) / 100).to_numpy() == pytest.approx(
        (1 - people / people.sum()).to_numpy()
    )
    whole = estimate_radiation(costs, people, leaving).matrix()
    assert whole.sum(axis=1).to_numpy() == pytest.approx(100)
    assert (whole / flows).iloc[0, 1:].std() == pytest.approx(0, abs=1e-12)


def test_a_closure_changes_who_is_nearer():
    people = pd.Series({"a": 10.0, "b": 90.0, "c": 50.0})
    open_ = pd.DataFrame([[0.0, 1.0, 2.0]], index=["a"], columns=["a", "b", "c"])
    closed = open_.replace(1.0, np.inf)
    one, two = (
        estimate_radiation(c, people, pd.Series({"a": 60}), everybody_arrives=False).matrix()
        for c in (open_, closed)
    )
    assert two.loc["a", "c"] == pytest.approx(60 * 10 * 50 / (10 * 60))
    assert one.loc["a", "c"] == pytest.approx(60 * 10 * 50 / (100 * 150))


def test_only_allowed_destinations_get_people_but_others_count_as_nearer():
    people = pd.Series({"a": 10.0, "b": 90.0, "c": 50.0, "d": 20.0})
    costs = pd.DataFrame([[0.0, 1.0, 2.0, 3.0]], index=["a"], columns=list("abcd"))
    found = estimate_radiation(costs, people, pd.Series({"a": 60}), destinations=["c", "d"])
    assert found.table["destination_id"].tolist() == ["c", "d"]
    both = by_definition(costs, people, pd.Series({"a": 60.0}))
    assert found.table["flow_persons"].to_numpy() == pytest.approx(
        60 * np.array([both["a", "c"], both["a", "d"]]) / (both["a", "c"] + both["a", "d"])
    )


def test_bad_input():
    people = pd.Series({"a": 10.0, "b": 90.0})
    costs = pd.DataFrame([[0.0, np.inf]], index=["a"], columns=["a", "b"])
    with pytest.raises(InputError, match=r"60 persons leave 1 origins.*\['a'\].*stranded"):
        estimate_radiation(costs, people, pd.Series({"a": 60}))
    fine = costs.replace(np.inf, 1.0)
    with pytest.raises(InputError, match=r"population: 1 places.*\['b'\]"):
        estimate_radiation(fine, people.drop("b"), pd.Series({"a": 60}))
    with pytest.raises(InputError, match="leaving: 1 places"):
        estimate_radiation(fine, people, pd.Series({"a": -1}))
    with pytest.raises(InputError, match="not among the destinations of the costs"):
        estimate_radiation(fine[["b"]], people, pd.Series({"a": 1}))
