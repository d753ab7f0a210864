"""Gravity models: closed forms, Hyman's condition, score equations, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.flows import (
    Deterrence,
    calibrate_mean_cost,
    estimate_gravity,
    fit_poisson,
    margins_table,
    od_costs,
)
from mobility_geo.flows.gravity import CONSTRAINTS, KINDS
from mobility_geo.routing import skim_table
from mobility_geo.scenario import TravellerClass

RNG = np.random.default_rng(1)
COSTS = pd.DataFrame(RNG.uniform(1, 20, (6, 5)), index=list("abcdef"), columns=list("vwxyz"))
OUT = pd.Series(RNG.integers(10, 500, 6).astype(float), index=COSTS.index)
IN = pd.Series(RNG.dirichlet(np.ones(5)) * OUT.sum(), index=COSTS.columns)
MARGINS = margins_table(OUT.to_dict(), IN.to_dict(), OUT.sum())
DETERRENCES = [
    Deterrence(kind="exponential", rate=0.15), Deterrence(kind="power", power=1.3),
    Deterrence(kind="tanner", rate=0.1, power=0.5),
]  # fmt: skip


@pytest.mark.parametrize("deterrence", DETERRENCES, ids=KINDS)
class TestConstraints:
    def test_unconstrained_is_masses_times_deterrence(self, deterrence):
        found = estimate_gravity(COSTS, deterrence, margins=MARGINS, constraint="none").matrix()
        f = np.outer(OUT, IN) * COSTS**-deterrence.power * np.exp(-deterrence.rate * COSTS)
        assert found.to_numpy() == pytest.approx((f * OUT.sum() / f.to_numpy().sum()).to_numpy())

    def test_singly_constrained_is_the_closed_form(self, deterrence):
        found = estimate_gravity(COSTS, deterrence, margins=MARGINS, constraint="origins").matrix()
        f = pd.DataFrame(deterrence.factors(COSTS), COSTS.index, COSTS.columns) * IN
        assert found.to_numpy() == pytest.approx((f.mul(OUT / f.sum(axis=1), axis=0)).to_numpy())
        found = estimate_gravity(
            COSTS, deterrence, margins=MARGINS, constraint="destinations"
        ).matrix()
        f = deterrence.factors(COSTS) * OUT.to_numpy()[:, None]
        assert found.to_numpy() == pytest.approx(f * IN.to_numpy() / f.sum(axis=0))

    def test_doubly_constrained_has_both_margins_and_the_odds_of_the_deterrence(self, deterrence):
        found = estimate_gravity(COSTS, deterrence, margins=MARGINS).matrix()
        assert found.sum(axis=1).to_numpy() == pytest.approx(OUT.to_numpy())
        assert found.sum(axis=0).to_numpy() == pytest.approx(IN.to_numpy())
        t, f = found.to_numpy(), deterrence.factors(COSTS)
        odds = t[0, 0] * t[1, 1] / (t[0, 1] * t[1, 0])
        assert odds == pytest.approx(f[0, 0] * f[1, 1] / (f[0, 1] * f[1, 0]))

    def test_the_mean_cost_gives_the_deterrence_back(self, deterrence):
        known = estimate_gravity(COSTS, deterrence, margins=MARGINS)
        power = deterrence.power if deterrence.kind == "tanner" else 0.0
        found = calibrate_mean_cost(
            COSTS, known.parameters["mean_cost"], kind=deterrence.kind, power=power,
            margins=MARGINS,
        )  # fmt: skip
        assert found.parameters["rate_per_unit"] == pytest.approx(deterrence.rate, abs=1e-6)
        assert found.parameters["power"] == pytest.approx(deterrence.power, abs=1e-6)

    def test_likelihood_gives_the_deterrence_back(self, deterrence):
        known = estimate_gravity(COSTS, deterrence, margins=MARGINS)
        found = fit_poisson(known.table, COSTS, kind=deterrence.kind).parameters
        assert found["rate_per_unit"] == pytest.approx(deterrence.rate, abs=1e-6)
        assert found["power"] == pytest.approx(deterrence.power, abs=1e-6)
        assert found["deviance"] == pytest.approx(0, abs=1e-6)


@given(seed=st.integers(0, 2**31), rate=st.floats(0.0, 0.5))
@settings(max_examples=15)
def test_a_stronger_deterrence_never_lengthens_journeys(seed, rate):
    rng = np.random.default_rng(seed)
    costs = pd.DataFrame(rng.uniform(1, 20, (3, 3)), index=list("abc"), columns=list("xyz"))
    rows = dict(zip("abc", rng.uniform(1, 9, 3).tolist(), strict=True))
    columns = dict(zip("xyz", (rng.dirichlet(np.ones(3)) * sum(rows.values())).tolist(),
                       strict=True))  # fmt: skip
    margins = margins_table(rows, columns)
    one, two = (
        estimate_gravity(costs, Deterrence(kind="exponential", rate=r), margins=margins)
        .parameters["mean_cost"] for r in (rate, rate + 0.1)
    )  # fmt: skip
    assert two <= one + 1e-6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_score_equations_are_zero(kind, constraint):
    flows = estimate_gravity(COSTS, DETERRENCES[0], margins=MARGINS)
    seen = flows.table.assign(
        flow_persons=np.random.default_rng(5).poisson(flows.table["flow_persons"])
    )
    found = fit_poisson(
        seen, COSTS, kind=kind, constraint=constraint,
        masses={"origin": OUT, "destination": IN},
    )  # fmt: skip
    observed = seen.pivot_table(index="origin_id", columns="destination_id", values="flow_persons")
    gap = observed.to_numpy() - found.matrix().to_numpy()
    scale = observed.to_numpy().sum()
    terms = {"exponential": [COSTS], "power": [np.log(COSTS)],
             "tanner": [COSTS, np.log(COSTS)]}[kind]  # fmt: skip
    for term in terms:
        assert (gap * term.to_numpy()).sum() == pytest.approx(0, abs=1e-6 * scale)
    if constraint in {"both", "origins"}:
        assert gap.sum(axis=1) == pytest.approx(0, abs=1e-6 * scale)
    else:
        assert (gap.sum(axis=1) * np.log(OUT)).sum() == pytest.approx(0, abs=1e-6 * scale)
    if constraint in {"both", "destinations"}:
        assert gap.sum(axis=0) == pytest.approx(0, abs=1e-6 * scale)
    assert gap.sum() == pytest.approx(0, abs=1e-6 * scale)


def test_standard_errors_are_those_of_a_general_fit():
    costs = COSTS.iloc[:3, :3]
    known = estimate_gravity(
        costs, DETERRENCES[0],
        margins=margins_table({"a": 90, "b": 60, "c": 50}, {"v": 80, "w": 70, "x": 50}),
    )  # fmt: skip
    seen = known.table.assign(flow_persons=known.table["flow_persons"].round())
    found = fit_poisson(seen, costs)
    y, c = seen["flow_persons"].to_numpy(), costs.to_numpy().ravel()
    row, column = np.repeat(np.eye(3), 3, axis=0), np.tile(np.eye(3), (3, 1))[:, 1:]
    design = np.column_stack([-c, row, column])

    def minus(beta):
        mu = np.exp(design @ beta)
        return mu.sum() - y @ (design @ beta)

    start = np.r_[0.1, np.full(5, 3.0)]
    best = minimize(minus, start, jac=lambda b: design.T @ (np.exp(design @ b) - y),
                    method="BFGS", options={"gtol": 1e-8})  # fmt: skip
    mu = np.exp(design @ best.x)
    error = np.sqrt(np.linalg.inv(design.T @ (design * mu[:, None]))[0, 0])
    assert found.parameters["rate_per_unit"] == pytest.approx(best.x[0], abs=1e-5)
    assert found.parameters["rate_per_unit_error"] == pytest.approx(error, rel=1e-4)


# ------------------------------------------------------------------ on a network
def test_costs_come_from_the_network_under_the_scenario_and_no_way_is_no_row():
    case = load_toy()
    who = TravellerClass(profile="truck", nationality="TOA")
    ends = ["northtown", "midtown"], ["midtown", "southtown"]
    costs = od_costs(case.network, case.scenario, *ends, traveller=who)
    assert np.isinf(costs.loc["northtown", "southtown"])
    margins = margins_table({"northtown": 5, "midtown": 7}, {"midtown": 1, "southtown": 1})
    found = estimate_gravity(costs, DETERRENCES[0], margins=margins, constraint="origins")
    pairs = set(zip(found.table["origin_id"], found.table["destination_id"], strict=True))
    assert ("northtown", "southtown") not in pairs
    # a long table without any row for a place may as well have another name for it
    long = skim_table(case.network, case.scenario, *ends, traveller=who)
    with pytest.raises(UnknownIdError, match=r"no row for 1 destinations: \['southtown'\]"):
        estimate_gravity(long, DETERRENCES[0], margins=margins, constraint="origins")
    normal = case.scenario.baseline()
    open_again = od_costs(case.network, normal, *ends, traveller=who)
    assert np.isfinite(open_again.to_numpy()).all()
    long = skim_table(case.network, normal, *ends, traveller=who)
    one, two = (
        estimate_gravity(known, DETERRENCES[0], margins=margins, constraint="origins").matrix()
        for known in (open_again, long)
    )
    assert one.to_numpy() == pytest.approx(two.loc[one.index, one.columns].to_numpy())
    stuck = margins_table({"northtown": 5}, {"southtown": 5})
    with pytest.raises(InputError, match=r"\['northtown'\] must send.*reach no destination"):
        estimate_gravity(costs, DETERRENCES[0], margins=stuck)


def test_an_end_that_is_no_place_is_deterred_by_nothing():
    margins = margins_table({"a": 40, "other": 60}, {"v": 50, "w": 50})
    costs = COSTS.loc[["a"], ["v", "w"]]
    found = estimate_gravity(costs, DETERRENCES[0], margins=margins, unlocated=["other"])
    assert found.matrix().sum(axis=1).tolist() == pytest.approx([40, 60])
    assert "no place" in found.warnings[0]
    with pytest.raises(UnknownIdError, match=r"no row for 1 origins: \['other'\].*unlocated"):
        estimate_gravity(costs, DETERRENCES[0], margins=margins)


def test_nobody_stays_within_a_place_if_asked():
    costs = pd.DataFrame([[0.0, 2.0], [2.0, 0.0]], index=["a", "b"], columns=["a", "b"])
    margins = margins_table({"a": 3, "b": 4}, {"a": 4, "b": 3})
    found = estimate_gravity(costs, DETERRENCES[1], margins=margins, within_place=False)
    assert found.table["flow_persons"].tolist() == pytest.approx([3, 4])
    with pytest.raises(InputError, match="2 pairs cost 0"):
        estimate_gravity(costs, DETERRENCES[1], margins=margins)


# ------------------------------------------------------------------ bad input
def test_a_mean_cost_that_cannot_be_had_says_what_can():
    with pytest.raises(InputError, match=r"no deterrence gives a mean cost of 1: .* 7\.391 to 14"):
        calibrate_mean_cost(COSTS, 1.0, margins=MARGINS)
    with pytest.raises(InputError, match="mean_cost must be a finite number"):
        calibrate_mean_cost(COSTS, np.nan, margins=MARGINS)


def test_a_negative_deterrence_is_told():
    flat = estimate_gravity(COSTS, Deterrence(kind="exponential"), margins=MARGINS)
    far = flat.parameters["mean_cost"] * 1.1
    found = calibrate_mean_cost(COSTS, far, margins=MARGINS)
    assert found.parameters["mean_cost"] == pytest.approx(far)
    assert found.parameters["rate_per_unit"] < 0
    assert "negative" in found.warnings[-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flow_persons": [-1.0, 2.0]}, "wrong in 1 rows"),
        ({"flow_persons": [np.inf, 2.0]}, "wrong in 1 rows"),
        ({"flow_persons": [np.nan, np.nan]}, "nobody was seen"),
        ({"origin_id": ["nowhere", "a"]}, r"1 rows with 5 persons name a origin.*\['nowhere'\]"),
        ({"flow_persons": [0.0, 0.0]}, "nobody was seen"),
    ],
)
def test_bad_flows(change, message):
    seen = pd.DataFrame(
        {"origin_id": ["a", "b"], "destination_id": ["v", "w"], "flow_persons": [5.0, 2.0]}
    ).assign(**change)
    with pytest.raises(InputError, match=message):
        fit_poisson(seen, COSTS)


def test_people_on_a_pair_without_a_way_are_an_error():
    costs = COSTS.copy()
    costs.loc["a", "v"] = np.inf
    seen = pd.DataFrame({"origin_id": ["a"], "destination_id": ["v"], "flow_persons": [5.0]})
    with pytest.raises(InputError, match=r"5 persons were seen on 1 pairs.*a to v"):
        fit_poisson(seen, costs)


def test_flows_that_tell_nothing_of_cost_are_an_error():
    costs = pd.DataFrame(1.0, index=["a", "b"], columns=["v", "w"])
    seen = pd.DataFrame({"origin_id": ["a", "b"], "destination_id": ["v", "w"],
                         "flow_persons": [5.0, 3.0]})  # fmt: skip
    with pytest.raises(InputError, match="cannot be told apart"):
        fit_poisson(seen, costs)


def test_bad_models():
    with pytest.raises(InputError, match="unknown kind 'linear'"):
        Deterrence(kind="linear")
    with pytest.raises(InputError, match="exponential has a rate, no power"):
        Deterrence(kind="exponential", power=1.0)
    with pytest.raises(InputError, match="unknown constraint"):
        estimate_gravity(COSTS, DETERRENCES[0], margins=MARGINS, constraint="twice")
    with pytest.raises(InputError, match="needs the total"):
        estimate_gravity(
            COSTS, DETERRENCES[0], margins=MARGINS[MARGINS["side"] != "total"], constraint="none"
        )
    with pytest.raises(InputError, match="rate is too large"):
        estimate_gravity(COSTS, Deterrence(kind="exponential", rate=1e3), margins=MARGINS)
    lows = margins_table(OUT.to_dict(), {k: (v, None) for k, v in IN.items()})
    with pytest.raises(InputError, match="destinations are masses here"):
        estimate_gravity(COSTS, DETERRENCES[0], margins=lows, constraint="origins")


def exact_flows(rate):
    """Return flows that a doubly constrained model fits exactly, each pair a row."""
    table = COSTS.rename_axis("origin_id").reset_index().melt("origin_id", var_name="to")
    table = table.rename(columns={"to": "destination_id"})
    sizes = table["origin_id"].map(OUT) * table["destination_id"].map(IN)
    return table.assign(flow_persons=sizes * np.exp(-rate * table["value"]) / 500)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_pair_without_a_figure_is_left_out_of_the_likelihood(constraint):
    seen = exact_flows(0.15)
    masses = {"origin": OUT, "destination": IN}
    told = fit_poisson(seen, COSTS, constraint=constraint, masses=masses)
    withheld = seen.assign(flow_persons=seen["flow_persons"].mask(seen.index % 7 == 3))
    found = fit_poisson(withheld, COSTS, constraint=constraint, masses=masses)
    assert found.parameters["rate_per_unit"] == pytest.approx(0.15, abs=1e-6)
    # what is not told is what the model says, and here the model is right
    assert found.matrix().to_numpy() == pytest.approx(told.matrix().to_numpy(), rel=1e-5)
    assert found.limits is None
    assert "4 pairs without a figure are left out of the fit" in found.warnings[0]
    assert found.parameters["degrees_of_freedom"] == told.parameters["degrees_of_freedom"] - 4
    as_zero = fit_poisson(withheld.dropna(), COSTS, constraint=constraint, masses=masses)
    assert abs(as_zero.parameters["rate_per_unit"] - 0.15) > 1e-4


def test_the_fit_without_some_pairs_is_the_maximum_of_a_general_solver():
    rng = np.random.default_rng(3)
    seen = exact_flows(0.1)
    seen["flow_persons"] = rng.poisson(seen["flow_persons"]).astype(float)
    seen.loc[[0, 11, 17], "flow_persons"] = np.nan
    known = seen.dropna()
    factors = pd.get_dummies(known[["origin_id", "destination_id"]], dtype=float).to_numpy()
    design = np.column_stack([factors, -known["value"]])
    counts = known["flow_persons"].to_numpy()

    def loss(x):
        eta = design @ x
        return float(np.exp(eta).sum() - counts @ eta)

    def slope(x):
        return design.T @ (np.exp(design @ x) - counts)

    best = minimize(loss, np.r_[np.full(11, 1.0), 0.1], jac=slope, method="BFGS",
                    options={"gtol": 1e-8, "maxiter": 2000})  # fmt: skip
    found = fit_poisson(seen, COSTS)
    assert found.parameters["rate_per_unit"] == pytest.approx(best.x[-1], abs=1e-5)


def test_an_end_without_any_figure_has_no_factor():
    seen = exact_flows(0.1)
    seen["flow_persons"] = seen["flow_persons"].mask(seen["origin_id"] == "c")
    with pytest.raises(InputError, match=r"no figure of 1 origins.*\['c'\]; leave them out"):
        fit_poisson(seen, COSTS)
    free = fit_poisson(seen, COSTS, constraint="destinations", masses={"origin": OUT})
    assert (free.matrix().loc["c"] > 0).all()
