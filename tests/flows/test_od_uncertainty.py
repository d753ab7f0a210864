"""What margins leave open: exact bounds, even samples, chance, bootstrap."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mobility_geo.errors import InputError
from mobility_geo.flows import (
    ODEstimate,
    add_chance_intervals,
    add_intervals,
    bootstrap_poisson,
    cell_bounds,
    estimate_from_counts,
    estimate_from_margins,
    margins_table,
)
from mobility_geo.flows.od_uncertainty import _body, _extremes, _hit_and_run


def rng():
    return np.random.default_rng(7)


def test_bounds_of_exact_margins_are_those_of_frechet():
    rows, columns = np.array([6.0, 4, 10]), np.array([7.0, 3, 10])
    found = estimate_from_margins(
        margins_table(dict(zip("abc", rows.tolist(), strict=True)),
                      dict(zip("xyz", columns.tolist(), strict=True)))
    )  # fmt: skip
    bounds = cell_bounds(found)
    assert bounds["least_persons"].to_numpy() == pytest.approx(
        np.maximum(0, rows[:, None] + columns - 20).ravel()
    )
    assert bounds["most_persons"].to_numpy() == pytest.approx(
        np.minimum(rows[:, None], columns).ravel()
    )


def test_one_free_direction_is_sampled_evenly():
    # two by two: one number decides, and it is uniform between its bounds
    found = estimate_from_margins(margins_table({"a": 6, "b": 4}, {"x": 7, "y": 3}))
    body = _body(found, 10)
    samples, dimensions = _hit_and_run(body, *_extremes(body), 800, rng())
    assert dimensions == 1
    assert stats.kstest((samples[:, 0] - 3) / 3, "uniform").pvalue > 0.001
    table = add_intervals(found, rng=rng(), share=0.8).table
    assert table["low_persons"].iloc[0] == pytest.approx(3.3, abs=0.1)
    assert table["high_persons"].iloc[0] == pytest.approx(5.7, abs=0.1)


def test_two_free_directions_are_sampled_evenly():
    # one origin, three destinations without margins: even on a triangle, marginals are Beta(1, 2)
    found = estimate_from_margins(margins_table({"a": 12}, {}), destinations=list("xyz"))
    body = _body(found, 10)
    samples, dimensions = _hit_and_run(body, *_extremes(body), 800, rng())
    assert dimensions == 2
    assert samples.sum(axis=1) == pytest.approx(12)
    for k in range(3):
        assert stats.kstest(samples[::2, k] / 12, stats.beta(1, 2).cdf).pvalue > 0.001


def test_samples_keep_to_every_limit_and_zero():
    prior = pd.DataFrame([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]], list("abc"), list("xyz"))
    margins = margins_table({"a": (4, 6), "b": 5, "c": (1, None)}, {"x": 3, "y": (4, 8)}, 14)
    found = estimate_from_margins(margins, prior=prior)
    body = _body(found, 10)
    least, most, middle = _extremes(body)
    samples, dimensions = _hit_and_run(body, least, most, middle, 200, rng())
    assert samples.shape == (200, 7)  # pairs of weight 0 have no row
    assert 0 < dimensions <= 6
    sums = samples @ body.rows.T
    assert (sums >= body.low - 1e-6).all()
    assert (sums <= body.high + 1e-6).all()
    assert (samples >= least - 1e-6).all()
    assert (samples <= most + 1e-6).all()
    assert samples.std(axis=0).min() > 0.05


def test_intervals_hold_the_estimate_and_lie_within_the_bounds():
    found = estimate_from_margins(
        margins_table({"a": 998, "b": 507, "c": 205}, {"x": 1028, "y": 668, "z": 14})
    )
    table = add_intervals(found, rng=rng(), draws=300).table
    for low, high in (("least", "low"), ("low", "flow"), ("flow", "high"), ("high", "most")):
        assert (table[f"{low}_persons"] <= table[f"{high}_persons"] + 1e-6).all()
    again = add_intervals(found, rng=rng(), draws=300).table
    pd.testing.assert_frame_equal(table, again)
    other = add_intervals(found, rng=np.random.default_rng(8), draws=300).table
    assert not np.allclose(table["low_persons"], other["low_persons"])


def test_a_matrix_that_margins_determine_has_no_width():
    found = estimate_from_margins(margins_table({"a": 6, "b": 4}, {"x": 10}))
    closed = add_intervals(found, rng=rng())
    assert closed.parameters["free_dimensions"] == 0
    assert closed.table["low_persons"].tolist() == pytest.approx([6, 4], abs=1e-5)
    assert closed.table["high_persons"].tolist() == pytest.approx([6, 4], abs=1e-5)


def test_without_an_upper_limit_nothing_is_drawn_and_the_pairs_are_named():
    found = estimate_from_margins(margins_table({"a": (6, None), "b": 4}, {}), destinations=["x"])
    assert cell_bounds(found)["most_persons"].tolist() == [np.inf, 4]
    bounds = add_intervals(found, rng=rng())
    assert bounds.table["low_persons"].tolist() == [6, 4]
    assert bounds.table["high_persons"].fillna(-1).tolist() == [-1, 4]
    assert bounds.table["most_persons"].isna().tolist() == [True, False]
    assert "1 of 2 pairs have no upper limit: ['a to x']" in bounds.warnings[-1]
    assert bounds.parameters["open_pairs"] == 1
    assert "interval_share" not in bounds.parameters


def test_counts_that_are_lower_bounds_leave_pairs_without_a_high():
    prior = pd.DataFrame({"origin_id": list("aabb"), "destination_id": list("xyxy"),
                          "flow_persons": [10.0, 20, 30, 40]})  # fmt: skip
    passages = prior.iloc[[0, 2]].assign(point_id="p", passing_share=1.0)
    counts = pd.DataFrame({"point_id": ["p"], "low_persons": [60.0]})
    found = add_intervals(estimate_from_counts(prior, passages, counts), rng=rng())
    assert found.table["high_persons"].isna().all()
    assert (found.table["low_persons"] == 0).all()
    assert "4 of 4 pairs" in found.warnings[-1]
    # a total closes them
    margins = margins_table({}, {}, 150)
    closed = estimate_from_counts(prior, passages, counts, margins=margins)
    table = add_intervals(closed, rng=rng(), draws=200).table
    assert table["most_persons"].tolist() == pytest.approx([150, 90, 150, 90])
    assert (table["high_persons"] < table["most_persons"]).all()


def test_chance_is_binomial():
    found = estimate_from_margins(margins_table({"a": 100, "b": 10}, {"x": 88, "y": 22}))
    table = add_chance_intervals(found, share=0.9).table
    assert table["low_persons"].iloc[0] == stats.binom.ppf(0.05, 100, 0.8)
    assert table["high_persons"].iloc[3] == stats.binom.ppf(0.95, 10, 0.2)


def test_the_bootstrap_agrees_with_standard_errors():
    costs = pd.DataFrame(np.random.default_rng(1).uniform(1, 9, (4, 4)), list("abcd"), list("wxyz"))
    mean = 200 * np.exp(-0.3 * costs)
    seen = mean.stack().rename_axis(["origin_id", "destination_id"])  # noqa: PD013
    seen = seen.rename("flow_persons").reset_index().round()
    found = bootstrap_poisson(seen, costs, rng=rng(), draws=60).parameters
    width = found["rate_per_unit_high"] - found["rate_per_unit_low"]
    assert width == pytest.approx(2 * 1.645 * found["rate_per_unit_error"], rel=0.35)
    assert found["rate_per_unit_low"] < 0.3 < found["rate_per_unit_high"]


def test_bad_input():
    found = estimate_from_margins(margins_table({"a": 6, "b": 4}, {"x": 7, "y": 3}))
    with pytest.raises(InputError, match="4 pairs are too many"):
        cell_bounds(found, most_pairs=3)
    with pytest.raises(InputError, match="share must be between"):
        add_intervals(found, rng=rng(), share=1.0)
    with pytest.raises(InputError, match="share must be between"):
        add_chance_intervals(found, share=0.0)
    with pytest.raises(InputError, match="draws at least 2"):
        bootstrap_poisson(found.table, found.matrix(), rng=rng(), draws=1)
    plain = ODEstimate(table=found.table, method="by hand", origin_ids=("a", "b"),
                       destination_ids=("x", "y"))  # fmt: skip
    with pytest.raises(InputError, match="by hand: has no limits"):
        cell_bounds(plain)
    with pytest.raises(InputError, match="2 rows name a place"):
        ODEstimate(table=found.table, method="x", origin_ids=("a",), destination_ids=("x", "y"))


def test_the_bootstrap_leaves_pairs_without_a_figure_out():
    costs = pd.DataFrame([[1.0, 2, 4], [2, 1, 3], [3, 3, 1]], list("abc"), list("xyz"))
    seen = costs.rename_axis("origin_id").reset_index().melt("origin_id", var_name="to")
    seen = seen.rename(columns={"to": "destination_id"})
    seen["flow_persons"] = (900 * np.exp(-0.7 * seen["value"])).round()
    seen.loc[4, "flow_persons"] = np.nan  # b to y, of the largest
    found = bootstrap_poisson(seen, costs, rng=rng(), draws=40)
    low, high = (found.parameters[f"rate_per_unit_{end}"] for end in ("low", "high"))
    assert low < 0.7 < high
    assert found.table.set_index(["origin_id", "destination_id"]).loc[
        ("b", "y"), "flow_persons"
    ] == pytest.approx(900 * np.exp(-0.7), rel=0.05)
