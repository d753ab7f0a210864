"""Matrices from margins: the report's table, contradictions, closed forms and optimality."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from mobility_geo.errors import InputError, SchemaError, UnknownIdError
from mobility_geo.flows import estimate_from_margins, margins_table
from mobility_geo.flows.entropy import nearest_matrix, residual_persons
from mobility_geo.flows.feasibility import possible_pairs, relax_limits
from mobility_geo.flows.margins import solve_limits
from mobility_geo.flows.od_estimate import ODLimits

ROWS = {"bamako": 998, "mopti": 507, "segou": 308, "sikasso": 205, "other": 292}
COLUMNS = {"timbuktu": 1028, "mopti": 962, "gao": 306, "other": 14}


def plain_ipf(prior, rows, columns, rounds=5_000):
    """Furness: rows, then columns, again and again."""
    flows = prior.astype(float).copy()
    for _ in range(rounds):
        flows *= (rows / np.where(flows.sum(1) > 0, flows.sum(1), 1))[:, None]
        flows *= columns / np.where(flows.sum(0) > 0, flows.sum(0), 1)
    return flows


def limits_of(row_low, row_high, col_low, col_high, total=(0.0, np.inf)):
    return ODLimits(
        origin_low=np.asarray(row_low, float), origin_high=np.asarray(row_high, float),
        destination_low=np.asarray(col_low, float), destination_high=np.asarray(col_high, float),
        total_low=total[0], total_high=total[1],
    )  # fmt: skip


# ------------------------------------------------------------------ the table of the report
def test_the_returns_of_the_report_are_met_with_nothing_relaxed():
    found = estimate_from_margins(margins_table(ROWS, COLUMNS))
    matrix = found.matrix()
    assert found.persons() == pytest.approx(2310)
    assert len(found.relaxed) == 0
    assert found.warnings == ()
    assert matrix.sum(axis=1).to_dict() == pytest.approx(ROWS)
    assert matrix.sum(axis=0).to_dict() == pytest.approx(COLUMNS)
    # without anything known of the pairs, greatest entropy is independence
    independent = np.outer(list(ROWS.values()), list(COLUMNS.values())) / 2310
    assert matrix.to_numpy() == pytest.approx(independent)


def test_an_unknown_margin_is_found_from_the_total():
    rows = {name: people for name, people in ROWS.items() if name != "other"}
    known = estimate_from_margins(
        margins_table(rows, COLUMNS, total_persons=2310), origins=list(ROWS)
    )
    assert known.matrix().loc["other"].sum() == pytest.approx(292, abs=1e-4)
    lows = estimate_from_margins(
        margins_table({name: (n, None) for name, n in rows.items()}, COLUMNS), origins=list(ROWS)
    )
    assert (lows.matrix().sum(axis=1)[list(rows)] >= pd.Series(rows) - 1e-4).all()
    assert lows.persons() == pytest.approx(2310, abs=1e-4)


def test_contradicting_margins_are_an_error_that_says_by_how_much():
    less = COLUMNS | {"other": 4}
    with pytest.raises(InputError, match=r"at least 2,310.*at most 2,300: 10 persons cannot"):
        estimate_from_margins(margins_table(ROWS, less))
    with pytest.raises(InputError, match="even with a tolerance of 0%"):
        estimate_from_margins(margins_table(ROWS, less), tolerance=0.001)


def test_with_a_tolerance_margins_give_way_by_the_least_and_evenly():
    less = COLUMNS | {"other": 4}
    found = estimate_from_margins(margins_table(ROWS, less), tolerance=0.05)
    moved = (found.relaxed["after_persons"] - found.relaxed["before_persons"]).abs()
    assert moved.sum() == pytest.approx(10, abs=1e-3)
    assert (moved / found.relaxed["before_persons"]).to_numpy() == pytest.approx(
        10 / 4610, rel=1e-3
    )
    assert set(found.relaxed["end"]) == {"low", "high"}
    assert "were moved by 10 persons" in found.warnings[0]
    assert 2300 < found.persons() < 2310


def test_margins_that_had_to_give_way_balance_at_once():
    """Every matrix meets them with equality: said as intervals, balancing crept for ever."""
    wrong = margins_table(ROWS, COLUMNS | {"timbuktu": 1128})
    found = estimate_from_margins(wrong, tolerance=0.05)
    assert found.residual_persons < 1e-6
    assert found.iterations < 10
    moved = found.relaxed.set_index(["side", "zone_id"])["after_persons"]
    matrix = found.matrix()
    for (side, zone), people in moved.items():
        sums = matrix.sum(axis=1 if side == "origin" else 0)
        assert sums[zone] == pytest.approx(people)
    before = found.relaxed["before_persons"]
    assert (found.relaxed["after_persons"] - before).abs().sum() == pytest.approx(100)


@given(seed=st.integers(0, 10_000), total=st.booleans())
def test_contradicting_margins_always_balance_once_they_give_way(seed, total):
    rng = np.random.default_rng(seed)
    rows = {f"r{i}": float(rng.integers(0, 500)) for i in range(rng.integers(1, 6))}
    columns = {f"c{j}": float(rng.integers(0, 500)) for j in range(rng.integers(1, 6))}
    open_pairs = rng.random((len(rows), len(columns))) < 0.8
    open_pairs[0] = open_pairs[:, 0] = True
    prior = pd.DataFrame(
        rng.uniform(0.1, 3, open_pairs.shape) * open_pairs, index=list(rows), columns=list(columns)
    )
    whole = float(rng.integers(1, 1000)) if total else None
    found = estimate_from_margins(
        margins_table(rows, columns, total_persons=whole), prior=prior, tolerance=np.inf
    )
    assert found.residual_persons <= 1e-4 * max(1.0, *rows.values(), *columns.values())
    assert found.limits is not None
    sums = np.concatenate([
        found.matrix().sum(axis=1), found.matrix().sum(axis=0), [found.persons()],
    ])  # fmt: skip
    slack = 1e-3 * max(1.0, sums.max())
    assert (sums >= found.limits.low() - slack).all()
    assert (sums <= found.limits.high() + slack).all()


def test_a_block_that_cannot_balance_is_named():
    prior = pd.DataFrame(1.0, index=list(ROWS), columns=list(COLUMNS))
    prior.loc["bamako", ["timbuktu", "mopti", "other"]] = 0
    with pytest.raises(InputError) as error:
        estimate_from_margins(margins_table(ROWS, COLUMNS), prior=prior)
    told = str(error.value)
    assert "1 origin ['bamako'] must send at least 998" in told
    assert "only 1 destination ['gao'], which take at most 306: 692 persons" in told
    assert "sikasso" not in told.split("\n")[1]
    prior.loc["bamako"] = 0
    with pytest.raises(InputError, match=r"\['bamako'\] must send.*can reach no destination"):
        estimate_from_margins(margins_table(ROWS, COLUMNS), prior=prior)


def test_two_blocks_are_named_apart():
    prior = pd.DataFrame(np.eye(3), index=list("abc"), columns=list("xyz"))
    margins = margins_table({"a": 5, "b": 9, "c": 4}, {"x": 7, "y": 7, "z": 4})
    with pytest.raises(InputError) as error:
        estimate_from_margins(margins, prior=prior)
    blocks = error.value.problems
    assert len(blocks) == 2
    assert any("origin ['b']" in one and "2 persons" in one for one in blocks)
    assert any("destination ['x']" in one and "2 persons" in one for one in blocks)


def test_pairs_that_margins_force_to_nobody_are_told():
    prior = pd.DataFrame([[1.0, 1.0], [0.0, 1.0]], index=["a", "b"], columns=["x", "y"])
    found = estimate_from_margins(margins_table({"a": 5, "b": 5}, {"x": 5, "y": 5}), prior=prior)
    assert found.matrix().to_numpy() == pytest.approx(np.array([[5, 0], [0, 5]]), abs=1e-6)
    assert "leave nobody" in found.warnings[0]
    assert "a to y" in found.warnings[0]


# ------------------------------------------------------------------ oracles
def test_exact_margins_are_plain_ipf():
    rng = np.random.default_rng(4)
    prior = rng.uniform(0.1, 2, (5, 4)) * (rng.random((5, 4)) > 0.2)
    rows, columns = prior.sum(1) * rng.uniform(1, 1.2), prior.sum(0)
    rows *= columns.sum() / rows.sum()
    found = nearest_matrix(prior, limits_of(rows, rows, columns, columns))
    assert found.converged
    assert found.flows == pytest.approx(plain_ipf(prior, rows, columns), abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_intervals_agree_with_a_general_solver(seed):
    rng = np.random.default_rng(seed)
    prior = rng.uniform(0.5, 3, (3, 3))
    low = rng.uniform(3, 6, 3)
    limits = limits_of(low, low + 1, rng.uniform(2, 4, 3), [np.inf] * 3, (14.0, 15.0))
    found = nearest_matrix(prior, limits)
    rows = limits.rows(prior > 0).toarray()

    def distance(t):
        t = np.maximum(t, 1e-12)
        return float((t * np.log(t / prior.ravel()) - t).sum())

    best = minimize(
        distance, np.full(9, 1.6), jac=lambda t: np.log(np.maximum(t, 1e-12) / prior.ravel()),
        bounds=[(1e-9, None)] * 9, method="SLSQP", options={"ftol": 1e-14, "maxiter": 500},
        constraints=[LinearConstraint(rows, limits.low(), limits.high())],
    )  # fmt: skip
    assert best.success
    assert found.flows.ravel() == pytest.approx(best.x, abs=1e-4)


@given(data=st.data())
@settings(max_examples=40)
def test_multipliers_prove_that_the_matrix_is_the_nearest(data):
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    hidden = rng.uniform(0.2, 9, (n, m))  # so that the limits fit
    prior = rng.uniform(0.2, 3, (n, m))
    wide = rng.uniform(0, 0.5, n + m) * (rng.random(n + m) > 0.3)
    row, column = hidden.sum(1), hidden.sum(0)
    limits = limits_of(
        row * (1 - wide[:n]), np.where(rng.random(n) > 0.2, row * (1 + wide[:n]), np.inf),
        column * (1 - wide[n:]), column * (1 + wide[n:]), (hidden.sum() * 0.9, np.inf),
    )  # fmt: skip
    found = nearest_matrix(prior, limits)
    assert found.converged
    a, b, g = np.split(found.multipliers, [n, n + m])
    # the matrix is the prior times a factor of each sum ...
    assert found.flows == pytest.approx(prior * np.exp(a[:, None] + b + g))
    # ... and factors pull towards the limit that holds, and are 1 inside
    assert residual_persons(found.flows, found.multipliers, limits) <= 1e-9 * max(hidden.sum(), 10)
    inside = (found.flows.sum(1) > limits.origin_low + 1e-4) & (
        found.flows.sum(1) < limits.origin_high - 1e-4
    )
    assert np.abs(a[inside]).max(initial=0) == 0


@given(seed=st.integers(0, 2**31), scale=st.sampled_from([0.01, 3.0, 1e4]))
@settings(max_examples=20)
def test_order_and_size_do_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    rows = {f"r{i}": float(v) for i, v in enumerate(rng.uniform(1, 9, 3))}
    total = sum(rows.values())
    columns = dict(zip("xyz", (rng.dirichlet(np.ones(3)) * total).tolist(), strict=True))
    prior = pd.DataFrame(rng.uniform(0.1, 1, (3, 3)), index=list(rows), columns=list(columns))
    once = estimate_from_margins(margins_table(rows, columns), prior=prior).matrix()
    turned = estimate_from_margins(
        margins_table(rows, columns).iloc[::-1], prior=prior.iloc[::-1, ::-1]
    ).matrix()
    assert turned.loc[once.index, once.columns].to_numpy() == pytest.approx(once.to_numpy())
    larger = estimate_from_margins(
        margins_table({k: v * scale for k, v in rows.items()},
                      {k: v * scale for k, v in columns.items()}), prior=prior
    ).matrix()  # fmt: skip
    assert larger.to_numpy() == pytest.approx(once.to_numpy() * scale, rel=1e-5)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=40)
def test_margins_fit_if_and_only_if_no_block_contradicts(seed):
    rng = np.random.default_rng(seed)
    pairs = rng.random((4, 4)) > 0.5
    rows, columns = rng.integers(0, 6, 4).astype(float), rng.integers(0, 6, 4).astype(float)
    columns[0] += max(rows.sum() - columns.sum(), 0)
    rows[0] += max(columns.sum() - rows.sum(), 0)
    limits = limits_of(rows, rows, columns, columns)
    # Hall and Hoffman: every set of origins must fit into the destinations that it reaches
    fits = all(
        rows[[i for i in range(4) if chosen >> i & 1]].sum()
        <= columns[pairs[[i for i in range(4) if chosen >> i & 1]].any(axis=0)].sum()
        for chosen in range(1, 16)
    )
    names = tuple("abcd"), tuple("wxyz")
    if fits:
        found = relax_limits(pairs, limits, origins=names[0], destinations=names[1])
        assert len(found.table) == 0
        assert found.flows.sum(1) == pytest.approx(rows, abs=1e-6)
        assert not found.flows[~pairs].any()
        possible = possible_pairs(pairs, limits, found.flows)
        solved = solve_limits(
            pairs.astype(float), limits, *names, method="x"
        ).matrix().to_numpy()  # fmt: skip
        assert not solved[~pairs].any()
        assert (solved[possible] > 0).all()
        assert solved[~possible] == pytest.approx(0, abs=1e-3)
    else:
        with pytest.raises(InputError, match="cannot be placed"):
            relax_limits(pairs, limits, origins=names[0], destinations=names[1])
        endless = relax_limits(
            pairs, limits, origins=names[0], destinations=names[1], tolerance=np.inf
        )
        moved = (endless.table["after_persons"] - endless.table["before_persons"]).abs().sum()
        assert moved > 0
        new = endless.limits
        assert (endless.flows.sum(1) <= new.origin_high + 1e-6).all()
        assert (endless.flows.sum(1) >= new.origin_low - 1e-6).all()


# ------------------------------------------------------------------ bad input
def test_zones_without_a_margin_weigh_like_the_others():
    found = estimate_from_margins(margins_table({"a": 10, "b": 30}, {}), origins=["a", "b", "c"],
                                  destinations=["x"])  # fmt: skip
    assert found.matrix()["x"].tolist() == pytest.approx([10, 30, 20])


@pytest.mark.parametrize(
    ("margins", "error", "message"),
    [
        (margins_table({"a": -5}, {"b": 5}), SchemaError, "low_persons.*>= 0"),
        (margins_table({"a": np.nan}, {"b": 5}), SchemaError, "must not be missing"),
        (margins_table({"a": (9, 5)}, {"b": 5}), InputError, "above high_persons in 1 rows"),
        (margins_table({}, {"b": 5}), InputError, "no origin, or no destination"),
        (pd.concat([margins_table({"a": 1}, {"b": 1})] * 2), SchemaError, "duplicate|twice|unique"),
        (margins_table({"a": 5}, {"b": 5}, (9, None)), InputError, "total 'all' at least 9"),
    ],
)  # fmt: skip
def test_bad_margins(margins, error, message):
    with pytest.raises(error, match=message):
        estimate_from_margins(margins)


def test_bad_priors_and_tolerances():
    margins = margins_table({"a": 5}, {"b": 5})
    with pytest.raises(InputError, match="negative or missing"):
        estimate_from_margins(margins, prior=pd.DataFrame([[-1.0]], ["a"], ["b"]))
    with pytest.raises(InputError, match="must be finite"):
        estimate_from_margins(margins, prior=pd.DataFrame([[np.inf]], ["a"], ["b"]))
    with pytest.raises(InputError, match=r"name no origin of the matrix: \['a'\]"):
        estimate_from_margins(margins, prior=pd.DataFrame([[1.0]], ["ab"], ["b"]))
    with pytest.raises(UnknownIdError, match="no row for 1 origins"):
        estimate_from_margins(margins, prior=pd.DataFrame([[1.0]], ["c"], ["b"]), origins=["a"])
    for wrong in (-0.1, np.nan):
        with pytest.raises(InputError, match="tolerance must be a share"):
            estimate_from_margins(margins, tolerance=wrong)
